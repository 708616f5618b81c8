"""What really happened at the providers: every call with its tokens, and who made it and why.

Token counts follow the measured quantiles of public request traces (the tables below): Azure LLM
inference 2023 (CC-BY 4.0), Mooncake FAST'25 and Aider (Apache-2.0), Vidur's arXiv trace (MIT).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from demo import company as co
from demo.company import Company
from demo.money import I64
from demo.period import DAY_US, Period
from demo.prices import CLASSES, INPUT_CLASSES, NO_PRICE, OUTPUT, WEB_SEARCH, PriceBook

F64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]

QUANTILES = (0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 0.999)
# tokens at QUANTILES: (input, output)
AZURE_CODE = (
    (3, 17, 75, 147, 578, 1469, 2744, 5187, 7303, 7436, 7437),
    (6, 6, 6, 7, 9, 13, 24, 55, 90, 251, 825),
)
MOONCAKE_CONVERSATION = (
    (891, 894, 901, 964, 2306, 6909, 15367, 27367, 39550, 85400, 121300),
    (1, 3, 10, 24, 156, 350, 472, 597, 698, 1118, 2000),
)
MOONCAKE_SYNTHETIC = (
    (13, 16, 22, 30, 277, 11587, 23175, 38611, 48904, 66456, 191373),
    (1, 2, 2, 4, 11, 69, 250, 389, 519, 768, 813),
)
VIDUR_ARXIV = (
    (1, 73, 748, 1242, 1986, 2730, 3370, 3702, 3813, 3933, 4011),
    (5, 36, 60, 78, 115, 167, 242, 372, 736, 3271, 3844),
)
AIDER = (
    (17, 79, 519, 1567, 4865, 9754, 16774, 26745, 33592, 46982, 80622),
    (4, 9, 15, 42, 142, 316, 624, 1088, 1551, 3097, 7818),
)
# cached share of the input at QUANTILES
MOONCAKE_CONVERSATION_HITS = (
    (0.0, 0.007, 0.018, 0.028, 0.069, 0.363, 0.712, 0.948, 0.976, 0.999, 1.0),
)
MOONCAKE_SYNTHETIC_HITS = ((0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.977, 0.994, 1.0, 1.0, 1.0),)
NO_HITS = ((0.0,) * 11,)

OPENAI, ANTHROPIC, BEDROCK, VERTEX, AZURE = range(5)
PLATFORMS = ["openai", "anthropic", "aws_bedrock", "google_vertex", "azure_openai"]
CLOUDS = (BEDROCK, VERTEX, AZURE)  # their bill is the only thing that they tell: no usage report
TIERS = ["standard", "flex", "priority"]
REGIONS = ["global", "us", "regional", "data_zone_us"]
GLOBAL, US, REGIONAL, DATA_ZONE_US = range(4)
LONG_CONTEXT = 200_000

# (name on the wire, platform, first day, last day, ramp in days).
MODELS: list[tuple[str, int, date, date | None, int]] = [
    ("gpt-4o-2024-08-06", OPENAI, date(2024, 8, 6), date(2026, 4, 30), 60),
    ("gpt-4o-mini-2024-07-18", OPENAI, date(2024, 7, 18), None, 60),
    ("gpt-4.1-2025-04-14", OPENAI, date(2025, 4, 14), None, 60),
    ("gpt-4.1-mini-2025-04-14", OPENAI, date(2025, 4, 14), None, 60),
    ("gpt-4.1-nano-2025-04-14", OPENAI, date(2025, 4, 14), None, 60),
    ("gpt-5-2025-08-07", OPENAI, date(2025, 8, 7), date(2026, 8, 31), 60),
    ("gpt-5-mini-2025-08-07", OPENAI, date(2025, 8, 7), None, 90),
    ("gpt-5-nano-2025-08-07", OPENAI, date(2025, 8, 7), None, 120),
    ("gpt-5.1-2025-11-13", OPENAI, date(2025, 11, 20), date(2026, 6, 30), 30),
    ("gpt-5.2-2025-12-11", OPENAI, date(2025, 12, 15), None, 60),
    ("gpt-5.4-2026-03-05", OPENAI, date(2026, 3, 12), None, 60),
    ("gpt-5.6-sol", OPENAI, date(2026, 7, 20), None, 45),
    ("o3-2025-04-16", OPENAI, date(2025, 4, 16), None, 60),
    ("o4-mini-2025-04-16", OPENAI, date(2025, 4, 16), date(2026, 9, 30), 60),
    ("claude-3-5-haiku-20241022", ANTHROPIC, date(2024, 11, 4), date(2026, 6, 30), 60),
    ("claude-sonnet-4-20250514", ANTHROPIC, date(2025, 5, 22), date(2026, 5, 14), 60),
    ("claude-opus-4-1-20250805", ANTHROPIC, date(2025, 8, 5), date(2026, 7, 31), 60),
    ("claude-sonnet-4-5-20250929", ANTHROPIC, date(2025, 9, 29), None, 60),
    ("claude-haiku-4-5-20251001", ANTHROPIC, date(2025, 10, 15), None, 90),
    ("claude-opus-4-5-20251101", ANTHROPIC, date(2025, 11, 26), None, 45),
    ("claude-sonnet-4-6", ANTHROPIC, date(2026, 2, 20), None, 60),
    ("claude-sonnet-5-5", ANTHROPIC, date(2026, 9, 29), None, 30),
    ("gpt-experimental-preview", OPENAI, date(2026, 6, 8), date(2026, 10, 20), 20),  # no price
    ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", BEDROCK, date(2025, 10, 20), None, 60),
    ("global.anthropic.claude-haiku-4-5-20251001-v1:0", BEDROCK, date(2025, 11, 3), None, 90),
    ("amazon.nova-pro-v1:0", BEDROCK, date(2025, 1, 15), None, 60),
    ("us.amazon.nova-lite-v1:0", BEDROCK, date(2025, 1, 15), None, 60),
    ("gemini-2.5-pro", VERTEX, date(2025, 7, 1), None, 60),
    ("gemini-2.5-flash", VERTEX, date(2025, 7, 1), None, 60),
    ("gemini-2.5-flash-lite", VERTEX, date(2025, 8, 4), None, 60),
    ("gpt-4o-2024-11-20", AZURE, date(2024, 12, 2), date(2026, 9, 30), 60),
    ("gpt-4.1-2025-04-14", AZURE, date(2025, 5, 5), None, 60),
    ("gpt-5-mini-2025-08-07", AZURE, date(2025, 9, 1), None, 90),
]
MODEL_NAMES = [m[0] for m in MODELS]
MODEL_PLATFORM = np.array([m[1] for m in MODELS], dtype=np.int64)
# A platform may serve a model under the name that another one gives it.
MODEL_NUMBERS = {(PLATFORMS[m[1]], m[0]): n for n, m in enumerate(MODELS)}
IS_CLAUDE = np.array(["claude" in n for n in MODEL_NAMES])
# Where a cloud's model runs; the id says it on Bedrock, the deployment on Azure.
MODEL_REGION = np.array(
    [
        GLOBAL
        if platform not in (BEDROCK, AZURE)
        else US
        if name.startswith("us.")
        else REGIONAL
        if name.startswith("amazon.")
        else DATA_ZONE_US
        if platform == AZURE and name.startswith("gpt-4.1")
        else GLOBAL
        for name, platform, *_ in MODELS
    ]
)
UNPRICED = MODEL_NAMES.index("gpt-experimental-preview")
NANO = MODEL_NAMES.index("gpt-4.1-nano-2025-04-14")
OLD_HAIKU = MODEL_NAMES.index("claude-3-5-haiku-20241022")
CACHE_WRITER = MODEL_NAMES.index("gpt-5.6-sol")
THINKERS = ("gpt-5", "o3", "o4", "gemini-2.5-pro", "gemini-2.5-flash")
REASONING = [i for i, n in enumerate(MODEL_NAMES) if n.startswith(THINKERS)]
US_MODELS = [
    i for i, n in enumerate(MODEL_NAMES) if n in ("claude-sonnet-4-6", "claude-sonnet-5-5")
]
LONG_MODELS = [i for i, n in enumerate(MODEL_NAMES) if n.startswith("claude-sonnet-4-")]
GEMINI_PRO = MODEL_NAMES.index("gemini-2.5-pro")
GEMINI_FLASH = MODEL_NAMES.index("gemini-2.5-flash")
FLASH_LITE = MODEL_NAMES.index("gemini-2.5-flash-lite")
# A model that is asked for by its alias and served as a dated snapshot; on Azure by the name of its
# deployment, which says nothing.
DEPLOYMENTS = {"gpt-4o-2024-11-20": "chat-prod", "gpt-4.1-2025-04-14": "docs-eu-us-prod"}
REQUESTED = [
    DEPLOYMENTS.get(name, "fast-lane")
    if platform == AZURE
    else re.sub(r"-(\d{8}|\d{4}-\d{2}-\d{2})$", "", name)
    for name, platform, *_ in MODELS
]

# (api key, platform, project or workspace; None is the default workspace). The clouds' bills and
# logs know no API key: an account or project stands for all of its keys.
KEYS: list[tuple[str | None, int, str | None]] = [
    ("key_main", OPENAI, "proj_main"),
    ("key_mobile", OPENAI, "proj_main"),
    ("key_extract", OPENAI, "proj_batch"),
    ("key_internal", OPENAI, "proj_internal"),
    ("key_staging", OPENAI, "proj_staging"),
    ("key_notebooks", OPENAI, "proj_research"),
    ("key_acme", OPENAI, "proj_acme"),
    ("apikey_main", ANTHROPIC, None),
    ("apikey_agents", ANTHROPIC, "wrkspc_agents"),
    ("apikey_evals", ANTHROPIC, "wrkspc_evals"),
    ("apikey_demo", ANTHROPIC, "wrkspc_sales"),
    ("apikey_code", ANTHROPIC, "wrkspc_code"),
    (None, ANTHROPIC, None),  # the provider's own console: no key, never logged
    (None, BEDROCK, "assist"),  # a tag of the account's resources
    (None, BEDROCK, "091827364550"),  # no such tag: the account itself
    (None, VERTEX, "aurora-prod"),
    (None, VERTEX, "aurora-labs"),
    (None, AZURE, "docs"),  # a tag of the resource group
    (None, AZURE, "5c1f2a7e-90b4-4f0e-8d21-6f3b7a90c402"),  # the subscription itself
]
(K_MAIN, K_MOBILE, K_EXTRACT, K_INTERNAL, K_STAGING, K_NOTEBOOKS, K_ACME) = range(7)
(A_MAIN, A_AGENTS, A_EVALS, A_DEMO, A_CODE, A_CONSOLE) = range(7, 13)
(B_ASSIST, B_LABS, V_PROD, V_LABS, Z_DOCS, Z_LABS) = range(13, 19)
# Whose bill a key is on: (platform, account).
ACCOUNTS: list[tuple[int, str]] = [
    (OPENAI, "default"),
    (ANTHROPIC, "default"),
    (BEDROCK, "004218730965"),
    (BEDROCK, "091827364550"),
    (VERTEX, "01A7C3-4D5E6F-7B8092"),
    (AZURE, "1b7d9e02-3c48-4d55-a1f6-2e8c4b6d7f01"),
    (AZURE, "5c1f2a7e-90b4-4f0e-8d21-6f3b7a90c402"),
]
KEY_ACCOUNT = np.array([k[1] for k in KEYS[:13]] + [2, 3, 4, 4, 5, 6], dtype=np.int64)

UNSEEN_KEYS = (K_NOTEBOOKS, A_CONSOLE, B_LABS)  # what runs there is on the bill only
CHAT, SEARCH, SUMMARY, EMAIL, CODE, AGENT, EXTRACT, REPORT = range(8)
# feature: share of sessions, steps per session, input/output, cache hits, {model: weight}
PROFILES: list[tuple[float, int, Any, Any, dict[str, float]]] = [
    (
        0.30,
        2,
        MOONCAKE_CONVERSATION,
        MOONCAKE_CONVERSATION_HITS,
        {
            "gpt-4o-2024-08-06": 2.0,
            "gpt-4o-mini-2024-07-18": 1.5,
            "gpt-5-mini-2025-08-07": 2.0,
            "gpt-5.1-2025-11-13": 1.0,
            "gpt-5.2-2025-12-11": 0.8,
            "gpt-5.4-2026-03-05": 0.8,
            "gpt-5.6-sol": 1.0,
            "claude-3-5-haiku-20241022": 0.7,
            "claude-sonnet-4-5-20250929": 0.9,
            "claude-haiku-4-5-20251001": 1.0,
            "claude-sonnet-4-6": 0.8,
            "claude-sonnet-5-5": 1.0,
            "gpt-experimental-preview": 0.25,
            "aws_bedrock|global.anthropic.claude-haiku-4-5-20251001-v1:0": 0.5,
            "aws_bedrock|amazon.nova-pro-v1:0": 0.4,
            "google_vertex|gemini-2.5-flash": 0.7,
            "azure_openai|gpt-4o-2024-11-20": 0.6,
            "azure_openai|gpt-5-mini-2025-08-07": 0.6,
        },
    ),
    (
        0.20,
        1,
        AZURE_CODE,
        NO_HITS,
        {
            "gpt-4.1-nano-2025-04-14": 2.0,
            "gpt-5-nano-2025-08-07": 2.0,
            "gpt-4.1-mini-2025-04-14": 1.0,
            "claude-haiku-4-5-20251001": 0.7,
            "aws_bedrock|us.amazon.nova-lite-v1:0": 0.4,
            "google_vertex|gemini-2.5-flash-lite": 0.5,
        },
    ),
    (
        0.16,
        1,
        VIDUR_ARXIV,
        NO_HITS,
        {
            "gpt-4.1-2025-04-14": 2.0,
            "gpt-4.1-mini-2025-04-14": 2.0,
            "claude-haiku-4-5-20251001": 1.0,
            "claude-sonnet-4-20250514": 0.7,
            "google_vertex|gemini-2.5-flash": 0.3,
            "azure_openai|gpt-4.1-2025-04-14": 0.8,
        },
    ),
    (
        0.15,
        1,
        AZURE_CODE,
        NO_HITS,
        {
            "gpt-4o-mini-2024-07-18": 2.0,
            "gpt-5-nano-2025-08-07": 1.0,
            "gpt-5-mini-2025-08-07": 1.0,
        },
    ),
    (
        0.06,
        1,
        AIDER,
        MOONCAKE_CONVERSATION_HITS,
        {
            "claude-sonnet-4-20250514": 1.0,
            "claude-sonnet-4-5-20250929": 2.0,
            "claude-opus-4-1-20250805": 0.2,
            "claude-opus-4-5-20251101": 0.3,
            "claude-sonnet-4-6": 1.0,
            "aws_bedrock|us.anthropic.claude-sonnet-4-5-20250929-v1:0": 0.9,
        },
    ),
    (
        0.035,
        7,
        MOONCAKE_SYNTHETIC,
        MOONCAKE_SYNTHETIC_HITS,
        {
            "claude-sonnet-4-5-20250929": 2.0,
            "claude-opus-4-1-20250805": 0.15,
            "claude-opus-4-5-20251101": 0.3,
            "claude-sonnet-4-6": 1.0,
            "claude-sonnet-5-5": 1.0,
            "o3-2025-04-16": 0.8,
            "o4-mini-2025-04-16": 1.2,
            "gpt-5-2025-08-07": 0.8,
            "aws_bedrock|us.anthropic.claude-sonnet-4-5-20250929-v1:0": 0.4,
        },
    ),
    (
        0.075,
        1,
        VIDUR_ARXIV,
        NO_HITS,
        {
            "gpt-4o-mini-2024-07-18": 1.5,
            "gpt-4.1-mini-2025-04-14": 1.5,
            "gpt-5-nano-2025-08-07": 1.0,
            "claude-haiku-4-5-20251001": 0.8,
            "google_vertex|gemini-2.5-flash-lite": 0.8,
        },
    ),
    (
        0.02,
        1,
        AIDER,
        NO_HITS,
        {
            "gpt-5-2025-08-07": 1.2,
            "o3-2025-04-16": 0.8,
            "gpt-5.2-2025-12-11": 1.0,
            "claude-sonnet-4-5-20250929": 1.0,
            "claude-sonnet-4-6": 0.8,
            "google_vertex|gemini-2.5-pro": 1.2,
            "azure_openai|gpt-4.1-2025-04-14": 0.6,
        },
    ),
]
PRIMARY_TEAM = ["core_product", "core_product", "growth", "growth"]
PRIMARY_TEAM += ["platform", "core_product", "data_science", "customer_success"]
HOURS = (2, 2, 1, 1, 2, 3, 6, 12, 20, 26, 28, 27, 24, 27, 30, 30, 28, 24, 18, 14, 10, 8, 5, 3)
STATUSES = ["ok", "error", "timeout", "cancelled"]
OK, ERROR, TIMEOUT, CANCELLED = range(4)
ERRORS = ["rate_limit_exceeded", "server_error", "read_timeout", "client_disconnected"]
# Days on which spend jumps.
CUSTOMER_SPIKE = date(2026, 9, 17)  # one customer's runaway integration: volume
WRONG_MODEL_DAY = date(2026, 10, 7)  # all of the chat assistant on a dear model: unit cost
WRONG_MODEL = MODEL_NAMES.index("claude-opus-4-5-20251101")
LEAK_DAYS = (
    date(2026, 10, 24),
    date(2026, 10, 25),
)  # a stolen key that nobody logs
LEAK_MODEL = MODEL_NAMES.index("gpt-5.2-2025-12-11")
LEAK_REQUESTS_PER_CALL = 6_000  # one leaked call a day for so many calls of the company
MAX_OPENAI_INPUT = 120_000


@dataclass
class Calls:
    """One element per provider call (an attempt), in order of session and time."""

    time: I64  # µs since 1970
    day: I64  # day index of the period
    logical: I64  # number of the logical request
    attempt: I64
    trace: I64  # number of the trace, −1: none
    run: I64  # number of the agent run, −1: none
    step: I64
    feature: I64
    customer: I64  # customer number
    user: I64  # number of the user within the customer
    model: I64
    key: I64
    tier: I64
    batch: I64
    region: I64
    tokens: I64  # [call, class]
    reasoning: I64
    status: I64
    error: I64  # −1: none
    latency_ms: I64
    gateway_hit: I64  # answered by the gateway's cache: no provider call
    logged: I64  # does the application log it?
    long_context: I64  # input above LONG_CONTEXT

    def __len__(self) -> int:
        """Number of calls."""
        return len(self.time)

    def take(self, rows: I64) -> Calls:
        """The given calls."""
        return Calls(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @property
    def platform(self) -> I64:
        """Number of the platform in PLATFORMS."""
        result: I64 = MODEL_PLATFORM[self.model]
        return result

    @property
    def billable(self) -> Bool:
        """Did the provider meter it? Not a rate limit, not a hit of the gateway's cache."""
        result: Bool = (self.gateway_hit == 0) & (self.error != 0)
        return result


