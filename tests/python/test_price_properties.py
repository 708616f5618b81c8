"""Random usages: the dbt models against two other engines that get the rates of this price book.

The usages cover every way to buy in the book (platform, model, region, tier, processing), each day
on which a price of it begins and the day before, and both sides of each context band. Rates are
looked up here anew, by the plainest code that does it. The engines of genai-prices and litellm then
work out the cost from those rates and the counts: arithmetic is compared, not price data. What an
engine cannot express is left out for it and listed with the cause in data/oracle_differences.csv.
"""

from __future__ import annotations

import csv
import os
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from golden_company import query
from price_cases import costed

# Before litellm is imported, which else asks the network for its prices.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

D = Decimal
SEED = 20_261_123
SAMPLE = 1_000
WHOLE = 20_000  # at least, with a price
GENERATED = 25_000
LAST_DAY = date(2027, 1, 31)  # the book has announced prices

INPUT = (
    "input_uncached",
    "input_cached",
    "cache_write_5m",
    "cache_write_1h",
    "cache_write_other",
    "input_audio",
    "input_image",
)
OUTPUT = ("output", "output_audio", "output_image")
OTHER = ("web_search", "image", "audio_second", "character")
CLASSES = INPUT + OUTPUT + OTHER
LEFT_OUT = Path(__file__).parent / "data" / "oracle_differences.csv"

LOGS = ({*CLASSES} - {"cache_write_other"}, {*CLASSES} - {"cache_write_5m", "cache_write_1h"})

# How many of the counted things a price of the book buys.
UNIT_SIZES = {
    "1000000 tokens": 1_000_000,
    "1000000 characters": 1_000_000,
    "1000 calls": 1_000,
    "1 image": 1,
    "1 second": 1,
    "1 session": 1,
}
CLASS_UNITS = dict.fromkeys(INPUT + OUTPUT, "1000000 tokens") | {
    "web_search": "1000 calls",
    "image": "1 image",
    "audio_second": "1 second",
    "character": "1000000 characters",
}

# The price of each class by context band (0: the base), as published.
Rates = dict[str, dict[int, Decimal]]


# --- The book -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    """A way to buy: everything that picks a price but the class, the context band and the day."""

    platform: str
    provider: str
    model: str
    region_scope: str
    service_tier: str
    processing: str


@dataclass
class Book:
    """The seed: {way: {class: {band: [(valid_from, price or None), …]}}}, and fees by model."""

    ways: dict[Way, dict[str, dict[int, list[tuple[date, Decimal | None]]]]]
    fees: dict[tuple[str, str], list[tuple[date, Decimal | None]]]

    def rates(self, way: Way, day: date) -> Rates:
        """The prices that hold on a day."""
        rates: Rates = {}
        for price_class, bands in self.ways[way].items():
            held = {band: price_on(rows, day) for band, rows in bands.items()}
            prices = {band: price for band, price in held.items() if price is not None}
            if prices:
                rates[price_class] = prices
        # A web search costs the same in every region, tier and band that has no row of its own.
        fee = price_on(self.fees.get((way.platform, way.model), []), day)
        if fee is not None:
            bands_held = {band for prices in rates.values() for band in prices}
            own = rates.get("web_search", {})
            rates["web_search"] = {band: own.get(band, fee) for band in bands_held or {0}}
        return rates

    def days(self, way: Way) -> list[date]:
        """Each day on which a price begins or ends, and the day before."""
        starts = {
            start
            for bands in self.ways[way].values()
            for rows in bands.values()
            for start, _ in rows
        }
        starts |= {start for start, _ in self.fees.get((way.platform, way.model), [])}
        return sorted(starts | {start - timedelta(days=1) for start in starts})


def price_on(rows: list[tuple[date, Decimal | None]], day: date) -> Decimal | None:
    """The price of the last row that has begun; rows are in the order of their start."""
    price = None
    for start, row_price in rows:
        if start <= day:
            price = row_price
    return price


def band_of(rates: Rates, input_tokens: int) -> int | None:
    """The context band that prices the whole request."""
    bands = {band for prices in rates.values() for band in prices}
    return max((band for band in bands if band == 0 or input_tokens > band), default=None)


