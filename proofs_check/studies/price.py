"""One price for all clients against equal joules each (claims D21, P14), by how much the clients' norms differ.

    exact       score retained at equal joules, one price over equal budgets; joules saved at equal score, both of the
                relaxations, in rational numbers
    predicted   (M_a(s)/M_2(s))^2   and   1 - (M_2/M_a)^(2a/(a-2)),   power means of the scales (P14)

Client k's magnitudes are s_k times those of one law, the scales lognormal quantiles. The law is a power law, which
P14 is about, or has the shape of real updates, for which there is no prediction. ``covered`` says whether every
threshold in play lies in the power tail of every client, as P14 asks.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import special

from proofs_check.studies.study import Progress, silent
from theory.instance import CostClasses
from theory.laws.clients import price_law
from theory.laws.parse import magnitude_law
from theory.optimum.pooled import PriceGain, price_gain

LAWS = {"power law, index 4": ("pareto(b=4)", 4.0), "generalised normal 0.65": ("gennorm(beta=0.65)", None)}
SIGMAS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25)  # of log(s_k)
COSTS, SHARE = (1, 2, 3), Fraction(1, 100)


def price(
    seed: int = 0, *, clients: int = 10, dim: int = 20_000, sigmas: tuple[float, ...] = SIGMAS,
    progress: Progress = silent,
) -> dict[str, Any]:  # fmt: skip
    """Both gains by law and spread of scales, at ``SHARE`` of the joules of sending everything.

    Args:
        dim: coordinates of each client. sigmas: spreads of ``log s_k``.
    """
    quantiles = special.ndtri((np.arange(clients) + 0.5) / clients)
    work = [(name, sigma) for name in LAWS for sigma in sigmas]
    rows = []
    for done, (name, sigma) in enumerate(work, 1):
        text, index = LAWS[name]
        rng = np.random.default_rng([seed, list(LAWS).index(name)])  # the same draws for every spread
        scales = np.exp(sigma * quantiles)
        updates = [s * magnitude_law(text).sample(rng, dim) for s in scales]
        costs = [CostClasses(rng.integers(0, len(COSTS), dim), COSTS) for _ in scales]
        spent = sum((Fraction(int(np.array(COSTS)[one.labels].sum())) for one in costs), Fraction(0))
        found = price_gain(updates, costs, SHARE * spent)
        row = {"law": name, "sigma": sigma, "scales": [float(s) for s in scales],
               "retained": float(found.one / found.equal), "saving": float(found.saving)}  # fmt: skip
        if index is not None:
            law = price_law(scales, index)
            row |= {"predicted": [law.retained, 1 - law.energy], "covered": _covered(found, scales)}
        rows.append(row)
        progress(done / len(work))
    return {
        "parameters": {"seed": seed, "clients": clients, "dim": dim, "share": float(SHARE), "costs": COSTS,
                       "sigmas": sigmas},
        "laws": {name: {"law": text, "index": index} for name, (text, index) in LAWS.items()},
        "rows": rows,
    }  # fmt: skip


def _covered(found: PriceGain, scales: np.ndarray) -> bool:
    """Whether the cheapest item's threshold, under one price and under each client's own, is above ``s_k``."""
    cheapest = min(COSTS) / found.unit
    own = all(math.sqrt(p * cheapest) >= s for p, s in zip(found.prices, scales, strict=True))
    return own and math.sqrt(found.price * cheapest) >= float(scales.max())
