"""Plans, Customers and What if: what is left, of whom, and at other prices."""

from __future__ import annotations

from decimal import Decimal

import altair as alt
import streamlit as st

from unit_economics import charts, figures, queries
from unit_economics.charts import GREEN, RED
from unit_economics.marts import Marts, Table
from unit_economics.pages.shared import PAGES, start
from unit_economics.parts import (
    COUNT,
    MONEY,
    MONTH,
    PERCENT,
    TEXT,
    Month,
    ask,
    choice,
    choices,
    delta,
    metric,
    nothing,
    plain,
    show,
    table,
)

SPREAD = {
    "p50_customer_cost_usd": "median customer (p50)",
    "p95_customer_cost_usd": "p95",
    "p99_customer_cost_usd": "p99",
}
CAUSES = {
    "usage": "Uses far more than others on its plan",
    "price": "Pays too little even for average use",
    "refund": "Refunds or credit notes of the month",
}


def plans() -> None:
    """The pricing manager's page."""
    marts, month = start("Plans", "What margin is left on each plan, and how wide is its spread?")
    show(_plans, marts, month)


def _plans(marts: Marts, month: Month) -> None:
    rows = ask(marts, queries.plans, month.first)
    real = [
        r for r in rows if r["plan_id"] not in ("__unattributed__", "__shared__", "__internal__")
    ]
    if not real:
        nothing("plans with customers or cost")
        return
    if any(row["coverage_status"] == "insufficient" for row in rows):
        st.warning(
            "Too little of the cost has a customer: what plans cost is understated.",
            icon=":material/warning:",
        )
    named = [row | {"plan": figures.label(row["plan_id"])} for row in real]
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Margin after AI by plan")
        known = [row for row in named if row["margin_after_ai_usd"] is not None]
        st.altair_chart(
            charts.bars(known, "plan", "margin_after_ai_usd", "USD in the month", GREEN),
            alt="Bars: margin after AI by plan in USD.",
        )
    with right:
        st.subheader("What a customer costs, inside each plan")
        spread = [row for row in named if row["p50_customer_cost_usd"]]
        if spread:
            st.altair_chart(
                charts.spread(spread, "plan", SPREAD, "AI cost to serve, USD per customer"),
                alt="Points: median, p95 and p99 of the cost of a customer by plan.",
            )
        else:
            nothing("customers with cost")
    table(
        rows,
        {
            "plan_id": ("Plan", TEXT),
            "customers": ("Customers", COUNT),
            "underwater_customers": ("Under water", COUNT),
            "net_revenue_usd": ("Net revenue, USD", MONEY),
            "ai_cogs_usd": ("AI COGS, USD", MONEY),
            "free_tier_cost_usd": ("Free tier, USD", MONEY),
            "margin_after_ai_usd": ("Margin after AI, USD", MONEY),
            "margin_after_ai_ratio": ("Margin", PERCENT),
            "revenue_per_customer_month_usd": ("Revenue per customer-month, USD", MONEY),
            "cost_per_customer_month_usd": ("Cost per customer-month, USD", MONEY),
            "breakeven_requests_per_customer": ("Break-even requests per customer", COUNT),
        },
        "margin_by_plan",
        note="Margins of what no customer causes are not known, and empty.",
    )
    st.subheader("Margin by plan over time, share of revenue")
    trend = [
        {
            "month": month.label(row["usage_month"]),
            "plan": figures.label(row["plan_id"]),
            "ratio": row["margin_after_ai_ratio"],
        }
        for row in ask(marts, queries.plan_trend)
    ]
    if any(row["ratio"] is not None for row in trend):
        st.altair_chart(
            charts.lines(trend, "plan", "ratio", "Margin after AI ÷ net revenue", percent=True),
            alt="Lines: margin ratio per month by plan.",
        )
    else:
        nothing("plan with revenue")


def customers() -> None:
    """Who loses money, since when, and why."""
    marts, month = start("Customers", "Which customers lose us money, since when, and why?")
    show(_customers, marts, month)


