"""Overview and Trust: the company as a whole, and how far its figures go."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import altair as alt
import streamlit as st

from unit_economics import charts, figures, queries
from unit_economics.charts import BLUE, GREEN, GREY, ORANGE, PURPLE
from unit_economics.marts import Marts
from unit_economics.pages.shared import PAGES, ledger, start
from unit_economics.parts import (
    COUNT,
    FLAG,
    MONEY,
    MONTH,
    PERCENT,
    TEXT,
    Month,
    ask,
    choice,
    delta,
    delta_points,
    metric,
    nothing,
    plain,
    show,
    table,
    trust_measures,
)

CLASSES = {
    "ai_cogs_usd": "AI COGS",
    "free_tier_cost_usd": "Free tier",
    "rnd_cost_usd": "R&D",
    "internal_opex_cost_usd": "Internal",
}
CLASS_COLOURS = alt.Scale(domain=list(CLASSES.values()), range=[BLUE, ORANGE, PURPLE, GREY])
COMPONENTS = {
    "metered": "Requests at our prices",
    "rate_variance": "Price differs from the bill",
    "billed_rate": "Priced by the bill only",
    "unlogged": "Usage nobody logged",
    "rounding": "Rounding of prices",
    "non_request": "Charges no request causes",
    "credit": "Credits",
    "tax": "Tax",
    "purchase": "Commitments and top-ups bought",
    "adjustment": "Adjustments",
}


def overview() -> None:
    """The founder's page."""
    marts, month = start(
        "Overview", "What did AI cost, what is left of revenue, and where is it going?"
    )
    if marts.has("ai_cogs_summary"):
        show(_company, marts, month)
        show(_look_at, marts, month)
        show(_company_trend, marts, month)
    else:
        show(_spend_only, marts, month)
        show(_look_at, marts, month)


def _company(marts: Marts, month: Month) -> None:
    rows = list(ask(marts, queries.company))
    now = next((row for row in rows if row["usage_month"] == month.first), None)
    if now is None:
        nothing("cost in this month")
        return
    before = next(
        (r for r in rows if r["usage_month"] == queries.previous_month(month.first)),
        dict.fromkeys(now),
    )
    # An open month beside a whole one looks like a fall: no comparison.
    against = f"{queries.previous_month(month.first):%b}"
    old = before if month.is_complete else dict.fromkeys(now)
    boxes = st.columns(5)
    metric(
        boxes[0],
        "Net revenue, USD",
        figures.short_money(now["net_revenue_usd"]),
        delta(now["net_revenue_usd"], old["net_revenue_usd"], against),
        "normal",
        "Recognised, without tax, less discounts.",
    )
    metric(
        boxes[1],
        "AI COGS, USD",
        figures.short_money(now["ai_cogs_usd"]),
        delta(now["ai_cogs_usd"], old["ai_cogs_usd"], against),
        "inverse",
        "Production use by paying customers, and production cost without a customer.",
    )
    metric(
        boxes[2],
        "Free tier, USD",
        figures.short_money(now["free_tier_cost_usd"]),
        delta(now["free_tier_cost_usd"], old["free_tier_cost_usd"], against),
        "inverse",
        "Production use on free plans and trials.",
    )
    metric(
        boxes[3],
        "Margin after AI and free tier, USD",
        figures.short_money(now["margin_after_ai_and_free_tier_usd"]),
        delta(
            now["margin_after_ai_and_free_tier_usd"],
            old["margin_after_ai_and_free_tier_usd"],
            against,
        ),
        "normal",
        "Net revenue less AI COGS and the free tier. Not the gross margin: other COGS are not "
        "in it.",
    )
    share = figures.ratio(_plus(now, "ai_cogs_usd", "free_tier_cost_usd"), now["net_revenue_usd"])
    share_before = figures.ratio(
        _plus(old, "ai_cogs_usd", "free_tier_cost_usd"), old["net_revenue_usd"]
    )
    metric(
        boxes[4],
        "AI cost of revenue",
        figures.percent(share),
        delta_points(share, share_before, against),
        "inverse",
        "AI COGS and free tier divided by net revenue.",
    )
    if now["estimated_cost_usd"]:
        st.caption(
            f":material/hourglass_top: {figures.money(now['estimated_cost_usd'])} of this "
            "month's AI cost of "
            f"{figures.money(now['total_cost_usd'])} is **estimated**: no bill confirms it "
            "yet.".replace("$", r"\$")
        )


