"""Charts. Each has a unit on its axes, colours for the colour-blind, and a text for readers.

Numbers are floats here, for the picture only; the tables beside the charts hold the exact ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt
import pandas as pd

BLUE, ORANGE, GREEN, PURPLE = "#0b5cad", "#e08a00", "#009e73", "#b5488e"
SKY, BROWN, GREY, RED = "#56b4e9", "#8c5a2b", "#6b7684", "#c44601"
PALETTE = [BLUE, ORANGE, GREEN, PURPLE, SKY, BROWN, RED, GREY]
INK, FAINT = "#17212e", "#e6eaf0"
USD = "$,.2f"
OTHERS = "all others"
DASHES = [[1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 4], [12, 2], [1, 3], [6, 2, 1, 2]]

# A bar chart with more series than this is not read any more: the rest is one series.
MOST_SERIES = 7


def frame(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows with floats in place of decimals."""
    return pd.DataFrame(
        [
            {
                name: float(value) if isinstance(value, Decimal) else value
                for name, value in row.items()
            }
            for row in rows
        ]
    )


def month_label(month: date, complete: bool) -> str:
    """Text of the axis; a bar parts its lines."""
    return f"{month:%b %y}" if complete else f"{month:%b %y}|incomplete"


def months_axis(title: str | None = None) -> alt.Axis:
    """Months, the open one named as such below its name."""
    return alt.Axis(title=title, labelAngle=0, labelExpr="split(datum.label, '|')", grid=False)


def usd_axis(title: str, fine: bool = False) -> alt.Axis:
    """Amounts in USD; `fine` = small ones."""
    words = (
        "format(datum.value, '$,.6~f')"
        if fine
        else "abs(datum.value) >= 1000 ? format(datum.value, '$,.3~s') "
        ": format(datum.value, '$,.2~f')"
    )
    return alt.Axis(title=title, labelExpr=words, gridColor=FAINT, tickCount=6)


def log_axis(title: str, low: float, high: float) -> alt.Axis:
    """Amounts in USD on a logarithmic scale: its powers of ten, and halves where they are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 3) if last - first <= 3 else (1,)
    values = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    return alt.Axis(
        title=f"{title}, logarithmic",
        labelExpr="format(datum.value, '$,.6~f')",
        gridColor=FAINT,
        values=[value for value in values if low * 0.999 <= value <= high * 1.001],
    )


def dressed(chart: Any, height: int, names: Iterable[str] = ()) -> Any:
    """The same look for all; the legend has as many columns as the `names` of its series allow."""
    columns = 4 if 0 < sum(len(name) + 4 for name in names) <= 56 else 3
    return (
        chart.properties(height=height)
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            labelFontSize=12,
            titleFontSize=12,
            titleFontWeight="normal",
            domainColor="#9aa4b1",
            tickColor="#9aa4b1",
        )
        .configure_legend(
            orient="top",
            title=None,
            labelColor=INK,
            labelFontSize=12,
            symbolType="square",
            labelLimit=130,
            columns=columns,
        )
    )


def top_series(
    rows: Sequence[Mapping[str, Any]], name: str, amount: str, keep: Sequence[str] = ("month",)
) -> list[dict[str, Any]]:
    """The largest series by their sum; the others are added up in one."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row[name]] = sums.get(row[name], Decimal(0)) + (row[amount] or 0)
    largest = sorted(sums, key=lambda item: (-sums[item], item))[:MOST_SERIES]
    added: dict[tuple[Any, ...], Decimal] = {}
    for row in rows:
        series = row[name] if row[name] in largest else OTHERS
        key = (*(row[column] for column in keep), series)
        added[key] = added.get(key, Decimal(0)) + (row[amount] or 0)
    return [
        dict(zip((*keep, name), key, strict=True)) | {amount: value} for key, value in added.items()
    ]


def series_colours(names: Iterable[str], amounts: Mapping[str, Decimal] | None = None) -> alt.Scale:
    """Series in order of size, grey for what is added up."""
    ordered = list(dict.fromkeys(names))
    if amounts:
        ordered.sort(key=lambda name: (name == OTHERS, -amounts.get(name, Decimal(0)), name))
    colours = [GREY if name == OTHERS else PALETTE[at % 8] for at, name in enumerate(ordered)]
    return alt.Scale(domain=ordered, range=colours)


