"""Who owns a call or a bucket: the attribution rules applied to what the generator knows."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from demo import company as co
from demo.company import Company
from demo.defects import Log, Tags
from demo.money import I64
from demo.period import Period
from demo.traffic import KEYS, PLATFORMS

DIMENSIONS = ("customer", "feature", "team", "environment")
METHODS = (
    *("request_tag", "user_map", "trace_inherited", "gateway_key", "api_key_map", "project_map"),
    *("default_rule", "unattributed", "invalid_tag"),
)
PNL_CLASSES = ("cogs", "free_tier", "rnd", "internal_opex")
COGS, FREE_TIER, RND, INTERNAL = range(4)
NOBODY = -1


@dataclass(frozen=True)
class Rule:
    """One row of ai_attribution_rules."""

    dimension: str
    evidence: str
    platform: str
    is_prefix: bool
    value: str
    target: str
    since: date
    until: date
    priority: int

    def matches(self, platform: str | None, text: str) -> bool:
        """Does the rule name this evidence?"""
        if self.platform and platform is not None and self.platform != platform:
            return False
        text = text.strip().lower()
        return text.startswith(self.value) if self.is_prefix else text == self.value


def read_rules(path: Path) -> list[Rule]:
    """The rules, the ones to try first in front."""
    with path.open(newline="", encoding="utf-8") as file:
        rules = [
            Rule(
                dimension=row["dimension"],
                evidence=row["evidence"],
                platform=row["platform"],
                is_prefix=row["match_type"] == "prefix",
                value=row["match_value"].strip().lower(),
                target=row["target_id"],
                since=date.fromisoformat(row["valid_from"] or "0001-01-01"),
                until=date.fromisoformat(row["valid_to"] or "9999-12-31"),
                priority=int(row["priority"]),
            )
            for row in csv.DictReader(file)
        ]
    return sorted(rules, key=lambda r: (r.priority, -len(r.value), r.value))


def ids_of(dimension: str, company: Company) -> list[str]:
    """The ids of a dimension, in the order of the codes."""
    if dimension == "customer":
        return [company.customer_id(n) for n in range(1, company.count + 1)]
    return {
        "feature": co.FEATURE_IDS,
        "team": co.TEAM_IDS,
        "environment": co.ENVIRONMENTS,
        "pnl_class": list(PNL_CLASSES),
    }[dimension]


@dataclass
class Owners:
    """Per row: an id code (NOBODY: none) and a method code by dimension, and P&L overrides."""

    ids: dict[str, I64]
    methods: dict[str, I64]
    invalid_tag: dict[str, I64]
    pnl: I64  # class that a rule names, NOBODY: none


class Resolver:
    """Ranked evidence of every dimension; the first that answers wins."""

    def __init__(self, rules: list[Rule], company: Company) -> None:
        """Look up keys, projects and the default for every day once."""
        self.rules, self.company, self.period = rules, company, company.period
        names = (*DIMENSIONS, "pnl_class")
        self._position = {
            name: {v.lower(): i for i, v in enumerate(ids_of(name, company))} for name in names
        }
        self.by_key = {n: self._daily(n, "api_key_map", 0) for n in names}
        self.by_project = {n: self._daily(n, "project_map", 2) for n in names}
        self.default = {n: self._default(n) for n in names}

    def _find(
        self, dimension: str, evidence: str, platform: str | None, text: str, day: date
    ) -> int:
        for rule in self.rules:
            if rule.dimension != dimension or rule.evidence != evidence:
                continue
            if rule.since <= day < rule.until and rule.matches(platform, text):
                return self._position[dimension][rule.target.lower()]
        return NOBODY

    def _daily(self, dimension: str, evidence: str, field: int) -> I64:
        """Id code by [key, day] for the key itself (field 0) or its project (field 2)."""
        table = np.full((len(KEYS), self.period.days), NOBODY, dtype=np.int64)
        for number, key in enumerate(KEYS):
            text = key[field] if field == 0 else (key[2] or "default")
            if not isinstance(text, str):
                continue
            for day in range(self.period.days):
                found = self._find(
                    dimension, evidence, PLATFORMS[key[1]], text, self.period.day(day)
                )
                table[number, day] = found
        return table

    def _default(self, dimension: str) -> I64:
        days = [self.period.day(d) for d in range(self.period.days)]
        return np.array([self._find(dimension, "default_rule", None, "", d) for d in days])

    def _words(self, dimension: str, evidence: str, words: list[str]) -> I64:
        """Id code per word; these rules carry no dates in the demo."""
        day = self.period.start
        return np.array([self._find(dimension, evidence, None, w, day) for w in words] or [NOBODY])

    def _survivors(self, dimension: str, ids: I64) -> I64:
        if dimension != "customer":
            return ids
        return np.where(ids == co.MERGED - 1, co.SURVIVOR - 1, ids)

    def of_requests(self, log: Log) -> Owners:
        """Owners of the accepted requests."""
        calls = log.calls
        result = Owners({}, {}, {}, np.full(len(calls), NOBODY, dtype=np.int64))
        tags: dict[str, Tags] = {
            "customer": log.customer,
            "feature": log.feature,
            "team": log.team,
            "environment": log.environment,
        }
        for name in (*DIMENSIONS, "pnl_class"):
            ladder: list[tuple[str, I64]] = []
            users = self._words(name, "user_map", log.user_words)
            mapped = np.where(log.user_codes >= 0, users[log.user_codes], NOBODY)
            if name in tags:
                ladder.append(("request_tag", tags[name].valid))
                ladder.append(("user_map", mapped))
                own = np.where(tags[name].valid >= 0, tags[name].valid, mapped)
                ladder.append(("trace_inherited", _inherited(calls.trace, own)))
            else:
                ladder.append(("user_map", mapped))
            gateway = int(self._words(name, "gateway_key", ["gw-globex"])[0])
            ladder.append(("gateway_key", np.where(log.gateway == 1, gateway, NOBODY)))
            by_key = self.by_key[name][calls.key, calls.day]
            ladder.append(("api_key_map", np.where(log.has_key == 1, by_key, NOBODY)))
            by_project = self.by_project[name][calls.key, calls.day]
            ladder.append(("project_map", np.where(log.has_project == 1, by_project, NOBODY)))
            ladder.append(("default_rule", self.default[name][calls.day]))
            ids, methods = self._first(name, ladder)
            if name not in tags:
                result.pnl = ids
                continue
            invalid = (tags[name].codes >= 0) & (tags[name].valid < 0)
            methods[invalid & (ids < 0)] = METHODS.index("invalid_tag")
            result.ids[name], result.methods[name] = ids, methods
            result.invalid_tag[name] = invalid.astype(np.int64)
        return result

    def of_buckets(self, key: I64, day: I64, knows_key: I64, knows_project: I64) -> Owners:
        """Owners of spend that nobody logged: evidence of rank 5 and lower."""
        result = Owners({}, {}, {}, np.full(len(key), NOBODY, dtype=np.int64))
        for name in (*DIMENSIONS, "pnl_class"):
            by_key = np.where(knows_key == 1, self.by_key[name][key, day], NOBODY)
            by_project = np.where(knows_project == 1, self.by_project[name][key, day], NOBODY)
            ids, methods = self._first(
                name,
                [
                    ("api_key_map", by_key),
                    ("project_map", by_project),
                    ("default_rule", self.default[name][day]),
                ],
            )
            if name == "pnl_class":
                result.pnl = ids
                continue
            result.ids[name], result.methods[name] = ids, methods
            result.invalid_tag[name] = np.zeros(len(key), dtype=np.int64)
        return result

    def _first(self, dimension: str, ladder: list[tuple[str, I64]]) -> tuple[I64, I64]:
        ids = np.full(len(ladder[0][1]), NOBODY, dtype=np.int64)
        methods = np.full(len(ids), METHODS.index("unattributed"), dtype=np.int64)
        for method, found in ladder:
            answers = (ids < 0) & (found >= 0)
            ids[answers] = found[answers]
            methods[answers] = METHODS.index(method)
        return self._survivors(dimension, ids), methods


def _inherited(trace: I64, own: I64) -> I64:
    """The one value that the members of each row's trace name; NOBODY for none or several."""
    result = np.full(len(trace), NOBODY, dtype=np.int64)
    named = (trace >= 0) & (own >= 0)
    if not named.any():
        return result
    pairs = np.unique(np.column_stack([trace[named], own[named]]), axis=0)
    traces, first, count = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    single, value = traces[count == 1], pairs[first[count == 1], 1]
    if not len(single):
        return result
    position = np.minimum(np.searchsorted(single, trace), len(single) - 1)
    found = (trace >= 0) & (single[position] == trace)
    result[found] = value[position[found]]
    return result