def _company_trend(marts: Marts, month: Month) -> None:
    rows = list(ask(marts, queries.company))
    now = next((row for row in rows if row["usage_month"] == month.first), dict.fromkeys(CLASSES))
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("AI cost by month")
        stacked = [
            {"month": month.label(row["usage_month"]), "class": title, "cost_usd": row[name]}
            for row in rows
            for name, title in CLASSES.items()
        ]
        st.altair_chart(
            charts.stacked_months(
                stacked, "class", "cost_usd", "Effective cost, USD per month", CLASS_COLOURS
            ),
            alt="Bars: effective AI cost per month in USD by class of the profit and loss account.",
        )
    with right:
        st.subheader("Margin after AI, share of revenue")
        ratios = [
            {
                "month": month.label(row["usage_month"]),
                "measure": title,
                "ratio": figures.ratio(row[name], row["net_revenue_usd"]),
            }
            for row in rows
            for name, title in (
                ("margin_after_ai_usd", "without free tier"),
                ("margin_after_ai_and_free_tier_usd", "with free tier"),
            )
        ]
        if any(row["ratio"] is not None for row in ratios):
            st.altair_chart(
                charts.lines(
                    ratios,
                    "measure",
                    "ratio",
                    "Margin ÷ net revenue",
                    percent=True,
                    height=320,
                    colours=alt.Scale(
                        domain=["without free tier", "with free tier"], range=[GREEN, ORANGE]
                    ),
                ),
                alt="Lines: margin after AI divided by net revenue per month.",
            )
        else:
            nothing("revenue in the marts", "Margins need revenue_lines or a billing source.")
    if len(now) > len(CLASSES):
        _statement(now, month)
    table(
        ask(marts, queries.company),
        {
            "usage_month": ("Month", MONTH),
            "net_revenue_usd": ("Net revenue, USD", MONEY),
            "ai_cogs_usd": ("AI COGS, USD", MONEY),
            "free_tier_cost_usd": ("Free tier, USD", MONEY),
            "rnd_cost_usd": ("R&D, USD", MONEY),
            "internal_opex_cost_usd": ("Internal, USD", MONEY),
            "estimated_cost_usd": ("Estimated, USD", MONEY),
            "margin_after_ai_and_free_tier_usd": ("Margin with free tier, USD", MONEY),
            "ai_cogs_and_free_tier_ratio": ("AI cost of revenue", PERCENT),
            "is_period_complete": ("Complete", FLAG),
        },
        "ai_cogs_summary",
    )


def _statement(now: dict[str, Any], month: Month) -> None:
    with st.expander(f"{month.name} from revenue to margin, and cost against cash"):
        left, right = st.columns(2, gap="large")
        steps = [
            ("Net revenue", now["net_revenue_usd"]),
            ("− AI COGS", _minus(now["ai_cogs_usd"])),
            ("− Free tier", _minus(now["free_tier_cost_usd"])),
            ("= Margin after AI and free tier", now["margin_after_ai_and_free_tier_usd"]),
            ("− Other COGS", _minus(now["other_cogs_usd"])),
            ("= Gross margin", now["gross_margin_usd"]),
        ]
        left.markdown(ledger(steps))
        cash = [
            ("Cash: all lines of the bills", now["cash_cost_usd"]),
            ("of it credits", now["credit_usd"]),
            ("of it tax", now["tax_usd"]),
            ("of it commitments and top-ups", now["purchase_usd"]),
            ("Effective cost, all classes", now["total_cost_usd"]),
        ]
        right.markdown(ledger(cash))


def _plus(row: dict[str, Any], *names: str) -> Decimal | None:
    """Sum of columns; None where one is not known."""
    parts = [row[name] for name in names]
    return None if any(part is None for part in parts) else sum(parts, Decimal(0))


