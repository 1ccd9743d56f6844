"""The words under a figure: where its records come from, and the experiment's setting and verdicts.

Offers: :mod:`origin`, :mod:`sources`, :mod:`experiment`.
"""
