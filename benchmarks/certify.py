"""Certification against an exact knapsack solver, and its time and memory up to 10^8 coordinates.

    python benchmarks/certify.py                        # side by side, then 10^6 and 10^7
    python benchmarks/certify.py --sizes 1e8            # needs 12 GB and minutes

Side by side: the same instances, exactly representable in int64, solved by OR-Tools' exact branch and bound for the
0/1 knapsack (only its own work is timed) and by ``certify``, check included, one after the other in the same run, at
growing sizes until OR-Tools exceeds its time. At scale: one process per instance, so that the peak of its memory is
its own. Everything is written to ``results/benchmarks/certify.json`` with hardware and versions.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import places

from proofs_check.oracles.ortools_knapsack import solve
from theory.claims.provenance import provenance
from theory.files.outputs import BENCHMARK, write_atomically
from theory.instance import CostClasses, Instance
from theory.optimum.certificate import certify

RESULTS = Path(__file__).parent.parent / "results" / "benchmarks" / "certify.json"
KINDS = ("two-class", "ten-class", "lognormal")
REPEATS = 3
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


def at_scale(kind: str, d: int) -> dict[str, Any]:
    """One certification in a process of its own."""
    command = [sys.executable, __file__, "--one", kind, str(d)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"kind": kind, "d": d, "failed": (done.stderr.strip().splitlines() or ["killed"])[-1]}
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def one(kind: str, d: int) -> dict[str, Any]:
    """Time and peak memory of certifying one instance, check included, the data's own arrays counted."""
    import resource

    start = time.perf_counter()
    instance = make(kind, d, 0, integers=False)
    built = time.perf_counter()
    certificate = certify(instance)
    seconds = time.perf_counter() - built
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {
        "kind": kind, "d": d, "verdict": certificate.verdict, "reason": certificate.reason,
        "relative_gap": certificate.relative_gap, "build_s": built - start, "certify_s": seconds, "peak_gb": peak / 1e9,
        "certificate_bytes": len(json.dumps(certificate.fields)),
    }  # fmt: skip


def main() -> None:
    """Run, print the tables, merge into the results file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1e6,1e7", help="sizes to certify at scale")
    parser.add_argument("--against", default="1e3,1e4,1e5,1e6", help="sizes to solve with OR-Tools too; '' for none")
    places.add_output(parser, RESULTS, "file of the results")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--ortools", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one[0], int(options.one[1]))))
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
    for size in filter(None, options.sizes.split(",")):
        for kind in KINDS:
            row = at_scale(kind, int(float(size)))
            print(" ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items()), flush=True)
            results.setdefault("at_scale", {})[f"{kind} {row['d']}"] = {**row, "provenance": provenance()}
            write_atomically(options.output, json.dumps(results, indent=1) + "\n", BENCHMARK)


if __name__ == "__main__":
    main()
