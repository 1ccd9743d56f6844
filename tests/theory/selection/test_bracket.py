"""The fast prefix is the sorted prefix, bit for bit: every width, every kind of cost, any number of threads."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from large_updates import COSTS, RNG, SHARES, UPDATES, D, costs, updates

from proofs_check.methods.instances import instances
from theory import CostClasses, InputError, Instance, cwmp, relax, top_k
from theory.arithmetic import compiled_loops
from theory.budget import percent
from theory.selection import bracket, scan, scan_numpy
from theory.selection import critical_item as finish
from theory.selection.bracket import bracketed_prefix, greedy_prefix
from theory.selection.entries import Entries, entries_of
from theory.selection.order import density_order, longest_affordable, sorted_prefix


@pytest.fixture(autouse=True, params=["numpy", "compiled"])
def several_chunks(monkeypatch, request):
    """Chunks and threads as a large update would have them, by NumPy and by the compiled loops."""
    if request.param == "compiled":
        pytest.importorskip("numba")
    monkeypatch.setattr(compiled_loops, "FROM", 1 if request.param == "compiled" else 1 << 60)
    monkeypatch.setattr(compiled_loops, "PATIENCE", 0)
    monkeypatch.setattr(scan, "_CHUNK", 1 << 14)
    monkeypatch.setattr(compiled_loops, "SPAN", 1 << 15)
    monkeypatch.setattr(scan_numpy, "LISTED", 2 * compiled_loops.BLOCK)  # soon full
    monkeypatch.setattr(bracket, "IN_ORDER", 1 << 14)
    for module in (bracket, finish):
        monkeypatch.setattr(module, "SCATTERED", 1 << 7)
    monkeypatch.setattr(bracket, "_SORTED", 1 << 8)


def reference(instance, weight, *, by_cost=True):
    """Sort everything."""
    return sorted_prefix(weight, instance.cost, instance.budget, by_cost=by_cost)


def same(selection, expected, instance, weight, *, by_cost=True):
    assert np.array_equal(selection.mask, expected.mask)
    assert selection.mask.dtype == bool
    assert (selection.spent, selection.critical_item) == (expected.spent, expected.critical_item)
    s = expected.critical_item
    threshold = Fraction(0) if s is None else Fraction(weight[s]) / (Fraction(instance.cost[s]) if by_cost else 1)
    assert selection.threshold == threshold
    assert selection.retained == instance.retained(expected.mask)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("update", ["gaussian", "few values", "mostly zeros"])
def test_arrays_and_instances_give_the_sorted_prefix(update, cost, dtype):
    g, c = updates(update, dtype), costs(cost)
    instance = Instance(g, c, 0)
    for k, share in enumerate(SHARES):
        under = instance.with_budget(Fraction(share) * instance.total_cost)
        expected = reference(under, instance.score)
        joules = under.budget * instance.unit
        same(cwmp(under), expected, instance, instance.score)
        same(cwmp(g, c, joules, threads=1 + k % 3), expected, instance, instance.score)
        if k % 3 == 0:
            same(cwmp(g, c, budget=percent(share)) if joules else cwmp(g, c, 0), expected, instance, instance.score)
            found = relax(under)
            assert (found.critical_item, found.spent) == (expected.critical_item, expected.spent)
        flat = reference(under, instance.score, by_cost=False)
        same(top_k(g, c, joules), flat, instance, instance.score, by_cost=False)
        magnitude = np.abs(g.astype(np.float64))
        same(cwmp(g, c, joules, loss="l1"), reference(under, magnitude), instance, magnitude)


@pytest.mark.parametrize("update", UPDATES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_updates_of_every_scale(update, dtype):
    g, c = updates(update, dtype), costs("lognormal")
    instance = Instance(g, c, budget="5%")
    same(cwmp(g, c, instance.budget), reference(instance, instance.score), instance, instance.score)


def test_budgets_that_are_met_exactly():
    """Integer costs: every budget that is a prefix's cost, and one unit less."""
    g, c = updates("gaussian", np.float32), costs("integers")
    instance = Instance(g, c, 0)
    order = density_order(instance.score, instance.cost)
    sums = np.cumsum(instance.cost[order])
    for k in range(50, D, 6_000):
        for less in (0, 1):
            under = instance.with_budget(Fraction(int(sums[k]) - less))
            same(cwmp(g, c, int(sums[k]) - less), reference(under, instance.score), instance, instance.score)
            assert cwmp(under).mask.sum() == longest_affordable(instance.cost[order], under.budget)[0]


