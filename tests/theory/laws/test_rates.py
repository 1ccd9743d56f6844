"""Intervals and tests of violation rates: coverage at every look, power as stated."""

import numpy as np
import pytest
from scipy import integrate, stats

from theory.errors import InputError
from theory.laws.rates import RateTest, anytime_interval, clopper_pearson


@pytest.mark.parametrize(("failures", "trials"), [(0, 30), (3, 30), (30, 30), (7, 1000)])
def test_clopper_pearson_is_the_binomial_test_inverted(failures, trials):
    """The ends are the rates at which the data just reach 2.5 % in one tail: by SciPy's binomial test, not by beta."""
    found = stats.binomtest(failures, trials).proportion_ci(0.95, method="exact")
    assert clopper_pearson(failures, trials) == pytest.approx((found.low, found.high), abs=1e-12)


def test_anytime_interval_holds_at_every_look():
    """2,000 paths of 300 trials: the true rate leaves the interval at any look on 5 % of the paths at most."""
    rng, rate, alpha, paths, looks = np.random.default_rng(0), 0.1, 0.05, 2000, 300
    interval = {(k, n): anytime_interval(k, n, alpha) for n in range(1, looks + 1, 3) for k in range(min(n, 90) + 1)}
    left = looked = 0
    for _ in range(paths):
        failures = np.cumsum(rng.random(looks) < rate)
        looked += 1
        ends = (interval[int(failures[n - 1]), n] for n in range(1, looks + 1, 3))
        left += any(not low <= rate <= high for low, high in ends)
    assert looked == paths
    assert left / paths <= alpha + 3 * np.sqrt(alpha / paths)
    assert left  # an interval that is never left is wider than it has to be


def test_one_look_at_a_time_is_not_enough_for_fixed_intervals():
    """Why the anytime interval is wider: it contains Clopper and Pearson's."""
    for failures, trials in ((0, 100), (5, 100), (60, 100)):
        inner, outer = clopper_pearson(failures, trials), anytime_interval(failures, trials, 0.05)
        assert outer[0] <= inner[0]
        assert inner[1] <= outer[1]


def test_power_is_as_stated():
    """Violations at the rate ``caught`` are found in 90 % of the runs at least, allowed ones in 1 % at most."""
    test, rng = RateTest(0.05, 0.01, 400), np.random.default_rng(1)

    def found(rate):
        paths = np.cumsum(rng.random((300, 400)) < rate, axis=1)[:, 49::50]
        return np.mean([any(test.answer(int(k), 50 * (j + 1)) == "violated" for j, k in enumerate(p)) for p in paths])

    rate = test.caught(0.9)
    assert 0.05 < rate < 0.15
    assert found(rate) >= 0.9 - 0.05
    assert test.detection(rate) == pytest.approx(0.9, abs=1e-6)
    assert found(0.05) <= 0.01 + 0.02


@pytest.mark.parametrize(("allowed", "most"), [(0.05, 60), (0.0, 40), (0.3, 100)])
def test_the_exact_power_is_the_sum_over_every_count(allowed, most):
    """Of ``most`` trials, each number of failures with its binomial probability, if it is answered by violated."""
    test = RateTest(allowed, 0.01, most)
    for rate in (0.02, 0.1, 0.4):
        power = sum(stats.binom.pmf(k, most, rate) for k in range(most + 1) if test.answer(k, most) == "violated")
        assert test.detection(rate) == pytest.approx(power, rel=1e-9)
    assert test.detection(test.caught(0.8)) == pytest.approx(0.8, abs=1e-6)
    hopeless = RateTest(0.9, 0.01, 3)  # not even three failures of three tell
    assert (hopeless.detection(1.0), hopeless.caught()) == (0, 1)


