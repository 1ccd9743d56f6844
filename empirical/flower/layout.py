"""The arrays of a Flower record as one flat vector, and back.

Arrays of floats make up the vector, in the order of the record; whatever else a model carries, such as counters of
batches, is no gradient and travels whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord
from numpy.typing import NDArray

from theory.errors import InputError
from theory.layers import Layer, named_layers


@dataclass(frozen=True)
class Layout:
    """How the arrays of a record lie in the vector.

    Attributes:
        layers: the arrays of floats. whole: names of the others. dtype: of the vector, which holds every float exactly.
    """

    layers: tuple[Layer, ...]
    whole: tuple[str, ...]
    dtype: np.dtype[Any]

    @property
    def d(self) -> int:
        """Length of the vector."""
        return sum(layer.size for layer in self.layers)


def layout(record: ArrayRecord) -> Layout:
    """The layout of ``record``, read from names, shapes and types alone.

    Raises:
        InputError: no array of floats, or an array that is not NumPy's (it may have been compressed already).
    """
    for name, array in record.items():
        if array.stype != "numpy.ndarray":
            raise InputError(f"array {name!r} is of type {array.stype!r}, not a model's weights")
    floats = [name for name, array in record.items() if np.dtype(array.dtype).kind == "f"]
    if not floats:
        raise InputError("the record holds no array of floats, so there is nothing to compress")
    layers = named_layers((name, tuple(record[name].shape)) for name in floats)
    whole = tuple(name for name in record if name not in set(floats))
    return Layout(layers, whole, np.result_type(*(np.dtype(record[name].dtype) for name in floats)))


def flat(record: ArrayRecord, like: Layout) -> NDArray[np.floating]:
    """The floats of ``record`` as one new vector, each array in C order.

    Raises:
        InputError: other names, shapes or types than ``like`` has.
    """
    if layout(record) != like:
        raise InputError("the reply's arrays differ from the message's in names, order, shapes or types")
    return np.concatenate([record[layer.name].numpy().ravel() for layer in like.layers], dtype=like.dtype)


def filled(record: ArrayRecord, like: Layout, vector: NDArray, whole: dict[str, NDArray] | None = None) -> ArrayRecord:
    """A copy of ``record`` with the floats of ``vector`` and the other arrays of ``whole``, all in their old types."""
    arrays = {name: (whole or {}).get(name, record[name].numpy()) for name in like.whole}
    start = 0
    for layer in like.layers:
        piece = vector[start : start + layer.size].reshape(layer.shape)
        arrays[layer.name] = np.ascontiguousarray(piece, dtype=record[layer.name].dtype)
        start += layer.size
    return ArrayRecord({name: Array(arrays[name]) for name in record})
