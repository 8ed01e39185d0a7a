"""Answers made of parts, each written as a whole reply of its wire, and as a stream that is cut anywhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Any

JSON = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """One thing that an answer says.

    Attributes:
        kind: text, thought, hidden (reasoning that is encrypted), refusal, call, or what is not read: own (a
            tool of the provider's), result (what that tool gave), new (a kind from the future); media (a
            picture or sound whose bytes are the text, and whose words too).
        text: Its text.
        cites: What it cites.
        arguments: What a call is made with; as text for a call of a tool without a schema.
        name: The tool that a call names.
    """

    kind: str
    text: str = ""
    cites: tuple[str, ...] = ()
    arguments: Any = None
    name: str = "look"


def pieces(text: str, random: Random) -> list[str]:
    """The text in pieces, which may part a surrogate pair, as cuts between UTF-16 units do."""
    units = text.encode("utf-16-le")
    cuts = sorted(random.sample(range(0, len(units) + 1, 2), min(random.randint(0, 4), len(units) // 2)))
    places = [0, *cuts, len(units)]
    return [units[begin:end].decode("utf-16-le", "surrogatepass") for begin, end in pairwise(places)]


def encoded_pieces(text: str, random: Random) -> list[str]:
    """Base64 in pieces: cut anywhere, or each piece of the bytes with an end of its own."""
    if random.random() < 0.5:
        return pieces(text, random)
    data = base64.b64decode(text)
    place = random.randint(0, len(data))
    return [base64.b64encode(part).decode() for part in (data[:place], data[place:])]


# Claude


def claude_whole(said: Sequence[Said], reason: str) -> JSON:
    content = [_claude_block(one, number) for number, one in enumerate(said)]
    usage = {"input_tokens": 5, "output_tokens": 6}
    return {"id": "a", "model": "m", "content": content, "stop_reason": reason, "usage": usage}


def _claude_block(one: Said, number: int) -> JSON:
    cited = {"citations": [{"title": title} for title in one.cites]} if one.cites else {}
    blocks: dict[str, JSON] = {
        "text": {"type": "text", "text": one.text, **cited},
        "thought": {"type": "thinking", "thinking": one.text, "signature": "sig"},
        "hidden": {"type": "redacted_thinking", "data": one.text},
        "call": {"type": "tool_use", "id": f"t{number}", "name": one.name, "input": one.arguments},
        "own": {"type": "server_tool_use", "id": f"s{number}", "name": "web", "input": {"q": one.text}},
        "result": {"type": "web_search_tool_result", "tool_use_id": "s0", "content": [{"url": one.text}]},
        "new": {"type": "compaction", "content": one.text},
    }
    return blocks[one.kind]


def claude_events(whole: JSON, random: Random) -> Iterator[JSON]:
    yield {"type": "message_start", "message": {"id": "a", "model": "m", "usage": {"input_tokens": 5}}}
    for index, block in enumerate(whole["content"]):
        start, deltas = _claude_deltas(block, random)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        yield from ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
        yield {"type": "content_block_stop", "index": index}
    usage = {"output_tokens": 6}
    yield {"type": "message_delta", "delta": {"stop_reason": whole["stop_reason"]}, "usage": usage}
    yield {"type": "message_stop"}


def _claude_deltas(block: JSON, random: Random) -> tuple[JSON, list[JSON]]:
    kind = block["type"]
    if kind == "text":
        said = [{"type": "text_delta", "text": piece} for piece in pieces(block["text"], random)]
        cites = [{"type": "citations_delta", "citation": one} for one in block.get("citations", [])]
        return {"type": kind, "text": ""}, said + cites
    if kind == "thinking":
        said = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"], random)]
        return {"type": kind, "thinking": ""}, [*said, {"type": "signature_delta", "signature": "sig"}]
    if kind in {"tool_use", "server_tool_use"}:
        text = json.dumps(block["input"], ensure_ascii=False)
        inputs = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces(text, random)]
        return {**block, "input": {}}, inputs
    if kind == "compaction":
        said = [{"type": "compaction_delta", "content": piece} for piece in pieces(block["content"], random)]
        return {"type": kind}, said
    return block, []


# Converse


def converse_whole(said: Sequence[Said], reason: str) -> JSON:
    content = [_converse_block(one, number) for number, one in enumerate(said)]
    usage = {"inputTokens": 5, "outputTokens": 6}
    message = {"role": "assistant", "content": content}
    return {"output": {"message": message}, "stopReason": reason, "usage": usage}


def _converse_block(one: Said, number: int) -> JSON:
    cited = {"content": [{"text": one.text}], "citations": [{"title": title} for title in one.cites]}
    tool = {"toolUseId": f"t{number}", "name": one.name, "input": one.arguments}
    blocks: dict[str, JSON] = {
        "text": {"citationsContent": cited} if one.cites else {"text": one.text},
        "thought": {"reasoningContent": {"reasoningText": {"text": one.text, "signature": "sig"}}},
        "hidden": {"reasoningContent": {"redactedContent": one.text}},
        "call": {"toolUse": tool},
        "own": {"toolUse": {**tool, "type": "server_tool_use", "input": {"q": one.text}}},
        "result": {"toolResult": {"toolUseId": "t0", "content": [{"text": one.text}, {"json": 1}]}},
        "media": {
            "image": {
                "format": "png",
                "source": {"bytes": base64.b64encode(one.text.encode()).decode()},
            }
        },
        "new": {"hologram": {"format": "png", "source": {"bytes": one.text}}},
    }
    return blocks[one.kind]


def converse_events(whole: JSON, random: Random) -> Iterator[JSON]:
    yield {"messageStart": {"role": "assistant"}}
    for index, block in enumerate(whole["output"]["message"]["content"]):
        start, deltas = _converse_deltas(block, random)
        at = {"contentBlockIndex": index}
        if start is not None:
            yield {"contentBlockStart": {**at, "start": start}}
        yield from ({"contentBlockDelta": {**at, "delta": delta}} for delta in deltas)
        yield {"contentBlockStop": at}
    yield {"messageStop": {"stopReason": whole["stopReason"]}}
    yield {"metadata": {"usage": whole["usage"]}}


def _converse_deltas(block: JSON, random: Random) -> tuple[JSON | None, list[JSON]]:
    kind, value = next(iter(block.items()))
    if kind == "text":
        return None, [{"text": piece} for piece in pieces(value, random)]
    if kind == "citationsContent":
        said: list[JSON] = [{"text": piece} for piece in pieces(value["content"][0]["text"], random)]
        return None, [*said, *({"citation": one} for one in value["citations"])]
    if kind == "reasoningContent":
        if "redactedContent" in value:
            return None, [{kind: {"redactedContent": p}} for p in pieces(value["redactedContent"], random)]
        said = [{kind: {"text": piece}} for piece in pieces(value["reasoningText"]["text"], random)]
        return None, [*said, {kind: {"signature": "sig"}}]
    if kind == "toolUse":
        text = json.dumps(value["input"], ensure_ascii=False)
        start = {name: part for name, part in value.items() if name != "input"}
        return {kind: start}, [{kind: {"input": piece}} for piece in pieces(text, random)]
    if kind == "toolResult":
        return {kind: {"toolUseId": value["toolUseId"]}}, [{kind: [part]} for part in value["content"]]
    if kind == "image":
        shown = encoded_pieces(value["source"]["bytes"], random)
        return {kind: {"format": "png"}}, [{kind: {"source": {"bytes": piece}}} for piece in shown]
    return {kind: {"format": "png"}}, [{kind: {"source": value["source"]}}]
