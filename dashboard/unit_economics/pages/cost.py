"""Cost, Unit cost and Savings: where the money goes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import altair as alt
import streamlit as st

from unit_economics import charts, figures, queries
from unit_economics.charts import BLUE, GREEN
from unit_economics.marts import Marts, Table
from unit_economics.pages.shared import start
from unit_economics.parts import (
    COUNT,
    FINE_MONEY,
    MONEY,
    PERCENT,
    TEXT,
    Month,
    ask,
    choice,
    choices,
    metric,
    nothing,
    show,
    table,
)

COST_COLUMNS: dict[str, dict[str, tuple[str, str]]] = {
    "feature": {
        "feature_id": ("Feature", TEXT),
        "total_cost_usd": ("Cost, USD", MONEY),
        "share_of_cost_ratio": ("Share of cost", PERCENT),
        "mom_change_ratio": ("Against the month before", PERCENT),
        "requests": ("Requests", COUNT),
        "active_customers": ("Active customers", COUNT),
        "cost_per_active_customer_usd": ("Cost per active customer, USD", MONEY),
        "waste_cost_usd": ("Retries and failures, USD", MONEY),
    },
    "model": {
        "model": ("Model", TEXT),
        "platform": ("Platform", TEXT),
        "total_cost_usd": ("Cost, USD", MONEY),
        "metered_cost_usd": ("Metered, USD", MONEY),
        "unlogged_cost_usd": ("Not logged, USD", MONEY),
        "attempts": ("Attempts", COUNT),
        "unpriced_attempts": ("Unpriced attempts", COUNT),
        "input_tokens": ("Input tokens", COUNT),
        "output_tokens": ("Output tokens", COUNT),
    },
    "team": {
        "team_id": ("Team", TEXT),
        "team_owner": ("Owner", TEXT),
        "total_cost_usd": ("Cost, USD", MONEY),
        "production_environment_cost_usd": ("Production, USD", MONEY),
        "other_environments_cost_usd": ("Elsewhere, USD", MONEY),
        "budget_usd": ("Budget, USD", MONEY),
        "budget_used_ratio": ("Budget used", PERCENT),
    },
}
COST_QUERIES: dict[str, Callable[..., Table]] = {
    "feature": queries.features,
    "model": queries.models,
    "team": queries.teams,
}


def cost() -> None:
    """Where the money goes."""
    marts, month = start("Cost", "Which feature, model and team spend it, and what is growing?")
    left, right = st.columns([1, 3])
    dimension = choice("Cost by", ["feature", "model", "team"], "by", "feature", where=left)
    show(_cost, marts, month, dimension, right)
    show(_days, marts, month)


def _cost(marts: Marts, month: Month, dimension: str, where: Any) -> None:
    mart, column = queries.TRENDS[dimension]
    options = ask(marts, queries.values, mart, column, month.first)
    chosen = choices(f"Only these {dimension}s", options, dimension, where=where)
    rows = ask(marts, COST_QUERIES[dimension], month.first, chosen)
    if not rows:
        nothing(f"cost by {dimension}")
        return
    items = [
        {"item": figures.label(row[column]), "total_cost_usd": row["total_cost_usd"]}
        for row in rows
    ]
    sums: dict[str, Decimal] = {}
    for item in items:
        sums[item["item"]] = sums.get(item["item"], Decimal(0)) + item["total_cost_usd"]
    boxes = st.columns(4)
    metric(
        boxes[0],
        "Effective cost of these, USD" if chosen else "Effective cost, USD",
        figures.short_money(figures.total(sums.values())),
    )
    metric(boxes[1], f"{dimension.capitalize()}s with cost", figures.count(len(sums)))
    dearest = max(sums, key=lambda name: (sums[name], name))
    metric(
        boxes[2],
        f"Dearest: {dearest}, share",
        figures.percent(figures.ratio(sums[dearest], figures.total(sums.values()))),
    )
    if dimension == "feature":
        metric(
            boxes[3],
            "Retries and failures, USD",
            figures.short_money(figures.total(rows.column("waste_cost_usd"))),
        )
    elif dimension == "model":
        metric(
            boxes[3],
            "Not logged by anybody, USD",
            figures.short_money(figures.total(rows.column("unlogged_cost_usd"))),
        )
    else:
        over = [row for row in rows if (row["budget_used_ratio"] or 0) > 1]
        metric(boxes[3], "Teams over budget", figures.count(len(over)))
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(f"{month.name} by {dimension}")
        ordered = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
        shown = [{"item": name, "usd": amount} for name, amount in ordered[:10]]
        if len(ordered) > 10:
            rest = figures.total(amount for _, amount in ordered[10:])
            shown.append({"item": f"{len(ordered) - 10} others", "usd": rest})
        st.altair_chart(
            charts.bars(shown, "item", "usd", "Effective cost, USD in the month"),
            alt=f"Bars: effective cost by {dimension} in USD.",
        )
    with right:
        st.subheader("By month")
        trend = [
            {
                "month": month.label(row["usage_month"]),
                "item": figures.label(row["item"]),
                "total_cost_usd": row["total_cost_usd"],
            }
            for row in ask(marts, queries.cost_trend, dimension, chosen)
        ]
        st.altair_chart(
            charts.stacked_months(
                charts.top_series(trend, "item", "total_cost_usd"),
                "item",
                "total_cost_usd",
                "Effective cost, USD per month",
                height=430,
            ),
            alt=f"Bars: effective cost per month in USD by {dimension}.",
        )
    table(
        rows,
        COST_COLUMNS[dimension],
        f"cost_by_{dimension}",
        note="Unattributed: no owner is known. Shared: no request causes it. – is not known.",
    )


def _days(marts: Marts, month: Month) -> None:
    st.subheader(f"{month.name} by day and platform")
    found = list(ask(marts, queries.daily_cost, month.first))
    if not found:
        nothing("cost in this month")
        return
    rows = charts.top_series(
        [row | {"platform": row["platform"]} for row in found],
        "platform",
        "cost_usd",
        keep=("usage_date",),
    )
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["platform"]] = sums.get(row["platform"], Decimal(0)) + row["cost_usd"]
    st.altair_chart(
        charts.days(rows, "platform", charts.series_colours(sums, sums)),
        alt="Bars: effective cost per UTC day in USD by platform.",
    )
    estimated = figures.total(row["estimated_cost_usd"] for row in found)
    if estimated:
        st.caption(
            f":material/hourglass_top: {figures.money(estimated)} of it is **estimated**: no bill "
            "confirms it yet.".replace("$", r"\$")
        )


def unit_cost() -> None:
    """The platform lead's page."""
    marts, month = start("Unit cost", "What does a request cost, and how dear are the dear ones?")
    show(_unit_features, marts, month)
    show(_unit_models, marts, month)
    show(_runs, marts, month)


