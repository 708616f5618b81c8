"""What `doctor.py sources` says: missing, empty, ungrouped, late, unread, overlapping tables."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import source_checks
from conftest import ROOT, Dbt
from findings import Report
from golden_company import golden_company, opened
from source_checks import Source

USAGE = Source(
    "openai_usage_completions",
    (("openai", "ai_usage_platforms"),),
    ("start_time", "model", "user_id", "input_tokens", "amount__value"),
    2.0,
)
LOG = Source("app_requests", (("app", "ai_request_sources"),), ("customer_id",), None)
LITELLM = Source("litellm_spend_logs", (("litellm", "ai_request_sources"),), (), None)


def table(name: str = "openai_usage_completions", **changes: Any) -> dict[str, Any]:
    """A raw table in which nothing is wrong."""
    columns = {"start_time": 10, "model": 10, "user_id": 4, "input_tokens": 10, "amount": 10}
    fact = {
        "kind": "table",
        "table": name,
        "relation": f"raw.{name}",
        "exists": True,
        "rows": 10,
        "last_loaded_at": "2026-11-20 00:00:00",
        "columns": columns,
    }
    return fact | changes


def judged(*facts: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(level, text, remedy) of what the facts lead to."""
    report = Report()
    source_checks.judge(facts, [USAGE, LOG, LITELLM], report)
    return [(finding.level, finding.text, finding.remedy) for finding in report]


def test_a_complete_table_has_nothing_to_say() -> None:
    assert judged(table()) == []


def test_a_missing_table_names_the_word_to_take_out() -> None:
    ((level, text, remedy),) = judged(table(exists=False, rows=None, columns={}))
    assert (level, text) == ("error", "raw.openai_usage_completions is not there")
    assert "ai_sources: {openai_usage_completions: {schema: …}}" in remedy
    assert "take 'openai' of ai_usage_platforms out" in remedy


def test_an_empty_table_is_a_warning() -> None:
    ((level, text, _),) = judged(table(rows=0))
    assert (level, text) == ("warning", "raw.openai_usage_completions is empty")


def test_an_absent_column_is_unknown_and_a_nested_one_is_there() -> None:
    columns = {"start_time": 10, "model": 10, "input_tokens": 10, "amount": 10}
    ((level, text, _),) = judged(table(columns=columns))
    assert level == "note"
    assert text.endswith("has no user_id: what they tell is unknown (NULL)")


@pytest.mark.parametrize(("column", "level"), [("model", "warning"), ("user_id", "note")])
def test_a_dimension_that_nobody_grouped_by_is_named(column: str, level: str) -> None:
    columns = {"start_time": 10, "model": 10, "user_id": 4, "input_tokens": 10, "amount": 10}
    ((found, text, remedy),) = judged(table(columns=columns | {column: 0}))
    assert (found, text) == (
        level,
        f"raw.openai_usage_completions.{column} is NULL in all 10 rows",
    )
    assert f"add {column} to group_by" in remedy


def test_a_log_without_customers_points_to_the_rules() -> None:
    ((level, _, remedy),) = judged(table("app_requests", columns={"customer_id": 0}))
    assert level == "warning"
    assert "ai_attribution_rules" in remedy


def test_a_source_that_stands_still_is_late() -> None:
    late = table(last_loaded_at="2026-11-17 00:00:00")
    fresh = table("app_requests", columns={"customer_id": 1})
    ((level, text, _),) = judged(late, fresh)
    assert level == "warning"
    assert "was last loaded 3.0 days before the newest source" in text


def test_a_table_that_nothing_reads_names_the_word_to_add() -> None:
    ((level, text, remedy),) = judged(
        table(),
        {"kind": "unused", "table": "openai_usage_completions"},
        {"kind": "unused", "table": "litellm_spend_logs"},
        {"kind": "unused", "table": "somebody_elses"},
    )
    assert (level, text) == ("note", "litellm_spend_logs is there and not read")
    assert remedy == "add 'litellm' of ai_request_sources to use it"


def test_two_bills_of_the_same_days_are_an_error() -> None:
    ((level, text, _),) = judged(
        {
            "kind": "overlap",
            "list": "billing",
            "words": ["aws_bedrock", "focus"],
            "platform": "aws_bedrock",
            "account": "012345678901",
            "days": 31,
        }
    )
    assert level == "error"
    assert "aws_bedrock and focus both hold a bill of aws_bedrock 012345678901 on 31 days" in text


def test_logs_without_the_providers_id_are_a_warning() -> None:
    ((level, text, _),) = judged(
        {"kind": "unmatched", "word": "app", "platform": "openai", "rows": 7, "all_rows": 9}
    )
    assert level == "warning"
    assert "7 of 9 calls of app have no id of the provider" in text


def test_every_source_of_the_package_has_a_switch() -> None:
    sources = list(source_checks.declared())
    assert len(sources) > 10
    assert [source.table for source in sources if not source.switches] == []


@pytest.mark.slow
def test_the_warehouse_is_asked_through_dbt(
    dbt: Dbt, duckdb_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A real run: the bill is gone, and a log is there that nothing reads."""
    golden_company().write(duckdb_path)
    with opened(duckdb_path) as connection:
        connection.execute("drop table raw.openai_costs")
        connection.execute("create table raw.litellm_spend_logs (request_id varchar)")
    monkeypatch.setenv("AI_DUCKDB_PATH", str(duckdb_path))
    dbt.profiles_path.mkdir(parents=True, exist_ok=True)
    options = argparse.Namespace(
        vars="{ai_usage_platforms: [openai], ai_billing_platforms: [openai], "
        "ai_request_sources: [app], ai_business_tables: [customers]}",
        target="duckdb",
        profiles_dir=dbt.profiles_path,
        project_dir=ROOT,
        target_path=dbt.target_path,
        all=True,
    )
    code = source_checks.check(options, Console(highlight=False))
    said = capsys.readouterr().out
    assert code == 1
    assert "raw.openai_costs is not there" in said
    assert "15 rows of 4 raw tables checked: 1 error" in said
