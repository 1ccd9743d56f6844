"""Energy models: from the kinds of an update's layers to joules per coordinate, every number with its source.

    c_i = (value bits + index bits) * radio energy per bit + word bits * write energy per bit of i's memory

The first term is the same for every coordinate of an update, the second one depends on the memory level the
coordinate lives in. So costs differ only as far as memory energy stands out against radio energy: a phone's
radio spends 10^4 to 10^6 times what a DRAM write does and the cost ratio tends to 1. With equal costs CWMP *is*
Top-K (claim D7); with nearly equal ones it need not keep the same coordinates, but no selector saves more than
the share by which dearest and cheapest differ (:attr:`BreakEven.ceiling`). :func:`break_even` says from which
radio on that is little; on the physical models below it happens far below any radio, so a saving must come from
the memory side (``memory-only``), or from links that differ.

What is left out, in every model: protocol headers, retransmissions, radio tail energy, the server's side, and
the arithmetic of training, which does not depend on what is kept.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import Real, as_fraction
from theory.errors import InputError
from theory.instance import CostClasses
from theory.layers import KINDS, Layer, layer_classes

Index = Literal["explicit", "bitmap", "none"]


@dataclass(frozen=True)
class Source:
    """Where a number comes from: what was measured there, and a link."""

    text: str
    link: str = ""


@dataclass(frozen=True)
class Energy:
    """Joules per bit, as the exact decimal ``per_bit`` written in ``source``."""

    per_bit: str
    source: Source

    @property
    def exact(self) -> Fraction:
        """The decimal as a rational."""
        return as_fraction(self.per_bit, "energy per bit")


@dataclass(frozen=True)
class Parts:
    """Joules to send one coordinate (``radio``) and to write it (``memory``), exact."""

    radio: Fraction
    memory: Fraction

    @property
    def total(self) -> Fraction:
        """Joules per kept coordinate, ``c_i``."""
        return self.radio + self.memory


def index_bits(index: Index, d: int, kept: int) -> int:
    """Bits that say *which* ``kept`` of ``d`` coordinates are sent.

    ``explicit`` (COO) spends ``ceil(log2 d)`` bits per kept coordinate; ``bitmap`` spends ``d`` bits once, whatever
    is kept (and nothing when nothing is sent); ``none`` spends none, which is honest only when the receiver knows
    the support already or the update is sent dense. The bitmap is the shorter one above a density of
    ``1/ceil(log2 d)``; sending densely with ``v`` bits a value beats explicit indices above ``v/(v + ceil(log2 d))``.
    """
    if index == "explicit":
        return kept * (d - 1).bit_length()
    return d if index == "bitmap" and kept else 0


@dataclass(frozen=True)
class CostModel:
    """A named energy model.

    Attributes:
        name, summary: what it stands for.
        radio: transmission energy per bit.
        memory: write energy per bit, by layer kind.
        rest: the same for every kind not in ``memory``; None refuses such kinds.
        value_bits: bits sent per value. word_bits: bits written per value.
        index: how the support is coded, see :func:`index_bits`. Explicit indices are part of every coordinate's
            cost. A bitmap costs the same whatever is kept, so it is no coordinate's cost: it is a fixed
            :meth:`overhead` that comes off the budget first (:meth:`spendable`).
        relative: True when the numbers are ratios, not measurements: "joules" are then units of the cheapest
            coordinate, and so is the budget.

    Raises:
        InputError: for energies that are not decimals ``>= 0`` (radio) or ``> 0`` (memory), for bit counts below 1 and
            an unknown index coding.
    """

    name: str
    summary: str
    radio: Energy
    memory: Mapping[str, Energy] = field(default_factory=dict)
    rest: Energy | None = None
    value_bits: int = 32
    word_bits: int = 32
    index: Index = "explicit"
    relative: bool = False

    def __post_init__(self) -> None:
        levels = [*self.memory.values(), *([self.rest] if self.rest else [])]
        if self.radio.exact < 0 or any(level.exact <= 0 for level in levels):
            raise InputError(f"energy model {self.name!r}: radio energy must be >= 0, memory energies > 0")
        if min(self.value_bits, self.word_bits) < 1:
            raise InputError(f"energy model {self.name!r}: value_bits and word_bits must be at least 1")
        if self.index not in get_args(Index):
            raise InputError(f"index must be one of {', '.join(get_args(Index))}, got {self.index!r}")

    def fields(self) -> dict[str, Any]:
        """The model as plain data, every number beside its source."""
        kinds: dict[Energy, list[str]] = {}
        for kind, energy in {**self.memory, **({"rest": self.rest} if self.rest else {})}.items():
            kinds.setdefault(energy, []).append(kind)
        parts = {"radio": self.radio, **{", ".join(names): energy for energy, names in kinds.items()}}
        return {
            "name": self.name,
            "summary": self.summary,
            "relative": self.relative,
            "value_bits": self.value_bits,
            "word_bits": self.word_bits,
            "index": self.index,
            "joules_per_bit": {
                part: {"joules": energy.per_bit, "source": energy.source.text, "link": energy.source.link}
                for part, energy in parts.items()
            },
        }

    def bits(self, d: int) -> int:
        """Bits sent per kept coordinate of an update of ``d`` coordinates."""
        return self.value_bits + (index_bits("explicit", d, 1) if self.index == "explicit" else 0)

    def parts(self, layers: Sequence[Layer]) -> dict[str, Parts]:
        """Radio and memory joules per kept coordinate, for each kind among ``layers``, in order of appearance.

        Raises:
            InputError: when a kind has no memory level in this model, naming it.
        """
        radio = self.bits(_size(layers)) * self.radio.exact
        return {layer.kind: Parts(radio, self.word_bits * self._level(layer.kind).exact) for layer in layers}

    def costs(self, layers: Sequence[Layer]) -> CostClasses:
        """Joules per coordinate of the flat vector that ``layers`` make up: exact, one class per distinct cost.

        Raises:
            InputError: as :meth:`parts`.
        """
        parts = self.parts(layers)
        return layer_classes(layers, [parts[layer.kind].total for layer in layers])

    def overhead(self, layers: Sequence[Layer]) -> Fraction:
        """Joules that any non-empty selection pays on top of its coordinates: the bitmap, if there is one."""
        return index_bits("bitmap", _size(layers), 1) * self.radio.exact if self.index == "bitmap" else Fraction(0)

    def spendable(self, budget: Real, layers: Sequence[Layer]) -> Fraction:
        """What a budget in joules leaves for coordinates, ``max(0, B - overhead)``: sending nothing costs nothing."""
        return max(Fraction(0), as_fraction(budget, "budget") - self.overhead(layers))

    def _level(self, kind: str) -> Energy:
        if kind == "unknown" and self.memory:
            raise InputError(f"energy model {self.name!r} needs the kind of every layer; give a layers file")
        level = self.memory.get(kind, self.rest)
        if level is None:
            raise InputError(f"energy model {self.name!r} has no layer kind {kind!r}; it has {', '.join(self.memory)}")
        return level


@dataclass(frozen=True)
class BreakEven:
    """Where the radio makes costs nearly equal.

    Attributes:
        ratio: dearest over cheapest coordinate, in the model as it is.
        target: the ratio asked about.
        radio: joules per bit from which on dearest/cheapest is at most ``target`` (0: it always is).
        model_radio: the model's own joules per bit, for comparison.
    """

    ratio: Fraction
    target: Fraction
    radio: Fraction
    model_radio: Fraction

    @property
    def ceiling(self) -> Fraction:
        """The share of Top-K's energy that *any* selector saves at most while it retains as much: ``1 - 1/ratio``.

        Top-K's k coordinates are the largest, so whatever retains as much has k at least, and costs ``k c_min`` at
        least where Top-K costs ``k c_max`` at most.
        """
        return 1 - 1 / self.ratio


def break_even(model: CostModel, layers: Sequence[Layer], target: Real = "1.1") -> BreakEven:
    """The radio energy per bit at which the spread of costs has shrunk to ``target``.

    With ``b`` bits sent per coordinate and memory energies between ``m`` and ``M``, ``(b r + M)/(b r + m) = target``
    at ``r = (M - target m) / (b (target - 1))``.

    Raises:
        InputError: unless ``target > 1``; as :meth:`CostModel.parts`.
    """
    goal = as_fraction(target, "target")
    if goal <= 1:
        raise InputError(f"target must be a cost ratio > 1, got {target}")
    parts = model.parts(layers).values()
    low, high = min(p.memory for p in parts), max(p.memory for p in parts)
    radio = (high - goal * low) / (model.bits(_size(layers)) * (goal - 1))
    ratio = max(p.total for p in parts) / min(p.total for p in parts)
    return BreakEven(ratio, goal, max(Fraction(0), radio), model.radio.exact)


def radio_remark(model: CostModel, layers: Sequence[Layer]) -> str:
    """How the radio's share of a coordinate stands to the dearest memory write; empty without a radio."""
    parts = model.parts(layers).values()
    radio, memory = max(p.radio for p in parts), max(p.memory for p in parts)
    times = float(f"{float(radio / memory):.3g}")
    return f"the radio is {times:,g} times the dearest memory write" if radio else ""