def stacked_months(
    rows: Sequence[Mapping[str, Any]],
    name: str,
    amount: str,
    unit: str,
    colours: alt.Scale | None = None,
    height: int = 320,
) -> Any:
    """Bars of months, stacked by `name`; rows have `month` (a label) in order of time."""
    order = list(dict.fromkeys(row["month"] for row in rows))
    if colours is None:
        sums: dict[str, Decimal] = {}
        for row in rows:
            sums[row[name]] = sums.get(row[name], Decimal(0)) + (row[amount] or 0)
        colours = series_colours(sums, sums)
    data = frame(
        [
            dict(row)
            | {
                "open": row["month"].endswith("incomplete"),
                "place": colours.domain.index(row[name]),
            }
            for row in rows
        ]
    )
    chart = (
        alt.Chart(data)
        .mark_bar(stroke="#ffffff", strokeWidth=0.6)
        .encode(
            x=alt.X("month:O", sort=order, axis=months_axis(), scale=alt.Scale(paddingInner=0.28)),
            y=alt.Y(f"{amount}:Q", axis=usd_axis(unit), stack="zero"),
            color=alt.Color(f"{name}:N", scale=colours),
            order=alt.Order("place:Q"),
            opacity=alt.condition("datum.open", alt.value(0.5), alt.value(1)),
            tooltip=[
                alt.Tooltip("month:O", title="Month"),
                alt.Tooltip(f"{name}:N", title="What"),
                alt.Tooltip(f"{amount}:Q", title=unit, format=USD),
            ],
        )
    )
    return dressed(chart, height, colours.domain)


def lines(
    rows: Sequence[Mapping[str, Any]],
    name: str,
    value: str,
    unit: str,
    percent: bool = False,
    fine: bool = False,
    log: bool = False,
    height: int = 280,
    domain: Sequence[float] | None = None,
    colours: alt.Scale | None = None,
) -> Any:
    """A line per `name` over months, with its points; unknown months leave a gap."""
    # Months without a value stay on the axis, series without any do not.
    order = list(dict.fromkeys(row["month"] for row in rows))
    names = list(dict.fromkeys(row[name] for row in rows if row[value] is not None))
    rows = [row for row in rows if row[name] in names]
    axis = (
        alt.Axis(title=unit, format=".1~%", gridColor=FAINT, tickCount=6)
        if percent
        else usd_axis(unit, fine)
    )
    if log:
        known = [float(row[value]) for row in rows if row[value] is not None and row[value] > 0]
        axis = log_axis(unit, min(known) * 0.8, max(known) * 1.2)
    colours = colours or series_colours(names)
    dashes = alt.Scale(domain=list(colours.domain), range=DASHES)
    scale = alt.Scale(zero=not percent, nice=True)
    if log:
        scale = alt.Scale(type="log", domain=[min(known) * 0.8, max(known) * 1.2], nice=False)
    if domain:
        scale = alt.Scale(domain=list(domain))
    chart = (
        alt.Chart(frame(rows))
        .mark_line(
            strokeWidth=2.5, point=alt.OverlayMarkDef(size=46, filled=True), interpolate="linear"
        )
        .encode(
            x=alt.X("month:O", sort=order, axis=months_axis(), scale=alt.Scale(domain=order)),
            y=alt.Y(
                f"{value}:Q",
                axis=axis,
                scale=scale,
            ),
            color=alt.Color(
                f"{name}:N",
                scale=colours,
                legend=alt.Legend(symbolType="stroke", symbolStrokeWidth=3, symbolSize=260),
            ),
            strokeDash=alt.StrokeDash(f"{name}:N", sort=names, scale=dashes),
            tooltip=[
                alt.Tooltip("month:O", title="Month"),
                alt.Tooltip(f"{name}:N", title="What"),
                alt.Tooltip(f"{value}:Q", title=unit, format=".1%" if percent else "$,.6~f"),
            ],
        )
    )
    return dressed(chart, height)


