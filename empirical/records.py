"""The record of a round, and the file of a run: records, what it was, and where it comes from."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from statistics import variance
from typing import Any

from empirical.prices import Entry
from empirical.setting import Setting, completed
from theory.errors import InputError
from theory.files.outputs import RUN, write_atomically


@dataclass(frozen=True)
class RoundRecord:
    """What one round did.

    Attributes:
        round: from 0. cohort: invited clients. dropped: those of them that were lost.
        loss: mean training loss of the clients that sent. accuracy: on the test images after the round, or None.
        ledger: of the whole cohort by kind of layer: coordinates, radio, index and memory joules (or units), exact.
        captured: mean share of ``||g||^2`` that was sent.
        gap: the largest certified distance, over clients, of what was sent from the best mask of the same budget, as a
            share of ``||g||^2`` (:class:`empirical.training.compress.Choice`).
        masks: digest of all masks, in cohort order: equal digests, equal masks.
        honest: numerator and denominator of the honest gain (:mod:`empirical.training.honest`); None in records of
            older revisions and of engines whose server does not see what stayed with the clients.
    """

    round: int
    cohort: tuple[int, ...]
    dropped: tuple[int, ...]
    loss: float
    accuracy: float | None
    ledger: tuple[Entry, ...]
    captured: float
    gap: float
    masks: str
    honest: tuple[float, float] | None = None

    @property
    def energy(self) -> Fraction:
        """Joules (or units) of the round."""
        return sum((entry.energy for entry in self.ledger), Fraction(0))

    @property
    def coordinates(self) -> int:
        """Coordinates sent by the cohort."""
        return sum(entry.coordinates for entry in self.ledger)

    def fields(self) -> dict[str, Any]:
        """As plain data; rationals as texts, so that nothing is rounded."""
        fields = asdict(self)
        for entry in fields["ledger"]:
            for part in ("radio", "index", "memory"):
                entry[part] = str(entry[part])
        return fields

    @classmethod
    def of(cls, fields: dict[str, Any]) -> RoundRecord:
        """The record that :meth:`fields` wrote."""
        entries = tuple(
            Entry(e["kind"], e["coordinates"], Fraction(e["radio"]), Fraction(e["index"]), Fraction(e["memory"]))
            for e in fields["ledger"]
        )
        honest = fields.get("honest")
        return cls(
            **{**fields, "cohort": tuple(fields["cohort"]), "dropped": tuple(fields["dropped"]), "ledger": entries,
               "honest": None if honest is None else (float(honest[0]), float(honest[1]))}
        )  # fmt: skip


@dataclass(frozen=True)
class RunFile:
    """A finished run.

    Attributes:
        records: of its rounds.
        identity: what the records depend on: the run's settings, digests of the data and of the sources, PyTorch.
        data: name of the data. unit: of energy, ``J`` or ``units``.
        full: energy of one client that sends every coordinate as the cost model charges it: what budgets are shares of.
        dense: energy of one client that sends everything without indices.
        provenance: versions, hardware, source revision.
    """

    records: tuple[RoundRecord, ...]
    identity: dict[str, Any]
    data: str
    unit: str
    full: Fraction
    dense: Fraction
    provenance: dict[str, Any]

    @property
    def final_accuracy(self) -> float:
        """Mean of the last measurements, as many as the setting says."""
        measured = [record.accuracy for record in self.records if record.accuracy is not None]
        last = measured[-self.identity["run"]["setting"]["final"] :]
        return sum(last) / len(last)

    @property
    def captured(self) -> float:
        """Mean share of the squared norm that was sent, over the rounds."""
        return sum(record.captured for record in self.records) / len(self.records)

    @property
    def honest_gain(self) -> float:
        """Share of the clients' common descent that was sent, over all rounds.

        Nan where it was not recorded, or where there is too little in common to take a share of: its sum over the
        rounds is not above two standard errors of that sum.
        """
        found = [record.honest for record in self.records if record.honest is not None]
        if len(found) < 2:
            return math.nan
        whole = [common for _, common in found]
        error = math.sqrt(len(whole) * variance(whole))
        return sum(sent for sent, _ in found) / sum(whole) if sum(whole) > 2 * error else math.nan

    @property
    def energy(self) -> Fraction:
        """Of all rounds, in full updates of one client."""
        return sum((record.energy for record in self.records), Fraction(0)) / self.full


def write_run(path: Path, run: RunFile) -> None:
    """Write a finished run, a round a line, atomically."""
    lines = ",\n  ".join(json.dumps(record.fields(), separators=(",", ":")) for record in run.records)
    about = {name: getattr(run, name) for name in ("data", "unit", "identity", "provenance")}
    head = json.dumps({**about, "full": str(run.full), "dense": str(run.dense)}, indent=1)
    write_atomically(path, f'{head[:-2]},\n "rounds": [\n  {lines}\n ]\n}}\n', RUN)


def read_run(path: Path) -> RunFile:
    """The finished run in a file.

    Raises:
        InputError: when the file is not one, or holds what no run can have given.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        fields["records"] = tuple(RoundRecord.of(record) for record in fields.pop("rounds"))
        fields["identity"]["run"] = completed(fields["identity"]["run"])
        run = RunFile(**{**fields, "full": Fraction(fields["full"]), "dense": Fraction(fields["dense"])})
        _check(run)
        return run
    except (OSError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        raise InputError(f"{path} is not the file of a run: {' '.join(str(error).split())[:120]}") from None


def _check(run: RunFile) -> None:
    """Raises ValueError for what no run can have given: what is judged later has no other guard."""
    setting = Setting(**{k: v for k, v in run.identity["run"]["setting"].items() if k != "partition"})
    if [record.round for record in run.records] != list(range(setting.rounds)):
        raise ValueError(f"its rounds are not 0 to {setting.rounds - 1}")
    for done, record in enumerate(run.records, 1):
        wanted = setting.evaluated(done)
        if wanted != (record.accuracy is not None):
            raise ValueError(f"round {record.round} has {'no' if wanted else 'an unexpected'} accuracy")
        if record.accuracy is not None and not 0 <= record.accuracy <= 1:
            raise ValueError(f"round {record.round} has accuracy {record.accuracy}; it must lie in [0, 1]")
        if any(x < 0 for e in record.ledger for x in (e.coordinates, e.radio, e.index, e.memory)):
            raise ValueError(f"round {record.round} has a negative amount in its ledger")
    if not (run.full > 0 and run.dense > 0):
        raise ValueError("the energy of a whole update is not positive")
