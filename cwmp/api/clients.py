"""Several clients under one budget: one price for all, and what it saves over equal joules each (D21, P14)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np

from cwmp.api.given import Given, given_budget, given_costs, given_update
from cwmp.api.result import Result
from cwmp.pages.blocks import Block, Verbatim
from cwmp.pages.savings import clients_text
from theory.energy.costs import Budget, Costs
from theory.errors import InputError
from theory.instance import Instance
from theory.laws.clients import price_law
from theory.laws.parse import magnitude_law
from theory.optimum.pooled import index_at, price_gain
from theory.selection import one_price as theory_one_price
from theory.selection.one_price import OnePrice

_DRAWS = 100_000  # of the clients' norms, where these are a law
_ACCEPTED = "a list of one a client, or a function that gives them one after the other"

Updates = Iterable[Any] | Callable[[], Iterable[Any]]


@dataclass(frozen=True, eq=False)
class Cohort:
    """Updates of several clients, read one after the other each time they are asked for.

    Attributes:
        again: gives them anew, each laid out as the first. first: one of them. costs: of each. clients: their number.
        budget, everything: joules of all, and what one spends on sending everything.
        forms: what shapes the answers of each client, as they were read the last time.
    """

    again: Callable[[], Iterator[Given]]
    first: Given
    costs: Costs
    clients: int
    budget: Fraction
    everything: Fraction
    forms: list[Callable[[Any], Any]] = field(default_factory=list)

    def vectors(self) -> Iterator[Any]:
        """The flat updates."""
        self.forms.clear()
        for one in self.again():
            self.forms.append(one.form)
            yield one.vector
        if len(self.forms) != self.clients:
            counts = f"{self.clients} clients at first and {len(self.forms)} later"
            raise InputError(f"updates gave {counts}: a function must give the same ones each time")


def cohort(updates: Updates, cost: Any, budget: Any, layers: Any = None, kinds: Any = (), key: Any = None) -> Cohort:
    """Clients understood together.

    A function is called once here, and once for each call of ``again``.

    Raises:
        InputError: no clients, or what :func:`cwmp.certify` refuses of one; of ``again``, clients that differ.
    """
    amount: Budget = given_budget(budget)
    if callable(updates):
        given = updates
    elif isinstance(updates, (str, bytes, Mapping)) or not isinstance(updates, Iterable):
        raise InputError(f"updates must be {_ACCEPTED}")
    else:
        kept = list(updates)
        given = lambda: kept  # noqa: E731
    read = lambda k, one: _of_client(k, one, layers, key, kinds)  # noqa: E731
    if not isinstance(every := given(), Iterable):
        raise InputError(f"updates must be {_ACCEPTED}; it gave {type(every).__name__}")
    every = iter(every)
    first = next((read(0, one) for one in every), None)
    if first is None:
        raise InputError("updates are missing: there is no client")
    number = 1 + sum(1 for _ in every)
    again = lambda: (laid_out_as(first, read(k, one), k) for k, one in enumerate(given()))  # noqa: E731
    costs = given_costs(cost, first)
    whole = Instance(first.vector, costs.values, 0)
    everything = whole.total_cost * whole.unit
    if amount.share is not None:
        joules = amount.share * number * everything
    else:
        spendable = replace(amount, joules=amount.joules / number) if amount.joules is not None else amount
        joules = Fraction(spendable.amount(costs, first.layers)) * number  # less every client's fixed overhead
    return Cohort(again, first, costs, number, joules, everything)


def _of_client(number: int, update: Any, layers: Any, key: Any, kinds: Any) -> Given:
    try:
        return given_update(update, layers, key, kinds)
    except InputError as error:
        raise InputError(f"client {number}: {error}") from None


def laid_out_as(first: Given, other: Given, number: int) -> Given:
    """``other`` with its tensors in the order of the first client's, by name; its answers are in its own layout.

    Raises:
        InputError: names or shapes that differ from the first's.
    """
    wanted, own = _by_names(first), _by_names(other)
    if strange := [names for names in (*own, *wanted) if names not in wanted or names not in own]:
        has = "has" if strange[0] in own else "lacks"
        what = " = ".join(map(repr, sorted(strange[0]))) if any(strange[0]) else "a flat array"
        raise InputError(f"client {number} {has} {what}, unlike client 0: all must have the same tensors, by name")
    for names, (_, shape) in own.items():
        if shape != wanted[names][1]:
            what = f"in {min(names)!r} " if any(names) else ""
            raise InputError(f"client {number} has shape {shape} {what}and client 0 {wanted[names][1]}: all must have "
                             "the same")  # fmt: skip
    if list(own) == list(wanted):
        return other
    back = other.form
    moved = lambda values, there, here: np.concatenate([values[there[names][0]] for names in here])  # noqa: E731
    form = lambda values: back(moved(values, wanted, own))  # noqa: E731
    return replace(other, vector=moved(other.vector, own, wanted), layers=first.layers, form=form)


def _by_names(given: Given) -> dict[frozenset[str], tuple[slice, tuple[int, ...]]]:
    """Where every tensor lies in the flat update, and its shape, by all of its names."""
    found, at = {}, 0
    for name, shape in given.tensors:
        names = frozenset({name, *(second for second, first in given.tied if first == name)})
        found[names] = slice(at, at + math.prod(shape)), shape
        at += math.prod(shape)
    return found


def one_price(
    updates: Updates, cost: Any = None, budget: Any = None, *, layers: Any = None, kinds: Any = ()
) -> OnePrice:
    """Select for several clients under one budget: the joules go where they retain most (claim D21).

        cwmp.one_price([state_dict_1, state_dict_2], "fc-dear", budget="5%").masks

    Args:
        updates: one a client, each in any form that :func:`cwmp.certify` takes, all of the same shapes and names,
            which may come in any order; or a function that gives them anew, one after the other, each time it is called
            (three times: to count, to add up and to select), so that one is in memory at a time.
        cost, layers, kinds: of every client, as for :func:`cwmp.certify`.
        budget: of all clients together: a share such as ``"5%"`` of what all of them would spend on everything,
            ``"3mJ"``, or joules.

    Returns:
        ``masks``, each in the layout of its update; ``spent`` and ``retained`` of each, exact; the ``threshold``.

    Raises:
        InputError: no clients, clients of different names or shapes, what :func:`cwmp.certify` refuses.
    """
    asked = cohort(updates, cost, budget, layers, kinds)
    found = theory_one_price.one_price(asked.vectors, asked.costs.values, asked.budget)
    shaped = (form(mask) for form, mask in zip(asked.forms, found.masks, strict=True))
    return replace(found, masks=tuple(shaped))


@dataclass(frozen=True, eq=False, repr=False)
class ClientsSaving(Result):
    """What one price for several clients saves over equal joules each.

    Attributes:
        report: the figures by name. ``retained``: score of one price over that of equal joules; ``saving``: the share
            of the joules saved at equal score; both of the relaxations, exact, None where norms are a law.
            ``retained_law``, ``saving_law``: the same as P14 says, of ``index``. ``norms``: least, median and largest.
            ``joules``: least and largest share of a client, in equal shares. ``bound``: what ``retained`` exceeds 1 by
            is at most that (D21).
    """

    report: dict[str, Any]

    def page(self) -> list[Block]:
        """As ``cwmp saving --clients`` prints it."""
        return [Verbatim(clients_text(self.report))]

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what ``cwmp saving --clients --json`` prints."""
        return dict(self.report)


