"""Malformed rows of every log, report and bill: each is accepted, a duplicate or rejected.

Every raw table is VARCHAR, as a careless loader writes it. The rows are good ones in which some
values are replaced by what loaders, exports and bugs are known to produce, drawn by a seeded
generator, so that a failure can be repeated; and rows in which all counts are the same bad number.
No value may end the run, and none may lose a row.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Dbt
from golden_company import opened, query

SEED = 20261123
ROWS_PER_LOG = 250
# Of the sources that share their machinery with those above.
ROWS_PER_SOURCE = 40

# What may stand where a count, a time, a word or JSON should.
NUMBERS: tuple[Any, ...] = (
    *("0", "1", "-1", "-0", "+5", "1.5", "1e3", "1E400", "-1e-400", ".5", "5.", "1,000", "1_000"),
    *("999999999999999", "1000000000000000", "9223372036854775807", "9223372036854775808"),
    *("-9223372036854775808", "99999999999999999999999999999999999999", "1" * 60),
    *("NaN", "nan", "inf", "-Infinity", "null", "None", "true", "0x1F", "0b1", "٣", "１２", "½"),
    *("", " ", "\t7\n", " 12", "12 tokens", "--", "\u00a07", "\ufeff7", "\x007", "{}", "[]"),
)
TIMES: tuple[Any, ...] = (
    *("", " ", "yesterday", "now", "today", "epoch", "infinity", "-infinity", "null", "NaT"),
    *("0", "-1", "1", "1793715240", "1793715240000", "1793715240000000", "1793715240000000000"),
    *("9223372036854775807", "9223372036854775808", "1e18", "-9e18"),
    *("2026-02-29", "2026-13-01", "2026-11-03 24:00:00", "2026-11-03 23:59:60", "2026-11-03T25:00"),
    *("2026-11-03T14:14:00Z", "2026-11-03T14:14:00z", "2026-11-03T14:14:00+14:00"),
    *("2026-11-03T14:14:00-1200", "2026-11-03T14:14:00+99:99", "2026-11-03 14:14:00 Europe/Berlin"),
    *("2026-11-03 14:14:00.123456789", " 2026-11-03 14:14:00 ", "11/03/2026", "03.11.2026"),
    *("0000-00-00 00:00:00", "0000-01-01", "0001-01-01", "1970-01-01T00:00:00Z", "9999-12-31"),
    *("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "290000-01-01", "10000-01-01"),
    *("2026-11-03 (BC)", "-2026-11-03", "2015-01-01", "2014-12-31 23:59:59", "2041-12-31 23:59:59"),
    *("2042-01-01", "२०२६-११-०३", "2026-11-03T14:14:00Z; drop table"),
)
WORDS: tuple[Any, ...] = (
    *("", " ", "\t", "null", "None", "NULL", "0", "true", "a" * 10_000),
    *("'", "''", '"', "\\", "\\'"),
    *("; drop table x; --", "{{ jinja }}", "%s", "é", "e\u0301", "日本語", "🦆", "\u202egnirts"),
    *("a\x00b", "\ufeffx", "\ud7ff", "x|y|z", "a/b/c", "line\nbreak", "UPPER", " padded "),
)
JSONS: tuple[Any, ...] = (
    *("", " ", "null", "true", "0", "[]", "{}", '""', "{", "}", "{'single': 1}", '{"a":}', "[1,2"),
    *('{"a": NaN}', '{"a": 1} trailing', '"a string"', "[[[[[[[[[[]]]]]]]]]]", '{"a": "\\u0000"}'),
    *('{"a": "\\ud800"}', '\ufeff{"a": 1}', "{" * 200, '{"a":' * 50 + "1" + "}" * 50),
)
JSON_NUMBERS: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 1e300, 10**15, 10**18, 10**19, 10**60, "", " ", "12", "many"),
    *([], [1], {}, {"value": 1}, {"intValue": "5"}, "NaN", "1e3", "-0"),
)


def raw_json(value: Any) -> str:
    """JSON text; very long numbers as they are."""
    return json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class Log:
    """A source: its raw table, and how a good row looks by number."""

    word: str
    table: str
    columns: Sequence[str]
    good: Callable[[int], dict[str, Any]]
    # By column: what kind of value it holds. Of JSON also the paths of its numbers.
    kinds: dict[str, str]
    counts: Sequence[tuple[str, ...]] = ()
    counts_in: str = ""
    kind: str = "requests"
    # Of a request log: what tells, in a good row, the output, 0 cached tokens and no input.
    uncounted: Mapping[str, Any] = field(default_factory=dict)
    # Classes of the good row: uncached and cached input, output.
    classes: tuple[int, int | None, int] = (400, 600, 50)


APP_COUNTS = (
    *("attempt", "input_tokens", "cached_read_tokens", "cache_write_5m_tokens"),
    *("cache_write_1h_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"),
    *("input_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens"),
    *("images", "audio_seconds", "characters", "web_search_requests", "code_execution_sessions"),
)
APP_WORDS = (
    *("request_id", "provider", "platform", "model_served", "region", "service_tier", "speed"),
    *("input_convention", "customer_id", "feature", "status", "is_batch", "is_gateway_cache_hit"),
    *("logged_cost_currency", "trace_id", "user_id"),
)


def app_row(number: int) -> dict[str, Any]:
    return {
        "request_id": f"r{number}",
        "occurred_at": "2026-11-03T14:14:00Z",
        "completed_at": "2026-11-03T14:14:02Z",
        "loaded_at": "2026-11-04 00:00:00",
        "platform": "openai",
        "model_served": "gpt-4o",
        "input_tokens": "1000",
        "cached_read_tokens": "600",
        "output_tokens": "50",
    }


def otel_row(number: int) -> dict[str, Any]:
    return {
        "trace_id": "t",
        "span_id": f"s{number}",
        "start_time_unix_nano": "1793715240000000000",
        "end_time_unix_nano": "1793715242000000000",
        "loaded_at": "2026-11-04 00:00:00",
        "status_code": "OK",
        "attributes": {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "openai",
            "gen_ai.response.model": "gpt-4o",
            "gen_ai.response.id": f"c{number}",
            "gen_ai.usage.input_tokens": 1000,
            "gen_ai.usage.cache_read.input_tokens": 600,
            "gen_ai.usage.output_tokens": 50,
        },
    }


def litellm_row(number: int) -> dict[str, Any]:
    return {
        "request_id": f"r{number}",
        "call_type": "acompletion",
        "startTime": "2026-11-03 14:14:00.847371",
        "endTime": "2026-11-03 14:14:02.851954",
        "updated_at": "2026-11-04 00:00:00",
        "model": "gpt-4o",
        "custom_llm_provider": "openai",
        "prompt_tokens": "1000",
        "completion_tokens": "50",
        "spend": "0.00225",
        "request_tags": '["feature:search"]',
        "cache_hit": "None",
        "status": "success",
        "metadata": {
            "usage_object": {
                "prompt_tokens_details": {"cached_tokens": 600},
                "completion_tokens_details": {"reasoning_tokens": 20},
            }
        },
    }


def langfuse_row(number: int) -> dict[str, Any]:
    return {
        "id": f"o{number}",
        "project_id": "p",
        "type": "GENERATION",
        "start_time": "2026-11-03 14:14:00.000",
        "end_time": "2026-11-03 14:14:02.000",
        "event_ts": "2026-11-03 14:15:00.000",
        "loaded_at": "2026-11-04 00:00:00",
        "provided_model_name": "gpt-4o",
        "metadata": '{"ls_provider": "openai"}',
        "tags": '["search"]',
        "total_cost": "0.00225",
        "is_deleted": "0",
        "usage_details": {
            "input": 400,
            "input_cached_tokens": 600,
            "output": 30,
            "output_reasoning_tokens": 20,
            "total": 1050,
        },
    }


def kinds(**columns: str) -> dict[str, str]:
    """{column: kind} from {kind: "column column …"}."""
    return {name: kind for kind, names in columns.items() for name in names.split()}


AT, END, LOADED_AT = "2026-11-03T14:14:00Z", "2026-11-03T14:14:02Z", "2026-11-04 00:00:00"
DAY, NEXT_DAY = "2026-11-03T00:00:00Z", "2026-11-04T00:00:00Z"
SECONDS = {"start_time": "1793664000", "end_time": "1793750400"}
MANY = "projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro"


def source(
    word: str,
    table: str,
    row: Mapping[str, Any],
    key: str = "",
    *,
    kind: str = "requests",
    time: str = "",
    number: str = "",
    word_columns: str = "",
    counts: Sequence[tuple[str, ...]] = (),
    counts_in: str = "",
    uncounted: Mapping[str, Any] | None = None,
    classes: tuple[int, int | None, int] = (400, 600, 50),
) -> Log:
    """A source whose good rows differ by `key` alone; nested values and lists are its JSON."""
    json_columns = [name for name, value in row.items() if isinstance(value, dict | list)]
    known = {*json_columns, *time.split(), *number.split()}
    words = [name for name in row if name not in known]

    def good(at: int) -> dict[str, Any]:
        own = {key: f"{row[key]}{at}"} if key else {}
        return {**json.loads(json.dumps(row)), **own}

    return Log(
        word,
        table,
        (),
        good,
        kinds(
            time=f"{time} loaded_at",
            number=number,
            json=" ".join(json_columns),
            word=" ".join([*words, *word_columns.split()]),
        ),
        counts,
        counts_in,
        kind,
        uncounted or {},
        classes,
    )


MORE_LOGS: tuple[Log, ...] = (
    source(
        "helicone",
        "helicone_requests",
        {
            **{"request_id": "h", "request_created_at": AT, "response_created_at": END},
            **{"loaded_at": LOADED_AT, "status": "200", "provider": "OPENAI", "model": "gpt-4o"},
            **{"prompt_tokens": "400", "prompt_cache_read_tokens": "600"},
            **{"completion_tokens": "50", "reasoning_tokens": "0", "cost": "2250000"},
            "properties": {"Helicone-Session-Id": "t", "customer_id": "c"},
        },
        "request_id",
        time="request_created_at response_created_at",
        number="status prompt_tokens prompt_cache_read_tokens prompt_cache_write_tokens "
        "prompt_audio_tokens completion_tokens completion_audio_tokens reasoning_tokens cost",
        word_columns="user_id cache_reference_id proxy_key_id",
        uncounted={"prompt_tokens": None, "prompt_cache_read_tokens": "0"},
    ),
    source(
        "openrouter",
        "openrouter_generations",
        {
            **{"id": "gen-", "created_at": AT, "loaded_at": LOADED_AT, "model": "openai/gpt-4o"},
            **{"provider_name": "OpenAI", "is_byok": "false", "native_tokens_prompt": "1000"},
            **{"native_tokens_cached": "600", "native_tokens_completion": "50"},
            **{"total_cost": "0.00225", "finish_reason": "stop", "metadata": {"team": "a"}},
        },
        "id",
        time="created_at",
        number="native_tokens_prompt native_tokens_cached native_tokens_completion "
        "native_tokens_reasoning native_tokens_completion_images total_cost usage "
        "upstream_inference_cost",
        word_columns="cancelled service_tier response_cache_source_id upstream_id",
        uncounted={"native_tokens_prompt": None, "native_tokens_cached": "0"},
    ),
    source(
        "portkey",
        "portkey_logs",
        {
            **{"id": "pk", "created_at": AT, "loaded_at": LOADED_AT, "ai_org": "openai"},
            **{"ai_model": "gpt-4o", "req_units": "1000", "res_units": "50", "cost": "0.225"},
            **{"is_success": "true", "response_status_code": "200", "cache_status": "MISS"},
            "usage": {
                "prompt_tokens": 1000,
                "completion_tokens": 50,
                "prompt_tokens_details": {"cached_tokens": 600},
            },
            "metadata": {"_user": "u"},
        },
        "id",
        time="created_at",
        number="req_units res_units cost response_status_code retry_success_count",
        counts=(
            ("prompt_tokens",),
            ("completion_tokens",),
            ("prompt_tokens_details", "cached_tokens"),
            ("cache_creation_input_tokens",),
            ("cache_creation", "ephemeral_5m_input_tokens"),
            ("completion_tokens_details", "reasoning_tokens"),
        ),
        counts_in="usage",
        uncounted={
            "req_units": None,
            "usage": {"completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 0}},
        },
    ),
    source(
        "vercel",
        "vercel_generations",
        {
            **{"id": "v", "created_at": AT, "loaded_at": LOADED_AT, "model": "openai/gpt-4o"},
            **{"provider_name": "openai", "is_byok": "false", "native_tokens_prompt": "1000"},
            **{"native_tokens_cached": "600", "native_tokens_completion": "50"},
            **{"total_cost": "0.00225", "metadata": {"user": "u"}},
        },
        "id",
        time="created_at",
        number="native_tokens_prompt native_tokens_cached native_tokens_cache_creation usage "
        "native_tokens_completion native_tokens_reasoning billable_web_search_calls total_cost "
        "upstream_inference_cost",
        word_columns="finish_reason",
        uncounted={"native_tokens_prompt": None, "native_tokens_cached": "0"},
    ),
    source(
        "bedrock",
        "bedrock_invocation_log",
        {
            **{"schemaType": "ModelInvocationLog", "timestamp": AT, "loaded_at": LOADED_AT},
            **{"accountId": "123456789012", "region": "us-east-1", "requestId": "b"},
            **{"operation": "Converse", "modelId": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"},
            **{"input": {"inputTokenCount": 400, "cacheReadInputTokenCount": 600}},
            **{"output": {"outputTokenCount": 50}, "requestMetadata": {"customer": "c"}},
        },
        "requestId",
        time="timestamp",
        number="cache_write_5m_tokens cache_write_1h_tokens",
        word_columns="serviceTier errorCode",
        counts=(
            ("inputTokenCount",),
            ("cacheReadInputTokenCount",),
            ("cacheWriteInputTokenCount",),
        ),
        counts_in="input",
        uncounted={"input": {"cacheReadInputTokenCount": 0}},
    ),
    source(
        "vertex",
        "vertex_request_log",
        {
            **{"request_id": "vx", "logging_time": AT, "loaded_at": LOADED_AT},
            **{"endpoint": MANY, "model": MANY, "api_method": "generateContent"},
            "full_response": {
                "usageMetadata": {
                    "promptTokenCount": 1000,
                    "cachedContentTokenCount": 600,
                    "candidatesTokenCount": 50,
                    "totalTokenCount": 1050,
                    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1000}],
                },
                "modelVersion": "gemini-2.5-pro",
            },
            "labels": {"team": "a"},
        },
        "request_id",
        time="logging_time",
        number="sampling_rate",
        word_columns="location project_id",
        counts=(
            ("usageMetadata",),
            ("usageMetadata", "promptTokenCount"),
            ("usageMetadata", "cachedContentTokenCount"),
            ("usageMetadata", "candidatesTokenCount"),
            ("usageMetadata", "thoughtsTokenCount"),
            ("usageMetadata", "promptTokensDetails"),
            ("usageMetadata", "candidatesTokensDetails"),
            ("usage", "input_tokens"),
            ("usage", "cache_read_input_tokens"),
            ("modelVersion",),
            ("responseId",),
            ("error", "code"),
        ),
        counts_in="full_response",
        uncounted={
            "full_response": {
                "usage": {"cache_read_input_tokens": 0, "output_tokens": 50},
                "model": "claude-sonnet-4-5",
            }
        },
    ),
    source(
        "apim",
        "apim_gateway_llm_log",
        {
            **{"correlationid": "a", "timegenerated": AT, "loaded_at": LOADED_AT},
            **{"sequencenumber": "0", "deploymentname": "gpt-4o", "modelname": "gpt-4o"},
            **{"prompttokens": "1000", "completiontokens": "50", "totaltokens": "1050"},
            **{"_subscriptionid": "s", "tags": {"team": "a"}},
        },
        "correlationid",
        time="timegenerated",
        number="sequencenumber prompttokens completiontokens totaltokens",
        word_columns="requestid operationname",
        uncounted={"prompttokens": None},
        classes=(1000, None, 50),
    ),
)


def openai_report(endpoint: str, **quantities: str) -> Log:
    """A usage report of OpenAI: buckets of a day."""
    row = {**SECONDS, "loaded_at": LOADED_AT, "project_id": "p", "api_key_id": "k"}
    return source(
        "openai",
        f"openai_usage_{endpoint}",
        {**row, "model": "gpt-4o", "user_id": None, **quantities},
        kind="usage",
        time="start_time end_time",
        number=" ".join([*quantities, "num_model_requests"]),
    )


REPORTS: tuple[Log, ...] = (
    openai_report("completions", input_tokens="1000", input_cached_tokens="600", output_tokens="5"),
    openai_report("embeddings", input_tokens="1000"),
    openai_report("moderations", input_tokens="1000"),
    openai_report("images", images="2"),
    openai_report("audio_speeches", characters="100"),
    openai_report("audio_transcriptions", seconds="60"),
    openai_report("code_interpreter_sessions", num_sessions="1"),
    openai_report("web_search_calls", num_requests="1"),
    source(
        "anthropic",
        "anthropic_usage_messages",
        {
            **{"starting_at": DAY, "ending_at": NEXT_DAY, "loaded_at": LOADED_AT},
            **{"workspace_id": "w", "api_key_id": "k", "model": "claude-sonnet-4-5-20250929"},
            **{"service_tier": "standard", "context_window": "0-200k", "output_tokens": "50"},
            **{"uncached_input_tokens": "400", "cache_read_input_tokens": "600"},
            **{"cache_creation__ephemeral_5m_input_tokens": "1"},
            **{"cache_creation__ephemeral_1h_input_tokens": "0"},
            **{"server_tool_use__web_search_requests": "0"},
        },
        kind="usage",
        time="starting_at ending_at",
        number="uncached_input_tokens cache_read_input_tokens output_tokens requests "
        "cache_creation__ephemeral_5m_input_tokens cache_creation__ephemeral_1h_input_tokens "
        "server_tool_use__web_search_requests",
    ),
)

BILLS: tuple[Log, ...] = (
    source(
        "openai",
        "openai_costs",
        {
            **{**SECONDS, "loaded_at": LOADED_AT, "project_id": "p", "line_item": "gpt-4o, input"},
            **{"amount__value": "1.5", "amount__currency": "usd", "quantity": "1000"},
            "quantity_unit": "tokens",
        },
        kind="billing",
        time="start_time end_time",
        number="amount__value quantity",
    ),
    source(
        "anthropic",
        "anthropic_cost_report",
        {
            **{"starting_at": DAY, "ending_at": NEXT_DAY, "loaded_at": LOADED_AT},
            **{"workspace_id": "w", "description": "Claude usage", "cost_type": "tokens"},
            **{"token_type": "uncached_input_tokens", "model": "claude-sonnet-4-5-20250929"},
            **{"amount": "12.345", "currency": "USD"},
        },
        kind="billing",
        time="starting_at ending_at",
        number="amount",
        word_columns="service_tier context_window",
    ),
    source(
        "aws_bedrock",
        "aws_cur",
        {
            **{"identity_line_item_id": "i", "bill_billing_period_start_date": "2026-11-01"},
            **{"bill_payer_account_id": "123456789012", "bill_billing_entity": "AWS"},
            **{"line_item_usage_account_id": "123456789012", "line_item_line_item_type": "Usage"},
            **{"line_item_usage_start_date": DAY, "line_item_usage_end_date": NEXT_DAY},
            **{"line_item_product_code": "AmazonBedrock", "line_item_currency_code": "USD"},
            **{"line_item_usage_type": "USE1-Claude4.5Sonnet-input-tokens"},
            **{"line_item_usage_amount": "1", "line_item_unblended_cost": "0.003"},
            **{"pricing_unit": "1K tokens", "loaded_at": LOADED_AT, "product": {"region": "us"}},
            "resource_tags": {"user_team": "a"},
        },
        "identity_line_item_id",
        kind="billing",
        time="line_item_usage_start_date line_item_usage_end_date bill_billing_period_start_date",
        number="line_item_usage_amount line_item_unblended_cost line_item_net_unblended_cost",
        word_columns="delivery_id",
    ),
    source(
        "google_vertex",
        "gcp_billing_export",
        {
            **{"billing_account_id": "b", "export_time": LOADED_AT, "loaded_at": LOADED_AT},
            **{"usage_start_time": DAY, "usage_end_time": NEXT_DAY, "cost": "1.5"},
            **{"currency": "USD", "cost_type": "regular", "project": {"id": "p"}},
            "service": {"id": "C7E2-9256-1C43", "description": "Vertex AI"},
            "sku": {"id": "S", "description": "Gemini 2.5 Pro Text Input - Predictions"},
            "labels": [{"key": "team", "value": "a"}],
            "credits": [{"amount": -0.5, "type": "PROMOTION"}],
            "usage": {"amount": 1000, "unit": "count"},
            "invoice": {"month": "202611"},
        },
        kind="billing",
        time="usage_start_time usage_end_time export_time",
        number="cost",
        counts=(("amount",), ("unit",)),
        counts_in="usage",
    ),
    source(
        "azure_openai",
        "azure_cost_export",
        {
            **{"date": "2026-11-03", "billingperiodstartdate": "2026-11-01", "subscriptionid": "s"},
            **{"resourceid": "/subscriptions/s/providers/Microsoft.CognitiveServices/accounts/a"},
            **{"meterid": "m", "metername": "gpt 4o 1120 Inp glbl Tokens", "quantity": "10"},
            **{"metercategory": "Cognitive Services", "metersubcategory": "Azure OpenAI"},
            **{"unitofmeasure": "1K", "costinbillingcurrency": "0.025", "billingcurrency": "USD"},
            **{"chargetype": "Usage", "loaded_at": LOADED_AT, "tags": {"team": "a"}},
        },
        kind="billing",
        time="date billingperiodstartdate",
        number="quantity costinbillingcurrency",
    ),
    source(
        "manual",
        "manual_costs",
        {
            **{"line_id": "m", "platform": "own_gpu", "cost_kind": "self_hosted_gpu"},
            **{"period_start": DAY, "period_end": NEXT_DAY, "amount": "10", "currency": "USD"},
            "loaded_at": LOADED_AT,
        },
        "line_id",
        kind="billing",
        time="period_start period_end",
        number="amount",
        word_columns="team",
    ),
)

LOGS: tuple[Log, ...] = (
    Log(
        "app",
        "app_requests",
        (*APP_COUNTS, *APP_WORDS, "occurred_at", "completed_at", "loaded_at", "logged_cost"),
        app_row,
        kinds(
            number=" ".join((*APP_COUNTS, "logged_cost", "sample_rate")),
            word=" ".join(APP_WORDS),
            time="occurred_at completed_at loaded_at",
        ),
        uncounted={"input_tokens": None, "cached_read_tokens": "0"},
    ),
    Log(
        "otel",
        "otel_spans",
        (),
        otel_row,
        kinds(
            time="start_time_unix_nano end_time_unix_nano loaded_at",
            word="trace_id span_id status_code",
            number="sampling_probability",
            json="attributes resource_attributes",
        ),
        (
            ("gen_ai.usage.input_tokens",),
            ("gen_ai.usage.prompt_tokens",),
            ("gen_ai.usage.cache_read.input_tokens",),
            ("gen_ai.usage.cache_creation.input_tokens",),
            ("gen_ai.usage.output_tokens",),
            ("gen_ai.usage.reasoning.output_tokens",),
            ("gen_ai.usage.audio.input_tokens",),
            ("gen_ai.response.id",),
            ("gen_ai.provider.name",),
            ("app.customer_id",),
        ),
        "attributes",
        uncounted={
            "attributes": {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.response.model": "gpt-4o",
                "gen_ai.response.id": "c-2",
                "gen_ai.usage.cache_read.input_tokens": 0,
                "gen_ai.usage.output_tokens": 50,
            }
        },
    ),
    Log(
        "litellm",
        "litellm_spend_logs",
        (),
        litellm_row,
        kinds(
            time="startTime endTime updated_at",
            number="prompt_tokens completion_tokens spend",
            word="request_id call_type model custom_llm_provider cache_hit status end_user "
            "team_id api_base",
            json="metadata request_tags",
        ),
        (
            ("usage_object",),
            ("usage_object", "prompt_tokens_details", "cached_tokens"),
            ("usage_object", "prompt_tokens_details", "cache_creation_tokens"),
            ("usage_object", "prompt_tokens_details", "audio_tokens"),
            ("usage_object", "completion_tokens_details", "reasoning_tokens"),
            ("usage_object", "cache_read_input_tokens"),
            ("spend_logs_metadata", "customer_id"),
            ("cost_breakdown", "service_tier"),
        ),
        "metadata",
        uncounted={
            "prompt_tokens": None,
            "metadata": {"usage_object": {"prompt_tokens_details": {"cached_tokens": 0}}},
        },
    ),
    Log(
        "langfuse",
        "langfuse_observations",
        (),
        langfuse_row,
        kinds(
            time="start_time end_time event_ts loaded_at",
            number="total_cost",
            word="id project_id provided_model_name user_id environment level",
            json="usage_details metadata tags model_parameters",
        ),
        (
            ("input",),
            ("prompt_tokens",),
            ("input_cached_tokens",),
            ("input_cache_creation",),
            ("input_cache_creation_5m",),
            ("input_audio_tokens",),
            ("output",),
            ("completion_tokens",),
            ("output_reasoning_tokens",),
            ("total",),
        ),
        "usage_details",
        uncounted={"usage_details": {"input_cached_tokens": 0, "output": 50}},
    ),
    *MORE_LOGS,
)
SOURCES: tuple[Log, ...] = (*LOGS, *REPORTS, *BILLS)
VALUES = {"number": NUMBERS, "time": TIMES, "word": WORDS, "json": JSONS}


def as_text(row: dict[str, Any]) -> dict[str, str | None]:
    """The row as its raw table holds it."""
    return {
        name: raw_json(value) if isinstance(value, dict | list) else value
        for name, value in row.items()
    }


def put(place: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set a value in nested dicts, making those on the way."""
    for key in path[:-1]:
        inner = place.get(key)
        if not isinstance(inner, dict):
            inner = place[key] = {}
        place = inner
    place[path[-1]] = value


