"""A transport without a network, for unit tests of code that makes calls."""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final
from urllib.parse import urlsplit

from smartllm.environment import ambient_rules
from smartllm.errors import ConnectionFailedError, ProviderError
from smartllm.hosts.called import shown_address
from smartllm.hosts.listing import INFERENCE_PROFILES
from smartllm.rules import Dialect, load_rules
from smartllm.runtime.transport import WireRequest, WireResponse

from .prompt_memory import PromptMemory
from .reply import Reply
from .routes import Route, find_route
from .speaking import Spoken, spoken

_MODELS: Final = ("fake-model",)


@dataclass(frozen=True)
class Sent:
    """A call that came, as it would have gone over the wire.

    Attributes:
        request: Method, URL, signed headers and bytes.
        route: Where it goes.
    """

    request: WireRequest
    route: Route

    @property
    def dialect(self) -> Dialect | None:
        """The wire's format."""
        return self.route.dialect

    @property
    def operation(self) -> str:
        """The host's name of the operation."""
        return self.route.operation

    @property
    def model(self) -> str:
        """Model id."""
        return self.request.model

    @property
    def streamed(self) -> bool:
        """Whether the answer was to come as a stream."""
        return self.route.streams(self.body)

    @property
    def url(self) -> str:
        """The URL."""
        return self.request.url

    @property
    def headers(self) -> dict[str, str]:
        """The headers, with names in lower case."""
        return {name.lower(): value for name, value in self.request.headers.items()}

    @property
    def payload(self) -> bytes:
        """The body's bytes."""
        return self.request.body

    @cached_property
    def body(self) -> dict[str, Any]:
        """The body as JSON."""
        body: dict[str, Any] = json.loads(self.request.body)
        return body

    @cached_property
    def media(self) -> tuple[str, ...]:
        """The pictures, documents, sound and film in it, a line each, without their bytes."""
        return self.route.seen(self.request.body)


class FakeTransport:
    """Answers with scripted replies, or with an echo, in the bytes of the real wires.

    All between a request and those bytes is real: signatures (where settings or environment hold a key),
    status errors, framing, ids.

    Args:
        replies: What to answer, in order; an exception is raised. When none is left, the last user text is
            echoed. Listings take none: they name one model.
        check: Refuse, with a 400 and in the provider's words, what the rules say that a model refuses.
        native: Take the provider's own schema mode; False refuses it, as some hosts do for some models.

    Attributes:
        check: As given.
        native: As given.
        sent: The calls that came, with the exact bytes in ``payload``.

    Example:
        fake = FakeTransport(Reply(text="Paris"))
        client = LLMClient(provider="openai", transport=fake)
    """

    keyless = True

    def __init__(self, *replies: Reply | ProviderError, check: bool = False, native: bool = True) -> None:
        self._replies = deque(replies)
        self.check, self.native = check, native
        self._serial = 0
        self._memory = PromptMemory()
        self.sent: list[Sent] = []

    async def send(self, request: WireRequest) -> WireResponse:
        """Answer a request.

        Raises:
            ProviderError: The one that was scripted; or the reply is cut off before its first byte.
        """
        asked = {name.lower(): value for name, value in request.headers.items()}
        body = request.body
        route = route_of(request, body, asked)
        self._serial += 1
        models = () if route.listing == INFERENCE_PROFILES else _MODELS
        reply = self._next(route, request)
        said = spoken(
            route,
            body,
            reply,
            self._serial,
            models=models,
            check=self.check,
            native=self.native,
            memory=self._memory,
            asked=asked,
            keyless=True,
        )
        await asyncio.sleep(said.reply.delay)
        if not said.streamed and said.reply.cut_after is not None:
            raise _broken(request, "closed it")
        return WireResponse(said.reply.status, said.all_headers, _parts(said, request))

    async def aclose(self) -> None:
        """Nothing is open."""

    def _next(self, route: Route, request: WireRequest) -> Reply:
        if route.dialect is None:
            return Reply()
        self.sent.append(Sent(request, route))
        reply = self._replies.popleft() if self._replies else Reply()
        if isinstance(reply, ProviderError):
            raise reply
        return reply


def route_of(request: WireRequest, body: bytes, headers: Mapping[str, str]) -> Route:
    """Where a call goes: to the host that it was made for; of one that does not say, as a server would tell.

    Args:
        request: It.
        body: Its body.
        headers: Its headers, with names in lower case.
    """
    parts = urlsplit(request.url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    known = load_rules(ambient=ambient_rules(os.environ)).table("host")
    return find_route(
        request.method,
        target,
        base="",
        body=body,
        headers=headers,
        host=request.host if request.host in known else "",
        address=parts.netloc,
    )


async def _parts(said: Spoken, request: WireRequest) -> AsyncIterator[bytes]:
    reply = said.reply
    if not said.streamed:
        for part in said.parts:
            yield part
        return
    for position in range(len(said.parts) + 1):
        if position == reply.cut_after:
            raise _broken(request, "broke off the answer")
        if position == reply.stall_after:
            await asyncio.sleep(reply.stall_seconds)
        if position < len(said.parts):
            yield said.parts[position]


def _broken(request: WireRequest, how: str) -> ConnectionFailedError:
    place = urlsplit(request.url).netloc
    return ConnectionFailedError(
        f"no answer from the provider: connection failed: {place} {how}",
        model=request.model,
        retryable=True,
        address=shown_address(request.url),
    )
