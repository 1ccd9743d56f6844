"""The chain: order, what is not done twice, what is said when a step fails or is stopped."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from cwmp.__main__ import main
from cwmp.commands import reproduce
from cwmp.commands.reproduce import PROFILES, Chain, Step
from figures.catalogue import COMMANDS, EXPERIMENT
from theory.errors import InputError
from theory.files.outputs import protecting

ROOT = Path(__file__).parents[2]

# A step that notes that it ran, then does what a file beside it says: nothing, fail, find something, or wait.
SCRIPT = """
import pathlib, sys, time
name, out = sys.argv[1], pathlib.Path(sys.argv[-1])
with (out / "order.txt").open("a") as file:
    file.write(name + "\\n")
how = out / (name + ".how")
word = how.read_text() if how.exists() else ""
try:
    if word == "wait":
        (out / "waiting").touch()
        time.sleep(1e6)
except KeyboardInterrupt:
    sys.exit(130)
if word == "fail":
    print("working", flush=True)
    sys.exit("the disk is full")
(out / (name + ".made")).write_text("made")
sys.exit(3 if word == "undecided" else 0)
"""


@pytest.fixture
def chain(tmp_path, monkeypatch):
    """Three steps, a to c, of which b may leave something undecided."""
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "step.py").write_text(SCRIPT)
    monkeypatch.setattr(reproduce, "ROOT", tmp_path)
    steps = [Step(n, ("benchmarks/step.py", n, "{out}"), f"{n}.made", ("theory",), 1.0) for n in "abc"]
    steps[1] = replace(steps[1], expects=(0, 3))
    output = tmp_path / "out"
    output.mkdir()
    return Chain(output, None, steps)


def order(chain):
    path = chain.output / "order.txt"
    return path.read_text().split() if path.exists() else []


def again(chain):
    return Chain(chain.output, None, chain.steps)


def test_steps_run_in_order_and_only_once(chain, capsys):
    assert chain.run() == {"a": 0, "b": 0, "c": 0}
    assert order(chain) == ["a", "b", "c"]
    assert again(chain).run() == {"a": 0, "b": 0, "c": 0}
    assert order(chain) == ["a", "b", "c"]
    assert capsys.readouterr().err.count("there already") == 3


def test_a_finding_is_no_failure_and_is_remembered(chain):
    (chain.output / "b.how").write_text("undecided")
    assert chain.run()["b"] == 3
    assert again(chain).run()["b"] == 3
    assert order(chain) == ["a", "b", "c"]


def test_a_failed_step_is_named_and_what_came_before_it_stays(chain):
    (chain.output / "b.how").write_text("fail")
    with pytest.raises(InputError, match=r"step b failed: the disk is full; its output is in .*b\.txt"):
        chain.run()
    assert "working" in chain.log("b").read_text()
    (chain.output / "b.how").unlink()
    again(chain).run()
    assert order(chain) == ["a", "b", "b", "c"]


@pytest.mark.parametrize("name", ["reproduce.json", "steps/b.txt"])
def test_files_of_other_making_are_found_before_anything_runs(chain, name):
    path = chain.output / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("somebody's notes")
    with pytest.raises(InputError, match="is there already and is not"):
        chain.run()
    assert (path.read_text(), order(chain)) == ("somebody's notes", [])
    with protecting(force=True):
        assert "--force" in chain._arguments(chain.steps[0])  # every step is told


def test_an_exit_code_that_is_not_expected_is_a_failure(chain):
    (chain.output / "c.how").write_text("undecided")
    with pytest.raises(InputError, match="step c failed: exit code 3"):
        chain.run()


def test_what_was_removed_or_made_by_other_sources_is_made_again(chain, monkeypatch):
    chain.run()
    (chain.output / "b.made").unlink()
    again(chain).run()
    assert order(chain) == ["a", "b", "c", "b"]
    monkeypatch.setattr(reproduce, "source_digest", lambda *rooms: "0" * 16)
    again(chain).run()
    assert order(chain) == ["a", "b", "c", "b", "a", "b", "c"]


def test_other_options_make_a_step_new(chain):
    chain.run()
    longer = [
        replace(s, command=(*s.command[:-1], "--more", s.command[-1])) if s.name == "c" else s for s in chain.steps
    ]
    Chain(chain.output, None, longer).run()
    assert order(chain) == ["a", "b", "c", "c"]


def test_a_step_that_reads_the_records_follows_them(chain):
    last = [replace(step, reads=step.name == "c") for step in chain.steps]
    Chain(chain.output, None, last).run()
    (chain.output / "verify").mkdir()
    (chain.output / "verify" / "D1-smt.json").write_text("{}")
    Chain(chain.output, None, last).run()
    assert order(chain) == ["a", "b", "c", "c"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_step_and_says_what_is_kept(chain, number):
    (chain.output / "b.how").write_text("wait")
    code = (
        "import sys; from pathlib import Path; from cwmp.commands import reproduce as r\n"
        f"r.ROOT = Path({str(reproduce.ROOT)!r})\n"
        "steps = [r.Step(n, ('benchmarks/step.py', n, '{out}'), n + '.made', ('theory',), 1.0) for n in 'abc']\n"
        f"chain = r.Chain(Path({str(chain.output)!r}), None, steps)\n"
        "with r._interruptible():\n    chain.run()\n"
    )
    started = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while not (chain.output / "waiting").exists() and started.poll() is None:
        time.sleep(0.05)
    os.kill(started.pid, number)
    _, err = started.communicate()
    assert started.returncode == 130
    assert "Traceback" not in err
    assert err.rstrip().endswith(f"stopped; what is finished is in {chain.output}, the same command goes on from there")
    (chain.output / "b.how").unlink()
    steps = [replace(step, expects=(0,)) for step in chain.steps]
    Chain(chain.output, None, steps).run()
    assert order(chain) == ["a", "b", "b", "c"]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_command_of_a_profile_is_one_that_there_is(profile, tmp_path):
    """Commands are parsed by the command line itself; a script's options are looked for in its source."""
    chain = Chain(tmp_path, tmp_path, PROFILES[profile])
    for step in chain.steps:
        name, *options = chain._arguments(step)
        if step.script:
            source = Path(name).read_text(encoding="utf-8")
            if "places.add_output(" in source:
                source += (ROOT / "benchmarks" / "places.py").read_text(encoding="utf-8")
            for option in (word for word in options if word.startswith("--")):
                assert f'"{option}"' in source, f"{step.name} {option}"
        else:
            context = main.get_command(None, name).make_context(name, list(options))
            assert not context.args, step.name
    assert [step.name for step in chain.steps][-2:] == ["figures", "report"]
    assert len({step.name for step in chain.steps}) == len(chain.steps)


