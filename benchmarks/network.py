"""Calls and streams over loopback, against aiohttp, the raw openai SDK and raw aiobotocore.

The server is another process, so that only the client's CPU counts.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Self

import aiobotocore.session
import aiohttp
import openai
from aiobotocore.config import AioConfig
from bench import Bench, Call, Measure, at_once, costing, cpu, longest_stall, process

from smartllm import LLMClient, TextRequest

GPT, CLAUDE = "gpt-5.4", "us.anthropic.claude-haiku-4-5-20251001-v1:0"
KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
_MANY = 2000
_SERVER = """
import sys
from smartllm.testing import LoopbackServer, Reply
class Sized(LoopbackServer):
    def _next(self, recorded):
        self.requests.clear()
        if b"STREAM" in recorded.body:
            words = ["word "] * int(recorded.body.partition(b"STREAM ")[2].partition(b" ")[0])
            return Reply(text="".join(words), chunks=words)
        return Reply(delay=0.05) if b"SLOW" in recorded.body else super()._next(recorded)
with Sized() as running:
    print(running.url, flush=True)
    sys.stdin.read()
"""


_OURS = """
import asyncio
from smartllm import LLMClient, TextRequest
async def main():
    async with LLMClient(**{keywords!r}) as client:
        await client.generate_text(TextRequest(prompt="hi", model={model!r}, use_cache=False))
asyncio.run(main())
"""
_FLOOR = """
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession() as session:
        async with session.post("{url}/v1/responses", json={{"model": "gpt-5.4", "input": "hi"}}) as reply:
            await reply.json()
