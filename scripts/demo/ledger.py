"""What every token really cost on the bill, and what the bill has that no log explains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from demo import billing, traffic
from demo.billing import Buckets, Line
from demo.defects import Log
from demo.money import FEMTO, I64, divide, round_fraction
from demo.period import Period
from demo.prices import CLASSES, NO_PRICE, WEB_SEARCH, PriceBook
from demo.traffic import (
    ANTHROPIC,
    CLOUDS,
    KEY_ACCOUNT,
    KEYS,
    MODEL_NAMES,
    PLATFORMS,
    REGIONS,
    TIERS,
)

Bool = npt.NDArray[np.bool_]
BOUNDS = (Fraction(4, 10), Fraction(5, 2))  # factors outside are not pushed to requests


@dataclass
class Cells:
    """All that prices depend on, once per distinct combination, with usage and logs beside it.

    `codes` are [day, key, model, tier, batch, region, long context]; arrays are [cell, class].
    """

    codes: I64
    listed: I64  # femto-dollars per token, NO_PRICE: none
    effective: I64  # femto-dollars per token
    reported: I64  # tokens of the provider's usage
    logged: I64  # tokens of the accepted log
    unlogged: I64  # femto-dollars, also the differences too small for anything but rounding
    is_exact: I64  # 0 where the bill was rounded to cents

    @property
    def day(self) -> I64:
        """Day index."""
        return self.codes[:, 0]

    @property
    def key(self) -> I64:
        """Number of the API key."""
        return self.codes[:, 1]

    @property
    def model(self) -> I64:
        """Number of the model."""
        return self.codes[:, 2]

    @property
    def platform(self) -> I64:
        """Number of the platform in PLATFORMS."""
        return traffic.MODEL_PLATFORM[self.model]

    @property
    def account(self) -> I64:
        """Number of the account in traffic.ACCOUNTS."""
        result: I64 = KEY_ACCOUNT[self.key]
        return result


@dataclass
class Ledger:
    """Cells, the cell of each accepted request, and per (account, day) sums by row type."""

    cells: Cells
    cell_of_request: I64
    residuals: dict[tuple[int, int], dict[str, int]]  # (account, day) → unlogged, rounding
    is_billed: Bool  # by [account, day]: is there a line that can cover requests?


def _list_prices(codes: I64, book: PriceBook) -> I64:
    kinds, index = np.unique(codes[:, 2:], axis=0, return_inverse=True)
    cube = np.empty((len(kinds), book.period.days, len(CLASSES)), dtype=np.int64)
    for number, (model, tier, batch, region, long_context) in enumerate(kinds):
        cube[number] = book.daily(
            PLATFORMS[traffic.MODEL_PLATFORM[model]],
            MODEL_NAMES[model],
            REGIONS[region],
            TIERS[tier],
            "batch" if batch else "sync",
            traffic.LONG_CONTEXT + 1 if long_context else 1,
        )
    result: I64 = cube[index.reshape(-1), codes[:, 0]]
    return result


def _line_key(line: Line) -> tuple[int, ...]:
    """(platform, day, project's first key, class, model, batch, region, long context)."""
    platform = PLATFORMS.index(line.platform)
    project = next(n for n, k in enumerate(KEYS) if k[1] == platform and k[2] == line.project)
    if platform in CLOUDS:
        return _cloud_key(
            *(platform, line.day, project, line.price_class),
            *(line.model, line.tier_batch, line.long_context),
        )
    return (
        *(platform, line.day, project, line.price_class),
        *(line.model, line.tier_batch, line.region, line.long_context),
    )


def _cell_key(codes: I64, position: int) -> tuple[int, ...]:
    """The key of the bill line that covers a class of a cell."""
    day, key, model, _, batch, region, long_context = (int(c) for c in codes)
    platform = int(traffic.MODEL_PLATFORM[model])
    project = next(n for n, k in enumerate(KEYS) if k[1:] == KEYS[key][1:])
    if platform in CLOUDS:
        return _cloud_key(platform, day, project, position, model, batch, long_context)
    if platform == ANTHROPIC and position == WEB_SEARCH:
        return (platform, day, project, position, -1, -1, -1, -1)
    if platform == ANTHROPIC:
        return (platform, day, project, position, model, batch, region, long_context)
    return (platform, day, project, position, model, -1, -1, -1)


def _cloud_key(
    platform: int, day: int, project: int, position: int, model: int, batch: int, long_context: int
) -> tuple[int, ...]:
    """A cloud's line tells the processing too, and the context where it has a price of its own."""
    return (platform, day, project, position, model, batch, -1, long_context)


def factor_of(billed: int, reported: int) -> Fraction:
    """Billed ÷ reported at 12 digits; 1 where it is 0 or out of bounds."""
    if billed == 0 or reported == 0:
        return Fraction(1)
    factor = round_fraction(Fraction(billed, reported), 12)
    return factor if BOUNDS[0] <= factor <= BOUNDS[1] else Fraction(1)


def build(log: Log, buckets: Buckets, lines: list[Line], book: PriceBook, period: Period) -> Ledger:
    """Price every cell as the bill did, and find what the log does not explain."""
    requests = billing.bucket_codes(log.calls)
    usage = np.column_stack(
        [
            *(buckets.day, buckets.key, buckets.model, buckets.tier, buckets.batch),
            *(buckets.region, buckets.long_context),
        ]
    )
    codes, index = np.unique(np.vstack([requests, usage]), axis=0, return_inverse=True)
    index = index.reshape(-1)
    shape = (len(codes), len(CLASSES))
    reported, logged = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    metered = np.flatnonzero(log.calls.gateway_hit == 0)
    np.add.at(logged, index[metered], log.tokens[metered])
    np.add.at(reported, index[len(requests) :], buckets.tokens)
    listed = _list_prices(codes, book)
    cells = Cells(
        codes=codes.astype(np.int64),
        listed=listed,
        effective=np.where(listed == NO_PRICE, 0, listed),
        reported=reported,
        logged=logged,
        unlogged=np.zeros(shape, np.int64),
        is_exact=np.ones(len(codes), np.int64),
    )
    _known_causes(cells, period)
    usage_lines = {_line_key(n): n for n in lines if n.kind == "usage"}
    if len(usage_lines) != sum(n.kind == "usage" for n in lines):
        raise AssertionError("two lines of the bill cover the same")
    residuals = _reconcile(cells, usage_lines, period)
    is_billed = np.zeros((len(traffic.ACCOUNTS), period.days), dtype=bool)
    for key in usage_lines:
        is_billed[KEY_ACCOUNT[key[2]], key[1]] = True
    return Ledger(cells, index[: len(requests)], residuals, is_billed)


def _known_causes(cells: Cells, period: Period) -> None:
    """The negotiated rate, and the model that only the bill prices."""
    reduced = cells.model == billing.DISCOUNT_MODEL
    reduced &= cells.day >= period.index(billing.DISCOUNT_FROM)
    last = period.days - 1 - billing.UNBILLED_DAYS
    reduced &= cells.day <= last  # without a bill our price stands
    cells.effective[reduced] = cells.effective[reduced] // 10 * 9
    unknown = (cells.model == traffic.UNPRICED) & (cells.day <= last)
    for position, price in billing.EXPERIMENTAL.items():
        cells.effective[unknown, position] = price


def _reconcile(
    cells: Cells, lines: dict[tuple[int, ...], Line], period: Period
) -> dict[tuple[int, int], dict[str, int]]:
    """Fill `unlogged` (and `effective` of rounded lines); returns the sums by row type."""
    sums: dict[tuple[int, int], dict[str, int]] = {}
    last = period.days - 1 - billing.UNBILLED_DAYS
    months = [period.day(d).replace(day=1) for d in range(period.days)]
    used = (cells.reported > 0) | (cells.logged > 0)
    groups: dict[tuple[int, ...], list[int]] = {}
    for cell, position in np.argwhere(used):
        groups.setdefault(_cell_key(cells.codes[cell], int(position)), []).append(int(cell))
    for key, members in groups.items():
        platform, day, position = key[0], key[1], key[3]
        rows = np.array(members)
        line = lines.get(key)
        account = int(KEY_ACCOUNT[key[2]])
        target = sums.setdefault((account, day), {"unlogged": 0, "rounding": 0})
        if platform in CLOUDS and day > last:
            continue  # neither bill nor report: what is logged stands
        if day > last or line is None:  # estimated, or a class that the bill does not mention
            tokens = cells.reported[rows, position] - cells.logged[rows, position]
            cells.unlogged[rows, position] = tokens * cells.effective[rows, position]
            target["unlogged"] += int(cells.unlogged[rows, position].sum())
            continue
        if platform in CLOUDS:  # no report: all that the log does not price is the line's own
            costs = cells.logged[rows, position] * cells.effective[rows, position]
            residual = line.amount - int(costs.sum())
            cells.unlogged[rows[0], position] = residual
        elif platform == ANTHROPIC and months[day] in billing.ROUNDED_MONTHS:
            cells.is_exact[rows] = 0
            residual = _rounded_line(cells, rows, position, line.amount)
        elif line.amount == 0:  # free tokens: the price stands, the gift is on its own row
            cells.unlogged[rows, position] = (
                -cells.logged[rows, position] * cells.effective[rows, position]
            )
            residual = int(cells.unlogged[rows, position].sum())
        else:
            tokens = cells.reported[rows, position] - cells.logged[rows, position]
            cells.unlogged[rows, position] = tokens * cells.effective[rows, position]
            residual = int(cells.unlogged[rows, position].sum())
        costs = cells.logged[rows, position] * cells.effective[rows, position]
        if residual != line.amount - int(costs.sum()):
            raise AssertionError(f"{key}: the parts of a line do not sum to it")
        count = int(cells.logged[rows, position].sum())
        ours = np.where(cells.listed[rows, position] == NO_PRICE, 0, cells.listed[rows, position])
        money = int((cells.logged[rows, position] * ours).sum())
        bound = Fraction(count, 2) + Fraction(money, 2 * 10**12)
        target["rounding" if abs(residual) <= bound else "unlogged"] += residual
    return sums


def _rounded_line(cells: Cells, rows: I64, position: int, billed: int) -> int:
    """A line in whole cents: one factor for its cells, the rest by what was reported."""
    order = sorted(rows.tolist(), key=lambda r: _sort_key(cells.codes[r]))
    listed = [int(cells.listed[r, position]) for r in order]
    reported = [int(cells.reported[r, position]) * p for r, p in zip(order, listed, strict=True)]
    metered = [int(cells.logged[r, position]) * p for r, p in zip(order, listed, strict=True)]
    factor = factor_of(billed, sum(reported))
    applied = 0
    parts = []
    for row, price, have, seen in zip(order, listed, reported, metered, strict=True):
        exact = divide(price * factor.numerator, factor.denominator)
        cells.effective[row, position] = exact
        applied += int(cells.logged[row, position]) * exact
        parts.append(divide((have - seen) * factor.numerator, factor.denominator))
    residual = billed - applied
    left, whole = residual - sum(parts), sum(reported)
    upto = before = 0
    for row, part, have in zip(order, parts, reported, strict=True):
        upto += have
        share = divide(left * upto, whole) if whole else 0
        cells.unlogged[row, position] = part + share - before
        before = share
    if not whole:
        cells.unlogged[order[0], position] += left
    return residual


def _sort_key(codes: I64) -> tuple[str, str, str, str, int]:
    """The order of cumulative rounding: project, API key, model, tier, processing."""
    key = KEYS[int(codes[1])]
    return (
        key[2] or "default",
        key[0] or "",
        MODEL_NAMES[int(codes[2])],
        TIERS[int(codes[3])],
        int(codes[4]),
    )


def spread_manual(
    costs: list[billing.ManualCost], period: Period
) -> list[tuple[int, str, str, int]]:
    """(day index, platform, cost kind, femto-dollars) of AI costs entered by hand, by day."""
    result = []
    for cost in costs:
        days, before = (cost.end - cost.start).days, 0
        for number in range(1, days + 1):
            upto = divide(cost.amount * number, days)
            day = period.index(cost.start) + number - 1
            result.append((day, cost.platform, cost.cost_kind, upto - before))
            before = upto
    return result


def is_rounded_month(month: date) -> bool:
    """Were Anthropic's lines of this month rounded to whole cents?"""
    return month in billing.ROUNDED_MONTHS


__all__ = ["FEMTO", "Cells", "Ledger", "build", "factor_of", "is_rounded_month", "spread_manual"]
