"""The oracles agree with the catalogue and with one another, and catch solvers that lie, hang or crash."""

import itertools
import os
import signal
import time
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from catalogue import BY_NAME, CASES, mask

from proofs_check.oracles import (
    Optimum,
    Worker,
    class_optimum,
    cross_check,
    dynamic_programme_optimum,
    enumerate_masks,
    enumerate_optimum,
    milp_optimum,
)
from theory import CostClasses, InputError, Instance

D9 = BY_NAME["d9-counterexample"]

# data with more than 52 significant bits: too much for int64 products, and for a float64 solver, which must be caught
BEYOND = {
    "absorbed-unit": ("dynamic-programme", "milp"),
    "ratios-that-round-alike": ("dynamic-programme", "milp"),
    "ratios-beyond-float64": ("dynamic-programme", "milp"),
}


@pytest.fixture(scope="module")
def worker():
    with Worker() as running:
        yield running


@pytest.fixture(scope="module")
def impostors():
    """A worker of its own for the false solvers below, some of which end it."""
    with Worker() as running:
        yield running


def exact_methods(worker):
    return [enumerate_optimum, class_optimum, partial(dynamic_programme_optimum, worker=worker)]


# --- agreement -------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=str)
def test_catalogue(case, worker):
    instance = case.instance()
    checked = cross_check(instance, [*exact_methods(worker), partial(milp_optimum, worker=worker)])
    assert checked.value == case.optimum
    assert {"enumeration", "class-exact"} <= set(checked.agreeing)
    for answer in checked.answers:
        if answer.status == "optimal":
            assert (answer.value, answer.spent) == (case.optimum, instance.spent(answer.mask))
            assert case.optimal is None or answer.mask.tolist() == mask(case, case.optimal)
        else:
            assert answer.method in BEYOND.get(case.name, ())
            assert answer.status in ("does-not-apply", "solver-wrong", "failed")


def random_instances(seed, count):
    """Small integers with many ties, two decades of scores, and decimal class costs."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        n = int(rng.integers(0, 13))
        score = rng.integers(0, 8, n) if k % 2 else rng.integers(0, 1000, n)
        if k % 3:
            yield Instance.from_scores(score, rng.integers(1, 12, n), int(rng.integers(0, 6 * n + 2)))
        else:
            cost = CostClasses(rng.integers(0, 3, n), ["0.1", "0.3", "1.7"])
            yield Instance.from_scores(score, cost, f"{rng.integers(0, 4 * n + 1)}.7")


def test_all_four_agree_on_random_integers(worker):
    methods = [*exact_methods(worker), partial(milp_optimum, worker=worker)]
    for instance in random_instances(1, 60):
        checked = cross_check(instance, methods)
        assert checked.agreeing == ("enumeration", "class-exact", "dynamic-programme", "milp"), checked.answers


def test_the_exact_ones_agree_on_many_more(worker):
    for instance in random_instances(2, 300):
        assert len(cross_check(instance, exact_methods(worker)).agreeing) == 3


def test_enumeration_against_sums_of_fractions():
    """The oracle everything else leans on, redone with nothing but Fractions and itertools."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        score, cost = rng.lognormal(size=6), rng.lognormal(size=6) * 10.0 ** rng.integers(-9, 9, 6)
        budget = Fraction(rng.choice(cost)) + Fraction(rng.choice(cost))
        best = Fraction(-1)
        for items in itertools.chain.from_iterable(itertools.combinations(range(6), k) for k in range(7)):
            if sum(Fraction(cost[i]) for i in items) <= budget:
                best = max(best, sum((Fraction(score[i]) for i in items), Fraction(0)))
        instance = Instance.from_scores(score, cost, budget)
        assert enumerate_optimum(instance).value == best == class_optimum(instance).value


def test_mask_table_lists_every_mask():
    table = enumerate_masks(Instance.from_scores([1, 2, 4], [0.5, 1, 2], 3))
    assert sorted(v * table.value_unit for v in table.value) == list(range(8))
    for k in range(8):
        chosen = table.mask(k)
        assert table.value[k] * table.value_unit == sum(2**i for i in range(3) if chosen[i])
        assert table.cost[k] * table.cost_unit == Fraction(sum(2**i for i in range(3) if chosen[i]), 2)


