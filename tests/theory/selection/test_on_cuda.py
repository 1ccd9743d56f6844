"""On a CUDA device: what is selected there is what the processor selects, bit for bit, and nothing waits on the way."""

from fractions import Fraction

import numpy as np
import pytest

from theory import CostClasses, cwmp, top_k

torch = pytest.importorskip("torch")
if not torch.cuda.is_available():
    pytest.skip("no CUDA device", allow_module_level=True)

from theory.feedback.ddp import PruningState, prune_hook  # noqa: E402
from theory.selection.accelerator import prefix as device  # noqa: E402
from theory.selection.accelerator import tensor_ops as device_ops  # noqa: E402

DTYPES = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
COSTS = ["lognormal", "half", "integers", "layers", "mixed classes", "one cost"]
UPDATES = ["gaussian", "heavy tailed", "signs", "mostly zeros"]


def update_of(name, d, dtype):
    """Drawn on the device, in whatever law."""
    rng = torch.Generator("cuda").manual_seed(d)
    g = torch.randn(d, device="cuda", generator=rng)
    if name == "heavy tailed":
        g = g / (torch.rand(d, device="cuda", generator=rng) + 1e-3)
    elif name == "signs":
        g = g.sign() / 8
    elif name == "mostly zeros":
        g = torch.where(torch.rand(d, device="cuda", generator=rng) < 0.99, 0, g)
    return g.to(dtype)


def cost_of(name, d):
    rng = torch.Generator("cuda").manual_seed(d + 1)
    if name in ("lognormal", "half"):
        c = torch.exp(torch.randn(d, device="cuda", generator=rng))
        return c.clamp(min=0.01).half() if name == "half" else c
    if name == "integers":
        return torch.randint(1, 6, (d,), device="cuda", generator=rng).float()
    if name == "one cost":
        return "0.3"
    labels = torch.randint(0, 10, (d,), device="cuda", generator=rng, dtype=torch.uint8)
    return CostClasses(labels.sort().values if name == "layers" else labels, [str(k) for k in range(1, 11)])


def on_host(cost):
    if isinstance(cost, CostClasses):
        return CostClasses(cost.labels.cpu(), cost.values)
    return cost.cpu() if torch.is_tensor(cost) else cost


def budget_of(cost, d, share):
    """Joules, as a decimal that is the same on both sides."""
    if isinstance(cost, CostClasses):
        return Fraction(share) * sum(
            (int(label) + 1) * n for label, n in enumerate(torch.bincount(cost.labels.int()).tolist())
        )
    return Fraction(share) * (Fraction(float(cost.double().sum())) if torch.is_tensor(cost) else d * Fraction(cost))


def same(select, g, cost, budget, threads=4, **kwargs):
    found = select(g, cost, budget, **kwargs)
    expected = select(g.cpu(), on_host(cost), budget, threads=threads, **kwargs)
    assert found.mask.is_cuda
    assert torch.equal(found.mask.cpu(), expected.mask)
    assert (found.critical_item, found.threshold) == (expected.critical_item, expected.threshold)
    if g.numel() <= 10**6:
        assert (found.spent, found.retained) == (expected.spent, expected.retained)


@pytest.mark.parametrize("d", [1, 1000, 32_769, 10**6])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("cost", COSTS)
def test_every_width_and_kind_of_cost(cost, dtype, d):
    c = cost_of(cost, d)
    for name in UPDATES if d < 10**6 else UPDATES[:2]:
        g = update_of(name, d, dtype)
        for share in ("0.01", "0.3"):
            budget = budget_of(c, d, share)
            same(cwmp, g, c, budget)
            same(top_k, g, c, budget)
            same(cwmp, g, c, budget, loss="l1")
    same(cwmp, update_of("gaussian", d, dtype), c, budget_of(c, d, "0.1"), rounding="fill")
    same(cwmp, update_of("gaussian", d, dtype), c, budget_of(c, d, "0.1"), rounding="best-of")


