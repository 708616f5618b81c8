"""Revenue worked by hand, from raw lines through the dbt models to the marts, exactly."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from golden_company import opened, query
from revenue_cases import (
    BUSINESS_TABLES,
    CASES,
    REVENUE,
    VARIABLES,
    Case,
    build,
    line,
    line_id,
    on_plan,
    raw_tables,
)
from test_mutations import as_table

D = Decimal
Revenue = dict[Any, Decimal]

NUMBERED = list(enumerate(CASES, start=1))
IDS = [case.customer or "no-customer" for case in CASES]

# Revenue by month, customer and plan as the plan mart cuts it, but of one customer.
BY_CUSTOMER_AND_PLAN = """
    select strftime(date_trunc('month', revenue_date), '%Y-%m'),
        coalesce(customer_id, '__unattributed__'),
        case
            when customer_id in (
                select customer_id from intermediate.int_ai_customers where is_internal
            ) then '__internal__'
            else coalesce(
                plan_id,
                case when customer_id is null then '__unattributed__' else '__no_plan__' end
            )
        end,
        sum(net_revenue_usd)
    from intermediate.int_ai_revenue__daily
    where revenue_date <= date '2026-11-30'
    group by all
"""


def without_zeros(amounts: Revenue) -> Revenue:
    return {key: amount for key, amount in amounts.items() if amount}


def summed(pairs: Iterable[tuple[Any, Decimal]]) -> Revenue:
    sums: Revenue = defaultdict(Decimal)
    for key, amount in pairs:
        sums[key] += amount
    return without_zeros(sums)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All cases, built once with the data tests of what was built."""
    path, _ = build(tmp_path_factory.mktemp("revenue_cases"), raw_tables(CASES))
    return path


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 30
    assert len({case.customer for case in CASES}) == len(CASES)


@pytest.mark.parametrize(("number", "case"), NUMBERED, ids=IDS)
def test_revenue_of_a_case(warehouse: Path, number: int, case: Case) -> None:
    found = {
        (month, plan): amount
        for month, customer, plan, amount in query(warehouse, BY_CUSTOMER_AND_PLAN)
        if customer == case.reported_as
    }
    expected = {key: D(amount) for key, amount in case.revenue.items()}
    print(f"{case.customer}: {sum(expected.values())} USD; {case.what}")
    assert without_zeros(found) == without_zeros(expected)
    assert set(expected) <= set(found)
    assert all(isinstance(amount, Decimal) for amount in found.values())


@pytest.mark.parametrize(("number", "case"), NUMBERED, ids=IDS)
def test_months_of_a_customer(warehouse: Path, number: int, case: Case) -> None:
    mart = dict(
        query(
            warehouse,
            "select strftime(usage_month, '%Y-%m'), net_revenue_usd from marts.cost_per_customer "
            f"where customer_id = '{case.reported_as}'",
        )
    )
    expected = summed((month, D(amount)) for (month, _), amount in case.revenue.items())
    assert without_zeros(mart) == expected
    # A month with a plan has its row, also where it earns nothing.
    assert {month for month, _ in case.revenue} <= set(mart)


@pytest.mark.parametrize(("number", "case"), NUMBERED, ids=IDS)
def test_days_sum_to_the_net_line(warehouse: Path, number: int, case: Case) -> None:
    """In the currency of the line, today's and future days together."""
    days = dict(
        query(
            warehouse,
            "select line_id, sum(net_revenue_billing_currency) "
            "from intermediate.int_ai_revenue__daily group by all",
        )
    )
    lines = {
        line_id_: (recognition, net)
        for line_id_, recognition, net in query(
            warehouse,
            "select line_id, recognition, net_revenue_billing_currency "
            "from intermediate.int_ai_revenue__lines",
        )
    }
    for position, row in enumerate(case.lines, start=1):
        id_ = line_id(number, position)
        recognition, net = lines[id_]
        counted = recognition == "straight_line"
        assert days.get(id_) == (net if counted else None)
        # Of a refund only what goes beyond the credit notes of its invoice counts.
        if counted and row["line_kind"] != "refund":
            assert net == row["amount"] - row.get("discount_amount", D(0))
    later = query(
        warehouse,
        "select coalesce(sum(net_revenue_billing_currency), 0) "
        "from intermediate.int_ai_revenue__daily where revenue_date > date '2026-11-30' "
        f"and customer_id = '{case.customer}'",
    )
    assert later == [(D(case.later),)]


