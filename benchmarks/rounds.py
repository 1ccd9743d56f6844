"""Rounds per second: the clients of a round trained one by one, against all together, side by side in one process.

    python benchmarks/rounds.py --device cuda --data DIR
    python benchmarks/rounds.py --device cpu --preset smoke --rounds 5        # a rehearsal, on synthetic images

Four parts, each written to ``results/benchmarks/rounds.json`` as it ends, with hardware and versions:

    training    the local training of one cohort: the plain loop and every way of stacking the clients, in turns;
                medians, and how far an update is from the plain loop's, relative to its norm (median over clients)
    rounds      whole rounds, compression, ledger and server included, in turns; medians, first rounds left out
    accuracy    the same runs, seed by seed, on the device one by one and together, and on the CPU: final accuracies
    concurrent  several runs at a time, each in a process of its own: rounds per second of all of them

What a device cannot do is left out, in words.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from threading import BrokenBarrierError
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import places
import torch
from torch.func import functional_call, vmap
from torch.nn import functional

from benchmarks import contestants
from empirical.presets import PRESETS
from empirical.runs.runner import client_processes, fresh_processes
from empirical.setting import Arm, Run
from empirical.training.client import Task, train
from empirical.training.cohort import Logits, train_cohort
from empirical.training.federated import State, apply, client_split, init, invited, one_by_one, together
from empirical.training.models import small_cnn, stacked_logits
from theory.claims.provenance import provenance
from theory.files.outputs import BENCHMARK, write_atomically

RESULTS = Path(__file__).parent.parent / "results" / "benchmarks" / "rounds.json"
ARM = Arm("fc-dear", "0.01", "cwmp")
WARM, PATIENCE = 3, 90


def grouped_convolution(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """As :func:`empirical.training.models.stacked_convolution`, by one convolution in as many groups as clients."""
    return functional.conv2d(x, weight.flatten(0, 1), bias.flatten(), stride=2, padding=1, groups=weight.shape[0])


@cache
def _network(device: str) -> tuple[torch.nn.Module, list[str]]:
    model = small_cnn().to(device)
    return model, [name for name, _ in model.named_parameters()]


def _images(x: torch.Tensor, clients: int) -> torch.Tensor:
    return x.unflatten(1, (clients, 3)).transpose(0, 1)


def by_vmap(parameters: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The plain network, mapped over the clients by ``torch.func.vmap``."""
    model, names = _network(str(x.device))
    one = lambda own, images: functional_call(model, own, (images,))  # noqa: E731
    logits: torch.Tensor = vmap(one)(dict(zip(names, parameters, strict=True)), _images(x, parameters[0].shape[0]))
    return logits


