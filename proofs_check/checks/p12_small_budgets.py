"""P12. Limit of small budgets.

    P12a   as beta -> 0 the saving at Top-K's score tends to
               1 - M_{1-alpha/2}(c)/M_1(c)   where the tail of |g| is regularly varying with index alpha
               1 - c_min/E c                 where it is rapidly varying (Gaussian, Laplace, generalised normal)
    P12b   (false) the second limit whatever the tail

Assumptions: costs independent of magnitudes, E c finite; M_q is 0 where E c^q is infinite. (A moment of order 1 + eps
is not needed: dearer costs have higher thresholds, and c S(sqrt(lambda c))/S(sqrt lambda) is at most of order c.)
Kinds: identity, false. Source: Karamata's theorem and Potter's bounds (Bingham, Goldie & Teugels 1987, 1.5.6 and
1.5.11).

Proof idea. With h(t) = t f(t)/S(t), S(xt)/S(t) = exp(-int_1^x h(ut)/u du) and E[p; |g| > t]/(t^2 S(t)) -> 1 + 2/(h -
2). If h -> alpha both are those of a power tail, and P11 follows in the limit. If h -> infinity, S(xt)/S(t) -> 0 for x
> 1: CWMP keeps next to nothing but the cheapest costs, scores are thresholds squared times counts, and sqrt(lambda
c_min) is tau but for a factor that tends to 1. The limit is D19's ceiling; the approach is slow, like 1/log(1/beta).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import sympy
from scipy import optimize

from proofs_check.methods.judge import Check, Falsehood
from proofs_check.methods.limits import identities
from theory.claims.verdict import Outcome, Verdict
from theory.laws.parse import law_of
from theory.laws.power_mean import power_mean

_REGULAR = (
    ("t(df=3)", "classes(1=0.5, 10=0.5)", 3.0),
    ("t(df=5)", "lognorm(s=0.5)", 5.0),
    ("t(df=3)", "pareto(b=1.5)", 3.0),
    ("t(df=4)", "classes(1=0.99, 100=0.01)", 4.0),
)
_RAPID = (
    ("norm()", "classes(1=0.5, 2=0.3, 5=0.2)"),
    ("laplace()", "uniform(loc=1, scale=2)"),
    ("gennorm(beta=0.65)", "classes(1=0.5, 10=0.5)"),
    ("norm()", "lognorm(s=0.3)"),
)
_NO_MEAN = (("t(df=4)", "uniform()"),)  # E 1/c is infinite: M_{-1} = 0, and everything is saved in the limit
_BETAS = (1e-2, 1e-4, 1e-8, 1e-16)


def tails(rest: int = 2) -> list[sympy.Expr]:
    """What l'Hospital and integration say of any tail with a density, and the two limits of the power mean."""
    t, u, x, h, w, y = sympy.symbols("t u x h w y", positive=True)
    survival = sympy.Function("S")(t)
    slope = -h * survival / t  # S'(t) = -f(t)
    numerator = 2 * t * survival  # E[p; |g| > t] - t^2 S(t) is the integral of 2 u S(u) from t on: less its derivative
    denominator = (t**2 * survival).diff(t).subs(sympy.Derivative(survival, t), slope)
    karamata = sympy.simplify(-numerator / denominator - rest / (h - 2))
    power = sympy.exp(-sympy.integrate(h / u, (u, 1, x))) - x**-h  # S(xt)/S(t) for h constant on [t, xt]
    rapid = sympy.limit(sympy.Rational(3, 2) ** -h, h, sympy.oo)
    cheapest = sympy.limit(sympy.log(w + (1 - w) * sympy.exp(-y)) / -y, y, sympy.oo)  # log M_q at q = -y: costs 1, e
    return [karamata, sympy.simplify(power), rapid, cheapest]


