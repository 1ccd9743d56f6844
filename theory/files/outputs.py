"""Files that are written: whole or absent, and never in place of something that is not ours to replace.

A file may be written where there is none, where there is an empty one, or over an earlier file of the same
:class:`Kind`, which is known by what it holds and not by its name. Everything else there is somebody's, and stays
unless ``--force`` was said. What the running command reads stays whatever was said.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from theory.errors import InputError

_ENDS = 1 << 16  # bytes at either end of a file in which its mark is looked for


@dataclass(frozen=True)
class Kind:
    """A kind of file that this program makes.

    Attributes:
        name: with its article, as a message says it. made: whether a file is one.
    """

    name: str
    made: Callable[[Path], bool]


def marked(name: str, mark: bytes) -> Kind:
    """A kind whose files hold ``mark``, a regular expression, at the beginning or at the end."""
    pattern = re.compile(mark, re.DOTALL)
    return Kind(name, lambda path: pattern.search(_ends(path)) is not None)


def _opens(name: str, *keys: str) -> Kind:
    """A kind of JSON object that opens with these keys, whose values are texts or numbers."""
    value = r'(?:"(?:[^"\\]|\\.)*"|[-+.\w]+)'
    inner = r",\s*".join([*(rf'"{key}":\s*{value}' for key in keys[:-1]), rf'"{keys[-1]}":'])
    return marked(name, rf"\A\s*\{{\s*{inner}".encode())


CERTIFICATE = _opens("a certificate", "format", "verdict")
VERDICT = _opens("a verdict", "claim", "method")
STUDY = _opens("the record of a study", "study", "about")
AUDIT = _opens("the report of an audit", "law", "d")
AUDIT_BATCH = marked("a batch of an audit", rb"\A\[\[")
RUN = _opens("the file of a run", "data", "unit", "identity")
CHECKPOINT = marked("the checkpoint of a run", rb"\APK\x03\x04.{26}about\.npy")
OUTCOME = marked("the report of an experiment", rb"\A[^\n]*: \d+ paired seeds?; ")
DATA = _opens("decoded images", "name", "digest")
ARRAY = marked("a decoded array", rb"\A\x93NUMPY")
PAGE = marked("a page of cwmp report", rb'<meta name="cwmp-records" content="')
TABLE = marked("a table of cwmp report", rb"\A% Made by cwmp report ")
MODEL = marked("an energy model of cwmp", rb"\A# An energy model of cwmp:")
PDF = marked("a figure of cwmp", rb"\A%PDF-.*/Creator \(cwmp\)")
PNG = marked("a figure of cwmp", rb"\A\x89PNG\r\n.*tEXtSoftware\x00cwmp")
MANIFEST = marked("the manifest of figures", rb'\A\{\s*"\w+": \{\s*"venue": "')
CHAIN = marked("the notes of cwmp reproduce", rb'\A\{\s*"\w+": \{\s*"command": \[')
LOG = marked("the output of a step", rb"\A\$ (?:cwmp|python) ")
BENCHMARK = marked(
    "the record of a benchmark",
    rb'\A\{\s*"(?:at_scale|side_by_side|threads|mapped|preset|rounds|reports|part|d|'
    rb'\d+(?:e\+\d+)? float\d\d \w+[^"]*)":'
    rb'.*"provenance": \{\s*"revision": "',
)
BENCHMARK_PAGE = marked("the page of a benchmark", rb"\A# [^\n]*\n\nMade by `python benchmarks/")


@dataclass(frozen=True)
class _Care:
    reads: tuple[Path, ...] = ()
    force: bool = False


_CARE: ContextVar[_Care] = ContextVar("care")


@contextmanager
def protecting(*reads: Path, force: bool = False) -> Iterator[None]:
    """While this lasts nothing in ``reads`` is written over; with ``force``, files of other makers are."""
    before = _care()
    token = _CARE.set(_Care((*before.reads, *reads), before.force or force))
    try:
        yield
    finally:
        _CARE.reset(token)


def force_given() -> bool:
    """Whether files of other makers are replaced."""
    return _care().force


def _care() -> _Care:
    return _CARE.get(_Care())


def check_output(path: Path, kind: Kind) -> None:
    """Whether ``path`` may be written as a file of ``kind``: asked before the work whose result it is to hold.

    Raises:
        InputError: it is read by this command, or is there and of another making. OSError: a folder of it is a file.
    """
    if in_the_way := next((parent for parent in path.parents if parent.is_file()), None):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(in_the_way))
    if not path.is_file():
        return
    if any(read.exists() and path.samefile(read) for read in _care().reads):
        raise InputError(f"{path} is read by this command and stays as it is; give another place for the output")
    if not force_given() and path.stat().st_size and not kind.made(path):
        raise InputError(
            f"{path} is there already and is not {kind.name}; give another place, move it away, or add --force"
        )


def clear_output(path: Path, kind: Kind) -> None:
    """Remove an earlier file of ``kind`` at ``path``, so that another process may write there.

    Raises:
        InputError: as :func:`check_output`.
    """
    check_output(path, kind)
    path.unlink(missing_ok=True)


def write_atomically(path: Path, content: str | bytes, kind: Kind) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old file or the whole new one, never a part.

    Raises:
        InputError: as :func:`check_output`. OSError: it cannot be written; the error names ``path``.
    """
    with writing(path, kind) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def writing(path: Path, kind: Kind) -> Iterator[BinaryIO]:
    """A binary file that takes the place of ``path`` when it is finished, with the mode that ``path`` had or a new
    file gets; a link is followed, and what is no regular file (a pipe, a terminal) is written into.

    Raises:
        InputError: as :func:`check_output`. OSError: it cannot be written; the error names ``path``.
    """
    check_output(path, kind)
    try:
        target = Path(os.path.realpath(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and not target.is_file() and not target.is_dir():
            with path.open("wb") as file:
                yield file
        else:
            with _taking_the_place_of(target) as file:
                yield file
    except OSError as error:  # whoever asked knows nothing of a temporary file
        raise type(error)(error.errno, error.strerror, str(path)) from None


@contextmanager
def _taking_the_place_of(target: Path) -> Iterator[BinaryIO]:
    mode = stat.S_IMODE(target.stat().st_mode) if target.is_file() else None
    if mode is not None and not mode & 0o222:
        raise PermissionError(errno.EACCES, "write-protected", str(target))
    partial = target.with_name(f".cwmp-{secrets.token_hex(8)}")
    try:
        with open(partial, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            partial.chmod(mode)
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _ends(path: Path) -> bytes:
    """The beginning and the end of a file; all of it where it is short."""
    with path.open("rb") as file:
        head = file.read(_ENDS)
        file.seek(max(file.seek(0, os.SEEK_END) - _ENDS, len(head)))
        return head + file.read()
