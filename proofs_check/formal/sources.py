"""What a Coq file of ``proofs/`` says: the words of its claim, the statement, the files it needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from theory.errors import InputError

PROOFS = Path(__file__).resolve().parent / "proofs"

_HEAD = re.compile(r"\A\(\*(.*?)\*\)\n", re.DOTALL)
_COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)
_NEEDS = re.compile(r"^From CWMP Require(?: Import| Export)? ([\w ]+)\.", re.MULTILINE)
_STATEMENT = re.compile(r"^Definition claim : Prop :=.*?\.$", re.MULTILINE | re.DOTALL)
_PREAMBLE = re.compile(r"^(?:From .*|Import .*|Open Scope .*)\n", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """One file.

    Attributes:
        name: of the module, ``D04``. text: the file. needs: modules of the library that it requires.
    """

    name: str
    text: str
    needs: tuple[str, ...]

    @property
    def words(self) -> str:
        """The comment that the file opens with, on one line: for a claim, its words."""
        head = _HEAD.match(self.text)
        return " ".join(head[1].split()) if head else ""

    @property
    def statement(self) -> str:
        """The definitions that a claim's file makes for its statement, and the statement.

        Raises:
            InputError: when the file states no claim.
        """
        found = _STATEMENT.search(self.text)
        if found is None:
            raise InputError(f"{self.name}.v has no line 'Definition claim : Prop := ...'")
        before = _HEAD.sub("", self.text[: found.end()])
        return _PREAMBLE.sub("", before).strip()

    @property
    def code(self) -> str:
        """The file without its comments."""
        return _COMMENT.sub("", self.text)


def read_sources(folder: Path = PROOFS) -> dict[str, Source]:
    """The files of a folder by name.

    Raises:
        InputError: there are none, or one requires a module that is not there.
    """
    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.v"))}
    if not texts:
        raise InputError(f"{folder} holds no Coq files (*.v)")
    found = {name: source(name, text) for name, text in texts.items()}
    for one in found.values():
        for need in one.needs:
            if need not in found:
                raise InputError(f"{one.name}.v requires {need}, which is not in {folder}")
    return found


def source(name: str, text: str) -> Source:
    """A file from its text."""
    needs = {need for line in _NEEDS.findall(_COMMENT.sub("", text)) for need in line.split()}
    return Source(name, text, tuple(sorted(needs)))


def in_order(sources: dict[str, Source]) -> Iterator[Source]:
    """Every file after those it needs.

    Raises:
        InputError: files that need one another.
    """
    done: set[str] = set()
    while len(done) < len(sources):
        ready = [s for s in sources.values() if s.name not in done and done.issuperset(s.needs)]
        if not ready:
            raise InputError(f"these Coq files require one another: {', '.join(sorted(set(sources) - done))}")
        yield from ready
        done |= {s.name for s in ready}


def closure(name: str, sources: dict[str, Source]) -> set[str]:
    """A file and all that it needs, directly or not."""
    found, todo = set(), [name]
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += sources[one].needs
    return found