def combination(calls: Calls) -> tuple[I64, I64]:
    """(index per call, distinct rows [model, tier, batch, region, long context])."""
    table = np.column_stack(
        [calls.model, calls.tier, calls.batch, calls.region, calls.long_context]
    )
    distinct, index = np.unique(table, axis=0, return_inverse=True)
    return index.reshape(-1).astype(np.int64), distinct.astype(np.int64)


def list_prices(calls: Calls, book: PriceBook) -> I64:
    """Femto-dollars per token [call, class] at the UTC day's list price; NO_PRICE: none."""
    index, distinct = combination(calls)
    cube = np.empty((len(distinct), book.period.days, len(CLASSES)), dtype=np.int64)
    for number, (model, tier, batch, region, long_context) in enumerate(distinct):
        cube[number] = book.daily(
            PLATFORMS[MODEL_PLATFORM[model]],
            MODEL_NAMES[model],
            REGIONS[region],
            TIERS[tier],
            "batch" if batch else "sync",
            LONG_CONTEXT + 1 if long_context else 1,
        )
    result: I64 = cube[index, calls.day]
    return result


def _inverse(table: Any, rows: int, rng: np.random.Generator) -> F64:
    """Random values that follow a quantile table (linear between the quantiles)."""
    result: F64 = np.interp(rng.random(rows) * QUANTILES[-1], QUANTILES, table)
    return result


