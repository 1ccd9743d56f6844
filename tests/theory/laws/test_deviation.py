"""The deviation bounds P7 to P10 against their formulas, worked out for a law whose every integral is a polynomial.

|g| is uniform on (0, 1); costs are 1, or 1 and 2 with probability 1/2 each. With a = sqrt(lambda c):
C(lambda) = sum w c (1 - a)+,   P(lambda) = sum w (1 - a^3)+ / 3.
"""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import integrate, optimize

from proofs_check.law_audit.cells import as_columns
from proofs_check.law_audit.trials import run_batch
from theory.errors import InputError
from theory.laws.deviation import (
    _fitting,
    integrality_constant,
    lower_deviation,
    overtaken,
    two_sided,
    upper_deviation,
)
from theory.laws.parse import law_of
from theory.laws.samples import SampleLaw

ONE, TWO = law_of("uniform()", "constant(1)"), law_of("uniform()", "classes(1=0.5, 2=0.5)")
CLASSES = {ONE: [(1.0, 1.0)], TWO: [(1.0, 0.5), (2.0, 0.5)]}  # cost, probability
BETA, D, FAILURE = 0.3, 5000, 0.05


def spent(law, threshold):
    return sum(w * c * max(0.0, 1 - math.sqrt(threshold * c)) for c, w in CLASSES[law])


def kept(law, threshold):
    return sum(w * max(0.0, 1 - math.sqrt(threshold * c) ** 3) / 3 for c, w in CLASSES[law])


def price(law, energy):
    return optimize.brentq(lambda x: spent(law, x) - energy, 1e-9, 1.0, xtol=1e-15)


def mean_cost(law):
    return sum(w * c for c, w in CLASSES[law])


def moment(law, f, threshold):
    """E f(p, c) by SciPy's quadrature, cost by cost."""
    return sum(
        w * integrate.quad(lambda x, c=c: f(x * x, c), 0, 1, points=[min(1, math.sqrt(threshold * c))])[0]
        for c, w in CLASSES[law]
    )


@pytest.mark.parametrize("law", CLASSES, ids=str)
def test_the_upper_bound_is_hoeffdings_and_cantellis(law):
    threshold = price(law, BETA * mean_cost(law))
    dual = lambda p, c: threshold * BETA * c + max(p - threshold * c, 0)  # noqa: E731
    mean = moment(law, dual, threshold)
    assert mean == pytest.approx(kept(law, threshold), rel=1e-9)  # V E p
    values = [dual(p, c) for c, _ in CLASSES[law] for p in (0.0, 1.0)]
    width = max(values) - min(values)
    found = upper_deviation(law, BETA, D, FAILURE).limit
    assert found == pytest.approx(mean + width * math.sqrt(math.log(1 / FAILURE) / (2 * D)), rel=1e-9)
    variance = moment(law, lambda p, c: (dual(p, c) - mean) ** 2, threshold)
    found = upper_deviation(law, BETA, D, FAILURE, "chebyshev").limit
    deviation = math.sqrt(variance * (1 / FAILURE - 1) / D)
    assert deviation <= found - mean <= 1.01 * deviation  # variances are taken a hundredth larger


@pytest.mark.parametrize("law", CLASSES, ids=str)
def test_the_lower_bound_pays_half_of_the_failure_for_each_of_its_steps(law):
    half, most = FAILURE / 2, max(c for c, _ in CLASSES[law])
    budget = BETA * mean_cost(law)
    margin = most * math.sqrt(math.log(1 / half) / (2 * D))  # terms c (1[p > lambda c] - beta) lie c_max apart
    assert margin > 0.02 * budget
    threshold = price(law, budget - margin)
    bound = kept(law, threshold) - 1.0 * math.sqrt(math.log(1 / half) / (2 * D))
    assert lower_deviation(law, BETA, D, FAILURE).limit == pytest.approx(bound, rel=1e-7)
    whole = kept(law, threshold) - math.sqrt(math.log(1 / FAILURE) / (2 * D))
    assert whole > bound * (1 + 1e-3)


