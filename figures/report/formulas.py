"""Typeset statements as HTML: prose with ``$...$`` in a line and ``$$...$$`` displayed becomes MathML.

MathML is drawn by every current browser and read aloud by screen readers. latex2mathml converts it; what it leaves to
the browser, which guesses wrongly, is said here: bars and strokes neither stretch nor keep their distance, a single
letter in ``\\mathrm`` stays upright, brackets take their size from what they hold.
"""

from __future__ import annotations

import re
from html import unescape

from latex2mathml.converter import convert

from figures.report.markup import Markup, html, joined
from theory.errors import InputError

_PARTS = re.compile(r"\$\$(?P<display>.+?)\$\$|\$(?P<inline>[^$]+)\$", re.DOTALL)
_LONG = 40  # characters of LaTeX: such a formula scrolls by itself where the page is narrow
_SOURCE = ((re.compile(r"\\[bB]ig([lr])"), r""), (re.compile(r"\\mathrm\{([A-Za-z])\}"), r"\\mathrm \1 "))
_CLOSING = tuple(",.;:)")  # stay on the line of the formula before them
_STIFF = re.compile(r"<mo[^>]*>(&#x02016;|&#x02225;|\||&#x0007C;|/|&#x0002F;)</mo>")


def typeset(text: str) -> Markup:
    """A typeset statement as HTML, escaped.

    Raises:
        InputError: a formula that is no LaTeX.
    """
    out: list[str] = []
    at = 0
    for found in _PARTS.finditer(text):
        out.append(text[at : found.start()])
        at = found.end()
        if found["display"] is not None:
            out.append(html('<span class="formula">{}</span>', mathml(found["display"], display=True)))
            continue
        made, mark = mathml(found["inline"]), text[at : at + 1]
        if len(found["inline"]) > _LONG:
            out.append(html('<span class="long">{}</span>', made))
            continue
        if mark in _CLOSING:
            made, at = html('<span class="nobreak">{}{}</span>', made, mark), at + 1
        out.append(made)
    return joined([*out, text[at:]])


def mathml(latex: str, *, display: bool = False) -> Markup:
    """One formula of the claim table, which is no record's text.

    Raises:
        InputError: it is no LaTeX.
    """
    try:
        for pattern, instead in _SOURCE:
            latex = pattern.sub(instead, latex)
        made = convert(latex, display="block" if display else "inline")
    except Exception as error:  # the converter's many exception types are one to the reader
        raise InputError(f"the formula {latex!r} is no LaTeX: {type(error).__name__}") from None
    made = _STIFF.sub(r'<mo stretchy="false" lspace="0" rspace="0">\1</mo>', made)
    return Markup(re.sub(r"&#x[0-9A-Fa-f]+;", _character, made))


def _character(found: re.Match[str]) -> str:
    """A character for its reference, except those that HTML reads as markup."""
    character = unescape(found.group())
    return found.group() if character in "<>&\"'" else character
