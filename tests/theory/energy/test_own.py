"""Energy models of one's own: changed by a text, or in a TOML file; joules with units; what is refused."""

import re
from fractions import Fraction

import numpy as np
import pytest

from theory.energy.costs import costs_of
from theory.energy.models import MODELS, break_even
from theory.energy.own import energy_per_bit, model_of, template
from theory.errors import InputError
from theory.layers import named_layers

LAYERS = named_layers([("conv.weight", (4, 3, 5, 5)), ("fc.weight", (10, 10))])


OTHER = """
name = "b"
value_bits = 16
word_bits = 8
index = "none"
[radio]
energy = "1nJ/bit"
source = "a"
[memory.rest]
energy = "2nJ/byte"
source = "b"
[memory.fc]
energy = "8nJ/byte"
source = "c"
"""


def values(cost):
    """Joules of a convolution's coordinate and of a dense layer's, exact."""
    classes = costs_of(cost, LAYERS).values
    return tuple(Fraction(classes.values[int(np.asarray(classes.labels)[place])]) for place in (0, -1))


@pytest.mark.parametrize(
    ("text", "exact"),
    [("50nJ/bit", "5e-8"), ("0.4uJ/byte", "5e-8"), ("0.4 µJ / B", "5e-8"), ("5e-8", "5e-8"), ("3J/bit", "3"), (0, "0"),
     ("2pJ/byte", "0.25e-12"),
     ("0.1234567890123456789012345678901234567nJ/bit", "0.1234567890123456789012345678901234567e-9")],
)  # fmt: skip
def test_an_energy_is_exactly_what_is_written(text, exact):
    assert Fraction(energy_per_bit(text, "radio")) == Fraction(exact)


@pytest.mark.parametrize("digits", [30, 300])
def test_an_energy_is_exact_however_long(digits):
    text = "1" + "3" * (digits - 2) + "7"
    for unit, exponent, parts in (("nJ/bit", 9, 1), ("µJ/byte", 6, 8), ("mJ/B", 3, 8), ("pJ/bit", 12, 1)):
        found = energy_per_bit(f"0.{text}{unit}", "radio")
        assert Fraction(found) * parts == Fraction(int(text), 10 ** (digits + exponent))
    with pytest.raises(InputError, match="joules per bit or byte"):
        energy_per_bit("0." + "3" * 301, "radio")
    assert Fraction(energy_per_bit("1e-400", "radio")) == Fraction(1, 10**400)
    assert energy_per_bit(2, "radio") == "2"


@pytest.mark.parametrize("text", ["50nJ", "-5nJ/bit", "50kJ/bit", "nJ/bit", "", "1/3", None, True, [], "1e9999"])
def test_what_is_no_energy_per_bit_is_refused(text):
    with pytest.raises(InputError, match="joules per bit or byte"):
        energy_per_bit(text, "radio")


def test_what_is_refused_is_said_in_its_first_eighty_characters():
    with pytest.raises(InputError) as found:
        energy_per_bit("x" * 100, "radio")
    assert str(found.value).startswith(f"radio = {'x' * 80!r} must be joules per bit or byte")
    with pytest.raises(InputError) as found:
        model_of(f"ble-dram,{'y' * 100}")
    assert str(found.value).startswith(f"change {'y' * 80!r} of ble-dram must be radio, ")


def test_what_names_no_model_of_ones_own():
    assert model_of("3") is None
    assert model_of("ble-dramm,radio=1") is None
    assert model_of("ble-dram") is MODELS["ble-dram"]


def test_all_other_kinds_may_be_changed_at_once():
    """The radio stays as it was, and what has a number of its own keeps it."""
    was, changed = MODELS["ble-dram"], model_of("ble-dram,rest=7pJ/bit,other=1pJ/bit")
    assert (changed.radio, changed.memory["fc"]) == (was.radio, was.memory["fc"])
    assert (changed.rest.exact, changed.memory["other"].exact) == (Fraction(7, 10**12), Fraction(1, 10**12))
    assert changed.rest.source.text == "given as rest=7pJ/bit"
    assert changed.name == "ble-dram,rest=7pJ/bit,other=1pJ/bit"


