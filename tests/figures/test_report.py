"""The report: its structure, that its numbers are the records', and how it behaves in a real browser."""

import itertools
import json
import math
import re
import shutil
import subprocess
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import CHROMIUM, DRIVER, WHY_NOT, browser
from click.testing import CliRunner

from cwmp.__main__ import main
from figures.catalogue import CATALOGUE
from figures.report import answers, gallery, latex
from figures.report.claims import proof_idea
from figures.report.evidence import Evidence, records_digest
from figures.report.page import digest_in, page
from theory.claims.table import CLAIMS
from theory.claims.verdict import Outcome, Verdict, write_verdict
from theory.energy.models import MODELS
from theory.layers import named_layers

RESULTS = Path(__file__).parents[2] / "results"
HOSTILE = '<script>alert("x")</script>'
WIDTHS = (360, 1280)


def contest(method, cost, mean, low, high, outcome, *, data="CIFAR-10 (JPEG copy)"):
    """A verdict of the experiment, written as the experiment writes it."""
    difference = {"mean": mean, "low": low, "high": high, "level": 0.998, "p": 0.01, "pairs": 10, "agree": 9}
    ratio = {**difference, "mean": -0.5, "low": -0.9, "high": -0.1}
    cell = {"accuracy": 0.4321, "top-k": 0.4321 - mean, "difference": difference, "every seed": True}
    observed = {"why": f"because of {HOSTILE}", "family-wise error": 0.05, "family": 18, "frontier": difference,
                "log energy ratio at equal accuracy": ratio, "budgets": {"0.01": cell, "0.05": cell}}  # fmt: skip
    domain = f"{data}, {cost} costs, budgets 1 %, 5 % of a full update; 30 clients, 50 rounds; seeds 0 to 4"
    stamp = {"revision": "abc123+changes", "python": HOSTILE, "hardware": f"two {HOSTILE} cores", "system": "Linux"}
    return Verdict(f"E1-{method}", cost, outcome, domain, "these runs", 10, observed=observed, provenance=stamp)


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """The recorded verdicts and laws, and an experiment with every outcome and with markup in its texts."""
    folder = tmp_path_factory.mktemp("records")
    for name in ("verify", "laws", "benchmarks"):
        shutil.copytree(RESULTS / name, folder / name)
    made = folder / "pareto" / "credible" / "verdicts"
    write_verdict(contest("cwmp", "fc-dear", 0.0312, 0.011, 0.0514, Outcome.HOLDS), made)
    write_verdict(contest("cwmp", "conv-dear", -0.021, -0.03, -0.012, Outcome.REVERSES), made)
    write_verdict(contest("cwmp", "lognormal", 0.002, -0.01, 0.014, Outcome.INCONCLUSIVE), made)
    write_verdict(contest("cwmp", "uniform", 0.0, 0.0, 0.0, Outcome.INCONCLUSIVE), made)
    write_verdict(contest("cwmp-l1", "fc-dear", 0.001, -0.01, 0.012, Outcome.INCONCLUSIVE), made)
    return folder


@pytest.fixture(scope="module")
def text(records):
    return page(records)


class Page(HTMLParser):
    """What is in a page: elements with their attributes, and the text of each part."""

    VOID = frozenset({"meta", "link", "br", "img", "hr", "path", "use", "rect", "mspace"})

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.texts = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes), tuple(self.open)))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        if not {"style", "script"} & set(self.open):
            self.texts.append(data)

    def of(self, *tags):
        return [(tag, attributes) for tag, attributes, _ in self.elements if tag in tags]

    @property
    def words(self):
        return " ".join("".join(self.texts).split())


@pytest.fixture(scope="module")
def parsed(text):
    return Page(text)


def test_every_element_is_closed_and_every_id_is_there_once(parsed):
    assert not parsed.open
    ids = Counter(attributes["id"] for _, attributes, _ in parsed.elements if "id" in attributes)
    assert len(ids) > 100
    assert [name for name, count in ids.items() if count > 1] == []


def test_every_link_leads_somewhere_in_the_page(parsed):
    ids = {attributes["id"] for _, attributes, _ in parsed.elements if "id" in attributes}
    targets = [a["href"] for _, a in parsed.of("a")]
    assert len(targets) > 100
    assert {target for target in targets if target[:1] != "#" or target[1:] not in ids} == set()
    uses = [a.get("xlink:href", a.get("href", "")) for _, a in parsed.of("use")]
    assert {use for use in uses if use[1:] not in ids} == set()


