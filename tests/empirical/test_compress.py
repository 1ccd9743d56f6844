"""Compressors and ledgers: the same joules for all, what each one ranks by, energies against Instance's."""

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from empirical.prices import COST_MODELS, Entry, added, given, prices
from empirical.training.compress import BASELINE, DENSE, METHODS, Offer, compress
from empirical.training.layer_budgets import best_choices, layer_wise
from empirical.training.models import model_layers, small_cnn
from theory.energy.models import MODELS
from theory.errors import InputError
from theory.instance import CostClasses, Instance
from theory.layers import named_layers
from theory.optimum.certificate import certify

LAYERS = named_layers([("0.weight", (8, 3, 3, 3)), ("0.bias", (8,)), ("9.weight", (10, 50)), ("9.bias", (10,))])
D = 216 + 8 + 500 + 10


def offer(cost, share, seed=0):
    rng = np.random.default_rng(seed)
    update = (rng.standard_t(3, D) * np.repeat([5, 5, 1, 1], [216, 8, 500, 10])).astype(np.float32)
    fisher = rng.exponential(size=D).astype(np.float32)
    priced = prices(cost, LAYERS, 0)
    return Offer(update, fisher, LAYERS, priced, priced.budget(share), np.random.default_rng(7))


@pytest.mark.parametrize("cost", COST_MODELS)
@pytest.mark.parametrize("method", [m for m in METHODS if m != DENSE])
def test_every_method_keeps_the_budget_and_the_ledger_is_what_the_mask_costs(cost, method):
    for share in ("0.004", "0.05", "1"):
        given = offer(cost, share)
        chosen = compress(method, given)
        instance = Instance(given.update, given.prices.costs, given.prices.budget(share))
        energy = sum(entry.energy for entry in chosen.ledger)
        assert energy == instance.spent(chosen.mask) * instance.unit <= Fraction(share) * given.prices.total
        assert sum(entry.coordinates for entry in chosen.ledger) == chosen.mask.sum()
        # nothing that the order offers next is affordable: less than the dearest coordinate is left
        dearest = Fraction(instance.cost.max()) * instance.unit
        assert Fraction(share) * given.prices.total - energy < dearest or chosen.mask.all()


def test_the_budgets_of_all_methods_are_the_same_joules():
    assert prices("fc-dear", LAYERS, 0).budget("0.1") == Fraction(216 + 8 + 10 * 510, 10)
    assert prices("ble-dram", LAYERS, 0).total == Instance(
        np.ones(D), MODELS["ble-dram"].costs(LAYERS), 1
    ).total_cost * (Instance(np.ones(D), MODELS["ble-dram"].costs(LAYERS), 1).unit)


def test_dense_sends_everything_and_no_index():
    given = offer("ble-dram", "0.01")
    chosen = compress(DENSE, given)
    assert chosen.mask.all()
    assert (chosen.captured, chosen.gap) == (1, 0)
    radio = 32 * MODELS["ble-dram"].radio.exact
    assert {(e.kind, e.coordinates, e.radio, e.index) for e in chosen.ledger} == {
        ("conv", 224, 224 * radio, 0), ("fc", 510, 510 * radio, 0),
    }  # fmt: skip
    sparse = compress(BASELINE, given)
    for entry in sparse.ledger:
        assert entry.index == entry.coordinates * 10 * MODELS["ble-dram"].radio.exact  # 734 coordinates: 10 bits
        assert (
            entry.memory == entry.coordinates * {"conv": Fraction(5, 10**12), "fc": Fraction(640, 10**12)}[entry.kind]
        )


def keys(method, given):
    """What each method ranks by, written down a second time."""
    g = given.update.astype(float)
    c = Instance(g, given.prices.costs, 1).cost
    rms = np.concatenate([np.full(part.size, np.sqrt(np.mean(part**2))) for part in np.split(g, [216, 224, 724])])
    return {
        "top-k": np.abs(g),
        "cwmp": np.abs(g) / np.sqrt(c),
        "cwmp-l1": np.abs(g) / c,
        "per-layer": (g / rms) ** 2 / c,
        "curvature": given.fisher.astype(float) * g**2 / c,
    }[method]


