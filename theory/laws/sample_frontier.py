"""Energy and score of the prefixes of one order of a sample (:mod:`theory.laws.samples`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from theory.laws.marginals import Floats


class SampleFrontier:
    """Energy, and score kept and lost, of the prefixes of one order, the item at the edge taken in part."""

    def __init__(self, order: NDArray[np.intp], score: Floats, cost: Floats) -> None:
        self.order = order
        self._energy, self._kept = np.r_[0.0, np.cumsum(cost[order])], np.r_[0.0, np.cumsum(score[order])]
        self._lost = np.r_[np.cumsum(score[order][::-1])[::-1], 0.0]  # from the small end: exact to the last digits

    def energy_of(self, count: int) -> float:
        """What the first ``count`` coordinates cost."""
        return float(self._energy[count])

    def count_at(self, energy: float) -> float:
        """How many coordinates ``energy`` pays for, the one at the edge in part."""
        k = min(int(np.searchsorted(self._energy[1:], energy, side="right")), self.order.size - 1)
        return k + _part(energy, self._energy[k : k + 2])

    def at_energy(self, energy: float) -> tuple[int, float, float]:
        """The item at the edge; the score kept with ``energy``, and lost."""
        k = min(int(np.searchsorted(self._energy[1:], energy, side="right")), self.order.size - 1)
        part = _part(energy, self._energy[k : k + 2])
        (kept, more), (most, lost) = self._kept[k : k + 2], self._lost[k : k + 2]
        return int(self.order[k]), float(kept + part * (more - kept)), float(lost + (1 - part) * (most - lost))

    def at_score(self, kept: float, lost: float) -> tuple[int, float]:
        """The item at the edge, and the least energy that keeps ``kept`` and loses ``lost``: the smaller one tells."""
        sums, wanted = (self._kept, kept) if kept < lost else (-self._lost, -lost)
        k = min(int(np.searchsorted(sums[1:], wanted, side="left")), self.order.size - 1)
        before, after = self._energy[k : k + 2]
        return int(self.order[k]), float(before + _part(wanted, sums[k : k + 2]) * (after - before))


def _part(x: float, ends: Floats) -> float:
    """How far ``x`` is between two ends, in [0, 1]; 1 when they are one."""
    low, high = ends
    return float(min(max((x - low) / (high - low), 0.0), 1.0)) if high > low else 1.0
