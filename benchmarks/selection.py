"""Selection against its peers: time, memory, and one streaming read of the data as the unit of both.

    python benchmarks/selection.py                          # 10^5 to 10^7, float32 and float64
    python benchmarks/selection.py --sizes 1e8 --dtypes float32

All contestants look at the same Gaussian update with lognormal costs (sigma 1) and a budget of 10 %, one after the
other, in as many rounds as ``--rounds``; medians are printed, and their ratio to one read of (g, c) in the same run.
Time is wall time and CPU time; memory is the peak of the process above where it stood. Contestants that select by
magnitude alone take as many coordinates as Top-K may afford. On a machine with a CUDA device, the device's tables are
made too: CUDA events, medians of 20 after a warm-up, the peak of what the allocator handed out. Everything is written
to ``results/benchmarks/selection.json`` with hardware and versions.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import places
import torch
from numpy.typing import NDArray

from theory import CostClasses, Instance, cwmp, top_k
from theory.arithmetic import compiled_loops
from theory.claims.provenance import provenance
from theory.files.outputs import BENCHMARK, write_atomically
from theory.selection.accelerator import prefix as device
from theory.selection.accelerator import tensor_ops as device_ops
from theory.selection.entries import Entries
from theory.selection.order import sorted_prefix

RESULTS = Path(__file__).parent.parent / "results" / "benchmarks" / "selection.json"
compiled_loops.PATIENCE = 0  # what is timed is neither the loading of numba nor NumPy in its place
SLOW = 3 * 10**7  # from here on, what sorts everything runs once
Contestants = dict[str, Callable[[], Any]]


def contestants(d: int, dtype: str, threads: int, *, reuse: bool = True) -> Contestants:
    """Name and action of everyone, on one update of ``d`` coordinates; ``reuse`` one mask for all of ours."""
    rng = np.random.default_rng(1)
    g = rng.standard_normal(d, dtype=np.float32).astype(dtype)
    c = np.exp(rng.standard_normal(d, dtype=np.float32)).astype(dtype)
    labels = rng.integers(0, 10, d, dtype=np.uint8)
    values = list(range(1, 11))
    mixed, layers = CostClasses(labels, values), CostClasses(np.sort(labels), values)
    budget, class_budget = float(c.sum(dtype=np.float64)) / 10, float(labels.sum(dtype=np.int64) + d) / 10
    out, tensor = np.empty(d, dtype=bool) if reuse else None, torch.from_numpy(g)
    k = int(top_k(g, c, budget).mask.sum())
    torch.set_num_threads(threads)
    everyone: Contestants = {
        "one read of (g, c)": lambda: (g.sum(), c.sum()),
        "cwmp": lambda: cwmp(g, c, budget, threads=threads, out=out),
        "cwmp, NumPy alone": lambda: without_numba(lambda: cwmp(g, c, budget, threads=threads, out=out)),
        "cwmp, layers": lambda: cwmp(g, layers, class_budget, threads=threads, out=out),
        "cwmp, mixed classes": lambda: cwmp(g, mixed, class_budget, threads=threads, out=out),
        "top_k": lambda: top_k(g, c, budget, threads=threads, out=out),
        "torch.topk": lambda: torch.topk(tensor.abs(), k),
    }
    if threads > 1:
        everyone[f"one read, {threads} threads"] = lambda: read_by(threads, g, c)
    if threads == 1:
        everyone["np.partition"] = lambda: np.partition(np.abs(g), d - k)
        entries = Entries(g, "square", c)
        exact = Instance([1.0], 1, budget).budget
        everyone["sort (reference)"] = lambda: sorted_prefix(
            entries.weights_of(slice(None)), entries.costs_of(slice(None)), exact
        )
    return everyone


def read_by(threads: int, *arrays: NDArray[Any]) -> None:
    """What so many threads gain at best: each reads its share."""
    with ThreadPoolExecutor(threads - 1) as pool:
        shares = [list(part) for part in zip(*(np.array_split(array, threads) for array in arrays), strict=True)]
        others = [pool.submit(lambda share: [x.sum() for x in share], share) for share in shares[1:]]
        for part in shares[0]:
            part.sum()
        for other in others:
            other.result()


def without_numba(action: Callable[[], Any]) -> Any:
    """As if numba were not installed."""
    before, compiled_loops.FROM = compiled_loops.FROM, 1 << 60
    try:
        return action()
    finally:
        compiled_loops.FROM = before


def device_contestants(d: int, dtype: str) -> Contestants:
    """The same on the CUDA device, and what our selection takes there when nobody reads its answer."""
    generator = torch.Generator("cuda").manual_seed(1)
    kind = getattr(torch, dtype)
    g = torch.randn(d, device="cuda", generator=generator, dtype=kind)
    c = torch.exp(torch.randn(d, device="cuda", generator=generator, dtype=kind))
    labels = torch.randint(0, 10, (d,), device="cuda", generator=generator, dtype=torch.uint8)
    values = list(range(1, 11))
    mixed, layers = CostClasses(labels, values), CostClasses(labels.sort().values, values)
    budget, class_budget = float(c.double().sum()) / 10, float(labels.sum(dtype=torch.int64) + d) / 10
    k = int(top_k(g, c, budget).mask.sum())
    problem = device.problem_of(g, "square", c, None, Fraction(budget), by_cost=True)
    assert problem is not None
    engine = device.engine_for(g)
    everyone: Contestants = {
        "one read of (g, c)": lambda: (g.sum(), c.sum()),
        "cwmp": lambda: cwmp(g, c, budget),
        "cwmp, answer unread": lambda: engine(problem),
        "cwmp, tensor operations": lambda: device_ops.prefix(problem),
        "cwmp, layers": lambda: cwmp(g, layers, class_budget),
        "cwmp, mixed classes": lambda: cwmp(g, mixed, class_budget),
        "top_k": lambda: top_k(g, c, budget),
        "torch.topk": lambda: torch.topk(g.abs(), k),
        "torch.sort": lambda: torch.sort(g.abs()),
    }
    return everyone


def measure_on_device(everyone: Contestants, repeats: int) -> list[dict[str, Any]]:
    """Medians by CUDA events over interleaved rounds after a warm-up, and the peak of allocated memory."""
    times: dict[str, list[float]] = {name: [] for name in everyone}
    rows = []
    for turn in range(repeats + 3):
        for name, action in everyone.items():
            start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            torch.cuda.synchronize()
            start.record()
            action()
            end.record()
            end.synchronize()
            times[name] += [start.elapsed_time(end) / 1e3] * (turn >= 3)
    for name, action in everyone.items():
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        result = action()
        bytes_more = torch.cuda.max_memory_allocated() - before
        del result
        wall = statistics.median(times[name])
        rows.append({"contestant": name, "wall_s": wall, "fastest_s": min(times[name]), "extra_bytes": bytes_more})
    for row in rows:
        row["wall_in_reads"] = row["wall_s"] / rows[0]["wall_s"]
    return rows


def measure(everyone: Contestants, d: int, rounds: int) -> list[dict[str, Any]]:
    """Medians over interleaved rounds, and their ratios to the read; the first round warms up."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in everyone}
    for turn in range(rounds + 1):
        for name, action in everyone.items():
            once = d >= SLOW and name.startswith("sort")
            if once and turn:
                continue
            wall, cpu = time.perf_counter(), time.process_time()
            action()
            if turn or once:
                times[name].append((time.perf_counter() - wall, time.process_time() - cpu))
    rows: list[dict[str, Any]] = []
    for name in everyone:
        wall, cpu = (statistics.median(column) for column in zip(*times[name], strict=True))
        rows.append({"contestant": name, "wall_s": wall, "cpu_s": cpu})
    read = rows[0]
    for row in rows:
        row |= {"wall_in_reads": row["wall_s"] / read["wall_s"], "cpu_in_reads": row["cpu_s"] / read["cpu_s"]}
    return rows


