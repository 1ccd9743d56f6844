"""P10. The integrality gap vanishes like 1/d.

    phi p_s/LP <= lambda c_max/LP <= c_max/B     lambda = p_s/c_s, c_max the dearest cost within B
    phi p_s/LP <= max p/(beta sum p)             whenever no cost is above B
    d E[phi p_s/LP]  ->  lambda E[c^2 | p = lambda c]/(2 E[c | p = lambda c] V E p)

Assumptions: as said beside the first two; for the limit, costs that differ, independent of magnitudes that have a
density, E p and E c finite. Of one cost for all, the budget's rest over a multiple decides: there is no such limit.
Kind: upper. Source: beta is feasible for the relaxation; the inspection paradox; compare Lueker 1982.

Proof idea. p_s = lambda c_s, and every joule of the relaxation is worth lambda at least: LP >= lambda B. z = beta
spends B, so LP >= beta sum p, and phi p_s <= max p. For the limit: p_s = lambda c_s, and phi c_s is what the budget
leaves inside the critical item. The items near the density lambda follow one another in random order, so the item over
a fixed level of energy is found with probability proportional to its cost, and the level is uniform in it: E[phi c_s] =
E[U c | size-biased] = E c^2/(2 E c) under the law of c given p = lambda c, which weighs c by f(sqrt(lambda c)) sqrt(c).
That E c^2 is finite whenever |g| and c have tail indices alpha > 2 and b > 1: it needs b + alpha/2 > 2. Infinite-mean
costs with light magnitudes keep the first bound's 1/d; what they lose is the limit V.
"""

from __future__ import annotations

import numpy as np
import sympy

from proofs_check.methods.instances import small_instances
from proofs_check.methods.judge import Check, Falsehood, Oracle, Violation, exhaust, sample
from proofs_check.methods.limits import compared_with_samples, identities, replicate
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.laws.deviation import integrality_constant
from theory.laws.parse import law_of
from theory.optimum.relaxation import relax

LAWS = (
    ("norm()", "classes(1=0.5, 10=0.5)"),
    ("laplace()", "lognorm(s=1)"),
    ("t(df=3)", "uniform(loc=1, scale=9)"),
    ("norm()", "pareto(b=1.5)"),
)


def dearest_fits(instance: Instance) -> bool:
    """``B >= c_max``, and something to send."""
    return bool(instance.d and instance.score.any() and Rational(float(instance.cost.max())) <= instance.budget)


def holds(
    instance: Instance, _: Oracle, share: Rational = Rational(1), dearest: Rational = Rational(1)
) -> Violation | None:
    """The bounds, ``max p`` times ``share`` and ``c_max`` times ``dearest``: as products, exactly."""
    relaxation = relax(instance)
    s = relaxation.critical_item
    gap = Rational(0) if s is None else relaxation.fraction * Rational(instance.score[s])
    costs = [cost for cost in map(Rational, instance.cost.tolist()) if cost <= instance.budget]
    price, most = relaxation.threshold, dearest * max(costs, default=Rational(0))
    if gap > price * most:
        return Violation("phi p_s <= lambda c_max", gap, price * most)
    if price * instance.budget > relaxation.value:
        return Violation("lambda B <= LP", price * instance.budget, relaxation.value)
    if not dearest_fits(instance):
        return None
    beta = min(Rational(1), instance.budget / instance.total_cost)
    total, largest = sum(map(Rational, instance.score.tolist()), Rational(0)), Rational(float(instance.score.max()))
    left, right = gap * beta * total, share * largest * relaxation.value
    return Violation("phi p_s beta sum p <= max p LP", left, right) if left > right else None


def exhaustion(seed: int = 0, share: Rational = Rational(1), dearest: Rational = Rational(1)) -> Verdict:
    """The inequalities on every small instance, the second with B >= c_max."""
    words = "all small instances, for max p/(beta sum p) those with B >= c_max"
    return exhaust("P10", lambda i, o: holds(i, o, share, dearest), domain=small_instances(), words=words)


def random(seed: int = 0, share: Rational = Rational(1)) -> Verdict:
    """The inequalities on random families."""
    return sample("P10", lambda i, o: holds(i, o, share), seed=seed, n=30, method="instances")


def symbolic(seed: int = 0, divisor: int = 2) -> Verdict:
    """The inspection paradox for any two costs of any weights; when E[c^2 | p = lambda c] exists."""
    u, w, x, y = sympy.symbols("u w x y", positive=True)
    mean, square = w * x + (1 - w) * y, w * x**2 + (1 - w) * y**2
    biased = [(w * x / mean, x), ((1 - w) * y / mean, y)]  # the item over a fixed level
    inside = sum(weight * sympy.integrate(u, (u, 0, size)) / size for weight, size in biased)
    b, alpha = sympy.symbols("b alpha", positive=True)
    # f_c(c) = c^-(b+1), f(sqrt(lambda c)) ~ c^-((alpha+1)/2): exponent of c in c^2 f_c f sqrt(c), finite below -1
    exponent = 2 - (b + 1) - (alpha + 1) / 2 + sympy.Rational(1, 2)
    margin = -1 - exponent - (b + alpha / 2 - 2)
    words = "two costs x, y of weights w, 1 - w, all positive; power tails of any index"
    reach = "every law of costs, by mixing; the density's smoothness is assumed"
    return identities("P10", [inside - square / (divisor * mean), margin], domain=words, reach=reach)


def families(seed: int = 0, factor: float = 1.0) -> Verdict:
    """``d phi p_s/LP`` on drawn instances, averaged, against the constant; costs of infinite variance included."""
    rng, beta = np.random.default_rng(seed), 0.1

    def gap(instance: Instance, _: np.random.Generator) -> float:
        relaxation = relax(instance)
        return instance.d * float((relaxation.value - instance.retained(relaxation.prefix)) / relaxation.value)

    def cases():  # type: ignore[no-untyped-def]
        for magnitude, cost in LAWS:
            law = law_of(magnitude, cost)
            limit = integrality_constant(law, beta).limit
            assert limit is not None  # each of these laws has the moments
            for d in (500, 2000):
                values = np.concatenate([replicate(law, beta, d, gap, rng) for _ in range(6)])
                yield f"{law}, d = {d}", values, factor * limit

    words = f"{len(LAWS)} laws, beta = {beta}, d = 500 and 2000, 144 replicates; 15 % of the constant allowed"
    return compared_with_samples("P10", cases(), seed, words, allowance=0.15)


CHECKS = (
    Check("P10", "symbolic", symbolic),
    Check("P10", "exhaustion", exhaustion),
    Check("P10", "instances", random),
    Check("P10", "families", families),
)

FALSEHOODS = (
    Falsehood("P10", "the mean residual is E c^2/(3 E c)", lambda: symbolic(divisor=3)),
    Falsehood("P10", "a third of max p is enough", lambda: exhaustion(share=Rational(1, 3))),
    Falsehood("P10", "half of the dearest item is enough", lambda: exhaustion(dearest=Rational(1, 2))),
    Falsehood("P10", "the gap is twice as large", lambda: families(factor=2.0)),
)
