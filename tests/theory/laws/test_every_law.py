"""Every law of ``scipy.stats``, at ordinary and extreme parameters: an answer that agrees with draws, or one line."""

import math
import os

import numpy as np
import pytest
from scipy import stats
from scipy_laws import ORDINARY, extremes, text_of

from cwmp.pages.savings import saving_text
from theory.errors import InputError
from theory.laws.draws import drawn_pairs, law_or_sample
from theory.laws.joint import Law
from theory.laws.parse import cost_law, magnitude_law
from theory.laws.samples import SampleLaw
from theory.laws.saving import saving_report
from theory.laws.tails import _INDEX
from theory.laws.variates import _OWN as OWN

N = 20_000


def families(kind):
    return {name for name in dir(stats) if isinstance(getattr(stats, name), kind)}


def answer(magnitude, cost):
    """The saving at 10 %, or the line that says why there is none."""
    try:
        report = saving_report(law_or_sample(magnitude, cost, n=N), 0.1, 0.1)
    except InputError as error:
        return None, str(error)
    return report, saving_text(report)


def test_the_table_has_every_family():
    missing = families((stats.rv_continuous, stats.rv_discrete)) - {name for name, _ in ORDINARY}
    assert missing <= {"poisson_binom"}  # takes a list


@pytest.mark.parametrize("name", sorted({name for name, _ in ORDINARY}))
def test_every_family_answers_as_its_draws_do_or_says_why_not(name):
    """The share that Top-K retains, against independent draws by SciPy; both sides of a law, ordinary parameters."""
    for family, shapes in ORDINARY:
        if family != name:
            continue
        for sides in ((text_of(name, shapes), "lognorm(s=0.3)"), ("laplace()", text_of(name, shapes, loc=1))):
            report, said = answer(*sides)
            if report is None:
                assert "\n" not in said
                assert len(said) < 400
                assert any(why in said for why in ("no limit exists", "must not be negative", "add up"))
                continue
            assert report["V"].value >= report["V_K"].value - report["V_K"].error - 1e-9
            assert "sampled" in said or report["error_is"] == "quadrature"
            magnitude, cost = magnitude_law(sides[0]), cost_law(sides[1])
            if magnitude.moment(4).status != "finite" or not math.isfinite(report["V_K"].error):
                continue  # no interval of draws to compare with
            rng = np.random.default_rng(5)
            seen = SampleLaw.of(independent(magnitude, rng), independent(cost, rng)).efficiency(0.1).top_k
            assert abs(report["V_K"].value - seen.value) <= 3 * seen.error + 2 * report["V_K"].error + 1e-9


def independent(side, rng):
    """Draws by SciPy alone, but for families whose draws it makes by a slow search; those are judged below."""
    if side.continuous is None or side.continuous.dist.name in {*OWN, "rel_breitwigner"}:
        return side.sample(rng, N)
    drawn = np.asarray(side.continuous.rvs(size=N, random_state=rng), dtype=float)
    return np.abs(drawn) if side.folded else drawn


@pytest.mark.parametrize(
    "text",
    ["studentized_range(k=3, df=10)", "studentized_range(k=2.5, df=4, loc=1, scale=2)", "studentized_range(k=40, df=9)",
     "gausshyper(a=13.8, b=3.12, c=2.51, z=5.18)", "gausshyper(a=0.2, b=0.3, c=-2, z=4, scale=3)",
     "gausshyper(a=2, b=1, c=9, z=-0.5)", "ksone(n=100)", "ksone(n=1)", "kstwo(n=10)", "rel_breitwigner(rho=36)",
     "zipfian(a=0.75, n=3000)"],
)  # fmt: skip
def test_own_draws_have_scipys_distribution_function(text):
    """Kolmogorov and Smirnov at 15 levels, against the distribution function of SciPy."""
    side = cost_law(text)
    drawn = side.sample(np.random.default_rng(11), N)
    at = np.quantile(drawn, np.linspace(0.03, 0.97, 15))
    seen = np.searchsorted(np.sort(drawn), at, side="right") / N
    assert np.abs(seen - side.continuous.cdf(at)).max() <= 1.95 / math.sqrt(N)  # exceeded once in a thousand


@pytest.mark.parametrize("name", sorted(_INDEX))
def test_tail_indices_are_those_of_the_survival_function(name):
    """``-d log P(|X| > x)/d log x`` far out; where SciPy loses it to rounding, nearer."""
    for family, shapes in ORDINARY:
        if family != name or name in {"levy_stable", "studentized_range"}:  # their tails take minutes
            continue
        side = Law(magnitude_law(text_of(name, shapes)), cost_law("expon()")).magnitude
        if side.continuous is None or not math.isinf(side.upper):
            continue
        index = float(_INDEX[name](*shapes))
        slopes = []
        with np.errstate(all="ignore"):
            for level in (1e-4, 1e-6, 1e-8, 1e-10):
                x = float(max(abs(side.continuous.isf(level)), abs(side.continuous.ppf(level))))
                ends = side.sf(np.array([x, 1.5 * x]))
                slopes.append(float(-np.log(ends[1] / ends[0]) / math.log(1.5)))
        if math.isinf(index):
            assert slopes[-1] > slopes[0] + 0.5
        else:
            assert min(abs(slope / index - 1) for slope in slopes) < 0.1


