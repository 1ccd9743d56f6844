"""``frontier``: norm kept against energy, over budgets: CWMP, Top-K, the relaxation, and where CWMP is not optimal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from cwmp.api.certificates import budgets_of
from cwmp.api.given import given_budget, given_costs, given_update
from cwmp.api.result import Result
from cwmp.pages.blocks import Block
from cwmp.pages.frontiers import frontier_page
from theory.arithmetic.exact import nearest_float
from theory.budget import budget_in_units
from theory.errors import InputError
from theory.instance import Instance
from theory.layers import Layer
from theory.optimum.bounds import greedy_gap
from theory.optimum.certificate import certify
from theory.optimum.comparison import Swap, share, swap_fields
from theory.optimum.relaxation import relax
from theory.selection.selectors import cwmp, top_k

BUDGETS = ("1%", "2%", "5%", "10%", "20%", "30%", "50%", "70%")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Point:
    """One budget.

    Attributes:
        budget_share: of sending everything. budget: in joules or units.
        cwmp, best_of, top_k, relaxation, optimum: shares of ``||g||^2`` retained by CWMP's prefix, CWMP's best-of,
            Top-K, the linear relaxation, and the best mask found (None where none was searched for).
        bound: ``phi p_s`` of claim D4, as such a share. gap: of the best mask, 0 when it is proved optimal.
        verdict: ``exact``, ``interval``, ``failed``, or ``bound`` where none was searched for.
        cwmp_optimal: whether CWMP's prefix is proved optimal; None where that is open.
        spent, kept: by CWMP's prefix. swap: from it to the best mask.
    """

    budget_share: float
    budget: float
    cwmp: float
    best_of: float
    top_k: float
    relaxation: float
    optimum: float | None
    bound: float
    gap: float
    verdict: str
    cwmp_optimal: bool | None
    spent: float
    kept: int
    swap: Swap | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        rest = {name: value for name, value in vars(self).items() if name != "swap"}
        return {**rest, "swap": swap_fields(self.swap) if self.swap else None}


@dataclass(frozen=True, eq=False, repr=False)
class Frontier(Result):
    """What each rule keeps of ``||g||^2`` at each budget.

    Attributes:
        update: what it is of. d: coordinates. layers: of the flat update. energy_unit: ``J`` or ``units``.
        total: energy of sending everything. points: by budget, ascending.
    """

    update: str
    d: int
    layers: tuple[Layer, ...]
    energy_unit: str
    total: float
    points: tuple[Point, ...]

    def plot(self, ax: Any = None) -> Any:
        """Draw norm kept against energy: CWMP, Top-K, relaxation, and where CWMP fails; returns the Axes.

        Args:
            ax: Matplotlib's Axes to draw in; by default those of a new figure, which a notebook shows.
        """
        from cwmp.pages.plots import frontier_plot

        return frontier_plot(self, ax)

    @property
    def caption(self) -> str:
        """What its figure shows."""
        lost = sum(p.cwmp_optimal is False for p in self.points)
        return (
            f"Share of ||g||^2 that Top-K, CWMP's prefix and the relaxation (D2) keep of {self.update}, against the "
            f"budget. Circles: CWMP's prefix is not optimal, at {lost} of {len(self.points)} budgets."
        )

    def page(self) -> list[Block]:
        """As ``cwmp frontier`` prints it."""
        return frontier_page(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what ``cwmp frontier --json`` prints."""
        layers = [asdict(layer) for layer in self.layers]
        head = {"update": self.update, "d": self.d, "energy_unit": self.energy_unit, "total": self.total}
        return {**head, "layers": layers, "points": [point.to_dict() for point in self.points]}


def frontier(
    update: Any, cost: Any = None, budget: Any = None, *, layers: Any = None, kinds: Any = (), key: str | None = None,
    exact: bool = True, on_progress: Progress = lambda done, most: None,
) -> Frontier:  # fmt: skip
    """Norm kept against energy at several budgets, and where CWMP is not optimal and which swap wins.

        cwmp.frontier(update, costs).plot()

    Args:
        update, cost, layers, kinds, key: as for :func:`cwmp.certify`.
        budget: one budget or a list of them; default: eight shares from 1 % to 70 %.
        exact: whether the optimum of each budget is searched for and certified. Without it, the relaxation and D4's
            bound stand in, and CWMP is called optimal only where they meet what it retains.
        on_progress: called with the budgets done and how many there are.

    Raises:
        InputError: as :func:`cwmp.certify`.
    """
    amounts = [given_budget(one) for one in budgets_of(budget, BUDGETS)]
    if not amounts:
        raise InputError("give at least one budget")
    if isinstance(update, Instance):
        raise InputError("an instance has one budget; give update and costs")
    given = given_update(update, layers, key, kinds)
    costs = given_costs(cost, given)
    base = Instance(given.vector, costs.values, 0)
    budgets = set()
    for amount in amounts:
        of = amount.amount(costs, given.layers)
        budgets.add(budget_in_units(of, lambda: base.total_cost, base.unit))
    points = []
    norm = base.retained(np.ones(base.d, dtype=bool))
    for each in sorted(budgets):
        points.append(_point(base.with_budget(each), norm, costs.unit, exact=exact))
        on_progress(len(points), len(budgets))
    total = float(base.total_cost * base.unit)
    return Frontier(given.name, base.d, given.layers, costs.unit, total, tuple(points))


def _point(at: Instance, norm: Fraction, unit: str, *, exact: bool) -> Point:
    prefix, best_of, top = cwmp(at), cwmp(at, rounding="best-of"), top_k(at)
    relaxed = relax(at, prefix)
    bound = greedy_gap(at, relaxed)
    optimum: float | None = None
    verdict, optimal, gap, swap = "bound", True if prefix.retained == relaxed.value else None, share(bound, norm), None
    if exact:
        best = certify(at, energy_unit=unit)
        verdict, gap = best.verdict, best.relative_gap
        optimum = share(best.retained, norm)
        if verdict == "exact":
            optimal = prefix.retained == best.retained
        elif prefix.retained < best.retained and verdict == "interval":
            optimal = False
        swap = Swap(np.flatnonzero(prefix.mask & ~best.mask), np.flatnonzero(best.mask & ~prefix.mask),
                    share(best.retained - prefix.retained, prefix.retained))  # fmt: skip
    return Point(
        share(at.budget, at.total_cost), nearest_float(at.budget * at.unit), share(prefix.retained, norm),
        share(best_of.retained, norm), share(top.retained, norm), share(relaxed.value, norm), optimum,
        share(bound, norm), gap, verdict, optimal, nearest_float(prefix.spent * at.unit), int(prefix.mask.sum()), swap,
    )  # fmt: skip
