"""``cwmp check`` and the pytest plugin: flags, exit codes, the user's own modules, what is shown of a failure."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import broken_selectors as zoo
import pytest
from checked import SMALL
from click.testing import CliRunner

from cwmp.__main__ import main
from proofs_check.selector import (
    CHECKS,
    selector_test,
)

# --- the command line and pytest ---------------------------------------------------------------------


ROOT = Path(__file__).parents[3]
SUPPORT = ROOT / "tests" / "support"


def run(*arguments):
    return CliRunner().invoke(main, ["check", "--seconds", "1e5", *arguments], catch_exceptions=False)


def test_check_prints_a_table_and_exits_with_1_on_a_fault():
    good = run("broken_selectors:right", "--score", "l2", "--rounding", "prefix", "--claim", "D5", "--quiet",
               "--dims", "1-22,1e3")  # fmt: skip
    assert good.exit_code == 0
    assert "All 1 check passed.\nTried: 83 instances of 1-" in good.stdout
    assert good.stderr == ""
    bad = run("broken_selectors:one_too_many", "--check", "feasible", "--check", "zeros", "--json", "--dims", "1-13")
    assert bad.exit_code == 1
    report = json.loads(bad.stdout)
    assert [r["status"] for r in report["results"]] == ["passed", "FAILED"]
    assert (report["verdict"], report["passed"]) == ("broken", False)
    assert "check_feasible" in bad.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("nope:f", "no module 'nope'"),
        ("broken_selectors:right --cost solar", "solar"),
        ("x", "package.module:function"),
        ("broken_selectors:right --dims 0", "dims must be sizes"),
        ("broken_selectors:right --order-tolerance 2", "at least 0 and below 1"),
        ("broken_selectors:right --budget-tolerance much", "budget_tolerance"),
        ("broken_selectors:right --random --seeded", "that is deterministic"),
        ("broken_selectors:BROKEN", "is list, no function"),
    ],
)
def test_check_refuses_in_one_line(arguments, says):
    done = run(*arguments.split())
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert says in done.stderr


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """A folder that the command is run in, with what somebody wrote there."""

    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.chdir(tmp_path)
        command = [sys.executable, "-m", "cwmp", "check", "--quiet", "--dims", "1-13,100", "--seconds", "1e5"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return lambda *more: subprocess.run(
            [*command, *more], env=environment, capture_output=True, text=True, check=False
        )

    return write


KEEPS_NOTHING = "import numpy as np\ndef mine(update, cost, budget, **seed):\n    return np.zeros(update.size, bool)\n"


def test_flags_say_what_a_selector_promises(beside):
    check = beside(mine=KEEPS_NOTHING)
    done = check("mine:mine", "--ties", "any", "--random", "--order-tolerance", "1e-3", "--budget-tolerance", "1e-9",
                 "--dtype", "float16", "--check", "output")  # fmt: skip
    said = (
        "Promise(ties='any', deterministic=False, dtypes=('float16',), order_tolerance=0.001, budget_tolerance='1e-9')"
    )
    assert done.stdout.splitlines()[0] == f"mine:mine, {said}"
    assert done.returncode == 0, done.stderr
    seeded = check("mine:mine", "--seeded", "--check", "seeds")
    assert (seeded.returncode, "with every seed" in seeded.stdout) == (1, True)


def test_a_flag_never_replaces_what_a_selector_promises(beside):
    own = "from proofs_check.selector import Promise, Selector\nmine = Selector(mine, Promise(rounding='fill'))\n"
    check = beside(mine=KEEPS_NOTHING + own)
    merged = check("mine:mine", "--score", "l2", "--check", "spends_budget", "--check", "order")
    assert merged.stdout.splitlines()[0] == "mine:mine, Promise(score='l2', rounding='fill')"
    assert merged.returncode == 1
    refused = check("mine:mine", "--rounding", "prefix")
    said = "cwmp: mine:mine: rounding='prefix' contradicts the rounding='fill' that it promises itself\n"
    assert (refused.returncode, refused.stderr) == (2, said)


def test_a_limit_of_time_or_an_interrupt_is_exit_code_3(beside):
    check = beside(mine=KEEPS_NOTHING.replace("    return", "    import time; time.sleep(0.3)\n    return"))
    late = check("mine:mine", "--seconds", "0.1", "--check", "feasible")  # one call takes longer
    assert (late.returncode, "Inconclusive: 1 of 1 check" in late.stdout) == (3, True)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_real_interrupt_prints_what_was_judged_and_is_inconclusive(beside, tmp_path):
    sign = tmp_path / "begun"
    waits = f"    import pathlib, time\n    pathlib.Path({str(sign)!r}).touch()\n    time.sleep(1e5 * update.size)\n"
    beside(mine=KEEPS_NOTHING.replace("    return", waits + "    return"))
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); import cwmp.__main__ as c; c.main()"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "check",
        "mine:mine",
        "--seconds",
        "1e5",
        "--check",
        "empty",
        "--check",
        "output",
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    started = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               start_new_session=True)  # fmt: skip
    while not sign.exists() and started.poll() is None:
        time.sleep(0.02)
    os.killpg(started.pid, signal.SIGINT)  # as a terminal does: the selector's process too
    out, err = started.communicate()
    assert started.returncode == 3, err
    assert "Traceback" not in err
    assert "stopped by an interrupt" in out
    assert "Inconclusive" in out


def test_a_module_with_the_name_of_one_of_ours_is_named(beside):
    check = beside(mine="import theory\n" + KEEPS_NOTHING, theory="def helper(): return 1\n")
    done = check("mine:mine")
    assert done.returncode == 2
    assert done.stderr.startswith("cwmp: mine:mine: ")
    assert "theory.py has the name of the package theory of cwmp" in done.stderr
    assert done.stderr.rstrip().endswith("rename it")
    assert len(done.stderr.splitlines()) == 1


def test_other_modules_of_the_user_are_theirs(beside):
    """Names of ours that a selector's process does not need hide nothing of the user's."""
    check = beside(mine="import figures\nassert figures.own\n" + KEEPS_NOTHING, figures="own = True\n")
    done = check("mine:mine", "--check", "output")
    assert done.returncode == 0, done.stderr


def test_in_a_test_run_a_hidden_package_is_named_too(tmp_path):
    (tmp_path / "theory.py").write_text("")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import proofs_check.selector"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.splitlines()[-1].startswith(
        f"ImportError: {tmp_path}/theory.py has the name of the package theory"
    )


def test_a_module_that_raises_is_one_line(beside):
    done = beside(mine="import numpy\nraise RuntimeError('no licence')\n")("mine:mine")
    assert done.returncode == 2
    assert done.stderr == "cwmp: mine:mine: importing mine raised RuntimeError: no licence (mine.py, line 2)\n"


test_one_line = selector_test(zoo.right, zoo.PREFIX, examples=5, dims=SMALL, seconds=1e5)


def test_the_helper_shows_the_fault_and_none_of_its_own_frames(tmp_path):
    (tmp_path / "test_mine.py").write_text(
        "from proofs_check.selector import selector_test\nimport broken_selectors as zoo\n"
        "test_it = selector_test(zoo.one_too_many, zoo.PREFIX, dims=[1, 5], examples=30, seconds=1e5)\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", "feasible", "test_mine.py"]
    environment = {**os.environ, "PYTHONPATH": f"{SUPPORT}:{ROOT}"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED: kept [0" in done.stdout
    assert "judge(" not in done.stdout
    assert "raise BrokenPromiseError" not in done.stdout


def test_the_plugin_runs_every_check_as_a_test(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from broken_selectors import *\nmine = Selector(pays_for_zeros, Promise(rounding='prefix'))\n"
    )
    (tmp_path / "test_other.py").write_text("def test_other(): assert False\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--cwmp-selector", "mine:mine", "-v",
               "--cwmp-examples", "30", "--cwmp-seconds", "1e5", "--cwmp-dims", "1-13,100"]  # fmt: skip
    environment = {"PYTHONPATH": f"{tmp_path}:{SUPPORT}:{ROOT}", "PATH": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "mine:mine::check_feasible PASSED" in done.stdout
    assert "mine:mine::check_zeros FAILED" in done.stdout
    assert "No joule is spent on a coordinate that is zero" in done.stdout
    assert "1 failed" in done.stdout
    assert "test_other" not in done.stdout
    assert done.stdout.count("::check_") >= len(CHECKS)
