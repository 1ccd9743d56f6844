"""Updates and layers from files: ``.npy``, ``.npz``, ``.safetensors`` and ``.pt``/``.pth`` (tensors only).

Nothing that is read can run code: NumPy's pickles are off, and PyTorch files are read weights-only. Tensors are
joined in the order of the file, each in C order; integer tensors (step counters) are no part of an update and
are named in ``skipped``.
"""

from __future__ import annotations

import json
import warnings
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError
from theory.layers import Layer, named_layers, plain_vector

_FLOATS = (np.float16, np.float32, np.float64)
_SAFETENSORS = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2"}
_MOST_HEADER = 100_000_000  # bytes; the format's own limit


@dataclass(frozen=True, eq=False)
class UpdateFile:
    """An update as it was stored.

    Attributes:
        path: where from.
        update: shape (d,), float16, float32 or float64; bfloat16 comes as the float32 of the same values.
        layers: its tensors, in the order of ``update``; one of kind ``unknown`` for a plain vector.
        skipped: names of tensors that hold no floats.
    """

    path: Path
    update: NDArray[np.floating]
    layers: tuple[Layer, ...]
    skipped: tuple[str, ...] = ()


def read_update(path: str | Path) -> UpdateFile:
    """Read an update from a file of a known type.

    Raises:
        InputError: missing or damaged file, unknown type, content other than arrays of real numbers, a missing package.
    """
    path = Path(path)
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(
            f"{path}: unknown file type {path.suffix or 'without suffix'!r}; {', '.join(_READERS)} are read"
        )
    if not path.is_file():
        raise InputError(f"{path}: no such file" if not path.exists() else f"{path}: not a file")
    if not path.stat().st_size:
        raise InputError(f"{path}: the file is empty")
    return _joined(path, read(path))


def read_array(path: str | Path, what: str) -> NDArray:
    """One array of real numbers from a ``.npy`` file.

    Raises:
        InputError: missing, damaged, or not numbers.
    """
    path = Path(path)
    if path.suffix != ".npy":
        raise InputError(f"{path}: {what} must be a .npy file")
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    array = _read_npy(path)[""]
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path}: {what} must be real numbers, got {array.dtype}")
    return array