def test_a_changed_model_has_the_numbers_that_were_given_and_the_others_as_before():
    """c = (32 + 9) bits of radio + 32 bits of memory; 400 coordinates take 9 bits to index."""
    memory = [MODELS["ble-dram"].memory[kind].exact for kind in ("conv", "fc")]
    assert values("ble-dram,radio=50nJ/bit") == tuple(41 * Fraction(5, 10**8) + 32 * m for m in memory)
    assert values("ble-dram,radio=0,fc=3pJ/bit") == (32 * memory[0], 32 * Fraction(3, 10**12))
    said = model_of("ble-dram,radio=50nJ/bit").fields()["joules_per_bit"]["radio"]
    assert said["source"] == "given as radio=50nJ/bit"
    assert values("ble-dram") == tuple(41 * MODELS["ble-dram"].radio.exact + 32 * m for m in memory)


def test_joules_have_units_where_budgets_have_them():
    assert values("fc=640pJ,rest=5pJ") == (Fraction(5, 10**12), Fraction(640, 10**12))
    assert values({"fc": "0.64nJ", "rest": "5pJ"}) == (Fraction(5, 10**12), Fraction(640, 10**12))
    assert costs_of("3mJ", LAYERS).values == Fraction(3, 1000)
    assert values("fc=10,rest=1") == (Fraction(1), Fraction(10))


@pytest.mark.parametrize(
    ("cost", "says"),
    [("fc=3kJ,rest=1", "no unit 'kJ'"), ("fc=0pJ,rest=1", "must be > 0"), ("3kJ", "no unit"),
     ("ble-dram,radio", "must be radio, "), ("ble-dram,radio=50nJ", "50nJ/bit"), ("ble-dram,tpu=1", "must be radio, "),
     ("ble-dram,radio=1nJ/bit,radio=2nJ/bit", "given twice"), ("fc-dear,fc=3pJ/bit", "are ratios"),
     ("ble-dram,fc=0", "memory energies > 0"), ("ble-dramm,radio=1", "must be a kind")],
)  # fmt: skip
def test_what_is_no_cost_is_refused_in_one_line(cost, says):
    with pytest.raises(InputError) as found:
        costs_of(cost, LAYERS)
    assert says in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("cost", "says"),
    [("fc=10nJ,rest=1", "cost of 'rest' = 1 has no unit beside others that have: write 1J or 1nJ"),
     ("fc=10, rest=1 J", "cost of 'fc' = 10 has no unit beside others that have: write 10J"),
     ("conv=2,fc=1e-9,rest=3pJ", "cost of 'conv' = 2 has no unit beside others that have: write 2J or 2pJ"),
     ({"fc": "10nJ", "rest": "1"}, "cost of 'rest' = 1 has no unit beside others that have: write 1J or 1nJ"),
     ("ble-dram,radio=50", "radio=50 of ble-dram has no unit: write 50nJ/bit or 50J/bit"),
     ("ble-dram,radio=50nJ/bit,fc=5e-8", "fc=5e-8 of ble-dram has no unit: write 5e-8nJ/bit or 5e-8J/bit")],
)  # fmt: skip
def test_a_number_without_its_unit_beside_others_is_refused(cost, says):
    with pytest.raises(InputError) as found:
        costs_of(cost, LAYERS)
    assert str(found.value) == says


def test_zero_needs_no_unit_and_joules_are_one():
    assert values("ble-dram,radio=0.0,fc=3pJ/bit") == values("ble-dram,radio=0J/bit,fc=3pJ/bit")
    assert values("fc=10nJ,rest=1J") == (Fraction(1), Fraction(1, 10**8))
    assert values("ble-dram,radio=50J/bit")[0] > 41 * 50


def test_the_template_is_the_model_that_it_says(tmp_path):
    path = tmp_path / "board.toml"
    path.write_text(template(), encoding="utf-8")
    assert values(str(path)) == values("ble-dram")
    found, was = model_of(str(path)), MODELS["ble-dram"]
    assert (found.rest.exact, found.memory["fc"].exact) == (was.memory["conv"].exact, was.memory["fc"].exact)
    for name, part in found.fields()["joules_per_bit"].items():
        assert part["source"], name


def test_a_file_with_other_numbers(tmp_path):
    path = tmp_path / "board.toml"
    path.write_text(OTHER)
    assert values(str(path)) == (Fraction(16 + 2, 10**9), Fraction(16 + 8, 10**9))


def test_values_and_words_have_32_bits_unless_something_else_is_said(tmp_path):
    path = tmp_path / "board.toml"
    path.write_text(re.sub(r"(value|word)_bits = \d+\n", "", OTHER))
    assert values(str(path)) == (Fraction(32 + 8, 10**9), Fraction(32 + 32, 10**9))


