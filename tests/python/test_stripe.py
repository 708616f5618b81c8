"""One Stripe account as five loaders land it: the same revenue lines and the same revenue per day.

The account is written once, as objects of the newest API (2025-03-31 and later), and turned into
the tables of each loader. Nothing tells the package which one it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from conftest import Dbt
from golden_company import opened, query

D = Decimal
Row = dict[str, Any]
Tables = dict[str, list[Row]]

OBJECTS = (
    "customers",
    "prices",
    "subscriptions",
    "subscription_items",
    "invoices",
    "invoice_lines",
    "credit_notes",
    "credit_note_lines",
    "refunds",
    "charges",
    "invoice_payments",
    "line_discounts",
    "line_taxes",
    "line_credits",
)
BUSINESS = ["customers", "plans", "subscriptions", "revenue_lines"]
VARIABLES: dict[str, Any] = {
    "ai_usage_platforms": [],
    "ai_billing_platforms": [],
    "ai_request_sources": [],
    "ai_business_tables": BUSINESS,
    "ai_business_sources": dict.fromkeys(BUSINESS, "stripe"),
    "ai_stripe_tables": list(OBJECTS),
    "ai_stripe_customer_key": "tenant_id",
    "ai_plan_prices_relation": "raw.plan_prices",
    "ai_as_of_date": "2026-11-30",
}


def at(day: str) -> int:
    """Unix seconds of a UTC day or point in time."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def invoice(id_: str, currency: str = "usd", status: str = "paid", **values: Any) -> Row:
    return {
        "id": id_,
        "customer": "cus_1",
        "currency": currency,
        "status": status,
        "livemode": True,
        "created": at("2026-11-01"),
        "total": None,
        "total_excluding_tax": None,
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        **values,
    }


def line(
    id_: str,
    invoice_id: str,
    amount: int,
    start: str,
    end: str,
    price: str = "price_pro_m",
    **values: Any,
) -> Row:
    """A line of a subscription; `subscription=None` for a single sale."""
    subscription = values.pop("subscription", "sub_1")
    proration = values.pop("proration", False)
    details = {"subscription": subscription, "proration": proration}
    kind = "subscription_item_details" if subscription and not proration else "invoice_item_details"
    return {
        "id": id_,
        "invoice": invoice_id,
        "amount": amount,
        "subtotal": amount,
        "currency": "usd",
        "quantity": 1,
        "quantity_decimal": "1",
        "livemode": True,
        "period": {"start": at(start), "end": at(end)},
        "parent": {"type": kind, kind: details},
        "pricing": {"price_details": {"price": price, "product": "prod_1"}},
        "discount_amounts": [],
        "taxes": [],
        "pretax_credit_amounts": [],
        **values,
    }


def price(id_: str, amount: int | None, interval: str | None = "month", **values: Any) -> Row:
    recurring = {"interval": interval, "interval_count": 1, "usage_type": "licensed"}
    return {
        "id": id_,
        "product": "prod_1",
        "nickname": id_,
        "currency": "usd",
        "unit_amount": amount,
        "unit_amount_decimal": None if amount is None else str(amount),
        "recurring": recurring if interval else None,
        "created": at("2026-01-01"),
        "livemode": True,
        **values,
    }


