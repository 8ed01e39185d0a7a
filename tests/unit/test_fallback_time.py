"""Models that take over across real connections: one deadline, closing, cancelling, loops, threads, forks."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fault_server import FaultServer, reset, silent, stalled
from taken_over import CLAUDE, GPT, OTHER
from wires import AWS_KEYS, share_service_models

from smartllm import LLMClient, TextRequest, sync
from smartllm.errors import ConfigError, ConnectionFailedError, ProviderTimeoutError, ServerError
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.reply import HEADER

FAST: dict[str, Any] = {"max_retries": 0, "retry_delay": 0, "level": "ignore", "default_model": GPT}


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


@contextmanager
def refused() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def on_bedrock(url: str, **own: Any) -> dict[str, Any]:
    return {"provider": "bedrock", "model": CLAUDE, "endpoint_url": url, **AWS_KEYS, **own}


def client_at(url: str, *fallback: Any, **settings: Any) -> LLMClient:
    given: dict[str, Any] = {**FAST, "base_url": f"{url}/v1", "api_key": "any-key-of-mine", **settings}
    return LLMClient(provider="openai", fallback=list(fallback), **given)


class Odd:
    """A transport that does something, and then fails for a reason that may pass."""

    keyless = True

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self.sent: list[str] = []

    async def send(self, request: Any) -> Any:
        self.sent.append(request.model)
        self._act()
        raise ServerError("no", model=request.model, status=503, retryable=True)

    async def aclose(self) -> None:
        """Nothing is open."""


async def test_the_other_provider_is_reached_over_its_own_connections(server: LoopbackServer) -> None:
    server.script(Reply(status=529), Reply(text="there"))
    async with client_at(server.url, on_bedrock(server.url)) as client:
        response = await client.generate_text("hi", use_cache=False)
    assert (response.text, response.provider) == ("there", "bedrock")
    first, second = server.requests
    assert first.path == "/v1/responses"
    assert second.path.startswith("/model/")
    assert "authorization" in {name.lower() for name in second.headers}
    assert "any-key-of-mine" not in repr(second.headers)


async def test_nobody_listens(server: LoopbackServer) -> None:
    server.script(Reply(text="there"))
    with refused() as nowhere:
        async with client_at(nowhere, on_bedrock(server.url), max_retries=1) as client:
            response = await client.generate_text("hi", use_cache=False)
    (tried,) = response.metadata["tried"]
    assert (response.text, tried["error"], tried["attempts"]) == ("there", "ConnectionFailedError", 2)


@pytest.mark.parametrize("act", [silent, reset], ids=["silent", "reset"])
async def test_a_server_that_does_not_answer(act: Any, server: LoopbackServer) -> None:
    server.script(Reply(text="there"))
    async with (
        FaultServer(act) as broken,
        client_at(broken.url, on_bedrock(server.url), read_timeout=0.2) as client,
    ):
        response = await client.generate_text("hi", use_cache=False)
    assert response.text == "there"


async def test_a_stream_that_never_begins(server: LoopbackServer) -> None:
    server.script(Reply(text="there"))
    async with (
        FaultServer(silent) as broken,
        client_at(broken.url, on_bedrock(server.url), first_event_timeout=0.2) as client,
    ):
        chunks = [chunk async for chunk in client.generate_text_stream("hi")]
    assert "".join(chunk.text for chunk in chunks) == "there"
    (tried,) = chunks[-1].response.metadata["tried"]  # type: ignore[union-attr]
    assert tried["error"] == "ProviderTimeoutError"


class TestOneDeadline:
    async def test_it_holds_for_all_models_together(self) -> None:
        async with FaultServer(silent) as first, FaultServer(silent) as second:
            entry = on_bedrock(second.url, read_timeout=60)
            client = client_at(first.url, entry, read_timeout=0.5, total_timeout=0.8)
            clock = time.monotonic()
            async with client:
                with pytest.raises(ProviderTimeoutError) as caught:
                    await client.generate_text("hi", use_cache=False)
            seconds = time.monotonic() - clock
        error = caught.value
        assert (error.kind, error.seconds, error.model) == ("total", 0.8, CLAUDE)
        assert [(one.model, one.error.kind) for one in error.tried] == [(GPT, "read")]  # type: ignore[attr-defined]
        assert 0.7 < seconds < 1.25, "0.5 s and 0.8 s are more"

    async def test_without_time_no_other_is_asked(self) -> None:
        async with FaultServer(silent) as first, FaultServer() as second:
            client = client_at(first.url, on_bedrock(second.url), total_timeout=0.3)
            async with client:
                with pytest.raises(ProviderTimeoutError) as caught:
                    await client.generate_text("hi", use_cache=False)
            assert second.requests == 0
        assert (caught.value.kind, caught.value.tried) == ("total", ())

    async def test_a_failure_at_the_very_end_is_the_one_that_is_told(self) -> None:
        fake = Odd(lambda: time.sleep(0.15))
        async with LLMClient(
            provider="openai", transport=fake, fallback=[OTHER], total_timeout=0.1, **FAST
        ) as client:
            with pytest.raises(ServerError) as caught:
                await client.generate_text("hi", use_cache=False)
        assert (fake.sent, caught.value.tried) == ([GPT], ())

    async def test_an_entry_gets_no_time_of_its_own(self, server: LoopbackServer) -> None:
        with pytest.raises(ConfigError, match="total_timeout: it holds for the client as a whole"):
            client_at(server.url, on_bedrock(server.url, total_timeout=1))

    async def test_of_streams(self) -> None:
        async with FaultServer(silent) as first, FaultServer(stalled) as second:
            entry = on_bedrock(second.url, read_timeout=60)
            client = client_at(first.url, entry, first_event_timeout=0.3, total_timeout=0.8)
            clock = time.monotonic()
            async with client:
                with pytest.raises(ProviderTimeoutError) as caught:
                    async for _ in client.generate_text_stream("hi"):
                        pass
            assert time.monotonic() - clock < 1.6
        assert (caught.value.kind, len(caught.value.tried)) == ("total", 1)


class TestTheEnd:
    async def test_closing_ends_what_another_model_does(self) -> None:
        async with FaultServer(reset) as first, FaultServer(silent) as second:
            client = client_at(first.url, on_bedrock(second.url))
            asking = asyncio.create_task(client.generate_text("hi", use_cache=False))
            await until(lambda: second.requests)
            await client.aclose()
            with pytest.raises(ConnectionFailedError, match="the client was closed") as caught:
                await asyncio.wait_for(asking, 1)
            assert [one.model for one in caught.value.tried] == [GPT]
            await until(lambda: second.open == 0)

    async def test_closing_asks_no_other_model(self) -> None:
        async with FaultServer(silent) as first, FaultServer() as second:
            client = client_at(first.url, on_bedrock(second.url))
            asking = asyncio.create_task(client.generate_text("hi", use_cache=False))
            await until(lambda: first.requests)
            await client.aclose()
            with pytest.raises(ConnectionFailedError):
                await asyncio.wait_for(asking, 1)
            assert second.requests == 0

    async def test_closing_while_a_failure_is_on_its_way_asks_no_other_model(self) -> None:
        fake = Odd(lambda: setattr(client, "_closed", True))
        client = LLMClient(provider="openai", transport=fake, fallback=[OTHER], **FAST)
        with pytest.raises(ServerError):
            await client.generate_text("hi", use_cache=False)
        assert fake.sent == [GPT]

    async def test_kept_connections_of_all_are_closed(self, server: LoopbackServer) -> None:
        async with FaultServer(reset) as first, FaultServer() as second:
            client = client_at(first.url, on_bedrock(second.url))
            async with client:
                await client.generate_text("hi", use_cache=False)
            await until(lambda: second.open == 0)
            with pytest.raises(ConfigError, match="closed"):
                await client.generate_text("hi")
            (other,) = client._others
            plan = other._compiled(TextRequest(prompt="hi", model=CLAUDE))
            with pytest.raises(ConfigError, match="closed"):
                await other.calls.send(plan.steps[0])

    async def test_a_callers_transport_is_closed_once(self) -> None:
        class Counted:
            keyless, closed = True, 0

            async def send(self, request: Any) -> Any:
                raise ConnectionFailedError("no", model=request.model, retryable=True)

            async def aclose(self) -> None:
                self.closed += 1

        transport = Counted()
        entries: list[Any] = [OTHER, {"model": OTHER, "max_tokens": 5}, ("bedrock", CLAUDE)]
        async with LLMClient(provider="openai", transport=transport, fallback=entries, **FAST) as client:
            with pytest.raises(ConnectionFailedError) as caught:
                await client.generate_text("hi", use_cache=False)
        assert (transport.closed, len(caught.value.tried)) == (1, 3)

    async def test_a_cancelled_call_asks_no_other(self) -> None:
        async with FaultServer(silent) as first, FaultServer() as second:
            async with client_at(first.url, on_bedrock(second.url)) as client:
                asking = asyncio.create_task(client.generate_text("hi", use_cache=False))
                await until(lambda: first.requests)
                asking.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asking
                await until(lambda: first.open == 0)
            assert second.requests == 0

    async def test_a_client_that_nobody_holds_is_gone_at_once(self, server: LoopbackServer) -> None:
        gc.collect()
        gc.disable()
        try:
            client = client_at(server.url, OTHER, on_bedrock(server.url))
            gone = weakref.ref(client), weakref.ref(client._others[0])
            await client.aclose()
            del client
            assert [each() for each in gone] == [None, None]
        finally:
            gc.enable()


def test_clients_serve_several_loops_and_threads(server: LoopbackServer) -> None:
    down = {HEADER: '{"status": 529}'}  # which goes to the client's own server alone
    client = client_at(server.url, on_bedrock(server.url), default_headers=down)
    said: list[str] = []

    def ask() -> None:
        async def once() -> None:
            response = await client.generate_text("hi", use_cache=False)
            said.append(response.text)

        asyncio.run(once())

    ask()
    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(client.aclose())
    assert said == ["echo: hi"] * 4


def test_synchronous_clients_close_all(server: LoopbackServer) -> None:
    server.script(Reply(status=529), Reply(text="there"))
    settings: dict[str, Any] = {**FAST, "base_url": f"{server.url}/v1", "api_key": "any-key-of-mine"}
    with sync.LLMClient(provider="openai", fallback=[on_bedrock(server.url)], **settings) as client:
        assert client.generate_text("hi", use_cache=False).text == "there"
    with pytest.raises(ConfigError, match="closed"):
        client.generate_text("hi")


async def test_many_calls_while_the_first_is_down(server: LoopbackServer) -> None:
    """Each is answered by the other model, and none by the answer to another prompt."""
    async with FaultServer(*[reset] * 400) as broken:
        async with client_at(broken.url, on_bedrock(server.url), max_retries=3) as client:
            prompts = [f"prompt {number}" for number in range(100)]
            answers = await client.map(prompts, max_concurrent=50, use_cache=False)
        assert [answer.text for answer in answers] == [f"echo: {prompt}" for prompt in prompts]
        assert broken.requests <= 400
    assert {answer.metadata["tried"][0]["error"] for answer in answers} <= {"ConnectionFailedError"}


async def test_what_fails_everywhere_fails_in_time(server: LoopbackServer) -> None:
    server.script(*[Reply(status=503)] * 8)
    async with client_at(server.url, OTHER, on_bedrock(server.url), max_retries=1) as client:
        with pytest.raises(ServerError) as caught:
            await client.generate_text("hi", use_cache=False)
    assert [one.error.attempts for one in caught.value.tried] == [2, 2]  # type: ignore[attr-defined]
    assert len(server.requests) == 6


async def until(holds: Any) -> None:
    async with asyncio.timeout(2):
        while not holds():  # noqa: ASYNC110 - servers in threads tell of nothing
            await asyncio.sleep(0.01)
