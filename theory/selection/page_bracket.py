"""Where the price of a selection by page probably is, by a sample of the pages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from theory.selection.page_problem import Indices, Paged, loop

WIDTHS = (4.0, 16.0)  # standard deviations of the sample to either side; then everything

_SAMPLED = 1 << 19  # coordinates from which a bracket pays
_LOOKED_AT = 6  # times d^(2/3) coordinates, on some pages, are enough to place it by
_AT_LEAST = 64  # pages
_ROUGH = 128  # pages to begin with


class _Asked:
    """What some pages ask for at a price, in the mean: an estimate of what all do, and its error."""

    def __init__(self, problem: Paged, chosen: Indices) -> None:
        layout = problem.layout
        cost, sizes = np.atleast_1d(layout.item), layout.ends[chosen + 1] - layout.ends[chosen]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        kind = np.float32 if problem.values.dtype.itemsize <= 4 and cost.size == 1 else np.float64
        weights, prices = np.empty(starts[-1], kind), cost if cost.size == 1 else np.empty(starts[-1])
        given = problem.values, problem.square, cost, layout.ends, problem.room, chosen, starts, weights, prices
        with np.errstate(over="ignore"):
            loop(layout.d, "gather")(*given)
        self._demand, self._kind = loop(layout.d, "demand"), kind
        self._given = weights, prices, starts, layout.page[chosen]
        self._one = float(cost[0])
        self._known: dict[tuple[float, int], tuple[float, float]] = {}

    def prices(self) -> tuple[float, float]:
        """Logarithms of prices at which they ask for everything, nearly, and for nothing; twice 0 if there are none."""
        weights, prices, starts, fees = self._given
        costs = np.concatenate([prices, fees])
        costs, most = costs[costs > 0], float(weights.max())
        if not (costs.size and 0 < most < np.inf):
            return 0.0, 0.0
        top = float(np.log(most * np.diff(starts).max() / costs.min())) + 1.0
        return top - 60.0, top

    def __call__(self, log_price: float, width: float, step: int) -> float:
        """At a price, by every ``step``-th page, with so many standard errors added."""
        if (log_price, step) not in self._known:
            at = float(np.exp(log_price))
            with np.errstate(over="ignore"):
                self._known[log_price, step] = self._demand(*self._given, step, at, self._kind(at * self._one))
        total, squares = self._known[log_price, step]
        return float((total + width * np.sqrt(squares)) / len(range(0, self._given[3].size, step)))


def brackets(problem: Paged) -> Iterator[tuple[float, float]]:
    """Prices that probably enclose the right one: at which some pages, give or take, ask for their share of the budget.

    Few of these pages say roughly where that is, all of them how narrowly.
    """
    layout = problem.layout
    count, d = layout.page.size, layout.d
    wanted = int(_LOOKED_AT * count * max(d, 1) ** (-1 / 3))
    if d < _SAMPLED or not _AT_LEAST <= wanted <= count // 4:
        return
    places = (np.arange(wanted) + np.random.default_rng(0).random(wanted)) * (count / wanted)
    asked = _Asked(problem, np.minimum(places.astype(np.intp), count - 1))
    target = float(problem.budget) / count

    def where(low: float, high: float, width: float, step: int, halvings: int) -> tuple[float, float]:
        """A narrower interval in which what is asked falls to the target."""
        for _ in range(halvings):
            middle = (low + high) / 2
            low, high = (middle, high) if asked(middle, width, step) > target else (low, middle)
        return low, high

    least, most = asked.prices()
    for width in WIDTHS if least < most else ():
        first, last = least, most
        for step, halvings in ((max(1, wanted // _ROUGH), 16), (max(1, wanted // (8 * _ROUGH)), 6), (1, 4)):
            first, last = where(first, last, -width, step, halvings)[0], where(first, last, width, step, halvings)[1]
        if first > least:
            yield float(np.exp(first)), float(np.exp(last))
