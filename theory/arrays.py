"""What people hand over as an array: NumPy arrays, lists, PyTorch tensors of every sort; read, or refused by name.

One place says which tensors can be read. Dense tensors of real numbers are, on any device, whatever their strides:
float8 and bfloat16 widened, which changes no value; negated views as the values they show. Everything else (sparse,
quantised, nested, complex, without values) is refused in one sentence that names it, its type and what to do.
PyTorch is not imported: a tensor can only come from who already has it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError

_WIDENED = ("torch.bfloat16", "torch.float8")  # types that NumPy has not; float32 holds every value of theirs

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def uncompiled(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """``function`` as plain Python even where ``torch.compile`` meets it, reading NumPy and fractions its own way."""

    @wraps(function)
    def called(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        if "torch._dynamo" in sys.modules:  # also where it gave up on this frame: it would compile what is called here
            function_as_it_is: Callable[_Arguments, _Result] = sys.modules["torch"].compiler.disable(function)
            return function_as_it_is(*args, **kwargs)
        return function(*args, **kwargs)

    return called


def is_tensor(value: object) -> bool:
    """Whether ``value`` is a PyTorch tensor (or a subclass of one)."""
    return _of_tensors(type(value))  # type: ignore[arg-type]


@lru_cache(maxsize=1024)
def _of_tensors(kind: type) -> bool:
    return any(base.__module__ == "torch" and base.__name__ == "Tensor" for base in kind.__mro__)


def readable(value: Any, name: str) -> Any:
    """``value`` itself if it is an array or a tensor that can be read where it lies; float8 as float32.

    Raises:
        InputError: a tensor of another sort, several tensors in a list or a mapping, masked entries.
    """
    if is_tensor(value):
        return _dense(value, name)
    if isinstance(value, np.ndarray):
        return unmasked(value, name)
    if isinstance(value, Mapping):
        raise InputError(
            f"{name} is a mapping of {len(value)} entries; give one flat array of the entries to select from"
        )
    if isinstance(value, (list, tuple)) and any(is_tensor(part) and part.ndim for part in value):
        raise InputError(
            f"{name} is a list of {len(value)} tensors; give one flat tensor, torch.cat of their flatten()"
        )
    return value


def unmasked(value: Any, name: str) -> Any:
    """``value`` itself.

    Raises:
        InputError: an array with masked entries.
    """
    if isinstance(value, np.ma.MaskedArray) and (masked := int(np.ma.getmaskarray(value).sum())):
        raise InputError(
            f"{name} is a masked array with {masked} masked entries, which have no value; .filled(0) first"
        )
    return value


def plain(value: Any, name: str) -> NDArray[Any]:
    """An array of what ``value`` holds, on its own memory where it can be.

    Raises:
        InputError: as :func:`readable`; what cannot become an array.
    """
    value = readable(value, name)
    if not is_tensor(value):
        try:
            return np.asarray(value)
        except (TypeError, ValueError, RuntimeError):
            raise InputError(f"{name} must be an array of real numbers of shape (d,)") from None
    try:
        value = value.cpu()
        wide = value.float() if str(value.dtype).startswith(_WIDENED) else value
        array: NDArray[Any] = wide.numpy()
    except (RuntimeError, TypeError, NotImplementedError):
        raise InputError(
            f"{name} is a tensor of {value.dtype} without values to read ({type(value).__name__}), as inside vmap or a "
            "trace; select outside of it"
        ) from None
    return array


def scalar(value: Any, name: str) -> Any:
    """The number in an array or a tensor of no dimensions, in its own precision; anything else as it is."""
    if is_tensor(value) or isinstance(value, np.ndarray):
        array = plain(value, name)
        return array[()] if array.ndim == 0 else value
    return value


def _dense(tensor: Any, name: str) -> Any:
    """A dense tensor of real numbers, detached, where it lies."""
    sort, instead = _sort(tensor)
    if sort:
        raise InputError(f"{name} must be real numbers, got a {sort} tensor of {tensor.dtype}; {instead}")
    tensor = tensor.detach()
    if tensor.is_neg():
        tensor = tensor.resolve_neg()
    if str(tensor.dtype).startswith("torch.float8"):
        return tensor.float()
    return tensor


def _sort(tensor: Any) -> tuple[str, str]:
    """What a tensor is that cannot be read, and what to give instead; nothing for one that can."""
    if tensor.is_nested:
        return "nested", "give one flat tensor, torch.cat of its parts' flatten()"
    if tensor.is_quantized:
        return "quantised", "give its values, .dequantize()"
    if str(tensor.layout) != "torch.strided":
        return f"sparse ({str(tensor.layout).removeprefix('torch.')})", "give it dense, .to_dense()"
    if tensor.device.type == "meta":
        return "meta", "it has a shape and no values"
    if tensor.is_complex():
        return "complex", "give two real coordinates for each, torch.view_as_real(...).flatten()"
    if not str(tensor.dtype).startswith(("torch.float", "torch.bfloat", "torch.int", "torch.uint", "torch.bool")) or (
        str(tensor.dtype).startswith(("torch.float4", "torch.uint1", "torch.int1"))
        and str(tensor.dtype) not in ("torch.int16", "torch.uint16")
    ):
        return "packed", "give it as float32"
    return "", ""
