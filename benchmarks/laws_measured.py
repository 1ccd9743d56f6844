"""Laws against what is measured: the saving of real updates, and how tight the bounds on the lost score are."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from theory.files.updates import read_layers, read_update
from theory.laws.deviation import AnyLaw
from theory.laws.inputs import given_laws
from theory.laws.joint import Law
from theory.laws.lost_score import lost_at_least, lost_at_most, mean_loss
from theory.laws.parse import law_of
from theory.laws.power_mean import predicted_saving
from theory.laws.samples import SampleLaw

BETAS = (0.005, 0.01, 0.05, 0.1, 0.3)
DRAWN = tuple(f"lognorm(s={s})" for s in (0.2, 0.5, 1, 1.5))
FAILURE, TRIALS, SIZE = 0.05, 200, 10_000
EACH_LAYER = "per-layer lognormal"


def costs_by_layer(layers: Path, d: int, seed: int) -> dict[str, str]:
    """Texts of costs that differ by layer, by the name in the tables."""
    drawn = np.random.default_rng(seed).lognormal(0, 1, len(read_layers(layers, d)))
    each = ",".join(f"{x.name}={c:.6g}" for x, c in zip(read_layers(layers, d), drawn, strict=True))
    return {"fc-dear": "fc-dear", "conv-dear": "conv-dear", "fc 3": "fc=3,rest=1", "rest 3": "fc=1,rest=3",
            EACH_LAYER: each}  # fmt: skip


def updates(files: Sequence[tuple[Path, Path]], seed: int) -> Iterator[tuple[str, str, bool, SampleLaw]]:
    """Every update under every cost model: its name, the costs' name, whether they are by layer, the data.

    Args:
        files: each with its layers.
    """
    for path, layers in files:
        by_layer = costs_by_layer(layers, read_update(path).update.size, seed)
        for name, text in {**by_layer, **{text: text for text in DRAWN}}.items():
            (data,) = given_laws(None, [path], text, layers=layers, seed=seed)
            assert isinstance(data, SampleLaw)
            yield path.stem, name, name in by_layer, data


def measured_saving(data: SampleLaw, beta: float) -> dict[str, Any]:
    """One row of the table of real updates: exact, by P11 (layer by layer and as one), by P6, the ceiling."""
    saving = data.saving(beta)
    tau, exact = saving.profile.tau, saving.at_equal_score
    whole = SampleLaw(data.magnitude, data.cost, data.name)
    means = predicted_saving(data.groups, tau)
    elastic = dict(zip(("elasticity", "elasticity_error"), saving.profile.elasticity, strict=True))
    return {
        "saving": exact.value, "saving_error": exact.error, "saving_P11": means.saving, "index": means.index,
        "groups": means.groups, "saving_P11_layers_unknown": predicted_saving(whole.groups, tau).saving,
        "saving_P6": saving.profile.saving, "ceiling": data.ceiling(beta),
        "gain": saving.at_equal_energy.value, "gain_error": saving.at_equal_energy.error,
        "gain_P5": saving.profile.advantage, "spread": saving.profile.spread, "tail": saving.profile.tail, **elastic,
    }  # fmt: skip


def update_rows(files: Sequence[tuple[Path, Path]], seed: int) -> list[dict[str, Any]]:
    """Predicted and measured saving and gain of real updates."""
    rows = []
    for update, cost, by_layer, data in updates(files, seed):
        print(f"{update}, {cost}", file=sys.stderr, flush=True)
        head = {"update": update, "d": data.cost.size, "cost": cost, "by_layer": by_layer}
        rows += [{**head, "beta": beta, **measured_saving(data, beta)} for beta in BETAS]
    return rows


def losses(law: AnyLaw, d: int, beta: float, rng: np.random.Generator) -> tuple[float, float]:
    """Score lost per coordinate by the relaxation and by the prefix, on one draw, in float64."""
    magnitude, cost = law.sample(rng, d)
    p = magnitude**2
    order = np.argsort(-p / cost, kind="stable")
    spent, below = np.cumsum(cost[order]), np.cumsum(p[order][::-1])[::-1]
    k = min(int(np.searchsorted(spent, beta * cost.sum(), side="right")), d - 1)
    part = (beta * cost.sum() - (spent[k - 1] if k else 0.0)) / cost[order[k]]
    return float(below[k] - part * p[order[k]]) / d, float(below[k]) / d


def loss_rows(magnitudes: Mapping[str, str], costs: Mapping[str, str], seed: int) -> list[dict[str, Any]]:
    """P13 over the table of laws: each bound over what is seen, and its deviation over the deviation seen."""
    rows: list[dict[str, Any]] = []
    for (g, magnitude), (c, cost) in itertools.product(magnitudes.items(), costs.items()):
        law: Law = law_of(magnitude, cost)
        method = "bernstein" if math.isfinite(law.cost.upper) else "chebyshev"
        for beta in (0.01, 0.1):
            head = {"magnitude": g, "cost": c, "beta": beta, "d": SIZE, "method": method}
            ends = [f(law, beta, SIZE, FAILURE, method) for f in (lost_at_least, lost_at_most)]  # type: ignore[arg-type]
            if any(end.limit is None for end in ends):
                rows.append({**head, "why": ends[0].why or ends[1].why})
                continue
            rng = np.random.default_rng(seed)
            seen = np.array([losses(law, SIZE, beta, rng) for _ in range(TRIALS)])
            low, high, mean = float(ends[0].limit or 0), float(ends[1].limit or 0), mean_loss(law, beta)
            floor, top = float(np.quantile(seen[:, 0], FAILURE)), float(np.quantile(seen[:, 1], 1 - FAILURE))
            rows.append({
                **head, "mean": mean, "low": low, "high": high, "seen_low": floor, "seen_high": top,
                "violations": [int((seen[:, 0] < low).sum()), int((seen[:, 1] > high).sum())], "trials": TRIALS,
                "over_seen": [floor / low, high / top],
                "deviations": [(mean - low) / (mean - floor), (high - mean) / (top - mean)],
            })  # fmt: skip
    return rows
