"""The plain-text mathematics of this project (``lambda c_i <= B``, ``||g||^2``) as HTML and as LaTeX.

Texts are cut into pieces of prose, symbols, variables, subscripts, superscripts and references to claims; each of the
two renderers writes the same pieces. What is not recognised stays as it is, escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from figures.report.markup import Markup, escaped, html, joined

_GREEK = {
    "alpha": "α", "beta": "β", "delta": "δ", "eps": "ε", "eta": "η", "kappa": "κ", "lambda": "λ", "mu": "μ",
    "phi": "φ", "sigma": "σ", "tau": "τ", "xi": "ξ",
}  # fmt: skip
_SIGNS = {
    "<=": ("≤", r"\le"), ">=": ("≥", r"\ge"), "!=": ("≠", r"\ne"), "->": ("→", r"\to"), "+-": ("±", r"\pm"),
    "||": ("‖", r"\|"), "sum": ("∑", r"\sum"), "grad": ("∇", r"\nabla"), "sqrt": ("√", r"\surd"),
    "infinity": ("∞", r"\infty"),
}  # fmt: skip

_PIECES = re.compile(
    r"(?P<claim>\b[DP]\d{1,2}[abc]?\b)"
    r"|(?P<name>\b(?!(?:OPT|LP|CV|Var|sum|" + "|".join(_GREEK) + r")_)[A-Za-z]{2,}\w*_\w+|(?<!\S)\([a-f]\)|(?<=\d )J\b)"
    r"|(?P<prose>\b[A-Z]\. [A-Z]\.|\bi\.i\.d\.|\be\.g\.|\b(?:Top|Random)-K\b|\bEF-SGD\b|['’]s\b|\bA\b|\bI\b|\bK\."
    r"|(?<=[a-z])\(R\))"
    r"|(?P<times>(?<=magnitudes )x(?= )|(?<=[a-z\d] )x(?= (?:\d|lognormal)))"
    r"|(?P<em>(?<!\w)\*\w[\w-]*\*(?!\w))"
    r"|(?P<code>``[^`]+``)"
    r"|(?P<plus>(?<=[)\w])\+(?=[\s,.;)\]]|$))"
    r"|(?P<sign><=|>=|!=|->|\+-|\|\||\bsum(?= (?:[A-Za-z](?:[_\W]|$)|[\[({]))|\bgrad(?= )|\bsqrt(?=\()|\binfinity\b)"
    r"|(?P<minus>(?<=\s)-(?=\s))"
    r"|(?P<norm>\bl[12]\b(?! ?=))"
    r"|(?P<up>\^(?:\([^()]*\)|-?\w+(?:\.\d+)?|\*))"
    r"|(?P<down>(?<=[A-Za-z)])_(?:\([^()]*\)|[A-Za-z0-9]+))"
    r"|(?P<greek>\b(?:" + "|".join(_GREEK) + r")(?=\b|_))"
    r"|(?P<prime>(?<=[A-Za-z])(?<![a-z][a-z]s)'(?![a-z]))"
    r"|(?P<roman>\b(?:OPT|LP|CV|E|P|Var)(?=\b|_))"
    r"|(?P<var>\ba(?= [=<>]|\^)|(?<![-.'’])\b[b-zB-Z](?=\b|_)(?!-))"
)


class Piece(NamedTuple):
    """A part of a text: its kind, as the pattern's group is called, and what was written."""

    kind: str
    text: str


def pieces(text: str) -> Iterator[Piece]:
    """The parts of a text, in order; joined they are the text again."""
    at = 0
    for found in _PIECES.finditer(text):
        if found.start() > at:
            yield Piece("prose", text[at : found.start()])
        yield Piece(str(found.lastgroup), found.group())
        at = found.end()
    if at < len(text):
        yield Piece("prose", text[at:])


def _inside(index: str) -> str:
    """A sub- or superscript without its mark and brackets."""
    return index[2:-1] if index[1:2] == "(" else index[1:]


_HTML: dict[str, Callable[[str], Markup]] = {
    "sign": lambda s: escaped(_SIGNS[s][0]),
    "em": lambda s: html("<em>{}</em>", s[1:-1]),
    "code": lambda s: to_html(s[2:-2]),
    "times": lambda s: escaped("×"),
    "plus": lambda s: html("<sub>+</sub>"),
    "minus": lambda s: escaped("−"),
    "norm": lambda s: html("ℓ<sub>{}</sub>", s[1]),
    "up": lambda s: html("<sup>{}</sup>", to_html(_inside(s).replace("-", "−"))),
    "down": lambda s: html("<sub>{}</sub>", to_html(_inside(s))),
    "greek": lambda s: html("<var>{}</var>", _GREEK[s]),
    "prime": lambda s: escaped("′"),
    "var": lambda s: html("<var>{}</var>", s),
}  # every other piece is prose
_FORMULA: dict[str, Callable[[str], str]] = {
    "sign": lambda s: _SIGNS[s][1],
    "times": lambda s: r"\times",
    "plus": lambda s: "_+",
    "minus": lambda s: "-",
    "norm": lambda s: f"\\ell_{{{s[1]}}}",
    "up": lambda s: f"^{{{_bare(_inside(s))}}}",
    "down": lambda s: f"_{{{_bare(_inside(s))}}}",
    "greek": lambda s: {"eps": r"\varepsilon", "phi": r"\varphi"}.get(s, f"\\{s}"),
    "prime": lambda s: "'",
    "roman": lambda s: f"\\mathrm{{{s}}}",
    "var": lambda s: s,
}  # pieces that LaTeX sets as mathematics
_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_RELATIONS = frozenset("<>|")  # signs that LaTeX's text fonts do not have
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def to_html(text: str, href: Callable[[str], str | None] = lambda claim: None) -> Markup:
    """A text as HTML, escaped.

    Args:
        href: where a claim's id links to, or None for no link.
    """
    out = []
    for kind, written in pieces(text):
        target = href(written) if kind == "claim" else None
        made = _HTML.get(kind, escaped)(written)
        out.append(html('<a href="{}">{}</a>', target, made) if target else made)
    return joined(out)


def to_latex(text: str) -> str:
    """A text as LaTeX, escaped, on one line; neighbouring pieces of mathematics are one formula."""
    out = []
    for formula, run in groupby(_runs(_NO_TEXT.sub(" ", text)), key=itemgetter(0)):
        written = [part for _, part in run]
        out.append(f"${_formula(written)}$" if formula else "".join(written))
    return "".join(out)


def latex_escape(text: str) -> str:
    """Prose as LaTeX: what LaTeX reads as commands is escaped."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _runs(text: str) -> Iterator[tuple[bool, str]]:
    """Parts of a text as LaTeX, and whether each is mathematics."""
    for kind, written in pieces(text):
        if kind in _FORMULA:
            yield True, _FORMULA[kind](written)
        elif kind == "em":
            yield False, f"\\emph{{{latex_escape(written[1:-1])}}}"
        elif kind == "code":
            yield from _runs(written[2:-2])
        else:
            for character in written:
                yield (True, character) if character in _RELATIONS else (False, latex_escape(character))


def _formula(parts: Sequence[str]) -> str:
    """Pieces of mathematics side by side; a command does not run into the letter after it."""
    made = ""
    for part in parts:
        made += (" " if re.search(r"\\[A-Za-z]+\Z", made) and part[:1].isalpha() else "") + part
    return made


def _bare(text: str) -> str:
    """LaTeX for inside a formula."""
    made = _formula([part for _, part in _runs(text)])
    return f"\\mathrm{{{made}}}" if made.isalpha() and len(made) > 1 else made
