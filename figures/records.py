"""Reading what the figures are drawn from: JSON records, folders of training runs with their verdicts, and digests.

A record is named by its path in the results folder. One that ends in ``.json`` is that file; any other is a folder of
run files, as ``cwmp pareto`` leaves it, with the verdicts in ``verdicts/``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

from theory.claims.verdict import Verdict, read_verdict
from theory.errors import InputError

DENSE, BASELINE = "dense", "top-k"

Records = Mapping[str, Any]  # path in the results folder -> what it holds: plain data, or an Experiment


@dataclass(frozen=True)
class Run:
    """What the figures need of one training run.

    Attributes:
        cost, share, method, seed: which run. setting: as plain data.
        spent: energy up to and including each round, in updates that send everything (``full``), one per round.
        captured: mean share of ``||g||^2`` sent, one per round.
        accuracies: (rounds done, accuracy) at each measurement.
        clients_sent: clients that were not lost, up to and including each round. dense_share: energy of a client that
            sends everything without indices, over ``full``; with it a dense run is priced under any cost model.
        gap: largest certified distance from the optimum of the budget, share of ``||g||^2``.
        data: name of the data. provenance: versions, hardware, revision.
    """

    cost: str
    share: str
    method: str
    seed: int
    setting: dict[str, Any]
    spent: tuple[float, ...]
    captured: tuple[float, ...]
    accuracies: tuple[tuple[int, float], ...]
    clients_sent: tuple[int, ...]
    dense_share: float
    gap: float
    data: str
    provenance: dict[str, Any]

    @property
    def final_accuracy(self) -> float:
        """Mean of the last measurements, as many as the setting says."""
        last = [accuracy for _, accuracy in self.accuracies[-self.setting["final"] :]]
        return sum(last) / len(last)


@dataclass(frozen=True)
class Experiment:
    """A folder of finished runs and the verdicts on them.

    Attributes:
        runs: what competes, every method at its own learning rate.
        verdicts: on the methods under each cost model; also of runs that are not among these.
    """

    runs: tuple[Run, ...]
    verdicts: tuple[Verdict, ...]


def load(results: Path, record: str) -> Any:
    """What the record holds.

    Raises:
        InputError: it is missing or damaged; the message names the file.
    """
    path = results / record
    if not record.endswith(".json"):
        return _experiment(path)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a record: {_one_line(error)}") from None


def files(results: Path, record: str) -> list[Path]:
    """The files of a record that are there, in order; none when it is missing."""
    path = results / record
    if record.endswith(".json"):
        return [path] if path.is_file() else []
    return [*sorted(path.glob("*.json")), *sorted(path.glob("verdicts/*.json"))] if any(path.glob("*.json")) else []


def digest(results: Path, record: str) -> str:
    """SHA-256 of a record: of its file, or of names and digests of all its files."""
    path = results / record
    if record.endswith(".json"):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    lines = [f"{file.relative_to(path).as_posix()} {_sha256(file)}\n" for file in files(results, record)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _experiment(folder: Path) -> Experiment:
    runs = [_run(path) for path in sorted(folder.glob("*.json"))]
    if not runs:
        raise InputError(f"{folder} has no run files")
    verdicts = tuple(read_verdict(path) for path in sorted(folder.glob("verdicts/*.json")))
    return Experiment(tuple(runs), verdicts)


def _run(path: Path) -> Run:
    """One run file, in the format of :func:`empirical.records.write_run`."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        about, rounds, full = fields["identity"]["run"], fields["rounds"], Fraction(fields["full"])
        energies = (
            sum(Fraction(e[part]) for e in one["ledger"] for part in ("radio", "index", "memory")) for one in rounds
        )
        return Run(
            **{name: about["arm"][name] for name in ("cost", "share", "method")},
            seed=about["seed"],
            setting=about["setting"],
            spent=tuple(float(energy / full) for energy in accumulate(energies)),
            captured=tuple(one["captured"] for one in rounds),
            accuracies=tuple((one["round"] + 1, one["accuracy"]) for one in rounds if one["accuracy"] is not None),
            clients_sent=tuple(accumulate(len(one["cohort"]) - len(one["dropped"]) for one in rounds)),
            dense_share=float(Fraction(fields["dense"]) / full),
            gap=max(one["gap"] for one in rounds),
            data=fields["data"],
            provenance=fields["provenance"],
        )  # fmt: skip
    except (OSError, ValueError, TypeError, KeyError, ArithmeticError) as error:
        raise InputError(f"{path} is not the file of a run: {_one_line(error)}") from None


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:100]}"
