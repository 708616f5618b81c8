"""The warehouse as the expectations see it: which tables are on, their columns, small results.

Only counts, sums, dates and distinct words leave the warehouse, never a row of a log: a check of
ten million requests moves a few kilobytes, and the same statements run on DuckDB and Snowflake.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import load_raw  # noqa: E402

# How information_schema names types, on either engine: what they begin with.
FAMILIES = {
    "text": ("varchar", "text", "string", "char", "uuid"),
    "number": (
        *("tinyint", "smallint", "integer", "bigint", "hugeint", "ubigint", "uinteger", "int"),
        *("decimal", "numeric", "number", "float", "double", "real"),
    ),
    "boolean": ("bool",),
    "timestamp": ("timestamp", "datetime"),
    "date": ("date",),
}


class CannotLookError(Exception):
    """The expectations could not be judged at all; its text says why and what to do."""


@dataclass(frozen=True)
class Relation:
    """A table or view of the dbt project: its name there, and where it is."""

    name: str
    database: str
    schema: str
    identifier: str
    sql: str  # as dbt writes it in SQL


@dataclass(frozen=True)
class Column:
    """A column as the warehouse has it."""

    sql: str  # quoted, so that `timestamp` and startTime can be read
    family: str  # a key of FAMILIES, or other


@dataclass(frozen=True)
class Project:
    """What dbt switches on: sources and marts by name, and the vars that decide it."""

    sources: Mapping[str, Relation]
    models: Mapping[str, Relation]
    variables: Mapping[str, Any]


def family(data_type: str) -> str:
    """text, number, boolean, timestamp, date or other (nested types)."""
    lowered = data_type.lower()
    if lowered.endswith("]"):
        return "other"
    # A timestamp begins with "time", a date with "date": the longer word is looked for first.
    for name in ("timestamp", "text", "number", "boolean", "date"):
        if lowered.startswith(FAMILIES[name]):
            return name
    return "other"


class Warehouse:
    """A connection that answers questions with few rows."""

    def __init__(self, connection: Any, target: str) -> None:
        """`target`: duckdb or snowflake."""
        self._connection = connection
        self.target = target

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query; raises CannotLookError with the engine's words."""
        try:
            if self.target == "snowflake":
                with self._connection.cursor() as cursor:
                    return list(cursor.execute(sql).fetchall())
            return list(self._connection.execute(sql).fetchall())
        except Exception as problem:
            raise CannotLookError(f"{problem}\nin: {sql}") from problem

    def columns(self, relation: Relation) -> dict[str, Column]:
        """Columns by lower-cased name, in order; empty = the table is not there."""
        found = self.rows(
            "select column_name, data_type from "
            f"{self._prefix(relation)}information_schema.columns "
            f"where lower(table_schema) = lower('{relation.schema}') "
            f"and lower(table_name) = lower('{relation.identifier}') "
            f"and lower(table_catalog) = lower('{relation.database}') order by ordinal_position"
        )
        return {
            str(name).lower(): Column('"' + str(name) + '"', family(str(kind)))
            for name, kind in found
        }

    def _prefix(self, relation: Relation) -> str:
        """Snowflake has one information schema per database, DuckDB one for all."""
        return f"{relation.database}." if self.target == "snowflake" else ""


@contextmanager
def opened(target: str) -> Iterator[Warehouse]:
    """The warehouse of AI_DUCKDB_PATH or of the SNOWFLAKE_* variables; reads only."""
    try:
        if target == "snowflake":
            connection = load_raw.open_snowflake()
        else:
            connection = load_raw.open_duckdb(load_raw.duckdb_path(), read_only=True)
    except load_raw.LoadError as problem:
        raise CannotLookError(str(problem)) from problem
    try:
        yield Warehouse(connection, target)
    finally:
        connection.close()


def read_project(
    target: str,
    variables: str | None = None,
    manifest: Path | None = None,
    project_dir: Path = ROOT,
    profiles_dir: Path | None = None,
    target_path: Path = ROOT / "target" / "expectations" / "dbt",
) -> Project:
    """Sources and models that are on, as dbt reads them with the user's own vars.

    `manifest` takes a manifest.json that dbt wrote before in place of a run of `dbt parse`.
    Raises CannotLookError with dbt's words.
    """
    if manifest is None:
        command = [str(Path(sys.executable).with_name("dbt")), "parse", "--no-use-colors"]
        command += ["--project-dir", str(project_dir), "--target", target]
        command += ["--target-path", str(target_path)]
        if variables:
            command += ["--vars", variables]
        if profiles_dir:
            command += ["--profiles-dir", str(profiles_dir)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise CannotLookError("dbt could not read the project:\n" + done.stdout[-2000:])
        manifest = target_path / "manifest.json"
    if not manifest.exists():
        raise CannotLookError(f"There is no {manifest}. Run `dbt parse` first.")
    with manifest.open(encoding="utf-8") as file:
        content = json.load(file)
    declared = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    own = yaml.safe_load(variables) if variables else {}
    return Project(
        {
            node["name"]: _relation(node, node["identifier"])
            for node in content["sources"].values()
            if node["source_name"] == "ai_raw"
        },
        {
            node["name"]: _relation(node, node["alias"])
            for node in content["nodes"].values()
            if node["resource_type"] == "model"
        },
        {**declared, **own},
    )


def _relation(node: Mapping[str, Any], identifier: str) -> Relation:
    """Where a node of the manifest lies."""
    return Relation(
        node["name"],
        node["database"],
        node["schema"],
        identifier,
        node["relation_name"] or f"{node['schema']}.{identifier}",
    )
