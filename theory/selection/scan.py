"""The one pass of :mod:`theory.selection.bracket` over everything, by as many threads as are asked for.

Where numba is installed (the extra ``fast``), large passes run compiled (:mod:`theory.selection.scan_numba`), which is
faster and lets threads run side by side; NumPy's calls are too short for that. The answer is the same.
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

from theory.arithmetic import compiled_loops
from theory.arithmetic.threads import each, shares
from theory.selection import scan_numba
from theory.selection.entries import Entries
from theory.selection.scan_numpy import Lists, PartialScan, Thresholds, Unsuited, Workspace

_CHUNK = 1 << 17  # coordinates that NumPy treats at once


Workspaces = dict[tuple[type[np.floating], int], list[Workspace]]  # by precision and size: one for each thread


class Scanned(NamedTuple):
    """What one pass found: the exact cost of the items above the bracket, and lists of those inside, ascending.

    The lists are memory of the workspaces that the pass was lent.
    """

    above: Fraction
    inside: list[Lists]


def scan(
    entries: Entries,
    budget: Fraction,
    low: float,
    high: float,
    threads: int,
    workspaces: Workspaces,
    mask: NDArray[np.bool_],
    whole: int = 0,
) -> Scanned | None:
    """The pass in float32 where inputs and thresholds allow it, else in float64; None where neither will do.

    Args:
        whole: how many items are read in such passes, if these entries are a part of them.
    """
    narrow = entries.values.dtype.itemsize <= 4 and (entries.cost is None or entries.cost.dtype.itemsize <= 4)
    precisions: list[type[np.floating]] = [np.float32, np.float64] if narrow else [np.float64]
    for precision in precisions:
        try:
            thresholds = Thresholds.of(entries, budget, low, high, precision)
            return _pass(entries, thresholds, threads, workspaces, mask, whole)
        except Unsuited:
            continue
    return None


def _pass(
    entries: Entries,
    thresholds: Thresholds,
    threads: int,
    workspaces: Workspaces,
    mask: NDArray[np.bool_],
    whole: int,
) -> Scanned:
    """One pass over everything. Chunks are the same whatever the number of threads, and so is every sum."""
    reader = scan_numba.reader(entries, whole) or PartialScan
    if reader is PartialScan:
        compiled_loops.count_read(entries.d)
    own = workspaces.setdefault((thresholds.precision, _CHUNK), [])
    own += [Workspace(thresholds.precision, _CHUNK) for _ in range(threads - len(own))]

    def work(share: tuple[tuple[int, int], Workspace]) -> PartialScan:
        (first, end), workspace = share
        part = reader(entries, thresholds, workspace)
        part.run(_CHUNK * first, min(_CHUNK * end, entries.d), mask)
        return part

    chunks = math.ceil(entries.d / _CHUNK)
    parts = each(work, list(zip(shares(threads, chunks), own, strict=False)))
    return Scanned(sum((part.above for part in parts), Fraction(0)), [part.inside for part in parts])


class _Kept(local):
    """Workspaces of a calling thread, kept from call to call: pages already there spare a third of the time."""

    def __init__(self) -> None:
        self.workspaces: list[Workspaces] = []


_KEPT = _Kept()


@contextmanager
def lent_workspaces() -> Iterator[Workspaces]:
    """Workspaces for one call alone, though it may interrupt another in its thread; kept unless something is raised."""
    kept = _KEPT.workspaces
    try:
        workspaces = kept.pop()
    except IndexError:
        workspaces = {}
    yield workspaces
    kept[:] = [workspaces]
