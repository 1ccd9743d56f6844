"""Certificates of optimality: made by the solver, believed only after the independent checker has read them.

    certificate = certify(instance)          # verdict: exact, interval or failed
    certificate.write(path)                  # a few hundred bytes of JSON, whatever d is
    check_certificate(read_certificate(path), update, cost)

A solver's word counts for nothing here: what the checker does not confirm, :func:`certify` does not report.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from theory import checker
from theory.arithmetic.processes import Apply, sharing
from theory.arithmetic.threads import IN_ORDER, each, shares, useful_threads
from theory.arrays import uncompiled
from theory.errors import InputError
from theory.files.outputs import CERTIFICATE, write_atomically
from theory.instance import Instance
from theory.optimum.class_optimum import ClassSolution
from theory.optimum.collector import uncollected
from theory.optimum.duals import Prices, Split, to_float
from theory.optimum.exact_optimum import MAX_STATES, Solution, solve
from theory.optimum.floats64 import Floats64
from theory.optimum.watch import UNWATCHED, Watch

_CHUNK = 1 << 18
_MOST_RUNS = 2_000  # class costs that change more often than this are certified as per-coordinate costs


@dataclass(frozen=True, eq=False)
class Certificate:
    """A primal-dual certificate: a mask, prices that bound every other mask, and what the checker said of them.

    Attributes:
        verdict: ``exact``: the checker confirmed that no mask retains more. ``interval``: it confirmed that OPT exceeds
            ``retained`` by at most ``gap``. ``failed``: it refused; ``reason`` says why, and nothing may be concluded.
        mask: bool (d,). dual: the prices.
        retained: exact retained score of the mask. spent: its exact energy, in cost units.
        gap: duality gap: an upper bound on ``OPT - retained``; 0 when exact.
        fields: the JSON object that the checker reads. how: the end of ``reason``: how it was shown.
        unchecked: beside an interval, that the solver's own exhaustive search found nothing better: its word alone.
    """

    verdict: Literal["exact", "interval", "failed"]
    reason: str
    mask: NDArray[np.bool_]
    dual: Prices
    retained: Fraction
    spent: Fraction
    gap: Fraction
    fields: dict[str, Any] = field(repr=False)
    how: str = ""
    unchecked: bool = False

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the kept coordinates, ascending."""
        return np.flatnonzero(self.mask)

    @property
    def relative_gap(self) -> float:
        """``gap / retained``: 0 when exact, infinite beside an empty mask."""
        if not self.gap:
            return 0.0
        return to_float(self.gap / self.retained) if self.retained else math.inf

    def write(self, path: str | Path) -> None:
        """Write the certificate as JSON, atomically, over nothing but an earlier certificate."""
        write_atomically(Path(path), json.dumps(self.fields, indent=1) + "\n", CERTIFICATE)


@uncompiled
def certify(
    instance: Instance,
    *,
    max_states: int = MAX_STATES,
    energy_unit: str = "J",
    note: dict[str, Any] | None = None,
    watch: Watch = UNWATCHED,
) -> Certificate:
    """Find the 0/1 optimum of ``instance`` and have it confirmed by :mod:`theory.checker`.

    Args:
        max_states: effort of the exhaustive search before it settles for an interval.
        energy_unit: what the costs are in: ``J``, or ``units`` where they are ratios.
        note: JSON-ready remarks to carry in the certificate (provenance, file names); covered by its digest.
        watch: stops the search early, which leaves an interval, and hears what is being done. The check is not stopped.

    Raises:
        InputError: an entry too small beside the largest one for its square to be compared exactly.
    """
    instance.refuse_lost_squares()
    with sharing(useful_threads(watch.threads, instance.d, IN_ORDER)) as apply:  # others start while this one searches
        with uncollected():
            solution = solve(instance, max_states=max_states, watch=watch)
        about = _about(instance, solution.mask, energy_unit, watch.threads) | {"note": note or {}}
        watch.on_phase("checking")
        fields, result, solution = _checked(about, solution, instance, watch, apply)
    verdict: Literal["exact", "interval", "failed"] = "failed"
    if result.verdict in ("exact", "interval"):
        verdict = "exact" if result.verdict == "exact" else "interval"
    gap = Fraction(0) if verdict == "exact" else solution.loss
    how = result.about.get("how", result.reason)
    unchecked = solution.proved and verdict == "interval"
    if unchecked:
        how += "; the solver's own search found nothing better, which is too much to check again"
    found = solution.mask, solution.prices, Fraction(fields["retained"]), Fraction(fields["spent"])
    return Certificate(verdict, result.reason, *found, gap, fields, how, unchecked)