def test_the_fast_way_is_taken():
    """Where it can be: a test of a path that is never walked would prove nothing."""
    for update in ("gaussian", "few values", "mostly zeros", "heavy-tailed"):
        for cost in ("lognormal", "integers", "layers", "classes", "forty classes", "one cost"):
            instance = Instance(updates(update, np.float32), costs(cost), budget="10%")
            assert bracketed_prefix(entries_of(instance), instance.budget) is not None, (update, cost)


@pytest.mark.parametrize("share", [1e-4, 0.01, 0.3, 0.9, 1.0, 1.1])
def test_a_sample_of_the_sample_changes_no_bracket(monkeypatch, share):
    """With costs that are whole numbers, sums are the same in any order."""
    for seed in range(20):
        rng = RNG(seed)
        key, cost = rng.standard_t(3, 20_000) ** 2, rng.integers(1, 30, 20_000).astype(float)
        found = []
        for most in (1 << 8, 1 << 12, 1 << 30):
            monkeypatch.setattr(bracket, "_SORTED", most)
            found.append(bracket.enclosed(key, cost, share * cost.sum(), 3.5))
        low, high = found[-1]
        assert found == [(low, high)] * 3
        assert share > 1 or ((key >= low) & (key < high)).any()


_TRIED = {"bracketed": 0}


