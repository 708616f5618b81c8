"""Every mart is the same on dbt-snowflake (a fake server) as on DuckDB, digit for digit."""

from __future__ import annotations

import datetime
import hashlib
import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest

import load_raw
from conftest import Dbt, generate_demo, load_duckdb
from fake_snowflake import FakeServer

REQUESTS = 5000


@dataclass(frozen=True)
class TableText:
    """A table as text: column names, and the rows in text order."""

    columns: list[str]
    rows: list[str]

    @property
    def md5(self) -> str:
        """Fingerprint of names and rows."""
        return hashlib.md5("\n".join([",".join(self.columns), *self.rows]).encode()).hexdigest()


def as_text(value: Any) -> str:
    """One value as text: every digit of a decimal, NULL apart from the empty text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    return repr(value)


def read(cursor: Any, table: str) -> TableText:
    """`table` (schema.name) through a DB-API cursor."""
    cursor.execute(f"select * from {table}")
    columns = [column[0].lower() for column in cursor.description]
    rows = sorted("\x1f".join(as_text(value) for value in row) for row in cursor.fetchall())
    return TableText(columns, rows)


def first_difference(left: TableText, right: TableText) -> str:
    """What differs first between two tables, in words."""
    if left.columns != right.columns:
        return f"columns {left.columns} and {right.columns}"
    only_left = sorted(set(left.rows) - set(right.rows))
    only_right = sorted(set(right.rows) - set(left.rows))
    if not only_left or not only_right:
        return f"{len(left.rows)} and {len(right.rows)} rows"
    values = zip(left.columns, only_left[0].split("\x1f"), only_right[0].split("\x1f"), strict=True)
    cells = [f"{name}: {a} and {b}" for name, a, b in values if a != b]
    return f"{len(only_left)} rows differ, the first in {'; '.join(cells)}"


def marts(manifest: dict[str, Any]) -> list[str]:
    """The models below models/marts that are built, as schema.name."""
    return sorted(
        f"{node['schema']}.{node['alias']}"
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["fqn"][1] == "marts"
        # A history: each engine has its own runs.
        and node["name"] != "restatement_log"
    )


def differences(tables: list[str], duckdb_file: Path, server: FakeServer, note: Any) -> list[str]:
    """Compare the tables on both engines, show a line for each, return what differs."""
    found = []
    with mock.patch.dict(os.environ, server.env):
        snowflake = load_raw.open_snowflake()
    with duckdb.connect(str(duckdb_file), read_only=True) as local, snowflake:
        for table in tables:
            left = read(local.cursor(), table)
            right = read(snowflake.cursor(), table)
            rows = f"{table:<40} {len(left.rows):>8} rows"
            note(f"{rows}  duckdb {left.md5}  snowflake {right.md5}")
            if left.md5 != right.md5:
                found.append(f"{table}: {first_difference(left, right)}")
    return found


@pytest.fixture(scope="module")
def engines(
    tmp_path_factory: pytest.TempPathFactory, fake_snowflake: FakeServer, note: Any
) -> tuple[Dbt, Path, Dbt]:
    """A small demo company, built on both: dbt and file of DuckDB, dbt of the fake Snowflake.

    With the unit tests; the data tests, which take longer than the models, are a slow test.
    """
    folder = tmp_path_factory.mktemp("engines")
    note(f"generating {REQUESTS} requests for both engines …")
    data = generate_demo(folder / "demo", "--requests", str(REQUESTS))
    path = folder / "engines.duckdb"
    load_duckdb(data.raw, path)
    local = Dbt(folder / "duckdb", env={"AI_DUCKDB_PATH": str(path)})
    note("dbt build on DuckDB …")
    local("build", "--exclude-resource-type", "test")
    with mock.patch.dict(os.environ, fake_snowflake.env):
        load_raw.load(data.raw, target="snowflake", quiet=True)
    remote = Dbt(folder / "snowflake", target="snowflake", env=fake_snowflake.env)
    note("dbt build on the fake Snowflake …")
    remote("build", "--exclude-resource-type", "test")
    return local, path, remote


@pytest.mark.slow
def test_every_mart_has_the_same_digits_on_snowflake(
    engines: tuple[Dbt, Path, Dbt], fake_snowflake: FakeServer, note: Any
) -> None:
    local, path, _ = engines
    tables = marts(local.manifest())
    assert tables, "no model below models/marts"
    assert differences(tables, path, fake_snowflake, note) == []


@pytest.mark.slow
def test_a_second_incremental_build_on_snowflake_changes_nothing(
    engines: tuple[Dbt, Path, Dbt], fake_snowflake: FakeServer, note: Any
) -> None:
    local, path, remote = engines
    note("second dbt run on the fake Snowflake …")
    remote("run")
    assert differences(marts(local.manifest()), path, fake_snowflake, note) == []


@pytest.mark.slow
def test_every_data_test_passes_on_snowflake(engines: tuple[Dbt, Path, Dbt]) -> None:
    _, _, remote = engines
    remote("test", "--exclude-resource-type", "unit_test")


def test_raw_tables_keep_their_types_on_snowflake(
    tmp_path: Path, duckdb_path: Path, fake_snowflake: FakeServer
) -> None:
    duckdb.execute(
        f"""
        copy (
            select
                'r' || i as request_id,
                'O''Neil "ü" \\n' || chr(10) as note,
                i as tokens,
                cast('12345678901234567890123.000000000000001' as decimal(38, 15)) as amount,
                cast('0.000000150' as decimal(18, 9)) as price,
                i % 2 = 0 as is_batch,
                timestamp '2026-01-01 00:00:00.123456' + i * interval 1 second as occurred_at,
                date '2026-02-28' as usage_date,
                cast(null as varchar) as absent
            from range(3) as t(i)
        ) to '{tmp_path}/loader_probe.parquet'
        """
    )
    load_duckdb(tmp_path, duckdb_path)
    with mock.patch.dict(os.environ, fake_snowflake.env):
        load_raw.load(tmp_path, target="snowflake", schema="raw_probe", quiet=True)
        snowflake = load_raw.open_snowflake()
    with duckdb.connect(str(duckdb_path), read_only=True) as local, snowflake:
        left = read(local.cursor(), "raw.loader_probe")
        right = read(snowflake.cursor(), "raw_probe.loader_probe")
    assert first_difference(left, right) == "3 and 3 rows"
    assert left.md5 == right.md5
    assert "12345678901234567890123.000000000000001" in right.rows[0]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("7 / 2", "3.500000"),
        ("-7 / 3", "-2.333333"),
        ("cast(2 as numeric(38, 15)) / 3", "0.666666666666667"),
        ("10 / 4 / 5", "0.500000000000000"),
        ("sum(x) / count(*)", "1.500000000000000"),
        ("cast(sum(x) as numeric(38, 15)) / 7", "0.428571428571429"),
        ("cast(397500000000000000 as numeric(38, 0)) * 300", "119250000000000000000"),
        ("sum(cast('0.100000000000001' as numeric(38, 15)))", "0.200000000000002"),
        ("1.5::float / 2", "0.75"),
        ("cast('2026-02-28' as date) + cast(1 as integer)", "2026-03-01"),
    ],
)
def test_the_fake_server_counts_in_decimals(
    fake_snowflake: FakeServer, expression: str, value: str
) -> None:
    with mock.patch.dict(os.environ, fake_snowflake.env):
        snowflake = load_raw.open_snowflake()
    with snowflake, snowflake.cursor() as cursor:
        cursor.execute(f"select {expression} from (select 1 as x union all select 2 as x)")
        assert as_text(cursor.fetchone()[0]) == value


@pytest.mark.parametrize("name", ["absent", "absent.absent"])
def test_the_fake_server_names_a_missing_table_as_snowflake_does(
    fake_snowflake: FakeServer, name: str
) -> None:
    with mock.patch.dict(os.environ, fake_snowflake.env):
        snowflake = load_raw.open_snowflake()
    # The words that dbt-snowflake looks for, before it takes the table to have no columns.
    words = "does not exist or not authorized"
    with snowflake, snowflake.cursor() as cursor, pytest.raises(Exception, match=words):
        cursor.execute(f"describe table {name}")


def test_the_fake_server_refuses_a_division_by_zero(fake_snowflake: FakeServer) -> None:
    with mock.patch.dict(os.environ, fake_snowflake.env):
        snowflake = load_raw.open_snowflake()
    with snowflake, snowflake.cursor() as cursor, pytest.raises(Exception, match="by zero"):
        cursor.execute("select 1 / 0")
