"""Measures what expectations.yml asks for, in the warehouse; Great Expectations judges it later."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from checks import TYPES, Check, Definition, Limits, Table
from warehouse import ROOT, CannotLookError, Column, Project, Relation, Warehouse

sys.path.insert(0, str(ROOT / "scripts"))

from prices.book import Book, Key, read_book
from prices.names import Resolver, read_aliases

PRICES = ROOT / "seeds" / "prices"
# A value that more words than these differ from is reported by its most frequent ones.
MOST_WORDS = 50
# What usage without any price is divided by.
SMALLEST_USD = Decimal("0.000001")


def as_day(column: Column) -> str:
    """SQL of a column's UTC day: a timestamp, a date, ISO text, or Unix seconds."""
    if column.family == "number":
        return f"cast('1970-01-01' as date) + cast(floor({column.sql} / 86400) as integer)"
    if column.family == "text":
        return f"try_cast(substr(trim({column.sql}), 1, 10) as date)"
    return f"cast({column.sql} as date)"


def as_number(column: Column) -> str:
    """SQL of a column's number; text that is none is NULL."""
    if column.family == "text":
        return f"try_cast({column.sql} as numeric(38, 15))"
    return f"cast({column.sql} as numeric(38, 15))"


def as_word(column: Column) -> str:
    """SQL of a column's text; dbt reads empty text as NULL as well."""
    return f"nullif(trim(cast({column.sql} as varchar)), '')"


def day_literal(day: date) -> str:
    """SQL of a date."""
    return f"cast('{day.isoformat()}' as date)"


def number(value: Any) -> float | None:
    """A measured number for a frame; None stays None."""
    return None if value is None else float(value)


def quotient(numerator: Any, denominator: Any) -> float | None:
    """`numerator` ÷ `denominator`; None where either is unknown or the latter is not above 0."""
    if numerator is None or denominator is None or not float(denominator) > 0:
        return None
    return float(numerator) / float(denominator)


def newest_load(
    warehouse: Warehouse, project: Project, definition: Definition
) -> tuple[datetime, str]:
    """The newest `loaded_at` of all raw tables, and the table that has it.

    The clock of a company that is looked at later than it was loaded. Raises CannotLookError where
    no table says when it was loaded.
    """
    newest: tuple[datetime, str] | None = None
    for name, relation in project.sources.items():
        column = warehouse.columns(relation).get(loaded_at(definition, name))
        if column is None or column.family not in ("timestamp", "text"):
            continue
        ((found,),) = warehouse.rows(
            f"select max(cast({column.sql} as timestamp)) from {relation.sql}"
        )
        if found is None:
            continue
        moment = found.replace(tzinfo=None)
        if newest is None or moment > newest[0]:
            newest = (moment, name)
    if newest is None:
        places = sorted({f"{r.database}.{r.schema}" for r in project.sources.values()})
        raise CannotLookError(
            f"No raw table in {', '.join(places)} says when it was loaded. "
            "Load them (`make demo`), or say the time: --as-of 2026-11-23"
        )
    return newest


def loaded_at(definition: Definition, table: str) -> str:
    """The column that says when a raw row was loaded."""
    return str(definition.raw.get(table, {}).get("loaded_at", "loaded_at"))