def malformed(log: Log, number: int, chance: random.Random) -> dict[str, str | None]:
    """A good row with one to four bad values; now and then one that repeats another row's id."""
    row = log.good(number if chance.random() > 0.08 else chance.randrange(number + 1))
    for _ in range(chance.randint(1, 4)):
        inner = row.get(log.counts_in)
        if isinstance(inner, dict) and chance.random() < 0.5:
            put(inner, chance.choice(log.counts), chance.choice(JSON_NUMBERS))
            continue
        column = chance.choice(list(log.kinds))
        choice = chance.random()
        if choice < 0.1:
            row[column] = None
        elif choice < 0.2:
            row[column] = chance.choice(chance.choice(list(VALUES.values())))
        else:
            row[column] = chance.choice(VALUES[log.kinds[column]])
    return as_text(row)


def all_counts(log: Log, number: int, value: Any) -> dict[str, str | None]:
    """A row whose counts all have the value, so that every sum of them is as large as can be."""
    row = log.good(number)
    for path in log.counts:
        if len(path) > 1 or path[0] not in ("usage_object", "gen_ai.response.id"):
            put(row[log.counts_in], path, value)
    for column in APP_COUNTS if log.word == "app" else ():
        row[column] = None if value is None else str(value)
    return as_text(row)


