"""Compiling Coq files, each once: what ``coqc`` made is kept in a cache outside of the source tree, by content.

A compiled file is used again only where the text of the file and of all that it needs, and the version of Coq, are the
same. It is put into its place in one step, so processes may share the cache.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from proofs_check.formal.sources import Source, closure, in_order
from theory.arithmetic.exact import as_whole
from theory.errors import InputError

LIMIT = 300.0  # seconds that one file may take; the slowest takes a few
_ERROR = re.compile(r"line (\d+), characters [\d-]+:\n(?:Warning:.*?\n)*Error:\s*(.*?)(?:\n\n|\Z)", re.DOTALL)


@dataclass(frozen=True)
class Coq:
    """The compiler: ``command``, the path of coqc, and its ``version``."""

    command: str
    version: str


@dataclass(frozen=True)
class Compiled:
    """What became of a file: the ``folder`` that holds the compiled module, or the ``error`` that stopped it."""

    name: str
    folder: Path
    error: str = ""


@lru_cache(maxsize=1)
def find_coq() -> Coq | None:
    """The Coq on the path, or None."""
    command = shutil.which("coqc")
    if command is None:
        return None
    said = subprocess.run([command, "--print-version"], capture_output=True, text=True, check=False)
    return Coq(command, said.stdout.split()[0]) if said.returncode == 0 and said.stdout.split() else None


def default_cache() -> Path:
    """``$XDG_CACHE_HOME/cwmp/coq``, by default under ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "cwmp" / "coq"


def compile_all(coq: Coq, sources: Mapping[str, Source], cache: Path, *, processes: int = 2) -> dict[str, Compiled]:
    """Compile files in the order of what they need, ``processes`` at a time.

    Args:
        cache: folder for what is made; made itself if missing.

    Raises:
        InputError: the cache cannot be written; processes is no whole number >= 1.
    """
    processes = as_whole(processes, "processes")
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot keep compiled proofs in {cache}: {error.strerror}") from None
    done: dict[str, Future[Compiled]] = {}
    with ThreadPoolExecutor(processes) as pool:
        everything = dict(sources)
        for one in in_order(everything):  # a file waits only for earlier ones, so no two wait for each other
            done[one.name] = pool.submit(_after, coq, one, everything, dict(done), cache)
    return {name: future.result() for name, future in done.items()}


def key_of(coq: Coq, name: str, sources: Mapping[str, Source]) -> str:
    """Digest of all that a compiled file depends on."""
    digest = hashlib.sha256(f"coq {coq.version}".encode())
    for one in sorted(closure(name, dict(sources))):
        digest.update(f"\0{one}\0{sources[one].text}".encode())
    return digest.hexdigest()[:32]


def _after(
    coq: Coq, one: Source, sources: dict[str, Source], done: dict[str, Future[Compiled]], cache: Path
) -> Compiled:
    needed = [done[name].result() for name in sorted(closure(one.name, sources) - {one.name})]
    place = cache / f"{one.name}-{key_of(coq, one.name, sources)}"
    if failed := next((n for n in needed if n.error), None):
        return Compiled(one.name, place, f"{failed.name}.v, which it needs, does not compile")
    if (place / f"{one.name}.vo").is_file():
        return Compiled(one.name, place)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        folder = Path(scratch) / "made"
        folder.mkdir()
        file = folder / f"{one.name}.v"
        file.write_text(one.text, encoding="utf-8")
        _, error = run_coq(coq, file, [*needed, Compiled(one.name, folder)])
        if error:
            return Compiled(one.name, place, error)
        try:
            folder.rename(place)
        except OSError:  # another process was faster
            if not (place / f"{one.name}.vo").is_file():
                return Compiled(one.name, place, f"cannot write to {cache}")
    return Compiled(one.name, place)


def run_coq(coq: Coq, file: Path, needed: list[Compiled]) -> tuple[str, str]:
    """What ``coqc`` prints about a file, and its first error in one line or ""."""
    paths = [part for one in needed for part in ("-Q", str(one.folder), "CWMP")]
    command = [coq.command, "-q", "-noglob", "-w", "none", *paths, file.name]
    try:
        ran = subprocess.run(command, cwd=file.parent, capture_output=True, text=True, timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return "", f"{file.name} takes longer than {LIMIT:.0f} s"
    return ran.stdout, "" if ran.returncode == 0 else _first_error(file.name, ran.stderr)


def write_whole(path: Path, text: str) -> None:
    """Write a file of the cache in one step."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    os.replace(file.name, path)


def _first_error(name: str, said: str) -> str:
    found = _ERROR.search(said)
    if found is None:
        return f"{name}: {' '.join(said.split())[:300] or 'coqc failed and said nothing'}"
    return f"{name}, line {found[1]}: {' '.join(found[2].split())[:300]}"
