"""How a property becomes a verdict: every way counts what it tried, keeps the assumption and says what it found."""

from fractions import Fraction
from itertools import count
from types import SimpleNamespace

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from proofs_check.methods import judge
from proofs_check.methods.instances import SMALL, small_domain
from proofs_check.methods.judge import (
    Falsehood,
    UndecidedError,
    Violation,
    certified,
    describe,
    enumerated,
    exhaust,
    failure_bound,
    from_smt,
    judge_cases,
    refuted,
    sample,
    search,
    standard_checks,
    survived,
)
from proofs_check.methods.smt import Decided
from theory import Instance
from theory.claims.verdict import Outcome
from theory.optimum import certificate


def instance_of(*score, budget=1):
    return Instance.from_scores(np.array(score, float), np.ones(len(score)), budget)


def broken(where):
    """A property that is violated where something holds of the scores."""
    return lambda instance, optimum: Violation("less", 2, 1) if where(instance.score) else None


def never(instance, optimum):
    return None


def test_violations_are_compared_without_their_instances():
    assert Violation("less", 1, 2, instance_of(1)) == Violation("less", 1, 2, instance_of(2))
    assert Violation("less", 1, 2) != Violation("less", 1, 3)


def test_optima_are_enumerated_or_certified_exactly(monkeypatch):
    instance = instance_of(3, 5, 4, budget=2)
    assert enumerated(instance) == certified(instance) == 9
    for verdict in ("interval", "failed"):
        monkeypatch.setattr(certificate, "certify", lambda _, verdict=verdict: SimpleNamespace(verdict=verdict))
        with pytest.raises(UndecidedError, match=verdict):
            certified(instance)


def test_a_domain_is_gone_through_up_to_the_first_violation(monkeypatch):
    domain = [instance_of(k, budget=2) for k in range(5)]
    seen = []
    found = exhaust("D1", lambda i, optimum: seen.append(optimum(i)), domain=domain, words="five")
    assert (found.outcome, found.domain, found.trials, found.seed) == (Outcome.CHECKED, "five", 5, None)
    assert seen == [0, 1, 2, 3, 4]
    found = exhaust("D1", broken(lambda p: p[0] > 2), domain=domain, oracle=None)
    assert (found.outcome, found.domain, found.trials, found.method) == (
        Outcome.REFUTED, small_domain(4, 3, 2), 4, "exhaustion",
    )  # fmt: skip
    assert found.counterexample == {
        "d": 1, "score": ["3"], "cost": ["1"], "budget": "2", "should": "less", "left": "2", "right": "1",
    }  # fmt: skip
    asked = []
    monkeypatch.setattr(judge, "small_instances", lambda *sizes: asked.append(sizes) or domain[:2])
    assert exhaust("D1", never).domain == SMALL.format(n=4, p=3, c=2)
    assert exhaust("D1", never, n=2, p=1, c=5).trials == 2
    assert asked == [(4, 3, 2), (2, 1, 5)]


@pytest.fixture
def families(monkeypatch):
    """Two families whose instances have one score, which counts up from 0; and what was asked for."""
    asked, numbers = [], count()

    def drawn(magnitude, cost, n, rng):
        k = next(numbers)
        assert k < 400, "it draws for ever"
        asked.append((magnitude, cost, n))
        return instance_of(k)

    monkeypatch.setattr(judge, "FAMILIES", [("m", "c"), ("n", "e")])
    monkeypatch.setattr(judge, "family_instance", drawn)
    return asked


def test_every_family_is_drawn_from_as_often(families):
    found = sample("D1", never, seed=7)
    assert families == [("m", "c", 10)] * 20 + [("n", "e", 10)] * 20
    assert (found.outcome, found.trials, found.seed, found.method) == (Outcome.SURVIVED, 40, 7, "families")
    assert found.domain == "2 families of magnitudes x costs, 10 coordinates each"
    assert found.failure_bound == failure_bound(0, 40)


def test_instances_outside_the_assumption_are_drawn_again(families):
    """Of 0, 1, 2, … the odd ones; the fourth of them, in the second family, is a violation."""
    odd = lambda instance: instance.score[0] % 2 == 1  # noqa: E731
    found = sample("D1", broken(lambda p: p[0] >= 7), seed=7, n=3, per_family=3, method="mine", keep=odd)
    assert families == [("m", "c", 3)] * 6 + [("n", "e", 3)] * 2
    assert (found.outcome, found.trials, found.seed, found.method) == (Outcome.REFUTED, 4, 7, "mine")
    assert found.counterexample["score"] == ["7"]


