"""An experiment's outcome as text: a table per cost model, what its costs are like, and the verdicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from textwrap import fill

from empirical.images.cifar10 import TEXTURES
from empirical.judgement.paired import ALPHA, MIN_PAIRS, Paired
from empirical.judgement.verdicts import Contest, Files, percent
from empirical.prices import DRAWN, experiment_model, prices
from empirical.runs.campaign import Progress
from empirical.runs.tuning import Tuning
from empirical.setting import Run
from empirical.training.compress import BASELINE, CWMP, DENSE
from theory.claims.verdict import Outcome
from theory.energy.models import break_even, coefficient_of_variation
from theory.layers import Layer

WORD = {Outcome.HOLDS: "holds", Outcome.REVERSES: "reverses", Outcome.INCONCLUSIVE: "undecided"}
SYNTHETIC_ONLY = "The images are drawn by a program: this says that everything works, and nothing of real data."
_NEAR = "1.1"  # costs within 10 % of one another: no selector saves more than a tenth


def report(
    files: Files, found: Sequence[Contest], control: Sequence[Contest], tuning: Tuning, layers: Sequence[Layer]
) -> str:
    """The whole report.

    Args:
        control: the paper's method again at Top-K's learning rate, or nothing. tuning: of the rates.
        layers: of the network, for what its costs are like.
    """
    sections = [_heading(files, tuning)]
    for cost in dict.fromkeys(contest.cost for contest in found):
        sections.append(
            cost_words(cost, layers) + "\n" + _table([c for c in [*found, *control] if c.cost == cost], tuning)
        )
    sections.append(_legend(found, control))
    if any(file.data == TEXTURES for file in files.values()):
        sections.append(SYNTHETIC_ONLY)
    return "\n\n".join(sections)


def cost_words(cost: str, layers: Sequence[Layer]) -> str:
    """How far the costs of a model differ and, for a physical one, at which radio energy they would cease to."""
    priced = prices(cost, layers, seed=0)
    spread = f"{cost}: coefficient of variation of the costs {coefficient_of_variation(priced.costs):.3g}"
    if cost in DRAWN or experiment_model(cost).relative:
        return spread
    even = break_even(experiment_model(cost), layers, _NEAR)
    where = "above" if even.model_radio > even.radio else "below"
    return (
        f"{spread}; dearest over cheapest coordinate {float(even.ratio):.6g}:\n"
        f"no selector saves more than {100 * float(even.ceiling):.2g} % of Top-K's energy at its score\n"
        f"break-even: a radio of {float(even.radio):.3g} J/bit makes costs equal within 10 %; "
        f"this model's, {float(even.model_radio):.3g} J/bit, is {where} it"
    )


def _heading(files: Files, tuning: Tuning) -> str:
    run, file = next(iter(files.items()))
    s = run.setting
    seeds = {one.seed for one in files}
    dense = [f.final_accuracy for one, f in files.items() if one.arm.method == DENSE]
    gap = max((_largest_gap(files, one) for one in files if one.arm.method == CWMP), default=math.nan)
    return (
        f"{file.data}: {len(seeds)} paired seeds; {s.clients} clients, {s.partition}, {s.cohort} a round, "
        f"{s.rounds} rounds,\n{s.steps} local steps of {s.batch}, "
        f"error feedback {'on' if s.error_feedback else 'off'}. "
        f"Dense reaches {100 * sum(dense) / len(dense):.1f} %.\n"
        f"{fill(tuning.words, 118)}\n"
        f"No CWMP mask is further than {gap:.1e} of ||g||^2 from the optimum of its budget (certified, D4)."
    )


def _largest_gap(files: Files, run: Run) -> float:
    return max(record.gap for record in files[run].records)


def _table(found: Sequence[Contest], tuning: Tuning) -> str:
    def line(name: str, cells: Sequence[str], *rest: str) -> str:
        ends = "".join(f"{text:>{width}}" for text, width in zip(rest, (23, 21), strict=False))
        return f"  {name:<15}{''.join(f'{cell:<17}' for cell in cells)}{ends}{'   '.join(('', *rest[2:]))}".rstrip()

    cells = found[0].cells
    lines = [line("accuracy", [percent(cell.share) for cell in cells], "frontier", "energy", "verdict")]
    lines.append(line(BASELINE, [f"{100 * cell.baseline:.1f}" for cell in cells]))
    for contest in found:
        accuracies = [
            f"{100 * cell.accuracy:.1f} ({100 * cell.difference.mean:+.1f}){'*' * cell.every_seed}"
            for cell in contest.cells
        ]
        ends = interval(contest.frontier), _ratio(contest.energy), WORD[contest.outcome]
        own = contest.lr == tuning.rates[contest.method]
        lines.append(line(contest.method + ("" if own else f" lr {contest.lr:g}"), accuracies, *ends))
    return "\n".join(lines)


def _legend(found: Sequence[Contest], control: Sequence[Contest]) -> str:
    undecided = [c for c in found if c.outcome is Outcome.INCONCLUSIVE]
    first = found[0]
    lines = [
        "accuracy: per cent, mean over seeds, in brackets the paired difference from Top-K; * in every seed.",
        "frontier: points of accuracy above Top-K's frontier, mean over log energy.",
        "energy: that an accuracy takes, over what Top-K needs for it (upper half of what both reach).",
        f"verdicts: exact sign-flip tests of the paired frontiers, Holm over all {first.family} contests shown: one is "
        f"false with\n  probability {ALPHA:g} at most.",
    ]
    if first.frontier.pairs >= MIN_PAIRS:
        lines.append(
            f"intervals: of frontier and energy, by the same test, each {100 * first.frontier.level:.4g} % by itself."
        )
    if control:
        lines.append(f"{CWMP} lr {control[0].lr:g}: at Top-K's learning rate instead of its own.")
    for why in dict.fromkeys(c.why for c in undecided):
        alike = [f"{c.method} under {c.cost}" for c in undecided if c.why == why]
        who = "all" if len(alike) == len(found) else "; ".join(alike)
        lines.append(fill(f"undecided, {who}: {why}.", 118, subsequent_indent="  "))
    lines.append(_beyond(found))
    return "\n".join(lines)


def _beyond(found: Sequence[Contest]) -> str:
    """Whether any method's frontier is above Top-K's under every cost model whose runs differ at all."""
    decidable = [contest for contest in found if not contest.frontier.identical]
    methods = dict.fromkeys(contest.method for contest in decidable)
    lost = {c.method for c in decidable if c.outcome is not Outcome.HOLDS}
    winners = [method for method in methods if method not in lost]
    return f"Above Top-K under every cost model where costs differ: {', '.join(winners) or 'no method'}."


def interval(value: Paired) -> str:
    """A difference of accuracies with its interval, in points."""
    if not math.isfinite(value.low):
        return f"{100 * value.mean:+.1f} [no interval]"
    return f"{100 * value.mean:+.1f} [{100 * value.low:+.1f}, {100 * value.high:+.1f}]"


def many(count: int, what: str) -> str:
    """``1 seed``, ``2 seeds``."""
    return f"{count} {what}{'s' * (count != 1)}"


def _ratio(value: Paired) -> str:
    if not math.isfinite(value.mean):
        return "-"
    if not math.isfinite(value.low):
        return f"{math.exp(value.mean):.2f} [no interval]"
    return f"{math.exp(value.mean):.2f} [{math.exp(value.low):.2f}, {math.exp(value.high):.2f}]"


def progress_line(progress: Progress) -> str:
    """How far an experiment is, in one line."""
    what = progress.finished.name if progress.finished else ""
    if not what and progress.under_way:
        what = "under way: " + ", ".join(f"{run.name} {done}" for run, done in progress.under_way.items())
    left = progress.seconds_left
    ending = "" if left is None else f"; about {max(1, round(left / 60))} min left"
    return f"[{progress.done:>{len(str(progress.total))}}/{progress.total}] {what}{ending}"
