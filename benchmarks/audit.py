"""The audit of every bound under a table of laws: which hold, how tight they are, which do not apply.

    python benchmarks/audit.py                                     # a few minutes
    python benchmarks/audit.py --updates DIR ... --layers FILE     # the laws of real updates too
    python benchmarks/audit.py --more --updates DIR                # those that are not recorded yet

Each law is audited as ``cwmp audit`` does it; finished batches are kept in ``runs/audit``, so a stopped run goes on.
The reports go to ``results/laws/audit.json``, which the figure ``audit`` shows.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import places
from laws import COSTS, MAGNITUDES

from cwmp.api.laws import law_given
from proofs_check.law_audit.audit import AuditPlan, audit_law, workers
from theory.files.outputs import BENCHMARK, write_atomically
from theory.laws.deviation import AnyLaw
from theory.laws.parse import law_of

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results" / "laws" / "audit.json"
BETAS = (0.01, 0.1)
BOUNDED = {"uniform": "uniform()"}  # where Hoeffding's inequality applies
USUAL, HEAVY = ("two classes 1:10", "lognormal 1"), ("Pareto 1.5", "Pareto 0.9")


def laws(updates: Sequence[tuple[Path, Path]]) -> Iterator[tuple[str, str, AnyLaw]]:
    """(magnitudes, costs, law): every magnitude with usual costs, one with heavy-tailed costs, and real updates."""
    magnitudes = BOUNDED | MAGNITUDES
    chosen = [*itertools.product(magnitudes, USUAL), *itertools.product(("Gaussian",), HEAVY)]
    for magnitude, cost in chosen:
        yield magnitude, cost, law_of(magnitudes[magnitude], COSTS[cost])
    for path, layers in updates:
        data = law_given(path, "fc-dear", layers=layers)
        yield path.stem, "fc-dear", data


def main() -> None:
    """Audit law by law and write the reports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", type=int, default=10_000, help="coordinates of an instance")
    parser.add_argument("--trials", type=int, default=1000, help="instances at each budget, at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    places.add_updates(parser)
    parser.add_argument("--more", action="store_true", help="laws that the output has stay as they are recorded")
    places.add_output(parser, RESULTS, "file of the reports")
    options = parser.parse_args()
    updates = places.updates(parser, options)
    with places.guarded(parser, options):
        reports = json.loads(options.output.read_text())["reports"] if options.more and options.output.exists() else []
        known = {(report["magnitude"], report["cost"]) for report in reports}
        with workers(options.jobs):
            for magnitude, cost, law in laws(updates):
                if (magnitude, cost) in known:
                    continue
                print(f"{magnitude}, {cost}", file=sys.stderr, flush=True)
                plan = AuditPlan(law, options.dim, BETAS, trials=options.trials, seed=options.seed)
                report = audit_law(plan, folder=ROOT / "runs" / "audit")
                reports.append({"magnitude": magnitude, "cost": cost, **report})
        write_atomically(options.output, json.dumps({"reports": reports}, indent=1) + "\n", BENCHMARK)


if __name__ == "__main__":
    main()
