"""OR-Tools' knapsack solvers on int64, where their arithmetic is exact.

Two of them, by what the instance allows:

    dynamic programming   additions of int64 only, so exact whenever the sums fit; time and memory grow with the
                          budget in cost units (DP-3 of Kellerer, Pferschy & Pisinger 2004)
    branch and bound      orders items by ``p/c`` in float64 and bounds by ``floor(c' p / c)`` in int64 while
                          products fit, else in rounded float64; both are exact while ``max p * max c < 2**52``:
                          quotients that differ then differ in float64, and products stay exact

Beyond that the branch and bound does return wrong optima (an instance of four items near 2**52 is in the tests),
so the method does not apply there. The 64-item solver is not used: its bound is a float64
product rounded down.
"""

from __future__ import annotations

from fractions import Fraction
from time import perf_counter

from proofs_check.oracles.answer import Optimum, judged, unanswered
from proofs_check.oracles.integers import integers, mask_of, worthwhile
from proofs_check.oracles.worker import Worker, ask, unsolved
from theory.instance import Instance

METHOD = "dynamic-programme"
ORTOOLS = "proofs_check.oracles.ortools_knapsack:solve"
_SUMS = 1 << 63
_PRODUCTS = 1 << 52
_TABLE_STEPS = 10**9  # some seconds of the dynamic programme, whose back-tracking repeats it per chosen item
_TABLE_CELLS = 10**7  # 12 bytes each


def dynamic_programme_optimum(
    instance: Instance, *, seconds: float = 120.0, worker: Worker | None = None, solver: str = ORTOOLS
) -> Optimum:
    """The optimum by OR-Tools on exactly scaled integers, recomputed; ``does-not-apply`` when they are too large.

    Args:
        seconds: time limit; the process is killed a little later.
        worker: a process to run in; without one, a process is started for this call.
        solver: the function to run there: keyword arguments ``score``, ``cost``, ``budget``, ``engine``,
            ``seconds``, result ``{"status": "optimal" | "timeout", "objective": int, "chosen": list of indices}``.

    Raises:
        InputError: ``seconds`` is not positive.
    """
    start = perf_counter()
    problem = integers(instance)
    items = worthwhile(problem)
    score, cost = [problem.score[i] for i in items], [problem.cost[i] for i in items]
    budget = min(problem.budget, sum(cost))
    engine, why = _engine(score, cost, budget)
    if not engine:
        return unanswered(METHOD, "does-not-apply", perf_counter() - start, why)
    arguments = {"score": score, "cost": cost, "budget": budget, "engine": engine}
    reply = ask(worker, solver, arguments, seconds)
    elapsed = perf_counter() - start
    if reply.outcome != "result" or reply.result["status"] != "optimal":
        return unsolved(METHOD, reply, elapsed)
    mask = mask_of(instance.d, items[reply.result["chosen"]])
    claimed: Fraction = reply.result["objective"] * problem.score_unit
    return judged(instance, METHOD, mask, claimed, seconds=elapsed, detail=f"OR-Tools, {engine}, {items.size} items")


def _engine(score: list[int], cost: list[int], budget: int) -> tuple[str, str]:
    """Which solver is exact on these integers, or ``""`` and why none is."""
    bits = max(sum(score), sum(cost)).bit_length()
    if sum(score) >= _SUMS or sum(cost) >= _SUMS:
        return "", f"scaled to integers the sums need {bits} bits, int64 holds 63"
    if len(score) ** 2 * budget <= _TABLE_STEPS and budget <= _TABLE_CELLS:
        return "dynamic-programming", ""
    product = max(score, default=0) * max(cost, default=0)
    if product < _PRODUCTS:
        return "branch-and-bound", ""
    return "", f"scaled to integers max p * max c needs {product.bit_length()} bits, branch and bound is exact to 52"
