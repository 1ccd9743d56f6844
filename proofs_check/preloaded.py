"""What the server of processes imports before it forks the first: every module that some check would load otherwise.

Importing this does work: it is for that server alone. What is loaded then is taken out of the garbage collector's
sight, or each child would look through all of it, and copy the pages of memory that it marks.
"""

from __future__ import annotations

import gc
from importlib import import_module

MODULES = ("proofs_check.checks", "theory.checker", "theory.optimum.certificate")


def prepare() -> None:
    """Load the modules, and what SymPy loads when it first simplifies something."""
    gc.disable()
    for name in MODULES:
        import_module(name)
    sympy = import_module("sympy")
    x, y = sympy.symbols("x y", positive=True)
    sympy.simplify(sympy.Function("f")(x).diff(x) + sympy.sqrt(x * y) / x - 1)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000)  # exact sums make many small objects and no cycles: it need not look after every 700
    gc.enable()


prepare()
