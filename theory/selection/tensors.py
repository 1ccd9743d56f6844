"""PyTorch tensors as NumPy arrays, without importing PyTorch: a tensor can only come from who already has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.arrays import is_tensor, plain, readable, unmasked
from theory.instance import CostClasses

__all__ = ["array", "checked", "is_tensor", "on_accelerator", "put", "tensor_on"]


def on_accelerator(value: Any) -> bool:
    """Whether ``value`` is a tensor in another memory than the processor's."""
    return is_tensor(value) and value.device.type != "cpu"


def checked(value: Any, name: str) -> Any:
    """An update, costs or classes that can be read where they lie; lists as arrays.

    Raises:
        InputError: as :func:`theory.arrays.plain`.
    """
    if isinstance(value, CostClasses):
        labels = checked(value.labels, "labels")
        return value if labels is value.labels else replace(value, labels=labels)
    return plain(value, name) if isinstance(value, (list, tuple)) else readable(value, name)


def array(value: Any, name: str = "update") -> Any:
    """A tensor, or the labels of cost classes, as an array, on its memory where it can be; anything else as it is.

    Raises:
        InputError: a tensor that cannot be read, masked entries.
    """
    if isinstance(value, CostClasses):
        labels = array(value.labels, "labels")
        return value if labels is value.labels else replace(value, labels=labels)
    return plain(value, name) if is_tensor(value) else unmasked(value, name)


def tensor_on(mask: NDArray[np.bool_], device: Any) -> Any:
    """A mask as a tensor on ``device``."""
    import torch

    return torch.from_numpy(mask).to(device)


def put(mask: Any, out: Any) -> None:
    """Copy a mask, an array or a tensor on any device, into another."""
    if is_tensor(out):
        out.copy_(mask if is_tensor(mask) else tensor_on(mask, out.device))
    else:
        out[:] = array(mask)
