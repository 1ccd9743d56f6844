"""The selectors of the proofs, run inside Coq, keep what ours keep; and the counterexample of D9 is the smallest."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from proofs_check.formal.compiling import find_coq
from proofs_check.formal.evaluation import (
    ROUNDINGS,
    SELECTORS,
    InLayers,
    OnPages,
    Rational,
    select,
    select_by_page,
    select_safe,
)
from proofs_check.formal.sources import read_sources
from theory.instance import Instance
from theory.optimum.relaxation import relax
from theory.pages import PageCosts
from theory.selection.paged import by_pages, paged
from theory.selection.safe import safe
from theory.selection.selectors import cwmp, top_k

needs_coq = pytest.mark.skipif(find_coq() is None, reason="needs coqc on the path: install coq")
OURS = {"cwmp": cwmp, "top-k": top_k}


def exact(instance):
    score = tuple(instance.exact_score(i) for i in range(instance.d))
    return Rational(score, tuple(map(Fraction, instance.cost.tolist())), instance.budget)


def ours(instance):
    found = {}
    for name in SELECTORS:
        which, _, rounding = name.partition(" ")
        found[name] = tuple(OURS[which](instance, rounding=rounding).support.tolist())
    return relax(instance).critical_item, found


def every_small_instance():
    """All pairs of items with scores 0..2 and costs 1..3, at every half-integer budget."""
    items = list(itertools.product(range(3), range(1, 4)))
    for pair in itertools.product(items, repeat=2):
        score, cost = np.array(pair, dtype=float).T
        for half in range(int(2 * cost.sum()) + 2):
            yield Instance.from_scores(score, cost, Fraction(half, 2))


def random_instances(number, seed=11):
    """Small integers, so ties of scores and of densities, zeros, unaffordable items and budgets hit exactly abound."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        d = int(rng.integers(0, 8))
        score = rng.integers(0, 7, d) * rng.choice([1.0, 0.5, 0.1], d)
        cost = rng.integers(1, 6, d) * rng.choice([1.0, 2.0, 0.1], d)
        chosen = cost[rng.random(d) < 0.5]
        budget = sum(map(Fraction, chosen.tolist()), Fraction(int(rng.integers(0, 3)), 2))
        yield Instance.from_scores(score, cost, budget)


@needs_coq
@pytest.mark.parametrize("instances", [every_small_instance, lambda: random_instances(2000)], ids=["all", "random"])
def test_the_selectors_of_the_proofs_keep_what_ours_keep(instances):
    given = list(instances())
    assert len(given) >= 500
    for instance, selected in zip(given, select([exact(one) for one in given]), strict=True):
        assert (selected.critical_item, selected.kept) == ours(instance), exact(instance)


def by_the_rules(one, *, lowest_first=True, leave_out_dear=True, leave_out_zeros=True):
    """The prefix of CWMP, and its critical item, by rules that can be broken one at a time."""
    may = [i for i, c in enumerate(one.cost) if c <= one.budget or not leave_out_dear]
    may = [i for i in may if one.score[i] > 0 or not leave_out_zeros]
    order = sorted(may, key=lambda i: (-one.score[i] / one.cost[i], i if lowest_first else -i))
    kept, left = [], one.budget
    for i in order:
        if one.cost[i] > left:
            return i, tuple(sorted(kept))
        kept, left = [*kept, i], left - one.cost[i]
    return None, tuple(sorted(kept))


@needs_coq
def test_each_rule_decides_some_of_the_instances():
    """So a selector that broke one would be seen."""
    given = [exact(one) for one in random_instances(400)]
    found = [(one.critical_item, one.kept["cwmp prefix"]) for one in select(given)]
    assert [by_the_rules(one) for one in given] == found
    for rule in ("lowest_first", "leave_out_dear", "leave_out_zeros"):
        broken = [by_the_rules(one, **{rule: False}) for one in given]
        assert sum(a != b for a, b in zip(broken, found, strict=True)) > 10, rule


@needs_coq
def test_instances_meet_every_rule():
    """Else the comparison above would show little."""
    given = list(random_instances(2000))
    ties = [len({p / c for p, c in zip(one.score, one.cost, strict=True)}) < one.d for one in given]
    dear = [bool((one.cost > float(one.budget)).any()) for one in given]
    zero = [bool((one.score == 0).any()) for one in given]
    differ = [len(set(ours(one)[1].values())) for one in given]
    assert all(sum(some) > 200 for some in (ties, dear, zero))
    assert sum(n > 1 for n in differ) > 300
    assert max(differ) >= 3


