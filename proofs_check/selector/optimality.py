"""Checks of what a selection is worth: the claims about the optimum, the budget and the contraction.

Optima of few coordinates come from enumeration of all masks. Of many, the statement is held against what bounds the
optimum from above (the relaxation, claim D3), which no right selector misses, or against a mask that can be shown.
Values and costs are exact; see the claim table for each statement.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import numpy as np

from proofs_check.oracles import enumerate_optimum
from proofs_check.selector.promise import BrokenPromiseError
from proofs_check.selector.seen import see
from proofs_check.selector.subject import Selector, shown
from theory.arithmetic.exact import exact_sum, floor_float
from theory.instance import Instance
from theory.optimum import bounds
from theory.optimum.relaxation import relax
from theory.selection.selectors import cwmp

ENUMERATED = 12  # coordinates up to which all masks are tried
STEPS = 6  # costs by half of which the budget is raised


def check_optimal_for_spent(selector: Selector, instance: Instance) -> None:
    """No mask that costs at most what the prefix spends is worth more than the prefix (D5)."""
    problem, kept = valued(selector, instance), selector.on(instance)
    spent = instance.spent(kept.mask)
    best = _optimum(problem.with_budget(spent), lambda affordable: _nearly(selector, relax(affordable).value))
    _at_least(selector, kept.support, problem.retained(kept.mask), best, f"with the {_short(spent)} J it spends")


def check_gap(selector: Selector, instance: Instance) -> None:
    """The optimum exceeds the selection by at most the critical item's share ``phi p_s`` (D4)."""
    problem, kept = valued(selector, instance), selector.on(instance)
    relaxation = relax(problem)
    best = _optimum(problem, lambda _: _nearly(selector, relaxation.value))
    least = max(Fraction(0), (best or Fraction(0)) - bounds.greedy_gap(problem, relaxation))
    _at_least(selector, kept.support, problem.retained(kept.mask), least, "which is the optimum less phi p_s,")


