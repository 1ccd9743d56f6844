"""What a process pays before anything is warm: its first selection, and the making of an instance.

    python benchmarks/first.py                          # d = 10^6 for the first selection, 10^7 for an instance
    python benchmarks/first.py --first 1e5 --instance 1e6

The first selection is timed in fresh processes, beside the tenth in the same process and beside one that loads numba
first. An instance is timed beside one streaming read of the data it is made from, in the same run: CPU time, the least
of several. Nothing is written.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from theory.instance import CostClasses, Instance

ROOT = Path(__file__).parent.parent

FIRST = """
import time
import numpy as np
rng = np.random.default_rng(0)
g, c = rng.standard_normal({d}, dtype=np.float32), np.exp(rng.standard_normal({d}, dtype=np.float32))
start = time.process_time()
from theory.arithmetic import compiled_loops
compiled_loops.PATIENCE = {patience}
from cwmp import cwmp
at = [time.process_time() - start]
for _ in range(10):
    start = time.process_time()
    cwmp(g, c, "10%")
    at.append(time.process_time() - start)
print(at[0], at[1], at[-1])
"""


def first_selection(d: int, rounds: int, *, numba: bool) -> list[float]:
    """Seconds of a fresh process for imports, for its first and for its tenth selection; medians."""
    code = FIRST.format(d=d, patience="0" if numba else "compiled_loops.PATIENCE")
    run = lambda: subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: E731
    rows = [[float(x) for x in run().stdout.split()] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def reads_of_instances(d: int, rounds: int) -> dict[str, float]:
    """How many streaming reads of its data the making of an instance costs."""
    rng = np.random.default_rng(0)
    g, c = rng.standard_normal(d, dtype=np.float32), np.exp(rng.standard_normal(d))
    labels = np.repeat(np.arange(10, dtype=np.uint8), -(-d // 10))[:d]
    classes = CostClasses(labels, list(range(1, 11)))
    cases: dict[str, tuple[tuple[Any, ...], Callable[[], Any]]] = {
        "float32, one cost": ((g,), lambda: Instance(g, 2, 3)),
        "float32, classes, a share": ((g, labels), lambda: Instance(g, classes, "10%")),
        "float32, float32 costs": ((g, c32 := c.astype(np.float32)), lambda: Instance(g, c32, 3)),
        "float32, float64 costs": ((g, c), lambda: Instance(g, c, 3)),
        "float32, float64 costs, a share": ((g, c), lambda: Instance(g, c, "10%")),
        "float64, float64 costs": ((g64 := g.astype(np.float64), c), lambda: Instance(g64, c, 3)),
    }
    return {
        name: _least(make, rounds) / _least(lambda arrays=arrays: [array.max() for array in arrays], rounds)
        for name, (arrays, make) in cases.items()
    }


def _least(work: Callable[[], Any], rounds: int) -> float:
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--first", type=float, default=1e6, help="coordinates of the first selection")
    parser.add_argument("--instance", type=float, default=1e7, help="coordinates of an instance")
    parser.add_argument("--rounds", type=int, default=5, help="repetitions")
    given = parser.parse_args()
    d = int(given.first)
    print(f"{'CPU seconds, d = ' + format(d, ','):<36}{'imports':>9}{'first':>9}{'tenth':>9}")
    for name, numba in (("as it is", False), ("numba from the first call on", True)):
        print(f"{name:<36}" + "".join(f"{x:>9.3f}" for x in first_selection(d, given.rounds, numba=numba)))
    print(f"\nAn instance of {int(given.instance):,} coordinates, in streaming reads of its data:")
    for name, reads in reads_of_instances(int(given.instance), given.rounds).items():
        print(f"{name:<36}{reads:>9.2f}")


if __name__ == "__main__":
    main()
