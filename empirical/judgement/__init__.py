"""What the runs say: frontiers, paired tests, verdicts, a report as text.

Offers: :mod:`verdicts`, :mod:`paired` (exact tests over seeds), :mod:`pareto` (frontiers and hypervolumes),
:mod:`report`.
Reads records; needs no torch.
"""
