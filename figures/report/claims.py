"""The claims: one table of all verdicts, and a page for each claim with its proof idea and its evidence."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from figures.report.evidence import MAKING, VERIFY, Evidence
from figures.report.formulas import typeset
from figures.report.html import chip, link, missing, paragraph, percent, section, small, table, words
from figures.report.markup import Markup, html, joined, lines
from theory.claims.status import Row
from theory.claims.table import CLAIMS, Claim
from theory.claims.verdict import Outcome, Verdict

PAGES = Path(__file__).parents[2] / "proofs_check" / "checks"  # read as text: this room imports nothing of it

READING = (
    "*Proved* is said of a claim as stated, for every n: *kernel-checked* by a formal proof, else a symbolic identity "
    "that is the whole claim. *Checked* is part of it, without exception, and the reach says which part: exhaustion of "
    "a finite domain in exact arithmetic, an SMT proof over all reals for few items, a lemma on one item whose "
    "induction is prose. *Certified*: an optimum that an independent checker confirmed. *Survived*: sampling found no "
    "failure, which never proves. *Refuted*: a counterexample, checked again in rational arithmetic; claims of the "
    "kind *false* are in the table to be refuted."
)
NOTATION = (
    "An update g in R^d, costs c_i > 0 and a budget B in joules; p_i = g_i^2, C = sum c_i. CWMP takes entries by "
    "falling p_i/c_i; those dearer than B are left out first, and ties go to the lowest index. The prefix stops at "
    "the first entry that does not fit, the critical item s; phi is the fraction of s that would still fit. Fill "
    "skips it and goes on; best-of is the better of fill and the best single entry. OPT is the largest sum p_i of any "
    "mask within B, LP the value of the relaxation. In P1 to P14 entries are drawn from a law, B = beta sum c_i, and "
    "lambda and tau are the thresholds of CWMP and of Top-K."
)


def at_a_glance(evidence: Evidence) -> Markup:
    """The claim table."""
    if not evidence.rows:
        return section("claims", "The claims at a glance", missing("No verdicts on the claims.", [MAKING[VERIFY]]))
    rows = [_cells(row) for row in evidence.rows.values()]
    standing = [row for row in evidence.rows.values() if row.standing != "as expected"]
    refuted = sum(row.refuted for row in evidence.rows.values())
    count = f"{len(rows)} claims judged: {len(rows) - refuted} stand, {refuted} are refuted"
    note = f"not as the claim table expects: {', '.join(row.claim.id for row in standing)}" if standing else ""
    head = ("", "claim", "kind", "verdict", "reach", "methods by outcome", "trials", "seconds")
    return section(
        "claims",
        "The claims at a glance",
        paragraph(READING),
        paragraph(f"{count}; {note or 'all as the claim table expects'}."),
        table("Verdict and evidence of every claim", head, rows, narrow=(0, 1, 3)),
    )


def claim_pages(evidence: Evidence) -> Markup:
    """Every claim in full, the parts of one page together."""
    groups: dict[str, list[Claim]] = {}
    for claim in CLAIMS.values():
        groups.setdefault(claim.id.rstrip("abc"), []).append(claim)
    made = [_page(page, claims, evidence) for page, claims in groups.items()]
    return section("pages", "Claim by claim", paragraph(NOTATION), *made)


@cache
def proof_idea(page: str) -> tuple[str, str]:
    """The title of a page of ``proofs_check/checks`` and its last paragraph, on why the claim is true or false.

    Returns:
        Both as plain text; empty where the sources are not beside this package.
    """
    for path in PAGES.glob(f"{page[0].lower()}{int(page[1:]):02d}_*.py"):
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        title = text.split("\n", 1)[0].partition(". ")[2].removesuffix(" (False.)").rstrip(".")
        for mark in ("Proof idea.", "Why it fails."):
            if mark in text:
                return title, mark + " " + " ".join(text.partition(mark)[2].split())
    return "", ""


def _cells(row: Row) -> list[str]:
    methods = joined((html("<b>{}</b> {}", outcome, ", ".join(names)) for outcome, names in row.methods.items()), "; ")
    trials, seconds = sum(v.trials for v in row.verdicts), sum(v.seconds for v in row.verdicts)
    note = "" if row.standing == "as expected" else html(" <b>{}</b>", row.standing)
    return [
        link(row.claim.id), words(row.claim.title), row.claim.kind, joined([chip(row.word), note]), words(row.reach),
        methods, f"{trials:,}", f"{seconds:.1f}",
    ]  # fmt: skip


def _page(page: str, claims: Sequence[Claim], evidence: Evidence) -> Markup:
    title, idea = proof_idea(page)
    several = len(claims) > 1
    parts = [_claim(claim, evidence.rows.get(claim.id), several) for claim in claims]
    heading = html("<h3>{}. {}</h3>", page, words(title or claims[0].title)) if several else ""
    ident = html(' id="{}"', page) if several else ""
    first, _, rest = idea.partition(". ")
    shown = html('<p class="idea"><b>{}.</b> {}</p>', first, words(rest)) if idea else ""
    return html('<article class="page"{}>\n{}\n</article>', ident, lines([heading, *parts, shown]))


def _claim(claim: Claim, row: Row | None, part: bool) -> Markup:
    level = "h4" if part else "h3"
    verdict = chip(row.word) if row else html('<span class="chip open">not judged</span>')
    facts = [("Assumptions", words(claim.assumptions)), ("Kind", claim.kind)]
    if row and row.refuted:
        facts.append(("Counterexample", words(row.counterexample_words)))
    if claim.instead:
        facts.append(("True instead", words(claim.instead)))
    if row and not row.refuted:
        facts.append(("Reach", words(row.reach)))
    facts.append(("Source", words(claim.source)))
    listed = joined(html("<dt>{}</dt><dd>{}</dd>", name, text) for name, text in facts)
    return lines([
        html('<{0} id="{1}">{1}. {2} {3}</{0}>', level, claim.id, words(claim.title), verdict),
        html('<p class="statement">{}</p>', typeset(claim.typeset)),
        html('<dl class="facts">{}</dl>', listed),
        _evidence(claim, row) if row else missing("Not judged.", [f"cwmp verify {claim.id.rstrip('abc')}"]),
    ])  # fmt: skip


def _evidence(claim: Claim, row: Row) -> Markup:
    head = ("method", "outcome", "domain", "reach", "trials", "seconds")
    return table(f"Evidence on {claim.id}", head, map(_method, row.verdicts), narrow=(0, 1, 2))


def _method(verdict: Verdict) -> list[str]:
    bound, observed = verdict.failure_bound, verdict.observed
    notes = [f"failure rate at most {percent(bound, 2)} under this sampling (95 %)"] if bound is not None else []
    notes += [html("{}: {}", words(str(name)), _value(name, value)) for name, value in observed.items() if value]
    return [
        words(verdict.method),
        chip("inconclusive" if verdict.outcome is Outcome.INCONCLUSIVE else verdict.outcome.value),
        joined([words(verdict.domain), *map(small, notes)]),
        words(verdict.reach),
        f"{verdict.trials:,}",
        f"{verdict.seconds:.2f}",
    ]


def _value(name: str, value: object) -> str:
    if name == "statement":  # of a theorem: as the proof assistant reads it
        return html('<code class="lines">{}</code>', value)
    if isinstance(value, list):
        return words(", ".join(map(str, value)))
    return f"{value:.6g}" if isinstance(value, float) else words(str(value))
