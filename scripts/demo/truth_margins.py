"""Truth of the monthly marts: features, customers, plans, revenue and the company."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import numpy as np
import pyarrow as pa

from demo import billing, ledger, revenue, traffic
from demo import company as co
from demo.figures import (
    SHARED,
    UNATTRIBUTED,
    completeness,
    is_waste,
    label_codes,
    percentile,
    quotient,
    ratio,
    rounded,
    schema,
    sums_by,
)
from demo.money import I64, divide, group_sums
from demo.owners import COGS, FREE_TIER, METHODS, NOBODY, PNL_CLASSES, ids_of
from demo.period import DAY_US
from demo.revenue import CreditEntry
from demo.tables import rows_table
from demo.traffic import PLATFORMS
from demo.world import OTHER, World

MIN_FOR_PERCENTILE = 20
HEALTH = ((Fraction(3, 10), "healthy"), (Fraction(1, 2), "watch"), (Fraction(1), "at_risk"))
NO_PLAN, INTERNAL_PLAN = "__no_plan__", "__internal__"


def cost_per_feature(world: World) -> pa.Table:
    """Month × feature with sentinels."""
    facts, calls = world.facts, world.log.calls
    names = [*co.FEATURE_IDS, UNATTRIBUTED, SHARED]
    width = len(names)
    month = world.month_of_day[facts.day]
    code = month * width + label_codes(co.FEATURE_IDS, facts.owners.ids["feature"], facts.kind)
    served = (facts.pnl == COGS) | (facts.pnl == FREE_TIER)
    totals = sums_by(code, facts.effective)
    production = sums_by(code[served], facts.effective[served])
    rows = len(calls)
    mine = code[:rows]
    good = (calls.status == traffic.OK).astype(np.int64)
    waste = is_waste(calls.logical, calls.attempt, good)
    wasted = sums_by(mine[waste], facts.effective[:rows][waste])
    attempts = np.bincount(mine, minlength=len(world.months) * width)
    pairs = np.unique(np.column_stack([mine, calls.logical]), axis=0)
    requests = np.bincount(pairs[:, 0], minlength=len(world.months) * width)
    live = np.flatnonzero(served[:rows])
    customers = facts.owners.ids["customer"][:rows]
    named = live[customers[live] >= 0]
    active = np.unique(np.column_stack([mine[named], customers[named]]), axis=0)
    actives = np.bincount(active[:, 0], minlength=len(world.months) * width)
    costs: dict[int, list[int]] = defaultdict(list)
    priced = live[facts.known[:rows][live] == 1]
    keys, index = np.unique(
        np.column_stack([mine[priced], calls.logical[priced]]), axis=0, return_inverse=True
    )
    by_request = group_sums(index.reshape(-1), facts.effective[:rows][priced], len(keys))
    for (where, _), cost in zip(keys, by_request, strict=True):
        costs[int(where)].append(cost)
    complete = completeness(world)
    month_totals = sums_by(month, facts.effective)
    result = []
    for where in sorted(totals):
        number, position = divmod(where, width)
        whole, before = totals[where], totals.get(where - width)
        mine_costs = costs.get(where, [])
        enough = len(mine_costs) >= MIN_FOR_PERCENTILE
        produced = production.get(where, 0)
        change = None
        if complete[number] and before is not None and before > 0:
            change = ratio(whole - before, before)
        result.append(
            {
                "usage_month": world.months[number],
                "feature_id": names[position],
                "requests": int(requests[where]),
                "attempts": int(attempts[where]),
                "active_customers": int(actives[where]),
                "total_cost_usd": whole,
                "production_cost_usd": produced,
                "cost_per_request_usd": quotient(sum(mine_costs), len(mine_costs)),
                "p50_request_cost_usd": percentile(mine_costs, Fraction(1, 2)) if enough else None,
                "p95_request_cost_usd": percentile(mine_costs, Fraction(19, 20))
                if enough
                else None,
                "cost_per_active_customer_usd": quotient(produced, int(actives[where])),
                "share_of_cost_ratio": ratio(whole, month_totals[number]),
                "mom_change_ratio": change,
                "waste_cost_usd": wasted.get(where, 0),
                "is_period_complete": complete[number],
                "is_exact": not ledger.is_rounded_month(world.months[number]),
            }
        )
    return rows_table(
        result,
        schema(
            "usage_month:date feature_id:text requests:int attempts:int active_customers:int "
            "total_cost_usd:usd production_cost_usd:usd cost_per_request_usd:usd "
            "p50_request_cost_usd:usd p95_request_cost_usd:usd cost_per_active_customer_usd:usd "
            "share_of_cost_ratio:ratio mom_change_ratio:ratio waste_cost_usd:usd "
            "is_period_complete:bool is_exact:bool"
        ),
    )


@dataclass
class RevenueDay:
    """Recognised revenue of a customer on a plan and day, femto-dollars; NOBODY for unknown."""

    customer: int
    plan: int
    day: date
    amount: int


def recognised(world: World) -> list[RevenueDay]:
    """Every day of the horizon, into the future where a period reaches there."""
    sums: dict[tuple[int, int, date], int] = defaultdict(int)
    pending: list[tuple[int, date, int]] = []
    for line in world.lines:
        if not line.counts or line.kind == "credit_purchase":
            continue
        number = NOBODY if line.customer is None else world.company.survivor(line.customer) - 1
        for day, amount in revenue.spread(line.amount - line.discount, *revenue.period_of(line)):
            dollars = amount
            if line.currency != "USD":
                dollars = divide(amount * world.rates[day], 10**6)
            if line.plan_id is not None:
                sums[number, co.PLAN_IDS.index(line.plan_id), day] += dollars
            else:
                pending.append((number, day, dollars))
    for at, amount in _credit_revenue(world.credits):
        pending.append((co.CREDITS - 1, billing.day_of(at), amount))
    if pending:
        who = np.array([p[0] for p in pending], dtype=np.int64)
        evening = np.array([(p[1] - date(1970, 1, 1)).days + 1 for p in pending]) * DAY_US - 1
        plans = world.clock.plan_of(world.clock.at(who, evening.astype(np.int64)))
        for (number, day, dollars), plan in zip(pending, plans, strict=True):
            sums[number, int(plan), day] += dollars
    return [RevenueDay(*key, amount) for key, amount in sorted(sums.items()) if amount]


def _credit_revenue(entries: list[CreditEntry]) -> list[tuple[int, int]]:
    """(instant, femto-dollars) of draws and expiries at cost basis."""
    grants = {e.grant_id: e for e in entries if e.kind == "grant"}
    used: dict[str, int] = defaultdict(int)
    result = []
    for entry in entries:
        if entry.kind == "grant":
            continue
        grant = grants[entry.grant_id]
        paid = grant.paid or 0
        before = divide(paid * used[entry.grant_id], grant.credits)
        used[entry.grant_id] += entry.credits
        result.append((entry.at, divide(paid * used[entry.grant_id], grant.credits) - before))
    return result


def revenue_daily(world: World, days: list[RevenueDay]) -> pa.Table:
    """Customer × plan × day."""
    ids = ids_of("customer", world.company)
    rows = [
        {
            "customer_id": ids[d.customer] if d.customer >= 0 else None,
            "plan_id": co.PLAN_IDS[d.plan] if d.plan >= 0 else None,
            "revenue_date": d.day,
            "net_revenue_usd": d.amount,
        }
        for d in days
    ]
    return rows_table(
        rows, schema("customer_id:text plan_id:text revenue_date:date net_revenue_usd:usd")
    )


def _in_months(world: World, days: list[RevenueDay]) -> list[tuple[int, RevenueDay]]:
    """The days inside the reported months, up to as-of, with their month."""
    first, last = world.period.start, world.period.as_of
    return [
        (int(world.month_of_day[world.period.index(d.day)]), d)
        for d in days
        if first <= d.day <= last
    ]


def _customer_days(world: World) -> I64:
    """Subscription number by [customer code, day] in force at the end of the UTC day."""
    count, days = world.company.count, world.period.days
    customer = np.repeat(np.arange(count), days)
    evening = world.period.us(0) + (np.tile(np.arange(days), count) + 1) * DAY_US - 1
    found = world.clock.at(customer.astype(np.int64), evening.astype(np.int64))
    result = found.reshape(count, days)
    merged = np.array([world.company.survivor(n + 1) != n + 1 for n in range(count)])
    result[merged] = NOBODY
    return result


@dataclass
class CustomerMonth:
    """What the customer and plan marts share."""

    cost: int = 0
    serve: int = 0
    direct: int = 0
    revenue: int = 0
    subscription: int = NOBODY


def customer_months(world: World, days: list[RevenueDay]) -> dict[tuple[int, int], CustomerMonth]:
    """By (month, customer code); codes past the customers are the sentinels."""
    facts, count = world.facts, world.company.count
    names = ids_of("customer", world.company)
    label = label_codes(names, facts.owners.ids["customer"], facts.kind)
    month = world.month_of_day[facts.day]
    code = month * (count + 2) + label
    served = (facts.pnl == COGS) | (facts.pnl == FREE_TIER)
    direct = facts.owners.methods["customer"] <= METHODS.index("trace_inherited")
    result: dict[tuple[int, int], CustomerMonth] = defaultdict(CustomerMonth)
    for where, value in sums_by(code, facts.effective).items():
        result[divmod(where, count + 2)].cost = value
    for where, value in sums_by(code[served], facts.effective[served]).items():
        result[divmod(where, count + 2)].serve = value
    for where, value in sums_by(code[direct], facts.effective[direct]).items():
        result[divmod(where, count + 2)].direct = value
    for number, day in _in_months(world, days):
        customer = day.customer if day.customer >= 0 else count
        result[number, customer].revenue += day.amount
    table = _customer_days(world)
    for day_index in range(world.period.days):
        number = int(world.month_of_day[day_index])
        for customer in np.flatnonzero(table[:, day_index] >= 0).tolist():
            result[number, customer].subscription = int(table[customer, day_index])
    return result


def cost_per_customer(world: World, months: dict[tuple[int, int], CustomerMonth]) -> pa.Table:
    """Month × customer with sentinels."""
    facts, calls, count = world.facts, world.log.calls, world.company.count
    rows = len(calls)
    names = [*ids_of("customer", world.company), UNATTRIBUTED, SHARED]
    month = world.month_of_day[facts.day]
    label = label_codes(names[:count], facts.owners.ids["customer"], facts.kind)
    code = month * (count + 2) + label
    size = len(world.months) * (count + 2)
    pairs = np.unique(np.column_stack([code[:rows], calls.logical]), axis=0)
    requests = np.bincount(pairs[:, 0], minlength=size)
    with_user = np.flatnonzero(world.log.user_codes >= 0)
    users = np.unique(np.column_stack([code[with_user], world.log.user_codes[with_user]]), axis=0)
    active = np.bincount(users[:, 0], minlength=size)
    top = _top_features(world, code)
    complete = completeness(world)
    ranks = _ranks(months, count, names)
    result = []
    for number, customer in sorted(months, key=lambda k: (k[0], names[k[1]])):
        entry, where = months[number, customer], number * (count + 2) + customer
        real = customer < count
        internal = real and world.company.is_internal(customer + 1)
        plan_type, plan_id = _plan_words(world, entry.subscription, internal, real)
        margin = entry.revenue - entry.serve if real and not internal else None
        health = _health(entry) if real and not internal and complete[number] else None
        result.append(
            {
                "usage_month": world.months[number],
                "customer_id": names[customer],
                "plan_id": plan_id,
                "plan_type": plan_type,
                "is_internal": internal,
                "requests": int(requests[where]),
                "active_users": int(active[where]),
                "direct_cost_usd": entry.cost,
                "allocated_shared_cost_usd": 0,
                "fully_loaded_cost_usd": entry.cost,
                "cost_to_serve_usd": entry.serve,
                "net_revenue_usd": entry.revenue,
                "margin_after_ai_usd": margin,
                "margin_after_ai_ratio": None if margin is None else ratio(margin, entry.revenue),
                "ai_cost_ratio": ratio(entry.cost, entry.revenue) if real else None,
                "health": health,
                "cost_rank": ranks.get((number, customer)),
                "top_feature_id": top.get(where) if real else None,
                "direct_coverage_ratio": ratio(entry.direct, entry.cost),
                "is_period_complete": complete[number],
                "is_exact": not ledger.is_rounded_month(world.months[number]),
            }
        )
    return rows_table(
        result,
        schema(
            "usage_month:date customer_id:text plan_id:text plan_type:text is_internal:bool "
            "requests:int active_users:int direct_cost_usd:usd allocated_shared_cost_usd:usd "
            "fully_loaded_cost_usd:usd cost_to_serve_usd:usd net_revenue_usd:usd "
            "margin_after_ai_usd:usd margin_after_ai_ratio:ratio ai_cost_ratio:ratio health:text "
            "cost_rank:int top_feature_id:text direct_coverage_ratio:ratio "
            "is_period_complete:bool is_exact:bool"
        ),
    )


def _plan_words(
    world: World, subscription: int, internal: bool, real: bool
) -> tuple[str | None, str | None]:
    """(plan_type, plan_id) of the last plan of a customer's month."""
    if not real:
        return None, None
    if internal:
        return "internal", None
    if subscription < 0:
        return "none", None
    row = world.clock.subscriptions[subscription]
    kind = "trial" if row.is_trial else "free" if row.plan_id == "free" else "paid"
    return kind, row.plan_id


