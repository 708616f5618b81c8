"""Check prices and sources: each problem with its place and what to do about it.

    doctor.py prices                      the seeds, then the warehouse at AI_DUCKDB_PATH
    doctor.py prices --no-warehouse       the seeds alone; `make build`, `make demo` begin with it
    doctor.py prices --all                every warning and note, not the first of each kind
    doctor.py prices --max-age-days 90    warn of prices that nobody has compared for 90 days
    doctor.py sources                     the raw tables of what is switched on, through dbt
    doctor.py sources --vars '{…}' --target snowflake    with dbt's own options

Of prices it reads the seed files as text, before any warehouse can round, cut or guess. The
columns, words and keys come from the yml beside the seeds, so that this and the tests of
`dbt build` cannot differ; the tables at the top of this file hold what the yml cannot say. Reads
only.

Exit code: 0, also with warnings; 1 when a seed or source has an error; 2 for a wrong option.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import io
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import yaml
from rich.console import Console
from rich.text import Text

import load_raw
import source_checks
from findings import LEVELS, Finding, Report, plural, show
from prices.book import TOKENS, UNITS

ROOT = Path(__file__).resolve().parents[1]
PRICES = "ai_model_prices"
ALIASES = "ai_model_aliases"
OVERRIDES = "ai_price_overrides"
# Seeds without which there are no prices at all.
NEEDED = (PRICES, ALIASES, OVERRIDES, "ai_bill_line_items")

# --- What the yml cannot say, per seed and column -------------------------------------------------

# A date column's latest day, in days from today; other date columns have none.
DAYS_AHEAD = {"valid_from": 400, "checked_date": 0}
FIRST_DAY = date(2015, 1, 1)
# Ids that are compared with lower-case text.
LOWER_CASE = {
    PRICES: ("platform", "provider", "model"),
    ALIASES: ("platform", "pattern", "model", "provider"),
    "ai_bill_line_items": ("platform", "match_value"),
}
# Columns that name a model of the book: (platform or the column that holds it, model, is_error).
MODELS = {
    ALIASES: [("platform", "model", True)],
    "ai_azure_deployments": [("=azure_openai", "model", True)],
    "ai_bedrock_profiles": [("=aws_bedrock", "model", True)],
    "ai_price_scenarios": [("platform", "model", False), ("to_platform", "to_model", False)],
}
# Columns whose words are those of the price book where the yml gives them none of their own.
SHARED_WORDS = ("price_class", "unit", "region_scope", "service_tier", "processing")
# Why two rows with one key are wrong, and which of them to keep.
DUPLICATES = {
    PRICES: "delete one of the two; a price change is a row with a later valid_from",
    ALIASES: "keep the row with the right model",
    OVERRIDES: "delete one of the two, or give it a later valid_from",
}
# Models of these kinds give no output that is billed.
WITHOUT_OUTPUT = re.compile(r"embed|moderation|rerank|guard|classif")
OUTPUT_CLASSES = {"output", "output_audio", "output_image", *UNITS} - {"web_search"}
# A cache write is missed where this share of the maker's models on the platform has it.
SIBLINGS_RATIO = Decimal("0.9")
LEAST_SIBLINGS = 3
DEAREST_MULTIPLIER = Decimal(2)

# Quantity columns of marts.cost_per_request that are not named `<class>_tokens`.
QUANTITIES = {
    "web_search": "web_search_requests",
    "code_execution": "code_execution_sessions",
    "image": "images",
    "audio_second": "audio_seconds",
    "character": "characters",
}

DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBER = re.compile(r"-?\d+(\.\d+)?")
EXPONENT = re.compile(r"[+-]?\d*\.?\d+[eE][+-]?\d+")
SEPARATED = re.compile(r"[+-]?\d+(?:[,_' \u00a0]\d+)+(?:\.\d+)?")


@dataclass(frozen=True)
class Column:
    """What the cells of a column may be. `kind`: text, number, integer or date."""

    kind: str = "text"
    whole_digits: int = 0
    decimals: int = 0
    is_required: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """A seed's columns and the columns that name one row, as its yml tells them."""

    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row of a seed; `number` is the line on which it begins, as an editor shows it."""

    number: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """The cell's text without the spaces around it; empty where the seed has no such column."""
        return self.cells.get(column, "").strip()


@dataclass
class Seed:
    """A seed file: its rules, its rows, and those of them whose every cell can be read."""

    rules: Rules
    file: str
    header: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)
    good: list[Row] = field(default_factory=list)

    def line(self, **cells: str) -> str:
        """A row for this file as text, its other cells empty."""
        text = io.StringIO()
        names = self.header or tuple(self.rules.columns)
        csv.writer(text, lineterminator="").writerow([cells.get(name, "") for name in names])
        return text.getvalue()


# --- The rules: from the yml ----------------------------------------------------------------------


def column_rules(sql_type: str, tests: Sequence[Any]) -> Column:
    """Rules of a column from its type and its data tests."""
    words: tuple[str, ...] = ()
    is_required = False
    for test in tests:
        name = test if isinstance(test, str) else next(iter(test))
        is_required = is_required or name == "not_null"
        if name == "accepted_values":
            words = tuple(str(word) for word in test[name]["arguments"]["values"])
    kind, whole, decimals = "text", 0, 0
    if number := re.fullmatch(r"(?:numeric|decimal|number)\((\d+), ?(\d+)\)", sql_type.lower()):
        kind, decimals = "number", int(number[2])
        whole = int(number[1]) - decimals
    elif sql_type.lower() in ("bigint", "integer", "int", "smallint"):
        kind, whole = "integer", 18
    elif sql_type.lower() == "date":
        kind = "date"
    return Column(kind, whole, decimals, is_required, words)


