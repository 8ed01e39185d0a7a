"""A server with DynamoDB's wire whose behaviour a test writes: for what a real engine does too seldom."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

TYPE = "application/x-amz-json-1.0"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def engine_that(handler: Handler) -> AsyncIterator[tuple[str, list[str]]]:
    """A server with DynamoDB's wire and this behaviour; its address and the operations asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(operation(request))
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def operation(request: web.Request) -> str:
    """What is asked for."""
    return request.headers["X-Amz-Target"].partition(".")[2]


def refusing(status: int, code: str) -> Handler:
    """A server that always answers so."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return refused(status, code)

    return handler


def refused(status: int, code: str) -> web.Response:
    """One error."""
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}
    return web.Response(status=status, text=json.dumps(body), content_type=TYPE)


def saying(body: bytes) -> Handler:
    """A server that always says this."""

    async def handler(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=TYPE)

    return handler


async def silent(_: web.Request) -> web.StreamResponse:
    """A server that never answers."""
    await asyncio.sleep(30)
    return web.Response()


class Engine:
    """A small engine: items of one table, which is missing, being made or there.

    Attributes:
        items: By key, in DynamoDB's JSON.
        state: ``missing``, ``CREATING`` or ``ACTIVE``.
        creation: State after CreateTable.
    """

    def __init__(self, *, state: str = "ACTIVE", creation: str = "ACTIVE") -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.state, self.creation = state, creation

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        body = json.loads(await request.read())
        asked = operation(request)
        if asked == "CreateTable":
            self.state = self.creation
            return self._said({"TableDescription": {"TableStatus": self.state}})
        if asked == "DescribeTable" and self.state != "missing":
            return self._said({"Table": {"TableStatus": self.state}})
        if self.state != "ACTIVE":
            return refused(400, "ResourceNotFoundException")
        if asked == "PutItem":
            self.items[body["Item"]["pk"]["S"]] = body["Item"]
        elif asked == "DeleteItem":
            self.items.pop(body["Key"]["pk"]["S"], None)
        elif asked == "GetItem":
            item = self.items.get(body["Key"]["pk"]["S"])
            return self._said({} if item is None else {"Item": item})
        elif asked == "DescribeTimeToLive":
            return self._said({"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED"}})
        return self._said({})

    def packed(self, key: str) -> bytes:
        """The bytes of an item's data."""
        return base64.b64decode(self.items[key]["data"]["B"])

    @staticmethod
    def _said(body: dict[str, Any]) -> web.Response:
        return web.Response(text=json.dumps(body), content_type=TYPE)
