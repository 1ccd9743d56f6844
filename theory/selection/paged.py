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

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.arithmetic import compiled_loops, page_loops, page_scan
from theory.arithmetic.exact import Real, exact_sum, exact_sum_of_squares, floor_float
from theory.budget import budget_in_units
from theory.errors import InputError
from theory.instance import Instance
from theory.pages import PageCosts, PageLayout, page_layout, touched
from theory.selection import tensors
from theory.selection.bracket import enclosed
from theory.selection.rounding import Selection

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

_WIDTHS = (4.0, 16.0)  # standard deviations of the sample of pages to either side; then everything
_COMPILED = 1 << 19  # coordinates from which loading numba pays: NumPy takes a tenth of a second for so many
_SAMPLED = 1 << 19  # coordinates from which a bracket pays
_NEAR = 2.0**-40  # relative distance of densities within which rationals decide


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
        pages = exact_sum(layout.page[touched(layout, mask)])
        return pages + _items_cost(layout, mask)

    @property
    def total_cost(self) -> Fraction:
        """The exact cost of everything."""
        return exact_sum(self.layout.page) + _items_cost(self.layout, np.ones(self.layout.d, dtype=bool))


def paged(update: ArrayLike, costs: PageCosts, budget: Real | None = None, *, scores: bool = False) -> Paged:
    """Update, costs by page and budget, validated.

    Args:
        update: shape (d,), finite. budget: as for :class:`theory.Instance`, of items and pages together.
        scores: whether ``update`` holds scores ``p_i >= 0`` instead.

    Raises:
        InputError: what :func:`theory.pages.page_layout` and :class:`theory.Instance` refuse; a float64 update whose
            squares need scaling.
    """
    values = np.asarray(tensors.array(update))
    plain = values.dtype.kind == "f" and values.dtype.itemsize <= 8 and values.ndim == 1
    if not plain or not np.isfinite(values.sum(dtype=np.float64)) or scores:
        one = Instance.from_scores(values, 1, 0) if scores else Instance(values, 1, 0)
        values = one.score if one.update is None else one.update
    layout = page_layout(costs, values.size)
    problem = Paged(values, not scores, layout, Fraction(0))
    exact = budget_in_units(budget, lambda: problem.total_cost, layout.unit)
    return Paged(values, not scores, layout, exact)


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
        problem = paged(update, costs, budget)
    d, size = problem.layout.d, problem.layout.page.size
    brackets = [*_brackets(problem), (0.0, np.inf)] if size else [(0.0, np.inf)]
    for low, high in brackets:
        found = _between(problem, low, high)
        if found is not None:
            mask, spent, threshold = found
            return Selection(mask, spent, partial(problem.retained, mask), None, threshold, problem.layout.unit)
    raise InputError(f"update of {d} coordinates holds squares that float64 cannot hold; scale it")


# --- between two prices ----------------------------------------------------------------------------------


class _Order(NamedTuple):
    """Blocks and items in doubt, in their order.

    Attributes:
        members: positions among the items of each, flat. starts: where each one's begin, one more at the end.
        fees: what each costs beside its items. density: score per cost, rounded. tie: what comes first of equals.
    """

    members: Indices
    starts: Indices
    fees: Floats
    density: Floats
    cost: Floats
    tie: Indices

    def sorted(self, by: Indices) -> _Order:
        """In another order."""
        sizes = np.diff(self.starts)[by]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp)
        flat = np.repeat(self.starts[by] - starts[:-1], sizes) + np.arange(starts[-1])
        members = self.members[flat]
        return _Order(members, starts, self.fees[by], self.density[by], self.cost[by], self.tie[by])


