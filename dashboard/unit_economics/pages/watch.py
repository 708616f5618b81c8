"""Forecast, Anomalies and Requests: what to watch, down to the single request."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import streamlit as st

from unit_economics import charts, figures, queries
from unit_economics.charts import RED
from unit_economics.marts import Marts
from unit_economics.pages.shared import ledger, start
from unit_economics.parts import (
    COUNT,
    FINE_MONEY,
    MONEY,
    MONTH,
    PERCENT,
    TEXT,
    Month,
    ask,
    choice,
    choices,
    metric,
    nothing,
    plain,
    show,
    table,
    words,
)


def forecast() -> None:
    """Where the month will end."""
    marts, _ = start("Forecast", "Where will this month end, and how wrong were earlier forecasts?")
    show(_forecast, marts)


def _forecast(marts: Marts) -> None:
    names = ask(marts, queries.forecast_platforms)
    if not names:
        nothing("forecast", "It needs some history first.")
        return
    platform = choice(
        "Platform", names, "platform", names[0], lambda n: "All platforms" if n == "all" else n
    )
    found = ask(marts, queries.forecast, platform)
    rows = list(found)
    last = rows[-1]
    boxes = st.columns(4)
    name = figures.month_name(last["usage_month"])
    metric(
        boxes[0],
        f"Spent up to {last['as_of_date']:%-d %B}, USD",
        figures.short_money(last["spend_to_date_usd"]),
    )
    metric(
        boxes[1],
        f"{name}, forecast, USD",
        figures.short_money(last["forecast_usd"]),
        help="Spend so far, and for each day ahead the median of its weekday over five weeks.",
    )
    low, high = last["forecast_low_usd"], last["forecast_high_usd"]
    digits = 0 if high is not None and high >= 100 else 2
    band = f"{figures.money(low, digits)} – {figures.money(high, digits)}"
    metric(boxes[2], "Range of earlier errors, USD", band)
    metric(
        boxes[3],
        "Median error of earlier forecasts",
        figures.percent(last["backtest_error_ratio"]),
        help=f"Of {last['backtest_months']} months, forecast on the same day of the month.",
    )
    if last["method"] == "too_little_history":
        st.info(
            "Too little history for a forecast: it needs 35 days.", icon=":material/hourglass_top:"
        )
    shown = [
        {
            "month": charts.month_label(row["usage_month"], row["is_period_complete"]),
            "spent": row["spend_to_date_usd"] if row["actual_usd"] is None else row["actual_usd"],
            "series": "spent so far" if row["actual_usd"] is None else "actual",
            "forecast": row["forecast_usd"],
            "low": row["forecast_low_usd"],
            "high": row["forecast_high_usd"],
        }
        for row in rows
    ]
    st.subheader("Forecast against what it came to")
    st.altair_chart(
        charts.forecast(shown),
        alt="Bars: actual cost per month in USD; points: what was forecast on the same day of "
        "the month.",
    )
    table(
        found.with_columns(
            error_ratio=lambda row: figures.change(row["forecast_usd"], row["actual_usd"])
        ),
        {
            "usage_month": ("Month", MONTH),
            "as_of_date": ("Forecast on", TEXT),
            "spend_to_date_usd": ("Spent by then, USD", MONEY),
            "forecast_usd": ("Forecast, USD", MONEY),
            "forecast_low_usd": ("Low, USD", MONEY),
            "forecast_high_usd": ("High, USD", MONEY),
            "actual_usd": ("Came to, USD", MONEY),
            "error_ratio": ("Error", PERCENT),
        },
        "spend_forecast",
        note="Growth and price changes ahead are not in it.",
    )


def anomalies() -> None:
    """What jumped."""
    marts, month = start("Anomalies", "What jumped on which day: was it volume or unit cost?")
    show(_anomalies, marts, month)


def _anomalies(marts: Marts, month: Month) -> None:
    left, right = st.columns(2)
    span = choice(
        "Days", ["month", "quarter", "year"], "span", "quarter",
        {"month": f"{month.name}", "quarter": "Three months up to it",
         "year": "Twelve months up to it"}.__getitem__, where=left,
    )  # fmt: skip
    dimension = choices(
        "Seen by",
        ["model", "api_key", "customer", "feature"],
        "seen",
        lambda word: word.replace("_", " "),
        where=right,
    )
    first = month.first
    for _ in range({"month": 0, "quarter": 2, "year": 11}[span]):
        first = queries.previous_month(first)
    rows = ask(marts, queries.anomalies, first, month.end, dimension)
    boxes = st.columns(3)
    metric(boxes[0], "Days that jumped", figures.count(len({row["usage_date"] for row in rows})))
    top = rows.first()
    metric(boxes[1], "Largest jump above usual, USD", figures.short_money(top["deviation_usd"]))
    metric(boxes[2], "Its cause", figures.label(top["cause"]) if rows else figures.UNKNOWN)
    if not rows:
        nothing("day jumped above its usual cost", "Look at more months, or be glad.")
        return
    shown = [
        {
            "what": f"{row['usage_date']:%-d %b} · {row['dimension'].replace('_', ' ')} "
            f"{figures.label(row['dimension_value'])}",
            "usd": row["deviation_usd"],
        }
        for row in list(rows)[:15]
    ]
    st.subheader("Above the median of the 28 days before")
    st.altair_chart(
        charts.bars(shown, "what", "usd", "USD above usual on the day", RED),
        alt="Bars: deviation of the days that jumped, in USD.",
    )
    table(
        rows,
        {
            "usage_date": ("UTC day", TEXT),
            "dimension": ("Seen by", TEXT),
            "dimension_value": ("Value", TEXT),
            "platform": ("Platform", TEXT),
            "cost_usd": ("Cost, USD", MONEY),
            "baseline_cost_usd": ("Usual, USD", MONEY),
            "deviation_usd": ("Above usual, USD", MONEY),
            "volume_effect_usd": ("by volume, USD", MONEY),
            "unit_cost_effect_usd": ("by unit cost, USD", MONEY),
            "other_effect_usd": ("not logged, USD", MONEY),
            "cost_status": ("Status", TEXT),
        },
        "cost_anomalies",
        note="Views of the same money: one jump can show as a model, a key, a customer and a "
        "feature. "
        "Never add them up.",
    )


def requests() -> None:
    """Down to the single request."""
    marts, month = start("Requests", "Which single requests make up the cost?")
    show(_requests, marts, month)


def _requests(marts: Marts, month: Month) -> None:
    feature_names: list[str] = []
    if marts.has("cost_per_feature"):
        feature_names = [
            value
            for value in ask(marts, queries.values, "cost_per_feature", "feature_id", month.first)
            if not value.startswith("__")
        ]
    model_names: list[str] = []
    if marts.has("spend_by_provider_model"):
        model_names = ask(marts, queries.values, "spend_by_provider_model", "model", month.first)
    every = "(all)"
    boxes = st.columns(5)
    days = [every] + [
        f"{month.first + timedelta(days=at):%Y-%m-%d}"
        for at in range((month.end - month.first).days)
    ]
    day = choice("UTC day", days, "day", every, where=boxes[0])
    feature = choice("Feature", [every, *feature_names], "feature_is", every, where=boxes[1])
    model = choice("Model", [every, *model_names], "model_is", every, where=boxes[2])
    customer = words("Customer id", "customer", where=boxes[3], placeholder="all")
    only = choice("Only", [every, *queries.RequestFilter.ONLY], "only", every, where=boxes[4])
    first, end = month.first, month.end
    if day != every:
        first = month.first + timedelta(days=days.index(day) - 1)
        end = first + timedelta(days=1)
    chosen = queries.RequestFilter(
        first=first,
        end=end,
        feature=None if feature == every else feature,
        model=None if model == every else model,
        customer=customer,
        only=None if only == every else only,
    )
    totals = ask(marts, queries.request_totals, chosen).first()
    boxes = st.columns(5)
    metric(boxes[0], "Attempts", figures.count(totals["attempts"]))
    metric(boxes[1], "Effective cost, USD", figures.short_money(totals["cost_usd"]))
    metric(boxes[2], "p50 per attempt, USD", figures.money(totals["p50_usd"]))
    metric(boxes[3], "p95 per attempt, USD", figures.money(totals["p95_usd"]))
    metric(
        boxes[4],
        "Retries and failures, USD",
        figures.short_money(totals["waste_cost_usd"]),
        help="Attempts that did not give the final success.",
    )
    if not totals["attempts"]:
        nothing("requests match", "Clear a filter, or choose another month.")
        return
    if totals["unpriced_attempts"]:
        st.caption(
            f"{figures.count(totals['unpriced_attempts'])} of them have no cost: unpriced, "
            "not free."
        )
    rows = ask(marts, queries.request_rows, chosen)
    st.subheader(f"The {len(rows)} dearest" if totals["attempts"] > len(rows) else "All of them")
    at = table(
        rows,
        {
            "requested_at": ("Time, UTC", TEXT),
            "request_id": ("Request", TEXT),
            "feature_id": ("Feature", TEXT),
            "customer_id": ("Customer", TEXT),
            "model": ("Model", TEXT),
            "effective_cost_usd": ("Cost, USD", FINE_MONEY),
            "input_tokens": ("Input tokens", COUNT),
            "output_tokens": ("Output tokens", COUNT),
            "status": ("Status", TEXT),
            "cost_status": ("Cost is", TEXT),
        },
        "requests",
        height=420,
        selectable=True,
        note="Select a row for all that is known of it. Prompts and answers are stored nowhere.",
    )
    if at is not None:
        row = dict(zip(rows.columns, rows.rows[at], strict=True))
        detail = ask(
            marts, queries.request_detail, row["requested_at"].date(), row["request_key"]
        ).first()
        _request(detail)


def _request(detail: dict[str, Any]) -> None:
    with st.container(border=True):
        st.markdown(f"**{plain(detail['request_id'])}**, attempt {detail['attempt']}")
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("Metered cost by price class")
            parts = [
                (name.replace("_", " "), detail.get(f"{name}_cost_usd"))
                for name in queries.PRICE_CLASSES
                if detail.get(f"{name}_cost_usd")
            ]
            lines = [
                *parts,
                ("= metered", detail["metered_cost_usd"]),
                ("effective, by the bill", detail["effective_cost_usd"]),
            ]
            st.markdown(ledger(lines, digits=6))
        with right:
            st.markdown("Who, and how we know")
            told = {
                "customer": ("customer_id", "customer_method"),
                "feature": ("feature_id", "feature_method"),
                "team": ("team_id", "team_method"),
                "environment": ("environment", "environment_method"),
            }
            rows = [
                f"| {what} | {plain(figures.label(detail[name]))} | {plain(detail[method])} |"
                for what, (name, method) in told.items()
            ]
            st.markdown("\n".join(["| | is | by |", "|:--|:--|:--|", *rows]))
            st.caption(
                f"{detail['platform']} · {figures.label(detail['model'])} · "
                f"{detail['service_tier']} · "
                f"{detail['pricing_status']} · {detail['cost_status']} · {detail['pnl_class']}"
            )
