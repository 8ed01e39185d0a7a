"""Clients of other servers, over real sockets: each refuses what its real one refuses."""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import tomli
from compatible_server import DATA, TEXT, THOUGHT, Heard, serving
from pydantic import BaseModel

from smartllm import (
    ConfigError,
    Image,
    LLMClient,
    LLMConfig,
    Message,
    MessageRequest,
    Reasoning,
    TextRequest,
    TextResponse,
    ToolCall,
    ToolResult,
)
from smartllm.errors import BadRequestError, CompileError, ResponseError
from smartllm.testing import FakeTransport, Reply

CASES = {
    name: case
    for file in sorted((Path(__file__).parent.parent / "cases").glob("*.toml"))
    for name, case in tomli.loads(file.read_text(encoding="utf-8")).items()
}
MODELS = {
    "ollama": ("llama3.2", "thinks:8b"),
    "deepseek": ("deepseek-v4-flash", "deepseek-chat"),
    "mistral": ("mistral-large-latest", "mistral-small-latest"),
    "lm-studio": ("qwen3-8b",),
    "groq": ("openai/gpt-oss-20b", "qwen/qwen3-32b", "llama-3.3-70b-versatile"),
}
EACH = [(server, model) for server, models in MODELS.items() for model in models]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Place(BaseModel):
    city: str
    age: int


def weather(city: str, age: int) -> dict[str, Any]:
    """Weather of a city."""
    return {"city": city, "sky": "clear"}


def client_of(heard: Heard, server: str | bool | None, **settings: Any) -> LLMClient:
    return LLMClient(
        provider="openai", base_url=heard.url, compatible=server, level="ignore", max_retries=0, **settings
    )


def asked(model: str, prompt: Any = "hi", **fields: Any) -> TextRequest[Any]:
    return TextRequest(prompt=prompt, model=model, use_cache=False, **fields)


async def answered(client: LLMClient, request: TextRequest[Any], *, streamed: bool) -> TextResponse[Any]:
    if not streamed:
        return await client.generate_text(request)
    chunks = [chunk async for chunk in client.generate_text_stream(request)]
    response: TextResponse[Any] | None = chunks[-1].response
    assert response is not None
    return response


@pytest.mark.parametrize(("server", "model"), EACH)
async def test_no_server_refuses_what_is_said_to_it_by_name(server: str, model: str) -> None:
    """Every case of the snapshots, but the efforts that Ollama refuses of models that cannot think."""
    async with serving(server) as heard, client_of(heard, server) as client:
        for case in CASES.values():
            thinks = case.get("reasoning_effort", "none") != "none" or "budget_tokens" in case
            if thinks and (server, model) == ("ollama", "llama3.2"):
                continue
            kind: Any = TextRequest if "prompt" in case else MessageRequest
            fields = {**case, "model": model, "use_cache": False, "api_type": "chat_completions"}
            fields.pop("stream", None)
            # What an answer does not fit is no matter here.
            with suppress(CompileError, ResponseError):
                ask: Any = client.generate_text if kind is TextRequest else client.send_message
                await ask(kind(**fields))
    sent = len(heard.bodies)
    assert sent > len(CASES) / 2
    assert heard.refused == []


async def test_without_its_name_some_of_it_is_refused() -> None:
    """The servers that are asked here are no yes-men."""
    for server in MODELS:
        async with serving(server) as heard, client_of(heard, True) as client:
            fields = {"top_p": 0.5, "temperature": 0, "presence_penalty": 1, "seed": 3}
            for wish in (fields, {"response_format": Place}, {"tools": [weather], "tool_choice": "weather"}):
                try:
                    await client.generate_text(asked("some-model", **wish))
                except BadRequestError:
                    assert heard.refused
            gif = Image(data=b"GIF89a\1\0\1\0\0\0\0;", media_type="image/gif")
            assert heard.refused or server == "ollama", server
            if server == "ollama":
                with pytest.raises(CompileError):
                    await client.generate_text(asked("llava", ["?", gif]))


@pytest.mark.parametrize(("server", "model"), EACH)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_answers(server: str, model: str, streamed: bool) -> None:
    async with serving(server) as heard, client_of(heard, server) as client:
        response = await answered(client, asked(model), streamed=streamed)
    assert (response.text, response.finish_reason) == (TEXT, "stop")
    assert (response.input_tokens, response.output_tokens) == (11, 7)
    shown = [part.text for part in response.parts if isinstance(part, Reasoning)]
    thinks = server in {"ollama", "groq"} or (server, model) == ("deepseek", "deepseek-v4-flash")
    assert shown == ([THOUGHT] if thinks or model == "deepseek-chat" else [])


