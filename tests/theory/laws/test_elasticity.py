"""Elasticity of the mean cost from data: an estimate whose interval covers, or not determined; never 0 as a fact."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from cwmp.__main__ import main
from theory.laws.elasticity import elasticity
from theory.laws.parse import law_of
from theory.laws.samples import SampleLaw


def dearer_when_larger(rng, n):
    """E[c | |g| = t] is in proportion to 0.5 + t: elasticity t/(0.5 + t)."""
    g = np.abs(rng.standard_t(5, n))
    return g, (0.5 + g) * rng.lognormal(0, 0.3, n)


@pytest.mark.parametrize(("beta", "truth"), [(0.1, 0.85), (0.3, 0.78), (0.5, 0.70)])
@pytest.mark.parametrize("n", [20_000, 400_000])
def test_costs_that_grow_with_the_magnitude_are_seen(beta, truth, n):
    data = SampleLaw(*dearer_when_larger(np.random.default_rng(1), n))
    found = data.saving(beta).profile.elasticity
    assert abs(found.value - truth) <= 2 * found.error
    assert found.error <= 0.15 * (20_000 / n) ** 0.2  # and the interval closes


def test_the_prediction_uses_it():
    """P6 with the elasticity is near what is saved; pinned to 0 it says 0.61 times as much."""
    data = SampleLaw(*dearer_when_larger(np.random.default_rng(2), 400_000))
    found = data.saving(0.3)
    profile = found.profile
    assert profile.saving == pytest.approx(found.at_equal_score.value, rel=0.2)  # second order, at CV 0.31
    assert profile.saving * (1 - profile.elasticity.value / 2) < 0.75 * found.at_equal_score.value
    low, high = profile.saving_range
    assert low < profile.saving < high < 1.1 * low


@pytest.mark.parametrize("law", [
    law_of("laplace()", "lognorm(s=0.5)"), law_of("norm()", "lognorm(s=0.5)", 0.5),
    law_of("t(df=3)", "lognorm(s=1)", -0.6), law_of("gennorm(beta=0.65)", "classes(1=0.5, 10=0.5)", 0.3),
], ids=str)  # fmt: skip
def test_intervals_cover(law):
    """At least 89 of 100 samples of 5,000 hold the law's own elasticity, by its conditional mean cost."""
    rng, hits, trials = np.random.default_rng(3), 0, 100
    truth = law.saving(0.1).profile.elasticity
    assert truth.error == 0
    for _ in range(trials):
        found = SampleLaw(*law.sample(rng, 5000)).saving(0.1).profile.elasticity
        hits += abs(found.value - truth.value) <= found.error
    assert 0.89 * trials <= hits < trials


def test_what_is_given_is_no_selection_of_values():
    """Where only some samples determine it, those that do still cover."""
    law, rng, given, hits = law_of("norm()", "lognorm(s=0.5)", 0.5), np.random.default_rng(4), 0, 0
    truth = law.saving(0.03).profile.elasticity.value
    for _ in range(200):
        found = SampleLaw(*law.sample(rng, 2000)).saving(0.03).profile.elasticity
        given += np.isfinite(found.value)
        hits += abs(found.value - truth) <= found.error and np.isfinite(found.value)
    assert 40 < given < 180
    assert hits / given > 0.85


def test_not_determined_is_said_and_is_no_number(tmp_path):
    np.save(tmp_path / "u.npy", np.random.default_rng(5).standard_normal(300))
    run = lambda *more: CliRunner().invoke(main, [  # noqa: E731
        "saving", "--update", str(tmp_path / "u.npy"), "--cost", "lognorm(s=0.5)", "--budget", "5%", *more
    ])  # fmt: skip
    text = run().output
    assert "elasticity of the mean cost not determined" in text
    assert "the laws give no figure" in text
    assert "nan" not in text
    (report,) = json.loads(run("--json").output)
    assert (report["elasticity"], report["saving_predicted"]) == (None, None)
    assert report["saving"][0] > 0


def test_one_cost_and_few_magnitudes():
    rng = np.random.default_rng(6)
    same = SampleLaw.of(rng.standard_normal(1000), 3.0).saving(0.1)
    assert (same.profile.elasticity, same.profile.saving) == ((0.0, 0.0), 0.0)
    levels = SampleLaw.of(rng.integers(1, 3, 1000), rng.lognormal(size=1000)).saving(0.1)
    assert np.isnan(levels.profile.elasticity.value)  # two magnitudes: no slope at one of them
    x = rng.uniform(-0.5, 0.5, 2000)
    found = elasticity(x, 2 + 3 * x + x * x)
    assert found.value == pytest.approx(1.5, abs=1e-9)


def test_the_interval_is_the_jackknifes():
    """The ratio's standard error, with its level's and their covariance, by leaving out one coordinate at a time."""
    rng = np.random.default_rng(7)
    x = rng.uniform(-0.3, 0.3, 120)
    c = np.exp(1.8 * x) * rng.lognormal(0, 0.3, x.size)

    def value(x, c):
        _, slope, level = np.polyfit(x, c, 2)
        return slope / level

    found, n = elasticity(x, c), x.size
    keep = ~np.eye(n, dtype=bool)
    left_out = np.array([value(x[k], c[k]) for k in keep])
    error = math.sqrt((n - 1) / n * np.square(left_out - left_out.mean()).sum())
    assert found.value == pytest.approx(value(x, c), rel=1e-9)
    assert found.error == pytest.approx(stats.t.ppf(0.975, n - 3) * error, rel=0.02)


def test_where_there_is_no_parabola_or_too_much_noise_nothing_is_determined():
    rng = np.random.default_rng(8)
    two = np.repeat([-0.3, 0.3], 100)  # a line, but no parabola
    assert np.isnan(elasticity(two, rng.lognormal(0, 0.1, 200)).value)
    x = rng.uniform(-0.6, 0.6, 150)
    assert np.isnan(elasticity(x, rng.lognormal(0, 1.5, 150)).value)  # known to more than +-0.5 only
    assert elasticity(x, rng.lognormal(0, 0.1, 150)).error < 0.1
    few = np.r_[np.linspace(-0.6, -0.01, 100), np.linspace(0.01, 0.6, 29)]
    assert np.isnan(elasticity(few, np.exp(few)).value)
    assert elasticity(np.r_[few, 0.5], np.exp(np.r_[few, 0.5])).value == pytest.approx(1, abs=0.1)
