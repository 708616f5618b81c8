"""One call is one cost, whichever log it comes from.

A handful of calls, each as its provider's response says it, is logged four times: in the
application's own log, as OpenTelemetry spans, by a LiteLLM proxy and in Langfuse, every log by its
own rules of what input and output hold. All four must give the same disjoint token classes, as far
as the log carries the split, and the same metered cost.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import Dbt
from golden_company import insert, opened, query

D = Decimal
Row = dict[str, Any]

STARTED_AT = datetime(2026, 11, 20, 12, 0)
LOADED_AT = datetime(2026, 11, 21)
TOKEN_CLASSES = (
    "input_uncached",
    "input_cached",
    "cache_write_5m",
    "cache_write_1h",
    "cache_write_other",
    "input_audio",
    "output",
    "output_audio",
)


@dataclass(frozen=True)
class Call:
    """A provider's answer in its own terms, and what it holds and costs, reckoned by hand."""

    id: str
    platform: str
    model: str
    usage: Mapping[str, Any]
    classes: Mapping[str, int]
    cost_usd: Decimal
    operation: str = "chat"
    tier: str | None = None
    # Of OpenTelemetry, which tells no lifetime of cache writes.
    otel_cost_usd: Decimal | None = None

    @property
    def counts(self) -> Counts:
        """The usage in one form, as everyone who writes a log must first bring it into."""
        return COUNTS[self.platform](self.usage)


@dataclass(frozen=True)
class Counts:
    """Input and output in parts; `None` where the provider's answer has no such field."""

    uncached: int
    read: int = 0
    written: int | None = None
    written_5m: int | None = None
    written_1h: int | None = None
    audio_in: int | None = None
    output: int | None = None
    reasoning: int | None = None
    audio_out: int | None = None

    @property
    def input(self) -> int:
        """All input: uncached (audio included), reads and writes."""
        return self.uncached + self.read + (self.written or 0)


def openai_counts(usage: Mapping[str, Any]) -> Counts:
    """prompt_tokens holds the cache and the audio, completion_tokens reasoning and audio."""
    inside = usage.get("prompt_tokens_details", {})
    answer = usage.get("completion_tokens_details", {})
    read, written = inside.get("cached_tokens", 0), inside.get("cache_write_tokens")
    return Counts(
        uncached=usage["prompt_tokens"] - read - (written or 0),
        read=read,
        written=written,
        audio_in=inside.get("audio_tokens"),
        output=usage.get("completion_tokens"),
        reasoning=answer.get("reasoning_tokens"),
        audio_out=answer.get("audio_tokens"),
    )


def anthropic_counts(usage: Mapping[str, Any]) -> Counts:
    """input_tokens is beside the cache, output_tokens holds thinking."""
    return Counts(
        uncached=usage["input_tokens"],
        read=usage["cache_read_input_tokens"],
        written=usage["cache_creation_input_tokens"],
        written_5m=usage["cache_creation"]["ephemeral_5m_input_tokens"],
        written_1h=usage["cache_creation"]["ephemeral_1h_input_tokens"],
        output=usage["output_tokens"],
        reasoning=usage.get("output_tokens_details", {}).get("thinking_tokens"),
    )


def bedrock_counts(usage: Mapping[str, Any]) -> Counts:
    """inputTokens is beside the cache."""
    return Counts(
        uncached=usage["inputTokens"],
        read=usage["cacheReadInputTokens"],
        output=usage["outputTokens"],
    )


def gemini_counts(usage: Mapping[str, Any]) -> Counts:
    """promptTokenCount holds the cache; thoughts are beside the candidates."""
    return Counts(
        uncached=usage["promptTokenCount"] - usage["cachedContentTokenCount"],
        read=usage["cachedContentTokenCount"],
        output=usage["candidatesTokenCount"] + usage["thoughtsTokenCount"],
        reasoning=usage["thoughtsTokenCount"],
    )


COUNTS = {
    "openai": openai_counts,
    "anthropic": anthropic_counts,
    "aws_bedrock": bedrock_counts,
    "google_ai": gemini_counts,
}


