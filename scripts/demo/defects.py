"""The application's request log: what it writes down, and what goes wrong on the way to a table."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa

from demo import company as co
from demo import traffic as tr
from demo.company import Company
from demo.money import I64
from demo.period import DAY_US, Period
from demo.prices import INPUT_CLASSES, OUTPUT, WEB_SEARCH
from demo.tables import NULL, Frame, Number, Text
from demo.traffic import ANTHROPIC, AZURE, BEDROCK, KEYS, MODEL_NAMES, OPENAI, VERTEX, Calls

HOUR_US = 3_600_000_000
SECRET_TAGS = {"customer": "C-9999", "feature": "chatbot_v0", "team": "skunkworks"}
FEATURE_ALIASES = {tr.CHAT: "chat", tr.AGENT: "agent.plan"}
PROJECT_NAMES = sorted({k[2] for k in KEYS if k[2]})
KEY_NAMES = [k[0] for k in KEYS if k[0]]
REASONS = (
    "missing_key",
    "missing_time",
    "missing_platform",
    "negative_quantity",
    "conflicting_copy",
)
# Months in which some Claude calls were logged with the total of their cache writes only.
TOTAL_ONLY_MONTHS = (date(2026, 5, 1), date(2026, 6, 1))
# What became of a raw row.
ACCEPTED, DUPLICATE = 0, 1
# Who wrote it: the application, or AWS for what runs on Bedrock.
APP_LOG, BEDROCK_LOG = 0, 1
BEDROCK_ERRORS = {
    "rate_limit_exceeded": "ThrottlingException",
    "server_error": "InternalServerException",
    "read_timeout": "ModelTimeoutException",
}
PROVIDERS = ["openai", "anthropic", "google"]
# By platform: whose models the application calls there.
PROVIDER_CODES = np.array([0, 1, 1, 2, 0], dtype=np.int64)
LOG_REGIONS = ["global", "us", "us-central1", "data_zone_us"]


@dataclass
class Tags:
    """What the log says about whom a call is for: codes into a vocabulary, −1 not said.

    `valid` is the id that the tag names as a tag (code into the dimension's ids), −1 none; the
    difference between no tag and one that names nothing is in `codes`.
    """

    words: list[str]
    codes: I64
    valid: I64


@dataclass
class Log:
    """The raw request logs and, per logged call, what a careful reader must make of it.

    `frame` holds the rows of both logs, told apart by its column `source`.
    """

    frame: Frame
    calls: Calls  # the accepted calls, one per row of what follows
    tokens: I64  # [call, class] canonical counts as logged
    has_usage: I64  # 0: the log has no counts
    quantity_status: list[str | None]
    has_key: I64
    has_project: I64
    gateway: I64  # 1: came through the gateway key of one customer
    customer: Tags = field(repr=False)
    feature: Tags = field(repr=False)
    team: Tags = field(repr=False)
    environment: Tags = field(repr=False)
    user_words: list[str] = field(repr=False, default_factory=list)
    user_codes: I64 = field(repr=False, default_factory=lambda: np.zeros(0, dtype=np.int64))
    fates: I64 = field(repr=False, default_factory=lambda: np.zeros(0, dtype=np.int64))
    planted: dict[str, int] = field(default_factory=dict)


def _pick(mask: I64 | np.ndarray, share: float, rng: np.random.Generator, least: int = 2) -> I64:
    """Some of the rows where `mask` holds, at least `least` of them where there are so many."""
    rows = np.flatnonzero(mask)
    count = min(len(rows), max(least, int(len(mask) * share)))
    return np.sort(rng.choice(rows, count, replace=False)).astype(np.int64)


def _customer_tags(calls: Calls, company: Company, rng: np.random.Generator) -> Tags:
    count = company.count
    words = [company.customer_id(n) for n in range(1, count + 1)]
    words += [f" {w.lower()} " for w in words]
    words += [SECRET_TAGS["customer"], "initech-legacy"]
    invalid, legacy = 2 * count, 2 * count + 1
    number = calls.customer - 1
    codes = number.copy()
    roll = rng.random(len(calls))
    codes[roll < 0.02] += count
    codes[(roll > 0.02) & (roll < 0.026)] = invalid
    initech = (calls.customer == co.INITECH) & (roll > 0.6)
    codes[initech] = legacy
    silent = (roll > 0.94) & (calls.customer != co.INITECH)
    codes[silent] = -1
    # An agent's later steps mostly do not repeat the tag, nor do some turns of a conversation.
    repeat = rng.random(len(calls))
    later = (calls.trace >= 0) & (calls.step > 0)
    codes[later & (calls.run >= 0) & (repeat < 0.7)] = -1
    codes[later & (calls.run < 0) & (repeat < 0.25)] = -1
    nobody = [tr.K_STAGING, tr.A_EVALS, tr.A_DEMO, tr.K_INTERNAL]
    codes[np.isin(calls.key, nobody)] = -1
    codes[calls.customer == co.COMPANY] = -1
    # A run that worked for two customers: nothing can be inherited.
    runs = np.unique(calls.run[(calls.run >= 0) & (calls.step >= 2)])
    if len(runs):
        mixed = rng.choice(runs, max(1, len(runs) // 200), replace=False)
        inside = np.isin(calls.run, mixed)
        codes[inside & (calls.step == 0)] = number[inside & (calls.step == 0)]
        other = inside & (calls.step == 1) & (calls.customer != co.COMPANY)
        codes[other] = co.UMBRELLA - 1
    valid = np.where(codes < 0, -1, codes % count)
    valid[codes == invalid] = -1
    valid[codes == legacy] = co.INITECH - 1
    return Tags(words, codes, valid)


def _feature_tags(calls: Calls, rng: np.random.Generator) -> Tags:
    ids = co.FEATURE_IDS
    words = [*ids, *(i.upper() + " " for i in ids), SECRET_TAGS["feature"]]
    words += [FEATURE_ALIASES[tr.CHAT], FEATURE_ALIASES[tr.AGENT]]
    many = len(ids)
    codes = calls.feature.copy()
    roll = rng.random(len(calls))
    codes[roll < 0.015] += many
    codes[(roll > 0.015) & (roll < 0.02)] = 2 * many
    codes[(calls.feature == tr.CHAT) & (roll > 0.02) & (roll < 0.12)] = 2 * many + 1
    codes[(calls.feature == tr.AGENT) & (roll > 0.02) & (roll < 0.35)] = 2 * many + 2
    codes[roll > 0.93] = -1
    codes[(calls.run >= 0) & (calls.step > 0) & (roll > 0.6)] = -1
    valid = np.where(codes < 0, -1, codes % many)
    valid[codes == 2 * many] = -1
    valid[codes == 2 * many + 1] = tr.CHAT
    valid[codes == 2 * many + 2] = tr.AGENT
    return Tags(words, codes, valid)


def _team_tags(calls: Calls, rng: np.random.Generator) -> Tags:
    ids = co.TEAM_IDS
    words = [*ids, *(i.title() for i in ids), SECRET_TAGS["team"], "core"]
    many = len(ids)
    primary = np.array([ids.index(t) for t in tr.PRIMARY_TEAM])
    codes = primary[calls.feature].astype(np.int64)
    roll = rng.random(len(calls))
    codes[roll < 0.03] += many
    codes[(roll > 0.03) & (roll < 0.036)] = 2 * many
    core = primary[calls.feature] == ids.index("core_product")
    codes[core & (roll > 0.04) & (roll < 0.08)] = 2 * many + 1
    codes[roll > 0.7] = -1
    codes[np.isin(calls.key, [tr.K_EXTRACT, tr.A_DEMO, tr.K_INTERNAL]) & (roll > 0.3)] = -1
    valid = np.where(codes < 0, -1, codes % many)
    valid[codes == 2 * many] = -1
    valid[codes == 2 * many + 1] = ids.index("core_product")
    return Tags(words, codes, valid)


def _environment_tags(calls: Calls, rng: np.random.Generator) -> Tags:
    words = [*co.ENVIRONMENTS, "Production ", "prod", "stage", "dev", "sandbox"]
    meaning = np.array([0, 1, 2, 3, 0, 0, 1, 2, -1])
    roll = rng.random(len(calls))
    codes = np.zeros(len(calls), dtype=np.int64)
    codes[roll < 0.02] = 4
    codes[(roll > 0.02) & (roll < 0.07)] = 5
    codes[(roll > 0.07) & (roll < 0.076)] = 8
    codes[(roll > 0.08) & (roll < 0.09)] = 2
    codes[roll > 0.9] = -1
    staging = calls.key == tr.K_STAGING
    codes[staging] = np.where(roll < 0.3, 1, np.where(roll < 0.5, 6, -1))[staging]
    evals = calls.key == tr.A_EVALS
    codes[evals] = np.where(roll < 0.5, 3, -1)[evals]
    valid = np.where(codes < 0, -1, meaning[codes])
    return Tags(words, codes, valid.astype(np.int64))


def write_log(
    calls: Calls, listed: I64, company: Company, period: Period, rng: np.random.Generator
) -> Log:
    """Log the logged calls, with everything that goes wrong counted in `planted`."""
    keep = np.flatnonzero(calls.logged == 1)
    calls, listed = calls.take(keep), listed[keep]
    rows = len(calls)
    tokens = calls.tokens.copy()
    openai = calls.platform == OPENAI
    customer = _customer_tags(calls, company, rng)
    feature = _feature_tags(calls, rng)
    team = _team_tags(calls, rng)
    environment = _environment_tags(calls, rng)
    # One logical request has one set of tags, whatever its attempt.
    _, first = np.unique(calls.logical, return_index=True)
    source = first[np.searchsorted(calls.logical[first], calls.logical)]
    for tags in (customer, feature, team, environment):
        tags.codes, tags.valid = tags.codes[source], tags.valid[source]

    has_key = np.isin(calls.platform, [OPENAI, ANTHROPIC]).astype(np.int64)
    has_project = np.array([KEYS[k][2] is not None for k in calls.key]).astype(np.int64)
    roll = rng.random(rows)
    # A cloud's account has one project: a request need not name it, and Bedrock's log cannot.
    has_project[(calls.platform == BEDROCK) | ((calls.platform == AZURE) & (roll < 0.5))] = 0
    plain = np.isin(calls.key, [tr.K_MAIN, tr.K_MOBILE])
    has_project[np.isin(calls.key, [tr.K_MAIN, tr.K_MOBILE, tr.K_EXTRACT]) & (roll < 0.04)] = 0
    keyless = (plain | (calls.key == tr.A_AGENTS)) & (roll > 0.985)
    # Searches are billed without a model: without a key as well, they would be anyone's.
    keyless &= (calls.model != tr.UNPRICED) & (calls.tokens[:, WEB_SEARCH] == 0)
    has_key[keyless] = 0
    # Neither key nor project: only on models that one project alone uses.
    lost = np.isin(calls.model, [tr.NANO, tr.OLD_HAIKU]) & (roll > 0.96)
    has_key[lost], has_project[lost] = 0, 0
    gateway = ((calls.customer == co.GLOBEX) & plain & (rng.random(rows) < 0.6)).astype(np.int64)
    customer.codes[(gateway == 1) & (roll < 0.5)] = -1
    customer.valid[(gateway == 1) & (roll < 0.5)] = -1

    columns = _columns(calls, tokens, company, has_key, has_project, gateway, rng)
    columns["customer_id"] = Text(customer.codes.copy(), customer.words)
    columns["feature"] = Text(feature.codes.copy(), feature.words)
    columns["team"] = Text(team.codes.copy(), team.words)
    columns["environment"] = Text(environment.codes.copy(), environment.words)
    estimate = _logged_cost(calls, listed, rng)
    columns["logged_cost"] = Number(estimate, "micro")
    columns["logged_cost_currency"] = Text(np.where(estimate == NULL, -1, 0), ["USD"])
    columns["source"] = Number(np.where(calls.platform == BEDROCK, BEDROCK_LOG, APP_LOG))
    frame = Frame({name: columns[name] for name in (*ORDER, "source")})
    log = Log(
        frame=frame,
        calls=calls,
        tokens=tokens,
        has_usage=np.ones(rows, dtype=np.int64),
        quantity_status=["exact"] * rows,
        has_key=has_key,
        has_project=has_project,
        gateway=gateway,
        customer=customer,
        feature=feature,
        team=team,
        environment=environment,
    )
    user = columns["user_id"]
    assert isinstance(user, Text)
    log.user_words, log.user_codes = list(user.words), user.codes.copy()
    single = np.bincount(calls.logical)[calls.logical] == 1
    bad_splits = _bad_splits(log, openai, single, period, rng)
    _missing_usage(log, rng)
    rejected = _malformed(log, single & ~bad_splits, rng)
    _copies(log, single & ~bad_splits, rejected, period, rng)
    return log


ORDER = (
    *("request_id", "attempt", "provider_request_id", "trace_id", "parent_id", "run_id"),
    *("occurred_at", "completed_at", "provider", "platform", "billing_account_id", "project_id"),
    *("workspace_id", "api_key_id", "gateway_key", "model_requested", "model_served"),
    *("operation", "input_convention", "input_tokens", "cached_read_tokens"),
    *("cache_write_5m_tokens", "cache_write_1h_tokens", "cache_write_tokens", "output_tokens"),
    *("reasoning_tokens", "input_audio_tokens", "output_audio_tokens", "input_image_tokens"),
    *("output_image_tokens", "images", "audio_seconds", "characters", "web_search_requests"),
    *("service_tier", "is_batch", "region", "speed", "customer_id", "user_id", "feature", "team"),
    *("plan_code", "environment", "release", "prompt_version", "status", "error_code", "outcome"),
    *("is_gateway_cache_hit", "sample_rate", "logged_cost", "logged_cost_currency", "loaded_at"),
)
USAGE_COLUMNS = (
    *("input_tokens", "cached_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
    *("cache_write_tokens", "output_tokens", "reasoning_tokens", "input_audio_tokens"),
    *("output_audio_tokens", "input_image_tokens", "output_image_tokens", "web_search_requests"),
    "logged_cost",
)


def _columns(
    calls: Calls,
    tokens: I64,
    company: Company,
    has_key: I64,
    has_project: I64,
    gateway: I64,
    rng: np.random.Generator,
) -> dict[str, Text | Number]:
    """Columns of the log, all correct."""
    rows = len(calls)
    zero = np.zeros(rows, dtype=np.int64)
    null = np.full(rows, NULL)
    provider_called = calls.error != 0
    project = np.array([PROJECT_NAMES.index(k[2]) if k[2] else -1 for k in KEYS])[calls.key]
    project = np.where(has_project == 1, project, -1)
    anthropic = calls.platform == ANTHROPIC
    key = np.array([KEY_NAMES.index(k[0]) if k[0] else -1 for k in KEYS])[calls.key]
    traces, trace = np.unique(calls.trace, return_inverse=True)
    trace = trace.reshape(-1)
    staff = ["emp-ana", "emp-bo", "emp-eva", "emp-kim"]
    users = [f"u-{n:04d}-{m}" for n in range(1, company.count + 1) for m in range(1, 13)] + staff
    user = (calls.customer - 1) * 12 + calls.user - 1
    own = (calls.customer == co.COMPANY) & (calls.trace < 0)
    user = np.where(own, len(users) - 4 + calls.logical % 4, user)
    anonymous = rng.random(rows) < 0.08
    _, first = np.unique(calls.logical, return_index=True)
    source = first[np.searchsorted(calls.logical[first], calls.logical)]
    user = np.where(anonymous[source] & ~own, -1, user)
    user[np.isin(calls.key, [tr.A_EVALS, tr.K_STAGING, tr.A_DEMO])] = -1
    cached, written = tokens[:, 1], tokens[:, 2] + tokens[:, 3] + tokens[:, 4]
    total = tokens[:, :INPUT_CLASSES].sum(axis=1)
    exclusive = tr.IS_CLAUDE[calls.model] | (calls.platform == BEDROCK)
    tier_words = ["default", "flex", "priority", "standard", "batch", "auto", "on_demand"]
    tier = np.where(anthropic, np.where(calls.batch == 1, 4, 3), calls.tier)
    tier = np.where((calls.platform == VERTEX) & (tier == 0), 6, tier)
    roll = rng.random(rows)
    tier = np.where((tier == 0) & (roll < 0.1), 5, tier)
    tier = np.where(((tier == 0) | (tier == 3)) & (roll > 0.85), -1, tier)
    regions = np.isin(calls.model, tr.US_MODELS) | np.isin(calls.platform, tr.CLOUDS)
    region = np.where(regions, calls.region, -1)
    finished = calls.time + calls.latency_ms * 1000
    loaded = finished // HOUR_US * HOUR_US + HOUR_US + 5 * 60_000_000
    last_of_run = np.zeros(rows, dtype=bool)
    run_rows = np.flatnonzero(calls.run >= 0)
    if len(run_rows):
        ends = np.append(calls.run[run_rows][1:] != calls.run[run_rows][:-1], True)
        last_of_run[run_rows[ends]] = True
    outcome = np.where(last_of_run, np.where(calls.status == tr.OK, 0, 1), -1)
    release = np.minimum(calls.day // 14, 40)
    plans = [*co.PLAN_IDS, "trial"]
    names = [company.plan[c - 1] for c in range(1, company.count + 1)]
    claimed = np.array([plans.index(p) if p in plans else -1 for p in names])
    prefixes = ["chatcmpl", "msg", "aws", "gen", "chatcmpl"]
    own_accounts = np.where(
        np.isin(calls.platform, [BEDROCK, AZURE]), tr.KEY_ACCOUNT[calls.key], -1
    )
    return {
        "request_id": Text(calls.logical, _request_names(calls)),
        "attempt": Number(np.where((calls.attempt == 1) & (roll < 0.03), NULL, calls.attempt)),
        "provider_request_id": Text(
            np.where(provider_called & (calls.gateway_hit == 0), np.arange(rows), -1),
            [
                f"{prefixes[platform]}-{n:09x}"
                for n, platform in enumerate(calls.platform.tolist(), start=1)
            ],
        ),
        "trace_id": Text(np.where(calls.trace >= 0, trace, -1), [f"tr-{t:07d}" for t in traces]),
        "parent_id": Text(
            np.where((calls.run >= 0) & (calls.step > 0), calls.logical - 1, -1),
            _names("req-{:08d}", int(calls.logical.max()) + 1),
        ),
        "run_id": Text(np.where(calls.run >= 0, trace, -1), [f"run-{t:07d}" for t in traces]),
        "occurred_at": Number(calls.time, "timestamp"),
        "completed_at": Number(finished, "timestamp"),
        "provider": Text(PROVIDER_CODES[calls.platform], PROVIDERS),
        "platform": Text(calls.platform.copy(), tr.PLATFORMS),
        "billing_account_id": Text(own_accounts, [a[1] for a in tr.ACCOUNTS]),
        "project_id": Text(np.where(anthropic, -1, project), PROJECT_NAMES),
        "workspace_id": Text(np.where(anthropic, project, -1), PROJECT_NAMES),
        "api_key_id": Text(np.where(has_key == 1, key, -1), KEY_NAMES),
        "gateway_key": Text(gateway - 1, ["gw-globex"]),
        "model_requested": Text(calls.model, tr.REQUESTED),
        "model_served": Text(calls.model, MODEL_NAMES),
        "operation": Text(zero, ["chat"]),
        "input_convention": Text(exclusive.astype(np.int64), ["inclusive", "exclusive"]),
        "input_tokens": Number(np.where(exclusive, tokens[:, 0], total)),
        "cached_read_tokens": Number(cached.copy()),
        "cache_write_5m_tokens": Number(tokens[:, 2].copy()),
        "cache_write_1h_tokens": Number(tokens[:, 3].copy()),
        "cache_write_tokens": Number(
            np.where(anthropic & (written > 0) & (roll < 0.5), NULL, written)
        ),
        "output_tokens": Number(tokens[:, OUTPUT].copy()),
        "reasoning_tokens": Number(calls.reasoning.copy()),
        "input_audio_tokens": Number(zero.copy()),
        "output_audio_tokens": Number(zero.copy()),
        "input_image_tokens": Number(zero.copy()),
        "output_image_tokens": Number(zero.copy()),
        "images": Number(null),
        "audio_seconds": Number(null),
        "characters": Number(null),
        "web_search_requests": Number(tokens[:, WEB_SEARCH].copy()),
        "service_tier": Text(tier, tier_words),
        "is_batch": Number(calls.batch.copy(), "boolean"),
        "region": Text(region, LOG_REGIONS),
        "speed": Text(np.where(anthropic, 0, -1), ["standard"]),
        "user_id": Text(user, users),
        "plan_code": Text(np.where(roll < 0.9, claimed[calls.customer - 1], -1), plans),
        "release": Text(release, [f"2025.{44 + n}" for n in range(41)]),
        "prompt_version": Text(
            np.where(calls.feature == tr.CHAT, np.minimum(calls.day // 60, 6), -1),
            [f"chat-v{n + 3}" for n in range(7)],
        ),
        "status": Text(calls.status.copy(), tr.STATUSES),
        "error_code": Text(calls.error.copy(), tr.ERRORS),
        "outcome": Text(outcome, ["success", "failure"]),
        "is_gateway_cache_hit": Number(calls.gateway_hit.copy(), "boolean"),
        "sample_rate": Number(np.full(rows, 1_000_000), "micro"),
        "loaded_at": Number(loaded, "timestamp"),
    }


def _request_names(calls: Calls) -> list[str]:
    """Names of logical requests by number."""
    names = _names("req-{:08d}", int(calls.logical.max()) + 1)
    for number in calls.logical[calls.platform == BEDROCK].tolist():
        names[number] = tr.request_name(number, BEDROCK)
    return names


def _names(pattern: str, count: int) -> list[str]:
    return [pattern.format(n) for n in range(count)]


def _logged_cost(calls: Calls, listed: I64, rng: np.random.Generator) -> I64:
    """What the application's own price table says, in millionths of a dollar; evidence only."""
    cost = (calls.tokens * np.maximum(listed, 0)).sum(axis=1) // 10**9
    wrong = rng.random(len(calls)) < 0.05
    cost = np.where(wrong, cost * 13 // 10, cost)
    unknown = (calls.model == tr.UNPRICED) | (rng.random(len(calls)) < 0.2)
    result: I64 = np.where(unknown, NULL, cost)
    return result


def _bad_splits(
    log: Log, openai: np.ndarray, single: np.ndarray, period: Period, rng: np.random.Generator
) -> np.ndarray:
    """Counts that do not add up or are not split; returns the rows concerned."""
    days = [period.day(d) for d in range(period.days)]
    calls, tokens, frame = log.calls, log.tokens, log.frame
    touched = np.zeros(len(calls), dtype=bool)
    good = single & calls.billable & (calls.model != tr.UNPRICED) & (calls.error < 0)
    plain = np.isin(calls.key, [tr.K_MAIN, tr.K_MOBILE, tr.A_MAIN]) & (calls.batch == 0)
    plain &= (log.has_key == 1) | (log.has_project == 1)  # one thing wrong at a time

    # An exclusive input under the name of an inclusive one: visible where cached > input.
    mislabelled = good & openai & (tokens[:, 1] > tokens[:, 0]) & (tokens[:, 4] == 0)
    rows = _pick(mislabelled, 0.0015, rng)
    frame.values("input_tokens")[rows] = tokens[rows, 0]
    touched[rows] = True
    for row in rows:
        log.quantity_status[row] = "inconsistent"
    log.planted["cached_above_input"] = len(rows)

    # A total of cache writes below its parts.
    rows = _pick(good & ~openai & (tokens[:, 2] > 10) & (tokens[:, 3] > 10) & plain, 0.0005, rng)
    frame.values("cache_write_tokens")[rows] = tokens[rows, 2]
    touched[rows] = True
    for row in rows:
        log.quantity_status[row] = "inconsistent"
    log.planted["cache_writes_above_total"] = len(rows)

    # No split of the input: all of it counts as uncached.
    rows = _pick(good & openai & (tokens[:, 4] == 0) & ~touched, 0.004, rng)
    frame.values("cached_read_tokens")[rows] = NULL
    tokens[rows, 0] += tokens[rows, 1]
    tokens[rows, 1] = 0
    touched[rows] = True
    for row in rows:
        log.quantity_status[row] = "split_unknown"
    log.planted["cached_not_captured"] = len(rows)

    # Cache writes as one total: what two months of releases logged for some calls.
    writes = tokens[:, 2] + tokens[:, 3]
    affected = np.array([d.replace(day=1) in TOTAL_ONLY_MONTHS for d in days])[calls.day]
    rows = _pick(affected & good & ~openai & (writes > 0) & plain & ~touched, 0.001, rng)
    frame.values("cache_write_tokens")[rows] = writes[rows]
    frame.values("cache_write_5m_tokens")[rows] = NULL
    frame.values("cache_write_1h_tokens")[rows] = NULL
    tokens[rows, 4] = writes[rows]
    tokens[rows, 2:4] = 0
    touched[rows] = True
    for row in rows:
        log.quantity_status[row] = "split_unknown"
    log.planted["cache_writes_not_split"] = len(rows)
    return touched


def _missing_usage(log: Log, rng: np.random.Generator) -> None:
    """Broken streams without any counts: billed by the provider, unknown to the log."""
    calls = log.calls
    silent = np.isin(calls.status, [tr.TIMEOUT, tr.CANCELLED]) & (rng.random(len(calls)) < 0.5)
    silent |= (calls.error == 0) & (rng.random(len(calls)) < 0.5)
    silent &= calls.model != tr.UNPRICED
    rows = np.flatnonzero(silent)
    for name in USAGE_COLUMNS:
        log.frame.values(name)[rows] = NULL
    log.frame.values("logged_cost_currency")[rows] = -1
    log.tokens[rows] = 0
    log.has_usage[rows] = 0
    for row in rows:
        log.quantity_status[row] = None
    log.planted["rows_without_usage"] = len(rows)


def _malformed(log: Log, single: np.ndarray, rng: np.random.Generator) -> dict[str, I64]:
    """Damage some rows beyond use; returns them by the reason of their rejection."""
    calls, frame = log.calls, log.frame
    free = single & (calls.trace < 0) & (log.has_usage == 1) & (calls.gateway_hit == 0)
    free &= (calls.status == tr.OK) & (calls.model != tr.UNPRICED)
    result: dict[str, I64] = {}
    for reason, share in (
        ("missing_key", 0.0004),
        ("missing_time", 0.0004),
        ("missing_platform", 0.0003),
        ("negative_quantity", 0.0006),
    ):
        able = free & (calls.platform != BEDROCK) if reason == "missing_platform" else free
        rows = _pick(able, share, rng)
        free[rows] = False
        result[reason] = rows
        if reason == "missing_key":
            frame.values("request_id")[rows] = -1
        elif reason == "missing_time":
            frame.values("occurred_at")[rows] = NULL
        elif reason == "missing_platform":
            frame.values("platform")[rows] = -1
            frame.values("provider")[rows] = -1
        else:
            half = len(rows) // 2
            frame.values("input_tokens")[rows[:half]] *= -1
            frame.values("output_tokens")[rows[half:]] *= -1
    return result


def _copies(
    log: Log, single: np.ndarray, rejected: dict[str, I64], period: Period, rng: np.random.Generator
) -> None:
    """Add copies, delay loads, sort by load; `fates` says what becomes of each raw row."""
    calls, frame = log.calls, log.frame
    rows_before = len(calls)
    fates = np.zeros(rows_before, dtype=np.int64)
    for number, reason in enumerate(REASONS):
        fates[rejected.get(reason, np.zeros(0, dtype=np.int64))] = 2 + number
        log.planted[reason] = len(rejected.get(reason, ()))
    accepted = fates == ACCEPTED
    latest = period.us(period.days - 1) + DAY_US + 30 * 60_000_000
    loaded = frame.values("loaded_at")

    # Late rows: up to 20 days.
    late = _pick(accepted, 0.012, rng)
    loaded[late] += rng.integers(1, 20 * 24, len(late)) * HOUR_US
    np.minimum(loaded, latest, out=loaded)
    log.planted["late"] = int((loaded[late] - frame.values("occurred_at")[late] > DAY_US).sum())

    free = accepted & single & (log.has_usage == 1) & (calls.day < period.days - 2)
    free[late] = False
    parts = [frame]
    part_fates = [fates]

    def copies(name: str, share: float, where: np.ndarray) -> tuple[I64, Frame]:
        rows = _pick(free & where, share, rng)
        free[rows] = False
        log.planted[name] = len(rows)
        return rows, frame.take(rows)

    def keep(copy: Frame, rows: I64, copy_wins: bool) -> None:
        """Add copies; the raw row that gives the values counts as the accepted one."""
        parts.append(copy)
        if copy_wins:
            fates[rows] = DUPLICATE
        part_fates.append(np.full(len(rows), ACCEPTED if copy_wins else DUPLICATE))

    anywhere = np.ones(rows_before, dtype=bool)
    rows, copy = copies("exact_duplicate", 0.005, anywhere)
    keep(copy, rows, copy_wins=False)

    rows, copy = copies("redelivered", 0.004, anywhere)
    copy.values("loaded_at")[:] += rng.integers(1, 48, len(rows)) * HOUR_US
    keep(copy, rows, copy_wins=True)

    rows, copy = copies("usage_comes_later", 0.003, anywhere)
    copy.values("loaded_at")[:] += 24 * HOUR_US
    for name in USAGE_COLUMNS:
        frame.values(name)[rows] = NULL
    frame.values("logged_cost_currency")[rows] = -1
    keep(copy, rows, copy_wins=True)

    rows, copy = copies("usage_lost_later", 0.001, anywhere)
    copy.values("loaded_at")[:] += 24 * HOUR_US
    for name in USAGE_COLUMNS:
        copy.values(name)[:] = NULL
    copy.values("logged_cost_currency")[:] = -1
    keep(copy, rows, copy_wins=False)

    rows, copy = copies("corrected_later", 0.001, log.tokens[:, OUTPUT] > 4)
    copy.values("loaded_at")[:] += 36 * HOUR_US
    half = frame.values("output_tokens")[rows] // 2
    frame.values("output_tokens")[rows] = half
    frame.values("reasoning_tokens")[rows] = np.minimum(
        frame.values("reasoning_tokens")[rows], half
    )
    keep(copy, rows, copy_wins=True)

    evening = (calls.time - period.us(0)) % DAY_US > DAY_US - 2 * HOUR_US
    rows, copy = copies("copy_after_midnight", 0.0005, evening)
    copy.values("occurred_at")[:] += 2 * HOUR_US
    copy.values("completed_at")[:] += 2 * HOUR_US
    copy.values("loaded_at")[:] += 26 * HOUR_US
    keep(copy, rows, copy_wins=True)

    rows, copy = copies("conflicting_copy", 0.0005, calls.day < period.days - 35)
    shift = rng.integers(3, 31, len(rows)) * DAY_US
    for name in ("occurred_at", "completed_at", "loaded_at"):
        copy.values(name)[:] += shift
    parts.append(copy)
    part_fates.append(np.full(len(rows), 2 + REASONS.index("conflicting_copy")))

    whole = parts[0]
    for part in parts[1:]:
        whole = whole.append(part)
    all_fates = np.concatenate(part_fates)
    np.minimum(whole.values("loaded_at"), latest, out=whole.values("loaded_at"))
    order = np.argsort(whole.values("loaded_at"), kind="stable").astype(np.int64)
    log.frame, log.fates = whole.take(order), all_fates[order]
    _restrict(log, np.flatnonzero(accepted))


def _restrict(log: Log, rows: I64) -> None:
    """Keep the accepted calls in everything that has one element per call."""
    log.calls, log.tokens = log.calls.take(rows), log.tokens[rows]
    log.quantity_status = [log.quantity_status[r] for r in rows]
    for name in ("has_usage", "has_key", "has_project", "gateway", "user_codes"):
        setattr(log, name, getattr(log, name)[rows])
    for tags in (log.customer, log.feature, log.team, log.environment):
        tags.codes, tags.valid = tags.codes[rows], tags.valid[rows]


def app_table(log: Log) -> pa.Table:
    """The raw table app_requests."""
    return _rows_of(log, APP_LOG).arrow().drop_columns(["source"])


def bedrock_table(log: Log) -> pa.Table:
    """The raw table bedrock_invocation_log: AWS's names, nested objects flattened with `__`.

    Whom a call is for is in `requestMetadata`, which the application sends along.
    """
    frame = _rows_of(log, BEDROCK_LOG)
    table = frame.arrow()
    rows = table.num_rows
    errors = table["error_code"].to_pylist()
    elsewhere = [e is None and n % 5 == 2 for n, e in enumerate(errors)]
    models = table["model_served"].to_pylist()
    streams = [n % 3 == 0 for n in frame.values("model_served").tolist()]
    accounts = table["billing_account_id"].to_pylist()
    has_usage = [t is not None for t in table["output_tokens"].to_pylist()]
    kind = ["application/json" if u else None for u in has_usage]
    names = ("customer_id", "feature", "team", "environment", "user_id")
    tags = zip(*(table[name].to_pylist() for name in names), strict=True)
    return pa.table(
        {
            "schemaType": ["ModelInvocationLog"] * rows,
            "schemaVersion": ["1.0"] * rows,
            "timestamp": [
                None if t is None else f"{t:%Y-%m-%dT%H:%M:%SZ}"
                for t in table["occurred_at"].to_pylist()
            ],
            "accountId": accounts,
            "region": ["us-east-1"] * rows,
            "requestId": table["request_id"],
            "operation": ["ConverseStream" if s else "Converse" for s in streams],
            "modelId": models,
            "identity__arn": [
                f"arn:aws:sts::{a}:assumed-role/app-prod/{m.split('.')[-1][:12]}"
                for a, m in zip(accounts, models, strict=True)
            ],
            "inferenceRegion": pa.array(
                [
                    "us-west-2" if e and m.startswith(("us.", "global.")) else None
                    for e, m in zip(elsewhere, models, strict=True)
                ],
                pa.string(),
            ),
            "requestMetadata": pa.array([_metadata(names, row) for row in tags], pa.string()),
            "input__inputContentType": pa.array(kind, pa.string()),
            "input__inputTokenCount": table["input_tokens"],
            "input__cacheReadInputTokenCount": table["cached_read_tokens"],
            "input__cacheWriteInputTokenCount": table["cache_write_tokens"],
            "output__outputContentType": pa.array(kind, pa.string()),
            "output__outputTokenCount": table["output_tokens"],
            "errorCode": pa.array([None if e is None else BEDROCK_ERRORS[e] for e in errors]),
            "loaded_at": table["loaded_at"],
        }
    )


def _rows_of(log: Log, source: int) -> Frame:
    return log.frame.take(np.flatnonzero(log.frame.values("source") == source))


def _metadata(names: tuple[str, ...], values: tuple[str | None, ...]) -> str | None:
    """The tags as JSON text; None without any."""
    said = {n: v for n, v in zip(names, values, strict=True) if v is not None}
    return json.dumps(said) if said else None
