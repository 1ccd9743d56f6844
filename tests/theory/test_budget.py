"""One rule for budgets, wherever one is taken: a share such as "5%", or joules; 5 is nowhere 500 %."""

from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner

from cwmp.__main__ import main
from theory.budget import as_joules, as_share, percent
from theory.energy.costs import budget_spec
from theory.errors import InputError
from theory.feedback.compressor import Compressor
from theory.instance import CostClasses, Instance
from theory.laws.deviation import overtaken, upper_deviation
from theory.laws.parse import law_of
from theory.laws.samples import SampleLaw
from theory.optimum.certificate import certify
from theory.pages import PageCosts
from theory.selection.paged import by_pages
from theory.selection.safe import safe
from theory.selection.selectors import cwmp, top_k

G, C = np.arange(1.0, 11.0), np.linspace(1, 2, 10)
LAW, DATA = law_of("laplace()", "lognorm(s=0.5)"), SampleLaw.of(G, C)
BUDGETS = {  # everything that takes a budget
    "instance": lambda budget: Instance(G, C, budget),
    "scores": lambda budget: Instance.from_scores(G, C, budget),
    "cwmp": lambda budget: cwmp(G, C, budget),
    "top_k": lambda budget: top_k(G, 2.0, budget),
    "certify": lambda budget: certify(Instance(G, C, budget)),
    "compressor": lambda budget: Compressor(C, budget).init(G),
    "pages": lambda budget: by_pages(G, PageCosts(4, "0.1", 1), budget),
}
SHARES = {  # everything that takes a share
    "law": lambda share: LAW.efficiency(share),
    "law's saving": lambda share: LAW.saving(share),
    "data": lambda share: DATA.efficiency(share),
    "data's saving": lambda share: DATA.saving(share),
    "P7": lambda share: upper_deviation(LAW, share, 100, 0.05, "chebyshev"),
    "P9": lambda share: overtaken(LAW, share, 100),
}


def tensors(budget):
    torch = pytest.importorskip("torch")
    return cwmp(torch.tensor(G), torch.tensor(C), budget)


def hook(budget):
    torch = pytest.importorskip("torch")
    from theory.feedback.ddp import PruningState

    return PruningState(torch.nn.Linear(3, 2), "1", budget)


def mod(budget):
    pytest.importorskip("flwr")
    from empirical.flower import SparsifyMod

    return SparsifyMod("cwmp", 1, budget)


def experiment(share):
    from empirical.prices import prices
    from theory.layers import named_layers

    return prices("fc-dear", named_layers([("fc.weight", (3, 2))]), 0).budget(share)


BUDGETS |= {"tensors": tensors, "hook": hook, "mod": mod}
SHARES |= {"experiment": experiment}


@pytest.mark.parametrize("take", BUDGETS.values(), ids=BUDGETS)
def test_budgets_are_taken_alike_everywhere(take):
    for accepted in ("5%", "100%", "100 %", "0.5J", "3mJ", "5", 5, 0.5, Fraction(1, 20), Decimal("0.05"), 0, 10**9):
        take(accepted)
    for refused in ("101%", "100.001%", "0%", "-5%", "five %", "%", -0.1, "-1J", float("nan"), True, None):
        with pytest.raises(InputError, match="budget") as error:
            take(refused)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("d", [100, 40_000])
def test_a_share_is_the_same_budget_at_every_size(d):
    """Small updates go through an instance, large ones through a pass of their own."""
    rng = np.random.default_rng(d)
    g = rng.standard_normal(d)
    for cost in (rng.lognormal(size=d), CostClasses(rng.integers(0, 2, d), [1, 10]), 2):
        joules = Fraction(1, 20) * Instance(g, cost, 0).total_cost
        expected = cwmp(Instance(g, cost, joules))
        assert expected.mask.any()
        for select in (cwmp, partial(safe, layers=[d])):
            assert select(g, cost=cost, budget="5%").spent <= joules
        assert np.array_equal(cwmp(g, cost, "5%").mask, expected.mask)
        assert np.array_equal(top_k(g, cost, "5%").mask, top_k(g, cost, joules).mask)


@pytest.mark.parametrize("take", SHARES.values(), ids=SHARES)
def test_shares_are_taken_alike_everywhere(take):
    for accepted in ("5%", "0.05", 0.05, Fraction(1, 20), Decimal("0.05"), 1, 1.0, "1", "100%", "100 %"):
        take(accepted)
    for refused in (5, 1.01, "5", "101%", "100.001%", 0, 0.0, "0%", -0.1, "-5%", float("nan"), "five %", "%", True):
        with pytest.raises(InputError) as error:
            take(refused)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("share", ["25%", "0.25", 0.25, Fraction(1, 4), np.float32(0.25)])
def test_every_way_of_writing_a_quarter_is_a_quarter(share):
    assert as_share(share) == Fraction(1, 4)
    assert percent(share) == "25%"
    assert Instance(G, 1, percent(share)).budget == Fraction(10, 4)
    assert Instance(G, 1, percent(Fraction(1, 3))).budget == Fraction(10, 3)


def test_a_float_share_is_the_decimal_it_prints():
    assert as_share(0.3) == as_share(np.float64(0.3)) == as_share("30%") == Fraction(3, 10)
    assert as_share(np.float32(0.1)) == Fraction(1, 10)
    assert as_share("1e-3%") == Fraction(1, 10**5)


def test_joules_with_their_unit():
    given = {"3mJ": "0.003", "5uJ": "5e-6", "5µJ": "5e-6", "7 nJ": "7e-9", "2pJ": "2e-12", "0.4J": "0.4", "0.4": "0.4"}
    for text, number in given.items():
        assert as_joules(text) == Fraction(number)
    assert as_joules(0) == as_joules("0J") == 0
    assert cwmp(G, C, "3J").mask.tolist() == cwmp(G, C, 3).mask.tolist() == cwmp(G, C, "3000mJ").mask.tolist()
    for refused in (-1, "-1J", "J", "3kJ", "3 J J", float("inf")):
        with pytest.raises(InputError, match="budget"):
            as_joules(refused)
    assert as_joules("3 units") == 3
    with pytest.raises(InputError, match="give the budget, such as"):
        cwmp(G, C)


def test_a_bare_number_is_joules_and_never_a_share(tmp_path):
    assert budget_spec("5%").share == Fraction(1, 20)
    assert (budget_spec("3mJ").joules, budget_spec("3units").joules) == (Fraction(3, 1000), 3)
    assert (budget_spec("3mJ").in_units, budget_spec("3units").in_units) == (False, True)
    assert (budget_spec("0.05").joules, budget_spec("0.05").in_units) == (Fraction(1, 20), None)
    assert budget_spec(3) == budget_spec("3")
    for refused in ("101%", "0%", "-1J", "1e400J", "1e301J", "1/3J", -1, True, float("nan"), None):
        with pytest.raises(InputError, match="budget"):
            budget_spec(refused)
    np.save(tmp_path / "u.npy", G)
    run = lambda *arguments: CliRunner().invoke(main, [str(a) for a in arguments])  # noqa: E731
    over = run("certify", tmp_path / "u.npy", "--cost", "1", "--budget", "101%", "--output", tmp_path / "c.json")
    assert (over.exit_code, "101%: must be a share in (0, 1]" in over.output) == (2, True), over.output
    source = ("--magnitude", "laplace()", "--cost", "lognorm(s=0.5)", "--budget")
    assert run("saving", *source, "10%").exit_code == 0
    for joules in ("5", "0.1", "3mJ"):
        refused = run("saving", *source, joules)
        assert (refused.exit_code, "must be a share such as" in refused.output) == (2, True)
