"""Certificates judged by the checkers that ``Checker.v`` and ``Counts.v`` prove sound, on whole numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from proofs_check.formal.evaluation import Rational, as_list, evaluate, integers
from theory.errors import InputError

_JUDGES = {"core": "judged", "counts": "judged_counts"}
_WAYS = {"dense": "Densely", "halves": "By_halves"}  # the search by order is not transcribed: all subsets are looked at


def accepted(questions: Sequence[tuple[Mapping[str, Any], Rational]], *, cache: Path | None = None) -> list[bool]:
    """Whether the proved checkers accept each certificate about its instance.

    Args:
        questions: a certificate's fields, with a proof of kind ``core`` or ``counts`` and every number well formed,
            and the instance whose costs and budget are in the certificate's units.

    Raises:
        InputError: a proof of another kind, or one not transcribed; there is no Coq.
    """
    written = [_written(*one) for one in questions]
    found: dict[int, bool] = {}
    for judge in _JUDGES.values():
        places = [k for k, (asked, _) in enumerate(written) if asked == judge]
        answers = evaluate("Evaluation", judge, [written[k][1] for k in places], cache=cache) if places else []
        if len(answers) != len(places):
            raise InputError(f"Coq answered with {len(answers)} numbers to {len(places)} certificates")
        found.update((k, answer == 1) for k, answer in zip(places, answers, strict=True))
    return [found[k] for k in range(len(written))]


def is_transcribed(proof: Mapping[str, Any]) -> bool:
    """Whether a proof is without a split and without the group search, of which nothing is proved in Coq."""
    return "split" not in proof and proof.get("search") != "group"


def _written(fields: Mapping[str, Any], instance: Rational) -> tuple[str, str]:
    """Who judges, and the question to them."""
    kind = fields["proof"]["kind"]
    if kind not in _JUDGES:
        raise InputError(f"only certificates of kind core and counts are transcribed, got {kind!r}")
    if not is_transcribed(fields["proof"]):
        raise InputError("splits and the group search are not transcribed")
    return _JUDGES[kind], (_core if kind == "core" else _counts)(fields, instance)


class _Whole:
    """All in whole numbers: scores times ``per_score``, joules times ``per_joule``, prices and loss times ``unit``."""

    def __init__(self, fields: Mapping[str, Any], instance: Rational, joules: Sequence[Any], scores: Sequence[Any]):
        """``joules`` and ``scores`` are those of the proof, besides its prices and its loss."""
        proof = fields["proof"]
        all_joules = (*map(Fraction, (fields["budget"], fields["spent"], *joules)), *instance.cost)
        all_scores = (*map(Fraction, (fields["retained"], *scores)), *instance.score)
        self.per_joule, self.per_score = (math.lcm(*(x.denominator for x in some)) for some in (all_joules, all_scores))
        self._energy = Fraction(proof["energy"]) * self.per_score / self.per_joule
        self._values = [Fraction(proof[name]) * self.per_score for name in ("loss", "item") if name in proof]
        self.unit = math.lcm(*(x.denominator for x in (self._energy, *self._values)))
        self.energy, self.loss, *self.item = integers((self._energy, *self._values), self.unit)

    def joules(self, *numbers: Any) -> list[int]:
        return integers(map(Fraction, numbers), self.per_joule)

    def scores(self, *numbers: Any) -> list[int]:
        return integers(map(Fraction, numbers), self.per_score)

    def about(self, instance: Rational, fields: Mapping[str, Any]) -> str:
        (budget,) = self.joules(fields["budget"])
        return f"{as_list(self.scores(*instance.score))}, {as_list(self.joules(*instance.cost))}, {budget}"

    def says(self, fields: Mapping[str, Any]) -> str:
        return _words([self.loss, *self.joules(fields["spent"]), *self.scores(fields["retained"])])


def _core(fields: Mapping[str, Any], instance: Rational) -> str:
    proof = fields["proof"]
    step = proof.get("step", "0")
    whole = _Whole(fields, instance, (proof["grid"], proof["cheap"]), (step,))
    grid, cheap = whole.joules(proof["grid"], proof["cheap"])
    numbers = _words([whole.unit, whole.energy, *whole.item, grid, proof["most_items"], cheap])
    lists = f"{_few(proof['ties'], instance)} {as_list(proof['removed'])}%nat {as_list(proof['added'])}%nat"
    said = f"{_words(whole.scores(step))} {whole.says(fields)} {_WAYS.get(proof['search'], 'Plainly')}"
    return f"({whole.about(instance, fields)}, Certificate {numbers} {lists} {said} {_exact(fields)})"


def _counts(fields: Mapping[str, Any], instance: Rational) -> str:
    counts = fields["proof"]["counts"]
    whole = _Whole(fields, instance, [cost for cost, _, _ in counts], ())
    classes = [
        f"Counts.Class {_words(whole.joules(cost))} {_few(start, instance)} {_few(kept, instance)}"
        for cost, start, kept in counts
    ]
    numbers = f"{_words([whole.unit, whole.energy, whole.per_joule])} [{'; '.join(classes)}] {whole.says(fields)}"
    return f"({whole.about(instance, fields)}, Counts.Certificate {numbers} {_exact(fields)})"


def _few(number: int, instance: Rational) -> str:
    """A count of items; of those that exceed all items one is as wrong as another."""
    return f"{min(number, len(instance.score) + 1)}%nat"


def _exact(fields: Mapping[str, Any]) -> str:
    return _truth(fields["verdict"] == "exact")


def _truth(said: bool) -> str:
    return "true" if said else "false"


def _words(numbers: Sequence[int]) -> str:
    return " ".join(f"({n})" if n < 0 else str(n) for n in numbers)
