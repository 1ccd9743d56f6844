"""The checks, in the order in which a fault is best read: what each is for, where it looks, and whom it applies to.

Every check looks twice: at instances of few coordinates that are drawn, and at one of every size (:mod:`sizes`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from proofs_check.selector import feedback, invariance, optimality, order, protocol
from proofs_check.selector import strategies as look
from proofs_check.selector.promise import Promise
from proofs_check.selector.script import Case
from proofs_check.selector.sizes import Kind, ladder, sized
from proofs_check.selector.subject import Array, Selector
from theory.errors import InputError
from theory.instance import Instance

Cases = st.SearchStrategy[Instance]

_FEW = 12  # coordinates, the most of the instances that are drawn


@dataclass(frozen=True)
class Domain:
    """Where to look: the costs and sizes that the selector will meet, and a real update to draw from, if any.

    Attributes:
        cost: a kind of costs or an energy model as in :func:`strategies.costs`; None for all kinds.
        update: shape (d,), or None.
        dims: sizes, each at least 1; None for the ladder of :mod:`sizes`.
    """

    cost: look.Costs | None = None
    update: Array | None = None
    dims: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.cost is not None:
            look.cost_kind(self.cost)
        if self.dims is not None and not (self.dims and min(self.dims) >= 1):
            raise InputError(f"dims must be sizes of at least 1, got {self.dims}")

    @property
    def usual(self) -> look.Costs:
        """The costs of checks in which the costs do not matter."""
        return self.cost or "integers"


@dataclass(frozen=True)
class Check:
    """One named check.

    Attributes:
        run: the function ``check_x(selector, instance)``, which raises when the selector is at fault.
        claim: the claims it comes from, ``setting`` for what the problem statement asks, ``protocol`` for how arrays
            are taken and returned.
        cases: the few coordinates it looks at, for a domain and a promise.
        kind: which instances of every size it looks at; None: size is nothing to it.
        excuse: why it does not apply to a selector, or the empty string.
        root: it judges one selection of the instance as it is, so its fault may be what others see.
        fewer: it looks at fewer sizes, because it selects many times.
    """

    run: Callable[[Selector, Instance], None]
    claim: str
    cases: Callable[[Domain, Promise], Cases]
    kind: Kind | None = "plain"
    excuse: Callable[[Selector], str] = lambda _: ""
    root: bool = False
    fewer: bool = True

    @property
    def name(self) -> str:
        """The function's name."""
        return self.run.__name__

    @property
    def statement(self) -> str:
        """What is checked, in one sentence: the first line of the function's docstring."""
        return (self.run.__doc__ or "").partition("\n")[0]

    def drawn(self, domain: Domain, promise: Promise) -> Cases | None:
        """Instances of few coordinates; None where only larger ones were asked for."""
        cases = self.cases(domain, promise)
        if domain.dims is None or self.kind is None:
            return cases
        low, high = min(domain.dims), max(domain.dims)
        return cases.filter(lambda instance: low <= instance.d <= high) if low <= _FEW else None

    def sizes(self, domain: Domain, seed: int) -> tuple[int, ...]:
        """The sizes of :meth:`built` instances, ascending."""
        if self.kind is None:
            return ()
        return ladder(seed, fewer=self.fewer) if domain.dims is None else tuple(sorted(set(domain.dims)))

    def built(self, domain: Domain, promise: Promise, seed: int, d: int) -> Case:
        """An instance of ``d`` coordinates, and how it was built."""
        assert self.kind is not None
        own = 1000 * seed + CHECKS.index(self)  # every check sees others
        instance = sized(d, promise, seed=own, kind=self.kind, cost=domain.cost, update=domain.update)
        given = ", update=update" if domain.update is not None else ""
        return Case(instance, f"{d}, PROMISE, seed={own}, kind={self.kind!r}, cost={domain.cost!r}{given}")


def _any(domain: Domain, promise: Promise) -> Cases:
    """At least one coordinate: the empty update is one check's business, or it would make all of them fail."""
    return _each_dtype(promise, lambda dtype: look.instances(dtype=dtype, cost=domain.usual, min_items=1))


