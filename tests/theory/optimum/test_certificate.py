"""Certified optima against enumeration, where no difference is tolerated, and at sizes where nothing else finishes."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest
from catalogue import CASES, mask

from proofs_check.methods.instances import FAMILIES, family_instance, small_instances
from proofs_check.oracles import class_optimum, enumerate_optimum
from theory import CostClasses, InputError, Instance, cwmp, relax
from theory.budget import percent
from theory.optimum.certificate import (
    Certificate,
    certify,
    check_certificate,
    read_certificate,
)
from theory.optimum.core_search import Item, halves, ordered
from theory.optimum.duals import Base, Prices


def assert_exact(instance, optimum) -> Certificate:
    certificate = certify(instance)
    assert certificate.verdict == "exact", (certificate.reason, instance.score, instance.cost, instance.budget)
    assert certificate.retained == optimum, (instance.score, instance.cost, instance.budget)
    assert certificate.gap == certificate.relative_gap == 0
    assert certificate.retained == instance.retained(certificate.mask)
    assert certificate.spent == instance.spent(certificate.mask) <= instance.budget
    return certificate


@pytest.mark.parametrize("case", CASES, ids=str)
def test_catalogue(case):
    certificate = assert_exact(case.instance(), case.optimum)
    assert case.optimal is None or certificate.mask.tolist() == mask(case, case.optimal)


# --- small instances against enumeration -----------------------------------------------------------

EDGE_SCORES = [0.0, 5e-324, 1e-300, 1e-17, 0.1, 0.2, 0.3, 1.0, 2.0, 3.0, 1e150, 1.7e308]
EDGE_COSTS = [5e-324, 1e-9, 0.1, 0.2, 0.3, 0.7, 1.0, 2.0, 3.0, 1e150, 1.7e308]


def edge_instance(rng) -> Instance:
    """Ties, zeros, decimals, denormals, near overflow; budgets 0, hit exactly, nearly hit, excessive; dear items."""
    n = int(rng.integers(0, 8))
    score = rng.choice(EDGE_SCORES, n) if rng.random() < 0.5 else rng.integers(0, 5, n).astype(float)
    cost = rng.choice(EDGE_COSTS, n) if rng.random() < 0.5 else rng.integers(1, 5, n).astype(float)
    some = rng.random(n) < 0.5
    extra = [Fraction(0), Fraction(0), Fraction(1, 10), Fraction(1), -Fraction(1, 2**1080), Fraction(10) ** 400]
    budget = sum(map(Fraction, cost[some]), Fraction(0)) + extra[rng.integers(len(extra))]
    return Instance.from_scores(score, cost, max(budget, Fraction(0)))


@pytest.mark.parametrize("seed", range(4))
def test_edge_cases_against_enumeration(seed):
    rng = np.random.default_rng(seed)
    for _ in range(600):
        instance = edge_instance(rng)
        assert_exact(instance, enumerate_optimum(instance).value)


def test_all_small_integer_instances():
    for instance in small_instances(n=3, p=2, c=2):
        assert_exact(instance, enumerate_optimum(instance).value)


@pytest.mark.parametrize(("magnitude", "cost"), FAMILIES)
def test_families_against_enumeration(magnitude, cost):
    """Updates given as float32, so that the squares, the class costs and their units take part."""
    rng = np.random.default_rng(31)
    for n in (1, 4, 8, 13):
        for _ in range(4):
            instance = family_instance(magnitude, cost, n, rng)
            assert_exact(instance, enumerate_optimum(instance).value)


def test_nearly_proportional_scores_against_enumeration():
    """p = c + k on a grid: the relaxation's bound is weak, and the cardinality cut has to help."""
    rng = np.random.default_rng(32)
    for _ in range(60):
        cost = rng.integers(50, 100, 14).astype(float)
        instance = Instance.from_scores(cost + 10, cost, int(rng.integers(100, 900)))
        assert_exact(instance, enumerate_optimum(instance).value)


@pytest.mark.parametrize("update", [[1e200, 3e199, 2e200], [3e-200, 1e-200, 2e-200], [1.5, -2.5, 0.0]])
def test_extreme_updates(update):
    instance = Instance(np.array(update), [3.0, 2.0, 4.0], 6)
    assert_exact(instance, enumerate_optimum(instance).value)


