"""What the trials of a module say: killed, named as equivalent, left; and names that are true no longer."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Name = tuple[str, str, str]  # within, before, after


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
    """Of one module. stale: named as equivalent, but killed or no mutant at all."""

    module: str
    possible: int
    tried: int
    killed: int
    equivalent: int
    survived: tuple[Name, ...]
    stale: tuple[Name, ...]

    @property
    def share(self) -> float:
        """Killed, of those that are not named as equivalent; 1 where there are none."""
        judged = self.tried - self.equivalent
        return self.killed / judged if judged else 1.0


def scored(module: str, possible: Collection[Name], results: Mapping[Name, bool], named: Collection[Name]) -> Score:
    """The score of a module. Args: results: of the mutants tried, whether they were killed."""
    left = [name for name, killed in results.items() if not killed]
    stale = [name for name in named if name not in possible or results.get(name, False)]
    survived = tuple(name for name in left if name not in named)
    killed = len(results) - len(left)
    return Score(module, len(possible), len(results), killed, len(left) - len(survived), survived, tuple(stale))


def table(scores: Sequence[Score]) -> str:
    """One line a module, in Markdown."""
    columns = ["module", "mutants", "tried", "killed", "equivalent", "survived", "killed of the others"]
    head = f"| {' | '.join(columns)} |\n|---|{'--:|' * (len(columns) - 1)}"
    rows = [
        f"| `{s.module}` | {s.possible} | {s.tried} | {s.killed} | {s.equivalent} | {len(s.survived)} | {s.share:.1%} |"
        for s in scores
    ]
    return "\n".join([head, *rows])
