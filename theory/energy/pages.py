"""Energy by page, every number with its source: flash and EEPROM written by page, radios that send by frame (D22).

    cost(M) = |M| * (bits per coordinate * joules per bit) + (pages touched) * (joules per page)

The split of a write between its page and its bytes is this project's reading: sources give joules per byte of whole
pages written and erased, so all of it is the page's. A frame is a page only where coordinates are assigned to frames
beforehand, not where whatever is kept is packed.
"""

from __future__ import annotations

from dataclasses import dataclass

from theory.arithmetic.exact import as_whole
from theory.energy.models import BLE, Energy, Source
from theory.errors import InputError
from theory.pages import PageCosts

_MATHUR = (
    "write and erase: Mathur, Desnoyers, Ganesan & Shenoy, 'Ultra-low power data storage for sensor networks', IPSN "
    "2006; read second-hand"
)
NOR_TELOSB = Energy("39e-9", Source(f"serial NOR of TelosB, 39 nJ per bit, {_MATHUR}"))
NOR_MICA2 = Energy("833e-9", Source(f"serial NOR of Mica2, 833 nJ per bit, {_MATHUR}"))
NAND = Energy("1.6e-9", Source(f"parallel NAND, 1.6 nJ per bit, {_MATHUR}"))
MSP430_FLASH = Energy("64e-9", Source("MSP430 embedded flash, 64 nJ per bit at 3 V: Texas Instruments' figures"))


@dataclass(frozen=True)
class PageModel:
    """A memory that is written by page, behind a radio.

    Attributes:
        name, summary: what it stands for. memory: joules per bit of a page written whole. page_bytes: of a page.
        radio: joules per bit sent. bits: sent per coordinate, index included. frame_bytes: of overhead per frame.
    """

    name: str
    summary: str
    memory: Energy
    page_bytes: int
    radio: Energy
    bits: int = 49
    frame_bytes: int = 0

    def costs(self, word_bits: int = 32) -> PageCosts:
        """Costs of coordinates of ``word_bits`` each, in pages of as many as fit.

        Raises:
            InputError: a word larger than a page, or of no whole number of bits.
        """
        per_page = 8 * self.page_bytes // as_whole(word_bits, "word_bits")
        if not per_page:
            raise InputError(f"a page of {self.page_bytes} bytes holds no word of {word_bits} bits")
        item = self.bits * self.radio.exact
        page = 8 * self.page_bytes * self.memory.exact + 8 * self.frame_bytes * self.radio.exact
        return PageCosts(per_page, item, page)


_FREE = Energy("0", Source("no memory energy: the radio alone"))

_TABLE = (
    PageModel("nor-program", "serial NOR programmed by 256 bytes, erase shared, BLE radio", NOR_TELOSB, 256, BLE),
    PageModel("nor-erase", "serial NOR rewritten by erase sectors of 4 KB, BLE radio", NOR_TELOSB, 4096, BLE),
    PageModel("nor-mica2", "the dearer serial NOR of Mica2 by 256 bytes, BLE radio", NOR_MICA2, 256, BLE),
    PageModel("embedded-flash", "a microcontroller's flash by segments of 512 bytes, BLE", MSP430_FLASH, 512, BLE),
    PageModel("nand", "parallel NAND by 512-byte pages, BLE radio", NAND, 512, BLE),
    PageModel(
        "ble-frames", "BLE alone, 244 bytes a frame, 17 bytes of overhead: preamble, address, headers, MIC, CRC", _FREE,
        244, BLE, frame_bytes=17,
    ),
)  # fmt: skip

PAGE_MODELS: dict[str, PageModel] = {model.name: model for model in _TABLE}
