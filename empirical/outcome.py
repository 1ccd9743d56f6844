"""What an experiment found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from empirical.records import RunFile
from empirical.setting import Run
from theory.claims.verdict import Verdict, write_verdict
from theory.files.outputs import OUTCOME, VERDICT, check_output, write_atomically


@dataclass(frozen=True)
class Outcome:
    """What an experiment found: its report, its verdicts, and whether what it asks first is undecided somewhere."""

    text: str
    verdicts: Sequence[Verdict]
    undecided: bool

    def fields(self) -> list[dict[str, Any]]:
        """The verdicts as plain data."""
        return [asdict(verdict) for verdict in self.verdicts]

    def written(self, folder: Path) -> Outcome:
        """The same, its report and verdicts as files."""
        for verdict in self.verdicts:
            write_verdict(verdict, folder / "verdicts")
        write_atomically(folder / "report.txt", self.text + "\n", OUTCOME)
        return self


Complete = Callable[[Sequence[Run], Path], Mapping[Run, RunFile]]


def check_outputs(folder: Path) -> None:
    """Refuse to write over what is no report and no verdict.

    Raises:
        InputError: a file of another making in the way.
    """
    check_output(folder / "report.txt", OUTCOME)
    for path in folder.glob("verdicts/E*-*.json"):
        check_output(path, VERDICT)
