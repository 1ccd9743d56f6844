"""Memories behind radios: joules from what the sources print, the page's figures, and what an update saves there."""

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from theory.energy.hardware import LARGE, MEMORIES, RADIOS, SMALL, placed, placements
from theory.errors import InputError
from theory.laws.where_it_pays import prospects
from theory.layers import Layer, plain_vector

PAGE = (Path(__file__).parents[3] / "docs" / "hardware.md").read_text(encoding="utf-8")
LAYERS = (Layer("conv.weight", (24874,), "conv"), Layer("fc.weight", (98304,), "fc"))  # 123,178 coordinates, 17 bits
BY_NAME = {memory.name: memory for memory in MEMORIES}
SMALLER = (Layer("conv.weight", (4000,), "conv"), Layer("fc.weight", (6000,), "fc"))


def test_joules_recomputed_from_the_sources():
    """Microjoules a byte, written and erased; and microamperes at 3 V over bits a second."""
    per_byte = {"parallel NAND": (9, 4), "serial NOR (TelosB)": (127, 185), "serial NOR (Mica2)": (4300, 2360)}
    for name, (write, erase) in per_byte.items():
        assert BY_NAME[name].write.exact == Fraction(write + erase, 8 * 10**9)
    bits = 12_800 * 8
    assert float(BY_NAME["embedded flash (MSP430F2274)"].write.exact) == pytest.approx(2.2e-3 * 3 / bits, rel=1e-3)
    assert float(BY_NAME["FRAM (MSP430FR5739)"].write.exact) == pytest.approx(10e-6 * 3 / bits, rel=1e-3)
    joules = [memory.write.exact for memory in MEMORIES]
    assert joules == sorted(joules)
    assert all(memory.write.source.text for memory in MEMORIES)


def test_the_ratio_is_radio_and_memory_against_radio_and_sram():
    for placement in placements(LAYERS):
        radio = 49 * RADIOS[placement.radio].exact
        sram, memory = Fraction(5, 10**12), 32 * placement.memory.write.exact
        assert placement.ratio == (radio + memory) / (radio + sram)
        assert placement.ceiling == 1 - 1 / placement.ratio
    swapped = {(p.radio, p.memory.name): p.ratio for p in placements(LAYERS, SMALL)}
    assert swapped == {(p.radio, p.memory.name): p.ratio for p in placements(LAYERS, LARGE)}
    with pytest.raises(InputError, match="needs the kind of every layer"):
        placements(plain_vector(10))


def test_the_page_prints_these_ratios_ceilings_and_joules():
    found = {(p.radio, p.memory.name): p for p in placements(LAYERS)}
    rows = re.findall(r"^\| ([\w /]+) \| ([^|]+) \| ([\d.]+) \| ([\d.]+) % \|", PAGE, flags=re.M)
    assert len(rows) == 21
    for radio, memory, ratio, ceiling in rows:
        placement = found[radio, memory]
        shown = len(ratio.replace(".", "").lstrip("0")) if "." in ratio else len(ratio)
        assert float(f"{float(placement.ratio):.{shown}g}") == float(ratio), (radio, memory)
        assert float(f"{100 * float(placement.ceiling):.2g}") == float(ceiling), (radio, memory)
    left = [p.ceiling for (radio, name), p in found.items() if (radio, name) not in {row[:2] for row in rows}]
    assert max(left) < Fraction(25, 10_000)
    units = {"pJ": 10**12, "nJ": 10**9}
    for name, joules, unit in re.findall(r"^\| ([^|]+) \| ([\d.]+) ([pn]J)", PAGE, flags=re.M):
        if name in BY_NAME:
            assert BY_NAME[name].write.exact == Fraction(joules) / units[unit]
            units[name] = 1
    assert set(BY_NAME) <= set(units)


def test_what_an_update_saves_is_under_both_ceilings():
    rng = np.random.default_rng(0)
    update = np.r_[rng.standard_t(3, 4000), 0.3 * rng.laplace(size=6000)]
    found = {(p.radio, p.memory.name): (p, at) for p, at in prospects(update, SMALLER, betas=(0.05,))}
    for placement, (at,) in found.values():
        assert -1e-9 <= at.exact <= at.ceiling <= float(placement.ceiling)
    _, (dear,) = found["Bluetooth Low Energy", "serial NOR (Mica2)"]
    assert dear.exact > 0.1
    assert dear.predicted == pytest.approx(dear.exact, rel=0.2)
    _, (alike,) = found["LTE uplink", "LPDDR4"]
    assert alike.ceiling < 1e-4


def test_kinds_live_where_they_are_put():
    memory = BY_NAME["serial NOR (Mica2)"]
    parts = placed("WiFi b/g", memory, ("conv",)).parts(LAYERS)
    assert parts["conv"].memory == 32 * memory.write.exact
    assert parts["fc"].memory == Fraction(5, 10**12)
