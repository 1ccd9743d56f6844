"""A run from its first round, or from its last checkpoint, to its file; and clients over several processes.

A run leaves ``<name>.json`` when it is finished, and until then ``<name>.checkpoint.npz`` every few rounds: the state,
the records so far and what they belong to. Both are written atomically, so a run may be killed at any moment; the same
call goes on from the checkpoint and ends in the same records, bit for bit.
"""

from __future__ import annotations

import io
import json
import multiprocessing as mp
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch

from empirical.images.cifar10 import load
from empirical.records import RoundRecord, RunFile, read_run, write_run
from empirical.setting import Run
from empirical.training.federated import Mapper, State, apply, full_update, init
from theory.claims.provenance import provenance, source_digest
from theory.errors import InputError
from theory.files.outputs import CHECKPOINT, write_atomically

CHECKPOINT_EVERY = 10

OnRound = Callable[[RoundRecord], None]


def complete(
    run: Run,
    folder: Path,
    *,
    mapper: Mapper = map,
    checkpoint_every: int = CHECKPOINT_EVERY,
    on_round: OnRound = lambda record: None,
) -> RunFile:
    """``run``, finished: read from its file in ``folder``, or computed and written there.

    Args:
        mapper: see :func:`empirical.training.federated.apply`. on_round: called after each round.

    Raises:
        InputError: what is in the folder belongs to another run, revision or data.
    """
    if (finished := stored(run, folder)) is not None:
        return finished
    belongs = identity(run)
    state, done = resumed(run, folder) or (init(run), [])
    while state.round < run.setting.rounds:
        state, record = apply(run, state, mapper)
        done.append(record)
        on_round(record)
        if state.round % checkpoint_every == 0 and state.round < run.setting.rounds:
            _save(_checkpoint(run, folder), state, done, belongs)
    finished = RunFile(tuple(done), belongs, load(run.source).name, *full_update(run), provenance())
    write_run(_file(run, folder), finished)
    _checkpoint(run, folder).unlink(missing_ok=True)
    return finished


def stored(run: Run, folder: Path) -> RunFile | None:
    """The file of a finished run, or None.

    Raises:
        InputError: the file is damaged, or is of other settings, data, sources or another PyTorch.
    """
    path = _file(run, folder)
    if not path.exists():
        return None
    found = read_run(path)
    _same(path, found.identity, identity(run))
    return found


def recorded(runs: Sequence[Run], folder: Path) -> dict[Run, RunFile]:
    """The files of finished runs as they are, whatever sources made them, as long as these were the same for all.

    Raises:
        InputError: a run is missing, is damaged, is of other settings, or of other sources than the rest.
    """
    found = {}
    for run in runs:
        path = _file(run, folder)
        if not path.exists():
            raise InputError(f"{path} is missing: only a finished experiment can be judged without running it")
        found[run] = read_run(path)
        first = next(iter(found.values())).identity
        _same(path, found[run].identity, {**first, "run": run.fields()})
    return found


def resumed(run: Run, folder: Path) -> tuple[State, list[RoundRecord]] | None:
    """State and records at the last checkpoint, or None.

    Raises:
        InputError: as :func:`stored`.
    """
    path = _checkpoint(run, folder)
    if not path.exists():
        return None
    try:
        with np.load(io.BytesIO(path.read_bytes())) as content:
            about = json.loads(content["about"].tobytes())
            residuals = dict(zip(content["clients"].tolist(), content["residuals"], strict=True))
            memory = {name: content[f"memory {name}"] for name in about["memory"]}
            running = content["running"] if about["has running"] else None
            state = State(about["round"], content["weights"], content["momentum"], residuals, memory, running)
            records = [RoundRecord.of(fields) for fields in about["records"]]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{path} is damaged ({type(error).__name__}); delete it to begin this run again") from None
    _same(path, about["identity"], identity(run))
    return state, records


def identity(run: Run) -> dict[str, Any]:
    """What a run's records depend on: itself, the data, the sources and PyTorch."""
    return {
        "run": run.fields(),
        "data": load(run.source).digest,
        "sources": source_digest("theory", "empirical"),
        "torch": torch.__version__,
    }


@contextmanager
def client_processes(jobs: int) -> Iterator[Mapper]:
    """A mapper for :func:`complete` that spreads a cohort over ``jobs`` processes, with bit-identical results.

    This process is one of them: its share need not travel, and it would only wait.
    """
    with ProcessPoolExecutor(max(1, jobs - 1), mp_context=fresh_processes()) as pool:

        def mapper(step: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
            waiting = list(tasks)
            share = -(-len(waiting) // jobs)
            others = pool.map(step, waiting[share:], chunksize=max(1, share))  # what a chunk shares travels once
            return chain([step(task) for task in waiting[:share]], others)

        yield mapper


def fresh_processes() -> Any:
    """Processes forked from a server that has imported this module once; where there is no fork, spawned ones."""
    if "forkserver" not in mp.get_all_start_methods():
        return mp.get_context("spawn")
    context = mp.get_context("forkserver")
    context.set_forkserver_preload(["empirical.runs.runner"])
    return context


def _same(path: Path, found: Any, wanted: dict[str, Any]) -> None:
    for part, value in wanted.items():
        if not isinstance(found, dict) or found.get(part) != value:
            what = {
                "run": "other settings",
                "data": "other data",
                "sources": "another source revision",
                "torch": "another PyTorch",
            }[part]
            raise InputError(f"{path} is of {what}; give another folder, or move this one away")


def _save(path: Path, state: State, records: list[RoundRecord], belongs: dict[str, Any]) -> None:
    about = {
        "identity": belongs, "round": state.round, "records": [r.fields() for r in records],
        "memory": list(state.memory), "has running": state.running is not None,
    }  # fmt: skip
    content = io.BytesIO()
    np.savez(
        content,
        about=np.frombuffer(json.dumps(about).encode(), np.uint8),
        weights=state.weights,
        momentum=state.momentum,
        clients=np.array(list(state.residuals), dtype=np.int64),
        residuals=np.array(list(state.residuals.values()), dtype=np.float32),
        running=np.empty(0, np.float32) if state.running is None else state.running,
        **{f"memory {name}": array for name, array in state.memory.items()},  # type: ignore[arg-type]
    )
    write_atomically(path, content.getvalue(), CHECKPOINT)


def _file(run: Run, folder: Path) -> Path:
    return folder / f"{run.name}.json"


def _checkpoint(run: Run, folder: Path) -> Path:
    return folder / f"{run.name}.checkpoint.npz"
