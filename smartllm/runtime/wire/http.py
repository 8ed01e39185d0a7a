"""What the transports share of aiohttp: limited bodies, a proxy, its errors as ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

from smartllm.errors import ConnectionFailedError, ProviderError, ProviderTimeoutError, ResponseError

# Unpacked: a small compressed answer may stand for gigabytes. The longest real ones take a few megabytes.
LARGEST_ANSWER: Final = 64 * 1024 * 1024
POOL: Final = 512
"""Connections of a client: as many as the rules let be in flight, for every model at once."""
FIRST_REDIRECT: Final = 300
FIRST_ERROR: Final = 400


@dataclass(frozen=True, slots=True)
class Waits:
    """Timeouts of a connection, in seconds.

    Attributes:
        connect: Until it stands.
        read: Longest silence.
        check: What to look at when nobody answers.
    """

    connect: float
    read: float
    check: str

    def too_slow(self, kind: str, model: str) -> ProviderTimeoutError:
        """Our error for a ``connect`` or ``read`` that took too long."""
        seconds = self.connect if kind == "connect" else self.read
        return ProviderTimeoutError(kind, seconds, model=model, retryable=True)

    def unreachable(self, cause: str, model: str) -> ConnectionFailedError:
        """Our error for a connection that was refused or broke."""
        return ConnectionFailedError(
            f"no answer from the provider: connection failed ({cause})",
            model=model,
            retryable=True,
            hint=f"check {self.check}",
        )


@contextmanager
def own_errors(waits: Waits, model: str) -> Iterator[None]:
    """Turn aiohttp's errors into ours."""
    import aiohttp  # noqa: PLC0415 - an extra, loaded on first use

    try:
        yield
    except ProviderError:  # of which one is a TimeoutError too
        raise
    except (aiohttp.ConnectionTimeoutError, aiohttp.ServerTimeoutError, TimeoutError) as error:
        kind = "connect" if isinstance(error, aiohttp.ConnectionTimeoutError) else "read"
        raise waits.too_slow(kind, model) from None
    except (aiohttp.ClientError, OSError) as error:
        raise waits.unreachable(type(error).__name__, model) from None


async def whole_body(response: Any, model: str, request_id: str | None) -> bytes:
    """The bytes of aiohttp's response, unpacked as far as the limit.

    Raises:
        ResponseError: It is longer.
    """
    parts, size = list[bytes](), 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            raise too_large(model, response.status, request_id)
    return b"".join(parts)


def too_large(model: str, status: int, request_id: str | None) -> ProviderError:
    """Our error for an answer, or an event of one, that passes the limit."""
    return ResponseError(
        f"the provider's answer is larger than {LARGEST_ANSWER >> 20} MB",
        model=model,
        status=status,
        request_id=request_id,
        hint="check that base_url points at the API itself",
    )


def redirect_hint(status: int | None, setting: str) -> str:
    """The next step after a redirect; it is not followed, since it would take keys to anywhere."""
    redirected = status is not None and FIRST_REDIRECT <= status < FIRST_ERROR
    return f"redirects are not followed; check {setting}" if redirected else ""


def environment_proxy(scheme: str, host: str) -> str | None:
    """The proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY ask for.

    aiohttp's own look into the environment also reads .netrc, whose password would replace the key.
    """
    proxies = getproxies()
    found = proxies.get(scheme) or proxies.get("all")
    return None if not found or proxy_bypass(host) else found
