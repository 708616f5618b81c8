"""Exported files hold what the marts hold, and readers see whole exports only."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

import export_focus
import export_marts
import exports
import load_raw
import validate_focus
from conftest import ROOT, Dbt

# Exports one mart after the other, and waits for ever before the third.
BLOCKED = """
import sys, time
import export_marts, exports
write, written = exports.write_parquet, []
def wait_at_third(path, schema, batches):
    if len(written) == 2:
        print("third", flush=True)
        time.sleep(600)
    written.append(path)
    return write(path, schema, batches)
exports.write_parquet = wait_at_third
sys.exit(export_marts.main(sys.argv[1:]))
"""


@dataclass(frozen=True)
class Warehouse:
    """A built DuckDB file and dbt's target folder."""

    path: Path
    target_path: Path

    def options(self, out: Path, *more: str) -> list[str]:
        return ["--out", str(out), "--dbt-target-path", str(self.target_path), *more]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def warehouse(demo_warehouse: Path, demo_dbt: Dbt, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    monkeypatch.setenv("AI_DUCKDB_PATH", str(demo_warehouse))
    return Warehouse(demo_warehouse, demo_dbt.target_path)


def manifest_of(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def assert_files_are_as_listed(folder: Path, entries: dict[str, Any]) -> None:
    """Each file has the size and the hash that the manifest gives, and no other file is there."""
    names = {"manifest.json"}
    for entry in entries.values():
        for file in entry["files"].values():
            content = (folder / file["path"]).read_bytes()
            assert len(content) == file["bytes"]
            assert hashlib.sha256(content).hexdigest() == file["sha256"]
            names.add(file["path"])
    assert {path.name for path in folder.iterdir()} == names


def test_marts_are_exported_row_for_row(warehouse: Warehouse, tmp_path: Path) -> None:
    assert export_marts.main(warehouse.options(tmp_path, "--csv")) == 0
    current = tmp_path / "current"
    manifest = manifest_of(current)
    assert_files_are_as_listed(current, manifest["tables"])
    built = {
        name
        for (name,) in warehouse.rows(
            "select table_name from information_schema.tables where table_schema = 'marts'"
        )
    }
    assert set(manifest["tables"]) == built
    assert manifest["dbt"]["invocation_id"]
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        for name, entry in manifest["tables"].items():
            file = f"read_parquet('{current / name}.parquet')"
            for left, right in ((f"marts.{name}", file), (file, f"marts.{name}")):
                ((lost,),) = connection.execute(
                    f"select count(*) from (select * from {left} except all select * from {right})"
                ).fetchall()
                assert lost == 0, name
            types = {
                column: kind
                for column, kind, *_ in connection.execute(f"describe marts.{name}").fetchall()
            }
            assert types == {
                column: kind
                for column, kind, *_ in connection.execute(
                    f"describe select * from {file}"
                ).fetchall()
            }
            assert [column["name"] for column in entry["columns"]] == list(types)
            assert (
                entry["rows"]
                == connection.execute(
                    f"select count(*) from read_csv('{current / name}.csv', all_varchar = true)"
                ).fetchall()[0][0]
            )


def test_decimals_of_csv_have_every_digit(warehouse: Warehouse, tmp_path: Path) -> None:
    options = warehouse.options(tmp_path, "--csv", "--select", "cost_ledger")
    assert export_marts.main(options) == 0
    with (tmp_path / "current/cost_ledger.csv").open(encoding="utf-8", newline="") as file:
        amounts = [row["effective_cost_usd"] for row in csv.DictReader(file)]
    ((total,),) = warehouse.rows("select sum(effective_cost_usd) from marts.cost_ledger")
    assert sum(Decimal(amount) for amount in amounts if amount) == total


def test_a_killed_export_leaves_the_one_before(warehouse: Warehouse, tmp_path: Path) -> None:
    options = warehouse.options(tmp_path)
    assert export_marts.main(options) == 0
    before = (tmp_path / "current").resolve()
    process = subprocess.Popen(
        [sys.executable, "-c", BLOCKED, *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        while "third" not in process.stdout.readline():
            assert process.poll() is None
        # While it writes, and after it was killed, readers find the export before, whole.
        assert (tmp_path / "current").resolve() == before
        half = list((tmp_path / "exports").glob(f"{exports.WRITING}*"))
        assert len(half) == 1 and list(half[0].glob("*.parquet"))
        # Another export does not write into the same folder.
        assert export_marts.main(options) == 1
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    assert (tmp_path / "current").resolve() == before
    assert_files_are_as_listed(before, manifest_of(before)["tables"])
    assert half[0].is_dir()
    assert export_marts.main(options) == 0
    assert not half[0].exists()
    assert (tmp_path / "current").resolve() != before


def test_a_failed_export_leaves_the_one_before(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = warehouse.options(tmp_path, "--select", "ai_cogs_summary")
    assert export_marts.main(options) == 0
    before = (tmp_path / "current").resolve()

    def full(*_: Any) -> int:
        raise OSError("No space left on device")

    monkeypatch.setattr(exports, "write_parquet", full)
    with pytest.raises(OSError, match="No space"):
        export_marts.main(options)
    assert (tmp_path / "current").resolve() == before
    assert list((tmp_path / "exports").iterdir()) == [before]


def test_old_exports_are_kept_as_asked(warehouse: Warehouse, tmp_path: Path) -> None:
    options = warehouse.options(tmp_path, "--keep", "2", "--select", "ai_cogs_summary")
    folders = []
    for _ in range(3):
        assert export_marts.main(options) == 0
        folders.append((tmp_path / "current").resolve())
    assert sorted((tmp_path / "exports").iterdir()) == folders[1:]


def test_unknown_mart_is_named(
    warehouse: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export_marts.main(warehouse.options(tmp_path, "--select", "cost_per_moon")) == 1
    assert "cost_per_moon" in capsys.readouterr().err
    assert not (tmp_path / "current").exists()


def test_export_before_dbt_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for main in (export_marts.main, export_focus.main):
        assert main(["--out", str(tmp_path), "--dbt-target-path", str(tmp_path / "none")]) == 1
        assert "make build" in capsys.readouterr().err


def test_focus_files_are_the_mart(warehouse: Warehouse, tmp_path: Path) -> None:
    assert export_focus.main(warehouse.options(tmp_path)) == 0
    current = tmp_path / "current"
    manifest = manifest_of(current)
    assert_files_are_as_listed(current, manifest["periods"])
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        names = [
            row[0] for row in connection.execute("describe marts.focus_cost_and_usage").fetchall()
        ]
        assert [column["name"] for column in manifest["columns"]] == names
        times = [name for name in names if re.fullmatch("(Billing|Charge)Period(Start|End)", name)]
        plain = ", ".join(f"{name} at time zone 'UTC' as {name}" for name in times)
        files = f"read_parquet('{current}/focus_*.parquet')"
        mart = "marts.focus_cost_and_usage"
        for left, right in (
            (f"select * replace ({plain}) from {files}", f"select * from {mart}"),
            (f"select * from {mart}", f"select * replace ({plain}) from {files}"),
        ):
            assert connection.execute(f"{left} except all {right}").fetchall() == []
    sums = dict.fromkeys(
        ("BilledCost", "EffectiveCost", "ListCost", "ConsumedQuantity"), Decimal(0)
    )
    rows = 0
    for period, entry in manifest["periods"].items():
        with (current / f"focus_{period}.csv").open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            assert reader.fieldnames == names
            billed = Decimal(0)
            for row in reader:
                rows += 1
                billed += Decimal(row["BilledCost"])
                for name in sums:
                    sums[name] += Decimal(row[name] or 0)
                assert row["BillingPeriodStart"] == f"{period}-01T00:00:00Z"
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", row["ChargePeriodEnd"])
        assert billed == Decimal(entry["billed_cost_usd"])
    ((*expected, expected_rows),) = warehouse.rows(
        f"select {', '.join(f'sum({name})' for name in sums)}, count(*) "
        "from marts.focus_cost_and_usage"
    )
    assert list(sums.values()) == expected
    assert rows == expected_rows


def test_one_focus_period(
    warehouse: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ((start,),) = warehouse.rows("select max(BillingPeriodStart) from marts.focus_cost_and_usage")
    month = f"{start:%Y-%m}"
    assert export_focus.main(warehouse.options(tmp_path, "--period", month)) == 0
    assert list(manifest_of(tmp_path / "current")["periods"]) == [month]
    assert export_focus.main(warehouse.options(tmp_path, "--period", "1999-01")) == 1
    assert "1999-01" in capsys.readouterr().err


def test_tags_are_json_whatever_an_owner_is_called(demo_warehouse: Path, demo_dbt: Dbt) -> None:
    name = "'a' || chr(34) || 'b' || chr(92) || 'c' || chr(10) || 'd'"
    values = {"team": "cast(null as varchar)", "feature": name, "customer": "'é, }'"}
    none = {"team": "cast(null as varchar)"}
    shown = demo_dbt(
        "show",
        "--inline",
        f"select {{{{ ai_unit_economics.ai_json_object({values!r}) }}}} as tags, "
        f"{{{{ ai_unit_economics.ai_json_object({none!r}) }}}} as no_tags",
    )
    ((tags, no_tags),) = shown.result.results[0].agate_table.rows
    assert json.loads(tags) == {"feature": 'a"b\\c d', "customer": "é, }"}
    assert no_tags is None


REPORT = """
=== Results ===
Total: 578 | Pass: 575 | Fail: 2 | Skipped: 1
✅ BilledCost-C-001-M: PASS
❌ InvoiceId-C-004-C: FAIL  (violations=32, msg=InvoiceId MUST be NULL., 18.9ms)
❌ PricingUnit-C-003-O: FAIL  (violations=20, msg=bad unit, 17.7ms)
"""


def test_validator_report_is_read_and_judged() -> None:
    report = validate_focus.read_report(REPORT)
    assert (report.total, report.passed, report.failed, report.skipped) == (578, 575, 2, 1)
    assert set(report.failures) == {"InvoiceId-C-004-C", "PricingUnit-C-003-O"}
    allowed = validate_focus.allowed_failures()
    assert validate_focus.judge(report, allowed) == 1
    assert validate_focus.judge(report, {**allowed, "PricingUnit-C-003-O": "known"}) == 0


@pytest.mark.parametrize("text", ["a stack trace", REPORT.replace("Fail: 2", "Fail: 3")])
def test_validator_report_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(validate_focus.ValidationError):
        validate_focus.read_report(text)


def test_without_python_3_12_the_validator_is_skipped_unless_required(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(validate_focus, "find_python", lambda: None)
    assert validate_focus.main([]) == 0
    assert "skipped" in capsys.readouterr().err
    assert validate_focus.main(["--require"]) == 1


@pytest.mark.slow
def test_official_validator_passes(warehouse: Warehouse, tmp_path: Path) -> None:
    if validate_focus.find_python() is None:
        pytest.skip("the FOCUS validator needs Python 3.12")
    assert export_focus.main(warehouse.options(tmp_path)) == 0
    assert validate_focus.main(["--folder", str(tmp_path / "current")]) == 0


@pytest.mark.slow
def test_snowflake_exports_the_same_types_and_digits(
    tmp_path: Path, fake_snowflake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One mart by hand on the fake server: a decimal, a count, a time, a NULL."""
    for name, value in fake_snowflake.env.items():
        monkeypatch.setenv(name, value)
    with load_raw.open_snowflake() as connection, connection.cursor() as cursor:
        cursor.execute("create schema if not exists marts")
        cursor.execute(
            "create or replace table marts.one as select cast('0.123456789012345' as "
            "number(38, 15)) as cost_usd, cast(9007199254740993 as number(38, 0)) as tokens, "
            "cast('2026-10-01' as date) as usage_date, cast(null as varchar) as feature_id, "
            "true as is_known, cast('2026-10-01 12:00:00' as timestamp_ntz) as requested_at"
        )
    types = {
        "cost_usd": "numeric(38,15)",
        "tokens": "bigint",
        "usage_date": "date",
        "feature_id": "varchar",
        "is_known": "boolean",
        "requested_at": "timestamp",
    }
    warehouse = exports.Warehouse("snowflake")
    try:
        schema, batches = warehouse.batches("select * from marts.one", types)
        assert exports.write_parquet(tmp_path / "one.parquet", schema, batches) == 1
    finally:
        warehouse.close()
    assert duckdb.execute(
        f"select cost_usd::varchar, tokens, usage_date::varchar, feature_id, is_known, "
        f"requested_at::varchar, typeof(cost_usd) from '{tmp_path / 'one.parquet'}'"
    ).fetchall() == [
        (
            "0.123456789012345",
            9007199254740993,
            "2026-10-01",
            None,
            True,
            "2026-10-01 12:00:00",
            "DECIMAL(38,15)",
        )
    ]
