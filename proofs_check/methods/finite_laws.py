"""Laws with few atoms, where everything can be computed exactly: limits in Fractions, probabilities as integers.

Nothing of :mod:`theory.laws.joint` is used here: an atom is ``(p, c, mass)``, the limits are fractional knapsacks over
atoms, and the probability of an event about ``d`` draws is a sum of multinomial coefficients over all compositions of
``d``.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict
from theory.laws.samples import SampleLaw

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class FiniteLaw:
    """Atoms of the law of ``(p, c)``: integers ``score``, ``cost`` and ``mass``, the last out of ``sum(mass)``."""

    score: tuple[int, ...]
    cost: tuple[int, ...]
    mass: tuple[int, ...]

    def __str__(self) -> str:
        total = sum(self.mass)
        atoms = zip(self.score, self.cost, self.mass, strict=True)
        return ", ".join(f"(p, c) = ({p}, {c}) with {Rational(m, total)}" for p, c, m in atoms)

    @property
    def mean_score(self) -> Rational:
        """``E p``."""
        return Rational(sum(p * m for p, m in zip(self.score, self.mass, strict=True)), sum(self.mass))

    @property
    def mean_cost(self) -> Rational:
        """``E c``."""
        return Rational(sum(c * m for c, m in zip(self.cost, self.mass, strict=True)), sum(self.mass))

    def order(self, key: Callable[[int, int], Rational]) -> list[int]:
        """Atoms by ``key(p, c)``, the largest first."""
        return sorted(range(len(self.mass)), key=lambda j: (-key(self.score[j], self.cost[j]), j))

    def retained(self, beta: Rational, key: Callable[[int, int], Rational]) -> Rational:
        """``E[p z]`` of the rule that takes atoms by ``key`` until ``E[c z] = beta E c``; ties are shared."""
        left, kept, total = beta * self.mean_cost, Rational(0), sum(self.mass)
        tied = itertools.groupby(self.order(key), key=lambda j: key(self.score[j], self.cost[j]))
        for _, group in tied:
            atoms = list(group)
            spent = Rational(sum(self.cost[j] * self.mass[j] for j in atoms), total)
            gained = Rational(sum(self.score[j] * self.mass[j] for j in atoms), total)
            share = min(Rational(1), left / spent)
            left, kept = left - share * spent, kept + share * gained
        return kept

    def dual(self, beta: Rational, threshold: Rational) -> Rational:
        """``lambda beta E c + E(p - lambda c)+``."""
        atoms = zip(self.score, self.cost, self.mass, strict=True)
        above = sum((m * max(p - threshold * c, Rational(0)) for p, c, m in atoms), Rational(0))
        return threshold * beta * self.mean_cost + above / sum(self.mass)

    @property
    def as_sample(self) -> SampleLaw:
        """The same law as data, each atom as often as its mass says."""
        return SampleLaw(
            np.sqrt(np.repeat(np.array(self.score, dtype=float), self.mass)),
            np.repeat(np.array(self.cost, dtype=float), self.mass), str(self),
        )  # fmt: skip

    def probability(self, d: int, event: Callable[[Integers], NDArray[np.bool_]]) -> Rational:
        """The exact probability of ``event``, which gets counts of shape (m, atoms) for all m compositions of ``d``."""
        draws = _draws(self.mass, d)
        favourable = sum(map(draws.ways, np.flatnonzero(event(draws.counts)).tolist()))
        return Rational(favourable, sum(self.mass) ** d)


class _Draws:
    """All outcomes of ``d`` draws: ``counts`` of shape (m, atoms), and the weight of each, found when asked for."""

    def __init__(self, mass: tuple[int, ...], d: int) -> None:
        self.counts = compositions(d, len(mass))
        self.counts.flags.writeable = False
        self._powers = [[m**n for n in range(d + 1)] for m in mass]
        self._known: dict[int, int] = {}

    def ways(self, k: int) -> int:
        """The multinomial coefficient of outcome ``k`` times the masses of its atoms."""
        if k not in self._known:
            ways, used = 1, 0
            for power, n in zip(self._powers, self.counts[k].tolist(), strict=True):
                used += n
                ways *= math.comb(used, n) * power[n]
            self._known[k] = ways
        return self._known[k]


@lru_cache(maxsize=1)  # several events of one law follow each other
def _draws(mass: tuple[int, ...], d: int) -> _Draws:
    return _Draws(mass, d)


@dataclass(frozen=True)
class Rare:
    """An event about ``d`` draws from ``law`` that ``method`` says has at most the probability ``failure``."""

    law: FiniteLaw
    d: int
    beta: Rational
    method: str
    failure: float
    event: Callable[[Integers], NDArray[np.bool_]]


def rare_indeed(
    claim: str, method: str, events: Iterable[Rare], *, words: str, should: str, observed: Mapping[str, Any]
) -> Verdict:
    """Whether every event is as rare as is said, by its exact probability; the first that is not refutes."""
    trials, tightest = 0, 0.0
    for trials, rare in enumerate(events, 1):
        exact = rare.law.probability(rare.d, rare.event)
        tightest = max(tightest, float(exact) / rare.failure)
        if exact > Rational(rare.failure):
            found = {"law": str(rare.law), "n": rare.d, "beta": str(rare.beta), "method": rare.method}
            found |= {"should": should, "left": float(exact), "right": rare.failure}
            return Verdict(claim, method, Outcome.REFUTED, words, "one suffices", trials, None, found)
    outcome = Outcome.CHECKED if trials else Outcome.INCONCLUSIVE
    seen = {"largest probability / failure": tightest, **observed}
    return Verdict(claim, method, outcome, words, "exactly the stated finite domain", trials, observed=seen)


def by_density(p: int, c: int) -> Rational:
    """CWMP's key."""
    return Rational(p, c)


