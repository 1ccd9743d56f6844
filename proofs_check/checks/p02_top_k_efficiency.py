"""P2. Energy efficiency of Top-K and Random-K.

    p(Top-K)/||g||^2     ->  V_K(beta) = E[p; |g| > tau]/E p,   tau from E[c; |g| > tau] = beta E c
    dV_K/dbeta            =  tau^2 E c / (E[c | |g| = tau] E p)
    p(Random-K)/||g||^2  ->  min(1, beta E c/E[c; p > 0]),  which is beta when no coordinate is 0

Assumptions: E p and E c finite; ``|g|`` without atoms (with atoms, ties at tau are shared). Kind: identity.
Source: law of large numbers; formalises the abstract's probabilistic analysis.

Proof idea. Top-K's set is {|g| > t} for a random t; its energy per coordinate tends to E[c; |g| > t] uniformly in t
(Glivenko-Cantelli for c-weighted classes), so t tends to tau. Random-K takes coordinates that are not 0 in random
order; its share of their energy, hence of their number and of the score, tends to beta E c/E[c; p > 0]. The slope is
the quotient of the two boundary terms.
"""

from __future__ import annotations

import numpy as np
import sympy
from scipy import stats

from proofs_check.methods.finite_laws import by_score, small_laws
from proofs_check.methods.judge import Check, Falsehood
from proofs_check.methods.limits import LAWS, compared_with_samples, identities, replicate, share_of_norm
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict
from theory.laws.parse import law_of
from theory.selection.selectors import random_k, top_k

_D, _BETAS = 3000, (0.02, 0.1, 0.4)


def symbolic(seed: int = 0, weighted: bool = True) -> Verdict:
    """Any density and any conditional mean cost: the slope of V_K is ``tau^2 E c/(E[c | |g| = tau] E p)``."""
    t, mean, second = sympy.symbols("t m q", positive=True)
    density, cost = sympy.Function("f"), sympy.Function("mu")
    u = sympy.Dummy("u", positive=True)
    energy = sympy.Integral(cost(u) * density(u), (u, t, sympy.oo))  # E[c; |g| > t]
    score = sympy.Integral(u**2 * density(u), (u, t, sympy.oo))  # E[p; |g| > t]
    slope = (score.diff(t) / second) / (energy.diff(t) / mean)  # dV_K/dt over dbeta/dt
    stated = t**2 * mean / ((cost(t) if weighted else mean) * second)
    words = "any density f, any conditional mean cost mu(t): the quotient of the boundary terms"
    return identities("P2", [slope - stated], domain=words, reach="every law with a density and a smooth mean cost")


def exhaustion(seed: int = 0, strict: bool = True) -> Verdict:
    """Every small law at every budget that a level tau spends exactly: taking atoms by p is the threshold formula."""
    words = "all laws of 2 or 3 atoms with p in 0..3, c in 1..3, masses 1 or 2, every tau"
    trials = 0
    for law in small_laws():
        total, atoms = sum(law.mass), list(zip(law.score, law.cost, law.mass, strict=True))
        for level in sorted(set(law.score)):
            above = [atom for atom in atoms if (atom[0] > level if strict else atom[0] >= level)]
            spent = Rational(sum(c * m for p, c, m in atoms if p > level), total)
            beta = spent / law.mean_cost
            stated, trials = Rational(sum(p * m for p, _, m in above), total), trials + 1
            taken = law.retained(beta, by_score)
            if stated != taken:
                found = {"law": str(law), "tau^2": level, "should": "E[p; |g| > tau] = E[p z]"}
                found |= {"left": str(stated), "right": str(taken)}
                return Verdict("P2", "exhaustion", Outcome.REFUTED, words, "one suffices", trials, None, found)
    return Verdict("P2", "exhaustion", Outcome.CHECKED, words, "exactly the stated finite domain", trials)


def families(seed: int = 0, by_count: bool = False) -> Verdict:
    """Instances drawn from six laws, Top-K and Random-K with exact budgets, against quadrature."""
    rng = np.random.default_rng(seed)

    def cases():  # type: ignore[no-untyped-def]
        for text in LAWS:
            law = law_of(*text)
            for beta in _BETAS:
                predicted = law.efficiency(beta).top_k.value
                if by_count:  # the level that keeps beta of the coordinates, whatever they cost
                    at = float(law.magnitude.quantile(np.array(stats.norm.isf(beta))))
                    predicted = law.score_top_k(at) / law.mean_score()
                kept = lambda i, _: share_of_norm(float(top_k(i).retained), i)  # noqa: E731
                yield f"Top-K, {law}, beta = {beta}", replicate(law, beta, _D, kept, rng), predicted
                drawn = lambda i, r: share_of_norm(float(random_k(i, r).retained), i)  # noqa: E731
                sent = law.energy_top_k(0.0) / law.mean_cost()  # zeros cost nothing
                yield f"Random-K, {law}, beta = {beta}", replicate(law, beta, _D, drawn, rng), min(1.0, beta / sent)

    words = (
        f"{len(LAWS)} laws x {len(_BETAS)} budgets x 2 selectors, {_D} coordinates, 24 replicates; bias 10/d allowed"
    )
    return compared_with_samples("P2", cases(), seed, words, allowance=10 / _D)


CHECKS = (
    Check("P2", "symbolic", symbolic),
    Check("P2", "exhaustion", exhaustion),
    Check("P2", "families", families),
)

FALSEHOODS = (
    Falsehood("P2", "the slope needs the mean cost, not that at tau", lambda: symbolic(weighted=False)),
    Falsehood("P2", "atoms at tau are kept too", lambda: exhaustion(strict=False)),
    Falsehood("P2", "Top-K keeps the share beta of the coordinates", lambda: families(by_count=True)),
)
