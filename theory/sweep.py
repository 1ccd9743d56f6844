"""The one pass of :mod:`theory.bracket` over everything, by as many threads as are asked for.

Where numba is installed (the extra ``fast``), large passes run compiled (:mod:`theory.compiled`), which is faster and
lets threads run side by side; NumPy's calls are too short for that. The answer is the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from threading import local
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory import compiled
from theory.entries import Entries
from theory.tally import Lists, Room, Tally, Thresholds, Unsuited
from theory.threads import each, shares

_CHUNK = 1 << 17  # coordinates that NumPy treats at once


Rooms = dict[tuple[type[np.floating], int], list[Room]]  # by precision and size: one for each thread


class Swept(NamedTuple):
    """What one pass found: the exact cost of the items above the bracket, and lists of those inside, ascending.

    The lists are memory of the rooms that the pass was lent.
    """

    above: Fraction
    inside: list[Lists]


def sweep(
    entries: Entries, budget: Fraction, low: float, high: float, threads: int, rooms: Rooms, mask: NDArray[np.bool_]
) -> Swept | None:
    """The pass in float32 where inputs and thresholds allow it, else in float64; None where neither will do."""
    narrow = entries.values.dtype.itemsize <= 4 and (entries.cost is None or entries.cost.dtype.itemsize <= 4)
    precisions: list[type[np.floating]] = [np.float32, np.float64] if narrow else [np.float64]
    for precision in precisions:
        try:
            thresholds = Thresholds.of(entries, budget, low, high, precision)
            return _pass(entries, thresholds, threads, rooms, mask)
        except Unsuited:
            continue
    return None


def _pass(entries: Entries, thresholds: Thresholds, threads: int, rooms: Rooms, mask: NDArray[np.bool_]) -> Swept:
    """One pass over everything. Chunks are the same whatever the number of threads, and so is every sum."""
    reader = compiled.reader(entries) or Tally
    own = rooms.setdefault((thresholds.precision, _CHUNK), [])
    own += [Room(thresholds.precision, _CHUNK) for _ in range(threads - len(own))]

    def work(share: tuple[tuple[int, int], Room]) -> Tally:
        (first, end), room = share
        tally = reader(entries, thresholds, room)
        tally.run(_CHUNK * first, min(_CHUNK * end, entries.d), mask)
        return tally

    chunks = math.ceil(entries.d / _CHUNK)
    tallies = each(work, list(zip(shares(threads, chunks), own, strict=False)))
    return Swept(sum((tally.above for tally in tallies), Fraction(0)), [tally.inside for tally in tallies])


class _Kept(local):
    """Rooms of a calling thread, kept from call to call: pages that are there already spare a third of the time."""

    def __init__(self) -> None:
        self.rooms: list[Rooms] = []


_KEPT = _Kept()


@contextmanager
def lent_rooms() -> Iterator[Rooms]:
    """Rooms for one call alone, though it may interrupt another in its thread; kept unless something is raised."""
    kept = _KEPT.rooms
    try:
        rooms = kept.pop()
    except IndexError:
        rooms = {}
    yield rooms
    kept[:] = [rooms]
