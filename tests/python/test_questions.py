"""docs/questions.md: 25 questions, each with queries that run and the answers that they give."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

import answer_questions
from answer_questions import Answer, Asked, PageError
from conftest import ROOT

PAGE = answer_questions.PAGE.read_text(encoding="utf-8")
QUESTIONS = answer_questions.sections(PAGE)
ASKED = answer_questions.asked(PAGE)
WHO = ["Founder"] * 7 + ["Pricing"] * 7 + ["Platform"] * 6 + ["FinOps"] * 4 + ["Accounting"]


def test_every_question_is_there_once() -> None:
    assert [number for number, _, _ in QUESTIONS] == list(range(1, 26))
    assert sorted({asked.number for asked in ASKED}) == list(range(1, 26))


@pytest.mark.parametrize(("number", "question", "text"), QUESTIONS)
def test_question_says_who_asks_where_and_how_to_read_it(
    number: int, question: str, text: str
) -> None:
    who, _, where = text.strip().splitlines()[0].partition(" · ")
    assert who == WHO[number - 1]
    named = re.findall(r"`(\w+)`", where)
    assert named
    for name in named:
        paths = (ROOT / "models" / "marts" / f"{name}.sql", ROOT / "analyses" / f"{name}.sql")
        assert any(path.is_file() for path in paths), name
    analyses = {asked.analysis for asked in ASKED if asked.number == number} - {""}
    assert analyses <= set(named)
    prose = re.sub(r"```.*?```|<!--.*?-->", "", text, flags=re.DOTALL)
    assert len(prose.split()) > 20, "how to read it"
    assert question.endswith("?")


def test_links_lead_to_headings() -> None:
    anchors = {
        re.sub(r"[^\w\- ]", "", f"{number}. {question}").lower().replace(" ", "-")
        for number, question, _ in QUESTIONS
    }
    links = re.findall(r"\]\(#([^)]+)\)", PAGE)
    assert links
    assert set(links) <= anchors
    for path in re.findall(r"\]\(([^#)]+)\)", PAGE):
        assert (ROOT / "docs" / path).is_file(), path


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked.number}")
def test_query_gives_what_the_page_prints(
    asked: Asked, demo_warehouse: Path, demo_analyses: dict[str, str]
) -> None:
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        answer = answer_questions.ask(connection, asked, demo_analyses)
    assert answer.rows, "no row"
    for place, column in enumerate(answer.columns):
        assert any(row[place] is not None for row in answer.rows), f"{column} is never known"
    assert answer.text == asked.answer, (
        "the page prints another answer: run scripts/answer_questions.py after `make demo`"
    )


@pytest.mark.parametrize(
    "asked", [asked for asked in ASKED if asked.query], ids=lambda asked: f"{asked.number}"
)
def test_query_reads_marts_only_and_is_snowflake_too(asked: Asked) -> None:
    for dialect in ("duckdb", "snowflake"):
        tree = sqlglot.parse_one(asked.query, read=dialect)
        assert {table.db for table in tree.find_all(exp.Table)} == {"marts"}


def test_a_query_without_a_place_for_its_answer_is_an_error() -> None:
    page = "## 1. What?\n\n```sql\nselect 1\n```\n\nText.\n"
    with pytest.raises(PageError, match="question 1 has a query without"):
        answer_questions.asked(page)
    with pytest.raises(PageError, match="dbt show"):
        answer_questions.asked("## 2. What?\n```sh\nls\n```\n<!-- answer -->\n```\n```\n")


def test_answers_are_written_where_they_belong() -> None:
    page = (
        "## 1. What?\n```sql\nselect 1 as n union all select 2 order by 1\n```\nRead it.\n\n"
        "<!-- answer: n where n=2 -->\n```\nold\n```\nRest.\n"
    )
    with duckdb.connect() as connection:
        new = answer_questions.rewritten(
            page, lambda asked: answer_questions.ask(connection, asked, {})
        )
        assert new == page.replace("old\n", "(rows with n 2)\nn\n2\n")
        unknown = answer_questions.asked(page.replace("answer: n", "answer: m"))[0]
        with pytest.raises(PageError, match="has no column m"):
            answer_questions.ask(connection, unknown, {})


def test_values_are_shown_rounded_and_null_as_a_dash() -> None:
    answer = Answer(
        ("usage_month", "n", "cost_usd", "small_usd", "share_ratio", "seats", "is_open", "why"),
        (
            (
                *(date(2026, 10, 1), 1234, Decimal("1234.565"), Decimal("0.000123456")),
                *(Decimal("0.12345"), Decimal("0"), True, None),
            ),
        ),
    )
    assert answer.text.splitlines() == [
        "usage_month      n  cost_usd  small_usd  share_ratio  seats  is_open  why",
        "2026-10      1,234  1,234.57  0.0001235        0.123   0.00  yes        –",
    ]