@pytest.mark.parametrize("cost", ["fc-dear", "conv-dear", "lognormal", "uniform"])
@pytest.mark.parametrize("method", ["top-k", "cwmp", "cwmp-l1", "per-layer", "curvature"])
def test_what_each_method_ranks_by(cost, method):
    given = offer(cost, "0.2")
    kept, key = compress(method, given).mask, keys(method, given)
    assert 0 < kept.sum() < D
    assert key[kept].min() >= key[~kept].max() * (1 - 1e-12)


def test_methods_differ_where_costs_or_values_do():
    apart = [m for m in METHODS if not m.startswith("safe-")]  # how safe changes little where layers are two
    masks = {m: compress(m, offer("fc-dear", "0.05")).mask.tobytes() for m in apart}
    assert len(set(masks.values())) == len(apart)


@pytest.mark.parametrize("cost", ["fc-dear", "lognormal"])
@pytest.mark.parametrize("method", [m for m in METHODS if m != DENSE])
def test_the_gap_bounds_the_distance_from_the_certified_optimum(cost, method):
    given = offer(cost, "0.1")
    chosen = compress(method, given)
    instance = Instance(given.update, given.prices.costs, given.prices.budget("0.1"))
    norm = float(np.sum(given.update.astype(float) ** 2))
    best = certify(instance)
    assert chosen.captured == pytest.approx(float(instance.retained(chosen.mask)) / norm, rel=1e-12)
    distance = float(best.retained) / norm - chosen.captured
    assert -1e-12 <= distance <= chosen.gap + 1e-12
    assert chosen.gap <= distance + 0.01  # and it is not a bound for the sake of one


def test_random_k_is_drawn_from_its_stream():
    first, second = (compress("random-k", offer("uniform", "0.1")).mask for _ in range(2))
    assert np.array_equal(first, second)
    assert first.sum() == 73


def test_lognormal_costs_are_what_they_are_called():
    layers = model_layers(small_cnn())
    costs = prices("lognormal", layers, 0).costs
    assert np.log(costs).mean() == pytest.approx(0, abs=0.02)
    assert np.log(costs).std() == pytest.approx(1, abs=0.02)
    assert np.array_equal(costs, prices("lognormal", layers, 0).costs)
    assert not np.array_equal(costs, prices("lognormal", layers, 1).costs)


def test_an_entry_of_nothing_adds_nothing():
    some = Entry("fc", 3, Fraction(1, 2), Fraction(1, 3), Fraction(1, 7))
    nothing = Entry("fc")
    assert (nothing.coordinates, nothing.energy) == (0, 0)
    assert nothing + some == some
    assert some.energy == Fraction(41, 42)


def test_prices_are_compared_as_objects():
    """They hold arrays, of which Python could not say whether they are equal."""
    assert prices("lognormal", LAYERS, 0) != prices("lognormal", LAYERS, 0)


def test_ledgers_add_up():
    one, two = compress("cwmp", offer("ble-dram", "0.1")).ledger, compress("cwmp", offer("ble-dram", "0.1", 1)).ledger
    total = added([one, two])
    assert [e.kind for e in total] == ["conv", "fc"]
    for part in ("coordinates", "radio", "index", "memory", "energy"):
        assert sum(getattr(e, part) for e in total) == sum(getattr(e, part) for e in (*one, *two))
    assert added([]) == ()


def test_an_update_of_zeros_sends_nothing():
    given = offer("fc-dear", "0.1")
    still = Offer(np.zeros(D, np.float32), given.fisher, LAYERS, given.prices, given.budget, given.rng)
    for method in METHODS:
        chosen = compress(method, still)
        assert method == DENSE or not chosen.mask.any()
        assert (chosen.captured, chosen.gap) == (0, 0)


def test_unknown_names_are_explained():
    with pytest.raises(InputError, match=r"no cost model 'solar'; the models are uniform, .*lognormal"):
        prices("solar", LAYERS, 0)
    with pytest.raises(InputError, match="no method 'psychic'; the methods are top-k, cwmp"):
        compress("psychic", offer("uniform", "0.1"))
    for share in ("0", "1.5", "-1"):
        with pytest.raises(InputError, match="must be a share in"):
            prices("uniform", LAYERS, 0).budget(share)