def _model_weights(period: Period) -> F64:
    """Weight of each model by [feature, day, model], with adoption and retirement ramps."""
    ramp = np.zeros((period.days, len(MODELS)))
    for number, (_, _, first, last, days) in enumerate(MODELS):
        age = np.arange(period.days) - period.index(first)
        share = np.where(age < 0, 0.0, np.clip((age + 1) / days, 0.02, 1.0))
        if last is not None:
            left = period.index(last) - np.arange(period.days)
            share *= np.where(left < 0, 0.0, np.clip(left / 45, 0.03, 1.0))
        ramp[:, number] = share
    weights = np.zeros((len(PROFILES), period.days, len(MODELS)))
    for feature, profile in enumerate(PROFILES):
        for name, weight in profile[4].items():
            platform, _, plain = name.rpartition("|")
            number = MODEL_NUMBERS[platform, plain] if platform else MODEL_NAMES.index(plain)
            weights[feature, :, number] = ramp[:, number] * weight
    return weights


def _day_weights(period: Period) -> F64:
    """Relative traffic by day: growth, weekdays, a quiet turn of the year."""
    days = np.arange(period.days)
    weights = 1.045 ** (days / 30.4)
    weekday = np.array([(period.start.weekday() + d) % 7 for d in days])
    weights *= np.array([1.0, 1.06, 1.04, 1.0, 0.9, 0.42, 0.38])[weekday]
    for day in range(period.days):
        this = period.day(day)
        if (this.month, this.day) >= (12, 23) or (this.month, this.day) <= (1, 2):
            weights[day] *= 0.55
    return weights


