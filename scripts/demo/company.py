"""The company's customers, plans and subscriptions, its features, teams and exchange rates."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from demo.period import DAY_US, Period, add_months, epoch_us
from demo.tables import TIMESTAMP

MIN_CUSTOMERS = 80
# Customers with a story; every other number is an ordinary customer.
COMPANY, QA = 1, 2
ACME, GLOBEX, INITECH = 7, 12, 15
UMBRELLA, UMBRELLA_CHILDREN = 20, (21, 22, 23)
MERGED, SURVIVOR = 30, 31
DELETED = 35
ANNUAL_USD, ANNUAL_EUR = 40, 41
OVERLAP = 45
GAP = 50
NEVER_SUBSCRIBED = 55
TRIAL_TO_PAID, TRIAL_CHURN = 60, 61
CREDITS = 65
PAUSED, INCOMPLETE = 70, 71
STORIES = {
    *(COMPANY, QA, ACME, GLOBEX, INITECH, UMBRELLA, *UMBRELLA_CHILDREN, MERGED, SURVIVOR),
    *(DELETED, ANNUAL_USD, ANNUAL_EUR, OVERLAP, GAP, NEVER_SUBSCRIBED, TRIAL_TO_PAID),
    *(TRIAL_CHURN, CREDITS, PAUSED, INCOMPLETE),
}

MERGE_DATE = date(2026, 6, 15)
DELETE_DATE = date(2026, 5, 20)
STARTER_RISE = date(2026, 6, 1)

PLANS: list[dict[str, Any]] = [
    {"plan_id": "free", "valid_from": date(2024, 1, 1), "name": "Free", "price": 0},
    {"plan_id": "starter", "valid_from": date(2024, 1, 1), "name": "Starter", "price": 5},
    {"plan_id": "starter", "valid_from": STARTER_RISE, "name": "Starter", "price": 6},
    {"plan_id": "pro", "valid_from": date(2024, 1, 1), "name": "Pro", "price": 3},
    {"plan_id": "scale", "valid_from": date(2024, 1, 1), "name": "Scale", "price": 29},
    {"plan_id": "scale_annual", "valid_from": date(2025, 1, 1), "name": "Scale, yearly"},
]
PLANS[-1]["price"] = 25
SEAT_PLANS = {"pro"}
PLAN_IDS = ["free", "starter", "pro", "scale", "scale_annual"]

FEATURES = [
    ("chat_assistant", "Chat assistant", "mira.okafor"),
    ("doc_search", "Document search", "jonas.weber"),
    ("summarizer", "Summaries", "jonas.weber"),
    ("email_drafts", "E-mail drafts", "mira.okafor"),
    ("code_review", "Code review", "li.chen"),
    ("agent_workflows", "Agent workflows", "li.chen"),
    ("data_extraction", "Data extraction", "sara.lund"),
    ("insights_report", "Insights report", "sara.lund"),
]
FEATURE_IDS = [f[0] for f in FEATURES]
TEAMS = [
    ("growth", "Growth", "mira.okafor"),
    ("core_product", "Core product", "li.chen"),
    ("platform", "Platform", "tom.adeyemi"),
    ("data_science", "Data science", "sara.lund"),
    ("customer_success", "Customer success", "eva.novak"),
]
TEAM_IDS = [t[0] for t in TEAMS]
ENVIRONMENTS = ["production", "staging", "development", "evaluation"]


def plan_price(plan_id: str, day: date) -> int:
    """Monthly list price of a plan on a day, in whole units of the customer's currency."""
    rows = [p for p in PLANS if p["plan_id"] == plan_id and p["valid_from"] <= day]
    return int(max(rows, key=lambda p: p["valid_from"])["price"])


@dataclass
class Subscription:
    """One interval of a customer on a plan; `start` and `end` are UTC microseconds, half-open."""

    subscription_id: str
    customer: int
    plan_id: str
    start: int
    end: int | None
    seats: int = 1
    status: str = "active"
    is_primary: bool = True
    is_trial: bool = False
    mrr: int = 0

    def counts(self) -> bool:
        """Is it in force inside its interval, whatever its status is today?"""
        if self.status in ("incomplete", "incomplete_expired", "paused", "unpaid"):
            return False
        return not (self.status == "canceled" and self.end is None)


