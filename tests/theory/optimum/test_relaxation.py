"""The relaxation is an exact primal-dual pair, so duality proves each answer optimal, whatever a solver says."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from catalogue import CASES, mask
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from proofs_check.methods.instances import FAMILIES, family_instance, instances
from proofs_check.oracles import enumerate_optimum
from theory import CostClasses, Instance, cwmp, relax
from theory.arithmetic.exact import exact_sum


def affordable(instance):
    """Exact ``(index, score, cost)`` of the items that fit alone."""
    pairs = zip(instance.score.tolist(), instance.cost.tolist(), strict=True)
    items = [(i, Fraction(p), Fraction(c)) for i, (p, c) in enumerate(pairs)]
    return [(i, p, c) for i, p, c in items if c <= instance.budget]


def assert_optimal(instance, relaxation):
    """Feasible primal z, feasible dual lambda, equal values: hence both optimal, with no tolerance anywhere."""
    items = affordable(instance)
    z = {i: Fraction(int(relaxation.prefix[i])) for i, _, _ in items}
    assert not relaxation.prefix[[i for i in range(instance.d) if i not in z]].any()
    price, s = relaxation.threshold, relaxation.critical_item
    if s is None:
        assert (price, relaxation.fraction) == (0, 0)
    else:
        assert z[s] == 0
        assert 0 <= relaxation.fraction < 1
        z[s] = relaxation.fraction
    spent = sum((z[i] * c for i, _, c in items), Fraction(0))
    primal = sum((z[i] * p for i, p, _ in items), Fraction(0))
    dual = price * instance.budget + sum((max(p - price * c, Fraction(0)) for _, p, c in items), Fraction(0))
    assert price >= 0
    assert spent <= instance.budget
    assert primal == dual == relaxation.value
    assert relaxation.spent == instance.spent(relaxation.prefix)
    assert relaxation.retained == sum((p for i, p, _ in items if relaxation.prefix[i]), Fraction(0))
    assert relaxation.support.tolist() == [i for i, _, _ in items if relaxation.prefix[i]]
    assert relaxation.mask is relaxation.prefix
    assert relaxation.item_score == (0 if s is None else Fraction(float(instance.score[s])))
    for i, p, c in items:  # price stationarity: what is worth more than its price is taken, what is worth less is not
        assert p <= price * c or z[i] == 1
        assert p >= price * c or z[i] == 0
    assert price == 0 or spent == instance.budget, "complementary slackness"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_catalogue(case):
    instance = case.instance()
    relaxation = relax(instance)
    assert relaxation.value == case.bound
    assert relaxation.prefix.tolist() == mask(case, case.prefix)
    assert_optimal(instance, relaxation)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_prefix_that_is_known_is_not_found_again(case):
    known, found = relax(case.instance(), cwmp(case.instance())), relax(case.instance())
    assert known.prefix.tolist() == found.prefix.tolist()
    for part in ("threshold", "critical_item", "fraction", "value", "spent"):
        assert getattr(known, part) == getattr(found, part)


def test_the_pair_of_the_counterexample():
    relaxation = relax(Instance.from_scores([2, 3], [1, 2], 2))
    found = relaxation.threshold, relaxation.critical_item, relaxation.fraction, relaxation.value, relaxation.spent
    assert found == (Fraction(3, 2), 1, Fraction(1, 2), Fraction(7, 2), 1)


@given(instances(max_items=8))
def test_optimal_by_duality_on_edge_cases(instance):
    assert_optimal(instance, relax(instance))


@pytest.mark.parametrize(("magnitude", "cost"), FAMILIES)
def test_optimal_by_duality_on_families(magnitude, cost):
    instance = family_instance(magnitude, cost, 500, np.random.default_rng(21))
    assert_optimal(instance, relax(instance))


def test_optimal_by_duality_where_items_are_not_sorted():
    """Beyond 16,384 items the critical item is found by selection."""
    rng = np.random.default_rng(22)
    update = rng.standard_t(3, 20_000).astype(np.float32)
    for cost in (rng.lognormal(size=20_000), CostClasses(rng.integers(0, 2, 20_000), ["0.1", "1"])):
        instance = Instance(update, cost, budget="5%")
        assert_optimal(instance, relax(instance))


@given(instances(max_items=7))
def test_it_bounds_the_optimum(instance):
    """Above OPT, and by less than the critical item; equal to OPT when nothing is critical."""
    relaxation, optimum = relax(instance), enumerate_optimum(instance).value
    prefix = instance.retained(relaxation.prefix)
    assert prefix <= optimum <= relaxation.value
    assert relaxation.value - prefix == relaxation.threshold * (instance.budget - relaxation.spent)
    assert relaxation.critical_item is not None or optimum == prefix


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=8))
def test_the_threshold_is_a_slope_of_the_value(items):
    """Concave and non-decreasing in the budget, with the price between the one-sided differences (all items fit)."""
    score, cost = np.array(items, dtype=float).T
    base = Instance.from_scores(score, cost, 0)
    budgets = [Fraction(b, 2) for b in range(2 * int(cost.max()), 2 * int(cost.sum()) + 3)]
    found = [relax(base.with_budget(b)) for b in budgets]
    slope = [2 * (b.value - a.value) for a, b in itertools.pairwise(found)]
    assert all(x >= y >= 0 for x, y in itertools.pairwise(slope))
    for at in range(1, len(slope)):
        assert slope[at] <= found[at].threshold <= slope[at - 1]


@pytest.mark.parametrize("seed", range(40))
def test_linprog_agrees(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))
    score, cost = rng.lognormal(size=n), rng.lognormal(size=n)
    instance = Instance.from_scores(score, cost, Fraction(int(rng.integers(1, 120)), 100) * exact_sum(cost))
    may = cost <= float(instance.budget)
    if not may.any():
        assert relax(instance).value == 0
        return
    said = linprog(-score[may], A_ub=cost[may][None], b_ub=[float(instance.budget)], bounds=(0, 1))
    assert said.status == 0
    assert float(relax(instance).value) == pytest.approx(-said.fun, rel=1e-9)
    assert float(relax(instance).threshold) == pytest.approx(-said.ineqlin.marginals[0], rel=1e-9, abs=1e-9)


def test_relaxations_are_compared_as_objects():
    """They hold masks, of which Python could not say whether they are equal."""
    instance = Instance.from_scores([2, 3], [1, 2], 2)
    one = relax(instance)
    assert one == one
    assert one != relax(instance)
