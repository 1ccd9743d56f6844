"""Distance from the exact optimum against the number of coordinates (claims D4, P10).

    (OPT - rule)/OPT for the roundings of CWMP,   phi p_s/OPT (the bound D4),   (LP - OPT)/OPT,   n from 10 to 10^6

OPT is certified. What is known of sizes and profits uniform on (0, 1]^2, divided by OPT of order n:

    prefix       below one item: order 1/n
    fill         sqrt(n) (LP - greedy) converges in distribution: order n^(-3/2) of LP (Calvin & Leung 2003)
    optimum      E(LP - OPT) = O(log^2 n/n): order log^2 n/n^2 of LP (Lueker 1982; Goldberg & Marchetti-Spaccamela 1984)

The first family is that law; the others have Laplace magnitudes, where only the first line is a claim here (P10).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from proofs_check.studies.study import Progress, silent
from theory.budget import percent
from theory.instance import CostClasses, Instance
from theory.optimum.bounds import greedy_gap
from theory.optimum.certificate import certify
from theory.optimum.relaxation import relax
from theory.selection.selectors import cwmp

SIZES = {10: 400, 30: 400, 100: 300, 300: 200, 1000: 100, 3000: 60, 10_000: 40, 30_000: 24, 100_000: 12, 1_000_000: 8}
QUANTITIES = ("prefix", "fill", "best-of", "bound", "relaxation")

Draw = Callable[[np.random.Generator, int, str], Instance]


def _laplace(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.laplace(size=n).astype(np.float32)


FAMILIES: dict[str, tuple[str, Draw]] = {
    "uniform": (
        "scores and costs uniform on (0, 1]",
        lambda rng, n, share: Instance.from_scores(1 - rng.random(n), 1 - rng.random(n), budget=percent(share)),
    ),
    "lognormal": (
        "Laplace magnitudes, lognormal costs (sigma = 1)",
        lambda rng, n, share: Instance(_laplace(rng, n), rng.lognormal(size=n), budget=percent(share)),
    ),
    "two classes": (
        "Laplace magnitudes, costs 1 and 10 equally likely",
        lambda rng, n, share: Instance(
            _laplace(rng, n), CostClasses(rng.integers(0, 2, n), [1, 10]), budget=percent(share)
        ),
    ),
}


def gap(
    seed: int = 0, *, sizes: dict[int, int] = SIZES, share: str = "0.1", progress: Progress = silent
) -> dict[str, Any]:
    """Quartiles, mean and share of zeros of the relative gaps, by family and size.

    Args:
        sizes: number of coordinates -> number of instances. share: budget, of the total cost.
    """
    work = [(family, n, trials) for family in FAMILIES for n, trials in sizes.items()]
    total = sum(_effort(n, trials) for _, n, trials in work)
    rows, done = [], 0.0
    for family, n, trials in work:
        found: list[dict[str, Any]] = []
        for trial in range(trials):
            found.append(_gaps(FAMILIES[family][1](_stream(seed, family, n, trial), n, share)))
            progress((done + _effort(n, trial + 1)) / total)
        done += _effort(n, trials)
        rows.append({"family": family, "n": n, "trials": trials, **_summary(found)})
    return {
        "parameters": {"seed": seed, "share": share, "sizes": {str(n): trials for n, trials in sizes.items()}},
        "families": {name: words for name, (words, _) in FAMILIES.items()},
        "rows": rows,
    }


def _effort(n: int, trials: int) -> float:
    """Seconds, roughly, to show how far the study has come."""
    return trials * (2e-3 + 1.5e-5 * min(n, 30_000) + 1e-6 * n)


def _stream(seed: int, family: str, n: int, trial: int) -> np.random.Generator:
    """A stream of its own for every instance, so that other sizes change nothing."""
    return np.random.default_rng([seed, list(FAMILIES).index(family), n, trial])


def _gaps(instance: Instance) -> dict[str, Any]:
    """Relative gaps of one instance, from exact values; ``certified`` is whether OPT is exact."""
    relaxed, best = relax(instance), certify(instance)
    bound = greedy_gap(instance, relaxed)
    kept = {
        "prefix": instance.retained(relaxed.prefix),
        "fill": cwmp(instance, rounding="fill").retained,
        "best-of": cwmp(instance, rounding="best-of").retained,
    }
    lost = {name: best.retained - value for name, value in kept.items()}
    lost |= {"bound": bound, "relaxation": relaxed.value - best.retained}
    relative = {name: _ratio(amount, best.retained) for name, amount in lost.items()}
    return {**relative, "certified": best.verdict == "exact"}


def _ratio(part: Fraction, whole: Fraction) -> float:
    """``part/whole``; where nothing fits and the optimum is 0, every gap is taken as 0."""
    return float(part / whole) if whole else 0.0


def _summary(found: list[dict[str, Any]]) -> dict[str, Any]:
    summary: dict[str, Any] = {"certified": sum(one["certified"] for one in found)}
    for name in QUANTITIES:
        values = np.array([one[name] for one in found])
        quartiles = [float(q) for q in np.quantile(values, (0.25, 0.5, 0.75))]
        summary[name] = {"quartiles": quartiles, "mean": float(values.mean()), "zero": float((values == 0).mean())}
    return summary
