"""Safety: what is recorded of a choice and of its arms, against means, flips and SciPy; both ends of every limit."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from made_designs import FURTHER, RATES, SAFE, made, safe_files
from scipy import stats

from empirical.judgement import safety
from empirical.judgement.paired import holm, not_worse, paired
from empirical.judgement.safety_report import safety_report
from empirical.runs.tuning import untuned
from empirical.setting import Arm
from theory.claims.verdict import Outcome

CHOSEN = safety.choose(SAFE, safe_files(SAFE.choosing_runs("synthetic", RATES)))


def test_the_choice_is_said_in_numbers_and_of_equals_the_safer_one_is_taken():
    assert CHOSEN.worst == pytest.approx({"safe-0.5": -0.02, "safe": -0.001, "safe-0.9": 0.0}, abs=0.002)
    few = replace(CHOSEN, worst={"safe": -0.3464, "safe-0.9": 0.001}, seeds=(1001,)).words
    assert "was best in its worst condition at 1 % on seed 1001, by which" in few
    assert "safe -34.6, safe-0.9 +0.1" in few
    assert "on seeds 1001, 1002, by" in replace(CHOSEN, seeds=(1001, 1002)).words
    runs = SAFE.choosing_runs("synthetic", RATES)
    equal = safety.choose(SAFE, {run: made(run, 0.4) for run in runs})
    assert (equal.arm, set(equal.worst.values()), equal.wins) == ("safe-0.9", {0.0}, frozenset())


def test_what_is_recorded_of_an_arm_is_what_was_run():
    """Accuracies and what goes with them are means over seeds, differences those of the arm less the other's."""
    runs = SAFE.runs(SAFE.seeds, "safe", "synthetic", {**RATES, "safe": 0.3, "learnt-safe": 0.2})
    files = safe_files(runs)
    choice = replace(CHOSEN, arm="safe")
    found = safety.judged(SAFE, files, SAFE.seeds, choice)
    predicts = safety.what_predicts(SAFE, files, SAFE.seeds, choice)
    verdicts = {v.claim: v for v in safety.verdicts(found, SAFE, files, SAFE.seeds, choice, predicts)}
    assert [one.arm for one in found] == ["safe", "learnt-safe", "learnt-joules"]
    for one in found:
        verdict = verdicts[f"E3-{one.arm}"]
        assert (verdict.trials, verdict.seconds) == (10 * 8, 0)
        assert (
            f"at lr {({'safe': 0.3, 'learnt-safe': 0.2}).get(one.arm, 0.1):g} (Top-K 0.1), 2 rounds" in verdict.domain
        )
        assert "budgets 1 % of a full update" in verdict.domain
        assert verdict.observed["arms"] == 3
        for said, c in zip(verdict.observed["comparisons"], one.comparisons, strict=True):
            cost, share, feedback = c.condition
            mine, other = ([files[run] for run in runs if run.arm == Arm(cost, share, name)
                            and run.setting.error_feedback == feedback] for name in (one.arm, c.against))  # fmt: skip
            assert len(mine) == len(other) == 10
            assert said["accuracy"] == pytest.approx(np.mean([f.final_accuracy for f in mine]))
            assert said["other"] == pytest.approx(np.mean([f.final_accuracy for f in other]))
            pairs = [*zip(mine, other, strict=True)]
            assert said["captured"] == pytest.approx(np.mean([a.captured - b.captured for a, b in pairs]))
            assert said["honest gain"] == pytest.approx(np.mean([a.honest_gain - b.honest_gain for a, b in pairs]))
            differences = [a.final_accuracy - b.final_accuracy for a, b in pairs]
            assert said["difference"]["mean"] == pytest.approx(np.mean(differences))
            assert said["p not worse"] == not_worse(differences, 0.005)
            assert said["p worse"] == not_worse([-d for d in differences], -0.005)
            assert (said["cost"], said["share"], said["feedback"], said["against"]) == (*c.condition, c.against)
            assert said["binding"] == (c.against == "top-k" or cost == "fc-dear")
        binding = [c for c in one.comparisons if c.binding]
        if one.outcome is Outcome.HOLDS:
            assert one.why.startswith(f"not worse in all of {len(binding)} comparisons")
    tested = [max(c.p_not_worse for c in one.comparisons if c.binding) for one in found]
    assert [one.p for one in found] == holm(tested)
    every = holm([c.p_worse for one in found for c in one.comparisons if c.binding])
    assert [one.p_worse for one in found] == [min(every[k : k + 6]) for k in (0, 6, 12)]
    for said in (v.observed["rank correlation with accuracy"] for v in verdicts.values()):
        assert (said["pairs a seed"], said["with honest gain"]) == (16, 16)