def check_equal_costs(selector: Selector, instance: Instance) -> None:
    """With equal costs the selection is Top-K: the ``floor(B/c)`` most valuable coordinates (D7)."""
    seen = see(selector, instance)
    if not instance.d:
        return
    budget = floor_float(selector.promise.limit(instance.budget))
    each, there = Fraction(float(instance.cost[0])), seen.kept.size + seen.out.size
    most = min(there, int(Fraction(budget) // each))
    least = min(there, max(0, seen.allowed(instance.budget)) // seen.units[0])
    count = int(np.count_nonzero(seen.weight[seen.mask]))
    if not least <= count <= most:
        raise BrokenPromiseError(
            f"kept {count} coordinates other than zero; there are {least} that the budget pays for"
        )
    if seen.kept.size and seen.out.size:
        i, j = seen.kept[np.argmin(seen.weight[seen.kept])], seen.out[np.argmax(seen.weight[seen.out])]
        if seen.weight[j] > seen.weight[i]:
            raise BrokenPromiseError(f"kept {seen.name(i)} and left out the larger {seen.name(j)}")


def check_half_of_optimum(selector: Selector, instance: Instance) -> None:
    """Best-of is worth at least half the optimum, and no less than any single item (D10)."""
    problem, kept = valued(selector, instance), selector.on(instance)
    affordable = problem.score[instance.cost <= floor_float(instance.budget)]
    optimum = _optimum(problem, lambda _: _nearly(selector, relax(problem).value))
    best = (optimum or Fraction(0)) * bounds.best_of_share()
    single = Fraction(float(affordable.max(initial=0.0)))
    worth = problem.retained(kept.mask)
    _at_least(selector, kept.support, worth, best, "which is half the optimum,")
    _at_least(selector, kept.support, worth, single * (1 - _tolerance(selector)), "which one item alone is worth,")


def check_contraction(selector: Selector, instance: Instance) -> None:
    """From ``B = c_max`` on, at least the share delta of ``||g||^2`` is kept: ``(B - c_max)/C``, by Top-K ``k_B/d``."""
    kept = selector.on(instance)
    by_magnitude = selector.promise.score == "magnitude"
    bound = bounds.contraction_top_k if by_magnitude else bounds.contraction_cwmp_prior
    delta, whole = bound(instance), exact_sum(instance.score)
    retained = instance.retained(kept.mask)
    if retained < delta * whole:
        share = f"{_short(retained)} of ||g||^2 = {_short(whole)}, less than delta = {_short(delta)}"
        raise BrokenPromiseError(f"kept {shown(kept.support)}, {share}")


def check_nested(selector: Selector, instance: Instance) -> None:
    """From ``B = c_max`` on a larger budget drops nothing (D15a); an exact selector is worth no less."""
    if not dearest_fits(instance):
        return
    problem = valued(selector, instance)
    costs = np.unique(instance.cost)
    some = costs[np.linspace(0, costs.size - 1, min(costs.size, STEPS)).astype(int)] if costs.size else costs
    richer = [instance.budget + Fraction(float(c)) / 2 for c in some]
    rest = max(Fraction(0), instance.total_cost - instance.budget)
    richer += [instance.budget + rest * k / 4 for k in (1, 2, 3)]
    steps = [instance.budget, *sorted(richer), instance.budget + rest + 1]
    rungs = [instance.with_budget(Fraction(floor_float(b))) for b in steps]
    masks = [selector.on(rung).mask for rung in rungs]
    for (low, few), (high, more) in pairwise(zip(rungs, masks, strict=True)):
        budgets = f"at {float(low.budget):.6g} J and {shown(np.flatnonzero(more))} at {float(high.budget):.6g} J"
        lost = problem.retained(few) > problem.retained(more) if selector.promise.exact else (few & ~more).any()
        if lost:
            raise BrokenPromiseError(f"it keeps {shown(np.flatnonzero(few))} {budgets}")


def check_exact_optimum(selector: Selector, instance: Instance) -> None:
    """The selection is worth the optimum of the 0/1 problem, exactly; of many coordinates, what best-of is worth."""
    problem, kept = valued(selector, instance), selector.on(instance)
    if instance.d <= ENUMERATED:
        found = enumerate_optimum(problem)
        best, mask = found.value, found.mask
    else:
        greedy = cwmp(problem, rounding="best-of")
        best, mask = greedy.retained, greedy.mask
    where = "" if mask is None else f"by keeping {shown(np.flatnonzero(mask))},"
    _at_least(selector, kept.support, problem.retained(kept.mask), best, where)


def _optimum(problem: Instance, bound: Callable[[Instance], Fraction]) -> Fraction | None:
    """The optimum of few coordinates; of many, a ``bound`` from above that holds the selection to more."""
    return enumerate_optimum(problem).value if problem.d <= ENUMERATED else bound(problem)


def _nearly(selector: Selector, value: Fraction) -> Fraction:
    """Less what an order within the promised tolerance may lose."""
    return value * (1 - _tolerance(selector))


def dearest_fits(instance: Instance) -> bool:
    """``B >= c_max``, which some claims assume."""
    return not instance.d or float(instance.cost.max()) <= instance.budget


def valued(selector: Selector, instance: Instance) -> Instance:
    """The instance whose scores are what the selector's promise calls the worth of a coordinate."""
    return Instance.from_scores(selector.promise.weights(instance), instance.cost, instance.budget)


def _at_least(selector: Selector, support: list[int], worth: Fraction, least: Fraction | None, where: str) -> None:
    if least is not None and worth < least:
        raise BrokenPromiseError(f"kept {shown(support)}, worth {_short(worth)}; {where} {_short(least)} can be had")


def _tolerance(selector: Selector) -> Fraction:
    return Fraction(selector.promise.order_tolerance)


def _short(value: Fraction) -> str:
    return str(value) if len(str(value)) <= 12 else f"{float(value):.17g}"
