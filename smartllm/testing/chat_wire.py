"""OpenAI Chat Completions: JSON bodies and stream frames."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .answer import CREATED_AT, JSON, Answer, Asked, schema_or_none, split, tier_of
from .likely import tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .calls import Call


def read(body: JSON, _model: str) -> Asked:
    """Read a request body."""
    tools = body.get("tools") or []
    functions = [tool["function"] for tool in tools if "function" in tool]
    forced, name = _forced(body.get("tool_choice"))
    return Asked(
        body=body,
        model=str(body.get("model", "")),
        tools={function["name"]: function.get("parameters") or {} for function in functions},
        forced=forced,
        forced_tool=name,
        schema=schema_or_none(body.get("response_format")),
        thinking="" if body.get("reasoning_effort") not in {None, "none"} else None,
        custom=[tool["custom"]["name"] for tool in tools if "custom" in tool],
    )


def whole(answer: Answer) -> JSON:
    """Build the body of an answer that is not streamed."""
    silent = not answer.text and (bool(answer.calls) or answer.refusal is not None)
    content = None if silent else answer.text
    message: JSON = {"role": "assistant", "content": content, "refusal": answer.refusal}
    if answer.thinking:
        message["reasoning_content"] = answer.thinking
    if answer.calls:
        message["tool_calls"] = [
            {**_begun(answer, index), _kind(call): {"name": call.name, _words(call): call.arguments}}
            for index, call in enumerate(answer.calls)
        ]
    choice = {
        "index": 0,
        "message": message,
        "logprobs": _likely(tokens(answer)),
        "finish_reason": _finish_reason(answer),
    }
    return {**_envelope(answer, "chat.completion"), "choices": [choice], "usage": _usage(answer)}


def frames(answer: Answer) -> list[bytes]:
    """Build the frames of a streamed answer."""
    return framed(chunks(answer))


def framed(found: Iterable[JSON]) -> list[bytes]:
    """The frames of chunks, and the one behind the last."""
    return [*map(_frame, found), b"data: [DONE]\n\n"]


def chunks(answer: Answer) -> list[JSON]:
    """The chunks of a streamed answer."""
    options = answer.asked.body.get("stream_options") or {}
    with_usage = bool(options.get("include_usage"))
    envelope = _envelope(answer, "chat.completion.chunk")
    if with_usage:
        envelope["usage"] = None
    likely = iter(tokens(answer))
    found: list[JSON] = []
    for delta in _deltas(answer):
        choice = _choice(delta, None)
        if delta.get("content") and (token := next(likely, None)):
            choice["logprobs"] = _likely([token])
        found.append({**envelope, "choices": [choice]})
    found.append({**envelope, "choices": [_choice({}, _finish_reason(answer))]})
    if with_usage:
        found.append({**envelope, "choices": [], "usage": _usage(answer)})
    return found


def error_frame(error: Mapping[str, Any], _answer: Answer, _position: int) -> bytes:
    """Build the frame of an error inside a stream."""
    if "error" in error:
        return _frame(error)
    return _frame({"error": {"type": "server_error", "param": None, "code": None, **error}})


def _frame(data: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(data)}\n\n".encode()


def _likely(found: list[JSON]) -> JSON | None:
    return {"content": found, "refusal": None} if found else None


def _choice(delta: JSON, finish_reason: str | None) -> JSON:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _deltas(answer: Answer) -> Iterator[JSON]:
    yield {"role": "assistant", "content": "" if answer.text else None, "refusal": None}
    for piece in split(answer.thinking or ""):
        yield {"reasoning_content": piece}
    for piece in answer.pieces:
        yield {"content": piece}
    for piece in split(answer.refusal or ""):
        yield {"refusal": piece}
    for index, call in enumerate(answer.calls):
        kind, words = _kind(call), _words(call)
        start = {"index": index, **_begun(answer, index), kind: {"name": call.name, words: ""}}
        yield {"tool_calls": [start]}
        for piece in split(call.arguments):
            yield {"tool_calls": [{"index": index, kind: {words: piece}}]}


def _begun(answer: Answer, index: int) -> JSON:
    return {"id": answer.call_id("call", index), "type": _kind(answer.calls[index])}


def _kind(call: Call) -> str:
    return "custom" if call.custom else "function"


def _words(call: Call) -> str:
    return "input" if call.custom else "arguments"


def _envelope(answer: Answer, kind: str) -> JSON:
    return {
        "id": answer.id("chatcmpl"),
        "object": kind,
        "created": CREATED_AT,
        "model": answer.asked.model,
        "service_tier": tier_of(answer),
        "system_fingerprint": "fp_loopback",
    }


def _finish_reason(answer: Answer) -> str:
    # The real wire says "stop", not "tool_calls", when a named function was forced.
    called = bool(answer.calls) and not (answer.asked.forced_tool and answer.asked.forced)
    return answer.stop_reason or ("tool_calls" if called else "stop")


def _usage(answer: Answer) -> JSON | None:
    counts = answer.counts
    return answer.usage(
        {
            "prompt_tokens": counts.whole_input,
            "completion_tokens": counts.output,
            "total_tokens": counts.whole_input + counts.output,
            "prompt_tokens_details": {
                "cached_tokens": counts.cached,
                "cache_write_tokens": counts.written,
                "audio_tokens": 0,
            },
            "completion_tokens_details": {
                "reasoning_tokens": counts.thinking,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }
    )


def _forced(choice: Any) -> tuple[bool, str | None]:
    if not isinstance(choice, dict):
        return choice == "required", None
    if choice.get("type") == "allowed_tools":
        allowed = choice["allowed_tools"]
        names = [tool[tool["type"]]["name"] for tool in allowed["tools"]]
        return allowed.get("mode") == "required", names[0] if names else None
    named = choice.get("function") or choice.get("custom") or {}
    return bool(named), named.get("name")
