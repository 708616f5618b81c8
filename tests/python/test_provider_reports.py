"""OpenAI's usage reports by endpoint, and Claude Code's report beside the ledger."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import Dbt
from golden_company import opened, query

ENDPOINTS = (
    "completions",
    "embeddings",
    "moderations",
    "images",
    "audio_speeches",
    "audio_transcriptions",
    "code_interpreter_sessions",
    "web_search_calls",
)
OPENAI: dict[str, Any] = {
    "ai_usage_platforms": ["openai"],
    "ai_openai_usage_endpoints": list(ENDPOINTS),
    "ai_billing_platforms": [],
    "ai_request_sources": [],
    "ai_business_tables": [],
}
# One bucket of one key; each report was loaded later than the one before it.
MEASURES = {
    "completions": "'gpt-5' as model, 1000 as input_tokens, 100 as output_tokens, "
    "4 as num_model_requests",
    "embeddings": "'text-embedding-3-small' as model, 16 as input_tokens, 2 as num_model_requests",
    "moderations": "'omni-moderation-latest' as model, 32 as input_tokens, 3 as num_model_requests",
    "images": "'gpt-image-1' as model, 5 as images, 5 as num_model_requests",
    "audio_speeches": "'tts-1' as model, 45 as characters, 1 as num_model_requests",
    "audio_transcriptions": "'whisper-1' as model, 20 as seconds, 1 as num_model_requests",
    "code_interpreter_sessions": "6 as num_sessions",
    "web_search_calls": "'gpt-5' as model, 9 as num_requests, 4 as num_model_requests",
}


def openai_sources(dbt: Dbt, variables: dict[str, Any]) -> set[str]:
    dbt("parse", variables=variables)
    names = {source["name"] for source in dbt.manifest()["sources"].values()}
    return {name for name in names if name.startswith("openai_usage_")}


@pytest.mark.slow
def test_an_endpoint_is_a_source_with_its_platform_only(dbt: Dbt) -> None:
    """Platform and endpoint switch a raw table on together."""
    assert openai_sources(dbt, OPENAI) == {f"openai_usage_{name}" for name in ENDPOINTS}
    assert openai_sources(dbt, {**OPENAI, "ai_usage_platforms": ["anthropic"]}) == set()


def test_a_wrong_endpoint_lists_the_right_ones(dbt: Dbt) -> None:
    variables = {**OPENAI, "ai_openai_usage_endpoints": ["completions", "vector_stores"]}
    result = dbt("parse", variables=variables, check=False)
    assert not result.success
    message = f"ai_openai_usage_endpoints: 'vector_stores' is none of: {', '.join(ENDPOINTS)}"
    assert message in " ".join(str(result.exception).split())


def test_reports_of_one_bucket_live_side_by_side(dbt: Dbt, duckdb_path: Path) -> None:
    """A later load of one report replaces nothing of another; a call is counted once."""
    with opened(duckdb_path) as connection:
        connection.execute("create schema raw")
        for hour, (endpoint, measures) in enumerate(MEASURES.items()):
            connection.execute(
                f"create table raw.openai_usage_{endpoint} as select 1793491200 as start_time, "
                f"1793577600 as end_time, 'proj' as project_id, 'key' as api_key_id, {measures}, "
                f"timestamp '2026-11-02 0{hour}:00:00' as loaded_at"
            )
    dbt("run", "--select", "+int_ai_usage", variables=OPENAI)
    rows = query(
        duckdb_path,
        """
        select
            operation, model_raw, input_uncached_tokens, output_tokens, web_search_requests,
            code_execution_sessions, images, audio_seconds, characters, requests
        from intermediate.int_ai_usage
        order by loaded_at
        """,
    )
    assert rows == [
        ("completions", "gpt-5", 1000, 100, None, None, None, None, None, 4),
        ("embeddings", "text-embedding-3-small", 16, None, None, None, None, None, None, 2),
        ("moderations", "omni-moderation-latest", 32, None, None, None, None, None, None, 3),
        ("images", "gpt-image-1", None, None, None, None, None, None, None, None),
        ("audio_speeches", "tts-1", None, None, None, None, None, None, 45, 1),
        ("audio_transcriptions", "whisper-1", None, None, None, None, None, 20, None, 1),
        ("code_interpreter_sessions", "code_interpreter", *[None] * 3, 6, *[None] * 4),
        ("web_search_calls", "gpt-5", None, None, 9, None, None, None, None, None),
    ]


def test_claude_code_is_shown_and_never_added(dbt: Dbt, duckdb_path: Path) -> None:
    """Sessions once per actor and terminal; the estimate split by what the ledger has of it."""
    variables: dict[str, Any] = {
        **OPENAI,
        "ai_usage_platforms": [],
        "ai_internal_tools": ["claude_code"],
        "ai_hash_user_ids": True,
    }
    with opened(duckdb_path) as connection:
        connection.execute("create schema raw")
        connection.execute(
            """
            create table raw.anthropic_claude_code as
            select
                date '2026-11-01' as "date", 'user_actor' as actor__type,
                actor as actor__email_address, kind as customer_type, model,
                'vscode' as terminal_type,
                2 as core_metrics__num_sessions, 100 as tokens__input, 10 as tokens__output,
                cents as estimated_cost__amount, 'USD' as estimated_cost__currency,
                timestamp '2026-11-02' as loaded_at
            from (values
                ('ada@example.com', 'api', 'claude-opus-5', '150'),
                ('ada@example.com', 'api', 'claude-haiku-5-5', '50'),
                ('bob@example.com', 'subscription', 'claude-opus-5', '12.5')
            ) as calls (actor, kind, model, cents)
            """
        )
    dbt("run", "--select", "stg_ai_claude_code", variables=variables)
    dbt("compile", "--select", "claude_code_spend", variables=variables)
    compiled = dbt.target_path / "compiled/ai_unit_economics/analyses/claude_code_spend.sql"
    answer = f"""
        select
            actor_id, sessions, tokens, estimated_cost_usd, estimate_in_ledger_usd,
            estimate_under_seats_usd
        from ({compiled.read_text(encoding="utf-8")})
    """
    rows = query(duckdb_path, answer)
    assert [row[1:] for row in rows] == [
        (2, 220, Decimal(2), Decimal(2), None),
        (2, 110, Decimal("0.125"), None, Decimal("0.125")),
    ]
    assert all(len(row[0]) == 64 and "@" not in row[0] for row in rows)
    readers = [
        node["name"]
        for node in dbt.manifest()["nodes"].values()
        if "model.ai_unit_economics.stg_ai_claude_code" in node["depends_on"].get("nodes", [])
        and node["resource_type"] == "model"
    ]
    assert readers == []
