"""Jobs of Bedrock's batch engine for tests: what they are asked with, their records, and an S3 in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from aiobotocore.config import AioConfig
from botocore.exceptions import ClientError
from wires import aws_session

from smartllm.testing import LoopbackServer
from smartllm.testing.batch.bedrock_records import InputError
from smartllm.testing.batch.bedrock_s3 import S3Object, split

ROLE = "arn:aws:iam::123456789012:role/batch"
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SOURCE, TARGET = "s3://the-bucket/in/requests.jsonl", "s3://the-bucket/out/"
OVER = {"Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired"}


def asked(**fields: Any) -> dict[str, Any]:
    """The fields of a call that creates a job."""
    source, target = fields.pop("source", SOURCE), fields.pop("target", TARGET)
    return {
        "jobName": "a-job",
        "roleArn": ROLE,
        "modelId": HAIKU,
        "modelInvocationType": "Converse",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": source, "s3InputFormat": "JSONL"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": target}},
        **fields,
    }


def converse(text: str) -> dict[str, Any]:
    """A body of Converse."""
    return {"messages": [{"role": "user", "content": [{"text": text}]}]}


def claude(text: str) -> dict[str, Any]:
    """A body of InvokeModel for Claude."""
    turns = [{"role": "user", "content": text}]
    return {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": turns}


def records(count: int, body: Any = converse, begin: int = 0) -> bytes:
    """A file of so many records, ``r000000`` and on."""
    numbers = range(begin, begin + count)
    return jsonl({"recordId": f"r{number:06}", "modelInput": body(f"hi {number}")} for number in numbers)


def jsonl(items: Iterable[Any]) -> bytes:
    """Items as lines."""
    return "".join(json.dumps(item) + "\n" for item in items).encode()


def lines(data: bytes) -> dict[str, dict[str, Any]]:
    """The lines of an output by their ids; none comes twice."""
    found = [json.loads(line) for line in data.split(b"\n") if line]
    held = {line["recordId"]: line for line in found}
    assert len(held) == len(found)
    return held


def client_of(server: LoopbackServer, region: str = "us-east-1") -> Any:
    """AWS's own client, which tries each call once."""
    return aws_session().create_client(
        "bedrock",
        region_name=region,
        endpoint_url=server.url,
        aws_access_key_id="AKIASANDBOX",
        aws_secret_access_key="sandbox",
        config=AioConfig(retries={"total_max_attempts": 1}),
    )


async def until(client: Any, job: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """A job once something holds of it; longer than five seconds is a fault."""
    for _ in range(500):
        found: dict[str, Any] = await client.get_model_invocation_job(jobIdentifier=job)
        if holds(found):
            return found
        await asyncio.sleep(0.01)
    pytest.fail(f"the job is {found}")


async def ended(client: Any, job: str) -> dict[str, Any]:
    """A job once it is over."""
    return await until(client, job, lambda found: found["status"] in OVER)


async def refused(call: Any) -> tuple[str, str, int]:
    """Code, message and status of the error of a call."""
    with pytest.raises(ClientError) as caught:
        await call
    told: Any = caught.value.response
    return told["Error"]["Code"], told["Error"]["Message"], told["ResponseMetadata"]["HTTPStatusCode"]


class MemoryPlace:
    """An S3 in memory; ``objects`` are by address, a bucket is there once something is in it."""

    def __init__(self, **files: bytes) -> None:
        self.objects = {f"s3://the-bucket/in/{name}.jsonl": data for name, data in files.items()}
        self.puts = 0

    @asynccontextmanager
    async def opened(self, region: str) -> AsyncIterator[MemoryPlace]:
        """As the real one."""
        assert region
        yield self

    async def inputs(self, uri: str) -> list[S3Object]:
        """As the real one."""
        await self.check(uri)
        names = [name for name in sorted(self.objects) if name.startswith(uri) and name.endswith(".jsonl")]
        return [S3Object(*split(name), name.rpartition("/")[2], len(self.objects[name])) for name in names]

    async def fetch(self, source: S3Object, file: BinaryIO) -> None:
        """As the real one."""
        file.write(self.objects[f"s3://{source.bucket}/{source.key}"])

    async def check(self, uri: str) -> None:
        """As the real one."""
        await asyncio.sleep(0)
        if not any(name.startswith(f"s3://{split(uri)[0]}/") for name in self.objects):
            raise InputError(f"Cannot access s3://{split(uri)[0]}: NoSuchBucket (HeadBucket)")

    async def put(self, uri: str, path: Path) -> None:
        """As the real one."""
        self.puts += 1
        self.objects[uri] = await asyncio.to_thread(path.read_bytes)
