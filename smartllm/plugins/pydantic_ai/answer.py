"""An answer of SmartLLM as an agent's."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from pydantic_ai import messages as theirs
from pydantic_ai.usage import RequestUsage

from smartllm.content import Audio, Image, Reasoning, Text, ToolCall
from smartllm.diagnostics import Diagnostic
from smartllm.errors import ProviderError, RefusalError
from smartllm.plugins.kept import KEY, kept_turn
from smartllm.response import TextResponse
from smartllm.structure_errors import StructureError

_ENDS: Final[dict[str | None, theirs.FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_call",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "error": "error",
}


def parts_of(answer: TextResponse[Any], *, bound: bool) -> list[theirs.ModelResponsePart]:
    """The parts of an answer.

    Args:
        answer: The whole answer.
        bound: It was bound to a schema: its text is the structure's.
    """
    found: list[theirs.ModelResponsePart] = []
    names = {call.id for call in answer.tool_calls}
    for part in answer.parts:
        if isinstance(part, Reasoning):
            if part.text:
                found.append(theirs.ThinkingPart(part.text))
        elif isinstance(part, Text):
            if part.text and not bound:
                found.append(theirs.TextPart(part.text))
        elif isinstance(part, ToolCall):
            if part.id in names:
                found.append(call_of(part))
        elif isinstance(part, (Image, Audio)) and part.data is not None:
            kind = part.media_type or ("image/png" if part.type == "image" else "audio/wav")
            content = theirs.BinaryContent(part.data, media_type=kind)
            found.append(theirs.FilePart(content))
    if bound and answer.text:
        found.append(theirs.TextPart(answer.text))
    return found


def call_of(call: ToolCall) -> theirs.ToolCallPart:
    """A call; arguments that are no object are the text that the model wrote, which the agent refuses."""
    return theirs.ToolCallPart(call.name, call.arguments, call.id)


def usage_of(answer: TextResponse[Any]) -> RequestUsage:
    """What an answer used: nothing where it was kept."""
    if answer.cache_source != "miss":
        return RequestUsage()
    details = {"reasoning_tokens": answer.reasoning_tokens} if answer.reasoning_tokens else {}
    return RequestUsage(
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        cache_read_tokens=answer.cached_tokens,
        cache_write_tokens=answer.cache_write_tokens,
        details=details,
    )


def finish_of(answer: TextResponse[Any]) -> theirs.FinishReason | None:
    """Why an answer ended."""
    return _ENDS.get(answer.finish_reason)


def details_of(answer: TextResponse[Any], said: str) -> dict[str, Any]:
    """What agents keep of an answer without reading it: its turn among it, with reasoning and signatures."""
    found: dict[str, Any] = {"finish_reason": answer.stop_reason}
    if answer.refusal:
        found["refusal"] = answer.refusal
    if answer.cache_source != "miss":
        found["cache"] = answer.cache_source
    turn = kept_turn(answer, said)
    if turn is not None:
        found[KEY] = turn
    return found


def response_of(answer: TextResponse[Any], *, provider: str, bound: bool) -> theirs.ModelResponse:
    """The whole answer."""
    parts = parts_of(answer, bound=bound)
    said = "".join(part.content for part in parts if isinstance(part, theirs.TextPart))
    return theirs.ModelResponse(
        parts,
        usage=usage_of(answer),
        model_name=answer.model,
        provider_name=provider,
        provider_response_id=answer.request_id,
        finish_reason=finish_of(answer),
        provider_details=details_of(answer, said),
    )


def unbound(answer: TextResponse[Any], error: ProviderError) -> TextResponse[Any]:
    """An answer that is not the structure that was asked for, with what was said in place of it.

    Args:
        answer: What was paid for.
        error: Why it is none.
    """
    if isinstance(error, RefusalError):
        return replace(answer, text="", refusal=error.refusal, finish_reason="refusal")
    text = error.text if isinstance(error, StructureError) else error.partial_text
    return replace(answer, text=text or answer.text)


def tell(diagnostics: Iterable[Diagnostic]) -> None:
    """Warn of wishes that were not met as they were written."""
    for one in diagnostics:
        if one.severity == "warning":
            warnings.warn(str(one), UserWarning, stacklevel=2)
