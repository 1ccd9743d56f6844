"""What the pages on limits share: sampled efficiencies through the selectors themselves, and laws to look at.

Samples go the long way, through :class:`theory.Instance` and exact selection; what they are compared with comes from
quadrature. A comparison is a t-test over replicates of size d, whose bias is of order 1/d.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from proofs_check.methods.judge import survived
from theory.budget import percent
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.laws.joint import Law

REPLICATES = 24
LIMIT = 6.0  # standard errors; with 23 degrees of freedom a true mean strays further once in 250,000 comparisons

LAWS = (
    ("norm()", "classes(1=0.5, 10=0.5)", 0.0),
    ("laplace()", "lognorm(s=1)", 0.0),
    ("gennorm(beta=0.65)", "lognorm(s=0.5)", 0.5),
    ("t(df=5)", "classes(1=0.2, 4=0.5, 9=0.3)", -0.4),
    ("spike(0.5, laplace())", "uniform(loc=1, scale=3)", 0.0),
    ("classes(1=0.5, 2=0.3, 3=0.2)", "classes(1=0.6, 5=0.4)", 0.0),
)

Statistic = Callable[[Instance, np.random.Generator], float]


def replicate(law: Law, beta: float, d: int, statistic: Statistic, rng: np.random.Generator) -> np.ndarray:
    """``statistic`` of :data:`REPLICATES` instances of ``d`` coordinates drawn from ``law``."""
    draws = (Instance(*law.sample(rng, d), budget=percent(beta)) for _ in range(REPLICATES))
    return np.array([statistic(instance, rng) for instance in draws])


def share_of_norm(retained: float, instance: Instance) -> float:
    """``retained/||g||^2``."""
    return retained / float(instance.score.sum())


def compared_with_samples(
    claim: str, cases: Iterable[tuple[str, np.ndarray, float]], seed: int, words: str, allowance: float = 0.0
) -> Verdict:
    """Means of replicates against predictions: refuted when one is off by more than :data:`LIMIT` standard errors.

    Args:
        cases: (name, replicates, prediction). allowance: for the bias of a finite d, in units of the prediction.
    """
    worst, trials = 0.0, 0
    for name, values, predicted in cases:
        trials += 1
        mean = float(values.mean())
        if not math.isfinite(mean):  # no comparison says anything of it
            reach = f"{name}: the sampled mean is {mean}"
            return Verdict(claim, "families", Outcome.INCONCLUSIVE, words, reach, trials, seed=seed)
        error = float(values.std(ddof=1)) / math.sqrt(values.size) + 1e-12 * abs(predicted)
        off = (abs(mean - predicted) - allowance * abs(predicted)) / error
        worst = max(worst, off)
        if off > LIMIT:
            found = {"case": name, "should": "sampled mean = prediction", "left": mean, "right": predicted}
            return Verdict(
                claim, "families", Outcome.REFUTED, words, f"{off:.1f} standard errors", trials, None, found, seed=seed
            )
    observed = {"largest deviation in standard errors": round(worst, 2)}
    return survived(claim, "families", words, trials, seed, observed=observed)


def agreement(claim: str, method: str, cases: Iterable[tuple[str, float, float, float]], words: str) -> Verdict:
    """Two computations of the same number that share no code: refuted when they differ by more than is allowed.

    Args:
        cases: (name, one, other, allowed difference).
    """
    trials, worst = 0, 0.0
    for name, one, other, allowed in cases:
        trials += 1
        worst = max(worst, abs(one - other) / allowed)
        if not abs(one - other) <= allowed:
            found = {"case": name, "should": "both agree", "left": float(one), "right": float(other)}
            return Verdict(
                claim, method, Outcome.REFUTED, words, f"differ by {abs(one - other):.3g}", trials, None, found
            )
    observed = {"largest difference, of what is allowed": float(f"{worst:.3g}")}
    return Verdict(
        claim, method, Outcome.SURVIVED, words, "numerical agreement never proves", trials, observed=observed
    )


def identities(claim: str, expressions: Iterable[object], *, domain: str, reach: str, whole: bool = False) -> Verdict:
    """Symbolic expressions that must all simplify to zero; only where that is the ``whole`` claim is it proved."""
    import sympy

    left = [sympy.simplify(x) for x in expressions]
    wrong = [x for x in left if x != 0]
    found = {"should": "= 0", "left": str(wrong[0])[:200]} if wrong else None
    held = Outcome.PROVED if whole else Outcome.CHECKED
    outcome = Outcome.REFUTED if wrong else held
    return Verdict(claim, "symbolic", outcome, domain, reach, len(left), counterexample=found)
