"""The studies behind the figures: what they record, against enumeration, closed forms and plain simulations."""

import itertools
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.optimize import brentq
from scipy.special import ndtri

from cwmp.__main__ import main
from proofs_check.oracles import class_optimum, enumerate_optimum
from proofs_check.studies import contraction, efficiency, frontier, gap, geometry, hardware, pages, price, saving
from proofs_check.studies import records as kept_records
from proofs_check.studies.study import Study
from proofs_check.studies.table import STUDIES
from theory.energy.hardware import MEMORIES, RADIOS
from theory.errors import InputError
from theory.instance import Instance
from theory.laws.parse import magnitude_law
from theory.selection.selectors import cwmp, top_k

# --- geometry ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    path = tmp_path_factory.mktemp("update") / "mine.npy"
    np.save(path, np.random.default_rng(5).standard_t(3, 4000).astype(np.float32))
    return geometry.geometry(seed=3, update=path, points=60, bins=10)


def test_geometry_divides_every_coordinate_once(plane):
    groups, histogram = plane["groups"], plane["histogram"]
    assert sum(group["count"] for group in groups.values()) == plane["data"]["d"] == 4000
    for share in ("energy", "score"):
        assert sum(group[share] for group in groups.values()) == pytest.approx(1, abs=1e-12)
    assert np.sum(histogram["counts"]) + histogram["outside"] == 4000
    assert plane["data"]["name"] == "mine.npy"


def test_geometry_puts_points_on_the_right_side_of_ray_and_line(plane):
    sides = {"both": (1, 1), "cwmp only": (1, -1), "top-k only": (-1, 1), "neither": (-1, -1)}
    for name, (above_ray, above_line) in sides.items():
        points = np.array(plane["points"][name])
        assert 0 < len(points) <= 60
        c, p = points.T
        assert (above_ray * (p / c / plane["ray"] - 1) > -2e-3).all()  # four digits are recorded
        assert (above_line * (p / plane["line"] - 1) > -2e-3).all()


def test_geometry_spends_the_same_joules(plane):
    for rule in plane["rules"].values():
        assert 0.045 < rule["energy"] <= 0.05
    assert plane["rules"]["cwmp"]["score"] > plane["rules"]["top-k"]["score"]
    groups = plane["groups"]
    assert plane["rules"]["cwmp"]["count"] == groups["both"]["count"] + groups["cwmp only"]["count"]


def test_geometry_says_that_an_update_was_drawn():
    assert geometry.geometry(points=5, bins=4)["data"]["source"] == "drawn"


# --- frontier ----------------------------------------------------------------------------------------


def masks_of(record):
    """Every mask's (cost, value), by combinations."""
    items = list(zip(record["cost"], record["score"], strict=True))
    for size in range(len(items) + 1):
        for chosen in itertools.combinations(items, size):
            yield sum(c for c, _ in chosen), sum(p for _, p in chosen)


@pytest.mark.parametrize("seed", [0, 1])
def test_frontier_hull_is_where_a_price_has_one_best_mask_only(seed):
    """The definition of a vertex, tried at a price between every two neighbouring densities."""
    record = frontier.frontier(seed=seed, items=8)
    points = set(masks_of(record))
    assert {tuple(point) for point in record["masks"]} == points
    densities = sorted({Fraction(p, c) for c, p in zip(record["cost"], record["score"], strict=True)})
    prices = [0, *((a + b) / 2 for a, b in itertools.pairwise(densities)), densities[-1] + 1]
    vertices = set()
    for one in prices:
        worth = {point: point[1] - one * point[0] for point in points}
        best = [point for point in points if worth[point] == max(worth.values())]
        assert len(best) == 1
        vertices.add(best[0])
    assert {tuple(point) for point in record["hull"]} == vertices


