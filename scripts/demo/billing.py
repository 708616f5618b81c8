"""What the providers report and charge for the calls: usage buckets, bill lines, manual costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from demo import traffic as tr
from demo.money import FEMTO, I64, divide, group_sums, json_text, plain_text
from demo.period import Period, add_months, epoch_us
from demo.prices import CLASSES, INPUT_CLASSES, NO_PRICE, OUTPUT, WEB_SEARCH
from demo.tables import TIMESTAMP
from demo.traffic import ANTHROPIC, KEYS, MODEL_NAMES, OPENAI, REGIONS, TIERS, Calls

UNBILLED_DAYS = 2  # the newest days have usage and no bill yet
DISCOUNT_MODEL = MODEL_NAMES.index("gpt-4.1-2025-04-14")
DISCOUNT_FROM = date(2026, 3, 15)  # negotiated: 0.9 of the list price
PROMO_MODEL = MODEL_NAMES.index("gpt-5-mini-2025-08-07")
PROMO_DAY = date(2026, 5, 12)  # a day of free tokens: lines with quantity and amount 0
ROUNDED_MONTHS = (date(2026, 2, 1), date(2026, 3, 1))  # Anthropic lines in whole cents
NEW_FIELDS_FROM = date(2026, 7, 15)  # OpenAI's usage report gets more columns
QUANTITY_UNIT_FROM = date(2026, 8, 21)
# What the experimental model really costs, in femto-dollars per token by class.
EXPERIMENTAL = {0: 4 * FEMTO // 10**6, 1: FEMTO // 10**6, OUTPUT: 16 * FEMTO // 10**6}
OPENAI_UNITS = {0: "input", 1: "cached input", 4: "cache write", OUTPUT: "output"}
TOKEN_TYPES = {
    0: "uncached_input_tokens",
    1: "cache_read_input_tokens",
    2: "cache_creation.ephemeral_5m_input_tokens",
    3: "cache_creation.ephemeral_1h_input_tokens",
    OUTPUT: "output_tokens",
}
PROJECTS = sorted({k[2] for k in KEYS if k[1] == OPENAI and k[2]})


@dataclass
class Buckets:
    """The provider's usage: one element per day, key, model, tier, batch, region and context."""

    day: I64
    key: I64
    model: I64
    tier: I64
    batch: I64
    region: I64
    long_context: I64
    tokens: I64  # [bucket, class]
    requests: I64

    @property
    def platform(self) -> I64:
        """Number of the platform in traffic.PLATFORMS."""
        return tr.MODEL_PLATFORM[self.model]


@dataclass(frozen=True)
class Line:
    """A bill line. `amount` is in femto-dollars; `price_class` −1 where it covers no request."""

    platform: str
    day: int
    project: str | None
    text: str  # OpenAI's line_item, Anthropic's description, a cloud's model
    amount: int
    kind: str  # usage, non_request, credit, tax
    price_class: int = -1
    model: int = -1
    tier_batch: int = -1  # Anthropic: 1 batch
    region: int = -1
    long_context: int = -1
    quantity: int | None = None
    unit: str | None = None
    account: str = "default"


def bucket_codes(calls: Calls) -> I64:
    """[call, dimension] in the order of Buckets."""
    return np.column_stack(
        [
            *(calls.day, calls.key, calls.model, calls.tier, calls.batch),
            *(calls.region, calls.long_context),
        ]
    )


def usage_buckets(calls: Calls) -> Buckets:
    """Aggregate every metered call, logged or not."""
    calls = calls.take(np.flatnonzero(calls.billable))
    distinct, index = np.unique(bucket_codes(calls), axis=0, return_inverse=True)
    index = index.reshape(-1)
    tokens = np.zeros((len(distinct), len(CLASSES)), dtype=np.int64)
    np.add.at(tokens, index, calls.tokens)
    requests = np.bincount(index, minlength=len(distinct)).astype(np.int64)
    return Buckets(
        day=distinct[:, 0],
        key=distinct[:, 1],
        model=distinct[:, 2],
        tier=distinct[:, 3],
        batch=distinct[:, 4],
        region=distinct[:, 5],
        long_context=distinct[:, 6],
        tokens=tokens,
        requests=requests,
    )


