"""What the report is made from: every record of a results folder, read once, and their common digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures import records as stored
from figures.catalogue import COMMANDS
from theory.claims.status import Row, summarise
from theory.claims.verdict import Outcome, Verdict, read_verdict
from theory.errors import InputError

VERIFY, AUDIT, PARETO, LAWS, AUDITS = "verify", "audit", "pareto", "laws/laws.json", "laws/audit.json"
MAKING = {
    VERIFY: "cwmp verify --output results/verify",
    AUDIT: 'cwmp audit --magnitude "t(df=3)" --cost "lognorm(s=1)" --output results/audit',
    PARETO: "cwmp pareto smoke --output results/pareto/smoke",
    **COMMANDS,
}
NOTHING = (
    "no records in {}: 'cwmp reproduce quick' makes a first set of everything, and the page, in ten minutes; "
    "'cwmp verify --output results/verify' the verdicts on the claims alone"
)


@dataclass(frozen=True)
class Trial:
    """An experiment: the name of its folder, and its verdicts."""

    name: str
    verdicts: tuple[Verdict, ...]

    @property
    def data(self) -> str:
        """Name of the images."""
        return self.verdicts[0].domain.split(",")[0]

    @property
    def synthetic(self) -> bool:
        """Whether the images are drawn by a program: a test of the machinery, no evidence about real data."""
        return self.data.startswith("synthetic")

    def of(self, method: str) -> list[Verdict]:
        """The verdicts on one method, a cost model each: what holds first, then what reverses, then the undecided."""
        found = [verdict for verdict in self.verdicts if verdict.claim == f"E1-{method}"]
        return sorted(found, key=lambda verdict: list(Outcome).index(verdict.outcome))


class Evidence:
    """The records of a results folder.

    Args:
        results: the folder, laid out as ``results/`` of this project.

    Raises:
        InputError: there is none, or one is damaged; the message says what to run, or names the file.
    """

    def __init__(self, results: Path) -> None:
        self.results = results
        self._loaded: dict[str, Any] = {}
        if not any(record_files(results)):
            raise InputError(NOTHING.format(results))
        self.digest = records_digest(results)
        self.rows: dict[str, Row] = {row.claim.id: row for row in summarise(self._verdicts(results / VERIFY))}
        self.laws: dict[str, Any] | None = self.load(LAWS) if self.has(LAWS) else None
        table = self.load(AUDITS)["reports"] if self.has(AUDITS) else []
        own = [self.load(f"{AUDIT}/{path.name}") for path in sorted((results / AUDIT).glob("*.json"))]
        self.audits: list[dict[str, Any]] = [*table, *own]
        folders = sorted((results / PARETO).glob("*/verdicts"))
        found = (Trial(folder.parent.name, tuple(self._verdicts(folder))) for folder in folders)
        trials = sorted((t for t in found if t.verdicts), key=lambda t: (t.synthetic, t.name))
        self.trials = [t for t in trials if t.verdicts[0].claim.startswith("E1-")]
        self.designs = [t for t in trials if not t.verdicts[0].claim.startswith("E1-")]

    def has(self, record: str) -> bool:
        """Whether a record is there."""
        return bool(stored.files(self.results, record))

    def load(self, record: str) -> Any:
        """A record, read once.

        Raises:
            InputError: it is missing or damaged.
        """
        if record not in self._loaded:
            self._loaded[record] = stored.load(self.results, record)
        return self._loaded[record]

    def runs(self, trial: Trial) -> tuple[stored.Run, ...]:
        """The runs of an experiment, none when only its verdicts are there."""
        record = f"{PARETO}/{trial.name}"
        return tuple(self.load(record).runs) if self.has(record) else ()

    @staticmethod
    def _verdicts(folder: Path) -> list[Verdict]:
        """In the order of the claim table's methods: as their files are named, proofs first."""
        return sorted(map(read_verdict, sorted(folder.glob("*.json"))), key=lambda v: _ORDER.get(v.method, 9))


_ORDER = {
    "formal": -1,
    "symbolic": 0,
    "smt": 1,
    "lemmas": 2,
    "exhaustion": 3,
    "tightness": 4,
    "separation": 4,
    "certificate": 5,
}


def record_files(results: Path) -> Iterator[Path]:
    """Every record that a report is made from, in order; audits without their single batches."""
    for group in (VERIFY, "studies", "laws", PARETO, "benchmarks"):
        yield from sorted((results / group).rglob("*.json"))
    yield from sorted((results / AUDIT).glob("*.json"))


def records_digest(results: Path) -> str:
    """SHA-256 of the names and contents of the records that a report is made from."""
    digest = hashlib.sha256()
    for path in record_files(results):
        name, content = path.relative_to(results).as_posix(), path.read_bytes()
        digest.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return digest.hexdigest()
