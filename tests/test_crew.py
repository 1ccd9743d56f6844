"""Threads that share work: side by side, in order, and nobody is at work any more when an error arrives."""

import threading
import time

import pytest

from theory import crew
from theory.crew import Crew


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_all_work_side_by_side_and_answer_in_order(threads):
    met, me = threading.Barrier(threads), threading.get_ident()

    def work(share):
        met.wait(timeout=60)  # broken, unless everybody is there
        return share, threading.get_ident()

    with Crew(threads) as helpers:
        for _ in range(2):
            answers = helpers.each(work, list(range(threads)))
            assert [share for share, _ in answers] == list(range(threads))
            assert answers[0][1] == me
            assert len({who for _, who in answers}) == threads


def test_the_caller_alone_does_everything():
    with Crew(1) as alone:
        assert alone.each(lambda share: (share, threading.get_ident()), [1, 2]) == [
            (share, threading.get_ident()) for share in (1, 2)
        ]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_an_error_arrives_when_nobody_works_any_more(failing):
    ended = []

    def work(share):
        if share == failing:
            raise ValueError(f"share {share}")
        time.sleep(0.2)
        ended.append(share)

    with Crew(3) as helpers:
        with pytest.raises(ValueError, match=f"share {failing}"):
            helpers.each(work, [0, 1, 2])
        assert sorted(ended) == [share for share in (0, 1, 2) if share != failing]


def test_threads_end_with_the_block():
    before = threading.active_count()
    with Crew(3) as helpers:
        helpers.each(lambda share: time.sleep(0.05), [0, 1, 2])
        assert threading.active_count() == before + 2
    assert threading.active_count() == before


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("size", [0, 1, 3, 1000])
def test_shares_are_all_of_it_and_of_one_size(threads, size):
    shares = Crew(threads).shares(size)
    assert [item for start, stop in shares for item in range(start, stop)] == list(range(size))
    sizes = [stop - start for start, stop in shares]
    assert len(sizes) == threads
    assert max(sizes) - min(sizes) <= 1


def test_few_items_wake_nobody():
    with Crew(2) as helpers:
        assert helpers.if_worth(crew._ENOUGH) is helpers
        assert helpers.if_worth(crew._ENOUGH - 1).threads == 1
