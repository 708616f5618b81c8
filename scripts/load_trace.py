"""Load public LLM request traces as raw tables, so that the marts can be built on real traffic.

    load_trace.py <folder> [--out target/traces]

Reads whichever of these Parquet files the folder holds:

    aider_message_send_*.parquet          a coding tool's calls: model, tokens, recorded cost
    azure_llm_2023_code.parquet           a code completion service: time, tokens
    mooncake_fast25_conversation.parquet  a chat service: relative time, tokens, derived cache hits
    mooncake_fast25_synthetic.parquet     a load test: the same columns
    vidur_arxiv_summarization.parquet     summaries of papers: tokens only

Writes <out>/raw/<table>.parquet and <out>/vars.yml (dbt vars under which only these tables count),
and loads the tables into the DuckDB file AI_DUCKDB_PATH (default: target/traces.duckdb).

What a trace lacks is filled by these rules, equal on every run. They are assumptions, and printed:

model     Aider: as recorded. `route/name` is cut at its first slash, the route gives the platform;
          a bare name belongs to its family's own platform (a bare gemini- to google_vertex, as in
          LiteLLM). `REDACTED` stays and has no price; `None` is platform `unknown` without a model.
          openai gpt-3.5-turbo for Azure code, gpt-4.1-mini for Mooncake, gpt-4o-mini for Vidur.
time      Aider, Azure: as recorded (UTC). Mooncake: milliseconds after 2025-04-15 00:00.
          Vidur: row n of N at n / N of 2025-04-16.
cache     Mooncake: cached_tokens_derived, part of input_tokens. Elsewhere not captured (NULL).
customer  Aider: its user. Azure, Mooncake conversation, Vidur: one of 40, 50 and 100; with h = the
          first 32 bits of md5("<trace>:<row_id>"), number 1 + floor(N x (h / 2^32)^2), so that a
          tenth of the customers has about a third of the requests. Mooncake synthetic: one
          internal customer.
feature   Aider: `ask`, `context` and `help` are code_questions, other formats code_editing, none is
          no feature. The other traces: one feature each. Every feature belongs to one team.
plan      customer number mod 5: 1 pro (20 USD a month), 2 and 0 starter (5 USD), 3 and 4 free; from
          the month of the customer's first request to that of its last. The internal one has none.
          There are no invoices: revenue is the plan's price (revenue_basis mrr_proxy).
clock     ai_as_of_date and loaded_at are the first day after the month of the last request.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

import load_raw

DEFAULT_DUCKDB_PATH = "target/traces.duckdb"
MOONCAKE_START = datetime(2025, 4, 15)
VIDUR_DAY = datetime(2025, 4, 16)
RULES_TABLE = "trace_attribution_rules"
OVERRIDES_TABLE = "trace_price_overrides"
BUDGETS_TABLE = "trace_budgets"

Row = dict[str, Any]

TEXT, COUNT, FLAG, TIME, DAY = (
    pa.string(),
    pa.int64(),
    pa.bool_(),
    pa.timestamp("us"),
    pa.date32(),
)
# Wide enough for a float's text: 1.4999999999999999e-05 has 21 decimals. USD.
LOGGED_COST = pa.decimal128(38, 24)
PRICE = pa.decimal128(18, 6)


def _schema(**kinds: tuple[pa.DataType, str]) -> pa.Schema:
    """A schema from type and blank-separated column names."""
    return pa.schema([(name, kind) for kind, names in kinds.values() for name in names.split()])


APP_REQUESTS = _schema(
    key=(TEXT, "request_id"),
    attempt=(COUNT, "attempt"),
    ids=(TEXT, "provider_request_id trace_id parent_id run_id"),
    times=(TIME, "occurred_at completed_at"),
    keys=(
        TEXT,
        "provider platform billing_account_id project_id workspace_id api_key_id gateway_key "
        "model_requested model_served operation input_convention",
    ),
    counts=(
        COUNT,
        "input_tokens cached_read_tokens cache_write_5m_tokens cache_write_1h_tokens "
        "cache_write_tokens output_tokens reasoning_tokens input_audio_tokens output_audio_tokens "
        "input_image_tokens output_image_tokens images audio_seconds characters "
        "web_search_requests",
    ),
    tier=(TEXT, "service_tier"),
    batch=(FLAG, "is_batch"),
    tags=(
        TEXT,
        "region speed customer_id user_id feature team plan_code environment release "
        "prompt_version status error_code outcome",
    ),
    cached=(FLAG, "is_gateway_cache_hit"),
    sample=(PRICE, "sample_rate"),
    cost=(LOGGED_COST, "logged_cost"),
    currency=(TEXT, "logged_cost_currency"),
    loaded=(TIME, "loaded_at"),
)
CUSTOMERS = _schema(
    id=(TEXT, "customer_id name"),
    flag=(FLAG, "is_internal"),
    other=(TEXT, "parent_customer_id merged_into"),
    times=(TIME, "created_at deleted_at loaded_at"),
)
PLANS = _schema(
    id=(TEXT, "plan_id"),
    day=(DAY, "valid_from"),
    name=(TEXT, "name"),
    price=(PRICE, "monthly_price"),
    words=(TEXT, "price_per currency"),
    flag=(FLAG, "is_free"),
    loaded=(TIME, "loaded_at"),
)
SUBSCRIPTIONS = _schema(
    id=(TEXT, "subscription_id customer_id plan_id status"),
    flags=(FLAG, "is_primary is_trial"),
    seats=(pa.int32(), "seats"),
    mrr=(PRICE, "mrr"),
    times=(TIME, "valid_from valid_to loaded_at"),
)
FEATURES = _schema(words=(TEXT, "feature_id name owner"), loaded=(TIME, "loaded_at"))
TEAMS = _schema(words=(TEXT, "team_id name owner"), loaded=(TIME, "loaded_at"))
RULES = _schema(
    words=(TEXT, "dimension evidence platform match_type match_value target_id"),
    days=(DAY, "valid_from valid_to"),
    priority=(COUNT, "priority"),
    note=(TEXT, "note"),
)
OVERRIDES = _schema(
    words=(TEXT, "platform billing_account_id model price_class service_tier processing"),
    prices=(pa.decimal128(18, 9), "price_usd multiplier"),
    unit=(TEXT, "unit"),
    days=(DAY, "valid_from valid_to"),
    note=(TEXT, "note"),
)
BUDGETS = _schema(
    words=(TEXT, "budget_id team_id platform"),
    days=(DAY, "valid_from valid_to"),
    amount=(PRICE, "amount_usd"),
    more=(TEXT, "owner note"),
)

# A route of LiteLLM → platform (who sends the invoice) and provider (who made the model, where the
# platform sells its own models only).
ROUTES: dict[str, tuple[str, str | None]] = {
    "anthropic": ("anthropic", "anthropic"),
    "azure": ("azure_openai", "openai"),
    "bedrock": ("aws_bedrock", None),
    "cohere": ("cohere", "cohere"),
    "cohere_chat": ("cohere", "cohere"),
    "deepseek": ("deepseek", "deepseek"),
    "gemini": ("google_ai", "google"),
    "mistral": ("mistral", "mistral"),
    "ollama_chat": ("ollama", None),
    "openai": ("openai", "openai"),
    "vertex_ai": ("google_vertex", None),
    "xai": ("xai", "xai"),
}
# Start of a bare name → the same.
FAMILIES: dict[str, tuple[str, str]] = {
    "claude-": ("anthropic", "anthropic"),
    "chatgpt-": ("openai", "openai"),
    "gpt-": ("openai", "openai"),
    "o1": ("openai", "openai"),
    "o3": ("openai", "openai"),
    "o4": ("openai", "openai"),
    "gemini-": ("google_vertex", "google"),
    "deepseek-": ("deepseek", "deepseek"),
    "grok-": ("xai", "xai"),
    "mistral-": ("mistral", "mistral"),
    "codestral": ("mistral", "mistral"),
}
# Makers as OpenRouter spells them → providers.
MAKERS = {"x-ai": "xai", "mistralai": "mistral", "qwen": "alibaba", "meta-llama": "meta"}

FEATURE_TEAMS = {
    "code_editing": ("Code editing (Aider)", "developer_tools"),
    "code_questions": ("Questions about code (Aider)", "developer_tools"),
    "code_completion": ("Code completion (Azure)", "developer_tools"),
    "chat": ("Chat (Mooncake conversation)", "assistant"),
    "load_test": ("Load test (Mooncake synthetic)", "assistant"),
    "summaries": ("Paper summaries (Vidur)", "documents"),
}
# plan → USD per month
PLAN_PRICES = {"free": Decimal(0), "starter": Decimal(5), "pro": Decimal(20)}
# customer number mod 5 → plan
PLAN_BY_NUMBER = ("starter", "pro", "starter", "free", "free")


class TraceError(Exception):
    """A problem that the user can solve; its text says what, where and how."""


@dataclass(frozen=True)
class ModelName:
    """Whose invoice, whose model, and its name there; None where the trace does not tell."""

    platform: str
    provider: str | None
    model: str | None


@dataclass(frozen=True)
class Trace:
    """A known trace file: `pattern` in the folder, its needed `columns`, rows by `read`."""

    name: str
    pattern: str
    columns: tuple[str, ...]
    read: Callable[[list[Row]], Iterator[Row]]
    rule: str


def parse_model(text: str | None) -> ModelName:
    """What a model string of Aider (LiteLLM's notation) names.

    >>> parse_model("openrouter/anthropic/claude-3.7-sonnet")
    ModelName(platform='openrouter', provider='anthropic', model='anthropic/claude-3.7-sonnet')
    """
    text = (text or "").strip()
    if text in ("", "None"):
        return ModelName("unknown", None, None)
    route, slash, rest = text.partition("/")
    if slash and rest:
        platform, provider = ROUTES.get(route.lower(), (route.lower(), None))
        if platform == "openrouter" and "/" in rest:
            maker = rest.partition("/")[0].lower()
            # `openrouter/openrouter/...` are previews whose maker was not told
            provider = None if maker == "openrouter" else MAKERS.get(maker, maker)
        return ModelName(platform, provider, rest)
    for start, (platform, provider) in FAMILIES.items():
        if text.lower().startswith(start):
            return ModelName(platform, provider, text)
    return ModelName("unknown", None, text)


def parse_cost(text: str | None) -> Decimal | None:
    """A recorded cost in USD as an exact decimal: `0.052005`, `5.8e-05`; empty is None.

    Raises TraceError for what is no number or has more than 24 decimals.
    """
    if text is None or not text.strip():
        return None
    try:
        cost = Decimal(text.strip())
    except InvalidOperation as error:
        raise TraceError(f"{text!r} is no amount.") from error
    exponent = cost.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -LOGGED_COST.scale:
        raise TraceError(f"{text!r} is no amount with up to {LOGGED_COST.scale} decimals.")
    return cost


def customer_number(trace: str, row_id: int, customers: int) -> int:
    """The customer, 1 to `customers`, of a row: a squared hash, so low numbers are frequent."""
    share = int(hashlib.md5(f"{trace}:{row_id}".encode()).hexdigest()[:8], 16)
    return 1 + (customers * share * share >> 64)


def plan_of(number: int) -> str:
    """The plan of a customer number."""
    return PLAN_BY_NUMBER[number % len(PLAN_BY_NUMBER)]


def _request(trace: str, row_id: int, **values: Any) -> Row:
    """A request of the contract; columns that are not given are NULL."""
    return {
        "request_id": f"{trace}-{row_id}",
        "attempt": 1,
        "project_id": trace,
        "api_key_id": f"key-{trace}",
        "input_convention": "inclusive",
        "operation": "chat",
        **values,
    }


def _bucketed(trace: str, row_id: int, customers: int) -> Row:
    """Customer columns of a row whose customer is a hash bucket."""
    number = customer_number(trace, row_id, customers)
    return {"customer_id": f"{trace}-{number:03d}", "customer_number": number}


def read_aider(rows: list[Row]) -> Iterator[Row]:
    """Calls of the Aider coding tool; the only trace with models and a recorded cost."""
    for row in rows:
        name = parse_model(row["main_model"])
        form = row["edit_format"]
        questions = form in ("ask", "context", "help")
        user = row["user_anon"]
        try:
            cost = parse_cost(row["recorded_cost_usd_text"])
        except TraceError as error:
            raise TraceError(f"recorded_cost_usd_text of row_id {row['row_id']}: {error}") from None
        yield _request(
            "aider",
            row["row_id"],
            occurred_at=row["ts"],
            platform=name.platform,
            provider=name.provider,
            model_requested=row["main_model"] if name.model else None,
            model_served=name.model,
            input_tokens=row["prompt_tokens"],
            output_tokens=row["completion_tokens"],
            customer_id=f"aider-{user}",
            customer_number=int("".join(filter(str.isdigit, user)) or 0),
            user_id=user,
            feature=None if form is None else "code_questions" if questions else "code_editing",
            logged_cost=cost,
            logged_cost_currency="USD",
        )


def read_azure(rows: list[Row]) -> Iterator[Row]:
    """Calls of a code completion service in November 2023; the model is an assumption."""
    for row in rows:
        yield _request(
            "azure-code",
            row["row_id"],
            occurred_at=row["ts"],
            platform="openai",
            provider="openai",
            model_served="gpt-3.5-turbo",
            input_tokens=row["context_tokens"],
            output_tokens=row["generated_tokens"],
            feature="code_completion",
            **_bucketed("azure-code", row["row_id"], 40),
        )


def _mooncake(trace: str, rows: Iterable[Row]) -> Iterator[Row]:
    """The columns that both Mooncake traces share; the model and the day are assumptions."""
    for row in rows:
        yield _request(
            trace,
            row["row_id"],
            occurred_at=MOONCAKE_START + timedelta(milliseconds=row["timestamp_ms"]),
            platform="openai",
            provider="openai",
            model_served="gpt-4.1-mini",
            input_tokens=row["input_tokens"],
            cached_read_tokens=row["cached_tokens_derived"],
            output_tokens=row["output_tokens"],
        )


def read_conversation(rows: list[Row]) -> Iterator[Row]:
    """Calls of a chat service."""
    trace = "mooncake-conversation"
    for row, request in zip(rows, _mooncake(trace, rows), strict=True):
        yield request | {"feature": "chat"} | _bucketed(trace, row["row_id"], 50)


def read_synthetic(rows: list[Row]) -> Iterator[Row]:
    """A load test: one internal customer, environment evaluation."""
    for request in _mooncake("mooncake-synthetic", rows):
        yield request | {
            "feature": "load_test",
            "environment": "evaluation",
            "customer_id": "load-test",
            "customer_number": None,
        }


def read_vidur(rows: list[Row]) -> Iterator[Row]:
    """Summaries of papers, without times: spread over one day; the model is an assumption."""
    day_us = 24 * 60 * 60 * 1_000_000
    for index, row in enumerate(rows):
        yield _request(
            "vidur-summaries",
            row["row_id"],
            occurred_at=VIDUR_DAY + timedelta(microseconds=index * day_us // len(rows)),
            platform="openai",
            provider="openai",
            model_served="gpt-4o-mini",
            input_tokens=row["input_tokens"],
            output_tokens=row["output_tokens"],
            feature="summaries",
            **_bucketed("vidur-summaries", row["row_id"], 100),
        )


MOONCAKE_COLUMNS = (
    "row_id",
    "timestamp_ms",
    "input_tokens",
    "output_tokens",
    "cached_tokens_derived",
)
TRACES = (
    Trace(
        "aider",
        "aider_message_send_*.parquet",
        (
            *("row_id", "ts", "user_anon", "main_model", "edit_format"),
            *("prompt_tokens", "completion_tokens", "recorded_cost_usd_text"),
        ),
        read_aider,
        "models, times and costs as recorded; customer = user",
    ),
    Trace(
        "azure-code",
        "azure_llm_2023_code.parquet",
        ("row_id", "ts", "context_tokens", "generated_tokens"),
        read_azure,
        "assumed model openai gpt-3.5-turbo; 40 customers by hash",
    ),
    Trace(
        "mooncake-conversation",
        "mooncake_fast25_conversation.parquet",
        MOONCAKE_COLUMNS,
        read_conversation,
        "assumed model openai gpt-4.1-mini, start 2025-04-15; 50 customers by hash",
    ),
    Trace(
        "mooncake-synthetic",
        "mooncake_fast25_synthetic.parquet",
        MOONCAKE_COLUMNS,
        read_synthetic,
        "assumed model openai gpt-4.1-mini, start 2025-04-15; one internal customer",
    ),
    Trace(
        "vidur-summaries",
        "vidur_arxiv_summarization.parquet",
        ("row_id", "input_tokens", "output_tokens"),
        read_vidur,
        "assumed model openai gpt-4o-mini, day 2025-04-16; 100 customers by hash",
    ),
)


def find_traces(folder: Path) -> list[tuple[Trace, Path]]:
    """The known traces of a folder. Raises TraceError when it holds none."""
    if not folder.is_dir():
        raise TraceError(f"There is no folder {folder}.")
    found = [(trace, path) for trace in TRACES for path in sorted(folder.glob(trace.pattern))]
    names = [trace.name for trace, _ in found]
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise TraceError(f"{folder} holds more than one file of {', '.join(twice)}: keep one.")
    if not found:
        known = "\n".join(f"    {trace.pattern}" for trace in TRACES)
        raise TraceError(
            f"{folder} holds no known trace. Known files:\n{known}\n"
            "For a log of your own, write it as app_requests.parquet (the columns of the raw table "
            "app_requests, as many as you have) and load its folder with scripts/load_raw.py."
        )
    return found


def read_rows(trace: Trace, path: Path) -> list[Row]:
    """The file's rows. Raises TraceError when a needed column is missing."""
    present = set(pq.read_schema(path).names)
    if missing := [name for name in trace.columns if name not in present]:
        raise TraceError(f"{path} lacks the columns {', '.join(missing)}.")
    rows: list[Row] = pq.read_table(path, columns=list(trace.columns)).to_pylist()
    return rows


def next_month(day: date) -> date:
    """The first day of the month after that of `day`."""
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def midnight(day: date) -> datetime:
    """The start of a day."""
    return datetime(day.year, day.month, day.day)


def business_tables(requests: list[Row], loaded_at: datetime) -> dict[str, tuple[list[Row], Any]]:
    """Rows and schema of every table but app_requests, by the rules of this module's docstring."""
    spans: dict[str, tuple[datetime, datetime, int | None]] = {}
    for row in requests:
        customer, at = row["customer_id"], row["occurred_at"]
        first, last, _ = spans.get(customer, (at, at, None))
        spans[customer] = (min(first, at), max(last, at), row["customer_number"])

    customers, subscriptions = [], []
    for customer, (first, last, number) in sorted(spans.items()):
        start = midnight(first.date().replace(day=1))
        customers.append(
            {
                "customer_id": customer,
                "name": customer,
                "is_internal": number is None,
                "created_at": start,
            }
        )
        if number is not None:
            plan = plan_of(number)
            subscriptions.append(
                {
                    "subscription_id": f"sub-{customer}",
                    "customer_id": customer,
                    "plan_id": plan,
                    "status": "active",
                    "is_primary": True,
                    "is_trial": False,
                    "seats": 1,
                    "mrr": PLAN_PRICES[plan],
                    "valid_from": start,
                    "valid_to": midnight(next_month(last.date())),
                }
            )
    plans = [
        {
            "plan_id": plan,
            "valid_from": date(2023, 1, 1),
            "name": plan.capitalize(),
            "monthly_price": price,
            "price_per": "customer",
            "currency": "USD",
            "is_free": price == 0,
        }
        for plan, price in PLAN_PRICES.items()
    ]
    features = [
        {"feature_id": feature, "name": name, "owner": team}
        for feature, (name, team) in FEATURE_TEAMS.items()
    ]
    teams = [
        {"team_id": team, "name": team.replace("_", " ").capitalize(), "owner": None}
        for team in sorted({team for _, team in FEATURE_TEAMS.values()})
    ]
    tables: dict[str, tuple[list[Row], Any]] = {
        "customers": (customers, CUSTOMERS),
        "plans": (plans, PLANS),
        "subscriptions": (subscriptions, SUBSCRIPTIONS),
        "features": (features, FEATURES),
        "teams": (teams, TEAMS),
    }
    for rows, _ in tables.values():
        for row in rows:
            row["loaded_at"] = loaded_at
    # Empty, so that no rules, contract prices and budgets of another company apply.
    return tables | {
        RULES_TABLE: ([], RULES),
        OVERRIDES_TABLE: ([], OVERRIDES),
        BUDGETS_TABLE: ([], BUDGETS),
    }


def dbt_vars(as_of: date, tables: Iterable[str]) -> Row:
    """The dbt vars under which only the loaded tables count."""
    return {
        "ai_usage_platforms": [],
        "ai_billing_platforms": [],
        "ai_request_sources": ["app"],
        "ai_business_tables": list(tables),
        "ai_attribution_rules_relation": f"raw.{RULES_TABLE}",
        "ai_price_overrides_relation": f"raw.{OVERRIDES_TABLE}",
        "ai_budgets_relation": f"raw.{BUDGETS_TABLE}",
        "ai_as_of_date": as_of.isoformat(),
    }


def _write(rows: list[Row], schema: pa.Schema, path: Path) -> None:
    """Write rows as Parquet; a column that a row lacks is NULL."""
    arrays = [pa.array([row.get(field.name) for row in rows], type=field.type) for field in schema]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), path, compression="zstd")


