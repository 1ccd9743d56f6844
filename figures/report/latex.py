"""The tables for a paper: claims, laws and the experiment, in LaTeX with booktabs.

Each is one ``tabular`` to stand in a ``table`` or ``table*``; it needs ``\\usepackage{booktabs,array}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from figures.report import experiment
from figures.report.evidence import Evidence, Trial
from figures.report.notation import to_latex
from theory.claims.verdict import Verdict

_NEEDS = "% \\usepackage{booktabs,array}"


def tables(evidence: Evidence) -> dict[str, str]:
    """The tables that the records allow, by name."""
    made = {}
    if evidence.rows:
        made["claims"] = claims(evidence)
    if evidence.laws:
        made["laws"] = laws(evidence)
    for trial in evidence.trials:
        made[f"experiment-{trial.name}"] = contests(trial)
    stamp = f"% Made by cwmp report from records of digest {evidence.digest[:16]}.\n{_NEEDS}\n"
    return {name: stamp + text for name, text in made.items()}


def claims(evidence: Evidence) -> str:
    """A line per claim: verdict, reach and methods."""
    rows = [
        [row.claim.id, to_latex(row.claim.title), row.claim.kind,
         f"\\textbf{{{row.word}}}" if row.refuted else row.word, to_latex(row.reach),
         to_latex(", ".join(v.method for v in row.verdicts))]
        for row in evidence.rows.values()
    ]  # fmt: skip
    ragged = r">{\raggedright\arraybackslash}p{%s\linewidth}"
    columns = f"l{ragged % 0.27}ll{ragged % 0.2}{ragged % 0.2}"
    return tabular(columns, ["", "Claim", "Kind", "Verdict", "Reach", "Methods"], rows)


def laws(evidence: Evidence) -> str:
    """A line per law: the ratio of retained shares at every budget, and the saving at each."""
    table = evidence.laws["table"] if evidence.laws else []
    rows, budgets = [], []
    for row in table:
        if "cells" in row:
            cells = row["cells"]
            budgets = [f"{100 * cell['beta']:g}\\,\\%" for cell in cells]
            shown = [f"{cell['R'][0]:.3f} ({100 * cell['saving']:.0f}\\,\\%)" for cell in cells]
            rows.append([to_latex(row["magnitude"]), to_latex(row["cost"]), *shown])
    return tabular("ll" + "r" * len(budgets), ["Magnitudes", "Costs", *budgets], rows)


def contests(trial: Trial) -> str:
    """A line per cost model and method: accuracies, frontier, energy, verdict."""
    budgets = list(trial.verdicts[0].observed["budgets"])
    head = [
        "Costs",
        "Method",
        *(f"{100 * float(budget):g}\\,\\%" for budget in budgets),
        "Frontier",
        "Energy",
        "Verdict",
    ]
    rows: list[list[str]] = []
    for cost in experiment.costs_of(trial):
        about = experiment.verdicts_under(trial, cost)
        base = [f"{100 * about[0].observed['budgets'][budget]['top-k']:.1f}" for budget in budgets]
        rows.append([to_latex(cost), "Top-K", *base, "", "1", ""])
        rows += [["", *_contest(verdict, budgets)] for verdict in about]
    return tabular("ll" + "r" * (len(budgets) + 2) + "l", head, rows)


def tabular(columns: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of finished cells between booktabs' rules."""
    body = [" & ".join(row) + r" \\" for row in rows]
    top = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", " & ".join(head) + r" \\", r"\midrule"]
    return "\n".join([*top, *body, r"\bottomrule", r"\end{tabular}", ""])


def _contest(verdict: Verdict, budgets: Sequence[str]) -> list[str]:
    seen, name = verdict.observed, experiment.method(verdict)
    cells = [
        f"{100 * seen['budgets'][b]['accuracy']:.1f} (${100 * seen['budgets'][b]['difference']['mean']:+.1f}$)"
        for b in budgets
    ]
    ends = experiment.points(seen["frontier"]), experiment.ratio(seen["log energy ratio at equal accuracy"])
    shown = [end.replace("−", "$-$").replace("–", "--") for end in ends]
    return [to_latex(experiment.LABELS.get(name, name)), *cells, *shown, experiment.word(verdict)]
