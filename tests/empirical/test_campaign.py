"""Runs that are stopped, killed, damaged or of another revision: the same records in the end, or one clear line."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner

import empirical.runs.runner as runner
from cwmp.__main__ import main
from empirical import presets
from empirical.experiment import run as run_experiment
from empirical.judgement.paired import needed
from empirical.presets import PRESETS, preset
from empirical.records import read_run
from empirical.runs.campaign import complete_all
from empirical.runs.runner import complete, stored
from empirical.setting import Arm, Run, Setting
from theory.errors import InputError

ROOT = Path(__file__).parents[2]
TINY = Setting(clients=8, cohort=3, steps=2, batch=4, rounds=6, evaluate_every=2, server_momentum=0.5, dropout=0.2)
RUN = Run(TINY, Arm("fc-dear", "0.05", "cwmp"), 0, "synthetic")


class StoppedError(Exception):
    pass


def stop_after(rounds):
    def stop(record):
        if record.round + 1 == rounds:
            raise StoppedError

    return stop


@pytest.mark.parametrize("stopped_after", [1, 3, 4, 5])
def test_a_resumed_run_has_the_records_of_a_straight_one(tmp_path, stopped_after):
    straight = complete(RUN, tmp_path / "straight")
    with pytest.raises(StoppedError):
        complete(RUN, tmp_path / "resumed", checkpoint_every=2, on_round=stop_after(stopped_after))
    seen = []
    resumed = complete(RUN, tmp_path / "resumed", checkpoint_every=2, on_round=seen.append)
    assert resumed.records == straight.records
    last_checkpoint = (stopped_after - 1) // 2 * 2
    assert [record.round for record in seen] == list(range(last_checkpoint, 6))
    one, other = (json.loads((tmp_path / f / f"{RUN.name}.json").read_text()) for f in ("straight", "resumed"))
    assert one == other
    assert not list(tmp_path.glob("*/*.npz"))


def test_a_finished_run_is_read_and_not_computed(tmp_path):
    first = complete(RUN, tmp_path)
    again = complete(RUN, tmp_path, on_round=stop_after(1))
    assert again == first
    assert stored(replace(RUN, seed=5), tmp_path) is None


def test_records_survive_their_file_exactly(tmp_path):
    arm = Arm("ble-dram", "0.03", "top-k")  # energies that no float holds
    finished = complete(replace(RUN, arm=arm), tmp_path)
    (path,) = tmp_path.glob("*.json")
    assert read_run(path).records == finished.records
    assert finished.records[0].energy.denominator > 10**9


def test_another_setting_revision_or_damage_is_one_line_and_nothing_is_lost(tmp_path, monkeypatch):
    complete(RUN, tmp_path)
    with pytest.raises(StoppedError):
        complete(replace(RUN, seed=1), tmp_path, checkpoint_every=2, on_round=stop_after(3))
    finished, begun = tmp_path / f"{RUN.name}.json", tmp_path / f"{replace(RUN, seed=1).name}.checkpoint.npz"
    before = {path: path.read_bytes() for path in (finished, begun)}

    def refused(names, run=RUN):
        with pytest.raises(InputError, match=names) as caught:
            complete_all([run], tmp_path, jobs=1)
        assert "\n" not in str(caught.value)

    refused("is of other settings", replace(RUN, setting=replace(TINY, batch=5)))
    with monkeypatch.context() as patch:
        patch.setattr(runner, "source_digest", lambda *packages: "0" * 16)
        refused("is of another source revision; give another folder")
        refused("checkpoint.npz is of another source revision", replace(RUN, seed=1))
    assert {path: path.read_bytes() for path in before} == before
    begun.write_bytes(before[begun][:1000])
    refused(r"checkpoint.npz is damaged .*; delete it to begin this run again", replace(RUN, seed=1))
    finished.write_text(before[finished].decode()[:-400])
    refused("is not the file of a run")
    finished.write_bytes(before[finished])


def test_records_that_no_run_can_have_given_are_refused(tmp_path):
    complete(RUN, tmp_path)
    (path,) = tmp_path.glob("*.json")
    good = path.read_text()

    def refused(why, change):
        fields = json.loads(good)
        change(fields)
        path.write_text(json.dumps(fields))
        with pytest.raises(InputError, match=f"is not the file of a run: .*{why}") as caught:
            read_run(path)
        assert "\n" not in str(caught.value)

    def last(value):
        return lambda fields: fields["rounds"][-1].update(accuracy=value)

    for value in (7.5, float("nan"), -0.1):
        refused(r"must lie in \[0, 1\]", last(value))
    refused("not supported", last("0.5"))
    refused("has no accuracy", last(None))
    refused("unexpected accuracy", lambda fields: fields["rounds"][0].update(accuracy=0.5))
    refused("rounds are not 0 to", lambda fields: fields["rounds"].pop())
    refused("rounds are not 0 to", lambda fields: fields["rounds"].append(fields["rounds"][-1]))
    refused("rounds are not 0 to", lambda fields: fields["rounds"].clear())
    refused("negative amount", lambda fields: fields["rounds"][0]["ledger"][0].update(radio="-1/2"))
    refused("not positive", lambda fields: fields.update(full="0"))
    refused("", lambda fields: fields["identity"].update(run=None))
    path.write_text(good)
    assert read_run(path) == stored(RUN, tmp_path)


def test_a_killed_experiment_goes_on_from_its_checkpoints(tmp_path, monkeypatch):
    """A real process, killed in the middle; the records in the end are those of a straight experiment."""
    script = tmp_path / "experiment.py"
    script.write_text(
        "import signal, time\n"
        "import empirical.runs.runner as runner\n"
        "from pathlib import Path\n"
        "from empirical.runs.campaign import complete_all\n"
        "from empirical.setting import Arm, Run, Setting\n"
        "runs = [Run(Setting(clients=8, cohort=3, steps=2, batch=4, rounds=24, evaluate_every=12),\n"
        "            Arm('fc-dear', '0.05', m), s, 'synthetic') for s in (0, 1) for m in ('top-k', 'cwmp')]\n"
        "save = runner._save\n"
        "runner._save = lambda *given: (save(*given), time.sleep(1e6))  # no run gets beyond its first checkpoint\n"
        "if __name__ == '__main__':\n"
        "    signal.signal(signal.SIGINT, signal.default_int_handler)  # background shells hand it down ignored\n"
        f"    complete_all(runs, Path({str(tmp_path / 'out')!r}), jobs=2)\n"
    )
    started = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while started.poll() is None and len(list((tmp_path / "out").glob("*.checkpoint.npz"))) < 2:
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)
    assert started.wait() != 0
    unfinished = list((tmp_path / "out").glob("*.checkpoint.npz"))
    assert len(unfinished) == 2
    assert not list((tmp_path / "out").glob("*.json"))
    setting = Setting(clients=8, cohort=3, steps=2, batch=4, rounds=24, evaluate_every=12)
    runs = [Run(setting, Arm("fc-dear", "0.05", m), s, "synthetic") for s in (0, 1) for m in ("top-k", "cwmp")]
    seen = []
    resumed = complete_all(runs, tmp_path / "out", jobs=2, on_progress=lambda p: seen.append((p.rounds_left, p.done)))
    assert seen[0][0] <= 96 - 10 * len(unfinished)
    assert seen[-1] == (0, 4)
    straight = complete(runs[1], tmp_path / "straight")
    assert resumed[runs[1]].records == straight.records


def test_runs_end_without_a_word_when_the_experiment_is_killed(tmp_path):
    """Killed so that it can tell nobody: its processes notice when they next have something to say."""
    script = tmp_path / "experiment.py"
    script.write_text(
        "import os, signal\n"
        "from pathlib import Path\n"
        "from empirical.runs.campaign import complete_all\n"
        "from empirical.setting import Arm, Run, Setting\n"
        "run = Run(Setting(clients=8, cohort=3, steps=2, batch=4, rounds=10**6), Arm('fc-dear', '0.05', 'cwmp'), 0,\n"
        "          'synthetic')\n"
        "die = lambda progress: progress.rounds_done and os.kill(os.getpid(), signal.SIGKILL)\n"
        "if __name__ == '__main__':\n"
        f"    complete_all([run], Path({str(tmp_path / 'out')!r}), jobs=1, on_progress=die)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    # the children hold the pipe of standard error open: this returns when the last of them has ended
    done = subprocess.run([sys.executable, str(script)], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL
    assert done.stderr == ""


def test_a_run_that_fails_or_dies_stops_the_experiment_by_name(tmp_path):
    bad = replace(RUN, setting=replace(TINY, lr=1e20, steps=6), seed=3)
    with pytest.raises(InputError, match=r"seed3: .*finite"):
        complete_all([bad], tmp_path, jobs=1)

    before = set(multiprocessing.active_children())

    def kill(progress):
        for process in set(multiprocessing.active_children()) - before:
            process.kill()

    with pytest.raises(InputError, match=r"seed0: its process ended with exit code -9"):
        complete_all([replace(RUN, setting=replace(TINY, rounds=10**6))], tmp_path, jobs=1, on_progress=kill)


def test_a_process_does_one_run_after_the_other(tmp_path):
    runs, seen, before = [replace(RUN, seed=k) for k in range(4)], set(), set(multiprocessing.active_children())
    look = lambda progress: seen.update(set(multiprocessing.active_children()) - before)  # noqa: E731
    found = complete_all(runs, tmp_path, jobs=2, on_progress=look)
    assert len(seen) == 2
    assert set(multiprocessing.active_children()) <= before
    assert found[runs[3]].records == complete(runs[3], tmp_path / "alone").records


def test_smoke_from_the_command_line_resumes_and_says_where(tmp_path, monkeypatch):
    small = replace(PRESETS["smoke"], setting=TINY, seeds=(0, 1, 2), methods=("top-k", "cwmp"), shares=("0.05",))
    monkeypatch.setitem(PRESETS, "smoke", small)
    monkeypatch.chdir(tmp_path)
    first = CliRunner().invoke(main, ["pareto", "smoke", "--jobs", "2"], catch_exceptions=False)
    assert first.exit_code in (0, 3)
    assert "[15/15]" in first.stderr
    assert "synthetic textures: 3 paired seeds" in first.stdout
    assert "cwmp under uniform: identical runs" in first.stdout
    assert (tmp_path / "runs/smoke/report.txt").read_text() in first.stdout
    verdicts = {p.name for p in (tmp_path / "runs/smoke/verdicts").iterdir()}
    assert verdicts == {"E1-cwmp-uniform.json", "E1-cwmp-fc-dear.json"}
    again = CliRunner().invoke(main, ["pareto", "smoke", "--json"], catch_exceptions=False)
    assert again.stderr == ""
    assert {verdict["claim"] for verdict in json.loads(again.stdout)} == {"E1-cwmp"}


def test_finished_runs_of_another_revision_are_judged_as_they_are(tmp_path, monkeypatch):
    """And nothing is run, written over or guessed where a run is missing or of yet another revision."""
    small = replace(PRESETS["smoke"], setting=TINY, shares=("0.01",), rates=(0.1, 0.2), device="cpu")
    monkeypatch.setitem(PRESETS, "smoke", small)
    monkeypatch.chdir(tmp_path)
    first = CliRunner().invoke(main, ["pareto", "smoke", "--jobs", "2", "--quiet"], catch_exceptions=False)
    monkeypatch.setattr(runner, "source_digest", lambda *packages: "0" * 16)
    refused = CliRunner().invoke(main, ["pareto", "smoke"], catch_exceptions=False)
    assert refused.exit_code == 2
    runs = sorted(Path("runs/smoke").rglob("*seed*.json"))
    before = {path: path.read_bytes() for path in runs}
    judged = CliRunner().invoke(main, ["pareto", "smoke", "--judge-only"], catch_exceptions=False)
    assert (judged.exit_code, judged.stdout) == (first.exit_code, first.stdout)
    assert {path: path.read_bytes() for path in runs} == before
    other = json.loads(before[runs[-1]])
    other["identity"]["sources"] = "f" * 16
    runs[-1].write_text(json.dumps(other))
    mixed = CliRunner().invoke(main, ["pareto", "smoke", "--judge-only"], catch_exceptions=False)
    assert (mixed.exit_code, "is of another source revision" in mixed.stderr) == (2, True)
    runs[-1].unlink()
    missing = CliRunner().invoke(main, ["pareto", "smoke", "--judge-only"], catch_exceptions=False)
    assert missing.exit_code == 2
    assert missing.stderr.strip().endswith("only a finished experiment can be judged without running it")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["medium"], "no preset 'medium'; the presets are smoke, credible, full"),
        (["full", "--data", "."], "full on a CUDA GPU: PyTorch sees none"),
        (["smoke", "--device", "cuda"], "smoke on a CUDA GPU: PyTorch sees none"),
        (["smoke", "--seeds", "4"], "preset 'smoke' has 3 seeds, got 4"),
        (["credible"], "preset 'credible' needs CIFAR-10: --data DIR"),
        (["smoke", "--download"], "needs CIFAR-10: --data DIR"),
        (["credible", "--data", "nowhere"], "nowhere: no CIFAR-10 there; accepted are class folders"),
    ],
)
def test_bad_input_is_one_line(tmp_path, monkeypatch, arguments, names):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    done = CliRunner().invoke(main, ["pareto", *arguments], catch_exceptions=False)
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert names in done.stderr
    assert not list(tmp_path.iterdir())


def test_presets_are_what_they_promise():
    credible = PRESETS["credible"]
    assert {"fc-dear", "conv-dear", "lognormal"} <= set(credible.costs)
    assert {"0.01", "0.05"} <= set(credible.shares)
    full = PRESETS["full"]
    assert len(full.shares) == 7
    assert full.setting.rounds >= 100
    assert full.setting.steps > credible.setting.steps
    assert set(credible.costs) < set(full.costs)
    for one in (credible, full):  # as many seeds as can decide, the paper's method at two rates included
        contests = len(one.costs) * len(one.methods)  # each but Top-K, and CWMP again
        assert len(one.seeds) >= needed(contests)
        assert 2 ** (1 - len(one.seeds)) * contests <= 0.05
    for one in PRESETS.values():
        rates = {method: 0.01 * k for k, method in enumerate((*one.methods, "dense"), 1)}
        runs = one.runs("synthetic", rates)
        tuning = one.tuning_runs("synthetic")
        assert {run.seed for run in tuning}.isdisjoint(one.seeds)
        assert {(run.arm.method, run.setting.lr) for run in tuning} == set(product(rates, one.rates))
        assert all(run.setting.lr == rates[run.arm.method] for run in runs)
        again = one.same_rate_runs("synthetic", rates)
        assert {(run.arm.method, run.setting.lr) for run in again} == {("cwmp", rates["top-k"])}
        assert [(run.arm, run.seed) for run in again] == [(r.arm, r.seed) for r in runs if r.arm.method == "cwmp"]
        assert one.same_rate_runs("synthetic", {**rates, "cwmp": rates["top-k"]}) == []
        assert len(runs) == len(set(runs)) == len({run.name for run in runs})
        assert {arm.method for arm in one.arms} == {*one.methods, "dense"}
        assert [run.seed for run in runs] == sorted(run.seed for run in runs)
    assert preset("smoke").source == "synthetic"
    assert presets.DENSE_ARM.method == "dense"


def test_a_shortened_credible_preset_runs_whole(tmp_path, monkeypatch):
    whole = PRESETS["credible"]
    brief = replace(whole.setting, rounds=1, steps=1)
    short = replace(whole, setting=brief, seeds=(0,), shares=("0.01",), rates=(0.1, 0.2), source="synthetic")
    monkeypatch.setitem(PRESETS, "credible", short)
    outcome = run_experiment("credible", None, folder=tmp_path, jobs=2)
    assert len(list((tmp_path / "tuning").glob("*.json"))) == 2 * 19
    assert len(outcome.verdicts) == 15
    assert "each method's best of 0.1, 0.2 at 1 % on seed 1000" in outcome.text
    for path in tmp_path.glob("*.json"):  # every result is at the rate that won on the tuning seed
        settings = read_run(path).identity["run"]
        tries = {p: read_run(p) for p in (tmp_path / "tuning").glob(f"*-{settings['arm']['method']}-lr*.json")}
        mean = lambda lr: sum(t.final_accuracy for p, t in tries.items() if f"lr{lr}-" in p.name)  # noqa: B023, E731
        assert settings["setting"]["lr"] == (0.2 if mean("0.2") > mean("0.1") else 0.1)
    assert "1 seeds decide nothing among" in " ".join(outcome.text.split())
