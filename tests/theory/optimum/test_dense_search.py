"""The balanced dynamic programme, and the proofs by a step and by dense windows, against the textbook recursion."""

from dataclasses import replace

import numpy as np
import pytest

from theory import Instance, checker
from theory.optimum import exact_optimum
from theory.optimum.certificate import certify, check_certificate

COSTS = np.random.default_rng(7).integers(1, 200, 25)


def textbook(score, cost, budget) -> int:
    best = np.zeros(budget + 1, np.int64)
    for p, c in zip(score.astype(int).tolist(), cost.astype(int).tolist(), strict=True):
        if c <= budget:
            best[c:] = np.maximum(best[c:], best[: budget + 1 - c] + p)
    return int(best[-1])


def scores(family, cost, rng):
    return {
        "strongly": cost + 20, "inverse": np.maximum(cost - 20, 0), "equal": cost.copy(), "ceiling": 3 * -(-cost // 3),
        "two": cost + np.where(cost % 6 == 0, 60, 40), "free": rng.integers(0, 200, cost.size),
    }[family]  # fmt: skip


@pytest.mark.parametrize("times", [(1, 1), (7, 1), (1, 6), (10, 14)])
@pytest.mark.parametrize("family", ["strongly", "inverse", "equal", "ceiling", "two", "free"])
def test_no_mask_retains_more_and_the_checker_agrees(family, times):
    rng = np.random.default_rng([times[0], times[1], len(family)])
    for _ in range(12):
        cost = rng.integers(1, 200, rng.integers(17, 40))
        score, cost = scores(family, cost, rng) * times[0], cost * times[1]
        budget = int(rng.integers(0, cost.sum() + 1))
        found = certify(Instance.from_scores(score.astype(float), cost.astype(float), budget))
        assert found.verdict == "exact"
        assert found.retained == textbook(score, cost, budget)
        assert found.spent <= budget


def certified(monkeypatch, method="dense"):
    """A certificate whose proof needs a search, by that method."""
    cost = COSTS.astype(float)
    instance = Instance.from_scores(cost + 1000 * (cost % 2) + 20, cost, int(cost.sum()) // 3)
    whole = exact_optimum._solve_whole

    def under(*arguments):
        found = whole(*arguments)
        assert found is not None
        return replace(found, method=method)

    monkeypatch.setattr(exact_optimum, "_solve_whole", under)
    found = certify(instance)
    assert found.verdict == "exact"
    return instance, found.fields


def answer(instance, fields, **changed):
    proof = {**fields["proof"], **changed}
    altered = {**fields, "proof": {name: value for name, value in proof.items() if value is not None}}
    return check_certificate({**altered, "digest": checker.digest(altered)}, instance.score, instance.cost, scores=True)


def test_a_step_that_scores_do_not_come_in_is_refused(monkeypatch):
    instance, fields = certified(monkeypatch)
    assert "not a multiple of the step" in answer(instance, fields, step="5000").reason
    assert "no float64" in answer(instance, fields, step="1/3").reason
    assert "no float64" in answer(instance, fields, step="-1").reason
    assert answer(instance, fields, step="1/2").verdict == "exact"
    assert answer(instance, fields, step=None).verdict == "exact"


def test_a_step_is_no_argument_about_squares():
    update = np.array([1.0, 2, 3, 4, 5])
    instance = Instance(update, np.array([2.0, 3, 5, 7, 9]), 10)
    fields = certify(instance).fields
    if fields["proof"]["kind"] == "core":
        fields = {**fields, "proof": {**fields["proof"], "step": "1"}}
        fields["digest"] = checker.digest(fields)
        assert "scores that were given" in check_certificate(fields, update, instance.cost).reason


@pytest.mark.parametrize("method", ["dense", "ordered", "halves"])
def test_a_worse_mask_is_refused_by_every_search(monkeypatch, method):
    """The interval of a stopped search, claimed to be exact."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        cost = rng.integers(1, 200, 30).astype(float)
        score = cost + np.where(cost % 6 == 0, 60, 40)
        instance = Instance.from_scores(score, cost, int(cost.sum()) // 3)
        with monkeypatch.context() as patch:
            patch.setattr(exact_optimum, "_solve_whole", lambda *_: None)
            patch.setattr(exact_optimum, "prices_with_cut", lambda *_: [])
            poor = certify(instance, max_states=1)
        claimed = {**poor.fields, "verdict": "exact"}
        if claimed["proof"]["kind"] != "core":
            continue
        best = textbook(score, cost, int(cost.sum()) // 3)
        said = answer(instance, claimed, step="1", search=method)
        assert said.verdict == ("exact" if poor.retained == best else "refused"), said.reason
        if poor.retained < best:
            assert said.reason == "a better mask exists"


def test_windows_too_wide_for_the_checker_are_refused(monkeypatch):
    instance, fields = certified(monkeypatch)
    monkeypatch.setattr(checker, "MAX_STATES", 20)
    assert "too large to finish" in answer(instance, fields, search="dense", step=None).reason


def test_what_the_checker_cannot_search_again_is_an_interval_that_says_so(monkeypatch):
    cost = COSTS.astype(float)
    instance = Instance.from_scores(cost + np.where(cost % 6 == 0, 60, 40), cost, int(cost.sum()) // 3)
    whole = certify(instance)
    assert whole.verdict == "exact"
    assert not whole.unchecked
    monkeypatch.setattr(checker, "MAX_STATES", 1)
    found = certify(instance)
    assert (found.verdict, found.retained, found.unchecked) == ("interval", whole.retained, True)
    assert "too much to check again" in found.how
