"""The tensors of a state dict or a list, nested or not: by name, in order, and an answer put back in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError
from theory.files.contents import named
from theory.selection import tensors


@dataclass(frozen=True, eq=False)
class Leaf:
    """One entry.

    Attributes:
        name: keys joined by dots. value: as given. array: its numbers, None where it holds no floats.
        first: the name of the tensor that this is under a second name, or ``""``.
    """

    name: str
    value: Any
    array: NDArray | None
    first: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is part of the update."""
        return self.array is not None and not self.first


def of(update: Any) -> list[Leaf]:
    """Every entry, in order.

    Raises:
        InputError: a tensor of numbers that an update cannot hold, such as complex ones.
    """
    found: list[Leaf] = []
    seen: dict[Any, str] = {}
    for name, value in _walk(update, ""):
        array = _array(name, value)
        first = ""
        if array is not None and array.size and not np.isscalar(value):
            first = seen.setdefault(_place(value, array), name)
        found.append(Leaf(name, value, array, "" if first == name else first))
    return found


def back(update: Any, parts: list[Leaf], values: NDArray) -> Any:
    """``values`` of shape (d,) in the places of the tensors; a list has None where no floats are, a dict nothing."""
    placed: dict[str, Any] = {}
    at = 0
    for part in parts:
        if part.counts and part.array is not None:
            placed[part.name] = like(values[at : at + part.array.size].reshape(part.array.shape), part.value)
            at += part.array.size
        elif part.first:
            placed[part.name] = placed[part.first]
    return _rebuilt(update, "", placed)


def like(values: NDArray, tensor: Any) -> Any:
    """An array, or a tensor on the device of ``tensor``."""
    return tensors.tensor_on(np.ascontiguousarray(values), tensor.device) if tensors.is_tensor(tensor) else values


def _walk(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    entries = _entries(value)
    if entries is None:
        yield name, value
        return
    for key, entry in entries:
        yield from _walk(entry, f"{name}.{key}" if name else str(key))


def _entries(value: Any) -> list[tuple[Any, Any]] | None:
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))
    return None


def _rebuilt(value: Any, name: str, placed: Mapping[str, Any]) -> Any:
    entries = _entries(value)
    if entries is None:
        return placed.get(name)
    parts = {key: _rebuilt(entry, f"{name}.{key}" if name else str(key), placed) for key, entry in entries}
    if not isinstance(value, Mapping):
        return list(parts.values())
    return {key: part for key, part in parts.items() if part is not None}


def _array(name: str, value: Any) -> NDArray | None:
    if value is None or isinstance(value, (str, bytes, bool, int)):
        return None
    try:
        array = np.asarray(tensors.array(value, named(name)))
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"{named(name)} is of type {type(value).__name__}, which is no dense tensor") from None
    if array.dtype.kind in "iub":
        return None
    if array.dtype.kind == "O":
        return None
    if array.dtype.type not in (np.float16, np.float32, np.float64):
        raise InputError(f"{named(name)} has type {array.dtype}; float16, bfloat16, float32 and float64 are taken")
    return array


def _place(value: Any, array: NDArray) -> Any:
    """What is the same for two names of one tensor: its memory, shape and strides."""
    if tensors.is_tensor(value):
        return str(value.device), value.data_ptr(), tuple(value.shape), tuple(value.stride())
    return "array", array.__array_interface__["data"][0], array.shape, array.strides
