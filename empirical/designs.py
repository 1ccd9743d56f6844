"""Experiments with a question of their own, beside the presets that compare every method with Top-K.

    paper    the paper's setting: equal sparsity against equal joules, and which costs would make its claim hold
    safe     is there a selector that is nowhere worse than Top-K and keeps what CWMP gains?

Each has a small form for two cores. What is known of the paper's setting beyond its abstract is one second-hand
summary, unverified: :data:`SECOND_HAND`. Whatever is printed of ``paper`` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product

from empirical.prices import LAYER_LOGNORMAL, LOGNORMAL, NOR, by_kind
from empirical.records import RunFile
from empirical.setting import Arm, Limit, Run, Setting
from empirical.training.compress import BASELINE, CWMP, DENSE, LEARNT_JOULES, LEARNT_SAFE, SAFE

SECOND_HAND = (
    "Of the paper only its abstract was at hand. That it trains ResNet-18 on non-IID CIFAR-10 with 10 simulated "
    "clients, orders by |g|/c, compares with Top-K at equal sparsity of 1, 5, 10 and 20 %, without error feedback, and "
    "counts the energy of a single round, is one second-hand summary, unverified. Its costs, Dirichlet parameter, "
    "rounds and learning rates are not known: those here are chosen."
)
PAPERS_SCORE = "cwmp-l1"
TUNING_SEED, TUNING_SHARE = 1000, "0.01"
CHOOSING_SEEDS = (1001, 1002, 1003)
_DIGITS = 10**9  # a budget of equal joules is cut off after nine decimals

Files = Mapping[Run, RunFile]


@dataclass(frozen=True)
class Design:
    """What both have.

    Attributes:
        name, summary: what it is for.
        settings: the federated settings, alike but for error feedback, the main one first.
        costs: cost models. shares: sparsities or shares of the energy. seeds: of the paired runs.
        rates: learning rates to choose from, per method; one is not tuned. device: ``cpu`` or ``cuda``.
        source: the data it brings along, or None when it needs a folder.
    """

    name: str
    summary: str
    settings: tuple[Setting, ...]
    costs: tuple[str, ...]
    shares: tuple[str, ...]
    seeds: tuple[int, ...]
    rates: tuple[float, ...] = (0.03, 0.06, 0.1, 0.2)
    device: str = "cpu"
    source: str | None = None

    def run(self, setting: Setting, arm: Arm, seed: int, source: str, rates: Mapping[str, float]) -> Run:
        """One run, at the rate of its method."""
        return Run(replace(setting, lr=rates[arm.method]), arm, seed, source, self.device)


@dataclass(frozen=True)
class Paper(Design):
    """The paper's setting.

    Attributes:
        plane: further cost models, for the plane of outcomes; in the main setting only.
        method: the paper's score.
    """

    plane: tuple[str, ...] = ()
    method: str = PAPERS_SCORE

    @property
    def methods(self) -> tuple[str, ...]:
        """Whose learning rates are tuned."""
        return (DENSE, BASELINE, self.method)

    def costs_of(self, setting: Setting) -> tuple[str, ...]:
        """The cost models of a setting."""
        return (*self.costs, *(self.plane if setting == self.settings[0] else ()))

    def tuning_runs(self, source: str) -> list[Run]:
        """Every method at each rate in the main setting, at :data:`TUNING_SHARE` of the coordinates."""
        arms = [Arm("uniform", "1", DENSE), sparse("uniform", TUNING_SHARE, BASELINE),
                *(sparse(cost, TUNING_SHARE, self.method) for cost in self.costs)]  # fmt: skip
        rates = [dict.fromkeys(self.methods, rate) for rate in self.rates]
        return [self.run(self.settings[0], arm, TUNING_SEED, source, rate) for rate in rates for arm in arms]

    def runs(self, seed: int, source: str, rates: Mapping[str, float]) -> list[Run]:
        """Dense, Top-K and the paper's rule at equal sparsity.

        What Top-K sends does not depend on costs: one run stands for all models in which a kind of layer has one price.
        """
        found = []
        for setting in self.settings:
            costs = self.costs_of(setting)
            bases = dict.fromkeys(baseline_cost(cost) for cost in costs)
            arms = [Arm("uniform", "1", DENSE), *(sparse(*x, BASELINE) for x in product(bases, self.shares)),
                    *(sparse(*x, self.method) for x in product(costs, self.shares))]  # fmt: skip
            found += [self.run(setting, arm, seed, source, rates) for arm in arms]
        return found

    def equal_joules(self, files: Files) -> list[Run]:
        """For each run of the paper's rule, Top-K with as many joules: in each round what that run spent on average."""
        return [
            replace(run, arm=Arm(run.arm.cost, spent_share(file), BASELINE))
            for run, file in files.items() if run.arm.method == self.method
        ]  # fmt: skip


