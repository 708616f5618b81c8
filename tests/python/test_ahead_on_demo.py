"""The demo's forecasts, worked out anew in Python, and the jumps that were planted in it."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from math import ceil
from pathlib import Path

import duckdb
import pytest

from conftest import DemoData
from golden_company import query

D = Decimal
DAY = timedelta(days=1)


def rounded(value: Decimal, digits: int) -> Decimal:
    """Half away from zero."""
    return value.quantize(D(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def discrete(values: list[Decimal], share: Decimal) -> Decimal:
    """The smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(1, ceil(len(values) * share)) - 1]


def next_month(day: date) -> date:
    return (day.replace(day=28) + 4 * DAY).replace(day=1)


def months_before(month: date, number: int) -> date:
    for _ in range(number):
        month = (month - DAY).replace(day=1)
    return month


class Forecasts:
    """What spend_forecast must say, from the ledger's spend by platform and day alone."""

    def __init__(
        self, spend: dict[str, dict[date, Decimal]], as_of: date, complete: dict[date, bool]
    ) -> None:
        self.complete = complete
        # (month, platform): to date, ahead (None: too little history), the whole month, days left
        self.seen: dict[tuple[date, str], tuple[Decimal, Decimal | None, Decimal, int]] = {}
        for month in complete:
            for platform, days in spend.items():
                if min(days) < next_month(month):
                    self.seen[month, platform] = self.look(days, month, as_of)
            rows = [row for (when, _), row in self.seen.items() if when == month]
            ahead = [row[1] for row in rows if row[1] is not None]
            self.seen[month, "all"] = (
                sum((row[0] for row in rows), D(0)),
                sum(ahead, D(0)) if ahead else None,
                sum((row[2] for row in rows), D(0)),
                max(row[3] for row in rows),
            )

    @staticmethod
    def look(
        days: dict[date, Decimal], month: date, as_of: date
    ) -> tuple[Decimal, Decimal | None, Decimal, int]:
        recent = [day for day in days if as_of - 7 * DAY <= day <= as_of]
        known_to = max(recent, default=as_of)
        last = next_month(month) - DAY
        cutoff = min(month + (known_to - as_of.replace(day=1)), last)
        whole = sum((cost for day, cost in days.items() if month <= day <= min(last, as_of)), D(0))
        to_date = sum((cost for day, cost in days.items() if month <= day <= cutoff), D(0))
        coming = [
            month + n * DAY for n in range((last - month).days + 1) if month + n * DAY > cutoff
        ]
        ahead: Decimal | None = None
        if not coming:
            ahead = D(0)
        elif min(days) <= cutoff - 34 * DAY:
            ahead = D(0)
            for day in coming:
                past = [cutoff - n * DAY for n in range(35)]
                same = [days.get(p, D(0)) for p in past if p.weekday() == day.weekday()]
                assert len(same) == 5
                ahead += sorted(same)[2]
        return to_date, ahead, whole, len(coming)

    def error(self, month: date, platform: str) -> Decimal | None:
        """|forecast − actual| ÷ actual of a month that can be judged."""
        to_date, ahead, whole, _ = self.seen[month, platform]
        if not self.complete[month] or ahead is None or whole < D("0.01"):
            return None
        return rounded(abs(to_date + ahead - whole) / whole, 6)

    def multiple(self, month: date, platform: str) -> Decimal | None:
        """How the days ahead came out, by their forecast."""
        to_date, ahead, whole, _ = self.seen[month, platform]
        if self.error(month, platform) is None or ahead is None:
            return None
        rest = whole - to_date
        return rounded(rest / ahead, 12) if ahead * 1_000_000 > abs(rest) else None

    def row(
        self, month: date, platform: str
    ) -> tuple[Decimal, Decimal | None, Decimal | None, Decimal | None, Decimal | None, int]:
        """To date, forecast, low, high, back-test error and its months."""
        to_date, ahead, _, left = self.seen[month, platform]
        judged = [
            other
            for other, of in self.seen
            if of == platform
            and months_before(month, 6) <= other < month
            and self.error(other, platform) is not None
        ]
        errors = [error for m in judged if (error := self.error(m, platform)) is not None]
        ratios = [ratio for m in judged if (ratio := self.multiple(m, platform)) is not None]
        low = high = None
        if left == 0:
            low = high = D(1)
        elif ahead is not None and ahead > 0 and len(ratios) >= 3:
            low = min(discrete(ratios, D("0.1")), D(1))
            high = max(discrete(ratios, D("0.9")), D(1))

        def scaled(ratio: Decimal | None) -> Decimal | None:
            if ratio is None or ahead is None:
                return None
            return to_date + rounded(ahead * ratio, 15)

        return (
            to_date,
            None if ahead is None else to_date + ahead,
            scaled(low),
            scaled(high),
            discrete(errors, D("0.5")) if errors else None,
            len(judged),
        )