class RawTable:
    """The measurements of one raw table."""

    def __init__(
        self,
        warehouse: Warehouse,
        relation: Relation,
        entry: Mapping[str, Any],
        defaults: Mapping[str, Any],
        as_of: datetime,
    ) -> None:
        """`entry`: the table's part of expectations.yml; `as_of`: the moment that counts as now."""
        self.warehouse = warehouse
        self.relation = relation
        self.entry = entry
        self.defaults = defaults
        self.as_of = as_of
        self.columns = warehouse.columns(relation)
        day = self.columns.get(str(entry.get("day", "")).lower())
        self.day = as_day(day) if day else None
        # The newest day that must be complete, and the days that are judged.
        self.last_day = as_of.date() - timedelta(days=int(entry.get("lag_days", 1)))
        self.window = int(defaults["window_days"])
        self.weeks = int(defaults["compare_weeks"])
        self.first_day = self.last_day - timedelta(days=self.window - 1)
        self.before = self.first_day - timedelta(days=7 * self.weeks)

    def checks(self) -> list[Check]:
        """All checks of the table, in the order of the definition's keys."""
        found = [self.has_columns(), self.has_types()]
        parts: dict[str, Callable[[], Sequence[Check]]] = {
            "max_days_behind": self.is_up_to_date,
            "volume": self.has_usual_volume,
            "key": self.has_unique_keys,
            "values": self.has_known_words,
            "nulls": self.has_few_nulls,
            "not_negative": self.is_not_negative,
            "drift": self.has_usual_means,
            "unit_price": self.has_usual_unit_prices,
        }
        for part, measure in parts.items():
            if part in self.entry:
                found += measure()
        return found

    def column(self, name: str) -> Column | None:
        """A column by its name in the definition."""
        return self.columns.get(name.lower())

    def between(self, first: date, last: date) -> str:
        """SQL: the row's day is from `first` to `last`, both inclusive."""
        return f"{self.day} between {day_literal(first)} and {day_literal(last)}"

    @property
    def is_recent(self) -> str:
        """SQL: the row lies on a day that is judged."""
        return self.between(self.first_day, self.last_day)

    @property
    def is_before(self) -> str:
        """SQL: the row lies in the weeks that the judged days are compared with."""
        return self.between(self.before, self.first_day - timedelta(days=1))

    def has_columns(self) -> Check:
        """Schema drift: a column that is gone would be read as NULL without a word."""
        wanted = tuple(name.lower() for name in self.entry["columns"])
        return Check(
            "columns",
            "Columns that the numbers rest on are there",
            "critical",
            [("", name) for name in self.columns],
            contains=wanted,
        )

    def has_types(self) -> Check:
        """Schema drift: a column of another type."""
        kinds = {name.lower(): kind for name, kind in self.entry["columns"].items()}
        return Check(
            "types of columns",
            "Columns are landed with types that can be read without loss",
            "critical",
            [
                (kind, f"{n} {self.columns[n].family}")
                for n, kind in kinds.items()
                if n in self.columns
            ],
            words=tuple(
                f"{name} {family}" for name, kind in kinds.items() for family in TYPES[kind]
            ),
        )

    def is_up_to_date(self) -> list[Check]:
        """Freshness of what the rows are about, and rows from the future."""
        if self.day is None:
            return []
        tomorrow = self.as_of.date() + timedelta(days=1)
        ((newest, future),) = self.warehouse.rows(
            f"select max(case when {self.day} <= {day_literal(tomorrow)} then {self.day} end), "
            f"sum(case when {self.day} > {day_literal(tomorrow)} then 1 else 0 end) "
            f"from {self.relation.sql}"
        )
        behind = None if newest is None else (self.as_of.date() - as_date(newest)).days
        checks = [
            Check(
                "days behind",
                f"Days from the newest {self.entry['day']} to {self.as_of:%Y-%m-%d}",
                "critical",
                # An empty table is as far behind as can be.
                [
                    (
                        "" if newest is None else f"{newest:%Y-%m-%d}",
                        9999 if behind is None else behind,
                    )
                ],
                limits=Limits(most=float(self.entry["max_days_behind"])),
            ),
            Check(
                "future rows",
                f"Rows later than {tomorrow:%Y-%m-%d}",
                "critical",
                [("", int(future or 0))],
                limits=Limits(most=0),
            ),
        ]
        return checks[:1] if self.entry.get("may_be_ahead") else checks

    def has_usual_volume(self) -> list[Check]:
        """Rows of each day against the same weekday, of the week against the weeks before."""
        if self.day is None:
            return []
        limits = {**self.defaults["volume"], **(self.entry["volume"] or {})}
        counts: dict[date, int] = {
            as_date(day): int(rows)
            for day, rows in self.warehouse.rows(
                f"select {self.day}, count(*) from {self.relation.sql} "
                f"where {self.between(self.before, self.last_day)} group by 1"
            )
        }
        first = min(counts, default=self.last_day)
        days = [self.first_day + timedelta(days=n) for n in range(self.window)]
        ratios = []
        for day in days:
            earlier = [day - timedelta(days=7 * n) for n in range(1, self.weeks + 1)]
            usual = usual_rows([counts.get(d, 0) for d in earlier if d >= first])
            enough = usual is not None and usual >= limits["min_rows_a_day"]
            ratios.append(
                (day.isoformat(), quotient(counts.get(day, 0), usual) if enough else None)
            )
        weeks = []
        for n in range(1, self.weeks + 1):
            start = self.first_day - timedelta(days=7 * n)
            if start >= first:
                weeks.append(sum(counts.get(start + timedelta(days=d), 0) for d in range(7)))
        week = sum(counts.get(self.last_day - timedelta(days=n), 0) for n in range(7))
        usual_week = usual_rows(weeks)
        enough = usual_week is not None and usual_week >= limits["min_rows_a_week"]
        found = [
            Check(
                "rows of the week",
                f"Rows of 7 days ÷ median of the {self.weeks} weeks before",
                "critical",
                [(self.last_day.isoformat(), quotient(week, usual_week) if enough else None)],
                limits=Limits(float(limits["week"][0]), float(limits["week"][1])),
            )
        ]
        if limits["day"]:
            found.insert(
                0,
                Check(
                    "rows of a day",
                    f"Rows of a day ÷ median of that weekday in the {self.weeks} weeks before",
                    "critical",
                    ratios,
                    limits=Limits(float(limits["day"][0]), float(limits["day"][1])),
                ),
            )
        return found

    def has_unique_keys(self) -> list[Check]:
        """Rows of one load with the same key: parts of a page that was loaded twice are summed."""
        names = [*self.entry["key"], *([self.loaded] if self.loaded in self.columns else [])]
        key = ", ".join(self.columns[n.lower()].sql for n in names if self.column(n))
        where = f"where {self.between(self.before, self.last_day)}" if self.day else ""
        ((copies,),) = self.warehouse.rows(
            "select coalesce(sum(copies - 1), 0) from ("
            f"select count(*) as copies from {self.relation.sql} {where} group by {key}) as keys"
        )
        return [
            Check(
                "rows of the same key",
                f"Rows beyond the first of {', '.join(names)}",
                str(self.entry.get("key_severity", "critical")),
                [("", int(copies))],
                limits=Limits(most=0),
            )
        ]

    @property
    def loaded(self) -> str:
        """The column that says when a row was loaded."""
        return str(self.entry.get("loaded_at", "loaded_at")).lower()

    def has_known_words(self) -> list[Check]:
        """Words of a column on the judged days: a new one is a change at the source."""
        found = []
        for name, words in self.entry["values"].items():
            column = self.column(name)
            if column is None:
                continue
            where = f"where {self.is_recent}" if self.day else ""
            counted = self.warehouse.rows(
                f"select lower({as_word(column)}), count(*) from {self.relation.sql} {where} "
                f"group by 1 having lower({as_word(column)}) is not null "
                f"order by 2 desc, 1 limit {MOST_WORDS}"
            )
            found.append(
                Check(
                    f"words of {name}",
                    f"Every {name} is a word that is known",
                    "critical",
                    [(f"{rows:,} rows", str(word)) for word, rows in counted],
                    words=tuple(str(word).lower() for word in words),
                )
            )
        return found

    def has_few_nulls(self) -> list[Check]:
        """Share of rows without a dimension, and how much it rose against the weeks before."""
        if self.day is None:
            return []
        names = [name for name in self.entry["nulls"] if self.column(name)]
        sums = ", ".join(
            f"sum(case when {days} and {as_word(self.columns[name.lower()])} is null "
            "then 1 else 0 end)"
            for name in names
            for days in (self.is_recent, self.is_before)
        )
        if not names:
            return []
        ((recent, before, *nulls),) = self.warehouse.rows(
            f"select sum(case when {self.is_recent} then 1 else 0 end), "
            f"sum(case when {self.is_before} then 1 else 0 end), {sums} "
            f"from {self.relation.sql} where {self.between(self.before, self.last_day)}"
        )
        found = []
        enough = int(recent or 0) >= int(self.defaults["min_rows_for_shares"])
        for name, now, then in zip(names, nulls[::2], nulls[1::2], strict=True):
            limits = {**self.defaults["nulls"], **(self.entry["nulls"][name] or {})}
            share = quotient(now, recent) if enough else None
            usual = quotient(then, before)
            rise = None if share is None or usual is None else share - usual
            found += [
                Check(
                    f"NULL share of {name}",
                    f"Share of rows without {name} on the judged days",
                    "critical",
                    [("", share)],
                    limits=Limits(most=float(limits["max"])),
                ),
                Check(
                    f"NULL rise of {name}",
                    f"Share of rows without {name} less that of the {self.weeks} weeks before",
                    "critical",
                    [("", rise)],
                    limits=Limits(most=float(limits["max_rise"])),
                ),
            ]
        return found

    def is_not_negative(self) -> list[Check]:
        """Amounts below zero where the line is no credit; dbt takes them as the bill says."""
        found = []
        for name, but in self.entry["not_negative"].items():
            column = self.column(name)
            if column is None:
                continue
            allowed = f" and not ({but})" if but else ""
            where = f" and {self.is_recent}" if self.day else ""
            ((rows,),) = self.warehouse.rows(
                f"select count(*) from {self.relation.sql} "
                f"where {as_number(column)} < 0{allowed}{where}"
            )
            found.append(
                Check(
                    f"negative {name}",
                    f"Rows whose {name} is below 0" + (f", but where {but}" if but else ""),
                    "critical",
                    [("", int(rows))],
                    limits=Limits(most=0),
                )
            )
        return found

    def has_usual_means(self) -> list[Check]:
        """Mean of a quantity on the judged days against the weeks before: a unit that changed."""
        found = []
        for name, limits in self.entry["drift"].items():
            column = self.column(name)
            if column is None or self.day is None:
                continue
            value = f"cast({as_number(column)} as double precision)"
            ((now, count, then),) = self.warehouse.rows(
                f"select avg(case when {self.is_recent} then {value} end), "
                f"count(case when {self.is_recent} then {column.sql} end), "
                f"avg(case when {self.is_before} then {value} end) "
                f"from {self.relation.sql} where {self.between(self.before, self.last_day)}"
            )
            enough = int(count) >= int(self.defaults["min_rows_for_shares"])
            found.append(
                Check(
                    f"mean {name}",
                    f"Mean {name} of the judged days ÷ that of the {self.weeks} weeks before",
                    "critical",
                    [("", quotient(now, then) if enough else None)],
                    limits=Limits(float(limits[0]), float(limits[1])),
                )
            )
        return found

    def has_usual_unit_prices(self) -> list[Check]:
        """Amount per unit, by kind of line, against the weeks before: cost against usage."""
        entry = self.entry["unit_price"]
        amount, quantity, by = (self.column(entry[k]) for k in ("amount", "quantity", "by"))
        if amount is None or quantity is None or by is None or self.day is None:
            return []
        money, units = as_number(amount), as_number(quantity)
        rows = self.warehouse.rows(
            f"select {as_word(by)}, "
            f"sum(case when {self.is_recent} then {money} end), "
            f"sum(case when {self.is_recent} then {units} end), "
            f"sum(case when {self.is_before} then {money} end), "
            f"sum(case when {self.is_before} then {units} end) "
            f"from {self.relation.sql} where {self.between(self.before, self.last_day)} "
            f"and {money} > 0 and {units} > 0 group by 1 order by 1"
        )
        values = [
            (str(word), quotient(quotient(m1, u1), quotient(m0, u0)))
            for word, m1, u1, m0, u0 in rows
            if word is not None and m1 is not None and m0 is not None
        ]
        return [
            Check(
                "unit price",
                f"{entry['amount']} ÷ {entry['quantity']} by {entry['by']}, against the "
                f"{self.weeks} weeks before",
                "critical",
                values,
                limits=Limits(float(entry["limits"][0]), float(entry["limits"][1])),
            )
        ]


