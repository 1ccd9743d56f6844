"""The DDP hook by hand: several processes played by threads, what is sent whole, costs, scales and what is refused."""

from fractions import Fraction

import numpy as np
import pytest

from theory import CostClasses, InputError, cwmp
from theory.energy.models import MODELS
from theory.selection.safe import safe

torch = pytest.importorskip("torch")

from process_group import Bucket, Played, alone  # noqa: E402
from torch import nn  # noqa: E402

from theory.feedback import ddp  # noqa: E402
from theory.feedback.ddp import PruningState, prune_hook  # noqa: E402

HUGE = torch.finfo(torch.float32).max


def parameters(*sizes, dtype=torch.float32):
    return nn.ParameterList([nn.Parameter(torch.zeros(size, dtype=dtype)) for size in sizes])


class Scaler:
    """Of a GradScaler what the hook asks; without a scale one that is not enabled, so that no other is looked for."""

    def __init__(self, scale=None):
        self.is_enabled, self.get_scale = lambda: scale is not None, lambda: scale


def state_of(model, cost, budget, *, scale=None, **words):
    return PruningState(model, cost, budget, scaler=Scaler(scale), **words)


@pytest.fixture
def played(monkeypatch):
    """As many processes as are asked for, and what each has to say of a job."""

    def among(world, job):
        group = Played(world)
        monkeypatch.setattr(ddp, "dist", group)
        return group.each(job)

    return among


@pytest.mark.parametrize("error_feedback", [True, False])
def test_everybody_gets_the_mean_of_what_each_keeps(played, error_feedback):
    """Three processes, of which one begins with nothing to send; two parameters at 0.1 and 0.3 J in two buckets."""
    draw = torch.Generator().manual_seed(5)
    given = torch.randn(4, 3, 2, 6, generator=draw)  # by step, process and bucket
    given[0, 1] = 0
    labels = np.repeat([0, 1], [2, 4]).astype(np.int8)

    def trained(rank):
        model = [parameters(2, 4), parameters(2, 4)]
        costs = {"0.0": "0.1", "0.1": "0.3", "1.0": "0.1", "1.1": "0.3"}
        state = state_of(nn.ModuleList(model), costs, "40%", process_group=rank, error_feedback=error_feedback)
        arrived = [[prune_hook(state, Bucket(k, list(model[k]), given[step, rank, k])).wait() for k in range(2)]
                   for step in range(4)]  # fmt: skip
        return arrived, state

    found = played(3, trained)
    rest, sent, joules = np.zeros((3, 2, 6), np.float32), [0] * 3, [Fraction(0)] * 3
    for step in range(4):
        for k in range(2):
            kept = np.zeros((3, 6), np.float32)
            for rank in range(3):
                total = given[step, rank, k].numpy() + rest[rank, k]
                chosen = cwmp(total.astype(float), CostClasses(labels, ["0.1", "0.3"]), Fraction(14 * 4, 100))
                kept[rank] = np.where(chosen.mask, total, 0)
                rest[rank, k] = (total - kept[rank]) * error_feedback
                sent[rank] += int(chosen.mask.sum())
                joules[rank] += chosen.spent * chosen.unit
            for arrived, _ in found:
                np.testing.assert_allclose(arrived[step][k], kept.sum(axis=0) / 3, rtol=1e-6)
                assert torch.equal(arrived[step][k], found[0][0][step][k])
    for rank, (_, state) in enumerate(found):
        assert (state.sent, state.joules) == (sent[rank], joules[rank])
        left = {f"{k}.{p}": part.tolist() for k in range(2) for p, part in enumerate(np.split(rest[rank, k], [2]))}
        assert {name: part.tolist() for name, part in state.residuals.items()} == (left if error_feedback else {})


