"""``saving`` and ``audit``: what a law of magnitudes and costs promises, and whether instances keep to it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cwmp.api.certificates import budgets_of
from cwmp.api.given import given_budget, given_costs, given_update, is_path
from cwmp.api.result import Result
from cwmp.pages.blocks import Block, Verbatim
from cwmp.pages.layers import layers_page
from cwmp.pages.savings import saving_text
from theory.arithmetic.exact import as_whole, exact_sum
from theory.arithmetic.threads import as_jobs
from theory.budget import as_share
from theory.errors import InputError
from theory.laws.draws import law_or_sample
from theory.laws.inputs import law_of_data
from theory.laws.joint import Law
from theory.laws.parse import is_law
from theory.laws.samples import SampleLaw
from theory.laws.saving import saving_report

AnyLaw = Law | SampleLaw
BUDGETS = ("1%", "10%")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False, repr=False)
class Saving(Result):
    """How much energy CWMP would save.

    Attributes:
        law: of magnitudes and costs. report: the figures by name, see :func:`theory.laws.saving.saving_report`.
        budget_share: the budget as a share of sending everything.
    """

    law: AnyLaw = field(repr=False)
    report: dict[str, Any]

    @property
    def budget_share(self) -> float:
        """The budget as a share of sending everything."""
        return float(self.report["beta"])

    @property
    def saving(self) -> tuple[float, float]:
        """Share of Top-K's energy that CWMP saves at Top-K's score, and its error (half of a 95 % interval of data)."""
        return tuple(self.report["saving"])

    @property
    def doubt(self) -> str | None:
        """What a reader should know before believing the interval or the prediction."""
        found: str | None = self.report["doubt"]
        return found

    def plot(self, ax: Any = None) -> Any:
        """Draw the energy saved at Top-K's score over budgets, exact and as the law predicts; returns the Axes.

        Args:
            ax: Matplotlib's Axes to draw in; by default those of a new figure, which a notebook shows.
        """
        from cwmp.pages.plots import saving_plot

        return saving_plot(self, ax)

    @property
    def caption(self) -> str:
        """What its figure shows."""
        return (f"Energy that CWMP saves while it retains as much as Top-K, over budgets: exact (bars: the interval or "
                f"the quadrature's error), and by the saving law (P6), which is for small spreads of costs. "
                f"{self.report['law']}. Dotted: the budget asked for.")  # fmt: skip

    def page(self) -> list[Block]:
        """As ``cwmp saving`` prints it."""
        return savings_page([self])

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what ``cwmp saving --json`` prints."""
        return dict(self.report)


def savings_page(found: Sequence[Saving]) -> list[Block]:
    """Several savings below each other; the layers of an update are shown once, before the first of its budgets."""
    page: list[Block] = []
    for k, one in enumerate(found):
        if not k or found[k - 1].law is not one.law:
            page += layers_page(getattr(one.law, "shares", ()))
        page.append(Verbatim(saving_text(one.report)))
    return page


def saving(
    update: Any, cost: Any = None, budget: Any = "10%", *, target: Any = "10%", correlation: float = 0.0,
    layers: Any = None, kinds: Any = (), key: str | None = None, seed: int = 0,
) -> Saving:  # fmt: skip
    """How much energy CWMP would save: predicted, exact, and when it is worth it.

        cwmp.saving("t(df=3)", cost="lognorm(s=0.3)")        cwmp.saving(update, "fc-dear", budget="5%")

    Args:
        update: a law of ``|g|`` as a text, a law, or an update in any form that :func:`cwmp.certify` takes.
        cost: a law of the costs as a text; for an update also what :func:`cwmp.certify` takes.
        budget: a share such as ``"10%"``; for an update also joules. target: the saving whose break-even is asked for.
        correlation: of the normal scores of ``|g|`` and c (Gaussian copula), for laws.
        layers, kinds, key: for an update, as for :func:`cwmp.certify`. seed: of costs drawn from a law for an update.

    Raises:
        InputError: laws or input that cannot be read, options that do not go together, joules for a law.
    """
    law = law_given(update, cost, correlation=correlation, layers=layers, kinds=kinds, key=key, seed=seed)
    return saving_of(law, budget, target)