@pytest.mark.parametrize(
    ("failures", "trials", "alpha"), [(0, 20, 0.05), (3, 40, 0.01), (39, 40, 0.05), (40, 40, 0.05)]
)
def test_the_anytime_interval_is_where_the_mixture_is_below_its_level(failures, trials, alpha):
    """The mixture of likelihood ratios by quadrature: its ends are where it reaches 1/alpha."""
    low, high = anytime_interval(failures, trials, alpha)

    def mixture(q):
        likelihood = lambda t: t**failures * (1 - t) ** (trials - failures)  # noqa: E731
        return integrate.quad(lambda t: likelihood(t) / likelihood(q), 0, 1, epsabs=0, epsrel=1e-10)[0]

    for end, edge in ((low, 0.0), (high, 1.0)):
        assert end == edge or mixture(end) == pytest.approx(1 / alpha, rel=1e-6)
    assert (low == 0, high == 1) == (failures == 0, failures == trials)
    assert anytime_interval(0, 0, alpha) == (0, 1)


@pytest.mark.parametrize("failures", [0, 1, 2])
@pytest.mark.parametrize("log_alpha", [-40.0, -690.58, -700.0])
def test_a_level_so_small_that_nearly_every_rate_remains(failures, log_alpha):
    """Ends that are no floats apart from 0 and 1 are 0 and 1."""
    low, high = anytime_interval(failures, 2, np.exp(log_alpha))
    assert low == pytest.approx(np.sqrt(np.exp(log_alpha) / 3) if failures == 2 else 0, abs=2e-15)
    assert (low == 0) == (failures == 0 or (failures == 1 and log_alpha < -600))
    assert (high < 1) == (failures == 0 and log_alpha == -40)


def test_as_many_trials_as_decide_without_a_failure_only():
    most = next(n for n in range(1, 1000) if anytime_interval(0, n, 0.01)[1] <= 0.05)
    assert anytime_interval(1, most, 0.01)[1] > 0.05
    assert RateTest(0.05, 0.01, most).decidable
    assert not RateTest(0.05, 0.01, most - 1).decidable


def test_answers():
    test = RateTest(0.05, 0.01, 1000)
    assert test.answer(0, 10) == "open"
    assert test.answer(0, 300) == "holds"
    assert test.answer(100, 300) == "violated"
    assert test.decidable
    never = RateTest(0.0, 0.01, 1000)
    assert not never.decidable
    assert (never.answer(0, 1000), never.answer(1, 1000)) == ("open", "violated")


@pytest.mark.parametrize("wrong", [(-1, 3), (4, 3)])
def test_counts_that_are_none(wrong):
    with pytest.raises(InputError, match="need 0 <= failures <= trials"):
        clopper_pearson(*wrong)
    for level in (0.0, 1.0, 1.5):
        with pytest.raises(InputError, match="a level in"):
            clopper_pearson(1, 3, level)
        with pytest.raises(InputError, match="a level in"):
            anytime_interval(1, 3, level)
    with pytest.raises(InputError, match="need a rate"):
        RateTest(1.5, 0.1, 10)


@pytest.mark.parametrize(
    "wrong",
    [(-0.1, 0.1, 9), (1.0, 0.1, 9), (0.1, 0.0, 9), (0.1, -0.5, 9), (0.1, 1.0, 9), (0.1, 1.5, 9), (0.1, 0.1, 0),
     (0.1, 0.1, -3)],
)  # fmt: skip
def test_each_setting_of_a_test_has_its_range(wrong):
    with pytest.raises(InputError, match="need a rate"):
        RateTest(*wrong)


def test_the_smallest_settings_are_settings():
    assert RateTest(0.0, 0.5, 1).answer(0, 1) == "open"


def test_an_interval_that_ends_at_what_is_allowed_holds():
    test = RateTest(anytime_interval(0, 50, 0.01)[1], 0.01, 50)
    assert (test.answer(0, 50), test.answer(0, 49)) == ("holds", "open")


def test_the_power_is_nine_in_ten_where_none_is_asked_for():
    test = RateTest(0.05, 0.01, 60)
    assert test.detection(test.caught()) == pytest.approx(0.9, abs=1e-6)
