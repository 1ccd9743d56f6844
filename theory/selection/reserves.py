"""The search behind :func:`theory.selection.safe.safe`: which layers need a reserve, and where the others stop.

A layer whose part of the common prefix already reaches what it is owed needs none: its reserve lies inside. So only the
layers that the prefix starves have to be known. A small sample of every layer guesses them; with their reserves set
aside, the prefix of the others is found in one pass, and by its price it is known which layers it starves. Whatever the
guess, that price is at most the final one, for every layer has cost what it must or less; so layers found starved are
starved, those guessed wrongly are dropped once, and from then on layers are only added. Each later prefix is a
beginning of the one before, in which alone it is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import exact_sum
from theory.selection.bracket import SMALL, greedy_prefix
from theory.selection.layered import Layered, Mask, kept_by_layer
from theory.selection.order import Prefix, keys
from theory.selection.spans import Need, Reserve, Span, largest_reaching, prefix_over, reserve_of

_LOOKED_AT = 1 << 16  # coordinates of all layers together that are enough to guess by; in small updates one of 64
_AT_LEAST = 256  # of one layer


@dataclass(frozen=True, eq=False)
class Owed:
    """What every layer is owed: ``share`` of what Top-K keeps of it.

    Attributes:
        top: Top-K's mask, bool of shape (d,). kept: what it keeps of each layer, as floats, shape (layers,).
    """

    top: Mask
    kept: NDArray[np.float64]
    share: Fraction

    def to(self, problem: Layered, layer: int) -> Need:
        """What one layer is owed."""
        start, end = problem.spans[layer]
        about, doubt = float(self.share) * float(self.kept[layer]), 2.0**-50 * (end - start + 2)
        return Need(about, doubt, lambda: self.share * problem.retained(self.items(problem, layer)))

    def items(self, problem: Layered, layer: int) -> NDArray[np.intp]:
        """What Top-K keeps of a layer."""
        start, end = problem.spans[layer]
        found: NDArray[np.intp] = start + np.flatnonzero(self.top[start:end])
        return found

    def spent(self, problem: Layered) -> Fraction:
        """Exact cost of Top-K's mask."""
        return exact_cost(problem, np.flatnonzero(self.top))


class Solved(NamedTuple):
    """A common prefix beside reserves.

    Attributes:
        prefix: the mask, reserves included, its cost, and the critical item of the others.
        reserves: of the layers that the prefix starves.
        left: what the reserves leave of the budget, after their last items' parts where these count in part.
    """

    prefix: Prefix
    reserves: dict[int, Reserve]
    left: Fraction


def top_k_mask(problem: Layered, threads: int) -> Mask:
    """Top-K under the same budget."""
    return greedy_prefix(replace(problem.entries, by_cost=False), problem.budget, threads=threads).mask


def owed_to_layers(problem: Layered, top: Mask, share: Fraction) -> Owed:
    """What Top-K's mask means for each layer."""
    return Owed(top, kept_by_layer(problem, top), share)


def with_reserves(
    problem: Layered, owed: Owed, *, mask: Mask, threads: int = 1, in_parts: bool = False
) -> Solved | None:
    """The reserves of starved layers and the prefix of the others; None if whole reserves overrun the budget.

    Args:
        in_parts: whether last and critical items count by the part that is needed (the relaxation): then reserves fit.
    """
    spans, reserves = problem.spans, dict[int, Reserve]()
    starving, guessed, found = _guess(problem, owed), True, None
    while True:
        for layer in sorted(starving):
            if layer in reserves:
                mask[slice(*spans[layer])] = False
                mask[reserves[layer].items] = True
            else:
                reserves[layer] = _reserve(problem, owed, layer, mask, threads)
        spent = sum((reserves[layer].cost for layer in starving), Fraction(0))
        back = (_unused(problem, owed, k, reserves[k], mask) for k in starving if in_parts)
        left = problem.budget - spent + sum(back, Fraction(0))
        if left < 0:
            if not guessed:
                return None
            starving, guessed = set(), False
            continue
        others = _joined([span for layer, span in enumerate(spans) if layer not in starving])
        found = None if found is None else _shortened(problem, others, left, found, mask, threads)
        if found is None:
            found = prefix_over(problem.entries, others, problem.budget, left, mask=mask, threads=threads)
        part = (left - found.spent) if in_parts else Fraction(0)
        more = _starved(problem, owed, mask, starving, found.critical_item, part)
        wrong = {k for k in starving if guessed and _precedes(problem, reserves[k].last, found.critical_item)}
        if not more and not wrong:
            whole = Prefix(mask, found.spent + spent, found.critical_item)
            return Solved(whole, {k: reserves[k] for k in sorted(starving)}, left)
        for layer in wrong:
            mask[slice(*spans[layer])] = _not_after(problem, spans[layer], found.critical_item)
        starving, guessed = (starving | more) - wrong, False


