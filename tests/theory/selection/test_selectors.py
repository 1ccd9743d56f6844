"""Selectors: order, ties, affordability and the three roundings, against a plain reference in Fractions."""

import re
from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from catalogue import CASES, mask
from hypothesis import given
from hypothesis import strategies as st

from proofs_check.methods.instances import instances
from theory import CostClasses, InputError, Instance, cwmp, random_k, top_k
from theory.selection import bracket, selectors
from theory.selection.bracket import greedy_prefix
from theory.selection.entries import entries_of
from theory.selection.rounding import Selection
from theory.selection.safe import safe
from theory.selection.selectors import loss_weight, selector_named

ROUNDINGS = ("prefix", "fill", "best-of")


def slow(instance, order, rounding, worth=None):
    """One item at a time, in exact arithmetic, as the definition says; the set of items kept."""
    kept, left = set(), instance.budget
    for i in order:
        if Fraction(instance.cost[i]) <= left:
            kept.add(int(i))
            left -= Fraction(instance.cost[i])
        elif rounding == "prefix":
            break
    worth = instance.score if worth is None else worth
    if rounding == "best-of" and order:
        single = max(order, key=lambda i: (worth[i], -i))
        if Fraction(worth[single]) > sum(Fraction(worth[i]) for i in kept):
            kept = {int(single)}
    return kept


def slow_order(instance, weight, cost):
    """Affordable items of positive weight by ``weight/cost`` falling, ties by index."""
    may = [i for i in range(instance.d) if weight[i] > 0 and Fraction(instance.cost[i]) <= instance.budget]
    return sorted(may, key=lambda i: (-Fraction(weight[i]) / Fraction(cost[i]), i))


def check(selection, instance, items):
    assert set(selection.support.tolist()) == items
    assert selection.mask.shape == (instance.d,)
    assert selection.mask.dtype == bool
    assert selection.spent == sum((Fraction(instance.cost[i]) for i in items), Fraction(0)) <= instance.budget
    assert selection.retained == sum((instance.exact_score(i) for i in items), Fraction(0))


def check_critical(selection, instance, order, per_joule):
    """The first item of the order that the prefix leaves out, and its weight by the cost that the order divides by."""
    left = instance.budget
    for i in order:
        left -= Fraction(instance.cost[i])
        if left < 0:
            cost = Fraction(instance.cost[i]) if per_joule else 1
            assert (selection.critical_item, selection.threshold) == (i, Fraction(instance.score[i]) / cost)
            return
    assert (selection.critical_item, selection.threshold) == (None, 0)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_catalogue(case):
    instance = case.instance()
    for rounding, items in zip(ROUNDINGS, (case.prefix, case.fill, case.best_of), strict=True):
        selection = cwmp(instance, rounding=rounding)
        assert selection.mask.tolist() == mask(case, items), rounding
        check(selection, instance, set(items))


@given(instances(max_items=9), st.sampled_from(ROUNDINGS))
def test_cwmp_is_the_reference(instance, rounding):
    order = slow_order(instance, instance.score, instance.cost)
    selection = cwmp(instance, rounding=rounding)
    check(selection, instance, slow(instance, order, rounding))
    check_critical(selection, instance, order, per_joule=True)


@given(instances(max_items=9), st.sampled_from(ROUNDINGS))
def test_top_k_is_the_reference(instance, rounding):
    order = slow_order(instance, instance.score, np.ones(instance.d))
    selection = top_k(instance, rounding=rounding)
    check(selection, instance, slow(instance, order, rounding))
    check_critical(selection, instance, order, per_joule=False)


def test_fill_goes_on_with_what_is_left_after_every_gap():
    """6 of 10 are spent, 5 do not fit; then 2 do, 3 do not, and of three ones two do."""
    instance = Instance.from_scores([60.0, 45, 16, 21, 6, 5, 4], [6.0, 5, 2, 3, 1, 1, 1], 10)
    assert cwmp(instance, rounding="fill").support.tolist() == [0, 2, 4, 5]


