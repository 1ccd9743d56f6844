"""Oracles judging one another.

Recomputation shows that a mask is feasible and what it is worth, not that nothing is worth more. A second
method can show the opposite: an exactly verified feasible mask of larger value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from proofs_check.oracles.answer import Optimum, shown, totals
from theory.errors import InputError
from theory.instance import Instance

Method = Callable[[Instance], Optimum]


@dataclass(frozen=True, eq=False)
class CrossCheck:
    """What several oracles say about one instance, after judging one another.

    Attributes:
        answers: one per method, in the order asked; an ``optimal`` that another's mask beats, or whose value or
            cost is not that of its mask, is now ``solver-wrong``.
        value: the value on which every standing ``optimal`` agrees, exact; None when none stands.
        agreeing: names of the methods that stand behind ``value``.
    """

    answers: tuple[Optimum, ...]
    value: Fraction | None
    agreeing: tuple[str, ...]

    @property
    def wrong(self) -> tuple[Optimum, ...]:
        """The answers in which a solver was caught."""
        return tuple(answer for answer in self.answers if answer.status == "solver-wrong")


def cross_check(instance: Instance, methods: Sequence[Method]) -> CrossCheck:
    """Ask every method, recompute every mask, and let the best feasible one refute the others.

    Args:
        methods: functions from an instance to an :class:`Optimum`; bind options with ``functools.partial``.

    Raises:
        InputError: no methods.
    """
    if not methods:
        raise InputError("cross_check needs at least one method")
    answers = [method(instance) for method in methods]
    champion, best = _best_feasible(instance, answers)
    checked = tuple(_rechecked(instance, answer, champion, best) for answer in answers)
    standing = [answer for answer in checked if answer.status == "optimal"]
    return CrossCheck(checked, standing[0].value if standing else None, tuple(answer.method for answer in standing))


def _best_feasible(instance: Instance, answers: Sequence[Optimum]) -> tuple[str, Fraction]:
    """The largest value of any mask handed in that fits the budget, and whose it is."""
    champion, best = "the empty mask", Fraction(0)
    for answer in answers:
        if answer.mask is not None:
            spent, value = totals(instance, answer.mask)
            if spent <= instance.budget and value > best:
                champion, best = answer.method, value
    return champion, best


def _rechecked(instance: Instance, answer: Optimum, champion: str, best: Fraction) -> Optimum:
    if answer.status != "optimal":
        return answer
    if answer.mask is None:
        return _caught(answer, "claims optimality without a mask")
    spent, value = totals(instance, answer.mask)
    if spent > instance.budget:
        return _caught(answer, f"its mask costs {shown(spent)} of a budget of {shown(instance.budget)}")
    if (spent, value) != (answer.spent, answer.value):
        return _caught(answer, f"its mask costs {shown(spent)} and is worth {shown(value)}, which is not what it says")
    if value < best:
        more = shown((best - value) / best)
        return _caught(answer, f"beaten by the mask of {champion}, which is feasible and better by {more} of its value")
    return answer


def _caught(answer: Optimum, why: str) -> Optimum:
    return replace(answer, status="solver-wrong", value=None, spent=None, detail=f"{why} ({answer.detail})")
