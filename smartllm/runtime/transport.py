"""The narrow interface between a host's calls and the network: bytes and headers, out and in."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from smartllm.compiler.payload import Payload


@dataclass(frozen=True, slots=True)
class WireRequest:
    """What goes over the wire, signed.

    Attributes:
        method: HTTP method.
        url: Whole and percent-encoded.
        headers: Without what HTTP itself needs.
        content: What is sent: bytes, or with media the parts of them, which ``for part in content`` gives as
            often as it is asked; empty for a listing.
        model: Model id, for errors; empty for a listing.
        buffered: Minutes without a byte are no fault: the longer one of the limits on silence holds.
        host: The name of the host's row: who speaks at that address. Empty where nobody says.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | Payload = field(repr=False)
    model: str
    buffered: bool = False
    host: str = ""

    @property
    def body(self) -> bytes:
        """What is sent, whole; with media it is made anew each time."""
        return bytes(self.content)


class Headers(Mapping[str, str]):
    """Headers, whose names count in any capitalisation."""

    __slots__ = ("_found",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._found = {name.lower(): value for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        return self._found[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


class WireResponse:
    """What came back: status, headers, and a body that is read once, as it comes.

    Args:
        status: HTTP status.
        headers: Headers, names in any capitalisation.
        body: The body, unpacked; or its parts.
        close: Ends the connection that the body comes from, read to its end or not.
    """

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        body: bytes | AsyncIterable[bytes] = b"",
        *,
        close: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.status = status
        self.headers: Mapping[str, str] = Headers(headers)
        self._body, self._close = body, close

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The parts of the body.

        Raises:
            ConnectionFailedError: It broke off.
            ProviderTimeoutError: Its next part did not come in time.
        """
        if isinstance(self._body, bytes):
            yield self._body
            return
        async for part in self._body:
            yield part

    async def aclose(self) -> None:
        """Let go of the connection; one whose body was read to its end may be kept."""
        if self._close is not None:
            await self._close()


class Transport(Protocol):
    """Sends requests. ``LLMClient(transport=...)`` takes any object that can.

    Requests come signed with the keys of settings and environment, or with what AWS's chain of credentials
    finds. A class with ``keyless = True`` gets them unsigned where settings and environment hold no key.
    """

    async def send(self, request: WireRequest) -> WireResponse:
        """Send one request; returns when the head of its response is there, whatever the status.

        Raises:
            ConnectionFailedError: No response came; ``retryable`` says whether it may be sent again.
            ProviderTimeoutError: None came in time.
            ConfigError: The transport cannot be used as it is configured, or is closed.
        """
        ...

    async def aclose(self) -> None:
        """Close connections; the transport cannot be used afterwards."""
        ...