def _checked(
    about: dict[str, Any], solution: Solution | ClassSolution, instance: Instance, watch: Watch, apply: Apply
) -> tuple[dict[str, Any], checker.Result, Solution | ClassSolution]:
    """The certificate that says most of those the checker confirms, what it said, and what it is made of."""
    fields = _fields("exact" if solution.proved else "interval", about, solution)
    result = _confirm(fields, instance, watch, apply)
    other = solution.other if isinstance(solution, Solution) else None
    while result.verdict == "refused" and other is not None and not watch.stopped():
        tried = _fields("exact", about, other)
        if (confirmed := _confirm(tried, instance, watch, apply)).verdict == "exact":
            fields, result, solution = tried, confirmed, other
        other = other.other
    if result.verdict == "refused" and solution.proved:
        fields = _fields("interval", about, solution)
        result = _confirm(fields, instance, watch, apply)
    return fields, result, solution


def read_certificate(path: str | Path) -> dict[str, Any]:
    """The JSON object of a certificate file.

    Raises:
        InputError: when the file is missing or no certificate.
    """
    try:
        fields = checker.read_certificate(str(path))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not a certificate: {error}") from None
    if (found := fields.get("format")) != checker.FORMAT:
        earlier = str(found).startswith("cwmp-certificate/") and " (an earlier one: certify anew)"
        raise InputError(f"{path} is not a certificate of format {checker.FORMAT}{earlier or ''}")
    return fields


def check_certificate(
    fields: dict[str, Any], data: NDArray, cost: NDArray | None = None, *, scores: bool = False, threads: int = 1
) -> checker.Result:
    """Have the independent checker verify a certificate against arrays of any dtype that float64 holds, shape (d,).

    Args:
        data: the update; or, with ``scores``, the scores ``p`` that were given.
        cost: the costs: in units of ``unit_joules`` where the certificate speaks of one each; in joules where it brings
            them by class, to be compared.
        threads: how many processes share a large check, this one among them; they change the time only.

    Raises:
        InputError: numbers that float64 does not hold.
    """
    given = Floats64.of(data, "update"), None if cost is None else Floats64.of(cost, "cost")
    with sharing(useful_threads(threads, data.size, IN_ORDER)) as apply:
        return checker.check(fields, *given, scores=scores, apply=apply)


def brings_costs(fields: dict[str, Any]) -> bool:
    """Whether the certificate holds the costs, by class, and needs no file of them."""
    cost = fields.get("cost")
    return isinstance(cost, dict) and cost.get("kind") == "classes"


def disagreement(fields: dict[str, Any], instance: Instance, energy_unit: str | None, *, budget: bool) -> str:
    """What a valid certificate says otherwise than the instance that it should be about, or ``""``.

    Args:
        energy_unit: of the instance; None when its costs need no comparison. budget: whether budgets are compared.
    """
    said = {"energy_unit": energy_unit, "unit_joules": str(instance.unit), "cost": _cost_fields(instance)}
    for name, value in said.items() if energy_unit else ():
        if fields[name] != value:
            return f"the costs given are not those of the certificate ({name} differs)"
    joules = instance.budget * instance.unit
    if budget and Fraction(fields["budget"]) * Fraction(fields["unit_joules"]) != joules:
        return f"the certificate is for another budget than {to_float(joules):.9g} {energy_unit or 'J'}"
    return ""


def _confirm(fields: dict[str, Any], instance: Instance, watch: Watch, apply: Apply) -> checker.Result:
    scores = instance.update is None
    given: NDArray = instance.score if scores else instance.update  # type: ignore[assignment]
    cost = Floats64(instance.costs_of, instance.d) if fields["cost"]["kind"] == "array" else None
    update = Floats64.of(given, "update", watch.on_share)
    return checker.check(fields, update, cost, scores=scores, apply=apply)


