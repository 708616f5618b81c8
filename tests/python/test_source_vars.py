"""The vars that say which sources there are and where their tables lie are wired, each of them.

A source that is switched off leaves nothing behind: no model, no test, no source, no freshness, and
the build needs no table of it.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import source_checks
from conftest import ROOT, Dbt
from golden_company import VARIABLES, golden_company, opened, query

# Every source of the package, as the yml beside the staging models declares it.
DECLARED = {source.table: source.switches for source in source_checks.declared()}
TABLES = sorted(DECLARED)
# Lists whose every word is on, {list var: [word]}; business sources are a mapping.
LISTS: dict[str, list[str]] = {}
for _switches in DECLARED.values():
    for _word, _variable in _switches:
        if _variable != "ai_business_sources" and _word not in LISTS.setdefault(_variable, []):
            LISTS[_variable].append(_word)
ALL_BUSINESS = {
    "customers": "stripe",
    "plans": "stripe",
    "subscriptions": "stripe",
    "revenue_lines": "line_item_enhanced",
}
EVERYTHING: dict[str, Any] = {**LISTS, "ai_business_sources": ALL_BUSINESS}
MODELS = {
    "ai_usage_platforms": "stg_ai_usage__",
    "ai_billing_platforms": "stg_ai_billing__",
    "ai_request_sources": "stg_ai_requests__",
}
NOTHING: dict[str, Any] = {
    name: []
    for name in (*MODELS, "ai_openai_usage_endpoints", "ai_internal_tools", "ai_business_tables")
}


def test_sqlfluff_sees_every_source() -> None:
    """What dbt does not compile is not checked: the vars of `make lint` switch every source on."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    context = pyproject["tool"]["sqlfluff"]["templater"]["dbt"]["context"]
    variables = {**LISTS, **context}
    assert context["ai_business_sources"] == ALL_BUSINESS
    assert {table for table in TABLES if not is_on(table, variables)} == set(ALL_BUSINESS)


def is_on(table: str, variables: dict[str, Any]) -> bool:
    """Is a source on with these vars? A business table is off where another source gives it."""
    return table not in variables.get("ai_business_sources", {}) and all(
        word in (chosen.values() if isinstance(chosen := variables[variable], dict) else chosen)
        for word, variable in DECLARED[table]
    )


# All but the business tables that come from elsewhere.
ALL_ON = sorted(table for table in TABLES if is_on(table, EVERYTHING))