def rows_of(log: Log) -> list[dict[str, str | None]]:
    """The good row first, which every log must accept; then one that does not count its input."""
    chance = random.Random(f"{SEED} {log.kind} {log.table}")
    numbers = NUMBERS if log.word == "app" else (*NUMBERS, *JSON_NUMBERS)
    is_first = log.kind == "requests" and log.word in ("app", "otel", "litellm", "langfuse")
    return [
        as_text(log.good(-1)),
        *([as_text({**log.good(-2), **log.uncounted})] if log.uncounted else []),
        *(
            malformed(log, number, chance)
            for number in range(ROWS_PER_LOG if is_first else ROWS_PER_SOURCE)
        ),
        *(
            all_counts(log, 10_000 + number, value)
            for number, value in enumerate(numbers if is_first else ())
        ),
    ]


@dataclass(frozen=True)
class Warehouse:
    path: Path
    written: dict[str, int]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return query(self.path, sql)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """One run over all rows; it must succeed."""
    folder = tmp_path_factory.mktemp("malformed")
    path = folder / "malformed.duckdb"
    written = {}
    with opened(path) as connection:
        connection.execute("create schema raw")
        for log in SOURCES:
            rows = rows_of(log)
            columns = sorted({*log.columns, *log.kinds, *(name for row in rows for name in row)})
            typed = ", ".join(f'"{name}" varchar' for name in columns)
            connection.execute(f"create table raw.{log.table} ({typed})")
            marks = ", ".join("?" for _ in columns)
            connection.executemany(
                f"insert into raw.{log.table} values ({marks})",
                [[row.get(name) for name in columns] for row in rows],
            )
            written[log.table] = len(rows)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt(
        *("build", "--select", "+int_ai_row_counts", "+int_ai_rejected_rows"),
        *("--exclude-resource-types", "test", "unit_test"),
        variables={
            "ai_request_sources": [log.word for log in LOGS],
            "ai_usage_platforms": list(dict.fromkeys(log.word for log in REPORTS)),
            "ai_openai_usage_endpoints": [
                log.table.removeprefix("openai_usage_") for log in REPORTS if log.word == "openai"
            ],
            "ai_billing_platforms": [log.word for log in BILLS],
            "ai_business_tables": ["manual_costs"],
        },
    )
    return Warehouse(path, written)