def bars(
    rows: Sequence[Mapping[str, Any]],
    name: str,
    amount: str,
    unit: str,
    colour: str = BLUE,
    negative: str = RED,
    fine: bool = False,
    height: int | None = None,
) -> Any:
    """A bar per row in the order given, negative ones in another colour, with their amount."""
    data = frame(rows)
    order = [row[name] for row in rows]
    shown = "$,.4~f" if fine else USD
    # Room for the amounts beside the bars.
    low, high = min(0.0, data[amount].min()), max(0.0, data[amount].max())
    room = 0.2 * (high - low)
    domain = [low - (room if low < 0 else 0), high + (room if high > 0 else 0) or 1]
    base = alt.Chart(data).encode(
        y=alt.Y(
            f"{name}:N", sort=order, axis=alt.Axis(title=None, labelLimit=240, labelOverlap=False)
        ),
        x=alt.X(
            f"{amount}:Q",
            axis=usd_axis(unit, fine),
            scale=alt.Scale(domain=domain, nice=False),
        ),
        tooltip=[
            alt.Tooltip(f"{name}:N", title="What"),
            alt.Tooltip(f"{amount}:Q", title=unit, format=shown),
        ],
    )
    below = f"datum['{amount}'] < 0"
    drawn = base.mark_bar(height={"band": 0.68}).encode(
        color=alt.condition(below, alt.value(negative), alt.value(colour))
    )
    text = base.encode(text=alt.Text(f"{amount}:Q", format=shown))
    layers = drawn + text.transform_filter(f"!({below})").mark_text(align="left", dx=5, color=INK)
    if low < 0:
        layers += text.transform_filter(below).mark_text(align="right", dx=-5, color=INK)
    return dressed(layers, height or 70 + 30 * len(rows))


def spread(
    rows: Sequence[Mapping[str, Any]],
    name: str,
    marks: Mapping[str, str],
    unit: str,
    height: int | None = None,
) -> Any:
    """Percentiles of each row on one line; `marks`: column → its name, the lowest first.

    The axis is logarithmic where the values span more than two orders of magnitude.
    """
    order = [row[name] for row in rows]
    found = [
        {name: row[name], "measure": title, "value": row[column]}
        for row in rows
        for column, title in marks.items()
        if row[column] is not None and row[column] > 0
    ]
    data = frame(found)
    titles = list(marks.values())
    low, high = float(data["value"].min()) * 0.7, float(data["value"].max()) * 1.4
    scale, axis = alt.Scale(zero=True), usd_axis(unit, fine=True)
    if high > 100 * low:
        scale, axis = (
            alt.Scale(type="log", domain=[low, high], nice=False),
            log_axis(unit, low, high),
        )
    y = alt.Y(
        f"{name}:N", sort=order, axis=alt.Axis(title=None, labelLimit=240, labelOverlap=False)
    )
    rule = (
        alt.Chart(data)
        .mark_rule(color="#9aa4b1", strokeWidth=3)
        .encode(y=y, x=alt.X("min(value):Q", scale=scale), x2="max(value):Q")
    )
    points = (
        alt.Chart(data)
        .mark_point(size=130, filled=True, opacity=1)
        .encode(
            y=y,
            x=alt.X("value:Q", scale=scale, axis=axis),
            color=alt.Color(
                "measure:N", scale=alt.Scale(domain=titles, range=[GREEN, BLUE, ORANGE])
            ),
            shape=alt.Shape(
                "measure:N",
                scale=alt.Scale(domain=titles, range=["circle", "square", "triangle-up"]),
            ),
            tooltip=[
                alt.Tooltip(f"{name}:N", title="What"),
                alt.Tooltip("measure:N", title="Measure"),
                alt.Tooltip("value:Q", title=unit, format="$,.6~f"),
            ],
        )
    )
    return dressed(rule + points, height or 90 + 34 * len(rows)).configure_legend(
        orient="top", title=None, labelColor=INK, labelFontSize=12
    )


def before_after(rows: Sequence[Mapping[str, Any]], name: str, unit: str) -> Any:
    """Two bars per row: columns `before` and `after` in USD."""
    order = [row[name] for row in rows]
    data = frame(
        {name: row[name], "when": when, "value": row[when]}
        for row in rows
        for when in ("before", "after")
        if row[when] is not None
    )
    chart = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            y=alt.Y(
                f"{name}:N",
                sort=order,
                axis=alt.Axis(title=None, labelLimit=240, labelOverlap=False),
            ),
            yOffset=alt.YOffset("when:N", sort=["before", "after"]),
            x=alt.X("value:Q", axis=usd_axis(unit)),
            color=alt.Color(
                "when:N", scale=alt.Scale(domain=["before", "after"], range=[SKY, BLUE])
            ),
            tooltip=[
                alt.Tooltip(f"{name}:N", title="Plan"),
                alt.Tooltip("when:N", title="When"),
                alt.Tooltip("value:Q", title=unit, format=USD),
            ],
        )
    )
    return dressed(chart, 60 + 48 * len(rows))


