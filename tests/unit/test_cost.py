"""What calls cost: each by itself, nothing where nothing was sent, and what it cost at first."""

from __future__ import annotations

import asyncio
import builtins
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tool_rounds import called, calling, saying
from wires import CHAT, INVOKE, RESPONSES, share_service_models

from smartllm import LLMClient, ProviderError, TextRequest, TextResponse, Usage
from smartllm.cost import Billing, cost_of, price_of
from smartllm.structure_errors import StructureError
from smartllm.testing import FakeTransport, LoopbackServer, Reply

USAGE = {"prompt_tokens": 1000, "completion_tokens": 100}
ONE, FREE = Decimal("0.0035"), Decimal(0)
PLACE: dict[str, Any] = {
    "title": "P",
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    share_service_models(monkeypatch)
    with LoopbackServer() as server:
        yield server


def client_of(*replies: Reply, **settings: Any) -> LLMClient:
    return LLMClient(provider="openai", transport=FakeTransport(*replies), max_retries=0, **settings)


def asking(prompt: str = "hi", **fields: Any) -> TextRequest[Any]:
    return CHAT.request(prompt, **{"model": "gpt-4o", **fields})


async def test_what_a_call_cost(server: LoopbackServer) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100, "input_tokens_details": {"cached_tokens": 0}}
    server.script(Reply(usage=usage))
    async with RESPONSES.client(server.url) as client:
        request = RESPONSES.request("hi", model="gpt-4o", use_cache=True)
        first = await client.generate_text(request)
        again = await client.generate_text(request)
    assert first.cost == Decimal("0.0035")
    assert (again.cache_source, again.cost, again.original_cost) == ("l1", FREE, first.cost)
    assert first.original_cost == first.cost
    assert (first.provider, first.requested_model) == ("openai", "gpt-4o")


async def test_claude_on_bedrock(server: LoopbackServer) -> None:
    server.script(Reply(usage={"input_tokens": 1000, "output_tokens": 100}), Reply(cached_tokens=1000))
    async with INVOKE.client(server.url) as client:
        first, second = [await client.generate_text(INVOKE.request("hi")) for _ in range(2)]
    assert first.cost is not None
    assert second.cost is not None
    assert 0 < second.cost < first.cost < 1


def test_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    response: TextResponse[Any] = TextResponse(text="x", model="m", stop_reason="stop", input_tokens=5)
    assert response.cost is None
    response.billing, response.requested_model = Billing("openai"), "what-ever"
    assert response.cost is None
    original = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "genai_prices":
            raise ImportError(name)
        return original(name, *rest)

    response.requested_model = "gpt-4o"
    assert response.cost is not None
    monkeypatch.setattr(builtins, "__import__", missing)
    assert response.cost is None


def test_counts_that_nobody_can_mean_have_no_price() -> None:
    for counts in ({"input_tokens": -1}, {"input_tokens": 1, "cached_tokens": 5}):
        assert cost_of(Usage(output_tokens=1, **counts), Billing("openai"), model="gpt-5.4") is None


async def test_a_stream(server: LoopbackServer) -> None:
    server.script(Reply(usage=USAGE))
    async with CHAT.client(server.url) as client:
        chunks = [chunk async for chunk in client.generate_text_stream(asking())]
    assert [chunk.cost for chunk in chunks] == [None] * (len(chunks) - 1) + [ONE]
    assert chunks[-1].response is not None
    assert chunks[-1].response.cost == ONE


async def test_equal_calls_at_once_cost_one(server: LoopbackServer) -> None:
    server.script(Reply(usage=USAGE, delay=0.05))
    async with CHAT.client(server.url) as client:
        asked = [client.generate_text(asking(use_cache=True)) for _ in range(3)]
        answers = await asyncio.gather(*asked)
    assert len(server.requests) == 1
    assert sum(answer.cost or 0 for answer in answers) == ONE
    assert [answer.original_cost for answer in answers] == [ONE] * 3


async def test_equal_calls_that_fail_cost_one(server: LoopbackServer) -> None:
    server.script(Reply(usage=USAGE, delay=0.05, text="no"))
    async with CHAT.client(server.url) as client:
        fields: dict[str, Any] = {"response_format": PLACE, "structured_output": "native", "use_cache": True}
        asked = [client.generate_text(asking(**fields)) for _ in range(3)]
        errors = await asyncio.gather(*asked, return_exceptions=True)
    paid = [error.response for error in errors if isinstance(error, StructureError)]
    assert [answer.original_cost for answer in paid if answer is not None] == [ONE] * 3
    assert sorted(answer.cost or 0 for answer in paid if answer is not None) == [FREE, FREE, ONE]


