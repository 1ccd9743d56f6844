"""The code for accelerators, run here on the processor: the sorted prefix bit for bit, or handed on; nothing waits."""

from fractions import Fraction

import numpy as np
import pytest
from large_updates import COSTS, SHARES, D, as_tensors, costs, updates

from proofs_check.methods.instances import instances
from theory import Instance
from theory.budget import percent
from theory.selection.order import sorted_prefix

torch = pytest.importorskip("torch")
from hypothesis import given  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from theory.selection.accelerator import prefix as device  # noqa: E402
from theory.selection.accelerator import tensor_ops as device_ops  # noqa: E402


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
