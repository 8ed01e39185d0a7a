"""How a request is signed: with fixed headers, or by botocore's signature version 4."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from smartllm.errors import ConfigError
from smartllm.runtime.control.owner import PerOwner

_SERVICE: Final = "bedrock"


class Auth(Protocol):
    """Lets a request in.

    Attributes:
        secrets: What no error may repeat, as far as it is known by now.
    """

    secrets: tuple[str, ...]

    async def sign(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """The headers to send.

        Raises:
            ConfigError: No credentials are to be had.
        """
        ...


class FixedHeaders:
    """The same headers for every request: a bearer token, or a login."""

    def __init__(self, headers: Mapping[str, str], secrets: tuple[str, ...] = ()) -> None:
        self._headers, self.secrets = dict(headers), secrets

    async def sign(
        self,
        method: str,  # noqa: ARG002 - same for all
        url: str,  # noqa: ARG002
        headers: Mapping[str, str],
        body: bytes,  # noqa: ARG002
    ) -> dict[str, str]:
        """The request's headers and these."""
        return {**headers, **self._headers}


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
        given: Keys; None takes the default credential chain (profile, role, container, instance).
        session: Makes aiobotocore's session for the chain; see ``aws_session``.
        secrets: What is secret from the start.
    """

    def __init__(
        self,
        region: str,
        given: Credentials | None,
        session: Callable[[], Any],
        secrets: tuple[str, ...],
    ) -> None:
        self._region, self._given = region, given
        self.secrets = secrets
        self._chain: PerOwner[_Chain] = PerOwner(lambda: _Chain(session))
        self._signers: tuple[Credentials, Any] | None = None

    async def sign(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> dict[str, str]:
        """The request's headers, and those of the signature."""
        credentials = self._given or await self._found()
        request = _Unsigned(method, url, dict(headers), body)
        self._signer(credentials).add_auth(request)
        return request.headers

    async def _found(self) -> Credentials:
        found = await self._chain.get().credentials()
        news = tuple(part for part in found[1:] if part and part not in self.secrets)
        self.secrets += news
        return found

    def _signer(self, credentials: Credentials) -> Any:
        known = self._signers
        if known is None or known[0] != credentials:
            from botocore.auth import SigV4Auth  # noqa: PLC0415 - an extra, loaded on first use

            known = self._signers = (credentials, SigV4Auth(credentials, _SERVICE, self._region))
        return known[1]


class _Chain:
    """The default credential chain, in one event loop: what it finds may refresh itself there."""

    def __init__(self, session: Callable[[], Any]) -> None:
        self._session = session
        self._found: Any = None
        self._lock = asyncio.Lock()

    async def credentials(self) -> Credentials:
        """The keys as they are now.

        Raises:
            ConfigError: There are none, or they cannot be refreshed.
        """
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - an extra, loaded on first use

        try:
            async with self._lock:
                if self._found is None:
                    self._found = await self._session().get_credentials()
            if self._found is None:
                raise unusable("Unable to locate credentials")
            frozen = await self._found.get_frozen_credentials()
        except BotoCoreError as error:
            raise unusable(error) from None
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def unusable(reason: object) -> ConfigError:
    """Our error for missing or unusable credentials and settings."""
    return ConfigError(
        f"aws settings: {reason}",
        hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or configure a profile or role",
    )
