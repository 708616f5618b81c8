"""Tables as files that readers can open at any moment: what export_marts and export_focus share.

An export is a folder. It is written beside the others under a name that nobody reads, with its
manifest last, and becomes visible by one rename; `current` then points to it, by another. A reader
therefore finds a complete export or the one before, and needs no lock. A killed export leaves a
folder `.writing-…`, which the next one removes.

    <out>/current -> exports/<run id>
    <out>/exports/<run id>/manifest.json, <table>.parquet, <table>.csv
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

import load_raw

FORMAT_VERSION = 1
PACKAGE = "ai_unit_economics"
BATCH_ROWS = 100_000
WRITING = ".writing-"

# Types of the contracts; decimals: see below.
ARROW_TYPES = {
    "varchar": pa.string(),
    "bigint": pa.int64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}
# Snowflake's type codes of a result, where no contract names the type.
SNOWFLAKE_CODES = {
    1: pa.float64(),
    2: pa.string(),
    3: pa.date32(),
    4: pa.timestamp("us"),
    8: pa.timestamp("us"),
    13: pa.bool_(),
}


class ExportError(Exception):
    """A problem that the user can solve; its text says what, where and how."""


@dataclass(frozen=True)
class Mart:
    """A public mart as dbt built it: its relation, and {column: type} of its contract."""

    name: str
    relation: str
    types: dict[str, str]


@dataclass(frozen=True)
class Project:
    """What dbt's last run left in its target folder."""

    marts: list[Mart]
    dbt: dict[str, Any]


def read_project(target_path: Path, target: str) -> Project:
    """The public marts of dbt's manifest in `target_path`, built for `target` (duckdb, snowflake).

    Marts that a var switches off are not in it. Raises ExportError when dbt has not run there, or
    for another engine.
    """
    path = target_path / "manifest.json"
    if not path.is_file():
        raise ExportError(f"There is no {path}. Run `make build` (or dbt build) first.")
    manifest = json.loads(path.read_text(encoding="utf-8"))
    adapter = manifest["metadata"]["adapter_type"]
    if adapter != target:
        raise ExportError(
            f"{path} was written for {adapter}, not {target}: name the folder of the other run "
            "with --dbt-target-path."
        )
    marts = []
    for node in manifest["nodes"].values():
        if (
            node["resource_type"] == "model"
            and node["package_name"] == PACKAGE
            and node["config"]["access"] == "public"
        ):
            relation = f'"{node["schema"]}"."{node["alias"]}"'
            marts.append(
                Mart(
                    node["name"],
                    node["relation_name"] if target == "snowflake" else relation,
                    {name: column["data_type"] or "" for name, column in node["columns"].items()},
                )
            )
    if not marts:
        raise ExportError(f"{path} holds no public model of {PACKAGE}.")
    run: dict[str, Any] = {
        "dbt_version": manifest["metadata"]["dbt_version"],
        "manifest_invocation_id": manifest["metadata"]["invocation_id"],
        "invocation_id": None,
        "command": None,
        "generated_at": None,
        "failed": None,
    }
    results = target_path / "run_results.json"
    if results.is_file():
        result = json.loads(results.read_text(encoding="utf-8"))
        run["invocation_id"] = result["metadata"]["invocation_id"]
        run["generated_at"] = result["metadata"]["generated_at"]
        run["command"] = result["args"].get("which")
        run["failed"] = sum(
            one["status"] in ("error", "fail", "runtime error") for one in result["results"]
        )
    return Project(sorted(marts, key=lambda mart: mart.name), run)


class Warehouse:
    """A warehouse to read from: one connection, and on DuckDB one transaction."""

    def __init__(self, target: str) -> None:
        """Open `target`: the DuckDB file at AI_DUCKDB_PATH, or Snowflake by SNOWFLAKE_*.

        Raises load_raw.LoadError.
        """
        self.target = target
        self._connection: Any
        if target == "snowflake":
            self._connection = load_raw.open_snowflake()
        else:
            self._connection = load_raw.open_duckdb(load_raw.duckdb_path(), read_only=True)
            self._connection.execute("begin transaction")

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a small query."""
        cursor = self._connection.cursor() if self.target == "snowflake" else self._connection
        cursor.execute(sql)
        return list(cursor.fetchall())

    def batches(
        self, sql: str, types: dict[str, str]
    ) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The query's columns and rows, in batches.

        Names and types of `types` ({name: SQL type}) are kept whatever the engine makes of them;
        a column that it lacks has its name in lower case and the engine's own type. Decimals never
        pass through a float.
        """
        known = {name.lower(): name for name in types}
        if self.target == "snowflake":
            cursor = self._connection.cursor()
            cursor.execute(sql)
            schema = pa.schema(
                [
                    (
                        known.get(column.name.lower(), column.name.lower()),
                        arrow_type(types.get(known.get(column.name.lower(), ""), ""))
                        or _snowflake_type(column),
                    )
                    for column in cursor.description
                ]
            )
            return schema, _tuples_as_batches(cursor, schema)
        reader = self._connection.sql(sql).to_arrow_reader(BATCH_ROWS)
        schema = pa.schema(
            [
                (
                    known.get(column.name.lower(), column.name),
                    arrow_type(types.get(known.get(column.name.lower(), ""), "")) or column.type,
                )
                for column in reader.schema
            ]
        )
        return schema, (
            pa.RecordBatch.from_arrays(
                [
                    array.cast(kind.type) if array.type != kind.type else array
                    for array, kind in zip(batch.columns, schema, strict=True)
                ],
                schema=schema,
            )
            for batch in reader
        )


