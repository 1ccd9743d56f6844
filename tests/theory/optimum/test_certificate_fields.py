"""What a certificate says: costs, data and proof as they are written, and what the checker's answer makes of it."""

import gc
import hashlib
from fractions import Fraction

import numpy as np
import pytest

from theory import CostClasses, Instance, checker
from theory.optimum import certificate as module
from theory.optimum.certificate import Certificate, brings_costs, certify, disagreement
from theory.optimum.duals import Prices
from theory.optimum.watch import Watch


def test_costs_by_class_are_runs_of_equal_labels(monkeypatch):
    """As long as the runs are few; else the costs are one each, and the certificate holds their hash."""
    g = np.arange(1.0, 7.0)
    by_class = lambda labels: certify(Instance(g[: len(labels)], CostClasses(np.array(labels), [1, 2]), 4)).fields  # noqa: E731
    fields = by_class([0, 0, 1, 1, 1, 0])
    assert fields["cost"] == {"kind": "classes", "values": ["1", "2"], "runs": [[0, 2], [1, 3], [0, 1]]}
    assert by_class([1, 1, 1])["cost"]["runs"] == [[1, 3]]
    assert by_class([0, 1])["cost"]["runs"] == [[0, 1], [1, 1]]
    assert by_class([1])["cost"]["runs"] == [[1, 1]]
    assert certify(Instance(np.empty(0), CostClasses(np.empty(0, int), [1, 2]), 4)).fields["cost"]["runs"] == []
    assert brings_costs(fields)
    monkeypatch.setattr(module, "_MOST_RUNS", 3)
    assert by_class([0, 0, 1, 1, 1, 0])["cost"]["kind"] == "classes"
    fields = by_class([0, 1, 0, 1, 1, 1])
    hashed = hashlib.sha256(np.array([1.0, 2, 1, 2, 2, 2]).tobytes()).hexdigest()
    assert fields["cost"] == {"kind": "array", "sha256": hashed}
    assert not brings_costs(fields)
    assert not brings_costs({})
    assert not brings_costs({"cost": "classes"})
    assert not brings_costs({"cost": {"kind": "costs"}})


def test_data_are_named_by_the_hash_of_their_doubles(monkeypatch):
    monkeypatch.setattr(module, "_CHUNK", 3)
    for d in (0, 1, 3, 6, 7):
        g = (np.arange(d) / 8 - 0.25).astype(np.float32)
        fields = certify(Instance(g, 1 + np.arange(d), 5)).fields
        assert fields["data"]["sha256"] == hashlib.sha256(g.astype(float).tobytes()).hexdigest()
        assert fields["cost"]["sha256"] == hashlib.sha256(1.0 + np.arange(d)).hexdigest()
        scored = certify(Instance.from_scores(abs(g).astype(float), 1 + np.arange(d), 5)).fields
        assert scored["data"] == {"sha256": hashlib.sha256(abs(g).astype(float)).hexdigest(), "exponent": 0}


def test_a_proof_lists_what_its_mask_adds_to_the_base_set_and_removes():
    """p = (2, 3), c = (1, 2), B = 2 at a price of 3/2: the base set is {0}, the optimum {1}, whose value is 0."""
    certificate = certify(Instance.from_scores([2, 3], [1, 2], 2))
    proof = certificate.fields["proof"]
    assert proof["energy"] == "3/2"
    assert (proof["removed"], proof["added"], proof["loss"]) == ([0], [1], "1/2")
    assert (proof["kind"], proof["grid"], proof["item"], proof["most_items"], proof["ties"]) == ("core", "1", "0", 0, 0)
    assert proof["step"] == "1"
    assert "step" not in certify(Instance(np.array([2.0, 3.0]), [1, 2], 2)).fields["proof"]
    assert certificate.fields["verdict"] == "exact"
    assert certificate.fields["note"] == {}
    assert certificate.how == certificate.reason.rpartition("; ")[2]


def test_disagreements_are_named():
    labels = np.array([0, 0, 1])
    instance = Instance(np.array([1.0, 2, 3]), CostClasses(labels, ["0.1", "0.7"]), "0.7")
    fields = certify(instance).fields
    says = lambda other, unit="J", **more: disagreement(fields, other, unit, **{"budget": True, **more})  # noqa: E731
    costs = "the costs given are not those of the certificate ({} differs)".format
    assert says(instance) == ""
    assert says(instance, "units") == costs("energy_unit")
    assert says(Instance(instance.update, CostClasses(labels, ["1", "7"]), "7")) == costs("unit_joules")
    other = Instance(instance.update, CostClasses(labels, ["0.2", "0.7"]), "0.7")
    assert says(other) == costs("cost")
    assert says(other, None) == ""
    cheaper = instance.with_budget(Fraction(6))
    assert says(cheaper) == "the certificate is for another budget than 0.6 J"
    assert says(instance.with_budget(Fraction(8))) == "the certificate is for another budget than 0.8 J"
    assert says(cheaper, None) == "the certificate is for another budget than 0.6 J"
    assert says(cheaper, budget=False) == ""


