"""Where the marts are read from: exported Parquet files by DuckDB, or Snowflake.

Both take the same SQL. A mart is written `{cost_per_feature}` in it, a value is `?`; nothing else
differs, so a figure is the same wherever the marts are.
"""

from __future__ import annotations

import csv
import io
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

# A runner takes SQL with `?` and its values, and returns column names and rows.
Runner = Callable[[str, Sequence[Any]], tuple[list[str], list[tuple[Any, ...]]]]


class MissingMartError(Exception):
    """The mart that a query needs is not there: its scenario is off, or the export is partial."""

    def __init__(self, name: str) -> None:
        """`name`: of the mart."""
        self.name = name
        super().__init__(f"{name} is not among the marts")


class MartsError(Exception):
    """The marts cannot be read; the message says what to do."""


@dataclass(frozen=True)
class Table:
    """Rows of a query. Money and ratios are Decimal, days are date, unknown is None."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]

    def __bool__(self) -> bool:
        """True where there is a row."""
        return bool(self.rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Each row by column name."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def first(self) -> dict[str, Any]:
        """The first row; every column None where there is none."""
        return next(iter(self), dict.fromkeys(self.columns))

    def column(self, name: str) -> list[Any]:
        """Values of one column."""
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def with_columns(self, **computed: Callable[[dict[str, Any]], Any]) -> Table:
        """More columns at the end, each computed from the row by column name."""
        return Table(
            (*self.columns, *computed),
            tuple(
                (*values, *(compute(row) for compute in computed.values()))
                for values, row in zip(self.rows, self, strict=True)
            ),
        )

    def csv(self) -> bytes:
        """All digits of it, as UTF-8 with a header; an unknown value is an empty cell."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows([_cell(value) for value in row] for row in self.rows)
        return text.getvalue().encode()


def _cell(value: Any) -> Any:
    """A spreadsheet runs a text that begins like a formula: it gets an apostrophe."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value


class Marts(ABC):
    """The marts at one moment; `version` changes when their content may have changed."""

    version: str
    names: frozenset[str]
    source: str

    def has(self, *names: str) -> bool:
        """True where all of these marts are there."""
        return self.names.issuperset(names)

    def query(self, sql: str, values: Sequence[Any] = ()) -> Table:
        """Run SQL in which `{mart}` names a mart and `?` a value.

        Raises MissingMartError before anything runs, and MartsError where the data do not fit.
        """
        for name in re.findall(r"\{(\w+)\}", sql):
            if name not in self.names:
                raise MissingMartError(name)
        text = re.sub(r"\{(\w+)\}", lambda found: self.relation(found[1]), sql)
        columns, rows = self.run(text, values)
        return Table(tuple(name.lower() for name in columns), tuple(tuple(row) for row in rows))

    @abstractmethod
    def relation(self, name: str) -> str:
        """The mart as the engine writes it."""

    @abstractmethod
    def run(self, sql: str, values: Sequence[Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Column names and rows of plain SQL."""


