"""Answers made of parts on OpenAI's wires, each written as a whole and as a stream; see ``part_events``."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from part_events import JSON, Said, encoded_pieces, pieces

from smartllm.compiler.dialects.stream import DONE

# Chat: a message has its fields in one order, and what is no text makes its content a list


def chat_whole(said: Sequence[Said], reason: str) -> JSON:
    message: JSON = {"role": "assistant", "content": _chat_content(said), "refusal": None}
    if thoughts := [one.text for one in said if one.kind == "hidden"]:
        message["reasoning"] = "".join(thoughts)
        message["reasoning_details"] = [{"type": "reasoning.text", "index": 0, "text": "".join(thoughts)}]
    if refused := [one.text for one in said if one.kind == "refusal"]:
        message["refusal"] = "".join(refused)
    calls = [one for one in said if one.kind == "call"]
    if calls:
        message["tool_calls"] = [_chat_call(one, number) for number, one in enumerate(calls)]
    if cites := [title for one in said for title in one.cites]:
        message["annotations"] = [{"title": title} for title in cites]
    if own := [one.text for one in said if one.kind == "own"]:
        message["executed_tools"] = [{"output": text} for text in own]
    if result := [one.text for one in said if one.kind == "result"]:
        message["memo"] = {"id": "a", "words": "".join(result)}
    if sound := "".join(one.text for one in said if one.kind == "media"):
        message["audio"] = {"id": "a", "transcript": sound, "data": base64.b64encode(sound.encode()).decode()}
    usage = {"prompt_tokens": 5, "completion_tokens": 6}
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {"id": "a", "model": "m", "choices": [choice], "usage": usage}


def _chat_content(said: Sequence[Said]) -> Any:
    spoken = [one for one in said if one.kind in {"text", "thought", "new"}]
    if not spoken:
        return None
    if all(one.kind == "text" for one in spoken):
        return "".join(one.text for one in spoken)
    shapes: dict[str, Any] = {
        "text": lambda text: {"type": "text", "text": text},
        "thought": lambda text: {"type": "thinking", "thinking": [{"type": "text", "text": text}]},
        "new": lambda text: {"type": "image_url", "image_url": {"url": text}},
    }
    return [shapes[one.kind](one.text) for one in spoken]


def _chat_call(one: Said, number: int) -> JSON:
    head = {"id": f"c{number}", "type": "function"}
    if isinstance(one.arguments, str):
        return head | {"type": "custom", "custom": {"name": "run", "input": one.arguments}}
    arguments = json.dumps(one.arguments, ensure_ascii=False)
    return head | {"function": {"name": one.name, "arguments": arguments}}


def chat_events(whole: JSON, random: Random) -> Iterator[JSON]:
    def chunk(delta: JSON, finish: str | None = None) -> JSON:
        return {"id": "a", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    choice = whole["choices"][0]
    yield chunk({"role": "assistant", "content": "" if choice["message"]["content"] is not None else None})
    for delta in _chat_deltas(choice["message"], random):
        yield chunk(delta)
    yield chunk({}, choice["finish_reason"])
    yield {"choices": [], "usage": whole["usage"]}
    yield DONE  # type: ignore[misc]


def _chat_deltas(message: JSON, random: Random) -> Iterator[JSON]:
    for piece in pieces(message.get("reasoning", ""), random) if "reasoning" in message else ():
        yield {"reasoning": piece, "reasoning_details": [message["reasoning_details"][0] | {"text": piece}]}
    yield from _chat_content_deltas(message["content"], random)
    for piece in pieces(message["refusal"], random) if message["refusal"] else ():
        yield {"refusal": piece}
    yield from _chat_call_deltas(message.get("tool_calls", []), random)
    if "annotations" in message:
        yield {"annotations": message["annotations"]}
    for one in message.get("executed_tools", []):
        yield {"executed_tools": [one]}
    for piece in pieces(message["memo"]["words"], random) if "memo" in message else ():
        yield {"memo": {"id": "a", "words": piece}}
    if "audio" in message:
        yield from ({"audio": one} for one in _chat_sound(message["audio"], random))


def _chat_sound(sound: JSON, random: Random) -> Iterator[JSON]:
    yield {"id": "a"}
    yield from ({"transcript": piece} for piece in pieces(sound["transcript"], random))
    yield from ({"data": piece} for piece in encoded_pieces(sound["data"], random))


def _chat_content_deltas(content: Any, random: Random) -> Iterator[JSON]:
    listed: list[JSON] = content if isinstance(content, list) else [{"type": "text", "text": content or ""}]
    for part in listed:
        if part["type"] == "text":
            for piece in pieces(part["text"], random):
                yield {"content": [{**part, "text": piece}] if random.random() < 0.3 else piece}
        elif part["type"] == "thinking":
            for piece in pieces(part["thinking"][0]["text"], random):
                yield {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": piece}]}]}
        else:
            yield {"content": [part]}


def _chat_call_deltas(calls: Sequence[JSON], random: Random) -> Iterator[JSON]:
    for number, call in enumerate(calls):
        field, text = ("custom", "input") if call["type"] == "custom" else ("function", "arguments")
        first = {**call, "index": number, field: {"name": call[field]["name"], text: ""}}
        yield {"tool_calls": [first]}
        for piece in pieces(call[field][text], random):
            yield {"tool_calls": [{"index": number, field: {text: piece}}]}


# Responses


def responses_whole(said: Sequence[Said], reason: str) -> JSON:
    output = [_responses_item(one, number) for number, one in enumerate(said)]
    usage = {"input_tokens": 5, "output_tokens": 6}
    return {"id": "a", "model": "m", "status": reason, "output": output, "usage": usage}


def _responses_item(one: Said, number: int) -> JSON:
    cited = [{"type": "url_citation", "title": title} for title in one.cites]
    parts: dict[str, JSON] = {
        "text": {"type": "output_text", "text": one.text, "annotations": cited},
        "refusal": {"type": "refusal", "refusal": one.text},
        "new": {"type": "output_image", "image": one.text},
    }
    item: JSON = {"id": f"i{number}", "type": "message", "role": "assistant"}
    if one.kind in parts:
        return item | {"content": [parts[one.kind]]}
    if one.kind == "call":
        custom = isinstance(one.arguments, str)
        field = "input" if custom else "arguments"
        given = one.arguments if custom else json.dumps(one.arguments, ensure_ascii=False)
        kind = {"type": "custom_tool_call" if custom else "function_call", "name": one.name}
        return {"id": f"i{number}", **kind, "call_id": f"c{number}", field: given}
    items: dict[str, JSON] = {
        "thought": {"type": "reasoning", "summary": [{"type": "summary_text", "text": one.text}]},
        "hidden": {"type": "reasoning", "summary": [], "encrypted_content": one.text},
        "own": {"type": "web_search_call", "action": {"query": one.text}},
        "media": {"type": "image_generation_call", "result": base64.b64encode(one.text.encode()).decode()},
        "result": {"type": "mcp_list_tools", "tools": [{"name": one.text}]},
    }
    return {"id": f"i{number}", **items[one.kind]}


def responses_events(whole: JSON, random: Random) -> Iterator[JSON]:
    events: list[JSON] = [{"type": "response.created", "response": {"id": "a", "status": "in_progress"}}]
    for index, item in enumerate(whole["output"]):
        events += ({**event, "output_index": index} for event in _responses_item_events(item, random))
    # Some servers have an empty output at the end: the items were told before.
    last = whole if random.random() < 0.7 or not whole["output"] else {**whole, "output": []}
    events.append({"type": "response.completed", "response": last})
    yield from ({**event, "sequence_number": number} for number, event in enumerate(events))


def _responses_item_events(item: JSON, random: Random) -> Iterator[JSON]:
    blank: JSON = {"content": [], "summary": [], "arguments": "", "input": ""}
    yield {
        "type": "response.output_item.added",
        "item": {**item, **{k: blank[k] for k in blank if k in item}},
    }
    for place, part in enumerate(item.get("content", [])):
        at = {"content_index": place, "item_id": item["id"]}
        kind = part["type"]
        name = {"output_text": "text", "refusal": "refusal"}.get(kind)
        if name is not None:
            for piece in pieces(part[name], random):
                yield {"type": f"response.{kind}.delta", **at, "delta": piece}
            for note in part.get("annotations", []):
                yield {"type": "response.output_text.annotation.added", **at, "annotation": note}
            yield {"type": f"response.{kind}.done", **at, name: part[name]}
    for place, part in enumerate(item.get("summary", [])):
        for piece in pieces(part["text"], random):
            yield {"type": "response.reasoning_summary_text.delta", "summary_index": place, "delta": piece}
    for field, kind in (("arguments", "function_call_arguments"), ("input", "custom_tool_call_input")):
        for piece in pieces(item[field], random) if field in item and random.random() < 0.8 else ():
            yield {"type": f"response.{kind}.delta", "item_id": item["id"], "delta": piece}
    yield {"type": "response.output_item.done", "item": item}