# (source, load day, raw, accepted, duplicates, rejected)
Counts = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def counts(warehouse: Warehouse) -> Counts:
    """The rows of each source and load day, read once: the view reads all raw tables."""
    return warehouse.rows(
        "select source_name, load_date, raw_rows, accepted_rows, duplicate_rows, rejected_rows "
        "from intermediate.int_ai_row_counts"
    )


def test_every_source_is_drawn_from(warehouse: Warehouse) -> None:
    """Each staging model of the package has a source here, and its rows are written.

    But for FOCUS: malformed rows of it beside other bills let an optimizer of DuckDB 2.0.0 fail
    (docs/sources.md).
    """
    models = (ROOT / "models" / "staging").glob("*/stg_ai_*__*.sql")
    drawn = {f"stg_ai_{log.kind}__{log.word}" for log in SOURCES}
    assert drawn == {path.stem for path in models} - {"stg_ai_billing__focus"}
    assert sum(warehouse.written[log.table] for log in LOGS[:4]) > 4 * ROWS_PER_LOG >= 1_000
    assert all(warehouse.written[log.table] > ROWS_PER_SOURCE for log in SOURCES)


def test_each_source_has_the_types_of_its_union(warehouse: Warehouse) -> None:
    """Beside others the widest type wins, so that a narrower one shows only where it is alone."""
    types: dict[str, dict[str, str]] = {}
    for table, column, kind in warehouse.rows(
        "select table_name, column_name, data_type from information_schema.columns"
    ):
        types.setdefault(table, {})[column] = kind
    found = []
    for kind, word in {(log.kind, log.word) for log in SOURCES}:
        union, own = types[f"int_ai_{kind}__unioned"], types[f"stg_ai_{kind}__{word}"]
        assert {"platform", "loaded_at"} <= union.keys() & own.keys()
        found += [
            f"{kind} of {word}: {column} is {own[column]}, not {union[column]}"
            for column in own.keys() & union.keys()
            if own[column] != union[column]
        ]
    assert found == []


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.word)
def test_every_row_is_accepted_a_duplicate_or_rejected(
    warehouse: Warehouse, counts: Counts, log: Log
) -> None:
    days = [numbers for source, _, *numbers in counts if source == f"requests:{log.word}"]
    raw, accepted, duplicates, rejected = map(sum, zip(*days, strict=True))
    print(f"{log.word}: {raw} = {accepted} accepted + {duplicates} copies + {rejected} rejected")
    assert raw == accepted + duplicates + rejected
    ((in_scope,),) = warehouse.rows(f"select count(*) from staging.stg_ai_requests__{log.word}")
    assert raw == in_scope
    # Out of scope are only spans, observations and parts of messages that are no call of a model.
    if log.word not in ("otel", "langfuse", "bedrock", "apim"):
        assert raw == warehouse.written[log.table]
    written = warehouse.written[log.table]
    assert accepted > written // 5
    assert rejected > written // 20