def _sparse(domain: Domain, promise: Promise) -> Cases:
    """Every other coordinate is zero, and there is enough for all."""

    def thinned(instance: Instance) -> Instance:
        assert instance.update is not None
        update = np.where(np.arange(instance.d) % 2, instance.update, 0).astype(instance.update.dtype)
        return Instance(update, instance.cost, 2 * float(instance.total_cost))

    return _any(domain, promise).map(thinned)


def _clear(domain: Domain, promise: Promise) -> Cases:
    plain = _any(domain, promise)
    if domain.cost is None:
        plain = st.one_of(plain, _each_dtype(promise, lambda dtype: look.hard_instances(dtype=dtype)))
    if domain.update is not None:
        plain = st.one_of(plain, look.real_instances(domain.update, max_items=8, cost=domain.usual))
    return plain.filter(lambda instance: instance.d > 0).filter(look.clear(promise))


def _equal(domain: Domain, promise: Promise) -> Cases:
    return _each_dtype(promise, lambda dtype: look.instances(dtype=dtype, cost="equal", min_items=1)).filter(
        look.clear(promise)
    )


def _rich(domain: Domain, promise: Promise) -> Cases:
    def cases(dtype: str) -> Cases:
        return look.instances(min_items=1, max_items=6, dtype=dtype, cost=domain.usual, dearest_fits=True)

    return _each_dtype(promise, cases).filter(look.clear(promise))


def _tied(domain: Domain, promise: Promise) -> Cases:
    return _each_dtype(promise, lambda dtype: look.tied_instances(dtype=dtype, cost=domain.usual)).filter(
        look.clear(promise)
    )


def _dear(domain: Domain, promise: Promise) -> Cases:
    return _each_dtype(promise, lambda dtype: look.dear_instances(dtype=dtype, cost=domain.usual)).filter(
        look.clear(promise)
    )


def _edge(domain: Domain, promise: Promise) -> Cases:
    return _each_dtype(promise, lambda dtype: look.edge_instances(promise, dtype=dtype, cost=domain.cost or "decimals"))


def _each_dtype(promise: Promise, cases: Callable[[str], Cases]) -> Cases:
    return st.one_of([cases(dtype) for dtype in promise.dtypes if dtype != "float16"] or [cases("float16")])


def _deterministic(selector: Selector) -> str:
    return "" if selector.promise.deterministic else "promises no determinism"


def _seeded(selector: Selector) -> str:
    return "" if selector.promise.seeded else "promises no seed"


def _ordered(selector: Selector) -> str:
    return "" if selector.promise.ordered else "promises no order with a rounding"


def _determined(selector: Selector) -> str:
    return "" if selector.promise.exact else _ordered(selector)


def _rounded(selector: Selector) -> str:
    promised = selector.promise.rounding is not None or selector.promise.exact
    return "" if promised else "promises no rounding"


def _knapsack(selector: Selector) -> str:
    return _determined(selector) or ("" if selector.promise.knapsack else "its score is no value per joule")


def _prefix(selector: Selector) -> str:
    if selector.promise.rounding != "prefix":
        return "promises no prefix"
    return _ordered(selector)


def _prefix_of_value(selector: Selector) -> str:
    return _prefix(selector) or _knapsack(selector)


def _nesting(selector: Selector) -> str:
    return "" if selector.promise.exact else _prefix(selector)


def _best_of(selector: Selector) -> str:
    promised = selector.promise.rounding == "best-of" or selector.promise.exact
    return _knapsack(selector) if promised else "promises no best-of"


def _contracts(selector: Selector) -> str:
    score = selector.promise.score
    known = score in ("l2", "magnitude") or (selector.promise.exact and score is None)
    return _determined(selector) if known else "its score is not of the l2 loss or the magnitude"


def _homogeneous(selector: Selector) -> str:
    return "its score is a function of |g| of its own" if callable(selector.promise.score) else _determined(selector)