@pytest.fixture(scope="module")
def forecasts(demo_warehouse: Path) -> Forecasts:
    spend: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for platform, day, cost in query(
        demo_warehouse,
        "select platform, usage_date, sum(coalesce(effective_cost_usd, 0)) from marts.cost_ledger "
        "where ledger_row_type not in ('tax', 'credit', 'purchase') group by all order by all",
    ):
        spend[platform][day] = cost
    complete = dict(
        query(demo_warehouse, "select usage_month, is_period_complete from marts.ai_cogs_summary")
    )
    with localcontext() as context:
        context.prec = 60
        return Forecasts(spend, date(2026, 11, 22), dict(sorted(complete.items())))


def test_forecasts_and_their_back_test_error_are_what_python_says(
    demo_warehouse: Path, forecasts: Forecasts
) -> None:
    found = query(
        demo_warehouse,
        "select usage_month, platform, spend_to_date_usd, forecast_usd, forecast_low_usd, "
        "forecast_high_usd, backtest_error_ratio, backtest_months from marts.spend_forecast",
    )
    with localcontext() as context:
        context.prec = 60
        expected = {key: forecasts.row(*key) for key in forecasts.seen}
    assert {(month, platform): tuple(row) for month, platform, *row in found} == expected
    assert len(found) == len(expected)
    # The test would be empty if nothing were forecast, or nothing could be judged.
    company = [row for (_, platform), row in expected.items() if platform == "all"]
    assert sum(row[4] is not None and row[2] is not None for row in company) >= 6


def test_what_earlier_months_came_to_is_the_ledger(
    demo_warehouse: Path, forecasts: Forecasts
) -> None:
    found = query(
        demo_warehouse,
        "select usage_month, platform, actual_usd, days_left from marts.spend_forecast",
    )
    for month, platform, actual, left in found:
        is_over = month < date(2026, 11, 1)
        assert actual == (forecasts.seen[month, platform][2] if is_over else None)
        assert left == forecasts.seen[month, platform][3]


JUMP = "usage_date, dimension, platform, dimension_value, cause"


def test_planted_jumps_are_found_with_what_did_them(
    demo_warehouse: Path, demo_data: DemoData
) -> None:
    planted = duckdb.execute(
        f"select {JUMP} from read_parquet('{demo_data.truth}/jumps.parquet') order by all"
    ).fetchall()
    assert {row[-1] for row in planted} == {"volume", "unit_cost", "other"}
    found = query(demo_warehouse, f"select {JUMP} from marts.cost_anomalies")
    assert set(planted) <= set(found)


def test_nothing_else_jumps(demo_warehouse: Path, demo_data: DemoData) -> None:
    """What else is found on those days is another view of the same money."""
    days = duckdb.execute(
        f"select distinct usage_date from read_parquet('{demo_data.truth}/jumps.parquet') "
        "order by 1"
    ).fetchall()
    found = query(demo_warehouse, "select distinct usage_date from marts.cost_anomalies order by 1")
    assert found == days
    # Views of the stolen key: its key, its model, and spend that is nobody's.
    assert query(
        demo_warehouse,
        "select dimension, dimension_value from marts.cost_anomalies "
        "where cause = 'other' and usage_date = date '2026-10-24' order by all",
    ) == [
        ("api_key", "key_notebooks"),
        ("customer", "__unattributed__"),
        ("feature", "__unattributed__"),
        ("model", "gpt-5.2"),
    ]
