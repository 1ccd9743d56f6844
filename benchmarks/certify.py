"""Certification against an exact knapsack solver, and its time and memory up to 10^8 coordinates.

    python benchmarks/certify.py                                        # side by side, then 10^6 and 10^7
    python benchmarks/certify.py --against '' --sizes 1e8               # needs 2 GB and minutes
    python benchmarks/certify.py --against '' --sizes '' --threads 1e7  # one and two threads in turn
    python benchmarks/certify.py --against '' --sizes '' --mapped 4e8   # from files of 0.8 and 1.6 GB

Side by side: the same instances, exactly representable in int64, solved by OR-Tools' exact branch and bound for the
0/1 knapsack (only its own work is timed) and by ``certify``, check included, one after the other in the same run, at
growing sizes until OR-Tools exceeds its time. At scale: one process per instance, so that the peak of its memory is
its own; on a busy machine its processor seconds are the figure, also as multiples of one read of the data. Mapped: from
``.npy`` files, through ``cwmp.certify``, the comparison of selectors included. Everything is written to
``results/benchmarks/certify.json`` with hardware and versions.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import places

from proofs_check.oracles.ortools_knapsack import solve
from theory.claims.provenance import provenance
from theory.files.outputs import BENCHMARK, write_atomically
from theory.instance import CostClasses, Instance
from theory.optimum.certificate import certify
from theory.optimum.watch import Watch

RESULTS = Path(__file__).parent.parent / "results" / "benchmarks" / "certify.json"
KINDS = ("two-class", "ten-class", "lognormal")
REPEATS = 3
LONG = 50_000_000  # from so many on, one and two threads take turns once
LIMIT = 40.0  # seconds for OR-Tools


def make(kind: str, d: int, seed: int, integers: bool) -> Instance:
    """A Gaussian float32 update with costs of one kind and 10 % of the total as its budget.

    With ``integers``, scores and costs are rounded to integers: what OR-Tools' exact solver needs.
    """
    rng = np.random.default_rng(seed)
    g = rng.standard_normal(d, dtype=np.float32)
    cost: Any
    if kind == "lognormal":
        cost = np.exp(rng.standard_normal(d, dtype=np.float32))
        cost = np.ceil(100 * cost) if integers else cost
    else:
        values = [1, 10] if kind == "two-class" else list(range(1, 11))
        cost = CostClasses(rng.integers(0, len(values), d, dtype=np.uint8), values)
    if integers:
        return Instance.from_scores(np.round(1e6 * g.astype(np.float64) ** 2), cost, budget="10%")
    return Instance(g, cost, budget="10%")


def side_by_side(sizes: list[int]) -> list[dict[str, Any]]:
    """Medians of both, interleaved, at every size that OR-Tools finishes."""
    rows = []
    for kind in KINDS:
        for d in sizes:
            pairs = list(itertools.takewhile(bool, (_pair(kind, d, seed) for seed in range(REPEATS))))
            if len(pairs) < REPEATS:
                print(f"{kind:<10}{d:>10}  OR-Tools did not finish in {LIMIT:g} s", flush=True)
                rows.append({"kind": kind, "d": d, "ortools": f"did not finish in {LIMIT:g} s"})
                break
            ours, theirs = (statistics.median(times) for times in zip(*filter(None, pairs), strict=True))
            rows.append({"kind": kind, "d": d, "certify_s": ours, "ortools_s": theirs, "ratio": theirs / ours})
            print(f"{kind:<10}{d:>10}  certify {ours:8.3f} s   OR-Tools {theirs:8.3f} s   ratio {theirs / ours:7.1f}")
    return rows


def _pair(kind: str, d: int, seed: int) -> tuple[float, float] | None:
    """Seconds of both on one instance; None when OR-Tools does not finish. Different optima are an error."""
    instance = make(kind, d, seed, integers=True)
    start = time.perf_counter()
    certificate = certify(instance)
    ours = time.perf_counter() - start
    command = [sys.executable, __file__, "--ortools", kind, str(d), str(seed)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=LIMIT + 20)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return None
    other = json.loads(done.stdout)
    if other["status"] != "optimal":
        return None
    if certificate.verdict != "exact" or certificate.retained != other["objective"]:
        raise SystemExit(f"{kind} {d} seed {seed}: certify {certificate.retained}, OR-Tools {other['objective']}")
    return ours, float(other["seconds"])


def ortools(kind: str, d: int, seed: int) -> dict[str, Any]:
    """OR-Tools' branch and bound on one instance; only its own work is timed."""
    instance = make(kind, d, seed, integers=True)
    score, cost = (values.astype(np.int64).tolist() for values in (instance.score, instance.cost))
    start = time.perf_counter()
    found = solve(score, cost, math.floor(instance.budget), "branch-and-bound", LIMIT)
    return {"status": found["status"], "objective": found["objective"], "seconds": time.perf_counter() - start}