def billed_prices(calls: Calls, listed: I64, period: Period) -> I64:
    """Femto-dollars per token [call, class] that the provider really charges."""
    billed = np.where(listed == NO_PRICE, 0, listed)
    reduced = (calls.model == DISCOUNT_MODEL) & (calls.day >= period.index(DISCOUNT_FROM))
    if (billed[reduced] % 10).any():
        raise ValueError("the negotiated rate has more than 15 decimals")
    billed[reduced] = billed[reduced] // 10 * 9
    billed[(calls.model == PROMO_MODEL) & (calls.day == period.index(PROMO_DAY))] = 0
    for position, price in EXPERIMENTAL.items():
        billed[calls.model == tr.UNPRICED, position] = price
    return billed


def bill_lines(calls: Calls, billed: I64, period: Period, rng: np.random.Generator) -> list[Line]:
    """The bills of OpenAI and Anthropic to the last billed day, sorted by platform and day."""
    last = period.days - 1 - UNBILLED_DAYS
    rows = np.flatnonzero(calls.billable & (calls.day <= last))
    calls, billed = calls.take(rows), billed[rows]
    lines: list[Line] = []
    for position in (*OPENAI_UNITS, 2, 3, WEB_SEARCH):
        lines += _class_lines(calls, billed, position, period)
    lines += _other_lines(period, last, rng)
    return sorted(lines, key=lambda n: (n.platform, n.day, n.project or "", n.text))


