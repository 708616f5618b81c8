"""What customers pay: revenue lines with prorations, refunds and credits, and their recognition."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa

from demo import company as co
from demo.company import SEAT_PLANS, Company, Subscription, plan_price
from demo.money import FEMTO, divide
from demo.period import DAY_US, Period, add_months, epoch_us
from demo.tables import TIMESTAMP

CENT = FEMTO // 100


@dataclass
class RevenueLine:
    """One line of an invoice; `amount` and `discount` in femto-units of the currency."""

    line_id: str
    invoice_id: str
    customer: int | None
    subscription_id: str | None
    plan_id: str | None
    kind: str
    amount: int
    currency: str
    start: date | None
    end: date | None
    invoiced: date
    discount: int = 0
    tax: int = 0
    quantity: int = 1
    is_proration: bool = False
    status: str | None = "paid"

    @property
    def counts(self) -> bool:
        """Drafts and voided lines are no revenue."""
        return self.status not in ("draft", "void")


@dataclass
class CreditEntry:
    """A movement of prepaid credits."""

    entry_id: str
    customer: int
    grant_id: str
    kind: str  # grant, draw, expire
    credits: int
    paid: int | None  # femto-units of the currency, on grants
    at: int  # µs since 1970


def _day(us: int) -> date:
    return date(1970, 1, 1) + timedelta(days=us // DAY_US)


def revenue_lines(company: Company, rng: np.random.Generator) -> list[RevenueLine]:
    """All lines, oldest invoice first."""
    lines: list[RevenueLine] = []
    for number in range(1, company.count + 1):
        mine = [s for s in company.subscriptions if s.customer == number]
        mine = [s for s in mine if s.counts() and s.is_primary]
        if mine:
            lines += _customer_lines(company, number, mine, rng)
    lines += _stories(company, lines)
    lines.sort(key=lambda n: (n.invoiced, n.customer or 0, n.line_id))
    return lines


def _periods(company: Company, number: int, since: date) -> list[tuple[date, date]]:
    """Billing periods of a customer from `since` on, those that began by the last day."""
    period = company.period
    first = add_months(period.start, -1)
    result: list[tuple[date, date]] = []
    if company.plan[number - 1] == "scale_annual":
        years = 0
        while (start := add_months(since, 12 * years)) <= period.as_of:
            result.append((start, add_months(since, 12 * years + 12)))
            years += 1
        return result
    if number in company.calendar_billing and since.day != 1:
        result.append((since, add_months(since.replace(day=1), 1)))
        since = result[0][1]
    months = 0
    while (start := add_months(since, months)) <= period.as_of:
        result.append((start, add_months(since, months + 1)))
        months += 1
    return [p for p in result if p[0] >= first]


def _full(subscription: Subscription, start: date, end: date) -> int:
    """The price of a period in femto-units: months × price × seats."""
    price = plan_price(subscription.plan_id, start)
    months = 12 if (end - start).days > 300 else 1
    seats = subscription.seats if subscription.plan_id in SEAT_PLANS else 1
    return price * months * seats * FEMTO


def _customer_lines(
    company: Company, number: int, mine: list[Subscription], rng: np.random.Generator
) -> list[RevenueLine]:
    """Periods in advance, and two proration lines per change of plan inside a period."""
    lines: list[RevenueLine] = []
    currency = company.currency[number - 1]
    discounted = rng.random() < 0.1
    taxed = 20 if currency == "EUR" else int(rng.choice([0, 0, 8]))
    since = _day(mine[0].start)
    paid = [s for s in mine if not s.is_trial]
    if mine[0].is_trial and paid:
        since = _day(paid[0].start)

    def add(
        subscription: Subscription, amount: int, start: date, end: date, proration: bool
    ) -> None:
        if amount == 0:
            return
        invoiced = start
        fresh = (company.period.as_of - invoiced).days < 12
        status = "open" if fresh else "paid"
        if subscription.status == "past_due" and (company.period.as_of - invoiced).days < 70:
            status = "uncollectible"
        discount = divide(amount * 20, 100 * CENT) * CENT if discounted and not proration else 0
        lines.append(
            RevenueLine(
                line_id=f"il_{number:04d}_{len(lines) + 1:03d}",
                invoice_id=f"in_{number:04d}_{start:%Y%m%d}",
                customer=number,
                subscription_id=subscription.subscription_id,
                plan_id=subscription.plan_id,
                kind="subscription",
                amount=amount,
                currency=currency,
                start=start,
                end=end,
                invoiced=invoiced,
                discount=discount,
                tax=divide((amount - discount) * taxed, 100 * CENT) * CENT,
                quantity=subscription.seats,
                is_proration=proration,
                status=status,
            )
        )

    for start, end in _periods(company, number, since):
        days = (end - start).days
        opening = epoch_us(start) + DAY_US - 1
        active = [s for s in paid if s.start <= opening and (s.end is None or s.end > opening)]
        if active:
            amount = _full(active[0], start, end)
            whole = add_months(start, 1) == end or days > 300
            if not whole:  # the first, broken calendar month
                month = (add_months(start.replace(day=1), 1) - start.replace(day=1)).days
                amount = divide(amount * days, month * CENT) * CENT
            add(active[0], amount, start, end, not whole)
        for before, after in pairwise(paid):
            changed = _day(after.start)
            if before.end != after.start or not start < changed < end:
                continue
            rest = (end - changed).days
            old, new = (_full(s, start, end) for s in (before, after))
            add(before, -divide(old * rest, days * CENT) * CENT, changed, end, True)
            add(after, divide(new * rest, days * CENT) * CENT, changed, end, True)
    last = paid[-1] if paid else None
    if last is not None and last.end is not None and number in company.refunded and lines:
        given = _day(last.end)
        back = -(max(line.amount for line in lines) // 2 // CENT * CENT)
        lines.append(
            RevenueLine(
                line_id=f"re_{number:04d}",
                invoice_id=f"in_{number:04d}_refund",
                customer=number,
                subscription_id=None,
                plan_id=None,
                kind="refund",
                amount=back,
                currency=currency,
                start=None,
                end=None,
                invoiced=given,
            )
        )
    return lines


def _stories(company: Company, lines: list[RevenueLine]) -> list[RevenueLine]:
    """Lines that show one rule each."""
    period = company.period
    result: list[RevenueLine] = []
    months = period.months
    middle = months[len(months) // 2]

    def add(
        name: str, customer: int | None, plan: str | None, kind: str, cents: int, **other: object
    ) -> None:
        fields: dict[str, object] = {
            "start": None,
            "end": None,
            "invoiced": middle,
            "currency": "USD",
            **other,
        }
        result.append(
            RevenueLine(
                line_id=name,
                invoice_id=f"in_{name}",
                customer=customer,
                subscription_id=None,
                plan_id=plan,
                kind=kind,
                amount=cents * CENT,
                **fields,  # type: ignore[arg-type]
            )
        )

    # Overage in arrears: the days of the usage, not of the invoice.
    for month in months[:-1]:
        end = add_months(month, 1)
        for customer in (co.ACME, co.GLOBEX):
            cents = 400 + 37 * months.index(month) + customer
            add(
                f"use_{customer:04d}_{month:%Y%m}",
                *(customer, "scale", "usage", cents),
                start=month,
                end=end,
                invoiced=end,
            )
    # Statuses that do not count, one that is unknown and counts.
    add("draft_1", co.ACME, "scale", "subscription", 9900, start=middle, status="draft")
    add("void_1", co.GLOBEX, "scale", "subscription", 9900, start=middle, status="void")
    add("null_status_1", co.INITECH, "pro", "one_off", 1250, status=None)
    # No period: the invoice's day. No plan: the plan in force. No customer: unattributed.
    add("setup_1", co.UMBRELLA, None, "one_off", 4500, invoiced=middle + timedelta(days=9))
    add("setup_2", co.NEVER_SUBSCRIBED, None, "one_off", 700, invoiced=middle + timedelta(days=3))
    add("event_1", None, None, "one_off", 5000, invoiced=middle + timedelta(days=4))
    add("event_2", None, "scale", "one_off", 2500, invoiced=middle + timedelta(days=5))
    # A credit note in its original service period, a correction of another one.
    credited = [n for n in lines if n.customer == co.UMBRELLA and n.amount > 0]
    if credited:
        line = credited[len(credited) // 2]
        assert line.start is not None
        add(
            "cn_1",
            *(co.UMBRELLA, line.plan_id, "credit_note", -725),
            start=line.start,
            end=line.end,
            invoiced=line.start + timedelta(days=20),
        )
    add("adj_1", co.INITECH, "pro", "adjustment", -310, start=middle, end=middle)
    # The merged customer's old invoices stay theirs; the survivor reports them.
    add("usd_eur_1", co.ANNUAL_EUR, None, "one_off", 1999, currency="EUR", invoiced=period.as_of)
    # Prepaid credits: deferred until they are drawn.
    add("credits_1", co.CREDITS, None, "credit_purchase", 6000, invoiced=months[0])
    return result


def credit_ledger(company: Company) -> list[CreditEntry]:
    """A paid grant of 10,000 credits for 60.00 with draws and an expiry, and a promotional one."""
    months = company.period.months
    noon = 43_200_000_000
    first = epoch_us(months[0]) + noon
    paid_grant = (co.CREDITS, "grant_1")
    result = [
        CreditEntry("ce_001", *paid_grant, "grant", 10_000, 60 * FEMTO, first),
        CreditEntry("ce_002", co.CREDITS, "grant_2", "grant", 500, 0, first + DAY_US),
    ]
    left = 10_000
    for number, month in enumerate(months[:-1]):
        credits = min(left, 640 + 15 * number)
        left -= credits
        at = epoch_us(month) + 13 * DAY_US + noon
        name = f"ce_{10 + number:03d}"
        result.append(CreditEntry(name, *paid_grant, "draw", credits, None, at))
    promo = epoch_us(months[0]) + 5 * DAY_US
    result.append(CreditEntry("ce_003", co.CREDITS, "grant_2", "draw", 200, None, promo))
    if len(months) > 2:
        end = epoch_us(months[-1]) + 2 * DAY_US
        result.append(CreditEntry("ce_098", *paid_grant, "expire", left, None, end))
        result.append(CreditEntry("ce_099", co.CREDITS, "grant_2", "expire", 300, None, end))
    return sorted(result, key=lambda e: (e.at, e.entry_id))


def tables(
    company: Company, lines: list[RevenueLine], entries: list[CreditEntry]
) -> dict[str, pa.Table]:
    """The raw tables revenue_lines and credit_ledger."""
    money = pa.decimal128(18, 6)

    def customer(number: int | None) -> str | None:
        return None if number is None else company.customer_id(number)

    def moment(day: date | None) -> datetime | None:
        return None if day is None else datetime.combine(day, datetime.min.time())

    def amount(femtos: int | None) -> Decimal | None:
        return None if femtos is None else Decimal(femtos) / FEMTO

    loads = [
        min(moment(n.invoiced) or datetime.max, moment(company.period.as_of) or datetime.max)
        + timedelta(hours=22)
        for n in lines
    ]
    revenue = pa.table(
        {
            "line_id": [n.line_id for n in lines],
            "invoice_id": [n.invoice_id for n in lines],
            "customer_id": pa.array([customer(n.customer) for n in lines], pa.string()),
            "subscription_id": pa.array([n.subscription_id for n in lines], pa.string()),
            "plan_id": pa.array([n.plan_id for n in lines], pa.string()),
            "line_kind": [n.kind for n in lines],
            "amount": pa.array([amount(n.amount) for n in lines], money),
            "discount_amount": pa.array([amount(n.discount) for n in lines], money),
            "tax_amount": pa.array([amount(n.tax) for n in lines], money),
            "currency": [n.currency for n in lines],
            "service_period_start": pa.array([moment(n.start) for n in lines], TIMESTAMP),
            "service_period_end": pa.array([moment(n.end) for n in lines], TIMESTAMP),
            "invoice_date": pa.array([n.invoiced for n in lines], pa.date32()),
            "quantity": pa.array([Decimal(n.quantity) for n in lines], money),
            "is_proration": [n.is_proration for n in lines],
            "status": pa.array([n.status for n in lines], pa.string()),
            "loaded_at": pa.array(loads, TIMESTAMP),
        }
    )
    ledger = pa.table(
        {
            "entry_id": [e.entry_id for e in entries],
            "customer_id": [customer(e.customer) for e in entries],
            "grant_id": [e.grant_id for e in entries],
            "entry_kind": [e.kind for e in entries],
            "credits": pa.array([Decimal(e.credits) for e in entries], money),
            "paid_amount": pa.array([amount(e.paid) for e in entries], money),
            "currency": ["USD"] * len(entries),
            "occurred_at": pa.array([e.at for e in entries], pa.int64()).cast(TIMESTAMP),
            "loaded_at": pa.array([e.at + DAY_US for e in entries], pa.int64()).cast(TIMESTAMP),
        }
    )
    return {"revenue_lines": revenue, "credit_ledger": ledger}


def spread(amount: int, start: date, end: date) -> list[tuple[date, int]]:
    """Straight line per UTC day by cumulative rounding; the parts sum to `amount` exactly."""
    days = max(1, (end - start).days)
    result, before = [], 0
    for number in range(1, days + 1):
        upto = divide(amount * number, days)
        result.append((start + timedelta(days=number - 1), upto - before))
        before = upto
    return result


def period_of(line: RevenueLine) -> tuple[date, date]:
    """UTC dates [start, end) over which a line is recognised, at least one day."""
    if line.start is None:
        return line.invoiced, line.invoiced + timedelta(days=1)
    end = line.end if line.end is not None else line.start
    return line.start, max(end, line.start + timedelta(days=1))


__all__ = ["CreditEntry", "Period", "RevenueLine", "credit_ledger", "revenue_lines", "tables"]
