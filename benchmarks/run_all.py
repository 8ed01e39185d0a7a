"""What SmartLLM costs beside its floors, in one run: interleaved rounds, medians, ratios.

Run: python benchmarks/run_all.py [--rounds 5] [--markdown FILE]

CPU is the client thread's own; the server is another process. Ratios are to the floor of the same round.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import aiobotocore.session
import aiohttp
import openai
from aiobotocore.config import AioConfig
from pydantic import BaseModel

import smartllm
from smartllm import LLMClient, TextRequest
from smartllm.rules import load_rules
from smartllm.runtime.cache_files import encoded
from smartllm.runtime.cache_local import LocalStore

GPT, CLAUDE = "gpt-5.4", "us.anthropic.claude-haiku-4-5-20251001-v1:0"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
SERVER = """
import sys, time
from smartllm.testing import LoopbackServer, Reply
import smartllm.testing.server as server
words = ["word "] * 2000
class Sized(LoopbackServer):
    async def _answer(self, request, recorded, reply, serial):
        self.requests.clear()
        prompt = recorded.body
        if b"STREAM" in prompt:
            reply = Reply(text="".join(words), chunks=words)
        elif b"SLOW" in prompt:
            reply = Reply(delay=0.05)
        return await super()._answer(request, recorded, reply, serial)
with Sized() as running:
    print(running.url, flush=True)
    sys.stdin.read()
"""


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


Call = Callable[[], Awaitable[Any]]
Cost = Callable[[], Awaitable[float]]
Measure = Callable[[int, Call], Awaitable[float]]


async def cpu(calls: int, call: Callable[[], Awaitable[Any]]) -> float:
    """CPU seconds of this thread for each call."""
    clock = time.thread_time()
    for _ in range(calls):
        await call()
    return (time.thread_time() - clock) / calls


async def wall(calls: int, call: Callable[[], Awaitable[Any]]) -> float:
    """Seconds for each of many calls at once."""
    clock = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(calls)))
    return (time.perf_counter() - clock) / calls


async def one_by_one(calls: int, call: Call) -> float:
    """Seconds for each of many calls, one after the other."""
    clock = time.perf_counter()
    for _ in range(calls):
        await call()
    return (time.perf_counter() - clock) / calls


def processor(command: list[str]) -> float:
    """CPU seconds of a process."""
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own commands
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


class Bench:
    """Named figures, each of a round with its floor's."""

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.rows: list[tuple[str, str, float, float]] = []

    async def compare(self, name: str, floor: str, target: str, ours: Cost, theirs: Cost) -> None:
        """Median ratio over the rounds, after one that does not count."""
        await theirs()
        await ours()
        pairs = [(await theirs(), await ours()) for _ in range(self.rounds)]
        ratio = statistics.median(mine / base for base, mine in pairs)
        cost = statistics.median(mine for _, mine in pairs) * 1e6
        self.rows.append((f"{name} / {floor}", target, ratio, cost))
        print(f"{name:42} {ratio:7.2f} x {floor:32} {cost:10.0f} µs   target {target}", flush=True)

    def markdown(self) -> str:
        """The table."""
        lines = ["| What / floor | Target | Ratio | µs |", "|---|---|---|---|"]
        lines += [
            f"| {name} | {target} | {ratio:.2f} | {cost:.0f} |" for name, target, ratio, cost in self.rows
        ]
        return "\n".join(lines) + "\n"


class Clients:
    """Ours and the raw SDKs', on one server.

    Args:
        url: The server.
        stack: Closes them.
    """

    def __init__(self, url: str) -> None:
        self.url, self.base = url, f"{url}/v1"
        self.stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        enter = self.stack.enter_async_context
        config = AioConfig(max_pool_connections=200, retries={"total_max_attempts": 1})
        session = aiobotocore.session.get_session()
        aws = session.create_client(
            "bedrock-runtime", "us-east-1", endpoint_url=self.url, config=config, **KEYS
        )
        self.aws = await enter(aws)
        self.sdk = await enter(openai.AsyncOpenAI(base_url=self.base, api_key="x", max_retries=0))
        self.http = await enter(aiohttp.ClientSession())
        self.openai = await enter(LLMClient(provider="openai", base_url=self.base, api_key="x"))
        self.bedrock = await enter(LLMClient(provider="bedrock", endpoint_url=self.url, **KEYS))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()

    async def post(self) -> None:
        """The physical limit."""
        async with self.http.post(f"{self.base}/responses", json={"model": GPT, "input": "hi"}) as reply:
            await reply.json()

    async def responses(self, prompt: str = "hi") -> None:
        """The raw SDK's typed call."""
        await self.sdk.responses.create(model=GPT, input=prompt, max_output_tokens=2048)

    async def chat(self) -> None:
        """The raw SDK's typed call."""
        await self.sdk.chat.completions.create(model=GPT, messages=[{"role": "user", "content": "hi"}])

    async def invoke(self, prompt: str = "hi") -> None:
        """Raw aiobotocore."""
        reply = await self.aws.invoke_model(modelId=CLAUDE, body=_claude(prompt))
        json.loads(await reply["body"].read())

    async def converse(self) -> None:
        """Raw aiobotocore."""
        await self.aws.converse(modelId=CLAUDE, messages=[{"role": "user", "content": [{"text": "hi"}]}])

    async def sdk_stream(self) -> None:
        """The raw SDK's typed events."""
        async for _ in await self.sdk.responses.create(model=GPT, input="STREAM", stream=True):
            pass

    async def aws_stream(self) -> None:
        """Raw aiobotocore's events, parsed."""
        body = _claude("STREAM")
        reply = await self.aws.invoke_model_with_response_stream(modelId=CLAUDE, body=body)
        async for event in reply["body"]:
            json.loads(event["chunk"]["bytes"])

    def ours(self, provider: str, prompt: str = "hi", **fields: Any) -> Call:
        """Our call."""
        client, model = (self.openai, GPT) if provider == "openai" else (self.bedrock, CLAUDE)
        request: TextRequest[Any] = TextRequest(prompt=prompt, model=model, use_cache=False, **fields)
        return lambda: client.generate_text(request)

    def our_stream(self, provider: str) -> Call:
        """Our stream."""
        client, model = (self.openai, GPT) if provider == "openai" else (self.bedrock, CLAUDE)

        async def read() -> None:
            async for _ in client.generate_text_stream(TextRequest(prompt="STREAM", model=model)):
                pass

        return read


