"""The tensors of a state dict or a list, nested or not: by name, in order, and an answer put back in their place.

What is no update is left out as it is of files (docs/files.md): what holds no floats, state by its names, and plain
numbers, which are settings (a learning rate) and no tensors.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError
from theory.files.contents import named
from theory.model_state import LEFT_OUT, state_entries
from theory.selection import tensors


@dataclass(frozen=True, eq=False)
class Leaf:
    """One entry.

    Attributes:
        name: keys joined by dots. array: its numbers, None where it is left out. home: the device of a tensor.
        why: it is left out, one of :data:`LEFT_OUT`; or ``""``.
        first: the name of the tensor that this is under a second name, or ``""``.
    """

    name: str
    array: NDArray | None
    home: Any = None
    why: str = ""
    first: str = ""

    @property
    def counts(self) -> bool:
        """Whether it is part of the update."""
        return self.array is not None and not self.first


def of(update: Any, *, parameters: bool = False) -> list[Leaf]:
    """Every entry, in order.

    Args:
        parameters: whether all are known to be no state, whatever their names.

    Raises:
        InputError: a tensor of numbers that an update cannot hold, such as complex ones; two entries of one name.
    """
    entries = entries_of(update)
    arrays = {name: _array(name, value) for name, value in entries.items()}
    floats = [(name, array is not None) for name, array in arrays.items()]
    state = {} if parameters else state_entries(floats).source
    found: list[Leaf] = []
    seen: dict[Any, str] = {}
    for name, value in entries.items():
        array = arrays[name]
        if array is None or name in state:
            found.append(Leaf(name, None, why=LEFT_OUT["beside" if _no_tensor(value) else state.get(name, "type")]))
            continue
        first = seen.setdefault(_place(value, array), name) if array.size else name
        found.append(Leaf(name, array, home(value), first="" if first == name else first))
    return found


def entries_of(update: Any) -> dict[str, Any]:
    """What stands in it, by name, in order.

    Raises:
        InputError: two entries of one name.
    """
    found: dict[str, Any] = {}
    for name, value in _walk(update, ""):
        if name in found:
            raise InputError(f"{named(name)} stands twice; names joined by dots must differ")
        found[name] = value
    return found


def form(update: Any, parts: list[Leaf]) -> Callable[[NDArray], Any]:
    """What puts an answer of shape (d,) in the places of the tensors, none of which it holds; a list has None where
    nothing counts, a dict nothing."""
    places = [(part.name, part.array.shape, part.home) for part in parts if part.counts and part.array is not None]
    tied = [(part.name, part.first) for part in parts if part.first]
    names = _names(update, "")

    def filled(values: NDArray) -> Any:
        placed: dict[str, Any] = {}
        at = 0
        for name, shape, device in places:
            size = math.prod(shape)
            placed[name] = at_home(values[at : at + size].reshape(shape), device)
            at += size
        return _filled(names, placed | {name: placed[first] for name, first in tied})

    return filled


def home(value: Any) -> Any:
    """The device of a tensor, None of an array."""
    return value.device if tensors.is_tensor(value) else None


def at_home(values: NDArray, device: Any) -> Any:
    """An array, or a tensor on a device."""
    return values if device is None else tensors.tensor_on(np.ascontiguousarray(values), device)


def _walk(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    entries = _entries(value)
    if entries is None:
        yield name, value
        return
    for key, entry in entries:
        yield from _walk(entry, _joined(name, key))


def _entries(value: Any) -> list[tuple[Any, Any]] | None:
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))
    return None


def _joined(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)


def _names(value: Any, name: str) -> Any:
    """The names of the entries where the entries are."""
    entries = _entries(value)
    if entries is None:
        return name
    parts = {key: _names(entry, _joined(name, key)) for key, entry in entries}
    return parts if isinstance(value, Mapping) else list(parts.values())


def _filled(names: Any, placed: Mapping[str, Any]) -> Any:
    """What is ``placed`` where its names are."""
    if isinstance(names, str):
        return placed.get(names)
    if isinstance(names, list):
        return [_filled(entry, placed) for entry in names]
    parts = {key: _filled(entry, placed) for key, entry in names.items()}
    return {key: part for key, part in parts.items() if part is not None}


def _no_tensor(value: Any) -> bool:
    return value is None or np.isscalar(value)


def _array(name: str, value: Any) -> NDArray | None:
    if _no_tensor(value):
        return None
    given = tensors.array(value, named(name))
    try:
        array = np.asarray(given)
    except (TypeError, ValueError, RuntimeError):
        raise InputError(f"{named(name)} is of type {type(value).__name__}, which is no dense tensor") from None
    if array.dtype.kind in "iubO":
        return None
    if array.dtype.type not in (np.float16, np.float32, np.float64):
        raise InputError(f"{named(name)} has type {array.dtype}; float16, bfloat16, float32 and float64 are taken")
    return array


def _place(value: Any, array: NDArray) -> Any:
    """What is the same for two names of one tensor: its memory, shape and strides."""
    if tensors.is_tensor(value):
        return str(value.device), value.data_ptr(), tuple(value.shape), tuple(value.stride())
    return "array", array.__array_interface__["data"][0], array.shape, array.strides