def arrow_type(sql_type: str) -> pa.DataType | None:
    """Arrow's type for an SQL type of a contract; None for one without a counterpart."""
    text = sql_type.strip().lower()
    if decimal := re.fullmatch(r"(?:numeric|decimal|number)\((\d+),\s*(\d+)\)", text):
        return pa.decimal128(int(decimal.group(1)), int(decimal.group(2)))
    return ARROW_TYPES.get(text)


def _snowflake_type(column: Any) -> pa.DataType:
    """Arrow's type for a column of a Snowflake result."""
    if column.type_code == 0:
        return pa.decimal128(38, column.scale) if column.scale else pa.int64()
    return SNOWFLAKE_CODES.get(column.type_code, pa.string())


def _tuples_as_batches(cursor: Any, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    while rows := cursor.fetchmany(BATCH_ROWS):
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(values, type=kind.type)
                for values, kind in zip(zip(*rows, strict=True), schema, strict=True)
            ],
            schema=schema,
        )


def write_parquet(path: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> int:
    """Write the batches as one Parquet file (zstd); returns the number of rows."""
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def write_csv(parquet: Path, path: Path, select: str = "*") -> None:
    """Write a Parquet file's rows as CSV: UTF-8, with a header, NULL empty and '' quoted."""
    source, goal = (str(file).replace("'", "''") for file in (parquet, path))
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute(
            f"copy (select {select} from read_parquet('{source}')) to '{goal}' (format csv, header)"
        )


def described(path: Path) -> dict[str, Any]:
    """A file's entry in the manifest: name, bytes and hash."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return {"path": path.name, "bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def columns_of(schema: pa.Schema) -> list[dict[str, str]]:
    """The columns' entry in the manifest: names and Arrow types, in order."""
    return [{"name": column.name, "type": str(column.type)} for column in schema]


@dataclass
class Snapshot:
    """An export that is being written: its folder, and what its manifest will say."""

    run_id: str
    folder: Path
    manifest: dict[str, Any] = field(default_factory=dict)


@contextmanager
def snapshot(out: Path, keep: int) -> Iterator[Snapshot]:
    """Write an export below `out`; it becomes `current` at the end of the block, or not at all.

    `keep`: complete exports that stay, the new one included (at least 1). Raises ExportError while
    another process exports there.
    """
    exports = out / "exports"
    exports.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise ExportError(f"Another process is exporting to {out}. Wait for it.") from error
        # Nobody else writes here: these are of runs that were killed.
        for dead in [*exports.glob(f"{WRITING}*"), *out.glob(f"{WRITING}*")]:
            _remove(dead)
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%S%f}Z-{secrets.token_hex(3)}"
        folder = exports / f"{WRITING}{run_id}"
        folder.mkdir()
        writing = Snapshot(run_id, folder)
        try:
            yield writing
            manifest = {
                "format_version": FORMAT_VERSION,
                "run_id": run_id,
                "exported_at": f"{now:%Y-%m-%dT%H:%M:%SZ}",
                **writing.manifest,
            }
            (folder / "manifest.json").write_text(
                json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
            )
            for file in folder.iterdir():
                _flush(file)
            _flush(folder)
            folder.rename(exports / run_id)
            link = out / f"{WRITING}{run_id}"
            link.symlink_to(Path("exports") / run_id, target_is_directory=True)
            link.replace(out / "current")
            _flush(out)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        complete = sorted(path for path in exports.iterdir() if not path.name.startswith("."))
        for old in complete[: -max(keep, 1)]:
            _remove(old)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _flush(path: Path) -> None:
    """Have the file or folder on disk before it is named."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def chosen(marts: Sequence[Mart], select: Sequence[str], exclude: Sequence[str]) -> list[Mart]:
    """The marts that the options name; raises ExportError for a name that no mart has."""
    names = {mart.name for mart in marts}
    if unknown := sorted((set(select) | set(exclude)) - names):
        raise ExportError(
            f"No public mart is called {', '.join(unknown)}; there are {', '.join(sorted(names))}."
        )
    return [
        mart for mart in marts if (not select or mart.name in select) and mart.name not in exclude
    ]
