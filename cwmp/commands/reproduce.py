"""``cwmp reproduce``: the whole chain, from the claims to the page, one step after the other.

A step is a command that anyone could type, run in a process of its own with its output in ``steps/NAME.txt``. What is
finished is noted in ``reproduce.json`` with the command, the sources and the records it worked on; where all are the
same it is not done again. A step that was stopped goes on by itself: the commands keep what they finish.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import click

from cwmp.commands.shared import QUIET, one_line_errors, writes_files
from theory.claims.provenance import source_digest
from theory.errors import InputError
from theory.files.outputs import CHAIN, LOG, check_output, force_given, write_atomically

ROOT = Path(__file__).parents[2]
NOTES = "reproduce.json"
_FINDINGS = {1: "a verdict differs from what is expected", 3: "something was left undecided"}


@dataclass(frozen=True)
class Step:
    """A link of the chain.

    Attributes:
        name: of the step and its log. command: what follows ``cwmp``, or a script of ``benchmarks/`` and its options;
            ``{out}`` and ``{data}`` stand for the two folders. makes: a path in the output that is there afterwards.
        rooms: whose sources its result depends on. minutes: on two cores, roughly.
        expects: exit codes that are no failure. reads: whether it works on the records of the steps before it.
    """

    name: str
    command: tuple[str, ...]
    makes: str
    rooms: tuple[str, ...]
    minutes: float
    expects: tuple[int, ...] = (0,)
    reads: bool = False

    @property
    def script(self) -> bool:
        """Whether it is a benchmark, which is no part of the installed package."""
        return self.command[0].startswith("benchmarks/")


_CHECKS, _BENCH, _TRAIN = ("theory", "proofs_check"), ("theory", "proofs_check", "benchmarks"), ("theory", "empirical")
_VERIFY = Step("verify", ("verify", "--output", "{out}/verify"), "verify", _CHECKS, 2, (0, 1, 3))
_STUDY = Step("study", ("study", "--output", "{out}/studies"), "studies", _CHECKS, 2)
_LAST = (
    Step("figures", ("figures", "--records", "{out}", "--output", "{out}/figures"), "figures/manifest.json",
         ("theory", "figures"), 0.2, reads=True),
    Step("report", ("report", "--records", "{out}", "--output", "{out}/report.html", "--latex", "{out}/tables"),
         "report.html", ("theory", "figures"), 0.2, reads=True),
)  # fmt: skip


def _measured(name: str, makes: str, minutes: float, *options: str) -> Step:
    """A script of ``benchmarks/`` that writes the record ``makes``."""
    target = "laws" if name == "laws" else makes
    return Step(name, (f"benchmarks/{name}.py", *options, "--output", f"{{out}}/{target}"), makes, _BENCH, minutes)


def _trained(preset: str, minutes: float, expects: tuple[int, ...], *options: str) -> Step:
    folder = f"pareto/{preset}"
    command = ("pareto", preset, *options, "--output", f"{{out}}/{folder}")
    return Step("pareto", command, f"{folder}/report.txt", _TRAIN, minutes, expects)


_LAWS, _AUDIT = "laws/laws.json", "laws/audit.json"
_SELECTION, _CERTIFY = "benchmarks/selection.json", "benchmarks/certify.json"
_THOROUGH = (
    _VERIFY, _STUDY, _measured("laws", _LAWS, 4), _measured("audit", _AUDIT, 6),
    _measured("selection", _SELECTION, 6), _measured("certify", _CERTIFY, 8),
)  # fmt: skip

PROFILES: dict[str, tuple[Step, ...]] = {
    "quick": (
        _VERIFY,
        _STUDY,
        _measured("laws", _LAWS, 0.8, "--dim", "1e5", "--audits", "20"),
        _measured("audit", _AUDIT, 0.5, "--dim", "2000", "--trials", "100"),
        _measured(
            "selection", _SELECTION, 1, "--sizes", "1e5,1e6", "--dtypes", "float32", "--threads", "1", "--rounds", "3"
        ),
        _measured("certify", _CERTIFY, 0.3, "--sizes", "1e5,1e6", "--against", "1e3,1e4"),
        _trained("smoke", 1.2, (0, 3)),
        *_LAST,
    ),
    "credible": (*_THOROUGH, _trained("credible", 40, (0, 3), "--data", "{data}"), *_LAST),
    "full": (*_THOROUGH, _trained("full", 1500, (0, 3), "--data", "{data}"), *_LAST),
}


@click.command()
@click.argument("profile", type=click.Choice(list(PROFILES)), default="quick")
@click.option("--data", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="FOLDER",
              help="Folder with CIFAR-10.")  # fmt: skip
@click.option("--output", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Folder of everything that is made.  [default: runs/reproduce/PROFILE]")  # fmt: skip
@QUIET
@writes_files("output")
@one_line_errors
def reproduce(profile: str, data: Path | None, output: Path | None, quiet: bool) -> None:
    """Run the whole chain, from the claims to the page that sums them up.

    Claims, studies, laws, benchmarks, training, figures, and the page, one after the other.

    PROFILE: quick (under ten minutes on two cores, offline, synthetic images), credible (CIFAR-10, two cores, two hours
    or more), full (CIFAR-10, a GPU). Stopped, the same command goes on where it was.

    Exit codes: 0 done; 1 a verdict differs from what is expected; 3 a verdict on claims is inconclusive.
    """
    steps = _possible(PROFILES[profile])
    if data is None and any("{data}" in step.command for step in steps):
        raise InputError(f"profile {profile} trains on CIFAR-10: --data DIR; quick needs no data")
    chain = Chain(output or Path("runs") / "reproduce" / profile, data, steps, quiet=quiet)
    with _interruptible():
        codes = chain.run()
    if chain.output.joinpath("report.html").exists():
        click.echo(f"The page: {chain.output / 'report.html'}")
    found = {name: code for name, code in codes.items() if code}
    for name, code in found.items():
        click.echo(f"{name}: {_FINDINGS[code]}; see {chain.log(name)}")
    sys.exit(1 if 1 in found.values() else found.get("verify", 0))


@contextmanager
def _interruptible() -> Iterator[None]:
    """A request to end is an interrupt, as is SIGINT where a shell's background hands it down ignored."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _possible(steps: Sequence[Step]) -> list[Step]:
    """The steps that this installation has the files for."""
    here = [step for step in steps if not step.script or (ROOT / step.command[0]).exists()]
    if left := [step.name for step in steps if step not in here]:
        click.echo(f"left out, for benchmarks/ is not beside this package: {', '.join(left)}", err=True)
    return here