def _minus(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else -amount


def _spend_only(marts: Marts, month: Month) -> None:
    rows = [
        {
            "usage_month": row["usage_month"],
            "month": month.label(row["usage_month"]),
            "platform": row["platform"],
            "total_cost_usd": row["total_cost_usd"],
        }
        for row in ask(marts, queries.spend_trend)
    ]
    now = figures.total(r["total_cost_usd"] for r in rows if r["usage_month"] == month.first)
    old = figures.total(
        row["total_cost_usd"]
        for row in rows
        if row["usage_month"] == queries.previous_month(month.first)
    )
    boxes = st.columns(4)
    metric(
        boxes[0],
        "AI cost, USD",
        figures.short_money(now),
        delta(now, old, f"{queries.previous_month(month.first):%b}") if month.is_complete else None,
        "inverse",
    )
    st.caption("Revenue and margin are not shown: the P&L marts are off in this scenario.")
    st.subheader("AI cost by month and platform")
    stacked = charts.top_series(rows, "platform", "total_cost_usd")
    st.altair_chart(
        charts.stacked_months(
            stacked, "platform", "total_cost_usd", "Effective cost, USD per month"
        ),
        alt="Bars: effective AI cost per month in USD by platform.",
    )


def _look_at(marts: Marts, month: Month) -> None:
    st.subheader("Look at this first")
    told: list[tuple[str, str, str]] = []
    if marts.has("cost_per_customer"):
        losing = ask(marts, queries.underwater, month.first, ())
        lost = figures.total(row["margin_after_ai_usd"] for row in losing)
        if losing:
            told.append(
                (
                    ":material/water:",
                    f"**{len(losing)} customers under water**, together "
                    f"{figures.money(lost)}".replace("$", r"\$"),
                    "customers",
                )
            )
    if marts.has("cost_per_feature"):
        rising = [
            row
            for row in ask(marts, queries.features, month.first, ())
            if (row["mom_change_ratio"] or 0) > Decimal("0.1") and row["share_of_cost_ratio"]
        ]
        if rising and month.is_complete:
            top = max(rising, key=lambda row: row["mom_change_ratio"] * row["share_of_cost_ratio"])
            told.append(
                (
                    ":material/trending_up:",
                    f"**{plain(figures.label(top['feature_id']))} cost "
                    f"{figures.percent(top['mom_change_ratio'])} more** than the month before, "
                    f"{figures.percent(top['share_of_cost_ratio'])} of all cost",
                    "cost",
                )
            )
    if marts.has("cost_anomalies"):
        jumped = ask(marts, queries.anomalies, month.first, month.end, ())
        if jumped:
            days = len({row["usage_date"] for row in jumped})
            told.append(
                (":material/bolt:", f"**{days} days jumped** above their usual cost", "anomalies")
            )
    if marts.has("spend_forecast"):
        ahead = list(ask(marts, queries.forecast, "all"))
        if ahead and not ahead[-1]["is_period_complete"] and ahead[-1]["forecast_usd"] is not None:
            last = ahead[-1]
            told.append(
                (
                    ":material/calendar_month:",
                    f"**{figures.month_name(last['usage_month'])} will end near "
                    f"{figures.money(last['forecast_usd'])}**, earlier forecasts were off by "
                    f"{figures.percent(last['backtest_error_ratio'])} in the median".replace(
                        "$", r"\$"
                    ),
                    "forecast",
                )
            )
    if not told:
        st.caption("Nothing stands out in this month.")
    for icon, text, page in told:
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.markdown(f"{icon} {text}")
        right.page_link(PAGES[page], label="Open")


def trust() -> None:
    """The FinOps lead's page."""
    marts, month = start(
        "Trust", "Do the figures tie to the bills, and how much of the cost has an owner?"
    )
    show(_verdict, marts, month)
    show(_variance, marts, month)
    show(_reconciliation, marts, month)
    show(_attribution, marts, month)


def _verdict(marts: Marts, month: Month) -> None:
    found = ask(marts, queries.trust, month.first)
    weak = [text for band, *text in trust_measures(found, month.is_complete) if band == "weak"]
    fair = [text for band, *text in trust_measures(found, month.is_complete) if band == "fair"]
    if weak:
        st.error(
            "Weak: " + "; ".join(f"{figure} – {text}" for figure, text in weak) + ".",
            icon=":material/error:",
        )
    elif fair:
        st.warning(
            "Usable with care: " + "; ".join(f"{figure} – {text}" for figure, text in fair) + ".",
            icon=":material/info:",
        )
    else:
        st.success("Every measure is good.", icon=":material/check_circle:")


def _variance(marts: Marts, month: Month) -> None:
    st.subheader("From the meter to the bill")
    rows = list(ask(marts, queries.variance, month.first))
    if not rows:
        nothing("bill or meter in this month")
        return
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["component"]] = sums.get(row["component"], Decimal(0)) + row["amount_usd"]
    order = [name for name in COMPONENTS if name in sums] + [n for n in sums if n not in COMPONENTS]
    shown = [{"step": COMPONENTS.get(name, name), "amount_usd": sums[name]} for name in order]
    shown.append({"step": "= Bill (or expected bill)", "amount_usd": figures.total(sums.values())})
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.altair_chart(
            charts.bars(shown, "step", "amount_usd", "USD in the month"),
            alt="Bars: the steps from metered cost to the bill, in USD.",
        )
    with right:
        st.markdown("**Why the bill differs**")
        causes: dict[str, Decimal] = {}
        for row in rows:
            if row["variance_class"]:
                name = row["variance_class"].replace("_", " ")
                causes[name] = causes.get(name, Decimal(0)) + row["amount_usd"]
        ordered = sorted(causes.items(), key=lambda item: -abs(item[1]))
        st.markdown(ledger([(name, amount) for name, amount in ordered]))


