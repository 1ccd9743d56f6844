"""Certificates made to stall, to overspend memory or to mislead: each is refused in one line, or right."""

import copy
import json
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from forging import at, forge, forged, leaves, optimum, sign

from theory import CostClasses, Instance, checker
from theory.optimum.certificate import certify, check_certificate

SEARCHES = pytest.mark.parametrize("search", ["ordered", "halves"])
LONG = "7" * 1999


def altered(fields, path, value):
    """A re-signed copy with another value."""
    other = copy.deepcopy(fields)
    at(other, path[:-1])[path[-1]] = value
    return sign(other)


# --- numbers ---------------------------------------------------------------------------------------

UPDATE = np.array([1.0, 1.0, 1.9])
COST = np.array([1.0, 1.0, 2.0])
PLAIN = certify(Instance(UPDATE, COST, 2)).fields
NUMBERS = [
    ("budget",), ("spent",), ("retained",), ("unit_joules",), ("proof", "grid"), ("proof", "energy"), ("proof", "item"),
    ("proof", "cheap"), ("proof", "loss"),
]  # fmt: skip


@pytest.mark.parametrize("path", NUMBERS)
@pytest.mark.parametrize(
    "text",
    ["1e100000000000", "1e5", "0.5", "7" * 2001, "1/" + "7" * 2001, "7" * 4201 + "/" + "3" * 4201, "nan", "inf", "abc",
     "", " 1", "1\n", "1_0", "٣", 1, 1.5, None, True, ["1"]],
)  # fmt: skip
def test_a_number_is_a_ratio_of_integers_written_out(path, text):
    result = check_certificate(altered(PLAIN, path, text), UPDATE, COST)
    assert result.verdict == "refused"
    assert result.reason.startswith("a number is no ratio of integers of up to 2000 digits")
    assert len(result.reason) < 200


def test_numbers_of_the_longest_kind_are_read():
    """A budget with as many digits as are allowed is as good as any other."""
    cost = np.array([1.0, 1.0, 2.0])
    budget = Fraction(int("2" + "0" * 1998 + "1"), 10**1999)
    assert certify(Instance(UPDATE, cost, budget)).verdict == "exact"
    assert "2000 digits" in certify(Instance(UPDATE, cost, budget + Fraction(1, 10**2000))).reason


@pytest.mark.parametrize("unit", ["-1", "0", "1/0", "-0"])
def test_a_unit_is_positive(unit):
    result = check_certificate(altered(PLAIN, ("unit_joules",), unit), UPDATE, COST)
    assert result.verdict == "refused"
    assert result.reason.startswith("malformed" if unit == "1/0" else "unit_joules must be positive")


@pytest.mark.parametrize("name", ["grid", "energy", "item", "cheap"])
def test_prices_and_grid_are_not_negative(name):
    assert check_certificate(altered(PLAIN, ("proof", name), "-1"), UPDATE, COST).reason == "negative number"


def test_an_item_price_without_a_number_of_items_is_refused():
    """It would count for nothing in the loss, and the empty mask pass for optimal."""
    assert forged([2.0], [1.0], 1, [], item=3).reason == "an item price needs the number of items it prices"


def test_a_class_cost_is_a_float():
    fields = certify(Instance(UPDATE, CostClasses(np.array([0, 0, 1]), [1, 2]), 2)).fields
    for value in ("1/3", "0", "-1", "1" + "0" * 400):
        result = check_certificate(altered(fields, ("cost", "values", 0), value), UPDATE)
        assert result.reason == "a class cost is not a positive float64"


@pytest.mark.parametrize("size", [1.1 * 2.0**-490, 3e-200, 1e160])
def test_squares_whose_parts_are_no_floats_are_refused(size):
    x = [size, 2 * size]
    assert forged(x, [1, 1], 1, [1], squares=True).reason.startswith("a square is no float")


@pytest.mark.parametrize("path", [("d",), ("proof", "most_items"), ("proof", "ties")])
@pytest.mark.parametrize("value", [-1, 2**62, 1.0, True, "1", None])
def test_a_count_is_a_whole_number(path, value):
    reason = check_certificate(altered(PLAIN, path, value), UPDATE, COST).reason
    assert reason == f"a count is no integer >= 0: {value!a}"


