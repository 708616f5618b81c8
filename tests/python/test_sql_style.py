"""Length of source lines of SQL. sqlfluff measures what macros make of a line, and no macros."""

from __future__ import annotations

import pytest

from conftest import ROOT

COLUMNS = 120


@pytest.mark.parametrize("folder", ["models", "macros", "tests", "analyses"])
def test_no_line_of_sql_is_longer_than_120_columns(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.sql"))
    assert files
    long = [
        f"{file.relative_to(ROOT)}:{number}: {len(line)} columns"
        for file in files
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > COLUMNS
    ]
    assert long == []
