"""A preset from its name to its verdicts: data, runs, analysis, files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from empirical.campaign import OnProgress, complete_all
from empirical.data import prepare
from empirical.models import model_layers, small_cnn
from empirical.presets import TUNING_SHARE, Preset, preset
from empirical.report import report
from empirical.tuning import Tuning, tuned, untuned
from empirical.verdicts import contests, undecided, verdicts
from theory.errors import InputError
from theory.provenance import write_atomically
from theory.verdict import Verdict, write_verdict


@dataclass(frozen=True)
class Outcome:
    """What an experiment found: its report, its verdicts, and whether the paper's method is undecided somewhere."""

    text: str
    verdicts: Sequence[Verdict]
    undecided: bool

    def fields(self) -> list[dict[str, Any]]:
        """The verdicts as plain data."""
        return [asdict(verdict) for verdict in self.verdicts]


def run(
    name: str,
    data: Path | None,
    *,
    folder: Path,
    jobs: int,
    download: bool = False,
    on_progress: OnProgress = lambda progress: None,
) -> Outcome:
    """Complete the runs of preset ``name`` in ``folder`` and judge them.

    Args:
        data: folder with CIFAR-10; a preset that brings its own images uses these instead when it is given.
        download: fetch the archive into ``data`` first.

    Raises:
        InputError: unknown preset, or one that does not fit this machine; missing or damaged data; a folder that holds
            runs of other settings, data or sources.
    """
    chosen = preset(name)
    if data is None and (download or chosen.source is None):
        raise InputError(f"preset {name!r} needs CIFAR-10: --data DIR")
    source = prepare(str(data), may_download=download) if data is not None else str(chosen.source)
    tuning = _tuning(chosen, source, folder / "tuning", jobs, on_progress)
    files = complete_all(chosen.runs(source, tuning.rates), folder, jobs=jobs, on_progress=on_progress)
    found = contests(files)
    made, text = verdicts(found, files, tuning), report(files, found, tuning, model_layers(small_cnn()))
    for verdict in made:
        write_verdict(verdict, folder / "verdicts")
    write_atomically(folder / "report.txt", text + "\n")
    return Outcome(text, made, undecided(found))


def _tuning(chosen: Preset, source: str, folder: Path, jobs: int, on_progress: OnProgress) -> Tuning:
    if len(chosen.rates) == 1:
        return untuned([arm.method for arm in chosen.arms], *chosen.rates)
    files = complete_all(chosen.tuning_runs(source), folder, jobs=jobs, on_progress=on_progress)
    return tuned(files, TUNING_SHARE)
