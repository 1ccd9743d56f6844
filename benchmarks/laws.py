"""The probabilistic claims over a table of laws: limits against sampling, P5 and P6 against exact values.

    python benchmarks/laws.py                                     # everything but real updates, about three minutes
    python benchmarks/laws.py --updates DIR ... --layers FILE     # predicted and measured saving of real updates too
    python benchmarks/laws.py --parts losses updates ...          # these parts; the others stay as they are recorded

Limits come from quadrature with its stated error, samples have a million coordinates. Where a law lacks a mean there is
no limit, and the sampled shares at 10^4, 10^5 and 10^6 coordinates show what happens instead. Everything goes to
``results/laws/laws.json``, the tables to ``results/laws/README.md``, with seed, versions and hardware.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import places
from laws_measured import loss_rows, update_rows
from laws_page import page

from proofs_check.law_audit.cells import as_columns, upper_cell
from proofs_check.law_audit.trials import run_batch
from theory.claims.provenance import provenance
from theory.files.outputs import BENCHMARK, BENCHMARK_PAGE, write_atomically
from theory.laws import named as named_laws
from theory.laws.joint import Law
from theory.laws.parse import law_of
from theory.laws.rates import RateTest
from theory.laws.samples import SampleLaw

RESULTS = Path(__file__).parent.parent / "results" / "laws"
BETAS = (0.005, 0.01, 0.05, 0.1, 0.3)
TEN = "classes(" + ", ".join(f"{k}=0.1" for k in range(1, 11)) + ")"
MAGNITUDES = named_laws.MAGNITUDES | {"Student-t 2.1": "t(df=2.1)", "Student-t 1.5": "t(df=1.5)"}
COSTS = {
    "two classes 1:10": "classes(1=0.5, 10=0.5)",
    "two classes 1:100": "classes(1=0.5, 100=0.5)",
    "ten classes 1..10": TEN,
    "lognormal 0.5": "lognorm(s=0.5)",
    "lognormal 1": "lognorm(s=1)",
    "Pareto 1.5": "pareto(b=1.5)",
    "Pareto 0.9": "pareto(b=0.9)",
}
MORE_COSTS = {
    **{f"lognormal {s}": f"lognorm(s={s})" for s in (0.05, 0.1, 0.2, 0.3, 0.4)},
    **{f"two classes 1:{r}": f"classes(1=0.5, {r}=0.5)" for r in (1.2, 1.5, 2, 3, 5)},
    "uniform 1..3": "uniform(loc=1, scale=2)",
}
PARTS = ("table", "planted", "losses", "updates")


def table(d: int, seed: int) -> list[dict[str, Any]]:
    """One row per law: limits and samples at every budget, or what happens where there is no limit."""
    rows = []
    for (g, magnitude), (c, cost) in itertools.product(MAGNITUDES.items(), COSTS.items()):
        law, start = law_of(magnitude, cost), time.perf_counter()
        head = {"magnitude": g, "cost": c, "failing": list(law.failing)}
        rows.append({**head, "drift": drift(law, seed)} if law.failing else {**head, "cells": cells(law, d, seed)})
        print(f"{g:<26}{c:<20}{time.perf_counter() - start:6.2f} s", file=sys.stderr, flush=True)
    return rows


def cells(law: Law, d: int, seed: int) -> list[dict[str, Any]]:
    """V, V_K, R, the laws that predict them, and the sampled values at each budget."""
    data = SampleLaw(*law.sample(np.random.default_rng(seed), d))
    found = []
    for beta in BETAS:
        at, saving, seen = law.efficiency(beta), law.saving(beta), data.efficiency(beta)
        found.append({
            "beta": beta, "V": at.cwmp, "V_K": at.top_k, "R": at.ratio,
            "sampled": {"V": seen.cwmp, "V_K": seen.top_k, "R": seen.ratio},
            "z": dropped(law, data, beta), **predictions(law, beta, saving),
        })  # fmt: skip
    return found


def dropped(law: Law, data: SampleLaw, beta: float) -> dict[str, float | None]:
    """Standard errors between the score dropped per coordinate at energy ``d beta E c`` and its expectation.

    The dropped score ``min(p, lambda c)`` has light tails where shares of the norm do not: the largest coordinates are
    kept. Top-K's needs E c^2 finite.
    """
    n, energy = data.cost.size, beta * law.mean_cost()
    threshold, tau = law.threshold(energy), law.tau(energy)
    p, c, g = data.score, data.cost, data.magnitude
    kept, kept_k = (f.at_energy(n * energy)[1] for f in (data._by_density, data._by_magnitude))
    psi = np.minimum(p, threshold * c)
    expected = law.mean_score() - law.score_above(threshold) - threshold * (energy - law.energy(threshold))
    z = ((p.sum() - kept) / n - expected) / (psi.std() / math.sqrt(n))
    if law.cost.moment(2).excluded:
        return {"V": float(z), "V_K": None}
    psi_k = np.where(g <= tau, p, tau**2 / law.mean_cost() * c)
    expected_k = law.mean_score() - law.score_top_k(tau)
    return {"V": float(z), "V_K": float(((p.sum() - kept_k) / n - expected_k) / (psi_k.std() / math.sqrt(n)))}


def predictions(law: Law, beta: float, saving: Any = None) -> dict[str, float]:
    """P5 and P6 beside the exact gain and saving."""
    saving = saving or law.saving(beta)
    profile = saving.profile
    return {
        "gain": saving.at_equal_energy.value, "gain_P5": profile.advantage, "spread": profile.spread,
        "saving": saving.at_equal_score.value, "saving_P6": profile.saving, "tail": profile.tail,
    }  # fmt: skip


def drift(law: Law, seed: int) -> dict[str, list[list[float]]]:
    """Sampled (V, V_K) at 10 % by size: five draws each, the means do not settle where the law has none."""
    rng = np.random.default_rng(seed)
    out = {}
    for d in (10**4, 10**5, 10**6):
        seen = [SampleLaw(*law.sample(rng, d)).efficiency(0.1) for _ in range(5 if d < 10**6 else 3)]
        out[str(d)] = [[x.cwmp.value, x.top_k.value] for x in seen]
    return out


def region(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """P5 and P6 against exact values, by spread of costs: the table's laws and costs that vary less."""
    cells = [cell for row in rows for cell in row.get("cells", ())]
    seen = [cell for cell in cells if math.isfinite(cell["spread"])]
    for magnitude, cost in itertools.product(list(MAGNITUDES.values())[:6], MORE_COSTS.values()):
        seen += [predictions(law_of(magnitude, cost), beta) for beta in BETAS]
    edges = (0.0, 0.11, 0.21, 0.32, 0.45, 0.6, 0.85, 1.0, 1.5)
    out = []
    for low, high in itertools.pairwise(edges):
        inside = [cell for cell in seen if low < cell["spread"] <= high]
        errors = {key: np.array([cell[f"{name}"] / cell[key] - 1 for cell in inside])
                  for key, name in (("gain", "gain_P5"), ("saving", "saving_P6"))}  # fmt: skip
        summary = {k: [float(e.min()), float(np.median(e)), float(e.max())] for k, e in errors.items()}
        out.append({"spread": [low, high], "cells": len(inside), **summary})
    return out


