"""The compressor: conserves, repeats itself, and is what selector and error feedback say; also inside DDP."""

import functools
import os
from fractions import Fraction

import numpy as np
import pytest
from large_updates import costs, updates

from theory import InputError, Instance, cwmp, top_k
from theory.feedback.compressor import Compressor
from theory.feedback.error_feedback import accumulate, split
from theory.selection.worth import above_safe_reserve

torch = pytest.importorskip("torch")

import torch.distributed as dist  # noqa: E402
import torch.multiprocessing as processes  # noqa: E402
from process_group import Bucket, alone  # noqa: E402
from torch import nn  # noqa: E402

from theory.feedback.ddp import PruningState, prune_hook  # noqa: E402


@pytest.mark.parametrize("selector", ["cwmp", "top-k"])
@pytest.mark.parametrize("kind", ["array", "tensor", "bfloat16"])
def test_rounds_conserve_bit_for_bit_and_change_nothing(selector, kind):
    g, c = updates("gaussian", np.float32), costs("lognormal")
    update = g if kind == "array" else torch.from_numpy(g).to(torch.float32 if kind == "tensor" else torch.bfloat16)
    compressor = Compressor(c, budget="5%", selector=selector)
    state = compressor.init(update)
    for _ in range(3):
        total = update + state.residual
        before = state.residual + 0
        sent, after = compressor.apply(state, update)
        assert ((sent.values + after.residual) == total).all()
        assert ((sent.values == 0) | (after.residual == 0)).all()
        assert (state.residual == before).all()
        again, _ = compressor.apply(state, update)
        assert (again.values == sent.values).all()
        wide = np.asarray(total if kind == "array" else total.double())
        expected = (cwmp if selector == "cwmp" else top_k)(Instance(wide, c, state.budget))
        assert np.array_equal(np.asarray(sent.mask), expected.mask)
        indices, values = sent.sparse()
        assert (total[indices] == values).all()
        assert len(indices) == int(expected.mask.sum())
        assert sent.values.dtype == update.dtype
        state = after


def test_without_error_feedback_nothing_is_remembered():
    g = updates("gaussian", np.float32)
    compressor = Compressor("0.3", budget="5%", error_feedback=False)
    state = compressor.init(g)
    sent, after = compressor.apply(state, g)
    assert not after.residual.any()
    assert np.array_equal(sent.values, np.where(sent.mask, g, 0))


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64", "uint8", "bool"])
@pytest.mark.parametrize("kind", ["array", "tensor"])
def test_integers_wrap_so_error_feedback_refuses_them(kind, dtype):
    """Of 300, 297 and 9 that went in, 300, 41 and 9 had come out in int8."""
    update = np.array([100, 99, 3]).astype(dtype)
    update = update if kind == "array" else torch.from_numpy(update)
    said = f"error feedback needs floats, got {update.dtype}, whose sums may not hold what is kept back"
    compressor, forgetful = Compressor(1, 1), Compressor(1, 1, error_feedback=False)
    state = forgetful.init(update)
    for call in (lambda: compressor.init(update), lambda: compressor.apply(state, update)):
        with pytest.raises(InputError, match=said):
            call()
    if dtype != "bool":
        assert forgetful.apply(state, update)[0].values.tolist() == [100, 0, 0]
    with pytest.raises(InputError, match=r"error feedback needs floats, got"):
        accumulate(np.array([100, 99, 3]).astype(dtype), np.array([100, 99, 3]).astype(dtype))


@pytest.mark.parametrize("kind", ["array", "tensor"])
def test_a_sum_beyond_its_type_is_refused_in_one_line(kind):
    update = np.array([60000, 59999, 3], np.float16)
    update = update if kind == "array" else torch.from_numpy(update)
    compressor = Compressor(1, 1)
    _, state = compressor.apply(compressor.init(update), update)
    with pytest.raises(InputError, match=r"update\[1\] = inf \(1 such\): every entry must be finite"):
        compressor.apply(state, update)


