"""What the server learns from what was sent, and tells the clients of the next round.

    learnt worth     of each layer, from the pairs of clients that sent the same coordinate
                     (:mod:`theory.feedback.learnt_worth`); 1 in the first round
    one price        lambda <- lambda * sqrt(joules of the round / joules that are left for a round)
    hard threshold   the mean over the first cohort of the smallest |g| that was sent, from then on the same

The last two begin with a round in which every client keeps to its own budget. From then on clients share what is left
of the whole run's joules, which is the sum of the budgets of all other methods: together they never spend more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from empirical.prices import Prices
from empirical.setting import Run
from empirical.training.compress import HARD_THRESHOLD, LEARNT_JOULES, LEARNT_SAFE, ONE_PRICE, Told
from theory.feedback.learnt_worth import Floats, learnt, worth
from theory.instance import Instance
from theory.layers import Layer

Memory = Mapping[str, Floats]

PAIRS, PRICE, SPENT = "pairs", "price", "spent"
_ROUNDING = 1 - 1e-9  # of what was spent, which is remembered as a float

LEARNING, PRICED = (LEARNT_SAFE, LEARNT_JOULES), (ONE_PRICE, HARD_THRESHOLD)


def told(run: Run, memory: Memory, priced: Prices) -> Told:
    """What clients are told before a round."""
    if run.arm.method in LEARNING and PAIRS in memory:
        return Told(worth=worth(memory[PAIRS]))
    if run.arm.method in PRICED and PRICE in memory:
        left = _total(run, priced) * Fraction(_ROUNDING) - Fraction(float(memory[SPENT][0]))
        return Told(price=float(memory[PRICE][0]), left=max(left / run.setting.cohort, Fraction(0)))
    return Told()


def remembered(
    run: Run, memory: Memory, sent: Sequence[NDArray], energy: Fraction, priced: Prices, layers: Sequence[Layer]
) -> dict[str, Floats]:
    """What the server knows after a round.

    Args:
        sent: of the clients, float32 of shape (d,) each. energy: joules (or units) of the round, without state.
    """
    if run.arm.method in LEARNING:
        return {PAIRS: learnt(memory.get(PAIRS), sent, layers)}
    if run.arm.method in PRICED:
        spent, rounds = memory.get(SPENT, np.zeros(2))
        done = np.array([spent + float(energy), rounds + 1])
        return {SPENT: done, PRICE: np.array([_price(run, memory, sent, energy, priced, done)])}
    return {}


def _price(run: Run, memory: Memory, sent: Sequence[NDArray], energy: Fraction, priced: Prices, done: Floats) -> float:
    if PRICE not in memory:
        least = [_least(run.arm.method, vector, priced) for vector in sent if vector.any()]
        return float(np.mean(least)) if least else 0.0
    price, rounds = float(memory[PRICE][0]), run.setting.rounds - int(done[1])
    if run.arm.method == HARD_THRESHOLD or not rounds:
        return price
    meant = max(float(_total(run, priced)) - float(done[0]), 0.0) / rounds
    ratio = float(energy) / meant if meant else 4.0
    return price * math.sqrt(min(max(ratio, 1 / 4), 4.0))


def _least(method: str, vector: NDArray, priced: Prices) -> float:
    """The price, or the threshold, that a client's own budget came down to."""
    items = np.flatnonzero(vector)
    values = np.abs(vector[items].astype(np.float64))
    if method == HARD_THRESHOLD:
        return float(values.min())
    whole = Instance(vector, priced.costs, 0)
    return float((values**2 / (whole.cost[items] * float(whole.unit))).min())


def _total(run: Run, priced: Prices) -> Fraction:
    """Joules of the whole run: every invited client's budget in every round."""
    return priced.budget(run.arm.share) * run.setting.cohort * run.setting.rounds
