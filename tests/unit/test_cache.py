"""The response cache as callers meet it: what is kept, what is not, and what a hit is like."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from wires import CHAT, CLAUDE, INVOKE, RESPONSES, Wire, each_wire

import smartllm
from smartllm import LLMClient, TextRequest
from smartllm.errors import ProviderError, RefusalError
from smartllm.rules import load_rules
from smartllm.runtime.cache.key import cache_key
from smartllm.runtime.cache.levels import ResponseCache
from smartllm.runtime.cache.local import LocalStore
from smartllm.testing import FakeTransport, LoopbackServer, Reply

RULES = load_rules()


class Person(BaseModel):
    name: str
    age: int


def asked(wire: Wire, prompt: str, **fields: Any) -> TextRequest[Any]:
    """A request that may be answered from the cache."""
    return wire.request(prompt, **{"use_cache": True, **fields})


def entries(clean_environment: Path) -> list[Path]:
    return sorted((clean_environment / "cache").rglob("??/*.json"))


@each_wire
async def test_the_second_call_is_a_hit(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(text="4", cached_tokens=2))
    async with wire.client(server.url) as client:
        first = await client.generate_text(asked(wire, "What is 2+2?"))
        second = await client.generate_text(asked(wire, "What is 2+2?"))
    assert (first.cache_source, second.cache_source) == ("miss", "l1")
    assert len(server.requests) == 1
    assert first.cache_key == second.cache_key
    second.cache_source = "miss"
    assert first == second


async def test_an_entry_can_be_read_by_a_person(server: LoopbackServer, clean_environment: Path) -> None:
    server.script(Reply(structured={"name": "Ada Löve", "age": 36}))
    async with RESPONSES.client(server.url) as client:
        response = await client.generate_text(asked(RESPONSES, "Who?", response_format=Person))
        again = await client.generate_text(asked(RESPONSES, "Who?", response_format=Person))
    (path,) = entries(clean_environment)
    entry = json.loads(path.read_text(encoding="utf-8"))
    assert path.name == f"{response.cache_key}.json"
    assert entry["metadata"]["prompt"] == "Who?"
    assert entry["metadata"]["response_format"]["title"] == "Person"
    assert entry["data"]["structured_data"] == {"name": "Ada Löve", "age": 36}
    assert {"text", "model", "stop_reason", "input_tokens", "output_tokens"} <= set(entry["data"])
    assert {"reasoning_tokens", "cached_tokens", "timestamp", "elapsed_seconds"} <= set(entry["data"])
    assert "prompt" not in entry["data"]
    assert path.read_text(encoding="utf-8").count("Who?") == 1
    assert again.structured_data == response.structured_data == Person(name="Ada Löve", age=36)
    assert again.timestamp == response.timestamp
    assert again.elapsed_seconds == response.elapsed_seconds


async def test_no_secret_is_kept(server: LoopbackServer, clean_environment: Path) -> None:
    async with LLMClient(
        provider="openai", base_url=f"{server.url}/v1", api_key="sk-canary-123456"
    ) as client:
        await client.generate_text(TextRequest(prompt="hi", model="gpt-4.1"))
    (path,) = entries(clean_environment)
    text = path.read_text(encoding="utf-8").lower()
    assert "canary" not in text
    assert "authorization" not in text


@pytest.mark.parametrize(
    ("model", "fields", "kept"),
    [
        ("gpt-4.1", {}, True),
        ("gpt-4.1", {"temperature": 0}, True),
        ("gpt-4.1", {"temperature": 0.7}, False),
        ("gpt-4.1", {"use_cache": False}, False),
        ("o3", {}, True),
        ("o3", {"temperature": 1}, True),
        ("gpt-5.4", {"reasoning_effort": "low"}, True),
        ("gpt-5.4", {"temperature": 0.5}, False),
    ],
)
async def test_what_may_be_cached(
    model: str, fields: dict[str, Any], kept: bool, server: LoopbackServer, clean_environment: Path
) -> None:
    async with LLMClient(provider="openai", base_url=f"{server.url}/v1", api_key="any") as client:
        for _ in range(2):
            response = await client.generate_text(TextRequest(prompt="hi", model=model, **fields))
            assert response.cache_key is not None
    assert len(server.requests) == (1 if kept else 2)
    assert len(entries(clean_environment)) == (1 if kept else 0)


async def test_thinking_on_claude_is_cached_as_one_entry(
    server: LoopbackServer, clean_environment: Path
) -> None:
    server.script(Reply(text="Ada.", thinking="Hm."), Reply(structured={"name": "Ada", "age": 36}))
    request = asked(INVOKE, "Who?", response_format=Person, reasoning_effort="low")
    async with INVOKE.client(server.url) as client:
        first = await client.generate_text(request)
        second = await client.generate_text(request)
    assert len(server.requests) == 2
    assert len(entries(clean_environment)) == 1
    assert second.cache_source == "l1"
    assert second.metadata == first.metadata
    assert second.metadata["pass2_tokens"]["output"] > 0
    assert second.metadata["thinking"] == "Hm."
    assert second.structured_data == first.structured_data


async def test_clear_cache_forgets_and_asks_again(server: LoopbackServer) -> None:
    server.script(Reply(text="old"), Reply(text="new"))
    async with RESPONSES.client(server.url) as client:
        await client.generate_text(asked(RESPONSES, "hi"))
        fresh = await client.generate_text(asked(RESPONSES, "hi", clear_cache=True))
        kept = await client.generate_text(asked(RESPONSES, "hi"))
    assert [fresh.text, fresh.cache_source, kept.text, kept.cache_source] == ["new", "miss", "new", "l1"]


@pytest.mark.parametrize(
    ("wire", "reply"),
    [
        (RESPONSES, Reply(stop_reason="max_output_tokens")),
        (CHAT, Reply(stop_reason="length")),
        (CHAT, Reply(stop_reason="content_filter")),
        (INVOKE, Reply(stop_reason="max_tokens")),
        (RESPONSES, Reply(refusal="No.")),
        (CHAT, Reply(text="")),
    ],
    ids=lambda value: getattr(value, "api_type", ""),
)
async def test_cut_refused_and_empty_answers_are_not_kept(
    wire: Wire, reply: Reply, server: LoopbackServer, clean_environment: Path
) -> None:
    server.script(reply)
    async with wire.client(server.url) as client:
        assert (await client.generate_text(asked(wire, "hi"))).cache_source == "miss"
    assert entries(clean_environment) == []


@pytest.mark.parametrize(
    "reply", [Reply(status=400), Reply(structured={"name": "Ada", "age": "old"}), Reply(refusal="No.")]
)
async def test_errors_are_not_kept(reply: Reply, server: LoopbackServer, clean_environment: Path) -> None:
    server.script(reply)
    async with RESPONSES.client(server.url) as client:
        with pytest.raises((ProviderError, ValueError, RefusalError)):
            await client.generate_text(asked(RESPONSES, "hi", response_format=Person))
    assert entries(clean_environment) == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda entry: entry.pop("replies"),
        lambda entry: entry.update(replies=[]),
        lambda entry: entry.update(replies=entry["replies"] * 2),
        lambda entry: entry.update(replies=["text"]),
        lambda entry: entry["replies"][0].pop("output"),
        lambda entry: entry["replies"][0].update(status="incomplete"),
        lambda entry: entry["replies"][0].update(output=[]),
        lambda entry: entry.update(replies=[json.loads(json.dumps(entry["replies"][0]).replace("36", "{}"))]),
        lambda entry: entry.update(started="yesterday"),
        lambda entry: entry.update(started="2026-11-26T10:00:00"),
        lambda entry: entry.update(started=5),
        lambda entry: entry.update(elapsed=None),
        lambda entry: entry.update(elapsed=True),
        lambda entry: entry.update(elapsed=10**400),
        lambda entry: entry.update(format=1),
    ],
)
async def test_an_entry_that_does_not_fit_is_a_miss_and_replaced(
    damage: Any, server: LoopbackServer, clean_environment: Path
) -> None:
    server.script(Reply(structured={"name": "Ada", "age": 36}), Reply(structured={"name": "Eve", "age": 1}))
    request = asked(RESPONSES, "Who?", response_format=Person)
    async with RESPONSES.client(server.url) as client:
        await client.generate_text(request)
        (path,) = entries(clean_environment)
        entry = json.loads(path.read_text(encoding="utf-8"))
        damage(entry)
        path.write_text(json.dumps(entry), encoding="utf-8")
        second = await client.generate_text(request)
        third = await client.generate_text(request)
    assert second.structured_data == Person(name="Eve", age=1)
    assert (second.cache_source, third.cache_source) == ("miss", "l1")
    assert third.structured_data == second.structured_data


class TestStampede:
    async def test_500_identical_calls_are_one(self, server: LoopbackServer) -> None:
        server.script(Reply(text="4", delay=0.2))
        async with RESPONSES.client(server.url) as client:
            calls = (client.generate_text(asked(RESPONSES, "What is 2+2?")) for _ in range(500))
            answers = await asyncio.gather(*calls)
        assert len(server.requests) == 1
        assert {answer.text for answer in answers} == {"4"}
        assert len({id(answer) for answer in answers}) == 500

    async def test_a_cancelled_leader_does_not_cancel_the_others(self, server: LoopbackServer) -> None:
        server.script(Reply(text="4", delay=0.3))
        async with RESPONSES.client(server.url) as client:
            tasks = [asyncio.create_task(client.generate_text(asked(RESPONSES, "hi"))) for _ in range(50)]
            await asyncio.sleep(0.1)
            tasks[0].cancel()
            answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(answers[0], asyncio.CancelledError)
        assert all(getattr(answer, "text", None) == "4" for answer in answers[1:])
        assert len(server.requests) == 1

    @pytest.mark.parametrize("fields", [{"use_cache": False}, {"temperature": 0.9}])
    async def test_some_calls_do_not_join(self, fields: dict[str, Any], server: LoopbackServer) -> None:
        async with CHAT.client(server.url) as client:
            await asyncio.gather(*(client.generate_text(asked(CHAT, "hi", **fields)) for _ in range(5)))
        assert len(server.requests) == 5

    async def test_an_error_reaches_all_who_wait(self, server: LoopbackServer) -> None:
        server.script(Reply(status=400, delay=0.1))
        async with RESPONSES.client(server.url) as client:
            calls = (client.generate_text(asked(RESPONSES, "hi")) for _ in range(10))
            answers = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(answer, ProviderError) for answer in answers)
        assert len(server.requests) == 1


def test_the_key_says_what_is_asked_and_where() -> None:
    plans = [
        smartllm.compile(TextRequest(prompt=prompt, model="gpt-4.1"), rules=RULES, level="ignore")
        for prompt in ("hi", "ho")
    ]
    scopes = [None, "http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1", "us-east-1", "eu-west-1", ""]
    keys = {cache_key(plan, scope) for plan in plans for scope in scopes}
    assert len(keys) == len(plans) * len(scopes)
    assert cache_key(plans[0], None) == cache_key(plans[0], None)


async def test_regions_do_not_share_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What counts is the region that the client was made with, not what the environment says later."""
    keys = []
    for region in ("us-east-1", "eu-west-1"):
        fake = FakeTransport(Reply(text="hi"))
        monkeypatch.setenv("AWS_REGION", region)
        async with LLMClient(provider="bedrock", transport=fake) as client:
            monkeypatch.setenv("AWS_REGION", "sa-east-1")
            monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
            response = await client.generate_text(TextRequest(prompt="hi", model=CLAUDE))
            monkeypatch.delenv("AWS_ENDPOINT_URL")
        assert response.cache_source == "miss"
        keys.append(response.cache_key)
    assert keys[0] != keys[1]


