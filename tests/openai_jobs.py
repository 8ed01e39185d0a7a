"""Files and batches of OpenAI's engine for tests, by the SDK itself."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any

import openai
from openai.types import Batch

from smartllm.testing import LoopbackServer

OVER = {"failed", "completed", "expired", "cancelled"}
RESPONSES = "/v1/responses"


def client_of(server: LoopbackServer) -> openai.OpenAI:
    """The SDK, which tries each call once."""
    return openai.OpenAI(base_url=server.openai_base_url, api_key="any", max_retries=0)


def line(name: str, url: str = RESPONSES, **body: Any) -> dict[str, Any]:
    """A line of a file."""
    model = {"model": "gpt-5.4", "input": f"say {name}", **body}
    return {"custom_id": name, "method": "POST", "url": url, "body": model}


def jsonl(rows: Iterable[Any]) -> bytes:
    """Rows as lines."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def begun(client: openai.OpenAI, data: bytes, endpoint: Any = RESPONSES, **more: Any) -> Batch:
    """A batch that has just been created."""
    file = client.files.create(file=("requests.jsonl", data), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=endpoint, completion_window="24h", **more)


def until(client: openai.OpenAI, name: str, statuses: Iterable[str] = OVER) -> Batch:
    """A batch once it has one of these statuses."""
    for _ in range(1000):
        batch = client.batches.retrieve(name)
        if batch.status in statuses:
            return batch
        time.sleep(0.005)
    raise AssertionError(batch)


def raw(
    server: LoopbackServer, method: str, path: str, data: bytes | None = None, kind: str = "application/json"
) -> tuple[int, dict[str, Any]]:
    """What a call without the SDK is answered: its status and what it says."""
    asked = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.openai_base_url}/{path}", data, {"content-type": kind}, method=method
    )
    try:
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - same
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def rows(client: openai.OpenAI, file: str | None) -> dict[str, dict[str, Any]]:
    """The lines of a file by their ids, none of which comes twice; of none there are none."""
    if file is None:
        return {}
    found = [json.loads(each) for each in client.files.content(file).content.splitlines()]
    held = {row["custom_id"]: row for row in found}
    assert len(held) == len(found)
    return held
