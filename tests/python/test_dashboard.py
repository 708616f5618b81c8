"""The dashboard's queries against plain SQL on the marts, and what its folder must hold.

The pages themselves are tested in a real browser by dashboard/tests, which the last test here runs
in the dashboard's own environment.
"""

from __future__ import annotations

import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import load_raw
from conftest import ROOT, Dbt
from unit_economics import figures, queries
from unit_economics.marts import (
    MartsError,
    MissingMartError,
    ParquetMarts,
    SnowflakeMarts,
    Table,
    connector_runner,
)

D = Decimal
DASHBOARD = ROOT / "dashboard"
MONTH = date(2026, 10, 1)
END = date(2026, 11, 1)

# Arguments after the marts with which each query is tried.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "attribution": (MONTH,),
    "customers": (MONTH, ["starter"], ["healthy"]),
    "anomalies": (date(2026, 1, 1), END, ["customer"]),
    "concentration": (MONTH,),
    "cost_trend": ("feature",),
    "customer_costs": (MONTH,),
    "customer_trend": ("C-0007",),
    "daily_cost": (MONTH,),
    "features": (MONTH,),
    "health": (MONTH,),
    "model_unit_cost": (MONTH,),
    "models": (MONTH,),
    "plan_costs": (MONTH,),
    "plans": (MONTH,),
    "reconciliation": (MONTH,),
    "request_detail": (MONTH, "nobody"),
    "request_rows": (queries.RequestFilter(MONTH, END, only="unpriced"),),
    "request_totals": (queries.RequestFilter(MONTH, END, model="o3"),),
    "savings": (MONTH,),
    "scenario_plans": ("none", MONTH),
    "served_models": (MONTH,),
    "teams": (MONTH,),
    "touched_cost": (MONTH, ["o3"]),
    "underwater": (MONTH,),
    "values": ("cost_per_customer", "plan_id", MONTH),
    "variance": (MONTH,),
    "what_if": (MONTH, [], 10, [("starter", 5)]),
    "workflow_runs": (MONTH,),
}
EMPTY = {"request_detail", "scenario_plans"}
QUERIES = {
    name: function
    for name, function in inspect.getmembers(queries, inspect.isfunction)
    if next(iter(inspect.signature(function).parameters), None) == "marts"
}


@pytest.fixture(scope="module")
def exported(demo_warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every mart of the demo company as a Parquet file."""
    folder = tmp_path_factory.mktemp("marts")
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        names = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        ).fetchall()
        for (name,) in names:
            connection.execute(f"copy (from marts.{name}) to '{folder / name}.parquet'")
    return folder


@pytest.fixture(scope="module")
def marts(exported: Path) -> ParquetMarts:
    return ParquetMarts(exported)


@pytest.fixture(scope="module")
def sql(demo_warehouse: Path) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Rows of SQL on the warehouse itself, past the export and the dashboard's code."""
    connection = duckdb.connect(str(demo_warehouse), read_only=True)
    yield lambda text: connection.execute(text).fetchall()
    connection.close()


# --- figures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (D("1234.565"), "$1,234.57"),
        (D("-28.525"), "−$28.53"),
        (D("0"), "$0.00"),
        (D("0.0030777"), "$0.00308"),
        (D("-0.00001234"), "−$0.0000123"),
        (D("0.0000000001"), "$0.000000000"),
        (D("99999999999999999999999.99"), "$99,999,999,999,999,999,999,999.99"),
        (None, "–"),
    ],
)
def test_money_is_rounded_for_the_eye_only(amount: Decimal | None, text: str) -> None:
    assert figures.money(amount) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (D("99999.994"), "$99,999.99"),
        (D("123456"), "$123.46k"),
        (D("-1234567"), "−$1.23M"),
        (D("2500000000"), "$2.50B"),
        (None, "–"),
    ],
)
def test_headlines_are_short(amount: Decimal | None, text: str) -> None:
    assert figures.short_money(amount) == text