def _customers(marts: Marts, month: Month) -> None:
    left, right = st.columns(2)
    plan = choices(
        "Plan",
        ask(marts, queries.values, "cost_per_customer", "plan_id", month.first),
        "plan",
        where=left,
    )
    health = choices(
        "Health",
        ["healthy", "watch", "at_risk", "underwater", "no_revenue"],
        "health",
        lambda word: word.replace("_", " "),
        where=right,
    )
    rows = ask(marts, queries.customers, month.first, plan, health)
    losing = ask(marts, queries.underwater, month.first, plan)
    boxes = st.columns(4)
    cost = figures.total(rows.column("cost_to_serve_usd"))
    metric(boxes[0], "Customers", figures.count(len(rows)))
    metric(boxes[1], "AI cost to serve, USD", figures.short_money(cost))
    metric(
        boxes[2],
        "Under water",
        figures.count(len(losing)),
        help="Revenue above 0 and less than the AI cost to serve, with the plans chosen.",
    )
    metric(
        boxes[3],
        "They lose us, USD",
        figures.short_money(figures.total(losing.column("margin_after_ai_usd")) or Decimal(0)),
    )
    if not rows:
        nothing("customers match")
        return
    st.subheader("Under water, and why")
    if losing:
        told = Table(
            losing.columns,
            tuple(
                tuple(
                    CAUSES.get(value, value) if name == "underwater_cause" else value
                    for name, value in zip(losing.columns, row, strict=True)
                )
                for row in losing.rows
            ),
        )
        chosen = table(
            told,
            {
                "customer_id": ("Customer", TEXT),
                "plan_id": ("Plan", TEXT),
                "margin_after_ai_usd": ("Margin after AI, USD", MONEY),
                "net_revenue_usd": ("Revenue, USD", MONEY),
                "cost_to_serve_usd": ("AI cost, USD", MONEY),
                "underwater_cause": ("Why", TEXT),
                "top_feature_id": ("Mostly through", TEXT),
                "since_month": ("Since", MONTH),
            },
            "under_water",
            selectable=True,
            note="Select a row for its months and requests.",
        )
        if chosen is not None:
            _one_customer(marts, month, losing.rows[chosen][0])
    else:
        st.success("No customer of these plans is under water.", icon=":material/check_circle:")
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Revenue against AI cost, a point per customer")
        points = [
            row | {"health": (row["health"] or "").replace("_", " ")}
            for row in rows
            if (row["net_revenue_usd"] or 0) > 0
            and row["cost_to_serve_usd"] > 0
            and row["health"] in ("healthy", "watch", "at_risk", "underwater")
        ][:2000]
        if points:
            st.altair_chart(
                charts.customers(points),
                alt="Points: net revenue against AI cost to serve of each paying customer.",
            )
            st.caption(
                "Below the dashed line a customer costs more than it pays. In an open month "
                "health is "
                "not told, so the picture is empty until it is over."
            )
        else:
            nothing("paying customers with a health", "An open month has none yet.")
    with right:
        st.subheader("Concentration")
        few = ask(marts, queries.concentration, month.first).first()
        if few["cost_usd"]:
            for name, title in (
                ("top_1_percent_cost_usd", "The dearest 1 % of customers"),
                ("top_10_percent_cost_usd", "The dearest 10 % of customers"),
            ):
                metric(
                    st,
                    f"{title}: share of cost to serve",
                    figures.percent(figures.ratio(few[name], few["cost_usd"])),
                    help="Of all customers with cost in the month, whatever the filters.",
                )
        else:
            nothing("customers with cost")
    st.subheader("All customers")
    table(
        rows,
        {
            "customer_id": ("Customer", TEXT),
            "plan_id": ("Plan", TEXT),
            "health": ("Health", TEXT),
            "net_revenue_usd": ("Revenue, USD", MONEY),
            "cost_to_serve_usd": ("AI cost to serve, USD", MONEY),
            "fully_loaded_cost_usd": ("All AI cost, USD", MONEY),
            "margin_after_ai_usd": ("Margin after AI, USD", MONEY),
            "ai_cost_ratio": ("AI cost of revenue", PERCENT),
            "requests": ("Requests", COUNT),
            "top_feature_id": ("Mostly through", TEXT),
        },
        "cost_per_customer",
        height=380,
    )


