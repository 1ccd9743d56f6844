"""Energy models: the figures from their sources, index bits, and what heterogeneity is left under a radio."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from theory.energy.models import (
    MODELS,
    Energy,
    Source,
    break_even,
    coefficient_of_variation,
    cost_model,
    index_bits,
    radio_remark,
)
from theory.errors import InputError
from theory.instance import CostClasses, Instance
from theory.layers import named_layers, plain_vector

LAYERS = named_layers(
    [("0.weight", (8, 3, 3, 3)), ("0.bias", (8,)), ("1.weight", (8,)), ("1.bias", (8,)), ("9.weight", (10, 50))]
)
D = 8 * 27 + 8 + 8 + 8 + 500


def test_joules_recomputed_from_the_sources():
    # Horowitz: a 32-bit access is 640 pJ in DRAM, 5 pJ in an 8 kB SRAM; BLE at 0 dBm: 7.1 mA at 3 V, 1 Mbit/s
    radio = (32 + 10) * Fraction(71, 10_000) * 3 / 10**6  # 740 coordinates: 10 index bits
    assert D == 740
    parts = MODELS["ble-dram"].parts(LAYERS)
    assert parts["fc"].memory == Fraction(640, 10**12)
    assert parts["conv"].memory == Fraction(5, 10**12)
    assert parts["fc"].radio == parts["conv"].radio == radio
    # Aalborg: E = 6.45e-7 - 1.27e-10 (rate - 2130) J/bit on WiFi at 5000 kbit/s; HSDPA 1.13e-5 - 7.21e-9 (1000 - 101)
    assert float(MODELS["wifi-dram"].radio.exact) == pytest.approx(6.45e-7 - 1.27e-10 * (5000 - 2130), rel=1e-12)
    assert float(MODELS["hsdpa-dram"].radio.exact) == pytest.approx(1.13e-5 - 7.21e-9 * (1000 - 101), rel=1e-12)
    assert float(MODELS["lte-dram"].radio.exact) == pytest.approx(0.43839 / 10**6, rel=1e-12)


def test_named_ratios():
    labels = np.r_[np.zeros(240, int), np.ones(500, int)]
    for name, values in (("fc-dear", (1, 10)), ("conv-dear", (10, 1)), ("uniform", (1, 1))):
        instance = Instance(np.ones(D), cost_model(name).costs(LAYERS), 5)
        assert (instance.cost * float(instance.unit) == np.array(values)[labels]).all()


def test_every_knob_changes_the_costs():
    base = MODELS["ble-dram"]
    total = base.parts(LAYERS)["fc"].total
    for change in ({"value_bits": 16}, {"word_bits": 16}, {"index": "none"}, {"radio": MODELS["wifi-dram"].radio}):
        assert replace(base, **change).parts(LAYERS)["fc"].total != total
    bitmap = replace(base, index="bitmap")
    assert bitmap.overhead(LAYERS) == D * base.radio.exact
    assert bitmap.spendable(1, LAYERS) == 1 - bitmap.overhead(LAYERS)
    assert bitmap.spendable(0, LAYERS) == 0


@pytest.mark.parametrize("d", [1, 2, 3, 740, 1024, 1025])
def test_index_bits_name_every_coordinate(d):
    bits = index_bits("explicit", d, 1)
    assert 2**bits >= d
    assert bits == 0 or 2 ** (bits - 1) < d
    assert index_bits("explicit", d, 7) == 7 * bits
    assert (index_bits("bitmap", d, 3), index_bits("bitmap", d, 0), index_bits("none", d, 3)) == (d, 0, 0)


def test_break_even_is_where_the_ratio_is_the_target():
    model = MODELS["ble-dram"]
    found = break_even(model, LAYERS, "1.1")
    at = replace(model, radio=Energy(str(float(found.radio)), Source("test")))
    parts = at.parts(LAYERS).values()
    assert float(max(p.total for p in parts) / min(p.total for p in parts)) == pytest.approx(1.1, rel=1e-12)
    assert found.model_radio > 100 * found.radio  # a BLE radio is far beyond: CWMP is nearly Top-K
    for target in (1, "0.5", -2):
        with pytest.raises(InputError, match="target"):
            break_even(model, LAYERS, target)


def test_no_mask_saves_more_than_the_ceiling():
    """Every mask of every instance drawn that retains what Top-K does; and for equal magnitudes the ceiling is met."""
    model = replace(MODELS["ble-dram"], radio=Energy("5e-12", Source("test")))
    totals = [part.total for part in model.parts(LAYERS).values()]
    low, high = min(totals), max(totals)
    ceiling = break_even(model, LAYERS).ceiling
    assert ceiling == 1 - low / high
    assert 0.1 < ceiling < 0.9
    rng, most, n = np.random.default_rng(0), 0.0, 7
    masks = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    for _ in range(300):
        p, c = rng.integers(1, 4, n), np.where(rng.random(n) < 0.5, float(low), float(high))
        kept = np.argsort(-p, kind="stable")[: rng.integers(1, n)]
        enough = masks @ p >= p[kept].sum()
        most = max(most, 1 - float((masks[enough] @ c).min() / c[kept].sum()))
    assert most == pytest.approx(float(ceiling), rel=1e-12)


def test_radio_hides_the_memory():
    spread = {name: coefficient_of_variation(MODELS[name].costs(LAYERS)) for name in ("memory-only", "ble-dram")}
    assert spread["memory-only"] > 0.5
    assert spread["ble-dram"] < 1e-3


def test_coefficient_of_variation_agrees_with_numpy():
    costs = CostClasses(np.array([0, 0, 1, 2]), ["0.1", "2", "7"])
    array = np.array([0.1, 0.1, 2, 7])
    assert coefficient_of_variation(costs) == pytest.approx(array.std() / array.mean(), rel=1e-12)
    assert coefficient_of_variation(array) == pytest.approx(array.std() / array.mean(), rel=1e-12)


def test_costs_too_large_to_square_have_a_coefficient_of_variation():
    assert coefficient_of_variation(np.array([1e200, 3e200])) == pytest.approx(0.5, rel=1e-12)


def test_the_remark_on_the_radio_is_a_ratio():
    """32 bits by BLE, and a coordinate's index, against 32 bits of DRAM."""
    layers = named_layers([("fc.weight", (4, 4))])
    bits = 32 + 4
    times = bits * RADIO["ble-dram"] / (32 * 20 * PICO)
    assert (
        radio_remark(MODELS["ble-dram"], layers)
        == f"the radio is {float(f'{float(times):.3g}'):,g} times the dearest memory write"
    )
    assert radio_remark(MODELS["memory-only"], layers) == ""


