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

from theory.claims.table import CLAIMS
from theory.energy.models import MODELS
from theory.errors import InputError, said
from theory.files.outputs import protecting
from theory.files.updates import UpdateFile, read_layers
from theory.layers import Layer, with_kinds


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


def placed(file: UpdateFile, layers: Path | None, kinds: Iterable[str]) -> tuple[Layer, ...]:
    """The layers of an update: its own or those of a layers file, with the kinds that were given by pattern."""
    return with_kinds(read_layers(layers, file.update.size) if layers else file.layers, kinds)


def _fail(message: str) -> None:
    click.echo(f"cwmp: {message}", err=True)
    sys.exit(2)


def extra(package: str, names: tuple[str, ...], what: str, extra: str) -> tuple[Any, ...]:
    """Modules of a package that needs an extra."""
    try:
        return tuple(import_module(f"{package}.{name}") for name in names)
    except ModuleNotFoundError as error:
        raise InputError(f"{what} needs {error.name}: pip install 'cwmp[{extra}]'") from None


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


KEY = click.option("--key", help="Which of several dictionaries of tensors in the file, such as model or ema.model.")
LAYERS = click.option("--layers", type=click.Path(path_type=Path), help="JSON list of layers, for a plain vector.")
KIND = click.option("--kind", "kinds", multiple=True, metavar="PATTERN=KIND",
                    help="Kind of the layers whose names a pattern matches, such as 'enc.*=fc'; repeat.")  # fmt: skip

CLAIM_ID = Known("claim", lambda: ((c.id, c.title) for c in CLAIMS.values()), str.upper)
COST_TEXT = Known("costs", lambda: ((m.name, m.summary) for m in MODELS.values()))