def test_what_goes_with_accuracy_is_spearmans_correlation_seed_by_seed():
    """Of differences from Top-K under all conditions, base accuracies far apart: their ratios rank otherwise."""
    rng = np.random.default_rng(6)
    runs = SAFE.runs(SAFE.seeds, "safe", "synthetic", RATES)
    files = {run: made(run, rng.uniform(0.1, 0.9), captured=rng.random(), honest=rng.random()) for run in runs}
    found = safety.what_predicts(SAFE, files, SAFE.seeds, replace(CHOSEN, arm="safe"))
    of = lambda run, name: files[replace(run, arm=replace(run.arm, method=name))]  # noqa: E731
    norms, gains = [], []
    for seed in SAFE.seeds:
        pairs = [(files[run], of(run, "top-k")) for run in runs if run.seed == seed and run.arm.method != "top-k"]
        assert len(pairs) == 16
        accuracy = [a.final_accuracy - b.final_accuracy for a, b in pairs]
        norms.append(stats.spearmanr([a.captured - b.captured for a, b in pairs], accuracy).statistic)
        gains.append(stats.spearmanr([a.honest_gain - b.honest_gain for a, b in pairs], accuracy).statistic)
    assert (found.captured.mean, found.honest.mean) == pytest.approx((np.mean(norms), np.mean(gains)))
    assert (found.captured.low, found.honest.high) == (paired(norms, 1).low, paired(gains, 1).high)


def test_cwmp_beside_the_arms_is_not_judged():
    files = safe_files(SAFE.runs(SAFE.seeds, "safe", "synthetic", RATES))
    beside = safety.cwmp_compared(SAFE, files, SAFE.seeds)
    assert [(c.condition, c.against, c.binding) for c in beside] == [
        (key, "top-k", False) for key in safety.conditions(SAFE)
    ]
    assert [c.difference.mean > 0 for c in beside] == [True, False, True, False]


def test_an_arm_is_judged_at_both_ends_of_its_half():
    """2.5 % and no more, for either side; with seeds that could not have decided, that is what is said."""
    one = [safety.Comparison(("a", "b", True), "top-k", 0, 0, None, True, 0, 0, 0, 0)] * 4
    ask = lambda p, worse, seeds: safety._outcome(p, worse, seeds, 3, one)  # noqa: E731
    assert ask(0.025, 1.0, 10) == (Outcome.HOLDS, "not worse in all of 4 comparisons, p = 0.025")
    assert ask(0.0251, 0.025, 10) == (Outcome.REVERSES, "worse in some comparison, p = 0.025")
    assert ask(0.1, 0.0251, 7) == (
        Outcome.INCONCLUSIVE,
        "p = 0.1 for not worse everywhere, 0.025 for worse somewhere",
    )
    assert ask(0.1, 0.5, 6) == (Outcome.INCONCLUSIVE, "6 seeds decide nothing of 3 arms: it takes 7")
    for arms in range(1, 60):  # the fewest by counting
        n = next(n for n in range(3, 60) if Fraction(arms, 2**n) <= Fraction(1, 40))
        assert safety.needed(arms) == n


def test_gains_that_are_not_defined_in_every_seed_are_left_out_of_the_correlation():
    """One pair in sixteen has none in one of the seeds: fifteen are correlated, in every seed."""
    runs = SAFE.runs(SAFE.seeds, "safe", "synthetic", RATES)
    files = safe_files(runs)
    without = next(run for run in runs if run.arm.method == "safe" and run.seed == 4)
    files[without] = replace(files[without], records=tuple(replace(r, honest=None) for r in files[without].records))
    predicts = safety.what_predicts(SAFE, files, SAFE.seeds, replace(CHOSEN, arm="safe"))
    assert (predicts.pairs, predicts.defined) == (16, 15)
    assert (predicts.honest.pairs, predicts.captured.pairs) == (10, 10)
    assert predicts.honest.mean > 0.9 > -0.9 > predicts.captured.mean
    nothing = {run: replace(file, records=tuple(replace(r, honest=None) for r in file.records))
               for run, file in files.items()}  # fmt: skip
    found = safety.judged(SAFE, nothing, SAFE.seeds, replace(CHOSEN, arm="safe"))
    predicts = safety.what_predicts(SAFE, nothing, SAFE.seeds, replace(CHOSEN, arm="safe"))
    assert (predicts.defined, predicts.honest.p) == (0, 1.0)
    for verdict in safety.verdicts(found, SAFE, nothing, SAFE.seeds, CHOSEN, predicts):
        assert {c["honest gain"] for c in verdict.observed["comparisons"]} == {None}
        assert verdict.observed["rank correlation with accuracy"]["honest gain"]["mean"] is None


