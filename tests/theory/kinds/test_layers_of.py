"""Kinds of a real model's layers: order, tied parameters, buffers, parametrisations; what is no model."""

import pytest
import torch
from torch import nn

from theory.errors import InputError
from theory.layers import layers_of, named_layers, with_kinds


class PatchEmbedding(nn.Module):
    """Named and shaped to mislead: a convolution, two tables and a scale."""

    def __init__(self):
        super().__init__()
        self.proj = nn.Conv2d(3, 8, 4)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.positions = nn.Parameter(torch.zeros(1, 17, 8))
        self.scale = nn.Parameter(torch.ones(8))


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate_up = nn.Parameter(torch.zeros(4, 8, 3))  # short enough for a kernel


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = PatchEmbedding()
        self.token_mixer = nn.Linear(8, 8, bias=False)
        self.norm_modulation = nn.Linear(8, 16)
        self.features = nn.Sequential(nn.BatchNorm1d(8), nn.PReLU(8), nn.GroupNorm(2, 8))
        self.attention = nn.MultiheadAttention(8, 2, add_bias_kv=True)
        self.rnn = nn.LSTM(8, 8)
        self.positional = nn.utils.parametrizations.weight_norm(nn.Conv1d(8, 8, 3))
        self.experts = Experts()
        self.projection = nn.Embedding(11, 8)
        self.head = nn.Linear(8, 11)
        self.head.weight = self.projection.weight
        self.register_buffer("clock", torch.zeros(3), persistent=False)


WANTED = {
    "embed.proj.weight": "conv", "embed.proj.bias": "conv", "embed.cls_token": "embedding",
    "embed.positions": "embedding", "embed.scale": "other", "token_mixer.weight": "fc",
    "norm_modulation.weight": "fc", "norm_modulation.bias": "fc", "features.0.weight": "norm",
    "features.0.bias": "norm", "features.0.running_mean": "norm", "features.0.running_var": "norm",
    "features.1.weight": "other", "features.2.weight": "norm", "features.2.bias": "norm",
    "attention.in_proj_weight": "fc", "attention.in_proj_bias": "fc", "attention.bias_k": "other",
    "attention.bias_v": "other", "attention.out_proj.weight": "fc", "attention.out_proj.bias": "fc",
    "rnn.weight_ih_l0": "fc", "rnn.weight_hh_l0": "fc", "rnn.bias_ih_l0": "fc", "rnn.bias_hh_l0": "fc",
    "positional.bias": "conv", "positional.parametrizations.weight.original0": "conv",
    "positional.parametrizations.weight.original1": "conv", "experts.gate_up": "fc",
    "projection.weight": "embedding", "head.bias": "fc",
}  # fmt: skip


def test_kinds_are_those_of_the_modules():
    found = layers_of(Net(), buffers=True)
    assert {layer.name: layer.kind for layer in found} == WANTED
    own = {"embed.cls_token", "embed.positions", "embed.scale"}
    assert {layer.name for layer in found if layer.guessed} == own
    said = {layer.name: layer.how for layer in found}
    assert said["embed.proj.bias"] == "type Conv2d"
    assert said["embed.positions"].startswith("guess: held by PatchEmbedding itself; ")


def test_layers_lie_as_parameters_do():
    net = Net()
    found, real = layers_of(net), list(net.named_parameters())
    assert [(layer.name, layer.shape) for layer in found] == [(name, tuple(p.shape)) for name, p in real]
    assert sum(layer.size for layer in found) == nn.utils.parameters_to_vector(net.parameters()).numel()


def test_a_state_dict_has_its_buffers_and_both_names_of_what_is_tied():
    net = Net()
    floats = {name: tuple(t.shape) for name, t in net.state_dict().items() if t.is_floating_point()}
    found = layers_of(net, buffers=True, tied=True)
    assert {layer.name: layer.shape for layer in found} == floats
    assert "head.weight" in floats
    assert {layer.name for layer in layers_of(net, buffers=True)} == set(floats) - {"head.weight"}
    again = named_layers(floats.items(), net)
    assert [layer.name for layer in again] == list(floats)
    assert {layer.name: layer.kind for layer in again} == {**WANTED, "head.weight": "embedding"}


def test_from_a_file_the_same_names_leave_guesses():
    floats = [(name, tuple(t.shape)) for name, t in Net().state_dict().items() if t.is_floating_point()]
    found = {layer.name: layer for layer in named_layers(floats)}
    assert found["embed.proj.weight"].kind == "conv"
    assert (found["token_mixer.weight"].kind, found["token_mixer.weight"].guessed) == ("fc", True)
    assert found["norm_modulation.weight"].kind == "fc"
    assert found["projection.weight"].kind == "fc", "a table that is called a projection has no mark of one"
    assert found["features.1.weight"].guessed, "a PReLU looks like a norm"
    assert found["experts.gate_up"].kind == "fc"


def test_wrapped_models_and_what_is_none():
    net = nn.Sequential(nn.Linear(2, 3))
    assert layers_of(nn.DataParallel(net)) == layers_of(net)
    for other in (None, net.state_dict(), list(net.parameters())):
        with pytest.raises(InputError, match=r"a model must be a torch\.nn\.Module, got "):
            layers_of(other)
    with pytest.raises(InputError, match=r"another one: '0\.weight' of shape \(2, 3\) has shape \(3, 2\)"):
        named_layers([("0.weight", (2, 3))], net)
    with pytest.raises(InputError, match=r"another one: 'fc' of shape .* is not in it"):
        named_layers([("fc", (2, 3))], net)


def test_kinds_given_by_pattern():
    layers = layers_of(Net())
    found = {one.name: one for one in with_kinds(layers, ["rnn.*=other", "rnn.bias_?h_l0=bias", "head.bias=norm"])}
    assert [found[f"rnn.{part}"].kind for part in ("weight_ih_l0", "bias_ih_l0", "bias_hh_l0")] == [
        "other",
        "bias",
        "bias",
    ]
    assert found["head.bias"].how == "given: head.bias=norm"
    assert found["attention.in_proj_weight"].kind == "fc"
    for text, says in [("dec.*=fc", "no layer is called 'dec\\.\\*'; there are 'embed.cls_token', "),
                       ("rnn.*=fcc", "must be 'pattern=kind', a kind being conv, fc"), ("rnn.*", "must be"),
                       ("=fc", "must be"), ("RNN.*=fc", "no layer is called")]:  # fmt: skip
        with pytest.raises(InputError, match=says):
            with_kinds(layers, [text])
