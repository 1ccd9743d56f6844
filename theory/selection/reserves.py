"""The search behind :func:`theory.selection.safe.safe`: which layers need a reserve, and where the others stop.

A layer whose part of the common prefix already reaches what it is owed needs none: its reserve lies inside. So only the
layers that the prefix starves have to be known. A small sample of every layer guesses them; with their reserves set
aside, the prefix of the others is found in one pass, and by its price it is known which layers it starves. Whatever the
guess, that price is at most the final one, for every layer has cost what it must or less; so layers found starved are
starved, those guessed wrongly are dropped once, and from then on layers are only added. What the pass has listed around
its price is enough to find the next prefixes, but for the layers that come or go.

A layer in which Top-K's last score is dearer than the prefix's price keeps all that Top-K keeps, and nothing of it has
to be added up.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import exact_sum
from theory.selection.bracket import SMALL, greedy_prefix
from theory.selection.entries import Entries
from theory.selection.layered import Layered, Mask
from theory.selection.order import Prefix
from theory.selection.spans import Common, Need, Reserve, Span, kept_in, largest_reaching, prefix_over, reserve_of

_LOOKED_AT = 1 << 15  # coordinates of all layers together that are enough to guess by; in small updates one of 64
_AT_LEAST = 256  # of one layer
_UNSURE = 0.3  # relative distance of prices within which it pays to know what a layer is owed


@dataclass(frozen=True, eq=False)
class Owed:
    """What every layer is owed: ``share`` of what Top-K keeps of it.

    Attributes:
        top: Top-K's mask, bool of shape (d,).
        least: no item of it scores less; None where its order is not by the problem's scores.
    """

    top: Mask
    share: Fraction
    least: Fraction | None = None
    _kept: dict[int, float] = field(default_factory=dict)
    _costs: dict[int, tuple[Fraction, bool]] = field(default_factory=dict)

    def kept(self, problem: Layered, layer: int) -> float:
        """What Top-K keeps of a layer, a sum in float64."""
        if layer not in self._kept:
            self._kept[layer] = kept_in(problem.entries, self.top, problem.spans[layer])
        return self._kept[layer]

    def costs(self, entries: Entries, layer: int, span: Span) -> tuple[Fraction, bool]:
        """No item of a layer, whose entries are of classes, costs more; and whether all cost the same."""
        assert entries.labels is not None
        assert entries.class_cost is not None
        if layer not in self._costs:
            labels = entries.labels[slice(*span)]
            costs = entries.class_cost[labels.min() : labels.max() + 1]
            self._costs[layer] = Fraction(float(costs.max())), costs.size == 1
        return self._costs[layer]

    def to(self, problem: Layered, layer: int) -> Need:
        """What one layer is owed."""
        start, end = problem.spans[layer]
        about, doubt = float(self.share) * self.kept(problem, layer), 2.0**-50 * (end - start + 2)
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
    return _top_k(problem, threads).mask


def owed_by_top_k(problem: Layered, share: Fraction, *, threads: int = 1, top: Prefix | None = None) -> Owed:
    """What Top-K under the same budget means for each layer.

    Args:
        top: Top-K, if it is known.
    """
    top = _top_k(problem, threads) if top is None else top
    least = Fraction(0)
    if top.critical_item is not None:
        least = Fraction(float(problem.entries.weights_of(np.array([top.critical_item]))[0]))
    return Owed(top.mask, share, least)


def _top_k(problem: Layered, threads: int) -> Prefix:
    return greedy_prefix(replace(problem.entries, by_cost=False), problem.budget, threads=threads)


def with_reserves(
    problem: Layered, owed: Owed, *, mask: Mask, threads: int = 1, in_parts: bool = False
) -> Solved | None:
    """The reserves of starved layers and the prefix of the others; None if whole reserves overrun the budget.

    Args:
        in_parts: whether last and critical items count by the part that is needed (the relaxation): then reserves fit.
    """
    spans, reserves = problem.spans, dict[int, Reserve]()
    common = Common(problem.entries, problem.budget, mask, threads)
    starving, guessed, seen = _guess(problem, owed), True, _Seen(problem, owed, common, mask)
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
        found = common.prefix([span for layer, span in enumerate(spans) if layer not in starving], left)
        part = (left - found.spent) if in_parts else Fraction(0)
        more = seen.starved(starving, found.critical_item, part)
        wrong = {k for k in starving if guessed and _precedes(problem, reserves[k].last, found.critical_item)}
        if not more and not wrong:
            whole = Prefix(mask, found.spent + spent, found.critical_item)
            return Solved(whole, {k: reserves[k] for k in sorted(starving)}, left)
        starving, guessed = (starving | more) - wrong, False


def cheaper_reserves(problem: Layered, owed: Owed, *, mask: Mask) -> Prefix:
    """Every layer's reserve, or what Top-K keeps of it where that is cheaper, and the prefix of all others."""
    spent = Fraction(0)
    for layer, span in enumerate(problem.spans):
        reserve, kept = _reserve(problem, owed, layer, mask), owed.items(problem, layer)
        cost = exact_cost(problem, kept)
        if cost < reserve.cost:
            mask[slice(*span)] = owed.top[slice(*span)]
        spent += min(cost, reserve.cost)
    found = prefix_of_others(problem, mask, problem.budget - spent)
    return Prefix(mask, spent + found.spent, found.critical_item)