def test_a_rank_correlation_of_what_does_not_vary_is_none():
    ranks = [safety._rank_correlation(np.array(x), np.array(y)) for x, y in (
        ([1.0, 2, 3], [1.0, 5, 9]), ([1.0, 2, 3, 4], [1.0, 5, 9, 2]), ([1.0, 2, 2], [3.0, 3, 3]), ([7.0, 7], [1.0, 2]),
        ([1.0, 2], [4.0, 3]),
    )]  # fmt: skip
    assert ranks[:2] + ranks[4:] == pytest.approx([1, 1 - 6 * (4 + 1 + 1 + 0) / 60, -1]), ranks
    assert np.isnan(ranks[2:4]).all()


def test_a_further_budget_is_chosen_run_judged_and_said_under_its_cost_model_alone():
    assert FURTHER.conditions == [("fc-dear", "0.01"), ("conv-dear", "0.01"), ("conv-dear", "0.05")]
    assert replace(FURTHER, further=(("fc-dear", "0.01"),)).conditions == SAFE.conditions
    choosing = FURTHER.choosing_runs("synthetic", RATES)
    assert len(choosing) == 3 * 2 * 3 * 5  # seeds, feedback, conditions, arms
    poor = {run: made(run, file.final_accuracy - 0.1 * (run.arm.method == "safe-0.9" and run.arm.share == "0.05"))
            for run, file in safe_files(choosing).items()}  # fmt: skip
    assert safety.choose(FURTHER, poor).arm == CHOSEN.arm == "safe-0.9", "what came later chooses nothing"
    assert ("conv-dear", "0.05", True) in safety.choose(FURTHER, {run: made(run, 0.4 + 0.1 * (
        run.arm.method == "cwmp")) for run in choosing}).wins  # fmt: skip
    hard = replace(FURTHER, costs=("conv-dear", "fc-dear"))  # the order of the cost models is the order of the table
    assert [cost for cost, _ in hard.conditions] == ["conv-dear", "conv-dear", "fc-dear"]
    files = safe_files(FURTHER.runs(FURTHER.seeds, "safe", "synthetic", RATES))
    assert {run.seed for run in files if run.arm.share == "0.05"} == set(range(8))
    assert len(files) == 2 * 5 * (10 + 10 + 8)
    worse = {run: made(run, file.final_accuracy - 0.02 * (run.arm.share == "0.05" and run.arm.method == "learnt-safe"))
             for run, file in files.items()}  # fmt: skip
    choice = replace(CHOSEN, arm="safe")
    for given, expected in ((files, Outcome.HOLDS), (worse, Outcome.INCONCLUSIVE)):  # eight are too few to reverse
        found = safety.judged(FURTHER, given, FURTHER.seeds, choice)
        assert {len(one.comparisons) for one in found} == {12}
        assert {(c.condition[1], c.difference.pairs) for one in found for c in one.comparisons} == {
            ("0.01", 10), ("0.05", 8)
        }  # fmt: skip
        assert next(one for one in found if one.arm == "learnt-safe").outcome is expected
    predicts = safety.what_predicts(FURTHER, files, FURTHER.seeds, choice)
    assert predicts.pairs == 2 * 2 * 4, "what every seed has"
    beside = safety.cwmp_compared(FURTHER, files, FURTHER.seeds)
    assert [c.difference.pairs for c in beside] == [10, 10, 8] * 2
    few = [safety.judged(FURTHER, files, FURTHER.seeds[:n], choice)[0].why for n in (6, 7)]
    assert few[0] == "6 seeds decide nothing of 3 arms: it takes 7"
    less = replace(FURTHER, further_seeds=6)
    assert "6 seeds decide nothing" in safety.judged(less, files, FURTHER.seeds, choice)[0].why
    whole = safety_report(FURTHER, files, found, beside, FURTHER.seeds, choice, predicts, untuned(FURTHER.methods, 0.1))
    assert "made-up images: 10 paired seeds; 8 of them at 5 %; 4 clients" in whole
    three = replace(FURTHER, seeds=FURTHER.seeds[:3])
    found_of_three, beside = (
        safety.judged(three, files, three.seeds, choice),
        safety.cwmp_compared(three, files, three.seeds),
    )
    seen = safety.what_predicts(three, files, three.seeds, choice)
    said = safety_report(three, files, found_of_three, beside, three.seeds, choice, seen, untuned(three.methods, 0.1))
    assert "3 paired seeds; 3 of them at 5 %; 4 clients" in said, "no more than there are"
    assert "on the first 3 seeds)" in safety.verdicts(found_of_three, three, files, three.seeds, choice, seen)[0].domain
    for verdict in safety.verdicts(found, FURTHER, files, FURTHER.seeds, choice, predicts):
        assert "1 % of a full update (and 5 % under conv-dear, on the first 8 seeds), error feedback" in verdict.domain
        assert verdict.trials == 2 * 2 * (10 + 10 + 8)
    both = (("fc-dear", "0.05"), ("conv-dear", "0.05"), ("fc-dear", "0.1"))
    assert safety._further(replace(FURTHER, further=both)) == "5 %, 10 % under fc-dear", "all need no names"
