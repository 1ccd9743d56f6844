"""The saving at equal score: exact rationals, closed forms and the selectors, also where next to nothing is lost."""

import json
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cwmp.__main__ import main
from cwmp.pages.savings import saving_text
from theory.budget import percent
from theory.errors import InputError
from theory.instance import Instance
from theory.laws.efficiency import Efficiency, Estimate, Profile, buys_all, everything, nothing_to_save
from theory.laws.joint import Law
from theory.laws.parse import cost_law, magnitude_law
from theory.laws.power_mean import PowerMeanLaw
from theory.laws.samples import SampleLaw
from theory.laws.saving import VALID_SPREAD, _doubt, saving_report
from theory.selection.selectors import cwmp, top_k


def law(magnitude, cost, correlation=0.0):
    return Law(magnitude_law(magnitude), cost_law(cost), correlation)


def spent_exactly(groups, beta, tied=None):
    """Energies of Top-K and of CWMP at its score, each a share of everything, in rationals.

    Args:
        groups: (magnitude, cost, weight): interchangeable coordinates, taken in part.
        tied: the same with one group a magnitude, at its mean cost: Top-K sees no difference inside.
    """
    total = sum(Fraction(c) * w for _, c, w in groups)
    left, kept = Fraction(beta) * total, Fraction(0)
    for g, c, w in sorted(tied or groups, key=lambda group: -group[0]):
        part = min(Fraction(1), left / (Fraction(c) * w))
        left, kept = left - part * Fraction(c) * w, kept + part * Fraction(g * g) * w
    spent = Fraction(0)
    for g, c, w in sorted(groups, key=lambda group: -Fraction(group[0] * group[0]) / Fraction(group[1])):
        score = Fraction(g * g) * w
        part = min(Fraction(1), kept / score) if score else Fraction(0)
        spent, kept = spent + part * Fraction(c) * w / total, kept - part * score
    assert kept == 0
    return Fraction(beta), spent


@st.composite
def samples(draw):
    """Magnitudes over thirty decades and zeros, costs over three."""
    n = draw(st.integers(2, 12))
    magnitude = [draw(st.integers(1, 99)) * 10.0 ** -draw(st.sampled_from([0, 1, 5, 9, 20, 30])) for _ in range(n)]
    zeros = [0.0] * draw(st.integers(0, 4))
    cost = [float(draw(st.integers(1, 1000))) for _ in range(n + len(zeros))]
    return np.array(magnitude + zeros), np.array(cost)


@given(samples(), st.floats(0.01, 0.99))
def test_the_saving_of_data_is_exact(sample, used):
    """Down to what double precision leaves of a difference of energies."""
    data = SampleLaw(*sample)
    beta = used * data.support_share
    top, ours = spent_exactly([(g, c, 1) for g, c in zip(*sample, strict=True)], beta)
    saving = data.saving(beta).at_equal_score
    assert abs(saving.value - float(1 - ours / top)) <= 1e-9
    assert saving.error >= 0


@pytest.mark.parametrize("share", ["0.3", "0.9", "0.99999"])
def test_small_entries_of_a_large_update_are_not_lost_in_a_sum(share):
    """Half of the entries are 1e-12 of the others: what is dropped at these budgets is far below a rounding of 1."""
    rng = np.random.default_rng(3)
    g = np.r_[rng.standard_normal(2000), 1e-12 * rng.standard_normal(2000), np.zeros(1000)]
    c = rng.lognormal(0, 0.5, g.size)
    data = SampleLaw.of(g, c)
    beta = float(share) * data.support_share
    top, ours = spent_exactly([(abs(float(x)), float(y), 1) for x, y in zip(g, c, strict=True)], beta)
    found = data.saving(beta).at_equal_score
    assert found.value == pytest.approx(float(1 - ours / top), abs=1e-10)
    assert 0 <= found.error < 1
    assert data.efficiency(data.support_share * (1 - 1e-14)).keeps_all
    assert (found.value > 0.001) == (share != "0.99999")  # there it ends within one entry


