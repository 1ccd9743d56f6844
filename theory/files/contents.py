"""What a file of tensors holds, and the words in which a message names a part of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Stored:
    """The tensors of a file.

    Attributes:
        tensors: by name, in the order of the file; ``""`` names an array that has no name.
        tied: (name, first name) of tensors that are another one under a second name, which are not in ``tensors``.
        beside: names of what stands beside the tensors and is none (``epoch``).
    """

    tensors: dict[str, NDArray]
    tied: tuple[tuple[str, str], ...] = ()
    beside: tuple[str, ...] = ()


def named(name: object) -> str:
    """A name as one short, printable piece of a line."""
    text = str(name)
    if not text.isprintable() or not text or text != text.strip():
        text = repr(text)
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text)} characters)"


def listed(names: Iterable[object], most: int = 6) -> str:
    """Names in a line, the first few of many."""
    every = [named(name) for name in names]
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more


def first_line(error: Exception) -> str:
    """What an error says, in a line."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0][:240]
    return line if line.isprintable() else repr(line)


def parsed_json(text: str | bytes) -> Any:
    """JSON that somebody else wrote.

    Raises:
        ValueError: it is none, it is nested too deeply, or a name stands twice in an object.
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"{named(twice)} stands twice in an object")
    return made