@pytest.mark.parametrize("d", [10**7, 10**8])
@pytest.mark.parametrize("cost", ["lognormal", "layers", "mixed classes", "one cost"])
def test_model_sizes(cost, d):
    c, g = cost_of(cost, d), update_of("heavy tailed", d, torch.float32)
    same(cwmp, g, c, budget_of(c, d, "0.1"), threads=16)
    if d == 10**7:
        same(top_k, g.half(), c, budget_of(c, d, "0.01"), threads=16)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("cost", COSTS[:-1])
@pytest.mark.parametrize("careful", [False, True])
def test_nothing_waits_for_the_device(cost, dtype, careful):
    d = 10**6
    c, g = cost_of(cost, d), update_of("gaussian", d, dtype)
    classes = (c.labels, np.arange(1.0, 11)) if isinstance(c, CostClasses) else None
    each = None if classes else c
    problem = device.problem_of(g, "square", each, classes, budget_of(c, d, "0.1"), by_cost=True)
    for engine in (device.engine_for(g), device_ops.prefix):
        engine(problem, careful=careful)  # compiled, and memory taken
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode("error")
        try:
            engine(problem, careful=careful)
        finally:
            torch.cuda.set_sync_debug_mode("default")


def test_what_is_usual_is_decided_by_the_first_try():
    tries = []

    def engine(problem, *, careful=False):
        tries.append(careful)
        return device.engine_for(problem.values)(problem, careful=careful)

    for cost in ("lognormal", "half", "integers", "layers", "mixed classes"):
        for d in (10**4, 10**6, 10**7):
            c, g = cost_of(cost, d), update_of("heavy tailed", d, torch.float32)
            for share in ("0.01", "0.1", "0.5"):
                assert device.choose(g, c, budget_of(c, d, share), "square", by_cost=True, engine=engine)
    assert sum(tries) <= len(tries) / 20


def test_the_engines_agree():
    for cost in COSTS[:-1]:
        c, g = cost_of(cost, 10**6), update_of("heavy tailed", 10**6, torch.float32)
        answers = [
            device.choose(g, c, budget_of(c, 10**6, "0.05"), "square", by_cost=True, engine=engine)
            for engine in (device.engine_for(g), device_ops.prefix)
        ]
        masks = [answer.mask for answer in answers if answer]
        assert masks
        assert all(torch.equal(masks[0], mask) for mask in masks)


def test_masks_and_sums_repeat():
    c, g = cost_of("lognormal", 10**7), update_of("gaussian", 10**7, torch.float32)
    budget = budget_of(c, 10**7, "0.1")
    first = cwmp(g, c, budget)
    for _ in range(20):
        again = cwmp(g, c, budget)
        assert torch.equal(again.mask, first.mask)
    assert first.spent == cwmp(g.cpu(), c.cpu(), budget, threads=16).spent


def test_the_hook_over_nccl(tmp_path):
    from process_group import alone
    from torch import nn

    with alone(tmp_path, "nccl"):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(300, 200), nn.ReLU(), nn.Linear(200, 10)).cuda()
        x = torch.randn(64, 300, device="cuda")
        model(x).square().mean().backward()
        plain = torch.cat([p.grad.flatten() for p in model.parameters()]).cpu()
        model.zero_grad()
        prices = {name: 1 + 9 * (name == "0.weight") for name, _ in model.named_parameters()}
        labels = torch.cat([torch.full((p.numel(),), int(n == "0.weight")) for n, p in model.named_parameters()])
        parallel = nn.parallel.DistributedDataParallel(model)
        state = PruningState(model, prices, budget="5%")
        parallel.register_comm_hook(state, prune_hook)
        parallel(x).square().mean().backward()
        sent = torch.cat([p.grad.flatten() for p in model.parameters()]).cpu()
        mask = cwmp(plain, CostClasses(labels, [1, 10]), budget="5%").mask
        assert torch.equal(sent, torch.where(mask, plain, 0))
        assert state.sent == int(mask.sum())
