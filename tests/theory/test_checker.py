"""The independent checker: runs on the standard library alone, accepts nothing false, and survives damaged files."""

import copy
import itertools
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from forging import at, forge, forged, leaves, optimum, sign, variants

from theory import CostClasses, Instance, checker
from theory.optimum.certificate import Certificate, certify, check_certificate

CHECKER = Path(checker.__file__)
UPDATE = np.array([0.75, -1.5, 0.25, 2.0, -0.5, 1.25, 0.0, -3.0])
COST = np.array([1.5, 2.0, 0.5, 3.0, 1.0, 2.5, 1.0, 4.0])
BUDGET = 7.25


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    return certify(Instance(UPDATE, COST, BUDGET))


@pytest.fixture
def files(tmp_path, certificate):
    """Paths of a certificate and its two arrays."""
    np.save(tmp_path / "update.npy", UPDATE)
    np.save(tmp_path / "cost.npy", COST)
    certificate.write(tmp_path / "certificate.json")
    return [tmp_path / name for name in ("certificate.json", "update.npy", "cost.npy")]


def alone(*arguments):
    """The checker as a program: no site packages, no environment, not even this project on the path."""
    command = [sys.executable, "-I", "-S", str(CHECKER), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert "Traceback" not in done.stderr
    assert len((done.stdout + done.stderr).splitlines()) == 1, "one line, whatever happens"
    return done.returncode, (done.stdout + done.stderr).strip()


def within(capsys, *arguments):
    """The same, in this process (faster)."""
    code = checker.main([str(a) for a in arguments])
    said = capsys.readouterr()
    assert len((said.out + said.err).splitlines()) == 1
    return code, (said.out + said.err).strip()


# --- as a program ----------------------------------------------------------------------------------


def test_accepts_with_the_standard_library_alone(files):
    code, says = alone(*files)
    assert code == 0
    assert says == (
        "exact: no mask of at most 7.25 J retains more of ||g||^2 than this one's 13 for 7 J "
        "(one cost each, 0.5 to 4 J); core of 0 items searched exhaustively (0 states)"
    )


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_reads_every_float_width(tmp_path, kind, capsys):
    update, cost = UPDATE.astype(kind), COST.astype(kind)
    certify(Instance(update, cost, BUDGET)).write(tmp_path / "c.json")
    np.save(tmp_path / "update.npy", update)
    np.save(tmp_path / "cost.npy", cost)
    paths = tmp_path / "c.json", tmp_path / "update.npy", tmp_path / "cost.npy"
    assert within(capsys, *paths)[0] == alone(*paths)[0] == 0


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_reads_every_version_of_the_file_format(version, files, capsys):
    with files[1].open("wb") as file:
        np.lib.format.write_array(file, UPDATE, version=version)
    assert within(capsys, *files)[0] == 0


def test_class_costs_need_no_cost_file(tmp_path):
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    certify(Instance(UPDATE, CostClasses(labels, ["0.1", "1"]), "1.3")).write(tmp_path / "c.json")
    np.save(tmp_path / "update.npy", UPDATE)
    assert alone(tmp_path / "c.json", tmp_path / "update.npy")[0] == 0


def test_an_interval_exits_with_3(tmp_path, capsys):
    cost = np.random.default_rng(35).uniform(1, 2, 100)
    certify(Instance.from_scores(cost, cost, 50), max_states=100).write(tmp_path / "c.json")
    np.save(tmp_path / "score.npy", cost)
    code, says = alone("--scores", tmp_path / "c.json", tmp_path / "score.npy", tmp_path / "score.npy")
    assert code == 3
    assert says.startswith("interval: no mask of at most 50 J has a over")
    arrays = [tmp_path / "score.npy"] * 2
    assert within(capsys, "--scores", tmp_path / "c.json", *arrays) == (code, says)
    assert within(capsys, tmp_path / "c.json", *arrays)[1].endswith("is about scores, asked for squares")


def test_refusals_exit_with_1(files):
    certificate, update, cost = files
    assert alone(certificate, cost, cost) == (1, "refused: this is not the update the certificate was made for")
    np.save(cost, COST[::-1])
    assert alone(certificate, update, cost) == (1, "refused: these are not the costs the certificate was made for")
    assert alone(certificate, update, update) == (1, "refused: item 1 is -1.5 and costs -1.5")
    assert alone(certificate, update) == (1, "refused: the certificate needs its 8 costs")


def test_unreadable_exits_with_2(files, tmp_path):
    certificate, update, cost = files
    damaged = tmp_path / "damaged"
    usage = "usage: python checker.py [--scores] certificate.json update.npy [costs.npy]"
    assert alone() == alone(*files, cost) == (2, usage)
    none = tmp_path / "none"
    assert alone(none, update, cost) == (2, f"cannot read: [Errno 2] No such file or directory: '{none}'")
    assert alone(tmp_path, update, cost)[0] == 2
    whole = certificate.read_bytes()
    for content in (b"", b"[1]", b"null", b"\xff\xfe", whole[:-3], whole[: len(whole) // 2], b"[" * 100_000):
        damaged.write_bytes(content)
        assert alone(damaged, update, cost)[0] == 2


def test_a_file_may_have_any_name(files, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    files[0].rename("+c.json")
    assert within(capsys, "+c.json", "update.npy", "cost.npy")[0] == 0


def test_damaged_arrays_exit_with_2(files, tmp_path, capsys):
    certificate, update, cost = files
    whole = update.read_bytes()
    damaged = tmp_path / "damaged.npy"
    for length in range(len(whole)):
        damaged.write_bytes(whole[:length])
        assert within(capsys, certificate, damaged, cost)[0] == 2, length
    structured = np.zeros(8, dtype=[("a", "f8")])
    for other in (UPDATE.reshape(2, 4), UPDATE.astype(">f8"), UPDATE.astype(int), UPDATE.astype(complex), structured):
        np.save(damaged, other)
        code, says = within(capsys, certificate, damaged, cost)
        assert code == 2
        if other.ndim == 1 and other.dtype != structured.dtype:
            assert says.startswith(f"cannot read: {damaged} must hold little-endian float16, float32 or float64, got ")
    np.save(damaged, UPDATE[:7])
    code, says = within(capsys, certificate, damaged, cost)
    assert (code, says) == (1, "refused: the update has 7 entries, the certificate speaks of 8")


# --- tampering with files --------------------------------------------------------------------------


@pytest.mark.parametrize("which", [1, 2])
def test_every_flipped_bit_of_an_array_is_noticed(files, which, capsys):
    """All of them, header included, but for the one that turns a last comma into a form feed: the same header."""
    whole = files[which].read_bytes()
    for position, bit in itertools.product(range(len(whole)), range(8)):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << bit
        files[which].write_bytes(flipped)
        code, _ = within(capsys, *files)
        assert code in (1, 2) or flipped == whole.replace(b"), }", b")\f }"), (position, bit)
    files[which].write_bytes(whole)
    assert within(capsys, *files)[0] == 0


def test_a_flipped_bit_of_the_certificate_is_noticed(files, capsys):
    """One bit of every byte; except where the JSON still says the same, which the digest decides."""
    whole = files[0].read_bytes()
    original = json.loads(whole)
    for position in range(len(whole)):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        files[0].write_bytes(flipped)
        if within(capsys, *files)[0] == 0:
            assert json.loads(flipped) == original, position


# --- forgeries: altered and given a fresh digest ---------------------------------------------------


BINDING = [
    ("d",), ("data", "sha256"), ("objective",), ("data", "exponent"), ("cost", "kind"), ("cost", "sha256"),
    ("budget",), ("proof", "energy"), ("proof", "removed"), ("proof", "added"), ("proof", "loss"), ("proof", "search"),
    ("spent",), ("retained",), ("format",),
]  # fmt: skip


def test_no_altered_field_makes_a_false_statement_accepted(certificate):
    """Every field, many values each, re-signed: what is still called exact must be true of what it now says."""
    refused = dict.fromkeys(BINDING, 0)
    for path in leaves(certificate.fields):
        for value in variants(at(certificate.fields, path)):
            fields = copy.deepcopy(certificate.fields)
            at(fields, path[:-1])[path[-1]] = value
            if fields == certificate.fields and type(value) is type(at(certificate.fields, path)):
                continue
            result = check_certificate(sign(fields), UPDATE, COST)
            if result.verdict == "refused":
                refused[path[:2]] = refused.get(path[:2], 0) + 1
                continue
            assert path not in BINDING or Fraction(value) == Fraction(at(certificate.fields, path)), (path, value)
            assert (
                Fraction(fields["retained"])
                == certificate.retained
                == optimum(UPDATE**2, COST, Fraction(fields["budget"]))
            )
    assert all(refused.values()), refused


def test_an_altered_certificate_is_refused_unsigned(certificate):
    for path in leaves(certificate.fields):
        fields = copy.deepcopy(certificate.fields)
        at(fields, path[:-1])[path[-1]] = "x"
        assert check_certificate(fields, UPDATE, COST).verdict == "refused", path


@pytest.mark.parametrize("search", ["ordered", "halves"])
def test_a_feasible_mask_that_is_not_optimal_is_refused(search):
    """p = (2, 3), c = (1, 2), B = 2: the greedy mask {0} under its own prices; {1} is optimal."""
    for energy in (0, 1, Fraction(3, 2), 2, 5):
        assert forged([2, 3], [1, 2], 2, [0], energy=energy, search=search).verdict == "refused"
        assert forged([2, 3], [1, 2], 2, [], energy=energy, search=search).verdict == "refused"
        assert forged([2, 3], [1, 2], 2, [1], energy=energy, search=search).verdict == "exact"
        assert forged([2, 3], [1, 2], 2, [0, 1], energy=energy, search=search).reason == "the mask overruns the budget"
        interval = forged([2, 3], [1, 2], 2, [0], energy=energy, search=search, verdict="interval")
        assert interval.verdict == "interval", "which is true of any feasible mask"


@pytest.mark.parametrize("search", ["ordered", "halves"])
def test_an_empty_core_still_looks_at_the_base_set(search):
    """At price 0 the base set keeps the item; the empty mask loses exactly its score, so no item is strictly nearer."""
    assert forged([19], [1], 1, [], search=search).reason == "a better mask exists"


@pytest.mark.parametrize("search", ["ordered", "halves"])
def test_many_cheap_items_may_replace_a_dear_one_under_the_cut(search):
    """Base set {0}. Four cheap items retain 436, five 545; on the way the slack falls ever further below 0."""
    p, c, cut = [250, 109, 109, 109, 109, 109], [5, 1, 1, 1, 1, 1], {"energy": 10, "item": 100, "items": 5, "cheap": 1}
    assert forged(p, c, 5, [1, 2, 3, 4], search=search, **cut).reason == "a better mask exists"
    assert forged(p, c, 5, [1, 2, 3, 4, 5], search=search, **cut).verdict == "exact"


def test_a_cut_that_is_too_tight_is_refused():
    p, c = [5, 4, 3], [1, 1, 1]
    says = "a feasible mask may hold more items than the cut says"
    assert forged(p, c, 2, [0], item=4, items=1, cheap=1).reason == says
    assert forged(p, c, 2, [0, 1], item=3, items=2, cheap=1).verdict == "exact"
    assert forged(p, c, 2, [0, 1], item=3, items=2, cheap=Fraction(1, 2)).reason == says
    assert "too high to verify" in forged(p, c, 2, [0], item=4, items=1, cheap=2).reason


def altered(fields, **proof):
    """A re-signed copy with other values in its proof, or in itself."""
    other = copy.deepcopy(fields)
    for name, value in proof.items():
        (other["proof"] if name in other["proof"] else other)[name] = value
    return sign(other)


def test_an_item_counts_once():
    """At a price of 5/2 the second item is added for a loss of 1/2; twice, it would be worth 4 for a loss of 1."""
    p, c = np.array([3.0, 2.0]), np.array([1.0, 1.0])
    fields = forge(p, c, 3, [0, 1], energy=Fraction(5, 2))
    assert fields["proof"]["added"] == [1]
    twice = altered(fields, added=[1, 1], retained="7", spent="3", loss="1")
    assert check_certificate(twice, p, c, scores=True).reason == "an index is listed twice"


@pytest.mark.parametrize("i", [-1, 2, 3, 1.0, True, "1", None])
def test_an_item_that_there_is_not_is_refused(i):
    p, c = np.array([3.0, 2.0]), np.array([1.0, 1.0])
    fields = altered(forge(p, c, 3, [0, 1], energy=Fraction(5, 2)), added=[i])
    reason = check_certificate(fields, p, c, scores=True).reason
    assert reason == "an index is out of range or no integer"


@pytest.mark.parametrize("kind", ["a", "z", "Counts"])
def test_a_proof_of_another_kind_is_refused(kind):
    fields = altered(forge([3], [1], 3, [0]), kind=kind)
    reason = check_certificate(fields, np.array([3.0]), np.array([1.0]), scores=True).reason
    assert reason == "the proof must be of kind core or counts"


def test_the_order_of_fields_says_nothing(certificate):
    other = {key: certificate.fields[key] for key in reversed(certificate.fields)}
    other["proof"] = {key: other["proof"][key] for key in reversed(other["proof"])}
    assert check_certificate(other, UPDATE, COST).verdict == "exact"


def test_what_a_step_settles_needs_no_search():
    """The second item is below the price by half a step: it is no more in the mask for that."""
    reason = forged([3, 1], [2, 1], 2, [0], energy=Fraction(3, 2), ties=1, step="1").reason
    assert reason.endswith("its loss of 0 is less than the 1 that scores are multiples of")


def test_what_is_said_of_a_strange_certificate_is_cut_short(certificate):
    long = "x" * 1000
    said = lambda fields: check_certificate(sign(fields), UPDATE, COST).reason  # noqa: E731
    fields = certificate.fields
    assert said({**fields, "format": long}).startswith(f"format is '{long[:39]}, this checker")
    assert said({**fields, "budget": long}).endswith(f" digits: '{long[:39]}")
    assert said({**fields, "d": long}) == f"a count is no integer >= 0: '{long[:39]}"
    assert said({**fields, long: 1}) == f"the certificate has, or lacks, the field '{long[:39]}"
    assert said({**fields, "data": {**fields["data"], long: 1}}).startswith("data has, or lacks, the field 'xxx")
    nested = said(altered(fields, removed=[[long]]))
    assert nested.startswith("an index is out of range")


def test_a_grid_that_costs_do_not_lie_on_is_refused():
    """On a grid of 2 the budget 3 counts as 2, and the mask of cost 3 is out of reach."""
    assert forged([2, 3], [2, 3], 3, [0], energy=1, grid="2").reason == "a cost is not a multiple of the grid"


def test_costs_and_scores_outside_the_model_are_refused():
    for p, c in ((1.0, 0.0), (1.0, -1.0), (1.0, np.nan), (1.0, np.inf), (-1.0, 1.0), (np.nan, 1.0)):
        assert forged([p, 0.0], [c, 1.0], 1, []).reason == f"item 0 is {p} and costs {c}"
    assert forged([np.inf], [1.0], 1, []).verdict == "refused"


@pytest.mark.parametrize("exponent", [400, 700, 5000, -600, -2000])
def test_an_exponent_that_loses_squares_is_refused(exponent):
    """Scaled by 2**-700 all squares are 0 and the empty mask would be optimal."""
    update, cost = np.array([1.0, 2.0, 2.0**-200]), np.ones(3)
    fields = copy.deepcopy(certify(Instance(update, cost, 1)).fields)
    fields["data"]["exponent"] = exponent
    fields.update(spent="0", retained="0")
    fields["proof"].update(removed=[], added=[], loss="0", grid="0", ties=0, energy="0", item="0", most_items=0)
    assert check_certificate(sign(fields), update, cost).verdict == "refused"


def test_runs_of_classes_must_cover_the_update():
    instance = Instance(UPDATE, CostClasses(np.array([0] * 4 + [1] * 4), [1, 2]), 5)
    fields = certify(instance).fields
    short = [[], [[0, 8]], [[0, 4], [1, 3]], [[0, 4], [1, 5]], [[0, 4], [1, 4], [1, 3], [0, -3]]]
    strange = [[[0, 4], [2, 4]], [[0, 4], [-1, 4]], [[0, 4.0], [1, 4]], [[0, 4], [True, 4]], [[0, 4], [1, 4, 4]],
               [[0, 4], [1, 0], [1, 4]]]  # fmt: skip
    for runs in [*short, *strange, [[1, 4], [0, 4]]]:
        altered = copy.deepcopy(fields)
        altered["cost"]["runs"] = runs
        result = check_certificate(sign(altered), UPDATE)
        assert result.verdict == "refused", runs
        if runs in short and runs != [[0, 8]]:
            assert result.reason == "the runs of cost classes do not cover the update"


@pytest.mark.parametrize("search", ["ordered", "halves"])
def test_no_consistent_forgery_is_accepted(search):
    """Random masks under random prices, with and without the cut: called exact if and only if optimal."""
    rng = np.random.default_rng(41)
    accepted = 0
    for _ in range(1200):
        n = int(rng.integers(1, 7))
        most = int(rng.choice([3, 10, 100]))
        p, c = rng.integers(0, most, n).tolist(), rng.integers(1, rng.choice([3, 6]), n).tolist()
        for twin in range(1, n):
            if rng.random() < 0.4:
                p[twin], c[twin] = p[twin - 1], c[twin - 1]
        budget = int(rng.integers(0, sum(c) + 1))
        may = [i for i in range(n) if p[i] and c[i] <= budget]
        kept = [i for i in may if rng.random() < 0.6]
        while sum(c[i] for i in kept) > budget:
            kept.pop()
        sums = list(itertools.accumulate(sorted(c[i] for i in may)))
        cut = {}
        if sums and sums[-1] > budget and rng.random() < 0.7:
            items = sum(s <= budget for s in sums)
            cut = {"items": items, "item": int(rng.integers(0, most)), "cheap": sorted(c[i] for i in may)[items]}
        energy = Fraction(int(rng.integers(0, 9)), int(rng.integers(1, 4)))
        result = forged(p, c, budget, kept, energy=energy, search=search, **cut)
        optimal = sum(p[i] for i in kept) == optimum(p, c, budget)
        assert (result.verdict == "exact") == optimal, (p, c, budget, kept, energy, cut, result)
        accepted += optimal
    assert accepted > 100
