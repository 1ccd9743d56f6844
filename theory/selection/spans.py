"""Parts of an update: the greedy prefix over some spans of it, and the cheapest items of one that reach a score.

A span is ``(start, end)`` of the flat vector, as a layer is. The order is that of :func:`theory.cwmp`, and large parts
are read as :mod:`theory.selection.bracket` reads everything: a sample, one pass, an exact finish.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic import compiled_loops
from theory.arithmetic.exact import exact_sum, floor_float
from theory.arithmetic.sums import FLOATS
from theory.selection.bracket import SMALL, WIDTHS, Sample, bracket_of, draw, enclosed, sampled
from theory.selection.critical_item import find_critical_item
from theory.selection.entries import Entries
from theory.selection.order import Floats, Indices, Prefix, critical_run, density_order, longest_affordable
from theory.selection.scan import Scanned, lent_workspaces, scan
from theory.selection.scan_numpy import Lists

Span = tuple[int, int]
Mask = NDArray[np.bool_]
Exact = Callable[[Any], Fraction]  # the exact score of some items: indices or a mask


class Reserve(NamedTuple):
    """The shortest beginning of a span's order that reaches a score.

    Attributes:
        cost: exact. last: its last item, None where nothing is needed. items: all of them.
    """

    cost: Fraction
    last: int | None
    items: Indices


@dataclass(frozen=True, eq=False)
class Need:
    """A score to be reached: ``about`` a float, within ``doubt`` of itself, of what ``exactly`` gives when asked."""

    about: float
    doubt: float
    exactly: Callable[[], Fraction]

    def met_by(self, score: float, doubt: float, exact: Callable[[], Fraction]) -> bool:
        """Whether a score, a float within ``doubt`` of itself, reaches it: exactly, where rounding could decide."""
        if score * (1 - doubt) > self.about * (1 + self.doubt):
            return True
        if score * (1 + doubt) < self.about * (1 - self.doubt):
            return False
        return exact() >= self.exactly()


def prefix_over(
    entries: Entries, spans: Sequence[Span], affordable: Fraction, left: Fraction, *, mask: Mask, threads: int = 1
) -> Prefix:
    """The longest prefix that ``left`` pays for, of the items in ``spans`` that cost at most ``affordable`` each.

    It stops at the first item that does not fit, though others may.

    Args:
        spans: ascending and apart. mask: bool of shape (d,), written in the spans only.
    """
    return Common(entries, affordable, mask, threads).prefix(spans, left)


class Common:
    """The same, asked again with other spans and another sum left: what was read is not read again.

    As long as the price stays in the bracket, only spans that join or leave are looked at.

    Args:
        entries, affordable, mask, threads: as for :func:`prefix_over`.
    """

    def __init__(self, entries: Entries, affordable: Fraction, mask: Mask, threads: int = 1) -> None:
        self._entries, self._affordable, self._mask, self._threads = entries, affordable, mask, threads
        self._spans: set[Span] = set()
        self._bracket, self._above = (0.0, 0.0), Fraction(0)
        self._inside: Lists | None = None  # the listed items of all spans; None before anything was read
        self.read = 0  # how often everything was

    def prefix(self, spans: Sequence[Span], left: Fraction) -> Prefix:
        """As :func:`prefix_over`; the mask is written in these spans only."""
        size = sum(end - start for start, end in spans)
        found = self._moved(spans, size, left)
        if found is None and size > SMALL:
            found = self._read(spans, size, left)
        return _sorted(self._entries, spans, self._affordable, left, self._mask) if found is None else found

    def listed(self, span: Span) -> float:
        """What the items of a span weigh that one prefix may keep and the next one not, as long as nothing is read."""
        if self._inside is None:
            return np.inf
        first, last = np.searchsorted(self._inside[0], span)
        return float(self._entries.weights_of(self._inside[0][first:last]).sum())

    def _read(self, spans: Sequence[Span], size: int, left: Fraction) -> Prefix | None:
        """In one pass, by a sample's bracket."""
        self._inside, self.read = None, self.read + 1
        sample = sampled(self._entries, self._affordable, self._threads, _places(spans, draw(size)))
        if sample is None or not sample.key.size:
            return None
        for width in WIDTHS:
            self._bracket, self._above, lists = bracket_of(sample, left, size, width), Fraction(0), []
            for span in _joined(spans):
                found = self._scanned(span, self._mask[slice(*span)])
                if found is None:
                    return None
                self._above += found.above
                lists += found.inside
            items, key, cost = map(np.concatenate, zip(*lists, strict=True))
            self._spans, self._inside = set(spans), (items, key, cost)
            if (prefix := self._found(left)) is not None:
                return prefix
        return None

    def _moved(self, spans: Sequence[Span], size: int, left: Fraction) -> Prefix | None:
        """By what was read, if little has changed and the bracket still holds the price."""
        joining, leaving = set(spans) - self._spans, self._spans - set(spans)
        if self._inside is None or 2 * sum(end - start for start, end in joining | leaving) > size:
            return None
        for start, end in leaving:
            found = self._scanned((start, end), np.empty(end - start, dtype=bool))
            if found is None:
                return None
            self._above -= found.above
            self._inside = _with(self._inside, (start, end))
        for span in joining:
            found = self._scanned(span, self._mask[slice(*span)])
            if found is None:
                return None
            self._above += found.above
            self._inside = _with(self._inside, span, found.inside)
        self._spans = set(spans)
        self._mask[self._inside[0]] = False
        return self._found(left)

    def _scanned(self, span: Span, own: Mask) -> Scanned | None:
        """One pass over a span; what is above the bracket goes into its ``own`` mask."""
        entries, (low, high) = self._entries, self._bracket
        with lent_workspaces() as workspaces:
            found = scan(
                part_of(entries, *span), self._affordable, low, high, self._threads, workspaces, own, entries.d
            )
            if found is None:
                return None
            start = span[0]  # the lists are lent until the next pass
            return Scanned(found.above, [(items + start, key.copy(), cost.copy()) for items, key, cost in found.inside])

    def _found(self, left: Fraction) -> Prefix | None:
        assert self._inside is not None
        scanned = Scanned(self._above, [self._inside])
        return find_critical_item(self._entries, left, *self._bracket, scanned, self._mask)


