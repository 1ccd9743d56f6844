"""What the selector checks catch: the zoo, right selectors over many seeds, and selectors that others wrote.

    python benchmarks/check_selectors.py [zoo] [right] [foreign] [--seeds 20]

Writes results/benchmarks/selectors-<part>.json. Foreign selectors run in a process of their own, as a user's would.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(ROOT / "benchmarks")]

import places  # noqa: E402
from broken_selectors import BROKEN  # noqa: E402
from right_selectors import RIGHT  # noqa: E402

from proofs_check.selector import check_selector  # noqa: E402
from proofs_check.selector.sizes import DIMS  # noqa: E402
from theory.claims.provenance import provenance  # noqa: E402
from theory.files.outputs import BENCHMARK, write_atomically  # noqa: E402

EXAMPLES = 10  # per check, selector and seed, besides one of every size
SIZES = (1, 2, 3, 5, 8, 13, 33, 48, 65, 129, 257)  # where many seeds are tried
UP_TO = [d for d in DIMS if d <= 1025]  # for selectors of others, of which one solves a mixed-integer programme
PATIENCE = 1e5  # seconds: no check is cut short


def zoo():
    """Every broken selector: seconds until the check that names its fault has failed, its failure made small."""
    rows = []
    for selector, check in BROKEN:
        start = perf_counter()
        (result,) = check_selector(selector, checks=[check], isolate=False, on_fail="report", seconds=PATIENCE).results
        seconds = perf_counter() - start
        rows.append(
            {"selector": selector.name, "named_by": check, "caught": result.faulty, "trials": result.trials,
             "seconds": round(seconds, 2), "found": result.detail}
        )  # fmt: skip
        print(f"{selector.name:<28}{check:<26}{seconds:6.2f} s", file=sys.stderr)
    return {"selectors": len(rows), "caught": sum(r["caught"] for r in rows),
            "slowest_seconds": max(r["seconds"] for r in rows), "rows": rows}  # fmt: skip


def right(seeds):
    """Right selectors over many seeds: how many checks were run, and how many raised an alarm."""
    alarms, checks, instances = [], 0, 0
    start = perf_counter()
    for seed in range(seeds):
        for selector in RIGHT:
            report = check_selector(
                selector, isolate=False, on_fail="report", seed=seed, examples=EXAMPLES, dims=SIZES, seconds=PATIENCE
            )
            checks += sum(result.trials > 0 for result in report.results)
            instances += sum(result.trials for result in report.results)
            alarms += [f"{selector.name} {selector.promise} seed {seed}: {fault.check}" for fault in report.faults]
        print(f"seed {seed}: {len(alarms)} alarms", file=sys.stderr)
    seconds = round(perf_counter() - start, 1)
    return {"selectors": len(RIGHT), "seeds": seeds, "examples_per_check": EXAMPLES, "sizes": SIZES, "checks": checks,
            "instances": instances, "false_alarms": alarms, "seconds": seconds}  # fmt: skip


def foreign():
    """Selectors of others: which checks fail, and on what."""
    from foreign_selectors import FOREIGN

    rows = []
    for name, costs in FOREIGN.items():
        report = check_selector(f"foreign_selectors:{name}", cost_model=costs, on_fail="report", dims=UP_TO)
        print(report, "\n", file=sys.stderr)
        ran = [result for result in report.results if result.trials]
        rows.append(
            {"selector": name, "promise": report.promise, "costs": costs or "any", "checks": len(ran),
             "faults": {fault.check: {"found": fault.detail, "cause": fault.cause, "script": fault.script}
                        for fault in report.faults}}
        )  # fmt: skip
    return {"rows": rows}


def main():
    """Run the parts asked for, all by default."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="zoo, right, foreign (default: all)")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--force", action="store_true", help="replace files of other making where the output goes")
    arguments = parser.parse_args()
    parts = {"zoo": zoo, "right": lambda: right(arguments.seeds), "foreign": foreign}
    for name in arguments.parts or parts:
        if name not in parts:
            parser.error(f"no part {name!r}; there are {', '.join(parts)}")
    files = {ROOT / "results" / "benchmarks" / f"selectors-{name}.json": name for name in arguments.parts or parts}
    with places.guarded(parser, arguments, dict.fromkeys(files, BENCHMARK)):
        for path, name in files.items():
            found = {"part": name, **parts[name](), "provenance": provenance()}
            write_atomically(path, json.dumps(found, indent=1) + "\n", BENCHMARK)


if __name__ == "__main__":
    main()
