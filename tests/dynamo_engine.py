"""A real DynamoDB-compatible engine, MiniStack, as a process of ours on the loopback address."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiobotocore.config import AioConfig
from processes import command_of, free_port, running
from wires import aws_session

from smartllm.runtime.cache.dynamo import DynamoStore

REGION = "us-east-1"
# The engine wants them; canaries, so that a test can look for them.
ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "aws-canary-secret-0001"


@contextmanager
def dynamo_engine(folder: Path) -> Iterator[str]:
    """The engine's address, until the end of the block."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    with running([command_of("ministack")], f"{url}/_ministack/health", folder, **settings):
        yield url


def store_at(url: str, table: str = "answers", **settings: Any) -> DynamoStore:
    """A store at an engine's address."""
    return DynamoStore(
        table, region=REGION, endpoint_url=url, access_key=ACCESS_KEY, secret_key=SECRET_KEY, **settings
    )


async def settled(store: DynamoStore) -> None:
    """Wait until a table that is being made is there, and holds what waited for it."""
    making = store._tables.get()._making
    if making is not None:
        await asyncio.wait({making}, timeout=20)


def raw_client(url: str) -> Any:
    """A context manager for the SDK's own client, to look behind the store's back."""
    return aws_session().create_client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=AioConfig(retries={"total_max_attempts": 1}),
    )