@pytest.mark.parametrize("beta", ["0.05", "0.3", "0.45", "0.6", "0.79", "0.7999999"])
@pytest.mark.parametrize("small", [0.5, 1e-6, 1e-20])
def test_laws_of_atoms_are_exact(beta, small):
    """Ties on both sides, where CWMP's frontier has corners and no density."""
    magnitudes, costs = {0.0: "0.2", small: "0.4", 1.0: "0.4"}, {1.0: "0.5", 4.0: "0.3", 10.0: "0.2"}
    groups = [(g, c, Fraction(m) * Fraction(w)) for g, m in magnitudes.items() for c, w in costs.items()]
    text = [", ".join(f"{x!r}={w}" for x, w in side.items()) for side in (magnitudes, costs)]
    subject = law(f"classes({text[0]})", f"classes({text[1]})")
    mean = sum(Fraction(c) * Fraction(w) for c, w in costs.items())
    top, ours = spent_exactly(groups, float(beta), [(g, mean, Fraction(m)) for g, m in magnitudes.items()])
    found = subject.saving(float(beta)).at_equal_score
    assert abs(found.value - float(1 - ours / top)) <= max(found.error, 1e-8)


@pytest.mark.parametrize("beta", [1e-3, 0.1, 0.5, 0.99, 1 - 1e-6])
@pytest.mark.parametrize("s", [0.3, 1.0, 5.0])
def test_lognormal_sides_are_the_closed_form(s, beta):
    """log p - log c is normal, also weighted by p or by c: what Top-K loses, and CWMP's energy at it, are Phi's.

    With s = 5 Top-K keeps all but 1e-17 of the norm at a tenth of the energy.
    """
    t = 0.3
    wide = math.hypot(2 * s, t)
    lost = float(stats.norm.isf(beta)) - 2 * s  # normal score of what Top-K loses
    log_threshold = 4 * s * s + wide * lost
    left = float(stats.norm.sf((log_threshold + t * t) / wide))
    found = law(f"lognorm(s={s})", f"lognorm(s={t})").saving(beta).at_equal_score
    assert found.value == pytest.approx(1 - left / beta, rel=1e-6, abs=1e-10)
    assert abs(found.value - (1 - left / beta)) <= found.error + 1e-12
    assert found.value > 0


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_break_even_is_the_spread_that_saves_the_target(correlation):
    """The saving law at that spread, everything else as it is, gives the target back."""
    profile = law("t(df=3)", "lognorm(s=0.3)", correlation).saving(0.1).profile
    for target in (0.01, 0.1, 0.5):
        assert replace(profile, spread=profile.break_even(target)).saving == pytest.approx(target, rel=1e-12)
    with pytest.raises(InputError, match="saving aimed at"):
        profile.break_even(1.0)


def test_ingredients_make_the_laws_of_the_claims():
    """CV^2/4 tau h/(1 - e/2), and for the advantage CV^2/4 tau^3 f/E[p; |g| > tau]: worked out for Laplace."""
    tau, spread = 2.0, 0.2
    kept, density = math.exp(-tau), math.exp(-tau)  # S and f; E c = 1
    share = tau**2 * kept / (math.exp(-tau) * (tau**2 + 2 * tau + 2))
    plain = Profile(tau, spread, tau * density / kept, Estimate(0.0, 0.0), share)
    assert plain.saving == pytest.approx(0.01 * 2)
    assert plain.advantage == pytest.approx(0.01 * tau**3 / (tau**2 + 2 * tau + 2))
    steeper = replace(plain, elasticity=Estimate(1.0, 0.4))
    assert steeper.saving == pytest.approx(2 * plain.saving)
    assert steeper.saving_range == pytest.approx((plain.saving / 0.7, plain.saving / 0.3))
    assert math.isnan(replace(plain, elasticity=Estimate(2.0, 0.0)).saving)
    assert replace(plain, elasticity=Estimate(1.8, 0.4)).saving_range[1] == math.inf
    found = law("laplace()", "lognorm(s=0.2)").saving(math.exp(-tau)).profile
    assert (found.tau, found.tail, found.share) == pytest.approx((tau, tau, share), rel=1e-9)
    assert found.spread == pytest.approx(math.sqrt(math.expm1(0.04)), rel=1e-9)


