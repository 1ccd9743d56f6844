"""Exact tests, intervals and verdicts, against values worked out on paper and by simulation."""

import itertools
import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from empirical.judgement.paired import holm, needed, paired
from empirical.judgement.pareto import hypervolume, joined, log_energy, points
from empirical.judgement.report import cost_words, report
from empirical.judgement.verdicts import contests, undecided, verdicts
from empirical.prices import Entry
from empirical.records import RoundRecord, RunFile
from empirical.runs.tuning import Tuning, tuned, untuned
from empirical.setting import Arm, Run, Setting
from theory.claims.verdict import Outcome, read_verdict, write_verdict
from theory.layers import named_layers

ROOT = Path(__file__).parents[2]
RECORDED = ROOT / "results" / "pareto" / "credible"
SETTING = Setting(rounds=4, evaluate_every=1, final=2)
ONE_RATE = untuned(["dense", "top-k", "cwmp"], 0.1)
LAYERS = named_layers([("0.weight", (4, 3, 3, 3)), ("9.weight", (10, 50))])


def made(arm, seed, accuracies, energy=2, full=100):
    """A finished run whose rounds spend ``energy`` units and reach ``accuracies``."""
    records = tuple(
        RoundRecord(t, (0, 1), (), 1.0, a, (Entry("fc", 1, memory=Fraction(energy)),), 0.5, 1e-6, f"{arm}{seed}{t}")
        for t, a in enumerate(accuracies)
    )
    identity = {"run": Run(SETTING, arm, seed, "synthetic").fields()}
    return RunFile(
        records, identity, "made-up images", "units", Fraction(full), Fraction(full) * 4 / 5, {"python": "3"}
    )


def brute_p(differences):
    """The share of sign flips whose mean is as far from 0, one by one, in rationals."""
    exact = [Fraction(d) for d in differences]
    sums = [abs(sum(s * d for s, d in zip(signs, exact, strict=True)))
            for signs in itertools.product((1, -1), repeat=len(exact))]  # fmt: skip
    return sum(one >= abs(sum(exact)) for one in sums) / len(sums)


def test_p_values_are_sign_flips_one_by_one():
    rng = np.random.default_rng(1)
    for n in (3, 5, 8):
        for _ in range(20):
            some = (rng.integers(-9, 10, n) / 8).tolist()
            assert paired(some, 1).p == brute_p(some)
    scipy = stats.permutation_test((np.array([3.0, 1, 2, 5, -2]),), np.mean, permutation_type="samples")
    assert paired([3, 1, 2, 5, -2], 1).p == pytest.approx(scipy.pvalue)
    for _ in range(100):  # decimals: rounding of sums makes no tie a difference
        tenths = rng.integers(-9, 10, 6)
        assert paired((tenths / 10).tolist(), 1).p == brute_p(tenths.tolist())
    assert [paired(some, 1).agree for some in ([3, 1, 2, 5, -2], [-3, -1, -2], [0, 0, 4])] == [4, 3, 1]


def test_the_interval_is_the_test_turned_round():
    """A shift is inside exactly when the differences less the shift have a p-value above the level's."""
    rng = np.random.default_rng(2)
    for n, family in ((5, 1), (8, 1), (8, 4), (10, 18)):
        some = rng.normal(1, 1, n)
        found = paired(some, family)
        alpha = 1 - found.level
        assert alpha <= 0.05 / family or found.level == 1 - 2 ** (1 - n)
        for end, out in ((found.low, -1), (found.high, 1)):
            assert paired(some - (end + out * 1e-9), 1).p <= alpha + 1e-12
            assert paired(some - (end - out * 1e-9), 1).p > alpha
    five = [3.0, 1, 2, 5, 4]
    assert (paired(five, 18).low, paired(five, 18).high, paired(five, 18).level) == (1, 5, 1 - 2 / 32)


