"""The figures of the theory show what their records say, in labels that can be read."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from drawn import faults, shown
from matplotlib.colors import to_hex

from figures import catalogue, style
from figures.plots import contraction as contraction_figure
from proofs_check.studies import contraction, efficiency, frontier, gap, geometry, saving
from theory.claims.provenance import provenance

NAMES = ("geometry", "frontier", "gap", "efficiency", "saving", "contraction")


def update_rows():
    """What laws.json says of real updates, made up."""
    costs = ("fc-dear", "conv-dear", "lognorm(s=1)", "lognorm(s=0.3)")
    for k, (name, cost, beta) in enumerate(itertools.product(("update_a", "update_b"), costs, (0.01, 0.1, 0.3))):
        yield {"update": name, "cost": cost, "beta": beta, "gain": 0.5 - beta + 0.01 * k, "gain_error": 0.02,
               "saving": 0.4 - beta + 0.01 * k, "saving_error": 0.01, "saving_P6": 0.35 - beta + 0.02 * k,
               "spread": 0.2 + 0.05 * k}  # fmt: skip


@pytest.fixture(scope="module")
def records():
    """Small ones, made by the studies themselves."""
    with pytest.MonkeyPatch.context() as patch:
        for study in (efficiency, saving):
            patch.setattr(study, "MAGNITUDES", {"Laplace": "laplace()", "Student-t 5": "t(df=5)"})
        patch.setattr(efficiency, "BETAS", (0.01, 0.1, 0.5))
        patch.setattr(saving, "SIGMAS", (0.1, 1.0))
        made = {
            catalogue.GEOMETRY: geometry.geometry(points=80, bins=16),
            catalogue.FRONTIER: frontier.frontier(items=9),
            catalogue.GAP: gap.gap(sizes={10: 6, 100: 6, 1000: 4}),
            catalogue.EFFICIENCY: efficiency.efficiency(dim=5000),
            catalogue.SAVING: saving.saving(),
            catalogue.CONTRACTION: contraction.contraction(runs=3),
        }
    plain = {name: {**record, "provenance": provenance()} for name, record in made.items()}
    return {**plain, catalogue.LAWS: {"updates": list(update_rows())}}


def drawn(name, records, venue="ieee"):
    return catalogue.CATALOGUE[name].draw(records, venue)


def lines(ax):
    return {line.get_label(): np.array(line.get_xydata()) for line in ax.get_lines()}


# --- readable ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", ["ieee", "neurips"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("committed", [False, True], ids=["small", "committed"])
def test_labels_are_inside_large_enough_and_apart(name, venue, committed, records, pytestconfig):
    if committed:
        records = catalogue.read(catalogue.CATALOGUE[name], pytestconfig.rootpath / "results")
    figure = drawn(name, records, venue)
    assert len(shown(figure)) > 10
    assert faults(figure) == []


@pytest.mark.parametrize("name", NAMES)
def test_captions_state_seed_hardware_revision_and_what_records_say(name, records):
    caption = catalogue.CATALOGUE[name].caption(records)
    for stated in ("Seed 0", provenance()["hardware"], provenance()["revision"]):
        assert stated in caption
    assert "nan" not in caption
    number = {
        "geometry": "100,000 coordinates", "frontier": "512 masks of an instance of 9 items", "gap": "48 instances",
        "efficiency": "5,000 coordinates", "saving": f"{len(records[catalogue.SAVING]['cells'])} laws and budgets",
        "contraction": "65,536 sets",
    }[name]  # fmt: skip
    assert number in caption


# --- what is drawn is what the record says ---------------------------------------------------------------


def test_geometry_shows_points_ray_line_and_numbers(records):
    record = records[catalogue.GEOMETRY]
    figure = drawn("geometry", records)
    (ax,) = figure.axes
    points = {c.get_gid(): np.array(c.get_offsets()) for c in ax.collections}
    for name in ("both", "cwmp only", "top-k only"):
        assert points[name].tolist() == record["points"][name]
    ray, line = (next(xy for words, xy in lines(ax).items() if words.startswith(rule)) for rule in ("CWMP", "Top-K"))
    assert ray[:, 1] / ray[:, 0] == pytest.approx(record["ray"])
    assert line[:, 1] == pytest.approx(record["line"])
    words = " ".join(text.get_text() for text in figure.legends[0].get_texts())
    for group in ("both", "cwmp only", "top-k only"):
        assert f"{record['groups'][group]['count']:,} coordinates" in words


def test_frontier_shows_hull_masks_and_shortfalls(records):
    record = records[catalogue.FRONTIER]
    plane, *strips = drawn("frontier", records).axes
    assert lines(plane)["hull"].tolist() == record["hull"]
    assert np.array(plane.collections[0].get_offsets()).tolist() == [list(point) for point in record["masks"]]
    assert lines(plane)["optimum"][:, 1].tolist() == [row["optimum"] for row in record["budgets"]]
    for ax, rule in zip(strips, ("top-k", "prefix", "best-of"), strict=True):
        expected = [row["optimum"] - row[rule][1] for row in record["budgets"]]
        assert lines(ax)[style.METHODS[rule].label][:, 1].tolist() == expected
        assert f"{expected.count(0)} of {len(expected)}" in ax.texts[0].get_text()


def test_gap_shows_every_mean_and_quartile(records):
    record = records[catalogue.GAP]
    for ax, family in zip(drawn("gap", records).axes, record["families"], strict=True):
        rows = [row for row in record["rows"] if row["family"] == family]
        for name in ("bound", "prefix", "fill", "relaxation"):
            expected = [[row["n"], row[name]["mean"]] for row in rows if row[name]["mean"] > 0]
            assert lines(ax)[name].tolist() == expected
        bars = [segment for bar in ax.collections for segment in bar.get_segments()]
        quartiles = [row["prefix"]["quartiles"] for row in rows if row["prefix"]["quartiles"][0] > 0]
        for low, _, high in quartiles:
            assert any(np.allclose(bar[:, 1], (low, high)) for bar in bars)


def test_efficiency_shows_curves_samples_and_updates(records):
    record = records[catalogue.EFFICIENCY]
    for ax, cost in zip(drawn("efficiency", records).axes, record["parameters"]["costs"], strict=True):
        for curve in (curve for curve in record["curves"] if curve["cost"] == cost):
            expected = [[point["beta"], point["R"][0]] for point in curve["points"]]
            assert lines(ax)[curve["magnitude"]].tolist() == expected
        everything = {tuple(point) for line in ax.get_lines() for point in line.get_xydata().tolist()}
        for curve in (curve for curve in record["curves"] if curve["cost"] == cost):
            assert {(seen["beta"], seen["R"][0]) for seen in curve["sampled"]} <= everything
        mine = ("lognorm(s=1)",) if cost == "lognormal 1" else ("fc-dear", "conv-dear")
        updates = {(row["beta"], 1 + row["gain"]) for row in update_rows() if row["cost"] in mine}
        assert updates <= everything


def test_saving_shows_every_cell_and_update_and_fills_small_spreads(records):
    cells = records[catalogue.SAVING]["cells"]
    equal, ratio = drawn("saving", records).axes
    for ax, point in (
        (equal, lambda cell: (cell["exact"], cell["predicted"])),
        (ratio, lambda cell: (cell["spread"], cell["predicted"] / cell["exact"])),
    ):
        seen = {True: set(), False: set()}
        for line in ax.get_lines():
            if line.get_label() in (*saving_kinds(), *(f"{kind}, beyond" for kind in saving_kinds())):
                seen[line.get_markerfacecolor() != "none"] |= {tuple(xy) for xy in line.get_xydata().tolist()}
        assert seen[True] == {point(cell) for cell in cells if cell["spread"] <= 0.3}
        assert seen[False] == {point(cell) for cell in cells if cell["spread"] > 0.3}
    everything = {tuple(xy) for line in equal.get_lines() for xy in line.get_xydata().tolist()}
    assert {(row["saving"], row["saving_P6"]) for row in update_rows()} <= everything


def saving_kinds():
    return ("lognormal costs, independent", "lognormal costs, correlated", "two cost classes")


def test_contraction_shows_worst_cases_guarantees_and_medians(records):
    record = records[catalogue.CONTRACTION]
    worst, apart, tailed = drawn("contraction", records).axes
    for rule in ("cwmp", "top-k"):
        for label, key in ((rule, "worst"), (f"{rule} guaranteed", "guaranteed")):
            expected = [float(Fraction(row[rule][key])) for row in record["worst"]]
            assert lines(worst)[label][:, 1].tolist() == expected
        for ax, name in ((apart, "separation"), (tailed, "heavy-tailed")):
            paths = record["descent"][name]["paths"]
            for energy, loss in lines(ax)[style.METHODS[rule].label][::40]:
                last = [
                    max(zip(p[rule]["energy"], p[rule]["loss"], strict=True), key=lambda x, e=energy: (x[0] <= e, x[0]))
                    for p in paths
                ]
                assert loss == pytest.approx(np.median([found[1] for found in last]))
    assert len(contraction_figure.GRID) == len(lines(apart)["Top-K"])


def test_no_two_lines_of_a_panel_differ_by_colour_alone(records):
    for name in ("gap", "efficiency", "contraction"):
        for ax in drawn(name, records).axes:
            labelled = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
            looks = [(line.get_marker(), line.get_linestyle(), line.get_linewidth(), line.get_drawstyle())
                     for line in labelled]  # fmt: skip
            for one, other in itertools.combinations(range(len(looks)), 2):
                differ = looks[one] != looks[other]
                same_colour = to_hex(labelled[one].get_color()) == to_hex(labelled[other].get_color())
                assert differ or same_colour, (labelled[one].get_label(), labelled[other].get_label())


def test_a_record_of_something_else_is_named(records):
    entry = catalogue.CATALOGUE["gap"]
    with pytest.raises(ValueError, match=r"studies/gap\.json"):
        entry.draw({catalogue.GAP: {"rows": 3}})
