"""The small company whose every number is known: four customers, two models, two days, one month.

Platform openai, one account and one project, October 2026 closed. Model `x` costs 10 USD per
million tokens and is billed at 9, model `y` costs 20 and is billed at 20. There is one class of
tokens (uncached input). Pro is 99 a month, Scale 299. Customer A is on Pro and moves to Scale on
October 16 at noon, B is on Pro, F on the free plan, I is the company itself.

| day | model | logged | reported | billed |
|---|---|---|---|---|
| Oct 15 | x | A 10M, B 5M, F 2M, I 1M | 20M | 180 |
| Oct 16 | x | A 4M before noon, 6M after | 10M | 90 |
| Oct 16 | y | F 1M, I 1M | 2M | 40 |
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

# As in profiles.example.yml.
DUCKDB_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "storage_compatibility_version": "v1.0.0"
}

# A table name and its columns with their types, as a loader would write them.
TABLES: dict[str, dict[str, str]] = {
    "customers": {
        "customer_id": "varchar",
        "name": "varchar",
        "parent_customer_id": "varchar",
        "merged_into": "varchar",
        "is_internal": "boolean",
        "deleted_at": "timestamp",
        "loaded_at": "timestamp",
    },
    "plans": {
        "plan_id": "varchar",
        "valid_from": "date",
        "name": "varchar",
        "monthly_price": "decimal(18, 6)",
        "price_per": "varchar",
        "currency": "varchar",
        "is_free": "boolean",
    },
    "subscriptions": {
        "subscription_id": "varchar",
        "customer_id": "varchar",
        "plan_id": "varchar",
        "status": "varchar",
        "is_primary": "boolean",
        "is_trial": "boolean",
        "seats": "bigint",
        "mrr": "decimal(18, 6)",
        "valid_from": "timestamp",
        "valid_to": "timestamp",
    },
    "revenue_lines": {
        "line_id": "varchar",
        "invoice_id": "varchar",
        "customer_id": "varchar",
        "subscription_id": "varchar",
        "plan_id": "varchar",
        "line_kind": "varchar",
        "amount": "decimal(18, 6)",
        "discount_amount": "decimal(18, 6)",
        "tax_amount": "decimal(18, 6)",
        "currency": "varchar",
        "service_period_start": "date",
        "service_period_end": "date",
        "invoice_date": "date",
        "quantity": "bigint",
        "is_proration": "boolean",
        "status": "varchar",
    },
    "credit_ledger": {
        "entry_id": "varchar",
        "customer_id": "varchar",
        "grant_id": "varchar",
        "entry_kind": "varchar",
        "credits": "decimal(38, 9)",
        "paid_amount": "decimal(18, 6)",
        "currency": "varchar",
        "occurred_at": "timestamp",
    },
    "fx_rates": {
        "rate_date": "date",
        "currency": "varchar",
        "usd_per_unit": "decimal(18, 12)",
    },
    "app_requests": {
        "request_id": "varchar",
        "attempt": "bigint",
        "occurred_at": "timestamp",
        "platform": "varchar",
        "provider": "varchar",
        "model_served": "varchar",
        "trace_id": "varchar",
        "run_id": "varchar",
        "user_id": "varchar",
        "api_key_id": "varchar",
        "service_tier": "varchar",
        "customer_id": "varchar",
        "feature": "varchar",
        "team": "varchar",
        "status": "varchar",
        "outcome": "varchar",
        "input_tokens": "bigint",
        "cached_read_tokens": "bigint",
        "output_tokens": "bigint",
        "loaded_at": "timestamp",
    },
    "openai_usage_completions": {
        "start_time": "bigint",
        "end_time": "bigint",
        "project_id": "varchar",
        "api_key_id": "varchar",
        "model": "varchar",
        "input_tokens": "bigint",
        "input_cached_tokens": "bigint",
        "output_tokens": "bigint",
        "num_model_requests": "bigint",
        "loaded_at": "timestamp",
    },
    "openai_costs": {
        "start_time": "bigint",
        "end_time": "bigint",
        "project_id": "varchar",
        "line_item": "varchar",
        "amount__value": "varchar",
        "amount__currency": "varchar",
        "quantity": "decimal(38, 9)",
        "quantity_unit": "varchar",
        "loaded_at": "timestamp",
    },
    "manual_costs": {
        "line_id": "varchar",
        "platform": "varchar",
        "cost_kind": "varchar",
        "period_start": "timestamp",
        "period_end": "timestamp",
        "amount": "decimal(18, 6)",
        "currency": "varchar",
        "team": "varchar",
    },
    # The user's own tables in place of the package's seeds.
    "commitments": {
        "commitment_id": "varchar",
        "platform": "varchar",
        "billing_account_id": "varchar",
        "kind": "varchar",
        "model": "varchar",
        "service_tier": "varchar",
        "fee_amount": "decimal(18, 6)",
        "fee_per": "varchar",
        "currency": "varchar",
        "valid_from": "timestamp",
        "valid_to": "timestamp",
        "capacity_tokens_per_hour": "bigint",
        "output_token_weight": "decimal(9, 3)",
        "cached_token_weight": "decimal(9, 3)",
        "bill_line_match": "varchar",
        "project_id": "varchar",
        "customer": "varchar",
        "feature": "varchar",
        "team": "varchar",
        "environment": "varchar",
        "note": "varchar",
    },
    "price_overrides": {
        "platform": "varchar",
        "billing_account_id": "varchar",
        "model": "varchar",
        "price_class": "varchar",
        "service_tier": "varchar",
        "processing": "varchar",
        "price_usd": "decimal(18, 9)",
        "multiplier": "decimal(18, 9)",
        "unit": "varchar",
        "valid_from": "date",
        "valid_to": "date",
        "note": "varchar",
    },
    "budgets": {
        "budget_id": "varchar",
        "team_id": "varchar",
        "platform": "varchar",
        "valid_from": "date",
        "valid_to": "date",
        "amount_usd": "decimal(18, 6)",
        "owner": "varchar",
        "note": "varchar",
    },
    "attribution_rules": {
        "dimension": "varchar",
        "evidence": "varchar",
        "platform": "varchar",
        "match_type": "varchar",
        "match_value": "varchar",
        "target_id": "varchar",
        "valid_from": "date",
        "valid_to": "date",
        "priority": "bigint",
        "note": "varchar",
    },
}

VARIABLES: dict[str, Any] = {
    "ai_usage_platforms": ["openai"],
    "ai_billing_platforms": ["openai"],
    "ai_request_sources": ["app"],
    "ai_business_tables": ["customers", "plans", "subscriptions", "revenue_lines"],
    "ai_price_overrides_relation": "raw.price_overrides",
    "ai_attribution_rules_relation": "raw.attribution_rules",
    "ai_budgets_relation": "raw.budgets",
    "ai_as_of_date": "2026-11-01",
}

# Of the eventful company: it also has costs that no provider bills.
EVENTFUL_VARIABLES: dict[str, Any] = VARIABLES | {
    "ai_billing_platforms": ["openai", "manual"],
    "ai_business_tables": [*VARIABLES["ai_business_tables"], "manual_costs"],
    "ai_min_requests_for_percentile": 2,
    "ai_commitments_relation": "raw.commitments",
}

LOADED_AT = "2026-11-01 00:00:00"
OCTOBER_15 = "2026-10-15"
OCTOBER_16 = "2026-10-16"
OCTOBER_17 = "2026-10-17"


@dataclass
class RawTables:
    """Rows to write, by table; a row is {column: value}, and what it leaves out is NULL.

    `more_columns` adds columns to tables of TABLES, or tables of their own.
    """

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    more_columns: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, table: str, **values: Any) -> None:
        """One more row of `table`."""
        self.rows.setdefault(table, []).append(values)

    def request(
        self, request_id: str | None, at: str | None, model: str, tokens: int | None, **values: Any
    ) -> None:
        """An attempt of `tokens` uncached input tokens in the application's log."""
        row = {
            "request_id": request_id,
            "occurred_at": at,
            "platform": "openai",
            "provider": "openai",
            "model_served": model,
            "input_tokens": tokens,
            "cached_read_tokens": 0,
            "output_tokens": None if tokens is None else 0,
            "loaded_at": LOADED_AT,
        }
        self.add("app_requests", **row | values)

    def usage(self, day: str, model: str, tokens: int, **values: Any) -> None:
        """A day's bucket of OpenAI's usage report."""
        row = {
            **day_bounds(day),
            "project_id": "p",
            "api_key_id": "k",
            "model": model,
            "input_tokens": tokens,
            "input_cached_tokens": 0,
            "output_tokens": 0,
            "loaded_at": LOADED_AT,
        }
        self.add("openai_usage_completions", **row | values)

    def bill(self, day: str, line_item: str | None, amount: str, **values: Any) -> None:
        """A line of OpenAI's costs, in dollars."""
        row = {
            **day_bounds(day),
            "project_id": "p",
            "line_item": line_item,
            "amount__value": amount,
            "amount__currency": "usd",
            "loaded_at": LOADED_AT,
        }
        self.add("openai_costs", **row | values)

    def plan(self, plan_id: str, name: str, price: str) -> None:
        """A plan with a monthly price per customer; `free` is the free one."""
        self.add(
            "plans",
            plan_id=plan_id,
            valid_from="2026-01-01",
            name=name,
            monthly_price=Decimal(price),
            price_per="customer",
            currency="USD",
            is_free=plan_id == "free",
        )

    def price(self, model: str, price_usd: str, **values: Any) -> None:
        """A fixed price per million uncached input tokens."""
        row = {
            "platform": "openai",
            "model": model,
            "price_class": "input_uncached",
            "price_usd": Decimal(price_usd),
            "unit": "1000000 tokens",
            "valid_from": "2026-01-01",
        }
        self.add("price_overrides", **row | values)

    def commitment(self, commitment_id: str, **values: Any) -> None:
        """Capacity on openai that is paid by the hour."""
        row = {
            "commitment_id": commitment_id,
            "platform": "openai",
            "kind": "provisioned_throughput",
            "fee_per": "hour",
        }
        self.add("commitments", **row | values)

    def write(self, path: Path, schema: str = "raw") -> None:
        """Create every table of TABLES in the DuckDB file `path`, with the rows."""
        tables = {
            table: TABLES.get(table, {}) | self.more_columns.get(table, {})
            for table in [*TABLES, *(table for table in self.more_columns if table not in TABLES)]
        }
        with opened(path) as connection:
            connection.execute(f"create schema if not exists {schema}")
            for table, columns in tables.items():
                typed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
                connection.execute(f"create or replace table {schema}.{table} ({typed})")
                insert(connection, f"{schema}.{table}", self.rows.get(table, []))


