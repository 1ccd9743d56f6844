"""CWMP where writing costs by page: the most norm for the joules spent, pages included (claim D22).

At a price ``lambda`` a page is open if its items' surplus pays for it, ``sum (p_i - lambda c_i)+ > lambda f_j``, and
of an open page an item is kept iff ``p_i > lambda c_i``. So a page opens with a *block*, its first items by ``p/c`` as
long as each is worth more per joule than all before it and the page together, and every other item follows by its own
``p/c``: blocks and items in one order, cut where the budget ends. What is kept is optimal for what it costs, and grows
with the budget.

    by_pages(g, PageCosts(64, 1e-6, 4e-5), "10%")

Pages without cost are CWMP, items without cost whole pages (structured pruning).
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from theory.arithmetic import compiled_loops, page_loops, page_scan
from theory.arithmetic.exact import Real, exact_sum, floor_float
from theory.errors import InputError
from theory.instance import Instance
from theory.pages import PageCosts
from theory.selection.bracket import enclosed
from theory.selection.page_bracket import WIDTHS, brackets
from theory.selection.page_problem import (
    Floats,
    Indices,
    Mask,
    Paged,
    items_cost,
    loop,
    paged,
    paged_unchecked,
    total,
)
from theory.selection.rounding import Selection

__all__ = ["Paged", "by_pages", "paged"]

_FEW = 1 << 10  # blocks and items that are sorted without a window
_NEAR = 2.0**-40  # relative distance of densities within which rationals decide


def by_pages(update: ArrayLike | Paged, costs: PageCosts | None = None, budget: Real | None = None) -> Selection:
    """Keep what is worth most per joule, pages included, until the next block or item does not fit.

    Items that the budget could not pay for together with their page are left out; equal ratios go to the lowest index.
    Of the selection, ``threshold`` is the score per cost of the block or item that did not fit, 0 when all did.

    Args:
        update, costs, budget: as for :func:`paged`, or a problem that it made.

    Raises:
        InputError: as there.
    """
    if isinstance(update, Paged):
        problem = update
    elif costs is None:
        raise InputError("costs are missing: give PageCosts with an update")
    else:
        problem = paged_unchecked(update, costs, budget)
    for low, high in itertools.chain(brackets(problem), [(0.0, np.inf)]):
        found = _between(problem, low, high)
        if found is not None:
            mask, spent, threshold = found
            return Selection(mask, spent, partial(problem.retained, mask), None, threshold, problem.layout.unit)
    raise InputError(f"update of {problem.layout.d} coordinates holds squares that float64 cannot hold; scale it")


# --- between two prices ----------------------------------------------------------------------------------


class _Listed(NamedTuple):
    """Blocks in doubt, then items in doubt.

    Attributes:
        pages, sizes: of blocks. exactly: the items of those of which rounding could decide the size, by place.
        items: the others, each for itself.
        density: score per cost, rounded, of all. cost: rounded. tie: what comes first of equals.
    """

    pages: Indices
    sizes: Indices
    exactly: dict[int, Indices]
    items: Indices
    density: Floats
    cost: Floats
    tie: Indices

    def members(self, problem: Paged, chosen: Indices) -> Indices:
        """The coordinates of some of them, in no order."""
        count = self.pages.size
        blocks, layout = chosen[chosen < count], problem.layout
        given = problem.values, problem.square, np.atleast_1d(layout.item), layout.ends, problem.room
        sizes = self.sizes[blocks]
        found = np.empty(int(sizes.sum()), dtype=np.intp)
        sure = np.array([k not in self.exactly for k in blocks.tolist()], dtype=bool) if self.exactly else True
        own = blocks, self.density[blocks], np.where(sure, sizes, 0)
        listed = loop(layout.d, "members")(*given, self.pages[own[0]], *own[1:], found)
        known = [self.exactly[k] for k in blocks.tolist() if k in self.exactly] if self.exactly else []
        return np.concatenate([found[:listed], *known, self.items[chosen[chosen >= count] - count]])

    def exact_cost(self, problem: Paged, chosen: Indices) -> Fraction:
        """What some of them cost, pages included."""
        blocks = self.pages[chosen[chosen < self.pages.size]]
        fees, item = total(problem.layout.page, blocks), problem.layout.item
        if item.ndim:
            return fees + exact_sum(item[self.members(problem, chosen)])
        return fees + (int(self.sizes[chosen[chosen < self.pages.size]].sum()) + chosen.size - blocks.size) * Fraction(
            float(item)
        )

    def exact_density(self, problem: Paged, k: int) -> Fraction:
        """The score per cost of one of them; more than any other's if it costs nothing."""
        one = np.array([k])
        cost = self.exact_cost(problem, one)
        return exact_sum(problem.weights(self.members(problem, one))) / cost if cost else Fraction(10) ** 400


