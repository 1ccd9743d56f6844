"""``pytest --cwmp-selector package.module:name``: every check of a selector as a test of its own.

Loaded into every run of pytest where this project is installed, so it imports nothing heavy before it is asked for
something. Without paths on the command line the checks are all that runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("cwmp", "checks of gradient selectors")
    group.addoption("--cwmp-selector", action="append", default=[], metavar="MODULE:NAME", help="selector to check")
    group.addoption("--cwmp-seed", type=int, default=0, help="seed of the checks' random search")
    group.addoption("--cwmp-examples", type=int, default=60, help="instances drawn per check")
    group.addoption("--cwmp-dims", metavar="SIZES", help="sizes it is made for, such as 1-64,1000,1e5")


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    """With a selector and no paths, collect no files."""
    by_path = config.args_source is pytest.Config.ArgsSource.ARGS
    return True if config.getoption("--cwmp-selector") and not by_path else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Add the checks, early enough for ``-k`` to choose among them."""
    for target in config.getoption("--cwmp-selector"):
        node = SelectorChecks.from_parent(session, name=target, nodeid=target)
        items.extend(node.collect())


class SelectorChecks(pytest.Collector):
    """The checks of one selector."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item per check."""
        try:
            from proofs_check.selector.catalogue import CHECKS, Domain
            from proofs_check.selector.sizes import read_dims
            from proofs_check.selector.testing import Session

            dims = self.config.getoption("--cwmp-dims")
            domain = Domain(dims=read_dims(dims) if dims else None)
        except (ImportError, ValueError) as error:
            raise pytest.UsageError(str(error)) from None
        seed, examples = self.config.getoption("--cwmp-seed"), self.config.getoption("--cwmp-examples")
        session = Session(self.name, None, domain, seed, examples)
        for check in CHECKS:
            yield CheckItem.from_parent(self, name=check.name, check=check, session_of_selector=session)


class CheckItem(pytest.Item):
    """One check as a test."""

    def __init__(self, *, check: Any, session_of_selector: Any, **rest: Any) -> None:
        super().__init__(**rest)
        self.check, self.session_of_selector = check, session_of_selector

    def runtest(self) -> None:
        """Run the check."""
        from proofs_check.selector.testing import judge

        judge(self.session_of_selector.run(self.check))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The fault, without the frames of this project."""
        from proofs_check.selector.promise import BrokenPromiseError, InconclusiveError
        from theory.errors import InputError

        if isinstance(excinfo.value, (BrokenPromiseError, InconclusiveError, InputError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the test comes from: the selector and the check."""
        return self.path, None, f"{self.parent.name if self.parent else ''}::{self.name}"
