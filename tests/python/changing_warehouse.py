"""A warehouse whose raw tables change, beside what a full refresh of it would hold."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from conftest import Dbt
from golden_company import RawTables, opened

# {table: its rows as sorted text}
Contents = dict[str, list[tuple[Any, ...]]]


@dataclass
class ChangingWarehouse:
    """A DuckDB file, dbt on it, and the vars of every run."""

    dbt: Dbt
    path: Path
    variables: dict[str, Any]

    @classmethod
    def built(cls, folder: Path, company: RawTables, variables: dict[str, Any]) -> Self:
        """The company's warehouse, seeded and built once; `reset` goes back to it."""
        path = folder / "warehouse.duckdb"
        company.write(path)
        warehouse = cls(Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)}), path, variables)
        warehouse.dbt("seed", variables=variables)
        warehouse.run()
        shutil.copy(path, path.with_suffix(".pristine"))
        return warehouse

    def reset(self) -> None:
        """Undo all changes since it was built."""
        shutil.copy(self.path.with_suffix(".pristine"), self.path)

    def run(self, *args: str, **variables: Any) -> None:
        """Build all tables and views, or what `args` select."""
        # Nobody reads what dbt writes about the run, a third of its time.
        silent = ("--no-write-json", "--log-level", "none", "--log-level-file", "none")
        self.dbt("run", *silent, *args, variables=self.variables | variables)

    def execute(self, sql: str) -> None:
        """Change the raw tables or seeds."""
        with opened(self.path) as connection:
            connection.execute(sql)

    def refreshed(self, read: Callable[[], Contents], *args: str) -> Contents:
        """What `read` finds after a full refresh of a copy; this warehouse stays."""
        kept = self.path.with_suffix(".kept")
        shutil.copy(self.path, kept)
        try:
            self.run("--full-refresh", *args)
            return read()
        finally:
            shutil.move(kept, self.path)


def difference(left: Contents, right: Contents) -> str:
    """The tables that differ, with rows that only one side has; empty where none does."""
    assert sorted(left) == sorted(right)
    found = []
    for table, rows in left.items():
        if rows != right[table]:
            only_left = sorted(set(rows) - set(right[table]), key=str)[:3]
            only_right = sorted(set(right[table]) - set(rows), key=str)[:3]
            found.append(f"{table}: {only_left} is {only_right}")
    return "\n".join(found)
