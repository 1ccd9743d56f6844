"""The Triton kernels give the sorted prefix, bit for bit: on a CUDA device, or interpreted on the processor."""

from fractions import Fraction

import large_updates
import numpy as np
import pytest
from large_updates import COSTS

from proofs_check.methods.instances import instances
from theory import CostClasses, Instance
from theory.selection.order import sorted_prefix

torch = pytest.importorskip("torch")
pytest.importorskip("triton")
WHERE = "cuda" if torch.cuda.is_available() else "cpu"
D = 12_000

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from theory.selection.accelerator import prefix as device  # noqa: E402
from theory.selection.accelerator import triton_prefix as device_triton  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, in the interpreter's float arithmetic


def updates(name, dtype):
    return large_updates.updates(name, dtype)[:D]


def costs(name):
    cost = large_updates.costs(name)
    if isinstance(cost, CostClasses):
        return CostClasses(cost.labels[:: cost.labels.size // D][:D], cost.values)
    return cost[:D] if isinstance(cost, np.ndarray) else cost


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """The interpreter is slow: less of everything, in as many blocks."""
    if WHERE == "cpu":
        monkeypatch.setattr(device_triton, "_SAMPLE", 1 << 11)
        monkeypatch.setattr(device_triton, "_FEW", 1 << 12)


def chosen(update, cost, budget, weight="square", *, by_cost=True):
    """What the kernels choose, and whether the first try decided."""
    tries = []

    def engine(problem, *, careful=False):
        tries.append(careful)
        return device_triton.prefix(problem, careful=careful)

    if isinstance(cost, CostClasses):
        cost = CostClasses(torch.from_numpy(cost.labels).to(WHERE), cost.values)
    elif isinstance(cost, np.ndarray):
        cost = torch.from_numpy(cost).to(WHERE)
    values = torch.from_numpy(update).to(WHERE)
    return device.choose(values, cost, budget, weight, by_cost=by_cost, engine=engine), len(tries) == 1


def agrees(found, instance, weights, *, by_cost):
    expected = sorted_prefix(weights, instance.cost, instance.budget, by_cost=by_cost)
    assert np.array_equal(found.mask.cpu().numpy(), expected.mask)
    assert (found.critical_item, found.spent()) == (expected.critical_item, expected.spent)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("update", ["gaussian", "few values"])
def test_kernels_give_the_sorted_prefix(cost, update):
    g, c = updates(update, np.float32), costs(cost)
    base, decided = Instance(g, c, 0), 0
    for share, by_cost, weight in (
        ("0.1", True, "square"),
        ("0.01", True, "magnitude"),
        ("0.63", False, "square"),
        ("1", True, "square"),
    ):
        instance = base.with_budget(Fraction(share) * base.total_cost)
        found, _ = chosen(g, c, instance.budget * instance.unit, weight, by_cost=by_cost)
        if found is not None:
            decided += 1
            weights = instance.score if weight == "square" else np.abs(g.astype(float))
            agrees(found, instance, weights, by_cost=by_cost)
    assert decided >= 2


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("cost", ["lognormal", "layers", "one cost", "float16"])
def test_what_is_usual_is_decided_at_the_first_try(cost, dtype):
    g, c = updates("gaussian", dtype), costs(cost)
    instance = Instance(g, c, budget="5%")
    found, first = chosen(g, c, instance.budget * instance.unit)
    assert found is not None
    assert first or (dtype, cost) == (np.float16, "one cost")  # ties fill more than the bracket
    agrees(found, instance, instance.score, by_cost=True)


def test_sums_that_reach_the_budget_exactly_are_decided_where_costs_lie_on_a_grid():
    g = updates("gaussian", np.float32)
    c = np.ones(g.size, dtype=np.float32)
    instance = Instance(g, c, budget="25%")
    found, _ = chosen(g, c, instance.budget)
    assert found is not None
    agrees(found, instance, instance.score, by_cost=True)
    fine = np.full(g.size, 1 + 2.0**-52)  # no grid: the same question is handed on
    instance = Instance(g.astype(float), fine, budget="25%")
    assert chosen(g.astype(float), fine, instance.budget)[0] is None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["update", "cost"])
@pytest.mark.parametrize("at", [0, -1])
def test_what_is_not_finite_is_handed_on(bad, where, at):
    g, c = updates("gaussian", np.float32).copy(), np.ones(D, dtype=np.float32)
    (g if where == "update" else c)[at] = bad
    assert chosen(g, c, 100)[0] is None


def test_labels_that_are_none_are_handed_on():
    labels = np.zeros(D, dtype=np.int32)
    for wrong in (-1, 2):
        labels[-1] = wrong
        assert chosen(updates("gaussian", np.float32), CostClasses(labels, [1, 2]), 100)[0] is None


def test_ratios_that_only_round_alike_are_handed_on():
    """The dearer of two comes first by index, and second by its exact ratio."""
    cheap = next(c for c in np.linspace(1.9, 2, 1000) if 1 / c == 1 / np.nextafter(c, 3))
    g, c = np.ones(2), np.array([np.nextafter(cheap, 3), cheap])
    instance = Instance(g, c, 3)
    assert sorted_prefix(instance.score, instance.cost, instance.budget).mask.tolist() == [False, True]
    assert chosen(g, c, instance.budget)[0] is None


@settings(max_examples=25)
@given(instances(min_items=1, max_items=9), st.booleans())
def test_kernels_on_small_hard_instances(instance, by_cost):
    g = np.sqrt(instance.score)
    exact = Instance(g, instance.cost, instance.budget)
    found, _ = chosen(g, instance.cost, instance.budget, by_cost=by_cost)
    if found is not None:
        agrees(found, exact, exact.score, by_cost=by_cost)


@pytest.mark.parametrize("spread", [0, 40, 300])
def test_sums_on_the_device_are_exact(spread):
    rng = np.random.default_rng(spread)
    values = rng.standard_normal(100_000) * np.exp2(rng.uniform(-spread, spread, 100_000))
    assert device.exact_device_sum(torch.from_numpy(values).to(WHERE)) == sum(map(Fraction, values.tolist()))
    assert device.exact_device_sum(torch.zeros(3)) == 0
    assert device.exact_device_sum(torch.tensor([2.0**1000, 1.0], dtype=torch.float64)) == 2**1000 + 1
