"""The demo company is reproducible, holds what it promises, and its truth ties to itself."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import generate_demo_data

RAW_TABLES = {
    "anthropic_cost_report",
    "anthropic_usage_messages",
    "app_requests",
    "aws_cur",
    "azure_cost_export",
    "bedrock_invocation_log",
    "credit_ledger",
    "customers",
    "features",
    "fx_rates",
    "gcp_billing_export",
    "manual_costs",
    "openai_costs",
    "openai_usage_completions",
    "plans",
    "revenue_lines",
    "subscriptions",
    "teams",
}
# More calls than other tests need: every planted thing should be there.
REQUESTS = 30_000


def generate(folder: Path, requests: int = REQUESTS, **options: Any) -> Path:
    generate_demo_data.generate(
        generate_demo_data.Options(out=folder, requests=requests, **options)
    )
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def db(demo: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for folder in ("raw", "truth"):
        connection.execute(f"create schema {folder}")
        for path in sorted((demo / folder).glob("*.parquet")):
            connection.execute(f"create view {folder}.{path.stem} as select * from '{path}'")
    return connection


def one(db: duckdb.DuckDBPyConnection, query: str) -> Any:
    row = db.execute(query).fetchone()
    assert row is not None
    return row[0]


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_two_runs_are_equal_byte_for_byte(tmp_path: Path) -> None:
    first = files(generate(tmp_path / "one", requests=3000))
    second = files(generate(tmp_path / "two", requests=3000))
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_another_seed_gives_other_data(tmp_path: Path) -> None:
    first = files(generate(tmp_path / "one", requests=2000, months=2))
    second = files(generate(tmp_path / "two", requests=2000, months=2, seed=1))
    name = "raw/app_requests.parquet"
    assert first[name] != second[name]


def test_all_raw_tables_are_there_and_have_a_load_time(
    demo: Path, db: duckdb.DuckDBPyConnection
) -> None:
    assert {path.stem for path in (demo / "raw").glob("*.parquet")} == RAW_TABLES
    for name in RAW_TABLES:
        columns = {row[0]: row[1] for row in db.execute(f"describe raw.{name}").fetchall()}
        assert columns["loaded_at"] == "TIMESTAMP"
        assert not {"FLOAT", "DOUBLE"} & set(columns.values()), f"{name} has float columns"


def test_every_planted_thing_is_there(db: duckdb.DuckDBPyConnection) -> None:
    missing = db.execute("select name from truth.planted where count = 0").fetchall()
    assert missing == []


def test_about_three_percent_are_never_logged(db: duckdb.DuckDBPyConnection) -> None:
    share = one(
        db,
        """select max(count) filter (name = 'never_logged_calls')
            / max(count) filter (name = 'metered_calls') from truth.planted""",
    )
    assert 0.02 < share < 0.04


def test_truth_has_one_row_per_accepted_attempt(db: duckdb.DuckDBPyConnection) -> None:
    rows = one(db, "select count(*) from truth.requests")
    keys = one(db, "select count(distinct (request_id, attempt)) from truth.requests")
    accepted = one(
        db,
        """select sum(accepted_rows) from truth.intake
            where source in ('app_requests', 'bedrock_invocation_log') and load_date is null""",
    )
    assert rows == keys == accepted


def test_raw_rows_are_accepted_repeated_or_rejected(db: duckdb.DuckDBPyConnection) -> None:
    wrong = db.execute(
        """select * from truth.intake
            where raw_rows <> accepted_rows + duplicate_rows + rejected_rows"""
    ).fetchall()
    assert wrong == []
    for log in ("app_requests", "bedrock_invocation_log"):
        by_day = one(
            db,
            f"""select sum(raw_rows) from truth.intake
                where source = '{log}' and load_date is not null""",
        )
        assert by_day == one(db, f"select count(*) from raw.{log}")


def test_the_log_prices_as_the_seed_says(db: duckdb.DuckDBPyConnection) -> None:
    """One model by hand: gpt-4o-mini standard at 0.15, 0.075 and 0.60 USD per million tokens."""
    wrong = one(
        db,
        """select count(*) from truth.requests t
            join (
                select distinct request_id from raw.app_requests
                where model_served = 'gpt-4o-mini-2024-07-18' and not is_batch
                    and coalesce(service_tier, 'auto') <> 'priority'
            ) r using (request_id)
            where t.pricing_status = 'priced' and t.metered_cost_usd <>
                (t.input_uncached_tokens * 150 + t.input_cached_tokens * 75 + t.output_tokens * 600)
                * cast(0.000000001 as decimal(12, 9))""",
    )
    assert wrong == 0


LATEST_OPENAI_BILL = """
    select * from raw.openai_costs
    qualify loaded_at = max(loaded_at) over (partition by start_time, project_id, line_item)"""
LATEST_ANTHROPIC_BILL = """
    select * from raw.anthropic_cost_report
    qualify loaded_at = max(loaded_at) over (
        partition by starting_at, workspace_id, description, token_type, cost_type)"""


# What an export of the whole cloud says about models, each month as it was delivered last.
LATEST_AWS_BILL = """
    select * from raw.aws_cur
    where line_item_product_code = 'AmazonBedrock'
        or product like '%(Amazon Bedrock Edition)%'
    qualify loaded_at = max(loaded_at) over (partition by bill_billing_period_start_date)"""
LATEST_AZURE_BILL = """
    select * from raw.azure_cost_export
    where "MeterSubCategory" = 'Azure OpenAI'
    qualify loaded_at = max(loaded_at) over (partition by "BillingPeriodStartDate")"""


def test_the_bill_of_the_truth_is_the_landed_bill(db: duckdb.DuckDBPyConnection) -> None:
    landed = {
        "openai": one(
            db,
            f"""select sum(cast(amount__value as decimal(38, 15)))
                from ({LATEST_OPENAI_BILL})""",
        ),
        "anthropic": one(
            db,
            f"select sum(cast(amount as decimal(38, 15))) from ({LATEST_ANTHROPIC_BILL})",
        )
        / 100,
        "aws_bedrock": one(
            db, f"select sum(line_item_net_unblended_cost) from ({LATEST_AWS_BILL})"
        ),
        "azure_openai": one(db, f'select sum("Cost") from ({LATEST_AZURE_BILL})'),
        # Cost and all credits, gifts too; the export is only ever added to.
        "google_vertex": one(
            db,
            """select sum(
                cost + coalesce(list_sum(
                    cast(json_extract_string(credits, '$[*].amount') as decimal(38, 15)[])
                ), 0)
            ) from raw.gcp_billing_export where service__description = 'Vertex AI'""",
        ),
    }
    for platform, amount in landed.items():
        truth = one(
            db, f"select sum(billed_cost_usd) from truth.bill_daily where platform = '{platform}'"
        )
        assert truth == amount


def test_the_ledger_sums_to_the_bill_on_every_day(db: duckdb.DuckDBPyConnection) -> None:
    wrong = db.execute(
        """select * from (
            select platform, billing_account_id, usage_date, sum(billed_cost_usd) as billed
            from truth.cost_ledger_daily group by all having billed <> 0
        ) full join (from truth.bill_daily where billed_cost_usd <> 0)
            using (platform, billing_account_id, usage_date)
        where billed is distinct from billed_cost_usd"""
    ).fetchall()
    assert wrong == []


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("cost_per_feature", "total_cost_usd"),
        ("cost_per_customer", "fully_loaded_cost_usd"),
        ("margin_by_plan", "total_cost_usd"),
        ("spend_by_team", "total_cost_usd"),
        ("spend_by_provider_model", "total_cost_usd"),
    ],
)
def test_every_view_of_cost_has_the_same_total(
    db: duckdb.DuckDBPyConnection, name: str, column: str
) -> None:
    wrong = db.execute(
        f"""select * from (
            select usage_month, sum({column}) as total from truth.{name} group by all
        ) full join truth.ai_cogs_summary using (usage_month)
        where total is distinct from total_cost_usd"""
    ).fetchall()
    assert wrong == []


def test_the_ledger_has_the_same_total(db: duckdb.DuckDBPyConnection) -> None:
    total = one(db, "select sum(total_cost_usd) from truth.ai_cogs_summary")
    assert one(db, "select sum(effective_cost_usd) from truth.cost_ledger_daily") == total


@pytest.mark.parametrize("dimension", ["customer", "feature", "team"])
def test_coverage_is_the_ledger_without_shared_cost(
    db: duckdb.DuckDBPyConnection, dimension: str
) -> None:
    mart, column = {
        "customer": ("cost_per_customer", "fully_loaded_cost_usd"),
        "feature": ("cost_per_feature", "total_cost_usd"),
        "team": ("spend_by_team", "total_cost_usd"),
    }[dimension]
    wrong = db.execute(
        f"""select * from (
            select usage_month, sum(effective_cost_usd) as covered
            from truth.attribution_coverage where dimension = '{dimension}' group by all
        ) full join (
            select usage_month, sum({column}) as total from truth.{mart}
            where {dimension}_id <> '__shared__' group by all
        ) using (usage_month) where covered is distinct from total"""
    ).fetchall()
    assert wrong == []


def test_unlogged_by_model_is_the_ledgers_unlogged(db: duckdb.DuckDBPyConnection) -> None:
    wrong = db.execute(
        """select * from (
            select platform, usage_date, sum(effective_cost_usd) as a from truth.cost_ledger_daily
            where ledger_row_type in ('unlogged', 'rounding') group by all having a <> 0
        ) full join (
            select platform, usage_date, sum(unlogged_cost_usd) as b from truth.unlogged_by_model
            group by all having b <> 0
        ) using (platform, usage_date) where a is distinct from b"""
    ).fetchall()
    assert wrong == []


def test_revenue_of_customers_plans_and_company_agree(db: duckdb.DuckDBPyConnection) -> None:
    totals = [
        one(db, f"select sum(net_revenue_usd) from truth.{name}")
        for name in ("ai_cogs_summary", "cost_per_customer", "margin_by_plan")
    ]
    assert totals[0] > 0
    assert len(set(totals)) == 1


def test_recognised_revenue_over_all_time_is_the_net_lines(db: duckdb.DuckDBPyConnection) -> None:
    """In dollars only: other currencies are converted day by day."""
    lines = one(
        db,
        """select sum(amount - discount_amount) from raw.revenue_lines
            where coalesce(status, 'paid') not in ('draft', 'void')
                and customer_id not in (
                    select customer_id from raw.revenue_lines
                    where currency <> 'USD' and customer_id is not null
                )""",
    )
    recognised = one(
        db,
        """select sum(net_revenue_usd) from truth.revenue_daily
            where customer_id not in (
                select customer_id from raw.revenue_lines
                where currency <> 'USD' and customer_id is not null
            )""",
    )
    assert recognised == Decimal(lines)


def test_the_last_days_have_usage_and_no_bill(db: duckdb.DuckDBPyConnection) -> None:
    assert one(db, "select max(usage_date) from truth.requests").isoformat() == "2026-11-22"
    assert one(db, "select max(usage_date) from truth.bill_daily").isoformat() == "2026-11-20"
    estimated = db.execute(
        """select distinct usage_date from truth.requests
            where cost_status = 'estimated' and effective_cost_usd > 0 order by 1"""
    ).fetchall()
    assert [day.isoformat() for (day,) in estimated] == ["2026-11-21", "2026-11-22"]


def test_the_negotiated_rate_is_nine_tenths_of_the_list(db: duckdb.DuckDBPyConnection) -> None:
    wrong = one(
        db,
        """select count(*) from truth.requests
            where platform = 'openai' and model = 'gpt-4.1'
                and usage_date between '2026-03-15' and '2026-11-20'
                and effective_cost_usd * 10 <> metered_cost_usd * 9""",
    )
    assert wrong == 0
    assert one(
        db,
        """select count(*) from truth.requests
            where platform = 'openai' and model = 'gpt-4.1' and usage_date < '2026-03-15'
                and effective_cost_usd = metered_cost_usd and metered_cost_usd > 0""",
    )


def test_a_cloud_reports_no_usage_so_its_requests_cost_the_list_price(
    db: duckdb.DuckDBPyConnection,
) -> None:
    wrong = one(
        db,
        """select count(*) from truth.requests
            where platform not in ('openai', 'anthropic')
                and effective_cost_usd is distinct from metered_cost_usd""",
    )
    assert wrong == 0
    reported = one(
        db,
        """select sum(reported_output_tokens) from truth.spend_by_provider_model
            where platform not in ('openai', 'anthropic')""",
    )
    assert reported == 0


def test_what_aws_charges_below_the_list_is_a_negative_residual(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """97 % of the list: of a day that is logged in full, 3 % come back."""
    days = db.execute(
        """select l.effective_cost_usd, u.effective_cost_usd
            from truth.cost_ledger_daily as l
            join truth.cost_ledger_daily as u
                using (usage_date, platform, billing_account_id)
            where l.platform = 'aws_bedrock' and l.ledger_row_type = 'request'
                and u.ledger_row_type = 'unlogged' and u.effective_cost_usd < 0"""
    ).fetchall()
    assert len(days) > 100
    assert sum(logged * 3 + rest * 100 == 0 for logged, rest in days) > 50


def test_every_account_and_project_of_the_clouds_is_billed(
    db: duckdb.DuckDBPyConnection,
) -> None:
    places = db.execute(
        """select distinct platform, billing_account_id from truth.bill_daily
            where platform in ('aws_bedrock', 'azure_openai', 'google_vertex') order by all"""
    ).fetchall()
    assert places == [
        ("aws_bedrock", "004218730965"),
        ("aws_bedrock", "091827364550"),
        ("azure_openai", "1b7d9e02-3c48-4d55-a1f6-2e8c4b6d7f01"),
        ("azure_openai", "5c1f2a7e-90b4-4f0e-8d21-6f3b7a90c402"),
        ("google_vertex", "01A7C3-4D5E6F-7B8092"),
    ]
    projects = one(
        db,
        """select count(distinct project_id) from truth.unlogged_by_model
            where platform in ('aws_bedrock', 'azure_openai', 'google_vertex')""",
    )
    assert projects == 6


@pytest.mark.parametrize(
    ("table", "month", "day", "amount"),
    [
        (
            "aws_cur",
            "bill_billing_period_start_date",
            "line_item_usage_start_date",
            "line_item_net_unblended_cost",
        ),
        ("azure_cost_export", "BillingPeriodStartDate", "Date", "Cost"),
    ],
)
def test_a_delivery_of_an_open_month_is_replaced_as_a_whole(
    db: duckdb.DuckDBPyConnection, table: str, month: str, day: str, amount: str
) -> None:
    """The first one charges days above what the last one has: something was taken back."""
    taken_back = one(
        db,
        f"""select count(*) from (
            select
                "{day}"::date as day,
                sum("{amount}") filter (where delivery = 2) as first_said,
                sum("{amount}") filter (where delivery = 1) as last_said
            from (
                select
                    *,
                    dense_rank() over (partition by "{month}" order by loaded_at desc) as delivery
                from raw.{table}
            ) group by all
        ) where first_said > last_said""",
    )
    assert taken_back > 0


def test_amounts_that_cannot_be_exact_say_so(db: duckdb.DuckDBPyConnection) -> None:
    months = db.execute(
        """select distinct date_trunc('month', usage_date) from truth.requests
            where not effective_is_exact order by 1"""
    ).fetchall()
    assert [str(month)[:7] for (month,) in months] == ["2026-02", "2026-03"]
    exact = one(
        db,
        """select count(*) from truth.requests where effective_is_exact
            and platform = 'anthropic' and pricing_status = 'priced'
            and effective_cost_usd <> metered_cost_usd""",
    )
    assert exact == 0


def test_small_and_short_also_work(tmp_path: Path) -> None:
    generate(tmp_path, requests=1000, customers=80, months=2)
    assert (tmp_path / "truth" / "README.md").read_text(encoding="utf-8").startswith("# Truth")


@pytest.mark.parametrize(
    "arguments", [["--requests", "10"], ["--customers", "5"], ["--months", "1"]]
)
def test_impossible_options_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as error:
        generate_demo_data.main(arguments)
    assert error.value.code == 2
    assert arguments[0] in capsys.readouterr().err
