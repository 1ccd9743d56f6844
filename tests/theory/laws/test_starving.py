"""``saving`` says where plain CWMP starves a layer, and by how much (D23)."""

import json

import numpy as np
import pytest

from cwmp.pages.savings import saving_text
from theory.instance import CostClasses, Instance
from theory.laws.inputs import given_laws
from theory.laws.parse import law_of
from theory.laws.samples import SampleLaw
from theory.laws.saving import saving_report
from theory.laws.starving import starved_layers
from theory.layers import Layer
from theory.selection.safe import starved


@pytest.fixture(scope="module")
def dear():
    """Three layers, the last ten times as dear as the others."""
    rng = np.random.default_rng(7)
    g = rng.standard_normal(30_000).astype(np.float32) * np.repeat([1, 2, 1.5], 10_000).astype(np.float32)
    return g, np.repeat([1, 1, 10], 10_000), np.repeat([0, 1, 2], 10_000)


def test_layers_are_those_that_the_exact_comparison_of_masks_finds(dear):
    g, cost, layer = dear
    budget = int(cost.sum()) // 10
    instance = Instance(g, CostClasses((cost == 10).astype(np.uint8), [1, 10]), budget)
    sizes = [Layer(name, (10_000,), "fc") for name in ("a", "b", "c")]
    exact = {one.name: float(one.missing / one.owed) for one in starved(instance, sizes) if one.starved}
    found = starved_layers(SampleLaw(np.abs(g, dtype=np.float64), cost.astype(float), layer=layer), 0.1)
    assert set(exact) == {"c"}
    assert [one.layer for one in found] == ["layer 2"]
    assert found[0].missing == pytest.approx(exact["c"], abs=1e-3)  # one item is taken in part here


def test_shares_are_of_the_layer_itself_and_the_edge_is_taken_in_part():
    law = SampleLaw(np.array([3.0, 2.0, 1.0, 2.5]), np.array([1.0, 1.0, 1.0, 8.0]), layer=np.array([0, 0, 0, 1]))
    (one,) = starved_layers(law, 5 / 11)  # Top-K: 9, then half of 6.25; CWMP: the first three, then a quarter
    assert (one.layer, one.top_k, one.cwmp) == ("layer 1", pytest.approx(0.5), pytest.approx(0.25))
    assert one.missing == pytest.approx(1 - 0.25 / (0.8 * 0.5))


def test_equal_costs_starve_nothing_and_laws_have_no_layers(dear):
    g, _, layer = dear
    magnitude = np.abs(g, dtype=np.float64)
    assert starved_layers(SampleLaw(magnitude, np.ones(g.size), layer=layer), 0.1) == []
    assert starved_layers(SampleLaw(magnitude, np.ones(g.size)), 0.1) == []
    assert saving_report(law_of("t(df=5)", "lognorm(s=0.2)"), 0.1, 0.1)["starved"] == []


def test_the_page_names_the_layers_and_how_much_they_lose(dear, tmp_path):
    g, _, _ = dear
    np.save(tmp_path / "u.npy", g)
    layers = [{"name": name, "shape": [10_000], "kind": "fc"} for name in ("first", "second", "third")]
    (tmp_path / "layers.json").write_text(json.dumps(layers))
    (data,) = given_laws(None, [tmp_path / "u.npy"], "third=10,rest=1", layers=tmp_path / "layers.json")
    report = saving_report(data, 0.1, 0.1)
    (one,) = report["starved"]
    assert one["layer"] == "third"
    text = saving_text(report)
    assert "1 layer keeps less than 80 % of what Top-K keeps there: third" in text
    assert "starved" not in saving_text(saving_report(SampleLaw.of(g, 1.0), 0.1, 0.1))
