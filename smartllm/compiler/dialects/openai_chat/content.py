"""What a message of Chat Completions says, in the several ways in which servers spell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.compiler.dialects.media_read import audio
from smartllm.compiler.dialects.reading import (
    arguments,
    called_with,
    list_of_objects,
    objects,
    optional_object,
    optional_objects,
    optional_text,
    table,
    text,
    word,
)
from smartllm.content import Other, Part, Reasoning, Refusal, Text, ToolCall

_WIRE: Final = "openai_chat"
THOUGHTS: Final = ("reasoning_content", "reasoning", "reasoning_text")
"""Where servers show reasoning beside the content; the first one that is there counts."""
READ: Final = frozenset({"role", "content", "refusal", "tool_calls", "function_call", *THOUGHTS})
"""What is read of a message; the rest, such as annotations, is kept as it comes."""
_BESIDE: Final = READ | {"annotations", "reasoning_details"}
TEXT: Final = frozenset({"text", "output_text"})
"""Types of parts that are text."""
THINKING: Final = frozenset({"thinking", "reasoning"})
"""Types of parts that are reasoning."""
# Mistral: thinking holds parts; Databricks: reasoning holds a summary of parts.
_INSIDE: Final = ("thinking", "reasoning", "summary", "text")


def parts_of(message: Mapping[str, Any]) -> tuple[Part, ...]:
    """The parts of a message, in the order in which they are said; what sound says is its text.

    Raises:
        ShapeError: A value is of another type than the wire promises.
    """
    parts: list[Part] = []
    thought, details = thinking_of(message), list_of_objects(message.get("reasoning_details"))
    if thought or details:
        parts.append(Reasoning(blocks=[dict(block) for block in details], text=thought))
    said = content_parts(message.get("content"))
    annotations = list_of_objects(message.get("annotations"))
    sound = table(message.get("audio"))
    if not any(isinstance(part, Text) for part in said):
        said += content_parts(optional_text(sound.get("transcript"), "audio.transcript"))
    spoken = audio(sound.get("data"))
    parts += _cited(said, annotations) if annotations else said
    if spoken is not None:
        parts.append(spoken)
    if refusal := optional_text(message.get("refusal"), "message.refusal"):
        parts.append(Refusal(refusal))
    parts += _calls(message)
    known = _BESIDE if spoken is None else _BESIDE | {"audio"}
    beside = ((name, value) for name, value in message.items() if name not in known)
    return (*parts, *(Other({name: value}, name, _WIRE) for name, value in beside if _holds_anything(value)))


def content_parts(content: Any) -> list[Part]:
    """Read ``content``: null, text, or a list of parts; neighbours of one kind are one part.

    Raises:
        ShapeError: It is something else, or a part that is known is not what the wire promises.
    """
    if content is None:
        return []
    if not isinstance(content, list):
        return [Text(content)] if text(content, "content") else []
    parts: list[Part] = []
    for part in map(_part, objects(content, "content")):
        last = parts[-1] if parts else None
        if isinstance(part, Other) or type(last) is not type(part):
            parts.append(part)
        else:
            parts[-1] = _joined(last, part)
    return [part for part in parts if isinstance(part, Other) or part.text]  # type: ignore[union-attr]


def content_text(content: Any) -> str:
    """The text of ``content``.

    Raises:
        ShapeError: As ``content_parts``.
    """
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.text for part in content_parts(content) if isinstance(part, Text))


def thinking_of(message: Mapping[str, Any]) -> str:
    """The reasoning beside the content, under the name that the server uses.

    Raises:
        ShapeError: It is no text.
    """
    return next(filter(None, (optional_text(message.get(name), name) for name in THOUGHTS)), None) or ""


def says_something(message: Mapping[str, Any]) -> bool:
    """Whether a message holds anything: a text, if only an empty one, a call, a refusal, reasoning, audio."""
    return isinstance(message.get("content"), str) or any(
        value for field, value in message.items() if field != "role"
    )


def _part(part: Mapping[str, Any]) -> Text | Reasoning | Refusal | Other:
    kind = text(part.get("type"), "content.type")
    if kind in TEXT:
        return Text(text(part.get("text"), "content.text"), tuple(list_of_objects(part.get("annotations"))))
    if kind == "refusal":
        return Refusal(text(part.get("refusal"), "content.refusal"))
    if kind in THINKING:
        return Reasoning(text=_thought(part))
    return Other(part, kind, _WIRE)


def _joined(first: Any, second: Any) -> Part:
    """Two neighbours of one kind."""
    if isinstance(first, Text):
        return Text(first.text + second.text, first.citations + second.citations)
    if isinstance(first, Reasoning):
        return Reasoning(text=first.text + second.text)
    return Refusal(first.text + second.text)


def _thought(part: Mapping[str, Any]) -> str:
    place = next((field for field in _INSIDE if field in part), "thinking")
    given = part.get(place)
    if isinstance(given, str):
        return given
    inner = objects(given, f"content.{place}")
    return "".join(text(item.get("text"), f"content.{place}.text") for item in inner)


def _cited(said: list[Part], annotations: list[Mapping[str, Any]]) -> list[Part]:
    """The parts with what the message cites at its last text."""
    for place in range(len(said) - 1, -1, -1):
        part = said[place]
        if isinstance(part, Text):
            said[place] = Text(part.text, part.citations + tuple(annotations))
            return said
    return [*said, Other({"annotations": annotations}, "annotations", _WIRE)]


def _calls(message: Mapping[str, Any]) -> Iterator[ToolCall]:
    """The calls of a message; of a function, as older servers spell one, where there are no others."""
    calls = optional_objects(message.get("tool_calls"), "message.tool_calls")
    for call in calls:
        given_id = word(call.get("id")) or ""
        if call.get("type") == "custom":
            custom = optional_object(call.get("custom"), "tool_calls.custom")
            name = optional_text(custom.get("name"), "custom.name") or ""
            text_given = optional_text(custom.get("input"), "custom.input") or ""
            yield ToolCall(given_id, name, text_given, custom=True)
        else:
            yield _function(given_id, optional_object(call.get("function"), "tool_calls.function"))
    older = optional_object(message.get("function_call"), "message.function_call")
    # Some servers send the older field with empty names.
    if not calls and older.get("name"):
        yield _function("", older)


def _function(given_id: str, function: Mapping[str, Any]) -> ToolCall:
    given = function.get("arguments")
    # Some leave them out where there are none.
    found = {} if given is None else called_with(arguments(given, "function.arguments"))
    return ToolCall(given_id, optional_text(function.get("name"), "function.name") or "", found)


def _holds_anything(value: Any) -> bool:
    """Whether a field that is not read may say something: an object or a list that is not only empty."""
    if isinstance(value, Mapping):
        return any(value.values())
    return isinstance(value, list) and bool(value)