def coefficient_of_variation(costs: CostClasses | NDArray) -> float:
    """``CV = sqrt(Var c)/E c`` over the coordinates: what the advantage and saving laws depend on (0: equal costs).

    Args:
        costs: classes (computed exactly, rounded once) or a positive array of shape (d,).
    """
    if not isinstance(costs, CostClasses):
        scaled = np.asarray(costs, dtype=np.float64) / float(np.max(costs))
        return float(np.std(scaled) / np.mean(scaled))
    counts = [int(n) for n in np.bincount(np.asarray(costs.labels).astype(np.intp), minlength=len(costs.values))]
    values = [as_fraction(value, "class cost") for value in costs.values]
    d = sum(counts)
    mean = sum((n * c for n, c in zip(counts, values, strict=True)), Fraction(0)) / d
    square = sum((n * c * c for n, c in zip(counts, values, strict=True)), Fraction(0)) / d
    return math.sqrt(square / mean**2 - 1)


def cost_model(name: str) -> CostModel:
    """The energy model called ``name``.

    Raises:
        InputError: when there is none; the message lists those there are.
    """
    if name not in MODELS:
        raise InputError(f"no energy model {name!r}; the models are {', '.join(MODELS)}")
    return MODELS[name]


def _size(layers: Sequence[Layer]) -> int:
    return sum(layer.size for layer in layers)