def read_rules(folder: Path) -> dict[str, Rules]:
    """Rules of every seed that a yml in `folder`, else in the package, describes; by name."""
    files = sorted(folder.glob("*.yml")) or sorted((ROOT / "seeds" / "prices").glob("*.yml"))
    described = [
        seed
        for file in files
        for seed in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("seeds", [])
    ]
    found: dict[str, Rules] = {}
    for seed in described:
        tests = {c["name"]: c.get("data_tests", []) for c in seed.get("columns", [])}
        keys = [
            test["ai_unique_combination"]["arguments"]["columns"]
            for test in seed.get("data_tests", [])
            if "ai_unique_combination" in test
        ]
        types = seed["config"]["column_types"]
        columns = {name: column_rules(kind, tests.get(name, [])) for name, kind in types.items()}
        found[seed["name"]] = Rules(seed["name"], columns, tuple(keys[0]) if keys else ())
    return {name: with_shared_words(rules, found.get(PRICES)) for name, rules in found.items()}


def with_shared_words(rules: Rules, book: Rules | None) -> Rules:
    """The rules, with the price book's words for columns that have none of their own."""
    columns = dict(rules.columns)
    for name in SHARED_WORDS:
        if book is not None and name in columns and not columns[name].words:
            own = columns[name]
            columns[name] = Column(
                own.kind, own.whole_digits, own.decimals, own.is_required, book.columns[name].words
            )
    return Rules(rules.name, columns, rules.key)


# --- One file: its header, its rows, its cells ----------------------------------------------------


def read_seed(path: Path, rules: Rules, report: Report) -> Seed:
    """Read a seed file and report what is wrong with its text, header, rows and cells."""
    seed = Seed(rules, shown(path))

    def error(kind: str, text: str, remedy: str, row: int | None = None) -> None:
        report.append(Finding("error", kind, text, remedy, seed.file, row))

    if not path.exists():
        error("file", "the file is missing", "restore it, or write a file with its header alone")
        return seed
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        row = data[: problem.start].count(b"\n") + 1
        error("encoding", "the text is not UTF-8", "save the file as CSV UTF-8", row)
        return seed
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 1
    try:
        for cells in reader:
            if number == 1:
                if not check_header(cells, rules, error):
                    return seed
                seed.header = tuple(cells)
            elif cells and len(cells) != len(seed.header):
                error(
                    "cells",
                    f"{len(cells)} cells, but the header has {len(seed.header)}",
                    'a comma is too few or too many; put text with a comma in "double quotes"',
                    number,
                )
            elif cells:
                seed.rows.append(Row(number, dict(zip(seed.header, cells, strict=True))))
            number = reader.line_num + 1
    except csv.Error as problem:
        error("quotes", f"the text cannot be read ({problem})", "close the double quotes", number)
    if number == 1:
        error("header", "the file is empty", f"begin it with {','.join(rules.columns)}", 1)
    return seed


def check_header(
    header: Sequence[str], rules: Rules, error: Callable[[str, str, str, int | None], None]
) -> bool:
    """Are the columns those of the seed, in its order? Reports what is wrong with them.

    The order matters: dbt on DuckDB loads a changed file into the table that is there by position.
    """
    if list(header) == list(rules.columns):
        return True
    remedy = f"begin the file with {','.join(rules.columns)}"
    if len(header) == 1 and re.search(r"[;\t|]", header[0]):
        error("header", "the cells are not separated by commas", "save it with commas", 1)
        return False
    twice = [name for name, n in Counter(header).items() if n > 1]
    missing = [name for name in rules.columns if name not in header]
    unknown = [name for name in header if name not in rules.columns]
    parts = [
        f"{what} {', '.join(names)}"
        for what, names in (("lacks", missing), ("has unknown", unknown), ("has twice", twice))
        if names
    ]
    text = " and ".join(parts) or "has the columns in another order"
    error("header", f"the header {text}", remedy, 1)
    return False


def check_cells(seed: Seed, today: date, report: Report) -> None:
    """Report every cell that is not what its column holds; keep the rows without one."""
    for row in seed.rows:
        wrong = False
        for name, column in seed.rules.columns.items():
            for kind, problem, remedy in cell_problems(seed.rules, name, column, row, today):
                wrong = True
                text = f"{name} {problem}"
                report.append(
                    Finding("error", f"{kind} {name}", text, remedy, seed.file, row.number)
                )
        if not wrong:
            seed.good.append(row)


def cell_problems(
    rules: Rules, name: str, column: Column, row: Row, today: date
) -> Iterator[tuple[str, str, str]]:
    """(kind, what is wrong, remedy) of a cell."""
    text = row[name]
    if row.cells[name] != text:
        yield "spaces", f"has spaces around {text!r}", "delete the spaces"
    if not text:
        if column.is_required:
            yield "empty", "is empty", "fill the cell, or delete the row"
        return
    if name in LOWER_CASE.get(rules.name, ()) and text != text.lower():
        yield (
            "capitals",
            f"{text!r} has capital letters and meets nothing",
            f"write {text.lower()}",
        )
    if column.words and text not in column.words:
        near = difflib.get_close_matches(text.lower(), column.words, n=1)
        known = ", ".join(column.words)
        yield (
            "unknown",
            f"{text!r} is unknown",
            f"write {near[0]} (known: {known})" if near else f"write one of {known}",
        )
    if column.kind == "date":
        yield from date_problems(name, text, today)
    elif column.kind in ("number", "integer"):
        yield from number_problems(column, text)