@pytest.mark.parametrize("kind", ["float16", "float32", "float64", "int32", ">f4"])
def test_every_dtype_is_certified(kind):
    update = np.array([3, -1, 4, 1, -5, 9, 2, 6], dtype=kind)
    cost = np.array([2, 7, 1, 8, 2, 8, 1, 8], dtype=kind)
    instance = Instance(update, cost, 20)
    certificate = assert_exact(instance, enumerate_optimum(instance).value)
    assert check_certificate(certificate.fields, update, cost).verdict == "exact"
    assert check_certificate(certificate.fields, update[::-1][::-1], cost).verdict == "exact", "strided arrays too"


# --- model size ------------------------------------------------------------------------------------


def large(kind) -> Instance:
    rng = np.random.default_rng(33)
    update = rng.laplace(size=20_000).astype(np.float32)
    cost = {
        "two-class": lambda: CostClasses(np.repeat([0, 1], [4_000, 16_000]), ["0.1", "1"]),
        "mixed classes": lambda: CostClasses(rng.integers(0, 10, 20_000), [f"{k}.3" for k in range(10)]),
        "lognormal": lambda: rng.lognormal(size=20_000),
        "integer": lambda: rng.integers(1, 101, 20_000).astype(float),
    }[kind]()
    return Instance(update, cost, budget="5%")


@pytest.mark.parametrize("kind", ["two-class", "mixed classes", "lognormal", "integer"])
def test_exact_at_model_size(kind):
    instance = large(kind)
    certificate = certify(instance)
    assert certificate.verdict == "exact", certificate.reason
    assert cwmp(instance, rounding="best-of").retained <= certificate.retained <= relax(instance).value
    assert instance.feasible(certificate.mask)
    assert len(json.dumps(certificate.fields)) < 40_000
    cost = None if certificate.fields["cost"]["kind"] == "classes" else instance.cost
    assert check_certificate(certificate.fields, instance.update, cost).verdict == "exact"
    if kind == "two-class":
        assert class_optimum(instance).value == certificate.retained


# --- intervals -------------------------------------------------------------------------------------


def test_an_interval_holds_the_optimum():
    """With next to no effort allowed the answer is an interval, and the optimum lies in it."""
    rng = np.random.default_rng(34)
    verdicts = []
    for _ in range(60):
        score, cost = rng.lognormal(size=14), rng.lognormal(size=14)
        instance = Instance.from_scores(score, cost, budget=percent(Fraction(int(rng.integers(5, 95)), 100)))
        certificate, optimum = certify(instance, max_states=4), enumerate_optimum(instance).value
        verdicts.append(certificate.verdict)
        assert certificate.retained <= optimum <= certificate.retained + certificate.gap
        assert certificate.verdict == "interval" or (certificate.gap == 0 and certificate.retained == optimum)
        assert instance.feasible(certificate.mask)
        assert check_certificate(certificate.fields, score, cost, scores=True).verdict == certificate.verdict
    assert verdicts.count("interval") >= 10
    assert "failed" not in verdicts


def test_out_of_reach_is_an_interval_and_says_so():
    """Subset sum on 53-bit numbers with a budget that hardly any subset meets: exactness is beyond any search here."""
    cost = np.random.default_rng(35).uniform(1, 2, 300)
    certificate = certify(Instance.from_scores(cost, cost, 150), max_states=20_000)
    assert certificate.verdict == "interval"
    assert 0 < certificate.relative_gap < 0.01
    assert certificate.retained <= 150 <= certificate.retained + certificate.gap
    assert certificate.reason.startswith("no mask of at most 150 J has a over ")


def test_the_gap_beside_an_empty_mask():
    instance = Instance.from_scores([1.0], 1, 1)
    nothing = Certificate(
        "interval", "", np.zeros(1, bool), Prices(Fraction(0)), Fraction(0), Fraction(0), Fraction(1), {}
    )
    assert nothing.relative_gap == float("inf")
    assert certify(instance.with_budget(Fraction(0))).relative_gap == 0


# --- the two searches ------------------------------------------------------------------------------


def random_problem(rng):
    """Few small integer items, some alike, under random prices, with and without the cardinality cut."""
    n = int(rng.integers(1, 8))
    most = int(rng.choice([3, 10, 100]))
    p = rng.integers(1, most + 1, n).tolist()
    c = rng.integers(1, rng.choice([3, 6]), n).tolist()
    for twin in range(1, n):
        if rng.random() < 0.4:
            p[twin], c[twin] = p[twin - 1], c[twin - 1]
    budget = int(rng.integers(0, sum(c) + 1))
    item = int(rng.integers(0, most + 1)) if rng.random() < 0.6 else None
    return p, c, budget, Fraction(int(rng.integers(0, 9)), int(rng.integers(1, 4))), item


