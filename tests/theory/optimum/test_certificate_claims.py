"""What a certificate is about: objective, costs, unit and budget are said, must be what is given, and are exact."""

import json
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from click.testing import CliRunner
from forging import optimum, sign

from cwmp.__main__ import main
from theory import CostClasses, InputError, Instance, checker
from theory.arithmetic.exact import as_float64, exact_sum_of_squares
from theory.optimum.certificate import certify, check_certificate, read_certificate

UPDATE = np.array([1.0, 1.0, 1.9])
COST = np.array([1.0, 1.0, 2.0])


def run(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """An update of three entries, costs one each."""
    monkeypatch.chdir(tmp_path)
    np.save("u.npy", UPDATE)
    np.save("c.npy", COST)
    return tmp_path


# --- the objective ---------------------------------------------------------------------------------


def test_the_objective_is_said_and_bound():
    """Of ||g||^2 the best is {2}, of |g| it is {0, 1}; neither certificate passes for the other."""
    squares, magnitudes = certify(Instance(UPDATE, COST, 2)), certify(Instance.from_scores(np.abs(UPDATE), COST, 2))
    assert squares.mask.tolist() == [False, False, True]
    assert magnitudes.mask.tolist() == [True, True, False]
    assert "of ||g||^2" in squares.reason
    assert "sum of the scores given (no squares)" in magnitudes.reason
    assert check_certificate(squares.fields, UPDATE, COST).about["objective"] == "squares"
    assert check_certificate(magnitudes.fields, UPDATE, COST, scores=True).about["objective"] == "scores"
    for certificate, scores in ((squares, True), (magnitudes, False)):
        result = check_certificate(certificate.fields, UPDATE, COST, scores=scores)
        assert result.verdict == "refused"
        assert result.reason.startswith("the certificate is about ")
        other = {**certificate.fields, "objective": "scores" if scores else "squares"}
        assert check_certificate(sign(other), UPDATE, COST, scores=scores).verdict == "refused"


def test_scores_are_asked_for_on_the_command_line(files):
    certify(Instance.from_scores(UPDATE, COST, 2)).write("s.json")
    said = run("check-certificate", "s.json", "u.npy", "--cost", "c.npy")
    assert (said.exit_code, said.stdout) == (1, "refused: the certificate is about scores, asked for squares\n")
    said = run("check-certificate", "s.json", "u.npy", "--cost", "c.npy", "--scores")
    assert said.exit_code == 0
    assert "(no squares)" in said.stdout


# --- costs, unit, budget ---------------------------------------------------------------------------


def test_the_answer_says_budget_energy_and_costs():
    labels = np.array([0, 0, 1])
    result = check_certificate(certify(Instance(UPDATE, CostClasses(labels, ["0.1", "0.7"]), "0.75")).fields, UPDATE)
    assert result.reason == (
        "no mask of at most 0.75 J retains more of ||g||^2 than this one's 3.61 for 0.7 J (2 at 0.1 J, 1 at 0.7 J); "
        "core of 3 items searched exhaustively (2 states)"
    )
    assert result.about == {
        "objective": "squares", "budget": "0.75", "spent": "0.7", "energy_unit": "J", "unit_joules": "1/10",
        "retained": "3.61", "gap": "0", "costs": "2 at 0.1 J, 1 at 0.7 J",
        "how": "core of 3 items searched exhaustively (2 states)",
    }  # fmt: skip


def test_scaled_squares_are_said_in_their_own_units():
    result = certify(Instance(np.array([3e200, 4e200]), 1, 2))
    assert "this one's 2.5e+401 for 2 J" in result.reason
    assert certify(Instance(np.array([3e-200, 4e-200]), 1, 2)).reason.count("2.5e-399")


def test_many_classes_and_single_costs_are_said_by_their_range():
    g = np.arange(1.0, 7.0)
    many = certify(Instance(g, CostClasses(np.arange(6), [3, 1, 4, 2, 5, 9]), 9)).reason
    assert "(6 classes of costs, 1 to 9 J)" in many
    assert "(one cost each, 1 to 6 J)" in certify(Instance(g, g, 9)).reason
    assert "(4 classes of costs" not in certify(Instance(g, CostClasses(np.arange(6) % 4, [3, 1, 4, 2]), 9)).reason


def test_costs_given_beside_classes_are_compared():
    """A mask of 105 J cannot pass for one of 2 J."""
    labels = np.array([0, 0, 1])
    fields = certify(Instance(UPDATE, CostClasses(labels, [1, 2]), 2)).fields
    assert check_certificate(fields, UPDATE, COST).verdict == "exact"
    assert check_certificate(fields, UPDATE, COST.astype(np.float32)).verdict == "exact"
    result = check_certificate(fields, UPDATE, np.array([1.0, 1.0, 105.0]))
    assert result == ("refused", "item 2 costs 2.0 J in the certificate and 105.0 J as given", {})
    assert check_certificate(fields, UPDATE, COST[:2]).verdict == "refused"


def test_costs_given_beside_classes_are_joules():
    """Classes in units of 1/10 J are compared in joules, as near as float64 says 1/10 and 7/10."""
    fields = certify(Instance(UPDATE, CostClasses(np.array([0, 0, 1]), ["0.1", "0.7"]), "0.7")).fields
    assert fields["unit_joules"] == "1/10"
    assert check_certificate(fields, UPDATE, np.array([0.1, 0.1, 0.7])).verdict == "exact"
    assert check_certificate(fields, UPDATE, np.array([1.0, 1.0, 7.0])).verdict == "refused"
    other = sign({**fields, "unit_joules": "1"})
    assert check_certificate(other, UPDATE, np.array([0.1, 0.1, 0.7])).verdict == "refused"


def test_a_unit_of_costs_in_a_file_is_said():
    fields = certify(Instance(UPDATE, COST, 2)).fields
    result = check_certificate(sign({**fields, "unit_joules": "1/1000"}), UPDATE, COST)
    assert "at most 0.002 J" in result.reason
    assert "(one cost each, 0.001 to 0.002 J, the file's in units of 0.001 J)" in result.reason
    assert check_certificate(sign({**fields, "energy_unit": "kJ"}), UPDATE, COST).verdict == "refused"


def test_what_is_given_on_the_command_line_must_match(files):
    assert run("certify", "u.npy", "--cost", "unknown=2", "--budget", "4J", "--output", "c.json").exit_code == 0
    check = partial(run, "check-certificate", "c.json", "u.npy")
    good = [[], ["--cost", "2"], ["--cost", "unknown=2", "--budget", "4J"], ["--cost", "2", "--budget", "4000mJ"]]
    for given in good:
        assert check(*given).exit_code == 0, given
    np.save("two.npy", np.full(3, 2.0))
    assert check("--cost", "two.npy", "--budget", "4J").exit_code == 0
    bad = [["--cost", "3"], ["--cost", "c.npy"], ["--cost", "two.npy", "--budget", "5J"],
           ["--cost", "2", "--budget", "5J"], ["--cost", "2", "--budget", "10%"], ["--cost", "uniform"],
           ["--cost", "0.2"]]  # fmt: skip
    for given in bad:
        said = check(*given)
        assert (said.exit_code, said.stdout.split(":")[0]) == (1, "refused"), given
        assert len(said.stdout.splitlines()) == 1
    assert check("--budget", "4J").stderr == "cwmp: --budget needs --cost\n"


def test_budgets_are_compared_in_joules(files):
    """Costs of 1/5 J are one unit each; a budget of 0.4 J is two of them."""
    assert run("certify", "u.npy", "--cost", "0.2", "--budget", "0.4J", "--output", "c.json").exit_code == 0
    np.save("fifth.npy", np.full(3, 0.2))
    for cost in ("0.2", "fifth.npy"):
        for budget, code in (("0.4J", 0), ("2J", 1)):
            check = run("check-certificate", "c.json", "u.npy", "--cost", cost, "--budget", budget)
            assert check.exit_code == code, (cost, budget)


def test_a_budget_beside_costs_in_a_file_must_match(files):
    assert run("certify", "u.npy", "--cost", "c.npy", "--budget", "2J", "--output", "c.json").exit_code == 0
    for text, code in (("2J", 0), ("50%", 0), ("3J", 1), ("2.000001J", 1)):
        assert run("check-certificate", "c.json", "u.npy", "--cost", "c.npy", "--budget", text).exit_code == code, text
    said = json.loads(run("check-certificate", "c.json", "u.npy", "--cost", "c.npy", "--json").stdout)
    assert (said["verdict"], said["about"]["budget"], said["about"]["spent"]) == ("exact", "2", "2")


def test_ratios_are_called_units(files):
    assert run("certify", "u.npy", "--cost", "uniform", "--budget", "50%", "--output", "c.json").exit_code in (0, 2)
    layers = [{"name": "fc.weight", "shape": [3, 1]}]
    (files / "layers.json").write_text(json.dumps(layers))
    arguments = ["--layers", "layers.json", "--cost", "fc-dear"]
    assert run("certify", "u.npy", *arguments, "--budget", "50%", "--output", "c.json").exit_code == 0
    said = run("check-certificate", "c.json", "u.npy", *arguments, "--budget", "50%")
    assert "no mask of at most 15 units retains" in said.stdout
    assert read_certificate("c.json")["energy_unit"] == "units"
    plain = run("check-certificate", "c.json", "u.npy", "--layers", "layers.json", "--cost", "fc=10")
    assert plain.stdout == "refused: the costs given are not those of the certificate (energy_unit differs)\n"


# --- exit codes, gap, shares -----------------------------------------------------------------------


def test_an_interval_ends_with_3_on_the_command_line(files):
    cost = np.random.default_rng(35).uniform(1, 2, 100)
    np.save("u.npy", np.sqrt(cost))
    np.save("c.npy", cost)
    made = run("certify", "u.npy", "--cost", "c.npy", "--budget", "50%", "--output", "c.json", "--effort", "100")
    assert made.exit_code == 3
    assert "known up to an interval" in made.stdout
    assert "; the duality gap of its prices." in made.stdout
    said = run("check-certificate", "c.json", "u.npy", "--cost", "c.npy")
    assert said.exit_code == 3
    assert said.stdout.startswith("interval: no mask of at most 73.9074168 J retains over 0.0398505224 more of ||g||^2")


def test_what_the_checker_does_not_confirm_is_an_interval(monkeypatch):
    """The solver proves it, the checker may not search: the gap is the loss, not 0."""
    rng = np.random.default_rng(36)
    instance = Instance(rng.standard_normal(200), rng.lognormal(size=200), budget="30%")
    assert certify(instance).verdict == "exact"
    monkeypatch.setattr(checker, "MAX_STATES", 0)
    certificate = certify(instance)
    assert certificate.verdict == "interval"
    assert certificate.gap == Fraction(certificate.fields["proof"]["loss"]) > 0
    assert certificate.relative_gap > 0
    monkeypatch.setattr(checker, "MAX_WORK", -1)
    assert certify(instance).verdict == "failed"


def test_shares_are_of_the_budget(files):
    report = json.loads(run("certify", "u.npy", "--cost", "c.npy", "--budget", "3J", "--json").stdout)
    assert report["budget_share"] == 0.75
    shares = {name: s["spent_of_budget"] for name, s in report["selections"].items()}
    assert shares == {"CWMP prefix": 1.0, "CWMP fill": 1.0, "CWMP best-of": 1.0, "Top-K": 1.0, "optimum": 1.0}
    again = ("--budget", "2.5J", "--force", "--json")  # another question's certificate is there already
    report = json.loads(run("certify", "u.npy", "--cost", "c.npy", *again).stdout)
    assert report["selections"]["optimum"]["spent_of_budget"] == 0.8


# --- exact squares ---------------------------------------------------------------------------------


def three_entries(rng):
    """a, b and a c whose square is nearly a^2 + b^2, at costs 1, 1, 2 and budget 2: the last digit decides."""
    a, b = rng.uniform(1, 2, 2)
    return np.array([a, b, np.hypot(a, b)])


def test_squares_are_not_rounded():
    """Rounded squares would choose another mask for many of these."""
    rng = np.random.default_rng(53)
    differs = 0
    for _ in range(300):
        update = three_entries(rng)
        exact = [Fraction(x) ** 2 for x in update.tolist()]
        certificate = certify(Instance(update, COST, 2))
        assert certificate.verdict == "exact"
        assert certificate.retained == optimum(exact, COST, 2) == sum(p for p, x in zip(exact, certificate.mask) if x)  # noqa: B905
        rounded = np.square(update)
        differs += (exact[0] + exact[1] > exact[2]) != (Fraction(rounded[0]) + Fraction(rounded[1]) > rounded[2])
    assert differs > 20


def test_a_certificate_about_rounded_squares_is_refused():
    """What the squares rounded to float64 retain is not what the update's squares do."""
    update = three_entries(np.random.default_rng(54))
    best = certify(Instance(update, COST, 2))
    rounded = sum(map(Fraction, np.square(update)[best.mask].tolist()))
    assert rounded != best.retained
    other = sign({**best.fields, "retained": str(rounded)})
    assert check_certificate(other, update, COST).reason == "the retained score is not what the certificate says"


def test_exact_sums_of_squares():
    rng = np.random.default_rng(55)
    for values in (
        rng.standard_normal(70_000), rng.standard_normal(70_000).astype(np.float32), np.zeros(3), np.empty(0),
        np.array([1e200, -3e-200, 5e-324, 2.0**-481, 2.0**480, 1.7e308, 1 / 3]), np.array([65504, 6e-8], np.float16),
    ):  # fmt: skip
        assert exact_sum_of_squares(values) == sum((Fraction(float(x)) ** 2 for x in values), Fraction(0))


def test_the_checkers_sums_of_squares():
    rng = np.random.default_rng(56)
    for values in (rng.standard_normal(3000), rng.standard_normal(3000).astype(np.float32), np.zeros(2)):
        numbers, squares = values.tolist(), np.square(values, dtype=np.float64).tolist()
        assert checker.exact_sum_of_squares(numbers, squares) == sum((Fraction(x) ** 2 for x in numbers), Fraction(0))


# --- numbers that float64 does not hold ------------------------------------------------------------

WIDE = pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="no wider floats here")


