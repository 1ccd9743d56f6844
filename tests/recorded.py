"""A folder of results to draw from: the committed records, and an experiment whose numbers can be worked out on paper.

Accuracies rise by 0.02 a round from where a method starts, 0.05 with the larger budget and, for CWMP, by 0.01 a seed.
"""

import atexit
import shutil
import tempfile
from fractions import Fraction
from functools import cache
from pathlib import Path

from empirical.prices import Entry
from empirical.records import RoundRecord, RunFile, write_run
from empirical.setting import Arm, Run, Setting
from empirical.verdicts import contests, verdicts
from theory.verdict import write_verdict

RESULTS = Path(__file__).parent.parent / "results"
SETTING = Setting(clients=4, cohort=2, rounds=4, evaluate_every=1, final=2)
START = {
    "fc-dear": {"top-k": 0.20, "cwmp": 0.24, "random-k": 0.11},
    "conv-dear": {"top-k": 0.20, "cwmp": 0.15, "random-k": 0.11},
}
CAPTURED = {"top-k": 0.5, "cwmp": 0.6, "random-k": 0.01}
SEEDS, SHARES, FULL = (0, 1, 2), ("0.01", "0.05"), 100
PROVENANCE = {"revision": "0123456789ab", "hardware": "an abacus, 2 wires"}


def results(folder):
    """``folder`` with every record that is committed, and the experiment in place of the real one."""
    shutil.copytree(RESULTS, folder, ignore=shutil.ignore_patterns("verify", "figures", "pareto"), dirs_exist_ok=True)
    shutil.copytree(_experiment(), folder / "pareto" / "credible")
    return folder


@cache
def _experiment():
    """Written once: every file of a run is synchronised with the disk."""
    folder = Path(tempfile.mkdtemp(prefix="cwmp-experiment-"))
    atexit.register(shutil.rmtree, folder)
    experiment(folder)
    return folder


def experiment(folder):
    """Run files and verdicts, as ``cwmp pareto`` leaves them."""
    arms = [Arm(cost, share, method) for cost, start in START.items() for share in SHARES for method in start]
    runs = {Run(SETTING, arm, seed, "made up"): finished(arm, seed) for seed in SEEDS
            for arm in [Arm("uniform", "1", "dense"), *arms]}  # fmt: skip
    for run, file in runs.items():
        write_run(folder / f"{run.name}.json", file)
    for verdict in verdicts(contests(runs), runs):
        write_verdict(verdict, folder / "verdicts")


def finished(arm, seed):
    """A run whose clients leave a tenth of their budget unspent."""
    start = 0.5 if arm.method == "dense" else START[arm.cost][arm.method]
    larger = 0.05 * (arm.share == SHARES[1]) + 0.01 * seed * (arm.method == "cwmp")
    each = Fraction(arm.share) * FULL * SETTING.cohort * (1 if arm.method == "dense" else Fraction(9, 10))
    records = tuple(
        RoundRecord(t, (0, 1), (), 1.0, start + larger + 0.02 * (t + 1), (Entry("fc", 1, memory=each),),
                    CAPTURED.get(arm.method, 1.0), 1e-6, f"{t}")
        for t in range(SETTING.rounds)
    )  # fmt: skip
    identity = {"run": Run(SETTING, arm, seed, "made up").fields()}
    return RunFile(records, identity, "made-up images", "units", Fraction(FULL), Fraction(FULL) * 4 / 5, PROVENANCE)
