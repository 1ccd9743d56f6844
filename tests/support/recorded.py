"""A folder of results to draw from: the committed records, and experiments whose numbers can be worked out on paper.

Accuracies rise by 0.02 a round from where a method starts, 0.05 with the larger budget and, for CWMP, by 0.01 a seed.
"""

import atexit
import shutil
import tempfile
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

from made_designs import write_designs

from empirical.prices import Entry
from empirical.records import RoundRecord, RunFile, write_run
from empirical.setting import Arm, Run, Setting
from theory.claims.verdict import Outcome, Verdict, write_verdict

RESULTS = Path(__file__).parents[2] / "results"
SETTING = Setting(clients=4, cohort=2, rounds=4, evaluate_every=1, final=2)
START = {
    "fc-dear": {"top-k": 0.20, "cwmp": 0.24, "random-k": 0.11},
    "conv-dear": {"top-k": 0.20, "cwmp": 0.15, "random-k": 0.11},
}
CAPTURED = {"top-k": 0.5, "cwmp": 0.6, "random-k": 0.01}
RATES = {"top-k": 0.1, "cwmp": 0.06}
VERDICTS = {  # of a method and a cost model: outcome, difference of frontiers, its interval
    ("cwmp", "fc-dear"): (Outcome.HOLDS, 0.05, 0.041, 0.06),
    ("cwmp", "conv-dear"): (Outcome.REVERSES, -0.04, -0.05, -0.031),
    ("cwmp-same-rate", "fc-dear"): (Outcome.INCONCLUSIVE, 0.01, None, None),
}
SEEDS, SHARES, FULL = (0, 1, 2), ("0.01", "0.05"), 100
PROVENANCE = {"revision": "0123456789ab", "hardware": "an abacus, 2 wires"}


def results(folder):
    """``folder`` with every record that is committed, and the experiment in place of the real one."""
    shutil.copytree(RESULTS, folder, ignore=shutil.ignore_patterns("verify", "figures", "pareto"), dirs_exist_ok=True)
    shutil.copytree(_experiment(), folder / "pareto", dirs_exist_ok=True)
    return folder


@cache
def _experiment():
    """Written once: every file of a run is synchronised with the disk."""
    folder = Path(tempfile.mkdtemp(prefix="cwmp-experiment-"))
    atexit.register(shutil.rmtree, folder)
    experiment(folder / "credible")
    write_designs(folder)
    return folder


def experiment(folder):
    """Run files, a control at Top-K's learning rate among them, and verdicts, as ``cwmp pareto`` leaves them."""
    arms = [Arm(cost, share, method) for cost, start in START.items() for share in SHARES for method in start]
    for seed in SEEDS:
        for arm in [Arm("uniform", "1", "dense"), *arms]:
            own = RATES.get(arm.method, RATES["top-k"])
            for rate in {own, RATES["top-k"]} if arm.method == "cwmp" else {own}:
                run = Run(replace(SETTING, lr=rate), arm, seed, "made up")
                name = f"{arm.cost}-{arm.share}-{arm.method}-lr{rate}-seed{seed}.json"
                place = folder if rate == own else folder / "same-rate"
                place.mkdir(parents=True, exist_ok=True)
                write_run(place / name, finished(run, 0.3 if rate != own else 0.0))
    for (method, cost), (outcome, *frontier) in VERDICTS.items():
        interval = dict(zip(("mean", "low", "high"), frontier, strict=True))
        verdict = Verdict(f"E1-{method}", cost, outcome, "made up", "", 6, observed={"frontier": interval})
        write_verdict(verdict, folder / "verdicts")


def finished(run, more):
    """A run whose clients leave a tenth of their budget unspent; ``more`` is added to every accuracy."""
    arm, seed = run.arm, run.seed
    start = 0.5 if arm.method == "dense" else START[arm.cost][arm.method]
    larger = more + 0.05 * (arm.share == SHARES[1]) + 0.01 * seed * (arm.method == "cwmp")
    each = Fraction(arm.share) * FULL * SETTING.cohort * (1 if arm.method == "dense" else Fraction(9, 10))
    records = tuple(
        RoundRecord(t, (0, 1), (), 1.0, start + larger + 0.02 * (t + 1), (Entry("fc", 1, memory=each),),
                    CAPTURED.get(arm.method, 1.0), 1e-6, f"{t}")
        for t in range(SETTING.rounds)
    )  # fmt: skip
    about = {"run": run.fields()}
    return RunFile(records, about, "made-up images", "units", Fraction(FULL), Fraction(FULL) * 4 / 5, PROVENANCE)
