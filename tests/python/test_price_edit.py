"""Editing the price book restates exactly what it says: one model, one class, one period.

Two rows are added to the price seed, one after the other. The first changes a price from the first
of last month; it holds to the end, because a price holds until the next row of its key begins. The
second gives the old price back from the first of this month.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Dbt, DemoData, load_duckdb
from golden_company import records

pytestmark = pytest.mark.slow

D = Decimal
MODEL = "claude-sonnet-4-5"
OLD, NEW = D("0.30"), D("0.45")
LAST_MONTH, THIS_MONTH = "2026-10-01", "2026-11-01"  # of the demo company
PRICED = ("--exclude-resource-types", "test", "unit_test")
# What a changed price of the class changes in a request.
COSTS = {"list_cost_usd", "metered_cost_usd", "input_cached_cost_usd"}

Rows = dict[str, dict[str, Any]]


def seed_row(valid_from: str, price_usd: Decimal) -> str:
    return (
        f"anthropic,anthropic,{MODEL},input_cached,1000000 tokens,global,standard,sync,0,"
        f"{valid_from},{price_usd},observed,edited by hand,,2026-11-23\n"
    )


@dataclass
class Edited:
    """cost_per_request by request_key: of the book as it is, after one row, after the other."""

    before: Rows
    raised: Rows
    restored: Rows


def requests(path: Path) -> Rows:
    rows = records(path, "select * from marts.cost_per_request")
    by_key = {row["request_key"]: row for row in rows}
    assert len(by_key) == len(rows)
    return by_key


@pytest.fixture(scope="module")
def edited(small_demo: DemoData, tmp_path_factory: pytest.TempPathFactory) -> Edited:
    folder = tmp_path_factory.mktemp("price_edit")
    project = folder / "project"
    project.mkdir()
    shutil.copy(ROOT / "dbt_project.yml", project)
    for part in ("models", "macros", "seeds", "tests/generic"):
        shutil.copytree(ROOT / part, project / part)
    path = folder / "demo.duckdb"
    load_duckdb(small_demo.raw, path)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt("build", "--select", "+cost_per_request", *PRICED, project=project)
    versions = [requests(path)]
    for row in (seed_row(LAST_MONTH, NEW), seed_row(THIS_MONTH, OLD)):
        with (project / "seeds" / "prices" / "ai_model_prices.csv").open("a") as file:
            file.write(row)
        dbt(
            *("build", "--select", "ai_model_prices+,+cost_per_request", *PRICED),
            project=project,
        )
        versions.append(requests(path))
    return Edited(*versions)


def changes(before: Rows, after: Rows) -> dict[str, set[str]]:
    """{request_key: the columns that differ} of all rows that differ."""
    assert before.keys() == after.keys()
    found = {
        key: {column for column, value in row.items() if after[key][column] != value}
        for key, row in before.items()
    }
    return {key: columns for key, columns in found.items() if columns}


def meant(rows: Rows, in_period: Callable[[str], bool]) -> set[str]:
    """The requests that the edited price prices: model, way to buy, class and days."""
    return {
        key
        for key, row in rows.items()
        if (row["platform"], row["model"]) == ("anthropic", MODEL)
        and (row["region_scope"], row["service_tier"]) == ("global", "standard")
        and not row["is_batch"]
        and (row["input_cached_tokens"] or 0) > 0
        and in_period(str(row["usage_date"]))
    }


def show(what: str, before: Rows, after: Rows, keys: set[str]) -> None:
    """Sums before and after of the changed requests and of all others."""
    for name, part in (("changed", keys), ("all others", before.keys() - keys)):
        sums = [
            sum((rows[key]["metered_cost_usd"] or D(0) for key in part), D(0))
            for rows in (before, after)
        ]
        print(f"{what}, {name}: {len(part)} requests, {sums[0]} USD before, {sums[1]} USD after")


@pytest.mark.parametrize("edit", ["from last month on", "in last month"])
def test_exactly_the_requests_of_the_edited_price_change(edited: Edited, edit: str) -> None:
    after = edited.raised if edit == "from last month on" else edited.restored
    last_day = "9999-12-31" if edit == "from last month on" else "2026-10-31"
    keys = meant(edited.before, lambda day: LAST_MONTH <= day <= last_day)
    changed = changes(edited.before, after)
    show(edit, edited.before, after, keys)
    assert len(keys) >= 10
    # Not the effective cost: these days are billed, and the bill is what it was.
    assert changed == dict.fromkeys(keys, COSTS)
    for key in keys:
        old, new = edited.before[key], after[key]
        more = old["input_cached_tokens"] * (NEW - OLD) / 1_000_000
        assert {column: new[column] - old[column] for column in COSTS} == dict.fromkeys(COSTS, more)


def test_the_old_price_given_back_restores_this_month(edited: Edited) -> None:
    keys = meant(edited.before, lambda day: day >= THIS_MONTH)
    back = changes(edited.raised, edited.restored)
    show("given back", edited.raised, edited.restored, keys)
    assert back.keys() == keys
    assert all(edited.restored[key] == edited.before[key] for key in keys)