def test_how_many_seeds_it_takes():
    """2^(1-n) <= alpha/k, and not with one fewer."""
    assert [needed(k) for k in (1, 4, 15, 18, 36)] == [6, 8, 10, 10, 11]
    for family in (1, 4, 18, 36):
        n = needed(family)
        assert paired(np.arange(1.0, n + 1), family).p * family <= 0.05
        assert paired(np.arange(1.0, n), family).p * family > 0.05


def test_no_fewer_seeds_than_three_however_coarse_the_level():
    assert needed(1, alpha=0.5) == 3  # 2^(1-2) would do
    assert needed(1, alpha=0.2) == 4


def test_subsets_of_more_than_22_pairs_are_not_listed():
    assert math.isinf(paired(np.arange(1.0, 24), 1).high)
    assert paired(np.arange(1.0, 23), 1).p == 2 / 2**22


def test_what_gives_no_interval_gives_no_verdict():
    for few in ([0.1], [0.1, 0.2], [0.1, math.nan, 0.3]):
        found = paired(few, 1)
        assert (found.p, found.low, found.high) == (1, -math.inf, math.inf)
    assert paired([0.0, 0.0, 0.0], 1).identical
    assert not paired([0.0, 0.0, 1e-9], 1).identical


LAWS = {  # of one seed's noise in a method's accuracy, given the seed
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "skewed": lambda rng, shape: rng.exponential(size=shape),
    "heavy": lambda rng, shape: rng.standard_t(2, shape),
    "two values": lambda rng, shape: rng.choice([-1.0, 1.0], shape) + 0.01 * rng.standard_normal(shape),
}


@pytest.mark.parametrize("law", LAWS)
def test_the_family_is_right_as_often_as_it_says(law):
    """Eighteen true nulls at ten seeds, six to a baseline as on the page: a false finding in 5 of 100 families."""
    rng, wrong, trials = np.random.default_rng(2), 0, 400
    for _ in range(trials):
        base, methods = LAWS[law](rng, (3, 1, 10)), LAWS[law](rng, (3, 6, 10))
        differences = (methods - base).reshape(18, 10)
        wrong += min(holm([paired(d, 18).p for d in differences])) <= 0.05
    assert wrong / trials < 0.05 + 3 * math.sqrt(0.05 * 0.95 / trials)


def test_a_family_of_one_is_right_as_often_as_it_says():
    """And it is a 5 % test, not one that never speaks: its level is 3/64 at seven seeds."""
    rng = np.random.default_rng(3)
    wrong = np.mean([paired(rng.standard_t(2, 7), 1).p <= 0.05 for _ in range(2000)])
    assert abs(wrong - 3 / 64) < 3 * math.sqrt(3 / 64 / 2000)


def test_holm_on_paper():
    # Holm 1979: sorted p times 4, 3, 2, 1, made monotone
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 1.0]) == [1.0, 1.0]
    p = np.random.default_rng(0).uniform(size=7) ** 3
    assert all(a >= b for a, b in zip(holm(p), p, strict=True))
    assert all(a <= min(1, 7 * b) for a, b in zip(holm(p), p, strict=True))


def judged(files):
    """The contests of one set of runs."""
    (found,) = contests(files)
    return found


def experiment(gains, seeds=8, noise=0.004, shares=("0.01", "0.05")):
    """Runs in which ``cwmp`` is better than Top-K by ``gains[cost]`` at every budget, up to noise of that size."""
    rng, files = np.random.default_rng(9), {}
    for seed in range(seeds):
        arm = Arm("uniform", "1", "dense")
        files[Run(SETTING, arm, seed, "synthetic")] = made(arm, seed, [0.3, 0.4, 0.5, 0.6], 100)
        for cost, gain in gains.items():
            for k, share in enumerate(shares):
                start = np.array([0.2, 0.3, 0.35, 0.4]) + 0.05 * k + 0.02 * rng.standard_normal()
                extra = np.broadcast_to(gain, len(shares))[k] + (noise * rng.standard_normal(4) if noise else 0)
                for method, accuracies in (("top-k", start), ("cwmp", start + extra)):
                    arm = Arm(cost, share, method)
                    files[Run(SETTING, arm, seed, "synthetic")] = made(arm, seed, accuracies.tolist(), 2 + 8 * k)
    return files


