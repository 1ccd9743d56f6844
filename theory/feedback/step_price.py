"""One price for all buckets of a step (claim D21), though DDP hands them over one at a time.

Every bucket of a step keeps what retains at least ``lambda`` per joule. The price that would have spent the last step's
target is known once that step is over, from a sample of each of its buckets; gradients change little from step to step,
so it is the next step's. What a step spends is then near its budget and not at it, and two rules correct that: the next
target is a little less than a step's budget plus a part of what was left over so far, and no bucket spends more than is
left of the budget of all steps so far, whatever its price would keep.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

SAMPLE = 1 << 14  # coordinates of a bucket that are looked at for the next price
_MARGIN, _BACK = 0.02, 0.125  # of a budget that a target stays below it; of what is left over that it adds


class StepPrice:
    """The price of one process, and what it has spent.

    Attributes:
        budget: joules of a step, exact. steps: begun so far. spent: joules in these, exact.
        price: ``lambda``, score per joule; None until a step has shown one.
    """

    def __init__(self, budget: Fraction) -> None:
        self.budget, self.steps, self.spent = budget, 0, Fraction(0)
        self.price: float | None = None
        self._before: tuple[int, Fraction, float | None] = (0, Fraction(0), None)
        self._ratios: list[Floats] = []
        self._joules: list[Floats] = []

    @property
    def left(self) -> Fraction:
        """Joules left of the budget of all steps so far."""
        return self.steps * self.budget - self.spent

    def begin(self) -> None:
        """A new step, at the price that would have met the target in the last one."""
        if self._ratios:
            self.price = self._met()
        self._ratios, self._joules = [], []
        self._before = self.steps, self.spent, self.price
        self.steps += 1

    def skip(self) -> None:
        """The step does not count: nothing was sent that this price chose."""
        self.steps, self.spent, self.price = self._before
        self._ratios, self._joules = [], []

    def see(self, total: Tensor, labels: Tensor, costs: Sequence[Fraction]) -> None:
        """Take a sample of a bucket: its values, shape (d,), and the positions of their costs, joules each."""
        stride = max(1, -(-total.numel() // SAMPLE))
        part = slice(self.steps % stride, None, stride)
        value, at = total[part].to("cpu", torch.float64).numpy(), labels[part].to("cpu").numpy()
        if value.size:
            joules = np.array([float(c) for c in costs])[at]
            self._ratios.append(value**2 / joules)
            self._joules.append(joules * (total.numel() / value.size))

    def kept(self, total: Tensor, labels: Tensor, costs: Sequence[Fraction]) -> tuple[Tensor, Fraction] | None:
        """Indices of what is worth the price, ascending, and its joules, which are spent by this.

        None if there is no price yet, or if less is left than that: then the best of what is left is to be sent.
        """
        if self.price is None:
            return None
        least = torch.tensor([math.sqrt(self.price * float(c)) for c in costs], device=total.device)
        found = torch.nonzero(total.abs() >= least[labels.long()]).view(-1)
        counts = torch.bincount(labels[found].long(), minlength=len(costs)).tolist()
        joules = sum((n * c for n, c in zip(counts, costs, strict=True)), Fraction(0))
        if joules > self.left:
            return None
        self.spent += joules
        return found, joules

    def _met(self) -> float:
        ratios, joules = np.concatenate(self._ratios), np.concatenate(self._joules)
        target = (1 - _MARGIN) * float(self.budget) + _BACK * max(float(self.left), 0.0)
        order = np.argsort(-ratios)
        at = int(np.searchsorted(np.cumsum(joules[order]), target))
        lowest = ratios[order[min(at, order.size - 1)]]
        return float(lowest) if lowest > 0 else float(np.min(ratios, where=ratios > 0, initial=np.inf))
