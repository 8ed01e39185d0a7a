"""A key that a function gives: asked before each request, checked, never shown, and once more after a 401."""

from __future__ import annotations

import asyncio
import functools
import io
import logging
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from keys import Keys, client_of, sent
from wires import CHAT, GPT, RESPONSES, Wire

from smartllm import LLMClient, LLMConfig, TextRequest
from smartllm.errors import AuthenticationError, ConfigError, ProviderError
from smartllm.sync import LLMClient as SyncClient
from smartllm.testing import LoopbackServer, Reply

each_openai_wire = pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
HELLO = RESPONSES.request()
TENANT: ContextVar[str] = ContextVar("tenant", default="nobody")


async def test_a_function_sees_the_callers_context(server: LoopbackServer) -> None:
    TENANT.set("somebody")
    async with client_of(server, lambda: f"sk-of-{TENANT.get()}") as client:
        await client.generate_text(HELLO)
    assert sent(server) == ["sk-of-somebody"]


@each_openai_wire
@pytest.mark.parametrize("kind", ["function", "async", "method", "partial", "gives a coroutine"])
async def test_each_request_asks(wire: Wire, kind: str, server: LoopbackServer) -> None:
    keys = Keys()
    functions: dict[str, Callable[[], str | Awaitable[str]]] = {
        "function": lambda: keys(),  # noqa: PLW0108 - another kind than the object
        "async": keys.later,
        "method": keys,
        "partial": functools.partial(Keys.later, keys),
        "gives a coroutine": lambda: keys.later(),  # noqa: PLW0108 - same
    }
    async with wire.client(server.url, api_key=functions[kind]) as client:
        await client.generate_text(wire.request())
        async for _ in client.generate_text_stream(wire.request()):
            pass
        await client.list_available_models()
    assert sent(server) == ["sk-turn-0001", "sk-turn-0002", "sk-turn-0003"]
    here = threading.get_ident() in keys.threads
    assert here == (kind in {"async", "partial", "gives a coroutine"})


async def test_a_hit_of_the_cache_asks_nobody(server: LoopbackServer) -> None:
    keys = Keys()
    async with client_of(server, keys) as client:
        first, second = [await client.generate_text(RESPONSES.request(use_cache=True)) for _ in range(2)]
    assert (first.cache_source, second.cache_source, keys.asked) == ("miss", "l1", 1)
    async with client_of(server, "sk-static") as client:  # the key is no part of the question
        assert (await client.generate_text(RESPONSES.request(use_cache=True))).cache_source == "l1"


async def test_every_attempt_asks(server: LoopbackServer) -> None:
    server.script(Reply(status=500), Reply(status=429))
    async with client_of(server, Keys(), max_retries=3) as client:
        await client.generate_text(HELLO)
    assert sent(server) == ["sk-turn-0001", "sk-turn-0002", "sk-turn-0003"]


async def test_callers_at_once_share_an_answer_that_was_asked_for_after_they_came(
    server: LoopbackServer,
) -> None:
    keys = Keys()

    async def slow() -> str:
        await asyncio.sleep(0.05)
        return keys()

    async with client_of(server, slow, max_concurrent=100) as client:
        await asyncio.gather(*(client.generate_text(RESPONSES.request(f"call {n}")) for n in range(100)))
    assert len(server.requests) == 100
    assert keys.asked == 2
    assert sorted(set(sent(server))) == ["sk-turn-0001", "sk-turn-0002"]


async def test_who_is_cancelled_leaves_the_asking_to_others(server: LoopbackServer) -> None:
    asked = 0

    async def key() -> str:
        nonlocal asked
        asked += 1
        await asyncio.sleep(10 if asked == 1 else 0)
        return "sk-given"

    async with client_of(server, key) as client:
        first = asyncio.create_task(client.generate_text(RESPONSES.request("a")))
        second = asyncio.create_task(client.generate_text(RESPONSES.request("b")))
        await asyncio.sleep(0.05)
        first.cancel()
        assert (await second).text == "echo: b"
        with pytest.raises(asyncio.CancelledError):
            await first
    assert sent(server) == ["sk-given"]


async def test_a_function_that_blocks_does_not_block_the_loop(server: LoopbackServer) -> None:
    def slow() -> str:
        time.sleep(1)
        return "sk-given"

    gaps, last = [0.0], time.monotonic()

    async def heart() -> None:
        nonlocal last
        while True:
            await asyncio.sleep(0.005)
            now = time.monotonic()
            gaps.append(now - last)
            last = now

    async with client_of(server, slow) as client:
        beating = asyncio.create_task(heart())
        await client.generate_text(HELLO)
        beating.cancel()
    assert max(gaps) < 0.7


def test_every_loop_and_thread_asks(server: LoopbackServer) -> None:
    keys = Keys()
    client = client_of(server, keys.later)

    async def once() -> None:
        await client.generate_text(HELLO)

    for _ in range(2):
        asyncio.run(once())
    assert keys.asked == 2
    with SyncClient(**RESPONSES.settings(server.url, api_key=keys)) as sync:
        sync.generate_text(TextRequest(prompt="x", model=GPT))
    assert sent(server)[-1] == "sk-turn-0003"


# Refused


