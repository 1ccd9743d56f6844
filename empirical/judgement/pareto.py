"""Accuracy against energy: frontiers of points, their hypervolume, and the energy that an accuracy takes.

A *point* is (cumulative energy, accuracy) at one measurement. A method's points under a cost model and a seed are those
of all its budgets together: somebody who may choose the budget and when to stop can have any of them. Energies are in
*full updates*, the energy of one client that sends everything once, so cost models can stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from empirical.records import RunFile

Points = NDArray[np.float64]  # shape (n, 2): energy > 0, accuracy


def points(run: RunFile, *, priced_by: RunFile | None = None) -> Points:
    """The measured points of a run, shape (n, 2), in order of rounds.

    Args:
        priced_by: for a dense run, a run under the cost model that shall price it; its own ledger is in its own units.
    """
    each = [record.energy / run.full for record in run.records]
    if priced_by is not None:
        share = priced_by.dense / priced_by.full
        each = [(len(record.cohort) - len(record.dropped)) * share for record in run.records]
    spent = np.cumsum([float(energy) for energy in each])
    return np.array([(e, r.accuracy) for e, r in zip(spent, run.records, strict=True) if r.accuracy is not None])


def joined(curves: Iterable[Points]) -> Points:
    """The points of several runs."""
    return np.concatenate(list(curves))


def frontier(some: Points) -> Points:
    """The points that no other one beats (as much accuracy for less energy, or more for as much), energy ascending."""
    order = np.lexsort((-some[:, 1], some[:, 0]))
    ascending = some[order]
    best_before = np.maximum.accumulate(np.r_[-np.inf, ascending[:-1, 1]])
    result: Points = ascending[ascending[:, 1] > best_before]
    return result


def hypervolume(some: Points, low: float, high: float, floor: float = 0.0) -> float:
    """Mean over ``log10 energy`` in ``[low, high]`` of the best accuracy that this energy buys, above ``floor``.

    The area under the frontier's staircase (the two-dimensional hypervolume, Zitzler & Thiele 1999, with energy on a
    logarithmic axis and reference point ``(high, floor)``), divided by the width ``log10(high/low)``: in units of
    accuracy. Nothing bought counts as ``floor``.
    """
    front = frontier(some)
    front = front[(front[:, 1] > floor) & (front[:, 0] < high)]
    if not front.size:
        return 0.0
    edges = np.log10(np.r_[np.maximum(front[:, 0], low), high])
    return float(np.sum(np.diff(edges) * (front[:, 1] - floor)) / np.log10(high / low))


def log_energy(some: Points, low: float, high: float) -> float:
    """Mean over accuracies in ``(low, high]`` of the logarithm of the least energy at which that accuracy was measured.

    The horizontal counterpart of :func:`hypervolume`: a difference between methods is the logarithm of how much more
    energy one needs for the same accuracy. Nan when ``high`` was never reached, or the range is empty.
    """
    front = frontier(some)
    if not low < high <= front[-1, 1]:
        return float("nan")
    levels = np.clip(np.r_[-np.inf, front[:, 1]], low, high)
    return float(np.sum(np.diff(levels) * np.log(front[:, 0])) / (high - low))
