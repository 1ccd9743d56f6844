"""The checkers proved sound in Coq and the one that is run: one answer, on certificates good, bad and tampered."""

import copy
import itertools
from fractions import Fraction

import numpy as np
import pytest
from forging import at, leaves, sign, variants

from proofs_check.formal.certificates import accepted, is_transcribed
from proofs_check.formal.compiling import find_coq
from proofs_check.formal.evaluation import Rational
from theory import CostClasses, checker
from theory.errors import InputError
from theory.instance import Instance
from theory.optimum import exact_optimum
from theory.optimum.certificate import certify

pytestmark = pytest.mark.skipif(find_coq() is None, reason="needs coqc on the path: install coq")


TAMPERED = ["budget", "spent", "retained", "verdict", "grid", "energy", "item", "loss", "most_items", "cheap", "ties",
            "removed", "added", "step", "search"]  # fmt: skip
TAMPERED_COUNTS = [
    "budget",
    "spent",
    "retained",
    "verdict",
    "energy",
    "loss",
    "cost",
    "start",
    "kept",
    "fewer",
    "twice",
]


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
    search = str(rng.choice(["halves", "ordered"] if item else ["halves", "ordered", "dense", "dense"]))
    proof = {
        "kind": "core", "grid": str(grid), "energy": str(energy), "item": str(item), "most_items": most,
        "cheap": str(cheap), "ties": ties, "removed": [i for i in moved if i in base],
        "added": [i for i in moved if i not in base], "loss": str(loss), "search": search,
    }  # fmt: skip
    if rng.random() < 0.5:
        proof["step"] = str(rng.choice([Fraction(1, 2), Fraction(1), Fraction(2)]))
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
    elif name == "search":
        proof["search"] = str(rng.choice(["ordered", "halves", "dense"]))
    elif name in ("most_items", "ties"):
        proof[name] = max(0, proof[name] + int(rng.choice([-1, 1])))
    elif name in ("removed", "added"):
        i = int(rng.integers(0, d))
        proof[name] = [k for k in proof[name] if k != i] if i in proof[name] else [*proof[name], i]
    else:
        holder = other if name in other else proof
        holder[name] = str(max(Fraction(0), Fraction(holder.get(name, 0)) + Fraction(int(rng.choice([-1, 1])), 2)))
    return sealed(other)


