"""What a function that gives keys may give, raise and hold up: all else is told as a ConfigError."""

from __future__ import annotations

import asyncio
import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
from keys import client_of, sent
from wires import RESPONSES

from smartllm import LLMClient
from smartllm.errors import ConfigError, SmartLLMError
from smartllm.runtime import asked_key
from smartllm.runtime.transport import WireRequest, WireResponse
from smartllm.testing import LoopbackServer

HELLO = RESPONSES.request()

# What a function may give


@pytest.mark.parametrize(
    ("gives", "told"),
    [
        (None, "gave NoneType instead of text"),
        (b"sk-canary", "gave bytes instead of text"),
        (SimpleNamespace(token="sk-canary"), "gave SimpleNamespace instead of text"),
        ("", "gave no text"),
        (" \n", "gave no text"),
        ("sk-can\nary", "gave text with a character that no HTTP header may hold"),
        ("sk-канарейка", "gave text with a character that no HTTP header may hold"),
        ("sk-can\udc80ary", "gave text with a character that no HTTP header may hold"),
    ],
)
async def test_what_is_no_key(gives: Any, told: str, server: LoopbackServer) -> None:
    async with client_of(server, lambda: gives, max_retries=3) as client:
        with pytest.raises(ConfigError) as caught:
            await client.generate_text(HELLO)
    assert caught.value.message == f"api_key: the function {told}"
    assert "can" not in str(caught.value)
    assert caught.value.hint.startswith("give the text of the token" if "Simple" in told else "it is asked")
    assert server.requests == []


async def test_white_space_around_it_is_left_out(server: LoopbackServer) -> None:
    async with client_of(server, lambda: " sk-given\n") as client:
        await client.generate_text(HELLO)
    assert sent(server) == ["sk-given"]


class OddError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (ValueError("no\n  sign-on"), "raised ValueError: no sign-on"),
        (TimeoutError(), "raised TimeoutError"),
        (StopIteration(), "raised StopIteration"),
        (OddError(), "raised OddError"),
        (RuntimeError("x" * 1000), f"raised RuntimeError: {'x' * 300}"),
    ],
)
@pytest.mark.parametrize("is_async", [False, True])
async def test_a_function_that_fails(
    raised: Exception, told: str, is_async: bool, server: LoopbackServer
) -> None:
    def fails() -> str:
        raise raised

    async def fails_later() -> str:
        raise raised

    if is_async and isinstance(raised, StopIteration):
        told = "raised RuntimeError: coroutine raised StopIteration"
    async with client_of(server, fails_later if is_async else fails) as client:
        with pytest.raises(ConfigError) as caught:
            await client.generate_text(HELLO)
        with pytest.raises(SmartLLMError):
            await anext(client.generate_text_stream(HELLO))
    assert caught.value.message == f"api_key: the function {told}"


async def test_a_function_that_is_cancelled_cancels_nobody(server: LoopbackServer) -> None:
    async def cancelled() -> str:
        raise asyncio.CancelledError

    async with client_of(server, cancelled) as client:
        with pytest.raises(ConfigError, match="api_key: the function was cancelled"):
            await client.generate_text(HELLO)


async def test_a_function_that_takes_too_long(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked_key, "_LONGEST", 0.05)

    async def hangs() -> str:
        await asyncio.sleep(60)
        return "sk-late"

    async with client_of(server, hangs) as client:
        with pytest.raises(ConfigError, match="api_key: the function took longer than 0 s"):
            await client.generate_text(HELLO)


def test_a_thread_that_hangs_holds_nobody_up(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asked_key, "_LONGEST", 0.05)
    released = threading.Event()

    async def asking() -> None:
        async with client_of(server, lambda: str(released.wait(30))) as client:
            for _ in range(3):
                with pytest.raises(ConfigError, match="took longer"):
                    await client.generate_text(HELLO)

    begun, threads = time.monotonic(), threading.active_count()
    asyncio.run(asking())
    assert time.monotonic() - begun < 5
    assert threading.active_count() - threads <= 1
    released.set()


class Refusing:
    """A transport that refuses everything, and counts what is let go of."""

    def __init__(self) -> None:
        self.sent = self.closed = 0

    async def send(self, request: WireRequest) -> WireResponse:
        self.sent += 1
        return WireResponse(401, {}, b"{}", close=self._close)

    async def _close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        pass


@pytest.mark.parametrize("given", [1, 2])
async def test_the_connection_of_a_refusal_is_let_go_of(given: int) -> None:
    keys, transport = iter(["sk-one", "sk-two"][:given]), Refusing()
    async with LLMClient(api_key=lambda: next(keys), transport=transport) as client:
        with pytest.raises(SmartLLMError):
            await client.generate_text(HELLO)
    assert transport.sent == transport.closed == given
