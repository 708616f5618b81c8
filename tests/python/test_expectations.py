"""Great Expectations on the small company: nothing is wrong with it, and each fault is named."""

from __future__ import annotations

import argparse
import io
import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from rich.console import Console

import checks
import expect
import load_raw
import measures
import offline_docs
import source_checks
import warehouse
from conftest import ROOT, Dbt, DemoData, generate_demo, load_duckdb
from golden_company import opened
from planted_faults import FAULTS, Fault

RAW_FAULTS = [fault for fault in FAULTS if fault.tool == "GX raw"]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> DemoData:
    """A company with enough requests a day to judge its volume."""
    return generate_demo(
        tmp_path_factory.mktemp("company"), "--requests", "12000", "--customers", "80"
    )


@pytest.fixture(scope="module")
def healthy(company: DemoData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its raw tables in a DuckDB file; copied before they are spoiled."""
    path = tmp_path_factory.mktemp("healthy") / "healthy.duckdb"
    load_duckdb(company.raw, path)
    return path


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What dbt switches on by default, for a DuckDB file named warehouse.duckdb."""
    folder = tmp_path_factory.mktemp("manifest")
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(folder / "warehouse.duckdb")})
    dbt("parse")
    return dbt.target_path / "manifest.json"


def judged(
    path: Path, manifest: Path, out: Path, *arguments: str, layers: tuple[str, ...] = ("raw",)
) -> tuple[int, str, dict[str, Any]]:
    """Exit code, what was printed, and the records of the last layer."""
    given = expect.options([*layers, "--manifest", str(manifest), "--out", str(out), *arguments])
    console = Console(highlight=False, width=220, record=True, file=io.StringIO())
    with mock.patch.dict("os.environ", {"AI_DUCKDB_PATH": str(path)}):
        code = expect.run(given, console)
    records = out / f"{layers[-1]}.json"
    found = json.loads(records.read_text(encoding="utf-8")) if records.exists() else {}
    return code, console.export_text(), found


def spoiled(healthy: Path, folder: Path, fault: Fault) -> Path:
    """A copy of the healthy tables with the fault in it."""
    path = folder / "warehouse.duckdb"
    shutil.copy(healthy, path)
    with opened(path) as connection:
        for statement in fault.sql:
            connection.execute(statement)
    return path


def measured(path: Path, manifest: Path, *tables: str) -> list[checks.Table]:
    """The raw tables as they are measured, not yet judged."""
    definition = checks.read_definition()
    project = warehouse.read_project("duckdb", manifest=manifest)
    with (
        mock.patch.dict("os.environ", {"AI_DUCKDB_PATH": str(path)}),
        warehouse.opened("duckdb") as found,
    ):
        as_of, _ = measures.newest_load(found, project, definition)
        return measures.measure_raw(found, project, definition, as_of, tables)


