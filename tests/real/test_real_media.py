"""Pictures go to a real server, whose C++ code decodes them: llama.cpp with an encoder before its text model.

The encoder's weights are of chance, so what is answered means nothing; that the picture was decoded shows in
the tokens that it takes. MiniStack is the second real server, for the shapes of Bedrock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_process import served
from pictures import pdf, png
from processes import command_of, free_port, running
from vision_file import IMAGE_TOKENS

from smartllm import LLMClient, Message, MessageRequest, TextRequest, UnsupportedError
from smartllm.content import Document, Image
from smartllm.errors import ProviderError

pytestmark = pytest.mark.slow

OVERLAY = """
[profile.openai-compatible]
source = ["https://github.com/ggml-org/llama.cpp/blob/master/docs/multimodal.md"]
verified = 2026-11-26
input.image.sources = ["data"]
"""
CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
ASKED: list[Any] = ["What is it?", Image(data=png())]


@pytest.fixture(scope="module")
def seeing_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that takes pictures."""
    with served(tmp_path_factory.mktemp("eyes"), "--eyes") as url:
        yield url


@pytest.fixture(scope="module")
def overlay(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What says that it does."""
    path = tmp_path_factory.mktemp("rules") / "seeing.toml"
    path.write_text(OVERLAY, encoding="utf-8")
    return str(path)


def client(url: str, *rules: str) -> LLMClient:
    return LLMClient(
        provider="openai", base_url=f"{url}/v1", api_key="none", max_retries=0, rules=list(rules)
    )


def chat(prompt: Any) -> TextRequest[Any]:
    return TextRequest(
        prompt=prompt, model="smollm2", api_type="chat_completions", max_tokens=8, use_cache=False
    )


async def test_a_picture_is_decoded(seeing_url: str, overlay: str, tmp_path: Path) -> None:
    file = tmp_path / "cat.png"
    file.write_bytes(png(300, 200))
    async with client(seeing_url, overlay) as llm:
        alone = await llm.generate_text(chat("What is it?"))
        seen = await llm.generate_text(chat(["What is it?", Image(path=str(file))]))
        chunks = [chunk async for chunk in llm.generate_text_stream(chat(ASKED))]
    assert seen.text.strip()
    assert seen.input_tokens - alone.input_tokens >= IMAGE_TOKENS
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.input_tokens == seen.input_tokens


async def test_two_pictures_in_a_conversation(seeing_url: str, overlay: str) -> None:
    turns = [
        Message("user", ASKED),
        Message("assistant", "A grey field."),
        Message("user", ["And this?", Image(data=png(10, 10))]),
    ]
    request = MessageRequest[Any](
        messages=turns, model="smollm2", api_type="chat_completions", max_tokens=8, use_cache=False
    )
    async with client(seeing_url, overlay) as llm:
        response = await llm.send_message(request)
    assert response.input_tokens > 2 * IMAGE_TOKENS


async def test_a_picture_that_is_cut_is_the_servers_error(seeing_url: str, overlay: str) -> None:
    async with client(seeing_url, overlay) as llm:
        with pytest.raises(ProviderError, match="Failed to load image") as caught:
            await llm.generate_text(chat(["What is it?", Image(data=png()[:60])]))
    assert caught.value.status == 400
    assert not caught.value.retryable


async def test_a_server_of_text_alone_is_not_sent_a_picture(seeing_url: str) -> None:
    async with client(seeing_url) as llm:
        with pytest.raises(UnsupportedError, match="takes no images"):
            await llm.generate_text(chat(ASKED))


async def test_a_server_without_eyes_says_so(overlay: str, tmp_path: Path) -> None:
    with served(tmp_path) as url:
        async with client(url, overlay) as llm:
            with pytest.raises(ProviderError, match="image input is not supported"):
                await llm.generate_text(chat(ASKED))


@pytest.mark.parametrize(
    ("model", "api_type"), [(CLAUDE, "invoke"), (CLAUDE, "converse"), (NOVA, "converse")]
)
async def test_bedrock_takes_a_picture_and_a_document(model: str, api_type: Any, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port)}
    request = TextRequest[Any](
        prompt=[*ASKED, Document(data=pdf(), name="report.pdf")],
        model=model,
        api_type=api_type,
        use_cache=False,
    )
    keys: dict[str, Any] = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    with running([command_of("ministack")], f"{url}/_ministack/health", tmp_path, **settings):
        async with LLMClient(provider="bedrock", endpoint_url=url, max_retries=0, **keys) as llm:
            whole = await llm.generate_text(request)
            chunks = [chunk async for chunk in llm.generate_text_stream(request)]
    assert whole.text
    assert "".join(chunk.text for chunk in chunks)
