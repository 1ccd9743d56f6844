"""The deterministic claims D21 to D23: several clients, pages, and layers that nobody may starve.

Notation as in :mod:`theory.claims.deterministic`.
"""

from __future__ import annotations

from theory.claims.statement import PAPER, Claim

STRUCTURED = (
    Claim(
        "D21a",
        "One price for all clients",
        "max sum_k V_k(B_k) under sum B_k = B is reached at one lambda for all, its 0/1 prefix misses by one critical "
        "item in all, and equal budgets lose at most sum |lambda_k - lambda| |B_k* - B/K|, and nothing iff one price "
        "is a slope of every V_k at B/K.",
        "every item costs at most B/K, where equal budgets are compared",
        "tight",
        "D2 on the concatenation; formalises the abstract's global energy efficiency: " + PAPER,
        typeset=r"$\max \sum_k V_k(B_k)$ under $\sum_k B_k = B$ is reached at one $\lambda$ for all, its 0/1 prefix "
        r"misses by one critical item in all, and equal budgets lose at most $\sum_k |\lambda_k - \lambda|\,"
        r"|B_k^* - B/K|$, and nothing iff one price is a slope of every $V_k$ at $B/K$.",
    ),
    Claim(
        "D21b",
        "Equal budgets are optimal for clients of unequal norm",
        "Clients whose updates differ in norm retain most together when each gets B/K.",
        "none",
        "false",
        "common practice: the same budget for every client",
        "One price retains most (D21a): the larger update is worth more of the joules.",
        typeset=r"Clients whose updates differ in norm retain most together when each gets $B/K$.",
    ),
    Claim(
        "D22a",
        "Pages: optimal for what is spent, and nested",
        "With cost(M) = sum c_i + sum f_j over the pages touched, M(lambda), which opens page j iff "
        "sum (p_i - lambda c_i)+ > lambda f_j and keeps what has p_i > lambda c_i of it, maximises p - lambda cost "
        "over all masks, is optimal for what it spends, and grows as lambda falls.",
        "c_i, f_j >= 0; nested at budgets from the dearest item with its page on",
        "tight",
        "Lagrangian relaxation, as D5",
        typeset=r"With $\mathrm{cost}(M) = \sum c_i + \sum f_j$ over the pages touched, $M(\lambda)$, which "
        r"opens page $j$ iff $\sum_i (p_i - \lambda c_i)_+ > \lambda f_j$ and keeps what has $p_i > \lambda c_i$ of "
        r"it, maximises $p - \lambda\,\mathrm{cost}$ over all masks, is optimal for what it spends, and grows as "
        r"$\lambda$ falls.",
    ),
    Claim(
        "D22b",
        "... and a block short at a given budget",
        "OPT - p(M) <= lambda (B - cost(M)), lambda the score per cost of the block (or item) that does not fit: less "
        "than that block.",
        "c_i, f_j >= 0",
        "upper",
        "weak duality over pages, as D4",
        typeset=r"$\mathrm{OPT} - p(M) \le \lambda\,(B - \mathrm{cost}(M))$, $\lambda$ the score per cost of the block "
        r"(or item) that does not fit: less than that block.",
    ),
    Claim(
        "D22c",
        "Item-wise CWMP, pages ignored, keeps a fixed share",
        "There is kappa > 0 such that CWMP by p/c, stopped by the true cost, retains kappa times the best mask.",
        "none",
        "false",
        "additive cost models of memories that are written by page",
        "Blocks and items in one order are optimal for what they spend (D22a), and a block short at most (D22b).",
        typeset=r"There is $\kappa > 0$ such that CWMP by $p/c$, stopped by the true cost, retains $\kappa$ times the "
        r"best mask.",
    ),
    Claim(
        "D23a",
        "Safety has a price, and it is small",
        "The relaxation with p(z, l) >= theta p(T, l) in every layer l (equivalently: theta times Top-K for every "
        "weighing of the layers) is solved by a reserve in each layer and one threshold lambda, scores of starved "
        "layers raised; V(theta) >= (1 - theta) V_CWMP + theta p(T), and the reserves cost at most theta E_T.",
        "T is Top-K under the same budget, 0 <= theta <= 1",
        "tight",
        "linear programming duality; formalised here",
        typeset=r"The relaxation with $p(z \cap l) \ge \theta\, p(T \cap l)$ in every layer $l$ (equivalently: "
        r"$\theta$ times Top-K for every weighing of the layers) is solved by a reserve in each layer and one "
        r"threshold $\lambda$, scores of starved layers raised; $V(\theta) \ge (1 - \theta) V_{\mathrm{CWMP}} "
        r"+ \theta\, "
        r"p(T)$, and the reserves cost at most $\theta E_T$.",
    ),
    Claim(
        "D23b",
        "... in whole items",
        "Safe CWMP keeps theta p(T, l) in every layer within the budget, and if the whole reserves fit, "
        "OPT_safe - p(S) <= phi p_s + sum over starved layers of lambda c_r - p_r, r a reserve's last item.",
        "0 <= theta <= 1",
        "upper",
        "the dual of D23a at the prices of S",
        typeset=r"Safe CWMP keeps $\theta\, p(T \cap l)$ in every layer within the budget, and if the whole reserves "
        r"fit, $\mathrm{OPT}_{\mathrm{safe}} - p(S) \le \varphi\, p_s + \sum (\lambda c_r - p_r)$ over starved "
        r"layers, $r$ a reserve's last item.",
    ),
    Claim(
        "D23c",
        "CWMP itself is safe for some theta > 0",
        "There is theta > 0 such that CWMP keeps theta p(T, l) in every layer l, T Top-K under the same budget.",
        "none",
        "false",
        "a hope",
        "CWMP may keep nothing of all that Top-K keeps of a layer; reserves give every layer its share (D23a, D23b).",
        typeset=r"There is $\theta > 0$ such that CWMP keeps $\theta\, p(T \cap l)$ in every layer $l$, $T$ Top-K "
        r"under the same budget.",
    ),
)
