"""The experiment in words: its setting, its cost models and the verdicts on them, as the records say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from figures.frontiers import costs, seeds
from figures.records import DENSE, Experiment, Run
from theory.claims.verdict import Outcome, seeds_in_words
from theory.energy.models import MODELS

_WORD = {Outcome.HOLDS: "holds", Outcome.REVERSES: "reverses"}


@dataclass(frozen=True)
class Found:
    """A verdict on a method's frontier against Top-K's.

    Attributes:
        word: ``holds``, ``reverses`` or ``undecided``.
        mean, low, high: difference of the frontiers in accuracy with its interval; None where there is none.
    """

    word: str
    mean: float
    low: float | None
    high: float | None

    @property
    def in_words(self) -> str:
        """``holds, +2.1 [+0.8, +3.4]``, in points of accuracy."""
        if self.low is None or self.high is None:
            return f"{self.word}, {_points(self.mean)}"
        if self.low == self.high == 0:
            return f"{self.word}, identical to Top-K"
        return f"{self.word}, {_points(self.mean)} [{_points(self.low)}, {_points(self.high)}]"


def verdict_on(experiment: Experiment, method: str, cost: str) -> Found | None:
    """The verdict on ``method`` under ``cost``, or None when none was written."""
    for verdict in experiment.verdicts:
        if verdict.claim.partition("-")[2] == method and verdict.method == cost:
            frontier = verdict.observed["frontier"]
            word = _WORD.get(verdict.outcome, "undecided")
            return Found(word, frontier["mean"], frontier["low"], frontier["high"])
    return None


def verdicts_in_words(experiment: Experiment, method: str) -> str:
    """The verdicts on a method under every cost model: ``fc-dear holds, +2.1 [+0.8, +3.4]; ...``; empty for none."""
    found = {cost: verdict_on(experiment, method, cost) for cost in costs(experiment)}
    return "; ".join(f"{cost} {verdict.in_words}" for cost, verdict in found.items() if verdict)


def cost_label(cost: str) -> str:
    """``fc-dear`` as a reader meets it."""
    return f"{cost} costs"


def experiment_in_words(experiment: Experiment) -> str:
    """Data, federated setting, training, budgets and seeds."""
    run = experiment.runs[0]
    s = run.setting
    shares = sorted({float(r.share) for r in experiment.runs if r.method != DENSE})
    budgets = " and ".join(f"{100 * share:g} %" for share in shares)
    models = "; ".join(f"{cost}: {_cost_in_words(cost)}" for cost in costs(experiment))
    return (
        f"{run.data}: {s['clients']} clients, {s['partition']}, {s['cohort']} a round, {s['steps']} local steps of "
        f"{s['batch']} at {rates_in_words(experiment.runs)}, {s['rounds']} rounds, error feedback "
        f"{'on' if s['error_feedback'] else 'off'}; budgets {budgets} of a full update; "
        f"{seeds_in_words(seeds(experiment))}, paired. Costs: {models}."
    )


def rates_in_words(runs: Iterable[Run]) -> str:
    """One learning rate, or each method's."""
    methods: dict[float, set[str]] = {}
    for run in runs:
        methods.setdefault(run.setting["lr"], set()).add(run.method)
    if len(methods) == 1:
        return f"learning rate {next(iter(methods)):g}"
    return "learning rates " + " and ".join(
        f"{rate:g} ({', '.join(sorted(methods[rate]))})" for rate in sorted(methods)
    )


def _cost_in_words(cost: str) -> str:
    return MODELS[cost].summary if cost in MODELS else "exp(N(0, 1)) for each coordinate, drawn once per seed"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "\N{MINUS SIGN}")