def test_company_is_the_sum_of_plans_and_of_customers(warehouse: Path) -> None:
    def by_month(mart: str) -> Revenue:
        rows = query(
            warehouse,
            "select strftime(usage_month, '%Y-%m'), sum(net_revenue_usd) "
            f"from marts.{mart} group by all",
        )
        return without_zeros(dict(rows))

    company = summed((month, D(amount)) for c in CASES for (month, _), amount in c.revenue.items())
    assert by_month("ai_cogs_summary") == company
    assert by_month("margin_by_plan") == company
    assert by_month("cost_per_customer") == company
    print(f"company: {sum(company.values())} USD in {len(company)} months")


def test_plans_of_all_cases(warehouse: Path) -> None:
    rows = query(
        warehouse,
        "select strftime(usage_month, '%Y-%m'), plan_id, net_revenue_usd from marts.margin_by_plan",
    )
    expected = summed((key, D(amount)) for case in CASES for key, amount in case.revenue.items())
    assert without_zeros({(month, plan): usd for month, plan, usd in rows}) == expected


def test_cost_follows_the_plan_of_the_instant(warehouse: Path) -> None:
    """Each request costs 1 USD: on the plan of its instant, in the class of that plan."""
    rows = query(
        warehouse,
        "select customer_id, strftime(usage_month, '%Y-%m'), plan_id, pnl_class, "
        "sum(effective_cost_usd) from intermediate.int_ai_ledger__customer_months "
        "where customer_id is not null group by all",
    )
    assert {row[:4]: row[4] for row in rows} == {
        ("formats-d", "2026-11", "pro", "cogs"): 1,
        ("formats-d", "2026-11", "scale", "cogs"): 1,
        ("upgrade", "2026-09", "pro", "cogs"): 1,
        ("upgrade", "2026-09", "scale", "cogs"): 1,
        ("upgrade", "2026-10", "scale", "cogs"): 1,
        ("downgrade", "2026-06", "scale", "cogs"): 1,
        ("downgrade", "2026-06", "pro", "cogs"): 1,
        ("free-to-paid", "2026-10", "free", "free_tier"): 1,
        ("free-to-paid", "2026-10", "pro", "cogs"): 2,
        ("paid-to-free", "2026-09", "pro", "cogs"): 1,
        ("paid-to-free", "2026-10", "free", "free_tier"): 1,
        ("trial", "2026-09", "pro", "free_tier"): 1,
        ("trial", "2026-09", "pro", "cogs"): 1,
        ("merged", "2026-10", "pro", "cogs"): 1,
        ("deleted", "2026-09", "pro", "cogs"): 1,
        ("internal", "2026-10", "pro", "internal_opex"): 1,
    }


def test_margins_of_customers(warehouse: Path) -> None:
    rows = query(
        warehouse,
        "select customer_id, strftime(usage_month, '%Y-%m'), margin_after_ai_usd, plan_id, "
        "plan_type from marts.cost_per_customer where customer_id in "
        "('upgrade', 'free-to-paid', 'paid-to-free', 'trial', 'merged', 'internal') "
        "and usage_month between '2026-09-01' and '2026-10-01'",
    )
    assert {row[:2]: row[2:] for row in rows} == {
        ("upgrade", "2026-09"): (D(228), "scale", "paid"),
        ("upgrade", "2026-10"): (D(309), "scale", "paid"),
        ("free-to-paid", "2026-09"): (D(0), "free", "free"),
        ("free-to-paid", "2026-10"): (D(45), "pro", "paid"),
        ("paid-to-free", "2026-09"): (D(98), "pro", "paid"),
        ("paid-to-free", "2026-10"): (D(-1), "free", "free"),
        ("trial", "2026-09"): (D(43), "pro", "paid"),
        ("merged", "2026-09"): (D(69), "pro", "paid"),
        ("merged", "2026-10"): (D(30), "pro", "paid"),
        ("internal", "2026-09"): (None, "pro", "internal"),
        ("internal", "2026-10"): (None, "pro", "internal"),
    }


