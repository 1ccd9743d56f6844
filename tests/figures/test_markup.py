"""HTML and LaTeX escape by construction: what a record says is read as text, whichever field it stands in."""

import ast
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
import recorded
from matplotlib.figure import Figure

from figures import style
from figures.catalogue import CATALOGUE
from figures.report import claims, experiment, latex, laws, sources
from figures.report.answers import first_screen
from figures.report.evidence import Evidence
from figures.report.html import code, listing, section, table, words
from figures.report.markup import Markup, escaped, html, joined
from figures.report.notation import to_html, to_latex
from theory.claims.verdict import Outcome, Verdict, write_verdict
from theory.errors import InputError

ROOM = Path(__file__).parents[2] / "figures"
RESULTS = ROOM.parent / "results"
HOSTILE = (
    "<script>alert(\"x\")</script><img src=x onerror='y'></td></svg>&amp;--> $x^{$ x^($) \\input{y} %#_~^{} |*a_b*|"
)
BEYOND = HOSTILE + "\ud800\x00\x1b[2J\n\n\u2028"  # what no page can hold, and line ends
TEXTS = [HOSTILE, BEYOND, "$$", "\\", "%", "x_(<b>)", "x^(<b>)", "``<b>``", "*<b>*", "D4<b>", "Var<b>", "{}", "{0}"]


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.names, self.text = set(), set(), ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.names |= {name for name, _ in attributes}

    handle_startendtag = handle_starttag

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("make", [escaped, words, to_html, code, lambda t: html("<p>{}</p>", t),
                                  lambda t: joined([t], t), lambda t: listing([t]), lambda t: section("a", t, t),
                                  lambda t: table(t, [t, t], [[t, t]])])  # fmt: skip
def test_a_text_is_text_whatever_makes_it(text, make):
    made = make(text)
    assert isinstance(made, Markup)
    made.encode()
    allowed = {"p", "code", "ul", "li", "section", "h2", "div", "table", "caption", "thead", "tbody", "tr", "th", "td",
               "em", "var", "sub", "sup", "a"}  # fmt: skip
    assert Elements(made).tags <= allowed
    assert not {name for name in Elements(made).names if name.startswith("on")}
    assert not re.search("[\x00-\x08\x1b\ud800-\udfff]", made)


def test_what_is_finished_stays_and_what_is_not_is_escaped():
    assert html("<b>{}</b>", html("<i>{}</i>", "<")) == "<b><i>&lt;</i></b>"
    assert html("{}", f"{html('<b></b>')} and") == "&lt;b&gt;&lt;/b&gt; and"  # formatted anyhow: a text again
    assert html("{}", html("<b></b>") + "<i>") == "&lt;b&gt;&lt;/b&gt;&lt;i&gt;"
    assert escaped("\x85\ud800\ufffe") == "\ufffd" * 3


@pytest.mark.parametrize("text", TEXTS)
def test_latex_reads_no_command_in_a_text(text):
    made = to_latex(text)
    assert "\n" not in made
    bare = re.sub(r"\\(?:textbackslash|textasciitilde|textasciicircum)\{\}|\\[&%$#_{}|]", "", made)
    assert set(re.findall(r"\\([A-Za-z]*)", bare)) <= {"emph", "mathrm", "le", "ge", "ne", "to", "pm", "sum", "times"}
    assert not set(bare) & set("%#&~")
    assert bare.count("$") % 2 == 0
    outside, inside = bare.split("$")[::2], bare.split("$")[1::2]
    assert not any(set(part) & set("^_") for part in outside)
    assert all(inside)
    assert bare.count("{") == bare.count("}")


def test_neighbouring_mathematics_does_not_run_together():
    assert to_latex("lambda<=x") == r"$\lambda\le x$"
    assert to_latex("cost $|g|") == r"cost \$$|g|$"


def paths(value, at=()):
    """Where texts are in a record, lists taken as one."""
    if isinstance(value, dict):
        return {path for key, part in value.items() for path in paths(part, (*at, key))}
    if isinstance(value, list):
        return {path for part in value for path in paths(part, (*at, "*"))}
    return {at} if isinstance(value, str) else set()


def changed(value, path, text):
    """A record with ``text`` added to what is at ``path``."""
    if not path:
        return value + text if isinstance(value, str) else value
    if isinstance(value, dict):
        return {key: changed(part, path[1:], text) if key == path[0] else part for key, part in value.items()}
    return [changed(part, path[1:], text) for part in value] if isinstance(value, list) else value


def contest(method, cost):
    """A verdict of the experiment with every field that the page reads."""
    difference = {"mean": 0.03, "low": 0.01, "high": 0.05, "level": 0.99, "p": 0.01, "pairs": 5}
    cell = {"accuracy": 0.43, "top-k": 0.4, "difference": difference, "holm p": 0.012}
    observed = {"why": "because", "family-wise error": 0.05, "frontier": difference,
                "log energy ratio at equal accuracy": difference, "budgets": {"0.01": cell}}  # fmt: skip
    domain = "CIFAR-10, costs; 30 clients; seeds 0, 1"
    stamp = {"revision": "abc", "python": "3", "hardware": "cores", "system": "Linux", "versions": {"numpy": "2"}}
    return Verdict(f"E1-{method}", cost, Outcome.HOLDS, domain, "these runs", 10, observed=observed, provenance=stamp)


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """Every kind of record, as small as it may be."""
    folder = recorded.results(tmp_path_factory.mktemp("records") / "results")
    (folder / "verify").mkdir()
    for name in ("D9-exhaustion", "D4-smt", "D4-families", "P6b-elasticity"):
        shutil.copy(RESULTS / "verify" / f"{name}.json", folder / "verify")
    verdicts = folder / "pareto" / "credible" / "verdicts"
    shutil.rmtree(verdicts)
    write_verdict(contest("cwmp", "fc-dear"), verdicts)
    write_verdict(contest("something new", "lognormal"), verdicts)
    _shrink(folder / "pareto" / "paper-small", "E2-*-fc-dear-feedback-off", "sparsities", {"0.01"})
    _shrink(folder / "pareto" / "safe-small", "E3-safe-*", "comparisons", {0})
    return folder


