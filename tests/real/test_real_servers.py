"""The real llama.cpp server, named: what its rules say that it takes, it takes, and it has effect."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_process import served

from smartllm import LLMClient, Message, MessageRequest, TextRequest, TextResponse

pytestmark = pytest.mark.slow

TEMPLATE = Path(__file__).with_name("thinking_template.jinja")
WIRES = ["chat_completions", "responses"]


@pytest.fixture(scope="module")
def thinking_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real model with a chat template that tells whether to think, and how much."""
    with served(tmp_path_factory.mktemp("thinking"), "--template", str(TEMPLATE)) as url:
        yield url


def client_at(url: str, compatible: str | bool = "llama-cpp") -> LLMClient:
    return LLMClient(
        provider="openai", base_url=f"{url}/v1", api_key="none", max_retries=0, compatible=compatible
    )


def asking(**fields: Any) -> TextRequest[Any]:
    given: dict[str, Any] = {
        "prompt": "Tell me a short story.",
        "model": "some-model",
        "max_tokens": 12,
        "use_cache": False,
    }
    return TextRequest(**given | fields)


def said(response: TextResponse[Any]) -> str:
    return f"{response.metadata.get('thinking', '')}{response.text}"


async def test_every_parameter_is_taken_and_top_k_binds(thinking_url: str) -> None:
    every = {"temperature": 2.0, "top_p": 1.0, "stop_sequences": ["."], "reasoning_effort": "none"}
    async with client_at(thinking_url) as client:
        bound = [await client.generate_text(asking(top_k=1, seed=seed, **every)) for seed in (1, 2, 3)]
        free = [await client.generate_text(asking(seed=seed, **every)) for seed in (1, 2, 3)]
    assert len({said(one) for one in bound}) == 1, "the likeliest token alone is left"
    assert len({said(one) for one in free}) > 1
    assert {item.code for one in bound for item in one.diagnostics} == {"answer-empty"}


@pytest.mark.parametrize("wire", WIRES)
async def test_an_effort_reaches_the_template(wire: Any, thinking_url: str) -> None:
    async def read(**fields: Any) -> int:
        return (await client.generate_text(asking(api_type=wire, **fields))).input_tokens

    async with client_at(thinking_url) as client:
        silent = await read(reasoning_effort="none")
        usual, high = await read(), await read(reasoning_effort="high")
        async with client_at(thinking_url, compatible=True) as unnamed:
            left_out = (
                await unnamed.generate_text(asking(api_type=wire, reasoning_effort="none"))
            ).input_tokens
    assert len({silent, high, usual}) == 3, "the template says each in other words"
    assert left_out == usual, "a server that is not named is not told"


async def test_the_models_thoughts_go_back_to_it(thinking_url: str) -> None:
    async with client_at(thinking_url) as client:
        first = await client.generate_text(asking(reasoning_effort="none", max_tokens=30))
        turns = [
            Message("user", "Hi"),
            Message("assistant", "Yes.", reasoning=first.reasoning),
            Message("user", "And?"),
        ]
        shorn = [turns[0], Message("assistant", "Yes."), turns[2]]
        kept, bare = [
            await client.send_message(
                MessageRequest(
                    messages=given, model="some-model", max_tokens=2, reasoning_effort="none", use_cache=False
                )
            )
            for given in (turns, shorn)
        ]
    assert first.metadata["thinking"]
    assert kept.input_tokens > bare.input_tokens + 10


async def test_probabilities_come_with_an_answer(thinking_url: str) -> None:
    async with client_at(thinking_url) as client:
        response = await client.generate_text(asking(top_logprobs=2))
    told = response.metadata["logprobs"]
    assert len(told) == response.output_tokens
    assert [len(one["top_logprobs"]) for one in told] == [2] * len(told)
