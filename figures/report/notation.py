"""The plain-text mathematics of this project (``lambda c_i <= B``, ``||g||^2``) as HTML and as LaTeX.

Texts are cut into pieces of prose, symbols, variables, subscripts, superscripts and references to claims; each of the
two renderers writes the same pieces. What is not recognised stays as it is, escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import NamedTuple

_GREEK = {
    "alpha": "α", "beta": "β", "delta": "δ", "eps": "ε", "eta": "η", "kappa": "κ", "lambda": "λ", "mu": "μ",
    "phi": "φ", "sigma": "σ", "tau": "τ",
}  # fmt: skip
_SIGNS = {
    "<=": ("≤", r"\le"), ">=": ("≥", r"\ge"), "!=": ("≠", r"\ne"), "->": ("→", r"\to"), "+-": ("±", r"\pm"),
    "||": ("‖", r"\|"), "sum": ("∑", r"\sum"), "grad": ("∇", r"\nabla"), "sqrt": ("√", r"\surd"),
    "infinity": ("∞", r"\infty"),
}  # fmt: skip

_PIECES = re.compile(
    r"(?P<claim>\b[DP]\d{1,2}[abc]?\b)"
    r"|(?P<name>\b(?!(?:OPT|LP|CV|Var|sum|" + "|".join(_GREEK) + r")_)[A-Za-z]{2,}\w*_\w+|(?<!\S)\([a-f]\)|(?<=\d )J\b)"
    r"|(?P<prose>\b[A-Z]\. [A-Z]\.|\bi\.i\.d\.|\be\.g\.|\b(?:Top|Random)-K\b|\bEF-SGD\b|['’]s\b|\bA\b|\bI\b|\bK\.)"
    r"|(?P<times>(?<=magnitudes )x(?= )|(?<=\d )x(?= \d))"
    r"|(?P<em>(?<!\w)\*\w+\*(?!\w))"
    r"|(?P<code>``[^`]+``)"
    r"|(?P<plus>(?<=[)\w])\+(?=[\s,.;)\]]|$))"
    r"|(?P<sign><=|>=|!=|->|\+-|\|\||\bsum(?= (?:[A-Za-z](?:[_\W]|$)|[\[({]))|\bgrad(?= )|\bsqrt(?=\()|\binfinity\b)"
    r"|(?P<minus>(?<=\s)-(?=\s))"
    r"|(?P<norm>\bl[12]\b(?! ?=))"
    r"|(?P<up>\^(?:\([^()]*\)|-?\w+(?:\.\d+)?|\*))"
    r"|(?P<down>(?<=[A-Za-z)])_(?:\([^()]*\)|[A-Za-z0-9]+))"
    r"|(?P<greek>\b(?:" + "|".join(_GREEK) + r")(?=\b|_))"
    r"|(?P<prime>(?<=[A-Za-z])'(?![a-z]))"
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


_HTML: dict[str, Callable[[str], str]] = {
    "prose": escape,
    "name": escape,
    "claim": escape,
    "sign": lambda s: _SIGNS[s][0],
    "em": lambda s: f"<em>{escape(s[1:-1])}</em>",
    "code": lambda s: to_html(s[2:-2]),
    "times": lambda s: "×",
    "plus": lambda s: "<sub>+</sub>",
    "minus": lambda s: "−",
    "norm": lambda s: f"ℓ<sub>{s[1]}</sub>",
    "up": lambda s: f"<sup>{to_html(_inside(s)).replace('-', '−')}</sup>",
    "down": lambda s: f"<sub>{to_html(_inside(s))}</sub>",
    "greek": lambda s: f"<var>{_GREEK[s]}</var>",
    "prime": lambda s: "′",
    "roman": escape,
    "var": lambda s: f"<var>{s}</var>",
}
_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": "$|$",
}  # fmt: skip
_LATEX: dict[str, Callable[[str], str]] = {
    "prose": lambda s: latex_escape(s),
    "claim": lambda s: s,
    "name": lambda s: latex_escape(s),
    "sign": lambda s: f"${_SIGNS[s][1]}$",
    "em": lambda s: f"\\emph{{{s[1:-1]}}}",
    "code": lambda s: to_latex(s[2:-2]),
    "times": lambda s: r"$\times$",
    "plus": lambda s: "$_+$",
    "minus": lambda s: "$-$",
    "norm": lambda s: f"$\\ell_{{{s[1]}}}$",
    "up": lambda s: f"$^{{{_bare(_inside(s))}}}$",
    "down": lambda s: f"$_{{{_bare(_inside(s))}}}$",
    "greek": lambda s: {"eps": r"$\varepsilon$", "phi": r"$\varphi$"}.get(s, f"$\\{s}$"),
    "prime": lambda s: "$'$",
    "roman": lambda s: f"$\\mathrm{{{s}}}$",
    "var": lambda s: f"${s}$",
}


def to_html(text: str, href: Callable[[str], str | None] = lambda claim: None) -> str:
    """A text as HTML, escaped.

    Args:
        href: where a claim's id links to, or None for no link.
    """
    out = []
    for kind, written in pieces(text):
        target = href(written) if kind == "claim" else None
        made = _HTML[kind](written)
        out.append(f'<a href="{escape(target)}">{made}</a>' if target else made)
    return "".join(out)


def to_latex(text: str) -> str:
    """A text as LaTeX, escaped; neighbouring pieces of mathematics are one formula."""
    return "".join(_LATEX[kind](written) for kind, written in pieces(text)).replace("$$", "")


def latex_escape(text: str) -> str:
    """Prose as LaTeX: what LaTeX reads as commands is escaped, characters beyond ASCII are spelled."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def _bare(text: str) -> str:
    """LaTeX for inside a formula."""
    made = to_latex(text).replace("$", "")
    return f"\\mathrm{{{made}}}" if made.isalpha() and len(made) > 1 else made