@pytest.mark.parametrize("correlation", [-0.6, 0.5])
def test_a_correlation_of_drawn_sides_is_the_copulas(correlation):
    """Draws of a law that could be integrated, against its quadrature."""
    law = Law(magnitude_law("laplace()"), cost_law("lognorm(s=0.5)"), correlation)
    g, c = drawn_pairs(law, correlation, np.random.default_rng(2), 200_000)
    seen, exact = SampleLaw.of(g, c).saving(0.1), law.saving(0.1)
    assert abs(seen.at_equal_score.value - exact.at_equal_score.value) <= 2 * seen.at_equal_score.error


def test_a_correlation_with_an_asymmetric_law_is_answered_by_draws():
    law = law_or_sample("skewnorm(a=4)", "lognorm(s=0.3)", 0.5, n=N)
    assert "sampled, because" in str(law)
    with pytest.raises(InputError, match=r"must be in \(-1, 1\)"):
        law_or_sample("skewnorm(a=4)", "lognorm(s=0.3)", 1.5)


@pytest.mark.parametrize(
    "text",
    [
        "betabinom(n=500000000, a=2.3, b=0.63)",
        "betanbinom(n=5, a=9.3, b=1e8)",
        "logser(p=0.9999999)",
        "zipfian(a=0.75, n=15000)",
    ],
)
def test_masses_that_would_be_added_up_for_minutes_are_drawn_from(text):
    for sides in ((text, "lognorm(s=0.3)"), ("laplace()", text)):
        report, said = answer(*sides)
        assert "too many values to add up" in said
        assert report["V"].value >= report["V_K"].value


def test_values_of_discrete_laws_are_added_up_exactly():
    found = magnitude_law("skellam(mu1=2, mu2=1)")
    k = np.arange(0, 12)
    masses = stats.skellam.pmf(k, 2, 1) + np.where(k > 0, stats.skellam.pmf(-k, 2, 1), 0)
    assert found.values[:12] == tuple(map(float, k))
    assert found.masses[:12] == pytest.approx(masses, rel=1e-12)
    assert sum(found.masses) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("magnitude", "cost", "says"),
    [("spike(0.5, " * 3000 + "norm()" + ")" * 3000, "expon()", "no spike, classes or constant inside it"),
     ("normal()", "expon()", "did you mean norm?"), ("binom(n=3, p=2)", "expon()", "outside the distribution's range"),
     ("poisson(mu=3, loc=0.5)", "expon()", "whole number"), ("poisson(mu=3, scale=2)", "expon()", "names are mu, loc"),
     ("poisson_binom(p=1)", "expon()", "takes a list"), ("norm()", "poisson(mu=3)", "loc=1 moves its values up by 1"),
     ("norm()", "uniform(loc=-0.5)", "a loc larger by 1 will do"), ("norm()", "norm()", "lognorm(s=1) is one"),
     ("expon(scale=1e-200)", "expon()", "accepted is 1e-140 to 1e+140"), ("gamma(a=1e-4)", "expon()", "leave the"),
     ("weibull_min(c=0.001)", "expon()", "leave the floats"), ("irwinhall(n=1e9)", "expon()", "norm(loc=5e+08"),
     ("ksone(n=1e6)", "expon()", "rayleigh(scale=0.0005)"), ("zipf(a=2.5)", "expon()", "tail index is 1.5")],
)  # fmt: skip
def test_what_is_refused_says_what_would_do(magnitude, cost, says):
    report, said = answer(magnitude, cost)
    assert report is None
    assert says in said
    assert "\n" not in said
    assert len(said) < 400


@pytest.mark.parametrize(
    ("magnitude", "cost"),
    [("norm()", "poisson(mu=3, loc=1)"), ("norm()", "uniform(loc=0.5)"), ("norm()", "lognorm(s=1)"),
     ("norm(loc=5e+08, scale=9128.71)", "expon()"), ("rayleigh(scale=0.0005)", "expon()"), ("zipf(a=4)", "expon()")],
)  # fmt: skip
def test_the_remedies_named_are_taken(magnitude, cost):
    assert answer(magnitude, cost)[0] is not None


@pytest.mark.skipif(
    not os.environ.get("CWMP_EXTREME_LAWS"), reason="on request (CWMP_EXTREME_LAWS=1): takes ten minutes"
)
@pytest.mark.parametrize("name", sorted({name for name, shapes in ORDINARY if shapes}))
def test_extreme_parameters_answer_or_say_so_in_one_line(name):
    for family, shapes in ORDINARY:
        if family == name:
            for text in extremes(name, shapes):
                for sides in ((text, "lognorm(s=0.3)"), ("laplace()", text)):
                    report, said = answer(*sides)
                    assert report is not None or ("\n" not in said and len(said) < 400)
                    if report is not None:
                        assert math.isfinite(report["V"].value)
                        assert -1e-6 <= report["saving"].value <= 1
