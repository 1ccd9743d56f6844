"""How far a selection by page is from the best mask at most, and what ignoring pages, or keeping whole ones, loses."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import exact_sum, floor_float
from theory.pages import pages_of
from theory.selection.order import longest_affordable
from theory.selection.paged import Paged, by_pages
from theory.selection.rounding import Selection

Mask = NDArray[np.bool_]


def page_bound(problem: Paged, price: Fraction) -> Fraction:
    """An upper bound on what any mask within the budget retains, whatever the price ``>= 0``: weak duality over pages.

    Sums of a page are formed in float64 and rounded up by more than their error, so the bound is a little above the
    dual's value, by 1e-12 of the update's score at most; :func:`theory.page_checker.check_pages` has it exactly.
    """
    layout = problem.layout
    if not layout.d:
        return price * problem.budget
    at = floor_float(price)
    weight, cost = problem.weights(slice(None)), layout.items(slice(None))
    with np.errstate(under="ignore"):
        reduced = np.maximum(weight - at * cost, 0.0)
    starts, sizes = layout.ends[:-1], np.diff(layout.ends)
    surplus, whole = np.add.reduceat(reduced, starts), np.add.reduceat(weight, starts)
    fee = at * layout.page
    above = surplus - fee + 2.0**-50 * (sizes + 4) * (whole + fee)
    return Fraction(at) * problem.budget + exact_sum(np.maximum(above, 0.0))


def item_wise(problem: Paged) -> Selection:
    """CWMP as if pages cost nothing: by ``p/c``, stopped by the first item that cannot be paid, its page included."""
    weight, cost = problem.weights(slice(None)), problem.layout.items(slice(None))
    with np.errstate(divide="ignore"):
        order = np.argsort(-(weight / cost), kind="stable")
    order = order[weight[order] > 0]
    page = np.searchsorted(problem.layout.ends, order, side="right") - 1
    opens = np.zeros(order.size, dtype=bool)
    opens[np.unique(page, return_index=True)[1]] = True
    pieces = np.stack([cost[order], np.where(opens, problem.layout.page[page], 0.0)], axis=1).ravel()
    taken = longest_affordable(pieces, problem.budget)[0] // 2  # an item without its page does not count
    return _selected(problem, order[:taken])


def whole_pages(problem: Paged) -> Selection:
    """Structured pruning: whole pages by score per cost, stopped by the first that does not fit."""
    layout = problem.layout
    cost = layout.items(slice(None))
    runs = pages_of(layout)
    price = [exact_sum(cost[a:b]) + Fraction(float(f)) for (a, b), f in zip(runs, layout.page, strict=True)]
    worth = np.add.reduceat(problem.weights(slice(None)), layout.ends[:-1]) if layout.d else np.zeros(0)
    ratio = [w / float(p) if p else np.inf for w, p in zip(worth.tolist(), price, strict=True)]
    left, kept = problem.budget, [np.empty(0, np.intp)]
    for j in sorted(range(len(runs)), key=lambda j: -ratio[j]):
        left -= price[j]
        if left < 0 or not worth[j]:
            break
        kept.append(np.arange(*runs[j]))
    return _selected(problem, np.concatenate(kept))


@dataclass(frozen=True)
class PageComparison:
    """What three rules retain under the same joules, exact, and the bound on all: shares of it are ``of_bound``."""

    by_pages: Fraction
    item_wise: Fraction
    whole_pages: Fraction
    bound: Fraction

    @property
    def of_bound(self) -> dict[str, float]:
        """Each rule's share of the bound."""
        names = ("by_pages", "item_wise", "whole_pages")
        return {name: float(getattr(self, name) / self.bound) if self.bound else 1.0 for name in names}


def compare_pages(problem: Paged) -> PageComparison:
    """Selection by page, CWMP that ignores pages, and whole pages."""
    chosen = by_pages(problem)
    bound = page_bound(problem, chosen.threshold or Fraction(0))
    return PageComparison(chosen.retained, item_wise(problem).retained, whole_pages(problem).retained, bound)


def _selected(problem: Paged, items: NDArray[np.intp]) -> Selection:
    mask = np.zeros(problem.layout.d, dtype=bool)
    mask[items] = True
    return Selection(mask, problem.spent(mask), lambda: problem.retained(mask), unit=problem.layout.unit)