def as_date(value: Any) -> date:
    """A day as an engine gives it: fake and real servers may answer with a timestamp."""
    return value.date() if isinstance(value, datetime) else value


def usual_rows(counts: Sequence[int]) -> float | None:
    """The median of at least three counts."""
    return float(median(counts)) if len(counts) >= 3 else None


@cache
def price_book(folder: Path = PRICES) -> tuple[Book, Resolver]:
    """The package's price book, and what resolves raw model ids to its models."""
    book = Book(read_book(folder / "ai_model_prices.csv"))
    return book, Resolver(book.providers, read_aliases(folder / "ai_model_aliases.csv"))


def priced_usage(
    warehouse: Warehouse, table: RawTable, entry: Mapping[str, Any]
) -> dict[date, tuple[Decimal, float]]:
    """Per UTC day: usage × list price in USD, and the share of tokens that has a price.

    At the standard price of a class in the first context window: enough to tell a wrong unit or
    half a load from a discount.
    """
    book, resolver = price_book()
    model = table.column(entry["model"])
    if table.day is None or model is None:
        return {}
    classes = list(entry["tokens"])
    rows = warehouse.rows(
        f"select {table.day}, {as_word(model)}, "
        + ", ".join(f"sum({entry['tokens'][name]})" for name in classes)
        + f" from {table.relation.sql} where {table.is_recent} group by 1, 2"
    )
    priced: dict[date, Decimal] = {}
    known: dict[date, int] = {}
    total: dict[date, int] = {}
    for day, raw, *counts in rows:
        day = as_date(day)
        name, _ = resolver.resolve(entry["platform"], str(raw)) if raw else (None, "")
        for kind, count in zip(classes, counts, strict=True):
            tokens = int(count or 0)
            total[day] = total.get(day, 0) + tokens
            key = Key(entry["platform"], name or "", kind, "global", "standard", "sync", 0)
            price = book.price_at(key, day) if name else None
            if price is None:
                continue
            known[day] = known.get(day, 0) + tokens
            priced[day] = priced.get(day, Decimal(0)) + price * tokens / 1_000_000
    return {
        day: (amount, known[day] / total[day] if total[day] else 1.0)
        for day, amount in priced.items()
    }


