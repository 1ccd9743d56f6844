"""An instance of the energy-constrained projection, validated once.

    Pi_B(g) = argmin_x ||g - x||^2   subject to   sum_i c_i 1[x_i != 0] <= B          (paper, abstract)

Everything downstream takes an :class:`Instance` and trusts it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.arithmetic import exact, sums
from theory.arithmetic.blocks import all_between, chosen, counted, extremes
from theory.arithmetic.exact import Real, as_fraction
from theory.arrays import is_tensor, plain, scalar, uncompiled
from theory.budget import budget_in_units, is_share
from theory.errors import InputError

DEAREST = 10**300  # whose sum over an update is still a float
_LEAST = math.ulp(0.0)  # the least positive float64
_SAFE_LOW, _SAFE_HIGH = -480, 480  # |g| within 2**+-480 squares to a normal float64


@dataclass(frozen=True, eq=False)
class CostClasses:
    """Costs that take few values: coordinate ``i`` costs ``values[labels[i]]`` joules.

    Attributes:
        labels: integer array of shape (d,), entries in ``range(len(values))``.
        values: one positive cost per class, in joules; ``str``, ``Decimal`` and ``Fraction`` are
            taken exactly as written, floats as the dyadic rationals they are.
    """

    labels: NDArray[np.integer]
    values: Sequence[Real]


class Instance:
    """Update ``g``, per-coordinate cost ``c`` and energy budget ``B`` of one projection.

    Args:
        update: shape (d,), any float or integer dtype, finite: an array, or a dense tensor on any device, whose
            selections then come as tensors on that device. Not copied where it lies in the processor's memory.
        cost: joules per coordinate: a positive scalar, a positive array of shape (d,), or
            :class:`CostClasses`.
        budget: joules, ``>= 0``, or ``"5%"`` of the total cost: ``B = beta * C`` with ``C`` summed exactly. Exact: a
            float is the dyadic rational it is, ``"0.3"`` is 3/10, ``"3mJ"`` 3/1000, see :mod:`theory.budget`.

    Attributes:
        score: ``p_i``, float64 of shape (d,): the squared entries (exact for float32 and narrower,
            correctly rounded for float64), times ``4**-scale_exponent``. An entry so much smaller than the largest
            that its square is no float64 has the least positive one: it is not zero, and comes last.
        scale_exponent: 0 unless a float64 update had to be scaled by a power of two to be squared.
        cost: ``c_i``, float64 of shape (d,), in units of ``unit`` joules.
        budget: ``B``, an exact ``Fraction`` in units of ``unit`` joules.
        unit: joules per unit of cost: 1, or ``1/n`` when class costs were written as decimals that
            float64 cannot hold.
        device: of the tensor that the update came as, else None.
        labels, class_cost: the classes of a class-cost instance (``class_cost`` in ``unit``), else None.

    Raises:
        InputError: non-finite updates, non-positive or non-finite costs, shapes that do not match,
            negative budgets, shares outside (0, 1]; tensors that hold no such numbers (:mod:`theory.arrays`).
    """

    __slots__ = (
        "_cost", "_score", "_total", "budget", "class_cost", "device", "labels", "scale_exponent", "unit", "update"
    )  # fmt: skip

    update: NDArray | None
    scale_exponent: int
    device: Any
    labels: NDArray[np.integer] | None
    class_cost: NDArray[np.float64] | None
    budget: Fraction
    unit: Fraction
    _cost: NDArray[np.floating] | None
    _score: NDArray[np.float64] | None
    _total: Fraction | None

    @uncompiled
    def __init__(
        self, update: ArrayLike, cost: ArrayLike | Real | CostClasses, budget: Real | None = None
    ) -> None:  # fmt: skip
        self.device = update.device if is_tensor(update) else None  # type: ignore[union-attr]
        self.update, self.scale_exponent = _checked_update(update)
        self._score = None
        self._set_cost_and_budget(cost, budget)

    @classmethod
    def from_scores(
        cls, score: ArrayLike, cost: ArrayLike | Real | CostClasses, budget: Real | None = None
    ) -> Instance:  # fmt: skip
        """An instance whose scores ``p_i >= 0`` are given directly, shape (d,), taken as they are.

        ``sqrt`` then square is not the identity in floating point; integer test instances and other
        losses than the squared one (claim D12) come in through here.
        """
        instance = cls.__new__(cls)
        instance.device = score.device if is_tensor(score) else None  # type: ignore[union-attr]
        values = _vector(score, "score").astype(np.float64)
        _refuse(values < 0, values, "score", "scores must be >= 0")
        instance.update, instance._score, instance.scale_exponent = None, values, 0
        instance._set_cost_and_budget(cost, budget)
        return instance

    def _set_cost_and_budget(self, cost: ArrayLike | Real | CostClasses, budget: Real | None) -> None:
        d = self.d
        self._total = None
        if is_one_cost(cost):
            cost = CostClasses(np.broadcast_to(np.int8(0), (d,)), [cost])  # type: ignore[list-item]
        self.unit = Fraction(1)
        if isinstance(cost, CostClasses):
            self.labels, self.class_cost, self.unit, self._total = _classes(cost, d, in_all=is_share(budget))
            self._cost = None
        else:
            self.labels = self.class_cost = None
            self._cost, self._total = _cost_array(cost, d, in_all=is_share(budget))  # type: ignore[arg-type]
        self.budget = budget_in_units(budget, lambda: self.total_cost, self.unit)

    def __repr__(self) -> str:
        kind = "per-coordinate" if self.labels is None else f"{len(self.class_cost)}-class"  # type: ignore[arg-type]
        return f"Instance(d={self.d}, {kind} costs, budget={exact.shown(self.budget * self.unit)} J)"

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return self._score.size if self.update is None else self.update.size  # type: ignore[union-attr]

    @property
    def score(self) -> NDArray[np.float64]:
        """``p_i``, float64 of shape (d,), see above (built on first use)."""
        if self._score is None:
            self._score = self.scores_of(slice(None))
        return self._score

    @property
    def cost(self) -> NDArray[np.float64]:
        """``c_i``, float64 of shape (d,), in units of ``unit`` joules (built on first use, unless they came so)."""
        if self._cost is None:
            assert self.class_cost is not None
            assert self.labels is not None
            self._cost = self.class_cost[self.labels]
        if self._cost.dtype != np.float64:
            self._cost = self._cost.astype(np.float64)
        return self._cost  # type: ignore[return-value]

    @property
    def given_cost(self) -> NDArray[np.floating] | None:
        """Costs as they were given, one each, in their own precision; None where there are classes."""
        return None if self.labels is not None else self._cost

    def scores_of(self, items: Any) -> NDArray[np.float64]:
        """``score[items]`` of a slice, indices or a mask, without building all of them."""
        g: NDArray[np.float64]
        if self._score is not None:
            g = self._score[items]
            return g
        assert self.update is not None
        given = self.update[items]
        g = given.astype(np.float64)
        if not self.scale_exponent:
            return np.multiply(g, g, out=g)
        with np.errstate(under="ignore"):
            g = np.ldexp(g, -self.scale_exponent, out=g)
            np.multiply(g, g, out=g)
        g[(g == 0) & (given != 0)] = _LEAST
        return g

    def costs_of(self, items: Any) -> NDArray[np.float64]:
        """``cost[items]`` of a slice, indices or a mask, without building all of them."""
        cost: NDArray[np.float64]
        if self._cost is not None:
            cost = self._cost[items].astype(np.float64, copy=False)
        else:
            assert self.class_cost is not None
            assert self.labels is not None
            cost = self.class_cost[self.labels[items]]
        return cost

    @property
    def total_cost(self) -> Fraction:
        """``C``, the exact energy of sending everything, in units of ``unit`` joules (summed on first use)."""
        if self._total is None:
            whole = None if self.labels is not None or not self.d else sums.total_cost(self._cost)  # type: ignore[arg-type]
            self._total = self._spent_on(slice(None)) if whole is None else whole
        return self._total

    def spent(self, mask: NDArray[np.bool_]) -> Fraction:
        """Exact energy of ``mask`` (bool, shape (d,)), in units of ``unit`` joules."""
        return self._spent_on(plain(mask, "mask"))

    def _spent_on(self, items: NDArray[np.bool_] | slice) -> Fraction:
        if self.labels is None:
            assert self._cost is not None
            return exact.added(exact.exact_sum(own) for own in chosen(self._cost, items))
        assert self.class_cost is not None
        if isinstance(items, slice) and self.labels.strides == (0,):
            return self.d * Fraction(self.class_cost[self.labels[0]]) if self.d else Fraction(0)
        counts = np.zeros(len(self.class_cost), np.int64)
        for own in chosen(self.labels, items):
            more = counted(own, len(self.class_cost))
            assert more is not None
            counts += more
        return _of_classes(counts, self.class_cost)

    def retained(self, mask: NDArray[np.bool_]) -> Fraction:
        """Exact ``sum p_i`` over ``mask`` (bool, shape (d,)), in the units of ``score``; squares are not rounded."""
        mask = plain(mask, "mask")
        if self.update is None:
            return exact.added(exact.exact_sum(own) for own in chosen(self.score, mask))
        return self._unscaled(exact.added(exact.exact_sum_of_squares(own) for own in chosen(self.update, mask)))

    def exact_score(self, i: int) -> Fraction:
        """``p_i`` exactly: the square that ``score`` rounds where the update is float64."""
        if self.update is None:
            return exact.exactly(self.score[i].item())
        return self._unscaled(exact.exactly(float(self.update[i])) ** 2)

    def _unscaled(self, squares: Fraction) -> Fraction:
        """A sum of squares of the update in the units of ``score``."""
        return squares / Fraction(4) ** self.scale_exponent if self.scale_exponent else squares

    def exact_cost(self, i: int) -> Fraction:
        """``c_i`` exactly, in units of ``unit`` joules, without building ``cost``."""
        return exact.exactly(float(self._cost[i] if self.labels is None else self.class_cost[self.labels[i]]))  # type: ignore[index]

    def feasible(self, mask: NDArray[np.bool_]) -> bool:
        """Whether ``mask`` fits the budget, decided in exact arithmetic."""
        return self.spent(mask) <= self.budget

    def refuse_lost_squares(self) -> None:
        """Raises :class:`InputError` for an entry whose square is no normal float64 beside the largest one's."""
        if self.update is not None and self.scale_exponent:
            tiny = (self.update != 0) & (self.score < math.ldexp(1.0, 2 * _SAFE_LOW))
            _refuse(tiny, self.update, "update", "too small beside the largest entry for exact squares; set it to 0")

    def of_arrays(self) -> Instance:
        """The same instance, whose selections come as arrays wherever its update came from."""
        other = self._copy()
        other.device = None
        return other

    def _copy(self) -> Instance:
        other = object.__new__(Instance)
        for name in Instance.__slots__:
            setattr(other, name, getattr(self, name))
        return other

    def with_budget(self, budget: Fraction) -> Instance:
        """The same update and costs under another budget, in units of ``unit`` joules."""
        if budget < 0:
            raise InputError(f"budget must be >= 0 joules, got {budget}")
        self._score = self.score  # built once for all budgets
        other = self._copy()
        other.budget = as_fraction(budget, "budget")
        return other