def _with(lists: Lists, span: Span, own: Sequence[Lists] = ()) -> Lists:
    """Lists, ascending, with others for the items of a span."""
    first, last = np.searchsorted(lists[0], span)
    items, key, cost = (
        np.concatenate([old[:first], *(one[k] for one in own), old[last:]]) for k, old in enumerate(lists)
    )
    return items, key, cost


def _joined(spans: Sequence[Span]) -> list[Span]:
    """The same, with neighbours as one."""
    found: list[Span] = []
    for start, end in spans:
        if found and found[-1][1] == start:
            found[-1] = found[-1][0], end
        elif start < end:
            found.append((start, end))
    return found


def _places(spans: Sequence[Span], drawn: Indices) -> Indices:
    """Where the items with some numbers, counted through the spans, are."""
    sizes = np.array([end - start for start, end in spans])
    before = np.cumsum(sizes) - sizes
    of = np.searchsorted(before, drawn, side="right") - 1
    found: Indices = drawn - before[of] + np.array([start for start, _ in spans])[of]
    return found


def _sorted(entries: Entries, spans: Sequence[Span], affordable: Fraction, left: Fraction, mask: Mask) -> Prefix:
    """By sorting everything: what every faster way must equal."""
    items = np.concatenate([np.empty(0, np.intp), *(np.arange(*span) for span in spans)])
    mask[items] = False
    weight, cost, items = _eligible(entries, items, affordable)
    order = density_order(weight, cost)
    k, spent = longest_affordable(cost[order], left)
    mask[items[order[:k]]] = True
    return Prefix(mask, spent, int(items[order[k]]) if k < order.size else None)


def reserve_of(
    entries: Entries, span: Span, affordable: Fraction, need: Need, retained: Exact, *, mask: Mask, threads: int = 1
) -> Reserve:
    """The first items of a span's order that score ``need`` at least, which the eligible ones can.

    Args:
        affordable: items dearer than that are not eligible. retained: the exact score of items of the whole update.
        mask: bool of shape (d,), written in the span only.
    """
    start, end = span
    if need.about <= 0:
        mask[start:end] = False
        return Reserve(Fraction(0), None, np.empty(0, np.intp))
    found = None
    if end - start > SMALL:
        found = _bracketed_reserve(entries, span, affordable, need, retained, mask, threads)
    if found is not None:
        return found
    mask[start:end] = False
    weight, cost, items = _eligible(entries, np.arange(start, end), affordable)
    order = density_order(weight, cost)
    k = shortest_reaching(weight[order], need, lambda n: retained(items[order[:n]]))
    taken = items[order[:k]]
    mask[taken] = True
    return Reserve(exact_sum(cost[order[:k]]), int(taken[-1]), taken)


def largest_reaching(
    entries: Entries, items: Indices, cost: Fraction, need: Need, retained: Exact, *, mask: Mask
) -> Reserve:
    """The same among ``items``, ascending, that cost the same and do reach ``need``; sets them in ``mask``."""
    if need.about <= 0:
        return Reserve(Fraction(0), None, np.empty(0, np.intp))
    weight = entries.weights_of(items)
    some = weight[:: max(1, int(weight.size ** (1 / 3)))]
    unit, before = float(weight.max()), np.empty(0, np.intp)
    low, high = enclosed(some, some / unit, need.about / unit * some.size / weight.size, WIDTHS[0])
    above = np.flatnonzero(weight >= high)
    reached = float(weight[above].sum())
    near = np.flatnonzero((weight >= low) & (weight < high))
    doubt = 2.0**-50 * (weight.size + 2)
    enough = need.met_by(reached + float(weight[near].sum()), doubt, lambda: retained(items[weight >= low]))
    if not enough or need.met_by(reached, doubt, lambda: retained(items[above])):
        near, above, reached = np.arange(weight.size), before, 0.0
    order = near[np.argsort(-weight[near], kind="stable")]
    score = lambda n: retained(items[np.concatenate([above, order[:n]])])  # noqa: E731
    k = shortest_reaching(weight[order], need, score, reached, above.size)
    taken = items[np.concatenate([above, order[:k]])]
    mask[taken] = True
    return Reserve(taken.size * cost, int(taken[-1]), taken)


