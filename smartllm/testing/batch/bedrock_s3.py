"""The S3 in which Bedrock jobs find their records and leave their outputs: an emulator's, by AWS's SDK."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from smartllm.errors import ConfigError, MissingExtraError
from smartllm.hosts.called import shown_address

from .bedrock_records import SUFFIX, InputError

ACCESS_KEY: Final = "AKIASANDBOX"
SECRET_KEY: Final = "sandbox"  # noqa: S105 - it opens nothing
"""Most emulators take any keys."""
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_CHUNK: Final = 256 * 1024
_SECONDS: Final = 60
_TRIES: Final = 2


@dataclass(frozen=True, slots=True)
class S3Object:
    """An object.

    Attributes:
        bucket: Its bucket.
        key: Its key there.
        name: Its name among a job's inputs.
        size: Its bytes.
    """

    bucket: str
    key: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class S3Place:
    """Where an S3 is.

    Attributes:
        url: Its address, without keys.
        access_key: Who asks.
        secret_key: That one's secret.
    """

    url: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY

    def __repr__(self) -> str:
        return f"S3Place({self.url!r})"

    @classmethod
    def of(cls, address: str) -> Self:
        """A place by its address, ``http://127.0.0.1:4566`` or, with keys, ``http://key:secret@host:9000``.

        Raises:
            ConfigError: It is no address.
            MissingExtraError: aiobotocore is not installed.
        """
        try:
            parts = urlsplit(address)
            port = f":{parts.port}" if parts.port is not None else ""
        except ValueError:
            parts, port = urlsplit(""), ""
        if (
            parts.scheme not in {"http", "https"}
            or not parts.hostname
            or parts.path.strip("/")
            or parts.query
        ):
            raise ConfigError(
                f"s3={shown_address(address)!r} is no address of an S3",
                hint="give scheme, host and port, such as http://127.0.0.1:4566",
            )
        try:
            import aiobotocore.session  # noqa: F401, PLC0415 - an extra, looked for early
        except ImportError as error:
            raise MissingExtraError(
                f"s3 needs aiobotocore ({error})", hint='pip install "smartllm[testing,bedrock]"'
            ) from None
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        url = urlunsplit((parts.scheme, f"{host}{port}", "", "", ""))
        if parts.username is None:
            return cls(url)
        return cls(url, unquote(parts.username), unquote(parts.password or ""))

    @asynccontextmanager
    async def opened(self, region: str) -> AsyncIterator[S3]:
        """A client, until the end of the block."""
        from aiobotocore.config import AioConfig  # noqa: PLC0415 - an extra, loaded on first use

        config = AioConfig(
            s3={"addressing_style": "path"},
            proxies={} if urlsplit(self.url).hostname in _LOOPBACK else None,
            connect_timeout=_SECONDS,
            read_timeout=_SECONDS,
            retries={"total_max_attempts": _TRIES},
            # Of emulators not every one knows the newer checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        async with _session().create_client(
            "s3",
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            config=config,
        ) as client:
            yield S3(client)


@lru_cache(maxsize=1)
def _session() -> Any:
    """The SDK's, without what a user's own files and variables say of AWS."""
    from aiobotocore.session import AioSession  # noqa: PLC0415 - an extra, loaded on first use

    session = AioSession({"profile": (None, None, None, None)})
    for name in ("config_file", "credentials_file"):
        session.set_config_variable(name, os.devnull)
    return session


class S3:
    """An S3 as a job sees it.

    Args:
        client: The SDK's.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    async def inputs(self, uri: str) -> list[S3Object]:
        """The objects at an address: one, or all of a folder whose names end in ``.jsonl``.

        Raises:
            InputError: There are none, or they cannot be read.
        """
        bucket, key = split(uri)
        async with _told(f"s3://{bucket}"):
            await self._client.head_bucket(Bucket=bucket)
        found = [] if key.endswith("/") or not key else await self._listed(bucket, key)
        if one := [each for each in found if each.key == key]:
            if not key.endswith(SUFFIX):
                raise InputError(f"Input file {uri} does not end with {SUFFIX}")
            return one
        folder = f"{key.rstrip('/')}/" if key else ""
        held = await self._listed(bucket, folder)
        files = [each for each in held if each.key.endswith(SUFFIX)]
        if not files:
            raise InputError(
                f"No input files were found at {uri}: there is no object that ends with {SUFFIX}"
            )
        return files

    async def _listed(self, bucket: str, prefix: str) -> list[S3Object]:
        """The objects whose keys begin so, in the order of their keys, as S3 lists them."""
        beginning = (
            prefix if prefix.endswith("/") or not prefix else f"{prefix.rpartition('/')[0]}/".lstrip("/")
        )
        found: list[S3Object] = []
        async with _told(f"s3://{bucket}/{prefix}"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            async for page in pages:
                found += (
                    S3Object(bucket, each["Key"], each["Key"].removeprefix(beginning), each["Size"])
                    for each in page.get("Contents", ())
                )
        return found

    async def fetch(self, source: S3Object, file: BinaryIO) -> None:
        """Bring an object's bytes, a piece at a time.

        Raises:
            InputError: It cannot be read.
        """
        async with _told(f"s3://{source.bucket}/{source.key}"):
            answer = await self._client.get_object(Bucket=source.bucket, Key=source.key)
            async with answer["Body"] as body:
                while piece := await body.read(_CHUNK):
                    file.write(piece)

    async def check(self, uri: str) -> None:
        """Look whether there is the bucket of an address.

        Raises:
            InputError: There is none, or it is closed to this one.
        """
        bucket, _ = split(uri)
        async with _told(f"s3://{bucket}"):
            await self._client.head_bucket(Bucket=bucket)

    async def put(self, uri: str, path: Path) -> None:
        """Leave a file at an address.

        Raises:
            InputError: It cannot be written.
        """
        bucket, key = split(uri)
        async with _told(uri):
            with path.open("rb") as file:
                await self._client.put_object(
                    Bucket=bucket, Key=key, Body=file, ContentLength=os.fstat(file.fileno()).st_size
                )


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an address."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


@asynccontextmanager
async def _told(place: str) -> AsyncIterator[None]:
    """Trouble with S3 as the message of a job."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra, loaded by now

    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
        code = {"404": "NoSuchBucket", "403": "AccessDenied"}.get(str(told.get("Code")), told.get("Code"))
        raise InputError(f"Cannot access {place}: {code or status} ({error.operation_name})") from None
    except BotoCoreError as error:
        raise InputError(f"Cannot access {place}: {type(error).__name__}") from None