def parsed_sources(dbt: Dbt, variables: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """{raw table: (database, schema, identifier)} of the enabled sources."""
    dbt("parse", variables=variables)
    return {
        source["name"]: (source["database"], source["schema"], source["identifier"])
        for source in dbt.manifest()["sources"].values()
        if source["source_name"] == "ai_raw"
    }


def test_every_raw_table_is_a_source_in_the_raw_schema(dbt: Dbt) -> None:
    assert len(ALL_ON) > 45
    assert set(TABLES) - set(ALL_ON) == set(ALL_BUSINESS)
    assert parsed_sources(dbt, EVERYTHING) == {
        table: ("warehouse", "raw", table) for table in ALL_ON
    }


@pytest.mark.slow
def test_schema_and_database_of_all_raw_tables(dbt: Dbt) -> None:
    variables = {**EVERYTHING, "ai_raw_schema": "landing", "ai_raw_database": "lake"}
    assert parsed_sources(dbt, variables) == {table: ("lake", "landing", table) for table in ALL_ON}


def test_database_schema_and_identifier_of_one_raw_table(dbt: Dbt) -> None:
    variables = {
        **EVERYTHING,
        "ai_raw_schema": "landing",
        "ai_sources": {
            table: {"database": f"db_{table}", "schema": f"s_{table}", "identifier": f"t_{table}"}
            for table in ALL_ON
        },
    }
    assert parsed_sources(dbt, variables) == {
        table: (f"db_{table}", f"s_{table}", f"t_{table}") for table in ALL_ON
    }


@pytest.mark.slow
def test_part_of_a_location_leaves_the_rest(dbt: Dbt) -> None:
    variables = {"ai_raw_schema": "landing", "ai_sources": {"app_requests": {"identifier": "log"}}}
    sources = parsed_sources(dbt, variables)
    assert sources["app_requests"] == ("warehouse", "landing", "log")
    assert sources["openai_costs"] == ("warehouse", "landing", "openai_costs")


def assert_only_these(dbt: Dbt, variables: dict[str, Any]) -> None:
    """What is on is there with its model; of what is off nothing is left or referred to."""
    sources = parsed_sources(dbt, variables)
    nodes = dbt.manifest()["nodes"].values()
    models = {node["name"] for node in nodes if node["resource_type"] == "model"}
    unit_tests = {test["model"] for test in dbt.manifest()["unit_tests"].values()}
    assert set(sources) == {table for table in TABLES if is_on(table, variables)}
    for variable, prefix in MODELS.items():
        for word in LISTS[variable]:
            assert (prefix + word in models) is (word in variables[variable])
            assert prefix + word not in unit_tests or word in variables[variable]
    missing = {
        f"{node['name']} needs {needed}"
        for node in nodes
        for needed in node["depends_on"].get("nodes", [])
        if needed.startswith("source.") and needed.split(".")[-1] not in sources
    }
    assert missing == set()


@pytest.mark.parametrize("parity", [0, 1], ids=["one half", "the other half"])
def test_source_that_is_off_is_nowhere(dbt: Dbt, parity: int) -> None:
    """Every source is off in one of the two runs, and on in the other."""
    pairs = [(variable, word) for variable, words in LISTS.items() for word in words]
    on = {pair for number, pair in enumerate(pairs) if number % 2 == parity}
    variables: dict[str, Any] = {
        variable: [word for word in words if (variable, word) in on]
        for variable, words in LISTS.items()
    }
    variables["ai_business_sources"] = ALL_BUSINESS if parity else {}
    assert_only_these(dbt, variables)


WORDS = [(variable, word) for variable in MODELS for word in LISTS[variable]]


@pytest.mark.slow
@pytest.mark.parametrize(("variable", "word"), WORDS, ids=[f"{v}-{w}" for v, w in WORDS])
def test_source_alone_builds_and_has_a_freshness(
    dbt: Dbt, duckdb_path: Path, variable: str, word: str
) -> None:
    """Its raw table empty, every other source off: build and freshness need nothing else."""
    variables = {**NOTHING, variable: [word], "ai_openai_usage_endpoints": ["completions"]}
    if word == "manual":
        variables["ai_business_tables"] = ["manual_costs"]
    sources = {
        source.table: source
        for source in source_checks.declared()
        if is_on(source.table, {**variables, "ai_business_sources": {}})
    }
    with opened(duckdb_path) as connection:
        connection.execute("create schema raw")
        for table, source in sources.items():
            times = {"loaded_at", *[c for c in source.columns if c.endswith(("_at", "_time"))]}
            columns = ", ".join(
                f'"{column}" {"timestamp" if column in times else "varchar"}'
                for column in dict.fromkeys([*source.columns, "loaded_at"])
            )
            connection.execute(f"create table raw.{table} ({columns})")
    dbt("build", "--exclude", "resource_type:unit_test", variables=variables)
    dbt("source", "freshness", variables=variables, check=False)
    assert len(sources) == 1


@pytest.mark.slow
def test_own_log_in_another_place_is_read(dbt: Dbt, duckdb_path: Path) -> None:
    """Not only parsed: the table is found there, with its columns."""
    golden_company().write(duckdb_path)
    with opened(duckdb_path) as connection:
        connection.execute("create schema landing")
        connection.execute("create table landing.llm_log as select * from raw.app_requests")
        connection.execute("drop table raw.app_requests")
    dbt(
        *("run", "--select", "stg_ai_requests__app"),
        variables=VARIABLES
        | {"ai_sources": {"app_requests": {"schema": "landing", "identifier": "llm_log"}}},
    )
    assert query(duckdb_path, "select count(*) from staging.stg_ai_requests__app") == [(8,)]


def only(path: Path, *tables: str) -> None:
    """The golden company's raw tables, of which only the named ones exist."""
    golden_company().write(path)
    with opened(path) as connection:
        for (table,) in connection.execute(
            "select table_name from information_schema.tables where table_schema = 'raw'"
        ).fetchall():
            if table not in (*tables, "price_overrides"):
                connection.execute(f"drop table raw.{table}")


BUILDS: dict[str, tuple[tuple[str, ...], dict[str, Any], str]] = {
    "nothing": ((), {}, "select count(*) from marts.cost_ledger"),
    "usage only": (
        ("openai_usage_completions",),
        {"ai_usage_platforms": ["openai"]},
        # No bill: the report at our prices, estimated.
        "select sum(effective_cost_usd) - 340 from marts.cost_ledger "
        "where cost_status = 'estimated' and ledger_row_type = 'unlogged'",
    ),
    "logs only": (
        ("app_requests",),
        {"ai_request_sources": ["app"]},
        "select sum(effective_cost_usd) - 320 from marts.cost_ledger "
        "where cost_status = 'estimated' and ledger_row_type = 'request'",
    ),
    "bills only": (
        ("openai_costs",),
        {"ai_billing_platforms": ["openai"]},
        "select sum(effective_cost_usd) - 310 from marts.cost_ledger "
        "where cost_status = 'reconciled' and ledger_row_type = 'unlogged'",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILDS)
def test_build_with_a_part_of_the_sources(dbt: Dbt, duckdb_path: Path, name: str) -> None:
    tables, lists, must_be_zero = BUILDS[name]
    only(duckdb_path, *tables)
    dbt(
        "build",
        variables=NOTHING | lists | {"ai_price_overrides_relation": "raw.price_overrides"},
    )
    assert query(duckdb_path, must_be_zero) == [(0,)]
    (months,) = query(duckdb_path, "select count(*) from marts.ai_cogs_summary")
    assert months == ((0,) if name == "nothing" else (1,))


@pytest.mark.slow
def test_unit_tests_run_on_empty_tables(dbt: Dbt, duckdb_path: Path) -> None:
    """After `dbt run --empty`; those of staging models before any raw table exists."""
    dbt("seed", variables=NOTHING)
    dbt("run", "--empty", variables=NOTHING)
    result = dbt("test", "--select", "test_type:unit", variables=NOTHING)
    assert len(result.result.results) > 30
    assert (
        query(duckdb_path, "select 1 from information_schema.tables where table_schema = 'raw'")
        == []
    )
    result = dbt("test", "--select", "test_type:unit,path:models/staging")
    assert len(result.result.results) >= 10
