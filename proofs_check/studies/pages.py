"""Frontiers where writing costs by page (claim D22): by page, whole pages, and CWMP that ignores pages.

    retained share of ||g||^2 at each budget, every rule within it, and the bound on all masks

Where magnitudes are independent, few pages are worth opening; where they cluster by page, as rows of a weight matrix
do, whole pages come near. A page costs as much as ``fee`` coordinates.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from proofs_check.studies.study import Progress, silent
from theory.laws.parse import magnitude_law
from theory.optimum.page_bound import compare_pages
from theory.pages import PageCosts
from theory.selection.paged import paged

LAW, PAGE = "gennorm(beta=0.65)", 64  # the shape of real updates; coordinates a page (256 bytes)
CASES: dict[str, tuple[int, float]] = {  # a page's cost in coordinates, spread of the pages' log-scales
    "page = 4 items": (4, 0.0),
    "page = 40 items": (40, 0.0),
    "page = 40 items, clustered": (40, 1.0),
}
SHARES = ("0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2", "0.35", "0.5", "0.7", "0.9")
RULES = ("by_pages", "whole_pages", "item_wise")


def pages(seed: int = 0, *, count: int = 1000, progress: Progress = silent) -> dict[str, Any]:
    """Retained shares by case and budget.

    Args:
        count: pages of the update that is drawn.
    """
    work = [(case, share) for case in CASES for share in SHARES]
    rows = []
    for done, (case, share) in enumerate(work, 1):
        fee, spread = CASES[case]
        rng = np.random.default_rng([seed, list(CASES).index(case)])  # the same draw for every budget
        scale = np.exp(spread * rng.standard_normal(count))
        update = np.repeat(scale, PAGE) * magnitude_law(LAW).sample(rng, count * PAGE)
        joules = Fraction(share) * count * (PAGE + fee)  # of the cost of everything
        problem = paged(update, PageCosts(PAGE, 1, fee), joules)
        found, norm = compare_pages(problem), problem.retained(slice(None))
        kept = {name: float(getattr(found, name) / norm) for name in (*RULES, "bound")}
        rows.append({"case": case, "share": float(share), **kept})
        progress(done / len(work))
    return {
        "parameters": {"seed": seed, "pages": count, "page": PAGE, "law": LAW, "shares": SHARES},
        "cases": {case: {"fee": fee, "spread": spread} for case, (fee, spread) in CASES.items()},
        "rows": rows,
    }
