"""Trials of mutants in a copy of the project: one process that has imported what is heavy forks once for each."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from mutation.mutants import Mutant
from mutation.plugin import WALL, Chosen, Instead, Limits, Traced, failed
from mutation.score import Outcome
from mutation.swap import functions_of, swap

MEMORY = 12 << 30  # bytes of address space for a trial
SLACK, TIMES = 3.0, 3.0  # a test may take SLACK + TIMES what it took, in seconds of the processor
PATIENCE = 3  # tests in which a mutant may run out of time before the others are no longer asked
OUT_OF_TIME = {-signal.SIGPROF, -signal.SIGALRM, -signal.SIGKILL}  # what ends a trial and says nothing of the mutant
BROKEN = 70  # exit code of what is no answer of the tests
LETTERS: dict[str, Outcome] = {"K": "killed", "S": "survived", "T": "timed out"}


def copied(root: Path, to: Path) -> None:
    """Copy what git knows of the project, or would."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            (to / name).write_bytes((root / name).read_bytes())


@dataclass(frozen=True)
class Known:
    """What the tests did without a mutant: per test its seconds, infinite for the slow, and lines of the module."""

    seconds: dict[str, float]
    lines: dict[str, frozenset[int]]

    @property
    def limits(self) -> dict[str, float]:
        """Seconds of the processor that each test may take, those left out that are slow."""
        return {test: SLACK + TIMES * took for test, took in self.seconds.items() if took < math.inf}

    @property
    def total(self) -> float:
        """Seconds of all that are not slow."""
        return sum(took for took in self.seconds.values() if took < math.inf)

    def tests(self, mutant: Mutant) -> list[str]:
        """The tests that can tell, quickest first.

        Those that execute the statement, and those that execute nothing of the module in this process: they may start
        another. All of them if the statement runs when the module is imported.
        """
        able = [t for t in self.limits if not mutant.lines or not self.lines[t] or self.lines[t] & mutant.lines]
        return sorted(able, key=lambda t: (not self.lines[t] & mutant.lines, self.seconds[t]))


