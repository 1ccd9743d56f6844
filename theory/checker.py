"""Independent check of an optimality certificate, with nothing but the standard library.

    python checker.py certificate.json update.npy [costs.npy]          a certificate about ||g||^2
    python checker.py --scores certificate.json scores.npy [costs.npy] one about scores p that were given

The certificate names prices ``lambda`` (energy) and ``mu`` (item), a number ``t`` of ties, and two short lists. Put
``r_i = p_i - lambda c_i - mu`` for the eligible items (``p_i > 0``, ``c_i <= B``). The base set S is ``{r_i > 0}``
with the first t of ``{r_i = 0}``; the mask M is S without ``removed`` and with ``added``. For every feasible mask

    p(M) = U - loss(M),   loss(M) = lambda (B - c(M)) + mu (K - |M|) + sum_{i in S xor M} |r_i|  >=  0,

U the same for all. So M is optimal iff no feasible mask has a smaller loss; such a mask could deviate from S only where
``|r_i| < loss(M)`` (the core), and an exhaustive search over the core shows there is none. A certificate of verdict
``interval`` proves less: that OPT exceeds p(M) by at most loss(M).

A ``split`` says the same of fewer masks: with ``w_i = floor(a p_i + b c_i + e)`` and ``mu w_i`` for ``mu``, the loss is
never negative where ``w(M) <= K``, and with a negative ``mu`` where ``w(M) >= K`` (side ``least``). All others, from
``K + 1`` on or up to ``K - 1``, have other prices: their U must not exceed what M retains.

Where given scores are multiples of a ``step``, what retains more retains a step more: the search is for losses of
``loss(M) - step`` or less, and there is none to make where that is negative.

Where costs take few values, M may be named by how many it keeps of each, the largest ones, and the search runs over
such counts, near each cost's threshold (a proof of kind ``counts``).

Everything that decides is exact: floats are the dyadic rationals they are, ``p_i = g_i^2`` is not rounded, sums are
formed without rounding, signs come from a float filter with a proven margin and from rationals inside it, and the
search runs on integers. B is rounded down to the costs' common grid where there is one, and K, where used, is verified
from the costs. Costs are in units of ``unit_joules`` joules, scores in units of ``4^exponent``.

A certificate may come from anyone: its numbers, lists and searches are bounded, and what they cost is counted while it
is being spent.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import mmap
import re
import struct
import sys
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Sized
from decimal import Decimal
from fractions import Fraction
from functools import partial
from itertools import chain, compress, count, islice, pairwise, repeat
from operator import add, le, not_
from typing import Any, NamedTuple

FORMAT = "cwmp-certificate/2"
MAX_BYTES = 1 << 24  # of a certificate
MAX_DIGITS = 2_000  # of a numerator or denominator
MAX_MOVED = 100_000  # items in removed and added
MAX_CLASSES = 64  # different costs in a proof by counts
MAX_WORK = 5_000_000  # steps of a microsecond or so, of exact arithmetic and search
MAX_STATES = 500_000  # that a search holds at once
CELLS_PER_STEP = 8  # of the dense search, in the time of a step
_MAX_GRID_COSTS = 1 << 16
_CHUNK = 1 << 12  # what is made of so many items stays in a core's cache
_ROOM = 1 << 12  # values that wait for a window to close on them
_LEAST_SQUARE = 2.0**-970  # from here on the parts of a square are floats
_TOO_LARGE = "too large to finish: the search over the core, or the items near its prices"
_ROUNDING = 2.0**-49  # generous bound on the relative rounding error of fl(p - lambda c - mu)
_RATIO = re.compile(rf"-?[0-9]{{1,{MAX_DIGITS}}}(/[0-9]{{1,{MAX_DIGITS}}})?")
_HEADER = {"format", "verdict", "d", "objective", "data", "cost", "unit_joules", "energy_unit", "budget", "spent",
           "retained", "proof", "note", "digest"}  # fmt: skip
_Pairs = list[tuple[int, int]]
_States = dict[tuple[int, int], int]
_Move = tuple[int, int, int]
Apply = Callable[[Callable[[Any], Any], Iterator[Any]], Iterable[Any]]
_CORE = {"kind", "grid", "energy", "item", "most_items", "cheap", "ties", "removed", "added", "loss", "search"}
_SPLIT = {"weight", "side", "energy", "item"}
_COUNTS = {"kind", "energy", "counts", "loss"}
_GAINS = {"squares": "retains {}more of ||g||^2", "scores": "has a {}larger sum of the scores given (no squares)"}


class Result(NamedTuple):
    """What the checker says.

    Attributes:
        verdict: ``exact``, ``interval`` or ``refused``.
        reason: in one line, what was shown about which objective, budget and costs; or why it is refused.
        about: the same as data, and ``how`` it was shown. Empty if refused.
    """

    verdict: str
    reason: str
    about: Mapping[str, Any] = {}


class RefusedError(Exception):
    """The certificate does not prove what it says."""


def check(
    certificate: Mapping[str, Any], data: Sequence[float], cost: Sequence[float] | None = None, *, scores: bool = False,
    apply: Apply = map,
) -> Result:  # fmt: skip
    """Verify ``certificate`` against the data it speaks of.

    Args:
        certificate: the parsed JSON object.
        data: the d numbers of the update (or scores), any sequence of floats: a memoryview, an array.
        cost: the d costs. Needed when the certificate was made from per-coordinate costs, in its units; compared, in
            joules, when it brings costs by class.
        scores: the data are scores ``p``, to be summed as they are; else an update ``g``, of which squares count.
        apply: how a function is applied to pieces of the data, in their order: ``map``, or one that shares the work.
    """
    try:
        statement = _Statement(certificate)
        asked = "scores" if scores else "squares"
        _require(statement.objective == asked, f"the certificate is about {statement.objective}, asked for {asked}")
        proof, given, work = certificate["proof"], _Data(statement, data, cost), _Work()
        _require(isinstance(proof, dict), "the proof is no object")
        if proof["kind"] == "counts":
            return _check_counts(statement, _Counts(statement, proof), given, work, apply)
        return _check_core(statement, _Core(statement, proof), given, work, apply)
    except RefusedError as refusal:
        return Result("refused", str(refusal))
    except (KeyError, TypeError, ValueError, LookupError, ArithmeticError, AttributeError, RecursionError) as error:
        return Result("refused", f"malformed certificate: {type(error).__name__} {ascii(str(error))[:200]}")


def digest(certificate: Mapping[str, Any]) -> str:
    """SHA-256 of the certificate's content, without its digest."""
    content = {key: value for key, value in certificate.items() if key != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


# --- what the certificate says ---------------------------------------------------------------------
class _Statement:
    """What the certificate is about, parsed: data, objective, costs, budget, and what the mask spends and retains."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        found = ascii(fields.get("format"))[:40]
        _require(fields.get("format") == FORMAT, f"format is {found}, this checker reads '{FORMAT}': certify anew")
        _require(digest(fields) == fields.get("digest"), "the certificate was altered (digest differs)")
        _only(fields, _HEADER, "the certificate")
        _only(fields["data"], {"sha256", "exponent"}, "data")
        self.verdict, self.objective, self.d = fields["verdict"], fields["objective"], _count(fields["d"])
        self.data_hash, self.exponent = fields["data"]["sha256"], fields["data"]["exponent"]
        self.budget, self.spent, self.retained = (_number(fields[key]) for key in ("budget", "spent", "retained"))
        self.unit, self.energy_unit = _number(fields["unit_joules"]), fields["energy_unit"]
        _require(self.verdict in ("exact", "interval"), "the verdict must be exact or interval")
        _require(self.objective in ("squares", "scores"), "the objective must be squares or scores")
        _require(type(self.exponent) is int and abs(self.exponent) < 2200, "bad exponent")
        _require(self.squared or self.exponent == 0, "scores have no exponent")
        _require(self.budget >= 0, "negative budget")
        _require(self.unit > 0, "unit_joules must be positive")
        _require(self.energy_unit in ("J", "units"), "the energy unit must be J or units")
        self._set_costs(fields["cost"])

    def _set_costs(self, cost: Mapping[str, Any]) -> None:
        self.classes: list[float] | None = None
        if cost["kind"] == "array":
            _only(cost, {"kind", "sha256"}, "cost")
            self.cost_hash = cost["sha256"]
            return
        _require(cost["kind"] == "classes", "cost.kind must be array or classes")
        _only(cost, {"kind", "values", "runs"}, "cost")
        values, self.runs = [_number(v) for v in cost["values"]], cost["runs"]
        self.classes = [_as_float(v) for v in values]
        exact = all(0 < f < math.inf and Fraction(f) == v for f, v in zip(self.classes, values, strict=True))
        _require(exact, "a class cost is not a positive float64")
        whole = all(type(k) is type(n) is int and 0 <= k < len(values) and n > 0 for k, n in self.runs)
        _require(whole and sum(n for _, n in self.runs) == self.d, "the runs of cost classes do not cover the update")

    @property
    def squared(self) -> bool:
        return bool(self.objective == "squares")

    def result(self, gap: Fraction, data: _Data, how: str) -> Result:
        """The answer: objective, budget, energy and costs in words, and the same as data."""
        costs = self.costs_in_words(data.least, data.most)
        energy = {name: _shown(x * self.unit) for name, x in (("budget", self.budget), ("spent", self.spent))}
        retained, width = (_shown(x * Fraction(4) ** self.exponent) for x in (self.retained, gap))
        more = _GAINS[self.objective].format(f"over {width} " if self.verdict == "interval" else "")
        says = (f"no mask of at most {energy['budget']} {self.energy_unit} {more} than this one's {retained} for "
                f"{energy['spent']} {self.energy_unit} ({costs}); {how}")  # fmt: skip
        about = {"objective": self.objective, **energy, "energy_unit": self.energy_unit, "unit_joules": str(self.unit),
                 "retained": retained, "gap": width, "costs": costs, "how": how}  # fmt: skip
        return Result(self.verdict, says, about)

    def costs_in_words(self, least: float, most: float) -> str:
        """Which costs: by class as listed, one each by their range."""
        if not self.d:
            return "no coordinates"
        shown = lambda c: _shown(Fraction(c) * self.unit)  # noqa: E731
        if self.classes is None:
            unit = "" if self.unit == 1 else f", the file's in units of {_shown(self.unit)} J"
            return f"one cost each, {shown(least)} to {shown(most)} {self.energy_unit}{unit}"
        if len(self.classes) > 4:
            return f"{len(self.classes)} classes of costs, {shown(least)} to {shown(most)} {self.energy_unit}"
        counts: Counter[int] = Counter()
        for k, n in self.runs:
            counts[k] += n
        return ", ".join(f"{n} at {shown(self.classes[k])} {self.energy_unit}" for k, n in sorted(counts.items()))


class _Core:
    """A proof by prices and an exhaustive search of the core."""

    def __init__(self, s: _Statement, proof: Mapping[str, Any]) -> None:
        _only(proof, _CORE | (proof.keys() & {"step", "split"}), "the proof")
        _require(proof["kind"] == "core", "the proof must be of kind core or counts")
        numbers = [_number(proof[key]) for key in ("grid", "energy", "item", "cheap", "loss")]
        self.grid, self.energy, self.item, self.cheap, self.loss = numbers
        self.step = _number(proof.get("step", "0"))
        whole = Fraction(_as_float(min(self.step, Fraction(1 << 53)))) == self.step >= 0
        _require(whole, "the step is no float64 of up to 2^53")
        _require(not self.step or not s.squared, "a step needs scores that were given")
        self.gain = self.loss - self.step  # what retains more loses at most; less than the loss without a step
        self.squared = s.squared
        self.most, self.ties = _count(proof["most_items"]), _count(proof["ties"])
        self.split = _Split(proof["split"], self.most) if "split" in proof else None
        self.cut = self.split is not None or self.most > 0
        sizes = [*numbers, *(self.split.numbers if self.split else [])]
        self.weight = _weight(*(n for x in sizes for n in x.as_integer_ratio()))
        self.removed, self.added, self.search = proof["removed"], proof["added"], proof["search"]
        self.budget = s.budget // self.grid * self.grid if self.grid else s.budget
        _require(self.search in _SEARCHES, f"the search must be one of {', '.join(_SEARCHES)}")
        alone = self.search in ("ordered", "halves") or not self.item
        _require(alone, f"the {self.search} search knows no item price")
        _require(min(numbers[:4]) >= 0, "negative number")
        _require(self.item == 0 or self.cut, "an item price needs the number of items it prices")
        self.floats = _as_float(self.energy), _as_float(self.item), float(self.step)
        self.filtered = self.energy == 0 or self.floats[0] > 1e-290  # a denormal is no price to multiply by
        self.filtered &= self.split is None  # whose other prices ask for every item
        exact = s.verdict == "exact"  # the width covers ``item``
        self.width = (_as_float(max(self.gain, Fraction(0))) * (1 + _ROUNDING) if exact else 0.0) + 1e-300
        self.affordable, below = _floor_float(s.budget), _floor_float(self.cheap)
        self.below = below if below < self.cheap else math.nextafter(below, -math.inf)
        moved = self.removed + self.added
        _require(len(moved) <= MAX_MOVED, f"more than {MAX_MOVED} items are listed")
        _require(all(type(i) is int and 0 <= i < s.d for i in moved), "an index is out of range or no integer")
        _require(len(set(moved)) == len(moved), "an index is listed twice")
        self.moved = set(moved)

    def units(self, score: Fraction, cost: Fraction) -> int:
        """What an item counts for in the cut, or in the sum that is split."""
        return self.split.weight(score, cost) if self.split else int(self.cut)

    def reduced(self, score: Fraction, cost: Fraction) -> Fraction:
        return score - self.energy * cost - self.sign * self.item * (self.units(score, cost) if self.split else 1)

    @property
    def sign(self) -> int:
        """Of the item price: -1 where it is for a sum of at least K."""
        return -1 if self.split and self.split.least else 1


class _Split:
    """Two kinds of masks, by a sum of whole weights: up to a bound, and beyond; and prices for those not searched."""

    def __init__(self, split: Mapping[str, Any], bound: int) -> None:
        _only(split, _SPLIT, "the split")
        _require(len(split["weight"]) == 3, "a weight is not of three numbers")
        self.numbers = [_number(text) for text in (*split["weight"], split["energy"], split["item"])]
        *self._weight, self.energy, self.item = self.numbers
        _require(split["side"] in ("most", "least"), "the side must be most or least")
        _require(self.energy >= 0 and self.item >= 0, "negative number")
        self.least = split["side"] == "least"
        self.beyond = bound - 1 if self.least else bound + 1

    def weight(self, score: Fraction, cost: Fraction) -> int:
        a, b, e = self._weight
        return math.floor(a * score + b * cost + e)

    def bound(self, budget: Fraction, kinds: Iterable[_Kind]) -> Fraction:
        """What no mask beyond retains more than."""
        item = self.item if self.least else -self.item
        most = self.energy * budget + item * self.beyond
        for kind in kinds:
            score, cost = kind.score, kind.cost
            most += kind.count * max(score - self.energy * cost - item * self.weight(score, cost), Fraction(0))
        return most


def _number(text: Any) -> Fraction:
    """A ratio of integers, written out."""
    fits = isinstance(text, str) and _RATIO.fullmatch(text)
    _require(bool(fits), f"a number is no ratio of integers of up to {MAX_DIGITS} digits: {ascii(text)[:40]}")
    above, _, below = text.partition("/")
    return Fraction(int(above), int(below or 1))


def _count(value: Any) -> int:
    _require(type(value) is int and 0 <= value < 1 << 62, f"a count is no integer >= 0: {ascii(value)[:40]}")
    return int(value)


def _only(fields: Any, names: set[str], what: str) -> None:
    _require(isinstance(fields, dict), f"{what} is no object")
    wrong = sorted(names ^ set(fields))
    _require(not wrong, f"{what} has, or lacks, the field {ascii(wrong[0])[:40] if wrong else ''}")


# --- reading the data ------------------------------------------------------------------------------
class _Data:
    """The update (or scores) and the costs, hashed in one pass; ``least`` and ``most`` of the costs after it."""

    def __init__(self, s: _Statement, data: Sequence[float], cost: Sequence[float] | None) -> None:
        _require(len(data) == s.d, f"the update has {len(data)} entries, the certificate speaks of {s.d}")
        needed = s.classes is None and cost is None
        _require(not needed and (cost is None or len(cost) == s.d), f"the certificate needs its {s.d} costs")
        self._s, self._data, self._cost = s, data, cost
        self.least, self.most = math.inf, 0.0

    def pieces(self) -> Iterator[_Piece]:
        """Consecutive pieces; complains, after the last one, of data that the certificate is not about."""
        s, hashes = self._s, (hashlib.sha256(), hashlib.sha256())
        runs = chain.from_iterable(repeat(s.classes[k], n) for k, n in s.runs) if s.classes else iter(())
        for first in range(0, s.d, _CHUNK):
            numbers = _doubles(self._data[first : first + _CHUNK])
            hashes[0].update(_little_endian(numbers))
            if s.classes is None:
                costs = _doubles(self._cost[first : first + _CHUNK])  # type: ignore[index]
                hashes[1].update(_little_endian(costs))
            else:
                costs = array("d", islice(runs, len(numbers) // 8)).tobytes()
                self._compare(first, array("d", costs))
            yield _Piece(first, numbers, costs, s.squared, s.exponent)
        _require(hashes[0].hexdigest() == s.data_hash, "this is not the update the certificate was made for")
        same = s.classes is not None or hashes[1].hexdigest() == s.cost_hash
        _require(same, "these are not the costs the certificate was made for")

    def _compare(self, first: int, costs: array[float]) -> None:
        """Costs given beside those of the classes: the same joules, as near as float64 can say them."""
        if self._cost is None:
            return
        joules = {c: _as_float(Fraction(c) * self._s.unit) for c in set(costs)}
        said = array("d", map(joules.__getitem__, costs))
        given = array("d", _doubles(self._cost[first : first + len(costs)]))  # type: ignore[index]
        if said != given:
            i = next(k for k, (a, b) in enumerate(zip(said, given, strict=True)) if a != b)
            raise RefusedError(f"item {first + i} costs {said[i]} J in the certificate and {given[i]} J as given")


class _Piece(NamedTuple):
    """Some consecutive items, as float64 in this machine's order of bytes."""

    first: int
    numbers: bytes
    costs: bytes
    squared: bool
    exponent: int

    def arrays(self) -> tuple[array[float], array[float]]:
        """Entries and costs as they are."""
        return array("d", self.numbers), array("d", self.costs)

    def valid(self, entries: Sequence[float], costs: Sequence[float], least: float) -> Sequence[float]:
        """Entries times ``2^-exponent``: finite (scores not negative); with finite costs, of which the least is > 0."""
        finite = math.isfinite(sum(entries)) and math.isfinite(sum(costs))  # or their sum may be too large
        if not (finite and least > 0 and (self.squared or min(entries) >= 0)):
            for i, (x, c) in enumerate(zip(entries, costs, strict=True), self.first):
                valid = math.isfinite(x) and (self.squared or x >= 0) and 0 < c < math.inf
                _require(valid, f"item {i} is {x} and costs {c}")
        return [math.ldexp(x, -self.exponent) for x in entries] if self.exponent else entries


def _squares(values: Sequence[float]) -> list[float]:
    """Squares, rounded: they and the parts of them must be floats."""
    squares = [x * x for x in values]
    lost = min(squares, default=1.0) < _LEAST_SQUARE
    if lost:  # or one of them is 0
        lost = squares.count(0.0) != values.count(0.0) or min(filter(None, squares), default=1.0) < _LEAST_SQUARE
    whole = not lost and max(squares, default=0.0) < math.inf
    _require(whole, "a square is no float: the exponent is not one of this update")
    return squares


class _Work:
    """What is left of the work that a certificate may ask for."""

    def __init__(self) -> None:
        self.left = MAX_WORK

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise RefusedError(_TOO_LARGE)


# --- a proof by prices -----------------------------------------------------------------------------
class _Kind:
    """Items near the threshold that are alike, with their reduced value; how many there are, and how many in S."""

    __slots__ = ("_entry", "_price", "_squared", "count", "inside", "reduced", "units")

    def __init__(self, entry: float, price: float, core: _Core) -> None:
        self._entry, self._price, self._squared = entry, price, core.squared
        score, cost = self.score, self.cost
        self.reduced, self.units = core.reduced(score, cost), core.units(score, cost)
        self.count = self.inside = 0

    @property
    def score(self) -> Fraction:
        return Fraction(self._entry) ** (2 if self._squared else 1)

    @property
    def cost(self) -> Fraction:
        return Fraction(self._price)

    def in_base(self, rank: int, core: _Core) -> bool:
        """Whether the item of this rank is in S: ties by index, or by cost under the cut."""
        return self.reduced > 0 or (self.reduced == 0 and rank < (self.inside if core.cut else core.ties))


class _Pass:
    """What one pass finds: exact sums over the items certainly in S, and the kinds of items near the threshold.

    Attributes:
        sums: count, cost and score of what is in S, count and cost of the eligible items below the cut's threshold.
        moved: of each listed item its kind and its rank: among all ties, or, under the cut, among those of its kind.
        costs: those seen, where there is a grid.
    """

    def __init__(self) -> None:
        self.sums: list[Any] = [0, Fraction(0), Fraction(0), 0, Fraction(0)]
        self.ties = 0
        self.kinds: dict[tuple[float, float], _Kind] = {}
        self.moved: dict[int, tuple[_Kind, int]] = {}
        self.costs: set[float] = set()

    def near(self, i: int, entry: float, price: float, core: _Core, work: _Work) -> None:
        """Put down an item whose side only rationals tell."""
        kind = self.kinds.get((entry, price))
        if kind is None:
            work.spend(core.weight)
            kind = self.kinds[entry, price] = _Kind(entry, price, core)
        if i in core.moved:
            self.moved[i] = kind, kind.count if core.cut else self.ties
        kind.count += 1
        kind.inside += kind.reduced > 0 or (kind.reduced == 0 and not core.cut and self.ties < core.ties)
        self.ties += kind.reduced == 0


def _check_core(s: _Statement, core: _Core, data: _Data, work: _Work, apply: Apply) -> Result:
    found = _stream(core, data, work, apply)
    _settle_ties(core, found)
    _check_grid_and_cut(core, found, work)
    kinds, (count, spent, retained, *_), paid = found.kinds.values(), found.sums, Fraction(0)
    retained += sum(kind.inside * kind.score for kind in kinds)
    spent += sum(kind.inside * kind.cost for kind in kinds)
    count += sum(kind.inside * kind.units for kind in kinds)
    start = slack, spare = core.budget - spent, core.sign * (core.most - count) if core.cut else 0

    removed = set(core.removed)
    for i in core.removed + core.added:
        work.spend(core.weight)
        _require(i in found.moved, f"item {i} is not eligible")
        kind, rank = found.moved[i]
        inside = kind.in_base(rank, core)
        _require(inside == (i in removed), f"item {i} is listed on the wrong side")
        sign = -1 if inside else 1
        spent, retained = spent + sign * kind.cost, retained + sign * kind.score
        slack, spare = slack - sign * kind.cost, spare - sign * core.sign * kind.units
        paid += abs(kind.reduced)
    _require(slack >= 0, "the mask overruns the budget")
    _require(spent == s.spent, "the energy spent is not what the certificate says")
    _require(retained == s.retained, "the retained score is not what the certificate says")
    loss = paid + core.energy * slack + core.item * spare
    _require(loss == core.loss, "the loss is not what the certificate says")
    beyond = _beyond(core, kinds, retained, work)
    if s.verdict == "interval":
        return s.result(max(loss, beyond), data, "the duality gap of its prices")
    _require(beyond < core.step or beyond <= 0, "a mask on the other side of the split may retain more")
    near: Counter[tuple[Fraction, Fraction, int]] = Counter()
    for kind in kinds:
        if abs(kind.reduced) <= core.gain if core.step else abs(kind.reduced) < loss:
            units = core.sign * kind.units
            near[abs(kind.reduced), kind.cost, units] += kind.inside
            near[abs(kind.reduced), -kind.cost, -units] += kind.count - kind.inside
    if core.gain < 0:
        less = f"its loss of {_shown(loss)} is less than the {_shown(core.step)} that scores are multiples of"
        return s.result(Fraction(0), data, less)
    visits = _search(core, +near, start, work)
    return s.result(Fraction(0), data, f"core of {near.total()} items searched exhaustively ({visits} states)")


def _beyond(core: _Core, kinds: Collection[_Kind], retained: Fraction, work: _Work) -> Fraction:
    """How much more than the mask others may retain beyond the split, at most."""
    if core.split is None:
        return Fraction(0)
    work.spend(core.weight * len(kinds))
    return core.split.bound(core.budget, kinds) - retained


def _stream(core: _Core, data: _Data, work: _Work, apply: Apply) -> _Pass:
    """One pass: sum what is certain, keep what is near."""
    found, listed = _Pass(), sorted(core.moved)
    spans = ((p, listed[bisect_left(listed, p.first) : bisect_left(listed, p.first + _CHUNK)]) for p in data.pieces())
    for least, most, near, costs, *sums in apply(partial(_sift, core), spans):
        data.least, data.most = min(data.least, least), max(data.most, most)
        for i, x, c in near:
            found.near(i, x, c, core, work)
        found.costs |= costs
        _require(len(found.costs) <= _MAX_GRID_COSTS, "too many different costs for a grid")
        found.sums = [a + b for a, b in zip(found.sums, sums, strict=True)]
    return found


def _sift(core: _Core, job: tuple[_Piece, list[int]]) -> tuple[Any, ...]:
    """Of a piece: the range of costs; items that are near, or listed, or cannot be told by floats; and sums.

    Most items are far from the threshold, by one bound on the margins of all; the others are told by their own.
    """
    piece, listed = job
    given, prices = (of.tolist() for of in piece.arrays())
    least, most = min(prices), max(prices)
    numbers = piece.valid(given, prices, least)
    energy, item, step = core.floats
    _require(not (step and any(map(math.fmod, numbers, repeat(step)))), "a score is not a multiple of the step")
    reach = _reached(core, numbers, prices, least, most)
    held = {i - piece.first for i in listed}
    for j in held:
        reach[j] = True
    kept, spent = list(compress(numbers, reach)), list(compress(prices, reach))
    gained = _squares(kept) if core.squared else kept
    reduced = [p - (energy * c + item) for p, c in zip(gained, spent, strict=True)]
    width, affordable = core.width, core.affordable
    far = width + _ROUNDING * (max(gained, default=0.0) + (energy * most + item)) if core.filtered else math.inf
    sure, near = [r > far and c <= affordable for r, c in zip(reduced, spent, strict=True)], []
    if held or not all(sure):
        where = list(compress(count(), reach))
        for k in [k for k, j in enumerate(where) if not sure[k] or j in held]:
            p, c, j = gained[k], spent[k], where[k]
            margin = width + _ROUNDING * (p + (energy * c + item))
            eligible = p > 0 and c <= affordable
            sure[k] = eligible and core.filtered and reduced[k] > margin and j not in held
            if eligible and not sure[k] and (not core.filtered or not reduced[k] < -margin or j in held):
                near.append((piece.first + j, abs(kept[k]), c))
        kept, gained, spent = (list(compress(of, sure)) for of in (kept, gained, spent))
    below = min(affordable, core.below)
    cheap = [c for x, c in zip(numbers, prices, strict=True) if x and c <= below] if core.most else []
    retained = exact_sum_of_squares(kept, gained) if core.squared else exact_sum(gained)
    seen = set(prices) if core.grid else set()
    return least, most, near, seen, len(kept), exact_sum(spent), retained, len(cheap), exact_sum(cheap)


def _reached(core: _Core, numbers: Sequence[float], costs: list[float], least: float, most: float) -> list[bool]:
    """Which of some items floats do not tell to be out of S, farther from the threshold than any that counts.

    One multiplication an item where a price below the energy's covers the margin at all of these costs.
    """
    energy, item, _ = core.floats
    if not core.filtered:
        return [True] * len(costs)
    far = core.width + 2 * _ROUNDING * (energy * most + item)  # of what is out, p < lambda c + mu
    price = 0.0 if item else energy - _ROUNDING * energy - (1 + _ROUNDING) * (far / least)
    if price > 0:
        if core.squared:
            return [x * x >= price * c for x, c in zip(numbers, costs, strict=True)]
        return [x >= price * c for x, c in zip(numbers, costs, strict=True)]
    scores = [x * x for x in numbers] if core.squared else numbers
    return [p - energy * c >= item - far for p, c in zip(scores, costs, strict=True)]


def _settle_ties(core: _Core, found: _Pass) -> None:
    """Under the cut, the ties in S are the cheapest."""
    _require(core.ties <= found.ties, "there are fewer ties than the certificate takes")
    left = core.ties if core.cut else 0
    tied = [kind for kind in found.kinds.values() if core.cut and kind.reduced == 0]
    for kind in sorted(tied, key=lambda kind: kind.cost):
        kind.inside = min(left, kind.count)
        left -= kind.inside


def _check_grid_and_cut(core: _Core, found: _Pass, work: _Work) -> None:
    for c in found.costs:
        work.spend(core.weight)
        _require(Fraction(c) % core.grid == 0, "a cost is not a multiple of the grid")
    if core.cut and not core.split:
        beyond = core.most + 1 - found.sums[3]
        _require(beyond >= 0, "the threshold of the cardinality cut is too high to verify it")
        overrun = found.sums[4] + beyond * core.cheap > core.budget
        _require(overrun, "a feasible mask may hold more items than the cut says")


class _Question(NamedTuple):
    """In integers of ``size`` 1,024 bits: kinds (loss, shift of slack and spare), copies; of S slack and spare; prices,
    loss to beat.
    """

    kinds: dict[_Move, int]
    origin: tuple[int, int]
    energy: int
    item: int
    target: int
    size: int


def _search(
    core: _Core, near: Counter[tuple[Fraction, Fraction, int]], start: tuple[Fraction, int], work: _Work
) -> int:
    """Exhaust the masks that deviate from S inside the core; refuse if one has a smaller loss. Integers throughout.

    The certificate says how: ``ordered`` by loss per joule, by ``halves``, ``dense``, with every slack of a window, or
    by the ``group`` of slacks that what loses nothing leaves.
    """
    cost_unit = _common_unit([start[0], *(c for _, c, _ in near)], work)
    rate = core.energy / cost_unit
    unit = _common_unit([core.gain, rate, core.item, *(r for r, _, _ in near)], work)
    kinds = {(int(r * unit), int(c * cost_unit), units): copies for (r, c, units), copies in near.items()}
    origin, target = (int(start[0] * cost_unit), start[1]), int(core.gain * unit) + (core.step > 0)  # a step: on it
    size = 1 + (target.bit_length() + origin[0].bit_length()) // 1024
    q = _Question(kinds, origin, int(rate * unit), int(core.item * unit), target, size)
    _require(origin[0] < 0 or q.energy * origin[0] + q.item * origin[1] >= target, "a better mask exists")
    before = work.left
    _SEARCHES[core.search](q, work)
    return (before - work.left) // size


def _common_unit(numbers: Sequence[Fraction], work: _Work) -> int:
    unit = 1
    for number in numbers:
        unit = math.lcm(unit, number.denominator)
        work.spend(_weight(unit))
    return unit


def _search_ordered(q: _Question, work: _Work) -> None:
    """Kinds by loss per joule (per unit of the cut, if all have one); states (slack, spare) that can still win."""
    by_units = q.item > 0 and all(units for *_, units in q.kinds)
    by_ratio = sorted(q.kinds.items(), key=lambda k: (_per(k[0], by_units), k[0]))
    states = {q.origin: 0}
    for place, ((price, move, units), copies) in enumerate(by_ratio):
        later = by_ratio[place + 1][0] if place + 1 < len(by_ratio) else None
        grown: _States = {}
        for (slack, spare), paid in states.items():
            for taken in range(copies + 1):
                now, have, cost = slack + taken * move, spare + taken * units, paid + taken * price
                work.spend(q.size)
                if cost >= q.target:
                    break
                _require(now < 0 or cost + q.energy * now + q.item * have >= q.target, "a better mask exists")
                if later is not None and _hope(q, later, by_units, (now, have, cost)):
                    if grown.get((now, have), q.target) > cost:
                        grown[now, have] = cost
                elif taken and not q.item and (now < 0) == (move < 0):
                    break  # further copies lead further away; with the cut they may lead back
            _bound(grown, q)
        states = _prune(grown, q)


def _search_dense(q: _Question, work: _Work) -> None:
    """Kinds by loss per joule, without the cut; ``paid[k]`` is the least that leaves the slack ``low + k``.

    Later kinds lose ``loss / cost`` or more per joule, so they bring no slack home that is worth the target to them.
    """
    by_ratio = sorted(q.kinds.items(), key=lambda k: (_per(k[0], False), k[0]))
    copies = chain.from_iterable(repeat(kind[:2], many) for kind, many in by_ratio)
    low, paid = q.origin[0], [0]
    for (price, move), later in pairwise(chain(copies, [(0, 0)])):
        size = len(paid) + abs(move)
        if size * q.size > MAX_STATES:
            raise RefusedError(_TOO_LARGE)
        work.spend(q.size * (1 + size // CELLS_PER_STEP))
        never = [q.target] * abs(move)
        stay, go = (paid + never, never + paid) if move > 0 else (never + paid, paid + never)
        low, paid = low + min(move, 0), [a if a < (c := b + price) else c for a, b in zip(stay, go, strict=True)]
        first = max(low, 0)
        last = min(low + size, q.target // q.energy + 1) if q.energy else low + size
        totals = map(add, paid[first - low : max(last - low, 0)], count(q.energy * first, q.energy))
        _require(min(totals, default=q.target) >= q.target, "a better mask exists")
        if later[0]:
            below = q.target * abs(later[1]) // later[0]
            above = max(below, q.target // q.energy) if q.energy else low + len(paid)
            first, last = max(0, -below - low), max(0, above + 1 - low)
            low, paid = low + first, paid[first:last]


def _search_group(q: _Question, work: _Work) -> None:
    """Gomory's relaxation: what loses nothing may shift the slack by any multiple of its costs' common divisor.

    So only the remainder of the slack counts, which is left over at least; ``states`` holds the least paid for each.
    From ``grid`` copies on remainders come again.
    """
    grid = math.gcd(*(move for price, move, _ in q.kinds if not price))
    _require(grid > 0, "nothing that loses nothing is there for a group")
    states = {(q.origin[0] % grid, 0): 0}
    for (price, move, _), copies in sorted(one for one in q.kinds.items() if one[0][0]):
        grown = dict(states)
        for (rest, _), paid in states.items():
            for taken in range(1, min(copies, grid - 1) + 1):
                work.spend(q.size)
                cost, key = paid + taken * price, ((rest + taken * move) % grid, 0)
                if cost >= q.target:
                    break
                if cost < grown.get(key, q.target):
                    grown[key] = cost
            _bound(grown, q)
        states = grown
    totals = (paid + q.energy * rest for (rest, _), paid in states.items())
    _require(min(totals, default=q.target) >= q.target, "a better mask exists")


def _search_halves(q: _Question, work: _Work) -> None:
    """Deal the kinds into halves, list what each can do below the target, and seek a pair that fits and beats it."""
    dealt = sorted(q.kinds.items(), reverse=True)
    _refute(_half(q, q.origin, dealt[::2], work), _half(q, (0, 0), dealt[1::2], work), q.target)


def _refute(left: _Pairs, right: _Pairs, target: int) -> None:
    """Refuse if one of the left and one of the right (slack and total, by rising slack) fit and beat the target."""
    right, cheapest = right.copy(), None  # the least total among those that fit
    for slack, total in left:
        while right and slack + right[-1][0] >= 0:
            _, least = right.pop()
            cheapest = least if cheapest is None else min(cheapest, least)
        _require(cheapest is None or total + cheapest >= target, "a better mask exists")


def _half(q: _Question, origin: tuple[int, int], kinds: list[tuple[_Move, int]], work: _Work) -> _Pairs:
    """Slack and total of what one half can do below the target, by rising slack."""
    front = [(-origin[0], q.energy * origin[0] + q.item * origin[1], 0)]
    for (price, move, units), copies in kinds:
        more, room, moved = price + q.energy * move + q.item * units, q.target - price, front
        while moved and copies:
            copies -= 1
            work.spend(q.size * len(moved))
            moved = [(away - move, total + more, paid + price) for away, total, paid in moved if paid < room]
            front = _front(front + moved)
            _bound(front, q)
    return [(-away, total) for away, total, _ in reversed(front)]


def _front(states: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Of states by minus slack, total and what is paid, those that no other beats in slack and in total."""
    kept: list[tuple[int, int, int]] = []
    for state in sorted(states):
        if not kept or state[1] < kept[-1][1]:
            kept.append(state)
    return kept


_SEARCHES = {"ordered": _search_ordered, "halves": _search_halves, "dense": _search_dense, "group": _search_group}


def _bound(states: Sized, q: _Question) -> None:
    if len(states) * q.size > MAX_STATES:
        raise RefusedError(_TOO_LARGE)


def _per(kind: _Move, by_units: bool) -> Fraction:
    """What a kind loses per joule, or per unit of the cut."""
    price, move, units = kind
    return Fraction(price, abs(units if by_units else move))


def _hope(q: _Question, later: _Move, by_units: bool, state: tuple[int, int, int]) -> bool:
    """Whether items from ``later`` on (dearer per joule, or per unit of the cut) can still end below the target.

    Without item prices, leaving slack >= 0 unspent is no hope: the state has been compared with the target as it is.
    """
    (price, move, units), (slack, spare, paid) = later, state
    step, rate, away = (abs(units), q.item, spare) if by_units else (abs(move), q.energy, slack)
    each = min(price, rate * step) if q.item and away >= 0 else price
    return paid * step + each * abs(away) < q.target * step


def _prune(states: _States, q: _Question) -> _States:
    """Drop states that another beats in slack and in retained score, minus ``paid + energy*slack + item*spare``."""
    kept: _States = {}
    lowest: int | None = None
    for slack, spare in sorted(states, reverse=True):
        paid = states[slack, spare]
        total = paid + q.energy * slack + q.item * spare
        if lowest is None or total < lowest:
            lowest, kept[slack, spare] = total, paid
    return kept


# --- a proof by counts -----------------------------------------------------------------------------
class _Counts:
    """A proof by a price and an exhaustive search over how many items of each cost a mask keeps.

    Among items of equal cost the largest are the best, so M keeps the ``kept`` largest of every cost. The search starts
    from ``start``: all of ``r > 0`` and some of the ties. Costs are whole ``steps`` of their common ``grid``.
    """

    def __init__(self, s: _Statement, proof: Mapping[str, Any]) -> None:
        _only(proof, _COUNTS, "the proof")
        self.energy, self.loss, self.squared = _number(proof["energy"]), _number(proof["loss"]), s.squared
        _require(len(proof["counts"]) <= MAX_CLASSES, f"counts for more than {MAX_CLASSES} different costs")
        _require(self.energy >= 0, "negative number")
        self.costs = [_number(cost) for cost, _, _ in proof["counts"]]
        self.start, self.kept = ([_count(one[k]) for one in proof["counts"]] for k in (1, 2))
        self.at = {_as_float(c): k for k, c in enumerate(self.costs)}
        fine = all(0 < f < math.inf and Fraction(f) == self.costs[k] <= s.budget for f, k in self.at.items())
        _require(fine and len(self.at) == len(self.costs), "a cost is no float64, not affordable, or stands twice")
        below = math.lcm(*(c.denominator for c in self.costs))
        self.grid = Fraction(math.gcd(*(int(c * below) for c in self.costs)), below) or Fraction(1)
        self.steps = [int(c / self.grid) for c in self.costs]
        self.slack = s.budget // self.grid - sum(map(int.__mul__, self.start, self.steps))
        dearest = max(self.steps, default=0)
        moves = [abs(n - m) for n, m in zip(self.start, self.kept, strict=True)]
        self.moves = max(self.slack, dearest - 1, *moves) - min(self.slack, -dearest)
        self.weight = _weight(*(n for x in (self.energy, self.loss, *self.costs) for n in x.as_integer_ratio()))


class _Window:
    """Of one cost: the values nearest to the threshold of its price, as far as masks of less loss could move them.

    That is until what moving them loses adds up to ``loss``, or they are more than the ``moves`` of a best mask. In
    ``near`` is how often each value between ``low`` and ``high`` occurs; ``count`` and ``total``: those above.
    """

    def __init__(self, proof: _Counts, cost: Fraction, work: _Work) -> None:
        self._proof, self._work, self.priced = proof, work, proof.energy * cost
        self.low, self.high, self._room = 0.0, math.inf, _ROOM
        self.near: Counter[float] = Counter()
        self.count, self.total = 0, Fraction(0)

    def add(self, values: Sequence[float]) -> None:
        """Magnitudes, or scores, of items of this cost."""
        low, high = self.low, self.high
        self.near.update([v for v in values if low < v < high])
        self._keep([v for v in values if v >= high])
        if len(self.near) > self._room:
            self.runs()
            self._room = max(_ROOM, 2 * len(self.near))
            if len(self.near) > MAX_STATES:
                raise RefusedError(_TOO_LARGE)

    def _keep(self, values: list[float]) -> None:
        self.count += len(values)
        self.total += exact_sum_of_squares(values, _squares(values)) if self._proof.squared else exact_sum(values)

    def runs(self) -> tuple[list[_Run], list[_Run]]:
        """The values with ``r > 0``, then those with ``r <= 0``, nearest first; what lies beyond them is let go."""
        values = sorted(self.near)
        first, last = 0, len(values)
        while first < last:
            middle = (first + last) // 2
            first, last = (first, middle) if self._reduced(values[middle]) > 0 else (middle + 1, last)
        above, below = self._walk(values[first:]), self._walk(values[:first][::-1])
        over, under = values[first + len(above) :], values[: first - len(below)]
        self.high, self.low = min([self.high, *over[:1]]), max([self.low, *under[-1:]])
        self._keep([v for v in over for _ in range(self.near.pop(v))])
        for v in under:
            del self.near[v]
        return above, below

    def _walk(self, values: Sequence[float]) -> list[_Run]:
        found: list[_Run] = []
        lost, moved = Fraction(0), 0
        for v in values:
            count, reduced = self.near[v], abs(self._reduced(v))
            if moved >= self._proof.moves or (reduced and lost >= self._proof.loss):
                break
            found.append(_Run(reduced, count, self._score(v)))
            lost, moved = lost + reduced * count, moved + count * (reduced > 0)
        return found

    def _score(self, value: float) -> Fraction:
        return Fraction(value) ** (2 if self._proof.squared else 1)

    def _reduced(self, value: float) -> Fraction:
        self._work.spend(self._proof.weight)
        return self._score(value) - self.priced


class _Run(NamedTuple):
    """``many`` items of one score, and what each loses when it moves."""

    loss: Fraction
    many: int
    score: Fraction


class _Class(NamedTuple):
    """Of one cost: its steps on the grid, and the runs to move out or in, nearest first."""

    steps: int
    out: list[_Run]
    into: list[_Run]


def _check_counts(s: _Statement, proof: _Counts, data: _Data, work: _Work, apply: Apply) -> Result:
    windows = {c: _Window(proof, proof.costs[k], work) for c, k in proof.at.items()}
    jobs = ((piece, {c: (one.low, one.high) for c, one in windows.items()}) for piece in data.pieces())
    retained = Fraction(0)
    for part in apply(partial(_part, s.squared, _floor_float(s.budget)), jobs):
        data.least, data.most = min(data.least, *part.costs), max(data.most, *part.costs)
        retained += part.total
        for c, many in part.above.items():
            windows[c].count += many
        for c, near in part.near.items():
            windows[c].add(near)
    classes, paid, slack = [], Fraction(0), proof.slack
    for k, window in enumerate(windows.values()):
        one, score = _class_of(proof, k, window)
        move = proof.kept[k] - proof.start[k]
        lost, moved = _moved(one.into if move > 0 else one.out, abs(move))
        retained += score + (moved if move > 0 else -moved)
        paid, slack = paid + lost, slack - move * proof.steps[k]
        classes.append(one)
    _require(slack >= 0, "the mask overruns the budget")
    spent = sum(map(Fraction.__mul__, proof.costs, map(Fraction, proof.kept)), Fraction(0))
    _require(spent == s.spent, "the energy spent is not what the certificate says")
    _require(retained == s.retained, "the retained score is not what the certificate says")
    loss = paid + proof.energy * proof.grid * slack
    _require(loss == proof.loss, "the loss is not what the certificate says")
    if s.verdict == "interval":
        return s.result(loss, data, "the duality gap of its price")
    visits = _search_counts(proof, classes, work)
    return s.result(Fraction(0), data, f"counts of {len(classes)} costs searched exhaustively ({visits} states)")


class _Part(NamedTuple):
    """Of a piece: its costs; how many of each lie above their window, with what score together; and what is near."""

    costs: set[float]
    above: Mapping[float, int]
    total: Fraction
    near: Mapping[float, list[float]]


class _Ends(dict[float, float]):
    """Where the windows of costs begin, or end: looked up for a cost of which none spoke yet, at infinity if none."""

    def __init__(self, windows: Mapping[float, tuple[float, float]], end: int) -> None:
        super().__init__()
        self._windows, self._end = windows, end

    def __missing__(self, cost: float) -> float:
        self[cost] = found = self._windows[cost][self._end] if cost in self._windows else math.inf
        return found


def _part(squared: bool, affordable: float, job: tuple[_Piece, dict[float, tuple[float, float]]]) -> _Part:
    """What a piece has above and in the windows: what is below them, as most is, is passed over first."""
    piece, windows = job
    given, prices = piece.arrays()
    lows, highs = _Ends(windows, 0), _Ends(windows, 1)
    floors = list(map(lows.__getitem__, prices))
    entries = piece.valid(given, prices, min(lows))
    for c in sorted(lows):
        _require(c > affordable or c in windows, f"the proof has no count for the cost {c}")
    reach = list(map(le, floors, map(abs, entries)))
    costs, values = list(compress(prices, reach)), list(map(abs, compress(entries, reach)))
    above = list(map(le, map(highs.__getitem__, costs), values))
    near: dict[float, list[float]] = {}
    if not all(above):
        for c, v in compress(zip(costs, values, strict=True), map(not_, above)):
            near.setdefault(c, []).append(v)
        costs, values = list(compress(costs, above)), list(compress(values, above))
    total = exact_sum_of_squares(values, _squares(values)) if squared else exact_sum(values)
    return _Part(set(lows), Counter(costs), total, near)


def _class_of(proof: _Counts, k: int, window: _Window) -> tuple[_Class, Fraction]:
    """What the search may move of one cost, and the score of the ``start`` largest."""
    above, below = window.runs()
    ties = proof.start[k] - window.count - sum(run.many for run in above)
    score = window.total + sum(run.many * run.score for run in above)
    if ties:
        tied = below[0] if below and not below[0].loss else _Run(Fraction(0), 0, Fraction(0))
        _require(0 < ties <= tied.many, "the start is not what the price keeps")
        above = [tied._replace(many=ties), *above]
        below = [tied._replace(many=tied.many - ties), *below[1:]]
        score += ties * tied.score
    return _Class(proof.steps[k], above, below), score


def _moved(runs: Sequence[_Run], many: int) -> tuple[Fraction, Fraction]:
    """Loss and score of the first ``many`` items."""
    lost = score = Fraction(0)
    for run in runs:
        some = min(run.many, many)
        lost, score, many = lost + some * run.loss, score + some * run.score, many - some
    _require(not many, "there are fewer items than the mask keeps, or leaves out")
    return lost, score


def _search_counts(proof: _Counts, classes: Sequence[_Class], work: _Work) -> int:
    """Refuse if other counts fit and lose less. Integers throughout; half the costs, then the others, then pairs.

    A best mask needs no more moves than there are partial slacks: if some moves together leave the slack as it is,
    undoing them loses nothing, and in the order "one in while the slack is >= 0, else one out" slacks stay between
    minus the dearest cost and the dearest cost, or the first slack.
    """
    rate = proof.energy * proof.grid
    unit = _common_unit([proof.loss, rate, *(run.loss for one in classes for run in (*one.out, *one.into))], work)
    target = int(proof.loss * unit)
    size = 1 + (target.bit_length() + proof.slack.bit_length()) // 1024
    q = _Question({}, (proof.slack, 0), int(rate * unit), 0, target, size)
    before = work.left
    options = sorted((_options(q, one, unit, proof.moves, work) for one in classes), key=len)
    options = [those for those in options if len(those) > 1]
    weight = [math.log(len(those)) for those in options]
    half = next((k for k in range(len(options)) if sum(weight[: k + 1]) > sum(weight[k + 1 :])), 0)
    grids = [math.gcd(*(move for those in options[k:] for _, move in those)) for k in range(1, half + 1)]
    left = _side(q, q.origin[0], list(zip(options[:half], grids, strict=True)), work)
    rest = math.gcd(*(move for those in options[half:] for _, move in those))
    room = target - min((t + q.energy * (s % rest - s) if rest else t for s, t in left), default=target)
    right = _side(q._replace(target=room), 0, [(those, 0) for those in options[half:]], work)
    _refute(left, right, target)
    return (before - work.left) // size


def _options(q: _Question, one: _Class, unit: int, moves: int, work: _Work) -> _Pairs:
    """What one cost can do below the target: what it pays, and how that shifts the slack; the least paid first."""
    found = [(0, 0)]
    for shift, runs in ((one.steps, one.out), (-one.steps, one.into)):
        paid = moved = 0
        for run in runs:
            loss = int(run.loss * unit)
            for _ in range(run.many):
                paid, moved = paid + loss, moved + 1
                if paid >= q.target or moved > moves:
                    break
                work.spend(q.size)
                found.append((paid, moved * shift))
    return sorted(found)


def _side(q: _Question, origin: int, choices: Sequence[tuple[_Pairs, int]], work: _Work) -> _Pairs:
    """Slack and total of what some costs, each with the divisor of what later ones shift (or 0), can do."""
    states = {(origin, 0): 0}
    for options, grid in choices:
        grown: _States = {}
        for (slack, _), paid in states.items():
            for more, shift in options:
                work.spend(q.size)
                cost, now = paid + more, slack + shift
                if cost >= q.target:
                    break
                if (not grid or cost + q.energy * (now % grid) < q.target) and cost < grown.get((now, 0), q.target):
                    grown[now, 0] = cost
            _bound(grown, q)
        states = _prune(grown, q)
    return sorted((slack, paid + q.energy * slack) for (slack, _), paid in states.items())


# --- numbers and files -----------------------------------------------------------------------------
def exact_sum(values: Sequence[float]) -> Fraction:
    """Exact sum of floats: ``fsum`` is correctly rounded, so subtracting what it found ends at exactly zero."""
    found: list[float] = []
    rest = list(values)
    try:
        while part := math.fsum(rest):
            found.append(part)
            rest.append(-part)
    except OverflowError:
        return sum(map(Fraction, values), Fraction(0))
    return sum(map(Fraction, found), Fraction(0))


def exact_sum_of_squares(values: list[float], squares: list[float]) -> Fraction:
    """Exact ``sum x^2``: with ``x = h + l`` of 26 bits each (Veltkamp), ``h^2``, ``h l`` and ``l^2`` are floats.

    That is so for ``squares``, the rounded ones, from ``_LEAST_SQUARE`` on. Values of 24 bits need no splitting.
    """
    if array("f", values).tolist() == values:
        return exact_sum(squares)
    high = [(y := 134217729.0 * x) - (y - x) for x in values]
    low = [x - h for x, h in zip(values, high, strict=True)]
    crossed = exact_sum([h * x for h, x in zip(high, low, strict=True)])
    return exact_sum([x * x for x in high]) + 2 * crossed + exact_sum([x * x for x in low])


def _doubles(values: Sequence[float]) -> bytes:
    """Numbers as float64, in this machine's order of bytes; views of 16 bits, which are float16, too."""
    if isinstance(values, memoryview):
        if values.format == "d":
            return values.tobytes()
        values = struct.unpack(f"{len(values)}e", values) if values.format in "eH" else values.tolist()
    return array("d", values).tobytes()


def _little_endian(numbers: bytes) -> bytes:
    return numbers if sys.byteorder == "little" else struct.pack(f"<{len(numbers) // 8}d", *array("d", numbers))


def _as_float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _floor_float(value: Fraction) -> float:
    """The largest float that is not above ``value``."""
    nearest = min(_as_float(value), sys.float_info.max)
    return nearest if Fraction(nearest) <= value else math.nextafter(nearest, -math.inf)


def _weight(*sizes: int) -> int:
    """Steps that rational arithmetic on numbers of such sizes takes."""
    return 20 + (max(n.bit_length() for n in sizes) // 64) ** 2 // 12


def _shown(value: Fraction) -> str:
    """Nine digits, for any size."""
    digits, *power = f"{Decimal(value.numerator) / Decimal(value.denominator):.9g}".split("e")
    return "e".join([digits.rstrip("0").rstrip(".") if "." in digits else digits, *power])


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise RefusedError(message)


def read_certificate(path: str) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        ValueError: the file is too large, damaged, nested too deep, says a thing twice or is no object.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise ValueError("the certificate is larger than any")
    try:
        content = json.loads(text, object_pairs_hook=_once, parse_int=_short_int, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("the certificate is nested too deep") from None
    if not isinstance(content, dict):
        raise ValueError("the certificate is no JSON object")
    return content


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a field stands twice")
    return content


def _short_int(text: str) -> int:
    if len(text) > 20:
        raise ValueError("an integer of more than 20 digits")
    return int(text)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def read_npy(path: str) -> Sequence[float]:
    """The numbers of a one-dimensional float16, float32 or float64 ``.npy`` file, without NumPy."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    if data[:8] not in (b"\x93NUMPY\x01\x00", b"\x93NUMPY\x02\x00", b"\x93NUMPY\x03\x00"):
        raise ValueError(f"{path} is not a .npy file")
    start = 12 if data[6] >= 2 else 10
    offset = start + int.from_bytes(data[8:start], "little")
    header, body = ast.literal_eval(data[start:offset].decode("latin1")), memoryview(data)[offset:]
    letter, size = {"<f2": ("e", 2), "<f4": ("f", 4), "<f8": ("d", 8)}.get(str(header["descr"]), ("", 1))
    if not letter or sys.byteorder != "little":
        raise ValueError(f"{path} must hold little-endian float16, float32 or float64, got {header['descr']!r}")
    plain = {"descr": header["descr"], "fortran_order": False, "shape": (len(body) // size,)}
    if header != plain or len(body) % size:
        raise ValueError(f"{path} holds {len(body)} bytes, which is not one dimension of shape {header['shape']}")
    return body.cast("H") if letter == "e" else body.cast("f" if letter == "f" else "d")


def main(arguments: list[str]) -> int:
    """Check ``certificate.json update.npy [costs.npy]``; exit code 0 exact, 3 interval, 1 refused, 2 unreadable."""
    scores = arguments[:1] == ["--scores"]
    paths = arguments[scores:]
    if not 2 <= len(paths) <= 3:
        print("usage: python checker.py [--scores] certificate.json update.npy [costs.npy]", file=sys.stderr)
        return 2
    try:
        certificate, data = read_certificate(paths[0]), [read_npy(path) for path in paths[1:]]
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, RecursionError, MemoryError) as error:
        print(f"cannot read: {ascii(str(error))[1:-1][:300]}", file=sys.stderr)
        return 2
    result = check(certificate, *data, scores=scores)
    print(f"{result.verdict}: {result.reason}")
    return {"exact": 0, "interval": 3}.get(result.verdict, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
