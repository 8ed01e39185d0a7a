"""Answers after several tries: in the cache, for callers that joined, and when time or caller ends them."""

from __future__ import annotations

import asyncio
import json
import pickle
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, model_validator
from test_cache_joined import Slow, SlowStore, classes
from wires import CLAUDE, RESPONSES, each_wire

from smartllm import LLMClient, ModelMismatchError, TextRequest, TextResponse
from smartllm.errors import ConnectionFailedError, ProviderTimeoutError, RateLimitError
from smartllm.runtime.cache.levels import ResponseCache
from smartllm.runtime.cache.local import LocalStore
from smartllm.sync import LLMClient as SyncClient
from smartllm.testing import FakeTransport, LoopbackServer, Reply


class Person(BaseModel):
    name: str
    age: int


BAD, GOOD = Reply(structured={"name": "Ann", "age": "old"}), Reply(structured={"name": "Ann", "age": 3})
ANN = Person(name="Ann", age=3)


def client_of(fake: FakeTransport, **settings: Any) -> LLMClient:
    """A client that does not wait between attempts."""
    return LLMClient(provider="bedrock", transport=fake, **{"level": "ignore", "retry_delay": 0, **settings})


def asking(**fields: Any) -> TextRequest[Any]:
    """A request that lets the model try twice again."""
    given = {"prompt": "Who?", "model": CLAUDE, "response_format": Person, "reasks": 2, **fields}
    return TextRequest(**given)


def told(response: TextResponse[Any]) -> dict[str, Any]:
    """All that a response tells, beside where it comes from."""
    names = [name for name in response.__dataclass_fields__ if name[0] != "_" and name != "cache_source"]
    said = {name: getattr(response, name) for name in names}
    return {**said, "cost": response.original_cost, "raws": response.raws, "parts": response.parts}


async def joined(client: LLMClient, *requests: TextRequest[Any]) -> list[Any]:
    """What comes of calls of which the later ones join the first."""
    calls = []
    for request in requests:
        calls.append(asyncio.ensure_future(client.generate_text(request)))
        await asyncio.sleep(0.04)
    ends: list[Any] = await asyncio.gather(*calls, return_exceptions=True)
    return ends


async def asked_again(client: LLMClient, **fields: Any) -> asyncio.Future[TextResponse[Any]]:
    """A call that waits for its second try."""
    again = asyncio.Event()

    def hear(event: dict[str, Any]) -> None:
        if event["event"] == "structured_reask":
            again.set()

    call = asyncio.ensure_future(client.generate_text(asking(on_progress=hear, **fields)))
    await asyncio.wait_for(again.wait(), 5)
    await asyncio.sleep(0.05)
    return call


def takes_after(kind: type[BaseModel], asked: list[Any]) -> type[BaseModel]:
    """A class of the same schema that refuses every answer until the model was asked again."""

    def refuse(self: BaseModel) -> BaseModel:
        if not asked:
            raise ValueError("not yet")
        return self

    return type(kind.__name__, (kind,), {"_refuse": model_validator(mode="after")(refuse)})


def entries_in(folder: Path) -> list[Path]:
    """The entries of a cache."""
    return [path for path in folder.rglob("*.json") if path.is_file()]


def entry_in(folder: Path) -> Path:
    """The only one."""
    (entry,) = entries_in(folder)
    return entry