@pytest.mark.parametrize("value", [2200, -2200, 10**9, 1, True, 0.0, "0", None])
def test_an_exponent_is_small_and_whole(value):
    assert check_certificate(altered(PLAIN, ("data", "exponent"), value), UPDATE, COST).verdict == "refused"


def test_every_field_is_needed_and_no_other_is_allowed():
    for path in [(), ("data",), ("cost",), ("proof",)]:
        for key in list(at(PLAIN, path)):
            without = copy.deepcopy(PLAIN)
            del at(without, path)[key]
            assert check_certificate(sign(without) if key != "digest" else without, UPDATE, COST).verdict == "refused"
        more = altered(PLAIN, (*path, "more"), "1")
        assert "more" in check_certificate(more, UPDATE, COST).reason, path


# --- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ('{"format": ' + "[" * 900 + "]" * 900 + "}", "format is "),
        ('{"a": 1, "a": 2}', "a field stands twice"),
        ('{"d": ' + "7" * 21 + "}", "an integer of more than 20 digits"),
        ('{"d": ' + "7" * 5000 + "}", "an integer of more than 20 digits"),
        ('{"d": NaN}', "NaN is no number"),
        ('{"d": Infinity}', "Infinity is no number"),
        ("[1]", "no JSON object"),
        ("{}" + " " * checker.MAX_BYTES, "larger than any"),
    ],
    ids=["lists", "objects", "nested", "twice", "digits", "more digits", "nan", "infinity", "list", "size"],
)
def test_a_strange_file_is_one_line(text, says, tmp_path, capsys):
    path, data = tmp_path / "c.json", tmp_path / "u.npy"
    path.write_text(text)
    np.save(data, UPDATE)
    assert checker.main([str(path), str(data)]) in (1, 2)
    said = "".join(capsys.readouterr())
    assert len(said.splitlines()) == 1
    assert len(said) < 400
    assert says in said


def test_a_note_nested_too_deep_is_refused():
    note: list = []
    for _ in range(100_000):
        note = [note]
    fields = {**PLAIN, "note": note}
    assert check_certificate(fields, UPDATE, COST).reason.startswith("malformed certificate: RecursionError")
    while note:
        note = note.pop()


def test_the_earlier_format_is_named(capsys):
    reason = check_certificate({**PLAIN, "format": "cwmp-certificate/1"}, UPDATE, COST).reason
    assert reason == "format is 'cwmp-certificate/1', this checker reads 'cwmp-certificate/2': certify anew"
    assert len(check_certificate({**PLAIN, "format": "x\n" * 10_000}, UPDATE, COST).reason) < 200


# --- work ------------------------------------------------------------------------------------------