def test_where_one_gradient_is_not_finite_all_skip_the_step(played):
    """Of three buckets the second breaks, at one process: nothing is kept of the first, nor of the third."""

    def trained(rank):
        model = parameters(2, 2, 2)
        state = state_of(model, {"0": 2, "1": 3, "2": 5}, "60%", process_group=rank)
        step = lambda *parts: [prune_hook(state, Bucket(k, [model[k]], torch.tensor(part))).wait().tolist()  # noqa: E731
                               for k, part in enumerate(parts)]  # fmt: skip
        step([3.0, 1.0], [3.0, 1.0], [3.0, 1.0])
        before = state.sent, state.joules, {name: rest.tolist() for name, rest in state.residuals.items()}
        arrived = step([9.0, 8.0], [5.0, torch.inf if rank else 7.0], [9.0, 8.0])
        now = state.sent, state.joules, {name: rest.tolist() for name, rest in state.residuals.items()}
        return before, arrived, now, step([0.0, 0.0], [0.0, 0.0], [0.0, 0.0])

    for before, arrived, now, after in played(2, trained):
        assert before == (3, 2 + 3 + 5, {"0": [0, 1], "1": [0, 1], "2": [0, 1]})
        assert arrived == [[9, 0], [5, torch.inf], [9, 0]]
        assert now == (3 + 1 + 2 + 1, 10 + 2 + 2 * 3 + 5, before[2])
        assert after == [[0, 1], [0, 1], [0, 1]]


def test_where_a_sum_overflows_all_send_everything_and_the_step_counts(played):
    """At one process what was kept back and the gradient are together more than float32 holds."""

    def trained(rank):
        model = parameters(2, 2)
        state = state_of(model, "1", "50%", process_group=rank)
        step = lambda k, *part: prune_hook(state, Bucket(k, [model[k]], torch.tensor(part))).wait().tolist()  # noqa: E731
        step(0, 3.0, 1.0)
        step(1, HUGE, HUGE if rank else 1.0)
        kept = step(0, 0.0, 5.0)
        arrived = step(1, 4.0, HUGE if rank else 2.0)
        return kept, arrived, state.residuals["0"].tolist(), state.residuals["1"].tolist(), state.sent

    for rank, found in enumerate(played(2, trained)):
        assert found[:3] == ([0, 6], [4, pytest.approx(HUGE / 2)], [0, 0])
        assert found[3:] == ([0, HUGE if rank else 1], 3 + 2)


def test_who_sends_nothing_is_no_fault(played):
    """A gradient of zeros neither makes the others send everything, nor skips the step."""

    def trained(rank):
        model = parameters(4)
        state = state_of(model, "1", "50%", process_group=rank)
        gradient = torch.tensor([4.0, -3.0, 2.0, 1.0]) * rank
        return prune_hook(state, Bucket(0, list(model), gradient)).wait().tolist(), state.residuals["0"].tolist()

    assert played(2, trained) == [([2, -1.5, 0, 0], [0, 0, 0, 0]), ([2, -1.5, 0, 0], [0, 0, 2, 1])]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_means_are_rounded_once(played, dtype):
    given = torch.randn(5, 200, generator=torch.Generator().manual_seed(1), dtype=torch.float64).to(dtype)

    def trained(rank):
        model = parameters(200, dtype=dtype)
        state = state_of(model, "1", "100%", process_group=rank, error_feedback=False)
        return prune_hook(state, Bucket(0, list(model), given[rank])).wait()

    wide = given.double() if dtype == torch.float64 else given.float()
    wanted = sum(part / 5 for part in wide).to(dtype)
    for found in played(5, trained):
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("scale", [None, 4.0])
def test_worth_is_learnt_from_pairs_of_senders(played, scale):
    """1.5 and 1 agree, 2.5 and -2 do not: twice the products, 3 of 3 and -10 of 10."""

    def trained(rank):
        model = parameters(2, 2)
        state = state_of(model, "1", "50%", selector="safe", learn_worth=True, process_group=rank, scale=scale)
        gradient = torch.tensor([[1.5, 0.0, 2.5, 0.0], [1.0, 0.0, -2.0, 0.0]][rank]) * (scale or 1)
        prune_hook(state, Bucket(0, list(model), gradient)).wait()
        state.worth.begin()
        return state.worth.pairs

    for pairs in played(2, trained):
        assert pairs == {"0": (3, 3), "1": (-10, 10)}