# --- selectors by page and by layer -------------------------------------------------------------


def fractions(values):
    return tuple(Fraction(float(x)) for x in values)


def on_pages(scores, costs, sizes, fees, budget):
    """The problem of the proofs, and what ours keeps of it, and at which price."""
    ends = np.cumsum([0, *sizes]).tolist()
    runs = [run for run in itertools.pairwise(ends) if run[0] < run[1]]
    given = PageCosts(runs, np.array(costs, float), [float(f) for f, size in zip(fees, sizes, strict=True) if size])
    kept = by_pages(paged(np.array(scores, float), given, budget, scores=True))
    page = tuple(j for j, size in enumerate(sizes) for _ in range(size))
    problem = OnPages(Rational(fractions(scores), fractions(costs), Fraction(budget)), page, fractions(fees))
    return problem, (tuple(kept.support.tolist()), kept.threshold)


def every_small_page():
    """Three items of scores 0..2 and costs 0..1 on a page, or on two, of fees 0..2, at every whole budget."""
    items = list(itertools.product(range(3), range(2)))
    for number, chosen in enumerate(itertools.product(items, repeat=3)):
        scores, costs = zip(*chosen, strict=True)
        sizes, fees = [((3,), (number % 3,)), ((1, 2), (number % 3, 1)), ((2, 1), (1, number % 2))][number % 3]
        for budget in range(sum(costs) + sum(fees) + 1):
            yield on_pages(scores, costs, sizes, fees, budget)


def random_pages(number, seed=13):
    """Up to eight items on up to four pages, some of them empty; ties, items and pages that are free or too dear."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        d = int(rng.integers(1, 9))
        sizes = np.diff([0, *np.sort(rng.integers(0, d + 1, int(rng.integers(0, 4)))), d]).tolist()
        scores = rng.integers(0, 7, d) * rng.choice([1.0, 0.5, 0.1])
        costs, fees = rng.integers(0, 5, d) * rng.choice([1.0, 0.5]), rng.integers(0, 6, len(sizes)) * 0.5
        yield on_pages(
            scores, costs, sizes, fees, Fraction(int(rng.integers(0, 2 * int(costs.sum() + fees.sum()) + 2)), 2)
        )


@needs_coq
@pytest.mark.parametrize("problems", [every_small_page, lambda: random_pages(1200)], ids=["all", "random"])
def test_the_selector_by_page_of_the_proofs_keeps_what_ours_keeps(problems):
    given, expected = zip(*problems(), strict=True)
    assert len(given) > 500
    assert select_by_page(given) == list(expected)


def pages_by_rules(problem, *, block_first=True, with_page=True, stop=True):
    """What is kept by page, by rules that can be broken one at a time."""
    p, c, b, page, f = problem.of.score, problem.of.cost, problem.of.budget, problem.page, problem.fee
    may = [i for i in range(len(p)) if p[i] > 0 and c[i] + (f[page[i]] if with_page else 0) <= b]
    density = lambda w, x: (x == 0, w / x if x else 0)  # noqa: E731
    entries = []
    for j, fee in enumerate(f):
        block, own = [], [i for i in may if page[i] == j]
        for i in sorted(own, key=lambda i: density(p[i], c[i]), reverse=True):
            if p[i] * (fee + sum(c[k] for k in block)) <= sum(p[k] for k in block) * c[i]:
                break
            block.append(i)
        first = min(own, default=0)
        entries += [((first - block_first, 0), block, fee)] * bool(block) + [
            ((i, 1), [i], 0) for i in own if i not in block
        ]
    priced = [(density(sum(p[i] for i in e), fee + sum(c[i] for i in e)), place, e, fee) for place, e, fee in entries]
    kept, left = [], b
    for _, _, e, fee in sorted(sorted(priced, key=lambda e: e[1]), key=lambda e: e[0], reverse=True):
        if fee + sum(c[i] for i in e) > left:
            if stop:
                break
            continue
        kept, left = kept + e, left - fee - sum(c[i] for i in e)
    return tuple(sorted(kept))


@needs_coq
def test_each_rule_of_pages_decides_some_of_the_problems():
    given = [problem for problem, _ in random_pages(500)]
    found = [kept for kept, _ in select_by_page(given)]
    assert [pages_by_rules(one) for one in given] == found
    for rule in ("with_page", "stop"):
        assert sum(pages_by_rules(one, **{rule: False}) != kept for one, kept in zip(given, found, strict=True)) > 10, (
            rule
        )


def in_layers(instance, sizes, theta):
    """The problem of the proofs, and what ours keeps of it."""
    layer = tuple(k for k, size in enumerate(sizes) for _ in range(size))
    found = {name: safe(instance, sizes, theta, rounding=name) for name in ROUNDINGS}
    kept = {name: tuple(one.support.tolist()) for name, one in found.items()}
    return InLayers(exact(instance), layer, len(sizes), theta), (found["prefix"].critical_item, kept)


def random_layers(number, seed=17):
    """Up to eight items in up to four layers, some of them empty or dear, owed tenths of what Top-K keeps."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        d = int(rng.integers(1, 9))
        sizes = np.diff([0, *np.sort(rng.integers(0, d + 1, int(rng.integers(0, 4)))), d])
        dear = np.repeat(rng.choice([1.0, 2.0], sizes.size), sizes)
        score, cost = rng.integers(0, 7, d) * dear * rng.choice([1.0, 0.5, 0.1]), rng.integers(1, 4, d) * dear * dear
        instance = Instance.from_scores(score, cost, Fraction(int(rng.integers(0, int(1.5 * cost.sum()) + 2)), 2))
        yield in_layers(instance, sizes.tolist(), Fraction(int(rng.integers(0, 11)), 10))


