"""Every mart against the truth that the demo company was generated from.

The truth (scripts/demo/truth*.py) is computed in Python from what the generator knows of each call;
it neither reads the raw tables nor repeats the SQL. Rows that it marks exact must be equal to the
last digit. The others lie under bill lines that the provider rounded to whole cents (two months of
one platform). Their factor leaves `rounding` rows below a trillionth of a dollar, which the ledger
keeps on the line's own key and the truth gives to the places of its usage: together below 1e-9 USD.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest

from conftest import DemoData

# Largest difference of a row that is not exact: USD, and the last digit of a ratio.
INEXACT = "case when typeof(t.{column}) = 'DECIMAL(18,6)' then 0.000001 else 0.000000001 end"


@dataclass(frozen=True)
class Comparison:
    """One truth file beside the query that must say the same."""

    name: str
    actual: str
    keys: list[str]
    exact: str = "is_exact"
    skip: tuple[str, ...] = ()
    unasserted_where_null: tuple[str, ...] = field(default=())
    # A row of the truth in which this is 0, and not exact, need not be there: the last digits of a
    # rounded bill decide whether nothing is a row.
    absent_where_zero: str = ""


# The truth has 0 for a class that the log did not split off, the mart NULL: not captured.
UNSPLIT_AS_ZERO = """
select * replace (
    case when quantity_status = 'split_unknown' then coalesce(input_cached_tokens, 0)
        else input_cached_tokens end as input_cached_tokens,
    case when quantity_status = 'split_unknown' then coalesce(cache_write_5m_tokens, 0)
        else cache_write_5m_tokens end as cache_write_5m_tokens,
    case when quantity_status = 'split_unknown' then coalesce(cache_write_1h_tokens, 0)
        else cache_write_1h_tokens end as cache_write_1h_tokens
) from marts.cost_per_request
"""

COMPARISONS = [
    Comparison(
        "requests",
        UNSPLIT_AS_ZERO,
        ["request_id", "attempt"],
        exact="effective_is_exact",
        unasserted_where_null=("cost_status",),
    ),
    Comparison(
        "cost_per_feature", "select * from marts.cost_per_feature", ["usage_month", "feature_id"]
    ),
    Comparison(
        "cost_per_customer", "select * from marts.cost_per_customer", ["usage_month", "customer_id"]
    ),
    Comparison(
        "margin_by_plan",
        "select * from marts.margin_by_plan",
        ["usage_month", "plan_id"],
        unasserted_where_null=(
            "customers",
            "customer_months",
            "cost_per_customer_month_usd",
            "p50_customer_cost_usd",
            "p95_customer_cost_usd",
            "underwater_customers",
        ),
    ),
    Comparison(
        "cost_ledger_daily",
        """
        select
            usage_date, platform, billing_account_id, ledger_row_type,
            sum(billed_cost_usd) as billed_cost_usd, sum(metered_cost_usd) as metered_cost_usd,
            sum(effective_cost_usd) as effective_cost_usd
        from marts.cost_ledger group by all
        """,
        ["usage_date", "platform", "billing_account_id", "ledger_row_type"],
    ),
    Comparison(
        "unlogged_by_model",
        """
        select usage_date, platform, project_id, model, sum(effective_cost_usd) as unlogged_cost_usd
        from marts.cost_ledger where ledger_row_type in ('unlogged', 'rounding') group by all
        """,
        ["usage_date", "platform", "project_id", "model"],
        absent_where_zero="unlogged_cost_usd",
    ),
    Comparison(
        "spend_by_provider_model",
        "select * from marts.spend_by_provider_model",
        ["usage_month", "platform", "model"],
        # The provider's own counts are checked in total by the ledger.
        skip=tuple(
            f"reported_{quantity}"
            for quantity in (
                "input_uncached_tokens",
                "input_cached_tokens",
                "cache_write_5m_tokens",
                "cache_write_1h_tokens",
                "cache_write_other_tokens",
                "input_audio_tokens",
                "input_image_tokens",
                "output_tokens",
                "output_audio_tokens",
                "output_image_tokens",
                "web_search_requests",
            )
        ),
    ),
    Comparison(
        "spend_by_team",
        "select * from marts.spend_by_team",
        ["usage_month", "team_id"],
        skip=("cogs_and_free_tier_cost_usd",),
    ),
    Comparison("ai_cogs_summary", "select * from marts.ai_cogs_summary", ["usage_month"]),
    Comparison(
        "attribution_coverage",
        "select * from marts.attribution_coverage",
        ["usage_month", "dimension", "method"],
    ),
    Comparison(
        "bill_daily",
        """
        select platform, billing_account_id, usage_date, sum(billed_cost_usd) as billed_cost_usd
        from marts.cost_ledger where billed_cost_usd <> 0 group by all
        """,
        ["platform", "billing_account_id", "usage_date"],
    ),
    Comparison(
        "revenue_daily",
        """
        select customer_id, plan_id, revenue_date, sum(net_revenue_usd) as net_revenue_usd
        from intermediate.int_ai_revenue__daily group by all having sum(net_revenue_usd) <> 0
        """,
        ["customer_id", "plan_id", "revenue_date"],
    ),
]


def differences(
    connection: duckdb.DuckDBPyConnection, comparison: Comparison, truth: Path
) -> dict[str, tuple[int, str]]:
    """Rows that differ, by column: their number and an example; 'rows' for rows on one side."""
    file = truth / f"{comparison.name}.parquet"
    connection.execute(f"create or replace temp view truth as select * from '{file}'")
    connection.execute(f"create or replace temp table actual as {comparison.actual}")
    truth_types = {row[0]: row[1] for row in connection.execute("describe truth").fetchall()}
    actual_columns = {row[0] for row in connection.execute("describe actual").fetchall()}
    on = " and ".join(f"t.{key} is not distinct from a.{key}" for key in comparison.keys)
    found: dict[str, tuple[int, str]] = {}
    for side, other in (("t", "a"), ("a", "t")):
        tables = {"t": "truth", "a": "actual"}
        count, example = connection.execute(
            f"select count(*), min({side}::varchar) from {tables[side]} as {side} "
            f"anti join {tables[other]} as {other} on {on}"
            + (
                f" where {side}.{comparison.absent_where_zero} <> 0 or {side}.{comparison.exact}"
                if comparison.absent_where_zero and tables[side] == "truth"
                else ""
            )
        ).fetchone() or (0, "")
        if count:
            found[f"rows only in {tables[side]}"] = (count, str(example)[:300])
    for column, data_type in truth_types.items():
        if column in (*comparison.keys, *comparison.skip, comparison.exact):
            continue
        assert column in actual_columns, f"the truth knows {column}, the mart does not"
        differs = f"t.{column} is distinct from a.{column}"
        if comparison.exact in truth_types and data_type.startswith("DECIMAL"):
            differs = (
                f"case when t.{comparison.exact} then {differs} "
                f"else coalesce(abs(t.{column} - a.{column}) > {INEXACT.format(column=column)}, "
                f"{differs}) end"
            )
        if column in comparison.unasserted_where_null:
            differs = f"t.{column} is not null and ({differs})"
        count, example = connection.execute(
            f"select count(*), min(({', '.join('t.' + key for key in comparison.keys)}, "
            f"t.{column}, a.{column})::varchar) "
            f"from truth as t join actual as a on {on} where {differs}"
        ).fetchone() or (0, "")
        if count:
            found[column] = (count, str(example)[:300])
    return found


@pytest.mark.parametrize("comparison", COMPARISONS, ids=lambda comparison: comparison.name)
def test_mart_equals_the_truth(
    comparison: Comparison, demo_warehouse: Path, demo_data: DemoData
) -> None:
    """Each row and each column that the truth has is in the mart, and equal."""
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        found = differences(connection, comparison, demo_data.truth)
    assert not found, "\n".join(
        f"{column}: {number} rows, {row}" for column, (number, row) in found.items()
    )


def test_every_raw_request_is_accounted_for(demo_warehouse: Path, demo_data: DemoData) -> None:
    """Raw, accepted, duplicate and rejected rows of each source, and the reasons, as planted."""
    truth = demo_data.truth / "intake.parquet"
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        expected = connection.execute(
            f"""
            select source, raw_rows, accepted_rows, duplicate_rows, rejected_rows,
                rejected_missing_key, rejected_missing_time, rejected_missing_platform,
                rejected_negative_quantity, rejected_conflicting_copy
            from '{truth}'
            where load_date is null and source in (
                'app_requests', 'bedrock_invocation_log', 'openai_usage_completions',
                'openai_costs', 'anthropic_usage_messages', 'anthropic_cost_report', 'aws_cur',
                'azure_cost_export', 'gcp_billing_export'
            )
            order by source
            """
        ).fetchall()
        names = {
            "anthropic_cost_report": "billing:anthropic",
            "anthropic_usage_messages": "usage:anthropic",
            "app_requests": "requests:app",
            "aws_cur": "billing:aws_bedrock",
            "azure_cost_export": "billing:azure_openai",
            "bedrock_invocation_log": "requests:bedrock",
            "gcp_billing_export": "billing:google_vertex",
            "openai_costs": "billing:openai",
            "openai_usage_completions": "usage:openai",
        }
        reasons = [
            "missing_key",
            "missing_time",
            "missing_platform",
            "negative_quantity",
            "conflicting_copy",
        ]
        actual = []
        for source, name in names.items():
            counts = connection.execute(
                """
                select sum(raw_rows), sum(accepted_rows), sum(duplicate_rows), sum(rejected_rows)
                from intermediate.int_ai_row_counts where source_name = ?
                """,
                [name],
            ).fetchone()
            by_reason = dict(
                connection.execute(
                    "select rejected_reason, count(*) from intermediate.int_ai_rejected_rows "
                    "where source_name = ? group by all",
                    [name],
                ).fetchall()
            )
            assert counts is not None
            actual.append(
                (source, *map(int, counts), *(by_reason.get(reason, 0) for reason in reasons))
            )
    assert actual == expected
