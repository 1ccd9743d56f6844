"""Tensors that lie in one storage: a second name of the same elements, or views that overlap.

Two names of one tensor (the same storage, place, shape, strides and type) are one tensor, which counts, costs and
travels once. Tensors that share only a part of their elements are refused: a coordinate cannot be both kept and
dropped.
PyTorch is not imported: whoever has tensors has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError


def second_names(
    tensors: Mapping[str, Any], remedy: str = "save a copy: .clone()", shown: Callable[[str], str] = repr
) -> dict[str, str]:
    """Names of tensors that are another one, with that one's name, the first in order.

    Args:
        remedy: what a refusal tells to do. shown: how it spells a name.

    Raises:
        InputError: two tensors share a part of their storage, or one repeats its own.
    """
    seen: dict[tuple[Any, ...], str] = {}
    groups: dict[int, list[str]] = {}
    tied = {}
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        same = (place, tensor.storage_offset(), tuple(tensor.shape), tensor.stride(), tensor.dtype)
        if not tensor.numel():
            continue
        if same in seen:
            tied[name] = seen[same]
            continue
        seen[same] = name
        groups.setdefault(place, []).append(name)
        if tensor.numel() > tensor.untyped_storage().nbytes() // tensor.element_size():
            raise InputError(f"{shown(name)} repeats its storage (an expanded view); {remedy}")
    for names in groups.values():
        _apart(names, tensors, remedy, shown)
    return tied


def _apart(names: list[str], tensors: Mapping[str, Any], remedy: str, shown: Callable[[str], str]) -> None:
    """Raises InputError if tensors of one storage share elements of it, or one of them repeats its own."""
    if all(tensors[name].is_contiguous() for name in names) and _in_a_row([tensors[name] for name in names]):
        return
    taken = np.zeros(tensors[names[0]].untyped_storage().nbytes(), bool)  # of its bytes
    for name in names:
        places = _elements(tensors[name])
        used = taken[: taken.size // (size := tensors[name].element_size()) * size].reshape(-1, size)
        if used[places].any():
            other = next(n for n in names if n != name)
            raise InputError(
                f"{shown(name)} shares a part of its storage with {shown(other)}, so its coordinates would "
                f"count twice; {remedy}"
            )
        used[places] = True
        if int(used[:, 0].sum()) < places.size and np.unique(places).size < places.size:
            raise InputError(f"{shown(name)} repeats its storage (an expanded view); {remedy}")


def _in_a_row(tensors: list[Any]) -> bool:
    """Whether contiguous tensors of one storage lie one after the other in it."""
    spans = sorted((t.storage_offset() * t.element_size(), t.numel() * t.element_size()) for t in tensors)
    return all(start + size <= after for (start, size), (after, _) in pairwise(spans))


def _elements(tensor: Any) -> NDArray[np.int64]:
    """Where in its storage the elements of a tensor are, in elements."""
    at = np.full((), tensor.storage_offset(), np.int64)
    for length, stride in zip(tensor.shape, tensor.stride(), strict=True):
        at = np.add.outer(at, np.arange(length, dtype=np.int64) * stride)
    return at.reshape(-1)
