"""``study``, ``figures``, ``report`` and ``pareto``: records made and drawn, in the folders that the commands use."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cwmp.api.checks import needing
from cwmp.api.result import Result
from cwmp.pages.blocks import Block, Line
from theory.arithmetic.exact import as_whole
from theory.arithmetic.threads import as_jobs
from theory.errors import InputError
from theory.files.outputs import PAGE, TABLE, check_output, protecting, write_atomically

if TYPE_CHECKING:
    from empirical.outcome import Outcome

RECORDS, STUDIES, FIGURES, REPORT = Path("results"), "studies", "figures", "report.html"


@dataclass(frozen=True, repr=False)
class Study(Result):
    """Records behind the figures of the theory.

    Attributes:
        records: by name of the study, as they are in the files. folder: where these are.
    """

    records: Mapping[str, dict[str, Any]]
    folder: Path

    def page(self) -> list[Block]:
        """As ``cwmp study`` prints it."""
        return [Line(f"Records: {self.folder}")]

    def to_dict(self) -> dict[str, Any]:
        """The records by name."""
        return dict(self.records)


def study(
    *names: str, seed: int = 0, update: str | Path | None = None, key: str | None = None,
    output: str | Path = RECORDS, fresh: bool = False,
    on_progress: Callable[[Any, float], None] = lambda one, share: None,
    on_record: Callable[[Any, float, bool], None] = lambda one, seconds, kept: None,
) -> Study:  # fmt: skip
    """Compute the records behind the figures of the theory; what is there already is not computed again.

        cwmp.study("gap")

    Args:
        names: of studies, as ``cwmp study --help`` lists them; none: all. seed: of every random draw.
        update: file of an update for geometry, instead of a drawn one. key: of its tensors.
        output: folder of the results; the records go into its folder ``studies``. fresh: compute even so.
        on_progress: called with a study and the share of it that is done. on_record: called with each finished study,
            its seconds, and whether its record was there already.

    Raises:
        InputError: an unknown name; an update that no study asked for takes; files of other making in the way.
    """
    runs = needing("verify", "computing studies", "proofs_check.studies.records")
    every = needing("verify", "computing studies", "proofs_check.studies.table").STUDIES
    wanted = runs.chosen(names)
    if update is not None and not any(one.takes_update for one in wanted):
        takers = ", ".join(name for name, one in every.items() if one.takes_update)
        raise InputError(f"an update is for {takers}, which is not asked for")
    folder = studies_in(Path(output))
    found = {}
    for one in wanted:
        start = time.monotonic()
        found[one.name], kept = runs.run_study(
            one, folder, seed=seed, update=None if update is None else Path(update), key=key, fresh=fresh,
            progress=lambda share, one=one: on_progress(one, share),
        )  # fmt: skip
        on_record(one, time.monotonic() - start, kept)
    return Study(found, folder)


def studies_in(results: Path) -> Path:
    """Where the records of studies are in a folder of results, or that folder itself if it is called so."""
    return results if results.name == STUDIES else results / STUDIES


@dataclass(frozen=True, repr=False)
class Figures(Result):
    """Figures that were drawn, and those that could not be.

    Attributes:
        files: PDF and PNG by name of the figure. missing: records that are not there, with the figures that wait for
            each. commands: what makes each of these. records: the folder that was read.
        captions: by name of the figure.
    """

    files: Mapping[str, tuple[Path, ...]]
    missing: Mapping[str, tuple[str, ...]]
    commands: Mapping[str, str]
    records: Path
    captions: Mapping[str, str]

    def page(self) -> list[Block]:
        """As ``cwmp figures`` prints it."""
        return [line for name, paths in self.files.items() for line in drawn(name, paths, self.captions[name])]

    def lost(self) -> list[Block]:
        """What was not drawn, each record once, and what makes it."""
        if not self.missing:
            return []
        lines: list[Block] = [Line(f"Not drawn, for want of a record in {self.records}:")]
        for record, names in self.missing.items():
            lines.append(Line(f"  {', '.join(names)}: no {record}, made by\n      {self.commands[record]}"))
        return lines

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        files = {name: [str(path) for path in paths] for name, paths in self.files.items()}
        missing = {record: list(names) for record, names in self.missing.items()}
        return {"files": files, "missing": missing, "captions": dict(self.captions)}


def drawn(name: str, paths: tuple[Path, ...], caption: str) -> list[Line]:
    """What is said of one figure."""
    return [Line(f"{name:<12}{', '.join(map(str, paths))}"), Line(f"{caption}\n")]


def figures(
    *names: str, records: str | Path = RECORDS, output: str | Path | None = None, venue: str = "ieee",
    on_drawn: Callable[[str, tuple[Path, ...], str], None] = lambda name, paths, caption: None,
) -> Figures:  # fmt: skip
    """Draw figures from recorded results, as PDF and PNG.

        cwmp.figures("gap")

    Args:
        names: of figures; none: all. records: folder of the recorded results.
        output: folder of the figures; default: ``figures`` in that of the records. venue: whose page widths, ``ieee``
            or ``neurips``. on_drawn: called with each figure, its files and its caption.

    Raises:
        InputError: an unknown name or venue, records that are damaged, files of other making in the way.
    """
    catalogue = needing("figures", "drawing figures", "figures.catalogue")
    records = Path(records)
    wanted = catalogue.entries(names)
    missing = {entry.name: catalogue.missing(entry, records) for entry in wanted}
    files: dict[str, tuple[Path, ...]] = {}
    captions: dict[str, str] = {}
    for entry in wanted:
        if not missing[entry.name]:
            manifest = needing("figures", "drawing figures", "figures.manifest")
            folder = Path(output or records / FIGURES)
            files[entry.name] = manifest.draw(entry, records, folder, venue)
            captions[entry.name] = manifest.load(folder)[entry.name]["caption"]
            on_drawn(entry.name, files[entry.name], captions[entry.name])
    waiting: dict[str, tuple[str, ...]] = {}
    for name, lost in missing.items():
        for record in lost:
            waiting[record] = (*waiting.get(record, ()), name)
    there = f" {records.as_posix()}/"
    commands = {record: catalogue.COMMANDS[record].replace(" results/", there) for record in waiting}
    return Figures(files, waiting, commands, records, captions)


@dataclass(frozen=True, repr=False)
class Report(Result):
    """The files of a report.

    Attributes:
        path: the page. megabytes: its size. tables: LaTeX, where asked for.
    """

    path: Path
    megabytes: float
    tables: tuple[Path, ...]

    def page(self) -> list[Block]:
        """As ``cwmp report`` prints it."""
        return [Line(f"{self.path} ({self.megabytes:.1f} MB)"), *(Line(str(path)) for path in self.tables)]

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"page": str(self.path), "megabytes": self.megabytes, "tables": [str(path) for path in self.tables]}


def report(records: str | Path = RECORDS, output: str | Path | None = None, latex: str | Path | None = None) -> Report:
    """Write everything the recorded results say to one HTML page, which needs nothing but a browser.

    Args:
        records: folder of the recorded results. output: the page; default: ``report.html`` in that folder.
        latex: folder for the tables of claims, laws and experiment as LaTeX, too.

    Raises:
        InputError: there are no records at all, or damaged ones; files of other making in the way.
    """
    pages, tables, evidence = (
        needing("figures", "the report", f"figures.report.{name}") for name in ("page", "latex", "evidence")
    )
    records = Path(records)
    path = Path(output or records / REPORT)
    with protecting(*evidence.record_files(records)):
        check_output(path, PAGE)
        text = pages.page(records)
        extras = tables.tables(evidence.Evidence(records)) if latex is not None else {}
        files = {Path(latex or "") / f"{name}.tex": table for name, table in extras.items()}
        for place in files:
            check_output(place, TABLE)
        write_atomically(path, text, PAGE)
        for place, table in files.items():
            write_atomically(place, table, TABLE)
    return Report(path, len(text.encode()) / 1e6, tuple(files))


def pareto(
    preset: str, *, data: str | Path | None = None, download: bool = False, jobs: int | None = None,
    output: str | Path | None = None, device: str | None = None, seeds: int | None = None, judge_only: bool = False,
    on_progress: Callable[[Any], None] = lambda state: None,
) -> Outcome:  # fmt: skip
    """Train, compressed by every method of a preset, and judge accuracy against energy.

        cwmp.pareto("smoke")

    Args:
        preset: smoke (offline, a minute or two), credible or neighbours (two cores), full (a GPU); paper or safe (a
            GPU), paper-small or safe-small (two cores). data: folder with CIFAR-10.
        download: fetch it into that folder first. jobs: runs at a time, by default one for each core.
        output: folder of the runs; default: ``runs/PRESET``. device: ``cpu`` or ``cuda``; default: the preset's.
        seeds: number of paired seeds, the preset's first ones. judge_only: judge finished runs as they are.
        on_progress: called with the state of the runs.

    Returns:
        The outcome: it prints as the command's report; its verdicts, and whether one is undecided.

    Raises:
        InputError: an unknown preset, or one that does not fit this machine; missing or damaged data; a folder that
            holds runs of other settings, data or sources.
    """
    experiment = needing("empirical", "the experiment", "empirical.experiment")
    folder = Path(output or Path("runs") / preset)
    jobs, seeds = as_jobs(jobs), None if seeds is None else as_whole(seeds, "seeds")
    if judge_only:
        judged: Outcome = experiment.judge(preset, folder=folder, seeds=seeds)
        return judged
    done: Outcome = experiment.run(
        preset, None if data is None else Path(data), download=download, folder=folder,
        jobs=jobs, device=device, seeds=seeds, on_progress=on_progress,
    )  # fmt: skip
    return done
