"""What an oracle answers, and the recomputation every answer goes through.

A solver's own "optimal" is never evidence. The mask is: what it costs and what it is worth are summed again
here as rationals, from the float64 data themselves and not from the integers the oracles work on.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from theory.instance import Instance

Mask = NDArray[np.bool_]
Status = Literal["optimal", "solver-wrong", "timeout", "does-not-apply", "failed"]


@dataclass(frozen=True, eq=False)
class Optimum:
    """One oracle's answer.

    Attributes:
        method: which oracle.
        status: ``optimal``: the claim survived recomputation. ``solver-wrong``: it was claimed and did not.
            ``timeout``: killed, or stopped at its limit. ``does-not-apply``: the method cannot be exact here.
            ``failed``: no answer came.
        mask: bool, shape (d,); for ``solver-wrong`` the mask that was claimed, as evidence; else None.
        value: exact ``sum p_i`` over the mask, in the units of ``score``; None unless ``optimal``.
        spent: exact ``sum c_i`` over the mask, in the units of ``cost``; None unless ``optimal``.
        claimed: the value the method itself reported, or None.
        seconds: wall time, the start of a child process included.
        detail: one line: what stands behind the answer, or why there is none.
    """

    method: str
    status: Status
    mask: Mask | None
    value: Fraction | None
    spent: Fraction | None
    claimed: float | None
    seconds: float
    detail: str


def totals(instance: Instance, mask: Mask) -> tuple[Fraction, Fraction]:
    """Exact ``(sum c_i, sum p_i)`` over ``mask`` (bool, shape (d,)), in the units of cost and score."""
    if instance.update is None:
        return _total(instance.cost[mask]), _total(instance.score[mask])
    kept = np.ldexp(instance.update[mask].astype(np.float64), -instance.scale_exponent)
    return _total(instance.cost[mask]), _total(kept, power=2)


def _total(values: NDArray[np.float64], power: int = 1) -> Fraction:
    """The exact sum of powers, over the largest of the denominators (all are powers of two)."""
    ratios = [x.as_integer_ratio() for x in values.tolist()]
    denominator = max((d for _, d in ratios), default=1)
    return Fraction(sum((n * (denominator // d)) ** power for n, d in ratios), denominator**power)


def judged(
    instance: Instance, method: str, mask: Mask, claimed: Fraction, *,
    tolerance: Fraction = Fraction(0), seconds: float, detail: str,
) -> Optimum:  # fmt: skip
    """A claim of optimality after recomputation: ``optimal``, or ``solver-wrong`` with the reason.

    Args:
        mask: bool, shape (d,). claimed: the value the method reports, in the units of ``score``.
        tolerance: how far, relative to the value, a method that computes in floating point says that its report
            may be off. Feasibility has none.
    """
    spent, value = totals(instance, mask)
    reported = rounded(claimed)
    if spent > instance.budget:
        excess = shown(spent - instance.budget)
        why = f"claimed optimal, but costs {shown(spent)} of a budget of {shown(instance.budget)}: {excess} too much"
    elif abs(value - claimed) > tolerance * value:
        why = f"claims a value of {shown(claimed)}, but its mask is worth {shown(value)}"
    else:
        return Optimum(method, "optimal", mask, value, spent, reported, seconds, detail)
    return Optimum(method, "solver-wrong", mask, None, None, reported, seconds, f"{why} ({detail})")


def unanswered(method: str, status: Status, seconds: float, detail: str) -> Optimum:
    """An answer without a mask."""
    return Optimum(method, status, None, None, None, None, seconds, detail)


def rounded(value: Fraction) -> float:
    """The nearest float64, infinite beyond its range."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def shown(value: Fraction) -> str:
    """``value`` to 17 digits, at any magnitude."""
    return f"{Decimal(value.numerator) / Decimal(value.denominator):.17g}"