@pytest.mark.parametrize(("server", "model"), EACH)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_structures(server: str, model: str, streamed: bool) -> None:
    async with serving(server) as heard, client_of(heard, server) as client:
        response = await answered(client, asked(model, response_format=Place), streamed=streamed)
    assert response.structured_data == Place.model_validate(DATA)
    assert heard.refused == []


@pytest.mark.parametrize(
    ("server", "model", "fields", "said"),
    [
        ("deepseek", "deepseek-v4-flash", {}, {"reasoning_content": THOUGHT}),
        ("deepseek", "deepseek-v4-flash", {"reasoning_effort": "none"}, {}),
        ("deepseek", "deepseek-chat", {}, {}),
        ("ollama", "thinks:8b", {"reasoning_effort": "high"}, {"reasoning": THOUGHT}),
        ("ollama", "thinks:8b", {"reasoning_effort": "none"}, {}),
        ("groq", "openai/gpt-oss-20b", {"reasoning_effort": "low"}, {"reasoning": THOUGHT}),
        ("groq", "qwen/qwen3-32b", {}, {"reasoning": THOUGHT}),
        ("groq", "llama-3.3-70b-versatile", {}, {}),
        ("lm-studio", "qwen3-8b", {}, {}),
        ("mistral", "mistral-large-latest", {}, {}),
        (
            "mistral",
            "mistral-small-latest",
            {"reasoning_effort": "high"},
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}]},
        ),
    ],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_rounds_of_tools(
    server: str, model: str, fields: dict[str, Any], said: dict[str, Any], streamed: bool
) -> None:
    """Reasoning goes back with the calls where the server takes it, under the key that it has for it."""
    async with serving(server) as heard, client_of(heard, server) as client:
        first = asked(model, tools=[weather], **fields)
        if streamed:
            answer = await answered(client, first, streamed=True)
            (call,) = answer.tool_calls
            turns = [Message("user", "hi"), answer.as_message(), Message("user", [ToolResult(call.id, "ok")])]
            request = MessageRequest(messages=turns, model=model, tools=[weather], use_cache=False, **fields)
            response = await client.send_message(request)
        else:
            response = (await client.run_tools(first)).response
    assert heard.refused == []
    assert response.text == TEXT
    message = heard.bodies[-1]["messages"][1]
    assert message["role"] == "assistant"
    assert [one["id"] for one in message["tool_calls"]] == ["abcdef123"]
    keys = {"reasoning", "reasoning_content"} | ({"content"} if "content" in said else set())
    assert {key: message[key] for key in keys if key in message} == said
    assert "reasoning-filled" not in {item.code for item in response.diagnostics}


async def test_the_answer_after_the_calls_keeps_its_reasoning_too() -> None:
    """DeepSeek wants that of each turn of a conversation with tools."""
    async with serving("deepseek") as heard, client_of(heard, "deepseek") as client:
        answer = await client.generate_text(asked("deepseek-v4-flash"))
        turns = [Message("user", "hi"), answer.as_message(), Message("user", "and?")]
        await client.send_message(MessageRequest(messages=turns, model="deepseek-v4-flash", use_cache=False))
    assert heard.bodies[-1]["messages"][1] == {
        "role": "assistant",
        "content": TEXT,
        "reasoning_content": THOUGHT,
    }


@pytest.mark.parametrize("effort", [None, "none"])
async def test_calls_of_another_model_go_with_an_empty_text(effort: Any) -> None:
    turns = [
        Message("user", "hi"),
        Message("assistant", [ToolCall("call-1", "weather", {"city": "Oslo", "age": 1})]),
        Message("user", [ToolResult("call-1", "clear")]),
    ]
    request = MessageRequest(
        messages=turns, model="deepseek-v4-flash", tools=[weather], reasoning_effort=effort, use_cache=False
    )
    async with serving("deepseek") as heard, client_of(heard, "deepseek") as client:
        response = await client.send_message(request)
    assert heard.refused == []
    filled = [one for one in response.diagnostics if one.code == "reasoning-filled"]
    assert [one.applied for one in filled] == ([1] if effort is None else [])
    assert heard.bodies[0]["messages"][1].get("reasoning_content") == ("" if effort is None else None)


async def test_reasoning_of_another_server_does_not_go_along() -> None:
    async with serving("ollama") as heard, client_of(heard, "ollama") as client:
        answer = await client.generate_text(asked("thinks:8b"))
        turns = [Message("user", "hi"), answer.as_message(), Message("user", "and?")]
        other = MessageRequest(messages=turns, model="llama3.2", use_cache=False)
        response = await client.send_message(other)
    assert heard.bodies[1]["messages"][1] == {"role": "assistant", "content": TEXT}
    assert "reasoning-dropped" in {one.code for one in response.diagnostics}


