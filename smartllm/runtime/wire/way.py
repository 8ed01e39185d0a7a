"""How a host is reached, and our errors for what goes wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from smartllm.errors import ConnectionFailedError, ProviderTimeoutError, SmartLLMError
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

    @contextmanager
    def own_errors(self, model: str) -> Iterator[None]:
        """Turn aiohttp's errors into ours."""
        import aiohttp  # noqa: PLC0415 - an extra, loaded on first use

        try:
            yield
        except SmartLLMError:  # of which some are a TimeoutError or a ValueError too
            raise
        except (aiohttp.ConnectionTimeoutError, aiohttp.ServerTimeoutError, TimeoutError) as error:
            kind = "connect" if isinstance(error, aiohttp.ConnectionTimeoutError) else "read"
            raise self.too_slow(kind, model) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self.failed(error, model) from None

    def failed(self, error: BaseException, model: str) -> ConnectionFailedError:
        """Our error for a connection that could not be made, or broke."""
        return connection_error(
            error,
            model=model,
            address=self.address,
            proxy=self.proxy,
            certificates_source=self.certificates.source.name if self.certificates else "",
        )