def test_nothing_is_loaded_from_elsewhere_and_no_script_runs(text, parsed):
    assert parsed.of("script", "iframe", "object", "embed", "base", "form") == []
    loading = [a[name] for _, a, _ in parsed.elements for name in ("src", "srcset", "data", "poster") if name in a]
    assert [source for source in loading if not source.startswith("data:")] == []
    assert [a["href"] for _, a in parsed.of("link") if not a["href"].startswith("data:")] == []
    assert re.findall(r"@import|url\((?!#|\s*['\"]?#)", text) == []
    assert [name for _, a, _ in parsed.elements for name in a if name.startswith("on")] == []


def test_headings_form_an_outline_and_the_page_says_its_language(parsed):
    levels = [int(tag[1]) for tag, _ in parsed.of("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert dict(parsed.of("html")[0][1])["lang"] == "en"
    assert parsed.of("a")[0][1]["href"] == "#main"
    assert len(parsed.of("main")) == len(parsed.of("title")) == 1


def test_tables_have_captions_and_headers_and_can_be_scrolled_by_keyboard(parsed):
    tables = parsed.of("table")
    assert len(tables) > 40
    assert len(parsed.of("caption")) == len(tables)
    assert {attributes.get("scope") for _, attributes in parsed.of("th")} == {"col", "row"}
    regions = [a for tag, a, _ in parsed.elements if tag == "div" and a.get("class") == "scroll"]
    assert len(regions) == len(tables)
    assert all(a["tabindex"] == "0" and a["role"] == "region" and a["aria-label"] for a in regions)


def test_figures_say_what_they_show(parsed):
    drawings = parsed.of("svg")
    assert drawings
    assert len(parsed.of("figure")) == len(parsed.of("figcaption")) == len(drawings)
    assert all(attributes["role"] == "img" and attributes["aria-label"] for _, attributes in drawings)
    assert parsed.of("img") == []


def test_every_figure_of_the_catalogue_has_its_place(parsed):
    placed = [name for names in gallery.PLACES.values() for name in names]
    assert sorted(placed) == sorted(CATALOGUE)
    assert "cwmp study gap --output results/studies" in parsed.words  # no such record here: the command is named


def test_every_claim_is_there_with_its_verdict(text):
    """The verdict word, from the files themselves: refuted by any method, else the strongest of any."""
    headings = re.findall(r'<h[34] id="([DP]\d+[abc]?)">.*?</span> ([\w, -]+)</span></h[34]>', text)
    assert [claim for claim, _ in headings] == list(CLAIMS)
    for claim, word in headings:
        outcomes = {json.loads(path.read_text())["outcome"] for path in RESULTS.glob(f"verify/{claim}-*.json")}
        grades = ("refuted", "proved, kernel-checked", "proved", "checked", "certified", "survived")
        assert word == next(grade for grade in grades if grade in outcomes), claim


def test_the_numbers_of_a_claim_are_those_of_its_files(text):
    files = [json.loads(path.read_text()) for path in RESULTS.glob("verify/D10-*.json")]
    total = f"{sum(file['trials'] for file in files):,}"
    row = re.search(r'<tr><th scope="row"><a href="#D10">.*?</tr>', text)
    assert f">{total}<" in row[0]
    evidence = text[text.index("Evidence on D10") :]
    for file in files:
        assert f'<td class="wide">{file["trials"]:,}</td>' in evidence
    limit = next(f["failure_bound"] for f in files if f["method"] == "families")
    assert f"failure rate at most {100 * limit:.2f}\u00a0%" in evidence


def test_the_numbers_of_the_laws_are_those_of_their_file(text):
    table = json.loads((RESULTS / "laws" / "laws.json").read_text())["table"]
    (cell,) = [c for row in table if (row["magnitude"], row["cost"]) == ("Laplace", "lognormal 1")
               for c in row["cells"] if c["beta"] == 0.05]  # fmt: skip
    row = re.search(r"<tr><th[^>]*>Laplace, lognormal 1</th>.*?</tr>", text)[0]
    assert f"<td>{cell['R'][0]:.3f} ({100 * cell['saving']:.0f}\u00a0%)</td>" in row


def test_the_experiment_is_told_with_its_numbers(parsed):
    said = "Yes under fc-dear costs; the reverse under conv-dear; the same as Top-K under uniform; undecided under"
    assert f"{said} lognormal." in parsed.words
    assert "+3.1 [+1.1, +5.1]" in parsed.words
    assert "43.2 (+3.1)*" in parsed.words
    assert "0.61 [0.41, 0.90]" in parsed.words  # exp of -0.5, -0.9, -0.1
    assert "made from edited sources that no revision holds" in parsed.words


def test_texts_of_records_are_no_markup(text, parsed):
    assert HOSTILE not in text
    assert f"because of {HOSTILE}" in parsed.words


def test_the_same_records_give_the_same_page_and_its_digest(records, text, tmp_path):
    assert page(records) == text
    assert digest_in(text) == records_digest(records)
    copy = tmp_path / "copy"
    shutil.copytree(records, copy)
    assert records_digest(copy) == digest_in(text)
    path = copy / "verify" / "D1-smt.json"
    path.write_text(path.read_text().replace('"trials": 2', '"trials": 3'))
    assert records_digest(copy) != digest_in(text)


def test_the_recorded_report_is_of_the_recorded_results():
    path = RESULTS / "report.html"
    if not path.exists():
        pytest.skip("no report is recorded")
    assert digest_in(path.read_text(encoding="utf-8")) == records_digest(RESULTS), "stale; make it anew: cwmp report"


def test_answers_follow_the_records(tmp_path):
    """Other verdicts, other answers: nothing on the first screen is written by hand."""
    for claim, outcome in (("D9", Outcome.PROVED), ("D5", Outcome.REFUTED), ("D2", Outcome.SURVIVED)):
        found = {"case": "one"} if outcome is Outcome.REFUTED else None
        write_verdict(Verdict(claim, "smt", outcome, "here", "n <= 2", 1, counterexample=found), tmp_path / "verify")
    evidence = Evidence(tmp_path)
    assert answers.optimal(evidence).headline == "At every budget, it seems."
    sense = answers.in_which_sense(evidence)
    assert sense.headline == "Of the relaxation."
    assert "</span> no</span> refuted" in sense.points[0]
    assert answers.energy(evidence).headline == answers.accuracy(evidence).headline == "Not measured yet."
    assert "not as the claim table expects: D5, D9" in Page(page(tmp_path)).words


def test_the_first_screen_says_which_selector_never_loses(tmp_path):
    arms = sorted((RESULTS / "pareto" / "safe-small" / "verdicts").iterdir())
    for kind in ("credible", "safe-small"):
        shutil.copytree(RESULTS / "pareto" / kind / "verdicts", tmp_path / "pareto" / kind / "verdicts")
    for arm, outcome in zip(arms, ("inconclusive", "holds", "reverses"), strict=True):
        there = tmp_path / "pareto" / "safe-small" / "verdicts" / arm.name
        there.write_text(json.dumps({**json.loads(there.read_text()), "outcome": outcome}))
    points = " ".join(re.sub(r"<[^>]*>", "", str(p)) for p in answers.accuracy(Evidence(tmp_path)).points)
    said = points.partition("nowhere worse than Top-K, nor than CWMP where CWMP wins: ")[2]
    assert re.match(r"learnt-joules. undecided, learnt-safe. holds, safe-0.5. reverses", said), said


def test_without_records_it_says_what_to_run(tmp_path):
    done = CliRunner().invoke(main, ["report", "--records", str(tmp_path), "--output", str(tmp_path / "r.html")])
    assert done.exit_code == 2
    assert "cwmp reproduce quick" in done.stderr
    assert not (tmp_path / "r.html").exists()


@pytest.mark.parametrize("name", ["verify/D1-smt.json", "laws/laws.json"])
@pytest.mark.parametrize("content", ["{", '{"table": 3}'])
def test_a_damaged_record_ends_in_one_line_that_names_it(tmp_path, name, content):
    path = tmp_path / name
    path.parent.mkdir()
    path.write_text(content)
    done = CliRunner().invoke(main, ["report", "--records", str(tmp_path), "--output", str(tmp_path / "r.html")])
    assert done.exit_code == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert str(path if content == "{" or "verify" in name else tmp_path) in done.stderr


def test_every_page_has_its_proof_idea():
    for name in {claim.rstrip("abc") for claim in CLAIMS}:
        title, idea = proof_idea(name)
        assert title
        assert idea.startswith(("Proof idea. ", "Why it fails. "))


def rows_of(table):
    """The cells of a LaTeX table's lines, escaped ampersands no separators."""
    lines = [line for line in table.splitlines() if line.endswith(r"\\")]
    return [re.split(r"(?<!\\)&", line.removesuffix(r"\\")) for line in lines]


def test_latex_tables_are_whole_and_hold_the_numbers(records, tmp_path):
    done = CliRunner().invoke(main, ["report", "--records", str(records), "--output", str(tmp_path / "report.html"),
                                     "--latex", str(tmp_path)])  # fmt: skip
    assert done.exit_code == 0, done.stderr
    tables = {path.stem: path.read_text() for path in tmp_path.glob("*.tex")}
    assert set(tables) == {"claims", "laws", "experiment-credible"}
    for text in tables.values():
        assert len({len(row) for row in rows_of(text)}) == 1
        assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
        assert text.count("{") == text.count("}")
        assert text.isascii()
    assert [row[0].strip() for row in rows_of(tables["claims"])[1:]] == list(CLAIMS)
    assert r"43.2 ($+3.1$)" in tables["experiment-credible"]


def booktabs():
    """Whether LaTeX is there with the one package that the tables need."""
    found = shutil.which("pdflatex") and shutil.which("kpsewhich")
    return bool(found and subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True, check=False).stdout)


@pytest.mark.skipif(not booktabs(), reason="no LaTeX with booktabs: apt install texlive-latex-recommended")
def test_latex_tables_compile(records, tmp_path):
    for name, table in latex.tables(Evidence(records)).items():
        (tmp_path / f"{name}.tex").write_text(table)
    inputs = "\\newpage".join(rf"\noindent\input{{{path.stem}}}" for path in sorted(tmp_path.glob("*.tex")))
    packages = r"\usepackage{booktabs,array}\usepackage[margin=15mm]{geometry}"
    (tmp_path / "all.tex").write_text(
        rf"\documentclass{{article}}{packages}\begin{{document}}\footnotesize {inputs}\end{{document}}"
    )
    done = subprocess.run(["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all"], cwd=tmp_path,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-800:]
    assert "Overfull" not in done.stdout


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return sum(weight * x for weight, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_contrast(scheme):
    style = (Path(gallery.__file__).parent / "style.css").read_text()
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", re.findall(r":root \{(.*?)\}", style, re.DOTALL)[scheme]))
    pairs = [(ink, ground) for ink in ("ink", "soft", "link") for ground in ("ground", "card")]
    pairs += [(name, f"{name}-ground") for name in ("yes", "no", "open")]
    for ink, ground in pairs:
        light, dark = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


@pytest.fixture(scope="module")
def chromium(text, tmp_path_factory):
    if not (CHROMIUM and DRIVER):
        pytest.skip(WHY_NOT)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(text, encoding="utf-8")
    with browser() as opened:
        yield opened, path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_in_a_browser_nothing_overflows_and_nothing_complains(chromium, width, dark):
    opened, path = chromium
    opened.open(path, width=width, dark=dark)
    assert opened.errors() == []
    wide, inner = opened.run("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= inner
    ground = opened.run("return getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", ground)[:3]))
    assert brightness < 200 if dark else brightness > 600
    sticking_out = opened.run(
        "return [...document.querySelectorAll('main p, main li, main h3, main dd, figure')]"
        ".filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1).length"
    )
    assert sticking_out == 0


def test_in_a_browser_links_work_formulas_are_drawn_and_the_keyboard_is_enough(chromium):
    opened, path = chromium
    opened.open(path, width=1280)
    top = "location.hash = '#D13a'; return document.getElementById('D13a').getBoundingClientRect().top"
    assert 0 <= opened.run(top) < 200
    assert opened.run("return document.querySelectorAll('math').length") > 100
    heights = opened.run("return [...document.querySelectorAll('math')].map(m => m.getBoundingClientRect().height)")
    assert min(heights) > 5
    opened.run("document.querySelector('.skip').focus()")
    left = opened.run("return document.querySelector('.skip').getBoundingClientRect().left")
    assert left >= 0, "the skip link is seen when it has the focus"


def test_what_is_saved_is_told_with_its_condition(records):
    """Beside what made-up laws save stand the costs it takes, and how little any radio leaves."""
    evidence = Evidence(records)
    found = answers.energy(evidence)
    assert found.headline.startswith("Only as far as costs differ: 0.1\u00a0% at most behind a radio with DRAM")
    cells = [cell for row in evidence.laws["table"] for cell in row.get("cells", ()) if cell["beta"] == answers.BUDGET]
    least = min(cell["spread"] for cell in cells if math.isfinite(cell["spread"]))
    assert f"made-up laws whose costs vary by CV {least:.2g} or more" in found.headline
    assert not re.search(r"\byes\b", found.headline, re.IGNORECASE)
    assert "ble-dram" in found.points[0]
    assert "no selector saves more than 0.1\u00a0%" in found.points[0]
    layers = named_layers([("0.weight", (9, 9, 3, 3)), ("1.weight", (64, 64))])
    for name in answers.RADIOS:
        totals = [part.total for part in MODELS[name].parts(layers).values()]
        assert 0 < 1 - min(totals) / max(totals) <= answers.radio_ceiling() < 0.0011
    assert all("radio" not in text for claim, text in answers._LIMITS if claim == "D7")