def test_what_no_certificate_decides_is_counted_and_not_judged(families):
    def holds(instance, oracle):
        if instance.score[0] in (1, 4):
            raise UndecidedError("interval")

    found = sample("D1", holds, seed=0, per_family=3, oracle=certified)
    assert (found.outcome, found.trials, found.observed) == (Outcome.CERTIFIED, 4, {"only an interval": 2})
    assert found.reach == "these instances, each optimum certified"

    def undecided(instance, oracle):
        raise UndecidedError("interval")

    found = sample("D1", undecided, seed=0, per_family=3, oracle=certified)
    assert (found.outcome, found.trials, found.observed) == (Outcome.INCONCLUSIVE, 0, {"only an interval": 6})


SCORES = st.lists(st.integers(0, 10**6), min_size=1, max_size=6).map(lambda some: instance_of(*some))


def test_a_search_tries_as_many_examples_as_it_says(monkeypatch):
    one = st.integers(0, 10**9).map(instance_of)
    seen = []

    def holds(instance, _):
        seen.append(instance.score[0])

    found = search("D1", holds, one, seed=3, examples=30)
    assert (found.outcome, found.trials, found.seed, found.method) == (Outcome.SURVIVED, 30, 3, "search")
    assert found.trials == len(seen)
    drawn = []
    for seed in (3, 3, 4):
        seen.clear()
        assert search("D1", holds, one, seed=seed, examples=20).trials == 20
        drawn.append(seen.copy())
    assert drawn[0] == drawn[1] != drawn[2]
    settings, asked = hypothesis.settings, []
    few = lambda **named: asked.append(named["max_examples"]) or settings(**{**named, "max_examples": 1})  # noqa: E731
    monkeypatch.setattr(hypothesis, "settings", few)
    search("D1", holds, one, seed=3)
    assert asked == [300]


@pytest.fixture
def every_phase():
    """Hypothesis makes small what it finds, whatever the profile of this run."""
    settings = hypothesis.settings
    before = settings.get_current_profile_name()
    settings.register_profile("every phase", settings.default, phases=tuple(hypothesis.Phase))
    settings.load_profile("every phase")
    yield
    settings.load_profile(before)


def test_what_a_search_finds_is_the_least_of_the_fewest_items(every_phase):
    """Two scores of 1,000 or more: what hypothesis ends with, and no item that could be left out."""
    tried = []

    def holds(instance, _):
        tried.append(instance)
        return Violation("less", 2, 1) if (instance.score >= 1000).sum() > 1 else None

    found = search("D1", holds, SCORES, seed=0, words="lists")
    assert (found.outcome, found.seed, found.domain) == (Outcome.REFUTED, 0, "lists")
    assert found.counterexample["score"] == ["1000", "1000"]
    assert found.trials == len(tried) - 2  # neither of the two can be left out


def test_items_are_left_out_of_scores_and_of_updates():
    cost = [1.0, 2.0, 3.0, 4.0, 5.0]
    judged = lambda one: Violation("less", one.d, 1) if (one.score == 25).any() else None  # noqa: E731
    scores, update = Instance.from_scores([5.0, 25, 1, 25, 3], cost, 6), Instance([4.0, -5, 1, 5, 3], cost, 6)
    for instance in (scores, update):
        fewest, violation = judge._fewest_items(instance, Violation("less", 5, 1), judged)
        assert (fewest.score.tolist(), fewest.cost.tolist(), fewest.budget, violation.left) == ([25], [2], 6, 1)
    assert fewest.update.tolist() == [-5]  # the last items are left out first


def test_hypothesis_traces_nothing_meanwhile():
    state = hypothesis.core.StateForActualGivenExecution
    before = state._should_trace
    with judge._untraced():
        assert state._should_trace(None) is False
    assert state._should_trace is before


