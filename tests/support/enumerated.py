"""Small knapsacks solved by looking at everything."""

import itertools

import numpy as np


def masks(score, cost, budget):
    """Every feasible mask, with what it retains."""
    for chosen in itertools.product((False, True), repeat=len(score)):
        mask = np.array(chosen)
        if cost[mask].sum() <= budget:
            yield mask, int(score[mask].sum())


def textbook(score, cost, budget):
    """The optimum by the dynamic programme over budgets."""
    best = np.zeros(budget + 1, np.int64)
    for p, c in zip(score.tolist(), cost.tolist(), strict=True):
        best[c:] = np.maximum(best[c:], best[: budget + 1 - c] + p)
    return int(best[-1])
