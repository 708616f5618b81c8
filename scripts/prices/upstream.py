"""The two public price sets in the price book's own words.

A reader turns one package into quotes: a key of the book, a price, the day since when the package
says that it holds, and the id that the package uses. What a package no longer has, or has in
another shape, is an error that names what was expected; a price word without a class is listed.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from prices.book import Key, PriceError, to_scale
from prices.names import GEOGRAPHIES, forms

GENAI = "genai-prices"
LITELLM = "litellm"
MILLION = Decimal(1_000_000)
LONG_AGO = date(1970, 1, 1)
FEES = ("web_search", "code_execution", "request")  # the same in every region: kept as global

# Platform of a genai-prices provider; its `google` is both of Google's platforms.
GENAI_PLATFORMS = {
    "openai": ("openai",),
    "anthropic": ("anthropic",),
    "aws": ("aws_bedrock",),
    "azure": ("azure_openai",),
    "google": ("google_ai", "google_vertex"),
}
GENAI_CLASSES = {
    "input_mtok": "input_uncached",
    "cache_read_mtok": "input_cached",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_mtok": "output",
    "input_audio_mtok": "input_audio",
    "output_audio_mtok": "output_audio",
    "input_image_mtok": "input_image",
    "output_image_mtok": "output_image",
    "web_searches_kcount": "web_search",
    "input_mchars": "character",
    "audio_hours": "audio_second",
}
# Price words without a class of their own: cached audio and images are input_cached.
GENAI_IGNORED = {
    "cache_audio_read_mtok",
    "cache_image_read_mtok",
    "input_video_mtok",
    "output_video_mtok",
    "cache_write_mtok",  # handled apart
    "input_audio_hours",  # the same use that the token price counts
    "storage_searches_kcount",  # file search calls
}

LITELLM_PLATFORMS = (
    ("text-completion-openai", "openai"),
    ("openai", "openai"),
    ("anthropic", "anthropic"),
    ("bedrock", "aws_bedrock"),
    ("vertex_ai", "google_vertex"),
    ("gemini", "google_ai"),
    ("azure", "azure_openai"),
)
# name in the map → (class, factor to the class's unit)
LITELLM_CLASSES = {
    "input_cost_per_token": ("input_uncached", MILLION),
    "cache_read_input_token_cost": ("input_cached", MILLION),
    "cache_creation_input_token_cost": ("cache_write_other", MILLION),
    "cache_creation_input_token_cost_above_1hr": ("cache_write_1h", MILLION),
    "output_cost_per_token": ("output", MILLION),
    "input_cost_per_audio_token": ("input_audio", MILLION),
    "output_cost_per_audio_token": ("output_audio", MILLION),
    "input_cost_per_image_token": ("input_image", MILLION),
    "output_cost_per_image_token": ("output_image", MILLION),
    "input_cost_per_query": ("request", Decimal(1000)),
    "input_cost_per_character": ("character", MILLION),
    "input_cost_per_second": ("audio_second", Decimal(1)),
    "output_cost_per_image": ("image", Decimal(1)),
    "code_interpreter_cost_per_session": ("code_execution", Decimal(1)),
}
LITELLM_SUFFIX = re.compile(
    r"(?:_above_(?P<context>\d+)k_tokens)?(?:_(?P<tier>batches|flex|priority|ultrafast))?$"
)
# `bedrock/<region>/<id>`: the book has the price of us-east-1 and us-gov-west-1 for all of a scope.
REGIONAL_PRICE = re.compile(r"bedrock(_mantle)?/(?!us-gov-west-1/|invoke/|us\.)[a-z-]+-\d/")
AZURE_SCOPES = {
    "us": "data_zone_us",
    "eu": "data_zone_eu",
    "apac": "apac",
    "us-gov": "us_gov",
    "global": "global",
    "global-standard": "global",
}


@dataclass(frozen=True)
class Quote:
    """One price of one package: USD per unit from `since` on, until the next quote of its key."""

    key: Key  # its model is the package's id until the comparison resolves it
    price_usd: Decimal | None  # None: the package says that the price ended
    since: date
    upstream_id: str


@dataclass
class Upstream:
    """One package, read."""

    name: str
    version: str
    quotes: list[Quote] = field(default_factory=list)
    ids: dict[str, set[str]] = field(default_factory=dict)  # platform → the package's model ids
    unmapped: Counter[str] = field(default_factory=Counter)  # price words without a class

    def add(self, quote: Quote) -> None:
        """Keep a quote and its id."""
        self.quotes.append(quote)
        self.ids.setdefault(quote.key.platform, set()).add(quote.upstream_id)


def is_claude(model: str) -> bool:
    """Anthropic's models write to caches of two lifetimes; an unnamed write is the short one."""
    return "claude" in model


