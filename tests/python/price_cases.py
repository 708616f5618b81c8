"""Requests with known prices: the small warehouse of a request log alone, and the worked cases.

A case holds what a provider's response says, in the provider's own terms: OpenAI and Gemini count
cached tokens within the input, Anthropic and AWS Bedrock beside it; Gemini's thoughts are added to
its candidates by whoever writes the log, because the output of the log includes reasoning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from conftest import Dbt
from golden_company import opened

D = Decimal

# Columns of the log and their types, as a loader would write them.
APP_REQUESTS: dict[str, str] = {
    "request_id": "varchar",
    "occurred_at": "timestamp",
    "platform": "varchar",
    "provider": "varchar",
    "model_requested": "varchar",
    "model_served": "varchar",
    "region": "varchar",
    "service_tier": "varchar",
    "speed": "varchar",
    "is_batch": "boolean",
    "input_convention": "varchar",
    "input_tokens": "bigint",
    "cached_read_tokens": "bigint",
    "cache_write_5m_tokens": "bigint",
    "cache_write_1h_tokens": "bigint",
    "cache_write_tokens": "bigint",
    "output_tokens": "bigint",
    "reasoning_tokens": "bigint",
    "input_audio_tokens": "bigint",
    "output_audio_tokens": "bigint",
    "input_image_tokens": "bigint",
    "output_image_tokens": "bigint",
    "images": "bigint",
    "audio_seconds": "bigint",
    "characters": "bigint",
    "web_search_requests": "bigint",
    "loaded_at": "timestamp",
}
NAMES = {"model": "varchar", "region_scope": "varchar", "note": "varchar"}
TABLES: dict[str, dict[str, str]] = {
    "app_requests": APP_REQUESTS,
    "azure_deployments": {"deployment": "varchar", **NAMES},
    "bedrock_profiles": {"profile": "varchar", **NAMES},
}

# A warehouse that has a request log and the user's names of models, and nothing else.
LOG_ONLY: dict[str, Any] = {
    "ai_usage_platforms": [],
    "ai_billing_platforms": [],
    "ai_request_sources": ["app"],
    "ai_business_tables": [],
    "ai_azure_deployments_relation": "raw.azure_deployments",
    "ai_bedrock_profiles_relation": "raw.bedrock_profiles",
}


def costed(folder: Path, **tables: Iterable[Mapping[str, Any]]) -> Path:
    """The DuckDB file of a warehouse with these rows, priced by the dbt models; in `folder`.

    Tables are those of TABLES; one that is not given is empty. All warehouses of a test run are
    built in one place beside their folders, so that dbt reads the project only once.
    """
    workshop = folder.parent / "costed"
    workshop.mkdir(exist_ok=True)
    path = workshop / "costed.duckdb"
    with opened(path) as connection:
        connection.execute("create schema raw")
        for table, columns in TABLES.items():
            typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            connection.execute(f"create table raw.{table} ({typed})")
            rows = [
                {column: row.get(column) for column in columns} for row in tables.get(table, ())
            ]
            if rows:
                connection.register("filled", pa.Table.from_pylist(rows))
                connection.execute(f"insert into raw.{table} by name select * from filled")
                connection.unregister("filled")
    dbt = Dbt(workshop / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt(
        *("build", "--select", "+cost_per_request"),
        *("--exclude-resource-types", "test", "unit_test"),
        variables=LOG_ONLY,
    )
    return path.replace(folder / "priced.duckdb")


@dataclass(frozen=True)
class Case:
    """A worked case: what the log says, and what it costs."""

    number: int
    name: str
    cost_usd: Decimal
    raw: Mapping[str, Any]
    quantity_status: str = "exact"

    @property
    def request_id(self) -> str:
        """Of the log, and of pytest."""
        return f"{self.number:02d} {self.name}"

    @property
    def request(self) -> dict[str, Any]:
        """The row of the log."""
        usual = {
            "request_id": self.request_id,
            "occurred_at": "2026-11-20 12:00:00",
            "cached_read_tokens": 0,
            "loaded_at": "2026-11-23 00:00:00",
        }
        return usual | dict(self.raw)


def _openai(model: str, tokens: int, output: int, **raw: Any) -> dict[str, Any]:
    usual = {"platform": "openai", "provider": "openai", "model_served": model}
    return usual | {"input_tokens": tokens, "output_tokens": output} | raw


def _claude(tokens: int, output: int, **raw: Any) -> dict[str, Any]:
    usual = {
        "platform": "anthropic",
        "provider": "anthropic",
        "model_served": "claude-sonnet-4-5-20250929",
    }
    return usual | {"input_tokens": tokens, "output_tokens": output} | raw


def _bedrock(model: str) -> dict[str, Any]:
    return _claude(1_000, 1_000, platform="aws_bedrock", model_served=model, region="us-east-1")


def _gemini(
    model: str, prompt: int, candidates: int, thoughts: int = 0, **raw: Any
) -> dict[str, Any]:
    usual = {"platform": "google_ai", "provider": "google", "model_served": model}
    counts = {
        "input_tokens": prompt,
        "output_tokens": candidates + thoughts,
        "reasoning_tokens": thoughts,
    }
    return usual | counts | raw


_SOL = _openai("gpt-5.6-sol", 300_000, 2_000, cached_read_tokens=100_000, cache_write_tokens=20_000)
# OpenAI tells no time to live of its cache writes.
_NO_TTL = "split_unknown"
_BATCH_4O = _openai("gpt-4o-2024-08-06", 100_000, 10_000, cached_read_tokens=40_000, is_batch=True)
_RAW_ANTHROPIC = _claude(1_000, 10, cached_read_tokens=50_000)

CASES: tuple[Case, ...] = (
    Case(
        1,
        "gpt-4o with cache",
        D("0.020"),
        _openai("gpt-4o-2024-08-06", 10_000, 500, cached_read_tokens=8_000),
    ),
    Case(
        2,
        "claude with cache writes of 5m and 1h",
        D("0.0555"),
        _claude(
            1_000,
            800,
            cached_read_tokens=50_000,
            cache_write_tokens=5_000,
            cache_write_5m_tokens=2_000,
            cache_write_1h_tokens=3_000,
        ),
    ),
    Case(3, "gemini at 200000", D("0.260"), _gemini("gemini-2.5-pro", 200_000, 1_000)),
    Case(3, "gemini at 200001", D("0.5150025"), _gemini("gemini-2.5-pro", 200_001, 1_000)),
    Case(
        4,
        "gemini long and cached",
        D("0.190"),
        _gemini("gemini-2.5-pro", 250_000, 1_000, cached_read_tokens=200_000),
    ),
    Case(5, "gpt-5.6-sol standard", D("1.78"), _SOL, _NO_TTL),
    Case(5, "gpt-5.6-sol flex", D("0.89"), _SOL | {"service_tier": "flex"}, _NO_TTL),
    Case(5, "gpt-5.6-sol priority", D("3.56"), _SOL | {"service_tier": "priority"}, _NO_TTL),
    Case(
        5,
        "gpt-5.6-sol before the price cut",
        D("2.24"),
        _SOL | {"occurred_at": "2026-08-20 23:59:00"},
        _NO_TTL,
    ),
    Case(
        6,
        "o3 before the price cut",
        D("0.18"),
        _openai("o3", 10_000, 2_000, occurred_at="2025-06-09 23:59:00"),
    ),
    Case(
        6,
        "o3 from the price cut",
        D("0.036"),
        _openai("o3", 10_000, 2_000, occurred_at="2025-06-10 00:00:00"),
    ),
    Case(
        7,
        "claude batch with 1h write",
        D("0.186"),
        _claude(
            50_000,
            10_000,
            cached_read_tokens=40_000,
            cache_write_tokens=10_000,
            cache_write_5m_tokens=0,
            cache_write_1h_tokens=10_000,
            service_tier="batch",
        ),
    ),
    Case(
        8,
        "gemini batch, long",
        D("0.3200"),
        _gemini("gemini-2.5-pro", 250_000, 1_000, is_batch=True),
    ),
    Case(9, "gpt-4o batch", D("0.175"), _BATCH_4O),
    Case(
        9, "gpt-4o batch in October", D("0.175"), _BATCH_4O | {"occurred_at": "2026-10-13 12:00:00"}
    ),
    Case(
        10,
        "gpt-5 with reasoning",
        D("0.05125"),
        _openai("gpt-5-2025-08-07", 1_000, 5_000, reasoning_tokens=4_200),
    ),
    Case(
        11,
        "gemini candidates and thoughts",
        D("0.0128"),
        _gemini("gemini-2.5-flash", 1_000, 800, thoughts=4_200),
    ),
    Case(
        12,
        "gpt-audio",
        D("0.0655"),
        _openai("gpt-audio", 1_200, 600, input_audio_tokens=1_000, output_audio_tokens=500),
    ),
    Case(
        13,
        "claude long context, last day",
        D("1.5225"),
        _claude(250_000, 1_000, occurred_at="2026-04-30 23:59:59"),
    ),
    Case(
        13,
        "claude long context at the base price",
        D("0.765"),
        _claude(250_000, 1_000, occurred_at="2026-05-01 00:00:00"),
    ),
    Case(14, "bedrock us", D("0.0198"), _bedrock("us.anthropic.claude-sonnet-4-5-20250929-v1:0")),
    Case(
        14,
        "bedrock global",
        D("0.018"),
        _bedrock("global.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ),
    Case(
        14, "bedrock in region", D("0.0198"), _bedrock("anthropic.claude-sonnet-4-5-20250929-v1:0")
    ),
    Case(
        15,
        "vertex in us-east5",
        D("0.0198"),
        _claude(
            1_000,
            1_000,
            platform="google_vertex",
            model_served="claude-sonnet-4-5@20250929",
            region="us-east5",
        ),
    ),
    Case(16, "claude with web search", D("0.048"), _claude(1_000, 1_000, web_search_requests=3)),
    Case(
        17,
        "raw anthropic fields, exclusive",
        D("0.01815"),
        _RAW_ANTHROPIC | {"input_convention": "exclusive"},
    ),
    Case(17, "raw anthropic fields, nothing said", D("0.01815"), _RAW_ANTHROPIC),
    Case(
        17,
        "raw anthropic fields, said to be inclusive",
        D("0.01815"),
        _RAW_ANTHROPIC | {"input_convention": "inclusive"},
        "inconsistent",
    ),
)
