"""``.npy`` and ``.npz``, read so that a header cannot ask for more than the file holds.

The header of an array is a Python literal of shape and type; it is parsed, never run, and what it promises is compared
with the bytes that are there before anything is allocated. An archive's members are stored or deflated, and DEFLATE
makes at most 1032 bytes of one, so what an archive may grow to is bounded by its size.
"""

from __future__ import annotations

import ast
import math
import re
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.typing import NDArray

from theory.errors import InputError
from theory.files.contents import Stored, first_line, named

MAPPED = 1 << 28  # bytes of a file from which it is not read but mapped into memory
_MAGIC = b"\x93NUMPY"
_MOST_HEADER = 10_000  # characters, as NumPy has it
_DEFLATE = 1032  # bytes that DEFLATE can make of one, at most
_DAMAGED = (OSError, ValueError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error)


def read_npy(path: Path) -> Stored:
    """The one array of a ``.npy`` file.

    Raises:
        InputError: it is none.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return Stored({"": _array(file, size) if size < MAPPED else _mapped(file, path, size)})
    except _DAMAGED as error:
        raise InputError(f"{path}: not a plain .npy array ({first_line(error)})") from None


def read_npz(path: Path) -> Stored:
    """The arrays of an ``.npz`` file, which is a zip archive of ``.npy`` files.

    Raises:
        InputError: it is none, is encrypted, or would grow to more than its size allows.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _bounded(members, path.stat().st_size)
            return Stored({info.filename.removesuffix(".npy"): _member(archive, info) for info in members})
    except _DAMAGED as error:
        raise InputError(f"{path}: not a .npz archive of plain arrays ({first_line(error)})") from None


def _bounded(members: list[zipfile.ZipInfo], size: int) -> None:
    """Raises ValueError for an archive that NumPy did not write."""
    names = [info.filename for info in members]
    for info in members:
        name = named(info.filename)
        if info.flag_bits & 1:
            raise ValueError(f"{name} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{name} is neither stored nor deflated")
        if info.file_size > _DEFLATE * info.compress_size + 64:
            raise ValueError(f"{name} claims {info.file_size} bytes of {info.compress_size} compressed ones")
        if names.count(info.filename) > 1:
            raise ValueError(f"{name} is there twice")
    if sum(info.compress_size for info in members) > size:
        raise ValueError("its members overlap")


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> NDArray:
    try:
        with archive.open(info) as member:
            return _array(member, info.file_size)
    except ValueError as error:
        raise ValueError(f"{named(info.filename)}: {first_line(error)}") from None


def _array(file: IO[bytes], size: int) -> NDArray:
    """The array that begins here, in a file of ``size`` bytes."""
    dtype, shape, order, count = _promised(file, size)
    values = np.frombuffer(bytearray(file.read(count * dtype.itemsize)), dtype, count)
    return values.reshape(shape, order=order)


def _mapped(file: IO[bytes], path: Path, size: int) -> NDArray:
    """The same by memory that the system fills from the file when it is read; what is written to it stays in memory."""
    dtype, shape, order, count = _promised(file, size)
    if not count * dtype.itemsize:
        return np.empty(shape, dtype, order)
    return np.asarray(np.memmap(path, dtype, "c", file.tell(), shape, order))


def _promised(file: IO[bytes], size: int) -> tuple[np.dtype[Any], tuple[int, ...], Literal["C", "F"], int]:
    """Type, shape, order and number of what follows the header that begins here."""
    dtype, shape, fortran = _header(file)
    count, left = math.prod(shape), size - file.tell()
    if count * dtype.itemsize > left:
        raise ValueError(f"its header says {_short(count)} numbers of {dtype.itemsize} bytes, and {left} bytes follow")
    return dtype, shape, "F" if fortran else "C", count


def _short(count: int) -> str:
    return str(count) if count < 10**15 else f"{float(min(count, 10**300)):.0e}"


def _header(file: IO[bytes]) -> tuple[np.dtype[Any], tuple[int, ...], bool]:
    """Type, shape, and whether the first index runs fastest."""
    start = file.read(8)
    if start[:6] != _MAGIC or len(start) < 8 or start[6] not in (1, 2, 3):
        raise ValueError("it does not begin as one")
    length = int.from_bytes(file.read(2 if start[6] == 1 else 4), "little")
    if length > _MOST_HEADER:
        raise ValueError(f"a header of {length} bytes; {_MOST_HEADER} at most")
    fields = _literal(file.read(length).decode("latin1" if start[6] < 3 else "utf-8"))
    if not isinstance(fields, dict) or fields.keys() != {"descr", "fortran_order", "shape"}:
        raise ValueError("its header has not the fields descr, fortran_order and shape")
    shape, fortran = fields["shape"], fields["fortran_order"]
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape) or type(fortran) is not bool:
        raise ValueError("its shape is no tuple of lengths")
    return _dtype(fields["descr"]), shape, fortran


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(re.sub(r"(?<=\d)L\b", "", text.strip()))  # Python 2 wrote lengths as 10L
    except (SyntaxError, TypeError, MemoryError, RecursionError, ValueError):
        raise ValueError("its header is no literal of Python, or is nested too deeply") from None


def _dtype(descr: Any) -> np.dtype[Any]:
    if not isinstance(descr, str):
        raise ValueError("it holds records, not numbers")
    try:
        dtype = np.dtype(descr)
    except (TypeError, ValueError, SyntaxError):
        raise ValueError(f"its type {named(descr)} is unknown") from None
    if dtype.hasobject:
        raise ValueError("it holds Python objects, which are not read: they can run code")
    return dtype
