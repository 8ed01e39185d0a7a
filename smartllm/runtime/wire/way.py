"""How a host is reached, and our errors for what goes wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from smartllm.errors import ProviderError, ProviderTimeoutError, SmartLLMError
from smartllm.hosts.called import shown_address
from smartllm.runtime.control.deadline import Timeouts
from smartllm.runtime.wire.causes import connection_error
from smartllm.settings.aws_address import public_address

if TYPE_CHECKING:
    from smartllm.settings import Certificates, Settings

_NOWHERE: Final = "https://unknown.invalid"
_NEXT: Final = frozenset({"", "/", "?"})
"""What may follow an address in a URL."""

POOL: Final = 512
"""Connections of a client: as many as the rules let be in flight, for every model at once."""


def timeouts_of(settings: Settings) -> Timeouts:
    """A client's time limits."""
    return Timeouts(
        connect=settings.connect_timeout,
        read=settings.read_timeout,
        first_event=settings.first_event_timeout,
        stall=settings.stall_timeout,
        total=settings.total_timeout,
    )


@dataclass(frozen=True, slots=True)
class Way:
    """How a host is reached, and our errors for what goes wrong on the way.

    Attributes:
        timeouts: The client's limits.
        address: Where to, without login.
        proxy: A proxy's URL, or None.
        certificates: Whom to trust.
        pool: Connections at most.
    """

    timeouts: Timeouts
    address: str
    proxy: str | None = None
    certificates: Certificates | None = None
    pool: int = POOL

    def too_slow(self, kind: str, model: str) -> ProviderTimeoutError:
        """Our error for a ``connect`` or ``read`` that took too long."""
        seconds = self.timeouts.connect if kind == "connect" else self.timeouts.read
        address = shown_address(self.address) or None
        return ProviderTimeoutError(kind, seconds, model=model, retryable=True, address=address)

    def failed(self, error: BaseException, model: str) -> ProviderError | None:
        """Our error for what aiohttp raised; None for what is none of its errors."""
        import aiohttp  # noqa: PLC0415 - an extra, loaded on first use

        if isinstance(error, SmartLLMError):  # of which some are a TimeoutError or a ValueError too
            return None
        if isinstance(error, TimeoutError):  # aiohttp's are, too
            kind = "connect" if isinstance(error, aiohttp.ConnectionTimeoutError) else "read"
            return self.too_slow(kind, model)
        if not isinstance(error, (aiohttp.ClientError, OSError, ValueError)):
            return None
        return connection_error(
            error,
            model=model,
            address=self.address,
            proxy=self.proxy,
            certificates_source=self.certificates.source.name if self.certificates else "",
        )


class Ways:
    """The ways to the addresses that a client calls: nearly always one, listings may go elsewhere.

    Args:
        settings: The client's.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # AWS's own may only be found out by the first call.
        address = settings.address or public_address(settings.row.service, settings.region) or _NOWHERE
        self.main = Way(
            timeouts_of(settings),
            address,
            settings.proxy,
            settings.certificates,
            settings.config.max_concurrent or POOL,
        )
        self._length = len(address)
        self._others: dict[str, Way] = {}

    def to(self, url: str) -> Way:
        """The way to a URL.

        Raises:
            ConfigError: The environment names a proxy for it that is no HTTP proxy.
        """
        main = self.main
        if url.startswith(main.address) and url[self._length : self._length + 1] in _NEXT:
            return main
        parts = urlsplit(url)
        address = f"{parts.scheme}://{parts.netloc}"
        way = self._others.get(address)
        if way is None:
            way = replace(main, address=address, proxy=self._settings.proxy_for(address))
            self._others[address] = way
        return way
