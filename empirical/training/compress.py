"""Compressors: which coordinates a client sends, every one of them under the same joules.

    top-k        largest |g| first                          the baseline
    cwmp         largest g^2/c first                        the paper's, in the reading that can be optimal (D2, D12)
    cwmp-l1      largest |g|/c first                        the other reading (optimal for l1, D12)
    safe         as cwmp, but in every layer at least 80 % of what top-k keeps there (D23); safe-0.5, safe-0.9: 50, 90 %
    random-k     in random order
    dense        everything, whatever it costs: the ceiling, not a competitor
    per-layer    largest (g/rms of its layer)^2 / c first   a coordinate is worth its share of its own layer
    curvature    largest h g^2 / c first                    h: diagonal of the empirical Fisher, so the value is the
                                                            second-order rise of the loss if the coordinate is dropped
    layer-wise   largest |g| first within each layer, how many of each by dynamic programming (L-GreCo)

``per-layer`` and ``curvature`` ask whether CWMP loses, where it loses, because squared norm is the wrong value of a
coordinate *across* layers. Both are still CWMP, of another separable loss (D12): the order of w_i/c_i is optimal for w.

Four more need to be told something by the server (:mod:`empirical.training.server_memory`):

    learnt-safe      largest a g^2/c first, a the learnt worth of its layer (P15), above half of what top-k keeps in
                     every layer
    learnt-joules    the same above what half of top-k's joules in every layer pay for
    one-price        g^2/c above one price for all clients, which follows what the rounds have spent (D21)
    hard-threshold   |g| above one threshold for all clients and rounds, set in the first (Sahu et al. 2021)

Under a limit of ``coordinates`` a budget is a share of these and not of the joules: arms at equal sparsity. Only
methods that are one order of all coordinates have such a form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from empirical.prices import Entry, Prices
from empirical.training.layer_budgets import layer_wise
from theory.arithmetic.exact import exact_sum
from theory.errors import InputError
from theory.instance import Instance
from theory.layers import Layer
from theory.optimum.relaxation import relax
from theory.selection.safe import safe
from theory.selection.selectors import Selection, cwmp, random_k, top_k
from theory.selection.worth import above_energy_reserve, above_safe_reserve


@dataclass(frozen=True, eq=False)
class Told:
    """What the server tells the clients of a round.

    Attributes:
        worth: ``a_b`` of each layer, shape (layers,).
        price: score for a joule, or the threshold of |g|; None in the first round, in which every client keeps to its
            own budget.
        left: joules (or units) that a client may spend where rounds share a budget, else None.
    """

    worth: NDArray[np.float64] | None = None
    price: float | None = None
    left: Fraction | None = None


@dataclass(frozen=True, eq=False)
class Offer:
    """What a client has to choose from.

    Attributes:
        update: shape (d,), the residual included. fisher: shape (d,), see :class:`empirical.training.client.Trained`;
        only
            ``curvature`` reads it.
        layers: of the flat vector. prices: of its coordinates. budget: joules (or units), exact.
        rng: for selectors that draw. coordinates: how many may be sent instead, whatever they cost, at equal sparsity.
        told: by the server, for methods that need it.
    """

    update: NDArray[np.floating]
    fisher: NDArray[np.floating]
    layers: tuple[Layer, ...]
    prices: Prices
    budget: Fraction
    rng: np.random.Generator
    coordinates: int | None = None
    told: Told = Told()


@dataclass(frozen=True, eq=False)
class Choice:
    """What is sent.

    Attributes:
        mask: bool, shape (d,). ledger: what it costs, by kind of layer.
        captured: share of ``||g||^2`` on the mask.
        gap: how far ``captured`` is below the best mask of the same budget, at most: the relaxation's value (D2), an
            upper bound on the optimum, less what is retained, over ``||g||^2``. For CWMP this is ``phi p_s`` (D4).
            Where clients or rounds share a budget, it is what this client spent; at equal sparsity, a number of
            coordinates.
    """

    mask: NDArray[np.bool_]
    ledger: tuple[Entry, ...]
    captured: float
    gap: float


Selector = Callable[[Instance, Offer], Selection]


def compress(method: str, offer: Offer) -> Choice:
    """Let ``method`` choose.

    Raises:
        InputError: unknown method, or one that has no such limit; an update that is not finite.
    """
    if method not in METHODS and method not in TOLD_METHODS:
        raise InputError(f"no method {method!r}; the methods are {', '.join([*METHODS, *TOLD_METHODS])}")
    if offer.coordinates is not None and method != DENSE:
        return _at_equal_sparsity(method, offer, offer.coordinates)
    prices = offer.prices
    left = offer.told.left
    instance = Instance(offer.update, prices.costs, offer.budget if left is None else left)
    selection = (METHODS | TOLD_METHODS)[method](instance, offer)
    ledger = prices.ledger(selection.mask, dense=method == DENSE)
    if method == DENSE:  # all of the norm, if there is any
        return Choice(selection.mask, ledger, float(instance.score.any()), 0.0)
    if left is not None:
        instance = instance.with_budget(selection.spent)
    bound = relax(instance, selection if method == CWMP else None).value
    return _chosen(instance, selection, bound, ledger)


def _chosen(instance: Instance, selection: Selection, bound: Fraction, ledger: tuple[Entry, ...]) -> Choice:
    retained, norm = selection.retained, Fraction(float(instance.score.sum()))  # differences exact, their unit rounded
    of_norm = lambda x: float(x / norm) if norm else 0.0  # noqa: E731
    return Choice(selection.mask, ledger, min(1.0, of_norm(retained)), of_norm(bound - retained))


def _at_equal_sparsity(method: str, offer: Offer, kept: int) -> Choice:
    """The first ``kept`` coordinates of the method's order, whatever they cost."""
    whole = Instance(offer.update, offer.prices.costs, offer.prices.total)
    if method not in _ORDERS:
        raise InputError(f"method {method!r} has no form at equal sparsity; those that have are {', '.join(_ORDERS)}")
    counted = Instance.from_scores(_ORDERS[method](whole, offer), 1, kept)
    mask = cwmp(counted).mask
    best = relax(Instance.from_scores(whole.score, 1, kept)).value
    selection = Selection(mask, Fraction(int(mask.sum())), whole.retained(mask))
    return _chosen(whole, selection, best, offer.prices.ledger(mask))


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


