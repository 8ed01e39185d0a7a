"""What was asked and answered, as OpenTelemetry's conventions for generative AI write messages and tools.

github.com/open-telemetry/semantic-conventions-genai, docs/gen-ai, 2026-11-26.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from smartllm.content import (
    CachePoint,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
    described,
    parts_of,
    text_of,
)
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.observe.sent import finish_word
from smartllm.tools import Tool

JSON = dict[str, Any]


def input_messages(request: TextRequest[Any] | MessageRequest[Any]) -> str:
    """The turns of a request; results of tools are messages of their own."""
    if isinstance(request, TextRequest):
        return _text([_message("user", parts_of(request.prompt))])
    told: list[JSON] = []
    for turn in request.messages:
        parts = parts_of(turn.content)
        results = [part for part in parts if isinstance(part, ToolResult)]
        others = [part for part in parts if not isinstance(part, ToolResult)]
        if results:
            told.append(_message("tool", results))
        if others or not results:
            told.append(_message(turn.role, others))
    return _text(told)


def system_instructions(text: str) -> str:
    """The system text."""
    return _text([_part(Text(text))])


def output_messages(response: TextResponse[Any]) -> str:
    """The answer; a structure is a text behind the words that came with it, on every wire."""
    asked = "response_format" in response.metadata
    bound = response.structured_data is not None or (asked and not response.tool_calls)
    parts = _with_structure(response) if bound else response.parts or [Text(response.text)]
    return _text(
        [
            _message("assistant", parts)
            | {"finish_reason": finish_word(response.finish_reason, response.stop_reason)}
        ]
    )


def _with_structure(response: TextResponse[Any]) -> list[Part]:
    # What binds an answer to a schema may be a call of ours, which is nothing that the caller asked for.
    calls = [part for part in response.parts if isinstance(part, ToolCall)]
    own = [call for call in calls if call not in response.tool_calls]
    apart = bool(own) or "pass2_tokens" in response.metadata
    kept = [
        part
        for part in response.parts
        if not isinstance(part, ToolCall) and (apart or not isinstance(part, Text))
    ]
    if not apart or response.structured_data is not None or response.text != text_of(response.parts):
        return [*kept, Text(response.text)]
    given = (call.arguments for call in own)  # which could not be read
    return [*kept, *(Text(one if isinstance(one, str) else _text(one)) for one in given)]


def tool_definitions(tools: Iterable[Any]) -> str:
    """The declared tools; a provider's own one as the caller wrote it."""
    declared = (tool for tool in tools if not isinstance(tool, CachePoint))
    return _text([_definition(tool) if isinstance(tool, Tool) else tool for tool in declared])


def _definition(tool: Tool) -> JSON:
    about = {"description": tool.description} if tool.description else {}
    return {"type": "function", "name": tool.name, **about, "parameters": tool.schema}


def _message(role: str, parts: Iterable[Part]) -> JSON:
    return {"role": role, "parts": [_part(part) for part in parts]}


def _part(part: Part) -> JSON:
    match part:
        case Text():
            return {"type": "text", "content": part.text}
        case Reasoning():
            return {"type": "reasoning", "content": part.text}
        case ToolCall():
            return {"type": "tool_call", "id": part.id, "name": part.name, "arguments": part.arguments}
        case ToolResult():
            said = described(part.content) if part.parts else part.content
            return {"type": "tool_call_response", "id": part.call_id, "response": said}
    (other,) = described([part])
    return _elsewhere(other) or other


def _elsewhere(part: JSON) -> JSON | None:
    """Media that lie at an address, or in a file of the provider's; None for all else."""
    for ours, kind, theirs in ("url", "uri", "uri"), ("s3", "uri", "uri"), ("file_id", "file", "file_id"):
        if ours in part:
            about = {"mime_type": part["media_type"]} if "media_type" in part else {}
            return {"type": kind, "modality": part["type"], theirs: part[ours], **about}
    return None


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
