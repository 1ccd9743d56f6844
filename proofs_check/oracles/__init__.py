"""Oracles: the optimum of the 0/1 problem, found without the code that is judged by it.

    maximise sum_i m_i p_i   subject to   sum_i m_i c_i <= B,  m in {0,1}^d

Four methods, sharing nothing but the exact integers of the instance:

    enumerate_optimum             every mask, d <= 20, exact
    class_optimum                 counts per cost class, exact; real updates with few classes
    dynamic_programme_optimum     OR-Tools on int64, where its arithmetic is exact
    milp_optimum                  cvxpy and HiGHS, zero gaps: a float64 solver, so believed least

Each answer is recomputed from its mask in rational arithmetic, and :func:`cross_check` lets the methods judge
one another. They import :class:`theory.Instance` and nothing else of the theory.
"""

from proofs_check.oracles.answer import Optimum, Status
from proofs_check.oracles.class_exact import class_optimum
from proofs_check.oracles.cross_check import CrossCheck, cross_check
from proofs_check.oracles.dynamic_programme import dynamic_programme_optimum
from proofs_check.oracles.enumeration import MaskTable, enumerate_masks, enumerate_optimum
from proofs_check.oracles.milp import milp_optimum
from proofs_check.oracles.worker import Worker

__all__ = [
    "CrossCheck",
    "MaskTable",
    "Optimum",
    "Status",
    "Worker",
    "class_optimum",
    "cross_check",
    "dynamic_programme_optimum",
    "enumerate_masks",
    "enumerate_optimum",
    "milp_optimum",
]
