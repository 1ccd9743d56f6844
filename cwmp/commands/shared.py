"""What the commands share: errors of one line, packages that are extras, arguments that complete."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from theory.errors import InputError, said
from theory.files.outputs import PDF, PNG, Kind, check_output, protecting, write_atomically


def one_line_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Bad input ends with one line and exit code 2."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except InputError as error:
            _fail(str(error))
        except OSError as error:
            _fail(said(error))
        except MemoryError:
            _fail("not enough memory for an update of this size")

    return run


def writes_files(*outputs: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """For a command that writes: it never writes over a file it is given, and over one of other making with --force.

    Args:
        outputs: names of the options that say where to write; every other one that names a file is read.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @click.option("--force", is_flag=True, help="Replace files of other making where the output goes.")
        @wraps(command)
        def run(*args: Any, force: bool, **options: Any) -> None:
            given = (value for name, value in options.items() if name not in outputs)
            with protecting(*_files_in(given), force=force):
                command(*args, **options)

        return run

    return decorate


def _files_in(values: Iterable[Any]) -> Iterator[Path]:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _files_in(value)
        elif isinstance(value, str | Path) and os.path.isfile(value):
            yield Path(value)


def _fail(message: str) -> None:
    click.echo(f"cwmp: {message}", err=True)
    sys.exit(2)


class Known(click.ParamType):
    """An argument that the shell completes; what is not known is refused by whoever looks it up, in its own words.

    Args:
        name: of the argument. offers: gives the (name, help) there are; called only when the shell asks.
        spelt: turns what was typed so far into the spelling of the names.
    """

    def __init__(
        self, name: str, offers: Callable[[], Iterable[tuple[str, str]]], spelt: Callable[[str], str] = str
    ) -> None:
        self.name, self._offers, self._spelt = name, offers, spelt

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """What the shell offers."""
        from click.shell_completion import CompletionItem

        begun = self._spelt(incomplete)
        return [CompletionItem(name, help=about) for name, about in self._offers() if name.startswith(begun)]


class Several(click.ParamType):
    """Texts with commas between: ``1%,10%``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The texts."""
        return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def counted(what: str, *, quiet: bool) -> Callable[[int, int], None]:
    """Progress on standard error, a line each time: ``[3/8] budgets``."""

    def show(done: int, most: int) -> None:
        if not quiet:
            click.echo(f"[{done}/{most}] {what}", err=True)

    return show


def check_plot(path: Path | None) -> None:
    """Whether a picture may be written there: asked before the work that it is to show.

    Raises:
        InputError: another suffix, matplotlib is missing, or a file of other making is there.
    """
    if path is not None:
        import_module("cwmp.pages.plots")
        check_output(path, _kind(path))


def save_plot(result: Any, path: Path | None, *, quiet: bool) -> None:
    """Write a result's picture where one is asked for, over nothing but an earlier one of ours, and say its caption.

    Args:
        quiet: whether the caption goes to standard error, as beside JSON.

    Raises:
        InputError: as :func:`check_plot`.
    """
    if path is not None:
        from cwmp.pages.plots import picture

        write_atomically(path, picture(result.plot(), path.suffix[1:]), _kind(path))
        click.echo(f"\nFigure: {path}\n{result.caption}", err=quiet)


def _kind(path: Path) -> Kind:
    kind = {".pdf": PDF, ".png": PNG}.get(path.suffix)
    if kind is None:
        raise InputError(f"{path}: a picture is written as .pdf or .png")
    return kind


def _claims() -> Iterable[tuple[str, str]]:
    from theory.claims.table import CLAIMS

    return ((c.id, c.title) for c in CLAIMS.values())


def _models() -> Iterable[tuple[str, str]]:
    from theory.energy.models import MODELS

    return ((m.name, m.summary) for m in MODELS.values())


CLAIM_ID = Known("claim", _claims, str.upper)
COST_TEXT = Known("costs", _models)

UPDATE = click.argument("update", type=click.Path(path_type=Path))
COST = click.option("--cost", required=True, type=COST_TEXT, metavar="COSTS",
                    help="Energy model or .toml file of one, joules (5nJ), kind=joules list (fc=10,'enc.*=3',rest=1) "
                         "or .npy file.")  # fmt: skip
BUDGET = click.option("--budget", required=True, metavar="BUDGET",
                      help="A share such as 10%, or joules (units, for ratios) such as 3, 0.4J or 3mJ.")  # fmt: skip
LAYERS = click.option("--layers", type=click.Path(path_type=Path), metavar="FILE",
                      help="JSON list of layers, for a plain vector.")  # fmt: skip
KIND = click.option("--kind", "kinds", multiple=True, metavar="PATTERN=KIND",
                    help="Kind of the layers whose names a pattern matches, such as 'enc.*=fc'; repeat.")  # fmt: skip
KEY = click.option("--key", metavar="NAME",
                   help="Which of several dictionaries of tensors in a file, such as model or ema.model.")  # fmt: skip
PLOT = click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
                    help="Where to draw a picture of it: .pdf or .png.")  # fmt: skip
JSON = click.option("--json", "as_json", is_flag=True, help="Print plain data as JSON.")
QUIET = click.option("--quiet", is_flag=True, help="No progress on standard error.")
