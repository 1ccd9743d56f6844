"""A page for each claim, from the claim table, the docstring of its page of checks and the recorded verdicts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path

from figures.report.notation import to_html
from proofs_check.checks import PAGES, falsehoods
from proofs_check.table import stored_verdicts
from theory.claims.deterministic import DETERMINISTIC
from theory.claims.status import Row, summarise
from theory.claims.structured import STRUCTURED
from theory.claims.table import CLAIMS, Claim
from theory.claims.verdict import Verdict

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "results" / "verify"
FORMAL = ROOT / "proofs_check" / "formal" / "proofs"  # theorems in Coq, one file a claim, for the claims that have one
KINDS = {
    "identity": "identity: both sides are equal",
    "tight": "tight: the bound or optimum is attained",
    "upper": "upper bound",
    "lower": "lower bound",
    "false": "false: kept in the table to be refuted",
}
_MARKS = ("Proof idea.", "Why it fails.")


def page_id(claim_id: str) -> str:
    """The page that a claim stands on: ``D12`` for ``D12a``."""
    return claim_id.rstrip("abc")


def claim_pages(recorded: Path = RECORDED) -> dict[str, str]:
    """The pages by name, as MyST Markdown, in the order of the table."""
    rows = {row.claim.id: row for row in summarise(stored_verdicts(recorded))}
    grouped: dict[str, list[Claim]] = {}
    for claim in CLAIMS.values():
        grouped.setdefault(page_id(claim.id), []).append(claim)
    sources = {_id_of(page.__name__): page.__name__.replace(".", "/") + ".py" for page in PAGES}
    return {name: _page(name, claims, rows, sources[name]) for name, claims in grouped.items()}


def contents(pages: Iterable[str]) -> str:
    """A table of contents of the pages, for the page that includes it."""
    return "\n".join(["```{toctree}", ":hidden:", "", *(f"claims/{name}" for name in pages), "```", ""])


def linked(table: str) -> str:
    """The claim table of ``cwmp table`` with the ids in it as links to the pages."""
    return re.sub(
        r"^(\| |- \*\*)([DP]\d+)([abc]?)(?= \||,)",
        lambda found: f"{found[1]}[{found[2]}{found[3]}](claims/{found[2]}.md)",
        table,
        flags=re.MULTILINE,
    )


def _id_of(module: str) -> str:
    """``D4`` for the module ``d04_greedy_gap``."""
    name = module.rpartition(".")[2]
    return f"{name[0].upper()}{int(name[1:3])}"


def _page(name: str, claims: Sequence[Claim], rows: Mapping[str, Row], source: str) -> str:
    docstring = ast.get_docstring(ast.parse((ROOT / source).read_text(encoding="utf-8"))) or ""
    title = docstring.split("\n", 1)[0].partition(". ")[2].removesuffix(" (False.)").rstrip(".")
    several = len(claims) > 1
    parts = [f"# {name}. {title or claims[0].title}"]
    for claim in claims:
        parts += [f"({claim.id.lower()})=", f"## {claim.id}. {_plain(claim.title)}"] if several else []
        parts += _statement(claim, rows[claim.id])
    parts += _proof(docstring)
    for claim in claims:
        parts += ["## Evidence" + (f" on {claim.id}" if several else ""), _evidence(rows[claim.id])]
    parts += _planted({claim.id for claim in claims})
    parts += ["## Where", _where(name, claims, source)]
    return "\n\n".join(parts) + "\n"


def _statement(claim: Claim, row: Row) -> list[str]:
    facts = [("Assumptions", _html(claim.assumptions)), ("Kind", escape(KINDS[claim.kind]))]
    if row.refuted:
        facts.append(("Counterexample", _html(row.counterexample_words)))
    else:
        facts.append(("Reach of the proof", _html(row.reach)))
    if claim.instead:
        facts.append(("True instead", _html(claim.instead)))
    if theorem(claim.id):
        facts.append(("Theorem", '<a href="../formal.html">in Coq, for every <var>n</var></a>, checked by its kernel'))
    facts.append(("Source", _html(claim.source)))
    listed = "\n".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts)
    note = "" if row.standing == "as expected" else f" ({row.standing})"
    return [
        f'<p><span class="verdict {row.word.split(",")[0]}">{row.word}{note}</span></p>',
        f":::{{admonition}} Statement\n:class: statement\n\n{_displayed(claim.typeset)}\n:::",
        f'<dl class="facts">\n{listed}\n</dl>',
    ]


def theorem(claim_id: str, formal: Path = FORMAL) -> Path | None:
    """The file of the claim's theorem, ``D05.v`` for D5, where it has one."""
    page = page_id(claim_id)
    file = formal / f"{page[0]}{int(page[1:]):02d}{claim_id[len(page) :]}.v"
    return file if file.exists() else None


