"""Laws of (|g|, c): against closed forms, SciPy's own quadrature and sampling; what is refused and in which words."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from theory.errors import InputError
from theory.laws.joint import Law
from theory.laws.marginals import Marginal
from theory.laws.parse import cost_law, magnitude_law
from theory.laws.samples import SampleLaw, degrees_of_freedom, half_width

LAPLACE = magnitude_law("laplace()")


def law(magnitude, cost, correlation=0.0):
    return Law(magnitude_law(magnitude), cost_law(cost), correlation)


def test_laplace_with_two_classes_is_the_closed_form():
    """S(t) = exp(-t), T(t) = exp(-t)(t^2 + 2t + 2), costs 1 and 10 with probability 1/2 each."""
    beta, costs = 0.1, np.array([1.0, 10.0])
    survival, partial = lambda t: np.exp(-t), lambda t: np.exp(-t) * (t * t + 2 * t + 2)
    spent = lambda lam: costs @ survival(np.sqrt(lam * costs)) / 2  # noqa: E731
    lam = optimize.brentq(lambda x: spent(x) - beta * 5.5, 1e-3, 1e3, xtol=1e-14)
    tau = -math.log(beta)
    found = law("laplace()", "classes(1=0.5, 10=0.5)").efficiency(beta)
    assert found.threshold == pytest.approx(lam, rel=1e-11)
    assert found.tau == pytest.approx(tau, rel=1e-11)
    assert abs(found.cwmp.value - partial(np.sqrt(lam * costs)).mean() / 2) <= found.cwmp.error + 1e-14
    assert abs(found.top_k.value - partial(tau) / 2) <= found.top_k.error + 1e-14


@pytest.mark.parametrize(
    ("magnitude", "cost"),
    [("norm()", "lognorm(s=1)"), ("t(df=3)", "pareto(b=1.5)"), ("gennorm(beta=0.65)", "gamma(a=0.5)"),
     ("spike(0.4, laplace())", "uniform(loc=1, scale=4)"), ("expon()", "lognorm(s=0.5)"), ("norm(loc=1)", "expon()")],
)  # fmt: skip
def test_quadrature_agrees_with_scipys(magnitude, cost):
    """E[c; p > lambda c] and E[p; p > lambda c] with every integral taken by ``quad`` in the quantile of the cost."""
    subject, threshold = law(magnitude, cost), 2.3
    g, c = subject.magnitude, subject.cost.continuous
    density = lambda x: float(g.pdf(np.array(x)))  # noqa: E731
    tail = lambda t: integrate.quad(density, t, np.inf, epsabs=0, epsrel=1e-9, limit=300)[0]  # noqa: E731
    score = lambda t: integrate.quad(lambda x: x * x * density(x), t, np.inf, epsrel=1e-9, limit=300)[0]  # noqa: E731
    u, w = np.polynomial.legendre.leggauss(16)
    edges = np.r_[0, 1e-6, 1e-3, 0.1, 0.5, 0.9, 0.99, 0.999, 1 - 1e-5, 1 - 1e-7, 1 - 1e-9]
    nodes = [(a + (b - a) * (u + 1) / 2, (b - a) * w / 2) for a, b in itertools.pairwise(edges)]
    costs = [(c.ppf(x), y) for xs, ys in nodes for x, y in zip(xs, ys, strict=True)]
    spent = sum(y * x * tail(math.sqrt(threshold * x)) for x, y in costs)
    kept = sum(y * score(math.sqrt(threshold * x)) for x, y in costs)
    assert subject.energy(threshold) == pytest.approx(spent, rel=1e-6, abs=1e-7)
    assert subject.score_above(threshold) == pytest.approx(kept, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("correlation", [0.0, 0.5, -0.7])
@pytest.mark.parametrize("cost", ["lognorm(s=0.5)", "classes(1=0.3, 4=0.5, 9=0.2)"])
@pytest.mark.parametrize("magnitude", ["laplace()", "spike(0.5, norm())", "classes(0=0.2, 1=0.3, 2=0.5)"])
def test_sampling_agrees(magnitude, cost, correlation):
    """The value is inside the data's own interval (widened to five standard errors), atoms and copulas included."""
    subject = law(magnitude, cost, correlation)
    data = SampleLaw(*subject.sample(np.random.default_rng(7), 100_000))
    for beta in (0.05, 0.3):
        truth, found = subject.efficiency(beta), data.efficiency(beta)
        assert abs(truth.cwmp.value - found.cwmp.value) <= 5 / 1.96 * found.cwmp.error
        assert abs(truth.top_k.value - found.top_k.value) <= 5 / 1.96 * found.top_k.error + 2e-3
        assert truth.ratio.value >= 1 - 1e-9


