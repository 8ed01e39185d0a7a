"""Everything at once for a long time: memory stays flat, nothing stays open, every answer is right.

``SMARTLLM_SOAK_SECONDS=600`` runs it for ten minutes; CI takes the short form.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from memory import resident
from wires import INVOKE, RESPONSES, WIRES, Wire, share_service_models

from smartllm import LLMClient
from smartllm.errors import SmartLLMError
from smartllm.testing import LoopbackServer, Reply

pytestmark = pytest.mark.slow
# Read before the fixture that takes all settings away.
SECONDS = float(os.environ.get("SMARTLLM_SOAK_SECONDS", "40"))
FAULTS = [
    Reply(status=429, headers={"Retry-After": "0"}),
    Reply(status=503),
    Reply(cut_after=5),
    Reply(cut_after=0),
    Reply(stall_after=3, stall_seconds=5),
    Reply(stream_error={"type": "throttlingException", "code": "rate_limit_exceeded"}, stream_error_after=2),
    Reply(bad_crc_at=4),
    Reply(end_after=5),
    Reply(raw=b"<html>"),
]


async def one_call(client: LLMClient, wire: Wire, number: int, chance: random.Random) -> str:
    prompt = f"prompt {number} " * 20
    request = wire.request(prompt, use_cache=chance.random() < 0.2)
    way = chance.randrange(4)
    if way == 0:
        stream = client.generate_text_stream(request)
        text = ""
        async for chunk in stream:
            text += chunk.text
            if chance.random() < 0.02:
                await stream.aclose()
                return "left"
    elif way == 1 and wire.provider == "bedrock":
        text = (await client.generate_text_streamed(request)).text
    else:
        text = (await client.generate_text(request)).text
    assert text == f"echo: {prompt}"
    return "whole"


async def wave(clients: dict[str, LLMClient], server: LoopbackServer, start: int, chance: Any) -> set[str]:
    server.reset()
    server.script(*[chance.choice(FAULTS) if chance.random() < 0.15 else Reply() for _ in range(200)])
    tasks = []
    for number in range(start, start + 100):
        wire = WIRES[number % 4]
        tasks.append(asyncio.create_task(one_call(clients[wire.provider], wire, number, chance)))
    await asyncio.sleep(0.02)
    for task in tasks:
        if chance.random() < 0.05:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    ends = set()
    for result in results:
        assert isinstance(result, str | SmartLLMError | asyncio.CancelledError), repr(result)
        ends.add(result if isinstance(result, str) else type(result).__name__)
    return ends


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """pytest keeps every record, and with it the frames of every traceback."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


async def test_memory_stays_flat(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    share_service_models(monkeypatch)
    chance, ends, number = random.Random(5), set[str](), 0  # noqa: S311 - not a secret
    settings: dict[str, Any] = {"max_retries": 3, "stall_timeout": 0.2, "cache_dir": tmp_path}
    settings |= {"cache_max_bytes": 1_000_000, "max_concurrent": 40, "retry_budget": None}
    with LoopbackServer() as server:
        async with (
            RESPONSES.client(server.url, **settings) as one,
            INVOKE.client(server.url, **settings) as two,
        ):
            clients = {"openai": one, "bedrock": two}
            began, samples = time.monotonic(), list[int]()
            while (passed := time.monotonic() - began) < SECONDS:
                ends |= await wave(clients, server, number, chance)
                number += 100
                if passed > SECONDS / 4:
                    samples.append(resident())
            for client in clients.values():
                limiters = client._executor.shared._limiters.values()
                assert [limiter.in_flight for limiter in limiters] == [0] * len(limiters)
                assert client._executor.shared.flights.running == 0
    third = len(samples) // 3
    first, last = min(samples[:third]), min(samples[-third:])
    print(f"{number} calls in {SECONDS:g} s, {first >> 20} MB then {last >> 20} MB; ends: {sorted(ends)}")  # noqa: T201
    assert {"whole", "left", "CancelledError", "StreamError"} <= ends
    assert last - first < max(8 << 20, first // 20)
