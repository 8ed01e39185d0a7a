"""What a message or delta of Chat Completions says: text, or a list of parts as some servers send it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from smartllm.compiler.dialects.reading import ShapeError, objects, optional_text, text

_TEXT: Final = frozenset({"text", "output_text"})
_THINKING: Final = frozenset({"thinking", "reasoning"})
# Mistral: thinking holds parts; Databricks: reasoning holds a summary of parts.
_THOUGHTS: Final = ("thinking", "reasoning", "summary", "text")


class Content(NamedTuple):
    """What a message's ``content`` says."""

    text: str = ""
    thinking: str = ""
    refusal: str = ""


def content_of(content: Any) -> Content:
    """Read ``content``: null, text, or a list of parts.

    Raises:
        ShapeError: It is something else, or holds a part of an unknown kind.
    """
    if content is None:
        return Content()
    if not isinstance(content, list):
        return Content(text(content, "content"))
    texts: dict[str, list[str]] = {"text": [], "thinking": [], "refusal": []}
    for part in objects(content, "content"):
        kind = text(part.get("type"), "content.type")
        if kind in _TEXT:
            texts["text"].append(text(part.get("text"), "content.text"))
        elif kind == "refusal":
            texts["refusal"].append(text(part.get("refusal"), "content.refusal"))
        elif kind in _THINKING:
            texts["thinking"].append(_thought(part))
        else:
            raise ShapeError(part, f"a part of content with the type {kind!r}", "text, thinking or a refusal")
    return Content(*map("".join, texts.values()))


def thinking_of(message: Mapping[str, Any]) -> str:
    """The reasoning beside the content, under the name that the server uses.

    Raises:
        ShapeError: It is no text.
    """
    thought = optional_text(message.get("reasoning_content"), "reasoning_content")
    return thought or optional_text(message.get("reasoning"), "reasoning") or ""


def says_something(message: Mapping[str, Any]) -> bool:
    """Whether a message holds anything: a text, if only an empty one, a call, a refusal, reasoning, audio."""
    return isinstance(message.get("content"), str) or any(
        value for field, value in message.items() if field != "role"
    )


def _thought(part: Mapping[str, Any]) -> str:
    place = next((field for field in _THOUGHTS if field in part), "thinking")
    given = part.get(place)
    if isinstance(given, str):
        return given
    inner = objects(given, f"content.{place}")
    return "".join(text(item.get("text"), f"content.{place}.text") for item in inner)