def planted(audits: int, seed: int) -> list[dict[str, Any]]:
    """P7 with its deviation shrunk, on coin flips: violation rate, stated power, how many audits found it."""
    law, d, beta, failure, most = law_of("classes(0=0.5, 1=0.5)", "constant(1)"), 100, 0.75, 0.05, 300
    test = RateTest(failure, 0.01, most)
    runs = [as_columns([row for k in range(most // 50) for row in run_batch(law, d, beta, seed, (a, k))])
            for a in range(audits)]  # fmt: skip
    rows = []
    for scale in (1.0, 0.75, 0.5, 0.35, 0.25):
        bad = upper_cell(law, d, beta, failure, "hoeffding", scale).violated
        counts = [[int(bad(run)[:n].sum()) for n in range(50, most + 1, 50)] for run in runs]
        found = [any(test.answer(k, 50 * (i + 1)) == "violated" for i, k in enumerate(run)) for run in counts]
        rate = float(np.mean([run[-1] / most for run in counts]))
        power = test.detection(rate)
        setting = {"audits": audits, "allowed": failure, "trials": most}
        rows.append({"scale": scale, "rate": rate, "stated_power": power, "detected": float(np.mean(found)), **setting})
    return rows


def made(part: str, options: argparse.Namespace) -> dict[str, Any]:
    """What one part adds to the results."""
    if part == "table":
        rows = table(int(options.dim), options.seed)
        return {"d": int(options.dim), "table": rows, "region": region(rows)}
    if part == "planted":
        return {"planted": planted(options.audits, options.seed)}
    if part == "losses":
        return {"losses": loss_rows(MAGNITUDES, COSTS, options.seed)}
    return {"updates": update_rows(options.files, options.seed)} if options.files else {}


def main() -> None:
    """Run the parts, write the results and their page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dim", type=float, default=1e6, help="coordinates of the samples")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--audits", type=int, default=100, help="audits of each planted bound")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="the others stay as recorded")
    places.add_updates(parser)
    places.add_output(parser, RESULTS, "folder of the results and their page")
    options = parser.parse_args()
    options.files = places.updates(parser, options)
    path = options.output / "laws.json"
    files = {path: BENCHMARK, options.output / "README.md": BENCHMARK_PAGE}
    with places.guarded(parser, options, files):
        results = json.loads(path.read_text()) if path.exists() else {}
        if missing := [part for part in PARTS[:3] if part not in (*options.parts, *results)]:
            parser.error(f"no earlier record has the parts {', '.join(missing)}; leave --parts out")
        revisions = results.get("made") or {
            part: results["provenance"]["revision"] for part in PARTS if part in results
        }
        for part in options.parts:
            print(f"{part} ...", file=sys.stderr, flush=True)
            if new := made(part, options):
                results |= new
                revisions[part] = provenance()["revision"]
        results |= {"seed": options.seed, "provenance": provenance(), "made": revisions}
        write_atomically(path, json.dumps(results, indent=1) + "\n", BENCHMARK)
        write_atomically(options.output / "README.md", page(results), BENCHMARK_PAGE)


if __name__ == "__main__":
    main()
