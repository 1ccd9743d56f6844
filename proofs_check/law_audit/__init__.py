"""The probabilistic bounds audited under any one law: how often violated, how tight.

Offers: :mod:`audit` (trials in batches, resumable), :mod:`cells` (one bound at one budget), :mod:`trials`
(one update drawn and judged), :mod:`page` (the report for a terminal).
Imports: theory and :mod:`proofs_check.sources`.
"""
