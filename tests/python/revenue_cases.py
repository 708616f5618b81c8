"""Revenue worked by hand: each case is a customer of its own in one small warehouse.

A case holds what was sold and what the months must show by plan, in USD. Amounts are chosen so that
a day is a round number wherever the case is about something else than rounding. "Today" is
2026-11-30; the first month is December 2023, when somebody's request costs 1 USD.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from conftest import Dbt
from golden_company import RawTables

D = Decimal
Row = dict[str, Any]

BUSINESS_TABLES = [
    "customers",
    "plans",
    "subscriptions",
    "revenue_lines",
    "credit_ledger",
    "fx_rates",
]
VARIABLES: dict[str, Any] = {
    "ai_usage_platforms": [],
    "ai_billing_platforms": [],
    "ai_request_sources": ["app"],
    "ai_business_tables": BUSINESS_TABLES,
    "ai_price_overrides_relation": "raw.price_overrides",
    "ai_attribution_rules_relation": "raw.attribution_rules",
    "ai_as_of_date": "2026-11-30",
}
MARTS = ("+margin_by_plan", "+cost_per_customer", "+ai_cogs_summary")
REVENUE = ("+int_ai_revenue__daily",)

PLANS: list[Row] = [
    {"plan_id": "pro", "monthly_price": "99"},
    {"plan_id": "scale", "monthly_price": "299"},
    {"plan_id": "free", "monthly_price": "0", "is_free": True},
    {"plan_id": "seat", "monthly_price": "31", "price_per": "seat"},
    {"plan_id": "euro", "monthly_price": "62", "currency": "EUR"},
]
RATES = [
    ("2026-10-01", "EUR", "1.1"),
    ("2026-10-16", "EUR", "1.2"),
    # Holds on, also in September.
    ("2026-08-20", "GBP", "1.25"),
    ("2026-01-01", "JPY", "0.0065"),
    ("2026-01-01", "KWD", "3.25"),
]


def line(amount: str, start: str | None = None, end: str | None = None, **values: Any) -> Row:
    """A line of an invoice of the plan Pro in USD, paid, for [start, end)."""
    return {
        "plan_id": "pro",
        "line_kind": "subscription",
        "amount": D(amount),
        "currency": "USD",
        "service_period_start": start,
        "service_period_end": end,
        "status": "paid",
        **values,
    }


def on_plan(plan_id: str, valid_from: str, valid_to: str | None = None, **values: Any) -> Row:
    """A subscription."""
    return {
        "plan_id": plan_id,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "status": "active",
        "is_primary": True,
        "is_trial": False,
        "seats": 1,
        **values,
    }


def grant(grant_id: str, credits: int, paid: str | None, at: str) -> Row:
    """Credits given; without a price they are promotional."""
    return {
        "grant_id": grant_id,
        "entry_kind": "grant",
        "credits": D(credits),
        "paid_amount": None if paid is None else D(paid),
        "currency": None if paid is None else "USD",
        "occurred_at": at,
    }


def draw(grant_id: str, credits: int, at: str, entry_kind: str = "draw") -> Row:
    """Credits used, or with `expire` lost."""
    return {
        "grant_id": grant_id,
        "entry_kind": entry_kind,
        "credits": D(credits),
        "occurred_at": at,
    }


@dataclass(frozen=True)
class Case:
    """A customer, what it bought, and its revenue by (month, plan) up to today."""

    customer: str | None
    what: str
    revenue: dict[tuple[str, str], str]
    lines: list[Row] = field(default_factory=list)
    subscriptions: list[Row] = field(default_factory=list)
    credits: list[Row] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)  # times; each costs 1 USD
    customer_row: Row | None = field(default_factory=dict)  # None: not in the customers table
    later: str = "0"  # recognised after today, in the currency of the lines

    @property
    def reported_as(self) -> str:
        """The customer's row in the marts."""
        return self.customer or "__unattributed__"


SEP, OCT, NOV, DEC = "2026-09-01", "2026-10-01", "2026-11-01", "2026-12-01"
PRO_SINCE_JUNE = on_plan("pro", "2026-06-01")


def months_of_2026(plan: str, **amounts: str) -> dict[tuple[str, str], str]:
    """{(month, plan): amount}; months as m01 … m12."""
    return {(f"2026-{month[1:]}", plan): amount for month, amount in amounts.items()}


