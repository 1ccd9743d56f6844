"""The loops behind selection by page, in the part of Python that numba compiles.

:mod:`theory.arithmetic.page_scan` is the same by NumPy.

``ends`` says where pages end, ``cost`` holds a cost each or one for all, ``fee`` what every page costs, ``room`` what
an item of the page may cost at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np

CLOSED, OPEN, DOUBTFUL = 0, 1, 2
UNSURE = -1  # a block of which rounding could decide the size
LONG = 1 << 14  # coordinates of a page that a first look sums up in any precision
STEPS = 60  # of the search for a block's density: four are usual


def survey(
    values: Any, square: bool, cost: Any, ends: Any, fee: Any, room: Any, low: float, high: float, one: Any, line: Any,
    unit: float, mask: Any, states: Any, items: Any, keys: Any, prices: Any, pages: Any, density: Any, price: Any,
    sizes: Any,
) -> Any:  # fmt: skip
    """What is known of every page at any price from ``low`` to ``high``: open, closed, or neither.

    Into the mask, which is empty, goes what is worth ``high`` on open pages. A page in doubt has a block, the set whose
    items are each worth more per joule than all of it and the page: it opens with that. Listed are the other items of
    both that are worth ``low``.

    Args:
        high: infinite where it is no bound, and every page that costs something is in doubt.
        one: 1 in the precision of a first look at a page. line: ``low`` times the one cost there is, in that precision.
            unit: its rounding, 1 where there is to be no such look.
        items, keys, prices: receive the items, their score per cost and their cost.
        pages, density, price, sizes: receive blocks: the page, score per cost, cost with the page, and how many items
            (:data:`UNSURE` where rounding could decide).

    Returns:
        How many items are listed, more than there is room for when the lists are full; how many blocks; whether every
        entry is finite and squares to a float.
    """
    single, count, blocks = cost.size == 1, 0, 0
    tried, high, longest = high < np.inf, min(high, 1e300), (ends[1:] - ends[:-1]).max()
    w, c = np.empty(longest), np.full(longest, cost[0])
    lower, higher = low * (1.0 - 2.0**-48), high * (1.0 + 2.0**-48)
    for j in range(fee.size):
        first, n = ends[j], ends[j + 1] - ends[j]
        g = values[first : first + n]
        look, own = unit < 1.0 and fee[j] > 0.0 and n <= LONG, cost if single else cost[first : first + n]
        if look and _stays_shut(g, square, one, own, line, low, fee[j], unit):
            states[j] = CLOSED
            continue
        if not single:
            c[:n] = own
        whole = _weigh(g, square, room[j], cost if single else c, w)
        if not whole < np.inf:
            return 0, 0, False
        doubt = 2.0**-48 * (n + 4) * whole
        if fee[j] == 0.0 or (tried and _worth(w, c, n, high)[1] - doubt > high * fee[j] * (1.0 + 2.0**-48)):
            states[j] = OPEN
            bound = higher
            _mark(w, c, higher, mask[first : first + n])
        elif tried and _worth(w, c, n, low)[1] + doubt < low * fee[j] * (1.0 - 2.0**-48):
            states[j] = CLOSED
            continue
        else:
            kept, joules, bound = _block(w, c, n, fee[j], low)
            states[j] = DOUBTFUL if kept else CLOSED
            if kept == 0:
                continue
            pages[blocks], density[blocks], price[blocks], sizes[blocks] = j, bound, joules, kept
            blocks += 1
            if kept < 0:
                continue
        if _between(w, c, n, lower, bound):
            count = _list(w, c, n, lower, bound, first, items, keys, prices, count)
    return count, blocks, True


def members(
    values: Any, square: bool, cost: Any, ends: Any, room: Any, pages: Any, density: Any, sizes: Any, items: Any
) -> int:
    """List the items of some blocks, one block after the other: those worth more than the block per joule.

    Args:
        pages, density: of the blocks, as :func:`survey` found them. sizes: of each; those below 0 are passed over.

    Returns:
        How many are listed.
    """
    single, count = cost.size == 1, 0
    for k in range(pages.size):
        j = pages[k]
        for i in range(ends[j], ends[j + 1] if sizes[k] > 0 else ends[j]):
            v = np.float64(values[i])
            p = v * v if square else v
            x = cost[0] if single else cost[i]
            if x <= room[j] and p > density[k] * x:
                items[count] = i
                count += 1
    return count


def gather(
    values: Any, square: bool, cost: Any, ends: Any, room: Any, pages: Any, starts: Any, weights: Any, prices: Any
) -> None:
    """Weights of the items of some pages, 0 where one is too dear, and their costs, unless one is everybody's.

    Args:
        starts: where each page's items lie in ``weights`` and ``prices``.
    """
    single = cost.size == 1
    for k in range(pages.size):
        j = pages[k]
        n = ends[j + 1] - ends[j]
        c = prices if single else prices[starts[k] : starts[k] + n]
        if not single:
            c[:] = cost[ends[j] : ends[j + 1]]
        _weigh(values[ends[j] : ends[j + 1]], square, room[j], c, weights[starts[k] : starts[k] + n])


def demand(weights: Any, prices: Any, starts: Any, fees: Any, step: int, at: float, line: Any) -> Any:
    """What every ``step``-th of some pages costs at a price, together and in squares, rounded.

    Args:
        at: the price. line: the same times the one cost there is, in the precision of ``weights``.
    """
    single, total, squares = prices.size == 1, 0.0, 0.0
    for k in range(0, fees.size, step):
        w = weights[starts[k] : starts[k + 1]]
        if single:
            above, kept = _above_line(w, line)
            score, joules = np.float64(above), kept * prices[0]
        else:
            _, score, joules = _worth(w, prices[starts[k] : starts[k + 1]], w.size, at)
        if score > at * fees[k]:
            total += joules + fees[k]
            squares += (joules + fees[k]) ** 2
    return total, squares


# --- one page ------------------------------------------------------------------------------------


def _weigh(g: Any, square: bool, most: float, c: Any, w: Any) -> float:
    """Weights in float64, 0 where the cost is above ``most``; the sum of all of them."""
    whole = 0.0
    if square:  # a branch inside would keep compilers from making vectors
        for i in range(g.size):
            v = np.float64(g[i])
            w[i] = v * v
            whole += v * v
    else:
        for i in range(g.size):
            w[i] = g[i]
            whole += w[i]
    if c.size > 1:
        for i in range(g.size):
            w[i] = w[i] if c[i] <= most else 0.0
    elif c[0] > most:
        w[: g.size] = 0.0
    return whole


def _stays_shut(g: Any, square: bool, one: Any, cost: Any, line: Any, low: float, fee: float, unit: float) -> bool:
    """Whether a page is certainly shut at a price, by sums in the precision of ``one``."""
    if cost.size == 1:
        narrow, surplus = _first_look(g, square, one, line)
        whole, more = np.float64(narrow), np.float64(surplus)
    else:
        whole, more = _first_look_each(g, square, cost, low)
    return bool(more + 4.0 * unit * (g.size + 4) * whole < low * fee * (1.0 - 2.0**-48))


def _first_look(g: Any, square: bool, one: Any, line: Any) -> Any:
    """The weight of a page whose items cost the same, and what is above a line, in the precision of ``one``."""
    zero = one - one
    whole, more = zero, zero
    if square:  # a branch inside would keep compilers from making vectors
        for i in range(g.size):
            v = g[i] * one
            whole += v * v
            more += max(v * v - line, zero)
    else:
        for i in range(g.size):
            v = g[i] * one
            whole += v
            more += max(v - line, zero)
    return whole, more


def _first_look_each(g: Any, square: bool, cost: Any, at: float) -> Any:
    """The weight of a page and its surplus at a price."""
    whole, more = 0.0, 0.0
    if square:
        for i in range(g.size):
            v = np.float64(g[i])
            whole += v * v
            more += max(v * v - at * cost[i], 0.0)
    else:
        for i in range(g.size):
            v = np.float64(g[i])
            whole += v
            more += max(v - at * cost[i], 0.0)
    return whole, more


def _above_line(w: Any, line: Any) -> Any:
    """By how much items weigh more, together, and how many do."""
    zero = line - line
    above, kept = zero, np.int32(0)
    for i in range(w.size):
        above += max(w[i] - line, zero)
        kept += np.int32(w[i] > line)
    return above, kept


def _worth(w: Any, c: Any, n: int, at: float) -> Any:
    """How many items are worth more than a price, by how much together, and what they cost."""
    kept, above, joules = np.int64(0), 0.0, 0.0
    for i in range(n):
        gain = w[i] - at * c[i]
        kept += np.int64(gain > 0.0)
        above += max(gain, 0.0)
        joules += c[i] * (gain > 0.0)
    return kept, above, joules


def _block(w: Any, c: Any, n: int, fee: float, low: float) -> Any:
    """How many items the block of a page has, what it costs with the page, and its density; from a first guess of it.

    At a price, the items worth more and the page have a density of their own, which is at most the block's and above
    the price where the block's is: a few steps end at it.
    """
    held, kept, joules, bound = -1, 0, 0.0, low
    for _ in range(STEPS):
        kept, above, joules = _worth(w, c, n, bound)
        bound, joules = (above + bound * joules) / (joules + fee), joules + fee
        if kept == held:
            break
        held = kept
    if kept != held or _close(w, c, n, bound, 2.0**-50 * (n + 16)):
        kept = UNSURE
    return kept, joules, bound


def _list(
    w: Any, c: Any, n: int, low: float, high: float, first: int, items: Any, keys: Any, prices: Any, count: int
) -> int:
    """List the items of a page worth one price and not more than another; how many are listed now."""
    for i in range(n):
        if w[i] > 0.0 and w[i] >= low * c[i] and not w[i] > high * c[i]:
            if count < items.size:
                items[count] = first + i
                keys[count] = w[i] / c[i]
                prices[count] = c[i]
            count += 1
    return count


def _mark(w: Any, c: Any, at: float, over: Any) -> None:
    """Which items are worth more than a price."""
    for i in range(over.size):
        over[i] = w[i] > at * c[i]


def _between(w: Any, c: Any, n: int, low: float, high: float) -> bool:
    """Whether an item is worth one price and not more than another."""
    found = np.int64(0)
    for i in range(n):
        found += np.int64((w[i] >= low * c[i]) & (w[i] <= high * c[i]))
    return bool(found > 0)


def _close(w: Any, c: Any, n: int, at: float, tolerance: float) -> bool:
    """Whether rounding could decide if an item is worth more than a price."""
    found = np.int64(0)
    for i in range(n):
        left, right = w[i], at * c[i]
        found += np.int64((abs(left - right) <= tolerance * (left + right)) & (left > 0.0))
    return bool(found > 0)


PARTS = (
    _stays_shut,
    _weigh,
    _first_look,
    _first_look_each,
    _above_line,
    _worth,
    _mark,
    _between,
    _close,
    _list,
    _block,
)