def date_problems(name: str, text: str, today: date) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the text of a date."""
    example = f"write a UTC day as in {today}"
    if not DATE.fullmatch(text):
        if DATE.match(text) and re.match(r"[T ]\d", text[10:]):
            yield "time", f"{text!r} has a time", f"a UTC day alone: write {text[:10]}"
        else:
            yield "date", f"{text!r} is not a date", example
        return
    try:
        day = date.fromisoformat(text)
    except ValueError:
        yield "date", f"{text!r} is no day of the calendar", example
        return
    ahead = DAYS_AHEAD.get(name)
    if day < FIRST_DAY:
        yield "early", f"{text} is before {FIRST_DAY}", "correct the year"
    elif ahead is not None and day > today + timedelta(days=ahead):
        if ahead:
            yield (
                "future",
                f"{text} is more than {ahead} days ahead of {today}",
                "correct the year; a price that is announced for later is added when it is near",
            )
        else:
            yield "future", f"{text} has not come yet", f"write a day up to {today}"


def number_problems(column: Column, text: str) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the text of a number."""
    if not NUMBER.fullmatch(text):
        if EXPONENT.fullmatch(text):
            yield "exponent", f"{text!r} has an exponent", f"write {Decimal(text):f}"
        elif SEPARATED.fullmatch(text):
            yield (
                "separator",
                f"{text!r} has a separator",
                "write digits, with a point before the decimals and nothing between thousands",
            )
        else:
            yield (
                "number",
                f"{text!r} is not a number",
                "write digits with a point before the decimals, as in 0.25; no sign of a currency",
            )
        return
    whole, _, decimals = text.lstrip("-").partition(".")
    if text.startswith("-") and Decimal(text):
        yield "negative", f"{text} is negative", f"write it without the sign: {text[1:]}"
    if column.kind == "integer" and decimals:
        yield "whole", f"{text} is not a whole number", f"write {whole}, or the right number"
    elif len(decimals.rstrip("0")) > column.decimals:
        yield (
            "digits",
            f"{text} has more than {column.decimals} decimals, which would be rounded",
            "shorten it, or give the price for a larger unit",
        )
    if len(whole.lstrip("0")) > column.whole_digits:
        yield "digits", f"{text} is too large", "correct the number"


def check_duplicates(seed: Seed, report: Report) -> None:
    """Report each row whose key an earlier row has; empty cells count as equal."""
    first: dict[tuple[str, ...], int] = {}
    for row in seed.rows if seed.rules.key else ():
        key = tuple(row[name] for name in seed.rules.key)
        if key not in first:
            first[key] = row.number
            continue
        named = " ".join(cell for cell in key if cell)
        report.append(
            Finding(
                "error",
                "duplicate",
                f"duplicate key, the same as row {first[key]} ({named})",
                DUPLICATES.get(seed.rules.name, "delete one of the two"),
                seed.file,
                row.number,
            )
        )


# --- Rules over several cells or seeds ------------------------------------------------------------


def check_rows(seeds: Mapping[str, Seed], book: Book, report: Report) -> None:
    """Report rows whose cells are right one by one, but not together or beside other seeds."""
    for seed in seeds.values():
        for row in seed.good:
            for level, kind, text, remedy in row_problems(seed, row, book):
                report.append(Finding(level, kind, text, remedy, seed.file, row.number))


Problem = tuple[str, str, str, str]


def row_problems(seed: Seed, row: Row, book: Book) -> Iterator[Problem]:
    """(level, kind, what is wrong, remedy) of a row."""
    name = seed.rules.name
    if row["valid_to"] and row["valid_from"] and row["valid_to"] <= row["valid_from"]:
        yield (
            "error",
            "period",
            f"valid_to {row['valid_to']} is not after valid_from {row['valid_from']}",
            "write the first UTC day on which it no longer holds, or leave it empty",
        )
    for platform_column, model_column, is_error in MODELS.get(name, []):
        model = row[model_column]
        if platform_column.startswith("="):
            platform = platform_column[1:]
        else:
            platform = row[platform_column] or row["platform"]
        if model and book.models and (platform, model) not in book.models:
            near = difflib.get_close_matches(model, book.of_platform(platform), n=1)
            yield (
                "error" if is_error else "warning",
                "unknown model",
                f"{model_column} {model!r} is not in the price book on platform {platform}",
                (f"write {near[0]}, or " if near else "name a model of the price book, or ")
                + f"add its prices to {book.file} first",
            )
    if name == PRICES:
        yield from price_problems(row)
    elif name == ALIASES:
        yield from alias_problems(row, book)
    elif name == OVERRIDES:
        yield from override_problems(row, book)
    elif name == "ai_price_scenarios":
        yield from scenario_problems(row)


def price_problems(row: Row) -> Iterator[Problem]:
    """Does the unit go with the class?"""
    unit = UNITS.get(row["price_class"], TOKENS)
    if row["unit"] != unit:
        yield (
            "error",
            "unit",
            f"unit {row['unit']!r} is not that of price_class {row['price_class']}",
            f"write {unit}, and the price for it",
        )