def cost_against_usage(bill: RawTable, usage: RawTable, entry: Mapping[str, Any]) -> list[Check]:
    """Billed ÷ (usage × list price) per day and for the judged days together."""
    amount = bill.column(entry["amount"])
    if amount is None or bill.day is None:
        return []
    priced = priced_usage(bill.warehouse, usage, entry)
    billed = {
        as_date(day): Decimal(str(total)) * Decimal(str(entry.get("usd_per_unit", 1)))
        for day, total in bill.warehouse.rows(
            f"select {bill.day}, sum({as_number(amount)}) from {bill.relation.sql} "
            f"where {bill.is_recent} and {entry['usage_lines']} group by 1"
        )
        if total is not None
    }
    days, money, used = [], Decimal(0), Decimal(0)
    for n in range(bill.window):
        day = bill.first_day + timedelta(days=n)
        expected, share = priced.get(day, (Decimal(0), 1.0))
        comparable = share >= float(entry["min_priced_share"]) and day in billed
        if comparable:
            money, used = money + billed[day], used + expected
        # Either side may be the one that is a thousandfold too small.
        enough = comparable and max(expected, billed[day]) >= Decimal(str(entry["min_usd_a_day"]))
        ratio = billed[day] / max(expected, SMALLEST_USD) if enough else None
        days.append((day.isoformat(), number(ratio)))
    limits = Limits(float(entry["limits"][0]), float(entry["limits"][1]))
    enough = max(used, money) >= Decimal(str(entry["min_usd"]))
    ratio = money / max(used, SMALLEST_USD) if enough else None
    return [
        Check(
            "cost against usage of a day",
            f"Billed ÷ (tokens of {usage.relation.name} × list price)",
            "critical",
            days,
            limits=limits,
        ),
        Check(
            "cost against usage",
            f"The same over the {bill.window} judged days",
            "critical",
            [(bill.last_day.isoformat(), number(ratio))],
            limits=limits,
        ),
    ]


