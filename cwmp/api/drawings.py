"""``draw``: the project's figures of one's own update, costs and budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from cwmp.api.certificates import budgets_of
from cwmp.api.checks import needing
from cwmp.api.frontiers import BUDGETS, frontier
from cwmp.api.given import Question, question
from cwmp.api.laws import budget_share, law_given
from cwmp.api.result import Result
from cwmp.pages.blocks import Block, Line
from cwmp.pages.energies import cost_words
from cwmp.pages.words import percent, several
from theory.arithmetic.exact import as_whole
from theory.claims.provenance import provenance
from theory.errors import InputError
from theory.optimum.bounds import contraction_cwmp_prior, contraction_top_k
from theory.selection.selectors import cwmp, top_k

SHARES = ("0.5%", "1%", "2%", "5%", "10%", "20%", "30%", "50%", "70%")


@dataclass(frozen=True, repr=False)
class Drawing(Result):
    """A figure of one's own data.

    Attributes:
        name: of the figure. caption: what is drawn, of what. record: the numbers in it.
    """

    name: str
    caption: str
    record: Mapping[str, Any]

    def plot(self, ax: Any = None) -> Any:
        """Draw it; returns the Axes.

        Args:
            ax: Matplotlib's Axes to draw in; by default those of a new figure, which a notebook shows.
        """
        from cwmp.pages.drawings import PAINTERS

        return PAINTERS[self.name](self.record, ax)

    def page(self) -> list[Block]:
        """Its caption, as ``cwmp draw`` prints it."""
        return [Line(self.caption)]

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what ``cwmp draw --json`` prints."""
        return {"figure": self.name, "caption": self.caption, "record": dict(self.record)}


def draw(
    figure: str, update: Any, cost: Any = None, budget: Any = None, *, layers: Any = None, kinds: Any = (),
    key: str | None = None, seed: int = 0,
) -> Drawing:  # fmt: skip
    """A figure of an update, its costs and one budget or several.

        cwmp.draw("geometry", state_dict, "fc-dear", budget="5%").plot()

    Args:
        figure: a key of :data:`FIGURES`: ``geometry`` (what CWMP and Top-K keep, in the plane of cost and squared
            magnitude; one budget), ``gap`` (how far each rounding is below the optimum), ``efficiency`` (what CWMP
            retains over Top-K; of a law too), ``contraction`` (least share retained, guaranteed and seen).
        update, cost, layers, kinds, key: as for :func:`cwmp.certify`; for ``efficiency`` as for :func:`cwmp.saving`.
        budget: ``"5%"``, ``"3mJ"`` or joules; ``geometry`` takes one (default 5 %), the others several.
        seed: of what is drawn: which coordinates are shown, costs from a law.

    Raises:
        InputError: no such figure; as :func:`cwmp.certify` and :func:`cwmp.saving`.
    """
    if figure not in tuple(FIGURES):  # which need not be hashable
        raise InputError(f"no figure {figure!r} of your own data; there are {', '.join(FIGURES)}")
    where = {"layers": layers, "kinds": kinds, "key": key}
    return FIGURES[figure][1](update, cost, budget, where, as_whole(seed, "seed", 0))


def _geometry(update: Any, cost: Any, budget: Any, where: dict[str, Any], seed: int) -> Drawing:
    if isinstance(budget, (list, tuple)):
        raise InputError("geometry is drawn at one budget")
    study = needing("verify", "this figure", "proofs_check.studies.geometry")
    captions = needing("figures", "this figure", "figures.plots.geometry")
    asked = question(update, cost, "5%" if budget is None else budget, **where)
    instance = asked.instance
    if not instance.score.any():
        raise InputError("the update is zero everywhere: there is no norm to keep a share of")
    data = {"source": "given", "name": asked.given.name, "d": instance.d}
    words = {"seed": seed, "cost": _costs(cost), "share": str(float(asked.share)), "unit": asked.costs.unit}
    record = study.geometry_of(instance, data, words, np.random.default_rng(seed))
    record["provenance"] = provenance()
    return Drawing("geometry", captions.caption_geometry({captions.GEOMETRY: record}), record)


