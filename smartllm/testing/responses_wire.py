"""OpenAI Responses: JSON bodies and stream frames."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .answer import CREATED_AT, JSON, SIGNATURE, THOUGHT, Answer, Asked, schema_or_none, split, tier_of
from .likely import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_STATUSES = {"completed", "failed", "cancelled", "queued", "in_progress"}
_ECHOED: dict[str, Any] = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": True,
    "temperature": 1.0,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": 1.0,
    "truncation": "disabled",
}


def read(body: JSON, _model: str) -> Asked:
    """Read a request body."""
    tools = body.get("tools") or []
    functions = [tool for tool in tools if tool.get("type") == "function"]
    forced, name = _forced(body.get("tool_choice"))
    reasoning = body.get("reasoning") or {}
    thinks = reasoning.get("effort") not in {None, "none"} or reasoning.get("summary") is not None
    shown = THOUGHT if reasoning.get("summary") else ""
    return Asked(
        body=body,
        model=str(body.get("model", "")),
        tools={function["name"]: function.get("parameters") or {} for function in functions},
        forced=forced,
        forced_tool=name,
        schema=schema_or_none((body.get("text") or {}).get("format")),
        thinking=shown if thinks else None,
        custom=[tool["name"] for tool in tools if tool.get("type") == "custom"],
    )


def whole(answer: Answer) -> JSON:
    """Build the body of an answer that is not streamed."""
    status, reason = _ending(answer)
    failure = {"code": "server_error", "message": "The loopback server was told to fail."}
    return {
        **_envelope(answer),
        "status": status,
        "error": failure if status == "failed" else None,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": _output(answer),
        "usage": _usage(answer),
    }


def frames(answer: Answer) -> list[bytes]:
    """Build the frames of a streamed answer."""
    return framed(answer, whole(answer))


def framed(answer: Answer, final: JSON) -> list[bytes]:
    """The frames of a streamed answer that ends with this body."""
    events: list[JSON] = [
        {"type": "response.created", "response": _opening(answer)},
        {"type": "response.in_progress", "response": _opening(answer)},
    ]
    for index, item in enumerate(final["output"]):
        events.extend({**event, "output_index": index} for event in _item_events(answer, item))
    events.append({"type": f"response.{final['status']}", "response": final})
    return [_frame(event, number) for number, event in enumerate(events)]


def error_frame(error: Mapping[str, Any], answer: Answer, position: int) -> bytes:
    """Build the frame of an error inside a stream."""
    if "error" in error:
        return _frame({"type": "error", **error}, position)
    code, message = error.get("code", error.get("type")), error.get("message", "")
    if error.get("type") == "response.failed":
        failure = {"code": error.get("code", "server_error"), "message": message}
        failed = {**_opening(answer), "status": "failed", "error": failure}
        return _frame({"type": "response.failed", "response": failed}, position)
    flat = {"type": "error", "code": code, "message": message, "param": error.get("param")}
    return _frame(flat, position)


def _frame(event: Mapping[str, Any], number: int) -> bytes:
    data = json.dumps({**event, "sequence_number": number})
    return f"event: {event['type']}\ndata: {data}\n\n".encode()


def _envelope(answer: Answer) -> JSON:
    asked = answer.asked.body
    echoed = {key: asked[key] if asked.get(key) is not None else value for key, value in _ECHOED.items()}
    return {
        "id": answer.id("resp"),
        "object": "response",
        "created_at": CREATED_AT,
        "model": answer.asked.model,
        "service_tier": tier_of(answer),
        **echoed,
    }


def _opening(answer: Answer) -> JSON:
    blank: JSON = {"error": None, "incomplete_details": None, "output": [], "usage": None}
    return {**_envelope(answer), "status": "in_progress", **blank}


def _ending(answer: Answer) -> tuple[str, str | None]:
    reason = answer.stop_reason
    if reason is None or reason in _STATUSES:
        return reason or "completed", None
    return "incomplete", reason


def _output(answer: Answer) -> list[JSON]:
    status, _ = _ending(answer)
    done = {"status": "completed" if status == "completed" else "incomplete"}
    output: list[JSON] = []
    if answer.thinking is not None:
        output.append(_reasoning_item(answer))
    if answer.text or answer.refusal is not None:
        item = {"id": answer.id("msg"), "type": "message", **done, "role": "assistant"}
        output.append({**item, "content": [_part(answer.text, answer.refusal, tokens(answer))]})
    for index, call in enumerate(answer.calls):
        said = {"call_id": answer.call_id("call", index), "name": call.name}
        if call.custom:
            item = {"id": answer.numbered("ctc", index), "type": "custom_tool_call"}
            output.append({**item, **said, "input": call.arguments})
        else:
            item = {"id": answer.numbered("fc", index), "type": "function_call", **done}
            output.append({**item, **said, "arguments": call.arguments})
    return output


def _reasoning_item(answer: Answer) -> JSON:
    summary = [{"type": "summary_text", "text": answer.thinking}] if answer.thinking else []
    item = {"id": answer.id("rs"), "type": "reasoning", "summary": summary}
    if "reasoning.encrypted_content" in (answer.asked.body.get("include") or []):
        item["encrypted_content"] = SIGNATURE
    return item


def _part(text: str, refusal: str | None, likely: Sequence[JSON] = ()) -> JSON:
    if refusal is not None:
        return {"type": "refusal", "refusal": refusal}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": list(likely)}


def _item_events(answer: Answer, item: JSON) -> Iterator[JSON]:
    inner = {
        "message": _message_events,
        "reasoning": _reasoning_events,
        "function_call": _call_events,
        "custom_tool_call": _custom_events,
    }
    blank: dict[str, JSON] = {
        "message": {"content": []},
        "reasoning": {"summary": []},
        "function_call": {"arguments": ""},
        "custom_tool_call": {"input": ""},
    }
    kind = item["type"]
    begun = {"status": "in_progress"} if "status" in item else {}
    yield {"type": "response.output_item.added", "item": {**item, **begun, **blank[kind]}}
    for event in inner[kind](answer, item):
        yield {**event, "item_id": item["id"]}
    yield {"type": "response.output_item.done", "item": item}


def _message_events(answer: Answer, item: JSON) -> Iterator[JSON]:
    at = {"content_index": 0}
    refused = answer.refusal is not None
    kind = "response.refusal" if refused else "response.output_text"
    likely = [] if refused else tokens(answer)
    empty = _part("", "" if refused else None)
    yield {"type": "response.content_part.added", **at, "part": empty}
    for index, piece in enumerate(split(answer.refusal or "") if refused else answer.pieces):
        logprobs = {} if refused else {"logprobs": likely[index : index + 1]}
        yield {"type": f"{kind}.delta", **at, "delta": piece, **logprobs}
    logprobs = {} if refused else {"logprobs": likely}
    full = {"refusal": answer.refusal} if refused else {"text": answer.text}
    yield {"type": f"{kind}.done", **at, **full, **logprobs}
    yield {"type": "response.content_part.done", **at, "part": item["content"][0]}


def _reasoning_events(_answer: Answer, item: JSON) -> Iterator[JSON]:
    kind = "response.reasoning_summary"
    for index, part in enumerate(item["summary"]):
        at = {"summary_index": index}
        yield {"type": f"{kind}_part.added", **at, "part": {**part, "text": ""}}
        for piece in split(part["text"]):
            yield {"type": f"{kind}_text.delta", **at, "delta": piece}
        yield {"type": f"{kind}_text.done", **at, "text": part["text"]}
        yield {"type": f"{kind}_part.done", **at, "part": part}


def _call_events(_answer: Answer, item: JSON) -> Iterator[JSON]:
    kind = "response.function_call_arguments"
    for piece in split(item["arguments"]):
        yield {"type": f"{kind}.delta", "delta": piece}
    yield {"type": f"{kind}.done", "name": item["name"], "arguments": item["arguments"]}


def _custom_events(_answer: Answer, item: JSON) -> Iterator[JSON]:
    kind = "response.custom_tool_call_input"
    for piece in split(item["input"]):
        yield {"type": f"{kind}.delta", "delta": piece}
    yield {"type": f"{kind}.done", "input": item["input"]}


def _usage(answer: Answer) -> JSON | None:
    counts = answer.counts
    return answer.usage(
        {
            "input_tokens": counts.whole_input,
            "input_tokens_details": {
                "cached_tokens": counts.cached,
                "cache_write_tokens": counts.written,
            },
            "output_tokens": counts.output,
            "output_tokens_details": {"reasoning_tokens": counts.thinking},
            "total_tokens": counts.whole_input + counts.output,
        }
    )


def _forced(choice: Any) -> tuple[bool, str | None]:
    if not isinstance(choice, dict):
        return choice == "required", None
    if choice.get("type") == "allowed_tools":
        names = [tool["name"] for tool in choice["tools"] if "name" in tool]
        return choice.get("mode") == "required", names[0] if names else None
    return choice.get("type") in {"function", "custom"}, choice.get("name")