class ParquetMarts(Marts):
    """Marts exported as `<folder>/<mart>.parquet` (or a folder `<mart>/` of files) and a manifest.

    DuckDB reads of each file only the columns and row groups that a query asks for, in this
    process; no mart is loaded as a whole.
    """

    def __init__(self, folder: Path) -> None:
        """`folder`: of the export; raises MartsError where it holds no mart."""
        # `current` may be a link that the next export moves: this object keeps to one export.
        self.folder = folder.resolve()
        files = {path.stem: path for path in sorted(self.folder.glob("*.parquet"))}
        files |= {
            path.name: path / "**" / "*.parquet"
            for path in sorted(self.folder.glob("*"))
            if path.is_dir() and any(path.rglob("*.parquet"))
        }
        if not files:
            raise MartsError(
                f"No exported marts in {folder}. Run `make dashboard`, or export them with "
                "`scripts/export_marts.py` and name the folder in AI_MARTS_DIR."
            )
        self.names = frozenset(files)
        self.version = parquet_version(folder)
        self.manifest = _manifest(self.folder)
        self.source = f"Parquet export in {folder}"
        # Only here, so that Snowflake needs no DuckDB.
        import duckdb

        self._duckdb = duckdb
        self._connection = duckdb.connect()
        for name, path in files.items():
            if not re.fullmatch(r"\w+", name):
                raise MartsError(f"{path} has a name that no mart has")
            location = str(path).replace("'", "''")
            try:
                self._connection.execute(
                    f"create view {name} as select * from read_parquet('{location}')"
                )
            except duckdb.Error as error:
                raise MartsError(
                    f"{path} cannot be read: export the marts again. {error}"
                ) from error

    def relation(self, name: str) -> str:
        """The view over the mart's files."""
        return f'"{name}"'

    def run(self, sql: str, values: Sequence[Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run on a cursor of its own, so that sessions do not wait for one another's results."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, list(values))
                columns = [str(column[0]) for column in cursor.description or []]
                return columns, cursor.fetchall()
        except self._duckdb.BinderException as error:
            raise MartsError(
                f"The export and this dashboard are of different versions: export again. {error}"
            ) from error
        except self._duckdb.Error as error:
            raise MartsError(f"The exported marts cannot be read: {error}") from error


def parquet_version(folder: Path) -> str:
    """What tells one export from the next: its real folder, and when its manifest was written."""
    real = folder.resolve()
    manifest = real / "manifest.json"
    files = [manifest] if manifest.exists() else sorted(real.glob("*.parquet"))
    return f"{real}:{max((file.stat().st_mtime_ns for file in files), default=0)}"


def _manifest(folder: Path) -> dict[str, Any]:
    """The export's manifest; empty where there is none."""
    try:
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


class SnowflakeMarts(Marts):
    """Marts in a schema on Snowflake; the warehouse does the work."""

    def __init__(self, runner: Runner, schema: str) -> None:
        """`schema`: `schema` or `database.schema`; raises MartsError where it holds no mart."""
        if not re.fullmatch(r"[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*)?", schema):
            raise MartsError(f"{schema!r} names no schema: write it as schema or database.schema")
        self._runner = runner
        self._schema = schema
        *database, name = schema.split(".")
        prefix = f"{database[0]}." if database else ""
        _, rows = runner(
            f"select table_name from {prefix}information_schema.tables "
            "where lower(table_schema) = lower(?)",
            [name],
        )
        self.names = frozenset(str(row[0]).lower() for row in rows)
        if not self.names:
            raise MartsError(
                f"No marts in {schema}, or no right to see them: build them with dbt, or name "
                "their "
                "schema in AI_MARTS_SCHEMA."
            )
        # Results are kept for an hour: marts change when dbt has run.
        self.version = f"{schema}:{datetime.now():%Y-%m-%d %H}"
        self.source = f"Snowflake schema {schema}"

    def relation(self, name: str) -> str:
        """The table with its schema."""
        return f"{self._schema}.{name}"

    def run(self, sql: str, values: Sequence[Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run in the warehouse."""
        return self._runner(sql, values)


def session_runner(session: Any) -> Runner:
    """Runner on a Snowpark session, as Streamlit in Snowflake has one."""

    def run(sql: str, values: Sequence[Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
        frame = session.sql(sql, params=list(values))
        return list(frame.columns), [tuple(row) for row in frame.collect()]

    return run


def connector_runner(connection: Any) -> Runner:
    """Runner on a connection of snowflake-connector-python; values are bound on the client."""

    def run(sql: str, values: Sequence[Any]) -> tuple[list[str], list[tuple[Any, ...]]]:
        with connection.cursor() as cursor:
            cursor.execute(sql.replace("%", "%%").replace("?", "%s"), tuple(values))
            return [column[0] for column in cursor.description], cursor.fetchall()

    return run