def test_the_error_of_a_ratio_has_both_errors():
    assert Estimate(2.0, 0.1).over(Estimate(4.0, 0.2)) == pytest.approx((0.5, (0.1 + 0.5 * 0.2) / 4))
    assert Estimate(-2.0, 0.1).over(Estimate(4.0, 0.2)) == pytest.approx((-0.5, 0.05))
    assert Estimate(5.0, 0.3).over(Estimate(2.0, 0.7)) == pytest.approx((2.5, (0.3 + 2.5 * 0.7) / 2))
    assert math.isnan(Estimate(1.0, 0.1).over(Estimate(0.0, 0.1)).value)
    assert Estimate(1.0, 0.1).over(Estimate(0.0, 0.1)).error == math.inf


def test_ingredients_that_are_no_round_numbers_and_where_the_law_ends():
    """A spread of 3, a tail index of 1.7, an elasticity of 0.5 within 0.3; from 2 on dearer costs outrun the scores."""
    plain = Profile(1.0, 3.0, 1.7, Estimate(0.5, 0.3), 0.6)
    assert plain.saving == pytest.approx(2.25 * 1.7 / 0.75, rel=1e-12)
    assert plain.saving_range == pytest.approx((2.25 * 1.7 / 0.9, 2.25 * 1.7 / 0.6), rel=1e-12)
    assert plain.advantage == pytest.approx(0.6 * plain.saving, rel=1e-12)
    assert plain.break_even(0.4) == pytest.approx(2 * math.sqrt(0.4 * 0.75 / 1.7), rel=1e-12)
    assert replace(plain, tail=0.3).break_even(0.4) == pytest.approx(2 * math.sqrt(0.4 * 0.75 / 0.3), rel=1e-12)
    assert replace(plain, tail=0.0).break_even(0.4) == math.inf
    for elasticity in (2.0, 3.0):
        beyond = replace(plain, elasticity=Estimate(elasticity, 0.0))
        assert math.isnan(beyond.saving)
        assert beyond.saving_range == (math.inf, math.inf)
        assert beyond.break_even(0.4) == math.inf
    for target in (-0.5, 0.0, 1.0, 1.5):
        with pytest.raises(InputError, match="saving aimed at"):
            plain.break_even(target)


def test_a_budget_buys_all_up_to_the_rounding_of_sums():
    assert buys_all(0.8 * (1 - 1e-12), 0.8)
    assert buys_all(0.9, 0.8)
    assert not buys_all(0.8 * (1 - 2e-12), 0.8)
    assert not buys_all(0.7, 0.8)
    one, nothing = Estimate(1.0, 0.0), Estimate(0.0, 0.0)
    assert everything(0.7) == Efficiency(0.7, 0.0, 0.0, one, one, one, True)
    assert not Efficiency(0.7, 0.0, 0.0, one, one, one).keeps_all
    saving = nothing_to_save(0.7)
    assert (saving.beta, saving.at_equal_score, saving.at_equal_energy) == (0.7, nothing, nothing)
    assert saving.profile.tau == 0
    assert math.isnan(saving.profile.saving)


@pytest.mark.parametrize(("s", "said"), [(0.28, False), (0.32, True), (2.0, True)])
def test_beyond_its_region_the_law_is_an_order_of_magnitude(s, said):
    text = run("--magnitude", "t(df=5)", "--cost", f"lognorm(s={s})")
    assert ("second order in the spread" in text) == said
    assert VALID_SPREAD == 0.3


