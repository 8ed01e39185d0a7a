"""The server: a thread with its own event loop, bound to an ephemeral loopback port."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote

from aiohttp import web

from smartllm.environment import ambient_rules
from smartllm.errors import ConfigError
from smartllm.rules import load_rules

from .batch.bedrock import BedrockJobs
from .batch.bedrock_s3 import ACCESS_KEY, SECRET_KEY, S3Place
from .batch.engine import Engine
from .batch.openai import OpenAIBatches
from .batch.work import BatchApi, Batches
from .delivery import deliver
from .heard import json_of
from .page.log import CallLog
from .page.routes import add_page
from .prompt_memory import PromptMemory
from .reply import HEADER, Recorded, Reply, reply_of
from .routes import BASE, Route, find_route
from .speaking import Spoken, spoken
from .telling import HEADER as PROVIDER
from .telling import hosts_named
from .variables import reaching

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

_HOST = "127.0.0.1"
_LARGEST_BODY = 256 * 1024 * 1024
_START_SECONDS = 10.0
_DRAIN_SECONDS = 0.1
_DEFAULT = Reply()


class LoopbackServer:
    """Speaks each host's APIs: OpenAI's, Anthropic's, Azure OpenAI's, and those of Bedrock's endpoints.

    Use it as a context manager and point the real SDKs at it:

        with LoopbackServer() as server:
            server.script(Reply(text="hello"), Reply(status=429))
            client = AsyncOpenAI(base_url=server.openai_base_url, api_key="any", max_retries=0)

    In a browser its address is a page that shows each call as it comes.

    Several hosts have some paths in common. Which one a request is for is told by what it is signed for, by
    the header of its key, by how a token begins, by the spelling of the model's id, in this order; else it
    is the first that has the path. ``provider`` decides it for all requests, the header
    ``x-smartllm-provider`` for one.

    A request may bring its own reply: the header ``x-smartllm-reply`` holds fields of ``Reply`` as JSON.
    The calls of a batch engine take replies like all others; those of its lines are ``batches.script``'s.

    Args:
        models: The model ids of the listings. Without ``check`` any id is accepted in a request.
        check: Refuse, with a 400 and in the provider's words, what the rules say that a model refuses.
        native: Take the provider's own schema mode; False refuses it, as some hosts do for some models.
        port: Where to listen; 0 takes any free port.
        batch: How the jobs of batch engines run; without, within a second and without a failure.
        s3: Address of the S3 where Bedrock's jobs find their records and leave their outputs, an emulator's,
            with ``key:secret@`` where it wants keys. Without, no job is created.
        provider: Who alone answers: a provider, or one of its hosts, such as ``"bedrock-mantle"``.

    Raises:
        ConfigError: ``s3`` is no address, or there is no such provider.
        MissingExtraError: ``s3`` is given, and aiobotocore is not installed.
    """

    def __init__(
        self,
        *,
        models: Sequence[str] = ("loopback-model",),
        check: bool = False,
        native: bool = True,
        port: int = 0,
        batch: Engine | None = None,
        s3: str | None = None,
        provider: str | None = None,
    ) -> None:
        self.models = tuple(models)
        self._provider = provider or ""
        self._hosts = hosts_named(provider, load_rules(ambient=ambient_rules(os.environ))) if provider else ()
        self.check, self.native = check, native
        self._s3 = None if s3 is None else S3Place.of(s3)
        self._wanted_port = port
        self.requests: list[Recorded] = []
        """Every request since the start or the last ``reset``, oldest first."""
        self._replies: deque[Reply] = deque()
        self._memory = PromptMemory()
        self.batches = Batches(self._speak_line, batch or Engine())
        """How batch jobs run, and which of their lines are paid for."""
        self._apis: list[BatchApi] = []
        self._calls = CallLog()
        self._serial = self._lines = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the server, without a trailing slash: the Bedrock ``endpoint_url``."""
        return f"http://{_HOST}:{self._port}"

    @property
    def openai_base_url(self) -> str:
        """The ``base_url`` for the OpenAI SDK."""
        return f"{self.url}{BASE}"

    def environment(self) -> dict[str, str]:
        """The variables with which a client reaches this server, and its S3; the keys open nothing else.

        A proxy that the process's own environment names is left out of the way to it.
        """
        s3 = self._s3
        keys = (ACCESS_KEY, SECRET_KEY) if s3 is None else (s3.access_key, s3.secret_key)
        return reaching(self.url, *keys, s3=None if s3 is None else s3.url)

    def start(self) -> None:
        """Start serving; returns once the port is open."""
        if self._thread is not None:
            raise RuntimeError("the loopback server is already running")
        opened: Future[int] = Future()
        self._thread = threading.Thread(target=self._run, args=(opened,), name="loopback", daemon=True)
        self._thread.start()
        self._port = opened.result(_START_SECONDS)

    def stop(self) -> None:
        """Stop serving and close every connection; does nothing if the server is not running."""
        if self._thread is None:
            return
        if self._stopping is not None:
            self._on_loop(self._stopping.set)
        self._thread.join()
        self._thread = self._loop = self._stopping = None

    def script(self, *replies: Reply) -> None:
        """Queue replies; each request takes one, in order, and the default when none is left."""
        self._replies.extend(replies)

    def reset(self) -> None:
        """Forget the recorded requests, the queued replies, what was kept of prompts, and all batch work."""
        self.requests.clear()
        self._replies.clear()
        self._memory.clear()
        self.batches.clear()
        for api in self._apis:
            self._on_loop(api.clear)
        self._on_loop(self._calls.clear)
        self._serial = 0

    def _on_loop(self, action: Callable[[], None]) -> None:
        """Do it where the calls are answered; nothing, where none are."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(action)

    def _run(self, opened: Future[int]) -> None:
        try:
            asyncio.run(self._serve(opened))
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)

    async def _serve(self, opened: Future[int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._apis = [
            OpenAIBatches(self.batches, check=self.check),
            BedrockJobs(self.batches, self._s3, check=self.check, models=self.models),
        ]
        app = web.Application(client_max_size=_LARGEST_BODY)
        add_page(app, self._calls)
        app.router.add_route("*", "/{path:(?s:.*)}", self._receive)
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_DRAIN_SECONDS
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, _HOST, self._wanted_port)
            await site.start()
            opened.set_result(runner.addresses[0][1])
            await self._stopping.wait()
        finally:
            server = runner.server
            assert server is not None, "it is set up"
            await runner.cleanup()
            for _ in range(3):  # until a connection that was accepted meanwhile is known
                await asyncio.sleep(0)
            await server.shutdown(0)
            for api in self._apis:
                api.close()

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.partition("?")[0]
        headers = {name.lower(): value for name, value in request.headers.items()}
        routes = ((api, api.route(request.method, path)) for api in self._apis)
        own = ((api, route) for api, route in routes if route is not None and self._has(route))
        api, route = next(own, (None, None))
        body = b"" if api else await request.read()
        wrong = None
        if route is None:
            route, wrong = self._found(request.method, request.raw_path, body, headers)
        recorded = Recorded(
            method=request.method,
            path=unquote(path),
            raw_path=request.raw_path,
            headers=headers,
            body=body,
            route=route,
        )
        self.requests.append(recorded)
        self._serial += 1
        call, begun = self._calls.begin(recorded), time.perf_counter()
        try:
            reply, serial = wrong or self._next(recorded), self._serial
            if api is None:
                said, call.checked = self._speak(route, recorded, reply, serial), self.check
            else:
                said = await api.answer(request, recorded, reply, serial)
            recorded.size = call.size = max(call.size, request.content.total_bytes)
            self._calls.answer(call, said)
            return await deliver(request, said, recorded, lambda: self._calls.touch(call))
        except (asyncio.CancelledError, ConnectionError):
            recorded.disconnected = self._stopping is not None and not self._stopping.is_set()
            if request.transport is None or request.transport.is_closing():
                # Also who leaves between two frames: aiohttp logs any other error as the server's own.
                raise asyncio.CancelledError from None
            raise
        finally:
            recorded.seconds = time.perf_counter() - begun
            self._calls.end(call)

    def _has(self, route: Route) -> bool:
        """Whether the host of a route answers here."""
        return not self._hosts or route.provider in self._hosts

    def _found(
        self, method: str, raw_path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[Route, Reply | None]:
        """Where a request goes, and the answer to one that wants to go to a host that nobody knows."""
        try:
            return find_route(method, raw_path, body=body, headers=headers, host=self._provider), None
        except ConfigError as error:
            others = {name: value for name, value in headers.items() if name != PROVIDER}
            route = find_route(method, raw_path, body=body, headers=others, host=self._provider)
            return route, Reply(status=400, error_message=f"{PROVIDER}: {error}")

    def _next(self, recorded: Recorded) -> Reply:
        """The reply that the request itself asks for, or the next scripted one."""
        asked = recorded.headers.get(HEADER)
        if asked is None:
            return self._replies.popleft() if self._replies else _DEFAULT
        try:
            return reply_of(json_of(asked.encode(errors="surrogateescape")))
        except (TypeError, ValueError) as error:
            return Reply(status=400, error_message=f"{HEADER}: {error}")

    def _speak(self, route: Route, recorded: Recorded, reply: Reply, serial: int) -> Spoken:
        """What is answered online."""
        return spoken(
            route,
            recorded.body,
            reply,
            serial,
            models=self.models,
            check=self.check,
            native=self.native,
            asked=recorded.headers,
            memory=self._memory,
        )

    def _speak_line(self, route: Route, body: bytes, reply: Reply) -> Spoken:
        """What is answered to a line of a batch job, where no prompt is kept."""
        self._lines += 1
        return spoken(
            route, body, reply, self._lines, models=self.models, check=self.check, native=self.native
        )
