"""The site's pages that are made from what is kept elsewhere; links, README, and that no page names a machine."""

import json
import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from claim_pages import RECORDED, claim_pages, contents, linked, page_id, theorem
from docstrings import columns, literal_blocks, plain
from drawings import SCORE, shares
from energy_page import energy_page
from figure_pages import gallery
from generated import laws_page, more_guides

from figures.catalogue import CATALOGUE
from proofs_check.checks import PAGES
from proofs_check.checks.falsehoods import FALSEHOODS
from proofs_check.table import stored_verdicts, table_of
from theory.claims.status import summarise
from theory.claims.table import CLAIMS
from theory.energy.models import MODELS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = sorted(p for p in DOCS.rglob("*.md") if p.parent.name not in ("claims", "generated"))
READ = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *WRITTEN]
MADE = ("claims/", "generated/")  # pages that a build writes
LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)|^```\{(?:figure|include|literalinclude)\} (\S+)", re.MULTILINE)


def name(path):
    return str(path.relative_to(ROOT))


def shown(page):
    """What a reader sees of a page: no tags, no entities."""
    return " ".join(unescape(re.sub(r"<[^>]+>", "", page)).split())


# Pages of claims


@pytest.fixture(scope="module")
def pages():
    return claim_pages()


def test_every_claim_is_on_a_page_with_statement_reason_and_evidence(pages):
    rows = {row.claim.id: row for row in summarise(stored_verdicts(RECORDED))}
    assert set(pages) == {page_id(claim) for claim in CLAIMS}
    for claim in CLAIMS.values():
        page = pages[page_id(claim.id)]
        assert "".join(claim.typeset.split()) in "".join(page.split()), claim.id
        assert "## Proof\n" in page or "## Why it fails\n" in page, claim.id
        assert all(f"<td>{v.method}</td>" in page for v in rows[claim.id].verdicts), claim.id
        assert f'">{rows[claim.id].word}' in page
        if claim.kind == "false":
            assert "Counterexample" in page
            assert "True instead" in page
    planted = [f for f in FALSEHOODS if page_id(f.claim) in pages]
    assert len(planted) == len(FALSEHOODS)
    assert sum(page.count("<li>") for page in pages.values()) == len(FALSEHOODS)


def test_a_page_says_what_the_records_say(tmp_path, pages):
    shutil.copytree(RECORDED, tmp_path / "verify")
    path = tmp_path / "verify" / "D5-search.json"
    verdict = json.loads(path.read_text())
    path.write_text(json.dumps({**verdict, "outcome": "refuted", "domain": "a planted domain"}))
    changed = claim_pages(tmp_path / "verify")
    assert "a planted domain" in changed["D5"]
    assert '<p><span class="verdict refuted">refuted (differs)</span></p>' in changed["D5"]
    assert '<p><span class="verdict proved">proved, kernel-checked</span></p>' in pages["D5"]
    assert {name: page for name, page in changed.items() if name != "D5"} == {
        name: page for name, page in pages.items() if name != "D5"
    }


def test_the_pages_name_files_that_are_there_and_link_pages_that_are_made(pages):
    for page_name, page in pages.items():
        for file in re.findall(r"`((?:theory|proofs_check)/[\w/.]+\.py)`", page):
            assert (ROOT / file).exists(), file
        for pattern in re.findall(r"`(results/verify/\S+)`", page):
            assert list(ROOT.glob(pattern)), pattern
        links = {link.removesuffix(".html") for link in re.findall(r'href="([^"]+)"', page)}
        assert links <= {*pages, "../formal"}, page_name
        assert "../formal" not in links or (DOCS / "formal.md").exists()
    assert len(PAGES) == len(pages)


def test_a_theorem_is_named_where_the_claim_has_one(tmp_path):
    for file in ("D05.v", "D12b.v"):
        (tmp_path / file).touch()
    found = {claim: theorem(claim, tmp_path) for claim in ("D5", "D12b", "D12a", "D15a")}
    assert found == {"D5": tmp_path / "D05.v", "D12b": tmp_path / "D12b.v", "D12a": None, "D15a": None}


def test_the_pages_are_listed_in_the_order_of_the_table_and_the_table_links_them(pages):
    assert re.findall(r"claims/(\S+)", contents(pages)) == list(pages)
    assert list(pages)[:3] == ["D1", "D2", "D3"]
    table = linked(table_of(RECORDED))
    for claim in CLAIMS:
        assert f"| [{claim}](claims/{page_id(claim)}.md) |" in table


# Energy, figures, drawings, docstrings


def test_every_number_of_every_model_is_shown_beside_its_source():
    page = energy_page()
    for model in MODELS.values():
        section = page.partition(f"\n## {model.name}\n")[2].partition("\n## ")[0]
        for energy in model.fields()["joules_per_bit"].values():
            assert energy["joules"] in section
            assert energy["source"] in section
            assert energy["link"] in section
        assert ("**Invented**" in section) == model.relative


def test_every_recorded_figure_is_shown_with_its_caption_and_commands():
    page = gallery()
    manifest = json.loads((ROOT / "results" / "figures" / "manifest.json").read_text(encoding="utf-8"))
    for entry in (CATALOGUE[name] for name in manifest):
        section = page.partition(f"\n## {entry.name.capitalize()}\n")[2].partition("\n## ")[0]
        assert manifest[entry.name]["caption"] in re.sub(r"\\(.)", r"\1", section)
        assert f"../results/figures/{entry.name}.png" in section
    assert "](../results/laws/laws.json)" in laws_page()


def test_the_concepts_say_of_their_drawing_what_is_drawn():
    words = " ".join((DOCS / "concepts.md").read_text(encoding="utf-8").split())
    retained = {
        rule: sum(part * score for part, score in zip(parts, SCORE, strict=True)) for rule, parts in shares().items()
    }
    assert retained == {"prefix": 17, "fill": 19, "optimum": 20, "relaxation": 22}
    for rule, value in retained.items():
        assert re.search(rf"{rule}[^;.]*\b{value:g}\b", words, re.IGNORECASE), rule
    assert shares()["optimum"] == [1, 0, 1, 1, 0]
    assert "keeps 1, 3 and 4" in words


def test_a_new_page_is_listed_without_touching_another(tmp_path):
    (tmp_path / "index.md").write_text("```{toctree}\nstart\n```\n")
    (tmp_path / "start.md").write_text("# Start\n")
    assert more_guides(tmp_path) == ""
    (tmp_path / "planted.md").write_text("# Planted\n")
    assert more_guides(tmp_path).split()[-2] == "planted"


def test_docstrings_are_plain_text_but_for_code_and_roles():
    assert plain("|g_i| and x_ of ``a|b*`` and :class:`C`") == r"\|g_i\| and x\_ of ``a|b*`` and :class:`C`"
    assert literal_blocks(["Text:", "", "    a | b", "", "End |x|"]) == [
        "Text:", "", "::", "", "    a | b", "", r"End \|x\|",
    ]  # fmt: skip
    table = ["word    means", "              much", "", "End"]
    assert columns(table) == ["    word    means", "                  much", "", "End", ""]


# Links, and what nobody should read


@pytest.mark.parametrize("path", READ, ids=name)
def test_links_lead_to_files_that_are_there(path):
    for link, included in LINK.findall(path.read_text(encoding="utf-8")):
        target = (link or included).partition("#")[0]
        if not target or re.match(r"https?:", target):
            continue
        place = (path.parent / target).resolve()
        made = place.is_relative_to(DOCS) and name(place).removeprefix("docs/").startswith(MADE)
        assert made or place.exists(), f"{target}"


@pytest.mark.parametrize("path", READ, ids=name)
def test_nothing_names_a_machine_or_a_host_of_packages(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"/(?:work|home|root|tmp)/|pypi\.org|files\.pythonhosted|localhost|127\.0\.0\.1", text)


def test_what_is_installed_is_installed_from_the_checkout():
    """As long as the package is on no index, ``pip install cwmp`` would fetch nothing, or something else."""
    texts = [*READ, *(p for room in ("cwmp", "theory", "proofs_check", "empirical", "figures")
                      for p in (ROOT / room).rglob("*.py"))]  # fmt: skip
    wrong = [name(p) for p in texts if re.search(r"pip install '?cwmp", p.read_text(encoding="utf-8"))]
    assert wrong == []
