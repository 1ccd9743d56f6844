"""The loops of :mod:`theory.compiled`, in the part of Python that numba compiles.

They compare exactly as NumPy does in :mod:`theory.tally`, operation by operation; only the order of exact sums is the
compiler's. ``values``, ``cost`` and ``labels`` are whole arrays, of which a loop reads from ``start`` to ``stop``. It
fills ``above`` and lists what is inside the bracket: ``items``, ``keys`` and ``prices``; before these are full it
stops. ``inside`` is scratch of :data:`BLOCK` flags.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

BLOCK = 1 << 13  # coordinates whose costs are added up in float64, and whose flags stay in a core's cache

_FEW = 8  # classes of a block that are treated one after the other


@cache
def compiled(loop: Callable[..., Any]) -> Any:
    """``loop``, by numba; Python's lock is not held in it."""
    import numba
    from numba.extending import register_jitable

    for part in (_listed, _look_up, _count):
        register_jitable(part)
    options: dict[str, Any] = {"nogil": True, "fastmath": {"reassoc", "nsz"}, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(loop)
    except RuntimeError:  # nowhere to keep what was compiled
        return numba.njit(**options)(loop)


def by_coordinate(
    values: Any, cost: Any, start: int, stop: int, above: Any, inside: Any, items: Any, keys: Any, prices: Any,
    square: bool, one: Any, infinity: Any, safe_low: Any, safe_high: Any, by_cost: bool, low: Any, high: Any,
    affordable: Any, cheapest: Any, dearest: Any, near: Any, far: Any, per_tick: float,
) -> Any:  # fmt: skip
    """The loop for a cost each.

    Costs between ``near`` and ``far`` are whole ticks, and a block of them adds up without rounding in float64.

    Returns:
        Where it stopped; how many items are inside; not 0 when an entry is out of range; not 0 when a cost lies outside
        ``[near, far]``; the cost of what is above, in 2^30 ticks and in ticks.
    """
    bad, wide, listed, many, few = np.int32(0), np.int32(0), 0, np.int64(0), np.int64(0)
    begin = start
    while begin < stop and listed + BLOCK <= items.size:
        end = min(begin + BLOCK, stop)
        g, p, over_line = values[begin:end], cost[begin:end], above[begin:end]
        total = 0.0
        for i in range(g.size):
            v, c = g[i] * one, p[i]
            size = abs(v)
            w = v * v if square else size
            bad |= np.int32(not (w < infinity)) | np.int32(not (c > cheapest)) | np.int32(not (c < dearest))
            bad |= np.int32(v != 0) & (np.int32(not (size >= safe_low)) | np.int32(not (size <= safe_high)))
            wide |= np.int32(not (c >= near)) | np.int32(not (c <= far))
            line = c if by_cost else one
            may = c <= affordable
            over = (w > line * high) & may
            over_line[i] = over
            inside[i] = (w >= line * low) & (v != 0) & may & (not over)
            total += np.float64(c) if over else 0.0
        ticks = np.int64(total * per_tick)
        many += ticks >> 30
        few += ticks & 0x3FFFFFFF
        before, listed = listed, _listed(g, square, begin, inside, items, keys, listed)
        for k in range(before, listed):
            prices[k] = cost[items[k]]
            keys[k] = keys[k] / prices[k] if by_cost else keys[k]
        begin = end
    return begin, listed, bad, wide, many, few


def by_class(
    values: Any, labels: Any, start: int, stop: int, above: Any, inside: Any, items: Any, keys: Any, prices: Any,
    square: bool, one: Any, infinity: Any, safe_low: Any, safe_high: Any, by_cost: bool, low: Any, high: Any,
    lines: Any, line: Any, class_cost: Any, classes: Any, counts: Any,
) -> Any:  # fmt: skip
    """The loop for classes, of which ``lines`` holds the cost (infinite where it is more than the budget).

    ``line`` is scratch of :data:`BLOCK` costs, ``classes`` are the labels there are, and ``counts`` receives how many
    of each are above. A block of one class, as most of a layered model are, is read without looking labels up.

    Returns:
        Where it stopped; how many items are inside; not 0 when an entry or a label is out of range.
    """
    bad, listed, begin = np.int32(0), 0, start
    while begin < stop and listed + BLOCK <= items.size:
        end = min(begin + BLOCK, stop)
        g, own, over_line = values[begin:end], labels[begin:end], above[begin:end]
        least = most = own[0]
        for i in range(own.size):
            least, most = min(least, own[i]), max(most, own[i])
        first, last = np.int64(least), np.int64(most)
        if first < 0 or last >= counts.size:
            return begin, listed, np.int32(1)
        for i in range(g.size):
            v = g[i] * one
            size = abs(v)
            w = v * v if square else size
            bad |= np.int32(not (w < infinity))
            bad |= np.int32(v != 0) & (np.int32(not (size >= safe_low)) | np.int32(not (size <= safe_high)))
        if first == last:
            lowest, highest, taken = lines[first] * low, lines[first] * high, np.int64(0)
            for i in range(g.size):
                v = g[i] * one
                w = v * v if square else abs(v)
                over = w > highest
                over_line[i] = over
                inside[i] = (w >= lowest) & (v != 0) & (not over)
                taken += np.int64(over)
            counts[first] += taken
        else:
            here = classes[first : last + 1]
            _look_up(own, here, lines, line)
            for i in range(g.size):
                v, c = g[i] * one, line[i]
                w = v * v if square else abs(v)
                over = w > c * high
                over_line[i] = over
                inside[i] = (w >= c * low) & (v != 0) & (not over)
            _count(own, here, over_line, counts)
        before, listed = listed, _listed(g, square, begin, inside, items, keys, listed)
        for k in range(before, listed):
            prices[k] = class_cost[labels[items[k]]]
            keys[k] = keys[k] / prices[k] if by_cost else keys[k]
        begin = end
    return begin, listed, bad


def _look_up(own: Any, classes: Any, lines: Any, line: Any) -> None:
    """Put ``lines[own]`` into ``line``: for few ``classes`` one after the other, which compilers make fast."""
    if classes.size <= _FEW:
        line[: own.size] = lines[classes[0]]
        for label in classes[1:]:
            value = lines[label]
            for i in range(own.size):
                line[i] = value if own[i] == label else line[i]
    else:
        for i in range(own.size):
            line[i] = lines[own[i]]


def _count(own: Any, classes: Any, over_line: Any, counts: Any) -> None:
    """Add how many of each of ``classes`` are above."""
    if classes.size <= _FEW:
        for label in classes:
            taken = np.int64(0)
            for i in range(own.size):
                taken += np.int64(over_line[i] & (own[i] == label))
            counts[label] += taken
    else:
        for i in range(own.size):
            counts[own[i]] += np.int64(over_line[i])


def _listed(g: Any, square: bool, begin: int, inside: Any, items: Any, keys: Any, listed: int) -> int:
    """List the items of a block that are ``inside``, their weights as keys; returns how many are listed now."""
    words, eights = (g.size + 7) // 8, inside.view(np.int64)
    inside[g.size : 8 * words] = False
    for word in range(words):
        if eights[word]:  # few are, and eight flags at a time are passed over at once
            for i in range(8 * word, 8 * word + 8):
                if inside[i]:
                    wide_value = np.float64(g[i])
                    items[listed] = begin + i
                    keys[listed] = wide_value * wide_value if square else abs(wide_value)
                    listed += 1
    return listed
