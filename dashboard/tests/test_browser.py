"""The dashboard in a real browser, on the marts of the demo company."""

from __future__ import annotations

import csv
import io
import re
import shutil
import time
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest

from tests.tab import Tab

Marts = Callable[[str], list[tuple[Any, ...]]]
PAGES = {
    "": "Overview",
    "trust": "Trust",
    "plans": "Plans",
    "customers": "Customers",
    "whatif": "What if",
    "cost": "Cost",
    "unit": "Unit cost",
    "savings": "Savings",
    "forecast": "Forecast",
    "anomalies": "Anomalies",
    "requests": "Requests",
}
MONTH = "2026-10"
IN_MONTH = f"usage_month = date '{MONTH}-01'"


def usd(amount: Decimal) -> str:
    """An amount as a headline writes it; an own implementation, to compare with."""
    sign = "−" if amount < 0 else ""
    return f"{sign}${abs(amount).quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def share(part: Decimal, whole: Decimal) -> str:
    """A ratio of sums in percent."""
    return f"{(part * 100 / whole).quantize(Decimal('0.1'), ROUND_HALF_UP)} %"


def address_of(tab: Tab) -> dict[str, list[str]]:
    return parse_qs(urlsplit(tab.page.url).query)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_draws_its_charts_and_tables(dashboard: str, tab: Tab, path: str) -> None:
    tab.open(f"{dashboard}/{path}?month={MONTH}")
    assert tab.page.get_by_role("heading", level=1).inner_text().strip() == PAGES[path]
    assert tab.page.get_by_test_id("trust").inner_text().count("%") == 4
    assert tab.page.get_by_test_id("stDataFrame").count() >= 1
    if path != "requests":
        assert tab.page.get_by_test_id("stVegaLiteChart").count() >= 1
    tab.shoot(PAGES[path].lower().replace(" ", "_"))


@pytest.mark.parametrize("path", [path for path in PAGES if path != "requests"])
def test_every_chart_has_a_text_and_a_unit(dashboard: str, tab: Tab, path: str) -> None:
    tab.open(f"{dashboard}/{path}?month={MONTH}")
    for chart in tab.page.get_by_test_id("stVegaLiteChart").all():
        chart.locator("svg").first.wait_for(timeout=60_000)
        assert len(chart.get_attribute("aria-label") or "") > 20
        axes = chart.locator("[aria-roledescription=axis]").all()
        told = [axis.get_attribute("aria-label") or "" for axis in axes]
        amounts = [text for text in told if re.search(r"for a (linear|log) scale", text)]
        assert amounts, told
        for text in amounts:
            assert re.search(r"titled '[^']*(USD|÷)[^']*'", text), text


def test_a_chart_draws_the_figures_of_the_marts(dashboard: str, tab: Tab, marts: Marts) -> None:
    tab.open(f"{dashboard}/plans?month={MONTH}")
    chart = tab.page.get_by_test_id("stVegaLiteChart").first
    chart.locator("svg").first.wait_for(timeout=60_000)
    drawn = {
        label
        for bar in chart.locator("[aria-roledescription=bar]").all()
        for label in [bar.get_attribute("aria-label") or ""]
    }
    expected = marts(
        f"select plan_id, margin_after_ai_usd from margin_by_plan where {IN_MONTH} "
        "and margin_after_ai_usd is not null and plan_id not like '\\_\\_%' escape '\\'"
    )
    assert len(expected) > 3
    for plan, margin in expected:
        assert any(f"plan: {plan};" in text and usd(margin) in text for text in drawn), plan


def test_the_overview_shows_the_figures_of_the_marts(
    dashboard: str, tab: Tab, marts: Marts
) -> None:
    tab.open(f"{dashboard}/?month={MONTH}")
    revenue, cogs, free, margin = marts(
        "select net_revenue_usd, ai_cogs_usd, free_tier_cost_usd, "
        f"margin_after_ai_and_free_tier_usd from ai_cogs_summary where {IN_MONTH}"
    )[0]
    assert tab.metric("Net revenue") == usd(revenue)
    assert tab.metric("AI COGS") == usd(cogs)
    assert tab.metric("Free tier, USD") == usd(free)
    assert tab.metric("Margin after AI and free tier") == usd(margin) == usd(revenue - cogs - free)
    assert tab.metric("AI cost of revenue") == share(cogs + free, revenue)


