"""The response cache: a local level, and behind it one that machines share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from smartllm.diagnostics import Diagnostic, Origin
from smartllm.runtime.aws_session import aws_session
from smartllm.runtime.cache.local import LocalStore
from smartllm.settings import Settings

_DAY: Final = 24 * 60 * 60
_TOO_LARGE: Final = Diagnostic(
    code="cache-entry-too-large",
    severity="info",
    path="use_cache",
    action="noted",
    asked=True,
    applied=None,
    reason="The answer is larger than a DynamoDB item may be; only the local cache keeps it.",
    origin=Origin("derived", "dynamo_table_name"),
)


class Store(Protocol):
    """One level of the cache. A store never raises for trouble of its own: trouble is a miss."""

    async def get(self, key: str) -> dict[str, Any] | None:
        """The entry under a key, or None."""
        ...

    async def put(self, key: str, entry: Mapping[str, Any]) -> bool | None:
        """Keep an entry; False says that it is too large for this store."""
        ...

    async def delete(self, key: str) -> None:
        """Forget an entry."""
        ...


class SharedStore(Store, Protocol):
    """A store that holds connections."""

    async def aclose(self) -> None:
        """Close them."""
        ...


@dataclass(frozen=True)
class ResponseCache:
    """A local store and, behind it, an optional shared one.

    Attributes:
        local: First level.
        shared: Second level, or None.
    """

    local: Store
    shared: SharedStore | None = None

    async def local_get(self, key: str) -> dict[str, Any] | None:
        """The first level's entry under a key, or None."""
        return await self.local.get(key)

    async def shared_get(self, key: str) -> dict[str, Any] | None:
        """The second level's entry under a key, or None; ``local_put`` copies what fits to the first."""
        return None if self.shared is None else await self.shared.get(key)

    async def local_put(self, key: str, entry: Mapping[str, Any]) -> None:
        """Keep an entry in the first level only."""
        await self.local.put(key, entry)

    async def put(self, key: str, entry: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
        """Keep an entry in every level; tells when the second has no room for it."""
        await self.local.put(key, entry)
        kept = await self.shared.put(key, entry) if self.shared is not None else None
        return (_TOO_LARGE,) if kept is False else ()

    async def delete(self, key: str) -> None:
        """Forget an answer in every level."""
        await self.local.delete(key)
        if self.shared is not None:
            await self.shared.delete(key)

    async def aclose(self) -> None:
        """Close the connections of the second level."""
        if self.shared is not None:
            await self.shared.aclose()


def open_cache(settings: Settings, secrets: Callable[[], Collection[str]]) -> ResponseCache:
    """The cache that a client's settings ask for.

    Args:
        settings: Where, how large, how long.
        secrets: The secrets that are known by then; an entry that holds one is not written.

    Raises:
        MissingExtraError: A DynamoDB table is named and aiobotocore is not installed.
    """
    config = settings.config
    age = None if config.cache_max_age_days is None else config.cache_max_age_days * _DAY
    local = LocalStore(
        settings.cache_dir, max_bytes=config.cache_max_bytes, max_age_seconds=age, secrets=secrets
    )
    if config.dynamo_table_name is None:
        return ResponseCache(local)
    from smartllm.runtime.cache.dynamo import DynamoStore  # noqa: PLC0415 - loads the SDK

    static = settings.aws if settings.role is None else None
    access_key, secret_key, session_token = static or (None, None, None)
    shared = DynamoStore(
        config.dynamo_table_name,
        region=settings.region,
        ttl_days=config.cache_ttl_days,
        endpoint_url=config.dynamo_endpoint_url,
        access_key=access_key,
        secret_key=secret_key,
        session_token=session_token,
        secrets=secrets,
        session=lambda: aws_session(settings),
    )
    return ResponseCache(local, shared)
