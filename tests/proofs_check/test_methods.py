"""What turns comparisons into verdicts: at both sides of each limit, and that nothing tried is nothing shown."""

import math
from fractions import Fraction
from itertools import combinations, pairwise, product

import numpy as np
import pytest
import sympy
from scipy import stats

from proofs_check.methods.hull import hull_vertices, prefix_points
from proofs_check.methods.judge import exhaust, failure_bound, judge_cases, readable, survived
from proofs_check.methods.limits import (
    LAWS,
    LIMIT,
    REPLICATES,
    agreement,
    compared_with_samples,
    identities,
    replicate,
    share_of_norm,
)
from theory import Instance
from theory.claims.verdict import Outcome, Verdict, read_verdict, write_verdict
from theory.laws.parse import law_of

VALUES = np.array([1.0, 2.0, 3.0, 6.0])  # mean 3; sum of squares about it 14, hence a standard error of sqrt(14/3/4)
ERROR = math.sqrt(14 / 3 / 4)


@pytest.mark.parametrize(("off", "outcome"), [(5.99, Outcome.SURVIVED), (6.01, Outcome.REFUTED)])
@pytest.mark.parametrize("side", [-1, 1])
def test_samples_refute_a_prediction_six_standard_errors_away(off, outcome, side):
    near = ("near", VALUES, 3.0 + ERROR)
    found = compared_with_samples("P1", [near, ("far", VALUES, 3 + side * off * ERROR)], 5, "words")
    assert LIMIT == 6
    assert (found.outcome, found.trials, found.seed, found.domain) == (outcome, 2, 5, "words")
    if outcome is Outcome.REFUTED:
        assert (found.counterexample["case"], found.counterexample["left"]) == ("far", 3.0)
        assert found.reach == "6.0 standard errors"
    else:
        assert found.observed["largest deviation in standard errors"] == 5.99
        assert found.failure_bound == pytest.approx(1 - 0.05 ** (1 / 2))


def test_the_allowance_is_a_share_of_the_prediction():
    """Seven standard errors off: refuted, unless 1 % of the prediction, five of them, is allowed for."""
    predicted = -500 * ERROR
    values = VALUES - 3 + predicted - 7 * ERROR
    found = [compared_with_samples("P1", [("a", values, predicted)], 0, "", share) for share in (0.0, 0.0019, 0.01)]
    assert [verdict.outcome for verdict in found] == [Outcome.REFUTED, Outcome.REFUTED, Outcome.SURVIVED]
    assert found[2].observed["largest deviation in standard errors"] == 2


def test_a_mean_strays_as_far_as_the_limit_once_in_250_000_comparisons():
    assert 1 / (2 * stats.t.sf(LIMIT, REPLICATES - 1)) == pytest.approx(250_000, rel=0.05)
    at_the_limit = ("at", np.array([9.0, 5, 5, 5]), 0.0)  # six standard errors of 1
    found = compared_with_samples("P1", [at_the_limit], 0, "")
    assert found.outcome is Outcome.SURVIVED
    assert found.observed["largest deviation in standard errors"] == 6
    assert compared_with_samples("P1", [at_the_limit], 0, "", 0.5).outcome is Outcome.SURVIVED  # half of nothing
    near = [("near", np.array([9.0, 5, 5, 5]), 7.2345), ("nearer", VALUES, 3.0)]
    assert compared_with_samples("P1", near, 0, "").observed == {"largest deviation in standard errors": 1.23}
    assert compared_with_samples("P1", near, 0, "", 0.9).observed == {"largest deviation in standard errors": 0}


@pytest.mark.parametrize("value", [-1000.0, 1000.0, 0.001])
def test_what_does_not_vary_is_compared_to_twelve_digits(value):
    same = np.full(4, value)
    for off, outcome in ((5e-12, Outcome.SURVIVED), (-5e-12, Outcome.SURVIVED), (7e-12, Outcome.REFUTED)):
        assert compared_with_samples("P1", [("a", same, value * (1 + off))], 0, "").outcome is outcome


