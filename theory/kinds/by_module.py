"""The kind of a tensor from the module that owns it: a fact where that is one of PyTorch's layers.

A module's classes are looked at by name, so nothing here needs PyTorch: whatever has ``named_parameters``,
``named_buffers`` and ``named_modules`` as its modules have is a model.

    Linear, Bilinear, recurrent layers, attention's in_proj     fc
    Conv1d ... ConvTranspose3d                                  conv
    Embedding, EmbeddingBag                                     embedding
    BatchNorm*, LayerNorm, GroupNorm, InstanceNorm*, RMSNorm    norm
    PReLU                                                       other

A class of another package is known by the layer of PyTorch it derives from, else by the end of its own name (RMSNorm,
Experts, Router, Conv1D, ...). What a module holds itself (a class token, a table of positions) has no type to tell:
there the reading by shape and name decides, and says that it is a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from theory.kinds.by_shape import Decided, Shape, bias_kind, is_bias, weights_by_shape

_PYTORCH = {
    "linear": "fc", "rnn": "fc", "conv": "conv", "sparse": "embedding", "batchnorm": "norm", "instancenorm": "norm",
    "normalization": "norm", "activation": "other",
}  # fmt: skip
_NAMES = (
    (re.compile(r"(Norm(Gated|\d?d)?|GRN|^Affine)$"), "norm"),
    (re.compile(r"(Experts|Router|Linear|^Conv1D|LMHead|PredictionHead)$"), "fc"),
    (re.compile(r"Conv\d?[dD]?$"), "conv"),
    (re.compile(r"(Embedding|EmbeddingBag)$"), "embedding"),
    (re.compile(r"(LayerScale(2d)?|[a-z]LU|Activation|FourierProjection)$"), "other"),
)
_NORM_TENSORS = {"weight", "bias", "gamma", "beta", "alpha", "scale", "running_mean", "running_var"}


class Owned(NamedTuple):
    """A tensor of a model: its names (more than one where it is tied), its shape, the classes of each owner."""

    names: tuple[str, ...]
    shape: Shape
    owners: tuple[tuple[str, ...], ...]


def owned_tensors(model: Any, *, buffers: bool = False) -> list[Owned]:
    """Parameters in the order of ``model.parameters()``; with ``buffers`` the floats of its state dict."""
    modules = dict(model.named_modules(remove_duplicate=False))
    names: dict[int, list[str]] = {}
    shapes: dict[int, Shape] = {}
    for name, tensor in _tensors(model, modules, buffers=buffers):
        names.setdefault(id(tensor), []).append(name)
        shapes[id(tensor)] = tuple(int(n) for n in tensor.shape)
    return [
        Owned(tuple(row), shapes[key], tuple(_classes(name, modules) for name in row)) for key, row in names.items()
    ]


def _tensors(model: Any, modules: dict[str, Any], *, buffers: bool) -> Iterable[tuple[str, Any]]:
    if not buffers:
        yield from model.named_parameters(remove_duplicate=False)
        return
    for path, module in modules.items():
        passing: set[str] = getattr(module, "_non_persistent_buffers_set", set())
        own = [*module.named_parameters(recurse=False, remove_duplicate=False)]
        own += [(n, b) for n, b in module.named_buffers(recurse=False, remove_duplicate=False) if n not in passing]
        yield from ((f"{path}.{n}" if path else n, t) for n, t in own if t.is_floating_point())


def _classes(name: str, modules: dict[str, Any]) -> tuple[str, ...]:
    """Classes of the module that ``name`` is a tensor of, most derived first; of what a parametrisation belongs to."""
    path = name.rpartition(".")[0].partition(".parametrizations.")[0]
    owner: Any = type(modules[path])
    return _lineage(owner)


@lru_cache(maxsize=4096)
def _lineage(module: type) -> tuple[str, ...]:
    return tuple(f"{c.__module__}.{c.__qualname__}" for c in module.__mro__ if c is not object)


def kinds_by_module(tensors: Sequence[Owned]) -> dict[str, Decided]:
    """The kind of each tensor, by its first name, and how it was decided."""
    found = {one.names[0]: kind for one in tensors if (kind := typed_kind(one))}
    rest = {one.names[0]: one for one in tensors if one.names[0] not in found}
    read = weights_by_shape({one.names[0]: one.shape for one in tensors}, rest)
    weights = {**found, **read}
    for name, one in rest.items():
        guessed = bias_kind(name, one.shape, weights) if is_bias(name) else read[name]
        owner, reason = _class(one.owners[0][0]), guessed.how.removeprefix("guess: ")
        read[name] = Decided(guessed.kind, f"guess: held by {owner} itself; {reason}")
    return {one.names[0]: found.get(one.names[0]) or read[one.names[0]] for one in tensors}


def typed_kind(tensor: Owned) -> Decided | None:
    """What the type of an owner says, of the first that says anything; None where a module holds the tensor itself."""
    for name, classes in zip(tensor.names, tensor.owners, strict=True):
        leaf = name.rpartition(".parametrizations.")[2].partition(".")[0] if ".parametriz" in name else _leaf(name)
        if (kind := _by_type(classes, leaf, len(tensor.shape))) is not None:
            return Decided(kind, f"type {_class(classes[0])}")
    return None


@lru_cache(maxsize=4096)
def _by_type(classes: tuple[str, ...], leaf: str, dimensions: int) -> str | None:
    return _by_pytorch(classes, leaf) or _by_name(_class(classes[0]), leaf, dimensions)


def _by_pytorch(classes: tuple[str, ...], leaf: str) -> str | None:
    for name in classes:
        module, _, layer = name.rpartition(".")
        place, _, part = module.rpartition(".")
        if place == "torch.nn.modules" and part in _PYTORCH:
            if layer == "MultiheadAttention":
                return "other" if leaf in ("bias_k", "bias_v") else "fc"
            return _PYTORCH[part]
    return None


def _by_name(owner: str, leaf: str, dimensions: int) -> str | None:
    """A class of another package, which derives from no layer of PyTorch."""
    kind = next((kind for pattern, kind in _NAMES if pattern.search(owner)), None)
    if owner.endswith("Experts"):
        return "fc"
    if kind == "norm" and leaf not in _NORM_TENSORS:
        return None
    if kind == "embedding" and (leaf != "weight" or dimensions != 2):
        return None
    if kind in ("fc", "conv") and leaf not in ("weight", "bias"):
        return None
    return kind


def _leaf(name: str) -> str:
    return name.rpartition(".")[2]


def _class(name: str) -> str:
    return name.rpartition(".")[2]