def test_a_refund_that_counts_twice_breaks_the_invariant(warehouse: Path, tmp_path: Path) -> None:
    """-30 in place of the -20 that go beyond the credit note."""
    (compiled,) = warehouse.parent.glob(
        "dbt/target/compiled/**/assert_recognised_revenue_equals_net_lines.sql"
    )
    failures = f"select count(*) from ({compiled.read_text(encoding='utf-8')}) as failures"
    copy = Path(shutil.copy(warehouse, tmp_path))
    assert query(copy, failures) == [(0,)]
    (number,) = (number for number, case in NUMBERED if case.customer == "note-and-larger-refund")
    with opened(copy) as connection:
        connection.execute(
            f"{as_table('intermediate.int_ai_revenue__daily')}; "
            "update intermediate.int_ai_revenue__daily set net_revenue_billing_currency = -30 "
            f"where line_id = '{line_id(number, 3)}'"
        )
    assert query(copy, failures) == [(1,)]


# --- Warehouses of their own ----------------------------------------------------------------------


def test_missing_rate_is_null_and_fails(tmp_path: Path) -> None:
    """Never 1.0: the amount is unknown in USD, kept in its currency, and a data test fails."""
    case = Case("franc", "no rate for CHF", {}, [line("31", "2026-10-01", "2026-11-01")])
    case.lines[0]["currency"] = "CHF"
    path, dbt = build(tmp_path, raw_tables([case]), REVENUE, tests=False)
    result = dbt(
        *("test", "--select", "int_ai_revenue__daily_has_every_rate"),
        variables=VARIABLES,
        check=False,
    )
    assert [str(test.status) for test in result.result.results] == ["fail"]
    assert query(
        path,
        "select fx_status, sum(net_revenue_billing_currency), count(net_revenue_usd) "
        "from intermediate.int_ai_revenue__daily group by all",
    ) == [("missing_rate", D(31), 0)]


@pytest.mark.slow
def test_without_invoices_the_price_of_the_plan_is_the_revenue(tmp_path: Path) -> None:
    """mrr_proxy: price x active days / days of the month, told in revenue_basis."""
    cases = [
        # 99 / 30 = 3.3 a day, 10 days in September; 99 in October; not in November.
        Case(
            "proxy",
            "Pro from 21 September to the end of October",
            {("2026-09", "pro"): "33", ("2026-10", "pro"): "99"},
            subscriptions=[on_plan("pro", "2026-09-21", "2026-11-01")],
        ),
        Case(
            "proxy-upgrade",
            "15 days Pro and 15 days Scale in November",
            {("2026-11", "pro"): "49.5", ("2026-11", "scale"): "149.5"},
            subscriptions=[
                on_plan("pro", "2026-11-01", "2026-11-16"),
                on_plan("scale", "2026-11-16"),
            ],
        ),
        Case(
            "proxy-seats",
            "3 seats at 1 USD a day for 5 days of October",
            {("2026-10", "seat"): "15"},
            subscriptions=[on_plan("seat", "2026-10-01", "2026-10-06", seats=3)],
        ),
        Case(
            "proxy-euro",
            "2 EUR a day for 2 days of October at 1.1",
            {("2026-10", "euro"): "4.4"},
            subscriptions=[on_plan("euro", "2026-10-01", "2026-10-03")],
        ),
        Case(
            "proxy-trial",
            "a trial is worth nothing yet",
            {("2026-10", "pro"): "0"},
            subscriptions=[on_plan("pro", "2026-10-01", "2026-11-01", is_trial=True)],
        ),
    ]
    tables = [table for table in BUSINESS_TABLES if table not in ("revenue_lines", "credit_ledger")]
    path, _ = build(tmp_path, raw_tables(cases), REVENUE, tests=False, ai_business_tables=tables)
    assert query(path, "select distinct revenue_basis from intermediate.int_ai_revenue__daily") == [
        ("mrr_proxy",)
    ]
    found = {
        (customer, month, plan): amount
        for month, customer, plan, amount in query(path, BY_CUSTOMER_AND_PLAN)
    }
    assert found == {
        (case.customer, *key): D(amount) for case in cases for key, amount in case.revenue.items()
    }
