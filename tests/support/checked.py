"""How the tests of the selector checks call them: in this process, without a limit that a slow machine could meet."""

from functools import partial

from proofs_check.selector import check_selector

here = partial(check_selector, isolate=False, on_fail="report", seconds=1e5)
SMALL = (1, 2, 3, 5, 8, 13, 33, 48, 65, 129, 257)