def test_bad_compressors_and_updates():
    with pytest.raises(InputError, match="selector must be cwmp, top-k or safe"):
        Compressor(1, budget="10%", selector="best")
    with pytest.raises(InputError, match="a loss is for cwmp only"):
        Compressor(1, budget="10%", selector="top-k", loss="l1")
    with pytest.raises(InputError, match="costs must be > 0"):
        Compressor(-1, budget="10%").init(np.ones(3))
    compressor = Compressor(1, budget="50%")
    state = compressor.init(np.ones(4))
    with pytest.raises(InputError, match=r"updates of float64 and shape \(4,\), got float64 of shape \(5,\)"):
        compressor.apply(state, np.ones(5))
    with pytest.raises(InputError, match="got float32"):
        compressor.apply(state, np.ones(4, dtype=np.float32))
    with pytest.raises(InputError, match="every entry must be finite"):
        compressor.apply(state, np.array([1, np.nan, 1, 1]))


# --- DDP: real processes ---------------------------------------------------------------------------

WORLD, STEPS, RATE = 2, 4, 0.1
WAYS = {
    "cwmp": {"selector": "cwmp"},
    "top-k": {"selector": "top-k"},
    "worth": {"selector": "safe", "safety": "0.5", "learn_worth": True},
}
COST = {"conv": 1, "fc": 10}  # in tenths of a joule, which float64 does not hold: the hook must use their unit


def small_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(2, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 50), nn.ReLU(), nn.Linear(50, 3))


def batch(rank, step):
    generator = torch.Generator().manual_seed(100 * rank + step)
    return torch.randn(8, 2, 8, 8, generator=generator), torch.randint(0, 3, (8,), generator=generator)


def loss_of(model, rank, step):
    images, labels = batch(rank, step)
    return nn.functional.cross_entropy(model(images), labels)


def train(rank, folder, selector):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=WORLD)
    model = small_model()
    state = PruningState(model, "conv=0.1,fc=1", "10%", **WAYS[selector])
    buckets = []

    @functools.wraps(prune_hook)  # with its signature, which DDP checks
    def hook(state, bucket):
        buckets.append([state.name_of[id(p)] for p in bucket.parameters()])
        return prune_hook(state, bucket)

    ddp = nn.parallel.DistributedDataParallel(model, bucket_cap_mb=0.01)
    ddp.register_comm_hook(state, hook)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    marks = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss_of(ddp, rank, step).backward()
        optimizer.step()
        marks.append(len(buckets))
    found = {"model": model.state_dict(), "residuals": state.residuals, "buckets": buckets, "marks": marks}
    if state.worth:
        state.worth.begin()  # what the last step has shown
    found["pairs"] = state.worth and state.worth.pairs
    torch.save({**found, "sent": state.sent, "joules": str(state.joules)}, f"{folder}/{rank}.pt")
    dist.barrier()
    dist.destroy_process_group()
    os._exit(0)  # gloo's threads do not always outlast an interpreter that is being taken down


def simulate(buckets, marks, selector):
    """The same training in one process, from the definition, with the buckets that DDP chose."""
    model = small_model()
    parameters = dict(model.named_parameters())
    residuals = [{name: torch.zeros(p.numel()) for name, p in parameters.items()} for _ in range(WORLD)]
    spent, counted = [Fraction(0)] * WORLD, [0] * WORLD
    agreed = dict.fromkeys(parameters, np.zeros(2))
    for step in range(STEPS):
        means = {}
        gradients = []
        for rank in range(WORLD):
            model.zero_grad()
            loss_of(model, rank, step).backward()
            gradients.append({name: p.grad.detach().clone().view(-1) for name, p in parameters.items()})
        for names in buckets[(marks[step - 1] if step else 0) : marks[step]]:
            sent = []
            sizes = [parameters[n].numel() for n in names]
            worth = [1.0 if not agreed[n][1] else max(agreed[n][0] / agreed[n][1], 0.01) for n in names]
            for rank in range(WORLD):
                total = torch.cat([gradients[rank][name] + residuals[rank][name] for name in names]).numpy()
                cost = np.concatenate(
                    [np.full(parameters[n].numel(), COST["conv" if n.startswith("0.") else "fc"]) for n in names]
                )
                instance = Instance(total, cost.astype(float), budget="10%")
                if selector == "worth":
                    chosen = above_safe_reserve(instance, sizes, worth, "0.5")
                else:
                    chosen = (cwmp if selector == "cwmp" else top_k)(instance)
                spent[rank] += chosen.spent
                counted[rank] += int(chosen.mask.sum())
                sent.append(np.where(chosen.mask, total, np.float32(0)))
                rest = torch.from_numpy(np.where(chosen.mask, np.float32(0), total)).split(sizes)
                residuals[rank] |= dict(zip(names, rest, strict=True))
            means |= dict(zip(names, torch.from_numpy(sum(sent) / WORLD).split(sizes), strict=True))
            product, at = sent[0].astype(float) * sent[1], 0
            for name, size in zip(names, sizes, strict=True):
                part, at = product[at : at + size], at + size
                agreed[name] = 0.8 * agreed[name] + 2 * np.array([part.sum(), np.abs(part).sum()])
        with torch.no_grad():
            for name, p in parameters.items():
                p -= RATE * means[name].view_as(p)
    return model.state_dict(), residuals, spent, counted, agreed


