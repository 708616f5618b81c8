"""The price book on disk: rows, keys, order, and the price in force on a day."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

COLUMNS = (
    "platform",
    "provider",
    "model",
    "price_class",
    "unit",
    "region_scope",
    "service_tier",
    "processing",
    "context_over_tokens",
    "valid_from",
    "price_usd",
    "date_basis",
    "source",
    "source_version",
    "checked_date",
)
CLASSES = (
    "input_uncached",
    "input_cached",
    "cache_write_5m",
    "cache_write_1h",
    "cache_write_other",
    "input_audio",
    "input_image",
    "output",
    "output_audio",
    "output_image",
    "web_search",
    "code_execution",
    "image",
    "audio_second",
    "character",
    "request",
)
TIERS = ("standard", "flex", "priority", "fast", "scale", "reserved")
PROCESSING = ("sync", "batch")
TOKENS = "1000000 tokens"
# The quantity that a price buys; every class that is not here is priced per million tokens.
UNITS = {
    "web_search": "1000 calls",
    "request": "1000 calls",
    "code_execution": "1 session",
    "image": "1 image",
    "audio_second": "1 second",
    "character": "1000000 characters",
}
SCALE = Decimal("0.000000001")  # price_usd is numeric(18, 9)


class PriceError(Exception):
    """A problem that the user can solve; its text says what, where and how."""


class Key(NamedTuple):
    """What one price is for. Rows of one key differ in `valid_from` only."""

    platform: str
    model: str
    price_class: str
    region_scope: str
    service_tier: str
    processing: str
    context_over_tokens: int  # input tokens, strict: the price holds above them

    def __str__(self) -> str:
        """Read as `openai gpt-4o output`, with the attributes that are not the usual ones."""
        usual = ("global", "standard", "sync")
        parts = [self.platform, self.model, self.price_class]
        parts += [word for word in self[3:6] if word not in usual]
        if self.context_over_tokens:
            parts.append(f">{self.context_over_tokens}")
        return " ".join(parts)


@dataclass(frozen=True)
class Row:
    """One line of the seed. `price_usd` is USD per `unit`; None ends the offer."""

    key: Key
    provider: str
    valid_from: date  # first UTC day
    price_usd: Decimal | None
    date_basis: str
    source: str
    source_version: str
    checked_date: date

    @property
    def unit(self) -> str:
        """The quantity that the price buys."""
        return UNITS.get(self.key.price_class, TOKENS)

    def with_price(self, price: Decimal | None, **changes: str | date) -> Row:
        """The same line with another price and, if given, other origin columns."""
        return replace(self, price_usd=price, **changes)  # type: ignore[arg-type]


def price_text(price: Decimal | None) -> str:
    """A price as the seed writes it: no exponent, no trailing zeros, empty for None."""
    if price is None:
        return ""
    text = format(price, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_scale(price: Decimal) -> Decimal:
    """A price at the nine decimals of the seed, half to even."""
    exponent = price.normalize().as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -9:
        return price
    return price.quantize(SCALE)


def sort_key(row: Row) -> tuple[object, ...]:
    """Order of the file: by model; base prices before regions, batch, tiers and long context."""
    key = row.key
    return (
        key.platform,
        key.model,
        key.region_scope != "global",
        key.region_scope,
        PROCESSING.index(key.processing),
        TIERS.index(key.service_tier),
        key.context_over_tokens,
        CLASSES.index(key.price_class),
        row.valid_from,
    )


def read_book(path: Path) -> list[Row]:
    """All rows of the seed. A bad cell is named with file, line and remedy."""
    rows: list[Row] = []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise PriceError(f"{path}: the header must be {','.join(COLUMNS)}")
        for cells in reader:
            try:
                key = Key(
                    cells["platform"],
                    cells["model"],
                    cells["price_class"],
                    cells["region_scope"],
                    cells["service_tier"],
                    cells["processing"],
                    int(cells["context_over_tokens"]),
                )
                if (
                    key.price_class not in CLASSES
                    or key.service_tier not in TIERS
                    or key.processing not in PROCESSING
                ):
                    raise ValueError(
                        "price_class, service_tier or processing is not in the vocabulary"
                    )
                row = Row(
                    key,
                    cells["provider"],
                    date.fromisoformat(cells["valid_from"]),
                    Decimal(cells["price_usd"]) if cells["price_usd"] else None,
                    cells["date_basis"],
                    cells["source"],
                    cells["source_version"],
                    date.fromisoformat(cells["checked_date"]),
                )
                if cells["unit"] != row.unit:
                    raise ValueError(f"the unit of {key.price_class} is {row.unit!r}")
            except (ValueError, InvalidOperation) as error:
                raise PriceError(f"{path}, line {reader.line_num}: {error}. Correct it.") from error
            rows.append(row)
    return rows


def write_book(path: Path, rows: Iterable[Row]) -> None:
    """Write the seed in its order; the same rows always give the same bytes."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in sorted(rows, key=sort_key):
            key = row.key
            writer.writerow(
                (
                    key.platform,
                    row.provider,
                    key.model,
                    key.price_class,
                    row.unit,
                    key.region_scope,
                    key.service_tier,
                    key.processing,
                    key.context_over_tokens,
                    row.valid_from.isoformat(),
                    price_text(row.price_usd),
                    row.date_basis,
                    row.source,
                    row.source_version,
                    row.checked_date.isoformat(),
                )
            )


class Book:
    """The rows by key, in order of `valid_from`."""

    def __init__(self, rows: Sequence[Row]) -> None:
        """Index `rows`; two rows of one key and day are an error."""
        self.rows: dict[Key, list[Row]] = {}
        for row in sorted(rows, key=lambda row: (row.key, row.valid_from)):
            history = self.rows.setdefault(row.key, [])
            if history and history[-1].valid_from == row.valid_from:
                raise PriceError(f"two rows for {row.key} from {row.valid_from}. Delete one.")
            history.append(row)
        self.providers: dict[tuple[str, str], str] = {}
        for row in rows:
            self.providers.setdefault((row.key.platform, row.key.model), row.provider)

    def row_at(self, key: Key, day: date) -> Row | None:
        """The row of `key` in force on `day`, the closing one included."""
        found = None
        for row in self.rows.get(key, ()):
            if row.valid_from <= day:
                found = row
        return found

    def price_at(self, key: Key, day: date) -> Decimal | None:
        """USD per unit of `key` on `day`; None where there is no price."""
        row = self.row_at(key, day)
        return row.price_usd if row else None

    def models(self, platform: str) -> set[str]:
        """Ids of the models that the book prices, or once priced, on `platform`."""
        return {model for where, model in self.providers if where == platform}
