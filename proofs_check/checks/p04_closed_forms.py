"""P4. Closed forms for cost classes.

    V(beta) = sum_j w_j T(t_j)/E p,   sum_j w_j c_j S(t_j) = beta E c,   t_j = sqrt(lambda c_j)

    Laplace    S = exp(-t)     T = exp(-t) (t^2 + 2 t + 2)
    Gaussian   S = 2 Q(t)      T = 2 (t phi(t) + Q(t))          S(t) = P(|g| > t), T(t) = E[p; |g| > t], unit scale

Assumptions: costs take finitely many values, independent of the magnitudes. Kind: identity. Source: integration by
parts.

Proof idea. Given the class, p > lambda c_j is |g| > t_j. T comes from integrating t^2 f(t) by parts twice (Laplace) or
once (Gaussian, where f' = -t f).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy
from scipy import optimize, special

from proofs_check.methods.judge import Check, Falsehood
from proofs_check.methods.limits import agreement, compared_with_samples, identities, replicate, share_of_norm
from theory.claims.verdict import Verdict
from theory.laws.parse import law_of
from theory.selection.selectors import cwmp

Pair = tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray], float]
CLASSES = {
    "classes(1=0.5, 10=0.5)": ([1, 10], [0.5, 0.5]),
    "classes(1=0.9, 100=0.1)": ([1, 100], [0.9, 0.1]),
    "classes(1=0.1, 2=0.1, 3=0.1, 4=0.1, 5=0.1, 6=0.1, 7=0.1, 8=0.1, 9=0.1, 10=0.1)": (range(1, 11), [0.1] * 10),
}
_BETAS = (0.005, 0.05, 0.3)


def _laplace() -> Pair:
    return lambda t: np.exp(-t), lambda t: np.exp(-t) * (t * t + 2 * t + 2), 2.0


def _gaussian() -> Pair:
    tail = lambda t: special.ndtr(-t)  # noqa: E731
    density = lambda t: np.exp(-t * t / 2) / np.sqrt(2 * np.pi)  # noqa: E731
    return lambda t: 2 * tail(t), lambda t: 2 * (t * density(t) + tail(t)), 1.0


FORMS = {"laplace()": _laplace(), "norm()": _gaussian()}


def closed_form(pair: Pair, costs: np.ndarray, weights: np.ndarray, beta: float) -> float:
    """V from the closed forms, lambda by bisection."""
    survival, partial, mean = pair
    spend = lambda x: weights @ (costs * survival(np.sqrt(np.exp(x) * costs))) - beta * weights @ costs  # noqa: E731
    lam = np.exp(optimize.brentq(spend, -40, 20, xtol=1e-14))
    return float(weights @ partial(np.sqrt(lam * costs)) / mean)


def symbolic(seed: int = 0, last: int = 2) -> Verdict:
    """S and T integrated by SymPy from the densities, both magnitudes."""
    t, u = sympy.symbols("t u", positive=True)
    laplace = sympy.exp(-u)
    gauss = sympy.sqrt(2 / sympy.pi) * sympy.exp(-(u**2) / 2)
    q = sympy.erfc(t / sympy.sqrt(2)) / 2
    phi = sympy.exp(-(t**2) / 2) / sympy.sqrt(2 * sympy.pi)
    tail = lambda f: sympy.integrate(f, (u, t, sympy.oo))  # noqa: E731
    expressions = [
        tail(laplace) - sympy.exp(-t),
        tail(u**2 * laplace) - sympy.exp(-t) * (t**2 + 2 * t + last),
        (tail(gauss) - 2 * q).rewrite(sympy.erf),
        (tail(u**2 * gauss) - 2 * (t * phi + q)).rewrite(sympy.erf),
    ]
    return identities("P4", expressions, domain="all t > 0, unit scale", reach="every number of classes", whole=True)


def quadrature(seed: int = 0, forms: dict[str, Pair] = FORMS) -> Verdict:
    """The closed forms against :mod:`theory.laws.joint`, within the quadrature's own stated error."""

    def cases():  # type: ignore[no-untyped-def]
        for magnitude, pair in forms.items():
            for text, (costs, weights) in CLASSES.items():
                for beta in _BETAS:
                    found = law_of(magnitude, text).efficiency(beta).cwmp
                    exact = closed_form(pair, np.array(costs, dtype=float), np.array(weights), beta)
                    yield f"{magnitude}, {text}, beta = {beta}", exact, found.value, found.error + 1e-13

    words = f"2 magnitudes x {len(CLASSES)} classes x {len(_BETAS)} budgets, within the stated error"
    return agreement("P4", "quadrature", cases(), words)


def families(seed: int = 0, forms: dict[str, Pair] = FORMS) -> Verdict:
    """The closed forms against prefix CWMP on drawn instances."""
    rng, d = np.random.default_rng(seed), 3000

    def cases():  # type: ignore[no-untyped-def]
        for magnitude, pair in forms.items():
            for text, (costs, weights) in CLASSES.items():
                law = law_of(magnitude, text)
                for beta in (0.05, 0.3):
                    exact = closed_form(pair, np.array(costs, dtype=float), np.array(weights), beta)
                    kept = lambda i, _: share_of_norm(float(cwmp(i).retained), i)  # noqa: E731
                    yield f"{law}, beta = {beta}", replicate(law, beta, d, kept, rng), exact

    words = f"2 magnitudes x {len(CLASSES)} classes x 2 budgets, {d} coordinates, 24 replicates; bias 10/d allowed"
    return compared_with_samples("P4", cases(), seed, words, allowance=10 / d)


CHECKS = (
    Check("P4", "symbolic", symbolic),
    Check("P4", "quadrature", quadrature),
    Check("P4", "families", families),
)

_LOST_TERM: Pair = (FORMS["norm()"][0], lambda t: 2 * special.ndtr(-t) + 1e-9, 1.0)

FALSEHOODS = (
    Falsehood("P4", "Laplace's T ends in t^2 + 2t + 1", lambda: symbolic(last=1)),
    Falsehood("P4", "a billionth too much", lambda: quadrature(forms={"laplace()": (
        FORMS["laplace()"][0], lambda t: FORMS["laplace()"][1](t) + 1e-9, 2.0)})),
    Falsehood("P4", "Gaussian T without t phi(t)", lambda: families(forms={"norm()": _LOST_TERM})),
)  # fmt: skip