def at_scale(*words: object) -> dict[str, Any]:
    """One certification in a process of its own: ``one`` or ``mapped`` and its arguments."""
    command = [sys.executable, __file__, "--one", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"kind": words[1], "d": words[2], "failed": (done.stderr.strip().splitlines() or ["killed"])[-1]}
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def one(kind: str, d: int, threads: int) -> dict[str, Any]:
    """Time and peak memory of certifying one instance, check included, the data's own arrays counted."""
    start = time.perf_counter()
    instance = make(kind, d, 0, integers=False)
    built = time.perf_counter() - start
    given = [instance.update, instance.labels if instance.labels is not None else instance.given_cost]
    reading = min(_read(given) for _ in range(3))
    row, certificate = _measured(lambda: certify(instance, watch=Watch(threads=threads)), d)
    return {
        "kind": kind, "d": d, "threads": threads, "verdict": certificate.verdict, "reason": certificate.reason,
        "relative_gap": certificate.relative_gap, "build_s": built, **row, "reads": row["cpu_s"] / reading,
        "certificate_bytes": len(json.dumps(certificate.fields)),
    }  # fmt: skip


def mapped(kind: str, d: int, threads: int) -> dict[str, Any]:
    """The same for a float16 update in a file: ``two-class`` by layers, or a float32 cost each in another file."""
    import cwmp

    with tempfile.TemporaryDirectory() as folder:
        update, cost = Path(folder, "update.npy"), Path(folder, "cost.npy")
        rng = np.random.default_rng(0)
        _write(update, np.float16, d, lambda n: rng.standard_normal(n, dtype=np.float32))
        given: dict[str, Any] = {"layers": [("conv.weight", (d - d // 4,)), ("fc.weight", (d // 4,))],
                                 "kinds": ["conv.*=conv", "fc.*=fc"], "cost": "fc=10,rest=1"}  # fmt: skip
        if kind == "lognormal":
            _write(cost, np.float32, d, lambda n: np.exp(rng.standard_normal(n, dtype=np.float32)))
            given = {"cost": cost}
        row, found = _measured(lambda: cwmp.certify(update, budget="10%", threads=threads, **given), d)
    return {
        "kind": kind, "d": d, "threads": threads, "verdict": found.verdict, "reason": found.certificate.reason,
        "relative_gap": found.gap, **row, "certificate_bytes": len(json.dumps(found.certificate.fields)),
    }  # fmt: skip


def _write(path: Path, dtype: Any, d: int, drawn: Callable[[int], Any]) -> None:
    file = np.lib.format.open_memmap(path, "w+", dtype, (d,))
    for start in range(0, d, 1 << 20):
        file[start : start + (1 << 20)] = drawn(min(1 << 20, d - start))
    file.flush()


def _measured(work: Callable[[], Any], d: int) -> tuple[dict[str, float], Any]:
    """Seconds on the clock, of this processor's work and of that of the processes that help, peak memory, and load."""
    import resource

    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    found = work()
    seconds, own = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    helpers = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = own.ru_utime + own.ru_stime - before.ru_utime - before.ru_stime
    helped = helpers.ru_utime + helpers.ru_stime
    peak = own.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "certify_s": seconds, "cpu_s": spent + helped, "helpers_cpu_s": helped, "load": os.getloadavg()[0],
        "peak_gb": peak / 1e9, "bytes_per_coordinate": peak / d,
    }, found  # fmt: skip


def _read(given: list[Any]) -> float:
    """Processor seconds of one read of some arrays, in order."""
    start = time.process_time()
    for array in given:
        words = array.view(np.uint8)[: array.nbytes // 8 * 8].view(np.int64)
        np.bitwise_or.reduce(words)
    return time.process_time() - start


def by_threads(kind: str, d: int) -> dict[str, Any]:
    """One and two threads in turn: the least seconds of each, and what each process worked."""
    repeats = REPEATS if d < LONG else 1
    rounds = [[at_scale("one", kind, d, threads) for threads in (1, 2)] for _ in range(repeats)]
    one, two = (min(rows, key=lambda row: row["certify_s"]) for rows in zip(*rounds, strict=True))
    seconds = {"one_s": one["certify_s"], "two_s": two["certify_s"], "ratio": one["certify_s"] / two["certify_s"]}
    worked = {"one_cpu_s": one["cpu_s"], "two_cpu_s": two["cpu_s"], "helper_cpu_s": two["helpers_cpu_s"]}
    return {"kind": kind, "d": d, "rounds": repeats, **seconds, **worked, "load": two["load"]}


def main() -> None:
    """Run, print the tables, merge into the results file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1e6,1e7", help="sizes to certify at scale")
    parser.add_argument("--against", default="1e3,1e4,1e5,1e6", help="sizes to solve with OR-Tools too; '' for none")
    parser.add_argument("--threads", default="", help="sizes to certify by one and two threads in turn")
    parser.add_argument("--mapped", default="", help="sizes to certify from files")
    parser.add_argument("--kinds", default=",".join(KINDS), help="of costs, at scale")
    places.add_output(parser, RESULTS, "file of the results")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--ortools", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        what, kind, d, threads = options.one
        print(json.dumps({"one": one, "mapped": mapped}[what](kind, int(d), int(threads))))
        return
    if options.ortools:
        print(json.dumps(ortools(options.ortools[0], int(options.ortools[1]), int(options.ortools[2]))))
        return
    with places.guarded(parser, options):
        _run(options)


def _run(options: argparse.Namespace) -> None:
    results = json.loads(options.output.read_text()) if options.output.exists() else {}
    if options.against:
        rows = side_by_side([int(float(x)) for x in options.against.split(",")])
        results["side_by_side"] = {"rows": rows, "provenance": provenance()}
        write_atomically(options.output, json.dumps(results, indent=1) + "\n", BENCHMARK)
    measured: list[tuple[str, str, Callable[[str, int], dict[str, Any]]]] = [
        ("at_scale", options.sizes, lambda kind, d: at_scale("one", kind, d, 1)),
        ("threads", options.threads, by_threads),
        ("mapped", options.mapped, lambda kind, d: at_scale("mapped", kind, d, 1)),
    ]
    for part, sizes, measure in measured:
        for size, kind in itertools.product(filter(None, sizes.split(",")), options.kinds.split(",")):
            if part == "mapped" and kind == "ten-class":  # layers come in two kinds there
                continue
            row = measure(kind, int(float(size)))
            print(part, *(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()), flush=True)
            results.setdefault(part, {})[f"{kind} {row['d']}"] = {**row, "provenance": provenance()}
            write_atomically(options.output, json.dumps(results, indent=1) + "\n", BENCHMARK)


if __name__ == "__main__":
    main()
