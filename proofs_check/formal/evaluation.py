"""The selectors of the proofs, run on numbers: what the theorems speak of, to be compared with what the theory does.

They run inside Coq, over the integers. ``Transfer.v`` proves that over the reals they select the same, and ``D16.v``
that common factors of the scores, and of costs and budget, change nothing: so an instance of rationals is multiplied
by its denominators first.
"""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from proofs_check.formal.compiling import compile_all, default_cache, find_coq, run_coq
from proofs_check.formal.sources import closure, read_sources
from theory.errors import InputError

_AT_ONCE = 500  # arguments of one command
_INTEGER = re.compile(r"-?\d+")
SELECTORS = ("cwmp prefix", "cwmp fill", "cwmp best-of", "top-k prefix", "top-k fill", "top-k best-of")
ROUNDINGS = ("prefix", "fill", "best-of")


@dataclass(frozen=True)
class Rational:
    """An instance: scores ``p >= 0``, costs ``c > 0`` and a budget, all exact."""

    score: tuple[Fraction, ...]
    cost: tuple[Fraction, ...]
    budget: Fraction


@dataclass(frozen=True)
class OnPages:
    """An instance, costs ``>= 0``, whose item ``i`` lies on page ``page[i]``, which costs ``fee[page[i]]`` beside."""

    of: Rational
    page: tuple[int, ...]
    fee: tuple[Fraction, ...]


@dataclass(frozen=True)
class InLayers:
    """An instance whose item ``i`` lies in layer ``layer[i] < layers``; a layer is owed ``theta`` of Top-K's part."""

    of: Rational
    layer: tuple[int, ...]
    layers: int
    theta: Fraction


@dataclass(frozen=True)
class Selected:
    """What the selectors of the proofs keep: of each selector the indices, and the critical item of CWMP or None."""

    critical_item: int | None
    kept: dict[str, tuple[int, ...]]


def select(instances: Sequence[Rational], *, cache: Path | None = None) -> list[Selected]:
    """Run every selector of ``Selectors.v`` on instances.

    Raises:
        InputError: there is no Coq, or it does not answer.
    """
    written = [f"({_data(one, *_units(one))})" for one in instances]
    numbers = evaluate("Evaluation", "answers", written, cache=cache)
    return [_read(row, SELECTORS) for row in _rows(numbers, 1 + len(SELECTORS), len(instances))]


def select_by_page(problems: Sequence[OnPages], *, cache: Path | None = None) -> list[tuple[tuple[int, ...], Fraction]]:
    """What ``PagedSelector.v`` keeps of each, and the score per cost of what did not fit, 0 where all did.

    Raises:
        InputError: there is no Coq, or it does not answer.
    """
    written, units = [], []
    for one in problems:
        scores, joules = _units(one.of, one.fee)
        units.append(Fraction(joules, scores))
        page, fee = as_list(one.page), as_list(integers(one.fee, joules))
        written.append(f"({_data(one.of, scores, joules)}, ({page}, {fee}))")
    rows = _rows(evaluate("Evaluation", "answers_by_page", written, cache=cache), 3, len(problems))
    return [(_indices(mask), unit * worth / cost if cost else Fraction(0))
            for (mask, worth, cost), unit in zip(rows, units, strict=True)]  # fmt: skip


def select_safe(problems: Sequence[InLayers], *, cache: Path | None = None) -> list[Selected]:
    """What ``SafeSelector.v`` keeps of each by every rounding, and its critical item.

    Raises:
        InputError: there is no Coq, or it does not answer.
    """
    written = []
    for one in problems:
        theta = f"{one.layers}, {one.theta.numerator}, {one.theta.denominator}"
        written.append(f"({_data(one.of, *_units(one.of))}, ({as_list(one.layer)}, {theta}))")
    rows = _rows(evaluate("Evaluation", "answers_safe", written, cache=cache), 1 + len(ROUNDINGS), len(problems))
    return [_read(row, ROUNDINGS) for row in rows]


def evaluate(module: str, function: str, arguments: Sequence[str], *, cache: Path | None = None) -> list[int]:
    """The integers that ``function`` of a module of ``proofs/`` gives for arguments written in Coq, end to end.

    The function must return ``list Z``. It is computed by ``vm_compute``, a part of the kernel.

    Raises:
        InputError: there is no Coq, the module does not compile, or the arguments are of another type.
    """
    coq, sources = find_coq(), read_sources()
    if coq is None:
        raise InputError("this needs Coq: install coq, so that coqc is on the path")
    wanted = {name: sources[name] for name in sorted(closure(module, sources))}
    made = compile_all(coq, wanted, default_cache() if cache is None else cache)
    if made[module].error:
        raise InputError(made[module].error)
    parts = [arguments[k : k + _AT_ONCE] for k in range(0, len(arguments), _AT_ONCE)]
    lines = [f"From CWMP Require Import {module}.", "From Coq Require Import ZArith List.", "Import ListNotations.",
             "Open Scope Z_scope.", "Set Printing Depth 100000000."]  # fmt: skip
    for part in parts:
        lines.append(f"Eval vm_compute in (concat (map {function} [{'; '.join(part)}])).")
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "Run.v"
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        said, error = run_coq(coq, file, [made[name] for name in wanted])
    if error:
        raise InputError(f"Coq does not evaluate {function}: {error}")
    values = [answer.split(": list Z")[0] for answer in said.split("= ")[1:]]
    return [int(number) for answer in values for number in _INTEGER.findall(answer)]


def _rows(numbers: Sequence[int], width: int, count: int) -> list[Sequence[int]]:
    """The answers to ``count`` questions, ``width`` numbers each."""
    if len(numbers) != width * count:
        raise InputError(f"Coq answered with {len(numbers)} numbers to {count} instances")
    return [numbers[k : k + width] for k in range(0, len(numbers), width)]


def _read(numbers: Sequence[int], names: Sequence[str]) -> Selected:
    critical, *masks = numbers
    kept = {name: _indices(mask) for name, mask in zip(names, masks, strict=True)}
    return Selected(None if critical < 0 else critical, kept)


def _indices(mask: int) -> tuple[int, ...]:
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)


def _units(instance: Rational, fees: Iterable[Fraction] = ()) -> tuple[int, int]:
    """What scores, and what costs and budget, are multiplied by to be whole."""
    joules = math.lcm(*(x.denominator for x in (*instance.cost, instance.budget, *fees)))
    return math.lcm(*(x.denominator for x in instance.score)), joules


def _data(instance: Rational, per_score: int, per_joule: int) -> str:
    """Scores, costs and budget as Coq reads them."""
    *costs, budget = integers((*instance.cost, instance.budget), per_joule)
    return f"{as_list(integers(instance.score, per_score))}, {as_list(costs)}, {budget}"


def integers(numbers: Iterable[Fraction], unit: int) -> list[int]:
    """``numbers`` times ``unit``, a multiple of their denominators."""
    return [int(x * unit) for x in numbers]


def as_list(numbers: Iterable[int]) -> str:
    """A list as Coq reads it."""
    return f"[{'; '.join(f'({n})' if n < 0 else str(n) for n in numbers)}]"