def _anthropic(tokens: int, read: int, for_5m: int, for_1h: int, output: int) -> dict[str, Any]:
    return {
        "input_tokens": tokens,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": for_5m + for_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": for_5m,
            "ephemeral_1h_input_tokens": for_1h,
        },
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": 200},
    }


CALLS: tuple[Call, ...] = (
    Call(
        "chatcmpl-cached",
        "openai",
        "gpt-4o-2024-08-06",
        {
            "prompt_tokens": 10_000,
            "prompt_tokens_details": {"cached_tokens": 8_000},
            "completion_tokens": 500,
        },
        {"input_uncached": 2_000, "input_cached": 8_000, "output": 500},
        # 2,000 at 2.50, 8,000 at 1.25 and 500 at 10 USD per million
        D("0.020"),
    ),
    Call(
        "msg-both-lifetimes",
        "anthropic",
        "claude-sonnet-4-5-20250929",
        _anthropic(1_000, 50_000, 2_000, 3_000, 800),
        {
            "input_uncached": 1_000,
            "input_cached": 50_000,
            "cache_write_5m": 2_000,
            "cache_write_1h": 3_000,
            "output": 800,
        },
        # 1,000 at 3, 50,000 at 0.30, 2,000 at 3.75, 3,000 at 6 and 800 at 15
        D("0.0555"),
        # 5,000 at 3.75 in place of the writes
        otel_cost_usd=D("0.04875"),
    ),
    Call(
        "msg-five-minutes",
        "anthropic",
        "claude-sonnet-4-5-20250929",
        _anthropic(1_000, 20_000, 500, 0, 700),
        {"input_uncached": 1_000, "input_cached": 20_000, "cache_write_5m": 500, "output": 700},
        # 1,000 at 3, 20,000 at 0.30, 500 at 3.75 and 700 at 15
        D("0.021375"),
    ),
    Call(
        "chatcmpl-reasoning",
        "openai",
        "gpt-5-2025-08-07",
        {
            "prompt_tokens": 1_000,
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens": 5_000,
            "completion_tokens_details": {"reasoning_tokens": 4_200},
        },
        {"input_uncached": 1_000, "output": 5_000},
        # 1,000 at 1.25 and 5,000 at 10
        D("0.05125"),
    ),
    Call(
        "chatcmpl-audio",
        "openai",
        "gpt-audio",
        {
            "prompt_tokens": 1_200,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 1_000},
            "completion_tokens": 600,
            "completion_tokens_details": {"audio_tokens": 500},
        },
        {"input_uncached": 200, "input_audio": 1_000, "output": 100, "output_audio": 500},
        # 200 at 2.50, 1,000 at 32, 100 at 10 and 500 at 64
        D("0.0655"),
    ),
    Call(
        "resp-written-flex",
        "openai",
        "gpt-5.6-sol",
        {
            "prompt_tokens": 300_000,
            "prompt_tokens_details": {"cached_tokens": 100_000, "cache_write_tokens": 20_000},
            "completion_tokens": 2_000,
        },
        {
            "input_uncached": 180_000,
            "input_cached": 100_000,
            "cache_write_other": 20_000,
            "output": 2_000,
        },
        # half of 180,000 at 8, 100,000 at 0.80, 20,000 at 10 and 2,000 at 30: over 272,000 tokens
        D("0.89"),
        tier="flex",
    ),
    Call(
        "embd-small",
        "openai",
        "text-embedding-3-small",
        {"prompt_tokens": 300},
        {"input_uncached": 300},
        # 300 at 0.02
        D("0.000006"),
        operation="embeddings",
    ),
    Call(
        "bedrock-us",
        "aws_bedrock",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        {"inputTokens": 1_000, "cacheReadInputTokens": 0, "outputTokens": 1_000},
        {"input_uncached": 1_000, "output": 1_000},
        # 1,000 at 3.30 and 1,000 at 16.50
        D("0.0198"),
    ),
    Call(
        "gemini-thoughts",
        "google_ai",
        "gemini-2.5-pro",
        {
            "promptTokenCount": 250_000,
            "cachedContentTokenCount": 200_000,
            "candidatesTokenCount": 800,
            "thoughtsTokenCount": 200,
        },
        {"input_uncached": 50_000, "input_cached": 200_000, "output": 1_000},
        # over 200,000 tokens: 50,000 at 2.50, 200,000 at 0.25 and 1,000 at 15
        D("0.190"),
    ),
)


