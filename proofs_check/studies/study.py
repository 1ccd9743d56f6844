"""What a study is: a computation whose record one figure is drawn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Progress = Callable[[float], None]  # called with the share that is done


def silent(share: float) -> None:
    """No progress is shown."""


@dataclass(frozen=True)
class Study:
    """A row of the table of studies.

    Attributes:
        name: of the study and of its file. about: in a line.
        run: takes ``seed`` and ``progress`` (and ``update``, a path or None, if ``takes_update``) by keyword; returns
            plain data ready for JSON, with every parameter in it.
    """

    name: str
    about: str
    run: Callable[..., dict[str, Any]]
    takes_update: bool = False
