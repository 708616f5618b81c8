"""What-if prices on the worked company: cost, margin and who goes under water, to the last digit.

Model x costs 10 USD per million tokens and is billed at 9, model y costs 20 and is billed at 20;
both prices are the company's own. In October customer A uses 14M tokens of x on Pro (revenue
49.50) and 6M on Scale (149.50), where it is at the end; B 5M of x on Pro (99); F 2M of x and 1M of
y on the free plan. So before any scenario A costs 126 + 54 of 199, B 45 of 99, F 38 of nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import Dbt
from golden_company import VARIABLES, golden_company, insert, opened, query, records

D = Decimal

COLUMNS = {
    "scenario_id": "varchar",
    "kind": "varchar",
    "platform": "varchar",
    "model": "varchar",
    "price_class": "varchar",
    "feature_id": "varchar",
    "plan_id": "varchar",
    "price_usd": "decimal(18, 9)",
    "multiplier": "decimal(18, 9)",
    "unit": "varchar",
    "to_platform": "varchar",
    "to_model": "varchar",
    "input_token_ratio": "decimal(12, 6)",
    "output_token_ratio": "decimal(12, 6)",
    "valid_from": "date",
    "valid_to": "date",
    "note": "varchar",
}


def change(scenario_id: str, model: str, **values: Any) -> dict[str, Any]:
    """A row of ai_price_scenarios; with a `to_model` it moves traffic, else it changes a price."""
    kind = "model_swap" if "to_model" in values else "price_change"
    row = {"scenario_id": scenario_id, "kind": kind, "platform": "openai", "model": model}
    return row | values


SCENARIOS = [
    change("x +60 %", "x", multiplier=D("1.6")),
    change("x to y", "x", to_model="y"),
    change("x to y, fewer tokens", "x", to_model="y", input_token_ratio=D("0.4")),
    change("x to gpt-4o", "x", to_model="gpt-4o"),
    change("x to gpt-9-foo", "x", to_model="gpt-9-foo"),
    change("x 30 on Pro", "x", plan_id="pro", price_usd=D(30), unit="1000000 tokens"),
    change("x +60 %, then as before", "x", multiplier=D("1.6"), valid_to="2026-10-16"),
    change("x +60 %, y half", "x", multiplier=D("1.6")),
    change("x +60 %, y half", "y", multiplier=D("0.5")),
    change("x as it is", "x", multiplier=D(1)),
    change("nobody uses it", "z", multiplier=D(2)),
]

# Cost after by (customer, plan), where it differs from BEFORE; None = unknown.
BEFORE = {("A", "pro"): "126", ("A", "scale"): "54", ("B", "pro"): "45", ("F", "free"): "38"}
REVENUE = {("A", "pro"): "49.5", ("A", "scale"): "149.5", ("B", "pro"): "99", ("F", "free"): "0"}
AFTER: dict[str, dict[tuple[str, str], str | None]] = {
    # 14M, 6M, 5M and 2M tokens at 10 x 1.6 x 0.9 = 14.4; F's y stays at 20.
    "x +60 %": {
        ("A", "pro"): "201.6",
        ("A", "scale"): "86.4",
        ("B", "pro"): "72",
        ("F", "free"): "48.8",
    },
    # The same tokens at 20, the price of y: nothing is known of a factor for them.
    "x to y": {
        ("A", "pro"): "280",
        ("A", "scale"): "120",
        ("B", "pro"): "100",
        ("F", "free"): "60",
    },
    "x to y, fewer tokens": {
        ("A", "pro"): "112",
        ("A", "scale"): "48",
        ("B", "pro"): "40",
        ("F", "free"): "36",
    },
    # At 2.50, the price of the book.
    "x to gpt-4o": {
        ("A", "pro"): "35",
        ("A", "scale"): "15",
        ("B", "pro"): "12.5",
        ("F", "free"): "25",
    },
    "x to gpt-9-foo": dict.fromkeys(BEFORE),
    # 14M and 5M tokens at 30 x 0.9.
    "x 30 on Pro": {("A", "pro"): "378", ("B", "pro"): "135"},
    # October 15 only: A's 10M on Pro, B's 5M and F's 2M.
    "x +60 %, then as before": {
        ("A", "pro"): "180",
        ("B", "pro"): "72",
        ("F", "free"): "48.8",
    },
    "x +60 %, y half": {
        ("A", "pro"): "201.6",
        ("A", "scale"): "86.4",
        ("B", "pro"): "72",
        ("F", "free"): "38.8",
    },
    "x as it is": {},
}
# Revenue above 0 and below cost, over all plans; A is counted on Scale, its last plan.
UNDERWATER_AFTER = {
    "x +60 %": {("A", "scale")},  # 288 of 199
    "x to y": {("A", "scale"), ("B", "pro")},  # 400 of 199, 100 of 99
    "x 30 on Pro": {("A", "scale"), ("B", "pro")},  # 432 of 199, 135 of 99
    "x +60 %, then as before": {("A", "scale")},  # 234 of 199
    "x +60 %, y half": {("A", "scale")},
}


@dataclass(frozen=True)
class Company:
    """A built warehouse."""

    dbt: Dbt
    path: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return query(self.path, sql)

    def analysis(self, name: str) -> list[dict[str, Any]]:
        """The rows of an analysis."""
        sql = next((self.dbt.target_path / "compiled").rglob(f"analyses/{name}.sql"))
        return records(self.path, sql.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("scenarios")
    path = folder / "golden.duckdb"
    golden_company().write(path)
    typed = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    with opened(path) as connection:
        connection.execute(f"create table raw.price_scenarios ({typed})")
        insert(connection, "raw.price_scenarios", SCENARIOS)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    variables = VARIABLES | {"ai_price_scenarios_relation": "raw.price_scenarios"}
    dbt(
        "build",
        *("--exclude-resource-types", "unit_test"),
        *("--select", "+price_change_impact", "+margin_by_plan", "+cost_ledger"),
        *("--indirect-selection", "cautious"),
        variables=variables,
    )
    dbt("compile", "--select", "price_change_by_plan", variables=variables)
    return Company(dbt, path)


def after(scenario: str, key: tuple[str, str]) -> Decimal | None:
    """Cost after the scenario, as worked out above."""
    value = AFTER[scenario].get(key, BEFORE[key])
    return None if value is None else D(value)


def test_only_scenarios_that_change_traffic_have_rows(company: Company) -> None:
    assert company.rows(
        "select scenario_id, count(*), min(usage_month)::varchar, max(usage_month)::varchar "
        "from marts.price_change_impact group by all order by all"
    ) == [(scenario, 4, "2026-10-01", "2026-10-01") for scenario in sorted(AFTER)]


@pytest.mark.parametrize("scenario", AFTER)
def test_cost_and_margin_by_customer_and_plan(company: Company, scenario: str) -> None:
    found = company.rows(
        "select customer_id, plan_id, net_revenue_usd, cost_before_usd, cost_after_usd, "
        "cost_change_usd, margin_before_usd, margin_after_usd from marts.price_change_impact "
        f"where scenario_id = '{scenario}' order by all"
    )
    expected = []
    for key, before in BEFORE.items():
        revenue, cost, new = D(REVENUE[key]), D(before), after(scenario, key)
        rise, margin = (None, None) if new is None else (new - cost, revenue - new)
        expected.append((*key, revenue, cost, new, rise, revenue - cost, margin))
    assert found == expected


@pytest.mark.parametrize("scenario", AFTER)
def test_who_goes_under_water(company: Company, scenario: str) -> None:
    found = company.rows(
        "select customer_id, plan_id, is_underwater_before, is_underwater_after "
        f"from marts.price_change_impact where scenario_id = '{scenario}' order by all"
    )
    under = UNDERWATER_AFTER.get(scenario, set())
    # Without a price for the other model nobody knows; F has no revenue and is never under water.
    unknown = {("A", "scale"), ("B", "pro")} if scenario == "x to gpt-9-foo" else set()
    assert found == [
        (*key, False, None if key in unknown else key in under) for key in sorted(BEFORE)
    ]


def test_before_is_what_the_other_marts_say(company: Company) -> None:
    """Scenarios start from the very costs, revenues and losses that the other marts show."""
    assert company.rows(
        "select plan_id, sum(cost_before_usd), sum(net_revenue_usd), "
        "count(*) filter (is_underwater_before) from marts.price_change_impact "
        "where scenario_id = 'x +60 %' group by all order by all"
    ) == company.rows(
        "select plan_id, ai_cogs_usd + free_tier_cost_usd, net_revenue_usd, underwater_customers "
        "from marts.margin_by_plan where plan_id in ('pro', 'scale', 'free') "
        "and usage_month = date '2026-10-01' order by all"
    )


def test_scenarios_change_no_other_mart(company: Company) -> None:
    assert company.rows(
        "select sum(effective_cost_usd), sum(billed_cost_usd) from marts.cost_ledger"
    ) == [(D(310), D(310))]


def test_analysis_by_plan(company: Company) -> None:
    found = {
        (row["scenario_id"], row["plan_id"]): row
        for row in company.analysis("price_change_by_plan")
    }
    assert set(found) == {(s, plan) for s in AFTER for plan in ("pro", "scale", "free")}
    pro = found["x to y", "pro"]
    assert (pro["customers"], pro["customers_with_unknown_cost"]) == (2, 0)
    assert (pro["cost_before_usd"], pro["cost_after_usd"]) == (D(171), D(380))
    assert (pro["margin_before_usd"], pro["margin_after_usd"]) == (D("-22.5"), D("-231.5"))
    assert pro["cost_change_ratio"] == D("1.222222")  # 209 / 171
    assert pro["margin_before_ratio"] == D("-0.151515")  # -22.50 / 148.50
    assert pro["revenue_rise_to_keep_margin_ratio"] == D("1.407407")  # 209 / 148.50
    assert (pro["underwater_before"], pro["underwater_after"]) == (0, 1)
    assert pro["newly_underwater"] == 1
    scale = found["x to y", "scale"]
    assert (scale["margin_before_usd"], scale["margin_after_usd"]) == (D("95.5"), D("29.5"))
    assert (scale["customers"], scale["newly_underwater"]) == (1, 1)
    free = found["x to y", "free"]
    assert (free["margin_after_usd"], free["margin_after_ratio"]) == (D(-60), None)
    unknown = found["x to gpt-9-foo", "pro"]
    assert unknown["customers_with_unknown_cost"] == 2
    assert (unknown["cost_before_usd"], unknown["cost_after_usd"]) == (D(171), None)
    assert (unknown["margin_after_usd"], unknown["underwater_after"]) == (None, None)
