"""Selectors: which coordinates a client sends, all under the same exact budget rule.

    cwmp      by w(|g_i|) / c_i: Cost-Weighted Magnitude Pruning (paper), the score family of claim D12
    top_k     by |g_i| alone: the usual sparsifier, stopped by the same joules
    random_k  in random order: the baseline

Each takes an :class:`Instance`, or update, cost and budget as they are: NumPy arrays or PyTorch tensors of float16,
bfloat16, float32 or float64, which are then checked in the very pass that selects.

    cwmp(Instance(g, c, "10%"))        cwmp(g, c, "10%", threads=2)

Every selector drops items dearer than the whole budget and items of zero score *before* ordering, breaks
ties by the lowest index, and offers the same three roundings:

    prefix    stop at the first item that does not fit (the critical item)
    fill      skip it, keep later ones that fit
    best-of   the better of fill and the best single affordable item, by the loss that the order is for

The answer does not depend on the number of threads, on the type of array or on the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.arithmetic.exact import Real, as_whole, exact_sum_of_squares
from theory.arithmetic.threads import as_threads
from theory.arrays import uncompiled
from theory.errors import InputError
from theory.instance import CostClasses, Instance
from theory.layers import Layer
from theory.selection import tensors
from theory.selection.bracket import SMALL, bracketed_prefix, greedy_prefix
from theory.selection.entries import Weight, entries_of, unchecked
from theory.selection.order import Floats
from theory.selection.rounding import Rounding, Selection, rounded

__all__ = ["Loss", "Rounding", "Selection", "cwmp", "loss_weight", "random_k", "selector_named", "top_k"]

Loss = Literal["l2", "l1"] | Callable[[NDArray[np.float64]], NDArray[np.float64]]
Cost = ArrayLike | Real | CostClasses


def cwmp(
    update: Instance | ArrayLike, cost: Cost | None = None, budget: Real | None = None, *,
    loss: Loss = "l2", rounding: Rounding = "prefix", threads: int = 1, out: Any = None,
) -> Selection:  # fmt: skip
    """Cost-Weighted Magnitude Pruning: keep coordinates by ``w(|g_i|) / c_i`` until the budget is spent.

    Args:
        update: an instance, or ``g`` of shape (d,), with ``cost`` and ``budget`` as for
            :class:`Instance`. A share of per-coordinate costs needs one more pass, to sum them.
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
    return _select(Call(update, cost, budget, rounding, as_threads(threads), out), loss, by_cost=True)


def top_k(
    update: Instance | ArrayLike, cost: Cost | None = None, budget: Real | None = None, *,
    rounding: Rounding = "prefix", threads: int = 1, out: Any = None,
) -> Selection:  # fmt: skip
    """Largest magnitudes first, under the same energy budget and roundings as :func:`cwmp`; arguments as there."""
    return _select(Call(update, cost, budget, rounding, as_threads(threads), out), "l2", by_cost=False)


@uncompiled
def random_k(instance: Instance, seed: int | np.random.Generator, *, rounding: Rounding = "prefix") -> Selection:
    """Coordinates in a uniformly random order drawn from ``seed``, under the same budget and roundings."""
    _check_rounding(rounding)
    rank = np.empty(instance.d)
    rank[np.random.default_rng(as_seed(seed)).permutation(instance.d)] = np.arange(instance.d, 0, -1)
    entries = entries_of(instance, np.where(instance.score > 0, rank, 0), by_cost=False)
    prefix = greedy_prefix(entries, instance.budget)
    worth = instance.score.__getitem__
    selection = rounded(entries, instance.budget, prefix, rounding, instance.retained, instance.unit, worth=worth)
    if instance.device is not None:
        selection.mask = tensors.tensor_on(selection.mask, instance.device)
    return selection


def as_seed(seed: Any) -> int | np.random.Generator:
    """What an order is drawn from; raises :class:`InputError` for anything but a whole number >= 0 or a generator."""
    return seed if isinstance(seed, np.random.Generator) else as_whole(seed, "seed", 0, beside=" or a generator")


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


class Call(NamedTuple):
    """The arguments that the selectors share."""

    update: Any
    cost: Any
    budget: Any
    rounding: Rounding
    threads: int
    out: Any

    def readable(self) -> Call:
        """The same with arrays and tensors that can be read; raises :class:`InputError` for those that cannot."""
        update = self.update if isinstance(self.update, Instance) else tensors.checked(self.update, "update")
        return self._replace(update=update, cost=tensors.checked(self.cost, "cost"))

    def check(self) -> None:
        """Raises :class:`InputError` for what can be seen without reading the arrays."""
        _check_rounding(self.rounding)
        if isinstance(self.update, Instance):
            if not (self.cost is None and self.budget is None):
                raise InputError("an instance has its own cost and budget; give them with an update only")
        elif self.cost is None:
            raise InputError("cost is missing: give an instance, or update, cost and budget")
        d = self.update.d if isinstance(self.update, Instance) else math.prod(np.shape(self.update))
        if self.out is None:
            return
        if not (tensors.is_tensor(self.out) or isinstance(self.out, np.ndarray)):
            raise InputError(f"out must be a bool array or tensor of shape ({d},), got {type(self.out).__name__}")
        if isinstance(self.out, np.ndarray) and not self.out.flags.writeable:
            raise InputError("out is read-only: the mask cannot be written to it")
        if tuple(self.out.shape) != (d,) or not str(self.out.dtype).endswith("bool"):
            raise InputError(f"out must be bool of shape ({d},), got {self.out.dtype} of shape {tuple(self.out.shape)}")