def alias_problems(row: Row, book: Book) -> Iterator[Problem]:
    """Does the alias do anything, and name the model's maker?"""
    if row["match_type"] == "equals" and (row["platform"], row["pattern"]) in book.models:
        yield (
            "error",
            "alias is a model",
            f"pattern {row['pattern']!r} is itself a model of the price book, which goes first",
            "delete the row, it does nothing",
        )
    provider = book.models.get((row["platform"], row["model"]))
    if provider is not None and row["provider"] != provider:
        yield (
            "error",
            "provider",
            f"provider {row['provider']!r} is not that of {row['model']}",
            f"write {provider}",
        )


def override_problems(row: Row, book: Book) -> Iterator[Problem]:
    """Exactly one of price and multiplier; a price with its unit and class."""
    price, multiplier = row["price_usd"], row["multiplier"]
    yield from price_or_multiplier(row)
    if price and not row["price_class"]:
        yield (
            "warning",
            "price of any class",
            "price_usd without a price_class gives input, output and every other class one price",
            "write the price_class, one row for each class; for a discount use multiplier",
        )
    unit = UNITS.get(row["price_class"], TOKENS)
    if price and row["price_class"] and row["unit"] and row["unit"] != unit:
        yield (
            "error",
            "unit",
            f"unit {row['unit']!r} is not that of price_class {row['price_class']}",
            f"write {unit}, and the price for it",
        )
    if multiplier and Decimal(multiplier) > DEAREST_MULTIPLIER:
        yield (
            "warning",
            "multiplier",
            f"multiplier {multiplier} makes the price {multiplier} times the list price",
            "a multiplier is a factor, not a percentage: 0.9 is 10 % off",
        )
    platforms = {p for p, m in book.models if m == row["model"].lower()}
    is_known = row["platform"].lower() in platforms if row["platform"] else bool(platforms)
    if row["model"] and multiplier and not is_known:
        yield (
            "warning",
            "override without a list price",
            f"multiplier on {row['model']!r}, which the price book lacks there, changes nothing",
            f"write the model as the price book names it, or add its prices to {book.file}",
        )


def price_or_multiplier(row: Row) -> Iterator[Problem]:
    """Exactly one of price_usd and multiplier, and a unit with a price."""
    price, multiplier = row["price_usd"], row["multiplier"]
    if bool(price) == bool(multiplier):
        yield (
            "error",
            "price or multiplier",
            "both price_usd and multiplier" if price else "neither price_usd nor multiplier",
            "fill exactly one: price_usd with its unit, or multiplier (0.9 is 10 % off)",
        )
    if price and not row["unit"]:
        yield "error", "unit", "price_usd has no unit", f"write the unit, such as {TOKENS}"


def scenario_problems(row: Row) -> Iterator[Problem]:
    """A price_change changes a price, a model_swap a model."""
    if row["kind"] == "price_change":
        yield from price_or_multiplier(row)
    is_swap, has_model = row["kind"] == "model_swap", bool(row["to_model"])
    if is_swap and (not has_model or row["price_usd"] or row["multiplier"]):
        yield (
            "error",
            "scenario",
            "a model_swap needs to_model, and no price_usd or multiplier",
            "fill to_model alone, or write kind price_change",
        )
    if not is_swap and has_model:
        yield "error", "scenario", "a price_change has a to_model", "empty it, or write model_swap"


# --- The price book -------------------------------------------------------------------------------


class Scope(NamedTuple):
    """Where, how and at which input size a price holds."""

    region_scope: str
    service_tier: str
    processing: str
    context_over_tokens: int

    def __str__(self) -> str:
        """`global standard sync`, with the context band above the base."""
        text = " ".join((self.region_scope, self.service_tier, self.processing))
        return f"{text} over {self.context_over_tokens} tokens" if self[3] else text


BASE = Scope("global", "standard", "sync", 0)


class Model(NamedTuple):
    """A model on a platform."""

    platform: str
    model: str

    def __str__(self) -> str:
        """`openai gpt-4o`."""
        return f"{self.platform} {self.model}"


# First days and prices of one key, in order; None where the offer ends.
Periods = list[tuple[date, Decimal | None]]
# Class, scope and first day of prices that nobody has written.
Missing = Sequence[tuple[str, Scope, date]]


def price_on(periods: Periods, day: date) -> Decimal | None:
    """The price in force on a day."""
    price = None
    for valid_from, value in periods:
        if valid_from > day:
            break
        price = value
    return price


