"""P11. Power-mean law, for any spread of costs.

    P(|g| > t | c) = L(c) t^-alpha   above all thresholds sqrt(lambda c) and tau;   q = 1 - alpha/2
    energy of CWMP / energy of Top-K, at equal score  =  M_q/M_1          M_q = (E c^q)^(1/q), M_0 geometric
    tail score of CWMP / of Top-K, at equal energy    =  (M_1/M_q)^((alpha-2)/alpha)           alpha > 2

The means are over the costs *of what Top-K keeps*, whose law has the weight L(c): costs need not be independent of the
magnitudes, one index for all is enough. At alpha = 4 CWMP pays the harmonic mean of the costs, at alpha = 2 the
geometric one. For alpha <= 2 scores are infinite, but what CWMP gives up and what it gains are not.

Kind: identity. Source: P1 and P2 for a power tail.

Proof idea. Keeping |g| > sqrt(lambda c) instead of |g| > tau changes the score of cost c by alpha L(c)/(2 - alpha)
times tau^(2-alpha) - (lambda c)^(1-alpha/2). The mean change is 0 at lambda = tau^2/M_q. The energy is L(c) c (lambda
c)^(-alpha /2): M_q^(alpha/2) M_q^q = M_q against M_1, in units of tau^-alpha.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy

from proofs_check.methods.judge import Check, Falsehood
from proofs_check.methods.limits import agreement, compared_with_samples, identities, replicate
from theory.claims.verdict import Verdict
from theory.instance import Instance
from theory.laws.joint import Law
from theory.laws.parse import law_of
from theory.laws.power_mean import power_mean, power_mean_saving
from theory.laws.samples import SampleLaw

_NOTHING = sympy.Integer(0)
_COSTS = (
    "classes(1=0.5, 10=0.5)",
    "classes(1=0.2, 4=0.5, 9=0.3)",
    "uniform(loc=1, scale=9)",
    "classes(1=0.99, 100=0.01)",
)


def identity(shift: sympy.Expr = _NOTHING) -> list[sympy.Expr]:
    """Both ratios less the law, by the integrals of any power tail and any law of costs: ``A = E[L c^q]``, ``m = E[L
    c]``.

    ``shift`` is added to the law's order q: a wrong law leaves a rest.
    """
    tau, c, alpha, power, m, price = sympy.symbols("tau c alpha A m lambda", positive=True)
    q = 1 - alpha / 2
    gained = alpha / (2 - alpha) * (tau ** (2 - alpha) - (price * c) ** q)  # of E[p; sqrt(lambda c) < |g| <= tau]
    grows = gained.diff(tau) - tau**2 * alpha * tau ** (-alpha - 1)
    starts = gained.subs(tau, sympy.sqrt(price * c))
    equal_score = tau**2 / power ** (1 / q)  # E L(c) [tau^(2-alpha) - (lambda c)^q] = 0, E L = 1
    balance = _logs(tau ** (2 - alpha), equal_score**q * power)
    mean_q = power ** (1 / (q + shift))
    energy = _logs(equal_score ** (-alpha / 2) * power / (tau**-alpha * m), mean_q / m)  # E[L c (lambda c)^(-alpha/2)]
    equal_energy = tau**2 * (power / m) ** (2 / alpha)
    spends = _logs(equal_energy ** (-alpha / 2) * power, tau**-alpha * m)
    score = _logs(equal_energy**q * power, tau ** (2 - alpha) * (m / mean_q) ** ((alpha - 2) / alpha))
    return [grows, starts, balance, energy, spends, score]


def _logs(one: sympy.Expr, other: sympy.Expr) -> sympy.Expr:
    """The logarithm of the ratio of two positive expressions."""
    return sympy.expand_log(sympy.log(one) - sympy.log(other), force=True)


def geometric(shift: int = 0) -> list[sympy.Expr]:
    """At alpha = 2: score gained is ``log(tau^2/(lambda c))``, 0 on average at ``lambda = tau^2/M_0``."""
    t, tau, c, price = sympy.symbols("t tau c lambda", positive=True)
    mean_log, m = sympy.symbols("mean_log_c m", positive=True)
    gained = sympy.integrate(t**2 * 2 * t**-3, (t, sympy.sqrt(price * c), tau))
    per_cost = sympy.expand_log(gained - sympy.log(tau**2 / (price * c)), force=True)
    equal_score = tau**2 * sympy.exp(-mean_log)
    balance = sympy.expand_log(sympy.log(tau**2 / equal_score) - mean_log, force=True)
    energy = (1 / equal_score) / (tau**-2 * m) - sympy.exp((1 + shift) * mean_log) / m
    return [sympy.simplify(x) for x in (per_cost, balance, energy)]


def second_order() -> list[sympy.Expr]:
    """The law's expansion for costs ``1 + s x``, less ``CV^2 alpha/4``, P6's saving of a power tail."""
    s, q, alpha = sympy.symbols("s q alpha", positive=True)
    x = sympy.Symbol("x", real=True)  # E x = 0, E x^2 = 1
    power = sympy.series((1 + s * x) ** q, s, 0, 3).removeO()
    mean = sympy.expand(power).subs(x**2, 1).subs(x, 0)
    saving = sympy.expand(1 - sympy.series(mean ** (1 / q), s, 0, 3).removeO())
    return [sympy.simplify((saving.coeff(s, 2) - alpha / 4).subs(q, 1 - alpha / 2)), sympy.simplify(saving.coeff(s, 1))]


def symbolic(seed: int = 0, shift: sympy.Expr = _NOTHING) -> Verdict:
    """Both ratios for every index and every law of costs; alpha = 2; the second order."""
    words = "any alpha > 0 and any law of costs with E L c and E L c^q finite (symbols), alpha = 2 apart"
    reach = "every power tail above the thresholds, every law of costs"
    return identities("P11", [*identity(shift), *geometric(), *second_order()], domain=words, reach=reach, whole=True)


def _in_range(law: Law, index: float, beta: float) -> bool:
    """Whether CWMP's thresholds lie above 1, where ``pareto`` begins."""
    tau = beta ** (-1 / index)
    mean = power_mean(law.cost.nodes().x, 1 - index / 2, law.cost.nodes().weight)
    return bool(tau**2 / mean * law.cost.lower > 1)


