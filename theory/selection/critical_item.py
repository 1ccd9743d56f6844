"""The finish of :mod:`theory.selection.bracket`: the critical item among the few that the pass has listed, exactly.

Costs in bins of keys say between which keys it is; items with larger ones are settled, only those between are sorted.
Bins are rounded, the sums of what is settled are not: a bin that was wrongly chosen shows, and everything is sorted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic import compiled_loops
from theory.arithmetic.exact import exact_sum, floor_float
from theory.arithmetic.sums import Window, as_bits
from theory.arithmetic.threads import SCATTERED, each, useful_threads
from theory.selection.entries import Entries
from theory.selection.order import Floats, Indices, Prefix, critical_run, how_many_affordable
from theory.selection.scan import Scanned
from theory.selection.scan_numpy import Lists

_Result = TypeVar("_Result")

_BINS = 1024
_ALL = (0.0, math.inf)  # keys between which everything lies
_PIECE = 1 << 14  # items that NumPy treats at once: scratch of this size costs nothing


def find_critical_item(
    entries: Entries, budget: Fraction, low: float, high: float, found: Scanned, mask: NDArray[np.bool_]
) -> Prefix | None:
    """Complete the mask with the affordable ones of the items inside the bracket; None when the bracket missed.

    Args:
        low, high: the bracket. found: what the pass found. mask: as the pass left it.
    """
    left = budget - found.above
    if left < 0:
        return None
    for least, most in (_narrowed(entries.d, found.inside, left), _ALL):
        parts = _by_list(lambda lists: _split(entries.d, lists, least, most, mask), found.inside)  # noqa: B023
        spent = sum((cost for cost, _ in parts), Fraction(0))
        chosen = [[column[among] for column in lists] for lists, (_, among) in zip(found.inside, parts, strict=True)]
        items, key, cost = map(np.concatenate, zip(*chosen, strict=True))
        items, key, cost, taken = _ranked(entries, items, key, cost, left - spent)
        if 0 <= taken < items.size or (least, most) == _ALL:  # else rounding chose the wrong bin
            break
        for settled, _, _ in found.inside:
            mask[settled] = False
    if (taken == items.size and low > 0) or (taken < items.size and not low <= key[taken] < high):
        return None
    mask[items[:taken]] = True
    spent += found.above + exact_sum(cost[:taken])
    return Prefix(mask, spent, int(items[taken]) if taken < items.size else None)


def _narrowed(d: int, inside: list[Lists], left: Fraction) -> tuple[float, float]:
    """Keys between which the critical one of the listed items is found, ``left`` being what these may cost."""
    filled = [key for _, key, _ in inside if key.size]
    lowest = min((float(key.min()) for key in filled), default=0.0)
    highest = max((float(key.max()) for key in filled), default=0.0)
    width = (highest - lowest) / _BINS
    if sum(key.size for key in filled) < _BINS or not 0 < width < math.inf:
        return _ALL
    sums = np.sum(_by_list(lambda lists: _binned(d, *lists[1:], lowest, width), inside), axis=0)
    settled = int(np.searchsorted(np.cumsum(sums[::-1]), floor_float(left), side="right"))
    critical = _BINS - settled
    if critical < 0:
        return _ALL
    return lowest + critical * width, lowest + (critical + 1) * width if settled else math.inf


def _by_list(work: Callable[[Lists], _Result], inside: list[Lists]) -> list[_Result]:
    """``work`` of every thread's list, by as many threads if the lists are long."""
    enough = useful_threads(len(inside), sum(items.size for items, _, _ in inside), SCATTERED) == len(inside)
    return each(work, inside) if enough else [work(lists) for lists in inside]


def _binned(d: int, key: Floats, cost: Floats, lowest: float, width: float) -> Floats:
    """The costs in the bins of their keys."""
    sums = np.zeros(_BINS + 1)
    if compiled_loops.worth_it(d):
        compiled_loops.compiled(compiled_loops.binned)(key, cost, lowest, width, sums)
        return sums
    for start in range(0, key.size, _PIECE):
        part = slice(start, start + _PIECE)
        bins = ((key[part] - lowest) / width).astype(np.intp)
        sums += np.bincount(np.minimum(bins, sums.size - 1), weights=cost[part], minlength=sums.size)
    return sums


def _split(d: int, lists: Lists, least: float, most: float, mask: NDArray[np.bool_]) -> tuple[Fraction, Indices]:
    """Put items with keys from ``most`` on into the mask; what these cost, and which lie between."""
    items, key, cost = lists
    bounded, above = most < math.inf, lambda part: (key[part] >= most) & (most < math.inf)  # keys may be infinite
    if not (compiled_loops.worth_it(d) and items.size):
        settled = above(slice(None))
        mask[np.compress(settled, items)] = True
        return exact_sum(np.compress(settled, cost)), np.flatnonzero((key >= least) & ~settled)
    split, window = compiled_loops.compiled(compiled_loops.split), Window.around(cost)
    among, count, spent = np.empty(items.size, np.intp), 0, Fraction(0)
    for start in range(0, items.size, compiled_loops.SPAN):
        part = slice(start, start + compiled_loops.SPAN)
        listed = items[part], key[part], as_bits(cost)[part]
        more, odd, *sums = split(*listed, least, most, bounded, start, mask, among[count:], window.exponent)
        spent += exact_sum(np.compress(above(part), cost[part])) if odd else window.sum_of(*sums)
        count += more
    return spent, among[:count]


def _ranked(
    entries: Entries, items: Indices, key: Floats, cost: Floats, left: Fraction
) -> tuple[Indices, Floats, Floats, int]:
    """Items, ascending, in the exact order as far as it matters, and how many fit; -1 when ``left`` is negative."""
    order, taken = np.argsort(-key, kind="stable"), -1
    if left >= 0:
        taken = how_many_affordable(cost[order], left)
    if 0 <= taken < order.size:
        weight = entries.weights_of(items[order])
        by = cost[order] if entries.by_cost else np.ones_like(cost)
        exactly = critical_run(weight, by, key[order], taken)
        if exactly is not None:
            order = order[exactly]
            taken = how_many_affordable(cost[order], left)
    return items[order], key[order], cost[order], taken
