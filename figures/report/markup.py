"""HTML that is escaped by construction: the one place where a text becomes markup.

A :class:`Markup` is finished HTML. It comes from :func:`html`, whose template is written in the sources and whose parts
are escaped unless they are finished themselves; any other text, joined or formatted anyhow, is a plain ``str`` and is
escaped where it is set. So a text of a record cannot become markup, whoever forgets what.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape as _escape

_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


class Markup(str):
    """Finished HTML. Only this module, and what draws or typesets from the sources, makes one from a text."""

    __slots__ = ()


def escaped(part: object) -> Markup:
    """A text as it is to be read; finished HTML stays, and what no page can hold becomes U+FFFD."""
    if isinstance(part, Markup):
        return part
    return Markup(_escape(_NO_CHARACTER.sub("\ufffd", str(part))))


def html(template: str, *parts: object, **named: object) -> Markup:
    """``template``, a literal of the sources, with every part in its place, escaped unless it is finished."""
    return Markup(template.format(*map(escaped, parts), **{name: escaped(part) for name, part in named.items()}))


def joined(parts: Iterable[object], between: object = "") -> Markup:
    """Parts one after the other."""
    return Markup(escaped(between).join(map(escaped, parts)))


def lines(parts: Iterable[object]) -> Markup:
    """Parts that are there, one below the other."""
    return joined((part for part in parts if part), "\n")
