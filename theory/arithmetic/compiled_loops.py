"""The loops behind compiled scans and exact sums, in the part of Python that numba compiles.

They serve :mod:`theory.selection.scan_numba` and :mod:`theory.arithmetic.sums`.

They compare exactly as NumPy does in :mod:`theory.selection.scan_numpy`, operation by operation; only the order of
exact sums is the compiler's. ``values``, ``cost`` and ``labels`` are whole arrays, of which a loop reads from ``start``
to ``stop``, a block at a time: once to compare, once to add up, each loop over numbers of one width, which compilers
make vectors of. It fills ``above`` and lists what is inside the bracket: ``items``, ``keys`` and ``prices``; before
these are full it stops. ``inside`` and ``odd`` are scratch of :data:`BLOCK` flags.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

FROM = 1 << 19  # coordinates of a call from which these loops are faster than NumPy
PATIENCE = 1 << 27  # coordinates that NumPy reads before numba is loaded: about a second of either
SPAN = 1 << 20  # coordinates between two looks at Python's lock, at most: as many sums of a window fit 63 bits
BLOCK = 1 << 13  # coordinates whose costs are added up in float64, and whose flags stay in a core's cache

_BLENDED = 4  # classes of a block whose costs are put in one class after the other
_COUNTED = 32  # and whose items are counted so


_read = 0  # by NumPy so far, in calls that these loops are made for


def worth_it(d: int) -> bool:
    """Whether so many coordinates are read by these loops.

    That takes numba, which loads for half a second and compiles for seconds where it has not before. So NumPy does the
    first calls of a process, until it has read as much as loading would have taken; then these loops do. Whichever
    does, the answer is the same.
    """
    patient = _read + d < PATIENCE and not compiled.cache_info().currsize
    return d >= FROM and not patient and find_spec("numba") is not None


def count_read(d: int) -> None:
    """Note that NumPy has read so many coordinates."""
    global _read
    _read += d if d >= FROM else 0


@cache
def compiled(loop: Callable[..., Any]) -> Any:
    """``loop``, by numba; Python's lock is not held in it."""
    import numba
    from numba.extending import register_jitable

    from theory.arithmetic import page_loops

    comparing, adding = (_compare, _compare_one, _compare_many, _settle), (_add_up, _put_down, _any, _true)
    for part in (*comparing, *adding, _look_up, _count, _listed, *page_loops.PARTS):
        register_jitable(part)
    options: dict[str, Any] = {"nogil": True, "fastmath": {"reassoc", "nsz"}, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(loop)
    except RuntimeError:  # nowhere to keep what was compiled
        return numba.njit(**options)(loop)


def by_coordinate(
    values: Any, cost: Any, bits: Any, start: int, stop: int, above: Any, inside: Any, odd: Any, items: Any, keys: Any,
    prices: Any, table: Any, square: bool, one: Any, least: Any, most: Any, by_cost: bool, low: Any, high: Any,
    affordable: Any, cheapest: Any, dearest: Any, near: Any, far: Any, per_tick: float, exponent: int,
) -> Any:  # fmt: skip
    """The loop for a cost each.

    Args:
        bits: the costs, as integers. table: takes the costs of what is above in blocks with a cost outside
            ``[near, far]``, see :func:`_put_down`.

    Returns:
        Where it stopped; how many items are inside; whether an entry is out of range; the cost of what is above in
        other blocks, see :func:`_add_up`.
    """
    listed, many, few = 0, np.int64(0), np.int64(0)
    begin = start
    while begin < stop and listed + BLOCK < items.size:
        end = min(begin + BLOCK, stop)
        g, p, over = values[begin:end], cost[begin:end], above[begin:end]
        _compare(g, p, over, inside, odd, square, one, least, most, by_cost, low, high, near, far)
        if _any(odd, g.size):
            if not _settle(g, p, over, inside, table, square, one, least, most, affordable, cheapest, dearest):
                return begin, listed, True, many, few
        else:
            more, rest = _add_up(p, bits[begin:end], over, per_tick, exponent)
            many, few = many + more, few + rest
        before, listed = listed, _listed(g, square, begin, inside, items, keys, listed)
        for k in range(before, listed):
            prices[k] = cost[items[k]]
            keys[k] = keys[k] / prices[k] if by_cost else keys[k]
        begin = end
    return begin, listed, False, many, few


def by_class(
    values: Any, labels: Any, start: int, stop: int, above: Any, inside: Any, odd: Any, items: Any, keys: Any,
    prices: Any, square: bool, one: Any, least: Any, most: Any, by_cost: bool, low: Any, high: Any, lines: Any,
    line: Any, class_cost: Any, classes: Any, counts: Any,
) -> Any:  # fmt: skip
    """The loop for classes, of which ``lines`` holds the cost (infinite where it is more than the budget).

    ``line`` is scratch of :data:`BLOCK` costs, ``classes`` are the labels there are, and ``counts`` receives how many
    of each are above. A block of one class, as most of a layered model are, is read without looking labels up. A
    single label is everybody's.

    Returns:
        Where it stopped; how many items are inside; whether an entry or a label is out of range.
    """
    listed, begin = 0, start
    while begin < stop and listed + BLOCK < items.size:
        end = min(begin + BLOCK, stop)
        g, own, over = values[begin:end], labels if labels.size == 1 else labels[begin:end], above[begin:end]
        smallest = largest = own[0]
        for i in range(own.size):
            smallest, largest = min(smallest, own[i]), max(largest, own[i])
        first, last = np.int64(smallest), np.int64(largest)
        if first < 0 or last >= counts.size:
            return begin, listed, True
        if first == last:
            _compare_one(g, over, inside, odd, square, one, least, most, lines[first] * low, lines[first] * high)
        else:
            here = classes[first : last + 1]
            _look_up(own, here, lines, line)
            _compare_many(g, line, over, inside, odd, square, one, least, most, low, high)
        if _any(odd, g.size):
            return begin, listed, True
        if first == last:
            for i in range(g.size):
                odd[i] = over[i]
            counts[first] += _true(odd, g.size)
        else:
            _count(own, here, over, odd, counts)
        before, listed = listed, _listed(g, square, begin, inside, items, keys, listed)
        for k in range(before, listed):
            prices[k] = class_cost[labels[0] if labels.size == 1 else labels[items[k]]]
            keys[k] = keys[k] / prices[k] if by_cost else keys[k]
        begin = end
    return begin, listed, False


def total(
    cost: Any, bits: Any, start: int, stop: int, every: Any, odd: Any, table: Any, near: Any, far: Any,
    per_tick: float, exponent: int,
) -> Any:  # fmt: skip
    """The sum of all costs; ``every`` is :data:`BLOCK` times true.

    Returns:
        Whether a cost is not positive and finite; the sum as in :func:`by_coordinate`, the rest in ``table``.
    """
    many, few = np.int64(0), np.int64(0)
    for begin in range(start, stop, BLOCK):
        end = min(begin + BLOCK, stop)
        p = cost[begin:end]
        for i in range(p.size):
            odd[i] = (not (p[i] >= near)) | (not (p[i] <= far))
        if _any(odd, p.size):
            for i in range(p.size):
                if not (p[i] > 0 and p[i] < np.inf):
                    return True, many, few
                _put_down(p[i], table)
        else:
            more, rest = _add_up(p, bits[begin:end], every, per_tick, exponent)
            many, few = many + more, few + rest
    return False, many, few


def kept(values: Any, mask: Any, start: int, stop: int, square: bool) -> float:
    """The sum, in float64, of what the masked values weigh."""
    g, over = values[start:stop], mask[start:stop]
    found = 0.0
    if square:  # a branch inside would keep compilers from making vectors
        for i in range(g.size):
            v = np.float64(g[i])
            found += v * v if over[i] else 0.0
    else:
        for i in range(g.size):
            v = np.float64(g[i])
            found += abs(v) if over[i] else 0.0
    return found


# --- comparing ----------------------------------------------------------------------------------


def _compare(
    g: Any, p: Any, over: Any, inside: Any, odd: Any, square: bool, one: Any, least: Any, most: Any, by_cost: bool,
    low: Any, high: Any, near: Any, far: Any,
) -> None:  # fmt: skip
    """Which items of a block are above the bracket, inside it, or to be looked at one by one."""
    for i in range(g.size):
        v, c = g[i] * one, p[i]
        w = v * v if square else abs(v)
        line = c if by_cost else one
        above = w > line * high
        over[i] = above
        inside[i] = (w >= line * low) & (v != 0) & (not above)
        odd[i] = (not (w <= most)) | ((v != 0) & (not (w >= least))) | (not (c >= near)) | (not (c <= far))


def _compare_one(
    g: Any, over: Any, inside: Any, odd: Any, square: bool, one: Any, least: Any, most: Any, lowest: Any, highest: Any
) -> None:
    """The same for one class."""
    for i in range(g.size):
        v = g[i] * one
        w = v * v if square else abs(v)
        above = w > highest
        over[i] = above
        inside[i] = (w >= lowest) & (v != 0) & (not above)
        odd[i] = (not (w <= most)) | ((v != 0) & (not (w >= least)))


def _compare_many(
    g: Any, line: Any, over: Any, inside: Any, odd: Any, square: bool, one: Any, least: Any, most: Any, low: Any,
    high: Any,
) -> None:  # fmt: skip
    """The same for several."""
    for i in range(g.size):
        v, c = g[i] * one, line[i]
        w = v * v if square else abs(v)
        above = w > c * high
        over[i] = above
        inside[i] = (w >= c * low) & (v != 0) & (not above)
        odd[i] = (not (w <= most)) | ((v != 0) & (not (w >= least)))


def _settle(
    g: Any, p: Any, over: Any, inside: Any, table: Any, square: bool, one: Any, least: Any, most: Any, affordable: Any,
    cheapest: Any, dearest: Any,
) -> bool:  # fmt: skip
    """A block with something odd, one by one; whether all is in range."""
    for i in range(g.size):
        v, c = g[i] * one, p[i]
        w = v * v if square else abs(v)
        if not (w <= most) or (v != 0 and not (w >= least)) or not (c > cheapest) or not (c < dearest):
            return False
        may = c <= affordable
        over[i] = over[i] & may
        inside[i] = inside[i] & may
        if over[i]:
            _put_down(c, table)
    return True


# --- adding up ----------------------------------------------------------------------------------


def _add_up(p: Any, bits: Any, over: Any, per_tick: float, exponent: int) -> Any:
    """The costs of a block that are ``over``, all in a window of 2^16, exactly: 2^26 ticks and ticks.

    A float32 is a whole number of ticks below 2^40, and a block of them adds up in float64 without rounding. A float64
    is cut in two, 27 and 26 bits, shifted by its exponent.
    """
    if p.itemsize == 4:
        added = 0.0
        for i in range(p.size):
            added += np.float64(p[i]) if over[i] else 0.0
        return np.int64(0), np.int64(added * per_tick)
    many, few = np.int64(0), np.int64(0)
    for i in range(bits.size):
        whole = (bits[i] & 0xFFFFFFFFFFFFF) | 0x10000000000000
        whole = whole if over[i] else np.int64(0)
        shift = (bits[i] >> 52) - exponent
        many += (whole >> 26) << shift
        few += (whole & 0x3FFFFFF) << shift
    return many, few


def _put_down(c: Any, table: Any) -> None:
    """A cost of any size: its 53 bits, as 27 and 26, in the column of its exponent."""
    fraction, exponent = math.frexp(np.float64(c))
    whole = np.int64(fraction * 9007199254740992.0)
    table[0, exponent + 1074] += whole >> 26
    table[1, exponent + 1074] += whole & 0x3FFFFFF


def _any(flags: Any, size: int) -> Any:
    """Whether one of the first flags is set; clears the word that ends them."""
    words, eights, found = (size + 7) // 8, flags.view(np.int64), np.int64(0)
    flags[size : 8 * words] = False
    for word in range(words):
        found |= eights[word]
    return found != 0


def _true(flags: Any, size: int) -> Any:
    """How many of the first flags are set: eight at a time, till a byte is full; clears the word that ends them."""
    words, eights, found = (size + 7) // 8, flags.view(np.int64), np.int64(0)
    flags[size : 8 * words] = False
    for first in range(0, words, 255):
        bytewise = np.int64(0)
        for word in range(first, min(first + 255, words)):
            bytewise += eights[word]
        for byte in range(8):
            found += (bytewise >> (8 * byte)) & 255
    return found


# --- classes ------------------------------------------------------------------------------------


def _look_up(own: Any, classes: Any, lines: Any, line: Any) -> None:
    """Put ``lines[own]`` into ``line``: for few ``classes`` one after the other, which compilers make fast."""
    if classes.size <= _BLENDED:
        line[: own.size] = lines[classes[0]]
        for label in classes[1:]:
            value = lines[label]
            for i in range(own.size):
                line[i] = value if own[i] == label else line[i]
    else:
        for i in range(own.size):
            line[i] = lines[own[i]]


def _count(own: Any, classes: Any, over: Any, scratch: Any, counts: Any) -> None:
    """Add how many of each of ``classes`` are above."""
    if classes.size <= _COUNTED:
        for label in classes:
            for i in range(own.size):
                scratch[i] = over[i] & (own[i] == label)
            counts[label] += _true(scratch, own.size)
    else:
        for i in range(own.size):
            counts[own[i]] += np.int64(over[i])


# --- listing ------------------------------------------------------------------------------------


def _listed(g: Any, square: bool, begin: int, inside: Any, items: Any, keys: Any, listed: Any) -> Any:
    """List the items of a block that are ``inside``, their weights as keys; returns how many are listed now."""
    words, eights, first = (g.size + 7) // 8, inside.view(np.int64), listed
    inside[g.size : 8 * words] = False
    for word in range(words):
        if eights[word]:  # few are, and eight flags at a time are passed over at once
            for i in range(8 * word, 8 * word + 8):
                items[listed] = begin + i  # the next one is put over it, unless it is inside
                listed += np.int64(inside[i])
    for k in range(first, listed):
        wide_value = np.float64(g[items[k] - begin])
        keys[k] = wide_value * wide_value if square else abs(wide_value)
    return listed


# --- the few that are listed ----------------------------------------------------------------------


def binned(keys: Any, prices: Any, lowest: float, width: float, sums: Any) -> None:
    """Add prices to the bins of their keys."""
    for k in range(keys.size):
        sums[min(np.int64((keys[k] - lowest) / width), sums.size - 1)] += prices[k]


def split(
    items: Any, keys: Any, bits: Any, least: float, most: float, bounded: bool, start: int, above: Any, among: Any,
    exponent: int,
) -> Any:  # fmt: skip
    """Keys from ``most`` on (where it is a bound) go above, the places of those down to ``least`` into ``among``.

    Args:
        bits: of prices in float64. start: what is added to places.

    Returns:
        How many are among; not 0 when a price that goes above is outside the window; the sum of these prices, as in
        :func:`_add_up`.
    """
    count, odd, many, few = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for k in range(keys.size):
        settled = bounded & (keys[k] >= most)
        if settled:  # half of them are not, and their part of memory need not be touched
            above[items[k]] = True
        among[count] = start + k
        count += np.int64((keys[k] >= least) & (not settled))
        whole = (bits[k] & 0xFFFFFFFFFFFFF) | 0x10000000000000
        whole = whole if settled else np.int64(0)
        shift = (bits[k] >> 52) - exponent
        odd |= (shift & ~15) if settled else np.int64(0)
        many += (whole >> 26) << (shift & 15)
        few += (whole & 0x3FFFFFF) << (shift & 15)
    return count, odd, many, few