@pytest.fixture
def _alone(tmp_path):
    with alone(tmp_path):
        yield


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize(
    ("dtype", "unscaled"), [(torch.float16, torch.float32), (torch.bfloat16, torch.float32), (torch.float32,) * 2,
                            (torch.float64,) * 2],
)  # fmt: skip
def test_what_is_kept_back_of_a_scaled_gradient_is_as_exact_as_it_can_be(dtype, unscaled):
    """What is sent is rounded to the gradient's type at its scale, and what that leaves stays with the sender."""
    model, scale = parameters(3, dtype=dtype), 2.0**12 * 3
    state = state_of(model, "1", "67%", scale=scale)
    gradient = torch.tensor([7.0, 5.0, 1.0], dtype=dtype)
    assert prune_hook(state, Bucket(0, list(model), gradient)).wait().tolist() == [7, 5, 0]
    plain = gradient.to(unscaled) / scale
    again = (plain[:2] * scale).to(dtype).to(unscaled) / scale
    assert state.residuals["0"].dtype == unscaled
    assert state.residuals["0"].tolist() == [*(plain[:2] - again).tolist(), plain[2].item()]


@pytest.mark.usefixtures("_alone")
def test_what_rounding_takes_from_what_is_sent_stays_behind():
    """1 + 2^-12 of float32, kept back at a scale, is 1 in bfloat16 when it is sent."""
    model = parameters(2, dtype=torch.bfloat16)
    state = state_of(model, "1", "50%", scale=2.0)
    state.residuals["0"] = torch.tensor([1 + 2.0**-12, 0.0])
    arrived = prune_hook(state, Bucket(0, list(model), torch.zeros(2, dtype=torch.bfloat16))).wait()
    assert arrived.tolist() == [2, 0]
    assert state.residuals["0"].tolist() == [2.0**-12, 0]


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("scaled", ["low", "high"])
def test_what_a_type_does_not_hold_stays_behind(scaled):
    model, sign = parameters(2, dtype=torch.float16), -1 if scaled == "low" else 1
    state = state_of(model, "1", "50%", scale=1024.0)
    state.residuals["0"] = torch.tensor([sign * 100.0, 0.0])
    arrived = prune_hook(state, Bucket(0, list(model), torch.zeros(2, dtype=torch.float16))).wait()
    assert arrived.tolist() == [sign * 65504, 0]
    assert state.residuals["0"].tolist() == [sign * (100 - 65504 / 1024), 0]


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("selector", ["cwmp", "safe"])
@pytest.mark.parametrize("whole", [[], ["1"], ["0", "3"], ["0", "1", "2"], ["0", "1", "2", "3"]])
def test_what_is_sent_whole_is_beside_the_budget_whatever_the_costs(selector, whole):
    sizes, prices = (2, 3, 1, 4), (1, 5, 3, 2)
    model, costs = parameters(*sizes), dict(zip("0123", prices, strict=True))
    parts = [torch.tensor(p) for p in ([2.0, -1.0], [0.5, 3.0, 0.25], [4.0], [1.5, -2.5, 0.75, 6.0])]
    left = [k for k in range(4) if str(k) not in whole]
    energy = sum(sizes[k] * prices[k] for k in left)
    state = state_of(model, costs, "50%" if left else 1, state=whole, selector=selector, safety="0.9")
    assert state.budget == Fraction(energy, 2)
    arrived = prune_hook(state, Bucket(0, list(model), torch.cat(parts))).wait().split(sizes)
    kept = dict.fromkeys(range(4), None)
    spent = Fraction(sum(sizes[k] * prices[k] for k in range(4) if k not in left))
    if left:
        total = torch.cat([parts[k] for k in left]).double().numpy()
        classes = CostClasses(np.repeat(np.arange(len(left)), [sizes[k] for k in left]), [prices[k] for k in left])
        if selector == "cwmp":
            chosen = cwmp(total, classes, Fraction(energy, 2))
        else:
            chosen = safe(total, [sizes[k] for k in left], "0.9", cost=classes, budget=Fraction(energy, 2))
        spent += chosen.spent * chosen.unit
        kept |= dict(zip(left, np.split(chosen.mask, np.cumsum([sizes[k] for k in left])[:-1]), strict=True))
    for k, part in enumerate(parts):
        wanted = part if kept[k] is None else torch.where(torch.from_numpy(kept[k]), part, 0)
        assert arrived[k].tolist() == wanted.tolist()
        assert state.residuals[str(k)].tolist() == (part - wanted).tolist()
    assert state.joules == spent
    assert state.sent == sum(sizes[k] if kept[k] is None else int(kept[k].sum()) for k in range(4))