@pytest.mark.parametrize("selector", WAYS)
def test_hook_in_a_group_of_processes(tmp_path, selector):
    processes.spawn(train, args=(str(tmp_path), selector), nprocs=WORLD)
    ranks = [torch.load(tmp_path / f"{rank}.pt") for rank in range(WORLD)]
    buckets, marks = ranks[0]["buckets"], ranks[0]["marks"]
    assert len({tuple(names) for names in buckets}) > 1
    model, residuals, spent, counted, agreed = simulate(buckets, marks, selector)
    for rank, found in enumerate(ranks):
        for name, value in model.items():
            assert torch.allclose(found["model"][name], value, rtol=0, atol=1e-7), name
            assert torch.equal(found["model"][name], ranks[0]["model"][name])
        for name, value in residuals[rank].items():
            assert torch.allclose(found["residuals"][name], value, rtol=0, atol=1e-6)
        assert Fraction(found["joules"]) == spent[rank] / 10
        assert found["sent"] == counted[rank]
        for name, value in (found["pairs"] or {}).items():
            np.testing.assert_allclose(value, agreed[name], rtol=1e-5, atol=1e-12)
        assert found["pairs"] is None if selector != "worth" else len(found["pairs"]) == len(model)


@pytest.mark.parametrize("error_feedback", [True, False])
def test_one_process_by_hand(tmp_path, error_feedback):
    """Three entries of one cost, a budget for two: what is kept back comes with the next step, or never."""
    with alone(tmp_path):
        model = nn.Linear(3, 1, bias=False)
        state = PruningState(model, "0.1", "70%", error_feedback=error_feedback)
        bucket = Bucket(0, list(model.parameters()), torch.tensor([3.0, 1.0, 2.0]))
        sent = [prune_hook(state, bucket).wait() for _ in range(2)]
    second = [3.0, 2.0, 0.0] if error_feedback else [3.0, 0.0, 2.0]  # 3, 1 + 1 and 2: the first of equals
    assert [values.tolist() for values in sent] == [[3.0, 0.0, 2.0], second]
    assert (state.sent, state.joules) == (4, Fraction(4, 10))
    left = {"weight": [0.0, 0.0, 2.0]} if error_feedback else {}
    assert {name: rest.tolist() for name, rest in state.residuals.items()} == left