def test_each_cost_model_gets_the_verdict_that_was_built_in(tmp_path):
    files = experiment({"fc-dear": 0.03, "conv-dear": -0.03, "lognormal": 0.0})
    found = judged(files)
    assert {c.cost: c.outcome for c in found} == {
        "fc-dear": Outcome.HOLDS, "conv-dear": Outcome.REVERSES, "lognormal": Outcome.INCONCLUSIVE,
    }  # fmt: skip
    holds = found[0]
    assert holds.frontier.level == 1 - 2 * 2 / 2**8  # three contests: as near 1 - 0.05/3 as eight seeds come
    assert holds.frontier.low < 0.03 < holds.frontier.high
    assert holds.cells[0].difference.level == 1 - 2 * 6 / 2**8
    assert [c.p for c in found] == holm([c.frontier.p for c in found])
    assert holds.p == 3 * 2 / 2**8
    assert holds.cells[0].accuracy - holds.cells[0].baseline == pytest.approx(0.03, abs=0.006)
    assert holds.energy.mean < 0 < found[1].energy.mean
    assert undecided(found)
    made = verdicts(found, files, ONE_RATE)
    assert [v.claim for v in made] == ["E1-cwmp"] * 3
    assert "made-up images, fc-dear costs, budgets 1 %, 5 %" in made[0].domain
    assert made[0].trials == 16
    assert [v.observed["family"] for v in made] == [3, 3, 3]
    assert made[0].observed["holm p"] == holds.p
    told = [[cell["every seed"] for cell in v.observed["budgets"].values()] for v in made]
    assert told == [[c.difference.agree == 8 for c in contest.cells] for contest in found]
    assert told[0] == [True, True]
    assert False in told[2]
    for verdict in made:
        path = write_verdict(verdict, tmp_path)
        assert read_verdict(path) == verdict
        assert verdict.as_expected is None
    assert made[0].observed["frontier"]["low"] == holds.frontier.low
    text = report(files, found, [], ONE_RATE, LAYERS)
    assert [line.split()[-1] for line in text.splitlines() if line.startswith("  cwmp ")] == [
        "holds", "reverses", "undecided",
    ]  # fmt: skip
    assert f"undecided, cwmp under lognormal: p = {found[2].p:.2g} among 3 contests." in text
    assert "Holm over all 3 contests shown: one is false with" in text
    assert "probability 0.05 at most" in text
    assert "each 98.44 % by itself" in text
    assert "Dense reaches 55.0 %" in text
    assert "Learning rate 0.1 for every method, not tuned." in text
    assert "Above Top-K under every cost model where costs differ: no method." in text


def test_energies_are_compared_over_the_upper_half_of_the_accuracies_that_both_reach():
    files = experiment({"fc-dear": 0.03})
    (found,) = judged(files)
    ratios = []
    for seed in range(8):
        mine, base = (
            joined([points(file) for run, file in files.items() if (run.seed, run.arm.method) == (seed, method)])
            for method in ("cwmp", "top-k")
        )
        reached = min(mine[:, 1].max(), base[:, 1].max())
        half = 0.1 + (reached - 0.1) / 2
        ratios.append(log_energy(mine, half, reached) - log_energy(base, half, reached))
    assert found.energy.mean == pytest.approx(np.mean(ratios))