def test_best_of_keeps_the_set_that_one_item_only_equals():
    instance = Instance.from_scores([1.0, 1.0, 2.0], [1.0, 1.0, 2.0], 2)
    assert cwmp(instance, rounding="best-of").mask.tolist() == [True, True, False]
    assert cwmp(instance.from_scores([1.0, 1.0, 2.5], [1.0, 1.0, 2.6], 3), rounding="best-of").mask.tolist() == [
        False,
        False,
        True,
    ]


@given(instances(max_items=9), st.integers(0, 99), st.sampled_from(ROUNDINGS))
def test_random_k_follows_the_budget_rule(instance, seed, rounding):
    may = slow_order(instance, instance.score, instance.cost)
    order = [int(i) for i in np.random.default_rng(seed).permutation(instance.d) if i in may]
    check(random_k(instance, seed, rounding=rounding), instance, slow(instance, order, rounding))


def test_random_k_is_uniform():
    """Each of three equal items fits alone: each is drawn a third of the time (5 sigma)."""
    instance = Instance([1, 1, 1], 1, 1)
    generator = np.random.default_rng(0)
    counts = np.sum([random_k(instance, generator).mask for _ in range(3000)], axis=0)
    assert counts.sum() == 3000
    assert np.all(np.abs(counts - 1000) < 5 * np.sqrt(3000 * 2 / 9))


# --- losses ----------------------------------------------------------------------------------------

UPDATES = st.lists(st.tuples(st.sampled_from([0.0, 0.5, -1.0, 2.0, -3.0, 0.1, 7.25]), st.integers(1, 6)), max_size=9)


@given(UPDATES, st.integers(0, 20), st.sampled_from(ROUNDINGS))
def test_every_loss_orders_by_its_weight(items, budget, rounding):
    g, c = [g for g, _ in items], [c for _, c in items]
    instance = Instance(np.array(g), np.array(c), budget)
    magnitude = np.abs(instance.update)
    for loss, weight in (("l2", magnitude**2), ("l1", magnitude), (np.log1p, np.log1p(magnitude))):
        order = slow_order(instance, weight, instance.cost)
        check(cwmp(instance, loss=loss, rounding=rounding), instance, slow(instance, order, rounding, weight))


def test_losses_differ_where_they_should():
    """g = (1, 3), c = (1, 5): by g^2/c the second comes first, by |g|/c the first does."""
    instance = Instance([1.0, -3.0], [1, 5], 5)
    assert cwmp(instance).support.tolist() == [1]
    assert cwmp(instance, loss="l1").support.tolist() == [0]
    assert top_k(instance).support.tolist() == [1]
    assert cwmp(instance, loss=np.sqrt).support.tolist() == [0]


def test_a_loss_may_call_an_item_worthless():
    instance = Instance([1.0, 3.0], 1, 2)
    assert cwmp(instance, loss=lambda g: np.maximum(g - 2, 0)).support.tolist() == [1]


def test_bad_requests():
    instance = Instance([1.0, 2.0], 1, 1)
    with pytest.raises(InputError, match="rounding must be one of prefix, fill, best-of, got 'ceil'"):
        cwmp(instance, rounding="ceil")
    for call in (lambda: top_k(instance, rounding=""), lambda: random_k(instance, 0, rounding="x")):
        with pytest.raises(InputError, match="rounding must be one of"):
            call()
    with pytest.raises(InputError, match="loss must be 'l2', 'l1' or a function"):
        cwmp(instance, loss="l3")
    with pytest.raises(InputError, match="the instance was made from scores"):
        cwmp(Instance.from_scores([1.0], 1, 1), loss="l1")
    wrong = (
        lambda g: -g,
        lambda g: -g / 100,
        lambda g: g[:1],
        lambda g: np.r_[g, g],
        lambda g: g * np.nan,
        lambda g: 1.0,
    )
    for loss in wrong:
        with pytest.raises(InputError, match="finite non-negative weights of the same shape"):
            loss_weight(instance, loss)


