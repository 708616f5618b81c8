"""cost_per_workflow_run and cost_per_successful_run against a recomputation in Python.

The small demo company is built once; the requests are read from `cost_per_request`, outcomes from
the raw log, and everything else is done here in Decimal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from conftest import Dbt, DemoData, load_duckdb
from golden_company import records

pytestmark = pytest.mark.slow

MINIMUM = 5  # runs under which percentiles are NULL
VARIABLES = {"ai_min_requests_for_percentile": MINIMUM}
Row = dict[str, Any]
RunKey = tuple[str, str]


@dataclass(frozen=True)
class Company:
    """What was built, and the requests of each run as this test finds them."""

    mart: dict[RunKey, Row]
    analysis: dict[tuple[Any, str], Row]
    runs: dict[RunKey, list[Row]]


@pytest.fixture(scope="module")
def company(small_demo: DemoData, tmp_path_factory: pytest.TempPathFactory) -> Company:
    folder = tmp_path_factory.mktemp("workflow_runs")
    path = folder / "demo.duckdb"
    load_duckdb(small_demo.raw, path)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    mart, analysis = "cost_per_workflow_run", "cost_per_successful_run"
    dbt("build", "--select", f"+{mart}", "--exclude-resource-types", "unit_test", "test")
    dbt("compile", "--select", analysis, variables=VARIABLES)
    analyses = dbt.target_path / "compiled" / "ai_unit_economics" / "analyses"
    outcomes = {
        row["key"]: row["outcome"]
        for row in records(
            path,
            "select request_id || '|' || coalesce(attempt, 1) as key, max(outcome) as outcome "
            "from raw.app_requests group by all",
        )
    }
    requests = records(path, "select * from intermediate.int_ai_requests__costed")
    for request in requests:
        request["outcome"] = outcomes.get(f"{request['request_id']}|{request['attempt']}")
    return Company(
        mart={
            (row["run_source"], row["run_key"]): row
            for row in records(path, f"select * from marts.{mart}")
        },
        analysis={
            (row["usage_month"], row["feature_id"]): row
            for row in records(path, (analyses / f"{analysis}.sql").read_text(encoding="utf-8"))
        },
        runs=runs_of(requests),
    )


def runs_of(requests: list[Row]) -> dict[RunKey, list[Row]]:
    """{run: its attempts in order of time}."""
    named: dict[str, set[str]] = defaultdict(set)
    calls: dict[str, set[str]] = defaultdict(set)
    for request in requests:
        calls[request["trace_id"]].add(request["request_id"])
        if request["run_id"] is not None:
            named[request["trace_id"]].add(request["run_id"])
    runs: dict[RunKey, list[Row]] = defaultdict(list)
    for request in sorted(requests, key=lambda r: (r["requested_at"], r["attempt"])):
        trace = request["trace_id"]
        if request["run_id"] is not None:
            runs["run_id", request["run_id"]].append(request)
        elif trace is not None and len(named[trace]) == 1:
            runs["run_id", min(named[trace])].append(request)
        elif trace is not None and not named[trace] and len(calls[trace]) > 1:
            runs["trace_id", trace].append(request)
    return runs


def total(values: Iterable[Decimal | int | None]) -> Any:
    """Their sum; None where nothing is known."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def twelve_digits(value: Decimal) -> Decimal:
    return value.quantize(Decimal("1e-12"), ROUND_HALF_UP)


def percentile(values: list[Decimal], percent: int) -> Decimal:
    """The smallest value that `percent` % of all do not exceed."""
    return sorted(values)[-(-len(values) * percent // 100) - 1]


def test_the_demo_has_runs_of_every_kind(company: Company) -> None:
    runs = company.runs.values()
    assert {source for source, _ in company.runs} == {"run_id", "trace_id"}
    assert any(len({r["request_id"] for r in run}) < len(run) for run in runs)
    assert any(r["effective_cost_usd"] is None for run in runs for r in run)


def test_each_run_is_its_requests(company: Company) -> None:
    assert set(company.mart) == set(company.runs)
    for key, members in company.runs.items():
        found, first, last = company.mart[key], members[0], members[-1]
        outcome = next((r["outcome"] for r in reversed(members) if r["outcome"]), None)
        ends = [r["completed_at"] for r in members if r["completed_at"]]
        expected = {
            "requests": len({r["request_id"] for r in members}),
            "attempts": len(members),
            "unpriced_attempts": sum(r["effective_cost_usd"] is None for r in members),
            "effective_cost_usd": total(r["effective_cost_usd"] for r in members),
            "metered_cost_usd": total(r["metered_cost_usd"] for r in members),
            "input_tokens": total(r["input_tokens"] for r in members),
            "output_tokens": total(r["output_tokens"] for r in members),
            "provider_tool_calls": total(r["web_search_requests"] for r in members),
            "platform_list": ", ".join(sorted({r["platform"] for r in members})),
            "model_list": ", ".join(sorted({r["model"] for r in members})),
            "customers": len({r["customer_id"] for r in members} - {None}),
            "usage_date": first["usage_date"],
            "usage_month": first["usage_date"].replace(day=1),
            "customer_id": first["customer_id"],
            "feature_id": first["feature_id"],
            "team_id": first["team_id"],
            "plan_id": first["plan_id"],
            "pnl_class": first["pnl_class"],
            "outcome": outcome,
            "is_successful": {"success": True, "failure": False, None: None}[outcome],
            "is_last_attempt_success": last["status"] == "ok",
            "started_at": first["requested_at"],
            "ended_at": max([*ends, last["requested_at"]]),
        }
        assert {column: found[column] for column in expected} == expected, key
        wasted = [r for r in members if r["is_waste"]]
        assert found["waste_cost_usd"] == (
            total(r["effective_cost_usd"] for r in wasted) if wasted else 0
        )


def test_a_success_costs_all_runs_divided_by_the_successful_ones(company: Company) -> None:
    groups: dict[tuple[Any, str], list[list[Row]]] = defaultdict(list)
    for members in company.runs.values():
        first = members[0]
        if first["pnl_class"] in ("cogs", "free_tier"):
            month = first["usage_date"].replace(day=1)
            groups[month, first["feature_id"] or "__unattributed__"].append(members)
    assert set(company.analysis) == set(groups)
    with_percentiles = 0
    for key, runs in groups.items():
        found = company.analysis[key]
        outcomes = [
            next((r["outcome"] for r in reversed(run) if r["outcome"]), None) for run in runs
        ]
        costs = [
            cost
            for cost in (total(r["effective_cost_usd"] for r in run) for run in runs)
            if cost is not None
        ]
        successes = outcomes.count("success")
        assert found["runs"] == len(runs)
        assert found["successful_runs"] == successes
        assert found["failed_runs"] == outcomes.count("failure")
        assert found["runs_without_outcome"] == outcomes.count(None)
        assert found["cost_per_run_usd"] == twelve_digits(sum(costs) / len(costs))
        assert found["cost_per_success_usd"] == (
            twelve_digits(sum(costs) / successes) if successes else None
        )
        for percent in (50, 95, 99):
            expected = percentile(costs, percent) if len(costs) >= MINIMUM else None
            assert found[f"p{percent}_run_cost_usd"] == expected
            with_percentiles += expected is not None
    assert with_percentiles > 10