def test_a_ratio_without_a_positive_denominator_is_unknown() -> None:
    assert figures.ratio(D(1), D(3)) == pytest.approx(D(1) / 3)
    assert figures.ratio(D(1), D(0)) is None
    assert figures.ratio(D(1), D(-3)) is None
    assert figures.ratio(None, D(3)) is None
    assert figures.percent(None) == "–"
    assert figures.percent(D("-0.00049")) == "0.0 %"
    assert figures.change(D(110), D(100)) == D("0.1")
    assert figures.change(D(110), D(0)) is None


def test_a_sum_of_unknown_amounts_is_unknown() -> None:
    assert figures.total([None, None]) is None
    assert figures.total([]) is None
    assert figures.total([None, D("0.1"), D("0.2")]) == D("0.3")


def test_a_csv_keeps_all_digits_and_runs_no_formula() -> None:
    rows = Table(("a", "b", "c"), ((D("0.100000000000000"), None, "=cmd|1"), (D("-1"), 2, "x,y")))
    assert rows.csv().decode() == 'a,b,c\n0.100000000000000,,\'=cmd|1\n-1,2,"x,y"\n'


def test_no_query_averages_or_divides() -> None:
    text = (DASHBOARD / "unit_economics" / "queries.py").read_text(encoding="utf-8")
    assert "avg(" not in text.lower()
    strings = re.findall(r'"([^"\n]*)"', text)
    assert [line for line in strings if " / " in line] == []
    assert "percentile_cont" not in text


