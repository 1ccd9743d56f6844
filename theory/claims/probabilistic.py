"""The probabilistic claims, P1 to P13: about coordinates drawn from a law.

Notation: ``(|g_i|, c_i)`` are i.i.d. from a joint law with ``E p < infinity`` and ``E c < infinity`` (``p = g^2``), the
budget is ``B = beta sum c_i`` with ``0 < beta < 1``, d the number of coordinates. ``S(t) = P(|g| > t)``,
``T(t) = E[p; |g| > t]``, f is the density of ``|g|``. ``lambda`` solves ``E[c; p > lambda c] = beta E c`` and ``tau``
solves ``E[c; |g| > tau] = beta E c``. LP is the value of the relaxation (D2). V and V_K are the limits of P1 and P2.

The abstract promises a probabilistic analysis and prints none: every statement is this project's own formalisation.
"""

from __future__ import annotations

from theory.claims.statement import PAPER, Claim

_ANALYSIS = "'a probabilistic analysis of its global energy efficiency': " + PAPER

PROBABILISTIC = (
    Claim(
        "P1",
        "Energy efficiency of CWMP",
        "The share of ||g||^2 that prefix CWMP retains tends to V(beta) = min over lambda >= 0 of {lambda beta E c "
        "+ E(p - lambda c)+} / E p, and dV/dbeta = lambda E c/E p.",
        "E p and E c finite; nothing else, atoms included",
        "identity",
        "law of large numbers and strong duality for the relaxation (D2); " + _ANALYSIS,
        typeset=r"The share of $\|g\|^2$ that prefix CWMP retains tends to $$V(\beta) = \min_{\lambda \ge 0} "
        r"\frac{\lambda \beta\,\mathrm{E}\,c + \mathrm{E}(p - \lambda c)_+}{\mathrm{E}\,p},$$ and "
        r"$\mathrm{d}V/\mathrm{d}\beta = \lambda\,\mathrm{E}\,c/\mathrm{E}\,p$.",
    ),
    Claim(
        "P2",
        "Energy efficiency of Top-K and Random-K",
        "Top-K's share tends to V_K(beta) = E[p; |g| > tau]/E p, with dV_K/dbeta = tau^2 E c/(E[c | |g| = tau] E "
        "p); Random-K's to min(1, beta E c/E[c; p > 0]), which is beta when no coordinate is 0.",
        "E p and E c finite; |g| without atoms (with atoms, ties at tau are shared)",
        "identity",
        "law of large numbers; " + _ANALYSIS,
        typeset=r"Top-K's share tends to $$V_K(\beta) = \frac{\mathrm{E}[p;\,|g| > \tau]}{\mathrm{E}\,p}, "
        r"\quad\text{with}\quad \frac{\mathrm{d}V_K}{\mathrm{d}\beta} = "
        r"\frac{\tau^2\,\mathrm{E}\,c}{\mathrm{E}[c \mid |g| = \tau]\,\mathrm{E}\,p};$$ Random-K's to "
        r"$\min(1,\, \beta\,\mathrm{E}\,c/\mathrm{E}[c;\,p > 0])$, which is $\beta$ when no coordinate is 0.",
    ),
    Claim(
        "P3a",
        "CWMP is never less efficient",
        "R(beta) = V/V_K >= 1 for every law, and R = 1 at every budget exactly when the orders agree: a larger p/c "
        "always means a larger p.",
        "E p and E c finite",
        "lower",
        "Neyman-Pearson exchange: the relaxation's rule is the best of all with its energy",
        typeset=r"$R(\beta) = V/V_K \ge 1$ for every law, and $R = 1$ at every budget exactly when the orders agree: "
        r"a larger $p/c$ always means a larger $p$.",
    ),
    Claim(
        "P3b",
        "Equality at one budget means equal orders",
        "If R(beta) = 1 at one budget, a larger p/c means a larger p almost surely.",
        "none",
        "false",
        "P3a without 'at every budget'",
        "Both rules may cut at the same set and still order it differently; agreement at every budget is needed (P3a).",
        typeset=r"If $R(\beta) = 1$ at one budget, a larger $p/c$ means a larger $p$ almost surely.",
    ),
    Claim(
        "P4",
        "Closed forms for cost classes",
        "For cost classes c_j of probability w_j, V = sum w_j T(t_j)/E p at t_j = sqrt(lambda c_j), with S = "
        "exp(-t), T = exp(-t)(t^2 + 2t + 2) for Laplace and S = 2Q(t), T = 2(t phi(t) + Q(t)) for Gaussian "
        "magnitudes.",
        "costs independent of magnitudes; unit scale",
        "identity",
        "integration by parts",
        typeset=r"For cost classes $c_j$ of probability $w_j$, $$V = \sum_j \frac{w_j\,T(t_j)}{\mathrm{E}\,p} "
        r"\quad\text{at}\quad t_j = \sqrt{\lambda c_j},$$ with $S = \exp({-t})$, $T = \exp({-t})\,(t^2 + 2 t "
        r"+ 2)$ for Laplace and $S = 2 Q(t)$, $T = 2\,(t\,\phi(t) + Q(t))$ for Gaussian magnitudes.",
    ),
    Claim(
        "P5",
        "Advantage law",
        "To second order in the spread of costs, R - 1 = CV^2/4 tau^3 f(tau)/E[p; |g| > tau] with CV^2 = Var c/"
        "(E c)^2.",
        "costs independent of magnitudes, of finite variance; f smooth at tau; second order, so for small CV",
        "identity",
        "expansion of P1 and P2; " + _ANALYSIS,
        typeset=r"To second order in the spread of costs, $$R - 1 = \frac{\mathrm{CV}^2}{4} \cdot \frac{\tau^3 "
        r"f(\tau)}{\mathrm{E}[p;\,|g| > \tau]}$$ with $\mathrm{CV}^2 = \mathrm{Var}\,c/(\mathrm{E}\,c)^2$.",
    ),
    Claim(
        "P6a",
        "Saving law",
        "To second order in the spread of costs at the threshold, the share of energy CWMP saves at Top-K's "
        "retained score is CV_tau^2/4 tau h(tau)/(1 - e/2), with CV_tau the coefficient of variation of c given "
        "|g| = tau, h(tau) = f(tau) E[c | |g| = tau]/E[c; |g| > tau] and e = d log E[c | |g| = t]/d log t at tau.",
        "f and E[c | |g| = t] smooth at tau; e < 2, so that dearer costs do not outrun the scores; t^2/E[c | |g| = "
        "t] rising; second order",
        "identity",
        "expansion of P1 and P2 at the threshold",
        typeset=r"To second order in the spread of costs at the threshold, the share of energy CWMP saves at Top-K's "
        r"retained score is $$\frac{\mathrm{CV}_\tau^2}{4} \cdot \frac{\tau\,h(\tau)}{1 - e/2},$$ with "
        r"$\mathrm{CV}_\tau$ the coefficient of variation of $c$ given $|g| = \tau$, $h(\tau) = "
        r"f(\tau)\,\mathrm{E}[c \mid |g| = \tau]\,/\,\mathrm{E}[c;\,|g| > \tau]$ and $e = "
        r"\mathrm{d}\,\log\,\mathrm{E}[c \mid |g| = t]\,/\,\mathrm{d}\,\log\,t$ at $\tau$.",
    ),
    Claim(
        "P6b",
        "... without the elasticity of the mean cost",
        "The saving is CV_tau^2/4 tau h(tau) to second order, also when costs depend on magnitudes.",
        "as P6a",
        "false",
        "P6a with e = 0",
        "Where the mean cost moves with the magnitude, the border between kept and dropped moves by 1/(1 - e/2) "
        "more per unit of cost; the law needs that factor (P6a), which is 1 for independent costs.",
        typeset=r"The saving is $\frac{\mathrm{CV}_\tau^2}{4}\,\tau\,h(\tau)$ to second order, also when costs depend "
        r"on magnitudes.",
    ),
    Claim(
        "P7",
        "Upper deviation",
        "P(LP/d > V E p + eps) <= failure, with eps = range(X) sqrt(ln(1/failure)/(2d)) or, for finite variance, "
        "eps = sqrt(Var X (1/failure - 1)/d), X = lambda beta c + (p - lambda c)+.",
        "p and c bounded (Hoeffding), or E p^2 and E c^2 finite (one-sided Chebyshev)",
        "upper",
        "weak duality (D3); Hoeffding 1963; Cantelli",
        typeset=r"$$\mathrm{P}(\mathrm{LP}/d > V\,\mathrm{E}\,p + \varepsilon) \le \text{failure},$$ with "
        r"$\varepsilon = \mathrm{range}(X)\,\sqrt{\ln(1/\text{failure})/(2 d)}$ or, for finite variance, "
        r"$\varepsilon = \sqrt{\mathrm{Var}\,X\,(1/\text{failure} - 1)/d}$, $X = \lambda \beta c + (p - "
        r"\lambda c)_+$.",
    ),
    Claim(
        "P8",
        "Lower deviation",
        "With probability at least 1 - failure, prefix CWMP retains per coordinate at least E[p; p > lambda' c] "
        "less the deviation of that mean, lambda' > lambda chosen so that the rule p > lambda' c fits the budget "
        "with probability 1 - failure/2; with P7, a two-sided bound.",
        "as P7, each half of the failure probability",
        "lower",
        "the rule, when it fits, is contained in the prefix; Hoeffding 1963; Cantelli",
        typeset=r"With probability at least $1 - \text{failure}$, prefix CWMP retains per coordinate at least "
        r"$\mathrm{E}[p;\,p > \lambda' c]$ less the deviation of that mean, $\lambda' > \lambda$ chosen so "
        r"that the rule $p > \lambda' c$ fits the budget with probability $1 - \text{failure}/2$; with P7, a "
        r"two-sided bound.",
    ),
    Claim(
        "P9",
        "Top-K overtakes CWMP exponentially rarely",
        "P(prefix CWMP retains less than Top-K) <= exp(-2d a^2/c_max^2) + exp(-2d b^2/c_max^2) + exp(-2d D^2/w^2), "
        "a = beta E c - C(lambda'), b = K(tau') - beta E c, D = P(lambda') - T(tau'), w = tau'^2 + min(p_max, "
        "lambda' c_max).",
        "costs bounded, beta d c_min >= c_max, V > V_K; magnitudes need not be bounded",
        "upper",
        "three applications of Hoeffding 1963",
        typeset=r"$$\mathrm{P}(\text{prefix CWMP retains less than Top-K}) \le \exp\Bigl({-\frac{2 d "
        r"a^2}{c_{\max}^2}}\Bigr) + \exp\Bigl({-\frac{2 d b^2}{c_{\max}^2}}\Bigr) + \exp\Bigl({-\frac{2 d "
        r"D^2}{w^2}}\Bigr),$$ $a = \beta\,\mathrm{E}\,c - C(\lambda')$, $b = K(\tau') - "
        r"\beta\,\mathrm{E}\,c$, $D = P(\lambda') - T(\tau')$, $w = \tau'^2 + \min(p_{\max},\, \lambda' "
        r"c_{\max})$.",
    ),
    Claim(
        "P10",
        "The integrality gap vanishes like 1/d",
        "phi p_s/LP <= lambda c_max/LP <= c_max/B and phi p_s/LP <= max p/(beta sum p), with lambda = p_s/c_s, "
        "c_max the dearest cost within B, and d E[phi p_s/LP] tends to lambda E[c^2 | p = lambda c]/(2 E[c | p = "
        "lambda c] V E p).",
        "no cost above B for max p/(beta sum p); for the limit, independent costs that differ (on a coarse grid a "
        "trace of the budget's place on it is left), magnitudes with a density, E p and E c finite",
        "upper",
        "what the relaxation takes is worth lambda a joule at least, and beta is feasible for it; inspection paradox "
        "at the critical item; compare Lueker 1982",
        typeset=r"$$\frac{\varphi\, p_s}{\mathrm{LP}} \le \frac{\lambda\, c_{\max}}{\mathrm{LP}} \le "
        r"\frac{c_{\max}}{B} \quad\text{and}\quad \frac{\varphi\, p_s}{\mathrm{LP}} \le \frac{\max p}{\beta \sum p}$$ "
        r"with $\lambda = p_s/c_s$, $c_{\max}$ the dearest cost within $B$, and "
        r"$$d\,\mathrm{E}\Bigl[\frac{\varphi\, p_s}{\mathrm{LP}}\Bigr] \quad\text{tends to}\quad "
        r"\frac{\lambda\,\mathrm{E}[c^2 \mid p = \lambda c]}{2\,\mathrm{E}[c \mid p = \lambda "
        r"c]\;V\,\mathrm{E}\,p}.$$",
    ),
    Claim(
        "P11",
        "Power-mean law",
        "If P(|g| > t | c) = L(c) t^-alpha above all thresholds, CWMP's energy over Top-K's at equal score is "
        "M_q(c)/M_1(c), q = 1 - alpha/2, M_q = (E c^q)^(1/q) the power mean (M_0 geometric) of the costs of what Top-K "
        "keeps; at equal energy the scores kept beyond the thresholds stand as (M_1/M_q)^((alpha - 2)/alpha), alpha > "
        "2. To second order in the spread the saving is P6's CV^2 alpha/4.",
        "one index for all costs, the tail constant L may depend on them; tau and sqrt(lambda c), for every c, in the "
        "range of the power tail",
        "identity",
        "P1 and P2 for a power tail; " + _ANALYSIS,
        typeset=r"If $\mathrm{P}(|g| > t \mid c) = L(c)\,t^{-\alpha}$ above all thresholds, CWMP's energy over Top-K's "
        r"at equal score is $$\frac{M_q(c)}{M_1(c)}, \quad q = 1 - \alpha/2, \quad M_q = (\mathrm{E}\,c^q)^{1/q}$$ the "
        r"power mean ($M_0$ geometric) of the costs of what Top-K keeps; at equal energy the scores kept beyond the "
        r"thresholds stand as $(M_1/M_q)^{(\alpha - 2)/\alpha}$, $\alpha > 2$. To second order in the spread the "
        r"saving is P6's $\mathrm{CV}^2 \alpha/4$.",
    ),
    Claim(
        "P12a",
        "Limit of small budgets",
        "As beta tends to 0 the saving at Top-K's score tends to 1 - M_q/M_1, q = 1 - alpha/2, where the tail of |g| "
        "is regularly varying with index alpha, and to the ceiling 1 - c_min/E c where it is rapidly varying.",
        "costs independent of magnitudes, E c finite; t f(t)/S(t) has a limit; M_q = 0 where E c^q is infinite",
        "identity",
        "Karamata's theorem and Potter's bounds (Bingham, Goldie & Teugels 1987); P11, D19a",
        typeset=r"As $\beta \to 0$ the saving at Top-K's score tends to $1 - M_q/M_1$, $q = 1 - \alpha/2$, where the "
        r"tail of $|g|$ is regularly varying with index $\alpha$, and to the ceiling $1 - c_{\min}/\mathrm{E}\,c$ "
        r"where it is rapidly varying.",
    ),
    Claim(
        "P12b",
        "... which is the ceiling whatever the tail",
        "As beta tends to 0 the saving tends to 1 - c_min/E c for every law of magnitudes.",
        "as P12a",
        "false",
        "P12a without its first case",
        "Under a power tail dear costs are still worth keeping for the largest scores; CWMP pays the power mean of "
        "order 1 - alpha/2 in the limit (P12a).",
        typeset=r"As $\beta \to 0$ the saving tends to $1 - c_{\min}/\mathrm{E}\,c$ for every law of magnitudes.",
    ),
    Claim(
        "P13",
        "The lost score concentrates whatever the tail",
        "Every feasible mask loses at least sum Y_i, Y_i = min(p_i, lambda c_i) - lambda beta c_i, terms in [-lambda "
        "beta c_max, lambda (1 - beta) c_max]; prefix CWMP at most sum p_i 1[p_i <= lambda' c_i], terms in [0, lambda' "
        "c_max], when the rule p > lambda' c fits. So the lost score has a two-sided bound by "
        "Hoeffding, Bernstein or Chebyshev.",
        "costs bounded, or E c^2 finite (Chebyshev); nothing of the magnitudes, E p may be infinite",
        "upper",
        "weak duality (D3); Hoeffding 1963; Bernstein; Cantelli",
        typeset=r"Every feasible mask loses at least $\sum_i Y_i$, $Y_i = \min(p_i,\, \lambda c_i) - \lambda \beta "
        r"c_i$, terms in $[-\lambda \beta\, c_{\max},\, \lambda (1 - \beta)\, c_{\max}]$; prefix CWMP at most $\sum_i "
        r"p_i\, 1[p_i \le \lambda' c_i]$, terms in $[0,\, \lambda' c_{\max}]$, when the rule $p > \lambda' c$ fits. So "
        r"the lost score has a two-sided bound by Hoeffding, Bernstein or Chebyshev.",
    ),
    # clients that differ
    Claim(
        "P14",
        "Price law across clients",
        "One price retains (M_a(s)/M_2(s))^2 times what equal budgets retain, and at equal score spends "
        "(M_2/M_a)^(2a/(a-2)) of their joules, M_q the power mean of the clients' scales s_k.",
        "magnitudes are s_k times one law with P(|g| > t) = L t^-a, a > 2, above every threshold; costs of one law, "
        "independent of magnitudes there; scores of the tail",
        "identity",
        "D21a and power tails; " + _ANALYSIS,
        typeset=r"One price retains $(M_a(s)/M_2(s))^2$ times what equal budgets retain, and at equal score spends "
        r"$(M_2/M_a)^{2a/(a-2)}$ of their joules, $M_q$ the power mean of the clients' scales $s_k$.",
    ),
    Claim(
        "P15a",
        "What a coordinate is worth to the average",
        "For u = mu + xi, the first-order decrease that sending u_i buys is E[mu_i u_i | u_i] = a u_i^2, "
        "a = s^2/(s^2 + t^2) by layer: the order of most expected decrease is a g^2/c.",
        "mu ~ N(0, s^2), xi ~ N(0, t^2), independent",
        "identity",
        "posterior mean of a normal law; formalised here",
        typeset=r"For $u = \mu + \xi$, the first-order decrease that sending $u_i$ buys is $\mathrm{E}[\mu_i u_i \mid "
        r"u_i] = a u_i^2$, $a = s^2/(s^2 + t^2)$ by layer: the order of most expected decrease is $a g^2/c$.",
    ),
    Claim(
        "P15b",
        "Pairs of clients tell signal from noise",
        "(|sum n_k u_k|^2 - sum n_k^2 |u_k|^2)/(1 - sum n_k^2) has mean |mu|^2 and sum n_k |u_k|^2 has "
        "|mu|^2 + E|xi|^2; with s_k chosen from u_k alone, <s, u> - sum n_k^2 <s_k, u_k> has mean "
        "sum n_k (1 - n_k) <E s_k, mu>, s and u the averages.",
        "clients independent given mu, E xi = 0, sum n_k = 1; the quotients are consistent, not unbiased",
        "identity",
        "U-statistics; formalised here",
        typeset=r"$(\|\sum n_k u_k\|^2 - \sum n_k^2 \|u_k\|^2)/(1 - \sum n_k^2)$ has mean $\|\mu\|^2$ and $\sum n_k "
        r"\|u_k\|^2$ has $\|\mu\|^2 + \mathrm{E}\|\xi\|^2$; with $s_k$ chosen from $u_k$ alone, $\langle s, "
        r"u \rangle - \sum n_k^2 \langle s_k, u_k \rangle$ has mean $\sum n_k (1 - n_k) \langle \mathrm{E} s_k, "
        r"\mu \rangle$, $s$ and $u$ the averages.",
    ),
    Claim(
        "P15c",
        "More captured norm means more decrease",
        "Of two selections, the one that captures more of ||g||^2 decreases the expected loss more, across layers.",
        "none",
        "false",
        "captured norm as a proxy for progress",
        "A coordinate is worth a g^2, a its layer's share of signal (P15a).",
        typeset=r"Of two selections, the one that captures more of $\|g\|^2$ decreases the expected loss more, across "
        r"layers.",
    ),
)
