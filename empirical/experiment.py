"""A preset from its name to its verdicts: data, runs, analysis, files."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from empirical.designed import Turns, design_outcome
from empirical.images.cifar10 import prepare
from empirical.judgement.report import report
from empirical.judgement.verdicts import contests, undecided, verdicts
from empirical.outcome import Complete, Outcome, check_outputs
from empirical.presets import TUNING_SHARE, Chosen, Preset, preset
from empirical.records import read_run
from empirical.runs.campaign import OnProgress, complete_all
from empirical.runs.runner import recorded
from empirical.runs.tuning import Tuning, tuned, untuned
from empirical.training.compress import BASELINE
from empirical.training.federated import network_layers
from theory.errors import InputError


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
    if isinstance(chosen, Preset):
        return _concluded(chosen, source, folder, partial(complete_all, jobs=jobs, on_progress=on_progress))
    return _concluded(chosen, source, folder, Turns(chosen, jobs, on_progress))


def judge(name: str, *, folder: Path, seeds: int | None = None) -> Outcome:
    """Judge the finished runs of preset ``name`` in ``folder``: whatever sources made them, on the device and with the
    seeds they have, or the first ``seeds`` of these.

    Raises:
        InputError: unknown preset; a run that is missing, damaged, or of other settings or sources than the rest.
    """
    chosen = preset(name, to_run=False)
    if there := sorted(folder.glob("*-seed*.json")):
        present = tuple(seed for seed in chosen.seeds if any(path.stem.endswith(f"-seed{seed}") for path in there))
        device = read_run(there[0]).identity.get("run", {}).get("device", chosen.device)
        chosen = replace(chosen, seeds=(present or chosen.seeds)[:seeds], device=device)
    return _concluded(chosen, "", folder, recorded)


def _concluded(chosen: Chosen, source: str, folder: Path, complete: Complete) -> Outcome:
    check_outputs(folder)
    if not isinstance(chosen, Preset):
        return design_outcome(chosen, source, folder, complete).written(folder)
    tuning = _tuning(chosen, source, folder / "tuning", complete)
    files = complete(chosen.runs(source, tuning.rates), folder)
    again = complete(chosen.same_rate_runs(source, tuning.rates), folder / "same-rate")
    baselines = {run: file for run, file in files.items() if run.arm.method == BASELINE}
    found, *more = contests(files, *([{**baselines, **again}] if again else []))
    control = [contest for contests_again in more for contest in contests_again]
    made = verdicts([*found, *control], files, tuning)
    text = report(files, found, control, tuning, network_layers(chosen.setting.network))
    return Outcome(text, made, undecided(found)).written(folder)


def _tuning(chosen: Preset, source: str, folder: Path, complete: Complete) -> Tuning:
    if len(chosen.rates) == 1:
        return untuned([arm.method for arm in chosen.arms], *chosen.rates)
    return tuned(complete(chosen.tuning_runs(source), folder), TUNING_SHARE)
