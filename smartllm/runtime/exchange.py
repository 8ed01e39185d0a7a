"""A host's calls: from a step to signed bytes, and from bytes to JSON or events; one class for all hosts."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from importlib.util import find_spec
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from smartllm.compiler import Step
from smartllm.compiler.headers import merged
from smartllm.errors import MissingExtraError
from smartllm.hosts.auth import Auth
from smartllm.hosts.called import Called
from smartllm.hosts.listing import LISTINGS
from smartllm.hosts.readers import ERROR_READERS
from smartllm.rules import load_rules
from smartllm.rules.hosts import HostRow, host_row
from smartllm.rules.vocabulary.host import ErrorShape
from smartllm.runtime.authorised import auth_of
from smartllm.runtime.aws_session import odd_address
from smartllm.runtime.replies import Answer, parsed, read_answer
from smartllm.runtime.transport import Transport, WireRequest, WireResponse
from smartllm.runtime.wire.body import FIRST_REDIRECT, whole_body
from smartllm.runtime.wire.events import ResponseEvents
from smartllm.runtime.wire.frame_events import FrameEvents
from smartllm.runtime.wire.sse_events import SSEEvents
from smartllm.settings import Settings
from smartllm.settings.aws_address import no_such_address, public_address

_CONTENT: Final = {"Content-Type": "application/json"}
_ACCEPT: Final = {"Accept": "application/json"}
_UNAUTHORIZED: Final = 401


class _Framing(NamedTuple):
    """How a streamed answer comes.

    Attributes:
        events: Reads it.
        whole: Headers of a call whose answer comes whole.
        streamed: Headers of one whose answer is streamed.
        unsigned: Headers that no signature covers.
    """

    events: Callable[..., ResponseEvents]
    whole: Mapping[str, str]
    streamed: Mapping[str, str]
    unsigned: Mapping[str, str]


_FRAMINGS: Final = {
    "sse": _Framing(SSEEvents, _CONTENT | _ACCEPT, _CONTENT | {"Accept": "text/event-stream"}, {}),
    # As botocore does: nothing on the way may pack a stream and hold it back for that.
    "event-stream": _Framing(FrameEvents, _CONTENT, _CONTENT, {"Accept-Encoding": "identity"}),
}


class _Host(NamedTuple):
    """What a host's row stands for, for one client."""

    row: HostRow
    auth: Auth
    framing: _Framing

    def id_of(self, response: WireResponse) -> str | None:
        """The host's id of a call, if it gave one."""
        return response.headers.get(self.row.id_header)