def test_a_total_is_in_joules_whatever_unit_the_classes_need():
    """0.1 and 0.7 J are no floats: the classes are counted in tenths, the total and a budget are not."""
    layers = named_layers([("0.weight", (2, 1, 1, 1)), ("9.weight", (1, 3))])
    priced = given(CostClasses(np.array([0, 0, 1, 1, 1]), ["0.1", "0.7"]), layers)
    assert priced.total == Fraction(23, 10)
    assert priced.budget("50%") == Fraction(23, 20)
    assert [prices(name, layers, 0).unit for name in ("fc-dear", "ble-dram", "lognormal")] == ["units", "J", "units"]


@pytest.mark.parametrize("method", ["top-k", "cwmp", "cwmp-l1", "random-k"])
@pytest.mark.parametrize("cost", ["fc-dear", "lognormal", "ble-nor"])
def test_at_equal_sparsity_all_send_as_many_coordinates_and_pay_what_these_cost(method, cost):
    given = replace(offer(cost, "0.1"), coordinates=73)
    chosen = compress(method, given)
    assert chosen.mask.sum() == 73
    instance = Instance(given.update, given.prices.costs, 0)
    assert sum(entry.energy for entry in chosen.ledger) == instance.spent(chosen.mask) * instance.unit
    g, c = np.abs(given.update.astype(float)), instance.cost
    key = {"top-k": g, "cwmp": g / np.sqrt(c), "cwmp-l1": g / c}.get(method)
    if key is not None:
        assert key[chosen.mask].min() >= key[~chosen.mask].max() * (1 - 1e-12)
    largest = np.sort(g**2)[-73:].sum() / (g**2).sum()
    assert chosen.captured + chosen.gap == pytest.approx(largest)
    top = compress("top-k", given)
    if method != "random-k":  # claim D20
        assert sum(e.energy for e in chosen.ledger) <= sum(e.energy for e in top.ledger)
        assert chosen.captured <= top.captured


def test_what_is_no_order_of_all_coordinates_has_no_form_at_equal_sparsity():
    with pytest.raises(
        InputError, match="method 'safe' has no form at equal sparsity; those that have are top-k, cwmp"
    ):
        compress("safe", replace(offer("fc-dear", "0.1"), coordinates=73))
    assert compress(DENSE, replace(offer("fc-dear", "0.1"), coordinates=73)).mask.all()


def test_layer_budgets_are_the_best_of_all_choices_on_the_grid():
    rng = np.random.default_rng(3)
    for _ in range(40):
        layers = [np.r_[0, np.sort(rng.integers(1, 12, 3))].astype(float) for _ in range(3)]
        errors = [np.sort(rng.random(4))[::-1] for _ in range(3)]
        picked = best_choices(errors, layers, 15)
        every = [
            (sum(e[k] for e, k in zip(errors, ks, strict=True)), ks)
            for ks in itertools.product(range(4), repeat=3)
            if sum(s[k] for s, k in zip(layers, ks, strict=True)) <= 15
        ]
        assert sum(s[k] for s, k in zip(layers, picked, strict=True)) <= 15
        assert sum(e[k] for e, k in zip(errors, picked, strict=True)) == pytest.approx(min(every)[0])


def test_within_a_layer_layer_wise_sends_the_largest():
    given = offer("fc-dear", "0.3")
    mask, start = compress("layer-wise", given).mask, 0
    for layer in LAYERS:
        g, kept = np.abs(given.update[start : start + layer.size]), mask[start : start + layer.size]
        assert not kept.any() or kept.all() or g[kept].min() >= g[~kept].max()
        start += layer.size


@pytest.mark.parametrize(("name", "like"), [("ratio-1-10", "fc-dear"), ("ratio-10-1", "conv-dear"),
                                            ("ratio-7-7", "uniform")])  # fmt: skip
def test_ratios_are_the_named_models_they_equal(name, like):
    mine, named = prices(name, LAYERS, 0), prices(like, LAYERS, 0)
    scale = mine.total / named.total
    assert [price.energy for price in mine.each] == [scale * price.energy for price in named.each]
    assert mine.unit == "units"