def _customer_cdf(company: Company) -> F64:
    """Cumulative share of each customer by [day, customer]."""
    period = company.period
    table = np.zeros((period.days, company.count))
    for number in range(1, company.count + 1):
        first = max(0, period.index(company.created[number - 1]) + 1)
        last = period.index(company.active_until[number - 1]) + 1
        if last > first:
            table[first:last, number - 1] = company.weight[number - 1]
    spike = period.index(CUSTOMER_SPIKE)
    if 0 <= spike < period.days:
        table[spike, co.GLOBEX - 1] *= 20
    cumulative = np.cumsum(table, axis=1)
    result: F64 = cumulative / cumulative[:, -1:]
    return result


def simulate(company: Company, book: PriceBook, size: int, rng: np.random.Generator) -> Calls:
    """About `size` provider calls over the company's period."""
    period = company.period
    shares = np.array([p[0] for p in PROFILES])
    shares = shares / shares.sum()
    mean_steps = float((shares * np.array([p[1] for p in PROFILES])).sum())
    sessions = max(40, int(size / 1.055 / mean_steps))

    feature = rng.choice(len(PROFILES), sessions, p=shares)
    weights = _day_weights(period)
    day = np.sort(rng.choice(period.days, sessions, p=weights / weights.sum()))
    if sessions > period.days:  # small runs still have something on each of the last days
        day[-4:] = period.days - 1 - np.array([3, 2, 1, 0])
        day = np.sort(day)
    hours = np.array(HOURS) / sum(HOURS)
    second = rng.choice(24, sessions, p=hours) * 3600 + rng.integers(0, 3600, sessions)
    cdf = _customer_cdf(company)
    roll = rng.random(sessions)
    customer = 1 + np.array(
        [np.searchsorted(cdf[d], r, side="right") for d, r in zip(day, roll, strict=True)]
    )
    customer = np.minimum(customer, company.count)

    steps = np.ones(sessions, dtype=np.int64)
    for number, profile in enumerate(PROFILES):
        rows = feature == number
        if profile[1] == 2:
            steps[rows] = rng.choice([1, 2, 3, 4], int(rows.sum()), p=[0.45, 0.25, 0.15, 0.15])
        elif profile[1] > 2:
            steps[rows] = np.clip(rng.geometric(1 / profile[1], int(rows.sum())) + 1, 3, 40)
    users = np.minimum(rng.geometric(0.25, sessions), 12)

    session = np.repeat(np.arange(sessions), steps)
    first_row = np.cumsum(steps) - steps
    step = np.arange(len(session)) - first_row[session]
    gap = np.where(step == 0, 0, rng.integers(4_000_000, 90_000_000, len(session)))
    elapsed = np.cumsum(gap)
    elapsed -= elapsed[first_row][session]
    time = epoch = day[session] * DAY_US + second[session] * 1_000_000 + elapsed
    time = time + rng.integers(0, 1000, len(session)) * 1000
    keep = time < period.days * DAY_US
    session, step, epoch = session[keep], step[keep], time[keep]
    rows_day = epoch // DAY_US
    features = feature[session]

    cube = np.cumsum(_model_weights(period), axis=2)
    cumulative = cube[features, rows_day]
    target = rng.random(len(session)) * cumulative[:, -1]
    model = (target[:, None] >= cumulative).sum(axis=1)
    model[(features == CHAT) & (rows_day == period.index(WRONG_MODEL_DAY))] = WRONG_MODEL

    calls = _first_attempts(
        epoch + period.us(0), rows_day, session, step, features, customer, users, model, steps, rng
    )
    _choose_keys(calls, rng)
    _choose_tiers(calls, book, rng)
    _fill_tokens(calls, rng)
    calls = _with_retries(calls, period, rng)
    _choose_logged(calls, rng)
    calls = _with_leak(calls, period, size, rng)
    prices = list_prices(calls, book)
    missing = (calls.tokens > 0) & (prices == NO_PRICE) & (calls.model != UNPRICED)[:, None]
    if missing.any():
        row, column = np.argwhere(missing)[0]
        name = MODEL_NAMES[calls.model[row]]
        raise ValueError(
            f"The price seed has no {CLASSES[column]} price for {name} "
            f"({TIERS[calls.tier[row]]}, batch {calls.batch[row]}, {REGIONS[calls.region[row]]}) "
            f"on {period.day(calls.day[row])}."
        )
    return calls


