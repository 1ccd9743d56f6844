"""Layers of an update: their names, shapes and kinds, and the cost classes they make.

Energy differs between layers because layers live in different memories and are used differently, so the
unit of a cost model is the *kind* of a layer:

    conv        convolution weights (3 to 5 dimensions)
    fc          weights of linear layers (2 dimensions)
    embedding   look-up tables, by their name
    norm        scale, shift and running statistics of normalisation layers
    bias        biases whose weight is not in the update; every other bias has the kind of its weight,
                because it lives where its weight lives
    other       named tensors that are none of these
    unknown     coordinates nothing is known about: a plain vector without a layers file
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from theory.instance import CostClasses

KINDS = ("conv", "fc", "embedding", "norm", "bias", "other", "unknown")

_NORM_TENSORS = {"weight", "gamma", "beta", "running_mean", "running_var"}


@dataclass(frozen=True)
class Layer:
    """One tensor of an update, as it lies in the flat vector.

    Attributes:
        name: its key in the state dict, ``""`` for a vector that has none.
        shape: its shape; the flat vector holds it in C order.
        kind: one of :data:`KINDS`, or any word that a layers file uses.
    """

    name: str
    shape: tuple[int, ...]
    kind: str

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return math.prod(self.shape)


def plain_vector(d: int) -> tuple[Layer, ...]:
    """The layers of a vector of which nothing but its length is known."""
    return (Layer("", (d,), "unknown"),)


def layer_kind(name: str, shape: tuple[int, ...]) -> str:
    """The kind of one tensor as its name and shape suggest it: a convention of state dicts, not a certainty.

    A bias comes out as ``bias`` here; :func:`named_layers` gives it the kind of its weight.
    """
    last = name.rpartition(".")[2]
    words = {word.rstrip("0123456789") for word in re.split(r"[^a-z0-9]+", name.lower())}
    is_norm = "norm" in name.lower() or bool(words & {"bn", "ln", "gn"})
    is_table = "embed" in name.lower() or bool(words & {"emb", "wte", "wpe", "token"})
    if not shape:
        return "other"
    if len(shape) == 1:
        if "bias" in last:
            return "bias"
        return "norm" if is_norm or last in _NORM_TENSORS else "other"
    if is_table:
        return "embedding"
    if is_norm:
        return "norm"
    return "fc" if len(shape) == 2 else "conv"


def named_layers(shapes: Iterable[tuple[str, tuple[int, ...]]]) -> tuple[Layer, ...]:
    """Layers from (name, shape) pairs in the order of the flat vector; biases get the kind of their weight.

    The weight of ``10.bias`` is ``10.weight``, of ``in_proj_bias`` it is ``in_proj_weight``. A single
    tensor whose name says nothing is of kind ``unknown``.
    """
    pairs = list(shapes)
    kinds = {name: layer_kind(name, shape) for name, shape in pairs}
    for name, kind in list(kinds.items()):
        if kind == "bias":
            module, dot, last = name.rpartition(".")
            kinds[name] = kinds.get(module + dot + last.replace("bias", "weight"), "bias")
    if len(pairs) == 1 and kinds[pairs[0][0]] == "other":
        kinds[pairs[0][0]] = "unknown"
    return tuple(Layer(name, shape, kinds[name]) for name, shape in pairs)


def layer_classes(layers: Sequence[Layer], costs: Sequence[Fraction]) -> CostClasses:
    """Cost classes of a vector whose layer ``k`` costs ``costs[k]`` joules per coordinate.

    There is one class per *distinct* cost, in order of first appearance: layers that cost the same are one
    class, which keeps the number of classes, and every method that runs over classes, as small as it can be.
    """
    values = list(dict.fromkeys(costs))
    position = {value: k for k, value in enumerate(values)}
    of_layer = np.array([position[cost] for cost in costs], dtype=np.min_scalar_type(max(len(values) - 1, 0)))
    return CostClasses(np.repeat(of_layer, [layer.size for layer in layers]), values)
