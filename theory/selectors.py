"""Selectors: which coordinates a client sends, all under the same exact budget rule.

    cwmp      by w(|g_i|) / c_i: Cost-Weighted Magnitude Pruning (paper), the score family of claim D12
    top_k     by |g_i| alone: the usual sparsifier, stopped by the same joules
    random_k  in random order: the baseline

Each takes an :class:`Instance`, or update, cost and budget as they are: NumPy arrays or PyTorch tensors of float16,
bfloat16, float32 or float64, which are then checked in the very pass that selects.

    cwmp(Instance(g, c, fraction="0.1"))        cwmp(g, c, fraction="0.1", threads=2)

Every selector drops items dearer than the whole budget and items of zero score *before* ordering, breaks
ties by the lowest index, and offers the same three roundings:

    prefix    stop at the first item that does not fit (the critical item)
    fill      skip it, keep later ones that fit
    best-of   the better of fill and the best single affordable item

The answer does not depend on the number of threads, on the type of array or on the device.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory import tensors
from theory.bracket import SMALL, bracketed_prefix, greedy_prefix
from theory.entries import Entries, Weight, entries_of, unchecked
from theory.errors import InputError
from theory.exact import Real, exact_sum, floor_float
from theory.instance import CostClasses, Instance
from theory.order import Floats, Prefix

Rounding = Literal["prefix", "fill", "best-of"]
Loss = Literal["l2", "l1"] | Callable[[NDArray[np.float64]], NDArray[np.float64]]
Cost = ArrayLike | Real | CostClasses
_Score = Callable[[Any], Floats]  # scores of some items: indices or a mask


class Selection:
    """What a selector keeps.

    Attributes:
        mask: bool, shape (d,): an array, or a tensor on the update's device where the update was a tensor.
        spent: exact energy of the mask, in units of ``unit`` joules. unit: that of the instance's costs.
        critical_item: first item of the order that did not fit, or None when all did.
        threshold: its exact weight per cost (Top-K: its weight; zero when all items fit); None for random order.
    """

    __slots__ = ("_retained", "critical_item", "mask", "spent", "threshold", "unit")

    def __init__(
        self,
        mask: NDArray[np.bool_],
        spent: Fraction,
        retained: Fraction | Callable[[], Fraction],
        critical_item: int | None = None,
        threshold: Fraction | None = None,
        unit: Fraction = Fraction(1),
    ) -> None:
        self.mask, self.spent, self._retained = mask, spent, retained
        self.critical_item, self.threshold, self.unit = critical_item, threshold, unit

    @property
    def retained(self) -> Fraction:
        """Exact sum of the scores over the mask, formed when first asked for, from the update as it then is."""
        if not isinstance(self._retained, Fraction):
            self._retained = self._retained()
        return self._retained

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the kept coordinates, ascending, an array or tensor like the mask."""
        return self.mask.nonzero()[0] if isinstance(self.mask, np.ndarray) else self.mask.nonzero().flatten()

    def __repr__(self) -> str:
        return f"Selection({int(self.mask.sum())} of {len(self.mask)} kept, spent={float(self.spent * self.unit):.6g})"


def cwmp(
    update: Instance | ArrayLike, cost: Cost | None = None, budget: Real | None = None, *,
    fraction: Real | None = None, loss: Loss = "l2", rounding: Rounding = "prefix", threads: int = 1, out: Any = None,
) -> Selection:  # fmt: skip
    """Cost-Weighted Magnitude Pruning: keep coordinates by ``w(|g_i|) / c_i`` until the budget is spent.

    Args:
        update: an instance, or ``g`` of shape (d,), with ``cost`` and ``budget`` or ``fraction`` as for
            :class:`Instance`. A fraction of per-coordinate costs needs one more pass, to sum them.
        loss: which separable loss ``sum w(|g_i|)`` over dropped coordinates the order is for (claim D12).
            ``"l2"``: ``w = g^2``, score ``g^2/c`` (the same order as ``|g|/sqrt(c)``), the reading for which the
            projection claim can hold. ``"l1"``: ``w = |g|``, score ``|g|/c``. Or any ``w`` as a vectorised
            function of ``|g|``, shape (d,) to (d,), non-negative.
        rounding: see the module's head.
        threads: how many share the pass over a large update on the CPU; they change the time only.
        out: bool array or tensor of shape (d,) to receive the mask.

    Raises:
        InputError: unknown loss or rounding, a loss of ``|g|`` on an instance made from scores, or anything that
            :class:`Instance` refuses.
    """
    if not callable(loss) and loss not in ("l2", "l1"):
        raise InputError(f"loss must be 'l2', 'l1' or a function of |g|, got {loss!r}")
    return _Call(update, cost, budget, fraction, rounding, threads, out).select(loss, by_cost=True)


def top_k(
    update: Instance | ArrayLike, cost: Cost | None = None, budget: Real | None = None, *,
    fraction: Real | None = None, rounding: Rounding = "prefix", threads: int = 1, out: Any = None,
) -> Selection:  # fmt: skip
    """Largest magnitudes first, under the same energy budget and roundings as :func:`cwmp`; arguments as there."""
    return _Call(update, cost, budget, fraction, rounding, threads, out).select("l2", by_cost=False)


def random_k(instance: Instance, seed: int | np.random.Generator, *, rounding: Rounding = "prefix") -> Selection:
    """Coordinates in a uniformly random order drawn from ``seed``, under the same budget and roundings."""
    _check_rounding(rounding)
    rank = np.empty(instance.d)
    rank[np.random.default_rng(seed).permutation(instance.d)] = np.arange(instance.d, 0, -1)
    entries = entries_of(instance, np.where(instance.score > 0, rank, 0), by_cost=False)
    prefix = greedy_prefix(entries, instance.budget)
    return rounded(entries, instance.budget, prefix, rounding, instance.score.__getitem__, instance.unit)


