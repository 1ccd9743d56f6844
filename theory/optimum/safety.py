"""The relaxation of Safe CWMP, solved exactly, and its dual, which certifies it (claim D23).

    maximise sum p_i z_i   subject to   sum c_i z_i <= B,  0 <= z <= 1,  sum_{i in l} p_i z_i >= n_l  in every layer l

with ``n_l = safety * p(Top-K, l)``, over the affordable items. For every ``lambda >= 0`` and ``mu_l >= 0``

    D = lambda B - sum_l mu_l n_l + sum_l sum_{i in l} ((1 + mu_l) p_i - lambda c_i)+

is at least the value of every mask that keeps budget and safety: CWMP, with the scores of starved layers raised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import Real, exact_sum
from theory.instance import Instance
from theory.layers import Layer
from theory.optimum.duals import to_float
from theory.selection.layered import layered
from theory.selection.order import eligible
from theory.selection.reserves import owed_by_top_k, unused_part, with_reserves
from theory.selection.rounding import Selection
from theory.selection.safe import as_safety

_CHUNK = 1 << 18
_ROUNDING = 2.0**-49  # bounds the relative error of fl((1 + mu) p - lambda c) against the sum of both terms


@dataclass(frozen=True, eq=False)
class SafeRelaxation:
    """Optimal primal-dual pair of the relaxation, exact.

    Attributes:
        value: the optimum, as the primal solution has it. dual: ``D`` at the prices below; equal unless a float64
            update's squares, which are rounded for the order, tie closer than rounding: then it is the bound.
        threshold: ``lambda``. raised: ``mu_l`` of each layer, 0 where it is not starved. owed: ``n_l``.
        whole: bool mask of shape (d,) of the items taken whole. parts: the shares of those taken in part.
    """

    value: Fraction
    dual: Fraction
    threshold: Fraction
    raised: tuple[Fraction, ...]
    owed: tuple[Fraction, ...]
    whole: NDArray[np.bool_]
    parts: dict[int, Fraction]

    def gap(self, selection: Selection) -> Fraction:
        """By how much a safe selection is at most below the best safe mask."""
        return self.dual - selection.retained


def relax_safe(instance: Instance, layers: Sequence[Layer | int], safety: Real = "0.8") -> SafeRelaxation:
    """Solve the relaxation of :func:`theory.selection.safe.safe` exactly, and certify the solution by its dual.

    Raises:
        InputError: as :func:`theory.selection.safe.safe`.
    """
    share, problem = as_safety(safety), layered(instance, layers)
    owed = owed_by_top_k(problem, share)
    mask = np.empty(instance.d, dtype=bool)
    solved = with_reserves(problem, owed, mask=mask, in_parts=True)
    assert solved is not None  # reserves in parts cost no more than Top-K's mask
    parts: dict[int, Fraction] = {}
    for layer, reserve in solved.reserves.items():
        unused = unused_part(problem, owed, layer, reserve, mask)
        if unused and reserve.last is not None:
            parts[reserve.last] = 1 - unused
    s, reserved = solved.prefix.critical_item, sum((r.cost for r in solved.reserves.values()), Fraction(0))
    threshold = Fraction(0)
    if s is not None:
        left = solved.left - (solved.prefix.spent - reserved)
        parts[s] = left / Fraction(float(instance.cost[s]))
        threshold = instance.exact_score(s) / Fraction(float(instance.cost[s]))
    mask[list(parts)] = False
    value = instance.retained(mask) + sum((z * instance.exact_score(i) for i, z in parts.items()), Fraction(0))
    raised = [Fraction(0)] * len(problem.spans)
    for layer, reserve in solved.reserves.items():
        if reserve.last is not None:
            last = Fraction(float(instance.cost[reserve.last])) / instance.exact_score(reserve.last)
            raised[layer] = max(threshold * last - 1, Fraction(0))
    needs = tuple(owed.to(problem, k).exactly() for k in range(len(problem.spans)))
    dual = safe_bound(instance, layers, needs, threshold, raised)
    return SafeRelaxation(value, dual, threshold, tuple(raised), needs, mask, parts)


def safe_bound(
    instance: Instance, layers: Sequence[Layer | int], owed: Sequence[Fraction], threshold: Fraction,
    raised: Sequence[Fraction],
) -> Fraction:  # fmt: skip
    """``D``, exactly, whatever the prices: no mask within the budget that keeps ``owed`` in every layer retains more.

    Neither order nor search is used: every item is looked at by itself.

    Args:
        owed: ``n_l >= 0``. threshold: ``lambda >= 0``. raised: ``mu_l >= 0``.
    """
    total = threshold * instance.budget
    for (start, end), need, more in zip(layered(instance, layers).spans, owed, raised, strict=True):
        items = _worth(instance, start, end, threshold, 1 + more)
        kept = instance.retained(items)  # type: ignore[arg-type]
        total += (1 + more) * kept - threshold * exact_sum(instance.cost[items]) - more * need
    return total


def _worth(instance: Instance, start: int, end: int, price: Fraction, factor: Fraction) -> NDArray[np.intp]:
    """The affordable items of a span with ``factor p > price c``: by floats, exactly where rounding could decide."""
    found, floats = [np.empty(0, np.intp)], (to_float(price), to_float(factor))
    sure = all(x == 0 or 1e-290 < x < 1e290 for x in floats)
    for first in range(start, end, _CHUNK):
        last = min(first + _CHUNK, end)
        p, c = instance.score[first:last], instance.cost[first:last]
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            gain, loss = floats[1] * p, floats[0] * c
            margin = _ROUNDING * (gain + loss) + 1e-300
            above, doubt = gain - loss > margin, ~(np.abs(gain - loss) > margin)
        if not sure:
            above[:], doubt[:] = False, True
        for i in np.flatnonzero(doubt).tolist():
            cost = Fraction(float(instance.cost[first + i]))
            above[i] = factor * instance.exact_score(first + i) > price * cost
        found.append(first + np.flatnonzero(above))
    items = np.concatenate(found)
    may = eligible(instance, instance.score) if instance.d else np.empty(0, bool)
    kept: NDArray[np.intp] = items[may[items]]
    return kept
