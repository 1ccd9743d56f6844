"""``cwmp certify`` and ``cwmp check-certificate``: the optimum of a real update."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np

from cwmp.api import certificates as api
from cwmp.api.given import Question, question
from cwmp.commands.certificate_files import check_places, cost_place
from cwmp.commands.shared import (
    BUDGET,
    COST,
    COST_TEXT,
    JSON,
    KEY,
    KIND,
    LAYERS,
    PLOT,
    QUIET,
    UPDATE,
    check_plot,
    one_line_errors,
    save_plot,
    writes_files,
)
from theory.claims.provenance import provenance
from theory.errors import InputError
from theory.files.masks import check_mask_place
from theory.files.outputs import writing
from theory.optimum.certificate import Certificate
from theory.optimum.exact_optimum import MAX_STATES
from theory.optimum.watch import UNWATCHED, Watch

_CLEAR = "\r\x1b[K"
_PHASES = 6  # of a search that is not over before: see :func:`theory.optimum.exact_optimum.solve`
THREADS = click.option("--threads", type=click.IntRange(1), metavar="N", default=1, show_default=True,
                       help="How many threads share passes over a large update, and processes its check.")  # fmt: skip
_EXIT = {"exact": 0, "failed": 1, "refused": 1, "interval": 3}


@click.command("certify")
@UPDATE
@COST
@BUDGET
@LAYERS
@KIND
@KEY
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write the certificate.  [default: UPDATE.certificate.json]")  # fmt: skip
@click.option("--mask", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write the optimum's mask in the update's layout: .npy, .npz or .safetensors.")  # fmt: skip
@PLOT
@click.option("--effort", type=click.IntRange(1), metavar="STATES", default=MAX_STATES, show_default=True,
              help="How many states the search may visit before it settles for an interval.")  # fmt: skip
@click.option("--time-limit", type=float, metavar="SECONDS",
              help="How long it may search before it settles for an interval; its check comes on top.")  # fmt: skip
@THREADS
@JSON
@QUIET
@writes_files("output", "mask", "plot")
@one_line_errors
def certify_command(
    update: Path, cost: str, budget: str, layers: Path | None, kinds: tuple[str, ...], key: str | None,
    output: Path | None, mask: Path | None, plot: Path | None, effort: int, time_limit: float | None, threads: int,
    as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Certify what CWMP keeps of UPDATE, and how far that is from the optimum.

    UPDATE is a .npy, .npz, .safetensors or PyTorch file, an index of shards or a folder of them. The certificate that
    is written is checked by anyone, without the solver.

    Exit code 3: the optimum is known up to an interval. Ctrl-C ends the search with the interval so far.
    """
    late = UNWATCHED.stopped if time_limit is None else api.time_left(time_limit)
    asked = question(update, cost, budget, layers=layers, kinds=kinds, key=key)
    default = Path(f"{update.absolute().name}.certificate.json")
    words = api.described(update, cost, budget, key, kinds)
    replaced = check_places(output or default, words, asked.costs.path, named=output is not None)
    check_plot(plot)
    if mask is not None:
        _check_mask(mask, asked)
    if replaced:
        click.echo(f"replacing the certificate of another question ({replaced})", err=True)
    output = output or default
    if not quiet:
        click.echo(f"certifying {asked.instance.d} coordinates ...", err=True)
    with _watched(late, threads, quiet=quiet) as watch:
        found = api.certified(asked, {**words, "provenance": provenance()}, effort=effort, watch=watch)
    cost_file = None
    written = found.verdict != "failed"
    if written:
        cost_file = _cost_beside(output, asked, found.certificate)
        found.write(output)
        if mask is not None:
            found.save_mask(mask)
    click.echo(found.to_json() if as_json else str(found))
    save_plot(found, plot, quiet=as_json)
    if written and not as_json:
        given = (f" --cost {cost_file}" if cost_file else "") + (f" --key {key}" if key else "")
        click.echo(f"\nCertificate: {output}\nCheck it:    cwmp check-certificate {output} {update}{given}")
        if mask is not None:
            click.echo(f"Mask:        {mask}")
    sys.exit(_EXIT[found.verdict])