def _one_customer(marts: Marts, month: Month, customer: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(customer)}**")
        rows = [
            {"month": month.label(row["usage_month"]), "measure": title, "usd": row[name]}
            for row in ask(marts, queries.customer_trend, customer)
            for name, title in (
                ("net_revenue_usd", "revenue"),
                ("cost_to_serve_usd", "AI cost to serve"),
            )
        ]
        st.altair_chart(
            charts.lines(
                rows,
                "measure",
                "usd",
                "USD per month",
                height=220,
                colours=alt.Scale(domain=["revenue", "AI cost to serve"], range=[GREEN, RED]),
            ),
            alt=f"Lines: revenue and AI cost of {customer} per month.",
        )
        st.page_link(
            PAGES["requests"],
            label="Its requests",
            icon=":material/list:",
            query_params={"customer": customer},
        )


def what_if() -> None:
    """Prices and plans, again."""
    marts, month = start(
        "What if", "If a model's price or a plan's price changes, what is left, and who goes under?"
    )
    show(_quick, marts, month)
    show(_scenarios, marts, month)


def _quick(marts: Marts, month: Month) -> None:
    st.subheader(f"{month.name} again, with other prices")
    st.caption(
        "Same requests, same customers: nobody leaves, nobody uses less. Spend that nobody "
        "logged stays "
        "as it is. Calculated here, from the requests' effective cost."
    )
    plans_there = [
        row["plan_id"]
        for row in ask(marts, queries.plan_costs, month.first)
        if (row["net_revenue_usd"] or 0) > 0
    ]
    served = ask(marts, queries.served_models, month.first)
    left, right = st.columns(2, gap="large")
    with left:
        model = choices(
            "Models whose price changes", served, "model", str, placeholder="All models"
        )
        percents = [f"{value:+d}" for value in range(-90, 101, 5)]
        percents[percents.index("+0")] = "0"
        cost_percent = int(
            choice(
                "Change of the models' price",
                percents,
                "model_price",
                "0",
                lambda value: f"{value} %",
            )
        )
    with right:
        plan = choices(
            "Plans whose price changes", plans_there, "plan", placeholder="All paid plans"
        )
        plan_percent = int(
            choice(
                "Change of the plans' price",
                percents,
                "plan_price",
                "0",
                lambda value: f"{value} %",
            )
        )
    changed = dict.fromkeys(plan or plans_there, plan_percent)
    rows = ask(
        marts, queries.what_if, month.first, model, cost_percent, tuple(sorted(changed.items()))
    )
    if not rows:
        nothing("plans with customers")
        return
    before = figures.total(row.margin_before_usd for row in rows)
    after = figures.total(row.margin_after_usd for row in rows)
    boxes = st.columns(4)
    metric(boxes[0], "Margin of plans before, USD", figures.short_money(before))
    metric(
        boxes[1],
        "Margin of plans after, USD",
        figures.short_money(after),
        delta(after, before, "before"),
        "normal",
    )
    metric(
        boxes[2],
        "AI cost of plans, change, USD",
        figures.short_money(
            figures.total(row.cost_after_usd - row.cost_before_usd for row in rows)
        ),
    )
    under = sum(row.underwater_after for row in rows)
    change = under - sum(row.underwater_before for row in rows)
    metric(
        boxes[3],
        "Customers under water after",
        figures.count(under),
        f"{change:+d} vs before" if change else None,
        "inverse",
    )
    st.altair_chart(
        charts.before_after(
            [
                {
                    "plan": figures.label(row.plan_id),
                    "before": row.margin_before_usd,
                    "after": row.margin_after_usd,
                }
                for row in rows
            ],
            "plan",
            "Margin after AI, USD in the month",
        ),
        alt="Bars: margin after AI by plan before and after the change, in USD.",
    )
    table(
        Table(
            (
                "plan_id",
                "revenue_before_usd",
                "revenue_after_usd",
                "cost_before_usd",
                "cost_after_usd",
                "margin_before_usd",
                "margin_after_usd",
                "underwater_before",
                "underwater_after",
            ),
            tuple(
                (
                    row.plan_id,
                    row.revenue_before_usd,
                    row.revenue_after_usd,
                    row.cost_before_usd,
                    row.cost_after_usd,
                    row.margin_before_usd,
                    row.margin_after_usd,
                    row.underwater_before,
                    row.underwater_after,
                )
                for row in rows
            ),
        ),
        {
            "plan_id": ("Plan", TEXT),
            "revenue_before_usd": ("Revenue before, USD", MONEY),
            "revenue_after_usd": ("Revenue after, USD", MONEY),
            "cost_before_usd": ("AI cost before, USD", MONEY),
            "cost_after_usd": ("AI cost after, USD", MONEY),
            "margin_before_usd": ("Margin before, USD", MONEY),
            "margin_after_usd": ("Margin after, USD", MONEY),
            "underwater_before": ("Under water before", COUNT),
            "underwater_after": ("Under water after", COUNT),
        },
        "what_if",
    )


