"""An instance of the energy-constrained projection, validated once.

    Pi_B(g) = argmin_x ||g - x||^2   subject to   sum_i c_i 1[x_i != 0] <= B          (paper, abstract)

Everything downstream takes an :class:`Instance` and trusts it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from theory.arithmetic import sums
from theory.arithmetic.exact import EXACT_INTEGER, Real, as_float64, as_fraction, exact_sum, exact_sum_of_squares
from theory.arrays import is_tensor, plain, scalar
from theory.budget import budget_in_units
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
        budget: joules, ``>= 0``. Exact: a float is the dyadic rational it is, ``"0.3"`` is 3/10, ``"3mJ"``
            3/1000.
        fraction: the budget as a share ``beta`` of the total cost, in (0, 1] or ``"5%"``: ``B = beta * C``
            with ``C`` summed exactly. A share is a number somebody wrote, so a float is read as the decimal
            it prints (``0.3`` is 3/10). Give either ``budget`` or ``fraction``.

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
        "_cost", "_total", "budget", "class_cost", "device", "labels", "scale_exponent", "score", "unit", "update"
    )  # fmt: skip

    update: NDArray | None
    score: NDArray[np.float64]
    scale_exponent: int
    device: Any
    labels: NDArray[np.integer] | None
    class_cost: NDArray[np.float64] | None
    budget: Fraction
    unit: Fraction
    _cost: NDArray[np.float64] | None
    _total: Fraction | None

    def __init__(
        self,
        update: ArrayLike,
        cost: ArrayLike | Real | CostClasses,
        budget: Real | None = None,
        *,
        fraction: Real | None = None,
    ) -> None:
        self.device = update.device if is_tensor(update) else None  # type: ignore[union-attr]
        self.update = _vector(update, "update")
        self.score, self.scale_exponent = _squares(self.update)
        self._set_cost_and_budget(cost, budget, fraction)

    @classmethod
    def from_scores(
        cls,
        score: ArrayLike,
        cost: ArrayLike | Real | CostClasses,
        budget: Real | None = None,
        *,
        fraction: Real | None = None,
    ) -> Instance:
        """An instance whose scores ``p_i >= 0`` are given directly, shape (d,), taken as they are.

        ``sqrt`` then square is not the identity in floating point; integer test instances and other
        losses than the squared one (claim D12) come in through here.
        """
        instance = cls.__new__(cls)
        instance.device = score.device if is_tensor(score) else None  # type: ignore[union-attr]
        values = _vector(score, "score").astype(np.float64)
        _refuse(values < 0, values, "score", "scores must be >= 0")
        instance.update, instance.score, instance.scale_exponent = None, values, 0
        instance._set_cost_and_budget(cost, budget, fraction)
        return instance

    def _set_cost_and_budget(
        self, cost: ArrayLike | Real | CostClasses, budget: Real | None, fraction: Real | None
    ) -> None:
        d = self.score.size
        if is_one_cost(cost):
            cost = CostClasses(np.broadcast_to(np.int8(0), (d,)), [cost])  # type: ignore[list-item]
        self.unit = Fraction(1)
        if isinstance(cost, CostClasses):
            self.labels, self.class_cost, self.unit = _classes(cost, d)
            self._cost = None
        else:
            self.labels = self.class_cost = None
            self._cost = _cost_array(cost, d)  # type: ignore[arg-type]
        self._total = None
        self.budget = budget_in_units(budget, fraction, lambda: self.total_cost, self.unit)

    def __repr__(self) -> str:
        kind = "per-coordinate" if self.labels is None else f"{len(self.class_cost)}-class"  # type: ignore[arg-type]
        return f"Instance(d={self.d}, {kind} costs, budget={_shown(self.budget * self.unit)} J)"

    @property
    def d(self) -> int:
        """Number of coordinates."""
        return self.score.size

    @property
    def cost(self) -> NDArray[np.float64]:
        """``c_i``, float64 of shape (d,), in units of ``unit`` joules (built on first use for classes)."""
        if self._cost is None:
            assert self.class_cost is not None
            assert self.labels is not None
            self._cost = self.class_cost[self.labels]
        return self._cost

    @property
    def total_cost(self) -> Fraction:
        """``C``, the exact energy of sending everything, in units of ``unit`` joules (summed on first use)."""
        if self._total is None:
            whole = None if self.labels is not None or not self.d else sums.total_cost(self.cost)
            self._total = self._spent_on(slice(None)) if whole is None else whole
        return self._total

    def spent(self, mask: NDArray[np.bool_]) -> Fraction:
        """Exact energy of ``mask`` (bool, shape (d,)), in units of ``unit`` joules."""
        return self._spent_on(plain(mask, "mask"))

    def _spent_on(self, items: NDArray[np.bool_] | slice) -> Fraction:
        if self.labels is None:
            assert self._cost is not None
            return exact_sum(self._cost[items])
        assert self.class_cost is not None
        counts = np.bincount(self.labels[items], minlength=len(self.class_cost))
        return sum((int(n) * Fraction(c) for n, c in zip(counts, self.class_cost, strict=True)), Fraction(0))

    def retained(self, mask: NDArray[np.bool_]) -> Fraction:
        """Exact ``sum p_i`` over ``mask`` (bool, shape (d,)), in the units of ``score``; squares are not rounded."""
        mask = plain(mask, "mask")
        if self.update is None:
            return exact_sum(self.score[mask])
        return exact_sum_of_squares(self.update[mask]) / Fraction(4) ** self.scale_exponent

    def exact_score(self, i: int) -> Fraction:
        """``p_i`` exactly: the square that ``score`` rounds where the update is float64."""
        if self.update is None:
            return Fraction(self.score[i])
        return Fraction(float(self.update[i])) ** 2 / Fraction(4) ** self.scale_exponent

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
        other = self.with_budget(self.budget)
        other.device = None
        return other

    def with_budget(self, budget: Fraction) -> Instance:
        """The same update and costs under another budget, in units of ``unit`` joules."""
        if budget < 0:
            raise InputError(f"budget must be >= 0 joules, got {budget}")
        other = object.__new__(Instance)
        for name in Instance.__slots__:
            setattr(other, name, getattr(self, name))
        other.budget = Fraction(budget)
        return other


def _vector(values: ArrayLike, name: str) -> NDArray:
    array = plain(values, name)
    if array.dtype.kind not in "fiu":
        raise InputError(f"{name} must be real numbers, got dtype {array.dtype}")
    if array.ndim != 1:
        raise InputError(f"{name} must have shape (d,), got {array.shape}; flatten it first")
    finite = np.isfinite(array)
    _refuse(np.logical_not(finite, out=finite), array, name, "every entry must be finite")
    if array.dtype.kind in "iu":
        array = as_float64(array, name)
    if array.dtype.itemsize > 8:
        raise InputError(f"{name} must be float16, float32 or float64, got {array.dtype}")
    return array


def _refuse(bad: NDArray[np.bool_], values: NDArray, name: str, accepted: str) -> None:
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(f"{name}[{first}] = {values[first]} ({int(bad.sum())} such): {accepted}")


def _squares(update: NDArray) -> tuple[NDArray[np.float64], int]:
    """``(g * 2**-e)**2`` in float64 and ``e``; ``e`` is 0 whenever the plain squares are safe."""
    g = update.astype(np.float64)
    exponent = 0
    if update.dtype == np.float64 and g.size:
        magnitude = np.abs(g)
        largest = float(magnitude.max())
        nonzero = magnitude[magnitude > 0]
        smallest = float(nonzero.min()) if nonzero.size else 1.0
        if largest and (math.frexp(largest)[1] > _SAFE_HIGH or math.frexp(smallest)[1] < _SAFE_LOW):
            exponent = math.frexp(largest)[1] - _SAFE_HIGH
            with np.errstate(under="ignore"):
                g = np.ldexp(g, -exponent)
                score = g * g
            score[(score == 0) & (update != 0)] = _LEAST
            return score, exponent
    return np.multiply(g, g, out=g), exponent


def _cost_array(cost: ArrayLike, d: int) -> NDArray[np.float64]:
    array = _vector(cost, "cost")
    if array.shape != (d,):
        raise InputError(f"cost must have shape ({d},) like the update, got {array.shape}")
    _refuse(array <= 0, array, "cost", "costs must be > 0 joules")
    return array.astype(np.float64, copy=False)


def _classes(cost: CostClasses, d: int) -> tuple[NDArray[np.integer], NDArray[np.float64], Fraction]:
    labels = plain(cost.labels, "labels")
    if labels.dtype == bool:
        labels = labels.view(np.int8)
    if labels.dtype.kind not in "iu" or labels.shape != (d,):
        raise InputError(f"labels must be integers of shape ({d},), got {labels.dtype} of shape {labels.shape}")
    class_cost, unit = class_values(cost.values)
    if d and (int(labels.min()) < 0 or int(labels.max()) >= class_cost.size):
        raise InputError(f"labels must lie in 0..{class_cost.size - 1}, got {labels.min()}..{labels.max()}")
    return labels, class_cost, unit


def as_cost(value: Real, name: str) -> Fraction:
    """The exact cost that ``value`` denotes.

    Raises:
        InputError: it is not a number, not positive, or so large that sums of it are no floats.
    """
    cost = as_fraction(scalar(value, name), name)
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
        if max(values) / unit > EXACT_INTEGER:
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


def _shown(value: Fraction) -> str:
    return f"{Decimal(value.numerator) / value.denominator:.6g}"
