"""Answer the questions of docs/questions.md from a warehouse, and print the answers into the page.

    answer_questions.py            asks the DuckDB file AI_DUCKDB_PATH and rewrites the page
    answer_questions.py --check    changes nothing; exit code 1 where an answer has changed

A question of the page is a block of SQL, or `dbt show --select <analysis>`, and below it a
comment `<!-- answer -->` with the answer. `<!-- answer: column column where column=value -->`
chooses columns and rows (as they are shown); then the answer says so. Only answers are rewritten.
Build the demo first (`make demo`): the page shows its answers.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from load_raw import DEFAULT_DUCKDB_PATH

PROJECT = Path(__file__).resolve().parents[1]
PAGE = PROJECT / "docs" / "questions.md"
HEADING = re.compile(r"^## (\d+)\. (.+)$", re.MULTILINE)
ASKED = re.compile(
    r"```(?P<kind>sql|sh)\n(?P<query>.*?)```\n"
    r"(?P<between>(?:(?!```).)*?)"
    r"<!-- answer(?:: (?P<columns>[\w ]+?)(?: where (?P<column>\w+)=(?P<value>[^\n]+?))?)? -->\n"
    r"```\n(?P<answer>.*?)```",
    re.DOTALL,
)
SHOW = re.compile(r"dbt show --select (?P<name>\w+) --limit (?P<limit>\d+)\s*$")


class PageError(Exception):
    """The page does not say what to ask."""


@dataclass(frozen=True)
class Asked:
    """One query of the page and the answer that the page prints.

    `query` is SQL; or `analysis` names one, of which the first `limit` rows are shown. `columns`:
    those that are shown, in that order; none = all. `only`: (column, shown value) of the rows that
    are shown.
    """

    number: int
    question: str
    query: str
    analysis: str
    limit: int
    columns: tuple[str, ...]
    only: tuple[str, str] | None
    answer: str

    def sql(self, analyses: Mapping[str, str]) -> str:
        """The SQL to run; `analyses` holds the compiled ones by name."""
        return self.query or analyses[self.analysis]


@dataclass(frozen=True)
class Answer:
    """Columns and rows as they are shown."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    note: str = ""

    @property
    def text(self) -> str:
        """A table of text: numbers to the right, money in cents, small money with four digits."""
        cells = [list(self.columns)]
        for row in self.rows:
            cells.append([shown(name, v) for name, v in zip(self.columns, row, strict=True)])
        widths = [max(len(line[n]) for line in cells) for n in range(len(self.columns))]
        right = [
            all(isinstance(row[n], (int, Decimal, type(None))) for row in self.rows)
            and not any(isinstance(row[n], bool) for row in self.rows)
            for n in range(len(self.columns))
        ]
        lines = [
            "  ".join(
                cell.rjust(width) if to_right else cell.ljust(width)
                for cell, width, to_right in zip(line, widths, right, strict=True)
            ).rstrip()
            for line in cells
        ]
        return "\n".join([*([self.note] if self.note else []), *lines]) + "\n"