def write_classes(model: str) -> tuple[str, ...]:
    """Classes that a price called just `cache write` is for."""
    return ("cache_write_5m", "cache_write_other") if is_claude(model) else ("cache_write_other",)


def expect(value: Any, name: str, package: str) -> Any:
    """`value`, or an error that says which part of the package is gone."""
    if value is None:
        raise PriceError(
            f"{package} no longer has {name}. Pin the version that the lock file names, or teach "
            f"scripts/prices/upstream.py the new shape."
        )
    return value


def voice(identity: str, model: str) -> tuple[object, ...]:
    """Which of several ids of one model speaks for its price: the plainest one."""
    text = identity.lower()
    return (
        text.startswith("azure_ai/"),
        text.count("/") > 1,
        re.search(r"20\d\d-?\d\d", text) is not None,
        "mantle" in text,
        not text.endswith(model),
        len(text),
        text,
    )


# ---------------------------------------------------------------------------------- genai-prices


def _bands(value: Any) -> dict[int, Decimal]:
    """Price by lower bound of the context band (tokens, strict)."""
    if isinstance(value, Decimal):
        return {0: value}
    base = expect(getattr(value, "base", None), "TieredPrices.base", GENAI)
    tiers = expect(getattr(value, "tiers", None), "TieredPrices.tiers", GENAI)
    return {0: base, **{int(tier.start): tier.price for tier in tiers}}


def _classes(prices: Any, model: str, unmapped: Counter[str]) -> dict[tuple[str, int], Decimal]:
    """(class, band) → USD per unit of one ModelPrice."""
    found: dict[tuple[str, int], Decimal] = {}
    for word, value in vars(prices).items():
        if value is None or word.startswith("_"):
            continue
        if word == "cache_write_mtok":
            classes: tuple[str, ...] = write_classes(model)
        elif word in GENAI_CLASSES:
            classes = (GENAI_CLASSES[word],)
        else:
            if word not in GENAI_IGNORED:
                unmapped[word] += 1
            continue
        for band, price in _bands(value).items():
            if word == "audio_hours":
                price = price / 3600
            for price_class in classes:
                found[price_class, band] = to_scale(price)
    return found


def _start(constraint: Any) -> date | None:
    """First day of a constraint; None for one that is no date (time of day)."""
    if constraint is None:
        return LONG_AGO
    start = getattr(constraint, "start_date", None)
    return start if isinstance(start, date) else None


def _words(clause: Any) -> list[str]:
    """The strings of a match clause, of any kind and depth."""
    if isinstance(clause, str):
        return [clause]
    if isinstance(clause, list | tuple):
        return [word for part in clause for word in _words(part)]
    return [word for part in getattr(clause, "__dict__", {}).values() for word in _words(part)]


def _genai_scopes(platform: str, model: Any) -> tuple[str, list[str]]:
    """The id without its scope word, and the region scopes that the entry prices."""
    identity = str(model.id)
    if platform != "aws_bedrock":
        return identity, ["global"]
    if identity.startswith("regional."):
        scopes = {"regional"}
        for word in _words(model.match):
            for prefix, scope in GEOGRAPHIES.items():
                if word.startswith(prefix) and scope != "global":
                    scopes.add(scope)
        return identity.removeprefix("regional."), sorted(scopes)
    ((bare, scope),) = forms(platform, identity)
    return bare, [scope]


def _genai_platforms(provider: str, model: str) -> tuple[str, ...]:
    """Where the model is sold."""
    platforms = GENAI_PLATFORMS[provider]
    if provider == "google":
        if is_claude(model) or model.endswith("-maas"):
            return ("google_vertex",)
        if model.startswith(("gemma", "gemini-1", "gemini-flash-1", "gemini-pro")):
            return ("google_ai",)  # Vertex AI billed these by character, or does not sell them
    return platforms