def test_class_exact_at_model_size():
    """20,000 coordinates, two costs: the formula with one free count, evaluated here without prefix states."""
    rng = np.random.default_rng(4)
    score, label = rng.integers(0, 10**6, 20_000), rng.integers(0, 2, 20_000)
    budget = 30_001
    first, second = (np.r_[0, np.cumsum(np.sort(score[label == k])[::-1])] for k in (0, 1))
    most = range(min(second.size, budget // 10 + 1))
    best = max(int(first[min((budget - 10 * k) // 3, first.size - 1)] + second[k]) for k in most)
    answer = class_optimum(Instance.from_scores(score, CostClasses(label, [3, 10]), budget))
    assert (answer.status, answer.value) == ("optimal", best)


# --- false solvers, run in the child process -------------------------------------------------------


def infeasible(score, cost, budget, seconds, **_):
    return {"status": "optimal", "objective": sum(score), "chosen": list(range(len(score)))}


def overstated(score, cost, budget, seconds, **_):
    return {"status": "optimal", "objective": 2 * score[1], "chosen": [1]}


def suboptimal(score, cost, budget, seconds, **_):
    return {"status": "optimal", "objective": score[0], "chosen": [0]}


def hanging(seconds, **_):
    time.sleep(600)


def crashing(**_):
    os.abort()


def raising(**_):
    raise RuntimeError("no licence")


def infinite(score, **_):
    return {"status": "optimal", "objective": float("inf"), "chosen": [0]}


def unknown_items(score, **_):
    return {"status": "optimal", "objective": 1, "chosen": [len(score)]}


def silent(**_):
    return None


def giving_up(**_):
    return {"status": "infeasible_or_unbounded"}


ORACLES = [milp_optimum, dynamic_programme_optimum]


def ask(oracle, solver, worker, seconds=600.0) -> Optimum:
    return oracle(D9.instance(), worker=worker, solver=f"test_oracles:{solver.__name__}", seconds=seconds)


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize(("solver", "says"), [(infeasible, "too much"), (overstated, "is worth 3")])
def test_a_false_claim_is_the_solvers_failure(oracle, solver, says, impostors):
    answer = ask(oracle, solver, impostors)
    assert (answer.status, answer.value, answer.spent) == ("solver-wrong", None, None)
    assert says in answer.detail
    assert answer.mask is not None, "the claimed mask is kept as evidence"


@pytest.mark.parametrize("oracle", ORACLES)
def test_a_suboptimal_optimum_is_refuted_by_another_mask(oracle, impostors):
    alone = ask(oracle, suboptimal, impostors)
    assert (alone.status, alone.value) == ("optimal", 2), "feasible and consistent: recomputation cannot tell"
    checked = cross_check(D9.instance(), [lambda _: alone, enumerate_optimum])
    assert [answer.status for answer in checked.answers] == ["solver-wrong", "optimal"]
    assert "beaten by the mask of enumeration" in checked.wrong[0].detail
    assert (checked.value, checked.agreeing) == (3, ("enumeration",))


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize(
    ("solver", "says"),
    [
        (crashing, "SIGABRT"),
        (raising, "RuntimeError: no licence"),
        (infinite, "makes no sense"),
        (unknown_items, "makes no sense"),
        (silent, "makes no sense"),
        (giving_up, "infeasible_or_unbounded"),
    ],
)
def test_no_answer_is_a_failure(oracle, solver, says, impostors):
    answer = ask(oracle, solver, impostors)
    assert (answer.status, answer.mask, answer.value) == ("failed", None, None)
    assert says in answer.detail


def test_a_hanging_solver_is_killed(impostors):
    answer = ask(milp_optimum, hanging, impostors, seconds=0.2)
    assert answer.status == "timeout"
    assert "killed" in answer.detail
    assert impostors.pid is None
    assert ask(milp_optimum, suboptimal, impostors).status == "optimal", "the next call starts a new process"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_an_interrupt_is_the_parents_to_deal_with():
    """A terminal sends it to every process; the child must not die of it before its parent has decided."""
    with Worker() as worker:
        assert worker.call("time:monotonic", {}, seconds=600).outcome == "result"
        pid = worker.pid
        os.kill(pid, signal.SIGINT)
        assert worker.call("time:monotonic", {}, seconds=600).outcome == "result"
        assert worker.pid == pid


def test_an_answer_altered_afterwards_is_caught():
    honest = enumerate_optimum(D9.instance())
    altered = Optimum(honest.method, "optimal", honest.mask, honest.value + 1, honest.spent, 4.0, 0.0, "")
    assert cross_check(D9.instance(), [lambda _: altered]).wrong
    with pytest.raises(InputError, match="at least one method"):
        cross_check(D9.instance(), [])


# --- where a method does not apply -----------------------------------------------------------------


def test_branch_and_bound_is_wrong_near_two_to_the_52(worker):
    """Why the integer method stops at ``max p * max c < 2**52``: beyond, its solver claims what two items beat."""
    score = [4503599627370673, 4503175287846948, 4502899666695275, 4503599627370747]
    cost = [4503599627370672, 4503175287846949, 4502899666695274, 4503599627370746]
    budget = 9006499294066020
    arguments = {"score": score, "cost": cost, "budget": budget, "engine": "branch-and-bound", "seconds": 600.0}
    said = worker.call("proofs_check.oracles.ortools_knapsack:solve", arguments, seconds=600)
    instance = Instance.from_scores(np.array(score, float), np.array(cost, float), budget)
    assert said.result["status"] == "optimal"
    assert said.result["objective"] < enumerate_optimum(instance).value
    answer = dynamic_programme_optimum(instance, worker=worker)
    assert answer.status == "does-not-apply"
    assert "branch and bound is exact to 52" in answer.detail


def test_does_not_apply(worker):
    wide = Instance.from_scores([1e300, 1.0], [1.0, 2.0], 2)
    assert dynamic_programme_optimum(wide, worker=worker).status == "does-not-apply"
    rng = np.random.default_rng(5)
    many = Instance.from_scores(rng.lognormal(size=40), rng.lognormal(size=40), budget="50%")
    answer = class_optimum(many, limit=1000)
    assert (answer.status, answer.mask) == ("does-not-apply", None)
    with pytest.raises(InputError, match="up to 20 items, got 40"):
        enumerate_optimum(many)


def test_seconds_must_be_positive(worker):
    for seconds in (0, -1, float("nan"), float("inf")):
        with pytest.raises(InputError, match="seconds must be > 0"):
            milp_optimum(D9.instance(), seconds=seconds, worker=worker)
