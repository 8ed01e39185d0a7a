"""Where a sandbox serves its page: to browsers on this machine, and to pages of its own alone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from smartllm.pages.rendering import SERVED, file_text, rendered
from smartllm.rules import load_rules

from .log import CallLog
from .shown import shown_call

PLACE: Final = "/_smartllm"
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_BATCH: Final = 500
_PAUSE: Final = 0.1
_PING: Final = 15.0
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_page(app: web.Application, calls: CallLog) -> None:
    """Serve the page of a sandbox, and what it asks for."""
    pages = _Pages(calls)
    for path, answering in (
        ("/", pages.page),
        (f"{PLACE}/events", pages.events),
        (f"{PLACE}/calls", pages.calls),
        (PLACE + r"/calls/{number:\d{1,12}}", pages.call),
        (PLACE + "/{name}", pages.file),
    ):
        app.router.add_get(path, _guarded(answering))


def _guarded(answering: Answering) -> Answering:
    """Only for a browser that was sent to this machine: another's name may be led here (DNS rebinding)."""

    async def guarded(request: web.Request) -> web.StreamResponse:
        if _name(request.host) not in _LOOPBACK:
            raise web.HTTPForbidden(text="This page is for http://127.0.0.1 alone.\n", headers=_HEADERS)
        return await answering(request)

    return guarded


def _name(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # a bracket that is not closed
        return None


class _Pages:
    """What is served."""

    def __init__(self, calls: CallLog) -> None:
        self._calls = calls

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The page itself."""
        models = {name: row["default_model"] for name, row in load_rules().table("host").items()}
        return _text(rendered("sandbox", address=f"http://{request.host}", models=models), "text/html")

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A style or a script."""
        name = request.match_info["name"]
        if name not in SERVED:
            raise web.HTTPNotFound(headers=_HEADERS)
        return _text(file_text(name), SERVED[name])

    async def calls(self, request: web.Request) -> web.StreamResponse:
        """What changed after a version, as JSON."""
        return _text(json.dumps(self._since(self._after(request))), "application/json")

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One call, with all that is known of it."""
        found = self._calls.find(int(request.match_info["number"]))
        if found is None:
            raise web.HTTPNotFound(text="This call is no longer kept.\n", headers=_HEADERS)
        return _text(rendered("call", **shown_call(found, f"http://{request.host}")), "text/html")

    async def events(self, request: web.Request) -> web.StreamResponse:
        """What changes, as it does: server-sent events, each a list of summaries."""
        version, epoch = self._after(request), ""
        response = web.StreamResponse(headers={**_HEADERS, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        while True:
            said = self._since(version)
            if said["calls"] or said["epoch"] != epoch:
                version, epoch = said["version"], said["epoch"]
                await response.write(f"data: {json.dumps(said)}\n\n".encode())
                await asyncio.sleep(_PAUSE)  # many changes are one event
            elif not await self._calls.change(_PING):
                await response.write(b": still here\n\n")

    def _after(self, request: web.Request) -> int:
        """The version that a browser has: none of another server, or of what was forgotten since."""
        if request.query.get("epoch") != self._calls.epoch:
            return 0
        try:
            return int(request.query.get("after", "0"))
        except ValueError:
            raise web.HTTPBadRequest(text="after is a number.\n", headers=_HEADERS) from None

    def _since(self, version: int) -> dict[str, Any]:
        to, found = self._calls.since(version, _BATCH)
        return {"epoch": self._calls.epoch, "version": to, "calls": found}


def _text(text: str, kind: str) -> web.Response:
    return web.Response(text=text, content_type=kind, charset="utf-8", headers=_HEADERS)