def read_genai(providers: Iterable[Any], version: str) -> Upstream:
    """Quotes of genai-prices, dated by its conditions."""
    upstream = Upstream(GENAI, version)
    seen: set[str] = set()
    for provider in providers:
        name = str(expect(getattr(provider, "id", None), "Provider.id", GENAI))
        if name not in GENAI_PLATFORMS:
            continue
        seen.add(name)
        for model in expect(getattr(provider, "models", None), "Provider.models", GENAI):
            _read_genai_model(upstream, name, model)
    if missing := sorted(set(GENAI_PLATFORMS) - seen):
        raise PriceError(
            f"{GENAI} {version} has no provider {', '.join(missing)}: renamed or removed. Change "
            "GENAI_PLATFORMS in scripts/prices/upstream.py; no row of the book is touched."
        )
    return upstream


def _read_genai_model(upstream: Upstream, provider: str, model: Any) -> None:
    identity = str(expect(getattr(model, "id", None), "ModelInfo.id", GENAI))
    prices = expect(getattr(model, "prices", None), "ModelInfo.prices", GENAI)
    periods: list[tuple[date, Any]] = []
    for period in prices if isinstance(prices, list) else [prices]:
        constraint = getattr(period, "constraint", None)
        start = _start(constraint)
        if start is not None:
            periods.append((start, getattr(period, "prices", period)))
    variants: list[tuple[str, str, date, Any]] = []
    for variant in getattr(model, "price_variants", None) or ():
        when = expect(getattr(variant, "when", None), "PriceVariant.when", GENAI)
        tier = when.get("service_tier", "fast" if when.get("speed") == "fast" else "standard")
        start = _start(getattr(variant, "constraint", None))
        if start is not None and tier in ("standard", "flex", "priority", "fast"):
            variants.append((tier, when.get("processing", "sync"), start, variant.prices))
    for platform in _genai_platforms(provider, identity):
        bare, scopes = _genai_scopes(platform, model)
        upstream.ids.setdefault(platform, set()).add(identity)
        plans = [("standard", "sync", start, price) for start, price in periods] + variants
        cells: dict[tuple[str, str], list[tuple[date, dict[tuple[str, int], Decimal]]]] = {}
        for tier, processing, start, price in plans:
            found = _classes(price, identity, upstream.unmapped)
            cells.setdefault((tier, processing), []).append((start, found))
        for (tier, processing), dated in cells.items():
            dated.sort(key=lambda item: item[0])
            before: dict[tuple[str, int], Decimal] = {}
            for start, found in dated:
                for cell in sorted({*found, *before}):
                    if found.get(cell) == before.get(cell):
                        continue
                    for scope in ["global"] if cell[0] in FEES else scopes:
                        key = Key(platform, bare, cell[0], scope, tier, processing, cell[1])
                        upstream.add(Quote(key, found.get(cell), start, identity))
                before = found


# --------------------------------------------------------------------------------------- litellm


def litellm_platform(entry: Mapping[str, Any]) -> str | None:
    """The book's platform of an entry of the map, None for all others."""
    provider = str(entry.get("litellm_provider", ""))
    for prefix, platform in LITELLM_PLATFORMS:
        if provider.startswith(prefix):
            return platform
    return None


def _litellm_scopes(platform: str, name: str, entry: Mapping[str, Any]) -> dict[str, Decimal]:
    """Region scopes that an entry prices, with the factor on its token prices."""
    if platform == "aws_bedrock":
        return {forms(platform, name)[-1][1]: Decimal(1)}
    if platform == "azure_openai":
        parts = name.split("/")
        return {AZURE_SCOPES.get(parts[1] if len(parts) > 2 else "", "global"): Decimal(1)}
    scopes = {"global": Decimal(1)}
    if platform == "google_vertex" and "regional_endpoint_uplift_multiplier" in entry:
        factor = Decimal(str(entry["regional_endpoint_uplift_multiplier"]))
        scopes |= {"regional": factor, "us": factor, "eu": factor}
    if platform == "openai":
        for scope in ("us", "eu"):
            if uplift := entry.get(f"regional_processing_uplift_multiplier_{scope}"):
                scopes[scope] = Decimal(str(uplift))
    extra = entry.get("provider_specific_entry") or {}
    if platform == "anthropic" and extra.get("us"):
        scopes["us"] = Decimal(str(extra["us"]))
    return scopes