class HostCalls:
    """The calls to one host over a transport.

    Args:
        settings: Address, keys and rules.
        transport: Sends the bytes; closed with the calls.
    """

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._settings, self._transport = settings, transport
        self._keyless = bool(getattr(transport, "keyless", False))
        self._known: dict[str, _Host] = {}
        self._found_address = ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may repeat, as far as it is known by now."""
        self._host(self._settings.provider)
        return tuple(dict.fromkeys(one for host in [*self._known.values()] for one in host.auth.secrets))

    @property
    def server(self) -> str:
        """The host's address as far as it is known by now, or an empty string."""
        settings = self._settings
        found = settings.address or self._found_address
        if found or settings.asks_botocore:
            return found
        return public_address(settings.row.service, settings.region) or ""

    async def send(self, step: Step) -> Answer:
        """Send one step.

        Raises:
            ProviderError: The call failed; says whether it may be retried.
            ConfigError: The transport cannot be used as it is configured, or is closed.
        """
        host = self._host(step.host)
        errors = step.travel.errors or host.row.errors
        request, response = await self._opened(
            host, errors, lambda: self._signed(step, host, host.framing.whole)
        )
        reader, request_id = ERROR_READERS[errors], host.id_of(response)
        return read_answer(
            await _whole(response, step.model, request_id),
            step.model,
            status=response.status,
            request_id=request_id,
            address=request.url if reader.known_elsewhere else None,
            elsewhere=reader.known_elsewhere and self._settings.custom_endpoint is not None,
        )

    async def stream(self, step: Step) -> ResponseEvents:
        """Send one step whose answer comes as a stream; returns when it begins.

        Raises:
            ProviderError: The call failed; says whether it may be retried.
            ConfigError: As ``send``.
        """
        host = self._host(step.host)
        errors = step.travel.errors or host.row.errors
        _, response = await self._opened(
            host, errors, lambda: self._signed(step, host, host.framing.streamed)
        )
        return host.framing.events(
            response, model=step.model, region=self._settings.region, request_id=host.id_of(response)
        )

    async def models(self) -> list[dict[str, Any]]:
        """The models that the account can call, each with its ``id``.

        Raises:
            ProviderError: The call failed; says whether it may be retried.
            ConfigError: As ``send``.
        """
        return await LISTINGS[self._host(self._settings.provider).row.listing](self._listed)

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    def _host(self, name: str) -> _Host:
        known = self._known.get(name)
        if known is None:
            settings = self._settings
            row = host_row(name, load_rules(settings.rules))
            auth = auth_of(row, settings, keyless=self._keyless)
            # One for all threads: what an auth finds out is secret too.
            known = self._known.setdefault(name, _Host(row, auth, _FRAMINGS[row.framing]))
        return known

    async def _signed(self, step: Step, host: _Host, headers: Mapping[str, str]) -> WireRequest:
        url = self._url(await self._address_of(host.row), step.path)
        own = self._settings.default_headers
        given = merged(headers, own, step.headers) if own else {**headers, **step.headers}
        signed = await host.auth.sign("POST", url, given, step.content)
        signed.update(host.framing.unsigned)
        if step.asked is not None:  # a request's own win over those of settings and environment
            signed = merged(signed, step.asked.extra)
        return WireRequest("POST", url, signed, step.content, step.model, step.buffered, step.host)

    async def _listed(self, path: str, query: Mapping[str, str], needed: Mapping[str, str] = _ACCEPT) -> Any:
        """The JSON of a listing."""
        settings, row = self._settings, self._settings.row
        host = self._host(settings.provider)
        address = settings.control_address
        if host.row.address:
            address = await self._address_of(host.row)
        elif not address:
            address = (await self._address()).replace(row.service, row.control, 1)
        url = self._url(address, path, urlencode(query))
        headers = merged(_ACCEPT, needed, self._settings.default_headers)

        async def request() -> WireRequest:
            signed = await host.auth.sign("GET", url, headers, b"")
            return WireRequest("GET", url, signed, b"", "", host=settings.provider)

        _, response = await self._opened(host, host.row.errors, request)
        return parsed(await _whole(response, "", host.id_of(response)))

    async def _opened(
        self, host: _Host, errors: ErrorShape, signed: Callable[[], Awaitable[WireRequest]]
    ) -> tuple[WireRequest, WireResponse]:
        """A request and the response to it; an error where its status tells of one."""
        request = await signed()
        response = await self._transport.send(request)
        if response.status == _UNAUTHORIZED and host.auth.asks:
            request, response = await self._asked_again(request, response, signed)
        if response.status < FIRST_REDIRECT:
            return request, response
        content = await _whole(response, request.model, host.id_of(response))
        settings, row = self._settings, host.row
        called = Called(
            model=request.model,
            id_header=row.id_header,
            address=request.url,
            method=request.method,
            public=settings.custom_endpoint is None,
            region=settings.region,
            key_source=settings.key_source,
            settings=settings.row.address,
        )
        raise ERROR_READERS[errors].read(response.status, response.headers, content, called)

    async def _asked_again(
        self, request: WireRequest, response: WireResponse, signed: Callable[[], Awaitable[WireRequest]]
    ) -> tuple[WireRequest, WireResponse]:
        """The same with another key, where a refused one has been replaced meanwhile; once."""
        try:
            again = await signed()
        except BaseException:
            await response.aclose()
            raise
        if again.headers == request.headers:
            return request, response
        await response.aclose()
        return again, await self._transport.send(again)

    def _url(self, address: str, path: str, query: str = "") -> str:
        given = self._settings.query
        if given:
            query = f"{query}&{given}" if query else given
        return f"{address}{path}?{query}" if query else f"{address}{path}"

    async def _address_of(self, row: HostRow) -> str:
        """Where the calls to a host go: its own address, unless the settings name one for all of them.

        Raises:
            ConfigError: AWS's variables or files ask for another kind of address; none is known here.
        """
        settings = self._settings
        if row.address and settings.custom_endpoint is None:
            if settings.asks_botocore and not self._keyless:
                raise no_such_address(row.title)
            return row.address.format(region=settings.region)
        return self._found_address or await self._address()

    async def _address(self) -> str:
        """Where calls go: as configured, by AWS's own rules, or as botocore finds out for odd settings."""
        settings = self._settings
        service = settings.row.service
        found = settings.address or self._found_address
        if not found and (self._keyless or not settings.asks_botocore):
            found = public_address(service, settings.region) or ""
        if not found:
            # What goes nowhere needs no more than a name.
            found = f"https://{service}" if self._keyless else await odd_address(settings)
        self._found_address = found
        return found


async def _whole(response: WireResponse, model: str, request_id: str | None) -> bytes:
    try:
        return await whole_body(response, model, request_id)
    finally:
        await response.aclose()


def require(provider: str, extra: str, packages: tuple[str, ...]) -> None:
    """Check that packages of an extra are there, without loading them.

    Raises:
        MissingExtraError: One is not; the hint is the pip line.
    """
    for package in packages:
        try:
            found = sys.modules[package] if package in sys.modules else find_spec(package)
        except (ImportError, ValueError):
            found = None
        if found is None:
            raise MissingExtraError(
                f"provider={provider!r} needs {package}, which is not installed",
                hint=f'pip install "smartllm[{extra}]"',
            )
