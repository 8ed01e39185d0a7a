"""What holds for every error and every client, wherever in a call it comes up."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from warm import COMMAND_LINE, Warm
from wires import CHAT, GPT, INVOKE, RESPONSES

from smartllm import LLMClient, LLMConfig, TextRequest, sync
from smartllm.errors import ConfigError, ProviderError, RateLimitError, RefusalError, ResponseError
from smartllm.runtime.control.retry import is_throttled
from smartllm.testing import LoopbackServer, Reply

CANARY = "sk-canary-000001"


class Person(BaseModel):
    name: str


# X1: no secret, whichever part of the call makes the error


async def test_an_error_about_structured_data_shows_no_secret(server: LoopbackServer) -> None:
    server.script(Reply(text=f"your key is {CANARY}"))
    async with CHAT.client(server.url, api_key=CANARY) as client:
        with pytest.raises(ResponseError) as caught:
            await client.generate_text(CHAT.request(response_format=Person))
    assert "your key is [secret]" in caught.value.message
    server.script(Reply(refusal=f"I know your key {CANARY}"))
    async with RESPONSES.client(server.url, api_key=CANARY) as client:
        with pytest.raises(RefusalError) as refused:
            await client.generate_text(RESPONSES.request(response_format=Person))
    assert refused.value.refusal == "I know your key [secret]"


async def test_such_an_error_counts_all_attempts(server: LoopbackServer) -> None:
    server.script(Reply(status=429), Reply(text="no JSON"))
    async with CHAT.client(server.url, max_retries=2) as client:
        with pytest.raises(ResponseError) as caught:
            await client.generate_text(CHAT.request(response_format=Person))
    assert caught.value.attempts == 2


async def test_a_refused_key_says_where_it_comes_from(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script(*[Reply(status=403, error_code="UnrecognizedClientException")] * 2)
    async with INVOKE.client(server.url) as client:
        with pytest.raises(ProviderError) as caught:
            await client.generate_text(INVOKE.request())
    assert "aws_access_key_id" in caught.value.hint
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "token-000001")
    async with LLMClient(provider="bedrock", endpoint_url=server.url, max_retries=0) as client:
        with pytest.raises(ProviderError) as caught:
            await client.generate_text(INVOKE.request())
    assert "AWS_BEARER_TOKEN_BEDROCK" in caught.value.hint


@pytest.mark.parametrize("code", ["rateLimitExceeded", "throttlingException", "TOO_MANY_REQUESTS"])
def test_one_place_knows_what_throttling_is(code: str) -> None:
    assert is_throttled(ProviderError("no", model="m", code=code))
    assert is_throttled(RateLimitError("no", model="m", status=429))
    assert not is_throttled(ProviderError("no", model="m", status=500, code="oops"))


# O2, O6: whose a client is


@pytest.mark.parametrize("kind", [LLMClient, sync.LLMClient], ids=["async", "sync"])
def test_a_client_says_why_it_cannot_be_pickled(kind: Any) -> None:
    client = kind(provider="openai", api_key="any")
    with pytest.raises(ConfigError, match="a client cannot be pickled: its connections belong to this"):
        pickle.dumps(client)
    config = LLMConfig(provider="openai", api_key="any")
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own


async def test_a_client_that_holds_itself_is_silent_when_it_is_collected(server: LoopbackServer) -> None:
    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    for _ in range(3):
        client: Any = RESPONSES.client(server.url)
        await client.generate_text(RESPONSES.request())
        client.held = client
        del client
        gc.collect()
        await asyncio.sleep(0.01)
    assert said == []


async def test_the_credentials_of_a_file_are_those_of_the_clients_making(
    server: LoopbackServer, clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = []
    for name in ("FIRST", "SECOND"):
        file = clean_environment / name
        file.write_text(f"[default]\naws_access_key_id = AKID{name}\naws_secret_access_key = secret-{name}\n")
        files.append(str(file))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", files[0])
    async with LLMClient(provider="bedrock", endpoint_url=server.url, max_retries=0) as client:
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", files[1])
        server.script(Reply(status=400, error_message="secret-FIRST"))
        with pytest.raises(ProviderError) as caught:
            await client.generate_text(INVOKE.request())
    assert "Credential=AKIDFIRST/" in server.requests[0].headers["authorization"]
    assert "secret-FIRST" not in str(caught.value), "a secret of a file is one too"


def test_a_misspelt_habit_is_understood() -> None:
    with pytest.raises(ConfigError, match=r"modle: there is no such setting; did you mean default_model"):
        LLMClient(provider="openai", api_key="any", modle=GPT)  # type: ignore[call-arg]


def test_an_entry_cannot_command_the_terminal(
    server: LoopbackServer, clean_environment: Path, warm: Warm
) -> None:
    server.script(Reply(text="red \x9b31m \x7f"))
    folder = clean_environment / "kept"
    with sync.LLMClient(provider="openai", base_url=server.openai_base_url, cache_dir=folder) as client:
        key = client.generate_text(TextRequest(prompt="hi", model=GPT)).cache_key
    command = ("cache", "--dir", str(folder), "show", str(key))
    done = warm.at_terminal(COMMAND_LINE, *command, environment=os.environ, folder=folder)
    assert done.returncode == 0, done.stdout
    assert b"\\x9b31m" in done.stdout
    assert "\x9b".encode() not in done.stdout
    assert b"\x7f" not in done.stdout