asyncio.run(main())
"""


@contextmanager
def server() -> Iterator[str]:
    """Address of a server that runs until the end of the block."""
    running = subprocess.Popen(  # noqa: S603 - our own server
        [sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        yield running.stdout.readline().strip()
    finally:
        running.terminate()
        running.wait()


class Clients:
    """Ours and the raw SDKs', on one server."""

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
        self.http = await enter(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_MANY)))
        self.openai = await enter(LLMClient(provider="openai", base_url=self.base, api_key="x"))
        self.bedrock = await enter(LLMClient(provider="bedrock", endpoint_url=self.url, **KEYS))
        self.wide = await enter(
            LLMClient(provider="openai", base_url=self.base, api_key="x", max_concurrent=_MANY)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()

    def post(self, prompt: str = "hi") -> Call:
        """The physical limit."""

        async def posted() -> None:
            async with self.http.post(
                f"{self.base}/responses", json={"model": GPT, "input": prompt}
            ) as reply:
                await reply.json()

        return posted

    def responses(self, prompt: str = "hi") -> Call:
        """The raw SDK's typed call."""
        return lambda: self.sdk.responses.create(model=GPT, input=prompt, max_output_tokens=2048)

    async def chat(self) -> None:
        """The raw SDK's typed call."""
        await self.sdk.chat.completions.create(model=GPT, messages=[{"role": "user", "content": "hi"}])

    def invoke(self, prompt: str = "hi") -> Call:
        """Raw aiobotocore."""

        async def invoked() -> None:
            reply = await self.aws.invoke_model(modelId=CLAUDE, body=_claude(prompt))
            json.loads(await reply["body"].read())

        return invoked

    async def converse(self) -> None:
        """Raw aiobotocore."""
        await self.aws.converse(modelId=CLAUDE, messages=[{"role": "user", "content": [{"text": "hi"}]}])

    async def sdk_stream(self) -> None:
        """The raw SDK's typed events."""
        async for _ in await self.sdk.responses.create(model=GPT, input="STREAM 2000 ", stream=True):
            pass

    async def chat_stream(self) -> None:
        """The raw SDK's typed chunks."""
        said: Any = [{"role": "user", "content": "STREAM 2000 "}]
        async for _ in await self.sdk.chat.completions.create(model=GPT, messages=said, stream=True):
            pass

    async def aws_stream(self) -> None:
        """Raw aiobotocore's events, parsed."""
        body = _claude("STREAM 2000 ")
        reply = await self.aws.invoke_model_with_response_stream(modelId=CLAUDE, body=body)
        async for event in reply["body"]:
            json.loads(event["chunk"]["bytes"])

    async def converse_stream(self) -> None:
        """Raw aiobotocore's events."""
        said = [{"role": "user", "content": [{"text": "STREAM 2000 "}]}]
        reply = await self.aws.converse_stream(modelId=CLAUDE, messages=said)
        async for _ in reply["stream"]:
            pass

    def ours(self, client: LLMClient, prompt: str = "hi", **fields: Any) -> Call:
        """Our call."""
        model = CLAUDE if client is self.bedrock else GPT
        request: TextRequest[Any] = TextRequest(prompt=prompt, model=model, use_cache=False, **fields)
        return lambda: client.generate_text(request)

    def our_stream(self, client: LLMClient, chunks: int = 2000, **fields: Any) -> Call:
        """Our stream."""
        model = CLAUDE if client is self.bedrock else GPT
        request: TextRequest[Any] = TextRequest(prompt=f"STREAM {chunks} ", model=model, **fields)

        async def read() -> None:
            async for _ in client.generate_text_stream(request):
                pass

        return read


def _claude(prompt: str) -> str:
    return json.dumps({"max_tokens": 99, "messages": [{"role": "user", "content": prompt}]})


Work = tuple[str, str, float | None, Measure, int, Call, Call]


def _calls(at: Clients) -> list[Work]:
    chat, converse = {"api_type": "chat_completions"}, {"api_type": "converse"}
    sdk, aws, ours = "raw SDK", "raw aiobotocore", at.ours
    return [
        ("one call, Responses", sdk, 0.6, cpu, 100, ours(at.openai), at.responses()),
        ("one call, Responses", "plain aiohttp", None, cpu, 100, ours(at.openai), at.post()),
        ("one call, Chat", sdk, 0.6, cpu, 100, ours(at.openai, **chat), at.chat),
        ("one call, InvokeModel", aws, 0.6, cpu, 100, ours(at.bedrock), at.invoke()),
        ("one call, Converse", aws, 0.6, cpu, 100, ours(at.bedrock, **converse), at.converse),
        ("200 in flight, Responses", sdk, 0.55, at_once, 200, ours(at.openai, "SLOW"), at.responses("SLOW")),
        ("200 in flight, InvokeModel", aws, 1.05, at_once, 200, ours(at.bedrock, "SLOW"), at.invoke("SLOW")),
        (
            "2,000 in flight, Responses",
            "plain aiohttp",
            None,
            at_once,
            _MANY,
            ours(at.wide, "SLOW"),
            at.post("SLOW"),
        ),
    ]


def _streams(at: Clients) -> list[Work]:
    chat, converse = {"api_type": "chat_completions"}, {"api_type": "converse"}
    sdk, aws, ours = "raw SDK", "raw aiobotocore", at.our_stream
    long = at.our_stream(at.openai, 20_000)
    return [
        ("2,000 chunks, Responses", sdk, 0.2, cpu, 2, ours(at.openai), at.sdk_stream),
        ("2,000 chunks, Chat", sdk, 0.2, cpu, 2, ours(at.openai, **chat), at.chat_stream),
        ("2,000 chunks, InvokeModel", aws, 0.8, cpu, 2, ours(at.bedrock), at.aws_stream),
        ("2,000 chunks, Converse", aws, 0.8, cpu, 2, ours(at.bedrock, **converse), at.converse_stream),
        ("20,000 chunks", "2,000 chunks, ten times", None, cpu, 1, long, _times(10, ours(at.openai))),
        ("20 streams, longest stall", sdk, None, longest_stall, 20, ours(at.openai), at.sdk_stream),
        ("20 streams, longest stall", aws, None, longest_stall, 20, ours(at.bedrock), at.aws_stream),
    ]


def _times(count: int, call: Call) -> Call:
    async def repeated() -> None:
        for _ in range(count):
            await call()

    return repeated


async def network(bench: Bench) -> None:
    """Everything that needs a server."""
    with server() as url:
        for name, keywords, model in (
            ("first answer, Responses", {"provider": "openai", "base_url": f"{url}/v1", "api_key": "x"}, GPT),
            ("first answer, InvokeModel", {"provider": "bedrock", "endpoint_url": url, **KEYS}, CLAUDE),
        ):
            ours = process([sys.executable, "-c", _OURS.format(keywords=keywords, model=model)])
            floor = process([sys.executable, "-c", _FLOOR.format(url=url)])
            await bench.compare(name, "plain aiohttp, Python included", 2.1, ours, floor)
        async with Clients(url) as at:
            for name, floor, target, measure, calls, mine, base in (*_calls(at), *_streams(at)):
                await bench.compare(
                    name, floor, target, costing(measure, calls, mine), costing(measure, calls, base)
                )
