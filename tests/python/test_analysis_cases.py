"""Analyses on a few rows whose answers are worked out by hand, to the last digit.

The marts that they read are written as they would be built; the SQL is the compiled analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import answer_questions
from conftest import Dbt
from golden_company import opened, records

D = Decimal
JUL, AUG, SEP, OCT, NOV = (f"2026-{month:02d}-01" for month in range(7, 12))

CHANGES: list[dict[str, Any]] = [
    {"change_id": "pro +20 %", "plan_id": "pro", "price_multiplier": 1.2},
    {"change_id": "all +50 %", "price_multiplier": 1.5},
    {"change_id": "10 requests", "max_requests": 10},
    {"change_id": "100 USD on pro", "plan_id": "pro", "max_cost_usd": 100},
    {"change_id": "pro cheaper", "plan_id": "pro", "price_multiplier": 0.8},
    {"change_id": "both", "price_multiplier": 1.2, "max_requests": 5},
]
VARIABLES = {"ai_plan_changes": CHANGES, "ai_underwater_months": [2, 3]}
ANALYSES = (
    "plan_change_by_customer",
    "repeatedly_underwater_customers",
    "unit_cost_drivers",
    "unit_cost_drivers_by_release",
)
TOKENS = [
    *("input_uncached", "input_cached", "cache_write_5m", "cache_write_1h", "cache_write_other"),
    *("input_audio", "input_image", "output", "output_audio", "output_image"),
]
TABLES = {
    "marts.cost_per_customer": (
        "usage_month date, customer_id varchar, plan_id varchar, is_internal boolean, "
        "net_revenue_usd decimal(38, 15), cost_to_serve_usd decimal(38, 15), "
        "margin_after_ai_usd decimal(38, 15), is_period_complete boolean"
    ),
    "marts.cost_per_request": (
        "usage_date date, requested_at timestamp, customer_id varchar, plan_id varchar, "
        "feature_id varchar, pnl_class varchar, request_source varchar, request_id varchar, "
        "effective_cost_usd decimal(38, 15)"
    ),
    "marts.cost_ledger": (
        "usage_date date, feature_id varchar, model varchar, ledger_row_type varchar, "
        "attempts bigint, effective_cost_usd decimal(38, 15), "
        + ", ".join(f"{name}_tokens bigint" for name in TOKENS)
    ),
    "marts.spend_by_provider_model": "usage_month date, is_period_complete boolean",
    "intermediate.int_ai_revenue__monthly": (
        "usage_month date, customer_id varchar, plan_id varchar, line_kind varchar, "
        "net_revenue_usd decimal(38, 15)"
    ),
    "intermediate.int_ai_requests__costed": (
        "usage_date date, feature_id varchar, model varchar, release varchar, "
        "prompt_version varchar, effective_cost_usd decimal(38, 15), "
        + ", ".join(f"{name}_tokens bigint" for name in TOKENS)
    ),
}
Rows = Sequence[dict[str, Any]]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The analyses, for a warehouse called `cases`."""
    folder = tmp_path_factory.mktemp("cases")
    dbt = Dbt(folder, env={"AI_DUCKDB_PATH": str(folder / "cases.duckdb")})
    dbt("compile", "--select", *ANALYSES, variables=VARIABLES)
    return answer_questions.compiled_analyses(dbt.target_path)


def answer(folder: Path, sql: str, tables: dict[str, Rows]) -> list[dict[str, Any]]:
    """The analysis's rows on these tables; those that are not given are empty."""
    path = folder / "cases.duckdb"
    with opened(path) as connection:
        connection.execute("create schema marts; create schema intermediate")
        for table, columns in TABLES.items():
            connection.execute(f"create table {table} ({columns})")
            for row in tables.get(table, []):
                marks = ", ".join("?" for _ in row)
                connection.execute(
                    f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values())
                )
    return records(path, sql)


