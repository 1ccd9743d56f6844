"""An instance as integers: the same 0/1 problem, without rounding.

A float64 is an integer times a power of two, so all scores are integer multiples of one unit, and all costs of
another. A sum of costs is then an integer number of cost units, and fits the budget iff it is at most the
*floor* of the budget in those units.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.instance import Instance


class Integers(NamedTuple):
    """The problem ``max sum score over a mask, sum cost <= budget`` in Python integers.

    Attributes:
        score: ``p_i / score_unit``. cost: ``c_i / cost_unit``, positive.
        budget: ``floor(B / cost_unit)``.
        score_unit, cost_unit: the largest units of which all entries are integer multiples.
    """

    score: list[int]
    cost: list[int]
    budget: int
    score_unit: Fraction
    cost_unit: Fraction


def integers(instance: Instance) -> Integers:
    """The instance over common units."""
    if instance.update is None:
        score, score_unit = _over_common_unit(instance.score)
    else:
        root, unit = _over_common_unit(np.ldexp(instance.update.astype(np.float64), -instance.scale_exponent))
        score, score_unit = [n * n for n in root], unit**2
    cost, cost_unit = _over_common_unit(instance.cost)
    return Integers(score, cost, math.floor(instance.budget / cost_unit), score_unit, cost_unit)


def worthwhile(problem: Integers) -> NDArray[np.intp]:
    """Indices of the items that some optimal mask may need: positive score, cost within the budget.

    The others can be left at 0: an item dearer than the budget is in no feasible mask, one of zero score adds
    nothing.
    """
    pairs = zip(problem.score, problem.cost, strict=True)
    return np.array([i for i, (p, c) in enumerate(pairs) if p > 0 and c <= problem.budget], dtype=np.intp)


def mask_of(d: int, indices: list[int] | NDArray[np.intp]) -> NDArray[np.bool_]:
    """The mask of shape (d,) that is True at ``indices``."""
    mask = np.zeros(d, dtype=bool)
    mask[indices] = True
    return mask


def _over_common_unit(values: NDArray[np.float64]) -> tuple[list[int], Fraction]:
    whole, unit = _in_units(tuple(values.tolist()))
    return list(whole), unit


@lru_cache(maxsize=16)  # many budgets are asked of the same items, one after the other
def _in_units(values: tuple[float, ...]) -> tuple[tuple[int, ...], Fraction]:
    ratios = [x.as_integer_ratio() for x in values]
    denominator = max((d for _, d in ratios), default=1)  # all are powers of two: the largest is their lcm
    whole = [n * (denominator // d) for n, d in ratios]
    common = math.gcd(*whole) or 1
    return tuple(n // common for n in whole), Fraction(common, denominator)
