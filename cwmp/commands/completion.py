"""``cwmp completion``: commands, claims and models at the press of a key."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL; source it from your profile."""
    from click.shell_completion import get_completion_class

    from cwmp.__main__ import main

    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(main, {}, "cwmp", "_CWMP_COMPLETE").source())
