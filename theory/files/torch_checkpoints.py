"""Files of PyTorch, read weights-only: nothing in them can run code. Tied weights are read once.

Two names of one tensor (the same storage, place, shape and strides) are one tensor; tensors that share a part of their
storage otherwise are refused, for a coordinate cannot be both kept and dropped.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from theory.errors import InputError
from theory.files.contents import Stored, first_line, listed, named
from theory.files.nesting import Found, at_key, mappings
from theory.shared_storage import second_names

_READ = "float16, bfloat16, float32 and float64 are read"


def read_torch(path: Path, key: str | None = None) -> Stored:
    """The tensors of a file: of its only mapping of tensors, or of that at ``key``; integers come as they are.

    Raises:
        InputError: no file of plain tensors, no or several mappings of tensors, tensors that cannot be read.
    """
    content = _loaded(path)
    if _counts(content) is not None:
        return _stored(path, Found("", {"": content}, (), False))
    return _stored(path, _chosen(path, content, key))


def _loaded(path: Path) -> Any:
    try:
        import torch
    except ImportError:
        raise InputError(f"{path}: reading it needs PyTorch: pip install -e '.[torch]'") from None
    try:
        _bounded(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickle protocols of files that are refused anyway
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # torch raises whatever its unpickler meets
        raise InputError(f"{path}: not a file of plain tensors ({_why(error)})") from None


def _bounded(path: Path) -> None:
    """Raises ValueError for a program, and for records that would grow: torch.save stores them as they are."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        records = archive.infolist()
    if any(record.filename.endswith("/constants.pkl") for record in records):
        raise ValueError("a TorchScript archive; save its state_dict() instead")
    if any(record.compress_type != zipfile.ZIP_STORED for record in records):
        raise ValueError("its records are compressed, as torch.save never writes them")
    if sum(record.file_size for record in records) > path.stat().st_size:
        raise ValueError("its records overlap")


def _why(error: Exception) -> str:
    text = str(error)
    if found := re.search(r"Unsupported (?:global|class): (?:GLOBAL )?([\w.]+)", text):
        return (
            f"it holds a {found[1]}, and weights-only reading, which runs no code, takes tensors and plain data alone"
        )
    if "Weights only load failed" in text:
        return "damaged, or not written by torch.save"
    return first_line(error)


def _chosen(path: Path, content: Any, key: str | None) -> Found:
    places = list(at_key(content, key, _counts)) if key else [content]
    if key and len(places) != 1:
        known = listed(one.key or "(the top)" for one in mappings(content, _counts))
        raise InputError(f"{path}: nothing is called {named(key)}; there are tensors at {known or 'no name'}")
    (place,) = places
    if _counts(place) is not None:
        return Found("", {key or "": place}, (), False)
    found = mappings(place, _counts)
    if not found:
        holds = f"; it holds {listed(place)}" if isinstance(place, dict) and place else ""
        raise InputError(f"{path}: holds no tensor and no dictionary of names and tensors{holds}")
    if len(found) > 1 and (nested := [one for one in found if one.key]):
        prefix = f"{key}." if key else ""
        names = listed(f"{prefix}{one.key} ({len(one.tensors)})" for one in nested)
        raise InputError(
            f"{path}: holds several dictionaries of tensors: {names}; choose one, such as --key {prefix}{nested[0].key}"
        )
    return found[0]


def _counts(value: Any) -> bool | None:
    """None if it is no tensor, else whether it holds real numbers of one dimension or more."""
    import torch

    if not isinstance(value, torch.Tensor):
        return None
    return bool((value.is_floating_point() or value.is_complex()) and (value.is_nested or value.dim() > 0))


def _stored(path: Path, found: Found) -> Stored:
    for name, tensor in found.tensors.items():
        _readable(path, name, tensor)
    tied = _tied(path, found.tensors)
    arrays = {name: _values(tensor) for name, tensor in found.tensors.items() if name not in tied}
    return Stored(arrays, tuple(tied.items()), found.beside)


def _readable(path: Path, name: str, tensor: Any) -> None:
    """Raises InputError for a tensor that is no plain array of numbers, by its name."""
    import torch

    what = f"{path}: {named(name or 'the tensor')}"
    if tensor.is_quantized or tensor.is_nested or tensor.layout is not torch.strided:
        kind = "quantised" if tensor.is_quantized else "nested" if tensor.is_nested else "sparse"
        raise InputError(f"{what} ({tensor.dtype}) is {kind}, not a dense tensor; save it dense")
    if tensor.is_meta:
        raise InputError(f"{what} ({tensor.dtype}) is on the meta device: it has a shape and no values")
    floats = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    whole = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
             torch.uint16, torch.uint32, torch.uint64)  # fmt: skip
    if tensor.dtype not in (*floats, *whole):
        raise InputError(f"{what} has type {str(tensor.dtype).removeprefix('torch.')}; {_READ}")


def _tied(path: Path, tensors: dict[str, Any]) -> dict[str, str]:
    """Names of tensors that are another one, with the other's name; an overlap is refused."""
    try:
        return second_names(tensors, shown=named)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _values(tensor: Any) -> NDArray:
    import torch

    plain = tensor.detach().resolve_neg()
    array: NDArray = (plain.float() if plain.dtype is torch.bfloat16 else plain).numpy()
    return array
