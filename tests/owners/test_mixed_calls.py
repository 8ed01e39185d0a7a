"""Many calls of every kind among faults: right answers or typed errors, and nothing is left over."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from odd_answers import ODD
from raw_server import Call, HangUp, RawServer, answered, dripping, files_with
from wires import INVOKE, RESPONSES, WIRES, Wire, share_service_models

from smartllm import LLMClient
from smartllm.errors import SmartLLMError
from smartllm.testing import Reply

AT_ONCE = 20
# Right answers after which a limiter that throttling had lowered is where it was.
RECOVERY = 100
UNASKED = "UNASKED"
TIMES = {"stall_timeout": 0.8, "first_event_timeout": 0.8, "read_timeout": 0.8, "total_timeout": 10}
# These take long, or are right answers in their way.
NOT_HERE = {"quiet", "begun", "header-without-end", "half-a-pair"}
QUICK_FAULTS = [act for name, act in ODD.items() if name not in NOT_HERE]


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    """pytest keeps every record, and with it the frames of every traceback."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


class Moody:
    """A server's behaviour: mostly right."""

    def __init__(self) -> None:
        self._chance = random.Random(3)  # noqa: S311 - not a secret
        self._lock = threading.Condition()
        self.right = self.calm = False
        self.now = self.most = 0

    def act(self, call: Call) -> None:
        """Answer somehow."""
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            self._lock.notify_all()
            mood = 0.0 if self.right else self._chance.random()
            fault = self._chance.choice(QUICK_FAULTS)
        try:
            self._answer(call, mood, fault)
        finally:
            with self._lock:
                self.now -= 1

    def _answer(self, call: Call, mood: float, fault: Any) -> None:
        if self.calm:
            # Nobody is answered before as many are here as may be.
            with self._lock:
                self._lock.wait_for(lambda: self.most >= AT_ONCE, 0.7)
        if mood < 0.7:
            return answered(call)
        if mood < 0.74:
            call.send(call.answer() + call.answer(Reply(text=UNASKED)))
        elif mood < 0.78:
            call.send(call.answer())
            raise HangUp
        elif mood < 0.82:
            call.status("429 Too Many Requests", head="Retry-After: 0\r\n")
        elif mood < 0.84 and call.streamed:
            dripping(call, 1.2)
        elif mood < 0.86:
            call.pause(1.2)
            raise HangUp
        else:
            fault(call)
        return None


async def one_call(client: LLMClient, wire: Wire, number: int, chance: random.Random) -> str:
    """A call of some kind; its end."""
    prompt = f"prompt {number % 50 if number % 5 == 0 else number} " + "word " * (number % 7)
    request = wire.request(prompt, use_cache=number % 5 == 0)
    way = chance.randrange(3)
    if way == 0:
        text = ""
        stream = client.generate_text_stream(request)
        async for piece in stream:
            text += piece.text
            if chance.random() < 0.05:
                # Half of them are closed, the other half only left.
                if chance.random() < 0.5:
                    await stream.aclose()
                return "left"
    elif way == 1 and wire.provider == "bedrock":
        text = (await client.generate_text_streamed(request)).text
    else:
        text = (await client.generate_text(request)).text
    assert text == f"echo: {prompt}", f"{prompt!r} got {text!r}"
    return "right"


async def wave(clients: dict[str, LLMClient], start: int, count: int, chance: random.Random) -> Counter[str]:
    """Calls at once, some of them cancelled; how they end."""
    tasks = []
    for number in range(start, start + count):
        wire = WIRES[number % 4]
        tasks.append(asyncio.create_task(one_call(clients[wire.provider], wire, number, chance)))
    await asyncio.sleep(0.02)
    for task in tasks:
        if chance.random() < 0.05:
            task.cancel()
    ends: Counter[str] = Counter()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(result, str | SmartLLMError | asyncio.CancelledError), repr(result)
        ends[result if isinstance(result, str) else type(result).__name__] += 1
    return ends


def descriptors() -> int:
    """Open files and sockets of this process."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def settled(count: Any, most: int) -> int:
    """A count, as soon as it is small enough, or after a while."""
    deadline = time.monotonic() + 2
    while count() > most and time.monotonic() < deadline:
        gc.collect()
        await asyncio.sleep(0.02)
    return int(count())


async def all_places_are_free(clients: dict[str, LLMClient], moody: Moody) -> None:
    """As many calls as may be are in flight at once: no place was lost; equal ones still join."""
    moody.right = True
    for wire in (RESPONSES, INVOKE):
        calls = [clients[wire.provider].generate_text(wire.request(f"{n}")) for n in range(RECOVERY)]
        await asyncio.gather(*calls)
    moody.calm = True
    for wire in WIRES:
        moody.most = moody.now = 0
        client = clients[wire.provider]
        prompts = [f"free {number // 2}" for number in range(2 * AT_ONCE)]
        calls = [client.generate_text(wire.request(prompt, use_cache=True)) for prompt in prompts]
        texts = [response.text for response in await asyncio.gather(*calls)]
        assert texts == [f"echo: {prompt}" for prompt in prompts]
        assert 1 < moody.most <= AT_ONCE


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="a system without a list of descriptors")
@pytest.mark.parametrize("count", [500, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_nothing_is_left_over(count: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    share_service_models(monkeypatch)
    chance, ends, moody = random.Random(5), Counter[str](), Moody()  # noqa: S311 - not a secret
    settings: dict[str, Any] = {"max_retries": 4, "cache_dir": tmp_path, "level": "ignore", **TIMES}
    settings |= {"max_concurrent": AT_ONCE, "retry_budget": None}
    # What libraries open once and keep is not counted.
    with RawServer() as server:
        async with RESPONSES.client(server.url) as one, INVOKE.client(server.url) as two:
            await asyncio.gather(one.generate_text(RESPONSES.request()), two.generate_text(INVOKE.request()))
    gc.collect()
    files, tasks = descriptors(), len(asyncio.all_tasks())
    with RawServer(moody.act) as server:
        async with (
            RESPONSES.client(server.url, **settings) as one,
            INVOKE.client(server.url, **settings) as two,
        ):
            clients = {"openai": one, "bedrock": two}
            for start in range(0, count, 250):
                ends += await wave(clients, start, 250, chance)
            gc.collect()
            await all_places_are_free(clients, moody)
        assert await settled(lambda: len(asyncio.all_tasks()), tasks) <= tasks
        assert await settled(lambda: server.open, 0) == 0
    assert await settled(descriptors, files) <= files
    assert ends["right"] > count * 0.7, ends
    assert ends["left"], ends
    kept = await asyncio.to_thread(files_with, tmp_path, "")
    assert kept
    assert await asyncio.to_thread(files_with, tmp_path, UNASKED) == []