def test_unknown_names_and_kinds_are_explained():
    with pytest.raises(InputError, match="the models are uniform"):
        cost_model("solar")
    with pytest.raises(InputError, match="layers file"):
        MODELS["fc-dear"].costs(plain_vector(4))


def test_kinds_of_layers():
    shapes = [("tok_embeddings.weight", (9, 4)), ("ln_1.weight", (4,)), ("attn.in_proj_weight", (12, 4)),
              ("attn.in_proj_bias", (12,)), ("head.weight", (9, 4)), ("bn.running_mean", (3,)),
              ("alpha", ())]  # fmt: skip
    kinds = [layer.kind for layer in named_layers(shapes)]
    assert kinds == ["embedding", "norm", "fc", "fc", "fc", "norm", "other"]


@pytest.mark.parametrize(
    ("change", "says"),
    [({"radio": Energy("-1e-9", Source("test"))}, "radio energy must be >= 0, memory energies > 0"),
     ({"rest": Energy("0", Source("test"))}, "memory energies > 0"),
     ({"memory": {"fc": Energy("-1", Source("test"))}}, "memory energies > 0"),
     ({"value_bits": 0}, "at least 1"), ({"word_bits": 0}, "at least 1"), ({"index": "gaps"}, "index must be one of")],
)  # fmt: skip
def test_models_that_cannot_be(change, says):
    with pytest.raises(InputError, match=says):
        replace(MODELS["ble-dram"], **change)


