"""Processes that share work: order, errors, large bytes, full pipes, and processes that are gone."""

import mmap
import subprocess
import sys
from functools import partial

import pytest

from theory.arithmetic import processes


def test_what_several_processes_find_comes_in_order():
    with processes.sharing(1) as apply:
        assert apply is map
    for many in (2, 3):
        with processes.sharing(many) as apply:
            assert apply is not map
            assert list(apply(partial(divmod, 1000), iter(range(1, 101)))) == [divmod(1000, n) for n in range(1, 101)]
    with processes.sharing(2) as apply:
        assert list(apply(abs, iter([]))) == []


@pytest.mark.parametrize("size", [processes._LARGE, processes._SLOT // 2, processes._SLOT + 1])
def test_bytes_arrive_as_they_are(size):
    """In the memory, as many as it holds, and through the pipe; more than one in a thing."""
    things = [(bytes([n]) * size, n, bytes([255 - n]) * size) for n in range(60)]
    with processes.sharing(2) as apply:
        assert list(apply(tuple, iter(things))) == things


def test_what_no_pipe_holds_keeps_nobody_waiting():
    """Things and results of half a megabyte that are no bytes."""
    things = [[n] * 250_000 for n in range(-20, 20)]
    with processes.sharing(2) as apply:
        assert list(apply(sorted, iter(things))) == things


def test_one_use_after_another():
    """Also where the first was left before its end."""
    with processes.sharing(3) as apply:
        assert next(iter(apply(abs, iter(range(-50, 0))))) == 50
        for function in (abs, str, abs):
            assert list(apply(function, iter(range(100)))) == list(map(function, range(100)))


def test_few_things_are_asked_for_before_they_are_wanted():
    asked = []
    with processes.sharing(2) as apply:
        for n, _ in enumerate(apply(abs, (asked.append(n) or n for n in range(500)))):
            assert len(asked) <= n + 1 + processes._WAITING
    assert asked == list(range(500))


def test_others_start_with_little():
    """Whatever they need is loaded with the function: no NumPy, which takes longer than they are waited for."""
    code = "import sys, theory.arithmetic.processes, theory.checker; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "torch"} & {module.split(".")[0] for module in done.stdout.split()}


@pytest.mark.parametrize("zero", [0, 5, 8, 13, 40, 99])
def test_an_error_comes_in_its_place(zero):
    found = []
    with processes.sharing(2) as apply, pytest.raises(ZeroDivisionError):
        found.extend(apply(partial(divmod, 1000), (n - zero for n in range(100))))
    assert len(found) == zero


@pytest.mark.parametrize("does", ["pass", "import sys; sys.stdin.buffer.read(1)", "import os; os.abort()"])
def test_a_process_that_is_gone_is_done_without(does, monkeypatch):
    def start():
        command = [sys.executable, "-c", does]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, **pipes), mmap.mmap(-1, processes._SIZE)

    monkeypatch.setattr(processes, "_start", start)
    with processes.sharing(2) as apply:
        assert list(apply(abs, iter(range(-50, 50)))) == [abs(n) for n in range(-50, 50)]


def test_where_no_process_can_be_started_there_is_one(monkeypatch):
    def refused():
        raise OSError("no more processes")

    monkeypatch.setattr(processes, "_start", refused)
    with processes.sharing(2) as apply:
        assert apply is map


def test_no_process_outlives_its_use(monkeypatch):
    started = []
    start = processes._start
    monkeypatch.setattr(processes, "_start", lambda: started.append(start()) or started[-1])

    def interrupted():
        with processes.sharing(3) as apply:
            next(iter(apply(abs, iter(range(100)))))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(started) == 2
    assert all(process.poll() is not None for process, _ in started)
