"""What is written before the pages are read: claims, energy models and figures, each from where it is kept.

A file is touched only where its content has changed, so that a second build reads only what is new.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from claim_pages import claim_pages, contents, linked
from drawings import draw_roundings
from energy_page import energy_page
from figure_pages import gallery

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]


def laws_page() -> str:
    """The tables that ``benchmarks/laws.py`` wrote, with its links as they are from here."""
    text = (ROOT / "results" / "laws" / "README.md").read_text(encoding="utf-8")
    return re.sub(r"\]\((?=[\w.-]+\))", "](../results/laws/", text)


def more_guides(docs: Path) -> str:
    """A table of contents of the pages that no other one names, so that a new page is a new file and nothing else."""
    named = set(re.findall(r"^[\w/-]+$", (docs / "index.md").read_text(encoding="utf-8"), re.MULTILINE))
    more = sorted({page.stem for page in docs.glob("*.md")} - named - {"index", "recorded-laws"})
    return "\n".join(["```{toctree}", ":caption: More guides", ":hidden:", "", *more, "```", ""]) if more else ""


def write(app: Sphinx) -> None:
    """For ``builder-inited``."""
    here = Path(app.srcdir)
    claims = claim_pages()
    texts = {here / "claims" / f"{name}.md": text for name, text in claims.items()}
    texts |= {
        here / "generated" / name: text
        for name, text in {
            "claims.md": contents(claims),
            "energy.md": energy_page(),
            "figures.md": gallery(),
            "laws.md": laws_page(),
            "more.md": more_guides(here),
        }.items()
    }
    for path, text in texts.items():
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for gone in set((here / "claims").glob("*.md")) - set(texts):
        gone.unlink()
    draw_roundings().savefig(here / "generated" / "roundings.png", dpi=200)


def read(app: Sphinx, page: str, source: list[str]) -> None:
    """For ``source-read``: the claim table points at the claims' pages, which are not there before the build."""
    if page == "claims":
        source[0] = linked(source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Write when the build begins."""
    app.connect("builder-inited", write)
    app.connect("source-read", read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
