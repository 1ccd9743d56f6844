"""The passes of :mod:`theory.arithmetic.page_loops` by NumPy, some pages at a time, for where numba is not at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.page_loops import CLOSED, DOUBTFUL, OPEN

_PIECE = 1 << 18  # coordinates at a time, or one page if that has more


def state(
    values: Any, square: bool, cost: Any, ends: Any, fee: Any, room: Any, low: float, high: float, states: Any
) -> bool:
    """As :func:`theory.arithmetic.page_loops.state`."""
    fine = True
    for pages, part in _pieces(ends):
        p, c = _weights(values, square, part), cost if cost.size == 1 else cost[part]
        sizes, starts = np.diff(ends[pages.start : pages.stop + 1]), ends[pages] - part.start
        with np.errstate(over="ignore", invalid="ignore"):
            p = np.where(c <= np.repeat(room[pages], sizes), p, p * 0.0)
            all_of = np.add.reduceat(p, starts)
            more = np.add.reduceat(np.maximum(p - low * c, 0.0), starts)
            least = np.add.reduceat(np.maximum(p - high * c, 0.0), starts)
            doubt = 2.0**-48 * (sizes + 4) * all_of
            opened = (fee[pages] == 0.0) | (least - doubt > high * fee[pages] * (1.0 + 2.0**-48))
            closed = more + doubt < low * fee[pages] * (1.0 - 2.0**-48)
        fine = fine and bool((all_of < np.inf).all())
        states[pages] = np.where(opened, OPEN, np.where(closed, CLOSED, DOUBTFUL))
    return fine


def sift(
    values: Any, square: bool, cost: Any, ends: Any, fee: Any, room: Any, low: float, high: float, states: Any,
    mask: Any, items: Any, pages: Any,
) -> int:  # fmt: skip
    """As :func:`theory.arithmetic.page_loops.sift`."""
    count, lower, higher = 0, low * (1.0 - 2.0**-48), high * (1.0 + 2.0**-48)
    for which, part in _pieces(ends):
        p, c = _weights(values, square, part), cost if cost.size == 1 else cost[part]
        of = np.repeat(np.arange(which.start, which.stop), np.diff(ends[which.start : which.stop + 1]))
        may = (states[of] != CLOSED) & (p > 0.0) & (c <= room[of])
        mask[part] = above = may & (states[of] == OPEN) & (p > higher * c)
        found = np.flatnonzero(may & ~above & (p >= lower * c))
        room_left = items[count : count + found.size].size
        items[count : count + room_left] = part.start + found[:room_left]
        pages[count : count + room_left] = of[found[:room_left]]
        count += found.size
    return count


def rank(key: Any, first: Any, last: Any, order: Any) -> None:
    """As :func:`theory.arithmetic.page_loops.rank`."""
    of = np.repeat(np.arange(first.size), last - first)
    order[:] = np.lexsort((-key, of))


def _pieces(ends: Any) -> Iterator[tuple[slice, slice]]:
    """Some pages after the other, and where their coordinates lie."""
    first, count = 0, ends.size - 1
    while first < count:
        last = max(int(np.searchsorted(ends, ends[first] + _PIECE, side="right")) - 1, first + 1)
        yield slice(first, last), slice(int(ends[first]), int(ends[last]))
        first = last


def _weights(values: Any, square: bool, part: slice) -> NDArray[np.float64]:
    found: NDArray[np.float64] = values[part].astype(np.float64)
    with np.errstate(over="ignore"):
        return found * found if square else found
