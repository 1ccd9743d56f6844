"""What is read off a run and its file: by hand, written and read without loss, and every damage in one line."""

import json
import math
from dataclasses import replace
from fractions import Fraction

import pytest

from empirical.prices import Entry
from empirical.records import RoundRecord, RunFile, read_run, write_run
from empirical.setting import Arm, Run, Setting
from theory.errors import InputError

SETTING = Setting(rounds=5, evaluate_every=2, final=2)
LEDGER = (
    Entry("conv", 3, Fraction(1, 3), Fraction(1, 7), Fraction(2)),
    Entry("fc", 0),
    Entry("norm", 1, Fraction(0), Fraction(0), Fraction(1, 2)),
)
ACCURACIES = (None, 0.0, None, 1.0, 0.25)  # after two rounds, after four and after the last
HONEST = ((0.5, 2.0), (1.0, 4.0), (-0.25, 3.0), None, (0.75, 5.0))


def made(honest=HONEST):
    records = tuple(
        RoundRecord(t, (4, 9), (9,), 1.5, accuracy, LEDGER, 0.25 * t, 1e-6, f"mask {t}", shown)
        for t, (accuracy, shown) in enumerate(zip(ACCURACIES, honest, strict=True))
    )
    identity = {"run": Run(SETTING, Arm("fc-dear", "0.05", "cwmp"), 7, "synthetic").fields(), "sources": "abc"}
    return RunFile(records, identity, "photographs", "J", Fraction(3, 2), Fraction(1, 3), {"python": "3"})


def test_what_a_run_comes_to_on_paper():
    run = made()
    assert run.records[0].coordinates == 4
    assert run.records[0].energy == Fraction(1, 3) + Fraction(1, 7) + 2 + Fraction(1, 2)
    assert run.energy == 5 * Fraction(125, 42) / Fraction(3, 2)
    assert run.final_accuracy == (1.0 + 0.25) / 2
    assert run.captured == 0.25 * (0 + 1 + 2 + 3 + 4) / 5


def test_the_honest_gain_on_paper():
    """Of four rounds 2 of 14 were sent; 2, 4, 3 and 5 have squares of 5 about their mean: an error of sqrt(4 * 5/3)."""
    assert 2 * math.sqrt(20 / 3) < 14
    assert made().honest_gain == 2 / 14
    of = lambda *common: made([*((1.0, c) for c in common), *[None] * (5 - len(common))]).honest_gain  # noqa: E731
    assert math.isnan(of())
    assert math.isnan(of(4.0))
    assert of(4.0, 4.0) == 2 / 8  # no error at all
    assert math.isnan(of(3.0, 1.0))  # 4 is two errors of 2, and not more
    assert of(3.0, 1.25) == 2 / 4.25
    assert math.isnan(of(-3.0, -3.0))
    assert math.isnan(of(0.0, 3.0, 6.0))  # 9 is less than two errors of sqrt(27)
    assert of(1.0, 2.0, 3.0) == 3 / 6  # 6 is more than two errors of sqrt(3), not more than four


def test_a_file_is_what_was_written_a_round_a_line(tmp_path):
    path, run = tmp_path / "run.json", made()
    write_run(path, run)
    text = path.read_text()
    assert text.startswith('{\n "data": "photographs",\n "unit": "J",\n "identity": {\n  "run": {\n')
    first = (
        '{"round":0,"cohort":[4,9],"dropped":[9],"loss":1.5,"accuracy":null,"ledger":['
        '{"kind":"conv","coordinates":3,"radio":"1/3","index":"1/7","memory":"2"},'
        '{"kind":"fc","coordinates":0,"radio":"0","index":"0","memory":"0"},'
        '{"kind":"norm","coordinates":1,"radio":"0","index":"0","memory":"1/2"}],'
        '"captured":0.0,"gap":1e-06,"masks":"mask 0","honest":[0.5,2.0]},'
    )
    head, rounds = text.split(' "full": "3/2",\n "dense": "1/3",\n "rounds": [\n')
    assert head.endswith("},\n")
    assert rounds.splitlines()[0] == f"  {first}"
    assert (rounds.count("\n"), rounds[-4:]) == (7, "]\n}\n")
    assert read_run(path) == run
    older = json.loads(text)
    for record in older["rounds"]:
        del record["honest"]  # as before it was recorded
    path.write_text(json.dumps(older))
    assert read_run(path) == made([None] * 5)