@cache
def book() -> Book:
    """seeds/prices/ai_model_prices.csv, the classes that a request log counts."""
    ways: dict[Way, Any] = {}
    fees: dict[tuple[str, str], list[tuple[date, Decimal | None]]] = defaultdict(list)
    with (ROOT / "seeds" / "prices" / "ai_model_prices.csv").open(newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["valid_from"])
    for row in rows:
        price_class = row["price_class"]
        if price_class not in CLASSES:
            continue
        assert row["unit"] == CLASS_UNITS[price_class]
        way = Way(
            *(row["platform"], row["provider"], row["model"]),
            *(row["region_scope"], row["service_tier"], row["processing"]),
        )
        band = int(row["context_over_tokens"])
        start = date.fromisoformat(row["valid_from"])
        price = D(row["price_usd"]) if row["price_usd"] else None
        bands = ways.setdefault(way, {}).setdefault(price_class, {})
        bands.setdefault(band, []).append((start, price))
        basic = (way.region_scope, way.service_tier, way.processing, band)
        if price_class == "web_search" and basic == ("global", "standard", "sync", 0):
            fees[way.platform, way.model].append((start, price))
    return Book(ways, dict(fees))


# --- Usages ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A request: how, when, and how much of each class; reasoning is a part of the output."""

    way: Way
    day: date
    counts: dict[str, int]
    reasoning: int
    request: dict[str, Any]

    @cached_property
    def input_tokens(self) -> int:
        return sum(self.counts.get(price_class, 0) for price_class in INPUT)

    @cached_property
    def rates(self) -> Rates:
        return book().rates(self.way, self.day)

    @cached_property
    def band(self) -> int | None:
        return band_of(self.rates, self.input_tokens)

    @cached_property
    def prices(self) -> dict[str, Decimal]:
        """Of each class in the band of the request."""
        band = self.band
        return {name: bands[band] for name, bands in self.rates.items() if band in bands}

    @cached_property
    def status(self) -> str:
        """What pricing_status has to say."""
        prices = self.prices
        if not prices:
            return "unpriced_model"
        if not self.counts.keys() <= prices.keys():
            return "unpriced_class"
        return "priced" if any(prices[name] for name in self.counts) else "free"

    @cached_property
    def cost_by_class(self) -> dict[str, Decimal]:
        prices = self.prices
        return {
            name: count * prices[name] / UNIT_SIZES[CLASS_UNITS[name]]
            for name, count in self.counts.items()
        }


def split(rng: random.Random, total: int, names: list[str]) -> dict[str, int]:
    """A total in random parts, each above 0."""
    cuts = sorted(rng.sample(range(1, total), len(names) - 1)) if len(names) > 1 else []
    ends = [0, *cuts, total]
    return {name: ends[i + 1] - ends[i] for i, name in enumerate(names)}


def log_row(rng: random.Random, way: Way, day: date, counts: dict[str, int], number: int) -> Any:
    """The request as its log has it, in one of the ways in which logs say the same."""
    geography = {"regional": "", "us_gov": "us-gov."}.get(way.region_scope, f"{way.region_scope}.")
    is_bedrock = way.platform == "aws_bedrock"
    region: str | None = way.region_scope
    if is_bedrock or way.region_scope == "global":
        region = rng.choice([None, "us-east-1"]) if is_bedrock else None
    elif way.platform == "google_vertex" and way.region_scope == "regional":
        region = rng.choice(["us-east5", "europe-west1", "regional"])
    inclusive = rng.random() < 0.5
    writes = {name: counts.get(f"cache_write_{name}") for name in ("5m", "1h", "other")}
    all_writes = sum(count or 0 for count in writes.values())
    has_total = bool(writes["other"]) or rng.random() < 0.5
    beside = 0 if inclusive else counts.get("input_cached", 0) + all_writes
    is_batch = way.processing == "batch"
    says_batch = rng.choice(["flag", "tier", "both"]) if is_batch else ""
    tier = None if way.service_tier in ("standard", "fast") else way.service_tier
    moment = rng.choice(["00:00:00", "23:59:59.999999", f"{rng.randrange(24):02}:30:00"])
    return {
        "request_id": str(number),
        "occurred_at": f"{day} {moment}",
        "platform": way.platform,
        "provider": way.provider,
        "model_served": f"{geography}{way.model}" if is_bedrock else way.model,
        "region": region,
        "service_tier": "batch" if says_batch in ("tier", "both") else tier,
        "speed": "fast" if way.service_tier == "fast" else None,
        "is_batch": says_batch in ("flag", "both"),
        "input_convention": "inclusive" if inclusive else "exclusive",
        "input_tokens": sum(counts.get(name, 0) for name in INPUT) - beside,
        "cached_read_tokens": counts.get("input_cached", 0),
        "cache_write_5m_tokens": writes["5m"],
        "cache_write_1h_tokens": writes["1h"],
        "cache_write_tokens": all_writes if has_total else None,
        "output_tokens": sum(counts.get(name, 0) for name in OUTPUT),
        "input_audio_tokens": counts.get("input_audio"),
        "input_image_tokens": counts.get("input_image"),
        "output_audio_tokens": counts.get("output_audio"),
        "output_image_tokens": counts.get("output_image"),
        "images": counts.get("image"),
        "audio_seconds": counts.get("audio_second"),
        "characters": counts.get("character"),
        "web_search_requests": counts.get("web_search"),
    }


