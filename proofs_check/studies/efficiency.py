"""Energy efficiency: what CWMP retains over Top-K with the same energy, by law and budget (claims P1 to P3).

    R(beta) = V(beta)/V_K(beta)

V and V_K come from quadrature with its stated error, and again from samples with 95 % intervals: two computations that
share the law and nothing else.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from proofs_check.studies.study import Progress, silent
from theory.laws.joint import Law
from theory.laws.named import MAGNITUDES
from theory.laws.parse import law_of
from theory.laws.samples import SampleLaw

COSTS = {"lognormal 1": "lognorm(s=1)", "two classes 1:10": "classes(1=0.5, 10=0.5)"}
BETAS = tuple(float(f"{beta:.4g}") for beta in np.geomspace(0.002, 0.9, 33))
SAMPLED = (0.005, 0.02, 0.1, 0.3, 0.6)


def efficiency(seed: int = 0, *, dim: int = 400_000, progress: Progress = silent) -> dict[str, Any]:
    """Curves of (beta, V, V_K, R) by quadrature, and points by sampling, for every law.

    Args:
        dim: coordinates of each sample.
    """
    curves = []
    for at, (magnitude, cost) in enumerate(product(MAGNITUDES, COSTS)):
        law = law_of(MAGNITUDES[magnitude], COSTS[cost])
        data = SampleLaw(*law.sample(np.random.default_rng([seed, at]), dim))
        curves.append({
            "magnitude": magnitude, "cost": cost, "spread": law.profile(law.tau(0.1 * law.mean_cost())).spread,
            "points": [_point(law, beta) for beta in BETAS], "sampled": [_point(data, beta) for beta in SAMPLED],
        })  # fmt: skip
        progress((at + 1) / (len(MAGNITUDES) * len(COSTS)))
    return {
        "parameters": {"seed": seed, "dim": dim, "magnitudes": MAGNITUDES, "costs": COSTS},
        "curves": curves,
    }


def _point(law: Law | SampleLaw, beta: float) -> dict[str, Any]:
    """Each value with its error: a quadrature's, or the half-width of a 95 % interval."""
    at = law.efficiency(beta)
    return {"beta": beta, "V": list(at.cwmp), "V_K": list(at.top_k), "R": list(at.ratio)}