def loss_weight(instance: Instance, loss: Loss) -> Floats:
    """``w(|g_i|)``, float64 of shape (d,): what dropping coordinate ``i`` costs under ``loss``."""
    if isinstance(loss, str) and loss == "l2":
        return instance.score
    if instance.update is None:
        raise InputError("this loss needs the update; the instance was made from scores")
    magnitude = np.abs(instance.update.astype(np.float64))
    if not callable(loss):
        return magnitude
    weight = np.asarray(loss(magnitude), dtype=np.float64)
    if weight.shape != magnitude.shape or not (np.isfinite(weight) & (weight >= 0)).all():
        raise InputError("the loss must map |g| of shape (d,) to finite non-negative weights of the same shape")
    return weight


class _Call:
    """One call of a selector: problem, rounding, and how to compute; checked, with tensors seen as arrays."""

    def __init__(
        self, update: Any, cost: Any, budget: Any, fraction: Any, rounding: Rounding, threads: int, out: Any
    ) -> None:
        _check_rounding(rounding)
        if type(threads) is not int or threads < 1:
            raise InputError(f"threads must be a whole number >= 1, got {threads!r}")
        if isinstance(update, Instance):
            if not (cost is None and budget is None and fraction is None):
                raise InputError("an instance has its own cost and budget; give them with an update only")
        elif cost is None:
            raise InputError("cost is missing: give an instance, or update, cost and budget")
        self.as_tensor = tensors.is_tensor(update)
        self.update, self.cost, self.budget, self.fraction = (
            tensors.array(update),
            tensors.array(cost),
            budget,
            fraction,
        )
        self.rounding, self.threads, self.out = rounding, threads, tensors.array(out)
        d = update.d if isinstance(update, Instance) else np.size(self.update)
        if out is not None and (self.out.shape != (d,) or self.out.dtype != bool):
            raise InputError(f"out must be bool of shape ({d},), got {self.out.dtype} of shape {self.out.shape}")

    def select(self, loss: Loss, *, by_cost: bool) -> Selection:
        """Through the pass that checks what it reads, if it can; else through an instance, which says what is wrong."""
        if not isinstance(self.update, Instance) and isinstance(loss, str):
            weight: Weight = "square" if loss == "l2" else "magnitude"
            found = unchecked(self.update, self.cost, self.budget, self.fraction, weight, by_cost=by_cost)
            if found is not None and found.entries.d > SMALL:
                entries, budget = found.entries, found.budget
                prefix = bracketed_prefix(entries, budget, threads=self.threads, out=self.out)
                if prefix is not None:
                    return self._finish(entries, budget, prefix, entries.squares_of, found.unit)
        instance = self.update
        if not isinstance(instance, Instance):
            instance = Instance(self.update, self.cost, self.budget, fraction=self.fraction)
        weight_of = None if loss == "l2" else loss_weight(instance, loss)
        entries = entries_of(instance, weight_of, by_cost=by_cost)
        prefix = greedy_prefix(entries, instance.budget, threads=self.threads, out=self.out)
        return self._finish(entries, instance.budget, prefix, instance.score.__getitem__, instance.unit)

    def _finish(self, entries: Entries, budget: Fraction, prefix: Prefix, score: _Score, unit: Fraction) -> Selection:
        selection = rounded(entries, budget, prefix, self.rounding, score, unit)
        if self.as_tensor:
            selection.mask = tensors.tensor(selection.mask)
        return selection


def rounded(
    entries: Entries, budget: Fraction, prefix: Prefix, rounding: Rounding, score: _Score, unit: Fraction
) -> Selection:
    """The selection that a rounding makes of the greedy prefix; ``score`` gives the scores of some items."""
    mask, spent, critical = prefix
    threshold = Fraction(0)
    if critical is not None:
        at = np.array([critical])
        cost = entries.costs_of(at)[0] if entries.by_cost else 1
        threshold = Fraction(entries.weights_of(at)[0]) / Fraction(cost)
    if rounding != "prefix":
        spent = _fill(entries, budget - spent, mask) + spent
    if rounding == "best-of" and (best := _best_single(entries, budget, score)) is not None:
        alone = Fraction(score(np.array([best]))[0])
        if alone > exact_sum(score(mask)):
            mask[:] = False
            mask[best] = True
            spent = Fraction(entries.costs_of(np.array([best]))[0])
    return Selection(mask, spent, lambda: exact_sum(score(mask)), critical, threshold, unit)


def _fill(entries: Entries, left: Fraction, mask: NDArray[np.bool_]) -> Fraction:
    """Add what still fits, in order: prefix after prefix of the items that do. Returns what they cost."""
    rest, spent = np.flatnonzero(~mask), Fraction(0)
    while True:
        rest = rest[(entries.costs_of(rest) <= floor_float(left - spent)) & (entries.weights_of(rest) > 0)]
        if not rest.size:
            return spent
        more = greedy_prefix(entries.subset(rest), left - spent)
        mask[rest[more.mask]] = True
        rest, spent = rest[~more.mask], spent + more.spent


def _best_single(entries: Entries, budget: Fraction, score: _Score) -> int | None:
    """The affordable item of the highest score, lowest index first."""
    may = np.flatnonzero((entries.costs_of(slice(None)) <= floor_float(budget)) & (entries.weights_of(slice(None)) > 0))
    return int(may[np.argmax(score(may))]) if may.size else None


def _check_rounding(rounding: str) -> None:
    if rounding not in get_args(Rounding):
        raise InputError(f"rounding must be one of {', '.join(get_args(Rounding))}, got {rounding!r}")