@uncompiled
def _select(call: Call, loss: Loss, *, by_cost: bool) -> Selection:
    """On the device where the update lives, if it can be done there; else on the host."""
    call = call.readable()
    call.check()
    home = call.update.device if isinstance(call.update, Instance) or tensors.is_tensor(call.update) else None
    if home is None and not tensors.is_tensor(call.out):
        return _select_arrays(call, loss, by_cost=by_cost)
    selection, written = None, False
    if tensors.on_accelerator(call.update) and call.rounding == "prefix" and isinstance(loss, str):
        selection = _select_on_device(call, loss, by_cost=by_cost)
    if selection is None:
        update, cost, out = (
            tensors.array(x, n) for x, n in ((call.update, "update"), (call.cost, "cost"), (call.out, "out"))
        )
        written = not tensors.on_accelerator(call.out)
        out = out if written else None
        selection = _select_arrays(call._replace(update=update, cost=cost, out=out), loss, by_cost=by_cost)
        if call.out is None:
            selection.mask = tensors.tensor_on(selection.mask, home)
    if call.out is not None:
        if not written:
            tensors.put(selection.mask, call.out)
        selection.mask = call.out
    return selection


def _select_on_device(call: Call, loss: Loss, *, by_cost: bool) -> Selection | None:
    from theory.selection.accelerator import prefix as device

    weight: Weight = "square" if loss == "l2" else "magnitude"
    chosen = device.choose(call.update, call.cost, call.budget, weight, by_cost=by_cost)
    if chosen is None:
        return None
    mask, update = chosen.mask, call.update.detach()
    retained = lambda: exact_sum_of_squares(update[mask].double().cpu().numpy())  # noqa: E731
    return Selection(mask, chosen.spent, retained, chosen.critical_item, chosen.threshold, chosen.unit)


def _select_arrays(call: Call, loss: Loss, *, by_cost: bool) -> Selection:
    """By the pass that checks what it reads, if it can; else through an instance, which says what is wrong."""
    instance = call.update
    if not isinstance(instance, Instance):
        if (selection := _select_unchecked(call, loss, by_cost=by_cost)) is not None:
            return selection
        instance = Instance(call.update, call.cost, call.budget)
    entries = entries_of(instance, None if loss == "l2" else loss_weight(instance, loss), by_cost=by_cost)
    prefix = greedy_prefix(entries, instance.budget, threads=call.threads, out=call.out)
    return rounded(entries, instance.budget, prefix, call.rounding, instance.retained, instance.unit)


def _select_unchecked(call: Call, loss: Loss, *, by_cost: bool) -> Selection | None:
    if callable(loss):
        return None
    weight: Weight = "square" if loss == "l2" else "magnitude"
    given = np.asarray(call.update), call.cost, call.budget, weight
    found = unchecked(*given, by_cost=by_cost, threads=call.threads)
    if found is None or found.entries.d <= SMALL:
        return None
    prefix = bracketed_prefix(found.entries, found.budget, threads=call.threads, out=call.out)
    if prefix is None:
        return None
    return rounded(found.entries, found.budget, prefix, call.rounding, found.entries.retained, found.unit)


def selector_named(
    name: str,
    loss: Loss = "l2",
    *,
    layers: Sequence[Layer | int] | None = None,
    safety: Real = "0.8",
    worth: ArrayLike | None = None,
) -> Callable[..., Selection]:
    """The selector that settings call ``cwmp``, ``top-k`` or ``safe``, for whoever keeps a choice and selects later.

    Args:
        layers, safety, worth: what ``safe`` needs to know, see :func:`theory.selection.safe.safe`.

    Raises:
        InputError: another name; a loss for Top-K, which orders by magnitude, or for ``safe``; ``safe`` without layers.
    """
    if name == "cwmp":
        return partial(cwmp, loss=loss)
    if name not in ("top-k", "safe"):
        raise InputError(f"selector must be cwmp, top-k or safe, got {name!r}")
    if loss != "l2":
        raise InputError(f"a loss is for cwmp only; {name} goes by squares")
    if name == "top-k":
        return top_k
    if layers is None:
        raise InputError("safe needs the layers of the update: Layer objects, or how many coordinates each has")
    from theory.selection.safe import as_safety, safe

    as_safety(safety)
    return lambda update, cost, budget=None, **more: safe(
        update, layers, safety, cost=cost, budget=budget, worth=worth, **more
    )


def _check_rounding(rounding: str) -> None:
    if rounding not in get_args(Rounding):
        raise InputError(f"rounding must be one of {', '.join(get_args(Rounding))}, got {rounding!r}")
