"""A prompt of ``llm`` as a request: its messages, schema and tools in SmartLLM's words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

import llm
from llm.parts import AttachmentPart, Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart

from smartllm.content import Audio, Document, Image, Media, Reasoning, ToolCall, ToolResult, Video
from smartllm.errors import UnsupportedError
from smartllm.media.types import spelled
from smartllm.plugins.kept import KEY, restored
from smartllm.plugins.llm.options import said
from smartllm.request import Message, MessageRequest, SystemMessage
from smartllm.tools import Tool

if TYPE_CHECKING:
    from llm.models import Prompt

_KINDS: Final[dict[str, type[Image | Audio | Video]]] = {
    "image": Image,
    "audio": Audio,
    "video": Video,
}


def request_of(prompt: Prompt, model: str | None) -> MessageRequest[Any]:
    """The request that a prompt is.

    Args:
        prompt: With all turns before it.
        model: The id to call, unless an option names another one.

    Raises:
        UnsupportedError: It holds what cannot be said here.
        pydantic.ValidationError: (a ``ValueError``) a field of it is unusable.
    """
    messages = list(prompt.messages)
    system = prompt.system
    if messages and messages[0].role == "system":
        first = messages.pop(0)
        system = system or _text(first.parts)
    given: dict[str, Any] = {"model": model, "system_prompt": system or None, **said(prompt.options)}
    if prompt.schema:
        given["response_format"] = prompt.schema
    if prompt.tools:
        given["tools"] = [_tool(tool) for tool in prompt.tools]
    turns = list(_turns(messages))
    if not turns:
        raise UnsupportedError(
            "there is no prompt: a text, an attachment or a result of a tool is needed", field="messages"
        )
    return MessageRequest(messages=turns, **given)


def _turns(messages: Iterable[Any]) -> Iterator[Message]:
    """The turns; what the user's side says in several messages in a row is one."""
    said: list[Any] = []
    for message in messages:
        if message.role in {"user", "tool"}:
            said += filter(None, map(_part, message.parts))
            continue
        if said:
            yield Message("user", said)
            said = []
        if message.role == "system":
            yield SystemMessage(_text(message.parts))
        elif (turn := _answer(message.parts)) is not None:
            yield turn
    if said:
        yield Message("user", said)


def _answer(parts: Iterable[Part]) -> Message | None:
    """The assistant's turn: as SmartLLM kept it, unless its text or calls were changed since."""
    parts = list(parts)
    for part in parts:
        kept = (getattr(part, "provider_metadata", None) or {}).get(KEY)
        if (turn := restored(kept, _text(parts), _called(parts))) is not None:
            return turn
    content = [found for found in map(_part, parts) if found is not None]
    return Message("assistant", content) if content else None


def _called(parts: Iterable[Part]) -> list[str]:
    return [part.tool_call_id or "" for part in parts if isinstance(part, ToolCallPart)]


def _text(parts: Iterable[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, TextPart))


def _part(part: Part) -> Any:
    """A part in our words; None for one that says nothing."""
    if isinstance(part, TextPart):
        return part.text or None
    if isinstance(part, AttachmentPart):
        return None if part.attachment is None else media_of(part.attachment)
    if isinstance(part, ReasoningPart):
        # Another model's; the compiler leaves it out, and says so.
        return Reasoning(text=part.text) if part.text else None
    if isinstance(part, ToolCallPart) and not part.server_executed:
        return ToolCall(part.tool_call_id or "", part.name, part.arguments)
    if isinstance(part, ToolResultPart) and not part.server_executed:
        media = [media_of(one) for one in part.attachments]
        content = [*([part.output] if part.output else []), *media] if media else part.output
        return ToolResult(part.tool_call_id or "", content, error=part.exception is not None)
    name = getattr(part, "name", type(part).__name__)
    raise UnsupportedError(
        f"messages: {name} was run by another provider, whose words SmartLLM cannot say",
        field="messages",
        hint="start a new conversation",
    )


def media_of(attachment: llm.Attachment) -> Media:
    """The part that an attachment is."""
    media_type = spelled(attachment.resolve_type() or "")  # type: ignore[no-untyped-call]
    source: dict[str, Any] = {"url": attachment.url}
    if attachment.content:
        source = {"data": attachment.content}
    elif attachment.path:
        source = {"path": attachment.path}
    kind = _KINDS.get(media_type.partition("/")[0], Document)
    return kind(**source, media_type=media_type or None)


def _tool(tool: llm.Tool | llm.ServerSideTool) -> Tool | dict[str, Any]:
    if isinstance(tool, llm.Tool):
        schema = json.loads(json.dumps(tool.input_schema))
        return Tool(tool.name, tool.description or "", schema or None)
    spec: dict[str, Any] = tool.tool_spec(None)
    return spec
