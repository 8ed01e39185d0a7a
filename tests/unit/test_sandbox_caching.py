"""The sandbox's prompt cache: marks that a provider refuses, and counts that it would tell, on each wire."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from model_facts import CHAT, CONVERSE, MESSAGES, RESPONSES
from wires import CONVERSE as CONVERSE_WIRE
from wires import WIRES, Wire, share_service_models

from smartllm import CachePoint, Usage
from smartllm.errors import ProviderError
from smartllm.rules import Dialect
from smartllm.testing import FakeTransport, LoopbackServer, Reply
from smartllm.testing.check import facts_of, refusal
from smartllm.testing.prompt_memory import Kept, PromptMemory
from smartllm.testing.routes import PROMPT_WIRES

SONNET, SHORT, NOVA, LLAMA = "claude-sonnet-4-6", "claude-opus-4", "nova-lite", "llama3-3-70b-instruct"
EPHEMERAL: Final = {"type": "ephemeral"}
POINT: Final = {"cachePoint": {"type": "default"}}
LONG: Final = "word " * 5000
WORDS: Final = 5000


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


def claude(*content: Any, **fields: Any) -> dict[str, Any]:
    return {"max_tokens": 9, "messages": [{"role": "user", "content": list(content)}], **fields}


def marked(text: str = "a", **mark: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, "cache_control": {**EPHEMERAL, **mark}}


def converse(*content: Any, **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(content)}], **fields}


def responses(*content: Any, **fields: Any) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": list(content)}], **fields}


PDF: Final = {"document": {"format": "pdf", "name": "d", "source": {"bytes": "JVBERi0="}}}
TEXT: Final[dict[str, Any]] = {"document": {"format": "txt", "name": "t", "source": {"text": "x"}}}
CITED: Final = {"document": {**TEXT["document"], "citations": {"enabled": True}}}
BROKEN: Final = {"prompt_cache_breakpoint": {"mode": "explicit"}}
SPEC: Final = {"toolSpec": {"name": "a", "inputSchema": {"json": {"type": "object"}}}}


@pytest.mark.parametrize(
    ("model", "dialect", "body", "words"),
    [
        (SONNET, MESSAGES, claude(*[marked()] * 5), "A maximum of 4 blocks with cache_control may be"),
        (SONNET, MESSAGES, claude(marked(), marked(ttl="1h")), "must not come after"),
        (SONNET, MESSAGES, claude(marked(ttl="1h"), system=[marked()]), "must not come after"),
        (SONNET, MESSAGES, claude(marked(ttl="2h")), "ephemeral.ttl: Extra inputs"),
        (SHORT, MESSAGES, claude(marked(ttl="1h")), "ephemeral.ttl: Extra inputs"),
        (SONNET, MESSAGES, claude(marked(type="kept")), "Input should be 'ephemeral'"),
        (SONNET, MESSAGES, claude({"type": "text", "text": "b"}, marked("")), "for empty text blocks"),
        (SONNET, MESSAGES, claude({"type": "thinking", "cache_control": EPHEMERAL}), "Extra inputs"),
        ("claude-3-haiku", MESSAGES, claude(marked()), "You invoked an unsupported model"),
        (LLAMA, CONVERSE, converse({"text": "a"}, POINT), "You invoked an unsupported model"),
        (SONNET, CONVERSE, converse(POINT, {"text": "a"}), "Invalid cachePoint block"),
        (SONNET, CONVERSE, converse({"text": "a"}, POINT, POINT), "Invalid cachePoint block"),
        (SONNET, CONVERSE, converse(TEXT, POINT, {"text": "a"}), "Invalid cachePoint block"),
        (SONNET, CONVERSE, converse({"text": "a"}, {"cachePoint": {"type": "x"}}), "not a valid enum value"),
        (NOVA, CONVERSE, converse({"text": "a"}, {"cachePoint": {"type": "default", "ttl": "5m"}}), "enum"),
        (NOVA, CONVERSE, converse({"image": {}}, POINT, {"text": "a"}), "Invalid cachePoint block"),
        (NOVA, CONVERSE, converse({"text": "a"}, toolConfig={"tools": [SPEC, POINT]}), "extraneous key"),
        ("gpt-5.4", RESPONSES, responses({"text": "a", **BROKEN}), "Unknown parameter: 'input[0].content[0]"),
        ("gpt-5.4", RESPONSES, responses(prompt_cache_options={}), "'prompt_cache_options' is not supported"),
        ("gpt-4o", RESPONSES, responses(prompt_cache_retention="24h"), "'prompt_cache_retention' is not"),
        ("gpt-5.5", RESPONSES, responses(prompt_cache_retention="in_memory"), "Supported values are: '24h'"),
        ("gpt-5.6", CHAT, {"messages": [], "prompt_cache_options": {"ttl": "12h"}}, "values are: '30m'"),
        (
            "gpt-5.6",
            CHAT,
            {"messages": [{"role": "assistant", "content": [{"type": "text", "text": "a", **BROKEN}]}]},
            "Unknown parameter",
        ),
        (
            "gpt-5.6",
            RESPONSES,
            responses({"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "x"}}),
            "Invalid value for",
        ),
        ("gpt-4o", RESPONSES, responses(prompt_cache_key="k" * 65), "maximum length 64"),
        ("gpt-4", RESPONSES, responses(prompt_cache_key="k"), "'prompt_cache_key' is not supported"),
    ],
)
def test_what_is_refused(model: str, dialect: Dialect, body: dict[str, Any], words: str) -> None:
    found = refusal(body, model, dialect)
    assert found is not None
    assert words in found.message
    assert found.status == (403 if "unsupported model" in words else 400)


@pytest.mark.parametrize(
    ("model", "dialect", "body"),
    [
        (SONNET, MESSAGES, claude(marked(ttl="1h"), marked(), marked(), system=[marked(ttl="1h")])),
        (SONNET, CONVERSE, converse(PDF, POINT, {"text": "a"}, POINT, system=[{"text": "s"}, POINT])),
        (SONNET, CONVERSE, converse(CITED, POINT, {"text": "a"}, POINT)),
        (SONNET, CONVERSE, converse({"text": "a"}, toolConfig={"tools": [SPEC, POINT]})),
        (NOVA, CONVERSE, converse({"text": "a"}, POINT)),
        ("gpt-5.6", RESPONSES, responses({"type": "input_text", "text": "a", **BROKEN}, instructions="s")),
        ("gpt-5.4", CHAT, {"messages": [{"role": "user", "content": "a"}], "prompt_cache_retention": "24h"}),
    ],
)
def test_what_is_taken(model: str, dialect: Dialect, body: dict[str, Any]) -> None:
    assert refusal(body, model, dialect) is None


class TestCounts:
    @pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
    async def test_mean_the_same_on_each_wire(self, wire: Wire, server: LoopbackServer) -> None:
        async with wire.client(server.url) as client:
            request = wire.request(LONG, prompt_cache="5m")
            first, second = [await client.generate_text(request) for _ in range(2)]
            short = await client.generate_text(wire.request("a b", prompt_cache="5m"))
            chunks = [
                chunk async for chunk in client.generate_text_stream(wire.request(LONG, prompt_cache="1h"))
            ]
        marks = wire.provider == "bedrock"
        for response, read in ((first, 0), (second, WORDS)):
            assert (response.input_tokens, response.cached_tokens) == (WORDS, read)
            assert response.cache_write_tokens == (WORDS - read if marks else 0)
            assert response.usage.cache_write_tokens == response.cache_write_tokens
        assert short.usage == Usage(2, short.output_tokens)
        streamed = chunks[-1].usage
        assert streamed is not None
        assert (streamed.input_tokens, streamed.cached_tokens) == (WORDS, WORDS)
        assert first.cost is not None
        assert second.cost is not None
        assert second.cost < first.cost

    async def test_tell_what_is_kept_for_an_hour(self, server: LoopbackServer) -> None:
        costs = []
        for wire in WIRES[2:]:
            server.reset()
            async with wire.client(server.url) as client:
                for wish in ("1h", "5m"):
                    response = await client.generate_text(wire.request(f"{wish} {LONG}", prompt_cache=wish))
                    hour = WORDS + 1 if wish == "1h" else 0
                    assert response.usage.cache_write_tokens == WORDS + 1
                    assert response.usage.cache_write_1h_tokens == hour
                    costs.append(response.cost or 0)
        assert costs[0] > costs[1]
        assert costs[:2] == costs[2:]

    async def test_are_those_of_the_marks(self) -> None:
        fake = FakeTransport()
        async with CONVERSE_WIRE.client("http://localhost", transport=fake) as client:
            for tail, counts in (("a", (0, WORDS)), ("b", (WORDS, 0))):
                request = CONVERSE_WIRE.request([LONG, CachePoint(), tail])
                response = await client.generate_text(request)
                usage = response.usage
                assert (usage.cached_tokens, usage.cache_write_tokens) == counts
                assert usage.input_tokens == WORDS + 1

    async def test_follow_a_script(self, server: LoopbackServer) -> None:
        server.script(Reply(cached_tokens=3, cache_write_tokens=4))
        async with CONVERSE_WIRE.client(server.url) as client:
            response = await client.generate_text(CONVERSE_WIRE.request("a b"))
        assert response.usage == Usage(9, response.output_tokens, 0, 3, 4)

    async def test_are_none_of_a_refused_request(self) -> None:
        fake = FakeTransport(check=True)
        async with CONVERSE_WIRE.client("http://localhost", transport=fake) as client:
            request = CONVERSE_WIRE.request(LONG, extra={"system": [POINT]})
            with pytest.raises(ProviderError, match="Invalid cachePoint"):
                await client.generate_text(request)
            assert (await client.generate_text(CONVERSE_WIRE.request(LONG))).cached_tokens == 0


def taken(memory: PromptMemory, body: bytes, model: str, dialect: Dialect) -> Kept:
    return memory.taken(body, model, PROMPT_WIRES[dialect].read, lambda name: facts_of(name, dialect))


class TestMemory:
    def test_looks_back_twenty_blocks(self) -> None:
        def body(count: int) -> bytes:
            texts: list[Any] = [{"type": "text", "text": LONG}, *[{"type": "text", "text": "a"}] * count]
            texts[-1] = {**texts[-1], "cache_control": EPHEMERAL}
            return json.dumps(claude(*texts)).encode()

        memory = PromptMemory()
        assert taken(memory, body(0), SONNET, MESSAGES) == Kept(0, WORDS)
        assert taken(memory, body(19), SONNET, MESSAGES) == Kept(WORDS, 19)
        memory.clear()
        assert taken(memory, body(0), SONNET, MESSAGES) == Kept(0, WORDS)
        assert taken(memory, body(20), SONNET, MESSAGES) == Kept(0, WORDS + 20)

    @pytest.mark.parametrize(
        ("model", "dialect", "counts"),
        [
            (SONNET, MESSAGES, Kept()),
            (LLAMA, CONVERSE, Kept()),
            ("nobody-knows", CHAT, Kept()),
            (NOVA, CONVERSE, Kept(WORDS)),
            ("gpt-5.4", RESPONSES, Kept(WORDS)),
        ],
    )
    def test_keeps_without_marks_what_the_facts_say(self, model: str, dialect: Dialect, counts: Kept) -> None:

        part = (
            {"type": "input_text", "text": LONG} if dialect == RESPONSES else {"type": "text", "text": LONG}
        )
        asked = responses(part) if dialect == RESPONSES else claude(part)
        body = json.dumps(asked).encode()
        memory = PromptMemory()
        assert taken(memory, body, model, dialect) == Kept()
        assert taken(memory, body, model, dialect) == counts

    def test_writes_are_told_where_they_are_paid(self) -> None:

        body = json.dumps(responses({"type": "input_text", "text": LONG})).encode()
        memory = PromptMemory()
        assert taken(memory, body, "gpt-5.6", RESPONSES) == Kept(0, WORDS)
        assert taken(memory, body, "gpt-5.6", RESPONSES) == Kept(WORDS, 0)
