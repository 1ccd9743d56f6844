"""P5. Advantage law.

    R(beta) - 1  =  CV^2/4 * tau^3 f(tau)/E[p; |g| > tau]  +  higher order in CV,   CV^2 = Var c/(E c)^2

Assumptions: costs independent of magnitudes, of finite variance; f smooth at tau. Kind: identity (second order).
Source: expansion of P1 and P2; formalises the abstract's probabilistic analysis.

Proof idea. Write c = m(1 + s x) with E x = 0, E x^2 = 1, and lambda = (tau^2/m)(1 + a s^2). CWMP cuts at
t(x) = tau sqrt((1 + a s^2)(1 + s x)). Equal energy to order s^2 fixes a; what is then retained beyond T(tau) is
s^2 tau^3 f(tau)/4 and needs f', which cancels.
"""

from __future__ import annotations

import numpy as np
import sympy

from proofs_check.methods.judge import Check, Falsehood
from proofs_check.methods.limits import agreement, compared_with_samples, identities, replicate
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.laws import named as named_laws
from theory.laws.parse import law_of
from theory.selection.selectors import cwmp, top_k

MAGNITUDES = tuple(named_laws.MAGNITUDES.values())
_QUARTER = sympy.Rational(1, 4)
_BETAS = (0.01, 0.1, 0.3)


def second_order(share: sympy.Expr = _QUARTER) -> list[sympy.Expr]:
    """The coefficient of s^2 in ``E[p kept]`` at equal energy, less ``share tau^3 f(tau)``; and that f' dropped out."""
    t, tau, s, x, a = sympy.symbols("t tau s x a", real=True)
    density = sympy.Function("f")(t)
    f, f1, survival, partial = sympy.symbols("f f1 S T")

    def expanded(value: sympy.Symbol, derivative: sympy.Expr, by: sympy.Expr) -> sympy.Expr:
        """Second-order Taylor polynomial at tau of a function with the given derivative."""
        values = {sympy.Derivative(density, t): f1, density: f}
        at = lambda e: e.subs(values).subs(t, tau)  # noqa: E731
        return value + at(derivative) * by + at(derivative.diff(t).doit()) * by**2 / 2

    cut = tau * sympy.sqrt((1 + a * s**2) * (1 + s * x))
    shift = sympy.series(cut, s, 0, 3).removeO() - tau
    mean = lambda e: sympy.expand(e).coeff(s, 2).subs(x**2, 1).subs(x, 0)  # noqa: E731
    energy = mean((1 + s * x) * expanded(survival, -density, shift))
    score = mean(expanded(partial, -(t**2) * density, shift))
    (balance,) = sympy.solve(energy, a)
    gain = sympy.simplify(score.subs(a, balance))
    return [gain - share * tau**3 * f, gain.diff(f1)]


def symbolic(seed: int = 0, share: sympy.Expr = _QUARTER) -> Verdict:
    """The second-order term, derived for any density that is differentiable at tau."""
    words = "any density f differentiable at tau, costs m(1 + s x) with E x = 0 and E x^2 = 1"
    return identities(
        "P5", second_order(share), domain=words, reach="every smooth density; to second order in s", whole=True
    )


def convergence(seed: int = 0, factor: float = 1.0) -> Verdict:
    """The law's error relative to itself, against quadrature: it falls like CV^2 for lognormal costs."""

    def cases():  # type: ignore[no-untyped-def]
        for magnitude in MAGNITUDES:
            for beta in _BETAS:
                for s in (0.1, 0.05, 0.025):
                    law = law_of(magnitude, f"lognorm(s={s})")
                    at = law.efficiency(beta)
                    exact, predicted = at.ratio.value - 1, factor * law.profile(at.tau).advantage
                    yield f"{magnitude}, s = {s}, beta = {beta}", predicted / exact, 1.0, 4 * s * s + 1e-6

    words = (
        f"{len(MAGNITUDES)} magnitudes x {len(_BETAS)} budgets x lognormal costs 0.1, 0.05, 0.025: |law/R - 1| <= 4 s^2"
    )
    return agreement("P5", "convergence", cases(), words)


def families(seed: int = 0, factor: float = 1.0) -> Verdict:
    """Instances with lognormal costs of spread 0.2: the gain of CWMP over Top-K, within 15 % of the law."""
    rng, d = np.random.default_rng(seed), 4000

    def gained(instance: Instance, _: np.random.Generator) -> float:
        return float(cwmp(instance).retained / top_k(instance).retained) - 1

    def cases():  # type: ignore[no-untyped-def]
        for magnitude in MAGNITUDES[:3]:
            law = law_of(magnitude, "lognorm(s=0.2)")
            for beta in (0.05, 0.3):
                predicted = factor * law.profile(law.efficiency(beta).tau).advantage
                yield f"{law}, beta = {beta}", replicate(law, beta, d, gained, rng), predicted

    words = f"3 magnitudes x lognormal 0.2 x 2 budgets, {d} coordinates, 24 replicates; 15 % of the law allowed"
    return compared_with_samples("P5", cases(), seed, words, allowance=0.15)


CHECKS = (
    Check("P5", "symbolic", symbolic),
    Check("P5", "convergence", convergence),
    Check("P5", "families", families),
)

FALSEHOODS = (
    Falsehood("P5", "the constant is 1/2", lambda: symbolic(share=sympy.Rational(1, 2))),
    Falsehood("P5", "the law is 5 % larger", lambda: convergence(factor=1.05)),
    Falsehood("P5", "twice the law, by sampling", lambda: families(factor=2.0)),
)
