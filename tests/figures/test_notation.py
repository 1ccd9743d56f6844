"""Mathematics on the page and in LaTeX: typeset statements say what the plain ones say; notation is recognised."""

import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from figures.report.formulas import typeset
from figures.report.notation import to_html, to_latex
from theory.claims.table import CLAIMS
from theory.errors import InputError


def test_every_typeset_statement_says_what_the_plain_one_says():
    """The same words, symbols and numbers, as often; LaTeX adds summation indices and spells some words as signs."""
    silent = {"le", "ge", "ne", "cdot", "odot", "bigl", "bigr", "Bigl", "Bigr", "quad", "mid", "text", "mathrm", "frac",
              "cap", "langle", "rangle"}  # fmt: skip
    spelled = {"varphi": "phi", "varepsilon": "eps", "nabla": "grad", "ell": "l", "infty": "infinite"}
    for claim in CLAIMS.values():
        latex = re.sub(r"\\mathrm\{d\}(?:\\(beta)|V)", lambda m: f" d{m[1] or 'V'}", claim.typeset)
        latex = re.sub(r"\\([A-Za-z]+)", lambda m: " " if m[1] in silent else f" {spelled.get(m[1], m[1])} ", latex)
        plain = re.sub(r"\bl(?=[12]\b)", "l ", claim.statement)
        words, typed = (Counter(re.findall(r"[A-Za-z]+|\d+", text)) for text in (plain, latex))
        assert set(words - typed) <= {"of", "over", "tends"}, claim.id
        assert set(typed - words) <= {"i", "j", "k", "V", "beta"}, claim.id


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_every_statement_becomes_well_formed_mathematics(claim):
    made = typeset(claim.typeset)
    tree = ET.fromstring(f"<p>{made}</p>")
    assert len(list(tree.iter("{http://www.w3.org/1998/Math/MathML}math"))) == len(
        re.findall(r"\$\$.+?\$\$|\$[^$]+\$", claim.typeset)
    )
    assert "\\" not in "".join(tree.itertext())
    assert "$" not in made


def test_stars_stress_a_word_also_one_with_a_hyphen():
    for text in ("*Proved* is said", "for every n: *kernel-checked* by"):
        assert "*" not in str(to_html(text))
        assert "<em>" in str(to_html(text))
    assert "*" in str(to_html("a*b and c*d"))


def test_a_formula_that_is_none_is_refused():
    with pytest.raises(InputError, match="is no LaTeX"):
        typeset(r"$x_1_2$")


@pytest.mark.parametrize(("plain", "html", "latex"), [
    ("lambda c_i <= B", "<var>λ</var> <var>c</var><sub><var>i</var></sub> ≤ <var>B</var>",
     r"$\lambda$ $c_{i}$ $\le$ $B$"),
    ("||g - x||^2 = sum p_i", "‖<var>g</var> − <var>x</var>‖<sup>2</sup> = ∑ <var>p</var><sub><var>i</var></sub>",
     r"$\|g$ $-$ $x\|^{2}$ = $\sum$ $p_{i}$"),
    ("their sum is a < 1 % of c_max & so on",
     "their sum is <var>a</var> &lt; 1 % of <var>c</var><sub>max</sub> &amp; so on",
     r"their sum is $a$ $<$ 1 \% of $c_{\mathrm{max}}$ \& so on"),
    ("Top-K's l2 share, (p - lambda c)+", "Top-K&#x27;s ℓ<sub>2</sub> share, (<var>p</var> − <var>λ</var> <var>c</var>)"
     "<sub>+</sub>", r"Top-K's $\ell_{2}$ share, ($p$ $-$ $\lambda$ $c$)$_+$"),
    ("(a) 3 at 1 J of update_r25_c22 (c) lambda_t",
     "(a) 3 at 1 J of update_r25_c22 (c) <var>λ</var><sub><var>t</var></sub>",
     r"(a) 3 at 1 J of update\_r25\_c22 (c) $\lambda_{t}$"),
])  # fmt: skip
def test_plain_notation_is_set_in_both_languages(plain, html, latex):
    assert to_html(plain) == html
    assert to_latex(plain) == latex