def _shortened(
    problem: Layered, spans: Sequence[Span], left: Fraction, longer: Prefix, mask: Mask, threads: int
) -> Prefix | None:
    """The prefix where the price has risen: nothing after the critical item of the ``longer`` one is in it.

    Args:
        mask: the longer prefix, and all of what it did not run over; receives the prefix.

    Returns:
        None where the prefix runs to that critical item and beyond, which the rule excludes.
    """
    if longer.critical_item is None:
        return None
    mask[longer.critical_item] = True
    items = np.concatenate([start + np.flatnonzero(mask[start:end]) for start, end in spans])
    taken = np.empty(items.size, dtype=bool)
    found = prefix_over(
        problem.entries.subset(items), [(0, items.size)], problem.budget, left, mask=taken, threads=threads
    )
    if found.critical_item is None:
        return None
    critical = int(items[found.critical_item])
    if critical != longer.critical_item and not _precedes(problem, critical, longer.critical_item):
        return None
    mask[items] = taken
    return Prefix(mask, found.spent, critical)


def cheaper_reserves(problem: Layered, owed: Owed, *, mask: Mask) -> Prefix:
    """Every layer's reserve, or what Top-K keeps of it where that is cheaper, and the prefix of all others."""
    spent = Fraction(0)
    for layer, span in enumerate(problem.spans):
        reserve, kept = _reserve(problem, owed, layer, mask), owed.items(problem, layer)
        cost = exact_cost(problem, kept)
        if cost < reserve.cost:
            mask[slice(*span)] = owed.top[slice(*span)]
        spent += min(cost, reserve.cost)
    rest = np.flatnonzero(~mask)
    more = np.zeros(rest.size, dtype=bool)
    others, left = problem.entries.subset(rest), problem.budget - spent
    found = prefix_over(others, [(0, rest.size)], problem.budget, left, mask=more)
    mask[rest[more]] = True
    critical = None if found.critical_item is None else int(rest[found.critical_item])
    return Prefix(mask, spent + found.spent, critical)


def exact_cost(problem: Layered, items: NDArray[np.intp]) -> Fraction:
    """The exact cost of some items, in the problem's units."""
    entries = problem.entries
    if entries.labels is None or entries.class_cost is None:
        return exact_sum(entries.costs_of(items))
    return entries.cost_of_counts(np.bincount(entries.labels[items], minlength=entries.class_cost.size))


def unused_part(problem: Layered, owed: Owed, layer: int, reserve: Reserve, mask: Mask) -> Fraction:
    """The part of a reserve's last item that the layer is not owed, in [0, 1); ``mask`` holds the reserve."""
    if reserve.last is None:
        return Fraction(0)
    start, end = problem.spans[layer]
    retained = problem.retained(start + np.flatnonzero(mask[start:end]))
    return (retained - owed.to(problem, layer).exactly()) / problem.retained(np.array([reserve.last]))


def _unused(problem: Layered, owed: Owed, layer: int, reserve: Reserve, mask: Mask) -> Fraction:
    """What that part costs."""
    if reserve.last is None:
        return Fraction(0)
    return unused_part(problem, owed, layer, reserve, mask) * exact_cost(problem, np.array([reserve.last]))


def _reserve(problem: Layered, owed: Owed, layer: int, mask: Mask, threads: int = 1) -> Reserve:
    """A layer's reserve. Where all of it costs the same, the reserve is the larger part of what Top-K keeps there."""
    entries, span, need = problem.entries, problem.spans[layer], owed.to(problem, layer)
    own = None if entries.labels is None else entries.labels[slice(*span)]
    if own is not None and own.size and own.min() == own.max() and entries.class_cost is not None:
        mask[slice(*span)] = False
        cost = Fraction(entries.class_cost[own[0]])
        return largest_reaching(entries, owed.items(problem, layer), cost, need, problem.retained, mask=mask)
    return reserve_of(entries, span, problem.budget, need, problem.retained, mask=mask, threads=threads)


