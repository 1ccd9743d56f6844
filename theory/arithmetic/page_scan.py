"""The passes of :mod:`theory.arithmetic.page_loops` by NumPy, some pages at a time, for where numba is not at hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.page_loops import CLOSED, DOUBTFUL, OPEN, STEPS, UNSURE

_PIECE = 1 << 18  # coordinates at a time, or one page if that has more


def survey(
    values: Any, square: bool, cost: Any, ends: Any, fee: Any, room: Any, low: float, high: float, one: Any, line: Any,
    unit: float, mask: Any, states: Any, items: Any, keys: Any, prices: Any, pages: Any, density: Any, price: Any,
    sizes: Any,
) -> tuple[int, int, bool]:  # fmt: skip
    """As :func:`theory.arithmetic.page_loops.survey`; there is no first look."""
    count, blocks, tried, high = 0, 0, high < np.inf, min(high, 1e300)
    lower, higher = low * (1.0 - 2.0**-48), high * (1.0 + 2.0**-48)
    for some, part in _pieces(ends):
        length, starts, fees = np.diff(ends[some.start : some.stop + 1]), ends[some] - part.start, fee[some]
        w, c, whole = _weights(values, square, part, cost, np.repeat(room[some], length), starts)
        if not (whole < np.inf).all():
            return 0, 0, False
        more, least = (np.add.reduceat(np.maximum(w - at * c, 0.0), starts) for at in (low, high))
        doubt = 2.0**-48 * (length + 4) * whole
        opened = (fees == 0.0) | (tried & (least - doubt > high * fees * (1.0 + 2.0**-48)))
        closed = ~opened & tried & (more + doubt < low * fees * (1.0 - 2.0**-48))
        found = np.where(opened, OPEN, np.where(closed, CLOSED, DOUBTFUL)).astype(np.int8)
        of = np.repeat(found, length)
        mask[part] = above = (of == OPEN) & (w > higher * c)
        near = (of != CLOSED) & (w > 0) & (w >= lower * c) & ~above
        inside = np.flatnonzero(of == DOUBTFUL)
        if inside.size:
            which = np.flatnonzero(found == DOUBTFUL)
            first = np.cumsum(length[which]) - length[which]
            own = c if c.size == 1 else c[inside]
            kept, dense, joules, up = _block(w[inside], own, first, length[which], fees[which], low)
            near[inside] &= ~(up | np.repeat(kept == UNSURE, length[which]))
            none, real = which[kept == 0], kept != 0
            found[none] = CLOSED
            near &= np.repeat(found, length) != CLOSED
            new = slice(blocks, blocks + np.count_nonzero(real))
            pages[new], density[new], price[new] = some.start + which[real], dense[real], joules[real]
            sizes[new] = kept[real]
            blocks += int(np.count_nonzero(real))
        states[some] = found
        chosen = np.flatnonzero(near)
        listed = slice(count, min(count + chosen.size, items.size))
        count += chosen.size
        if listed.start < listed.stop:
            chosen = chosen[: listed.stop - listed.start]
            prices[listed] = c if c.size == 1 else c[chosen]
            items[listed] = part.start + chosen
            with np.errstate(divide="ignore", over="ignore"):
                keys[listed] = w[chosen] / prices[listed]
    return count, blocks, True


def _block(w: Any, c: Any, first: Any, length: Any, fees: Any, low: float) -> tuple[Any, Any, Any, Any]:
    """The blocks of some pages: sizes, densities, costs, and which items are in."""
    dense, held = np.full(first.size, low), np.full(first.size, -1)
    for _ in range(STEPS):
        up = w > np.repeat(dense, length) * c
        kept = np.add.reduceat(up, first, dtype=np.intp)
        score = np.add.reduceat(np.where(up, w, 0.0), first)
        joules = (kept * c[0] if c.size == 1 else np.add.reduceat(np.where(up, c, 0.0), first)) + fees
        dense = score / joules
        if (kept == held).all():
            break
        held = kept
    line = np.repeat(dense, length) * c
    close = (w > 0) & (np.abs(w - line) <= np.repeat(2.0**-50 * (length + 16), length) * (w + line))
    unsure = np.logical_or.reduceat(close, first) | (kept != held)
    return np.where(unsure, UNSURE, kept), dense, joules, w > line


def members(
    values: Any, square: bool, cost: Any, ends: Any, room: Any, pages: Any, density: Any, sizes: Any, items: Any
) -> int:
    """As :func:`theory.arithmetic.page_loops.members`."""
    some = np.flatnonzero(sizes > 0)
    if not some.size:
        return 0
    of, places, _ = _places(ends, pages[some])
    with np.errstate(over="ignore"):
        w = values[places].astype(np.float64)
        w = w * w if square else w
    c = cost if cost.size == 1 else cost[places]
    found = places[(c <= room[pages[some]][of]) & (w > density[some][of] * c)]
    items[: found.size] = found
    return int(found.size)


def gather(
    values: Any, square: bool, cost: Any, ends: Any, room: Any, pages: Any, starts: Any, weights: Any, prices: Any
) -> None:
    """As :func:`theory.arithmetic.page_loops.gather`."""
    of, places, _ = _places(ends, pages)
    with np.errstate(over="ignore"):
        w = values[places].astype(np.float64)
        w = w * w if square else w
    if cost.size > 1:
        prices[:] = cost[places]
    weights[:] = np.where(prices <= room[pages][of], w, 0.0)


def demand(weights: Any, prices: Any, starts: Any, fees: Any, step: int, at: float, line: Any) -> tuple[float, float]:
    """As :func:`theory.arithmetic.page_loops.demand`."""
    chosen, first = np.arange(0, fees.size, step), starts[:-1]
    if step > 1:
        _, places, first = _places(starts, chosen)
        weights, prices = weights[places], prices if prices.size == 1 else prices[places]
    gain = weights - at * prices
    up = gain > 0
    joules = np.add.reduceat(np.where(up, prices, 0.0), first) + fees[chosen]
    joules = joules[np.add.reduceat(np.where(up, gain, 0.0), first) > at * fees[chosen]]
    return float(joules.sum()), float((joules * joules).sum())


def _places(ends: Any, pages: Any) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """The coordinates of some pages: which page each is on, where it is, and where each page's begin."""
    length = ends[pages + 1] - ends[pages]
    first = np.cumsum(length) - length
    of = np.repeat(np.arange(length.size), length)
    return of, np.arange(of.size) + (ends[pages] - first)[of], first


def _pieces(ends: Any) -> Iterator[tuple[slice, slice]]:
    """Some pages after the other, and where their coordinates lie."""
    first, count = 0, ends.size - 1
    while first < count:
        last = max(int(np.searchsorted(ends, ends[first] + _PIECE, side="right")) - 1, first + 1)
        yield slice(first, last), slice(int(ends[first]), int(ends[last]))
        first = last


def _weights(values: Any, square: bool, part: slice, cost: Any, most: Any, starts: Any) -> tuple[Any, Any, Any]:
    """Weights of a piece, 0 where one is too dear; costs, or the one; and the weight of every page."""
    with np.errstate(over="ignore", invalid="ignore"):
        w = values[part].astype(np.float64)
        w = w * w if square else w
        c, whole = cost if cost.size == 1 else cost[part], np.add.reduceat(w, starts)
        return np.where(c <= most, w, 0.0), c, whole
