"""The loop of :mod:`theory.sweep` over costs per coordinate, compiled by numba where it is installed: no lock is held.

It compares exactly as NumPy does there, operation by operation; only the order of exact sums is the compiler's. For
classes NumPy is as fast, and stays.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from theory.entries import Entries

FROM = 1 << 20  # coordinates from which it is worth loading numba (about a second, the first time some more to compile)

BLOCK = 1 << 13  # coordinates whose costs are added up in float64, and whose flags stay in a core's cache

_WIDTHS = (np.dtype(np.float32), np.dtype(np.float64))


def usable(entries: Entries) -> bool:
    """Whether the loop takes these entries: large, contiguous, float32 or float64, a cost each, and numba there."""
    if entries.cost is None or entries.d < FROM or find_spec("numba") is None:
        return False
    return all(a.dtype in _WIDTHS and a.flags.c_contiguous for a in (entries.values, entries.cost))


@cache
def loop() -> Any:
    """The compiled loop."""
    import numba

    options: dict[str, Any] = {"nogil": True, "fastmath": {"reassoc", "nsz"}, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(_costs)
    except RuntimeError:  # nowhere to keep what was compiled
        return numba.njit(**options)(_costs)


def _costs(
    values: Any, cost: Any, start: int, stop: int, one: Any, infinity: Any, low: Any, high: Any, affordable: Any,
    cheapest: Any, dearest: Any, safe_low: Any, safe_high: Any, near: Any, far: Any, per_tick: float, square: bool,
    by_cost: bool, above: Any, inside: Any, items: Any, weights: Any, prices: Any,
) -> Any:  # fmt: skip
    """Fill ``above`` from ``start`` on, and list what is inside: items, weights and costs.

    Costs between ``near`` and ``far`` are whole ticks, and a block of them adds up without rounding in float64.

    Args:
        inside: scratch of :data:`BLOCK` flags. items: as long as the list may get; the loop stops before it is full.

    Returns:
        Where it stopped; not 0 when an entry is out of range; not 0 when a cost lies outside ``[near, far]``; the cost
        of what is above, in 2^30 ticks and in ticks; how many items are inside.
    """
    bad, wide, listed, many, few = np.int32(0), np.int32(0), 0, np.int64(0), np.int64(0)
    begin, eights = start, inside.view(np.int64)
    while begin < stop and listed + BLOCK <= items.size:
        end = min(begin + BLOCK, stop)
        g, p, over_line, between = values[begin:end], cost[begin:end], above[begin:end], inside[: end - begin]
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
            between[i] = (w >= line * low) & (v != 0) & may & (not over)
            total += np.float64(c) if over else 0.0
        ticks = np.int64(total * per_tick)
        many += ticks >> 30
        few += ticks & 0x3FFFFFFF
        words = (g.size + 7) // 8
        inside[g.size : 8 * words] = False
        for word in range(words):
            if eights[word]:  # few are, and eight flags at a time are passed over at once
                for i in range(8 * word, min(8 * word + 8, g.size)):
                    if inside[i]:
                        wide_value = np.float64(g[i])
                        items[listed] = begin + i
                        weights[listed] = wide_value * wide_value if square else abs(wide_value)
                        prices[listed] = p[i]
                        listed += 1
        begin = end
    return begin, bad, wide, many, few, listed