def test_a_lower_bound_by_variances_keeps_its_promise_at_the_threshold_it_chose():
    half, d = FAILURE / 2, 20_000
    found = lower_deviation(TWO, BETA, d, FAILURE, "chebyshev").limit
    budget = BETA * mean_cost(TWO)

    def bound(threshold):
        left = budget - spent(TWO, threshold)
        square = moment(TWO, lambda p, c: (c * ((p > threshold * c) - BETA) + left) ** 2, threshold)
        fits = left >= math.sqrt(square * (1 / half - 1) / d)
        mean = kept(TWO, threshold)
        variance = moment(TWO, lambda p, c: (p * (p > threshold * c) - mean) ** 2, threshold)
        return fits, mean - math.sqrt(variance * (1 / half - 1) / d)

    grid = [bound(price(TWO, budget * (1 - share))) for share in np.linspace(0.001, 0.9, 400)]
    best = max(value for fits, value in grid if fits)
    assert 0.95 * best <= found <= best  # the first threshold that fits, by steps of a fiftieth


def test_two_sides_share_the_failure():
    low, high = two_sided(TWO, BETA, D, FAILURE)
    assert low == lower_deviation(TWO, BETA, D, FAILURE / 2)
    assert high == upper_deviation(TWO, BETA, D, FAILURE / 2)
    few = two_sided(TWO, BETA, 5, FAILURE)
    assert few[0].limit is few[1].limit is None
    assert few[0].why


@pytest.mark.parametrize(("beta", "d"), [(0.3, 100_000), (0.3, 400_000), (0.05, 400_000)])
def test_overtaking_is_bounded_by_the_sum_of_three(beta, d):
    """The rule does not fit, or Top-K spends less than it does, or the rule scores less: any of them may happen.

    At 5 % the border of the dear class is beyond the largest score, which bounds what the rule can be behind by.
    """
    budget, best, largest = beta * mean_cost(TWO), 1.0, 1.0
    assert (2 * price(TWO, 0.9 * budget) > 1) == (beta < 0.3)
    for share in np.geomspace(1e-3, 0.6, 40):
        threshold, tau = price(TWO, budget * (1 - share)), 1 - budget * (1 + share) / mean_cost(TWO)
        ahead = kept(TWO, threshold) - (1 - tau**3) / 3
        if ahead <= 0:
            continue
        width = tau**2 + min(1.0, 2 * threshold)
        terms = [math.exp(-2 * d * x * x) for x in (share * budget / 2, share * budget / 2, ahead / width)]
        best, largest = min(best, sum(terms)), min(largest, max(terms))
    assert 1e-200 < best < 1
    assert overtaken(TWO, beta, d).limit == pytest.approx(best, rel=1e-4)
    assert largest < 0.9 * best


def test_overtaking_is_tried_with_a_thousandth_to_three_fifths_of_the_budget_aside():
    """Forty shares, each the same factor more; of a law whose rules spend nothing, which bounds nothing."""
    asked = []

    def at(energy):
        assert 0 < energy < 10
        asked.append(energy)
        return 1.0

    nothing = lambda _: 0.0  # noqa: E731
    law = SimpleNamespace(
        ranges=(1.0, 2.0, 9.0), lacks=lambda score, cost: None, mean_cost=lambda: 10.0, threshold=at, tau=at,
        energy=nothing, energy_top_k=nothing, score_above=nothing, score_top_k=nothing,
    )  # fmt: skip
    assert not overtaken(law, 0.5, 100).applies
    shares = [1e-3 * 600 ** (k / 39) for k in range(40)]
    assert asked[::2] == pytest.approx([5 * (1 - share) for share in shares])
    assert asked[1::2] == pytest.approx([5 * (1 + share) for share in shares])


def test_where_overtaking_has_no_bound():
    assert "are not bounded" in overtaken(law_of("norm()", "lognorm(s=1)"), BETA, D).why
    assert "may exceed the budget" in overtaken(TWO, BETA, 6).why
    assert overtaken(TWO, BETA, 7).why.startswith("d = 7 is too small")
    assert overtaken(ONE, BETA, 10**6).limit is None  # equal costs: V = V_K


def test_the_integrality_constant_is_half_the_critical_items_score():
    """lambda E[c^2 | edge]/(2 E[c | edge] V E p), the edge's costs weighed by f sqrt(c), f = 1."""
    threshold = price(TWO, BETA * mean_cost(TWO))
    weights = [(c, w * math.sqrt(c)) for c, w in CLASSES[TWO] if threshold * c < 1]
    first, second = (sum(w * c**k for c, w in weights) for k in (1, 2))
    constant = threshold * second / first / 2 / kept(TWO, threshold)
    assert integrality_constant(TWO, BETA).limit == pytest.approx(constant, rel=1e-7)


