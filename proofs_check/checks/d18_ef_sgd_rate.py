"""D18. EF-SGD converges at the published rate.

    min_t E||grad f(x_t)||^2  <=  2 (f(x_0) - f*)/(eta T) + eta L G^2 + 4 eta^2 L^2 G^2 (1 - delta)/delta^2

over T steps, for L-smooth f, E||g_t||^2 <= G^2, and a delta-contraction: with delta from D13a (CWMP) or D14a (Top-K).

Assumptions: known L, G; fixed step eta; the compressor contracts by delta at every step. Kind: upper.
Source: Karimireddy et al. 2019, theorem II and its proof (their sigma^2 bounds E||g||^2).

Proof idea. (1) The residual obeys a_(t+1) <= (1 - delta)(1 + b) a_t + (1 - delta)(1 + 1/b) eta^2 G^2; with
b = delta/(2(1 - delta)) it stays below 4 (1 - delta) eta^2 G^2/delta^2. (2) The sequence x - e, which takes the
uncompressed steps, descends: f falls by (eta/2) ||grad f(x_t)||^2 up to (eta/2) L^2 ||e_t||^2 + (eta^2/2) L G^2, by
smoothness and Young's inequality. (3) Sum over t, divide by eta T/2.
"""

from __future__ import annotations

import numpy as np
import sympy
from numpy.typing import NDArray

from proofs_check.methods import smt as z
from proofs_check.methods.instances import COSTS
from proofs_check.methods.judge import Check, Falsehood, from_smt, survived
from proofs_check.methods.rational import Rational
from theory.claims.verdict import Outcome, Verdict
from theory.feedback.error_feedback import accumulate, split
from theory.instance import Instance
from theory.optimum import bounds
from theory.selection.selectors import Selection, cwmp, top_k

Floats = NDArray[np.floating]

_STEPS = 60
_PATHS = 3


def smt(seed: int = 0, constant: int = 4) -> Verdict:
    """The lemmas over all reals; they carry to every dimension and, by induction, to every step."""
    delta, a, x, y, length = z.z3.Reals("delta a x y L")
    # (1), in units of eta^2 G^2 and times delta/(1 - delta): (1-d)(1+b) = 1 - d/2, (1-d)(1+1/b) = (1-d)(2-d)/d
    limit = constant * (1 - delta) / (delta * delta)
    setting = [delta > 0, delta < 1, a >= 0, a <= limit]
    stays = (1 - delta / 2) * a + (1 - delta) * (2 - delta) / delta <= limit
    # (2), Young's inequality for one coordinate, and the squared norm it is used with
    young = 2 * x * y <= x * x + y * y
    smooth = z.z3.Implies(y * y <= length * length * x * x, 2 * a * y <= a * a + length * length * x * x)
    lemmas = [(setting, stays), ([], young), ([length >= 0], smooth)]
    reach = "every d (coordinate by coordinate) and every T (induction on the residual's bound)"
    return from_smt("D18", z.prove(lemmas), domain="one step, all reals, 0 < delta < 1", reach=reach)


def symbolic(seed: int = 0) -> Verdict:
    """The constants: b turns the recursion into (1 - delta/2, (1-delta)(2-delta)/delta), and the sum into the bound."""
    delta, eta, smooth, moment, gap, steps = sympy.symbols("delta eta L G2 F T", positive=True)
    b = delta / (2 * (1 - delta))
    residual = 4 * (1 - delta) / delta**2 * eta**2 * moment
    per_step = eta / 2 * smooth**2 * residual + eta**2 / 2 * smooth * moment
    bound = 2 * gap / (eta * steps) + eta * smooth * moment + 4 * (eta * smooth) ** 2 * moment * (1 - delta) / delta**2
    identities = [
        (1 - delta) * (1 + b) - (1 - delta / 2),
        (1 - delta) * (1 + 1 / b) - (1 - delta) * (2 - delta) / delta,
        (gap + steps * per_step) / (eta * steps / 2) - bound,
    ]
    proved = all(sympy.simplify(x) == 0 for x in identities)
    outcome = Outcome.CHECKED if proved else Outcome.REFUTED
    return Verdict("D18", "symbolic", outcome, "three identities in delta, eta, L, G^2, T", "the constants", 3)


