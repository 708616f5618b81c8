"""What the pages share: where the marts come from, the month, tables with CSV, and plain words."""

from __future__ import annotations

import html
import os
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from unit_economics import figures, queries
from unit_economics.marts import (
    Marts,
    MartsError,
    MissingMartError,
    ParquetMarts,
    SnowflakeMarts,
    Table,
    connector_runner,
    parquet_version,
    session_runner,
)

FOLDER = Path(__file__).resolve().parents[1]

# From here on a share counts as good, and below the second as weak.
METERING_BANDS = (Decimal("0.95"), Decimal("0.8"))
ATTRIBUTION_BANDS = (Decimal("0.9"), Decimal("0.8"))
# Up to here a share of estimated or unpriced cost counts as good, and above the second as weak.
ESTIMATED_BANDS = (Decimal("0.02"), Decimal("0.25"))
UNPRICED_BANDS = (Decimal("0.005"), Decimal("0.05"))

STYLE = """
<style>
  .block-container {padding-top: 2.6rem; padding-bottom: 4rem; max-width: 1320px;}
  [data-testid="stMetric"] {padding: .75rem .95rem;}
  [data-testid="stMetricValue"] {font-size: 1.65rem; font-weight: 650; letter-spacing: -.01em;}
  [data-testid="stMetricLabel"] p {font-size: .84rem; color: #4a5563; white-space: normal;
                                   line-height: 1.25;}
  h1 {font-size: 1.75rem !important; letter-spacing: -.015em; padding-bottom: 0 !important;}
  h3 {font-size: 1.12rem !important; padding-top: .6rem !important;}
  .ue-sub {color: #4a5563; margin: .1rem 0 .2rem 0; font-size: .97rem;}
  [data-testid="stSidebarHeader"]::after {content: "AI unit economics"; font-weight: 700;
      font-size: 1.05rem; letter-spacing: -.01em; color: #17212e; order: 1; flex: 1;
      margin-left: .6rem;}
  [data-testid="stSidebarHeader"] > :last-child {order: 2;}
  .ue-strip {display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: .5rem;
             margin: .2rem 0 .4rem;}
  .ue-pill {border: 1px solid #d9dfe7; border-left-width: 5px; border-radius: .5rem;
            padding: .38rem .75rem; font-size: .84rem; line-height: 1.3; background: #fff;
            color: #17212e;}
  .ue-pill b {font-size: .95rem; display: block;}
  .ue-good {border-left-color: #009e73;} .ue-fair {border-left-color: #e08a00;}
  .ue-weak {border-left-color: #c44601;} .ue-none {border-left-color: #9aa4b1;}
</style>
"""

MARKS = {"good": "✓", "fair": "!", "weak": "✕", "none": "?"}


# --- the marts ----------------------------------------------------------------------------------


def setting(name: str, variable: str) -> str:
    """A setting from the environment or settings.toml."""
    with (FOLDER / "settings.toml").open("rb") as file:
        given = tomllib.load(file)
    return os.environ.get(variable) or str(given[name])


def active_session() -> Any:
    """The Snowpark session of a warehouse runtime; None elsewhere."""
    try:
        from snowflake.snowpark.context import get_active_session

        return get_active_session()
    except Exception:  # no Snowpark, or Snowpark without a session
        return None


def in_snowflake() -> bool:
    """True where this runs as Streamlit in Snowflake, in a warehouse or in a container."""
    return active_session() is not None or Path("/snowflake/session/token").exists()


def load() -> Marts:
    """The marts as they are now; raises MartsError with what to do."""
    source = setting("source", "AI_MARTS_SOURCE")
    if source not in ("auto", "parquet", "snowflake"):
        raise MartsError(f"source is {source!r}: write auto, parquet or snowflake")
    if source == "snowflake" or (source == "auto" and in_snowflake()):
        marts: Marts = _snowflake(setting("marts_schema", "AI_MARTS_SCHEMA"))
        return marts
    folder = Path(setting("marts_dir", "AI_MARTS_DIR"))
    folder = folder if folder.is_absolute() else FOLDER.parent / folder
    marts = _parquet(str(folder), parquet_version(folder))
    return marts


@st.cache_resource(max_entries=4, show_spinner="Opening the export …")  # type: ignore[untyped-decorator]
def _parquet(folder: str, version: str) -> Marts:
    """One connection for all sessions, until the next export."""
    return ParquetMarts(Path(folder))