def test_the_integrality_constant_by_drawing():
    law, d = law_of("uniform()", "uniform(loc=1, scale=2)"), 2000
    gaps = d * as_columns([row for k in range(6) for row in run_batch(law, d, BETA, 0, (k,))])["gap"]
    assert abs(gaps.mean() - integrality_constant(law, BETA).limit) < 4 * gaps.std() / math.sqrt(gaps.size)
    assert gaps.std() / math.sqrt(gaps.size) < 0.05 * gaps.mean()


def test_one_cost_for_all_has_no_integrality_constant():
    """0.3 of 2,000 costs is 600 of them: nothing is left over, whatever the magnitudes."""
    assert integrality_constant(ONE, BETA).why.startswith("all costs are equal")
    assert integrality_constant(law_of("uniform()", "uniform(loc=1, scale=2)"), BETA).applies
    assert not as_columns(run_batch(ONE, 2000, BETA, 0, (0,)))["gap"].any()


def test_what_does_not_apply_says_why():
    normal = law_of("norm()", "lognorm(s=1)")
    assert upper_deviation(normal, BETA, D, FAILURE).why == "scores and costs are not bounded"
    assert upper_deviation(law_of("norm()", "constant(1)"), BETA, D, FAILURE).why == "scores are not bounded"
    assert "E g^4 is infinite" in lower_deviation(law_of("t(df=3)", "constant(1)"), BETA, D, FAILURE, "chebyshev").why
    assert "too small" in lower_deviation(TWO, BETA, 10, FAILURE).why
    assert "independent sides" in integrality_constant(SampleLaw.of([1.0, 2.0], 1.0), BETA).why
    for wrong in ({"d": 0}, {"failure": 0.0}, {"failure": 1.0}, {"failure": -0.5}, {"method": "markov"}):
        with pytest.raises(InputError):
            upper_deviation(TWO, BETA, **{"d": D, "failure": FAILURE, **wrong})
    why = "d = 10 is too small: no threshold fits the budget with probability 0.975"
    assert lower_deviation(TWO, BETA, 10, FAILURE).why == why
    assert lower_deviation(TWO, BETA, 50, FAILURE).why == "d = 50 is too small: the bound is below 0"
    assert two_sided(TWO, BETA, 10, 2 * FAILURE) == (lower_deviation(TWO, BETA, 10, FAILURE),) * 2


@pytest.mark.parametrize("unit", [3, 1e-6, 1e6])
def test_the_unit_of_costs_does_not_matter(unit):
    law = law_of("uniform()", f"classes({1.0 * unit!r}=0.5, {2.0 * unit!r}=0.5)")
    for bound in (upper_deviation, lower_deviation):
        for method in ("hoeffding", "chebyshev"):
            found, same = (bound(x, BETA, 20_000, FAILURE, method).limit for x in (law, TWO))
            assert found == pytest.approx(same, rel=1e-6), method
    assert overtaken(law, BETA, 400_000).limit == pytest.approx(overtaken(TWO, BETA, 400_000).limit, rel=1e-4)
    assert integrality_constant(law, BETA).limit == pytest.approx(integrality_constant(TWO, BETA).limit, rel=1e-7)


def test_the_first_step_towards_a_threshold_is_a_fiftieth_of_the_budget():
    """Where less would do, too: what Hoeffding asks for at a million coordinates is a tenth of that."""
    d, budget = 10**7, BETA * mean_cost(TWO)
    assert 2 * math.sqrt(math.log(2 / FAILURE) / (2 * d)) < 0.02 * budget
    bound = kept(TWO, price(TWO, 0.98 * budget)) - math.sqrt(math.log(2 / FAILURE) / (2 * d))
    assert lower_deviation(TWO, BETA, d, FAILURE).limit == pytest.approx(bound, rel=1e-7)


def test_moments_that_cantelli_needs_and_no_more():
    """E g^4 and E c^2, of laws whose E g^6 and E c^3 are infinite."""
    for law in (law_of("t(df=5)", "constant(1)"), law_of("uniform()", "pareto(b=2.5)")):
        assert upper_deviation(law, BETA, 10**7, FAILURE, "chebyshev").applies
        assert lower_deviation(law, BETA, 10**7, FAILURE, "chebyshev").applies
    for law in (law_of("t(df=4)", "constant(1)"), law_of("uniform()", "pareto(b=2)")):
        assert not upper_deviation(law, BETA, 10**7, FAILURE, "chebyshev").applies
        assert not lower_deviation(law, BETA, 10**7, FAILURE, "chebyshev").applies


