"""Laws of atoms, where energy and score jump and ties are kept in part, against exact sums over the atoms."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from proofs_check.methods.finite_laws import FiniteLaw, by_density, by_score
from theory.laws.parse import cost_law, law_of, magnitude_law

RNG = np.random.default_rng(8)


def drawn(k):
    """A law of independent atoms, few and of small integers, so that ratios tie; with its exact twin."""
    magnitudes, costs = (sorted(RNG.choice(np.arange(1, 6), RNG.integers(1, 4), replace=False).tolist()) for _ in "gc")
    costs = [c * c for c in costs] if k % 2 else costs  # squares tie with squares
    masses = [RNG.multinomial(20 - len(of), np.ones(len(of)) / len(of)) + 1 for of in (magnitudes, costs)]
    texts = ["classes(" + ", ".join(f"{v}={m / 20}" for v, m in zip(of, mass, strict=True)) + ")"
             for of, mass in zip((magnitudes, costs), masses, strict=True)]  # fmt: skip
    atoms = [(g * g, c, int(m * n)) for g, m in zip(magnitudes, masses[0], strict=True)
             for c, n in zip(costs, masses[1], strict=True)]  # fmt: skip
    return law_of(*texts), FiniteLaw(*map(tuple, zip(*atoms, strict=True)))


def energy_for(law, score):
    """The least energy that retains ``score``, item by item in the order of ``p/c``."""
    spent = Fraction(0)
    for j in law.order(by_density):
        mass = Fraction(law.mass[j], sum(law.mass))
        share = min(Fraction(1), score / (mass * law.score[j]))
        spent, score = spent + share * mass * law.cost[j], score - share * mass * law.score[j]
    return spent


@pytest.mark.parametrize("k", range(20))
def test_both_shares_and_the_saving_are_those_of_the_atoms(k):
    law, exact = drawn(k)
    for beta in (0.1, 0.3, 0.5, 0.8):
        best, top = (exact.retained(Fraction(str(beta)), key) for key in (by_density, by_score))
        found = law.efficiency(beta)
        assert found.cwmp.value == pytest.approx(float(best / exact.mean_score), rel=1e-9)
        assert found.top_k.value == pytest.approx(float(top / exact.mean_score), rel=1e-9)
        assert found.ratio.value >= 1 - 1e-9
        saved = 1 - energy_for(exact, top) / (Fraction(str(beta)) * exact.mean_cost)
        assert law.saving(beta).at_equal_score.value == pytest.approx(float(saved), abs=1e-8)


def test_a_tie_at_a_rounded_threshold():
    """p/c of (1, 4) is 1/4, where the budget ends; the two sums once saw it on different sides: 0.875."""
    law = law_of("classes(1=0.5, 2=0.4, 3=0.1)", "classes(1=0.5, 4=0.5)")
    assert law.efficiency(0.8).cwmp.value == pytest.approx(23 / 24, rel=1e-12)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_probabilities_are_those_of_all_sequences_of_draws(d):
    """Event after event of one law, whose outcomes are kept, and another law in between."""
    laws = [FiniteLaw((9, 1, 0), (2, 1, 1), (2, 3, 1)), FiniteLaw((9, 0), (4, 1), (1, 4))]
    for least, law in itertools.product(range(d + 1), laws):
        ends = [k for k, mass in enumerate(law.mass) for _ in range(mass)]
        drawn_so = [sequence.count(0) >= least for sequence in itertools.product(ends, repeat=d)]
        found = law.probability(d, lambda counts, least=least: counts[:, 0] >= least)
        assert found == Fraction(sum(drawn_so), len(drawn_so))


def test_normal_scores_are_found_where_they_are_asked_for():
    for marginal in (magnitude_law("spike(0.3, t(df=4))"), cost_law("lognorm(s=1)")):
        plain, spread = marginal.nodes(), marginal.nodes(spread=True)
        assert not plain.score.any()
        of_slab = spread.x.size - plain.x.size
        assert spread.x[of_slab + len(marginal.values) :] == pytest.approx(plain.x[len(marginal.values) :], rel=0)
        later = slice(of_slab + len(marginal.values), None)
        assert spread.score[later] == pytest.approx(marginal.score(spread.x[later]), rel=0)
        assert spread.score[later].any()
