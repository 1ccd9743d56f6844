"""Where a claim stands: the verdicts of its methods in one row, in words that are the same wherever it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from theory.claims.table import CLAIMS, Claim
from theory.claims.verdict import Outcome, Verdict

Standing = Literal["as expected", "differs", "inconclusive"]

_STANDS = (Outcome.PROVED, Outcome.CERTIFIED, Outcome.SURVIVED)  # the strongest first


@dataclass(frozen=True)
class Row:
    """What stands behind one claim.

    Attributes:
        verdicts: of its methods. standing: whether the outcome is what the claim table expects.
    """

    claim: Claim
    verdicts: tuple[Verdict, ...]
    standing: Standing

    @property
    def refuted(self) -> bool:
        """Whether any method found a counterexample."""
        return any(verdict.outcome is Outcome.REFUTED for verdict in self.verdicts)

    @property
    def word(self) -> str:
        """The verdict on the claim: ``refuted`` by any counterexample, else the strongest outcome of its methods."""
        if self.refuted:
            return Outcome.REFUTED.value
        outcomes = [verdict.outcome for verdict in self.verdicts]
        return next((outcome.value for outcome in _STANDS if outcome in outcomes), Outcome.INCONCLUSIVE.value)

    @property
    def reach(self) -> str:
        """How far the proof carries beyond finite domains: the widest thing a proving method says of itself."""
        if self.refuted:
            return "one counterexample suffices"
        proving = [
            v.reach for v in self.verdicts if v.outcome is Outcome.PROVED and v.method in ("lemmas", "smt", "symbolic")
        ]
        parts = [part.strip() for reach in proving for part in reach.split(";")]
        widest = next((part for part in parts if "every" in part), parts[0] if parts else "the stated finite domain")
        return widest.split(":")[0].split(", by")[0]

    @property
    def methods(self) -> dict[str, list[str]]:
        """The methods by what they found, in the order they were run."""
        grouped: dict[str, list[str]] = {}
        for verdict in self.verdicts:
            grouped.setdefault(verdict.outcome.value, []).append(verdict.method)
        return grouped

    @property
    def counterexample(self) -> dict[str, Any] | None:
        """The one with the fewest items."""
        found = [v.counterexample for v in self.verdicts if v.counterexample]
        return min(found, key=lambda c: c.get("d", 99), default=None)

    @property
    def counterexample_words(self) -> str:
        """The counterexample in one line: the instance, and the comparison that fails."""
        found = self.counterexample
        if not found:
            return "no counterexample was kept"
        if "model" in found:
            return "model " + ", ".join(f"{name} = {value}" for name, value in sorted(found["model"].items()))
        if "score" not in found:
            return ", ".join(f"{name} = {value}" for name, value in found.items())
        instance = f"p = ({', '.join(found['score'])}), c = ({', '.join(found['cost'])}), B = {found['budget']}"
        return f"{instance} violates {found['should']}: {found['left']} against {found['right']}"

    def fields(self) -> dict[str, object]:
        """The row as plain data."""
        verdicts = [asdict(verdict) for verdict in self.verdicts]
        return {"claim": self.claim.id, "standing": self.standing, "refuted": self.refuted, "verdicts": verdicts}


def summarise(verdicts: Iterable[Verdict]) -> list[Row]:
    """One row per claim that has verdicts, in the order of the claim table.

    A claim that should hold is as expected when no method refutes it and at least one proves, certifies or survives. A
    claim known to be false is as expected when *every* method refutes it: one that fails to is a finding.
    """
    by_claim: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_claim.setdefault(verdict.claim, []).append(verdict)
    rows = []
    for claim_id, claim in CLAIMS.items():
        if found := tuple(by_claim.get(claim_id, ())):
            opinions = {verdict.as_expected for verdict in found}
            standing: Standing = "as expected" if opinions == {True} else "inconclusive"
            rows.append(Row(claim, found, "differs" if False in opinions else standing))
    return rows