def made_counts(rng, instance):
    """As ``made``, by counts: valid as an interval; as exact where no counts lose less; they may overrun the budget."""
    p, c = (list(map(Fraction, values.tolist())) for values in (instance.score, instance.cost))
    costs = sorted({x for x in c if x <= instance.budget})
    ranked = {x: sorted((v for v, y in zip(p, c, strict=True) if y == x and v > 0), reverse=True) for x in costs}
    energy = Fraction(rng.choice([v / x for x in costs for v in ranked[x]] + [Fraction(1, 3), Fraction(0)]))
    start = {x: sum(v > energy * x for v in ranked[x]) for x in costs}
    start = {x: n + int(rng.integers(0, ranked[x].count(energy * x) + 1)) for x, n in start.items()}

    def retain(kept):
        return sum(sum(ranked[x][:n]) for x, n in zip(costs, kept, strict=True))

    fit = [kept for kept in itertools.product(*(range(len(ranked[x]) + 1) for x in costs))
           if sum(map(Fraction.__mul__, costs, map(Fraction, kept))) <= instance.budget]  # fmt: skip
    kept = max(fit, key=retain) if rng.random() < 0.4 else fit[rng.integers(len(fit))]
    if costs and rng.random() < 0.1:
        kept = tuple(len(ranked[x]) for x in costs)
    spent, retained = sum(map(Fraction.__mul__, costs, map(Fraction, kept)), Fraction(0)), Fraction(retain(kept))
    whole = [int(2 * x) for x in costs]
    grid = Fraction(int(np.gcd.reduce(whole)), 2) if costs else Fraction(1)
    bound = energy * (instance.budget // grid * grid)
    bound += sum((max(v - energy * x, Fraction(0)) for x in costs for v in ranked[x]), Fraction(0))
    counts = [[str(x), start[x], n] for x, n in zip(costs, kept, strict=True)]
    proof = {"kind": "counts", "energy": str(energy), "counts": counts, "loss": str(bound - retained)}
    fields = copy.deepcopy(certify(instance).fields)
    verdict = str(rng.choice(["exact", "interval"], p=[0.7, 0.3]))
    return sealed(fields | {"verdict": verdict, "spent": str(spent), "retained": str(retained), "proof": proof})


def tampered_counts(rng, fields):
    """One number, or one cost's line, changed, and the digest made anew."""
    other = copy.deepcopy(fields)
    proof, counts = other["proof"], other["proof"]["counts"]
    name = str(rng.choice(TAMPERED_COUNTS))
    half = Fraction(int(rng.choice([-1, 1])), 2)
    if name == "verdict":
        other["verdict"] = "exact" if other["verdict"] == "interval" else "interval"
    elif name in ("cost", "start", "kept", "fewer", "twice"):
        if not counts:
            return sealed(other)
        k = int(rng.integers(len(counts)))
        if name == "cost":
            counts[k][0] = str(max(Fraction(0), Fraction(counts[k][0]) + half))
        elif name in ("start", "kept"):
            place = 1 if name == "start" else 2
            counts[k][place] = max(0, counts[k][place] + int(2 * half))
        elif name == "fewer":
            del counts[k]
        else:
            counts.append([counts[k][0], 0, 0])
    else:
        holder = other if name in other else proof
        holder[name] = str(max(Fraction(0), Fraction(holder[name]) + half))
    return sealed(other)


def questions(number, seed, kind):
    rng = np.random.default_rng(seed)
    make, tamper = (made, tampered) if kind == "core" else (made_counts, tampered_counts)
    for k in range(number):
        instance = instance_from(rng)
        fields = certify(instance).fields if k % 5 == 0 else make(rng, instance)
        if fields["proof"]["kind"] == kind and is_transcribed(fields["proof"]):
            yield instance, fields
            yield instance, tamper(rng, fields)


def compared(asked):
    """What the checker that is run says, where the one that is proved says the same."""
    answers = accepted([(fields, exact(instance, Fraction(fields["budget"]))) for instance, fields in asked])
    results = []
    for (instance, fields), answer in zip(asked, answers, strict=True):
        result = checker.check(fields, instance.score.tolist(), instance.cost.tolist(), scores=True)
        assert answer == (result.verdict != "refused"), (fields, result.reason)
        results.append(result)
    return results


REASONS = {
    "core": ("a better mask exists", "the mask overruns the budget", "the loss is not what", "cardinality cut",
             "a feasible mask may hold more items", "wrong side", "multiple of the grid", "multiple of the step",
             "knows no item price"),
    "counts": ("a better mask exists", "the mask overruns the budget", "the loss is not what", "has no count for",
               "there are fewer items", "the start is not what", "the energy spent is not", "the retained score is not",
               "stands twice"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "number"), [("core", 900), ("counts", 700)])
def test_both_checkers_say_the_same(kind, number):
    """Of what the one that is run accepts, and of all that it refuses for what the certificate says."""
    results = compared(list(questions(number, 5, kind)))
    said = [result.verdict for result in results]
    assert all(said.count(verdict) > 50 for verdict in ("exact", "interval", "refused"))
    refused = {result.reason for result in results if result.verdict == "refused"}
    for reason in REASONS[kind]:
        assert any(reason in one for one in refused), (reason, refused)


@pytest.mark.parametrize("search", ["dense", "halves"])
def test_proofs_by_steps_are_accepted_by_both(search, monkeypatch):
    """Of classic families of knapsacks; and the poor masks of stopped searches, claimed to be optimal, by neither."""
    rng, asked, kinds = np.random.default_rng(3), [], set()
    for k in range(72):
        cost = rng.integers(1, 60, rng.integers(12, 20)).astype(float)
        score = cost + [10, np.where(cost % 3 == 0, 30, 20), 0][k % 3]
        instance = Instance.from_scores(score, cost, int(rng.integers(1, cost.sum())))
        with monkeypatch.context() as patch:
            patch.setattr(exact_optimum, "_solve_whole", lambda *_: None)
            poor = certify(instance, max_states=1).fields
        for fields in (certify(instance).fields, poor):
            proof = fields["proof"] | {"search": search, "step": "1"}
            if proof["kind"] == "core" and "split" not in proof and (search == "halves" or not Fraction(proof["item"])):
                asked.append((instance, sealed({**fields, "verdict": "exact", "proof": proof})))
                kinds.add(Fraction(proof["loss"]) < 1)
    results = compared(asked)
    said = [result.verdict for result in results]
    assert said.count("exact") > 20
    assert [result.reason for result in results if result.verdict == "refused"] == ["a better mask exists"] * (
        said.count("refused")
    )
    assert said.count("refused") > 5
    assert kinds == {True, False}


def is_well_formed(proof):
    """Of kind counts: ratios that are none are refused by whoever reads the file."""
    numbers, counts = [proof["energy"], proof["loss"]], proof["counts"]
    if proof["kind"] != "counts" or not isinstance(counts, list):
        return False
    if not all(isinstance(one, list) and len(one) == 3 for one in counts):
        return False
    ratios = [*numbers, *(cost for cost, _, _ in counts)]
    whole = [n for _, *both in counts for n in both]
    return all(isinstance(r, str) and checker._RATIO.fullmatch(r) and not r.endswith("/0") for r in ratios) and all(
        type(n) is int and 0 <= n < 2**62 for n in whole
    )


def test_both_say_the_same_of_an_update_whose_proof_is_altered_everywhere():
    """Of squares: every field of a proof by counts, many values each."""
    update = np.array([0.75, -1.5, 0.25, 2.0, -0.5, 1.25, 0.0, -3.0, 0.75, 1.0], dtype=np.float32)
    instance = Instance(update, CostClasses(np.array([0, 0, 0, 1, 1, 1, 1, 0, 1, 1]), [2, 3]), 11)
    rational = Rational(tuple(Fraction(float(g)) ** 2 for g in update), tuple(map(Fraction, instance.cost.tolist())),
                        Fraction(11))  # fmt: skip
    fields, asked = certify(instance).fields, []
    for path in leaves(fields["proof"]):
        for value in variants(at(fields["proof"], path)):
            other = copy.deepcopy(fields)
            at(other["proof"], path[:-1])[path[-1]] = value
            if is_well_formed(other["proof"]):
                asked.append(sign(other))
    said = [checker.check(one, update).verdict != "refused" for one in asked]
    assert accepted([(one, rational) for one in asked]) == said
    assert True in said
    assert said.count(False) > 40


def test_a_proof_of_another_kind_is_refused_in_words():
    rational = Rational((), (), Fraction(0))
    with pytest.raises(InputError, match="only certificates of kind core and counts are transcribed, got 'other'"):
        accepted([({"proof": {"kind": "other"}}, rational)])
    for proof in ({"kind": "core", "split": {}}, {"kind": "core", "search": "group"}):
        with pytest.raises(InputError, match="splits and the group search are not transcribed"):
            accepted([({"proof": proof}, rational)])
