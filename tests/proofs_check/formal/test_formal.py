"""The Coq proofs: the kernel accepts them, they speak of our code, and wrong statements do not compile."""

import itertools
import re
import shutil
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from proofs_check.formal import kernel, page
from proofs_check.formal.compiling import default_cache, find_coq
from proofs_check.formal.evaluation import (
    ROUNDINGS,
    SELECTORS,
    InLayers,
    OnPages,
    Rational,
    select,
    select_by_page,
    select_safe,
)
from proofs_check.formal.kernel import REAL_NUMBERS, axioms_in, check_proofs
from proofs_check.formal.sources import closure, in_order, read_sources, source
from proofs_check.formal.theorems import FOUNDATIONS, NOT_FORMAL, THEOREMS, theorem_of
from theory.claims.table import CLAIMS
from theory.errors import InputError
from theory.instance import Instance
from theory.optimum.relaxation import relax
from theory.pages import PageCosts
from theory.selection.paged import by_pages, paged
from theory.selection.safe import safe
from theory.selection.selectors import cwmp, top_k

needs_coq = pytest.mark.skipif(find_coq() is None, reason="needs coqc on the path: install coq")
SOURCES = read_sources()
OURS = {"cwmp": cwmp, "top-k": top_k}


@pytest.fixture(scope="module")
def proofs():
    return {proof.claim: proof for proof in check_proofs((*THEOREMS, *FOUNDATIONS))}


@pytest.fixture(scope="module")
def scratch(proofs, tmp_path_factory):
    """A copy of the cache, once everything is in it, for what is planted."""
    folder = tmp_path_factory.mktemp("coq") / "cache"
    shutil.copytree(default_cache(), folder)
    return folder


# --- the kernel --------------------------------------------------------------------------------


@needs_coq
@pytest.mark.parametrize("claim", [theorem.claim for theorem in (*THEOREMS, *FOUNDATIONS)])
def test_the_kernel_accepts(claim, proofs):
    proof = proofs[claim]
    assert (proof.outcome, proof.reason) == ("kernel-checked", "")
    assert set(proof.assumptions) <= REAL_NUMBERS
    assert proof.coq == find_coq().version


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_assumed_or_switched_off(name):
    forbidden = r"\b(Admitted|admit|Axioms?|Parameters?|Conjecture|Unset|bypass_check|Classical\w*)\b"
    assert not re.findall(forbidden, SOURCES[name].code)


def test_every_file_is_used():
    """By a theorem, by the evaluation or by the checker."""
    used = {name for t in (*THEOREMS, *FOUNDATIONS) for name in closure(t.module, SOURCES)}
    assert used | closure("Evaluation", SOURCES) == set(SOURCES)


@pytest.mark.parametrize("claim", CLAIMS)
def test_every_claim_has_a_theorem_or_a_reason(claim):
    assert (theorem_of(claim) is None) == (claim in NOT_FORMAL)


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.claim)
def test_a_file_opens_with_the_words_of_its_claim(theorem):
    words = SOURCES[theorem.module].words
    assert words.startswith(f"{theorem.claim}. ")
    claim = CLAIMS[theorem.claim]
    assert words == f"{claim.id}. {claim.title}. {claim.statement} Assumes: {claim.assumptions}."
    assert (theorem.name == "refuted") == (claim.kind == "false")


# --- the proofs speak of our code ----------------------------------------------------------------


def exact(instance):
    score = tuple(instance.exact_score(i) for i in range(instance.d))
    return Rational(score, tuple(map(Fraction, instance.cost.tolist())), instance.budget)


def ours(instance):
    found = {}
    for name in SELECTORS:
        which, _, rounding = name.partition(" ")
        found[name] = tuple(OURS[which](instance, rounding=rounding).support.tolist())
    return relax(instance).critical_item, found


def every_small_instance():
    """All pairs of items with scores 0..2 and costs 1..3, at every half-integer budget."""
    items = list(itertools.product(range(3), range(1, 4)))
    for pair in itertools.product(items, repeat=2):
        score, cost = np.array(pair, dtype=float).T
        for half in range(int(2 * cost.sum()) + 2):
            yield Instance.from_scores(score, cost, Fraction(half, 2))


