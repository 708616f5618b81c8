"""Sums, ratios and percentiles as the money rules define them, and the schemas of truth files."""

from __future__ import annotations

import calendar
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa

from demo import billing
from demo.money import I64, divide, group_sums, round_fraction
from demo.tables import MONEY
from demo.world import OTHER, World

RATIO = pa.decimal128(18, 6)
UNATTRIBUTED, SHARED = "__unattributed__", "__shared__"


def label_codes(ids: list[str], codes: I64, kind: I64) -> I64:
    """Code per row in [*ids, __unattributed__, __shared__]."""
    missing = np.where(kind == OTHER, len(ids) + 1, len(ids))
    return np.where(codes >= 0, codes, missing).astype(np.int64)


def rounded(value: Fraction | None, digits: int = 6) -> Any:
    """A Decimal with `digits` digits, None for None."""
    if value is None:
        return None
    exact = round_fraction(value, digits)
    return Decimal(int(exact * 10**digits)).scaleb(-digits)


def ratio(numerator: int, denominator: int) -> Any:
    """A ratio with 6 digits; None unless the denominator is positive."""
    return rounded(Fraction(numerator, denominator)) if denominator > 0 else None


def quotient(numerator: int, denominator: int) -> int | None:
    """Femto-dollars per something with 12 exact digits."""
    if denominator == 0:
        return None
    return divide(numerator, denominator * 1000) * 1000


def percentile(values: list[int], share: Fraction) -> int | None:
    """The smallest value that at least `share` of the values do not exceed."""
    if not values:
        return None
    ordered = sorted(values)
    rank = -(-len(ordered) * share.numerator // share.denominator)
    return ordered[max(rank, 1) - 1]


def is_waste(logical: I64, attempt: I64, good: I64) -> Any:
    """Every attempt but the last successful one of its logical request."""
    final = np.full(int(logical.max()) + 1, -1, dtype=np.int64)
    np.maximum.at(final, logical, np.where(good == 1, attempt, -1))
    return attempt != final[logical]


def sums_by(codes: I64, values: I64) -> dict[int, int]:
    """Exact sum by code, for the codes that occur."""
    distinct, index = np.unique(codes, return_inverse=True)
    result = group_sums(index.reshape(-1).astype(np.int64), values, len(distinct))
    return {int(c): v for c, v in zip(distinct, result, strict=True)}


def completeness(world: World) -> list[bool]:
    """Per month: is it over and billed to its end?"""
    last = world.period.day(world.period.days - 1 - billing.UNBILLED_DAYS)
    result = []
    for month in world.months:
        end = month.replace(day=calendar.monthrange(month.year, month.month)[1])
        result.append(world.period.as_of > end and last >= end)
    return result


def schema(text: str) -> pa.Schema:
    """A schema from words like `usage_month:date`."""
    types = {
        "date": pa.date32(),
        "text": pa.string(),
        "int": pa.int64(),
        "usd": MONEY,
        "ratio": RATIO,
        "bool": pa.bool_(),
    }
    return pa.schema([(n, types[t]) for n, t in (w.split(":") for w in text.split())])
