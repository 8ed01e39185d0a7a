"""O1: what nobody asked for on a kept connection is never anybody's answer, and costs no call."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from raw_server import Call, RawServer, files_with
from wires import Wire, each_transport, share_service_models

from smartllm import LLMClient
from smartllm.testing import Reply

UNASKED = "UNASKED"
KINDS = ("second", "400", "408", "garbage", "crlf")
GAPS = (0, 0.001, 0.02, 0.1, 0.3)
# Seconds from what nobody asked for to the next call. Never none: what is sent while the next request is on
# its way cannot be told from its answer.
LATER = (0.001, 0.005, 0.05)
# None: the next call comes before anything is said.
MOMENTS = (*((gap, later) for gap in GAPS[:3] for later in LATER), (0.1, 0.001), (0.3, 0.02), (0.3, None))

rounds = pytest.mark.parametrize(
    "rounds", [len(MOMENTS), pytest.param(200, marks=pytest.mark.slow)], ids=["few", "200"]
)


def moments(count: int) -> Iterator[tuple[float, float | None]]:
    """Gaps and next calls, the odd ones after the fixed ones."""
    chance = random.Random(7)  # noqa: S311 - not a secret
    yield from MOMENTS[:count]
    for _ in range(count - len(MOMENTS)):
        gap, later = chance.choice(GAPS), chance.random() * 0.03 + 0.001
        yield (gap, later) if chance.random() < 0.9 else (0.3, None)


class Talkative:
    """Says something unasked a while after each answer, if nothing is asked before.

    Attributes:
        kind: What it says.
        gap: Seconds until then.
        reused: Requests that came on a connection on which it had said something.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.gap = 0.0
        self.reused = 0
        self._running = 0
        self._changed = threading.Condition()

    def act(self, call: Call) -> None:
        """Answer, wait, speak."""
        self.reused += "spoke" in call.noted
        with self._changed:
            self._running += 1
        try:
            self._answer(call)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _answer(self, call: Call) -> None:
        more = self.words(call)
        # What is no HTTP at all may spoil the answer if it comes in one piece with it.
        gap = max(self.gap, 0.005) if self.kind == "garbage" else self.gap
        if gap == 0:
            call.send(call.answer() + more)
        else:
            call.send(call.answer())
            if call.pause(gap):
                return
            call.send(more)
        call.noted["spoke"] = time.monotonic()

    def rest(self) -> None:
        """Wait until everything is said."""
        with self._changed:
            assert self._changed.wait_for(lambda: not self._running, 5)

    def words(self, call: Call) -> bytes:
        """The unasked bytes."""
        closing = "Content-Length: 0\r\nConnection: close\r\n\r\n"
        return {
            "second": call.answer(Reply(text=UNASKED)),
            "400": f"HTTP/1.1 400 Bad Request\r\n{closing}".encode(),
            "408": f"HTTP/1.1 408 Request Timeout\r\n{closing}".encode(),
            "garbage": b"\x16\x03\x01 what nobody speaks\r\n\r\n",
            "crlf": b"\r\n",
        }[self.kind]


@dataclass
class Lane:
    """One client and its talkative server, asked again and again."""

    wire: Wire
    kind: str
    streamed: bool
    folder: Path
    wrong: list[str] = field(default_factory=list)

    async def run(self, rounds: int) -> Talkative:
        """Ask; keep what was wrong."""
        talker = Talkative(self.kind)
        with RawServer(talker.act) as server:
            settings = {"max_retries": 3, "read_timeout": 5, "cache_dir": self.folder}
            async with self.wire.client(server.url, **settings) as client:
                for number, (talker.gap, later) in enumerate(moments(rounds)):
                    await self.check(client, number)
                    if later is not None:
                        await asyncio.to_thread(talker.rest)
                        await asyncio.sleep(later)
                for number in range(0 if self.streamed else rounds):
                    await self.check(client, number)
        return talker

    async def check(self, client: LLMClient, number: int) -> None:
        """Ask for one number."""
        prompt = f"number {number} of {self.kind}"
        request = self.wire.request(prompt, use_cache=not self.streamed)
        if self.streamed:
            text = "".join([chunk.text async for chunk in client.generate_text_stream(request)])
        else:
            text = (await client.generate_text(request)).text
        if text != f"echo: {prompt}":
            self.wrong.append(f"{prompt} got {text}")


@rounds
@each_transport
async def test_unasked_bytes_are_nobodys_answer(
    wire: Wire, rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share_service_models(monkeypatch)
    lanes = [
        Lane(wire, kind, streamed, tmp_path / f"{kind}-{streamed}")
        for kind in KINDS
        for streamed in (False, True)
    ]
    seen: list[Any] = await asyncio.gather(*(lane.run(rounds) for lane in lanes), return_exceptions=True)
    names = [f"{lane.kind}, {'streamed' if lane.streamed else 'whole'}" for lane in lanes]
    assert {name: lane.wrong for name, lane in zip(names, lanes, strict=True) if lane.wrong} == {}
    assert {name: end for name, end in zip(names, seen, strict=True) if not isinstance(end, Talkative)} == {}
    # A line end between two answers is no answer; who parses HTTP leniently may go on after it.
    reused = {name: end.reused for name, end in zip(names, seen, strict=True) if end.kind != "crlf"}
    assert {name: count for name, count in reused.items() if count} == {}
    assert len(await asyncio.to_thread(files_with, tmp_path, "")) >= rounds * len(KINDS)
    assert await asyncio.to_thread(files_with, tmp_path, UNASKED) == []
