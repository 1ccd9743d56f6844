"""Mixed-integer programming: cvxpy with boolean variables, solved by HiGHS with zero gaps.

HiGHS computes in float64 with tolerances, so its "optimal" is a lead that recomputation and the other oracles
confirm or refute. What can be done beforehand is done here: items that cannot matter are left out, scores and
costs are scaled by powers of two (which changes no digit) to a range in which its absolute tolerances are
small, and the budget is set half a cost unit above the largest integer number of units that fits, so that on
integer data no tolerance can tell feasible from infeasible wrongly.
"""

from __future__ import annotations

import math
from fractions import Fraction
from time import perf_counter
from typing import Any

from proofs_check.oracles.answer import Optimum, judged
from proofs_check.oracles.integers import Integers, integers, mask_of, worthwhile
from proofs_check.oracles.worker import Worker, ask, unsolved
from theory.instance import Instance

METHOD = "milp"
HIGHS = "proofs_check.oracles.highs:solve"
REPORTED = Fraction(1, 10**9)  # relative accuracy asked of the objective value HiGHS reports
_LARGEST = 20  # the largest score and the largest cost are scaled into [2**19, 2**20)


def milp_optimum(
    instance: Instance, *, seconds: float = 120.0, worker: Worker | None = None, solver: str = HIGHS
) -> Optimum:
    """The optimum as HiGHS sees it, recomputed exactly.

    Args:
        seconds: HiGHS is asked to stop after this time, and killed a little later if it does not.
        worker: a process to run in; without one, a process is started for this call (two seconds).
        solver: the function to run there: keyword arguments ``score``, ``cost``, ``budget``, ``seconds``, result
            ``{"status": "optimal" | "timeout" | other, "objective": float, "chosen": list of indices}``.

    Raises:
        InputError: ``seconds`` is not positive.
    """
    start = perf_counter()
    problem = integers(instance)
    items = worthwhile(problem)
    arguments, score_unit = _scaled(problem, items.tolist())
    reply = ask(worker, solver, arguments, seconds)
    elapsed = perf_counter() - start
    if reply.outcome != "result" or reply.result["status"] != "optimal":
        return unsolved(METHOD, reply, elapsed)
    mask = mask_of(instance.d, items[reply.result["chosen"]])
    claimed = Fraction(reply.result["objective"]) * score_unit
    detail = f"HiGHS, {items.size} variables, gap 0"
    return judged(instance, METHOD, mask, claimed, tolerance=REPORTED, seconds=elapsed, detail=detail)


def _scaled(problem: Integers, items: list[int]) -> tuple[dict[str, Any], Fraction]:
    """The arguments for the solver, and the value of one unit of its objective."""
    score, cost = [problem.score[i] for i in items], [problem.cost[i] for i in items]
    budget = min(problem.budget, sum(cost))
    p_shift = max(score, default=1).bit_length() - _LARGEST
    c_shift = max(cost, default=1).bit_length() - _LARGEST
    arguments = {
        "score": [_times_power(p, -p_shift) for p in score],
        "cost": [_times_power(c, -c_shift) for c in cost],
        "budget": _times_power(2 * budget + 1, -c_shift - 1),
    }
    return arguments, problem.score_unit * Fraction(2) ** p_shift


def _times_power(n: int, exponent: int) -> float:
    """``n * 2**exponent``, rounded once (to 64 bits first when ``n`` is beyond float64)."""
    surplus = max(n.bit_length() - 64, 0)
    return math.ldexp(n >> surplus, exponent + surplus)
