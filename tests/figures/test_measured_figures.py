"""What the figures of measurements show is what the records say: read back from the axes, worked out on paper."""

import json
import math

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from recorded import CAPTURED, PROVENANCE, RESULTS, results

from figures import frontiers
from figures.catalogue import AUDIT, CATALOGUE, CERTIFY, SELECTION, read
from figures.plots import audit
from figures.style import METHODS


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def drawn(folder):
    """Figures by name, drawn once."""
    return {
        name: CATALOGUE[name].draw(read(CATALOGUE[name], folder)) for name in ("pareto", "captured", "speed", "audit")
    }


def line(ax, label):
    (found,) = [line for line in ax.lines if line.get_label() == label]
    return np.column_stack(found.get_data())


def panels(figure, words):
    """The shown panels whose title has ``words``."""
    return [ax for ax in figure.axes if words in ax.get_title(loc="left")]


DUE = [0.02, 0.04, 0.06, 0.08, 0.1, 0.2, 0.3, 0.4]  # share x 2 clients x rounds, both budgets
RISE = np.array([0.02, 0.04, 0.06, 0.08, 0.08, 0.09, 0.11, 0.13])  # best so far, above where a method starts


@pytest.mark.parametrize(("cost", "start"), [("fc-dear", 0.24), ("conv-dear", 0.15)])
def test_pareto_frontiers_on_paper(drawn, cost, start):
    (above,) = panels(drawn["pareto"], cost)
    top_k, cwmp = (line(above, METHODS[name].label) for name in ("top-k", "cwmp"))
    assert top_k[:-1, 0] == pytest.approx(DUE, rel=1e-6)
    assert top_k[:-1, 1] == pytest.approx(100 * (0.20 + RISE))
    assert cwmp[:-1, 1] == pytest.approx(100 * (start + 0.01 + RISE))  # seeds 0, 1, 2 add 0, 1, 2 points
    assert cwmp[-1, 1] == cwmp[-2, 1]
    dense = line(above, METHODS["dense"].label)[0, 1]
    assert dense == pytest.approx(100 * (0.5 + 0.07))  # mean of the last two of 0.52, 0.54, 0.56, 0.58
    assert any("at an energy of 6" in text.get_text() for text in above.texts)  # 2 clients x 4 rounds x 4/5


def test_pareto_differences_have_students_interval(drawn):
    below = drawn["pareto"].axes[2]
    difference = line(below, METHODS["cwmp"].label)
    assert difference[:, 1] == pytest.approx(np.full(9, 5.0))
    (band,) = [c for c in below.collections if isinstance(c, PolyCollection)]
    heights = band.get_paths()[0].vertices[:, 1]
    reach = 4.302653 * 1.0 / math.sqrt(3)  # t at 97.5 % with 2 degrees of freedom, from a table; deviation 1 point
    assert (heights.min(), heights.max()) == pytest.approx((5 - reach, 5 + reach), abs=1e-5)
    assert METHODS["random-k"].label not in [line.get_label() for line in below.lines]


def test_pareto_says_the_verdicts(drawn, folder):
    titles = [ax.get_title(loc="left") for ax in drawn["pareto"].axes]
    minus = "\N{MINUS SIGN}"
    assert titles[2:] == ["holds, +5.0 [+4.1, +6.0]", f"reverses, {minus}4.0 [{minus}5.0, {minus}3.1]"]
    caption = CATALOGUE["pareto"].caption(read(CATALOGUE["pareto"], folder))
    assert f"fc-dear {titles[2]}; conv-dear {titles[3]}. With Top-K's learning rate" in caption
    assert "instead of its own: fc-dear undecided, +1.0. " in caption
    assert "learning rates 0.06 (cwmp) and 0.1 (dense, random-k, top-k)" in caption


def test_a_band_of_two_seeds_is_no_band():
    assert np.isinf(frontiers.band(np.array([[1.0, 2.0], [3.0, 2.0]])).low).all()


