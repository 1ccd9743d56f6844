"""Run checks in processes of their own, keep every verdict as soon as it is there, and sum up.

A finished verdict is a file; a run that is stopped and started again reads the files of the same seed and the
same sources and does the rest. A check that crashes, or overruns its time, is inconclusive and stops nothing else.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from hypothesis.configuration import set_hypothesis_home_dir

from proofs_check.checks import CHECKS, dearest_first, runnable
from proofs_check.formal import checks as formal
from proofs_check.methods.judge import Check
from proofs_check.processes import context, main_left_alone
from proofs_check.sources import source_digest
from theory.claims.provenance import provenance
from theory.claims.status import Row, summarise
from theory.claims.verdict import Outcome, Verdict, read_verdict, verdict_path, write_verdict
from theory.errors import InputError
from theory.files.outputs import VERDICT, check_output, clear_output

__all__ = ["TIME_LIMIT", "Row", "exit_code", "run_checks", "summarise"]

TIME_LIMIT = 300.0  # seconds for one check

Progress = Callable[[Verdict, int, int], None]


def run_checks(
    checks: Sequence[Check] = CHECKS,
    *,
    seed: int,
    folder: Path,
    jobs: int = 2,
    fresh: bool = False,
    time_limit: float = TIME_LIMIT,
    on_progress: Progress = lambda verdict, done, total: None,
) -> list[Verdict]:
    """Judge ``checks``, ``jobs`` at a time and the longest first, and return their verdicts in the same order.

    Args:
        checks: formal ones are left out where there is no Coq, also where a verdict of theirs is stored.
        folder: where verdict files are written, and found again unless ``fresh``.
        on_progress: called with each verdict, how many are there, and how many there will be.

    Raises:
        InputError: the folder holds files of other making under the names of verdicts; nothing was begun.
        KeyboardInterrupt: after stopping the processes; the verdict files written so far stay.
    """
    checks = runnable(checks)
    verdicts: dict[Check, Verdict] = {}
    for check in checks:
        kept = None if fresh else _stored(check, seed, folder)
        if kept and kept.outcome is not Outcome.INCONCLUSIVE:
            verdicts[check] = kept
            on_progress(kept, len(verdicts), len(checks))
    waiting = dearest_first(check for check in checks if check not in verdicts)
    for check in waiting:
        check_output(verdict_path(check.claim, check.method, folder), VERDICT)
    stamp = {**provenance(), "sources": source_digest(), "run_seed": seed} if waiting else {}  # the same for all
    running: dict[int, tuple[BaseProcess, Check, float]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                check = waiting.pop(0)
                clear_output(verdict_path(check.claim, check.method, folder), VERDICT)
                process = context().Process(target=_judge, args=(_carried(check), seed, folder, stamp), daemon=True)
                with main_left_alone():
                    process.start()
                running[process.sentinel] = process, check, time.monotonic()
            ended = set(wait(list(running), timeout=0.2))
            for sentinel, (process, check, started) in list(running.items()):
                late = time.monotonic() - started > time_limit
                if sentinel not in ended and not late:
                    continue
                del running[sentinel]
                process.kill()
                process.join()
                why = f"stopped after {time_limit:g} s" if late else f"ended with exit code {process.exitcode}"
                verdicts[check] = _stored(check, seed, folder) or _undecided(check, seed, why)
                on_progress(verdicts[check], len(verdicts), len(checks))
    finally:
        for process, _, _ in running.values():
            process.kill()
            process.join()
    return [verdicts[check] for check in checks]


def _carried(check: Check) -> Check | tuple[str, str]:
    """How a check travels to the child: by name when it is one of the list, whose functions need not be pickled."""
    return (check.claim, check.method) if check in CHECKS else check


def _judge(carried: Check | tuple[str, str], seed: int, folder: Path, stamp: Mapping[str, Any]) -> None:
    """In the child: run one check and write its verdict, stamped with the run's provenance."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means, and kills
    set_hypothesis_home_dir(os.devnull)  # its notes are written nowhere; by default they go to the current folder
    start = time.perf_counter()
    check = carried if isinstance(carried, Check) else {(c.claim, c.method): c for c in CHECKS}[carried]
    try:
        verdict = check.run(seed)
    except Exception as error:  # a check that breaks is inconclusive; its message is the finding
        verdict = _undecided(check, seed, f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
    write_verdict(verdict.stamped(seconds=time.perf_counter() - start, provenance=stamp), folder)


def _stored(check: Check, seed: int, folder: Path) -> Verdict | None:
    """The verdict of an earlier run, if it is whole and of the same seed and sources; those in Coq are sources too."""
    try:
        verdict = read_verdict(verdict_path(check.claim, check.method, folder))
    except InputError:
        return None
    same = verdict.provenance.get("sources") == source_digest() and verdict.provenance.get("run_seed") == seed
    if check.method == formal.METHOD:
        same = same and formal.still_stands(verdict)
    return verdict if same else None


def _undecided(check: Check, seed: int, why: str) -> Verdict:
    return Verdict(check.claim, check.method, Outcome.INCONCLUSIVE, "-", why, 0, seed=seed)


def exit_code(rows: Sequence[Row]) -> int:
    """0: all as expected. 1: a verdict differs from what the claim table expects. 3: inconclusive."""
    standings = {row.standing for row in rows}
    if "differs" in standings:
        return 1
    return 3 if "inconclusive" in standings or not rows else 0
