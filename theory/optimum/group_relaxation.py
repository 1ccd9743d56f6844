"""Gomory's relaxation: what loses nothing may move the slack by any multiple of its costs' common divisor G.

At the relaxation's price many items of an instance may lose nothing, the critical item and its like. With any number of
them to move, only the slack's remainder by G counts, and each item that loses something moves that remainder: the least
loss is a shortest path among G remainders (Gomory 1965, 1969). That is a bound; a mask that attains it, if the items at
hand can make up the difference, is optimal. Found by a subset sum of these, in the bits of whole numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.instance import Instance
from theory.optimum.core_search import members_of
from theory.optimum.duals import Base, adds_up
from theory.optimum.watch import STRIDE
from theory.selection.order import eligible

_MOST_BITS = 1 << 30  # that the subset sum keeps in all
_FIRST = 32  # items of either side that it begins with
_Ints = NDArray[np.int64]


class Least(NamedTuple):
    """The least loss of the relaxation; and the deviations of a mask of that loss, ascending, None if none is found."""

    loss: Fraction
    deviations: list[int] | None


_Path = tuple  # nested (items, how many of them, rest)


def group(
    instance: Instance, base: Base, loss: Fraction, grid: int, max_steps: int, stopped: Callable[[], bool]
) -> Least | None:
    """The least loss that any mask may have, if it is below ``loss``; None where that is not found.

    Args:
        instance: of whole scores and costs. base: S under a price without the cut. loss: of some mask.
        grid: of the costs. max_steps: from one remainder to another, before it gives up.
    """
    price = base.prices.energy * grid
    energy, unit = price.numerator, price.denominator
    if not adds_up(instance):
        return None
    may = np.flatnonzero(eligible(instance, instance.score))
    steps = instance.cost[may].astype(np.int64) // grid
    reduced = unit * _whole(instance.score[may]) - energy * _whole(steps)
    free = np.flatnonzero(reduced == 0)
    limit = math.ceil(loss * unit)
    if not free.size:
        return None
    divisor = int(np.gcd.reduce(steps[free]))
    slack = int(base.slack // grid)
    lost = np.abs(reduced)
    near = np.flatnonzero((lost > 0) & (lost < limit))
    moves = np.where(base.mask[may[near]], steps[near], -steps[near])
    kinds = sorted(zip(lost[near].tolist(), moves.tolist(), may[near].tolist(), strict=True))
    states = _shortest(kinds, slack % divisor, divisor, limit, max_steps, stopped)
    if states is None:
        return None
    found = {rest: paid + energy * rest for rest, (paid, _) in states.items()}
    rest = min(found, key=lambda one: (found[one], one))
    if found[rest] >= limit:
        return Least(loss, None)
    moved = members_of(states[rest][1])
    at = {int(i): int(s) for i, s in zip(may, steps, strict=True)}
    slack += sum(at[i] if base.mask[i] else -at[i] for i in moved)
    swapped = _swaps(steps[free] // divisor, base.mask[may[free]], (slack - rest) // divisor, stopped)
    deviations = None if swapped is None else sorted([*moved, *may[free[swapped]].tolist()])
    return Least(Fraction(found[rest], unit), deviations)


def _whole(values: NDArray) -> NDArray[np.object_]:
    """As integers of any size."""
    return values.astype(np.int64).astype(object)


def _shortest(
    kinds: list[tuple[int, int, int]], start: int, divisor: int, limit: int, left: int, stopped: Callable[[], bool]
) -> dict[int, tuple[int, _Path]] | None:
    """The least paid below the limit for each remainder, and what for; None where that takes too long."""
    states: dict[int, tuple[int, _Path]] = {start: (0, ())}
    for (price, move), same in groupby(kinds, key=lambda kind: kind[:2]):
        members = [i for _, _, i in same][: divisor - 1]
        grown = dict(states)
        for asked, (rest, (paid, path)) in enumerate(states.items()):
            for count in range(1, len(members) + 1):
                cost, key = paid + count * price, (rest + count * move) % divisor
                left -= 1
                if cost >= limit:
                    break
                if key not in grown or cost < grown[key][0]:
                    grown[key] = cost, (members, count, path)
            if left < 0 or (not asked % STRIDE and stopped()):
                return None
        states = grown
    return states


def _swaps(sizes: _Ints, kept: NDArray[np.bool_], more: int, stopped: Callable[[], bool]) -> NDArray[np.intp] | None:
    """Which items to swap in or out, so that the sizes of the kept ones add up to so much more; first with a few."""
    order = np.argsort(sizes, kind="stable")
    sides = order[kept[order]], order[~kept[order]]
    count = _FIRST
    while not stopped():
        some = np.concatenate([side[:: max(1, -(-side.size // count))] for side in sides])
        chosen = _subset(sizes[some], int(sizes[some][kept[some]].sum()) + more)
        if chosen is not None:
            swapped: NDArray[np.intp] = some[chosen != kept[some]]
            return swapped
        if some.size == sizes.size:
            break
        count *= 4
    return None


def _subset(sizes: _Ints, wanted: int) -> NDArray[np.bool_] | None:
    """Which of some positive sizes add up to ``wanted``, None where none do, or that takes too much memory."""
    order = np.argsort(-sizes, kind="stable")
    bundles: list[tuple[int, NDArray[np.intp]]] = []  # equal ones by powers of two: any number of them can be made up
    for members in np.split(order, np.flatnonzero(np.diff(sizes[order])) + 1):
        parts = np.split(members, [2**k - 1 for k in range(1, members.size.bit_length())])
        bundles += [(int(sizes[part].sum()), part) for part in parts]
    total = int(sizes.sum())
    if not 0 <= wanted <= total or len(bundles) * (wanted + 1) > _MOST_BITS:
        return None
    bits = (1 << (wanted + 1)) - 1
    reached = [1]
    for size, _ in bundles:
        reached.append((reached[-1] | reached[-1] << size) & bits)
    if not reached[-1] >> wanted & 1:
        return None
    chosen = np.zeros(sizes.size, dtype=bool)
    for before, (size, members) in zip(reached[-2::-1], bundles[::-1], strict=True):
        if not before >> wanted & 1:
            chosen[members] = True
            wanted -= size
    return chosen
