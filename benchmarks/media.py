"""20 MB of pictures: what compiling costs, how long the event loop is kept, how much memory is taken."""

from __future__ import annotations

import base64
import random
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

from bench import Bench, Call, Cost, costing, cpu, longest_turn
from network import CLAUDE, GPT, Clients, server

import smartllm
from smartllm import Image, TextRequest
from smartllm.rules import load_rules

_PICTURES, _BYTES = 6, 3_400_000
_FEWER = 4
"""As many as a request to Claude on Bedrock may hold: 20 MB as base64."""
_HEAD = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\4\0\0\0\4\0\x08\2\0\0\0"
_FLOOR = "base64 of them"


async def media(bench: Bench) -> None:
    """Everything with pictures, as far as it can be measured without a provider."""
    draw = random.Random(1)  # noqa: S311
    pictures = [_HEAD + draw.randbytes(_BYTES - len(_HEAD)) for _ in range(_PICTURES)]
    with tempfile.TemporaryDirectory() as folder, server() as url:
        paths = [Path(folder) / f"{index}.png" for index in range(_PICTURES)]
        for path, data in zip(paths, pictures, strict=True):
            path.write_bytes(data)
        await _compiling(bench, pictures)
        async with Clients(url) as at:
            await _calling(bench, at, pictures, paths)


async def _compiling(bench: Bench, pictures: list[bytes]) -> None:
    rules = load_rules()
    request: TextRequest[Any] = TextRequest(prompt=["What?", *_given(pictures)], model=GPT)

    async def compiled() -> None:
        _ = smartllm.compile(request, rules=rules, level="ignore").steps[0].payload

    await bench.compare(
        "compile, 20 MB of pictures",
        _FLOOR,
        2,
        costing(cpu, 5, compiled),
        costing(cpu, 5, _encoded(pictures)),
    )


async def _calling(bench: Bench, at: Clients, pictures: list[bytes], paths: list[Path]) -> None:
    wires = (
        ("20 MB of pictures, Responses", _PICTURES, at.openai, GPT, {}),
        ("14 MB of pictures, InvokeModel", _FEWER, at.bedrock, CLAUDE, {}),
        ("14 MB of pictures, Converse", _FEWER, at.bedrock, CLAUDE, {"api_type": "converse"}),
    )
    for name, count, client, model, fields in wires:
        held, files = pictures[:count], paths[:count]

        async def call(given: Any = held, said: Any = (client, model, fields)) -> None:
            client, model, fields = said
            asked: TextRequest[Any] = TextRequest(
                prompt=["What?", *_given(given)], model=model, clear_cache=True, **fields
            )
            await client.generate_text(asked)

        await bench.compare(
            f"{name}, longest turn",
            f"{_FLOOR} in the loop",
            0.2,
            costing(longest_turn, 1, call),
            costing(longest_turn, 1, _encoded(held)),
        )
        await bench.compare(
            f"{name}, peak memory",
            "their bytes",
            4,
            _peak(lambda call=call, files=files: call(files)),  # type: ignore[misc]
            _constant(sum(map(len, held))),
            unit="MB",
        )


def _given(pictures: list[bytes] | list[Path]) -> list[Image]:
    return [Image(data=one) if isinstance(one, bytes) else Image(path=one) for one in pictures]


def _encoded(pictures: list[bytes]) -> Call:
    """What each body costs that holds them as one text."""

    async def encoded() -> None:
        for data in pictures:
            base64.b64encode(data)

    return encoded


def _peak(call: Call) -> Cost:
    """Most bytes that were taken at once, those of the pictures included."""

    async def cost() -> float:
        tracemalloc.start()
        try:
            await call()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    return cost


def _constant(value: float) -> Cost:
    async def cost() -> float:
        return value

    return cost