@pytest.mark.parametrize("value", [2**53 + 1, 2**60, 2**63 + 5, -(2**62)])
def test_large_integers_are_refused(value, files):
    numbers = np.array([1, 1, value], dtype=np.uint64 if value > 2**62 else np.int64)
    with pytest.raises(InputError, match=r"cost\[2\] = .* integers must be within"):
        as_float64(numbers, "cost")
    np.save("c.npy", numbers)
    for command in (["certify", "u.npy", "--cost", "c.npy", "--budget", "2J", "--output", "o.json"],):
        said = run(*command)
        assert said.exit_code == 2
        assert f"c.npy[2] = {value}" in said.stderr
    with pytest.raises(InputError, match="integers must be within"):
        check_certificate(certify(Instance(UPDATE, COST, 2)).fields, UPDATE, numbers)
    assert as_float64(np.array([2**53, -(2**53)]), "cost").tolist() == [2.0**53, -(2.0**53)]


@WIDE
def test_long_doubles_are_exact_or_refused(files):
    third = np.longdouble(1) / 3
    with pytest.raises(InputError, match=r"cost\[1\] = .*float64 must hold it exactly"):
        as_float64(np.array([1, third]), "cost")
    assert as_float64(np.array([1, np.nan, np.inf], np.longdouble), "x").dtype == np.float64
    np.save("c.npy", COST.astype(np.longdouble))
    assert run("certify", "u.npy", "--cost", "c.npy", "--budget", "2J", "--output", "o.json").exit_code == 0
    np.save("c.npy", COST.astype(np.longdouble) + np.longdouble(2) ** -60)
    assert run("certify", "u.npy", "--cost", "c.npy", "--budget", "2J", "--output", "o.json").exit_code == 2