def _above_price(instance: Instance, offer: Offer) -> Selection:
    """CWMP among what is worth more than the price; all of it, where the budget lasts."""
    price = offer.told.price
    if price is None:
        return cwmp(instance)
    return _valued(instance, np.where(instance.score > price * instance.cost * float(instance.unit), instance.score, 0))


def _above_threshold(instance: Instance, offer: Offer) -> Selection:
    """Top-K among the coordinates above the threshold; all of them, where the budget lasts."""
    threshold = offer.told.price
    if threshold is None:
        return top_k(instance)
    above = np.where(np.abs(offer.update) > threshold, instance.score, 0)
    chosen = top_k(Instance.from_scores(above, instance.cost, instance.budget))
    return Selection(chosen.mask, chosen.spent, instance.retained(chosen.mask))


def _learnt(offer: Offer) -> NDArray[np.float64]:
    return np.ones(len(offer.layers)) if offer.told.worth is None else offer.told.worth


DENSE, BASELINE, CWMP, CURVATURE, SAFE = "dense", "top-k", "cwmp", "curvature", "safe"
LEARNT_SAFE, LEARNT_JOULES, ONE_PRICE, HARD_THRESHOLD = "learnt-safe", "learnt-joules", "one-price", "hard-threshold"

METHODS: dict[str, Selector] = {
    BASELINE: lambda instance, offer: top_k(instance),
    CWMP: lambda instance, offer: cwmp(instance),
    "cwmp-l1": lambda instance, offer: cwmp(instance, loss="l1"),
    SAFE: lambda instance, offer: safe(instance, offer.layers),
    "safe-0.5": lambda instance, offer: safe(instance, offer.layers, "0.5"),
    "safe-0.9": lambda instance, offer: safe(instance, offer.layers, "0.9"),
    "random-k": lambda instance, offer: random_k(instance, offer.rng),
    DENSE: _dense,
    "per-layer": _per_layer,
    CURVATURE: _curvature,
    "layer-wise": lambda instance, offer: layer_wise(instance, offer.layers),
}

TOLD_METHODS: dict[str, Selector] = {
    LEARNT_SAFE: lambda instance, offer: above_safe_reserve(instance, offer.layers, _learnt(offer)),
    LEARNT_JOULES: lambda instance, offer: above_energy_reserve(instance, offer.layers, _learnt(offer)),
    ONE_PRICE: _above_price,
    HARD_THRESHOLD: _above_threshold,
}

_ORDERS: dict[str, Callable[[Instance, Offer], NDArray[np.float64]]] = {
    BASELINE: lambda instance, offer: instance.score,
    CWMP: lambda instance, offer: instance.score / instance.cost,
    "cwmp-l1": lambda instance, offer: np.abs(offer.update.astype(np.float64)) / instance.cost,
    "random-k": lambda instance, offer: (instance.score > 0) * (1 - offer.rng.random(instance.d)),
}
