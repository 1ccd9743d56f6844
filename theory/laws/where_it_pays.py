"""Where cost-weighting can pay: each radio and memory with its ceiling, and what an update would save there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from theory.energy.hardware import LARGE, Placement, placements
from theory.laws.power_mean import predicted_saving
from theory.laws.samples import SampleLaw
from theory.layers import Layer


@dataclass(frozen=True)
class Prospect:
    """One update on one placement at one budget share.

    Attributes:
        beta: Top-K's share of what sending everything costs.
        ceiling: what any selector saves at most at Top-K's score on this update (claim D19).
        predicted: by the power-mean law, layer by layer (claim P11). exact: what CWMP saves.
    """

    beta: float
    ceiling: float
    predicted: float
    exact: float


def prospects(
    update: NDArray[np.floating], layers: Sequence[Layer], betas: Sequence[float] = (0.01, 0.1),
    where: Sequence[str] = LARGE,
) -> list[tuple[Placement, tuple[Prospect, ...]]]:  # fmt: skip
    """What every pair of radio and memory leaves to be saved on an update of shape (d,), at each budget share.

    Raises:
        InputError: layers whose kind has no memory, shares outside (0, 1], an update that is 0.
    """
    number = np.repeat(np.arange(len(layers)), [layer.size for layer in layers])
    found = []
    for placement in placements(layers, where):
        costs = placement.model.costs(layers)
        joules = np.array([float(value) for value in costs.values])[np.asarray(costs.labels)]  # type: ignore[arg-type]
        law = SampleLaw.of(update, joules, placement.model.name, layer=number)
        found.append((placement, tuple(_prospect(law, beta) for beta in betas)))
    return found


def _prospect(law: SampleLaw, beta: float) -> Prospect:
    saving = law.saving(beta)
    predicted = predicted_saving(law.groups, saving.profile.tau).saving
    return Prospect(beta, law.ceiling(beta), predicted, saving.at_equal_score.value)