def _first_attempts(
    time: I64,
    day: I64,
    session: I64,
    step: I64,
    feature: I64,
    customer: I64,
    users: I64,
    model: I64,
    steps: I64,
    rng: np.random.Generator,
) -> Calls:
    """Calls without keys, tiers and tokens yet."""
    rows = len(time)
    zeros = np.zeros(rows, dtype=np.int64)
    several = steps[session] > 1
    trace = np.where(several, session, -1)
    run = np.where(feature == AGENT, session, -1)
    who = customer[session].astype(np.int64)
    first = users[session].astype(np.int64)
    return Calls(
        time=time.astype(np.int64),
        day=day.astype(np.int64),
        logical=np.arange(rows, dtype=np.int64),
        attempt=np.ones(rows, dtype=np.int64),
        trace=trace.astype(np.int64),
        run=run.astype(np.int64),
        step=step.astype(np.int64),
        feature=feature.astype(np.int64),
        customer=who,
        user=first,
        model=model.astype(np.int64),
        key=zeros.copy(),
        tier=zeros.copy(),
        batch=zeros.copy(),
        region=zeros.copy(),
        tokens=np.zeros((rows, len(CLASSES)), dtype=np.int64),
        reasoning=zeros.copy(),
        status=zeros.copy(),
        error=zeros - 1,
        latency_ms=rng.integers(180, 2400, rows),
        gateway_hit=zeros.copy(),
        logged=zeros + 1,
        long_context=zeros.copy(),
    )


