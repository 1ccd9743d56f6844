"""Contraction under the same joules: the worst case of CWMP and Top-K, and error feedback under both (D13, D14, D18).

    ||g - S_B(g)||^2 <= (1 - delta) ||g||^2       guaranteed:  (B - c_max)/C for CWMP,  k_B/d for Top-K

The worst case over all updates is found exactly. A rule that takes items in an order stops at a set S that the next
item does not fit: any S with c(S) <= B < c(S) + max c outside S, by a suitable update. Among updates with this outcome
the least is retained by one whose densities (CWMP) or magnitudes (Top-K) are all equal, so

    CWMP   delta = min c(S)/C,        Top-K   delta = min |S|/d       over such S,   and 0 below c_max,

by enumeration of all sets. Each minimum is then realised: the rule itself runs on that update, the items of S first.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from proofs_check.studies.study import Progress, silent
from theory.feedback.compressor import Compressor
from theory.instance import Instance
from theory.optimum.bounds import contraction_cwmp_prior, contraction_top_k
from theory.selection.selectors import cwmp, top_k

COSTS = (10,) * 4 + (1,) * 12  # joules: whole numbers
STEP = 0.1
LEVELS = (0.5, 0.1, 0.01)  # of f(x_0)
SEPARATION = "360 coordinates at 1 J and 40 at 100 J, all as far from the optimum; B = 2 c_max"
HEAVY_TAILED = "400 coordinates, Student-t 3 distances, lognormal costs (sigma = 1); B = 2 c_max"
RULES = ("cwmp", "top-k")


class Problem(NamedTuple):
    """``f(x) = ||x - x*||^2/2`` from x = 0 with the step :data:`STEP`, and what a coordinate costs."""

    target: NDArray[np.float64]
    cost: NDArray[np.float64]
    budget: Fraction


def contraction(seed: int = 0, *, runs: int = 10, progress: Progress = silent) -> dict[str, Any]:
    """Worst-case contraction at every whole budget, and loss against energy of gradient descent with error feedback.

    Args:
        runs: draws of the random problem.
    """
    worst = _worst(np.array(COSTS), progress)
    apart = [_descend(separation())]
    tailed = []
    for run in range(runs):
        tailed.append(_descend(heavy_tailed(np.random.default_rng([seed, run]))))
        progress(0.6 + 0.4 * (run + 1) / runs)
    return {
        "parameters": {"seed": seed, "runs": runs, "costs": list(COSTS), "step": STEP, "levels": list(LEVELS)},
        "worst": worst,
        "descent": {
            "separation": {"words": SEPARATION, "paths": apart},
            "heavy-tailed": {"words": HEAVY_TAILED, "paths": tailed},
        },
    }


def separation() -> Problem:
    """D14's instance: the guarantees are furthest apart, the dear coordinates come first."""
    cost = np.where(np.arange(400) < 40, 100.0, 1.0)
    return Problem(np.ones(400), cost, Fraction(200))


def heavy_tailed(rng: np.random.Generator) -> Problem:
    """Distances with a heavy tail, costs independent of them."""
    target, cost = rng.standard_t(3, 400), rng.lognormal(size=400)
    return Problem(target, cost, 2 * Fraction(float(cost.max())))


def worst_case(cost: NDArray, budget: int) -> dict[str, tuple[Fraction, NDArray[np.bool_]]]:
    """For each rule the least share retained over all updates, exact, and the set at which it stops.

    Args:
        cost: whole numbers, shape (n,), n <= 20. budget: joules.
    """
    n, total = cost.size, int(cost.sum())
    sets = np.arange(1 << n)[:, None] >> np.arange(n) & 1 == 1
    spent = sets @ cost
    next_one = np.where(sets, 0, cost).max(axis=1)
    stops = (spent <= budget) & ((spent + next_one > budget) | sets.all(axis=1))
    if budget < cost.max():  # the dearest item is dropped before ordering, and may carry everything
        nothing = np.zeros(n, dtype=bool)
        return {"cwmp": (Fraction(0), nothing), "top-k": (Fraction(0), nothing)}
    size = sets.sum(axis=1)
    by_cost, by_count = (int(np.argmin(np.where(stops, x, total + n))) for x in (spent, size))
    return {
        "cwmp": (Fraction(int(spent[by_cost]), total), sets[by_cost]),
        "top-k": (Fraction(int(size[by_count]), n), sets[by_count]),
    }


def _worst(cost: NDArray, progress: Progress) -> list[dict[str, Any]]:
    rows, total = [], int(cost.sum())
    for budget in range(total + 1):
        found = worst_case(cost, budget)
        instance = Instance.from_scores(cost.astype(float), cost.astype(float), budget)
        guaranteed = {"cwmp": contraction_cwmp_prior(instance), "top-k": contraction_top_k(instance)}
        row: dict[str, Any] = {"budget": budget}
        for rule in RULES:
            share, stop = found[rule]
            realised = _realised(rule, cost, budget, stop)
            row[rule] = {"guaranteed": str(guaranteed[rule]), "worst": str(share), "realised": str(realised)}
        rows.append(row)
        progress(0.6 * budget / total)
    return rows


def _realised(rule: str, cost: NDArray, budget: int, stop: NDArray[np.bool_]) -> Fraction:
    """The share that the rule itself retains of the update built to make it stop at ``stop``.

    All scores per cost (CWMP) or all scores (Top-K) are equal; the items of the set come first, then the dearest. Below
    ``c_max`` the whole update is one item that no budget pays for.
    """
    if budget < cost.max():
        score = (np.arange(cost.size) == np.argmax(cost)).astype(float)
        instance = Instance.from_scores(score, cost.astype(float), budget)
    else:
        first = np.lexsort((-cost, ~stop))
        ordered = cost[first].astype(float)
        instance = Instance.from_scores(ordered if rule == "cwmp" else np.ones(cost.size), ordered, budget)
    chosen = cwmp(instance) if rule == "cwmp" else top_k(instance)
    return chosen.retained / instance.retained(np.ones(cost.size, dtype=bool))


def _descend(problem: Problem, energy: float = 6.0) -> dict[str, Any]:
    """Gradient descent with error feedback under each rule, until ``energy`` times the cost of sending everything."""
    total = float(problem.cost.sum())
    paths: dict[str, Any] = {}
    for rule in RULES:
        compressor = Compressor(problem.cost, problem.budget, selector=rule)
        x = np.zeros(problem.target.size)
        state, spent, points = compressor.init(x), 0.0, []
        while spent <= energy * total:
            points.append((spent / total, _loss(x, problem)))
            sent, state = compressor.apply(state, STEP * (x - problem.target))
            x, spent = x - sent.values, spent + float(sent.selection.spent)
        start = points[0][1]
        paths[rule] = {"energy": [float(f"{e:.5g}") for e, _ in points],
                       "loss": [float(f"{f / start:.4g}") for _, f in points],
                       "reached": [next((e for e, f in points if f <= level * start), None) for level in LEVELS],
                       }  # fmt: skip
    return paths


def _loss(x: NDArray[np.float64], problem: Problem) -> float:
    away = x - problem.target
    return float(away @ away) / 2
