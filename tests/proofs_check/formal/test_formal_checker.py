"""The checker proved sound in Coq and the one that is run: one answer, on certificates good, bad and tampered."""

import copy
from fractions import Fraction

import numpy as np
import pytest

from proofs_check.formal.certificates import accepted
from proofs_check.formal.compiling import find_coq
from proofs_check.formal.evaluation import Rational
from theory import checker
from theory.errors import InputError
from theory.instance import Instance
from theory.optimum.certificate import certify

pytestmark = pytest.mark.skipif(find_coq() is None, reason="needs coqc on the path: install coq")


TAMPERED = ["budget", "spent", "retained", "verdict", "grid", "energy", "item", "loss", "most_items", "cheap", "ties",
            "removed", "added"]  # fmt: skip


def instance_from(rng, largest=8):
    d = int(rng.integers(1, largest))
    score, cost = rng.integers(0, 9, d).astype(float), rng.integers(1, 6, d) * rng.choice([1.0, 0.5])
    return Instance.from_scores(score, cost, Fraction(int(rng.integers(0, 2 * int(cost.sum()) + 2)), 2))


def exact(instance, budget):
    costs = tuple(map(Fraction, instance.cost.tolist()))
    return Rational(tuple(map(Fraction, instance.score.tolist())), costs, budget)


def sealed(fields):
    return fields | {"digest": checker.digest(fields)}


def made(rng, instance):
    """A certificate whose numbers are right, for prices, ties and moves drawn at random: valid as an interval.

    As exact it is valid where no mask loses less, and the mask may overrun the budget.
    """
    p, c = (list(map(Fraction, values.tolist())) for values in (instance.score, instance.cost))
    able = [i for i in range(instance.d) if p[i] > 0 and c[i] <= instance.budget]
    energy = rng.choice([p[i] / c[i] for i in able] + [Fraction(1, 3), Fraction(0)])
    item, most, cheap = Fraction(0), 0, Fraction(0)
    if rng.random() < 0.5:
        most, cheap = int(rng.integers(1, instance.d + 1)), rng.choice(c)
        item = Fraction(int(rng.integers(0, 3)), 2)
    grid = Fraction(1, 2) if rng.random() < 0.3 else Fraction(0)
    budget = instance.budget // grid * grid if grid else instance.budget
    reduced = {i: p[i] - energy * c[i] - item for i in able}
    tied = sorted((i for i in able if reduced[i] == 0), key=lambda i: (c[i] if most else 0, i))
    ties = int(rng.integers(0, len(tied) + 1))
    base = {i for i in able if reduced[i] > 0} | set(tied[:ties])
    moved = [i for i in able if rng.random() < 0.3]
    mask = base ^ set(moved)
    while sum(c[i] for i in mask) > budget and rng.random() < 0.95:
        mask.remove(rng.choice(sorted(mask)))
    moved = sorted(mask ^ base)
    spare = most - len(mask) if most else 0
    loss = sum(abs(reduced[i]) for i in moved) + energy * (budget - sum(c[i] for i in mask)) + item * spare
    search = "halves" if rng.random() < 0.5 else "ordered"
    proof = {
        "kind": "core", "grid": str(grid), "energy": str(energy), "item": str(item), "most_items": most,
        "cheap": str(cheap), "ties": ties, "removed": [i for i in moved if i in base],
        "added": [i for i in moved if i not in base], "loss": str(loss), "search": search,
    }  # fmt: skip
    fields = copy.deepcopy(certify(instance).fields)
    spent, retained = (str(sum((numbers[i] for i in mask), Fraction(0))) for numbers in (c, p))
    verdict = str(rng.choice(["exact", "interval"]))
    return sealed(fields | {"verdict": verdict, "spent": spent, "retained": retained, "proof": proof})


def tampered(rng, fields):
    """One number or list changed, and the digest made anew."""
    other = copy.deepcopy(fields)
    proof, d = other["proof"], other["d"]
    name = str(rng.choice(TAMPERED))
    if name == "verdict":
        other["verdict"] = "exact" if other["verdict"] == "interval" else "interval"
    elif name in ("most_items", "ties"):
        proof[name] = max(0, proof[name] + int(rng.choice([-1, 1])))
    elif name in ("removed", "added"):
        i = int(rng.integers(0, d))
        proof[name] = [k for k in proof[name] if k != i] if i in proof[name] else [*proof[name], i]
    else:
        holder = proof if name in proof else other
        holder[name] = str(max(Fraction(0), Fraction(holder[name]) + Fraction(int(rng.choice([-1, 1])), 2)))
    return sealed(other)


def questions(number, seed):
    rng = np.random.default_rng(seed)
    for k in range(number):
        instance = instance_from(rng)
        fields = certify(instance).fields if k % 5 == 0 else made(rng, instance)
        if fields["proof"]["kind"] == "core":
            yield instance, fields
            yield instance, tampered(rng, fields)


def test_both_checkers_say_the_same():
    """Of what the one that is run accepts, and of all that it refuses for what the certificate says."""
    asked = list(questions(700, seed=5))
    answers = accepted([(fields, exact(instance, Fraction(fields["budget"]))) for instance, fields in asked])
    seen = {"exact": 0, "interval": 0, "refused": 0}
    reasons = set()
    for (instance, fields), answer in zip(asked, answers, strict=True):
        result = checker.check(fields, instance.score.tolist(), instance.cost.tolist(), scores=True)
        assert answer == (result.verdict != "refused"), (fields, result.reason)
        seen[result.verdict] += 1
        reasons |= {result.reason} if result.verdict == "refused" else set()
    assert all(count > 50 for count in seen.values()), seen
    for reason in ("a better mask exists", "the mask overruns the budget", "the loss is not what", "cardinality cut",
                   "a feasible mask may hold more items", "wrong side", "multiple of the grid"):  # fmt: skip
        assert any(reason in said for said in reasons), (reason, reasons)


def test_a_proof_of_another_kind_is_refused_in_words():
    rational = Rational((), (), Fraction(0))
    with pytest.raises(InputError, match="only certificates of kind core are transcribed, got 'counts'"):
        accepted([({"proof": {"kind": "counts"}}, rational)])
