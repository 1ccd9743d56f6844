"""The arrays of a Flower record: which make up the flat vector, which are state, and back.

Floats that are an update make up the vector, in the order of the record. State (running statistics, counters, masks;
:mod:`theory.model_state`) travels whole, or stays where it is. Shapes and types come back as they went in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord
from numpy.typing import NDArray

from theory.errors import InputError
from theory.layers import Layer, named_layers
from theory.model_state import StateEntries, state_entries

_FLOATS = ("float16", "float32", "float64")


@dataclass(frozen=True)
class Layout:
    """How the arrays of a record lie in the vector.

    Attributes:
        layers: the arrays that are an update. whole: names of the others, which are state.
        dtype: of the vector, which holds every one of its floats exactly.
    """

    layers: tuple[Layer, ...]
    whole: tuple[str, ...]
    dtype: np.dtype[Any]

    @property
    def d(self) -> int:
        """Length of the vector."""
        return sum(layer.size for layer in self.layers)


def found_state(record: ArrayRecord, model: Any = None, also: Collection[str] = ()) -> StateEntries:
    """Which arrays of ``record`` are state, from the model where there is one, else from names and types.

    A complex array is no counter or mask: it is state only where the model or ``also`` says so.

    Raises:
        InputError: an array that is not NumPy's (it may have been compressed already), or of no numbers.
    """
    for name, array in record.items():
        if array.stype != "numpy.ndarray":
            raise InputError(f"array {name!r} is of type {array.stype!r}, not a model's weights")
        if np.dtype(array.dtype).kind not in "fiubc":
            raise InputError(f"array {name!r} is of {array.dtype}; arrays of numbers and booleans are averaged")
    return state_entries(((name, np.dtype(a.dtype).kind in "fc") for name, a in record.items()), model, also)


def layout(record: ArrayRecord, state: Collection[str] | None = None) -> Layout:
    """The layout of ``record``, read from names, shapes and types alone.

    Args:
        state: names of the arrays that are state; what :func:`found_state` says when None.

    Raises:
        InputError: no array that is an update; one of a type that cannot be pruned; as :func:`found_state`.
    """
    whole = found_state(record).names if state is None else tuple(name for name in record if name in set(state))
    moved = [name for name in record if name not in set(whole)]
    for name in moved:
        dtype = np.dtype(record[name].dtype)
        if dtype.kind == "c":
            raise InputError(
                f"array {name!r} is {dtype}, and complex weights are not pruned: train their real and imaginary parts "
                "as floats, or name the array as state"
            )
        if dtype.newbyteorder("=").name not in _FLOATS:
            raise InputError(f"array {name!r} is {dtype}; {', '.join(_FLOATS)} are pruned, anything else can be state")
    if not moved:
        raise InputError("the record holds no array of floats, so there is nothing to compress")
    layers = named_layers((name, tuple(record[name].shape)) for name in moved)
    return Layout(layers, whole, np.result_type(*(np.dtype(record[name].dtype) for name in moved)))


def flat(record: ArrayRecord, like: Layout) -> NDArray[np.floating]:
    """The floats of ``record`` as one new vector, each array in C order.

    Raises:
        InputError: other names, shapes or types than ``like`` has.
    """
    names = {*like.whole, *(layer.name for layer in like.layers)}
    if set(record) != names or _form(layout(record, like.whole)) != _form(like):
        raise InputError("the reply's arrays differ from the message's in names, order, shapes or types")
    return np.concatenate([record[layer.name].numpy().ravel() for layer in like.layers], dtype=like.dtype)


def _form(like: Layout) -> tuple[object, ...]:
    """All of a layout but the kinds of its layers."""
    return tuple((layer.name, layer.shape) for layer in like.layers), like.whole, like.dtype


def filled(
    record: ArrayRecord, like: Layout, vector: NDArray, whole: Mapping[str, NDArray] | None = None
) -> ArrayRecord:  # fmt: skip
    """A copy of ``record`` with the floats of ``vector`` and the state of ``whole``, in their old types and shapes."""
    arrays: dict[str, NDArray] = {name: (whole or {}).get(name, record[name].numpy()) for name in like.whole}
    start = 0
    for layer in like.layers:
        piece = np.array(vector[start : start + layer.size], dtype=record[layer.name].dtype)
        arrays[layer.name] = piece.reshape(layer.shape)
        start += layer.size
    return ArrayRecord({name: Array(arrays[name]) for name in record})
