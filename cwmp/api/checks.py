"""``check``, ``verify`` and ``claims``: hold anyone's selector to its promise, and judge the claims."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cwmp.api.given import given_update
from cwmp.api.result import Result
from cwmp.pages.blocks import Block, Line, Verbatim
from theory.arithmetic.exact import as_whole
from theory.arithmetic.threads import as_jobs
from theory.claims.table import CLAIMS, Claim, claim, ids_of
from theory.errors import InputError

if TYPE_CHECKING:
    from proofs_check.selector.report import Report
    from theory.claims.status import Row


def needing(extra: str, what: str, module: str) -> Any:
    """A module of ours that needs an extra.

    Raises:
        InputError: what it needs is not installed; the message says how to get it.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise InputError(f"{what} needs {error.name}: pip install -e '.[{extra}]'") from None


def check(
    selector: Any, *, score: str | None = None, rounding: str | None = None, exact: bool | None = None,
    ties: str | None = None, random: bool = False, seeded: bool | None = None, order_tolerance: float | None = None,
    budget_tolerance: Any = None, dtypes: Iterable[str] | None = None, claims: Sequence[str] | None = None,
    checks: Sequence[str] | None = None, skip: Sequence[str] = (), cost: Any = None, update: Any = None,
    key: str | None = None, dims: Any = None, seed: int = 0, examples: int = 60, seconds: float = 60.0,
    on_result: Callable[[Any], None] = lambda _: None,
) -> Report:  # fmt: skip
    """Check anyone's selector against what it promises.

        cwmp.check(mine, score="l2", rounding="prefix")        cwmp.check("package.module:name")

    Args:
        selector: a function ``(update, cost, budget)``, a selector of an adapter, or ``package.module:name``.
        score: ``l2`` (g^2/c), ``l1`` (|g|/c) or ``magnitude``. rounding: ``prefix``, ``fill`` or ``best-of``.
        exact: it promises the optimum. ties: which of identical coordinates are kept, ``lowest`` or ``any``.
        random: it draws, other coordinates every time. seeded: it draws by a keyword ``seed=``, the same of the same.
        order_tolerance: scores closer than this, relatively, come in either order. budget_tolerance: relative
            overspend. dtypes: precisions it accepts.
        claims, checks: only those of these claims, or of these names; skip: not these.
        cost: costs it is made for: ``equal``, ``integers``, ``decimals``, or an energy model.
        update: a real update in any form, to draw coordinates from; key: of its tensors in a file.
        dims: sizes it is made for, as ``"1-64,1000,1e5"`` or numbers.
        seed, examples, seconds: of the search for faults: its draws, instances and time per check.
        on_result: called with each result as soon as it is there.

    Returns:
        The report: it prints as the command's page, ``verdict`` is passed, broken or inconclusive.

    Raises:
        InputError: a name that leads nowhere, words or numbers that are none of these.
    """
    checking = needing("verify", "checking selectors", "proofs_check.selector")
    sizes = needing("verify", "checking selectors", "proofs_check.selector.sizes")
    said = {
        "score": score, "rounding": rounding, "exact": exact, "ties": ties, "seeded": seeded,
        "order_tolerance": order_tolerance, "budget_tolerance": budget_tolerance,
        "dtypes": tuple(dtypes) if dtypes else None, "deterministic": False if random else None,
    }  # fmt: skip
    real = None if update is None else given_update(update, key=key).vector
    sized = sizes.as_dims(dims)
    report: Report = checking.check_selector(
        selector, promised={name: value for name, value in said.items() if value is not None}, claims=claims,
        checks=checks, skip=tuple(skip), cost_model=cost, update=real, dims=sized, seed=seed, examples=examples,
        seconds=seconds, on_fail="report", on_result=on_result,
    )  # fmt: skip
    return report


@dataclass(frozen=True, repr=False)
class Verified(Result):
    """What the methods found on some claims.

    Attributes:
        rows: one for each claim, see :class:`theory.claims.status.Row`.
        left_out: what was not run and why, in one line, or "".
    """

    rows: tuple[Row, ...]
    left_out: str = ""

    @property
    def exit_code(self) -> int:
        """What the command exits with: 0 as expected, 1 a verdict differs, 3 inconclusive."""
        code: int = import_module("proofs_check.verify").exit_code(self.rows)
        return code

    @property
    def verdicts(self) -> dict[str, str]:
        """On each claim: proved (by a kernel or not), checked, certified, survived, refuted or inconclusive."""
        return {row.claim.id: row.word for row in self.rows}

    @property
    def summary(self) -> str:
        """How many were judged, stand and are refuted, and what is not as expected."""
        refuted = sum(row.refuted for row in self.rows)
        unexpected = [row.claim.id for row in self.rows if row.standing != "as expected"]
        ending = f"not as expected: {', '.join(unexpected)}." if unexpected else "all as the claim table expects."
        stand = len(self.rows) - refuted
        return f"Claims judged: {len(self.rows)}, of which {stand} stand and {refuted} are refuted; {ending}"

    def page(self) -> list[Block]:
        """As ``cwmp verify`` prints it."""
        from cwmp.pages.claims import terminal_table

        left_out = [Line(self.left_out)] if self.left_out else []
        return [Verbatim(terminal_table(self.rows)), Line(self.summary), *left_out]

    def to_dict(self) -> dict[str, Any]:
        """Plain data; ``cwmp verify --json`` prints its rows."""
        return {"rows": [row.fields() for row in self.rows]}


def verify(
    *claims: str, seed: int = 0, jobs: int | None = None, output: str | Path | None = None, fresh: bool = False,
    on_progress: Callable[[Any, int, int], None] = lambda verdict, done, total: None,
) -> Verified:  # fmt: skip
    """Judge claims by every method that applies; formal proofs need Coq, and are left out where there is none.

        cwmp.verify("D4")

    Args:
        claims: ids such as ``"D4"``; none: all. seed: of every random draw. jobs: checks at a time, by default one for
            each core.
        output: folder of the verdict files, from which a stopped run goes on; None keeps none (the command's is
            ``runs/verify``). fresh: judge again what has a verdict there.
        on_progress: called with each verdict, how many are there, and how many there will be.

    Raises:
        InputError: an unknown claim; no such seed or number of jobs; the solvers are not installed.
    """
    seed, jobs = as_whole(seed, "seed", 0), as_jobs(jobs)
    named = [c[:1].upper() + c[1:].lower() for c in claims]
    for name in named:
        ids_of(name)
    needing("verify", "judging claims", "proofs_check.processes").get_ready()  # it imports while this process does
    runs = needing("verify", "judging claims", "proofs_check.verify")
    pages = needing("verify", "judging claims", "proofs_check.checks")
    wanted = pages.checks_of(named) if claims else pages.CHECKS
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch if output is None else output)
        folder.mkdir(parents=True, exist_ok=True)
        verdicts = runs.run_checks(wanted, seed=seed, folder=folder, jobs=jobs, fresh=fresh, on_progress=on_progress)
    left_out = "" if len(pages.runnable(wanted)) == len(wanted) else pages.formal.NOT_RUN
    return Verified(tuple(runs.summarise(verdicts)), left_out)


def claims(*ids: str) -> tuple[Claim, ...]:
    """The claims as they are stated: those of these ids, or all.

    Raises:
        InputError: an unknown claim.
    """
    return tuple(claim(one) for one in ids) if ids else tuple(CLAIMS.values())
