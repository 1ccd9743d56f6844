"""Costs by page: flash and EEPROM are written by page, radios send by frame (claim D22).

cost(M) = sum_{i in M} c_i + sum over the pages that M touches of f_j
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import gcd, lcm
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import EXACT_INTEGER, Real, as_fraction
from theory.arrays import unmasked
from theory.budget import as_joules, refuse_bare
from theory.errors import InputError
from theory.instance import CostClasses

Pages = int | Sequence[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class PageCosts:
    """Joules per coordinate and per page.

    Attributes:
        pages: coordinates per page, the last one being what is left; or ``(start, end)`` of every page, in any order.
        item_cost: joules per coordinate, as for :class:`theory.Instance`, but 0 is allowed: one number (``"3uJ"`` will
            do), an array of shape (d,), or classes.
        page_cost: joules per page touched, ``>= 0``: one number, or one a page, in the order of ``pages``.
    """

    pages: Pages
    item_cost: Any
    page_cost: Real | Sequence[Real]


@dataclass(frozen=True, eq=False)
class PageLayout:
    """The same, validated, for ``d`` coordinates.

    Attributes:
        ends: int of shape (pages + 1,): page j holds the coordinates from ``ends[j]`` to ``ends[j + 1]``.
        item: ``c_i``, float64 of shape (d,) or (), in units of ``unit`` joules. page: ``f_j``, shape (pages,).
    """

    ends: NDArray[np.intp]
    item: NDArray[np.float64]
    page: NDArray[np.float64]
    unit: Fraction

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return int(self.ends[-1])

    def items(self, part: Any) -> NDArray[np.float64]:
        """Costs of some coordinates."""
        if self.item.ndim:
            found: NDArray[np.float64] = self.item[part]
            return found
        size = (
            len(range(self.d)[part])
            if isinstance(part, slice)
            else np.count_nonzero(part)
            if (part.dtype == bool)
            else part.size
        )
        return np.broadcast_to(self.item, (int(size),))


def page_layout(costs: PageCosts, d: int) -> PageLayout:
    """Where the pages lie and what they cost, in a unit that float64 holds.

    Raises:
        InputError: pages that overlap, leave coordinates out or are empty; costs below zero or without a common unit;
            a text without a unit beside others that have one.
    """
    ends, order = _ends(costs.pages, d)
    given, of_page = unmasked(costs.item_cost, "item cost"), unmasked(costs.page_cost, "page cost")
    values: list[Any] = (
        list(given.values) if isinstance(given, CostClasses) else ([given] if np.ndim(given) == 0 else [])
    )
    each = of_page if not isinstance(of_page, str) and np.ndim(of_page) else None
    fees: list[Any] = [of_page] if each is None else list(each)
    if each is not None and len(fees) != ends.size - 1:
        raise InputError(f"there are {ends.size - 1} pages and {len(fees)} page costs: give one for all, or one a page")
    named = [*(("item cost", v) for v in values), *(("page cost", v) for v in fees)]
    numbers = [_at_least_0(v, name) for name, v in named]
    refuse_bare(named)
    unit = _unit(numbers, exact=isinstance(given, CostClasses) or not np.ndim(given))
    floats = np.array([float(v / unit) for v in numbers])
    items, pages = floats[: len(values)], floats[len(values) :]
    if isinstance(given, CostClasses):
        labels = np.asarray(unmasked(given.labels, "labels"))
        right = labels.shape == (d,) and labels.dtype.kind in "iu"
        if not right or (d and not 0 <= labels.min() <= labels.max() < items.size):
            raise InputError(f"labels must be integers of shape ({d},) in 0..{items.size - 1}")
        items = items[labels]
    elif values:
        items = items[0]
    else:
        items = np.asarray(given, dtype=np.float64)
        if items.shape != (d,):
            raise InputError(f"item costs must have shape ({d},) like the update, got {items.shape}")
        bad = ~(np.isfinite(items) & (items >= 0))
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            raise InputError(f"item cost[{first}] = {items[first]}: costs must be >= 0 joules and finite")
    of_pages = np.full(ends.size - 1, pages[0]) if each is None else pages[order]
    return PageLayout(ends, np.asarray(items, dtype=np.float64), of_pages, unit)


def _ends(pages: Pages, d: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where pages end, and which of those given is the first, second ..."""
    if isinstance(pages, (int, np.integer)) and not isinstance(pages, bool):
        if pages < 1:
            raise InputError(f"a page must hold at least 1 coordinate, got {pages}")
        starts = np.arange(0, d, pages, dtype=np.intp)
        return np.append(starts, d), np.arange(starts.size)
    try:
        given = np.array(pages, dtype=np.intp).reshape(-1, 2)
    except (TypeError, ValueError):
        raise InputError("pages must be the coordinates per page, or a (start, end) for every page") from None
    order = np.argsort(given[:, 0], kind="stable")
    last = 0
    for number, (start, end) in zip(order.tolist(), given[order].tolist(), strict=True):
        if end <= start:
            raise InputError(f"page {number} from {start} to {end} holds nothing")
        if start < last:
            raise InputError(f"pages overlap: page {number} begins at {start}, the one before ends at {last}")
        if start > last:
            raise InputError(f"pages leave coordinates {last} to {start - 1} out")
        last = end
    if last != d:
        raise InputError(f"pages end at {last}, the update has {d} coordinates")
    return np.append(given[order, 0], d).astype(np.intp), order


def _at_least_0(value: Real, name: str) -> Fraction:
    number = as_joules(value, name) if isinstance(value, str) else as_fraction(value, name)
    if number < 0:
        raise InputError(f"{name} = {value}: must be >= 0 joules")
    return number


def _unit(numbers: Sequence[Fraction], *, exact: bool) -> Fraction:
    """1 if every number is a float64, else the largest unit of which they are whole multiples."""
    if all(Fraction(float(v)) == v for v in numbers):
        return Fraction(1)
    unit = Fraction(gcd(*(v.numerator for v in numbers)), lcm(*(v.denominator for v in numbers)))
    if not exact:
        raise InputError("with an array of item costs, page costs must be float64 numbers: write them as floats")
    if max(numbers) / unit > EXACT_INTEGER:
        raise InputError("page and item costs need a common unit of at least 2**-53 of the largest; give fewer digits")
    return unit


def touched(layout: PageLayout, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pages a mask touches, bool of shape (pages,)."""
    if not layout.d:
        return np.zeros(0, dtype=bool)
    found: NDArray[np.bool_] = np.logical_or.reduceat(mask, layout.ends[:-1])
    return found


def pages_of(layout: PageLayout) -> list[tuple[int, int]]:
    """``(start, end)`` of every page."""
    return list(pairwise(layout.ends.tolist()))
