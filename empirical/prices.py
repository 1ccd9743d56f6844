"""What a coordinate costs in an experiment, and the ledger of what was spent on what.

Every cost model of :mod:`theory.energy.models` by its name, and

    lognormal         each coordinate's cost drawn once per seed from exp(N(0, 1)), independent of layers and
                      magnitudes: the clean test of the theory
    layer-lognormal   the same, one draw a layer
    ble-nor           fc and embedding weights in a serial NOR flash, the rest in SRAM, behind Bluetooth Low Energy
    ratio-A-B         A for every coordinate of a convolution (and whatever is neither fc nor embedding), B for the
                      others: conv-dear is ratio-10-1, fc-dear ratio-1-10

Energies are exact rationals.

    radio    value bits sent          index    bits that say which coordinates are sent
    memory   bits written             (relative models have one part only, filed under memory)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from empirical.streams import stream
from theory.arithmetic.exact import Real, as_fraction, exact_sum
from theory.budget import as_share, budget_in_units
from theory.energy.costs import Budget, Costs
from theory.energy.hardware import MEMORIES, placed
from theory.energy.models import MODELS, CostModel, Energy, Source
from theory.errors import InputError
from theory.instance import CostClasses, Instance, is_one_cost
from theory.layers import Layer

LOGNORMAL, LAYER_LOGNORMAL, NOR = "lognormal", "layer-lognormal", "ble-nor"
DRAWN = (LOGNORMAL, LAYER_LOGNORMAL)
COST_MODELS = (*MODELS, *DRAWN, NOR)

_RATIO = re.compile(r"ratio-([1-9]\d*)-([1-9]\d*)")
_OFF_CHIP = ("fc", "embedding")

STATE = "state"  # the kind under which a ledger files running statistics

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Entry:
    """Coordinates sent from one kind of layer and the joules (or units) they took, in three exact parts."""

    kind: str
    coordinates: int = 0
    radio: Fraction = Fraction(0)
    index: Fraction = Fraction(0)
    memory: Fraction = Fraction(0)

    @property
    def energy(self) -> Fraction:
        """The three parts together."""
        return self.radio + self.index + self.memory

    def __add__(self, other: Entry) -> Entry:
        return Entry(
            self.kind,
            self.coordinates + other.coordinates,
            self.radio + other.radio,
            self.index + other.index,
            self.memory + other.memory,
        )

    def times(self, count: int) -> Entry:
        """The price of one coordinate, times ``count``."""
        return Entry(self.kind, count, count * self.radio, count * self.index, count * self.memory)


@dataclass(frozen=True, eq=False)
class Prices:
    """A cost model laid over the layers of a network.

    Attributes:
        name: the model's. unit: ``J``, or ``units`` when only ratios are meant.
        costs: per coordinate, as :class:`theory.Instance` takes them.
        kinds: kinds of layers, in order of appearance. kind_of: position in ``kinds`` of each coordinate, shape (d,).
        each: price of one coordinate of each kind, or None when coordinates of one kind differ.
        total: ``C``, the energy of sending every coordinate as the model charges it.
        model: the energy model, where there is one.
    """

    name: str
    unit: str
    costs: CostClasses | NDArray[np.float64]
    kinds: tuple[str, ...]
    kind_of: NDArray[np.intp]
    each: tuple[Entry, ...] | None
    total: Fraction
    model: CostModel | None = None

    def budget(self, share: str) -> Fraction:
        """Joules of a client's round: ``share``, in (0, 1] or ``"5%"``, of the total.

        Raises:
            InputError: no such share.
        """
        return as_share(share, "share") * self.total

    def joules(self, budget: Budget, layers: Sequence[Layer]) -> Fraction:
        """What a budget leaves for coordinates, in joules (or units).

        Raises:
            InputError: joules where costs are ratios, or units where they are joules.
        """
        amount = budget.amount(Costs(self.costs, self.model), layers)
        return budget_in_units(amount, lambda: self.total, Fraction(1))

    def whole(self, coordinates: int) -> tuple[Entry, ...]:
        """What so many coordinates of state cost that travel whole, without indices; nothing for none.

        Each is priced as one of a normalisation layer, or as the average coordinate where the model has no such price.
        """
        if not coordinates:
            return ()
        priced = {price.kind: price for price in self.each or ()}
        each = priced.get("norm", Entry(STATE, 1, memory=self.total / self.kind_of.size))
        return (Entry(STATE, coordinates, coordinates * each.radio, Fraction(0), coordinates * each.memory),)

    def ledger(self, mask: Mask, *, dense: bool = False) -> tuple[Entry, ...]:
        """What ``mask`` costs, by kind of layer; sent ``dense``, it needs no indices."""
        kept = np.flatnonzero(mask)
        kind = self.kind_of[kept]
        counts = np.bincount(kind, minlength=len(self.kinds)).tolist()
        if self.each is None:
            sums = [_energy(self.costs, kept[kind == k]) for k in range(len(self.kinds))]
            return tuple(Entry(kind, n, memory=e) for kind, n, e in zip(self.kinds, counts, sums, strict=True))
        entries = [price.times(n) for price, n in zip(self.each, counts, strict=True)]
        return tuple(Entry(e.kind, e.coordinates, e.radio, Fraction(0), e.memory) if dense else e for e in entries)


def prices(name: str, layers: Sequence[Layer], seed: int) -> Prices:
    """The cost model ``name`` for a network of ``layers``; ``seed`` draws the lognormal costs.

    Raises:
        InputError: unknown name, a kind of layer that the model has no energy for.
    """
    kinds, kind_of = _kinds(layers)
    if name in DRAWN:
        costs = _drawn(name, layers, seed)
        return Prices(name, "units", costs, kinds, kind_of, None, exact_sum(costs))
    model = experiment_model(name)
    parts, value = model.parts(layers), model.value_bits * model.radio.exact
    each = tuple(Entry(kind, 1, value, parts[kind].radio - value, parts[kind].memory) for kind in kinds)
    counts = np.bincount(kind_of, minlength=len(kinds)).tolist()
    total = sum((price.energy * n for price, n in zip(each, counts, strict=True)), Fraction(0))
    return Prices(name, "units" if model.relative else "J", model.costs(layers), kinds, kind_of, each, total, model)


def experiment_model(name: str) -> CostModel:
    """The cost model ``name``, which is not drawn.

    Raises:
        InputError: there is none.
    """
    if name in MODELS:
        return MODELS[name]
    if name == NOR:
        (memory,) = (one for one in MEMORIES if one.name == "serial NOR (TelosB)")
        return placed("Bluetooth Low Energy", memory, _OFF_CHIP)
    if found := _RATIO.fullmatch(name):
        chosen = Source("a ratio chosen to be seen, not a measurement")
        conv, fc = (Energy(text, chosen) for text in found.groups())
        words = f"fc and embedding {fc.per_bit}, the rest {conv.per_bit}"
        return CostModel(name, words, Energy("0", chosen), dict.fromkeys(_OFF_CHIP, fc), conv, word_bits=1,
                         index="none", relative=True)  # fmt: skip
    raise InputError(f"no cost model {name!r}; the models are {', '.join(COST_MODELS)} and ratio-A-B")


def by_kind(name: str) -> bool:
    """Whether a coordinate's cost depends on the kind of its layer alone, so that another run's counts have a price."""
    return name not in DRAWN


def _drawn(name: str, layers: Sequence[Layer], seed: int) -> NDArray[np.float64]:
    sizes = [layer.size for layer in layers]
    rng = stream(seed, f"{name} costs")
    if name == LAYER_LOGNORMAL:
        return np.repeat(rng.lognormal(sigma=1, size=len(sizes)), sizes)
    return rng.lognormal(sigma=1, size=sum(sizes))


def given(
    costs: CostClasses | NDArray[np.float64] | Real, layers: Sequence[Layer], model: CostModel | None = None
) -> Prices:
    """Joules per coordinate as they are: one number, classes, or an array of shape (d,); filed under memory.

    Args:
        model: the energy model that they are of, if any.

    Raises:
        InputError: costs of another length than the layers, or not positive.
    """
    kinds, kind_of = _kinds(layers)
    if is_one_cost(costs):
        costs = CostClasses(np.zeros(kind_of.size, dtype=np.int8), [costs])  # type: ignore[list-item]
    whole = Instance(np.zeros(kind_of.size), costs, 0)
    unit = Costs(costs, model).unit  # type: ignore[arg-type]
    return Prices("given", unit, costs, kinds, kind_of, None, whole.total_cost * whole.unit, model)  # type: ignore[arg-type]


def added(ledgers: Iterable[tuple[Entry, ...]]) -> tuple[Entry, ...]:
    """The entries of several ledgers over the same kinds, added up; nothing for no ledgers."""
    totals: dict[str, Entry] = {}
    for ledger in ledgers:
        for entry in ledger:
            totals[entry.kind] = totals[entry.kind] + entry if entry.kind in totals else entry
    return tuple(totals.values())


def _kinds(layers: Sequence[Layer]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    kinds = tuple(dict.fromkeys(layer.kind for layer in layers))
    return kinds, np.repeat([kinds.index(layer.kind) for layer in layers], [layer.size for layer in layers])


def _energy(costs: CostClasses | NDArray[np.float64], items: NDArray[np.intp]) -> Fraction:
    if not isinstance(costs, CostClasses):
        return exact_sum(costs[items])
    counts = np.bincount(np.asarray(costs.labels)[items], minlength=len(costs.values)).tolist()
    return sum((n * as_fraction(c, "cost") for n, c in zip(counts, costs.values, strict=True)), Fraction(0))
