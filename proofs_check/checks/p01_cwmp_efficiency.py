"""P1. Energy efficiency of CWMP.

    p(prefix)/||g||^2  ->  V(beta) = min over lambda >= 0 of {lambda beta E c + E(p - lambda c)+} / E p
    dV/dbeta = lambda E c / E p

Assumptions: E p and E c finite; atoms are allowed. Kind: identity. Source: law of large numbers and strong duality
for the relaxation (D2); formalises the abstract's "probabilistic analysis of its global energy efficiency".

Proof idea. By D2, LP = min over lambda of sum {lambda beta c_i + (p_i - lambda c_i)+}; divided by d each candidate
tends to its mean, uniformly on compact sets of lambda because the functions are convex, so the minimum does. The
prefix is within one item of LP (D4) and max p_i/sum p_i -> 0 when E p is finite. The minimiser balances E[c; p >
lambda c] with beta E c, and by the envelope theorem only the explicit beta counts in dV/dbeta.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy

from proofs_check.methods.finite_laws import FiniteLaw, by_density, small_laws
from proofs_check.methods.judge import Check, Falsehood
from proofs_check.methods.limits import LAWS, compared_with_samples, identities, replicate, share_of_norm
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict
from theory.laws.parse import law_of
from theory.selection.selectors import cwmp

Threshold = Callable[[FiniteLaw, Rational], list[Rational]]
_D, _BETAS = 3000, (0.02, 0.1, 0.4)


def symbolic(seed: int = 0, slope: int = 1) -> Verdict:
    """Any density: the dual's derivative is ``beta E c - E[c; p > lambda c]``, its second one is >= 0; the envelope."""
    t, lam, c, beta, mean = sympy.symbols("t lambda c beta m", positive=True)
    survival, partial, density = (sympy.Function(name) for name in "STf")
    rules = {survival(t).diff(t): -density(t), partial(t).diff(t): -(t**2) * density(t)}
    at = sympy.sqrt(lam * c)
    derivative = lambda expression: (  # noqa: E731
        expression.diff(t).subs(rules).doit().subs(t, at) * at.diff(lam)
    )
    above = derivative(partial(t)) - lam * c * derivative(survival(t)) - c * survival(at)  # d/dlambda E(p - lambda c)+
    convex = -c * derivative(survival(t)) - c**2 * density(at) / (2 * at)
    spend = sympy.Function("C")  # the energy of the rule, falling in lambda: V as a function of beta
    optimal = sympy.Function("lambda_")(beta)
    value = sympy.Function("D")  # D(lambda) = E(p - lambda c)+, with D' = -C
    total = (optimal * beta * mean + value(optimal)).diff(beta).doit()
    total = total.subs(sympy.Derivative(value(optimal), optimal), -spend(optimal)).subs(spend(optimal), beta * mean)
    total = total.replace(lambda e: isinstance(e, sympy.Subs), lambda e: -beta * mean)
    expressions = [above + slope * c * survival(at), convex, sympy.simplify(total) - optimal * mean]
    words = "any density f of |g|, a cost c > 0, any lambda > 0: three identities"
    return identities("P1", expressions, domain=words, reach="every law with a density; atoms by exhaustion")


def all_ratios(law: FiniteLaw, beta: Rational) -> list[Rational]:
    """0 and every ``p/c``: where the piecewise linear dual can have its minimum."""
    return [Rational(0), *(Rational(p, c) for p, c in zip(law.score, law.cost, strict=True))]


def exhaustion(seed: int = 0, thresholds: Threshold = all_ratios) -> Verdict:
    """Every law of up to three small atoms, eight budgets: the least dual value is the fractional knapsack's."""
    words = "all laws of 2 or 3 atoms with p in 0..3, c in 1..3, masses 1 or 2, beta = 1/8 .. 7/8"
    trials = 0
    for law in small_laws():
        for eighth in range(1, 8):
            beta, trials = Rational(eighth, 8), trials + 1
            dual = min(law.dual(beta, x) for x in thresholds(law, beta))
            primal = law.retained(beta, by_density)
            if dual != primal:
                found = {"law": str(law), "beta": str(beta), "should": "min of the dual = E[p z]"}
                found |= {"left": str(dual), "right": str(primal)}
                return Verdict("P1", "exhaustion", Outcome.REFUTED, words, "one suffices", trials, None, found)
    return Verdict("P1", "exhaustion", Outcome.CHECKED, words, "exactly the stated finite domain", trials)


def families(seed: int = 0, stretch: float = 1.0) -> Verdict:
    """Instances drawn from six laws, prefix CWMP with exact budgets, against V by quadrature."""
    rng = np.random.default_rng(seed)

    def cases():  # type: ignore[no-untyped-def]
        for text in LAWS:
            law = law_of(*text)
            for beta in _BETAS:
                predicted = law.efficiency(beta * stretch).cwmp.value
                kept = lambda i, _: share_of_norm(float(cwmp(i).retained), i)  # noqa: E731
                yield f"{law}, beta = {beta}", replicate(law, beta, _D, kept, rng), predicted

    words = f"{len(LAWS)} laws x {len(_BETAS)} budgets, {_D} coordinates, 24 replicates; a bias of 10/d is allowed"
    return compared_with_samples("P1", cases(), seed, words, allowance=10 / _D)


CHECKS = (
    Check("P1", "symbolic", symbolic),
    Check("P1", "exhaustion", exhaustion),
    Check("P1", "families", families),
)

FALSEHOODS = (
    Falsehood("P1", "the dual may be taken at lambda = E p/E c", lambda: exhaustion(
        thresholds=lambda law, beta: [law.mean_score / law.mean_cost])),
    Falsehood("P1", "the dual falls half as fast", lambda: symbolic(slope=2)),
    Falsehood("P1", "the limit is that of a budget 5 % larger", lambda: families(stretch=1.05)),
)  # fmt: skip