# --- The four logs --------------------------------------------------------------------------------

# A log that wrote the same id of the provider would be a second log of the same request.
APART = "-litellm"
OTEL_PROVIDERS = {"aws_bedrock": "aws.bedrock", "google_ai": "gcp.gemini"}
LITELLM_PROVIDERS = {"aws_bedrock": "bedrock", "google_ai": "gemini"}
LANGCHAIN_PROVIDERS = {"aws_bedrock": "amazon_bedrock", "google_ai": "google_genai"}


def given(values: Mapping[str, Any]) -> Row:
    """Without what is not there."""
    return {name: value for name, value in values.items() if value is not None}


def app_row(call: Call, at: datetime) -> Row:
    """The application's own log; input as the provider counts it."""
    counts = call.counts
    exclusive = call.platform in ("anthropic", "aws_bedrock")
    return {
        "request_id": call.id,
        "occurred_at": at,
        "platform": call.platform,
        "model_served": call.model,
        "operation": call.operation,
        "input_convention": "exclusive" if exclusive else "inclusive",
        "input_tokens": counts.uncached if exclusive else counts.input,
        "cached_read_tokens": counts.read,
        "cache_write_tokens": counts.written,
        "cache_write_5m_tokens": counts.written_5m,
        "cache_write_1h_tokens": counts.written_1h,
        "output_tokens": counts.output,
        "reasoning_tokens": counts.reasoning,
        "input_audio_tokens": counts.audio_in,
        "output_audio_tokens": counts.audio_out,
        "service_tier": call.tier,
        "loaded_at": LOADED_AT,
    }


def otel_rows(call: Call, at: datetime) -> list[Row]:
    """The span of the call, a wrapper that repeats it, and the agent above both."""
    counts = call.counts
    # Not through a float, which has no nanoseconds of this century.
    nanoseconds = int((at - datetime(1970, 1, 1)).total_seconds()) * 1_000_000_000
    attributes = given(
        {
            "gen_ai.operation.name": call.operation,
            "gen_ai.provider.name": OTEL_PROVIDERS.get(call.platform, call.platform),
            "gen_ai.request.model": call.model,
            "gen_ai.response.model": call.model,
            "gen_ai.response.id": call.id,
            "gen_ai.usage.input_tokens": counts.input,
            "gen_ai.usage.cache_read.input_tokens": counts.read,
            "gen_ai.usage.cache_creation.input_tokens": counts.written,
            "gen_ai.usage.output_tokens": counts.output,
            "gen_ai.usage.reasoning.output_tokens": counts.reasoning,
            "gen_ai.usage.audio.input_tokens": counts.audio_in,
            "gen_ai.usage.audio.output_tokens": counts.audio_out,
            "openai.response.service_tier": call.tier,
        }
    )
    agent = attributes | {"gen_ai.operation.name": "invoke_agent"}
    return [
        {
            "trace_id": f"trace-{call.id}",
            "span_id": f"{kind}-{call.id}",
            "start_time_unix_nano": nanoseconds,
            "end_time_unix_nano": nanoseconds + 2_500_000_000,
            "attributes": json.dumps(written),
            "loaded_at": LOADED_AT,
        }
        for kind, written in (("agent", agent), ("wrapper", attributes), ("call", attributes))
    ]