def day_bounds(day: str) -> dict[str, int]:
    """OpenAI's bucket of a UTC day: Unix seconds, end exclusive."""
    start = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
    return {"start_time": start, "end_time": start + 86_400}


def insert(
    connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[dict[str, Any]]
) -> None:
    """Insert rows that each name their columns."""
    for row in rows:
        marks = ", ".join("?" for _ in row)
        connection.execute(
            f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values())
        )


@contextmanager
def opened(path: Path, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the DuckDB file that is closed again, so that dbt can open it."""
    connection = duckdb.connect(str(path), read_only=read_only, config=DUCKDB_CONFIG)
    try:
        yield connection
    finally:
        connection.close()


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query; numerics come as Decimal."""
    with opened(path, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def records(path: Path, sql: str) -> list[dict[str, Any]]:
    """All rows of a query by the names of its columns."""
    with opened(path, read_only=True) as connection:
        found = connection.execute(sql)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


# How a warehouse became what it is, not what it is: another way there is another history.
HISTORY_TABLES = {
    "restatement_log",
    "int_ai_request_days",
    "int_ai_request_evidence",
    "int_ai_evidence",
    "int_ai_evidence_owners",
    "int_ai_priced_days",
    "int_ai_owner_days",
    "int_ai_costed_days",
    "int_ai_costed_months",
    "int_ai_scenario_months",
    "int_ai_focus_days",
    "int_ai_month_inputs",
}
HISTORY_COLUMNS = {"stored_by", "day_fingerprint", "content_fingerprint"}


def table_contents(
    path: Path, schemas: Sequence[str] = ("marts",)
) -> dict[str, list[tuple[Any, ...]]]:
    """{schema.table: its rows as sorted text} of every table and view in the schemas.

    Without HISTORY_TABLES and HISTORY_COLUMNS.
    """
    found: dict[str, list[tuple[Any, ...]]] = {}
    with opened(path, read_only=True) as connection:
        marks = ", ".join("?" for _ in schemas)
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables "
            f"where table_schema in ({marks}) order by all",
            list(schemas),
        ).fetchall()
        for schema, name in tables:
            if name in HISTORY_TABLES:
                continue
            kept = f"columns(lambda c: c not in {tuple(sorted(HISTORY_COLUMNS))})"
            rows = connection.execute(
                f"select cast({kept} as varchar) from {schema}.{name} order by all"
            ).fetchall()
            found[f"{schema}.{name}"] = rows
    return found


def golden_company(with_usage_report: bool = True) -> RawTables:
    """The company's raw tables; without the usage report nothing tells volume from rate."""
    raw = RawTables()
    for customer in "ABFI":
        raw.add(
            "customers",
            customer_id=customer,
            name=customer,
            is_internal=customer == "I",
            loaded_at=LOADED_AT,
        )

    for plan_id, name, price in (
        ("pro", "Pro", "99"),
        ("scale", "Scale", "299"),
        ("free", "Free", "0"),
    ):
        raw.plan(plan_id, name, price)
    change = "2026-10-16 12:00:00"
    for subscription_id, customer, plan_id, mrr, valid_from, valid_to in (
        ("s1", "A", "pro", "99", "2026-09-01", change),
        ("s2", "A", "scale", "299", change, None),
        ("s3", "B", "pro", "99", "2026-09-01", None),
        ("s4", "F", "free", "0", "2026-09-01", None),
    ):
        raw.add(
            "subscriptions",
            subscription_id=subscription_id,
            customer_id=customer,
            plan_id=plan_id,
            status="active",
            is_primary=True,
            is_trial=False,
            seats=1,
            mrr=Decimal(mrr),
            valid_from=valid_from,
            valid_to=valid_to,
        )
    for line_id, customer, subscription_id, plan_id, amount, start in (
        ("l1", "A", "s1", "pro", "99.00", "2026-10-01"),
        ("l2", "A", "s1", "pro", "-49.50", "2026-10-16"),
        ("l3", "A", "s2", "scale", "149.50", "2026-10-16"),
        ("l4", "B", "s3", "pro", "99.00", "2026-10-01"),
    ):
        raw.add(
            "revenue_lines",
            line_id=line_id,
            invoice_id=f"i-{line_id}",
            customer_id=customer,
            subscription_id=subscription_id,
            plan_id=plan_id,
            line_kind="subscription",
            amount=Decimal(amount),
            discount_amount=Decimal(0),
            tax_amount=Decimal(0),
            currency="USD",
            service_period_start=start,
            service_period_end="2026-11-01",
            invoice_date=start,
            quantity=1,
            is_proration=line_id in ("l2", "l3"),
            status="paid",
        )

    raw.price("x", "10")
    raw.price("y", "20")

    for number, (at, model, customer, millions) in enumerate(
        (
            (f"{OCTOBER_15} 10:00", "x", "A", 10),
            (f"{OCTOBER_15} 10:00", "x", "B", 5),
            (f"{OCTOBER_15} 10:00", "x", "F", 2),
            (f"{OCTOBER_15} 10:00", "x", "I", 1),
            (f"{OCTOBER_16} 11:59:59.999999", "x", "A", 4),
            (f"{OCTOBER_16} 12:00", "x", "A", 6),
            (f"{OCTOBER_16} 10:00", "y", "F", 1),
            (f"{OCTOBER_16} 10:00", "y", "I", 1),
        ),
        start=1,
    ):
        raw.request(f"r{number}", at, model, millions * 1_000_000, customer_id=customer)

    if with_usage_report:
        raw.usage(OCTOBER_15, "x", 20_000_000)
        raw.usage(OCTOBER_16, "x", 10_000_000)
        raw.usage(OCTOBER_16, "y", 2_000_000)

    raw.bill(OCTOBER_15, "x, input", "180")
    raw.bill(OCTOBER_16, "x, input", "90")
    raw.bill(OCTOBER_16, "y, input", "40")
    return raw


def eventful_company() -> RawTables:
    """The golden company after a hard day: every kind of row that the ledger and the log can have.

    October 17 has usage and no bill, capacity paid by the hour, a long-context request, a retry, a
    trace, the end of a run that began on October 15, a request without an owner, models without a
    price and requests without a count of the input; October 16 has a credit, tax, storage, a
    top-up, an adjustment and lines that differ for several reasons; a machine is rented from
    October 15 to 18; copies of requests cross midnight, come twice, or lie too far apart; some rows
    cannot be used.
    """
    raw = golden_company()
    late = "2026-11-01 06:00:00"

    # Delivered twice; without usage first; across midnight; too far apart.
    for loaded_at in (LOADED_AT, late):
        raw.request(
            "copy-1",
            f"{OCTOBER_16} 09:00",
            "x",
            100_000,
            customer_id="B",
            feature="chat",
            run_id="agent",
            loaded_at=loaded_at,
        )
    for tokens, loaded_at in ((None, LOADED_AT), (200_000, late)):
        raw.request(
            "copy-2", f"{OCTOBER_16} 09:30", "x", tokens, customer_id="B", loaded_at=loaded_at
        )
    for at, loaded_at in ((f"{OCTOBER_15} 23:59:59", LOADED_AT), (f"{OCTOBER_16} 00:00:01", late)):
        raw.request(
            "copy-3", at, "x", 300_000, customer_id="B", run_id="agent", loaded_at=loaded_at
        )
    for at, loaded_at in (("2026-10-10 12:00", LOADED_AT), (f"{OCTOBER_16} 12:00", late)):
        raw.request("copy-4", at, "x", 1_000, customer_id="B", loaded_at=loaded_at)

    # Cannot be used: a negative count, no time, no key.
    raw.request("bad-1", f"{OCTOBER_16} 12:00", "x", -1)
    raw.request("bad-2", None, "x", 1)
    raw.request(None, f"{OCTOBER_16} 12:00", "x", 1)

    # A day without a bill.
    raw.usage(OCTOBER_17, "x", 3_000_000)
    raw.usage(OCTOBER_17, "x", 2_500_000, loaded_at="2026-10-20 00:00:00")  # replaced
    raw.usage(OCTOBER_17, "x", 1_000_001, api_key_id="k3")
    for attempt, status, tokens in ((1, "timeout", 400_000), (2, "ok", 500_000)):
        raw.request(
            "retry",
            f"{OCTOBER_17} 08:0{attempt}",
            "x",
            tokens,
            attempt=attempt,
            status=status,
            customer_id="A",
            feature="chat",
        )
    at = f"{OCTOBER_17} 09:00"
    raw.request("trace-1", at, "x", 1_000, customer_id="a ", trace_id="t")
    raw.request("trace-2", at, "x", 2_000, trace_id="t")
    raw.request("nobody", at, "x", 3_000, feature="search", team="core")
    raw.request("typo", at, "x", 4_000, customer_id="nobody we know")
    raw.request("long", at, "gpt-5.6-sol", 272_001, customer_id="A")
    raw.request("short", at, "gpt-5.6-sol", 272_000, customer_id="A")
    raw.request("mystery", at, "mystery-9", 5_000, customer_id="A")
    raw.request("no output price", at, "x", 5_000, output_tokens=100, customer_id="A")
    # Not counted, but for what was not there; and but for the output.
    raw.request("no input", at, "gpt-5.6-sol", None, customer_id="A")
    raw.request("only output", at, "gpt-5.6-sol", None, output_tokens=50, customer_id="A")
    raw.request(
        "other platform",
        at,
        "claude-sonnet-4-5",
        6_000,
        platform="anthropic",
        provider="anthropic",
        customer_id="A",
        api_key_id="k",
        run_id="agent",
        outcome="success",
    )
    # Capacity for a day, and its line on the bill: three requests use 3/4 of an hour of it.
    raw.commitment(
        "block",
        model="x",
        fee_amount=Decimal("0.7"),
        fee_per="term",
        valid_from=f"{OCTOBER_17} 00:00",
        valid_to="2026-10-18 00:00",
        capacity_tokens_per_hour=4_000,
        bill_line_match="reserved units",
    )
    for customer in "ABF":
        raw.request(f"block {customer}", at, "x", 1_000, service_tier="scale", customer_id=customer)
    raw.bill(OCTOBER_17, "reserved units", "0.7")
    # A key that the usage report does not name, with an owner by rule.
    raw.request("key", at, "x", 7_000, api_key_id="k2")
    for target, valid_from, valid_to in (("B", None, OCTOBER_17), ("F", OCTOBER_17, None)):
        raw.add(
            "attribution_rules",
            dimension="customer",
            evidence="api_key_map",
            match_type="equals",
            match_value="k2",
            target_id=target,
            valid_from=valid_from,
            valid_to=valid_to,
        )

    # Other lines of the bill. A model that only the bill prices: 5 USD for a million tokens.
    raw.request("billed only", f"{OCTOBER_16} 15:00", "z", 900_000, customer_id="B")
    raw.usage(OCTOBER_16, "z", 1_000_000)
    raw.bill(OCTOBER_16, "z, input", "5", quantity=Decimal(1_000_000), quantity_unit="tokens")
    raw.bill(OCTOBER_16, "file search storage", "1.25")
    raw.bill(OCTOBER_16, "tax", "2.5")
    raw.bill(OCTOBER_16, "credit grant", "-3")
    raw.bill(OCTOBER_16, "prepaid credits", "50")
    raw.bill(OCTOBER_16, "adjustment", "-0.75")

    # A line with two causes (streams without a count, calls that nobody logged), one that is free,
    # and a request of which nobody knows the project, of two.
    for model in ("v", "w"):
        raw.price(model, "10")
        raw.usage(OCTOBER_16, model, 10_000_000, num_model_requests=10)
        for number in range(8):
            lost = model == "w" and number > 5
            raw.request(
                f"{model}-{number}",
                f"{OCTOBER_16} 16:00",
                model,
                None if lost else 1_000_000,
                cached_read_tokens=None if lost else 0,
                status="cancelled" if lost else "ok",
                customer_id="B",
            )
    raw.bill(OCTOBER_16, "v, input", "0")
    raw.bill(OCTOBER_16, "w, input", "100")
    raw.price("u", "10")
    raw.request("of p or q", f"{OCTOBER_16} 17:00", "u", 5_000_001, customer_id="A")
    for project, tokens, amount in (("p", 1_000_000, "9"), ("q", 6_000_000, "59.99")):
        raw.usage(OCTOBER_16, "u", tokens, project_id=project, api_key_id=f"k-{project}")
        raw.bill(OCTOBER_16, "u, input", amount, project_id=project)

    raw.add(
        "manual_costs",
        line_id="gpu",
        platform="own_gpu",
        cost_kind="self_hosted_gpu",
        period_start=f"{OCTOBER_15} 00:00",
        period_end="2026-10-18 00:00",
        amount=Decimal("10"),
        currency="USD",
        team="core",
    )
    return raw
