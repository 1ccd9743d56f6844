"""Splits of a labelled data set over clients, and how far they are from IID.

    dirichlet   every class is dealt to the clients in proportions drawn from Dir(alpha, ..., alpha)
                (Yurochkin et al. 2019; Li et al. 2022, NIID-Bench): small alpha, few classes per client
    by_shard    examples sorted by label, cut into equal shards, s shards a client (McMahan et al. 2017)

Each example goes to exactly one client.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import integrate, stats

from theory.errors import InputError

Indices = NDArray[np.intp]

MIN_SIZE = 10
_ATTEMPTS = 1000


@dataclass(frozen=True)
class Dirichlet:
    """Split by :func:`dirichlet` with concentration ``alpha``."""

    alpha: float

    def split(self, labels: ArrayLike, clients: int, rng: np.random.Generator) -> list[Indices]:
        """One array of indices per client."""
        return dirichlet(labels, clients, self.alpha, rng)


@dataclass(frozen=True)
class Shards:
    """Split by :func:`by_shard` with ``per_client`` shards each."""

    per_client: int

    def split(self, labels: ArrayLike, clients: int, rng: np.random.Generator) -> list[Indices]:
        """One array of indices per client."""
        return by_shard(labels, clients, self.per_client, rng)


def dirichlet(
    labels: ArrayLike, clients: int, alpha: float, rng: np.random.Generator, *, min_size: int = MIN_SIZE
) -> list[Indices]:
    """Deal each class to ``clients`` in Dirichlet proportions; drawn again until everyone has ``min_size`` examples.

    Args:
        labels: integers of shape (n,). alpha: concentration, > 0.

    Returns:
        ``clients`` arrays of indices, ascending, which together are ``range(n)``.

    Raises:
        InputError: alpha or the number of clients out of range, or clients too many for the examples.
    """
    labels = np.asarray(labels)
    if not (alpha > 0 and np.isfinite(alpha)):
        raise InputError(f"Dirichlet concentration must be a number > 0, got {alpha}")
    _check_clients(labels.size, clients, min_size)
    for _ in range(_ATTEMPTS):
        owner = np.empty(labels.size, dtype=np.intp)
        for label in np.unique(labels):
            members = rng.permutation(np.flatnonzero(labels == label))
            shares = np.cumsum(rng.dirichlet(np.full(clients, alpha)))
            cuts = np.floor(shares[:-1] * members.size + 0.5).astype(np.intp)
            owner[members] = np.repeat(np.arange(clients), np.diff(np.r_[0, cuts, members.size]))
        if np.bincount(owner, minlength=clients).min() >= min_size:
            return [np.flatnonzero(owner == k) for k in range(clients)]
    raise InputError(
        f"no split of {labels.size} examples over {clients} clients at Dirichlet {alpha:g} left everyone {min_size}; "
        "take fewer clients or a larger concentration"
    )


def by_shard(labels: ArrayLike, clients: int, per_client: int, rng: np.random.Generator) -> list[Indices]:
    """Sort by label, cut into ``clients * per_client`` shards of equal size (to one), deal them out at random.

    Raises:
        InputError: fewer than one shard a client, or more shards than examples.
    """
    labels = np.asarray(labels)
    if per_client < 1:
        raise InputError(f"shards per client must be >= 1, got {per_client}")
    _check_clients(labels.size, clients, per_client)
    order = rng.permutation(labels.size)
    order = order[np.argsort(labels[order], kind="stable")]
    shards = np.array_split(order, clients * per_client)
    dealt = rng.permutation(len(shards)).reshape(clients, per_client)
    return [np.sort(np.concatenate([shards[s] for s in mine])) for mine in dealt]


def largest_class_share(labels: ArrayLike, split: Sequence[Indices]) -> float:
    """Mean over clients of the share of a client's examples that its most frequent class has."""
    labels = np.asarray(labels)
    return float(np.mean([np.bincount(labels[mine]).max() / mine.size for mine in split]))


def expected_largest_share(alpha: float, classes: int) -> float:
    """``E max_j q_j`` for ``q ~ Dir(alpha, ..., alpha)`` over ``classes``: :func:`dirichlet`, many clients.

    ``q`` is a Gamma(alpha) sample over its sum and independent of that sum, so ``E max q`` is the expected largest of
    ``classes`` Gamma(alpha) variables, ``int_0^1 F^-1(u^(1/classes)) du``, over the expected sum ``classes * alpha``.
    """
    law = stats.gamma(alpha)
    largest = integrate.quad(lambda u: law.ppf(u ** (1 / classes)), 0, 1, limit=500)[0]
    return float(largest / (classes * alpha))


def _check_clients(examples: int, clients: int, each: int) -> None:
    if clients < 1 or clients * each > examples:
        raise InputError(f"{clients} clients with at least {each} each cannot share {examples} examples")
