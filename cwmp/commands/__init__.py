"""The command line, one module per subject.

``python -m cwmp`` looks for modules in the folder it was started in before all others. A module there, or on
PYTHONPATH, that has the name of one of our packages must not be taken for it: where there is one, ours go first.
"""

import sys
from pathlib import Path

_ROOMS = ("theory", "proofs_check", "empirical", "figures")


def _ours_first() -> None:
    ours = Path(__file__).resolve().parents[2]
    for place, entry in enumerate(sys.path):
        folder = Path(entry or ".").resolve()
        if folder == ours:
            return
        if any((folder / file).exists() for room in _ROOMS for file in (f"{room}.py", f"{room}/__init__.py")):
            sys.path.insert(place, str(ours))
            return


_ours_first()
