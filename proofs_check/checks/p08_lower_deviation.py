"""P8. Lower deviation.

    P(p(prefix)/d < E[p; p > lambda' c] - eps) <= failure,   lambda' > lambda chosen from the law before sampling

Assumptions: p and c bounded (Hoeffding), or E p^2 and E c^2 finite (one-sided Chebyshev), checked first. Kind: lower.
Source: the rule's containment in the prefix; Hoeffding 1963; Cantelli. With P7 at half the failure each, a two-sided
bound.

Proof idea. The rule 1[p > lambda' c] takes items from the top of CWMP's order. When its cost is at most B = beta sum c,
all of its items fit alone and together, so the prefix contains it. Its cost exceeds B when the mean of c(1[p >
lambda' c] - beta) is positive; lambda' puts its expectation far enough below 0. What the rule retains is a mean of p
1[p > lambda' c].
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check.checks.p07_upper_deviation import FAILURES, METHODS
from proofs_check.methods.finite_laws import FiniteLaw, Rare, by_density, greedy, rare_indeed
from proofs_check.methods.judge import Check, Falsehood, Oracle, Violation, exhaust, survived
from proofs_check.methods.rational import Rational
from theory.budget import percent
from theory.claims.verdict import Outcome, Verdict
from theory.instance import Instance
from theory.laws.deviation import lower_deviation, two_sided
from theory.laws.parse import law_of
from theory.selection.selectors import cwmp

CASES = (  # law, sizes, shares at which the atoms on top leave room
    (FiniteLaw((9, 0), (1, 1), (1, 1)), (200, 4000), (Rational(3, 4),)),
    (FiniteLaw((9, 0), (1, 1), (1, 9)), (1000, 4000), (Rational(1, 5), Rational(1, 2))),
    (FiniteLaw((9, 0), (4, 1), (1, 4)), (1000, 4000), (Rational(3, 4),)),
    (FiniteLaw((9, 1, 0), (2, 1, 1), (2, 3, 3)), (300,), (Rational(3, 5),)),
)


def contains(instance: Instance, _: Oracle, slack: Rational = Rational(1)) -> Violation | None:
    """Whenever ``{p > lambda c}`` costs at most ``slack`` B, the prefix contains it: every lambda that is a density."""
    chosen = cwmp(instance).mask
    ratios = [Rational(p) / Rational(c) for p, c in zip(instance.score.tolist(), instance.cost.tolist(), strict=True)]
    for level in filter(None, ratios):
        rule = np.array([ratio > level for ratio in ratios])
        if instance.spent(rule) <= slack * instance.budget and (rule & ~chosen).any():
            return Violation(
                "a rule that fits lies in the prefix", str(np.flatnonzero(rule)), str(np.flatnonzero(chosen))
            )
    return None


def containment(seed: int = 0, slack: Rational = Rational(1)) -> Verdict:
    """The containment, on every small instance."""
    return exhaust("P8", lambda instance, optimum: contains(instance, optimum, slack))


def probabilities(seed: int = 0, weaken: float = 1.0) -> Verdict:
    """The exact probability that the prefix retains less, over all outcomes of d draws from laws with few atoms."""
    words = "4 laws of 2 or 3 atoms, d = 200 to 4000, beta = 1/5 to 3/4, failure 0.02, 0.1, 0.3, both inequalities"
    events, none = [], 0
    cases = [(law, d, beta) for law, sizes, shares in CASES for d in sizes for beta in shares]
    for (law, d, beta), failure, method in product(cases, FAILURES, METHODS):
        limit = lower_deviation(law.as_sample, float(beta), d, failure, method).limit
        if limit is None:
            none += 1
            continue
        mean = float(law.retained(beta, by_density))
        low = (mean - (mean - limit) * weaken) * d

        def below(counts: np.ndarray, law=law, beta=beta, low=low) -> np.ndarray:  # type: ignore[no-untyped-def]
            return np.asarray(greedy(law, counts, beta, by_density)[0] < low * (1 - 1e-12))

        events.append(Rare(law, d, beta, method, failure, below))
    observed, should = {"no bound at this d": none}, "P(prefix < limit) <= failure"
    return rare_indeed("P8", "probabilities", events, words=words, should=should, observed=observed)


def families(seed: int = 0, weaken: float = 1.0) -> Verdict:
    """Drawn instances: the prefix between the two ends of the two-sided bound."""
    rng, d, beta, failure = np.random.default_rng(seed), 4000, 0.2, 0.05
    laws = (
        ("uniform(loc=-1, scale=2)", "uniform(loc=1, scale=2)", "hoeffding"),
        ("norm()", "classes(1=0.5, 10=0.5)", "chebyshev"),
        ("laplace()", "lognorm(s=0.5)", "chebyshev"),
    )
    words = f"3 laws, {d} coordinates, beta = {beta}, failure {failure} in two halves, 60 instances each"
    trials = violations = 0
    for magnitude, cost, method in laws:
        law = law_of(magnitude, cost)
        low, high = two_sided(law, beta, d, failure, method)  # type: ignore[arg-type]
        assert low.limit is not None
        assert high.limit is not None
        mean = law.efficiency(beta).cwmp.value * law.mean_score()
        bottom = mean - (mean - low.limit) * weaken
        for _ in range(60):
            kept = float(cwmp(Instance(*law.sample(rng, d), budget=percent(beta))).retained) / d
            trials, violations = trials + 1, violations + (not bottom <= kept <= high.limit)
    if violations > 0.15 * trials:
        found = {"violations": violations, "instances": trials, "should": "at most 5 % but for chance"}
        return Verdict("P8", "families", Outcome.REFUTED, words, "violations", trials, None, found, seed=seed)
    return survived("P8", "families", words, trials, seed, violations=violations)


CHECKS = (
    Check("P8", "exhaustion", containment),
    Check("P8", "probabilities", probabilities),
    Check("P8", "families", families),
)

FALSEHOODS = (
    Falsehood("P8", "a rule that costs twice the budget lies in the prefix", lambda: containment(slack=Rational(2))),
    Falsehood("P8", "the deviation is a quarter as large", lambda: probabilities(weaken=0.25)),
    Falsehood("P8", "there is no deviation", lambda: families(weaken=1e-9)),
)