def _between(problem: Paged, low: float, high: float) -> tuple[Mask, Fraction, Fraction] | None:
    """The selection, if its price is from ``low`` to ``high``; None if it is not."""
    layout, d = problem.layout, problem.layout.d
    mask, states = np.zeros(d, dtype=bool), np.zeros(layout.page.size, dtype=np.int8)
    cost, room = np.atleast_1d(layout.item), _room(problem)
    given = problem.values, problem.square, cost, layout.ends, layout.page, room, low, min(high, 1e300)
    if not _loop(d, "state")(*given, states):
        Instance(problem.values, 1, 0)
        return None
    if high == np.inf:
        states[layout.page > 0] = page_loops.DOUBTFUL
    size = d if high == np.inf else max(d // 4, 1 << 12)
    items, pages = np.empty(size, dtype=np.intp), np.empty(size, dtype=np.intp)
    count = _loop(d, "sift")(*given, states, mask, items, pages)
    if count > size:
        return None
    items, pages = items[:count], pages[:count]
    opened = (states == page_loops.OPEN) & (layout.page > 0)
    left = problem.budget - _items_cost(layout, mask) - exact_sum(layout.page[opened])
    if left < 0:
        return None
    order = _ordered(problem, items, pages, states)
    taken, spent, threshold = _cut(problem, items, order, left)
    if taken == order.fees.size and low > 0:
        return None
    mask[items[order.members[: order.starts[taken]]]] = True
    return mask, problem.budget - left + spent, threshold


def _ordered(problem: Paged, items: Indices, pages: Indices, states: NDArray[np.int8]) -> _Order:
    """Blocks of the pages in doubt, their other items, and the items of pages that are open anyway."""
    layout = problem.layout
    weight, cost = problem.weights(items), layout.items(items)
    with np.errstate(divide="ignore", over="ignore"):
        key = weight / cost
    starts = np.flatnonzero(np.r_[True, pages[1:] != pages[:-1]]) if pages.size else np.empty(0, dtype=np.intp)
    by_page = np.empty(items.size, dtype=np.intp)
    _loop(layout.d, "rank")(key, starts, np.append(starts[1:], items.size)[: starts.size], by_page)
    weight, cost, key, pages = weight[by_page], cost[by_page], key[by_page], pages[by_page]
    shut = states[pages] == page_loops.DOUBTFUL
    inside = np.flatnonzero(shut)
    first = np.flatnonzero(np.r_[True, np.diff(pages[inside]) > 0]) if inside.size else inside
    which = pages[inside[first]]
    last = np.append(first[1:], inside.size)
    n = which.size
    sizes, density, price = np.zeros(n, dtype=np.intp), np.zeros(n), np.zeros(n)
    parts = weight[inside], cost[inside], first, last, layout.page[which]
    if _loop(layout.d, "blocks")(*parts, sizes, density, price):
        for j in np.flatnonzero(sizes < 0):
            run = slice(first[j], last[j])
            sizes[j], density[j], price[j] = _block(parts[0][run], parts[1][run], parts[4][j])
            inside[run] = inside[run][_exactly(parts[0][run], parts[1][run])]
    in_block = np.zeros(items.size, dtype=bool)
    places = np.arange(inside.size) - np.repeat(first + sizes, last - first)  # less than 0: in the block
    in_block[inside[places < 0]] = True
    singles = np.flatnonzero(~in_block)
    members = np.concatenate([np.flatnonzero(in_block), singles])  # of blocks in the order of pages, as blocks are
    counts = np.concatenate([sizes, np.ones(singles.size, dtype=np.intp)])
    some = counts > 0
    starts = np.concatenate([[0], np.cumsum(counts[some])]).astype(np.intp)
    fees = np.concatenate([layout.page[which], np.zeros(singles.size)])[some]
    found = _Order(
        by_page[members], starts, fees,
        np.concatenate([density, key[singles]])[some], np.concatenate([price, cost[singles]])[some],
        np.concatenate([2 * layout.ends[which], 2 * items[by_page[singles]] + 1])[some],
    )  # fmt: skip
    return found.sorted(_by_density(found))


def _by_density(found: _Order) -> Indices:
    """The densest first, and of equals the one that comes first."""
    order = np.argsort(-found.density)
    density = found.density[order]
    if (density[1:] == density[:-1]).any():
        return np.lexsort((found.tie, -found.density))
    return order


def _cut(problem: Paged, items: Indices, order: _Order, left: Fraction) -> tuple[int, Fraction, Fraction]:
    """How many of the order fit, what they cost, and the density of the first that does not (0 when all do)."""

    def cost_of(n: int, order: _Order) -> Fraction:
        own = problem.layout.items(items[order.members[: order.starts[n]]])
        return exact_sum(own) + exact_sum(order.fees[:n])

    def fitting(order: _Order, low: int, high: int) -> int:
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if cost_of(middle, order) <= left else (low, middle - 1)
        return low

    sums = np.cumsum(order.cost)
    doubt = 2.0**-48 * (order.members.size + 4)
    room = floor_float(left)
    low = int(np.searchsorted(sums * (1 + doubt), room, side="right"))
    high = int(np.searchsorted(sums * (1 - doubt), np.nextafter(room, np.inf), side="right"))
    taken = fitting(order, min(low, order.fees.size), min(high, order.fees.size))
    if taken == order.fees.size:
        return taken, cost_of(taken, order), Fraction(0)
    exact = lambda k: _density(problem, items, order, k)  # noqa: E731
    near = np.abs(order.density - order.density[taken]) <= _NEAR * order.density[taken]
    run = np.flatnonzero(near)
    if run.size > 1:
        by = np.arange(order.fees.size)
        by[run] = sorted(run.tolist(), key=lambda k: (-exact(k), int(order.tie[k])))
        order_now = order.sorted(by)
        taken = fitting(order_now, int(run[0]), int(run[-1]))
        for column, new in zip(order, order_now, strict=True):
            column[:] = new
    return taken, cost_of(taken, order), exact(taken)


def _density(problem: Paged, items: Indices, order: _Order, k: int) -> Fraction:
    own = items[order.members[order.starts[k] : order.starts[k + 1]]]
    cost = exact_sum(problem.layout.items(own)) + Fraction(float(order.fees[k]))
    return exact_sum(problem.weights(own)) / cost if cost else Fraction(10) ** 400


def _block(weight: Floats, cost: Floats, fee: float) -> tuple[int, float, float]:
    """The size of a block, its density and its cost, exactly."""
    p, c, n = Fraction(0), Fraction(float(fee)), 0
    for i in _exactly(weight, cost):
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


# --- where the price probably is -----------------------------------------------------------------------------


def _brackets(problem: Paged) -> list[tuple[float, float]]:
    """Prices that probably enclose the right one, by the blocks and items of some pages."""
    layout = problem.layout
    pages, d = layout.page.size, layout.d
    wanted = max(64, int(pages * 2 * d ** (-1 / 3)))
    if d < _SAMPLED or wanted * 4 > pages:
        return []
    places = (np.arange(wanted) + np.random.default_rng(0).random(wanted)) * (pages / wanted)
    chosen = np.minimum(places.astype(np.intp), pages - 1)
    sizes = layout.ends[chosen + 1] - layout.ends[chosen]
    of = np.repeat(chosen, sizes)
    items = np.repeat(layout.ends[chosen] - (np.cumsum(sizes) - sizes), sizes) + np.arange(of.size)
    may = (problem.weights(items) > 0) & (layout.items(items) <= _room(problem)[of])
    states = np.where(layout.page > 0, page_loops.DOUBTFUL, page_loops.OPEN).astype(np.int8)
    order = _ordered(problem, items[may], of[may], states)
    finite = np.isfinite(order.density)
    key, cost = order.density[finite], order.cost[finite]
    if not key.size:
        return []
    unit = float(cost.max())
    target = float(problem.budget) / unit * wanted / pages - float(order.cost[~finite].sum()) / unit
    found = [enclosed(key, cost / unit, target, width) for width in _WIDTHS]
    return [(low, high) for low, high in found if high < np.inf]


def _room(problem: Paged) -> Floats:
    """What an item of each page may cost: the budget less the page, rounded down exactly."""
    values, of = np.unique(problem.layout.page, return_inverse=True)
    rooms = np.array([floor_float(problem.budget - Fraction(v)) for v in values.tolist()])
    found: Floats = rooms[of]
    return found


def _items_cost(layout: PageLayout, mask: Mask) -> Fraction:
    if layout.item.ndim:
        return exact_sum(layout.item[mask])
    return int(np.count_nonzero(mask)) * Fraction(float(layout.item))


def _loop(d: int, name: str) -> Any:
    """A pass over the pages, as it is quickest for so many coordinates."""
    if d >= _COMPILED and find_spec("numba") is not None:
        return compiled_loops.compiled(getattr(page_loops, name))
    return getattr(page_scan, name, None) or getattr(page_loops, name)
