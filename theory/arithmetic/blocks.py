"""Passes over an array a piece at a time, so that nobody needs a copy of all of it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

_PIECE = 1 << 15  # entries that are looked at together: they stay in a core's cache
_BLOCK = 1 << 20  # and that are copied together


def in_blocks(start: int, stop: int, size: int) -> Iterator[slice]:
    """From ``start`` to ``stop``, ``size`` at a time."""
    return (slice(first, min(first + size, stop)) for first in range(start, stop, size))


def chosen(values: NDArray, items: NDArray[np.bool_] | slice) -> Iterator[NDArray]:
    """``values[items]`` a block at a time; all at once what is no mask of them."""
    if isinstance(items, slice) or items.dtype != bool or items.shape != values.shape:
        yield values[items]
        return
    for part in in_blocks(0, values.size, _BLOCK):
        yield values[part][items[part]]


def all_between(values: NDArray, low: float, high: float) -> bool:
    """Whether every entry is above ``low`` and below ``high`` (NaN is not); read once, a piece at a time."""
    for start in range(0, values.size, _PIECE):
        piece = values[start : start + _PIECE]
        if not (piece.min() > low and piece.max() < high):
            return False
    return True


def counted(labels: NDArray[np.integer], classes: int) -> NDArray[np.int64] | None:
    """How many there are of each class, None where a label is none of them; one pass.

    Pieces of one class, as most of a layered model are, are only compared.
    """
    counts = np.zeros(classes, np.int64)
    for start in range(0, labels.size, _PIECE):
        piece = labels[start : start + _PIECE]
        first, last = int(piece.min()), int(piece.max())
        if not 0 <= first <= last < classes:
            return None
        if first == last:
            counts[first] += piece.size
        else:
            counts += np.bincount(piece, minlength=classes)
    return counts


def extremes(update: NDArray[np.float64]) -> tuple[float, float]:
    """The largest magnitude, NaN where one is none, and the smallest that is not 0 (1 where all are)."""
    largest, smallest = 0.0, math.inf
    room = np.empty(min(_PIECE, update.size))
    for start in range(0, update.size, _PIECE):
        piece = update[start : start + _PIECE]
        magnitude = np.abs(piece, out=room[: piece.size])
        most, least = float(magnitude.max()), float(magnitude.min())
        if not most < math.inf:
            return math.nan, 1.0
        largest = max(largest, most)
        if least == 0:
            least = float(magnitude.min(initial=np.inf, where=magnitude > 0))
        smallest = min(smallest, least)
    return largest, smallest if smallest < math.inf else 1.0
