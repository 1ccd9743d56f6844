"""Compressors: which coordinates a client sends, every one of them under the same joules.

    top-k        largest |g| first                          the baseline
    cwmp         largest g^2/c first                        the paper's, in the reading that can be optimal (D2, D12)
    cwmp-l1      largest |g|/c first                        the other reading (optimal for l1, D12)
    safe         as cwmp, but in every layer at least 80 % of what top-k keeps there (D23)
    random-k     in random order
    dense        everything, whatever it costs: the ceiling, not a competitor
    per-layer    largest (g/rms of its layer)^2 / c first   a coordinate is worth its share of its own layer
    curvature    largest h g^2 / c first                    h: diagonal of the empirical Fisher, so the value is the
                                                            second-order rise of the loss if the coordinate is dropped

The last two ask whether CWMP loses, where it loses, because squared norm is the wrong value of a coordinate *across*
layers. Both are still CWMP, of another separable loss (claim D12): the order of w_i/c_i is optimal for w.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from empirical.prices import Entry, Prices
from theory.arithmetic.exact import exact_sum
from theory.errors import InputError
from theory.instance import Instance
from theory.layers import Layer
from theory.optimum.relaxation import relax
from theory.selection.safe import safe
from theory.selection.selectors import Selection, cwmp, random_k, top_k


@dataclass(frozen=True, eq=False)
class Offer:
    """What a client has to choose from.

    Attributes:
        update: shape (d,), the residual included. fisher: shape (d,), see :class:`empirical.training.client.Trained`;
        only
            ``curvature`` reads it.
        layers: of the flat vector. prices: of its coordinates. budget: joules (or units), exact.
        rng: for selectors that draw.
    """

    update: NDArray[np.floating]
    fisher: NDArray[np.floating]
    layers: tuple[Layer, ...]
    prices: Prices
    budget: Fraction
    rng: np.random.Generator


@dataclass(frozen=True, eq=False)
class Choice:
    """What is sent.

    Attributes:
        mask: bool, shape (d,). ledger: what it costs, by kind of layer.
        captured: share of ``||g||^2`` on the mask.
        gap: how far ``captured`` is below the best mask of the same budget, at most: the relaxation's value (D2), an
            upper bound on the optimum, less what is retained, over ``||g||^2``. For CWMP this is ``phi p_s`` (D4).
    """

    mask: NDArray[np.bool_]
    ledger: tuple[Entry, ...]
    captured: float
    gap: float


Selector = Callable[[Instance, Offer], Selection]


def compress(method: str, offer: Offer) -> Choice:
    """Let ``method`` choose.

    Raises:
        InputError: unknown method; an update that is not finite.
    """
    if method not in METHODS:
        raise InputError(f"no method {method!r}; the methods are {', '.join(METHODS)}")
    prices = offer.prices
    instance = Instance(offer.update, prices.costs, offer.budget)
    selection = METHODS[method](instance, offer)
    ledger = prices.ledger(selection.mask, dense=method == DENSE)
    if method == DENSE:  # all of the norm, if there is any
        return Choice(selection.mask, ledger, float(instance.score.any()), 0.0)
    norm, bound = exact_sum(instance.score), relax(instance, selection if method == CWMP else None).value
    of_norm = lambda x: float(x / norm) if norm else 0.0  # noqa: E731
    return Choice(selection.mask, ledger, of_norm(selection.retained), of_norm(bound - selection.retained))


def _dense(instance: Instance, offer: Offer) -> Selection:
    return Selection(np.ones(instance.d, dtype=bool), instance.total_cost, lambda: exact_sum(instance.score))


def _per_layer(instance: Instance, offer: Offer) -> Selection:
    sizes = np.array([layer.size for layer in offer.layers if layer.size], dtype=int)  # an empty slice has no sum
    starts = np.cumsum(sizes) - sizes
    mean_square = np.add.reduceat(instance.score, starts) / sizes
    return _valued(instance, instance.score / np.repeat(np.where(mean_square > 0, mean_square, 1), sizes))


def _curvature(instance: Instance, offer: Offer) -> Selection:
    return _valued(instance, offer.fisher.astype(np.float64) * instance.score)


def _valued(instance: Instance, value: NDArray[np.float64]) -> Selection:
    """CWMP for the loss that dropping coordinate i costs ``value[i]``; what it retains is still said in ``g^2``."""
    costs = instance.cost
    chosen = cwmp(Instance.from_scores(value, costs, instance.budget))
    return Selection(chosen.mask, chosen.spent, instance.retained(chosen.mask))


DENSE, BASELINE, CWMP, CURVATURE, SAFE = "dense", "top-k", "cwmp", "curvature", "safe"

METHODS: dict[str, Selector] = {
    BASELINE: lambda instance, offer: top_k(instance),
    CWMP: lambda instance, offer: cwmp(instance),
    "cwmp-l1": lambda instance, offer: cwmp(instance, loss="l1"),
    SAFE: lambda instance, offer: safe(instance, offer.layers),
    "random-k": lambda instance, offer: random_k(instance, offer.rng),
    DENSE: _dense,
    "per-layer": _per_layer,
    CURVATURE: _curvature,
}
