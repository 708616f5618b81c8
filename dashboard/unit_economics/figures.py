"""Exact numbers into text. Every ratio is a ratio of sums; nothing here averages.

A value that is not known is a dash, never 0. Rounding happens here, for the eye, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

UNKNOWN = "–"
MINUS = "−"


def rounded(value: Decimal, digits: int) -> Decimal:
    """Half up, at a precision that holds any amount of money."""
    with localcontext() as context:
        context.prec = 60
        return Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def money(value: Decimal | int | None, digits: int | None = None) -> str:
    """USD with cents; below a dollar as many digits as it takes to see three of them."""
    if value is None:
        return UNKNOWN
    value = Decimal(value)
    if digits is None:
        digits = 2 if value == 0 or abs(value) >= 1 else min(9, 2 - value.adjusted())
    shown = rounded(abs(value), digits)
    return f"{MINUS if value < 0 and shown else ''}${shown:,.{digits}f}"


def short_money(value: Decimal | int | None) -> str:
    """USD for a headline: cents up to 100,000 dollars, then thousands and millions."""
    if value is None:
        return UNKNOWN
    size = abs(Decimal(value))
    for unit, word in ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(1000), "k")):
        if size >= max(unit, Decimal(100_000)):
            return f"{money(Decimal(value) / unit, 2)}{word}"
    return money(value)


def ratio(numerator: Decimal | int | None, denominator: Decimal | int | None) -> Decimal | None:
    """Quotient of two sums; None where one is unknown or the denominator is not positive."""
    if numerator is None or denominator is None or denominator <= 0:
        return None
    with localcontext() as context:
        context.prec = 60
        return Decimal(numerator) / Decimal(denominator)


def percent(value: Decimal | None, digits: int = 1) -> str:
    """A ratio in percent."""
    if value is None:
        return UNKNOWN
    shown = rounded(abs(value) * 100, digits)
    return f"{MINUS if value < 0 and shown else ''}{shown:,.{digits}f} %"


def change(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """Relative change; None where one is unknown or there was nothing before."""
    if now is None:
        return None
    part = ratio(now, before)
    return None if part is None else part - 1


def points(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """Difference of two ratios, in percentage points."""
    return None if now is None or before is None else (now - before) * 100


def count(value: int | Decimal | None) -> str:
    """A whole number with its thousands."""
    return UNKNOWN if value is None else f"{int(value):,}"


def total(values: Iterable[Decimal | None]) -> Decimal | None:
    """Sum of what is known; None where nothing is."""
    known = [value for value in values if value is not None]
    with localcontext() as context:
        context.prec = 60
        return sum(known, Decimal(0)) if known else None


def month_name(month: date) -> str:
    """October 2026."""
    return f"{month:%B %Y}"


SENTINELS = {
    "__unattributed__": "Unattributed",
    "__shared__": "Shared",
    "__no_plan__": "No plan",
    "__internal__": "Internal",
}


def label(identifier: str | None) -> str:
    """An id as people read it: the sentinels in words, a missing one as not known."""
    if identifier is None:
        return "Not known"
    return SENTINELS.get(identifier, identifier)
