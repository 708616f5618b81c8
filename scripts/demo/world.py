"""Every cost of the company with its owner: the one table that all truth is summed from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from demo import billing, ledger, traffic
from demo.billing import Line, ManualCost
from demo.company import Company
from demo.defects import Log
from demo.ledger import Ledger
from demo.money import I64
from demo.owners import (
    DIMENSIONS,
    INTERNAL,
    NOBODY,
    Owners,
    PlanClock,
    Resolver,
    pnl_class,
    read_rules,
)
from demo.period import DAY_US, Period
from demo.prices import PriceBook
from demo.revenue import CreditEntry, RevenueLine
from demo.traffic import PLATFORMS

REQUEST, UNLOGGED, OTHER = range(3)


@dataclass
class Facts:
    """Costed rows of all kinds: requests first, then unlogged buckets, then everything else."""

    kind: I64
    day: I64
    platform: list[str]  # platform names by code
    platform_code: I64
    model: I64  # model number, NOBODY: none
    effective: I64  # femto-dollars, 0 where unknown
    known: I64  # 1: has a cost
    owners: Owners
    subscription: I64
    pnl: I64
    exact: I64


@dataclass
class World:
    """All that the truth is computed from."""

    company: Company
    period: Period
    book: PriceBook
    log: Log
    bill: list[Line]
    manual: list[ManualCost]
    lines: list[RevenueLine]
    credits: list[CreditEntry]
    rates: dict[date, int]
    ledger: Ledger
    clock: PlanClock
    facts: Facts
    months: list[date]
    month_of_day: I64


def _concat(owners: list[Owners]) -> Owners:
    return Owners(
        {d: np.concatenate([o.ids[d] for o in owners]) for d in DIMENSIONS},
        {d: np.concatenate([o.methods[d] for o in owners]) for d in DIMENSIONS},
        {d: np.concatenate([o.invalid_tag[d] for o in owners]) for d in DIMENSIONS},
        np.concatenate([o.pnl for o in owners]),
    )


def build_world(
    company: Company,
    book: PriceBook,
    log: Log,
    buckets: billing.Buckets,
    bill: list[Line],
    manual: list[ManualCost],
    lines: list[RevenueLine],
    credits: list[CreditEntry],
    rates: dict[date, int],
    rules: Path,
) -> World:
    """Cost and own every request, every unlogged bucket and every other line."""
    period = company.period
    book_of_costs = ledger.build(log, buckets, bill, book, period)
    resolver = Resolver(read_rules(rules), company)
    clock = PlanClock(company, period)
    facts = _facts(company, log, bill, manual, book_of_costs, resolver, clock)
    months = period.months
    position = {m: n for n, m in enumerate(months)}
    month_of_day = np.array(
        [position[period.day(d).replace(day=1)] for d in range(period.days)], dtype=np.int64
    )
    return World(
        company=company,
        period=period,
        book=book,
        log=log,
        bill=bill,
        manual=manual,
        lines=lines,
        credits=credits,
        rates=rates,
        ledger=book_of_costs,
        clock=clock,
        facts=facts,
        months=months,
        month_of_day=month_of_day,
    )


def _facts(
    company: Company,
    log: Log,
    bill: list[Line],
    manual: list[ManualCost],
    costs: Ledger,
    resolver: Resolver,
    clock: PlanClock,
) -> Facts:
    period, calls, cells = company.period, log.calls, costs.cells
    last_billed = period.days - 1 - billing.UNBILLED_DAYS

    cost = (log.tokens * cells.effective[costs.cell_of_request]).sum(axis=1)
    cost = np.where(calls.gateway_hit == 1, 0, cost)
    unknown = log.has_usage == 0
    unknown |= (calls.model == traffic.UNPRICED) & (calls.day > last_billed)
    owner_of_requests = resolver.of_requests(log)
    requests_plan = clock.at(owner_of_requests.ids["customer"], calls.time)

    dark = np.flatnonzero((cells.unlogged != 0).any(axis=1))
    has_key = np.array([traffic.KEYS[k][0] is not None for k in cells.key[dark]]).astype(np.int64)
    everything = np.ones(len(dark), dtype=np.int64)
    owner_of_dark = resolver.of_buckets(cells.key[dark], cells.day[dark], has_key, everything)
    evening = period.us(0) + (cells.day[dark] + 1) * DAY_US - 1
    dark_plan = clock.at(owner_of_dark.ids["customer"], evening)

    names = [*PLATFORMS, *sorted({m.platform for m in manual})]
    other: list[tuple[int, int, int, int, str]] = []  # day, platform, key, cost, kind
    for line in bill:
        if line.kind == "non_request":
            key = traffic.K_MAIN if line.platform == "openai" else traffic.A_MAIN
            other.append((line.day, names.index(line.platform), key, line.amount, line.kind))
    for day, platform, kind, amount in ledger.spread_manual(
        [m for m in manual if m.cost_kind != "other_cogs"], period
    ):
        other.append((day, names.index(platform), traffic.K_MAIN, amount, kind))
    table = np.array([o[:4] for o in other], dtype=np.int64).reshape(-1, 4)
    nothing = np.zeros(len(other), dtype=np.int64)
    owner_of_other = resolver.of_buckets(table[:, 2], table[:, 0], nothing, nothing)
    seats = np.array([o[4] == "seats" for o in other], dtype=bool)
    owner_of_other.pnl[seats] = INTERNAL

    owners = _concat([owner_of_requests, owner_of_dark, owner_of_other])
    subscription = np.concatenate([requests_plan, dark_plan, nothing + NOBODY])
    return Facts(
        kind=np.repeat([REQUEST, UNLOGGED, OTHER], [len(calls), len(dark), len(other)]),
        day=np.concatenate([calls.day, cells.day[dark], table[:, 0]]),
        platform=names,
        platform_code=np.concatenate([calls.platform, cells.platform[dark], table[:, 1]]),
        model=np.concatenate([calls.model, cells.model[dark], nothing + NOBODY]),
        effective=np.concatenate(
            [np.where(unknown, 0, cost), cells.unlogged[dark].sum(axis=1), table[:, 3]]
        ),
        known=np.concatenate([(~unknown).astype(np.int64), everything, nothing + 1]),
        owners=owners,
        subscription=subscription,
        pnl=pnl_class(owners, subscription, clock, company),
        exact=np.concatenate(
            [cells.is_exact[costs.cell_of_request], cells.is_exact[dark], nothing + 1]
        ),
    )
