"""Exact money: whole femto-dollars (1e-15 USD) in Python or 64-bit integers, never a float."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction

import numpy as np
import numpy.typing as npt

FEMTO = 10**15
I64 = npt.NDArray[np.int64]
_EXACT = Context(prec=60)


def divide(numerator: int, denominator: int) -> int:
    """Whole-number quotient, rounded half away from zero."""
    sign = -1 if (numerator < 0) != (denominator < 0) else 1
    n, d = abs(numerator), abs(denominator)
    return sign * ((2 * n + d) // (2 * d))


def round_fraction(value: Fraction, digits: int) -> Fraction:
    """`value` at `digits` decimals, half away from zero."""
    scale = 10**digits
    return Fraction(divide(value.numerator * scale, value.denominator), scale)


def femto(text: str) -> int:
    """Femto-units of a decimal text; raises ValueError when 15 decimals do not hold it."""
    value = Decimal(text).scaleb(15, _EXACT)
    if value != value.to_integral_value():
        raise ValueError(f"{text} has more than 15 decimals")
    return int(value)


def decimal(femtos: int) -> Decimal:
    """Femto-units as a decimal with 15 digits."""
    return Decimal(femtos).scaleb(-15, _EXACT)


def plain_text(femtos: int, shift: int = 0) -> str:
    """Femto-units × 10^shift as the shortest plain decimal text (shift 2 gives cents)."""
    value = Decimal(femtos).scaleb(shift - 15, _EXACT)
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def json_text(femtos: int) -> str:
    """Femto-units as a JSON encoder writes the number: below 1e-4 in exponent form."""
    if femtos == 0:
        return "0"
    if abs(femtos) >= FEMTO // 10_000:
        return plain_text(femtos)
    digits = str(abs(femtos))
    exponent = len(digits) - 1 - 15
    mantissa = digits.rstrip("0")
    body = mantissa[0] + ("." + mantissa[1:] if len(mantissa) > 1 else "")
    return f"{'-' if femtos < 0 else ''}{body}e-{-exponent:02d}"


def group_sums(codes: I64, values: I64, groups: int) -> list[int]:
    """Exact sum of `values` per group code, as Python ints (no 64-bit overflow)."""
    high = np.zeros(groups, dtype=np.int64)
    low = np.zeros(groups, dtype=np.int64)
    np.add.at(high, codes, values // 10**9)
    np.add.at(low, codes, values % 10**9)
    return [int(h) * 10**9 + int(lo) for h, lo in zip(high, low, strict=True)]


def total(values: I64) -> int:
    """Exact sum of 64-bit integers as a Python int."""
    return int((values // 10**9).sum()) * 10**9 + int((values % 10**9).sum())