@dataclass
class Company:
    """Everything about customers that does not depend on their requests."""

    period: Period
    count: int
    created: list[date] = field(default_factory=list)
    deleted: dict[int, date] = field(default_factory=dict)
    currency: list[str] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)
    active_until: list[date] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)
    # Customers who pay a calendar month; the others pay from the day of the month they began on.
    calendar_billing: set[int] = field(default_factory=set)
    refunded: set[int] = field(default_factory=set)

    @staticmethod
    def customer_id(number: int) -> str:
        """The id as the application writes it."""
        return f"C-{number:04d}"

    def survivor(self, number: int) -> int:
        """The customer under which a merged customer reports."""
        return SURVIVOR if number == MERGED else number

    @staticmethod
    def is_internal(number: int) -> bool:
        """Is this customer the company itself?"""
        return number in (COMPANY, QA)

    def parent(self, number: int) -> int | None:
        """The customer that a subsidiary belongs to."""
        return UMBRELLA if number in UMBRELLA_CHILDREN else None


def _at(day: date, hour: int = 0, minute: int = 0) -> int:
    return epoch_us(day) + (hour * 60 + minute) * 60_000_000


def build(period: Period, count: int, rng: np.random.Generator) -> Company:
    """Customers 1..count with their subscriptions; raises ValueError below MIN_CUSTOMERS."""
    if count < MIN_CUSTOMERS:
        raise ValueError(f"--customers must be at least {MIN_CUSTOMERS}, not {count}")
    company = Company(period, count)
    ranks = rng.permutation(count)
    for number in range(1, count + 1):
        roll = float(rng.random())
        old = float(rng.random()) < 0.62
        first, last = (date(2025, 1, 6), period.start) if old else (period.start, period.as_of)
        created = first + timedelta(days=int(rng.integers(0, max(1, (last - first).days - 20))))
        plan = "free" if roll < 0.27 else "starter" if roll < 0.62 else "pro"
        plan = "scale" if roll > 0.9 else plan
        weight = 1.0 / (1 + int(ranks[number - 1])) ** 0.95
        weight *= {"free": 0.25, "starter": 0.7, "pro": 1.3, "scale": 2.2}[plan]
        company.created.append(created)
        company.plan.append(plan)
        company.weight.append(weight)
        company.currency.append("EUR" if rng.random() < 0.13 else "USD")
        company.active_until.append(period.as_of)
        if rng.random() < 0.5:
            company.calendar_billing.add(number)
    _tell_stories(company)
    for number in range(1, count + 1):
        company.subscriptions += _history(company, number, rng)
    for subscription in company.subscriptions:
        if not subscription.is_trial:
            since = date(1970, 1, 1) + timedelta(days=subscription.start // DAY_US)
            subscription.mrr = plan_price(subscription.plan_id, since) * subscription.seats
        if subscription.end is not None and subscription.status == "active":
            subscription.status = "canceled"
    return company


def _tell_stories(company: Company) -> None:
    """Set creation day, plan, currency and weight of the customers with a story."""
    early = date(2025, 3, 3)

    def story(number: int, plan: str, weight: float, created: date = early) -> None:
        company.plan[number - 1] = plan
        company.weight[number - 1] = weight
        company.created[number - 1] = created
        company.currency[number - 1] = "USD"

    story(COMPANY, "internal", 0.12)
    story(QA, "internal", 0.05)
    story(ACME, "scale", 0.9)
    story(GLOBEX, "scale", 0.5)
    story(INITECH, "pro", 0.2)
    story(UMBRELLA, "scale", 0.15)
    for child in UMBRELLA_CHILDREN:
        story(child, "starter", 0.06)
    story(MERGED, "starter", 0.12)
    story(SURVIVOR, "pro", 0.15)
    story(DELETED, "pro", 0.1)
    story(ANNUAL_USD, "scale_annual", 0.3, date(2025, 2, 10))
    story(ANNUAL_EUR, "scale_annual", 0.2, date(2026, 1, 31))
    company.currency[ANNUAL_EUR - 1] = "EUR"
    story(OVERLAP, "starter", 0.12)
    story(GAP, "starter", 0.12)
    story(NEVER_SUBSCRIBED, "none", 0.08)
    story(TRIAL_TO_PAID, "pro", 0.1, date(2026, 2, 17))
    story(TRIAL_CHURN, "starter", 0.06, date(2026, 3, 9))
    story(CREDITS, "starter", 0.2)
    story(PAUSED, "starter", 0.03)
    story(INCOMPLETE, "starter", 0.03)
    company.deleted[DELETED] = DELETE_DATE
    company.active_until[DELETED - 1] = DELETE_DATE - timedelta(days=1)
    company.active_until[MERGED - 1] = MERGE_DATE - timedelta(days=1)
    company.active_until[TRIAL_CHURN - 1] = date(2026, 3, 22)


def _history(company: Company, number: int, rng: np.random.Generator) -> list[Subscription]:
    """The subscriptions of one customer, oldest first."""
    period, created = company.period, company.created[number - 1]
    plan = company.plan[number - 1]
    begin = _at(created, int(rng.integers(7, 20)), int(rng.integers(0, 60)))
    seats = int(rng.integers(2, 8))
    rows: list[Subscription] = []

    def add(plan_id: str, start: int, end: int | None, **other: Any) -> None:
        size = seats if plan_id in SEAT_PLANS else 1
        name = f"sub_{number:04d}_{len(rows) + 1}"
        rows.append(Subscription(name, number, plan_id, start, end, seats=size, **other))

    if plan in ("internal", "none"):
        return rows
    if number == MERGED:
        add(plan, begin, _at(MERGE_DATE))
    elif number == DELETED:
        add(plan, begin, _at(DELETE_DATE, 9, 41))
    elif number == OVERLAP:
        add("starter", begin, None)
        add("pro", _at(date(2026, 4, 7), 13, 5), None, is_primary=False)
    elif number == GAP:
        add("starter", begin, _at(date(2026, 3, 1)))
        add("pro", _at(date(2026, 4, 19), 16, 30), None)
    elif number == TRIAL_TO_PAID:
        trial_end = _at(created + timedelta(days=14), 10, 15)
        add("pro", begin, trial_end, is_trial=True)
        add("pro", trial_end, None)
    elif number == TRIAL_CHURN:
        add("starter", begin, _at(created + timedelta(days=14)), is_trial=True)
    elif number == PAUSED:
        add("starter", begin, None, status="paused")
    elif number == INCOMPLETE:
        add("starter", begin, None, status="incomplete_expired")
    elif number in STORIES:
        add(plan, begin, None)
    else:
        _ordinary(company, number, begin, rng, add)
    last_second = _at(period.as_of) + DAY_US
    return [row for row in rows if row.start < last_second]


def _ordinary(
    company: Company, number: int, begin: int, rng: np.random.Generator, add: Any
) -> None:
    """A customer without a story: steady, trial first, moving up or down, or leaving."""
    period, plan = company.period, company.plan[number - 1]
    first_day = max(company.created[number - 1], period.start)
    room = (period.as_of - first_day).days
    change = first_day + timedelta(days=int(room * (0.25 + 0.5 * rng.random())))
    hour, minute = int(rng.integers(0, 24)), int(rng.integers(1, 60))
    roll = float(rng.random())
    if plan == "free":
        if roll < 0.12 and room > 20:  # converts
            add("free", begin, _at(change, hour, minute))
            add("starter", _at(change, hour, minute), None)
        else:
            add("free", begin, None)
        return
    if roll < 0.12 and room > 20 and company.created[number - 1] >= period.start:
        trial_end = begin + 14 * DAY_US
        add(plan, begin, trial_end, is_trial=True)
        if roll < 0.09:
            add(plan, trial_end, None)
        else:
            company.active_until[number - 1] = company.created[number - 1] + timedelta(days=14)
        return
    if roll < 0.26 and plan in ("starter", "pro") and room > 20:
        better = "pro" if plan == "starter" else "scale"
        add(plan, begin, _at(change, hour, minute))
        add(better, _at(change, hour, minute), None)
    elif roll < 0.32 and plan in ("scale", "pro") and room > 20:
        smaller = "pro" if plan == "scale" else "starter"
        add(plan, begin, _at(change, hour, minute))
        add(smaller, _at(change, hour, minute), None)
    elif roll < 0.42 and room > 20:
        at_midnight = roll < 0.38
        add(plan, begin, _at(change) if at_midnight else _at(change, hour, minute))
        company.active_until[number - 1] = change - timedelta(days=1)
        if not at_midnight:
            company.refunded.add(number)
    else:
        add(plan, begin, None, status="past_due" if roll > 0.97 else "active")


def fx_rates(period: Period, rng: np.random.Generator) -> dict[date, int]:
    """USD per EUR in millionths by day: a slow walk, then the last rate as planning rate."""
    rates: dict[date, int] = {}
    rate = 1_082_500
    day = date(2024, 12, 1)
    while day <= add_months(period.as_of, 14):
        if day <= period.as_of:
            rate += int(rng.integers(-3_900, 3_950))
            rate = min(1_190_000, max(1_010_000, rate))
        rates[day] = rate
        day += timedelta(days=1)
    return rates


def tables(company: Company, rates: dict[date, int]) -> dict[str, pa.Table]:
    """The raw tables customers, plans, subscriptions, features, teams and fx_rates."""
    period = company.period
    loaded = datetime.combine(period.as_of, time(23, 30))
    money = pa.decimal128(18, 6)
    numbers = range(1, company.count + 1)
    words = np.random.default_rng(company.count)
    endings = ["Labs", "GmbH", "Inc", "Systems", "Studio", "AG", "Health", "Retail", "Legal"]
    stems = ["North", "Blue", "Delta", "Orchid", "Granite", "Lumen", "Harbor", "Vertex", "Quill"]
    known = {
        COMPANY: "Our own workspace",
        QA: "Our own tests",
        ACME: "Acme",
        GLOBEX: "Globex",
        INITECH: "Initech",
        UMBRELLA: "Umbrella Group",
    }
    names = [
        known.get(n, f"{words.choice(stems)}{words.choice(stems).lower()} {words.choice(endings)}")
        for n in numbers
    ]
    created = [datetime.combine(company.created[n - 1], time(6, 55)) for n in numbers]
    deleted = [
        datetime.combine(company.deleted[n], time(9, 41)) if n in company.deleted else None
        for n in numbers
    ]
    parents = [company.parent(n) for n in numbers]
    customers = pa.table(
        {
            "customer_id": [company.customer_id(n) for n in numbers],
            "name": names,
            "is_internal": [company.is_internal(n) for n in numbers],
            "parent_customer_id": pa.array(
                [None if p is None else company.customer_id(p) for p in parents], pa.string()
            ),
            "merged_into": pa.array(
                [company.customer_id(SURVIVOR) if n == MERGED else None for n in numbers],
                pa.string(),
            ),
            "created_at": pa.array(created, TIMESTAMP),
            "deleted_at": pa.array(deleted, TIMESTAMP),
        }
    )
    plans = pa.table(
        {
            "plan_id": [p["plan_id"] for p in PLANS],
            "valid_from": pa.array([p["valid_from"] for p in PLANS], pa.date32()),
            "name": [p["name"] for p in PLANS],
            "monthly_price": pa.array([Decimal(p["price"]) for p in PLANS], money),
            "price_per": ["seat" if p["plan_id"] in SEAT_PLANS else "customer" for p in PLANS],
            "currency": ["USD"] * len(PLANS),
            "is_free": [p["plan_id"] == "free" for p in PLANS],
        }
    )
    subs = company.subscriptions
    subscriptions = pa.table(
        {
            "subscription_id": [s.subscription_id for s in subs],
            "customer_id": [company.customer_id(s.customer) for s in subs],
            "plan_id": [s.plan_id for s in subs],
            "status": [s.status for s in subs],
            "is_primary": [s.is_primary for s in subs],
            "is_trial": [s.is_trial for s in subs],
            "seats": pa.array([s.seats for s in subs], pa.int32()),
            "mrr": pa.array([Decimal(s.mrr) for s in subs], money),
            "valid_from": pa.array([s.start for s in subs], pa.int64()).cast(TIMESTAMP),
            "valid_to": pa.array([s.end for s in subs], pa.int64()).cast(TIMESTAMP),
        }
    )
    result = {
        "customers": customers,
        "plans": plans,
        "subscriptions": subscriptions,
        "features": pa.table(
            {
                "feature_id": FEATURE_IDS,
                "name": [f[1] for f in FEATURES],
                "owner": [f[2] for f in FEATURES],
            }
        ),
        "teams": pa.table(
            {
                "team_id": TEAM_IDS,
                "name": [t[1] for t in TEAMS],
                "owner": [t[2] for t in TEAMS],
            }
        ),
        "fx_rates": pa.table(
            {
                "rate_date": pa.array(list(rates), pa.date32()),
                "currency": ["EUR"] * len(rates),
                "usd_per_unit": pa.array(
                    [Decimal(r).scaleb(-6) for r in rates.values()], pa.decimal128(18, 6)
                ),
            }
        ),
    }
    return {name: with_loaded_at(table, loaded) for name, table in result.items()}


def with_loaded_at(table: pa.Table, loaded: datetime) -> pa.Table:
    """The table with one load time for all rows."""
    return table.append_column("loaded_at", pa.array([loaded] * table.num_rows, TIMESTAMP))