def _gap(update: Any, cost: Any, budget: Any, where: dict[str, Any], seed: int) -> Drawing:
    found = frontier(update, cost, budgets_of(budget, BUDGETS), **where)
    rows = []
    for p in found.points:
        best = p.relaxation if p.optimum is None else p.optimum
        below = {"prefix": best - p.cwmp, "best-of": best - p.best_of, "top-k": best - p.top_k, "bound": p.bound}
        rows.append({"budget": p.budget_share, "verdict": p.verdict,
                     **{name: max(0.0, value) / best if best else 0.0 for name, value in below.items()}})  # fmt: skip
    exact = sum(row["verdict"] == "exact" for row in rows)
    met = sum(row["best-of"] == 0 for row in rows)
    caption = (
        f"How far CWMP's roundings and Top-K are below the best mask, relative to it, and the bound D4, for "
        f"{found.update}, {several(found.d, 'coordinate')}, costs {_costs(cost)}. At {exact} of "
        f"{several(len(rows), 'budget')} the best mask is the certified optimum; best-of reaches it at {met}. "
        f"What is 0 stands on the lower edge."
    )
    return Drawing("gap", caption, {"rows": rows})


def _efficiency(update: Any, cost: Any, budget: Any, where: dict[str, Any], seed: int) -> Drawing:
    law = law_given(update, cost, seed=seed, **where)
    shares = sorted({budget_share(law, one) for one in budgets_of(budget, SHARES)})
    rows: list[dict[str, Any]] = []
    for share in shares:
        if share < law.support_share:
            at = law.efficiency(share)
            rows.append({"budget": share, **{name: [one.value, one.error] for name, one in (
                ("cwmp", at.cwmp), ("top_k", at.top_k), ("ratio", at.ratio))}})  # fmt: skip
    if not rows:
        all_of_them = f"all non-zero entries cost {percent(law.support_share)} of everything"
        raise InputError(f"{all_of_them}: both rules keep them all")
    most = max(rows, key=lambda row: row["ratio"][0])
    caption = (
        f"What CWMP retains of the squared norm over what Top-K retains with the same energy, R = V/V_K (P1 to P3), "
        f"under {law}. At most {most['ratio'][0]:.3g} times, at {percent(most['budget'])} of the energy. Bars: 95 % "
        "intervals for data, the quadrature's error for a law. R is never below 1."
    )
    return Drawing("efficiency", caption, {"rows": rows})


def _contraction(update: Any, cost: Any, budget: Any, where: dict[str, Any], seed: int) -> Drawing:
    asks = [question(update, cost, one, **where) for one in budgets_of(budget, SHARES)]
    rows = [_contracted(asked) for asked in sorted(asks, key=lambda asked: asked.share)]
    dearest = float(Fraction(float(asks[0].instance.cost.max())) / asks[0].instance.total_cost)
    caption = (
        f"The least share of the squared norm that each rule retains of any update, guaranteed by the costs alone "
        f"(lines: D13 for CWMP, D14 for Top-K), and the share retained of {asks[0].given.name} (markers), costs "
        f"{_costs(cost)}. Below the dearest coordinate's cost, {percent(dearest)} of everything, nothing is guaranteed."
    )
    return Drawing("contraction", caption, {"rows": rows, "dearest": dearest})


def _contracted(asked: Question) -> dict[str, Any]:
    instance = asked.instance
    norm = instance.retained(np.ones(instance.d, dtype=bool))
    if not norm:
        raise InputError("the update is zero everywhere: there is no norm to keep a share of")
    seen = {"cwmp": float(cwmp(instance).retained / norm), "top-k": float(top_k(instance).retained / norm)}
    promised = {"cwmp": float(contraction_cwmp_prior(instance)), "top-k": float(contraction_top_k(instance))}
    return {"budget": float(asked.share), "seen": seen, "guaranteed": promised}


def _costs(cost: Any) -> str:
    return str(cost) if isinstance(cost, str) else cost_words(cost)


FIGURES: dict[str, tuple[str, Callable[[Any, Any, Any, dict[str, Any], int], Drawing]]] = {
    "geometry": ("what CWMP and Top-K keep, in the plane of cost and squared magnitude", _geometry),
    "gap": ("how far each rounding is below the optimum, over budgets", _gap),
    "efficiency": ("what CWMP retains over Top-K, over budgets", _efficiency),
    "contraction": ("the least share retained of any update, and what is retained of yours", _contraction),
}