def measure_raw(
    warehouse: Warehouse,
    project: Project,
    definition: Definition,
    as_of: datetime,
    only: Sequence[str] = (),
) -> list[Table]:
    """Every raw table of the definition: measured, or skipped with the reason."""
    found: list[Table] = []
    shapes = project.variables.get("ai_source_shapes") or {}
    for name, entry in definition.raw.items():
        if only and name not in only:
            continue
        relation = project.sources.get(name)
        shape = shapes.get(entry.get("source", ""), "api")
        if relation is None:
            found.append(Table(name, skipped=f"its source is off ({entry['switch']})"))
            continue
        if shape not in ("api", "export"):
            text = f"landed by {shape}: describe its columns in a definition of your own"
            found.append(Table(name, skipped=text))
            continue
        table = RawTable(warehouse, relation, entry, definition.defaults, as_of)
        if not table.columns:
            there = Check(
                "table",
                f"{relation.sql} is there",
                "critical",
                [("", "missing")],
                words=("there",),
            )
            found.append(Table(name, [there]))
            continue
        checks = table.checks()
        if compare := entry.get("cost_against_usage"):
            other = project.sources.get(compare["usage"])
            if other is not None:
                usage = RawTable(
                    warehouse, other, definition.raw[compare["usage"]], definition.defaults, as_of
                )
                usage.first_day, usage.last_day = table.first_day, table.last_day
                checks += cost_against_usage(table, usage, compare)
        found.append(Table(name, checks))
    return found


