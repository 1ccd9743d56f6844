"""The exact 0/1 optimum at any size: fix what the dual bound decides, search the few items it does not.

In the notation of :mod:`theory.optimum.duals`, the optimum is the mask of least loss, and a mask of loss below
``limit`` can deviate from S only at items with ``|r_i| < limit``: the *core*, tens to a few thousand items (Balas &
Zemel 1980; Beier & Vöcking 2004). The optimum's own loss is not known in advance, and the search grows exponentially
with it, so the limit deepens: the core of the nearest ten items, then a few more, each searched exhaustively
(:mod:`theory.optimum.core_search`), until a mask turns up below the limit. That mask is optimal. Where costs take few
values, counts per cost take the place of items (:mod:`theory.optimum.class_optimum`).

What this module returns is still only a claim: :mod:`theory.checker` verifies it with code of its own.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from theory.instance import Instance
from theory.optimum.class_optimum import ClassSolution, solve_classes
from theory.optimum.core_search import Found, Item, halves, ordered
from theory.optimum.dense_search import CELLS_PER_STATE, MAX_ITEMS, dense
from theory.optimum.duals import (
    Base,
    Prices,
    base_of,
    cost_grid,
    on_grid,
    prices_with_cut,
    sift,
    to_float,
    units_of,
    whole_step,
)
from theory.optimum.group_relaxation import group
from theory.optimum.relaxation import price_of
from theory.optimum.splits import prices_with_rounding, prices_with_split
from theory.optimum.watch import UNWATCHED, Watch
from theory.selection.order import Floats, Indices
from theory.selection.selectors import cwmp, top_k

MAX_STATES = 4_000_000  # states visited in all before it settles for an interval
_FIRST, _DEEPER = 10, 1.12  # items in the first core, and how much larger each next one is
_POOLS = 2_000, 10_000  # items whose distance is exact: most searches need the nearest few
_SAMPLE = 1 << 18
_ROUNDING = Fraction(1, 1 << 30)  # generous, for distances in floating point
_SMALL_CORE = 60  # items
_SPREAD = 40  # items of the last attempt at a better mask when exactness is out of reach


@dataclass(frozen=True, eq=False)
class Solution:
    """The best mask found, as S plus deviations.

    Attributes:
        base: S with its prices. deviations: indices where the mask differs from S, ascending.
        loss: exact loss of the mask against U: ``OPT - p(mask) <= loss``.
        proved: an exhaustive search found nothing below ``loss``, so the mask is optimal.
        grid: costs are multiples of this (0: no grid used).
        step: scores are multiples of this (0: not used), and so is what another mask retains more.
        other: the same mask, proved as well, by another search or under prices that leave it no less loss.
        method: the search that settled it. core, visits: its size and the states that it looked at.
    """

    base: Base
    deviations: list[int]
    loss: Fraction
    proved: bool
    grid: Fraction
    method: str = "ordered"
    core: int = 0
    visits: int = 0
    step: Fraction = Fraction(0)
    other: Solution | None = None

    @property
    def prices(self) -> Prices:
        """Those that bound every other mask."""
        return self.base.prices

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The mask, bool (d,)."""
        mask = self.base.mask.copy()
        mask[self.deviations] ^= True
        return mask

    def bound(self, instance: Instance) -> Fraction:
        """``U``, above what any mask retains."""
        return self.loss + instance.retained(self.mask)


