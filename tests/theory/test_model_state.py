"""What of a state dict is state, and which tensors are one."""

import warnings

import pytest

from theory import InputError
from theory.model_state import state_by_name, state_entries, without_wrappers
from theory.shared_storage import second_names

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.utils import prune  # noqa: E402

from theory.feedback.ddp import PruningState  # noqa: E402


def floats(model):
    return [(name, v.is_floating_point()) for name, v in model.state_dict().items()]


def test_names_find_the_buffers_of_common_layers():
    """Against what the models themselves call buffers."""
    spectral = nn.utils.spectral_norm(nn.Linear(3, 3))
    parametrised = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 3))
    masked, weighted = nn.Linear(3, 3), nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))
    prune.random_unstructured(masked, "weight", 0.5)
    norms = [nn.BatchNorm2d(4), nn.InstanceNorm1d(4, affine=True, track_running_stats=True), nn.SyncBatchNorm(4)]
    others = [nn.GroupNorm(2, 4), nn.LayerNorm(4), nn.MultiheadAttention(4, 2), nn.LSTM(2, 3), nn.PReLU()]
    for model in (*norms, *others, spectral, parametrised, masked, weighted, nn.Sequential(*norms, *others)):
        entries = floats(model)
        buffers = [name for name, _ in entries if name in dict(model.named_buffers())]
        assert list(state_entries(entries).names) == buffers
        assert list(state_entries(entries, model).names) == buffers


@pytest.mark.parametrize("name", ["bn/moving_variance", "batch_stats.BatchNorm_0.mean", "a.running_std", "x.inv_freq"])
def test_names_of_other_frameworks(name):
    assert state_by_name(name)


@pytest.mark.parametrize("name", ["fc.weight", "running.weight", "mean", "logit_scale", "a.weight_v", "mask.weight"])
def test_names_of_weights(name):
    assert not state_by_name(name)


def test_a_model_knows_better_than_names():
    model = nn.Module()
    model.running_mean, model.odd = nn.Parameter(torch.ones(2)), nn.Linear(2, 2)
    model.register_buffer("weights", torch.ones(2))
    found = state_entries([*floats(model), ("more.running_var", True), ("steps", False)], model, also=["odd.b*"])
    assert dict(found.source) == {
        "odd.bias": "request", "weights": "model", "more.running_var": "name", "steps": "type",
    }  # fmt: skip
    assert str(found).startswith("4 of the entries are state")
    wrapped = [("module._orig_mod.weights", True), ("module.running_mean", True)]
    assert state_entries(wrapped, model).names == ("module._orig_mod.weights",)
    assert without_wrappers("module._orig_mod.a.module.w") == "a.module.w"
    with pytest.raises(InputError, match=r"state 'bn\.\*' is no entry of the model; its entries are"):
        state_entries(floats(model), model, ["bn.*"])
    with pytest.raises(InputError, match=r"model must be a torch.nn.Module, got OrderedDict"):
        state_entries(floats(model), model.state_dict())


def test_one_storage():
    whole = torch.randn(4, 6)
    assert second_names({"a": whole, "b": whole, "c": whole.clone(), "d": whole.detach()}) == {"b": "a", "d": "a"}
    assert second_names({"a": whole[:2], "b": whole[2:], "e": whole[:0]}) == {}
    assert second_names({"even": whole[:, ::2], "odd": whole[:, 1::2]}) == {}
    for other in (whole[1:3], whole.t(), whole[:, 1], whole.view(-1)[:5]):
        with pytest.raises(InputError, match=r"'b' shares a part of its storage with 'a'.*; clone it"):
            second_names({"a": whole, "b": other}, "clone it")
    with pytest.raises(InputError, match=r"'a' repeats its storage"):
        second_names({"a": torch.ones(1).expand(5)})


def one(**parameters):
    model = nn.Module()
    for name, value in parameters.items():
        setattr(model, name, value)
    return model


def test_the_hook_takes_tied_parameters_once_and_names_what_it_cannot_take():
    table = nn.Embedding(5, 3)
    head = nn.Linear(3, 5, bias=False)
    head.weight = table.weight
    state = PruningState(one(table=table, head=head), {"table.weight": 1}, "50%")
    assert state.cost_of == {"table.weight": 1}
    base = nn.Parameter(torch.zeros(4))
    for model, says in (
        (one(w=nn.Parameter(torch.zeros(2, dtype=torch.complex64))), "parameter 'w' is torch.complex64"),
        (one(e=nn.Embedding(5, 3, sparse=True)), r"'e.weight' \(torch.float32\) has sparse gradients"),
        (one(e=nn.EmbeddingBag(5, 3, sparse=True)), "'e.weight' .* has sparse gradients"),
        (one(l=nn.LazyLinear(3)), "parameter 'l.weight' is not initialised yet"),
        (one(a=base, b=nn.Parameter(base.detach())), "parameters 'a' and 'b' are two in one storage"),
        (one(a=base, b=nn.Parameter(base.detach()[1:])), "'b' shares a part of its storage with 'a'"),
    ):
        with pytest.raises(InputError, match=says):
            PruningState(model, "1", "50%")
    with pytest.raises(InputError, match=r"model must be a torch.nn.Module, got list"):
        PruningState([], "1", "50%")


def test_the_hook_names_buffers_and_takes_zero_elements():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # there is nothing to initialise
        model = nn.Sequential(nn.Linear(4, 0), nn.BatchNorm1d(4))
    for cost in ("uniform", "fc-dear", "fc=10,rest=1", dict.fromkeys(dict(model.named_parameters()), 1)):
        state = PruningState(model, cost, "50%", state=["1.*"])
        assert set(state.cost_of) == {name for name, _ in model.named_parameters()}
        assert state.whole == {"1.weight", "1.bias"}
    assert state.buffers == ("1.running_mean", "1.running_var", "1.num_batches_tracked")
