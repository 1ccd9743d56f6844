"""Verdicts: what a check found, in which domain, and how far that is from the claim.

kernel        the claim as stated, for every n: a formal proof that a small kernel (Coq's) has checked
proved        the claim as stated: a symbolic identity that is the whole claim, or an SMT proof over all reals where
              the number of items is part of the statement
checked       part of the claim, without exception: exhaustion in exact arithmetic of a stated finite domain, an SMT
              proof for n <= 6, a lemma on one item whose induction is prose; ``reach`` says which part
certified     a primal-dual certificate re-verified in exact arithmetic by independent code
survived      tried on N instances, none failed; sampling never proves
refuted       a counterexample, the smallest found, re-checked in rational arithmetic
holds         measured: the corrected confidence interval lies on the side that is claimed
reverses      measured: it lies on the other side
inconclusive  the run could not tell; never shown as success
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from theory.claims.table import CLAIMS
from theory.errors import InputError
from theory.files.outputs import VERDICT, write_atomically


class Outcome(StrEnum):
    """What a check, or a measurement, can say."""

    KERNEL = "proved, kernel-checked"
    PROVED = "proved"
    CHECKED = "checked"
    CERTIFIED = "certified"
    SURVIVED = "survived"
    REFUTED = "refuted"
    HOLDS = "holds"
    REVERSES = "reverses"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Verdict:
    """The answer of one check, or one measurement, of one claim.

    Attributes:
        claim: the claim's id.
        method: name of the check: ``symbolic``, ``smt``, ``exhaustion``, ``certificate``, ``families``, ``search`` …
        outcome: see :class:`Outcome`.
        domain: what was covered, exactly.
        reach: how far what was established is from the claim ("n <= 5", "one item; every n by induction in prose").
        trials: how many instances, formulas or cases were decided; at least one where any is needed for the outcome.
        failure_bound: for ``survived`` by random sampling, the exact (Clopper-Pearson) 95 % upper limit of the
            failure rate under the sampling distribution; else None.
        counterexample: for ``refuted``: the instance and the two sides of the violated comparison.
        observed: measured figures that belong to the verdict (tightness, worst ratio …).
        seed: of every random draw, or None where there was none.
        seconds: wall time. provenance: versions, hardware, source revision.
    """

    claim: str
    method: str
    outcome: Outcome
    domain: str
    reach: str
    trials: int
    failure_bound: float | None = None
    counterexample: dict[str, Any] | None = None
    observed: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    seconds: float = 0.0
    provenance: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.trials < 1 and self.outcome not in (Outcome.REFUTED, Outcome.INCONCLUSIVE):
            raise ValueError(f"{self.claim}-{self.method}: {self.outcome}, and nothing was tried")

    @property
    def as_expected(self) -> bool | None:
        """Whether the outcome is what the claim table expects; None when it could not tell, or nothing is expected."""
        if self.outcome is Outcome.INCONCLUSIVE or self.claim not in CLAIMS:
            return None
        return (self.outcome is not Outcome.REFUTED) == CLAIMS[self.claim].expected_to_hold

    def stamped(self, *, seconds: float, provenance: Mapping[str, Any]) -> Verdict:
        """The same verdict with its running time and provenance."""
        return replace(self, seconds=round(seconds, 3), provenance=dict(provenance))


def write_verdict(verdict: Verdict, folder: Path) -> Path:
    """Write ``folder/<claim>-<method>.json`` atomically and return its path."""
    path = verdict_path(verdict.claim, verdict.method, folder)
    write_atomically(path, json.dumps(asdict(verdict), indent=1, sort_keys=False) + "\n", VERDICT)
    return path


def verdict_path(claim: str, method: str, folder: Path) -> Path:
    """Where the verdict of one check is kept."""
    return folder / f"{claim}-{method}.json"


def read_verdict(path: Path) -> Verdict:
    """The verdict stored at ``path``.

    Raises:
        InputError: when the file is not a verdict.
    """
    try:
        fields = json.loads(path.read_text())
        return Verdict(**{**fields, "outcome": Outcome(fields["outcome"])})
    except FileNotFoundError:
        raise InputError(f"{path}: no such verdict; 'cwmp verify --output {path.parent}' writes it") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{path} is not a verdict file: {error}") from None


def seeds_in_words(seeds: Iterable[int]) -> str:
    """``seeds 0 to 4``, ``seed 3`` or ``seeds 1, 4``."""
    ordered = sorted(set(seeds))
    if len(ordered) == 1:
        return f"seed {ordered[0]}"
    if ordered == list(range(ordered[0], ordered[-1] + 1)) and len(ordered) > 2:
        return f"seeds {ordered[0]} to {ordered[-1]}"
    return f"seeds {', '.join(map(str, ordered))}"
