"""Credentials of a session of the caller's, and of a role that is assumed; loads aiobotocore."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Final

from aiobotocore.config import AioConfig
from aiobotocore.credentials import (
    AioAssumeRoleCredentialFetcher,
    AioCredentials,
    AioDeferredRefreshableCredentials,
)
from botocore.credentials import ReadOnlyCredentials

from smartllm.runtime.cache.aws_http import direct_session

if TYPE_CHECKING:
    from smartllm.settings import Settings

_ATTEMPTS: Final = 3


class CredentialSource:
    """Finds credentials in place of aiobotocore's chain: a session's component ``credential_provider``.

    Args:
        settings: Whose credentials, and which role.
        chain: Makes a session that finds them as AWS's default chain does.
    """

    def __init__(self, settings: Settings, chain: Callable[[Settings], Any]) -> None:
        self._settings, self._chain = settings, chain

    async def load_credentials(self) -> Any:
        """Credentials as aiobotocore's own are, or None if there are none; a role's get new ones in time.

        Raises:
            Exception: Whatever the SDK or the caller's session raises.
        """
        settings = self._settings
        session, source = self._chain(settings), await self._source()
        if source is None:
            source = await session.get_credentials()
        if source is None or settings.role is None:
            return source
        config = AioConfig(
            connect_timeout=settings.connect_timeout,
            retries={"total_max_attempts": _ATTEMPTS},
            # A redirect would take the session token along.
            http_session_cls=direct_session(),
        )
        fetcher = AioAssumeRoleCredentialFetcher(
            client_creator=partial(session.create_client, region_name=settings.region, config=config),
            source_credentials=source,
            role_arn=settings.role.arn,
            extra_args={"RoleSessionName": settings.role.session_name},
        )
        return AioDeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")

    async def _source(self) -> Any:
        """What the settings hold themselves."""
        settings = self._settings
        if settings.aws_session is not None:
            found = await _asked(settings.aws_session.get_credentials)
            return None if found is None else OwnCredentials(found)
        return None if settings.aws is None else AioCredentials(*settings.aws)


class OwnCredentials(AioCredentials):  # type: ignore[misc]
    """Credentials of a session of the caller's, for aiobotocore.

    Args:
        found: botocore's, sync or async; they may refresh themselves over the network.
    """

    def __init__(self, found: Any) -> None:
        super().__init__("", "", method="aws_session")
        self._found = found

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The keys as they are now, without an account, which would only choose an address."""
        frozen = await _asked(self._found.get_frozen_credentials)
        return ReadOnlyCredentials(frozen.access_key, frozen.secret_key, frozen.token)


async def _asked(ask: Callable[[], Any]) -> Any:
    """What a method gives that may block, or be async."""
    found = await asyncio.to_thread(ask)
    return await found if isawaitable(found) else found
