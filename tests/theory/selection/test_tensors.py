"""Tensors give what arrays give, bit for bit; and the code for accelerators, run here on the processor, does too."""

from fractions import Fraction

import numpy as np
import pytest
from large_updates import COSTS, SHARES, D, costs, updates

from proofs_check.methods.instances import instances
from theory import CostClasses, InputError, Instance, cwmp, top_k
from theory.budget import percent
from theory.selection import tensors
from theory.selection.entries import entries_of
from theory.selection.order import sorted_prefix

torch = pytest.importorskip("torch")
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from theory.selection.accelerator import prefix as device  # noqa: E402
from theory.selection.accelerator import tensor_ops as device_ops  # noqa: E402

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def as_tensors(cost):
    if isinstance(cost, CostClasses):
        return CostClasses(torch.from_numpy(cost.labels), cost.values)
    return torch.from_numpy(cost) if isinstance(cost, np.ndarray) else cost


@pytest.mark.parametrize("where", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("cost", ["lognormal", "layers", "one cost", "float16"])
def test_tensors_of_every_width(cost, dtype, where):
    g, c = torch.from_numpy(updates("gaussian", np.float64)).to(dtype), costs(cost)
    wide = g.double().numpy()
    for select in (cwmp, top_k):
        expected = select(Instance(wide, c, budget="7%"))
        found = select(g.to(where), as_tensors(c), budget="7%")
        assert found.mask.device.type == where
        assert found.mask.dtype == torch.bool
        assert np.array_equal(found.mask.cpu().numpy(), expected.mask)
        assert (found.spent, found.critical_item) == (expected.spent, expected.critical_item)
        assert (found.threshold, found.retained) == (expected.threshold, expected.retained)
        assert np.array_equal(found.support.cpu().numpy(), expected.support)


@pytest.mark.parametrize("where", DEVICES)
def test_masks_go_where_they_are_wanted_and_gradients_stay_out(where):
    g = torch.from_numpy(updates("gaussian", np.float32)).to(where).requires_grad_()
    c, out = torch.from_numpy(costs("lognormal")).to(where), torch.zeros(D, dtype=torch.bool, device=where)
    for rounding in ("prefix", "fill"):
        selection = cwmp(g, c, budget="10%", rounding=rounding, out=out)
        assert selection.mask is out
        expected = cwmp(g.detach().cpu().numpy(), costs("lognormal"), budget="10%", rounding=rounding)
        assert np.array_equal(out.cpu().numpy(), expected.mask)
    with pytest.raises(InputError, match="out must be bool"):
        cwmp(g, c, budget="10%", out=torch.zeros(D, device=where))


@pytest.mark.parametrize("d", [1000, D])
@pytest.mark.parametrize("on_device", [False, True])
def test_out_of_the_other_kind_than_the_update(on_device, d, monkeypatch):
    """Also as for an update and a mask in an accelerator's memory; where all is the processor's, no mask is copied."""
    copied, put = [], tensors.put
    monkeypatch.setattr(tensors, "put", lambda *given: copied.append(put(*given)))
    if on_device:
        monkeypatch.setattr(tensors, "on_accelerator", tensors.is_tensor)
    g, c = updates("gaussian", np.float32)[:d], costs("lognormal")[:d]
    expected = cwmp(g, c, budget="10%").mask
    for update in (g, torch.from_numpy(g)):
        for out in (np.zeros(d, dtype=bool), torch.zeros(d, dtype=torch.bool)):
            assert cwmp(update, c, budget="10%", out=out).mask is out
            assert np.array_equal(np.asarray(out), expected)
    assert bool(copied) == on_device


@pytest.mark.parametrize("where", DEVICES)
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_not_finite_is_refused(bad, where):
    g = torch.from_numpy(updates("gaussian", np.float32)).to(where)
    for at in (0, D - 1):
        broken = g.clone()
        broken[at] = bad
        with pytest.raises(InputError, match=rf"update\[{at}\]"):
            cwmp(broken, "0.3", 5)
        c = torch.ones(D, device=where)
        c[at] = bad
        with pytest.raises(InputError, match=rf"cost\[{at}\]"):
            top_k(g, c, 5)


# --- the code for accelerators, on the processor ---------------------------------------------------


def on_device(update, cost, budget, weight="square", *, by_cost=True):
    chosen = device.choose(torch.from_numpy(update), as_tensors(cost), budget, weight, by_cost=by_cost)
    return chosen


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("cost", COSTS)
def test_device_code_gives_the_sorted_prefix_or_hands_on(cost, dtype, monkeypatch):
    monkeypatch.setattr(device_ops, "_CHUNK", 30_000)
    decided = 0
    for update in ("gaussian", "few values", "mostly zeros", "one value", "all zeros"):
        g, c = updates(update, dtype), costs(cost)
        base = Instance(g, c, 0)
        for share in SHARES:
            instance = base.with_budget(Fraction(share) * base.total_cost)
            for by_cost, weight in ((True, "square"), (False, "square"), (True, "magnitude")):
                weights = instance.score if weight == "square" else np.abs(g.astype(float))
                chosen = on_device(g, c, instance.budget * instance.unit, weight, by_cost=by_cost)
                if chosen is None:
                    continue
                decided += 1
                expected = sorted_prefix(weights, instance.cost, instance.budget, by_cost=by_cost)
                assert np.array_equal(chosen.mask.numpy(), expected.mask)
                assert (chosen.critical_item, chosen.spent()) == (expected.critical_item, expected.spent)
    assert decided > 5 * 7 * 3 / 6


def test_device_code_decides_what_is_usual():
    for cost in ("lognormal", "classes", "layers", "one cost"):
        for share in ("0.01", "0.1", "0.63"):
            instance = Instance(updates("gaussian", np.float32), costs(cost), budget=percent(share))
            assert on_device(instance.update, costs(cost), instance.budget * instance.unit) is not None, (cost, share)


@given(instances(min_items=1, max_items=9), st.booleans())
def test_device_code_on_small_hard_instances(instance, by_cost):
    g = np.sqrt(instance.score)
    if ((g > 0) & (g < 1e-140)).any():
        return
    exact = Instance(g, instance.cost, instance.budget)
    chosen = on_device(g, instance.cost, instance.budget, by_cost=by_cost)
    if chosen is not None:
        expected = sorted_prefix(exact.score, exact.cost, exact.budget, by_cost=by_cost)
        assert chosen.mask.tolist() == expected.mask.tolist()
        assert (chosen.critical_item, chosen.spent()) == (expected.critical_item, expected.spent)


def test_device_code_next_to_the_bracket_edge(monkeypatch):
    """Ratios closer than float32 can tell: right, or handed on."""
    rng = np.random.default_rng(9)
    g, c = ((1 + rng.integers(0, 40, D) * 2.0**-23).astype(np.float32) for _ in range(2))
    instance = Instance(g, c, budget="30%")
    expected = sorted_prefix(instance.score, instance.cost, instance.budget)
    s = expected.critical_item
    critical = instance.score[s] / instance.cost[s]
    near, answered = [critical * (1 + k * 2.0**-23) for k in range(-12, 13)], 0
    monkeypatch.setattr(device_ops, "_sample_size", lambda d: 50)  # room for all of them
    for low in [0.0, *near]:
        for high in [*near, np.inf]:
            edges = (torch.tensor(low, dtype=torch.float64), torch.tensor(high, dtype=torch.float64))
            monkeypatch.setattr(device_ops, "_bracket", lambda *_, edges=edges: edges)
            chosen = on_device(g, c, instance.budget)
            if chosen is not None:
                answered += 1
                assert np.array_equal(chosen.mask.numpy(), expected.mask)
    assert answered > 20


def test_nothing_waits_for_the_device():
    """Fake tensors hold no values: to read one, or to need a size that depends on one, raises."""
    from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

    with FakeTensorMode():
        g, c = torch.empty(D), torch.empty(D)
        labels = torch.empty(D, dtype=torch.uint8)
        table = torch.empty(2, dtype=torch.float64)
        ticks = torch.empty(2, dtype=torch.int64)
        for problem in (
            device.Problem(g, "square", c, None, None, None, 100.0, 100.0, True),
            device.Problem(g, "square", c, None, None, None, 100.0, 100.0, False),
            device.Problem(g.half(), "magnitude", None, labels, table, ticks, 100, 100.0, True),
        ):
            found = device_ops.prefix(problem)
            assert found.mask.shape == (D,)
            with pytest.raises(DataDependentOutputException):
                found.answer.tolist()


def test_an_instance_hands_its_own_update_to_the_pass():
    """No copy is made on the way."""
    instance = Instance(updates("gaussian", np.float32), "0.3", budget="10%")
    assert entries_of(instance).values is instance.update


def test_where_the_device_selects_and_where_it_leaves_it_to_the_host(monkeypatch):
    """The processor taken for an accelerator: every rounding and loss is what arrays give, in the given mask, too."""
    monkeypatch.setattr(tensors, "on_accelerator", tensors.is_tensor)
    chosen, choose = [], device.choose
    monkeypatch.setattr(device, "choose", lambda *given, **more: chosen.append(choose(*given, **more)) or chosen[-1])
    g, c = torch.from_numpy(updates("gaussian", np.float32)), torch.from_numpy(costs("lognormal"))
    for rounding in ("prefix", "fill", "best-of"):
        for loss in ("l2", "l1", np.sqrt):
            chosen.clear()
            out = torch.zeros(D, dtype=torch.bool)
            found = cwmp(g, c, "5%", loss=loss, rounding=rounding, out=out)
            expected = cwmp(g.numpy(), c.numpy(), "5%", loss=loss, rounding=rounding)
            assert found.mask is out
            assert np.array_equal(out.numpy(), expected.mask)
            assert np.array_equal(cwmp(g, c, "5%", loss=loss, rounding=rounding).mask.numpy(), expected.mask)
            assert (found.spent, found.retained) == (expected.spent, expected.retained)
            assert len(chosen) == 2 * (rounding == "prefix" and isinstance(loss, str))
    monkeypatch.setattr(device, "choose", lambda *given, **more: None)
    assert np.array_equal(top_k(g, c, "5%").mask.numpy(), top_k(g.numpy(), c.numpy(), "5%").mask)
