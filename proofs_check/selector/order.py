"""Checks of the budget and of the order: judged item by item from the definition, in exact arithmetic.

For a left-out coordinate ``j`` and the kept set ``S``, with scores as exact rationals,

    prefix    every kept item scores at least as much as ``j``, and the best item left out does not fit beside S
    fill      ``j`` does not fit beside the kept items that score at least as much
    best-of   as fill, or S is the single best item
    exact     exchanging a kept item for ``j`` is no gain that fits
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from proofs_check.selector.promise import BrokenPromiseError, Promise
from proofs_check.selector.subject import Selector
from theory.instance import Instance


@dataclass(frozen=True)
class Seen:
    """A selection beside exact scores and costs: ``kept`` and ``out`` are the eligible items in and out of it."""

    promise: Promise
    instance: Instance
    support: list[int]
    kept: list[int]
    out: list[int]
    key: list[Fraction]
    weight: list[Fraction]
    cost: list[Fraction]
    spent: Fraction

    @property
    def left(self) -> Fraction:
        """What the selection leaves of the budget."""
        return self.instance.budget - self.spent

    def fits(self, i: int, left: Fraction | None = None) -> bool:
        """Whether item ``i`` fits into what is ``left``."""
        return self.promise.fits(self.cost[i], self.left if left is None else left, self.instance.budget)

    def is_best_single(self) -> bool:
        """Whether one item is kept and no eligible item is worth more."""
        return len(self.kept) == 1 and all(self.weight[j] <= self.weight[self.kept[0]] for j in self.out)

    def name(self, i: int) -> str:
        """A coordinate in words."""
        assert self.instance.update is not None
        return f"{i} (update {self.instance.update[i]!s}, cost {self.instance.cost[i]:.6g})"


def see(selector: Selector, instance: Instance) -> Seen:
    """Select, and look at the result exactly."""
    promise, selection = selector.promise, selector.on(instance)
    mask = selection.mask
    weight = [Fraction(w) for w in promise.weights(instance).tolist()]
    cost = [Fraction(c) for c in instance.cost.tolist()]
    eligible = [i for i in range(instance.d) if weight[i] > 0 and cost[i] <= instance.budget]
    kept, out = [i for i in eligible if mask[i]], [i for i in eligible if not mask[i]]
    spent = instance.spent(mask)
    return Seen(promise, instance, selection.support, kept, out, promise.keys(instance), weight, cost, spent)


def check_feasible(selector: Selector, instance: Instance) -> None:
    """The kept coordinates cost at most the budget, summed exactly."""
    _within(see(selector, instance))


def check_budget_edge(selector: Selector, instance: Instance) -> None:
    """The same where sums of costs round in floating point: not one unit in the last place over the budget."""
    _within(see(selector, instance))


def check_dear_items(selector: Selector, instance: Instance) -> None:
    """Coordinates dearer than the whole budget are left out before ordering: without them the selection is the same."""
    affordable = instance.cost <= float(instance.budget)
    assert instance.update is not None
    kept = selector.on(instance)
    dear = [i for i in kept.support if not affordable[i]]
    if dear:
        raise BrokenPromiseError(f"kept {dear}, each dearer than the budget {float(instance.budget):.6g}")
    alone = selector.mask(instance.update[affordable], instance.cost[affordable], float(instance.budget))
    expected = np.flatnonzero(affordable)[alone].tolist()
    if kept.support != expected:
        blocked = np.flatnonzero(~affordable).tolist()
        raise BrokenPromiseError(f"kept {kept.support}; without {blocked}, which cannot fit, it keeps {expected}")


def check_order(selector: Selector, instance: Instance) -> None:
    """No coordinate is left out in favour of one that scores less, where the rounding does not ask for it."""
    seen = see(selector, instance)
    for i, j in _unjustified(seen):
        raise BrokenPromiseError(
            f"kept {seen.name(i)} and left out {seen.name(j)}: their scores are {float(seen.key[i]):.6g} and "
            f"{float(seen.key[j]):.6g}"
        )


def _unjustified(seen: Seen) -> Iterator[tuple[int, int]]:
    """Pairs of a kept item and one left out that should have come before it, or instead of it."""
    rounding = seen.promise.rounding
    if seen.promise.exact:
        gains = ((i, j) for i in seen.kept for j in seen.out if seen.weight[j] > seen.weight[i])
        yield from ((i, j) for i, j in gains if seen.fits(j, seen.left + seen.cost[i]))
        return
    if rounding == "best-of" and seen.is_best_single():
        return
    for j in seen.out:
        worse = [i for i in seen.kept if seen.key[i] < seen.key[j]]
        before = sum((seen.cost[i] for i in seen.kept if seen.key[i] >= seen.key[j]), Fraction(0))
        if worse and (rounding == "prefix" or seen.fits(j, seen.instance.budget - before)):
            yield min(worse, key=lambda i: seen.key[i]), j


def check_spends_budget(selector: Selector, instance: Instance) -> None:
    """The selection stops only where its rounding does: the next coordinate, or any other, no longer fits."""
    seen = see(selector, instance)
    j = _would_fit(seen)
    if j is not None:
        raise BrokenPromiseError(
            f"kept {seen.kept}, which leaves {float(seen.left):.6g} of {float(instance.budget):.6g}: "
            f"{seen.name(j)} still fits"
        )


def _would_fit(seen: Seen) -> int | None:
    """An item left out that the rounding should have taken, or None."""
    promise = seen.promise
    if not seen.out or (promise.rounding == "best-of" and seen.is_best_single()):
        return None
    fitting = [j for j in seen.out if seen.fits(j)]
    if promise.exact or promise.rounding in ("fill", "best-of"):
        return fitting[0] if fitting else None
    if promise.score is None:  # a prefix of an order that nobody knows: its next item is one of those left out
        return fitting[0] if len(fitting) == len(seen.out) else None
    following = max(seen.out, key=lambda j: (seen.key[j], -j))
    return following if following in fitting else None


def check_ties(selector: Selector, instance: Instance) -> None:
    """Of identical coordinates as many are kept as fit and no more; the lowest indices, unless any were promised."""
    seen = see(selector, instance)
    _within(seen)
    promise = seen.promise
    if promise.rounding is not None and (promise.exact or promise.score is not None):
        j = _would_fit(seen)
        if j is not None and any(_alike(seen, i, j) for i in range(instance.d) if i != j):
            raise BrokenPromiseError(f"kept {seen.kept}; {seen.name(j)} ties with others and still fits")
    if promise.ties == "lowest" and promise.ordered:
        for i, j in ((i, j) for i in seen.kept for j in seen.out if j < i):
            if _alike(seen, i, j) or _same_place(seen, i, j):
                raise BrokenPromiseError(f"kept {i} and left out {j}, which ties with it and comes first")


def _alike(seen: Seen, i: int, j: int) -> bool:
    """The same magnitude and the same cost: a tie in any arithmetic."""
    return seen.weight[i] == seen.weight[j] and seen.cost[i] == seen.cost[j]


def _same_place(seen: Seen, i: int, j: int) -> bool:
    """The same score at another cost: a tie where the order is exact, and only a prefix follows the order strictly."""
    exact = seen.promise.score == "magnitude" or not seen.promise.order_tolerance
    return exact and seen.promise.rounding == "prefix" and seen.key[i] == seen.key[j]


def _within(seen: Seen) -> None:
    if seen.spent > seen.promise.limit(seen.instance.budget):
        spent, budget = float(seen.spent), float(seen.instance.budget)
        over = f"{float(seen.spent - seen.instance.budget):.3g} more than the budget {budget:.17g}"
        raise BrokenPromiseError(f"kept {seen.support} for {spent:.17g} J, {over}")
