"""What was recorded on one machine against what another computes: exact where it is exact, a tolerance for floats.

Integers, fractions (which records hold as texts), words and verdicts are the same everywhere. A float is not: vector
units and libraries of other processors round sums and functions otherwise in the last digits.
"""

import math
import re
from itertools import zip_longest

RELATIVE = 1e-9  # far above what rounding does to these few operations, far below what any verdict turns on
_NUMBER = re.compile(r"[+-]?\d+\.\d+(?:e[+-]?\d+)?")


def differences(found, recorded, where=""):
    """Paths and values that differ, between plain data such as JSON holds."""
    if isinstance(found, float) and isinstance(recorded, float):
        same = math.isclose(found, recorded, rel_tol=RELATIVE, abs_tol=1e-12) or (
            found != found and recorded != recorded
        )
        return [] if same else [f"{where}: {found!r} against {recorded!r}"]
    if type(found) is not type(recorded):
        return [f"{where}: {found!r} against {recorded!r}"]
    if isinstance(found, dict):
        keys = dict.fromkeys([*found, *recorded])
        return [line for k in keys for line in differences(found.get(k), recorded.get(k), f"{where}/{k}")]
    if isinstance(found, list):
        pairs = enumerate(zip_longest(found, recorded))
        return [line for k, (a, b) in pairs for line in differences(a, b, f"{where}/{k}")]
    return [] if found == recorded else [f"{where}: {found!r} against {recorded!r}"]


def text_differences(found, recorded):
    """Lines that differ in more than the last printed digit of a number with decimals."""
    pairs = zip_longest(found.splitlines(), recorded.splitlines(), fillvalue="")
    return [f"{a!r} against {b!r}" for a, b in pairs if not _alike(a, b)]


def _alike(found, recorded):
    if _NUMBER.sub("#", found) != _NUMBER.sub("#", recorded):
        return False
    numbers = zip(_NUMBER.findall(found), _NUMBER.findall(recorded), strict=True)
    return all(_last_place(a) == _last_place(b) >= abs(float(a) - float(b)) / 1.01 for a, b in numbers)


def _last_place(number):
    """What one more in the last printed digit is worth."""
    digits, _, power = number.partition("e")
    return 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))
