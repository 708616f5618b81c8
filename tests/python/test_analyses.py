"""Each analysis compiles, runs on the demo company, and has the columns that its text promises."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ROOT
from golden_company import query, records

ANALYSES = sorted(path.stem for path in (ROOT / "analyses").glob("*.sql"))

# Columns that make the answer; an analysis may have more.
COLUMNS = {
    "cache_hit_rate": "usage_month platform model input_tokens cache_hit_ratio change_ratio",
    "claude_code_spend": (
        "usage_month actor_id sessions tokens estimated_cost_usd estimate_in_ledger_usd "
        "estimate_under_seats_usd"
    ),
    "cost_concentration": (
        "usage_month customers total_cost_usd top_1_percent_share_of_cost_ratio "
        "top_10_percent_cost_usd top_10_percent_share_of_cost_ratio"
    ),
    "cost_per_request_by_feature_and_model": (
        "usage_month feature_id model requests cost_per_request_usd p50_request_cost_usd "
        "p95_request_cost_usd p99_request_cost_usd"
    ),
    "cost_per_seat": (
        "usage_month plan_id billed_seats active_seats cost_per_billed_seat_usd "
        "cost_per_active_seat_usd"
    ),
    "cost_per_successful_run": (
        "usage_month feature_id runs successful_runs cost_per_run_usd p50_run_cost_usd "
        "p95_run_cost_usd p99_run_cost_usd cost_per_success_usd"
    ),
    "coverage_by_month": (
        "usage_month coverage subject covered_usd total_usd coverage_ratio direct_ratio "
        "minimum_ratio coverage_status"
    ),
    "customer_cohorts": "cohort_month usage_month months_since_start cost_per_customer_usd",
    "do_we_need_unit_economics": (
        "section subject status share_of_requests_ratio share_of_cost_ratio finding "
        "next_step_rank next_step"
    ),
    "free_tier_cost": (
        "usage_month free_customers free_tier_cost_usd cost_per_free_customer_usd "
        "cost_per_conversion_usd"
    ),
    "plan_change_by_customer": (
        "usage_month change_id customer_id plan_id refused_requests net_revenue_after_usd "
        "cost_after_usd margin_after_usd break_even_price_ratio is_underwater_after"
    ),
    "price_change_by_plan": (
        "usage_month scenario_id plan_id cost_change_usd margin_after_usd newly_underwater"
    ),
    "reconciliation_causes": "usage_month platform cause cost_status billed_usd effective_usd",
    "repeatedly_underwater_customers": (
        "customer_id months_underwater first_underwater_month is_underwater_now loss_usd "
        "top_feature_id"
    ),
    "retry_waste": "usage_month feature_id status wasted_attempts waste_cost_usd",
    "spend_by_team_and_project": "usage_month team_id project_id cost_usd change_usd",
    "underwater_customers": (
        "customer_id net_revenue_usd cost_to_serve_usd margin_after_ai_usd underwater_since_month "
        "top_feature_id"
    ),
    "unit_cost_drivers": (
        "usage_month feature_id model change_usd volume_effect_usd mix_effect_usd "
        "tokens_effect_usd price_effect_usd unlogged_effect_usd"
    ),
    "unit_cost_drivers_by_release": (
        "usage_month feature_id model release prompt_version change_usd volume_effect_usd "
        "mix_effect_usd tokens_effect_usd price_effect_usd unlogged_effect_usd"
    ),
    "unmapped_evidence": (
        "dimension evidence platform match_value first_used_date last_used_date attempts "
        "cost_without_owner_usd share_of_cost_without_owner_ratio next_rule"
    ),
    "unpriced_models": "platform model_raw pricing_status tokens share_of_tokens_ratio",
}


# The demo company has no such report; test_provider_reports.py does.
OFF_ON_THE_DEMO = {"claude_code_spend"}


@pytest.fixture(scope="module")
def answers(demo_warehouse: Path, demo_analyses: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each analysis on the demo company."""
    return {
        name: records(demo_warehouse, demo_analyses[name])
        for name in sorted(set(ANALYSES) - OFF_ON_THE_DEMO)
    }


