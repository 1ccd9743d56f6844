"""Independent check of what a selection by page keeps, costs and could at most have kept (claim D22): standard library.

For every price ``lambda >= 0`` and every mask M within the budget, pages included,

    p(M) <= lambda B + sum_j ( sum_{i on page j} (p_i - lambda c_i)+ - lambda f_j )+

because the right side is what the best mask is worth when joules may be bought at ``lambda``, page by page and item by
item. Nothing is rounded: floats are the rationals they are. A million items take some seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

Number = int | float | Fraction


class PageResult(NamedTuple):
    """``retained <= optimum <= bound``, and what the mask costs, exact."""

    retained: Fraction
    spent: Fraction
    bound: Fraction

    @property
    def gap(self) -> Fraction:
        """By how much the mask is at most below the optimum."""
        return self.bound - self.retained


def check_pages(
    scores: Sequence[Number], item_costs: Sequence[Number], pages: Iterable[tuple[int, int]],
    page_costs: Sequence[Number], budget: Number, kept: Sequence[bool], price: Number,
) -> PageResult:  # fmt: skip
    """Add everything up again.

    Args:
        scores: ``p_i``. pages: ``(start, end)`` of each, ascending. kept: the mask. price: ``lambda``.

    Raises:
        ValueError: the mask overspends; pages that do not follow one another; a negative price, cost or score.
    """
    price, budget = Fraction(price), Fraction(budget)
    retained = spent = Fraction(0)
    bound, last = price * budget, 0
    if price < 0:
        raise ValueError("the price is negative")
    for (start, end), fee in zip(pages, [Fraction(fee) for fee in page_costs], strict=True):
        if start != last or end <= start or fee < 0:
            raise ValueError(f"page from {start} to {end}: pages must follow one another and cost 0 at least")
        last, surplus, opened = end, -price * fee, False
        for i in range(start, end):
            p, c = Fraction(scores[i]), Fraction(item_costs[i])
            if p < 0 or c < 0:
                raise ValueError(f"item {i} has a negative score or cost")
            surplus += max(p - price * c, Fraction(0))
            if kept[i]:
                retained, spent, opened = retained + p, spent + c, True
        bound += max(surplus, Fraction(0))
        spent += fee if opened else 0
    if last != len(scores):
        raise ValueError(f"pages end at {last} of {len(scores)} items")
    if spent > budget:
        raise ValueError(f"the mask costs {float(spent)} of {float(budget)}")
    return PageResult(retained, spent, bound)
