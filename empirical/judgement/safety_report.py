"""The search for a selector that never loses, as text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill

from empirical.designs import Safety
from empirical.judgement.paired import ALPHA, Paired
from empirical.judgement.report import SYNTHETIC_ONLY, WORD, many
from empirical.judgement.safety import Choice, Comparison, Files, Judged, Predicts, conditions, needed
from empirical.judgement.verdicts import percent
from empirical.runs.tuning import Tuning
from empirical.training.compress import BASELINE


def safety_report(
    design: Safety, files: Files, found: Sequence[Judged], cwmp: Sequence[Comparison], seeds: Sequence[int],
    choice: Choice, predicts: Predicts, tuning: Tuning,
) -> str:  # fmt: skip
    """The whole report."""
    file, s = next(iter(files.values())), design.settings[0]
    fewer = ""
    if design.further:
        shares = " and ".join(dict.fromkeys(percent(share) for _, share in design.further))
        fewer = f"{len(design.tried_on(design.further[0]))} of them at {shares}; "
    head = (
        f"{file.data}: {many(len(seeds), 'paired seed')}; {fewer}{s.clients} clients, {s.partition},\n"
        f"{s.cohort} a round, {s.rounds} rounds, {s.steps} local steps of {s.batch}. Not worse means by less than "
        f"{100 * design.margin:g} points of accuracy, stated beforehand.\n{fill(tuning.words, 118)}\n"
        f"{fill(choice.words, 118)}"
    )
    lines = [f"{one.arm}: {WORD[one.outcome]} ({one.why})" for one in found]
    sections = [head, "At least as good as Top-K everywhere, and as CWMP where CWMP wins?\n" + "\n".join(lines)]
    sections += [_table(design, found, cwmp, feedback=on) for on in (False, True)]
    sections.append(
        f"Rank correlation with the difference in accuracy from Top-K, over {predicts.pairs} pairs a seed (honest "
        f"gain: the {predicts.defined} that have it in all seeds),\nmean over seeds:\n  captured norm "
        f"{_correlation(predicts.captured)}\n  honest gain   {_correlation(predicts.honest)}"
    )
    sections.append(_legend(len(found)))
    if any(file.data.startswith("synthetic") for file in files.values()):
        sections.append(SYNTHETIC_ONLY)
    return "\n\n".join(sections)


def _table(design: Safety, found: Sequence[Judged], cwmp: Sequence[Comparison], *, feedback: bool) -> str:
    names = ["top-k", "cwmp", *(one.arm for one in found)]
    rows = [f"error feedback {'on' if feedback else 'off'}",
            f"  {'costs':<17}{'budget':<8}{''.join(f'{name:<26}' for name in names)}".rstrip()]  # fmt: skip
    for key in (key for key in conditions(design) if key[2] == feedback):
        own = next(c for c in cwmp if c.condition == key)
        texts = [f"{100 * own.other:.1f}", _cell(own, bound=False)]
        for one in found:
            against = {c.against: c for c in one.comparisons if c.condition == key}
            texts.append(_cell(against[BASELINE], bound=any(c.binding and c.against != BASELINE for c in
                                                            against.values())))  # fmt: skip
        rows.append(f"  {key[0]:<17}{percent(key[1]):<8}{''.join(f'{text:<26}' for text in texts)}".rstrip())
    return "\n".join(rows)


def _cell(c: Comparison, *, bound: bool) -> str:
    star = "*" if c.difference.pairs > 1 and c.difference.agree == c.difference.pairs else ""
    gain = "-" if math.isnan(c.honest) else f"{c.honest:+.2f}"
    return f"{100 * c.difference.mean:+.1f}{star}{'!' if bound else ''} ({c.captured:+.2f}, {gain})"


def _correlation(value: Paired) -> str:
    if math.isnan(value.mean):
        return "-"
    if not math.isfinite(value.low):
        return f"{value.mean:+.2f} [no interval]"
    return f"{value.mean:+.2f} [{value.low:+.2f}, {value.high:+.2f}]"


def _legend(arms: int) -> str:
    text = (
        "table: Top-K's accuracy in per cent; of the others the paired difference from it in points, * where all seeds "
        "agree; in brackets the differences in captured norm and in honest gain, the share of the clients' common "
        "descent that was sent (P15), - where they have too little in common. !: here the arm must also not be worse "
        "than CWMP, which was above Top-K on the choosing seeds. verdicts: exact one-sided sign-flip tests of the "
        "differences plus the margin; the largest p-value of an arm's comparisons (intersection-union), Holm over the "
        "arms; worse somewhere: Holm over all comparisons. Any of them is false with probability "
        f"{ALPHA:g} at most; to find an arm not worse everywhere takes {needed(arms)} seeds."
    )
    return fill(text, 118)