class Chain:
    """The steps in one output folder.

    Args:
        output: of everything. data: folder with CIFAR-10, or None. steps: in order. quiet: no progress is shown.
    """

    def __init__(self, output: Path, data: Path | None, steps: Sequence[Step], *, quiet: bool = False) -> None:
        self.output, self.steps, self.quiet = output, steps, quiet
        self.places = {"{out}": str(output.absolute()), "{data}": str(data.absolute()) if data else ""}
        self.pace = 1.0  # of this machine, against the minutes of the table

    def log(self, name: str) -> Path:
        """Where a step's output goes."""
        return self.output / "steps" / f"{name}.txt"

    def run(self) -> dict[str, int]:
        """Do what is not done; returns the exit code of every step.

        Raises:
            InputError: a step failed, and what is finished stays; or files of other making are in the way.
            SystemExit: 130, interrupted.
        """
        check_output(self.output / NOTES, CHAIN)
        for step in self.steps:
            check_output(self.log(step.name), LOG)
        codes, spent, foretold = {}, 0.0, 0.0
        for number, step in enumerate(self.steps, 1):
            head, known = f"[{number}/{len(self.steps)}] {step.name:<10}", self._known(step)
            if known is not None:
                self._say(f"{head}there already")
                codes[step.name] = known
                continue
            left = self.pace * sum(s.minutes for s in self.steps[number - 1 :] if self._known(s) is None)
            self._say(f"{head}{' '.join(self._typed(step))}; about {max(1, round(left))} min left in all")
            start = time.monotonic()
            codes[step.name] = self._finish(step, head)
            minutes = (time.monotonic() - start) / 60
            spent, foretold = spent + minutes, foretold + step.minutes
            self.pace = spent / foretold
            self._say(f"{_clear()}{head}done in {60 * minutes:.0f} s")
        return codes

    def _say(self, line: str) -> None:
        if not self.quiet:
            click.echo(line, err=True)

    def _finish(self, step: Step, head: str) -> int:
        code = self._do(step, head)
        if code == 130 or code == -signal.SIGINT:
            self._stopped()
        if code not in step.expects or not (self.output / step.makes).exists():
            log = self.log(step.name)
            why = _last_line(log) or f"exit code {code}"
            raise InputError(f"step {step.name} failed: {why}; its output is in {log}; the same command goes on there")
        notes = {**self._notes(), step.name: {**self._of(step), "exit code": code}}
        write_atomically(self.output / NOTES, json.dumps(notes, indent=1) + "\n", CHAIN)
        return code

    def _do(self, step: Step, head: str) -> int:
        """Run a step to its end, showing the last line it wrote where somebody watches."""
        log = self.log(step.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        check_output(log, LOG)
        arguments = self._arguments(step)
        program = [sys.executable, *([] if step.script else ["-m", "cwmp"]), *arguments]
        with log.open("wb") as file:  # read while it grows, so it is not held back until it is whole
            file.write(f"$ {'python' if step.script else 'cwmp'} {' '.join(arguments)}\n".encode())
            file.flush()
            process = subprocess.Popen(program, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                                       start_new_session=True)  # fmt: skip
            try:
                while process.poll() is None:
                    time.sleep(0.2)
                    if sys.stderr.isatty() and not self.quiet:
                        width = shutil.get_terminal_size().columns - len(head) - 1
                        click.echo(f"{_clear()}{head}{_last_line(log)[:width]}", nl=False, err=True)
            except KeyboardInterrupt:
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, signal.SIG_IGN)
                process.send_signal(signal.SIGINT)  # once: the step keeps what it has and ends
                process.wait()
                self._stopped()
        return process.returncode

    def _stopped(self) -> None:
        words = f"stopped; what is finished is in {self.output}, the same command goes on from there"
        click.echo(f"{_clear()}cwmp: {words}", err=True)
        sys.exit(130)

    def _arguments(self, step: Step) -> list[str]:
        filled = []
        for word in step.command:
            for name, place in self.places.items():
                word = word.replace(name, place)
            filled.append(word)
        filled += ["--force"] * force_given()
        return [str(ROOT / filled[0]), *filled[1:]] if step.script else filled

    def _typed(self, step: Step) -> list[str]:
        """The command, without its options."""
        return ["python" if step.script else "cwmp", *takewhile(lambda word: word[:2] != "--", step.command)]

    def _known(self, step: Step) -> int | None:
        """The exit code of a step that need not be done again."""
        note = self._notes().get(step.name)
        if note is None or not (self.output / step.makes).exists():
            return None
        code = note.pop("exit code", None)
        return int(code) if note == self._of(step) and code is not None else None

    def _of(self, step: Step) -> dict[str, Any]:
        """What a step's result depends on."""
        of: dict[str, Any] = {"command": list(step.command), "sources": source_digest(*step.rooms)}
        if "{data}" in step.command:
            of["data"] = self.places["{data}"]
        if step.reads:
            from figures.report.evidence import records_digest

            of["records"] = records_digest(self.output)
        return of

    def _notes(self) -> dict[str, Any]:
        try:
            return dict(json.loads((self.output / NOTES).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return {}


def _last_line(log: Path) -> str:
    """The last thing a step wrote, without the codes that move a cursor; nothing where only the command stands."""
    text = log.read_bytes()[-2000:].decode("utf-8", "replace").replace("\x1b[K", "").replace("\r", "\n")
    lines = [line.strip() for line in text.splitlines() if line[:2] != "$ "]
    return next(filter(None, reversed(lines)), "")


def _clear() -> str:
    return "\r\x1b[K" if sys.stderr.isatty() else ""