CASES = [
    Case(
        "formats-d",
        "99.00 for Pro in November, half of it given back on the 16th, 149.50 for Scale: 199.00",
        {("2026-11", "pro"): "49.50", ("2026-11", "scale"): "149.50"},
        [
            line("99.00", NOV, DEC),
            line("-49.50", "2026-11-16", DEC, is_proration=True),
            line("149.50", "2026-11-16", DEC, plan_id="scale", is_proration=True),
        ],
        [on_plan("pro", NOV, "2026-11-16"), on_plan("scale", "2026-11-16")],
        requests=["2026-11-10", "2026-11-20"],
    ),
    Case(
        "annual",
        "1460 over 365 days, 4 a day; December is not in the marts yet",
        months_of_2026(
            "pro",
            **{"m01": "124", "m02": "112", "m03": "124", "m04": "120", "m05": "124", "m06": "120"},
            **{"m07": "124", "m08": "124", "m09": "120", "m10": "124", "m11": "120"},
        ),
        [line("1460", "2026-01-01", "2027-01-01", invoice_date="2026-01-01")],
        [on_plan("pro", "2026-01-01")],
        later="124",
    ),
    Case(
        "annual-mid-month",
        "730 over 365 days from 16 March, 2 a day; 105 days are to come",
        months_of_2026(
            "pro",
            **{"m03": "32", "m04": "60", "m05": "62", "m06": "60", "m07": "62", "m08": "62"},
            **{"m09": "60", "m10": "62", "m11": "60"},
        ),
        [line("730", "2026-03-16", "2027-03-16")],
        later="210",
    ),
    Case(
        "upgrade",
        "Pro at 3 a day; on 11 September 20 days are given back and Scale starts at 10 a day",
        {
            ("2026-09", "pro"): "30",
            ("2026-09", "scale"): "200",
            ("2026-10", "scale"): "310",
        },
        [
            line("90", SEP, OCT),
            line("-60", "2026-09-11", OCT, is_proration=True),
            line("200", "2026-09-11", OCT, plan_id="scale", is_proration=True),
            line("310", OCT, NOV, plan_id="scale"),
        ],
        [on_plan("pro", SEP, "2026-09-11"), on_plan("scale", "2026-09-11", NOV)],
        requests=["2026-09-05", "2026-09-12", "2026-10-02"],
    ),
    Case(
        "downgrade",
        "Scale at 10 a day; on 21 June 10 days are given back and Pro starts at 3 a day",
        {("2026-06", "scale"): "200", ("2026-06", "pro"): "30"},
        [
            line("300", "2026-06-01", "2026-07-01", plan_id="scale"),
            line("-100", "2026-06-21", "2026-07-01", plan_id="scale", is_proration=True),
            line("30", "2026-06-21", "2026-07-01", is_proration=True),
        ],
        [
            on_plan("scale", "2026-06-01", "2026-06-21 12:00"),
            on_plan("pro", "2026-06-21 12:00", "2026-07-01"),
        ],
        requests=["2026-06-21 11:59", "2026-06-21 12:00"],
    ),
    Case(
        "refund-after-close",
        "August is closed: a refund without a period falls on the day it was issued",
        {("2026-08", "pro"): "99", ("2026-10", "pro"): "-99"},
        [
            line("99", "2026-08-01", SEP),
            line("-99", line_kind="refund", invoice_date="2026-10-05"),
        ],
    ),
    Case(
        "refund-of-a-period",
        "a refund that names its period lowers that period, whenever it was issued",
        {("2026-08", "pro"): "68"},
        [
            line("99", "2026-08-01", SEP),
            line("-31", "2026-08-01", SEP, line_kind="refund", invoice_date="2026-10-05"),
        ],
    ),
    Case(
        "note-and-refund",
        "a credit note of 33 and the refund that pays it out: 33 once",
        {("2026-09", "pro"): "66"},
        [
            line("99", SEP, OCT, invoice_id="in-1"),
            line("-33", SEP, OCT, line_kind="credit_note", invoice_id="in-1"),
            line("-33", line_kind="refund", invoice_id="in-1", invoice_date="2026-10-02"),
        ],
    ),
    Case(
        "note-alone",
        "a credit note without a period, on the last day of September",
        {("2026-09", "pro"): "89"},
        [
            line("99", SEP, OCT, invoice_id="in-2"),
            line("-10", line_kind="credit_note", invoice_id="in-2", invoice_date="2026-09-30"),
        ],
    ),
    Case(
        "note-and-more-refunds",
        "a credit note of 10 is paid out, and 20 more are refunded without one: 30, not 40",
        {("2026-09", "pro"): "89", ("2026-10", "pro"): "-20"},
        [
            line("99", SEP, OCT, invoice_id="in-3"),
            line("-10", SEP, OCT, line_kind="credit_note", invoice_id="in-3"),
            line("-10", line_kind="refund", invoice_id="in-3", invoice_date="2026-10-02"),
            line("-20", line_kind="refund", invoice_id="in-3", invoice_date="2026-10-05"),
        ],
    ),
    Case(
        "note-and-larger-refund",
        "one refund of 30 where the credit note says 10: 20 are left for the refund",
        {("2026-09", "pro"): "89", ("2026-10", "pro"): "-20"},
        [
            line("99", SEP, OCT, invoice_id="in-4"),
            line("-10", SEP, OCT, line_kind="credit_note", invoice_id="in-4"),
            line("-30", line_kind="refund", invoice_id="in-4", invoice_date="2026-10-05"),
        ],
    ),
    Case(
        "note-larger-than-refund",
        "a credit note of 30 of which 10 are paid out and 20 stay as balance: 30",
        {("2026-09", "pro"): "69"},
        [
            line("99", SEP, OCT, invoice_id="in-5"),
            line("-30", SEP, OCT, line_kind="credit_note", invoice_id="in-5"),
            line("-10", line_kind="refund", invoice_id="in-5", invoice_date="2026-10-05"),
        ],
    ),
    Case(
        "credits",
        "100 for 1000 credits in July: a quarter used in August, half in September, a quarter lost",
        {("2026-08", "pro"): "25", ("2026-09", "pro"): "50", ("2026-11", "pro"): "25"},
        [line("100", plan_id=None, line_kind="credit_purchase", invoice_date="2026-07-01")],
        [PRO_SINCE_JUNE],
        [
            grant("g-1", 1000, "100", "2026-07-01 08:00"),
            draw("g-1", 250, "2026-08-31 23:59:59"),
            draw("g-1", 500, "2026-09-01 00:00"),
            draw("g-1", 250, "2026-11-01 00:00", "expire"),
        ],
    ),
    Case(
        "credits-in-thirds",
        "100 for 3 credits: the last digit falls where the sum needs it",
        {
            ("2026-08", "__no_plan__"): "33.333333333333333",
            ("2026-09", "__no_plan__"): "33.333333333333334",
            ("2026-10", "__no_plan__"): "33.333333333333333",
        },
        [line("100", plan_id=None, line_kind="credit_purchase", invoice_date="2026-07-01")],
        credits=[
            grant("g-1", 3, "100", "2026-07-01"),
            draw("g-1", 1, "2026-08-05"),
            draw("g-1", 1, "2026-09-05"),
            draw("g-1", 1, "2026-10-05", "expire"),
        ],
    ),
    Case(
        "credits-left",
        "two of five credits used: the others stay deferred",
        {("2026-09", "__no_plan__"): "40"},
        [line("100", plan_id=None, line_kind="credit_purchase", invoice_date=SEP)],
        credits=[grant("g-1", 5, "100", SEP), draw("g-1", 2, "2026-09-09")],
    ),
    Case(
        "credits-promotional",
        "credits that nobody paid for are no revenue, used or expired",
        {},
        subscriptions=[on_plan("free", SEP)],
        credits=[
            grant("g-1", 50, None, SEP),
            draw("g-1", 30, "2026-09-09"),
            draw("g-1", 20, "2026-10-09", "expire"),
        ],
    ),
    Case(
        "euro",
        "1 EUR a day in October: 15 days at 1.1 and 16 at 1.2",
        {("2026-10", "pro"): "35.7"},
        [line("31", OCT, NOV, currency="EUR")],
    ),
    Case(
        "pound",
        "1 GBP a day in September at the rate of 20 August, the latest before",
        {("2026-09", "pro"): "37.5"},
        [line("30", SEP, OCT, currency="gbp")],
    ),
    Case(
        "yen",
        "no minor unit: 3100 JPY are 100 a day, at 0.0065",
        {("2026-10", "pro"): "20.15"},
        [line("3100", OCT, NOV, currency="JPY")],
    ),
    Case(
        "dinar",
        "three digits of minor unit: 12.345 KWD at 3.25",
        {("2026-10", "pro"): "40.12125"},
        [line("12.345", line_kind="one_off", currency="KWD", invoice_date="2026-10-31")],
    ),
    Case(
        "free-to-paid",
        "free until 16 October, then Pro at 3 a day; the free half has its cost and no revenue",
        {("2026-10", "pro"): "48"},
        [line("48", "2026-10-16", NOV)],
        [on_plan("free", "2026-09-01", "2026-10-16"), on_plan("pro", "2026-10-16")],
        requests=["2026-10-05", "2026-10-20", "2026-10-21"],
    ),
    Case(
        "paid-to-free",
        "Pro in September, free from October on",
        {("2026-09", "pro"): "99"},
        [line("99", SEP, OCT), line("0", OCT, NOV, plan_id="free")],
        [on_plan("pro", SEP, OCT), on_plan("free", OCT)],
        requests=["2026-09-30 23:59:59", OCT],
    ),
    Case(
        "trial",
        "a trial for 15 days gives nothing, then Pro at 3 a day",
        {("2026-09", "pro"): "45"},
        [line("45", "2026-09-16", OCT)],
        [on_plan("pro", SEP, "2026-09-16", is_trial=True), on_plan("pro", "2026-09-16", OCT)],
        requests=["2026-09-05", "2026-09-20"],
    ),
    Case(
        "two-primary",
        "two subscriptions: the primary one has the line, however small",
        {("2026-10", "pro"): "31"},
        [line("31", OCT, NOV, plan_id=None)],
        [
            on_plan("pro", SEP, mrr=D(1)),
            on_plan("scale", SEP, mrr=D(500), is_primary=False),
        ],
    ),
    Case(
        "two-mrr",
        "two subscriptions, both primary: the higher mrr has the line",
        {("2026-10", "scale"): "31"},
        [line("31", OCT, NOV, plan_id=None)],
        [on_plan("pro", SEP, mrr=D(99)), on_plan("scale", "2026-08-01", mrr=D(299))],
    ),
    Case(
        "two-latest",
        "two subscriptions of one mrr: the later start has the line, from its start on",
        {("2026-10", "pro"): "9", ("2026-10", "scale"): "22"},
        [line("31", OCT, NOV, plan_id=None)],
        [on_plan("pro", SEP, mrr=D(99)), on_plan("scale", "2026-10-10", mrr=D(99))],
    ),
    Case(
        "leap-year",
        "1464 over the 366 days of 2024, 4 a day: February has 29",
        {
            **{(f"2024-{m:02}", "pro"): "124" for m in (1, 3, 5, 7, 8, 10, 12)},
            **{(f"2024-{m:02}", "pro"): "120" for m in (4, 6, 9, 11)},
            ("2024-02", "pro"): "116",
        },
        [line("1464", "2024-01-01", "2025-01-01")],
    ),
    Case(
        "over-february-29",
        "732 from 15 December 2023 to 15 December 2024, 2 a day",
        {
            ("2023-12", "pro"): "34",
            ("2024-02", "pro"): "58",
            **{(f"2024-{m:02}", "pro"): "62" for m in (1, 3, 5, 7, 8, 10)},
            **{(f"2024-{m:02}", "pro"): "60" for m in (4, 6, 9, 11)},
            ("2024-12", "pro"): "28",
        },
        [line("732", "2023-12-15", "2024-12-15")],
    ),
    Case(
        "february-29-alone",
        "a period of the leap day and nothing else",
        {("2024-02", "pro"): "29"},
        [line("29", "2024-02-29", "2024-03-01")],
    ),
    Case(
        "year-end",
        "62 over 31 days from 17 December 2025: 15 days in the old year, 16 in the new one",
        {("2025-12", "pro"): "30", ("2026-01", "pro"): "32"},
        [line("62", "2025-12-17", "2026-01-17")],
    ),
    Case(
        "last-digit",
        "100 over 31 days from 20 January: 12/31 and 19/31 of it, rounded once",
        {("2026-01", "pro"): "38.709677419354839", ("2026-02", "pro"): "61.290322580645161"},
        [line("100", "2026-01-20", "2026-02-20")],
    ),
    Case(
        "no-length",
        "a period of no length books on its first day, not on the invoice's",
        {("2026-10", "pro"): "50"},
        [line("50", "2026-10-31", "2026-10-31", invoice_date="2026-11-02")],
    ),
    Case(
        "no-end",
        "a period without an end is its first day",
        {("2026-10", "pro"): "50"},
        [line("50", "2026-10-31", None, invoice_date="2026-11-02")],
    ),
    Case(
        "usage-in-arrears",
        "usage of September on the invoice of October is revenue of September",
        {("2026-09", "pro"): "77"},
        [line("77", SEP, OCT, line_kind="usage", invoice_date="2026-10-01")],
    ),
    Case(
        "one-off",
        "a set-up fee on the last day of October",
        {("2026-10", "pro"): "500"},
        [line("500", line_kind="one_off", invoice_date="2026-10-31")],
    ),
    Case(
        "discount",
        "99 less 10 percent",
        {("2026-09", "pro"): "89.1"},
        [line("99", SEP, OCT, discount_amount=D("9.90"))],
    ),
    Case(
        "discount-in-full",
        "all of it discounted: 0, and the row is there",
        {("2026-09", "pro"): "0"},
        [line("99", SEP, OCT, discount_amount=D(99))],
        [on_plan("pro", SEP, OCT)],
    ),
    Case(
        "tax",
        "19.80 of tax on top are nobody's revenue",
        {("2026-09", "pro"): "99"},
        [line("99", SEP, OCT, tax_amount=D("19.80"))],
    ),
    Case(
        "proration",
        "a seat more on 21 September: 10 of 30 days",
        {("2026-09", "seat"): "132"},
        [
            line("99", SEP, OCT, plan_id="seat"),
            line("33", "2026-09-21", OCT, plan_id="seat", is_proration=True),
        ],
        [on_plan("seat", SEP, OCT, seats=3)],
    ),
    Case(
        "draft-and-void",
        "only the paid line counts",
        {("2026-09", "pro"): "99"},
        [
            line("99", SEP, OCT),
            line("500", SEP, OCT, status="draft"),
            line("500", SEP, OCT, status="void"),
        ],
    ),
    Case(
        "uncollectible",
        "earned is earned, also where nobody will pay; so is what is open or says nothing",
        {("2026-09", "pro"): "99", ("2026-10", "pro"): "40"},
        [
            line("99", SEP, OCT, status="uncollectible"),
            line("31", OCT, NOV, status="open"),
            line("9", "2026-10-09", "2026-10-10", status=None),
        ],
    ),
    Case(
        "line-without-plan",
        "the plan at the end of each day: 15 days Pro, the day of the upgrade and 15 more Scale",
        {("2026-10", "pro"): "15", ("2026-10", "scale"): "16"},
        [line("31", OCT, NOV, plan_id=None)],
        [on_plan("pro", SEP, "2026-10-16 12:00"), on_plan("scale", "2026-10-16 12:00")],
    ),
    Case(
        "line-before-plan",
        "no subscription in force until the 11th: no plan, not free",
        {("2026-10", "__no_plan__"): "10", ("2026-10", "pro"): "21"},
        [line("31", OCT, NOV, plan_id=None)],
        [on_plan("pro", "2026-10-11")],
    ),
    Case(
        None,
        "revenue without a customer, once with a plan on its line and once without",
        {("2026-10", "scale"): "200", ("2026-10", "__unattributed__"): "7"},
        [
            line("200", OCT, NOV, plan_id="scale"),
            line("7", OCT, NOV, plan_id=None),
        ],
        customer_row=None,
    ),
    Case(
        "merged",
        "bought under the old id, refunded under the new one: all of it is the survivor's",
        {("2026-09", "pro"): "69", ("2026-10", "pro"): "31"},
        [
            line("99", SEP, OCT, customer_id="merged-old"),
            line("-30", SEP, OCT, line_kind="refund"),
            line("31", OCT, NOV, plan_id=None, customer_id="merged-old"),
        ],
        [on_plan("pro", SEP, customer_id="merged-old")],
        requests=["2026-10-02"],
    ),
    Case(
        "deleted",
        "a deleted customer keeps its revenue and its cost",
        {("2026-09", "pro"): "99"},
        [line("99", SEP, OCT)],
        [on_plan("pro", SEP, "2026-09-15")],
        requests=["2026-09-10"],
        customer_row={"deleted_at": "2026-09-15"},
    ),
    Case(
        "unknown",
        "a customer that the customers table does not have keeps its revenue",
        {("2026-09", "pro"): "99"},
        [line("99", SEP, OCT)],
        customer_row=None,
    ),
    Case(
        "internal",
        "what the company pays itself is on no plan",
        {("2026-10", "__internal__"): "10"},
        [line("10", OCT, NOV)],
        [on_plan("pro", SEP)],
        requests=["2026-10-02"],
        customer_row={"is_internal": True},
    ),
    Case(
        "lost-dispute",
        "a dispute that was lost in November, on the day it was",
        {("2026-09", "pro"): "99", ("2026-11", "pro"): "-99"},
        [line("99", SEP, OCT), line("-99", line_kind="adjustment", invoice_date="2026-11-03")],
    ),
    Case(
        "next-year",
        "sold today for next year: nothing yet",
        {},
        [line("365", "2027-01-01", "2028-01-01", invoice_date="2026-11-30")],
        later="365",
    ),
]


