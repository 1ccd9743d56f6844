"""Where a claim stands: the verdicts of its methods in one row, in words that are the same wherever it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from theory.claims.table import CLAIMS, Claim
from theory.claims.verdict import Outcome, Verdict

Standing = Literal["as expected", "differs", "inconclusive"]

_STANDS = (Outcome.KERNEL, Outcome.PROVED, Outcome.CHECKED, Outcome.CERTIFIED, Outcome.SURVIVED)  # the strongest first
_FORMAL = ("formal", "smt", "lemmas", "symbolic")  # methods that reach beyond finite domains


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
        """How far what was found carries: the whole claim where it is proved, else what was checked of it.

        What is beyond is said to be prose; a claim that is proved as stated has nothing beyond.
        """
        if self.refuted:
            return "one counterexample suffices"
        whole = [v for v in self.verdicts if v.outcome.value == self.word]
        if self.word in (Outcome.KERNEL.value, Outcome.PROVED.value):
            return whole[0].reach.split(":")[0].split(";")[0]
        formal = [v for m in _FORMAL for v in self.verdicts if v.method == m and v.outcome is Outcome.CHECKED]
        if not formal:
            return "the stated finite domain" if self.word == Outcome.CHECKED.value else "these instances"
        if formal[0].method == "formal":
            return formal[0].reach
        parts = [part.strip() for verdict in formal for part in verdict.reach.split(";")]
        sizes = next((part for part in parts if part.startswith("n <=")), formal[0].domain)
        beyond = any(word in verdict.reach for verdict in formal for word in ("every", "prose"))
        return f"{sizes}; the rest in prose" if beyond else sizes

    @property
    def grade(self) -> str:
        """The verdict with its reach beside it, where it is of a part of the claim: ``checked, n <= 5``."""
        if self.word != Outcome.CHECKED.value:
            return self.word
        kernel = any(v.method == "formal" and v.outcome is Outcome.CHECKED for v in self.verdicts)
        return f"{self.word}, {'every n but for a part' if kernel else self.reach}"

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

    A claim that should hold is as expected when no method refutes it and at least one proves, checks, certifies or
    survives. A claim known to be false is as expected when *every* method refutes it: one that fails to is a finding.
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
