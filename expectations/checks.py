"""What expectations.yml says, read and checked; and what a check is once it is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

DEFINITION = Path(__file__).with_name("expectations.yml")
SEVERITIES = ("critical", "warning")

# What a word of `columns` allows: families of types.
TYPES = {
    "text": ("text",),
    "count": ("number", "text"),
    "amount": ("number", "text"),
    "flag": ("boolean", "text"),
    "time": ("timestamp", "date", "text", "number"),
    "json": ("text", "other"),
}
RAW_KEYS = {
    *("about", "source", "switch", "columns", "day", "loaded_at", "lag_days"),
    *("max_days_behind", "may_be_ahead", "key", "key_severity"),
    *("volume", "values", "nulls", "not_negative", "drift", "unit_price", "cost_against_usage"),
}


class DefinitionError(Exception):
    """expectations.yml has a mistake; the text says where and what is allowed."""


@dataclass(frozen=True)
class Limits:
    """Between which numbers a measured value may lie, both inclusive; None = no limit."""

    least: float | None = None
    most: float | None = None

    def __str__(self) -> str:
        """`0.3 to 3`, `at most 0`."""
        if self.least is None:
            return f"at most {self.most:g}"
        if self.most is None:
            return f"at least {self.least:g}"
        return f"{self.least:g} to {self.most:g}"


@dataclass(frozen=True)
class Check:
    """One expectation and what was measured for it.

    `values` are (item, value): a day and its ratio, a column and its type; value None = it could
    not be measured for this item. Exactly one of `limits`, `words` (each value is one of these)
    and `contains` (these are all among the values) is the expectation.
    """

    name: str
    about: str
    severity: str
    values: list[tuple[str, Any]]
    limits: Limits | None = None
    words: tuple[str, ...] | None = None
    contains: tuple[str, ...] | None = None

    @property
    def is_measured(self) -> bool:
        """Is there a value to judge?"""
        return self.contains is not None or any(value is not None for _, value in self.values)

    @property
    def expected(self) -> str:
        """The expectation in words."""
        if self.limits is not None:
            return str(self.limits)
        if self.words is not None:
            return "as declared" if len(self.words) > 12 else "one of " + ", ".join(self.words)
        return f"the {len(self.contains or ())} that are declared"


@dataclass(frozen=True)
class Table:
    """A table with its checks, or the reason why there are none."""

    name: str
    checks: list[Check] = field(default_factory=list)
    skipped: str = ""


@dataclass(frozen=True)
class Definition:
    """The whole of expectations.yml."""

    defaults: Mapping[str, Any]
    raw: Mapping[str, Mapping[str, Any]]
    marts: Mapping[str, Mapping[str, Any]]


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with the entries of `own` in place of its own, level by level; null takes one out."""
    result = dict(base)
    for name, value in own.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(result.get(name), Mapping):
            result[name] = merged(result[name], value)
        else:
            result[name] = value
    return result


def read_definition(files: Iterable[Path] = ()) -> Definition:
    """The package's definition with the user's own files on top of it, later ones first in rank.

    Raises DefinitionError.
    """
    content: dict[str, Any] = {}
    for path in (DEFINITION, *files):
        try:
            own = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError) as problem:
            raise DefinitionError(f"{path}: {problem}") from problem
        content = merged(content, own)
    if unknown := set(content) - {"defaults", "raw", "marts"}:
        raise DefinitionError(f"{', '.join(sorted(unknown))}: only defaults, raw, marts are known")
    for table, entry in content["raw"].items():
        if unknown := set(entry) - RAW_KEYS:
            raise DefinitionError(
                f"raw.{table}: {', '.join(sorted(unknown))} is not known. "
                f"Known: {', '.join(sorted(RAW_KEYS))}"
            )
        for column, kind in entry.get("columns", {}).items():
            if kind not in TYPES:
                raise DefinitionError(
                    f"raw.{table}.columns.{column}: {kind} is not one of {', '.join(TYPES)}"
                )
    for mart, entry in content["marts"].items():
        for name, check in entry.items():
            where = f"marts.{mart}.{name}"
            if missing := {"about", "sql"} - set(check):
                raise DefinitionError(f"{where}: no {', '.join(sorted(missing))}")
            if check.get("severity", "critical") not in SEVERITIES:
                raise DefinitionError(f"{where}: severity is one of {', '.join(SEVERITIES)}")
            if "min" not in check and "max" not in check:
                raise DefinitionError(f"{where}: needs min, max or both")
    return Definition(content["defaults"], content["raw"], content["marts"])
