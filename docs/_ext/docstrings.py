"""Docstrings here are plain text: what reStructuredText would read as markup is escaped, but for code and roles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

_KEPT = re.compile(r"``[^`]+``|:\w+(?::\w+)?:`[^`]+`|`[^`]+`_?")
_MARKUP = re.compile(r"[*|](?=\S)|(?<=\S)[*|]|(?<=\w)_(?=\W|$)")


def plain(line: str) -> str:
    """A line with asterisks, bars and trailing underscores escaped outside of code.

    >>> plain("sum |g_i| of ``a|b``")
    'sum \\\\|g_i\\\\| of ``a|b``'
    """
    made, at = "", 0
    for kept in _KEPT.finditer(line):
        made += _MARKUP.sub(r"\\\g<0>", line[at : kept.start()]) + kept.group()
        at = kept.end()
    return made + _MARKUP.sub(r"\\\g<0>", line[at:])


def literal_blocks(lines: list[str]) -> list[str]:
    """Blocks indented by four in a module's or a function's prose become code: here they are formulas and examples."""
    made: list[str] = []
    inside = False
    for k, line in enumerate(lines):
        begins = line.startswith("    ") and (k == 0 or not lines[k - 1].strip())
        if begins and not inside and made[-1:] != ["::"]:
            made += ["::", ""]
            inside = True
        elif inside and line.strip() and not line.startswith("    "):
            inside = False
        made.append(line if inside else plain(line))
    return made


def columns(lines: list[str]) -> list[str]:
    """Paragraphs set in columns by hand, their long entries going on far to the right, become code too."""
    made: list[str] = []
    for paragraph in "\n".join(lines).split("\n\n"):
        rows = paragraph.split("\n")
        table = not rows[0].startswith(" ") and any(row.startswith(" " * 10) for row in rows)
        made += [*("    " * table + row for row in rows), ""]
    return made


def escape(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """For ``autodoc-process-docstring``, before the sections are read."""
    lines[:] = literal_blocks(columns(lines))


def setup(app: Sphinx) -> dict[str, bool]:
    """Escape before napoleon reads the sections."""
    app.connect("autodoc-process-docstring", escape, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