def read_layers(path: str | Path, d: int) -> tuple[Layer, ...]:
    """Layers from JSON: ``[{"name": "fc.weight", "shape": [10, 96], "kind": "fc"}, ...]``, or that list under "layers".

    ``kind`` may be left out; it is then taken from name and shape (:func:`theory.layers.layer_kind`).

    Raises:
        InputError: unreadable, not such a list, or sizes that do not add up to ``d``.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        entries = content["layers"] if isinstance(content, dict) else content
        shapes = [(str(entry["name"]), tuple(_length(n) for n in entry["shape"])) for entry in entries]
        kinds = [entry.get("kind") for entry in entries]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(
            f"{path}: not a list of layers with name and shape ({type(error).__name__}: {error})"
        ) from None
    layers = tuple(
        layer if kind is None else Layer(layer.name, layer.shape, str(kind))
        for layer, kind in zip(named_layers(shapes), kinds, strict=True)
    )
    if (total := sum(layer.size for layer in layers)) != d:
        raise InputError(f"{path}: the layers hold {total} coordinates, the update has {d}")
    return layers


def _length(n: Any) -> int:
    if type(n) is not int or n < 0:
        raise ValueError(f"shape entry {n!r}")
    return n


def _joined(path: Path, tensors: Mapping[str, NDArray]) -> UpdateFile:
    """One flat vector of the widest precision among the float tensors."""
    floats = {name: array for name, array in tensors.items() if array.dtype.type in _FLOATS}
    skipped = tuple(name for name in tensors if name not in floats)
    wrong = [name for name in skipped if tensors[name].dtype.kind not in "iub"]
    if wrong:
        dtype = tensors[wrong[0]].dtype
        raise InputError(f"{path}: {wrong[0] or 'the array'} has type {dtype}; float16, float32 and float64 are read")
    if not floats:
        raise InputError(f"{path}: no array of floating-point numbers")
    flat = [array.reshape(-1) for array in floats.values()]
    update = flat[0] if len(flat) == 1 else np.concatenate(flat)
    (name, array), *more = floats.items()
    if not more and (array.ndim == 1 or not name):
        layers = plain_vector(update.size)
    else:
        layers = named_layers((name, array.shape) for name, array in floats.items())
    return UpdateFile(path, update, layers, skipped)


_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    TypeError,
    SyntaxError,
    KeyError,
    NotImplementedError,
    zipfile.BadZipFile,
    zlib.error,
)


def _read_npy(path: Path) -> dict[str, NDArray]:
    try:
        with path.open("rb") as file:
            return {"": np.lib.format.read_array(file, allow_pickle=False)}
    except _DAMAGED as error:
        raise InputError(f"{path}: not a plain .npy array ({_first_line(error)})") from None


def _read_npz(path: Path) -> dict[str, NDArray]:
    """An ``.npz`` file is a zip archive of ``.npy`` files."""
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            return {name.removesuffix(".npy"): _member(archive, name) for name in archive.namelist()}
    except _DAMAGED as error:
        raise InputError(f"{path}: not a .npz archive of plain arrays ({_first_line(error)})") from None


def _member(archive: zipfile.ZipFile, name: str) -> NDArray:
    with archive.open(name) as member:
        array: NDArray = np.lib.format.read_array(member, allow_pickle=False)
        return array


def _read_safetensors(path: Path) -> dict[str, NDArray]:
    """The format is a length, a JSON header and raw little-endian arrays; NumPy reads it without a package."""
    try:
        raw = np.memmap(path, np.uint8, "r")
        length = int.from_bytes(raw[:8].tobytes(), "little")
        if raw.size < 8 or length > min(_MOST_HEADER, raw.size - 8):
            raise ValueError("the header is longer than the file")
        header = json.loads(raw[8 : 8 + length].tobytes())
        entries = [(name, entry) for name, entry in header.items() if name != "__metadata__"]
        entries.sort(key=lambda named: named[1]["data_offsets"])
        return {name: _safetensor(raw[8 + length :], name, entry) for name, entry in entries}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path}: not a .safetensors file ({_first_line(error)})") from None


def _safetensor(data: NDArray[np.uint8], name: str, entry: Mapping[str, Any]) -> NDArray:
    begin, end = entry["data_offsets"]
    if not 0 <= begin <= end <= data.size:
        raise ValueError(f"{name} lies outside the file")
    kind = _SAFETENSORS.get(entry["dtype"])
    if kind is None:
        if entry["dtype"][0] in "IUB":
            return np.zeros(0, np.int8)  # integers are skipped; only their name is needed
        raise ValueError(f"{name} has type {entry['dtype']}; F16, BF16, F32 and F64 are read")
    values = data[begin:end].view(kind)
    if entry["dtype"] == "BF16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.reshape(entry["shape"])


def _read_torch(path: Path) -> dict[str, NDArray]:
    try:
        import torch
    except ImportError:
        raise InputError(f"{path}: reading it needs PyTorch: pip install 'cwmp[torch]'") from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickle protocols of files that are refused anyway
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever its unpickler meets
        why = "weights-only loading refused it" if "eights" in str(error) else _first_line(error)
        raise InputError(f"{path}: not a file of plain tensors ({why})") from None
    if isinstance(content, dict) and isinstance(content.get("state_dict"), dict):
        content = content["state_dict"]
    if isinstance(content, torch.Tensor):
        content = {"": content}
    if not isinstance(content, dict) or not all(isinstance(value, torch.Tensor) for value in content.values()):
        raise InputError(f"{path}: holds no tensor and no dictionary of tensors")
    return {str(name): _tensor_values(path, str(name), tensor) for name, tensor in content.items()}


def _tensor_values(path: Path, name: str, tensor: Any) -> NDArray:
    import torch

    if tensor.layout is not torch.strided or tensor.is_quantized:
        raise InputError(f"{path}: {name} is not a dense tensor")
    tensor = tensor.detach()
    array: NDArray = (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy()
    return array


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]


_READERS: dict[str, Callable[[Path], dict[str, NDArray]]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
    ".pt": _read_torch,
    ".pth": _read_torch,
}
