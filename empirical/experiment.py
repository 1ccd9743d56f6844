"""A preset from its name to its verdicts: data, runs, analysis, files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from empirical.images.cifar10 import prepare
from empirical.judgement.report import report
from empirical.judgement.verdicts import contests, undecided, verdicts
from empirical.presets import TUNING_SHARE, Preset, preset
from empirical.records import RunFile, read_run
from empirical.runs.campaign import OnProgress, complete_all
from empirical.runs.runner import recorded
from empirical.runs.tuning import Tuning, tuned, untuned
from empirical.setting import Run
from empirical.training.compress import BASELINE
from empirical.training.models import model_layers, small_cnn
from theory.claims.verdict import Verdict, write_verdict
from theory.errors import InputError
from theory.files.outputs import OUTCOME, VERDICT, check_output, write_atomically


@dataclass(frozen=True)
class Outcome:
    """What an experiment found: its report, its verdicts, and whether the paper's method is undecided somewhere."""

    text: str
    verdicts: Sequence[Verdict]
    undecided: bool

    def fields(self) -> list[dict[str, Any]]:
        """The verdicts as plain data."""
        return [asdict(verdict) for verdict in self.verdicts]


Complete = Callable[[Sequence[Run], Path], Mapping[Run, RunFile]]


def run(
    name: str,
    data: Path | None,
    *,
    folder: Path,
    jobs: int,
    download: bool = False,
    device: str | None = None,
    seeds: int | None = None,
    on_progress: OnProgress = lambda progress: None,
) -> Outcome:
    """Complete the runs of preset ``name`` in ``folder`` and judge them.

    Args:
        device, seeds: as for :func:`empirical.presets.preset`.
        data: folder with CIFAR-10; a preset that brings its own images uses these instead when it is given.
        download: fetch the archive into ``data`` first.

    Raises:
        InputError: unknown preset, or one that does not fit this machine; missing or damaged data; a folder that holds
            runs of other settings, data or sources.
    """
    chosen = preset(name, device=device, seeds=seeds)
    if data is None and (download or chosen.source is None):
        raise InputError(f"preset {name!r} needs CIFAR-10: --data DIR")
    source = prepare(str(data), may_download=download) if data is not None else str(chosen.source)
    return _concluded(chosen, source, folder, partial(complete_all, jobs=jobs, on_progress=on_progress))


def judge(name: str, *, folder: Path) -> Outcome:
    """Judge the finished runs of preset ``name`` in ``folder``: whatever sources made them, on the device and with the
    seeds they have.

    Raises:
        InputError: unknown preset; a run that is missing, damaged, or of other settings or sources than the rest.
    """
    chosen = preset(name, to_run=False)
    if there := sorted(folder.glob("*-seed*.json")):
        present = tuple(seed for seed in chosen.seeds if any(path.stem.endswith(f"-seed{seed}") for path in there))
        device = read_run(there[0]).identity.get("run", {}).get("device", chosen.device)
        chosen = replace(chosen, seeds=present or chosen.seeds, device=device)
    return _concluded(chosen, "", folder, recorded)


def _concluded(chosen: Preset, source: str, folder: Path, complete: Complete) -> Outcome:
    check_output(folder / "report.txt", OUTCOME)
    for path in folder.glob("verdicts/E1-*.json"):
        check_output(path, VERDICT)
    tuning = _tuning(chosen, source, folder / "tuning", complete)
    files = complete(chosen.runs(source, tuning.rates), folder)
    again = complete(chosen.same_rate_runs(source, tuning.rates), folder / "same-rate")
    baselines = {run: file for run, file in files.items() if run.arm.method == BASELINE}
    found, *more = contests(files, *([{**baselines, **again}] if again else []))
    control = [contest for contests_again in more for contest in contests_again]
    made = verdicts([*found, *control], files, tuning)
    text = report(files, found, control, tuning, model_layers(small_cnn()))
    for verdict in made:
        write_verdict(verdict, folder / "verdicts")
    write_atomically(folder / "report.txt", text + "\n", OUTCOME)
    return Outcome(text, made, undecided(found))


def _tuning(chosen: Preset, source: str, folder: Path, complete: Complete) -> Tuning:
    if len(chosen.rates) == 1:
        return untuned([arm.method for arm in chosen.arms], *chosen.rates)
    return tuned(complete(chosen.tuning_runs(source), folder), TUNING_SHARE)
