"""Every number of the worked company, from raw tables to marts, to the last digit."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import Dbt
from golden_company import VARIABLES, golden_company, query

D = Decimal


@dataclass(frozen=True)
class Company:
    """A built warehouse."""

    dbt: Dbt
    path: Path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return query(self.path, sql)

    def one(self, sql: str) -> Any:
        """The only value of the only row."""
        ((value,),) = self.rows(sql)
        return value

    def by_key(self, sql: str) -> dict[Any, Any]:
        """The columns after the first by the first; a single one without its tuple."""
        return {row[0]: row[1] if len(row) == 2 else row[1:] for row in self.rows(sql)}


def built(
    tmp_path_factory: pytest.TempPathFactory, name: str, *, usage_report: bool = True, **extra: Any
) -> Company:
    folder = tmp_path_factory.mktemp(name)
    path = folder / "golden.duckdb"
    golden_company(usage_report).write(path)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt("build", "--exclude-resource-types", "unit_test", variables=VARIABLES | extra)
    return Company(dbt, path)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return built(tmp_path_factory, "golden")


@pytest.fixture(scope="module")
def without_usage_report(tmp_path_factory: pytest.TempPathFactory) -> Company:
    return built(
        tmp_path_factory,
        "golden_logs_only",
        usage_report=False,
        ai_usage_platforms=[],
        ai_focus_by_customer=True,
    )


# --- The ledger -----------------------------------------------------------------------------------


def test_factor_is_billed_over_reported(company: Company) -> None:
    assert company.rows(
        "select usage_date::varchar, model, reported_cost_usd, factor "
        "from intermediate.int_ai_line_factors where line_status = 'billed' order by all"
    ) == [
        ("2026-10-15", "x", D(200), D("0.9")),
        ("2026-10-16", "x", D(100), D("0.9")),
        ("2026-10-16", "y", D(40), D(1)),
    ]


def test_ledger_by_day_model_and_row_type(company: Company) -> None:
    ledger = company.rows(
        "select usage_date::varchar, model, ledger_row_type, sum(metered_cost_usd), "
        "sum(effective_cost_usd), sum(billed_cost_usd) from marts.cost_ledger group by all "
        "order by all"
    )
    assert ledger == [
        ("2026-10-15", "x", "request", D(180), D(162), D(162)),
        ("2026-10-15", "x", "unlogged", D(0), D(18), D(18)),
        ("2026-10-16", "x", "request", D(100), D(90), D(90)),
        ("2026-10-16", "y", "request", D(40), D(40), D(40)),
    ]


def test_ledger_is_the_bill(company: Company) -> None:
    assert company.rows(
        "select sum(billed_cost_usd), sum(effective_cost_usd) from marts.cost_ledger"
    ) == [(D(310), D(310))]
    assert company.one("select sum(amount__value::decimal(18, 2)) from raw.openai_costs") == D(310)


def test_rate_and_volume_of_one_day_cancel_out_and_are_both_told(company: Company) -> None:
    assert company.rows(
        "select usage_date::varchar, metered_cost_usd, billed_cost_usd, rate_variance_usd, "
        "unlogged_cost_usd, billed_cost_usd - metered_cost_usd, difference_usd, "
        "reconciliation_status from marts.billing_reconciliation order by all"
    ) == [
        ("2026-10-15", D(180), D(180), D(-18), D(18), D(0), D(0), "explained"),
        ("2026-10-16", D(140), D(130), D(-10), D(0), D(-10), D(0), "explained"),
    ]


def test_unlogged_spend_has_a_cause(company: Company) -> None:
    assert company.rows(
        "select variance_class, cost_status, pnl_class, effective_cost_usd from marts.cost_ledger "
        "where ledger_row_type = 'unlogged'"
    ) == [("missing_logs", "reconciled", "cogs", D(18))]


def test_ledger_by_profit_and_loss_class(company: Company) -> None:
    assert company.by_key(
        "select pnl_class, sum(effective_cost_usd) from marts.cost_ledger group by all"
    ) == {"cogs": D(243), "free_tier": D(38), "internal_opex": D(29)}


# --- FOCUS ----------------------------------------------------------------------------------------


def test_focus_is_the_ledger_in_other_words(company: Company) -> None:
    assert company.rows(
        "select x_Model, x_LedgerRowType, ConsumedUnit, sum(ConsumedQuantity), "
        "sum(PricingQuantity), sum(ListCost), sum(ContractedCost), sum(EffectiveCost), "
        "sum(BilledCost) "
        "from marts.focus_cost_and_usage group by all order by all"
    ) == [
        ("x", "request", "Tokens", D(28_000_000), D(28), D(280), D(280), D(252), D(252)),
        ("x", "unlogged", "Charges", D(1), D(1), D(18), D(18), D(18), D(18)),
        ("y", "request", "Tokens", D(2_000_000), D(2), D(40), D(40), D(40), D(40)),
    ]
    assert company.one("select count(x_CustomerId) from marts.focus_cost_and_usage") == 0


@pytest.mark.slow
def test_focus_can_be_by_customer(without_usage_report: Company) -> None:
    assert without_usage_report.by_key(
        "select x_CustomerId, sum(EffectiveCost) from marts.focus_cost_and_usage group by all"
    ) == {"A": D(200), "B": D(50), "F": D(40), "I": D(30), None: D(-10)}


# --- Effective cost -------------------------------------------------------------------------------


def test_effective_cost_by_customer(company: Company) -> None:
    assert company.by_key(
        "select customer_id, sum(effective_cost_usd) from marts.cost_per_request group by all"
    ) == {"A": D(180), "B": D(45), "F": D(38), "I": D(29)}


def test_effective_cost_of_a_follows_the_plan_of_the_instant(company: Company) -> None:
    assert company.by_key(
        "select plan_id, sum(effective_cost_usd) from marts.cost_per_request "
        "where customer_id = 'A' group by all"
    ) == {"pro": D(126), "scale": D(54)}


def test_every_request_is_priced_and_reconciled(company: Company) -> None:
    assert company.rows(
        "select pricing_status, cost_status, quantity_status, count(*) "
        "from marts.cost_per_request group by all"
    ) == [("priced", "reconciled", "exact", 8)]


# --- Customers, plans, company --------------------------------------------------------------------


def test_cost_per_customer(company: Company) -> None:
    assert company.by_key(
        "select customer_id, direct_cost_usd, fully_loaded_cost_usd, net_revenue_usd, "
        "margin_after_ai_usd, plan_id from marts.cost_per_customer "
        "where usage_month = date '2026-10-01'"
    ) == {
        "A": (D(180), D(180), D(199), D(19), "scale"),
        "B": (D(45), D(45), D(99), D(54), "pro"),
        "F": (D(38), D(38), D(0), D(-38), "free"),
        "I": (D(29), D(29), D(0), None, None),
        "__unattributed__": (D(18), D(18), D(0), None, None),
        "__shared__": (D(0), D(0), D(0), None, None),
    }
    assert company.one("select sum(fully_loaded_cost_usd) from marts.cost_per_customer") == D(310)


def test_margin_by_plan(company: Company) -> None:
    plans = company.by_key(
        "select plan_id, net_revenue_usd, ai_cogs_usd, free_tier_cost_usd, total_cost_usd, "
        "margin_after_ai_usd, customer_months, underwater_customers from marts.margin_by_plan "
        "where usage_month = date '2026-10-01'"
    )
    assert plans == {
        "pro": (D("148.5"), D(171), D(0), D(171), D("-22.5"), D("1.483871"), 0),
        "scale": (D("149.5"), D(54), D(0), D(54), D("95.5"), D("0.516129"), 0),
        "free": (D(0), D(0), D(38), D(38), D(-38), D(1), 0),
        "__internal__": (D(0), D(0), D(0), D(29), None, D(0), 0),
        "__unattributed__": (D(0), D(18), D(0), D(18), None, D(0), 0),
        "__shared__": (D(0), D(0), D(0), D(0), None, D(0), 0),
        "__no_plan__": (D(0), D(0), D(0), D(0), D(0), D(0), 0),
    }
    # Revenue x 31 days x requests / (customer-days x cost): 148.5 x 31 x 3 / (46 x 171) and
    # 149.5 x 31 x 1 / (16 x 54).
    assert company.by_key(
        "select plan_id, breakeven_requests_per_customer from marts.margin_by_plan "
        "where plan_id in ('pro', 'scale', 'free') and usage_month = date '2026-10-01'"
    ) == {"pro": D("1.755721"), "scale": D("5.364005"), "free": None}
    # 46/31 and 16/31 at six digits, half away from zero.
    assert plans["pro"][5] == round(D(46) / D(31), 6)
    assert plans["scale"][5] == round(D(16) / D(31), 6)


def test_spread_of_cost_inside_a_plan(company: Company) -> None:
    """Pro has A with 126 and B with 45; one percent of two customers is one."""
    share = round(D(126) / D(171), 6)
    assert company.by_key(
        "select plan_id, p50_customer_cost_usd, p95_customer_cost_usd, p99_customer_cost_usd, "
        "top_1_percent_share_of_cost_ratio, top_10_percent_share_of_cost_ratio "
        "from marts.margin_by_plan where plan_id in ('pro', 'scale', '__unattributed__') "
        "and usage_month = date '2026-10-01'"
    ) == {
        "pro": (D(45), D(126), D(126), share, share),
        "scale": (D(54), D(54), D(54), D(1), D(1)),
        "__unattributed__": (None, None, None, None, None),
    }


def test_cost_per_seat_of_customers(company: Company) -> None:
    """One seat each, and no users in the log."""
    assert company.by_key(
        "select customer_id, billed_seats, cost_per_billed_seat_usd, cost_per_active_seat_usd "
        "from marts.cost_per_customer where usage_month = date '2026-10-01'"
    ) == {
        "A": (D(1), D(180), None),
        "B": (D(1), D(45), None),
        "F": (D(1), D(38), None),
        "I": (None, None, None),
        "__unattributed__": (None, None, None),
        "__shared__": (None, None, None),
    }


def test_plans_sum_to_ledger_and_company_revenue(company: Company) -> None:
    assert company.rows(
        "select sum(total_cost_usd), sum(net_revenue_usd), sum(underwater_customers) "
        "from marts.margin_by_plan where usage_month = date '2026-10-01'"
    ) == [(D(310), D(298), 0)]


def test_ai_cogs_summary(company: Company) -> None:
    assert company.rows(
        "select total_cost_usd, ai_cogs_usd, free_tier_cost_usd, internal_opex_cost_usd, "
        "rnd_cost_usd, net_revenue_usd, margin_after_ai_usd, margin_after_ai_and_free_tier_usd, "
        "cash_cost_usd, estimated_cost_usd, is_period_complete from marts.ai_cogs_summary "
        "where usage_month = date '2026-10-01'"
    ) == [(D(310), D(243), D(38), D(29), D(0), D(298), D(55), D(17), D(310), D(0), True)]


def test_ai_cogs_ratio(company: Company) -> None:
    assert company.one(
        "select ai_cogs_ratio from marts.ai_cogs_summary where usage_month = date '2026-10-01'"
    ) == round(D(243) / D(298), 6)


def test_health_of_a_closed_month(company: Company) -> None:
    assert company.by_key(
        "select customer_id, ai_cost_ratio, health from marts.cost_per_customer "
        "where usage_month = date '2026-10-01'"
    ) == {
        "A": (round(D(180) / D(199), 6), "at_risk"),
        "B": (round(D(45) / D(99), 6), "watch"),
        "F": (None, "no_revenue"),
        "I": (None, None),
        "__unattributed__": (None, None),
        "__shared__": (None, None),
    }


# --- Policies move money between rows, never a total ----------------------------------------------


def test_unattributed_spend_shared_out_over_paying_customers(
    company: Company, tmp_path: Path
) -> None:
    path = Path(shutil.copy(company.path, tmp_path))
    dbt = Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt(
        "run",
        *("--select", "int_ai_unattributed_allocation", "cost_per_customer", "margin_by_plan"),
        variables=VARIABLES | {"ai_unattributed_policy": "proportional_cost"},
    )
    shared_out = Company(dbt, path)
    assert shared_out.by_key(
        "select customer_id, allocated_shared_cost_usd, fully_loaded_cost_usd, "
        "margin_after_ai_usd from marts.cost_per_customer where usage_month = date '2026-10-01'"
    ) == {
        "A": (D("14.4"), D("194.4"), D(19)),
        "B": (D("3.6"), D("48.6"), D(54)),
        "F": (D(0), D(38), D(-38)),
        "I": (D(0), D(29), None),
        "__unattributed__": (D(-18), D(0), None),
        "__shared__": (D(0), D(0), None),
    }
    assert shared_out.one("select sum(fully_loaded_cost_usd) from marts.cost_per_customer") == 310
    # The plans' margins are those of the company without the policy.
    plans = "select * from marts.margin_by_plan order by all"
    assert shared_out.rows(plans) == company.rows(plans)


# --- The plan of the month's end ------------------------------------------------------------------

PLANS = (
    "select plan_id, net_revenue_usd, total_cost_usd, ai_cogs_usd, margin_after_ai_usd, "
    "customers, customer_months from marts.margin_by_plan "
    "where usage_month = date '2026-10-01' and plan_id in ('pro', 'scale', 'free')"
)


def test_cost_and_revenue_of_the_month_follow_its_last_plan(
    company: Company, tmp_path: Path
) -> None:
    """A moves to Scale on the 16th: by default by the instant, under month_end all of October."""
    path = Path(shutil.copy(company.path, tmp_path))
    dbt = Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt(
        *("run", "--select", "int_ai_plan_attribution+", "int_ai_plan_months+"),
        variables=VARIABLES | {"ai_plan_attribution": "month_end"},
    )
    month_end = Company(dbt, path)
    assert company.by_key(PLANS) == {
        "pro": (D("148.5"), D(171), D(171), D("-22.5"), 2, D("1.483871")),
        "scale": (D("149.5"), D(54), D(54), D("95.5"), 1, D("0.516129")),
        "free": (D(0), D(38), D(0), D(-38), 1, D(1)),
    }
    assert month_end.by_key(PLANS) == {
        "pro": (D(99), D(45), D(45), D(54), 1, D(1)),
        "scale": (D(199), D(180), D(180), D(19), 1, D(1)),
        "free": (D(0), D(38), D(0), D(-38), 1, D(1)),
    }
    for unchanged in (
        "select sum(total_cost_usd), sum(net_revenue_usd), sum(ai_cogs_usd), "
        "sum(free_tier_cost_usd), sum(margin_after_ai_usd), sum(customer_months) "
        "from marts.margin_by_plan where usage_month = date '2026-10-01'",
        "select * from marts.cost_per_customer order by all",
        "select * from marts.ai_cogs_summary order by all",
        "select * from marts.cost_ledger order by all",
    ):
        assert month_end.rows(unchanged) == company.rows(unchanged)


def test_plan_attribution_of_an_unknown_word_is_an_error(tmp_path: Path) -> None:
    dbt = Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(tmp_path / "unused.duckdb")})
    result = dbt("parse", variables=VARIABLES | {"ai_plan_attribution": "month"}, check=False)
    assert not result.success
    assert "'month' is neither as_of_request nor month_end" in str(result.exception)


# --- No usage report: nothing tells volume from rate ----------------------------------------------


@pytest.mark.slow
def test_without_usage_report_the_factor_is_one(without_usage_report: Company) -> None:
    assert without_usage_report.rows(
        "select distinct factor from intermediate.int_ai_line_factors"
    ) == [(D(1),)]
    assert (
        without_usage_report.one(
            "select count(*) from marts.cost_per_request "
            "where effective_cost_usd <> metered_cost_usd"
        )
        == 0
    )


@pytest.mark.slow
def test_without_usage_report_the_difference_is_unlogged(without_usage_report: Company) -> None:
    assert without_usage_report.rows(
        "select usage_date::varchar, model, ledger_row_type, variance_class, effective_cost_usd "
        "from marts.cost_ledger where ledger_row_type <> 'request' order by all"
    ) == [("2026-10-16", "x", "unlogged", "unexplained", D(-10))]
    assert without_usage_report.by_key(
        "select usage_date::varchar, unlogged_cost_usd from marts.billing_reconciliation"
    ) == {"2026-10-15": D(0), "2026-10-16": D(-10)}


@pytest.mark.slow
def test_without_usage_report_the_ledger_is_still_the_bill(without_usage_report: Company) -> None:
    assert without_usage_report.rows(
        "select sum(billed_cost_usd), sum(effective_cost_usd) from marts.cost_ledger"
    ) == [(D(310), D(310))]
