"""Energy models of one's own hardware: a built-in model with other numbers, or a TOML file with sources.

    "ble-dram,radio=50nJ/bit"        a model, with some of its energies replaced: radio, kinds of layers, rest
    "board.toml"                     a file, see :func:`template`

Energies are joules per bit, or per byte where that is said: ``50nJ/bit``, ``0.4uJ/byte``, in a file also ``5e-8``; in a
text only 0 goes without its unit. Every number in a file has its source beside it; those of a text are said to be given
there.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from pathlib import Path
from typing import Any, cast

from theory.budget import UNITS
from theory.energy.models import MODELS, CostModel, Energy, Index, Source
from theory.errors import InputError
from theory.layers import KINDS

_ENERGY = re.compile(
    r"\s*([0-9]{0,300}\.?[0-9]{1,300}(?:[eE][+-]?[0-9]{1,3})?)\s*(?:(m|u|µ|n|p|)J\s*/\s*(bit|byte|B))?\s*"
)
TOML_MARK = "# An energy model of cwmp:"
_EXACT = Context(prec=MAX_PREC, Emin=MIN_EMIN, Emax=MAX_EMAX)
_EIGHTH = Decimal("0.125")  # to divide by 8 in so many digits would need the memory for them
_LONGEST = 1 << 20  # bytes of a file that is read
_FIELDS = {"name", "summary", "radio", "memory", "value_bits", "word_bits", "index"}
_PRICED = tuple(kind for kind in KINDS if kind != "unknown")


def energy_per_bit(given: Any, name: str) -> str:
    """Joules per bit as an exact decimal text.

    Args:
        given: ``50nJ/bit``, ``0.4uJ/byte``, or a number of joules per bit. name: for messages.

    Raises:
        InputError: anything else; joules that do not say per what.
    """
    found = _ENERGY.fullmatch(str(given)) if isinstance(given, (str, int, float)) else None
    if found is None or isinstance(given, bool):
        raise InputError(f"{name} = {str(given)[:80]!r} must be joules per bit or byte: 50nJ/bit, 0.4uJ/byte, 5e-8")
    prefix = found[2]
    power = UNITS[f"{prefix}J"] if prefix is not None else 0
    value = _EXACT.scaleb(Decimal(found[1]), power)
    return format(_EXACT.multiply(value, _EIGHTH) if found[3] in ("byte", "B") else value)


def model_of(text: str) -> CostModel | None:
    """The energy model that a text names: built in, changed, or in a TOML file; None where it names none.

    Raises:
        InputError: a model with a change that is none, a file that is no model.
    """
    if text in MODELS:
        return MODELS[text]
    if text.endswith(".toml"):
        return read_model(Path(text))
    name, comma, changes = text.partition(",")
    return _changed(MODELS[name], changes) if comma and name in MODELS else None


def _changed(model: CostModel, changes: str) -> CostModel:
    """A model with some energies replaced, ``radio=50nJ/bit,fc=3pJ/bit``."""
    if model.relative:
        raise InputError(f"the numbers of {model.name} are ratios; write your own as fc=10,rest=1 in its place")
    radio, memory, rest, seen = model.radio, dict(model.memory), model.rest, set[str]()
    accepted = f"radio, {', '.join(_PRICED)} or rest, '=', and joules per bit such as 50nJ/bit"
    for pair in changes.split(","):
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not equals or name not in {"radio", "rest", *_PRICED}:
            raise InputError(f"change {pair.strip()[:80]!r} of {model.name} must be {accepted}")
        if name in seen:
            raise InputError(f"{name} of {model.name} is given twice")
        seen.add(name)
        energy = Energy(energy_per_bit(value, name), Source(f"given as {name}={value}"))
        if energy.exact and "J" not in value:
            raise InputError(f"{name}={value} of {model.name} has no unit: write {value}nJ/bit or {value}J/bit")
        if name == "radio":
            radio = energy
        elif name == "rest":
            rest = energy
        else:
            memory[name] = energy
    name = f"{model.name},{changes}"
    summary = f"{model.summary}; changed: {changes}"
    return replace(model, name=name, summary=summary, radio=radio, memory=memory, rest=rest)


def read_model(path: Path) -> CostModel:
    """The energy model in a TOML file.

    Raises:
        InputError: no such model; every number needs its source. OSError: no such file.
    """
    if path.stat().st_size > _LONGEST:
        raise InputError(f"{path} is too long for an energy model")
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, brackets without end
        raise InputError(f"{path} is no TOML: {str(error)[:120]}") from None
    if unknown := sorted(set(fields) - _FIELDS):
        raise InputError(f"{path}: no field {unknown[0]!r}; there are {', '.join(sorted(_FIELDS))}")
    memory = fields.get("memory")
    if not isinstance(memory, Mapping) or not memory:
        raise InputError(f"{path}: needs a table [memory.KIND], or [memory.rest] for all kinds")
    if wrong := sorted(set(memory) - {"rest", *_PRICED}):
        raise InputError(f"{path}: no kind of layer is called {wrong[0]!r}; there are {', '.join(_PRICED)} and rest")
    levels = {kind: _energy(memory[kind], f"{path}: memory.{kind}") for kind in memory}
    rest = levels.pop("rest", None)
    return CostModel(
        _text(fields, "name", path), str(fields.get("summary", "")), _energy(fields.get("radio"), f"{path}: radio"),
        levels, rest, _bits(fields, "value_bits", path), _bits(fields, "word_bits", path),
        cast(Index, fields.get("index", "explicit")),
    )  # fmt: skip


def _energy(table: Any, name: str) -> Energy:
    if not isinstance(table, Mapping) or "energy" not in table:
        raise InputError(f'{name} must be a table with energy, such as "50nJ/bit", source and perhaps link')
    if unknown := sorted(set(table) - {"energy", "source", "link"}):
        raise InputError(f"{name}: no field {unknown[0]!r}; there are energy, source and link")
    source = table.get("source")
    if not isinstance(source, str) or not source.strip():
        raise InputError(f"{name}: the source of its number is missing: where it was measured or read")
    return Energy(energy_per_bit(table["energy"], name), Source(source.strip(), str(table.get("link", ""))))


def _text(fields: Mapping[str, Any], name: str, path: Path) -> str:
    found = fields.get(name)
    if not isinstance(found, str) or not found.strip() or not found.isprintable():
        raise InputError(f"{path}: {name} must be a text")
    return found


def _bits(fields: Mapping[str, Any], name: str, path: Path) -> int:
    found = fields.get(name, 32)
    if not isinstance(found, int) or isinstance(found, bool):
        raise InputError(f"{path}: {name} must be a whole number of bits")
    return found


def template() -> str:
    """A TOML file of Bluetooth Low Energy with DRAM, to be changed: ``ble-dram``, number by number."""
    model = MODELS["ble-dram"]
    head = [
        f'{TOML_MARK} energies are joules per bit, or per byte: "50nJ/bit", "0.4uJ/byte".',
        "# Every number needs its source; the numbers here are those of ble-dram.",
        'name = "my-board"',
        'summary = "what the radio and the memories are"',
        f"value_bits = {model.value_bits}  # sent per value",
        f"word_bits = {model.word_bits}  # written per value",
        f'index = "{model.index}"  # explicit, bitmap or none',
    ]
    off_chip = {kind: energy for kind, energy in model.memory.items() if energy == model.memory["fc"]}
    on_chip = next(energy for kind, energy in model.memory.items() if kind not in off_chip)
    parts = {"radio": model.radio, **{f"memory.{kind}": energy for kind, energy in off_chip.items()},
             "memory.rest": on_chip}  # fmt: skip
    tables = [
        f"[{name}]\nenergy = {json.dumps(energy.per_bit)}\nsource = {json.dumps(energy.source.text)}\n"
        f"link = {json.dumps(energy.source.link)}"
        for name, energy in parts.items()
    ]
    return "\n".join(head) + "\n\n" + "\n\n".join(tables) + "\n"