def test_trust_shows_the_figures_of_the_marts(dashboard: str, tab: Tab, marts: Marts) -> None:
    tab.open(f"{dashboard}/trust?month={MONTH}")
    shown = tab.page.get_by_test_id("trust").inner_text()
    covered, billed = marts(
        "select sum(covered_usage_usd), sum(billed_usage_usd) from billing_reconciliation "
        f"where strftime(usage_date, '%Y-%m') = '{MONTH}'"
    )[0]
    assert f"{share(covered, billed)} metered" in shown
    owned, whole = marts(
        "select sum(effective_cost_usd) filter (is_attributed), sum(effective_cost_usd) "
        f"from attribution_coverage where dimension = 'customer' and {IN_MONTH}"
    )[0]
    assert f"{share(owned, whole)} attributed" in shown


def test_customers_shows_the_figures_of_the_marts(dashboard: str, tab: Tab, marts: Marts) -> None:
    tab.open(f"{dashboard}/customers?month={MONTH}&plan=starter")
    customers, cost, losing, lost = marts(
        "select count(*), sum(cost_to_serve_usd), count(underwater_cause), "
        "sum(margin_after_ai_usd) filter (underwater_cause is not null) "
        f"from cost_per_customer where plan_id = 'starter' and {IN_MONTH}"
    )[0]
    assert losing > 0
    assert tab.metric("Customers") == f"{customers:,}"
    assert tab.metric("AI cost to serve") == usd(cost)
    assert tab.metric("Under water") == str(losing)
    assert tab.metric("They lose us") == usd(lost)


def test_requests_shows_the_figures_of_the_marts(dashboard: str, tab: Tab, marts: Marts) -> None:
    tab.open(f"{dashboard}/requests?month={MONTH}&feature_is=chat_assistant&only=waste")
    attempts, cost = marts(
        "select count(*), sum(effective_cost_usd) from cost_per_request "
        "where feature_id = 'chat_assistant' and is_waste "
        f"and strftime(usage_date, '%Y-%m') = '{MONTH}'"
    )[0]
    assert tab.metric("Attempts") == f"{attempts:,}"
    assert tab.metric("Effective cost") == usd(cost)


def test_an_open_month_says_so(dashboard: str, tab: Tab) -> None:
    tab.open(f"{dashboard}/?month=2026-11")
    shown = tab.text()
    assert "Incomplete month" in shown
    assert "estimated: no bill confirms it yet" in shown
    assert "vs Oct" not in shown  # half a month beside a whole one
    assert tab.month() == "November 2026 (incomplete)"
    tab.shoot("open_month")


def test_filters_go_to_the_address_and_come_back(dashboard: str, tab: Tab, marts: Marts) -> None:
    tab.open(f"{dashboard}/cost?month={MONTH}")
    everything = tab.metric("Effective cost, USD")
    box = tab.page.get_by_test_id("stMultiSelect").get_by_role("combobox").first
    box.click()
    box.fill("chat_assistant")
    box.press("Enter")
    tab.page.keyboard.press("Escape")
    tab.page.wait_for_url(re.compile("feature=chat_assistant"))
    tab.settle()
    chosen = tab.metric("Effective cost of these, USD")
    cost = marts(
        "select total_cost_usd from cost_per_feature "
        f"where feature_id = 'chat_assistant' and {IN_MONTH}"
    )[0][0]
    assert chosen == usd(cost) != everything
    # The address alone is enough for somebody else to see the same.
    tab.open(tab.page.url)
    assert tab.metric("Effective cost of these, USD") == chosen
    # Taking the filter out takes it out of the address.
    tab.page.get_by_test_id("stMultiSelect").get_by_role("combobox").first.press("Backspace")
    tab.page.wait_for_url(re.compile(r"^(?!.*feature=)"))
    tab.settle()
    assert "feature" not in address_of(tab)
    assert tab.metric("Effective cost, USD") == everything