def asked(
    rng: random.Random, way: Way, day: date, tokens: int, number: int, only: set[str] | None = None
) -> Asked:
    """A request with `tokens` of input, of the classes `only`, or of some that are sold, or not."""
    sold = book().ways[way]
    rates = book().rates(way, day)
    if not sold.keys() & set(INPUT):
        tokens = 0
    band = band_of(rates, tokens)
    candidates = sorted(name for name, bands in rates.items() if band in bands) or sorted(sold)
    if only is None:
        names = [name for name in candidates if rng.random() < 0.6]
        if rng.random() < 0.05:
            names = sorted({*names, rng.choice(CLASSES)})
    else:
        names = [name for name in candidates if name in only]
    inputs = [name for name in names if name in INPUT]
    rng.shuffle(inputs)
    counts = split(rng, max(tokens, len(inputs)), inputs) if inputs else {}
    most = dict.fromkeys(OUTPUT, 64_000) | {"character": 100_000, "audio_second": 7_200}
    counts |= {name: rng.randint(1, most.get(name, 20)) for name in names if name not in INPUT}
    counts = counts or {candidates[0]: 1}
    reasoning = rng.randint(0, counts.get("output", 0))
    row = log_row(rng, way, day, counts, number)
    return Asked(way, day, counts, reasoning, row | {"reasoning_tokens": reasoning})


@cache
def whole() -> list[Asked]:
    """Every way, day of change and band edge once with all its classes; then random ones."""
    rng = random.Random(SEED)
    found: list[Asked] = []
    for way in book().ways:
        for day in book().days(way):
            bands = {band for prices in book().rates(way, day).values() for band in prices}
            edges = [edge for band in sorted(bands) if band for edge in (band, band + 1)]
            # A log that tells the time to live of cache writes, and one that does not.
            both = {"cache_write_5m", "cache_write_other"} <= book().ways[way].keys()
            for only in LOGS if both else ({*CLASSES},):
                for tokens in edges or [rng.randint(10, 90_000)]:
                    found.append(asked(rng, way, day, tokens, len(found), only))
    ways = list(book().ways)
    while len(found) < GENERATED:
        way = rng.choice(ways)
        first = book().days(way)[0]
        day = first + timedelta(days=rng.randint(0, max((LAST_DAY - first).days, 1)))
        tokens = rng.choice([200_000, 200_001, rng.randint(1, 1_000), rng.randint(1, 1_000_000)])
        found.append(asked(rng, way, day, tokens, len(found)))
    return found


def features(of: Asked) -> set[tuple[str, Any]]:
    """What a sample should have at least one usage of."""
    way = of.way
    return {
        *(("class", name) for name in of.counts),
        *(("platform", way.platform), ("scope", way.region_scope), ("band", of.band)),
        *(("tier", way.service_tier), ("processing", way.processing), ("status", of.status)),
        ("tokens", of.input_tokens if of.input_tokens in (200_000, 200_001) else None),
    }


def sample() -> list[Asked]:
    """1,000 of the whole: at random, but one at least of each feature."""
    rest = whole().copy()
    random.Random(SEED).shuffle(rest)
    seen: set[tuple[str, Any]] = set()
    first = []
    for of in rest:
        if features(of) - seen:
            seen |= features(of)
            first.append(of)
    chosen = {id(of) for of in first}
    return (first + [of for of in rest if id(of) not in chosen])[:SAMPLE]


# --- The engines ----------------------------------------------------------------------------------