def test_the_page_says_what_the_report_says(tmp_path):
    """Each figure in its place: of a law with its own error, of data with half of a 95 % interval."""
    rng = np.random.default_rng(0)
    data = SampleLaw.of(rng.laplace(size=5000), rng.lognormal(0, 0.2, 5000))
    for subject in (law("laplace()", "lognorm(s=0.2)", 0.3), data):
        r = saving_report(subject, 0.1, 0.05)
        lines = {line[:19].strip(): line[19:] for line in saving_text(r).splitlines()[2:]}
        percent = lambda x: f"{100 * x:.3g} %"  # noqa: E731
        assert (
            f"CWMP retains {percent(r['V'].value)} of ||g||^2, Top-K {percent(r['V_K'].value)}"
            in lines["at equal energy"]
        )
        assert f"law (P5) says {percent(r['gain_predicted'])}" in lines["at equal energy"]
        assert r["gain_predicted"] == subject.saving(0.1).profile.advantage
        left = 0.1 * (1 - r["saving"].value)
        assert f"CWMP spends {percent(left)} of sending everything, Top-K 10 %" in lines["at equal score"]
        assert f"saves {percent(r['saving'].value)}" in lines["at equal score"]
        assert f"law (P11) says {percent(r['saving_law'])}" in lines["at equal score"]
        assert f"law (P6) says {percent(r['saving_predicted'])}" in lines["small spreads"]
        assert f"no selector can save more than {percent(r['ceiling'])} here" in lines["ceiling"]
        assert r["saving"].value < r["ceiling"] < 1
        assert f"at least CV {r['break_even']:.3g}" in lines["break-even"]
        interval = f"(95 %: +- {percent(r['saving'].error)})"
        assert (interval in lines["at equal score"]) == (subject is data)
        assert ("95 %" in saving_text(r)) == (subject is data)
        assert f"elasticity of the mean cost {r['elasticity']:.2g}" in lines["at the threshold"]
    rough = {**r, "error_is": "quadrature", "saving": Estimate(0.02, 0.001), "saving_predicted": 1.2}
    assert "saves 2 % (+- 0.1 %); the power-mean law (P11) says" in saving_text(rough)
    assert "the saving law (P6) says more than all of it" in saving_text(rough)


def test_what_all_non_zero_entries_cost_is_where_nothing_is_left_to_decide():
    data = SampleLaw.of([3.0, 0.0, -2.0, 0.0], [1.0, 2.0, 4.0, 8.0])
    assert data.support_share == 5 / 15
    assert data.efficiency(5 / 15).keeps_all
    assert not data.efficiency(0.33).keeps_all


@pytest.mark.parametrize(("times", "saved", "said"), [
    (1.3, 0.02, False), (1.4, 0.02, True), (1 / 1.3, 0.02, False), (1 / 1.4, 0.02, True), (1.4, 0.004, False),
    (1.4, 0.005, False),
])  # fmt: skip
def test_a_prediction_that_is_far_off_within_its_region_is_said(times, saved, said):
    subject = law("t(df=5)", "lognorm(s=0.2)")
    at, saving = subject.efficiency(0.1), subject.saving(0.1)
    scaled = replace(saving.profile, tail=saving.profile.tail * times * saved / saving.profile.saving)
    doubt = _doubt(subject, at, replace(saving, at_equal_score=Estimate(saved, 0.0), profile=scaled))
    assert (f"the saving law says {times:.2g} times the exact saving" in (doubt or "")) == said


