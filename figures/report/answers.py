"""The first screen: five questions, answered by what the records say and by nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from figures.report.designs import arm_of, safe_arms, word_of
from figures.report.evidence import LAWS, MAKING, PARETO, VERIFY, Evidence, Trial
from figures.report.html import chip, code, link, listing, percent, signed, small, words
from figures.report.markup import Markup, html, joined, lines
from theory.claims.status import Row
from theory.claims.verdict import Outcome, Verdict
from theory.energy.models import MODELS, break_even
from theory.layers import named_layers

RADIOS = [name for name, model in MODELS.items() if model.radio.exact > 0]
BUDGET = 0.1  # the budget at which savings are told, a share of sending everything

_SENSES = (
    ("D5", "for the energy it actually spends: no mask of that cost keeps more"),
    ("D2", "of the relaxation, in which the last item may be sent in part"),
    ("D6", "on the supported Pareto frontier of energy and retained norm"),
    ("D7", "at every budget, when all costs are equal (it is Top-K then)"),
    ("D8", "at every budget, when larger entries are never dearer"),
)
_DISTANCES = (
    ("D4", "it misses the optimum by no more than the critical item's share, phi p_s"),
    ("D10", "best-of keeps at least half of the optimum"),
    ("D11", "prefix or fill keeps a fixed share of the optimum"),
)
_LIMITS = (
    ("D7", "equal costs: nothing to gain over Top-K, they are the same"),
    ("D12b", "that |g|/c is the right score for the l2 norm"),
    ("D13b", "that it contracts below the cost of the dearest coordinate"),
    ("P6b", "the saving law without the elasticity of the mean cost"),
)


@dataclass(frozen=True)
class Answer:
    """One card: a question, the answer in a few words, and what it rests on as finished HTML."""

    question: str
    headline: str
    points: Sequence[str]

    def card(self) -> Markup:
        """The card."""
        return html(
            '<article class="answer">\n<h3>{}</h3>\n<p class="headline">{}</p>\n{}\n</article>',
            words(self.question), words(self.headline), listing(self.points),
        )  # fmt: skip


def first_screen(evidence: Evidence) -> Markup:
    """All answers, those of the claims first."""
    made = (optimal(evidence), in_which_sense(evidence), energy(evidence), accuracy(evidence), where_not(evidence))
    return html('<div class="answers">\n{}\n</div>', lines(answer.card() for answer in made))


def stands(row: Row | None) -> str:
    """Whether a claim is true as far as was found: yes, no, or open."""
    if row is None or row.word == Outcome.INCONCLUSIVE.value:
        return "open"
    return "no" if row.refuted else "yes"


def optimal(evidence: Evidence) -> Answer:
    """Is CWMP the best mask at every budget?"""
    row = evidence.rows.get("D9")
    headlines = {"no": "Not at every budget.", "yes": "At every budget, it seems.", "open": "Not decided."}
    example = small(words(row.counterexample_words)) if row and row.refuted else ""
    points: list[str] = [
        html("at every budget, as a 0/1 mask: {}{}", _judged(row, "D9"), example) if row else _unjudged()
    ]
    points += _points(evidence, _DISTANCES)
    return Answer("Is CWMP optimal?", headlines[stands(row)], points)


def in_which_sense(evidence: Evidence) -> Answer:
    """The senses in which it is."""
    known = _known(evidence, _SENSES)
    true = [text.split(":")[0].split(",")[0] for claim, text in known if stands(evidence.rows[claim]) == "yes"]
    headline = _sentence(true[0]) if true else "None that was found."
    points = _points(evidence, _SENSES)
    return Answer("In which sense is it?", headline, points or [_unjudged()])


def energy(evidence: Evidence) -> Answer:
    """What is saved at equal retained norm, over the recorded laws and real updates."""
    question, points = "Does it save energy?", list[str]()
    if evidence.laws is None:
        return Answer(question, "Not measured yet.", [html("Made by {}.", code(MAKING[LAWS]))])
    cells = [cell for row in evidence.laws["table"] for cell in row.get("cells", ()) if _at(cell)]
    savings = [cell["saving"] for cell in cells]
    headline = f"Only as far as costs differ: {percent(radio_ceiling())} at most behind a radio with DRAM"
    if any(saving > 0 for saving in savings):
        least = min(cell["spread"] for cell in cells if math.isfinite(cell["spread"]))
        headline += f", {_range(savings)} under made-up laws whose costs vary by CV {least:.2g} or more"
    headline += "."
    points.append(
        html(
            "under the energy models with a radio ({}) no selector saves more than {} of Top-K's energy: dearest and "
            "cheapest coordinate differ by no more",
            words(_and(RADIOS)),
            percent(radio_ceiling()),
        )
    )
    points.append(
        f"{len(savings)} laws of magnitudes and costs at {percent(BUDGET, 0)} of full energy: {_range(savings)}, "
        f"median {percent(median(savings), 0)}, for the same retained norm"
    )
    updates = [row for row in evidence.laws.get("updates", ()) if _at(row)]
    if updates:
        names = {row["update"] for row in updates}
        low, high = _range([row["saving"] for row in updates]).split(" to ")
        points.append(f"{len(names)} real updates under {len({r['cost'] for r in updates})} costs: {low} to {high}")
    if row := evidence.rows.get("P3a"):
        points.append(html("never less efficient than Top-K in the limit: {}", _judged(row, "P3a")))
    if row := evidence.rows.get("P6a"):
        law = "the saving law, a quarter of the squared spread times the tail index"
        points.append(html("{}: {}", law, _judged(row, "P6a")))
    return Answer(question, headline, points)


def radio_ceiling() -> float:
    """What any selector saves at most under the named models with a radio, whatever the network.

    Of two coordinates, since more need longer indices, which cost the same everywhere.
    """
    layers = named_layers([("0.weight", (1, 1, 1, 1)), ("1.weight", (1, 1))])
    largest = max(break_even(MODELS[name], layers).ceiling for name in RADIOS)
    return math.ceil(1000 * largest) / 1000  # as it is shown, and never less than it is


def accuracy(evidence: Evidence) -> Answer:
    """The experiment's verdicts on the paper's method."""
    question = "Does accuracy gain?"
    if not evidence.trials:
        return Answer(question, "Not measured yet.", [html("Made by {}.", code(MAKING[PARETO]))])
    trial = evidence.trials[0]
    points = [_contest(verdict.method, verdict.outcome, verdict.observed) for verdict in trial.of("cwmp")]
    points += [_nowhere_worse(arms) for other in evidence.designs if (arms := safe_arms(other))]
    points.append(html('{}; <a href="#experiment">all methods and budgets</a>', words(trial.data)))
    headline = gains(trial)
    return Answer(
        question, f"On synthetic images only: {headline}." if trial.synthetic else _sentence(headline), points
    )


def _nowhere_worse(arms: Sequence[Verdict]) -> Markup:
    """What the search for a selector that never loses has found."""
    judged = [html("{}{}", code(arm_of(verdict)), chip(word_of(verdict))) for verdict in arms]
    return html("nowhere worse than Top-K, nor than CWMP where CWMP wins: {}", joined(judged, ", "))


def gains(trial: Trial) -> str:
    """Under which costs CWMP's frontier is above Top-K's, below, the same, or none of these."""
    verdicts = trial.of("cwmp")
    words = ("yes under {} costs", "the reverse under {}", "the same as Top-K under {}", "undecided under {}")
    found = {word: [v.method for v in verdicts if _finding(v) == word] for word in words}
    return "; ".join(word.format(_and(costs)) for word, costs in found.items() if costs) or "not measured for CWMP"


def _finding(verdict: Verdict) -> str:
    if verdict.outcome is not Outcome.INCONCLUSIVE:
        return "yes under {} costs" if verdict.outcome is Outcome.HOLDS else "the reverse under {}"
    return "the same as Top-K under {}" if identical(verdict) else "undecided under {}"


def identical(verdict: Verdict) -> bool:
    """Whether no pair of runs differs at all, as under equal costs."""
    seen = verdict.observed["frontier"]
    return all(seen[end] == 0 for end in ("mean", "low", "high"))


def where_not(evidence: Evidence) -> Answer:
    """Where CWMP gains nothing, or a claim fails."""
    points = _points(evidence, _LIMITS, as_claim=True)
    worse: list[str] = []
    open_: list[str] = []
    if evidence.trials:
        verdicts = evidence.trials[0].of("cwmp")
        worse = [v.method for v in verdicts if v.outcome is Outcome.REVERSES]
        open_ = [v.method for v in verdicts if v.outcome is Outcome.INCONCLUSIVE and not identical(v)]
        points += [f"accuracy is worse under {_and(worse)} costs"] if worse else []
        points += [f"no difference in accuracy was established under {_and(open_)} costs"] if open_ else []
    equal = stands(evidence.rows.get("D7")) == "yes"
    where = (["where costs are equal"] if equal else []) + ([f"under {_and(worse)} costs"] if worse else [])
    where += [f"perhaps under {_and(open_)} costs, where accuracy is undecided"] if open_ else []
    headline = _sentence(_and(where)) if where else "See each claim."
    return Answer("Where does it not hold, or not help?", headline, points or [_unjudged()])


def _points(evidence: Evidence, table: Sequence[tuple[str, str]], *, as_claim: bool = False) -> list[str]:
    """What a table says of claims, each with its verdict."""
    known = _known(evidence, table)
    return [html("{}: {}", words(text), _judged(evidence.rows[c], c, as_claim=as_claim)) for c, text in known]


def _judged(row: Row | None, claim: str, *, as_claim: bool = False) -> Markup:
    """A yes or no (or the claim's own verdict), how it was reached, and where to read on."""
    if row is None:
        return chip("open")
    word = "" if as_claim else f"{row.word}, "
    return html("{} {}{}", chip(row.word if as_claim else stands(row)), word, link(claim))


def _contest(cost: str, outcome: Outcome, observed: dict[str, Any]) -> Markup:
    frontier, ratio = observed["frontier"], observed["log energy ratio at equal accuracy"]["mean"]
    word = "undecided" if outcome is Outcome.INCONCLUSIVE else outcome.value
    ends = [frontier["low"], frontier["high"]]
    interval = "" if None in ends else f" [{', '.join(signed(100 * end) for end in ends)}]"
    saved = "" if ratio is None else f"; {math.exp(ratio):.2f} times the energy for the same accuracy"
    points = "" if frontier["mean"] is None else f"{signed(100 * frontier['mean'])} points of accuracy{interval}{saved}"
    return html("{}: {}{}", code(cost), chip(word), small(points))


def _known(evidence: Evidence, table: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(claim, text) for claim, text in table if claim in evidence.rows]


def _unjudged() -> Markup:
    return html("No verdicts yet. Made by {}.", code(MAKING[VERIFY]))


def _at(cell: dict[str, Any]) -> bool:
    return math.isclose(cell["beta"], BUDGET) and math.isfinite(cell["saving"])


def _range(shares: Sequence[float]) -> str:
    return f"{percent(min(shares), 0)} to {percent(max(shares), 0)}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
