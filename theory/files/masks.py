"""Masks as files, in the layout of the update that they are of: ``.npy``, ``.npz``, ``.safetensors``; booleans only."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from theory.errors import InputError
from theory.files.outputs import Kind, check_output, writing

SUFFIXES = (".npy", ".npz", ".safetensors")
Mask = NDArray[np.bool_] | Mapping[str, NDArray[np.bool_]]
_LONGEST = 1 << 27  # bytes of a header that are read to see whether a file is a mask


def write_mask(path: str | Path, mask: Mask) -> None:
    """Write a mask, over nothing but an earlier mask.

    Args:
        mask: a bool array of any shape, or one for each tensor by name.

    Raises:
        InputError: another suffix, several tensors for a ``.npy`` file, or a file of other making there.
    """
    path = Path(path)
    check_mask_place(path, several=isinstance(mask, Mapping))
    with writing(path, MASK) as file:
        if path.suffix == ".npy":
            npy.write_array(file, np.asarray(mask, dtype=bool), allow_pickle=False)
        elif path.suffix == ".npz":
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, array in _by_name(mask).items():
                    entry = io.BytesIO()
                    npy.write_array(entry, array, allow_pickle=False)
                    archive.writestr(f"{name}.npy", entry.getbuffer())
        else:
            arrays = _by_name(mask)
            header, at = {}, 0
            for name, array in arrays.items():
                header[name] = {"dtype": "BOOL", "shape": array.shape, "data_offsets": [at, at + array.size]}
                at += array.size
            text = json.dumps(header).encode()
            text += b" " * (-len(text) % 8)
            file.write(struct.pack("<Q", len(text)) + text)
            for array in arrays.values():
                file.write(array.tobytes())


def check_mask_place(path: Path, *, several: bool) -> None:
    """Whether a mask may be written there: asked before the work whose result it is to hold.

    Raises:
        InputError: as :func:`write_mask`.
    """
    if path.suffix not in SUFFIXES:
        raise InputError(f"{path}: a mask is written as {', '.join(SUFFIXES)}")
    if several and path.suffix == ".npy":
        raise InputError(f"{path}: a mask of several tensors needs .npz or .safetensors")
    check_output(path, MASK)


def _by_name(mask: Mask) -> dict[str, NDArray[np.bool_]]:
    given = mask if isinstance(mask, Mapping) else {"mask": mask}
    return {name: np.ascontiguousarray(array, dtype=bool) for name, array in given.items()}


def _is_mask(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(8)
            file.seek(0)
            if head[:6] == b"\x93NUMPY":
                return _bool_array(file)
            if head[:2] == b"PK":
                with zipfile.ZipFile(file) as archive:
                    return bool(archive.namelist()) and all(_bool_array(archive.open(n)) for n in archive.namelist())
            (size,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(size)) if size <= _LONGEST else None
        return bool(header) and all(entry["dtype"] == "BOOL" for entry in header.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error, zipfile.BadZipFile):
        return False


def _bool_array(file: object) -> bool:
    version = npy.read_magic(file)  # type: ignore[arg-type]
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    return bool(read(file)[2] == np.dtype(bool))  # type: ignore[arg-type]


MASK = Kind("a mask", _is_mask)