def customer(
    month: str, name: str, revenue: int, cost: int, plan: str = "pro", **more: Any
) -> dict[str, Any]:
    """A row of cost_per_customer."""
    row = {
        "usage_month": month,
        "customer_id": name,
        "plan_id": plan,
        "is_internal": False,
        "net_revenue_usd": revenue,
        "cost_to_serve_usd": cost,
        "margin_after_ai_usd": revenue - cost,
        "is_period_complete": month != NOV,
    }
    return row | more


def attempt(number: int, name: str, cost: int, plan: str = "pro", **more: Any) -> dict[str, Any]:
    """A row of cost_per_request: request `number` of the month, an hour after the one before."""
    row = {
        "usage_date": "2026-10-05",
        "requested_at": f"2026-10-05 {number:02d}:00",
        "customer_id": name,
        "plan_id": plan,
        "feature_id": "agent",
        "pnl_class": "cogs",
        "request_source": "app",
        "request_id": f"{name}-{number}",
        "effective_cost_usd": cost,
    }
    return row | more


def revenue(name: str, kind: str, amount: int, plan: str = "pro") -> dict[str, Any]:
    """A row of int_ai_revenue__monthly."""
    return {
        "usage_month": OCT,
        "customer_id": name,
        "plan_id": plan,
        "line_kind": kind,
        "net_revenue_usd": amount,
    }


# P1 pays 100 and costs 150: 15 requests of 10. P2 pays 80 and 20 for use and costs 120: 6 of 20.
# P3 pays 100 and costs 90. S1, on another plan, pays 10 and costs 12: 12 of 1.
PLAN_COMPANY: dict[str, Rows] = {
    "marts.cost_per_customer": [
        customer(OCT, "P1", 100, 150),
        customer(OCT, "P2", 100, 120),
        customer(OCT, "P3", 100, 90),
        customer(OCT, "S1", 10, 12, "starter"),
        customer(OCT, "F", 0, 5, "free"),
        customer(OCT, "own", 1, 5, is_internal=True),
        customer(NOV, "P1", 1, 50),
        customer(OCT, "__unattributed__", 1, 50),
    ],
    "marts.cost_per_request": [
        # The first is a failure and its retry, which ran last of all.
        attempt(1, "P1", 4),
        attempt(1, "P1", 6, requested_at="2026-10-20 00:00"),
        *(attempt(number, "P1", 10) for number in range(2, 16)),
        *(attempt(number, "P2", 20) for number in range(1, 7)),
        *(attempt(number, "S1", 1, "starter") for number in range(1, 13)),
        attempt(0, "P1", 1000, pnl_class="rnd"),
        attempt(0, "P1", 1000, usage_date="2026-11-05"),
    ],
    "intermediate.int_ai_revenue__monthly": [
        revenue("P1", "subscription", 60),
        revenue("P1", "subscription", 40),
        revenue("P2", "subscription", 80),
        revenue("P2", "usage", 20),
        revenue("P3", "subscription", 100),
        revenue("S1", "subscription", 10, "starter"),
    ],
}

# (change, customer): refused requests, revenue, cost and margin after it, break-even price.
PLAN_ANSWERS = {
    ("pro +20 %", "P1"): (0, 120, 150, -30, "1.5"),
    ("pro +20 %", "P2"): (0, 116, 120, -4, "1.25"),  # 96 and the 20 for use
    ("all +50 %", "P1"): (0, 150, 150, 0, "1.5"),
    ("all +50 %", "P2"): (0, 140, 120, 20, "1.25"),
    ("all +50 %", "S1"): (0, 15, 12, 3, "1.2"),
    ("10 requests", "P1"): (5, 100, 100, 0, "1"),
    ("10 requests", "P2"): (0, 100, 120, -20, "1.25"),
    ("10 requests", "S1"): (2, 10, 10, 0, "1"),
    # The eleventh of P1 and the sixth of P2 would begin at 100.
    ("100 USD on pro", "P1"): (5, 100, 100, 0, "1"),
    ("100 USD on pro", "P2"): (1, 100, 100, 0, "1"),
    ("pro cheaper", "P1"): (0, 80, 150, -70, "1.5"),
    ("pro cheaper", "P2"): (0, 84, 120, -36, "1.25"),
    ("pro cheaper", "P3"): (0, 80, 90, -10, "0.9"),
    ("both", "P1"): (10, 120, 50, 70, "0.5"),
    ("both", "P2"): (1, 116, 100, 16, "1"),
    ("both", "S1"): (7, 12, 5, 7, "0.5"),
}


