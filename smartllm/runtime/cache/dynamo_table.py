"""One event loop's side of the shared cache level: its client, and the making of the table."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

from smartllm.runtime.cache.aws_http import direct_session
from smartllm.runtime.control.owner import close_now, closing_with_its_loop

_TIMEOUT: Final = 0.5
FAILURES: Final = 3
"""In a row; after them the table is left alone."""
_CREATION: Final = 60.0
_AT_CLOSE: Final = 2.0
_POOL: Final = 50
_MOST_WAITING: Final = 100
_MISSING: Final = "ResourceNotFoundException"


class TableMissingError(Exception):
    """The table is not there yet; it is being made."""


class Table:
    """A DynamoDB table as one event loop sees it; made when missing.

    Every method but ``aclose`` ends within half a second, and may be cancelled at any time: what takes longer
    belongs to the loop, not to the caller.

    Args:
        name: Its name.
        settings: Of the SDK's client: region, endpoint, credentials.
        failed: Told of what fails in the background.
        session: Makes the SDK's session.
    """

    def __init__(
        self,
        name: str,
        settings: Mapping[str, Any],
        failed: Callable[[Exception], None],
        session: Callable[[], Any],
    ) -> None:
        self._name, self._settings, self._failed, self._session = name, settings, failed, session
        self._stack = AsyncExitStack()
        self._keeper: AsyncGenerator[None] | None = None
        self._opening: asyncio.Task[Any] | None = None
        self._making: asyncio.Task[None] | None = None
        self._waiting: dict[str, Mapping[str, Any]] = {}

    async def read(self, key: str) -> dict[str, Any] | None:
        """The item under a key, or None.

        Raises:
            TableMissingError: There is no table; meanwhile the model answers.
            Exception: Whatever the SDK raises, or a TimeoutError.
        """
        if self._making is None:
            try:
                async with asyncio.timeout(_TIMEOUT):
                    client = await self._connect()
                    reply = await client.get_item(TableName=self._name, Key={"pk": {"S": key}})
            except Exception as error:
                if code_of(error) != _MISSING:
                    raise
            else:
                found: dict[str, Any] | None = reply.get("Item")
                return found
        self._make()
        raise TableMissingError

    async def write(self, item: Mapping[str, Any]) -> None:
        """Put an item into the table, now or when there is one.

        Raises:
            TableMissingError: There is no table; the item waits for it.
            Exception: Whatever the SDK raises, or a TimeoutError.
        """
        if self._making is None:
            try:
                await self._put(item)
            except Exception as error:
                if code_of(error) != _MISSING:
                    raise
            else:
                return
        if len(self._waiting) < _MOST_WAITING:
            self._waiting[item["pk"]["S"]] = item
        self._make()
        raise TableMissingError

    async def remove(self, key: str) -> None:
        """Take an item out of the table.

        Raises:
            TableMissingError: There is no table.
            Exception: Whatever the SDK raises, or a TimeoutError.
        """
        self._waiting.pop(key, None)
        try:
            async with asyncio.timeout(_TIMEOUT):
                client = await self._connect()
                await client.delete_item(TableName=self._name, Key={"pk": {"S": key}})
        except Exception as error:
            if code_of(error) != _MISSING:
                raise
            raise TableMissingError from None

    async def aclose(self) -> None:
        """Close the connections; items that wait for the table get two more seconds."""
        try:
            if self._making is not None and self._waiting:
                await asyncio.wait({self._making}, timeout=_AT_CLOSE)
        finally:
            for task in filter(None, (self._making, self._opening)):
                task.cancel()
                await asyncio.wait({task})
            if self._keeper is not None:
                await close_now(self._keeper)
            await self._stack.aclose()

    def _make(self) -> None:
        if self._making is None:
            self._making = asyncio.create_task(self._made())

    async def _made(self) -> None:
        """Make the table, then write what waits for it; three failures in a row end that."""
        failures = 0
        try:
            await self._make_table()
            while self._waiting:
                key, item = next(iter(self._waiting.items()))
                try:
                    await self._put(item)
                except Exception:
                    failures += 1
                    if failures == FAILURES:
                        raise
                    continue
                failures = 0
                # It waits until it is written: closing looks there. A newer one may have come meanwhile.
                if self._waiting.get(key) is item:
                    del self._waiting[key]
        except Exception as error:  # noqa: BLE001 - the store counts it, and the next call tries again
            self._waiting.clear()
            self._failed(error)
        finally:
            self._making = None

    async def _make_table(self) -> None:
        """Create the table, wait until it is active, and switch expiry on."""
        client = await self._connect()
        async with asyncio.timeout(_CREATION):
            with contextlib.suppress(client.exceptions.ResourceInUseException):  # somebody else makes it
                await client.create_table(
                    TableName=self._name,
                    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
                    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
                    BillingMode="PAY_PER_REQUEST",
                )
            waiter = client.get_waiter("table_exists")
            await waiter.wait(TableName=self._name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
            state = await client.describe_time_to_live(TableName=self._name)
            # A second change within an hour is refused (bedrock_runtime facts §10).
            if state["TimeToLiveDescription"].get("TimeToLiveStatus", "DISABLED") == "DISABLED":
                wanted = {"Enabled": True, "AttributeName": "ttl"}
                await client.update_time_to_live(TableName=self._name, TimeToLiveSpecification=wanted)

    async def _put(self, item: Mapping[str, Any]) -> None:
        async with asyncio.timeout(_TIMEOUT):
            client = await self._connect()
            await client.put_item(TableName=self._name, Item=item)

    async def _connect(self) -> Any:
        # In a task of its own: looking for credentials may take longer than a call waits.
        if self._opening is None or (self._opening.done() and _failed(self._opening)):
            self._opening = asyncio.create_task(self._open())
            self._opening.add_done_callback(_failed)  # somebody has looked, should nobody wait any more
        await asyncio.wait({self._opening})
        return self._opening.result()

    async def _open(self) -> Any:
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - an extra, loaded on first use

        config = AioConfig(
            connect_timeout=_TIMEOUT,
            read_timeout=_TIMEOUT,
            max_pool_connections=_POOL,
            retries={"total_max_attempts": 1, "mode": "standard"},
            tcp_keepalive=True,
            warm_up_loader_caches=True,
            http_session_cls=direct_session(),
        )
        client = self._session().create_client("dynamodb", config=config, **self._settings)
        opened = await self._stack.enter_async_context(client)
        self._keeper = await closing_with_its_loop(self._stack.aclose)
        return opened


def code_of(error: Exception) -> str:
    """The service's code of an error, else the error's type."""
    reply = getattr(error, "response", None)
    details = reply.get("Error", {}) if isinstance(reply, dict) else {}
    return str(details.get("Code") or type(error).__name__)[:80]


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.cancelled() or task.exception() is not None