def account() -> Tables:
    """The objects of the newest API. il_1 to il_3: an upgrade from Pro to Scale on 16 November."""
    nov, dec = "2026-11-01", "2026-12-01"
    return {
        "customers": [
            {
                "id": "cus_1",
                "name": "Acme",
                "metadata": {"tenant_id": "A"},
                "created": at("2026-01-01"),
                "livemode": True,
            },
        ],
        "prices": [
            price("price_pro_m", 9900),
            price("price_scale_m", 29900),
            price("price_year", 100000, "year"),
            price("price_tiered", None),
            price("price_yen", 5000, None, currency="jpy"),
            price("price_kwd", 12345, currency="kwd"),
        ],
        "subscriptions": [
            {
                "id": "sub_1",
                "customer": "cus_1",
                "status": "active",
                "created": at("2026-10-01"),
                "start_date": at("2026-10-01"),
                "trial_end": at("2026-10-15"),
                "cancel_at_period_end": False,
                "livemode": True,
            },
        ],
        "subscription_items": [
            {
                "id": "si_1",
                "subscription": "sub_1",
                "price": {"id": "price_scale_m"},
                "quantity": 1,
                "created": at("2026-10-01"),
            },
            {
                "id": "si_2",
                "subscription": "sub_1",
                "price": {"id": "price_pro_m"},
                "quantity": 2,
                "created": at("2026-11-05"),
            },
        ],
        "invoices": [
            invoice("in_1", total=9900, total_excluding_tax=9900),
            invoice("in_2", total=10000, total_excluding_tax=10000),
            invoice("in_yen", "jpy", "open", total=5000, total_excluding_tax=5000),
            invoice("in_kwd", "kwd", total=12345, total_excluding_tax=12345),
            invoice("in_tax", "eur", total=11900, total_excluding_tax=10000),
            invoice("in_draft", status="draft"),
            invoice("in_void", status="void"),
            invoice("in_test", livemode=False),
        ],
        "invoice_lines": [
            line("il_1", "in_1", 9900, nov, dec),
            line("il_2", "in_2", -4950, "2026-11-16", dec, proration=True),
            line("il_3", "in_2", 14950, "2026-11-16", dec, "price_scale_m", proration=True),
            line(
                "il_yen", "in_yen", 5000, nov, nov, "price_yen", currency="jpy", subscription=None
            ),
            line("il_kwd", "in_kwd", 12345, nov, dec, "price_kwd", currency="kwd"),
            line(
                "il_tax",
                "in_tax",
                13900,
                nov,
                dec,
                currency="eur",
                discount_amounts=[{"amount": 1500, "discount": "di_1"}],
                taxes=[{"amount": 1900, "tax_behavior": "inclusive"}],
                pretax_credit_amounts=[
                    {"amount": 1500, "type": "discount"},
                    {"amount": 500, "type": "credit_balance_transaction"},
                ],
            ),
            line("il_draft", "in_draft", 777, nov, dec),
            line("il_void", "in_void", 777, nov, dec),
            line("il_test", "in_test", 777, nov, dec, livemode=False),
            line("il_orphan", "in_elsewhere", 777, nov, dec),
        ],
        "credit_notes": [
            {
                "id": id_,
                "invoice": invoice_id,
                "customer": "cus_1",
                "currency": "usd",
                "status": status,
                "subtotal": amount,
                "discount_amount": 0,
                "total": amount,
                "total_excluding_tax": amount,
                "refunds": refunds,
                "created": at("2026-11-20"),
                "livemode": True,
            }
            for id_, invoice_id, status, amount, refunds in (
                ("cn_1", "in_1", "issued", 900, [{"refund": "re_paid_out"}]),
                ("cn_void", "in_1", "void", 100, []),
            )
        ],
        "credit_note_lines": [
            {
                "id": f"cnli_{id_}",
                "credit_note": id_,
                "invoice_line_item": "il_1",
                "amount": amount,
                "discount_amount": 0,
                "discount_amounts": [],
                "taxes": [],
                "pretax_credit_amounts": [],
                "quantity": 1,
                "livemode": True,
            }
            for id_, amount in (("cn_1", 900), ("cn_void", 100))
        ],
        "refunds": [
            {
                "id": id_,
                "charge": charge,
                "payment_intent": None,
                "amount": amount,
                "currency": currency,
                "status": status,
                "created": at("2026-11-21"),
            }
            for id_, charge, amount, currency, status in (
                ("re_paid_out", "ch_1", 900, "usd", "succeeded"),
                ("re_extra", "ch_1", 50, "usd", "succeeded"),
                ("re_tax", "ch_tax", 1190, "eur", "succeeded"),
                ("re_pending", "ch_1", 60, "usd", "pending"),
                ("re_failed", "ch_1", 70, "usd", "failed"),
            )
        ],
        "charges": [
            {
                "id": f"ch_{id_}",
                "payment_intent": f"pi_{id_}",
                "customer": "cus_1",
                "livemode": True,
            }
            for id_ in ("1", "tax")
        ],
        "invoice_payments": [
            {
                "id": f"inpay_{id_}",
                "invoice": f"in_{id_}",
                "payment": {"payment_intent": f"pi_{id_}", "charge": None},
                "livemode": True,
            }
            for id_ in ("1", "tax")
        ],
    }