def _about(instance: Instance, mask: NDArray[np.bool_], energy_unit: str, threads: int) -> dict[str, Any]:
    """What the certificate is about, whatever proves it: objective, data, costs, budget, and what the mask comes to."""
    scores = instance.update is None
    data: NDArray = instance.score if scores else instance.update  # type: ignore[assignment]
    passes: list[Callable[[], Any]] = [
        lambda: instance.retained(mask),
        lambda: _cost_fields(instance),
        lambda: instance.spent(mask),
        lambda: digest_of(data),
    ]
    spans = shares(useful_threads(min(threads, len(passes)), instance.d, IN_ORDER), len(passes))
    found = each(lambda span: [one() for one in passes[slice(*span)]], spans)
    retained, cost, spent, digest = itertools.chain.from_iterable(found)
    return {
        "d": instance.d,
        "objective": "scores" if scores else "squares",
        "data": {"sha256": digest, "exponent": instance.scale_exponent},
        "cost": cost,
        "unit_joules": str(instance.unit),
        "energy_unit": energy_unit,
        "budget": str(instance.budget),
        "spent": str(spent),
        "retained": str(retained),
    }


def _fields(verdict: str, about: dict[str, Any], solution: Solution | ClassSolution) -> dict[str, Any]:
    fields = {"format": checker.FORMAT, "verdict": verdict, **about, "proof": _proof(solution)}
    return {**fields, "digest": checker.digest(fields)}


def _proof(solution: Solution | ClassSolution) -> dict[str, Any]:
    if isinstance(solution, ClassSolution):
        numbers = zip(solution.costs, solution.start, solution.counts, strict=True)
        counts = [[str(cost), start, kept] for cost, start, kept in numbers]
        return {
            "kind": "counts",
            "energy": str(solution.prices.energy),
            "counts": counts,
            "loss": str(solution.loss),
        }
    base, prices = solution.base, solution.prices
    return {
        "kind": "core",
        "grid": str(solution.grid),
        "energy": str(prices.energy),
        "item": str(prices.item),
        "most_items": prices.most_items,
        "cheap": str(prices.cheap),
        "ties": base.ties,
        "removed": [int(i) for i in solution.deviations if base.mask[i]],
        "added": [int(i) for i in solution.deviations if not base.mask[i]],
        "loss": str(solution.loss),
        "search": solution.method,
        **({"step": str(solution.step)} if solution.step else {}),
        **({"split": _split(prices.split)} if prices.split else {}),
    }


def _split(split: Split) -> dict[str, Any]:
    return {"weight": list(map(str, split.weight)), "side": "least" if split.least else "most",
            "energy": str(split.energy), "item": str(split.item)}  # fmt: skip


def _cost_fields(instance: Instance) -> dict[str, Any]:
    if instance.labels is not None and instance.class_cost is not None:
        starts = _run_starts(instance.labels)
        if starts is not None:
            lengths = np.diff([*starts, instance.d])
            runs = [[int(instance.labels[i]), int(n)] for i, n in zip(starts, lengths, strict=True)]
            return {"kind": "classes", "values": [str(Fraction(c)) for c in instance.class_cost], "runs": runs}
    return {"kind": "array", "sha256": _sha256(instance.costs_of, instance.d)}


def _run_starts(labels: NDArray[np.integer]) -> list[int] | None:
    """Where runs of equal labels begin, None where they are too many."""
    starts = [0] if labels.size else []
    for first in range(1, 0 if labels.strides == (0,) else labels.size, _CHUNK):
        own = labels[first - 1 : first + _CHUNK]
        starts += (first + np.flatnonzero(own[1:] != own[:-1])).tolist()
        if len(starts) > _MOST_RUNS:
            return None
    return starts


def digest_of(values: NDArray) -> str:
    """SHA-256 over the values as little-endian float64, whatever their dtype."""
    return _sha256(values.__getitem__, values.size)


def _sha256(values_of: Callable[[slice], NDArray], size: int) -> str:
    total = hashlib.sha256()
    for start in range(0, size, _CHUNK):
        total.update(memoryview(np.ascontiguousarray(values_of(slice(start, start + _CHUNK)), dtype="<f8")))  # type: ignore[arg-type]
    return total.hexdigest()