def test_relative_gaps():
    made = lambda retained, gap: Certificate(  # noqa: E731
        "interval", "", np.array([True, False, True]), Prices(Fraction(0)), Fraction(retained), Fraction(0),
        Fraction(gap), {},
    )  # fmt: skip
    assert made(4, 1).relative_gap == 0.25
    assert made(4, 0).relative_gap == 0
    assert made(1, Fraction(10) ** 400).relative_gap == np.inf
    assert made(4, 1).support.tolist() == [0, 2]
    assert made(4, 1) != made(4, 1), "they hold masks, and are compared as objects"
    assert (made(4, 1).how, made(4, 1).unchecked) == ("", False)


@pytest.mark.parametrize(("runs", "kind"), [(2000, "classes"), (2001, "array")])
def test_costs_that_change_more_often_than_two_thousand_times_are_one_each(runs, kind):
    labels = np.arange(runs) % 2
    assert certify(Instance(1.0 + labels, CostClasses(labels, [1, 3]), 5)).fields["cost"]["kind"] == kind


@pytest.mark.parametrize("said", ["refused", "interval", "exact"])
def test_what_the_checker_says_is_what_is_reported(said, monkeypatch):
    """Refused as exact it is tried as an interval; and refused as that, nothing may be concluded."""
    asked = []

    def check(fields, *_):
        asked.append(fields["verdict"])
        verdict = fields["verdict"] if said == "exact" else "refused" if fields["verdict"] == "exact" else said
        return checker.Result(verdict, f"said {verdict}", {"how": "so"} if verdict != "refused" else {})

    monkeypatch.setattr(module, "_confirm", check)
    certificate = certify(Instance.from_scores([2.5, 3.25, 4.5], [1, 2, 4], 4))
    assert asked == (["exact"] if said == "exact" else ["exact", "interval"])
    assert certificate.verdict == {"refused": "failed"}.get(said, said)
    assert certificate.reason == f"said {said}"
    assert certificate.gap == (0 if said == "exact" else Fraction(certificate.fields["proof"]["loss"]))
    assert (certificate.gap > 0) == (said != "exact")
    assert certificate.unchecked == (said == "interval")
    assert certificate.how == {
        "exact": "so", "refused": "said refused",
        "interval": "so; the solver's own search found nothing better, which is too much to check again",
    }[said]  # fmt: skip


@pytest.mark.parametrize("accepts", [0, 1, 2, 3, 4])
def test_a_second_proof_is_tried_before_an_interval(accepts, monkeypatch):
    """Whole scores and costs have one for another search; the first that the checker accepts counts."""
    asked = []

    def check(fields, *_):
        asked.append((fields["verdict"], fields["proof"]["search"]))
        return checker.Result(fields["verdict"] if len(asked) == accepts else "refused", str(len(asked)), {})

    monkeypatch.setattr(module, "_confirm", check)
    certificate = certify(Instance.from_scores([2, 3, 4], [1, 2, 4], 4))
    assert [verdict for verdict, _ in asked] == ["exact", "exact", "exact", "interval"][: accepts or 4]
    assert [search for _, search in asked] == ["halves", "group", "ordered", "halves"][: accepts or 4]
    assert certificate.verdict == ["failed", "exact", "exact", "exact", "interval"][accepts]
    assert (certificate.fields["verdict"], certificate.fields["proof"]["search"]) == asked[-1]
    assert certificate.gap == (0 if certificate.verdict == "exact" else Fraction(certificate.fields["proof"]["loss"]))


def test_a_second_proof_is_not_tried_once_stopped(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "_confirm", lambda f, *_: asked.append(f["verdict"]) or checker.Result("refused", "no"))
    certify(Instance.from_scores([2, 3, 4], [1, 2, 4], 4), watch=Watch(lambda: "interval" in asked or len(asked) == 1))
    assert asked == ["exact", "interval"]


def test_an_interval_of_the_solver_is_asked_for_as_one(monkeypatch):
    cost = np.random.default_rng(35).uniform(1, 2, 40)
    asked, check = [], module._confirm
    monkeypatch.setattr(module, "_confirm", lambda f, *rest: asked.append(f["verdict"]) or check(f, *rest))
    certificate = certify(Instance.from_scores(cost, cost, 20), max_states=10)
    assert asked == ["interval"]
    assert (certificate.verdict, certificate.unchecked) == ("interval", False)
    assert certificate.how == "the duality gap of its prices"


@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_rests_during_the_search_and_is_afterwards_as_it_was(enabled, monkeypatch):
    """Whatever ends the search."""
    instance, seen = Instance.from_scores([2, 3, 4], [1, 2, 4], 4), []
    watch = Watch(on_phase=lambda name: seen.append((name == "checking", gc.isenabled())))
    before = gc.isenabled()
    try:
        (gc.enable if enabled else gc.disable)()
        certify(instance, watch=watch)
        assert set(seen) == {(False, False), (True, enabled)}
        monkeypatch.setattr(module, "solve", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            certify(instance)
        assert gc.isenabled() == enabled
    finally:
        (gc.enable if before else gc.disable)()
