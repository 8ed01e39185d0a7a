"""The structure of a streamed answer while it is written: read when somebody looks, in little time."""

from __future__ import annotations

import re
import time
from typing import Any, Final

from pydantic_core import from_json

from smartllm.compiler import Plan
from smartllm.compiler.formats import Format, format_of
from smartllm.compiler.intent import OutputPlan
from smartllm.compiler.schema.answers.restore import Reader
from smartllm.request import MessageRequest, TextRequest

_SMALL: Final = 1024
"""Characters that are read for each piece, since that takes next to nothing."""
_SHARE: Final = 4
"""What is longer is read again after so many times the time that reading it took."""
_BEFORE: Final = re.compile(r"\ufeff?\s*(?:```\w*\s*)?")
"""What may stand before a structure."""


class Known:
    """A structure that is known.

    Attributes:
        value: The object.
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


class _Reader(Reader):
    """Reads JSON within texts that break off, too."""

    def parsed(self, text: str) -> Any:
        try:
            return _read(text)
        except (ValueError, RecursionError):
            return text


def _read(text: str) -> Any:
    """The value of JSON that may break off.

    Raises:
        ValueError: It is none.
    """
    return from_json(text, allow_inf_nan=False, allow_partial="trailing-strings")


class Growing:
    """The structure of one answer, piece by piece.

    Attributes:
        looked_at: Somebody has seen some of it.

    Args:
        output: How the answer is bound, with the schema as sent.
        wanted: What it is to be.
        context: What validators get as ``info.context``.
    """

    def __init__(self, output: OutputPlan, wanted: Format, context: Any) -> None:
        self._output, self._wanted, self._context = output, wanted, context
        self._pieces: list[str] = []
        self._call: int | None = None
        self._read = 0
        self._value: Any = None
        self._due = 0.0
        self.looked_at = False

    def text(self, piece: str) -> None:
        """Take a piece of the answer's text; it counts until a call begins, where none is forced."""
        if self._call is None and self._output.strategy != "tool":
            self._pieces.append(piece)

    def called(self, index: int, piece: str) -> None:
        """Take a piece of what a call of our tool is made with; the first call counts."""
        if self._call is None:
            self._call, self._pieces, self._read, self._value = index, [], 0, None
        if index == self._call:
            self._pieces.append(piece)

    def so_far(self) -> Point:
        """The structure up to here."""
        return Point(self, self._pieces, len(self._pieces))

    def value(self, pieces: list[str], count: int) -> Any:
        """The structure up to so many pieces, or that of fewer where it was read just now.

        Args:
            pieces: The pieces.
            count: How many of them.
        """
        self.looked_at = True
        if pieces is not self._pieces or count < self._read:  # somebody looks back
            return self._of("".join(pieces[:count]))
        if count == self._read:
            return self._value
        began = time.monotonic()
        if began < self._due:
            return self._value
        text = "".join(pieces[:count])
        found = self._of(text)
        if found is not None:
            self._value = found
        self._read = count
        now = time.monotonic()
        self._due = now + _SHARE * (now - began) if len(text) > _SMALL else 0.0
        return self._value

    def _of(self, text: str) -> Any:
        """What a text holds that breaks off; None where that is nothing."""
        begin = _BEFORE.match(text)
        assert begin is not None
        if text[begin.end() : begin.end() + 1] not in {"{", "["}:  # what is sent for is an object
            return None
        assert self._output.lowered is not None
        try:
            data = _read(text[begin.end() :])
            if self._output.lowered.wrapped and data == {}:  # what it wraps has not come
                return None
            data = _Reader(partial=True).whole(data, self._output.lowered, self._output.properties)
        except (ValueError, RecursionError):
            return None
        return self._wanted.partial(data, self._context)


class Point:
    """The structure of an answer up to one of its pieces; read when somebody looks, it stays."""

    __slots__ = ("_count", "_growing", "_known", "_pieces")

    def __init__(self, growing: Growing, pieces: list[str], count: int) -> None:
        self._growing: Growing | None = growing
        self._pieces, self._count = pieces, count
        self._known: Any = None

    @property
    def value(self) -> Any:
        """The object; None while there is nothing of it."""
        growing = self._growing
        if growing is not None:
            self._known = growing.value(self._pieces, self._count)
            self._growing, self._pieces = None, []
        return self._known

    def __reduce__(self) -> tuple[type[Known], tuple[Any]]:
        """Copies and pickles have the object."""
        return Known, (self.value,)


def growing(plan: Plan, request: TextRequest[Any] | MessageRequest[Any]) -> Growing | None:
    """What tells the structure of a plan's first answer while it comes; None where it is to hold none."""
    output = plan.steps[0].output
    if request.response_format is None or output is None or output.lowered is None:
        return None
    return Growing(output, format_of(request.response_format), request.validation_context)