def by_streams(parameters: Sequence[torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The plain network client by client, each on a CUDA stream of its own."""
    model, names = _network(str(x.device))
    here, outputs = torch.cuda.current_stream(), []
    own = zip(*(p.unbind() for p in parameters), strict=True)
    for images, mine in zip(_images(x, parameters[0].shape[0]), own, strict=True):
        side = torch.cuda.Stream()
        side.wait_stream(here)
        with torch.cuda.stream(side):
            outputs.append(functional_call(model, dict(zip(names, mine, strict=True)), (images,)))
        here.wait_stream(side)
    return torch.stack(outputs)


STACKED: dict[str, Logits] = {
    "patches and products": stacked_logits,
    "grouped convolutions": partial(stacked_logits, convolution=grouped_convolution),
    "vmap": by_vmap,
    "streams": by_streams,
}


def cohort_tasks(run: Run) -> list[Task]:
    """The local training of the first round."""
    s, weights, examples = run.setting, init(run).weights, client_split(run.source, run.setting, run.seed)
    make = lambda k: Task(  # noqa: E731
        run.source, examples[k], weights, (run.seed, 0, k), s.steps, s.batch, s.lr, run.device, fisher=False
    )
    return [make(k) for k in invited(s, run.seed, 0)[0]]


def training(run: Run, repeats: int) -> list[dict[str, Any]]:
    """A row per way of training one cohort: the median time, and how far its updates are from the plain loop's."""
    tasks = cohort_tasks(run)
    ways: dict[str, Callable[[], list[Any]]] = {"plain loop": lambda: list(map(train, tasks))}
    ways |= {name: partial(train_cohort, tasks, logits) for name, logits in STACKED.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    updates: dict[str, list[Any]] = {}
    for turn in range(repeats + 1):
        for name in list(times):
            began = time.perf_counter()
            try:
                updates[name] = [trained.update for trained in ways[name]()]
            except (RuntimeError, AssertionError) as error:
                print(f"{name} is left out: {str(error).splitlines()[0]}", file=sys.stderr)
                del times[name]
                continue
            times[name] += [time.perf_counter() - began] * bool(turn)
    plain = updates["plain loop"]
    off = lambda mine: [float(np.linalg.norm(u - p) / np.linalg.norm(p)) for u, p in zip(mine, plain, strict=True)]  # noqa: E731
    return [
        {"way": name, "median_s": statistics.median(t), "difference": statistics.median(off(updates[name]))}
        for name, t in times.items()
    ]


def rounds(run: Run, jobs: int) -> list[dict[str, Any]]:
    """A row per way of doing whole rounds; all take turns from round to round."""
    rows: list[dict[str, Any]] = []
    with ExitStack() as stack:
        mapper = stack.enter_context(client_processes(jobs))
        ways = {
            "one by one": partial(apply, clients=one_by_one),
            "together": partial(apply, clients=together),
            f"together, {jobs} processes compress": partial(apply, mapper=mapper, clients=together),
        }
        states: dict[str, State] = dict.fromkeys(ways, init(run))
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(run.setting.rounds):
            for name, step in ways.items():
                began = time.perf_counter()
                states[name], _ = step(run, states[name])
                times[name].append(time.perf_counter() - began)
    for name, seconds in times.items():
        rows.append({"way": name, "median_s": statistics.median(seconds[WARM:]), "round_s": seconds})
    return rows


def accuracies(run: Run, seeds: int, jobs: int) -> list[dict[str, Any]]:
    """A row per seed: accuracy after the last round on the device, one by one and together, and on the CPU."""
    rows = []
    with client_processes(jobs) as mapper:
        for seed in range(seeds):
            row: dict[str, Any] = {"seed": seed}
            ways = {"one by one": (run, one_by_one, map), "together": (run, together, mapper)}
            ways["cpu"] = (replace(run, device="cpu"), one_by_one, mapper)
            for name, (which, clients, how) in ways.items():
                mine, began = replace(which, seed=seed), time.perf_counter()
                state, record = init(mine), None
                while state.round < mine.setting.rounds:
                    state, record = apply(mine, state, how, clients)
                row[name] = {"accuracy": record and record.accuracy, "seconds": time.perf_counter() - began}
            rows.append(row)
    return rows


def concurrent(run: Run, counts: Sequence[int]) -> list[dict[str, Any]]:
    """A row per number of runs at a time: rounds per second of all, from when every process is warm."""
    rows, context = [], fresh_processes()
    for count in counts:
        start, end = (context.Barrier(count + 1, timeout=PATIENCE) for _ in range(2))
        workers = [
            context.Process(target=_rounds_between, args=(replace(run, seed=k), start, end), daemon=True)
            for k in range(count)
        ]
        for worker in workers:
            worker.start()
        try:
            start.wait()
            began = time.perf_counter()
            end.wait()
            rows.append({"runs": count, "rounds_per_s": count * run.setting.rounds / (time.perf_counter() - began)})
        except BrokenBarrierError:
            print(f"{count} runs at a time are left out: one failed, or took {PATIENCE} seconds", file=sys.stderr)
        finally:
            for worker in workers:
                worker.kill()
                worker.join()
    return rows


def _rounds_between(run: Run, start: Any, end: Any) -> None:
    state = init(run)
    apply(run, state)
    start.wait()
    while state.round < run.setting.rounds:
        state, _ = apply(run, state)
    end.wait()


def show(title: str, table: list[dict[str, Any]]) -> None:
    """Print rows with their ratio to the first."""
    print(f"\n{title:<34}{'ms':>10}{'times as fast':>15}{'difference':>13}")
    for row in table:
        ratio, off = table[0]["median_s"] / row["median_s"], row.get("difference")
        print(f"{row['way']:<34}{1e3 * row['median_s']:>10.2f}{ratio:>15.1f}{'' if off is None else f'{off:>13.1e}'}")
    sys.stdout.flush()


def main() -> None:
    """Run, print the tables, write the results file part by part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--data", default="synthetic", help="folder with CIFAR-10, or synthetic")
    parser.add_argument("--preset", default="credible", choices=PRESETS, help="whose federated setting")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=10, help="of the training of one cohort")
    parser.add_argument("--seeds", type=int, default=3, help="whose accuracies are compared")
    parser.add_argument("--jobs", type=int, default=10, help="processes that compress")
    parser.add_argument("--concurrent", default="", help="numbers of runs at a time, as 1,4,16")
    places.add_output(parser, RESULTS, "file of the results")
    options = parser.parse_args()
    if options.rounds <= WARM:
        parser.error(f"--rounds must be more than the {WARM} that warm up")
    with places.guarded(parser, options):
        _run(options)


def _run(options: argparse.Namespace) -> None:
    source = options.data if options.data == "synthetic" else contestants.prepared(options.data)
    setting = replace(PRESETS[options.preset].setting, rounds=options.rounds, evaluate_every=options.rounds)
    run = Run(setting, ARM, 0, source, options.device)
    on_cuda = torch.device(options.device).type == "cuda"
    results: dict[str, Any] = {
        "preset": options.preset,
        "setting": run.fields(),
        "data": contestants.name_of(source),
        "device": torch.cuda.get_device_name() if on_cuda else "cpu",
        "provenance": provenance(),
    }

    def keep(part: str, found: Any) -> None:
        results[part] = found
        write_atomically(options.output, json.dumps(results, indent=1) + "\n", BENCHMARK)

    keep("training", training(run, options.repeats))
    show(f"training a cohort of {setting.cohort}", results["training"])
    keep("rounds", rounds(run, options.jobs))
    show("whole rounds", results["rounds"])
    keep("accuracy", accuracies(run, options.seeds, options.jobs))
    for row in results["accuracy"]:
        told = (f"{name} {row[name]['accuracy']:.4f} in {row[name]['seconds']:.1f} s" for name in row if name != "seed")
        print(f"seed {row['seed']}: {', '.join(told)}", flush=True)
    if options.concurrent:
        keep("concurrent", concurrent(run, [int(n) for n in options.concurrent.split(",")]))
        for row in results["concurrent"]:
            print(f"{row['runs']} runs at a time: {row['rounds_per_s']:.1f} rounds a second", flush=True)


if __name__ == "__main__":
    main()
