"""Selection by page, and with a share owed to every layer, beside plain CWMP: CPU time in one run, and their ratios.

    python benchmarks/pages.py                 # d = 10^7, one thread
    python benchmarks/pages.py --size 1e6

Pages of 64 coordinates cost 40 times one of them. Safe CWMP owes each of 20 layers 80 % of what Top-K keeps there; the
layers' magnitudes differ by up to 1 : 30, so that plain CWMP starves some. Contestants take turns, the least of several
rounds counts. Nothing is written.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np

from theory import CostClasses, cwmp, top_k
from theory.arithmetic import compiled_loops
from theory.pages import PageCosts
from theory.selection.paged import by_pages
from theory.selection.safe import safe

compiled_loops.PATIENCE = 0


def least(contestants: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """CPU seconds of each, the least of some rounds."""
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds + 1):
        for name, run in contestants.items():
            start = time.process_time()
            run()
            seconds[name].append(time.process_time() - start)
    return {name: min(all_of[1:]) for name, all_of in seconds.items()}  # the first may compile


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=float, default=1e7)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    d, rng = int(asked.size), np.random.default_rng(0)
    sizes = [d // 20] * 19 + [d - 19 * (d // 20)]
    scale = np.exp(rng.uniform(-np.log(30) / 2, np.log(30) / 2, 20)).astype(np.float32)
    g = rng.standard_normal(d, dtype=np.float32) * np.repeat(scale, sizes)
    classes = CostClasses(np.repeat(rng.permutation(20).astype(np.uint8) % 10, sizes), range(1, 11))
    plain = rng.standard_normal(d, dtype=np.float32)
    pages = PageCosts(64, 1, 40)
    print("budget  contestant          ms   times")
    for share in ("1%", "10%"):
        by_page = least({"equal costs": lambda s=share: cwmp(plain, 1, s),
                         "by page": lambda s=share: by_pages(plain, pages, s)}, asked.rounds)  # fmt: skip
        by_layer = least({"CWMP + Top-K": lambda s=share: (cwmp(g, classes, s), top_k(g, classes, s)),
                          "safe": lambda s=share: safe(g, sizes, cost=classes, budget=s)}, asked.rounds)  # fmt: skip
        for found in (by_page, by_layer):
            first = next(iter(found.values()))
            for name, took in found.items():
                print(f"{share:>6}  {name:14} {1e3 * took:7.1f} {took / first:7.2f}", flush=True)


if __name__ == "__main__":
    main()
