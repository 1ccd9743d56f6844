"""Certificates of optimality: made by the solver, believed only after the independent checker has read them.

    certificate = certify(instance)          # verdict: exact, interval or failed
    certificate.write(path)                  # a few hundred bytes of JSON, whatever d is
    check_certificate(read_certificate(path), update, cost)

A solver's word counts for nothing here: what the checker does not confirm, :func:`certify` does not report.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from theory import checker
from theory.duals import Prices, to_float
from theory.errors import InputError
from theory.instance import Instance
from theory.optimum import MAX_STATES, Solution, solve
from theory.outputs import CERTIFICATE, write_atomically

_CHUNK = 1 << 20
_MOST_RUNS = 2_000  # class costs that change more often than this are certified as per-coordinate costs


@dataclass(frozen=True, eq=False)
class Certificate:
    """A primal-dual certificate: a mask, prices that bound every other mask, and what the checker said of them.

    Attributes:
        verdict: ``exact``: the checker confirmed that no mask retains more. ``interval``: it confirmed that OPT exceeds
            ``value`` by at most ``gap``. ``failed``: it refused; ``reason`` says why, and nothing may be concluded.
        primal: the mask, bool (d,). dual: the prices.
        value: exact retained score of the mask. spent: its exact energy, in cost units.
        gap: duality gap: an upper bound on ``OPT - value``; 0 when exact.
        fields: the JSON object that the checker reads.
    """

    verdict: Literal["exact", "interval", "failed"]
    reason: str
    primal: NDArray[np.bool_]
    dual: Prices
    value: Fraction
    spent: Fraction
    gap: Fraction
    fields: dict[str, Any] = field(repr=False)

    @property
    def relative_gap(self) -> float:
        """``gap / value``: 0 when exact, infinite beside an empty mask."""
        if not self.gap:
            return 0.0
        return to_float(self.gap / self.value) if self.value else math.inf

    def write(self, path: str | Path) -> None:
        """Write the certificate as JSON, atomically, over nothing but an earlier certificate."""
        write_atomically(Path(path), json.dumps(self.fields, indent=1) + "\n", CERTIFICATE)


def certify(instance: Instance, *, max_states: int = MAX_STATES, note: dict[str, Any] | None = None) -> Certificate:
    """Find the 0/1 optimum of ``instance`` and have it confirmed by :mod:`theory.checker`.

    Args:
        max_states: effort of the exhaustive search before it settles for an interval.
        note: JSON-ready remarks to carry in the certificate (provenance, file names); covered by its digest.
    """
    solution = solve(instance, max_states=max_states)
    mask = solution.base.mask.copy()
    mask[solution.deviations] ^= True
    spent, value = instance.spent(mask), instance.retained(mask)
    fields = _fields(instance, solution, spent, value, "exact" if solution.proved else "interval", note or {})
    result = _confirm(fields, instance)
    if result.verdict == "refused" and solution.proved:
        fields = _fields(instance, solution, spent, value, "interval", note or {})
        result = _confirm(fields, instance)
    verdict: Literal["exact", "interval", "failed"] = "failed"
    if result.verdict in ("exact", "interval"):
        verdict = "exact" if result.verdict == "exact" else "interval"
    gap = Fraction(0) if verdict == "exact" else solution.loss
    return Certificate(verdict, result.reason, mask, solution.base.prices, value, spent, gap, fields)


def read_certificate(path: str | Path) -> dict[str, Any]:
    """The JSON object of a certificate file.

    Raises:
        InputError: when the file is missing or no certificate.
    """
    try:
        fields = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not a certificate: {error}") from None
    if not isinstance(fields, dict) or fields.get("format") != checker.FORMAT:
        raise InputError(f"{path} is not a certificate of format {checker.FORMAT}")
    return fields


def check_certificate(fields: dict[str, Any], update: NDArray, cost: NDArray | None = None) -> checker.Result:
    """Have the independent checker verify a certificate against arrays of any float dtype, shape (d,)."""
    return checker.check(fields, _buffer(update), None if cost is None else _buffer(cost))


def _confirm(fields: dict[str, Any], instance: Instance) -> checker.Result:
    data = instance.score if instance.update is None else instance.update
    return check_certificate(fields, data, instance.cost if fields["cost"]["kind"] == "array" else None)


def _buffer(values: NDArray) -> memoryview:
    array = np.ascontiguousarray(values)
    if array.dtype.char not in "fd" or not array.dtype.isnative:  # memoryview reads no float16 before Python 3.12
        array = array.astype(np.float64)
    return memoryview(array)  # type: ignore[arg-type]


def _fields(
    instance: Instance, solution: Solution, spent: Fraction, value: Fraction, verdict: str, note: dict[str, Any]
) -> dict[str, Any]:
    base, prices = solution.base, solution.base.prices
    inside = base.mask[solution.deviations] if solution.deviations else np.empty(0, bool)
    data = instance.score if instance.update is None else instance.update
    fields: dict[str, Any] = {
        "format": checker.FORMAT,
        "verdict": verdict,
        "d": instance.d,
        "data": {
            "sha256": _sha256(data),
            "squared": instance.update is not None,
            "exponent": instance.scale_exponent,
        },
        "cost": _cost_fields(instance),
        "unit_joules": str(instance.unit),
        "budget": str(instance.budget),
        "grid": str(solution.grid),
        "dual": {
            "energy": str(prices.energy),
            "item": str(prices.item),
            "most_items": prices.most_items,
            "cheap": str(prices.cheap),
        },
        "ties": base.ties,
        "removed": [int(i) for i, was in zip(solution.deviations, inside, strict=True) if was],
        "added": [int(i) for i, was in zip(solution.deviations, inside, strict=True) if not was],
        "loss": str(solution.loss),
        "search": solution.method,
        "spent": str(spent),
        "retained": str(value),
        "note": note,
    }
    return {**fields, "digest": checker.digest(fields)}


def _cost_fields(instance: Instance) -> dict[str, Any]:
    if instance.labels is not None and instance.class_cost is not None:
        starts = np.flatnonzero(np.r_[instance.d > 0, instance.labels[1:] != instance.labels[:-1]])
        if starts.size <= _MOST_RUNS:
            lengths = np.diff(np.r_[starts, instance.d])
            runs = [[int(instance.labels[i]), int(n)] for i, n in zip(starts, lengths, strict=True)]
            return {"kind": "classes", "values": [str(Fraction(c)) for c in instance.class_cost], "runs": runs}
    return {"kind": "array", "sha256": _sha256(instance.cost)}


def _sha256(values: NDArray) -> str:
    """SHA-256 over the values as little-endian float64, whatever their dtype."""
    total = hashlib.sha256()
    for start in range(0, values.size, _CHUNK):
        total.update(values[start : start + _CHUNK].astype("<f8").tobytes())
    return total.hexdigest()