def _health(entry: CustomerMonth) -> str:
    if entry.revenue <= 0:
        return "no_revenue"
    share = Fraction(entry.cost, entry.revenue)
    return next((word for bound, word in HEALTH if share <= bound), "underwater")


def _ranks(
    months: dict[tuple[int, int], CustomerMonth], count: int, names: list[str]
) -> dict[tuple[int, int], int]:
    """Rank of each customer of a month by fully loaded cost, ties by id."""
    result = {}
    for number in {k[0] for k in months}:
        mine = [k for k in months if k[0] == number and k[1] < count]
        mine.sort(key=lambda k: (-months[k].cost, names[k[1]]))
        result.update({key: rank for rank, key in enumerate(mine, start=1)})
    return result


def _top_features(world: World, code: I64) -> dict[int, str]:
    """The feature that cost most, by code of month and customer; ties by feature_id."""
    facts = world.facts
    feature = facts.owners.ids["feature"]
    rows = np.flatnonzero(feature >= 0)
    many = len(co.FEATURE_IDS)
    best: dict[int, tuple[int, str]] = {}
    for where, cost in sums_by(code[rows] * many + feature[rows], facts.effective[rows]).items():
        if cost <= 0:
            continue
        owner, number = divmod(where, many)
        rival = (-cost, co.FEATURE_IDS[number])
        best[owner] = min(best.get(owner, rival), rival)
    return {owner: name for owner, (_, name) in best.items()}