def _between(problem: Paged, low: float, high: float) -> tuple[Mask, Fraction, Fraction] | None:
    """The selection, if its price is from ``low`` to ``high``; None if it is not."""
    layout, d = problem.layout, problem.layout.d
    if not layout.page.size:
        return np.zeros(0, dtype=bool), Fraction(0), Fraction(0)
    mask, states = np.zeros(d, dtype=bool), np.zeros(layout.page.size, dtype=np.int8)
    cost, room = np.atleast_1d(layout.item), problem.room
    given = problem.values, problem.square, cost, layout.ends, layout.page, room, low, high
    size, count = d if high == np.inf else max(d // 4, 1 << 12), layout.page.size
    items, keys, prices = np.empty(size, dtype=np.intp), np.empty(size), np.empty(size)
    pages, sizes = np.empty(count, dtype=np.intp), np.empty(count, dtype=np.intp)
    density, price = np.empty(count), np.empty(count)
    survey = loop(d, "survey")
    if survey is page_scan.survey:
        compiled_loops.count_read(d)
    found, blocks, fine = survey(
        *given, *_first_look(problem, low), mask, states, items, keys, prices, pages, density, price, sizes
    )
    if not fine:
        Instance(problem.values, 1, 0)
    if not fine or found > size:
        return None
    opened = np.flatnonzero(states == page_loops.OPEN)
    left = problem.budget - items_cost(layout, mask) - total(layout.page, opened)
    if left < 0:
        return None
    pages = pages[:blocks]
    listed = _settled(problem, _Listed(
        pages, sizes[:blocks], {}, items[:found], np.concatenate([density[:blocks], keys[:found]]),
        np.concatenate([price[:blocks], prices[:found]]),
        np.concatenate([2 * layout.ends[pages], 2 * items[:found] + 1]),
    ), low)  # fmt: skip
    taken, spent, critical = _cut(problem, listed, left)
    if critical is None and low > 0:
        return None
    if critical is not None and not low * (1 + _NEAR) <= listed.density[critical] <= high * (1 - _NEAR):
        return None  # the order may go on otherwise there
    mask[listed.members(problem, taken)] = True
    threshold = Fraction(0) if critical is None else listed.exact_density(problem, critical)
    return mask, problem.budget - left + spent, threshold


def _first_look(problem: Paged, low: float) -> tuple[Any, Any, float]:
    """The precision in which pages may be looked at first, as :func:`theory.arithmetic.page_loops.survey` has it."""
    item = problem.layout.item
    kind = np.float32 if problem.values.dtype.itemsize <= 4 and not item.ndim else np.float64
    line = low if item.ndim else low * float(item)
    if not 1e-30 < line < 1e30:
        return kind(1), kind(1), 1.0
    return kind(1), kind(line), float(np.finfo(kind).eps)


def _settled(problem: Paged, listed: _Listed, low: float) -> _Listed:
    """The same, with those blocks decided by rationals of which rounding could decide the size."""
    unsure = np.flatnonzero(listed.sizes < 0)
    if not unsure.size:
        return listed
    layout, room, more = problem.layout, problem.room, [listed.items]
    for k, j in zip(unsure.tolist(), listed.pages[unsure].tolist(), strict=True):
        items = np.arange(layout.ends[j], layout.ends[j + 1])
        weight, cost = problem.weights(items), layout.items(items)
        may = (weight > 0) & (cost <= room[j]) & (weight >= low * (1.0 - 2.0**-48) * cost)
        items, weight, cost = items[may], weight[may], cost[may]
        order = _exactly(weight, cost)
        n, listed.density[k], listed.cost[k] = _block(weight, cost, order, layout.page[j])
        listed.sizes[k], listed.exactly[k] = n, items[order[:n]]
        more.append(items[order[n:]])
    rest = np.concatenate(more[1:])
    if not rest.size:
        return listed._replace(items=np.concatenate(more))
    with np.errstate(divide="ignore", over="ignore"):
        cost = layout.items(rest)
        key = problem.weights(rest) / cost
    return listed._replace(
        items=np.concatenate(more),
        density=np.append(listed.density, key),
        cost=np.append(listed.cost, cost),
        tie=np.append(listed.tie, 2 * rest + 1),
    )


def _cut(problem: Paged, listed: _Listed, left: Fraction) -> tuple[Indices, Fraction, int | None]:
    """Which of the listed fit, the densest first, what they cost, and the first that does not (None when all do)."""
    longest = int(np.diff(problem.layout.ends).max(initial=0))
    tolerance = max(_NEAR, 2.0**-50 * (longest + 16))  # relative distance within which rationals decide
    key, cost = listed.density, listed.cost
    for low, high in (_window(key, cost, left), (-np.inf, np.inf)):
        before, near = np.flatnonzero(key >= high), np.flatnonzero((key >= low) & (key < high))
        spent = listed.exact_cost(problem, before)
        if spent > left:
            continue
        order = near[np.lexsort((listed.tie[near], -key[near]))]
        taken = _fitting(problem, listed, order, left - spent)
        if taken < order.size:
            critical = key[order[taken]]
            run = np.flatnonzero(np.abs(key[order] - critical) <= tolerance * critical)
            if not low <= critical * (1 - tolerance) or not critical * (1 + tolerance) < high:
                continue
            if run.size > 1:
                order[run] = _exactly_by_density(problem, listed, order[run])
                taken = _fitting(problem, listed, order, left - spent)
        elif low > -np.inf:
            continue
        chosen = np.concatenate([before, order[:taken]])
        spent += listed.exact_cost(problem, order[:taken])
        return chosen, spent, int(order[taken]) if taken < order.size else None
    raise AssertionError("everything has no bounds")


def _exactly_by_density(problem: Paged, listed: _Listed, run: Indices) -> Indices:
    """Some of the listed in their order, by rationals; items of one weight and cost have one density."""
    blocks, items = run[run < listed.pages.size], run[run >= listed.pages.size]
    places = listed.items[items - listed.pages.size]
    pairs = list(zip(problem.weights(places).tolist(), problem.layout.items(places).tolist(), strict=True))
    known = {(w, c): Fraction(w) / Fraction(c) if c else Fraction(10) ** 400 for w, c in set(pairs)}
    exact = {k: listed.exact_density(problem, k) for k in blocks.tolist()}
    rank = {value: n for n, value in enumerate(sorted({*known.values(), *exact.values()}, reverse=True))}
    places_of = [*(rank[exact[k]] for k in blocks.tolist()), *(rank[known[pair]] for pair in pairs)]
    run = np.concatenate([blocks, items])
    return run[np.lexsort((listed.tie[run], np.array(places_of)))]


def _fitting(problem: Paged, listed: _Listed, order: Indices, left: Fraction) -> int:
    """How many of an order ``left`` pays for: by float sums, exactly where rounding could decide."""
    sums = np.cumsum(listed.cost[order])
    doubt = 2.0**-50 * (order.size + int(np.diff(problem.layout.ends).max(initial=0)) + 4)
    room = floor_float(left)
    low = min(int(np.searchsorted(sums * (1 + doubt), room, side="right")), order.size)
    high = min(int(np.searchsorted(sums * (1 - doubt), np.nextafter(room, np.inf), side="right")), order.size)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if listed.exact_cost(problem, order[:middle]) <= left else (low, middle - 1)
    return low


def _window(density: Floats, cost: Floats, left: Fraction) -> tuple[float, float]:
    """Densities that probably enclose the critical one."""
    finite = np.isfinite(density)
    if density.size < _FEW or not finite.all():
        return -np.inf, np.inf
    some, unit = slice(None, None, int(density.size ** (1 / 3))), float(cost.max())
    share = density[some].size / density.size
    return enclosed(density[some], cost[some] / unit, float(left) / unit * share, WIDTHS[0])


def _block(weight: Floats, cost: Floats, order: list[int], fee: float) -> tuple[int, float, float]:
    """The size of a block, its density and its cost, exactly."""
    p, c, n = Fraction(0), Fraction(float(fee)), 0
    for i in order:
        w, x = Fraction(float(weight[i])), Fraction(float(cost[i]))
        if w * c <= p * x:
            break
        p, c, n = p + w, c + x, n + 1
    return n, float(p / c) if n else 0.0, float(c)


def _exactly(weight: Floats, cost: Floats) -> list[int]:
    """Positions by exact ratio, the first of equals first; items that cost nothing come first."""
    ratio = [
        (x > 0, -Fraction(float(w)) / Fraction(float(x)) if x else Fraction(0))
        for w, x in zip(weight, cost, strict=True)
    ]
    return sorted(range(weight.size), key=lambda i: (*ratio[i], i))