def prefix_of_others(problem: Layered, mask: Mask, left: Fraction) -> Prefix:
    """The longest prefix that ``left`` pays for of what is not in the mask, which it is added to."""
    entries, whole = problem.entries, [(0, mask.size)]
    others = replace(entries, values=np.where(mask, 0, entries.values))  # of no weight: not eligible
    found = prefix_over(others, whole, problem.budget, left, mask=np.empty_like(mask))
    mask |= found.mask
    return found._replace(mask=mask)


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
    if entries.labels is not None and span[0] < span[1] and owed.costs(entries, layer, span)[1]:
        mask[slice(*span)] = False
        cost = owed.costs(entries, layer, span)[0]
        return largest_reaching(entries, owed.items(problem, layer), cost, need, problem.retained, mask=mask)
    return reserve_of(entries, span, problem.budget, need, problem.retained, mask=mask, threads=threads)


def _precedes(problem: Layered, item: int | None, other: int | None) -> bool:
    """Whether an item comes before another in the order; everything does where the other is None."""
    if item is None or other is None:
        return True
    pair = np.array([item, other])
    (p, q), (c, e) = map(Fraction, problem.entries.weights_of(pair)), map(Fraction, problem.entries.costs_of(pair))
    return p * e > q * c or (p * e == q * c and item < other)


class _Seen:
    """What prefixes keep of each layer, remembered from one to the next."""

    def __init__(self, problem: Layered, owed: Owed, common: Common, mask: Mask) -> None:
        self._problem, self._owed, self._common, self._mask = problem, owed, common, mask
        self._entries = problem.entries
        self._kept: dict[int, tuple[int, float]] = {}

    def starved(self, starving: set[int], critical: int | None, left: Fraction) -> set[int]:
        """The other layers of which the prefix, and what ``left`` pays of the critical item, is less than is owed."""
        if not self._owed.share or critical is None:
            return set()
        line = self._dearest(critical)
        return {
            layer
            for layer in range(len(self._problem.spans))
            if layer not in starving
            and not self._keeps_enough(layer, line)
            and not self._kept_enough(layer)
            and self._is_starved(layer, critical, left)
        }

    def _dearest(self, critical: int) -> Fraction:
        """Items that cost less are kept by a prefix that stops before an item, if Top-K keeps them."""
        one = np.array([critical])
        score, cost = (Fraction(float(x[0])) for x in (self._entries.weights_of(one), self._entries.costs_of(one)))
        return Fraction(0) if self._owed.least is None else self._owed.least * cost / score

    def _keeps_enough(self, layer: int, line: Fraction) -> bool:
        """Whether costs show that a layer keeps enough: all of Top-K's, being cheaper than a line, or so many.

        Where all of a layer costs the same, the prefix keeps its largest items, as Top-K does: so many of them is as
        large a share of the score at least.
        """
        (start, end), entries = self._problem.spans[layer], self._entries
        if entries.labels is None or start == end or self._owed.least is None:
            return False
        dearest, same = self._owed.costs(entries, layer, (start, end))
        if dearest < line:
            return True
        count, of = (
            (int(np.count_nonzero(mask[start:end])) for mask in (self._mask, self._owed.top)) if same else (0, 1)
        )
        return count >= of or count > self._owed.share * of * (1 + Fraction(1, 1 << 40))

    def _kept_enough(self, layer: int) -> bool:
        """Whether an earlier prefix kept so much that this one keeps enough, whatever it leaves of what is listed."""
        read, kept = self._kept.get(layer, (0, 0.0))
        if read != self._common.read:
            return False
        span = self._problem.spans[layer]
        least, doubt = kept - self._common.listed(span), 2.0**-48 * (span[1] - span[0] + 4)
        return least * (1 - doubt) - kept * doubt > self._owed.to(self._problem, layer).about * (1 + doubt)

    def _is_starved(self, layer: int, critical: int | None, left: Fraction) -> bool:
        problem, (start, end) = self._problem, self._problem.spans[layer]
        part = Fraction(0)
        if left and critical is not None and start <= critical < end:
            one = np.array([critical])
            part = left / exact_cost(problem, one) * problem.retained(one)
        kept = kept_in(problem.entries, self._mask, (start, end))
        self._kept[layer] = self._common.read, kept
        exactly = lambda: problem.retained(start + np.flatnonzero(self._mask[start:end])) + part  # noqa: E731
        doubt = 2.0**-50 * (end - start + 3)
        return not self._owed.to(problem, layer).met_by(kept + float(part), doubt, exactly)


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
        kept = np.bincount(of, np.where(owed.top[items], weight, 0.0), minlength=sizes.size)

        def prices() -> tuple[NDArray[np.float64], float]:
            """At which every reserve ends, and the common prefix beside all of them."""
            inside = before - base[of] < float(owed.share) * kept[of]
            counts, last = np.bincount(of, inside, minlength=sizes.size).astype(np.intp), np.full(sizes.size, np.inf)
            some = np.flatnonzero(counts)
            last[some] = key[first[(ends - looked + counts)[some] - 1]]
            reserved = np.zeros(of.size, dtype=bool)
            reserved[first] = inside
            rest = by_key[~reserved[by_key]]
            at = int(np.searchsorted(np.cumsum(cost[rest]), float(problem.budget) - cost[reserved].sum()))
            return last, float(key[rest[at]]) if at < rest.size else 0.0

        last, price = prices()
        for layer in np.flatnonzero(np.abs(last - price) < _UNSURE * price).tolist():
            kept[layer] = owed.kept(problem, layer)
        last, price = prices()
    return {int(layer) for layer in np.flatnonzero(last < price)}
