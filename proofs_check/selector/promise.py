"""What a selector promises. It is declared by whoever writes the selector, never guessed from what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from theory.arithmetic.exact import Real, as_fraction
from theory.errors import InputError
from theory.instance import Instance
from theory.selection.selectors import Rounding

Loss = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Score = Literal["l2", "l1", "magnitude"] | Loss
_SCORES = ("l2", "l1", "magnitude")
_DTYPES = ("float16", "float32", "float64")


class BrokenPromiseError(AssertionError):
    """A selector did what it promised not to do; the message says what was expected and what was found.

    Attributes:
        traceback: where in the selector's own code it raised, or the empty string.
    """

    traceback = ""


class InconclusiveError(Exception):
    """Checks were cut short or found nothing to look at: they say nothing for or against a promise."""


@dataclass(frozen=True)
class Promise:
    """What a check may hold a selector to. The default promises no order: only what every selector must do.

    Attributes:
        score: by what coordinates are ordered: ``"l2"`` (``g^2/c``, Cost-Weighted Magnitude Pruning), ``"l1"``
            (``|g|/c``), ``"magnitude"`` (``|g|``, Top-K), a function ``w`` of ``|g|`` (then ``w(|g|)/c``), or None.
        rounding: ``"prefix"`` (stop at the first item that does not fit), ``"fill"`` (skip it, keep later ones that
            fit), ``"best-of"`` (the better of fill and the best single item), or None.
        exact: the selection attains the optimum of the 0/1 problem for the l2 loss (or the loss of ``score``).
        ties: ``"lowest"``: of identical coordinates the lowest indices are kept; ``"any"``: whichever.
        deterministic: the same input gives the same selection.
        seeded: the function takes a keyword ``seed``, an integer: the same seed gives the same selection, and not every
            seed the same. All other checks give it one seed.
        error_feedback: what a round does not send is added to the next one (stateful compressors only).
        dtypes: precisions of updates that are accepted, of ``float16``, ``float32`` and ``float64``.
        order_tolerance: scores closer than this, relatively, may be taken in either order, because arithmetic
            rounds. 0: the order is exact.
        budget_tolerance: relative overspend that the selector openly allows itself. 0: none, in exact arithmetic.

    Raises:
        InputError: a value that is none of these.
    """

    score: Score | None = None
    rounding: Rounding | None = None
    exact: bool = False
    ties: Literal["lowest", "any"] = "lowest"
    deterministic: bool = True
    seeded: bool = False
    error_feedback: bool = False
    dtypes: tuple[str, ...] = ("float32", "float64")
    order_tolerance: float = 1e-6
    budget_tolerance: Real = 0

    def __post_init__(self) -> None:
        if not (self.score is None or callable(self.score) or self.score in _SCORES):
            raise InputError(
                f"score must be one of {', '.join(_SCORES)}, a function of |g| or None, got {self.score!r}"
            )
        if self.rounding is not None and self.rounding not in get_args(Rounding):
            roundings = ", ".join(get_args(Rounding))
            raise InputError(f"rounding must be one of {roundings} or None, got {self.rounding!r}")
        if self.exact and self.score == "magnitude":
            raise InputError("exact is a promise about the loss of score l2 or l1; the score is magnitude")
        if self.seeded and not self.deterministic:
            raise InputError("seeded promises the same selection of the same seed; that is deterministic")
        if self.ties not in ("lowest", "any"):
            raise InputError(f"ties must be lowest or any, got {self.ties!r}")
        if not self.dtypes or not set(self.dtypes) <= set(_DTYPES):
            raise InputError(f"dtypes must be some of {', '.join(_DTYPES)}, got {self.dtypes!r}")
        if not 0 <= self.order_tolerance < 1 or not 0 <= as_fraction(self.budget_tolerance, "budget_tolerance") < 1:
            raise InputError("order_tolerance and budget_tolerance must be at least 0 and below 1")

    def __repr__(self) -> str:
        """Only what differs from the default, so that it can be read and retyped."""
        changed = self.said
        if isinstance(self.score, np.ufunc):
            changed["score"] = f"np.{self.score.__name__}"
        elif callable(self.score):
            changed["score"] = getattr(self.score, "__name__", repr(self.score))
        shown = {
            name: value if name == "score" and callable(self.score) else repr(value) for name, value in changed.items()
        }
        return f"Promise({', '.join(f'{name}={text}' for name, text in shown.items())})"

    @property
    def said(self) -> dict[str, Any]:
        """What differs from the default."""
        return {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != f.default}

    def with_more(self, more: Mapping[str, Any]) -> Promise:
        """This promise and what is said besides it; only what it leaves open, at the default, may be said.

        Raises:
            InputError: ``more`` has a name that is none, or contradicts what is promised already.
        """
        known = [f.name for f in fields(self)]
        for name, value in more.items():
            if name not in known:
                raise InputError(f"no promise {name!r}; there are {', '.join(known)}")
            if name in self.said and self.said[name] != value:
                raise InputError(f"{name}={value!r} contradicts the {name}={self.said[name]!r} that it promises itself")
        return replace(self, **more)

    @property
    def ordered(self) -> bool:
        """Whether the selection is determined, up to ties: an order and a rounding, and no chance."""
        return self.score is not None and self.rounding is not None and self.deterministic and not self.exact

    @property
    def knapsack(self) -> bool:
        """Whether the score is a value per joule, so that the claims about the relaxation apply."""
        return (self.exact or self.score is not None) and self.score != "magnitude"

    def limit(self, budget: Fraction) -> Fraction:
        """What may be spent: the budget, and the tolerance that was declared."""
        return budget * (1 + as_fraction(self.budget_tolerance))

    def weights(self, instance: Instance) -> NDArray[np.float64]:
        """What keeping a coordinate is worth, shape (d,): ``g^2`` for l2, magnitude and None, else ``w(|g|)``."""
        if self.score is None or self.score in ("l2", "magnitude"):
            return instance.score
        assert instance.update is not None
        magnitude = np.abs(instance.update.astype(np.float64))
        return magnitude if self.score == "l1" else np.asarray(self.score(magnitude), dtype=np.float64)  # type: ignore[operator]

    def keys(self, instance: Instance) -> list[Fraction]:
        """What the order goes by, exactly: ``w/c``, or ``g^2`` for magnitude."""
        weights = [Fraction(w) for w in self.weights(instance).tolist()]
        if self.score is None or self.score == "magnitude":
            return weights
        return [w / Fraction(c) for w, c in zip(weights, instance.cost.tolist(), strict=True)]