def test_frontier_hull_is_what_cwmp_reaches_and_the_optimum_is_the_best_mask():
    record = frontier.frontier(items=8)
    rows, points = record["budgets"], list(masks_of(record))
    reached = {tuple(row["prefix"]) for row in rows}
    at_vertices = {tuple(rows[cost]["prefix"]) for cost, _ in record["hull"]}
    assert at_vertices == {tuple(point) for point in record["hull"]}
    assert at_vertices <= reached
    costs, values = zip(*record["hull"], strict=True)
    for row in rows[max(record["cost"]) :]:  # on an edge where densities tie
        k = max(i for i, cost in enumerate(costs) if cost <= row["prefix"][0])
        slope = Fraction(values[k + 1] - values[k], costs[k + 1] - costs[k]) if k + 1 < len(costs) else 0
        assert row["prefix"][1] == values[k] + slope * (row["prefix"][0] - costs[k])
    for row in rows:
        assert row["optimum"] == max(p for c, p in points if c <= row["budget"])
        for rule in ("prefix", "fill", "best-of", "top-k"):
            assert row[rule][0] <= row["budget"]
            assert row[rule][1] <= row["optimum"]


# --- gap ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", list(gap.FAMILIES))
def test_gaps_are_those_to_the_enumerated_optimum(family):
    looked = 0
    for trial in range(12):
        instance = gap.FAMILIES[family][1](gap._stream(1, family, 12, trial), 12, "0.3")
        found, best = gap._gaps(instance), enumerate_optimum(instance).value
        for rounding in ("prefix", "fill", "best-of"):
            expected = float((best - cwmp(instance, rounding=rounding).retained) / best)
            assert found[rounding] == expected
            looked += expected > 0
        assert found["bound"] >= found["prefix"] >= found["fill"] >= found["best-of"] >= 0
        assert found["bound"] == pytest.approx(found["prefix"] + found["relaxation"], rel=1e-9)
        assert found["certified"]
    assert looked > 2


def test_gaps_of_two_classes_agree_with_counts_per_class():
    instance = gap.FAMILIES["two classes"][1](gap._stream(0, "two classes", 3000, 1), 3000, "0.1")
    best = class_optimum(instance).value
    assert gap._gaps(instance)["prefix"] == float((best - cwmp(instance).retained) / best)


def test_gap_rows_have_every_size_and_do_not_depend_on_the_others():
    few, more = gap.gap(sizes={20: 6}), gap.gap(sizes={10: 2, 20: 6})
    rows = [row for row in more["rows"] if row["n"] == 20]
    assert rows == few["rows"]
    assert [row["family"] for row in rows] == list(gap.FAMILIES)
    assert all(row["certified"] == row["trials"] == 6 for row in rows)


def test_gap_summaries():
    values = [0.0, 0.0, 1.0, 3.0]
    found = gap._summary([{**dict.fromkeys(gap.QUANTITIES, v), "certified": v > 0} for v in values])
    assert found["fill"] == {"quartiles": [0.0, 0.5, 1.5], "mean": 1.0, "zero": 0.5}
    assert found["certified"] == 2


# --- efficiency and saving: Laplace magnitudes, where everything has a closed form ---------------------


def tail(t):
    """``P(|g| > t)`` and ``E[g^2; |g| > t]`` of Laplace magnitudes."""
    return math.exp(-t), math.exp(-t) * (t * t + 2 * t + 2)


def two_classes(threshold, ratio):
    """Energy per coordinate and score per coordinate of ``g^2 > lambda c``, costs 1 and ``ratio``."""
    rows = [(c, *tail(math.sqrt(threshold * c))) for c in (1.0, ratio)]
    return sum(c * s for c, s, _ in rows) / 2, sum(t for *_, t in rows) / 2


@pytest.fixture(scope="module")
def efficient():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(efficiency, "MAGNITUDES", {"Laplace": "laplace()", "Student-t 5": "t(df=5)"})
        return efficiency.efficiency(seed=2, dim=40_000)


def test_efficiency_meets_the_closed_form(efficient):
    (curve,) = [c for c in efficient["curves"] if (c["magnitude"], c["cost"]) == ("Laplace", "two classes 1:10")]
    for point in curve["points"]:
        beta = point["beta"]
        threshold = brentq(lambda x, beta=beta: two_classes(x, 10.0)[0] - beta * 5.5, 1e-12, 1e3, xtol=1e-14)
        v, v_k = two_classes(threshold, 10.0)[1] / 2, tail(-math.log(beta))[1] / 2
        assert point["R"][0] == pytest.approx(v / v_k, rel=1e-7)


