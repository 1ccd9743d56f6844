"""The loops behind selection by page, in the part of Python that numba compiles.

:mod:`theory.arithmetic.page_scan` is the same by NumPy.

``ends`` says where pages end, ``cost`` holds a cost each or one for all, ``fee`` what every page costs, ``room`` what
an item of the page may cost at most.
"""

from __future__ import annotations

from typing import Any

import numpy as np

CLOSED, OPEN, DOUBTFUL = 0, 1, 2
LONG = 64  # keys of a page from which a merge sort is quicker than insertions


def state(
    values: Any, square: bool, cost: Any, ends: Any, fee: Any, room: Any, low: float, high: float, states: Any
) -> bool:
    """What is known of every page at any price from ``low`` to ``high``: open, closed, or neither.

    Returns:
        Whether every entry is finite and squares to a float.
    """
    one, fine = cost.size == 1, True
    for j in range(fee.size):
        all_of, more, least = 0.0, 0.0, 0.0
        for i in range(ends[j], ends[j + 1]):
            v = np.float64(values[i])
            p = v * v if square else v
            c = cost[0] if one else cost[i]
            p = p if c <= room[j] else p * 0.0
            all_of += p
            gain, loss = p - low * c, p - high * c
            more += gain if gain > 0.0 else 0.0
            least += loss if loss > 0.0 else 0.0
        if not all_of < np.inf:
            fine = False
        doubt = 2.0**-48 * (ends[j + 1] - ends[j] + 4) * all_of
        if fee[j] == 0.0 or least - doubt > high * fee[j] * (1.0 + 2.0**-48):
            states[j] = OPEN
        elif more + doubt < low * fee[j] * (1.0 - 2.0**-48):
            states[j] = CLOSED
        else:
            states[j] = DOUBTFUL
    return fine


def sift(
    values: Any, square: bool, cost: Any, ends: Any, fee: Any, room: Any, low: float, high: float, states: Any,
    mask: Any, items: Any, pages: Any,
) -> int:  # fmt: skip
    """Put into the mask, which is empty, what is worth ``high`` on open pages; list what is worth ``low`` of the rest.

    Returns:
        How many are listed; more than there is room for when the lists are full.
    """
    one, count = cost.size == 1, 0
    lower, higher = low * (1.0 - 2.0**-48), high * (1.0 + 2.0**-48)
    for j in range(fee.size):
        if states[j] == CLOSED:
            continue
        opened, near, most = states[j] == OPEN, 0, room[j]
        for i in range(ends[j], ends[j + 1]):  # a loop that compilers make vectors of
            v = np.float64(values[i])
            p = v * v if square else v
            c = cost[0] if one else cost[i]
            above = (p > 0.0) & (c <= most) & (p > higher * c) & opened
            mask[i] = above
            near += (p > 0.0) & (c <= most) & (p >= lower * c) & (not above)
        for i in range(ends[j], ends[j + 1] if near else ends[j]):
            v = np.float64(values[i])
            p = v * v if square else v
            c = cost[0] if one else cost[i]
            if p > 0.0 and c <= most and p >= lower * c and not mask[i]:
                if count < items.size:
                    items[count] = i
                    pages[count] = j
                count += 1
    return count


def rank(key: Any, first: Any, last: Any, order: Any) -> None:
    """Positions of each page's keys, the largest first and the first of equals first, page after page.

    Args:
        first, last: where each page's keys lie, one after the other.
    """
    for j in range(first.size):
        start, stop = first[j], last[j]
        if stop - start > LONG:
            order[start:stop] = start + np.argsort(-key[start:stop], kind="mergesort")
            continue
        for i in range(start, stop):
            at = i
            while at > start and key[order[at - 1]] < key[i]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = i


def blocks(weight: Any, cost: Any, first: Any, last: Any, fee: Any, sizes: Any, density: Any, price: Any) -> int:
    """How many of a page's items, sorted by ``weight/cost``, open it: those with more than the ratio of all of these.

    Args:
        first, last: where each page's items lie. sizes: receives the number, or its negative less 1 where rounding
            could decide. density: receives the block's score per cost, ``price`` what it costs, the page included.
    """
    doubtful = 0
    for j in range(fee.size):
        p, c, n, unsure = 0.0, fee[j], 0, False
        for i in range(first[j], last[j]):
            left, right = weight[i] * c, p * cost[i]
            if abs(left - right) <= 2.0**-44 * (left + right):
                unsure = unsure or left + right > 0.0
            if left <= right:
                break
            p, c, n = p + weight[i], c + cost[i], n + 1
        doubtful += 1 if unsure else 0
        sizes[j] = -n - 1 if unsure else n
        density[j] = p / c if n > 0 else 0.0
        price[j] = c
    return doubtful
