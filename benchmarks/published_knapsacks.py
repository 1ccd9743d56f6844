"""Certification of knapsack instances that others have published, read from their files.

    python benchmarks/published_knapsacks.py FOLDER --draw 60 --limit 10

Two forms are read: ``n``, ``n`` lines of number, score and cost, the budget (Jooken, Leyman & De Causmaecker, "A new
class of hard problem instances for the 0-1 knapsack problem", EJOR 301, 2022; ``JorikJooken/knapsackProblemInstances``)
and ``n``, the budget, ``n`` lines of score and cost (``likr/kplib``). Each of the instances drawn is certified in a
process of its own with ``limit`` processor seconds as its time limit, check extra. Where the folder has an
``optima.csv`` of name and optimum, an answer that contradicts it is an error. Written to
``results/benchmarks/published_knapsacks.json``.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import places

from theory.claims.provenance import provenance
from theory.errors import InputError
from theory.files.outputs import BENCHMARK, write_atomically
from theory.instance import Instance
from theory.optimum.certificate import certify
from theory.optimum.watch import Watch, deadline

RESULTS = Path(__file__).parent.parent / "results" / "benchmarks" / "published_knapsacks.json"


def read(path: Path) -> Instance:
    """An instance from its file.

    Raises:
        InputError: it has neither form.
    """
    try:
        numbers = np.array(path.read_text(encoding="ascii").split(), dtype=np.int64)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no whole numbers ({' '.join(str(error).split())[:80]})") from None
    n = int(numbers[0]) if numbers.size else 0
    if numbers.size == 3 * n + 2:
        items, budget = numbers[1:-1].reshape(n, 3)[:, 1:], int(numbers[-1])
    elif numbers.size == 2 * n + 2:
        items, budget = numbers[2:].reshape(n, 2), int(numbers[1])
    else:
        raise InputError(f"{path}: {numbers.size} numbers are no instance of {n} items")
    return Instance.from_scores(items[:, 0].astype(float), items[:, 1].astype(float), budget)


def one(path: Path, limit: float) -> dict[str, Any]:
    """Certify one instance."""
    instance, start = read(path), time.process_time()
    found = certify(instance, watch=Watch(deadline(limit, time.process_time)))
    seconds = time.process_time() - start
    return {"verdict": found.verdict, "value": int(found.retained), "gap": float(found.gap), "cpu_s": seconds,
            "split": "split" in found.fields["proof"], "how": found.how}  # fmt: skip


def instances(folder: Path) -> dict[str, Path]:
    """Files of instances by name: their own, or that of the folder that holds ``test.in``."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix in (".in", ".kp", "")]
    return {(path.parent.name if path.name == "test.in" else str(path.relative_to(folder))): path for path in files}


def optima(folder: Path) -> dict[str, int]:
    """Optima that are known, by name."""
    found = next(iter(sorted(folder.rglob("optima.csv"))), None)
    if found is None:
        return {}
    rows = csv.DictReader(found.read_text(encoding="ascii").splitlines())
    return {row["name"]: int(row["optimum"]) for row in rows if int(row["optimum"]) > 0}


def main() -> None:
    """Certify what is drawn, print a line for each, write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of the published files")
    parser.add_argument("--draw", type=int, help="how many of them, at random; default: all")
    parser.add_argument("--seed", type=int, default=0, help="of that draw")
    parser.add_argument("--limit", type=float, default=10.0, help="processor seconds")
    places.add_output(parser, RESULTS, "file of the results")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    try:
        if options.one:
            print(json.dumps(one(options.folder, options.limit)))
            return
        with places.guarded(parser, options):
            _run(options)
    except InputError as error:
        parser.error(str(error))


def _run(options: argparse.Namespace) -> None:
    files, known = instances(options.folder), optima(options.folder)
    drawn = sorted(set(files) & set(known) if known else files)
    if options.draw is not None:
        drawn = random.Random(options.seed).sample(drawn, min(options.draw, len(drawn)))
    if not drawn:
        raise InputError(f"{options.folder} holds no file of an instance")
    rows: dict[str, Any] = {}
    record = {"part": "published knapsacks", "provenance": provenance(), "limit_cpu_s": options.limit,
              "of": len(files), "seed": options.seed, "rows": rows}  # fmt: skip
    for name in drawn:
        command = [sys.executable, __file__, str(files[name]), "--one", "--limit", str(options.limit)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise InputError(
                f"{name}: {(done.stderr.strip().splitlines() or ['it was ended'])[-1].rpartition('error: ')[2]}"
            )
        row = json.loads(done.stdout)
        rows[name] = {**row, "optimum": known.get(name)}
        if name in known and not row["value"] <= known[name] <= row["value"] + row["gap"]:
            raise SystemExit(f"{name}: {row['value']} + {row['gap']} against the published {known[name]}")
        print(f"{name:<50} {row['verdict']:<9}{row['cpu_s']:7.2f} s  gap {row['gap']:.6g}", flush=True)
        write_atomically(options.output, json.dumps(record, indent=1) + "\n", BENCHMARK)
    exact = sum(row["verdict"] == "exact" for row in rows.values())
    print(f"{exact} of {len(rows)} exact")


if __name__ == "__main__":
    main()
