"""PyTorch tensors as NumPy arrays, without importing PyTorch: a tensor can only come from who already has."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.instance import CostClasses


def is_tensor(value: object) -> bool:
    """Whether ``value`` is a PyTorch tensor (or a subclass of one)."""
    return any(base.__module__ == "torch" and base.__name__ == "Tensor" for base in type(value).__mro__)


def on_accelerator(value: Any) -> bool:
    """Whether ``value`` is a tensor in another memory than the processor's."""
    return is_tensor(value) and value.device.type != "cpu"


def array(value: Any) -> Any:
    """A tensor, or the labels of cost classes, as an array: on its memory where it can be (bfloat16 is widened)."""
    if isinstance(value, CostClasses) and is_tensor(value.labels):
        return replace(value, labels=array(value.labels))
    if not is_tensor(value):
        return value
    value = value.detach().cpu()
    return (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()


def tensor_like(mask: NDArray[np.bool_], update: Any) -> Any:
    """A mask as a tensor on the device of ``update``."""
    import torch

    return torch.from_numpy(mask).to(update.device)


def put(mask: Any, out: Any) -> None:
    """Copy a mask, an array or a tensor on any device, into another."""
    if is_tensor(out):
        out.copy_(mask if is_tensor(mask) else tensor_like(mask, out))
    else:
        out[:] = array(mask)
