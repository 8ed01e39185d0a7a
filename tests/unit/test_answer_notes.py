"""What a caller is told of an answer: by diagnostics, in the log, in metadata; whole, streamed and kept."""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import Any

import pytest
from part_events import Said
from part_transport import Scripted, client_of
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, each_wire

import smartllm
from smartllm import Message, MessageRequest, RefusalError, TextResponse
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.content import Audio, Image
from smartllm.runtime.answer import Fetched
from smartllm.testing import LoopbackServer, Reply

JSON = dict[str, Any]
pytestmark = pytest.mark.usefixtures("clean_environment")

CUT = {
    "responses": "max_output_tokens",
    "chat_completions": "length",
    "invoke": "max_tokens",
    "converse": "max_tokens",
}
TOKENS = [{"token": "Pa", "logprob": -0.1, "bytes": [80, 97], "top_logprobs": []}]
TRACE = {"actionReason": "masked"}


def notes(response: TextResponse[Any]) -> list[str]:
    return [item.code for item in response.diagnostics if item.path == "response"]


def reason(response: TextResponse[Any]) -> str:
    return next(item.reason for item in response.diagnostics if item.path == "response")


async def answer(wire: Wire, url: str, *, streamed: bool = False, **fields: Any) -> TextResponse[Any]:
    async with wire.client(url) as client:
        if not streamed:
            return await client.generate_text(wire.request(**fields))
        chunks = [chunk async for chunk in client.generate_text_stream(wire.request(**fields))]
    assert chunks[-1].response is not None
    return chunks[-1].response


