"""The cells of an audit: one bound at one budget, when a trial violates it, and how often it may.

A bound that does not apply to the law stays in the audit with its reason. Bounds with a failure probability concede
that rate; those that hold for every instance concede none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from proofs_check.law_audit.trials import Trial
from theory.laws.deviation import AnyLaw, lower_deviation, overtaken, upper_deviation
from theory.laws.lost_score import LossMethod, lost_at_least, lost_at_most, mean_loss
from theory.laws.marginals import Floats

_ROUNDING = 1 + 1e-12
Trials = dict[str, Floats]


@dataclass(frozen=True)
class Cell:
    """One bound at one budget.

    Attributes:
        claim, method, beta: which one. allowed: rate of violations it concedes; None when it does not apply.
        limit: the bound's value, for the record. why: the assumption that fails.
        violated: which trials violate it, bool of shape (n,). counted: which trials satisfy its assumptions.
        observed: the figure that the bound is about, at the rate it concedes.
    """

    claim: str
    method: str
    beta: float
    allowed: float | None
    limit: float | None = None
    why: str = ""
    violated: Callable[[Trials], NDArray[np.bool_]] = lambda t: t["kept"] < 0
    counted: Callable[[Trials], NDArray[np.bool_]] = lambda t: t["kept"] >= 0
    observed: Callable[[Trials], float] = lambda t: float("nan")

    @property
    def name(self) -> str:
        """``P7 hoeffding at 10 %``."""
        return f"{self.claim} {self.method} at {100 * self.beta:g} %"


def cells_of(law: AnyLaw, d: int, beta: float, failure: float) -> list[Cell]:
    """Every bound of the claim table that drawn instances can violate, at one budget."""
    found = []
    for method in ("hoeffding", "chebyshev"):
        found.append(upper_cell(law, d, beta, failure, method))
        found.append(lower_cell(law, d, beta, failure, method))
    found += [cell for method in get_args(LossMethod) for cell in loss_cells(law, d, beta, failure, method)]
    bound = overtaken(law, beta, d)
    if bound.limit is None:
        found.append(Cell("P9", "hoeffding", beta, None, why=bound.why))
    else:
        ahead = lambda t: t["ahead"] > 0  # noqa: E731
        rate = lambda t: float(t["ahead"].mean())  # noqa: E731
        found.append(Cell("P9", "hoeffding", beta, bound.limit, bound.limit, violated=ahead, observed=rate))
    return [*found, *_certain(beta)]


def upper_cell(law: AnyLaw, d: int, beta: float, failure: float, method: str, scale: float = 1.0) -> Cell:
    """P7; ``scale`` other than 1 shrinks the deviation: a wrong bound, planted to be caught."""
    bound = upper_deviation(law, beta, d, failure, method)  # type: ignore[arg-type]
    if bound.limit is None:
        return Cell("P7", method, beta, None, why=bound.why)
    limit = _scaled(law, beta, bound.limit, scale)
    above = lambda t: t["relaxed"] > limit * _ROUNDING  # noqa: E731
    level = lambda t: float(np.quantile(t["relaxed"], 1 - failure))  # noqa: E731
    return Cell("P7", method, beta, failure, limit, violated=above, observed=level)


def lower_cell(law: AnyLaw, d: int, beta: float, failure: float, method: str, scale: float = 1.0) -> Cell:
    """P8; ``scale`` as in :func:`upper_cell`."""
    bound = lower_deviation(law, beta, d, failure, method)  # type: ignore[arg-type]
    if bound.limit is None:
        return Cell("P8", method, beta, None, why=bound.why)
    limit = _scaled(law, beta, bound.limit, scale)
    below = lambda t: t["kept"] * _ROUNDING < limit  # noqa: E731
    level = lambda t: float(np.quantile(t["kept"], failure))  # noqa: E731
    return Cell("P8", method, beta, failure, limit, violated=below, observed=level)


def loss_cells(
    law: AnyLaw, d: int, beta: float, failure: float, method: LossMethod, scale: float = 1.0
) -> tuple[Cell, Cell]:
    """P13, below and above; ``scale`` as in :func:`upper_cell`. They apply whatever the tail of the magnitudes is."""
    names, bounds = (f"{method} below", f"{method} above"), (lost_at_least, lost_at_most)
    low, high = (bound(law, beta, d, failure, method) for bound in bounds)
    none = [Cell("P13", name, beta, None, why=end.why) for name, end in zip(names, (low, high), strict=True)]
    if low.limit is None and high.limit is None:
        return none[0], none[1]
    mean = mean_loss(law, beta)
    least, most = (mean + scale * ((end.limit or mean) - mean) for end in (low, high))
    below = Cell(
        "P13", names[0], beta, failure, least, violated=lambda t: t["lost_least"] * _ROUNDING < least,
        observed=lambda t: float(np.quantile(t["lost_least"], failure)),
    )  # fmt: skip
    above = Cell(
        "P13", names[1], beta, failure, most, violated=lambda t: t["lost"] > most * _ROUNDING,
        observed=lambda t: float(np.quantile(t["lost"], 1 - failure)),
    )  # fmt: skip
    return (none[0] if low.limit is None else below), (none[1] if high.limit is None else above)


def _scaled(law: AnyLaw, beta: float, limit: float, scale: float) -> float:
    if scale == 1.0:
        return limit
    mean = law.efficiency(beta).cwmp.value * law.mean_score()
    return mean + scale * (limit - mean)


def _certain(beta: float) -> list[Cell]:
    """Bounds that hold on every instance that satisfies their assumptions."""

    def cell(claim: str, used: str, fits: bool) -> Cell:
        counted = (lambda t: t["dearest_fits"] > 0) if fits else (lambda t: t["dearest_fits"] >= 0)
        return Cell(
            claim, "exact", beta, 0.0, 1.0, violated=lambda t: t[used] > 1 + 1e-12, counted=counted,
            observed=lambda t: float(t[used][counted(t)].max(initial=0.0)),
        )  # fmt: skip

    return [
        cell("D13a", "contraction_cwmp", True),
        cell("D14a", "contraction_top_k", False),
        cell("P10", "gap_used", False),
    ]


def as_columns(rows: list[list[float]]) -> Trials:
    """Trials by field, each float64 of shape (n,)."""
    table = np.array(rows, dtype=float).reshape(-1, len(Trial._fields))
    return {name: table[:, i] for i, name in enumerate(Trial._fields)}