# The cost, and the classes left out of it with what is missing; None: the engine cannot say.
Answer = tuple[Decimal | float | None, dict[str, str]]

GENAI_PRICES = {
    "input_uncached": "input_mtok",
    "input_cached": "cache_read_mtok",
    "cache_write_5m": "cache_write_5m_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "cache_write_other": "cache_write_mtok",
    "input_audio": "input_audio_mtok",
    "input_image": "input_image_mtok",
    "output": "output_mtok",
    "output_audio": "output_audio_mtok",
    "output_image": "output_image_mtok",
    "web_search": "web_searches_kcount",
    "character": "input_mchars",
    "audio_second": "audio_hours",
}
# Cached audio and images: priced as cached or written tokens are, and never counted here.
GENAI_JOINS = {
    f"cache_{medium}_{use}_mtok": price_class
    for medium in ("audio", "image")
    for use, price_class in {
        "read": "input_cached",
        "write": "cache_write_other",
        "write_5m": "cache_write_5m",
        "write_1h": "cache_write_1h",
    }.items()
}

LITELLM_PRICES = {
    "input_uncached": "input_cost_per_token",
    "output": "output_cost_per_token",
    "input_cached": "cache_read_input_token_cost",
    "cache_write_5m": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
}
# One rate for all context bands, so the one of the band; without one they cost what text costs.
LITELLM_MEDIA = {
    "input_audio": ("input_cost_per_audio_token", "input_uncached"),
    "input_image": ("input_cost_per_image_token", "input_uncached"),
    "output_audio": ("output_cost_per_audio_token", "output"),
    "output_image": ("output_cost_per_image_token", "output"),
}
LITELLM_OTHER = {
    "image": "input_cost_per_image",
    "audio_second": "input_cost_per_audio_per_second",
    "character": "input_cost_per_character",
}


class GenaiPrices:
    """genai-prices' engine, exact."""

    name = "genai-prices"

    def __init__(self) -> None:
        from genai_prices import types

        self.types = types

    def price(self, price_class: str, bands: dict[int, Decimal]) -> Any:
        """A class as the library writes it; the engine itself finds the band."""
        factor = 3_600 if price_class == "audio_second" else 1
        tiers = {band: price * factor for band, price in bands.items()}
        base = tiers.pop(0, D(0))
        if not tiers:
            return base
        return self.types.TieredPrices(
            base, [self.types.Tier(band, price) for band, price in sorted(tiers.items())]
        )

    def cost(self, of: Asked) -> Answer:
        rates = of.rates
        prices = {
            key: self.price(name, rates.get(name, {}))
            for key, name in {
                **{key: name for name, key in GENAI_PRICES.items()},
                **GENAI_JOINS,
            }.items()
        }
        count = {name: of.counts.get(name, 0) for name in CLASSES}
        writes = sum(count[f"cache_write_{name}"] for name in ("5m", "1h", "other"))
        usage = self.types.Usage(
            input_tokens=of.input_tokens,
            cache_read_tokens=count["input_cached"],
            cache_write_tokens=writes,
            cache_write_5m_tokens=count["cache_write_5m"],
            cache_write_1h_tokens=count["cache_write_1h"],
            input_audio_tokens=count["input_audio"],
            input_image_tokens=count["input_image"],
            **{key.replace("_mtok", "_tokens"): 0 for key in GENAI_JOINS},
            output_tokens=sum(count[name] for name in OUTPUT),
            output_audio_tokens=count["output_audio"],
            output_image_tokens=count["output_image"],
            web_searches=count["web_search"],
            input_characters=count["character"],
            audio_seconds=count["audio_second"],
        )
        left_out = {"image": "no unit"} if count["image"] else {}
        total: Decimal = self.types.ModelPrice(**prices).calc_price(usage)["total_price"]
        return total, left_out


