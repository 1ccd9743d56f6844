"""The paper's own setting, and the search for a selector that never loses: the answers, and the tables behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from figures.report.evidence import Trial
from figures.report.html import chip, listing, paragraph, signed, small, table, words
from figures.report.markup import Markup, html, joined, lines
from theory.claims.verdict import Outcome, Verdict

SPARSITY, JOULES = "equal-sparsity", "equal-joules"
READING = (
    "Final test accuracy in per cent; differences in points, paired by seed, with a star where all seeds agree on the "
    "sign; the energy of a client's round in per cent of sending everything. On one update, as many coordinates cost "
    "CWMP no more than Top-K and retain no more (D20), so being cheaper shows nothing by itself: beside CWMP stand "
    "Top-K with as many coordinates, and Top-K with the joules that CWMP spent. Honest gain is the share of the "
    "clients' common descent that was sent (P15)."
)


def paper(trial: Trial) -> Markup:
    """The part on the paper's setting."""
    found = [verdict for verdict in trial.verdicts if verdict.claim.startswith("E2-")]
    setting = found[0].domain.partition("; ")[2].replace(" error feedback off;", "").replace(" error feedback on;", "")
    keys = dict.fromkeys((v.observed["feedback"], v.observed["cost"]) for v in sorted(found, key=_place))
    return lines([
        html("<h3>{}: the paper’s setting, at second hand</h3>", trial.data),
        paragraph(f"{setting[:1].upper()}{setting[1:]}. {found[0].observed['second hand']}"),
        listing(answers(found)),
        paragraph(READING),
        *(_paper_table([v for v in found if (v.observed["feedback"], v.observed["cost"]) == key]) for key in keys),
    ])  # fmt: skip


def answers(found: Sequence[Verdict]) -> list[Markup]:
    """The four questions, each with the verdicts that answer it."""
    fed = [v.observed["cost"] for v in found if v.observed["feedback"]]
    pick = lambda question, feedback: [  # noqa: E731
        v for v in found if v.claim == f"E2-{question}" and v.observed["feedback"] is feedback
        and (v.observed["cost"] in fed or not fed)
    ]  # fmt: skip
    all_of = lambda question: [  # noqa: E731
        v.observed["cost"] for v in found
        if v.claim == f"E2-{question}" and not v.observed["feedback"] and v.outcome is Outcome.HOLDS
    ]  # fmt: skip
    made = [
        html("Does the claim hold in that setting, with as many coordinates? {}", _said(pick(SPARSITY, False))),
        html("Does it with as many joules? {}", _said(pick(JOULES, False))),
        html("And with error feedback? As many coordinates: {}; as many joules: {}", _said(pick(SPARSITY, True)),
             _said(pick(JOULES, True))),
    ]  # fmt: skip
    costs = "; ".join(
        f"{name}: {', '.join(all_of(question)) or 'none is shown to'}"
        for question, name in ((SPARSITY, "as many coordinates"), (JOULES, "as many joules"))
    )
    return [*made, html("Which of the costs tried would make it hold? {}", words(costs))]


def _said(found: Sequence[Verdict]) -> Markup:
    return joined([html("{} {}", v.observed["cost"], chip(word_of(v))) for v in found], ", ") or html("not tried")


def _paper_table(pair: Sequence[Verdict]) -> Markup:
    by = {verdict.claim.removeprefix("E2-"): verdict for verdict in pair}
    sparse, joules = by[SPARSITY], by[JOULES]
    shares = sorted(sparse.observed["sparsities"], key=float)
    cells = lambda verdict, shown: [shown(verdict.observed["sparsities"][share]) for share in shares]  # noqa: E731
    against = lambda c: f"{_accuracy(c['top-k'])} at {_energy(c['top-k energy'])}"  # noqa: E731
    gains = lambda v: [f"{c[0]:+.2f}, Top-K {c[1]:+.2f}" if None not in c else "–" for c in  # noqa: E731
                       cells(v, lambda cell: cell["honest gain"])]  # fmt: skip
    rows = [
        ["CWMP by |g|/c", *cells(sparse, lambda c: f"{_accuracy(c['accuracy'])} at {_energy(c['energy'])}"), "–"],
        ["Top-K, as many coordinates", *cells(sparse, against), "–"],
        ["CWMP less that", *cells(sparse, _difference), _verdict(sparse)],
        ["Top-K, as many joules", *cells(joules, against), "–"],
        ["CWMP less that", *cells(joules, _difference), _verdict(joules)],
        ["honest gain, as many joules", *gains(joules), "–"],
    ]
    feedback = "with" if sparse.observed["feedback"] else "without"
    head = ["share of the coordinates", *(f"{100 * float(share):g} %" for share in shares), "mean, verdict"]
    return table(f"Under {sparse.observed['cost']} costs, {feedback} error feedback", head, rows)


