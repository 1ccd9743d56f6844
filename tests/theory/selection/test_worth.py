"""CWMP by the worth of layers above reserves, against a few lines of NumPy that sort everything."""

from fractions import Fraction

import numpy as np
import pytest

from theory.errors import InputError
from theory.instance import CostClasses, Instance
from theory.selection.safe import safe
from theory.selection.selectors import cwmp, top_k
from theory.selection.worth import above_energy_reserve, above_safe_reserve

SIZES = (40, 7, 300, 153)
D = sum(SIZES)
LAYER = np.repeat(range(4), SIZES)
CLASSES = CostClasses(np.array([0, 1, 2, 1])[LAYER], ["0.1", "1.5", "3"])


def drawn(seed, costs="layers", budget=40):
    """Scores that are small integers to the square, so that a plain sum of floats is exact."""
    rng = np.random.default_rng(seed)
    update = rng.integers(-40, 41, D) * np.array([4, 1, 1, 2])[LAYER]
    each = CLASSES if costs == "layers" else rng.integers(1, 9, D).astype(float)
    return Instance(update.astype(float), each, budget), rng.choice([0.01, 0.125, 0.5, 1.0], 4)


def prefix(order, cost, left):
    """The items of an order before the first that does not fit."""
    kept = []
    for i in order:
        if cost[i] > left:
            break
        kept.append(i)
        left -= cost[i]
    return kept


def exact(instance):
    return [Fraction(float(c)) * instance.unit for c in instance.cost]


def plainly(instance, worth, reserve):
    """Reserves, then the rest by worth; ``reserve(layer's order, Top-K's items there)`` gives a layer's items."""
    p, cost, budget = instance.score, exact(instance), instance.budget * instance.unit
    density = [Fraction(float(x)) / c for x, c in zip(p, cost, strict=True)]
    may = [i for i in range(D) if p[i] > 0 and cost[i] <= budget]
    top = set(np.flatnonzero(top_k(instance).mask).tolist())
    kept = []
    for layer in range(4):
        order = sorted((i for i in may if LAYER[i] == layer), key=lambda i: (-density[i], i))
        kept += reserve(order, [i for i in order if i in top], cost, p)
    left = budget - sum((cost[i] for i in kept), Fraction(0))
    rest = sorted(set(may) - set(kept), key=lambda i: (-density[i] * Fraction(worth[LAYER[i]]), i))
    mask = np.zeros(D, dtype=bool)
    mask[kept + prefix(rest, cost, left)] = True
    return mask


def by_score(share):
    def reserve(order, kept_by_top_k, cost, p):
        owed, kept = share * sum(p[kept_by_top_k]), []
        for i in order:
            if sum(p[kept]) >= owed:
                break
            kept.append(i)
        return kept

    return reserve


def by_joules(share):
    return lambda order, kept_by_top_k, cost, p: prefix(order, cost, share * sum(cost[i] for i in kept_by_top_k))


@pytest.mark.parametrize("costs", ["layers", "coordinates"])
@pytest.mark.parametrize("seed", range(12))
def test_reserves_and_then_the_order_of_what_layers_are_worth(seed, costs):
    instance, worth = drawn(seed, costs)
    half = Fraction(1, 2)
    for found, reserve in (
        (above_safe_reserve(instance, SIZES, worth, "0.5"), by_score(half)),
        (above_energy_reserve(instance, SIZES, worth, "0.5"), by_joules(half)),
    ):
        want = plainly(instance, worth, reserve)
        assert np.array_equal(found.mask, want)
        assert found.spent == instance.spent(want) <= instance.budget
        assert found.unit == instance.unit == Fraction(1, 10 if costs == "layers" else 1)
        assert found.retained == instance.retained(want)


def test_layers_of_equal_worth_are_safe_cwmp():
    for seed in range(5):
        instance, _ = drawn(seed, "coordinates")
        for worth in (1.0, 0.25):
            found = above_safe_reserve(instance, SIZES, np.full(4, worth), "0.8")
            assert np.array_equal(found.mask, safe(instance, SIZES, "0.8").mask)
        none = above_energy_reserve(instance, SIZES, np.ones(4), 0)
        assert np.array_equal(none.mask, cwmp(instance).mask)


@pytest.mark.parametrize("factor", [2.0**-1030, 2.0**900])
def test_only_ratios_of_worth_count_however_large_or_small(factor):
    instance, worth = drawn(5)
    for method in (above_safe_reserve, above_energy_reserve):
        want, found = method(instance, SIZES, worth), method(instance, SIZES, worth * factor)
        assert np.array_equal(found.mask, want.mask)
        assert (found.spent, found.retained) == (want.spent, want.retained)


def test_the_reserve_holds_however_little_a_layer_is_worth():
    instance, _ = drawn(3)
    worth = np.array([1e-6, 1, 1, 1])
    top = top_k(instance).mask
    kept = above_safe_reserve(instance, SIZES, worth, "0.5").mask
    assert instance.retained(kept & (LAYER == 0)) * 2 >= instance.retained(top & (LAYER == 0)) > 0
    joules = above_energy_reserve(instance, SIZES, worth, "0.5").mask
    missing = instance.spent(top & (LAYER == 0)) / 2 - instance.spent(joules & (LAYER == 0))
    assert missing < Fraction(float(instance.cost[0]))


def test_what_is_no_worth_is_refused():
    instance, _ = drawn(0)
    shapes = ([1, 1, 1], [1] * 5, [[1] * 4], "x")
    numbers = ([1, 1, 0, 1], [1, 1, -0.5, 1], [1, 1, np.nan, 1], [1, 1, np.inf, 1])
    for worth, said in [*((worth, "one number a layer, 4 of them, got") for worth in shapes),
                        *((worth, "numbers > 0") for worth in numbers)]:  # fmt: skip
        for method in (above_safe_reserve, above_energy_reserve):
            with pytest.raises(InputError, match=said):
                method(instance, SIZES, worth)
    with pytest.raises(InputError, match="worth goes with rounding 'prefix', got 'fill'"):
        safe(instance, SIZES, worth=np.ones(4), rounding="fill")
    with pytest.raises(InputError, match="safety = 2"):
        above_energy_reserve(instance, SIZES, np.ones(4), 2)


@pytest.mark.parametrize("kind", ["array", "tensor"])
def test_the_front_door_of_safe_takes_worth(kind):
    instance, worth = drawn(7)
    want = above_safe_reserve(instance, SIZES, worth, "0.5")
    update = np.sqrt(instance.score)
    if kind == "array":
        out = np.zeros(D, dtype=bool)
        found = safe(update, SIZES, "0.5", cost=CLASSES, budget=40, worth=worth, out=out)
        assert found.mask is out
    else:
        torch = pytest.importorskip("torch")
        given = torch.from_numpy(update)
        found = safe(given, SIZES, "0.5", cost=CLASSES, budget=40, worth=torch.from_numpy(worth))
        assert isinstance(found.mask, torch.Tensor)
        assert len(found.support) == int(want.mask.sum())
    assert np.array_equal(np.asarray(found.mask), want.mask)
    assert found.spent * found.unit == want.spent * want.unit
