"""Studies: computations whose records the figures of the theory are drawn from, one file each.

``cwmp study`` runs them, :mod:`proofs_check.studies.table` lists them. Each returns plain data with its seed and all
its parameters; what is random is drawn from that seed alone, so the same sources give the same numbers.
"""