def _verdict(verdict: Verdict) -> Markup:
    mean = verdict.observed["difference"]
    ends = "" if None in (mean["low"], mean["high"]) else f" [{_points(mean['low'])}, {_points(mean['high'])}]"
    return html("{}{} {}{}", _points(mean["mean"]), ends, chip(word_of(verdict)), small(words(verdict.observed["why"])))


def _place(verdict: Verdict) -> tuple[bool, str]:
    return verdict.observed["feedback"], verdict.observed["cost"]


def safety(trial: Trial) -> Markup:
    """The part on selectors that never lose."""
    found = safe_arms(trial)
    first = found[0].observed
    setting = found[0].domain.partition("; ")[2]
    margin = f"{100 * first['margin']:g}"
    about = (
        f"{setting[:1].upper()}{setting[1:]}. An arm holds where it is not worse than Top-K under any costs, budget "
        f"and feedback, nor than CWMP where CWMP is above Top-K, by the margin of {margin} points that was stated "
        f"beforehand. {first['choice']}"
    )
    rows = [[arm_of(v), joined([chip(word_of(v)), small(words(v.observed["why"]))])] for v in found]
    return lines([
        html("<h3>{}: a selector that never loses?</h3>", trial.data),
        paragraph(about),
        table("Not worse anywhere?", ["arm", "verdict"], rows),
        *(_conditions(found, feedback) for feedback in (False, True)),
        paragraph(_correlations(first["rank correlation with accuracy"])),
    ])  # fmt: skip


def _conditions(found: Sequence[Verdict], feedback: bool) -> Markup:
    """Differences from Top-K, captured norm and honest gain in small."""
    by = {(arm_of(v), *_key(c)): c for v in found for c in v.observed["comparisons"] if c["against"] == "top-k"}
    keys = dict.fromkeys(key[1:] for key in by if key[3] is feedback)
    arms, most = [arm_of(v) for v in found], max(c["difference"]["pairs"] for c in by.values())
    rows = []
    for key in keys:
        cells = [by[arm, *key] for arm in arms]
        shown = [joined([_difference(c), small(_mechanism(c))]) for c in cells]
        seeds = cells[0]["difference"]["pairs"]
        fewer = f", {seeds} seeds" if seeds < most else ""
        rows.append([f"{key[0]}, {100 * float(key[1]):g} %{fewer}", _accuracy(cells[0]["other"]), *shown])
    name = f"Points of accuracy from Top-K {'with' if feedback else 'without'} error feedback"
    return table(name, ["costs, budget", "Top-K", *arms], rows) if rows else html("")


def _key(c: Mapping[str, Any]) -> tuple[str, str, bool]:
    return c["cost"], c["share"], c["feedback"]


def _mechanism(c: Mapping[str, Any]) -> str:
    gain = "" if c["honest gain"] is None else f", honest gain {c['honest gain']:+.2f}"
    return f"captured norm {c['captured']:+.2f}{gain}"


def _correlations(said: Mapping[str, Any]) -> str:
    each = [f"{name} {_correlation(said[name])}" for name in ("captured norm", "honest gain")]
    return (
        f"Rank correlation with the difference in accuracy from Top-K, over {said['pairs a seed']} pairs a seed "
        f"(honest gain: the {said['with honest gain']} that have it in all seeds), mean over seeds: {'; '.join(each)}."
    )


def _correlation(value: Mapping[str, Any]) -> str:
    if value["mean"] is None:
        return "not defined"
    ends = "[no interval]" if None in (value["low"], value["high"]) else f"[{value['low']:+.2f}, {value['high']:+.2f}]"
    return f"{value['mean']:+.2f} {ends}"


def safe_arms(trial: Trial) -> list[Verdict]:
    """The verdicts on selectors that never lose, where a trial asks for them."""
    return [verdict for verdict in trial.verdicts if verdict.claim.startswith("E3-")]


def arm_of(verdict: Verdict) -> str:
    """Which arm was judged."""
    return verdict.claim.removeprefix("E3-")


def word_of(verdict: Verdict) -> str:
    """Its outcome in a word."""
    return "undecided" if verdict.outcome is Outcome.INCONCLUSIVE else verdict.outcome.value


def _accuracy(share: float) -> str:
    return f"{100 * share:.1f}"


def _energy(share: float) -> str:
    return f"{100 * share:.3g} %"


def _points(share: float) -> str:
    return signed(100 * share)


def _difference(cell: Mapping[str, Any]) -> str:
    value = cell["difference"]
    star = "*" if value["pairs"] > 1 and value["agree"] == value["pairs"] else ""
    return f"{_points(value['mean'])}{star}"


def parts(trials: Sequence[Trial]) -> list[Markup]:
    """Both, as far as they are recorded."""
    made = [paper(t) for t in trials if any(v.claim.startswith("E2-") for v in t.verdicts)]
    return [*made, *(safety(t) for t in trials if safe_arms(t))]
