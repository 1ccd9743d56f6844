"""What one price saves over equal joules each: exact (claim D21); :mod:`theory.laws.clients` predicts it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.arithmetic.exact import Real
from theory.errors import InputError
from theory.optimum.relaxation import Relaxation, relax
from theory.selection.one_price import OnePrice, Updates, clients, common_costs, one_price, pooled
from theory.selection.order import keys

_STEPS = 64


@dataclass(frozen=True)
class PriceGain:
    """The relaxations under one price and under equal budgets, exact.

    Attributes:
        one, equal: ``sum_k V_k(B_k*)`` and ``sum_k V_k(B/K)``.
        price: ``lambda`` of all. prices: ``lambda_k`` of each at ``B/K``.
        budgets: ``B_k*``, in ``unit`` joules. total: ``B``.
        bound: ``sum |lambda_k - lambda| |B_k* - B/K|``, which ``one - equal`` does not exceed while every item costs
            at most ``B/K``.
        at_equal_score: joules (in ``unit``) that one price needs to retain what equal budgets do.
    """

    one: Fraction
    equal: Fraction
    price: Fraction
    prices: tuple[Fraction, ...]
    budgets: tuple[Fraction, ...]
    total: Fraction
    bound: Fraction
    at_equal_score: Fraction
    unit: Fraction

    @property
    def saving(self) -> Fraction:
        """The share of the joules that one price saves at equal score."""
        return 1 - self.at_equal_score / self.total if self.total else Fraction(0)


def price_gain(updates: Updates, costs: Any, total: Real) -> PriceGain:
    """Compare one price with equal budgets; arguments as for :func:`theory.selection.one_price.one_price`.

    What retains as much is found by Newton's method on the concave, piecewise linear value of the pooled budget, a
    finite number of steps of two passes each.

    Raises:
        InputError: as there.
    """
    unit, shared = common_costs(costs)
    found = one_price(updates, costs, total)
    each = found.budget / len(found.masks)
    separate: list[Relaxation] = [relax(instance) for instance in clients(updates, shared, each)]
    budgets, one = list(found.spent), _relaxed(found)
    if found.critical is not None:
        budgets[found.critical[0]] += found.budget - sum(found.spent, Fraction(0))
    prices, equal = tuple(r.threshold for r in separate), sum((r.value for r in separate), Fraction(0))
    pairs = zip(prices, budgets, strict=True)
    bound = sum((abs(p - found.threshold) * abs(b - each) for p, b in pairs), Fraction(0))
    needed = _budget_for(equal, found, one, updates, shared) if one > equal else found.budget
    return PriceGain(one, equal, found.threshold, prices, tuple(budgets), found.budget, bound, needed, unit)


def index_at(updates: Updates, costs: Any, price: float) -> float:
    """The tail index of all clients' magnitudes around a price: twice the slope of ``log N`` in ``-log`` price.

    ``N`` counts the items whose ``p/c`` is above half the price, and above twice the price. Where costs are independent
    of magnitudes and every client's tail is ``s_k^a L t^-a`` there, that is ``a``, whatever the scales. NaN where none
    is above twice the price, or as many as above half of it.

    Args:
        updates, costs: as for :func:`theory.selection.one_price.one_price`. price: score per joule.
    """
    unit, shared = common_costs(costs)
    near = far = 0
    for instance in clients(updates, shared, Fraction(0)):
        density = keys(instance.score, instance.cost)
        line = price * float(unit)
        near, far = near + int(np.count_nonzero(density > line / 2)), far + int(np.count_nonzero(density > 2 * line))
    return 2 * math.log(near / far, 4) if near > far > 0 else math.nan


def _budget_for(score: Fraction, start: OnePrice, value: Fraction, updates: Updates, costs: Any) -> Fraction:
    """The least pooled budget whose relaxation is worth ``score``, in units; what is eligible stays as it was.

    A tangent of a concave function reaches a value before the function does, so every step but the first comes from the
    left and ends at the next kink at least.
    """
    budget, found = start.budget, start
    for _ in range(_STEPS):
        if value == score and found.threshold:
            return budget
        slope = found.threshold
        budget = max(budget - (value - score) / slope, Fraction(0)) if slope and value != score else Fraction(0)
        found = pooled(updates, costs, budget, start.budget, start.unit)
        value = _relaxed(found)
        if value == score:
            return budget
    raise InputError(f"no budget was found in {_STEPS} steps that retains as much")


def _relaxed(found: OnePrice) -> Fraction:
    """What is retained with the critical item's part."""
    return sum(found.retained, Fraction(0)) + found.threshold * (found.budget - sum(found.spent, Fraction(0)))