def _scenarios(marts: Marts, month: Month) -> None:
    st.subheader("Scenarios of the warehouse")
    there = list(ask(marts, queries.scenarios))
    if not there:
        st.info(
            "No scenario yet. A row of `seeds/prices/ai_price_scenarios.csv` describes one: "
            "another "
            "price per token class, or a move to another model with other token counts. `make "
            "build` "
            "then prices past traffic again, request by request.",
            icon=":material/lightbulb:",
        )
        return
    names = list(dict.fromkeys(row["scenario_id"] for row in there))
    scenario = choice("Scenario", names, "scenario", names[0])
    own = [row["usage_month"] for row in there if row["scenario_id"] == scenario]
    if month.first not in own:
        nothing(f"traffic that the scenario changes in {month.name}", "Choose another month.")
        return
    rows = ask(marts, queries.scenario_plans, scenario, month.first)
    unknown = sum(row["unknown_customers"] for row in rows)
    if unknown:
        st.warning(
            f"{unknown} parts of customers have no price after the change: their plans are "
            "not known.",
            icon=":material/warning:",
        )
    more = rows.with_columns(
        margin_before_usd=lambda row: _difference(row["net_revenue_usd"], row["cost_before_usd"]),
        margin_after_usd=lambda row: _difference(row["net_revenue_usd"], row["cost_after_usd"]),
    )
    boxes = st.columns(3)
    before, after = more.column("cost_before_usd"), more.column("cost_after_usd")
    metric(boxes[0], "AI cost before, USD", figures.short_money(figures.total(before)))
    known = None if any(value is None for value in after) else figures.total(after)
    metric(
        boxes[1],
        "AI cost after, USD",
        figures.short_money(known),
        delta(known, figures.total(before), "before"),
        "inverse",
    )
    under = sum(more.column("underwater_after"))
    change = under - sum(more.column("underwater_before"))
    metric(
        boxes[2],
        "Customers under water after",
        figures.count(under),
        f"{change:+d} vs before" if change else None,
        "inverse",
    )
    table(
        more,
        {
            "plan_id": ("Plan", TEXT),
            "net_revenue_usd": ("Net revenue, USD", MONEY),
            "cost_before_usd": ("AI cost before, USD", MONEY),
            "cost_after_usd": ("AI cost after, USD", MONEY),
            "margin_before_usd": ("Margin before, USD", MONEY),
            "margin_after_usd": ("Margin after, USD", MONEY),
            "underwater_before": ("Under water before", COUNT),
            "underwater_after": ("Under water after", COUNT),
        },
        "price_scenario",
        note="Customers in production; spend without a customer and unlogged volume stay as "
        "they are.",
    )


def _difference(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return None if first is None or second is None else first - second