def _shrink(folder, pattern, field, kept):
    """Leave one run, the verdicts of a pattern, and one entry of a field of theirs."""
    for path in sorted(folder.rglob("*-seed*.json"))[1:]:
        path.unlink()
    for path in (folder / "verdicts").iterdir():
        if not path.match(f"{pattern}.json"):
            path.unlink()
            continue
        fields = json.loads(path.read_text())
        entries = fields["observed"][field]
        some = {k: v for k, v in entries.items() if k in kept} if isinstance(entries, dict) else entries[:1]
        path.write_text(json.dumps({**fields, "observed": {**fields["observed"], field: some}}))


def parts(name):
    """What of the page, and which tables, a record is shown in."""
    if name.startswith(("verify", "pareto/credible/verdicts")):
        return [first_screen, claims.at_a_glance, claims.claim_pages, experiment.experiment, latex.tables]
    if name.startswith("laws"):
        return [first_screen, laws.laws, latex.tables]
    return [experiment.experiment] if name.startswith("pareto") else []


def drawn(name):
    """The figures that are drawn from a record."""
    record = next((r for r in ("pareto/credible", "pareto/paper-small") if name.startswith(r)), name)
    return [entry for entry in CATALOGUE.values() if record in entry.records]


def every_record(folder):
    """One file of each kind, by its path."""
    runs = sorted((folder / "pareto" / "credible").glob("*.json"))[:1]
    others = [path for path in sorted(folder.rglob("*.json")) if "-seed" not in path.name]
    return [path.relative_to(folder).as_posix() for path in [*runs, *others] if "same-rate" not in path.parts]


@pytest.mark.parametrize("text", [HOSTILE, BEYOND], ids=["hostile", "beyond"])
def test_no_field_of_any_record_becomes_markup(records, text):
    tried = said = 0
    for name in every_record(records):
        path = records / name
        whole = path.read_text()
        for at in sorted(paths(json.loads(whole))):
            if len(at) > 1 and at[-2] == "versions" and at[-1] != "numpy":
                continue
            path.write_text(json.dumps(changed(json.loads(whole), at, text)))
            said += shown(records, name, at)
            tried += 1
        path.write_text(whole)
    assert tried > 100
    assert said > 30


def shown(folder, name, at):
    """Whether a hostile field is to be read on the page; fails when it is there as markup."""
    found = False
    about_origin = "provenance" in at or at[-1] in ("sources", "given")
    works = [sources.provenance] if about_origin else parts(name)
    try:
        evidence = Evidence(folder)
        made = {work.__module__: work(evidence) for work in works}
        if not about_origin:
            said = [entry.caption({r: evidence.load(r) for r in entry.records}) for entry in drawn(name)]
            made |= {f"caption {i}": words(text) for i, text in enumerate(said)}
    except (InputError, KeyError, TypeError, ValueError):  # refused; cwmp report says so in one line
        return False
    for place, text in made.items():
        if isinstance(text, dict):
            for one in text.values():
                assert "\\input" not in one, (name, at)
                one.encode()
            continue
        text.encode()
        elements = Elements(text)
        assert not elements.tags & {"script", "img"}, (name, at, place)
        assert not {a for a in elements.names if a.startswith("on")}, (name, at, place)
        found |= 'alert("x")' in elements.text
    return found


def test_a_text_in_a_drawing_is_no_markup_and_one_that_cannot_be_set_is_one_line():
    figure = Figure()
    figure.text(0, 0, HOSTILE.replace("$", ""), gid=HOSTILE)
    figure.add_subplot().set_title("</svg><script>")
    assert not Elements(style.svg(figure, "hostile")).tags & {"script", "img"}
    figure.text(0, 0, "$x^{$")
    with pytest.raises(InputError, match="figure hostile: a text of its records cannot be set"):
        style.svg(figure, "hostile")


def constants(tree):
    """String constants, with what is inside formatted strings, less the docstrings."""
    docs = {id(node.body[0].value) for node in ast.walk(tree)
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body
            and isinstance(node.body[0], ast.Expr)}  # fmt: skip
    return [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in docs]


MAKERS = {"markup.py": 3, "formulas.py": 1, "gallery.py": 1, "page.py": 1}  # calls of Markup( outside and inside


@pytest.mark.parametrize("path", sorted((ROOM / "report").glob("*.py")), ids=lambda path: path.name)
def test_markup_is_written_as_templates_of_the_sources_and_nowhere_else(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    templates = [call.args[0] for call in calls if call.func.id == "html"]
    named = {node.targets[0].id: node.value for node in tree.body
             if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)}  # fmt: skip
    literal = [named.get(t.id) if isinstance(t, ast.Name) else t for t in templates]
    assert all(isinstance(t, ast.Constant) for t in literal), "a template is a literal"
    allowed = {id(t) for t in literal}
    if path.name not in ("formulas.py", "gallery.py"):  # these take apart what others have drawn or typeset
        loose = [c.value for c in constants(tree) if re.search(r"</?[a-z]", c.value) and id(c) not in allowed]
        assert [text for text in loose if "(?P<" not in text and "meta name" not in text] == []
    assert sum(call.func.id == "Markup" for call in calls) == MAKERS.get(path.name, 0)