def test_the_state_of_a_wrapped_model_is_that_of_the_model():
    model = nn.Sequential(nn.Linear(3, 1), nn.BatchNorm1d(1))
    wrapper = nn.parallel.DistributedDataParallel.__new__(nn.parallel.DistributedDataParallel)
    nn.Module.__init__(wrapper)
    wrapper.module = model
    plain, wrapped = (state_of(m, "1", "50%") for m in (model, wrapper))
    assert wrapped.name_of == plain.name_of
    assert (wrapped.buffers, wrapped.budget) == (plain.buffers, plain.budget)


def test_costs_go_to_parameters_in_their_order():
    """Of one coordinate each, of none, from a text, a number and a mapping."""
    model = nn.Sequential(nn.Conv1d(1, 1, 1, bias=False), nn.Linear(1, 1, bias=False), nn.Conv1d(1, 1, 1, bias=False))
    costs = {"0.weight": 2, "1.weight": 7, "2.weight": 2}
    assert state_of(model, "conv=2,fc=7", "50%").cost_of == costs
    assert state_of(model, costs, "50%").cost_of == costs
    assert state_of(model, "3", "50%").cost_of == dict.fromkeys(costs, 3)
    model[1].weight = nn.Parameter(torch.zeros(0, 1))
    assert state_of(model, "conv=2,fc=7", "50%").cost_of == {**costs, "1.weight": 0}
    with pytest.raises(InputError, match=r"layer '1\.weight' of kind 'fc' has no cost"):
        state_of(model, {"0.weight": 1}, "50%")


def test_costs_in_every_form_that_the_project_takes():
    model = nn.Linear(2, 2)
    for cost in (3, 3.0, "3", Fraction(3), torch.tensor(3.0), {"fc": 3}, {"rest": 3}, {"w*": 3, "bias": 3}):
        assert state_of(model, cost, "50%").cost_of == {"weight": 3, "bias": 3}, cost
    assert state_of(model, MODELS["fc-dear"], "50%").cost_of == {"weight": 10, "bias": 10}
    model.bias.requires_grad_(False)
    assert state_of(model, {"weight": 2, "bias": 1}, "50%").cost_of == {"weight": 2}


@pytest.mark.parametrize(
    ("cost", "says"),
    [({"weight": 1, "bias": 1, "wieght": 9}, "no layer is called or of kind 'wieght'"),
     ({"weight": -1, "bias": 1}, "cost of 'weight' = -1: costs must be > 0 joules"),
     ({"weight": 0, "bias": 0}, "cost of 'weight' = 0: costs must be > 0 joules"),
     ({"weight": 1}, "layer 'bias' of kind 'fc' has no cost"), ({}, "layer 'weight' of kind 'fc' has no cost"),
     ({"weight": "1nJ", "bias": "1"}, "cost of 'bias' = 1 has no unit beside others that have: write 1J or 1nJ"),
     ({"weight": "0.1", "bias": "1e-30"}, "class costs need a common unit"),
     (None, "cost must be a real number, got NoneType"), (0, "costs must be > 0"), (-1, "costs must be > 0"),
     (np.ones(6), "cost must be a text such as 'fc=10,rest=1', an energy model, a mapping from names or kinds"),
     (CostClasses([0, 1, 0, 1, 0, 1], [1, 2]), "or one number, got CostClasses"), ([1, 2], "or one number, got list")],
)  # fmt: skip
def test_costs_that_are_none_are_refused_before_training(cost, says):
    with pytest.raises(InputError) as found:
        state_of(nn.Linear(2, 2), cost, "50%")
    assert says in str(found.value)
    assert "\n" not in str(found.value)


