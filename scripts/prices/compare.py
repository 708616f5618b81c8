"""What the price sets say that the book does not, and the rows that follow from it.

The book is append-only. A changed price is one new row; a row that exists is rewritten only as a
stated correction; what a price set drops stays. genai-prices speaks first, litellm where it is
silent; where they differ the difference is listed, and the two are never mixed into one price.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

from prices.book import Book, Key, Row, price_text, to_scale
from prices.names import Alias, Resolver, book_id, forms, normalise
from prices.upstream import GENAI, LONG_AGO, Quote, Upstream, voice

TOLERANCE = Decimal("0.0001")  # relative; above it the two sets disagree
SETTLED_COLUMNS = (
    "upstream",
    "platform",
    "model",
    "price_class",
    "region_scope",
    "service_tier",
    "processing",
    "context_over_tokens",
    "upstream_price_usd",
    "cause",
)
# A class that a price set does not name costs what this one costs, where it did so before.
LEADERS = {
    "input_image": ("input_uncached",),
    "input_audio": ("input_uncached",),
    "input_cached": ("input_uncached",),
    "cache_write_5m": ("cache_write_other", "input_uncached"),
    "cache_write_1h": ("cache_write_5m", "input_uncached"),
    "cache_write_other": ("cache_write_5m", "input_uncached"),
    "output_audio": ("output",),
    "output_image": ("output",),
}


class LeftOut:
    """Ids that the book does not price, each with the reason."""

    def __init__(self, rows: Iterable[tuple[str, str, str]] = ()) -> None:
        """`rows` are (platform, pattern with *, reason)."""
        self.rows = list(rows)

    @classmethod
    def read(cls, path: Path) -> LeftOut:
        """Read left_out.csv."""
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            return cls((row["platform"], row["pattern"], row["reason"]) for row in reader)

    def reason(self, platform: str, identity: str) -> str | None:
        """Why this id is left out; None if it is not."""
        text = identity.strip().lower()
        for where, pattern, reason in self.rows:
            if where == platform and fnmatchcase(text, pattern):
                return reason
        return None


class Settled:
    """Differences that somebody has looked at: the book stays as it is while upstream says this."""

    def __init__(self, rows: Iterable[Sequence[str]] = ()) -> None:
        """`rows` in the order of SETTLED_COLUMNS; `*` in a cell means any."""
        self.rows = [tuple(row) for row in rows]

    @classmethod
    def read(cls, path: Path) -> Settled:
        """Read settled_differences.csv."""
        with path.open(newline="", encoding="utf-8") as file:
            return cls([row[column] for column in SETTLED_COLUMNS] for row in csv.DictReader(file))

    def cause(self, upstream: str, key: Key, price: Decimal | None) -> str | None:
        """Why the book does not follow; None if nobody has said so."""
        words = (upstream, *(str(part) for part in key), price_text(price))
        for row in self.rows:
            if all(fnmatchcase(word, pattern) for word, pattern in zip(words, row, strict=False)):
                return row[-1]
        return None


@dataclass(frozen=True)
class Difference:
    """A key on which the two price sets disagree."""

    key: Key
    book: Decimal | None
    genai: Decimal
    litellm: Decimal
    cause: str  # empty: not settled

    @property
    def ratio(self) -> Decimal:
        """|difference| ÷ the larger of the two."""
        larger = max(self.genai, self.litellm)
        return abs(self.genai - self.litellm) / larger if larger else Decimal(0)


@dataclass
class Plan:
    """What a refresh would do."""

    added: list[Row] = field(default_factory=list)  # a key's first row
    changed: list[tuple[Row, Row]] = field(default_factory=list)  # row in force, row after it
    derived: list[tuple[Row, Row]] = field(default_factory=list)  # follow a changed price
    closed: list[Row] = field(default_factory=list)
    corrected: list[tuple[Row, Row]] = field(default_factory=list)
    refused: list[tuple[Row, Row]] = field(default_factory=list)  # would rewrite a row
    aliases: list[Alias] = field(default_factory=list)
    unchanged: int = 0
    settled: int = 0
    differences: list[Difference] = field(default_factory=list)
    new_models: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    renamed: list[tuple[str, str, str]] = field(default_factory=list)  # platform, new id, old model
    gone: list[tuple[str, str]] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """The lines that are added to the seed."""
        return self.added + self.closed + [new for _, new in self.changed + self.derived]

    @property
    def is_empty(self) -> bool:
        """Is there nothing to write?"""
        return not (self.rows or self.corrected or self.aliases)


class Quotes:
    """The quotes of one upstream by key of the book."""

    def __init__(self, upstream: Upstream, resolver: Resolver, left_out: LeftOut) -> None:
        """Resolve every quote; ids that nobody knows are kept apart."""
        self.upstream = upstream
        self.by_key: dict[Key, list[Quote]] = {}
        self.unknown: dict[tuple[str, str], list[Quote]] = {}
        self.models: set[tuple[str, str]] = set()
        speakers: dict[Key, tuple[object, ...]] = {}
        for quote in sorted(upstream.quotes, key=lambda quote: (quote.key, quote.since)):
            platform = quote.key.platform
            if left_out.reason(platform, quote.upstream_id):
                continue
            model, _ = resolver.resolve(platform, quote.key.model)
            if model is None:
                identity = book_id(platform, quote.key.model)
                self.unknown.setdefault((platform, identity), []).append(quote)
                continue
            self.models.add((platform, model))
            key = quote.key._replace(model=model)
            rank = voice(quote.upstream_id, model)
            if key in speakers and speakers[key] < rank:
                continue
            if key in speakers and speakers[key] > rank:
                self.by_key[key] = []
            speakers[key] = rank
            self.by_key.setdefault(key, []).append(quote)

    def at(self, key: Key, day: date) -> Quote | None:
        """The quote of `key` in force on `day`."""
        found = None
        for quote in self.by_key.get(key, ()):
            if quote.since <= day and (found is None or quote.since >= found.since):
                found = quote
        return found

    def dates_after(self, day: date) -> set[date]:
        """Days after `day` on which a price is announced to change."""
        return {q.since for quotes in self.by_key.values() for q in quotes if q.since > day}


def compare(
    book: Book,
    resolver: Resolver,
    first: Upstream,
    second: Upstream,
    *,
    today: date,
    left_out: LeftOut | None = None,
    settled: Settled | None = None,
    correct: bool = False,
    only: str = "*",
) -> Plan:
    """The plan that brings the book up to date with `first`, cross-checked with `second`."""
    left_out, settled = left_out or LeftOut(), settled or Settled()
    sides = (Quotes(first, resolver, left_out), Quotes(second, resolver, left_out))
    plan = Plan()
    directly: dict[Key, tuple[Row, Row]] = {}
    for day in sorted({today, *sides[0].dates_after(today)}):
        for key in sorted({*sides[0].by_key, *sides[1].by_key}):
            if not fnmatchcase(f"{key.platform}/{key.model}", only):
                continue
            quotes = [side.at(key, day) for side in sides]
            if day > today and not (quotes[0] and quotes[0].since == day):
                continue
            side, quote = (0, quotes[0]) if quotes[0] else (1, quotes[1])
            if quote is None:
                continue
            ours = book.row_at(key, day)
            price = ours.price_usd if ours else None
            if day == today:
                _list_difference(plan, settled, key, price, quotes)
            if price == quote.price_usd:
                plan.unchanged += 1
                continue
            name = sides[side].upstream.name
            if settled.cause(name, key, quote.price_usd) is not None:
                plan.settled += 1
                continue
            if quote.price_usd is None and ours is None:
                continue
            new = _row(key, quote, ours, book, sides[side].upstream, day, today)
            _place(plan, book, ours, new, correct)
            if ours and ours.price_usd and new.price_usd and day == today:
                directly[key] = (ours, new)
    _derive(plan, book, sides, directly, today, correct)
    _new_models(plan, book, sides, today, only)
    known = sides[0].models | sides[1].models
    covered = {*first.ids, *second.ids}
    plan.gone = sorted(
        model for model in book.providers if model[0] in covered and model not in known
    )
    _find_renames(plan, book, today)
    return plan


def _list_difference(
    plan: Plan,
    settled: Settled,
    key: Key,
    book_price: Decimal | None,
    quotes: Sequence[Quote | None],
) -> None:
    """Keep a key on which both sides have a price and differ."""
    one, two = quotes
    if one is None or two is None or one.price_usd is None or two.price_usd is None:
        return
    found = Difference(key, book_price, one.price_usd, two.price_usd, "")
    if found.ratio > TOLERANCE:
        cause = settled.cause("litellm", key, two.price_usd) or settled.cause(
            GENAI, key, one.price_usd
        )
        plan.differences.append(
            Difference(key, book_price, one.price_usd, two.price_usd, cause or "")
        )


def _row(
    key: Key,
    quote: Quote,
    ours: Row | None,
    book: Book,
    upstream: Upstream,
    day: date,
    today: date,
) -> Row:
    """The line that a quote asks for. Upstream's own day counts where it is news to the book."""
    declared = quote.since != LONG_AGO and (ours is None or quote.since > ours.valid_from)
    return Row(
        key,
        book.providers.get((key.platform, key.model), _maker(key)),
        quote.since if declared else day,
        quote.price_usd,
        "provider_declared" if declared else "observed",
        upstream.name,
        upstream.version,
        today,
    )