def test_frontiers_are_compared_from_the_least_to_the_largest_energy_of_either():
    """Energies are those of the runs' rounds: 0.02 and 0.1 full updates a round, four rounds; chance is 0.1."""
    files = experiment({"fc-dear": 0.03})
    (found,) = judged(files)
    volumes = []
    for seed in range(8):
        mine, base = (
            joined([points(file) for run, file in files.items() if (run.seed, run.arm.method) == (seed, method)])
            for method in ("cwmp", "top-k")
        )
        volumes.append(hypervolume(mine, 0.02, 0.4, 0.1) - hypervolume(base, 0.02, 0.4, 0.1))
    assert found.frontier.mean == pytest.approx(np.mean(volumes))
    (verdict,) = verdicts([found], files, ONE_RATE)
    assert "at lr 0.1 (Top-K 0.1), 4 rounds, error feedback on; seeds 0 to 7" in verdict.domain
    assert (verdict.claim, verdict.method, verdict.trials, verdict.seconds) == ("E1-cwmp", "fc-dear", 16, 0)
    for share, said in verdict.observed["budgets"].items():
        mine, base = (
            np.mean([file.final_accuracy for run, file in files.items() if run.arm == Arm("fc-dear", share, method)])
            for method in ("cwmp", "top-k")
        )
        assert (said["accuracy"], said["top-k"]) == (pytest.approx(mine), pytest.approx(base))


def test_a_method_that_wins_everywhere_is_named():
    files = experiment({"uniform": 0.0}, noise=0) | experiment({"fc-dear": 0.03, "conv-dear": 0.03})
    text = report(files, judged(files), [], ONE_RATE, LAYERS)
    assert "Above Top-K under every cost model where costs differ: cwmp." in text


def test_rates_are_chosen_by_the_mean_over_cost_models_and_the_smaller_of_equals():
    accuracy = {  # method: rate: final accuracy under two cost models
        "dense": {0.03: [0.4], 0.1: [0.5], 0.3: [0.2]},
        "top-k": {0.03: [0.3, 0.3], 0.1: [0.5, 0.1], 0.3: [0.4, 0.3]},
        "cwmp": {0.03: [0.25, 0.75], 0.1: [0.5, 0.5], 0.3: [0.1, 0.1]},
    }
    files = {}
    for method, by_rate in accuracy.items():
        for rate, values in by_rate.items():
            for cost, value in zip(("fc-dear", "conv-dear"), values, strict=False):
                arm = Arm(cost, "0.01", method)
                run = Run(replace(SETTING, lr=rate), arm, 1000, "synthetic")
                files[run] = made(arm, 1000, [0.9, 0.9, value - 0.01, value + 0.01])  # the last two count
    found = tuned(files, "0.01")
    assert found.rates == {"dense": 0.1, "top-k": 0.3, "cwmp": 0.03}
    assert found.accuracy["top-k"] == pytest.approx((0.3, 0.3, 0.35))
    assert "of 0.03, 0.1, 0.3 at 1 % on seed 1000: dense 0.1, top-k 0.3, cwmp 0.03." in found.words
    assert found.words.endswith("At an end of the grid: top-k, cwmp.")
    text = report(files, judged(experiment({"fc-dear": 0.03})), [], found, LAYERS)
    assert "Learning rates, each method's best of 0.03, 0.1, 0.3" in text


def test_a_second_contest_at_the_baselines_rate_is_told_apart():
    own = experiment({"fc-dear": 0.03})
    at = lambda files, lr: {  # noqa: E731
        replace(run, setting=replace(run.setting, lr=lr)): file
        for run, file in files.items() if run.arm.method == "cwmp"
    }  # fmt: skip
    rest = {run: file for run, file in own.items() if run.arm.method != "cwmp"}
    files = {**rest, **at(own, 0.06)}
    tuning = Tuning({"dense": 0.1, "top-k": 0.1, "cwmp": 0.06}, (0.06, 0.1), {}, "at 1 % on seed 1000")
    found, control = contests(files, {**rest, **at(experiment({"fc-dear": -0.03}), 0.1)})
    assert [c.family for c in (*found, *control)] == [2, 2]  # judged together, as they are shown
    assert found[0].p == 2 * 2 / 2**8
    made = {verdict.claim: verdict for verdict in verdicts([*found, *control], files, tuning)}
    assert made["E1-cwmp"].outcome is Outcome.HOLDS
    assert "at lr 0.06 (Top-K 0.1)" in made["E1-cwmp"].domain
    assert made["E1-cwmp-same-rate"].outcome is Outcome.REVERSES
    assert "at lr 0.1 (Top-K 0.1)" in made["E1-cwmp-same-rate"].domain
    text = report(files, found, control, tuning, LAYERS)
    rows = [line.split() for line in text.splitlines() if line.startswith("  cwmp")]
    assert [(row[0], row[-1]) for row in rows] == [("cwmp", "holds"), ("cwmp", "reverses")]
    assert rows[1][:3] == ["cwmp", "lr", "0.1"]
    assert "cwmp lr 0.1: at Top-K's learning rate instead of its own." in text
    assert "Above Top-K under every cost model where costs differ: cwmp." in text  # at its own rate