def test_laws_to_look_at_have_both_signs_of_correlation():
    assert {correlation for *_, correlation in LAWS} == {0.0, 0.5, -0.4}
    for law in LAWS:
        assert 0 < law_of(*law).efficiency(0.1).cwmp.value < 1


def test_an_identity_is_what_simplifies_to_zero():
    x, y = sympy.symbols("x y")
    zero = [(x + y) ** 2 - x**2 - 2 * x * y - y**2, sympy.Integer(0)]
    for whole, outcome in ((False, Outcome.CHECKED), (True, Outcome.PROVED)):
        found = identities("D1", zero, domain="reals", reach="all", whole=whole)
        assert (found.outcome, found.trials, found.counterexample) == (outcome, 2, None)
    assert identities("D1", zero, domain="", reach="").outcome is Outcome.CHECKED
    for wrong, left in (([*zero, x], "x"), ([sympy.Integer(1), x], "1"), ([sympy.Integer(-1), x, x], "-1")):
        found = identities("D1", wrong, domain="", reach="", whole=True)
        assert (found.outcome, found.trials) == (Outcome.REFUTED, len(wrong))
        assert found.counterexample == {"should": "= 0", "left": left}
    long = sympy.Symbol("z" * 300)
    assert identities("D1", [long], domain="", reach="").counterexample["left"] == "z" * 200


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_sampled_mean_that_is_no_number_shows_nothing(wrong):
    """It was taken for a deviation of nothing: no comparison with NaN holds."""
    found = compared_with_samples("P1", [("fine", VALUES, 3.0), ("lost", np.array([1.0, wrong]), 3.0)], 0, "words")
    assert (found.outcome, found.trials) == (Outcome.INCONCLUSIVE, 2)
    assert found.reach == f"lost: the sampled mean is {wrong}"


def test_two_computations_agree_within_what_is_allowed_and_not_beyond():
    cases = [("one", 1.0, 1.5, 1.0), ("two", 2.0, 1.0, 1.0)]
    found = agreement("P4", "quadrature", cases, "words")
    assert (found.outcome, found.trials, found.method) == (Outcome.SURVIVED, 2, "quadrature")
    assert found.observed == {"largest difference, of what is allowed": 1.0}
    near = agreement("P4", "quadrature", [("one", 1.0, 1.5, 2.0), ("two", 3.0, 3.0, 1.0)], "words")
    assert near.observed == {"largest difference, of what is allowed": 0.25}
    for left, right in ((2.0, 1.0), (1.0, 2.0), (math.nan, 1.0)):
        wrong = agreement("P4", "quadrature", [*cases, ("three", left, right, 0.999)], "words")
        assert (wrong.outcome, wrong.trials) == (Outcome.REFUTED, 3)
        assert wrong.counterexample["case"] == "three"
        assert wrong.reach == ("differ by nan" if math.isnan(left) else "differ by 1")


def test_nothing_tried_is_nothing_shown(tmp_path):
    nothing = [
        lambda: exhaust("D1", lambda instance, optimum: None, domain=[]),
        lambda: judge_cases("D1", "search", [], lambda case: None, "", None, dict),
        lambda: agreement("P4", "quadrature", [], ""),
        lambda: compared_with_samples("P1", [], 0, ""),
        lambda: survived("D1", "families", "", 0, 0),
    ]
    for run in nothing:
        with pytest.raises(ValueError, match="nothing was tried"):
            run()
    for outcome in Outcome:
        if outcome not in (Outcome.REFUTED, Outcome.INCONCLUSIVE):  # a counterexample needs no count
            with pytest.raises(ValueError, match="nothing was tried"):
                Verdict("D1", "m", outcome, "", "", 0)
        assert Verdict("D1", "m", outcome, "", "", 1).trials == 1
    path = write_verdict(Verdict("D1", "m", Outcome.INCONCLUSIVE, "", "", 0), tmp_path)
    assert read_verdict(path).trials == 0
    path.write_text(path.read_text().replace("inconclusive", "proved"))
    with pytest.raises(Exception, match="is not a verdict file: D1-m: proved, and nothing was tried"):
        read_verdict(path)


