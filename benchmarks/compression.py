"""What choosing costs of a round: selection, the ledger of its joules, and the certified gap, for every method.

    python benchmarks/compression.py                    # synthetic images, a minute or two
    python benchmarks/compression.py --data DIR         # CIFAR-10

One federated run for each method and cost model on one process; the parts of a round are timed inside it, so each
share is of the same seconds. The gap is what the experiment records beside a choice (D4): who only sends needs none.
Everything is written to ``results/benchmarks/compression.json`` with hardware and versions.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import contestants
import places

from empirical.prices import LOGNORMAL, NOR, Prices
from empirical.setting import Arm, Run, Setting
from empirical.training import compress, federated
from theory.claims.provenance import provenance
from theory.files.outputs import BENCHMARK, write_atomically

RESULTS = Path(__file__).parent.parent / "results" / "benchmarks" / "compression.json"
METHODS = (compress.BASELINE, compress.CWMP, "safe-0.5", compress.LEARNT_SAFE, compress.LEARNT_JOULES)
COSTS = ("ratio-3-1", NOR, LOGNORMAL)
PARTS = ("instance", "selection", "ledger", "gap", "round")
WARM = 3  # rounds that are not counted: the first ones learn no worth


def shares(method: str, cost: str, share: str, rounds: int, source: str) -> dict[str, Any]:
    """Of one run on one process: milliseconds a client of each part, and the shares of a round."""
    run = Run(Setting(rounds=WARM + rounds, evaluate_every=WARM + rounds + 1), Arm(cost, share, method), 0, source)
    spent = dict.fromkeys(PARTS, 0.0)
    table = compress.METHODS if method in compress.METHODS else compress.TOLD_METHODS
    whole: list[tuple[Any, str, Any]] = [(compress, "Instance", compress.Instance), (compress, "relax", compress.relax),
                                         (Prices, "ledger", Prices.ledger)]  # fmt: skip
    select = table[method]
    try:
        for (owner, name, function), part in zip(whole, ("instance", "gap", "ledger"), strict=True):
            setattr(owner, name, contestants.timed(function, spent, part))
        table[method] = contestants.timed(select, spent, "selection")
        state = federated.init(run)
        for t in range(WARM + rounds):
            if t == WARM:
                spent.update(dict.fromkeys(PARTS, 0.0))
            began = time.perf_counter()
            state, _ = federated.apply(run, state)
            spent["round"] += time.perf_counter() - began
    finally:
        table[method] = select
        for owner, name, function in whole:
            setattr(owner, name, function)
    clients = rounds * run.setting.cohort
    chosen = spent["instance"] + spent["selection"] + spent["ledger"]
    return {
        "method": method, "cost": cost, "share": share,
        "ms": {part: 1e3 * seconds / clients for part, seconds in spent.items()},
        "selection with ledger": chosen / spent["round"], "with gap": (chosen + spent["gap"]) / spent["round"],
    }  # fmt: skip


def main() -> None:
    """Run, print the table, write the results file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="synthetic", help="folder with CIFAR-10, or synthetic")
    parser.add_argument("--share", default="0.01", help="of the energy of a full update")
    parser.add_argument("--rounds", type=int, default=12)
    places.add_output(parser, RESULTS, "file of the results")
    options = parser.parse_args()
    source = options.data if options.data == "synthetic" else contestants.prepared(options.data)
    rows = []
    with places.guarded(parser, options):
        print(f"{'method':<16}{'costs':<12}{'ms a client: ' + ', '.join(PARTS):<60}{'of a round':>12}{'with gap':>10}")
        for cost in COSTS:
            for method in METHODS:
                row = shares(method, cost, options.share, options.rounds, source)
                each = "  ".join(f"{part} {row['ms'][part]:.2f}" for part in PARTS)
                print(f"{method:<16}{cost:<12}{each:<60}{row['selection with ledger']:>12.1%}{row['with gap']:>10.1%}",
                      flush=True)  # fmt: skip
                rows.append(row)
        made = {"rounds": options.rounds, "data": contestants.name_of(source), "provenance": provenance()}
        write_atomically(options.output, json.dumps({**made, "rows": rows}, indent=1) + "\n", BENCHMARK)


if __name__ == "__main__":
    main()