async def test_equal_calls_of_two_steps_that_fail_in_the_second_cost_one(server: LoopbackServer) -> None:
    server.script(Reply(text="It is Paris.", usage=USAGE), Reply(status=400))
    asked = asking(response_format=PLACE, structured_output="two_pass", use_cache=True)
    async with CHAT.client(server.url) as client:
        found = await asyncio.gather(*(client.generate_text(asked) for _ in range(3)), return_exceptions=True)
    paid = [error.response for error in found if isinstance(error, ProviderError) and error.response]
    assert sorted(one.cost or 0 for one in paid) == [FREE, FREE, ONE]
    assert {one.original_cost for one in paid} == {ONE}


async def test_a_caller_who_asks_again_pays_for_that_alone(server: LoopbackServer) -> None:
    wrong, right = {"city": 5}, {"city": "Rome"}
    server.script(Reply(usage=USAGE, delay=0.05, structured=wrong), Reply(usage=USAGE, structured=right))
    async with CHAT.client(server.url) as client:
        fields: dict[str, Any] = {"response_format": PLACE, "use_cache": True}
        begun = asyncio.ensure_future(client.generate_text(asking(**fields)))
        await asyncio.sleep(0.02)
        second = await client.generate_text(asking(reasks=1, **fields))
        with pytest.raises(StructureError) as caught:
            await begun
    assert len(server.requests) == 2
    assert caught.value.response is not None
    assert (caught.value.response.cost, second.cost, second.original_cost) == (ONE, ONE, 2 * ONE)


async def test_two_steps_and_reasks_add_up(server: LoopbackServer) -> None:
    server.script(
        Reply(usage=USAGE, text="Rome"),
        Reply(usage=USAGE, structured={"city": 5}),
        Reply(usage=USAGE, structured={"city": "Rome"}),
    )
    async with CHAT.client(server.url) as client:
        fields: dict[str, Any] = {"response_format": PLACE, "structured_output": "two_pass", "reasks": 1}
        kept = [await client.generate_text(asking(use_cache=True, **fields)) for _ in range(2)]
    assert [answer.cost for answer in kept] == [3 * ONE, FREE]
    assert kept[1].original_cost == 3 * ONE


async def test_a_run_of_tools() -> None:
    def look() -> str:
        return "clear"

    async with client_of(calling(called("look")), saying("done")) as client:
        runs = [await client.run_tools(asking(use_cache=True), [look]) for _ in range(2)]
    first, again = runs
    assert first.cost is not None
    assert first.cost > 0
    assert (again.cost, again.original_cost) == (FREE, first.cost)


def aged(folder: Path) -> None:
    """Make the entry one of a release that kept no ids."""
    (kept,) = folder.rglob("*.json")
    entry = json.loads(kept.read_text(encoding="utf-8"))
    del entry["request_ids"]
    kept.write_text(json.dumps(entry), encoding="utf-8")


async def test_an_entry_of_an_older_release(tmp_path: Path) -> None:
    async with client_of(Reply(usage=USAGE), cache_dir=str(tmp_path)) as client:
        await client.generate_text(asking(use_cache=True))
    aged(tmp_path)
    async with client_of(cache_dir=str(tmp_path)) as client:
        again = await client.generate_text(asking(use_cache=True))
    assert (again.cache_source, again.cost, again.original_cost) == ("l1", FREE, ONE)


def test_each_call_has_its_own_price() -> None:
    # Some models cost more for prompts over a size, which two short ones are not.
    usage, when = Usage(input_tokens=150_000), "2026-11-01T00:00:00+00:00"
    billing, model = Billing("google"), "gemini-2.5-pro"
    both = price_of([usage, usage], billing, model=model, when=when)
    one = cost_of(usage, billing, model=model, when=when)
    together = cost_of(usage + usage, billing, model=model, when=when)
    assert one is not None
    assert together is not None
    assert both == 2 * one < together
    assert price_of([], billing, model=model) == 0
    assert price_of([usage], None, model=model) is None
    assert price_of([usage], billing, model=None) is None
    assert price_of([usage], billing, model="what-ever") is None
