"""The sandbox refuses what the facts refuse of how an answer is shaped and served, and obeys the rest."""

from __future__ import annotations

from typing import Any

import pytest
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, each_bedrock_wire

from smartllm.rules import Dialect
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.check import refusal

SONNET, NOVA, OPUS = "claude-sonnet-4-6", "nova-2-lite", "claude-opus-4-8"
GUARD = "x-amzn-bedrock-guardrail"


def converse(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"text": "hi"}]}], **fields}


def claude(**fields: Any) -> dict[str, Any]:
    return {"max_tokens": 900, "messages": [{"role": "user", "content": "hi"}], **fields}


def stops(*texts: str) -> dict[str, Any]:
    return converse(inferenceConfig={"stopSequences": list(texts)})


def guarded(**config: Any) -> dict[str, Any]:
    return converse(guardrailConfig={"guardrailIdentifier": "gr1", "guardrailVersion": "1"} | config)


WRONG: list[tuple[Dialect, str, dict[str, Any], str]] = [
    ("openai_chat", "gpt-5.4", {"stop": "END"}, "Unsupported parameter: 'stop'"),
    ("openai_chat", "gpt-4.1", {"stop": []}, "[] is too short"),
    ("openai_chat", "gpt-4.1", {"stop": list("abcde")}, "maximum length 4, but got an array with length 5"),
    ("openai_chat", "gpt-5.4", {"presence_penalty": 1}, "Unsupported parameter: 'presence_penalty'"),
    ("openai_responses", "gpt-4.1", {"seed": 1}, "Unsupported parameter: 'seed'"),
    ("openai_chat", "gpt-4.1", {"top_logprobs": 2}, "only allowed when 'logprobs' is enabled"),
    (
        "openai_responses",
        "gpt-5.4",
        {"include": ["message.output_text.logprobs"], "reasoning": {"effort": "low"}},
        "Unsupported parameter: 'logprobs'",
    ),
    ("openai_responses", "gpt-5-nano", {"service_tier": "priority"}, "Invalid service_tier argument"),
    ("openai_chat", "gpt-4.1", {"metadata": {"a": "b"}}, "only allowed when 'store' is enabled"),
    ("openai_chat", "gpt-4.1", {"metadata": {}, "store": True}, "1 to 16 pairs"),
    ("openai_responses", "gpt-4.1", {"metadata": {"k" * 65: "b"}}, "does not satisfy"),
    (
        "openai_responses",
        "o3",
        {"reasoning": {"summary": "concise"}},
        "Supported values are: 'auto', 'detailed'",
    ),
    ("openai_responses", "gpt-4.1", {"reasoning": {"summary": "auto"}}, "Supported values are: none"),
    ("bedrock_converse", "grok-4.6", stops("END"), "doesn't support the stopSequences field"),
    ("bedrock_converse", SONNET, stops("\n"), "must contain non-whitespace"),
    ("anthropic_messages", SONNET, claude(stop_sequences=["END", " "]), "must contain non-whitespace"),
    ("bedrock_converse", NOVA, converse(serviceTier={"type": "reserved"}), "service tier reserved"),
    ("bedrock_converse", NOVA, converse(requestMetadata={"a": "50 %"}), "does not satisfy"),
    (
        "anthropic_messages",
        SONNET,
        claude(metadata={"user_id": '{"a":1}'}),
        "violates the regular expression",
    ),
    ("bedrock_converse", "gpt-oss-120b", guarded(), "Guardrails are not supported"),
    ("bedrock_converse", NOVA, guarded(guardrailVersion=None), "guardrailVersion"),
    ("bedrock_converse", NOVA, guarded(streamProcessingMode="async"), "streamed answers alone"),
    ("anthropic_messages", SONNET, claude(**{"amazon-bedrock-guardrailConfig": {}}), "needs the header"),
    (
        "anthropic_messages",
        "claude-3-5-haiku",
        claude(thinking={"type": "adaptive", "display": "loud"}),
        "adaptive thinking is not supported",
    ),
    ("anthropic_messages", OPUS, claude(thinking={"type": "adaptive", "display": "loud"}), "Extra inputs"),
]


@pytest.mark.parametrize(("dialect", "model", "body", "said"), WRONG)
def test_what_is_refused_and_how(dialect: Dialect, model: str, body: dict[str, Any], said: str) -> None:
    assert said in str(refusal(body, model, dialect))


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({f"{GUARD}identifier": "gr1"}, "guardrailVersion"),
        ({"x-amzn-bedrock-service-tier": "flex"}, "service tier flex"),
        ({"x-amzn-bedrock-request-metadata": '{"a": "%"}'}, "does not satisfy"),
    ],
)
def test_headers_are_judged_too(headers: dict[str, str], said: str) -> None:
    assert said in str(refusal(claude(), SONNET, "anthropic_messages", headers=headers))