def random_instances(number, seed=11):
    """Small integers, so ties of scores and of densities, zeros, unaffordable items and budgets hit exactly abound."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        d = int(rng.integers(0, 8))
        score = rng.integers(0, 7, d) * rng.choice([1.0, 0.5, 0.1], d)
        cost = rng.integers(1, 6, d) * rng.choice([1.0, 2.0, 0.1], d)
        chosen = cost[rng.random(d) < 0.5]
        budget = sum(map(Fraction, chosen.tolist()), Fraction(int(rng.integers(0, 3)), 2))
        yield Instance.from_scores(score, cost, budget)


@needs_coq
@pytest.mark.parametrize("instances", [every_small_instance, lambda: random_instances(2000)], ids=["all", "random"])
def test_the_selectors_of_the_proofs_keep_what_ours_keep(instances):
    given = list(instances())
    assert len(given) >= 500
    for instance, selected in zip(given, select([exact(one) for one in given]), strict=True):
        assert (selected.critical_item, selected.kept) == ours(instance), exact(instance)


def by_the_rules(one, *, lowest_first=True, leave_out_dear=True, leave_out_zeros=True):
    """The prefix of CWMP, and its critical item, by rules that can be broken one at a time."""
    may = [i for i, c in enumerate(one.cost) if c <= one.budget or not leave_out_dear]
    may = [i for i in may if one.score[i] > 0 or not leave_out_zeros]
    order = sorted(may, key=lambda i: (-one.score[i] / one.cost[i], i if lowest_first else -i))
    kept, left = [], one.budget
    for i in order:
        if one.cost[i] > left:
            return i, tuple(sorted(kept))
        kept, left = [*kept, i], left - one.cost[i]
    return None, tuple(sorted(kept))


@needs_coq
def test_each_rule_decides_some_of_the_instances():
    """So a selector that broke one would be seen."""
    given = [exact(one) for one in random_instances(400)]
    found = [(one.critical_item, one.kept["cwmp prefix"]) for one in select(given)]
    assert [by_the_rules(one) for one in given] == found
    for rule in ("lowest_first", "leave_out_dear", "leave_out_zeros"):
        broken = [by_the_rules(one, **{rule: False}) for one in given]
        assert sum(a != b for a, b in zip(broken, found, strict=True)) > 10, rule


@needs_coq
def test_instances_meet_every_rule():
    """Else the comparison above would show little."""
    given = list(random_instances(2000))
    ties = [len({p / c for p, c in zip(one.score, one.cost, strict=True)}) < one.d for one in given]
    dear = [bool((one.cost > float(one.budget)).any()) for one in given]
    zero = [bool((one.score == 0).any()) for one in given]
    differ = [len(set(ours(one)[1].values())) for one in given]
    assert all(sum(some) > 200 for some in (ties, dear, zero))
    assert sum(n > 1 for n in differ) > 300
    assert max(differ) >= 3


# --- selectors by page and by layer -------------------------------------------------------------


def fractions(values):
    return tuple(Fraction(float(x)) for x in values)


def on_pages(scores, costs, sizes, fees, budget):
    """The problem of the proofs, and what ours keeps of it, and at which price."""
    ends = np.cumsum([0, *sizes]).tolist()
    runs = [run for run in itertools.pairwise(ends) if run[0] < run[1]]
    given = PageCosts(runs, np.array(costs, float), [float(f) for f, size in zip(fees, sizes, strict=True) if size])
    kept = by_pages(paged(np.array(scores, float), given, budget, scores=True))
    page = tuple(j for j, size in enumerate(sizes) for _ in range(size))
    problem = OnPages(Rational(fractions(scores), fractions(costs), Fraction(budget)), page, fractions(fees))
    return problem, (tuple(kept.support.tolist()), kept.threshold)


def every_small_page():
    """Three items of scores 0..2 and costs 0..1 on a page, or on two, of fees 0..2, at every whole budget."""
    items = list(itertools.product(range(3), range(2)))
    for number, chosen in enumerate(itertools.product(items, repeat=3)):
        scores, costs = zip(*chosen, strict=True)
        sizes, fees = [((3,), (number % 3,)), ((1, 2), (number % 3, 1)), ((2, 1), (1, number % 2))][number % 3]
        for budget in range(sum(costs) + sum(fees) + 1):
            yield on_pages(scores, costs, sizes, fees, budget)


def random_pages(number, seed=13):
    """Up to eight items on up to four pages, some of them empty; ties, items and pages that are free or too dear."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        d = int(rng.integers(1, 9))
        sizes = np.diff([0, *np.sort(rng.integers(0, d + 1, int(rng.integers(0, 4)))), d]).tolist()
        scores = rng.integers(0, 7, d) * rng.choice([1.0, 0.5, 0.1])
        costs, fees = rng.integers(0, 5, d) * rng.choice([1.0, 0.5]), rng.integers(0, 6, len(sizes)) * 0.5
        yield on_pages(
            scores, costs, sizes, fees, Fraction(int(rng.integers(0, 2 * int(costs.sum() + fees.sum()) + 2)), 2)
        )