def test_what_a_coordinate_weighs_under_each_loss():
    update = np.array([-3.0, 0.0, 0.5], dtype=np.float32)
    instance = Instance(update, 1, 2)
    assert loss_weight(instance, "l2").tolist() == [9.0, 0.0, 0.25]
    assert loss_weight(instance, "l1").tolist() == [3.0, 0.0, 0.5]
    assert loss_weight(instance, lambda x: x**3).tolist() == [27.0, 0.0, 0.125]
    assert loss_weight(Instance.from_scores([4, 1], 1, 1), "l2").tolist() == [4.0, 1.0]


@pytest.mark.parametrize("loss", ["l2", "l1", np.cbrt])
def test_large_arrays_as_they_are_give_what_an_instance_gives(loss):
    """They are selected in the pass that checks them, an instance's scores are formed before."""
    rng = np.random.default_rng(14)
    g, c = rng.standard_t(3, LARGE).astype(np.float32), rng.lognormal(size=LARGE)
    order = slow_order(Instance(g, c, 300), {"l2": np.square, "l1": np.abs}.get(loss, loss)(np.abs(g.astype(float))), c)
    for rounding in ROUNDINGS:
        found, same = (
            cwmp(g, c, 300, loss=loss, rounding=rounding),
            cwmp(Instance(g, c, 300), loss=loss, rounding=rounding),
        )
        assert np.array_equal(found.mask, same.mask)
        assert (found.spent, found.retained, found.critical_item) == (same.spent, same.retained, same.critical_item)
    kept = cwmp(g, c, 300, loss=loss).mask
    assert kept[order[: kept.sum()]].all()


@pytest.mark.parametrize("more", [-1, 0, 1])
def test_large_arrays_alone_are_checked_in_the_pass_that_selects(monkeypatch, more):
    """Small ones, those that the pass hands on, and losses of one's own go through an instance."""
    d, large, passes, made = bracket.SMALL + more, int(more > 0), [], []
    fast, instance = selectors.bracketed_prefix, selectors.Instance
    spied = type(
        "Spied", (instance,), {"__init__": lambda self, *given: made.append(1) or instance.__init__(self, *given)}
    )
    monkeypatch.setattr(selectors, "bracketed_prefix", lambda *given, **how: passes.append(1) or fast(*given, **how))
    monkeypatch.setattr(selectors, "Instance", spied)
    g, c = np.arange(1.0, d + 1), np.ones(d)
    assert np.flatnonzero(cwmp(g, c, 3).mask).tolist() == [d - 3, d - 2, d - 1]
    assert (len(passes), len(made)) == (large, 1 - large)
    monkeypatch.setattr(selectors, "bracketed_prefix", lambda *given, **how: passes.append(1))
    assert np.flatnonzero(cwmp(g, c, 3).mask).tolist() == [d - 3, d - 2, d - 1]
    assert (len(passes), len(made)) == (2 * large, 2 - large)
    assert np.flatnonzero(cwmp(g, c, 3, loss=np.abs).mask).tolist() == [d - 3, d - 2, d - 1]
    assert (len(passes), len(made)) == (2 * large, 3 - large)


@pytest.mark.parametrize("threads", [0, -1, 1.0, True, "2"])
def test_threads_are_a_whole_number(threads):
    with pytest.raises(InputError, match="threads must be a whole number >= 1"):
        top_k(Instance([1.0], 1, 1), threads=threads)


def test_an_instance_brings_cost_and_budget():
    instance = Instance([1.0, 2.0], 1, 1)
    for more in ({"cost": 1}, {"budget": 1}, {"cost": 1, "budget": 1}):
        with pytest.raises(InputError, match="an instance has its own cost and budget"):
            cwmp(instance, **more)
    assert cwmp(instance, threads=1).mask.tolist() == [False, True]


