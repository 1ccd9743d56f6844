"""Audit the probabilistic bounds under one law: how often are they violated, how tight are they, what is saved?

Trials run in batches, over all cores through joblib or on a Dask cluster (`joblib.parallel_config(backend="dask")`
around :func:`audit_law`). Batch k at budget j is drawn from the seed's child (j, k), rounds hold the same batches
whatever the number of workers, and decisions are taken between rounds: same seed, same numbers. A finished batch is a
file; a stopped audit goes on from them.

Shares measured at d coordinates stand beside the limits for d to infinity; they differ by more than chance where d is
small, and several plans under one law, sharing alpha, show the difference vanish.

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

from proofs_check.law_audit.cells import Cell, Trials, as_columns, cells_of
from proofs_check.law_audit.trials import BATCH, run_batch
from proofs_check.sources import source_digest
from theory.arithmetic.exact import as_whole
from theory.claims.provenance import provenance, strict_json
from theory.energy.shares import shares_fields
from theory.errors import InputError
from theory.files.outputs import AUDIT, AUDIT_BATCH, check_output, clear_output, write_atomically
from theory.laws.deviation import AnyLaw
from theory.laws.efficiency import Estimate, Saving, check_share
from theory.laws.marginals import Floats
from theory.laws.rates import RateTest, clopper_pearson
from theory.laws.samples import SampleLaw

LIMITS = ("V", "V_K", "R", "saving")  # what is predicted for d to infinity and measured at d
NORMAL = 1.96  # standard errors in half of a 95 % interval
_ROUND = 4  # batches at each budget between two decisions

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class AuditPlan:
    """What is audited.

    Attributes:
        law: of the coordinates. d: coordinates of an instance. betas: budgets, as shares.
        claims: ids to keep, or () for all. failure: probability that P7, P8 and P13 are asked for.
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
        for name, value, least in (("dim", self.d, 2), ("trials", self.trials, 1), ("seed", self.seed, 0)):
            as_whole(value, name, least)
        if not self.betas:
            raise InputError("an audit needs a budget: a share such as '5%', or several")
        if not 0 < self.failure < 1 or not 0 < self.alpha < 1:
            raise InputError("the failure probability and alpha must lie in (0, 1)")
        for beta in self.betas:
            check_share(beta)
        if unknown := set(self.claims) - COVERED:
            raise InputError(
                f"an audit does not cover {', '.join(sorted(unknown))}; it covers {', '.join(sorted(COVERED))}"
            )

    @classmethod
    def at_several(cls, law: AnyLaw, dims: Sequence[int], alpha: float = 0.01, **rest: Any) -> list[AuditPlan]:
        """One plan for each number of coordinates, ``alpha`` shared: all their answers are right together."""
        return [cls(law, d, alpha=alpha / len(dims), **rest) for d in dims]

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
def workers(jobs: int, dask: str | None = None, *, patience: float = 30.0) -> Iterator[None]:
    """Processes of this machine, or those of a Dask cluster whose scheduler is at ``dask``.

    Args:
        patience: seconds within which the scheduler must answer.

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
        raise InputError("--dask needs Dask: pip install -e '.[dask]'") from None
    try:
        client = Client(dask, timeout=patience)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"no Dask scheduler answers at {dask}: {type(error).__name__}") from None
    with client, joblib.parallel_config(backend="dask"):
        yield


COVERED = frozenset({"P7", "P8", "P9", "P10", "P13", "D13a", "D14a"})


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
        InputError: the folder holds files of other making under the names of the report or the batches.
        KeyboardInterrupt: after a round's finished batches are files.
    """
    by_budget = plan.cells() if cells is None else cells
    testable = sum(cell.allowed is not None for at in by_budget for cell in at)
    alpha = plan.alpha / max(testable, 1)
    store = folder / _digest(plan)
    check_output(folder / f"{_digest(plan)}.json", AUDIT)
    rows: list[list[list[float]]] = [[] for _ in plan.betas]
    open_at = list(range(len(plan.betas)))
    done = 0
    for first in range(0, plan.batches, _ROUND):
        todo = [(j, k) for j in open_at for k in range(first, min(first + _ROUND, plan.batches))]
        stored = {key: _stored(store, key) for key in todo}
        missing = [key for key in todo if stored[key] is None]
        for key in missing:
            clear_output(store / _file(key), AUDIT_BATCH)
        if missing:
            run = joblib.delayed(_batch_to_file)
            made = joblib.Parallel(n_jobs=jobs)(run(plan, key, store) for key in missing)
            stored.update(zip(missing, made, strict=True))
        for (j, _), batch in sorted(stored.items()):
            rows[j] = [*rows[j], *(batch or [])][: plan.trials]  # of the last batch as many as were asked for
        done += len(todo)
        on_progress(done, plan.batches * len(plan.betas))
        open_at = [j for j in open_at if not _settled(by_budget[j], as_columns(rows[j]), plan, alpha)]
        if not open_at:
            break
    report = _report(plan, by_budget, [as_columns(r) for r in rows], alpha)
    write_atomically(folder / f"{_digest(plan)}.json", strict_json(report) + "\n", AUDIT)
    return report


