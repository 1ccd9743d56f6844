"""Is a selector nowhere worse than Top-K, and not worse than CWMP where CWMP wins? One verdict per arm.

A *condition* is a cost model, a budget and a form of feedback. In each, the arm is compared seed by seed with Top-K,
and with CWMP where CWMP was above Top-K on the choosing seeds, which judge nothing. "Not worse" means by less than a
margin that was stated beforehand.

    holds       not worse in every comparison: the largest p-value of all of them (an intersection-union test, Berger
                1982, which needs no correction for their number), Holm over the arms
    reverses    worse by the margin or more in some comparison: Holm over all comparisons of all arms
    undecided   neither, or too few seeds to decide

Each half has half of the 5 %, so any verdict shown is false with that probability at most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from empirical.designs import Safety
from empirical.judgement.paired import ALPHA, MIN_PAIRS, Floats, Paired, holm, not_worse, paired
from empirical.judgement.verdicts import percent, plain
from empirical.records import RunFile
from empirical.setting import Arm, Run
from empirical.training.compress import BASELINE, CWMP
from theory.claims.verdict import Outcome, Verdict, seeds_in_words

CLAIM = "E3"
HALF = ALPHA / 2

Files = Mapping[Run, RunFile]
Key = tuple[str, str, bool]  # cost model, share, error feedback


@dataclass(frozen=True)
class Comparison:
    """An arm against Top-K, or against CWMP, under one condition.

    Attributes:
        against: whom. accuracy, other: final, mean over seeds. difference: paired, by itself.
        binding: whether the arm has to be not worse here. p_not_worse, p_worse: one-sided, not corrected.
        captured, honest: captured norm and honest gain less the other's, means over seeds.
    """

    condition: Key
    against: str
    accuracy: float
    other: float
    difference: Paired
    binding: bool
    p_not_worse: float
    p_worse: float
    captured: float
    honest: float


@dataclass(frozen=True)
class Judged:
    """An arm, all its comparisons, and the verdict.

    Attributes:
        p: of "not worse everywhere", Holm-adjusted over the arms. p_worse: of "worse somewhere", over all comparisons.
    """

    arm: str
    comparisons: tuple[Comparison, ...]
    p: float
    p_worse: float
    outcome: Outcome
    why: str


@dataclass(frozen=True)
class Choice:
    """Which form of Safe CWMP was chosen.

    Attributes:
        arm: the one whose worst mean difference from Top-K over the conditions is best; further ones, which came later,
            decide nothing. worst: of each candidate.
        wins: conditions in which CWMP was above Top-K. seeds, shares: that decided.
    """

    arm: str
    worst: Mapping[str, float]
    wins: frozenset[Key]
    seeds: tuple[int, ...]
    shares: tuple[str, ...]

    @property
    def words(self) -> str:
        """How it came about."""
        each = ", ".join(f"{arm} {100 * value:+.1f}" for arm, value in self.worst.items())
        seeds = f"seed{'s' * (len(self.seeds) > 1)} {', '.join(map(str, self.seeds))}"
        budgets = " and ".join(percent(share) for share in self.shares)
        return (
            f"Of the safe forms, {self.arm} was best in its worst condition at {budgets} on {seeds}, by which nothing "
            f"is judged (points from Top-K there: {each})."
        )


def choose(design: Safety, files: Files) -> Choice:
    """The candidate that does best where it does worst; of equals, the safer one."""
    seeds, by = design.choosing, _by(files)
    means = {
        arm: {key: float(np.mean(_differences(by, key, arm, BASELINE, seeds))) for key in conditions(design)}
        for arm in (*design.candidates, CWMP)
    }
    worst = {arm: min(mean for key, mean in means[arm].items() if key[:2] not in design.further)
             for arm in design.candidates}  # fmt: skip
    best = max(reversed(design.candidates), key=lambda arm: worst[arm])
    return Choice(best, worst, frozenset(key for key, mean in means[CWMP].items() if mean > 0), seeds, design.shares)


def conditions(design: Safety) -> list[Key]:
    """In the order of the table."""
    return [
        (cost, share, setting.error_feedback) for setting in design.settings for cost, share in design.conditions
    ]  # fmt: skip


def judged(design: Safety, files: Files, seeds: Sequence[int], choice: Choice) -> list[Judged]:
    """The arms, each with its verdict."""
    by, arms = _by(files), (choice.arm, *design.others)
    tried = {key: _tried(design, key, seeds) for key in conditions(design)}
    made = {arm: [_compared(by, key, arm, other, tried[key], design.margin, other == BASELINE or key in choice.wins)
                  for key in tried for other in (BASELINE, CWMP)] for arm in arms}  # fmt: skip
    binding = {arm: [c for c in some if c.binding] for arm, some in made.items()}
    whole = holm([max(c.p_not_worse for c in binding[arm]) for arm in arms])
    somewhere = iter(holm([c.p_worse for arm in arms for c in binding[arm]]))
    worst = {arm: min(next(somewhere) for _ in binding[arm]) for arm in arms}
    fewest = min(map(len, tried.values()))
    return [
        Judged(arm, tuple(made[arm]), p, worst[arm], *_outcome(p, worst[arm], fewest, len(arms), binding[arm]))
        for arm, p in zip(arms, whole, strict=True)
    ]


def cwmp_compared(design: Safety, files: Files, seeds: Sequence[int]) -> list[Comparison]:
    """CWMP itself against Top-K under every condition, for the table; nothing is judged of it."""
    by = _by(files)
    return [
        _compared(by, key, CWMP, BASELINE, _tried(design, key, seeds), design.margin, False)
        for key in conditions(design)
    ]


def needed(arms: int) -> int:
    """The fewest seeds with which an arm can be found not worse: ``2^-n <= 2.5 %/arms``."""
    return max(MIN_PAIRS, math.ceil(math.log2(arms / HALF)))


def _outcome(p: float, worse: float, seeds: int, arms: int, binding: Sequence[Comparison]) -> tuple[Outcome, str]:
    if p <= HALF:
        return Outcome.HOLDS, f"not worse in all of {len(binding)} comparisons, p = {p:.2g}"
    if worse <= HALF:
        return Outcome.REVERSES, f"worse in some comparison, p = {worse:.2g}"
    if seeds < needed(arms):
        return Outcome.INCONCLUSIVE, f"{seeds} seeds decide nothing of {arms} arms: it takes {needed(arms)}"
    return Outcome.INCONCLUSIVE, f"p = {p:.2g} for not worse everywhere, {worse:.2g} for worse somewhere"


def _tried(design: Safety, key: Key, seeds: Sequence[int]) -> list[int]:
    """Those of ``seeds`` that a condition is tried on."""
    return [seed for seed in seeds if seed in design.tried_on(key[:2])]


def _by(files: Files) -> dict[tuple[Arm, bool, int], RunFile]:
    return {(run.arm, run.setting.error_feedback, run.seed): file for run, file in files.items()}


def _differences(by: Any, key: Key, arm: str, other: str, seeds: Sequence[int]) -> list[float]:
    return [a.final_accuracy - b.final_accuracy for a, b in _pairs(by, key, arm, other, seeds)]


def _pairs(by: Any, key: Key, arm: str, other: str, seeds: Sequence[int]) -> list[tuple[RunFile, RunFile]]:
    cost, share, feedback = key
    return [(by[Arm(cost, share, arm), feedback, seed], by[Arm(cost, share, other), feedback, seed]) for seed in seeds]


def _compared(
    by: Any, key: Key, arm: str, other: str, seeds: Sequence[int], margin: float, binding: bool
) -> Comparison:
    pairs = _pairs(by, key, arm, other, seeds)
    found = [a.final_accuracy - b.final_accuracy for a, b in pairs]
    mean = lambda values: sum(values) / len(values)  # noqa: E731
    return Comparison(
        key, other, mean([a.final_accuracy for a, _ in pairs]), mean([b.final_accuracy for _, b in pairs]),
        paired(found, 1), binding, not_worse(found, margin), not_worse([-d for d in found], -margin),
        mean([a.captured - b.captured for a, b in pairs]), mean([a.honest_gain - b.honest_gain for a, b in pairs]),
    )  # fmt: skip


@dataclass(frozen=True)
class Predicts:
    """Spearman's rank correlation with the difference in accuracy from Top-K, over arms and conditions, by seed.

    Conditions that not all seeds are tried on are left out.

    Attributes:
        pairs: of a seed. defined: those of them in which honest gain is defined in every seed, which its own is over.
    """

    captured: Paired
    honest: Paired
    pairs: int
    defined: int


def what_predicts(design: Safety, files: Files, seeds: Sequence[int], choice: Choice) -> Predicts:
    """Captured norm or honest gain: which difference from Top-K goes with accuracy's? Intervals are over seeds."""
    by, arms = _by(files), (CWMP, choice.arm, *design.others)
    asked = [(k, arm) for k in conditions(design) if len(_tried(design, k, seeds)) == len(seeds) for arm in arms]
    tables = []  # of each seed: differences in accuracy, captured norm and honest gain, shape (pairs, 3)
    for seed in seeds:
        pairs = [pair for key, arm in asked for pair in _pairs(by, key, arm, BASELINE, [seed])]
        tables.append(np.array([[a.final_accuracy - b.final_accuracy, a.captured - b.captured,
                                 a.honest_gain - b.honest_gain] for a, b in pairs]))  # fmt: skip
    defined = np.isfinite([table[:, 2] for table in tables]).all(axis=0)
    norms = [_rank_correlation(table[:, 1], table[:, 0]) for table in tables]
    gains = [_rank_correlation(table[defined, 2], table[defined, 0]) for table in tables]
    return Predicts(paired(norms, 1), paired(gains, 1), len(asked), int(defined.sum()))


