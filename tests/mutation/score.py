"""What the trials of a module say: killed, named as equivalent, timed out, left; and names no longer true."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Name = tuple[str, str, str]  # within, before, after
Outcome = Literal["killed", "survived", "timed out"]


def equivalents(path: Path) -> dict[str, dict[Name, str]]:
    """By module: the mutants that no test can kill, and why.

    Raises:
        ValueError: a mutant named twice, or without a reason.
    """
    found: dict[str, dict[Name, str]] = {}
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", []):
        if not entry["why"].strip():
            raise ValueError(f"{entry['module']}: {entry['before']}: no reason")
        named = found.setdefault(entry["module"], {})
        for after in entry["after"]:
            name = (entry["within"], entry["before"], after)
            if name in named:
                raise ValueError(f"{entry['module']}: named twice: {name}")
            named[name] = entry["why"]
    return found


@dataclass(frozen=True)
class Score:
    """Of one module. stale: named as equivalent, but killed or no mutant at all; late: run out of time, not killed."""

    module: str
    possible: int
    tried: int
    killed: int
    equivalent: int
    survived: tuple[Name, ...]
    late: tuple[Name, ...]
    stale: tuple[Name, ...]

    @property
    def share(self) -> float:
        """Killed, of those that are not named as equivalent; 1 where there are none."""
        judged = self.tried - self.equivalent
        return self.killed / judged if judged else 1.0


def scored(module: str, possible: Collection[Name], results: Mapping[Name, Outcome], named: Collection[Name]) -> Score:
    """The score of a module. Args: results: of the mutants tried, what became of them."""
    left = {name: outcome for name, outcome in results.items() if outcome != "killed"}
    stale = tuple(name for name in named if name not in possible or results.get(name) == "killed")
    survived = tuple(name for name, outcome in left.items() if outcome == "survived" and name not in named)
    late = tuple(name for name, outcome in left.items() if outcome == "timed out" and name not in named)
    killed, equivalent = len(results) - len(left), len(left) - len(survived) - len(late)
    return Score(module, len(possible), len(results), killed, equivalent, survived, late, stale)


def table(scores: Sequence[Score]) -> str:
    """One line a module, in Markdown."""
    columns = ["module", "mutants", "tried", "killed", "equivalent", "survived", "timed out", "killed of the others"]
    head = f"| {' | '.join(columns)} |\n|---|{'--:|' * (len(columns) - 1)}"
    rows = [
        f"| `{s.module}` | {s.possible} | {s.tried} | {s.killed} | {s.equivalent} | {len(s.survived)} | {len(s.late)} "
        f"| {s.share:.1%} |"
        for s in scores
    ]
    return "\n".join([head, *rows])