def margin_by_plan(
    world: World, days: list[RevenueDay], months: dict[tuple[int, int], CustomerMonth]
) -> pa.Table:
    """Month × plan with sentinels."""
    facts, calls, company = world.facts, world.log.calls, world.company
    rows = len(calls)
    names = [*co.PLAN_IDS, NO_PLAN, UNATTRIBUTED, SHARED, INTERNAL_PLAN]
    none, unknown, shared, inside = range(len(co.PLAN_IDS), len(names))
    width = len(names)
    customer = facts.owners.ids["customer"]
    internal = np.array([company.is_internal(n + 1) for n in range(company.count)])
    plan = world.clock.plan_of(facts.subscription)
    label = np.where(plan >= 0, plan, none)
    label = np.where(customer < 0, np.where(facts.kind == OTHER, shared, unknown), label)
    label = np.where((customer >= 0) & internal[customer], inside, label)
    code = world.month_of_day[facts.day] * width + label
    cogs, free = facts.pnl == COGS, facts.pnl == FREE_TIER
    served = cogs | free
    totals = sums_by(code, facts.effective)
    cogs_sums = sums_by(code[cogs], facts.effective[cogs])
    free_sums = sums_by(code[free], facts.effective[free])
    revenues: dict[int, int] = defaultdict(int)
    for number, day in _in_months(world, days):
        where = day.plan if day.plan >= 0 else none if day.customer >= 0 else unknown
        revenues[number * width + where] += day.amount
    live = np.flatnonzero(served[:rows])
    pairs = np.unique(np.column_stack([code[:rows][live], calls.logical[live]]), axis=0)
    requests = np.bincount(pairs[:, 0], minlength=len(world.months) * width)

    members: dict[int, dict[int, int]] = defaultdict(dict)  # code → customer → cost to serve
    owned = np.flatnonzero((customer >= 0) & (facts.known == 1))
    everyone = sums_by(
        code[owned] * company.count + customer[owned],
        np.where(served[owned], facts.effective[owned], 0),
    )
    for where, cost in everyone.items():
        place, number = divmod(where, company.count)
        members[place][number] = cost
    day_counts: dict[int, int] = defaultdict(int)
    table = _customer_days(world)
    for day_index in range(world.period.days):
        month = int(world.month_of_day[day_index])
        plans = world.clock.plan_of(table[:, day_index])
        for subscriber in np.flatnonzero(plans >= 0).tolist():
            where = month * width + int(plans[subscriber])
            members[where].setdefault(subscriber, 0)
            day_counts[where] += 1
    underwater: dict[int, int] = defaultdict(int)
    for (number, who), entry in months.items():
        if who >= company.count or entry.revenue <= 0 or entry.revenue >= entry.serve:
            continue
        last = int(world.clock.plan_of(np.array([entry.subscription]))[0])
        underwater[number * width + (last if last >= 0 else none)] += 1
    complete = completeness(world)
    days_of = np.bincount(world.month_of_day)
    result = []
    for where in sorted({*totals, *revenues, *members}):
        number, position = divmod(where, width)
        is_plan = position <= none
        cost, sales = cogs_sums.get(where, 0), revenues.get(where, 0)
        gift = free_sums.get(where, 0)
        serve, margin = cost + gift, sales - cost - gift
        counted = day_counts.get(where, 0)
        months_of = Fraction(counted, int(days_of[number]))
        costs = list(members[where].values())
        asked = int(requests[where])
        breakeven = None
        if counted and serve > 0 and sales > 0 and asked and position < none:
            breakeven = rounded(Fraction(sales * asked) / (serve * months_of))
        result.append(
            {
                "usage_month": world.months[number],
                "plan_id": names[position],
                "customers": len(costs) if is_plan or position == inside else None,
                "customer_months": rounded(months_of) if position < none else None,
                "net_revenue_usd": sales,
                "total_cost_usd": totals.get(where, 0),
                "ai_cogs_usd": cost,
                "free_tier_cost_usd": gift,
                "margin_after_ai_usd": margin if is_plan else None,
                "margin_after_ai_ratio": ratio(margin, sales) if is_plan else None,
                "ai_cogs_ratio": ratio(cost, sales) if is_plan else None,
                "cost_per_customer_month_usd": _per(serve, months_of) if position < none else None,
                "revenue_per_customer_month_usd": _per(sales, months_of)
                if position < none
                else None,
                "p50_customer_cost_usd": percentile(costs, Fraction(1, 2)) if is_plan else None,
                "p95_customer_cost_usd": percentile(costs, Fraction(19, 20)) if is_plan else None,
                "underwater_customers": underwater.get(where, 0) if is_plan else None,
                "breakeven_requests_per_customer": breakeven,
                "is_period_complete": complete[number],
                "is_exact": not ledger.is_rounded_month(world.months[number]),
            }
        )
    return rows_table(
        result,
        schema(
            "usage_month:date plan_id:text customers:int customer_months:ratio "
            "net_revenue_usd:usd total_cost_usd:usd ai_cogs_usd:usd free_tier_cost_usd:usd "
            "margin_after_ai_usd:usd margin_after_ai_ratio:ratio ai_cogs_ratio:ratio "
            "cost_per_customer_month_usd:usd revenue_per_customer_month_usd:usd "
            "p50_customer_cost_usd:usd p95_customer_cost_usd:usd underwater_customers:int "
            "breakeven_requests_per_customer:ratio is_period_complete:bool is_exact:bool"
        ),
    )