def _place(plan: Plan, book: Book, ours: Row | None, new: Row, correct: bool) -> None:
    """Add, close, correct or refuse."""
    taken = any(row.valid_from >= new.valid_from for row in book.rows.get(new.key, ()))
    if ours is not None and correct:
        plan.corrected.append(
            (
                ours,
                ours.with_price(
                    new.price_usd,
                    source=new.source,
                    source_version=new.source_version,
                    checked_date=new.checked_date,
                ),
            )
        )
    elif taken and ours is not None:
        plan.refused.append((ours, new))
    elif ours is None:
        plan.added.append(new)
    elif new.price_usd is None:
        plan.closed.append(new)
    else:
        plan.changed.append((ours, new))


def _leaders(key: Key) -> Iterable[Key]:
    """Keys whose price `key` may follow, the nearest first."""
    for price_class in LEADERS.get(key.price_class, ()):
        yield key._replace(price_class=price_class)
    if key.region_scope != "global":
        yield key._replace(region_scope="global")
        if key.region_scope != "regional":
            yield key._replace(region_scope="regional")
    if key.processing == "batch" or key.service_tier != "standard":
        yield key._replace(service_tier="standard", processing="sync")
    if key.context_over_tokens:
        yield key._replace(context_over_tokens=0)


def _derive(
    plan: Plan,
    book: Book,
    sides: Sequence[Quotes],
    directly: dict[Key, tuple[Row, Row]],
    today: date,
    correct: bool,
) -> None:
    """Prices that no set names keep their ratio to the changed price that they follow."""
    models = {(key.platform, key.model) for key in directly}
    for key in sorted(book.rows):
        if (key.platform, key.model) not in models or key in directly:
            continue
        if any(side.at(key, today) for side in sides):
            continue
        ours = book.row_at(key, today)
        if ours is None or not ours.price_usd:
            continue
        for leader in _leaders(key):
            if leader in directly:
                before, after = directly[leader]
                assert before.price_usd and after.price_usd
                price = to_scale(ours.price_usd * after.price_usd / before.price_usd)
                new = ours.with_price(
                    price,
                    valid_from=ours.valid_from if correct else after.valid_from,
                    date_basis=ours.date_basis if correct else after.date_basis,
                    source=after.source,
                    source_version=after.source_version,
                    checked_date=today,
                )
                if correct:
                    plan.corrected.append((ours, new))
                elif ours.valid_from >= new.valid_from:
                    plan.refused.append((ours, new))
                else:
                    plan.derived.append((ours, new))
                break


