"""One request, four wires: what goes out, and what comes back."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import json
import subprocess
import sys
import warnings
from contextlib import aclosing
from contextvars import copy_context
from typing import Any

import aiobotocore.session
import pytest
from aiobotocore.config import AioConfig
from botocore import xform_name
from wires import (
    AWS_KEYS,
    CHAT,
    CLAUDE,
    CONVERSE,
    INVOKE,
    RESPONSES,
    WIRES,
    Wire,
    each_bedrock_wire,
    each_wire,
)

from smartllm import LLMClient, TextRequest, Usage
from smartllm.errors import ConfigError
from smartllm.runtime.wire import session as wire_session
from smartllm.runtime.wire.connections import Connector
from smartllm.testing import LoopbackServer, Reply

UNICODE = 'Grüße, 世界 🌍 "quoted" \\ \n\t\u2028 {{7*7}} </script> \x7f'


STOPS = {"responses": "completed", "chat_completions": "stop", "invoke": "end_turn", "converse": "end_turn"}


@each_wire
async def test_generate_text_returns_a_whole_answer(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(text="Paris.", cached_tokens=5))
    before = dt.datetime.now(dt.UTC)
    async with wire.client(server.url) as client:
        response = await client.generate_text(wire.request("What is the capital of France?"))
    assert (response.text, response.stop_reason) == ("Paris.", STOPS[wire.api_type])
    assert response.model == wire.model
    assert response.usage == Usage(11, 1, 0, 5)  # six words, and five tokens from the cache
    assert response.metadata == {"prompt": "What is the capital of France?"}
    assert (response.structured_data, response.cache_source, response.diagnostics) == (None, "miss", ())
    assert response.timestamp is not None
    moment = dt.datetime.fromisoformat(response.timestamp)
    assert moment.utcoffset() == dt.timedelta(0)
    assert before <= moment <= dt.datetime.now(dt.UTC)
    assert response.elapsed_seconds is not None
    assert 0 < response.elapsed_seconds < 10
    assert server.requests[0].raw_path == wire.raw_path()


@each_wire
async def test_send_message_returns_a_whole_answer(wire: Wire, server: LoopbackServer) -> None:
    turns = (("user", "My name is Ada."), ("assistant", "Hello."), ("user", "Who am I?"))
    request = wire.conversation(*turns, system_prompt="Be kind.")
    async with wire.client(server.url) as client:
        response = await client.send_message(request)
    assert (response.text, response.stop_reason) == ("echo: Who am I?", STOPS[wire.api_type])
    assert response.metadata == {"messages": [{"role": role, "content": text} for role, text in turns]}
    assert response.input_tokens == 10
    assert response.output_tokens == 4


@each_wire
async def test_thinking_and_reasoning_tokens_arrive(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(text="42", thinking="six times seven"))
    async with wire.client(server.url) as client:
        response = await client.generate_text(wire.request("6*7?", reasoning_effort="low"))
    assert response.text == "42"
    if wire is not CHAT:  # Chat Completions has no field for the thoughts themselves.
        assert response.metadata["thinking"] == "six times seven"
    if wire is not CONVERSE:  # Converse reports no share of the thinking.
        assert response.reasoning_tokens == 3
    assert response.output_tokens == 4


@each_wire
async def test_diagnostics_arrive_with_the_answer(wire: Wire, server: LoopbackServer) -> None:
    request = wire.request(extra={"metadata" if wire is not CONVERSE else "requestMetadata": {"a": "b"}})
    async with wire.client(server.url) as client:
        response = await client.generate_text(request)
        assert response.diagnostics == client.compile(request).diagnostics
    assert [item.code for item in response.diagnostics] == ["extra-merged"]


@each_wire
@pytest.mark.parametrize("prompt", ["plain", UNICODE], ids=["ascii", "unicode"])
async def test_the_compiled_bytes_are_what_is_sent(wire: Wire, prompt: str, server: LoopbackServer) -> None:
    request = wire.request(prompt, system_prompt=prompt, top_p=0.5, max_tokens=99)
    async with wire.client(server.url) as client:
        plan = client.compile(request)
        response = await client.generate_text(request)
    [recorded] = server.requests
    assert recorded.body == plan.steps[0].payload
    assert json.loads(recorded.body) == plan.body
    assert recorded.headers["content-type"] == "application/json"
    assert int(recorded.headers["content-length"]) == len(plan.steps[0].payload)
    assert recorded.raw_path == wire.raw_path()
    assert response.text == f"echo: {prompt}"


async def test_an_arn_is_one_path_segment(server: LoopbackServer) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
    async with INVOKE.client(server.url) as client:
        await client.generate_text(TextRequest(prompt="hi", model=arn, like=CLAUDE))
    assert server.requests[0].raw_path == f"/model/{arn.replace(':', '%3A').replace('/', '%2F')}/invoke"


@each_bedrock_wire
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_what_goes_out_is_what_botocore_would_send(
    wire: Wire, streamed: bool, server: LoopbackServer
) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ünï c0de"
    request = wire.request(UNICODE, system_prompt=UNICODE, model=arn, like=CLAUDE)
    async with wire.client(server.url) as client:
        if streamed:
            async with aclosing(client.generate_text_stream(request)) as chunks:
                await anext(chunks)
        else:
            await client.generate_text(request)
        step = client.compile(request.model_copy(update={"stream": streamed})).steps[0]
    given = {"body": step.payload, "contentType": "application/json", "accept": "application/json"}
    given = step.body if wire is CONVERSE else given
    config = AioConfig(retries={"total_max_attempts": 1, "mode": "standard"})
    session = aiobotocore.session.get_session()
    async with session.create_client(
        "bedrock-runtime", "us-east-1", endpoint_url=server.url, config=config, **AWS_KEYS
    ) as botocore:
        reply = await getattr(botocore, xform_name(step.operation))(modelId=arn, **given)
        if "body" in reply:
            reply["body"].close()
        elif "stream" in reply:
            reply["stream"].close()
    ours, theirs = server.requests
    assert ours.body == step.payload
    assert json.loads(ours.body) == json.loads(theirs.body)
    assert (ours.method, ours.raw_path) == (theirs.method, theirs.raw_path)
    changing = {"authorization", "content-length", "x-amz-date", "amz-sdk-invocation-id", "amz-sdk-request"}
    changing.add("user-agent")
    kept = [{name: sent.headers[name] for name in set(sent.headers) - changing} for sent in (ours, theirs)]
    assert kept[0] == kept[1]
    signed = [sent.headers["authorization"].partition("Signature=")[0] for sent in (ours, theirs)]
    assert signed[0] == signed[1].replace("amz-sdk-invocation-id;amz-sdk-request;", "")


@each_wire
async def test_concurrent_prompts_are_not_mixed_up(wire: Wire, server: LoopbackServer) -> None:
    prompts = [f"prompt number {index} ü" for index in range(20)]
    shared = copy_context()
    loop = asyncio.get_running_loop()
    async with wire.client(server.url) as client:
        # One context for all tasks: nothing of a call may live there.
        tasks = [
            loop.create_task(client.generate_text(wire.request(prompt)), context=shared) for prompt in prompts
        ]
        answers = await asyncio.gather(*tasks)
        payloads = {client.compile(wire.request(prompt)).steps[0].payload for prompt in prompts}
    assert [answer.text for answer in answers] == [f"echo: {prompt}" for prompt in prompts]
    assert {recorded.body for recorded in server.requests} == payloads
    assert len(server.requests) == 20


@each_wire
async def test_connections_are_made_once_for_concurrent_first_calls(
    wire: Wire, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Connector] = []

    class Counted(Connector):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            made.append(self)

    monkeypatch.setattr(wire_session, "Connector", Counted)
    async with wire.client(server.url) as client:
        await asyncio.gather(*(client.generate_text(wire.request()) for _ in range(20)))
    assert len(made) == 1
    assert len(server.requests) == 20


async def test_calls_load_no_sdk(server: LoopbackServer) -> None:
    """They cost half a second; what they know of addresses, headers, certificates is held by comparisons."""
    calls = "\n".join(
        f"asyncio.run(ask({wire.settings(server.url)!r}, model={wire.model!r}, api_type={wire.api_type!r}))"
        for wire in WIRES
    )
    script = f"""
