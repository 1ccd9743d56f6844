"""``cwmp certify`` that is stopped, by Ctrl-C or its time limit: the interval so far, with a certificate."""

import signal
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from cwmp.__main__ import main
from theory.optimum.relaxation import price_of


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("update.npy", np.random.default_rng(5).standard_normal(1000).astype(np.float32))
    return tmp_path


def long_search(folder):
    """An update whose optimum needs a search: costs nearly proportional to the squares."""
    cost = np.random.default_rng(0).integers(1, 1000, 60).astype(float)
    np.save(folder / "hard.npy", np.sqrt(cost + 100))
    np.save(folder / "hard-costs.npy", cost)
    return ("certify", "hard.npy", "--cost", "hard-costs.npy", "--budget", "30%", "--output", "hard.json")


def an_interval_was_written(done):
    checked = run("check-certificate", "hard.json", "hard.npy", "--cost", "hard-costs.npy")
    return done.exit_code == checked.exit_code == 3 and "interval" in checked.stdout


def test_the_first_ctrl_c_gives_the_interval_so_far(files, monkeypatch):
    def interrupted(*arguments):
        signal.raise_signal(signal.SIGINT)
        return price_of(*arguments)

    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("theory.optimum.exact_optimum.price_of", interrupted)
    done = run(*long_search(files))
    assert an_interval_was_written(done)
    assert "stopping the search" in done.stderr
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_time_limit_gives_the_interval_so_far(files, monkeypatch):
    asked = []
    over = lambda seconds, clock: asked.append(seconds) or (lambda: True)  # noqa: E731
    monkeypatch.setattr("cwmp.api.certificates.deadline", over)
    assert an_interval_was_written(run(*long_search(files), "--time-limit", "2.5"))
    assert asked == [2.5]


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "inf"])
def test_a_time_limit_is_a_positive_number_of_seconds(files, limit):
    done = run("certify", "update.npy", "--cost", "1", "--budget", "30%", "--time-limit", limit)
    assert done.exit_code == 2
    assert "a number of seconds > 0 is accepted" in done.stderr
    assert not Path("update.npy.certificate.json").exists()
