"""Claude's Messages, and how they come on Bedrock InvokeModel: JSON bodies and stream frames."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from .answer import JSON, THOUGHT, Answer, Asked, pieces_of, schema_or_none, split
from .eventstream import event_frame, exception_frame
from .signature import signature

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_PADDING = "abcdefgh"
_BEDROCK: Final = "_bdrk"


def read(body: JSON, model: str) -> Asked:
    """Read a request body."""
    choice = body.get("tool_choice") or {}
    form = (body.get("output_config") or {}).get("format") or body.get("output_format")
    return Asked(
        body=body,
        model=model or str(body.get("model", "")),
        tools={tool["name"]: tool.get("input_schema") or {} for tool in body.get("tools") or []},
        forced=choice.get("type") in {"any", "tool"},
        forced_tool=choice.get("name"),
        schema=schema_or_none(form),
        thinking=default_thinking(body.get("thinking")),
    )


def default_thinking(thinking: Any) -> str | None:
    """Return the reasoning text that a Claude ``thinking`` object asks for."""
    if not isinstance(thinking, dict) or thinking.get("type") not in {"enabled", "adaptive"}:
        return None
    return "" if thinking.get("display") == "omitted" else THOUGHT


def whole(answer: Answer) -> JSON:
    """Build the body of an answer that is not streamed."""
    return {**message(answer, _BEDROCK), **_guarded(answer)}


def message(answer: Answer, mark: str = "") -> JSON:
    """The answer as a message.

    Args:
        answer: It.
        mark: What the ids of a host have behind their first word.
    """
    return {
        "id": answer.id(f"msg{mark}"),
        "type": "message",
        "role": "assistant",
        "model": answer.asked.model,
        "content": _content(answer, f"toolu{mark}"),
        **_ending(answer),
        "usage": answer.usage(_usage(answer)),
    }


def frames(answer: Answer) -> list[bytes]:
    """Build the frames of a streamed answer."""
    return [_chunk(event) for event in _bedrock_events(answer)]


def error_frame(error: Mapping[str, Any], _answer: Answer, _position: int) -> bytes:
    """Build the frame of an exception inside a stream."""
    payload = {key: value for key, value in error.items() if key != "type"}
    return exception_frame(str(error.get("type", "internalServerException")), payload)


def _chunk(event: JSON) -> bytes:
    encoded = base64.b64encode(json.dumps(event).encode()).decode()
    return event_frame("chunk", {"bytes": encoded, "p": _PADDING})


def _content(answer: Answer, calls: str) -> list[JSON]:
    content: list[JSON] = []
    if answer.thinking is not None:
        signed = signature(answer.asked.body, answer.thinking)
        content.append({"type": "thinking", "thinking": answer.thinking, "signature": signed})
    if answer.text:
        content.append({"type": "text", "text": answer.text})
    for index, call in enumerate(answer.calls):
        tool = {"id": answer.call_id(calls, index), "name": call.name, "input": call.input}
        content.append({"type": "tool_use", **tool})
    return content


def _ending(answer: Answer) -> JSON:
    ended = "end_turn" if answer.stopped is None else "stop_sequence"
    default = "tool_use" if answer.calls else ended
    reason = answer.stop_reason or ("refusal" if answer.refusal is not None else default)
    stop = answer.stopped or next(iter(answer.asked.stops), None)
    ending: JSON = {
        "stop_reason": reason,
        "stop_sequence": stop if reason == "stop_sequence" else None,
    }
    if answer.refusal is not None:
        ending["stop_details"] = {"type": "refusal", "category": None, "explanation": answer.refusal}
    return ending


def _guarded(answer: Answer) -> JSON:
    """What Bedrock adds to the answer where a guardrail checked it."""
    headers = answer.asked.headers
    name = headers.get("x-amzn-bedrock-guardrailidentifier")
    if name is None:
        return {}
    action = "INTERVENED" if answer.stop_reason == "guardrail_intervened" else "NONE"
    guarded: JSON = {"amazon-bedrock-guardrailAction": action}
    if headers.get("x-amzn-bedrock-trace", "DISABLED") != "DISABLED":
        guarded["amazon-bedrock-trace"] = {"guardrail": guardrail_trace(name)}
    return guarded


def guardrail_trace(name: str) -> JSON:
    """What a guardrail tells of its checks."""
    checked = {
        "guardrailProcessingLatency": 1,
        "guardrailCoverage": {"textCharacters": {"guarded": 1, "total": 1}},
    }
    return {"inputAssessment": {name: {"invocationMetrics": checked}}, "actionReason": "No action."}


def _usage(answer: Answer) -> JSON:
    counts = answer.counts
    usage: JSON = {
        "input_tokens": counts.input,
        "cache_creation_input_tokens": counts.written,
        "cache_read_input_tokens": counts.cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counts.written - counts.written_1h,
            "ephemeral_1h_input_tokens": counts.written_1h,
        },
        "output_tokens": counts.output,
    }
    if counts.thinking:
        usage["output_tokens_details"] = {"thinking_tokens": counts.thinking}
    return usage


def _bedrock_events(answer: Answer) -> Iterator[JSON]:
    yield from events(answer, message(answer, _BEDROCK))
    stop: JSON = {"type": "message_stop", **_guarded(answer)}
    usage = answer.usage(_usage(answer))
    if usage is not None:
        stop["amazon-bedrock-invocationMetrics"] = _metrics(usage)
    yield stop


def events(answer: Answer, whole: JSON) -> Iterator[JSON]:
    """The events of a streamed message up to its end, which hosts tell in ways of their own.

    Args:
        answer: The answer.
        whole: It as a message.
    """
    usage = whole["usage"]
    opening = {**whole, "content": [], "stop_reason": None, "stop_sequence": None}
    opening.pop("stop_details", None)
    if usage is not None:
        early = {key: value for key, value in usage.items() if key != "output_tokens_details"}
        opening["usage"] = {**early, "output_tokens": 1}
    yield {"type": "message_start", "message": opening}
    texts = iter([call.arguments for call in answer.calls])
    for index, block in enumerate(whole["content"]):
        start = {"type": "content_block_start", "index": index, "content_block": _emptied(block)}
        yield start
        if index == 0:
            yield {"type": "ping"}
        for delta in _deltas(answer, block, texts):
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_delta", "delta": _ending(answer), "usage": usage}


def _emptied(block: JSON) -> JSON:
    blank: dict[str, JSON] = {
        "thinking": {"thinking": "", "signature": ""},
        "text": {"text": ""},
        "tool_use": {"input": {}},
    }
    return {**block, **blank[block["type"]]}


def _deltas(answer: Answer, block: JSON, arguments: Iterator[str]) -> Iterator[JSON]:
    if block["type"] == "thinking":
        for piece in split(block["thinking"]):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "text":
        for piece in answer.pieces:
            yield {"type": "text_delta", "text": piece}
    else:
        for piece in ("", *pieces_of(next(arguments))):
            yield {"type": "input_json_delta", "partial_json": piece}


def _metrics(usage: JSON) -> JSON:
    return {
        "inputTokenCount": usage["input_tokens"],
        "outputTokenCount": usage["output_tokens"],
        "invocationLatency": 2,
        "firstByteLatency": 1,
        "cacheReadInputTokenCount": usage["cache_read_input_tokens"],
        "cacheWriteInputTokenCount": usage["cache_creation_input_tokens"],
    }