def legacy(tables: Tables) -> Tables:
    """API versions before 2025-03-31: price on the line, invoice on the charge."""
    for row in tables["invoice_lines"]:
        parent, pricing = row.pop("parent"), row.pop("pricing")
        details = parent[parent["type"]]
        row["subscription"] = details["subscription"]
        row["proration"] = details["proration"]
        row["type"] = "invoiceitem" if parent["type"] == "invoice_item_details" else "subscription"
        row["price"] = {"id": pricing["price_details"]["price"], "product": "prod_1"}
        row["tax_amounts"] = [
            {"amount": tax["amount"], "inclusive": tax["tax_behavior"] == "inclusive"}
            for tax in row.pop("taxes")
        ]
        del row["quantity_decimal"], row["subtotal"]
    for row in tables["invoices"]:
        row["subscription"] = row.pop("parent")["subscription_details"]["subscription"]
    for row in tables["charges"]:
        row["invoice"] = row["id"].replace("ch_", "in_")
    for row in tables["credit_notes"]:
        refunds = row.pop("refunds")
        row["refund"] = refunds[0]["refund"] if refunds else None
    tables["invoice_payments"] = []
    return tables


def airbyte(tables: Tables) -> Tables:
    """Streams: the API's objects with nested values as JSON, an invoice_id and _airbyte columns."""
    for row in tables["invoice_lines"]:
        row["invoice_id"] = row.pop("invoice")
    for rows in tables.values():
        for row in rows:
            row["_airbyte_extracted_at"] = "2026-12-01T00:00:00Z"
    return tables


TIMES = ("created", "start_date", "trial_end", "period_start", "period_end")


def fivetran(tables: Tables) -> Tables:
    """Flat columns with `_`, times converted, ids as <object>_id, no arrays, temporary lines."""
    tables = legacy(tables)
    ids = {
        name: f"{name}_id"
        for name in ("customer", "invoice", "charge", "payment_intent", "subscription", "product")
    }
    ids |= {"refund": "refund_id", "credit_note": "credit_note_id"}
    flat: Tables = {}
    for name, rows in tables.items():
        flat[name] = []
        for row in rows:
            new: Row = {"_fivetran_synced": "2026-12-01 00:00:00"}
            for key, value in row.items():
                if key == "metadata":
                    new[key] = value
                elif isinstance(value, dict):
                    new |= {f"{key}_{part}": inner for part, inner in value.items()}
                elif not isinstance(value, list) and key != "invoice_line_item":
                    new[ids.get(key, key)] = value
            for time in TIMES:
                if new.get(time) is not None:
                    new[time] = datetime.fromtimestamp(new[time], UTC).strftime("%Y-%m-%d %H:%M:%S")
            flat[name].append(new)
    for row in flat["subscriptions"]:
        row["_fivetran_start"], row["_fivetran_end"] = "2026-10-01 00:00:00", "9999-12-31 23:59:59"
        row["_fivetran_active"] = True
    flat["invoice_lines"].append({**flat["invoice_lines"][0], "id": "sub_1|si_1", "amount": 123456})
    flat["line_discounts"] = [{"id": "di_1", "invoice_id": "in_tax", "amount": 1500}]
    return flat


def dlt(tables: Tables) -> Tables:
    """Nested objects as a__b, arrays as child tables with the loader's key of the row above."""
    tables = legacy(tables)
    child = {
        "discount_amounts": "line_discounts",
        "tax_amounts": "line_taxes",
        "pretax_credit_amounts": "line_credits",
    }
    flat: Tables = {name: [] for name in child.values()}
    for name, rows in tables.items():
        flat[name] = []
        for row in rows:
            new: Row = {"_dlt_id": f"key {row['id']}"}
            for key, value in row.items():
                if isinstance(value, list):
                    if name == "invoice_lines":
                        flat[child[key]] += [
                            {
                                **entry,
                                "_dlt_id": f"{row['id']} {n}",
                                "_dlt_parent_id": new["_dlt_id"],
                            }
                            for n, entry in enumerate(value)
                        ]
                elif isinstance(value, dict):
                    new |= {f"{key}__{part}": inner for part, inner in value.items()}
                else:
                    new[key] = value
            if name == "invoice_lines":
                new["_dlt_parent_id"] = f"key {new.pop('invoice')}"
            flat[name].append(new)
    return flat


