"""What the commands share: errors of one line, packages that are extras, arguments that complete."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any

import click

from theory.claims import CLAIMS
from theory.energy import MODELS
from theory.errors import InputError


def one_line_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Bad input ends with one line and exit code 2."""

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        try:
            command(*args, **options)
        except InputError as error:
            _fail(str(error))
        except OSError as error:
            _fail(f"{error.filename or 'file'}: {error.strerror or error}")
        except MemoryError:
            _fail("not enough memory for an update of this size")

    return run


def _fail(message: str) -> None:
    click.echo(f"cwmp: {message}", err=True)
    sys.exit(2)


def extra(package: str, names: tuple[str, ...], what: str, extra: str) -> tuple[Any, ...]:
    """Modules of a package that needs an extra."""
    try:
        return tuple(import_module(f"{package}.{name}") for name in names)
    except ModuleNotFoundError as error:
        raise InputError(f"{what} needs {error.name}: pip install 'cwmp[{extra}]'") from None


class ClaimId(click.ParamType):
    """A claim's id, completed from the table."""

    name = "claim"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """What the shell offers."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(c.id, help=c.title) for c in CLAIMS.values() if c.id.startswith(incomplete.upper())]


class CostText(click.ParamType):
    """A cost text, completed with the energy models."""

    name = "costs"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        """What the shell offers."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(m.name, help=m.summary) for m in MODELS.values() if m.name.startswith(incomplete)]
