"""What a selector keeps, and how each rounding makes it from the greedy prefix."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.blocks import in_blocks
from theory.arithmetic.exact import added, exact_ratio, exact_sum, exactly, floor_float, shown
from theory.selection.bracket import greedy_prefix
from theory.selection.entries import Entries
from theory.selection.order import Floats, Indices, Prefix, keys

_BLOCK = 1 << 18  # coordinates that are looked at together
_LISTED = 1 << 16  # items in order that fill looks at together

Rounding = Literal["prefix", "fill", "best-of"]
Exact = Fraction | Callable[[], Fraction]  # a number, or how to find it when it is first asked for
Scores = Callable[[Any], Floats]  # scores of some items: indices or a mask


class Selection:
    """What a selector keeps.

    Attributes:
        mask: bool, shape (d,): an array, or a tensor on the update's device where the update was a tensor.
        unit: joules per unit of cost, as in the instance.
        critical_item: first item of the order that did not fit, or None when all did.
        threshold: its exact weight per cost (Top-K: its weight; zero when all items fit); None for random order.
    """

    __slots__ = ("_retained", "_spent", "critical_item", "mask", "threshold", "unit")

    def __init__(
        self,
        mask: NDArray[np.bool_],
        spent: Exact,
        retained: Exact,
        critical_item: int | None = None,
        threshold: Fraction | None = None,
        unit: Fraction = Fraction(1),
    ) -> None:
        self.mask, self._spent, self._retained = mask, spent, retained
        self.critical_item, self.threshold, self.unit = critical_item, threshold, unit

    @property
    def spent(self) -> Fraction:
        """Exact energy of the mask, in units of ``unit`` joules."""
        if not isinstance(self._spent, Fraction):
            self._spent = self._spent()
        return self._spent

    @property
    def retained(self) -> Fraction:
        """Exact sum of the scores over the mask, formed when first asked for, from the update as it then is."""
        if not isinstance(self._retained, Fraction):
            self._retained = self._retained()
        return self._retained

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the kept coordinates, ascending, an array or tensor like the mask."""
        mask: Any = self.mask
        return mask.nonzero()[0] if isinstance(mask, np.ndarray) else mask.nonzero().flatten()

    def __repr__(self) -> str:
        return f"Selection({int(self.mask.sum())} of {len(self.mask)} kept, spent={shown(self.spent * self.unit)})"


def rounded(
    entries: Entries,
    budget: Fraction,
    prefix: Prefix,
    rounding: Rounding,
    retained: Callable[[NDArray[np.bool_]], Fraction],
    unit: Fraction,
    *,
    worth: Scores | None = None,
) -> Selection:
    """The selection that a rounding makes of the greedy prefix.

    Args:
        retained: gives the exact score of a mask. worth: what best-of compares, by default what the order weighs.
    """
    worth = worth or entries.weights_of
    mask, spent, critical = prefix
    threshold = Fraction(0)
    if critical is not None:
        at = slice(critical, critical + 1)
        threshold = exact_ratio(entries.weights_of(at).item(), entries.costs_of(at).item() if entries.by_cost else 1.0)
    if rounding != "prefix":
        spent = _fill(entries, budget - spent, mask) + spent
    if rounding == "best-of" and (best := _best_single(entries, budget, worth)) is not None:
        alone = exactly(worth(np.array([best])).item())
        if alone > _worth_of(worth, mask):
            mask[:] = False
            mask[best] = True
            spent = exactly(entries.costs_of(np.array([best])).item())
    return Selection(mask, spent, lambda: retained(mask), critical, threshold, unit)


def _fill(entries: Entries, left: Fraction, mask: NDArray[np.bool_]) -> Fraction:
    """Add what still fits, in order: prefix after prefix of the items that do. Returns what they cost."""
    spent, more_to_come = Fraction(0), True
    while more_to_come:
        rest, more_to_come = _first_that_fit(entries, floor_float(left - spent), mask)
        while rest.size:
            more = greedy_prefix(entries.subset(rest), left - spent)
            mask[rest[more.mask]] = True
            rest, spent = rest[~more.mask], spent + more.spent
            rest = rest[entries.costs_of(rest) <= floor_float(left - spent)]
    return spent


def _first_that_fit(entries: Entries, left: float, mask: NDArray[np.bool_]) -> tuple[Indices, bool]:
    """Items of positive weight outside the mask that cost at most ``left``, ascending, and whether there are others.

    Others come later in the order for certain: their keys, correctly rounded, are smaller.
    """
    items, key, least, enough = np.empty(0, np.intp), np.empty(0), -np.inf, 2 * _LISTED
    for part in in_blocks(0, entries.d, _BLOCK):
        weight, cost = entries.weights_of(part), entries.costs_of(part)
        at = np.flatnonzero(~mask[part] & (cost <= left) & (weight > 0))
        own = keys(weight[at], cost[at]) if entries.by_cost else weight[at]
        items, key = np.append(items, part.start + at[own >= least]), np.append(key, own[own >= least])
        if items.size > enough:
            least = np.partition(key, -_LISTED)[-_LISTED]
            items, key = items[key >= least], key[key >= least]
            enough = 2 * items.size
    return items, least > -np.inf


def _best_single(entries: Entries, budget: Fraction, worth: Scores) -> int | None:
    """The affordable item that is worth most, lowest index first."""
    best, most = None, -np.inf
    for part in in_blocks(0, entries.d, _BLOCK):
        may = part.start + np.flatnonzero(entries.costs_of(part) <= floor_float(budget))
        values = worth(may)
        if may.size and values.max() > most:
            best, most = int(may[np.argmax(values)]), values.max()
    return best


def _worth_of(worth: Scores, mask: NDArray[np.bool_]) -> Fraction:
    """The exact worth of a mask."""
    parts = in_blocks(0, mask.size, _BLOCK)
    return added(exact_sum(worth(part.start + np.flatnonzero(mask[part]))) for part in parts)