def saving_of_clients(
    updates: Updates, cost: Any, budget: Any, *, layers: Any = None, kinds: Any = (), key: Any = None
) -> ClientsSaving:
    """What one price saves over equal joules each, exact and as P14 predicts.

    Args:
        updates, cost, layers, kinds: as for :func:`one_price`; at least two. A function is called as often as the
            search for equal score needs it. budget: of all clients together.

    Raises:
        InputError: as :func:`one_price`; one client.
    """
    asked = cohort(updates, cost, budget, layers, kinds, key)
    if asked.clients < 2:
        raise InputError("one price is for several clients: give two updates at least")
    gain = price_gain(asked.vectors, asked.costs.values, asked.budget)
    norms = np.array([float(np.linalg.norm(v.astype(np.float64))) for v in asked.vectors()])
    index = index_at(asked.vectors, asked.costs.values, float(gain.price / gain.unit)) if gain.price else math.nan
    each, equal = gain.total / asked.clients, gain.equal
    norm = float((norms**2).sum())
    return ClientsSaving({
        "clients": asked.clients, "d": asked.first.vector.size,
        "beta": float(asked.budget / asked.clients / asked.everything) if asked.everything else 1.0,
        "of_norm": [float(gain.one) / norm, float(equal) / norm] if norm else [0.0, 0.0],
        "retained": float(gain.one / equal) if equal else 1.0, "saving": float(gain.saving),
        **_law(norms[norms > 0], index, float(equal) / norm if norm else 1.0),
        "norms": [float(norms.min()), float(np.median(norms)), float(norms.max())],
        "joules": [float(min(gain.budgets) / each), float(max(gain.budgets) / each)] if each else [1.0, 1.0],
        "bound": float(gain.bound / equal) if equal else 0.0, "law": None,
    })  # fmt: skip


def saving_of_norms(law: str, index: float, seed: int = 0, kept: float = 0.0) -> ClientsSaving:
    """What P14 predicts where the clients' norms follow a law, from 100,000 draws of it.

    Args:
        law: of the norms, such as ``"lognorm(s=1)"``. index: the tail index of the magnitudes. kept: the share of the
            squared norm that equal joules retain, of which one price cannot make more than all.

    Raises:
        InputError: a text that is no law.
    """
    norms = np.abs(magnitude_law(law).sample(np.random.default_rng(seed), _DRAWS))
    norms = norms[norms > 0]
    low, median, high = np.quantile(norms, [0.05, 0.5, 0.95])
    return ClientsSaving({
        "clients": None, "d": None, "beta": None, "of_norm": None, "retained": None, "saving": None,
        **_law(norms, index, kept), "norms": [float(low), float(median), float(high)], "joules": None, "bound": None,
        "law": law,
    })  # fmt: skip


def _law(norms: np.ndarray, index: float, kept: float) -> dict[str, Any]:
    """What P14 says; nothing where there is no index above 2, or where more than everything would be kept."""
    none = {"retained_law": math.nan, "saving_law": math.nan, "index": index, "beyond": False}
    if not norms.size or not 2 < index < math.inf:
        return none
    law = price_law(norms / norms.max(), index)  # of the scales only their ratios count
    if law.retained * kept > 1:
        return none | {"beyond": True}
    return none | {"retained_law": law.retained, "saving_law": 1 - law.energy}