SHAPES: dict[str, Callable[[Tables], Tables]] = {
    "api": lambda tables: tables,
    "legacy": legacy,
    "fivetran": fivetran,
    "airbyte": airbyte,
    "dlt": dlt,
}


def land(path: Path, tables: Tables) -> None:
    """Write the raw tables; nested values as JSON text, as a loader does."""
    with opened(path) as connection:
        connection.execute("create schema if not exists raw")
        connection.execute(
            "create or replace table raw.plan_prices (price_id varchar, plan_id varchar,"
            " valid_from date, line_kind varchar, is_addon boolean)"
        )
        connection.execute(
            "insert into raw.plan_prices values"
            " ('price_pro_m', 'pro', null, null, null),"
            " ('price_scale_m', 'scale', null, null, null)"
        )
        for name in OBJECTS:
            _land_table(connection, f"raw.stripe_{name}", tables.get(name, []))


def _land_table(connection: duckdb.DuckDBPyConnection, name: str, rows: list[Row]) -> None:
    columns = list(dict.fromkeys(key for row in rows for key in row)) or ["id"]
    types = []
    for column in columns:
        values = [row[column] for row in rows if row.get(column) is not None]
        if values and all(isinstance(value, bool) for value in values):
            types.append("boolean")
        elif values and all(isinstance(value, int) for value in values):
            types.append("bigint")
        else:
            types.append("varchar")
    listed = ", ".join(f'"{c}" {t}' for c, t in zip(columns, types, strict=True))
    connection.execute(f"create or replace table {name} ({listed})")
    if rows:
        connection.executemany(
            f"insert into {name} values ({', '.join('?' * len(columns))})",
            [
                [
                    json.dumps(row[c]) if isinstance(row.get(c), dict | list) else row.get(c)
                    for c in columns
                ]
                for row in rows
            ],
        )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dbt, Path]:
    scratch = tmp_path_factory.mktemp("stripe")
    path = scratch / "stripe.duckdb"
    dbt = Dbt(scratch, env={"AI_DUCKDB_PATH": str(path)})
    land(path, account())
    dbt("seed", variables=VARIABLES)
    return dbt, path


