"""What pytest is told in a trial: which tests to run in which order, and to note what each of them executes."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

WALL = 10  # times its seconds of the processor that a test may take by the clock: others may use the machine


@dataclass(frozen=True)
class Limits:
    """Ends this process when a test takes too long: it used the processor for so long, or waits for ever.

    Attributes:
        seconds: of the processor, by test.
        current: file that holds the name of the test under way.
    """

    seconds: Mapping[str, float]
    current: Path

    def begin(self, test: str) -> None:
        """From now on the time of this test counts."""
        self.current.write_text(test, encoding="utf-8")
        for timer, sent, allowed in (
            (signal.ITIMER_PROF, signal.SIGPROF, self.seconds[test]),
            (signal.ITIMER_REAL, signal.SIGALRM, WALL * self.seconds[test]),
        ):
            signal.signal(sent, signal.SIG_DFL)
            signal.setitimer(timer, allowed)


class Chosen:
    """Runs the tests of these names alone, in this order; hypothesis shows the first failure that it draws."""

    def __init__(self, names: Sequence[str] | None, limits: Limits | None = None) -> None:
        self._rank = None if names is None else {name: k for k, name in enumerate(names)}
        self._limits = limits

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        from hypothesis import Phase, settings

        settings.register_profile("trial", settings.default, phases=(Phase.explicit, Phase.generate))
        settings.load_profile("trial")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self._rank is not None:
            rank = self._rank
            items[:] = sorted((i for i in items if i.nodeid in rank), key=lambda i: rank[i.nodeid])

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self._limits is not None:
            self._limits.begin(nodeid)


class Instead:
    """Does something else, once, when the tests are collected and would now be run."""

    def __init__(self, work: Callable[[pytest.Session], None]) -> None:
        self._work = work

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._work(session)
        return True


def _skip(number: int, frame: FrameType | None) -> None:
    """Skip the test under way; a module that is half imported is first imported whole."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return
        frame = frame.f_back
    pytest.skip("slow")


def failed(session: pytest.Session, names: Sequence[str], limits: Limits) -> bool:
    """Run collected tests in this order up to the first that fails; whether one did."""
    known = {item.nodeid: item for item in session.items}
    items = [known[name] for name in names]
    for item, following in zip(items, [*items[1:], None], strict=True):
        limits.begin(item.nodeid)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return True
    return False


class Traced:
    """Notes the seconds of each test, and the lines of one file that it executes in this process.

    A test that takes more than ``most`` seconds of the processor, or ``WALL`` times that by the clock, as those do that
    wait for other processes, is cut short; like any that is skipped it has infinite seconds.
    """

    def __init__(self, path: str, most: float) -> None:
        self._path, self._most = path, most
        self.lines: dict[str, set[int]] = {}
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()

    @property
    def wrong(self) -> list[str]:
        """Tests that fail, of those that were not cut short: what is cut short may fail by that."""
        return [test for test in self.failed if self.seconds[test] < math.inf]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        seen: set[int] = set()

        def line(frame: FrameType, event: str, argument: Any) -> Any:
            seen.add(frame.f_lineno)
            return line

        def call(frame: FrameType, event: str, argument: Any) -> Any:
            return line(frame, event, argument) if frame.f_code.co_filename == self._path else None

        start, begun = time.process_time(), time.monotonic()
        threading.settrace(call)
        sys.settrace(call)
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]
            took, waited = time.process_time() - start, time.monotonic() - begun
            took = took if took <= self._most and waited <= WALL * self._most else math.inf
            self.lines[item.nodeid], self.seconds[item.nodeid] = seen, self.seconds.get(item.nodeid, took)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[Any]:
        timers = ((signal.ITIMER_PROF, signal.SIGPROF, 1), (signal.ITIMER_REAL, signal.SIGALRM, WALL))
        for timer, sent, times in timers:
            signal.signal(sent, _skip)
            signal.setitimer(timer, times * self._most, self._most)
        try:
            return (yield)
        finally:
            for timer, _, _ in timers:
                signal.setitimer(timer, 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            self.seconds[report.nodeid] = math.inf
        if report.failed:
            self.failed.add(report.nodeid)
