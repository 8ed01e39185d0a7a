"""aiobotocore's HTTP session, without redirects, and with connections that know their owner."""

from __future__ import annotations

from functools import cache
from typing import Any


@cache
def direct_session() -> Any:
    """The class for ``AioConfig(http_session_cls=...)``.

    aiohttp follows redirects to any origin and takes all headers but ``Authorization`` along, the session
    token among them (tried with aiobotocore 3.10, 2026-11-23). AWS's runtime APIs do not redirect.
    """
    from aiobotocore.httpsession import AIOHTTPSession  # noqa: PLC0415 - an extra, loaded on first use

    class DirectSession(AIOHTTPSession):  # type: ignore[misc]
        async def _get_session(self, proxy_url: str | None) -> Any:
            from smartllm.runtime.wire.connections import owned  # noqa: PLC0415 - loads aiohttp

            return _Direct(owned(await super()._get_session(proxy_url)))

    return DirectSession


class _Direct:
    """aiohttp's session, as far as aiobotocore uses it."""

    __slots__ = ("_session",)

    def __init__(self, session: Any) -> None:
        self._session = session

    async def request(self, *args: Any, **kwargs: Any) -> Any:
        """Send one request, and no second one to where its answer points."""
        return await self._session.request(*args, allow_redirects=False, **kwargs)