def forecast(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Actual months as bars, what was forecast as points with their band."""
    order = [row["month"] for row in rows]
    data = frame(rows)
    x = alt.X("month:O", sort=order, axis=months_axis(), scale=alt.Scale(paddingInner=0.28))
    unit = "USD per month"
    names = ["actual", "spent so far", "forecast"]
    colours = alt.Scale(domain=names, range=[BLUE, SKY, ORANGE])
    series = alt.Color("series:N", scale=colours)
    bar = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y("spent:Q", axis=usd_axis(unit)),
            color=series,
            tooltip=[
                alt.Tooltip("month:O", title="Month"),
                alt.Tooltip("spent:Q", title="Spent, USD", format=USD),
            ],
        )
    )
    told = alt.Chart(data).transform_filter("isValid(datum.forecast)")
    told = told.transform_calculate(series="'forecast'")
    band = told.mark_rule(strokeWidth=2.5, color=ORANGE).encode(x=x, y="low:Q", y2="high:Q")
    point = told.mark_point(size=110, filled=True, shape="diamond", opacity=1).encode(
        x=x,
        y="forecast:Q",
        color=series,
        tooltip=[
            alt.Tooltip("month:O", title="Month"),
            alt.Tooltip("forecast:Q", title="Forecast, USD", format=USD),
            alt.Tooltip("low:Q", title="Low, USD", format=USD),
            alt.Tooltip("high:Q", title="High, USD", format=USD),
        ],
    )
    return dressed(bar + band + point, 340)


def days(rows: Sequence[Mapping[str, Any]], name: str, colours: alt.Scale) -> Any:
    """Cost by day, stacked by `name`."""
    data = frame(dict(row) | {"place": colours.domain.index(row[name])} for row in rows)
    data["usage_date"] = pd.to_datetime(data["usage_date"])
    chart = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            x=alt.X(
                "yearmonthdate(usage_date):T",
                axis=alt.Axis(title="UTC day", format="%-d %b", grid=False),
            ),
            y=alt.Y("cost_usd:Q", axis=usd_axis("USD per day"), stack="zero"),
            color=alt.Color(f"{name}:N", scale=colours),
            order=alt.Order("place:Q"),
            tooltip=[
                alt.Tooltip("usage_date:T", title="Day", format="%-d %B %Y"),
                alt.Tooltip(f"{name}:N", title="What"),
                alt.Tooltip("cost_usd:Q", title="USD", format=USD),
            ],
        )
    )
    return dressed(chart, 300)


def customers(rows: Sequence[Mapping[str, Any]]) -> Any:
    """A point per customer: revenue against cost to serve; left of the line it loses money."""
    data = frame(rows)
    words = ["healthy", "watch", "at risk", "underwater"]
    paid, spent = data["net_revenue_usd"], data["cost_to_serve_usd"]
    x = alt.Scale(type="log", domain=[spent.min() * 0.7, spent.max() * 1.4], nice=False)
    y = alt.Scale(type="log", domain=[paid.min() * 0.7, paid.max() * 1.4], nice=False)
    ends = [
        max(spent.min() * 0.7, paid.min() * 0.7),
        max(min(spent.max() * 1.4, paid.max() * 1.4), max(spent.min(), paid.min())),
    ]
    line = (
        alt.Chart(pd.DataFrame({"a": ends}))
        .mark_line(color="#56606d", strokeDash=[5, 4], clip=True)
        .encode(x=alt.X("a:Q", scale=x), y=alt.Y("a:Q", scale=y))
    )
    points = (
        alt.Chart(data)
        .mark_point(filled=True, size=75, opacity=0.8)
        .encode(
            x=alt.X(
                "cost_to_serve_usd:Q",
                scale=x,
                axis=log_axis("AI cost to serve, USD per month", *x.domain),
            ),
            y=alt.Y(
                "net_revenue_usd:Q",
                scale=y,
                axis=log_axis("Net revenue, USD per month", *y.domain),
            ),
            color=alt.Color(
                "health:N", scale=alt.Scale(domain=words, range=[GREEN, SKY, ORANGE, RED])
            ),
            shape=alt.Shape(
                "health:N",
                scale=alt.Scale(domain=words, range=["circle", "square", "triangle-up", "diamond"]),
            ),
            tooltip=[
                alt.Tooltip("customer_id:N", title="Customer"),
                alt.Tooltip("plan_id:N", title="Plan"),
                alt.Tooltip("net_revenue_usd:Q", title="Revenue, USD", format=USD),
                alt.Tooltip("cost_to_serve_usd:Q", title="Cost, USD", format=USD),
            ],
        )
    )
    return dressed(line + points, 400)
