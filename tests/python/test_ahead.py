"""Planted jumps, a month ahead and budgets on a company whose spend is otherwise steady.

Fifty days from September 1, 2026. Customer A takes about 2 million tokens of model x a day through
key kx (list 10 USD per million, billed 9), B 1 million of model y through ky (list and billed 20).
On October 10 the key kx takes three times its volume; on October 15 y is billed at 40.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from conftest import Dbt
from golden_company import VARIABLES, RawTables, query

D = Decimal
MILLION = 1_000_000
FIRST = date(2026, 9, 1)
VOLUME_DAY = date(2026, 10, 10)
PRICE_DAY = date(2026, 10, 15)
DAYS = [FIRST + timedelta(days=number) for number in range(50)]


def tokens_of_x(day: date) -> int:
    """Between 1.9 and 2.1 million by the day, three times that on the planted day."""
    usual = 2 * MILLION + (day.toordinal() % 3 - 1) * 100_000
    return 3 * usual if day == VOLUME_DAY else usual


def steady_company() -> RawTables:
    """The raw tables."""
    raw = RawTables()
    raw.price("x", "10")
    raw.price("y", "20")
    for customer in "AB":
        raw.add("customers", customer_id=customer, name=customer, is_internal=False)
    for day in DAYS:
        at = f"{day} 10:00"
        for model, customer, tokens, price in (
            ("x", "A", tokens_of_x(day), D(9)),
            ("y", "B", MILLION, D(40) if day == PRICE_DAY else D(20)),
        ):
            key = f"k{model}"
            raw.request(
                f"{key}-{day}",
                at,
                model,
                tokens,
                customer_id=customer,
                team="search" if model == "x" else "chat",
                api_key_id=key,
            )
            raw.usage(str(day), model, tokens, api_key_id=key)
            raw.bill(str(day), f"{model}, input", str(price * tokens / MILLION))
    return raw


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ahead")
    path = folder / "steady.duckdb"
    raw = steady_company()
    raw.add("budgets", budget_id="b1", team_id="search", amount_usd=D(500), owner="Ada")
    raw.add("budgets", budget_id="b2", team_id="idle", amount_usd=D(50), valid_from="2026-10-01")
    raw.write(path)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    variables = VARIABLES | {
        "ai_request_sources": ["app"],
        "ai_as_of_date": str(DAYS[-1]),
    }
    marts = ("cost_anomalies", "spend_forecast", "spend_by_team")
    dbt(
        *("build", "--exclude-resource-types", "test", "unit_test"),
        *("--select", *(f"+{mart}" for mart in marts)),
        variables=variables,
    )
    dbt(
        *("test", "--exclude-resource-types", "unit_test"),
        *("--select", *marts, "int_ai_spend__daily"),
        *("--indirect-selection", "buildable"),
        variables=variables,
    )
    return path


def test_planted_jumps_are_found_with_their_cause_and_nothing_else_is(warehouse: Path) -> None:
    found = query(
        warehouse,
        "select usage_date, dimension, platform, dimension_value, cause from marts.cost_anomalies "
        "where dimension <> 'feature' order by all",
    )
    assert found == [
        (VOLUME_DAY, "api_key", "openai", "kx", "volume"),
        (VOLUME_DAY, "customer", "all", "A", "volume"),
        (VOLUME_DAY, "model", "openai", "x", "volume"),
        (PRICE_DAY, "api_key", "openai", "ky", "unit_cost"),
        (PRICE_DAY, "customer", "all", "B", "unit_cost"),
        (PRICE_DAY, "model", "openai", "y", "unit_cost"),
    ]


def test_parts_of_the_planted_jumps_by_hand(warehouse: Path) -> None:
    found = query(
        warehouse,
        "select dimension_value, cost_usd, baseline_cost_usd, volume_effect_usd, "
        "unit_cost_effect_usd, other_effect_usd from marts.cost_anomalies "
        "where dimension = 'api_key' order by all",
    )
    volume = D(tokens_of_x(VOLUME_DAY)) * 9 / MILLION
    assert found == [
        ("kx", volume, D(18), volume - 18, D(0), D(0)),
        ("ky", D(40), D(20), D(0), D(20), D(0)),
    ]


def test_the_month_ends_where_the_weekdays_say(warehouse: Path) -> None:
    (row,) = query(
        warehouse,
        "select days_left, spend_to_date_usd, forecast_usd, backtest_months, forecast_low_usd "
        "from marts.spend_forecast where platform = 'all' and usage_month = '2026-10-01'",
    )
    days_left, spent, forecast, months, low = row
    # Every weekday sees each of the three volumes in five weeks or the middle one twice.
    assert (days_left, months, low) == (11, 0, None)
    october = [day for day in DAYS if day.month == 10]
    x_cost = sum((D(tokens_of_x(day)) * 9 / MILLION for day in october), D(0))
    assert spent == x_cost + 20 * len(october) + 20
    ahead = D(0)
    for number in range(1, 12):
        day = DAYS[-1] + timedelta(days=number)
        before = [day - timedelta(days=7 * week) for week in range(1, 8)]
        ahead += sorted(tokens_of_x(past) for past in [d for d in before if d in DAYS][:5])[2]
    assert forecast == spent + ahead * 9 / MILLION + 20 * 11
    # September had not been preceded by five weeks.
    assert query(
        warehouse,
        "select method from marts.spend_forecast where usage_month = '2026-09-01' "
        "and platform = 'all'",
    ) == [("too_little_history",)]


def test_budgets_of_teams_with_and_without_spend(warehouse: Path) -> None:
    found = query(
        warehouse,
        "select usage_month::varchar, team_id, total_cost_usd = 0, budget_usd, "
        "budgeted_cost_usd = total_cost_usd, budget_owner from marts.spend_by_team order by all",
    )
    assert found == [
        ("2026-09-01", "chat", False, None, None, None),
        ("2026-09-01", "search", False, D(500), True, "Ada"),
        ("2026-10-01", "chat", False, None, None, None),
        ("2026-10-01", "idle", True, D(50), True, None),
        ("2026-10-01", "search", False, D(500), True, "Ada"),
    ]