def test_out_is_of_the_right_kind():
    instance = Instance([1.0, 2.0], 1, 1)
    out = np.ones(2, dtype=bool)
    assert cwmp(instance, out=out).mask is out
    assert out.tolist() == [False, True]
    for shape in ((1,), (3,), (1, 2), (2, 1)):
        with pytest.raises(InputError, match=re.escape(f"out must be bool of shape (2,), got bool of shape {shape}")):
            cwmp(instance, out=np.ones(shape, dtype=bool))
    out.flags.writeable = False
    with pytest.raises(InputError, match="out is read-only: the mask cannot be written to it"):
        cwmp(instance, out=out)
    with pytest.raises(InputError, match=r"out must be bool of shape \(2,\), got int8 of shape \(2,\)"):
        cwmp(np.ones(2), 1, 1, out=np.ones(2, dtype=np.int8))
    with pytest.raises(InputError, match=r"out must be a bool array or tensor of shape \(2,\), got list"):
        cwmp(np.ones(2), 1, 1, out=[True, False])


def test_selectors_by_their_names():
    g, c = np.array([1.0, -3.0, 2.0]), np.array([1.0, 5.0, 1.0])
    assert selector_named("cwmp")(g, c, 5).mask.tolist() == [False, False, True]
    assert selector_named("cwmp", "l1")(g, c, 5).mask.tolist() == [True, False, True]
    assert selector_named("top-k")(g, c, 5).mask.tolist() == [False, True, False]
    kept = selector_named("safe", layers=[2, 1], safety="1")(g, c, 5)
    assert kept.mask.tolist() == safe(g, [2, 1], "1", cost=c, budget=5).mask.tolist()
    for name, loss in (("best", "l2"), ("a", "l2"), ("topk", "l2"), ("sage", "l2")):
        with pytest.raises(InputError, match="selector must be cwmp, top-k or safe"):
            selector_named(name, loss)
    for name in ("top-k", "safe"):
        for loss in ("l1", "l3", np.abs):
            with pytest.raises(InputError, match="a loss is for cwmp only"):
                selector_named(name, loss, layers=[3])
    with pytest.raises(InputError, match="safe needs the layers"):
        selector_named("safe")
    with pytest.raises(InputError, match="safety"):
        selector_named("safe", layers=[3], safety=2)


# --- large updates ---------------------------------------------------------------------------------


LARGE = 20_000  # large enough that the prefix is found without sorting all items


def large_costs(kind, rng):
    return {
        "lognormal": lambda: rng.lognormal(sigma=2, size=LARGE),
        "integers": lambda: rng.integers(1, 5, LARGE).astype(float),
        "two-class": lambda: CostClasses(rng.integers(0, 2, LARGE), ["0.1", "1.0"]),
        "one dear": lambda: np.where(np.arange(LARGE) == 777, 1e6, 1.0),
        "denormal": lambda: rng.integers(1, 9, LARGE) * 5e-324,
        "near overflow": lambda: rng.uniform(1e303, 4e303, LARGE),
    }[kind]()


@pytest.mark.parametrize("kind", ["lognormal", "integers", "two-class", "one dear", "denormal", "near overflow"])
@pytest.mark.parametrize("ties", [False, True])
def test_large_prefix_is_the_sorted_prefix(kind, ties):
    """Budgets from nothing to more than float64 holds, against a sort by Fractions; with scores 0..3 most items tie."""
    rng = np.random.default_rng(11)
    score = rng.integers(0, 4, LARGE).astype(float) if ties else rng.standard_normal(LARGE).astype(np.float32) ** 2
    base = Instance.from_scores(score, large_costs(kind, rng), 0)
    cost = [Fraction(c) for c in base.cost.tolist()]
    unit = max(c.denominator for c in cost)
    whole = [int(c * unit) for c in cost]
    density = [Fraction(p) / c for p, c in zip(score.tolist(), cost, strict=True)]
    order = [i for i in sorted(range(LARGE), key=density.__getitem__, reverse=True) if score[i] > 0]  # a stable sort
    shares = [Fraction(share) * base.total_cost for share in ("0", "1e-5", "0.01", "0.3", "0.99999", "1")]
    for budget in [*shares, Fraction(10) ** 400]:
        found, left = greedy_prefix(entries_of(base), budget), budget * unit
        may = [i for i in order if whole[i] <= left]
        sums = list(accumulate(whole[i] for i in may))
        taken = bisect_right(sums, left)
        assert sorted(may[:taken]) == np.flatnonzero(found.mask).tolist()
        assert found.spent * unit == (sums[taken - 1] if taken else 0)
        assert found.critical_item == (may[taken] if taken < len(may) else None)


