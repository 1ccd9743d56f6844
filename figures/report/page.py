"""The whole page: one file that needs no network, no script and no font of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from figures.report import answers, claims, experiment, gallery, laws, sources
from figures.report.evidence import Evidence
from figures.report.html import paragraph, section
from figures.report.markup import Markup, html, joined, lines
from theory.errors import InputError

TITLE = "Is energy-aware gradient pruning optimal?"
LEAD = (
    "A client in federated learning sends part of its update g: entry i costs c_i joules, the round may spend B. "
    "Top-K sends the largest |g_i|; Cost-Weighted Magnitude Pruning (CWMP) the largest g_i^2/c_i. A 2026 paper (E. M. "
    "Athanasakos, arXiv 2603.22465; only its abstract was at hand) calls that the optimal greedy solution. This page "
    "says in which sense that is true and what it is worth, from recorded proofs, certificates and measurements."
)
PARTS = (
    ("answers", "Answers"), ("claims", "Claims"), ("theory", "Theory in pictures"), ("laws", "Energy by law"),
    ("experiment", "Accuracy"), ("speed", "Speed"), ("pages", "Claim by claim"), ("provenance", "Provenance"),
)  # fmt: skip
_STYLE = Path(__file__).with_name("style.css")
_DIGEST = re.compile(r'<meta name="cwmp-records" content="([0-9a-f]{64})">')


def page(results: Path) -> str:
    """The report on the records in ``results``: the same records give the same page.

    Raises:
        InputError: there are no records, or one is damaged or not what its name says.
    """
    evidence = Evidence(results)
    made = lines(_guarded(part, evidence) for part in _BODY)
    return _document(made, evidence.digest)


def digest_in(page: str) -> str | None:
    """The digest of the records that a page was made from, None when it is no such page."""
    found = _DIGEST.search(page)
    return found[1] if found else None


def _answers(evidence: Evidence) -> Markup:
    return section("answers", "What the records say", answers.first_screen(evidence))


def _theory(evidence: Evidence) -> Markup:
    return section("theory", "The theory in pictures", gallery.figures(evidence, "theory"))


def _laws(evidence: Evidence) -> Markup:
    return laws.laws(evidence, gallery.figures(evidence, "laws"))


def _experiment(evidence: Evidence) -> Markup:
    return experiment.experiment(evidence, gallery.figures(evidence, "experiment"))


def _speed(evidence: Evidence) -> Markup:
    words = paragraph("What selecting a mask and certifying an optimum cost, beside the peers.")
    return section("speed", "Speed", words, gallery.figures(evidence, "speed"))


_BODY: tuple[Callable[[Evidence], Markup], ...] = (
    _answers, claims.at_a_glance, _theory, _laws, _experiment, _speed, claims.claim_pages, sources.provenance,
)  # fmt: skip


def _guarded(part: Callable[[Evidence], Markup], evidence: Evidence) -> Markup:
    """A part of the page; a record that lacks what it should hold ends in one line."""
    try:
        return part(evidence)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        name, what = part.__name__.strip("_").replace("_", " "), " ".join(str(error).split())[:80]
        raise InputError(
            f"the part on {name}: a record in {evidence.results} is not what it should be "
            f"({type(error).__name__} {what})"
        ) from error


def _document(body: Markup, digest: str) -> Markup:
    links = joined(html('<li><a href="#{}">{}</a></li>', ident, name) for ident, name in PARTS)
    style = Markup(_STYLE.read_text(encoding="utf-8").strip())
    return html(_DOCUMENT, title=TITLE, digest=digest, style=style, lead=paragraph(LEAD), links=links, body=body)


_DOCUMENT = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="Proofs, certificates and measurements for Cost-Weighted Magnitude Pruning.">
<meta name="cwmp-records" content="{digest}">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>
{style}
</style>
</head>
<body>
<a class="skip" href="#main">Skip to the answers</a>
<header>
<p class="kicker">cwmp report</p>
<h1>{title}</h1>
{lead}
</header>
<nav aria-label="Parts of this page"><ul>{links}</ul></nav>
<main id="main">
{body}
</main>
<footer><p>Made by <code>cwmp report</code> from the records under <a href="#provenance">Provenance</a>.</p></footer>
</body>
</html>
"""
