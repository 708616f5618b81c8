"""The price book as whole femto-dollars per token, read with Python integers only."""

from __future__ import annotations

import csv
from datetime import date
from fractions import Fraction
from pathlib import Path

FEMTO = 10**15

Key = tuple[str, str, str, str, int]


class Book:
    """Standard tier, global prices of the seed ai_model_prices."""

    def __init__(self, path: Path) -> None:
        """Read the seed `path`."""
        self._rows: dict[Key, list[tuple[date, int | None]]] = {}
        self._bands: dict[tuple[str, str], set[int]] = {}
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["region_scope"] != "global" or row["service_tier"] != "standard":
                    continue
                band = int(row["context_over_tokens"] or 0)
                key = (row["platform"], row["model"], row["price_class"], row["processing"], band)
                per = int(row["unit"].split()[0])
                price = Fraction(row["price_usd"]) * FEMTO / per if row["price_usd"] else None
                if price is not None and price.denominator != 1:
                    raise ValueError(f"{key}: {row['price_usd']} needs more than 15 decimals")
                since = date.fromisoformat(row["valid_from"])
                self._rows.setdefault(key, []).append(
                    (since, None if price is None else int(price))
                )
                self._bands.setdefault(key[:2], set()).add(band)
        for rows in self._rows.values():
            rows.sort(key=lambda row: row[0])

    def price(
        self,
        platform: str,
        model: str,
        price_class: str,
        processing: str,
        day: date,
        input_tokens: int = 1,
    ) -> int:
        """Femto-dollars per token of a request of `input_tokens` on `day`.

        Raises KeyError when the book has no such price.
        """
        bands = self._bands.get((platform, model), set())
        for band in sorted((b for b in bands if b < max(input_tokens, 1)), reverse=True):
            found = None
            for since, price in self._rows.get(
                (platform, model, price_class, processing, band), ()
            ):
                if since <= day:
                    found = price
            if found is not None:
                return found
        raise KeyError(f"no price of {platform} {model} {price_class} {processing} on {day}")
