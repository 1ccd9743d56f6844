"""Checks of the budget and of the order: judged item by item from the definition, in exact arithmetic.

For a left-out coordinate ``j`` and the kept set ``S``, with scores as exact rationals,

    prefix    every kept item scores at least as much as ``j``, and the best item left out does not fit beside S
    fill      ``j`` does not fit beside the kept items that score at least as much
    best-of   as fill, or S is the single best item
    exact     exchanging a kept item for ``j`` is no gain that fits

Scores within the promise's ``order_tolerance`` of each other count as either.
"""

from __future__ import annotations

import numpy as np

from proofs_check.selector.promise import BrokenPromiseError
from proofs_check.selector.ranks import running
from proofs_check.selector.seen import Seen, see
from proofs_check.selector.subject import Selector, shown
from theory.instance import Instance


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
        raise BrokenPromiseError(f"kept {shown(dear)}, each dearer than the budget {float(instance.budget):.6g}")
    alone = selector.mask(instance.update[affordable], instance.cost[affordable], float(instance.budget))
    expected = np.flatnonzero(affordable)[alone].tolist()
    if kept.support != expected:
        blocked = np.flatnonzero(~affordable).tolist()
        raise BrokenPromiseError(
            f"kept {shown(kept.support)}; without {shown(blocked)}, which cannot fit, it keeps {shown(expected)}"
        )


def check_order(selector: Selector, instance: Instance) -> None:
    """No coordinate is left out in favour of one that scores less, where the rounding does not ask for it."""
    seen = see(selector, instance)
    pair = _gain(seen) if seen.promise.exact else _unjustified(seen)
    if pair is not None:
        i, j = pair
        raise BrokenPromiseError(
            f"kept {seen.name(i)} and left out {seen.name(j)}: their scores are {float(seen.score(i)):.6g} and "
            f"{float(seen.score(j)):.6g}"
        )


def _unjustified(seen: Seen) -> tuple[int, int] | None:
    """A kept item and one left out that should have come before it."""
    if not (seen.kept.size and seen.out.size) or (seen.promise.rounding == "best-of" and seen.is_best_single()):
        return None
    worst = int(seen.kept[np.argmin(seen.key[seen.kept])])
    if seen.promise.rounding == "prefix":
        best = int(seen.out[np.argmax(seen.key[seen.out])])
        return (worst, best) if seen.key[worst] < seen.near(best) else None
    best_first = seen.kept[np.argsort(-seen.key[seen.kept], kind="stable")]
    sums = running([seen.units[i] for i in best_first.tolist()])
    not_worse = np.searchsorted(-seen.key[best_first], -seen.near(seen.out), side="right")
    budget, room = seen.allowed(seen.instance.budget), best_first.size
    for j, n in zip(seen.out.tolist(), not_worse.tolist(), strict=True):
        if n < room and seen.units[j] <= budget - sums[n]:
            return worst, j
    return None


def _gain(seen: Seen) -> tuple[int, int] | None:
    """A kept item and one left out whose exchange is worth more and fits."""
    cheapest_first = sorted(seen.kept.tolist(), key=lambda i: seen.weight[i])
    dearest: list[int] = []  # of the kept items in order of worth, the dearest so far
    for i in cheapest_first:
        dearest.append(i if not dearest or seen.units[i] > seen.units[dearest[-1]] else dearest[-1])
    worth = [seen.weight[i] for i in cheapest_first]
    left = seen.allowed(seen.left)
    for j, n in zip(seen.out.tolist(), np.searchsorted(worth, seen.weight[seen.out], side="left"), strict=True):
        if n and seen.units[j] <= left + seen.units[dearest[n - 1]]:
            return dearest[n - 1], j
    return None


def check_spends_budget(selector: Selector, instance: Instance) -> None:
    """The selection stops only where its rounding does: the next coordinate, or any other, no longer fits."""
    seen = see(selector, instance)
    j = _would_fit(seen)
    if j is not None:
        raise BrokenPromiseError(
            f"kept {shown(seen.kept.tolist())}, which leaves {float(seen.left):.6g} of {float(instance.budget):.6g}: "
            f"{seen.name(j)} still fits"
        )


def _would_fit(seen: Seen) -> int | None:
    """An item left out that the rounding should have taken, or None."""
    promise = seen.promise
    if not seen.out.size or (promise.rounding == "best-of" and seen.is_best_single()):
        return None
    left = seen.allowed(seen.left)
    fitting = [j for j in seen.out.tolist() if seen.units[j] <= left]
    if promise.exact or promise.rounding in ("fill", "best-of"):
        return fitting[0] if fitting else None
    following = seen.out.tolist() if promise.score is None else seen.next_in_order()
    # a prefix of an order that nobody knows, or that tolerance leaves open, goes on with any of several
    return following[0] if set(following) <= set(fitting) else None


def check_ties(selector: Selector, instance: Instance) -> None:
    """Of identical coordinates as many are kept as fit and no more; the lowest indices, unless any were promised."""
    seen = see(selector, instance)
    _within(seen)
    promise = seen.promise
    if promise.rounding is not None and (promise.exact or promise.score is not None):
        j = _would_fit(seen)
        if j is not None and np.count_nonzero(seen.alike == seen.alike[j]) > 1:
            kept = shown(seen.kept.tolist())
            raise BrokenPromiseError(f"kept {kept}; {seen.name(j)} ties with others and still fits")
    if promise.ties == "lowest" and promise.ordered:
        _lowest_first(seen, seen.alike)
        if promise.rounding == "prefix" and (promise.score == "magnitude" or not promise.order_tolerance):
            _lowest_first(seen, seen.place)  # the same score at another cost: only a prefix follows the order strictly


def _lowest_first(seen: Seen, group: np.ndarray) -> None:
    """In every group of coordinates that tie, what is kept comes before what is left out."""
    last = np.full(group.max(initial=0) + 1, -1)
    np.maximum.at(last, group[seen.kept], seen.kept)
    for j in seen.out[last[group[seen.out]] > seen.out].tolist():
        raise BrokenPromiseError(f"kept {last[group[j]]} and left out {j}, which ties with it and comes first")


def _within(seen: Seen) -> None:
    if seen.spent > seen.promise.limit(seen.instance.budget):
        spent, budget = float(seen.spent), float(seen.instance.budget)
        over = f"{float(seen.spent - seen.instance.budget):.3g} more than the budget {budget:.17g}"
        raise BrokenPromiseError(f"kept {shown(np.flatnonzero(seen.mask).tolist())} for {spent:.17g} J, {over}")
