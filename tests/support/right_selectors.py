"""Selectors in which no check may find a fault: this project's own in every form, and plain ones."""

from functools import partial

import numpy as np
from broken_selectors import (
    ANY_RNG,
    BEST,
    EXACT,
    FILL,
    MAGNITUDE,
    PREFIX,
    RANDOM,
    SEEDED,
    Feedback,
    Forgetful,
    best_of,
    certified,
    filled,
    float64_sums,
    right,
    with_feedback,
)

from proofs_check.selector import Promise, Selector, from_compressor, from_instance
from theory import cwmp, random_k, top_k
from theory.feedback.compressor import Compressor


class Shipped:
    """This project's compressor, started by its first update."""

    def __init__(self, cost, budget):
        self.compressor = Compressor(cost, budget)

    def init(self, d):
        return None

    def apply(self, state, update):
        sent, state = self.compressor.apply(self.compressor.init(update) if state is None else state, update)
        return sent.values, state


RIGHT = [
    Selector(cwmp, PREFIX, "cwmp_on_arrays"),
    Selector(top_k, MAGNITUDE, "top_k_on_arrays"),
    with_feedback(Shipped),
    *(
        from_instance(partial(cwmp, loss="l2", rounding=r), Promise(score="l2", rounding=r))
        for r in ("prefix", "fill", "best-of")
    ),
    *(
        from_instance(partial(cwmp, loss="l1", rounding=r), Promise(score="l1", rounding=r))
        for r in ("prefix", "fill", "best-of")
    ),
    from_instance(partial(cwmp, loss=np.log1p), Promise(score=np.log1p, rounding="prefix")),
    *(from_instance(partial(top_k, rounding=r), Promise(score="magnitude", rounding=r)) for r in ("prefix", "fill")),
    from_instance(partial(random_k, seed=ANY_RNG, rounding="fill"), RANDOM),
    from_instance(partial(random_k, seed=ANY_RNG), Promise(rounding="prefix", deterministic=False)),
    from_instance(partial(random_k, seed=7), Promise(rounding="prefix")),
    from_instance(random_k, SEEDED),
    Selector(right, Promise(score="l2", rounding="prefix", order_tolerance=1e-12)),
    Selector(filled, FILL),
    Selector(best_of, BEST),
    from_instance(certified, EXACT),
    Selector(float64_sums, Promise(score="l2", rounding="prefix", budget_tolerance="1e-12"), "float64_sums_declared"),
    with_feedback(Feedback),
    from_compressor(Forgetful, PREFIX),
]