@contextmanager
def _watched(late: Callable[[], bool], threads: int, *, quiet: bool) -> Iterator[Watch]:
    """A watch that stops when it is late or at the first Ctrl-C (a second one interrupts), and shows the phases."""
    interrupted, at, name, percent, live = False, 0, "", 0, not quiet and sys.stderr.isatty()
    before = signal.getsignal(signal.SIGINT)

    def interrupt(number: int, frame: object) -> None:
        nonlocal interrupted
        interrupted = True
        signal.signal(signal.SIGINT, before)
        if not quiet:
            click.echo(f"{_CLEAR * live}stopping the search; the interval so far is being checked ...", err=True)

    def show(phase: str) -> None:
        nonlocal at, name, percent
        at, name, percent = at + 1, phase, 0
        draw("")

    def draw(done: str) -> None:
        if live:
            bar = f"[{'#' * min(at, _PHASES)}{'.' * (_PHASES - at)}]"
            click.echo(f"{_CLEAR}{bar} {name}{done} ...", err=True, nl=False)

    def show_share(share: float) -> None:
        nonlocal percent
        if int(100 * share) > percent:
            percent = int(100 * share)
            draw(f" {percent} %")

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield Watch(lambda: interrupted or late(), show, threads, show_share)
    finally:
        signal.signal(signal.SIGINT, before)
        if live:
            click.echo(_CLEAR, err=True, nl=False)


def _check_mask(mask: Path, asked: Question) -> None:
    shape = asked.given.shaped(np.zeros(asked.instance.d, dtype=bool))
    check_mask_place(mask, several=isinstance(shape, dict))


def _cost_beside(output: Path, asked: Question, certificate: Certificate) -> Path | None:
    """The file of per-coordinate costs that the checker needs, written next to the certificate if there is none."""
    if certificate.fields["cost"]["kind"] != "array":
        return None
    if asked.costs.path is not None:
        return asked.costs.path
    path, kind = cost_place(output)
    with writing(path, kind) as file:
        np.save(file, asked.instance.cost)
    return path


@click.command("check-certificate")
@click.argument("certificate", type=click.Path(path_type=Path))
@UPDATE
@click.option("--cost", type=COST_TEXT, metavar="COSTS",
              help="The costs it must be about, as for certify; needed if made from one cost each.")  # fmt: skip
@click.option("--budget", metavar="BUDGET", help="The budget it must be about, as for certify; with --cost.")
@LAYERS
@KIND
@KEY
@click.option("--scores", is_flag=True, help="UPDATE holds scores p, to be summed as they are, and no update.")
@THREADS
@JSON
@one_line_errors
def check_certificate_command(
    certificate: Path, update: Path, cost: str | None, budget: str | None, layers: Path | None,
    kinds: tuple[str, ...], key: str | None, scores: bool, threads: int, as_json: bool,
) -> None:  # fmt: skip
    """Verify CERTIFICATE against UPDATE independently.

    The checker shares no code with the solver. Its answer names objective, budget, energy and costs. What is given here
    must be what the certificate says.
    """
    if budget and not cost:
        raise InputError("--budget needs --cost")
    if kinds and not cost:
        raise InputError("--kind needs --cost")
    result = api.check_certificate(
        certificate, update, cost, budget, layers=layers, kinds=kinds, key=key, scores=scores, threads=threads
    )
    click.echo(result.to_json() if as_json else str(result))
    if cost is None and result.reason.endswith("costs") and "needs its" in result.reason:
        beside = cost_place(certificate)[0]
        known = f", here probably --cost {beside}" if beside.is_file() else ""
        click.echo(f"cwmp: give the costs that it was made for by --cost, as for certify{known}", err=True)
    sys.exit(_EXIT[result.verdict])