NOV = ("2026-11-01", "2026-12-01")
UPGRADE = ("2026-11-16", "2026-12-01")
NO_PERIOD = (None, None)
# line_id -> invoice, plan, kind, status, currency, amount, discount, tax, from, to, rejected
LINES: dict[str, tuple[Any, ...]] = {
    "il_1": ("in_1", "pro", "subscription", "paid", "USD", "99", None, None, *NOV, None),
    "il_2": ("in_2", "pro", "subscription", "paid", "USD", "-49.5", None, None, *UPGRADE, None),
    "il_3": ("in_2", "scale", "subscription", "paid", "USD", "149.5", None, None, *UPGRADE, None),
    # No minor unit, and three decimals.
    "il_yen": ("in_yen", None, "one_off", "open", "JPY", "5000", None, None, NOV[0], NOV[0], None),
    "il_kwd": (
        *("in_kwd", "price_kwd", "subscription", "paid", "KWD", "12.345", None, None),
        *(*NOV, None),
    ),
    # 139 less 19 of inclusive tax less 5 of credits; the discount is there twice and counts once.
    "il_tax": ("in_tax", "pro", "subscription", "paid", "EUR", "115", "15", "19", *NOV, None),
    "il_draft": ("in_draft", "pro", "subscription", "draft", "USD", "7.77", None, None, *NOV, None),
    "il_void": ("in_void", "pro", "subscription", "void", "USD", "7.77", None, None, *NOV, None),
    "il_orphan": (
        *(None, "pro", "subscription", None, "USD", "7.77", None, None, *NOV),
        "missing_invoice",
    ),
    "cnli_cn_1": ("in_1", "pro", "credit_note", "paid", "USD", "-9", None, None, *NOV, None),
    "cnli_cn_void": ("in_1", "pro", "credit_note", "void", "USD", "-1", None, None, *NOV, None),
    # Named by the credit note, beside it, 11.90 of which 1.90 is tax, not succeeded.
    "re_paid_out": ("in_1", None, "refund", "void", "USD", "-9", None, None, *NO_PERIOD, None),
    "re_extra": (None, None, "refund", "paid", "USD", "-0.5", None, None, *NO_PERIOD, None),
    "re_tax": ("in_tax", None, "refund", "paid", "EUR", "-10", None, None, *NO_PERIOD, None),
    "re_pending": (None, None, "refund", "draft", "USD", "-0.6", None, None, *NO_PERIOD, None),
    "re_failed": (None, None, "refund", "void", "USD", "-0.7", None, None, *NO_PERIOD, None),
}
# Fivetran's flat tables have neither taxes nor credits of a line, nor the line of a credit note.
FIVETRAN_LINES: dict[str, tuple[Any, ...]] = {
    "il_tax": ("in_tax", "pro", "subscription", "paid", "EUR", "139", "15", None, *NOV, None),
    "cnli_cn_1": ("in_1", None, "credit_note", "paid", "USD", "-9", None, None, *NO_PERIOD, None),
    "cnli_cn_void": (
        *("in_1", None, "credit_note", "void", "USD", "-1", None, None),
        *(*NO_PERIOD, None),
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_every_loader_gives_the_same_revenue(warehouse: tuple[Dbt, Path], shape: str) -> None:
    dbt, path = warehouse
    land(path, SHAPES[shape](account()))
    dbt("run", "--select", "+int_ai_revenue__daily", variables=VARIABLES)

    expected = {**LINES, **(FIVETRAN_LINES if shape == "fivetran" else {})}
    lines = query(
        path,
        "select line_id, invoice_id, plan_id, line_kind, status, currency, amount, discount_amount,"
        " tax_amount, service_period_start::varchar, service_period_end::varchar, rejected_reason"
        " from staging.stg_ai_revenue_lines",
    )
    assert {row[0]: row[1:] for row in lines} == {
        line_id: (*row[:5], *(value and D(value) for value in row[5:8]), *row[8:])
        for line_id, row in expected.items()
    }
    assert query(
        path,
        "select distinct customer_id from staging.stg_ai_revenue_lines"
        " where rejected_reason is null",
    ) == [("A",)]

    # The upgrade: 99.00 - 49.50 + 149.50 = 199.00 in November, each part on its own plan.
    november = query(
        path,
        "select plan_id, sum(net_revenue_usd), min(revenue_date)::varchar,"
        " max(revenue_date)::varchar"
        " from intermediate.int_ai_revenue__daily where line_id in ('il_1', 'il_2', 'il_3')"
        " group by 1 order by 1",
    )
    assert november == [
        ("pro", D("49.5"), "2026-11-01", "2026-11-30"),
        ("scale", D("149.5"), "2026-11-16", "2026-11-30"),
    ]
    # Counted once: the refund that the credit note names is not beside it.
    assert query(
        path,
        "select line_kind, sum(net_revenue_billing_currency)"
        " from intermediate.int_ai_revenue__daily"
        " where line_kind in ('refund', 'credit_note') and billing_currency = 'USD'"
        " group by 1 order by 1",
    ) == [("credit_note", D("-9")), ("refund", D("-0.5"))]

    assert query(path, "select customer_id, name from staging.stg_ai_customers") == [("A", "Acme")]
    assert query(
        path, "select plan_id, currency, monthly_price from staging.stg_ai_plans order by 1"
    ) == [
        ("price_kwd", "KWD", D("12.345")),
        ("price_tiered", "USD", None),
        ("price_year", "USD", D("83.333333")),
        ("pro", "USD", D("99")),
        ("scale", "USD", D("299")),
    ]
    assert query(
        path,
        "select subscription_id, plan_id, seats, mrr, is_primary, is_trial,"
        " valid_from::date::varchar, valid_to::date::varchar"
        " from staging.stg_ai_subscriptions order by 1, 7",
    ) == [
        ("sub_1", "scale", 1, D("299"), True, True, "2026-10-01", "2026-10-15"),
        ("sub_1", "scale", 1, D("299"), True, False, "2026-10-15", None),
        ("sub_1/si_2", "pro", 2, D("198"), False, False, "2026-11-05", None),
    ]
