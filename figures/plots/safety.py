"""Figure ``safety``: accuracy and captured norm of Safe CWMP against its safety, by cost model, less Top-K's.

0 is CWMP; the runs are those by which a form is chosen, on seeds that judge nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from figures import style
from figures.captions.experiment import cost_label
from figures.captions.sources import sources_in_words
from figures.catalogue import CHOICE
from figures.records import BASELINE, Experiment, Records
from theory.claims.verdict import seeds_in_words

SAFETY = {"cwmp": 0.0, "safe-0.5": 0.5, "safe": 0.8, "safe-0.9": 0.9}
_ROWS = {
    "accuracy (points)": lambda run: run.final_accuracy,
    "captured norm (points)": lambda run: np.mean(run.captured),
}


@dataclass(frozen=True)
class Line:
    """One cost model and budget with or without feedback: values at each safety, shape (safeties, seeds), in points."""

    cost: str
    share: str
    feedback: bool
    safety: tuple[float, ...]
    values: np.ndarray


@style.styled
def draw_safety(records: Records, venue: str = "ieee") -> Figure:
    """Two rows, accuracy above and captured norm below; a column without and one with error feedback.

    A cost model has a colour and a marker, which is hollow at other budgets than the first.
    """
    experiment: Experiment = records[CHOICE]
    figure = style.new_figure("page", 4.2, venue)
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    costs = list(dict.fromkeys(line.cost for line in lines(experiment, "accuracy (points)")))
    first = budgets(experiment)[0]
    for row, what in enumerate(_ROWS):
        for line in lines(experiment, what):
            ax, k = axes[row, int(line.feedback)], costs.index(line.cost)
            look = {"color": style.CYCLE[k], "marker": style.MARKERS[k], "linestyle": style.DASHES[k]}
            label = cost_label(line.cost)
            if line.share != first:
                look["markerfacecolor"], label = "white", f"_{label}, {_percent(line.share)}"  # no entry of its own
            ax.plot(line.safety, line.values.mean(axis=1), **look, label=label, zorder=3)
            for seed in line.values.T:
                ax.plot(line.safety, seed, color=style.CYCLE[k], linewidth=0.4, alpha=0.5, zorder=2)
        axes[row, 0].set_ylabel(f"{what.partition(' (')[0]},\nless Top-K’s (points)")
    for ax in axes.flat:
        ax.axhline(0, color=style.BLACK, linewidth=0.6, zorder=1.5)
        ax.set_xticks(list(SAFETY.values()))
    style.panel_letters(list(axes[0]), ["without error feedback", "with error feedback"])
    figure.supxlabel("safety: share of what Top-K keeps in a layer that is kept there at least (0: CWMP)", fontsize=8.5)
    for share in budgets(experiment)[1:]:
        hollow = {"color": style.GREY, "marker": style.MARKERS[0], "markerfacecolor": "white", "linestyle": ""}
        axes[0, 0].plot([], [], **hollow, label=f"hollow: {_percent(share)}")
    style.legend_above(figure, axes[0, 0])
    return figure


def caption_safety(records: Records) -> str:
    """What was trained, on which seeds, and that these judge nothing."""
    experiment: Experiment = records[CHOICE]
    run = experiment.runs[0]
    s, seeds = run.setting, {one.seed for one in experiment.runs}
    first, *others = budgets(experiment)
    hollow = f"; hollow: {' and '.join(map(_percent, others))}" if others else ""
    return (
        f"Difference from Top-K under the same costs, budget ({_percent(first)} of a full update{hollow}) and "
        "seed: final accuracy, and share of the squared norm sent, mean over the rounds. "
        f"{'Thin lines are seeds, thick ones their mean. ' if len(seeds) > 1 else ''}"
        f"{run.data}: {s['clients']} clients, {s['partition']}, {s['cohort']} a round, {s['steps']} local steps of "
        f"{s['batch']}, {s['rounds']} rounds; {seeds_in_words(seeds)}, by which a form is chosen and nothing "
        "is judged. "
        f"{sources_in_words(one.provenance for one in experiment.runs)}."
    )


def budgets(experiment: Experiment) -> list[str]:
    """Of its runs, ascending."""
    return sorted({run.share for run in experiment.runs}, key=float)


def lines(experiment: Experiment, what: str) -> Iterator[Line]:
    """The lines of one row."""
    by = {(r.cost, r.share, r.setting["error_feedback"], r.method, r.seed): _ROWS[what](r) for r in experiment.runs}
    keys = dict.fromkeys((cost, share, feedback) for cost, share, feedback, _, _ in by)
    for cost, share, feedback in keys:
        mine = sorted({seed for *key, _, seed in by if tuple(key) == (cost, share, feedback)})
        there = [method for method in SAFETY if (cost, share, feedback, method, mine[0]) in by]
        values = [[100 * (by[cost, share, feedback, method, seed] - by[cost, share, feedback, BASELINE, seed])
                   for seed in mine] for method in there]  # fmt: skip
        yield Line(cost, share, feedback, tuple(SAFETY[method] for method in there), np.array(values, dtype=float))


def _percent(share: str) -> str:
    return f"{100 * float(share):g} %"
