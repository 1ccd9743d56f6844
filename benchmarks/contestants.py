"""What :mod:`benchmarks.engines` measures: the same federated run by several engines, each told in its own idiom.

Every engine trains the cohorts, splits and batches that the streams of seed 0 name, so all but pfl, which averages
clients alike, end in the same weights up to the order of sums.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from empirical.setting import Arm, Run, Setting

Times = list[float]
COST, SHARE, METHOD = "conv-dear", "0.05", "cwmp"


def environment() -> dict[str, str]:
    """One thread for every library, no telemetry, and patience with Ray."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "FLWR_TELEMETRY_ENABLED": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_raylet_start_wait_time_s": "240",
    }


def prepared(folder: str) -> str:
    """Where the decoded images of a folder are."""
    from empirical.images.cifar10 import prepare

    return prepare(folder)


def name_of(source: str) -> str:
    """What the images are called."""
    from empirical.images.cifar10 import load

    return load(source).name


def work(name: str, compressed: str, rounds: str, source: str) -> dict[str, Any]:
    """One run of a contestant: seconds of each round, accuracy and a digest of the weights at the end."""
    from empirical.images.cifar10 import load
    from empirical.training.client import accuracy

    setting = Setting(rounds=int(rounds), evaluate_every=int(rounds))
    run = Run(setting, Arm(COST, SHARE, METHOD if compressed == "1" else "dense"), 0, source)
    weights, times, *more = CONTESTANTS[name](run)
    digest = hashlib.sha256(weights.tobytes()).hexdigest()[:16]
    found = {"round_s": times, "accuracy": accuracy(load(source), weights), "weights": digest}
    return found | (more[0] if more else {})


def built_in(run: Run, jobs: int) -> tuple[Any, ...]:
    """The runner of :mod:`empirical.runs.runner`; accuracy left out, the share of selection timed on one process."""
    from empirical.runs.runner import client_processes
    from empirical.training import compress, federated

    spent = {"selection": 0.0, "compression": 0.0}
    if jobs == 1 and run.arm.method != "dense":
        select = compress.METHODS[run.arm.method]
        compress.METHODS[run.arm.method] = timed(select, spent, "selection")
        federated.compress = timed(federated.compress, spent, "compression")
    state, times, before = federated.init(run), [], {}
    with client_processes(jobs) if jobs > 1 else nullcontext(map) as mapper:
        for t in range(run.setting.rounds - 1):
            before = dict(spent) if t == 3 else before
            began = time.perf_counter()
            state, _ = federated.apply(run, state, mapper)
            times.append(time.perf_counter() - began)
        shares = {key: (spent[key] - before.get(key, 0.0)) / sum(times[3:]) for key in spent if spent[key]}
        began = time.perf_counter()
        state, _ = federated.apply(run, state, mapper)  # measures accuracy, as every contestant does at the end
        times.append(time.perf_counter() - began)
    return state.weights, times, shares


def plain(run: Run) -> tuple[Any, ...]:
    """No engine at all: local training, a mean, and CWMP where it is asked for."""
    from empirical.training.client import Task, train
    from empirical.training.federated import client_split, init, invited, network_prices
    from theory.budget import percent
    from theory.feedback.error_feedback import split
    from theory.selection.selectors import cwmp

    s, weights, residuals, times = run.setting, init(run).weights, {}, []
    costs = network_prices(run.arm.cost, run.seed).costs
    examples = client_split(run.source, s, run.seed)
    for t in range(s.rounds):
        began = time.perf_counter()
        mean, cohort = np.zeros(weights.size), invited(s, run.seed, t)[0]
        for k in cohort:
            address = (run.seed, t, k)
            update = train(Task(run.source, examples[k], weights, address, s.steps, s.batch, s.lr, fisher=False)).update
            if run.arm.method != "dense":
                update = update + residuals.get(k, np.float32(0))
                update, residuals[k] = split(update, cwmp(update, costs, budget=percent(SHARE)).mask)
            mean += examples[k].size / sum(examples[j].size for j in cohort) * update.astype(np.float64)
        weights = (weights + mean).astype(np.float32)
        times.append(time.perf_counter() - began)
    return weights, times


def flower(run: Run, actors: int) -> tuple[Any, ...]:
    """Flower's simulation: its own FedAvg on whole weights, or the mod and the strategy of :mod:`empirical.flower`."""
    from empirical.flower import simulation

    stamps = [time.perf_counter()]
    if run.arm.method == "dense":
        weights = _stock_flower(run, actors, stamps)
    else:
        state, _ = simulation.simulate(run, actors=actors, on_round=lambda record: stamps.append(time.perf_counter()))
        weights = state.weights
    return weights, np.diff(stamps).tolist()


def _stock_flower(run: Run, actors: int, stamps: Times) -> Any:
    from flwr.app import ArrayRecord
    from flwr.clientapp import ClientApp
    from flwr.serverapp import ServerApp
    from flwr.serverapp.strategy import FedAvg
    from flwr.simulation import run_simulation

    from empirical.flower import simulation
    from empirical.training.federated import init

    share = run.setting.cohort / run.setting.clients + 1e-9
    strategy = FedAvg(fraction_train=share, fraction_evaluate=0.0, min_available_nodes=run.setting.clients)
    server, last = ServerApp(), {}
    client = ClientApp()
    client.train()(simulation.local_training(run))

    @server.main()  # type: ignore[untyped-decorator]
    def main(grid: Any, context: Any) -> None:
        def seen(number: int, arrays: ArrayRecord) -> None:
            stamps.append(time.perf_counter())
            last["weights"] = np.concatenate([a.ravel() for a in arrays.to_numpy_ndarrays()], dtype=np.float32)

        start = simulation.weights_record(init(run).weights)
        strategy.start(grid, start, num_rounds=run.setting.rounds, evaluate_fn=seen)

    with simulation.quiet_engine():
        run_simulation(server, client, run.setting.clients, backend_config=simulation.backend(actors))
    del stamps[0]  # the first is the start, evaluated before the first round
    return last["weights"]


def timed(function: Callable[..., Any], spent: dict[str, float], key: str) -> Callable[..., Any]:
    """``function``, its seconds added to ``spent[key]``."""

    def run(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        result = function(*arguments, **named)
        spent[key] += time.perf_counter() - began
        return result

    return run


def pfl(run: Run, processes: int) -> tuple[Any, ...]:
    """pfl-research; imported here, because only its own Python has it."""
    from benchmarks import contestant_pfl

    found: tuple[Any, ...] = contestant_pfl.run(run, processes)
    return found


OURS = ("built-in, one process", "built-in, two processes")
CONTESTANTS: dict[str, Callable[[Run], tuple[Any, ...]]] = {
    OURS[0]: lambda run: built_in(run, 1),
    OURS[1]: lambda run: built_in(run, 2),
    "plain loop": plain,
    "Flower, one actor": lambda run: flower(run, 1),
    "Flower, two actors": lambda run: flower(run, 2),
    "pfl, one process": lambda run: pfl(run, 1),
    "pfl, two processes": lambda run: pfl(run, 2),
}