@needs_coq
@pytest.mark.parametrize("problems", [every_small_page, lambda: random_pages(1200)], ids=["all", "random"])
def test_the_selector_by_page_of_the_proofs_keeps_what_ours_keeps(problems):
    given, expected = zip(*problems(), strict=True)
    assert len(given) > 500
    assert select_by_page(given) == list(expected)


def pages_by_rules(problem, *, block_first=True, with_page=True, stop=True):
    """What is kept by page, by rules that can be broken one at a time."""
    p, c, b, page, f = problem.of.score, problem.of.cost, problem.of.budget, problem.page, problem.fee
    may = [i for i in range(len(p)) if p[i] > 0 and c[i] + (f[page[i]] if with_page else 0) <= b]
    density = lambda w, x: (x == 0, w / x if x else 0)  # noqa: E731
    entries = []
    for j, fee in enumerate(f):
        block, own = [], [i for i in may if page[i] == j]
        for i in sorted(own, key=lambda i: density(p[i], c[i]), reverse=True):
            if p[i] * (fee + sum(c[k] for k in block)) <= sum(p[k] for k in block) * c[i]:
                break
            block.append(i)
        first = min(own, default=0)
        entries += [((first - block_first, 0), block, fee)] * bool(block) + [
            ((i, 1), [i], 0) for i in own if i not in block
        ]
    priced = [(density(sum(p[i] for i in e), fee + sum(c[i] for i in e)), place, e, fee) for place, e, fee in entries]
    kept, left = [], b
    for _, _, e, fee in sorted(sorted(priced, key=lambda e: e[1]), key=lambda e: e[0], reverse=True):
        if fee + sum(c[i] for i in e) > left:
            if stop:
                break
            continue
        kept, left = kept + e, left - fee - sum(c[i] for i in e)
    return tuple(sorted(kept))


@needs_coq
def test_each_rule_of_pages_decides_some_of_the_problems():
    given = [problem for problem, _ in random_pages(500)]
    found = [kept for kept, _ in select_by_page(given)]
    assert [pages_by_rules(one) for one in given] == found
    for rule in ("with_page", "stop"):
        assert sum(pages_by_rules(one, **{rule: False}) != kept for one, kept in zip(given, found, strict=True)) > 10, (
            rule
        )


def in_layers(instance, sizes, theta):
    """The problem of the proofs, and what ours keeps of it."""
    layer = tuple(k for k, size in enumerate(sizes) for _ in range(size))
    found = {name: safe(instance, sizes, theta, rounding=name) for name in ROUNDINGS}
    kept = {name: tuple(one.support.tolist()) for name, one in found.items()}
    return InLayers(exact(instance), layer, len(sizes), theta), (found["prefix"].critical_item, kept)


