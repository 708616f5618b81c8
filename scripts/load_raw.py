"""Load a folder of Parquet files as raw tables: `app_requests.parquet` → `raw.app_requests`.

Each table is created or replaced. Types are kept as they are in the file: decimals exactly,
timestamps without a zone, 64-bit integers, booleans, dates, text.

    load_raw.py target/demo/raw                        into the DuckDB file AI_DUCKDB_PATH
    load_raw.py target/demo/raw --target snowflake     into Snowflake, by SNOWFLAKE_* variables

DuckDB: the file and its folder are created when absent. Snowflake: a temporary stage, PUT and
COPY INTO; the same statements run on Snowflake and on scripts/fake_snowflake.py.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

DEFAULT_DUCKDB_PATH = "ai_unit_economics.duckdb"
# The same setting as in profiles.example.yml: files that older DuckDB versions can open.
DUCKDB_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "storage_compatibility_version": "v1.0.0"
}
STAGE = "load_raw_files"

# DuckDB's name of a Parquet column's type → Snowflake's. DECIMAL(p,s) and nested types: see below.
SNOWFLAKE_TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "number(3, 0)",
    "SMALLINT": "number(5, 0)",
    "INTEGER": "number(10, 0)",
    "BIGINT": "number(19, 0)",
    "UINTEGER": "number(10, 0)",
    "UBIGINT": "number(20, 0)",
    "HUGEINT": "number(38, 0)",
    "FLOAT": "float",
    "DOUBLE": "float",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp_ntz",
    "TIMESTAMP_S": "timestamp_ntz",
    "TIMESTAMP_MS": "timestamp_ntz",
    "TIMESTAMP_NS": "timestamp_ntz",
    "TIMESTAMP WITH TIME ZONE": "timestamp_tz",
    "VARCHAR": "varchar",
    "BLOB": "binary",
}


class LoadError(Exception):
    """A problem that the user can solve; its text says what, where and how."""


def duckdb_path() -> Path:
    """The DuckDB file that dbt uses as well: AI_DUCKDB_PATH, else one in the working folder."""
    return Path(os.environ.get("AI_DUCKDB_PATH") or DEFAULT_DUCKDB_PATH)


def open_duckdb(path: Path, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open (and unless `read_only`, create) a DuckDB file with the settings that dbt uses.

    Raises LoadError when the file is absent (`read_only`), locked by another process, or not
    a DuckDB file.
    """
    if read_only and not path.exists():
        raise LoadError(f"There is no DuckDB file {path}. Run `make demo` to create it.")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return duckdb.connect(str(path), read_only=read_only, config=DUCKDB_CONFIG)
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise LoadError(
                f"{path} is open in another process. Close it (a BI tool, a shell, a dbt run) "
                "and run this again."
            ) from error
        raise LoadError(f"Cannot open {path} as a DuckDB file: {error}") from error


def open_snowflake() -> Any:
    """Connect to Snowflake, or to the fake one, by the variables of profiles.example.yml.

    Raises LoadError when a variable is missing or Snowflake refuses; no secret is in its text.
    """
    import snowflake.connector

    required = {"account": "SNOWFLAKE_ACCOUNT", "user": "SNOWFLAKE_USER"}
    optional = {
        "role": "SNOWFLAKE_ROLE",
        "warehouse": "SNOWFLAKE_WAREHOUSE",
        "password": "DBT_ENV_SECRET_SNOWFLAKE_PASSWORD",
        "authenticator": "SNOWFLAKE_AUTHENTICATOR",
        "private_key_file": "SNOWFLAKE_PRIVATE_KEY_PATH",
        "private_key_file_pwd": "DBT_ENV_SECRET_SNOWFLAKE_PRIVATE_KEY_PASSPHRASE",
        "host": "SNOWFLAKE_HOST",
        "port": "SNOWFLAKE_PORT",
        "protocol": "SNOWFLAKE_PROTOCOL",
    }
    missing = [name for name in required.values() if not os.environ.get(name)]
    if missing:
        raise LoadError(
            f"Not set: {', '.join(missing)}. profiles.example.yml lists the variables; "
            "without an account use `make demo-snowflake`."
        )
    settings: dict[str, Any] = {
        key: os.environ[name]
        for key, name in {**required, **optional}.items()
        if os.environ.get(name)
    }
    settings["database"] = os.environ.get("SNOWFLAKE_DATABASE") or "AI_UNIT_ECONOMICS"
    settings["schema"] = os.environ.get("SNOWFLAKE_SCHEMA") or "PUBLIC"
    try:
        return snowflake.connector.connect(**settings, login_timeout=60, network_timeout=600)
    except snowflake.connector.errors.Error as error:
        raise LoadError(
            f"Cannot connect to Snowflake account {settings['account']} as {settings['user']}: "
            f"{error.msg}"
        ) from error


def snowflake_type(duckdb_type: str) -> str:
    """Snowflake's type for a Parquet column that DuckDB reads as `duckdb_type`.

    Raises LoadError for a type without an exact counterpart.
    """
    if decimal := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", duckdb_type):
        return f"number({decimal.group(1)}, {decimal.group(2)})"
    if duckdb_type.endswith("[]") or duckdb_type.startswith(("STRUCT(", "MAP(")):
        return "variant"
    if duckdb_type not in SNOWFLAKE_TYPES:
        raise LoadError(f"no Snowflake type for a column of type {duckdb_type}")
    return SNOWFLAKE_TYPES[duckdb_type]


