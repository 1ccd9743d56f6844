"""Exact sums of costs at the speed of memory: what the compiled loops add up, as rationals.

Costs within a window of 2^16 around the usual one are whole numbers of ticks, which add up as integers do; those of
other blocks are put down by exponent, 53 bits each. Nothing is rounded.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic import compiled_loops
from theory.arithmetic.exact import exact_sum
from theory.arithmetic.threads import IN_ORDER, each, shares, useful_threads

FLOATS = (np.dtype(np.float32), np.dtype(np.float64))

_WINDOW = 16  # powers of two: + 24 bits of a float32 + 13 of a block = 53; + 27 of a float64 + 20 of a span = 63
_LOWEST = 900  # exponents of a window's ends stay within this
_COLUMNS = 2100  # of a table: exponents from -1074 on


class Window(NamedTuple):
    """Where costs are whole ticks: from ``near`` to ``far``; ``exponent`` is that of ``near`` as a float64 holds it."""

    near: float
    far: float
    tick: Fraction
    exponent: int

    @classmethod
    def around(cls, cost: NDArray[np.floating]) -> Window:
        """The window around the usual one of some costs, float32 or float64."""
        some = np.sort(cost[:: max(1, cost.size // 256)])
        usual = math.frexp(math.sqrt(2) * float(some[some.size // 2]))[1] - 1
        first = min(max(usual, -_LOWEST), _LOWEST) - _WINDOW // 2
        bits = 23 if cost.dtype.itemsize == 4 else 52
        near, far = math.ldexp(1.0, first), math.ldexp(1.0, first + _WINDOW)
        return cls(near, far, Fraction(2) ** (first - bits), first + 1023)

    def ends(
        self, kind: type[np.floating], cheapest: float = 0.0, dearest: float = math.inf, affordable: float = math.inf
    ) -> tuple[np.floating, np.floating]:
        """Both ends in a precision, drawn in: inside ``cheapest`` and ``dearest``, not above ``affordable``."""
        with np.errstate(over="ignore", under="ignore"):
            near, far, least, most = (kind(x) for x in (self.near, self.far, cheapest, dearest))
        above, below = np.nextafter(least, kind(np.inf)), np.nextafter(most, kind(-np.inf))
        return max(near, above), min(far, below, kind(affordable))

    @property
    def rule(self) -> tuple[float, int]:
        """What the loops add up by: ticks per cost, and the exponent."""
        return float(1 / self.tick), self.exponent

    def sum_of(self, many: int, few: int) -> Fraction:
        """What a loop has added up."""
        return ((int(many) << 26) + int(few)) * self.tick


def table() -> NDArray[np.int64]:
    """Where costs outside the window are put down."""
    return np.zeros((2, _COLUMNS), dtype=np.int64)


def sum_of_table(filled: NDArray[np.int64]) -> Fraction:
    """What was put down."""
    used = np.flatnonzero(filled.any(axis=0))
    whole = lambda k: (int(filled[0, k]) << 26) + int(filled[1, k])  # noqa: E731
    return sum((whole(k) * Fraction(2) ** (int(k) - 1074 - 53) for k in used), Fraction(0))


def as_bits(cost: NDArray[np.floating]) -> NDArray[np.integer]:
    """The same memory as integers."""
    return cost.view(np.int32 if cost.dtype.itemsize == 4 else np.int64)


def total_cost(cost: NDArray[np.floating], threads: int = 1) -> Fraction | None:
    """The exact sum of costs of shape (d,), or None when one is not positive and finite."""
    if not (compiled_loops.worth_it(cost.size) and cost.dtype in FLOATS and cost.flags.c_contiguous):
        return _total_by_pieces(cost)
    window, loop, bits = Window.around(cost), compiled_loops.compiled(compiled_loops.total), as_bits(cost)
    ends = window.ends(cost.dtype.type)

    def part(share: tuple[int, int]) -> Fraction | None:
        every, odd, rest, found = (
            np.ones(compiled_loops.BLOCK, bool),
            np.zeros(compiled_loops.BLOCK, bool),
            table(),
            Fraction(0),
        )
        for first in range(*share, compiled_loops.SPAN):
            last = min(first + compiled_loops.SPAN, share[1])
            bad, *sums = loop(cost, bits, first, last, every, odd, rest, *ends, *window.rule)
            if bad:
                return None
            found += window.sum_of(*sums)
        return found + sum_of_table(rest)

    found = each(part, shares(useful_threads(threads, cost.size, IN_ORDER), cost.size))
    valid = [one for one in found if one is not None]
    return sum(valid, Fraction(0)) if len(valid) == len(found) else None


_PIECE, _ROW = 1 << 15, 1 << 12  # costs that are looked at, and summed, together; a piece stays in the cache
_HIGH = np.int64(-1 << 27)  # of a float64's bits, those of which 26 digits are left


def _total_by_pieces(cost: NDArray[np.floating]) -> Fraction | None:
    """The same by NumPy, in one pass: a row of like costs adds up in float64 without rounding, others are split.

    Of a float64 the 26 leading bits are added up, and what is left of it. With e the exponent of the least cost, the
    leading parts are multiples of 2^(e-25) and the rest of 2^(e-52), below 2^-25 of its cost: as all are positive, both
    sums are exact where the row's is below 2^(e+26), and so is that of float32 costs, multiples of 2^(e-23).
    """
    rows, rest, room = [np.zeros(0)], Fraction(0), np.empty(min(_PIECE, cost.size))
    for start in range(0, cost.size, _PIECE):
        piece = cost[start : start + _PIECE]
        low = float(piece.min())
        if not low > 0:
            return None
        if piece.flags.c_contiguous and low > 2.0**-900:
            part: NDArray[np.floating] = piece
            if piece.dtype == np.float64:
                part = room[: piece.size]
                np.bitwise_and(piece.view(np.int64), _HIGH, out=part.view(np.int64))
            with np.errstate(over="ignore"):  # a sum too large for a row is a split one
                sums = _row_sums(part)
            if sums.max() <= min(low * 2.0**24, 2.0**900):
                rows.append(sums)
                if piece.dtype == np.float64:
                    rows.append(_row_sums(np.subtract(piece, part, out=part)))
                continue
        if not float(piece.max()) < np.inf:
            return None
        rest += exact_sum(piece)
    return rest + exact_sum(np.concatenate(rows))


def _row_sums(piece: NDArray[np.floating]) -> NDArray[np.float64]:
    """The sums of its rows, in float64, and of what is left."""
    whole = piece.size // _ROW * _ROW
    rows = piece[:whole].reshape(-1, _ROW)
    rows = np.einsum("ij->i", rows, dtype=np.float64, casting="safe")
    return rows if whole == piece.size else np.append(rows, piece[whole:].sum(dtype=np.float64))