def _per(amount: int, months: Fraction) -> int | None:
    """Femto-dollars per customer-month, 12 digits."""
    if months == 0:
        return None
    return quotient(amount * months.denominator, months.numerator)


def ai_cogs_summary(world: World, days: list[RevenueDay]) -> pa.Table:
    """One row per month for the whole company."""
    facts, period = world.facts, world.period
    month = world.month_of_day[facts.day]
    last_billed = period.days - 1 - billing.UNBILLED_DAYS  # what costs anything is billed by then
    totals = sums_by(month, facts.effective)
    classes = [
        sums_by(month[facts.pnl == n], facts.effective[facts.pnl == n])
        for n in range(len(PNL_CLASSES))
    ]
    open_days = (facts.day > last_billed) & (facts.platform_code < len(PLATFORMS))
    estimated = sums_by(month[open_days], facts.effective[open_days])
    cash: dict[int, int] = defaultdict(int)
    other: dict[str, dict[int, int]] = {k: defaultdict(int) for k in ("credit", "tax")}
    for line in world.bill:
        number = int(world.month_of_day[line.day])
        cash[number] += line.amount
        if line.kind in other:
            other[line.kind][number] += line.amount
    hosting: dict[int, int] = defaultdict(int)
    for cost in world.manual:
        number = int(world.month_of_day[period.index(cost.start)])
        (hosting if cost.cost_kind == "other_cogs" else cash)[number] += cost.amount
    sales: dict[int, int] = defaultdict(int)
    for number, day in _in_months(world, days):
        sales[number] += day.amount
    complete = completeness(world)
    table = []
    for number, first in enumerate(world.months):
        cogs, free, rnd, internal = (c.get(number, 0) for c in classes)
        revenue_usd = sales[number]
        margin = revenue_usd - cogs
        spare = hosting.get(number)
        table.append(
            {
                "usage_month": first,
                "net_revenue_usd": revenue_usd,
                "total_cost_usd": totals.get(number, 0),
                "ai_cogs_usd": cogs,
                "free_tier_cost_usd": free,
                "rnd_cost_usd": rnd,
                "internal_opex_cost_usd": internal,
                "estimated_cost_usd": estimated.get(number, 0),
                "cash_cost_usd": cash[number],
                "credit_usd": other["credit"][number],
                "tax_usd": other["tax"][number],
                "purchase_usd": 0,
                "other_cogs_usd": spare,
                "margin_after_ai_usd": margin,
                "margin_after_ai_and_free_tier_usd": margin - free,
                "gross_margin_usd": None if spare is None else margin - free - spare,
                "ai_cogs_ratio": ratio(cogs, revenue_usd),
                "is_period_complete": complete[number],
                "is_exact": not ledger.is_rounded_month(first),
            }
        )
    return rows_table(
        table,
        schema(
            "usage_month:date net_revenue_usd:usd total_cost_usd:usd ai_cogs_usd:usd "
            "free_tier_cost_usd:usd rnd_cost_usd:usd internal_opex_cost_usd:usd "
            "estimated_cost_usd:usd cash_cost_usd:usd credit_usd:usd tax_usd:usd purchase_usd:usd "
            "other_cogs_usd:usd margin_after_ai_usd:usd margin_after_ai_and_free_tier_usd:usd "
            "gross_margin_usd:usd ai_cogs_ratio:ratio is_period_complete:bool is_exact:bool"
        ),
    )
