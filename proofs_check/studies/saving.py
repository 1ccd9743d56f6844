"""The saving law against exact savings (claim P6): where it may be trusted, by the spread of costs at the threshold.

    predicted   CV_tau^2/4 * tau h(tau) / (1 - elasticity/2)
    exact       1 - (energy at which CWMP retains what Top-K does)/(Top-K's energy), by quadrature

Costs are independent of magnitudes or tied to them by a Gaussian copula, which is where the elasticity matters.
"""

from __future__ import annotations

from typing import Any

from proofs_check.studies.study import Progress, silent
from theory.laws.joint import Law
from theory.laws.named import MAGNITUDES
from theory.laws.parse import law_of

SIGMAS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)  # of lognormal costs
RATIOS = (1.2, 1.5, 2.0, 3.0, 5.0, 10.0)  # of two equally likely costs
CORRELATIONS = (-0.3, 0.0, 0.3)
BETAS = (0.01, 0.1, 0.3)


def saving(seed: int = 0, *, progress: Progress = silent) -> dict[str, Any]:
    """One cell per law and budget: predicted and exact saving, and what the prediction is made of.

    Nothing is drawn; ``seed`` is in the record for the sake of uniformity.
    """
    laws = [(name, cost, r) for name in MAGNITUDES for cost, correlations in _costs() for r in correlations]
    cells = []
    for done, (magnitude, cost, correlation) in enumerate(laws, 1):
        law = law_of(MAGNITUDES[magnitude], cost, correlation)
        named = {"magnitude": magnitude, "cost": cost, "correlation": correlation}
        cells += [{**named, **_cell(law, beta)} for beta in BETAS]
        progress(done / len(laws))
    return {
        "parameters": {
            "seed": seed, "magnitudes": MAGNITUDES, "sigmas": SIGMAS, "ratios": RATIOS, "correlations": CORRELATIONS,
            "betas": BETAS,
        },
        "cells": cells,
    }  # fmt: skip


def _costs() -> list[tuple[str, tuple[float, ...]]]:
    """Laws of costs, each with the correlations it is tried with; classes are tried independent only."""
    lognormal = [(f"lognorm(s={sigma})", CORRELATIONS) for sigma in SIGMAS]
    return [*lognormal, *((f"classes(1=0.5, {ratio}=0.5)", (0.0,)) for ratio in RATIOS)]


def _cell(law: Law, beta: float) -> dict[str, float]:
    found = law.saving(beta)
    profile, exact = found.profile, found.at_equal_score
    return {
        "beta": beta, "exact": exact.value, "error": exact.error, "predicted": profile.saving,
        "spread": profile.spread, "tail": profile.tail, "elasticity": profile.elasticity.value,
    }  # fmt: skip