def exit_code(report: dict[str, Any]) -> int:
    """0: no bound is violated. 1: one is. 3: one was violated now and then and the trials do not say how often."""
    answers = {cell["answer"] for at in report["budgets"] for cell in at["cells"]}
    if "violated" in answers:
        return 1
    return 3 if "open" in answers else 0


def _batch_to_file(plan: AuditPlan, key: tuple[int, int], store: Path) -> list[list[float]]:
    """In a worker: one batch, to its file as soon as it is there (a worker elsewhere may not see the folder)."""
    batch = run_batch(plan.law, plan.d, plan.betas[key[0]], plan.seed, key)
    write_atomically(store / _file(key), json.dumps(batch), AUDIT_BATCH)
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
        test, (failures, n) = RateTest(cell.allowed, alpha, plan.trials), _count(cell, trials)
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
        "seed": plan.seed, "failing": list(plan.law.failing), "budgets": budgets,
        "layers": shares_fields(getattr(plan.law, "shares", ())), "provenance": provenance(),
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
    """Shares retained and saved, beside what the law predicts.

    Means over the trials that have them, with standard errors: an instance of zeros has no share of its norm, and where
    Top-K keeps nothing there is no ratio. ``undefined`` counts those left out.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = {"V": trials["kept"] / trials["norm"], "V_K": trials["top_k"] / trials["norm"]}
        shares["R"] = trials["kept"] / trials["top_k"]
    alive = trials["norm"] > 0
    shares["saving"] = np.where(alive, trials["saved"], np.nan)
    shares["d gap"] = np.where(alive, plan.d * trials["gap"], np.nan)
    known = {name: x[np.isfinite(x)] for name, x in shares.items()}
    measured = {name: _mean(x) for name, x in known.items()}
    undefined = {name: int(trials["norm"].size - x.size) for name, x in known.items()}
    predicted = _predicted(plan.law, beta)
    outside = [name for name in LIMITS if predicted and _outside(predicted[name], measured[name])]
    return {"measured": measured, "undefined": undefined, "predicted": predicted, "outside": outside}


def _mean(values: Floats) -> list[float] | None:
    """Mean and standard error, the latter infinite for one value; None for none."""
    if not values.size:
        return None
    error = float(values.std(ddof=1) / math.sqrt(values.size)) if values.size > 1 else math.inf
    return [float(values.mean()), error]


def _outside(predicted: Estimate, measured: list[float] | None) -> bool:
    """Whether the limit is further from the mean of finite instances than the 95 % interval and its own error."""
    return measured is not None and abs(predicted.value - measured[0]) > NORMAL * measured[1] + predicted.error


def _predicted(law: AnyLaw, beta: float) -> dict[str, Any] | None:
    """V, V_K, R and the saving, exactly, and what the laws of advantage and saving say; None without the moments."""
    if law.failing:
        return None
    at, saving = law.efficiency(beta), law.saving(beta)
    return {"V": at.cwmp, "V_K": at.top_k, "R": at.ratio, "saving": saving.at_equal_score, **_laws(saving)}


def _laws(saving: Saving) -> dict[str, Any]:
    profile = saving.profile
    elasticity = dict(zip(("elasticity", "elasticity_error"), profile.elasticity, strict=True))
    return {"R by P5": 1 + profile.advantage, "saving by P6": profile.saving, **asdict(profile), **elasticity}