def test_efficiency_of_samples_lies_in_its_interval_of_the_quadrature(efficient):
    inside = []
    for curve in efficient["curves"]:
        exact = dict(zip(*np.array([(p["beta"], p["R"][0]) for p in curve["points"]]).T, strict=True))
        for seen in curve["sampled"]:
            value = np.interp(math.log(seen["beta"]), np.log(list(exact)), list(exact.values()))
            inside.append(abs(seen["R"][0] - value) <= 1.5 * seen["R"][1] + 2e-3)  # 2e-3: interpolated
            assert seen["R"][0] >= 1
    assert np.mean(inside) > 0.85
    assert len(inside) == 20


def test_saving_meets_the_closed_form_and_the_law_of_laplace(monkeypatch):
    """Independent costs, Laplace: tau h(tau) = tau, so the law says CV^2 tau/4; the exact saving by root finding."""
    monkeypatch.setattr(saving, "MAGNITUDES", {"Laplace": "laplace()"})
    monkeypatch.setattr(saving, "SIGMAS", ())
    looked = 0
    for cell in saving.saving()["cells"]:
        ratio, beta = float(cell["cost"].split(", ")[1].split("=")[0]), cell["beta"]
        tau, mean = -math.log(beta), (1 + ratio) / 2
        spread = (ratio - 1) / (ratio + 1)
        assert cell["spread"] == pytest.approx(spread, rel=1e-9)
        assert cell["predicted"] == pytest.approx(spread**2 * tau / 4, rel=1e-9)
        needed = tail(tau)[1]
        threshold = brentq(lambda x, r=ratio, n=needed: two_classes(x, r)[1] - n, 1e-9, 1e3, xtol=1e-14)
        assert cell["exact"] == pytest.approx(1 - two_classes(threshold, ratio)[0] / (beta * mean), rel=1e-6)
        looked += 1
    assert looked == len(saving.RATIOS) * len(saving.BETAS)


# --- contraction -------------------------------------------------------------------------------------


def test_worst_case_is_the_worst_of_every_small_update_in_every_order():
    """All scores 0..3 on three items, in every order of their costs: nothing is worse, and the worst is met."""
    costs = (1, 2, 3)
    least = {}
    for order in sorted(set(itertools.permutations(costs))):
        for score in itertools.product(range(4), repeat=3):
            if not any(score):
                continue
            base = Instance.from_scores(np.array(score, float), np.array(order, float), 0)
            for budget in range(7):
                at = base.with_budget(Fraction(budget))
                for rule, select in (("cwmp", cwmp), ("top-k", top_k)):
                    share = select(at).retained / sum(score)
                    least[rule, budget] = min(share, least.get((rule, budget), Fraction(1)))
    for budget in range(7):
        found = contraction.worst_case(np.array(costs), budget)
        assert {rule: share for rule, (share, _) in found.items()} == {rule: least[rule, budget] for rule in found}


@pytest.fixture(scope="module")
def contracted():
    return contraction.contraction(runs=2)


def test_worst_cases_are_realised_and_never_below_the_guarantee(contracted):
    for row in contracted["worst"]:
        for rule in contraction.RULES:
            guaranteed, worst, realised = (Fraction(row[rule][key]) for key in ("guaranteed", "worst", "realised"))
            assert guaranteed <= worst == realised
        assert row["top-k"]["guaranteed"] == row["top-k"]["worst"]


@pytest.mark.parametrize("rule", contraction.RULES)
def test_descent_is_that_of_a_plain_loop(contracted, rule):
    problem = contraction.heavy_tailed(np.random.default_rng([0, 1]))
    path = contracted["descent"]["heavy-tailed"]["paths"][1][rule]
    x = residual = np.zeros(400)
    spent, budget = 0.0, float(problem.budget)
    for energy, loss in list(zip(path["energy"], path["loss"], strict=True))[:40]:
        assert energy == pytest.approx(spent / problem.cost.sum(), rel=1e-4)
        assert loss == pytest.approx(np.sum((x - problem.target) ** 2) / np.sum(problem.target**2), rel=1e-3)
        total = 0.1 * (x - problem.target) + residual
        order = np.argsort(-(total**2) / (problem.cost if rule == "cwmp" else 1), kind="stable")
        order = order[problem.cost[order] <= budget]
        kept = order[np.cumsum(problem.cost[order]) <= budget]
        sent = np.zeros(400)
        sent[kept] = total[kept]
        x, residual, spent = x - sent, total - sent, spent + problem.cost[kept].sum()