@pytest.mark.parametrize("kind", ["usage", "billing"])
def test_every_bucket_and_bill_line_is_accepted_superseded_or_rejected(
    warehouse: Warehouse, counts: Counts, kind: str
) -> None:
    days = [numbers for source, _, *numbers in counts if source.startswith(f"{kind}:")]
    raw, accepted, duplicates, rejected = map(sum, zip(*days, strict=True))
    assert raw == accepted + duplicates + rejected
    in_scope = {}
    for log in {log.word: log for log in SOURCES if log.kind == kind}.values():
        ((in_scope[log.word],),) = warehouse.rows(
            f"select count(*) from staging.stg_ai_{kind}__{log.word}"
        )
    print(f"{kind}: {raw} = {accepted} + {duplicates} + {rejected}, of {in_scope}")
    assert raw == sum(in_scope.values())
    assert min(in_scope.values()) > ROWS_PER_SOURCE // 4
    # A bill's later delivery replaces earlier ones whole, so few of its rows are left.
    assert accepted > raw // 20
    assert rejected > raw // 20
    # Nothing is out of the scope of a report or bill that knows only AI.
    for word in ("openai", "anthropic"):
        tables = [log.table for log in SOURCES if (log.kind, log.word) == (kind, word)]
        assert in_scope[word] == sum(warehouse.written[table] for table in tables)


