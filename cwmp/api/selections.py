"""The selectors, for updates in any form; plain arrays and tensors go straight to :mod:`theory.selection.selectors`."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cwmp.api.given import Question, given_budget, given_layers, given_update, kind_texts, question
from theory.arithmetic.exact import shown
from theory.arrays import uncompiled
from theory.energy.pages import PAGE_MODELS
from theory.errors import InputError
from theory.instance import CostClasses, Instance
from theory.layers import Layer, with_kinds
from theory.pages import PageCosts
from theory.selection import paged, tensors
from theory.selection import safe as theory_safe
from theory.selection import selectors as theory_selectors
from theory.selection.rounding import Rounding
from theory.selection.selectors import Loss, Selection


class ShapedSelection(Selection):
    """A selection whose ``mask`` is in the update's own layout; ``flat`` is the same of shape (d,)."""

    __slots__ = ("flat",)

    def __init__(self, found: Selection, mask: Any) -> None:
        super().__init__(mask, found._spent, found._retained, found.critical_item, found.threshold, found.unit)
        self.flat: NDArray[np.bool_] = found.mask

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the kept coordinates in the flat update, ascending."""
        return np.flatnonzero(self.flat)

    def __repr__(self) -> str:
        return f"Selection({int(self.flat.sum())} of {self.flat.size} kept, spent={shown(self.spent * self.unit)})"


@uncompiled
def cwmp(
    update: Any, cost: Any = None, budget: Any = None, *, loss: Loss = "l2", rounding: Rounding = "prefix",
    threads: int = 1, out: Any = None, layers: Any = None,
) -> Selection:  # fmt: skip
    """Cost-Weighted Magnitude Pruning: keep coordinates by ``w(|g_i|) / c_i`` until the budget is spent.

        cwmp.cwmp(state_dict, "fc-dear", budget="5%").mask          # a state dict of masks

    Args:
        update, cost, budget, layers: as for :func:`cwmp.certify`. A flat array or tensor with an array, classes or one
            number for costs is selected from where it lies, in one pass.
        loss, rounding, threads, out: see :func:`theory.selection.selectors.cwmp`; ``out`` is for flat updates.

    Returns:
        The selection: ``mask`` in the update's layout, ``support``, ``spent`` and ``retained``, exact.

    Raises:
        InputError: input that cannot be read, or that means nothing.
    """
    options: dict[str, Any] = {"rounding": rounding, "threads": threads, "loss": loss}
    if _direct(update, cost) or out is not None:
        _check_layers(update, layers)
        return theory_selectors.cwmp(update, cost, budget, out=out, **options)
    asked = question(update, cost, budget, layers=layers)
    return _shaped(asked, theory_selectors.cwmp(asked.instance, **options))


@uncompiled
def top_k(
    update: Any, cost: Any = None, budget: Any = None, *, rounding: Rounding = "prefix", threads: int = 1,
    out: Any = None, layers: Any = None,
) -> Selection:  # fmt: skip
    """Largest magnitudes first, under the same energy budget and roundings as :func:`cwmp`; arguments as there."""
    options: dict[str, Any] = {"rounding": rounding, "threads": threads}
    if _direct(update, cost) or out is not None:
        _check_layers(update, layers)
        return theory_selectors.top_k(update, cost, budget, out=out, **options)
    asked = question(update, cost, budget, layers=layers)
    return _shaped(asked, theory_selectors.top_k(asked.instance, **options))


@uncompiled
def random_k(
    update: Any, cost: Any = None, budget: Any = None, *, seed: int | np.random.Generator | None = None,
    rounding: Rounding = "prefix", layers: Any = None,
) -> Selection:  # fmt: skip
    """Coordinates in a uniformly random order, under the same budget and roundings as :func:`cwmp`.

        cwmp.random_k(update, cost, budget, seed=0)        cwmp.random_k(instance, seed=0)

    Args:
        update, cost, budget, layers: as for :func:`cwmp`; an instance may be followed by its seed alone.
        seed: of the order, a number or a generator.

    Raises:
        InputError: as :func:`cwmp`; no seed.
    """
    if isinstance(update, Instance) and seed is None:
        cost, seed = None, cost
    drawn = theory_selectors.as_seed(seed)
    asked = question(update, cost, budget, layers=layers)
    return _shaped(asked, theory_selectors.random_k(asked.instance, drawn, rounding=rounding))


@uncompiled
def safe(
    update: Any, cost: Any = None, budget: Any = None, *, layers: Any = None, safety: Any = "0.8",
    worth: Any = None, rounding: Rounding = "prefix", threads: int = 1, out: Any = None, kinds: Any = (),
) -> Selection:  # fmt: skip
    """Safe CWMP: in every layer at least a share of what Top-K retains there, the rest by ``g^2/c`` (claim D23).

        cwmp.safe(state_dict, "fc-dear", budget="5%", safety=0.8).mask

    Args:
        update, cost, budget, kinds: as for :func:`cwmp.certify`.
        layers: for a flat update, as for :func:`cwmp.certify`; those of a state dict or a module are known.
        safety: the share, in [0, 1]; 0 is CWMP. worth: of each layer, > 0: above the reserves, scores are weighted by
            it (P15; for ``prefix`` only). rounding, threads, out: see :func:`theory.selection.safe.safe`.

    Raises:
        InputError: as :func:`cwmp`; layers that are missing or do not add up, a share outside [0, 1], worth that is
            not a number > 0 for each layer.
    """
    options: dict[str, Any] = {"worth": worth, "rounding": rounding, "threads": threads}
    if layers is not None and _direct(update, cost):
        placed = with_kinds(_placed(update, layers), kind_texts(kinds))
        return theory_safe.safe(update, placed, safety, cost=cost, budget=budget, out=out, **options)
    asked = question(update, cost, budget, layers=layers, kinds=kinds)
    placed = asked.given.layers
    if layers is None and not any(layer.name for layer in placed):
        raise InputError("layers are missing: a flat update has none of its own; give their sizes, or a state dict")
    return _shaped(asked, theory_safe.safe(asked.instance, placed, safety, out=out, **options))


@uncompiled
def by_pages(update: Any, cost: PageCosts | str | None = None, budget: Any = None, *, word_bits: int = 32) -> Selection:
    """CWMP where writing costs by page, or sending by frame: the most norm for the joules, pages included (claim D22).

        cwmp.by_pages(state_dict, cwmp.PageCosts(64, "1uJ", "40uJ"), budget="5%").mask
        cwmp.by_pages(state_dict, "nor-program", budget="5%").mask

    Args:
        update: as for :func:`cwmp.certify`. cost: :class:`theory.pages.PageCosts`, or the name of a memory of
            :data:`theory.energy.pages.PAGE_MODELS`, whose pages hold words of ``word_bits``.
        budget: a share such as ``"5%"`` of sending and writing everything, ``"3mJ"``, or joules.

    Raises:
        InputError: as :func:`cwmp`; what :func:`theory.pages.page_layout` refuses; an unknown memory.
    """
    memory = cost if isinstance(cost, str) else None
    if memory is not None:
        if memory not in PAGE_MODELS:
            raise InputError(f"no memory {cost!r} is written by page; there are {', '.join(PAGE_MODELS)}, or PageCosts")
        cost = PAGE_MODELS[memory].costs(word_bits)
    if not isinstance(cost, PageCosts):
        raise InputError("cost is missing: PageCosts(pages, item_cost, page_cost), or the name of a memory")
    if isinstance(update, Instance):
        raise InputError("an instance has costs of its own, and not by page; give the update")
    amount, given = given_budget(budget), given_update(update)
    if memory is not None and amount.in_units:
        raise InputError(f"the costs of {memory} are joules, not units")
    spendable = amount.joules if amount.share is None else f"{100 * amount.share}%"
    found = paged.by_pages(given.vector, cost, spendable)
    return ShapedSelection(found, given.shaped(found.mask))


def _direct(update: Any, cost: Any) -> bool:
    """Whether the theory's selectors take this as it is: a flat update, and costs by number."""
    if isinstance(update, Instance):
        return True
    flat = (tensors.is_tensor(update) or isinstance(update, np.ndarray)) and len(update.shape) == 1
    numbers = isinstance(cost, (np.ndarray, CostClasses, int, float, Fraction, Decimal)) or tensors.is_tensor(cost)
    return flat and numbers


def _placed(update: Any, layers: Any) -> tuple[Layer, ...]:
    """The layers of a flat update or an instance, checked."""
    return given_layers(layers, update.d if isinstance(update, Instance) else math.prod(update.shape))


def _check_layers(update: Any, layers: Any) -> None:
    """Layers that are not needed are refused as those that are."""
    if layers is not None and (isinstance(update, Instance) or hasattr(update, "shape")):
        _placed(update, layers)


def _shaped(asked: Question, found: Selection) -> Selection:
    return ShapedSelection(found, asked.given.shaped(found.mask))
