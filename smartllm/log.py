"""The library's logger.

It has no handler of its own: with logging set up its records go where all go; without, Python's handler of
last resort prints warnings to standard error, so that a change is never unseen.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smartllm.diagnostics import Diagnostic

logger: Final = logging.getLogger("smartllm")

_REMEMBERED: Final = 4096


class Announcer:
    """Says each thing once.

    Args:
        limit: How many things are remembered; past that all are forgotten and may be said again.
    """

    def __init__(self, limit: int = _REMEMBERED) -> None:
        self._limit = limit
        # Hashes, since names come from outside in any length.
        self._said: dict[int, object] = {}

    def __call__(self, model: str, diagnostics: Iterable[Diagnostic]) -> None:
        """Log changes of a request, as warnings, unless their codes were logged for this model.

        Args:
            model: Model id.
            diagnostics: What the compiler noted; those of severity ``info`` are left out.
        """
        warnings = [item for item in diagnostics if item.severity == "warning"]
        # All of one request: two parameters that were dropped have one code.
        new = {code for code in {item.code for item in warnings} if self.first(model, code)}
        for item in warnings:
            if item.code in new:
                logger.warning("%s: %s", model, item)

    def first(self, *what: str) -> bool:
        """Whether this was never asked before."""
        if len(self._said) >= self._limit:
            self._said = {}
        mine = object()
        return self._said.setdefault(hash(what), mine) is mine  # one step, so that threads need no lock

    def forget(self) -> None:
        """Start anew, as tests do."""
        self._said = {}


announce: Final = Announcer()
"""For what has no client: once a process."""
