"""Exact arithmetic on float64 data: the one rule every budget decision follows.

A finite float64 *is* a dyadic rational, and that rational is what it means here. Sums of costs are
formed exactly and compared exactly, so "does it fit the budget" never depends on rounding, on the
order of summation, or on the number of threads. Numbers that a person writes in decimal (``"0.1"``,
``Decimal("0.1")``, ``Fraction(1, 10)``) mean exactly that decimal.
"""

from __future__ import annotations

import math
import operator
import re
import sys
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError

Real = int | float | str | Decimal | Rational

EXACT_INTEGER = 1 << 53  # integers up to here are float64 values
_POWER = re.compile(r"[eE][+-]?([\d_]+)\s*$")
_CHUNK = 1 << 15  # values whose sum is formed at once; small enough for a core's cache
_CHUNK_BITS = 15
_LARGE = 2.0**960  # beyond this the splitting constant would overflow
_FEW = 64  # values that are quicker added up one by one


def as_fraction(value: Real, name: str = "value") -> Fraction:
    """The exact rational that ``value`` denotes.

    Floats (and NumPy scalars) are read as the dyadic rationals they are; strings, ``Decimal`` and
    ``Fraction`` as written, and so are other rationals (``numbers.Rational``).

    Raises:
        InputError: when ``value`` is not a finite real number.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal, Rational)):
        raise InputError(f"{name} must be a real number, got {type(value).__name__}")
    if not isinstance(value, (int, float, str, Decimal)):  # GMP's rationals, say: of integers of their own
        return Fraction(int(value.numerator), int(value.denominator))
    if isinstance(value, (str, Decimal)) and (power := _POWER.search(str(value))) and len(power[1].lstrip("0_")) > 3:
        raise InputError(f"{name} = {value}: no power of ten beyond 999 is read")  # as a rational it would fill memory
    try:
        return Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError, InvalidOperation):
        raise InputError(f"{name} must be a finite real number, got {value!r}") from None


def as_whole(value: Any, name: str, least: int = 1, *, beside: str = "") -> int:
    """The whole number that ``value`` is: an integer of Python, NumPy or PyTorch; ``beside`` says what else is taken.

    Raises:
        InputError: anything else, a bool too; a number below ``least``.
    """
    try:
        number = None if isinstance(value, (bool, np.bool_)) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise InputError(f"{name} must be a whole number >= {least}{beside}, got {' '.join(repr(value).split())[:60]}")
    return number


def exact_ratio(over: float, under: float) -> Fraction:
    """The exact quotient of two finite floats, ``under`` not 0."""
    (a, b), (c, d) = over.as_integer_ratio(), under.as_integer_ratio()
    return Fraction(a * d, b * c)


def exactly(value: float) -> Fraction:
    """The rational that a finite float is; ``Fraction(value)`` asks what kind of number it is first."""
    return Fraction(*value.as_integer_ratio())


def floor_float(value: Fraction) -> float:
    """The largest float64 not above ``value``: for float ``x``, ``x <= value`` iff ``x <= floor_float(value)``."""
    try:
        nearest = float(value)
    except OverflowError:
        return math.nextafter(math.inf, 0.0) if value > 0 else -math.inf
    numerator, denominator = nearest.as_integer_ratio()
    fits = numerator * value.denominator <= value.numerator * denominator
    return nearest if fits else math.nextafter(nearest, -math.inf)


def nearest_float(value: Fraction) -> float:
    """The float64 nearest to ``value``; beyond the largest one, the largest one, which JSON can hold."""
    try:
        return float(value)
    except OverflowError:
        return sys.float_info.max if value > 0 else -sys.float_info.max


def shown(value: Fraction, digits: int = 6) -> str:
    """``value`` in so many significant digits, as ``format`` shows a float, whatever its size."""
    nearest = nearest_float(value)
    if (nearest or not value) and abs(nearest) < sys.float_info.max:
        return f"{nearest:.{digits}g}"
    return (
        f"{Decimal(value.numerator) / Decimal(value.denominator):.{digits - 1}e}"  # Python 3.11: Fraction has no format
    )


def as_float64(values: NDArray, name: str) -> NDArray[np.float64]:
    """The same numbers as float64.

    Raises:
        InputError: an entry that float64 does not hold (an integer beyond 2**53, a long double), which rounding would
            change.
    """
    with np.errstate(over="ignore"):
        array: NDArray[np.float64] = values.astype(np.float64, copy=False)
    if values.dtype.kind in "iu":
        changed, accepted = (values > EXACT_INTEGER) | (values < -EXACT_INTEGER), "integers must be within +-2**53"
    else:
        changed, accepted = (array != values) & (values == values), "float64 must hold it exactly"
    if changed.any():
        first = int(np.flatnonzero(changed)[0])
        raise InputError(f"{name}[{first}] = {values[first]} ({int(changed.sum())} such): {accepted}")
    return array


def added(parts: Iterable[Fraction]) -> Fraction:
    """The sum of ``parts``, 0 of none; what is one part, as nearly every instance is, is not added to anything."""
    total = None
    for part in parts:
        total = part if total is None else total + part
    return Fraction(0) if total is None else total


def exact_sum(values: NDArray[np.floating]) -> Fraction:
    """The exact sum of a float array (any size, any exponents), as a rational.

    Error-free splitting (Rump, Ogita & Oishi 2008, algorithm 3.2): of every value, the part that is a multiple of
    ``2**k`` is taken off, ``k`` so that such parts add up without rounding; what is left goes the same way.
    """
    values = np.asarray(values)
    if values.size <= _FEW:
        return joined(values.astype(np.float64).tolist())
    partial: list[float] = []
    exact = Fraction(0)
    for start in range(0, values.size, _CHUNK):
        rest = values[start : start + _CHUNK].astype(np.float64)
        while rest.size and (top := max(float(rest.max()), -float(rest.min()))) > 0:
            if top > _LARGE:
                large = np.abs(rest) > 1.0
                exact += exact_sum(np.ldexp(rest[large], -100)) * 2**100
                rest[large] = 0.0
                continue
            splitter = math.ldexp(1.5, math.frexp(top)[1] + _CHUNK_BITS)  # 1.5 * 2**52 times the grid 2**k
            high = np.add(rest, splitter)
            high -= splitter
            partial.append(float(high.sum()))
            rest -= high
    return exact + joined(partial)


def exact_sum_of_squares(values: NDArray[np.floating]) -> Fraction:
    """The exact ``sum x^2`` of a float array of any size.

    Squares of float32 and narrower are float64 values. A float64 ``x = h + l`` of two halves of 26 bits (Veltkamp;
    Dekker 1971) has ``h^2``, ``h l`` and ``l^2`` for float64 values, unless it is very large or small.
    """
    if values.size <= _FEW:
        ratios = list(map(float.as_integer_ratio, values.tolist()))
        finest = max((d for _, d in ratios), default=1)  # all are powers of two
        return Fraction(sum((n * (finest // d)) ** 2 for n, d in ratios), finest**2)
    exact = Fraction(0)
    for start in range(0, values.size, _CHUNK):
        x = values[start : start + _CHUNK].astype(np.float64)
        if values.dtype.itemsize < 8:
            exact += exact_sum(x * x)
            continue
        apart = (np.abs(x) > 2.0**480) | ((np.abs(x) < 2.0**-481) & (x != 0))
        exact += sum((Fraction(v) ** 2 for v in x[apart].tolist()), Fraction(0))
        x = x[~apart]
        scaled = 134217729.0 * x
        high = scaled - (scaled - x)
        low = x - high
        exact += exact_sum(high * high) + 2 * exact_sum(high * low) + exact_sum(low * low)
    return exact


def joined(values: list[float]) -> Fraction:
    """The exact sum of a list of floats."""
    numerators: dict[int, int] = {}
    for numerator, denominator in map(float.as_integer_ratio, values):
        numerators[denominator] = numerators.get(denominator, 0) + numerator
    finest = max(numerators, default=1)  # all are powers of two
    return Fraction(sum(n * (finest // d) for d, n in numerators.items()), finest)
