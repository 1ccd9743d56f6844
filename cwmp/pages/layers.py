"""The table of kinds: where coordinates and energy lie, and how it was decided what a layer is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cwmp.pages.blocks import Block, Line, Table
from cwmp.pages.words import percent
from theory.energy.shares import EXAMPLES, Share
from theory.optimum.comparison import KindKept

_DIGITS = 4


def layers_page(found: Sequence[Share]) -> list[Block]:
    """As ``cwmp layers`` prints it: a row for each kind and way to have decided it; guesses are summed up below."""
    if not found:
        return []
    total, priced = _total(found), _priced(found)
    rows = [
        [one.kind, str(len(one.names)), str(one.coordinates),
         percent((one.energy or 0.0) if priced else one.coordinates / max(total, 1), _DIGITS), _how(one)]
        for one in found
    ]  # fmt: skip
    head = ["kind of layer", "tensors", "coordinates", "of energy" if priced else "of all", "how decided"]
    return [Table(head, rows, left=(0, 4)), *_guesses(found)]


def kept_page(kinds: Sequence[KindKept], found: Sequence[Share]) -> list[Block]:
    """What is kept of each kind, where more is known than that there are coordinates."""
    if not kinds or [kind.kind for kind in kinds] == ["unknown"]:
        return []
    names = list(kinds[0].kept)
    rows = []
    for kind in kinds:
        of = [one for one in found if one.kind == kind.kind]
        kept = [f"{kind.kept[name]} ({percent(kind.kept[name] / kind.size if kind.size else 0.0)})" for name in names]
        rows.append([kind.kind, str(sum(len(one.names) for one in of)), str(kind.size),
                     percent(kind.of_energy, _DIGITS), *kept, "; ".join(map(_how, of))])  # fmt: skip
    head = ["kind of layer", "tensors", "coordinates", "of energy", *(f"kept, {name}" for name in names), "how decided"]
    return [Table(head, rows, left=(0, len(head) - 1)), *_guesses(found)]


def recorded(fields: Sequence[dict[str, Any]]) -> list[Share]:
    """The groups that a report holds as plain data, where only the first few names of each are written."""
    return [
        Share(**{name: value for name, value in one.items() if name not in ("names", "tensors")},
              names=(*one["names"], *[""] * (one["tensors"] - len(one["names"]))))
        for one in fields
    ]  # fmt: skip


def _guesses(found: Sequence[Share]) -> list[Block]:
    guessed = [one for one in found if one.guess]
    if not guessed:
        return []
    kinds = sum(len(one.names) for one in guessed)
    coordinates = sum(one.coordinates for one in guessed) / max(_total(found), 1)
    energy = f", {percent(sum(one.energy or 0.0 for one in guessed), _DIGITS)} of the energy" if _priced(found) else ""
    are = "kind is a guess" if kinds == 1 else "kinds are guesses"
    return [Line(f"{kinds} {are}: {percent(coordinates, _DIGITS)} of the coordinates{energy}; --kind 'pattern=kind' "
                 f"{'sets it' if kinds == 1 else 'sets them'}")]  # fmt: skip


def _total(found: Sequence[Share]) -> int:
    return sum(one.coordinates for one in found)


def _priced(found: Sequence[Share]) -> bool:
    return any(one.energy is not None for one in found)


def _how(one: Share) -> str:
    """How it was decided, and which layers a guess is about."""
    if not one.guess:
        return one.how
    more = len(one.names) - EXAMPLES
    return f"{one.how} ({', '.join(one.names[:EXAMPLES])}{f' and {more} more' if more > 0 else ''})"
