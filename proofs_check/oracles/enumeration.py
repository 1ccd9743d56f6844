"""Enumeration: all ``2**d`` masks, in exact arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from proofs_check.oracles.answer import Optimum, judged
from proofs_check.oracles.integers import Integers, integers
from theory.errors import InputError
from theory.instance import Instance

MOST_ITEMS = 20
_KEPT_ITEMS = 10  # of more, sums are not kept for the next call


@dataclass(frozen=True, eq=False)
class MaskTable:
    """Cost and value of every mask; mask number ``k`` holds item ``i`` iff bit ``i`` of ``k`` is set.

    Attributes:
        cost: ``2**d`` integers, the masks' costs in ``cost_unit``.
        value: ``2**d`` integers, the masks' values in ``value_unit``.
        budget: the largest cost that fits, in ``cost_unit``: mask ``k`` is feasible iff ``cost[k] <= budget``.
        cost_unit, value_unit: exact, in the instance's units of cost and score.
        d: number of items.
    """

    cost: Sequence[int]
    value: Sequence[int]
    budget: int
    cost_unit: Fraction
    value_unit: Fraction
    d: int

    def mask(self, k: int) -> NDArray[np.bool_]:
        """Mask number ``k``, bool of shape (d,)."""
        return np.array([k >> i & 1 for i in range(self.d)], dtype=bool)


def enumerate_masks(instance: Instance) -> MaskTable:
    """Exact cost and value of all ``2**d`` masks, feasible or not.

    Raises:
        InputError: more than 20 items.
    """
    if instance.d > MOST_ITEMS:
        raise InputError(f"enumeration takes up to {MOST_ITEMS} items, got {instance.d}")
    problem: Integers = integers(instance)
    cost, value = _sums(tuple(problem.cost)), _sums(tuple(problem.score))
    return MaskTable(cost, value, problem.budget, problem.cost_unit, problem.score_unit, instance.d)


def _sums(parts: tuple[int, ...]) -> Sequence[int]:
    """The sum of each subset, that of subset ``k`` at place ``k``."""
    return _kept_sums(parts) if len(parts) <= _KEPT_ITEMS else _all_sums(parts)


def _all_sums(parts: tuple[int, ...]) -> list[int]:
    sums = [0]
    for part in parts:
        sums += [x + part for x in sums]
    return sums


@lru_cache(maxsize=16)  # many budgets are asked of the same items, one after the other
def _kept_sums(parts: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(_all_sums(parts))


def enumerate_optimum(instance: Instance) -> Optimum:
    """The optimum by looking at every mask; of several optimal masks the one of lowest number.

    Raises:
        InputError: more than 20 items.
    """
    start = perf_counter()
    table = enumerate_masks(instance)
    value = [v if c <= table.budget else -1 for c, v in zip(table.cost, table.value, strict=True)]
    best = max(value)
    mask, claimed = table.mask(value.index(best)), best * table.value_unit
    detail = f"all {len(value)} masks"
    return judged(instance, "enumeration", mask, claimed, seconds=perf_counter() - start, detail=detail)