def _displayed(typeset: str) -> str:
    """``$$...$$`` on lines of its own, as Markdown wants it."""
    pieces = typeset.split("$$")
    made = [p.strip() if k % 2 == 0 else f"$$\n{p.strip()}\n$$" for k, p in enumerate(pieces)]
    return "\n\n".join(part for part in made if part)


def _proof(docstring: str) -> list[str]:
    for mark in _MARKS:
        if mark in docstring:
            idea = " ".join(docstring.partition(mark)[2].split())
            heading = "## Proof" if mark.startswith("Proof") else "## Why it fails"
            return [heading, f'<p class="proof">{_html(idea)}</p>']
    return []


def _evidence(row: Row) -> str:
    head = ("method", "outcome", "domain", "reach", "instances or cases", "failure rate below (95 %)")
    top = "".join(f"<th>{name}</th>" for name in head)
    body = "\n".join(_method(verdict) for verdict in row.verdicts)
    return (
        '<div class="table-wrapper"><table class="docutils evidence">\n'
        f"<thead><tr>{top}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def _method(verdict: Verdict) -> str:
    bound = "" if verdict.failure_bound is None else f"{100 * verdict.failure_bound:.2g} %"
    cells = (
        escape(verdict.method),
        f'<span class="verdict {verdict.outcome.value.split(",")[0]}">{verdict.outcome.value}</span>',
        _html(verdict.domain),
        _html(verdict.reach),
        f"{verdict.trials:,}",
        bound,
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _planted(claims: set[str]) -> list[str]:
    wrong = [f.says for f in falsehoods.FALSEHOODS if f.claim in claims]
    if not wrong:
        return []
    listed = "\n".join(f"<li>{_html(what)}</li>" for what in wrong)
    return [
        "## What the checks must catch",
        "Variants that are subtly wrong, kept so that a check which passes everything is seen to be one:",
        f"<ul>\n{listed}\n</ul>",
    ]


def _where(name: str, claims: Sequence[Claim], source: str) -> str:
    rooms = {"deterministic": DETERMINISTIC, "structured": STRUCTURED}
    room = next((name for name, those in rooms.items() if claims[0] in those), "probabilistic")
    theorems = [file.relative_to(ROOT).as_posix() for claim in claims if (file := theorem(claim.id))]
    formal = "- Theorems in Coq: " + ", ".join(f"`{file}`" for file in theorems) + "\n" if theorems else ""
    files = ", ".join(f"`results/verify/{claim.id}-*.json`" for claim in claims)
    return (
        f"- Stated in `theory/claims/{room}.py`\n- Proof idea, checks and wrong variants in `{source}`\n{formal}"
        f"- Recorded verdicts in {files}\n- Judge it again: `cwmp verify {name}`, or in Python "
        f'`cwmp.verify("{name}")`\n- Every word used here is in the [glossary](../glossary.md)'
    )


def _html(text: str) -> str:
    return str(to_html(text, lambda claim: f"{page_id(claim)}.html" if _known(claim) else None))


def _known(claim: str) -> bool:
    return any(page_id(known) == page_id(claim) for known in CLAIMS)


def _plain(title: str) -> str:
    """A title as a heading of Markdown: bars and stars as they are."""
    return title.replace("|", "\\|").replace("*", "\\*")