def quadrature(seed: int = 0, order: float = 2.0, beyond: bool = False) -> Verdict:
    """Exact savings and gains of Pareto magnitudes by quadrature, against the closed form.

    ``order``: q is ``1 - alpha/order``. ``beyond``: also where a threshold falls below the tail.
    """

    def cases() -> Iterator[tuple[str, float, float, float]]:
        for index in (2.2, 3.0, 4.0, 6.0):
            for cost in _COSTS:
                law = law_of(f"pareto(b={index})", cost)
                nodes = law.cost.nodes()
                mean = power_mean(nodes.x, 1 - index / order, nodes.weight)
                ratio = mean / power_mean(nodes.x, 1.0, nodes.weight)
                for beta in (1e-4, 0.01) if not beyond else (0.9,):
                    if not beyond and not _in_range(law, index, beta):
                        continue
                    found = law.saving(beta)
                    name = f"|g| ~ pareto({index}), c ~ {cost}, beta = {beta}"
                    yield f"energy, {name}", 1 - found.at_equal_score.value, ratio, 1e-6
                    gain = (1 + found.at_equal_energy.value) * ratio ** ((index - 2) / index)
                    yield f"score, {name}", gain, 1.0, 1e-6

    words = f"alpha = 2.2, 3, 4, 6, {len(_COSTS)} laws of costs, two budgets where the tail reaches: within 1e-6"
    return agreement("P11", "quadrature", cases(), words)


def families(seed: int = 0, factor: float = 1.0, of_kept: bool = True) -> Verdict:
    """The exact saving of drawn coordinates, alpha <= 2 included, and costs whose tail constants differ.

    ``of_kept`` False: the means are over all costs instead of those that Top-K keeps.
    """
    rng, d, beta = np.random.default_rng(seed), 20_000, 0.01

    def cases() -> Iterator[tuple[str, np.ndarray, float]]:
        for index in (1.5, 2.0, 3.0, 6.0):
            for rare in (1.0, 0.2):
                cost, weight = np.array([1.0, 3.0, 10.0]), np.array([0.5, 0.3, 0.2])
                scale = np.array([1.0, 1.0, rare])  # of the dear class: it has L = rare^alpha
                kept = weight * scale**index if of_kept else weight

                def saved(instance: Instance, _: np.random.Generator) -> float:
                    law = SampleLaw(np.sqrt(instance.score), instance.cost)
                    return law.saving(beta).at_equal_score.value

                law = _Classes(index, cost, weight, scale)
                predicted = factor * power_mean_saving(index, cost, kept)
                yield f"alpha = {index}, L = {rare}^alpha for the dear", replicate(law, beta, d, saved, rng), predicted  # type: ignore[arg-type]

    words = f"alpha = 1.5, 2, 3, 6, three classes with equal and unequal tail constants, beta = {beta}, {d} coordinates"
    return compared_with_samples("P11", cases(), seed, words, allowance=0.01)


class _Classes:
    """Pareto magnitudes of scale ``scale[j]`` at cost ``cost[j]``: tail constants that depend on the cost."""

    def __init__(self, index: float, cost: np.ndarray, weight: np.ndarray, scale: np.ndarray) -> None:
        self.index, self.cost, self.weight, self.scale = index, cost, weight, scale

    def sample(self, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Magnitudes and costs, float64 of shape (n,)."""
        j = rng.choice(self.cost.size, n, p=self.weight)
        return self.scale[j] * (1 - rng.random(n)) ** (-1 / self.index), self.cost[j]


CHECKS = (
    Check("P11", "symbolic", symbolic),
    Check("P11", "quadrature", quadrature),
    Check("P11", "families", families),
)


def _second_order_only() -> Verdict:
    """P6 where costs differ a hundredfold."""
    law = law_of("pareto(b=3)", "classes(1=0.99, 100=0.01)").saving(1e-3)
    case = ("pareto(3), 1:100", law.profile.saving, law.at_equal_score.value, 0.3 * law.at_equal_score.value)
    return agreement("P11", "quadrature", [case], "one law: P6 within 30 %")


FALSEHOODS = (
    Falsehood("P11", "the order of the mean is 1 - alpha/2 + 1/10", lambda: symbolic(shift=sympy.Rational(1, 10))),
    Falsehood("P11", "the order of the mean is 1 - alpha/3", lambda: quadrature(order=3.0)),
    Falsehood("P11", "also where thresholds fall below the tail", lambda: quadrature(beyond=True)),
    Falsehood("P11", "the second order is enough", _second_order_only),
    Falsehood("P11", "a tenth more, by sampling", lambda: families(factor=1.1)),
    Falsehood("P11", "the means are over all costs", lambda: families(of_kept=False)),
)