def test_who_stays_under_water_after_a_change_of_plan(
    compiled: dict[str, str], tmp_path: Path
) -> None:
    found = answer(tmp_path, compiled["plan_change_by_customer"], PLAN_COMPANY)
    assert {row["usage_month"] for row in found} == {date(2026, 10, 1)}
    assert {
        (row["change_id"], row["customer_id"]): (
            row["refused_requests"],
            row["net_revenue_after_usd"],
            row["cost_after_usd"],
            row["margin_after_usd"],
            row["break_even_price_ratio"],
        )
        for row in found
    } == {
        key: (refused, D(income), D(cost), D(margin), D(ratio))
        for key, (refused, income, cost, margin, ratio) in PLAN_ANSWERS.items()
    }
    assert len(found) == len(PLAN_ANSWERS)
    before = {"P1": D(-50), "P2": D(-20), "P3": D(10), "S1": D(-2)}
    for row in found:
        assert row["margin_before_usd"] == before[row["customer_id"]]
        assert row["is_underwater_before"] == (row["customer_id"] != "P3")
        assert row["is_underwater_after"] == (row["margin_after_usd"] < 0)


def test_changes_that_say_nothing_do_not_compile(tmp_path: Path) -> None:
    dbt = Dbt(tmp_path, env={"AI_DUCKDB_PATH": str(tmp_path / "cases.duckdb")})
    result = dbt(
        *("compile", "--select", "plan_change_by_customer"),
        variables={"ai_plan_changes": [{"change_id": "a", "price": 5}]},
        check=False,
    )
    assert not result.success
    assert "at least one of price_multiplier, max_requests, max_cost_usd" in str(result.exception)


def test_customers_under_water_in_two_of_three_months(
    compiled: dict[str, str], tmp_path: Path
) -> None:
    found = answer(
        tmp_path,
        compiled["repeatedly_underwater_customers"],
        {
            "marts.cost_per_customer": [
                # Twice of three times, and worth it.
                customer(AUG, "A", 10, 15),
                customer(SEP, "A", 30, 10),
                customer(OCT, "A", 10, 11, "scale"),
                # Twice, and gone since.
                customer(AUG, "B", 10, 12),
                customer(SEP, "B", 10, 13),
                # Once; once inside the window; never paid; once in a complete month.
                customer(OCT, "C", 10, 99),
                customer(JUL, "D", 10, 99),
                customer(AUG, "D", 10, 99),
                *(customer(month, "E", 0, 5) for month in (AUG, SEP, OCT)),
                customer(OCT, "F", 10, 99),
                customer(NOV, "F", 10, 99),
                *(customer(month, "__unattributed__", 1, 9) for month in (AUG, SEP, OCT)),
            ],
            "marts.cost_per_request": [
                attempt(1, "A", 3, usage_date="2026-08-03"),
                attempt(2, "A", 2, feature_id="chat"),
                attempt(3, "A", 2, feature_id="chat"),
                attempt(4, "A", 9, feature_id=None),
                attempt(5, "A", 9, feature_id="before", usage_date="2026-07-31"),
                attempt(6, "A", 9, feature_id="after", usage_date="2026-11-01"),
            ],
        },
    )
    names = (
        *("customer_id", "plan_id", "months_underwater", "months_with_revenue"),
        *("first_underwater_month", "last_underwater_month", "is_underwater_now"),
        *("net_revenue_usd", "cost_to_serve_usd", "margin_after_ai_usd", "loss_usd"),
        "top_feature_id",
    )
    august, september, october = (date(2026, month, 1) for month in (8, 9, 10))
    assert [tuple(row[name] for name in names) for row in found] == [
        ("A", "scale", 2, 3, august, october, True, D(50), D(36), D(14), D(-6), "chat"),
        ("B", "pro", 2, 2, august, september, False, D(20), D(25), D(-5), D(-5), None),
    ]