def _joined(spans: list[Span]) -> list[Span]:
    """The same, with neighbours as one."""
    found: list[Span] = []
    for start, end in spans:
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        elif start < end:
            found.append((start, end))
    return found


def _precedes(problem: Layered, item: int | None, other: int | None) -> bool:
    """Whether an item comes before another in the order; everything does where the other is None."""
    if item is None or other is None:
        return True
    pair = np.array([item, other])
    (p, q), (c, e) = map(Fraction, problem.entries.weights_of(pair)), map(Fraction, problem.entries.costs_of(pair))
    return p * e > q * c or (p * e == q * c and item < other)


def _not_after(problem: Layered, span: Span, item: int | None) -> Mask | bool:
    """Which items of a span come before another one in the order, or perhaps do."""
    if item is None:
        return True
    entries, own, one = problem.entries, slice(*span), np.array([item])
    found: Mask = keys(entries.weights_of(own), entries.costs_of(own)) >= keys(
        entries.weights_of(one), entries.costs_of(one)
    )
    return found


def _starved(
    problem: Layered, owed: Owed, mask: Mask, starving: set[int], critical: int | None, left: Fraction
) -> set[int]:
    """The other layers of which the prefix, and what ``left`` pays of the critical item, is less than they are owed."""
    if not owed.share:
        return set()
    kept, found = kept_by_layer(problem, mask), set()
    for layer, (start, end) in enumerate(problem.spans):
        if layer in starving:
            continue
        part = Fraction(0)
        if left and critical is not None and start <= critical < end:
            one = np.array([critical])
            part = left / exact_cost(problem, one) * problem.retained(one)

        def exactly(start: int = start, end: int = end, part: Fraction = part) -> Fraction:
            return problem.retained(start + np.flatnonzero(mask[start:end])) + part

        doubt = 2.0**-50 * (end - start + 3)
        if not owed.to(problem, layer).met_by(float(kept[layer]) + float(part), doubt, exactly):
            found.add(layer)
    return found


def _guess(problem: Layered, owed: Owed) -> set[int]:
    """Layers that are probably starved, by a small sample of each. Right or wrong, the answer is the same."""
    entries, sizes = problem.entries, np.array([end - start for start, end in problem.spans])
    if entries.d <= SMALL or not owed.share:
        return set()
    looked = np.minimum(sizes, max(_AT_LEAST, min(_LOOKED_AT, entries.d // 64) // max(1, sizes.size)))
    of = np.repeat(np.arange(sizes.size, dtype=np.min_scalar_type(sizes.size)), looked)  # few bits sort faster
    within = np.arange(of.size) - np.repeat(np.cumsum(looked) - looked, looked)
    stands_for = (sizes / np.maximum(looked, 1))[of]
    items = np.array([start for start, _ in problem.spans])[of] + ((within + 0.5) * stands_for).astype(np.intp)
    weight, cost = entries.weights_of(items) * stands_for, entries.costs_of(items) * stands_for
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        key = weight / cost
        by_key = np.argsort(-key)
        first = by_key[np.argsort(of[by_key], kind="stable")]
        ends = np.cumsum(looked)
        before = np.cumsum(weight[first]) - weight[first]
        base = np.concatenate([[0.0], np.cumsum(weight[first])])[ends - looked]
        reserved = np.zeros(of.size, dtype=bool)
        reserved[first] = before - base[of] < float(owed.share) * owed.kept[of]
        last = np.full(sizes.size, np.inf)
        np.minimum.at(last, of[reserved], key[reserved])
        left = float(problem.budget) - cost[reserved].sum()
        rest = np.argsort(-key[~reserved])
        at = int(np.searchsorted(np.cumsum(cost[~reserved][rest]), left))
    price = float(key[~reserved][rest[at]]) if at < rest.size else 0.0
    return {int(layer) for layer in np.flatnonzero(last < price)}
