"""The sandbox counts tokens where a host does, and refuses what that host would refuse."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from aiohttp import ClientSession

from smartllm import LLMClient
from smartllm.errors import BadRequestError
from smartllm.testing import FakeTransport, LoopbackServer, Reply
from smartllm.testing.counting import body_in, counted, holds
from smartllm.testing.routes import find_route

HAIKU, SONNET = "anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-sonnet-4-6"
INVOKE: dict[str, Any] = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 10,
    "messages": [{"role": "user", "content": "one two"}],
}
CONVERSE: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": "one two"}]}]}
RESPONSES: dict[str, Any] = {"model": "gpt-5.4", "input": "one two"}


def wrapped(body: dict[str, Any] | None, kind: str = "invokeModel") -> dict[str, Any]:
    if kind == "converse":
        return {"input": {"converse": body}}
    return {"input": {"invokeModel": {"body": base64.b64encode(json.dumps(body).encode()).decode()}}}


async def post(server: LoopbackServer, path: str, body: Any) -> tuple[int, dict[str, Any]]:
    async with ClientSession() as session, session.post(server.url + path, json=body) as response:
        return response.status, await response.json()


def at(model: str) -> str:
    return f"/model/{model}/count-tokens"


@pytest.mark.parametrize(
    ("path", "body", "dialect", "key"),
    [
        (at(SONNET), wrapped(INVOKE), "anthropic_messages", "inputTokens"),
        (at(SONNET), wrapped(CONVERSE, "converse"), "bedrock_converse", "inputTokens"),
        ("/v1/responses/input_tokens", RESPONSES, "openai_responses", "input_tokens"),
    ],
)
async def test_the_body_inside_is_counted(
    server: LoopbackServer, path: str, body: Any, dialect: str, key: str
) -> None:
    assert await post(server, path, body) == (200, {key: 2})
    (recorded,) = server.requests
    assert recorded.route is not None
    assert recorded.route.dialect == dialect
    assert not recorded.route.streams({"stream": True})
    server.script(Reply(usage={key: 1234}), Reply(cached_tokens=5))
    assert await post(server, path, body) == (200, {key: 1234})
    assert await post(server, path, body) == (200, {key: 7})


@pytest.mark.parametrize(
    "body", [None, [], {}, {"input": {}}, {"input": {"invokeModel": {"body": "%%"}}}, wrapped(None)]
)
async def test_what_holds_no_body_is_not_understood(server: LoopbackServer, body: Any) -> None:
    status, said = await post(server, at(SONNET), body)
    assert status == 400
    assert "not understood" in said["message"]


async def test_counting_keeps_no_prompt(server: LoopbackServer) -> None:
    mark = {"type": "text", "text": "word " * 5000, "cache_control": {"type": "ephemeral"}}
    body = {**INVOKE, "system": [mark]}
    first = await post(server, at(SONNET), wrapped(body))
    again = await post(server, at(SONNET), wrapped(body))
    assert first == again == (200, {"inputTokens": 5002})
    _, answer = await post(server, f"/model/us.{SONNET}/invoke", body)
    assert answer["usage"]["cache_read_input_tokens"] == 0
    assert answer["usage"]["cache_creation_input_tokens"] > 4000
    asked = {"model": "gpt-5.4", "input": "word " * 5000}
    assert await post(server, "/v1/responses/input_tokens", asked) == (200, {"input_tokens": 5000})
    _, answer = await post(server, "/v1/responses", asked)
    assert answer["usage"]["input_tokens_details"]["cached_tokens"] == 0


@pytest.fixture(scope="module")
def strict() -> Any:
    with LoopbackServer(check=True, models=("mine",)) as server:
        yield server


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        (SONNET, wrapped(INVOKE), ""),
        (HAIKU, wrapped(CONVERSE, "converse"), ""),
        ("mine", wrapped(INVOKE), ""),
        (f"us.{SONNET}", wrapped(INVOKE), "The provided model doesn't support counting tokens."),
        ("anthropic.claude-opus-5", wrapped(INVOKE), "The provided model doesn't support counting tokens."),
        (
            "amazon.nova-pro-v1:0",
            wrapped(CONVERSE, "converse"),
            "The provided model doesn't support counting tokens.",
        ),
        ("amazon.nova-pro-v1:0", wrapped(INVOKE), "The provided model doesn't support counting tokens."),
        ("anthropic.claude-haiku-4-5", wrapped(INVOKE), "The provided model identifier is invalid."),
        ("no.such-model", wrapped(INVOKE), "The provided model identifier is invalid."),
        (
            SONNET,
            wrapped({k: v for k, v in INVOKE.items() if k != "max_tokens"}),
            "max_tokens: Field required",
        ),
        (
            SONNET,
            wrapped({k: v for k, v in INVOKE.items() if k != "anthropic_version"}),
            "anthropic_version: Field required",
        ),
        (
            SONNET,
            wrapped({**CONVERSE, "inferenceConfig": {"maxTokens": 1}}, "converse"),
            "extraneous key [inferenceConfig]",
        ),
        (SONNET, wrapped({**INVOKE, "temperature": 3}), "temperature"),
    ],
)
async def test_bedrocks_refusals(strict: LoopbackServer, model: str, body: Any, words: str) -> None:
    status, said = await post(strict, at(model), body)
    assert (status, words in said.get("message", "")) == (400 if words else 200, True)


async def test_the_fact_behind_a_refusal_is_found(strict: LoopbackServer) -> None:
    strict.reset()
    await post(strict, at("anthropic.claude-opus-5"), wrapped(INVOKE))
    await post(strict, at(SONNET), wrapped({**INVOKE, "temperature": 3}))
    first, second = strict.requests
    assert first.fact == "count_tokens.available"
    assert "profiles/anthropic.toml:" in first.fact_row
    assert second.fact.startswith("temperature")


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({}, 200, ""),
        ({"store": False}, 400, "Unknown parameter: 'store'."),
        ({"max_output_tokens": 20}, 400, "Unknown parameter: 'max_output_tokens'."),
        ({"model": "gpt-none"}, 404, "does not exist"),
    ],
)
async def test_openais_refusals(strict: LoopbackServer, change: Any, status: int, words: str) -> None:
    got, said = await post(strict, "/v1/responses/input_tokens", {**RESPONSES, **change})
    assert (got, words in said.get("error", {}).get("message", "")) == (status, True)


async def test_anthropics_refusals() -> None:
    fake = FakeTransport(check=True)
    async with LLMClient(provider="anthropic", api_key="k", transport=fake) as client:
        assert (await client.count_tokens("one", model="claude-sonnet-4-5")).input_tokens == 1
        with pytest.raises(BadRequestError, match="Unsupported value"):
            await client.count_tokens(
                "one", model="claude-sonnet-4-5", extra={"output_config": {"effort": "no"}}
            )


def test_one_path_is_told_apart_by_its_body() -> None:
    route = find_route("POST", at(SONNET), body=json.dumps(wrapped(CONVERSE, "converse")).encode())
    assert (route.dialect, route.operation) == ("bedrock_converse", "CountTokens")
    assert route.count is not None
    assert holds(json.dumps(wrapped(CONVERSE, "converse")).encode(), route.count)
    assert not holds(b"", route.count)
    assert find_route("POST", at(SONNET)).count is not None
    assert body_in(json.dumps(wrapped(CONVERSE, "converse")).encode(), route.count) == CONVERSE
    assert counted.__doc__


def test_pictures_inside_are_seen() -> None:
    data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    source = {"type": "base64", "media_type": "image/png", "data": data}
    turn = {"role": "user", "content": [{"type": "image", "source": source}]}
    raw = json.dumps(wrapped({**INVOKE, "messages": [turn]})).encode()
    assert len(find_route("POST", at(SONNET), body=raw).seen(raw)) == 1