def _checked_update(update: ArrayLike) -> tuple[NDArray, int]:
    """The update, and ``e`` such that ``(g * 2**-e)**2`` is safe in float64: 0 whenever the plain squares are."""
    array = _shaped(update, "update")
    if array.dtype != np.float64 or not array.size:
        return _finite(array, "update"), 0
    largest, smallest = extremes(array)
    if not largest < math.inf:
        return _finite(array, "update"), 0
    if not largest or (math.frexp(largest)[1] <= _SAFE_HIGH and math.frexp(smallest)[1] >= _SAFE_LOW):
        return array, 0
    exponent = math.frexp(largest)[1] - _SAFE_HIGH
    return array, exponent


def _vector(values: ArrayLike, name: str) -> NDArray:
    """Real numbers of shape (d,), all finite."""
    return _finite(_shaped(values, name), name)


def _finite(array: NDArray, name: str) -> NDArray:
    if not all_between(array, -np.inf, np.inf):
        _refuse(~np.isfinite(array), array, name, "every entry must be finite")
    return array


def _shaped(values: ArrayLike, name: str) -> NDArray:
    """Real numbers of shape (d,), as float16, float32 or float64."""
    array = plain(values, name)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name} must be real numbers, got dtype {array.dtype}")
    if array.ndim != 1:
        raise InputError(f"{name} must have shape (d,), got {array.shape}; flatten it first")
    if array.dtype.kind in "iu":
        array = exact.as_float64(array, name)
    if array.dtype.itemsize > 8:
        raise InputError(f"{name} must be float16, float32 or float64, got {array.dtype}")
    return array