import asyncio, sys
sys.modules.update(dict.fromkeys(["openai", "aiobotocore", "botocore.session", "botocore.client"]))
from smartllm import LLMClient, TextRequest
async def ask(settings, **how):
    async with LLMClient(**settings) as client:
        request = TextRequest(prompt="hi", use_cache=False, **how)
        print(how["api_type"], (await client.generate_text(request)).text)
{calls}
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    expected = "".join(f"{wire.api_type} echo: hi\n" for wire in WIRES)
    assert (done.stdout, done.stderr) == (expected, "")


@each_wire
@pytest.mark.filterwarnings("error")
async def test_closing_leaves_nothing_open(wire: Wire, server: LoopbackServer) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        unused = wire.client(server.url)
        await unused.aclose()
        client = wire.client(server.url)
        await client.generate_text(wire.request())
        await client.aclose()
        await client.aclose()
        del client, unused
        gc.collect()
    assert [item for item in caught if issubclass(item.category, ResourceWarning)] == []


@each_wire
async def test_a_closed_client_says_so(wire: Wire, server: LoopbackServer) -> None:
    client = wire.client(server.url)
    calls = client._calls
    step = client.compile(wire.request()).steps[0]
    await client.aclose()
    with pytest.raises(ConfigError, match="this client is closed"):
        await client.generate_text(wire.request())
    with pytest.raises(ConfigError, match="this client is closed"):
        await client.__aenter__()
    if wire.provider == "bedrock":  # A call that was under way must not open a second client.
        with pytest.raises(ConfigError, match="this client is closed"):
            await calls.send(step)
    assert server.requests == []