def _choose_keys(calls: Calls, rng: np.random.Generator) -> None:
    """Under which API key, hence project or workspace, each call runs."""
    openai, anthropic = calls.platform == OPENAI, calls.platform == ANTHROPIC
    roll = rng.random(len(calls))
    plain = np.isin(calls.model, [NANO, OLD_HAIKU, UNPRICED])
    key = np.where(openai, np.where(roll < 0.35, K_MOBILE, K_MAIN), A_MAIN)
    key[openai & (calls.feature == EXTRACT)] = K_EXTRACT
    key[anthropic & (calls.feature == AGENT)] = A_AGENTS
    key[anthropic & (calls.feature == CODE)] = A_CODE
    key[openai & (calls.customer == co.ACME) & (roll < 0.85)] = K_ACME
    internal = np.isin(calls.customer, [co.COMPANY, co.QA])
    key[openai & internal & (roll < 0.7)] = K_INTERNAL
    key[openai & (roll > 0.965)] = K_STAGING
    key[openai & (roll > 0.994)] = K_NOTEBOOKS
    key[anthropic & (roll > 0.955)] = A_EVALS
    key[anthropic & (roll > 0.975)] = A_DEMO
    key[anthropic & (roll > 0.996)] = A_CONSOLE
    key[plain & openai] = np.where(roll < 0.35, K_MOBILE, K_MAIN)[plain & openai]
    key[plain & anthropic] = A_MAIN
    key[calls.model == UNPRICED] = K_MAIN
    for platform, main, labs, share in (
        (BEDROCK, B_ASSIST, B_LABS, 0.9),
        (VERTEX, V_PROD, V_LABS, 0.86),
        (AZURE, Z_DOCS, Z_LABS, 0.92),
    ):
        mine = calls.platform == platform
        key[mine] = np.where(roll < share, main, labs)[mine]
    calls.key = key.astype(np.int64)
    # Nobody's customer: our own experiments, tests and demos. One run, one owner.
    for number in (K_NOTEBOOKS, K_STAGING, A_EVALS, A_DEMO, A_CONSOLE, B_LABS, V_LABS, Z_LABS):
        calls.trace[key == number] = -1
        calls.run[key == number] = -1
    # Bedrock's own log knows no trace, and whole seconds only.
    bedrock = calls.platform == BEDROCK
    calls.trace[bedrock], calls.run[bedrock] = -1, -1
    calls.time[bedrock] = calls.time[bedrock] // 1_000_000 * 1_000_000


