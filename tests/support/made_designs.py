"""The designs of the experiment, small, and runs of them made up so that the answer is known."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from empirical.designs import Paper, Safety
from empirical.judgement import paper, safety
from empirical.prices import Entry
from empirical.records import RoundRecord, RunFile, write_run
from empirical.setting import Setting
from empirical.training.models import model_layers, small_cnn
from theory.claims.verdict import write_verdict

SETTING = Setting(clients=4, cohort=2, rounds=2, evaluate_every=1, final=1, error_feedback=False)
BOTH = (SETTING, replace(SETTING, error_feedback=True))
PROVENANCE = {"python": "3", "revision": "0123456789ab", "hardware": "an abacus, 2 wires"}
LAYERS = model_layers(small_cnn())
CONV, NORM, FC = 23_584, 224, 99_370


def made(run, accuracy, *, conv=10, fc=20, captured=0.5, honest=0.2):
    """A run of which every client sends so many coordinates of a convolution and of a linear layer."""
    each = {"fc-dear": (1, 10), "conv-dear": (10, 1)}.get(run.arm.cost, (1, 1))
    ledger = (Entry("conv", 2 * conv, memory=Fraction(2 * conv * each[0])),
              Entry("fc", 2 * fc, memory=Fraction(2 * fc * each[1])))  # fmt: skip
    records = tuple(
        RoundRecord(t, (0, 1), (), 1.0, accuracy, ledger, captured, 0.0, f"{t}", (2 * honest, 2.0)) for t in range(2)
    )
    full = Fraction((CONV + NORM) * each[0] + FC * each[1])
    return RunFile(
        records,
        {"run": run.fields()},
        "made-up images",
        "units",
        full,
        full,
        PROVENANCE,
    )


PAPER = Paper("mine", "", BOTH, ("fc-dear", "conv-dear"), ("0.01", "0.2"), tuple(range(9)), rates=(0.1,),
              plane=("ratio-1-100",))  # fmt: skip


def paper_files(sparsity_gain, joules_gain, seeds):
    """CWMP above Top-K with as many coordinates, and with as many joules, by what is given for each cost model."""
    rng, files = np.random.default_rng(0), {}
    rates = dict.fromkeys(PAPER.methods, 0.1)
    for seed in seeds:
        noise = 0.01 * rng.standard_normal()
        first = {}
        for run in PAPER.runs(seed, "synthetic", rates):
            if run.arm.method == "cwmp-l1":
                gain = sparsity_gain[run.arm.cost] + 0.001 * rng.standard_normal()
                first[run] = made(run, 0.4 + noise + gain, conv=20, fc=10, captured=0.4, honest=0.3)
            else:
                first[run] = made(run, 0.4 + noise)
        files |= first
        for run in PAPER.equal_joules(first):
            gain = joules_gain[run.arm.cost] - sparsity_gain[run.arm.cost]
            files[run] = made(run, 0.4 + noise - gain + 0.001 * rng.standard_normal(), conv=5, fc=15)
    return files


GAINS = {"fc-dear": 0.03, "conv-dear": -0.03, "ratio-1-100": 0.0}
JOULES = {"fc-dear": -0.02, "conv-dear": 0.02, "ratio-1-100": 0.04}


SAFE = Safety("mine", "", BOTH, ("fc-dear", "conv-dear"), ("0.01",), tuple(range(10)), rates=(0.1,))
FURTHER = replace(SAFE, further=(("conv-dear", "0.05"),), further_seeds=8)
ACCURACY = {  # of each arm less Top-K, by cost model
    "top-k": (0, 0), "cwmp": (0.03, -0.03), "safe-0.5": (0.03, -0.02), "safe": (0.03, -0.001), "safe-0.9": (0.01, 0.0),
    "learnt-safe": (0.03, 0.01), "learnt-joules": (0.02, -0.02),
}  # fmt: skip


def safe_files(runs):
    rng, files = np.random.default_rng(2), {}
    for run in runs:
        gain = ACCURACY[run.arm.method][SAFE.costs.index(run.arm.cost)]
        noise = 0.0005 * rng.standard_normal()
        files[run] = made(run, 0.4 + gain + noise, captured=0.5 - gain, honest=0.2 + 3 * gain)
    return files


RATES = dict.fromkeys(SAFE.methods, 0.1)


def write_designs(folder):
    """Both, as ``cwmp pareto`` leaves them in ``folder``: ``paper-small`` and ``safe-small``."""
    files = paper_files(GAINS, JOULES, PAPER.seeds)
    found = paper.contests(PAPER, files, PAPER.seeds, LAYERS)
    _write(folder / "paper-small", files, paper.verdicts(found, PAPER, files, PAPER.seeds))
    write_safe(SAFE, folder)


def write_safe(design, folder):
    """``design``, its choice and its verdicts, as ``safe-small``."""
    choice = replace(safety.choose(design, write_choice(design, folder)), arm="safe")
    files = safe_files(design.runs(design.seeds, "safe", "synthetic", RATES))
    judged = safety.judged(design, files, design.seeds, choice)
    predicts = safety.what_predicts(design, files, design.seeds, choice)
    _write(folder / "safe-small", files, safety.verdicts(judged, design, files, design.seeds, choice, predicts))


def write_choice(design, folder):
    """The runs of ``design`` by which a form is chosen."""
    choosing = safe_files(design.choosing_runs("synthetic", RATES))
    _write(folder / "safe-small" / "choice", choosing, ())
    return choosing


def _write(folder, files, verdicts):
    folder.mkdir(parents=True, exist_ok=True)
    for run, file in files.items():
        write_run(folder / f"{run.name}.json", file)
    for verdict in verdicts:
        write_verdict(verdict, folder / "verdicts")
