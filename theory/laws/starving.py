"""Layers that plain CWMP starves beside Top-K at the same energy: what safety (claim D23) would owe them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from theory.arithmetic.exact import Real
from theory.laws.efficiency import check_share
from theory.laws.marginals import Floats
from theory.laws.sample_frontier import SampleFrontier
from theory.laws.samples import SampleLaw

SAFETY = 0.8  # of what Top-K keeps: the share that Safe CWMP owes each layer by default


@dataclass(frozen=True)
class StarvedLayer:
    """A layer where CWMP keeps less than ``SAFETY`` of what Top-K does.

    Attributes:
        layer: its name, or its number where it has none. cwmp, top_k: share of the layer's own ``||g||^2`` kept.
        missing: share of what safety owes the layer that it does not get.
    """

    layer: str
    cwmp: float
    top_k: float
    missing: float


def starved_layers(law: SampleLaw, beta: Real) -> list[StarvedLayer]:
    """The layers that CWMP starves at the budget share ``beta``, the worst first; none where layers are not known.

    Both rules take the item at the edge in part, as everywhere in the laws of data.

    Raises:
        InputError: ``beta`` outside (0, 1].
    """
    energy = min(check_share(beta), law.support_share) * float(law.cost.sum())
    if law.layer is None:
        return []
    whole = np.bincount(law.layer, weights=law.score)
    kept, top = (_by_layer(law, frontier, energy, whole.size) for frontier in (law._by_density, law._by_magnitude))
    found = []
    for k in np.flatnonzero(kept < SAFETY * top * (1 - 1e-12)):  # sums in another order differ in the last digits
        name = law.layer_names[k] if law.layer_names else f"layer {k}"
        missing = 1 - kept[k] / (SAFETY * top[k])
        found.append(StarvedLayer(name, float(kept[k] / whole[k]), float(top[k] / whole[k]), float(missing)))
    return sorted(found, key=lambda one: -one.missing)


def starved_fields(law: Any, beta: Real) -> list[dict[str, Any]]:
    """The same as plain data; none for a law that is no data."""
    return [asdict(one) for one in starved_layers(law, beta)] if isinstance(law, SampleLaw) else []


def _by_layer(law: SampleLaw, frontier: SampleFrontier, energy: float, layers: int) -> Floats:
    """Score that the prefix of an order keeps in each layer."""
    assert law.layer is not None
    count = frontier.count_at(energy)
    whole = int(count)
    items = frontier.order[:whole]
    kept: Floats = np.bincount(law.layer[items], law.score[items], layers).astype(np.float64)
    if whole < frontier.order.size:
        edge = frontier.order[whole]
        kept[law.layer[edge]] += (count - whole) * law.score[edge]
    return kept