async def test_openrouter_gets_its_own_blocks_back() -> None:
    details = [{"type": "reasoning.text", "text": "Let me see.", "signature": "abc"}]
    thought = Reasoning("anthropic/claude-sonnet-4.6", "openai_chat", details, "Let me see.")
    turns = [Message("user", "hi"), Message("assistant", TEXT, reasoning=thought), Message("user", "and?")]
    fake = FakeTransport(Reply(text="ok"))
    settings: Any = {"base_url": "https://openrouter.ai/api/v1", "api_key": "k"}
    async with LLMClient(transport=fake, **settings) as client:
        await client.send_message(MessageRequest(messages=turns, model="anthropic/claude-sonnet-4.6"))
    assert fake.sent[0].body["messages"][1] == {
        "role": "assistant",
        "content": TEXT,
        "reasoning_details": details,
    }


async def test_ollama_sees_a_picture() -> None:
    async with serving("ollama") as heard, client_of(heard, "ollama") as client:
        await client.generate_text(asked("llava", ["What is this?", Image(data=PNG)]))
    assert heard.refused == []
    part = heard.bodies[0]["messages"][0]["content"][1]
    assert part["image_url"]["url"].startswith("data:image/png;base64,")


async def test_a_refusal_is_a_typed_error() -> None:
    async with serving("ollama") as heard, client_of(heard, "ollama") as client:
        with pytest.raises(BadRequestError) as caught:
            await client.generate_text(asked("llama3.2", reasoning_effort="high"))
    assert caught.value.status == 400
    assert "does not support thinking" in str(caught.value)


class TestWhichServer:
    @pytest.mark.parametrize(
        ("settings", "how", "profile", "codes"),
        [
            ({"base_url": "https://api.groq.com/openai/v1"}, "server", "groq", set()),
            ({"base_url": "http://localhost:11434/v1"}, "server", "ollama", {"server-assumed"}),
            ({"base_url": "http://localhost:11434/v1", "compatible": "vllm"}, "server", "vllm", set()),
            ({"base_url": "http://localhost:8000/v1"}, "inferred", "openai-compatible", {"model-inferred"}),
            ({"base_url": "http://localhost:8000/v1", "compatible": "vllm"}, "server", "vllm", set()),
            (
                {"base_url": "https://api.groq.com/openai/v1", "compatible": True},
                "inferred",
                "openai-compatible",
                {"model-inferred"},
            ),
        ],
    )
    async def test_settings(self, settings: dict[str, Any], how: str, profile: str, codes: set[str]) -> None:
        async with LLMClient(transport=FakeTransport(Reply(text="ok")), api_key="k", **settings) as client:
            response = await client.generate_text(asked("some-model"))
            plan = client._compiled(asked("some-model"))
        assert (plan.resolution.how, plan.resolution.profile) == (how, profile)
        assert {one.code for one in response.diagnostics} == codes

    async def test_a_proxy_of_openais_own_is_no_other_server(self) -> None:
        settings: Any = {"base_url": "http://localhost:11434/v1", "compatible": False}
        async with LLMClient(transport=FakeTransport(), api_key="k", **settings) as client:
            plan = client._compiled(asked("gpt-5.4"))
        assert (plan.resolution.how, plan.steps[0].dialect) == ("exact", "openai_responses")

    def test_the_address_of_the_environment_counts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", "https://api.mistral.ai/v1")
        client = LLMClient(transport=FakeTransport(), provider="openai", api_key="k")
        assert client._compiled(asked("mistral-large-latest")).resolution.profile == "mistral-api"

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"compatible": "olama", "base_url": "http://x/v1"}, "did you mean ollama?"),
            ({"compatible": 3}, "compatible"),
            ({"compatible": "groq"}, "no address is given, so calls would go to OpenAI"),
            ({"compatible": True}, "no address is given, so calls would go to OpenAI"),
            ({"compatible": "groq", "provider": "bedrock"}, "compatible is a setting for"),
        ],
    )
    def test_bad_settings(self, settings: dict[str, Any], message: str) -> None:
        with pytest.raises(ConfigError) as caught:
            LLMClient(**{"api_key": "k"} | settings if "provider" not in settings else settings)
        assert message in str(caught.value)

    def test_the_hint_is_the_usual_address(self) -> None:
        with pytest.raises(ConfigError) as caught:
            LLMClient(compatible="groq", api_key="secret-key")
        assert caught.value.hint == "pass base_url='https://api.groq.com/openai/v1'"
        assert "secret-key" not in str(caught.value)

    def test_it_is_a_setting_like_others(self) -> None:
        assert LLMConfig(compatible="vllm").compatible == "vllm"
        assert LLMConfig().compatible is None
