"""The figures of the theory show what their records say, in labels that can be read."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from drawn import faults, shown
from matplotlib.colors import to_hex

from figures import catalogue, style
from figures.plots import contraction as contraction_figure
from proofs_check.studies import contraction, efficiency, frontier, gap, geometry, hardware, pages, price, saving
from theory.claims.provenance import provenance

STUDIED = ("geometry", "frontier", "gap", "efficiency", "saving", "contraction", "hardware", "price", "pages")
NAMES = (*STUDIED, "prediction", "concentration")


def update_rows():
    """What laws.json says of real updates, made up."""
    costs = ("fc-dear", "conv-dear", "lognorm(s=1)", "lognorm(s=0.3)")
    for k, (name, cost, beta) in enumerate(itertools.product(("update_a", "update_b"), costs, (0.01, 0.1, 0.3))):
        yield {"update": name, "cost": cost, "beta": beta, "gain": 0.5 - beta + 0.01 * k, "gain_error": 0.02,
               "saving": 0.4 - beta + 0.01 * k, "saving_error": 0.01, "saving_P6": 0.35 - beta + 0.02 * k,
               "saving_P11": 1.1 * (0.4 - beta + 0.01 * k), "by_layer": "(" not in cost,
               "spread": 0.2 + 0.05 * k}  # fmt: skip


def loss_rows():
    """What laws.json says of P13, made up: one law in three without a bound."""
    for magnitude, cost, beta in itertools.product(
        ("Gaussian", "Laplace"), ("classes", "lognormal", "Pareto"), (0.01, 0.1)
    ):
        head = {"magnitude": magnitude, "cost": cost, "beta": beta, "d": 10_000}
        if cost == "Pareto":
            yield {**head, "why": "E c^2 is infinite"}
            continue
        yield {**head, "method": "bernstein" if cost == "classes" else "chebyshev", "mean": 2.0, "low": 1.8,
               "high": 2.5, "seen_low": 1.9, "seen_high": 2.2, "violations": [0, 1], "trials": 200,
               "over_seen": [1.05, 1.14], "deviations": [2.0, 2.5]}  # fmt: skip


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
            catalogue.HARDWARE: hardware.hardware(ratios=(0.01, 0.1, 1.0, 10.0)),
            catalogue.PRICE: price.price(clients=4, dim=2000, sigmas=(0.0, 0.5, 1.0)),
            catalogue.PAGES: pages.pages(count=30),
        }
    plain = {name: {**record, "provenance": provenance()} for name, record in made.items()}
    return {
        **plain,
        catalogue.LAWS: {
            "updates": list(update_rows()),
            "losses": list(loss_rows()),
            "seed": 0,
            "provenance": provenance(),
        },
    }


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
        "contraction": "65,536 sets", "hardware": "Of 27 pairs", "price": "4 clients of 2,000 coordinates",
        "pages": "30 pages", "prediction": "2 recorded updates under 4 cost models",
        "concentration": "8 laws and budgets",
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


def test_hardware_shows_curves_pairs_and_ceilings(records):
    record = records[catalogue.HARDWARE]
    plane, rows = drawn("hardware", records).axes
    assert lines(plane)["ceiling"].tolist() == [[row["ratio"], row["ceiling"]] for row in record["curve"]]
    for k, beta in enumerate(hardware.BETAS):
        for key in ("exact", "predicted"):
            expected = [[row["ratio"], row["savings"][k][key]] for row in record["curve"]]
            assert lines(plane)[f"{key} {beta}"].tolist() == expected
    for radio in record["parameters"]["radios"]:
        points = [point for point in record["points"] if point["radio"] == radio]
        exact = np.array([point["savings"][1]["exact"] for point in points])
        shown_as = [lines(ax)[name] for ax in (plane, rows) for name in (radio, f"{radio}, less")]
        assert len(shown_as[0]) + len(shown_as[1]) == len(shown_as[2]) + len(shown_as[3]) == len(points)
        assert shown_as[0][:, 1].tolist() == shown_as[2][:, 0].tolist() == exact[exact >= 1e-8].tolist()
        assert lines(rows)[f"{radio}, ceiling"][:, 0].tolist() == [point["ceiling"] for point in points]


def test_hardware_says_how_many_pairs_pay(records):
    points = records[catalogue.HARDWARE]["points"]
    pays = sum(point["savings"][1]["exact"] >= 0.01 for point in points)
    assert 0 < pays < 27
    assert f"Of 27 pairs {pays} save 1 % or more" in catalogue.CATALOGUE["hardware"].caption(records)


def test_price_shows_exact_and_predicted_gains(records):
    record = records[catalogue.PRICE]
    for ax, key, number in zip(drawn("price", records).axes, ("retained", "saving"), (0, 1), strict=True):
        for law in record["laws"]:
            rows = [row for row in record["rows"] if row["law"] == law]
            assert lines(ax)[law].tolist() == [[row["sigma"], row[key]] for row in rows]
            expected = [[row["sigma"], row["predicted"][number]] for row in rows if "predicted" in row]
            assert lines(ax).get(f"{law}, predicted (P14)", np.zeros(0)).tolist() == expected


def test_price_is_hollow_where_the_law_does_not_cover(records):
    record = records[catalogue.PRICE]
    rows = [{**row, "covered": row["sigma"] < 1} if "predicted" in row else row for row in record["rows"]]
    (ax, _) = drawn("price", {catalogue.PRICE: {**record, "rows": rows}}).axes
    assert lines(ax)["power law, index 4"][:, 0].tolist() == [0.0, 0.5]
    assert lines(ax)["power law, index 4, not covered"][:, 0].tolist() == [1.0]


def test_pages_shows_every_rule_and_the_bound(records):
    record = records[catalogue.PAGES]
    labels = ("by page (D22)", "whole pages", "item-wise CWMP, pages ignored", "bound on every mask")
    for ax, case in zip(drawn("pages", records).axes, record["cases"], strict=True):
        rows = [row for row in record["rows"] if row["case"] == case]
        for label, name in zip(labels, (*pages.RULES, "bound"), strict=True):
            assert lines(ax)[label].tolist() == [[100 * row["share"], row[name]] for row in rows]


def test_prediction_shows_both_laws_and_says_how_far_off_they_are(records):
    rows = records[catalogue.LAWS]["updates"]
    axes = drawn("prediction", records).axes
    for ax, by_layer in zip(axes, (False, True), strict=True):
        for label, key in (("P6, small spread", "saving_P6"), ("P11, power means", "saving_P11")):
            expected = [[r["saving"], r[key]] for r in rows if r["by_layer"] == by_layer and r[key] > 0]
            assert lines(ax)[label].tolist() == expected
    assert f"P11 {np.log(1.1):.3f} and {np.log(1.1):.2f}" in catalogue.CATALOGUE["prediction"].caption(records)
    with_none = [{**row, "saving_P6": float("nan")} if k == 0 else row for k, row in enumerate(rows)]
    changed = {catalogue.LAWS: {**records[catalogue.LAWS], "updates": with_none}}
    before = sum(not row["saving_P6"] > 0 for row in rows)
    assert f"infinitely far off: {before + 1} where" in catalogue.CATALOGUE["prediction"].caption(changed)


def test_concentration_shows_bounds_and_what_was_seen_and_counts_violations(records):
    for ax in drawn("concentration", records).axes:
        bars = {c.get_label(): [s[:, 1].tolist() for s in c.get_segments()] for c in ax.collections}
        assert bars["P13, bounded costs"] == bars[r"P13, $\mathrm{E}\,c^2$ finite"] == [[0.9, 1.25]] * 2
        assert bars["seen, 5 % to 95 %"] == [[0.95, 1.1]] * 4
    caption = catalogue.CATALOGUE["concentration"].caption(records)
    assert "8 violations in 1,600 draws" in caption
    assert "1.14 in the median" in caption
    assert "No bound for 4 of them" in caption


@pytest.mark.parametrize(("labels", "rows"), [(["a", "b"], 1), (["costs of a long name"] * 7, 2), (["x" * 200] * 3, 3)])
def test_a_legend_above_is_no_wider_than_its_figure(labels, rows):
    with style.context():
        figure = style.new_figure("page", 3, "ieee")
        ax = figure.subplots()
        for label in labels:
            ax.plot([0, 1], label=label)
        style.legend_above(figure, ax)
    (legend,) = figure.legends
    assert -(-len(labels) // legend._ncols) == rows
    assert legend._ncols == 1 or legend.get_window_extent().width <= figure.bbox.width
