"""Independent check of an optimality certificate, with nothing but the standard library.

    python checker.py certificate.json update.npy [cost.npy]

The certificate names prices ``lambda`` (energy) and ``mu`` (item), a number ``t`` of ties, and two short lists. Put
``r_i = p_i - lambda c_i - mu`` for the eligible items (``p_i > 0``, ``c_i <= B``). The base set S is ``{r_i > 0}``
with the first t of ``{r_i = 0}``; the mask M is S without ``removed`` and with ``added``. For every feasible mask

    p(M) = U - loss(M),   loss(M) = lambda (B - c(M)) + mu (K - |M|) + sum_{i in S xor M} |r_i|  >=  0,

U the same for all. So M is optimal iff no feasible mask has a smaller loss; such a mask could deviate from S only where
``|r_i| < loss(M)`` (the core), and an exhaustive search over the core shows there is none. A certificate of verdict
``interval`` proves less: that OPT exceeds p(M) by at most loss(M).

Everything that decides is exact: floats are the dyadic rationals they are, sums are formed without rounding, signs
come from a float filter with a proven margin and from rationals inside it, and the search runs on integers. B is
rounded down to the costs' common grid where there is one, and K, where used, is verified from the costs.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import mmap
import struct
import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import chain, islice, repeat
from typing import Any, NamedTuple

FORMAT = "cwmp-certificate/1"
MAX_VISITS = 8_000_000
_CHUNK = 1 << 15
_NORMAL = sys.float_info.min
_ROUNDING = 2.0**-49  # generous bound on the relative rounding error of fl(p - lambda c - mu)


class Result(NamedTuple):
    """``verdict`` is ``exact``, ``interval`` or ``refused``; ``reason`` says why, in one line."""

    verdict: str
    reason: str


class RefusedError(Exception):
    """The certificate does not prove what it says."""


def check(certificate: Mapping[str, Any], update: Sequence[float], cost: Sequence[float] | None = None) -> Result:
    """Verify ``certificate`` against the data it speaks of.

    Args:
        certificate: the parsed JSON object.
        update: the d numbers of the update (or scores), any sequence of floats: a memoryview, an array.
        cost: the d costs when the certificate was made from per-coordinate costs, else None.
    """
    try:
        _require(certificate.get("format") == FORMAT, f"format is not {FORMAT}")
        _require(digest(certificate) == certificate.get("digest"), "the certificate was altered (digest differs)")
        return _check(_Statement(certificate), update, cost)
    except RefusedError as refusal:
        return Result("refused", str(refusal))
    except (KeyError, TypeError, ValueError, IndexError, OverflowError, ZeroDivisionError) as error:
        return Result("refused", f"malformed certificate: {type(error).__name__} {error}")


def digest(certificate: Mapping[str, Any]) -> str:
    """SHA-256 of the certificate's content, without its digest."""
    content = {key: value for key, value in certificate.items() if key != "digest"}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class _Statement:
    """The certificate's fields, parsed."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.d, self.squared, self.exponent = fields["d"], fields["data"]["squared"], fields["data"]["exponent"]
        self.data_hash, self.cost = fields["data"]["sha256"], fields["cost"]
        self.grid, dual = Fraction(fields["grid"]), fields["dual"]
        self.full_budget = Fraction(fields["budget"])
        self.budget = self.full_budget // self.grid * self.grid if self.grid else self.full_budget
        self.energy, self.item = Fraction(dual["energy"]), Fraction(dual["item"])
        self.most, self.cheap = dual["most_items"], Fraction(dual["cheap"])
        self.ties, self.removed, self.added = fields["ties"], fields["removed"], fields["added"]
        self.loss, self.verdict = Fraction(fields["loss"]), fields["verdict"]
        self.spent, self.retained = Fraction(fields["spent"]), Fraction(fields["retained"])
        self.search = fields["search"]
        counts = [self.d, self.exponent, self.most, self.ties, *self.removed, *self.added]
        _require(all(type(n) is int for n in counts), "a count or an index is not an integer")
        _require(self.squared is True or (self.squared is False and self.exponent == 0), "bad data.squared or exponent")
        _require(self.verdict in ("exact", "interval"), "the verdict must be exact or interval")
        _require(self.search in ("ordered", "halves"), "the search must be ordered or halves")
        signed = self.full_budget, self.energy, self.item, self.grid, self.most, self.ties
        _require(all(x >= 0 for x in signed), "negative number")
        _require(self.item == 0 or self.most > 0, "an item price needs the number of items it prices")
        moved = self.removed + self.added
        _require(len(set(moved)) == len(moved), "an index is listed twice")
        _require(all(0 <= i < self.d for i in moved), "an index is out of range")


class _Pass:
    """What one pass over the data finds: exact sums over the items certainly in S, and the items near the threshold."""

    def __init__(self) -> None:
        self.spent = self.retained = self.cheap_sum = Fraction(0)
        self.inside = self.cheap_count = 0
        self.near: list[tuple[int, float, float]] = []
        self.costs: set[float] = set()


def _check(s: _Statement, update: Sequence[float], cost: Sequence[float] | None) -> Result:
    _require(len(update) == s.d, f"the update has {len(update)} entries, the certificate speaks of {s.d}")
    found = _stream(s, update, cost)
    values = {i: (Fraction(p), Fraction(c)) for i, p, c in found.near}
    reduced = {i: p - s.energy * c - s.item for i, (p, c) in values.items()}
    tied = [i for i, r in reduced.items() if r == 0]
    tied = sorted(tied, key=lambda i: values[i][1] if s.most else i)[: s.ties]
    _require(len(tied) == s.ties, "there are fewer ties than the certificate takes")
    inside = set(tied).union(i for i, r in reduced.items() if r > 0)
    retained = found.retained + sum(values[i][0] for i in inside)
    spent = found.spent + sum(values[i][1] for i in inside)
    count, paid = found.inside + len(inside), Fraction(0)
    start = slack, spare = s.budget - spent, s.most - count if s.most else 0
    _check_grid_and_cut(s, found)

    for i in s.removed + s.added:
        _require(i in reduced, f"item {i} is not eligible")
        _require((i in inside) == (i in s.removed), f"item {i} is listed on the wrong side")
        sign = -1 if i in inside else 1
        p, c = values[i]
        spent, retained = spent + sign * c, retained + sign * p
        slack, spare = slack - sign * c, spare - sign * bool(s.most)
        paid += abs(reduced[i])
    _require(slack >= 0, "the mask overruns the budget")
    _require(spent == s.spent, "the energy spent is not what the certificate says")
    _require(retained == s.retained, "the retained score is not what the certificate says")
    loss = paid + s.energy * slack + s.item * spare
    _require(loss == s.loss, "the loss is not what the certificate says")
    if s.verdict == "interval":
        return Result("interval", f"OPT exceeds the mask's score by at most {_as_float(loss):.3g}")
    core = [(abs(r), values[i][1] if i in inside else -values[i][1]) for i, r in reduced.items() if abs(r) < loss]
    visits = _search(s, core, start, loss)
    return Result("exact", f"no mask beats it: core of {len(core)} items searched exhaustively ({visits} states)")


def _stream(s: _Statement, update: Sequence[float], cost: Sequence[float] | None) -> _Pass:
    """One pass: hash the data, sum what is certain, keep what is near."""
    found, hashes = _Pass(), (hashlib.sha256(), hashlib.sha256())
    energy, item = _as_float(s.energy), _as_float(s.item)
    filtered = all(x == 0 or 1e-290 < f < 1e290 for x, f in ((s.energy, energy), (s.item, item)))
    width = (_as_float(s.loss) * (1 + _ROUNDING) if s.verdict == "exact" else 0.0) + 1e-300
    affordable, moved = _floor_float(s.full_budget), set(s.removed + s.added)
    for first, numbers, costs in _chunks(s, update, cost, hashes):
        sum_c, sum_p, near = array("d"), array("d"), found.near
        scaled = [math.ldexp(x, -s.exponent) for x in numbers] if s.exponent else numbers
        scores = [x * x for x in scaled] if s.squared else numbers
        normal = scores.count(0.0) == numbers.count(0.0) and min(filter(None, scores), default=1.0) >= _NORMAL
        _require(normal or not s.squared, "a square underflows: the exponent is not one of this update")
        for i, p, c in zip(range(first, first + len(scores)), scores, costs, strict=True):
            if p > 0 and 0 < c <= affordable:
                priced = energy * c + item
                r = p - priced
                margin = width + _ROUNDING * (p + priced)
                if filtered and r > margin and i not in moved:
                    sum_c.append(c)
                    sum_p.append(p)
                elif not filtered or not r < -margin or i in moved:
                    near.append((i, p, c))
            elif not 0 <= p < math.inf or not 0 < c < math.inf:
                raise RefusedError(f"item {i} has score {p} and cost {c}")
        if s.most:
            cheap = [c for p, c in zip(scores, costs, strict=True) if p > 0 and c <= affordable and c < s.cheap]
            found.cheap_count += len(cheap)
            found.cheap_sum += exact_sum(cheap)
        if s.grid:
            found.costs.update(costs)
        found.inside += len(sum_c)
        found.spent += exact_sum(sum_c)
        found.retained += exact_sum(sum_p)
    _require(hashes[0].hexdigest() == s.data_hash, "this is not the update the certificate was made for")
    if s.cost["kind"] == "array":
        _require(hashes[1].hexdigest() == s.cost["sha256"], "these are not the costs the certificate was made for")
    return found


def _chunks(
    s: _Statement, update: Sequence[float], cost: Sequence[float] | None, hashes: tuple[Any, Any]
) -> Iterator[tuple[int, Sequence[float], Sequence[float]]]:
    """Index, numbers and costs of consecutive pieces, hashed on the way as little-endian float64."""
    _require(s.cost["kind"] in ("array", "classes"), "cost.kind must be array or classes")
    per_item = s.cost["kind"] == "array"
    runs = iter(()) if per_item else _class_costs(s)
    _require(not per_item or (cost is not None and len(cost) == s.d), f"the certificate needs its {s.d} costs")
    for first in range(0, s.d, _CHUNK):
        numbers = array("d", update[first : first + _CHUNK])
        hashes[0].update(_little_endian(numbers))
        if per_item and cost is not None:
            costs = array("d", cost[first : first + _CHUNK])
            hashes[1].update(_little_endian(costs))
        else:
            costs = array("d", islice(runs, len(numbers)))
        yield first, numbers, costs


def _class_costs(s: _Statement) -> Iterator[float]:
    values, runs = [Fraction(v) for v in s.cost["values"]], s.cost["runs"]
    _require(all(Fraction(float(v)) == v for v in values), "a class cost is not a float64")
    whole = all(type(k) is type(n) is int and 0 <= k < len(values) and n > 0 for k, n in runs)
    _require(whole and sum(n for _, n in runs) == s.d, "the runs of cost classes do not cover the update")
    return chain.from_iterable(repeat(float(values[k]), n) for k, n in runs)


def _check_grid_and_cut(s: _Statement, found: _Pass) -> None:
    if s.grid:
        _require(all(Fraction(c) % s.grid == 0 for c in found.costs), "a cost is not a multiple of the grid")
    if s.most:
        beyond = s.most + 1 - found.cheap_count
        _require(beyond >= 0, "the threshold of the cardinality cut is too high to verify it")
        _require(found.cheap_sum + beyond * s.cheap > s.budget, "a feasible mask may hold more items than the cut says")


def _search(s: _Statement, core: list[tuple[Fraction, Fraction]], start: tuple[Fraction, int], loss: Fraction) -> int:
    """Exhaust the masks that deviate from S inside the core; refuse if one has a smaller loss. Integers throughout.

    The certificate names the search that is quick enough: ``ordered`` by loss per joule, with bounds, or by ``halves``.
    """
    cost_unit = math.lcm(start[0].denominator, *(c.denominator for _, c in core))
    rate = s.energy / cost_unit
    parts = [loss, rate, s.item, *(r for r, _ in core)]
    unit = math.lcm(*(x.denominator for x in parts))
    energy, item, target = int(rate * unit), int(s.item * unit), int(loss * unit)
    kinds = Counter((int(r * unit), int(c * cost_unit)) for r, c in core)
    origin = int(start[0] * cost_unit), start[1]
    _require(origin[0] < 0 or energy * origin[0] + item * origin[1] >= target, "a better mask exists")
    if s.search == "halves":
        return _search_halves(kinds, origin, energy, item, target)
    by_ratio = sorted(kinds.items(), key=lambda k: (k[0][0] if item else Fraction(k[0][0], abs(k[0][1])), k[0]))

    states, visits = {origin: 0}, 0
    for place, ((price, move), copies) in enumerate(by_ratio):
        later = by_ratio[place + 1][0] if place + 1 < len(by_ratio) else None
        grown: dict[tuple[int, int], int] = {}
        for (slack, spare), paid in states.items():
            for taken in range(copies + 1):
                now, have, cost = slack + taken * move, spare + (taken if move > 0 else -taken), paid + taken * price
                visits += 1
                if cost >= target:
                    break
                _require(now < 0 or cost + energy * now + item * have >= target, "a better mask exists")
                if later is not None and _hope(later, now, have, cost, target, energy, item):
                    if grown.get((now, have), target) > cost:
                        grown[now, have] = cost
                elif taken and not item and (now < 0) == (move < 0):
                    break  # further copies lead further away; with the cut they may lead back
        _require(visits <= MAX_VISITS, "the search over the core is too large to finish: not confirmed as exact")
        states = _prune(grown, energy, item)
    return visits


def _search_halves(
    kinds: dict[tuple[int, int], int], start: tuple[int, int], energy: int, item: int, target: int
) -> int:
    """Deal the kinds into two halves, list what each can do below ``target``, and seek a pair that fits and beats it.

    For a left half of slack ``a``, every right half of slack ``>= -a`` fits, and ``cheapest`` holds the least total
    among those.
    """
    dealt = sorted(kinds.items(), reverse=True)
    sides, visits = [], 0
    for origin, half in ((start, dealt[::2]), ((0, 0), dealt[1::2])):
        states = {origin: 0}
        for (price, move), copies in half:
            each = (1 if move > 0 else -1) if item else 0
            grown = dict(states)
            for (slack, spare), paid in states.items():
                for taken in range(1, copies + 1):
                    visits += 1
                    cost, key = paid + taken * price, (slack + taken * move, spare + taken * each)
                    if cost >= target:
                        break
                    if cost < grown.get(key, target):
                        grown[key] = cost
            _require(visits <= MAX_VISITS, "the search over the core is too large to finish: not confirmed as exact")
            states = _prune(grown, energy, item)
        sides.append(sorted((slack, paid + energy * slack + item * spare) for (slack, spare), paid in states.items()))
    left, right = sides
    cheapest: int | None = None
    for slack, total in left:
        while right and slack + right[-1][0] >= 0:
            _, least = right.pop()
            cheapest = least if cheapest is None else min(cheapest, least)
        _require(cheapest is None or total + cheapest >= target, "a better mask exists")
    return visits


def _hope(later: tuple[int, int], slack: int, spare: int, paid: int, target: int, energy: int, item: int) -> bool:
    """Whether items from ``later`` on (dearer per joule, or with the cut per item) can still end below ``target``."""
    price, move = later
    if item:
        each = price if spare < 0 else min(price, item)
        return paid + each * abs(spare) < target
    step = abs(move)
    each = price if slack < 0 else min(price, energy * step)
    return paid * step + each * abs(slack) < target * step


def _prune(states: dict[tuple[int, int], int], energy: int, item: int) -> dict[tuple[int, int], int]:
    """Drop states that another beats in slack and in retained score, minus ``paid + energy*slack + item*spare``."""
    ranked = sorted(((-k[0], v + energy * k[0] + item * k[1], k, v) for k, v in states.items()))
    kept: dict[tuple[int, int], int] = {}
    lowest: int | None = None
    for _, total, key, paid in ranked:
        if lowest is None or total < lowest:
            lowest, kept[key] = total, paid
    return kept


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


def _little_endian(numbers: array[float]) -> bytes:
    if sys.byteorder == "big":
        numbers = array("d", numbers)
        numbers.byteswap()
    return numbers.tobytes()


def _as_float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _floor_float(value: Fraction) -> float:
    nearest = min(_as_float(value), sys.float_info.max)
    return nearest if Fraction(nearest) <= value else math.nextafter(nearest, -math.inf)


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise RefusedError(message)


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
    if letter == "e":
        return array("d", (x for (x,) in struct.iter_unpack("<e", body)))
    return body.cast("f" if letter == "f" else "d")


def main(arguments: list[str]) -> int:
    """Check ``certificate.json update.npy [cost.npy]``; exit code 0 exact, 3 interval, 1 refused, 2 unreadable."""
    if not 2 <= len(arguments) <= 3:
        print("usage: python checker.py certificate.json update.npy [cost.npy]", file=sys.stderr)
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            certificate = json.load(file)
        if not isinstance(certificate, dict):
            raise ValueError(f"{arguments[0]} is not a certificate")
        data = [read_npy(path) for path in arguments[1:]]
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, RecursionError, MemoryError) as error:
        print(f"cannot read: {error}", file=sys.stderr)
        return 2
    result = check(certificate, *data)
    print(f"{result.verdict}: {result.reason}")
    return {"exact": 0, "interval": 3}.get(result.verdict, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