def test_a_healthy_company_is_as_expected(healthy: Path, manifest: Path, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(healthy, path)
    code, said, found = judged(path, manifest, tmp_path / "out")
    assert code == 0, said
    assert [c for c in found["checks"] if c["status"] == "failed"] == []
    assert {c["table"] for c in found["checks"]} >= {"app_requests", "openai_costs", "aws_cur"}
    # Sources that are off are named, with the word that switches them on.
    assert "otel_spans: skipped, its source is off ('otel' of ai_request_sources)" in said
    # Volume, cost against usage and unit prices were really judged.
    fine = {(c["table"], c["check"]) for c in found["checks"] if c["status"] == "ok"}
    assert ("app_requests", "rows of a day") in fine
    assert ("openai_costs", "cost against usage") in fine
    assert ("anthropic_cost_report", "cost against usage") in fine
    assert ("gcp_billing_export", "unit price") in fine
    # The pages are complete without a network.
    docs = tmp_path / "out" / "data_docs"
    assert len(list(docs.rglob("validations/raw/**/*.html"))) == 14
    assert offline_docs.outside_requests(docs) == []
    assert "bootstrapTable(options)" in (docs / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("fault", RAW_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_in_raw_data_is_stopped(
    fault: Fault, healthy: Path, manifest: Path, tmp_path: Path
) -> None:
    path = spoiled(healthy, tmp_path, fault)
    code, said, found = judged(
        path, manifest, tmp_path / "out", "--no-docs", "--table", fault.table
    )
    failed = {c["check"]: c for c in found["checks"] if c["status"] == "failed"}
    assert code == 1, said
    assert fault.check in failed, said
    assert failed[fault.check]["observed"].startswith(fault.says)
    assert failed[fault.check]["severity"] == "critical"
    assert fault.check in said


def test_the_docs_tell_every_fault() -> None:
    """The table of docs/data_quality.md is the one that the tests plant."""
    text = (ROOT / "docs" / "data_quality.md").read_text(encoding="utf-8")
    for fault in FAULTS:
        row = f"| {fault.name} | {fault.what} | {fault.tool}: `{fault.table}`, {fault.check} |"
        assert row in text
        assert fault.also in text


def test_a_missing_table_is_a_failure(healthy: Path, manifest: Path, tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(healthy, path)
    with opened(path) as connection:
        connection.execute("drop table raw.aws_cur")
    code, said, _ = judged(path, manifest, tmp_path / "out", "--table", "aws_cur")
    assert code == 1
    assert "missing" in said


def test_no_warehouse_is_not_a_verdict(manifest: Path, tmp_path: Path) -> None:
    code, said, _ = judged(tmp_path / "none.duckdb", manifest, tmp_path / "out")
    assert code == 2
    assert "Run `make demo`" in said


def test_an_own_definition_replaces_what_it_names(tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text(
        "raw: {openai_costs: {max_days_behind: 30, volume: null}, otel_spans: null}\n",
        encoding="utf-8",
    )
    definition = checks.read_definition([own])
    assert definition.raw["openai_costs"]["max_days_behind"] == 30
    assert "volume" not in definition.raw["openai_costs"]
    assert definition.raw["openai_costs"]["day"] == "start_time"
    assert "otel_spans" not in definition.raw


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("raw: {plans: {fresh: 3}}", "raw.plans: fresh is not known"),
        ("raw: {plans: {columns: {name: words}}}", "words is not one of"),
        ("marts: {cost_ledger: {x: {about: y}}}", "marts.cost_ledger.x: no sql"),
        ("marts: {cost_ledger: {x: {about: y, sql: select 1}}}", "needs min, max or both"),
    ],
)
def test_a_mistake_in_a_definition_is_named(text: str, says: str, tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(checks.DefinitionError, match=says):
        checks.read_definition([own])


def test_a_source_landed_by_a_connector_is_said_to_be_skipped(
    healthy: Path, manifest: Path, tmp_path: Path
) -> None:
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(healthy, path)
    _, said, _ = judged(
        path, manifest, tmp_path / "out", "--table", "openai_costs", "--table", "plans",
        "--vars", "{ai_source_shapes: {openai: fivetran}}",
    )  # fmt: skip
    assert "openai_costs: skipped, landed by fivetran" in said


def test_every_declared_column_is_one_that_a_source_has() -> None:
    """The definition names no column that the package does not read."""
    known = {
        source.table: dict.fromkeys((c.lower() for c in source.columns), 0)
        for source in source_checks.declared()
        if source.columns
    }
    for table, entry in checks.read_definition().raw.items():
        for column in entry["columns"] if table in known else ():
            name = column.lower()
            assert (
                name == "loaded_at"
                or name in known[table]
                or source_checks.is_nested(name, known[table])
            ), f"{table}.{column}"


def test_usage_is_priced_by_the_price_book(healthy: Path, manifest: Path, tmp_path: Path) -> None:
    """Billed over usage × list price is near one: discounts and batch lie inside the limits."""
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(healthy, path)
    for table in measured(path, manifest, "openai_costs", "anthropic_cost_report"):
        (ratio,) = [c.values[0][1] for c in table.checks if c.name == "cost against usage"]
        assert 0.7 < ratio < 1.3, table.name


def test_days_are_compared_with_the_same_weekday() -> None:
    assert measures.usual_rows([10, 12]) is None
    assert measures.usual_rows([10, 0, 12]) == 10
    assert measures.as_date(date(2026, 11, 1)) == date(2026, 11, 1)
    assert measures.quotient(1, 0) is None


@pytest.mark.slow
def test_an_unknown_model_stops_before_the_marts_are_published(
    healthy: Path, tmp_path: Path
) -> None:
    """And healthy marts pass: every check of the definition is judged on a real build."""
    (fault,) = [f for f in FAULTS if f.tool == "GX marts"]
    for name, code_expected in (("healthy", 0), ("spoiled", 1)):
        folder = tmp_path / name
        folder.mkdir()
        path = folder / "warehouse.duckdb"
        if name == "healthy":
            shutil.copy(healthy, path)
        else:
            spoiled(healthy, folder, fault)
        dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
        dbt("build", "--exclude", "test_type:unit")
        code, said, found = judged(
            path, dbt.target_path / "manifest.json", folder / "out", layers=("marts",)
        )
        assert code == code_expected, said
        statuses = {(c["table"], c["check"]): c for c in found["checks"]}
        if name == "healthy":
            assert all(c["status"] != "not measured" for c in statuses.values()), said
        else:
            failed = statuses[fault.table, fault.check]
            assert failed["status"] == "failed"
            assert failed["observed"].startswith(fault.says)


def test_the_command_line_says_what_it_does(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        expect.options(["--help"])
    assert "--as-of" in capsys.readouterr().out
    assert isinstance(expect.options(["raw"]), argparse.Namespace)


@pytest.mark.slow
def test_snowflake_is_judged_by_the_same_definition(
    healthy: Path, company: DemoData, fake_snowflake: Any, tmp_path: Path
) -> None:
    """Raw tables and marts on the fake Snowflake: the same verdicts and values as on DuckDB.

    The marts are built on DuckDB and loaded: what is tested is how they are read.
    """
    path = tmp_path / "warehouse.duckdb"
    shutil.copy(healthy, path)
    dbt = Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt("build", "--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    marts = tmp_path / "marts"
    marts.mkdir()
    with opened(path) as connection:
        for mart in checks.read_definition().marts:
            file = marts / f"{mart}.parquet"
            connection.execute(f"copy marts.{mart} to '{file}' (format parquet)")
    layers = ("raw", "marts")
    results = {}
    code, said, _ = judged(
        path, dbt.target_path / "manifest.json", tmp_path / "duckdb", layers=layers
    )
    assert code == 0, said
    there = Dbt(tmp_path / "snowflake_dbt", target="snowflake", env=fake_snowflake.env)
    there("parse")
    with mock.patch.dict("os.environ", fake_snowflake.env):
        load_raw.load(company.raw, "snowflake", "raw", quiet=True)
        load_raw.load(marts, "snowflake", "marts", quiet=True)
        code, said, _ = judged(
            path, there.target_path / "manifest.json", tmp_path / "snowflake",
            "--target", "snowflake", layers=layers,
        )  # fmt: skip
    assert code == 0, said
    for engine in ("duckdb", "snowflake"):
        found = [
            check
            for layer in layers
            for check in json.loads((tmp_path / engine / f"{layer}.json").read_text())["checks"]
        ]
        # Types have other names there; that they are as declared is the verdict.
        results[engine] = {
            (c["table"], c["check"]): (c["status"], "" if "types" in c["check"] else c["observed"])
            for c in found
        }
    assert results["snowflake"] == results["duckdb"]