def _bracketed_reserve(
    entries: Entries, span: Span, affordable: Fraction, need: Need, retained: Exact, mask: Mask, threads: int
) -> Reserve | None:
    start, end = span
    part, own = part_of(entries, start, end), mask[start:end]
    sample = sampled(part, affordable, threads)
    if sample is None or not sample.key.size:
        return None
    weight, target = _scores(sample, need.about, part.d)
    doubt = 2.0**-50 * (part.d + 2)
    with lent_workspaces() as workspaces:
        for width in WIDTHS:
            low, high = enclosed(sample.key, weight, target, width)
            found = scan(part, affordable, low, high, threads, workspaces, own, entries.d)
            if found is None:
                return None
            above = kept_in(entries, mask, span)
            if need.met_by(above, doubt, lambda: retained(start + np.flatnonzero(own))):
                continue
            items, key, costs = map(np.concatenate, zip(*found.inside, strict=True))
            order = np.argsort(-key, kind="stable")
            with_all = lambda items: retained(start + np.concatenate([np.flatnonzero(own), items]))  # noqa: E731
            taken = _reaching(part, items[order], key[order], costs[order], need, with_all, above)
            if taken is None:
                continue
            own[taken] = True
            cost = found.above + exact_sum(part.costs_of(taken))
            return Reserve(cost, start + int(taken[-1]), start + np.flatnonzero(own))
    return None


def _scores(sample: Sample, need: float, d: int) -> tuple[Floats, float]:
    """Scores of the sampled items and their target, in units of the largest."""
    weight = sample.key * sample.cost
    unit = float(weight.max())
    return weight / unit, need / unit / sample.unit * sample.size / d


def _reaching(
    part: Entries, items: Indices, key: Floats, cost: Floats, need: Need, retained: Exact, before: float
) -> Indices | None:
    """The shortest beginning of sorted items that scores ``need`` beside what scores ``before``; None if none does.

    Args:
        retained: the exact score of some items and of those before.
    """
    weight, score = part.weights_of(items), lambda n: retained(items[:n])
    doubt = 2.0**-50 * (part.d + 2)
    if not need.met_by(before + float(weight.sum()), doubt, lambda: retained(items)):
        return None
    at = shortest_reaching(weight, need, score, before, part.d) - 1
    exactly = critical_run(weight, cost, key, at)
    if exactly is not None:
        items, weight = items[exactly], weight[exactly]
        at = shortest_reaching(weight, need, lambda n: retained(items[:n]), before, part.d) - 1
    return items[: at + 1]


def shortest_reaching(
    weight: Floats, need: Need, score: Callable[[int], Fraction], before: float = 0.0, counted: int = 0
) -> int:
    """The least n with ``score(n) >= need > 0``: by float sums, by exact scores where rounding could decide.

    Args:
        before: what ``counted`` items, which every score includes, weigh together.
    """
    sums = before + np.cumsum(weight)
    doubt = 2.0**-50 * (weight.size + counted + 2)
    low = int(np.searchsorted(sums * (1 + doubt), need.about * (1 - need.doubt))) + 1
    high = min(int(np.searchsorted(sums * (1 - doubt), need.about * (1 + need.doubt))) + 1, weight.size)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if score(middle) >= need.exactly() else (middle + 1, high)
    return low


def kept_in(entries: Entries, mask: Mask, span: Span) -> float:
    """What a mask keeps of a span's weight: a sum in float64, within ``2^-52 (n + 2)`` of itself."""
    start, end = span
    usual = entries.values.flags.c_contiguous and entries.values.dtype in FLOATS
    if usual and compiled_loops.worth_it(entries.d):
        return float(
            compiled_loops.compiled(compiled_loops.kept)(entries.values, mask, *span, entries.weight == "square")
        )
    return float(entries.weights_of(start + np.flatnonzero(mask[start:end])).sum())


def part_of(entries: Entries, start: int, end: int) -> Entries:
    """The entries of a span, as views."""
    return entries.subset(slice(start, end))


def _eligible(entries: Entries, items: Indices, affordable: Fraction) -> tuple[Floats, Floats, Indices]:
    weight, cost = entries.weights_of(items), entries.costs_of(items)
    may = (weight > 0) & (cost <= floor_float(affordable))
    return weight[may], cost[may], items[may]