def test_every_analysis_is_described_and_checked_here() -> None:
    described = yaml.safe_load((ROOT / "analyses/_analyses.yml").read_text(encoding="utf-8"))
    assert sorted(entry["name"] for entry in described["analyses"]) == ANALYSES
    assert all("Does not include:" in entry["description"] for entry in described["analyses"])
    assert sorted(COLUMNS) == ANALYSES


@pytest.mark.parametrize("name", ANALYSES)
def test_analysis_opens_with_its_question_and_divides_by_macros_only(name: str) -> None:
    text = (ROOT / "analyses" / f"{name}.sql").read_text(encoding="utf-8")
    comment, _, sql = text.partition("-#}")
    assert comment.startswith("{#- Question: ")
    assert "How to read it: " in comment
    assert "/" not in sql


@pytest.mark.parametrize("name", sorted(set(ANALYSES) - OFF_ON_THE_DEMO))
def test_analysis_answers(name: str, answers: dict[str, list[dict[str, Any]]]) -> None:
    found = answers[name]
    assert found, f"{name} has no row on the demo company"
    assert set(COLUMNS[name].split()) <= set(found[0])
    for column in found[0]:
        values = [row[column] for row in found if row[column] is not None]
        if column.endswith(("_usd", "_ratio")):
            assert all(isinstance(value, Decimal) for value in values), column


def test_drivers_sum_to_the_change_of_the_ledger(
    answers: dict[str, list[dict[str, Any]]], demo_warehouse: Path
) -> None:
    effects = ("volume", "mix", "tokens", "price", "unlogged")
    changes: dict[Any, Decimal] = {}
    for row in answers["unit_cost_drivers"]:
        assert sum(row[f"{effect}_effect_usd"] for effect in effects) == row["change_usd"]
        assert row["cost_usd"] - row["previous_cost_usd"] == row["change_usd"]
        changes[row["usage_month"]] = (
            changes.get(row["usage_month"], Decimal(0)) + row["change_usd"]
        )
    months = query(
        demo_warehouse,
        """
        select usage_month, total_cost_usd, is_period_complete from marts.ai_cogs_summary
        order by usage_month
        """,
    )
    expected = {
        month: cost - previous
        for (_, previous, _), (month, cost, is_complete) in pairwise(months)
        if is_complete
    }
    assert changes == expected


def test_causes_sum_to_the_bill(
    answers: dict[str, list[dict[str, Any]]], demo_warehouse: Path
) -> None:
    billed = sum(row["billed_usd"] or Decimal(0) for row in answers["reconciliation_causes"])
    bill = query(demo_warehouse, "select sum(billed_cost_usd) from marts.billing_reconciliation")
    assert billed == bill[0][0]


def test_teams_and_projects_sum_to_the_ledger(
    answers: dict[str, list[dict[str, Any]]], demo_warehouse: Path
) -> None:
    spent = sum(row["cost_usd"] for row in answers["spend_by_team_and_project"])
    ledger = query(demo_warehouse, "select sum(total_cost_usd) from marts.ai_cogs_summary")
    assert spent == ledger[0][0]


def test_underwater_customers_are_those_of_the_mart(
    answers: dict[str, list[dict[str, Any]]], demo_warehouse: Path
) -> None:
    expected = query(
        demo_warehouse,
        """
        select customer_id, margin_after_ai_usd from marts.cost_per_customer
        where net_revenue_usd > 0 and margin_after_ai_usd < 0 and usage_month = (
            select max(usage_month) from marts.ai_cogs_summary where is_period_complete
        )
        order by 2, 1
        """,
    )
    found = answers["underwater_customers"]
    assert [(row["customer_id"], row["margin_after_ai_usd"]) for row in found] == expected
    assert all(row["underwater_since_month"] <= row["usage_month"] for row in found)


def test_waste_is_that_of_the_features(
    answers: dict[str, list[dict[str, Any]]], demo_warehouse: Path
) -> None:
    wasted = sum(row["waste_cost_usd"] for row in answers["retry_waste"])
    mart = query(demo_warehouse, "select sum(waste_cost_usd) from marts.cost_per_feature")
    assert wasted == mart[0][0]


