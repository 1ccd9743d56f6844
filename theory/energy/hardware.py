"""Memories that an update is written to, and what that makes of a coordinate's cost behind a radio.

A kept coordinate is sent and then written where its tensor lives. Costs differ inside one model as far as one of these
memories stands out against radio and SRAM: by 1.0002 for DRAM behind Bluetooth Low Energy, by 27 for an old serial NOR
flash. Where they hardly differ no selector can save anything (claim D19): :func:`placements` says which is which before
any update is seen.

Flash is programmed by page and erased by sector. The figures per bit are those of whole blocks, written in full: a few
coordinates scattered over many pages cost more than they say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from theory.energy.models import BLE, DRAM, LTE, SRAM, WIFI, BreakEven, CostModel, Energy, Source, break_even
from theory.layers import KINDS, Layer


@dataclass(frozen=True)
class Memory:
    """A memory that tensors may live in.

    Attributes:
        name: as tables show it. write: joules per bit written, erasing included.
        block: bytes that are written or erased at once where that is more than a word; 0 where it is not.
    """

    name: str
    write: Energy
    block: int = 0


@dataclass(frozen=True)
class Placement:
    """Some kinds of layers in one memory and the others in SRAM, behind one radio.

    Attributes:
        radio, memory: their names. where: the kinds that live in the memory. model: the energy model.
        ratio: dearest over cheapest coordinate.
    """

    radio: str
    memory: Memory
    where: tuple[str, ...]
    model: CostModel
    ratio: Fraction

    @property
    def ceiling(self) -> Fraction:
        """What any selector saves at most at Top-K's score, whatever the update: ``1 - 1/ratio`` (claim D19)."""
        return BreakEven(self.ratio, Fraction(1), Fraction(0), Fraction(0)).ceiling


_MATHUR = (
    "Mathur, Desnoyers, Ganesan & Shenoy, 'Ultra-low power data storage for sensor networks', IPSN 2006, energy per "
    "byte as the authors' poster tabulates it"
)
_MATHUR_LINK = "https://doi.org/10.1145/1127777.1127833"
_TI = "MSP-EXP430FR5739 user's guide (SLAU343), 2.2.3: 12.8 kB/s at 3 V"
_TI_LINK = "https://www.ti.com/lit/ug/slau343b/slau343b.pdf"
_TABLES = "at second hand, the source not seen: "

MEMORIES = (
    Memory("RRAM or STT-MRAM cell", Energy("1e-12", Source(f"{_TABLES}1 pJ, NVMExplorer's cell configurations"))),
    Memory("LPDDR4", Energy("8e-12", Source(f"{_TABLES}8 pJ, CACTI-based component tables"))),
    Memory("DRAM, 45 nm", DRAM),
    Memory("embedded MRAM", Energy("25e-12", Source(f"{_TABLES}25 pJ, IEDM 2022"))),
    Memory("FRAM (MSP430FR5739)", Energy("0.293e-9", Source(f"below 10 uA, {_TI}", _TI_LINK))),
    Memory(
        "parallel NAND",
        Energy("1.625e-9", Source(f"write 0.009 and erase 0.004 uJ a byte: {_MATHUR}", _MATHUR_LINK)),
        block=512,
    ),
    Memory(
        "serial NOR (TelosB)",
        Energy("39e-9", Source(f"write 0.127 and erase 0.185 uJ a byte: {_MATHUR}", _MATHUR_LINK)),
        block=256,
    ),
    Memory(
        "embedded flash (MSP430F2274)",
        Energy("64.45e-9", Source(f"2.2 mA, {_TI}, as against FRAM", _TI_LINK)),
        block=512,
    ),
    Memory(
        "serial NOR (Mica2)",
        Energy("832.5e-9", Source(f"write 4.3 and erase 2.36 uJ a byte: {_MATHUR}", _MATHUR_LINK)),
        block=264,
    ),
)

RADIOS = {"Bluetooth Low Energy": BLE, "WiFi b/g": WIFI, "LTE uplink": LTE}

LARGE, SMALL = ("fc", "embedding"), tuple(kind for kind in KINDS if kind not in ("fc", "embedding", "unknown"))


def placed(radio: str, memory: Memory, where: Sequence[str] = LARGE) -> CostModel:
    """The energy model with the kinds ``where`` in ``memory`` and all others in SRAM.

    Args:
        radio: a key of :data:`RADIOS`.
    """
    levels = {kind: memory.write if kind in where else SRAM for kind in KINDS if kind != "unknown"}
    summary = f"{radio}; {', '.join(where)} in {memory.name}, the rest in SRAM"
    return CostModel(f"{radio}, {memory.name}", summary, RADIOS[radio], levels)


def placements(layers: Sequence[Layer], where: Sequence[str] = LARGE) -> list[Placement]:
    """Every memory behind every radio, for the layers of one update: the cost ratio, and the ceiling it sets.

    Raises:
        InputError: layers whose kind has no memory (a layers file tells).
    """
    found = []
    for radio in RADIOS:
        for memory in MEMORIES:
            model = placed(radio, memory, where)
            found.append(Placement(radio, memory, tuple(where), model, break_even(model, layers).ratio))
    return found