def test_captured_shows_every_pair(drawn):
    (ax,) = panels(drawn["captured"], "conv-dear")
    small = [line for line in ax.lines if line.get_markersize() < 3]
    points = np.concatenate([np.column_stack(line.get_data()) for line in small])
    gained = 100 * (CAPTURED["cwmp"] - CAPTURED["top-k"])
    assert points[:, 0] == pytest.approx(np.full(6, gained))
    assert sorted(points[:, 1]) == pytest.approx([-5, -5, -4, -4, -3, -3])
    large = [line for line in ax.lines if line.get_markersize() > 3 and line.get_linestyle() == "None"]
    assert [float(np.squeeze(line.get_ydata())) for line in large] == pytest.approx([-4, -4])
    assert [line.get_markerfacecolor() == "white" for line in large] == [True, False]  # the smaller budget is open


def test_captions_count_what_was_drawn(folder):
    captured = CATALOGUE["captured"].caption(read(CATALOGUE["captured"], folder))
    assert "it learned more in fc-dear: 6 of 6; conv-dear: 0 of 6." in captured
    for name in ("pareto", "captured"):
        caption = CATALOGUE[name].caption(read(CATALOGUE[name], folder))
        for words in ("made-up images", "seeds 0 to 2", "4 rounds", "budgets 1 % and 5 %", *PROVENANCE.values()):
            assert words in caption


def test_speed_shows_the_benchmarks(drawn):
    selection, certify = (json.loads((RESULTS / name).read_text()) for name in (SELECTION, CERTIFY))
    (time,), (memory,), (solving,) = (panels(drawn["speed"], f"({letter})") for letter in "abc")
    seen = dict(line(time, "CWMP"))
    space = dict(line(memory, "CWMP"))
    checked = 0
    for key, entry in selection.items():
        size, _, rest = key.partition(" ")
        if rest == "float32 cpu, 1 threads":
            (row,) = [row for row in entry["rows"] if row["contestant"] == "cwmp"]
            assert seen[float(size)] == pytest.approx(row["wall_s"] / float(size) * 1e9)
            assert space[float(size)] == pytest.approx(row["bytes_per_coordinate"])
            checked += 1
    assert checked == len(seen) >= 3
    row = certify["at_scale"]["lognormal 100000000"]
    assert (line(solving, "lognormal")[-1] == [row["d"], row.get("cpu_s", row["certify_s"])]).all()


def test_audit_shows_every_cell_once(drawn):
    reports = json.loads((RESULTS / AUDIT).read_text())["reports"]
    for k, ax in enumerate(panels(drawn["audit"], "budget")):
        texts = {text.get_position(): text.get_text() for text in ax.texts}
        names = [label.get_text() for label in ax.get_xticklabels()]
        for y, report in enumerate(reports):
            for cell in report["budgets"][k]["cells"]:
                method = "" if cell["method"] == "exact" else f" {cell['method'].capitalize().replace(' ', ', ')}"
                text = texts[names.index(cell["claim"] + method), y]
                assert (text == "–") == (cell["answer"] == "does not apply")
                if cell.get("tightness"):
                    off = float(text.replace("k", "e3"))
                    ratio = cell["limit"] / cell["observed"]
                    lower = cell["claim"] == "P8" or cell["method"].endswith("below")
                    assert off == pytest.approx(1 / ratio if lower else ratio, rel=0.06)
        assert len(texts) == len(reports) * len(names)


def test_a_violated_bound_stands_out(folder):
    records = {AUDIT: json.loads((folder / AUDIT).read_text())}
    cell = records[AUDIT]["reports"][0]["budgets"][0]["cells"][-1]
    cell["answer"] = "violated"
    figure = CATALOGUE["audit"].draw(records)
    assert "×" in [text.get_text() for text in panels(figure, "(a)")[0].texts]
    assert "1 are violated" in CATALOGUE["audit"].caption(records)


def test_the_audit_takes_bounds_on_both_sides():
    """P13's, which records may hold in any order; a lower bound's slack is the inverse."""
    names = [("P13", "bernstein below"), ("P10", "exact"), ("P13", "hoeffding above"), ("P7", "chebyshev")]
    cells = [{"claim": claim, "method": method, "tightness": 0.5, "answer": "holds"} for claim, method in names]
    assert [(c["claim"], c["method"]) for c in audit._ordered(cells)] == [names[3], names[1], names[2], names[0]]
    assert [audit.slack(c) for c in cells] == [2, 0.5, 0.5, 0.5]
    assert audit._named("bernstein below") == "Bernstein, below"
