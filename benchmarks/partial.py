"""What it costs to look at the structure of an answer while it is streamed."""

from __future__ import annotations

import json
from typing import Any, Final

from bench import Bench, Call, costing, cpu
from network import GPT
from pydantic import BaseModel

from smartllm import LLMClient, TextRequest
from smartllm.testing import FakeTransport, Reply

_LENGTHS: Final = {"1 kB in 200 chunks": 5, "6 kB in 1,500 chunks": 50, "120 kB in 30,000 chunks": 1000}
_PIECE: Final = 4


class Line(BaseModel):
    name: str
    note: str = ""
    count: int | None = None
    tags: list[str] = []


class Order(BaseModel):
    title: str
    lines: list[Line]


async def partial(bench: Bench) -> None:
    """Streams of three lengths, each looked at and not looked at."""
    for name, rows in _LENGTHS.items():
        words, tags = "some words " * 5, ["a", "b"]
        lines = [Line(name=f"Name {row}", note=words, count=row, tags=tags) for row in range(rows)]
        text = json.dumps(Order(title="T", lines=lines).model_dump())
        reply = Reply(text=text, chunks=[text[at : at + _PIECE] for at in range(0, len(text), _PIECE)])
        calls = max(1, 100 // rows)
        fake = FakeTransport(*[reply] * (2 * calls * bench.turns))
        async with LLMClient(provider="openai", transport=fake) as client:
            looked, plain = (_streamed(client, look=look) for look in (True, False))
            await bench.compare(
                f"chunk.partial, {name}",
                "the stream alone",
                None,
                costing(cpu, calls, looked),
                costing(cpu, calls, plain),
            )


def _streamed(client: LLMClient, *, look: bool) -> Call:
    request: TextRequest[Any] = TextRequest(prompt="p", model=GPT, response_format=Order)

    async def streamed() -> None:
        async for chunk in client.generate_text_stream(request):
            if look:
                _ = chunk.partial

    return streamed