def saving_of(law: AnyLaw, budget: Any, target: Any) -> Saving:
    """:func:`saving` under a law that is understood already."""
    return Saving(law, saving_report(law, budget_share(law, budget), share_given(target, "target")))


def law_given(
    update: Any, cost: Any = None, *, correlation: float = 0.0, layers: Any = None, kinds: Any = (),
    key: str | None = None, seed: int = 0,
) -> AnyLaw:  # fmt: skip
    """The law of two texts, or that of an update and its costs; costs that are a law are drawn for it.

    Raises:
        InputError: as :func:`saving`.
    """
    if isinstance(update, (Law, SampleLaw)):
        if cost is not None or correlation or layers is not None or kinds:
            raise InputError("a law has its own costs and correlation")
        return update
    if isinstance(update, str) and (is_law(update) or not is_path(update)):
        if layers is not None or kinds:
            raise InputError("layers and kinds belong to an update; a law has none")
        if key is not None:
            raise InputError("key belongs to an update in a file")
        if not isinstance(cost, str):
            raise InputError('cost must be a law such as "lognorm(s=0.3)" where the magnitudes are one')
        return law_of_texts(update, cost, correlation)
    if correlation:
        raise InputError("correlation belongs to laws; data bring their own dependence")
    given = given_update(update, layers, key, kinds)
    name = Path(update).name if isinstance(update, (str, Path)) else given.name
    words = f"{name} with cost {cost}" if isinstance(cost, (str, int, float)) else name
    costs = cost if isinstance(cost, str) and is_law(cost) else given_costs(cost, given)
    return law_of_data(given.vector, given.layers, costs, words, as_whole(seed, "seed", 0))


def law_of_texts(magnitude: str, cost: str, correlation: float = 0.0) -> AnyLaw:
    """The joint law of two texts, tied by a Gaussian copula; by draws where its quadrature is slow or fails.

    Raises:
        InputError: as :func:`theory.laws.parse.magnitude_law` and :func:`theory.laws.parse.cost_law`.
    """
    return law_or_sample(magnitude, cost, correlation)


def budget_share(law: AnyLaw, budget: Any) -> float:
    """A budget as a share of sending everything.

    Raises:
        InputError: none; joules for a law, which has no total to compare them with.
    """
    amount = given_budget(budget)
    if amount.share is not None:
        return float(amount.share)
    if amount.joules is None or not isinstance(law, SampleLaw):
        raise InputError(f'budget {budget!r} must be a share such as "10%": a law has no total to compare joules with')
    return float(as_share(amount.joules / exact_sum(law.cost), "budget / total cost"))


def share_given(share: Any, what: str) -> float:
    """A share such as ``"10%"`` or 0.1.

    Raises:
        InputError: no share in (0, 1].
    """
    try:
        return float(as_share(share, what))
    except InputError:
        raise InputError(f"{what} {share!r} must be a share above 0 and up to 100 %, such as 10% or 0.1") from None


