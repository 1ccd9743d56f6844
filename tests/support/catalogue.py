"""Named instances with answers worked out by hand, shared by all tests.

Each case was solved on paper; the comment says how. Masks are tuples of indices. ``optimal`` is the optimal mask
where there is only one, else None; ``bound`` is the value of the linear relaxation over the affordable items.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.instance import CostClasses, Instance

U = 2.0**-52  # spacing of the floats in [1, 2)
TINY = 5e-324  # the smallest float64, 2**-1074
HUGE = 2.0**1023

Items = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    name: str
    score: tuple[float, ...]
    cost: Any  # a tuple of floats, or CostClasses
    budget: Any
    optimum: Fraction | float
    optimal: Items | None
    prefix: Items
    fill: Items
    best_of: Items
    bound: Fraction | float

    def instance(self) -> Instance:
        cost = self.cost if isinstance(self.cost, CostClasses) else np.array(self.cost, dtype=np.float64)
        return Instance.from_scores(np.array(self.score, dtype=np.float64), cost, self.budget)

    def __str__(self) -> str:
        return self.name


def classes(labels: list[int], *values: Any) -> CostClasses:
    return CostClasses(np.array(labels, dtype=np.int64), values)


def mask(case: Case, items: Items) -> list[bool]:
    return [i in items for i in range(len(case.score))]


def half_gap(k: int) -> Case:
    """Best-of keeps ``(k + 2) / (2 k)`` of the optimum, so no constant above 1/2 can be claimed for it.

    Density 2, 1, 1. Prefix: item 0, then item 1 (cost 1 + k), then item 2 does not fit. The optimum drops item 0.
    """
    cost = (1, k, k)
    return Case(f"half-gap-{k}", (2, k, k), cost, 2 * k, 2 * k, (1, 2), (0, 1), (0, 1), (0, 1), 2 * k + 1)


def small_share(k: int) -> Case:
    """Prefix and fill keep 2 of ``k``: they have no fixed share of the optimum. Best-of finds it."""
    return Case(f"small-share-{k}", (2, k), (1, k), k, k, (1,), (0,), (0,), (1,), 2 + k - 1)


CASES = (
    # density 2 > 3/2; item 1 no longer fits beside item 0. Relaxation: 2 + (1/2) 3
    Case("d9-counterexample", (2, 3), (1, 2), 2, 3, (1,), (0,), (0,), (1,), Fraction(7, 2)),
    half_gap(10),
    half_gap(1000),
    small_share(7),
    # all densities 1: order 0, 1, 2; items 0 and 1 leave 1, item 2 costs 4
    Case("density-ties", (2, 1, 4), (2, 1, 4), 4, 4, (2,), (0, 1), (0, 1), (2,), 4),
    # three equal items, two fit: the lowest indices win
    Case("equal-items", (1, 1, 1), (1, 1, 1), 2, 2, None, (0, 1), (0, 1), (0, 1), 2),
    # equal costs: Top-K with K = floor(8/3) = 2; relaxation 9 + 7 + (2/3) 5
    Case("equal-costs", (5, 9, 1, 7), (3, 3, 3, 3), 8, 16, (1, 3), (1, 3), (1, 3), (1, 3), Fraction(58, 3)),
    # densities 2, 3/2, 1: item 1 is critical, item 2 still fits
    Case("fill-helps", (6, 6, 1), (3, 4, 1), 4, 7, (0, 2), (0,), (0, 2), (0, 2), Fraction(15, 2)),
    # zero scores are never taken although everything fits
    Case("zero-update", (0, 0), (1, 2), 3, 0, None, (), (), (), 0),
    Case("zero-score-among-others", (1, 0, 3), (1, 1, 1), 10, 4, None, (0, 2), (0, 2), (0, 2), 4),
    Case("zero-budget", (1, 2), (1, 1), 0, 0, (), (), (), (), 0),
    Case("nothing-affordable", (3, 4), (5, 7), 2, 0, (), (), (), (), 0),
    Case("empty", (), (), 1, 0, (), (), (), (), 0),
    # item 0 has the largest score but costs more than the whole budget: it must not block the others
    Case("dear-item", (100, 3, 2), (50, 2, 3), 5, 5, (1, 2), (1, 2), (1, 2), (1, 2), 5),
    # an item that costs exactly the budget is affordable
    Case("exactly-the-budget", (6, 4), (5, 4), 5, 6, (0,), (0,), (0,), (0,), 6),
    # as decimals 1/10 + 2/10 = 3/10: both fit
    Case(
        "decimal-classes-hit", (1, 1.5), classes([0, 1], "0.1", "0.2"), "0.3", 2.5, (0, 1),
        (0, 1), (0, 1), (0, 1), 2.5,
    ),
    # as float64, 0.1 + 0.2 = 0.3 + 2**-55: item 1 does not fit beside item 0
    Case(
        "decimal-floats-miss", (1, 1.5), (0.1, 0.2), 0.3, 1.5, (1,), (0,), (0,), (1,),
        1 + Fraction(1.5) * (Fraction(0.3) - Fraction(0.1)) / Fraction(0.2),
    ),
    Case(
        "decimal-floats-hit", (1, 1.5), (0.1, 0.2), Fraction(0.1) + Fraction(0.2), 2.5, (0, 1),
        (0, 1), (0, 1), (0, 1), 2.5,
    ),
    # three times the float 0.1 is more than the float 0.3, though less than fl(0.1 + 0.1 + 0.1)
    Case(
        "three-tenths", (1, 1, 1), (0.1, 0.1, 0.1), 0.3, 2, None, (0, 1), (0, 1), (0, 1),
        2 + (Fraction(0.3) - 2 * Fraction(0.1)) / Fraction(0.1),
    ),
    # 2**53 + 1 rounds to 2**53, so float sums would take both; densities 2, 1
    Case("absorbed-unit", (2.0**53, 2), (2.0**53, 1), 2**53, 2**53, (0,), (1,), (1,), (0,), 2**53 + 1),
    # (1 + 2U)/(1 + U) < 1 + U, yet both quotients round to 1 + U: item 1 comes first
    Case(
        "ratios-that-round-alike", (1 + 2 * U, 1 + U), (1 + U, 1), Fraction(1 + U), Fraction(1 + 2 * U), (0,),
        (1,), (1,), (0,), Fraction(1 + U) + Fraction(U) * Fraction(1 + 2 * U) / Fraction(1 + U),
    ),
    # in units of TINY: scores 1, 2, costs 1, 3, budget 3; relaxation 1 + (2/3) 2
    Case(
        "denormals", (TINY, 2 * TINY), (TINY, 3 * TINY), 3 * TINY, 2 * TINY, (1,), (0,), (0,), (1,),
        Fraction(7, 3) * Fraction(TINY),
    ),
    # in units of HUGE: scores 1, 1, 3/2, costs 1, 1, 7/4, budget 2 (beyond float64); densities 1, 1, 6/7
    Case(
        "near-overflow", (HUGE, HUGE, 1.5 * HUGE), (HUGE, HUGE, 1.75 * HUGE), 2 * Fraction(HUGE), 2 * Fraction(HUGE),
        (0, 1), (0, 1), (0, 1), (0, 1), 2 * Fraction(HUGE),
    ),
    # p/c overflows float64 for item 0 and underflows for item 1
    Case("ratios-beyond-float64", (HUGE, TINY), (TINY, HUGE), HUGE, HUGE, (0,), (0,), (0,), (0,),
         Fraction(HUGE) + Fraction(TINY) * (1 - Fraction(TINY) / Fraction(HUGE))),
)  # fmt: skip

BY_NAME = {case.name: case for case in CASES}
