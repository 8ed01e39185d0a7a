"""The shared level of the cache: one DynamoDB item an entry, compressed, with an expiry date."""

from __future__ import annotations

import asyncio
import math
import time
import zlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final, TypeVar

from smartllm.errors import MissingExtraError
from smartllm.log import logger
from smartllm.runtime.cache.dynamo_table import FAILURES, Table, TableMissingError, code_of
from smartllm.runtime.cache.files import (
    FORMAT,
    FORMATS,
    SecretError,
    Secrets,
    decoded,
    encoded,
    format_of,
    told,
)
from smartllm.runtime.control.owner import PerOwner

_T = TypeVar("_T")

_DAY: Final = 24 * 60 * 60
_LATEST: Final = 253_402_300_799
"""End of the year 9999, in seconds since 1970: the date of entries that shall stay for ever."""
_PAUSE: Final = 30.0
_GZIP: Final = 31
# DynamoDB counts names, key and numbers too (bedrock_runtime facts §10).
_LARGEST_ITEM: Final = 400 * 1024 - 256
_LARGEST_ENTRY: Final = 8 * 1024 * 1024


class DynamoStore:
    """A table of entries, made when missing. Trouble with it is a miss with one warning, never an error.

    A read and a write wait at most half a second each; after three failures in a row the table is left alone
    for 30 seconds. Calls under way together that fail are one failure: a moment of trouble meets all of them.
    While the table is being made, reads are misses, and writes wait for it in the background.
    Each event loop of each process has connections of its own.

    Args:
        table_name: Name of the table.
        region: AWS region.
        ttl_days: Days until an entry expires.
        endpoint_url: Another endpoint than AWS's.
        access_key: With ``secret_key``; None uses the default credential chain.
        secret_key: See above.
        session_token: For temporary credentials.
        secrets: Credentials, or what tells those that are known by then; an entry that holds one is not
            written.
        session: Makes aiobotocore's session; None takes one of the environment's.
        clock: Seconds since the epoch, for expiry.
        timer: Seconds that never go back, for the pause after failures.

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
        secrets: Secrets = (),
        session: Callable[[], Any] | None = None,
        clock: Callable[[], float] = time.time,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            import aiobotocore.session  # noqa: PLC0415 - an extra, loaded on first use
        except ImportError as error:
            raise MissingExtraError(
                f"dynamo_table_name needs aiobotocore ({error})", hint='pip install "smartllm[bedrock]"'
            ) from None
        settings = {
            "region_name": region,
            "endpoint_url": endpoint_url,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
            "aws_session_token": session_token,
        }
        self.table_name, self._ttl = table_name, ttl_days * _DAY
        self._clock, self._timer = clock, timer
        self._secrets = told(secrets)
        opened = session or aiobotocore.session.get_session
        self._tables = PerOwner(lambda: Table(table_name, settings, self._failed, opened))
        self._warned: set[str] = set()
        self._failures = 0
        self._failed_at = -math.inf
        self._resume_at = 0.0

    async def get(self, key: str) -> dict[str, Any] | None:
        """The entry under a key, or None."""
        item = await self._guarded(lambda table: table.read(key))
        if not item:
            return None
        try:
            if float(item["ttl"]["N"]) <= self._clock():
                return None  # AWS removes expired items within days (bedrock_runtime facts §10)
            entry: dict[str, Any] = await asyncio.to_thread(_unpacked, item["data"]["B"])
            found = format_of(entry, key)
            if found == FORMAT:
                return entry
            if found not in FORMATS:
                self._trouble("an entry is foreign or of another version")
        except Exception:  # noqa: BLE001 - an item may be anything
            self._trouble("an entry is damaged or too large")
        return None

    async def put(self, key: str, entry: Mapping[str, Any]) -> bool:
        """Keep an entry; False when it is too large for an item."""
        if self._paused():
            return True
        try:
            data = await asyncio.to_thread(_packed, entry, self._secrets())
            expires = int(min(self._clock() + self._ttl, _LATEST))
        except SecretError:
            self._trouble("an answer that holds a credential is not kept")
            return True
        except Exception as error:  # noqa: BLE001 - no trouble of the cache may fail a call
            self._trouble(f"an answer has no JSON form ({type(error).__name__})")
            return True
        if len(data) > _LARGEST_ITEM:
            self._trouble("an entry is larger than the 400 KB that an item may hold, and was not stored")
            return False
        item = {
            "pk": {"S": key},
            "data": {"B": data},
            "ttl": {"N": str(expires)},
            "format": {"N": str(FORMAT)},
        }
        await self._guarded(lambda table: table.write(item))
        return True

    async def delete(self, key: str) -> None:
        """Forget an entry."""
        await self._guarded(lambda table: table.remove(key))

    async def aclose(self) -> None:
        """Close the running loop's connections; writes that wait for the table get two more seconds."""
        table = self._tables.drop()
        if table is not None:
            await table.aclose()

    async def _guarded(self, call: Callable[[Table], Awaitable[_T]]) -> _T | None:
        """The result of a call; None, with one warning a kind of trouble, when it fails or is not made."""
        if self._paused():
            return None
        begun = self._timer()
        try:
            result = await call(self._tables.get())
        except TableMissingError:
            return None
        except Exception as error:  # noqa: BLE001 - no trouble of the cache may fail a call
            self._failed(error, begun)
        else:
            self._failures = 0
            return result
        return None

    def _paused(self) -> bool:
        return self._failures >= FAILURES and self._timer() < self._resume_at

    def _failed(self, error: Exception, begun: float = math.inf) -> None:
        if begun >= self._failed_at:  # else one moment of trouble met it and another
            self._failures += 1
            self._failed_at = self._timer()
            if self._failures >= FAILURES:
                self._resume_at = self._failed_at + _PAUSE
        self._trouble(f"the table cannot be used ({code_of(error)})")

    def _trouble(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            logger.warning("response cache in DynamoDB (%s): %s; calls go on", self.table_name, text)


def _packed(entry: Mapping[str, Any], secrets: Collection[str]) -> bytes:
    packer = zlib.compressobj(wbits=_GZIP)
    return packer.compress(encoded(entry, secrets=secrets, compact=True)) + packer.flush()


def _unpacked(data: bytes) -> Any:
    unpacker = zlib.decompressobj(wbits=_GZIP)
    text = unpacker.decompress(data, _LARGEST_ENTRY)
    if not unpacker.eof:
        raise ValueError("cut, or larger than an entry may be")
    return decoded(text)
