"""Safe CWMP: the fast search is the plain rule, bit for bit; floors, budget and certificate are exact."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from theory import CostClasses, InputError, Instance, cwmp, top_k
from theory.arithmetic import compiled_loops
from theory.budget import percent
from theory.feedback.compressor import Compressor
from theory.optimum.safety import relax_safe, safe_bound
from theory.selection import reserves
from theory.selection.order import density_order, longest_affordable
from theory.selection.safe import safe, starved

D = 60_000
SIZES = [20_000, 400, 19_600, 20_000]
RNG = np.random.default_rng(3)
SCALE = np.repeat([2, 1, 1, 1], SIZES).astype(np.float32)
UPDATE = (RNG.standard_normal(D).astype(np.float32)) * SCALE
LAYER = np.repeat(np.arange(4), SIZES)
COSTS = {
    "by layer": CostClasses(LAYER, ["10", "0.7", "0.7", "1"]),
    "each": RNG.lognormal(size=D).astype(np.float32) * np.array([20, 1, 1, 1], np.float32)[LAYER],
    "few": CostClasses(RNG.integers(0, 3, D), [1, 2, 30]),
}


@pytest.fixture(autouse=True, params=["numpy", "compiled"])
def large(monkeypatch, request):
    if request.param == "compiled":
        pytest.importorskip("numba")
    monkeypatch.setattr(compiled_loops, "FROM", 1 if request.param == "compiled" else 1 << 60)


def plain_rule(instance, sizes, theta):
    """The rule as it is written down: every layer's reserve by sorting, then everything else by sorting."""
    top, spans = top_k(instance).mask, np.cumsum([0, *sizes])
    mask = np.zeros(instance.d, bool)
    may = (instance.score > 0) & (instance.cost <= float(instance.budget))
    for a, b in pairwise(spans):
        need = theta * instance.retained(a + np.flatnonzero(top[a:b]))
        items = a + np.flatnonzero(may[a:b])
        items = items[density_order(instance.score[items], instance.cost[items])]
        low, high = 0, items.size
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if instance.retained(items[:middle]) >= need else (middle + 1, high)
        mask[items[:low]] = True
    left = instance.budget - instance.spent(mask)
    assert left >= 0
    items = np.flatnonzero(may & ~mask)
    items = items[density_order(instance.score[items], instance.cost[items])]
    mask[items[: longest_affordable(instance.cost[items], left)[0]]] = True
    return mask


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("share", ["0.02", "0.3"])
def test_the_fast_search_is_the_plain_rule(cost, dtype, share):
    update = UPDATE.astype(dtype)
    instance = Instance(update, COSTS[cost], budget=percent(share))
    joules = instance.budget * instance.unit
    for theta in (Fraction(0), Fraction(1, 2), Fraction(4, 5)):
        expected = plain_rule(instance, SIZES, theta)
        for found in (safe(instance, SIZES, theta), safe(update, SIZES, theta, cost=COSTS[cost], budget=joules)):
            assert np.array_equal(found.mask, expected)
            assert found.spent == instance.spent(expected) <= instance.budget
            assert found.retained == instance.retained(expected)
    assert np.array_equal(safe(instance, SIZES, 0).mask, cwmp(instance).mask)


@pytest.mark.parametrize("guess", [set(), {0}, {0, 1, 2, 3}])
def test_a_wrong_guess_changes_nothing(monkeypatch, guess):
    instance = Instance(UPDATE, COSTS["by layer"], budget="10%")
    expected = safe(instance, SIZES).mask
    assert any(share.starved for share in starved(instance, SIZES))
    monkeypatch.setattr(reserves, "_guess", lambda *_: set(guess))
    assert np.array_equal(safe(instance, SIZES).mask, expected)


@pytest.mark.parametrize("cost", COSTS)
def test_the_certificate_is_tight_and_believes_nobody(cost):
    instance = Instance(UPDATE, COSTS[cost], budget="10%")
    relaxed = relax_safe(instance, SIZES)
    assert relaxed.value == relaxed.dual
    for selection in (safe(instance, SIZES), safe(instance, SIZES, rounding="fill"), top_k(instance)):
        assert relaxed.gap(selection) >= 0
    worse = safe_bound(instance, SIZES, relaxed.owed, relaxed.threshold * Fraction(11, 10), relaxed.raised)
    assert worse > relaxed.value


def test_starved_layers_are_named_with_what_they_miss():
    instance = Instance(UPDATE, COSTS["by layer"], budget="10%")
    before, after = starved(instance, SIZES), starved(instance, SIZES, selection=safe(instance, SIZES))
    assert before[0].starved
    assert before[0].missing == before[0].owed - before[0].kept > 0
    assert "layer 0: starved" in str(before[0])
    assert not any(share.starved for share in after)


def test_reserves_that_do_not_fit_give_way_to_what_top_k_keeps():
    instance = Instance.from_scores([4.0, 3.0, 3.0, 2.9], [4.0, 5.0, 3.9, 4.0], 8)
    for theta in ("0.5", "0.9", "1"):
        for rounding in ("prefix", "fill", "best-of"):
            found = safe(instance, [2, 2], theta, rounding=rounding)
            assert instance.spent(found.mask) == found.spent <= 8
            assert not any(s.starved for s in starved(instance, [2, 2], theta, selection=found))


def test_the_compressor_and_tensors():
    torch = pytest.importorskip("torch")
    g = torch.from_numpy(UPDATE)
    compressor = Compressor(COSTS["by layer"], budget="10%", selector="safe", layers=SIZES)
    sent, state = compressor.apply(compressor.init(g), g)
    instance = Instance(UPDATE, COSTS["by layer"], budget="10%")
    assert torch.equal(sent.mask, torch.from_numpy(safe(instance, SIZES).mask))
    assert torch.equal(sent.values + state.residual, g)
    out = torch.empty(D, dtype=torch.bool)
    assert safe(g, SIZES, cost=COSTS["by layer"], budget="10%", out=out).mask is out
    assert torch.equal(out, sent.mask)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"safety": "1.2"}, "must be a share in"),
        ({"safety": "-0.1"}, "must be a share in"),
        ({"layers": [3, 3]}, "hold 6 coordinates, the update has 4"),
        ({"layers": [4, "x"]}, "must be a Layer or its number of coordinates"),
        ({"rounding": "up"}, "rounding must be one of"),
    ],
)
def test_bad_input_is_one_line(change, message):
    given = {"layers": [2, 2], "safety": "0.8", "rounding": "prefix", **change}
    with pytest.raises(InputError, match=message) as caught:
        safe(np.ones(4), given["layers"], given["safety"], cost=1, budget=2, rounding=given["rounding"])
    assert "\n" not in str(caught.value)
    with pytest.raises(InputError, match="safe needs the layers"):
        Compressor(1, 1, selector="safe")
