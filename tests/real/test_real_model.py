"""A real model answers, on all four wires: llama.cpp serves it, MiniStack puts it behind the Bedrock wire."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from model_process import served
from processes import command_of, free_port, read, running
from pydantic import BaseModel

from smartllm import LLMClient, Message, MessageRequest, StreamChunk, TextRequest, TextResponse

pytestmark = pytest.mark.slow

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
PROMPT = "What is the capital of France? Answer in one short sentence."


@pytest.fixture(scope="session")
def model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real model."""
    with served(tmp_path_factory.mktemp("model")) as url:
        yield url


@pytest.fixture(scope="session")
def bedrock_url(model_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of MiniStack in front of the real model."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_BEDROCK_PROXY_URL": model_url,
        "MINISTACK_BEDROCK_PROXY_TIMEOUT_SECONDS": "120",
    }
    folder = tmp_path_factory.mktemp("ministack")
    with running([command_of("ministack")], f"{url}/_ministack/health", folder, **settings):
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
        ({"api_type": "responses"}, {"completed", "incomplete"}),
        ({}, {"stop", "length"}),
    ],
    ids=["responses", "chat_completions"],
)
async def test_the_model_answers_on_openais_wires(
    model_url: str, fields: Mapping[str, Any], stops: set[str]
) -> None:
    before = generated(model_url)
    async with openai_client(model_url) as client:
        response = await client.generate_text(
            TextRequest(prompt=PROMPT, model="smollm2", max_tokens=40, **fields)
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
    # MiniStack answers from a mock, without a word, when it does not reach the model. What it counts is the
    # model's on Converse alone: it counts characters on InvokeModel, and no word is less than one token.
    least = response.output_tokens if api_type == "converse" else len(response.text.split())
    assert generated(model_url) - before >= least - 1


class Capital(BaseModel):
    country: str
    city: str


async def test_a_schema_binds_the_model(model_url: str) -> None:
    request = TextRequest(prompt=PROMPT, model="smollm2", max_tokens=60, response_format=Capital)
    async with openai_client(model_url) as client:
        response = await client.generate_text(request)
    assert isinstance(response.structured_data, Capital)
    assert [item.code for item in response.diagnostics] == ["model-inferred", "schema-changed"]


async def test_the_model_reads_the_whole_conversation(model_url: str) -> None:
    turns = [
        Message("user", "My name is Ada."),
        Message("assistant", "Hello Ada!"),
        Message("user", "What is my name?"),
    ]
    async with openai_client(model_url) as client:
        response = await client.send_message(
            MessageRequest(messages=turns, model="smollm2", max_tokens=40, api_type="chat_completions")
        )
    assert response.text.strip()
    assert response.input_tokens > 30


def check_stream(chunks: list[StreamChunk], stops: set[str]) -> None:
    assert len(chunks) > 4, "the model speaks token by token"
    assert "".join(chunk.text for chunk in chunks).strip()
    assert "ministack" not in "".join(chunk.text for chunk in chunks).lower()
    last = chunks[-1]
    assert last.stop_reason in stops
    assert last.usage is not None
    assert last.usage.input_tokens > 5
    assert 0 < last.usage.output_tokens <= 40


@pytest.mark.parametrize(
    ("fields", "stops"),
    [
        ({"api_type": "responses"}, {"completed", "incomplete"}),
        ({}, {"stop", "length"}),
    ],
    ids=["responses", "chat_completions"],
)
async def test_the_model_streams_on_openais_wires(
    model_url: str, fields: Mapping[str, Any], stops: set[str]
) -> None:
    request = TextRequest(prompt=PROMPT, model="smollm2", max_tokens=40, **fields)
    async with openai_client(model_url) as client:
        chunks = [chunk async for chunk in client.generate_text_stream(request)]
        whole = await client.generate_text(request)
    check_stream(chunks, stops)
    assert "".join(chunk.text for chunk in chunks) == whole.text


@pytest.mark.parametrize("api_type", ["invoke", "converse"])
async def test_the_model_streams_on_bedrocks_wires(api_type: Any, bedrock_url: str, model_url: str) -> None:
    before = generated(model_url)
    request = TextRequest(prompt=PROMPT, model=CLAUDE, max_tokens=40, api_type=api_type, use_cache=False)
    async with bedrock_client(bedrock_url) as client:
        chunks = [chunk async for chunk in client.generate_text_stream(request)]
        streamed = await client.generate_text_streamed(request)
    assert "".join(chunk.text for chunk in chunks).strip()
    check(streamed, PROMPT, {"end_turn", "max_tokens"})
    assert chunks[-1].stop_reason in {"end_turn", "max_tokens"}
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.output_tokens > 0
    assert generated(model_url) > before


async def test_a_stream_that_is_left_stops_the_model(model_url: str) -> None:
    request = TextRequest(
        prompt="Count to a thousand in words.",
        model="smollm2",
        max_tokens=2000,
        api_type="chat_completions",
    )
    before = generated(model_url)
    async with openai_client(model_url) as client:
        async for _ in client.generate_text_stream(request):
            break
        await asyncio.sleep(1)
        first = generated(model_url)
        await asyncio.sleep(0.5)
        assert generated(model_url) == first, "the model goes on although nobody listens"
    assert first - before < 1000
