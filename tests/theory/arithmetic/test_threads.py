"""Threads that share work: side by side, in order; nobody is at work when a call is over, whatever ended it."""

import sys
import threading
import time

import numpy as np
import pytest

from theory import cwmp
from theory.arithmetic import threads
from theory.arithmetic.threads import each, shares, useful_threads
from theory.selection import bracket, scan
from theory.selection import critical_item as finish


@pytest.mark.parametrize("count", [1, 2, 3])
def test_all_work_side_by_side_and_answer_in_order(count):
    met, me = threading.Barrier(count), threading.get_ident()

    def work(share):
        met.wait(timeout=3600)  # broken, unless everybody is there
        return share, threading.get_ident()

    answers = each(work, range(count))
    assert [share for share, _ in answers] == list(range(count))
    assert answers[0][1] == me
    assert len({who for _, who in answers}) == count


def test_nothing_to_do():
    assert each(lambda share: share, []) == []


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_arrives_when_nobody_works_any_more(failing):
    begun, ended, all_begun = [], [], threading.Barrier(3)

    def work(share):
        all_begun.wait(timeout=3600)
        begun.append(share)
        if share == failing:
            raise ValueError(f"share {share}")
        time.sleep(0.1)
        ended.append(share)

    with pytest.raises(ValueError, match=f"share {failing}"):
        each(work, [0, 1, 2])
    assert sorted(begun) == [0, 1, 2]
    assert sorted(ended) == [share for share in (0, 1, 2) if share != failing]


def test_without_a_thread_to_be_had_the_caller_does_everything(monkeypatch):
    def refuse(function, arguments):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "start_new_thread", refuse)
    assert each(lambda share: (share, threading.get_ident()), [1, 2, 3]) == [
        (share, threading.get_ident()) for share in (1, 2, 3)
    ]


class _Interrupted:
    """Raises KeyboardInterrupt in this thread before the n-th step of theory/arithmetic/threads.py."""

    def __init__(self, n):
        self.left = n

    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename != threads.__file__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return self


@pytest.mark.parametrize("fails", [False, True])
def test_an_interrupt_at_any_step_leaves_nobody_at_work(fails):
    """Interrupted before every instruction of the caller in turn, also where its own share has failed already."""
    before, completed = sys.gettrace(), False
    for n in range(1, 2000):
        began, ended = [], []

        def work(share, began=began, ended=ended):
            began.append(share)
            if share:
                time.sleep(0.004)
            ended.append(share)
            if fails and not share:
                raise ValueError

        sys.settrace(_Interrupted(n))
        try:
            each(work, [0, 1, 2])
            completed = True
        except KeyboardInterrupt:
            pass
        except ValueError:
            completed = True
        finally:
            sys.settrace(before)
        at_return = sorted(began)
        assert at_return == sorted(ended), n
        time.sleep(0.001)
        assert sorted(began) == at_return, n
        if completed:
            break
    assert completed
    assert n > 100


G, C = (np.random.default_rng(k).lognormal(size=70_000).astype(np.float32) for k in (1, 2))


@pytest.fixture(params=[1, 3])
def count(request, monkeypatch):
    """Small chunks, so that as many threads have something to do."""
    monkeypatch.setattr(scan, "_CHUNK", 1 << 14)
    monkeypatch.setattr(bracket, "IN_ORDER", 1 << 14)
    for module in (bracket, finish):
        monkeypatch.setattr(module, "SCATTERED", 1 << 7)
    return request.param


def test_a_call_within_a_call(count, monkeypatch):
    """As a signal's handler or a finaliser may select while its thread selects."""
    expected, real, inner = cwmp(G, C, budget="10%"), bracket.find_critical_item, []

    def interrupting(*given):
        if not inner:
            inner.append(None)
            inner[0] = cwmp(C, G, budget="50%", threads=count)
        return real(*given)

    monkeypatch.setattr(bracket, "find_critical_item", interrupting)
    found = cwmp(G, C, budget="10%", threads=count)
    assert np.array_equal(found.mask, expected.mask)
    assert found.spent == expected.spent
    assert np.array_equal(inner[0].mask, cwmp(C, G, budget="50%").mask)


def test_memory_of_an_interrupted_call_is_not_used_again(count, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    cwmp(G, C, budget="10%", threads=count)
    (kept,) = scan._KEPT.workspaces
    with monkeypatch.context() as patch:
        patch.setattr(bracket, "find_critical_item", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cwmp(G, C, budget="10%", threads=count)
    assert scan._KEPT.workspaces == []
    cwmp(G, C, budget="10%", threads=count)
    assert scan._KEPT.workspaces[0] is not kept
    (kept,) = scan._KEPT.workspaces
    cwmp(G, C, budget="10%", threads=count)
    assert scan._KEPT.workspaces[0] is kept


@pytest.mark.parametrize("count", [1, 2, 3, 7])
@pytest.mark.parametrize("size", [0, 1, 3, 1000])
def test_shares_are_all_of_it_and_of_one_size(count, size):
    found = shares(count, size)
    assert [item for first, end in found for item in range(first, end)] == list(range(size))
    sizes = [end - first for first, end in found]
    assert len(sizes) == count
    assert max(sizes) - min(sizes) <= 1


def test_no_more_threads_than_have_something_to_do():
    assert [useful_threads(20_000, items, 10) for items in (0, 9, 19, 20, 100)] == [1, 1, 1, 2, 10]
    assert useful_threads(2, 10**9, 10) == 2
