"""The bounds on the lost score (P13) against their formulas, and where the other bounds have nothing to say."""

import math

import numpy as np
import pytest
from scipy import integrate

from proofs_check.law_audit.audit import AuditPlan
from proofs_check.law_audit.cells import as_columns, loss_cells
from proofs_check.law_audit.trials import run_batch
from theory.errors import InputError
from theory.laws.deviation import lower_deviation, upper_deviation
from theory.laws.lost_score import lost_at_least, lost_at_most, mean_loss
from theory.laws.parse import law_of
from theory.laws.samples import SampleLaw

BETA, D, FAILURE = 0.3, 5000, 0.05
UNIFORM = law_of("uniform()", "constant(1)")  # C(lambda) = 1 - sqrt(lambda), E[p; p <= lambda] = lambda^1.5/3
HEAVY = law_of("t(df=1.5)", "classes(1=0.5, 10=0.5)")


def moments(threshold, f):
    mean = integrate.quad(lambda x: f(x * x), 0, 1, points=[math.sqrt(threshold)])[0]
    square = integrate.quad(lambda x: f(x * x) ** 2, 0, 1, points=[math.sqrt(threshold)])[0]
    return mean, square - mean * mean


def test_the_lower_ends_are_hoeffdings_bernsteins_and_cantellis():
    threshold = (1 - BETA) ** 2
    mean, variance = moments(threshold, lambda p: min(p, threshold) - threshold * BETA)
    assert mean_loss(UNIFORM, BETA) == pytest.approx(mean, rel=1e-9)
    assert mean == pytest.approx(threshold**1.5 / 3, rel=1e-9)
    logs = math.log(1 / FAILURE)
    wide = threshold * math.sqrt(logs / (2 * D))
    assert lost_at_least(UNIFORM, BETA, D, FAILURE, "hoeffding").limit == pytest.approx(mean - wide, rel=1e-9)
    linear = (mean + threshold * BETA) * logs / (3 * D)  # -Y exceeds its mean by E Y + lambda beta c_max at most
    for name, root in (
        ("bernstein", lambda v: linear + math.sqrt(linear**2 + 2 * v * logs / D)),
        ("chebyshev", lambda v: math.sqrt(v * (1 / FAILURE - 1) / D)),
    ):
        found = mean - lost_at_least(UNIFORM, BETA, D, FAILURE, name).limit
        assert root(variance) <= found <= root(1.02 * variance)  # variances are taken a hundredth larger


@pytest.mark.parametrize("method", ["hoeffding", "bernstein", "chebyshev"])
def test_the_upper_end_pays_for_a_threshold_that_fits_and_for_what_it_loses(method):
    half, logs = FAILURE / 2, math.log(2 / FAILURE)

    def deviation(variance, width, above):
        if method == "hoeffding":
            return width * math.sqrt(logs / (2 * D))
        if method == "chebyshev":
            return math.sqrt(variance * (1 / half - 1) / D)
        linear = above * logs / (3 * D)
        return linear + math.sqrt(linear**2 + 2 * variance * logs / D)

    def end(threshold):
        spent = 1 - math.sqrt(threshold)
        fits = BETA - spent >= deviation(spent * (1 - spent), 1.0, 1 - spent)
        mean, variance = moments(threshold, lambda p: p * (p <= threshold))
        return fits, mean + deviation(variance, threshold, threshold - mean)

    found = lost_at_most(UNIFORM, BETA, D, FAILURE, method).limit
    best = min(top for fits, top in map(end, np.linspace(0.49, 0.9, 1500)) if fits)
    assert best <= found * 1.001  # of a grid
    assert found <= 1.03 * best
    assert found > mean_loss(UNIFORM, BETA)


def test_they_apply_where_the_score_has_no_mean():
    for method in ("hoeffding", "chebyshev"):
        assert not upper_deviation(HEAVY, 0.1, D, FAILURE, method).applies
        assert not lower_deviation(HEAVY, 0.1, D, FAILURE, method).applies
    for law in (HEAVY, law_of("cauchy()", "uniform(loc=1, scale=9)")):
        ends = [bound(law, 0.1, 10_000, FAILURE).limit for bound in (lost_at_least, lost_at_most)]
        assert 0.7 < ends[0] / mean_loss(law, 0.1) < 1 < ends[1] / mean_loss(law, 0.1) < 1.4


def test_a_heavy_law_strays_within_them():
    trials = as_columns(run_batch(HEAVY, 2000, 0.1, 0, (0,)))
    below, above = loss_cells(HEAVY, 2000, 0.1, FAILURE, "bernstein")
    assert not below.violated(trials).any()
    assert not above.violated(trials).any()
    assert (trials["lost_least"] <= trials["lost"]).all()
    assert np.ptp(trials["norm"]) > 20 * np.ptp(trials["lost"])  # the norm wanders, the loss does not
    shrunk = loss_cells(HEAVY, 2000, 0.1, FAILURE, "bernstein", scale=0.01)
    assert shrunk[0].violated(trials).mean() > 0.2
    assert shrunk[1].violated(trials).mean() > 0.2


def test_what_does_not_apply_says_why():
    dear = law_of("norm()", "pareto(b=1.5)")
    assert lost_at_most(dear, 0.1, D, FAILURE).why == "costs are not bounded"
    assert "E c^2 is infinite" in lost_at_least(dear, 0.1, D, FAILURE, "chebyshev").why
    assert lost_at_most(law_of("norm()", "lognorm(s=1)"), 0.1, D, FAILURE, "chebyshev").applies
    assert "too small" in lost_at_most(UNIFORM, BETA, 4, FAILURE).why
    assert "too small" in lost_at_least(UNIFORM, BETA, 4, FAILURE, "hoeffding").why
    with pytest.raises(InputError, match="E c\\^1 is infinite"):
        mean_loss(law_of("norm()", "pareto(b=0.9)"), 0.1)
    with pytest.raises(InputError, match="hoeffding, bernstein, chebyshev"):
        lost_at_least(UNIFORM, BETA, D, FAILURE, "markov")
    with pytest.raises(InputError):
        lost_at_most(UNIFORM, BETA, 0, FAILURE)


def test_an_audit_of_a_law_without_means_has_cells_that_apply():
    (cells,) = AuditPlan(HEAVY, d=5000, betas=(0.1,), claims=("P7", "P8", "P13")).cells()
    applies = {cell.name: cell.allowed is not None for cell in cells}
    assert not any(applied for name, applied in applies.items() if name[:2] in ("P7", "P8"))
    assert all(applied for name, applied in applies.items() if name.startswith("P13"))
    data = SampleLaw.of([3.0, 1.0, 0.0], [1.0, 2.0, 3.0])
    assert data.score_below(0.4) == pytest.approx(0.0)
    assert data.score_below(0.5) == pytest.approx(1 / 3)  # p = lambda c is lost