def random_layers(number, seed=17):
    """Up to eight items in up to four layers, some of them empty or dear, owed tenths of what Top-K keeps."""
    rng = np.random.default_rng(seed)
    for _ in range(number):
        d = int(rng.integers(1, 9))
        sizes = np.diff([0, *np.sort(rng.integers(0, d + 1, int(rng.integers(0, 4)))), d])
        dear = np.repeat(rng.choice([1.0, 2.0], sizes.size), sizes)
        score, cost = rng.integers(0, 7, d) * dear * rng.choice([1.0, 0.5, 0.1]), rng.integers(1, 4, d) * dear * dear
        instance = Instance.from_scores(score, cost, Fraction(int(rng.integers(0, int(1.5 * cost.sum()) + 2)), 2))
        yield in_layers(instance, sizes.tolist(), Fraction(int(rng.integers(0, 11)), 10))


@needs_coq
def test_safe_cwmp_of_the_proofs_keeps_what_ours_keeps():
    """On instances that meet every case: reserves that change what is kept or overrun the budget, fill and best-of."""
    given, expected = zip(*random_layers(1200), strict=True)
    found = select_safe(given)
    assert [(one.critical_item, one.kept) for one in found] == list(expected)
    plain = [one.kept["cwmp prefix"] for one in select([one.of for one in given])]
    assert sum(one.kept["prefix"] != kept for one, kept in zip(found, plain, strict=True)) > 50
    assert sum(reserves_overrun(one) for one in given) > 10
    for a, b in itertools.pairwise(ROUNDINGS):
        assert sum(one.kept[a] != one.kept[b] for one in found) > 20, (a, b)


def reserves_overrun(problem):
    """Whether whole reserves cost more than the budget."""
    p, c, b = problem.of.score, problem.of.cost, problem.of.budget
    may, spent = [i for i in range(len(p)) if p[i] > 0 and c[i] <= b], Fraction(0)
    kept, left = [], b
    for i in sorted(may, key=lambda i: (-p[i], i)):
        if c[i] > left:
            break
        kept, left = [*kept, i], left - c[i]
    for layer in range(problem.layers):
        owed = problem.theta * sum(p[i] for i in kept if problem.layer[i] == layer)
        for i in sorted((i for i in may if problem.layer[i] == layer), key=lambda i: (-p[i] / c[i], i)):
            spent, owed = spent + (c[i] if owed > 0 else 0), owed - p[i]
    return spent > b


# --- wrong statements, and proofs that are none --------------------------------------------------

PLANTED = [
    ("D01", "value (knapsack n g c b) m.\n\nTheorem", "2 * value (knapsack n g c b) m.\n\nTheorem"),
    ("D02", "affordable I z -> spend I z <= B I -> value", "spend I z <= B I -> value"),
    ("D04", "<= share I * critical_score I <=", "<= share I * critical_score I / 2 <="),
    ("D05", "spend I m <= spend I (kept (cwmp reals I)) ->", "spend I m <= B I ->"),
    ("D06", "density I j < density I i) /\\", "density I j <= density I i) /\\"),
    ("D08", "p I j < p I i -> c I i <= c I j) ->\n  forall", "p I i < p I j -> c I i <= c I j) ->\n  forall"),
    ("D10", "value I m / 2 <=", "value I m / 2 * (3 / 2) <="),
    ("D13a", "c i <= cmax) -> cmax <= b ->", "c i <= cmax) ->"),
    ("D14a", "(1 - / INR k) * (M", "(1 + / INR k) * (M"),
    ("D15a", "price (at_budget I b) * (b' - b) /\\\n", "price (at_budget I b') * (b' - b) /\\\n"),
    ("Checker", "step_fine && cut_fine && accounts_fine", "step_fine && accounts_fine"),
    ("Checker", "loss C - unit C * step C + 1", "loss C - unit C * step C"),
    ("Checker", "target slack (spare base) core.", "target slack 0 core."),
    ("Counts", "(B I <? c I i) ||", "(B I <=? c I i) ||"),
    ("Counts", "reduced i <=? 0) (skipn", "reduced i <=? 1) (skipn"),
    ("Transfer", "critical_item reals J = critical_item integers I /\\", "critical_item reals J = None /\\"),
    (
        "D19a",
        "I (S (length (top_k reals I))) <= spend I m) /\\",
        "I (S (S (length (top_k reals I)))) <= spend I m) /\\",
    ),
    ("D17", "(forall t i, is64 (update t i)) -> forall t i,\n     let s", "forall t i,\n     let s"),
    ("D20a", "sum c S <= sum c T /\\", "sum c T <= sum c S /\\"),
    ("D20a", "forall i, In i l -> w i <> 0) ->", "True) ->"),
    ("D21a", "retains K client m + p (client k) s) /\\", "retains K client m + p (client k) s / 2) /\\"),
    ("D23a", "spend I reserve <= theta * spend I T /\\", "spend I reserve <= theta * theta * spend I T /\\"),
    ("D22a", "0 <= lower <= lam -> In i (seq 0 n) -> best", "lam <= lower -> In i (seq 0 n) -> best"),
    ("D22b", "score m - score M <= lam * left) /\\ lam * left < worth reals I page f e\n  | None => forall m",
     "score m - score M <= lam * left / 2) /\\ lam * left < worth reals I page f e\n  | None => forall m"),
    ("D23b", "lam * c I r - p I r) | []", "lam * c I r - 2 * p I r) | []"),
    ("D23b", "(sum (c I) (reserves reals I layer layers num den) <= B I ->\n   let price", "(True ->\n   let price"),
    ("P07", "beyond ((b - a) * sqrt (L / (2 * INR d))) <= exp", "beyond ((b - a) * sqrt (L / (3 * INR d))) <= exp"),
    ("P08", "independent outcomes q d p c -> 0 <= L", "pairwise_independent outcomes q d p c -> 0 <= L"),
    ("P08", "<= failure / 2 ->\n  let short", "<= failure ->\n  let short"),
    ("P09", "(t + Rmin pmax (lam * cmax)) ^ 2)).", "(Rmax t (Rmin pmax (lam * cmax))) ^ 2))."),
    ("P13", "lam * beta * y)) (lam * cmax)\n", "lam * beta * y)) (lam * beta * cmax)\n"),
    ("TransferStructured", "safe_fill reals J layer layers of over = safe_fill integers I",
     "safe_fill reals J layer layers of over = safe_prefix integers I"),
]  # fmt: skip


