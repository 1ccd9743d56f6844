"""Both exhaustive searches against plain enumeration of the loss, and against each other."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from theory.budget import percent
from theory.instance import Instance
from theory.optimum.core_search import Item, halves, ordered
from theory.optimum.duals import Prices, base_of, reduced_value
from theory.optimum.relaxation import relax


def _question(rng, integer):
    n = 9
    p = rng.integers(0, 9, n).astype(float) if integer else rng.exponential(size=n)
    c = rng.integers(1, 9, n).astype(float) if integer else rng.lognormal(size=n)
    instance = Instance.from_scores(p, c, budget=percent(Fraction(int(rng.integers(1, 99)), 100)))
    base = base_of(instance, Prices(relax(instance).threshold), instance.budget)
    items = []
    for i in np.flatnonzero((p > 0) & (instance.cost <= float(instance.budget))):
        cost = Fraction(c[i])
        items.append(Item(abs(reduced_value(instance, base.prices, int(i))), cost if base.mask[i] else -cost, int(i)))
    return base, items


def _least(base, items, limit):
    totals = []
    for chosen in itertools.product((False, True), repeat=len(items)):
        taken = [x for x, yes in zip(items, chosen, strict=True) if yes]
        slack = base.slack + sum(x.shift for x in taken)
        if slack >= 0:
            totals.append(sum((x.loss for x in taken), Fraction(0)) + base.prices.energy * slack)
    return min((t for t in totals if t < limit), default=None)


@pytest.mark.parametrize("search", [halves, ordered])
@pytest.mark.parametrize("integer", [True, False])
def test_finds_the_least_loss_or_shows_there_is_none(search, integer):
    rng = np.random.default_rng(7)
    found_some = found_none = 0
    for _ in range(60):
        base, items = _question(rng, integer)
        for limit in (base.loss, base.loss / 3, base.loss + 1):
            if limit <= 0:
                continue
            core = [x for x in items if x.loss < limit]
            found, least = search(core, base, limit, 10**6), _least(base, core, limit)
            assert found.finished
            assert (found.best[0] if found.best else None) == least
            found_some, found_none = found_some + (least is not None), found_none + (least is None)
    assert found_some > 20
    assert found_none > 20


@pytest.mark.parametrize("search", [halves, ordered])
def test_says_when_it_gave_up(search):
    rng = np.random.default_rng(1)
    base, _ = _question(rng, False)
    core = [Item(Fraction(1, 1000 + i), Fraction((-1) ** i * (i + 1)), i) for i in range(40)]
    assert not search(core, base, Fraction(10), 200).finished