def test_a_budget_that_contradicts_the_frontier_leaves_it_undecided():
    (found,) = judged(experiment({"fc-dear": np.array([0.12, -0.12])}))
    assert [cell.difference.low > 0 for cell in found.cells] == [True, False]
    assert found.cells[1].difference.high < 0
    assert (found.frontier.mean > 0, found.p <= 0.05, found.outcome) == (True, True, Outcome.INCONCLUSIVE)
    assert found.why == "the frontier and a single budget point in opposite directions"
    (below,) = judged(experiment({"fc-dear": np.array([-0.12, 0.12])}))
    assert (below.frontier.mean < 0, below.outcome) == (True, Outcome.INCONCLUSIVE)


def test_identical_runs_and_few_seeds_decide_nothing():
    (same,) = judged(experiment({"uniform": 0.0}, noise=0))
    assert (same.outcome, same.why) == (Outcome.INCONCLUSIVE, "identical runs: there is nothing to decide")
    assert not undecided([same])
    for seeds in (2, 5):
        (few,) = judged(experiment({"fc-dear": 0.2}, seeds=seeds))
        words = f"{seeds} seeds decide nothing among 1 contests, however much they agree: it takes 6"
        assert (few.outcome, few.why) == (Outcome.INCONCLUSIVE, words)
    (enough,) = judged(experiment({"fc-dear": 0.2}, seeds=6))
    assert enough.outcome is Outcome.HOLDS
    json.dumps(verdicts([few], experiment({"fc-dear": 0.2}, seeds=2), ONE_RATE)[0].observed, allow_nan=False)


def test_the_claim_is_not_decided_by_pairing_the_wrong_seeds():
    """Swapping the seeds of one method leaves every mean as it is and takes the pairing away."""
    files = experiment({"fc-dear": 0.03}, noise=0.001)
    (right,) = judged(files)
    swapped = {
        replace(run, seed=(run.seed + 1) % 8) if run.arm.method == "cwmp" else run: file for run, file in files.items()
    }
    (wrong,) = judged(swapped)
    assert wrong.cells[0].difference.mean == pytest.approx(right.cells[0].difference.mean)
    width = lambda cell: cell.difference.high - cell.difference.low  # noqa: E731
    assert width(wrong.cells[0]) > 5 * width(right.cells[0])


def test_costs_are_described_with_their_break_even():
    assert cost_words("fc-dear", LAYERS).startswith("fc-dear: coefficient of variation of the costs 0.")
    words = cost_words("ble-dram", LAYERS)
    # (M - 1.1 m)/(b (1.1 - 1)) with 640 and 5 pJ and 32 + 10 bits: 634.5/4.2 pJ = 1.51e-10 J
    assert "a radio of 1.51e-10 J/bit makes costs equal within 10 %" in words
    assert "this model's, 2.13e-08 J/bit, is above it" in words
    # 634.5 pJ over 42 bits of 21.3 nJ and 640 pJ
    assert "dearest over cheapest coordinate 1.00071:\nno selector saves more than 0.071 % of Top-K's" in words
    assert "this model's, 0 J/bit, is below it" in cost_words("memory-only", LAYERS)
    assert "coefficient of variation" in cost_words("lognormal", LAYERS)
