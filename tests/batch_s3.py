"""An S3 in memory for the service of Bedrock's engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self

from batch_service import aws_settings
from bedrock_jobs import MemoryPlace

from smartllm.runtime.batch.aws_clients import S3, AwsClients
from smartllm.testing import LoopbackServer


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def iter_chunks(self, size: int) -> AsyncIterator[bytes]:
        for begin in range(0, len(self._data), size):
            yield self._data[begin : begin + size]


class MemoryS3:
    """What aiobotocore's client of S3 does, as far as services ask it."""

    def __init__(self, place: MemoryPlace) -> None:
        self.place = place
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.short = 0

    async def put_object(self, **asked: Any) -> dict[str, Any]:
        data = asked.pop("Body").read()
        assert len(data) == asked["ContentLength"]
        self.asked.append(("put_object", asked))
        self.place.objects[f"s3://{asked['Bucket']}/{asked['Key']}"] = data
        return {}

    async def list_objects_v2(self, **asked: Any) -> dict[str, Any]:
        """One at a time, so that there are pages."""
        self.asked.append(("list_objects_v2", asked))
        begin = f"s3://{asked['Bucket']}/"
        keys = sorted(name.removeprefix(begin) for name in self.place.objects if name.startswith(begin))
        keys = [key for key in keys if key.startswith(asked["Prefix"])]
        at = int(asked.get("ContinuationToken", 0))
        shown = [{"Key": key} for key in keys[at : at + 1]]
        return {"IsTruncated": at + 1 < len(keys), "NextContinuationToken": str(at + 1), "Contents": shown}

    async def get_object(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(("get_object", asked))
        data = self.place.objects[f"s3://{asked['Bucket']}/{asked['Key']}"]
        if self.short:
            self.short -= 1
            return {"ContentLength": len(data), "Body": _Body(data[:-7])}
        return {"ContentLength": len(data), "Body": _Body(data)}


class MemoryClients(AwsClients):
    """Clients of which that of S3 works in memory."""

    def __init__(self, server: LoopbackServer, store: MemoryS3, **given: Any) -> None:
        super().__init__(aws_settings(server, **given), sleep=_at_once)
        self.store = store

    async def _client(self, service: str) -> Any:
        return self.store if service == S3 else await super()._client(service)


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)
