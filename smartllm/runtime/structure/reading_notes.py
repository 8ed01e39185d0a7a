"""What a caller should know of how a structured answer was read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from smartllm.compiler.schema.keywords import pointer
from smartllm.diagnostics import Diagnostic, Origin

_ANSWER: Final = Origin("derived", "response")
_MARKUP: Final = re.compile(r"<\\?/?(?:antml:)?(?:parameter|invoke|function_calls|tool_call)\b[^<>]{0,200}>")
"""Tags in which models write calls; a slash may be escaped in JSON."""
_MOST: Final = 5


def answer_read(read: Sequence[str]) -> tuple[Diagnostic, ...]:
    """The note on what was read tolerantly."""
    if not read:
        return ()
    reason = f"The answer was not what was asked for to the letter, and was read so: {'; '.join(read)}."
    return (_note("answer-read", "info", "changed", list(read), reason),)


def leaked(text: str, data: Any) -> tuple[Diagnostic, ...]:
    """The note on texts that hold the markup of a call, behind which other properties may have vanished.

    Args:
        text: The answer as JSON, which is quick to search.
        data: The same, parsed.
    """
    if _MARKUP.search(text) is None:
        return ()
    places = [place for place, value in _texts(data) if _MARKUP.search(value)]
    shown = ", ".join(place or "the root" for place in places[:_MOST])
    reason = f"A text holds markup of a call, so what should stand behind it may be missing: {shown}."
    return (_note("markup-leaked", "warning", "noted", places[:_MOST], reason),) if places else ()


def unchecked(left: Sequence[str]) -> tuple[Diagnostic, ...]:
    """The note on what of the caller's schema could not be checked."""
    if not left:
        return ()
    reason = f"The answer was not checked against all of the schema; left out: {', '.join(left[:_MOST])}."
    return (_note("answer-unchecked", "warning", "ignored", list(left[:_MOST]), reason),)


def _texts(data: Any) -> Iterator[tuple[str, str]]:
    left: list[tuple[str, Any]] = [("", data)]
    while left:
        place, value = left.pop()
        if isinstance(value, str):
            yield place, value
        elif isinstance(value, dict):
            left += [(place + pointer(name), inner) for name, inner in reversed(value.items())]
        elif isinstance(value, list):
            left += [(place + pointer(index), inner) for index, inner in reversed([*enumerate(value)])]


def _note(code: str, severity: Any, action: Any, asked: Any, reason: str) -> Diagnostic:
    return Diagnostic(code, severity, "response_format", action, asked, None, reason, _ANSWER)
