"""The simulated period: whole UTC days, and how they become dates, months and instants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

DAY_US = 86_400_000_000
AS_OF = date(2026, 11, 22)


def add_months(day: date, months: int) -> date:
    """The same day `months` later; days 29 to 31 fall back to the month's last day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    first = date(year, month + 1, 1)
    last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - first).days
    return first.replace(day=min(day.day, last))


def epoch_us(day: date) -> int:
    """Microseconds from 1970 to the day's first UTC instant."""
    return (day - date(1970, 1, 1)).days * DAY_US


def instant(us: int) -> datetime:
    """A UTC timestamp without zone from microseconds since 1970."""
    return datetime.fromtimestamp(0, UTC).replace(tzinfo=None) + timedelta(microseconds=us)


@dataclass(frozen=True)
class Period:
    """Day 0 is the first of a month, the last day is `as_of`."""

    start: date
    as_of: date

    @classmethod
    def of_months(cls, months: int) -> Period:
        """The last `months` calendar months up to AS_OF, the last one open."""
        return cls(add_months(AS_OF.replace(day=1), 1 - months), AS_OF)

    @property
    def days(self) -> int:
        """Number of days, both ends included."""
        return (self.as_of - self.start).days + 1

    def day(self, index: int) -> date:
        """The date of a day index."""
        return self.start + timedelta(days=int(index))

    def index(self, day: date) -> int:
        """The day index of a date; negative before the period."""
        return (day - self.start).days

    def us(self, index: int) -> int:
        """Microseconds from 1970 to the start of a day index."""
        return epoch_us(self.start) + int(index) * DAY_US

    @property
    def months(self) -> list[date]:
        """First days of the months of the period."""
        count = (self.as_of.year - self.start.year) * 12 + self.as_of.month - self.start.month + 1
        return [add_months(self.start, i) for i in range(count)]
