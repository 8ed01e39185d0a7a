"""Answers of Converse whose unions have every member, null but for one, as batch outputs have them."""

from __future__ import annotations

from typing import Any

import pytest

from smartllm.compiler.dialects.readers import DECODERS
from smartllm.content import Reasoning
from smartllm.errors import ResponseError
from smartllm.testing.batch.bedrock_records import with_nulls

DECODER = DECODERS["bedrock_converse"]
WEB = {"url": "https://example.com", "domain": "example.com"}
CITED = {
    "content": [{"text": "It is so."}],
    "citations": [{"title": "A page", "sourceContent": [{"text": "so"}], "location": {"web": WEB}}],
}
BLOCKS: dict[str, dict[str, Any]] = {
    "text": {"text": "hello"},
    "citations": {"citationsContent": CITED},
    "reasoning": {"reasoningContent": {"reasoningText": {"text": "I think", "signature": "c2ln"}}},
    "hidden": {"reasoningContent": {"redactedContent": "aGlkZGVu"}},
    "call": {
        "toolUse": {"toolUseId": "t1", "name": "look", "input": {"at": None, "in": [None, {"x": None}]}}
    },
    "picture": {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
}


def answer(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": list(blocks)}},
        "stopReason": "tool_use" if any("toolUse" in block for block in blocks) else "end_turn",
        "usage": {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8},
        "metrics": {"latencyMs": 2},
    }


@pytest.mark.parametrize("kind", BLOCKS)
def test_nulls_change_nothing(kind: str) -> None:
    plain = answer(BLOCKS[kind])
    filled = with_nulls(plain, "Converse")
    block = filled["output"]["message"]["content"][0]
    assert len(block) > 10
    assert None in block.values()
    one, two = DECODER.decode(plain, "m"), DECODER.decode(filled, "m")
    assert (one.parts, one.usage, one.finish_reason) == (two.parts, two.usage, two.finish_reason)
    assert one.parts
    assert DECODER.text_of(filled) == DECODER.text_of(plain)


def test_what_goes_back_to_the_model_has_no_nulls() -> None:
    (part,) = DECODER.decode(with_nulls(answer(BLOCKS["reasoning"]), "Converse"), "m").parts
    assert isinstance(part, Reasoning)
    assert part.blocks == [BLOCKS["reasoning"]]


def test_arguments_of_calls_keep_theirs() -> None:
    (call,) = DECODER.decode(with_nulls(answer(BLOCKS["call"]), "Converse"), "m").tool_calls
    assert call.arguments == {"at": None, "in": [None, {"x": None}]}


def test_the_raw_answer_stays_as_it_came() -> None:
    filled = with_nulls(answer(BLOCKS["text"]), "Converse")
    assert DECODER.decode(filled, "m").raw == filled


def test_a_block_of_nulls_alone_is_none() -> None:
    nothing = with_nulls(answer({}), "Converse")
    with pytest.raises((ResponseError, ValueError)):
        DECODER.decode(nothing, "m")


def test_only_unions_are_filled() -> None:
    filled = with_nulls({**answer(BLOCKS["call"]), "other": {"a": 1}}, "Converse")
    assert set(filled) == {"output", "stopReason", "usage", "metrics", "other"}
    assert filled["usage"] == answer()["usage"]
    assert filled["output"]["message"]["content"][0]["toolUse"] == BLOCKS["call"]["toolUse"]
    assert with_nulls(answer(BLOCKS["text"]), "InvokeModel") == answer(BLOCKS["text"])
    assert with_nulls({"output": 5, "usage": []}, "Converse") == {
        "output": 5,
        "usage": [],
    }
