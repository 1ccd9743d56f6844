"""Updates, costs and budgets in any form that people have them in, as the flat vectors that the rooms work on.

    an array or tensor                any shape, float16, bfloat16, float32 or float64
    a state dict, a list of tensors   nested too; what is no update is left out and said, tied tensors count once
    a module with gradients           what is in ``.grad`` of its parameters
    a path                            a file of a known type, see docs/files.md

Answers come back in the caller's own layout: :meth:`Given.shaped`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cwmp.api import leaves
from theory.arithmetic.exact import as_float64
from theory.energy.costs import Budget, Costs, budget_spec, costs_of
from theory.errors import InputError
from theory.files.contents import listed, named
from theory.files.updates import read_layers, read_update
from theory.instance import Instance
from theory.layers import Layer, layers_of, named_layers, plain_vector, with_kinds
from theory.model_state import LEFT_OUT
from theory.selection import tensors
from theory.selection.layered import spans_of

_FILE = re.compile(r"[/\\]|\.(npy|npz|safetensors|pt|pth|bin|ckpt|tar|json)$")


@dataclass(frozen=True, eq=False)
class Given:
    """An update, as one flat vector.

    Attributes:
        name: what a page calls it. vector: shape (d,), float16, float32 or float64.
        layers: whose sizes add up to d. tensors: (name, shape) of the update's own, as they lie in the vector; an
            array without a name is ``""``.
        form: makes an answer of shape (d,) one of the caller's layout; it holds no part of the update.
        left_out: by name of what is no update, why. tied: (name, first name) of tensors that are another one under a
            second name.
    """

    name: str
    vector: NDArray
    layers: tuple[Layer, ...]
    tensors: tuple[tuple[str, tuple[int, ...]], ...]
    form: Callable[[NDArray], Any]
    left_out: Mapping[str, str] = field(default_factory=dict)
    tied: tuple[tuple[str, str], ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the update where it is one tensor, else ()."""
        return self.tensors[0][1] if len(self.tensors) == 1 else ()

    def shaped(self, values: NDArray) -> Any:
        """``values`` of shape (d,), such as a mask, in the layout that the update came in: a state dict for a state
        dict, tensors on the device of the update's own. For a file: a dictionary by name, or an array of its shape."""
        return self.form(values)


def given_update(update: Any, layers: Any = None, key: str | None = None, kinds: Any = ()) -> Given:
    """The flat vector of an update, and how to give an answer back.

    Args:
        update: see the module's head.
        layers: of the flat vector, in place of what names and shapes say: a file or list of them with name and shape,
            :class:`theory.layers.Layer` objects, a module whose parameters they are, or how many coordinates each has
            (``[300, 700]``; they are called ``layer 0``, ``layer 1`` and are of no known kind).
        key: which of several mappings of tensors in a file, as :func:`theory.files.updates.read_update` takes it.
        kinds: kinds of layers by name or glob, as ``{"enc.*": "fc"}`` or texts such as ``"enc.*=fc"``.

    Raises:
        InputError: what is no update in any of these forms; layers that do not fit; a key for what is no file.
    """
    if isinstance(update, (str, Path)):
        found = _of_file(Path(update), key)
    elif key is not None:
        raise InputError("key is for an update in a file; give the tensors themselves otherwise")
    elif tensors.is_tensor(update) or isinstance(update, np.ndarray) or _is_numbers(update):
        found = _of_array(update)
    elif isinstance(update, (Mapping, list, tuple)):
        found = _of_leaves(update, _kind_of(update))
    elif callable(getattr(update, "named_parameters", None)):
        found = _of_module(update)
    else:
        found = _of_array(update)
    placed = found.layers if layers is None else given_layers(layers, found.vector.size, found.layers)
    return replace(found, layers=with_kinds(placed, kind_texts(kinds)))


def kind_texts(kinds: Any) -> tuple[str, ...]:
    """Kinds of layers by name or glob, as :func:`theory.layers.with_kinds` takes them.

    Raises:
        InputError: neither a mapping nor texts.
    """
    if isinstance(kinds, Mapping):
        return tuple(f"{name}={kind}" for name, kind in kinds.items())
    texts = (kinds,) if isinstance(kinds, str) else tuple(kinds) if isinstance(kinds, Iterable) else (kinds,)
    if not all(isinstance(text, str) for text in texts):
        raise InputError('kinds must be by name or glob, as {"enc.*": "fc"} or texts such as "enc.*=fc"')
    return texts


def given_costs(cost: Any, update: Given) -> Costs:
    """Costs for an update: what :func:`theory.energy.costs.costs_of` takes, tensors, or costs in the update's layout.

    Raises:
        InputError: costs of no known form, or that do not fit the update.
    """
    if cost is None:
        raise InputError('cost is missing: an energy model such as "fc-dear", joules, a dict by kind or name, an array')
    if isinstance(cost, (Mapping, list, tuple)) and not _is_numbers(cost):
        cost = _costs_by_tensor(cost, update)
    return costs_of(tensors.array(cost, "cost"), update.layers, update.shape)