@needs_coq
def test_safe_cwmp_of_the_proofs_keeps_what_ours_keeps():
    """On instances that meet every case: reserves that change what is kept or overrun the budget, fill and best-of."""
    given, expected = zip(*random_layers(1200), strict=True)
    found = select_safe(given)
    assert [(one.critical_item, one.kept) for one in found] == list(expected)
    plain = [one.kept["cwmp prefix"] for one in select([one.of for one in given])]
    assert sum(one.kept["prefix"] != kept for one, kept in zip(found, plain, strict=True)) > 50
    assert sum(reserves_overrun(one) for one in given) > 10
    for a, b in itertools.pairwise(ROUNDINGS):
        assert sum(one.kept[a] != one.kept[b] for one in found) > 20, (a, b)


def reserves_overrun(problem):
    """Whether whole reserves cost more than the budget."""
    p, c, b = problem.of.score, problem.of.cost, problem.of.budget
    may, spent = [i for i in range(len(p)) if p[i] > 0 and c[i] <= b], Fraction(0)
    kept, left = [], b
    for i in sorted(may, key=lambda i: (-p[i], i)):
        if c[i] > left:
            break
        kept, left = [*kept, i], left - c[i]
    for layer in range(problem.layers):
        owed = problem.theta * sum(p[i] for i in kept if problem.layer[i] == layer)
        for i in sorted((i for i in may if problem.layer[i] == layer), key=lambda i: (-p[i] / c[i], i)):
            spent, owed = spent + (c[i] if owed > 0 else 0), owed - p[i]
    return spent > b


# --- the smallest counterexample without ties ----------------------------------------------------


def strict_failures(costs, scores):
    """Whole numbers that sum to no more than these, no two of one density, where the prefix misses OPT."""
    item = list(itertools.product(range(1, scores + 1), range(1, costs + 1)))
    for d in range(1, costs + 1):
        for items in itertools.product(item, repeat=d):
            score, cost = zip(*items, strict=True)
            if sum(score) > scores or sum(cost) > costs or len({Fraction(*item) for item in items}) < d:
                continue
            for budget in range(sum(cost) + 1):
                found = cwmp(Instance.from_scores(np.array(score, float), np.array(cost, float), budget))
                fits = [m for m in itertools.product((0, 1), repeat=d) if np.dot(m, cost) <= budget]
                if found.retained < max(np.dot(m, score) for m in fits):
                    yield score, cost, budget


def test_the_strict_counterexample_of_d9_is_the_smallest():
    """By the sum of its costs, and among those of its scores."""
    assert set(strict_failures(3, 5)) == {((2, 3), (1, 2), 2), ((3, 2), (2, 1), 2)}
    assert "of_lists [2; 3] [1; 2] 2" in read_sources()["D09"].text