def used(
    month: str, release: str, attempts: int, tokens: int, cost: int, model: str = "m"
) -> list[dict[str, Any]]:
    """Costed attempts of a month, alike but for what is left over, which the first one has."""
    return [
        {
            "usage_date": month,
            "feature_id": "chat",
            "model": model,
            "release": release,
            "prompt_version": "p1",
            "input_uncached_tokens": tokens // attempts,
            "output_tokens": tokens % attempts if number == 0 else 0,
            "effective_cost_usd": D(cost) / attempts,
        }
        for number in range(attempts)
    ]


def ledger(month: str, cost: int, kind: str, **more: Any) -> dict[str, Any]:
    """A row of cost_ledger."""
    row = {
        "usage_date": month,
        "feature_id": "chat",
        "model": "m",
        "ledger_row_type": kind,
        "attempts": 0,
        "effective_cost_usd": cost,
    }
    return row | more


# Last month 10 attempts of 100 tokens at 10 USD on m, and 10 of 50 at 5 USD on old. This month r1
# as before; r2 three times as often, with twice the tokens, which cost half as much again; nothing
# on old. So attempts double, and m takes all of them.
USED = [
    *used(SEP, "r0", 10, 1000, 10),
    *used(SEP, "r0", 10, 500, 5, "old"),
    *used(OCT, "r1", 10, 1000, 10),
    *used(OCT, "r2", 30, 6000, 90),
]
DRIVERS: dict[tuple[str, str], tuple[str | int, str | int, tuple[str | int, ...]]] = {
    # previous, now: volume, mix, tokens, price, unlogged
    ("m", "r1"): ("2.5", 10, ("2.5", 5, 0, 0, 0)),
    ("m", "r2"): ("7.5", 90, ("7.5", 15, 30, 30, 0)),
    ("old", "(not used)"): (5, 0, (5, -10, 0, 0, 0)),
    ("m", "(not logged)"): (1, 4, (0, 0, 0, 0, 3)),
}
EFFECTS = [f"{name}_effect_usd" for name in ("volume", "mix", "tokens", "price", "unlogged")]


def drivers_company() -> dict[str, Rows]:
    """The month of DRIVERS, as the ledger and the costed requests have it."""
    logged = [
        ledger(
            row["usage_date"],
            row["effective_cost_usd"],
            "request",
            model=row["model"],
            attempts=1,
            input_uncached_tokens=row["input_uncached_tokens"],
            output_tokens=row["output_tokens"],
        )
        for row in USED
    ]
    return {
        "intermediate.int_ai_requests__costed": USED,
        "marts.cost_ledger": [
            *logged,
            ledger(SEP, 1, "unlogged"),
            ledger(OCT, 4, "unlogged"),
            ledger(OCT, 99, "tax"),
        ],
        "marts.spend_by_provider_model": [
            {"usage_month": month, "is_period_complete": True} for month in (SEP, OCT)
        ],
    }


def test_which_release_drove_the_change(compiled: dict[str, str], tmp_path: Path) -> None:
    found = answer(tmp_path, compiled["unit_cost_drivers_by_release"], drivers_company())
    assert {
        (row["model"], row["release"]): (
            row["previous_cost_usd"],
            row["cost_usd"],
            tuple(row[effect] for effect in EFFECTS),
        )
        for row in found
    } == {
        key: (D(before), D(now), tuple(D(effect) for effect in effects))
        for key, (before, now, effects) in DRIVERS.items()
    }
    for row in found:
        assert sum(row[effect] for effect in EFFECTS) == row["change_usd"]
    assert sum(row["change_usd"] for row in found) == D(104) - D(16)


def test_drivers_of_feature_and_model_by_hand(compiled: dict[str, str], tmp_path: Path) -> None:
    found = answer(tmp_path, compiled["unit_cost_drivers"], drivers_company())
    assert {row["model"]: tuple(row[effect] for effect in EFFECTS) for row in found} == {
        "m": (D(10), D(20), D(30), D(30), D(3)),
        "old": (D(5), D(-10), D(0), D(0), D(0)),
    }