class TestTheCache:
    @each_wire
    async def test_tells_of_a_hit_what_the_first_answer_told(self, wire: Any, server: LoopbackServer) -> None:
        server.script(BAD, Reply(text="no JSON", thinking="hm"), GOOD)
        request = wire.request("Who?", response_format=Person, reasks=2, use_cache=True)
        async with wire.client(server.url) as client:
            first = await client.generate_text(request)
            again = await client.generate_text(request)
        assert (len(server.requests), again.cache_source) == (3, "l1")
        assert told(again) == told(first)
        assert len(again.metadata["tries"]) == 2

    async def test_serves_callers_that_would_not_ask_again(self, tmp_path: Path) -> None:
        fake = FakeTransport(BAD, GOOD)
        async with client_of(fake, cache_dir=tmp_path) as client:
            await client.generate_text(asking())
            again = await client.generate_text(asking(reasks=0))
        assert (len(fake.sent), again.structured_data, again.cache_source) == (2, ANN, "l1")

    async def test_keeps_nothing_that_never_fitted(self, tmp_path: Path) -> None:
        fake = FakeTransport(BAD, BAD, GOOD)
        async with client_of(fake, cache_dir=tmp_path) as client:
            with pytest.raises(ModelMismatchError):
                await client.generate_text(asking(reasks=1))
            assert entries_in(tmp_path) == []
            assert (await client.generate_text(asking(reasks=1))).structured_data == ANN
        assert len(fake.sent) == 3

    @pytest.mark.parametrize(
        "odd",
        [7, [7], [{}], [{"reply": {}, "request_id": None, "faults": []}], [{"faults": [["a"]]}]],
        ids=str,
    )
    async def test_takes_an_entry_with_odd_tries_for_none(self, odd: Any, tmp_path: Path) -> None:
        fake = FakeTransport(BAD, GOOD, GOOD)
        async with client_of(fake, cache_dir=tmp_path) as client:
            await client.generate_text(asking())
            entry = entry_in(tmp_path)
            data = json.loads(entry.read_text())
            assert len(data["tries"]) == 1
            if isinstance(odd, list) and odd[0] == {"faults": [["a"]]}:
                odd = [data["tries"][0] | odd[0]]
            entry.write_text(json.dumps(data | {"tries": odd}))
            again = await client.generate_text(asking())
        assert (len(fake.sent), again.cache_source) == (3, "miss")

    async def test_has_entries_of_answers_at_the_first_try_as_before(self, tmp_path: Path) -> None:
        async with client_of(FakeTransport(GOOD), cache_dir=tmp_path) as client:
            await client.generate_text(asking())
        assert "tries" not in json.loads(entry_in(tmp_path).read_text())


class TestCallersThatJoin:
    async def test_get_the_good_answer_once(self) -> None:
        fake = Slow(BAD, GOOD)
        async with client_of(fake) as client:
            answers = await asyncio.gather(*(client.generate_text(asking()) for _ in range(5)))
        assert len(fake.sent) == 2
        assert all(told(one) == told(answers[0]) for one in answers)

    async def test_ask_on_where_their_own_class_refuses_what_the_first_took(self) -> None:
        refuses, takes = classes()
        fake = Slow(*[Reply(structured={"name": "Ann"})] * 3)
        async with client_of(fake) as client:
            taken, refused = await joined(
                client, asking(response_format=takes), asking(response_format=refuses)
            )
        assert isinstance(taken, TextResponse)
        assert "tries" not in taken.metadata
        assert isinstance(refused, ModelMismatchError)
        assert (len(fake.sent), len(refused.tries)) == (3, 2)

    async def test_ask_on_where_the_first_would_not(self) -> None:
        fake = Slow(BAD, GOOD)
        async with client_of(fake) as client:
            first, second = await joined(client, asking(reasks=0), asking(reasks=2))
        assert isinstance(first, ValidationError)
        assert isinstance(second, TextResponse)
        assert (len(fake.sent), second.structured_data, second.cache_source) == (2, ANN, "miss")

    async def test_ask_on_after_the_tries_that_were_made(self) -> None:
        refuses, takes = classes()
        fake = Slow(Reply(structured={"name": 7}), *[Reply(structured={"name": "Ann"})] * 2)
        async with client_of(fake) as client:
            taken, refused = await joined(
                client, asking(response_format=takes), asking(response_format=refuses)
            )
        assert isinstance(taken, TextResponse)
        assert len(taken.metadata["tries"]) == 1
        assert isinstance(refused, ModelMismatchError)
        turns = [sent.body["messages"] for sent in fake.sent]
        assert [len(each) for each in turns] == [1, 3, 5]
        assert turns[2][:3] == turns[1]

    async def test_ask_on_after_a_kept_answer(self, tmp_path: Path) -> None:
        _, takes = classes()
        shared = ResponseCache(LocalStore(tmp_path / "one"), SlowStore(tmp_path / "two"))
        fake = FakeTransport(*[Reply(structured={"name": "Ann"})] * 2)
        async with client_of(fake) as client:
            client._cache = shared
            await client.generate_text(asking(response_format=takes))
            client._cache = ResponseCache(LocalStore(tmp_path / "three"), SlowStore(tmp_path / "two"))
            asked: list[dict[str, Any]] = []

            def hear(event: dict[str, Any]) -> None:
                if event["event"] == "structured_reask":
                    asked.append(event)

            later = takes_after(takes, asked)
            hit, mine = await joined(
                client,
                asking(response_format=takes),
                asking(response_format=later, reasks=1, on_progress=hear),
            )
        assert (hit.cache_source, mine.cache_source) == ("l2", "miss")
        assert (len(fake.sent), len(asked)) == (2, 1)

    async def test_that_ask_on_have_figures_of_their_own(self) -> None:
        refuses, takes = classes()
        fake = Slow(Reply(structured={"name": "Ann"}), *[Reply(status=429)] * 2)
        async with client_of(fake, max_retries=0) as client:
            asks = [asking(response_format=kind) for kind in (takes, refuses, refuses)]
            _, *late = await joined(client, *asks)
        assert [type(error) for error in late] == [RateLimitError] * 2
        assert [error.attempts for error in late] == [2, 2]

    async def test_go_on_where_the_first_leaves(self) -> None:
        fake = Slow(BAD, GOOD)
        async with client_of(fake) as client:
            first = asyncio.ensure_future(client.generate_text(asking()))
            await asyncio.sleep(0.04)
            second = asyncio.ensure_future(client.generate_text(asking()))
            await asyncio.sleep(0.1)
            first.cancel()
            assert (await second).structured_data == ANN
        assert len(fake.sent) == 2


