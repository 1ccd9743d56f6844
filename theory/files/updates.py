"""Updates and layers from files: arrays of NumPy, safetensors, PyTorch's checkpoints, and shards of these.

Nothing that is read can run code: NumPy's pickles are off, and PyTorch files are read weights-only. Tensors are
joined in the order of the file, each in C order; a tensor with a second name (tied weights) is read once; integer
tensors (step counters) and running statistics are no part of an update and are named in ``left_out``.
``docs/files.md`` has the layouts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError
from theory.files.contents import Stored, listed, named, parsed_json
from theory.files.npy import read_npy, read_npz
from theory.files.safetensors import read_safetensors
from theory.files.shards import INDEX, read_folder, read_index
from theory.files.torch_checkpoints import read_torch
from theory.layers import Layer, named_layers, plain_vector
from theory.model_state import LEFT_OUT, state_entries

_FLOATS = (np.float16, np.float32, np.float64)
_TORCH = (".pt", ".pth", ".bin", ".ckpt", ".pth.tar")


@dataclass(frozen=True, eq=False)
class UpdateFile:
    """An update as it was stored.

    Attributes:
        path: where from.
        update: shape (d,), float16, float32 or float64; bfloat16 comes as the float32 of the same values.
        layers: its tensors, in the order of ``update``; one of kind ``unknown`` for a plain vector.
        left_out: by name of tensors that are state and no update (:mod:`theory.model_state`: running statistics,
            counters), and of what stands beside them and is no tensor, which of :data:`LEFT_OUT` it is.
        tied: (name, first name) of tensors with a second name; they are in ``update`` once, under the first.
        shapes: (name, shape) of the tensors in ``update`` as they are stored; an array without a name is ``""``.
    """

    path: Path
    update: NDArray[np.floating]
    layers: tuple[Layer, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    tied: tuple[tuple[str, str], ...] = ()
    shapes: tuple[tuple[str, tuple[int, ...]], ...] = ()

    @property
    def skipped(self) -> tuple[str, ...]:
        """Names of what is left out."""
        return tuple(self.left_out)


def read_update(path: str | Path, key: str | None = None) -> UpdateFile:
    """Read an update from a file of a known type, an index of shards, or a folder of them.

    Args:
        key: which of several mappings of tensors in a checkpoint, names joined by dots; in any other file, which
            array, or the beginning of which names up to a dot.

    Raises:
        InputError: missing or damaged file, unknown type, content other than arrays of real numbers, a missing
            package, several mappings of tensors and no ``key``.
    """
    path = Path(path)
    return _joined(path, _stored(path, key))


def _stored(path: Path, key: str | None) -> Stored:
    if not path.exists():
        if _reader(path) is None and not path.name.endswith(INDEX):
            raise InputError(_unknown(path))
        raise InputError(f"{path}: no such file")
    if path.is_dir():
        return read_folder(path, tuple(f".{name.rpartition('.')[2]}" for name in READ), lambda one: _stored(one, key))
    if not path.is_file():
        raise InputError(f"{path}: not a file")
    if not path.stat().st_size:
        raise InputError(f"{path}: the file is empty")
    if path.name.endswith(INDEX):
        return read_index(path, lambda one: _stored(one, key))
    read = _reader(path)
    if read is None:
        raise InputError(_unknown(path))
    return read_torch(path, key) if read is read_torch else _at(path, read(path), key)


def _reader(path: Path) -> Callable[[Path], Stored] | None:
    name = path.name.lower()
    return next((read for suffix, read in _READERS.items() if name.endswith(suffix)), None)


def _unknown(path: Path) -> str:
    kind = repr(path.suffix) if path.suffix else "'without suffix'"
    return f"{path}: unknown file type {kind}; {', '.join(READ)}, *{INDEX} and folders of shards are read"


def _at(path: Path, stored: Stored, key: str | None) -> Stored:
    """What ``key`` names of a file whose names are in one row."""
    if key is None:
        return stored
    chosen = {name: array for name, array in stored.tensors.items() if name == key or name.startswith(f"{key}.")}
    if not chosen:
        raise InputError(f"{path}: nothing is called {named(key)}; there are {listed(stored.tensors)}")
    return Stored(chosen)


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
    array = read_npy(path).tensors[""]
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path}: {what} must be real numbers, got {array.dtype}")
    return array


def read_layers(path: str | Path, d: int) -> tuple[Layer, ...]:
    """Layers from JSON: ``[{"name": "fc.weight", "shape": [10, 96], "kind": "fc"}, ...]``, or that list under "layers".

    ``kind`` may be left out; it is then taken from name and shape (:func:`theory.layers.named_layers`).

    Raises:
        InputError: unreadable, not such a list, or sizes that do not add up to ``d``.
    """
    path = Path(path)
    try:
        content = parsed_json(path.read_text(encoding="utf-8"))
        entries = content["layers"] if isinstance(content, dict) else content
        shapes = [(str(entry["name"]), tuple(_length(n) for n in entry["shape"])) for entry in entries]
        kinds = [entry.get("kind") for entry in entries]
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        why = named(f"{type(error).__name__}: {error}")
        raise InputError(f"{path}: not a list of layers with name and shape ({why})") from None
    layers = tuple(
        layer if kind is None else Layer(layer.name, layer.shape, str(kind), f"given in {path.name}")
        for layer, kind in zip(named_layers(shapes), kinds, strict=True)
    )
    if (total := sum(layer.size for layer in layers)) != d:
        raise InputError(f"{path}: the layers hold {total} coordinates, the update has {d}")
    return layers


def _length(n: Any) -> int:
    if type(n) is not int or n < 0:
        raise ValueError(f"shape entry {n!r}")
    return n


def _joined(path: Path, stored: Stored) -> UpdateFile:
    """One flat vector of the widest precision among the float tensors."""
    tensors = stored.tensors
    state = state_entries((name, array.dtype.kind == "f") for name, array in tensors.items()).source
    floats = {name: array for name, array in tensors.items() if array.dtype.type in _FLOATS and name not in state}
    whole = tuple(name for name in tensors if name not in floats)
    if wrong := [
        name for name in whole if tensors[name].dtype.kind not in "iub" and tensors[name].dtype.type not in _FLOATS
    ]:
        dtype = tensors[wrong[0]].dtype
        what = named(wrong[0] or "the array")
        raise InputError(f"{path}: {what} has type {dtype}; float16, float32 and float64 are read")
    if not floats:
        raise InputError(f"{path}: {_no_floats(tensors, state)}")
    if not any(array.ndim for array in floats.values()):
        raise InputError(f"{path}: an update is an array of numbers, got one without dimensions")
    flat = [array.reshape(-1) for array in floats.values()]
    update = flat[0] if len(flat) == 1 else np.concatenate(flat)
    (name, array), *more = floats.items()
    if not more and (array.ndim == 1 or not name):
        layers = plain_vector(update.size)
    else:
        layers = named_layers((name, array.shape) for name, array in floats.items())
    shapes = tuple((name, tuple(array.shape)) for name, array in floats.items())
    left_out = {name: LEFT_OUT[state[name]] for name in whole} | dict.fromkeys(stored.beside, LEFT_OUT["beside"])
    return UpdateFile(path, update, layers, left_out, stored.tied, shapes)


def _no_floats(tensors: dict[str, NDArray], state: Mapping[str, str]) -> str:
    if by_name := [name for name in tensors if state.get(name) == "name"]:
        return f"no update: its arrays of floating-point numbers are state by their names: {listed(by_name)}"
    found = ", ".join(dict.fromkeys(str(array.dtype) for array in tensors.values() if array.size))
    if not found:
        return "no array of floating-point numbers"
    return (
        f"no array of floating-point numbers: it holds {found}, and an update is float16, float32 or float64; "
        "convert it first, such as by .astype('float32')"
    )


_READERS: dict[str, Callable[[Path], Stored]] = {
    ".npy": read_npy,
    ".npz": read_npz,
    ".safetensors": read_safetensors,
    **dict.fromkeys(_TORCH, read_torch),
}
READ = tuple(_READERS)
