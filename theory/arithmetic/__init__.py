"""Exact sums, and work shared by threads and by processes.

Offers: :mod:`exact` (the one rule of exact arithmetic on float64), :mod:`sums` (the same at the speed of memory),
:mod:`threads`, :mod:`processes`, :mod:`blocks` (passes without copies), :mod:`compiled_loops` (what numba compiles).
Imports nothing of the theory but its error: this room knows no instance.
"""
