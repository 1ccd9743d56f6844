"""Certificates judged by the checker that ``Checker.v`` proves sound: the price form, on whole numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from proofs_check.formal.evaluation import Rational, as_list, evaluate, integers
from theory.errors import InputError

_JOULES = ("grid", "cheap")


def accepted(questions: Sequence[tuple[Mapping[str, Any], Rational]], *, cache: Path | None = None) -> list[bool]:
    """Whether the proved checker accepts each certificate about its instance.

    Args:
        questions: a certificate's fields, with a proof of kind ``core`` and every number well formed, and the instance
            whose costs and budget are in the certificate's units.

    Raises:
        InputError: a proof of another kind; there is no Coq.
    """
    answers = evaluate("Evaluation", "judged", [_written(*one) for one in questions], cache=cache)
    if len(answers) != len(questions):
        raise InputError(f"Coq answered with {len(answers)} numbers to {len(questions)} certificates")
    return [answer == 1 for answer in answers]


def _written(fields: Mapping[str, Any], instance: Rational) -> str:
    """All in whole numbers: scores times ``per_score``, joules times ``per_joule``, prices and loss times ``unit``."""
    proof = fields["proof"]
    if proof["kind"] != "core":
        raise InputError(f"only certificates of kind core are transcribed, got {proof['kind']!r}")
    budget, spent, retained = (Fraction(fields[name]) for name in ("budget", "spent", "retained"))
    grid, cheap, energy, item, loss = (Fraction(proof[name]) for name in (*_JOULES, "energy", "item", "loss"))
    joules, scores = (*instance.cost, budget, spent, grid, cheap), (*instance.score, retained)
    per_joule, per_score = (math.lcm(*(x.denominator for x in numbers)) for numbers in (joules, scores))
    *costs, whole_budget, whole_spent, whole_grid, whole_cheap = integers(joules, per_joule)
    *whole_scores, whole_retained = integers(scores, per_score)
    prices = (energy * per_score / per_joule, item * per_score, loss * per_score)
    unit = math.lcm(*(x.denominator for x in prices))
    whole_energy, whole_item, whole_loss = integers(prices, unit)
    numbers = [unit, whole_energy, whole_item, whole_grid, proof["most_items"], whole_cheap]
    lists = f"{proof['ties']}%nat {as_list(proof['removed'])}%nat {as_list(proof['added'])}%nat"
    claims = [whole_loss, whole_spent, whole_retained]
    exact = "true" if fields["verdict"] == "exact" else "false"
    certificate = f"Certificate {_words(numbers)} {lists} {_words(claims)} {exact}"
    return f"({as_list(whole_scores)}, {as_list(costs)}, {whole_budget}, {certificate})"


def _words(numbers: Sequence[int]) -> str:
    return " ".join(f"({n})" if n < 0 else str(n) for n in numbers)
