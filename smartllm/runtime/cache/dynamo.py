"""The shared level of the cache: one DynamoDB item an entry, compressed, with an expiry date."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final, TypeVar

from smartllm.errors import MissingExtraError
from smartllm.log import logger
from smartllm.runtime.aws_http import direct_session
from smartllm.runtime.cache.local import FORMAT

_T = TypeVar("_T")

_DAY: Final = 24 * 60 * 60
_PATIENCE: Final = 0.5
_CREATION: Final = 60.0
_FAILURES: Final = 3
_PAUSE: Final = 30.0
_POOL: Final = 50
_GZIP: Final = 31
# DynamoDB counts names, key and numbers too (bedrock_runtime facts §10).
_LARGEST_ITEM: Final = 400 * 1024 - 256
_LARGEST_ENTRY: Final = 8 * 1024 * 1024
_MISSING: Final = "ResourceNotFoundException"


class DynamoStore:
    """A table of entries, made when missing. Trouble with it is a miss with one warning, never an error.

    A read and a write wait at most half a second each (a minute while the table is being made); after three
    failures in a row the table is left alone for 30 seconds.

    Args:
        table_name: Name of the table.
        region: AWS region.
        ttl_days: Days until an entry expires.
        endpoint_url: Another endpoint than AWS's.
        access_key: With ``secret_key``; None uses the default credential chain.
        secret_key: See above.
        session_token: For temporary credentials.
        clock: Seconds since the epoch.

    Raises:
        MissingExtraError: aiobotocore is not installed.
    """

    def __init__(
        self,
        table_name: str,
        *,
        region: str,
        ttl_days: float = 365,
        endpoint_url: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        session_token: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            import aiobotocore.session  # noqa: PLC0415 - an extra, loaded on first use
        except ImportError as error:
            raise MissingExtraError(
                f"dynamo_table_name needs aiobotocore ({error})", hint='pip install "smartllm[bedrock]"'
            ) from None
        self.table_name, self._ttl, self._clock = table_name, ttl_days * _DAY, clock
        self._session = aiobotocore.session.get_session()
        self._settings: dict[str, Any] = {
            "region_name": region,
            "endpoint_url": endpoint_url,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
            "aws_session_token": session_token,
        }
        self._stack = AsyncExitStack()
        self._opening: asyncio.Task[Any] | None = None
        self._creation: asyncio.Task[None] | None = None
        self._warned: set[str] = set()
        self._failures = 0
        self._resume_at = 0.0

    async def get(self, key: str) -> dict[str, Any] | None:
        """The entry under a key, or None."""
        item = await self._guarded(lambda: self._read(key))
        if not item:
            return None
        try:
            if float(item["ttl"]["N"]) <= self._clock():
                return None  # AWS removes expired items within days (bedrock_runtime facts §10)
            entry = await asyncio.to_thread(_unpacked, item["data"]["B"])
            if entry.get("key") == key and repr(entry.get("format")) == str(FORMAT):
                return entry
            self._trouble("an entry is foreign or of another version")
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError, zlib.error):
            self._trouble("an entry is damaged or too large")
        return None

    async def put(self, key: str, entry: Mapping[str, Any]) -> bool:
        """Keep an entry; False when it is too large for an item."""
        data = await asyncio.to_thread(_packed, entry)
        if len(data) > _LARGEST_ITEM:
            self._trouble("an entry is larger than the 400 KB that an item may hold, and was not stored")
            return False
        item = {
            "pk": {"S": key},
            "data": {"B": data},
            "ttl": {"N": str(int(self._clock() + self._ttl))},
            "format": {"N": str(FORMAT)},
        }
        await self._guarded(lambda: self._write(item))
        return True

    async def delete(self, key: str) -> None:
        """Forget an entry."""
        await self._guarded(lambda: self._remove(key))

    async def aclose(self) -> None:
        """Close the connections."""
        for task in filter(None, (self._creation, self._opening)):
            task.cancel()
            await asyncio.wait({task})
        self._opening = None
        await self._stack.aclose()

    async def _guarded(self, call: Callable[[], Awaitable[_T]]) -> _T | None:
        """The result of a call; None, with one warning a kind of trouble, when it fails or is not made."""
        if self._failures >= _FAILURES and self._clock() < self._resume_at:
            return None
        try:
            result = await call()
        except Exception as error:  # noqa: BLE001 - no trouble of the cache may fail a call
            self._failed(_code(error))
        else:
            self._failures = 0
            return result
        return None

    async def _read(self, key: str) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(_PATIENCE):
                client = await self._connect()
                reply = await client.get_item(TableName=self.table_name, Key={"pk": {"S": key}})
        except Exception as error:
            if not _is_missing(error):
                raise
            self._create()  # meanwhile the model answers
            return None
        found: dict[str, Any] | None = reply.get("Item")
        return found

    async def _write(self, item: Mapping[str, Any]) -> None:
        if self._creation is not None:
            await self._created()
        try:
            await self._put_item(item)
        except Exception as error:
            if not _is_missing(error):
                raise
            await self._created()
            await self._put_item(item)

    async def _put_item(self, item: Mapping[str, Any]) -> None:
        async with asyncio.timeout(_PATIENCE):
            client = await self._connect()
            await client.put_item(TableName=self.table_name, Item=item)

    async def _remove(self, key: str) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                client = await self._connect()
                await client.delete_item(TableName=self.table_name, Key={"pk": {"S": key}})
        except Exception as error:
            if not _is_missing(error):
                raise

    async def _created(self) -> None:
        """Wait for the table; a waiter that is cancelled leaves the others alone."""
        task = self._create()
        await asyncio.wait({task})
        if self._creation is task:
            self._creation = None
        if not task.cancelled():
            task.result()

    def _create(self) -> asyncio.Task[None]:
        if self._creation is None:
            self._creation = asyncio.create_task(self._make_table())
            # A failure that no write waits for is not an error: the next write meets it again.
            self._creation.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._creation

    async def _make_table(self) -> None:
        """Create the table, wait until it is active, and switch expiry on."""
        client = await self._connect()
        async with asyncio.timeout(_CREATION):
            with contextlib.suppress(client.exceptions.ResourceInUseException):  # somebody else makes it
                await client.create_table(
                    TableName=self.table_name,
                    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                    BillingMode="PAY_PER_REQUEST",
                )
            waiter = client.get_waiter("table_exists")
            await waiter.wait(TableName=self.table_name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
            state = await client.describe_time_to_live(TableName=self.table_name)
            # A second change within an hour is refused (bedrock_runtime facts §10).
            if state["TimeToLiveDescription"].get("TimeToLiveStatus", "DISABLED") == "DISABLED":
                wanted = {"Enabled": True, "AttributeName": "ttl"}
                await client.update_time_to_live(TableName=self.table_name, TimeToLiveSpecification=wanted)

    async def _connect(self) -> Any:
        # In a task of its own: looking for credentials may take longer than a call waits.
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.create_task(self._open())
        await asyncio.wait({self._opening})
        return self._opening.result()

    async def _open(self) -> Any:
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - an extra, loaded on first use

        config = AioConfig(
            connect_timeout=_PATIENCE,
            read_timeout=_PATIENCE,
            max_pool_connections=_POOL,
            retries={"total_max_attempts": 1, "mode": "standard"},
            warm_up_loader_caches=True,
            http_session_cls=direct_session(),
        )
        client = self._session.create_client("dynamodb", config=config, **self._settings)
        return await self._stack.enter_async_context(client)

    def _failed(self, kind: str) -> None:
        self._failures += 1
        if self._failures >= _FAILURES:
            self._resume_at = self._clock() + _PAUSE
        self._trouble(f"the table cannot be used ({kind})")

    def _trouble(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            logger.warning("response cache in DynamoDB (%s): %s; calls go on", self.table_name, text)


def _is_missing(error: Exception) -> bool:
    return _code(error) == _MISSING


def _code(error: Exception) -> str:
    reply = getattr(error, "response", None)
    details = reply.get("Error", {}) if isinstance(reply, dict) else {}
    return str(details.get("Code") or type(error).__name__)[:80]


def _packed(entry: Mapping[str, Any]) -> bytes:
    text = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
    packer = zlib.compressobj(wbits=_GZIP)
    return packer.compress(text) + packer.flush()


def _unpacked(data: bytes) -> dict[str, Any]:
    unpacker = zlib.decompressobj(wbits=_GZIP)
    text = unpacker.decompress(data, _LARGEST_ENTRY)
    if not unpacker.eof:
        raise ValueError("cut, or larger than an entry may be")
    entry = json.loads(text)
    return dict(entry)
