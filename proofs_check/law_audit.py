"""Audit the probabilistic bounds under one law: how often are they violated, how tight are they, what is saved?

Trials run in batches, over all cores through joblib or on a Dask cluster (`joblib.parallel_config(backend="dask")`
around :func:`audit_law`). Batch k at budget j is drawn from the seed's child (j, k), rounds hold the same batches
whatever the number of workers, and decisions are taken between rounds: same seed, same numbers. A finished batch is a
file; a stopped audit goes on from them.

Each bound at each budget is a cell; its violation rate is judged by an anytime-valid test at level alpha over the
number of cells, so that all answers of the audit are right together with probability 1 - alpha, wherever it stops.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from proofs_check.cells import Cell, Trials, as_columns, cells_of
from proofs_check.sources import source_digest
from proofs_check.trials import BATCH, run_batch
from theory.deviation import AnyLaw
from theory.efficiency import Saving, check_share
from theory.errors import InputError
from theory.provenance import provenance, strict_json, write_atomically
from theory.rates import RateTest, clopper_pearson
from theory.samples import SampleLaw

_ROUND = 4  # batches at each budget between two decisions

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class AuditPlan:
    """What is audited.

    Attributes:
        law: of the coordinates. d: coordinates of an instance. betas: budgets, as shares.
        claims: ids to keep, or () for all. failure: probability that P7 and P8 are asked for.
        alpha: probability that any answer of the audit is wrong. trials: at most, at each budget. seed: of all draws.

    Raises:
        InputError: numbers outside their ranges, or claims that an audit does not cover.
    """

    law: AnyLaw
    d: int = 2000
    betas: tuple[float, ...] = (0.01, 0.1)
    claims: tuple[str, ...] = ()
    failure: float = 0.05
    alpha: float = 0.01
    trials: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.d < 2 or self.trials < 1 or self.seed < 0:
            raise InputError(f"need d >= 2, trials >= 1, seed >= 0; got {self.d}, {self.trials}, {self.seed}")
        if not 0 < self.failure < 1 or not 0 < self.alpha < 1:
            raise InputError("the failure probability and alpha must lie in (0, 1)")
        for beta in self.betas:
            check_share(beta)
        if unknown := set(self.claims) - COVERED:
            raise InputError(
                f"an audit does not cover {', '.join(sorted(unknown))}; it covers {', '.join(sorted(COVERED))}"
            )

    def cells(self) -> list[list[Cell]]:
        """The cells, by budget."""
        wanted = self.claims or tuple(COVERED)
        return [[cell for cell in cells_of(self.law, self.d, beta, self.failure) if cell.claim in wanted]
                for beta in self.betas]  # fmt: skip

    @property
    def batches(self) -> int:
        """How many there are at most, at each budget."""
        return math.ceil(self.trials / BATCH)


@contextmanager
def workers(jobs: int, dask: str | None = None) -> Iterator[None]:
    """Processes of this machine, or those of a Dask cluster whose scheduler is at ``dask``.

    Raises:
        InputError: when Dask is not installed, or no scheduler answers.
    """
    if dask is None:
        with joblib.parallel_config(backend="loky", n_jobs=jobs):
            yield
        return
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise InputError("--dask needs Dask: pip install 'cwmp[dask]'") from None
    try:
        client = Client(dask, timeout=5)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"no Dask scheduler answers at {dask}: {type(error).__name__}") from None
    with client, joblib.parallel_config(backend="dask"):
        yield


COVERED = frozenset({"P7", "P8", "P9", "P10", "D13a", "D14a"})


def audit_law(
    plan: AuditPlan, *, folder: Path, jobs: int | None = None, cells: Sequence[Sequence[Cell]] | None = None,
    on_progress: Progress = lambda done, most: None,
) -> dict[str, Any]:  # fmt: skip
    """Run the audit and return its report as plain data.

    Args:
        folder: where batches are kept, and found again. jobs: workers; None leaves it to an enclosing
            ``joblib.parallel_config``. cells: other bounds than the claim table's, by budget (for planted ones).
        on_progress: called with the batches done and how many there may be.

    Raises:
        KeyboardInterrupt: after a round's finished batches are files.
    """
    by_budget = plan.cells() if cells is None else cells
    testable = sum(cell.allowed is not None for at in by_budget for cell in at)
    alpha = plan.alpha / max(testable, 1)
    store = folder / _digest(plan)
    rows: list[list[list[float]]] = [[] for _ in plan.betas]
    open_at = list(range(len(plan.betas)))
    done = 0
    for first in range(0, plan.batches, _ROUND):
        todo = [(j, k) for j in open_at for k in range(first, min(first + _ROUND, plan.batches))]
        stored = {key: _stored(store, key) for key in todo}
        missing = [key for key in todo if stored[key] is None]
        if missing:
            run = joblib.delayed(_batch_to_file)
            made = joblib.Parallel(n_jobs=jobs)(run(plan, key, store) for key in missing)
            stored.update(zip(missing, made, strict=True))
        for (j, _), batch in sorted(stored.items()):
            rows[j].extend(batch or [])
        done += len(todo)
        on_progress(done, plan.batches * len(plan.betas))
        open_at = [j for j in open_at if not _settled(by_budget[j], as_columns(rows[j]), plan, alpha)]
        if not open_at:
            break
    report = _report(plan, by_budget, [as_columns(r) for r in rows], alpha)
    write_atomically(folder / f"{_digest(plan)}.json", strict_json(report) + "\n")
    return report


def _batch_to_file(plan: AuditPlan, key: tuple[int, int], store: Path) -> list[list[float]]:
    """In a worker: one batch, to its file as soon as it is there (a worker elsewhere may not see the folder)."""
    batch = run_batch(plan.law, plan.d, plan.betas[key[0]], plan.seed, key)
    write_atomically(store / _file(key), json.dumps(batch))
    return batch


def _file(key: tuple[int, int]) -> str:
    return f"budget{key[0]}-batch{key[1]:04d}.json"


def _stored(store: Path, key: tuple[int, int]) -> list[list[float]] | None:
    try:
        batch: list[list[float]] = json.loads((store / _file(key)).read_text())
    except (OSError, ValueError):
        return None
    return batch if len(batch) == BATCH else None


def _digest(plan: AuditPlan) -> str:
    """Of everything that a batch depends on, the data and the sources included."""
    what = f"{plan.law} {plan.d} {plan.betas} {plan.seed} {source_digest()}".encode()
    if isinstance(plan.law, SampleLaw):
        what += hashlib.sha256(plan.law.magnitude.tobytes() + plan.law.cost.tobytes()).digest()
    return hashlib.sha256(what).hexdigest()[:16]


def _settled(cells: Sequence[Cell], trials: Trials, plan: AuditPlan, alpha: float) -> bool:
    """Whether every cell that can be answered is."""
    for cell in cells:
        if cell.allowed is None:
            continue
        test, (failures, n) = RateTest(cell.allowed, alpha, plan.batches * BATCH), _count(cell, trials)
        if test.decidable and test.answer(failures, n) == "open":
            return False
    return True


def _count(cell: Cell, trials: Trials) -> tuple[int, int]:
    counted = cell.counted(trials)
    return int((cell.violated(trials) & counted).sum()), int(counted.sum())


def _report(
    plan: AuditPlan, by_budget: Sequence[Sequence[Cell]], columns: list[Trials], alpha: float
) -> dict[str, Any]:
    budgets = []
    for beta, cells, trials in zip(plan.betas, by_budget, columns, strict=True):
        judged = [_judged(cell, trials, alpha) for cell in cells]
        measured = _measured(plan, beta, trials)
        budgets.append({"beta": beta, "trials": int(trials["kept"].size), "cells": judged, **measured})
    return {
        "law": str(plan.law), "d": plan.d, "failure": plan.failure, "alpha": plan.alpha, "alpha_per_cell": alpha,
        "seed": plan.seed, "failing": list(plan.law.failing), "budgets": budgets, "provenance": provenance(),
    }  # fmt: skip


def _judged(cell: Cell, trials: Trials, alpha: float) -> dict[str, Any]:
    """One cell with its answer, interval, tightness and power."""
    head = {"claim": cell.claim, "method": cell.method, "limit": cell.limit}
    if cell.allowed is None:
        return {**head, "answer": "does not apply", "why": cell.why}
    failures, n = _count(cell, trials)
    if not n:
        return {**head, "answer": "does not apply", "why": "no drawn instance satisfies B >= c_max"}
    test = RateTest(cell.allowed, alpha, n)
    answer = test.answer(failures, n)
    observed = cell.observed(trials)
    given = "not violated" if answer == "open" and not failures else answer
    return {
        **head, "answer": given, "allowed": cell.allowed, "failures": failures, "trials": n,
        "interval": clopper_pearson(failures, n), "caught": test.caught(), "observed": observed,
        "tightness": (cell.limit or 0.0) / observed if observed else None,
    }  # fmt: skip


def _measured(plan: AuditPlan, beta: float, trials: Trials) -> dict[str, Any]:
    """Shares retained and saved: means over the trials with standard errors, beside what the law predicts."""
    norm = np.maximum(trials["norm"], 1e-300)
    shares = {"V": trials["kept"] / norm, "V_K": trials["top_k"] / norm, "saving": trials["saved"]}
    shares["R"] = trials["kept"] / np.maximum(trials["top_k"], 1e-300)
    shares["d gap"] = plan.d * trials["gap"]
    measured = {name: [float(x.mean()), float(x.std(ddof=1) / math.sqrt(x.size))] for name, x in shares.items()}
    return {"measured": measured, "predicted": _predicted(plan.law, beta)}


def _predicted(law: AnyLaw, beta: float) -> dict[str, Any] | None:
    """V, V_K, R and the saving, exactly, and what the laws of advantage and saving say; None without the moments."""
    if law.failing:
        return None
    at, saving = law.efficiency(beta), law.saving(beta)
    return {"V": at.cwmp, "V_K": at.top_k, "R": at.ratio, "saving": saving.at_equal_score, **_laws(saving)}


def _laws(saving: Saving) -> dict[str, Any]:
    return {"R by P5": 1 + saving.profile.advantage, "saving by P6": saving.profile.saving, **asdict(saving.profile)}