def memory(name: str, d: int, dtype: str, threads: int) -> float | None:
    """Bytes per coordinate by which one action raises the memory of a process of its own, its result counted."""
    command = [sys.executable, __file__, "--memory", name, str(d), dtype, str(threads)]
    frugal = {**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "0"}  # freed is given back
    done = subprocess.run(command, env=frugal, capture_output=True, text=True, check=False)
    return float(done.stdout) / d if done.returncode == 0 else None


def peak(action: Callable[[], Any]) -> float:
    """Bytes by which the resident memory rises at most while ``action`` runs (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")
    before = _status("VmRSS")
    result = action()
    del result
    return max(0.0, _status("VmHWM") - before)


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith(field))


def _shown(figure: float | None) -> str:
    return "-" if figure is None else f"{figure:.2f}"


def main() -> None:
    """Run, print the tables, merge into the results file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1e5,1e6,1e7")
    parser.add_argument("--dtypes", default="float32,float64")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--rounds", type=int, default=7)
    places.add_output(parser, RESULTS, "file of the results")
    parser.add_argument("--memory", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        name, d, dtype, threads = options.memory
        print(peak(contestants(int(d), dtype, int(threads), reuse=False)[name]))
        return
    with places.guarded(parser, options):
        _run(options)


def _run(options: argparse.Namespace) -> None:
    results = json.loads(options.output.read_text()) if options.output.exists() else {}
    devices = [f"cpu, {n} threads" for n in options.threads.split(",") if n] + ["cuda"] * torch.cuda.is_available()
    for size in (int(float(x)) for x in options.sizes.split(",")):
        for dtype in options.dtypes.split(","):
            for place in devices:
                on_cuda = place == "cuda"
                threads = 0 if on_cuda else int(place.split()[1])
                everyone = contestants(size, dtype, threads) if threads else device_contestants(size, dtype)
                rows = measure(everyone, size, options.rounds) if threads else measure_on_device(everyone, 20)
                del everyone
                for row in rows:
                    extra = row.pop("extra_bytes", None)
                    row["bytes_per_coordinate"] = (
                        memory(row["contestant"], size, dtype, threads) if extra is None else extra / size
                    )
                print(f"\nd = {size:g}, {dtype}, {place}: one read {1e3 * rows[0]['wall_s']:.3g} ms")
                print(f"{'':<25}{'wall, ms':>10}{'in reads':>10}{'CPU, reads':>12}{'bytes/coord':>13}")
                for row in rows:
                    print(
                        f"{row['contestant']:<25}{1e3 * row['wall_s']:>10.3g}{row['wall_in_reads']:>10.1f}"
                        f"{_shown(row.get('cpu_in_reads')):>12}{_shown(row['bytes_per_coordinate']):>13}",
                        flush=True,
                    )
                device = torch.cuda.get_device_name() if on_cuda else None
                key = f"{size:g} {dtype} {place}"
                results[key] = {
                    "rows": rows,
                    "rounds": options.rounds if threads else 20,
                    "device": device,
                    "provenance": provenance(),
                }
                write_atomically(options.output, json.dumps(results, indent=1) + "\n", BENCHMARK)


if __name__ == "__main__":
    main()
