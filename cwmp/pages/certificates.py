"""The page of a certificate: every selector beside the optimum, the bounds, the kinds of layers, the swap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from cwmp.pages.blocks import Block, Line, Table
from cwmp.pages.layers import kept_page
from cwmp.pages.words import coordinates, fixed, percent, several
from theory.arithmetic.exact import shown
from theory.files.contents import listed
from theory.layers import Layer
from theory.optimum.comparison import Swap, best_row

_NAMES = 3  # of those left out, in a line

if TYPE_CHECKING:
    from cwmp.api.certificates import Certified, CheckedCertificate


def certified_page(r: Certified) -> list[Block]:
    """As ``cwmp certify`` prints it."""
    head = [Line(f"{r.update}: {several(r.d, 'coordinate')}, budget {shown(r.budget)} {r.energy_unit} "
                 f"({percent(r.budget_share, 4)} of sending everything)"), *left_out(r.left_out, r.tied)]  # fmt: skip
    if r.zero:
        head.append(Line("the update is zero everywhere: nothing is worth keeping"))
    elif r.bare and not r.certificate.spent:
        head.append(Line(f"this budget buys nothing; it was read as {r.energy_unit}, and a share is written 5%"))
    best = best_row(r.verdict)
    columns = ["", "kept", f"energy, {r.energy_unit}", "of budget", "of ||g||^2", f"below {best}"]
    rows = [
        [name, str(s.kept), f"{s.spent:.6g}", fixed(s.spent_of_budget, 5), fixed(s.retained_of_norm, 6),
         "0, exactly" if s.optimal else percent(s.below_best)]
        for name, s in r.selections.items()
    ]  # fmt: skip
    c = r.comparison
    bounds = (
        f"The relaxation retains {fixed(c.relaxation_of_norm, 6)} of ||g||^2, and no mask more (D2). CWMP's prefix is "
        f"short of the optimum by {percent(c.bound_of_norm)} of ||g||^2 at most: phi p_s, known without it (D4)."
    )
    ending = {
        "exact": "The optimum is exact: no mask within the budget retains more of ||g||^2, no square rounded",
        "interval": f"The optimum is known up to an interval of relative width {percent(r.gap)}",
        "failed": "The checker refused the certificate, so nothing is concluded",
    }[r.verdict]
    of_what = Line(f"Below {best}: by what share of the {best}'s own retained ||g||^2 a mask retains less.")
    swap = swap_words(r.swap, r.layers, best)
    last = [Line(bounds), Line(f"{swap[0].upper()}{swap[1:]}"), Line(f"{ending}; {r.certificate.how}.")]
    page = [*head, Table(columns, rows), of_what, *kept_page(r.kinds, r.shares)]
    return [*page, *([Line("")] if isinstance(page[-1], Line) else []), *last]


def left_out(names: Mapping[str, str], tied: Sequence[tuple[str, str]]) -> list[Block]:
    """What of the input is not in the update and why, or there once."""
    lines: list[Block] = []
    for why in dict.fromkeys(names.values()):
        lines.append(Line(f"left out, {why}: {listed((name for name in names if names[name] == why), _NAMES)}"))
    if tied:
        lines.append(Line(f"tied, counted once: {listed((f'{name} is {first}' for name, first in tied), _NAMES)}"))
    return lines


def swap_words(swap: Swap, layers: Sequence[Layer], best: str) -> str:
    """What the best mask does otherwise than CWMP's prefix, and what that wins."""
    if not swap.dropped.size and not swap.added.size:
        return f"CWMP's prefix is the {best}."
    parts = []
    if swap.dropped.size:
        parts.append(f"drops {several(swap.dropped.size, 'coordinate')} of CWMP's prefix "
                     f"({coordinates(layers, swap.dropped[:4].tolist())})")  # fmt: skip
    if swap.added.size:
        parts.append(f"adds {several(swap.added.size, 'coordinate')} ({coordinates(layers, swap.added[:4].tolist())})")
    return f"the {best} {' and '.join(parts)}: {percent(swap.gain)} more retained."


def checked_page(r: CheckedCertificate) -> list[Block]:
    """As ``cwmp check-certificate`` prints it."""
    return [Line(f"{r.verdict}: {r.reason}")]