def symbolic(seed: int = 0, rest: int = 2) -> Verdict:
    """The two facts about tails that turn P11 into a limit, and that M_q tends to c_min as q falls."""
    words = "any S with t f(t)/S(t) = h, and the limits h -> alpha and h -> infinity"
    reach = "tails for which t f(t)/S(t) tends to the index; that limits and means may be exchanged is prose (Potter)"
    return identities("P12a", tails(rest), domain=words, reach=reach)


def savings(magnitude: str, cost: str) -> list[float]:
    """The exact saving at each budget, by quadrature."""
    law = law_of(magnitude, cost)
    return [law.saving(beta).at_equal_score.value for beta in _BETAS]


def approach(magnitude: str, cost: str, limit: float, closes: float) -> tuple[bool, list[float]]:
    """Whether the distance from ``limit`` falls at each step, and at the last one to ``closes`` of what it was."""
    apart = [abs(limit - saving) for saving in savings(magnitude, cost)]
    falls = all(b < a or b < 1e-6 for a, b in itertools.pairwise(apart))
    return falls and (apart[-1] < closes * apart[-2] or apart[-1] < 1e-6), apart


def _limits(order: float = 2.0, rapid: bool = True) -> Iterator[tuple[str, str, float, float]]:
    for magnitude, cost, index in _REGULAR:
        nodes = law_of(magnitude, cost).cost.nodes()
        mean = power_mean(nodes.x, 1 - index / order, nodes.weight)
        yield magnitude, cost, 1 - mean / power_mean(nodes.x, 1.0, nodes.weight), 0.1
    for magnitude, cost in _NO_MEAN:
        yield magnitude, cost, 1.0, 0.65
    for magnitude, cost in _RAPID if rapid else ():
        law = law_of(magnitude, cost)
        yield magnitude, cost, 1 - law.cost.lower / law.mean_cost(), 0.65


def convergence(seed: int = 0, order: float = 2.0) -> Verdict:
    """Exact savings down to beta = 1e-16: a power tail arrives, a light one halves what is left or nearly so."""
    words = f"{len(_REGULAR)} power tails, {len(_RAPID)} light ones, one of M_q = 0; beta = 1e-2, 1e-4, 1e-8, 1e-16"
    trials = 0
    for magnitude, cost, limit, closes in _limits(order):
        (good, apart), trials = approach(magnitude, cost, limit, closes), trials + 1
        if not good:
            found = {
                "law": f"{magnitude}, {cost}",
                "should": f"saving -> {limit:.4g}",
                "left": str(apart),
                "right": "0",
            }
            return Verdict("P12a", "convergence", Outcome.REFUTED, words, "one suffices", trials, None, found)
    return Verdict("P12a", "convergence", Outcome.SURVIVED, words, "numerical agreement never proves", trials)


def laplace_saving(weights: tuple[float, ...], costs: tuple[float, ...], tau: float) -> float:
    """The saving for Laplace magnitudes and cost classes at threshold tau, from its closed forms (P4)."""
    w, c = np.array(weights), np.array(costs)
    score = lambda t: np.exp(np.minimum(tau - t, 600.0)) * (t * t + 2 * t + 2)  # noqa: E731  in units of exp(-tau)
    cut = lambda x: np.sqrt(np.exp(x) * c)  # noqa: E731
    excess = lambda x: float(w @ score(cut(x)) - score(np.array(tau)))  # noqa: E731
    ends = (np.log(tau**2 / c.max()) - 1, np.log(tau**2 / c.min()) + 1)
    at = cut(optimize.brentq(excess, *ends, xtol=1e-14))
    return 1 - float(w * c @ np.exp(tau - at)) / float(w @ c)


