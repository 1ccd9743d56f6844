"""The hook under a GradScaler, bf16 autocast and accumulation: as training without it, and nothing lost (D17)."""

import os

import pytest

torch = pytest.importorskip("torch")

import torch.distributed as dist  # noqa: E402
import torch.multiprocessing as processes  # noqa: E402
from process_group import Bucket, alone  # noqa: E402
from torch import nn  # noqa: E402

from theory import InputError  # noqa: E402
from theory.feedback.ddp import PruningState, prune_hook  # noqa: E402

WORLD, STEPS = 2, 4
OVERFLOWS = {"both": ((0, 1), "inf"), "one": ((1,), "inf"), "nan": ((0,), "nan")}


def train(rank, share, *, bad=(), value="inf", scaled=True, autocast=False, accumulate=False):
    """Scale by step, the weights, residuals after the first step; no hook where the share is None."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
    ddp = nn.parallel.DistributedDataParallel(model, bucket_cap_mb=0.0001)  # the two layers are buckets apart
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**16, enabled=scaled)
    state = PruningState(model, "fc=1", share or "100%", scaler=scaler)
    if share:
        ddp.register_comm_hook(state, prune_hook)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    draw, scales, first = torch.Generator().manual_seed(rank), [], None
    for step in range(STEPS):
        optimiser.zero_grad()
        if accumulate:
            with ddp.no_sync():
                scaler.scale(ddp(torch.randn(4, 8, generator=draw)).pow(2).mean()).backward()
        with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            loss = ddp(torch.randn(4, 8, generator=draw)).float().pow(2).mean()
        if step == 0 and rank in bad:  # through the first layer alone, whose gradient comes last
            loss = loss + model[0].weight.sum() * float(value)
        scaler.scale(loss).backward()
        scaler.step(optimiser)
        scaler.update()
        scales.append(scaler.get_scale())
        first = dict(state.residuals) if first is None else first
    return scales, nn.utils.parameters_to_vector(model.parameters()).detach(), first


def jobs(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=WORLD)
    found = {}
    for share in (None, "100%", "30%"):
        for name, (bad, value) in OVERFLOWS.items():
            found[name, share] = train(rank, share, bad=bad, value=value)
        for name in ("autocast", "accumulate"):
            found[name, share] = train(rank, share, scaled=name == "accumulate", **{name: True})
    torch.save(found, f"{folder}/{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()
    os._exit(0)  # gloo's threads do not always outlast an interpreter that is being taken down


def test_two_processes_skip_and_accumulate_as_without_the_hook(tmp_path):
    processes.spawn(jobs, args=(str(tmp_path),), nprocs=WORLD)
    ranks = [torch.load(tmp_path / f"{rank}.pt") for rank in range(WORLD)]
    for found in ranks:
        for name in (*OVERFLOWS, "autocast", "accumulate"):
            plain, everything, pruned = (found[name, share] for share in (None, "100%", "30%"))
            assert plain[0] == everything[0] == pruned[0]
            assert torch.allclose(plain[1], everything[1], rtol=1e-5, atol=1e-7), name
            assert torch.isfinite(pruned[1]).all()
            assert not torch.equal(plain[1], pruned[1])
            assert torch.equal(pruned[1], ranks[0][name, "30%"][1])
            if name in OVERFLOWS:
                assert plain[0] == [2.0**15] * STEPS
                assert pruned[2] == {}, "nothing is remembered of a step that was skipped"


@pytest.fixture
def _alone(tmp_path):
    with alone(tmp_path):
        yield


class Scaler:
    """Of a GradScaler what the hook asks."""

    def __init__(self, scale):
        self.now = scale

    def is_enabled(self):
        return True

    def get_scale(self):
        return self.now


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_all_that_goes_in_comes_out_whatever_the_scale(dtype, factor):
    model, scaler = nn.Linear(6, 1, bias=False), Scaler(8.0)
    state = PruningState(model, "1", "34%", scaler=scaler)
    given, arrived = torch.zeros(6, dtype=torch.float64), torch.zeros(6, dtype=torch.float64)
    draw = torch.Generator().manual_seed(0)
    for step in range(40):
        gradient = torch.randn(6, generator=draw) if step < 12 else torch.zeros(6)
        scaled = (gradient * scaler.now).to(dtype)
        given += scaled.double() / scaler.now
        arrived += prune_hook(state, Bucket(0, list(model.parameters()), scaled)).wait().double() / scaler.now
        if step % 5 == 4 and step < 25:
            scaler.now *= factor if step % 10 == 4 else 1 / factor
    assert torch.allclose(arrived, given, rtol=0, atol=1e-5)
    assert state.residuals["weight"].abs().max() < 1e-5


@pytest.mark.usefixtures("_alone")
def test_gradients_of_float64_are_averaged_in_it():
    model = nn.Linear(2, 1, bias=False).double()
    gradient = torch.tensor([1 + 2.0**-40, -3.0], dtype=torch.float64)
    found = prune_hook(PruningState(model, "1", "100%"), Bucket(0, list(model.parameters()), gradient)).wait()
    assert torch.equal(found, gradient)


@pytest.mark.usefixtures("_alone")
def test_a_skipped_step_leaves_every_bucket_as_it_was():
    model = nn.Sequential(nn.Linear(3, 1, bias=False), nn.Linear(2, 1, bias=False))
    state = PruningState(model, "1", "50%")
    first, second = ([layer.weight] for layer in model)
    steps = [torch.tensor([3.0, 2.0, 1.0]), torch.tensor([1.0, 2.0])]
    for index, (parameters, gradient) in enumerate(zip((first, second), steps, strict=True)):
        prune_hook(state, Bucket(index, parameters, gradient)).wait()
    before = {name: value.clone() for name, value in state.residuals.items()}
    assert before["0.weight"].tolist() == [0, 2, 1]
    sent = state.sent
    prune_hook(state, Bucket(0, first, steps[0])).wait()
    assert not torch.equal(state.residuals["0.weight"], before["0.weight"])
    broken = torch.tensor([torch.inf, 1.0])
    assert prune_hook(state, Bucket(1, second, broken)).wait().tolist() == [torch.inf, 1.0]
    assert {n: r.tolist() for n, r in state.residuals.items()} == {n: r.tolist() for n, r in before.items()}
    assert (state.sent, state.joules) == (sent + 1 + 2, sent + 1 + 2)  # it was sent all the same
    prune_hook(state, Bucket(0, first, torch.zeros(3))).wait()
    assert state.residuals["0.weight"].tolist() == [0, 0, 1]


@pytest.mark.usefixtures("_alone")
def test_a_skipped_step_teaches_nothing_and_the_scale_of_a_loss_is_no_weight():
    model = nn.Sequential(nn.Linear(3, 1, bias=False), nn.Linear(2, 1, bias=False))
    state = PruningState(model, "1", "50%", selector="safe", learn_worth=True)
    first, second = ([layer.weight] for layer in model)
    two = lambda *values: [(torch.tensor([0]), torch.tensor([v])) for v in values]  # noqa: E731
    good, broken = Bucket(1, second, torch.ones(2)), Bucket(1, second, torch.tensor([torch.inf, 1.0]))

    def step(last, scale, sent):
        """Of two processes, all of which this one hears while the step goes on."""
        prune_hook(state, Bucket(0, first, torch.ones(3))).wait()
        state.learn(["0.weight"], [3], scale, sent)
        prune_hook(state, last).wait()
        state.learn(["1.weight"], [2], scale, sent)

    step(good, 1.0, two(3.0, 2.0))
    step(good, 2.0**20, two(2.0**20, -(2.0**20)))
    step(broken, 1.0, two(100.0, 100.0))
    step(good, 1.0, two(0.0, 0.0))
    want = 0.8 * 12 - 2, 0.8 * 12 + 2  # twice the product of a pair; the step before weighs 0.8
    state.worth.begin()
    assert state.worth.pairs == {name: pytest.approx([0.8 * w for w in want]) for name in ("0.weight", "1.weight")}


@pytest.mark.usefixtures("_alone")
def test_the_scaler_that_lives_is_found():
    scaler, model = torch.amp.GradScaler("cpu", init_scale=4.0), nn.Linear(2, 1, bias=False)
    scaler.scale(torch.ones(1))
    state = PruningState(model, "1", "50%")
    prune_hook(state, Bucket(0, list(model.parameters()), torch.tensor([8.0, 4.0]))).wait()
    assert state.residuals["weight"].tolist() == [0, 1]
    other = torch.amp.GradScaler("cpu", init_scale=8.0)
    other.scale(torch.ones(1))
    with pytest.raises(InputError, match=r"2 GradScalers live; say which one"):
        prune_hook(PruningState(model, "1", "50%"), Bucket(0, list(model.parameters()), torch.ones(2)))
    with pytest.raises(InputError, match=r"scaler must be a torch.amp.GradScaler, got int"):
        PruningState(model, "1", "50%", scaler=3)
