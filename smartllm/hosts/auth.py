"""Auth schemes: fixed headers, a key that is asked for, and AWS's signature by botocore's signer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from smartllm.compiler.headers import merged
from smartllm.compiler.payload import Payload

_HASH: Final = "X-Amz-Content-SHA256"
_REMEMBERED: Final = 64


class Auth(Protocol):
    """Lets a request in.

    Attributes:
        asks: What it sends may be another the next time; a host that refuses it may be asked once more.
    """

    asks: bool

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may repeat, as far as it is known by now."""
        ...

    async def sign(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Payload
    ) -> dict[str, str]:
        """The headers to send.

        Raises:
            ConfigError: No credentials are to be had.
        """
        ...


class Secrets:
    """Secrets that are known from the start, and the last ones that were found out.

    Args:
        given: The former.
    """

    __slots__ = ("_found", "_given")

    def __init__(self, given: tuple[str, ...]) -> None:
        self._given, self._found = given, list[str]()

    @property
    def all(self) -> tuple[str, ...]:
        """All of them."""
        return (*self._given, *self._found)

    def add(self, *found: str | None) -> None:
        """Remember some; for ever is too long where a new one comes every hour."""
        for secret in found:
            if secret and secret not in self.all:
                # One step each: loops of other threads find secrets too.
                self._found.append(secret)
                del self._found[:-_REMEMBERED]


class FixedHeaders:
    """The same headers for every request: a bearer token, or a login."""

    asks = False

    def __init__(self, headers: Mapping[str, str], secrets: tuple[str, ...] = ()) -> None:
        self._headers, self.secrets = dict(headers), secrets

    async def sign(
        self,
        method: str,  # noqa: ARG002 - same for all
        url: str,  # noqa: ARG002
        headers: Mapping[str, str],
        body: bytes | Payload,  # noqa: ARG002
    ) -> dict[str, str]:
        """The request's headers and these."""
        return merged(headers, self._headers)


class KeyForm(NamedTuple):
    """How a provider's long-lived keys are told from tokens, and sent.

    Attributes:
        header: Header that holds a key.
        start: How keys begin; empty where they are sent as tokens are.
    """

    header: str = "Authorization"
    start: str = ""


class AskedKey:
    """A bearer token, or a key, that is asked for before each request.

    Args:
        ask: Gives it.
        headers: Further headers of every request.
        secrets: What is secret from the start.
        form: What is a key, and so no bearer token.
    """

    asks = True

    def __init__(
        self,
        ask: Callable[[], Awaitable[str]],
        headers: Mapping[str, str],
        secrets: tuple[str, ...] = (),
        form: KeyForm = KeyForm(),  # noqa: B008 - never changed
    ) -> None:
        self._ask, self._headers, self._secrets, self._form = ask, dict(headers), Secrets(secrets), form

    @property
    def secrets(self) -> tuple[str, ...]:
        """What is secret, the last keys among it."""
        return self._secrets.all

    async def sign(
        self,
        method: str,  # noqa: ARG002 - same for all
        url: str,  # noqa: ARG002
        headers: Mapping[str, str],
        body: bytes | Payload,  # noqa: ARG002
    ) -> dict[str, str]:
        """The request's headers, these, and the key as it is now."""
        key = await self._ask()
        self._secrets.add(key)
        header, start = self._form
        is_key = start and key.startswith(start)
        own = {header: key} if is_key else {"Authorization": f"Bearer {key}"}
        return merged(headers, self._headers, own)


class _Unsigned:
    """A request as botocore's signer reads it; its own class prepares each one as if it would be sent.

    tests/unit/test_runtime.py holds the signatures against botocore's own.
    """

    __slots__ = ("body", "context", "headers", "method", "params", "url")

    def __init__(self, method: str, url: str, headers: dict[str, str], body: bytes) -> None:
        self.method, self.url, self.headers, self.body = method, url, headers, body
        self.context: dict[str, Any] = {}
        self.params: dict[str, str] = {}


class Credentials(NamedTuple):
    """AWS keys as botocore's signer reads them."""

    access_key: str
    secret_key: str
    token: str | None = None


class SigV4:
    """AWS's signature.

    Args:
        region: AWS region.
        service: The service's name in signatures.
        credentials: Keys, or what finds them as they are now.
        secrets: What is secret from the start.
    """

    asks = False

    def __init__(
        self,
        region: str,
        service: str,
        credentials: Credentials | Callable[[], Awaitable[Credentials]],
        secrets: tuple[str, ...] = (),
    ) -> None:
        self._region, self._service, self._credentials = region, service, credentials
        self._secrets = Secrets(secrets)
        self._signers: tuple[Credentials, Any] | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What is secret, the last keys among it."""
        return self._secrets.all

    async def sign(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | Payload
    ) -> dict[str, str]:
        """The request's headers, and those of the signature."""
        given = self._credentials
        credentials = given if isinstance(given, Credentials) else await self._found(given)
        signed, data = dict(headers), b""
        if isinstance(body, bytes):
            data = body
        else:  # it is hashed once, in parts; the signer takes the hash from here
            signed[_HASH] = await asyncio.to_thread(_hash, body)
        request = _Unsigned(method, url, signed, data)
        self._signer(credentials).add_auth(request)
        return request.headers

    async def _found(self, find: Callable[[], Awaitable[Credentials]]) -> Credentials:
        found = await find()
        self._secrets.add(*found[1:])
        return found

    def _signer(self, credentials: Credentials) -> Any:
        known = self._signers
        if known is None or known[0] != credentials:
            from botocore.auth import SigV4Auth  # noqa: PLC0415 - an extra, loaded on first use

            known = self._signers = (credentials, SigV4Auth(credentials, self._service, self._region))
        return known[1]


def _hash(body: Payload) -> str:
    return body.sha256
