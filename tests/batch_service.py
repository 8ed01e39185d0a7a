"""Units for tests of the services of batch engines, and the settings that reach a sandbox."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable
from pathlib import Path
from typing import Any

from aiohttp import web

from smartllm import LLMConfig
from smartllm.runtime.batch.manifest import Unit, line_id
from smartllm.settings import Settings
from smartllm.testing import LoopbackServer

TOKEN = "0123456789abcdef0123456789abcdef"


def unit_of(path: Path, **fields: Any) -> Unit:
    """The unit of a file."""
    data = path.read_bytes()
    usual = {
        "unit": 1,
        "step": 0,
        "model": "gpt-5.4",
        "endpoint": "/v1/responses",
        "file": path.name,
        "lines": data.count(b"\n"),
        "bytes": len(data),
        "state": "ready",
        "token": TOKEN,
    }
    return Unit(**{**usual, **fields})


def openai_file(folder: Path, count: int, model: str = "gpt-5.4") -> Path:
    """A file of so many lines for OpenAI's engine."""
    path = folder / "0001.jsonl"
    rows = [
        {
            "custom_id": line_id(number),
            "method": "POST",
            "url": "/v1/responses",
            "body": {"model": model, "input": f"hi {number}"},
        }
        for number in range(1, count + 1)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def openai_settings(url: str, **given: Any) -> Settings:
    """Settings of calls to a server."""
    usual = {"provider": "openai", "api_key": "sk-canary-0001", "base_url": f"{url}/v1", "retry_delay": 0}
    return Settings.resolve(LLMConfig(**{**usual, **given}))


def aws_settings(server: LoopbackServer, **given: Any) -> Settings:
    """Settings of calls to a sandbox's Bedrock."""
    usual = {
        "provider": "bedrock",
        "aws_region": "us-east-1",
        "aws_access_key_id": "AKIASANDBOX",
        "aws_secret_access_key": "aws-canary-0001",
        "endpoint_url": server.url,
        "retry_delay": 0,
    }
    return Settings.resolve(LLMConfig(**{**usual, **given}))


@asynccontextmanager
async def odd(answer: Callable[[web.Request], Any]) -> AsyncIterator[str]:
    """A server that answers everything as told: a response, or JSON."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        found = answer(request)
        if isawaitable(found):
            found = await found
        return found if isinstance(found, web.Response) else web.json_response(found)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def bedrock_file(folder: Path, count: int) -> Path:
    """A file of so many records for Bedrock's engine."""
    path = folder / "0001.jsonl"
    rows = [
        {
            "recordId": line_id(number),
            "modelInput": {"messages": [{"role": "user", "content": [{"text": f"hi {number}"}]}]},
        }
        for number in range(1, count + 1)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path
