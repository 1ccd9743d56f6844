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


@dataclass(frozen=True)
class Rational:
    """An instance: scores ``p >= 0``, costs ``c > 0`` and a budget, all exact."""

    score: tuple[Fraction, ...]
    cost: tuple[Fraction, ...]
    budget: Fraction


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
    numbers = evaluate("Evaluation", "answers", [_written(one) for one in instances], cache=cache)
    width = 1 + len(SELECTORS)
    if len(numbers) != width * len(instances):
        raise InputError(f"Coq answered with {len(numbers)} numbers to {len(instances)} instances")
    return [_read(numbers[k : k + width]) for k in range(0, len(numbers), width)]


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


def _read(numbers: Sequence[int]) -> Selected:
    critical, *masks = numbers
    kept = {name: _indices(mask) for name, mask in zip(SELECTORS, masks, strict=True)}
    return Selected(None if critical < 0 else critical, kept)


def _indices(mask: int) -> tuple[int, ...]:
    return tuple(i for i in range(mask.bit_length()) if mask >> i & 1)


def _written(instance: Rational) -> str:
    joules = math.lcm(*(x.denominator for x in (*instance.cost, instance.budget)))
    scores = integers(instance.score, math.lcm(*(x.denominator for x in instance.score)))
    costs = integers((*instance.cost, instance.budget), joules)
    return f"({as_list(scores)}, {as_list(costs[:-1])}, {costs[-1]})"


def integers(numbers: Iterable[Fraction], unit: int) -> list[int]:
    """``numbers`` times ``unit``, a multiple of their denominators."""
    return [int(x * unit) for x in numbers]


def as_list(numbers: Iterable[int]) -> str:
    """A list as Coq reads it."""
    return f"[{'; '.join(f'({n})' if n < 0 else str(n) for n in numbers)}]"