def test_the_month_goes_along_to_the_next_page(dashboard: str, tab: Tab, marts: Marts) -> None:
    tab.open(f"{dashboard}/?month=2026-08")
    tab.page.get_by_test_id("stSidebarNav").get_by_text("Plans", exact=True).click()
    tab.page.wait_for_url(re.compile(r"/plans"))
    tab.settle()
    assert address_of(tab)["month"] == ["2026-08"]
    assert tab.month() == "August 2026"


def test_an_unknown_value_in_the_address_is_left_out(dashboard: str, tab: Tab) -> None:
    tab.open(f"{dashboard}/customers?month=1999-01&plan=no_such_plan")
    assert tab.month() == "October 2026"
    assert tab.metric("Customers") != "0"


def test_nothing_that_matches_says_so(dashboard: str, tab: Tab) -> None:
    tab.open(f"{dashboard}/requests?month={MONTH}&customer=nobody")
    assert tab.metric("Attempts") == "0"
    assert "No requests match" in tab.text()
    # In an open month no customer has a health.
    tab.open(f"{dashboard}/customers?month=2026-11&health=healthy")
    assert "No customers match" in tab.text()
    tab.shoot("nothing_matches")


def test_the_csv_holds_all_digits_of_the_mart(dashboard: str, tab: Tab, marts: Marts) -> None:
    tab.open(f"{dashboard}/plans?month={MONTH}")
    with tab.page.expect_download() as waiting:
        tab.page.get_by_test_id("stDownloadButton").get_by_role("button").first.click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    rows = {row["plan_id"]: row for row in csv.DictReader(io.StringIO(text))}
    expected = marts(
        f"select plan_id, total_cost_usd, margin_after_ai_usd from margin_by_plan where {IN_MONTH}"
    )
    assert len(rows) == len(expected) > 3
    for plan, cost, margin in expected:
        assert Decimal(rows[plan]["total_cost_usd"]) == cost
        told = rows[plan]["margin_after_ai_usd"]
        assert (Decimal(told) if told else None) == margin


def test_a_request_opens_with_its_parts(dashboard: str, tab: Tab, marts: Marts) -> None:
    tab.open(f"{dashboard}/requests?month={MONTH}&day={MONTH}-07&model_is=claude-sonnet-4-5")
    request, cost = marts(
        "select request_id, metered_cost_usd from cost_per_request "
        f"where usage_date = date '{MONTH}-07' and model = 'claude-sonnet-4-5' "
        "order by effective_cost_usd desc nulls last, request_key limit 1"
    )[0]
    grid = tab.page.get_by_test_id("stDataFrame").first.bounding_box()
    assert grid is not None
    tab.page.mouse.click(grid["x"] + 18, grid["y"] + 52)
    tab.page.get_by_text("Metered cost by price class").wait_for(timeout=15_000)
    tab.settle()
    shown = tab.text()
    assert request in shown
    assert f"${cost.quantize(Decimal('0.000001'), ROUND_HALF_UP)}" in shown
    tab.shoot("request")


def test_other_prices_change_the_margin(dashboard: str, tab: Tab, marts: Marts) -> None:
    tab.open(f"{dashboard}/whatif?month={MONTH}&plan_price=%2B10")
    revenue, cost = marts(
        "select sum(net_revenue_usd), sum(ai_cogs_usd + free_tier_cost_usd) from margin_by_plan "
        f"where {IN_MONTH} and plan_id not in ('__unattributed__', '__shared__', '__internal__')"
    )[0]
    assert tab.metric("Margin of plans before") == usd(revenue - cost)
    assert tab.metric("Margin of plans after") == usd(revenue * 11 / 10 - cost)
    assert tab.metric("AI cost of plans, change") == "$0.00"