@dataclass(frozen=True)
class Safety(Design):
    """The search for a selector that never loses.

    Attributes:
        further: pairs of a cost model and a budget that are tried beside every one of ``costs`` with every one of
            ``shares``, on the first ``further_seeds`` seeds.
        margin: of accuracy, stated beforehand: what is less than that below counts as not worse.
        candidates: forms of Safe CWMP of which one is chosen, on seeds that judge nothing. others: further arms judged.
        choosing: these seeds.
    """

    further: tuple[tuple[str, str], ...] = ()
    further_seeds: int = 0
    margin: float = 0.005
    candidates: tuple[str, ...] = ("safe-0.5", SAFE, "safe-0.9")
    others: tuple[str, ...] = (LEARNT_SAFE, LEARNT_JOULES)
    choosing: tuple[int, ...] = CHOOSING_SEEDS

    @property
    def methods(self) -> tuple[str, ...]:
        """Whose learning rates are tuned."""
        return (DENSE, BASELINE, CWMP, *self.candidates, *self.others)

    @property
    def conditions(self) -> list[tuple[str, str]]:
        """Cost models and budgets under which every arm is run, in the order of the table."""
        every = {*product(self.costs, self.shares), *self.further}
        return sorted(every, key=lambda one: (self.costs.index(one[0]), float(one[1])))

    def tried_on(self, condition: tuple[str, str]) -> tuple[int, ...]:
        """The seeds of a condition."""
        return self.seeds[: self.further_seeds] if condition in self.further else self.seeds

    def tuning_runs(self, source: str) -> list[Run]:
        """Every method under every cost model at each rate, in the main setting, at :data:`TUNING_SHARE`."""
        arms = [Arm("uniform", "1", DENSE), *_arms(self.methods[1:], product(self.costs, (TUNING_SHARE,)))]
        rates = [dict.fromkeys(self.methods, rate) for rate in self.rates]
        return [self.run(self.settings[0], arm, TUNING_SEED, source, rate) for rate in rates for arm in arms]

    def choosing_runs(self, source: str, rates: Mapping[str, float]) -> list[Run]:
        """Top-K, CWMP and the candidates on the choosing seeds."""
        arms = _arms((BASELINE, CWMP, *self.candidates), self.conditions)
        return [self.run(s, arm, seed, source, rates) for seed in self.choosing for s in self.settings for arm in arms]

    def runs(self, seeds: Iterable[int], chosen: str, source: str, rates: Mapping[str, float]) -> list[Run]:
        """Top-K, CWMP, the chosen candidate and the other arms, seed by seed."""
        arms = _arms((BASELINE, CWMP, chosen, *self.others), self.conditions)
        return [
            self.run(s, arm, seed, source, rates)
            for seed in seeds for s in self.settings for arm in arms if seed in self.tried_on((arm.cost, arm.share))
        ]  # fmt: skip


def sparse(cost: str, share: str, method: str) -> Arm:
    """An arm at a share of the coordinates."""
    limit: Limit = "coordinates"
    return Arm(cost, share, method, limit)


def baseline_cost(cost: str) -> str:
    """The cost model under which Top-K at equal sparsity is run in place of ``cost``."""
    return "uniform" if by_kind(cost) else cost


def spent_share(file: RunFile) -> str:
    """The mean energy of a client's round, as a decimal share of sending everything; what is cut off is not spent."""
    clients = sum(len(record.cohort) - len(record.dropped) for record in file.records)
    whole, digits = divmod(int(file.energy / clients * _DIGITS), _DIGITS)
    return f"{whole}.{digits:09d}".rstrip("0").rstrip(".")


_PAPER = Setting(clients=10, cohort=10, error_feedback=False, rounds=100, steps=20, batch=32, model="resnet-18")
_PAPER_SMALL = Setting(clients=10, cohort=10, error_feedback=False, rounds=20, evaluate_every=4, final=2)
_SAFE = Setting(error_feedback=False)
_SAFE_SMALL = replace(_SAFE, rounds=25)
_SAFE_COSTS = ("uniform", "fc-dear", "conv-dear", "ratio-3-1", LOGNORMAL, LAYER_LOGNORMAL, NOR)
_SPARSITIES = ("0.01", "0.05", "0.1", "0.2")


def _arms(methods: Iterable[str], conditions: Iterable[tuple[str, str]]) -> list[Arm]:
    return [Arm(*condition, method) for condition, method in product(conditions, methods)]


def _both(setting: Setting) -> tuple[Setting, ...]:
    return setting, replace(setting, error_feedback=True)


_TABLE: tuple[Paper | Safety, ...] = (
    Paper(
        "paper",
        "the paper's setting on ResNet-18, at second hand, for one GPU: equal sparsity and equal joules",
        _both(_PAPER),
        ("fc-dear", "conv-dear", LOGNORMAL),
        _SPARSITIES,
        tuple(range(11)),
        device="cuda",
        plane=("ratio-1-100", "ratio-1-3", "ratio-3-1", "ratio-100-1"),
    ),
    Paper(
        "paper-small",
        "the same clients, sparsities and rules on the small CNN, for two cores: five seeds in half an hour",
        _both(_PAPER_SMALL),
        ("fc-dear", "conv-dear"),
        _SPARSITIES,
        tuple(range(10)),
        rates=(0.1,),
        plane=("ratio-1-100", "ratio-100-1"),
    ),
    Safety(
        "safe",
        "a selector that never loses: seven cost models, two budgets, with and without feedback, for one GPU",
        _both(_SAFE),
        _SAFE_COSTS,
        ("0.01", "0.05"),
        tuple(range(13)),
        device="cuda",
    ),
    Safety(
        "safe-small",
        "the same, at 5 % on fewer seeds; half as many rounds, one learning rate, for two cores",
        _both(_SAFE_SMALL),
        _SAFE_COSTS,
        ("0.01",),
        tuple(range(11)),
        rates=(0.1,),
        further=tuple((cost, "0.05") for cost in _SAFE_COSTS),
        further_seeds=8,
        choosing=CHOOSING_SEEDS[:1],
    ),
)

DESIGNS: dict[str, Paper | Safety] = {design.name: design for design in _TABLE}