def closed_form(seed: int = 0, cheapest: float = 1.0) -> Verdict:
    """Laplace and cost classes in closed form, tau up to 10^6: beyond quadrature, to 1e-4 of the ceiling."""
    classes = (((0.5, 0.5), (1.0, 10.0)), ((0.2, 0.5, 0.3), (1.0, 4.0, 9.0)), ((0.01, 0.99), (1.0, 2.0)))
    words, trials = "3 sets of cost classes, tau = 10^2, 10^4, 10^6 (beta = exp(-tau))", 0
    for weights, costs in classes:
        limit = 1 - cheapest / float(np.dot(weights, costs))
        apart = [limit - laplace_saving(weights, costs, tau) for tau in (1e2, 1e4, 1e6)]
        trials += 1
        if not (apart[0] > apart[1] > apart[2] > 0 and apart[2] < 1e-4):
            found = {
                "classes": str(costs),
                "should": f"saving -> {limit:.4g} from below",
                "left": str(apart),
                "right": "0",
            }
            return Verdict("P12a", "closed form", Outcome.REFUTED, words, "one suffices", trials, None, found)
    return Verdict("P12a", "closed form", Outcome.SURVIVED, words, "numerical agreement never proves", trials)


def whatever_the_tail(seed: int = 0, magnitude: str = "t(df=3)") -> Verdict:
    """P12b: a power tail, whose saving stops far below the ceiling."""
    law = law_of(magnitude, "classes(1=0.5, 10=0.5)")
    limit = 1 - law.cost.lower / law.mean_cost()
    words = f"{law}, beta = 1e-8 and 1e-16"
    *_, before, last = savings(magnitude, "classes(1=0.5, 10=0.5)")
    if last - before > 0.3 * (limit - before):
        return Verdict("P12b", "quadrature", Outcome.SURVIVED, words, "numerical agreement never proves", 1)
    found = {
        "law": str(law),
        "should": f"saving -> {limit:.4g}",
        "left": f"{before:.6f}, {last:.6f}",
        "right": f"{limit:.6f}",
    }
    return Verdict("P12b", "quadrature", Outcome.REFUTED, words, "one counterexample suffices", 1, None, found)


def whatever_exactly(seed: int = 0) -> Verdict:
    """P12b at |g| ~ Pareto(4), c = 1 or 3, exactly: CWMP pays the harmonic mean, 3/2, for 2."""
    x, y = sympy.Integer(1), sympy.Integer(3)
    mean, harmonic = (x + y) / 2, 2 / (1 / x + 1 / y)
    saving, ceiling = 1 - harmonic / mean, 1 - x / mean
    tau, price = sympy.symbols("tau lambda", positive=True)
    score = sum(sympy.integrate(4 * tau**-3, (tau, sympy.sqrt(price * c), sympy.oo)) for c in (x, y)) / 2
    (at,) = sympy.solve(score - 2, price)  # Top-K at tau = 1 retains 2
    spent = sum(c * (at * c) ** -2 for c in (x, y)) / 2
    exact = sympy.simplify(1 - spent / mean)
    agree = exact == saving and saving != ceiling
    found = {"law": "P(|g| > t) = t^-4, c = 1 or 3 with probability 1/2", "should": "saving -> 1 - c_min/E c"}
    found |= {"left": str(exact), "right": str(ceiling)}
    outcome = Outcome.REFUTED if agree else Outcome.SURVIVED
    return Verdict("P12b", "symbolic", outcome, "one law, exact", "one counterexample suffices", 1, None, found)


CHECKS = (
    Check("P12a", "symbolic", symbolic),
    Check("P12a", "convergence", convergence),
    Check("P12a", "closed form", closed_form),
    Check("P12b", "quadrature", whatever_the_tail),
    Check("P12b", "symbolic", whatever_exactly),
)

FALSEHOODS = (
    Falsehood("P12a", "E[p; |g| > t]/(t^2 S) -> 1 + 3/(h - 2)", lambda: symbolic(rest=3)),
    Falsehood("P12a", "the order of the mean is 1 - alpha/3", lambda: convergence(order=3.0)),
    Falsehood("P12a", "nine tenths of c_min are paid in the end", lambda: closed_form(cheapest=0.9)),
    Falsehood("P12b", "at least from index 5 on", lambda: whatever_the_tail(magnitude="t(df=5)")),
)