def test_what_costs_nothing_common_may_be_sent_whole():
    assert state_of(nn.Linear(2, 2), {"weight": "0.1", "bias": "1e-30"}, "50%", state=["bias"]).whole == {"bias"}


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize(
    ("residuals", "says"),
    [({"wieght": torch.zeros(2)}, "residuals has 'wieght', which no trained parameter is called"),
     ({"0": torch.zeros(3)}, r"the residual of '0' must be a tensor of shape (2,), got (3,)"),
     ({"0": torch.zeros(1, 2)}, r"the residual of '0' must be a tensor of shape (2,), got (1, 2)"),
     ({"0": [0.0, 0.0]}, r"the residual of '0' must be a tensor of shape (2,), got list"),
     ({"0": torch.zeros(2), "1": torch.tensor([torch.nan, 0])}, "the residual of '1' is not finite"),
     ({"0": torch.tensor([1, -torch.inf])}, "the residual of '0' is not finite")],
)  # fmt: skip
def test_residuals_that_no_step_has_left_are_refused(residuals, says):
    """Not finite, they had all sent densely for ever; of another name, they were forgotten."""
    model = parameters(2, 2)
    state = state_of(model, "1", "50%")
    state.residuals = residuals
    with pytest.raises(InputError) as found:
        prune_hook(state, Bucket(0, list(model), torch.ones(4)))
    assert says in str(found.value)


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize(
    ("pairs", "says"),
    [({"2": (1.0, 1.0)}, "worth.pairs has '2', which no trained parameter is called"),
     ({"0": (torch.nan, 1.0)}, "worth.pairs of '0' must be two finite numbers, got (nan, 1.0)"),
     ({"0": (1.0, 2.0), "1": (1.0, torch.inf)}, "worth.pairs of '1' must be two finite numbers"),
     ({"0": (1.0,)}, "worth.pairs of '0' must be two finite numbers"), ({"0": None}, "must be two finite numbers"),
     ({"0": (1.0, (1.0, 2.0))}, "worth.pairs of '0' must be two finite numbers")],
)  # fmt: skip
def test_worth_that_no_step_has_learnt_is_refused(pairs, says):
    model = parameters(2, 2)
    state = state_of(model, "1", "50%", selector="safe", learn_worth=True)
    state.worth.pairs = pairs
    with pytest.raises(InputError) as found:
        prune_hook(state, Bucket(0, list(model), torch.ones(4)))
    assert says in str(found.value)


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("words", [{}, {"one_price": True}, {"selector": "safe", "learn_worth": True}])
def test_what_was_saved_goes_on_where_it_was(words):
    model, gradients = parameters(3, 2), torch.randn(4, 5, generator=torch.Generator().manual_seed(3))
    whole, first, second = (state_of(model, "1", "50%", **words) for _ in range(3))
    wanted = [prune_hook(whole, Bucket(0, list(model), g)).wait().tolist() for g in gradients]
    arrived = [prune_hook(first, Bucket(0, list(model), g)).wait().tolist() for g in gradients[:2]]
    second.residuals, second.price = first.residuals, first.price
    if first.worth:
        second.worth.pairs = first.worth.pairs
    arrived += [prune_hook(second, Bucket(0, list(model), g)).wait().tolist() for g in gradients[2:]]
    assert arrived == wanted


def test_a_parameter_of_no_elements_changes_nothing(tmp_path):
    model = parameters(2, 0, 1)
    with alone(tmp_path):
        for whole in ((), ("0",)):
            state = state_of(model, {"0": 1, "1": 9, "2": 2}, "75%", state=whole)
            arrived = prune_hook(state, Bucket(0, list(model), torch.tensor([1.0, 3.0, 2.0]))).wait()
            assert arrived.tolist() == ([1, 3, 0] if whole else [0, 3, 2])


def test_what_goes_with_one_selector_alone():
    model = parameters(2)
    for selector in ("cwmp", "top-k"):
        with pytest.raises(InputError, match="worth is learnt for selector 'safe', above its reserves"):
            state_of(model, "1", "50%", selector=selector, learn_worth=True)
    for selector, loss in (("cwmp", "l1"), ("cwmp", np.abs), ("top-k", "l2"), ("safe", "l2")):
        with pytest.raises(InputError, match="one price is for selector 'cwmp' with loss 'l2'"):
            state_of(model, "1", "50%", selector=selector, loss=loss, one_price=True)
    state = state_of(model, "1", "50%")
    assert (state.worth, state.price, state.error_feedback, state.whole) == (None, None, True, set())
    assert (state.sent, state.joules, state.residuals) == (0, 0, {})


def test_a_parameter_that_the_state_does_not_know(played):
    def refused(rank):
        state, other = state_of(parameters(2), "1", "50%", process_group=rank), parameters(2)
        with pytest.raises(
            InputError, match="the hook met a parameter that its state does not know: make the state of"
        ):
            prune_hook(state, Bucket(0, list(other), torch.ones(2)))
        return True

    assert played(1, refused) == [True]
