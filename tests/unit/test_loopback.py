"""The loopback server, proven with the real OpenAI SDK and the real aiobotocore."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import openai
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from aiohttp import web
from botocore.eventstream import ChecksumMismatch
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError
from versions import with_todays_openai

from smartllm.testing import LoopbackServer, Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
PERSON = {"name": "Ada", "age": 36}

# Loading the service models is what takes long, and a session keeps them.
SESSION = get_session()


@asynccontextmanager
async def openai_client(server: LoopbackServer) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=server.openai_base_url, api_key="dummy", max_retries=0) as client:
        yield client


@asynccontextmanager
async def aws_client(server: LoopbackServer, service: str = "bedrock-runtime") -> AsyncIterator[Any]:
    config = AioConfig(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=5)
    async with SESSION.create_client(
        service,
        region_name="us-east-1",
        endpoint_url=server.url,
        aws_access_key_id="dummy",
        aws_secret_access_key="dummy",
        config=config,
    ) as client:
        yield client


def claude_body(**fields: Any) -> str:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello there"}]}],
    }
    return json.dumps(body | fields)


def converse_args(**fields: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": [{"text": "hello there"}]}]
    return {"modelId": MODEL, "messages": messages, **fields}


async def drained(stream: Any) -> list[Any]:
    try:
        return [event async for event in stream]
    finally:
        stream.close()


async def claude_events(client: Any, **fields: Any) -> list[Any]:
    answer = await client.invoke_model_with_response_stream(modelId=MODEL, body=claude_body(**fields))
    return [json.loads(event["chunk"]["bytes"]) for event in await drained(answer["body"])]


async def converse_events(client: Any, **fields: Any) -> list[Any]:
    answer = await client.converse_stream(**converse_args(**fields))
    return await drained(answer["stream"])


async def sse_events(stream: Any) -> list[Any]:
    async with stream:
        return [event async for event in stream]


# Responses


async def test_responses_echoes_the_last_user_text(server: LoopbackServer) -> None:
    async with openai_client(server) as client:
        answer = await client.responses.create(model="m", input="hello there", instructions="be kind")
    assert answer.output_text == "echo: hello there"
    assert answer.status == "completed"
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens) == (4, 3, 7)
    [recorded] = server.requests
    assert (recorded.method, recorded.path) == ("POST", "/v1/responses")
    assert recorded.json["instructions"] == "be kind"
    assert recorded.headers["authorization"] == "Bearer dummy"


async def test_responses_streams_every_event_in_order(server: LoopbackServer) -> None:
    async with openai_client(server) as client:
        events = await sse_events(await client.responses.create(model="m", input="hello there", stream=True))
    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * 3,
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].response.output_text == "echo: hello there"
    assert server.requests[0].frames_sent == len(events)


async def test_responses_accumulates_into_the_sdk_stream_reader(server: LoopbackServer) -> None:
    server.script(Reply(chunks=["a", "b"], thinking="one two", structured=PERSON, tool="save"))
    tools: Any = [{"type": "function", "name": "save", "parameters": SCHEMA, "strict": True}]
    async with (
        openai_client(server) as client,
        client.responses.stream(model="m", input="x", tools=tools) as stream,
    ):
        final = await stream.get_final_response()
    assert [item.type for item in final.output] == ["reasoning", "message", "function_call"]
    assert final.output_text == "ab"


async def test_responses_forced_tool_schema_and_reasoning(server: LoopbackServer) -> None:
    server.script(Reply(structured=PERSON), Reply(structured=PERSON, cached_tokens=5), Reply())
    tools: Any = [{"type": "function", "name": "save", "parameters": SCHEMA, "strict": True}]
    form: Any = {"format": {"type": "json_schema", "name": "person", "schema": SCHEMA, "strict": True}}
    async with openai_client(server) as client:
        called: Any = await client.responses.create(
            model="m", input="x", tools=tools, tool_choice={"type": "function", "name": "save"}
        )
        shaped = await client.responses.create(
            model="m", input="x", text=form, reasoning={"effort": "low", "summary": "auto"}
        )
        sampled = await client.responses.create(model="m", input="x", text=form)
    assert (called.output[0].name, json.loads(called.output[0].arguments)) == ("save", PERSON)
    assert json.loads(shaped.output_text) == PERSON
    assert shaped.output[0].type == "reasoning"
    assert shaped.usage is not None
    assert shaped.usage.input_tokens_details.cached_tokens == 5
    assert shaped.usage.output_tokens_details.reasoning_tokens > 0
    assert json.loads(sampled.output_text) == {"name": "", "age": 0}


async def test_responses_endings(server: LoopbackServer) -> None:
    server.script(
        Reply(text="half", stop_reason="max_output_tokens"),
        Reply(refusal="no", usage=None),
        Reply(stop_reason="failed"),
    )
    async with openai_client(server) as client:
        cut = await client.responses.create(model="m", input="x")
        refused: Any = await client.responses.create(model="m", input="x")
        failed = await client.responses.create(model="m", input="x")
    assert cut.status == "incomplete"
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"
    assert refused.output[0].content[0].refusal == "no"
    assert refused.usage is None
    assert failed.error is not None


# Chat Completions


async def test_chat_answers(server: LoopbackServer) -> None:
    server.script(Reply(), Reply(refusal="no"), Reply(usage={"prompt_tokens_details": {"cached_tokens": 9}}))
    async with openai_client(server) as client:
        for _ in range(3):
            last = await client.chat.completions.create(
                model="m", messages=[{"role": "user", "content": "hello there"}]
            )
            if len(server.requests) == 1:
                assert last.choices[0].message.content == "echo: hello there"
                assert last.choices[0].finish_reason == "stop"
            if len(server.requests) == 2:
                assert last.choices[0].message.refusal == "no"
                assert last.choices[0].message.content is None
    assert last.usage is not None
    assert last.usage.prompt_tokens_details is not None
    assert last.usage.prompt_tokens_details.cached_tokens == 9
    assert last.usage.total_tokens == 5


@pytest.mark.parametrize("include_usage", [True, False])
async def test_chat_streams_usage_only_when_asked(server: LoopbackServer, *, include_usage: bool) -> None:
    async with openai_client(server) as client:
        chunks = await sse_events(
            await client.chat.completions.create(
                model="m",
                messages=[{"role": "user", "content": "hello there"}],
                stream=True,
                stream_options={"include_usage": include_usage},
            )
        )
    texts = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(texts) == "echo: hello there"
    assert (chunks[-1].choices == []) is include_usage
    assert (chunks[-1].usage is not None) is include_usage


async def test_chat_streams_a_tool_call(server: LoopbackServer) -> None:
    server.script(Reply(structured=PERSON))
    tools: Any = [{"type": "function", "function": {"name": "save", "parameters": SCHEMA}}]
    async with openai_client(server) as client:
        chunks = await sse_events(
            await client.chat.completions.create(
                model="m",
                messages=[{"role": "user", "content": "x"}],
                tools=tools,
                tool_choice="required",
                stream=True,
            )
        )
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert calls[0].function.name == "save"
    assert json.loads("".join(call.function.arguments for call in calls)) == PERSON
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


# OpenAI faults


async def test_openai_error_statuses(server: LoopbackServer) -> None:
    server.script(
        Reply(status=429, headers={"retry-after": "7"}, error_message="slow down", error_code="slow_down"),
        Reply(status=400, error_body={"error": {"message": "bad", "code": "context_length_exceeded"}}),
        Reply(status=502, raw=b"<html>", content_type="text/html"),
    )
    async with openai_client(server) as client:
        with pytest.raises(openai.RateLimitError, match="slow down") as limited:
            await client.responses.create(model="m", input="x")
        with pytest.raises(openai.BadRequestError) as refused:
            await client.responses.create(model="m", input="x")
        with pytest.raises(openai.InternalServerError) as gateway:
            await client.responses.create(model="m", input="x")
    assert gateway.value.response.text == "<html>"
    assert limited.value.code == "slow_down"
    assert limited.value.response.headers["retry-after"] == "7"
    assert refused.value.code == "context_length_exceeded"


@with_todays_openai
async def test_openai_stream_faults(server: LoopbackServer) -> None:
    error = {"code": "rate_limit_exceeded", "message": "too much"}
    server.script(
        Reply(cut_after=3),
        Reply(stream_error=error, stream_error_after=4),
        Reply(stream_error={"type": "response.failed", **error}, stream_error_after=1),
        Reply(stream_error={"error": error}),
        Reply(cut_after=0),
    )
    async with openai_client(server) as client:
        with pytest.raises(openai.APIConnectionError):
            await sse_events(await client.responses.create(model="m", input="x", stream=True))
        flat = await sse_events(await client.responses.create(model="m", input="x", stream=True))
        failed = await sse_events(await client.responses.create(model="m", input="x", stream=True))
        with pytest.raises(openai.APIError, match="too much"):
            await sse_events(await client.responses.create(model="m", input="x", stream=True))
        with pytest.raises(openai.APIConnectionError):
            await client.responses.create(model="m", input="x")
    assert server.requests[0].frames_sent == 3
    assert (len(flat), flat[-1].type, flat[-1].code) == (5, "error", "rate_limit_exceeded")
    assert failed[-1].response.error.code == "rate_limit_exceeded"


async def test_chat_stream_error_raises(server: LoopbackServer) -> None:
    server.script(Reply(stream_error={"message": "broken"}, stream_error_after=2))
    async with openai_client(server) as client:
        stream = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "x"}], stream=True
        )
        with pytest.raises(openai.APIError, match="broken"):
            await sse_events(stream)


# Claude on InvokeModel


async def test_invoke_model(server: LoopbackServer) -> None:
    server.script(Reply(cached_tokens=3), Reply(structured=PERSON), Reply(refusal="no"), Reply(usage=None))
    tools = [{"name": "save", "input_schema": SCHEMA}]
    bodies = [
        claude_body(thinking={"type": "adaptive"}),
        claude_body(tools=tools, tool_choice={"type": "tool", "name": "save"}),
        claude_body(),
        claude_body(),
    ]
    answers = []
    async with aws_client(server) as client:
        for body in bodies:
            response = await client.invoke_model(modelId=MODEL, body=body)
            answers.append(json.loads(await response["body"].read()))
    thought, called, refused, uncounted = answers
    assert [block["type"] for block in thought["content"]] == ["thinking", "text"]
    assert thought["content"][1]["text"] == "echo: hello there"
    assert thought["stop_reason"] == "end_turn"
    assert thought["usage"]["cache_read_input_tokens"] == 3
    assert thought["usage"]["output_tokens_details"]["thinking_tokens"] > 0
    assert called["content"][0]["input"] == PERSON
    assert called["stop_reason"] == "tool_use"
    assert (refused["stop_reason"], refused["content"]) == ("refusal", [])
    assert uncounted["usage"] is None


async def test_model_ids_are_decoded(server: LoopbackServer) -> None:
    async with aws_client(server) as client:
        for model in (MODEL, ARN):
            response = await client.invoke_model(modelId=model, body=claude_body())
            assert json.loads(await response["body"].read())["model"] == model
    assert server.requests[1].path == f"/model/{ARN}/invoke"
    assert server.requests[1].raw_path == f"/model/{ARN.replace(':', '%3A').replace('/', '%2F')}/invoke"


async def test_invoke_model_stream(server: LoopbackServer) -> None:
    server.script(Reply(chunks=["Hel", "lo"], thinking="hm so"), Reply(structured=PERSON))
    async with aws_client(server) as client:
        events = await claude_events(client)
        called = await claude_events(
            client, tools=[{"name": "save", "input_schema": SCHEMA}], tool_choice={"type": "any"}
        )
    assert [event["type"] for event in events] == [
        "message_start",
        "content_block_start",
        "ping",
        *["content_block_delta"] * 3,
        "content_block_stop",
        "content_block_start",
        *["content_block_delta"] * 2,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert events[-2]["usage"]["output_tokens"] == 3
    assert events[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] == 3
    parts = [event["delta"]["partial_json"] for event in called if event["type"] == "content_block_delta"]
    assert json.loads("".join(parts)) == PERSON


# Converse


async def test_converse(server: LoopbackServer) -> None:
    server.script(Reply(thinking="hm", cached_tokens=4), Reply(structured=PERSON), Reply(structured=PERSON))
    spec = {"toolSpec": {"name": "save", "inputSchema": {"json": SCHEMA}}}
    structure = {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "person"}}
    async with aws_client(server) as client:
        plain = await client.converse(**converse_args())
        called = await client.converse(
            **converse_args(toolConfig={"tools": [spec], "toolChoice": {"tool": {"name": "save"}}})
        )
        shaped = await client.converse(
            **converse_args(outputConfig={"textFormat": {"type": "json_schema", "structure": structure}})
        )
    reasoning, text = plain["output"]["message"]["content"]
    assert reasoning["reasoningContent"]["reasoningText"]["text"] == "hm"
    assert text == {"text": "echo: hello there"}
    assert plain["stopReason"] == "end_turn"
    assert plain["usage"] == {
        "inputTokens": 2,
        "outputTokens": 4,
        "totalTokens": 10,
        "cacheReadInputTokens": 4,
        "cacheWriteInputTokens": 0,
    }
    assert called["output"]["message"]["content"][0]["toolUse"]["input"] == PERSON
    assert called["stopReason"] == "tool_use"
    assert json.loads(shaped["output"]["message"]["content"][0]["text"]) == PERSON


async def test_converse_stream(server: LoopbackServer) -> None:
    server.script(Reply(thinking="hm", structured=PERSON))
    spec = {"toolSpec": {"name": "save", "inputSchema": {"json": SCHEMA}}}
    async with aws_client(server) as client:
        events = await converse_events(client, toolConfig={"tools": [spec], "toolChoice": {"any": {}}})
    kinds = [next(iter(event)) for event in events]
    assert kinds[0] == "messageStart"
    assert kinds[-2:] == ["messageStop", "metadata"]
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    assert deltas[0] == {"reasoningContent": {"text": "hm"}}
    assert "signature" in deltas[1]["reasoningContent"]
    assert json.loads("".join(delta["toolUse"]["input"] for delta in deltas[2:])) == PERSON


# Bedrock faults


async def test_bedrock_errors(server: LoopbackServer) -> None:
    server.script(
        Reply(status=429, error_message="Too many tokens"),
        Reply(status=400, error_code="ServiceQuotaExceededException"),
    )
    async with aws_client(server) as client:
        with pytest.raises(ClientError) as throttled:
            await client.converse(**converse_args())
        with pytest.raises(client.exceptions.ServiceQuotaExceededException):
            await client.invoke_model(modelId=MODEL, body=claude_body())
    assert throttled.value.response["Error"] == {"Message": "Too many tokens", "Code": "ThrottlingException"}
    assert throttled.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert len(server.requests) == 2


async def test_bedrock_stream_faults(server: LoopbackServer) -> None:
    server.script(
        Reply(stream_error={"type": "throttlingException", "message": "slow"}, stream_error_after=2),
        Reply(bad_crc_at=2),
        Reply(cut_after=2),
        Reply(cut_after=0),
    )
    async with aws_client(server) as client:
        with pytest.raises(EventStreamError) as broken:
            await converse_events(client)
        with pytest.raises(ChecksumMismatch):
            await claude_events(client)
        with pytest.raises(aiohttp.ClientPayloadError):
            await claude_events(client)
        with pytest.raises(ConnectionClosedError):
            await client.converse(**converse_args())
    assert broken.value.response["Error"] == {"Code": "throttlingException", "Message": "slow"}
    assert server.requests[2].frames_sent == 2
    assert not any(recorded.disconnected for recorded in server.requests[2:])


# The server itself


async def test_listings(server: LoopbackServer) -> None:
    async with openai_client(server) as client:
        assert [model.id async for model in client.models.list()] == ["loopback-model"]
    async with aws_client(server, "bedrock") as client:
        models = await client.list_foundation_models()
        profiles = await client.list_inference_profiles()
    assert models["modelSummaries"][0]["modelId"] == "loopback-model"
    assert profiles["inferenceProfileSummaries"][0]["inferenceProfileId"] == "us.loopback-model"


async def test_a_stalled_stream_shows_the_client_leaving(server: LoopbackServer) -> None:
    server.script(Reply(stall_after=2, stall_seconds=30))
    async with openai_client(server) as client:
        stream = await client.responses.create(model="m", input="x", stream=True)
        assert (await anext(stream)).type == "response.created"
        await stream.close()
    recorded = server.requests[0]
    for _ in range(500):
        if not recorded.disconnected:
            await asyncio.sleep(0.01)
    assert recorded.disconnected
    assert recorded.frames_sent == 2


async def test_delay_comes_before_the_headers(server: LoopbackServer) -> None:
    server.script(Reply(delay=0.2))
    async with openai_client(server) as client:
        started = time.perf_counter()
        await client.responses.create(model="m", input="x")
    assert time.perf_counter() - started >= 0.2


async def test_an_unknown_path_is_refused_and_a_raw_reply_answers_it(server: LoopbackServer) -> None:
    async with aiohttp.ClientSession(server.url) as session:
        async with session.get("/nothing/here") as response:
            assert response.status == 404
        async with session.post("/v1/responses", data=b"not json") as response:
            assert response.status == 400
        server.script(Reply(raw=b"{}"))
        async with session.post("/") as response:
            assert await response.json() == {}
    assert server.requests[1].body == b"not json"


def test_the_server_starts_again_after_a_stop() -> None:
    server = LoopbackServer(models=["a", "b"])
    for _ in range(2):
        with server, openai.OpenAI(base_url=server.openai_base_url, api_key="x", max_retries=0) as client:
            assert [model.id for model in client.models.list()] == ["a", "b"]
    with (
        openai.OpenAI(base_url=server.openai_base_url, api_key="x", max_retries=0) as client,
        pytest.raises(openai.APIConnectionError),
    ):
        client.models.list()


def test_the_server_stops_while_a_request_waits() -> None:
    with LoopbackServer() as server:
        server.script(Reply(delay=30))
        host, port = server.url.removeprefix("http://").split(":")
        waiting = socket.create_connection((host, int(port)), timeout=5)
        waiting.sendall(b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
        while not server.requests:
            time.sleep(0.001)
        started = time.perf_counter()
    with waiting:
        assert waiting.recv(1) == b""
    assert time.perf_counter() - started < 5
    assert not server.requests[0].disconnected


async def test_who_leaves_between_two_frames_is_no_error(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begin = web.StreamResponse.prepare

    async def leave(response: web.StreamResponse, request: web.Request) -> Any:
        begun = await begin(response, request)
        assert request.transport is not None
        request.transport.close()
        return begun

    monkeypatch.setattr(web.StreamResponse, "prepare", leave)
    async with aiohttp.ClientSession() as session:
        body = {"model": "gpt-5.4", "input": "hi", "stream": True}
        with pytest.raises(aiohttp.ClientError):
            async with session.post(f"{server.url}/v1/responses", json=body) as response:
                await response.read()
    for _ in range(400):
        if server.requests[0].disconnected:
            break
        await asyncio.sleep(0.005)
    assert server.requests[0].disconnected
    assert [record.message for record in caplog.records if record.name == "aiohttp.server"] == []