def load(folder: Path, out: Path, console: Console) -> dict[str, int]:
    """Write the raw tables and vars of the folder's traces below `out`, and load them into DuckDB.

    Returns the number of rows by trace. Raises TraceError, load_raw.LoadError.
    """
    found = find_traces(folder)
    requests: list[Row] = []
    counts: dict[str, int] = {}
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("requests"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        for trace, path in found:
            rows = read_rows(trace, path)
            bar = progress.add_task(trace.name, total=len(rows))
            for request in trace.read(rows):
                feature = request["feature"]
                request["team"] = FEATURE_TEAMS[feature][1] if feature else None
                requests.append(request)
                if len(requests) % 1000 == 0:
                    progress.update(bar, completed=len(requests) - sum(counts.values()))
            counts[trace.name] = len(rows)
            progress.update(bar, completed=len(rows))
        if not requests:
            raise TraceError(f"The traces in {folder} hold no rows.")

        writing = progress.add_task("writing Parquet", total=None)
        as_of = next_month(max(row["occurred_at"] for row in requests).date())
        for row in requests:
            row["loaded_at"] = midnight(as_of)
        business = business_tables(requests, midnight(as_of))
        tables = {"app_requests": (requests, APP_REQUESTS), **business}
        raw = out / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        for stale in raw.glob("*.parquet"):
            stale.unlink()
        for name, (rows, schema) in tables.items():
            _write(rows, schema, raw / f"{name}.parquet")
        progress.update(writing, total=1, completed=1)

    own = (RULES_TABLE, OVERRIDES_TABLE, BUDGETS_TABLE)
    names = [name for name in business if name not in own]
    (out / "vars.yml").write_text(
        yaml.safe_dump(dbt_vars(as_of, names), sort_keys=False), encoding="utf-8"
    )
    load_raw.load(raw)
    return counts


def explain(counts: dict[str, int], console: Console) -> None:
    """Print what was loaded and what was assumed."""
    table = Table("trace", "requests", "what it does not tell, and was assumed", box=None)
    table.columns[1].justify = "right"
    for trace in TRACES:
        if trace.name in counts:
            table.add_row(trace.name, f"{counts[trace.name]:,}", trace.rule)
    table.add_row("all", f"{sum(counts.values()):,}", "")
    console.print(table)
    console.print(
        "Plans and prices are made up (customer number mod 5: pro 20 USD, starter 5 USD, free), so "
        "margins show the method, not a business. There is no bill: every cost is an estimate at "
        "list prices. All rules: scripts/load_trace.py --help"
    )


def main(argv: list[str] | None = None) -> int:
    """Command line; returns the exit code: 0, or 1 with a message on standard error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="folder with trace files")
    parser.add_argument(
        "--out", type=Path, default=Path("target/traces"), help="folder (%(default)s)"
    )
    options = parser.parse_args(argv)
    # Never by default into the demo company's file: tables of the same names are replaced.
    os.environ["AI_DUCKDB_PATH"] = os.environ.get("AI_DUCKDB_PATH") or DEFAULT_DUCKDB_PATH
    console = Console(highlight=False)
    try:
        counts = load(options.folder, options.out, console)
    except (TraceError, load_raw.LoadError, pa.ArrowInvalid, duckdb.Error) as error:
        print(f"load_trace: {error}", file=sys.stderr)
        return 1
    explain(counts, console)
    console.print(f"Loaded into {load_raw.duckdb_path()}; dbt vars in {options.out / 'vars.yml'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
