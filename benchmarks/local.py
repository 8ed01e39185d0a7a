"""Compiling, the cache and starting: what needs no network."""

from __future__ import annotations

import asyncio
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench import Bench, Call, costing, cpu, process
from network import GPT
from pydantic import BaseModel

import smartllm
from smartllm import LLMClient, TextRequest, Tool
from smartllm.rules import load_rules
from smartllm.rules.layer import builtin_layers
from smartllm.rules.load import _load
from smartllm.runtime.cache.files import FORMAT, encoded
from smartllm.runtime.cache.local import LocalStore
from smartllm.testing import FakeTransport, Reply

TEXT = "An answer of ordinary length. " * 60
_FEW, _MANY = 1_000, 100_000
_STAMPEDE = 50
_ONE_MODEL = "from pydantic import BaseModel\nclass One(BaseModel): number: int"


class Twelve(BaseModel):
    """A dozen fields, two of them objects."""

    class Address(BaseModel):
        street: str
        city: str
        code: int

    name: str
    age: int
    email: str
    tags: list[str]
    scores: dict[str, float] | None
    home: Address
    work: Address | None
    active: bool
    note: str | None
    height: float
    kind: str
    count: int


async def local(bench: Bench) -> None:
    """Everything that needs no server."""
    await _compiling(bench)
    with tempfile.TemporaryDirectory() as folder:
        await _cache(bench, Path(folder))
    await _stampede()
    await _starting(bench)


async def _compiling(bench: Bench) -> None:
    rules = load_rules()
    plain: TextRequest[Any] = TextRequest(prompt="hi", model=GPT)
    schema = TextRequest(prompt="hi", model=GPT, response_format=Twelve)
    tools: TextRequest[Any] = TextRequest(prompt="hi", model=GPT, tools=_tools())
    cases = (("compile, plain", plain, 8), ("compile, 12 fields", schema, 8), ("compile, 10 tools", tools, 2))
    for name, request, target in cases:
        body = smartllm.compile(request, rules=rules, level="ignore").body

        async def compiled(request: TextRequest[Any] = request) -> None:
            _ = smartllm.compile(request, rules=rules, level="ignore").steps[0].payload

        async def dumped(body: Any = body) -> None:
            json.dumps(body)

        await bench.compare(
            name, "json.dumps of the body", target, costing(cpu, 1000, compiled), costing(cpu, 5000, dumped)
        )


def _tools() -> list[Tool]:
    """Ten tools of ordinary size."""
    schema = Twelve.model_json_schema()
    return [Tool(f"save_{number}", "Saves a person, and tells the number.", schema) for number in range(10)]


async def _cache(bench: Bench, folder: Path) -> None:
    few, many = (_filled(folder / str(count), count) for count in (_FEW, _MANY))
    (few_store, few_keys), (store, keys) = few, many

    async def parsed(key: str) -> None:
        json.loads(store.path(key).read_bytes())

    hits = _each(keys, store.get)
    await bench.compare(
        "cache hit, 100,000 entries",
        "reading and parsing",
        2,
        costing(cpu, 2000, hits),
        costing(cpu, 2000, _each(keys, parsed)),
    )
    await bench.compare(
        "cache hit, 100,000 entries",
        "with 1,000 entries",
        None,
        costing(cpu, 2000, hits),
        costing(cpu, 2000, _each(few_keys, few_store.get)),
    )
    fake = FakeTransport(Reply(text=TEXT))
    async with LLMClient(provider="openai", transport=fake, cache_dir=folder / "calls") as client:
        request: TextRequest[Any] = TextRequest(prompt="Why?", model=GPT)
        kept = (await client.generate_text(request)).cache_key
        assert kept is not None
        path = LocalStore(folder / "calls").path(kept)

        async def read() -> None:
            json.loads(path.read_bytes())

        await bench.compare(
            "generate_text, cache hit",
            "reading and parsing",
            None,
            costing(cpu, 1000, lambda: client.generate_text(request)),
            costing(cpu, 1000, read),
        )


def _filled(folder: Path, count: int) -> tuple[LocalStore, list[str]]:
    """A store with entries, without its own writing, and some of their keys."""
    store, draw = LocalStore(folder), random.Random(count)  # noqa: S311
    keys = [f"{draw.getrandbits(256):064x}" for _ in range(count)]
    data = {"text": TEXT, "model": "model", "input_tokens": 12, "output_tokens": 400}
    reply = {"id": "r", "status": "completed", "output": [{"type": "message", "content": [{"text": TEXT}]}]}
    entry = {"format": FORMAT, "metadata": {"prompt": "Why?"}, "data": data, "replies": [reply]}
    for key in keys:
        path = store.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded({**entry, "key": key}))
    return store, draw.sample(keys, 500)


def _each(keys: list[str], work: Any) -> Call:
    """A call for the next key, over and over."""
    numbers = iter(range(sys.maxsize))
    return lambda: work(keys[next(numbers) % len(keys)])


async def _stampede() -> None:
    """Equal requests at once are one call; raises when they are more."""
    fake = FakeTransport(Reply(text=TEXT))
    with tempfile.TemporaryDirectory() as folder:
        async with LLMClient(provider="openai", transport=fake, cache_dir=folder) as client:
            request: TextRequest[Any] = TextRequest(prompt="Why?", model=GPT)
            await asyncio.gather(*(client.generate_text(request) for _ in range(_STAMPEDE)))
    print(f"{_STAMPEDE} equal requests at once: {len(fake.sent)} call", flush=True)
    assert len(fake.sent) == 1


async def _starting(bench: Bench) -> None:
    python = sys.executable
    bare, one = process([python, "-c", "import pydantic"]), process([python, "-c", _ONE_MODEL])
    compiled = process([str(Path(python).parent / "smartllm"), "compile", "--model", GPT, "--prompt", "hi"])
    await bench.compare(
        "import smartllm", "import pydantic", 1.6, process([python, "-c", "import smartllm"]), bare
    )
    await bench.compare(
        "from smartllm import TextRequest",
        "one pydantic model",
        None,
        process([python, "-c", "from smartllm import TextRequest"]),
        one,
    )
    await bench.compare(
        "load_rules",
        "json.loads of as much",
        None,
        costing(cpu, 5, _loaded),
        costing(cpu, 50, _read_as_json()),
    )
    await bench.compare("smartllm compile, cold", "import pydantic", 1.6, compiled, bare)
    await bench.compare("smartllm compile, cold", "one pydantic model", None, compiled, one)


async def _loaded() -> None:
    """The shipped rules, read as by a process that starts."""
    builtin_layers.cache_clear()
    _load.cache_clear()
    load_rules()


def _read_as_json() -> Call:
    """The same tables, had they been JSON."""
    text = json.dumps([layer.data for layer in builtin_layers()], default=str)

    async def read() -> None:
        json.loads(text)

    return read