def test_the_standard_checks_are_four_ways_with_one_assumption(monkeypatch):
    asked = {}

    def record(name):
        return lambda *given, **named: asked.update({name: (given, named)})

    for name in ("exhaust", "sample", "search"):
        monkeypatch.setattr(judge, name, record(name))
    monkeypatch.setattr(judge, "instances", lambda: SimpleNamespace(filter=lambda may: ("instances", may)))
    monkeypatch.setattr(judge, "small_instances", lambda *sizes: [instance_of(*sizes), instance_of(1)])
    several = lambda instance: instance.d > 1  # noqa: E731
    mine = SimpleNamespace(filter=lambda may: ("mine", may))
    checks = {c.method: c for c in standard_checks("D1", never, keep=several, given="several", strategy=mine)}
    assert [*checks] == ["exhaustion", "families", "search", "certificate"]
    assert all(check.claim == "D1" for check in checks.values())
    checks["exhaustion"].run(5)
    assert [instance.score.tolist() for instance in asked["exhaust"][1]["domain"]] == [[4, 3, 2]]
    assert asked["exhaust"][1]["words"] == small_domain(4, 3, 2) + ", given several"
    checks["families"].run(5)
    assert asked["sample"] == (("D1", never), {"seed": 5, "n": 10, "per_family": 20, "keep": several})
    checks["search"].run(5)
    assert asked["search"] == (("D1", never, ("mine", several)), {"seed": 5})
    checks["certificate"].run(5)
    given = {"seed": 5, "n": 1000, "per_family": 1, "method": "certificate", "oracle": certified, "keep": several}
    assert asked["sample"] == (("D1", never), given)
    plain = {c.method: c for c in standard_checks("D1", never, small=(2, 1, 1), n=7, per_family=4, at_scale=False)}
    assert [*plain] == ["exhaustion", "families", "search"]
    plain["exhaustion"].run(5)
    assert len([*asked["exhaust"][1]["domain"]]) == 2
    assert asked["exhaust"][1]["words"] == small_domain(2, 1, 1)
    plain["search"].run(5)
    assert asked["search"][0][2][0] == "instances"
    plain["families"].run(5)
    assert (asked["sample"][1]["n"], asked["sample"][1]["per_family"]) == (7, 4)


def test_a_falsehood_is_judged_by_what_it_runs():
    falsehood = Falsehood("D1", "one less", lambda: survived("D1", "m", "", 1, 0))
    assert (falsehood.claim, falsehood.says, falsehood.run().outcome) == ("D1", "one less", Outcome.SURVIVED)


def test_obligations_prove_only_what_is_the_whole_claim():
    for decided, whole, outcome in (
        (Decided(3, 0, None), True, Outcome.PROVED), (Decided(3, 0, None), False, Outcome.CHECKED),
        (Decided(3, 1, None), True, Outcome.INCONCLUSIVE), (Decided(3, 1, {"p": "1"}), True, Outcome.REFUTED),
    ):  # fmt: skip
        found = from_smt("D1", decided, domain="reals", reach="all", whole=whole)
        assert (found.outcome, found.trials, found.method) == (outcome, 3, "smt")
        assert found.counterexample == (None if decided.model is None else {"model": {"p": "1"}})
        assert found.observed == ({} if decided.model else {"unknown": decided.unknown})
    assert from_smt("D1", Decided(3, 0, None), domain="", reach="", method="other").outcome is Outcome.CHECKED


def test_as_many_violations_as_are_allowed_are_counted():
    found = survived("D1", "m", "words", 40, 2, violations=3, observed={"worst": 1})
    assert (found.failure_bound, found.observed) == (failure_bound(3, 40), {"violations": 3, "worst": 1})
    found = survived("D1", "m", "words", 40, 2)
    assert (found.failure_bound, found.observed) == (failure_bound(0, 40), {})
    assert failure_bound(5, 4) == 1.0


def test_a_counterexample_is_the_violations_own_instance_if_it_has_one():
    given, own = instance_of(1), instance_of(2)
    for violation, score in ((Violation("less", 2, 1), "1"), (Violation("less", 2, 1, own), "2")):
        found = refuted("D1", "m", given, violation, domain="", trials=1)
        assert (found.counterexample["score"], found.seed) == ([score], None)
    many = describe(instance_of(*range(9)))
    assert (many["d"], many["score"], many["cost"]) == (9, [str(k) for k in range(8)], ["1"] * 8)


def test_cases_are_judged_in_turn():
    bad = lambda case: Violation("less", case, Fraction(1, 3)) if case > 2 else None  # noqa: E731
    found = judge_cases("D1", "cases", range(9), bad, "words", 5, lambda case: {"case": case})
    assert (found.outcome, found.trials, found.seed) == (Outcome.REFUTED, 4, 5)
    assert found.counterexample == {"case": 3, "should": "less", "left": "3", "right": "1/3"}
    whole, drawn = (judge_cases("D1", "cases", range(3), bad, "words", seed, dict) for seed in (None, 5))
    assert (whole.outcome, whole.trials, whole.seed) == (Outcome.CHECKED, 3, None)
    assert (drawn.outcome, drawn.trials, drawn.seed) == (Outcome.SURVIVED, 3, 5)
    assert drawn.failure_bound == failure_bound(0, 3)