def _exact(selector: Selector) -> str:
    return "" if selector.promise.exact else "promises no optimum"


def _sends(selector: Selector) -> str:
    if selector.rounds is not None and not selector.promise.error_feedback:
        return "promises no error feedback"
    return _rounded(selector) if selector.rounds is None else ""


CHECKS: tuple[Check, ...] = (
    Check(protocol.check_output, "protocol", _any, root=True),
    Check(protocol.check_empty, "protocol", _any, None),
    Check(protocol.check_inputs_unchanged, "protocol", _any),
    Check(protocol.check_seeds, "protocol", _any, excuse=_seeded),
    Check(protocol.check_strides, "protocol", _any, excuse=_deterministic),
    Check(protocol.check_deterministic, "protocol", _any, excuse=_deterministic, root=True),
    Check(protocol.check_dtypes, "protocol", _clear),
    Check(protocol.check_nan, "protocol", _any),
    Check(protocol.check_values_unchanged, "D1", _any),
    Check(protocol.check_zeros, "setting", _sparse, "sparse", root=True),
    Check(order.check_feasible, "setting", _any, root=True, fewer=False),
    Check(order.check_spends_budget, "setting", _clear, "plain", _rounded, root=True, fewer=False),
    Check(order.check_order, "D2", _clear, "plain", _determined, root=True, fewer=False),
    Check(order.check_ties, "setting", _tied, "tied", fewer=False),
    Check(order.check_dear_items, "setting", _dear, "dear", _determined),
    Check(invariance.check_signs, "D16", _clear, "plain", _determined),
    Check(invariance.check_scale, "D16", _clear, "plain", _homogeneous),
    Check(invariance.check_joules, "D16", _clear, "plain", _determined),
    Check(invariance.check_permutation, "D16", _clear, "plain", _determined),
    Check(optimality.check_equal_costs, "D7", _equal, "equal", _determined),
    Check(optimality.check_nested, "D15a", _rich, "rich", _nesting),
    Check(optimality.check_optimal_for_spent, "D5", _clear, "plain", _prefix_of_value),
    Check(optimality.check_gap, "D4", _clear, "plain", _knapsack),
    Check(optimality.check_half_of_optimum, "D10", _clear, "plain", _best_of),
    Check(optimality.check_contraction, "D13a, D14a", _rich, "rich", _contracts),
    Check(optimality.check_exact_optimum, "D9", _clear, "plain", _exact),
    Check(order.check_budget_edge, "setting", _edge, "edge", fewer=False),
    Check(invariance.check_extreme_scales, "setting", _clear, "plain", _homogeneous),
    Check(feedback.check_error_feedback, "D17", _rich, "whole", _sends),
)


def checks_named(names: tuple[str, ...] | None = None, claims: tuple[str, ...] | None = None) -> tuple[Check, ...]:
    """The checks of these names (with or without ``check_``) and claims (``D15`` stands for D15a); None stands for all.

    Raises:
        InputError: a name or claim that no check has; the message lists those there are.
    """
    wanted = CHECKS
    if names is not None:
        known = {check.name: check for check in CHECKS}
        full = [name if name.startswith("check_") else f"check_{name}" for name in names]
        for name in full:
            if name not in known:
                raise InputError(f"no check {name!r}; the checks are {', '.join(known)}")
        wanted = tuple(check for check in CHECKS if check.name in full)
    if claims is not None:
        known_claims = list(dict.fromkeys(c for check in CHECKS for c in check.claim.split(", ")))
        for claim in claims:
            if not any(_matches(claim, known_claim) for known_claim in known_claims):
                raise InputError(f"no check of claim {claim!r}; there are checks of {', '.join(known_claims)}")
        wanted = tuple(
            check for check in wanted if any(_matches(w, c) for w in claims for c in check.claim.split(", "))
        )
    return wanted


def _matches(wanted: str, claim: str) -> bool:
    return claim.lower() == wanted.lower() or claim.rstrip("abc").lower() == wanted.lower()
