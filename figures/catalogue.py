"""The figures there are, the records each is drawn from, and the command that makes each record.

Each figure is a row here and a file ``figures/NAME.py`` with two functions of its records (:data:`records.Records`, by
path in the results folder):

    draw_NAME(records, venue="ieee") -> matplotlib.figure.Figure    wrapped in ``style.styled``
    caption_NAME(records) -> str      plain text: what is drawn, n, seeds, data, hardware, revision, as the records say
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from figures import records as stored
from theory.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAP, FRONTIER = "studies/gap.json", "studies/frontier.json"
GEOMETRY, CONTRACTION = "studies/geometry.json", "studies/contraction.json"
EFFICIENCY, SAVING = "studies/efficiency.json", "studies/saving.json"
HARDWARE, PRICE, PAGES = "studies/hardware.json", "studies/price.json", "studies/pages.json"
LAWS, AUDIT, EXPERIMENT = "laws/laws.json", "laws/audit.json", "pareto/credible"
PAPER, CHOICE = "pareto/paper-small", "pareto/safe-small/choice"
SELECTION, CERTIFY = "benchmarks/selection.json", "benchmarks/certify.json"

COMMANDS: dict[str, str] = {
    GEOMETRY: "cwmp study geometry --output results/studies",
    FRONTIER: "cwmp study frontier --output results/studies",
    GAP: "cwmp study gap --output results/studies",
    EFFICIENCY: "cwmp study efficiency --output results/studies",
    SAVING: "cwmp study saving --output results/studies",
    CONTRACTION: "cwmp study contraction --output results/studies",
    HARDWARE: "cwmp study hardware --output results/studies",
    PRICE: "cwmp study price --output results/studies",
    PAGES: "cwmp study pages --output results/studies",
    LAWS: "python benchmarks/laws.py --output results/laws",
    AUDIT: "python benchmarks/audit.py --output results/laws/audit.json",
    EXPERIMENT: "cwmp pareto credible --data DIR --output results/pareto/credible",
    PAPER: "cwmp pareto paper --small --data DIR --output results/pareto/paper-small",
    CHOICE: "cwmp pareto safe --small --data DIR --output results/pareto/safe-small",
    SELECTION: "python benchmarks/selection.py --output results/benchmarks/selection.json",
    CERTIFY: "python benchmarks/certify.py --output results/benchmarks/certify.json",
}


@dataclass(frozen=True)
class Entry:
    """A figure.

    Attributes:
        name: of its file and functions. records: what it is drawn from, keys of :data:`COMMANDS`.
        shows: in a line, what is to be seen, for those who cannot see it; findings belong in the caption.
    """

    name: str
    records: tuple[str, ...]
    shows: str

    def draw(self, records: stored.Records, venue: str = "ieee") -> Figure:
        """The figure.

        Raises:
            InputError: unknown venue; records that do not hold what they should.
        """
        return cast("Figure", self._call("draw", records, venue))

    def caption(self, records: stored.Records) -> str:
        """What stands under the figure, one paragraph of plain text.

        Raises:
            InputError: records that do not hold what they should.
        """
        return str(self._call("caption", records))

    def _call(self, verb: str, records: stored.Records, *more: str) -> Any:
        function = getattr(import_module(f"figures.plots.{self.name}"), f"{verb}_{self.name}")
        try:
            return function(records, *more)
        except InputError:
            raise
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            what = f"{type(error).__name__} {' '.join(str(error).split())[:80]}"
            raise InputError(
                f"figure {self.name}: {' or '.join(self.records)} is not such a record ({what})"
            ) from error


CATALOGUE: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry("geometry", (GEOMETRY,), "An update in the plane of cost and squared magnitude: what each rule keeps."),
        Entry("frontier", (FRONTIER,), "All masks of a small instance by cost and value, their hull, and each rule."),
        Entry("gap", (GAP,), "Relative gap to the exact optimum against the number of coordinates, by rounding."),
        Entry(
            "efficiency",
            (EFFICIENCY, LAWS),
            "Share of the norm that CWMP retains over Top-K's, against the budget, by law.",
        ),
        Entry("saving", (SAVING, LAWS), "Energy saved at equal score: predicted against exact, by law of costs."),
        Entry("prediction", (LAWS,), "Saving of real updates: predicted by two laws against exact, by kind of costs."),
        Entry(
            "hardware", (HARDWARE,), "Saving and ceiling against the ratio of radio to memory, real pairs as points."
        ),
        Entry("price", (PRICE,), "What one price for all clients gains over equal budgets, by spread of their norms."),
        Entry("pages", (PAGES,), "Norm retained against the budget where writing costs by page, by rule."),
        Entry("concentration", (LAWS,), "Intervals for the lost score and what was seen, law by law."),
        Entry("audit", (AUDIT,), "Laws against bounds: which hold, how tight they are, and where none applies."),
        Entry("contraction", (CONTRACTION,), "Worst contraction of CWMP and Top-K, and error feedback under both."),
        Entry("pareto", (EXPERIMENT,), "Accuracy against energy and paired differences from Top-K, by cost model."),
        Entry("captured", (EXPERIMENT,), "Captured norm gained over Top-K against accuracy gained, by cost model."),
        Entry(
            "plane",
            (PAPER,),
            "Accuracy gained over Top-K by cost ratio and sparsity, equal coordinates and equal joules.",
        ),
        Entry("safety", (CHOICE,), "Accuracy and captured norm of Safe CWMP against its safety, by cost model."),
        Entry("speed", (SELECTION, CERTIFY), "Time and memory of selecting and certifying against coordinates."),
    )
}


def entries(names: Sequence[str] = ()) -> list[Entry]:
    """The figures called ``names``, or all of them, in the order of the table.

    Raises:
        InputError: an unknown name; the message lists those there are.
    """
    for name in names:
        if name not in CATALOGUE:
            raise InputError(f"no figure {name!r}; the figures are {', '.join(CATALOGUE)}")
    return [entry for name, entry in CATALOGUE.items() if name in names or not names]


def missing(entry: Entry, results: Path) -> list[str]:
    """The records of a figure that are not there."""
    return [record for record in entry.records if not stored.files(results, record)]


def read(entry: Entry, results: Path) -> stored.Records:
    """The records of a figure.

    Raises:
        InputError: one is missing or damaged; the message names the file.
    """
    return {record: stored.load(results, record) for record in entry.records}
