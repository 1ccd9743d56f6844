"""Figures of one's own data: what is drawn is what the rules keep of it, and the caption says of what."""

import numpy as np
import pytest
from click.testing import CliRunner

import cwmp
from cwmp.__main__ import main
from theory.errors import InputError
from theory.instance import Instance
from theory.selection import selectors

pytest.importorskip("matplotlib")
RNG = np.random.default_rng(5)
G, C = RNG.standard_t(3, 20), RNG.lognormal(size=20)


def test_geometry_is_of_the_costs_that_are_given():
    drawn = cwmp.draw("geometry", G, C, budget="30%")
    instance = Instance(G, C, "30%")
    kept, top = selectors.cwmp(instance).mask, selectors.top_k(instance).mask
    points = drawn.record["points"]
    for name, mask in (("both", kept & top), ("cwmp only", kept & ~top), ("top-k only", top & ~kept)):
        assert np.allclose(points[name], np.c_[C, G**2][mask], rtol=1e-3)
    assert "at 30 % of the energy" in drawn.caption
    assert "drawn" not in drawn.caption
    ax = drawn.plot()
    figure = ax.get_figure(root=True)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in (*figure.legends[0].get_texts(), ax.xaxis.label, ax.yaxis.label)]
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[:k])
    assert not any(box.overlaps(ax.get_window_extent()) for box in boxes)


def test_equal_costs_and_a_budget_for_everything_are_drawn():
    for cost, budget in ((2, "50%"), (C, "100%")):
        cwmp.draw("geometry", G, cost, budget).plot().get_figure(root=True).draw_without_rendering()


def test_gap_is_below_the_certified_optimum():
    rows = cwmp.draw("gap", G, C, ["20%", "50%"]).record["rows"]
    for row, budget in zip(rows, ("20%", "50%"), strict=True):
        best = cwmp.certify(G, C, budget)
        assert best.verdict == row["verdict"] == "exact"
        prefix = selectors.cwmp(Instance(G, C, budget)).retained
        assert row["prefix"] == pytest.approx(float((best.retained - prefix) / best.retained), abs=1e-12)
        assert row["prefix"] <= row["bound"] * (1 + 1e-9)


def test_contraction_guarantees_what_is_retained():
    for row in cwmp.draw("contraction", G, C).record["rows"]:
        for rule in ("cwmp", "top-k"):
            assert row["seen"][rule] >= row["guaranteed"][rule] - 1e-12
    (row,) = cwmp.draw("contraction", np.ones(4), [1, 1, 1, 3], "50%").record["rows"]
    assert row["guaranteed"] == {"cwmp": 0.0, "top-k": 0.25}, "B = c_max = 3 of 6"


def test_efficiency_of_an_update_and_of_a_law():
    (row,) = cwmp.draw("efficiency", "constant(2)", "classes(1=0.5, 3=0.5)", "25%").record["rows"]
    assert row["ratio"][0] == pytest.approx(2, rel=1e-6)  # cheap ones alone: 1/2 of them for 1/4 of the energy
    rows = cwmp.draw("efficiency", RNG.standard_t(3, 500), RNG.lognormal(size=500)).record["rows"]
    assert all(row["ratio"][0] >= 1 - 1e-12 for row in rows)


@pytest.mark.parametrize("figure", ["geometry", "gap", "efficiency", "contraction"])
def test_the_command_draws_and_says_the_caption(figure, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("u.npy", G)
    np.save("c.npy", C)
    done = CliRunner().invoke(main, ["draw", figure, "u.npy", "--cost", "c.npy"])
    assert done.exit_code == 0, done.output
    expected = cwmp.draw(figure, "u.npy", "c.npy").caption
    assert expected.split(". ")[0] in done.stdout
    assert (tmp_path / f"{figure}.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_said_in_one_line():
    for arguments, says in [
        (("speed", G, C), "no figure 'speed' of your own data"),
        (("geometry", G, C, ["1%", "2%"]), "geometry is drawn at one budget"),
        (("geometry", np.zeros(3), 1), "zero everywhere"),
        (("contraction", np.zeros(3), 1), "zero everywhere"),
    ]:
        with pytest.raises(InputError, match=says) as caught:
            cwmp.draw(*arguments)
        assert "\n" not in str(caught.value)


def test_results_say_what_their_figures_show():
    assert "not optimal" in cwmp.frontier(G, C, ["20%"]).caption
    assert "saves" in cwmp.saving(G, C).caption
    assert "energy" in cwmp.energy(G, C).caption
