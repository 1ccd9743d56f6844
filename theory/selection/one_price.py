"""One budget for several clients (or rounds): one price for all of them (claim D21).

The joules of a whole cohort go where they retain most if every client stops at the same ``lambda``: its mask is what
CWMP keeps of all updates laid end to end, under the total budget. The updates are never together in memory: a first
pass adds up costs in bins of ``log(p/c)``, a second one settles everything outside the few bins in doubt and lists what
is inside, and only that is sorted. The answer is that of one selection, bit for bit.

    one_price([g_1, g_2, g_3], cost, "3mJ")        one_price(lambda: map(load, paths), cost, "3mJ")
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import Real, exact_sum_of_squares, floor_float
from theory.budget import as_joules
from theory.errors import InputError
from theory.instance import CostClasses, Instance, class_values
from theory.selection import tensors
from theory.selection.bracket import SMALL
from theory.selection.order import Floats, density_order, eligible, keys, longest_affordable
from theory.selection.selectors import Cost

Updates = Sequence[Any] | Callable[[], Iterable[Any]]

_ROUNDING = 2.0**-50  # relative, of a sum or a product: more than float64 errs by
_FINE, _COARSE = 44, 50  # bits of a float64 key that a bin does not look at: it is 2^-8 (2^-2) of its key wide


@dataclass(frozen=True, eq=False)
class OnePrice:
    """What every client keeps.

    Attributes:
        masks: bool of shape (d,), one a client. spent, retained: of each, exact; ``spent`` in ``unit`` joules.
        threshold: the price, exact: ``p/c`` of the first item of all that did not fit; 0 when all did.
        critical: its client and coordinate, or None. budget: the total, in ``unit`` joules.
    """

    masks: tuple[NDArray[np.bool_], ...]
    spent: tuple[Fraction, ...]
    retained: tuple[Fraction, ...]
    threshold: Fraction
    critical: tuple[int, int] | None
    budget: Fraction
    unit: Fraction


class _Listed(NamedTuple):
    """Items of one client in the bins in doubt."""

    items: NDArray[np.intp]
    weight: Floats
    cost: Floats
    values: NDArray


def one_price(updates: Updates, costs: Cost | list[Any] | tuple[Any, ...], budget: Real) -> OnePrice:
    """Select for all clients under one budget.

    Args:
        updates: the clients' updates, each of shape (d,); or a function that gives them anew, one after the other, each
            time it is called (twice), so that one is in memory at a time.
        costs: joules per coordinate, as for :class:`theory.Instance`: the same for all, or a list of one a client.
        budget: joules, for all together.

    Raises:
        InputError: clients of different length, no clients, another number of costs, what :class:`theory.Instance`
            refuses; a function that gives something else the second time.
    """
    joules = as_joules(budget, "budget")
    unit, shared = common_costs(costs)
    return pooled(updates, shared, joules / unit, joules / unit, unit)


def pooled(updates: Updates, costs: Any, budget: Fraction, affordable: Fraction, unit: Fraction) -> OnePrice:
    """The same for costs and budgets in units, items that cost at most ``affordable`` being eligible."""
    shift, sums, items, seen = _FINE, np.zeros(0), 0, 0.0
    for instance in clients(updates, costs, affordable):
        if not sums.size:
            shift = _FINE if instance.d > SMALL else _COARSE
            sums = np.zeros(1 << (63 - shift))
        bins, may = _bins(instance, shift)
        sums += np.bincount(bins[may], weights=instance.cost[may], minlength=sums.size)
        items, seen = items + int(may.sum()), seen + float(instance.score.sum())
    highest, lowest = _in_doubt(sums, items, budget)
    masks, spent, retained, listed, again = [], [], [], [], 0.0
    for instance in clients(updates, costs, affordable):
        bins, may = _bins(instance, shift)
        mask = may & (bins > highest)
        near = np.flatnonzero(may & (bins >= lowest) & (bins <= highest))
        assert instance.update is not None
        listed.append(_Listed(near, instance.score[near], instance.cost[near], instance.update[near]))
        masks.append(mask)
        spent.append(instance.spent(mask))
        retained.append(instance.retained(mask))
        again += float(instance.score.sum())
    left = budget - sum(spent, Fraction(0))
    if again != seen or left < 0:
        raise InputError("updates gave other updates the second time: a function must give the same ones each time")
    return _finished(masks, spent, retained, listed, left, budget, unit)


def _finished(
    masks: list[NDArray[np.bool_]], spent: list[Fraction], retained: list[Fraction], listed: list[_Listed],
    left: Fraction, budget: Fraction, unit: Fraction,
) -> OnePrice:  # fmt: skip
    """The exact order of what is in doubt."""
    of = np.repeat(np.arange(len(listed)), [one.items.size for one in listed])
    items, weight, cost = (np.concatenate([one[k] for one in listed]) for k in range(3))
    order = density_order(weight, cost)
    taken, _ = longest_affordable(cost[order], left)
    chosen = np.zeros(of.size, dtype=bool)
    chosen[order[:taken]] = True
    for k, one in enumerate(listed):
        own = chosen[of == k]
        masks[k][one.items[own]] = True
        spent[k] += sum(map(Fraction, one.cost[own].tolist()), Fraction(0))
        retained[k] += exact_sum_of_squares(one.values[own])
    threshold, critical = Fraction(0), None
    if taken < order.size:
        s = int(order[taken])
        critical = int(of[s]), int(items[s])
        threshold = Fraction(float(weight[s])) / Fraction(float(cost[s]))
    return OnePrice(tuple(masks), tuple(spent), tuple(retained), threshold, critical, budget, unit)


def clients(updates: Updates, costs: Any, budget: Fraction) -> Iterator[Instance]:
    """One instance a client, under the same budget, one at a time.

    Args:
        costs: a list of one a client, or one for all; in units.

    Raises:
        InputError: see :func:`one_price`.
    """
    given = updates() if callable(updates) else updates
    count, d = 0, -1
    for count, update in enumerate(given, 1):
        if isinstance(costs, list) and count > len(costs):
            raise InputError(f"there are more clients than costs ({len(costs)})")
        cost = costs[count - 1] if isinstance(costs, list) else costs
        try:
            array = tensors.array(update)
        except InputError as error:
            raise InputError(f"client {count - 1}: {error}") from None
        size = int(np.size(array))
        if d >= 0 and size != d:
            raise InputError(f"client {count - 1} has {size} coordinates, client 0 has {d}: all must have the same")
        d = size
        try:
            instance = Instance(array, cost, budget)
        except InputError as error:
            raise InputError(f"client {count - 1}: {error}") from None
        if instance.scale_exponent:
            raise InputError(f"client {count - 1}: entries beyond 2**480 or below 2**-480 cannot be pooled; scale all")
        yield instance
    if not count:
        raise InputError("updates holds no client")
    if isinstance(costs, list) and count != len(costs):
        raise InputError(f"there are {len(costs)} costs for {count} clients: give one for all, or one a client")


def common_costs(costs: Any) -> tuple[Fraction, Any]:
    """A unit in which every class cost of every client is a float64, and the costs in it.

    Raises:
        InputError: costs that have no common unit.
    """
    several = isinstance(costs, (list, tuple))
    every = [tensors.array(one, "cost") for one in costs] if several else [tensors.array(costs, "cost")]
    arrays = [not isinstance(one, CostClasses) and np.ndim(one) > 0 for one in every]
    values = [v for one in every for v in (one.values if isinstance(one, CostClasses) else [])]
    values += [one for one, plain in zip(every, arrays, strict=True) if not plain and not isinstance(one, CostClasses)]
    unit = class_values(values)[1] if values else Fraction(1)
    if unit != 1 and any(arrays):
        raise InputError("costs of some clients are decimals that float64 cannot hold: give all as classes, or floats")
    if unit == 1:
        return unit, every if several else every[0]

    def scaled(one: Any) -> CostClasses:
        labels, given = (one.labels, one.values) if isinstance(one, CostClasses) else (None, [one])
        exact = [Fraction(v) * class_values([x])[1] / unit for x in given for v in class_values([x])[0].tolist()]
        return CostClasses(labels, exact) if labels is not None else exact[0]  # type: ignore[return-value]

    found = [scaled(one) for one in every]
    return unit, found if several else found[0]


def _bins(instance: Instance, shift: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The bin of every item's key, and which items are eligible."""
    key = np.abs(keys(instance.score, instance.cost))  # no minus before a 0
    return key.view(np.int64) >> shift, eligible(instance, instance.score)


def _in_doubt(sums: Floats, items: int, budget: Fraction) -> tuple[int, int]:
    """The highest and the lowest bin that may hold the critical item: sums are rounded, and it is known by how much."""
    above = np.cumsum(sums[::-1])
    doubt, target = _ROUNDING * (items + sums.size), floor_float(budget)
    first = int(np.searchsorted(above * (1 + doubt), target * (1 - _ROUNDING), side="right"))
    last = int(np.searchsorted(above * (1 - doubt), target * (1 + _ROUNDING), side="right"))
    return sums.size - 1 - first, max(sums.size - 1 - last, 0)
