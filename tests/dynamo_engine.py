"""A real DynamoDB-compatible engine, MiniStack, as a process of ours on the loopback address."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiobotocore.session
import pytest
from aiobotocore.config import AioConfig

from smartllm.runtime.cache_dynamo import DynamoStore

REGION = "us-east-1"
# The engine wants them; canaries, so that a test can look for them.
ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "aws-canary-secret-0001"
_START_SECONDS = 60


def find_engine() -> str:
    """MiniStack's command; it pins another botocore than ours, so it lives in a venv inside ours."""
    inside = str(Path(sys.prefix) / "ministack" / "bin")
    found = shutil.which("ministack") or shutil.which("ministack", path=inside)
    if found is None:
        reason = (
            "ministack is not installed: python -m venv .venv/ministack && "
            ".venv/ministack/bin/pip install ministack"
        )
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def dynamo_engine(folder: Path) -> Iterator[str]:
    """The engine's address, until the end of the block."""
    command = find_engine()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    inherited = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    settings = {"HOME": str(folder), "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    log = folder / "ministack.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [command], cwd=folder, env={**inherited, **settings}, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _serves(f"{url}/_ministack/health"):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command} does not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def store_at(url: str, table: str = "answers", **settings: Any) -> DynamoStore:
    """A store at an engine's address."""
    return DynamoStore(
        table, region=REGION, endpoint_url=url, access_key=ACCESS_KEY, secret_key=SECRET_KEY, **settings
    )


def raw_client(url: str) -> Any:
    """A context manager for the SDK's own client, to look behind the store's back."""
    return aiobotocore.session.get_session().create_client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        config=AioConfig(retries={"total_max_attempts": 1}),
    )


def _serves(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own loopback server
            return True
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
