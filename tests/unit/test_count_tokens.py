"""``client.count_tokens``: real clients over real connections, beside what the providers' own SDKs send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import botocore.session
import pytest
from botocore.config import Config
from media_samples import PNG
from openai import AsyncOpenAI

from smartllm import Image, LLMClient, Message, MessageRequest, TextRequest, TokenCount
from smartllm.errors import (
    BadRequestError,
    ConfigError,
    DiagnosticError,
    NotFoundError,
    ProviderTimeoutError,
    RateLimitError,
    RequestTypeError,
    ResponseError,
    UnsupportedError,
)
from smartllm.sync import LLMClient as SyncClient
from smartllm.testing import FakeTransport, LoopbackServer, Reply

GPT, SONNET, OPUS = "gpt-5.4", "us.anthropic.claude-sonnet-4-6", "us.anthropic.claude-opus-5"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
MANTLE = """on.bedrock-anthropic.profile."claude-3".endpoints = ["anthropic_messages"]
on.bedrock-mantle.profile."claude-3".endpoints = ["anthropic_messages"]
"""
PLACES = [("openai", GPT, "responses"), ("bedrock", SONNET, "invoke"), ("bedrock", SONNET, "converse")]


def look(word: str) -> str:
    """Look a word up."""
    return word


@pytest.fixture
def there(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return server


@pytest.mark.parametrize(("provider", "model", "api_type"), PLACES)
async def test_the_number_is_the_one_that_an_answer_bills(
    there: LoopbackServer, provider: Any, model: str, api_type: Any
) -> None:
    about: Any = {"system_prompt": "be brief", "api_type": api_type, "model": model, "tools": [look]}
    async with LLMClient(provider=provider) as client:
        found = await client.count_tokens("one two three", **about)
        answer = await client.generate_text("one two three", use_cache=False, **about)
    assert isinstance(found, TokenCount)
    assert found.input_tokens == answer.input_tokens == 5
    assert (found.provider, found.request_id is None) == (provider, False)
    assert found.context_window is not None
    assert found.raw
    counted, answered = there.requests
    assert counted.route is not None
    assert counted.route.count is not None
    assert answered.route is not None
    assert (counted.route.dialect, counted.route.provider) == (answered.route.dialect, provider)


@pytest.fixture(scope="module")
def strict() -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as server:
        yield server


@pytest.mark.parametrize(
    ("provider", "model", "counts", "path"),
    [
        ("openai", GPT, "openai", "/v1/responses/input_tokens"),
        ("anthropic", "claude-opus-5", "anthropic", "/v1/messages/count_tokens"),
        ("bedrock", SONNET, "bedrock", "/model/anthropic.claude-sonnet-4-6/count-tokens"),
        ("bedrock", OPUS, "bedrock-mantle", "/anthropic/v1/messages/count_tokens"),
        (
            "bedrock-mantle",
            "anthropic.claude-haiku-4-5",
            "bedrock-mantle",
            "/anthropic/v1/messages/count_tokens",
        ),
    ],
)
async def test_every_door_is_called_as_it_takes_it(
    strict: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
    provider: Any,
    model: str,
    counts: str,
    path: str,
) -> None:
    strict.reset()
    for name, value in strict.environment().items():
        monkeypatch.setenv(name, value)
    about: Any = {"model": model, "tools": [look], "max_tokens": 9000, "store": False}
    async with LLMClient(provider=provider) as client:
        found = await client.count_tokens("one two three", system_prompt="be brief", **about)
    (call,) = strict.requests
    assert (found.input_tokens, found.provider, call.status, call.path) == (5, counts, 200, path)
    assert call.route is not None
    assert call.route.provider == counts


async def test_of_a_chain_the_first_place_counts(there: LoopbackServer) -> None:
    async with LLMClient(provider="openai", fallback=[("bedrock", SONNET)]) as client:
        assert (await client.count_tokens("one", model=GPT)).provider == "openai"
        with pytest.raises(UnsupportedError):
            await client.count_tokens("one", model=GPT, api_type="chat_completions")
    assert len(there.requests) == 1


async def test_openais_sdk_sends_the_same(there: LoopbackServer) -> None:
    async with LLMClient(provider="openai") as client:
        plan = client.compile("hi", model=GPT, tools=[look], system_prompt="s", store=False)
        await client.count_tokens("hi", model=GPT, tools=[look], system_prompt="s", store=False)
    sdk = AsyncOpenAI(base_url=there.openai_base_url, api_key="any", max_retries=0)
    kept: Any = {key: plan.body[key] for key in ("model", "input", "instructions", "tools")}
    found = await sdk.responses.input_tokens.count(**kept)
    await sdk.close()
    ours, theirs = there.requests
    assert (ours.method, ours.raw_path) == (theirs.method, theirs.raw_path)
    assert ours.json == theirs.json
    assert found.input_tokens == 2


@pytest.mark.parametrize("api_type", ["invoke", "converse"])
async def test_botocore_sends_the_same(there: LoopbackServer, api_type: Any) -> None:
    about: Any = {"model": SONNET, "api_type": api_type, "system_prompt": "s", "tools": [look]}
    async with LLMClient(provider="bedrock") as client:
        body = client.compile("hi", **about).body
        await client.count_tokens("hi", **about)
    wrapped: Any = {"invokeModel": {"body": json.dumps(body, separators=(",", ":")).encode()}}
    if api_type == "converse":
        wrapped = {"converse": {key: body[key] for key in ("messages", "system", "toolConfig")}}
    found = await asyncio.to_thread(_with_botocore, there.url, wrapped)
    ours, theirs = there.requests
    assert (ours.method, unquote(ours.raw_path)) == (theirs.method, unquote(theirs.raw_path))
    assert ours.json == theirs.json
    assert found["inputTokens"] == 2


def _with_botocore(url: str, wrapped: dict[str, Any]) -> dict[str, Any]:
    session = botocore.session.get_session()
    client = session.create_client(
        "bedrock-runtime", "us-east-1", endpoint_url=url, config=Config(retries={})
    )
    answer: dict[str, Any] = client.count_tokens(modelId="anthropic.claude-sonnet-4-6", input=wrapped)
    client.close()
    return answer


def test_the_synchronous_client(there: LoopbackServer) -> None:
    with SyncClient(provider="openai") as client:
        assert client.count_tokens("one two", model=GPT).input_tokens == 2
        streamed = client.count_tokens(TextRequest(prompt="one", model=GPT, stream=True))
        assert streamed == client.count_tokens("one", model=GPT)
        request = MessageRequest(messages=[Message("user", "a b c")], model=GPT)
        assert client.count_tokens(request).input_tokens == 3
        with pytest.raises(RequestTypeError, match=r"client\.count_tokens"):
            client.count_tokens(7)  # type: ignore[arg-type]


async def test_failures_are_retried_told_and_counted(there: LoopbackServer) -> None:
    there.script(Reply(status=429, headers={"retry-after-ms": "1"}), Reply(status=503))
    events: list[Any] = []
    async with LLMClient(provider="openai", retry_delay=0.001) as client:
        found = await client.count_tokens("one", model=GPT, on_progress=events.append)
    assert found.input_tokens == 1
    assert [event["event"] for event in events] == ["retry", "retry"]
    assert [event["attempt"] for event in events] == [1, 2]
    assert len(there.requests) == 3


async def test_the_last_failure_is_the_error(there: LoopbackServer) -> None:
    there.script(*[Reply(status=429, headers={"retry-after-ms": "1"})] * 2)
    events: list[Any] = []
    async with LLMClient(provider="openai", max_retries=1, retry_delay=0.001) as client:
        with pytest.raises(RateLimitError) as caught:
            await client.count_tokens("one", model=GPT, on_progress=events.append)
    assert (caught.value.attempts, caught.value.model, caught.value.response) == (2, GPT, None)
    assert [event["event"] for event in events] == ["retry", "error"]


async def test_a_refusal_is_told_in_the_providers_words(there: LoopbackServer) -> None:
    there.script(Reply(status=400, error_message="The provided model doesn't support counting tokens."))
    async with LLMClient(provider="bedrock") as client:
        with pytest.raises(BadRequestError, match="doesn't support counting tokens"):
            await client.count_tokens("one", model=SONNET)
    assert len(there.requests) == 1


@pytest.mark.parametrize("body", [b"{}", b'{"input_tokens": null}', b"[]", b"no json"])
async def test_an_answer_without_a_number(there: LoopbackServer, body: bytes) -> None:
    there.script(*[Reply(raw=body)] * 3)
    async with LLMClient(provider="openai", max_retries=1, retry_delay=0.001) as client:
        with pytest.raises(ResponseError):
            await client.count_tokens("one", model=GPT)


async def test_it_ends_by_the_deadline(there: LoopbackServer) -> None:
    there.script(Reply(delay=5))
    async with LLMClient(provider="openai", total_timeout=0.2, max_retries=3) as client:
        with pytest.raises(ProviderTimeoutError) as caught:
            await client.count_tokens("one", model=GPT)
    assert (caught.value.kind, caught.value.attempts) == ("total", 1)


async def test_secrets_are_in_no_error(there: LoopbackServer) -> None:
    words = "bad header s3cret-value and sk-sandbox"
    there.script(Reply(status=503, error_message=words), Reply(status=400, error_message=words))
    events: list[Any] = []
    about: Any = {"extra_headers": {"x-mine": "s3cret-value"}, "on_progress": events.append}
    async with LLMClient(provider="openai", retry_delay=0.001) as client:
        with pytest.raises(BadRequestError) as caught:
            await client.count_tokens("x", model=GPT, **about)
    assert [event["event"] for event in events] == ["retry", "error"]
    assert "s3cret-value" not in str(events)
    assert "s3cret-value" not in str(caught.value)
    assert "sk-sandbox" not in str(caught.value)
    assert there.requests[0].headers["x-mine"] == "s3cret-value"


async def test_a_server_that_counts_nothing_is_not_the_providers_own(there: LoopbackServer) -> None:
    there.script(Reply(status=404, error_message="Not Found"))
    async with LLMClient(provider="openai") as client:
        with pytest.raises(NotFoundError) as caught:
            await client.count_tokens("x", model=GPT)
    assert "many that speak its API count no tokens" in caught.value.hint


async def test_a_404_of_the_providers_own_is_about_the_model() -> None:
    fake = FakeTransport(Reply(status=404))
    async with LLMClient(provider="openai", transport=fake) as client:
        with pytest.raises(NotFoundError) as caught:
            await client.count_tokens("x", model=GPT)
    assert "another server" not in caught.value.hint


async def test_what_no_host_counts_is_refused_before_anything_is_sent(there: LoopbackServer) -> None:
    async with LLMClient(provider="bedrock") as client:
        with pytest.raises(UnsupportedError, match="counts no input tokens"):
            await client.count_tokens("x", model="us.amazon.nova-pro-v1:0")
    async with LLMClient(provider="openai") as client:
        with pytest.raises(UnsupportedError, match='pass api_type="responses"'):
            await client.count_tokens("x", model=GPT, api_type="chat_completions")
        with pytest.raises(ValueError, match="prompt"):
            await client.count_tokens("", model=GPT)
    assert there.requests == []
    with pytest.raises(ConfigError, match="closed"):
        await client.count_tokens("x", model=GPT)


async def test_what_is_not_counted_is_told_and_refused_where_that_is_wished(
    there: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    extra: Any = {"prompt": {"id": "pmpt_1"}}
    async with LLMClient(provider="openai") as client:
        found = await client.count_tokens("x", model=GPT, extra=extra)
    assert "count-left-out" in caplog.text
    assert {item.code for item in found.diagnostics} >= {"count-left-out", "extra-merged"}
    async with LLMClient(provider="openai", level="raise") as client:
        with pytest.raises(DiagnosticError, match="count-left-out"):
            await client.count_tokens("x", model=GPT, extra=extra)
        assert (await client.count_tokens("x", model=GPT)).input_tokens == 1
    assert len(there.requests) == 2


async def test_what_is_not_known_is_no_loss(there: LoopbackServer, tmp_path: Path) -> None:
    rules = tmp_path / "mine.toml"
    rules.write_text('on.openai.profile.openai.count_tokens.available = "unknown"')
    async with LLMClient(provider="openai", level="raise", rules=[rules]) as client:
        found = await client.count_tokens("x", model=GPT)
    assert "count-unlisted" in {item.code for item in found.diagnostics}


async def test_calls_that_count_have_limits_of_their_own(there: LoopbackServer, tmp_path: Path) -> None:
    quota = tmp_path / "quota.toml"
    quota.write_text(f'[quota]\n"{GPT}" = {{ concurrency = 2, requests_per_minute = 1 }}\n')
    there.script(*[Reply(delay=0.05)] * 3)
    async with LLMClient(provider="openai", rules=[quota]) as client:
        counts = await asyncio.gather(*(client.count_tokens("x", model=GPT) for _ in range(3)))
        assert [one.input_tokens for one in counts] == [1, 1, 1]
        limiter = client._executor.limiter(client.compile("x", model=GPT), counts=True)
        assert (limiter.concurrency, limiter.in_flight, limiter._requests) == (2, 0, None)
        other = client._executor.limiter(client.compile("x", model=GPT))
        assert other is not limiter
        assert other._requests is not None


async def test_throttling_lowers_that_limit_alone(there: LoopbackServer) -> None:
    there.script(Reply(status=429, headers={"retry-after-ms": "1"}))
    async with LLMClient(provider="openai", retry_delay=0.001, max_concurrent=8) as client:
        await client.count_tokens("x", model=GPT)
        plan = client.compile("x", model=GPT)
        assert client._executor.limiter(plan, counts=True).limit == 4
        for _ in range(3):
            await client.count_tokens("x", model=GPT)
        assert client._executor.limiter(plan, counts=True).limit == 6  # and grows back
        assert client._executor.limiter(plan).limit == 8


async def test_a_schema_that_the_endpoint_refuses_is_counted_as_a_tool(there: LoopbackServer) -> None:
    words = "output_config.format: Extra inputs are not permitted"
    there.script(Reply(status=400, error_message=words))
    about: Any = {"model": SONNET, "response_format": SCHEMA, "structured_output": "native"}
    events: list[Any] = []
    async with LLMClient(provider="bedrock") as client:
        found = await client.count_tokens("x", on_progress=events.append, **about)
        again = await client.count_tokens("x", **about)
    assert found.input_tokens == again.input_tokens == 1
    assert [event["event"] for event in events] == ["structured_fallback"]
    assert "native-unsupported" in {item.code for item in found.diagnostics}
    assert len(there.requests) == 3


async def test_another_door_of_the_provider_counts(tmp_path: Path) -> None:
    rules = tmp_path / "mantle.toml"
    rules.write_text(
        MANTLE + 'on.bedrock-mantle.model.claude-opus-5.ids = { bare = "accepted", prefixes = [] }\n'
    )
    fake = FakeTransport()
    async with LLMClient(provider="bedrock", rules=[rules], transport=fake) as client:
        found = await client.count_tokens("one two", model=OPUS)
        with pytest.raises(UnsupportedError, match="provider='bedrock-mantle'"):
            await client.count_tokens("one two", model=OPUS, api_type="invoke")
    (call,) = fake.sent
    assert call.url == "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages/count_tokens"
    assert {*call.body} == {"model", "messages"}
    assert (found.input_tokens, found.provider) == (2, "bedrock-mantle")
    assert {item.code for item in found.diagnostics} >= {"count-door"}
    assert call.body["model"] == found.model == "anthropic.claude-opus-5"
    assert "model-id-door" in {item.code for item in found.diagnostics}


@pytest.mark.parametrize(("provider", "model", "api_type"), PLACES)
async def test_a_picture_goes_along_in_pieces(
    there: LoopbackServer, provider: Any, model: str, api_type: Any
) -> None:
    prompt: Any = ["what is it", Image(data=PNG)]
    async with LLMClient(provider=provider) as client:
        found = await client.count_tokens(prompt, model=model, api_type=api_type)
    assert found.input_tokens >= 3
    assert len(there.requests[0].media) == 1


async def test_anthropics_own_api() -> None:
    fake = FakeTransport()
    async with LLMClient(provider="anthropic", api_key="sk-ant-1", transport=fake) as client:
        found = await client.count_tokens("one two", model="claude-opus-5", system_prompt="s", tools=[look])
    (call,) = fake.sent
    assert call.url == "https://api.anthropic.com/v1/messages/count_tokens"
    assert call.headers["x-api-key"] == "sk-ant-1"
    assert call.headers["anthropic-version"] == "2023-06-01"
    assert {*call.body} == {"model", "messages", "system", "tools"}
    assert (found.input_tokens, found.model) == (3, "claude-opus-5")


async def test_many_at_once_over_one_client(there: LoopbackServer) -> None:
    async with LLMClient(provider="openai") as client:
        found = await asyncio.gather(*(client.count_tokens("a " * (n + 1), model=GPT) for n in range(20)))
    assert [one.input_tokens for one in found] == [n + 1 for n in range(20)]


def test_a_count_as_json() -> None:
    found = TokenCount(7, GPT, "openai", context_window=10, request_id="r", raw={"a": 1})
    assert found.as_dict() == {
        "input_tokens": 7,
        "model": GPT,
        "provider": "openai",
        "context_window": 10,
        "request_id": "r",
        "diagnostics": [],
    }
    assert found == TokenCount(7, GPT, "openai", context_window=10)