def _refuse(bad: NDArray[np.bool_], values: NDArray, name: str, accepted: str) -> None:
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(f"{name}[{first}] = {values[first]} ({int(bad.sum())} such): {accepted}")


def _cost_array(cost: ArrayLike, d: int, *, in_all: bool) -> tuple[NDArray[np.floating], Fraction | None]:
    """Costs as they are, checked; and their exact sum, which checks them too, where that is asked for."""
    array = plain(cost, "cost")
    valid = array.dtype.kind == "f" and array.ndim == 1 and array.dtype.itemsize <= 8 and array.size > 0
    total = sums.total_cost(array) if valid and in_all else None
    if total is None and not (valid and not in_all and all_between(array, 0.0, np.inf)):
        array = _vector(cost, "cost")
        _refuse(array <= 0, array, "cost", "costs must be > 0 joules")
    if array.shape != (d,):
        raise InputError(f"cost must have shape ({d},) like the update, got {array.shape}")
    return array, total


def _of_classes(counts: NDArray[np.int64], class_cost: NDArray[np.float64]) -> Fraction:
    """The exact cost of so many coordinates of each class."""
    return sum((int(n) * Fraction(c) for n, c in zip(counts, class_cost, strict=True)), Fraction(0))


def _classes(
    cost: CostClasses, d: int, *, in_all: bool
) -> tuple[NDArray[np.integer], NDArray[np.float64], Fraction, Fraction | None]:
    """Labels, costs of the classes and their unit, checked; and the cost of everything where that is asked for."""
    labels = plain(cost.labels, "labels")
    if labels.dtype == bool:
        labels = labels.view(np.int8)
    if labels.dtype.kind not in "iu" or labels.shape != (d,):
        raise InputError(f"labels must be integers of shape ({d},), got {labels.dtype} of shape {labels.shape}")
    class_cost, unit = class_values(cost.values)
    different = labels[:1] if labels.strides == (0,) else labels
    counts = counted(different, class_cost.size) if in_all else None
    if d and not (all_between(different, -1, class_cost.size) if counts is None else True):
        raise InputError(f"labels must lie in 0..{class_cost.size - 1}, got {labels.min()}..{labels.max()}")
    total = None if counts is None else _of_classes(counts, class_cost) * (d if different.size < d else 1)
    return labels, class_cost, unit, total


