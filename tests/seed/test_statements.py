"""The seed's statements, one test each, in the order of its page; the class is the section."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pydantic import BaseModel, ValidationError
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, WIRES, Wire, region_of

import smartllm
from smartllm import LLMClient, LLMConfig, Message, MessageRequest, TextRequest, TextResponse, defaults
from smartllm.bedrock import BedrockLLMClient
from smartllm.bedrock.capabilities import ModelCapabilities, get_model_capabilities, supports_thinking
from smartllm.testing import LoopbackServer, Reply

ROOT = Path(__file__).parents[2]
OPUS_47, SONNET_46 = "eu.anthropic.claude-opus-4-7", "eu.anthropic.claude-sonnet-4-6"
SONNET_35 = "us.anthropic.claude-3-5-sonnet-20241022-v2:0"
each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)


class Person(BaseModel):
    name: str
    age: int


class BookList(BaseModel):
    books: list[str]


Ask = Callable[..., Any]


@pytest_asyncio.fixture
async def ask(server: LoopbackServer) -> AsyncIterator[Ask]:
    """Makes a call on a wire and gives back the response."""

    async def asked(wire: Wire = RESPONSES, *replies: Reply, **fields: Any) -> TextResponse[Any]:
        server.script(*replies)
        settings = fields.pop("settings", {})
        async with wire.client(server.url, **settings) as client:
            return await client.generate_text(wire.request(**fields))

    yield asked


def body(**fields: Any) -> dict[str, Any]:
    fields = {"prompt": "hi", **fields}
    return smartllm.compile(TextRequest(**fields), level="ignore").body


def warned(caplog: pytest.LogCaptureFixture, text: str) -> bool:
    return any(record.levelname == "WARNING" and text in record.getMessage() for record in caplog.records)


class TestFeatures:
    async def test_one_interface_for_openai_and_bedrock(self, ask: Ask) -> None:
        for wire in (RESPONSES, INVOKE):
            assert (await ask(wire, prompt="hi")).text == "echo: hi"

    async def test_rate_limiting_per_model(self, server: LoopbackServer) -> None:
        async with RESPONSES.client(server.url, max_concurrent=2) as client:
            await asyncio.gather(*(client.generate_text(RESPONSES.request(str(n))) for n in range(6)))
            limiters = client._executor.shared._limiters
            assert [(key[0], it.concurrency) for key, it in limiters.items()] == [(RESPONSES.model, 2)]

    async def test_automatic_retry_of_transient_failures(self, ask: Ask, server: LoopbackServer) -> None:
        assert (await ask(INVOKE, Reply(status=503), settings={"max_retries": 1})).text
        assert len(server.requests) == 2


class TestInstallation:
    def test_extras(self) -> None:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = project["optional-dependencies"]
        assert [item.partition(">")[0] for item in extras["openai"]] == ["aiohttp", "openai"]
        assert [item.partition(">")[0] for item in extras["bedrock"]] == ["aiobotocore", "aiohttp"]
        assert extras["all"] == ["smartllm[openai,bedrock]"]


class TestConfiguration:
    async def test_openai_key_and_model_from_the_environment(
        self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
        monkeypatch.setenv("OPENAI_MODEL", "gpt-4o-mini")
        async with LLMClient(provider="openai", base_url=server.openai_base_url) as client:
            await client.generate_text(TextRequest(prompt="hi"))
        assert server.requests[0].headers["authorization"] == "Bearer sk-from-environment"
        assert server.requests[0].json["model"] == "gpt-4o-mini"

    async def test_aws_keys_and_model_from_the_environment(
        self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("BEDROCK_MODEL", "us.anthropic.claude-sonnet-4-6")
        async with LLMClient(provider="bedrock", endpoint_url=server.url) as client:
            await client.generate_text(TextRequest(prompt="hi"))
        assert "AKIDENVIRONMENT" in server.requests[0].headers["authorization"]
        assert server.requests[0].path == "/model/us.anthropic.claude-sonnet-4-6/invoke"

    def test_bedrock_timeouts_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert LLMConfig(provider="bedrock").resolved_timeouts() == (10, 300)
        monkeypatch.setenv("BEDROCK_READ_TIMEOUT", "600")
        monkeypatch.setenv("BEDROCK_CONNECT_TIMEOUT", "20")
        assert LLMConfig(provider="bedrock").resolved_timeouts() == (20, 600)

    async def test_the_region_chain(self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
        async def region(**settings: Any) -> str:
            async with INVOKE.client(server.url, **settings) as client:
                await client.generate_text(INVOKE.request())
            return region_of(server)

        assert await region() == "us-east-1"
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        assert await region() == "eu-west-1"
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        assert await region() == "eu-central-1"
        assert await region(aws_region="ap-south-1") == "ap-south-1"

    async def test_the_default_credential_chain(
        self, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, clean_environment: Path
    ) -> None:
        file = clean_environment / "credentials"
        file.write_text(
            "[default]\naws_access_key_id = AKIDFILE\naws_secret_access_key = s\n", encoding="utf-8"
        )
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
        async with LLMClient(provider="bedrock", endpoint_url=server.url) as client:
            await client.generate_text(INVOKE.request())
        assert "AKIDFILE" in server.requests[0].headers["authorization"]

    def test_defaults_can_be_changed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(defaults, "max_retries", 7)
        monkeypatch.setattr(defaults, "aws_region", "eu-north-1")
        assert LLMConfig().max_retries == 7
        assert LLMConfig().resolved_region() == "eu-north-1"

    def test_the_provider_is_detected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert LLMConfig(api_key="x").resolved_provider() == "openai"
        assert LLMConfig(aws_region="us-east-1").resolved_provider() == "bedrock"
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        assert LLMConfig().resolved_provider() == "bedrock"
        monkeypatch.setenv("OPENAI_API_KEY", "x")
        assert LLMConfig().resolved_provider() == "openai"


class TestUsage:
    @each_wire
    async def test_multi_turn_on_every_wire(self, wire: Wire, server: LoopbackServer) -> None:
        turns = (("user", "a"), ("assistant", "b"), ("user", "c"))
        async with wire.client(server.url) as client:
            response = await client.send_message(wire.conversation(*turns))
        assert response.text == "echo: c"
        sent = json.dumps(server.requests[0].json)
        assert [f'"{text}"' in sent for text in "abc"] == [True] * 3

    async def test_chunks_of_a_stream_have_text(self, server: LoopbackServer) -> None:
        async with RESPONSES.client(server.url) as client:
            stream = client.generate_text_stream(RESPONSES.request("a b", stream=True))
            assert "".join([chunk.text async for chunk in stream]) == "echo: a b"

    async def test_concurrent_requests(self, server: LoopbackServer) -> None:
        async with RESPONSES.client(server.url) as client:
            tasks = [client.generate_text(RESPONSES.request(prompt)) for prompt in "abc"]
            assert [answer.text for answer in await asyncio.gather(*tasks)] == [
                "echo: a",
                "echo: b",
                "echo: c",
            ]


class TestStreamingWithAssembly:
    async def test_the_response_is_that_of_generate_text(self, server: LoopbackServer) -> None:
        async with INVOKE.client(server.url) as client:
            whole = await client.generate_text(INVOKE.request())
            streamed = await client.generate_text_streamed(INVOKE.request())
        skipped: dict[str, Any] = {"timestamp": None, "elapsed_seconds": None}
        assert dataclasses.replace(whole, **skipped) == dataclasses.replace(streamed, **skipped)

    @pytest.mark.parametrize("first", ["generate_text", "generate_text_streamed"])
    async def test_each_method_is_served_what_the_other_cached(
        self, first: str, server: LoopbackServer
    ) -> None:
        second = {"generate_text": "generate_text_streamed"}.get(first, "generate_text")
        request = INVOKE.request(use_cache=True)
        async with INVOKE.client(server.url) as client:
            await getattr(client, first)(request)
            assert (await getattr(client, second)(request)).cache_source == "l1"

    async def test_same_retries(self, server: LoopbackServer) -> None:
        server.script(Reply(status=429, headers={"Retry-After": "0"}))
        async with INVOKE.client(server.url, max_retries=1) as client:
            assert (await client.generate_text_streamed(INVOKE.request())).text

    async def test_all_its_events(self, server: LoopbackServer) -> None:
        seen: list[str] = []
        text = "word " * 900
        server.script(
            Reply(status=503),
            Reply(text=text, chunks=["word "] * 900, thinking="hm " * 900),
            Reply(status=400),
        )
        fields: dict[str, Any] = {"on_progress": lambda event: seen.append(event["event"]), "use_cache": True}
        async with INVOKE.client(server.url, max_retries=1) as client:
            for prompt in ("a", "a", "b"):
                request = INVOKE.request(prompt, reasoning_effort="low", max_tokens=5000, **fields)
                try:
                    await client.generate_text_streamed(request)
                except smartllm.SmartLLMError:
                    seen.append("raised")
        wanted = {
            "llm_started",
            "stream_progress",
            "stream_thinking",
            "llm_done",
            "error",
            "retry",
            "cache_hit",
        }
        assert wanted == set(seen) - {"raised"}

    async def test_response_format_raises_value_error(self, server: LoopbackServer) -> None:
        async with INVOKE.client(server.url) as client:
            with pytest.raises(ValueError, match="generate_text"):
                await client.generate_text_streamed(INVOKE.request(response_format=Person))

    async def test_openai_raises_not_implemented(self, server: LoopbackServer) -> None:
        async with RESPONSES.client(server.url) as client:
            with pytest.raises(NotImplementedError):
                await client.generate_text_streamed(RESPONSES.request())


class TestReasoningModels:
    async def test_reasoning_tokens(self, ask: Ask) -> None:
        response = await ask(RESPONSES, Reply(thinking="hm"), reasoning_effort="high")
        assert response.reasoning_tokens > 0

    def test_a_temperature_other_than_1_raises_value_error(self) -> None:
        for api_type in ("responses", "chat_completions"):
            with pytest.raises(ValueError, match=r"temperature.*only the default \(1\)"):
                body(model="o3", temperature=0.5, api_type=api_type)

    def test_a_temperature_of_1_is_fine(self) -> None:
        assert "temperature" not in body(model="o3", temperature=1)


class TestExtendedThinking:
    @pytest.mark.parametrize("model", [SONNET_35, "us.anthropic.claude-3-opus-20240229-v1:0"])
    def test_claude_3_takes_sampling_and_ignores_thinking(self, model: str) -> None:
        sent = body(model=model, temperature=0.5, top_k=5, reasoning_effort="high")
        assert (sent["temperature"], sent["top_k"]) == (0.5, 5)
        assert "thinking" not in sent

    @pytest.mark.parametrize(
        "model",
        [
            "us.anthropic.claude-3-7-sonnet-20250219-v1:0",
            "us.anthropic.claude-sonnet-4-20250514-v1:0",
            "us.anthropic.claude-opus-4-5-20251101-v1:0",
            SONNET_46,
        ],
    )
    def test_manual_budgets(self, model: str) -> None:
        assert body(model=model, reasoning_effort="medium")["thinking"] == {
            "type": "enabled",
            "budget_tokens": 4096,
        }
        assert body(model=model, temperature=0.5)["temperature"] == 0.5

    @pytest.mark.parametrize(
        "model", ["us.anthropic.claude-opus-4-6-v1", OPUS_47, "eu.anthropic.claude-opus-4-8"]
    )
    def test_adaptive_thinking(self, model: str) -> None:
        sent = body(model=model, reasoning_effort="high")
        assert sent["thinking"] == {"type": "adaptive"}
        assert sent["output_config"] == {"effort": "high"}

    @pytest.mark.parametrize("model", [OPUS_47, "eu.anthropic.claude-opus-4-8"])
    def test_rejected_sampling_is_dropped_with_a_warning(
        self, model: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        plan = smartllm.compile(TextRequest(prompt="hi", temperature=0.2, top_p=0.9, top_k=3), model=model)
        assert not {"temperature", "top_p", "top_k"} & set(plan.body)
        assert all(warned(caplog, name) for name in ("temperature", "top_p", "top_k"))

    def test_opus_4_6_still_takes_sampling(self) -> None:
        assert body(model="us.anthropic.claude-opus-4-6-v1", temperature=0.5)["temperature"] == 0.5

    @pytest.mark.parametrize(("effort", "budget"), [("low", 1024), ("medium", 4096), ("high", 16000)])
    def test_effort_to_budget(self, effort: str, budget: int) -> None:
        assert body(model=SONNET_46, reasoning_effort=effort)["thinking"]["budget_tokens"] == budget

    def test_a_budget_overrides_the_effort(self) -> None:
        sent = body(model=SONNET_46, reasoning_effort="low", budget_tokens=8192)
        assert sent["thinking"]["budget_tokens"] == 8192

    def test_the_smallest_budget_is_1024(self) -> None:
        assert body(model=SONNET_46, budget_tokens=10)["thinking"]["budget_tokens"] == 1024

    @pytest.mark.parametrize(("budget", "effort"), [(1024, "low"), (4000, "medium"), (20_000, "high")])
    def test_adaptive_models_get_the_nearest_effort_with_a_warning(
        self, budget: int, effort: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        plan = smartllm.compile(TextRequest(prompt="hi", budget_tokens=budget), model=OPUS_47)
        assert plan.body["output_config"] == {"effort": effort}
        assert warned(caplog, "budget_tokens")

    async def test_the_trace_is_in_the_metadata(self, ask: Ask) -> None:
        response = await ask(INVOKE, Reply(thinking="let me see"), reasoning_effort="high")
        assert response.metadata["thinking"] == "let me see"
        assert response.reasoning_tokens > 0

    @pytest.mark.parametrize("wire", [INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
    async def test_streamed_thinking_is_marked(self, wire: Wire, server: LoopbackServer) -> None:
        server.script(Reply(thinking="hm"))
        async with wire.client(server.url) as client:
            stream = client.generate_text_stream(wire.request(reasoning_effort="medium"))
            kinds = [chunk.metadata async for chunk in stream]
        assert kinds[0] == {"type": "thinking"}
        assert kinds[-2] == {}

    async def test_conversations_take_the_same_parameters(self, server: LoopbackServer) -> None:
        async with INVOKE.client(server.url) as client:
            await client.send_message(INVOKE.conversation(("user", "hi"), reasoning_effort="medium"))
            await client.send_message(INVOKE.conversation(("user", "hi"), budget_tokens=2000))
        budgets = [recorded.json["thinking"]["budget_tokens"] for recorded in server.requests]
        assert budgets == [4096, 2000]


class TestCapabilityInspection:
    def test_the_documented_answer(self) -> None:
        shown = (
            "ModelCapabilities(family='claude-opus-4-7', accepts_temperature=False, "
            "accepts_top_p_top_k=False, thinking_mode='adaptive_effort')"
        )
        assert repr(get_model_capabilities(OPUS_47)) == shown

    def test_supports_thinking(self) -> None:
        assert not supports_thinking(SONNET_35)
        assert supports_thinking(SONNET_46)

    def test_three_modes(self) -> None:
        models = (SONNET_35, SONNET_46, OPUS_47)
        modes = [get_model_capabilities(model).thinking_mode for model in models]
        assert modes == ["none", "manual_budget", "adaptive_effort"]

    def test_static_methods_of_the_client(self) -> None:
        assert BedrockLLMClient.get_model_capabilities(SONNET_35) == ModelCapabilities(
            "claude-3-5-sonnet", True, True, "none"
        )
        assert BedrockLLMClient.supports_thinking(OPUS_47)

    def test_what_nobody_knows_accepts_nothing(self, caplog: pytest.LogCaptureFixture) -> None:
        assert get_model_capabilities("what.ever-1") == ModelCapabilities("unknown", False, False, "none")
        assert get_model_capabilities("us.openai.gpt-5.5").thinking_mode == "none"
        assert warned(caplog, "what.ever-1")
        assert warned(caplog, "not served on bedrock")


class TestThinkingAndStructure:
    @pytest.mark.parametrize("wish", [{"reasoning_effort": "medium"}, {"budget_tokens": 2000}])
    async def test_two_passes_one_entry(self, wish: dict[str, Any], server: LoopbackServer) -> None:
        server.script(Reply(text="John, 30", thinking="hm"), Reply(structured={"name": "John", "age": 30}))
        request = INVOKE.request(response_format=Person, use_cache=True, model=SONNET_46, **wish)
        async with INVOKE.client(server.url) as client:
            first = await client.generate_text(request)
            second = await client.generate_text(request)
        one, two = (recorded.json for recorded in server.requests)
        assert one["thinking"]["type"] == "enabled"
        assert "tools" not in one
        assert two["tool_choice"] == {"type": "tool", "name": "Person"}
        assert "thinking" not in two
        assert "John, 30" in json.dumps(two)
        assert "native" in json.dumps(two["messages"])
        assert first.structured_data == second.structured_data == Person(name="John", age=30)
        assert (
            set(first.metadata["pass1_tokens"]) == set(first.metadata["pass2_tokens"]) == {"input", "output"}
        )
        assert second.cache_source == "l1"


class TestApiTypes:
    async def test_responses_is_the_default(self, server: LoopbackServer) -> None:
        async with RESPONSES.client(server.url) as client:
            for fields in ({}, {"api_type": "responses"}, {"api_type": "chat_completions"}):
                await client.generate_text(RESPONSES.request(**fields))
        paths = [recorded.path for recorded in server.requests]
        assert paths == ["/v1/responses", "/v1/responses", "/v1/chat/completions"]


class TestProgressCallbacks:
    async def test_fields_of_the_events(self, server: LoopbackServer) -> None:
        events: dict[str, dict[str, Any]] = {}
        server.script(Reply(status=503), Reply(), Reply(status=400))
        common = {"event", "ts", "prompt", "model", "provider"}
        counts = {"input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens"}
        async with RESPONSES.client(server.url, max_retries=2) as client:
            for prompt in ("a", "a", "b"):
                request = RESPONSES.request(
                    prompt, use_cache=True, on_progress=lambda event: events.update({event["event"]: event})
                )
                try:
                    await client.generate_text(request)
                except smartllm.SmartLLMError:
                    assert prompt == "b"
        assert {name: set(event) - common for name, event in events.items()} == {
            "llm_started": set(),
            "retry": {"attempt", "max_retries", "error", "error_message", "max_tokens", "delay"},
            "llm_done": counts,
            "cache_hit": counts | {"cache_source", "cache_key"},
            "error": {"message"},
        }
        assert (events["retry"]["attempt"], events["retry"]["max_retries"]) == (1, 2)
        assert events["retry"]["max_tokens"] == 2048


class TestParameters:
    @pytest.mark.parametrize("kind", [TextRequest, MessageRequest])
    def test_defaults(self, kind: Any) -> None:
        given = {"prompt": "hi"} if kind is TextRequest else {"messages": [Message("user", "hi")]}
        request = kind(**given)
        expected = {
            "model": None,
            "temperature": 0,
            "max_tokens": 2048,
            "top_p": None,
            "top_k": None,
            "system_prompt": None,
            "stream": False,
            "response_format": None,
            "use_cache": True,
            "clear_cache": False,
            "api_type": "responses",
            "reasoning_effort": None,
            "budget_tokens": None,
            "on_progress": None,
        }
        assert {name: getattr(request, name) for name in expected} == expected

    def test_prompt_and_messages_are_required(self) -> None:
        kinds: list[Any] = [TextRequest, MessageRequest]
        for kind in kinds:
            with pytest.raises(ValidationError):
                kind()

    def test_roles(self) -> None:
        with pytest.raises(ValidationError):
            Message(role="system", content="x")

    def test_top_p_and_top_k_are_forwarded_to_claude(self) -> None:
        sent = body(model=SONNET_35, top_p=0.9, top_k=7)
        assert (sent["top_p"], sent["top_k"]) == (0.9, 7)


class TestTextResponse:
    @each_wire
    async def test_fields(self, wire: Wire, ask: Ask) -> None:
        response = await ask(wire, Reply(cached_tokens=3), prompt="hi", response_format=None)
        assert (response.text, response.model, response.cache_source) == ("echo: hi", response.model, "miss")
        assert response.stop_reason
        assert response.input_tokens > 0
        assert response.output_tokens > 0
        assert response.cached_tokens == 3
        assert response.timestamp is not None
        assert response.timestamp.endswith("+00:00")
        assert response.elapsed_seconds is not None
        assert response.elapsed_seconds > 0
        assert response.metadata == {"prompt": "hi"}
        assert response.structured_data is None
        assert len(response.cache_key) == 64

    async def test_metadata_has_messages_and_the_schema(self, server: LoopbackServer) -> None:
        server.script(Reply(structured={"name": "J", "age": 3}))
        async with RESPONSES.client(server.url) as client:
            request = RESPONSES.conversation(("user", "hi"), response_format=Person)
            response = await client.send_message(request)
        assert response.metadata["messages"] == [{"role": "user", "content": "hi"}]
        assert response.metadata["response_format"] == Person.model_json_schema()


class TestStructuredOutputErrors:
    @pytest.mark.parametrize(
        ("wire", "stop", "text"),
        [
            (INVOKE, "max_tokens", "Bedrock truncated structured output (stop_reason=max_tokens)"),
            (CONVERSE, "max_tokens", "Bedrock truncated structured output (stop_reason=max_tokens)"),
            (CHAT, "length", "OpenAI truncated structured output (finish_reason=length)"),
            (RESPONSES, "max_output_tokens", "OpenAI truncated structured output (status=incomplete)"),
        ],
        ids=["invoke", "converse", "chat", "responses"],
    )
    async def test_truncated(self, wire: Wire, stop: str, text: str, ask: Ask) -> None:
        with pytest.raises(ValueError, match="truncated") as caught:
            await ask(wire, Reply(structured={"name": "J"}, stop_reason=stop), response_format=Person)
        assert text in str(caught.value)

    async def test_lists_that_arrive_as_json_strings(self, ask: Ask) -> None:
        response = await ask(
            INVOKE, Reply(structured={"books": '["Faust", "Der Prozeß"]'}), response_format=BookList
        )
        assert response.structured_data == BookList(books=["Faust", "Der Prozeß"])

    async def test_what_still_does_not_fit_is_a_validation_error(self, ask: Ask) -> None:
        with pytest.raises(ValidationError):
            await ask(INVOKE, Reply(structured={"books": "{not json"}), response_format=BookList)


class TestCaching:
    @pytest.mark.parametrize(
        ("fields", "cached"),
        [
            ({"temperature": 0, "model": "gpt-4o"}, True),
            ({"temperature": 0.7, "model": "gpt-4o"}, False),
            ({"model": "o3", "temperature": 1}, True),
            ({"model": "gpt-4o", "temperature": 0, "use_cache": False}, False),
        ],
    )
    async def test_what_is_cached(self, fields: dict[str, Any], cached: bool, server: LoopbackServer) -> None:
        request = TextRequest[Any](**{"prompt": "hi", **fields})
        async with RESPONSES.client(server.url) as client:
            await client.generate_text(request)
            assert ((await client.generate_text(request)).cache_source == "l1") == cached

    async def test_extended_thinking_is_cached(self, server: LoopbackServer) -> None:
        request = INVOKE.request(model=SONNET_46, reasoning_effort="low", temperature=1, use_cache=True)
        async with INVOKE.client(server.url) as client:
            await client.generate_text(request)
            assert (await client.generate_text(request)).cache_source == "l1"

    @pytest.mark.parametrize(
        "other",
        [
            {"model": "gpt-4.1"},
            {"prompt": "other"},
            {"max_tokens": 9},
            {"top_p": 0.5},
            {"system_prompt": "be"},
            {"response_format": Person},
            {"api_type": "chat_completions"},
        ],
    )
    async def test_what_the_key_is_derived_from(self, other: dict[str, Any], server: LoopbackServer) -> None:
        server.script(*[Reply(structured={"name": "J", "age": 3})] * 2)
        one = {"prompt": "hi", "model": "gpt-4o"}
        async with RESPONSES.client(server.url) as client:
            keys = [
                (await client.generate_text(TextRequest[Any](**fields))).cache_key
                for fields in (one, {**one, **other})
            ]
        assert keys[0] != keys[1]

    @pytest.mark.parametrize("wish", [{"reasoning_effort": "high"}, {"budget_tokens": 5000}])
    async def test_effort_and_budget_are_in_the_key(self, wish: dict[str, Any], ask: Ask) -> None:
        plain = await ask(INVOKE, model=SONNET_46, reasoning_effort="low")
        assert (await ask(INVOKE, model=SONNET_46, **wish)).cache_key != plain.cache_key

    async def test_what_is_stored(self, server: LoopbackServer, clean_environment: Path) -> None:
        server.script(Reply(structured={"name": "J", "age": 3}))
        async with RESPONSES.client(server.url) as client:
            first = await client.generate_text(
                RESPONSES.request("hi", response_format=Person, use_cache=True)
            )
            again = await client.generate_text(
                RESPONSES.request("hi", response_format=Person, use_cache=True)
            )
        file = next((clean_environment / "cache").rglob(f"{first.cache_key}.json"))
        entry = json.loads(file.read_text(encoding="utf-8"))
        assert set(entry["metadata"]) == {"prompt", "response_format"}
        assert entry["data"]["structured_data"] == {"name": "J", "age": 3}
        names = {"text", "model", "stop_reason", "timestamp", "elapsed_seconds", "structured_data"}
        names |= {"input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens"}
        assert names <= set(entry["data"])
        assert "prompt" not in entry["data"]
        assert (again.timestamp, again.elapsed_seconds) == (first.timestamp, first.elapsed_seconds)

    async def test_dynamo_table_name(self, server: LoopbackServer) -> None:
        async with RESPONSES.client(server.url, dynamo_table_name="my-llm-cache") as client:
            assert client._cache.shared is not None