def litellm_cells(name: str, entry: Mapping[str, Any]) -> dict[tuple[str, str, str, int], Decimal]:
    """(class, tier, processing, band) → USD per unit of one entry of the map."""
    mode = str(entry.get("mode", ""))
    cells: dict[tuple[str, str, str, int], Decimal] = {}
    for word, value in entry.items():
        if word == "search_context_cost_per_query" and isinstance(value, dict):
            price = value.get("search_context_size_medium")
            if price is not None:
                cells["web_search", "standard", "sync", 0] = Decimal(str(price)) * 1000
            continue
        suffix = LITELLM_SUFFIX.search(word)
        if suffix is None or isinstance(value, bool | str | dict | list) or value is None:
            continue
        base = LITELLM_CLASSES.get(word[: suffix.start()])
        if base is None or suffix["tier"] == "ultrafast":
            continue
        price_class, factor = base
        if price_class == "output" and mode in ("embedding", "rerank"):
            continue
        if price_class == "audio_second" and not mode.startswith(("audio", "realtime")):
            continue
        if price_class == "image" and not mode.startswith("image"):
            continue
        tier = {"flex": "flex", "priority": "priority"}.get(suffix["tier"] or "", "standard")
        processing = "batch" if suffix["tier"] == "batches" else "sync"
        band = int(suffix["context"] or 0) * 1000
        price = to_scale(Decimal(str(value)) * factor)
        is_write = price_class == "cache_write_other"
        for each in write_classes(name) if is_write else (price_class,):
            cells[each, tier, processing, band] = price
    # One use, one price: tokens count where there are any, else images, seconds or characters.
    classes = {cell[0] for cell in cells}
    twice: set[str] = set()
    if classes & {"output", "output_image"}:
        twice.add("image")
    if classes & {"input_uncached", "input_audio"}:
        twice |= {"audio_second", "character"}
    return {cell: price for cell, price in cells.items() if cell[0] not in twice}


def read_litellm(cost_map: Mapping[str, Any], version: str) -> Upstream:
    """Quotes of litellm's map, which knows today's prices only."""
    upstream = Upstream(LITELLM, version)
    for name, entry in cost_map.items():
        if not isinstance(entry, dict) or name == "sample_spec":
            continue
        platform = litellm_platform(entry)
        if platform is None:
            continue
        upstream.ids.setdefault(platform, set()).add(name)
        if platform == "aws_bedrock" and REGIONAL_PRICE.match(name):
            continue  # one region's own price: a region scope cannot tell it
        cells = litellm_cells(name, entry)
        for scope, factor in _litellm_scopes(platform, name, entry).items():
            for (price_class, tier, processing, band), price in cells.items():
                where, final = scope, to_scale(price * factor)
                if price_class in FEES:
                    where, final = "global", price
                key = Key(platform, name, price_class, where, tier, processing, band)
                upstream.add(Quote(key, final, LONG_AGO, name))
    if missing := sorted({p for _, p in LITELLM_PLATFORMS} - set(upstream.ids)):
        raise PriceError(
            f"{LITELLM} {version} has no model of {', '.join(missing)}: `litellm_provider` was "
            "renamed or removed. Change LITELLM_PLATFORMS in scripts/prices/upstream.py; no row of "
            "the book is touched."
        )
    return upstream


# -------------------------------------------------------------------------------------- packages


def installed_genai() -> Upstream:
    """Read the installed genai-prices."""
    try:
        data = importlib.import_module("genai_prices.data")
    except ImportError as error:
        raise PriceError(
            f"{GENAI} is not installed or has no module genai_prices.data ({error}). "
            "Install it: .venv/bin/pip install genai-prices==0.2.3"
        ) from error
    providers = expect(getattr(data, "providers", None), "genai_prices.data.providers", GENAI)
    return read_genai(providers, importlib.metadata.version(GENAI))


def installed_litellm() -> Upstream:
    """Read the map inside the installed litellm, as decimals; never the network."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    try:
        distribution = importlib.metadata.distribution(LITELLM)
    except importlib.metadata.PackageNotFoundError as error:
        raise PriceError(
            f"{LITELLM} is not installed. Install it: .venv/bin/pip install litellm==1.106.2"
        ) from error
    name = "litellm/model_prices_and_context_window_backup.json"
    path = Path(str(distribution.locate_file(name)))
    if not path.is_file():
        raise PriceError(
            f"{LITELLM} {distribution.version} has no file {name}. Pin the version that the lock "
            "file names, or teach scripts/prices/upstream.py the new place."
        )
    text = path.read_text(encoding="utf-8")
    return read_litellm(json.loads(text, parse_float=Decimal, parse_int=int), distribution.version)