def _maker(key: Key) -> str:
    """Who made a model that the book does not know yet, as its id tells."""
    if key.platform == "aws_bedrock":
        return key.model.split(".")[0]
    for word, maker in (("claude", "anthropic"), ("gpt", "openai"), ("gem", "google")):
        if word in key.model:
            return maker
    defaults = {"azure_openai": "openai", "google_ai": "google", "google_vertex": "google"}
    return defaults.get(key.platform, key.platform)


def _new_models(plan: Plan, book: Book, sides: Sequence[Quotes], today: date, only: str) -> None:
    """Rows and aliases of models that the book has never seen."""
    seen: set[Key] = set()
    patterns: set[tuple[str, str]] = set()
    for side in sides:
        for (platform, identity), quotes in sorted(side.unknown.items()):
            if not fnmatchcase(f"{platform}/{identity}", only):
                continue
            names = plan.new_models.setdefault((platform, identity), [])
            ranked = sorted(
                quotes, key=lambda quote: (voice(quote.upstream_id, identity), quote.key)
            )
            for quote in ranked:
                if quote.upstream_id not in names:
                    names.append(quote.upstream_id)
                    form = normalise(forms(platform, quote.key.model)[-1][0])
                    if form != identity and (platform, form) not in patterns:
                        patterns.add((platform, form))
                        note = "id of the price sets"
                        maker = _maker(quote.key._replace(model=identity))
                        plan.aliases.append(
                            Alias(platform, "equals", form, identity, maker, 100, note)
                        )
                key = quote.key._replace(model=identity)
                if key in seen or quote.since > today or quote.price_usd is None:
                    continue
                seen.add(key)
                plan.added.append(_row(key, quote, None, book, side.upstream, today, today))


def _find_renames(plan: Plan, book: Book, today: date) -> None:
    """A new id that looks and costs like a model that is gone is shown, not added."""
    for platform, identity in sorted(plan.new_models):
        prices = {
            row.key._replace(model=""): row.price_usd
            for row in plan.added
            if (row.key.platform, row.key.model) == (platform, identity)
        }
        for where, model in plan.gone:
            alike = difflib.SequenceMatcher(None, model, identity).ratio() >= 0.8
            if where != platform or not alike or not prices:
                continue
            if all(
                book.price_at(key._replace(model=model), today) == price
                for key, price in prices.items()
            ):
                plan.renamed.append((platform, identity, model))
                plan.added = [
                    row
                    for row in plan.added
                    if (row.key.platform, row.key.model) != (platform, identity)
                ]
                plan.aliases = [alias for alias in plan.aliases if alias.model != identity]
                break