def judged(theorem, text, cache):
    """What becomes of a theorem when its file is ``text``: of all files only that one is compiled anew."""
    (proof,) = check_proofs([theorem], {**SOURCES, theorem.module: source(theorem.module, text)}, cache=cache)
    return proof


def of_module(module):
    return next(theorem for theorem in (*THEOREMS, *FOUNDATIONS) if theorem.module == module)


@needs_coq
@pytest.mark.parametrize(("module", "old", "new"), PLANTED, ids=[module for module, _, _ in PLANTED])
def test_a_wrong_statement_does_not_compile(module, old, new, scratch):
    text = SOURCES[module].text
    assert text.count(old) == 1, (module, text.count(old))
    proof = judged(of_module(module), text.replace(old, new), scratch)
    assert proof.outcome == "failed"
    assert proof.reason.startswith(f"{module}.v, line ")


@needs_coq
@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("Theorem proved : claim.\nProof. Admitted.\n", "D05.proved, which is no axiom"),
        ("Axiom easy : claim.\nTheorem proved : claim.\nProof. exact easy. Qed.\n", "D05.easy, which is no axiom"),
        ("Theorem proved : True.\nProof. auto. Qed.\n", "no proof of the statement"),
        ("Theorem proven : True.\nProof. auto. Qed.\n", "no proof of the statement"),
        ("Require Import Classical.\nTheorem proved : claim.\nProof. destruct (classic claim); auto. Qed.\n", "line "),
        ("Theorem proved : claim.\nProof. auto. Qed.\n", "line "),
    ],
    ids=["admitted", "axiom", "another theorem", "another name", "logic alone", "no proof"],
)
def test_what_is_no_proof_is_refused(ending, reason, scratch):
    text = SOURCES["D05"].text
    proof = judged(of_module("D05"), text[: text.index("Theorem proved")] + ending, scratch)
    assert proof.outcome == "failed"
    assert reason in proof.reason, proof.reason


