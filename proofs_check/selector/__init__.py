"""Is a selector right? Property-based checks for anyone's, against what it promises.

    from proofs_check.selector import Promise, check_selector

    def mine(update, cost, budget):          # arrays of shape (d,) and joules; returns a mask, indices or an update
        ...

    check_selector(mine, Promise(score="l2", rounding="prefix"))

See ``docs/selectors.md`` for how to write one, check it and read a failure.
"""

import proofs_check.selector.shadowing  # noqa: F401  (refuses to go on where a user's module hides one of ours)
from proofs_check.selector.adapters import Compressor, from_compressor, from_ddp_hook, from_instance, from_torch
from proofs_check.selector.catalogue import CHECKS, Check, Domain
from proofs_check.selector.feedback import check_error_feedback
from proofs_check.selector.invariance import (
    check_extreme_scales,
    check_joules,
    check_permutation,
    check_scale,
    check_signs,
)
from proofs_check.selector.optimality import (
    check_contraction,
    check_equal_costs,
    check_exact_optimum,
    check_gap,
    check_half_of_optimum,
    check_nested,
    check_optimal_for_spent,
)
from proofs_check.selector.order import (
    check_budget_edge,
    check_dear_items,
    check_feasible,
    check_order,
    check_spends_budget,
    check_ties,
)
from proofs_check.selector.promise import BrokenPromiseError, InconclusiveError, Promise
from proofs_check.selector.protocol import (
    check_deterministic,
    check_dtypes,
    check_empty,
    check_inputs_unchanged,
    check_nan,
    check_output,
    check_seeds,
    check_strides,
    check_values_unchanged,
    check_zeros,
)
from proofs_check.selector.report import Report, Result, Status, Verdict
from proofs_check.selector.runner import check_selector
from proofs_check.selector.sizes import sized
from proofs_check.selector.subject import Kept, Selector, as_selector
from proofs_check.selector.testing import selector_test

__all__ = [
    "CHECKS",
    "BrokenPromiseError",
    "Check",
    "Compressor",
    "Domain",
    "InconclusiveError",
    "Kept",
    "Promise",
    "Report",
    "Result",
    "Selector",
    "Status",
    "Verdict",
    "as_selector",
    "check_budget_edge",
    "check_contraction",
    "check_dear_items",
    "check_deterministic",
    "check_dtypes",
    "check_empty",
    "check_equal_costs",
    "check_error_feedback",
    "check_exact_optimum",
    "check_extreme_scales",
    "check_feasible",
    "check_gap",
    "check_half_of_optimum",
    "check_inputs_unchanged",
    "check_joules",
    "check_nan",
    "check_nested",
    "check_optimal_for_spent",
    "check_order",
    "check_output",
    "check_permutation",
    "check_scale",
    "check_seeds",
    "check_selector",
    "check_signs",
    "check_spends_budget",
    "check_strides",
    "check_ties",
    "check_values_unchanged",
    "check_zeros",
    "from_compressor",
    "from_ddp_hook",
    "from_instance",
    "from_torch",
    "selector_test",
    "sized",
]
