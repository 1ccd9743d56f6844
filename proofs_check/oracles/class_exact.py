"""The class-exact method: count how many items of each cost to take.

Among items of equal cost, the ``k`` of largest score are the best ``k`` (swap one for a larger), so a mask is
worth considering only if it takes a score-sorted prefix of every cost class. With prefix sums ``P_j[k]`` and
two classes that leaves one number to choose:

    OPT = max over k of  P_2[k] + P_1[min(n_1, floor((B - c_2 k) / c_1))]

More classes are merged one after the other, keeping only the (cost, value) states that no other state
dominates (Nemhauser & Ullmann 1969); the largest class comes last and needs no states, only the floor above.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import accumulate
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from proofs_check.oracles.answer import Mask, Optimum, judged, unanswered
from proofs_check.oracles.integers import Integers, integers, mask_of
from theory.instance import Instance

METHOD = "class-exact"


class _CostClass(NamedTuple):
    """Items of one cost: their indices by falling score, and ``prefix[k]``, the exact value of the first ``k``."""

    cost: int
    items: NDArray[np.intp]
    prefix: list[int]


class _State(NamedTuple):
    """What the classes merged so far cost and are worth: ``taken`` of the last one on top of ``before``."""

    cost: int
    value: int
    taken: int
    before: _State | None


def class_optimum(instance: Instance, *, limit: int = 2_000_000) -> Optimum:
    """The optimum over counts per cost class, in exact integer arithmetic.

    Args:
        limit: how many states to form, about a microsecond each. Two classes need as many as the smaller has
            items; an instance that needs more answers ``does-not-apply``.
    """
    start = perf_counter()
    problem = integers(instance)
    classes = _cost_classes(instance, problem)
    states = [_State(0, 0, 0, None)]
    work = 0
    for cost_class in classes[:-1]:
        work += len(states) * (1 + min(len(cost_class.items), problem.budget // cost_class.cost))
        if work > limit:
            why = f"{len(classes)} cost classes need more than {limit} states"
            return unanswered(METHOD, "does-not-apply", perf_counter() - start, why)
        states = _nondominated(_merged(states, cost_class, problem.budget))
    final = _completed(states, classes[-1], problem.budget) if classes else states[0]
    claimed: Fraction = final.value * problem.score_unit
    detail = f"{len(classes)} cost classes, {work + len(states)} states"
    mask = _mask(instance.d, classes, final)
    return judged(instance, METHOD, mask, claimed, seconds=perf_counter() - start, detail=detail)


def _cost_classes(instance: Instance, problem: Integers) -> list[_CostClass]:
    """The classes by rising size. Equal costs are one class, whatever labels the instance gives them."""
    magnitude = instance.score if instance.update is None else np.abs(instance.update)
    by_score = np.argsort(-magnitude, kind="stable")
    _, label = np.unique(instance.cost[by_score], return_inverse=True)
    ends = np.cumsum(np.bincount(label)) if instance.d else np.empty(0, np.intp)
    groups = np.split(by_score[np.argsort(label, kind="stable")], ends[:-1]) if instance.d else []
    classes = []
    for items in sorted(groups, key=len):
        prefix = list(accumulate((problem.score[i] for i in items.tolist()), initial=0))
        classes.append(_CostClass(problem.cost[items[0]], items, prefix))
    return classes


def _merged(states: list[_State], cost_class: _CostClass, budget: int) -> Iterable[_State]:
    """The best way to spend each reachable cost, with one more class."""
    best: dict[int, _State] = {}
    for state in states:
        most = min(len(cost_class.items), (budget - state.cost) // cost_class.cost)
        for count in range(most + 1):
            cost, value = state.cost + count * cost_class.cost, state.value + cost_class.prefix[count]
            known = best.get(cost)
            if known is None or value > known.value:
                best[cost] = _State(cost, value, count, state)
    return best.values()


def _nondominated(states: Iterable[_State]) -> list[_State]:
    """By rising cost, only the states worth more than every cheaper one."""
    kept: list[_State] = []
    for state in sorted(states, key=lambda state: state.cost):
        if not kept or state.value > kept[-1].value:
            kept.append(state)
    return kept


def _completed(states: list[_State], last: _CostClass, budget: int) -> _State:
    """The best state after filling up with the last class."""

    def filled(state: _State) -> tuple[int, int]:
        count = min(len(last.items), (budget - state.cost) // last.cost)
        return state.value + last.prefix[count], count

    (value, count), state = max(((filled(state), state) for state in states), key=lambda pair: pair[0][0])
    return _State(state.cost + count * last.cost, value, count, state)


def _mask(d: int, classes: list[_CostClass], final: _State) -> Mask:
    """Walk the states back to the empty one, last class first."""
    chosen: list[NDArray[np.intp]] = [np.empty(0, np.intp)]
    state = final
    for cost_class in reversed(classes):
        chosen.append(cost_class.items[: state.taken])
        assert state.before is not None
        state = state.before
    return mask_of(d, np.concatenate(chosen))
