"""Truth at the grain of requests, ledger rows, providers, teams and evidence."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from demo import billing, ledger, traffic
from demo import company as co
from demo.defects import (
    ACCEPTED,
    APP_LOG,
    BEDROCK_LOG,
    DUPLICATE,
    REASONS,
    TOTAL_ONLY_MONTHS,
)
from demo.figures import SHARED, UNATTRIBUTED, is_waste, label_codes, schema, sums_by
from demo.money import I64
from demo.owners import COGS, DIMENSIONS, FREE_TIER, METHODS, PNL_CLASSES, ids_of
from demo.period import DAY_US
from demo.prices import CLASSES, OTHER_WRITES, TOKEN_CLASSES, WEB_SEARCH
from demo.tables import money_array, rows_table
from demo.traffic import ACCOUNTS, KEY_ACCOUNT, MODEL_NAMES, PLATFORMS
from demo.world import OTHER, REQUEST, UNLOGGED, World

# What AWS's invocation log counts.
BEDROCK_CLASSES = ("input_uncached", "input_cached", "cache_write_other", "output")


def requests_table(world: World) -> pa.Table:
    """One row per accepted attempt."""
    log, calls, cells = world.log, world.log.calls, world.ledger.cells
    facts, rows = world.facts, len(log.calls)
    of = world.ledger.cell_of_request
    listed = cells.listed[of]
    metered = (log.tokens * np.maximum(listed, 0)).sum(axis=1)
    hit, unknown = calls.gateway_hit == 1, log.has_usage == 0
    unpriced = calls.model == traffic.UNPRICED
    status = np.full(rows, 0)
    status[unpriced], status[unknown], status[hit] = 1, 2, 3
    words = ["priced", "unpriced_model", "missing_tokens", "gateway_cache_hit"]
    cost = facts.effective[:rows]
    known = facts.known[:rows] == 1
    good = (calls.status == traffic.OK).astype(np.int64)
    waste = is_waste(calls.logical, calls.attempt, good)
    platforms = np.array(PLATFORMS)
    models = [world.book.model(PLATFORMS[m[1]], m[0]) for m in traffic.MODELS]
    uncaptured = _uncaptured(calls)
    plan = world.clock.plan_of(facts.subscription[:rows])

    def words_of(values: list[str], codes: I64) -> pa.Array:
        codes_array = pa.array(codes, mask=codes < 0, type=pa.int64())
        return pa.DictionaryArray.from_arrays(codes_array, pa.array(values)).cast(pa.string())

    columns: dict[str, Any] = {
        "request_id": pa.array(
            [
                traffic.request_name(n, p)
                for n, p in zip(calls.logical.tolist(), calls.platform.tolist(), strict=True)
            ]
        ),
        "attempt": calls.attempt,
        "usage_date": _dates(world, calls.day),
        "requested_at": pa.array(calls.time).cast(pa.timestamp("us")),
        "platform": pa.array(platforms[calls.platform].tolist()),
        "model_raw": words_of(MODEL_NAMES, calls.model),
        "model": words_of(models, calls.model),
    }
    for position, name in enumerate(TOKEN_CLASSES):
        values = pa.array(log.tokens[:, position], mask=unknown | uncaptured[:, position])
        columns[f"{name}_tokens"] = values
    hidden = unknown | uncaptured[:, WEB_SEARCH]
    columns["web_search_requests"] = pa.array(log.tokens[:, WEB_SEARCH], mask=hidden)
    columns["metered_cost_usd"] = money_array(
        [
            0 if h else None if (u or p) else int(m)
            for h, u, p, m in zip(hit, unknown, unpriced, metered, strict=True)
        ]
    )
    columns["effective_cost_usd"] = money_array(
        [int(c) if k else None for c, k in zip(cost, known, strict=True)]
    )
    columns["effective_is_exact"] = pa.array(facts.exact[:rows].astype(bool))
    for name in DIMENSIONS:
        ids = facts.owners.ids[name][:rows]
        column = name if name == "environment" else f"{name}_id"
        columns[column] = words_of(ids_of(name, world.company), ids)
        columns[f"{name}_method"] = words_of(list(METHODS), facts.owners.methods[name][:rows])
        columns[f"{name}_tag_is_invalid"] = pa.array(
            facts.owners.invalid_tag[name][:rows].astype(bool)
        )
    columns["plan_id"] = words_of(co.PLAN_IDS, plan)
    columns["pnl_class"] = words_of(list(PNL_CLASSES), facts.pnl[:rows])
    columns["pricing_status"] = words_of(words, status)
    columns["quantity_status"] = pa.array(log.quantity_status, pa.string())
    columns["is_success"] = pa.array(good.astype(bool))
    columns["is_waste"] = pa.array(waste)
    estimated = ~world.ledger.is_billed[traffic.KEY_ACCOUNT[calls.key], calls.day]
    columns["cost_status"] = pa.array(
        [
            None if h else "estimated" if e else "reconciled"
            for h, e in zip(hit, estimated, strict=True)
        ]
    )
    return pa.table(columns)


def _uncaptured(calls: traffic.Calls) -> Any:
    """By [call, class]: does the log of the call have no column for the class?"""
    result = np.zeros((len(calls), len(CLASSES)), dtype=bool)
    rows = np.flatnonzero(calls.platform == traffic.BEDROCK)
    for position, name in enumerate(CLASSES):
        result[rows, position] = name not in BEDROCK_CLASSES
    return result


def _dates(world: World, days: I64) -> pa.Array:
    first = (world.period.start - date(1970, 1, 1)).days
    return pa.array((days + first).astype(np.int32)).cast(pa.date32())


def cost_ledger_daily(world: World) -> pa.Table:
    """Day × platform × account × row type with the three amounts."""
    facts, period, log = world.facts, world.period, world.log
    cells, billed_days = world.ledger.cells, world.ledger.is_billed
    rows = len(log.calls)
    sums: dict[tuple[int, str, str, str], list[int | None]] = {}

    def add(
        day: int, platform: str, account: str, kind: str, amounts: tuple[int | None, ...]
    ) -> None:
        target = sums.setdefault((day, platform, account, kind), [None, None, None])
        for number, amount in enumerate(amounts):
            if amount is not None:
                target[number] = (target[number] or 0) + amount

    metered = (log.tokens * np.maximum(cells.listed[world.ledger.cell_of_request], 0)).sum(axis=1)
    hit = log.calls.gateway_hit == 1
    metered = np.where(hit, 0, metered)
    priced = (log.has_usage == 1) & (hit | (log.calls.model != traffic.UNPRICED))
    many = len(ACCOUNTS)
    place = facts.day[:rows] * many + KEY_ACCOUNT[log.calls.key]
    known = facts.known[:rows] == 1
    costs = sums_by(place[known], facts.effective[:rows][known])
    meters = sums_by(place[priced], metered[priced])
    for where in np.unique(place):
        day, account = divmod(int(where), many)
        platform, name = ACCOUNTS[account]
        cost = costs.get(int(where))
        billed = cost if billed_days[account, day] else None
        add(day, PLATFORMS[platform], name, "request", (billed, meters.get(int(where)), cost))
    for (account, day), parts in sorted(world.ledger.residuals.items()):
        platform, name = ACCOUNTS[account]
        for kind, amount in parts.items():
            if amount:
                known_bill = amount if billed_days[account, day] else None
                add(day, PLATFORMS[platform], name, kind, (known_bill, 0, amount))
    for line in world.bill:
        if line.kind == "non_request":
            amounts = (line.amount, 0, line.amount)
            add(line.day, line.platform, line.account, line.kind, amounts)
        elif line.kind in ("tax", "credit"):
            add(line.day, line.platform, line.account, line.kind, (line.amount, 0, 0))
    for cost_line in world.manual:
        if cost_line.cost_kind == "other_cogs":
            continue
        add(
            period.index(cost_line.start),
            cost_line.platform,
            "default",
            "non_request",
            (cost_line.amount, 0, None),
        )
        for day, name, _, amount in ledger.spread_manual([cost_line], period):
            first = day == period.index(cost_line.start)
            add(day, name, "default", "non_request", (None if first else 0, 0, amount))
    table = [
        {
            "usage_date": period.day(day),
            "platform": platform,
            "billing_account_id": name,
            "ledger_row_type": kind,
            "billed_cost_usd": sums_of[0],
            "metered_cost_usd": sums_of[1],
            "effective_cost_usd": sums_of[2],
            "is_exact": not (
                platform == "anthropic" and ledger.is_rounded_month(period.day(day).replace(day=1))
            ),
        }
        for (day, platform, name, kind), sums_of in sorted(sums.items())
    ]
    return rows_table(
        table,
        schema(
            "usage_date:date platform:text billing_account_id:text ledger_row_type:text "
            "billed_cost_usd:usd metered_cost_usd:usd effective_cost_usd:usd is_exact:bool"
        ),
    )


def unlogged_by_model(world: World) -> pa.Table:
    """Day × platform × project × model: what the bill has and no log explains."""
    cells, period = world.ledger.cells, world.period
    sums: dict[tuple[int, str, str, str], list[int]] = {}
    lost = _days_without_project(world)
    for cell in np.flatnonzero((cells.unlogged != 0).any(axis=1)):
        day, model = int(cells.day[cell]), int(cells.model[cell])
        platform = PLATFORMS[int(cells.platform[cell])]
        project = traffic.KEYS[int(cells.key[cell])][2] or "default"
        name = world.book.model(platform, MODEL_NAMES[model])
        target = sums.setdefault((day, platform, project, name), [0, 1])
        target[0] += int(cells.unlogged[cell].sum())
        target[1] &= int(cells.is_exact[cell]) & int((day, model) not in lost)
        target[1] &= int(not (cells.logged[cell, OTHER_WRITES] and platform == "anthropic"))
    table = [
        {
            "usage_date": period.day(key[0]),
            "platform": key[1],
            "project_id": key[2],
            "model": key[3],
            "unlogged_cost_usd": amount,
            "is_exact": bool(exact),
        }
        for key, (amount, exact) in sorted(sums.items())
    ]
    return rows_table(
        table,
        schema(
            "usage_date:date platform:text project_id:text model:text "
            "unlogged_cost_usd:usd is_exact:bool"
        ),
    )


def _days_without_project(world: World) -> set[tuple[int, int]]:
    """(day, model) with requests that name neither project nor key, of several they may be."""
    log = world.log
    several = ~np.isin(log.calls.platform, traffic.CLOUDS)
    rows = np.flatnonzero((log.has_key == 0) & (log.has_project == 0) & several)
    return set(zip(log.calls.day[rows].tolist(), log.calls.model[rows].tolist(), strict=True))


def spend_by_provider_model(world: World) -> pa.Table:
    """Month × platform × model; model NULL for lines without one."""
    facts, log, cells = world.facts, world.log, world.ledger.cells
    many = len(MODEL_NAMES) + 1
    platforms = len(facts.platform)
    model = np.where(facts.model >= 0, facts.model, many - 1)
    code = (world.month_of_day[facts.day] * platforms + facts.platform_code) * many + model
    rows = len(log.calls)
    mine = code[:rows]
    metered = (log.tokens * np.maximum(cells.listed[world.ledger.cell_of_request], 0)).sum(axis=1)
    priced = (log.has_usage == 1) & (log.calls.model != traffic.UNPRICED)
    metered = np.where(log.calls.gateway_hit == 1, 0, metered)
    meters = sums_by(mine[priced], metered[priced])
    parts = {
        kind: sums_by(code[facts.kind == kind], facts.effective[facts.kind == kind])
        for kind in (REQUEST, UNLOGGED, OTHER)
    }
    for line in world.bill:  # no cost of ours, but the month has a line of it
        if line.kind in ("tax", "credit"):
            place = int(world.month_of_day[line.day]) * platforms + PLATFORMS.index(line.platform)
            where = place * many + (line.model if line.model >= 0 else many - 1)
            parts[OTHER].setdefault(where, 0)
    attempts = sums_by(mine, np.ones(rows, dtype=np.int64))
    kept = ~_uncaptured(log.calls)
    tokens = [sums_by(mine[kept[:, n]], log.tokens[kept[:, n], n]) for n in range(len(CLASSES))]
    usage_code = (world.month_of_day[cells.day] * platforms + cells.platform) * many + cells.model
    tells = ~np.isin(cells.platform, traffic.CLOUDS)
    reported = [sums_by(usage_code[tells], cells.reported[tells, n]) for n in range(len(CLASSES))]
    names = [*(f"{c}_tokens" for c in TOKEN_CLASSES), "web_search_requests"]
    table: list[dict[str, Any]] = []
    for where in sorted({*attempts, *parts[UNLOGGED], *parts[OTHER]}):
        rest, number = divmod(where, many)
        month, platform = divmod(rest, platforms)
        name = facts.platform[platform]
        raw = MODEL_NAMES[number] if number < many - 1 else None
        amounts = [parts[kind].get(where, 0) for kind in (REQUEST, UNLOGGED, OTHER)]
        table.append(
            {
                "usage_month": world.months[month],
                "platform": name,
                "model": None if raw is None else world.book.model(name, raw),
                "attempts": attempts.get(where, 0),
                **{n: tokens[i].get(where) for i, n in enumerate(names)},
                **{f"reported_{n}": reported[i].get(where, 0) for i, n in enumerate(names)},
                "metered_cost_usd": meters.get(where),
                "request_cost_usd": amounts[0] if where in attempts else None,
                "unlogged_cost_usd": amounts[1],
                "other_cost_usd": amounts[2],
                "total_cost_usd": sum(amounts),
                "is_exact": name != "anthropic"
                or not (
                    ledger.is_rounded_month(world.months[month])
                    or world.months[month] in TOTAL_ONLY_MONTHS
                ),
            }
        )
    words = " ".join(f"{n}:int" for n in names) + " "
    words += " ".join(f"reported_{n}:int" for n in names)
    return rows_table(
        table,
        schema(
            f"usage_month:date platform:text model:text attempts:int {words} "
            "metered_cost_usd:usd request_cost_usd:usd unlogged_cost_usd:usd other_cost_usd:usd "
            "total_cost_usd:usd is_exact:bool"
        ),
    )


def spend_by_team(world: World) -> pa.Table:
    """Month × team with sentinels."""
    facts = world.facts
    names = [*co.TEAM_IDS, UNATTRIBUTED, SHARED]
    label = label_codes(co.TEAM_IDS, facts.owners.ids["team"], facts.kind)
    code = world.month_of_day[facts.day] * len(names) + label
    rows = len(world.log.calls)
    attempts = sums_by(code[:rows], np.ones(rows, dtype=np.int64))
    served = (facts.pnl == COGS) | (facts.pnl == FREE_TIER)
    production = sums_by(code[served], facts.effective[served])
    table = []
    for where, cost in sorted(sums_by(code, facts.effective).items()):
        month, number = divmod(where, len(names))
        table.append(
            {
                "usage_month": world.months[month],
                "team_id": names[number],
                "attempts": attempts.get(where, 0),
                "total_cost_usd": cost,
                "cogs_and_free_tier_cost_usd": production.get(where, 0),
                "is_exact": not ledger.is_rounded_month(world.months[month]),
            }
        )
    return rows_table(
        table,
        schema(
            "usage_month:date team_id:text attempts:int total_cost_usd:usd "
            "cogs_and_free_tier_cost_usd:usd is_exact:bool"
        ),
    )


def attribution_coverage(world: World) -> pa.Table:
    """Month × dimension × method; lines of no request and no id (`__shared__`) are left out."""
    facts = world.facts
    rows = len(world.log.calls)
    month = world.month_of_day[facts.day]
    table = []
    for name in DIMENSIONS:
        code = month * len(METHODS) + facts.owners.methods[name]
        attempts = sums_by(code[:rows], np.ones(rows, dtype=np.int64))
        counted = np.flatnonzero((facts.kind != OTHER) | (facts.owners.ids[name] >= 0))
        for where, cost in sorted(sums_by(code[counted], facts.effective[counted]).items()):
            number, method = divmod(where, len(METHODS))
            table.append(
                {
                    "usage_month": world.months[number],
                    "dimension": name,
                    "method": METHODS[method],
                    "attempts": attempts.get(where, 0),
                    "effective_cost_usd": cost,
                    "is_exact": not ledger.is_rounded_month(world.months[number]),
                }
            )
    return rows_table(
        table,
        schema(
            "usage_month:date dimension:text method:text attempts:int effective_cost_usd:usd "
            "is_exact:bool"
        ),
    )


def bill_daily(world: World) -> pa.Table:
    """Platform × account × day: every line of the bill, as charged."""
    sums: dict[tuple[str, str, date], int] = defaultdict(int)
    for line in world.bill:
        sums[line.platform, line.account, world.period.day(line.day)] += line.amount
    for cost in world.manual:
        if cost.cost_kind != "other_cogs":
            sums[cost.platform, "default", cost.start] += cost.amount
    table = [
        {
            "platform": platform,
            "billing_account_id": account,
            "usage_date": day,
            "billed_cost_usd": amount,
        }
        for (platform, account, day), amount in sorted(sums.items())
    ]
    return rows_table(
        table, schema("platform:text billing_account_id:text usage_date:date billed_cost_usd:usd")
    )


def intake(world: World, provider: billing.RawTables) -> pa.Table:
    """Raw table × load day: what became of the raw rows. No load day: the whole table.

    Rows of a cloud's bill about other services are not counted.
    """
    log = world.log
    loads = log.frame.values("loaded_at") // DAY_US
    source = log.frame.values("source")
    table: list[dict[str, Any]] = []

    def count(name: str, day: date | None, fates: I64) -> None:
        reasons = {f"rejected_{r}": int((fates == 2 + n).sum()) for n, r in enumerate(REASONS)}
        table.append(
            {
                "source": name,
                "load_date": day,
                "raw_rows": len(fates),
                "accepted_rows": int((fates == ACCEPTED).sum()),
                "duplicate_rows": int((fates == DUPLICATE).sum()),
                "rejected_rows": int((fates > DUPLICATE).sum()),
                **reasons,
            }
        )

    for code, name in ((APP_LOG, "app_requests"), (BEDROCK_LOG, "bedrock_invocation_log")):
        count(name, None, log.fates[source == code])
        for day in np.unique(loads[source == code]):
            first = date(1970, 1, 1) + timedelta(days=int(day))
            count(name, first, log.fates[(source == code) & (loads == day)])
    for name, raw in provider.tables.items():
        replaced = provider.replaced[name]
        fates = np.full(raw.num_rows - provider.foreign.get(name, 0), ACCEPTED)
        fates[:replaced] = DUPLICATE
        count(name, None, fates)
    words = " ".join(f"rejected_{r}:int" for r in REASONS)
    return rows_table(
        table,
        schema(
            "source:text load_date:date raw_rows:int accepted_rows:int duplicate_rows:int "
            f"rejected_rows:int {words}"
        ),
    )


def planted(world: World, calls: traffic.Calls, provider: billing.RawTables) -> pa.Table:
    """How many of each defect and cause the data holds."""
    counts = dict(world.log.planted)
    counts["calls"] = len(calls)
    metered = calls.billable
    counts["metered_calls"] = int(metered.sum())
    counts["never_logged_calls"] = int((metered & (calls.logged == 0)).sum())
    counts["gateway_cache_hits"] = int(calls.gateway_hit.sum())
    counts["long_context_calls"] = int(calls.long_context.sum())
    counts["batch_calls"] = int(calls.batch.sum())
    counts["flex_calls"] = int((calls.tier == 1).sum())
    counts["priority_calls"] = int((calls.tier == 2).sum())
    claude = calls.platform == traffic.ANTHROPIC
    counts["us_inference_calls"] = int(calls.region[claude].sum())
    counts["unpriced_model_calls"] = int((calls.model == traffic.UNPRICED).sum())
    for number, name in enumerate(PLATFORMS):
        counts[f"calls_of_{name}"] = int((calls.platform == number).sum())
    for name, number in provider.foreign.items():
        counts[f"other_services_in_{name}"] = number
    counts["web_searches"] = int(calls.tokens[metered, 10].sum())
    for name, number in provider.replaced.items():
        if name != "gcp_billing_export":  # only ever appended to
            counts[f"replaced_in_{name}"] = number
    for name in DIMENSIONS:
        counts[f"invalid_{name}_tags"] = int(world.facts.owners.invalid_tag[name].sum())
    return pa.table({"name": sorted(counts), "count": [counts[n] for n in sorted(counts)]})


def jumps(world: World) -> pa.Table:
    """The days on which spend was made to jump, as cost_anomalies should tell them."""

    def model(number: int) -> str:
        return world.book.model(PLATFORMS[traffic.MODEL_PLATFORM[number]], MODEL_NAMES[number])

    spike, wrong = traffic.CUSTOMER_SPIKE, traffic.WRONG_MODEL_DAY
    globex, chat = co.Company.customer_id(co.GLOBEX), co.FEATURE_IDS[traffic.CHAT]
    rows = [
        (spike, "customer", "all", globex, "volume"),
        (wrong, "feature", "all", chat, "unit_cost"),
        (wrong, "model", "anthropic", model(traffic.WRONG_MODEL), "volume"),
    ]
    for day in traffic.LEAK_DAYS:
        rows += [
            (day, "api_key", "openai", traffic.KEYS[traffic.K_NOTEBOOKS][0] or "", "other"),
            (day, "model", "openai", model(traffic.LEAK_MODEL), "other"),
        ]
    names = ("usage_date", "dimension", "platform", "dimension_value", "cause")
    return rows_table(
        [dict(zip(names, row, strict=True)) for row in rows if world.period.index(row[0]) >= 0],
        schema("usage_date:date dimension:text platform:text dimension_value:text cause:text"),
    )