def ties_in_classes(count, classes, search):
    """Items that are all tied, in classes of incommensurable costs: all are in the core, and hardly a subset fits."""
    price = np.sqrt([2.0, 3.0, 5.0, 7.0, 11.0])[:classes]
    c = price[np.arange(count) % classes]
    kept = range(0, count, 2)
    budget = sum(Fraction(c[i]) for i in kept) + Fraction(1, 10**14)
    return 2 * c, c, forge(2 * c, c, budget, kept, energy=2, search=search)


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]), int(sys.argv[1])))
sys.path.insert(0, sys.argv[2])
import checker
sys.exit(checker.main(sys.argv[3:]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
@pytest.mark.parametrize("kind", ["ordered", "halves", "prices"])
def test_a_stalling_certificate_is_refused_within_500_megabytes(kind, tmp_path):
    """1,900 ties in five classes, either search; prices so small that no item is told apart by floats."""
    if kind == "prices":
        x = np.random.default_rng(3).lognormal(size=400_000)
        c, options = x[::-1].copy(), {"energy": Fraction(1, 10**295), "search": "ordered", "verdict": "interval"}
        fields = forge(x[:1], c[:1], 10**6, [], **options)
        fields["d"], fields["data"]["sha256"] = x.size, checker.hashlib.sha256(x.tobytes()).hexdigest()
        fields["cost"]["sha256"] = checker.hashlib.sha256(c.tobytes()).hexdigest()
        sign(fields)
    else:
        x, c, fields = ties_in_classes(1900, 5, kind)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "c.npy", c)
    (tmp_path / "c.json").write_text(json.dumps(fields))
    paths = [str(tmp_path / name) for name in ("c.json", "x.npy", "c.npy")]
    limit = str(500_000_000 + 2 * x.nbytes)
    command = [sys.executable, "-I", "-S", "-c", LIMITED, limit, str(Path(checker.__file__).parent), "--scores", *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (1, f"refused: {checker._TOO_LARGE}", "")


@SEARCHES
@pytest.mark.parametrize("bound", ["MAX_WORK", "MAX_STATES"])
def test_a_search_ends_where_its_bound_says(search, bound, monkeypatch):
    """The same certificate: right, and with less work or fewer states allowed, too large."""
    x, c, fields = ties_in_classes(20, 5, search)
    assert check_certificate(fields, x, c, scores=True).verdict == "exact"
    monkeypatch.setattr(checker, bound, 200 if bound == "MAX_WORK" else 3)
    assert check_certificate(fields, x, c, scores=True).reason == checker._TOO_LARGE


@SEARCHES
def test_states_of_long_numbers_count_for_more(search, monkeypatch):
    """What suffices for a search in short numbers does not for the same search in numbers of 6,000 bits."""
    x, c, short = ties_in_classes(10, 5, search)
    budget = Fraction(short["budget"]) + Fraction(1, 10**1900)
    long = forge(x, c, budget, range(0, 10, 2), energy=2, search=search)

    def passes(fields, limit):
        monkeypatch.setattr(checker, "MAX_STATES", limit)
        return check_certificate(fields, x, c, scores=True).verdict == "exact"

    enough = next(limit for limit in range(1, 10_000) if passes(short, limit))
    assert passes(long, 100 * enough)
    assert not passes(long, enough)


@SEARCHES
def test_work_is_counted_inside_a_layer(search, monkeypatch):
    """One kind of very many ties: the first state alone has more copies than the bound allows."""
    asked, spend = [], checker._Work.spend
    monkeypatch.setattr(checker, "MAX_WORK", 5_000)
    monkeypatch.setattr(checker._Work, "spend", lambda work, steps: (asked.append(steps), spend(work, steps)))
    x, c, fields = ties_in_classes(20_000, 1, search)
    assert check_certificate(fields, x, c, scores=True).reason == checker._TOO_LARGE
    assert sum(asked) < 5_100


def test_items_that_floats_cannot_tell_apart_are_bounded(monkeypatch):
    x = np.arange(1.0, 301.0)
    options = {"energy": Fraction(1, 10**300), "verdict": "interval"}
    fields = forge(x, x, 400, [0], **options)
    assert check_certificate(fields, x, x, scores=True).verdict == "interval"
    monkeypatch.setattr(checker, "MAX_WORK", 300 * 20 - 1)
    assert check_certificate(fields, x, x, scores=True).reason == checker._TOO_LARGE


def test_items_that_are_alike_cost_no_more_than_one(monkeypatch):
    """Ties of one kind only: a sign update."""
    x = np.ones(20_000)
    fields = forge(x, x, 5_000, range(5_000), energy=1, ties=5_000)
    monkeypatch.setattr(checker, "MAX_WORK", 500)
    assert check_certificate(fields, x, x, scores=True).verdict == "exact"


def test_a_long_list_of_moved_items_is_refused():
    many = altered(PLAIN, ("proof", "added"), list(range(checker.MAX_MOVED + 1)))
    assert check_certificate(many, UPDATE, COST).reason == f"more than {checker.MAX_MOVED} items are listed"


def test_a_grid_of_many_costs_is_refused():
    x = np.arange(1.0, 70_001.0)
    fields = forge(x, x, 5, [4], energy=1, grid="1", verdict="interval")
    assert check_certificate(fields, x, x, scores=True).reason == "too many different costs for a grid"


# --- mutations -------------------------------------------------------------------------------------


def bases():
    """Certificates of every form, with their data, and costs where they need them."""
    rng = np.random.default_rng(51)
    g, c = rng.standard_normal(8), rng.integers(1, 9, 8) / 4
    yield certify(Instance(g.astype(np.float32), c, budget="40%")).fields, g.astype(np.float32), c, False
    yield certify(Instance(g * 1e200, c, budget="60%")).fields, g * 1e200, c, False
    classes = CostClasses(np.array([0, 0, 0, 1, 1, 1, 1, 0]), ["0.1", "0.7"])
    yield certify(Instance(g, classes, "1.1")).fields, g, None, False
    yield certify(Instance.from_scores(c + 2, c, 5)).fields, c + 2, c, True
    hard = rng.uniform(1, 2, 9)
    yield certify(Instance.from_scores(hard, hard, 7), max_states=4).fields, hard, hard, True
    x, k = np.array([250.0, 109, 109, 109, 109, 109]), np.array([5.0, 1, 1, 1, 1, 1])
    cut = {"energy": 10, "item": 100, "items": 5, "cheap": 1, "search": "halves"}
    yield forge(x, k, 5, [1, 2, 3, 4, 5], **cut), x, k, True


def mutant(value, rng):
    """Another value: near the old one, of another kind, or made to hurt."""
    hostile = ["1e100000000000", LONG, f"{LONG}/{LONG[::-1]}3", "-1", "0", "1/3", "1" + "0" * 300, "1/1" + "0" * 300,
               None, True, -1, 2**70, 10**9, 1.5, [], {}, [[0, 1]], "", "abc", [0, 1], "exact", "interval"]  # fmt: skip
    if isinstance(value, str) and value.replace("/", "").isdigit() and rng.random() < 0.7:
        x = Fraction(value)
        near = [x + 1, x * 2, x / 3, abs(x - 1), x * Fraction(999, 1000), x + Fraction(1, 10**9)]
        return str(rng.choice(near))
    if type(value) is int and rng.random() < 0.7:
        return rng.choice([value + 1, value - 1, 2 * value, 0])
    if isinstance(value, list) and rng.random() < 0.7:
        return rng.choice([value[:-1], value + value[:1], value[::-1], [*value, rng.randrange(9)], [*value, [0, 1]]])
    return rng.choice(hostile)


def is_right(fields, result, data, cost, scores):
    """Whether what an accepted certificate says is true of the costs, the objective and the budget that it names."""
    if cost is None:
        runs, values = fields["cost"]["runs"], fields["cost"]["values"]
        cost = [Fraction(values[k]) for k, n in runs for _ in range(n)]
    unit = Fraction(2) ** fields["data"]["exponent"]
    worth = [Fraction(x) if scores else (Fraction(x) / unit) ** 2 for x in data.tolist()]
    best, kept = optimum(worth, cost, Fraction(fields["budget"])), Fraction(fields["retained"])
    gap = Fraction(0) if result.verdict == "exact" else Fraction(fields["proof"]["loss"])
    return kept <= best <= kept + gap and Fraction(fields["spent"]) <= Fraction(fields["budget"])


def test_ten_thousand_mutated_certificates_are_refused_in_one_line_or_right():
    rng, accepted, count = random.Random(52), 0, 0
    for fields, data, cost, scores in bases():
        paths = [path for path in leaves(fields) if path[0] not in ("digest", "format")]
        assert check_certificate(fields, data, cost, scores=scores).verdict != "refused"
        for _ in range(1_700):
            other = copy.deepcopy(fields)
            for path in rng.sample(paths, rng.choice([1, 1, 2, 3])):
                try:
                    at(other, path[:-1])[path[-1]] = mutant(at(other, path), rng)
                except (KeyError, IndexError, TypeError):
                    continue  # an earlier mutation took its place away
            result = check_certificate(sign(other), data, cost, scores=scores)
            count += 1
            assert len(result.reason.splitlines()) == 1, other
            assert len(result.reason) < 500, other
            if result.verdict != "refused":
                accepted += other != fields
                assert is_right(other, result, data, cost, scores), other
    assert count >= 10_000
    assert accepted > 50, "else mutations are too wild to test anything"
