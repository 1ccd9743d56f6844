"""Enumeration: all ``2**d`` masks, in exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from proofs_check.oracles.answer import Optimum, judged
from proofs_check.oracles.integers import Integers, integers
from theory.errors import InputError
from theory.instance import Instance

MOST_ITEMS = 20


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

    cost: list[int]
    value: list[int]
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
    cost, value = [0], [0]
    for c, p in zip(problem.cost, problem.score, strict=True):
        cost += [x + c for x in cost]
        value += [x + p for x in value]
    return MaskTable(cost, value, problem.budget, problem.cost_unit, problem.score_unit, instance.d)


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
