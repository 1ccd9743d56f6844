"""P7. Upper deviation.

    P(LP/d > V E p + eps) <= failure,   X = lambda beta c + (p - lambda c)+,   lambda the threshold of the law

    Hoeffding    eps = range(X) sqrt(ln(1/failure)/(2 d))         p and c bounded
    Chebyshev    eps = sqrt(Var X (1/failure - 1)/d)               E p^2 and E c^2 finite (one-sided: Cantelli)

Kind: upper. Source: weak duality (D3); Hoeffding 1963, theorem 2; Cantelli's inequality. Assumptions are checked
first: a law without them gets the answer that the bound does not apply.

Proof idea. By D3, LP <= sum X_i for any lambda, whatever the sample. The X_i are i.i.d. with mean V E p at the law's
own lambda (P1), and X lies between lambda beta c_min and max(lambda beta c_max, p_max - lambda (1 - beta) c_min).
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check.methods import smt as z
from proofs_check.methods.finite_laws import FiniteLaw, Rare, by_density, greedy, rare_indeed
from proofs_check.methods.judge import Check, Falsehood, from_smt, survived
from proofs_check.methods.rational import Rational
from theory.budget import percent
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.laws.deviation import Method, upper_deviation
from theory.laws.parse import law_of
from theory.optimum.relaxation import relax

METHODS: tuple[Method, ...] = ("hoeffding", "chebyshev")
FINITE = (
    FiniteLaw((0, 1), (1, 1), (1, 1)),
    FiniteLaw((0, 9), (1, 4), (2, 1)),
    FiniteLaw((1, 4, 9), (1, 3, 9), (2, 1, 1)),
    FiniteLaw((0, 4, 3), (1, 2, 1), (3, 1, 2)),
)
BETAS, FAILURES, SIZES = (Rational(1, 4), Rational(1, 2), Rational(3, 4)), (0.02, 0.1, 0.3), (20, 60)


def smt(seed: int = 0, gain: Rational = Rational(1)) -> Verdict:
    """One item, all reals: what the relaxation gains beyond the budget's price is at most (p - lambda c)+."""
    p, c, lam, share = z.z3.Reals("p c lambda z")
    setting = [p >= 0, c > 0, lam >= 0, share >= 0, share <= 1]
    profit = p - lam * c
    claim = profit * share <= z.rational(gain) * z.z3.If(profit > 0, profit, 0)
    reach = "every d: LP <= sum X_i, item by item; the rest is Hoeffding 1963 and Cantelli"
    return from_smt("P7", z.prove([(setting, claim)]), domain="one item, all reals", reach=reach)


def exhaustion(seed: int = 0, weaken: float = 1.0) -> Verdict:
    """Four laws of two or three atoms: the exact probability of LP/d above the limit, over all outcomes of d draws."""
    words = "4 laws of 2 or 3 atoms, d = 20 and 60, beta = 1/4, 1/2, 3/4, failure 0.02, 0.1, 0.3, both inequalities"
    events = []
    for law, d, beta, failure, method in product(FINITE, SIZES, BETAS, FAILURES, METHODS):
        limit = upper_deviation(law.as_sample, float(beta), d, failure, method).limit
        assert limit is not None  # a law of finitely many atoms has every moment
        mean = float(law.retained(beta, by_density))
        top = (mean + (limit - mean) * weaken) * d

        def above(counts: np.ndarray, law=law, beta=beta, top=top) -> np.ndarray:  # type: ignore[no-untyped-def]
            return np.asarray(greedy(law, counts, beta, by_density)[1] > top * (1 + 1e-12))

        events.append(Rare(law, d, beta, method, failure, above))
    should = "P(LP/d > limit) <= failure"
    return rare_indeed("P7", "exhaustion", events, words=words, should=should, observed={})


LAWS = (
    ("uniform(loc=-1, scale=2)", "uniform(loc=1, scale=2)", "hoeffding"),
    ("norm()", "classes(1=0.5, 10=0.5)", "chebyshev"),
    ("laplace()", "lognorm(s=0.5)", "chebyshev"),
    ("t(df=5)", "lognorm(s=1)", "chebyshev"),
    ("t(df=3)", "lognorm(s=1)", "chebyshev"),  # E g^4 is infinite: no bound
    ("norm()", "lognorm(s=1)", "hoeffding"),  # unbounded: no bound
)


def families(seed: int = 0, weaken: float = 1.0) -> Verdict:
    """Drawn instances under six laws; for two of them the answer must be that the bound does not apply."""
    rng, d, beta, failure, trials, violations, tightest = np.random.default_rng(seed), 500, 0.1, 0.05, 0, 0, 0.0
    words = f"6 laws, {d} coordinates, beta = {beta}, failure {failure}, 60 instances each; no bound for 2 laws"
    for magnitude, cost, method in LAWS:
        law = law_of(magnitude, cost)
        bound = upper_deviation(law, beta, d, failure, method)  # type: ignore[arg-type]
        if bound.applies == ((magnitude, cost) in {("t(df=3)", "lognorm(s=1)"), ("norm()", "lognorm(s=1)")}):
            wrong = {"law": str(law), "should": "assumptions are checked", "left": bound.why}
            return Verdict("P7", "families", Outcome.REFUTED, words, "an assumption", trials, None, wrong, seed=seed)
        if bound.limit is None:
            continue
        mean = law.efficiency(beta).cwmp.value * law.mean_score()
        limit = mean + (bound.limit - mean) * weaken
        for _ in range(60):
            value = float(relax(Instance(*law.sample(rng, d), budget=percent(beta))).value) / d
            trials, violations = trials + 1, violations + (value > limit)
            tightest = max(tightest, (value - mean) / (limit - mean))
    if violations > 0.15 * trials:  # with probability 0.05 at most, 36 of 240 has probability below 1e-8
        found = {"violations": violations, "instances": trials, "should": "at most 5 % but for chance"}
        return Verdict("P7", "families", Outcome.REFUTED, words, "violations", trials, None, found, seed=seed)
    observed = {"largest deviation / bound": tightest}
    return survived("P7", "families", words, trials, seed, violations=violations, observed=observed)


CHECKS = (
    Check("P7", "smt", smt),
    Check("P7", "exhaustion", exhaustion),
    Check("P7", "families", families),
)

FALSEHOODS = (
    Falsehood("P7", "half of (p - lambda c)+ is enough", lambda: smt(gain=Rational(1, 2))),
    Falsehood("P7", "the deviation is half as large", lambda: exhaustion(weaken=0.5)),
    Falsehood("P7", "there is no deviation", lambda: families(weaken=1e-9)),
)