def _claude(prompt: str) -> str:
    return json.dumps({"max_tokens": 99, "messages": [{"role": "user", "content": prompt}]})


def costing(measure: Measure, calls: int, call: Call) -> Cost:
    """What so many calls cost, each."""
    return lambda: measure(calls, call)


async def network(bench: Bench, url: str) -> None:
    """One call, a stream, and many calls at once, against the raw SDKs."""
    async with Clients(url) as at:
        chat, converse = {"api_type": "chat_completions"}, {"api_type": "converse"}
        rows: list[tuple[str, str, str, Measure, int, Call, Call]] = [
            ("one call, Responses", "raw SDK", "0.6", cpu, 100, at.ours("openai"), at.responses),
            ("one call, Responses", "plain aiohttp", "-", cpu, 100, at.ours("openai"), at.post),
            ("one call, Chat", "raw SDK", "0.6", cpu, 100, at.ours("openai", **chat), at.chat),
            ("one call, InvokeModel", "raw aiobotocore", "1.05", cpu, 100, at.ours("bedrock"), at.invoke),
            (
                "one call, Converse",
                "raw aiobotocore",
                "1.05",
                cpu,
                100,
                at.ours("bedrock", **converse),
                at.converse,
            ),
            ("2,000 chunks, Responses", "raw SDK", "0.2", cpu, 2, at.our_stream("openai"), at.sdk_stream),
            (
                "2,000 chunks, InvokeModel",
                "raw aiobotocore",
                "0.8",
                cpu,
                2,
                at.our_stream("bedrock"),
                at.aws_stream,
            ),
        ]
        slow = "SLOW"
        crowd = [
            (
                "200 in flight, Responses",
                "raw SDK",
                "0.55",
                at.ours("openai", slow),
                lambda: at.responses(slow),
            ),
            (
                "200 in flight, InvokeModel",
                "raw aiobotocore",
                "1.05",
                at.ours("bedrock", slow),
                lambda: at.invoke(slow),
            ),
        ]
        rows += [(name, floor, target, wall, 200, mine, base) for name, floor, target, mine, base in crowd]
        for name, floor, target, measure, calls, mine, base in rows:
            await bench.compare(
                name, floor, target, costing(measure, calls, mine), costing(measure, calls, base)
            )


async def local(bench: Bench) -> None:
    """Compiling, the cache and starting."""
    rules = load_rules(ambient=False)
    plain: TextRequest[Any] = TextRequest(prompt="hi", model=GPT)
    schema = TextRequest(prompt="hi", model=GPT, response_format=Twelve)
    for name, request, target in (("compile, plain", plain, "8"), ("compile, 12 fields", schema, "-")):
        body = smartllm.compile(request, rules=rules, level="ignore").body

        async def compiled(request: TextRequest[Any] = request) -> None:
            _ = smartllm.compile(request, rules=rules, level="ignore").steps[0].payload

        async def dumped(body: Any = body) -> None:
            json.dumps(body)

        await bench.compare(
            name,
            "json.dumps of the body",
            target,
            costing(cpu, 300, compiled),
            costing(cpu, 3000, dumped),
        )
    with tempfile.TemporaryDirectory() as folder:
        store, key = LocalStore(folder), "ab" * 32
        path = store.path(key)
        path.parent.mkdir(parents=True)
        path.write_bytes(encoded({"format": 1, "key": key, "data": {"text": "An answer. " * 150}}))

        async def read() -> None:
            json.loads(path.read_bytes())

        await bench.compare(
            "cache hit",
            "reading and parsing",
            "2",
            lambda: wall(1, lambda: store.get(key)),
            lambda: wall(1, read),
        )

    def started(*arguments: str) -> Cost:
        async def cost() -> float:
            return processor([sys.executable, *arguments])

        return cost

    pydantic = started("-c", "import pydantic")
    command = str(Path(sys.executable).parent / "smartllm")
    await bench.compare(
        "import smartllm", "import pydantic", "1.6", started("-c", "import smartllm"), pydantic
    )
    cold = started(command, "compile", "--model", GPT, "--prompt", "hi")
    await bench.compare("smartllm compile, cold", "import pydantic", "1.6", cold, pydantic)


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    bench = Bench(given.rounds)
    server = subprocess.Popen(  # noqa: S603 - our own server
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        asyncio.run(network(bench, server.stdout.readline().strip()))
    finally:
        server.terminate()
        server.wait()
    asyncio.run(local(bench))
    if given.markdown is not None:
        given.markdown.write_text(bench.markdown(), encoding="utf-8")


if __name__ == "__main__":
    main()