def test_concentration_counts_whole_customers_upwards(
    answers: dict[str, list[dict[str, Any]]],
) -> None:
    for row in answers["cost_concentration"]:
        for percent in (1, 10, 50):
            expected = -(-row["customers"] * percent // 100)
            assert row[f"top_{percent}_percent_customers"] == expected
        assert row["top_1_percent_cost_usd"] <= row["top_10_percent_cost_usd"]
        assert row["top_10_percent_cost_usd"] <= row["total_cost_usd"]


def test_successful_runs_bear_the_cost_of_the_failed_ones(
    answers: dict[str, list[dict[str, Any]]], demo_warehouse: Path
) -> None:
    found = answers["cost_per_successful_run"]
    runs = query(
        demo_warehouse,
        """
        select count(*), sum(effective_cost_usd), count_if(is_successful)
        from marts.cost_per_workflow_run where pnl_class in ('cogs', 'free_tier')
        """,
    )
    columns = ("runs", "cost_usd", "successful_runs")
    assert tuple(sum(row[column] for row in found) for column in columns) == runs[0]
    failing = [row for row in found if row["failed_runs"] and row["successful_runs"]]
    assert failing
    for row in failing:
        assert row["cost_per_success_usd"] > row["cost_per_run_usd"]


def test_coverage_is_that_of_the_marts(
    answers: dict[str, list[dict[str, Any]]], demo_warehouse: Path
) -> None:
    months = {
        row["usage_month"]: row["coverage_status"]
        for row in answers["coverage_by_month"]
        if (row["coverage"], row["subject"]) == ("attribution", "customer")
    }
    for mart in ("cost_per_customer", "margin_by_plan"):
        assert query(
            demo_warehouse,
            f"select distinct usage_month, coverage_status from marts.{mart} order by 1",
        ) == sorted(months.items())
    metering = [row for row in answers["coverage_by_month"] if row["coverage"] == "metering"]
    sums = query(
        demo_warehouse,
        "select sum(covered_usage_usd), sum(billed_usage_usd) from marts.billing_reconciliation",
    )
    for column, expected in zip(("covered_usd", "total_usd"), sums[0], strict=True):
        for is_all in (False, True):
            rows = [row for row in metering if (row["subject"] == "all") == is_all]
            assert sum(row[column] for row in rows) == expected


def test_every_piece_of_unowned_evidence_is_listed(
    answers: dict[str, list[dict[str, Any]]], demo_warehouse: Path
) -> None:
    """Against the requests alone: values, attempts and the tags that name nothing known."""
    found = {
        (row["dimension"], row["evidence"], row["platform"], row["match_value"]): row
        for row in answers["unmapped_evidence"]
    }
    for dimension in ("customer", "feature", "team"):
        for evidence, column in (
            ("api_key_map", "r.api_key_id"),
            ("project_map", "r.project_id"),
            ("user_map", "r.user_id"),
            ("gateway_key", "f.gateway_key"),
        ):
            expected = query(
                demo_warehouse,
                f"""
                select r.platform, lower(trim({column})) as value, count(*)
                from marts.cost_per_request as r
                inner join intermediate.int_ai_requests as f using (request_key)
                where r.{dimension}_id is null and value <> '' group by all
                """,
            )
            for platform, value, attempts in expected:
                row = found[dimension, evidence, platform, value]
                assert row["attempts_without_owner"] == attempts
        tags = query(
            demo_warehouse,
            f"""
            select r.platform, lower(trim(f.{dimension}_tag)), count(*)
            from marts.cost_per_request as r
            inner join intermediate.int_ai_requests as f using (request_key)
            where r.{dimension}_tag_is_invalid group by all
            """,
        )
        for platform, value, attempts in tags:
            assert found[dimension, "request_tag", platform, value]["attempts"] == attempts
    costs = [
        row["cost_without_owner_usd"] or Decimal(0)
        for row in answers["unmapped_evidence"]
        if row["next_rule"]
    ]
    assert costs == sorted(costs, reverse=True)