@needs_coq
def test_an_axiom_that_is_true_is_refused_all_the_same(scratch):
    """Excluded middle is consistent with everything here, but no axiom of the real numbers."""
    text = SOURCES["D05"].text.replace(
        "Proof.\n", "Proof.\n  destruct (Classical_Prop.classic True) as [_|[]]; [|exact I].\n"
    )
    text = text.replace("From CWMP", "From Coq Require Classical_Prop.\nFrom CWMP", 1)
    proof = judged(of_module("D05"), text, scratch)
    assert (proof.outcome, proof.reason) == (
        "failed", "rests on Classical_Prop.classic, which is no axiom of the real numbers",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("Closed under the global context\n", ()),
        ("Axioms:\nA.b : nat\nc'\n  : forall x,\n    x = x\n", ("A.b", "c'")),
        ("Axioms:\n", None),
        ("", None),
        ("Closed under the global context\nand more\n", None),
        ("Axioms:\n? : nat\n", None),
    ],
)
def test_assumptions_are_read(said, names):
    assert axioms_in(said) == names


def test_files_that_require_what_is_not_there_are_named(tmp_path):
    (tmp_path / "A.v").write_text("From CWMP Require Import Nowhere.\n")
    with pytest.raises(InputError, match=r"A\.v requires Nowhere"):
        read_sources(tmp_path)


def test_an_empty_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="holds no Coq files"):
        read_sources(tmp_path)


def test_files_in_a_circle_are_named():
    text = "From CWMP Require Import {}.\n"
    circle = {a: source(a, text.format(b)) for a, b in (("A", "B"), ("B", "A"))}
    with pytest.raises(InputError, match="require one another: A, B"):
        list(in_order(circle))


def test_without_coq_nothing_is_shown_as_checked(monkeypatch):
    monkeypatch.setattr(kernel, "find_coq", lambda: None)
    assert {proof.outcome for proof in check_proofs()} == {"not run: install coq"}
    assert all(proof.statement and not proof.assumptions for proof in check_proofs())


# --- the page ------------------------------------------------------------------------------------

PAGE = (Path(__file__).parents[3] / "docs" / "formal.md").read_text(encoding="utf-8")


@needs_coq
def test_the_page_says_what_the_kernel_does(proofs):
    assert page.refreshed(PAGE, tuple(proofs.values())) == PAGE


@pytest.mark.parametrize("theorem", THEOREMS, ids=lambda theorem: theorem.claim)
def test_words_and_statement_stand_side_by_side(theorem):
    """Also where there is no Coq: whoever changes one of them has the other before their eyes."""
    one = SOURCES[theorem.module]
    assert f"{page.in_markdown(one.words)}\n\n`{theorem.full_name}` proves" in PAGE
    assert f"claim`:\n\n```coq\n{one.statement}\n```" in PAGE


def test_a_page_of_unchecked_theorems_is_refused():
    proof = kernel.Proof("D4", "D04.proved", "D04.v", False, "D4.", "claim", "failed", "D04.v, line 3: ...")
    with pytest.raises(InputError, match="not kernel-checked: D4"):
        page.refreshed(PAGE, (proof,))


# --- the smallest counterexample without ties ----------------------------------------------------


def strict_failures(costs, scores):
    """Whole numbers that sum to no more than these, no two of one density, where the prefix misses OPT."""
    item = list(itertools.product(range(1, scores + 1), range(1, costs + 1)))
    for d in range(1, costs + 1):
        for items in itertools.product(item, repeat=d):
            score, cost = zip(*items, strict=True)
            if sum(score) > scores or sum(cost) > costs or len({Fraction(*item) for item in items}) < d:
                continue
            for budget in range(sum(cost) + 1):
                found = cwmp(Instance.from_scores(np.array(score, float), np.array(cost, float), budget))
                fits = [m for m in itertools.product((0, 1), repeat=d) if np.dot(m, cost) <= budget]
                if found.retained < max(np.dot(m, score) for m in fits):
                    yield score, cost, budget


def test_the_strict_counterexample_of_d9_is_the_smallest():
    """By the sum of its costs, and among those of its scores."""
    assert set(strict_failures(3, 5)) == {((2, 3), (1, 2), 2), ((3, 2), (2, 1), 2)}
    assert "of_lists [2; 3] [1; 2] 2" in SOURCES["D09"].text