def measure_marts(
    warehouse: Warehouse,
    project: Project,
    definition: Definition,
    as_of: datetime,
    only: Sequence[str] = (),
) -> list[Table]:
    """Every mart of the definition: measured, or skipped with the reason.

    A check's `sql` gives (item, value) rows. `{mart_name}` in it is the mart's relation,
    `{as_of}` a date, `{month}` the first day of the newest month that is complete.
    """
    window = int(definition.defaults["window_days"])
    today = as_of.date()
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    words = {
        "as_of": day_literal(today),
        "month": day_literal(last_month),
        "recent": day_literal(today - timedelta(days=window)),
        "before": day_literal(
            today - timedelta(days=window + 7 * definition.defaults["compare_weeks"])
        ),
    }
    words |= {name: relation.sql for name, relation in project.models.items()}
    found: list[Table] = []
    for name, entry in definition.marts.items():
        if only and name not in only:
            continue
        relation = project.models.get(name)
        if relation is None:
            found.append(Table(name, skipped="the mart is off"))
            continue
        if not warehouse.columns(relation):
            there = Check(
                "table", f"{relation.sql} is there", "critical", [("", "missing")], words=("there",)
            )
            found.append(Table(name, [there]))
            continue
        checks = []
        for title, check in entry.items():
            try:
                sql = check["sql"].format(**words)
            except KeyError as missing:
                # It reads another mart, which this project has switched off.
                checks.append(Check(title, f"needs {missing}", "warning", []))
                continue
            rows = warehouse.rows(sql)
            checks.append(
                Check(
                    title,
                    check["about"],
                    check.get("severity", "critical"),
                    [(str(item), number(value)) for item, value in rows],
                    limits=Limits(check.get("min"), check.get("max")),
                )
            )
        found.append(Table(name, checks))
    return found


def moment(text: str) -> datetime:
    """A UTC time given by a user: `now`, a date (its end), or an ISO timestamp."""
    if text == "now":
        return datetime.now(UTC).replace(tzinfo=None)
    found = datetime.fromisoformat(text)
    if found.tzinfo is not None:
        found = found.astimezone(UTC).replace(tzinfo=None)
    return found