@pytest.mark.parametrize("beta", [0.1, 0.6])
def test_intervals_cover(beta):
    """About 95 of 100: 300 samples of 3000, each asked for the true V, V_K, saving and R; also where little is lost.

    And they are no wider than what the samples spread.
    """
    subject = law("norm()", "lognorm(s=0.7)", 0.3)
    truth, saved = subject.efficiency(beta), subject.saving(beta).at_equal_score.value
    rng, hits, trials, found = np.random.default_rng(5), np.zeros(4), 300, []
    for _ in range(trials):
        data = SampleLaw(*subject.sample(rng, 3000))
        at, saving = data.efficiency(beta), data.saving(beta).at_equal_score
        found.append((at.cwmp, at.top_k, saving, at.ratio))
        true = truth.cwmp.value, truth.top_k.value, saved, truth.ratio.value
        hits += [abs(e.value - t) <= e.error for e, t in zip(found[-1], true, strict=True)]
    assert (hits >= 0.88 * trials).all(), hits / trials
    assert (hits < trials).any()
    values, errors = np.moveaxis(np.array(found), 2, 0)
    assert errors.mean(axis=0) == pytest.approx(1.96 * values.std(axis=0), rel=0.15)


@pytest.mark.parametrize(("cost", "beta", "least"), [
    ("lognorm(s=0.7)", 0.02, 0.91), ("lognorm(s=0.7)", 0.005, 0.85), ("classes(1=0.5, 10=0.5)", 0.01, 0.88),
])  # fmt: skip
def test_intervals_of_few_kept_coordinates(cost, beta, least):
    """Ten to forty of 2,000 are kept: Student's quantile makes up for most, and what it does not is warned of."""
    subject = law("norm()", cost)
    truth, rng = subject.saving(beta).at_equal_score.value, np.random.default_rng(8)
    hits = warned = 0
    for _ in range(400):
        data = SampleLaw(*subject.sample(rng, 2000))
        found = data.saving(beta).at_equal_score
        hits += abs(found.value - truth) <= found.error
        warned += any("Top-K keeps" in doubt for doubt in data.doubts(data.efficiency(beta).tau))
    assert hits / 400 >= least
    assert warned > 200
    many = SampleLaw(*subject.sample(rng, 20_000))
    assert not any("Top-K keeps" in doubt for doubt in many.doubts(many.efficiency(0.05).tau))


def test_half_widths_are_students():
    """Of n values, few of which matter: a mean whose variance is known with few degrees of freedom."""
    rng = np.random.default_rng(9)
    normal = rng.standard_normal(10_000)
    assert degrees_of_freedom(normal) == pytest.approx(10_000, rel=0.1)  # kurtosis 3
    assert half_width(normal) == pytest.approx(1.96 * normal.std() / 100, rel=1e-3)
    few = np.r_[np.ones(4), np.zeros(9_996)]  # kurtosis n/4: 8 degrees of freedom
    assert degrees_of_freedom(few) == pytest.approx(8, rel=0.01)
    assert half_width(few) == pytest.approx(stats.t.ppf(0.975, degrees_of_freedom(few)) * few.std() / 100)
    assert half_width(np.ones(5)) == 0


def test_a_users_function_is_a_law():
    """Costs that grow with the magnitude: a dependence no copula parameter was given for."""

    def dearer_when_larger(rng, n):
        g = rng.standard_normal(n)
        return g, 1 + np.abs(g)

    found = SampleLaw.drawn(dearer_when_larger, n=50_000, seed=1).efficiency(0.2)
    # p/c = g^2/(1 + |g|) rises with |g|: the orders agree, so CWMP is Top-K
    assert found.ratio.value == pytest.approx(1.0, abs=1e-9)
    with pytest.raises(InputError, match=r"cost\[\d+\] = -"):
        SampleLaw.drawn(lambda rng, n: (rng.standard_normal(n), rng.standard_normal(n)), n=100, seed=1)
    with pytest.raises(InputError, match="no coordinates"):
        SampleLaw.of([], [])
    with pytest.raises(InputError, match="every magnitude is 0"):
        SampleLaw.of(np.zeros(5), 1.0)