@st.cache_resource(ttl=3600, max_entries=4, show_spinner="Connecting to Snowflake …")  # type: ignore[untyped-decorator]
def _snowflake(schema: str) -> Marts:
    """One session for all, renewed every hour."""
    session = active_session()
    if session is not None:
        return SnowflakeMarts(session_runner(session), schema)
    name = setting("snowflake_connection", "AI_SNOWFLAKE_CONNECTION")
    connection = st.connection(name, type="snowflake")
    return SnowflakeMarts(connector_runner(connection.raw_connection), schema)


@st.cache_data(ttl=3600, max_entries=400, show_spinner=False)  # type: ignore[untyped-decorator]
def _answer(version: str, name: str, given: tuple[Any, ...], _marts: Marts) -> Any:
    """A query's result, kept until the marts change."""
    return getattr(queries, name)(_marts, *given)


def ask(marts: Marts, query: Callable[..., Any], *given: Any) -> Any:
    """Result of a function of `queries`, from memory where it was asked before."""
    frozen = tuple(tuple(value) if isinstance(value, list) else value for value in given)
    return _answer(marts.version, query.__name__, frozen, marts)


# --- words --------------------------------------------------------------------------------------

WHY_OFF = {
    "cost_per_request": "single requests",
    "cost_per_feature": "cost by feature",
    "cost_per_customer": "what each customer costs",
    "cost_per_workflow_run": "cost of agent runs",
    "margin_by_plan": "margin by plan",
    "ai_cogs_summary": "the P&L of AI",
    "spend_by_team": "cost by team",
    "price_change_impact": "price scenarios",
    "spend_forecast": "the forecast",
    "cost_anomalies": "days that jumped",
}


def show(part: Callable[..., None], *given: Any) -> None:
    """Draw a part of a page; a mart that is not there takes one clear line, never a trace."""
    try:
        part(*given)
    except MissingMartError as missing:
        what = WHY_OFF.get(missing.name, missing.name.replace("_", " "))
        st.info(
            f"**{what[0].upper()}{what[1:]} is not available.** The mart `{missing.name}` is not "
            "among these marts: a scenario in `ai_scenarios` leaves it out, or the export did.",
            icon=":material/visibility_off:",
        )
    except MartsError as error:
        st.warning(str(error), icon=":material/warning:")


def plain(text: str | None) -> str:
    """A value from the data inside Markdown, where it must format nothing."""
    return re.sub(r"([\\`*_{}\[\]<>()#+\-.!|$:~])", r"\\\1", text or "")


def nothing(what: str, remedy: str = "Choose another month or clear the filters.") -> None:
    """A part without rows says so."""
    st.info(f"No {what}. {remedy}", icon=":material/search_off:")


@dataclass(frozen=True)
class Month:
    """The chosen month, and how the other months are written."""

    first: date
    is_complete: bool
    complete: dict[date, bool]

    @property
    def end(self) -> date:
        """First day after it."""
        return queries.next_month(self.first)

    @property
    def name(self) -> str:
        """Its name, with the word that it is open."""
        return figures.month_name(self.first) + ("" if self.is_complete else " (incomplete)")

    def label(self, month: date) -> str:
        """A month as the axes write it."""
        return f"{month:%b %y}" + ("" if self.complete.get(month, True) else "|incomplete")


def key(month: date) -> str:
    """A month as the address writes it."""
    return f"{month:%Y-%m}"


def choose_month(marts: Marts) -> Month:
    """The month of all pages, in the sidebar and in the address (`month=2026-10`)."""
    found = ask(marts, queries.months)
    if not found:
        raise MartsError("The marts hold no month with any cost yet.")
    complete = {row["usage_month"]: bool(row["complete"]) for row in found}
    by_key = {key(month): month for month in complete}
    usual = next((key(month) for month in complete if complete[month]), next(iter(by_key)))

    def written(name: str) -> str:
        month = by_key[name]
        return f"{month:%B %Y}" + ("" if complete[month] else " (incomplete)")

    # In the address the plain key, so that a link stays right once the month is complete.
    chosen = choice("Month (UTC)", list(by_key), "month", usual, written, where=st.sidebar)
    month = by_key[chosen]
    return Month(month, complete[month], complete)


# --- filters that live in the address -------------------------------------------------------------


