"""The deterministic claims, D1 to D20: about one instance, whatever its numbers are.

Notation, everywhere: update ``g`` in R^d, costs ``c_i > 0`` (joules), budget ``B >= 0`` (joules),
``p_i = g_i^2``, ``C = sum c_i``, ``c_max = max c_i``; ``prefix``, ``fill`` and ``best-of`` are the roundings of
:mod:`theory.selection.selectors`, ``s`` is the critical item and ``phi = (B - c(prefix)) / c_s``. Items with
``c_i > B`` are left out before ordering, equal scores are broken by the lowest index. OPT is the best
``sum p_i`` over masks of cost at most ``B``.

The paper is E. M. Athanasakos, "A Theoretical Framework for Energy-Aware Gradient Pruning in Federated
Learning", arXiv 2603.22465 (2026); only its abstract was at hand, so every formal statement here is this
project's own formalisation of it.
"""

from __future__ import annotations

from theory.claims.statement import PAPER, Claim

DETERMINISTIC = (
    Claim(
        "D1",
        "The projection keeps coordinates unchanged",
        "A minimiser of ||g - x||^2 under sum c_i 1[x_i != 0] <= B is m*g with m in {0,1}^d maximising sum m_i p_i "
        "under sum m_i c_i <= B (the 0/1 knapsack), and the minimum is sum p_i - OPT.",
        "none",
        "identity",
        PAPER,
        typeset=r"A minimiser of $\|g - x\|^2$ under $\sum_i c_i\,1[x_i \ne 0] \le B$ is $m \odot g$ with $m \in "
        r"\{0,1\}^d$ maximising $\sum_i m_i p_i$ under $\sum_i m_i c_i \le B$ (the 0/1 knapsack), and the "
        r"minimum is $\sum_i p_i - \mathrm{OPT}$.",
    ),
    Claim(
        "D2",
        "CWMP solves the relaxation",
        "The prefix together with the fraction phi of the critical item maximises sum p_i z_i over 0 <= z <= 1, "
        "sum c_i z_i <= B, with dual multiplier lambda = p_s/c_s and no duality gap.",
        "z ranges over the affordable items (c_i <= B)",
        "tight",
        "Dantzig 1957; " + PAPER,
        typeset=r"The prefix together with the fraction $\varphi$ of the critical item maximises $\sum_i p_i z_i$ "
        r"over $0 \le z \le 1$, $\sum_i c_i z_i \le B$, with dual multiplier $\lambda = p_s / c_s$ and no "
        r"duality gap.",
    ),
    Claim(
        "D3",
        "Weak duality, item by item",
        "For every lambda >= 0 and feasible z in [0,1]^d: lambda B + sum (p_i - lambda c_i)+ - sum p_i z_i = "
        "lambda (B - sum c_i z_i) + sum [(p_i - lambda c_i)+ - (p_i - lambda c_i) z_i], every term of which is >= 0.",
        "none",
        "identity",
        "Lagrangian duality; Boyd & Vandenberghe 2004, section 5.2",
        typeset=r"For every $\lambda \ge 0$ and feasible $z \in [0,1]^d$: $$\lambda B + \sum_i (p_i - \lambda c_i)_+ "
        r"- \sum_i p_i z_i = \lambda \Bigl(B - \sum_i c_i z_i\Bigr) + \sum_i \bigl[(p_i - \lambda c_i)_+ - "
        r"(p_i - \lambda c_i) z_i\bigr],$$ every term of which is $\ge 0$.",
    ),
    Claim(
        "D4",
        "The greedy gap is at most the critical item's share",
        "OPT - p(prefix) <= phi p_s <= p_s, and the bound is attained in the limit.",
        "none",
        "tight",
        "Dantzig 1957",
        typeset=r"$$\mathrm{OPT} - p(\text{prefix}) \le \varphi\, p_s \le p_s,$$ and the bound is attained in the "
        r"limit.",
    ),
    Claim(
        "D5",
        "CWMP is optimal for the energy it spends",
        "No mask of cost at most c(prefix) retains more than the prefix does. This is the exact sense in which the "
        "abstract's 'optimal greedy solution' is true.",
        "none",
        "tight",
        PAPER,
        typeset=r"No mask of cost at most $c(\text{prefix})$ retains more than the prefix does. This is the exact "
        r"sense in which the abstract's 'optimal greedy solution' is true.",
    ),
    Claim(
        "D6",
        "CWMP traces the supported Pareto frontier",
        "The points (cost, retained) of the prefixes of the order, ties of p/c merged, are exactly the vertices of the "
        "upper concave hull of (cost, retained) over all masks.",
        "B at least the total cost of the items considered, so that every prefix is reached",
        "identity",
        "Geometry of the relaxation (D2, D15a); " + PAPER,
        typeset=r"The points (cost, retained) of the prefixes of the order, ties of $p/c$ merged, are exactly the "
        r"vertices of the upper concave hull of (cost, retained) over all masks.",
    ),
    Claim(
        "D7",
        "Equal costs: CWMP is Top-K",
        "If all costs are equal, CWMP and Top-K select the same mask and it is optimal, at every budget.",
        "c_i = c_j for all i, j",
        "identity",
        "Special case of D2",
        typeset=r"If all costs are equal, CWMP and Top-K select the same mask and it is optimal, at every budget.",
    ),
    Claim(
        "D8",
        "Larger never dearer: the prefix is optimal",
        "If p_i > p_j implies c_i <= c_j for all i, j, prefix CWMP attains OPT at every budget.",
        "p and c oppositely ordered",
        "tight",
        "Exchange argument",
        typeset=r"If $p_i > p_j$ implies $c_i \le c_j$ for all $i, j$, prefix CWMP attains $\mathrm{OPT}$ at every "
        r"budget.",
    ),
    Claim(
        "D9",
        "0/1 CWMP is optimal at every budget",
        "For every g, c and B, prefix CWMP attains OPT.",
        "none",
        "false",
        "literal reading of the abstract (arXiv 2603.22465)",
        "CWMP is optimal for the energy it actually spends (D5), and within phi p_s of OPT for the budget given (D4).",
        typeset=r"For every $g$, $c$ and $B$, prefix CWMP attains $\mathrm{OPT}$.",
    ),
    Claim(
        "D10",
        "Best-of keeps at least half",
        "best-of CWMP retains at least OPT/2, and the constant 1/2 cannot be improved.",
        "none, because items dearer than B are left out before ordering (without that rule: c_max <= B)",
        "lower",
        "Martello & Toth 1990, section 2.4 (extended greedy)",
        typeset=r"best-of CWMP retains at least $\mathrm{OPT}/2$, and the constant $1/2$ cannot be improved.",
    ),
    Claim(
        "D11",
        "Prefix or fill CWMP keeps a fixed share of OPT",
        "There is kappa > 0 such that prefix (or fill) CWMP retains at least kappa OPT on every instance.",
        "none",
        "false",
        "a common reading of 'greedy approximation'",
        "Only best-of has a constant (1/2, D10); prefix and fill lose at most one critical item (D4), which may be "
        "nearly everything.",
        typeset=r"There is $\kappa > 0$ such that prefix (or fill) CWMP retains at least $\kappa\,\mathrm{OPT}$ on "
        r"every instance.",
    ),
    Claim(
        "D12a",
        "The score w(|g|)/c solves the relaxation of the loss w",
        "For a separable loss sum w(|g_i|) over dropped coordinates, w >= 0, the order of w(|g_i|)/c_i with the "
        "fractional critical item solves the relaxation. So g^2/c is optimal for l2 and |g|/c for l1.",
        "w(0) = 0 and w >= 0",
        "tight",
        "D2 with p replaced by w(|g|)",
        typeset=r"For a separable loss $\sum_i w(|g_i|)$ over dropped coordinates, $w \ge 0$, the order of "
        r"$w(|g_i|)/c_i$ with the fractional critical item solves the relaxation. So $g^2/c$ is optimal for "
        r"$\ell_2$ and $|g|/c$ for $\ell_1$.",
    ),
    Claim(
        "D12b",
        "|g|/c solves the l2 relaxation",
        "Filling the budget in the order of |g_i|/c_i, with the fractional critical item, maximises sum g_i^2 z_i over "
        "the relaxation.",
        "none",
        "false",
        "one of three readings of the abstract's unprinted score",
        "|g|/c is optimal for the l1 loss (D12a); for l2 the order must be g^2/c, equivalently |g|/sqrt(c).",
        typeset=r"Filling the budget in the order of $|g_i|/c_i$, with the fractional critical item, maximises "
        r"$\sum_i g_i^2 z_i$ over the relaxation.",
    ),
    Claim(
        "D13a",
        "CWMP is a contraction",
        "||g - CWMP_B(g)||^2 <= (1 - delta) ||g||^2 with delta = c(prefix)/C, with equality when all densities p_i/c_i "
        "are equal, and with delta = (B - c_max)/C, which is known before g is.",
        "B >= c_max; B <= C for the second delta",
        "lower",
        "Chebyshev's sum inequality; contraction as in Stich, Cordonnier & Jaggi 2018",
        typeset=r"$$\|g - \mathrm{CWMP}_B(g)\|^2 \le (1 - \delta)\,\|g\|^2$$ with $\delta = c(\text{prefix})/C$, with "
        r"equality when all densities $p_i/c_i$ are equal, and with $\delta = (B - c_{\max})/C$, which is "
        r"known before $g$ is.",
    ),
    Claim(
        "D13b",
        "... at every budget",
        "The contraction of D13a with delta = c(prefix)/C holds for every B >= 0.",
        "none",
        "false",
        "D13a without its assumption",
        "Below c_max the dearest items are left out before ordering, and they may carry most of the norm; "
        "the contraction holds from B = c_max on (D13a).",
        typeset=r"The contraction of D13a with $\delta = c(\text{prefix})/C$ holds for every $B \ge 0$.",
    ),
    Claim(
        "D14a",
        "Top-K's contraction under the same joules",
        "||g - TopK_B(g)||^2 <= (1 - k_B/d) ||g||^2 with k_B the largest k such that the k dearest coordinates cost at "
        "most B, and the constant is attained. So CWMP's worst case beats Top-K's by up to c_max/mean(c).",
        "none (below c_max, k_B = 0 and the bound says nothing)",
        "lower",
        "counting argument; Stich, Cordonnier & Jaggi 2018 for equal costs",
        typeset=r"$$\|g - \mathrm{TopK}_B(g)\|^2 \le (1 - k_B/d)\,\|g\|^2$$ with $k_B$ the largest $k$ such that the "
        r"$k$ dearest coordinates cost at most $B$, and the constant is attained. So CWMP's worst case beats "
        r"Top-K's by up to $c_{\max}/\mathrm{mean}(c)$.",
    ),
    Claim(
        "D14b",
        "... at every budget, counting affordable items",
        "The contraction of D14a with k_B counted over the affordable items only holds for every B >= 0.",
        "none",
        "false",
        "D14a without its assumption",
        "An item dearer than the whole budget is dropped by rule and may carry all of the norm; from B = c_max on the "
        "contraction holds (D14a).",
        typeset=r"The contraction of D14a with $k_B$ counted over the affordable items only holds for every $B \ge "
        r"0$.",
    ),
    Claim(
        "D15a",
        "Value of the budget",
        "The relaxation's value is concave, non-decreasing in B, of slope lambda, and the prefixes are nested in B.",
        "B >= c_max",
        "identity",
        "parametric linear programming; Dantzig 1957",
        typeset=r"The relaxation's value is concave, non-decreasing in $B$, of slope $\lambda$, and the prefixes are "
        r"nested in $B$.",
    ),
    Claim(
        "D15b",
        "Fill is nested in the budget",
        "If B <= B' then fill CWMP at B selects a subset of fill CWMP at B'.",
        "B >= c_max",
        "false",
        "a common assumption about greedy masks",
        "Prefixes are nested (D15a); fill may swap a cheap late item for the critical one when the budget grows.",
        typeset=r"If $B \le B'$ then fill CWMP at $B$ selects a subset of fill CWMP at $B'$.",
    ),
    Claim(
        "D15c",
        "Prefixes are nested at every budget",
        "If B <= B' then prefix CWMP at B selects a subset of prefix CWMP at B', for every B >= 0.",
        "none",
        "false",
        "D15a without its assumption",
        "A budget that grows past the cost of a dear item lets it into the order, where it may block cheaper ones; "
        "prefixes are nested from B = c_max on (D15a).",
        typeset=r"If $B \le B'$ then prefix CWMP at $B$ selects a subset of prefix CWMP at $B'$, for every $B \ge 0$.",
    ),
    Claim(
        "D16",
        "Invariances",
        "CWMP's mask is unchanged by flipping signs of g, by scaling g, by scaling (c, B) jointly, and is permuted "
        "with the coordinates when no two scores tie.",
        "scalings that float64 represents exactly (powers of two), so that the instance itself is scaled",
        "identity",
        "definition of the order",
        typeset=r"CWMP's mask is unchanged by flipping signs of $g$, by scaling $g$, by scaling $(c, B)$ jointly, and "
        r"is permuted with the coordinates when no two scores tie.",
    ),
    Claim(
        "D17",
        "Error feedback conserves",
        "sent + new residual = update + old residual, coordinate by coordinate and bit for bit, where the selector "
        "keeps values unchanged.",
        "the sum update + residual is formed once, in floating point, and split by the mask",
        "identity",
        "Seide et al. 2014; Karimireddy et al. 2019, algorithm 2",
        typeset=r"sent + new residual = update + old residual, coordinate by coordinate and bit for bit, where the "
        r"selector keeps values unchanged.",
    ),
    Claim(
        "D18",
        "EF-SGD converges at the published rate",
        "For L-smooth f and stochastic gradients with E||g||^2 <= G^2, T steps of error feedback with a "
        "delta-contraction satisfy min_t E||grad f(x_t)||^2 <= 2 (f(x_0) - f*)/(eta T) + eta L G^2 + "
        "4 eta^2 L^2 G^2 (1 - delta)/delta^2, with delta from D13a or D14a.",
        "known L and G; fixed step eta",
        "upper",
        "Karimireddy et al. 2019, theorem II and its proof (their sigma^2 bounds E||g||^2)",
        typeset=r"For $L$-smooth $f$ and stochastic gradients with $\mathrm{E}\|g\|^2 \le G^2$, $T$ steps of error "
        r"feedback with a $\delta$-contraction satisfy $$\min_t \mathrm{E}\|\nabla f(x_t)\|^2 \le "
        r"\frac{2\,(f(x_0) - f^*)}{\eta T} + \eta L G^2 + \frac{4 \eta^2 L^2 G^2 (1 - \delta)}{\delta^2},$$ "
        r"with $\delta$ from D13a or D14a.",
    ),
    Claim(
        "D19a",
        "Ceiling: what no selector can save",
        "Any mask that retains at least as much as Top-K, which keeps k items and spends E_T, costs at least the sum "
        "of the k smallest costs. So no selector saves more at Top-K's score than 1 - (k smallest)/E_T <= 1 - "
        "c_min/mean(c over what Top-K keeps); attained where scores tie, missed by one item's cost where they do not.",
        "none",
        "upper",
        "counting argument",
        typeset=r"Any mask that retains at least as much as Top-K, which keeps $k$ items and spends $E_T$, costs at "
        r"least the sum of the $k$ smallest costs. So no selector saves more at Top-K's score than $$1 - "
        r"\frac{k \text{ smallest}}{E_T} \le 1 - \frac{c_{\min}}{\mathrm{mean}(c \text{ over what Top-K "
        r"keeps})};$$ attained where scores tie, missed by one item's cost where they do not.",
    ),
    Claim(
        "D19b",
        "... because such a mask holds at least k items",
        "Any mask that retains at least as much as Top-K's k items holds at least k items.",
        "none",
        "false",
        "D19a's proof without the budget",
        "An item dearer than the whole budget is left out before ordering and may be worth more than all that Top-K "
        "keeps; a mask that holds one costs more than the budget, so the ceiling stands (D19a).",
        typeset=r"Any mask that retains at least as much as Top-K's $k$ items holds at least $k$ items.",
    ),
    Claim(
        "D20a",
        "Equal sparsity is a trade",
        "S the k best by |g|^a/c and T the k best by |g|^b/c, a < b, or by |g| (b infinite): c(S) <= c(T) and p(S) <= "
        "p(T), whatever ties do. At equal sparsity a rule that weighs costs more spends no more and retains no more.",
        "0 < a < b; at least k non-zero entries",
        "identity",
        "exchange argument",
        typeset=r"$S$ the $k$ best by $|g|^a/c$ and $T$ the $k$ best by $|g|^b/c$, $a < b$, or by $|g|$ ($b = "
        r"\infty$): $c(S) \le c(T)$ and $p(S) \le p(T)$, whatever ties do. At equal sparsity a rule that weighs costs "
        r"more spends no more and retains no more.",
    ),
    Claim(
        "D20b",
        "Cheaper at equal sparsity is better at equal energy",
        "If S is the k best by |g|/c and costs less than Top-K's k, Top-K with the energy c(S) retains at most p(S).",
        "none",
        "false",
        "a reading of comparisons at equal sparsity",
        "At equal sparsity every rule that weighs costs is cheaper and retains less (D20a); which is better shows at "
        "equal energy or at equal score, where g^2/c is never behind its own energy (D5) and |g|/c may be.",
        typeset=r"If $S$ is the $k$ best by $|g|/c$ and costs less than Top-K's $k$, Top-K with the energy $c(S)$ "
        r"retains at most $p(S)$.",
    ),
)