def posed(p, c, budget, energy, item):
    """The core and base of these prices (``item`` None: no cut), and every feasible mask's (loss, deviations)."""
    may = [i for i in range(len(p)) if c[i] <= budget]
    sums = list(itertools.accumulate(sorted(c[i] for i in may)))
    items = sum(s <= budget for s in sums) if item is not None and sums and sums[-1] > budget else 0
    item = Fraction(item) if items else Fraction(0)
    r = {i: p[i] - energy * c[i] - item for i in may}
    inside = {i for i in may if r[i] > 0}
    slack = Fraction(budget - sum(c[i] for i in inside))
    mask = np.array([i in inside for i in range(len(p))])
    base = Base(Prices(energy, item, items), mask, 0, slack, items - len(inside) if items else 0)
    core = [Item(abs(r[i]), Fraction(c[i] if i in inside else -c[i]), i, 1 if i in inside else -1) for i in may]
    losses = []
    for chosen in map(set, itertools.chain.from_iterable(itertools.combinations(may, k) for k in range(len(may) + 1))):
        left = budget - sum(c[i] for i in chosen)
        if left >= 0:
            moved = sorted(inside ^ chosen)
            loss = sum(abs(r[i]) for i in moved) + energy * left + item * (items - len(chosen))
            losses.append((loss, moved))
    return core, base, losses


def assert_least(search, problem, limit):
    core, base, losses = problem
    found = search([x for x in core if x.loss < limit], base, limit, 10**6)
    assert found.finished
    if min(losses)[0] >= limit:
        assert found.best is None
    else:
        assert found.best is not None
        assert found.best[0] == min(losses)[0]
        assert found.best in losses


@pytest.mark.parametrize("search", [ordered, halves])
def test_a_search_finds_the_least_loss_below_its_limit(search):
    rng = np.random.default_rng(36)
    for _ in range(1000):
        problem = posed(*random_problem(rng))
        one_of_them = problem[2][int(rng.integers(len(problem[2])))][0]
        assert_least(search, problem, Fraction(int(rng.integers(0, 60)), 2) if rng.random() < 0.7 else one_of_them)


@pytest.mark.parametrize("search", [ordered, halves])
def test_many_cheap_items_may_replace_a_dear_one_under_the_cut(search):
    """S = {0}; five near-worthless moves that each overrun the budget further, then one that repays them all."""
    problem = posed([250, 109, 109, 109, 109, 109], [5, 1, 1, 1, 1, 1], 5, Fraction(10), 100)
    assert min(problem[2]) == (105, [0, 1, 2, 3, 4, 5])
    assert_least(search, problem, Fraction(214))


# --- files -----------------------------------------------------------------------------------------


def test_written_and_read_back(tmp_path):
    instance = large("two-class")
    certificate = certify(instance, note={"model": "cnn"})
    path = tmp_path / "deep" / "certificate.json"
    certificate.write(path)
    fields = read_certificate(path)
    assert fields == certificate.fields
    assert path.read_text().splitlines()[1].startswith(' "'), "a field a line, by one blank"
    assert "sha256" not in repr(certificate)
    assert fields["note"] == {"model": "cnn"}
    assert check_certificate(fields, instance.update).verdict == "exact"
    assert [p.name for p in path.parent.iterdir()] == ["certificate.json"], "no temporary file is left behind"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is not a certificate"),
        ("[]", "is no JSON object"),
        ("{", "is not a certificate"),
        ('{"format": "cwmp-certificate/1"}', r"format cwmp-certificate/2 \(an earlier one: certify anew\)"),
        ('{"format": "other"}', r"format cwmp-certificate/2$"),
        ("{}", r"format cwmp-certificate/2$"),
        ("\udcff", "is not a certificate"),
    ],
)
def test_unreadable_certificates(tmp_path, text, says):
    path = tmp_path / "c.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=says) as caught:
        read_certificate(path)
    assert "\n" not in str(caught.value)


def test_a_missing_certificate(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*No such file"):
        read_certificate(tmp_path / "none.json")