class Book:
    """The readable rows of the price book."""

    def __init__(self, seed: Seed) -> None:
        """`seed`: ai_model_prices, its cells checked."""
        self.seed = seed
        self.file = seed.file
        self.models: dict[tuple[str, str], str] = {}
        self.prices: dict[Model, dict[Scope, dict[str, Periods]]] = {}
        rows: list[tuple[date, Row]] = []
        for row in seed.rows:  # also with a wrong cell: the model is meant to be there
            self.models.setdefault((row["platform"], row["model"]), row["provider"])
        for row in seed.good:
            rows.append((date.fromisoformat(row["valid_from"]), row))
        for day, row in sorted(rows, key=lambda item: item[0]):
            scopes = self.prices.setdefault(Model(row["platform"], row["model"]), {})
            scope = Scope(
                row["region_scope"],
                row["service_tier"],
                row["processing"],
                int(row["context_over_tokens"]),
            )
            price = Decimal(row["price_usd"]) if row["price_usd"] else None
            scopes.setdefault(scope, {}).setdefault(row["price_class"], []).append((day, price))

    @cached_property
    def by_platform(self) -> dict[str, list[str]]:
        """Model ids of each platform."""
        found: dict[str, list[str]] = defaultdict(list)
        for platform, model in self.models:
            found[platform].append(model)
        return found

    def of_platform(self, platform: str) -> list[str]:
        """Model ids of a platform."""
        return self.by_platform.get(platform, [])

    def line(
        self, model: Model, price_class: str, scope: Scope, valid_from: date, today: date
    ) -> str:
        """The row to add for a price that is missing, with `<price>` in place of the price."""
        return self.seed.line(
            platform=model.platform,
            provider=self.models.get(model, "<provider>"),
            model=model.model,
            price_class=price_class,
            unit=UNITS.get(price_class, TOKENS),
            region_scope=scope.region_scope,
            service_tier=scope.service_tier,
            processing=scope.processing,
            context_over_tokens=str(scope.context_over_tokens),
            valid_from=str(valid_from),
            price_usd="<price>",
            date_basis="observed",
            source="provider price page",
            checked_date=str(today),
        )


def priced_classes(prices: Iterable[Mapping[str, Periods]], day: date) -> set[str]:
    """The classes that have a price on a day."""
    return {
        name
        for classes in prices
        for name, periods in classes.items()
        if price_on(periods, day) is not None
    }


def missing_since(
    have: Mapping[str, Periods], want: Mapping[str, Periods], today: date
) -> dict[str, date]:
    """Classes that `want` prices today and `have` does not, though it prices others; since when."""
    now = priced_classes([have], today)
    found: dict[str, date] = {}
    for name in want if now else ():
        if name in now or price_on(want[name], today) is None:
            continue
        changes = {day for other in (*have.values(), want[name]) for day, _ in other}
        since = today
        for day in sorted((day for day in changes if day <= today), reverse=True):
            offered = priced_classes([have], day)
            if not offered or name in offered or price_on(want[name], day) is None:
                break
            since = day
        found[name] = since
    return found


def check_classes(book: Book, today: date, report: Report) -> None:
    """Warn of classes that a model, a long context band or a batch price lacks today."""

    def warn(kind: str, model: Model, text: str, missing: Missing) -> None:
        lines = tuple(book.line(model, name, scope, day, today) for name, scope, day in missing)
        remedy = f"add to {book.file}, unless the provider has no such price:"
        text = f"{model}: {text}"
        report.append(Finding("warning", kind, text, remedy, book.file, lines=lines))

    siblings = cache_writes_of_siblings(book, today)
    for model, scopes in book.prices.items():
        classes = priced_classes(scopes.values(), today)
        base = BASE if BASE in scopes else next(iter(scopes))
        begin = min(day for periods in scopes[base].values() for day, _ in periods)
        is_chat = "input_uncached" in classes and not WITHOUT_OUTPUT.search(model.model)
        if is_chat and not classes & OUTPUT_CLASSES:
            warn("no output", model, "input has a price, output none", [("output", base, begin)])
        writes = siblings.get((model.platform, book.models[model]), set()) - classes
        if "input_cached" in classes and writes:
            text = f"no price of {', '.join(sorted(writes))}, which its maker's other models have"
            warn("cache write", model, text, [(name, base, begin) for name in sorted(writes)])
        for kind, base_name, change in (
            ("long context", "the base band", {"context_over_tokens": 0}),
            ("batch", "sync", {"processing": "sync"}),
        ):
            missing = [
                (name, scope, day)
                for scope, prices in scopes.items()
                if (other := scope._replace(**change)) != scope
                for name, day in missing_since(prices, scopes.get(other, {}), today).items()
                if name not in UNITS  # fees are the same in every scope
            ]
            if missing:
                names = ", ".join(dict.fromkeys(name for name, *_ in missing))
                where = "; ".join(dict.fromkeys(str(scope) for _, scope, _ in missing))
                text = f"{kind} lacks {names}, which {base_name} has ({where})"
                warn(kind, model, text, missing)


def cache_writes_of_siblings(book: Book, today: date) -> dict[tuple[str, str], set[str]]:
    """Cache write classes that nearly all models with cache reads have, by platform and maker."""
    writes: dict[tuple[str, str], list[set[str]]] = defaultdict(list)
    for model, scopes in book.prices.items():
        classes = priced_classes(scopes.values(), today)
        if "input_cached" in classes:
            writes[model.platform, book.models[model]].append(classes)
    return {
        maker: {
            name
            for name in ("cache_write_5m", "cache_write_1h", "cache_write_other")
            if sum(name in classes for classes in models) >= SIBLINGS_RATIO * len(models)
        }
        for maker, models in writes.items()
        if len(models) >= LEAST_SIBLINGS
    }