def _from_address(name: str, options: Sequence[str]) -> list[str]:
    """Values of a parameter that are among the options."""
    return [value for value in st.query_params.get_all(name) if value in options]


def _remember(name: str, chosen: list[str]) -> None:
    """Write a filter to the address, or take it out."""
    if chosen != st.query_params.get_all(name):
        if chosen:
            st.query_params[name] = chosen
        else:
            st.query_params.pop(name, None)


def _start(name: str, options: Sequence[str]) -> None:
    """Before a widget is drawn: the address wins when the page is opened by it.

    A page change clears the address, so what was chosen before is kept beside the widget, whose own
    state ends with its page.
    """
    kept = st.session_state.setdefault("kept", {})
    given = _from_address(name, options)
    seen = st.session_state.setdefault("seen", {})
    if given and given != seen.get(name):
        kept[name] = given
        st.session_state.pop(f"widget_{name}", None)
    kept[name] = [value for value in kept.get(name, []) if value in options]


def _end(name: str, chosen: list[str]) -> None:
    st.session_state.kept[name] = chosen
    st.session_state.seen[name] = chosen
    _remember(name, chosen)


def choice(
    label: str,
    options: Sequence[str],
    name: str,
    usual: str,
    written: Callable[[str], str] = str,
    where: Any = st,
    help: str | None = None,
) -> str:
    """One of the options; the usual one leaves the address clean."""
    _start(name, options)
    start = next(iter(st.session_state.kept[name]), usual)
    chosen = where.selectbox(
        label,
        options,
        index=list(options).index(start),
        format_func=written,
        key=f"widget_{name}",
        help=help,
    )
    _end(name, [] if chosen == usual else [chosen])
    return str(chosen)


def choices(
    label: str,
    options: Sequence[str],
    name: str,
    written: Callable[[str], str] = figures.label,
    where: Any = st,
    placeholder: str = "All",
) -> list[str]:
    """Any number of the options; none means all."""
    _start(name, options)
    chosen = where.multiselect(
        label,
        options,
        default=st.session_state.kept[name],
        format_func=written,
        key=f"widget_{name}",
        placeholder=placeholder,
    )
    _end(name, list(chosen))
    return list(chosen)


def words(label: str, name: str, where: Any = st, placeholder: str = "") -> str | None:
    """A text that is searched for exactly."""
    given = st.query_params.get_all(name)
    kept = st.session_state.setdefault("kept", {})
    seen = st.session_state.setdefault("seen", {})
    if given and given != seen.get(name):
        kept[name] = given
        st.session_state.pop(f"widget_{name}", None)
    start = next(iter(kept.get(name, [])), "")
    text = where.text_input(label, value=start, key=f"widget_{name}", placeholder=placeholder)
    chosen = text.strip()
    _end(name, [chosen] if chosen else [])
    return chosen or None


# --- the frame of a page ------------------------------------------------------------------------


def heading(title: str, question: str) -> None:
    """Title and the question that the page answers."""
    st.title(title)
    st.html(f'<p class="ue-sub">{html.escape(question)}</p>')


def _band(value: Decimal | None, bands: tuple[Decimal, Decimal], high_is_good: bool) -> str:
    """good, fair or weak; none where the value is not known."""
    if value is None:
        return "none"
    if high_is_good:
        return "good" if value >= bands[0] else "fair" if value >= bands[1] else "weak"
    return "good" if value <= bands[0] else "fair" if value <= bands[1] else "weak"


def trust_measures(found: queries.Trust, is_complete: bool) -> list[tuple[str, str, str]]:
    """(band, figure, words) of each measure, in the order in which they limit the others."""
    is_billed = found.billed_usage_usd is not None
    days = found.unexplained_days if is_billed else None
    bills = "no bill is missing" if is_billed else "no bill to compare with"
    return [
        (
            "good" if is_complete else "fair",
            "Complete month" if is_complete else "Incomplete month",
            bills if is_complete else "costs and bills still come in",
        ),
        (
            _band(found.estimated_ratio, ESTIMATED_BANDS, high_is_good=False),
            f"{figures.percent(found.estimated_ratio)} estimated",
            "cost no bill confirms yet",
        ),
        (
            "none" if days is None else "good" if days == 0 else "fair" if days < 10 else "weak",
            f"{figures.count(days)} unexplained",
            "platform-days off the bill",
        ),
        (
            _band(found.metering_ratio, METERING_BANDS, high_is_good=True),
            f"{figures.percent(found.metering_ratio)} metered",
            "of billed usage seen as requests",
        ),
        (
            _band(found.attribution_ratio, ATTRIBUTION_BANDS, high_is_good=True),
            f"{figures.percent(found.attribution_ratio)} attributed",
            "of usage cost has a customer",
        ),
        (
            _band(found.unpriced_ratio, UNPRICED_BANDS, high_is_good=False),
            f"{figures.percent(found.unpriced_ratio)} unpriced",
            "of requests have no price",
        ),
    ]