def _choose_tiers(calls: Calls, book: PriceBook, rng: np.random.Generator) -> None:
    """Batch, flex, priority and inference region, only where the price book has them."""
    roll = rng.random(len(calls))
    openai = calls.platform == OPENAI
    extract = (calls.feature == EXTRACT) & (roll < 0.85)
    extract &= np.isin(calls.platform, [OPENAI, ANTHROPIC]) | (calls.model == FLASH_LITE)
    calls.batch = (extract & ~np.isin(calls.model, [UNPRICED])).astype(np.int64)
    report = (calls.feature == REPORT) & openai
    calls.tier = np.where(report & (roll < 0.45), 1, 0).astype(np.int64)
    chat = (calls.feature == CHAT) & openai & (calls.key == K_MOBILE) & (roll < 0.06)
    calls.tier[chat] = 2
    inference = (np.isin(calls.model, US_MODELS) & (roll > 0.88)).astype(np.int64)
    calls.region = np.where(np.isin(calls.platform, CLOUDS), MODEL_REGION[calls.model], inference)
    index, distinct = combination(calls)
    for number, (model, tier, batch, region, _) in enumerate(distinct):
        if (tier, batch, region) == (0, 0, 0) or model == UNPRICED:
            continue
        if MODEL_PLATFORM[model] in CLOUDS:
            continue  # sold as they are asked for, or simulate refuses
        rows = np.flatnonzero(index == number)
        prices = book.daily(
            PLATFORMS[MODEL_PLATFORM[model]],
            MODEL_NAMES[model],
            REGIONS[region],
            TIERS[tier],
            "batch" if batch else "sync",
            1,
        )
        needed = [0, 1, OUTPUT] if MODEL_PLATFORM[model] == OPENAI else [0, 1, 2, 3, OUTPUT]
        absent = rows[(prices[calls.day[rows]][:, needed] == NO_PRICE).any(axis=1)]
        calls.tier[absent], calls.batch[absent], calls.region[absent] = 0, 0, 0
    unpriced = calls.model == UNPRICED
    calls.tier[unpriced], calls.batch[unpriced] = 0, 0


