"""``.safetensors``: a length, a JSON header and raw little-endian arrays, which NumPy reads without a package.

As the format has it, the arrays follow one another without hole or overlap and fill the file; so what is read is never
more than what the file holds. They need not be aligned.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError
from theory.files.contents import Stored, first_line, named, parsed_json

_FLOATS = {"F16": "<f2", "F32": "<f4", "F64": "<f8", "BF16": "<u2"}
_WHOLE = {"BOOL": 1, "I8": 1, "U8": 1, "I16": 2, "U16": 2, "I32": 4, "U32": 4, "I64": 8, "U64": 8}  # bytes each
_MOST_HEADER = 100_000_000  # bytes; the format's own limit


def read_safetensors(path: Path) -> Stored:
    """The tensors of a file, in the order of their bytes; bfloat16 as the float32 of the same values.

    Raises:
        InputError: it is no such file, or holds a tensor of a type that is not read.
    """
    try:
        raw = np.memmap(path, np.uint8, "r")
        length = int.from_bytes(raw[:8].tobytes(), "little")
        if raw.size < 8 or length > min(_MOST_HEADER, raw.size - 8):
            raise ValueError("the header is longer than the file")
        header = parsed_json(raw[8 : 8 + length].tobytes())
        if not isinstance(header, dict):
            raise ValueError("the header is no object")
        data = raw[8 + length :]
        entries = sorted(
            ((_offsets(name, entry), name, entry) for name, entry in header.items() if name != "__metadata__"),
            key=lambda one: one[0],
        )
        _in_a_row([(offsets, name) for offsets, name, _ in entries], data.size)
        return Stored({name: _tensor(data[begin:end], name, entry) for (begin, end), name, entry in entries})
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not a .safetensors file ({first_line(error)})") from None


def _offsets(name: str, entry: Any) -> tuple[int, int]:
    offsets = entry.get("data_offsets") if isinstance(entry, dict) else None
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(at) is int for at in offsets):
        raise ValueError(f"{named(name)} has no pair of data_offsets")
    return offsets[0], offsets[1]


def _in_a_row(places: list[tuple[tuple[int, int], str]], size: int) -> None:
    """Raises ValueError unless each begins where the one before it ends, and the last one at the end of the data."""
    at = 0
    for (begin, end), name in places:
        if begin != at or end < begin or end > size:
            what = "overlaps another tensor" if begin < at else "lies outside the file or leaves a hole"
            raise ValueError(f"{named(name)} {what}: bytes {begin} to {end}, where {at} is next of {size}")
        at = end
    if at != size:
        raise ValueError(f"{size - at} bytes at the end belong to no tensor")


def _tensor(data: NDArray[np.uint8], name: str, entry: Mapping[str, Any]) -> NDArray:
    kind, shape = entry.get("dtype"), entry.get("shape")
    if not isinstance(shape, list) or not all(type(n) is int and n >= 0 for n in shape):
        raise ValueError(f"{named(name)} has no shape")
    if not isinstance(kind, str) or kind not in {**_FLOATS, **_WHOLE}:
        raise ValueError(f"{named(name)} has type {named(kind)}; F16, BF16, F32 and F64 are read")
    each = _WHOLE.get(kind) or np.dtype(_FLOATS[kind]).itemsize
    if math.prod(shape) * each != data.size:
        raise ValueError(f"{named(name)} has {data.size} bytes, which is not what its shape takes")
    if kind in _WHOLE:
        return np.zeros(0, np.int8)  # is no part of an update; only its name is needed
    values = data.view(_FLOATS[kind])
    if not values.flags.aligned:
        values = values.copy()
    if kind == "BF16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.reshape(shape)