@each_openai_wire
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_key_that_was_replaced_meanwhile(wire: Wire, streamed: bool, server: LoopbackServer) -> None:
    server.script(Reply(status=401, error_message="expired"))
    async with wire.client(server.url, api_key=Keys()) as client:
        if streamed:
            chunks = [chunk.text async for chunk in client.generate_text_stream(wire.request())]
            text = "".join(chunks)
        else:
            text = (await client.generate_text(wire.request())).text
    assert text == "echo: hello there"
    assert sent(server) == ["sk-turn-0001", "sk-turn-0002"]


async def test_a_listing_too(server: LoopbackServer) -> None:
    server.script(Reply(status=401))
    async with client_of(server, Keys()) as client:
        assert await client.list_available_model_ids() == ["loopback-model"]


async def test_keys_that_stay_refused(server: LoopbackServer) -> None:
    server.script(*[Reply(status=401, error_message="no: sk-turn-0001, sk-turn-0002")] * 5)
    async with client_of(server, Keys(), max_retries=3) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.generate_text(HELLO)
    assert sent(server) == ["sk-turn-0001", "sk-turn-0002"]
    assert caught.value.attempts == 1
    assert caught.value.hint == "check the key; it comes from the function in api_key"
    assert "sk-turn" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-static", lambda: "sk-static"], ids=["static", "the same again"])
async def test_the_same_key_is_not_sent_twice(key: Any, server: LoopbackServer) -> None:
    server.script(*[Reply(status=401)] * 2)
    async with client_of(server, key) as client:
        with pytest.raises(AuthenticationError):
            await client.generate_text(HELLO)
    assert sent(server) == ["sk-static"]


async def test_another_status_asks_nobody_again(server: LoopbackServer) -> None:
    keys = Keys()
    server.script(Reply(status=403))
    async with client_of(server, keys) as client:
        with pytest.raises(ProviderError):
            await client.generate_text(HELLO)
    assert keys.asked == 1


async def test_asking_again_may_fail(server: LoopbackServer) -> None:
    given = iter(["sk-first"])
    server.script(Reply(status=401))
    async with client_of(server, lambda: next(given)) as client:
        with pytest.raises(ConfigError, match="the function raised StopIteration"):
            await client.generate_text(HELLO)
    assert sent(server) == ["sk-first"]


# Where it counts


def test_it_tells_the_provider_and_is_a_key() -> None:
    client = LLMClient(api_key=lambda: "k")
    assert (client.provider, client.config.resolved_provider()) == ("openai", "openai")
    assert "lambda" not in repr(client.config)


@pytest.mark.parametrize("kind", [str, Keys])
def test_a_class_is_no_function(kind: type) -> None:
    with pytest.raises(
        ConfigError, match=r"api_key=.hidden. is not usable; allowed: text or a function, not type"
    ):
        LLMConfig(api_key=kind)


async def test_a_login_and_headers_of_ones_own_outrank_it(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys()
    await client_of(server, keys, base_url=f"{server.url}/v1".replace("//", "//u:password@")).generate_text(
        HELLO
    )
    await client_of(server, keys, default_headers={"authorization": "Token own"}).generate_text(HELLO)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: Token custom")
    await client_of(server, keys).generate_text(HELLO)
    assert [value.split()[0] for value in sent(server)] == ["Basic", "Token", "Token"]
    assert keys.asked == 0


# Nothing of it is shown


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream, logger = io.StringIO(), logging.getLogger("smartllm")
    listener, level = logging.StreamHandler(stream), logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(listener)
    yield stream
    logger.removeHandler(listener)
    logger.setLevel(level)


async def test_no_key_is_shown_or_kept(server: LoopbackServer, log: io.StringIO) -> None:
    echo = "you sent sk-turn-0001 and sk-turn-0002 and sk-turn-0003"
    server.script(Reply(text=echo), *[Reply(text="after")], *[Reply(status=400, error_message=echo)] * 2)
    said: list[str] = []
    async with client_of(server, Keys()) as client:
        kept = RESPONSES.request(use_cache=True, on_progress=lambda event: said.append(str(event)))
        assert [(await client.generate_text(kept)).text for _ in range(2)] == [echo, "after"]
        for streamed in (False, True):
            with pytest.raises(ProviderError) as caught:
                await (anext(client.generate_text_stream(HELLO)) if streamed else client.generate_text(HELLO))
            error = caught.value
            said += [repr(error), repr(vars(error)), *traceback.format_exception(error)]
        said += [repr(client), repr(vars(client)), repr(client._settings), log.getvalue()]
    assert "you sent [secret]" in "".join(said)
    assert "sk-turn" not in "".join(said)


async def test_a_tool_that_repeats_a_key_does_not_tell_the_model(server: LoopbackServer) -> None:
    def look() -> str:
        """Look."""
        raise ValueError("refused: sk-turn-0001")

    server.script(Reply(tool="look", structured={}), Reply(text="done"))
    async with client_of(server, Keys()) as client:
        await client.run_tools(HELLO, [look])
    assert "refused: [secret]" in str(server.requests[1].json)


async def test_old_keys_are_forgotten(server: LoopbackServer) -> None:
    async with client_of(server, Keys()) as client:
        for _ in range(100):
            await client.generate_text(HELLO)
        assert len(client._calls.secrets) == 64
        assert client._calls.secrets[-1] == "sk-turn-0100"