def _fill_tokens(calls: Calls, rng: np.random.Generator) -> None:
    """Token counts of a complete answer, split into disjoint classes."""
    rows = len(calls)
    total = np.zeros(rows, dtype=np.int64)
    output = np.zeros(rows, dtype=np.int64)
    hits = np.zeros(rows)
    for number, profile in enumerate(PROFILES):
        mask = calls.feature == number
        count = int(mask.sum())
        total[mask] = _inverse(profile[2][0], count, rng).astype(np.int64)
        output[mask] = _inverse(profile[2][1], count, rng).astype(np.int64)
        hits[mask] = _inverse(profile[3][0], count, rng)
    total, output = np.maximum(total, 2), np.maximum(output, 1)
    openai = np.isin(calls.platform, [OPENAI, AZURE])
    total = np.where(openai, np.minimum(total, MAX_OPENAI_INPUT), np.minimum(total, 190_000))
    roll = rng.random(rows)
    share = np.where(np.isin(calls.model, LONG_MODELS), 0.02, 0.0)
    long = (calls.feature == CODE) & (roll < share)
    long |= (calls.model == GEMINI_PRO) & (roll < 0.06)
    total = np.where(long, LONG_CONTEXT + 1 + (total * 7) % 210_000, total)
    calls.long_context = long.astype(np.int64)

    cacheable = (total >= 1024) & (calls.batch == 0)
    unit = np.where(openai, 128, 1)
    cached = np.where(cacheable, (total * hits).astype(np.int64) // unit * unit, 0)
    cached = np.minimum(cached, total - 1)
    cached = np.where(openai, cached // 128 * 128, cached)
    rest = total - cached
    writes = np.zeros((rows, 3), dtype=np.int64)
    roll = rng.random(rows)
    part = (rest * (0.3 + 0.6 * rng.random(rows))).astype(np.int64)
    anthropic = calls.platform == ANTHROPIC
    claude = anthropic & cacheable & (rest > 1024)
    writes[:, 0] = np.where(claude & (roll < 0.35), part, 0)
    writes[:, 1] = np.where(claude & ((roll > 0.3) & (roll < 0.5)), (rest - writes[:, 0]) // 2, 0)
    pays = (calls.model == CACHE_WRITER) & cacheable & (rest > 1024) & (roll < 0.6)
    writes[:, 2] = np.where(pays, part, 0)
    calls.tokens[:, 0] = rest - writes.sum(axis=1)
    calls.tokens[:, 1] = cached
    calls.tokens[:, 2:5] = writes
    calls.tokens[:, OUTPUT] = output
    thinks = np.isin(calls.model, REASONING) & (rng.random(rows) < 0.8)
    thought = (output * (0.15 + 0.7 * rng.random(rows))).astype(np.int64)
    calls.reasoning = np.where(thinks, thought, 0)
    searcher = anthropic & np.isin(calls.feature, [AGENT, REPORT]) & (calls.batch == 0)
    searches = np.where(searcher & (rng.random(rows) < 0.18), rng.integers(1, 5, rows), 0)
    calls.tokens[:, WEB_SEARCH] = searches
    calls.latency_ms = calls.latency_ms + output * 9 + total // 60
    hit = (rng.random(rows) < 0.012) & np.isin(calls.feature, [SEARCH, EMAIL])
    hit &= np.isin(calls.key, [K_MAIN, K_MOBILE])
    calls.gateway_hit = hit.astype(np.int64)


def _with_retries(calls: Calls, period: Period, rng: np.random.Generator) -> Calls:
    """Failures and the attempts that follow them, seconds later, under the same logical request."""
    rows = len(calls)
    roll = rng.random(rows)
    near_midnight = (calls.time - period.us(0)) % DAY_US > DAY_US - 60_000_000
    can_fail = (calls.gateway_hit == 0) & (calls.batch == 0) & ~near_midnight
    failing = can_fail & (roll < 0.045)
    gives_up = failing & (roll < 0.006)
    twice = failing & (roll > 0.038)
    extra = np.where(failing & ~gives_up, np.where(twice, 2, 1), 0)
    order = np.repeat(np.arange(rows), extra + 1)
    result = calls.take(order)
    first = np.cumsum(extra + 1) - (extra + 1)
    attempt = np.arange(len(order)) - first[order]
    result.attempt = attempt + 1
    result.time = result.time + attempt * 4_000_000 + np.where(attempt > 0, 137_000, 0)
    fails = (attempt < extra[order]) | gives_up[order]
    kind = rng.random(len(order))
    error = np.where(kind < 0.35, 0, np.where(kind < 0.7, 1, 2))
    error[(error == 0) & (result.model == UNPRICED)] = 1
    result.error = np.where(fails, error, -1)
    result.status = np.where(fails, np.where(error == 2, TIMEOUT, ERROR), OK)
    gone = ~fails & (rng.random(len(order)) < 0.012) & (result.batch == 0)
    gone &= result.gateway_hit == 0
    result.status[gone], result.error[gone] = CANCELLED, 3
    partial = (fails & (error > 0)) | gone
    share = rng.random(len(order)) * 0.8
    cut = np.maximum(1, (result.tokens[:, OUTPUT] * share).astype(np.int64))
    result.tokens[:, OUTPUT] = np.where(partial, cut, result.tokens[:, OUTPUT])
    result.reasoning = np.minimum(result.reasoning, result.tokens[:, OUTPUT])
    result.tokens[partial, WEB_SEARCH] = 0
    result.tokens[fails & (error == 0)] = 0
    result.reasoning[fails & (error == 0)] = 0
    _as_bedrock_sees_it(result)
    return result


def _as_bedrock_sees_it(calls: Calls) -> None:
    """Its log knows no retries: each attempt is a request of its own, which failed or did not."""
    rows = np.flatnonzero(calls.platform == BEDROCK)
    calls.logical[rows] = int(calls.logical.max()) + 1 + np.arange(len(rows))
    calls.attempt[rows] = 1
    calls.time[rows] = calls.time[rows] // 1_000_000 * 1_000_000
    gone = rows[calls.status[rows] == CANCELLED]
    calls.status[gone], calls.error[gone] = OK, -1
    calls.status[rows[calls.status[rows] == TIMEOUT]] = ERROR


def request_name(number: int, platform: int) -> str:
    """The id under which a logical request is logged."""
    if platform == BEDROCK:
        return f"b8f1c0de-{number % 9973:04x}-4a6e-9a51-{number:012x}"
    return f"req-{number:08d}"


def _choose_logged(calls: Calls, rng: np.random.Generator) -> None:
    """Calls that the application never logs: some keys, and some requests at random."""
    count = int(calls.logical.max()) + 1
    lost = rng.random(count) < 0.021
    hidden = lost[calls.logical] & (calls.gateway_hit == 0) & (calls.error != 0)
    calls.logged = (~(hidden | np.isin(calls.key, UNSEEN_KEYS))).astype(np.int64)


def _with_leak(calls: Calls, period: Period, size: int, rng: np.random.Generator) -> Calls:
    """Add what a thief does with the key of the notebooks, which the application never logs."""
    days = [day for day in map(period.index, LEAK_DAYS) if 0 <= day < period.days]
    number = max(1, size // LEAK_REQUESTS_PER_CALL) * len(days)
    if not days:
        return calls
    day = np.repeat(np.array(days, dtype=np.int64), number // len(days))
    one = np.ones(number, dtype=np.int64)
    tokens = np.zeros((number, len(CLASSES)), dtype=np.int64)
    tokens[:, 0] = rng.integers(40_000, MAX_OPENAI_INPUT, number)
    tokens[:, OUTPUT] = rng.integers(2_000, 8_000, number)
    leak = Calls(
        time=np.sort(period.us(0) + day * DAY_US + rng.integers(0, DAY_US, number)),
        day=day,
        logical=int(calls.logical.max()) + 1 + np.arange(number, dtype=np.int64),
        attempt=one,
        trace=-one,
        run=-one,
        step=0 * one,
        feature=CHAT * one,
        customer=co.COMPANY * one,
        user=one,
        model=LEAK_MODEL * one,
        key=K_NOTEBOOKS * one,
        tier=0 * one,
        batch=0 * one,
        region=0 * one,
        tokens=tokens,
        reasoning=0 * one,
        status=OK * one,
        error=-one,
        latency_ms=tokens[:, OUTPUT] * 9,
        gateway_hit=0 * one,
        logged=0 * one,
        long_context=0 * one,
    )
    return Calls(
        **{
            f.name: np.concatenate([getattr(calls, f.name), getattr(leak, f.name)])
            for f in fields(Calls)
        }
    )


def input_tokens(calls: Calls) -> I64:
    """All input classes of each call."""
    result: I64 = calls.tokens[:, :INPUT_CLASSES].sum(axis=1)
    return result