@pytest.mark.parametrize("whole", [["1"], ["0", "1"], ["0", "1", "2"]])
def test_state_is_sent_whole_and_costs_beside_the_budget(tmp_path, whole):
    sizes, costs = (4, 3, 5), {"0": 1, "1": 2, "2": 1}
    parameters = nn.ParameterList([nn.Parameter(torch.zeros(size)) for size in sizes])
    parts = [torch.tensor(part) for part in ([4.0, -1.0, 3.0, 0.5], [0.1, 0.2, 0.3], [9.0, 2.0, 8.0, 0.6, 0.7])]
    with alone(tmp_path):
        state = PruningState(parameters, costs, "50%" if len(whole) < 3 else 1, state=whole)
        found = prune_hook(state, Bucket(0, list(parameters), torch.cat(parts))).wait().split(sizes)
    free = [k for k in range(3) if str(k) not in whole]
    left = sorted((v for k in free for v in parts[k].abs().tolist()), reverse=True)
    least = left[len(left) // 2 - 1] if left else 0
    for k, (part, arrived) in enumerate(zip(parts, found, strict=True)):
        kept = part if k not in free else torch.where(part.abs() >= least, part, 0)
        assert torch.equal(arrived, kept)
        assert torch.equal(state.residuals[str(k)], part - kept)
    taken = len(left) // 2
    assert state.sent == taken + sum(sizes[int(name)] for name in whole)
    assert state.joules == taken + sum(sizes[int(name)] * costs[name] for name in whole)


def test_costs_of_a_hook():
    """One number is for every parameter; those that are not trained have no gradient, no cost and no place."""
    model = small_model()
    assert set(PruningState(model, "0.3", "100%").cost_of.values()) == {Fraction(3, 10)}
    names = [name for name, _ in model.named_parameters()]
    assert list(PruningState(model, "0.3", "100%").cost_of) == names
    model[0].weight.requires_grad_(False)
    state = PruningState(model, dict.fromkeys(names[1:], 2), "50%")
    assert list(state.cost_of) == names[1:]
    assert state.name_of[id(model[0].bias)] == names[1]


class TokenMixer(nn.Module):
    """A convolution and a linear layer whose names say otherwise."""

    def __init__(self):
        super().__init__()
        self.norm_proj = nn.Conv1d(4, 2, 3)
        self.embed = nn.Linear(2, 2, bias=False)


def test_a_hook_takes_kinds_from_the_model():
    state = PruningState(TokenMixer(), "conv=2,fc=10", "10%")
    assert state.cost_of == {"norm_proj.weight": 2, "norm_proj.bias": 2, "embed.weight": 10}
    assert [layer.how for layer in state.layers] == ["type Conv1d", "type Conv1d", "type Linear"]
    given = PruningState(TokenMixer(), "norm=3,fc=10", "10%", kinds=("norm_proj.*=norm",))
    assert given.cost_of == {"norm_proj.weight": 3, "norm_proj.bias": 3, "embed.weight": 10}
    with pytest.raises(InputError, match="no layer is called"):
        PruningState(TokenMixer(), "1", "10%", kinds=("decoder.*=fc",))


def test_what_was_kept_back_is_added_and_divided_without_loss():
    total = accumulate([0.5, -3.0, 2.0], [1.0, 0.25, -2.0])
    assert total.tolist() == [1.5, -2.75, 0.0]
    sent, residual = split(total, np.array([True, False, True]))
    assert (sent.tolist(), residual.tolist()) == ([1.5, 0.0, 0.0], [0.0, -2.75, 0.0])


def test_masks_that_are_none():
    for mask in (np.array([1, 0, 1]), np.zeros(3, "M8[s]"), np.array([True, False]), np.ones(4, bool)):
        with pytest.raises(InputError, match="mask must be bool of shape"):
            split(np.ones(3), mask)
    for sizes in ((3, 1), (1, 3)):
        with pytest.raises(InputError, match="must have the same shape"):
            accumulate(*map(np.ones, sizes))
    with pytest.raises(InputError, match="is not finite"):
        accumulate(np.full(2, 1e308), np.full(2, 1e308))


def test_bad_hook_states():
    model = small_model()
    for refused in ("200%", -1, "0%", "3 ergs", None):
        with pytest.raises(InputError, match="budget"):
            PruningState(model, "conv=1,fc=10", refused)
    with pytest.raises(InputError, match="the costs of fc-dear are ratios"):
        PruningState(model, "fc-dear", "3mJ")
    with pytest.raises(InputError, match="one price is for selector 'cwmp' with loss 'l2', got 'top-k' with 'l2'"):
        PruningState(model, "1", "10%", selector="top-k", one_price=True)
    with pytest.raises(InputError, match="worth is learnt for selector 'safe', above its reserves, got 'cwmp'"):
        PruningState(model, "1", "10%", learn_worth=True)
    with pytest.raises(InputError, match="has no cost"):
        PruningState(model, {"0.weight": 1}, "10%")
    with pytest.raises(InputError, match="has no cost; add"):
        PruningState(model, "conv=1", "10%")
    with pytest.raises(InputError, match="selector must be cwmp, top-k or safe"):
        PruningState(model, "1", "10%", selector="all")