@pytest.mark.parametrize("sampled", [True, False])
def test_budgets_that_meet_the_edge_of_a_bracket(sampled):
    """One item costs as much as fifty times the rest and comes first; a sample with or without it misjudges the budget.

    The budgets run over those at which the critical item is an edge of the bracket that the sample gives.
    """
    drawn = bracket._drawn(LARGE, bracket._sample_size(LARGE))
    dear = int(drawn[0]) if sampled else int(np.setdiff1d(np.arange(LARGE), drawn)[0])
    score, cost = np.random.default_rng(13).permutation(np.arange(1.0, LARGE + 1)), np.ones(LARGE)
    score[dear], cost[dear] = 1e12, 1e6
    order = np.argsort(-score)
    entries = entries_of(Instance.from_scores(score, cost, 0))
    met = 0
    for more in range(1, LARGE - 1):
        budget, critical = Fraction(10**6 + more), float(score[order[more + 1]])
        edges = bracket.bracket_of(bracket.sampled(entries, budget, 1), budget, LARGE, 3.5)
        if min(abs(critical - edge) for edge in edges) > 40:
            continue
        met += 1
        found = greedy_prefix(entries, budget)
        assert np.array_equal(np.sort(order[: more + 1]), np.flatnonzero(found.mask))
        assert (found.spent, found.critical_item) == (10**6 + more, order[more + 1])
    assert met > 2


# --- invariances -----------------------------------------------------------------------------------


@given(st.permutations(range(8)), st.integers(1, 60))
def test_permuting_the_coordinates_permutes_the_mask(order, budget):
    """Distinct densities and distinct scores, so that no tie is broken by the index."""
    score, cost = np.array([3, 50, 7, 1, 20, 11, 60, 5.0]), np.array([2, 9, 3, 5, 7, 1, 17, 11.0])
    straight, shuffled = (
        Instance.from_scores(score, cost, budget),
        Instance.from_scores(score[order], cost[order], budget),
    )
    for rounding in ROUNDINGS:
        for select in (cwmp, top_k):
            expected = select(straight, rounding=rounding).mask[order]
            assert select(shuffled, rounding=rounding).mask.tolist() == expected.tolist()


@given(instances(max_items=8))
def test_roundings_improve_on_one_another(instance):
    prefix, fill, best = (cwmp(instance, rounding=r) for r in ROUNDINGS)
    assert not (prefix.mask & ~fill.mask).any()
    assert prefix.retained <= fill.retained <= best.retained
    for i in slow_order(instance, instance.score, instance.cost):
        assert best.retained >= Fraction(instance.score[i])
    assert not fill.mask[instance.score == 0].any()


def test_equal_costs_make_cwmp_top_k():
    rng = np.random.default_rng(12)
    for k in range(20):
        instance = Instance(rng.standard_normal(50).astype(np.float32), "0.3", Fraction(3 * k, 10))
        assert cwmp(instance).mask.tolist() == top_k(instance).mask.tolist()
        assert cwmp(instance).support.size == k


def test_a_selection_shows_joules():
    kept = np.array([True, False, True])
    selection = Selection(kept, Fraction(6), Fraction(1), unit=Fraction(1, 4))
    assert repr(selection) == "Selection(2 of 3 kept, spent=1.5)"
    plain = Selection(kept, Fraction(6), Fraction(1))
    assert (plain.unit, plain.critical_item, plain.threshold) == (1, None, None)