@each_wire
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
class TestAnEmptyAnswer:
    async def test_all_went_into_reasoning(
        self, wire: Wire, streamed: bool, server: LoopbackServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.script(Reply(text="", thinking="hm", stop_reason=CUT[wire.api_type]))
        with caplog.at_level(logging.WARNING):
            response = await answer(wire, server.url, streamed=streamed)
        assert (response.text, response.finish_reason) == ("", "length")
        assert notes(response) == ["answer-empty"]
        assert "went into reasoning; raise max_tokens" in reason(response)
        assert f"all {response.output_tokens} output tokens" in reason(response)
        assert [record for record in caplog.records if "answer-empty" in record.getMessage()]

    async def test_cut_before_its_first_word(
        self, wire: Wire, streamed: bool, server: LoopbackServer
    ) -> None:
        server.script(Reply(text="", thinking=False, stop_reason=CUT[wire.api_type]))
        response = await answer(wire, server.url, streamed=streamed)
        assert notes(response) == ["answer-empty"]
        assert "before its first word" in reason(response)

    async def test_one_that_says_something_is_none(
        self, wire: Wire, streamed: bool, server: LoopbackServer
    ) -> None:
        server.script(Reply(text="Pa", thinking="hm", stop_reason=CUT[wire.api_type]))
        assert notes(await answer(wire, server.url, streamed=streamed)) == ["answer-cut"]


def responses(**part: Any) -> JSON:
    text = {"type": "output_text", "text": "Paris", "annotations": [], **part}
    return {"status": "completed", "output": [{"type": "message", "content": [text]}]}


def chat(**choice: Any) -> JSON:
    message = {"role": "assistant", "content": "Paris"}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop", **choice}]}


def claude(**fields: Any) -> JSON:
    return {"content": [{"type": "text", "text": "Paris"}], "stop_reason": "end_turn", "usage": {}, **fields}


def converse(**fields: Any) -> JSON:
    return {"output": {"message": {"content": [{"text": "Paris"}]}}, "stopReason": "end_turn", **fields}


def tracing(**fields: Any) -> JSON:
    return {"amazon-bedrock-guardrailAction": "NONE", "amazon-bedrock-trace": {"guardrail": TRACE}, **fields}


@pytest.mark.parametrize(
    ("wire", "reply", "told"),
    [
        (
            RESPONSES,
            responses(logprobs=TOKENS) | {"service_tier": "flex"},
            {"logprobs": TOKENS, "service_tier": "flex"},
        ),
        (CHAT, chat(logprobs={"content": TOKENS}) | {"service_tier": "default"}, {"logprobs": TOKENS}),
        (INVOKE, claude(stop_sequence="x", **tracing()), {"stop_sequence": "x", "guardrail": TRACE}),
        (INVOKE, claude(usage={"service_tier": "standard"}), {}),
        (
            CONVERSE,
            converse(serviceTier={"type": "flex"}, performanceConfig={"latency": "optimized"}),
            {"service_tier": "flex", "performance": "optimized"},
        ),
        (CONVERSE, converse(trace={"guardrail": TRACE}), {"guardrail": TRACE}),
    ],
    ids=["responses", "chat", "invoke", "invoke-standard", "converse", "converse-guardrail"],
)
async def test_metadata_has_the_details_in_the_providers_words(
    wire: Wire, reply: JSON, told: JSON, server: LoopbackServer
) -> None:
    server.script(Reply(raw=json.dumps(reply).encode()))
    async with wire.client(server.url) as client:
        first = await client.generate_text(wire.request("hi", use_cache=True))
        again = await client.generate_text(wire.request("hi", use_cache=True))
    assert first.metadata == {"prompt": "hi", **told}
    assert (again.metadata, again.cache_source) == (first.metadata, "l1")
    if told:  # a caller's own
        again.metadata.popitem()
        assert first.metadata == {"prompt": "hi", **told}


def test_callers_who_share_an_answer_have_metadata_of_their_own() -> None:
    request = RESPONSES.request("hi")
    compiled = smartllm.compile(request)
    answers = [DECODERS["openai_responses"].decode(responses(logprobs=TOKENS), "m")]
    fetched = Fetched(answers, dt.datetime.now(dt.UTC), 0.1)
    mine, theirs = fetched.response(request, compiled), fetched.response(request, compiled)
    mine.metadata["logprobs"][0]["token"] = "x"
    assert theirs.metadata["logprobs"] == TOKENS


async def test_sound_that_was_cut_is_no_empty_answer(server: LoopbackServer) -> None:
    cut = {"choices": [{"message": {"audio": {"data": "QUJD"}}, "finish_reason": "length"}]}
    server.script(Reply(raw=json.dumps(cut).encode()))
    response = await answer(CHAT, server.url)
    assert (response.finish_reason, notes(response)) == ("length", ["answer-cut"])


async def test_the_tier_is_told_where_it_was_asked_for(server: LoopbackServer) -> None:
    server.script(Reply(raw=json.dumps(responses() | {"service_tier": "default"}).encode()))
    response = await answer(RESPONSES, server.url, extra={"service_tier": "priority"})
    assert response.metadata["service_tier"] == "default"


async def test_a_stream_tells_the_same() -> None:
    transport = Scripted(RESPONSES, Said("text", "Pa"))
    transport.reply["service_tier"] = "flex"
    transport.reply["output"][0]["content"][0]["logprobs"] = TOKENS
    last = {"type": "response.completed", "response": transport.reply}
    transport.events = [last]
    async with client_of(RESPONSES, transport) as client:
        whole = await client.generate_text(RESPONSES.request())
        chunks = [chunk async for chunk in client.generate_text_stream(RESPONSES.request())]
    assert chunks[-1].response is not None
    assert chunks[-1].response.metadata == whole.metadata
    assert whole.metadata["logprobs"] == TOKENS


@pytest.mark.parametrize("word", ["pause_turn", "compaction"])
async def test_a_paused_answer_is_told_and_not_kept(word: str, server: LoopbackServer) -> None:
    server.script(*[Reply(raw=json.dumps(claude(stop_reason=word)).encode())] * 2)
    async with INVOKE.client(server.url) as client:
        first = await client.generate_text(INVOKE.request("hi", use_cache=True))
        again = await client.generate_text(INVOKE.request("hi", use_cache=True))
    assert (first.finish_reason, first.metadata["incomplete_reason"]) == ("stop", word)
    assert (notes(first), again.cache_source) == (["answer-paused"], "miss")


async def test_what_a_guardrail_withheld_is_not_kept(server: LoopbackServer) -> None:
    blocked = claude(**tracing(**{"amazon-bedrock-guardrailAction": "INTERVENED"}))
    server.script(*[Reply(raw=json.dumps(blocked).encode())] * 2)
    async with INVOKE.client(server.url) as client:
        first = await client.generate_text(INVOKE.request("hi", use_cache=True))
        again = await client.generate_text(INVOKE.request("hi", use_cache=True))
    assert (first.finish_reason, first.refusal) == ("content_filter", "Paris")
    assert first.metadata["incomplete_reason"] == "guardrail_intervened"
    assert again.cache_source == "miss"


@pytest.mark.parametrize("text", ["", "Here."], ids=["alone", "beside-text"])
async def test_a_picture_goes_back_as_it_came(text: str, server: LoopbackServer) -> None:
    picture = {"type": "image_generation_call", "id": "ig_1", "result": "QUJD", "status": "completed"}
    said = [{"type": "message", "content": [{"type": "output_text", "text": text}]}] if text else []
    server.script(Reply(raw=json.dumps({"status": "completed", "output": [picture, *said]}).encode()))
    response = await answer(RESPONSES, server.url)
    turns = [Message("user", "Draw."), response.as_message(), Message("user", "Larger.")]
    body = smartllm.compile(MessageRequest(messages=turns), model=RESPONSES.model, level="ignore").body
    assert body["input"][1:-1] == [picture, *said]
    other = smartllm.compile(MessageRequest(messages=turns), model="claude-opus-4-8", level="ignore")
    assert {item.code for item in other.diagnostics} & {"part-dropped", "reasoning-dropped"}


async def test_no_structure_is_read_from_what_a_guardrail_withheld(server: LoopbackServer) -> None:
    blocked = claude(**tracing(**{"amazon-bedrock-guardrailAction": "INTERVENED"}))
    server.script(Reply(raw=json.dumps(blocked).encode()))
    with pytest.raises(
        RefusalError, match=r"guardrail withheld the answer \(guardrail_intervened\)"
    ) as caught:
        await answer(INVOKE, server.url, response_format={"type": "object", "properties": {}})
    assert caught.value.refusal == "Paris"


@pytest.mark.parametrize(
    ("wire", "reply", "kind"),
    [
        (
            RESPONSES,
            {"status": "completed", "output": [{"type": "image_generation_call", "result": "QUJD"}]},
            Image,
        ),
        (CHAT, {"choices": [{"message": {"audio": {"data": "QUJD"}}, "finish_reason": "stop"}]}, Audio),
    ],
    ids=["picture", "sound"],
)
async def test_an_answer_of_media_alone_is_kept(
    wire: Wire, reply: JSON, kind: type[Image | Audio], server: LoopbackServer
) -> None:
    server.script(Reply(raw=json.dumps(reply).encode()))
    async with wire.client(server.url) as client:
        first = await client.generate_text(wire.request("hi", use_cache=True))
        again = await client.generate_text(wire.request("hi", use_cache=True))
    assert (first.text, notes(first), again.cache_source) == ("", [], "l1")
    (part,) = again.parts
    assert isinstance(part, kind)
    assert (part.data, first.parts) == (b"ABC", again.parts)
