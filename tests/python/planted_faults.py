"""Ten faults as they happen to raw tables, each planted by SQL in a copy of a small company.

`stops` says which tool stops the pipeline at which check, with what it says; docs/data_quality.md
shows the same table, and a test compares the two with what really happens.
"""

from __future__ import annotations

from dataclasses import dataclass

# The day that is spoiled: complete in every source, on a busy weekday.
DAY = "2026-11-18"
EPOCH = "epoch(cast('{day}' as date))"


@dataclass(frozen=True)
class Fault:
    """A fault, the SQL that plants it, and what stops it."""

    name: str
    what: str
    sql: tuple[str, ...]
    tool: str  # GX raw, GX marts
    table: str
    check: str
    says: str  # begin of what is observed
    # What else notices: a dbt test or `source freshness` by name, and whether it stops or warns.
    also: str = ""


FAULTS: tuple[Fault, ...] = (
    Fault(
        "late source",
        "OpenAI's bill has not come for a week; the loader of everything else runs on",
        ("delete from raw.openai_costs where start_time >= epoch(date '2026-11-14')",),
        "GX raw",
        "openai_costs",
        "days behind",
        "2026-11-13: 10",
        "`dbt source freshness` warns once the newest load is three days old",
    ),
    Fault(
        "dropped column",
        "A release of the application no longer logs `cached_read_tokens`",
        ("alter table raw.app_requests drop column cached_read_tokens",),
        "GX raw",
        "app_requests",
        "columns",
        "missing cached_read_tokens",
        "nothing in dbt: an absent column is read as NULL",
    ),
    Fault(
        "doubled load",
        "A page of OpenAI's usage report is written twice in one load",
        (
            "insert into raw.openai_usage_completions "
            f"select * from raw.openai_usage_completions where start_time = epoch(date '{DAY}')",
        ),
        "GX raw",
        "openai_usage_completions",
        "rows of the same key",
        "",
        "dbt test `assert_no_exact_duplicate_rows` warns; in a request log copies are one request",
    ),
    Fault(
        "currency switched",
        "Finance moves the OpenAI account to euro",
        (
            "update raw.openai_costs set amount__currency = 'eur' "
            f"where start_time >= epoch(date '{DAY}')",
        ),
        "GX raw",
        "openai_costs",
        "words of amount__currency",
        "",
        "dbt converts it with `fx_rates`; a currency without a rate fails a dbt test",
    ),
    Fault(
        "unit off by 1000",
        "Anthropic's usage report arrives in thousands of tokens",
        (
            "update raw.anthropic_usage_messages set "
            "uncached_input_tokens = uncached_input_tokens // 1000, "
            "cache_read_input_tokens = cache_read_input_tokens // 1000, "
            "cache_creation__ephemeral_5m_input_tokens = "
            "cache_creation__ephemeral_5m_input_tokens // 1000, "
            "cache_creation__ephemeral_1h_input_tokens = "
            "cache_creation__ephemeral_1h_input_tokens // 1000, "
            "output_tokens = output_tokens // 1000 where starting_at >= '2026-11-10'",
        ),
        "GX raw",
        "anthropic_cost_report",
        "cost against usage",
        "",
        "the ledger keeps the difference as `unlogged`; no dbt test fails",
    ),
    Fault(
        "all-NULL dimension",
        "The application loses the customer of its requests",
        ("update raw.app_requests set customer_id = null where occurred_at >= '2026-11-10'",),
        "GX raw",
        "app_requests",
        "NULL rise of customer_id",
        "0.",
        "coverage falls in `attribution_coverage`; below the gate the marts say `insufficient`",
    ),
    Fault(
        "model unknown",
        "A new model is in use that the price book does not have",
        (
            "update raw.app_requests set model_served = 'gpt-9-preview' "
            "where platform = 'openai' and occurred_at >= '2026-10-01'",
        ),
        "GX marts",
        "cost_per_request",
        "share of unpriced attempts",
        "all: 0.",
        "dbt test `assert_models_are_priced` warns and names the model",
    ),
    Fault(
        "negative cost",
        "A correction is booked as a negative usage line",
        (
            "update raw.openai_costs set amount__value = '-' || amount__value "
            f"where start_time = epoch(date '{DAY}') and line_item like '%, input'",
        ),
        "GX raw",
        "openai_costs",
        "negative amount__value",
        "",
        "dbt follows the bill; a negative count of tokens is a rejected row",
    ),
    Fault(
        "empty day",
        "A day is missing in the request log; later days are there",
        (f"delete from raw.app_requests where cast(occurred_at as date) = '{DAY}'",),
        "GX raw",
        "app_requests",
        "rows of a day",
        f"{DAY}: 0",
        "nothing in dbt: the day's spend is `unlogged`",
    ),
    Fault(
        "future dates",
        "A server's clock is a year ahead",
        (
            "update raw.app_requests set occurred_at = occurred_at + interval 1 year "
            f"where cast(occurred_at as date) = '{DAY}'",
        ),
        "GX raw",
        "app_requests",
        "future rows",
        "",
        "dbt rejects times outside 2015 to 2041 only; these would move everybody's today",
    ),
)
