"""Where cost-weighting can pay: what it saves against the ratio of radio to memory (claims D19, P11).

    costs       x + 1 where a tensor lives in the memory, x elsewhere: x is the radio's joules per coordinate over the
                memory's
    ceiling     1/(1 + x), what any selector saves at most at Top-K's score, whatever the update
    exact       what CWMP saves on the update drawn here,   predicted   by the power-mean law, layer by layer

Real radios and memories are points of the same plane: there the rest lives in SRAM, which is not quite free.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from proofs_check.studies.study import Progress, silent
from theory.energy.hardware import LARGE, MEMORIES, RADIOS
from theory.laws.parse import magnitude_law
from theory.laws.power_mean import predicted_saving
from theory.laws.samples import SampleLaw
from theory.laws.where_it_pays import prospects
from theory.layers import Layer

LAW = "gennorm(beta=0.65)"  # the shape of real updates
LAYERS = (Layer("conv", (40_000,), "conv"), Layer("fc", (60_000,), "fc"))
BETAS = (0.01, 0.1)
RATIOS = tuple(float(f"{x:.3g}") for x in np.logspace(-3, 5, 33))


def hardware(seed: int = 0, *, ratios: tuple[float, ...] = RATIOS, progress: Progress = silent) -> dict[str, Any]:
    """Savings over a range of ratios, and those of every named pair of radio and memory.

    Args:
        ratios: joules of the radio over those of the memory, per coordinate.
    """
    update = magnitude_law(LAW).sample(np.random.default_rng(seed), sum(layer.size for layer in LAYERS))
    number = np.repeat(np.arange(len(LAYERS)), [layer.size for layer in LAYERS])
    dear = np.array([layer.kind in LARGE for layer in LAYERS])[number]
    curve = []
    for done, x in enumerate(ratios, 1):
        law = SampleLaw.of(update, x + dear, f"radio {x:g} times the memory", layer=number)
        curve.append({"ratio": x, "ceiling": 1 / (1 + x), "savings": [_saving(law, beta) for beta in BETAS]})
        progress(0.6 * done / len(ratios))
    points = []
    for placement, found in prospects(update, LAYERS, BETAS):
        written = placement.model.word_bits * placement.memory.write.exact
        sent = max(Fraction(cost) for cost in placement.model.costs(LAYERS).values) - written
        points.append({
            "radio": placement.radio, "memory": placement.memory.name, "ratio": float(sent / written),
            "ceiling": float(placement.ceiling),
            "savings": [{"beta": p.beta, "exact": p.exact, "predicted": p.predicted} for p in found],
        })  # fmt: skip
    progress(1.0)
    return {
        "parameters": {"seed": seed, "betas": BETAS, "ratios": ratios, "radios": list(RADIOS),
                       "memories": [memory.name for memory in MEMORIES]},
        "data": {"source": "drawn", "law": LAW, "d": update.size, "dear": float(dear.mean())},
        "curve": curve,
        "points": points,
    }  # fmt: skip


def _saving(law: SampleLaw, beta: float) -> dict[str, float]:
    saving = law.saving(beta)
    predicted = predicted_saving(law.groups, saving.profile.tau).saving
    return {"beta": beta, "exact": saving.at_equal_score.value, "predicted": predicted}