def _costs_by_tensor(cost: Any, update: Given) -> Any:
    """Costs of tensors end to end, each of the shape of its tensor: by name, or in a list by place; any other form of
    costs as it is."""
    entries = leaves.entries_of(cost).items()
    given = {name: np.asarray(tensors.array(one, f"cost of {name!r}")) for name, one in entries}
    own = dict(update.tensors)
    if own.keys() != given.keys():
        own = {layer.name: layer.shape for layer in update.layers}
    if not isinstance(cost, Mapping):
        if len(own) != len(given):
            return cost
        given = dict(zip(own, given.values(), strict=True))
    if not any(one.ndim for one in given.values()):
        return cost
    if other := [name for name in (*given, *own) if name not in own or name not in given]:
        what = "has no cost" if other[0] in own else "is no tensor of the update"
        raise InputError(f"costs by tensor must have the names of the update: {other[0]!r} {what}")
    for name, shape in own.items():
        if given[name].shape != shape:
            raise InputError(f"cost of {name!r} has shape {given[name].shape}, the tensor {shape}: give one cost "
                             "for each coordinate of every tensor, or one number for every tensor")  # fmt: skip
    each = [as_float64(given[name], f"cost of {name!r}") if given[name].dtype.kind in "iu" else given[name]
            for name in own]  # fmt: skip
    return np.concatenate([np.zeros(0), *(one.reshape(-1) for one in each)])


def given_budget(budget: Any) -> Budget:
    """A budget as :mod:`theory.energy.costs` has them.

    Raises:
        InputError: none, or none that can be read.
    """
    if budget is None:
        raise InputError('budget is missing: a share such as "5%", joules such as "3mJ", or a number of joules')
    return budget_spec(budget)


@dataclass(frozen=True, eq=False)
class Question:
    """What most functions of the front door are asked: an update, its costs and a budget.

    Attributes:
        given, costs, budget, kinds: as they were understood. instance: the same as the theory takes it.
        share: the budget's share of sending everything, exact.
    """

    given: Given
    costs: Costs
    budget: Budget
    instance: Instance
    kinds: tuple[str, ...] = ()

    @property
    def share(self) -> Fraction:
        """The budget as a share of what sending everything costs."""
        total = self.instance.total_cost
        return self.instance.budget / total if total else Fraction(1)

    @property
    def bare(self) -> bool:
        """Whether the budget is a number without a unit, which might have been meant as a share."""
        return self.budget.share is None and self.budget.in_units is None


def question(
    update: Any, cost: Any, budget: Any, *, layers: Any = None, key: str | None = None, kinds: Any = ()
) -> Question:
    """Update, costs and budget understood together; an :class:`theory.Instance` has all three.

    Raises:
        InputError: as :func:`given_update`, :func:`given_costs`, :func:`given_budget` and :class:`theory.Instance`.
    """
    if isinstance(update, Instance):
        return _of_instance(update, cost, budget, layers)
    amount = given_budget(budget)
    given = given_update(update, layers, key, kinds)
    costs = given_costs(cost, given)
    instance = Instance(given.vector, costs.values, amount.amount(costs, given.layers))
    return Question(given, costs, amount, instance, kind_texts(kinds))


def _of_instance(instance: Instance, cost: Any, budget: Any, layers: Any) -> Question:
    if not (cost is None and budget is None):
        raise InputError("an instance has its own cost and budget; give them with an update only")
    instance = instance.of_arrays()
    vector = instance.score if instance.update is None else instance.update
    placed = plain_vector(instance.d) if layers is None else given_layers(layers, instance.d)
    given = Given(
        f"instance of {instance.d} coordinates", vector, placed, (("", (instance.d,)),), lambda values: values
    )
    joules = instance.budget * instance.unit
    return Question(given, Costs(instance.cost), Budget(None, joules, False), instance)


def given_layers(layers: Any, d: int, own: Sequence[Layer] = ()) -> tuple[Layer, ...]:
    """Layers of a flat vector of ``d`` coordinates, from any of the forms of :func:`given_update`.

    Args:
        own: the layers that the update has by itself, whose kinds a module may know better. Layers of the same names
            are taken in the update's order.

    Raises:
        InputError: none of these, sizes that do not add up to ``d``, or a name of the update's at another place.
    """
    if isinstance(layers, (str, Path)):
        return _in_order(read_layers(layers, d), own, d)
    if callable(getattr(layers, "named_parameters", None)):
        named = any(layer.name for layer in own)
        placed = named_layers(((one.name, one.shape) for one in own), layers) if named else layers_of(layers)
    else:
        placed = _listed(layers)
    if (total := sum(layer.size for layer in placed)) != d:
        raise InputError(f"the layers hold {total} coordinates, the update has {d}")
    return _in_order(placed, own, d)