class TestTheEnd:
    async def test_comes_with_the_deadline_of_the_whole_call(self) -> None:
        fake = FakeTransport(BAD, Reply(delay=30))
        clock = time.monotonic()
        async with client_of(fake, total_timeout=0.3) as client:
            with pytest.raises(ProviderTimeoutError, match="total_timeout") as caught:
                await client.generate_text(asking())
        assert 0.25 < time.monotonic() - clock < 2
        assert caught.value.attempts == 2
        assert caught.value.response is not None
        assert caught.value.response.output_tokens > 0

    async def test_keeps_what_earlier_tries_cost(self) -> None:
        fake = FakeTransport(BAD, BAD, Reply(status=429))
        async with client_of(fake, max_retries=0) as client:
            with pytest.raises(RateLimitError) as caught:
                await client.generate_text(asking())
        response = caught.value.response
        assert response is not None
        assert (len(response.raws), len(response.metadata["tries"])) == (2, 1)
        assert caught.value.usage == response.usage

    async def test_tells_of_all_tries_in_the_last_error(self) -> None:
        fake = FakeTransport(BAD, BAD, BAD)
        async with client_of(fake) as client:
            with pytest.raises(ModelMismatchError) as caught:
                await client.generate_text(asking())
        error = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes
        assert error.response is not None
        assert [len(one["errors"]) for one in error.tries] == [1, 1]
        assert (len(error.response.raws), error.usage) == (3, error.response.usage)
        assert error.usage.output_tokens == 3 * error.tries[0]["output_tokens"]

    async def test_gives_the_place_among_the_calls_back(self) -> None:
        fake = FakeTransport(BAD, Reply(delay=30), GOOD)
        async with client_of(fake, max_concurrent=1) as client:
            call = await asked_again(client, use_cache=False)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asyncio.wait_for(call, 1)
            after = await asyncio.wait_for(client.generate_text(asking(prompt="And?")), 1)
        assert (after.structured_data, len(fake.sent)) == (ANN, 3)

    async def test_comes_when_the_client_is_closed(self) -> None:
        fake = FakeTransport(BAD, Reply(delay=30))
        client = client_of(fake)
        call = await asked_again(client)
        await client.aclose()
        with pytest.raises(ConnectionFailedError):
            await asyncio.wait_for(call, 1)

    async def test_no_more_calls_at_once_than_the_client_allows(self) -> None:
        running = most = 0

        class Counting(Slow):
            async def send(self, request: Any) -> Any:
                nonlocal running, most
                running += 1
                most = max(most, running)
                try:
                    return await super().send(request)
                finally:
                    running -= 1

        fake = Counting(*[BAD] * 4, *[GOOD] * 4)
        async with client_of(fake, max_concurrent=2) as client:
            calls = [client.generate_text(asking(prompt=f"Who? {number}")) for number in range(4)]
            answers = await asyncio.gather(*calls)
        assert (len(fake.sent), most) == (8, 2)
        assert {len(one.metadata["tries"]) for one in answers} == {1}


def test_the_sync_client_asks_again_too(server: LoopbackServer) -> None:
    server.script(BAD, GOOD)
    with SyncClient(**RESPONSES.settings(server.url)) as client:
        response = client.generate_text(RESPONSES.request("Who?", response_format=Person, reasks=1))
    assert response.structured_data == ANN
