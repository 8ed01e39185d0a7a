"""The client for synchronous code: the same answers, from any number of threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from wires import INVOKE, RESPONSES, WIRES, Wire, share_service_models

from smartllm import SmartLLMError
from smartllm.errors import ConfigError, ProviderError
from smartllm.sync import LLMClient
from smartllm.testing import LoopbackServer, Reply

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    share_service_models(monkeypatch)
    with LoopbackServer() as server:
        yield server


def client_at(wire: Wire, server: LoopbackServer, **settings: Any) -> LLMClient:
    keys: dict[str, Any] = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "s"}
    if wire.provider == "openai":
        return LLMClient(base_url=server.openai_base_url, api_key="any", **settings)
    return LLMClient(provider="bedrock", endpoint_url=server.url, **keys, **settings)


@each_wire
def test_answers_conversations_and_streams(wire: Wire, server: LoopbackServer) -> None:
    with client_at(wire, server) as client:
        assert client.generate_text(wire.request("hi")).text == "echo: hi"
        assert client.send_message(wire.conversation(("user", "you"))).text == "echo: you"
        assert (
            "".join(chunk.text for chunk in client.generate_text_stream(wire.request("a b"))) == "echo: a b"
        )
        stream = client.send_message_stream(wire.conversation(("user", "c")))
        assert [chunk.text for chunk in stream][-1] == ""
        assert client.list_available_model_ids() == [row["id"] for row in client.list_available_models()]
        assert client.compile(wire.request("hi")).model == wire.model
        assert client.provider == wire.provider
        assert client.config.max_retries == 3


def test_streamed_calls_put_together(server: LoopbackServer) -> None:
    with client_at(INVOKE, server) as client:
        assert client.generate_text_streamed(INVOKE.request("hi")).text == "echo: hi"


def test_errors_are_the_same(server: LoopbackServer) -> None:
    server.script(*[Reply(status=400, error_message="no")] * 2)
    client = client_at(RESPONSES, server)
    with pytest.raises(ProviderError, match="no"):
        client.generate_text(RESPONSES.request())
    with pytest.raises(ProviderError, match="no"):
        list(client.generate_text_stream(RESPONSES.request()))
    client.close()
    with pytest.raises(ConfigError, match="closed"):
        client.generate_text(RESPONSES.request())


def test_threads_share_one_client_and_identical_calls(server: LoopbackServer) -> None:
    server.script(Reply(text="same", delay=0.2))
    with client_at(RESPONSES, server) as client, ThreadPoolExecutor(20) as pool:
        request = RESPONSES.request("same", use_cache=True)
        assert {answer.text for answer in pool.map(client.generate_text, [request] * 20)} == {"same"}
        assert len(server.requests) == 1
        prompts = [str(number) for number in range(40)]
        answers = pool.map(lambda prompt: client.generate_text(RESPONSES.request(prompt)).text, prompts)
        assert list(answers) == [f"echo: {prompt}" for prompt in prompts]


def test_a_stream_that_is_left_is_closed(server: LoopbackServer) -> None:
    server.script(Reply(stall_after=6, stall_seconds=20))
    with client_at(RESPONSES, server) as client:
        for chunk in client.generate_text_stream(RESPONSES.request("a b c d e f")):
            assert chunk.text
            break
        deadline = time.monotonic() + 2
        while not server.requests[0].disconnected:
            assert time.monotonic() < deadline
            time.sleep(0.01)


async def test_it_works_where_a_loop_runs_already(server: LoopbackServer) -> None:
    with client_at(RESPONSES, server) as client:
        assert client.generate_text(RESPONSES.request("hi")).text == "echo: hi"


def test_a_call_from_a_callback_does_not_hang(
    server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    with client_at(RESPONSES, server) as client:
        seen: list[str] = []

        def callback(_: dict[str, Any]) -> None:
            try:
                client.generate_text(RESPONSES.request("inner"))
            except SmartLLMError as error:
                seen.append(error.message)

        client.generate_text(RESPONSES.request("outer", on_progress=callback))
    assert "its own event loop" in seen[0]


def test_one_thread_for_all_clients(server: LoopbackServer) -> None:
    for _ in range(3):
        with client_at(RESPONSES, server) as client:
            client.generate_text(RESPONSES.request())
    assert [thread.name for thread in threading.enumerate()].count("smartllm-sync") == 1


SCRIPT = """
import os, sys
from smartllm import TextRequest
from smartllm.sync import LLMClient
with LLMClient(provider="openai") as client:
    print(client.generate_text(TextRequest(prompt="parent", use_cache=False)).text, flush=True)
if os.fork() == 0:
    with LLMClient(provider="openai") as client:
        print(client.generate_text(TextRequest(prompt="child", use_cache=False)).text, flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_script_and_its_forked_child(server: LoopbackServer) -> None:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore::DeprecationWarning", "-c", SCRIPT],
        env={**os.environ, "OPENAI_API_KEY": "x", "OPENAI_BASE_URL": server.openai_base_url},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (result.stdout, result.stderr) == ("echo: parent\necho: child\n", "")
