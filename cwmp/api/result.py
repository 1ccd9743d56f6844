"""What every result can do: print as its command does, turn into plain data, show itself in a notebook."""

from __future__ import annotations

from typing import Any

from cwmp.pages.blocks import Block, as_html, as_text
from theory.claims.provenance import strict_json


class Result:
    """Base of the results of the front door, which are frozen dataclasses."""

    def page(self) -> list[Block]:
        """The blocks of its page."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Plain data: what ``--json`` prints."""
        raise NotImplementedError

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON; a number that is infinite or none at all is null."""
        return strict_json(self.to_dict())

    def __str__(self) -> str:
        return as_text(self.page())

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return as_html(self.page())
