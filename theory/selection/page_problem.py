"""What is selected from where writing costs by page: an update, its pages and costs, and a budget, all exact."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.arithmetic import compiled_loops, page_loops, page_scan
from theory.arithmetic.exact import Real, exact_sum, exact_sum_of_squares, floor_float
from theory.budget import budget_in_units
from theory.instance import Instance
from theory.pages import PageCosts, PageLayout, page_layout, touched
from theory.selection import tensors

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Paged:
    """An update whose costs go by page, validated.

    Attributes:
        values: the update, or scores where ``square`` is false; shape (d,).
        layout: pages and costs. budget: exact, in ``layout.unit`` joules.
    """

    values: NDArray[np.floating]
    square: bool
    layout: PageLayout
    budget: Fraction

    def weights(self, items: Any) -> Floats:
        """Scores of some items, as the order has them."""
        values: Floats = self.values[items].astype(np.float64)
        return values * values if self.square else values

    def retained(self, items: Any) -> Fraction:
        """The exact score of some items."""
        return exact_sum_of_squares(self.values[items]) if self.square else exact_sum(self.values[items])

    def spent(self, mask: Mask) -> Fraction:
        """The exact cost of a mask, in units: its items and the pages it touches."""
        layout = self.layout
        return total(layout.page, np.flatnonzero(touched(layout, mask))) + items_cost(layout, mask)

    @property
    def total_cost(self) -> Fraction:
        """The exact cost of everything."""
        layout = self.layout
        items = exact_sum(layout.item) if layout.item.ndim else layout.d * Fraction(float(layout.item))
        return total(layout.page, slice(None)) + items

    @cached_property
    def room(self) -> Floats:
        """What an item of each page may cost: the budget less the page, rounded down exactly; shape (pages,)."""
        page = self.layout.page
        if page.size and page.min() == page.max():
            return np.full(page.size, floor_float(self.budget - Fraction(float(page[0]))))
        values, of = np.unique(page, return_inverse=True)
        rooms = np.array([floor_float(self.budget - Fraction(v)) for v in values.tolist()])
        found: Floats = rooms[of]
        return found


def paged(update: ArrayLike, costs: PageCosts, budget: Real | None = None, *, scores: bool = False) -> Paged:
    """Update, costs by page and budget, validated.

    Args:
        update: shape (d,), finite. budget: as for :class:`theory.Instance`, of items and pages together.
        scores: whether ``update`` holds scores ``p_i >= 0`` instead.

    Raises:
        InputError: what :func:`theory.pages.page_layout` and :class:`theory.Instance` refuse; a float64 update whose
            squares need scaling.
    """
    return _paged(update, costs, budget, scores=scores, checked=True)


def paged_unchecked(update: ArrayLike, costs: PageCosts, budget: Real | None) -> Paged:
    """The same, for a pass that checks what it reads: nobody has seen yet whether a plain update is finite."""
    return _paged(update, costs, budget, scores=False, checked=False)


def _paged(update: ArrayLike, costs: PageCosts, budget: Real | None, *, scores: bool, checked: bool) -> Paged:
    values = np.asarray(tensors.array(update))
    plain = values.dtype.kind == "f" and values.dtype.itemsize <= 8 and values.ndim == 1 and not scores
    if not plain or (checked and not np.isfinite(values.sum(dtype=np.float64))):
        one = Instance.from_scores(values, 1, 0) if scores else Instance(values, 1, 0)
        values = one.score if one.update is None else one.update
    layout = page_layout(costs, values.size)
    problem = Paged(values, not scores, layout, Fraction(0))
    exact = budget_in_units(budget, lambda: problem.total_cost, layout.unit)
    return Paged(values, not scores, layout, exact)


def items_cost(layout: PageLayout, mask: Mask) -> Fraction:
    """The exact cost of a mask's items, without their pages."""
    if layout.item.ndim:
        return exact_sum(layout.item[mask])
    return int(np.count_nonzero(mask)) * Fraction(float(layout.item))


def total(costs: Floats, chosen: Indices | slice) -> Fraction:
    """The exact sum of some costs; quick where all are alike."""
    some = costs[chosen]
    if some.size and some.min() == some.max():
        return int(some.size) * Fraction(float(some[0]))
    return exact_sum(some)


def loop(d: int, name: str) -> Any:
    """A pass over the pages, as it is quickest for so many coordinates."""
    if compiled_loops.worth_it(d):
        return compiled_loops.compiled(getattr(page_loops, name))
    return getattr(page_scan, name)