def test_levels_are_reached_at_the_first_round_at_or_below_them(contracted):
    for descent in contracted["descent"].values():
        for path in descent["paths"]:
            for rule in contraction.RULES:
                energy, loss = np.array(path[rule]["energy"]), np.array(path[rule]["loss"])
                for level, reached in zip(contraction.LEVELS, path[rule]["reached"], strict=True):
                    below = energy[loss <= level]
                    assert (reached is None) == (below.size == 0)
                    if reached is not None:
                        assert reached == pytest.approx(below[0], rel=1e-4)


# --- records and the command ---------------------------------------------------------------------------


def counting(calls):
    def run(*, seed, progress):
        calls.append(seed)
        progress(1.0)
        return {"parameters": {"seed": seed}, "value": 1}

    return Study("counting", "how often it ran", run)


def test_a_finished_record_is_kept_until_something_changes(tmp_path):
    calls = []
    study = counting(calls)
    record, kept = kept_records.run_study(study, tmp_path)
    assert not kept
    assert record["provenance"]["hardware"]
    assert kept_records.run_study(study, tmp_path) == (record, True)
    kept_records.run_study(study, tmp_path, seed=1)
    kept_records.run_study(study, tmp_path, seed=1, fresh=True)
    path = tmp_path / "counting.json"
    path.write_text(path.read_text()[:60])  # of this making, and damaged
    kept_records.run_study(study, tmp_path, seed=1)
    assert calls == [0, 1, 1, 1]


def test_a_record_of_other_sources_is_not_kept(tmp_path, monkeypatch):
    calls = []
    kept_records.run_study(counting(calls), tmp_path)
    monkeypatch.setattr(kept_records, "source_digest", lambda: "other")
    kept_records.run_study(counting(calls), tmp_path)
    assert calls == [0, 0]


def test_an_interrupt_leaves_no_half_record(tmp_path):
    def run(*, seed, progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept_records.run_study(Study("stopped", "", run), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_update_is_part_of_the_origin(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(1.0, 400.0))
    study = STUDIES["geometry"]
    first, _ = kept_records.run_study(study, tmp_path, update=tmp_path / "a.npy")
    assert kept_records.run_study(study, tmp_path, update=tmp_path / "a.npy")[1]
    np.save(tmp_path / "a.npy", np.arange(2.0, 401.0))
    second, kept = kept_records.run_study(study, tmp_path, update=tmp_path / "a.npy")
    assert not kept
    assert first["given"] != second["given"]
    with pytest.raises(InputError, match="No such file"):
        kept_records.run_study(study, tmp_path, update=tmp_path / "b.npy")


def test_the_command_writes_records_and_says_what_is_wrong(tmp_path):
    def call(*words):
        return CliRunner().invoke(main, ["study", *words, "--output", str(tmp_path)])

    done = call("frontier")
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "studies" / "frontier.json").read_text())["study"] == "frontier"
    assert "there already" in call("frontier").output
    for words, complaint in ((("frontire",), "no study is called"), (("gap", "--update", "x.npy"), "an update is for")):
        wrong = call(*words)
        assert wrong.exit_code == 2
        assert wrong.output.count("\n") == 1
        assert complaint in wrong.output


def test_the_help_names_every_study():
    text = CliRunner().invoke(main, ["study", "--help"]).output
    assert f"NAMES: {', '.join(STUDIES)}." in " ".join(text.split())