def check_age(book: Book, today: date, max_age_days: int, report: Report) -> None:
    """Warn, once per platform, of prices in force that nobody has compared for long."""
    in_force: dict[tuple[str, ...], Row] = {}
    key = [name for name in book.seed.rules.key if name != "valid_from"]
    for row in sorted(book.seed.good, key=lambda row: row["valid_from"]):
        if row["valid_from"] <= str(today):
            in_force[tuple(row[name] for name in key)] = row
    limit = str(today - timedelta(days=max_age_days))
    counts: Counter[str] = Counter()
    old: dict[str, list[str]] = defaultdict(list)
    for row in in_force.values():
        if row["price_usd"]:
            counts[row["platform"]] += 1
            if row["checked_date"] < limit:
                old[row["platform"]].append(row["checked_date"])
    for platform, days in sorted(old.items()):
        report.append(
            Finding(
                "warning",
                f"age {platform}",
                f"{platform}: {len(days):,} of {counts[platform]:,} prices in force were checked "
                f"more than {max_age_days} days ago, the oldest on {min(days)}",
                "compare them with the provider's price page (scripts/refresh_prices.py --dry-run "
                "does it with the public price sets), add rows for changes, renew checked_date",
                book.file,
            )
        )


def check_future(seed: Seed, today: date, report: Report) -> None:
    """Note the rows that begin later."""
    days = Counter(row["valid_from"] for row in seed.good if row["valid_from"] > str(today))
    if days:
        listed = ", ".join(f"{number:,} from {day}" for day, number in sorted(days.items()))
        text = f"{plural(sum(days.values()), 'row')} not yet in force on {today}: {listed}"
        report.append(Finding("note", "future", text, "", seed.file))


# --- The seeds together ---------------------------------------------------------------------------


def check_seeds(folder: Path, today: date, max_age_days: int, report: Report) -> dict[str, Seed]:
    """Check every seed in `folder`/prices; returns them by name."""
    prices = folder / "prices"
    rules = read_rules(prices)
    seeds: dict[str, Seed] = {}
    for name, rule in rules.items():
        path = prices / f"{name}.csv"
        if name in NEEDED or path.exists():
            seeds[name] = read_seed(path, rule, report)
            check_cells(seeds[name], today, report)
            check_duplicates(seeds[name], report)
    for path in sorted(prices.glob("*.csv")):
        if path.stem not in rules:
            text = "no yml describes this file, so that nothing of it is checked"
            remedy = f"delete it, or describe it in {shown(prices)}"
            report.append(Finding("warning", "not described", text, remedy, shown(path)))
    book = Book(seeds[PRICES])
    check_rows(seeds, book, report)
    for seed in seeds.values():
        check_future(seed, today, report)
    if book.seed.good:
        check_classes(book, today, report)
        check_age(book, today, max_age_days, report)
    return seeds


def shown(path: Path) -> str:
    """The path from the working folder where it lies below it, else in full."""
    for folder in (Path.cwd(), ROOT):
        if path.resolve().is_relative_to(folder):
            return path.resolve().relative_to(folder).as_posix()
    return str(path)


# --- The warehouse: what has no price -------------------------------------------------------------


@dataclass(frozen=True)
class Unpriced:
    """Requests of one model in one scope that have no price."""

    platform: str | None
    model_raw: str | None
    model: str | None
    provider: str | None
    status: str
    scope: Scope
    calls: int
    tokens: int
    first_day: date
    last_day: date
    input_tokens: int
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Usage:
    """All requests of the warehouse, and those without a price."""

    calls: int
    tokens: int
    silent: int
    unpriced: tuple[Unpriced, ...]


def read_usage(connection: duckdb.DuckDBPyConnection, classes: Iterable[str]) -> Usage:
    """Sum up marts.cost_per_request. Raises duckdb.Error when it is not there."""
    described = connection.execute("describe marts.cost_per_request").fetchall()
    columns = {str(name) for name, *_ in described}
    quantities = {name: QUANTITIES.get(name, f"{name}_tokens") for name in classes}
    quantities = {name: column for name, column in quantities.items() if column in columns}
    tokens = " + ".join(
        f"coalesce({column}, 0)" for column in quantities.values() if column.endswith("_tokens")
    )
    uses = ", ".join(f"max(coalesce({column}, 0)) > 0" for column in quantities.values())
    whole = connection.execute(
        f"select count(*), coalesce(sum({tokens}), 0), "
        "count(*) filter (pricing_status = 'missing_tokens') from marts.cost_per_request"
    ).fetchone()
    assert whole is not None
    found = connection.execute(
        f"""
        select
            platform, model_raw, model, max(provider), pricing_status,
            region_scope, service_tier, is_batch,
            count(*), sum({tokens}), min(usage_date), max(usage_date),
            max(coalesce(input_tokens, 0)), {uses}
        from marts.cost_per_request
        where pricing_status in ('unpriced_model', 'unpriced_class')
        group by platform, model_raw, model, pricing_status, region_scope, service_tier, is_batch
        order by 10 desc, platform, model_raw, region_scope, service_tier, is_batch
        """
    ).fetchall()
    unpriced = []
    for row in found:
        platform, model_raw, model, provider, status, region, tier, is_batch = row[:8]
        calls, sum_of_tokens, first_day, last_day, input_tokens, *used = row[8:]
        unpriced.append(
            Unpriced(
                platform,
                model_raw,
                model,
                provider,
                status,
                Scope(region or "global", tier or "standard", "batch" if is_batch else "sync", 0),
                int(calls),
                int(sum_of_tokens),
                first_day,
                last_day,
                int(input_tokens),
                tuple(name for name, is_used in zip(quantities, used, strict=True) if is_used),
            )
        )
    return Usage(int(whole[0]), int(whole[1]), int(whole[2]), tuple(unpriced))