PERCENTILES = {
    "p50_request_cost_usd": "median request (p50)",
    "p95_request_cost_usd": "p95",
    "p99_request_cost_usd": "p99",
}


def _unit_features(marts: Marts, month: Month) -> None:
    options = [
        value
        for value in ask(marts, queries.values, "cost_per_feature", "feature_id", month.first)
        if value not in ("__shared__", "__unattributed__")
    ]
    chosen = choices("Only these features", options, "feature")
    rows = ask(marts, queries.features, month.first, chosen or options)
    known = [row for row in rows if row["p50_request_cost_usd"] is not None] if options else []
    if not known:
        nothing("feature with enough requests for percentiles")
        return
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Cost per request by feature")
        st.altair_chart(
            charts.spread(known, "feature_id", PERCENTILES, "USD per request"),
            alt="Points: median, p95 and p99 of the cost of a request by feature.",
        )
    with right:
        st.subheader("p95 of a request over time")
        trend = [
            {
                "month": month.label(row["usage_month"]),
                "feature": row["feature_id"],
                "usd": row["p95_request_cost_usd"],
            }
            for row in ask(marts, queries.unit_cost_trend, chosen or options)
        ]
        st.altair_chart(
            charts.lines(
                trend, "feature", "usd", "USD per request", fine=True, log=True, height=330
            ),
            alt="Lines: p95 of the cost of a request per month by feature.",
        )
    table(
        rows,
        {
            "feature_id": ("Feature", TEXT),
            "requests": ("Requests", COUNT),
            "cost_per_request_usd": ("Cost ÷ requests, USD", FINE_MONEY),
            "p50_request_cost_usd": ("p50, USD", FINE_MONEY),
            "p95_request_cost_usd": ("p95, USD", FINE_MONEY),
            "p99_request_cost_usd": ("p99, USD", FINE_MONEY),
            "waste_cost_usd": ("Retries and failures, USD", MONEY),
        },
        "unit_cost_by_feature",
        note="A request with its retries, production use of customers. No percentile of few "
        "requests.",
    )


def _unit_models(marts: Marts, month: Month) -> None:
    st.subheader("Cost per call by model")
    rows = ask(marts, queries.model_unit_cost, month.first)
    if not rows:
        nothing("calls with a cost in production")
        return
    table(
        rows.with_columns(
            cost_per_call_usd=lambda row: figures.ratio(row["cost_usd"], row["calls"])
        ),
        {
            "model": ("Model", TEXT),
            "platform": ("Platform", TEXT),
            "calls": ("Calls with a cost", COUNT),
            "cost_usd": ("Cost, USD", MONEY),
            "cost_per_call_usd": ("Cost ÷ calls, USD", FINE_MONEY),
            "p50_call_cost_usd": ("p50, USD", FINE_MONEY),
            "p95_call_cost_usd": ("p95, USD", FINE_MONEY),
        },
        "unit_cost_by_model",
        note="Single attempts in production; percentiles from 20 calls on.",
    )