class Litellm:
    """litellm's engine, in floats."""

    name = "litellm"

    def __init__(self) -> None:
        from litellm import types
        from litellm.litellm_core_utils.llm_cost_calc.utils import generic_cost_per_token

        self.types = types.utils
        self.generic_cost_per_token = generic_cost_per_token

    def cost(self, of: Asked) -> Answer:
        rates = of.rates
        count = {name: of.counts.get(name, 0) for name in CLASSES}
        left_out: dict[str, str] = {}
        info: dict[str, float] = {}
        banded = dict(LITELLM_PRICES)
        known_writes = count["cache_write_5m"] + count["cache_write_1h"]
        if count["cache_write_other"]:
            if known_writes:
                left_out["cache_write_other"] = "beside known writes"
            else:
                del banded["cache_write_5m"]
                banded["cache_write_other"] = LITELLM_PRICES["cache_write_5m"]
        for name, key in banded.items():
            for band, price in rates.get(name, {}).items():
                info[f"{key}_above_{band}_tokens" if band else key] = float(price / 1_000_000)
        for name, (key, text) in LITELLM_MEDIA.items():
            if count[name] and rates[name] != rates.get(text):
                info[key] = float(of.prices[name] / 1_000_000)
        for name, key in LITELLM_OTHER.items():
            if count[name]:
                info[key] = float(of.prices[name] / UNIT_SIZES[CLASS_UNITS[name]])
        if count["web_search"]:
            left_out["web_search"] = "priced elsewhere"

        writes = None
        if known_writes:
            writes = self.types.CacheCreationTokenDetails(
                ephemeral_5m_input_tokens=count["cache_write_5m"],
                ephemeral_1h_input_tokens=count["cache_write_1h"],
            )
        kept = {name: 0 if name in left_out else tokens for name, tokens in count.items()}
        output_tokens = sum(kept[name] for name in OUTPUT)
        usage = self.types.Usage(
            prompt_tokens=of.input_tokens,
            completion_tokens=output_tokens,
            total_tokens=of.input_tokens + output_tokens,
            prompt_tokens_details=self.types.PromptTokensDetailsWrapper(
                cached_tokens=count["input_cached"],
                cache_creation_tokens=known_writes + kept["cache_write_other"],
                cache_creation_token_details=writes,
                text_tokens=count["input_uncached"],
                audio_tokens=kept["input_audio"],
                image_tokens=kept["input_image"],
                image_count=count["image"],
                audio_length_seconds=float(count["audio_second"]),
                character_count=count["character"],
            ),
            completion_tokens_details=self.types.CompletionTokensDetailsWrapper(
                text_tokens=kept["output"],
                audio_tokens=kept["output_audio"],
                image_tokens=kept["output_image"],
                reasoning_tokens=of.reasoning,
            ),
        )
        if not count["input_uncached"] and left_out.keys() & set(INPUT):
            return None, {"all": "a left-out class without text"}
        costs = self.generic_cost_per_token(
            model=of.way.model, usage=usage, custom_llm_provider="openai", model_info=info
        )
        return sum(costs), left_out


# --- The comparison -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ours:
    """What cost_per_request says."""

    status: str
    model: str
    region_scope: str
    tokens: dict[str, int]
    cost_usd: Decimal | None
    costs: dict[str, Decimal | None]


@dataclass
class Compared:
    """Usages with our answers."""

    name: str
    usages: list[tuple[Asked, Ours]]
    seconds: float


@pytest.fixture(scope="module", params=["sample", pytest.param("whole", marks=pytest.mark.slow)])
def compared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    usages = sample() if request.param == "sample" else whole()
    started = time.monotonic()
    path = costed(
        tmp_path_factory.mktemp("price_properties"), app_requests=[of.request for of in usages]
    )
    tokens = [name for name in CLASSES if name in INPUT + OUTPUT]
    rows = query(
        path,
        "select request_id, pricing_status, model, region_scope, metered_cost_usd, "
        + ", ".join(f"{name}_tokens" for name in tokens)
        + ", "
        + ", ".join(f"{name}_cost_usd" for name in CLASSES)
        + " from marts.cost_per_request",
    )
    found = {
        request_id: Ours(
            *(status, model, scope),
            dict(zip(tokens, values[: len(tokens)], strict=True)),
            cost,
            dict(zip(CLASSES, values[len(tokens) :], strict=True)),
        )
        for request_id, status, model, scope, cost, *values in rows
    }
    pairs = [(of, found[of.request["request_id"]]) for of in usages]
    assert len(found) == len(rows) == len(usages)
    return Compared(request.param, pairs, time.monotonic() - started)


def priced(compared: Compared) -> Iterator[tuple[Asked, Ours]]:
    """The usages that have a price."""
    return ((of, ours) for of, ours in compared.usages if of.status in ("priced", "free"))


def listed(engine: str) -> dict[tuple[str, str], str]:
    """{(price_class, what): cause} of the file, for an engine."""
    with LEFT_OUT.open(newline="") as file:
        return {
            (row["price_class"], row["what"]): row["cause"]
            for row in csv.DictReader(file)
            if row["engine"] == engine
        }


