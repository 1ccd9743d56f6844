"""Where the energy lies: the table of kinds, and costs by glob."""

from fractions import Fraction

import numpy as np
import pytest

from cwmp.pages.blocks import as_text
from cwmp.pages.layers import layers_page
from theory.energy.costs import Costs, cost_spec
from theory.energy.shares import shares, shares_fields
from theory.errors import InputError
from theory.instance import CostClasses
from theory.layers import named_layers

LAYERS = named_layers([("enc.0.weight", (2, 3)), ("enc.0.bias", (2,)), ("enc.1.weight", (4, 1)), ("wte.weight", (5, 2)),
                       ("dec.weight", (3, 2, 3, 3)), ("dec.bias", (3,))])  # fmt: skip


def test_shares_of_the_energy_are_those_of_the_costs():
    found = shares(LAYERS, cost_spec("fc-dear", LAYERS))
    total = 10 * (6 + 2 + 4 + 10) + 54 + 3
    assert [(one.kind, one.coordinates, one.energy) for one in found] == [
        ("fc", 8, 80 / total), ("fc", 4, 40 / total), ("embedding", 10, 100 / total), ("conv", 57, 57 / total)
    ]  # fmt: skip
    assert found[0].names == ("enc.0.weight", "enc.0.bias"), "a bias is counted with its weight"
    assert [one.guess for one in found] == [False, False, True, False]
    text = as_text(layers_page(found)).splitlines()
    assert text[3].split()[:4] == ["embedding", "1", "10", "36.1"]
    assert text[-1].startswith("1 kind is a guess: 12.66 % of the coordinates, 36.1 % of the energy; --kind")
    assert shares_fields(found)[2]["names"] == ["wte.weight"]


@pytest.mark.parametrize("form", ["classes", "array", "number"])
def test_every_form_of_costs_is_shared_out(form):
    each = np.repeat([10.0, 10.0, 10.0, 10.0, 1.0, 1.0], [one.size for one in LAYERS])
    values = {"classes": CostClasses((each < 5).astype(np.int8), ["10", 1.0]), "array": each, "number": Fraction(3)}[
        form
    ]
    found = shares(LAYERS, Costs(values))
    assert sum(one.energy for one in found) == pytest.approx(1, abs=1e-12)
    weight = 57 / each.size if form == "number" else 57 / each.sum()
    assert found[-1].energy == pytest.approx(weight, rel=1e-12)


def test_without_costs_there_are_shares_of_all():
    found = shares(LAYERS)
    assert all(one.energy is None for one in found)
    text = as_text(layers_page(found))
    assert "of all" in text
    assert "energy" not in text


def test_costs_by_glob():
    def priced(text):
        costs = cost_spec(text, LAYERS).values
        return [costs.values[costs.labels[at]] for at in np.cumsum([0, *(one.size for one in LAYERS)])[:-1]]

    assert priced("enc.*=3,rest=1") == [3, 3, 3, 1, 1, 1]
    assert priced("fc=7,enc.1.*=3,rest=1") == [7, 7, 3, 1, 1, 1], "a glob comes before a kind"
    assert priced("*.weight=2,enc.*=3,enc.1.weight=5,rest=1") == [2, 3, 5, 2, 2, 1], "the first glob, a name before it"
    for text in ("dec2.*=3,rest=1", "*.gamma=3,rest=1", "ENC.*=3,rest=1"):
        with pytest.raises(InputError, match="no layer is called or of kind '"):
            cost_spec(text, LAYERS)
    with pytest.raises(InputError, match=r"layer 'wte\.weight' of kind 'embedding' has no cost"):
        cost_spec("enc.*=3,dec.*=1", LAYERS)
