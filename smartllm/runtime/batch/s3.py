"""Files in S3: up and down as streams, each whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from os import SEEK_END
from pathlib import Path
from typing import Any, Final, NamedTuple

from smartllm.errors import ConfigError, PermissionDeniedError, ProviderError, SmartLLMError
from smartllm.runtime.batch.aws_clients import S3, AwsClients
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
        size = file.seek(0, SEEK_END)
        file.seek(0)
        if size <= _WHOLE:

            async def sent(client: Any) -> Any:
                file.seek(0)
                return await client.put_object(**about, Body=file, ContentLength=size)

            await clients.call(S3, sent)
            return
        await _drop_parts(clients, place, owner)
        begun = await clients.call(S3, lambda client: client.create_multipart_upload(**about))
        upload = {**about, "UploadId": begun["UploadId"]}
        try:
            parts: list[dict[str, Any]] = []
            while data := await asyncio.to_thread(file.read, _PART):
                number = len(parts) + 1

                async def part(client: Any, data: bytes = data, number: int = number) -> Any:
                    return await client.upload_part(**upload, PartNumber=number, Body=data)

                done = await clients.call(S3, part)
                parts.append({"ETag": done["ETag"], "PartNumber": number})
            whole = {"Parts": parts}
            await clients.call(
                S3, lambda client: client.complete_multipart_upload(**upload, MultipartUpload=whole)
            )
        except BaseException:
            with suppress(SmartLLMError):  # what failed before is what counts; the next try drops them too
                await clients.call(S3, lambda client: client.abort_multipart_upload(**upload), once=True)
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
        more = {"ContinuationToken": body["NextContinuationToken"]}


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
    """Drop the parts that a killed upload left, which cost until somebody does."""
    asked = {"Bucket": place.bucket, "Prefix": place.key, **_owned(owner)}
    try:
        body = await clients.call(S3, lambda client: client.list_multipart_uploads(**asked))
    except PermissionDeniedError:  # who may only write files need not know of parts
        return
    for row in body.get("Uploads", ()):
        if row.get("Key") == place.key:
            left = {"Bucket": place.bucket, "Key": place.key, "UploadId": row["UploadId"], **_owned(owner)}

            async def dropped(client: Any, left: dict[str, Any] = left) -> Any:
                return await client.abort_multipart_upload(**left)

            await clients.call(S3, dropped)


def _owned(owner: str | None) -> dict[str, str]:
    """The account that the bucket must belong to, where somebody says."""
    return {} if owner is None else {"ExpectedBucketOwner": owner}
