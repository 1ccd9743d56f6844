"""Safe CWMP: the fast search is the plain rule, bit for bit; floors, budget and certificate are exact."""

import sys
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from theory import CostClasses, InputError, Instance, cwmp, top_k
from theory.arithmetic import compiled_loops
from theory.budget import percent
from theory.feedback.compressor import Compressor
from theory.optimum.safety import relax_safe, safe_bound
from theory.selection import reserves
from theory.selection.bracket import SMALL
from theory.selection.order import density_order, longest_affordable
from theory.selection.safe import LayerShare, as_safety, safe, starved

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


def by_hand(instance, sizes, theta):
    """Mask and critical item of the rule, in whole numbers: reserves, or what Top-K keeps where they do not fit."""
    score, cost, left = instance.score.astype(int), instance.cost.astype(int), int(instance.budget)
    top, spans = top_k(instance).mask, np.cumsum([0, *sizes])
    order = [i for i in range(instance.d) if score[i] > 0 and cost[i] <= left]
    order.sort(key=lambda i: (-Fraction(int(score[i]), int(cost[i])), i))
    kept_by_top = [[i for i in range(a, b) if top[i]] for a, b in pairwise(spans)]
    reserved = []
    for (a, b), kept in zip(pairwise(spans), kept_by_top, strict=True):
        inside = [i for i in order if a <= i < b]
        enough = (k for k in range(len(inside) + 1) if score[inside[:k]].sum() >= theta * int(score[kept].sum()))
        reserved.append(inside[: next(enough)])
    fit = sum(cost[items].sum() for items in reserved) <= left
    if not fit:
        pairs = zip(kept_by_top, reserved, strict=True)
        reserved = [kept if cost[kept].sum() < cost[items].sum() else items for kept, items in pairs]
    kept = {i for items in reserved for i in items}
    left -= int(cost[list(kept)].sum()) if kept else 0
    for i in (i for i in order if i not in kept):
        if cost[i] > left:
            return kept, i, order, fit
        kept, left = kept | {i}, left - int(cost[i])
    return kept, None, order, fit


def test_every_rounding_of_small_instances_by_hand():
    rng, seen = np.random.default_rng(21), set()
    for _ in range(80):
        sizes = [3, 0, 2, 2] if rng.random() < 0.5 else [2, 5]
        score, cost = rng.integers(0, 9, 7).astype(float), rng.integers(1, 9, 7).astype(float)
        instance = Instance.from_scores(score, cost, int(rng.integers(1, 25)))
        theta = Fraction(int(rng.integers(0, 11)), 10)
        kept, critical, order, fit = by_hand(instance, sizes, theta)
        more, left = set(kept), int(instance.budget - cost[list(kept)].sum()) if kept else int(instance.budget)
        for i in order:
            if i not in more and cost[i] <= left:
                more, left = more | {i}, left - int(cost[i])
        top = set(np.flatnonzero(top_k(instance).mask).tolist())
        retained = {name: sum(score[list(items)]) for name, items in (("fill", more), ("top", top))}
        best = top if retained["top"] > retained["fill"] else more
        seen |= {(fit, best is top), ("equal", retained["top"] == retained["fill"] and top != more)}
        for rounding, expected in (("prefix", kept), ("fill", more), ("best-of", best)):
            found = safe(instance, sizes, theta, rounding=rounding)
            assert set(np.flatnonzero(found.mask).tolist()) == expected, rounding
            assert (found.spent, found.retained) == tuple(
                int(x[list(expected)].sum()) if expected else 0 for x in (cost, score)
            )
            assert found.critical_item == critical
            assert found.threshold == (0 if critical is None else Fraction(score[critical]) / Fraction(cost[critical]))
    assert seen == {(True, True), (True, False), (False, False), ("equal", True), ("equal", False)}


def test_what_a_layer_keeps_is_said_beside_what_it_is_owed():
    lacks, enough = LayerShare("conv", Fraction(3), Fraction(8)), LayerShare("fc", Fraction(4), Fraction(4))
    assert str(lacks) == "conv: starved, keeps 3 of 8 owed (62.5% missing)"
    assert str(enough) == "fc: keeps 4, is owed 4"
    assert (lacks.starved, lacks.missing) == (True, 5)
    assert (enough.starved, enough.missing, LayerShare("a", Fraction(9), Fraction(8)).missing) == (False, 0, 0)
    instance = Instance.from_scores([5.0, 4, 3, 2, 1, 9], [1.0, 1, 1, 1, 1, 6], 6)
    found = starved(instance, [2, 1, 3], "0.5")  # Top-K keeps the nine alone, CWMP stops at it
    assert [(one.name, one.kept, one.owed) for one in found] == [
        ("layer 0", 9, 0), ("layer 1", 3, 0), ("layer 2", 2, Fraction(9, 2)),
    ]  # fmt: skip


def test_a_share_is_the_decimal_that_a_float_prints():
    shares = {0.1: "1/10", np.float32(0.1): "1/10", "0.1": "1/10", "1/3": "1/3", 0: "0", 1.0: "1", "1": "1"}
    for given, share in shares.items():
        assert as_safety(given) == Fraction(share)
    for wrong in (1.0000001, "1.1", 2, -1, "-0.0001", -1.0):
        with pytest.raises(InputError, match="must be a share in"):
            as_safety(wrong)


@pytest.mark.parametrize("d", [100, SMALL, SMALL + 1])
def test_of_a_large_update_no_instance_is_made(monkeypatch, d):
    """One pass looks at it and finds Top-K; where it is small, or cannot be ordered, it is checked first."""
    made = []

    class Counted(Instance):
        def __init__(self, *given):
            made.append(given)
            super().__init__(*given)

    update, cost = RNG.standard_normal(d), np.ones(d)
    expected = safe(Instance(update, cost, 50), [d]).mask
    monkeypatch.setitem(safe.__wrapped__.__globals__, "Instance", Counted)
    assert np.array_equal(safe(update, [d], cost=cost, budget=50).mask, expected)
    assert len(made) == (d <= SMALL)
    update[7] = np.nan
    with pytest.raises(InputError, match="finite"):
        safe(update, [d], cost=cost, budget=50)
    update[7] = 1.0
    with pytest.raises(InputError, match="budget"):
        safe(update, [d], cost=cost, budget=-1)


def test_masks_go_where_they_are_asked_for():
    torch = pytest.importorskip("torch")
    update, cost = np.array([3.0, 2.0, 1.0, 4.0]), np.ones(4)
    want = [True, False, False, True]
    out, places = np.empty(4, bool), torch.empty(4, dtype=torch.bool)
    assert safe(update, [4], cost=cost, budget=2, out=out).mask is out
    assert safe(update, [4], cost=cost, budget=2, out=places).mask is places
    assert out.tolist() == places.tolist() == want
    assert isinstance(safe(update, [4], cost=cost, budget=2).mask, np.ndarray)
    found = safe(torch.from_numpy(update), [4], cost=cost, budget=2).mask
    assert isinstance(found, torch.Tensor)
    assert found.tolist() == want
    out[:] = False
    assert safe(torch.from_numpy(update), [4], cost=cost, budget=2, out=out).mask is out
    assert out.tolist() == want


def test_what_torch_compiles_leaves_it_as_it_is(monkeypatch):
    left = []
    torch = SimpleNamespace(compiler=SimpleNamespace(disable=lambda function: left.append(function) or function))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._dynamo", SimpleNamespace())
    safe([1.0, 2.0], [2], cost=1, budget=1)
    assert safe.__wrapped__ in left
