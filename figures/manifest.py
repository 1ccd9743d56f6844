"""What each committed figure was drawn from, and whether that is still so.

``manifest.json`` beside the figures has, for each: the SHA-256 of its records, a digest of the files that draw it (its
own and whatever of this room that one imports), the SHA-256 of what was drawn, its venue, caption and Matplotlib.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib

from figures import records as stored
from figures import style
from figures.catalogue import CATALOGUE, Entry, read
from theory.errors import InputError
from theory.files.outputs import MANIFEST, PDF, PNG, check_output, write_atomically

NAME = "manifest.json"
_ROOM = Path(__file__).parent


def draw(entry: Entry, results: Path, output: Path, venue: str = "ieee") -> Sequence[Path]:
    """Draw one figure into ``output`` and note in the manifest what it was drawn from.

    Raises:
        InputError: a record is missing or damaged, there is no such venue, or files of other making are in the way.
    """
    for name, kind in ((f"{entry.name}.pdf", PDF), (f"{entry.name}.png", PNG), (NAME, MANIFEST)):
        check_output(output / name, kind)
    records = read(entry, results)
    files = style.save(entry.draw(records, venue), output / entry.name)
    note = {
        "venue": venue,
        "caption": entry.caption(records),
        "matplotlib": matplotlib.__version__,
        "sources": sources_digest(entry.name),
        "records": {record: stored.digest(results, record) for record in entry.records},
        "files": {path.name: _sha256(path) for path in files},
    }
    there = output / NAME
    known = load(output) if there.exists() and MANIFEST.made(there) else {}  # any other file was given up by force
    notes = {**known, entry.name: note}
    ordered = {name: notes[name] for name in CATALOGUE if name in notes}
    write_atomically(there, json.dumps(ordered, indent=1, ensure_ascii=False) + "\n", MANIFEST)
    return files


def load(output: Path) -> dict[str, Any]:
    """The manifest of a folder of figures, empty when there is none.

    Raises:
        InputError: the file is damaged.
    """
    path = output / NAME
    if not path.exists():
        return {}
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
        return {name: dict(note) for name, note in notes.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it and draw the figures again") from None


def stale(results: Path, output: Path) -> dict[str, str]:
    """Figures of ``output`` that no longer show what is in ``results``, and why; nothing when all is well."""
    why = {name: _why(name, note, results, output) for name, note in load(output).items()}
    return {name: reason for name, reason in why.items() if reason}


def _why(name: str, note: dict[str, Any], results: Path, output: Path) -> str:
    if name not in CATALOGUE:
        return "no such figure any more"
    for record in CATALOGUE[name].records:
        if not stored.files(results, record):
            return f"its record {record} is gone"
        if stored.digest(results, record) != note["records"].get(record):
            return f"its record {record} has changed"
    if sources_digest(name) != note["sources"]:
        return "the files that draw it have changed"
    wrong = [file for file, digest in note["files"].items() if not _is(output / file, digest)]
    return f"{wrong[0]} is not what was drawn" if wrong else ""


def sources(name: str) -> list[Path]:
    """The files of this room that draw a figure: its own, and what these import of the room."""
    found: set[Path] = set()
    todo = [_ROOM / "plots" / f"{name}.py"]
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo += [inside for inside in _imported(path) if inside.exists()]
    return sorted(found)


def sources_digest(name: str) -> str:
    """Of the contents of :func:`sources`."""
    digest = hashlib.sha256()
    for path in sources(name):
        digest.update(path.relative_to(_ROOM).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _imported(path: Path) -> list[Path]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    parts = [name.split(".")[1:] for name in names if name.startswith("figures.")]
    return [_ROOM.joinpath(*part).with_suffix(".py") for part in parts]


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and _sha256(path) == digest


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