def shown(column: str, value: Any) -> str:
    """A value as the page shows it; – is NULL."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return f"{value:%Y-%m}" if column.endswith("_month") else f"{value:%Y-%m-%d}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, Decimal):
        if column.endswith("_ratio"):
            return f"{rounded(value, 3)}"
        if abs(value) >= 1 or value == 0:
            return f"{rounded(value, 2):,}"
        return f"{rounded(value, 3 - value.adjusted()):f}"
    return str(value)


def rounded(value: Decimal, digits: int) -> Decimal:
    """`value` with so many digits after the point, half away from zero."""
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def asked(page: str) -> list[Asked]:
    """Every query of the page, in order; raises PageError where a block has no answer."""
    result = []
    for number, question, section in sections(page):
        found = list(ASKED.finditer(section))
        if len(found) != len(re.findall(r"^```(?:sql|sh)$", section, re.MULTILINE)):
            raise PageError(f"question {number} has a query without `<!-- answer -->`")
        for match in found:
            name, limit = "", 0
            if match["kind"] == "sh":
                show = SHOW.search(match["query"])
                if not show:
                    raise PageError(
                        f"question {number}: only `dbt show --select <analysis> --limit <n>` is run"
                    )
                name, limit = show["name"], int(show["limit"])
            columns = tuple((match["columns"] or "").split())
            query = match["query"] if not name else ""
            only = (match["column"], match["value"]) if match["column"] else None
            result.append(
                Asked(number, question, query, name, limit, columns, only, match["answer"])
            )
    return result


def sections(page: str) -> list[tuple[int, str, str]]:
    """(number, question, text) of each question of the page."""
    heads = list(HEADING.finditer(page))
    ends = [head.start() for head in heads[1:]] + [len(page)]
    return [
        (int(head[1]), head[2], page[head.end() : end])
        for head, end in zip(heads, ends, strict=True)
    ]


def ask(
    connection: duckdb.DuckDBPyConnection, question: Asked, analyses: Mapping[str, str]
) -> Answer:
    """Run one query of the page."""
    cursor = connection.execute(question.sql(analyses))
    names = [column[0] for column in cursor.description or []]
    rows = cursor.fetchall()
    columns = question.columns or tuple(names)
    wanted = {*columns, *([question.only[0]] if question.only else [])}
    unknown = wanted - set(names)
    if unknown:
        raise PageError(f"question {question.number} has no column {', '.join(sorted(unknown))}")
    notes = []
    if question.only:
        column, value = question.only
        rows = [row for row in rows if shown(column, row[names.index(column)]) == value]
        notes.append(f"rows with {column} {value}")
    if question.limit and len(rows) > question.limit:
        notes.append(f"the first {question.limit} of {len(rows):,}")
        rows = rows[: question.limit]
    if len(columns) < len(names):
        notes.append(f"{len(columns)} of {len(names)} columns")
    places = [names.index(column) for column in columns]
    return Answer(
        columns,
        tuple(tuple(row[place] for place in places) for row in rows),
        f"({'; '.join(notes)})" if notes else "",
    )


def rewritten(page: str, answer: Callable[[Asked], Answer]) -> str:
    """The page with the answers that `answer` gives."""
    answers = iter([answer(question).text for question in asked(page)])

    def replace(match: re.Match[str]) -> str:
        start, end = match.start("answer") - match.start(), match.end("answer") - match.start()
        return match[0][:start] + next(answers) + match[0][end:]

    return ASKED.sub(replace, page)


def compiled_analyses(target: Path) -> dict[str, str]:
    """Compiled SQL by name, out of dbt's target folder."""
    folder = target / "compiled" / "ai_unit_economics" / "analyses"
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.sql")}


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing")
    check: bool = parser.parse_args(arguments).check
    console = Console(stderr=True)
    database = os.environ.get("AI_DUCKDB_PATH", str(PROJECT / DEFAULT_DUCKDB_PATH))
    target = PROJECT / "target" / "questions"
    dbt = [str(Path(sys.executable).with_name("dbt")), "compile", "--select", "path:analyses"]
    done = subprocess.run(
        [*dbt, "--quiet", "--target", "duckdb", "--target-path", str(target)],
        cwd=PROJECT,
        env={**os.environ, "AI_DUCKDB_PATH": database},
        check=False,
    )
    if done.returncode:
        console.print("[red]Not answered:[/red] the analyses do not compile", soft_wrap=True)
        return 1
    page = PAGE.read_text(encoding="utf-8")
    analyses = compiled_analyses(target)
    try:
        with duckdb.connect(database, read_only=True) as connection:
            new = rewritten(page, lambda question: ask(connection, question, analyses))
    except (PageError, duckdb.Error) as error:
        console.print(f"[red]Not answered:[/red] {error}", soft_wrap=True)
        return 1
    if new == page:
        console.print("Every answer is as the page prints it.")
        return 0
    if check:
        console.print("Answers have changed: run scripts/answer_questions.py")
        return 1
    PAGE.write_text(new, encoding="utf-8")
    console.print("docs/questions.md: answers rewritten")
    return 0


if __name__ == "__main__":
    sys.exit(main())