def test_a_radio_that_always_hides_the_memory_breaks_even_at_nothing():
    found = break_even(MODELS["memory-only"], LAYERS, 1000)
    assert (found.radio, found.model_radio, found.ceiling) == (0, 0, 1 - Fraction(1, 128))


PICO = Fraction(1, 10**12)
ON_CHIP = {
    kind: Fraction(5, 32) * PICO for kind in ("conv", "norm", "bias", "other")
}  # Horowitz: 5 pJ for 32 bits of SRAM
WRITTEN = {**ON_CHIP, "fc": 20 * PICO, "embedding": 20 * PICO}  # 640 pJ for 32 bits of DRAM
RADIO = {  # joules per bit
    "memory-only": 0,
    "ble-dram": Fraction("7.1e-3") * 3 / 10**6,  # ampere, volt, bit/s
    "wifi-dram": Fraction("6.45e-7") - Fraction("1.27e-10") * (5000 - 2130),
    "lte-dram": Fraction("438.39e-3") / 10**6,  # watt per Mbit/s
    "hsdpa-dram": Fraction("1.13e-5") - Fraction("7.21e-9") * (1000 - 101),
}


@pytest.mark.parametrize("name", RADIO)
def test_physical_models_are_their_sources(name):
    model = MODELS[name]
    assert {kind: level.exact for kind, level in model.memory.items()} == WRITTEN
    assert model.radio.exact == RADIO[name]
    assert (model.rest, model.value_bits, model.word_bits, model.index) == (None, 32, 32, "explicit")
    assert model.relative is False


def test_models_of_ratios_charge_nothing_but_the_ratio():
    dear = {"uniform": {}, "fc-dear": {"fc": 10, "embedding": 10}, "conv-dear": {"fc": 1, "embedding": 1}}
    rest = {"uniform": 1, "fc-dear": 1, "conv-dear": 10}
    assert {*dear} | {*RADIO} == {*MODELS}
    for name, levels in dear.items():
        model = MODELS[name]
        assert {kind: level.exact for kind, level in model.memory.items()} == levels
        assert model.rest.exact == rest[name]
        assert (model.radio.exact, model.word_bits, model.index, model.relative) == (0, 1, "none", True)
        assert model.fields()["relative"] is True


def test_a_model_as_plain_data_names_every_number_once():
    fields = MODELS["fc-dear"].fields()
    assert list(fields["joules_per_bit"]) == ["radio", "fc, embedding", "rest"]
    assert [part["joules"] for part in fields["joules_per_bit"].values()] == ["0", "10", "1"]
    assert list(MODELS["uniform"].fields()["joules_per_bit"]) == ["radio", "rest"]
    fields = MODELS["ble-dram"].fields()
    assert [part["joules"] for part in fields["joules_per_bit"].values()] == ["21.3e-9", "0.15625e-12", "20e-12"]
    assert (fields["value_bits"], fields["word_bits"], fields["index"], fields["relative"]) == (
        32,
        32,
        "explicit",
        False,
    )


def test_one_bit_is_a_model_and_a_model_without_kinds_needs_none():
    assert replace(MODELS["ble-dram"], value_bits=1, word_bits=1).bits(1) == 1
    assert MODELS["uniform"].costs(plain_vector(4)).values == [1]
    assert replace(MODELS["ble-dram"], index="none").bits(740) == 32
    assert replace(MODELS["ble-dram"], index="none").overhead(LAYERS) == 0
    assert MODELS["ble-dram"].overhead(LAYERS) == 0


def test_a_model_is_a_value():
    """Equal models are one model, and can be the key of a table."""
    assert replace(MODELS["ble-dram"]) == MODELS["ble-dram"]
    assert hash(Energy("1", Source("a"))) == hash(Energy("1", Source("a")))
