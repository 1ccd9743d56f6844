"""What is claimed, and what came of it: data only, `proofs_check` judges.

Offers: :mod:`table` (every claim by its id), :mod:`deterministic`, :mod:`structured` and
:mod:`probabilistic` (the statements),
:mod:`verdict` (what a check found), :mod:`status` (the verdicts of a claim in one row), :mod:`provenance`.
Imports: the error and the writing of files.
"""