def _class_lines(calls: Calls, billed: I64, position: int, period: Period) -> list[Line]:
    """The usage lines of one price class."""
    result: list[Line] = []
    for platform in (OPENAI, ANTHROPIC):
        rows = np.flatnonzero((calls.platform == platform) & (calls.tokens[:, position] > 0))
        if not len(rows):
            continue
        project = np.array(
            [PROJECTS.index(k[2]) if k[2] in PROJECTS else -1 - n for n, k in enumerate(KEYS)]
        )
        project[tr.A_CONSOLE] = project[tr.A_MAIN]  # both in the default workspace
        searches = position == WEB_SEARCH
        exact = (platform == ANTHROPIC) and not searches
        nothing = np.zeros(len(rows), dtype=np.int64) - 1
        codes = np.column_stack(
            [
                calls.day[rows],
                project[calls.key[rows]],
                nothing if searches else calls.model[rows],
                calls.batch[rows] if exact else nothing,
                calls.region[rows] if exact else nothing,
                calls.long_context[rows] if exact else nothing,
            ]
        )
        distinct, index = np.unique(codes, axis=0, return_inverse=True)
        index = index.reshape(-1)
        tokens = calls.tokens[rows, position]
        amounts = group_sums(index, tokens * billed[rows, position], len(distinct))
        quantities = np.bincount(index, weights=tokens).astype(np.int64)
        names = {int(project[n]): k[2] for n, k in enumerate(KEYS)}
        for number, code in enumerate(distinct):
            day, where, model, batch, region, long_context = (int(c) for c in code)
            amount = amounts[number]
            name = MODEL_NAMES[model] if model >= 0 else ""
            when = period.day(day)
            if platform == OPENAI:
                text = f"{name}, {OPENAI_UNITS[position]}"
            elif searches:
                text = "Web Search Usage"
            else:
                text = _description(name, position, batch, region, long_context)
            if platform == ANTHROPIC and when.replace(day=1) in ROUNDED_MONTHS:
                amount = divide(amount, FEMTO // 100) * (FEMTO // 100)
            line = Line(
                *(tr.PLATFORMS[platform], day, names[where], text, amount, "usage"),
                *(position, model, batch, region, long_context, int(quantities[number])),
                "tokens" if platform == OPENAI and when >= QUANTITY_UNIT_FROM else None,
            )
            result.append(line)
    return result


def _description(name: str, position: int, batch: int, region: int, long_context: int) -> str:
    words = TOKEN_TYPES[position].replace("_", " ").replace("cache creation.ephemeral", "cache")
    parts = [name, "Usage", "-", words.title()]
    parts += ["(Batch)"] if batch else []
    parts += ["(US)"] if region else []
    parts += ["(200k-1M)"] if long_context else []
    return " ".join(parts)


def _other_lines(period: Period, last: int, rng: np.random.Generator) -> list[Line]:
    """Storage, code execution, taxes and one credit: what no request explains."""
    result: list[Line] = []
    cent = FEMTO // 100
    for day in range(last + 1):
        when = period.day(day)
        stored = 40 + day // 8
        units = "gb_days" if when >= QUANTITY_UNIT_FROM else None
        amount = stored * cent // 100  # 0.0001 USD per GB and day
        result.append(
            Line(
                *("openai", day, "proj_main", "file search storage", amount, "non_request"),
                quantity=stored,
                unit=units,
            )
        )
        if rng.random() < 0.3:
            hours = int(rng.integers(1, 9))
            text = "Code Execution Usage"
            result.append(Line("anthropic", day, None, text, hours * 5 * cent, "non_request"))
        if when.day == 28:
            tax = int(rng.integers(700, 2400)) * cent
            result.append(Line("openai", day, None, "tax", tax, "tax"))
    credit = period.index(date(2026, 8, 3))
    if 0 <= credit <= last:
        grant = -25 * FEMTO
        result.append(Line("openai", credit, None, "promotional credit", grant, "credit"))
    return result


def load_time(period: Period, day: int, days_later: int, hour: int) -> int:
    """Microseconds since 1970 of a load some days after a day index."""
    return period.us(day) + (days_later * 24 + hour) * 3_600_000_000 + 7 * 60_000_000


@dataclass
class RawTables:
    """Raw rows as the providers' reports and bills would land them."""

    tables: dict[str, pa.Table]
    replaced: dict[str, int]  # rows that a later load replaces, by table
    foreign: dict[str, int] = field(default_factory=dict)  # rows about other things than models

    def __or__(self, other: RawTables) -> RawTables:
        """Both sets of tables."""
        return RawTables(
            self.tables | other.tables,
            self.replaced | other.replaced,
            self.foreign | other.foreign,
        )


def raw_tables(
    buckets: Buckets, lines: list[Line], period: Period, rng: np.random.Generator
) -> RawTables:
    """Usage and bill with re-loads: an earlier load had other numbers for some keys."""
    openai, replaced_one = _openai_usage(buckets, period, rng)
    anthropic, replaced_two = _anthropic_usage(buckets, period, rng)
    costs, replaced_three = _openai_costs(lines, period, rng)
    report, replaced_four = _anthropic_costs(lines, period, rng)
    return RawTables(
        {
            "openai_usage_completions": openai,
            "openai_costs": costs,
            "anthropic_usage_messages": anthropic,
            "anthropic_cost_report": report,
        },
        {
            "openai_usage_completions": replaced_one,
            "anthropic_usage_messages": replaced_two,
            "openai_costs": replaced_three,
            "anthropic_cost_report": replaced_four,
        },
    )


def _loads(
    days: I64, period: Period, rng: np.random.Generator, later: int, hour: int
) -> tuple[I64, I64]:
    """(load time per row, rows that an earlier load had with smaller numbers)."""
    early = np.flatnonzero(rng.random(len(days)) < 0.03)
    if not len(early) and len(days):
        early = np.array([len(days) // 2])
    final = np.array([load_time(period, int(d), later, hour) for d in days], dtype=np.int64)
    final[early] += 3 * 86_400_000_000
    latest = load_time(period, period.days - 1, 1, 2)
    final = np.minimum(final, latest)
    early = early[final[early] > np.array([load_time(period, int(days[e]), 1, 0) for e in early])]
    return final, early


def _openai_usage(
    buckets: Buckets, period: Period, rng: np.random.Generator
) -> tuple[pa.Table, int]:
    rows = np.flatnonzero(buckets.platform == OPENAI)
    loaded, early = _loads(buckets.day[rows], period, rng, 1, 1)
    order = np.concatenate([rows[early], rows])
    share = np.concatenate([np.full(len(early), 6), np.full(len(rows), 10)])
    first = np.array([load_time(period, int(d), 1, 0) for d in buckets.day[rows[early]]])
    times = np.concatenate([first.astype(np.int64), loaded])
    tokens = buckets.tokens[order] * share[:, None] // 10
    day = buckets.day[order]
    start = np.array([period.us(int(d)) // 1_000_000 for d in day], dtype=np.int64)
    old = day < period.index(NEW_FIELDS_FROM)

    def recent(values: I64) -> pa.Array:
        return pa.array(values, mask=old, type=pa.int64())

    zero = np.zeros(len(order), dtype=np.int64)
    key = [KEYS[k] for k in buckets.key[order]]
    cached, written, plain, output = (tokens[:, i] for i in (1, 4, 0, OUTPUT))
    table = pa.table(
        {
            "start_time": start,
            "end_time": start + 86_400,
            "input_tokens": tokens[:, :INPUT_CLASSES].sum(axis=1),
            "input_cached_tokens": cached,
            "input_cache_write_tokens": recent(written),
            "input_uncached_tokens": recent(plain),
            "input_text_tokens": recent(plain),
            "input_audio_tokens": zero,
            "input_image_tokens": recent(zero),
            "input_cached_text_tokens": recent(cached),
            "input_cached_audio_tokens": recent(zero),
            "input_cached_image_tokens": recent(zero),
            "output_tokens": output,
            "output_text_tokens": recent(output),
            "output_audio_tokens": zero,
            "output_image_tokens": recent(zero),
            "num_model_requests": np.maximum(buckets.requests[order] * share // 10, 1),
            "project_id": [k[2] for k in key],
            "user_id": pa.nulls(len(order), pa.string()),
            "api_key_id": [k[0] for k in key],
            "model": [MODEL_NAMES[m] for m in buckets.model[order]],
            "batch": buckets.batch[order].astype(bool),
            "service_tier": [("default", *TIERS[1:])[t] for t in buckets.tier[order]],
            "loaded_at": pa.array(times).cast(TIMESTAMP),
        }
    )
    return _by_load(table), len(early)


def _by_load(table: pa.Table) -> pa.Table:
    """Rows in the order in which they were loaded."""
    order = np.argsort(table["loaded_at"].cast(pa.int64()).to_numpy(), kind="stable")
    return table.take(pa.array(order))


def _anthropic_usage(
    buckets: Buckets, period: Period, rng: np.random.Generator
) -> tuple[pa.Table, int]:
    rows = np.flatnonzero(buckets.platform == ANTHROPIC)
    loaded, early = _loads(buckets.day[rows], period, rng, 1, 1)
    order = np.concatenate([rows[early], rows])
    share = np.concatenate([np.full(len(early), 6), np.full(len(rows), 10)])
    first = np.array([load_time(period, int(d), 1, 0) for d in buckets.day[rows[early]]])
    times = np.concatenate([first.astype(np.int64), loaded])
    tokens = buckets.tokens[order] * share[:, None] // 10
    key = [KEYS[k] for k in buckets.key[order]]
    none = pa.nulls(len(order), pa.string())
    table = pa.table(
        {
            **_bucket_texts(buckets.day[order], period),
            "uncached_input_tokens": tokens[:, 0],
            "cache_creation__ephemeral_5m_input_tokens": tokens[:, 2],
            "cache_creation__ephemeral_1h_input_tokens": tokens[:, 3],
            "cache_read_input_tokens": tokens[:, 1],
            "output_tokens": tokens[:, OUTPUT],
            "server_tool_use__web_search_requests": tokens[:, WEB_SEARCH],
            "api_key_id": pa.array([k[0] for k in key], pa.string()),
            "workspace_id": pa.array([k[2] for k in key], pa.string()),
            "account_id": none,
            "service_account_id": none,
            "model": [MODEL_NAMES[m] for m in buckets.model[order]],
            "service_tier": ["batch" if b else "standard" for b in buckets.batch[order]],
            "context_window": [_window(c) for c in buckets.long_context[order]],
            "inference_geo": [
                _geo(m, r) for m, r in zip(buckets.model[order], buckets.region[order], strict=True)
            ],
            "speed": ["standard"] * len(order),
            "loaded_at": pa.array(times).cast(TIMESTAMP),
        }
    )
    return _by_load(table), len(early)


def _bucket_texts(days: Any, period: Period) -> dict[str, list[str]]:
    starts = [period.day(int(d)) for d in days]
    return {
        "starting_at": [f"{d.isoformat()}T00:00:00Z" for d in starts],
        "ending_at": [f"{(d + timedelta(days=1)).isoformat()}T00:00:00Z" for d in starts],
    }


def _window(long_context: Any) -> str:
    return "200k-1M" if long_context else "0-200k"


def _geo(model: Any, region: Any) -> str:
    if int(model) not in tr.US_MODELS:
        return "not_available"
    return REGIONS[int(region)]


def _early_and_final(
    lines: list[Line], period: Period, rng: np.random.Generator
) -> tuple[list[Line], I64, list[int], int]:
    """(rows, load times, amounts, replaced rows): some amounts were smaller in an earlier load."""
    days = np.array([n.day for n in lines], dtype=np.int64)
    loaded, early = _loads(days, period, rng, 1, 5)
    early = np.array([e for e in early if lines[e].kind == "usage"], dtype=np.int64)
    rows = [lines[e] for e in early] + lines
    first = [load_time(period, lines[e].day, 1, 0) for e in early]
    amounts = [lines[e].amount // 2 for e in early] + [n.amount for n in lines]
    times = np.concatenate([np.array(first, dtype=np.int64), loaded])
    return rows, times, amounts, len(early)


def _openai_costs(
    lines: list[Line], period: Period, rng: np.random.Generator
) -> tuple[pa.Table, int]:
    mine = [n for n in lines if n.platform == "openai"]
    rows, times, amounts, replaced = _early_and_final(mine, period, rng)
    start = [period.us(n.day) // 1_000_000 for n in rows]
    table = pa.table(
        {
            "start_time": pa.array(start, pa.int64()),
            "end_time": pa.array([s + 86_400 for s in start], pa.int64()),
            "amount__value": [json_text(a) for a in amounts],
            "amount__currency": ["usd"] * len(rows),
            "line_item": [n.text for n in rows],
            "quantity": pa.array(
                [None if n.quantity is None else Decimal(n.quantity) for n in rows],
                pa.decimal128(38, 9),
            ),
            "quantity_unit": pa.array([n.unit for n in rows], pa.string()),
            "project_id": pa.array([n.project for n in rows], pa.string()),
            "api_key_id": pa.nulls(len(rows), pa.string()),
            "loaded_at": pa.array(times).cast(TIMESTAMP),
        }
    )
    return _by_load(table), replaced


def _anthropic_costs(
    lines: list[Line], period: Period, rng: np.random.Generator
) -> tuple[pa.Table, int]:
    mine = [n for n in lines if n.platform == "anthropic"]
    rows, times, amounts, replaced = _early_and_final(mine, period, rng)
    cost_types = [
        "tokens"
        if n.price_class in TOKEN_TYPES
        else "web_search"
        if n.price_class == WEB_SEARCH
        else "code_execution"
        for n in rows
    ]
    tokens = [c == "tokens" for c in cost_types]

    def only_tokens(values: list[str]) -> pa.Array:
        return pa.array(
            [v if t else None for v, t in zip(values, tokens, strict=True)], pa.string()
        )

    table = pa.table(
        {
            **_bucket_texts([n.day for n in rows], period),
            "amount": [plain_text(a, shift=2) for a in amounts],
            "currency": ["USD"] * len(rows),
            "cost_type": cost_types,
            "token_type": only_tokens([TOKEN_TYPES.get(n.price_class, "") for n in rows]),
            "description": [n.text for n in rows],
            "model": only_tokens([MODEL_NAMES[n.model] for n in rows]),
            "context_window": only_tokens([_window(n.long_context) for n in rows]),
            "service_tier": only_tokens(["batch" if n.tier_batch else "standard" for n in rows]),
            "inference_geo": only_tokens([_geo(n.model, n.region) for n in rows]),
            "speed": pa.nulls(len(rows), pa.string()),
            "workspace_id": pa.array([n.project for n in rows], pa.string()),
            "loaded_at": pa.array(times).cast(TIMESTAMP),
        }
    )
    return _by_load(table), replaced


@dataclass(frozen=True)
class ManualCost:
    """A cost that no connector brings, entered by hand after the month's end."""

    line_id: str
    platform: str
    cost_kind: str
    start: date
    end: date
    amount: int  # femto-dollars
    description: str


def manual_costs(period: Period) -> list[ManualCost]:
    """Vector store, seats and hosting of every month that is over."""
    result: list[ManualCost] = []
    for number, month in enumerate(period.months[:-1]):
        end = add_months(month, 1)
        stamp = f"{month:%Y%m}"
        store = (12_00 + 85 * number) * (FEMTO // 100)
        seats = (8 + number // 3) * 19 * FEMTO // 10
        hosting = (310_00 + 1_250 * number) * (FEMTO // 100)
        result += [
            ManualCost(
                f"vec-{stamp}", "vectorhub", "vector_store", month, end, store, "Vector database"
            ),
            ManualCost(
                *(f"seat-{stamp}", "code_helper", "seats", month, end, seats),
                "Coding assistant seats",
            ),
            ManualCost(
                *(f"host-{stamp}", "cloudhost", "other_cogs", month, end, hosting),
                "Application hosting",
            ),
        ]
    return result


def manual_table(costs: list[ManualCost]) -> pa.Table:
    """The raw table manual_costs; the dimensions are empty: these lines name nobody."""
    none = pa.nulls(len(costs), pa.string())
    loaded = [datetime.combine(c.end, datetime.min.time()) + timedelta(hours=9) for c in costs]
    return pa.table(
        {
            "line_id": [c.line_id for c in costs],
            "platform": [c.platform for c in costs],
            "billing_account_id": none,
            "cost_kind": [c.cost_kind for c in costs],
            "description": [c.description for c in costs],
            "period_start": pa.array([c.start for c in costs], pa.date32()),
            "period_end": pa.array([c.end for c in costs], pa.date32()),
            "amount": pa.array([Decimal(c.amount) / FEMTO for c in costs], pa.decimal128(18, 6)),
            "currency": ["USD"] * len(costs),
            "project_id": none,
            "customer_id": none,
            "feature": none,
            "team": none,
            "environment": none,
            "loaded_at": pa.array(loaded, TIMESTAMP),
        }
    )


def day_of(us: int) -> date:
    """The UTC date of microseconds since 1970."""
    return date(1970, 1, 1) + timedelta(days=(us - epoch_us(date(1970, 1, 1))) // 86_400_000_000)
