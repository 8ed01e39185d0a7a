"""Bedrock Converse: JSON bodies and stream frames."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import claude_wire
from .answer import JSON, THOUGHT, Answer, Asked, pieces_of, schema_or_none, split
from .eventstream import event_frame
from .signature import signature

if TYPE_CHECKING:
    from collections.abc import Iterator

_METRICS = {"latencyMs": 2}
_PADDING = "abcdefgh"

error_frame = claude_wire.error_frame


def read(body: JSON, model: str) -> Asked:
    """Read a request body."""
    config = body.get("toolConfig") or {}
    specs = [tool["toolSpec"] for tool in config.get("tools") or [] if "toolSpec" in tool]
    choice = config.get("toolChoice") or {}
    extra = body.get("additionalModelRequestFields") or {}
    return Asked(
        body=body,
        model=model,
        tools={spec["name"]: (spec.get("inputSchema") or {}).get("json") or {} for spec in specs},
        forced="any" in choice or "tool" in choice,
        forced_tool=(choice.get("tool") or {}).get("name"),
        schema=_schema(body, extra),
        thinking=_default_thinking(extra),
    )


def whole(answer: Answer) -> JSON:
    """Build the body of an answer that is not streamed."""
    return {
        "output": {"message": {"role": "assistant", "content": _content(answer)}},
        **_ending(answer),
        "usage": answer.usage(_usage(answer)),
        "metrics": _METRICS,
        **_echoed(answer),
    }


def frames(answer: Answer) -> list[bytes]:
    """Build the frames of a streamed answer."""
    return [event_frame(kind, {**payload, "p": _PADDING}) for kind, payload in _events(answer)]


def _events(answer: Answer) -> Iterator[tuple[str, JSON]]:
    yield "messageStart", {"role": "assistant"}
    texts = iter([call.arguments for call in answer.calls])
    for index, block in enumerate(_content(answer)):
        at = {"contentBlockIndex": index}
        if "toolUse" in block:
            start = {key: block["toolUse"][key] for key in ("toolUseId", "name")}
            yield "contentBlockStart", {**at, "start": {"toolUse": start}}
        for delta in _deltas(answer, block, texts):
            yield "contentBlockDelta", {**at, "delta": delta}
        yield "contentBlockStop", at
    yield "messageStop", _ending(answer)
    usage = answer.usage(_usage(answer))
    yield "metadata", {"usage": usage, "metrics": _METRICS, **_echoed(answer)}


def _content(answer: Answer) -> list[JSON]:
    content: list[JSON] = []
    if answer.thinking is not None:
        reasoning = {"text": answer.thinking, "signature": signature(answer.asked.body, answer.thinking)}
        content.append({"reasoningContent": {"reasoningText": reasoning}})
    if answer.text or answer.refusal:
        content.append({"text": answer.text or answer.refusal})
    for index, call in enumerate(answer.calls):
        tool = {"toolUseId": answer.call_id("tooluse", index), "name": call.name, "input": call.input}
        content.append({"toolUse": tool})
    return content


def _deltas(answer: Answer, block: JSON, arguments: Iterator[str]) -> Iterator[JSON]:
    if "reasoningContent" in block:
        for piece in split(answer.thinking or ""):
            yield {"reasoningContent": {"text": piece}}
        yield {"reasoningContent": {"signature": block["reasoningContent"]["reasoningText"]["signature"]}}
    elif "text" in block:
        for piece in answer.pieces if answer.refusal is None else split(answer.refusal):
            yield {"text": piece}
    else:
        for piece in pieces_of(next(arguments)):
            yield {"toolUse": {"input": piece}}


def _ending(answer: Answer) -> JSON:
    ended = "end_turn" if answer.stopped is None else "stop_sequence"
    default = "tool_use" if answer.calls else ended
    ending: JSON = {
        "stopReason": answer.stop_reason or ("content_filtered" if answer.refusal is not None else default)
    }
    pointers = answer.asked.body.get("additionalModelResponseFieldPaths") or []
    if "/usage/output_tokens_details" in pointers and answer.counts.thinking:
        details = {"thinking_tokens": answer.counts.thinking}
        ending["additionalModelResponseFields"] = {"usage": {"output_tokens_details": details}}
    return ending


def _echoed(answer: Answer) -> JSON:
    body = answer.asked.body
    echoed = {key: body[key] for key in ("serviceTier", "performanceConfig") if body.get(key)}
    guardrail = body.get("guardrailConfig") or {}
    if guardrail.get("trace", "disabled") != "disabled":
        trace = claude_wire.guardrail_trace(str(guardrail["guardrailIdentifier"]))
        echoed["trace"] = {"guardrail": trace}
    return echoed


def _usage(answer: Answer) -> JSON:
    counts = answer.counts
    usage: JSON = {
        "inputTokens": counts.input,
        "outputTokens": counts.output,
        "totalTokens": counts.whole_input + counts.output,
    }
    if counts.cached or counts.written:
        usage |= {"cacheReadInputTokens": counts.cached, "cacheWriteInputTokens": counts.written}
    if counts.written:
        by_time = {"5m": counts.written - counts.written_1h, "1h": counts.written_1h}
        usage["cacheDetails"] = [
            {"ttl": ttl, "inputTokens": count} for ttl, count in by_time.items() if count
        ]
    return usage


def _schema(body: JSON, extra: JSON) -> JSON | None:
    form = (body.get("outputConfig") or {}).get("textFormat")
    if form:
        schema: JSON = json.loads(form["structure"]["jsonSchema"]["schema"])
        return schema
    return schema_or_none((extra.get("output_config") or {}).get("format"))


def _default_thinking(extra: JSON) -> str | None:
    """Look in every place where a model family of Converse keeps its reasoning switch."""
    nova = (extra.get("reasoningConfig") or {}).get("type") == "enabled"
    effort = extra.get("reasoning_effort") or (extra.get("reasoning") or {}).get("effort")
    if nova or extra.get("reasoning_config") or effort not in {None, "none"}:
        return THOUGHT
    return claude_wire.default_thinking(extra.get("thinking"))