def _in_order(placed: tuple[Layer, ...], own: Sequence[Layer], d: int) -> tuple[Layer, ...]:
    """Layers given, in the order of the update's own where they are these, by name."""
    if not own:
        return placed
    by_name = {layer.name: layer for layer in placed}
    if len(by_name) == len(placed) == len(own) and by_name.keys() == {layer.name for layer in own}:
        placed = tuple(by_name[layer.name] for layer in own)
    there_by_name = {layer.name: span for layer, span in zip(own, spans_of(own, d), strict=True)}
    for layer, (first, end) in zip(placed, spans_of(placed, d), strict=True):
        name, there = layer.name, there_by_name.get(layer.name, (first, end))
        if name and there != (first, end):
            raise InputError(
                f"layer {name!r} is given as coordinates {first} to {end}, in the update it is {there[0]} to {there[1]}"
            )
    return placed


def _listed(layers: Any) -> tuple[Layer, ...]:
    """Layers from a list of them, of their sizes, or of pairs of name and shape."""
    wrong = "layers must be a file, a module, Layer objects, pairs of name and shape, or how many coordinates each has"
    try:
        listed = list(layers)
    except TypeError:
        raise InputError(wrong) from None
    sizes = [isinstance(one, (int, np.integer)) and not isinstance(one, bool) for one in listed]
    if all(size or isinstance(one, Layer) for size, one in zip(sizes, listed, strict=True)):
        if negative := [one for one, size in zip(listed, sizes, strict=True) if size and one < 0]:
            raise InputError(f"a layer of {negative[0]} coordinates: {wrong}")
        return tuple(
            Layer(f"layer {k}", (int(one),), "unknown", "given by size") if size else one
            for k, (one, size) in enumerate(zip(listed, sizes, strict=True))
        )
    try:
        return named_layers((str(name), tuple(int(n) for n in shape)) for name, shape in listed)
    except (TypeError, ValueError):
        raise InputError(wrong) from None


def _of_file(path: Path, key: str | None) -> Given:
    file = read_update(path, key)
    shapes, tied = dict(file.shapes), file.tied

    def form(values: NDArray) -> Any:
        parts = np.split(values, np.cumsum([int(np.prod(shape)) for shape in shapes.values()])[:-1])
        found = {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
        if list(found) == [""]:
            return found[""]
        return found | {name: found[first] for name, first in tied if first in found}

    return Given(str(path), file.update, file.layers, file.shapes, form, file.left_out, tied)


def _of_array(update: Any) -> Given:
    given = tensors.array(update)
    try:
        array = np.asarray(given)
    except (TypeError, ValueError, RuntimeError):
        array = np.empty(0, dtype=object)
    if array.dtype.kind not in "fiu" or not array.ndim:
        kind = type(update).__name__
        if array.dtype.kind != "O":
            kind += f" of {array.dtype}" if array.ndim else " of no dimensions"
        raise InputError(
            f"an update is an array or tensor of floats, a state dict, a list of tensors, a module with gradients or a "
            f"path to a file; got {named(kind)}"
        )
    name = "tensor" if tensors.is_tensor(update) else "array"
    shape, home = tuple(array.shape), leaves.home(update)
    form = lambda values: leaves.at_home(values.reshape(shape), home)  # noqa: E731
    return Given(f"{name} of shape {shape}", array.reshape(-1), plain_vector(array.size), (("", shape),), form)


def _of_leaves(update: Any, name: str, model: Any = None) -> Given:
    parts = leaves.of(update, parameters=model is not None)
    own = {part.name: part.array for part in parts if part.counts and part.array is not None}
    left_out = {part.name: part.why for part in parts if part.why}
    if not own:
        by_name = [one for one, why in left_out.items() if why == LEFT_OUT["name"]]
        but = f" but {listed(by_name)}, {LEFT_OUT['name']}" if by_name else ""
        raise InputError(f"{name}: it holds no tensor of floating-point numbers{but}")
    flat = [array.reshape(-1) for array in own.values()]
    vector = flat[0] if len(flat) == 1 else np.concatenate(flat)
    shapes = tuple((one, array.shape) for one, array in own.items())
    tied = tuple((part.name, part.first) for part in parts if part.first)
    what = f"{name} of {len(own)} tensor{'s' * (len(own) != 1)}"
    return Given(what, vector, named_layers(shapes, model), shapes, leaves.form(update, parts), left_out, tied)


def _of_module(model: Any) -> Given:
    gradients = {name: one.grad for name, one in model.named_parameters() if one.grad is not None}
    if not gradients:
        raise InputError(f"{type(model).__name__}: no parameter has a gradient; call backward() on a loss first")
    return _of_leaves(gradients, f"gradients of {type(model).__name__},", model)


def _kind_of(update: Any) -> str:
    return "state dict" if isinstance(update, Mapping) else type(update).__name__


def _is_numbers(value: Any) -> bool:
    """Whether a list is one of plain numbers, which is an array."""
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(x, (int, float)) for x in value)


def is_path(text: Any) -> bool:
    """Whether a text is meant as the path of a file rather than as a law."""
    return isinstance(text, Path) or (isinstance(text, str) and (bool(_FILE.search(text)) or Path(text).exists()))