def test_numbers_that_json_has_not_are_refused(tmp_path):
    study = Study("wrong", "", lambda *, seed, progress: {"value": math.nan})
    with pytest.raises(ValueError, match="JSON"):
        kept_records.run_study(study, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_records_kept_here_are_small_and_of_these_studies():
    found = {path.stem: path for path in (Path(__file__).parents[3] / "results" / "studies").glob("*.json")}
    assert set(found) == set(STUDIES)
    for name, path in found.items():
        assert path.stat().st_size < 300_000
        assert json.loads(path.read_text())["study"] == name


# --- hardware, price, pages --------------------------------------------------------------------------------


def at_energy(order, score, cost, energy):
    """Score of the items in this order up to an energy, the last one in part."""
    spent = np.cumsum(cost[order])
    return np.interp(energy, np.append(0, spent), np.append(0, np.cumsum(score[order])))


def test_hardware_saves_what_two_sorted_lists_say():
    record = hardware.hardware(ratios=(0.1, 1.0))
    g = magnitude_law(hardware.LAW).sample(np.random.default_rng(0), 100_000)
    for row in record["curve"]:
        c = row["ratio"] + np.repeat([0.0, 1.0], [40_000, 60_000])
        top, dense = np.argsort(-g), np.argsort(-(g**2) / c)
        for found in row["savings"]:
            budget = found["beta"] * c.sum()
            wanted = at_energy(top, g**2, c, budget)
            needed = brentq(lambda e: at_energy(dense, g**2, c, e) - wanted, 0, budget)  # noqa: B023
            assert found["exact"] == pytest.approx(1 - needed / budget, abs=1e-6)
            assert 0 < found["exact"] < row["ceiling"]
            assert found["predicted"] == pytest.approx(found["exact"], rel=0.1)


def test_hardware_places_every_pair_where_its_joules_say():
    record = hardware.hardware(ratios=(1.0,))
    points = {(point["radio"], point["memory"]): point for point in record["points"]}
    assert len(points) == len(RADIOS) * len(MEMORIES)
    for (radio, memory), point in points.items():
        written = next(m for m in MEMORIES if m.name == memory).write.exact
        bits = 32 + 17  # a float and an index below 2^17
        assert point["ratio"] == pytest.approx(float(bits * RADIOS[radio].exact / (32 * written)))
        assert all(found["exact"] <= point["ceiling"] for found in point["savings"])


def test_price_gains_what_sorting_all_clients_together_says():
    record = price.price(clients=4, dim=2000, sigmas=(0.0, 0.8))
    quantiles = ndtri((np.arange(4) + 0.5) / 4)
    for row in record["rows"]:
        text, _ = price.LAWS[row["law"]]
        rng = np.random.default_rng([0, list(price.LAWS).index(row["law"])])
        score = [(s * magnitude_law(text).sample(rng, 2000)) ** 2 for s in np.exp(row["sigma"] * quantiles)]
        cost = [1.0 + rng.integers(0, 3, 2000) for _ in score]
        budget = 0.01 * sum(c.sum() for c in cost)
        each = [at_energy(np.argsort(-p / c), p, c, budget / 4) for p, c in zip(score, cost, strict=True)]
        p, c = np.concatenate(score), np.concatenate(cost)
        order = np.argsort(-p / c)
        assert row["retained"] == pytest.approx(at_energy(order, p, c, budget) / sum(each), rel=1e-9)
        needed = brentq(lambda e: at_energy(order, p, c, e) - sum(each), 0, budget)  # noqa: B023
        assert row["saving"] == pytest.approx(1 - needed / budget, abs=1e-6)
    one, other = (row for row in record["rows"] if row["law"] == "power law, index 4")
    assert one["predicted"] == pytest.approx([1, 0])
    assert other["predicted"][0] == pytest.approx(other["retained"], rel=0.2)


def test_price_says_where_the_law_does_not_cover_a_client():
    widest = price.price(clients=120, dim=60, sigmas=(3.0,))["rows"][0]
    assert widest["covered"] is False  # the largest client keeps all it has


def test_pages_stay_below_the_best_of_all_masks_and_the_bound_above(monkeypatch):
    monkeypatch.setattr(pages, "PAGE", 3)
    monkeypatch.setattr(pages, "CASES", {"small": (4, 0.5)})
    record = pages.pages(seed=2, count=4)
    rng = np.random.default_rng([2, 0])
    scale = np.exp(0.5 * rng.standard_normal(4))
    score = (np.repeat(scale, 3) * magnitude_law(pages.LAW).sample(rng, 12)) ** 2
    masks = np.array(list(itertools.product([False, True], repeat=12)))
    spent = masks.sum(axis=1) + 4 * masks.reshape(-1, 4, 3).any(axis=2).sum(axis=1)
    kept = masks @ score / score.sum()
    for row in record["rows"]:
        best = kept[spent <= row["share"] * 4 * 7].max()
        assert row["bound"] >= best - 1e-9
        assert all(row[rule] <= best + 1e-9 for rule in pages.RULES)
    assert any(row["by_pages"] > row["item_wise"] for row in record["rows"])
    assert record["rows"][-1]["by_pages"] > 0.9
