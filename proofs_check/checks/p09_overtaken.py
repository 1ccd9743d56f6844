"""P9. Top-K overtakes CWMP exponentially rarely.

    P(p(prefix) < p(Top-K)) <= exp(-2 d a^2/c_max^2) + exp(-2 d b^2/c_max^2) + exp(-2 d D^2/w^2)

    a = beta E c - C(lambda') > 0,  b = K(tau') - beta E c > 0,  D = P(lambda') - T(tau') > 0,
    w = tau'^2 + min(p_max, lambda' c_max),  for any lambda' > lambda and tau' < tau

Assumptions: costs bounded, beta d c_min >= c_max (no item is dearer than the budget), V > V_K; magnitudes need not be
bounded. Kind: upper. Source: three applications of Hoeffding 1963.

Proof idea. Unless the rule p > lambda' c overspends (first term), the prefix contains it (P8). Unless {|g| > tau'} fits
the budget (second term), Top-K stops inside it. Then the prefix can only lose if sum p (1[p > lambda' c] - 1[|g| >
tau']) is negative (third term): where the two rules differ, its terms lie between -min(p_max, lambda' c_max) and
tau'^2.
"""

from __future__ import annotations

import numpy as np

from proofs_check.methods import smt as z
from proofs_check.methods.finite_laws import FiniteLaw, by_density, by_score, greedy
from proofs_check.methods.judge import Check, Falsehood, from_smt, survived
from proofs_check.methods.rational import Rational
from theory.budget import percent
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.laws.deviation import overtaken
from theory.laws.parse import law_of
from theory.selection.selectors import cwmp, top_k

CASES = (
    (FiniteLaw((4, 5), (1, 6), (3, 1)), (20, 200, 400, 800, 1600), Rational(22, 45)),
    (FiniteLaw((0, 4, 5), (1, 1, 6), (1, 3, 1)), (20, 100, 400), Rational(9, 20)),
)


def smt(seed: int = 0, dearer: Rational = Rational(1)) -> Verdict:
    """Where the rules differ, all reals: ``p 1[p > lambda c] - p 1[p > tau^2]`` lies in [-lambda c_max, tau^2]."""
    p, c, most, lam, level = z.z3.Reals("p c c_max lambda tau2")
    setting = [p >= 0, c > 0, c <= most, lam >= 0, level >= 0]
    term = z.z3.If(p > lam * c, p, 0) - z.z3.If(p > level, p, 0)
    low = -lam * most * z.rational(dearer)
    reach = "every law with bounded costs: the range of the third term; the rest is Hoeffding 1963"
    claims = [(setting, term <= level), (setting, term >= low)]
    return from_smt("P9", z.prove(claims), domain="one item, all reals", reach=reach)


def exhaustion(seed: int = 0, inflate: int = 1) -> Verdict:
    """Laws of two and three atoms: the exact probability that Top-K retains more, over all outcomes of d draws."""
    words = "2 laws of 2 or 3 atoms, d = 20 to 1600, one budget each; where the bound reaches 1 it says nothing"
    trials = none = 0
    tightest = 0.0
    for law, sizes, beta in CASES:
        for d in sizes:
            bound = overtaken(law.as_sample, float(beta), inflate * d)
            none += not bound.applies
            limit = 1.0 if bound.limit is None else bound.limit

            def loses(counts: np.ndarray, law=law, beta=beta) -> np.ndarray:  # type: ignore[no-untyped-def]
                return greedy(law, counts, beta, by_density)[0] < greedy(law, counts, beta, by_score)[0]

            exact, trials = law.probability(d, loses), trials + 1
            tightest = max(tightest, float(exact) / limit if limit else float("inf"))
            if exact > Rational(limit):
                found = {"law": str(law), "n": d, "beta": str(beta), "should": "P(prefix < Top-K) <= bound"}
                found |= {"left": float(exact), "right": limit}
                return Verdict("P9", "exhaustion", Outcome.REFUTED, words, "one suffices", trials, None, found)
    outcome = Outcome.CHECKED if trials > none else Outcome.INCONCLUSIVE
    observed = {"largest probability / bound": tightest, "bound says nothing": none}
    return Verdict("P9", "exhaustion", outcome, words, "exactly the stated finite domain", trials, observed=observed)


def families(seed: int = 0, scale: float = 1.0) -> Verdict:
    """Drawn instances with bounded costs and unbounded magnitudes: Top-K ahead as often as the bound allows."""
    rng, beta, trials, failures, expected = np.random.default_rng(seed), 0.1, 0, 0, 0.0
    laws = (
        ("norm()", "classes(1=0.5, 10=0.5)"),
        ("laplace()", "uniform(loc=1, scale=9)"),
        ("t(df=3)", "classes(1=0.5, 4=0.5)"),
    )
    words = "3 laws with bounded costs, d = 20,000 and 40, beta = 0.1, 60 instances each"
    for magnitude, cost in laws:
        law = law_of(magnitude, cost)
        for d in (20_000, 40):
            bound = overtaken(law, beta, d)
            if bound.limit is None and scale == 1.0:
                continue
            expected += (1.0 if bound.limit is None else bound.limit) * scale * 60
            for _ in range(60):
                instance = Instance(*law.sample(rng, d), budget=percent(beta))
                trials, failures = trials + 1, failures + (cwmp(instance).retained < top_k(instance).retained)
    if failures > 3 * expected + 5:
        found = {"failures": failures, "instances": trials, "should": f"about {expected:.3g} at most"}
        return Verdict("P9", "families", Outcome.REFUTED, words, "failures", trials, None, found, seed=seed)
    observed = {"allowed on average": expected}
    return survived("P9", "families", words, trials, seed, violations=failures, observed=observed)


CHECKS = (
    Check("P9", "smt", smt),
    Check("P9", "exhaustion", exhaustion),
    Check("P9", "families", families),
)

FALSEHOODS = (
    Falsehood("P9", "terms are above -lambda c_max/2", lambda: smt(dearer=Rational(1, 2))),
    Falsehood("P9", "d counts a thousandfold", lambda: exhaustion(inflate=1000)),
    Falsehood("P9", "it never happens, at any d", lambda: families(scale=0.0)),
)