def test_nor_flash_behind_bluetooth_is_the_table_of_the_hardware_page():
    each = {price.kind: price.energy for price in prices("ble-nor", model_layers(small_cnn()), 0).each}
    assert float(each["fc"] / each["conv"]) == pytest.approx(2.2, abs=0.05)


def test_costs_drawn_by_layer_are_one_number_a_layer():
    costs = prices("layer-lognormal", LAYERS, 3).costs
    parts = np.split(costs, np.cumsum([layer.size for layer in LAYERS])[:-1])
    assert [len(set(part)) for part in parts] == [1] * 4
    assert len({part[0] for part in parts}) == 4
    assert not np.array_equal(costs, prices("layer-lognormal", LAYERS, 4).costs)


def layer_wise_plainly(g, c, sizes, budget):
    """Of every number of largest entries a layer: the least loss in whole steps of a thousandth, then the largest."""
    g, c, ends = np.abs(g), [Fraction(x) for x in c.tolist()], np.cumsum([0, *sizes])
    orders = [sorted(range(a, b), key=lambda i: (-g[i], i)) for a, b in itertools.pairwise(ends)]

    def steps(order, n):
        return math.ceil(sum((c[i] for i in order[:n]), Fraction(0)) * Fraction(1 + 1e-9) / budget * 1000)

    every = [
        (sum(g[i] ** 2 for order, n in zip(orders, counts, strict=True) for i in order[n:]), counts)
        for counts in itertools.product(*(range(size + 1) for size in sizes))
        if sum(steps(order, n) for order, n in zip(orders, counts, strict=True)) <= 1000
    ]
    kept = {i for order, n in zip(orders, min(every)[1], strict=True) for i in order[:n]}
    left = budget - sum((c[i] for i in kept), Fraction(0))
    for i in sorted({i for i in range(g.size) if g[i] and c[i] <= left} - kept, key=lambda i: (-g[i], i)):
        if c[i] > left:
            break
        kept.add(i)
        left -= c[i]
    return sorted(i for i in kept if g[i])


def test_layer_wise_is_the_best_of_all_counts_and_then_the_largest_that_are_left():
    rng, more = np.random.default_rng(8), 0
    for _ in range(60):
        sizes = rng.permutation([2, 3, 4])
        g = rng.lognormal(0, 1, 9) * rng.choice([1.0, -1.0], 9) * (rng.random(9) < 0.9)
        c = rng.integers(1, 60, 9) / 8
        budget = Fraction(float(c.sum())) * Fraction(int(rng.integers(5, 90)), 100)
        found = layer_wise(Instance(g, c, budget), sizes.tolist())
        assert found.support.tolist() == layer_wise_plainly(g, c, sizes, budget)
        assert found.spent == sum((Fraction(x) for x in c[found.mask].tolist()), Fraction(0)) <= budget
        assert found.retained == sum(Fraction(x) ** 2 for x in g[found.mask].tolist())
        more += 0 < found.mask.sum() < 9
    assert more > 40
    assert not layer_wise(Instance(np.ones(9), np.ones(9), 0), [4, 5]).mask.any()


def test_layer_wise_spends_what_its_steps_round_up():
    """Ten layers of one coordinate, each a little over a tenth of a thousandth short: all fit, and all are sent."""
    g, c = np.arange(1.0, 11), np.full(10, 100.05)
    assert layer_wise(Instance(g, c, Fraction(c[0]) * 10), [1] * 10).mask.all()
    assert layer_wise(Instance(g, c, Fraction(c[0]) * 10 - 1), [1] * 10).mask.sum() == 9


def test_layer_wise_sends_no_zeros_where_its_counts_step_over_them():
    """Of 1,000 entries 120 are not zero: more than 100, the count before, and fewer than 133, the next."""
    g = np.where(np.arange(1000) % 8 == 0, 1.0, 0.0)[:1000] * (np.arange(1000) < 960)
    found = layer_wise(Instance(g, np.ones(1000), 200), [1000])
    assert np.array_equal(found.mask, g > 0)
    assert found.spent == found.mask.sum() == 120