def test_replicates_are_drawn_one_after_the_other():
    law, rng, same = law_of("norm()", "constant(2)"), np.random.default_rng(3), np.random.default_rng(3)
    found = replicate(law, 0.25, 50, lambda instance, _: float(instance.budget * instance.unit), rng)
    assert found.tolist() == [25.0] * REPLICATES
    norms = replicate(law, 0.25, 50, lambda instance, _: float(instance.score.sum()), np.random.default_rng(3))
    assert norms.tolist() == [float((law.sample(same, 50)[0] ** 2).sum()) for _ in range(REPLICATES)]
    assert share_of_norm(6.0, Instance([1.0, 3, 2, 1, 3], 1, 1)) == 0.25
    assert len(found) == 24


def test_the_limit_of_a_failure_rate_is_where_as_few_failures_have_five_percent():
    for failures, trials in ((0, 1), (0, 300), (3, 40), (39, 40)):
        assert stats.binom.cdf(failures, trials, failure_bound(failures, trials)) == pytest.approx(0.05, rel=1e-9)
    assert failure_bound(4, 4) == 1.0
    assert failure_bound(1, 20, confidence=0.5) < failure_bound(1, 20)


def test_numbers_of_a_counterexample_can_be_retyped():
    assert readable(Fraction(1, 3)) == "1/3"
    assert readable(Fraction(10**9, 7**15)) == "1000000000/4747561509943"  # 24 characters
    assert readable(Fraction(10**10, 7**15)) == repr(1e10 / 7**15)
    assert readable("no number, and however long it is written as it stands") == (
        "no number, and however long it is written as it stands"
    )


def vertices_by_prices(points):
    """Points that some price makes the only best one, by trying the slope between any two and what lies beside it."""
    slopes = {(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2) if a[0] != b[0]} | {Fraction(0)}
    ordered = sorted(slopes)
    between = [(a + b) / 2 for a, b in pairwise(ordered)]
    found = set()
    for price in (ordered[0] - 1, *between, ordered[-1] + 1):
        best = max(y - price * x for x, y in points)
        at = {(x, y) for x, y in points if y - price * x == best}
        found |= at if len(at) == 1 else set()
    return sorted(found)


def test_the_upper_hull_is_what_some_price_makes_the_only_best():
    rng = np.random.default_rng(4)
    for _ in range(200):
        points = [(Fraction(int(x)), Fraction(int(y))) for x, y in rng.integers(0, 6, (int(rng.integers(2, 9)), 2))]
        assert hull_vertices(points) == vertices_by_prices(points), points
    assert hull_vertices([(Fraction(1), Fraction(2))]) == [(1, 2)]


@pytest.mark.parametrize("by_magnitude", [False, True])
def test_prefixes_of_an_order_with_ties_merged(by_magnitude):
    """Every prefix, in rationals; those inside a run of equal density are left out where they are merged."""
    rng, merged = np.random.default_rng(5), 0
    for _ in range(60):
        p, c = rng.integers(0, 5, 6).astype(float), rng.integers(1, 4, 6).astype(float)
        instance = Instance.from_scores(p, c, 3)
        density = [(Fraction(x) if by_magnitude else Fraction(x) / Fraction(y)) for x, y in zip(p, c, strict=True)]
        order = sorted((i for i in range(6) if p[i]), key=lambda i: (-density[i], i))
        every = [(Fraction(c[order[:k]].sum()), Fraction(p[order[:k]].sum())) for k in range(len(order) + 1)]
        assert prefix_points(instance, merge=False, by_magnitude=by_magnitude) == every
        runs = [density[i] for i in order]
        ends = [k for k in range(len(order) + 1) if not 0 < k < len(order) or runs[k - 1] != runs[k]]
        if not by_magnitude:
            assert prefix_points(instance) == [every[k] for k in ends]
            merged += len(ends) < len(every)
    assert by_magnitude or merged > 20


def test_points_on_one_line_or_above_each_other():
    line = [(Fraction(k), Fraction(2 * k)) for k in range(5)]
    assert hull_vertices(line) == [line[0], line[-1]]
    for heights in product(range(3), repeat=3):
        same = [(Fraction(1), Fraction(h)) for h in heights]
        assert hull_vertices([(Fraction(0), Fraction(0)), *same])[-1] == (1, max(heights))