def _rank_correlation(x: Floats, y: Floats) -> float:
    if len(set(x.tolist())) < 2 or len(set(y.tolist())) < 2:
        return math.nan
    return float(stats.spearmanr(x, y).statistic)


def verdicts(
    found: Sequence[Judged], design: Safety, files: Files, seeds: Sequence[int], choice: Choice, predicts: Predicts
) -> list[Verdict]:
    """The arms in the form of every other verdict."""
    file, s = next(iter(files.values())), design.settings[0]
    rates = {run.arm.method: run.setting.lr for run in files}
    budgets = ", ".join(percent(share) for share in design.shares) + " of a full update"
    if design.further:
        budgets += f" (and {_further(design)}, on the first {len(design.tried_on(design.further[0]))} seeds)"
    made = []
    for one in found:
        domain = (
            f"{file.data}, {', '.join(design.costs)} costs, budgets {budgets}, error feedback off and "
            f"on; {s.clients} clients, {s.partition}, {s.cohort} a round, {s.steps} steps of {s.batch} at lr "
            f"{rates[one.arm]:g} (Top-K {rates[BASELINE]:g}), {s.rounds} rounds; {seeds_in_words(seeds)}"
        )
        reach = "these networks, data, training and costs; seeds vary the split, the start, cohorts, batches and costs"
        observed: dict[str, Any] = {
            "why": one.why, "margin": design.margin, "family-wise error": ALPHA, "arms": len(found),
            "test": "sign flips of the paired differences plus the margin, exact; intersection-union over conditions, "
                    "Holm over arms", "holm p": one.p, "holm p worse": one.p_worse, "choice": choice.words,
            "rank correlation with accuracy": {
                "pairs a seed": predicts.pairs, "with honest gain": predicts.defined,
                "captured norm": plain(predicts.captured), "honest gain": plain(predicts.honest),
            },
            "comparisons": [_observed(c) for c in one.comparisons],
        }  # fmt: skip
        trials = sum(c.difference.pairs for c in one.comparisons)
        made.append(Verdict(f"{CLAIM}-{one.arm}", "everywhere", one.outcome, domain, reach, trials, observed=observed))
    return [verdict.stamped(seconds=0.0, provenance=file.provenance) for verdict in made]


def _further(design: Safety) -> str:
    """``5 %``, or ``5 % under conv-dear, ratio-3-1`` where that is not under all."""
    costs: dict[str, list[str]] = {}
    for cost, share in design.further:
        costs.setdefault(share, []).append(cost)
    return ", ".join(
        percent(share) if set(some) == set(design.costs) else f"{percent(share)} under {', '.join(some)}"
        for share, some in costs.items()
    )


def _observed(c: Comparison) -> dict[str, Any]:
    cost, share, feedback = c.condition
    return {
        "cost": cost, "share": share, "feedback": feedback, "against": c.against, "accuracy": c.accuracy,
        "other": c.other, "difference": plain(c.difference), "binding": c.binding, "p not worse": c.p_not_worse,
        "p worse": c.p_worse, "captured": c.captured, "honest gain": None if math.isnan(c.honest) else c.honest,
    }  # fmt: skip