@pytest.mark.parametrize(("times", "saved", "said"), [
    (1.3, 0.02, False), (1.4, 0.02, True), (1 / 1.3, 0.02, False), (1 / 1.4, 0.02, True), (1.4, 0.005, False),
    (0, 0.02, False), (-1, 0.02, False), (math.nan, 0.02, False), (1.4, 0.004, False),
])  # fmt: skip
def test_a_power_mean_law_that_is_far_off_is_said(times, saved, said):
    """Where it says nothing, or that nothing is saved, there is no ratio to speak of."""
    subject = law("t(df=5)", "lognorm(s=0.2)")
    at, saving = subject.efficiency(0.1), replace(subject.saving(0.1), at_equal_score=Estimate(saved, 0.0))
    doubt = _doubt(subject, at, saving, PowerMeanLaw(times * saved, 1.0, 1)) or ""
    assert (f"the power-mean law says {times:.2g} times the exact saving" in doubt) == said


def test_at_the_end_of_its_region_the_law_is_within_it():
    subject = law("t(df=5)", "lognorm(s=0.2)")
    at, saving = subject.efficiency(0.1), subject.saving(0.1)
    for spread, said in ((VALID_SPREAD, False), (math.nextafter(VALID_SPREAD, 1), True)):
        doubt = _doubt(subject, at, replace(saving, profile=replace(saving.profile, spread=spread))) or ""
        assert ("second order in the spread" in doubt) == said


def test_what_the_laws_cannot_say_is_said_by_its_reason():
    """No density; an elasticity that data do not determine; costs that outrun scores; a saving that P6 has as none."""
    subject = law("t(df=5)", "lognorm(s=0.2)")
    at, saving = subject.efficiency(0.1), replace(subject.saving(0.1), at_equal_score=Estimate(0.02, 0.0))
    ask = lambda **more: _doubt(subject, at, replace(saving, profile=replace(saving.profile, **more))) or ""  # noqa: E731
    unknown = Estimate(math.nan, math.inf)
    assert ask(elasticity=unknown).startswith("the data do not determine how the mean cost moves with the magnitude")
    none = "the saving law does not apply: no density at the threshold, or costs outrun the scores"
    assert ask(elasticity=unknown, spread=math.nan) == ask(elasticity=Estimate(2.5, 0.1)) == ask(tail=math.nan) == none
    assert ask(spread=math.inf) == "the saving law does not apply: costs at the threshold have no finite variance"
    assert ask(spread=0.0).startswith("the saving law says 0 times the exact saving")
    assert (ask(spread=0.01) != "") == (saving.profile.saving / 400 < 0.014)


def test_a_report_says_whose_remark_and_error_it_has():
    rng = np.random.default_rng(1)
    data = SampleLaw.of(rng.laplace(size=400), rng.lognormal(0, 0.2, 400), remark="of a radio")
    of_law, of_data = saving_report(law("laplace()", "lognorm(s=0.2)"), 0.1, 0.1), saving_report(data, 0.1, 0.1)
    assert (of_law["remark"], of_law["error_is"]) == ("", "quadrature")
    assert (of_data["remark"], of_data["error_is"]) == ("of a radio", "half of a 95 % interval")


def test_layers_that_starve_are_reported_where_a_choice_is_left():
    data = SampleLaw(np.array([3.0, 2.0, 1.0, 2.5]), np.array([1.0, 1.0, 1.0, 8.0]), layer=np.array([0, 0, 0, 1]))
    report = saving_report(data, 5 / 11, 0.1)
    assert [layer["layer"] for layer in report["starved"]] == ["layer 1"]
    assert report["ceiling"] == data.ceiling(5 / 11) > 0
    assert (report["target"], report["beta"], report["keeps_all"]) == (0.1, 5 / 11, False)


def test_a_budget_that_buys_everything_is_said():
    report = saving_report(law("spike(0.5, norm())", "lognorm(s=0.5)"), 0.9, 0.1)
    assert (report["ceiling"], report["starved"]) == (0.0, [])
    assert report["doubt"] == "the budget buys every non-zero entry"
    assert report["keeps_all"]


