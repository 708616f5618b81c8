"""Companies drawn at random: all invariants hold on them, and four sums are computed again here.

A warehouse holds several companies, each an account of its own on OpenAI, Anthropic or Amazon
Bedrock, whose bills have any grain and rounding, whose logs miss, repeat, move or cannot count
requests, whose usage report is whole, partial or absent, and whose tables may be missing. All of it
is drawn by a seeded generator, so that a failure can be repeated. dbt's data tests are the
invariants; beside them this file computes with Decimal, from the raw rows alone: billed per account
and day, effective cost of what is on a bill, metered cost and tokens of the log, and the raw rows.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from conftest import Dbt
from golden_company import RawTables, query

D = Decimal
CENT = D("0.01")
FEMTO = D("1e-15")
COMPANIES = 12
SEED = 20261127
# Of the slow run, COMPANIES each: 204 companies.
SLOW_SEEDS = range(SEED + 1, SEED + 18)

FIRST_DAY = date(2026, 9, 29)
DAYS = [FIRST_DAY + timedelta(days=number) for number in range(5)]
LOADS = ("2026-10-06 00:00:00", "2026-10-07 06:00:00")
AS_OF = "2026-10-10"

# Class of a price, its name in a line of OpenAI's bill and as Anthropic's token type.
CLASSES = {
    "input_uncached": ("input", "uncached_input_tokens"),
    "input_cached": ("cached input", "cache_read_input_tokens"),
    "output": ("output", "output_tokens"),
}
# Bedrock: the bill's word and the model that it stands for; its price in the book, USD per million
# tokens on demand in its own region. The other models are in no book.
BEDROCK = ("Claude4.6Sonnet", "anthropic.claude-sonnet-4-6")
BEDROCK_LIST = {"input_uncached": D("3.3"), "input_cached": D("0.33"), "output": D("16.5")}
BEDROCK_WORDS = {
    "input_uncached": "input-tokens",
    "input_cached": "cache-read-input-token-count",
    "output": "output-tokens",
}

MORE_COLUMNS = {
    "app_requests": {
        "billing_account_id": "varchar",
        "project_id": "varchar",
        "input_convention": "varchar",
        "service_tier": "varchar",
        "is_batch": "boolean",
        "sample_rate": "decimal(18, 9)",
        "environment": "varchar",
        "is_gateway_cache_hit": "boolean",
    },
    "openai_usage_completions": {
        "organization_id": "varchar",
        "batch": "boolean",
        "service_tier": "varchar",
    },
    "openai_costs": {"organization_id": "varchar"},
    "anthropic_usage_messages": {
        "starting_at": "varchar",
        "ending_at": "varchar",
        "organization_id": "varchar",
        "workspace_id": "varchar",
        "api_key_id": "varchar",
        "model": "varchar",
        "service_tier": "varchar",
        "uncached_input_tokens": "bigint",
        "cache_read_input_tokens": "bigint",
        "output_tokens": "bigint",
        "loaded_at": "timestamp",
    },
    "anthropic_cost_report": {
        "starting_at": "varchar",
        "ending_at": "varchar",
        "organization_id": "varchar",
        "workspace_id": "varchar",
        "cost_type": "varchar",
        "token_type": "varchar",
        "model": "varchar",
        "service_tier": "varchar",
        "amount": "varchar",
        "currency": "varchar",
        "description": "varchar",
        "loaded_at": "timestamp",
    },
    "aws_cur": {
        "bill_billing_period_start_date": "timestamp",
        "line_item_usage_account_id": "varchar",
        "line_item_line_item_type": "varchar",
        "line_item_product_code": "varchar",
        "line_item_usage_type": "varchar",
        "line_item_usage_start_date": "timestamp",
        "line_item_usage_end_date": "timestamp",
        "line_item_usage_amount": "decimal(29, 9)",
        "line_item_unblended_cost": "varchar",
        "line_item_currency_code": "varchar",
        "pricing_unit": "varchar",
        "loaded_at": "timestamp",
    },
}

Place = tuple[str, str, date]
# Platform and account of a request; None = the log does not tell.
Owner = tuple[str, str | None]


@dataclass
class Expected:
    """What the raw rows say, computed beside the package."""

    # Bill lines: {key of the line: {load: (place, kind, amount)}}; a later load replaces.
    lines: dict[tuple[Any, ...], dict[str, tuple[Place, str, Decimal]]] = field(
        default_factory=dict
    )
    # Bedrock's deliveries, each of which replaces the whole of an account and month.
    deliveries: dict[tuple[Any, ...], dict[str, list[tuple[Place, str, Decimal]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    # Requests: {(platform, account): (attempts, tokens, metered)}, each attempt once.
    attempts: dict[Owner, int] = field(default_factory=lambda: defaultdict(int))
    tokens: dict[Owner, int] = field(default_factory=lambda: defaultdict(int))
    metered: dict[Owner, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    rejected: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    reported: dict[tuple[Any, ...], dict[str, int]] = field(default_factory=dict)

    def line(
        self, key: tuple[Any, ...], load: str, place: Place, kind: str, amount: Decimal
    ) -> None:
        """A row of a bill: of one key and load they add up."""
        loads = self.lines.setdefault(key, {})
        before = loads[load][2] if load in loads else D(0)
        loads[load] = (place, kind, before + amount)

    def bill_lines(self) -> Iterator[tuple[Place, str, Decimal]]:
        """The lines that count."""
        for loads in self.lines.values():
            yield loads[max(loads)]
        for deliveries in self.deliveries.values():
            yield from deliveries[max(deliveries)]


class Company:
    """One account: draws its raw rows, and notes what they add up to."""

    def __init__(
        self,
        rng: random.Random,
        platform: str,
        account: str,
        raw: RawTables,
        expected: Expected,
        *,
        knows_account: bool,
    ) -> None:
        self.rng = rng
        self.platform = platform
        self.account = account
        # As the log tells it.
        self.logged_account = account if knows_account else None
        self.raw = raw
        self.expected = expected
        self.models = [f"{account}-a", f"{account}-b"]
        if platform == "aws_bedrock":
            self.models = [BEDROCK[1]]
        self.projects = ["p", "q"][: rng.choice([1, 2])]
        self.keys = {"p": ["k1", "k2"], "q": ["k3"]}
        # What the provider metered: {(day, project, key, model, tier, batch): counts}.
        self.truth: dict[tuple[Any, ...], dict[str, int]] = {}
        self.prices: dict[tuple[str, str, bool], Decimal] = {}

    def maybe(self, share: float) -> bool:
        return self.rng.random() < share

    def draw(self) -> None:
        """All raw rows of the company."""
        self.draw_prices()
        self.draw_truth()
        if self.maybe(0.8):
            self.draw_log()
        if self.maybe(0.75) and self.platform != "aws_bedrock":
            self.draw_usage()
        if self.maybe(0.85):
            {
                "openai": self.openai_bill,
                "anthropic": self.anthropic_bill,
                "aws_bedrock": self.aws_bill,
            }[self.platform]()

    # --- Prices -----------------------------------------------------------------------------------

    def draw_prices(self) -> None:
        for model in self.models:
            if self.maybe(0.15) and self.platform != "aws_bedrock":
                continue  # a model without a price
            for price_class in CLASSES:
                if self.maybe(0.05):
                    continue  # a class without one
                price = self.rng.choice(
                    [
                        D(self.rng.randint(1, 9999)) / 100,
                        D(self.rng.randint(1, 10**9)).scaleb(-9),
                        D(self.rng.randint(1, 75)),
                    ]
                )
                self.price(model, price_class, price, batch=False)
                if self.maybe(0.5):
                    self.price(model, price_class, price / 2, batch=True)

    def price(self, model: str, price_class: str, price: Decimal, batch: bool) -> None:
        price = price.quantize(D("1e-9"), ROUND_HALF_UP)
        self.prices[model, price_class, batch] = price
        self.raw.price(
            model,
            str(price),
            platform=self.platform,
            billing_account_id=self.account,
            price_class=price_class,
            processing="batch" if batch else None,
        )

    def unit_price(
        self, model: str, price_class: str, batch: bool, *, is_account_known: bool = True
    ) -> Decimal | None:
        """USD per token: a price of batch alone beats one of both, both beat the book.

        The company's prices are those of its account: only the book's hold where it is unknown.
        """
        prices = self.prices if is_account_known else {}
        price = prices.get((model, price_class, batch))
        if price is None:
            price = prices.get((model, price_class, False))
        if price is None and model == BEDROCK[1] and not batch:
            price = BEDROCK_LIST[price_class]
        return None if price is None else price.scaleb(-6)

    # --- What happened ----------------------------------------------------------------------------

    def count(self) -> int:
        return self.rng.choice(
            [0, 1, self.rng.randint(1, 999), self.rng.randint(1, 10**5), self.rng.randint(1, 10**7)]
        )

    def draw_truth(self) -> None:
        for _ in range(self.rng.randint(1, 14)):
            project = self.rng.choice(self.projects)
            tier = self.rng.choice(["standard", "standard", "standard", "flex", "priority"])
            batch = self.maybe(0.2)
            if self.platform != "openai":
                tier = "standard"
            key = (
                self.rng.choice(DAYS),
                project,
                self.rng.choice(self.keys[project]),
                self.rng.choice(self.models),
                tier,
                batch,
            )
            bucket = self.truth.setdefault(key, dict.fromkeys(["calls", *CLASSES], 0))
            bucket["calls"] += 1
            for price_class in CLASSES:
                bucket[price_class] += self.count()

    # --- The log ----------------------------------------------------------------------------------

    def draw_log(self) -> None:
        knows_project = self.maybe(0.5)
        knows_key = self.maybe(0.5)
        knows_tier = self.maybe(0.7)
        counts_cache_twice = self.maybe(0.1)
        sample_rate = self.rng.choice([None, None, None, D("0.5")])
        number = 0
        for (day, project, key, model, tier, batch), bucket in self.truth.items():
            parts = self.rng.randint(1, 3)
            for part in range(parts):
                if self.maybe(0.15):
                    continue  # not logged
                number += 1
                counts: dict[str, int] | None = {
                    price_class: bucket[price_class] * (part + 1) // parts
                    - bucket[price_class] * part // parts
                    for price_class in CLASSES
                }
                status = self.rng.choice(["ok"] * 7 + ["error", "cancelled", "timeout", None])
                if self.maybe(0.1) or (status in ("cancelled", "error") and self.maybe(0.5)):
                    counts = None
                elif counts is not None and counts_cache_twice:
                    counts["input_uncached"] += counts["input_cached"]
                self.log(
                    f"{self.account} r{number}",
                    day,
                    model,
                    counts,
                    batch=knows_tier and batch,
                    service_tier=tier if knows_tier else None,
                    status=status,
                    project_id=project if knows_project else None,
                    api_key_id=key if knows_key else None,
                    sample_rate=sample_rate,
                )
        # Of calls that the provider does not know.
        for _ in range(self.rng.choice([0, 0, 1, 2])):
            number += 1
            counts = {price_class: self.count() for price_class in CLASSES}
            model = self.rng.choice(self.models)
            self.log(f"{self.account} r{number}", self.rng.choice(DAYS), model, counts, batch=False)
        # Rows that cannot be used.
        if self.maybe(0.3):
            bad = {"platform": self.platform, "billing_account_id": self.logged_account}
            self.raw.request("bad", None, self.models[0], 1, **bad)
            self.raw.request(None, f"{DAYS[0]} 01:00", self.models[0], 1, **bad)
            self.raw.request(f"{self.account} bad", f"{DAYS[0]} 01:00", self.models[0], -1, **bad)
            self.expected.rejected["requests:app"] += 3

    def log(
        self,
        request_id: str,
        day: date,
        model: str,
        counts: dict[str, int] | None,
        *,
        batch: bool,
        **values: Any,
    ) -> None:
        """An attempt, or several of one request, or copies of one."""
        inclusive = self.maybe(0.5)
        row: dict[str, Any] = {
            "platform": self.platform,
            "provider": "anthropic" if self.platform != "openai" else "openai",
            "billing_account_id": self.logged_account,
            "is_batch": batch,
            "input_convention": "inclusive" if inclusive else "exclusive",
            "customer_id": self.rng.choice([None, "A", "B", "I", " a ", "nobody"]),
            "feature": self.rng.choice([None, "chat", "search"]),
            "team": self.rng.choice([None, "core"]),
            "environment": self.rng.choice([None, None, "production", "development", "typo"]),
            "trace_id": self.rng.choice([None, None, f"{self.account} t"]),
            "is_gateway_cache_hit": self.maybe(0.03),
            **values,
        }
        if counts is None:
            tokens: dict[str, Any] = {"cached_read_tokens": None, "output_tokens": None}
            total = None
        else:
            tokens = {
                "cached_read_tokens": counts["input_cached"],
                "output_tokens": counts["output"],
            }
            total = counts["input_uncached"] + (counts["input_cached"] if inclusive else 0)
        clock = self.rng.choice(["00:00:00", "12:34:56.789", "23:59:59.999999"])
        self.raw.request(request_id, f"{day} {clock}", model, total, **row, **tokens)
        where = (self.platform, self.logged_account)
        self.expected.attempts[where] += 1
        if counts is not None:
            self.expected.tokens[where] += sum(counts.values())
            if not row["is_gateway_cache_hit"]:
                self.meter(where, model, counts, batch)
        if self.maybe(0.1):
            # A copy from across midnight, loaded later; often without the usage that the first has.
            copy = dict.fromkeys(tokens) if self.maybe(0.5) or counts is None else tokens
            at = f"{day + timedelta(days=1)} 00:00:01"
            same = total if copy is tokens else None
            row["loaded_at"] = LOADS[1]
            self.raw.request(request_id, at, model, same, **row, **copy)

    def meter(self, where: Owner, model: str, counts: dict[str, int], batch: bool) -> None:
        """Metered cost of an attempt, none where a class that it uses has no price."""
        cost = D(0)
        for price_class, quantity in counts.items():
            if quantity:
                price = self.unit_price(
                    model, price_class, batch, is_account_known=where[1] is not None
                )
                if price is None:
                    return
                cost += quantity * price
        self.expected.metered[where] += cost

    # --- The usage report -------------------------------------------------------------------------

    def draw_usage(self) -> None:
        share = self.rng.choice([1, 1, 0.7])
        has_keys = self.maybe(0.8)
        has_calls = self.maybe(0.7)
        buckets: dict[tuple[Any, ...], dict[str, int]] = {}
        for (day, project, key, model, tier, batch), counts in self.truth.items():
            if self.rng.random() < share:
                place = (day, project, key if has_keys else None, model, tier, batch)
                bucket = buckets.setdefault(place, dict.fromkeys(counts, 0))
                for name, count in counts.items():
                    bucket[name] += count
        for place, counts in buckets.items():
            loads = LOADS if self.maybe(0.15) else LOADS[:1]
            for load in loads:
                # An earlier load had seen less.
                seen = counts if load == loads[-1] else {n: c // 2 for n, c in counts.items()}
                self.usage(place, seen, load, has_calls)

    def usage(
        self, place: tuple[Any, ...], counts: dict[str, int], load: str, has_calls: bool
    ) -> None:
        day, project, key, model, tier, batch = place
        loads = self.expected.reported.setdefault((self.platform, self.account, *place), {})
        loads[load] = sum(counts[price_class] for price_class in CLASSES)
        if self.platform == "openai":
            self.raw.usage(
                str(day),
                model,
                counts["input_uncached"] + counts["input_cached"],
                input_cached_tokens=counts["input_cached"],
                output_tokens=counts["output"],
                organization_id=self.account,
                project_id=project,
                api_key_id=key,
                batch=batch,
                service_tier=tier,
                num_model_requests=counts["calls"] if has_calls else None,
                loaded_at=load,
            )
        else:
            self.raw.add(
                "anthropic_usage_messages",
                starting_at=f"{day}T00:00:00Z",
                ending_at=f"{day + timedelta(days=1)}T00:00:00Z",
                organization_id=self.account,
                workspace_id=project,
                api_key_id=key,
                model=model,
                service_tier="batch" if batch else "standard",
                uncached_input_tokens=counts["input_uncached"],
                cache_read_input_tokens=counts["input_cached"],
                output_tokens=counts["output"],
                loaded_at=load,
            )

    # --- Bills ------------------------------------------------------------------------------------

    def billed(self, attributes: list[str]) -> dict[tuple[Any, ...], tuple[int, Decimal]]:
        """Quantity and money of what happened, summed at some of its attributes."""
        names = ["day", "project", "model", "price_class", "batch"]
        # One price, a discount, a free month, an unknown contract, or no relation at all.
        factor = self.rng.choice([D(1), D("0.9"), D("0.5"), D(0), D(3), D("0.333333333333"), None])
        missing_day = self.rng.choice([*DAYS, None, None, None])
        sums: dict[tuple[Any, ...], tuple[int, Decimal]] = {}
        for (day, project, _, model, _, batch), counts in self.truth.items():
            if day == missing_day:
                continue
            for price_class in CLASSES:
                values = dict(zip(names, (day, project, model, price_class, batch), strict=True))
                key = tuple(
                    value if name in ("day", *attributes) else None
                    for name, value in values.items()
                )
                quantity, amount = sums.get(key, (0, D(0)))
                price = self.unit_price(model, price_class, batch)
                if factor is None or price is None:
                    more = D(self.rng.randint(0, 10**7)).scaleb(-5)
                else:
                    more = counts[price_class] * price * factor
                sums[key] = (quantity + counts[price_class], amount + more)
        return {key: value for key, value in sums.items() if value[0] or self.maybe(0.3)}

    def rounded(self, amount: Decimal, digits: int) -> Decimal:
        return amount.quantize(D(1).scaleb(-digits), ROUND_HALF_UP)

    def openai_bill(self) -> None:
        digits = self.rng.choice([2, 2, 6, 15])
        grain = self.rng.choice([["model", "price_class"], ["price_class"], []])
        has_quantity = self.maybe(0.5)
        words = dict(
            zip(CLASSES, ("input_tokens", "input_cached_tokens", "output_tokens"), strict=True)
        )
        for (day, project, model, price_class, _), (quantity, amount) in self.billed(
            ["project", *grain]
        ).items():
            if price_class is None:
                item = None
            elif model is None:
                item = words[price_class]
            else:
                item = f"{model}, {CLASSES[price_class][0]}"
            self.openai_line(
                day,
                project,
                item,
                self.rounded(amount, digits),
                "usage",
                quantity=D(quantity) if has_quantity else None,
                quantity_unit="tokens",
            )
        for item, kind, sign in (
            *(
                ("tax", "tax", 1),
                ("credit grant", "credit", -1),
                ("prepaid credits", "purchase", 1),
            ),
            *(("file search storage", "non_request", 1), ("adjustment", "adjustment", -1)),
            *(("a new thing", "non_request", 1), ("a new gift", "credit", -1)),
        ):
            if self.maybe(0.2):
                amount = sign * self.rounded(D(self.rng.randint(1, 10**6)).scaleb(-3), digits)
                self.openai_line(self.rng.choice(DAYS), self.projects[0], item, amount, kind)
        if self.maybe(0.2):
            self.raw.bill(str(DAYS[0]), "tax", "n/a", organization_id=self.account)
            self.expected.rejected["billing:openai"] += 1

    def openai_line(
        self, day: date, project: str, item: str | None, amount: Decimal, kind: str, **values: Any
    ) -> None:
        loads = LOADS if self.maybe(0.1) else LOADS[:1]
        copies = 2 if self.maybe(0.03) else 1
        for load in loads:
            # An earlier load of a line said something else; rows of one load add up.
            value = amount if load == loads[-1] else amount + 1
            for _ in range(copies if load == loads[-1] else 1):
                self.raw.bill(
                    str(day),
                    item,
                    f"{value:f}",
                    organization_id=self.account,
                    project_id=project,
                    loaded_at=load,
                    **values,
                )
                place = ("openai", self.account, day)
                key = (*place, project, item)
                self.expected.line(key, load, place, kind, value)

    def anthropic_bill(self) -> None:
        digits = self.rng.choice([0, 6, 13])  # of cents
        attributes = ["project", "model", "price_class", "batch"]
        grain = self.rng.sample(attributes, self.rng.randint(0, 4))
        for (day, project, model, price_class, batch), (_, amount) in self.billed(grain).items():
            self.anthropic_line(
                day,
                self.rounded(amount * 100, digits),
                "usage",
                workspace_id=project,
                model=model,
                token_type=CLASSES[price_class][1] if price_class else None,
                service_tier=None if batch is None else ("batch" if batch else "standard"),
                cost_type="tokens",
            )
        if self.maybe(0.3):
            cents = D(self.rng.randint(1, 10**5))
            self.anthropic_line(DAYS[1], cents, "non_request", cost_type="code_execution")
        if self.maybe(0.3):
            cents = -D(self.rng.randint(1, 10**5))
            self.anthropic_line(DAYS[2], cents, "credit", cost_type="credit")

    def anthropic_line(self, day: date, cents: Decimal, kind: str, **values: Any) -> None:
        load = self.rng.choice(LOADS)
        self.raw.add(
            "anthropic_cost_report",
            starting_at=f"{day}T00:00:00Z",
            ending_at=f"{day + timedelta(days=1)}T00:00:00Z",
            organization_id=self.account,
            amount=f"{cents:f}",
            currency="USD",
            description=values["cost_type"],
            loaded_at=load,
            **values,
        )
        place = ("anthropic", self.account, day)
        key = (*place, tuple(sorted((n, str(v)) for n, v in values.items())))
        self.expected.line(key, load, place, kind, cents.scaleb(-2))

    def aws_bill(self) -> None:
        digits = self.rng.choice([2, 10, 15])
        has_quantity = self.maybe(0.7)
        lines: list[tuple[date, str, str, Decimal, Decimal | None, str]] = []
        for (day, _, _, price_class, batch), (quantity, amount) in self.billed(
            ["price_class", "batch"]
        ).items():
            usage_type = (
                f"USE1-{BEDROCK[0]}-{BEDROCK_WORDS[price_class]}{'-batch' if batch else ''}"
            )
            thousands = D(quantity) / 1000 if has_quantity else None
            cost = self.rounded(amount, digits)
            lines.append((day, "Usage", usage_type, cost, thousands, "usage"))
            if self.maybe(0.2):
                off = -self.rounded(amount / 20, digits)
                lines.append((day, "EdpDiscount", usage_type, off, None, "usage"))
        for line_type, kind, sign in (
            *(("Tax", "tax", 1), ("Credit", "credit", -1), ("Refund", "adjustment", -1)),
            ("Fee", "purchase", 1),
        ):
            if self.maybe(0.3):
                amount = sign * self.rounded(D(self.rng.randint(1, 10**6)).scaleb(-4), digits)
                usage_type = f"USE1-{BEDROCK[0]}-input-tokens"
                lines.append((self.rng.choice(DAYS), line_type, usage_type, amount, None, kind))
        loads = LOADS if self.maybe(0.3) else LOADS[:1]
        for load in loads:
            # The first delivery may have lines that the last one lacks.
            for day, line_type, usage_type, amount, thousands, kind in lines:
                if load != loads[-1] or self.maybe(0.95):
                    self.aws_line(load, day, line_type, usage_type, amount, thousands, kind)

    def aws_line(
        self,
        load: str,
        day: date,
        line_type: str,
        usage_type: str,
        amount: Decimal,
        quantity: Decimal | None,
        kind: str,
    ) -> None:
        start = datetime(day.year, day.month, day.day, self.rng.randint(0, 23))
        self.raw.add(
            "aws_cur",
            bill_billing_period_start_date=datetime(day.year, day.month, 1),
            line_item_usage_account_id=self.account,
            line_item_line_item_type=line_type,
            line_item_product_code="AmazonBedrock",
            line_item_usage_type=usage_type,
            line_item_usage_start_date=start,
            line_item_usage_end_date=start + timedelta(hours=1),
            line_item_usage_amount=quantity,
            line_item_unblended_cost=f"{amount:f}",
            line_item_currency_code="USD",
            pricing_unit="1K tokens",
            loaded_at=load,
        )
        place = ("aws_bedrock", self.account, day)
        self.expected.deliveries[self.account, day.month][load].append((place, kind, amount))


def draw_business(rng: random.Random, raw: RawTables) -> None:
    """Customers, plans, revenue and rules that all companies of the warehouse share."""
    for customer in "ABI":
        raw.add(
            "customers",
            customer_id=customer,
            name=customer,
            is_internal=customer == "I",
            loaded_at=LOADS[0],
        )
    for plan_id, price in (("pro", "99"), ("free", "0")):
        raw.plan(plan_id, plan_id, price)
    for number, customer in enumerate("AAB"):
        start = datetime(2026, 9, rng.randint(1, 30), rng.randint(0, 23))
        raw.add(
            "subscriptions",
            subscription_id=f"s{number}",
            customer_id=customer,
            plan_id=rng.choice(["pro", "free"]),
            status="active",
            is_primary=number != 1,
            is_trial=rng.random() < 0.2,
            seats=1,
            mrr=D(rng.randint(0, 99)),
            valid_from=start,
            valid_to=rng.choice([None, start + timedelta(hours=rng.randint(1, 900))]),
        )
    for number in range(rng.randint(0, 6)):
        start_day = date(2026, 9, rng.randint(1, 30))
        raw.add(
            "revenue_lines",
            line_id=f"l{number}",
            invoice_id=f"i{number}",
            customer_id=rng.choice(["A", "B", None]),
            plan_id=rng.choice(["pro", "free", None]),
            line_kind=rng.choice(["subscription", "usage", "one_off", "refund"]),
            amount=D(rng.randint(-10000, 30000)) / 100,
            discount_amount=D(rng.randint(0, 500)) / 100,
            tax_amount=D(0),
            currency="USD",
            service_period_start=start_day,
            service_period_end=rng.choice(
                [start_day, start_day + timedelta(rng.randint(1, 40)), None]
            ),
            invoice_date=start_day,
            quantity=1,
            is_proration=False,
            status=rng.choice(["paid", "open", "void", None]),
        )
    for evidence, value in (
        *(("api_key_map", "k1"), ("project_map", "p"), ("default_rule", None)),
        *(("project_map", "q"), ("api_key_map", "k3")),
    ):
        for dimension, targets in (
            *(("customer", "AB"), ("feature", ("chat", "other")), ("team", ("core",))),
            *(("environment", ("staging",)), ("pnl_class", ("rnd",))),
        ):
            if rng.random() < 0.15:
                middle = rng.choice(DAYS)
                for target, valid_from, valid_to in (
                    (targets[0], None, middle),
                    (targets[-1], middle, None),
                ):
                    raw.add(
                        "attribution_rules",
                        dimension=dimension,
                        evidence=evidence,
                        match_type="equals" if value else None,
                        match_value=value,
                        target_id=target,
                        valid_from=valid_from,
                        valid_to=valid_to,
                    )


@dataclass(frozen=True)
class Warehouse:
    """A built warehouse beside what is expected of it."""

    path: Path
    expected: Expected
    raw: RawTables
    variables: dict[str, Any]


def drawn(seed: int) -> tuple[RawTables, Expected, dict[str, Any]]:
    """Raw tables of COMPANIES companies, what they say, and the vars of their build."""
    rng = random.Random(seed)
    raw = RawTables(more_columns=MORE_COLUMNS)
    expected = Expected()
    draw_business(rng, raw)
    for number in range(COMPANIES):
        platform = ("openai", "anthropic", "openai", "aws_bedrock")[number % 4]
        account = f"{number + 1:012}" if platform == "aws_bedrock" else f"company-{number}"
        Company(
            *(random.Random(f"{seed} {number}"), platform, account, raw, expected),
            # An account that no log tells is shared by all: then only the platform's sum is known.
            knows_account=seed % 4 != 0 or number not in (0, 1, 3),
        ).draw()
    variables = {
        "ai_usage_platforms": ["openai", "anthropic"],
        "ai_billing_platforms": ["openai", "anthropic", "aws_bedrock"],
        "ai_request_sources": ["app"],
        "ai_business_tables": ["customers", "plans", "subscriptions", "revenue_lines"],
        "ai_price_overrides_relation": "raw.price_overrides",
        "ai_attribution_rules_relation": "raw.attribution_rules",
        "ai_as_of_date": AS_OF,
        "ai_variance_policy": "scale" if seed % 3 == 1 else "decompose",
        "ai_factor_bounds": rng.choice([[0.4, 2.5], [0.4, 2.5], [0.01, 100], [1, 1]]),
        "ai_unattributed_policy": rng.choice(["none", "proportional_cost", "proportional_tokens"]),
        "ai_default_environment": rng.choice(["production", "development"]),
    }
    if seed != SEED and seed % 5 == 0:
        left_out = rng.choice(["ai_usage_platforms", "ai_billing_platforms", "ai_request_sources"])
        variables[left_out] = []
    return raw, expected, variables


@pytest.fixture(
    scope="module",
    params=[SEED, *(pytest.param(seed, marks=pytest.mark.slow) for seed in SLOW_SEEDS)],
    ids=str,
)
def warehouse(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Warehouse:
    """The companies of a seed, built with all data tests: the invariants hold."""
    folder = tmp_path_factory.mktemp(f"random_{request.param}")
    path = folder / "random.duckdb"
    raw, expected, variables = drawn(request.param)
    raw.write(path)
    dbt = Dbt(folder / "dbt", env={"AI_DUCKDB_PATH": str(path)})
    dbt("build", "--exclude-resource-types", "unit_test", variables=variables)
    return Warehouse(path, expected, raw, variables)


def by_place(warehouse: Warehouse, kinds: tuple[str, ...], sql: str) -> tuple[Any, Any]:
    """Sums of the bill's lines of some kinds beside those of the ledger, by account and day.

    By platform and day where the log of an account does not tell it.
    """
    are_accounts_known = all(account for _, account in warehouse.expected.attempts)
    sums: list[dict[Any, Decimal]] = []
    lines = (
        (place, amount if kind in kinds else D(0))
        for place, kind, amount in warehouse.expected.bill_lines()
    )
    ledger = ((row[:3], row[3] or D(0)) for row in query(warehouse.path, sql))
    for rows in (lines, ledger):
        found: dict[Any, Decimal] = defaultdict(Decimal)
        for (platform, account, day), amount in rows:
            found[platform, account if are_accounts_known else None, day] += amount
        sums.append({place: amount for place, amount in found.items() if amount})
    assert sums[0], "nothing was billed"
    return sums[0], sums[1]


SERVING = ("usage", "non_request", "adjustment")


def test_billed_is_the_bill(warehouse: Warehouse) -> None:
    if not warehouse.variables["ai_billing_platforms"]:
        pytest.skip("no bills")
    bill, ledger = by_place(
        warehouse,
        (*SERVING, "tax", "credit", "purchase"),
        "select platform, billing_account_id, usage_date, sum(billed_cost_usd) "
        "from marts.cost_ledger group by all",
    )
    assert ledger == bill


def test_effective_cost_of_a_bill_is_its_cost_of_serving(warehouse: Warehouse) -> None:
    """Billed without tax, credits and purchases, whatever a policy moves within."""
    if not warehouse.variables["ai_billing_platforms"]:
        pytest.skip("no bills")
    bill, ledger = by_place(
        warehouse,
        SERVING,
        "select platform, billing_account_id, usage_date, sum(effective_cost_usd) "
        "from marts.cost_ledger where cost_status = 'reconciled' group by all",
    )
    assert ledger == bill


def test_log_is_counted_once_and_metered_to_the_last_digit(warehouse: Warehouse) -> None:
    if not warehouse.variables["ai_request_sources"]:
        pytest.skip("no logs")
    classes = "input_uncached_tokens, input_cached_tokens, output_tokens"
    tokens = " + ".join(f"coalesce({column}, 0)" for column in classes.split(", "))
    found = query(
        warehouse.path,
        f"select platform, billing_account_id, count(*), sum({tokens}), "
        "coalesce(sum(metered_cost_usd), 0) from marts.cost_per_request group by all "
        "order by platform, billing_account_id nulls last",
    )
    expected = warehouse.expected
    assert found == [
        (*where, expected.attempts[where], expected.tokens[where], expected.metered[where])
        for where in sorted(expected.attempts, key=lambda key: (key[0], key[1] or "~"))
    ]


def test_usage_is_that_of_the_last_load(warehouse: Warehouse) -> None:
    if not warehouse.variables["ai_usage_platforms"]:
        pytest.skip("no usage reports")
    ((found,),) = query(
        warehouse.path,
        "select coalesce(sum(input_uncached_tokens + input_cached_tokens + output_tokens), 0) "
        "from intermediate.int_ai_usage",
    )
    assert found == sum(loads[max(loads)] for loads in warehouse.expected.reported.values())


def test_every_raw_row_is_accepted_a_duplicate_or_rejected(warehouse: Warehouse) -> None:
    sources = {
        "requests:app": ("app_requests", "ai_request_sources"),
        "usage:openai": ("openai_usage_completions", "ai_usage_platforms"),
        "usage:anthropic": ("anthropic_usage_messages", "ai_usage_platforms"),
        "billing:openai": ("openai_costs", "ai_billing_platforms"),
        "billing:anthropic": ("anthropic_cost_report", "ai_billing_platforms"),
        "billing:aws_bedrock": ("aws_cur", "ai_billing_platforms"),
    }
    found = {
        name: counts
        for name, *counts in query(
            warehouse.path,
            "select source_name, sum(raw_rows), sum(accepted_rows + duplicate_rows), "
            "sum(rejected_rows) from intermediate.int_ai_row_counts "
            "where source_name like '%:%' group by all",
        )
    }
    for name, (table, variable) in sources.items():
        rows = len(warehouse.raw.rows.get(table, []))
        if warehouse.variables[variable] and rows:
            rejected = warehouse.expected.rejected[name]
            assert found[name] == [rows, rows - rejected, rejected], name