@pytest.mark.parametrize(
    ("text", "order", "status"),
    [("t(df=3)", 2, "finite"), ("t(df=2)", 2, "infinite"), ("t(df=1.5)", 2, "infinite"), ("cauchy()", 1, "infinite"),
     ("norm()", 4, "finite"), ("pareto(b=0.9)", 1, "infinite"), ("pareto(b=1.5)", 1, "finite"),
     ("uniform()", 9, "finite"), ("genhyperbolic(p=1, a=1, b=0)", 2, "finite"), ("alpha(a=2)", 2, "infinite")],
)  # fmt: skip
def test_which_moments_exist(text, order, status):
    found = magnitude_law(text).moment(order)
    assert found.status == status
    assert found.why


def test_laws_without_their_moments_have_no_limit():
    with pytest.raises(InputError, match="costs have no mean"):
        law("norm()", "pareto(b=0.9)").efficiency(0.1)
    with pytest.raises(InputError, match="squared magnitudes have no mean"):
        law("t(df=1.5)", "lognorm(s=1)").efficiency(0.1)


class _OfMine(stats.rv_continuous):
    """A family that no table has: exponential."""

    def _pdf(self, x):
        return np.exp(-x)

    def _cdf(self, x):
        return -np.expm1(-x)

    def _sf(self, x):
        return np.exp(-x)


def test_the_moments_of_an_unknown_family_are_in_doubt():
    mine = Marginal("mine()", continuous=_OfMine(a=0, name="mine")(), folded=True)
    assert mine.moment(2).status == "unknown"
    assert "may not exist" in Law(mine, cost_law("expon()")).doubtful[0]


def test_moments_against_scipys():
    for text in ("norm()", "t(df=2.5)", "gennorm(beta=0.65)", "laplace(scale=3)", "t(df=2.1)"):
        marginal = magnitude_law(text)
        nodes = marginal.nodes()
        missing = marginal.missing[1]
        assert nodes.weight @ nodes.x**2 == pytest.approx(marginal.continuous.var(), rel=1e-12, abs=2 * missing)
    assert magnitude_law("t(df=2.1)").missing[1] > 1e-10  # a tail this heavy has weight beyond the floats


def test_quantiles_invert_scores():
    for marginal in (magnitude_law("spike(0.3, t(df=4))"), cost_law("lognorm(s=1)"), magnitude_law("expon()")):
        z = np.array([-0.3, 0.0, 1.0, 3.0, 6.0])
        assert marginal.score(marginal.quantile(z)) == pytest.approx(z, abs=1e-9)


@pytest.mark.parametrize(
    ("text", "says"),
    [("student(3)", "is no distribution of scipy.stats"), ("t()", "df is missing"), ("t(df=-1)", "outside"),
     ("t(df=3, df=4)", "given twice"), ("t(nu=3)", "the names are df, loc, scale"), ("t(df=3", "must be a scipy.stats"),
     ("t(df=__import__('os'))", "must be a finite number"), ("t(df=nan)", "must be a finite number"),
     ("binom(n=3)", "p is missing"), ("classes(1=0.4, 2=0.4)", "add up to 1"),
     ("classes(1)", "value=probability"), ("_distn_infrastructure()", "is no"),
     ("spike(2, norm())", "probability in"), ("spike(0.1)", "spike(probability of 0")],
)  # fmt: skip
def test_texts_are_read_strictly(text, says):
    with pytest.raises(InputError) as found:
        magnitude_law(text)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("text", ["norm()", "classes(0=0.5, 1=0.5)", "spike(0.1, expon())", "constant(-1)", "t(df=3)"])
def test_costs_must_be_positive(text):
    with pytest.raises(InputError, match=r"must not be negative|must be > 0"):
        cost_law(text)


def test_correlation_is_refused_where_it_has_no_meaning():
    with pytest.raises(InputError, match=r"must be in \(-1, 1\)"):
        law("norm()", "expon()", 1.0)
    with pytest.raises(InputError, match="symmetric or a non-negative"):
        law("norm(loc=1)", "expon()", 0.5)


def test_scipys_names_are_those_of_the_table():
    from theory.laws.tails import _INDEX, _LIGHT

    assert all(isinstance(getattr(stats, name), stats.rv_continuous | stats.rv_discrete) for name in [*_INDEX, *_LIGHT])