def solve(instance: Instance, *, max_states: int = MAX_STATES, watch: Watch = UNWATCHED) -> Solution | ClassSolution:
    """The optimum of ``instance``, or the best mask found together with the width of the interval it leaves.

    Counts by cost class come first, where there are few classes; then the prices of the relaxation, then those with the
    cardinality cut. What none of them proves, or what ``watch`` stops, is the best mask of all, those of every selector
    and rounding included.
    """
    watch.on_phase("relaxing")
    price = price_of(instance, watch.threads)
    watch.on_phase("searching counts of costs")
    counts = solve_classes(instance, price, max_states // 2, watch.stopped, watch.threads)
    if counts is not None and counts.proved:
        return counts
    grid = cost_grid(instance)
    budget = on_grid(instance.budget, grid)
    watch.on_phase("searching the core")
    base = base_of(instance, Prices(price), budget, watch.threads)
    whole = _solve_whole(instance, base, grid, max_states, watch)
    if whole is not None and whole.proved:
        return _halved(instance, whole)
    first = _solve_from(instance, base, grid, max_states // 2, watch)
    tried = [first]
    for prices in [] if first.proved or watch.stopped() else prices_with_cut(instance, budget, watch.stopped):
        watch.on_phase("searching the core with the cardinality cut")
        tried.append(
            _solve_from(instance, base_of(instance, prices, budget, watch.threads), grid, max_states // 4, watch)
        )
        if tried[-1].proved or watch.stopped():
            break
    if tried[-1].proved:
        return tried[-1]
    watch.on_phase("comparing masks")
    tried += [whole] if whole is not None and whole.prices.split else []
    best = _best_of(instance, tried, [known.mask for known in (counts, whole) if known is not None])
    return best if whole is None else replace(best, step=whole.step, proved=best.loss < whole.step)


def _solve_whole(instance: Instance, base: Base, grid: Fraction, max_states: int, watch: Watch) -> Solution | None:
    """Where scores and costs are integers: by a relaxation, by the balanced dynamic programme, by splits; else None.

    The optimum comes under whichever prices leave it the least loss, since the checker has as much less to search.
    """
    if instance.update is not None or not grid or grid % 1 or instance.d > MAX_ITEMS:
        return None
    step = whole_step(instance.score)
    if not step:
        return None
    loss, deviations = _feasible_start(instance, base)
    found = Solution(base, deviations, loss, loss < step, grid, step=Fraction(step))
    if found.proved or watch.stopped():
        return found
    budget = on_grid(instance.budget, grid)
    cut = _by_splits(instance, found, prices_with_rounding(instance, base, budget), max_states, watch)
    if cut.proved or watch.stopped():
        return cut
    found = _by_relaxation(instance, found, max_states, watch)
    if not found.proved and not watch.stopped():
        found = _by_splits(instance, found, prices_with_split(instance, base, budget), max_states, watch)
    if found.proved and found.method == "ordered" and found.loss >= step and not watch.stopped():
        return _of_least_loss(instance, found)
    return found if found.proved else min(found, cut, key=lambda one: one.bound(instance))


def _by_relaxation(instance: Instance, found: Solution, max_states: int, watch: Watch) -> Solution:
    """What a relaxation proves, or else the balanced dynamic programme, beginning with the mask found so far."""
    base, loss, step = found.base, found.loss, int(found.step)
    least = group(instance, base, loss, int(found.grid), max_states // 4, watch.stopped)
    if least is not None and least.deviations is not None:
        found = replace(found, deviations=least.deviations, loss=least.loss, proved=True)
        return replace(found, method="group", other=found)
    if least is None or least.loss <= loss - step:
        best = dense(instance, base, loss, step, int(found.grid), watch.stopped, max_states * CELLS_PER_STATE)
        found = replace(found, proved=best.finished)
        if best.deviations is not None:
            found = _with_mask(instance, found, best.deviations)
        if best.checkable:
            found = replace(found, method="dense", other=found)
    if least is not None and least.loss > found.loss - step:
        found = replace(found, proved=True, method="group", other=replace(found, proved=True))
    return found


def _by_splits(
    instance: Instance, found: Solution, splits: Sequence[Prices], max_states: int, watch: Watch
) -> Solution:
    """What a search of one side of a split proves, if the prices of the other prove that nothing better is there.

    Where none does, the side whose prices bound all masks best, be it without a split.
    """
    budget, best = on_grid(instance.budget, found.grid), found
    for prices in splits:
        assert prices.split is not None
        other = _solve_from(instance, base_of(instance, prices, budget), found.grid, max_states // 4, watch)
        other = replace(other, step=found.step)
        if other.proved and prices.split.bound - instance.retained(other.mask) < found.step:
            return other
        if prices.split.bound <= other.bound(instance) < best.bound(instance):
            best = replace(other, proved=False)
        if watch.stopped():
            break
    return best


def _halved(instance: Instance, proof: Solution) -> Solution:
    """A small core is searched by halves first: the checker does that soonest, however large the numbers are."""
    if proof.method == "halves":
        return proof
    _, near = sift(instance, proof.prices, math.nextafter(to_float(proof.loss), math.inf))
    return replace(proof, method="halves", other=proof) if near.size <= _SMALL_CORE else proof


def _of_least_loss(instance: Instance, found: Solution) -> Solution:
    """A mask that is proved, under the prices that leave it the least loss, and under others with or without a cut."""
    mask, budget, proofs = found.mask, on_grid(instance.budget, found.grid), [found]
    retained = instance.retained(mask)
    for prices in [*prices_with_cut(instance, budget), *prices_with_split(instance, found.base, budget)]:
        if prices.split is not None and prices.split.bound - retained >= found.step:
            continue
        cut = base_of(instance, prices, budget)
        loss, deviations = _feasible_start(instance, cut)
        other = Solution(cut, deviations, loss, True, found.grid, step=found.step)
        proofs.append(_with_mask(instance, other, np.flatnonzero(mask != cut.mask).tolist()))
    proofs.sort(key=attrgetter("loss"))
    first, *others = proofs
    return replace(
        first, other=next((proof for proof in others if bool(proof.prices.item) != bool(first.prices.item)), None)
    )


def _with_mask(instance: Instance, solution: Solution, deviations: list[int]) -> Solution:
    """Under the same prices, another mask."""
    other = replace(solution, deviations=deviations)
    return replace(other, loss=solution.bound(instance) - instance.retained(other.mask))


def _best_of(instance: Instance, tried: list[Solution], masks: list[NDArray[np.bool_]]) -> Solution:
    """The best mask known, under the prices that bound it best."""
    masks = [*masks, *(solution.mask for solution in tried), *_selected(instance)]
    best = max(masks, key=instance.retained)
    bound = min(tried, key=lambda solution: solution.bound(instance))
    loss = bound.bound(instance) - instance.retained(best)
    deviations = np.flatnonzero(best != bound.base.mask).tolist()
    return replace(bound, deviations=deviations, loss=loss, proved=not loss)


def _selected(instance: Instance) -> Iterator[NDArray[np.bool_]]:
    """What every selector keeps, in every rounding that another does not contain."""
    instance = instance.of_arrays()
    for rounding in ("fill", "best-of"):
        yield cwmp(instance, rounding=rounding).mask
        yield top_k(instance, rounding=rounding).mask
        if instance.update is not None:
            yield cwmp(instance, loss="l1", rounding=rounding).mask


def _solve_from(instance: Instance, base: Base, grid: Fraction, max_states: int, watch: Watch) -> Solution:
    loss, deviations = _feasible_start(instance, base)
    if not loss:
        return Solution(base, deviations, loss, True, grid)
    left, pool = max_states, list[Item]()
    for limit, pool in _cores(instance, base, loss, watch):
        if watch.stopped():
            break
        core = pool[: bisect_left(pool, limit, key=attrgetter("loss"))]
        found, method = _search(core, base, limit, bool(grid), left, watch)
        left -= found.visits
        if found.best is not None:
            loss, deviations = found.best
        if found.finished and loss <= limit:
            return Solution(base, deviations, loss, True, grid, method, len(core), found.visits)
        if not found.finished:
            break
    if not watch.stopped():
        found = halves(_spread(pool), base, loss, max_states, watch.stopped)
        if found.best is not None:
            loss, deviations = found.best
    return Solution(base, deviations, loss, not loss, grid)


def _search(
    core: list[Item], base: Base, limit: Fraction, on_grid: bool, max_states: int, watch: Watch
) -> tuple[Found, str]:
    """The search that suits the costs, then the other one; if neither finishes, the better mask of the two."""
    searches = [("ordered", ordered), ("halves", halves)]
    tried: list[tuple[Found, str]] = []
    for name, search in searches if on_grid else searches[::-1]:
        found = search(core, base, limit, max_states // 2, watch.stopped)
        tried.append((found, name))
        if found.finished:
            return found, name
    return min(tried, key=lambda one: one[0].best[0] if one[0].best else limit)


def _feasible_start(instance: Instance, base: Base) -> tuple[Fraction, list[int]]:
    """A feasible mask to begin with: S, less its cheapest-to-lose items while it overruns the budget."""
    deviations: list[int] = []
    loss, slack, spare = Fraction(0), base.slack, base.spare
    cheapest = _cheapest_to_lose(instance, base)
    while slack < 0:
        i = next(cheapest)
        deviations.append(i)
        score, cost = instance.exact_score(i), instance.exact_cost(i)
        loss += base.prices.reduced(score, cost)
        slack, spare = slack + cost, spare + base.prices.units(score, cost)
    return loss + base.prices.energy * slack + base.prices.item * spare, deviations


def _cheapest_to_lose(instance: Instance, base: Base) -> Iterator[int]:
    """The items of S by density, the smallest first; sorted when the first is asked for."""
    inside = np.flatnonzero(base.mask)
    yield from inside[np.argsort(instance.scores_of(inside) / instance.costs_of(inside), kind="stable")].tolist()


def _cores(instance: Instance, base: Base, loss: Fraction, watch: Watch) -> Iterator[tuple[Fraction, list[Item]]]:
    """Rising limits up to ``loss``, each with a pool that holds every item below it."""
    last = Fraction(0)
    for most in _POOLS:
        pool, complete = _pool(instance, base, loss, most, watch.threads)
        for limit in _limits(pool, complete):
            if limit > last:
                yield limit, pool
                last = limit
        if last == loss:
            break


def _pool(instance: Instance, base: Base, loss: Fraction, most: int, threads: int) -> tuple[list[Item], Fraction]:
    """The ``most`` items nearest to the threshold, by ``|r|``, and a limit below which none is missing."""
    enough = _enough(instance, base.prices, most)
    complete = loss if to_float(loss) <= enough else Fraction(enough)
    _, near = sift(instance, base.prices, math.nextafter(to_float(complete), math.inf), threads)
    if near.size > most:
        distance = _distance(instance, base.prices, near)
        nearest = np.argpartition(distance, most)
        complete = min(complete, Fraction(distance[nearest[most]]) * (1 - _ROUNDING))
        near = near[nearest[:most]]
    items, prices = [], base.prices
    for i in near.tolist():
        score, cost, sign = instance.exact_score(i), instance.exact_cost(i), 1 if base.mask[i] else -1
        items.append(Item(abs(prices.reduced(score, cost)), sign * cost, i, sign * prices.units(score, cost)))
    return sorted(items), complete


def _enough(instance: Instance, prices: Prices, most: int) -> float:
    """A width that holds some ``most`` items, from a sample: it spares large instances a list of most of them."""
    stride = instance.d // _SAMPLE
    if stride < 2:
        return math.inf
    distance = _distance(instance, prices, np.arange(0, instance.d, stride))
    return float(np.quantile(distance, min(1.0, 2 * most / instance.d)))


def _distance(instance: Instance, prices: Prices, items: Indices) -> Floats:
    """``|r_i|`` of some items, in floating point."""
    with np.errstate(over="ignore", invalid="ignore"):
        units = units_of(instance, prices, items) if prices.split else 1
        priced = to_float(prices.energy) * instance.costs_of(items) + to_float(prices.item) * units
        return np.nan_to_num(np.abs(instance.scores_of(items) - priced), nan=math.inf, posinf=math.inf)


def _limits(pool: list[Item], most: Fraction) -> list[Fraction]:
    """Rising limits, each with a few more items of ``pool`` below it than the last; ``most`` is the last one."""
    limits, count = {most}, _FIRST
    while count < len(pool):
        limits.add(min(pool[count].loss, most))
        count = int(count * _DEEPER) + 1
    return sorted(limits - {Fraction(0)})


def _spread(pool: list[Item]) -> list[Item]:
    """A few near items of every cost, from either side of the threshold: they reach the most different slacks."""
    if not pool:
        return []
    farthest = pool[: _SPREAD * _SPREAD][-1].loss
    near = sorted((x for x in pool if x.loss <= farthest), key=attrgetter("shift"))
    return near[:: max(1, len(near) // _SPREAD)]