# The numbers. Memory: energy of one 32-bit access, divided by 32; tables give one figure for an access, and a
# write is charged as an access.

_HOROWITZ = "M. Horowitz, 'Computing's energy problem (and what we can do about it)', ISSCC 2014, 45 nm, 0.9 V"

SRAM = Energy(
    "0.15625e-12",
    Source(f"5 pJ per 32 bits from an 8 kB SRAM: {_HOROWITZ}", "https://pmc.ncbi.nlm.nih.gov/articles/PMC8934428/"),
)
DRAM = Energy(
    "20e-12",
    Source(
        f"640 pJ per 32 bits, the low end of 1.3 to 2.6 nJ per 64 bits: {_HOROWITZ}; as tabulated for 32 bits in "
        "Han et al., 'EIE', ISCA 2016, table 1",
        "https://doi.org/10.1109/ISSCC.2014.6757323",
    ),
)
_NO_RADIO = Energy("0", Source("no transmission energy: the memory side alone"))
_AALBORG = (
    "whole phone (Nokia N95), 500 kB download, E/bit = A + B (rate - C) with rates in kbit/s: Aalborg University, "
    "Energy measurements on mobile phones"
)
_AALBORG_LINK = (
    "http://mobiledevices.kom.aau.dk/research/energy_measurements_on_mobile_phones/results/data_communication/"
    "data_download_for_different_technologies/"
)
BLE = Energy(
    "21.3e-9",
    Source(
        "7.1 mA at 3 V, sending at 0 dBm and 1 Mbit/s; on-air bits, no headers: nRF52832 product specification 1.1, "
        "IRADIO_TX0",
        "https://infocenter.nordicsemi.com/topic/com.nordic.infocenter.nrf52832.ps.v1.1/pmu.html",
    ),
)
WIFI = Energy(
    "0.28051e-6",
    Source(f"802.11b/g at 5 Mbit/s, 6.45e-7 - 1.27e-10 (5000 - 2130) J/bit; {_AALBORG}", _AALBORG_LINK),
)
LTE = Energy(
    "0.43839e-6",
    Source(
        "438.39 mW per Mbit/s of uplink, marginal (base and tail power left out): Huang et al., 'A Close Examination "
        "of Performance and Power Characteristics of 4G LTE Networks', MobiSys 2012, table 4",
        "https://doi.org/10.1145/2307636.2307658",
    ),
)
HSDPA = Energy(
    "4.81821e-6",
    Source(f"HSDPA at 1 Mbit/s, 1.13e-5 - 7.21e-9 (1000 - 101) J/bit; {_AALBORG}", _AALBORG_LINK),
)

# Large tables of weights live off chip, everything else on chip: the paper's "memory-intensive versus
# compute-efficient" layers.
_OFF_CHIP = ("fc", "embedding")
_LEVELS = {kind: DRAM if kind in _OFF_CHIP else SRAM for kind in KINDS if kind != "unknown"}

_TOY = Source("a ratio chosen to be seen, not a measurement")
_UNIT, _TENFOLD = Energy("1", _TOY), Energy("10", _TOY)


def _toy(name: str, summary: str, memory: Mapping[str, Energy], rest: Energy) -> CostModel:
    return CostModel(name, summary, _NO_RADIO, memory, rest, word_bits=1, index="none", relative=True)


def _link(name: str, radio: Energy, what: str) -> CostModel:
    return CostModel(name, f"{what}; fc and embedding weights in DRAM, the rest in SRAM", radio, _LEVELS)


_TABLE = (
    _toy("uniform", "every coordinate costs 1: CWMP is Top-K", {}, _UNIT),
    _toy("fc-dear", "fc and embedding 10, the rest 1", dict.fromkeys(_OFF_CHIP, _TENFOLD), _UNIT),
    _toy(
        "conv-dear", "fc and embedding 1, the rest 10: the negative control", dict.fromkeys(_OFF_CHIP, _UNIT), _TENFOLD
    ),
    _link("memory-only", _NO_RADIO, "no radio"),
    _link("ble-dram", BLE, "Bluetooth Low Energy"),
    _link("wifi-dram", WIFI, "WiFi b/g"),
    _link("lte-dram", LTE, "LTE uplink"),
    _link("hsdpa-dram", HSDPA, "HSDPA"),
)

MODELS: dict[str, CostModel] = {model.name: model for model in _TABLE}
