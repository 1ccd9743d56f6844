"""Selectors that this project did not write, each by the rule of its source, with the promise its users would expect.

Compressors keep a share of the coordinates whatever they cost, so they are judged where all costs are equal, with the
share ``B/C``. Rules are re-expressed here in a few lines from what the sources say and do; torch's pruning, SciPy's
solver and torch's communication hook are called as they are.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.optimize import Bounds, LinearConstraint, milp
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import fp16_compress_hook
from torch.nn.utils.prune import L1Unstructured

from proofs_check.selector import Promise, Selector, from_ddp_hook, from_torch

TOP_K = Promise(score="magnitude", rounding="prefix", ties="any")
DENSITY = Promise(score="l2", rounding="prefix", ties="any")


def share(cost, budget):
    """The budget as the ratio that a compressor takes, at most 1."""
    return min(1.0, budget / float(cost.sum())) if cost.numel() else 0.0


def _top_k_rounding_up(update, cost, budget):
    """``ceil(d * ratio)`` largest magnitudes by ``torch.topk``: the rule of FedLab 1.3's TopkCompressor."""
    return torch.topk(update.abs(), math.ceil(update.numel() * share(cost, budget)), sorted=False).indices


def _top_k_at_least_one(update, cost, budget):
    """``max(1, int(d * ratio))`` by ``torch.topk``: the rule of GRACE's Top-K (Xu et al., ICDCS 2021)."""
    kept = max(1, int(update.numel() * share(cost, budget))) if update.numel() else 0
    return torch.topk(update.abs(), kept, sorted=False).indices


def _pruning(update, cost, budget):
    """``torch.nn.utils.prune.L1Unstructured`` as it is: the ``round(d * amount)`` smallest magnitudes are pruned."""
    if not update.numel():
        return torch.zeros(0, dtype=torch.bool)
    return L1Unstructured(amount=1 - share(cost, budget)).compute_mask(update, torch.ones_like(update)).bool()


def _density_sums(update, cost, budget):
    """Order by ``w^2/c``, and the running sums of costs in that order, in float32."""
    order = torch.sort(update.float() ** 2 / cost.float(), descending=True).indices
    return order, torch.cumsum(cost.float()[order], 0)


def _weighted_projection_as_published(update, cost, budget):
    """The code of Yang, Zhu & Liu (ICLR 2019): the *index* of the last sum within the budget is taken as a count."""
    order, sums = _density_sums(update, cost, budget)
    return order[: int(torch.nonzero(sums <= budget).max())]


def _weighted_projection_as_described(update, cost, budget):
    """The rule of the paper: by ``w^2/c`` while the sum of costs stays within the budget."""
    order, sums = _density_sums(update, cost, budget)
    return order[: int((sums <= budget).sum())]


def solver(update, cost, budget):
    """``scipy.optimize.milp`` (HiGHS) with its default tolerances, as an exact selector."""
    if not np.isfinite(update).all():
        raise ValueError("the update must be finite")
    if not update.size:
        return np.zeros(0, dtype=bool)
    found = milp(
        -(update.astype(np.float64) ** 2), integrality=1, bounds=Bounds(0, 1),
        constraints=LinearConstraint(cost[None, :], -np.inf, budget),
    )  # fmt: skip
    return (found.x > 0.5) & (update != 0)


def _no_state(cost, budget):
    return None


top_k_rounding_up = from_torch(_top_k_rounding_up, TOP_K)
top_k_at_least_one = from_torch(_top_k_at_least_one, TOP_K)
pruning = from_torch(_pruning, TOP_K)
weighted_projection_as_published = from_torch(_weighted_projection_as_published, DENSITY)
weighted_projection_as_described = from_torch(_weighted_projection_as_described, DENSITY)
milp_solver = Selector(solver, Promise(exact=True))
half_precision_hook = from_ddp_hook(fp16_compress_hook, _no_state)

FOREIGN = {
    "top_k_rounding_up": "equal",
    "top_k_at_least_one": "equal",
    "pruning": "equal",
    "weighted_projection_as_published": None,
    "weighted_projection_as_described": None,
    "milp_solver": None,
    "half_precision_hook": None,
}