def test_a_file_is_read_up_to_a_mebibyte(tmp_path):
    path = tmp_path / "board.toml"
    path.write_bytes(OTHER.encode() + b"#" * ((1 << 20) - len(OTHER.encode())))
    assert model_of(str(path)).name == "b"
    path.write_bytes(path.read_bytes() + b"#")
    with pytest.raises(InputError, match=r"board\.toml is too long for an energy model"):
        model_of(str(path))


@pytest.mark.parametrize("text", [b"\xff", b"a = " + b"[" * 5000, b"=", b"[a]\n[a]"])
def test_what_is_no_toml_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "board.toml"
    path.write_bytes(text)
    with pytest.raises(InputError, match=r"board\.toml is no TOML: .") as found:
        model_of(str(path))
    assert "\n" not in str(found.value)
    path.write_text(f"[{'x' * 200}]\n[{'x' * 200}]")
    with pytest.raises(InputError) as found:
        model_of(str(path))
    said = f"Cannot declare ('{'x' * 200}"
    assert str(found.value) == f"{path} is no TOML: {said[:120]}"


def refused(folder, text, says):
    """A file of this text, in one line."""
    path = folder / "board.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as found:
        model_of(str(path))
    assert says in str(found.value)
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [("zoom = 1\nindexx = 2\nname = 'a'", "no field 'indexx'; there are index, memory, name, radio"),
     ("name = 'a'", "needs a table [memory.KIND]"), ("name = 'a'\nmemory = 3", "needs a table [memory.KIND]"),
     ("name = 'a'\n[memory]", "needs a table [memory.KIND]"),
     (OTHER + "[memory.zoo]\n[memory.attic]", "no kind of layer is called 'attic'; there are conv, fc, "),
     (OTHER + "[memory.unknown]", "no kind of layer is called 'unknown'"),
     (OTHER + "zoom = 1\nhue = 2", "memory.fc: no field 'hue'; there are energy, source and link"),
     (OTHER.replace('"1nJ/bit"', "[]"), "radio = '[]' must be joules per bit"),
     (OTHER.replace('energy = "1nJ/bit"', ""), "radio must be a table with energy"),
     (re.sub(r'(?s)\[radio\].*?"a"', "", "radio = 3\n" + OTHER), "radio must be a table with energy"),
     (OTHER.replace('"a"', '" "'), "radio: the source of its number is missing"),
     (OTHER.replace('"a"', "3"), "radio: the source of its number is missing"),
     (OTHER.replace('"b"', '" "', 1), "name must be a text"),
     (OTHER.replace('"b"', '"a\\n"', 1), "name must be a text"),
     (OTHER.replace("value_bits = 16", "value_bits = true"), "value_bits must be a whole number of bits")],
)  # fmt: skip
def test_what_a_file_says_wrong_is_named_the_first_of_several(tmp_path, text, says):
    refused(tmp_path, text, says)


@pytest.mark.parametrize(
    ("pattern", "by", "says"),
    [(r"\[radio\]", "[radioo]", "no field 'radioo'"), (r'source = ".*"', "", "source of its number is missing"),
     (r'energy = ".*"', 'energy = "5nJ"', "50nJ/bit"), ("memory.rest", "memory.tpu", "no kind of layer"),
     ("value_bits = 32", "value_bits = 0", "at least 1"), ("value_bits = 32", "value_bits = 1.5", "whole number"),
     ('index = "explicit"', 'index = "coo"', "index must be"), ("name =", "name", "is no TOML"),
     (r"(?s)\[memory.*", "", "needs a table"), ('name = "my-board"', "name = 3", "must be a text"),
     (r"(?s)\[radio\].*?\n\n", "", "must be a table"), ("link =", "page =", "no field 'page'")],
)  # fmt: skip
def test_what_is_no_model_file_is_refused_in_one_line(tmp_path, pattern, by, says):
    changed, times = re.subn(pattern, by, template(), count=1)
    assert times == 1
    refused(tmp_path, changed, says)


def test_the_break_even_is_the_radio_at_which_costs_differ_by_a_tenth():
    even = break_even(MODELS["ble-dram"], LAYERS, "1.1")
    model = model_of(f"ble-dram,radio={float(even.radio)!r}J/bit")
    assert float(break_even(model, LAYERS).ratio) == pytest.approx(1.1, rel=1e-12)
