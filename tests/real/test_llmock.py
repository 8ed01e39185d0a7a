"""An independent judge: llmock breaks OpenAI's wires on demand and grades how the client takes it."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from processes import command_of, free_port, running

from smartllm import LLMClient, TextRequest
from smartllm.errors import ProviderError, ProviderTimeoutError, StreamError

pytestmark = pytest.mark.slow
APIS = pytest.mark.parametrize("api_type", ["responses", "chat_completions"])


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # With pauses between chunks; else a stream is over for the server before the client can turn away.
    pauses = ["--stream-chunk-delay-ms", "10", "--tool-mode", "off"]
    command = [command_of("llmock"), "serve", "--host", "127.0.0.1", "--port", str(port), *pauses]
    with running(command, f"{url}/_llmock/requests", tmp_path_factory.mktemp("llmock")):
        yield url


def post(url: str, **content: Any) -> None:
    data = json.dumps(content).encode()
    request = urllib.request.Request(  # noqa: S310 - our own loopback server
        url, data=data, headers={"Content-Type": "application/json"}, method="POST"
    )
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - same


@pytest.fixture
def judge(url: str) -> Iterator[str]:
    """The server; after the test, its verdict must be without failure and without warning."""
    post(f"{url}/_llmock/reset")
    # Full jitter may draw a second wait that is shorter than the first, which the judge takes for no backoff.
    random.seed(3)
    yield url
    report = subprocess.run(
        [command_of("llmock"), "report", "--strict", "--url", url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert report.returncode == 0, report.stdout + report.stderr
    assert "PASS" in report.stdout


def breaking(url: str, *behaviors: dict[str, Any]) -> None:
    post(f"{url}/_llmock/scenario", behaviors=list(behaviors))


def client_at(url: str, **settings: Any) -> LLMClient:
    settings = {"max_retries": 3, "retry_delay": 0.2, **settings}
    return LLMClient(provider="openai", base_url=f"{url}/v1", api_key="any", **settings)


def asking(api_type: Any, prompt: str = "Tell me about Paris.") -> TextRequest[Any]:
    return TextRequest(prompt=prompt, model="gpt-5.4", api_type=api_type, use_cache=False)


async def streamed(client: LLMClient, api_type: Any) -> str:
    return "".join([chunk.text async for chunk in client.generate_text_stream(asking(api_type))])


@APIS
async def test_plain_calls(judge: str, api_type: Any) -> None:
    async with client_at(judge) as client:
        assert (await client.generate_text(asking(api_type))).text
        assert await streamed(client, api_type)


@APIS
@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 504, 529])
async def test_what_passes_is_retried_with_backoff(judge: str, api_type: Any, status: int) -> None:
    breaking(judge, {"type": "fail", "status": status, "times": 2})
    async with client_at(judge) as client:
        assert (await client.generate_text(asking(api_type))).text


@APIS
async def test_retry_after_is_waited_for(judge: str, api_type: Any) -> None:
    breaking(judge, {"type": "fail", "status": 429, "retry_after": 1, "times": 2})
    async with client_at(judge) as client:
        assert await streamed(client, api_type)


@APIS
@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_stays_wrong_is_not_retried(judge: str, api_type: Any, status: int) -> None:
    breaking(judge, {"type": "fail", "status": status, "times": 5})
    async with client_at(judge) as client:
        with pytest.raises(ProviderError) as caught:
            await client.generate_text(asking(api_type))
    assert (caught.value.status, caught.value.attempts) == (status, 1)


@APIS
async def test_an_outage_ends(judge: str, api_type: Any) -> None:
    breaking(judge, {"type": "fail", "status": 503, "times": None})
    async with client_at(judge) as client:
        with pytest.raises(ProviderError) as caught:
            await client.generate_text(asking(api_type))
    assert caught.value.attempts == 4


@APIS
@pytest.mark.parametrize("kind", ["disconnect", "truncate", "malformed"])
async def test_a_stream_that_breaks_before_its_text(judge: str, api_type: Any, kind: str) -> None:
    breaking(judge, {"type": "stream_fault", "kind": kind, "after_chunks": 0})
    async with client_at(judge) as client:
        assert await streamed(client, api_type)


@APIS
@pytest.mark.parametrize("kind", ["disconnect", "truncate", "malformed"])
async def test_a_stream_that_breaks_in_its_text(judge: str, api_type: Any, kind: str) -> None:
    # The caller has text by then, so it is the caller who asks again; the error says what there was.
    breaking(judge, {"type": "reply", "text": "Paris is large. " * 30, "times": 2})
    breaking(judge, {"type": "stream_fault", "kind": kind, "after_chunks": 6})
    async with client_at(judge) as client:
        with pytest.raises(StreamError) as caught:
            await streamed(client, api_type)
        assert caught.value.partial_text
        assert caught.value.retryable
        await asyncio.sleep(0.3)  # the judge takes only what begins after the end of the first for its retry
        assert (await streamed(client, api_type)).startswith(caught.value.partial_text)


@APIS
async def test_a_stream_that_hangs(judge: str, api_type: Any) -> None:
    breaking(judge, {"type": "stream_fault", "kind": "stall", "after_chunks": 6, "stall_seconds": 20})
    async with client_at(judge, stall_timeout=0.5) as client:
        with pytest.raises(ProviderTimeoutError) as caught:
            await streamed(client, api_type)
        assert caught.value.kind == "stall"
        assert await streamed(client, api_type)
