"""Answers that the provider calls malformed were paid for, whatever came after them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from structured_asks import ADA, WAYS, WRONG, Person, ask, failed
from wires import CONVERSE

from smartllm.content import ToolCall
from smartllm.errors import ProviderTimeoutError, StreamError
from smartllm.testing import LoopbackServer, Reply
from smartllm.usage import Usage


def paid(asked: int, answered: int) -> dict[str, int]:
    """What Converse says was paid for."""
    return {"inputTokens": asked, "outputTokens": answered, "totalTokens": asked + answered}


BAD = Reply(tool_calls=[ToolCall("", "Person", "{")], stop_reason="malformed_tool_use", usage=paid(5, 7))
GOOD = Reply(structured=ADA, usage=paid(11, 13))
TOOL: dict[str, Any] = {"response_format": Person, "structured_output": "tool"}
AGAIN: dict[str, Any] = {"structured_output": "tool", "settings": {"max_retries": 3}}


def told(found: Any) -> list[tuple[str, Any]]:
    """The diagnostics of answers that were asked for again, and how many of them there were."""
    return [
        (one.code, one.applied)
        for one in found.diagnostics
        if one.code in {"malformed-repeated", "asked-again"}
    ]


@WAYS
class TestTheCallIsMadeAgain:
    async def test_both_answers_count(self, streamed: bool) -> None:
        response = await ask(CONVERSE, BAD, GOOD, streamed=streamed, **AGAIN)
        assert (response.input_tokens, response.output_tokens) == (16, 20)
        assert response.structured_data == Person(**ADA)
        assert [raw["stopReason"] for raw in response.raws] == ["malformed_tool_use", "tool_use"]
        (one,) = response.metadata["tries"]
        assert (one["input_tokens"], one["output_tokens"], one["repeated"]) == (5, 7, True)
        assert "malformed_tool_use" in one["errors"][0]
        assert told(response) == [("malformed-repeated", 1)]

    async def test_so_do_two_malformed_ones(self, streamed: bool) -> None:
        how = {**AGAIN, "settings": {"max_retries": 1}}
        error = await failed(CONVERSE, BAD, replace(BAD, usage=paid(1, 2)), streamed=streamed, **how)
        assert error.usage == Usage(6, 9)
        assert len(error.tries) == 1
        assert error.text == "{"

    async def test_so_does_the_one_before_a_call_that_fails(self, streamed: bool) -> None:
        error = await failed(CONVERSE, BAD, Reply(status=400), streamed=streamed, **AGAIN)
        assert (error.status, error.usage) == (400, Usage(5, 7))

    async def test_asking_again_is_counted_apart(self, streamed: bool) -> None:
        wrong = Reply(structured=WRONG, usage=paid(100, 200))
        replies = (BAD, wrong, replace(BAD, usage=paid(1000, 2000)), GOOD)
        response = await ask(CONVERSE, *replies, streamed=streamed, reasks=1, **AGAIN)
        assert response.usage == Usage(1116, 2220)
        assert [one.get("repeated", False) for one in response.metadata["tries"]] == [True, False, True]
        assert told(response) == [("malformed-repeated", 2), ("asked-again", 1)]


async def test_a_hit_tells_the_same(server: LoopbackServer) -> None:
    server.script(BAD, GOOD)
    request = CONVERSE.request("Who?", **TOOL, use_cache=True)
    async with CONVERSE.client(server.url, max_retries=1) as client:
        first, again = await client.generate_text(request), await client.generate_text(request)
    assert (again.cache_source, again.usage, again.raws) == ("l1", Usage(16, 20), first.raws)
    assert again.metadata["tries"] == first.metadata["tries"]
    assert told(again) == told(first) == [("malformed-repeated", 1)]


async def test_they_count_where_the_time_ends(server: LoopbackServer) -> None:
    server.script(BAD, replace(GOOD, delay=5))
    async with CONVERSE.client(server.url, max_retries=1, total_timeout=0.5) as client:
        with pytest.raises(ProviderTimeoutError) as caught:
            await asyncio.wait_for(client.generate_text(CONVERSE.request("?", **TOOL)), 5)
    assert caught.value.usage == Usage(5, 7)


async def test_they_count_where_a_later_stream_breaks(server: LoopbackServer) -> None:
    server.script(BAD, replace(GOOD, cut_after=2))
    async with CONVERSE.client(server.url, max_retries=1) as client:
        with pytest.raises(StreamError) as caught:
            async for _ in client.generate_text_stream(CONVERSE.request("?", **TOOL)):
                pass
    assert caught.value.usage == Usage(5, 7)