def test_equal_costs_save_nothing():
    saving = law("t(df=5)", "constant(3)").saving(0.1)
    assert saving.at_equal_score.value == pytest.approx(0, abs=1e-11)
    assert saving.profile.saving == 0
    assert saving.profile.break_even(0.1) > 0


@pytest.mark.parametrize("correlation", [0.0, 0.6])
def test_beyond_the_non_zeros_nothing_is_saved(correlation):
    """As the selectors have it on a sample: both keep every non-zero entry, and spend what these cost."""
    spiked = law("spike(0.7, laplace())", "lognorm(s=0.5)", correlation)
    g, c = spiked.sample(np.random.default_rng(0), 40_000)
    for beta in (0.2, 0.5, 0.9):
        found = [select(Instance(g, c, budget=percent(beta))) for select in (cwmp, top_k)]
        all_kept = all(np.array_equal(selection.mask, g > 0) for selection in found)
        assert all_kept == (beta >= spiked.support_share)
        for one in (spiked, SampleLaw(g, c)):
            at, saving = one.efficiency(beta), one.saving(beta)
            if all_kept:
                assert float(found[0].spent) / c.sum() == pytest.approx(one.support_share, abs=0.02)
                assert (at.cwmp.value, at.top_k.value, saving.at_equal_score.value) == (1, 1, 0)
            else:
                assert saving.at_equal_score.value > 0.01


def test_the_saving_is_the_least_energy_for_top_ks_score():
    """The frontier V at the energy that is left after the saving is V_K, to the quadrature's error."""
    subject, beta = law("laplace()", "lognorm(s=1)"), 0.1
    saving = subject.saving(beta).at_equal_score
    left = subject.efficiency(beta * (1 - saving.value)).cwmp
    assert abs(left.value - subject.efficiency(beta).top_k.value) <= 1e-9
    data = SampleLaw(*subject.sample(np.random.default_rng(3), 200_000))
    found = data.saving(beta)
    assert abs(found.at_equal_score.value - saving.value) <= 4 / 1.96 * found.at_equal_score.error
    assert found.profile.tail == pytest.approx(subject.saving(beta).profile.tail, rel=0.1)


def test_a_scale_whose_squares_are_no_floats_is_refused():
    for magnitude, cost, what in ((1e-170, 1.0, "magnitude"), (1e200, 1.0, "magnitude"), (1.0, 1e200, "cost")):
        with pytest.raises(InputError, match=rf"the largest {what} is 1e[-+]\d+, accepted is 1e-140 to 1e\+140"):
            SampleLaw.of(np.full(5, magnitude), cost)


def run(*arguments):
    done = CliRunner().invoke(main, ["saving", *arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize("beta", ["0.5%", "40%", "60%", "79.99%", "90%"])
def test_the_page_and_the_json_have_no_holes(beta):
    """Atoms have no density for the laws to look at: that is said, and is null."""
    source = ("--magnitude", "classes(0=0.2, 1e-6=0.4, 1=0.4)", "--cost", "classes(1=0.5, 10=0.5)", "--budget", beta)
    text = run(*source)
    assert not any(word in text for word in ("nan", "inf ", "inf\n", "+- nothing")), text

    def refuse(word):
        raise AssertionError(word)

    (report,) = json.loads(run(*source, "--json"), parse_constant=refuse)
    assert (report["spread"] is None) == (beta != "40%")
    assert report["keeps_all"] == (beta == "90%")
    assert ("nothing to save" in text) == report["keeps_all"]


def test_an_update_smaller_than_its_first_entry(tmp_path):
    """Nothing is kept above the threshold: the saving is that within one entry, the laws have nothing to say."""
    np.save(tmp_path / "u.npy", np.array([3.0, 2.0, 1.0]))
    text = run("--update", str(tmp_path / "u.npy"), "--cost", "1", "--budget", "1%")
    assert "it saves 0 %" in text
    assert "the laws have no density to look at" in text
    assert "the saving law names no spread of costs that saves 10 %" in text
