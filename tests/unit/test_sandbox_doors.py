"""Each host's APIs through the real client and OpenAI's SDK: whole, streamed, errors in its shape."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, cast

import openai
import pytest
from pydantic import BaseModel
from sandbox_doors import (
    ANTHROPIC,
    AZURE,
    DEPLOYMENTS,
    DOORS,
    MANTLE_CLAUDE,
    MANTLE_GPT,
    MANTLE_OSS,
    MESSAGES,
    RUNTIME,
    Door,
    asked,
    each_door,
)
from versions import with_todays_openai

from smartllm import LLMClient, Message, MessageRequest, TextRequest, Tool
from smartllm.errors import ProviderError, RateLimitError, ServerError, StreamError
from smartllm.response import TextResponse
from smartllm.testing import FakeTransport, LoopbackServer, Reply
from smartllm.testing.variables import environment_of
from smartllm.words import Provider

WEATHER = Tool(
    "weather",
    "The weather of a city.",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
)


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(scope="module")
def shared() -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as server:
        yield server


@pytest.fixture
def server(shared: LoopbackServer) -> LoopbackServer:
    shared.reset()
    return shared


async def both(
    client: LLMClient, request: TextRequest[Any]
) -> tuple[TextResponse[Any], TextResponse[Any] | None]:
    """What is answered whole, and what is at the end of a stream."""
    whole = await client.generate_text(request)
    chunks = [chunk async for chunk in client.generate_text_stream(request)]
    if request.response_format is None:
        assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    return whole, chunks[-1].response


# Answers


@each_door
async def test_a_call_goes_to_its_host_and_comes_back_whole_and_streamed(
    server: LoopbackServer, door: Door
) -> None:
    server.script(*[Reply(text="Fine weather.", thinking=False, cached_tokens=3)] * 2)
    async with door.client(server.url) as client:
        whole, streamed = await both(client, asked("How is it?", system_prompt="Be brief."))
    assert streamed is not None
    assert (whole.text, whole.finish_reason, whole.usage.output_tokens) == ("Fine weather.", "stop", 2)
    assert whole.usage.cached_tokens == 3
    assert (streamed.text, streamed.usage, streamed.parts) == (whole.text, whole.usage, whole.parts)
    assert whole.request_id == "req_loopback000001"
    for recorded in server.requests:
        assert recorded.route is not None
        assert (recorded.route.provider, recorded.path) == (door.host, door.path)
        assert recorded.reason == ""


@each_door
async def test_tools_are_called_and_answered(server: LoopbackServer, door: Door) -> None:
    call = {"name": "weather", "arguments": {"city": "Oslo"}, "id": "call_1"}
    server.script(*[Reply(text="I look.", tool_calls=[call], thinking=False)] * 2)
    async with door.client(server.url) as client:
        whole, streamed = await both(client, asked("How is it?", tools=[WEATHER]))
    assert streamed is not None
    for response in (whole, streamed):
        assert [(one.name, one.arguments) for one in response.tool_calls] == [("weather", {"city": "Oslo"})]
        assert response.finish_reason == "tool_calls"


@each_door
async def test_structures_are_filled(server: LoopbackServer, door: Door) -> None:
    server.script(*[Reply(structured={"name": "Ada", "age": 36}, thinking=False)] * 2)
    async with door.client(server.url) as client:
        whole, streamed = await both(client, asked("Who?", response_format=Person))
    assert streamed is not None
    assert whole.structured_data == streamed.structured_data == Person(name="Ada", age=36)


async def test_reasoning_goes_back_to_a_model_that_the_host_calls_otherwise(server: LoopbackServer) -> None:
    server.script(Reply(text="Fine.", thinking="Hm."), Reply(text="Yes."))
    named = {"provider": "bedrock", "default_model": "claude-opus-4-8"}
    told: dict[str, Any] = {"reasoning_effort": "low", "api_type": "messages", "use_cache": False}
    async with LLMClient(**MESSAGES.settings(server.url, **named)) as client:
        first = await client.generate_text(asked(**told))
        turns = [Message("user", "hi"), first.as_message(), Message("user", "Sure?")]
        second = await client.send_message(MessageRequest(messages=turns, **told))
    sent = server.requests[-1].json
    assert sent["model"] == MESSAGES.model
    assert [block["type"] for block in sent["messages"][1]["content"]] == ["thinking", "text"]
    assert {one.code for one in second.diagnostics} == {"model-id-door"}


async def test_anthropics_stream_is_the_one_of_its_api(server: LoopbackServer) -> None:
    body = {
        "model": ANTHROPIC.model,
        "max_tokens": 9,
        "stream": True,
        "messages": [{"role": "user", "content": "hi"}],
    }
    kind, text = posted(server, "/v1/messages", body, {"x-api-key": "any", "anthropic-version": "2023-06-01"})
    assert kind == "text/event-stream; charset=utf-8"
    lines = [line for line in text.splitlines() if line]
    events = [line.removeprefix("event: ") for line in lines[::2]]
    data = [json.loads(line.removeprefix("data: ")) for line in lines[1::2]]
    assert [one["type"] for one in data] == events
    assert list(dict.fromkeys(events)) == [
        "message_start",
        "content_block_start",
        "ping",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    opening = data[0]["message"]
    assert (opening["id"], opening["usage"]["service_tier"]) == ("msg_loopback000001", "standard")
    assert opening["usage"]["cache_creation"] == {
        "ephemeral_5m_input_tokens": 0,
        "ephemeral_1h_input_tokens": 0,
    }
    assert data[-2]["usage"] == {
        "input_tokens": 1,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 2,
    }
    assert data[-1] == {"type": "message_stop"}


def test_a_mark_of_the_whole_body_keeps_its_prompt(server: LoopbackServer) -> None:
    def read(*turns: str, **more: Any) -> tuple[int, int]:
        roles = ("user", "assistant")
        messages = [{"role": roles[at % 2], "content": text} for at, text in enumerate(turns)]
        body = {"model": ANTHROPIC.model, "max_tokens": 9, "messages": messages, **more}
        text = posted(server, "/v1/messages", body, {"x-api-key": "any", "anthropic-version": "2023-06-01"})[
            1
        ]
        usage = json.loads(text)["usage"]
        return usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]

    long, mark = "word " * 2000, {"cache_control": {"type": "ephemeral"}}
    assert read(long) == (0, 0)
    assert read(long, **mark) == (0, 2000)
    assert read(long, "fine", "and now?", **mark) == (2000, 3)


async def test_azure_tells_what_its_filter_found(server: LoopbackServer) -> None:
    stopped = Reply(text="Now", stop_reason="content_filter")
    server.script(Reply(), stopped, Reply(), stopped)
    async with azure_sdk(server) as sdk:
        body: Any = {"model": "gpt-5.4", "messages": [{"role": "user", "content": "hi"}]}
        fine = (await sdk.chat.completions.create(**body)).to_dict()
        filtered = (await sdk.chat.completions.create(**body)).to_dict()
        stream = [chunk.to_dict() async for chunk in await sdk.chat.completions.create(**body, stream=True)]
    hate = [choice(one)["content_filter_results"]["hate"] for one in (fine, filtered)]
    assert hate == [{"filtered": False, "severity": "safe"}, {"filtered": True, "severity": "high"}]
    assert fine["prompt_filter_results"] == stream[0]["prompt_filter_results"]
    assert stream[0]["choices"] == []
    assert [choice(one)["content_filter_results"] == {} for one in stream[1:]] == [True, False, False, True]
    async with AZURE.client(server.url) as client:
        response = await client.generate_text(asked())
    assert [one["blocked"] for one in response.raw["content_filters"]] == [False, True]


def choice(body: Any) -> Any:
    """The only choice of an answer."""
    return body["choices"][0]


# Errors


@each_door
async def test_errors_have_the_shape_of_the_host(server: LoopbackServer, door: Door) -> None:
    server.script(Reply(status=429, headers={"retry-after": "7"}), Reply(status=529))
    async with door.client(server.url) as client:
        with pytest.raises(RateLimitError) as limited:
            await client.generate_text(asked())
        with pytest.raises(ServerError) as overloaded:
            await client.generate_text(asked())
    assert (limited.value.request_id, limited.value.retry_after) == ("req_loopback000001", 7)
    assert overloaded.value.status == 529
    assert overloaded.value.retryable
    if door.shape == "anthropic":
        assert (limited.value.code, overloaded.value.code) == ("rate_limit_error", "overloaded_error")


@each_door
async def test_a_stream_ends_in_an_error(server: LoopbackServer, door: Door) -> None:
    broken = {"type": "overloaded_error", "code": "overloaded", "message": "Overloaded"}
    server.script(Reply(text="one two three", stream_error=broken, stream_error_after=6))
    async with door.client(server.url) as client:
        with pytest.raises(StreamError, match="Overloaded"):
            async for _ in client.generate_text_stream(asked()):
                pass


def test_the_bodies_of_errors(server: LoopbackServer) -> None:
    def body(path: str, reply: Reply, **headers: str) -> Any:
        server.script(reply)
        return json.loads(posted(server, path, {"model": "x"}, headers)[1])

    told = Reply(status=529, error_message="Overloaded")
    assert body("/v1/messages", told, **{"x-api-key": "k"}) == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Overloaded"},
        "request_id": "req_loopback000001",
    }
    refused = body("/openai/v1/responses", Reply(status=404, error_message="No."), **{"api-key": "k"})
    assert refused == {
        "error": {
            "message": "No.",
            "type": "invalid_request_error",
            "param": None,
            "code": "DeploymentNotFound",
        }
    }
    prompt = body("/openai/v1/responses", Reply(status=400, error_code="content_filter"), **{"api-key": "k"})[
        "error"
    ]
    assert (prompt["code"], prompt["innererror"]["code"]) == (
        "content_filter",
        "ResponsibleAIPolicyViolation",
    )
    here = body("/v1/responses", Reply(status=400), authorization="Bearer ABSKabc")["error"]
    assert (here["type"], here["code"]) == ("invalid_request_error", "validation_error")
    there = body("/v1/responses", Reply(status=400), authorization="Bearer sk-1")["error"]
    assert (there["type"], there["code"]) == ("invalid_request_error", None)


# Other clients


def azure_sdk(server: LoopbackServer) -> openai.AsyncAzureOpenAI:
    """The real SDK of OpenAI for Azure."""
    return openai.AsyncAzureOpenAI(
        azure_endpoint=server.url, api_key="any", api_version="2024-10-21", max_retries=0
    )


async def test_the_sdk_for_azure_is_answered(server: LoopbackServer) -> None:
    async with azure_sdk(server) as sdk:
        answer = await sdk.chat.completions.create(
            model="gpt-5.4", messages=[{"role": "user", "content": "hello there"}]
        )
        assert (answer.choices[0].message.content, answer._request_id) == (
            "echo: hello there",
            "req_loopback000001",
        )
        assert [one.id for one in (await sdk.models.list()).data] == ["loopback-model"]
    assert [one.route.provider for one in server.requests if one.route] == ["azure-deployments"] * 2


@pytest.mark.parametrize(
    ("base", "model", "says"),
    [
        ("/openai/v1", MANTLE_GPT, ""),
        ("/v1", MANTLE_OSS, ""),
        ("/v1", MANTLE_GPT, f"The model '{MANTLE_GPT}' does not support the '/v1/responses' API"),
        (
            "/openai/v1",
            MANTLE_OSS,
            f"The model '{MANTLE_OSS}' does not support the '/openai/v1/responses' API",
        ),
        ("/v1", "qwen.qwen3-32b", "The model 'qwen.qwen3-32b' does not support the '/v1/responses' API"),
        ("/v1", "us.openai.gpt-5.4", "The model 'us.openai.gpt-5.4' does not exist"),
        ("/v1", "acme.rocket-1", "The model 'acme.rocket-1' does not exist"),
    ],
)
async def test_the_sdk_of_openai_on_bedrock_mantle(
    server: LoopbackServer, base: str, model: str, says: str
) -> None:
    said = ""
    async with openai.AsyncOpenAI(
        base_url=f"{server.url}{base}", api_key="bedrock-api-key-any", max_retries=0
    ) as sdk:
        try:
            await sdk.responses.create(model=model, input="hello there", max_output_tokens=99)
        except openai.APIStatusError as error:
            said = str(error.body["message"])  # type: ignore[index]
    assert said == says
    (recorded,) = server.requests
    assert recorded.route is not None
    assert recorded.route.provider == "bedrock-mantle"


@with_todays_openai
@pytest.mark.parametrize(
    ("endpoint", "model", "host"),
    [("mantle", MANTLE_GPT, "bedrock-mantle"), ("runtime", RUNTIME.model, "bedrock-openai")],
)
async def test_the_sdk_of_openai_signs_for_bedrock(
    server: LoopbackServer, endpoint: Any, model: str, host: str
) -> None:
    providers = importlib.import_module("openai.providers")  # the oldest versions have none
    provider = providers.bedrock(
        endpoint=endpoint,
        region="us-east-1",
        base_url=f"{server.url}/openai/v1",
        access_key_id="AKIAANY",
        secret_access_key="any",
    )
    async with openai.AsyncOpenAI(provider=provider, max_retries=0) as sdk:
        stream = await sdk.responses.create(model=model, input="hello there", stream=True)
        events = [event async for event in stream]
    assert events[-1].type == "response.completed"
    (recorded,) = server.requests
    assert recorded.route is not None
    assert recorded.route.provider == host


def posted(
    server: LoopbackServer, path: str, body: Any, headers: dict[str, str], query: str = ""
) -> tuple[str, str]:
    """The content type and the text of an answer."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=5)
    try:
        connection.request("POST", path + query, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.headers.get("content-type", ""), answer.read().decode()
    finally:
        connection.close()


# Without an address: the environment, and a transport of its own


@pytest.mark.parametrize("door", [ANTHROPIC, AZURE, DEPLOYMENTS, MESSAGES], ids=str)
async def test_the_environment_leads_to_every_host(
    server: LoopbackServer, door: Door, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = environment_of({"ANTHROPIC_AUTH_TOKEN": "theirs"}, server, tmp_path)
    assert "ANTHROPIC_AUTH_TOKEN" not in given
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    if door is DEPLOYMENTS:
        monkeypatch.setenv("OPENAI_API_VERSION", "2024-10-21")
    async with LLMClient(provider=cast("Provider", door.host), default_model=door.model) as client:
        assert (await client.generate_text(asked())).text == "echo: hi"
    (recorded,) = server.requests
    assert recorded.route is not None
    assert recorded.route.provider == door.host


async def test_the_first_provider_of_the_environment_is_still_openai(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in environment_of({}, server, tmp_path).items():
        monkeypatch.setenv(name, value)
    async with LLMClient() as client:
        await client.generate_text(asked())
    assert server.requests[0].path == "/v1/responses"


@each_door
async def test_a_transport_without_a_socket_is_told_the_host(door: Door) -> None:
    fake = FakeTransport(Reply(text="Paris"), check=True)
    async with door.client("http://127.0.0.1:9", transport=fake) as client:
        assert (await client.generate_text(asked())).text == "Paris"
        with pytest.raises(ProviderError) as refused:
            await client.generate_text(asked(extra={"max_tokens": 10**9, "messages": []}))
    assert [sent.route.provider for sent in fake.sent] == [door.host] * 2
    assert refused.value.status == 400


def test_all_doors_but_the_vendors_own_are_tried() -> None:
    assert {door.host for door in DOORS} == {
        "anthropic",
        "azure",
        "azure-deployments",
        "bedrock-anthropic",
        "bedrock-mantle",
        "bedrock-openai",
    }
    assert {door.model for door in DOORS} >= {MANTLE_GPT, MANTLE_CLAUDE, MANTLE_OSS}