@pytest.fixture(scope="module")
def few_marts(marts_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the scenario pre_revenue leaves on."""
    folder = tmp_path_factory.mktemp("few")
    for name in (
        "spend_by_provider_model",
        "cost_ledger",
        "attribution_coverage",
        "billing_reconciliation",
        "billing_variance_causes",
        "spend_forecast",
        "cost_anomalies",
    ):
        shutil.copy(marts_dir / f"{name}.parquet", folder)
    return folder


def test_a_scenario_with_marts_off_has_clear_lines(few_marts: Path, tab: Tab) -> None:
    off = {
        "plans": "margin_by_plan",
        "customers": "cost_per_customer",
        "whatif": "margin_by_plan",
        "cost": "cost_per_feature",
        "unit": "cost_per_feature",
        "requests": "cost_per_request",
    }
    with tab.served(few_marts) as address:
        for path, title in PAGES.items():
            tab.open(f"{address}/{path}?month={MONTH}")
            assert tab.page.get_by_role("heading", level=1).inner_text().strip() == title
            if path in off:
                assert f"The mart {off[path]} is not among these marts" in tab.text(), path
            else:
                assert "is not among these marts" not in tab.text(), path
            tab.check()
        tab.open(f"{address}/?month={MONTH}")
        assert tab.metric("AI cost, USD").startswith("$")
        tab.shoot("marts_off")


def test_empty_marts_say_that_they_are_empty(marts_dir: Path, tmp_path: Path, tab: Tab) -> None:
    for file in marts_dir.glob("*.parquet"):
        duckdb.execute(
            f"copy (select * from read_parquet('{file}') limit 0) to '{tmp_path / file.name}'"
        )
    with tab.served(tmp_path) as address:
        tab.open(address)
        assert "no month with any cost yet" in tab.text()


def test_only_the_months_without_other_rows(marts_dir: Path, tmp_path: Path, tab: Tab) -> None:
    for file in marts_dir.glob("*.parquet"):
        keep = "" if file.stem == "ai_cogs_summary" else "limit 0"
        duckdb.execute(
            f"copy (select * from read_parquet('{file}') {keep}) to '{tmp_path / file.name}'"
        )
    (tmp_path / "spend_by_provider_model.parquet").unlink()
    with tab.served(tmp_path) as address:
        for path, title in PAGES.items():
            tab.open(f"{address}/{path}")
            assert tab.page.get_by_role("heading", level=1).inner_text().strip() == title
            tab.check()


def test_an_export_of_another_version_says_so(marts_dir: Path, tmp_path: Path, tab: Tab) -> None:
    for file in marts_dir.glob("*.parquet"):
        shutil.copy(file, tmp_path)
    source, target = marts_dir / "margin_by_plan.parquet", tmp_path / "margin_by_plan.parquet"
    duckdb.execute(
        f"copy (select * exclude (p95_customer_cost_usd) from read_parquet('{source}')) "
        f"to '{target}'"
    )
    with tab.served(tmp_path) as address:
        tab.open(f"{address}/plans?month={MONTH}")
        assert "of different versions: export again" in tab.text()


def test_a_folder_without_marts_says_what_to_do(tmp_path: Path, tab: Tab) -> None:
    with tab.served(tmp_path) as address:
        tab.open(address)
        assert "make dashboard" in tab.text()


def test_the_next_export_shows_without_a_restart(marts_dir: Path, tmp_path: Path, tab: Tab) -> None:
    current = tmp_path / "current"
    for run, factor in (("a", 1), ("b", 2)):
        (tmp_path / run).mkdir()
        for file in marts_dir.glob("*.parquet"):
            shutil.copy(file, tmp_path / run)
        summary = tmp_path / run / "ai_cogs_summary.parquet"
        duckdb.execute(
            f"copy (select * replace (net_revenue_usd * {factor} as net_revenue_usd) "
            f"from read_parquet('{marts_dir / summary.name}')) to '{summary}'"
        )
        (tmp_path / run / "manifest.json").write_text(f'{{"run": "{run}"}}')
    current.symlink_to("a")
    with tab.served(current) as address:
        tab.open(f"{address}/?month={MONTH}")
        before = tab.metric("Net revenue")
        link = tmp_path / "link"
        link.symlink_to("b")
        link.replace(current)
        shutil.rmtree(tmp_path / "a")
        tab.open(f"{address}/?month={MONTH}")
        assert tab.metric("Net revenue") != before


def test_the_first_paint_is_quick(dashboard: str, tab: Tab) -> None:
    """Seconds to the overview's figures in a tab that has never seen it; printed, loosely bound."""
    tab.open(f"{dashboard}/?month={MONTH}")
    started = time.perf_counter()
    tab.page.goto(f"{dashboard}/?month={MONTH}")
    tab.page.get_by_test_id("stMetricValue").first.wait_for(timeout=60_000)
    seconds = time.perf_counter() - started
    print(f"first figures after {seconds:.2f} s")
    assert seconds < 30