def check_warehouse(path: Path, seeds: Mapping[str, Seed], today: date, report: Report) -> None:
    """Warn of every model and class in the warehouse without a price; note a missing warehouse."""

    def note(text: str, remedy: str) -> None:
        report.append(Finding("note", "warehouse", text, remedy))

    if not path.exists():
        note(f"no warehouse at {path}: unpriced models not looked for", "make demo, or make build")
        return
    classes = seeds[PRICES].rules.columns["price_class"].words
    try:
        with load_raw.open_duckdb(path, read_only=True) as connection:
            usage = read_usage(connection, classes)
    except load_raw.LoadError as problem:
        note(f"the warehouse was not looked at: {problem}", "")
        return
    except duckdb.Error as problem:
        cause = str(problem).splitlines()[0]
        note(f"{path} has no mart cost_per_request that this reads ({cause})", "make build")
        return
    explain(usage, Book(seeds[PRICES]), seeds, today, report)


def explain(
    usage: Usage, book: Book, seeds: Mapping[str, Seed], today: date, report: Report
) -> None:
    """Say of each unpriced model how much of the traffic it is and which row prices it."""
    models: dict[tuple[str, str, str], list[Unpriced]] = defaultdict(list)
    for group in usage.unpriced:
        name = group.model or group.model_raw or ""
        models[group.platform or "", name, group.status].append(group)
    for (platform, name, status), groups in sorted(
        models.items(), key=lambda item: (-sum(g.tokens for g in item[1]), item[0])
    ):
        calls, tokens = sum(g.calls for g in groups), sum(g.tokens for g in groups)
        size = (
            f"{share(tokens, usage.tokens)} of the tokens, {plural(calls, 'call')} "
            f"({share(calls, usage.calls)})"
        )
        report.extend(fixes(Model(platform, name), status, groups, size, book, seeds, today))
    if usage.silent:
        text = f"{plural(usage.silent, 'call')} logged without token counts: no price can help"
        report.append(Finding("note", "missing tokens", text, "log the usage of the response"))


def fixes(
    model: Model,
    status: str,
    groups: Sequence[Unpriced],
    size: str,
    book: Book,
    seeds: Mapping[str, Seed],
    today: date,
) -> Iterator[Finding]:
    """The warning of an unpriced model, with the rows that price it."""
    kind = f"warehouse {status}"
    if not model.model or model.platform in ("", "unknown"):
        lacking = "model" if not model.model else "platform"
        text = f"calls that name no {lacking} have no price: {size}"
        yield Finding("warning", kind, text, f"log the {lacking}; no seed can know it")
        return
    is_known = model in book.models
    begins: dict[tuple[str, Scope], date] = {}
    for name, scope, day in lacking_prices(model, groups, book, seeds.get(OVERRIDES)):
        begins[name, scope] = min(day, begins.get((name, scope), day))
    missing = [(name, scope, day) for (name, scope), day in begins.items()]
    if not missing or (not is_known and is_aliased(model, seeds[ALIASES])):
        text = f"{model}: {size} without a price, but the seeds price it now"
        yield Finding("warning", kind, text, "make build")
        return
    lines = tuple(book.line(model, name, scope, day, today) for name, scope, day in missing)
    if not is_known:
        provider = next((g.provider for g in groups if g.provider), None) or "<provider>"
        lines = tuple(line.replace("<provider>", provider, 1) for line in lines)
        yield from unresolved(model, groups, size, provider, lines, book, seeds)
        return
    scopes = list(dict.fromkeys(str(scope) for _, scope, _ in missing))
    names = list(dict.fromkeys(name for name, _, _ in missing))
    what = "no price" if status == "unpriced_model" else f"no price of {', '.join(names)}"
    since = min(day for *_, day in missing)
    text = f"{model}: {what} for {size}; {'; '.join(scopes)}, from {since}"
    yield Finding("warning", kind, text, f"add to {book.file}:", lines=lines)


def is_aliased(model: Model, aliases: Seed) -> bool:
    """Does an alias name the string as it is?"""
    wanted = (model.platform, "equals", model.model)
    return any(
        (row["platform"], row["match_type"], row["pattern"]) == wanted for row in aliases.good
    )


def unresolved(
    model: Model,
    groups: Sequence[Unpriced],
    size: str,
    provider: str,
    prices: tuple[str, ...],
    book: Book,
    seeds: Mapping[str, Seed],
) -> Iterator[Finding]:
    """The warning of a string that names no model of the price book."""
    raw = sorted({group.model_raw or model.model for group in groups})
    logged = "" if raw == [model.model] else f" (logged as {', '.join(raw[:3])})"
    near = difflib.get_close_matches(model.model, book.of_platform(model.platform), n=3, cutoff=0.7)
    hint = f" (similar names: {', '.join(near)})" if near else ""
    alias = seeds[ALIASES].line(
        platform=model.platform,
        match_type="equals",
        pattern=model.model,
        model="<model of the price book>",
        provider=provider,
        priority="100",
        note="<why it costs the same>",
    )
    text = f"{model}{logged}: not in the price book, {size}"
    remedy = (
        f"if it costs the same as a model of the price book{hint}, add to {seeds[ALIASES].file}:"
    )
    deployments, profiles = seeds.get("ai_azure_deployments"), seeds.get("ai_bedrock_profiles")
    if model.platform == "azure_openai" and deployments is not None:
        remedy = f"if it is the name of a deployment, add to {deployments.file}:"
        alias = deployments.line(
            deployment=model.model, model="<model of the price book>", region_scope="<region scope>"
        )
    elif "application-inference-profile" in raw[0] and profiles is not None:
        remedy = f"it is an application inference profile, add to {profiles.file}:"
        alias = profiles.line(
            profile=raw[0], model="<model of the price book>", region_scope="<region scope>"
        )
    lines = (alias, f"else add to {book.file}:", *prices)
    yield Finding("warning", "warehouse unresolved", text, remedy, lines=lines)


