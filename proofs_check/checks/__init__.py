"""One claim a file, and the list of every check on them.

Offers: ``CHECKS`` and ``PAGES`` here; :mod:`falsehoods` (wrong variants, which every check must catch). Those of the
method ``formal``, which need Coq, follow those of the pages; :func:`runnable` leaves them out where there is none.
Imports: theory, :mod:`proofs_check.methods`, :mod:`proofs_check.oracles`, :mod:`proofs_check.formal`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from proofs_check.checks import (
    d01_projection,
    d02_relaxation,
    d03_weak_duality,
    d04_greedy_gap,
    d05_optimal_for_spent,
    d06_supported_frontier,
    d07_equal_costs,
    d08_opposite_orders,
    d09_optimal_everywhere,
    d10_best_of_half,
    d11_fixed_share,
    d12_score_family,
    d13_contraction_cwmp,
    d14_contraction_top_k,
    d15_value_of_budget,
    d16_invariances,
    d17_error_feedback,
    d18_ef_sgd_rate,
    d19_ceiling,
    d20_equal_sparsity,
    d21_one_price,
    d22_pages,
    d23_safety,
    p01_cwmp_efficiency,
    p02_top_k_efficiency,
    p03_never_less_efficient,
    p04_closed_forms,
    p05_advantage_law,
    p06_saving_law,
    p07_upper_deviation,
    p08_lower_deviation,
    p09_overtaken,
    p10_integrality,
    p11_power_mean,
    p12_small_budgets,
    p13_lost_score,
    p14_price_law,
    p15_signal,
)
from proofs_check.formal import checks as formal
from proofs_check.formal.compiling import find_coq
from proofs_check.methods.judge import Check
from theory.claims.table import ids_of

PAGES = (
    d01_projection,
    d02_relaxation,
    d03_weak_duality,
    d04_greedy_gap,
    d05_optimal_for_spent,
    d06_supported_frontier,
    d07_equal_costs,
    d08_opposite_orders,
    d09_optimal_everywhere,
    d10_best_of_half,
    d11_fixed_share,
    d12_score_family,
    d13_contraction_cwmp,
    d14_contraction_top_k,
    d15_value_of_budget,
    d16_invariances,
    d17_error_feedback,
    d18_ef_sgd_rate,
    d19_ceiling,
    d20_equal_sparsity,
    d21_one_price,
    d22_pages,
    d23_safety,
    p01_cwmp_efficiency,
    p02_top_k_efficiency,
    p03_never_less_efficient,
    p04_closed_forms,
    p05_advantage_law,
    p06_saving_law,
    p07_upper_deviation,
    p08_lower_deviation,
    p09_overtaken,
    p10_integrality,
    p11_power_mean,
    p12_small_budgets,
    p13_lost_score,
    p14_price_law,
    p15_signal,
)

CHECKS: tuple[Check, ...] = tuple(check for page in PAGES for check in page.CHECKS) + formal.CHECKS

DEAREST = (
    ("D23a", "formal"),  # with no compiled proof kept from before, it compiles what the others share
    ("D23a", "exhaustion"),
    ("P6a", "convergence"),
    ("P2", "families"),
    ("D4", "certificate"),
    ("D23b", "exhaustion"),
    ("D8", "exhaustion"),
    ("D17", "search"),
    ("D2", "exhaustion"),
    ("D10", "certificate"),
    ("D3", "exhaustion"),
    ("D10", "exhaustion"),
    ("P12a", "convergence"),
    ("D16", "exhaustion"),
    ("P8", "exhaustion"),
    ("P10", "families"),
    ("D21a", "exhaustion"),
    ("P4", "symbolic"),
    ("P11", "families"),
    ("P1", "families"),
    ("D2", "search"),
    ("P6a", "symbolic"),
    ("P6b", "symbolic"),
    ("D15b", "search"),
    ("D15a", "search"),
    ("P5", "convergence"),
)


def dearest_first(checks: Iterable[Check]) -> list[Check]:
    """Those that take longest first (in the order of ``DEAREST``), so that at the end all processes have work."""
    rank = {name: place for place, name in enumerate(DEAREST)}
    return sorted(checks, key=lambda check: rank.get((check.claim, check.method), len(rank)))


def checks_of(claim_ids: Iterable[str]) -> tuple[Check, ...]:
    """The checks of some claims (``D12`` stands for D12a and D12b), in the order of the table.

    Raises:
        InputError: for an unknown claim.
    """
    wanted = {claim_id for name in claim_ids for claim_id in ids_of(name)}
    return tuple(check for check in CHECKS if check.claim in wanted)


def runnable(checks: Sequence[Check]) -> tuple[Check, ...]:
    """Those that can run here: the formal ones need Coq."""
    here = find_coq() is not None
    return tuple(check for check in checks if here or check.method != formal.METHOD)
