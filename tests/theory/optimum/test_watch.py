"""A search that is stopped anywhere answers with an interval that holds the optimum, or with the optimum itself."""

import numpy as np
import pytest

from theory import Instance
from theory.optimum.certificate import certify, check_certificate
from theory.optimum.watch import Watch, deadline


def dynamic_programme(score, cost, budget) -> int:
    """The most that fits, by the textbook recursion over every budget."""
    best = np.zeros(budget + 1, np.int64)
    for p, c in zip(score, cost, strict=True):
        if c <= budget:
            best[c:] = np.maximum(best[c:], best[: budget + 1 - c] + p)
    return int(best[-1])


def after(questions: int):
    """A stop that comes when so many questions have been asked."""
    left = iter(range(questions))
    return lambda: next(left, None) is None


def families(rng):
    cost = rng.integers(1, 1000, 60)
    yield cost + 100, cost
    yield 3 * -(-cost // 3), cost
    yield cost[:12], cost[:12]
    kinds = rng.integers(0, 4, 60)
    yield rng.integers(1, 1000, 60), np.array([7, 11, 13, 30])[kinds]


@pytest.mark.parametrize("questions", [0, 1, 2, 3, 5, 10, 30, 100])
def test_a_stopped_search_gives_an_interval_that_holds_the_optimum(questions):
    rng = np.random.default_rng(questions)
    for score, cost in families(rng):
        budget = int(cost.sum()) // 3
        instance = Instance.from_scores(score.astype(float), cost.astype(float), budget)
        found = certify(instance, watch=Watch(after(questions)))
        optimum = dynamic_programme(score, cost, budget)
        assert found.verdict in ("exact", "interval")
        assert found.spent <= budget
        assert found.retained <= optimum <= found.retained + found.gap
        assert check_certificate(found.fields, instance.score, instance.cost, scores=True).verdict == found.verdict
        if not questions:
            assert found.verdict == "interval" or found.gap == 0


def test_what_is_stopped_at_once_would_have_been_exact():
    cost = np.random.default_rng(0).integers(1, 1000, 60)
    instance = Instance.from_scores(cost + 100.0, cost.astype(float), int(cost.sum()) // 3)
    assert certify(instance).verdict == "exact"
    assert certify(instance, watch=Watch(lambda: True)).verdict == "interval"


def test_phases_are_told_in_order():
    told = []
    cost = np.random.default_rng(0).integers(1, 1000, 60)
    certify(Instance.from_scores(cost + 100.0, cost.astype(float), 9999), watch=Watch(on_phase=told.append))
    assert told[:3] == ["relaxing", "searching counts of costs", "searching the core"]
    assert told[-1] == "checking"


def test_a_deadline_is_over_when_its_clock_says_so():
    now = [5.0]
    late = deadline(2.0, lambda: now[0])
    now[0] = 6.9
    assert not late()
    now[0] = 7.0
    assert late()
