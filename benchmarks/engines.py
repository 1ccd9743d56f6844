"""The built-in runner against Flower's simulation, pfl-research and a plain loop: one machine, one model, one work.

    python benchmarks/engines.py                                 # synthetic images
    python benchmarks/engines.py --data DIR --pfl-python VENV/bin/python

Ten of 30 clients a round, ten steps of SGD in batches of 16 each, on the network of the experiment; once without
compression, once with CWMP and error feedback. Every measurement is a whole run in a process of its own, start-up and
one measurement of accuracy at the end included; contestants take turns, ``--repeats`` times. Printed are medians:

    steady    seconds per round, the first three and the last one left out
    whole     seconds from the start of the process to its end
    selection share of a steady round that CWMP takes, alone and with its ledger and optimality gap (built-in only)

pfl is measured by ``--pfl-python``, a Python that has ``pfl``, PyTorch and SciPy (by default this one); what is not
installed is left out, in words. Everything is written to ``results/benchmarks/engines.json``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))  # pfl's Python has this package nowhere else

from benchmarks import contestants, places
from theory.claims.provenance import provenance
from theory.files.outputs import BENCHMARK, write_atomically

RESULTS = Path(__file__).parent.parent / "results" / "benchmarks" / "engines.json"
WARM = 3


def measured(name: str, compressed: bool, options: argparse.Namespace) -> dict[str, Any] | str:
    """One whole run of a contestant, or why there is none."""
    python = options.pfl_python if name.startswith("pfl") else sys.executable
    work = [name, str(int(compressed)), str(options.rounds), options.data]
    began = time.perf_counter()
    done = subprocess.run(
        [python, "-W", "ignore", __file__, "--work", *work],
        env=contestants.environment(),
        capture_output=True,
        text=True,
    )
    whole = time.perf_counter() - began
    if done.returncode:
        return (done.stderr.strip() or "no output").splitlines()[-1]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    steady = found["round_s"][WARM:-1]
    return found | {"whole_s": whole, "steady_s": statistics.median(steady)}


def rows(compressed: bool, options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row per contestant: medians over the repeats, in which the contestants take turns."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in contestants.CONTESTANTS}
    for _ in range(options.repeats):
        for name in list(runs):
            found = measured(name, compressed, options)
            if isinstance(found, str):
                print(f"{name} is left out: {found}", file=sys.stderr)
                del runs[name]
                continue
            runs[name].append(found)
    table = []
    for name, many in runs.items():
        row: dict[str, Any] = {"engine": name, "runs": many}
        for key in ("steady_s", "whole_s", "selection", "compression"):
            if key in many[0]:
                row[key] = statistics.median(run[key] for run in many)
        table.append(row)
    return table


def show(title: str, table: list[dict[str, Any]]) -> None:
    """Print the rows and their ratios to the built-in runner."""
    by_name = {row["engine"]: row for row in table}
    one, two = (by_name[name] for name in contestants.OURS)
    print(f"\n{title:<26}{'steady, ms':>11}{'whole, s':>10}{'/ one':>8}{'/ two':>8}{'whole / two':>13}{'accuracy':>10}")
    for row in table:
        steady, accuracy = row["steady_s"], row["runs"][0]["accuracy"]
        print(
            f"{row['engine']:<26}{1e3 * steady:>11.0f}{row['whole_s']:>10.1f}{steady / one['steady_s']:>8.2f}"
            f"{steady / two['steady_s']:>8.2f}{row['whole_s'] / two['whole_s']:>13.2f}{accuracy:>10.3f}"
        )
    if "selection" in one:
        print(
            f"selection takes {one['selection']:.1%} of a round, {one['compression']:.1%} with ledger and gap",
            flush=True,
        )
    same = one["runs"][0]["weights"] == two["runs"][0]["weights"]
    print(f"weights of two processes are {'' if same else 'NOT '}those of one, bit for bit", flush=True)


def main() -> None:
    """Run, print the tables, write the results file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="synthetic", help="folder with CIFAR-10, or synthetic")
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--pfl-python", default=sys.executable)
    places.add_output(parser, RESULTS, "file of the results")
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(contestants.work(*options.work)))
        return
    if options.rounds < WARM + 2:
        parser.error(f"--rounds must be at least {WARM + 2}: {WARM} warm up and the last one is left out")
    if options.data != "synthetic":
        options.data = contestants.prepared(options.data)
    data = contestants.name_of(options.data)
    with places.guarded(parser, options):
        results = {"rounds": options.rounds, "repeats": options.repeats, "data": data, "provenance": provenance()}
        for key, compressed in (("training only", False), ("with CWMP at 5 %", True)):
            results[key] = rows(compressed, options)
            show(key, results[key])
            write_atomically(options.output, json.dumps(results, indent=1) + "\n", BENCHMARK)


if __name__ == "__main__":
    main()
