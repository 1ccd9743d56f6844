"""The ways a claim is checked, and the domains in which.

Offers: :mod:`judge` (a property becomes a verdict: by SMT, symbols, exhaustion, sampling), :mod:`smt`,
:mod:`instances` and :mod:`finite_laws` (what is exhausted or drawn), :mod:`hull`, :mod:`limits`.
Imports: theory and :mod:`proofs_check.oracles`.
"""
