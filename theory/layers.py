"""Layers of an update: their names, shapes and kinds, and the cost classes they make.

Energy differs between layers because layers live in different memories and are used differently, so the
unit of a cost model is the *kind* of a layer:

    conv        weights of convolutions
    fc          weights of linear and recurrent layers, projections of attention, experts
    embedding   tables of vectors: look-up tables, positions, tokens that are learned
    norm        scale, shift and running statistics of normalisation layers
    bias        biases whose weight is not in the update; every other bias has the kind of its weight,
                because it lives where its weight lives
    other       tensors that are none of these: scales of a channel, states, gates, single numbers
    unknown     coordinates nothing is known about: a plain vector without a layers file

:func:`layers_of` takes kinds from the modules of a model, :func:`named_layers` from names and shapes alone, and
:func:`with_kinds` changes them by name. Every layer says how its kind was decided, a guess that it is one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any

import numpy as np

from theory.errors import InputError
from theory.instance import CostClasses
from theory.kinds.by_module import kinds_by_module, owned_tensors
from theory.kinds.by_shape import kinds_by_shape

KINDS = ("conv", "fc", "embedding", "norm", "bias", "other", "unknown")


@dataclass(frozen=True)
class Layer:
    """One tensor of an update, as it lies in the flat vector.

    Attributes:
        name: its key in the state dict, ``""`` for a vector that has none.
        shape: its shape; the flat vector holds it in C order.
        kind: one of :data:`KINDS`, or any word that a layers file uses.
        how: how the kind was decided: ``type Linear``, ``shape: ...``, ``given ...``, ``guess: ...``.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    how: str = field(default="", compare=False)

    @property
    def size(self) -> int:
        """Number of coordinates."""
        return math.prod(self.shape)

    @property
    def guessed(self) -> bool:
        """Whether the kind is a guess."""
        return self.how.startswith("guess")


def plain_vector(d: int) -> tuple[Layer, ...]:
    """The layers of a vector of which nothing but its length is known."""
    return (Layer("", (d,), "unknown", "nothing is known"),)


def named_layers(shapes: Iterable[tuple[str, tuple[int, ...]]], model: Any = None) -> tuple[Layer, ...]:
    """Layers from (name, shape) pairs in the order of the flat vector: see :mod:`theory.kinds.by_shape`.

    A single tensor whose name says nothing is of kind ``unknown``. With the ``model`` that the tensors belong to, kinds
    are those of :func:`layers_of`.

    Raises:
        InputError: no model, or one without a tensor of such a name and shape.
    """
    pairs = list(shapes)
    if model is not None:
        return taken_from(layers_of(model, buffers=True, tied=True), pairs)
    kinds = kinds_by_shape(dict(pairs))
    if len(pairs) == 1 and kinds[pairs[0][0]].kind == "other":
        return (Layer(*pairs[0], "unknown", "nothing is known"),)
    return tuple(Layer(name, shape, *kinds[name]) for name, shape in pairs)


def layers_of(model: Any, *, buffers: bool = False, tied: bool = False) -> tuple[Layer, ...]:
    """Layers of a PyTorch model, their kinds from the types of its modules: see :mod:`theory.kinds.by_module`.

    Args:
        model: a ``torch.nn.Module``, wrapped in DataParallel or DistributedDataParallel or not.
        buffers: whether the floats among its buffers (running statistics) are layers too, as in its state dict.
        tied: whether a parameter with several names is a layer under each, as in its state dict.

    Returns:
        Its parameters in the order of ``model.parameters()``; with ``buffers`` the floats of ``model.state_dict()``,
        in its order but for names that are tied. Without ``tied``, tied parameters are one layer, under the first.

    Raises:
        InputError: no model.
    """
    if not all(hasattr(model, method) for method in ("named_parameters", "named_buffers", "named_modules")):
        raise InputError(f"a model must be a torch.nn.Module, got {type(model).__name__}")
    inner = getattr(model, "module", None)
    if type(model).__name__ in ("DataParallel", "DistributedDataParallel") and inner is not None:
        model = inner
    tensors = owned_tensors(model, buffers=buffers)
    kinds = kinds_by_module(tensors)
    return tuple(
        Layer(name, one.shape, *kinds[one.names[0]])
        for one in tensors
        for name in (one.names if tied else one.names[:1])
    )


def taken_from(known: Iterable[Layer], shapes: Iterable[tuple[str, tuple[int, ...]]]) -> tuple[Layer, ...]:
    """The layers of a model that (name, shape) pairs are, in the order of the pairs.

    Raises:
        InputError: none of such a name and shape is known.
    """
    by_name = {layer.name: layer for layer in known}
    found = []
    for name, shape in shapes:
        if name not in by_name or by_name[name].shape != shape:
            there = f"has shape {by_name[name].shape}" if name in by_name else "is not in it"
            raise InputError(f"the model is another one: {name!r} of shape {shape} {there}")
        found.append(by_name[name])
    return tuple(found)


def with_kinds(layers: Sequence[Layer], given: Iterable[str]) -> tuple[Layer, ...]:
    """Layers with the kinds that ``pattern=kind`` texts give; of several that match a name, the last one holds.

    A pattern is a name in which ``*``, ``?`` and ``[...]`` stand for what they stand for in file names.

    Raises:
        InputError: no ``=``, a kind that is not in :data:`KINDS`, a pattern that matches no layer.
    """
    changed = tuple(layers)
    for text in given:
        pattern, equals, kind = (part.strip() for part in text.rpartition("="))
        if not equals or not pattern or kind not in KINDS:
            raise InputError(f"kind {text!r} must be 'pattern=kind', a kind being {', '.join(KINDS)}")
        if not any(matches(layer, pattern) for layer in changed):
            raise InputError(f"kind {text!r}: no layer is called {pattern!r}; {_names(changed)}")
        how = f"given: {pattern}={kind}"
        changed = tuple(replace(one, kind=kind, how=how) if matches(one, pattern) else one for one in changed)
    return changed


def matches(layer: Layer, pattern: str) -> bool:
    """Whether ``pattern`` is the name of the layer, or a glob that matches it; capitals count."""
    return layer.name == pattern or fnmatchcase(layer.name, pattern)


def _names(layers: Sequence[Layer]) -> str:
    names = [repr(layer.name) for layer in layers[:3]]
    return f"there are {', '.join(names)}{' ...' if len(layers) > 3 else ''}"


def layer_classes(layers: Sequence[Layer], costs: Sequence[Fraction]) -> CostClasses:
    """Cost classes of a vector whose layer ``k`` costs ``costs[k]`` joules per coordinate.

    There is one class per *distinct* cost, in order of first appearance: layers that cost the same are one
    class, which keeps the number of classes, and every method that runs over classes, as small as it can be.
    """
    values = list(dict.fromkeys(costs))
    position = {value: k for k, value in enumerate(values)}
    of_layer = np.array([position[cost] for cost in costs], dtype=np.min_scalar_type(max(len(values) - 1, 0)))
    return CostClasses(np.repeat(of_layer, [layer.size for layer in layers]), values)