def litellm_row(call: Call, at: datetime) -> Row:
    """The proxy adds the cache to every provider's input, and thoughts to every output."""
    counts = call.counts
    split = None
    if counts.written_5m is not None:
        split = {
            "ephemeral_5m_input_tokens": counts.written_5m,
            "ephemeral_1h_input_tokens": counts.written_1h,
        }
    usage = {
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output or 0,
        "prompt_tokens_details": {
            "cached_tokens": counts.read,
            "audio_tokens": counts.audio_in,
            "cache_creation_tokens": counts.written,
            "cache_creation_token_details": split,
        },
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": counts.audio_out,
        },
        "cache_read_input_tokens": counts.read,
        "cache_creation_input_tokens": counts.written,
    }
    return {
        "request_id": f"{call.id}{APART}",
        "call_type": "aembedding" if call.operation == "embeddings" else "acompletion",
        "cache_hit": "None",
        "startTime": at,
        "endTime": at + timedelta(seconds=2),
        "model": call.model,
        "custom_llm_provider": LITELLM_PROVIDERS.get(call.platform, call.platform),
        "prompt_tokens": counts.input,
        "completion_tokens": counts.output or 0,
        "spend": float(call.cost_usd),
        "metadata": json.dumps(
            {"usage_object": usage, "cost_breakdown": {"service_tier": call.tier}}
        ),
        "request_tags": "[]",
        "status": "success",
        "updated_at": LOADED_AT,
    }


def langfuse_row(call: Call, at: datetime) -> Row:
    """Langfuse takes every part out of input and output; `total` repeats them all."""
    counts = call.counts
    has_split = counts.written_5m is not None
    usage = given(
        {
            "input": counts.uncached - (counts.audio_in or 0),
            "input_cached_tokens": counts.read,
            "input_cache_creation_5m": counts.written_5m,
            "input_cache_creation_1h": counts.written_1h,
            "input_cache_creation": None if has_split else counts.written,
            "input_audio_tokens": counts.audio_in,
            "output": None
            if counts.output is None
            else counts.output - (counts.reasoning or 0) - (counts.audio_out or 0),
            "output_reasoning_tokens": counts.reasoning,
            "output_audio_tokens": counts.audio_out,
        }
    )
    usage["total"] = sum(usage.values())
    return {
        "id": call.id,
        "type": "EMBEDDING" if call.operation == "embeddings" else "GENERATION",
        "startTime": at,
        "providedModelName": call.model,
        "usageDetails": usage,
        "modelParameters": json.dumps(given({"service_tier": call.tier})),
        "metadata": {"ls_provider": LANGCHAIN_PROVIDERS.get(call.platform, call.platform)},
        "updatedAt": LOADED_AT,
    }


TABLES = {
    "app_requests": {
        "request_id": "varchar",
        "occurred_at": "timestamp",
        "platform": "varchar",
        "model_served": "varchar",
        "operation": "varchar",
        "input_convention": "varchar",
        "input_tokens": "bigint",
        "cached_read_tokens": "bigint",
        "cache_write_tokens": "bigint",
        "cache_write_5m_tokens": "bigint",
        "cache_write_1h_tokens": "bigint",
        "output_tokens": "bigint",
        "reasoning_tokens": "bigint",
        "input_audio_tokens": "bigint",
        "output_audio_tokens": "bigint",
        "service_tier": "varchar",
        "loaded_at": "timestamp",
    },
    "otel_spans": {
        "trace_id": "varchar",
        "span_id": "varchar",
        "start_time_unix_nano": "bigint",
        "end_time_unix_nano": "bigint",
        "attributes": "json",
        "loaded_at": "timestamp",
    },
    "litellm_spend_logs": {
        "request_id": "varchar",
        "call_type": "varchar",
        "cache_hit": "varchar",
        "startTime": "timestamp",
        "endTime": "timestamp",
        "model": "varchar",
        "custom_llm_provider": "varchar",
        "prompt_tokens": "integer",
        "completion_tokens": "integer",
        "spend": "double",
        "metadata": "varchar",
        "request_tags": "varchar",
        "status": "varchar",
        "updated_at": "timestamp",
    },
    "langfuse_observations": {
        "id": "varchar",
        "type": "varchar",
        "startTime": "timestamp",
        "providedModelName": "varchar",
        "usageDetails": "map(varchar, ubigint)",
        "modelParameters": "varchar",
        "metadata": "map(varchar, varchar)",
        "updatedAt": "timestamp",
    },
}
LOGS = ("app", "otel", "litellm", "langfuse")


