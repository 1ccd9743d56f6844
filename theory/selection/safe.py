"""Safe CWMP: the most norm for the joules among masks that no layer has to fear (claim D23).

In every layer at least the share ``safety`` of what Top-K would retain there under the same budget, the rest by
``g^2/c``. The two together are the same as: whatever the layers' norms are worth (any weights ``a_l >= 0``), the
weighted score is at least ``safety`` times Top-K's. 0 is CWMP; plain CWMP itself is safe for no share above 0.

    safe(instance, layers, "0.8")        safe(g, layers, "0.8", cost=c, budget="10%")

In each layer a *reserve* is kept, the first items of its order that reach what the layer is owed, then the order of
all others is followed while the budget lasts. Whole items overshoot: where the reserves together cost more than the
budget, a layer whose share of Top-K's mask is cheaper than its reserve keeps that share, and so they always fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from theory.arithmetic.exact import Real, as_fraction
from theory.arithmetic.threads import as_threads
from theory.arrays import is_tensor, uncompiled
from theory.errors import InputError
from theory.instance import Instance
from theory.layers import Layer
from theory.selection import tensors
from theory.selection.bracket import SMALL, bracketed_prefix
from theory.selection.entries import unchecked
from theory.selection.layered import Layered, layer_name, layered, layered_unchecked
from theory.selection.order import Prefix
from theory.selection.reserves import Owed, cheaper_reserves, owed_by_top_k, with_reserves
from theory.selection.rounding import Rounding, Selection, rounded
from theory.selection.selectors import Call, Cost, cwmp, top_k

__all__ = ["LayerShare", "as_safety", "safe", "starved"]


@uncompiled
def safe(
    update: Instance | ArrayLike, layers: Sequence[Layer | int], safety: Real = "0.8", *, cost: Cost | None = None,
    budget: Real | None = None, worth: ArrayLike | None = None, rounding: Rounding = "prefix", threads: int = 1,
    out: Any = None,
) -> Selection:  # fmt: skip
    """The coordinates of Safe CWMP.

    Args:
        update: an instance, or ``g`` of shape (d,) with cost and budget, as for :func:`theory.cwmp`. A tensor in an
            accelerator's memory is copied to the processor's.
        layers: of the flat vector, in its order: :class:`theory.layers.Layer`, or how many coordinates each has.
        safety: the share of Top-K's score that every layer gets at least, in [0, 1]; a float is the decimal it prints.
        rounding: ``prefix`` stops at the first item, beside the reserves, that does not fit; ``fill`` skips it;
            ``best-of`` is the better of fill and Top-K's own mask, hence never below Top-K in all.
        worth: ``a_b > 0`` of each layer, shape (layers,): above the reserves the order is that of ``a_b g^2/c``, for
            ``prefix`` only (:func:`theory.selection.worth.above_safe_reserve`,
            :mod:`theory.feedback.learnt_worth`).
        threads, out: as for :func:`theory.cwmp`.

    Raises:
        InputError: safety outside [0, 1]; worth that is not a number > 0 a layer, or with another rounding; layers that
            do not add up to the update; what :func:`theory.cwmp` refuses.

    Source: claim D23; formalised here.
    """
    share = as_safety(safety)
    call = Call(update, cost, budget, rounding, as_threads(threads), out)
    call.check()
    arrays = call._replace(update=tensors.array(update), cost=tensors.array(cost, "cost"), out=None)
    if isinstance(out, np.ndarray):
        arrays = arrays._replace(out=out)
    selection = _selected(arrays, layers, share) if worth is None else _by_worth(arrays, layers, share, worth)
    if out is not None and not isinstance(out, np.ndarray):
        tensors.put(selection.mask, out)
        selection.mask = out
    elif out is None and is_tensor(update):
        where: Any = update
        selection.mask = tensors.tensor_on(selection.mask, where.device)
    return selection


def as_safety(value: Real) -> Fraction:
    """The exact share in [0, 1] that ``value`` denotes; a float is the decimal it prints.

    Raises:
        InputError: no number, or one outside [0, 1].
    """
    share = as_fraction(str(value) if isinstance(value, (float, np.floating)) else value, "safety")
    if not 0 <= share <= 1:
        raise InputError(f"safety = {value}: must be a share in [0, 1]; 0 is CWMP, 1 all that Top-K keeps in a layer")
    return share


def _selected(call: Call, layers: Sequence[Layer | int], share: Fraction) -> Selection:
    problem, top = _problem(call, layers)
    mask = np.empty(problem.entries.d, dtype=bool) if call.out is None else call.out
    owed = owed_by_top_k(problem, share, threads=call.threads, top=top)
    found = with_reserves(problem, owed, mask=mask, threads=call.threads)
    prefix = cheaper_reserves(problem, owed, mask=mask) if found is None else found.prefix
    return _rounded(problem, owed, prefix, call.rounding)


def _by_worth(call: Call, layers: Sequence[Layer | int], share: Fraction, worth: ArrayLike) -> Selection:
    from theory.selection.worth import above_safe_reserve

    if call.rounding != "prefix":
        raise InputError(f"worth goes with rounding 'prefix', got {call.rounding!r}")
    given = call.update
    instance = given if isinstance(given, Instance) else Instance(given, call.cost, call.budget)  # type: ignore[arg-type]
    selection = above_safe_reserve(instance, layers, worth, share)
    if call.out is not None:
        call.out[:] = selection.mask
        selection.mask = call.out
    return selection


def _rounded(problem: Layered, owed: Owed, prefix: Prefix, rounding: Rounding) -> Selection:
    how: Rounding = "prefix" if rounding == "prefix" else "fill"
    selection = rounded(problem.entries, problem.budget, prefix, how, problem.retained, problem.unit)
    if rounding != "best-of" or selection.retained >= problem.retained(owed.top):
        return selection
    mask = selection.mask
    mask[:] = owed.top
    spent, retained = owed.spent(problem), problem.retained(mask)
    return Selection(mask, spent, retained, selection.critical_item, selection.threshold, problem.unit)


def _problem(call: Call, layers: Sequence[Layer | int]) -> tuple[Layered, Any]:
    """The problem, and Top-K where the pass that finds it has also looked at every entry."""
    if isinstance(call.update, Instance):
        return layered(call.update, layers), None
    given = np.asarray(call.update), call.cost, call.budget, "square"
    found = unchecked(*given, by_cost=True, threads=call.threads)  # type: ignore[arg-type]
    if found is not None and found.entries.d > SMALL:
        problem = layered_unchecked(found, layers)
        by_size = _by_magnitude(problem)
        top = bracketed_prefix(by_size, found.budget, threads=call.threads)
        if top is not None:
            return problem, top
    return layered(Instance(call.update, call.cost, call.budget), layers), None  # type: ignore[arg-type]


def _by_magnitude(problem: Layered) -> Any:
    from dataclasses import replace

    return replace(problem.entries, by_cost=False)


# --- where plain CWMP is not safe --------------------------------------------------------------------


@dataclass(frozen=True)
class LayerShare:
    """What CWMP keeps of a layer beside what safety would owe it, exact, in the units of the scores.

    Attributes:
        name: of the layer. kept: ``p(CWMP, layer)``. owed: ``safety * p(Top-K, layer)``.
    """

    name: str
    kept: Fraction
    owed: Fraction

    @property
    def starved(self) -> bool:
        """Whether the layer gets less than it is owed."""
        return self.kept < self.owed

    @property
    def missing(self) -> Fraction:
        """How much less, 0 if it is not starved."""
        return max(self.owed - self.kept, Fraction(0))

    def __str__(self) -> str:
        if not self.starved:
            return f"{self.name}: keeps {float(self.kept):.6g}, is owed {float(self.owed):.6g}"
        lack = float(self.missing / self.owed)
        return f"{self.name}: starved, keeps {float(self.kept):.6g} of {float(self.owed):.6g} owed ({lack:.1%} missing)"


def starved(
    instance: Instance, layers: Sequence[Layer | int], safety: Real = "0.8", *, selection: Selection | None = None
) -> tuple[LayerShare, ...]:
    """What each layer keeps under plain CWMP (or another ``selection``) against what safety owes it: all layers.

    Raises:
        InputError: as :func:`safe`.
    """
    share, problem = as_safety(safety), layered(instance, layers)
    chosen, top = cwmp(instance) if selection is None else selection, top_k(instance)
    found = []
    for k, (start, end) in enumerate(problem.spans):
        kept, kept_by_top = (instance.retained(start + np.flatnonzero(m[start:end])) for m in (chosen.mask, top.mask))  # type: ignore[arg-type]
        found.append(LayerShare(layer_name(layers, k), kept, share * kept_by_top))
    return tuple(found)
