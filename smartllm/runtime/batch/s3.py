"""Files in S3: up and down as streams, each whole or not at all."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

from smartllm.errors import ConfigError, NotFoundError, PermissionDeniedError, ProviderError, SmartLLMError
from smartllm.log import logger
from smartllm.runtime.batch.aws_clients import S3, AwsClients, field_of
from smartllm.runtime.batch.whole_file import keep, opened

_SCHEME: Final = "s3://"
_PART: Final = 16 * 1024 * 1024
# A PUT may hold 5 GB, but its failure costs all of it.
_WHOLE: Final = 64 * 1024 * 1024
_CHUNK: Final = 1024 * 1024


class Place(NamedTuple):
    """An object of S3, or the beginning of the keys of many.

    Attributes:
        bucket: The bucket.
        key: The key.
    """

    bucket: str
    key: str

    @classmethod
    def of(cls, address: Any) -> Place:
        """What an address names.

        Raises:
            ConfigError: It is no ``s3://bucket/prefix``.
        """
        text = address if isinstance(address, str) else ""
        bucket, _, key = text.removeprefix(_SCHEME).partition("/")
        if not text.startswith(_SCHEME) or not bucket or set(bucket) - _IN_BUCKETS:
            raise ConfigError(
                f"s3: {address!r} is no address of S3",
                hint="say where the files go: --s3 s3://BUCKET/PREFIX",
            )
        return cls(bucket, key.strip("/"))

    def below(self, *names: str) -> Place:
        """What lies below."""
        return Place(self.bucket, "/".join([*([self.key] if self.key else []), *names]))

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}"


_IN_BUCKETS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-ABCDEFGHIJKLMNOPQRSTUVWXYZ_")


async def put(clients: AwsClients, place: Place, path: Path, owner: str | None) -> None:
    """Bring a file up; in parts if it is large.

    Raises:
        ProviderError: S3 refuses, or cannot be reached.
        ConfigError: The file cannot be read.
    """
    about = {"Bucket": place.bucket, "Key": place.key, **_owned(owner)}
    with await asyncio.to_thread(opened, path) as file:
        if os.fstat(file.fileno()).st_size > _WHOLE:
            await _drop_parts(clients, place, owner)
            await _put_parts(clients, about, file)
            return

    async def sent(client: Any) -> Any:
        # Opened anew each time: the HTTP library closes what it has sent.
        with await asyncio.to_thread(opened, path) as whole:
            size = os.fstat(whole.fileno()).st_size
            return await client.put_object(**about, Body=whole, ContentLength=size)

    await clients.call(S3, sent)


async def _put_parts(clients: AwsClients, about: Mapping[str, Any], file: IO[bytes]) -> None:
    begun = await clients.call(S3, lambda client: client.create_multipart_upload(**about))
    upload = {**about, "UploadId": field_of(begun, "UploadId")}
    try:
        parts: list[dict[str, Any]] = []
        while data := await asyncio.to_thread(file.read, _PART):
            number = len(parts) + 1

            async def part(client: Any, data: bytes = data, number: int = number) -> Any:
                return await client.upload_part(**upload, PartNumber=number, Body=data)

            done = await clients.call(S3, part)
            parts.append({"ETag": field_of(done, "ETag"), "PartNumber": number})
        whole = {"Parts": parts}
        await clients.call(
            S3, lambda client: client.complete_multipart_upload(**upload, MultipartUpload=whole)
        )
    except BaseException:
        try:
            await clients.call(S3, lambda client: client.abort_multipart_upload(**upload), once=True)
        except SmartLLMError as error:
            # What went wrong first is told; the next try drops the parts.
            logger.warning("parts of s3://%s/%s are left: %s", about["Bucket"], about["Key"], error.message)
        raise


async def listed(clients: AwsClients, place: Place, owner: str | None) -> list[Place]:
    """The objects below a place."""
    found: list[Place] = []
    more: dict[str, Any] = {}
    while True:
        asked = {"Bucket": place.bucket, "Prefix": f"{place.key}/", **_owned(owner), **more}

        async def page(client: Any, asked: dict[str, Any] = asked) -> Any:
            return await client.list_objects_v2(**asked)

        body = await clients.call(S3, page)
        found += [Place(place.bucket, row["Key"]) for row in body.get("Contents", ())]
        if not body.get("IsTruncated"):
            return found
        more = {"ContinuationToken": field_of(body, "NextContinuationToken")}


async def get(clients: AwsClients, place: Place, path: Path, owner: str | None) -> None:
    """Bring an object down.

    Raises:
        ProviderError: It cannot be had, or broke off.
        ConfigError: The file cannot be written.
    """

    async def fetched(client: Any) -> None:
        reply = await client.get_object(Bucket=place.bucket, Key=place.key, **_owned(owner))
        await keep(path, _whole(reply, place))

    await clients.call(S3, fetched)


async def _whole(reply: Any, place: Place) -> AsyncIterator[bytes]:
    """The parts of an object.

    Raises:
        ProviderError: (of the part) it broke off.
    """
    left = reply["ContentLength"]
    async with reply["Body"]:
        async for part in reply["Body"].iter_chunks(_CHUNK):
            left -= len(part)
            yield part
    if left:
        raise ProviderError(f"{place} broke off {left:,} bytes before its end", model="", retryable=True)


async def _drop_parts(clients: AwsClients, place: Place, owner: str | None) -> None:
    """Drop the parts that killed uploads left, which cost until somebody does."""
    more: dict[str, Any] = {}
    try:
        while True:
            asked = {"Bucket": place.bucket, "Prefix": place.key, **_owned(owner), **more}

            async def page(client: Any, asked: dict[str, Any] = asked) -> Any:
                return await client.list_multipart_uploads(**asked)

            body = await clients.call(S3, page)
            for row in body.get("Uploads", ()):
                if row.get("Key") == place.key:
                    await _drop(clients, place, field_of(row, "UploadId"), owner)
            if not body.get("IsTruncated"):
                return
            more = {
                "KeyMarker": field_of(body, "NextKeyMarker"),
                "UploadIdMarker": body.get("NextUploadIdMarker") or "",
            }
    except PermissionDeniedError as error:
        # Who may write a file need not be allowed to look for what earlier tries left.
        logger.warning("parts that were left of %s stay: %s (%s)", place, error.message, error.hint)


async def _drop(clients: AwsClients, place: Place, upload: str, owner: str | None) -> None:
    left = {"Bucket": place.bucket, "Key": place.key, "UploadId": upload, **_owned(owner)}
    try:
        await clients.call(S3, lambda client: client.abort_multipart_upload(**left))
    except NotFoundError:
        return  # somebody else dropped it


def _owned(owner: str | None) -> dict[str, str]:
    """The account that the bucket must belong to, where somebody says."""
    return {} if owner is None else {"ExpectedBucketOwner": owner}
