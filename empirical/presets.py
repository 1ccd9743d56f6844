"""Named experiments: a setting, the arms that are compared, and the seeds they are paired by.

    smoke      offline, on synthetic images: does everything work here? Says nothing about CIFAR-10.
    credible   CIFAR-10 on two cores: the paper's claim and its negative control, ten seeds.
    full       CIFAR-10 on a GPU: every method under every cost model, seven budgets, longer training.
    neighbours CIFAR-10 on two cores: published neighbours, under the same ledger; also in a small form.

Two more, each also in a small form, ask questions of their own: ``paper`` and ``safe`` of :mod:`empirical.designs`.

Learning rates are tuned per method on a seed that no result uses (:mod:`empirical.runs.tuning`); ``smoke`` has one to
try. Where CWMP's best rate is not Top-K's, it also runs at Top-K's: a difference may be one of rates. Seeds are as many
as it takes to decide any of the contests judged together (:func:`empirical.judgement.paired.needed`); ``smoke`` has
three.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

from empirical.designs import DESIGNS, Paper, Safety
from empirical.images.cifar10 import SYNTHETIC
from empirical.prices import LOGNORMAL
from empirical.setting import Arm, Run, Setting
from empirical.training.compress import BASELINE, CWMP, DENSE, HARD_THRESHOLD, ONE_PRICE
from theory.errors import InputError

DENSE_ARM = Arm("uniform", "1", DENSE)
TUNING_SEED, TUNING_SHARE = 1000, "0.01"  # results have other seeds


@dataclass(frozen=True)
class Preset:
    """An experiment.

    Attributes:
        name, summary: what it is for.
        setting: of every run. costs, shares, methods: every combination is an arm; ``dense`` is added once.
        seeds: of the paired runs. rates: learning rates to choose from, per method; one is not tuned.
        device: ``cpu`` or ``cuda``.
        source: the data it brings along, or None when it needs a folder.
    """

    name: str
    summary: str
    setting: Setting
    costs: tuple[str, ...]
    shares: tuple[str, ...]
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    rates: tuple[float, ...] = (0.03, 0.06, 0.1, 0.2)
    device: str = "cpu"
    source: str | None = None

    @property
    def arms(self) -> tuple[Arm, ...]:
        """What is compared; the baseline comes first."""
        methods = (BASELINE, *(method for method in self.methods if method != BASELINE))
        return (DENSE_ARM, *(Arm(*parts) for parts in product(self.costs, self.shares, methods)))

    def tuning_runs(self, source: str) -> list[Run]:
        """Every method under every cost model at each rate, on :data:`TUNING_SEED`, at :data:`TUNING_SHARE`."""
        arms = [arm for arm in self.arms if arm == DENSE_ARM or arm.share == TUNING_SHARE]
        return [self._run(arm, TUNING_SEED, rate, source) for rate in self.rates for arm in arms]

    def runs(self, source: str, rates: Mapping[str, float]) -> list[Run]:
        """Every run, seed by seed: an experiment that is stopped early has whole pairs.

        Args:
            rates: method to learning rate.
        """
        return [self._run(arm, seed, rates[arm.method], source) for seed in self.seeds for arm in self.arms]

    def same_rate_runs(self, source: str, rates: Mapping[str, float]) -> list[Run]:
        """The paper's method again at Top-K's learning rate, seed by seed; none where it has that rate anyway."""
        rate = rates[BASELINE]
        arms = [arm for arm in self.arms if arm.method == CWMP and rates[CWMP] != rate]
        return [self._run(arm, seed, rate, source) for seed in self.seeds for arm in arms]

    def _run(self, arm: Arm, seed: int, rate: float, source: str) -> Run:
        return Run(replace(self.setting, lr=rate), arm, seed, source, self.device)


_SMALL = Setting(clients=20, cohort=5, rounds=10, evaluate_every=2, final=2)
_LONG = Setting(clients=100, steps=50, batch=32, rounds=150, evaluate_every=5)
_SCORES = (BASELINE, CWMP, "cwmp-l1")
_BEYOND = ("per-layer", "curvature")
_NEIGHBOURS = (HARD_THRESHOLD, ONE_PRICE, "layer-wise")

_TABLE = (
    Preset(
        "smoke",
        "synthetic images, offline: does everything work here?",
        _SMALL,
        ("uniform", "fc-dear"),
        ("0.01", "0.05"),
        (BASELINE, CWMP, "curvature"),
        (0, 1, 2),
        rates=(0.1,),
        source=SYNTHETIC,
    ),
    Preset(
        "credible",
        "CIFAR-10 on two cores: the claim, its negative control, ten paired seeds",
        Setting(),
        ("fc-dear", "conv-dear", LOGNORMAL),
        ("0.01", "0.05"),
        (*_SCORES, "random-k", *_BEYOND),
        tuple(range(10)),
    ),
    Preset(
        "full",
        "CIFAR-10 on a GPU: every method and cost model, seven budgets, longer training",
        _LONG,
        ("uniform", "fc-dear", "conv-dear", LOGNORMAL, "memory-only", "ble-dram"),
        ("0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.3"),
        (*_SCORES, "random-k", *_BEYOND),
        tuple(range(11)),
        device="cuda",
    ),
    Preset(
        "neighbours",
        "CIFAR-10 on two cores: hard threshold, one price, layer-wise budgets beside Top-K and CWMP, ten paired seeds",
        Setting(),
        ("fc-dear", "conv-dear", LOGNORMAL),
        ("0.01", "0.05"),
        (BASELINE, CWMP, *_NEIGHBOURS, "random-k"),
        tuple(range(10)),
    ),
    Preset(
        "neighbours-small",
        "the same without random-K; half as many rounds, one learning rate, nine paired seeds",
        Setting(rounds=25),
        ("fc-dear", "conv-dear", LOGNORMAL),
        ("0.01", "0.05"),
        (BASELINE, CWMP, *_NEIGHBOURS),
        tuple(range(9)),
        rates=(0.1,),
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in _TABLE}
Chosen = Preset | Paper | Safety


def preset(name: str, *, to_run: bool = True, device: str | None = None, seeds: int | None = None) -> Chosen:
    """The preset called ``name``.

    Args:
        to_run: whether it must fit this machine.
        device: ``cpu`` or ``cuda`` in place of its own. seeds: how many of its seeds, the first ones; all by default.

    Raises:
        InputError: there is none, it has fewer seeds, or it does not fit this machine.
    """
    every: dict[str, Chosen] = {**PRESETS, **DESIGNS}
    if name not in every:
        raise InputError(f"no preset {name!r}; the presets are {', '.join(every)}")
    found = every[name]
    if seeds is not None and not 1 <= seeds <= len(found.seeds):
        raise InputError(f"preset {name!r} has {len(found.seeds)} seeds, got {seeds}")
    found = replace(found, device=device or found.device, seeds=found.seeds[:seeds])
    if to_run and found.device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise InputError(f"{name} on a CUDA GPU: PyTorch sees none; credible runs on two CPU cores")
    return found
