"""The one pass of :mod:`theory.bracket` over everything, by all threads of a crew.

Where numba is installed (the extra ``fast``), large passes run compiled (:mod:`theory.compiled`), which is faster and
lets threads run side by side; NumPy's calls are too short for that. The answer is the same.
"""

from __future__ import annotations

import math
from fractions import Fraction
from threading import local
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory import compiled
from theory.crew import Crew
from theory.entries import Entries
from theory.tally import Lists, Room, Tally, Thresholds, Unsuited

_CHUNK = 1 << 17  # coordinates that NumPy treats at once
_CHUNKS_PER_THREAD = 8  # fewer are done before a thread has started


class Swept(NamedTuple):
    """What one pass found: the exact cost of the items above the bracket, and lists of those inside, ascending."""

    above: Fraction
    inside: list[Lists]


def sweep(
    entries: Entries, budget: Fraction, low: float, high: float, crew: Crew, mask: NDArray[np.bool_]
) -> Swept | None:
    """The pass in float32 where inputs and thresholds allow it, else in float64; None where neither will do."""
    narrow = entries.values.dtype.itemsize <= 4 and (entries.cost is None or entries.cost.dtype.itemsize <= 4)
    precisions: list[type[np.floating]] = [np.float32, np.float64] if narrow else [np.float64]
    for precision in precisions:
        try:
            return _pass(entries, budget, Thresholds.of(entries, budget, low, high, precision), crew, mask)
        except Unsuited:
            continue
    return None


def hands(d: int, threads: int) -> int:
    """How many of ``threads`` have enough to do with so many coordinates."""
    return max(1, min(threads, math.ceil(d / _CHUNK) // _CHUNKS_PER_THREAD))


def _pass(entries: Entries, budget: Fraction, thresholds: Thresholds, crew: Crew, mask: NDArray[np.bool_]) -> Swept:
    """One pass over everything. Chunks are the same whatever the number of threads, and so is every sum."""
    reader = compiled.reader(entries) or Tally
    rooms = _KEPT.first(crew.threads, thresholds.precision, _CHUNK)

    def work(share: tuple[tuple[int, int], Room]) -> Tally:
        (first, end), room = share
        tally = reader(entries, thresholds, room)
        tally.run(_CHUNK * first, min(_CHUNK * end, entries.d), mask)
        return tally

    chunks = math.ceil(entries.d / _CHUNK)
    tallies = crew.each(work, list(zip(crew.shares(chunks), rooms, strict=True)))
    return Swept(sum((tally.above for tally in tallies), Fraction(0)), [tally.inside for tally in tallies])


class _Kept(local):
    """Rooms of a calling thread, kept from call to call: pages that are there already spare a third of the time."""

    def __init__(self) -> None:
        self.rooms: dict[tuple[type[np.floating], int], list[Room]] = {}

    def first(self, count: int, precision: type[np.floating], size: int) -> list[Room]:
        """As many rooms as threads work for the caller, each for ``size`` coordinates at a time."""
        rooms = self.rooms.setdefault((precision, size), [])
        rooms += [Room(precision, size) for _ in range(count - len(rooms))]
        return rooms[:count]


_KEPT = _Kept()