@dataclass(frozen=True, repr=False)
class Audit(Result):
    """Whether the probabilistic bounds hold under a law.

    Attributes:
        reports: the figures, one for each number of coordinates, see :func:`proofs_check.law_audit.audit.audit_law`.
    """

    reports: tuple[dict[str, Any], ...]

    @property
    def verdict(self) -> str:
        """``holds``: no bound is violated. ``violated``: one is. ``open``: the trials do not say how often one is."""
        return ("holds", "violated", "", "open")[self.exit_code]

    @property
    def exit_code(self) -> int:
        """What the command exits with: 0, 1 or 3."""
        from proofs_check.law_audit.audit import exit_code

        return max(map(exit_code, self.reports))

    @property
    def caption(self) -> str:
        """What its figure shows."""
        last = self.reports[-1]
        cells = [cell for at in last["budgets"] for cell in at["cells"]]
        without = sum(cell["answer"] == "does not apply" for cell in cells)
        return (f"Each bound over what was seen under it, {last['law']}, {last['d']} coordinates an instance: at 1 a "
                f"bound is exact; an upper bound is right of it, a lower one left. Filled: holds; open: not violated, "
                f"with too few trials to say more; cross: violated or undecided. {without} of {len(cells)} bounds do "
                f"not apply and are not drawn.")  # fmt: skip

    def plot(self, ax: Any = None) -> Any:
        """Draw every bound over what was seen, for the largest number of coordinates; returns the Axes.

        Args:
            ax: Matplotlib's Axes to draw in; by default those of a new figure, which a notebook shows.
        """
        from cwmp.pages.drawings import audit_plot

        return audit_plot(self.reports[-1], ax)

    def page(self) -> list[Block]:
        """As ``cwmp audit`` prints it."""
        from cwmp.pages.audits import audit_page

        return audit_page(self.reports)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; ``cwmp audit --json`` prints its reports."""
        return {"verdict": self.verdict, "reports": list(self.reports)}


def audit(
    update: Any, cost: Any = None, budget: Any = BUDGETS, *, dim: int | Sequence[int] = 2000, claims: Any = (),
    trials: int = 1000, correlation: float = 0.0, layers: Any = None, kinds: Any = (), key: str | None = None,
    seed: int = 0, jobs: int | None = None, dask: str | None = None, output: str | Path | None = None,
    on_progress: Progress = lambda done, most: None,
) -> Audit:  # fmt: skip
    """Audit the probabilistic bounds under a law of magnitudes and costs, or under the law of a real update.

        cwmp.audit("t(df=5)", "lognorm(s=1)", trials=200)

    Args:
        update, cost, correlation, layers, kinds, key: as for :func:`saving`.
        budget: shares, one or several. dim: coordinates of an instance; several show what a small number does.
        claims: ids such as ``"P7"``; default: all that instances can violate. trials: most instances at each budget.
        seed: of every random draw. jobs: processes, by default one for each core. dask: a scheduler instead.
        output: folder of reports and finished batches, from which a stopped audit goes on; None keeps none (the
            command's is ``runs/audit``).
        on_progress: called with the batches done and how many there may be.

    Raises:
        InputError: as :func:`saving`; claims that an audit does not cover, numbers out of range.
    """
    from proofs_check.law_audit import audit as law_audit

    law = law_given(update, cost, correlation=correlation, layers=layers, kinds=kinds, key=key, seed=seed)
    plans = audit_plans(law, budget, dim=dim, claims=claims, trials=trials, seed=seed)
    with law_audit.workers(as_jobs(jobs), dask), tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch if output is None else output)
        return Audit(tuple(law_audit.audit_law(plan, folder=folder, on_progress=on_progress) for plan in plans))


def audit_plans(law: AnyLaw, budget: Any, *, dim: Any, claims: Any, trials: int, seed: int) -> list[Any]:
    """What :func:`audit` will do, one plan for each number of coordinates.

    Raises:
        InputError: as :func:`audit`.
    """
    from proofs_check.law_audit.audit import AuditPlan

    dims = [as_whole(one, "dim", 2) for one in (dim if isinstance(dim, (list, tuple, np.ndarray)) else [dim])]
    if not dims:
        raise InputError("an audit needs a number of coordinates (dim), or several")
    trials, seed = as_whole(trials, "trials"), as_whole(seed, "seed", 0)
    if not isinstance(claims, (str, list, tuple, set, frozenset)):
        raise InputError(f"claims must be ids such as 'P7' or 'P7,P9', got {claims!r}")
    wanted = tuple(filter(None, claims.split(","))) if isinstance(claims, str) else tuple(claims)
    betas = tuple(budget_share(law, one) for one in budgets_of(budget, BUDGETS))
    return AuditPlan.at_several(law, dims, betas=betas, claims=wanted, trials=trials, seed=seed)
