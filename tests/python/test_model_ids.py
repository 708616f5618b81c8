"""Every model string of the id list through the dbt models: one model, or `unresolved`; never a 0.

Two requests per string. One asks for what the book sells: one class, day and region of the resolved
model, and must cost exactly that row of the book. The other is an ordinary chat request of today,
with the region that the string names, if it names one.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT
from golden_company import query
from price_cases import costed

D = Decimal
TODAY = "2026-11-20"
UNITS = 10_000  # of whatever the class counts, in the request for what the book sells
UNIT_SIZES = {"1000000 tokens": 1_000_000, "1000000 characters": 1_000_000, "1000 calls": 1_000}

# Where the log counts a class; with one class alone both conventions say the same.
LOG_COLUMNS = {
    "input_uncached": ("input_tokens",),
    "input_audio": ("input_tokens", "input_audio_tokens"),
    "input_image": ("input_tokens", "input_image_tokens"),
    "output": ("output_tokens",),
    "output_audio": ("output_tokens", "output_audio_tokens"),
    "output_image": ("output_tokens", "output_image_tokens"),
    "web_search": ("web_search_requests",),
    "image": ("images",),
    "audio_second": ("audio_seconds",),
    "character": ("characters",),
}

# Models whose only classes no request log counts.
UNCOUNTED = {"code_interpreter", "search_api"}
# Models that are free of charge; by name, so that a 0 in the book never goes unnoticed.
FREE = {
    "gemini-2.0-flash-exp",
    "gemini-2.5-pro-exp-03-25",
    "gemini-exp-1114",
    "gemini-exp-1206",
    "gemma-3",
    "gemma-4-26b-a4b-it",
    "gemma-4-31b-it",
    "learnlm-1.5-pro-experimental",
}

# Names that hide the model: the user's own tables say what is behind them.
DEPLOYMENTS: list[dict[str, Any]] = [
    {"deployment": "Chat-Prod", "model": "gpt-4o", "region_scope": "data_zone_eu"},
    {"deployment": "gpt-3.5-turbo-0613", "model": "gpt-4.1", "region_scope": None},
    {"deployment": "tomorrow", "model": "gpt-9-foo", "region_scope": None},
]
ARN = "arn:aws:bedrock:us-east-1:012345678901:application-inference-profile/"
PROFILES: list[dict[str, Any]] = [
    {"profile": "support7bot", "model": "anthropic.claude-sonnet-4-5", "region_scope": "us"},
    {"profile": f"{ARN}search9", "model": "amazon.nova-lite", "region_scope": None},
]
# (platform, string, region of the log): (model, resolution, region scope, pricing status)
HIDDEN = {
    ("azure_openai", "chat-prod", "eastus2"): ("gpt-4o", "deployment", "data_zone_eu", "priced"),
    # The user's word ranks before the book's own name.
    ("azure_openai", "gpt-3.5-turbo-0613", None): ("gpt-4.1", "deployment", "global", "priced"),
    ("azure_openai", "chat-prod-2", None): (
        *("chat-prod-2", "unresolved", "global", "unpriced_model"),
    ),
    ("azure_openai", "tomorrow", None): ("gpt-9-foo", "deployment", "global", "unpriced_model"),
    ("aws_bedrock", f"{ARN}support7bot", "us-east-1"): (
        *("anthropic.claude-sonnet-4-5", "deployment", "us", "priced"),
    ),
    ("aws_bedrock", f"{ARN}search9", "us-east-1"): (
        *("amazon.nova-lite", "deployment", "regional", "priced"),
    ),
    # A GovCloud region says what an id without a geography does not.
    ("aws_bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "us-gov-west-1"): (
        *("anthropic.claude-sonnet-4-5", "equals", "us_gov", "priced"),
    ),
    ("aws_bedrock", f"{ARN}nobody", "us-east-1"): (
        *(f"{ARN}nobody", "unresolved", "regional", "unpriced_model"),
    ),
}


@dataclass(frozen=True)
class ModelId:
    """A row of the id list; `model` is empty where nothing may be resolved."""

    platform: str
    raw_model: str
    model: str
    region_scope: str


def model_ids() -> list[ModelId]:
    with (Path(__file__).parent / "data" / "model_ids.csv").open(newline="") as file:
        return [
            ModelId(row["platform"], row["raw_model"], row["model"], row["region_scope"])
            for row in csv.DictReader(file)
        ]


@dataclass(frozen=True)
class Sold:
    """A row of the book that a request of one class can pay: where, when, for how much."""

    region_scope: str
    day: str
    price_class: str
    cost_usd: Decimal


def sold() -> dict[tuple[str, str], list[Sold]]:
    """{(platform, model): its standard prices}."""
    found: dict[tuple[str, str], list[Sold]] = {}
    with (ROOT / "seeds" / "prices" / "ai_model_prices.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            way = (row["service_tier"], row["processing"], row["context_over_tokens"])
            offers = found.setdefault((row["platform"], row["model"]), [])
            if (
                way == ("standard", "sync", "0")
                and row["price_usd"]
                and row["price_class"] in LOG_COLUMNS
            ):
                cost = D(row["price_usd"]) * UNITS / UNIT_SIZES.get(row["unit"], 1)
                offers.append(
                    Sold(row["region_scope"], row["valid_from"], row["price_class"], cost)
                )
    return found


def offer(book: dict[tuple[str, str], list[Sold]], of: ModelId) -> Sold | None:
    """What a request for this string can buy; in the scope of the string, if it names one."""
    offers = book.get((of.platform, of.model), [])
    in_scope = [row for row in offers if row.region_scope == of.region_scope]
    if of.platform == "aws_bedrock":
        offers = in_scope
    # The first class of LOG_COLUMNS that is sold, on the first day of its last price.
    return max(
        in_scope or offers,
        key=lambda row: (-list(LOG_COLUMNS).index(row.price_class), row.day),
        default=None,
    )


@dataclass(frozen=True)
class Found:
    """What the warehouse says about a request."""

    model: str
    region_scope: str
    pricing_status: str
    cost_usd: Decimal | None
    resolution: str | None


@dataclass(frozen=True)
class Built:
    """The requests of the warehouse, and what was asked for."""

    offers: dict[ModelId, Sold | None]
    found: dict[str, Found]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    book = sold()
    offers = {of: offer(book, of) for of in model_ids()}
    requests: list[dict[str, Any]] = []

    def add(request_id: str, platform: str, raw_model: str, day: str, **values: Any) -> None:
        row = {
            "request_id": request_id,
            "occurred_at": f"{day} 12:00:00",
            "platform": platform,
            "model_served": raw_model,
            "cached_read_tokens": 0,
        }
        requests.append(row | values)

    for of, what in offers.items():
        add(f"today {of}", of.platform, of.raw_model, TODAY, input_tokens=1_000, output_tokens=100)
        if what is not None:
            counts: dict[str, Any] = {"input_tokens": 0, "output_tokens": 0}
            counts |= dict.fromkeys(LOG_COLUMNS[what.price_class], UNITS)
            counts["region"] = what.region_scope
            add(f"sold {of}", of.platform, of.raw_model, what.day, **counts)
    for number, (platform, raw_model, place) in enumerate(HIDDEN):
        counts = {"region": place, "input_tokens": 1_000, "output_tokens": 100}
        add(f"hidden {number}", platform, raw_model, TODAY, **counts)

    path = costed(
        tmp_path_factory.mktemp("model_ids"),
        app_requests=requests,
        azure_deployments=DEPLOYMENTS,
        bedrock_profiles=PROFILES,
    )
    rows = query(
        path,
        "select request_id, requests.model, requests.region_scope, pricing_status, "
        "metered_cost_usd, models.resolution from marts.cost_per_request as requests "
        "left join intermediate.int_ai_models as models using (platform, model_raw)",
    )
    assert len(rows) == len(requests)
    return Built(offers, {request_id: Found(*values) for request_id, *values in rows})


def test_every_string_means_one_model_and_region(built: Built) -> None:
    resolved = [of for of in built.offers if of.model]
    wrong = {
        of.raw_model: (found, of)
        for of in resolved
        if (found := built.found[f"today {of}"]).model != of.model
        or found.region_scope != of.region_scope
        or found.resolution not in ("book", "equals", "prefix", "contains")
    }
    print(f"{len(resolved)} strings resolved: {Counter(of.platform for of in resolved)}")
    assert not wrong
    assert len(resolved) >= 300


def test_made_up_neighbours_are_unresolved_and_have_no_cost(built: Built) -> None:
    unresolved = [of for of in built.offers if not of.model]
    print(f"{len(unresolved)} strings unresolved")
    assert {"claude-sonnet-4-5-20991231", "gpt-9-foo", "gemini-9-pro"} <= {
        of.raw_model for of in unresolved
    }
    for of in unresolved:
        found = built.found[f"today {of}"]
        assert found.resolution == "unresolved", of
        assert (found.pricing_status, found.cost_usd) == ("unpriced_model", None), of


def test_resolved_string_costs_what_the_book_says(built: Built) -> None:
    compared = Counter[str]()
    for of, what in built.offers.items():
        if what is None:
            continue
        found = built.found[f"sold {of}"]
        assert found.pricing_status == ("priced" if what.cost_usd else "free"), (of, what, found)
        assert found.cost_usd == what.cost_usd, (of, what, found)
        compared[of.platform] += 1
    print(f"{compared.total()} strings cost what their own row of the book says: {compared}")
    # The others sell only what no request log counts.
    others = {of.model for of, what in built.offers.items() if of.model and what is None}
    print(f"nothing to compare: {sorted(others)}")
    assert others <= UNCOUNTED


def test_resolved_string_never_costs_nothing(built: Built) -> None:
    status = Counter[str]()
    free = set()
    for of in built.offers:
        found = built.found[f"today {of}"]
        status[found.pricing_status] += 1
        if found.pricing_status == "free":
            assert found.cost_usd == 0, (of, found)
            free.add(of.model)
        elif found.pricing_status == "priced":
            assert found.cost_usd is not None and found.cost_usd > 0, (of, found)
        else:
            assert found.cost_usd is None, (of, found)
    print(f"an ordinary request of today: {status}")
    print(f"free of charge says the book: {sorted(free)}")
    assert free <= FREE


def test_hidden_names_are_resolved_by_the_users_own_tables(built: Built) -> None:
    found = {key: built.found[f"hidden {number}"] for number, key in enumerate(HIDDEN)}
    assert {
        key: (row.model, row.resolution, row.region_scope, row.pricing_status)
        for key, row in found.items()
    } == HIDDEN
    for row in found.values():
        assert (row.cost_usd is None) == (row.pricing_status == "unpriced_model")


def test_no_string_is_listed_twice() -> None:
    seen = Counter((of.platform, of.raw_model) for of in model_ids())
    assert not [key for key, times in seen.items() if times > 1]
