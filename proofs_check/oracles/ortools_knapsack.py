"""OR-Tools' knapsack solvers; runs in a worker process."""

from __future__ import annotations

from typing import Any

from ortools.algorithms.python import knapsack_solver

ENGINES = {
    "dynamic-programming": knapsack_solver.SolverType.KNAPSACK_DYNAMIC_PROGRAMMING_SOLVER,
    "branch-and-bound": knapsack_solver.SolverType.KNAPSACK_MULTIDIMENSION_BRANCH_AND_BOUND_SOLVER,
}


def solve(score: list[int], cost: list[int], budget: int, engine: str, seconds: float) -> dict[str, Any]:
    """``max score . x  subject to  cost . x <= budget, x boolean``, all of them int64."""
    if not score:
        return {"status": "optimal", "objective": 0, "chosen": []}
    solver = knapsack_solver.KnapsackSolver(ENGINES[engine], "knapsack")
    solver.set_time_limit(seconds)
    solver.init(score, [cost], [budget])
    objective = solver.solve()
    chosen = [i for i in range(len(score)) if solver.best_solution_contains(i)]
    status = "optimal" if solver.is_solution_optimal() else "timeout"
    return {"status": status, "objective": objective, "chosen": chosen}