def trust_strip(marts: Marts, month: Month) -> None:
    """How far to trust the page, before any other figure."""
    found = ask(marts, queries.trust, month.first)
    pills = "".join(
        f'<div class="ue-pill ue-{band}"><b>{MARKS[band]} {html.escape(figure)}</b>'
        f"{html.escape(text)}</div>"
        for band, figure, text in trust_measures(found, month.is_complete)
    )
    st.html(f'<div class="ue-strip" data-testid="trust">{pills}</div>')


def metric(
    where: Any,
    label: str,
    value: str,
    delta: str | None = None,
    better: str = "off",
    help: str | None = None,
) -> None:
    """A figure in a box; `better`: normal (more is good), inverse or off (neither)."""
    where.metric(
        label,
        value,
        delta=delta,
        delta_color=better,
        help=help,
        border=True,
        height="content" if where is st else "stretch",
    )


def delta(now: Decimal | None, before: Decimal | None, against: str) -> str | None:
    """Relative change as the box writes it, with a plain minus: it tells Streamlit the way."""
    part = figures.change(now, before)
    if part is None or part == 0:
        return None
    if part >= 9:
        return f"×{figures.rounded(part + 1, 0)} vs {against}"
    return f"{figures.rounded(part * 100, 1):+.1f} % vs {against}"


def delta_points(now: Decimal | None, before: Decimal | None, against: str) -> str | None:
    """Change of a ratio in points."""
    part = figures.points(now, before)
    return None if part is None else f"{figures.rounded(part, 1):+.1f} pts vs {against}"


# --- tables -------------------------------------------------------------------------------------

MONEY, FINE_MONEY, PERCENT, COUNT = "money", "fine money", "percent", "count"
TEXT, MONTH, FLAG = "text", "month", "flag"


def _text(value: Any) -> str:
    """A value in a column of text."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    return figures.label(value) if value is None or isinstance(value, str) else str(value)


def table(
    rows: Table,
    columns: dict[str, tuple[str, str]],
    file: str,
    height: Any = "auto",
    selectable: bool = False,
    note: str | None = None,
) -> int | None:
    """A table of some columns (name → title and kind) and a CSV of all of them with all digits.

    Returns the number of the row that was selected, if any.
    """
    data: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    for name, (title, kind) in columns.items():
        values = rows.column(name)
        if kind in (MONEY, FINE_MONEY, PERCENT):
            scale = 100 if kind == PERCENT else 1
            values = [None if value is None else float(value * scale) for value in values]
        elif kind == MONTH:
            values = [f"{value:%Y-%m}" for value in values]
        elif kind == TEXT:
            values = [_text(value) for value in values]
        data[title] = values
        if kind == MONEY:
            settings[title] = st.column_config.NumberColumn(format="dollar")
        elif kind == FINE_MONEY:
            settings[title] = st.column_config.NumberColumn(format="$%.6f")
        elif kind == PERCENT:
            settings[title] = st.column_config.NumberColumn(format="%.1f %%")
        elif kind == COUNT:
            settings[title] = st.column_config.NumberColumn(format="localized")
    frame = pd.DataFrame(data)
    state = st.dataframe(
        frame,
        hide_index=True,
        column_config=settings,
        height=height,
        placeholder=figures.UNKNOWN,
        key=f"table_{file}",
        on_select="rerun" if selectable else "ignore",
        selection_mode="single-row",
    )
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.caption(note or "– is not known, 0 is none.")
    right.download_button(
        "CSV, all digits",
        rows.csv(),
        file_name=f"{file}.csv",
        mime="text/csv",
        key=f"csv_{file}",
        on_click="ignore",
        icon=":material/download:",
        width="stretch",
    )
    if not selectable:
        return None
    chosen = state["selection"]["rows"]
    return int(chosen[0]) if chosen else None
