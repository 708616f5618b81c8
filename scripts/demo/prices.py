"""List prices and model aliases as the package's seeds give them."""

from __future__ import annotations

import csv
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np

from demo.money import FEMTO, I64
from demo.period import Period

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
)
TOKEN_CLASSES = CLASSES[:10]
INPUT_CLASSES = 7  # the first classes are input
WEB_SEARCH = 10
OTHER_WRITES = 4
OUTPUT = 7
NO_PRICE = -1
PRICED_PLATFORMS = ("openai", "anthropic", "aws_bedrock", "google_vertex", "azure_openai")
GEOGRAPHIES = ("us.", "global.", "eu.")  # prefixes of a Bedrock id


class PriceBook:
    """Prices per single token or call in femto-dollars, by UTC day of the period."""

    def __init__(self, folder: Path, period: Period) -> None:
        """Read `ai_model_prices.csv` and `ai_model_aliases.csv` from `folder`."""
        self.period = period
        self._rows: dict[tuple[str, ...], list[tuple[date, str]]] = {}
        self._thresholds: dict[tuple[str, str], set[int]] = {}
        self._unit: dict[str, int] = {}
        with (folder / "ai_model_prices.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["platform"] not in PRICED_PLATFORMS:
                    continue
                threshold = int(row["context_over_tokens"] or 0)
                key = (
                    row["platform"],
                    row["model"],
                    row["price_class"],
                    row["region_scope"],
                    row["service_tier"],
                    row["processing"],
                    str(threshold),
                )
                since = date.fromisoformat(row["valid_from"])
                self._rows.setdefault(key, []).append((since, row["price_usd"]))
                self._thresholds.setdefault((row["platform"], row["model"]), set()).add(threshold)
                self._unit[row["price_class"]] = int(row["unit"].split()[0])
        self._aliases: dict[tuple[str, str], str] = {}
        with (folder / "ai_model_aliases.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                if row["match_type"] == "equals":
                    self._aliases[row["platform"], row["pattern"]] = row["model"]

    def model(self, platform: str, raw: str) -> str:
        """The book's id of a raw model string, or the raw string where the book knows none."""
        if platform == "aws_bedrock":
            for prefix in GEOGRAPHIES:
                raw = raw.removeprefix(prefix)
        if (platform, raw) in self._thresholds:
            return raw
        return self._aliases.get((platform, raw), raw)

    def knows(self, platform: str, raw: str) -> bool:
        """Does the book price this model?"""
        return (platform, self.model(platform, raw)) in self._thresholds

    def daily(
        self, platform: str, raw: str, region: str, tier: str, processing: str, input_tokens: int
    ) -> I64:
        """Prices [day, class] of a request with `input_tokens`; NO_PRICE where there is none."""
        model = self.model(platform, raw)
        result = np.full((self.period.days, len(CLASSES)), NO_PRICE, dtype=np.int64)
        bands = [t for t in self._thresholds.get((platform, model), ()) if t < max(input_tokens, 1)]
        for threshold in sorted(bands):  # a higher band overwrites the lower one while it lasts
            for position, price_class in enumerate(CLASSES):
                key = (platform, model, price_class, region, tier, processing, str(threshold))
                rows = sorted(self._rows.get(key, ()))
                for number, (since, price) in enumerate(rows):
                    first = max(0, self.period.index(since))
                    last = self.period.days
                    if number + 1 < len(rows):
                        last = max(0, self.period.index(rows[number + 1][0]))
                    if price:
                        exact = Fraction(price) * FEMTO / self._unit[price_class]
                        if exact.denominator != 1:
                            raise ValueError(f"{key}: {price} needs more than 15 decimals")
                        result[first:last, position] = int(exact)
                    elif threshold == 0:
                        result[first:last, position] = NO_PRICE
        return result
