"""The page of a frontier: a row for each budget, and the swap that wins wherever CWMP is not optimal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cwmp.pages.blocks import Block, Line, Table
from cwmp.pages.certificates import swap_words
from cwmp.pages.words import fixed, percent, several
from theory.optimum.comparison import best_row

if TYPE_CHECKING:
    from cwmp.api.frontiers import Frontier, Point


def frontier_page(r: Frontier) -> list[Block]:
    """As ``cwmp frontier`` prints it."""
    head = Line(
        f"{r.update}: {several(r.d, 'coordinate')}; sending everything costs {r.total:.6g} {r.energy_unit}; "
        "shares of ||g||^2 retained"
    )
    columns = ["budget", r.energy_unit, "Top-K", "CWMP prefix", "CWMP best-of", "optimum", "relaxation", "CWMP optimal"]
    rows = [
        [percent(p.budget_share, 4), f"{p.budget:.6g}", fixed(p.top_k, 4), fixed(p.cwmp, 4), fixed(p.best_of, 4),
         "-" if p.optimum is None else fixed(p.optimum, 4), fixed(p.relaxation, 4), _word(p)]
        for p in r.points
    ]  # fmt: skip
    lost = [p for p in r.points if p.cwmp_optimal is False and p.swap is not None]
    told: list[Block] = [
        Line(f"At {percent(p.budget_share, 4)}: {swap_words(p.swap, r.layers, best_row(p.verdict))}")
        for p in lost
        if p.swap is not None
    ]
    proved = sum(p.cwmp_optimal is True for p in r.points)
    ending = Line(f"CWMP's prefix is proved optimal at {proved} of {several(len(r.points), 'budget')}.")
    return [head, Table(columns, rows, left=(0, 7)), *told, ending]


def _word(p: Point) -> str:
    if p.cwmp_optimal:
        return "yes"
    if p.cwmp_optimal is None:
        return f"open, within {percent(p.gap)}" if p.gap else "open"
    return f"no, by {percent(p.swap.gain)}" if p.swap else "no"