def test_each_day_adds_up(counts: Counts) -> None:
    assert [day for day in counts if day[2] != sum(day[3:])] == []


IDS = {
    **{"app": "r{}", "otel": "c{}", "litellm": "r{}", "langfuse": "p/o{}", "helicone": "h{}"},
    **{"openrouter": "gen-{}", "portkey": "pk{}", "vercel": "v{}", "bedrock": "b{}"},
    **{"vertex": "vx{}", "apim": "a{}"},
}


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.word)
def test_the_good_row_is_accepted_as_it_is(warehouse: Warehouse, log: Log) -> None:
    assert warehouse.rows(
        "select input_uncached_tokens, input_cached_tokens, output_tokens, usage_date::varchar "
        f"from intermediate.int_ai_requests where request_source = '{log.word}' "
        f"and request_id = '{IDS[log.word].format(-1)}'"
    ) == [(*log.classes, "2026-11-03")]


@pytest.mark.parametrize("log", LOGS, ids=lambda log: log.word)
def test_input_that_is_not_counted_is_unknown(warehouse: Warehouse, log: Log) -> None:
    """NULL, in logs that count the cache in and in logs that do not: never the 0 of the cache."""
    assert warehouse.rows(
        "select input_uncached_tokens, input_tokens, coalesce(input_cached_tokens, 0), "
        f"output_tokens from intermediate.int_ai_requests where request_source = '{log.word}' "
        f"and request_id = '{IDS[log.word].format(-2)}'"
    ) == [(None, None, 0, 50)]


def test_what_is_accepted_can_be_counted(warehouse: Warehouse) -> None:
    """No count is negative or beyond what sums can hold, and no time is out of the calendar."""
    assert warehouse.rows(
        "select count(*) from intermediate.int_ai_requests where input_tokens > 7000000000000000 "
        "or input_uncached_tokens < 0 or output_tokens < 0 or input_cached_tokens < 0 "
        "or usage_date < '2015-01-01' or usage_date >= '2042-01-01' "
        "or first_loaded_at < '2015-01-01' or first_loaded_at >= '2042-01-01'"
    ) == [(0,)]


def test_reasons_are_known(warehouse: Warehouse) -> None:
    found = warehouse.rows(
        "select distinct rejected_reason from intermediate.int_ai_rejected_rows order by all"
    )
    assert {reason for (reason,) in found} <= {
        *("missing_key", "missing_time", "missing_platform", "implausible_time"),
        *("unparsable_time", "unparsable_quantity", "negative_quantity", "conflicting_copy"),
        *("unparsable_amount", "missing_amount", "missing_currency", "invalid_period"),
        *("overlapping_group",),
    }
    assert len(found) >= 7