@pytest.mark.parametrize("colour", ["#17212e", "#4a5563", "#0b5cad"])
def test_text_has_contrast(colour: str) -> None:
    def light(hexadecimal: str) -> float:
        parts = [int(hexadecimal[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    style = (DASHBOARD / "unit_economics" / "parts.py").read_text(encoding="utf-8")
    theme = (DASHBOARD / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert colour in style + theme
    for ground in ("#ffffff", "#f4f6f9"):
        assert (light(ground) + 0.05) / (light(colour) + 0.05) >= 4.5


# --- queries ------------------------------------------------------------------------------------


def test_every_query_is_tried() -> None:
    without = {name for name in QUERIES if len(inspect.signature(QUERIES[name]).parameters) == 1}
    assert set(QUERIES) - without - {"forecast", "unit_cost_trend", "trust"} == set(ARGUMENTS)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_every_query_runs_on_the_marts(name: str, marts: ParquetMarts) -> None:
    given = (MONTH,) if name == "trust" else ARGUMENTS.get(name, ())
    found = QUERIES[name](marts, *given)
    assert bool(found) != (name in EMPTY), f"{name} finds nothing in the demo company"


@pytest.mark.parametrize("name", sorted(set(QUERIES) - {"trust", "months"}))
def test_a_query_names_the_mart_that_is_off(
    name: str, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(exported / "spend_forecast.parquet", tmp_path)
    few = ParquetMarts(tmp_path)
    monkeypatch.setattr(few, "names", frozenset({"none"}))
    with pytest.raises(MissingMartError, match="is not among the marts"):
        QUERIES[name](few, *ARGUMENTS.get(name, ()))


def test_trust_is_unknown_where_its_marts_are_off(exported: Path, tmp_path: Path) -> None:
    shutil.copy(exported / "spend_forecast.parquet", tmp_path)
    found = queries.trust(ParquetMarts(tmp_path), MONTH)
    assert found == queries.Trust()
    assert found.metering_ratio is None


def test_trust_is_the_marts(marts: ParquetMarts, sql: Any) -> None:
    found = queries.trust(marts, MONTH)
    day = "strftime(usage_date, '%Y-%m') = '2026-10'"
    assert [(found.total_cost_usd, found.estimated_cost_usd)] == sql(
        "select sum(effective_cost_usd), coalesce(sum(effective_cost_usd) "
        f"filter (cost_status = 'estimated'), 0) from marts.cost_ledger where {day}"
    )
    assert [(found.billed_usage_usd, found.covered_usage_usd, found.unexplained_days)] == sql(
        "select sum(billed_usage_usd), sum(covered_usage_usd), "
        "count(*) filter (reconciliation_status = 'unexplained') "
        f"from marts.billing_reconciliation where {day}"
    )
    # Not the mean of the days' ratios.
    mean = sql(f"select avg(metering_coverage_ratio) from marts.billing_reconciliation where {day}")
    assert found.metering_ratio is not None
    assert abs(found.metering_ratio - D(str(mean[0][0]))) > D("0.0001")


def test_all_ways_to_sum_the_month_agree(marts: ParquetMarts) -> None:
    total = queries.trust(marts, MONTH).total_cost_usd
    assert total is not None and total > 0
    for query, column in (
        (queries.features, "total_cost_usd"),
        (queries.models, "total_cost_usd"),
        (queries.teams, "total_cost_usd"),
        (queries.plans, "total_cost_usd"),
        (queries.daily_cost, "cost_usd"),
    ):
        assert figures.total(query(marts, MONTH).column(column)) == total, query.__name__
    company = {row["usage_month"]: row for row in queries.company(marts)}[MONTH]
    assert company["total_cost_usd"] == total
    for dimension in queries.TRENDS:
        rows = queries.cost_trend(marts, dimension)
        months = [row["total_cost_usd"] for row in rows if row["usage_month"] == MONTH]
        assert figures.total(months) == total, dimension


def test_trends_hold_the_figures_of_each_month(marts: ParquetMarts) -> None:
    def of_month(table: Table, **equal: Any) -> list[dict[str, Any]]:
        wanted = {"usage_month": MONTH} | equal
        return [row for row in table if wanted.items() <= row.items()]

    trust = queries.trust(marts, MONTH)
    (row,) = of_month(queries.attribution_trend(marts), dimension="customer")
    assert row["cost_usd"] == trust.attributable_cost_usd
    assert row["attributed_cost_usd"] == trust.attributed_cost_usd != row["cost_usd"]
    (row,) = of_month(queries.metering_trend(marts))
    assert row["covered_usage_usd"] == trust.covered_usage_usd
    assert row["billed_usage_usd"] == trust.billed_usage_usd
    (row,) = of_month(queries.savings_trend(marts))
    models = queries.savings(marts, MONTH)
    for name in ("cache_savings_usd", "batch_savings_usd", "input_cached_tokens", "input_tokens"):
        assert row[name] == sum(value or 0 for value in models.column(name)), name
    features = {row["feature_id"]: row for row in queries.features(marts, MONTH)}
    for row in of_month(queries.unit_cost_trend(marts)):
        assert row["p95_request_cost_usd"] == features[row["feature_id"]]["p95_request_cost_usd"]
    plans = {row["plan_id"]: row for row in queries.plans(marts, MONTH)}
    for row in of_month(queries.plan_trend(marts)):
        assert row["margin_after_ai_usd"] == plans[row["plan_id"]]["margin_after_ai_usd"]


def test_filters_choose_exactly(marts: ParquetMarts, sql: Any) -> None:
    found = queries.customers(marts, MONTH, ["starter", "pro"], ["at_risk", "underwater"])
    expected = sql(
        "select customer_id, cost_to_serve_usd from marts.cost_per_customer "
        "where usage_month = date '2026-10-01' and plan_id in ('starter', 'pro') "
        "and health in ('at_risk', 'underwater') order by cost_to_serve_usd desc, customer_id"
    )
    assert list(
        zip(found.column("customer_id"), found.column("cost_to_serve_usd"), strict=True)
    ) == (expected)
    assert queries.customers(marts, MONTH, ["' or 1 = 1 --"]).rows == ()


def test_since_when_a_customer_is_under_water(marts: ParquetMarts, sql: Any) -> None:
    for row in queries.underwater(marts, MONTH):
        under = {
            month
            for (month,) in sql(
                "select usage_month from marts.cost_per_customer where underwater_cause is "
                "not null "
                f"and customer_id = '{row['customer_id']}'"
            )
        }
        since = row["since_month"]
        assert since in under
        assert queries.previous_month(since) not in under
        while since < MONTH:
            since = queries.next_month(since)
            assert since in under


def test_concentration_is_of_customers_with_cost(marts: ParquetMarts, sql: Any) -> None:
    found = queries.concentration(marts, MONTH).first()
    costs = [
        cost
        for (cost,) in sql(
            "select cost_to_serve_usd from marts.cost_per_customer "
            "where usage_month = date '2026-10-01' and not is_internal "
            "and customer_id not like '\\_\\_%' escape '\\' and cost_to_serve_usd > 0 "
            "order by 1 desc"
        )
    ]
    assert found["customers"] == len(costs)
    assert found["cost_usd"] == sum(costs)
    assert found["top_1_percent_cost_usd"] == sum(costs[: -(-len(costs) // 100)])
    assert found["top_10_percent_cost_usd"] == sum(costs[: -(-len(costs) // 10)])


def test_requests_are_counted_and_summed_exactly(marts: ParquetMarts, sql: Any) -> None:
    chosen = queries.RequestFilter(MONTH, date(2026, 10, 8), feature="chat_assistant", only="waste")
    found = queries.request_totals(marts, chosen).first()
    expected = sql(
        "select count(*), sum(effective_cost_usd) from marts.cost_per_request "
        "where usage_date between date '2026-10-01' and date '2026-10-07' "
        "and feature_id = 'chat_assistant' and is_waste"
    )
    assert [(found["attempts"], found["cost_usd"])] == expected
    assert expected[0][0] > 0
    rows = queries.request_rows(marts, chosen, 5)
    assert len(rows) == 5
    assert rows.column("effective_cost_usd") == sorted(
        rows.column("effective_cost_usd"), reverse=True
    )


def test_percentiles_of_calls_are_costs_of_calls(marts: ParquetMarts, sql: Any) -> None:
    rows = [row for row in queries.model_unit_cost(marts, MONTH) if row["calls"] >= 20]
    few = [row for row in queries.model_unit_cost(marts, MONTH) if row["calls"] < 20]
    assert all(row["p95_call_cost_usd"] is None for row in few)
    top = rows[0]
    costs = sorted(
        cost
        for (cost,) in sql(
            "select effective_cost_usd from marts.cost_per_request "
            "where strftime(usage_date, '%Y-%m') = '2026-10' and effective_cost_usd is not null "
            f"and pnl_class in ('cogs', 'free_tier') and model = '{top['model']}' "
            f"and platform = '{top['platform']}'"
        )
    )
    assert top["p50_call_cost_usd"] == costs[-(-len(costs) * 50 // 100) - 1]
    assert top["p95_call_cost_usd"] == costs[-(-len(costs) * 95 // 100) - 1]


def test_what_if_nothing_changes_is_the_mart(marts: ParquetMarts) -> None:
    plans = {row["plan_id"]: row for row in queries.plans(marts, MONTH)}
    found = queries.what_if(marts, MONTH, [], 0, [])
    assert len(found) > 3
    for row in found:
        mart = plans[row.plan_id]
        assert row.margin_before_usd == row.margin_after_usd == mart["margin_after_ai_usd"]
        assert row.underwater_before == row.underwater_after == mart["underwater_customers"]


def test_what_if_all_else_stays_equal(marts: ParquetMarts, sql: Any) -> None:
    found = {row.plan_id: row for row in queries.what_if(marts, MONTH, ["o3"], 50, [("pro", -20)])}
    touched = dict(
        sql(
            "select coalesce(plan_id, '__no_plan__'), sum(effective_cost_usd) "
            "from marts.cost_per_request where strftime(usage_date, '%Y-%m') = '2026-10' "
            "and model = 'o3' and pnl_class in ('cogs', 'free_tier') "
            "and customer_id is not null group by all"
        )
    )
    assert len([name for name in found if touched.get(name)]) > 1
    for name, row in found.items():
        assert row.cost_after_usd - row.cost_before_usd == touched.get(name, D(0)) / 2
        kept = D("0.8") if name == "pro" else D(1)
        assert row.revenue_after_usd == row.revenue_before_usd * kept
    assert found["pro"].underwater_after >= found["pro"].underwater_before


def test_a_file_that_is_no_parquet_says_so(tmp_path: Path) -> None:
    (tmp_path / "cost_ledger.parquet").write_text("half written")
    with pytest.raises(MartsError, match="cannot be read"):
        ParquetMarts(tmp_path)


def test_a_mart_may_be_a_folder_of_files(exported: Path, tmp_path: Path) -> None:
    parts = tmp_path / "cost_per_request"
    parts.mkdir()
    for year in (2025, 2026):
        duckdb.execute(
            f"copy (from read_parquet('{exported / 'cost_per_request.parquet'}') "
            f"where year(usage_date) = {year}) to '{parts / str(year)}.parquet'"
        )
    whole = queries.RequestFilter(date(2025, 11, 1), date(2026, 11, 1))
    assert queries.request_totals(ParquetMarts(tmp_path), whole) == queries.request_totals(
        ParquetMarts(exported), whole
    )


# --- the folder ---------------------------------------------------------------------------------


def test_the_lock_names_no_host_and_holds_what_is_asked_for() -> None:
    lock = (DASHBOARD / "requirements.lock").read_text(encoding="utf-8")
    for word in ("://", "index-url", "find-links", "trusted-host"):
        assert word not in lock
    pins = re.findall(r"^\S+==\S+(?: ;[^\n]*)? \\\n    --hash=", lock, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^\S+==", lock, re.MULTILINE)) > 30
    for line in (DASHBOARD / "requirements.in").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, version = line.partition("==")
            assert re.search(
                rf"^{name}=={re.escape(version) if version else ''}", lock, re.MULTILINE
            )


def test_nothing_is_sent_anywhere() -> None:
    with (DASHBOARD / ".streamlit" / "config.toml").open("rb") as file:
        config = tomllib.load(file)
    assert config["browser"]["gatherUsageStats"] is False
    assert config["server"]["address"] == "127.0.0.1"
    for path in [*DASHBOARD.glob("*.py"), *DASHBOARD.glob("unit_economics/**/*.py")]:
        assert "http" not in path.read_text(encoding="utf-8"), path


def test_snowflake_gets_every_file_that_the_app_needs() -> None:
    project = yaml.safe_load((DASHBOARD / "snowflake.yml").read_text(encoding="utf-8"))
    (app,) = project["entities"].values()
    assert app["type"] == "streamlit"
    listed = {name.rstrip("/") for name in app["artifacts"]}
    assert {app["main_file"], "unit_economics", "settings.toml", "logo.svg"} <= listed
    for name in listed:
        assert (DASHBOARD / name).exists(), name
    environment = yaml.safe_load((DASHBOARD / "environment.yml").read_text(encoding="utf-8"))
    named = {re.split("[=<>]", line)[0] for line in environment["dependencies"]}
    imported = set()
    for path in [DASHBOARD / "app.py", *DASHBOARD.glob("unit_economics/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        imported |= set(re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE))
    assert {"streamlit", "altair", "pandas"} <= imported
    names = {"snowflake": "snowflake-snowpark-python"}
    for module in imported & {"streamlit", "altair", "pandas", "snowflake"}:
        assert names.get(module, module) in named, module
    # In the container runtime a pin that differs from the tested one would be another dashboard.
    lock = (DASHBOARD / "requirements.lock").read_text(encoding="utf-8")
    for line in (DASHBOARD / "requirements.txt").read_text(encoding="utf-8").splitlines():
        assert line.startswith("#") or f"\n{line} " in f"\n{lock}", line


# --- Superset -----------------------------------------------------------------------------------

BUNDLE = DASHBOARD / "superset" / "ai_unit_economics"
CONTRACTS = {
    model["name"]: {column["name"] for column in model["columns"]}
    for name in ("_marts.yml", "_ahead.yml")
    for model in yaml.safe_load((ROOT / "models" / "marts" / name).read_text(encoding="utf-8"))[
        "models"
    ]
}


def bundle(kind: str) -> dict[str, dict[str, Any]]:
    """Files of one folder of the bundle, by their uuid."""
    found = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((BUNDLE / kind).rglob("*.yaml"))
    ]
    by_uuid = {content["uuid"]: content for content in found}
    assert len(by_uuid) == len(found) > 0, f"{kind}: a uuid occurs twice"
    assert all(content["version"] == "1.0.0" for content in found)
    return by_uuid


def columns_of(expression: str) -> set[str]:
    """Column names in an SQL expression of a metric."""
    return set(re.findall(r"\b[a-z][a-z_0-9]+\b", re.sub(r"'[^']*'", "", expression)))


def test_the_superset_bundle_refers_to_itself_and_to_the_marts() -> None:
    metadata = yaml.safe_load((BUNDLE / "metadata.yaml").read_text(encoding="utf-8"))
    assert metadata["version"] == "1.0.0"
    assert metadata["type"] == "Dashboard"
    databases, datasets, charts = bundle("databases"), bundle("datasets"), bundle("charts")
    for dataset in datasets.values():
        assert dataset["database_uuid"] in databases
        contract = CONTRACTS[dataset["table_name"]]
        assert {column["column_name"] for column in dataset["columns"]} == contract
        assert dataset["main_dttm_col"] in contract
        for metric in dataset["metrics"]:
            assert columns_of(metric["expression"]) <= contract, metric["metric_name"]
    for chart in charts.values():
        dataset = datasets[chart["dataset_uuid"]]
        params = chart["params"]
        assert params["viz_type"] == chart["viz_type"]
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        used = [*params.get("metrics", []), *([params["metric"]] if "metric" in params else [])]
        assert set(used) <= metrics, chart["slice_name"]
        named = [*params.get("groupby", []), *params.get("all_columns", [])]
        named += [each["subject"] for each in params["adhoc_filters"]]
        named += [params["x_axis"]] if "x_axis" in params else []
        assert set(named) <= CONTRACTS[dataset["table_name"]], chart["slice_name"]
    (dashboard,) = bundle("dashboards").values()
    placed = {
        item["meta"]["uuid"]
        for item in dashboard["position"].values()
        if isinstance(item, dict) and item["type"] == "CHART"
    }
    assert placed == set(charts)
    for item in dashboard["position"].values():
        if isinstance(item, dict):
            assert all(child in dashboard["position"] for child in item.get("children", []))
            if item["type"] == "ROW":
                widths = [dashboard["position"][c]["meta"]["width"] for c in item["children"]]
                assert sum(widths) == 12


def test_no_superset_metric_averages() -> None:
    for dataset in bundle("datasets").values():
        for metric in dataset["metrics"]:
            expression = metric["expression"]
            assert "AVG" not in expression.upper(), metric["metric_name"]
            if metric["d3format"].endswith("%"):
                assert re.search(r"THEN SUM\(.*\) / SUM\(", expression), metric["metric_name"]
            for name in columns_of(expression):
                # a ratio, a percentile or a rate is never added up
                assert not name.endswith("_ratio") and not re.match(r"p\d+_|cost_per_", name)


def test_superset_metrics_give_the_figures_of_the_marts(demo_warehouse: Path) -> None:
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        for dataset in bundle("datasets").values():
            expressions = ", ".join(metric["expression"] for metric in dataset["metrics"])
            found = connection.execute(
                f"select {expressions} from marts.{dataset['table_name']}"
            ).fetchall()
            assert len(found) == 1
            assert found[0][0] is not None
        month = "from marts.ai_cogs_summary where usage_month = date '2026-10-01'"
        by_name = {
            metric["metric_name"]: metric["expression"]
            for dataset in bundle("datasets").values()
            if dataset["table_name"] == "ai_cogs_summary"
            for metric in dataset["metrics"]
        }
        ((own, marts_own),) = connection.execute(
            f"select {by_name['ai_cost_of_revenue']}, min(ai_cogs_and_free_tier_ratio) {month}"
        ).fetchall()
    assert own == pytest.approx(float(marts_own), abs=1e-6)


def test_the_superset_zip_holds_the_bundle(tmp_path: Path) -> None:
    target = tmp_path / "bundle.zip"
    done = subprocess.run(
        [sys.executable, str(DASHBOARD / "superset" / "build_zip.py"), str(target)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(target) as archive:
        names = set(archive.namelist())
    assert "ai_unit_economics/metadata.yaml" in names
    assert len(names) == len(list(BUNDLE.rglob("*.yaml")))
    text = "".join(path.read_text(encoding="utf-8") for path in BUNDLE.rglob("*.yaml"))
    assert not re.search(r"://[^@/\s]+:[^@/\s]+@", text), "a password in a connection"


# --- slow ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_if_is_the_marts_scenario(demo_warehouse: Path, tmp_path: Path) -> None:
    """The dashboard's what-if and price_change_impact, two ways to the same figures."""
    path = tmp_path / "copy.duckdb"
    shutil.copy(demo_warehouse, path)
    with duckdb.connect(str(path)) as connection:
        columns = connection.execute(
            "select string_agg(column_name || ' ' || data_type, ', ' order by ordinal_position) "
            "from information_schema.columns "
            "where table_schema = 'seeds' and table_name = 'ai_price_scenarios'"
        ).fetchall()[0][0]
        connection.execute(f"create table raw.scenarios ({columns})")
        connection.execute(
            "insert into raw.scenarios (scenario_id, kind, platform, model, multiplier, "
            "valid_from) "
            "values ('dearer', 'price_change', 'openai', 'o3', 1.4, date '2026-01-01')"
        )
    dbt = Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt(
        "run",
        "--select",
        "int_ai_prices__daily",
        "int_ai_scenario_months",
        "int_ai_scenario_costs",
        "price_change_impact",
        variables={"ai_price_scenarios_relation": "raw.scenarios"},
    )
    folder = tmp_path / "marts"
    folder.mkdir()
    with duckdb.connect(str(path), read_only=True) as connection:
        for name in (
            "price_change_impact",
            "cost_per_request",
            "cost_per_customer",
            "margin_by_plan",
        ):
            connection.execute(f"copy (from marts.{name}) to '{folder / name}.parquet'")
    marts = ParquetMarts(folder)
    scenario = {row["plan_id"]: row for row in queries.scenario_plans(marts, "dearer", MONTH)}
    own = {row.plan_id: row for row in queries.what_if(marts, MONTH, ["o3"], 40, [])}
    assert scenario.keys() == own.keys()
    for plan, row in scenario.items():
        assert row["cost_before_usd"] == own[plan].cost_before_usd
        # The mart rounds each price to 15 decimals, and there may be millions of tokens.
        assert abs(row["cost_after_usd"] - own[plan].cost_after_usd) < D("0.000001")
        assert row["underwater_after"] == own[plan].underwater_after


@pytest.mark.slow
def test_snowflake_gives_the_same_figures(
    exported: Path, fake_snowflake: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every query on a fake Snowflake and on the files that it was loaded from."""
    for file in exported.glob("*.parquet"):
        large = file.stem in ("cost_per_request", "cost_ledger", "cost_per_workflow_run")
        keep = "where usage_date between date '2026-10-05' and date '2026-10-11'" if large else ""
        duckdb.execute(f"copy (from read_parquet('{file}') {keep}) to '{tmp_path / file.name}'")
    for name, value in fake_snowflake.env.items():
        monkeypatch.setenv(name, value)
    load_raw.load(tmp_path, target="snowflake", schema="marts", quiet=True)
    connection = load_raw.open_snowflake()
    try:
        on_snowflake = SnowflakeMarts(connector_runner(connection), "marts")
        on_files = ParquetMarts(tmp_path)
        assert on_snowflake.names == on_files.names
        for name, query in QUERIES.items():
            given = (MONTH,) if name == "trust" else ARGUMENTS.get(name, ())
            assert query(on_snowflake, *given) == query(on_files, *given), name
        with pytest.raises(MartsError, match="No marts in elsewhere"):
            SnowflakeMarts(connector_runner(connection), "elsewhere")
        with pytest.raises(MartsError, match="names no schema"):
            SnowflakeMarts(connector_runner(connection), "marts; drop table x")
    finally:
        connection.close()


@pytest.mark.slow
def test_the_pages_in_a_real_browser(exported: Path, note: Any) -> None:
    python = DASHBOARD / ".venv" / "bin" / "python"
    if not python.exists():
        pytest.skip("dashboard/.venv is not there: run `make dashboard-setup`")
    if not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))):
        pytest.skip("no Chromium: install it (Debian: apt-get install chromium)")
    note("the dashboard in Chromium …")
    done = subprocess.run(
        [str(python), "-m", "pytest", "-q", "-c", "tests/pytest.ini", "tests"],
        cwd=DASHBOARD,
        env={**os.environ, "AI_DASHBOARD_TEST_MARTS": str(exported)},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout and "skipped" not in done.stdout
