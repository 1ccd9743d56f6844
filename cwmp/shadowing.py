"""A package of the user's with the name of one of ours, ``theory`` or ``figures``: said in one line, not in silence."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("theory", "proofs_check", "empirical", "figures")


def others() -> list[tuple[str, Path]]:
    """The names of ours that ``import`` answers with somebody else's module, and where that is."""
    return [(room, place) for room in ROOMS if (place := _place(room)) is not None and not _ours(place)]


def refuse_others() -> None:
    """Raises ImportError, saying what to do, where one of our packages is hidden."""
    for room, place in others():
        raise ImportError(
            f"{place} has the name of the package {room} that cwmp is made of ({ROOT / room}) and hides it: rename "
            f"yours, or put {ROOT} before it on sys.path and import cwmp first"
        )


def _place(room: str) -> Path | None:
    """Where the module called ``room`` is, or would be found; None for one that is nowhere or has no file."""
    module = sys.modules.get(room)
    try:
        spec = module.__spec__ if module is not None else find_spec(room)
    except ValueError:  # a module that somebody made by hand
        return None
    if spec is None or not spec.has_location or spec.origin is None:
        return None
    return Path(spec.origin).resolve()


def _ours(place: Path) -> bool:
    return place.is_relative_to(ROOT)