@pytest.mark.parametrize("profile", ["quick", "credible"])
def test_a_profile_makes_the_records_of_every_figure(profile):
    made = {step.makes for step in PROFILES[profile]}
    needed = {record for record in COMMANDS if not record.startswith(("studies/", "pareto/"))}  # trained apart
    assert "studies" in made
    assert needed <= made
    assert f"{EXPERIMENT}/report.txt" in made or profile == "quick"


def test_quick_is_meant_to_take_less_than_ten_minutes_and_no_data():
    assert sum(step.minutes for step in PROFILES["quick"]) < 10
    assert not any("{data}" in step.command for step in PROFILES["quick"])


def test_without_data_the_longer_profiles_say_what_they_need(tmp_path):
    done = CliRunner().invoke(main, ["reproduce", "credible", "--output", str(tmp_path)])
    assert done.exit_code == 2
    assert done.stderr.strip() == "cwmp: profile credible trains on CIFAR-10: --data DIR; quick needs no data"


def test_without_the_benchmarks_the_rest_is_done(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reproduce, "ROOT", tmp_path)
    left = reproduce._possible(PROFILES["quick"])
    assert [step.name for step in left] == ["verify", "study", "pareto", "figures", "report"]
    assert "laws, audit, selection, certify" in capsys.readouterr().err