def changed(change):
    def at(fields):
        change(fields["rounds"][3])

    return at


@pytest.mark.parametrize(
    ("says", "change"),
    [
        ("its rounds are not 0 to 4", lambda f: f["rounds"].pop()),
        ("its rounds are not 0 to 4", lambda f: f["rounds"].append({**f["rounds"][4], "round": 5})),
        ("its rounds are not 0 to 4", lambda f: f["rounds"][4].update(round=3)),
        ("round 3 has no accuracy", changed(lambda r: r.update(accuracy=None))),
        ("round 2 has an unexpected accuracy", lambda f: f["rounds"][2].update(accuracy=0.5)),
        ("round 3 has accuracy -0.125; it must lie in [0, 1]", changed(lambda r: r.update(accuracy=-0.125))),
        ("round 3 has accuracy 1.125; it must lie in [0, 1]", changed(lambda r: r.update(accuracy=1.125))),
        ("round 3 has accuracy nan; it must lie in [0, 1]", changed(lambda r: r.update(accuracy=math.nan))),
        ("round 3 has a negative amount in its ledger", changed(lambda r: r["ledger"][1].update(coordinates=-1))),
        ("round 3 has a negative amount in its ledger", changed(lambda r: r["ledger"][2].update(radio="-1/9"))),
        ("round 3 has a negative amount in its ledger", changed(lambda r: r["ledger"][2].update(index="-1/9"))),
        ("round 3 has a negative amount in its ledger", changed(lambda r: r["ledger"][2].update(memory="-1/9"))),
        *(("the energy of a whole update is not positive", lambda f, at=at, value=value: f.update({at: value}))
          for at in ("full", "dense") for value in ("0", "-1/2")),
        ("Fraction(1, 0)", lambda f: f.update(full="1/0")),
        ("cannot convert Infinity to integer ratio", changed(lambda r: r["ledger"][0].update(radio=math.inf))),
        ("Invalid literal for Fraction: 'many'", lambda f: f.update(dense="many")),
        ("list index out of range", changed(lambda r: r.update(honest=[]))),
        ("'ledger'", changed(lambda r: r.pop("ledger"))),
        ("object is not iterable", changed(lambda r: r.update(cohort=3))),
        ("object is not a mapping", lambda f: f["identity"]["run"].update(setting="usual")),
    ],
)  # fmt: skip
def test_what_no_run_has_given_is_said_in_one_line(tmp_path, says, change):
    path = tmp_path / "run.json"
    write_run(path, made())
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))
    with pytest.raises(InputError) as caught:
        read_run(path)
    assert str(caught.value).startswith(f"{path} is not the file of a run: ")
    assert says in str(caught.value)


def test_what_is_no_run_at_all_is_said_in_one_short_line(tmp_path):
    path = tmp_path / "run.json"
    with pytest.raises(InputError, match=r"is not the file of a run: .*No such file"):
        read_run(path)
    for text in ("", "[]", "3", "null", '{"rounds": 3}', "[" * 100_000):
        path.write_text(text)
        with pytest.raises(InputError, match="is not the file of a run"):
            read_run(path)
    path.unlink()
    write_run(path, made())
    fields = json.loads(path.read_text())
    path.write_text(json.dumps({**fields, "x" * 200: 1}))
    with pytest.raises(InputError) as caught:
        read_run(path)
    said = f"RunFile.__init__() got an unexpected keyword argument '{'x' * 200}'"
    assert str(caught.value) == f"{path} is not the file of a run: {said[:120]}"


def test_amounts_below_one_are_amounts(tmp_path):
    path, run = tmp_path / "run.json", replace(made(), full=Fraction(1, 8), dense=Fraction(1, 9))
    write_run(path, run)
    assert read_run(path) == run
