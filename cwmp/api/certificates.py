"""``certify`` and ``check_certificate``: the optimum of a real update, with a proof that anyone can check."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cwmp.api.given import Given, Question, given_budget, given_costs, given_update, question
from cwmp.api.leaves import entries_of
from cwmp.api.result import Result
from cwmp.pages import certificates as pages
from cwmp.pages.blocks import Block
from theory.arithmetic.exact import as_whole, nearest_float
from theory.arithmetic.threads import as_threads
from theory.checker import Result as Checked
from theory.claims.provenance import provenance
from theory.energy.costs import Budget, Costs
from theory.energy.shares import Share, shares, shares_fields
from theory.errors import InputError
from theory.files.masks import write_mask
from theory.instance import Instance
from theory.layers import Layer
from theory.optimum import certificate as theory_certificate
from theory.optimum.certificate import Certificate, brings_costs, disagreement, read_certificate
from theory.optimum.comparison import Comparison, Kept, KindKept, Swap, compared, swap_fields
from theory.optimum.exact_optimum import MAX_STATES
from theory.optimum.watch import UNWATCHED, Watch, deadline
from theory.selection import tensors


@dataclass(frozen=True, eq=False, repr=False)
class Certified(Result):
    """The optimum of one update under one budget, and what CWMP and Top-K keep beside it.

    Attributes:
        update: what it is of. d: coordinates. layers: of the flat update.
        energy_unit: ``J``, or ``units`` where a model's costs are ratios. budget: in it, exact.
        budget_share: of what sending everything costs.
        mask: the best mask, in the update's own layout: bool, a state dict of masks for a state dict.
        certificate: the proof, to :meth:`write`. comparison: every selector beside it.
        left_out, tied: by name why something is not in the update, and (name, first name) of what is there once.
        bare: whether the budget came without a unit. shares: where the energy lies, and how kinds were decided.
    """

    update: str
    d: int
    layers: tuple[Layer, ...]
    energy_unit: str
    budget: Fraction
    budget_share: float
    mask: Any
    certificate: Certificate
    comparison: Comparison
    left_out: Mapping[str, str] = field(default_factory=dict)
    tied: tuple[tuple[str, str], ...] = ()
    bare: bool = False
    shares: tuple[Share, ...] = ()
    _instance: Instance = field(kw_only=True)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Names of what is not in the update."""
        return tuple(self.left_out)

    @property
    def verdict(self) -> str:
        """``exact``, ``interval`` or ``failed``, see :class:`theory.Certificate`."""
        return self.certificate.verdict

    @property
    def gap(self) -> float:
        """An upper bound on what any mask retains more, relative to what this one does; 0 when exact."""
        return self.certificate.relative_gap

    @property
    def spent(self) -> Fraction:
        """Exact energy of the mask, in ``energy_unit``."""
        return self.certificate.spent * self._instance.unit

    @property
    def retained(self) -> Fraction:
        """Exact ``sum g_i^2`` over the mask."""
        return self.certificate.retained * Fraction(4) ** self._instance.scale_exponent

    @property
    def support(self) -> NDArray[np.intp]:
        """Indices of the kept coordinates in the flat update, ascending."""
        return self.certificate.support

    @property
    def zero(self) -> bool:
        """Whether the update is zero everywhere."""
        return not self.certificate.spent and not self._instance.score.any()

    @property
    def selections(self) -> Mapping[str, Kept]:
        """What each selector keeps, the best mask last."""
        return self.comparison.selections

    @property
    def kinds(self) -> tuple[KindKept, ...]:
        """What is kept of each kind of layer."""
        return self.comparison.kinds

    @property
    def swap(self) -> Swap:
        """What the best mask does otherwise than CWMP's prefix."""
        return self.comparison.swap

    def write(self, path: str | Path) -> None:
        """Write the certificate as JSON, over nothing but an earlier certificate."""
        self.certificate.write(path)

    def save_mask(self, path: str | Path) -> None:
        """Write the mask in the update's own layout: .npy for an array, .npz or .safetensors for several tensors."""
        write_mask(path, plain_mask(self.mask))

    def plot(self, ax: Any = None) -> Any:
        """Draw what CWMP, Top-K and the best mask keep of each kind of layer; returns the Axes.

        Args:
            ax: Matplotlib's Axes to draw in; by default those of a new figure, which a notebook shows.
        """
        from cwmp.pages.plots import kinds_plot

        return kinds_plot(self, ax)

    @property
    def caption(self) -> str:
        """What its figure shows."""
        return (f"Coordinates of each kind of layer of {self.update} that CWMP's prefix, Top-K and the best mask keep "
                f"at {100 * self.budget_share:.4g} % of the energy of sending everything.")  # fmt: skip

    def page(self) -> list[Block]:
        """As ``cwmp certify`` prints it."""
        return pages.certified_page(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what ``cwmp certify --json`` prints."""
        c = self.comparison
        return {
            "update": self.update,
            "d": self.d,
            "skipped": list(self.skipped),
            "tied": dict(self.tied),
            "energy_unit": self.energy_unit,
            "budget": nearest_float(self.budget),
            "budget_share": self.budget_share,
            "verdict": self.verdict,
            "reason": self.certificate.reason,
            "how": self.certificate.how,
            "gap": self.gap,
            "spent": nearest_float(self.spent),
            "retained": float(self.retained),
            "selections": {name: asdict(one) for name, one in self.selections.items()},
            "relaxation_of_norm": c.relaxation_of_norm,
            "bound_of_norm": c.bound_of_norm,
            "kinds": [asdict(kind) for kind in self.kinds],
            "layers": shares_fields(self.shares),
            "swap": swap_fields(self.swap),
        }


def certify(
    update: Any, cost: Any = None, budget: Any = None, *, layers: Any = None, kinds: Any = (), key: str | None = None,
    effort: int = MAX_STATES, time_limit: float | None = None, on_phase: Callable[[str], None] = UNWATCHED.on_phase,
    threads: int = 1,
) -> Certified:  # fmt: skip
    """What CWMP keeps of an update, what the optimum is, and how far apart they are, with a certificate.

        cwmp.certify(state_dict, "fc-dear", budget="5%")

    Args:
        update: an array or tensor, a state dict, a list of tensors, a module with gradients, a path to a file, or an
            :class:`theory.Instance`, which has costs and budget of its own.
        cost: an energy model or its name, a text, a dict by kind or name, an array, one number.
        budget: ``"5%"`` of what sending everything costs, ``"3mJ"``, or a number of joules (units for ratios).
        layers: in place of what names and shapes say: a file, a module, layers, pairs of name and shape, or how many
            coordinates each has.
        kinds: of layers, by name or glob: ``{"enc.*": "fc"}``. key: which of several mappings of tensors in a file.
        effort: states that the search may visit before it settles for an interval.
        time_limit: seconds from now after which the search settles for the interval so far; None: no limit. A pass
            that has begun, and the independent check, are finished.
        on_phase: called with the name of what begins.
        threads: how many share the passes over a large update, and processes its check; they change the time only.

    Raises:
        InputError: input that cannot be read, or that means nothing.
    """
    threads, effort = as_threads(threads), as_whole(effort, "effort")
    watch = Watch(UNWATCHED.stopped if time_limit is None else time_left(time_limit), on_phase, threads)
    asked = question(update, cost, budget, layers=layers, key=key, kinds=kinds)
    words = described(update, cost, budget, key, asked.kinds)
    return certified(asked, {**words, "provenance": provenance()}, effort=effort, watch=watch)


def time_left(seconds: Any) -> Callable[[], bool]:
    """Whether a limit of so many seconds from now is over.

    Raises:
        InputError: no positive number of seconds.
    """
    number = None if isinstance(seconds, bool) or not isinstance(seconds, Real) else float(seconds)
    if number is None or not 0 < number < math.inf:
        raise InputError(f"time limit {seconds!r}: a number of seconds > 0 is accepted")
    return deadline(number, time.monotonic)


def certified(
    asked: Question, note: dict[str, Any], *, effort: int = MAX_STATES, watch: Watch = UNWATCHED
) -> Certified:
    """:func:`certify` for input that is understood already; ``note`` is what the certificate says of its origin."""
    given, instance, unit = asked.given, asked.instance, asked.costs.unit
    table = shares(given.layers, asked.costs)
    note = {**note, "layers": shares_fields(table)}
    certificate = theory_certificate.certify(instance, max_states=effort, energy_unit=unit, note=note, watch=watch)
    watch.on_phase("comparing selectors")
    return Certified(
        given.name, instance.d, given.layers, unit, instance.budget * instance.unit, float(asked.share),
        given.shaped(certificate.mask), certificate, compared(instance, certificate, given.layers),
        given.left_out, given.tied, asked.bare, table, _instance=instance,
    )  # fmt: skip


def described(update: Any, cost: Any, budget: Any, key: str | None, kinds: Sequence[str] = ()) -> dict[str, str | None]:
    """The question in words, as far as it was asked in words."""
    words = lambda value: str(value) if isinstance(value, (str, Path, int, float, Fraction)) else None  # noqa: E731
    name = Path(update).name if isinstance(update, (str, Path)) else None
    said = {"update": name, "key": key, "cost": words(cost), "budget": words(budget)}
    return {**said, "kinds": ",".join(kinds) or None}


def plain_mask(mask: Any) -> Any:
    """A mask of tensors as one of arrays, by name."""
    if isinstance(mask, (Mapping, list, tuple)):
        entries = entries_of(mask).items()
        return {name: np.asarray(tensors.array(value)) for name, value in entries if value is not None}
    return np.asarray(tensors.array(mask))


@dataclass(frozen=True, repr=False)
class CheckedCertificate(Result):
    """What the independent checker says of a certificate.

    Attributes:
        verdict: ``exact``, ``interval`` or ``refused``. reason: in words. about: what the certificate is about.
    """

    verdict: str
    reason: str
    about: Mapping[str, Any]

    def page(self) -> list[Block]:
        """As ``cwmp check-certificate`` prints it."""
        return pages.checked_page(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what ``cwmp check-certificate --json`` prints."""
        return {"verdict": self.verdict, "reason": self.reason, "about": dict(self.about)}


def check_certificate(
    certificate: Any, update: Any, cost: Any = None, budget: Any = None, *, layers: Any = None, kinds: Any = (),
    key: str | None = None, scores: bool = False, threads: int = 1,
) -> CheckedCertificate:  # fmt: skip
    """Verify a certificate against an update with the independent checker, which shares no code with the solver.

    Args:
        certificate: a path, what :func:`certify` gave, or a certificate's fields.
        update, cost, budget, layers, kinds, key: as for :func:`certify`; what is given here must be what it says.
            Costs are needed where it was made from one cost each.
        scores: whether ``update`` holds scores p, to be summed as they are, and no update.
        threads: how many processes share the check of a large update; they change the time only.

    Raises:
        InputError: files or input that cannot be read; a budget without costs.
    """
    threads = as_threads(threads)
    if kinds and cost is None:
        raise InputError("kinds can only be compared where the cost is given too")
    if budget is not None and cost is None:
        raise InputError("the budget can only be compared where the cost is given too")
    fields = _fields(certificate)
    given = given_update(update, layers, key, kinds)
    if cost is None:
        result = theory_certificate.check_certificate(fields, given.vector, scores=scores, threads=threads)
    else:
        amount = None if budget is None else given_budget(budget)
        result = _check_given(fields, given, given_costs(cost, given), amount, scores=scores, threads=threads)
    return CheckedCertificate(result.verdict, result.reason, result.about)


def _fields(certificate: Any) -> dict[str, Any]:
    if isinstance(certificate, Certified):
        return certificate.certificate.fields
    if isinstance(certificate, Certificate):
        return certificate.fields
    if isinstance(certificate, Mapping):
        return dict(certificate)
    if isinstance(certificate, (str, Path)):
        return read_certificate(certificate)
    raise InputError(f"a certificate is a path or what certify gave, got {type(certificate).__name__}")


def _check_given(
    fields: dict[str, Any], given: Given, costs: Costs, budget: Budget | None, *, scores: bool, threads: int
) -> Checked:
    """Costs from a file go to the checker; those of a text must be the certificate's own, and so must a budget."""
    amount = budget.amount(costs, given.layers) if budget else "100%"
    instance = Instance(np.broadcast_to(np.float16(0), given.vector.size), costs.values, amount)
    needed = costs.path is not None or not brings_costs(fields)
    each = instance.cost if instance.given_cost is None else instance.given_cost
    result = theory_certificate.check_certificate(
        fields, given.vector, each if needed else None, scores=scores, threads=threads
    )
    if result.verdict == "refused":
        return result
    unit = None if costs.path else costs.unit
    wrong = disagreement(fields, instance, unit, budget=budget is not None)
    return Checked("refused", wrong) if wrong else result


def budgets_of(budgets: Any, default: Sequence[Any]) -> list[Any]:
    """One budget or several, as a list."""
    if budgets is None:
        return list(default)
    return list(budgets) if isinstance(budgets, (list, tuple, np.ndarray)) else [budgets]
