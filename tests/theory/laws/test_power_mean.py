"""The power-mean law and the ceiling: closed forms, exact savings, and what they must never exceed."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from cwmp.__main__ import main
from cwmp.pages.savings import saving_text
from theory.budget import percent
from theory.errors import InputError
from theory.instance import Instance
from theory.laws.efficiency import Estimate
from theory.laws.inputs import given_laws
from theory.laws.parse import law_of
from theory.laws.power_mean import Group, power_mean, power_mean_saving, predicted_saving
from theory.laws.samples import SampleLaw
from theory.laws.saving import saving_report
from theory.optimum.bounds import saving_ceiling
from theory.selection.selectors import top_k

COST = np.array([1.0, 4.0])


@pytest.mark.parametrize(("order", "mean"), [(1, 2.5), (0, 2.0), (-1, 1.6), (2, math.sqrt(8.5)), (1e-12, 2.0)])
def test_power_means_of_one_and_four(order, mean):
    assert power_mean(COST, order) == pytest.approx(mean, rel=1e-9)
    assert power_mean(COST * 1e120, order) == pytest.approx(mean * 1e120, rel=1e-9)
    assert power_mean(np.array([1.0, 4.0, 4.0]), order, np.array([2.0, 1.0, 1.0])) == pytest.approx(mean, rel=1e-9)


def test_a_light_tail_pays_the_cheapest_cost_and_a_heavy_one_the_mean():
    assert power_mean(COST, -1e4) == pytest.approx(1.0, rel=1e-3)
    assert power_mean_saving(4, COST) == pytest.approx(1 - 1.6 / 2.5)  # harmonic
    assert power_mean_saving(2, COST) == pytest.approx(1 - 2.0 / 2.5)  # geometric
    assert power_mean_saving(1e-6, COST) == pytest.approx(0, abs=1e-6)


def pareto(index, cost, weight, scale=1.0):
    """Power tails P(|g| > t) = (scale/t)^index from scale on."""
    tail = lambda t: (scale / np.maximum(t, scale)) ** index  # noqa: E731
    return Group(np.asarray(cost, float), np.asarray(weight, float), tail, 1e-300)


@pytest.mark.parametrize("index", [0.7, 2.0, 3.0, 9.0])
def test_one_power_tail_gives_the_closed_form(index):
    found = predicted_saving([pareto(index, COST, [3.0, 1.0])], 50.0)
    assert found.saving == pytest.approx(power_mean_saving(index, COST, np.array([3.0, 1.0])), rel=1e-7)
    assert found.index == pytest.approx(index, rel=1e-9)


def test_groups_of_their_own_index_balance_at_one_price():
    """Two groups of one cost each: what one gives up in score the other gains, by the integrals of their densities."""
    tau, (a, b), (one, four) = 10.0, (3.0, 5.0), COST
    found = predicted_saving([pareto(a, [one], [1.0]), pareto(b, [four], [1.0], scale=3.0)], tau)
    score = lambda index, scale, t: index / (index - 2) * scale**index * t ** (2 - index)  # noqa: E731
    energy = lambda index, scale, t: (scale / t) ** index  # noqa: E731
    low, high = 1.0, 1e4
    for _ in range(200):
        price = math.sqrt(low * high)
        cut = math.sqrt(price * one), math.sqrt(price * four)
        kept = score(a, 1.0, cut[0]) + score(b, 3.0, cut[1]) - score(a, 1.0, tau) - score(b, 3.0, tau)
        low, high = (price, high) if kept > 0 else (low, price)
    before = one * energy(a, 1.0, tau) + four * energy(b, 3.0, tau)
    after = one * energy(a, 1.0, cut[0]) + four * energy(b, 3.0, cut[1])
    assert found.saving == pytest.approx(1 - after / before, rel=1e-6)
    assert found.groups == 2


@pytest.mark.parametrize("law", [
    ("norm()", "classes(1=0.5, 10=0.5)", 0.0), ("laplace()", "lognorm(s=1)", 0.0), ("t(df=3)", "pareto(b=1.5)", 0.0),
    ("gennorm(beta=0.65)", "lognorm(s=1.5)", 0.0), ("laplace()", "lognorm(s=0.7)", 0.5), ("t(df=5)", "uniform()", -0.4),
], ids=str)  # fmt: skip
@pytest.mark.parametrize("beta", [0.005, 0.05, 0.3])
def test_laws_that_are_no_power_laws(law, beta):
    """Within an eighth of the exact saving, where P6 is off by any factor; and under the ceiling."""
    subject = law_of(*law)
    exact = subject.saving(beta)
    found = predicted_saving(subject.groups, exact.profile.tau)
    assert abs(math.log(found.saving / exact.at_equal_score.value)) < 0.125
    assert exact.at_equal_score.value < subject.ceiling(beta) < 1


def test_for_small_spreads_it_is_the_saving_law():
    subject = law_of("t(df=4)", "lognorm(s=0.05)")
    profile = subject.saving(0.02).profile
    assert predicted_saving(subject.groups, profile.tau).saving == pytest.approx(profile.saving, rel=0.05)


@pytest.mark.parametrize("beta", [0.02, 0.2, 0.5])
def test_the_ceiling_of_data_is_that_of_the_selection(beta):
    rng = np.random.default_rng(1)
    g, c = rng.standard_t(3, 3000), rng.integers(1, 30, 3000).astype(float)
    instance = Instance(g, c, budget=percent(beta))
    exact = float(saving_ceiling(instance, top_k(instance)))
    assert SampleLaw.of(g, c).ceiling(beta) == pytest.approx(exact, abs=2e-3)  # the last item in part


def test_the_ceiling_of_a_law_is_that_of_many_data():
    for cost in ("classes(1=0.05, 10=0.95)", "lognorm(s=1)", "uniform(loc=1, scale=3)"):
        law = law_of("spike(0.3, laplace())", cost)
        data = SampleLaw(*law.sample(np.random.default_rng(0), 200_000))
        for beta in (0.03, 0.3):
            assert law.ceiling(beta) == pytest.approx(data.ceiling(beta), abs=0.01)
    one = law_of("classes(1=0.5, 2=0.5)", "classes(1=0.5, 3=0.5)")  # Top-K keeps half of the large ones: a quarter
    assert one.ceiling(0.25) == pytest.approx(1 - 0.25 / 0.5, rel=1e-9)
    assert law_of("laplace()", "constant(2)").ceiling(0.1) == pytest.approx(0, abs=1e-9)


def two_layers(rng):
    """A light and a heavy layer; costs by layer, so that one index is wrong for both."""
    g = np.r_[rng.standard_normal(20_000), 0.3 * rng.standard_t(3, 20_000)]
    layer = np.repeat([0, 1], 20_000)
    return g, np.where(layer == 0, 10.0, 1.0), layer


def test_layers_make_the_law():
    g, c, layer = two_layers(np.random.default_rng(2))
    exact = SampleLaw.of(g, c).saving(0.05)
    jitter = c * (1 + 1e-9 * np.arange(g.size))  # no two costs alike: nothing tells the layers but their numbers
    known, unknown = (SampleLaw.of(g, jitter, layer=x) for x in (layer, None))
    tau = exact.profile.tau
    off = [abs(math.log(predicted_saving(s.groups, tau).saving / exact.at_equal_score.value)) for s in (known, unknown)]
    assert off[0] < 0.05 < off[1]
    assert len(SampleLaw.of(g, c).groups) == 2  # coordinates of one cost are a group where layers are not known
    with pytest.raises(InputError, match="layer numbers"):
        SampleLaw.of(g, c, layer=layer[:-1])


def test_the_report_of_an_update_is_by_layer_and_says_what_the_radio_does(tmp_path):
    g, _, _ = two_layers(np.random.default_rng(3))
    np.save(tmp_path / "u.npy", g.astype(np.float32))
    layers = [{"name": "conv.weight", "shape": [20000], "kind": "conv"},
              {"name": "fc.weight", "shape": [20000], "kind": "fc"}]  # fmt: skip
    (tmp_path / "layers.json").write_text(json.dumps(layers))
    (data,) = given_laws(None, [tmp_path / "u.npy"], "ble-dram", layers=tmp_path / "layers.json")
    report = saving_report(data, 0.1, 0.1)
    assert report["groups"] == 2
    assert 0 < report["ceiling"] < 1e-3  # 640 pJ against a radio of about a microjoule
    (plain,) = given_laws(None, [tmp_path / "u.npy"], "fc-dear", layers=tmp_path / "layers.json")
    assert "times the dearest memory write" in saving_text(report)
    assert "memory write" not in saving_text(saving_report(plain, 0.1, 0.1))


def test_where_the_law_follows_costs_by_magnitude_it_is_said():
    report = saving_report(law_of("t(df=5)", "lognorm(s=0.2)"), 0.1, 0.1)
    assert "power-mean law says" not in (report["doubt"] or "")
    g = np.random.default_rng(4).standard_t(4, 20_000)
    cost = np.abs(g) ** 1.5 * np.random.default_rng(5).lognormal(0, 0.3, g.size) + 1e-3
    assert "costs follow magnitudes there" in saving_report(SampleLaw.of(g, cost), 0.1, 0.1)["doubt"]
    independent = saving_report(law_of("uniform()", "uniform()"), 0.1, 0.1)["doubt"]
    assert "tails there are no powers" in independent
    assert "follow" not in independent


def test_nothing_above_the_threshold_has_no_law():
    assert math.isnan(predicted_saving([pareto(3.0, COST, [1.0, 1.0])], 0.0).saving)
    empty = Group.of_data(np.zeros(10), np.ones(10))
    assert math.isnan(predicted_saving([empty], 1.0).saving)
    assert isinstance(SampleLaw.of([3.0, 1.0, 1.0], [1.0, 2.0, 3.0]).saving(0.2).at_equal_score, Estimate)


def test_json_has_the_law_and_the_ceiling():
    arguments = ["saving", "--magnitude", "t(df=3)", "--cost", "lognorm(s=1)", "--json"]
    (report,) = json.loads(CliRunner().invoke(main, arguments).stdout)
    assert 0 < report["saving_law"] < report["ceiling"] < 1
    assert report["saving_predicted"] > 0.9  # the second order says nearly everything there