def _reconciliation(marts: Marts, month: Month) -> None:
    st.subheader("Reconciliation by platform")
    rows = ask(marts, queries.reconciliation, month.first)
    if not rows:
        nothing("day with a bill, usage or requests")
        return
    table(
        rows.with_columns(
            metering_coverage_ratio=lambda row: figures.ratio(
                row["covered_usage_usd"], row["billed_usage_usd"]
            )
        ),
        {
            "platform": ("Platform", TEXT),
            "billed_cost_usd": ("Billed, USD", MONEY),
            "metered_cost_usd": ("Metered, USD", MONEY),
            "unlogged_cost_usd": ("Not logged, USD", MONEY),
            "metering_coverage_ratio": ("Metered share", PERCENT),
            "matched_days": ("Days matched", COUNT),
            "explained_days": ("Days explained", COUNT),
            "unexplained_days": ("Days unexplained", COUNT),
            "estimated_days": ("Days without a bill", COUNT),
        },
        "reconciliation",
        note="Metered share: the part of the billed usage that is seen as requests, sum ÷ sum.",
    )


def _attribution(marts: Marts, month: Month) -> None:
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Share of cost with an owner")
        rows = [
            {
                "month": month.label(row["usage_month"]),
                "dimension": row["dimension"],
                "ratio": figures.ratio(row["attributed_cost_usd"], row["cost_usd"]),
            }
            for row in ask(marts, queries.attribution_trend)
        ]
        st.altair_chart(
            charts.lines(
                rows, "dimension", "ratio", "Attributed ÷ cost", percent=True, domain=(0, 1)
            ),
            alt="Lines: share of cost with an owner per month, by dimension.",
        )
    with right:
        st.subheader("By which evidence")
        names = ["customer", "feature", "team", "environment"]
        dimension = choice("Owner", names, "owner", "customer")
        found = [
            {"method": row["method"].replace("_", " "), "cost_usd": row["effective_cost_usd"]}
            for row in ask(marts, queries.attribution, month.first)
            if row["dimension"] == dimension
        ]
        if found:
            st.altair_chart(
                charts.bars(found, "method", "cost_usd", "Effective cost, USD in the month"),
                alt=f"Bars: cost by the evidence that names the {dimension}.",
            )
        else:
            nothing("cost to attribute")
