"""Raw tables as text, as a careless loader writes them: bad rows are listed, all others are right.

Every column of every raw table is VARCHAR here, columns that nobody needs are absent, and each kind
of bad value occurs once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import Dbt
from golden_company import TABLES, insert, opened, query

D = Decimal

VARIABLES: dict[str, Any] = {
    "ai_usage_platforms": ["openai", "anthropic"],
    "ai_billing_platforms": ["openai", "anthropic", "manual"],
    "ai_request_sources": ["app"],
    "ai_business_tables": ["customers", "revenue_lines", "manual_costs"],
    # The package's own rules name the demo company's customers.
    "ai_attribution_rules_relation": "raw.attribution_rules",
    "ai_as_of_date": "2026-11-01",
}

# request_id -> what is wrong with it
BAD_REQUESTS: dict[str | None, tuple[dict[str, str | None], str, str | None]] = {
    "bad time": ({"occurred_at": "yesterday"}, "unparsable_time", "occurred_at"),
    "impossible time": ({"occurred_at": "2026-10-32 00:00:00"}, "unparsable_time", "occurred_at"),
    "bad load time": ({"loaded_at": "soon"}, "unparsable_time", "loaded_at"),
    "no time": ({"occurred_at": None}, "missing_time", None),
    "empty time": ({"occurred_at": " "}, "missing_time", None),
    "negative": ({"input_tokens": "-1"}, "negative_quantity", "input_tokens"),
    "words": ({"output_tokens": "many"}, "unparsable_quantity", "output_tokens"),
    "no platform": ({"platform": "", "provider": None}, "missing_platform", None),
    None: ({}, "missing_key", None),
}

GOOD_REQUEST = {
    "occurred_at": "2026-10-15 10:00:00",
    "platform": "openai",
    "provider": "openai",
    "model_served": "gpt-4o",
    "input_tokens": "1000",
    "cached_read_tokens": "0",
    "output_tokens": "0",
    "customer_id": "A",
    "loaded_at": "2026-10-16 00:00:00",
}

# request_id -> its changes, and what comes out
GOOD_REQUESTS: dict[str, tuple[dict[str, str | None], dict[str, Any]]] = {
    "plain": ({}, {"requested_at": "2026-10-15 10:00:00"}),
    "offset": (
        {"occurred_at": "2026-10-16T01:30:00+02:00"},
        {"requested_at": "2026-10-15 23:30:00", "usage_date": "2026-10-15"},
    ),
    "short offset": (
        {"occurred_at": "2026-10-15 20:00:00-05"},
        {"requested_at": "2026-10-16 01:00:00", "usage_date": "2026-10-16"},
    ),
    "zulu": ({"occurred_at": "2026-10-15T23:59:59Z"}, {"requested_at": "2026-10-15 23:59:59"}),
    "no zone is UTC": (
        {"occurred_at": "2026-10-15T23:59:59.999999"},
        {"requested_at": "2026-10-15 23:59:59.999999"},
    ),
    "blanks": (
        {"customer_id": "  ", "output_tokens": "", "cached_read_tokens": " 10 "},
        {"customer_id": None, "output_tokens": None, "input_uncached_tokens": 990},
    ),
    "case": ({"customer_id": " a "}, {"customer_id": "A"}),
    "platform from provider": ({"platform": None}, {"platform": "openai"}),
}


@dataclass(frozen=True)
class Warehouse:
    path: Path

    def rejected(self, source: str) -> set[tuple[Any, ...]]:
        """Raw key, reason and column of the rejected rows of a source."""
        return set(
            query(
                self.path,
                "select raw_key, rejected_reason, nullif(rejected_column, '') "
                f"from intermediate.int_ai_rejected_rows where source_name = '{source}'",
            )
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return query(self.path, sql)


def write_text_table(path: Path, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """A raw table with the columns that its rows name, all VARCHAR."""
    columns = sorted({column for row in rows for column in row})
    with opened(path) as connection:
        connection.execute("create schema if not exists raw")
        typed = ", ".join(f"{column} varchar" for column in columns)
        connection.execute(f"create table raw.{table} ({typed})")
        insert(connection, f"raw.{table}", rows)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("rejected")
    path = folder / "text.duckdb"

    requests: list[dict[str, Any]] = []
    for request_id, (changes, _, _) in BAD_REQUESTS.items():
        requests.append({"request_id": request_id, **GOOD_REQUEST, **changes})
    for name, (changes, _) in GOOD_REQUESTS.items():
        requests.append({"request_id": name, **GOOD_REQUEST, **changes})
    # A copy two days after the first-loaded one.
    requests.append({"request_id": "far", **GOOD_REQUEST})
    requests.append(
        {
            "request_id": "far",
            **GOOD_REQUEST,
            "occurred_at": "2026-10-17 10:00:00",
            "loaded_at": "2026-10-18 00:00:00",
        }
    )
    write_text_table(path, "app_requests", requests)

    bucket = {
        "start_time": "2026-10-15T00:00:00Z",
        "end_time": "2026-10-16T00:00:00Z",
        "model": "gpt-4o",
        "input_tokens": "1000",
        "output_tokens": "0",
        "loaded_at": "2026-10-16 00:00:00",
    }
    write_text_table(
        path,
        "openai_usage_completions",
        [
            {"project_id": "good", **bucket},
            {"project_id": "negative", **bucket, "input_tokens": "-5"},
            {"project_id": "words", **bucket, "output_tokens": "n/a"},
            {"project_id": "time", **bucket, "end_time": "never"},
            {"project_id": "no time", **bucket, "start_time": ""},
        ],
    )
    write_text_table(
        path,
        "anthropic_usage_messages",
        [
            {
                "starting_at": "2026-10-15T00:00:00Z",
                "model": "claude-sonnet-4-5",
                "uncached_input_tokens": "10",
                "workspace_id": workspace,
                "loaded_at": loaded_at,
            }
            for workspace, loaded_at in (("good", "2026-10-16T02:00:00+02:00"), ("bad", "?"))
        ],
    )

    line = {
        "start_time": "2026-10-15T00:00:00Z",
        "end_time": "2026-10-16T00:00:00Z",
        "project_id": "p",
        "amount__value": "2.5e-05",
        "amount__currency": "usd",
        "loaded_at": "2026-10-16 00:00:00",
    }
    write_text_table(
        path,
        "openai_costs",
        [
            {"line_item": "gpt-4o, input", **line},
            {"line_item": "bad amount", **line, "amount__value": "1,50"},
            {"line_item": "no amount", **line, "amount__value": " "},
            {"line_item": "no currency", **line, "amount__currency": None},
            {"line_item": "no time", **line, "start_time": None},
        ],
    )
    report = {
        "starting_at": "2026-10-15T00:00:00Z",
        "ending_at": "2026-10-16T00:00:00Z",
        "currency": "USD",
        "cost_type": "tokens",
        "token_type": "output_tokens",
        "model": "claude-sonnet-4-5",
    }
    write_text_table(
        path,
        "anthropic_cost_report",
        [
            {"description": "good", **report, "amount": "123.4567890123456"},
            {"description": "bad amount", **report, "amount": "free"},
        ],
    )

    write_text_table(
        path,
        "customers",
        [
            {"customer_id": "A", "is_internal": "false"},
            {"customer_id": "", "is_internal": "false"},
            {"customer_id": "B", "is_internal": "perhaps"},
        ],
    )
    revenue = {
        "line_kind": "subscription",
        "amount": "31",
        "currency": "usd",
        "service_period_start": "2026-10-01",
        "service_period_end": "2026-11-01",
        "customer_id": "A",
        "plan_id": "pro",
    }
    write_text_table(
        path,
        "revenue_lines",
        [
            {"line_id": "good", **revenue},
            {"line_id": "bad amount", **revenue, "amount": "thirty"},
            {"line_id": "bad time", **revenue, "service_period_start": "October"},
        ],
    )
    rent = {
        "platform": "own_gpu",
        "amount": "3",
        "currency": "USD",
        "period_start": "2026-10-15",
        "period_end": "2026-10-18",
    }
    write_text_table(
        path,
        "manual_costs",
        [
            {"line_id": "good", **rent},
            {"line_id": "backwards", **rent, "period_end": "2026-10-01"},
            {"line_id": "no amount", **rent, "amount": None},
        ],
    )

    with opened(path) as connection:
        columns = ", ".join(f"{name} {kind}" for name, kind in TABLES["attribution_rules"].items())
        connection.execute(f"create table raw.attribution_rules ({columns})")

    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt("build", "--exclude-resource-types", "unit_test", variables=VARIABLES)
    return Warehouse(path)


@pytest.mark.parametrize("request_id", BAD_REQUESTS, ids=str)
def test_bad_request_is_listed_with_its_reason(
    warehouse: Warehouse, request_id: str | None
) -> None:
    _, reason, column = BAD_REQUESTS[request_id]
    key = f"{request_id or '(none)'}|1"
    rejected = warehouse.rejected("requests:app")
    assert {row for row in rejected if row[0] == key} == {(key, reason, column)}
    where = f"request_id = '{request_id}'" if request_id else "request_id is null"
    assert warehouse.rows(f"select 1 from intermediate.int_ai_requests where {where}") == []


def test_far_copy_is_listed_and_the_first_one_counts(warehouse: Warehouse) -> None:
    assert ("far|1", "conflicting_copy", "request_id") in warehouse.rejected("requests:app")
    assert warehouse.rows(
        "select usage_date::varchar, copies from intermediate.int_ai_requests "
        "where request_id = 'far'"
    ) == [("2026-10-15", 1)]


def test_no_other_request_is_rejected(warehouse: Warehouse) -> None:
    assert len(warehouse.rejected("requests:app")) == len(BAD_REQUESTS) + 1
    assert warehouse.rows("select count(*) from marts.cost_per_request") == [
        (len(GOOD_REQUESTS) + 1,)
    ]


@pytest.mark.parametrize("name", GOOD_REQUESTS)
def test_good_request_goes_through(warehouse: Warehouse, name: str) -> None:
    _, expected = GOOD_REQUESTS[name]
    columns = ", ".join(
        f"{column}::varchar" if column in ("requested_at", "usage_date") else column
        for column in expected
    )
    assert warehouse.rows(
        f"select {columns} from marts.cost_per_request where request_id = '{name}'"
    ) == [tuple(expected.values())]


def test_good_requests_have_their_price(warehouse: Warehouse) -> None:
    # gpt-4o: 2.50 USD per million tokens. A blank output is unknown, and so is what it costs.
    assert warehouse.rows(
        "select request_id, metered_cost_usd from marts.cost_per_request "
        "where request_id in ('plain', 'blanks') order by all"
    ) == [
        ("blanks", None),
        ("plain", D("0.0025")),
    ]


def test_bad_usage_is_listed(warehouse: Warehouse) -> None:
    assert warehouse.rejected("usage:openai") == {
        ("negative||gpt-4o", "negative_quantity", "input_tokens"),
        ("words||gpt-4o", "unparsable_quantity", "output_tokens"),
        ("time||gpt-4o", "unparsable_time", "end_time"),
        ("no time||gpt-4o", "missing_time", None),
    }
    assert warehouse.rejected("usage:anthropic") == {
        ("bad||claude-sonnet-4-5", "unparsable_time", "loaded_at")
    }
    assert warehouse.rows(
        "select platform, project_id, input_uncached_tokens, loaded_at::varchar "
        "from intermediate.int_ai_usage order by all"
    ) == [
        ("anthropic", "good", 10, "2026-10-16 00:00:00"),
        ("openai", "good", 1000, "2026-10-16 00:00:00"),
    ]


def test_bad_bill_lines_are_listed(warehouse: Warehouse) -> None:
    assert warehouse.rejected("billing:openai") == {
        ("p|bad amount", "unparsable_amount", "amount__value"),
        ("p|no amount", "missing_amount", None),
        ("p|no currency", "missing_currency", None),
        ("p|no time", "missing_time", None),
    }
    assert warehouse.rejected("billing:anthropic") == {
        ("default|bad amount", "unparsable_amount", "amount")
    }
    assert warehouse.rows(
        "select platform, amount_usd from intermediate.int_ai_billing order by all"
    ) == [
        ("anthropic", D("1.234567890123456")),
        ("openai", D("0.000025")),
        ("own_gpu", D(3)),
    ]


def test_bad_business_rows_are_listed(warehouse: Warehouse) -> None:
    assert warehouse.rejected("business:customers") == {
        ("", "missing_key", "customer_id"),
        ("B", "unparsable_flag", "is_internal"),
    }
    assert warehouse.rejected("business:revenue_lines") == {
        ("bad amount", "unparsable_amount", "amount"),
        ("bad time", "unparsable_time", "service_period_start"),
    }
    assert warehouse.rejected("business:manual_costs") == {
        ("backwards", "invalid_period", "period_end"),
        ("no amount", "missing_amount", "amount"),
    }
    assert warehouse.rows(
        "select sum(net_revenue_usd) from marts.cost_per_customer "
        "where usage_month = date '2026-10-01'"
    ) == [(D(31),)]


def test_every_raw_row_is_accounted_for(warehouse: Warehouse) -> None:
    assert (
        warehouse.rows(
            "select * from intermediate.int_ai_row_counts "
            "where raw_rows <> accepted_rows + duplicate_rows + rejected_rows"
        )
        == []
    )
    assert sorted(
        warehouse.rows(
            "select source_name, sum(raw_rows)::int, sum(accepted_rows)::int, "
            "sum(rejected_rows)::int from intermediate.int_ai_row_counts group by all"
        )
    ) == [
        ("billing:anthropic", 2, 1, 1),
        ("billing:openai", 5, 1, 4),
        ("billing:own_gpu", 1, 1, 0),
        ("requests:app", 19, 9, 10),
        ("usage:anthropic", 2, 1, 1),
        ("usage:openai", 5, 1, 4),
    ]


@pytest.mark.slow
def test_epoch_seconds_and_dates_are_times(tmp_path: Path) -> None:
    """Typed columns of another kind than expected: Unix seconds, DATE and time with a zone."""
    path = tmp_path / "typed.duckdb"
    with opened(path) as connection:
        connection.execute("set timezone = 'America/New_York'")
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.app_requests as select * from (values "
            "('epoch', 1792054800::bigint), ('nonsense', 99999999999999::bigint)"
            ") as t (request_id, occurred_at), "
            "(values ('openai', 'gpt-4o', 1000::bigint, 0::bigint, date '2026-10-16', "
            "timestamptz '2026-10-15 12:00:00+02')) "
            "as u (platform, model_served, input_tokens, cached_read_tokens, loaded_at, "
            "completed_at)"
        )
    dbt = Dbt(tmp_path / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt(
        *("build", "--select", "+int_ai_requests", "+int_ai_rejected_rows"),
        *("--exclude-resource-types", "unit_test", "test"),
        variables={
            "ai_usage_platforms": [],
            "ai_billing_platforms": [],
            "ai_request_sources": ["app"],
            "ai_business_tables": [],
        },
    )
    assert query(
        path,
        "select request_id, requested_at::varchar, completed_at::varchar, "
        "first_loaded_at::varchar from intermediate.int_ai_requests",
    ) == [("epoch", "2026-10-15 09:00:00", "2026-10-15 10:00:00", "2026-10-16 00:00:00")]
    assert query(
        path, "select raw_key, rejected_reason from intermediate.int_ai_rejected_rows"
    ) == [("nonsense|1", "unparsable_time")]
