"""What responses and the chunks of streams are made from, as far as they know it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from smartllm.content import Other, Part
from smartllm.usage import Usage


class StepAnswer(Protocol):
    """What the provider answered to one step; callers that wait for one answer share it."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it says."""
        ...

    @property
    def usage(self) -> Usage:
        """Its token counts."""
        ...

    @property
    def raw(self) -> Mapping[str, Any]:
        """Its JSON."""
        ...

    @property
    def pictures(self) -> tuple[Other, ...]:
        """Its pictures as they go back in a later turn."""
        ...


class SoFar(Protocol):
    """The structure of an answer up to one of its pieces."""

    @property
    def value(self) -> Any:
        """The object; None while there is nothing of it."""
        ...
