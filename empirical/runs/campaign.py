"""Many runs, several at a time, each process on one thread; what is finished is a file, what is not has a checkpoint.

A process does one run after the other: on a GPU, beginning anew takes seconds (context, images, captured steps).

Stopped and started again, an experiment reads the files of its finished runs, goes on from the checkpoints of those
that were under way, and ends in the same records. A run that fails stops the rest; nothing finished is lost.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from empirical.images.cifar10 import load
from empirical.records import RunFile
from empirical.runs.runner import complete, fresh_processes, resumed, stored
from empirical.setting import Run
from theory.errors import InputError, said


@dataclass
class Progress:
    """How far an experiment is.

    Attributes:
        total, done: runs, and those finished. under_way: rounds done of the runs being computed.
        finished: the run that has just finished, or None.
        rounds_left, rounds_done: over all runs; done counts from the start of this process.
        began: its start, by the monotonic clock.
    """

    total: int
    done: int
    rounds_left: int
    rounds_done: int = 0
    under_way: dict[Run, int] = field(default_factory=dict)
    finished: Run | None = None
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds_left(self) -> float | None:
        """At the pace so far; None before anything was done or when nothing is left."""
        if not (self.rounds_done and self.rounds_left):
            return None
        return (time.monotonic() - self.began) / self.rounds_done * self.rounds_left

    def advance(self, run: Run, rounds: int) -> None:
        """A run under way has done ``rounds`` rounds."""
        more, self.under_way[run], self.finished = rounds - self.under_way[run], rounds, None
        self.rounds_done, self.rounds_left = self.rounds_done + more, self.rounds_left - more


OnProgress = Callable[[Progress], None]


def complete_all(
    runs: Sequence[Run], folder: Path, *, jobs: int, on_progress: OnProgress = lambda progress: None
) -> dict[Run, RunFile]:
    """What ``runs`` gave, ``jobs`` at a time; files and checkpoints are in ``folder``.

    Args:
        on_progress: called after every round and with ``finished`` set after every run.

    Raises:
        InputError: the folder holds runs of other settings, data or sources (found before anything is computed), or a
            run failed.
        KeyboardInterrupt: after stopping the processes; files and checkpoints stay.
    """
    folder.mkdir(parents=True, exist_ok=True)  # or the first run would fail in its process
    for source in {run.source for run in runs}:
        load(source)
    results = {run: found for run in runs if (found := stored(run, folder)) is not None}
    waiting = [run for run in runs if run not in results]
    begun = {run: state[0].round if (state := resumed(run, folder)) else 0 for run in waiting}
    progress = Progress(len(runs), len(results), sum(run.setting.rounds - begun[run] for run in waiting))
    on_progress(progress)
    workers = dict(_started(folder) for _ in range(min(jobs, len(waiting))))
    idle, running = list(workers), dict[Connection, Run]()
    try:
        while waiting or running:
            while waiting and idle:
                run, connection = waiting.pop(0), idle.pop()
                connection.send(run)
                running[connection], progress.under_way[run] = run, begun[run]
            ready = wait(list(running))
            for connection in [one for one in running if one in ready]:
                run, message = running[connection], _received(connection, workers[connection])
                if isinstance(message, int):
                    progress.advance(run, message)
                    on_progress(progress)
                    continue
                if message is not None or (result := stored(run, folder)) is None:
                    raise InputError(f"{run.name}: {message or 'its file is gone'}")
                del running[connection], progress.under_way[run]
                idle.append(connection)
                results[run] = result
                progress.done, progress.finished = progress.done + 1, run
                on_progress(progress)
    finally:
        for process in workers.values():
            process.kill()
            process.join()
    return {run: results[run] for run in runs}


def _started(folder: Path) -> tuple[Connection, BaseProcess]:
    context = fresh_processes()
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(folder, there), daemon=True)
    process.start()
    there.close()
    return here, process


def _work(folder: Path, connection: Connection) -> None:
    """In the child: complete each run that comes, telling the number of rounds done, then None, or what was wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means, and kills

    def tell(message: int | str | None) -> None:
        try:
            connection.send(message)
        except OSError:  # nobody listens any more: the checkpoint of the last round stays
            raise SystemExit from None

    try:
        while True:
            complete(connection.recv(), folder, on_round=lambda record: tell(record.round + 1))
            tell(None)
    except EOFError:
        pass  # nobody asks any more
    except InputError as error:
        tell(str(error))
    except OSError as error:
        tell(said(error))
    finally:
        connection.close()


def _received(connection: Connection, process: BaseProcess) -> int | str | None:
    """A number of rounds, a failure, or None for a run that is finished."""
    try:
        message: int | str | None = connection.recv()
    except (EOFError, OSError):
        process.join()
        return f"its process ended with exit code {process.exitcode}"
    return message