def parquet_columns(file: Path) -> list[tuple[str, str]]:
    """(name, DuckDB type) of the file's columns, in order."""
    described = duckdb.execute(f"describe select * from read_parquet({_text(file)})").fetchall()
    return [(name, kind) for name, kind, *_ in described]


def parquet_rows(file: Path) -> int:
    """Number of rows, read from the file's footer."""
    sql = f"select coalesce(sum(num_rows), 0) from parquet_file_metadata({_text(file)})"
    return sum(int(rows) for (rows,) in duckdb.execute(sql).fetchall())


def load_duckdb(
    files: list[Path], schema: str, path: Path, done: Callable[[Path, int], None]
) -> None:
    """Replace one table per file in the DuckDB file, all or none of them.

    `done(file, rows)` is called after each table.
    """
    with open_duckdb(path) as connection:
        connection.execute(f"create schema if not exists {schema}")
        connection.execute("begin")
        for file in files:
            connection.execute(
                f'create or replace table {schema}."{file.stem}" as '
                f"select * from read_parquet({_text(file)})"
            )
            done(file, parquet_rows(file))
        connection.execute("commit")


def load_snowflake(files: list[Path], schema: str, done: Callable[[Path, int], None]) -> None:
    """Replace one table per file in Snowflake: create the table, PUT the file, COPY it in.

    `done(file, rows)` is called after each table. Raises LoadError when Snowflake took another
    number of rows than the file has.
    """
    with open_snowflake() as connection, connection.cursor() as cursor:
        cursor.execute(f"create schema if not exists {schema}")
        cursor.execute(f"create or replace temporary stage {schema}.{STAGE}")
        for file in files:
            columns = ", ".join(
                f"{name} {snowflake_type(kind)}" for name, kind in parquet_columns(file)
            )
            rows = parquet_rows(file)
            cursor.execute(f"create or replace table {schema}.{file.stem} ({columns})")
            cursor.execute(
                f"put {_text(file.resolve().as_uri())} @{schema}.{STAGE} "
                "auto_compress = false overwrite = true"
            )
            cursor.execute(
                f"copy into {schema}.{file.stem} from @{schema}.{STAGE}/{file.name} "
                "file_format = (type = parquet use_logical_type = true) "
                "match_by_column_name = case_insensitive"
            )
            cursor.execute(f"select count(*) from {schema}.{file.stem}")
            loaded = cursor.fetchone()[0]
            if loaded != rows:
                raise LoadError(f"{file} has {rows:,} rows, but Snowflake holds {loaded:,}.")
            done(file, rows)


def find_files(folder: Path, schema: str) -> list[Path]:
    """The folder's Parquet files, by name. Raises LoadError when there is none, or a bad name."""
    if not folder.is_dir():
        raise LoadError(f"There is no folder {folder}. `make demo` writes target/demo/raw.")
    files = sorted(folder.glob("*.parquet"))
    if not files:
        raise LoadError(f"{folder} holds no *.parquet file.")
    for name in [schema, *(file.stem for file in files)]:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise LoadError(f"{name!r} is no table or schema name: use letters, digits and _ only.")
    return files


def load(folder: Path, target: str = "duckdb", schema: str = "raw", quiet: bool = False) -> int:
    """Load every Parquet file of `folder` into `target`; returns the number of rows.

    Shows a progress bar and a line per table unless `quiet`. Raises LoadError.
    """
    files = find_files(folder, schema)
    console = Console(quiet=quiet, highlight=False)
    total = 0
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("tables"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=quiet,
    ) as progress:
        bar = progress.add_task("loading", total=len(files))

        def done(file: Path, rows: int) -> None:
            nonlocal total
            total += rows
            progress.console.print(f"  {schema}.{file.stem:<32} {rows:>12,} rows")
            progress.advance(bar)

        if target == "snowflake":
            load_snowflake(files, schema, done)
        else:
            load_duckdb(files, schema, duckdb_path(), done)
    return total


def _text(value: object) -> str:
    """`value` as an SQL string."""
    escaped = str(value).replace("'", "''")
    return f"'{escaped}'"


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code: 0, or 1 with a message on standard error."""
    parser = argparse.ArgumentParser(description="Load a folder of Parquet files as raw tables.")
    parser.add_argument("folder", type=Path, help="folder of *.parquet files, one per table")
    parser.add_argument("--target", choices=["duckdb", "snowflake"], default="duckdb")
    parser.add_argument("--schema", default="raw", help="schema of the tables (default: raw)")
    options = parser.parse_args(argv)
    try:
        rows = load(options.folder, options.target, options.schema)
    except (LoadError, duckdb.Error) as error:
        print(f"load_raw: {error}", file=sys.stderr)
        return 1
    where = duckdb_path() if options.target == "duckdb" else "Snowflake"
    print(f"Loaded {rows:,} rows into {where}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
