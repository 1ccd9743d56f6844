"""HiGHS through cvxpy; runs in a worker process."""

from __future__ import annotations

from typing import Any

import cvxpy
import numpy as np

OPTIONS: dict[str, float] = {
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.0,
    "mip_feasibility_tolerance": 1e-10,
    "primal_feasibility_tolerance": 1e-10,
    "dual_feasibility_tolerance": 1e-10,
}


def solve(
    score: list[float], cost: list[float], budget: float, seconds: float, options: dict[str, float] | None = None
) -> dict[str, Any]:
    """``max score . x  subject to  cost . x <= budget, x boolean``; ``options`` None stands for :data:`OPTIONS`."""
    if not score:
        return {"status": "optimal", "objective": 0.0, "chosen": []}
    x = cvxpy.Variable(len(score), boolean=True)
    problem = cvxpy.Problem(cvxpy.Maximize(np.array(score) @ x), [np.array(cost) @ x <= budget])
    problem.solve(solver=cvxpy.HIGHS, time_limit=seconds, **(OPTIONS if options is None else options))
    if problem.status != cvxpy.OPTIMAL or x.value is None:
        return {"status": "timeout" if problem.status == cvxpy.USER_LIMIT else problem.status}
    chosen = np.flatnonzero(x.value > 0.5).tolist()
    return {"status": "optimal", "objective": float(problem.value), "chosen": chosen}