@dataclass
class Found:
    """What a log made of a call."""

    classes: dict[str, int] = field(default_factory=dict)
    cost_usd: Decimal | None = None
    pricing_status: str | None = None
    quantity_status: str | None = None
    tier: str | None = None


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("same_traffic")
    path = folder / "traffic.duckdb"
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    for number, call in enumerate(CALLS):
        at = STARTED_AT + timedelta(minutes=number)
        rows["app_requests"].append(app_row(call, at))
        rows["otel_spans"] += otel_rows(call, at)
        rows["litellm_spend_logs"].append(litellm_row(call, at))
        rows["langfuse_observations"].append(langfuse_row(call, at))
    with opened(path) as connection:
        create(connection, rows)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt(
        *("build", "--select", "+cost_per_request", "+int_ai_rejected_rows"),
        *("--exclude-resource-types", "test", "unit_test"),
        variables={
            "ai_request_sources": list(LOGS),
            "ai_usage_platforms": [],
            "ai_billing_platforms": [],
            "ai_business_tables": [],
        },
    )
    return path


def create(connection: duckdb.DuckDBPyConnection, rows: Mapping[str, list[Row]]) -> None:
    """The raw tables with their rows."""
    connection.execute("create schema raw")
    for table, columns in TABLES.items():
        typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(f"create table raw.{table} ({typed})")
        insert(connection, f"raw.{table}", rows[table])


@pytest.fixture(scope="module")
def found(warehouse: Path) -> dict[tuple[str, str], Found]:
    """{(log, call): what is stored}."""
    columns = ", ".join(f"coalesce({name}_tokens, 0)" for name in TOKEN_CLASSES)
    return {
        (log, call): Found(
            {name: count for name, count in zip(TOKEN_CLASSES, counts, strict=True) if count},
            cost,
            status,
            quantity,
            tier,
        )
        for log, call, cost, status, quantity, tier, *counts in query(
            warehouse,
            f"select request_source, replace(request_id, '{APART}', ''), metered_cost_usd, "
            f"pricing_status, quantity_status, service_tier, {columns} from marts.cost_per_request",
        )
    }


def test_every_log_has_every_call_once(
    warehouse: Path, found: dict[tuple[str, str], Found]
) -> None:
    assert set(found) == {(log, call.id) for log in LOGS for call in CALLS}
    assert query(warehouse, "select count(*) from marts.cost_per_request") == [
        (len(LOGS) * len(CALLS),)
    ]
    assert query(warehouse, "select * from intermediate.int_ai_rejected_rows") == []


def test_agent_spans_are_no_calls_and_wrappers_are_copies(warehouse: Path) -> None:
    assert query(
        warehouse,
        "select copies, count(*) from intermediate.int_ai_requests "
        "where request_source = 'otel' group by all",
    ) == [(2, len(CALLS))]


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.id)
def test_classes_and_cost(found: dict[tuple[str, str], Found], call: Call, log: str) -> None:
    result = found[(log, call.id)]
    classes, cost = dict(call.classes), call.cost_usd
    if log == "otel":
        written = sum(classes.pop(name, 0) for name in ("cache_write_5m", "cache_write_1h"))
        if written:
            classes["cache_write_other"] = written
        cost = call.otel_cost_usd or cost
    assert result.classes == classes
    assert result.pricing_status == "priced"
    assert isinstance(result.cost_usd, Decimal)
    assert result.cost_usd == cost
    assert result.tier == (call.tier or "standard")
    unknown = classes.get("cache_write_other", 0) > 0
    assert result.quantity_status == ("split_unknown" if unknown else "exact")


def test_only_a_lost_lifetime_makes_a_difference(found: dict[tuple[str, str], Found]) -> None:
    totals = {
        log: sum((found[(log, call.id)].cost_usd or D(0) for call in CALLS), D(0)) for log in LOGS
    }
    expected = sum((call.cost_usd for call in CALLS), D(0))
    assert totals["app"] == totals["litellm"] == totals["langfuse"] == expected
    # 3,000 tokens of the one-hour cache at 3.75 in place of 6 USD per million
    assert totals["app"] - totals["otel"] == D("0.00675")
