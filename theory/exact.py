"""Exact arithmetic on float64 data: the one rule every budget decision follows.

A finite float64 *is* a dyadic rational, and that rational is what it means here. Sums of costs are
formed exactly and compared exactly, so "does it fit the budget" never depends on rounding, on the
order of summation, or on the number of threads. Numbers that a person writes in decimal (``"0.1"``,
``Decimal("0.1")``, ``Fraction(1, 10)``) mean exactly that decimal.
"""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError

Real = int | float | str | Decimal | Fraction

_CHUNK = 1 << 18  # bincount sums of 27-bit halves stay below 2**53, hence exact, up to 2**26 items


def as_fraction(value: Real, name: str = "value") -> Fraction:
    """The exact rational that ``value`` denotes.

    Floats (and NumPy scalars) are read as the dyadic rationals they are; strings, ``Decimal`` and
    ``Fraction`` as written.

    Raises:
        InputError: when ``value`` is not a finite real number.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal, Fraction)):
        raise InputError(f"{name} must be a real number, got {type(value).__name__}")
    try:
        return Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError, InvalidOperation):
        raise InputError(f"{name} must be a finite real number, got {value!r}") from None


def floor_float(value: Fraction) -> float:
    """The largest float64 not above ``value``: for float ``x``, ``x <= value`` iff ``x <= floor_float(value)``."""
    try:
        nearest = float(value)
    except OverflowError:
        return math.nextafter(math.inf, 0.0) if value > 0 else -math.inf
    return nearest if Fraction(nearest) <= value else math.nextafter(nearest, -math.inf)


def exact_sum(values: NDArray[np.floating]) -> Fraction:
    """The exact sum of a float array (any size, any exponents), as a rational.

    Each value is ``m * 2**e`` with a 53-bit integer ``m``; the two halves of ``m`` are summed per
    exponent, which float64 does without rounding, and the few partial sums are joined as integers.
    """
    values = np.asarray(values)
    totals: dict[int, int] = {}
    for start in range(0, values.size, _CHUNK):
        mantissa, exponent = np.frexp(values[start : start + _CHUNK].astype(np.float64, copy=False))
        lowest = int(exponent.min())
        bins = exponent - lowest
        scaled = np.ldexp(mantissa, 26)
        high = np.floor(scaled)
        low = np.ldexp(scaled - high, 27)
        for offset, (h, lo) in enumerate(
            zip(np.bincount(bins, weights=high), np.bincount(bins, weights=low), strict=True)
        ):
            if h or lo:
                key = lowest + offset - 53
                totals[key] = totals.get(key, 0) + (int(h) << 27) + int(lo)
    return sum((m * Fraction(2) ** e for e, m in totals.items()), Fraction(0))