class PlanClock:
    """The subscription in force of a customer at any instant; merged customers count together."""

    def __init__(self, company: Company, period: Period) -> None:
        """Cut every customer's time at the bounds of their subscriptions."""
        self.subscriptions = company.subscriptions
        self.plan = np.array([co.PLAN_IDS.index(s.plan_id) for s in self.subscriptions])
        free = [s.plan_id == "free" or s.is_trial for s in self.subscriptions]
        self.is_free = np.array(free, dtype=bool)
        far = period.us(period.days) + 900 * 86_400_000_000
        groups: dict[int, list[int]] = {}
        for number, row in enumerate(self.subscriptions):
            if row.counts():
                groups.setdefault(company.survivor(row.customer), []).append(number)
        self._starts: dict[int, I64] = {}
        self._winners: dict[int, I64] = {}
        for customer, numbers in groups.items():
            rows = {n: self.subscriptions[n] for n in numbers}
            cuts = sorted({r.start for r in rows.values()} | {r.end or far for r in rows.values()})
            winners = []
            for cut in cuts:
                alive = [
                    (r.is_primary, r.mrr, r.start, n)
                    for n, r in rows.items()
                    if r.start <= cut and (r.end is None or cut < r.end)
                ]
                winners.append(max(alive)[3] if alive else NOBODY)
            self._starts[customer] = np.array(cuts, dtype=np.int64)
            self._winners[customer] = np.array(winners, dtype=np.int64)

    def at(self, customer: I64, time: I64) -> I64:
        """Subscription number per row (NOBODY: none); `customer` holds id codes, NOBODY allowed."""
        result = np.full(len(customer), NOBODY, dtype=np.int64)
        order = np.argsort(customer, kind="stable")
        codes, first = np.unique(customer[order], return_index=True)
        bounds = np.append(first, len(order))
        for number, code in enumerate(codes):
            starts = self._starts.get(int(code) + 1)
            if code < 0 or starts is None:
                continue
            rows = order[bounds[number] : bounds[number + 1]]
            position = np.searchsorted(starts, time[rows], side="right") - 1
            found = self._winners[int(code) + 1][np.maximum(position, 0)]
            result[rows] = np.where(position >= 0, found, NOBODY)
        return result

    def plan_of(self, subscription: I64) -> I64:
        """Plan code per row, NOBODY for none."""
        if not len(self.plan):
            return np.full(len(subscription), NOBODY, dtype=np.int64)
        return np.where(subscription >= 0, self.plan[subscription], NOBODY).astype(np.int64)


def pnl_class(owners: Owners, subscription: I64, clock: PlanClock, company: Company) -> I64:
    """P&L class code per row, first match."""
    customer, environment = owners.ids["customer"], owners.ids["environment"]
    internal = np.array([company.is_internal(n + 1) for n in range(company.count)])
    is_internal = (customer >= 0) & internal[customer]
    is_free = np.zeros(len(customer), dtype=bool)
    if len(clock.is_free):
        is_free = (subscription >= 0) & clock.is_free[subscription]
    result = np.where(is_free, FREE_TIER, COGS)
    result = np.where(environment > 0, RND, result)  # code 0 is production, none counts as such
    result = np.where(is_internal, INTERNAL, result)
    return np.where(owners.pnl >= 0, owners.pnl, result).astype(np.int64)
