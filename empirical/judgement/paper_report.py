"""What came out in the paper's setting, as text: four questions, answered by what the tables show, and the tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill

from empirical.designs import SECOND_HAND, Paper
from empirical.judgement.paired import ALPHA, needed
from empirical.judgement.paper import QUESTIONS, Cell, Contest, Files
from empirical.judgement.report import SYNTHETIC_ONLY, WORD, interval, many
from empirical.judgement.verdicts import percent
from empirical.runs.tuning import Tuning
from empirical.training.compress import DENSE
from theory.claims.verdict import Outcome


def paper_report(design: Paper, files: Files, found: Sequence[Contest], seeds: Sequence[int], tuning: Tuning) -> str:
    """The whole report."""
    sections = [_heading(design, files, seeds, tuning), answers(design, found)]
    keys = dict.fromkeys((contest.feedback, contest.cost) for contest in found)
    sections += [_table([c for c in found if (c.feedback, c.cost) == key]) for key in keys]
    sections += [_reasons(found), _legend(found[0])]
    if any(file.data.startswith("synthetic") for file in files.values()):
        sections.append(SYNTHETIC_ONLY)
    return "\n\n".join(sections)


def answers(design: Paper, found: Sequence[Contest]) -> str:
    """The four questions."""
    usual = [c for c in found if c.cost in design.costs]
    pick = lambda question, feedback: [c for c in usual if (c.question, c.feedback) == (question, feedback)]  # noqa: E731
    lines = [
        f"Does the claim hold in that setting, at equal sparsity?   {_said(pick('equal-sparsity', False))}",
        f"Does it at equal joules?                                  {_said(pick('equal-joules', False))}",
        f"And with error feedback? At equal sparsity:               {_said(pick('equal-sparsity', True))}",
        f"                         At equal joules:                 {_said(pick('equal-joules', True))}",
    ]
    for question in ("equal-sparsity", "equal-joules"):
        mine = [c for c in found if c.question == question and not c.feedback]
        holds = [c.cost for c in mine if c.outcome is Outcome.HOLDS]
        words = "Which of these costs make it hold, without feedback?" if question == "equal-sparsity" else ""
        open_ = [c.cost for c in mine if c.outcome is Outcome.INCONCLUSIVE]
        more = f"; undecided: {', '.join(open_)}" if open_ else ""
        lines.append(f"{words:<52}  {question.replace('-', ' ')}: {', '.join(holds) or 'none'}{more}")
    return "\n".join(lines)


def _said(found: Sequence[Contest]) -> str:
    """``fc-dear holds, conv-dear undecided``."""
    return ", ".join(f"{c.cost} {WORD[c.outcome]}" for c in found)


def _heading(design: Paper, files: Files, seeds: Sequence[int], tuning: Tuning) -> str:
    run, file = next(iter(files.items()))
    s = run.setting
    dense = [f.final_accuracy for one, f in files.items() if one.arm.method == DENSE and not one.setting.error_feedback]
    return (
        f"{file.data}: {many(len(seeds), 'paired seed')}; {s.model} with {s.normalisation} normalisation, "
        f"{s.clients} clients, {s.partition}, {s.cohort} a round,\n{s.rounds} rounds, {s.steps} local steps of "
        f"{s.batch}. Dense reaches {100 * sum(dense) / len(dense):.1f} %.\n{fill(tuning.words, 118)}\n"
        f"{fill(SECOND_HAND, 118)}"
    )


def _table(pair: Sequence[Contest]) -> str:
    """Both questions under one cost model: equal sparsity above, equal joules below."""
    by = {contest.question: contest for contest in pair}
    sparse, joules = by["equal-sparsity"], by["equal-joules"]
    head = f"{sparse.cost}, error feedback {'on' if sparse.feedback else 'off'}"
    cells = sparse.cells
    line = lambda name, texts, end="": f"  {name:<26}{''.join(f'{t:<18}' for t in texts)}{end}".rstrip()  # noqa: E731
    return "\n".join([
        head,
        line("share of the coordinates", [percent(c.share) for c in cells], "mean"),
        line("cwmp |g|/c: accuracy", [f"{100 * c.accuracy:.1f}" for c in cells]),
        line("  energy of a round", [_energy(c.energy) for c in cells]),
        line("top-k, as many: accuracy", [f"{100 * c.baseline:.1f}" for c in cells]),
        line("  energy of a round", [_energy(c.base_energy) for c in cells]),
        line("  cwmp less top-k", [_difference(c) for c in cells], _ending(sparse)),
        line("top-k, as dear: accuracy", [f"{100 * c.baseline:.1f}" for c in joules.cells]),
        line("  energy of a round", [_energy(c.base_energy) for c in joules.cells]),
        line("  cwmp less top-k", [_difference(c) for c in joules.cells], _ending(joules)),
        line("honest gain, less top-k's", [f"{_gain(a)} / {_gain(b)}" for a, b in
                                           zip(sparse.cells, joules.cells, strict=True)]),
    ])  # fmt: skip


def _reasons(found: Sequence[Contest]) -> str:
    """Why what is undecided is undecided."""
    undecided = [c for c in found if c.outcome is Outcome.INCONCLUSIVE]
    lines = []
    for why in dict.fromkeys(c.why for c in undecided):
        alike = [f"{c.cost} at {QUESTIONS[c.question]}, feedback {'on' if c.feedback else 'off'}"
                 for c in undecided if c.why == why]  # fmt: skip
        who = "all" if len(alike) == len(found) else "; ".join(alike)
        lines.append(fill(f"undecided, {who}: {why}.", 118, subsequent_indent="  "))
    return "\n".join(lines) or "All are decided."


def _gain(cell: Cell) -> str:
    difference = cell.honest - cell.base_honest
    return "-" if math.isnan(difference) else f"{difference:+.2f}"


def _energy(share: float) -> str:
    return f"{100 * share:.3g} %"


def _difference(cell: Cell) -> str:
    several = cell.difference.pairs > 1 and cell.difference.agree == cell.difference.pairs
    return f"{100 * cell.difference.mean:+.1f}{'*' * several}"


def _ending(contest: Contest) -> str:
    return f"{interval(contest.difference)}  {WORD[contest.outcome]}"


def _legend(one: Contest) -> str:
    text = (
        "accuracy: per cent, mean over seeds; differences paired, in points, * where all seeds agree. energy of a "
        "round: of a client, in per cent of sending everything. On one update, as many coordinates cost CWMP no more "
        "than Top-K and retain no more (D20): less energy shows nothing by itself there. honest gain: the share of the "
        "clients' common descent that was sent (P15), less Top-K's with as many coordinates / with as many joules, "
        "where there is enough in common to take a share of. verdicts: exact sign-flip tests of the paired means over "
        f"sparsities, Holm over all {one.family} contests shown: one is false with probability {ALPHA:g} at most. To "
        f"decide any of them takes {needed(one.family)} seeds."
    )
    return fill(text, 118)
