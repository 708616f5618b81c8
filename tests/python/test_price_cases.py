"""The worked cases of the price book through the dbt models, equal to the last digit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from golden_company import query
from price_cases import CASES, Case, costed

Costs = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return costed(
        tmp_path_factory.mktemp("price_cases"), app_requests=[case.request for case in CASES]
    )


@pytest.fixture(scope="module")
def costs(warehouse: Path) -> Costs:
    """{request_id: {column: value}}; the costs of the classes under `classes`."""
    columns = [
        name
        for (name,) in query(
            warehouse,
            "select column_name from information_schema.columns "
            "where table_schema = 'marts' and table_name = 'cost_per_request' order by all",
        )
    ]
    rows = query(warehouse, f"select {', '.join(columns)} from marts.cost_per_request")
    assert len(rows) == len(CASES)
    totals = {f"{kind}_cost_usd" for kind in ("list", "metered", "effective", "logged")}
    found: Costs = {}
    for row in rows:
        values = dict(zip(columns, row, strict=True))
        classes = {
            name.removesuffix("_cost_usd"): values[name]
            for name in columns
            if name.endswith("_cost_usd") and name not in totals
        }
        found[values["request_id"]] = values | {"classes": classes}
    return found


def test_all_worked_cases_are_here(costs: Costs) -> None:
    assert {case.number for case in CASES} == set(range(1, 18))
    assert set(costs) == {case.request_id for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.request_id.replace(" ", "-"))
def test_case(costs: Costs, case: Case) -> None:
    found = costs[case.request_id]
    print(f"{case.request_id}: {found['metered_cost_usd']} USD")
    assert (found["pricing_status"], found["quantity_status"]) == ("priced", case.quantity_status)
    assert isinstance(found["metered_cost_usd"], Decimal)
    assert found["metered_cost_usd"] == case.cost_usd
    assert found["list_cost_usd"] == case.cost_usd
    assert sum(found["classes"].values()) == case.cost_usd


def test_classes_of_a_case(costs: Costs) -> None:
    def parts(request_id: str) -> dict[str, Decimal]:
        return {name: cost for name, cost in costs[request_id]["classes"].items() if cost}

    assert parts("02 claude with cache writes of 5m and 1h") == {
        "input_uncached": Decimal("0.003"),
        "input_cached": Decimal("0.015"),
        "cache_write_5m": Decimal("0.0075"),
        "cache_write_1h": Decimal("0.018"),
        "output": Decimal("0.012"),
    }
    assert parts("12 gpt-audio") == {
        "input_uncached": Decimal("0.0005"),
        "input_audio": Decimal("0.032"),
        "output": Decimal("0.001"),
        "output_audio": Decimal("0.032"),
    }
    assert parts("16 claude with web search") == {
        "input_uncached": Decimal("0.003"),
        "output": Decimal("0.015"),
        "web_search": Decimal("0.03"),
    }