@given(instances(min_items=1, max_items=9), st.booleans(), st.sampled_from([(3.5,), (0.0,), (0.0, 0.4, 3.5)]))
def test_small_hard_instances_through_the_same_code(instance, by_cost, widths):
    """Chunks of three items, a sample of a few, brackets that are too narrow: right, or handed on, never wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "_CHUNK", 3)
        patch.setattr(finish, "_BINS", 2)
        for module in (bracket, finish):
            patch.setattr(module, "SCATTERED", 1)
        patch.setattr(bracket, "IN_ORDER", 3)
        patch.setattr(bracket, "WIDTHS", widths)
        patch.setattr(bracket, "_sample_size", lambda d: 1 + d // 3)
        expected = sorted_prefix(instance.score, instance.cost, instance.budget, by_cost=by_cost)
        entries = Entries(instance.score, "given", instance.cost, by_cost=by_cost)
        for threads in (1, 2):
            found = bracketed_prefix(entries, instance.budget, threads=threads)
            if found is not None:
                _TRIED["bracketed"] += 1
                assert found.mask.tolist() == expected.mask.tolist()
                assert found[1:] == expected[1:]


def test_the_small_hard_instances_were_not_all_handed_on():
    if not _TRIED["bracketed"]:
        test_small_hard_instances_through_the_same_code()
    assert _TRIED["bracketed"] > 50


def test_brackets_that_end_next_to_the_critical_item(monkeypatch):
    """Thousands of ratios closer to one another than float32 can tell: right, or seen to be a miss, never wrong."""
    rng = RNG(9)
    g, c = (1 + rng.integers(0, 40, D) * 2.0**-23 for _ in range(2))
    instance = Instance(g.astype(np.float32), c.astype(np.float32), budget="30%")
    expected = reference(instance, instance.score)
    entries = Entries(instance.update, "square", instance.cost.astype(np.float32))
    s = expected.critical_item
    critical = instance.score[s] / instance.cost[s]
    near = [np.nextafter(critical, 2), *(critical * (1 + k * 2.0**-23) for k in range(-12, 13))]
    answered = 0
    for low in [0.0, *near]:
        for high in [*near, np.inf]:
            if low < high:
                monkeypatch.setattr(bracket, "bracket_of", lambda *_, edges=(float(low), float(high)): edges)
                found = bracketed_prefix(entries, instance.budget)
                assert found is not None or not low <= critical < high
                if found is not None:
                    answered += 1
                    assert np.array_equal(found.mask, expected.mask)
                    assert found[1:] == expected[1:]
    assert answered > 50


@pytest.mark.parametrize("kind", ["lognormal", "layers"])
def test_threads_draw_the_sample_that_one_thread_draws(kind):
    instance = Instance(updates("mostly zeros", np.float32), costs(kind), budget="10%")
    one, three = (bracket.sampled(entries_of(instance), instance.budget, n) for n in (1, 3))
    assert one.size == three.size > one.key.size > 0
    assert np.array_equal(one.key, three.key)
    assert np.array_equal(one.cost, three.cost)


def test_a_bin_wrongly_chosen_changes_nothing(monkeypatch):
    """Bounds between the listed items that are too high, too low, empty, without end: as an order of them has it."""
    g, c = updates("gaussian", np.float32), costs("lognormal")
    for share in ("0.1", "0.9999"):
        instance = Instance(g, c, budget=percent(share))
        expected = reference(instance, instance.score)
        for first, last in ((0, 5), (3, 3), (50, 60), (0, 10**6), (10**6, 10**6)):

            def wrong(d, lists, left, first=first, last=last):
                ranked = np.sort(np.concatenate([[np.inf, 0.0], *(key for _, key, _ in lists)]))[::-1]
                return ranked[min(last, ranked.size - 1)], ranked[min(first, ranked.size - 1)]

            monkeypatch.setattr(finish, "_narrowed", wrong)
            same(cwmp(instance), expected, instance, instance.score)


def test_an_item_that_misses_the_budget_by_less_than_float32_tells():
    g, c = updates("gaussian", np.float32), np.full(D, 2.0**-20, dtype=np.float32)
    c[777], g[777] = 1 + 2.0**-23, 1e6
    for less in (0.0, 2.0**-40):
        selection = cwmp(g, c, float(c[777]) - less)
        assert selection.mask[777] == (less == 0)
        assert selection.spent <= Fraction(float(c[777])) - Fraction(less)


@pytest.mark.parametrize("share", ["0.3", "0.7", "1", "1.5"])
def test_ratios_that_float64_cannot_hold(share):
    """A budget that ends among a hundred items whose weight per cost overflows, or soon after them."""
    g, c = updates("gaussian", np.float64), 1e-40 * costs("lognormal").astype(np.float64)
    g[::700] = 1e140 * RNG(5).uniform(1, 2, D // 700)
    instance = Instance(g, c, Fraction(share) * sum(map(Fraction, c[::700].tolist())))
    expected = reference(instance, instance.score)
    same(cwmp(instance), expected, instance, instance.score)
    same(cwmp(g, c, instance.budget), expected, instance, instance.score)


def test_the_best_item_is_dearer_than_the_budget():
    g, c = updates("gaussian", np.float32), costs("lognormal")
    c[777], g[777] = 1000, 1e6
    for budget in (999, 1000):
        instance = Instance(g, c, budget)
        for by_cost, select in ((True, cwmp), (False, top_k)):
            expected = reference(instance, instance.score, by_cost=by_cost)
            same(select(g, c, budget), expected, instance, instance.score, by_cost=by_cost)
            assert expected.mask[777] == (budget == 1000)
            if budget == 999:  # at 1000 the sample may not know of it, and the bracket miss
                assert bracketed_prefix(entries_of(instance, by_cost=by_cost), instance.budget) is not None


def test_unequal_ratios_with_equal_quotients_at_the_threshold():
    """Costs proportional to the scores: thousands of items whose float quotients tie while their ratios may not."""
    rng = RNG(8)
    score = rng.integers(1, 1 << 53, D).astype(float)
    cost = score * 3  # rounded: most ratios are near 1/3 and round to the same few quotients
    for share in (0.2, 0.5):
        budget = Fraction(float(cost.sum() * share))
        entries = Entries(score, "given", cost)
        found, expected = greedy_prefix(entries, budget), sorted_prefix(score, cost, budget)
        assert np.array_equal(found.mask, expected.mask)
        assert found[1:] == expected[1:]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("select", [cwmp, top_k])
def test_not_finite_is_refused_wherever_it_is(select, bad, dtype):
    g, c = updates("gaussian", dtype), costs("lognormal")
    for cost in (c, costs("layers"), "1"):
        for at in (0, scan._CHUNK - 1, scan._CHUNK, D - 1):
            broken = g.copy()
            broken[at] = bad
            with pytest.raises(InputError, match=rf"update\[{at}\] = .*every entry must be finite"):
                select(broken, cost, 100)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -1.0])
@pytest.mark.parametrize("budget", ["0.5", "50%"])
def test_costs_that_are_none_are_refused_wherever_they_are(bad, budget):
    g = updates("gaussian", np.float32)
    for at in (0, scan._CHUNK, D - 1):
        broken = costs("lognormal")
        broken[at] = bad
        for select in (cwmp, top_k):
            with pytest.raises(InputError, match=rf"cost\[{at}\]"):
                select(g, broken, budget)


@pytest.mark.parametrize("select", [cwmp, top_k])
@pytest.mark.parametrize("bad", [2, -1])
def test_a_class_that_there_is_not_is_refused_wherever_it_is(select, bad):
    g, drawn = updates("gaussian", np.float32), bracket._drawn(D, bracket._sample_size(D))
    for at in (drawn[0], drawn[-1], np.setdiff1d(np.arange(D), drawn)[0]):
        for threads, budget in ((1, "0.5"), (3, "0.5"), (1, "50%")):
            labels = np.zeros(D, dtype=int)
            labels[at] = bad
            with pytest.raises(InputError, match=r"labels must lie in 0\.\.1"):
                select(g, CostClasses(labels, [1, 2]), budget, threads=threads)


def test_entries_that_cannot_be_squared_are_scaled():
    g = np.full(D, 1e-200)
    assert cwmp(g, 1, D // 2).mask.sum() == D // 2
    g[5] = 1e200
    assert np.flatnonzero(cwmp(g, 1, 10).mask).tolist() == [*range(10)]
    assert np.flatnonzero(cwmp(g[::-1], 1, 1).mask).tolist() == [D - 6]
    assert cwmp(g, 1, budget="100%").mask.all()


def test_the_mask_goes_where_it_is_wanted():
    g, c = updates("gaussian", np.float32), costs("lognormal")
    for size in (D, 100):
        out = np.ones(size, dtype=bool)
        for select in (cwmp, top_k):
            assert select(g[:size], c[:size], budget="10%", out=out).mask is out
            assert np.array_equal(out, select(g[:size], c[:size], budget="10%").mask)
    for wrong in (np.ones(D - 1, dtype=bool), np.ones(D)):
        with pytest.raises(InputError, match=rf"out must be bool of shape \({D},\)"):
            cwmp(g, c, 1, out=wrong)


def test_strided_arrays_and_inputs_are_left_alone():
    g, c = updates("gaussian", np.float32), costs("lognormal")
    both = np.stack([g, c], axis=1)
    before = both.copy()
    expected = cwmp(g, c, budget="10%").mask
    assert np.array_equal(cwmp(both[:, 0], both[:, 1], budget="10%").mask, expected)
    assert np.array_equal(cwmp(g[::-1], c[::-1], budget="10%").mask[::-1], expected)
    assert np.array_equal(both, before)


def test_roundings_of_large_instances():
    g, c = updates("gaussian", np.float32), costs("lognormal")
    prefix, fill, best = (cwmp(g, c, budget="1%", rounding=r) for r in ("prefix", "fill", "best-of"))
    assert not (prefix.mask & ~fill.mask).any()
    assert fill.spent <= Instance(g, c, budget="1%").budget
    left = Instance(g, c, budget="1%").budget - fill.spent
    assert all(Fraction(x) > left for x in c[~fill.mask & (g != 0)].tolist())
    assert best.retained >= fill.retained > prefix.retained


def test_bad_calls():
    g, c = updates("gaussian", np.float32), costs("lognormal")
    with pytest.raises(InputError, match="threads must be a whole number >= 1, got 0"):
        cwmp(g, c, 1, threads=0)
    with pytest.raises(InputError, match="cost is missing"):
        cwmp(g)
    with pytest.raises(InputError, match="an instance has its own cost and budget"):
        top_k(Instance(g, c, 1), c)
    with pytest.raises(InputError, match="give the budget, such as"):
        cwmp(g, c)
    with pytest.raises(InputError, match="cost must have shape"):
        cwmp(g, c[1:], 1)
    with pytest.raises(InputError, match=r"must have shape \(d,\)"):
        cwmp(g.reshape(-1, 2), c, 1)
    with pytest.raises(InputError, match=r"out must be a bool array or tensor of shape \(70000,\), got list"):
        cwmp(g, c, 1, out=[False] * D)
    with pytest.raises(InputError, match="out is read-only"):
        cwmp(g, c, 1, out=np.broadcast_to(np.zeros(1, dtype=bool), D))


@pytest.mark.filterwarnings("error")
def test_numbers_near_the_largest_warn_of_nothing():
    g = updates("gaussian", np.float32)
    top_k(g, CostClasses(np.arange(D) % 2, [1.0, 1e39]), 100)
    for cost in (np.full(D, 3e38, np.float32), np.full(D, 1.5e308)):
        assert cwmp(g, cost, budget="50%").mask.sum() == D // 2
