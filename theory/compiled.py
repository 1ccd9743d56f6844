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
    values: Any, cost: Any, one: Any, infinity: Any, low: Any, high: Any, affordable: Any, cheapest: Any,
    dearest: Any, safe_low: Any, safe_high: Any, near: Any, far: Any, square: bool, by_cost: bool, above: Any,
    inside: Any, items: Any, weights: Any, prices: Any,
) -> Any:  # fmt: skip
    """Fill ``above`` and ``inside``, and list what is inside: its items, weights and costs.

    Returns:
        Not 0 when an entry is out of range, not 0 when a cost lies outside ``[near, far]``, the cost of what is above,
        how many items are inside.
    """
    bad, wide, total = np.int32(0), np.int32(0), 0.0
    for i in range(values.size):
        v, c = values[i] * one, cost[i]
        size = abs(v)
        w = v * v if square else size
        bad |= np.int32(not (w < infinity)) | np.int32(not (c > cheapest)) | np.int32(not (c < dearest))
        bad |= np.int32(v != 0) & (np.int32(not (size >= safe_low)) | np.int32(not (size <= safe_high)))
        wide |= np.int32(not (c >= near)) | np.int32(not (c <= far))
        line = c if by_cost else one
        may = c <= affordable
        over = (w > line * high) & may
        above[i] = over
        inside[i] = (w >= line * low) & (v != 0) & may & (not over)
        total += np.float64(c) if over else 0.0
    listed = 0
    for i in range(values.size):
        if inside[i]:
            wide_value = np.float64(values[i])
            items[listed] = i
            weights[listed] = wide_value * wide_value if square else abs(wide_value)
            prices[listed] = cost[i]
            listed += 1
    return bad, wide, total, listed
