"""How a host is reached, and our errors for what goes wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Final

from smartllm.errors import ProviderError, ProviderTimeoutError, SmartLLMError
from smartllm.runtime.control.deadline import Timeouts
from smartllm.runtime.secrets import shown_address
from smartllm.runtime.wire.causes import connection_error

if TYPE_CHECKING:
    from smartllm.settings import Certificates, Settings

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

    @classmethod
    def of(cls, settings: Settings) -> Way:
        """The way that a client's settings describe."""
        return cls(
            timeouts_of(settings),
            settings.address,
            settings.proxy,
            settings.certificates,
            settings.config.max_concurrent or POOL,
        )

    def too_slow(self, kind: str, model: str) -> ProviderTimeoutError:
        """Our error for a ``connect`` or ``read`` that took too long."""
        seconds = self.timeouts.connect if kind == "connect" else self.timeouts.read
        address = shown_address(self.address) or None
        return ProviderTimeoutError(kind, seconds, model=model, retryable=True, address=address)

    def own_errors(self, model: str) -> OwnErrors:
        """Turns aiohttp's errors inside a ``with`` into ours."""
        return OwnErrors(self, model)

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


class OwnErrors:
    """A ``with`` in which errors of aiohttp become ours."""

    __slots__ = ("_model", "_way")

    def __init__(self, way: Way, model: str) -> None:
        self._way, self._model = way, model

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            ours = self._way.failed(error, self._model)
            if ours is not None:
                raise ours from None