@pytest.mark.parametrize(
    ("dialect", "model", "body"),
    [
        (
            "openai_chat",
            "gpt-4.1",
            {"stop": "END", "service_tier": "fast", "logprobs": True, "top_logprobs": 2},
        ),
        ("openai_responses", "gpt-5.4", {"service_tier": "auto", "reasoning": {"summary": "concise"}}),
        ("openai_responses", "gpt-4.1", {"include": ["message.output_text.logprobs", "x"], "store": False}),
        ("bedrock_converse", NOVA, guarded(trace="enabled", guardrailVersion="DRAFT")),
        ("anthropic_messages", SONNET, claude(metadata={"user_id": "u-1"})),
        ("openai_chat", "gpt-4.1", {"user": '{"a":1}'}),
        ("anthropic_messages", OPUS, claude(thinking={"type": "adaptive", "display": "summarized"})),
        ("anthropic_messages", OPUS, claude(thinking={"type": "adaptive", "display": "omitted"})),
    ],
)
def test_what_is_taken(dialect: Dialect, model: str, body: dict[str, Any]) -> None:
    assert refusal(body, model, dialect) is None


def test_a_streamed_answer_may_be_guarded_as_it_comes() -> None:
    body = guarded(streamProcessingMode="async")
    assert refusal(body, NOVA, "bedrock_converse", streamed=True) is None


class TestStopSequences:
    @pytest.mark.parametrize("wire", [INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
    @pytest.mark.parametrize("streamed", [False, True])
    async def test_end_the_text(self, wire: Wire, streamed: bool, server: LoopbackServer) -> None:
        server.script(Reply(text="one two ENDED three END"))
        async with wire.client(server.url) as client:
            request = wire.request(stop_sequences=["three", "END"])
            if streamed:
                chunks = [chunk async for chunk in client.generate_text_stream(request)]
                response = chunks[-1].response
            else:
                response = await client.generate_text(request)
        assert response is not None
        assert (response.text, response.stop_reason) == ("one two ", "stop_sequence")
        assert response.finish_reason == "stop"

    async def test_claude_says_which(self, server: LoopbackServer) -> None:
        server.script(Reply(text="one two three"), Reply(text="one", stop_reason="stop_sequence"))
        async with INVOKE.client(server.url) as client:
            request = INVOKE.request(stop_sequences=["three", "two"])
            told = [(await client.generate_text(request)).raw for _ in range(2)]
        assert [raw and raw["stop_sequence"] for raw in told] == ["two", "three"]

    async def test_chat_says_stop(self, server: LoopbackServer) -> None:
        server.script(Reply(chunks=["one ", "two ", "END three"]))
        async with CHAT.client(server.url) as client:
            response = await client.generate_text(
                CHAT.request(model="gpt-4.1", stop_sequences="END", max_tokens=50)
            )
        assert (response.text, response.stop_reason) == ("one two ", "stop")

    async def test_that_do_not_come_change_nothing(self, server: LoopbackServer) -> None:
        server.script(Reply(chunks=["one", " two"]))
        async with INVOKE.client(server.url) as client:
            chunks = [c.text async for c in client.generate_text_stream(INVOKE.request(stop_sequences="END"))]
        assert [text for text in chunks if text] == ["one", " two"]


class TestLogprobs:
    @pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
    async def test_are_told_where_they_are_asked_for(self, wire: Wire, server: LoopbackServer) -> None:
        server.script(Reply(text="one two"), Reply(text="one two"))
        async with wire.client(server.url) as client:
            raw = (await client.generate_text(wire.request(top_logprobs=2))).raw
            bare = (await client.generate_text(wire.request())).raw
        assert raw is not None
        assert bare is not None
        found = likely(raw)
        assert [token["token"] for token in found] == ["one ", "two"]
        assert [len(token["top_logprobs"]) for token in found] == [2, 2]
        assert not likely(bare)

    @pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
    async def test_are_told_in_streams(self, wire: Wire, server: LoopbackServer) -> None:
        server.script(Reply(text="one two"))
        async with wire.client(server.url) as client:
            request = wire.request(logprobs=True)
            chunks = [chunk async for chunk in client.generate_text_stream(request)]
        assert "".join(chunk.text for chunk in chunks) == "one two"


def likely(raw: Any) -> list[dict[str, Any]]:
    """The tokens of an answer on one of OpenAI's wires."""
    if "choices" in raw:
        return (raw["choices"][0]["logprobs"] or {}).get("content") or []
    return [token for item in raw["output"] for part in item.get("content", ()) for token in part["logprobs"]]


@pytest.mark.parametrize(("asked", "told"), [("flex", "flex"), ("auto", "default"), (None, "default")])
@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_the_tier_is_told(wire: Wire, asked: str | None, told: str, server: LoopbackServer) -> None:
    async with wire.client(server.url) as client:
        response = await client.generate_text(wire.request(service_tier=asked))
    assert response.raw is not None
    assert response.raw["service_tier"] == told


@each_bedrock_wire
async def test_a_guardrail_leaves_a_trace(wire: Wire, server: LoopbackServer) -> None:
    guardrail = {"id": "gr1", "version": "1", "trace": "enabled"}
    server.script(Reply(text="no", stop_reason="guardrail_intervened"), Reply(text="yes"))
    async with wire.client(server.url) as client:
        blocked = await client.generate_text(wire.request(guardrail=guardrail))
        silent = await client.generate_text(wire.request(guardrail={**guardrail, "trace": "disabled"}))
    assert blocked.finish_reason == "content_filter"
    assert "gr1" in str(blocked.raw)
    assert "gr1" not in str(silent.raw)