@pytest.mark.slow
def test_costs_are_those_of_the_book(compared: Compared) -> None:
    status = Counter[str]()
    for of, ours in compared.usages:
        assert (ours.model, ours.region_scope) == (of.way.model, of.way.region_scope), of
        assert {name: count for name, count in ours.tokens.items() if count} == {
            name: count for name, count in of.counts.items() if name in ours.tokens
        }, of
        assert ours.status == of.status, of
        status[ours.status] += 1
        if of.status in ("priced", "free"):
            costs = of.cost_by_class
            assert {name: cost for name, cost in ours.costs.items() if cost} == {
                name: cost for name, cost in costs.items() if cost
            }, of
            assert ours.cost_usd == sum(costs.values()), of
        else:
            assert ours.cost_usd is None and not any(ours.costs.values()), of
    print(f"{compared.name}: {len(compared.usages)} usages in {compared.seconds:.0f} s: {status}")


def compare(
    compared: Compared, engine: Any, equal: Callable[[Any, Decimal], bool]
) -> Counter[tuple[str, str]]:
    """Assert that an engine says the same of all it can express; returns what it cannot."""
    left_out = Counter[tuple[str, str]]()
    checked = 0
    different = []
    for of, ours in priced(compared):
        theirs, without = engine.cost(of)
        left_out.update(without.items())
        costs = [
            cost for name, cost in ours.costs.items() if cost is not None and name not in without
        ]
        if theirs is None or without.keys() >= of.counts.keys():
            continue
        checked += 1
        if not equal(theirs, sum(costs, D(0))):
            different.append((of, ours, theirs))
    print(f"{compared.name}: {checked} usages compared with {engine.name}; {len(different)} differ")
    for (name, what), times in sorted(left_out.items()):
        print(f"  left out: {name} in {times} usages: {what}")
    assert not different, different[:3]
    return left_out


def check_listed(compared: Compared, engine: str, left_out: Counter[tuple[str, str]]) -> None:
    """What was left out is listed with its cause; the whole has all that is listed."""
    known = listed(engine)
    assert left_out.keys() <= known.keys()
    assert all(known.values())
    if compared.name == "whole":
        assert left_out.keys() == known.keys()


@pytest.mark.slow
def test_genai_prices_says_the_same_exactly(compared: Compared) -> None:
    pytest.importorskip("genai_prices", reason="genai-prices is not installed: make setup")

    def equal(theirs: Decimal, ours: Decimal) -> bool:
        return theirs.quantize(D("1e-15")) == theirs == ours

    left_out = compare(compared, GenaiPrices(), equal)
    check_listed(compared, "genai-prices", left_out)


@pytest.mark.slow
def test_litellm_says_the_same_within_1e_9(compared: Compared) -> None:
    pytest.importorskip("litellm", reason="litellm is not installed: make setup")

    def equal(theirs: float, ours: Decimal) -> bool:
        return abs(D(theirs) - ours) <= D("1e-9")

    left_out = compare(compared, Litellm(), equal)
    check_listed(compared, "litellm", left_out)


def test_usages_cover_the_book() -> None:
    found = whole()
    seen = {feature for of in found for feature in features(of)}
    in_sample = {feature for of in sample() for feature in features(of)}
    assert in_sample == seen and len(sample()) == SAMPLE
    assert {name for kind, name in seen if kind == "class"} == set(CLASSES)
    assert {of.way for of in found} == book().ways.keys()
    assert sum(of.status in ("priced", "free") for of in found) >= WHOLE
    with (ROOT / "seeds" / "prices" / "ai_model_prices.csv").open(newline="") as file:
        uncounted = {row["price_class"] for row in csv.DictReader(file)} - set(CLASSES)
    assert uncounted == {price_class for price_class, _ in listed("both")}
    # Each price that can be paid is paid by a usage.
    paid = {(of.way, name, of.band) for of in found if of.prices for name in of.counts}
    sold = {
        (way, name, band)
        for way, classes in book().ways.items()
        for name, bands in classes.items()
        for band, rows in bands.items()
        if any(price is not None for _, price in rows)
    }
    print(
        f"{len(found)} usages of {len(book().ways)} ways; {len(sold & paid)} of {len(sold)} prices"
    )
    assert sold <= paid
