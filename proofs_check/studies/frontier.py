"""The supported frontier (claim D6): all masks of a small instance by cost and value, and what each rule reaches.

    vertices of the upper concave hull of { (c(M), p(M)) }  =  prefixes of the order of p/c

Costs and scores are whole numbers, so everything here is exact. Every rule runs at every whole budget; the optimum of
each budget comes from enumeration.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np

from proofs_check.methods.hull import hull_vertices
from proofs_check.oracles import enumerate_masks
from proofs_check.studies.study import Progress, silent
from theory.instance import Instance
from theory.selection.selectors import Selection, cwmp, top_k

ITEMS, DEAREST, LARGEST = 12, 12, 30


def frontier(seed: int = 0, *, items: int = ITEMS, progress: Progress = silent) -> dict[str, Any]:
    """Masks, hull, and (spent, retained) of prefix, fill, best-of and Top-K at every whole budget from 0 to C."""
    score, cost = _items(seed, items)
    instance = Instance.from_scores(score, cost, 0)
    table = enumerate_masks(instance)
    points = sorted({(_whole(c * table.cost_unit), _whole(p * table.value_unit))
                     for c, p in zip(table.cost, table.value, strict=True)})  # fmt: skip
    hull = hull_vertices([(Fraction(c), Fraction(p)) for c, p in points])
    total = int(cost.sum())
    best = _best_within(points, total)
    rows = []
    for budget in range(total + 1):
        at = instance.with_budget(Fraction(budget))
        rules = {"prefix": cwmp(at), "fill": cwmp(at, rounding="fill"), "best-of": cwmp(at, rounding="best-of"),
                 "top-k": top_k(at)}  # fmt: skip
        rows.append({"budget": budget, "optimum": best[budget], **{name: _point(rule) for name, rule in rules.items()}})
        progress(budget / total)
    law = f"whole numbers, uniform: scores on 1..{LARGEST}, costs on 1..{DEAREST}"
    return {
        "parameters": {"seed": seed, "items": items, "law": law},
        "score": score.astype(int).tolist(),
        "cost": cost.astype(int).tolist(),
        "masks": points,
        "hull": [[_whole(c), _whole(p)] for c, p in hull],
        "budgets": rows,
    }


def _items(seed: int, items: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(1, LARGEST + 1, items).astype(float), rng.integers(1, DEAREST + 1, items).astype(float)


def _best_within(points: list[tuple[int, int]], total: int) -> list[int]:
    """The largest value at a cost of at most B, for B = 0..total."""
    best = [0] * (total + 1)
    for cost, value in points:
        best[cost] = max(best[cost], value)
    return list(accumulate(best, max))


def _point(rule: Selection) -> list[int]:
    return [_whole(rule.spent), _whole(rule.retained)]


def _whole(number: Fraction | int) -> int:
    """An exact integer; the sums of whole numbers are whole."""
    if Fraction(number).denominator != 1:
        raise ArithmeticError(f"{number} is not whole")
    return int(number)
