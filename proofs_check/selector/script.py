"""A failing instance as Python that builds it, shows what the selector keeps of it and runs the check again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from proofs_check.selector.subject import Selector
from theory.instance import Instance

SHORT = 16  # coordinates up to which an instance is written out that one line can build


@dataclass(frozen=True)
class Case:
    """An instance and, if :func:`sizes.sized` built it, the arguments but the promise that build it again."""

    instance: Instance
    recipe: str = ""

    @property
    def short(self) -> bool:
        """Whether it can be written out."""
        return self.instance.d <= SHORT or not self.recipe

    def lines(self, promise: str) -> list[str]:
        """Python that makes ``instance``, an :class:`theory.Instance`."""
        if not self.short:
            return [f"instance = sized({self.recipe.replace('PROMISE', promise)})"]
        update = self.instance.update
        assert update is not None
        return [
            f'update = np.array({update.tolist()}, dtype="{update.dtype}")',
            f"cost = np.array({self.instance.cost.tolist()}, dtype=float)",
            f"instance = Instance(update, cost, {float(self.instance.budget)!r})",
        ]


def script_of(check: str, selector: Selector, case: Case, target: str = "") -> str:
    """Python that fails in the same way.

    Args:
        check: the name of the check.
        target: where the selector was loaded from, ``package.module:name``, when it was named.
    """
    imports, expression = _source(selector, target)
    maker = expression.partition("(")[0]
    names = sorted({"Promise", maker, check} | (set() if case.short else {"sized"}))
    return "\n".join(
        [
            *(["import numpy as np"] if case.short or "np." in expression else []),
            f"from proofs_check.selector import {', '.join(names)}",
            *(["from theory import Instance"] if case.short else []),
            *imports,
            "",
            f"selector = {expression}",
            *case.lines("selector.promise"),
            "print(selector.on(instance).support)",
            f"{check}(selector, instance)",
        ]
    )


def _source(selector: Selector, target: str) -> tuple[list[str], str]:
    """The imports, and the expression that makes the selector."""
    promise, function = selector.promise, selector.function
    imports = _written(promise.score)[0] if callable(promise.score) else []
    if target:
        module, _, name = target.partition(":")
        return [f"from {module} import {name.split('.')[0]}", *imports], f"as_selector({name}, {promise!r})"
    maker, parts = getattr(function, "made_by", ("Selector", (function,)))
    found = [_written(part) for part in parts]
    lines = list(dict.fromkeys([*(line for more, _ in found for line in more), *imports]))
    return lines, f"{maker}({', '.join(text for _, text in found)}, {promise!r})"


def _written(function: Any) -> tuple[list[str], str]:
    """Imports and an expression for a function; one that no module holds is left to the reader to fill in."""
    if isinstance(function, partial):
        lines, inner = _written(function.func)
        bound = [*map(repr, function.args), *(f"{name}={_value(v)}" for name, v in function.keywords.items())]
        return ["from functools import partial", *lines], f"partial({', '.join([inner, *bound])})"
    module, name = getattr(function, "__module__", None), getattr(function, "__qualname__", type(function).__name__)
    if isinstance(function, np.ufunc):
        return [], f"np.{function.__name__}"
    if not isinstance(module, str) or module == "__main__" or "<" in name:
        return [f"# {name.rpartition('.')[2]}: from where you defined it"], name.rpartition(".")[2]
    return [f"from {module} import {name.split('.')[0]}"], name


def _value(value: Any) -> str:
    return _written(value)[1] if callable(value) else repr(value)