async def test_entering_twice_says_so(server: LoopbackServer) -> None:
    client = RESPONSES.client(server.url)
    async with client:
        with pytest.raises(ConfigError, match="already in use"):
            await client.__aenter__()
        assert (await client.generate_text(RESPONSES.request())).text == "echo: hello there"
    with pytest.raises(ConfigError, match="this client is closed"):
        await client.__aenter__()


@each_wire
async def test_client_defaults_apply_where_the_request_sets_nothing(
    wire: Wire, server: LoopbackServer
) -> None:
    async with wire.client(server.url, temperature=0.25, max_tokens=77) as client:
        await client.generate_text(wire.request())
        await client.generate_text(wire.request(temperature=0.5, max_tokens=88))
    found = [_settings(recorded.json) for recorded in server.requests]
    assert found == [(0.25, 77), (0.5, 88)]


@pytest.mark.parametrize("wire", WIRES[:2], ids=lambda wire: wire.api_type)
async def test_a_default_temperature_is_not_sent_where_it_is_rejected(
    wire: Wire, server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with wire.client(server.url, temperature=0.25) as client:
        response = await client.generate_text(wire.request(model="gpt-6.1-sol", max_tokens=2048))
    assert "temperature" not in server.requests[0].json
    assert response.diagnostics == ()
    assert caplog.records == []


@each_bedrock_wire
async def test_a_default_temperature_is_not_sent_to_claude_that_rejects_it(
    wire: Wire, server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with wire.client(server.url, temperature=0.25) as client:
        response = await client.generate_text(wire.request(model="eu.anthropic.claude-opus-4-7"))
    assert "temperature" not in server.requests[0].body.decode()
    assert response.diagnostics == ()
    assert caplog.records == []


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(
        ConfigError, match=r"tempreature: there is no such setting; did you mean temperature\?"
    ):
        LLMClient(provider="openai", api_key="k", tempreature=1)  # type: ignore[call-arg]


def _settings(body: dict[str, Any]) -> tuple[Any, Any]:
    config = body.get("inferenceConfig", body)
    names = ("max_tokens", "maxTokens", "max_output_tokens", "max_completion_tokens")
    return config.get("temperature"), next(config[name] for name in names if name in config)
