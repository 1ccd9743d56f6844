"""How much of each layer to send, by dynamic programming over the layers (L-GreCo, Alimohammadi et al. 2023).

    min  sum_l ||g_l - Top-K_l(k_l)||^2   over  k_l in a grid of shares of layer l,   sum_l cost_l(k_l) <= B

Within a layer the largest |g| are sent. The budget is cut into equal steps, of which a layer's cost takes a whole
number, rounded up: so the joules hold, and what the steps leave over is spent on the largest |g| of all that is left.
L-GreCo counts bits; here a layer's cost is its coordinates' joules, the ledger of every other method.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from theory.instance import Instance
from theory.layers import Layer
from theory.selection.layered import spans_of
from theory.selection.selectors import Selection, top_k

STEPS = 1000  # of the budget
_SHARES = np.r_[0.0, np.geomspace(1e-3, 1, 25)]  # of a layer that may be sent
_ROUNDING = 1 + 1e-9  # of sums in float64

Floats = NDArray[np.float64]


def layer_wise(instance: Instance, layers: Sequence[Layer | int]) -> Selection:
    """The coordinates that layer-wise budgets keep.

    Args:
        layers: of the flat vector, in its order.

    Raises:
        InputError: layers that do not add up to the update.

    Source: M. Alimohammadi, I. Markov, E. Frantar, D. Alistarh, "L-GreCo", 2023, its dynamic programme with the joules
        of this project for its bits.
    """
    mask, budget = np.zeros(instance.d, dtype=bool), float(instance.budget)
    orders, counts, errors, steps = [], [], [], []
    for start, end in spans_of(layers, instance.d):
        score, cost = instance.score[start:end], instance.cost[start:end]
        order = np.argsort(-score, kind="stable")
        count = np.unique(np.rint(_SHARES * score.size).astype(np.intp))
        lost, joules = (np.r_[0.0, np.cumsum(x[order])][count] for x in (score, cost))
        orders.append(start + order)
        counts.append(count)
        errors.append(lost[-1] - lost)
        steps.append(np.ceil(joules * _ROUNDING / budget * STEPS) if budget else np.where(count, np.inf, 0.0))
    for order, count, k in zip(orders, counts, best_choices(errors, steps, STEPS), strict=True):
        mask[order[: count[k]]] = True
    mask &= instance.score > 0
    left = instance.budget - instance.spent(mask)
    rest = top_k(Instance.from_scores(np.where(mask, 0.0, instance.score), instance.cost, left))
    mask |= rest.mask
    return Selection(mask, instance.spent(mask), instance.retained(mask))


def best_choices(errors: Sequence[Floats], steps: Sequence[Floats], total: int) -> list[int]:
    """One choice a layer with the least sum of errors among those whose steps are at most ``total`` together.

    Args:
        errors, steps: of each layer's choices, shape (choices,); the first choice of each takes no step.
    """
    best, chosen = np.zeros(total + 1), []
    for error, step in zip(errors, steps, strict=True):
        fits = step <= total
        found = np.full((error.size, total + 1), np.inf)
        for k in np.flatnonzero(fits):
            taken = int(step[k])
            found[k, taken:] = best[: total + 1 - taken] + error[k]
        chosen.append(found.argmin(axis=0))
        best = found.min(axis=0)
    left, picked = total, list[int]()
    for choice, step in zip(reversed(chosen), reversed(steps), strict=True):
        picked.append(int(choice[left]))
        left -= int(step[picked[-1]])
    return picked[::-1]
