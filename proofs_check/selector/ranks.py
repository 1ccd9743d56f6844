"""Exact comparisons of many numbers at once: quotients in order, sums of costs as integers.

Floats decide what they can; quotients that a rounding could have put in either order are compared as fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CLOSE = 1 + 2.0**-50  # a quotient of float64 is off by less than 2**-52 of itself


def ranks(weight: Floats, cost: Floats) -> NDArray[np.int64]:
    """The place of each ``w/c`` among all of them, exactly: equal quotients share one, a larger one has a larger one.

    Args:
        weight, cost: shape (d,), ``w >= 0`` and ``c > 0``.
    """
    both = np.empty(weight.shape, dtype=np.complex128)
    both.real, both.imag = weight, cost
    pairs, member = np.unique(both, return_inverse=True)
    w, c = pairs.real, pairs.imag
    with np.errstate(over="ignore", under="ignore"):
        key = w / c
    order = np.argsort(key, kind="stable")
    order = _settled(w, c, key, order)
    place = np.empty(order.size, dtype=np.int64)
    now = 0
    for k, i in enumerate(order.tolist()):
        now += k > 0 and not _same(w, c, key, int(order[k - 1]), i)
        place[i] = now
    return place[member.reshape(-1)]


def _settled(w: Floats, c: Floats, key: Floats, order: NDArray[np.intp]) -> NDArray[np.intp]:
    """``order`` with every run of quotients that floats cannot tell apart sorted as fractions."""
    ordered = order.copy()
    for start, end in _runs(key[order]):
        ordered[start:end] = sorted(order[start:end].tolist(), key=lambda i: _exact(w[i]) / _exact(c[i]))
    return ordered


def _runs(key: Floats) -> list[tuple[int, int]]:
    """Slices of an ascending array, of two items or more, in which neighbours are close (or beyond normal floats)."""
    tiny, huge = np.finfo(np.float64).smallest_normal, np.finfo(np.float64).max
    low, high = key[:-1], key[1:]
    close = (high <= low * _CLOSE) | ((high < 2 * tiny) & (high > 0)) | (low >= huge)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], close, [False]]).astype(np.int8)))
    return [(int(start), int(end) + 1) for start, end in edges.reshape(-1, 2)]


def _same(w: Floats, c: Floats, key: Floats, i: int, j: int) -> bool:
    near = key[j] <= key[i] * _CLOSE or not np.isfinite(key[j]) or key[j] < 1e-300
    return bool(near) and _exact(w[i]) * _exact(c[j]) == _exact(w[j]) * _exact(c[i])


def _exact(value: Any) -> Fraction:
    return Fraction(float(value))


def whole(cost: Floats) -> tuple[list[int], int]:
    """Costs as integers over one denominator: ``c_i = n_i / q`` exactly."""
    ratios = [value.as_integer_ratio() for value in cost.tolist()]
    q = max((denominator for _, denominator in ratios), default=1)  # powers of two: the largest is a multiple of all
    return [numerator * (q // denominator) for numerator, denominator in ratios], q


def running(costs: list[int]) -> list[int]:
    """Sums of the first 0, 1, 2 ... of these."""
    sums = [0]
    for cost in costs:
        sums.append(sums[-1] + cost)
    return sums