def by_score(p: int, c: int) -> Rational:
    """Top-K's key."""
    return Rational(p)


def small_laws(p: int = 3, c: int = 3, atoms: int = 3, mass: int = 2) -> Iterator[FiniteLaw]:
    """All laws of 2 to ``atoms`` distinct atoms with scores 0..p (not all 0), costs 1..c and masses 1..mass."""
    points = list(itertools.product(range(p + 1), range(1, c + 1)))
    for n in range(2, atoms + 1):
        for chosen in itertools.combinations(points, n):
            if any(score for score, _ in chosen):
                for masses in itertools.product(range(1, mass + 1), repeat=n):
                    yield FiniteLaw(tuple(s for s, _ in chosen), tuple(x for _, x in chosen), masses)


def compositions(d: int, parts: int) -> Integers:
    """All vectors of ``parts`` counts that add up to ``d``, int64 of shape (m, parts)."""
    bars = np.array(list(itertools.combinations(range(d + parts - 1), parts - 1)), dtype=np.int64)
    bars = bars.reshape(math.comb(d + parts - 1, parts - 1), parts - 1)
    return np.diff(bars, prepend=-1, append=d + parts - 1) - 1


def greedy(law: FiniteLaw, counts: Integers, beta: Rational, key: Callable[[int, int], Rational]) -> tuple[
    Integers, NDArray[np.float64]
]:  # fmt: skip
    """What the prefix of the order ``key`` retains of ``counts``, exactly, and with the critical item's share.

    Items dearer than the budget are left out. Returns integers of shape (m,) and floats, each rounded once.
    """
    num, den = int(beta.numerator), int(beta.denominator)
    cost = np.array(law.cost, dtype=np.int64)
    budget = num * (counts @ cost)  # in units of 1/den
    left, kept = budget.copy(), np.zeros(len(counts), dtype=np.int64)
    going, relaxed = np.ones(len(counts), dtype=bool), np.zeros(len(counts))
    for j in law.order(key):
        price = den * law.cost[j]
        offered = np.where(going & (price <= budget), counts[:, j], 0)
        taken = np.minimum(offered, left // price)
        left, kept = left - taken * price, kept + taken * law.score[j]
        stops = going & (taken < offered)
        relaxed[stops] = law.score[j] * (left[stops] / price)
        going &= ~stops
    return kept, kept + relaxed
