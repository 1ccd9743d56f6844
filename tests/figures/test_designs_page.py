"""The paper's setting and the safe selectors on the page and in figures: what the verdicts say, and nothing else."""

import json
import re
import shutil

import pytest
from made_designs import FURTHER, GAINS, JOULES, PAPER, write_choice, write_designs, write_safe

from empirical.designs import SECOND_HAND
from figures.catalogue import CATALOGUE, read
from figures.plots.plane import columns, ratio_of, shares
from figures.plots.safety import lines
from figures.report.designs import answers
from figures.report.evidence import Evidence
from figures.report.experiment import experiment
from theory.claims.verdict import read_verdict


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("results")
    write_designs(made / "pareto")
    return made


@pytest.fixture(scope="module")
def page(folder):
    return " ".join(re.sub(r"<[^>]*>", " ", str(experiment(Evidence(folder)))).split())


def test_the_plane_has_a_column_a_ratio_and_frames_what_holds(folder):
    record = read(CATALOGUE["plane"], folder)["pareto/paper-small"]
    for question, gains in (("equal-sparsity", GAINS), ("equal-joules", JOULES)):
        found = columns(record, question)
        assert [c.label for c in found] == ["1:100", "1:10", "1:1", "10:1"]
        costs = ["ratio-1-100", "fc-dear", None, "conv-dear"]
        for column, cost in zip(found, costs, strict=True):
            for share in PAPER.shares:
                gain, agreed = column.gain(share)
                assert gain == pytest.approx(100 * gains[cost] if cost else 0, abs=0.15)
                assert agreed or not cost or gains[cost] == 0
    assert shares(record) == ["0.01", "0.2"]
    assert (ratio_of("ratio-100-3"), ratio_of("lognormal")) == ((100, 3), None)
    caption = CATALOGUE["plane"].caption(read(CATALOGUE["plane"], folder))
    assert SECOND_HAND in caption
    assert "as many coordinates: 1:10, undecided at 1:100; as many joules: 1:100, 10:1)" in caption
    figure = CATALOGUE["plane"].draw(read(CATALOGUE["plane"], folder))
    framed = [[patch.get_x() for patch in ax.patches] for ax in figure.axes]
    assert framed == [[1], [0, 3]]


def test_safety_is_drawn_from_the_choosing_seeds_less_top_k(folder):
    record = read(CATALOGUE["safety"], folder)["pareto/safe-small/choice"]
    assert {run.seed for run in record.runs} == {1001, 1002, 1003}
    found = {(line.cost, line.feedback): line for line in lines(record, "accuracy (points)")}
    assert set(found) == {(cost, on) for cost in ("fc-dear", "conv-dear") for on in (False, True)}
    line = found["conv-dear", True]
    assert line.safety == (0.0, 0.5, 0.8, 0.9)
    assert line.values.mean(axis=1) == pytest.approx([-3, -2, -0.1, 0], abs=0.2)
    norm = {(one.cost, one.feedback): one for one in lines(record, "captured norm (points)")}
    assert norm["conv-dear", False].values.mean(axis=1) == pytest.approx([3, 2, 0.1, 0])
    assert "by which a form is chosen and nothing is judged" in CATALOGUE["safety"].caption(
        read(CATALOGUE["safety"], folder)
    )


def test_further_budgets_are_lines_of_their_own_hollow_and_said(tmp_path):
    write_choice(FURTHER, tmp_path / "pareto")
    records = read(CATALOGUE["safety"], tmp_path)
    found = list(lines(records["pareto/safe-small/choice"], "accuracy (points)"))
    assert {(one.cost, one.share) for one in found if one.feedback} == set(FURTHER.conditions)
    assert len(found) == 6
    axes = CATALOGUE["safety"].draw(records).axes
    drawn = {line.get_label(): line for line in axes[1].lines if "costs" in line.get_label()}
    assert len(drawn) == 3
    (label,) = (one for one in drawn if one.endswith(", 5 %"))
    hollow, full = drawn[label], drawn[label.removesuffix(", 5 %").removeprefix("_")]
    (legend,) = axes[0].figure.legends
    assert [text.get_text() for text in legend.get_texts()][-1] == "hollow: 5 %"
    assert len(legend.get_texts()) == 3
    assert hollow.get_color() == full.get_color() == full.get_markerfacecolor()
    assert hollow.get_markerfacecolor() == "white"
    assert "budget (1 % of a full update; hollow: 5 %) and seed" in CATALOGUE["safety"].caption(records)


def test_the_page_says_which_conditions_have_fewer_seeds(tmp_path):
    write_safe(FURTHER, tmp_path / "pareto")
    rows = re.findall(r">([a-z-]+), (\d) %(, \d seeds)?<", str(experiment(Evidence(tmp_path))))
    assert set(rows) == {("fc-dear", "1", ""), ("conv-dear", "1", ""), ("conv-dear", "5", ", 8 seeds")}


def test_the_page_answers_by_the_verdicts(page):
    assert "is one second-hand summary, unverified" in page
    assert re.search(r"with as many coordinates\? conv-dear . reverses ?, fc-dear . holds", page)
    assert re.search(r"with as many joules\? conv-dear . holds ?, fc-dear . reverses", page)
    assert "as many coordinates: fc-dear; as many joules: conv-dear, ratio-1-100" in page
    assert "made-up images: a selector that never loses?" in page
    assert "by the margin of 0.5 points that was stated beforehand" in page
    assert re.search(r"learnt-joules . reverses worse in some comparison, p = ", page)
    assert re.search(r"honest gain \+0\.9\d \[", page)


def test_what_is_undecided_is_not_said_to_hold(folder, tmp_path):
    shutil.copytree(folder / "pareto" / "paper-small" / "verdicts", tmp_path / "verdicts")
    for path in (tmp_path / "verdicts").iterdir():
        fields = json.loads(path.read_text())
        path.write_text(json.dumps({**fields, "outcome": "inconclusive"}))
    said = " ".join(map(str, answers([read_verdict(path) for path in sorted((tmp_path / "verdicts").iterdir())])))
    assert "holds" not in re.sub(r"<[^>]*>", " ", said).replace("does the claim hold", "")
    assert said.count("none is shown to") == 2


def test_designs_are_no_trials_of_the_claim_on_frontiers(folder):
    evidence = Evidence(folder)
    assert [trial.name for trial in evidence.designs] == ["paper-small", "safe-small"]
    assert evidence.trials == []