def _runs(marts: Marts, month: Month) -> None:
    st.subheader("Cost per agent run, and per successful one")
    rows = ask(marts, queries.workflow_runs, month.first)
    if not rows:
        nothing("runs of workflows or agents")
        return
    more = rows.with_columns(
        cost_per_run_usd=lambda row: figures.ratio(row["cost_usd"], row["runs"]),
        cost_per_successful_run_usd=lambda row: (
            None if row["unknown_runs"] else figures.ratio(row["cost_usd"], row["successful_runs"])
        ),
    )
    table(
        more,
        {
            "feature_id": ("Feature", TEXT),
            "runs": ("Runs", COUNT),
            "successful_runs": ("Successful", COUNT),
            "cost_usd": ("Cost, USD", MONEY),
            "cost_per_run_usd": ("Cost ÷ runs, USD", FINE_MONEY),
            "cost_per_successful_run_usd": ("Cost ÷ successful runs, USD", FINE_MONEY),
            "p50_run_cost_usd": ("p50, USD", FINE_MONEY),
            "p95_run_cost_usd": ("p95, USD", FINE_MONEY),
        },
        "cost_per_run",
        note="Failed runs are in the cost of the successful ones; empty where an outcome is "
        "not known.",
    )


def savings() -> None:
    """What caching and batch are worth."""
    marts, month = start("Savings", "What do caching and batch save, and did the hit rate fall?")
    show(_savings, marts, month)


def _savings(marts: Marts, month: Month) -> None:
    rows = list(ask(marts, queries.savings_trend))
    now = next((row for row in rows if row["usage_month"] == month.first), None)
    if now is None:
        nothing("spend in this month")
        return
    boxes = st.columns(4)
    metric(
        boxes[0],
        "Caching saved, USD",
        figures.short_money(now["cache_savings_usd"]),
        help="Reads against the list price of uncached input, less the premium of writes.",
    )
    metric(
        boxes[1],
        "Premium of cache writes, USD",
        figures.short_money(now["cache_write_premium_usd"]),
    )
    metric(boxes[2], "Batch saved, USD", figures.short_money(now["batch_savings_usd"]))
    metric(
        boxes[3],
        "Cache hit rate",
        figures.percent(figures.ratio(now["input_cached_tokens"], now["input_tokens"])),
        help="Input tokens read from a cache divided by all input tokens.",
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Saved against list prices by month")
        kinds = {"cache_savings_usd": "caching", "batch_savings_usd": "batch"}
        st.altair_chart(
            charts.stacked_months(
                [
                    {
                        "month": month.label(row["usage_month"]),
                        "kind": title,
                        "usd": row[name] or Decimal(0),
                    }
                    for row in rows
                    for name, title in kinds.items()
                ],
                "kind",
                "usd",
                "Saved, USD per month",
                alt.Scale(domain=list(kinds.values()), range=[GREEN, BLUE]),
            ),
            alt="Bars: savings of caching and batch per month in USD.",
        )
    with right:
        st.subheader("Cache hit rate by month")
        st.altair_chart(
            charts.lines(
                [
                    {
                        "month": month.label(row["usage_month"]),
                        "measure": "hit rate",
                        "ratio": figures.ratio(row["input_cached_tokens"], row["input_tokens"]),
                    }
                    for row in rows
                ],
                "measure",
                "ratio",
                "Cached ÷ all input tokens",
                percent=True,
                height=320,
            ),
            alt="Line: share of input tokens read from a cache per month.",
        )
    st.subheader("By model")
    found = ask(marts, queries.savings, month.first)
    table(
        found.with_columns(
            cache_hit_ratio=lambda row: figures.ratio(
                row["input_cached_tokens"], row["input_tokens"]
            )
        ),
        {
            "model": ("Model", TEXT),
            "platform": ("Platform", TEXT),
            "cache_savings_usd": ("Caching saved, USD", MONEY),
            "cache_write_premium_usd": ("Premium of writes, USD", MONEY),
            "cache_hit_ratio": ("Hit rate", PERCENT),
            "batch_savings_usd": ("Batch saved, USD", MONEY),
            "total_cost_usd": ("Cost, USD", MONEY),
        },
        "savings_by_model",
        note="Negative: the cache cost more than it saved. Empty: the price to compare with "
        "is unknown.",
    )