def as_cost(value: Real, name: str) -> Fraction:
    """The exact cost that ``value`` denotes.

    Raises:
        InputError: it is not a number, not positive, or so large that sums of it are no floats.
    """
    cost = exact.as_fraction(scalar(value, name), name)
    if cost <= 0:
        raise InputError(f"{name} = {value}: costs must be > 0 joules")
    if cost > DEAREST:
        raise InputError(f"{name} is above 1e+300; costs must be at most that many joules")
    return cost


def class_values(given: Sequence[Real]) -> tuple[NDArray[np.float64], Fraction]:
    """Costs per class as exact float64 multiples of a unit, and the unit in joules.

    Raises:
        InputError: costs that are not positive finite numbers, or that have no common unit.
    """
    if isinstance(given, (str, Mapping)) or not hasattr(given, "__len__") or (is_tensor(given) and given.is_nested):  # type: ignore[attr-defined]
        raise InputError(
            f"the values of cost classes must be a list of joules, one a class, got {type(given).__name__}"
        )
    names = ["cost"] if len(given) == 1 else [f"class cost {k}" for k in range(len(given))]
    values = [as_cost(v, name) for v, name in zip(given, names, strict=True)]
    unit = Fraction(1)
    if not all(_is_float64(v) for v in values):
        unit = Fraction(math.gcd(*(v.numerator for v in values)), math.lcm(*(v.denominator for v in values)))
        if max(values) / unit > exact.EXACT_INTEGER:
            raise InputError("class costs need a common unit of at least 2**-53 of the largest; give fewer digits")
    return np.array([float(v / unit) for v in values]), unit


def is_one_cost(cost: object) -> bool:
    """Whether ``cost`` is one number, the same for every coordinate."""
    if isinstance(cost, (CostClasses, list, tuple, Mapping)):
        return False
    return isinstance(cost, (str, Fraction)) or np.ndim(cost) == 0  # type: ignore[arg-type]


def _is_float64(value: Fraction) -> bool:
    try:
        return Fraction(float(value)) == value
    except OverflowError:
        return False