class Trials:
    """Trials of the mutants of one module by the tests of some files.

    Those that take more than ``slow`` seconds of the processor, traced, are cut short and left out: this can only lower
    the count.
    """

    def __init__(self, copy: Path, module: str, files: Sequence[str], slow: float) -> None:
        self._copy, self._path, self._files, self._slow = copy, copy / module, list(files), slow
        self._source = self._path.read_text(encoding="utf-8")
        self.known = self._learn()
        self._limits = Limits(self.known.limits, copy / "current")

    def run(self, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, Outcome]]:
        """Each mutant, and what became of it: killed only if some test fails.

        The code of a function is exchanged when the tests are collected. What runs when the module is imported, in a
        function that no test calls later too, has the whole of it collected again.
        """
        executed = frozenset().union(*self.known.lines.values())
        inside = [mutant for mutant in mutants if mutant.lines & executed]
        report = self._copy / "killed"
        report.touch()
        child = os.fork() if inside else 0
        if inside and not child:
            os._exit(
                self._alone(lambda: self._pytest(Chosen(None), Instead(lambda s: self._swapped(s, inside, report))))
            )
        if inside:
            yield from zip(inside, self._letters(report, child), strict=True)
        for mutant in mutants:
            if not mutant.lines & executed:
                yield mutant, self._imported(replace(mutant, lines=frozenset()))

    def _swapped(self, session: pytest.Session, mutants: Sequence[Mutant], report: Path) -> None:
        """Write a letter for each mutant."""
        functions = functions_of(str(self._path))
        gc.collect()
        gc.freeze()
        with report.open("w") as results:
            for mutant in mutants:

                def work(tests: Sequence[str], mutant: Mutant = mutant) -> int:
                    swap(functions, mutant.code, str(self._path))
                    return int(failed(session, tests, self._limits))

                outcome = self._tried(mutant, work)
                results.write(next(letter for letter, meant in LETTERS.items() if meant == outcome))
                results.flush()

    def _imported(self, mutant: Mutant) -> Outcome:
        return self._tried(mutant, lambda tests: self._pytest(Chosen(tests, self._limits), first=True))

    def _tried(self, mutant: Mutant, work: Callable[[Sequence[str]], int]) -> Outcome:
        """What its tests say of a mutant.

        A test that runs out of time shows nothing, as the machine may be loaded: those that come after it are asked.
        """
        tests, late = self.known.tests(mutant), 0
        while tests:
            self._limits.current.write_text("", encoding="utf-8")
            code = self._in_its_file(mutant, lambda tests=tests: work(tests))
            if code == BROKEN:
                raise RuntimeError(f"the trial of {mutant.name} broke: see {self._copy / 'pytest.log'}")
            if code not in OUT_OF_TIME:
                return "killed" if code else "timed out" if late else "survived"
            late += 1
            current = self._limits.current.read_text(encoding="utf-8")
            tests = tests[tests.index(current) + 1 :] if current and late < PATIENCE else []
        return "timed out" if late else "survived"

    def _in_its_file(self, mutant: Mutant, work: Callable[[], int]) -> int:
        """The exit code of some work with the mutant in its file: other processes see it too."""
        for compiled in (self._path.parent / "__pycache__").glob(f"{self._path.stem}.*"):
            compiled.unlink()  # recognised by size and whole seconds: it could be another mutant's
        self._path.write_text(mutant.code, encoding="utf-8")
        try:
            code = self._forked(work, sum(self._limits.seconds.values()), writes=False)
        finally:
            self._path.write_text(self._source, encoding="utf-8")
        if code in (pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.USAGE_ERROR):
            raise RuntimeError(f"pytest could not run the tests of {mutant.name}: exit code {code}")
        return code

    def _learn(self) -> Known:
        report = self._copy / "known.json"

        def learn() -> int:
            traced = Traced(str(self._path), self._slow)
            code = self._pytest(Chosen(None), traced)
            if traced.wrong:
                print(f"fail without any mutant: {' '.join(traced.wrong)}", file=sys.stderr)
                return code
            modules = [n for n, m in sys.modules.items() if not self._ours(getattr(m, "__file__", None))]
            report.write_text(
                json.dumps([traced.seconds, {test: [*seen] for test, seen in traced.lines.items()}, modules])
            )
            return 0 if code == pytest.ExitCode.TESTS_FAILED else code

        code = self._forked(learn, None, writes=True)
        if code:
            said = (self._copy / "pytest.log").read_text(encoding="utf-8")[-2000:]
            raise RuntimeError(f"without any mutant, pytest of {' '.join(self._files)} gives exit code {code}: {said}")
        seconds, lines, modules = json.loads(report.read_text())
        for name in modules:
            if not name.startswith(("_pytest", "mutation", "__", "torch._", "triton")):
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        gc.collect()
        gc.freeze()  # so that no trial goes through what is imported here
        return Known(seconds, {test: frozenset(seen) for test, seen in lines.items()})

    def _ours(self, file: str | None) -> bool:
        return file is None or Path(file).is_relative_to(self._copy)

    def _pytest(self, *plugins: object, first: bool = False) -> int:
        """Its exit code. Args: first: whether it ends with the first test that fails."""
        without = ["cacheprovider", "xdist", "hypothesispytest", "unraisableexception", "threadexception"]  # for speed
        options = ["-q", *["-x"] * first, *(f"-pno:{name}" for name in without)]
        quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning", "--tb=no", "--show-capture=no"]
        where = ["-c", str(self._copy / "pyproject.toml"), *self._files]
        return int(pytest.main([*options, *quiet, *where], plugins=[*plugins]))

    def _forked(self, work: Callable[[], int], seconds: float | None, *, writes: bool) -> int:
        """The exit code of some work in a process of its own; negative if a signal ended it."""
        child = os.fork()
        if not child:
            os._exit(self._alone(work, seconds, writes=writes))
        end = None if seconds is None else time.monotonic() + WALL * seconds
        pause = 0.002
        while not (done := os.waitpid(child, os.WNOHANG))[0]:
            if end is not None and time.monotonic() > end:
                os.killpg(child, signal.SIGKILL)
                end = None
            time.sleep(pause)
            pause = min(2 * pause, 0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the tests have started and not ended
        return os.waitstatus_to_exitcode(done[1])

    def _letters(self, report: Path, child: int) -> Iterator[Outcome]:
        """What a child writes into a file, letter by letter, until it ends."""
        with report.open() as results:
            code: int | None = None
            while True:
                if letter := results.read(1):
                    yield LETTERS[letter]
                elif code is not None:
                    if code:
                        raise RuntimeError(f"the trials broke: {(self._copy / 'pytest.log').read_text()[-2000:]}")
                    return
                else:
                    done, status = os.waitpid(child, os.WNOHANG)
                    code = os.waitstatus_to_exitcode(status) if done else None
                    time.sleep(0 if done else 0.05)

    def _alone(self, work: Callable[[], int], seconds: float | None = None, *, writes: bool = False) -> int:
        """The exit code of some work, in a process that does nothing else."""
        try:
            self._settle(seconds, writes=writes)
            return work()
        except BaseException:
            traceback.print_exc()
            return BROKEN

    def _settle(self, seconds: float | None, *, writes: bool) -> None:
        """Be a process that knows the copy alone, and is ended if it takes too much."""
        os.setsid()
        os.chdir(self._copy)
        root = Path(__file__).parents[2]
        elsewhere = {str(root), str(root / "tests"), ""}
        sys.path[:] = [str(self._copy), *(p for p in sys.path if p not in elsewhere)]
        os.environ["PYTHONPATH"] = str(self._copy)
        sys.dont_write_bytecode = not writes
        if not writes:
            os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        with open(os.devnull if seconds else self._copy / "pytest.log", "w") as sink:
            os.dup2(sink.fileno(), 1)
            os.dup2(sink.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if seconds:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
