"""Errors about answers that are not the structure that was asked for; what was paid for stays with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartllm.errors import BadRequestError, ResponseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartllm.response import TextResponse


class StructureError(ResponseError, ValueError):
    """An answer cannot be read as what ``response_format`` asks for.

    Attributes:
        text: What was to be read, as the model wrote it: a text, or the JSON text of a tool's input.
        response: The whole answer without its ``structured_data``: text, parts, usage, request id, cost.
    """

    def __init__(
        self,
        message: str,
        *,
        model: str,
        text: str = "",
        response: TextResponse[Any] | None = None,
        **about: Any,
    ) -> None:
        super().__init__(message, model=model, **about)
        self.text = text
        self.response = response

    @property
    def tries(self) -> tuple[dict[str, Any], ...]:
        """The answers before this one that did not fit either: tokens, request ids, errors."""
        return () if self.response is None else tuple(self.response.metadata.get("tries", ()))


class SchemaMismatchError(StructureError):
    """The answer is JSON, but does not fit the JSON Schema that was given.

    Attributes:
        faults: Where it does not, and what is wrong there, up to 20; empty where it is no fault of a place.
    """

    def __init__(
        self, message: str, *, model: str, faults: Sequence[tuple[str, str]] = (), **about: Any
    ) -> None:
        super().__init__(message, model=model, **about)
        self.faults = tuple(faults)


class FormatUnsupportedError(BadRequestError):
    """The provider has no schema mode of its own for the model here; told by codes, fields or known words.

    Where a tool can take the place of the mode nobody meets it: the call is made again, once, with the tool.
    """
