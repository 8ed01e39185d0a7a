"""What the tests of ``client.map`` share: a transport with a gate, prompts by number, and waiting."""

from __future__ import annotations

import asyncio
from typing import Any

from smartllm import (
    ConnectionFailedError,
    LLMClient,
)
from smartllm.testing import FakeTransport

MODEL = "gpt-5.4"


class Slow(FakeTransport):
    """Echoes while its gate is open, fails for some prompts, and counts the calls that are under way."""

    def __init__(self, *wrong: str) -> None:
        super().__init__()
        self.wrong = wrong
        self.begun = self.under_way = self.most = self.cancelled = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, request: Any) -> Any:
        self.begun += 1
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            for prompt in self.wrong:
                if f'"{prompt}"'.encode() in request.body:
                    raise ConnectionFailedError("no", model=MODEL, retryable=False)
            await asyncio.sleep(0)
            await self.gate.wait()
            return await super().send(request)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.under_way -= 1


def client_of(transport: FakeTransport | None = None, **settings: Any) -> LLMClient:
    given: Any = {
        "provider": "openai",
        "default_model": MODEL,
        "level": "ignore",
        "max_retries": 0,
    } | settings
    return LLMClient(transport=transport or FakeTransport(), **given)


def numbered(count: int) -> list[str]:
    return [f"prompt {number}" for number in range(count)]


def echoes(count: int) -> list[str]:
    return [f"echo: prompt {number}" for number in range(count)]


FRESH: Any = {"use_cache": False}


async def taken(answers: Any, said: list[str]) -> None:
    """What a loop over answers gets, as far as it gets."""
    async for answer in answers:
        said.append(answer.text)  # noqa: PERF401 - as far as it gets


async def settled(until: Any) -> None:
    """Turns of the loop until something holds."""
    async with asyncio.timeout(5):
        while not until():  # noqa: ASYNC110 - what it waits for is no event
            await asyncio.sleep(0)


async def all_of(answers: Any) -> list[Any]:
    found: list[Any] = await answers
    return found