def add_case(raw: RawTables, case: Case, number: int) -> None:
    """The raw rows of a case."""
    customer = case.customer
    if case.customer_row is not None:
        raw.add("customers", customer_id=customer, name=customer, **case.customer_row)
    for position, row in enumerate(case.lines, start=1):
        invoice = row.get("invoice_id", f"in-{position}")
        raw.add(
            "revenue_lines",
            **{
                "customer_id": customer,
                **row,
                "line_id": line_id(number, position),
                "invoice_id": f"{number}-{invoice}",
            },
        )
    for position, row in enumerate(case.subscriptions, start=1):
        raw.add(
            "subscriptions",
            **{"customer_id": customer, "subscription_id": f"s-{number}-{position}", **row},
        )
    for position, row in enumerate(case.credits, start=1):
        raw.add(
            "credit_ledger",
            **{"customer_id": customer, "entry_id": f"e-{number}-{position}", **row},
        )
    for position, at in enumerate(case.requests, start=1):
        raw.request(f"r-{number}-{position}", at, "x", 100_000, customer_id=customer)


def line_id(number: int, position: int) -> str:
    """Id of a line of a case."""
    return f"l-{number}-{position}"


def raw_tables(cases: list[Case]) -> RawTables:
    """The warehouse of some cases: plans, rates, a model at 10 USD per million tokens."""
    raw = RawTables()
    raw.price("x", "10", valid_from="2023-01-01")
    for plan in PLANS:
        raw.add(
            "plans",
            **{
                "valid_from": "2023-01-01",
                "name": plan["plan_id"],
                "price_per": "customer",
                "currency": "USD",
                "is_free": False,
                **plan,
                "monthly_price": D(plan["monthly_price"]),
            },
        )
    for rate_date, currency, rate in RATES:
        raw.add("fx_rates", rate_date=rate_date, currency=currency, usd_per_unit=D(rate))
    raw.add("customers", customer_id="merged-old", merged_into="merged")
    raw.request("r-first", "2023-12-01 12:00", "x", 100_000)
    for number, case in enumerate(cases, start=1):
        add_case(raw, case, number)
    return raw


def build(
    folder: Path,
    raw: RawTables,
    select: tuple[str, ...] = MARTS,
    *,
    tests: bool = True,
    **variables: Any,
) -> tuple[Path, Dbt]:
    """Write the tables, build and test what revenue and margins need."""
    path = folder / "revenue.duckdb"
    raw.write(path)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt(
        *("build", "--select", *select, "--indirect-selection", "cautious"),
        *("--exclude-resource-types", "unit_test", *([] if tests else ["test"])),
        variables=VARIABLES | variables,
    )
    return path, dbt
