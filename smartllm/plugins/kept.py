"""Turns that others keep for us, with what is in an answer beside its texts and calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from smartllm.content import Text, ToolCall
from smartllm.request import Message
from smartllm.response import TextResponse

KEY: Final = "smartllm"
"""Where others' records hold what only SmartLLM reads."""


def kept_turn(answer: TextResponse[Any], said: str) -> dict[str, Any] | None:
    """An answer as JSON-ready data, or None where its text and calls say all that can go back.

    Args:
        answer: The whole answer.
        said: Its text as it was given to the other side.
    """
    try:
        turn = answer.as_message()
    except ValidationError:  # there is nothing that can go back
        return None
    parts = [] if isinstance(turn.content, str) else turn.content
    if turn.reasoning is None and all(map(_is_plain, parts)):
        return None
    calls = [call.id for call in answer.tool_calls]
    return {"turn": turn.model_dump(mode="json"), "text": said, "calls": calls}


def restored(kept: Any, said: str, calls: list[str]) -> Message | None:
    """The turn that was kept; None where there is none, or where it or its words were changed since.

    Args:
        kept: What ``kept_turn`` gave.
        said: The text as it is now.
        calls: Ids of the calls as they are now.
    """
    if not isinstance(kept, Mapping) or (kept.get("text"), kept.get("calls")) != (said, calls):
        return None
    try:
        return Message.model_validate(kept.get("turn"))
    except ValidationError:  # others keep it, and may have changed it, or read it from an older version
        return None


def _is_plain(part: Any) -> bool:
    return isinstance(part, (str, ToolCall)) or (isinstance(part, Text) and not part.citations)