def gradient_norms(
    curvature: np.ndarray, cost: np.ndarray, budget: Rational, step: float, compressor: str, seed: int, noise: float
) -> tuple[float, float]:
    """EF-SGD on ``f(x) = sum a_i x_i^2/2`` from x = 1: the smallest mean ``||grad f||^2``, the largest ``||g||^2``."""
    rng, d = np.random.default_rng(seed), curvature.size
    norms, largest = np.zeros(_STEPS), 0.0
    paths = _PATHS if noise else 1
    for _ in range(paths):
        x: Floats = np.ones(d)
        residual: Floats = np.zeros(d)
        for t in range(_STEPS):
            gradient = curvature * x
            sampled = gradient + noise * rng.uniform(-1, 1, d)
            norms[t] += gradient @ gradient / paths
            largest = max(largest, float(sampled @ sampled))
            total = accumulate(step * sampled, residual)
            sent, residual = split(total, _select(compressor, Instance(total, cost, budget)).mask)
            x = x - sent
    return float(norms.min()), largest


def _select(compressor: str, instance: Instance) -> Selection:
    return cwmp(instance) if compressor == "cwmp" else top_k(instance)


def families(seed: int = 0, weaken: float = 1.0) -> Verdict:
    """Quadratics with known L and G, costs of every family, both compressors: the measured norm against the bound."""
    rng, trials, tightest, d = np.random.default_rng(seed), 0, 0.0, 24
    words = f"quadratics of {d} coordinates, L = 1, {len(COSTS)} cost families, CWMP and Top-K, noise 0 and 0.3, "
    words += f"steps 0.1 and 0.5, {_STEPS} iterations, mean of {_PATHS} paths; G^2 is the largest ||g||^2 met"
    for name in COSTS:
        curvature = np.sort(rng.uniform(0.05, 1.0, d))
        curvature[-1] = 1.0
        cost = Instance(np.ones(d), COSTS[name](rng, np.abs(rng.standard_normal(d))), budget="50%").cost
        shape = Instance(np.ones(d), cost, Rational(float(cost.max())) + Rational(float(cost.sum())) / 4)
        for compressor in ("cwmp", "top-k"):
            contraction = bounds.contraction_cwmp_prior if compressor == "cwmp" else bounds.contraction_top_k
            delta = float(contraction(shape))
            for step in (0.1, 0.5):
                for noise in (0.0, 0.3):
                    args = (curvature, cost, shape.budget, step, compressor, seed, noise)
                    measured, moment = gradient_norms(*args)
                    gap = float(curvature.sum() / 2)
                    limit = weaken * bounds.error_feedback_rate(
                        smoothness=1.0, second_moment=moment, gap=gap, delta=delta, step=step, steps=_STEPS
                    )
                    trials += 1
                    tightest = max(tightest, measured / limit)
                    if measured > limit:
                        found = {"costs": name, "compressor": compressor, "step": step, "noise": noise, "delta": delta}
                        found |= {"should": "min ||grad f||^2 <= bound", "left": measured, "right": limit}
                        return Verdict(
                            "D18", "families", Outcome.REFUTED, words, "one suffices", trials, None, found, seed=seed
                        )
    return survived("D18", "families", words, trials, seed, observed={"largest measured / bound": tightest})


CHECKS = (
    Check("D18", "smt", smt),
    Check("D18", "symbolic", symbolic),
    Check("D18", "families", families),
)

FALSEHOODS = (
    Falsehood("D18", "the residual stays below 2 (1 - delta) eta^2 G^2/delta^2", lambda: smt(constant=2)),
    Falsehood("D18", "the bound holds a thousand times smaller", lambda: families(weaken=1e-3)),
)