def lacking_prices(
    model: Model, groups: Sequence[Unpriced], book: Book, overrides: Seed | None
) -> Iterator[tuple[str, Scope, date]]:
    """Class, scope and first day of each price that the requests need and no seed has."""
    scopes = book.prices.get(model, {})
    for group in groups:
        bands = {scope.context_over_tokens for scope in scopes if scope[:3] == group.scope[:3]}
        for band in sorted({0} | {band for band in bands if band < group.input_tokens}):
            for name in group.classes:
                scope = group.scope._replace(context_over_tokens=band)
                if name in UNITS and name not in scopes.get(scope, {}):
                    scope = BASE  # fees are the same in every scope
                periods = scopes.get(scope, {}).get(name, [])
                begins = {day for day, _ in periods if group.first_day < day <= group.last_day}
                for day in (group.first_day, *sorted(begins)):
                    if price_on(periods, day) is not None:
                        continue
                    # A band without any price on the day is no band of its own.
                    is_band = band == 0 or bool(priced_classes([scopes.get(scope, {})], day))
                    if is_band and not overridden(model, name, scope, day, overrides):
                        yield name, scope, day
                        break


def overridden(
    model: Model, price_class: str, scope: Scope, day: date, overrides: Seed | None
) -> bool:
    """Has the class a fixed price of ours on the day, for every account?"""
    wanted = {
        "platform": model.platform,
        "model": model.model,
        "price_class": price_class,
        "service_tier": scope.service_tier,
        "processing": scope.processing,
        "billing_account_id": "",
    }
    return any(
        row["price_usd"]
        and row["price_class"]
        and all(row[name] in ("", value) for name, value in wanted.items())
        and row["valid_from"] <= str(day)
        and (not row["valid_to"] or str(day) < row["valid_to"])
        for row in (overrides.good if overrides is not None else ())
    )


def share(part: int, whole: int) -> str:
    """`part` of `whole` in percent, never rounded to nothing."""
    if whole == 0:
        return "0 %"
    percent = Decimal(part) / Decimal(whole) * 100
    return "under 0.1 %" if 0 < percent < Decimal("0.1") else f"{percent:.1f} %"


# --- The output -----------------------------------------------------------------------------------


def summary(report: Report, seeds: Mapping[str, Seed], is_warehouse: bool) -> str:
    """How much was checked, what was found, and what to do next."""
    rows = sum(len(seed.rows) for seed in seeds.values())
    errors = len(report.of("error"))
    counts = ", ".join(plural(len(report.of(level)), level) for level, _ in LEVELS)
    checked = f"{rows:,} rows of {len(seeds)} seeds checked: {counts}."
    if errors:
        step = "correct the rows above and run `make doctor`; nothing is built before"
    elif report.of("warning") and is_warehouse:
        step = "add the rows that the warnings name and run `make build`"
    elif is_warehouse:
        step = "make build"
    else:
        return checked
    return f"{checked}\nNext: {step}"


def check_prices(options: argparse.Namespace, console: Console) -> int:
    """The command `prices`; returns the exit code."""
    report = Report()
    seeds = check_seeds(options.seeds, options.today, options.max_age_days, report)
    if options.warehouse and seeds[PRICES].good:
        check_warehouse(load_raw.duckdb_path(), seeds, options.today, report)
    show(report, console, options.all)
    console.print(Text(summary(report, seeds, options.warehouse)), soft_wrap=True)
    return 1 if report.of("error") else 0


def utc_day(text: str) -> date:
    """An option's date."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date as 2026-11-23") from error


def main(argv: Sequence[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("prices", help="seeds/prices, and models without a price")
    # The later of here and UTC: whoever checks a price writes the day that it is for them.
    now = max(datetime.now(UTC).date(), datetime.now().astimezone().date())
    command.add_argument("--today", type=utc_day, default=now, help="default: today")
    command.add_argument(
        "--max-age-days",
        type=int,
        default=180,
        metavar="N",
        help="warn of prices whose checked_date is older (default: 180)",
    )
    command.add_argument(
        "--no-warehouse",
        dest="warehouse",
        action="store_false",
        help="look at the seeds alone, not for unpriced models",
    )
    command.add_argument(
        "--seeds",
        type=Path,
        default=ROOT / "seeds",
        metavar="FOLDER",
        help="folder that holds the folder prices (default: seeds)",
    )
    command.add_argument("--all", action="store_true", help="shorten nothing")
    command = commands.add_parser("sources", help="raw tables, columns, dimensions, overlaps, age")
    source_checks.add_options(command)
    options = parser.parse_args(argv)
    if options.command == "sources":
        return source_checks.check(options, Console(highlight=False))
    if not (options.seeds / "prices").is_dir():
        parser.error(f"there is no folder {options.seeds / 'prices'}")
    return check_prices(options, Console(highlight=False))


if __name__ == "__main__":
    sys.exit(main())
