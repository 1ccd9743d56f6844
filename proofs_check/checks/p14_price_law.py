"""P14. The price law across clients.

    retained(one price)/retained(equal budgets) = (M_a(s)/M_2(s))^2           at equal joules
    joules(one price)/joules(equal budgets)     = (M_2(s)/M_a(s))^(2a/(a-2))  at equal score

Client k's magnitudes are s_k times one law with P(|g| > t) = L t^-a, a > 2, above every threshold in play; costs come
from one law, independent of magnitudes there. M_q is the power mean, scores are those of the tail.

Kind: identity. Source: D21 and power tails; formalised here.

Proof idea. At a threshold t on |g|/sqrt(c), client k spends s_k^a t^-a and scores s_k^a t^(2-a), up to one factor each
for all. One price is one t; equal budgets make t proportional to s_k.
"""

from __future__ import annotations

import numpy as np
import sympy

from proofs_check.methods.judge import Check, Falsehood
from proofs_check.methods.limits import agreement, compared_with_samples, identities
from theory.claims.verdict import Verdict
from theory.laws.clients import price_law
from theory.optimum.pooled import price_gain

SCALES = ((1.0, 2.0), (1.0, 2.0, 4.0), (1.0, 1.0, 3.0))
INDICES = (3.0, 4.0, 6.0)


def symbolic(seed: int = 0, order: int = 2) -> Verdict:
    """Both ratios from the two powers of t, for three clients and any index."""
    a, total, x, y, w = sympy.symbols("a B x y w", positive=True)
    scales = (x, y, w)
    count = len(scales)
    mean = lambda q: (sum(s**q for s in scales) / count) ** (1 / q)  # noqa: E731
    energy = sum(s**a for s in scales)  # times t^-a
    common = (energy / total) ** (1 / a)  # the threshold at which one price spends B
    one = energy * common ** (2 - a)
    own = [s * (count / total) ** (1 / a) for s in scales]
    equal = sum(s**a * t ** (2 - a) for s, t in zip(scales, own, strict=True))
    ratio = (mean(a) / mean(order)) ** 2
    spent = (mean(2) / mean(a)) ** (order * a / (a - 2)) * total
    at_less = energy * ((energy / spent) ** (1 / a)) ** (2 - a)
    logs = (sympy.expand_log(sympy.log(left) - sympy.log(right), force=True) for left, right in
            ((one, ratio * equal), (at_less, equal)))  # fmt: skip
    words = "three clients of any scales, any a > 2, any budget within the tail"
    return identities("P14", map(sympy.logcombine, map(_numerically_zero, logs)), domain=words,
                      reach="every a > 2, any number of clients alike; thresholds within the tail")  # fmt: skip


def _numerically_zero(expression: sympy.Expr) -> sympy.Expr:
    """An expression in logarithms of sums, brought to one form."""
    together = sympy.powsimp(sympy.powdenest(sympy.simplify(expression), force=True), force=True)
    return sympy.simplify(sympy.expand_log(sympy.expand(together), force=True))


def exact_saving(seed: int = 0, factor: float = 1.0) -> Verdict:
    """The law against the exact saving of :func:`theory.optimum.pooled.price_gain` on a Pareto law's quantiles."""

    def cases():  # type: ignore[no-untyped-def]
        for a in INDICES:
            for scales in SCALES:
                d = 20_000
                ranks = (np.arange(d) + 0.5) / d
                cost = np.exp(0.5 * np.random.default_rng(1).standard_normal(d))
                updates = [s * ranks ** (-1 / a) for s in scales]
                found = price_gain(updates, cost, float(0.02 * cost.sum() * len(scales)))
                law = price_law(scales, a)
                name = f"a = {a:g}, scales {scales}"
                yield f"{name}: joules", float(found.at_equal_score / found.total), factor * law.energy, 0.01
                yield f"{name}: score", float(found.one / found.equal), factor * law.retained, 0.04

    words = "Pareto quantiles, a = 3, 4, 6, three sets of scales, lognormal costs, 2 % of the joules; 0.01 and 0.04"
    return agreement("P14", "exact-saving", cases(), words)


def families(seed: int = 0, factor: float = 1.0) -> Verdict:
    """Drawn cohorts: the joules that one price needs for the same score, averaged over replicates."""
    rng, d = np.random.default_rng(seed), 3000

    def ratio(scales: tuple[float, ...], a: float) -> float:
        cost = rng.lognormal(sigma=0.5, size=d)
        updates = [s * rng.uniform(size=d) ** (-1 / a) for s in scales]
        found = price_gain(updates, cost, float(0.05 * cost.sum() * len(scales)))
        return float(found.at_equal_score / found.total)

    def cases():  # type: ignore[no-untyped-def]
        for a in INDICES[1:]:
            for scales in SCALES[:2]:
                values = np.array([ratio(scales, a) for _ in range(12)])
                yield f"a = {a:g}, scales {scales}", values, factor * price_law(scales, a).energy

    words = "Pareto magnitudes, a = 4 and 6, two sets of scales, 3,000 coordinates, 12 replicates; 3 % allowed"
    return compared_with_samples("P14", cases(), seed, words, allowance=0.03)


CHECKS = (
    Check("P14", "symbolic", symbolic),
    Check("P14", "exact-saving", exact_saving),
    Check("P14", "families", families),
)

FALSEHOODS = (
    Falsehood("P14", "the arithmetic mean is what counts", lambda: symbolic(order=1)),
    Falsehood("P14", "the law is 10 % larger", lambda: exact_saving(factor=1.1)),
    Falsehood("P14", "half of the energy, by sampling", lambda: families(factor=0.5)),
)