async def test_an_answer_of_another_server_is_never_given(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server.openai_base_url)
    request: TextRequest[Any] = TextRequest(prompt="hi", model="gpt-4.1")
    async with LLMClient(provider="openai", api_key="any") as client:
        monkeypatch.delenv("OPENAI_BASE_URL")
        assert (await client.generate_text(request)).text == "echo: hi"
    fake = FakeTransport(Reply(text="the real one"))
    async with LLMClient(provider="openai", transport=fake) as client:
        assert (await client.generate_text(request)).text == "the real one"


class Shared(LocalStore):
    """A second level that notes when it is closed."""

    closed = False

    async def aclose(self) -> None:
        self.closed = True


async def test_an_answer_of_the_second_level_is_copied_to_the_first(
    server: LoopbackServer, tmp_path: Path
) -> None:
    shared = Shared(tmp_path / "shared")
    for folder, source in (("one", "miss"), ("two", "l2"), ("two", "l1")):
        async with RESPONSES.client(server.url) as client:
            client._cache = ResponseCache(LocalStore(tmp_path / folder), shared)
            assert (await client.generate_text(asked(RESPONSES, "hi"))).cache_source == source
        assert shared.closed
    async with RESPONSES.client(server.url) as client:
        client._cache = ResponseCache(LocalStore(tmp_path / "two"), shared)
        fresh = await client.generate_text(asked(RESPONSES, "hi", clear_cache=True))
    assert fresh.cache_source == "miss"
    assert len(server.requests) == 2