def test_means_are_all_that_the_other_bounds_need():
    assert overtaken(law_of("t(df=3)", "classes(1=0.5, 2=0.5)"), BETA, 10**7).applies  # E g^4 is infinite
    assert "E g^2 is infinite" in overtaken(law_of("t(df=2)", "classes(1=0.5, 2=0.5)"), BETA, 10**7).why
    assert integrality_constant(law_of("uniform()", "pareto(b=1.5)"), BETA).applies  # E c^2 is
    assert "E g^2 is infinite" in integrality_constant(law_of("t(df=2)", "classes(1=0.5, 2=0.5)"), BETA).why
    assert "E c^1 is infinite" in integrality_constant(law_of("uniform()", "pareto(b=1)"), BETA).why


def test_the_dearest_coordinate_may_take_the_whole_budget():
    assert "may exceed the budget" not in overtaken(TWO, 0.5, 4).why  # 0.5 * 4 * 1 = 2
    assert "may exceed the budget" in overtaken(TWO, 0.5, 3).why


def priced(over):
    """A law of mean cost 10 whose threshold is its energy taken off 20, and whose rule costs so much of that energy."""
    asked = []

    def threshold(energy):
        asked.append(energy)
        assert len(asked) < 60, "it goes on for ever"
        return 20 - energy

    energy = lambda at: over * (20 - at / (1 + 1e-9))  # noqa: E731
    return asked, SimpleNamespace(
        mean_cost=lambda: 10.0, threshold=threshold, energy=energy, ranges=SimpleNamespace(cost_high=1.0)
    )


def test_margins_grow_until_a_threshold_fits():
    """Budget 5; Hoeffding asks for 1/8 at first, then each margin is a fiftieth of the budget more."""
    failure = math.exp(-2.0)
    asked, law = priced(1.0)
    assert _fitting(law, 0.5, 64, failure, "hoeffding") == (20 - asked[-1]) * (1 + 1e-9)
    assert asked == pytest.approx([5, 4.875])
    asked, law = priced(0.995)  # what is left at first is a fortieth
    assert _fitting(law, 0.5, 64, failure, "hoeffding") == (20 - asked[-1]) * (1 + 1e-9)
    assert asked == pytest.approx([5, 4.875])
    asked, law = priced(1.1)  # the rule costs a tenth more than it was asked for
    assert _fitting(law, 0.5, 64, failure, "hoeffding") == (20 - asked[-1]) * (1 + 1e-9)
    assert asked == pytest.approx([5, *(4.875 - 0.1 * k for k in range(6))])
    asked, law = priced(0.5)
    assert _fitting(law, 0.5, 64, failure, "hoeffding") == 15 * (1 + 1e-9)
    for d, largest, steps in ((64, 1.0, 50), (1, 1.05, 41)):  # where it never fits, no margin is the whole budget
        asked, law = priced(99.0)
        law.ranges.cost_high = largest
        assert _fitting(law, 0.5, d, failure, "hoeffding") is None
        assert len(asked) == steps
        assert min(asked) > 0


def test_what_is_left_may_be_exactly_what_is_needed():
    """The half of a budget of 5 is left, and the largest cost of 5/2 asks for as much: no more margin than that."""
    asked, law = priced(0.5)
    law.ranges.cost_high = 2.5
    failure = next(f for f in np.nextafter(math.exp(-2), [0, math.exp(-2), 1]) if math.log(1 / f) == 2)
    law.energy = lambda at: 2.5
    assert _fitting(law, 0.5, 1, failure, "hoeffding") is not None
    assert asked == [5]
    law.energy, law.ranges.cost_high = lambda at: 9.0, 5.0  # it asks for all of the budget
    asked.clear()
    assert _fitting(law, 0.5, 1, failure, "hoeffding") is None
    assert asked == [5]


def test_the_excess_of_a_rule_is_what_it_costs_beyond_the_budget():
    """Cantelli's bound has its terms c (1[p > lambda c] - beta), and their mean is what is left, with its sign."""
    asked, law = priced(0.9)

    def expectation(f, threshold):
        assert threshold == 15 * (1 + 1e-9)
        found = f(np.array([0.0, 100.0, 31.0]), np.array([3.0, 4.0, 2.0]))
        assert found.tolist() == [(x + 0.5) ** 2 for x in (-1.5, 2.0, 1.0)]
        return 0.0

    law.expectation = expectation
    assert _fitting(law, 0.5, 64, 0.05, "chebyshev") == 15 * (1 + 1e-9)
    assert asked == [5]
