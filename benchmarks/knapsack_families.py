"""Certification of the knapsack families that the literature calls hard, after Pisinger (2005).

    python benchmarks/knapsack_families.py                              # n = 50 to 1,000
    python benchmarks/knapsack_families.py --sizes 10000 --against 3    # seconds for OR-Tools; 0: it is not asked

Thirteen families of integers (Pisinger, "Where are the hard knapsack problems?", Computers & Operations Research 32,
2005), ranges 10^3 and 10^4, half of the total cost as the budget. Each instance is certified in a process of its own
with ``limit`` as its time limit, check extra; where OR-Tools' exact branch and bound finishes within its own, the two
optima are compared, and a difference is an error. Written to ``results/benchmarks/knapsack_families.json``.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import places
from numpy.typing import NDArray

from proofs_check.oracles.ortools_knapsack import solve
from theory.claims.provenance import provenance
from theory.files.outputs import BENCHMARK, write_atomically
from theory.instance import Instance
from theory.optimum.certificate import certify
from theory.optimum.watch import Watch, deadline

RESULTS = Path(__file__).parent.parent / "results" / "benchmarks" / "knapsack_families.json"
FAMILIES = (
    "uncorrelated", "weakly correlated", "strongly correlated", "inverse strongly correlated",
    "almost strongly correlated", "subset sum", "similar weights", "spanner uncorrelated", "spanner weakly correlated",
    "spanner strongly correlated", "multiple strongly correlated", "profit ceiling", "circle",
)  # fmt: skip
RANGES = (1_000, 10_000)
_SPAN, _MULTIPLES = 2, 10  # generators of a spanner instance, and up to which multiple they occur

_Ints = NDArray[np.int64]


def make(family: str, n: int, top: int, seed: int) -> tuple[_Ints, _Ints, int]:
    """Scores, costs, both int64 of shape (n,), and the budget of one instance; ``top`` is the range."""
    rng = np.random.default_rng([FAMILIES.index(family), n, top, seed])
    if family.startswith("spanner"):
        score, cost = _pairs(family.removeprefix("spanner "), _SPAN, top, rng)
        score, cost = -(-2 * score // _MULTIPLES), -(-2 * cost // _MULTIPLES)
        which, times = rng.integers(0, _SPAN, n), rng.integers(1, _MULTIPLES + 1, n)
        score, cost = score[which] * times, cost[which] * times
    else:
        score, cost = _pairs(family, n, top, rng)
    return score, cost, max(int(cost.sum()) // 2, int(cost.max()))


def _pairs(family: str, n: int, top: int, rng: np.random.Generator) -> tuple[_Ints, _Ints]:
    cost = rng.integers(1, top + 1, n)
    tenth, fine = top // 10, top // 500
    match family:
        case "uncorrelated":
            score = rng.integers(1, top + 1, n)
        case "weakly correlated":
            score = np.maximum(1, cost + rng.integers(-tenth, tenth + 1, n))
        case "strongly correlated":
            score = cost + tenth
        case "inverse strongly correlated":
            score, cost = cost, cost + tenth
        case "almost strongly correlated":
            score = cost + tenth + rng.integers(-fine, fine + 1, n)
        case "subset sum":
            score = cost.copy()
        case "similar weights":
            score, cost = rng.integers(1, 1_001, n), rng.integers(100_000, 100_101, n)
        case "multiple strongly correlated":
            score = cost + np.where(cost % 6 == 0, 3 * tenth, 2 * tenth)
        case "profit ceiling":
            score = 3 * -(-cost // 3)
        case "circle":
            score = np.floor(2 / 3 * np.sqrt(4.0 * top**2 - (cost - 2.0 * top) ** 2)).astype(np.int64)
        case _:
            raise ValueError(f"no family {family!r}")
    return score, cost


def one(family: str, n: int, top: int, seed: int, limit: float) -> dict[str, Any]:
    """Certify one instance."""
    score, cost, budget = make(family, n, top, seed)
    instance = Instance.from_scores(score.astype(float), cost.astype(float), budget)
    start = time.perf_counter()
    found = certify(instance, watch=Watch(deadline(limit, time.monotonic)))
    seconds = time.perf_counter() - start
    return {"verdict": found.verdict, "value": int(found.retained), "gap": float(found.gap), "seconds": seconds,
            "unchecked": found.unchecked, "how": found.how}  # fmt: skip


def theirs(family: str, n: int, top: int, seed: int, limit: float) -> dict[str, Any]:
    """OR-Tools' branch and bound on one instance; only its own work is timed."""
    score, cost, budget = make(family, n, top, seed)
    start = time.perf_counter()
    found = solve(score.tolist(), cost.tolist(), budget, "branch-and-bound", limit)
    return {"status": found["status"], "objective": found["objective"], "seconds": time.perf_counter() - start}


def _child(who: str, about: list[str], limit: float) -> dict[str, Any] | None:
    command = [sys.executable, __file__, f"--{who}", *about, "--limit", str(limit)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=3 * limit + 20)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        return None
    row: dict[str, Any] = json.loads(done.stdout)
    return row


def main() -> None:
    """Run, print a line for each instance, merge into the results file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="50,200,1000", help="numbers of items")
    parser.add_argument("--seeds", type=int, default=1, help="instances of each kind")
    parser.add_argument("--limit", type=float, default=30.0, help="seconds")
    parser.add_argument("--against", type=float, default=30.0, help="seconds for OR-Tools; 0: it is not asked")
    places.add_output(parser, RESULTS, "file of the results")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--theirs", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name, work in (("one", one), ("theirs", theirs)):
        if about := getattr(options, name):
            print(json.dumps(work(about[0], *map(int, about[1:]), options.limit)))
            return
    with places.guarded(parser, options):
        _run(options)


def _run(options: argparse.Namespace) -> None:
    earlier = json.loads(options.output.read_text())["rows"] if options.output.exists() else {}
    results: dict[str, Any] = {"part": "knapsack families", "provenance": provenance(), "rows": earlier}
    for n in map(int, options.sizes.split(",")):
        for top in RANGES:
            for family in FAMILIES:
                for seed in range(options.seeds):
                    about = [family, str(n), str(top), str(seed)]
                    ours = _child("one", about, options.limit)
                    other = _child("theirs", about, options.against) if options.against else None
                    if ours is None:
                        raise SystemExit(f"{about}: no answer")
                    _agree(about, ours, other)
                    results["rows"][" ".join(about)] = {**ours, "ortools": other, "limit_s": options.limit,
                                                         "ortools_limit_s": options.against}  # fmt: skip
                    solved = (
                        f"{other['seconds']:.2f} s"
                        if other and other["status"] == "optimal"
                        else ("not finished" if options.against else "not asked")
                    )
                    print(f"{family:<28} n={n:<6} R={top:<6} {ours['verdict']:<9}{ours['seconds']:7.2f} s  gap "
                          f"{ours['gap']:<12.6g} OR-Tools {solved}", flush=True)  # fmt: skip
                    write_atomically(options.output, json.dumps(results, indent=1) + "\n", BENCHMARK)


def _agree(about: list[str], ours: dict[str, Any], other: dict[str, Any] | None) -> None:
    """Raises SystemExit where two optima differ or an interval misses one."""
    if other is None or other["status"] != "optimal":
        return
    if not ours["value"] <= other["objective"] <= ours["value"] + ours["gap"]:
        raise SystemExit(f"{about}: {ours['value']} + {ours['gap']} against {other['objective']}")


if __name__ == "__main__":
    main()
