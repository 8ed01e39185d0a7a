"""Tool calls that the sandbox answers with: scripted ones, and those that a request forces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import aiohttp
import jsonschema
import pytest
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, WIRES, Wire, share_service_models

from smartllm import LLMClient, Message, MessageRequest, Tool, ToolCall, ToolResult
from smartllm.content import ToolCallDelta
from smartllm.rules import DIALECTS, Dialect
from smartllm.testing import FakeTransport, LoopbackServer, Reply
from smartllm.testing.answer import compose
from smartllm.testing.reply import HEADER, reply_of
from smartllm.testing.routes import WIRES as SPOKEN

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [Tool("weather", "The weather of a city.", CITY), Tool("clock")]
TWO: list[Any] = [
    ToolCall("", "weather", {"city": "Oslo"}),
    {"name": "clock", "arguments": {}},
]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    share_service_models(monkeypatch)
    with LoopbackServer(check=True) as server:
        yield server


def said(call: ToolCall) -> tuple[str, Any]:
    return call.name, call.arguments


@each_wire
async def test_several_calls_with_text_beside_them(wire: Wire, checked: LoopbackServer) -> None:
    checked.script(Reply(text="I look it up.", tool_calls=TWO))
    async with wire.client(checked.url) as client:
        response = await client.generate_text(wire.request(tools=TOOLS))
    assert response.text == "I look it up."
    assert [said(call) for call in response.tool_calls] == [("weather", {"city": "Oslo"}), ("clock", {})]
    assert len({call.id for call in response.tool_calls}) == 2
    assert response.finish_reason == "tool_calls"


@each_wire
async def test_a_stream_says_the_same_in_pieces(wire: Wire, checked: LoopbackServer) -> None:
    arguments = {"city": "Santiago de Compostela"}
    checked.script(Reply(text="I look.", tool_calls=[ToolCall("", "weather", arguments), *TWO]))
    async with wire.client(checked.url) as client:
        chunks = [chunk async for chunk in client.generate_text_stream(wire.request(tools=TOOLS))]
    deltas = [chunk.part for chunk in chunks if isinstance(chunk.part, ToolCallDelta)]
    first = [delta for delta in deltas if delta.index == 0]
    assert json.loads("".join(delta.arguments for delta in first)) == arguments
    assert len(first) > 2
    assert {delta.index for delta in deltas} == {0, 1, 2}
    response = chunks[-1].response
    assert response is not None
    assert [said(call)[0] for call in response.tool_calls] == ["weather", "weather", "clock"]


@each_wire
async def test_a_conversation_goes_on_with_the_ids_that_were_given(
    wire: Wire, checked: LoopbackServer
) -> None:
    checked.script(Reply(tool_calls=TWO))
    first = Message("user", "The weather in Oslo?")
    fields: dict[str, Any] = {
        "model": wire.model,
        "api_type": wire.api_type,
        "use_cache": False,
        "tools": TOOLS,
    }
    async with wire.client(checked.url) as client:
        calls = (await client.send_message(MessageRequest(messages=[first], **fields))).tool_calls
        turns = [
            first,
            Message("assistant", list(calls)),
            Message("user", [ToolResult(call.id, f"{call.name}: fine") for call in calls]),
        ]
        response = await client.send_message(MessageRequest(messages=turns, **fields))
    assert response.text == "echo: clock: fine"


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("text", "data"),
    [
        ('{"city": "Os', '{"city": "Os'),
        ("", {}),
        ("[1, 2]", [1, 2]),
        ("two words", "two words"),
        ("[" * 9_000, "[" * 9_000),
    ],
    ids=range(5),
)
def test_arguments_that_are_no_object_are_sent_as_they_are(dialect: Dialect, text: str, data: Any) -> None:
    wire = SPOKEN[dialect]
    answer = compose(wire.read({}, "m"), Reply(tool_calls=[ToolCall("call_9", "weather", text)]), 1)
    (sent,) = given_in(wire.whole(answer))
    assert sent == (text if dialect.startswith("openai") else data)
    assert (b"call_9" in b"".join(wire.frames(answer))) != (dialect == "anthropic_messages")


def given_in(answer: Any) -> list[Any]:
    """The arguments of the calls of a whole answer."""
    if isinstance(answer, list):
        return [found for item in answer for found in given_in(item)]
    if not isinstance(answer, dict):
        return []
    here = [answer[key] for key in ("arguments", "input") if key in answer]
    return here + [found for value in answer.values() for found in given_in(value)]


@each_wire
async def test_a_forced_tool_is_called_with_arguments_that_fit(wire: Wire, checked: LoopbackServer) -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "minLength": 3},
            "days": {"type": "integer", "minimum": 2},
            "units": {"type": "array", "items": {"enum": ["C", "F"]}, "minItems": 1},
        },
        "required": ["city", "days", "units"],
    }
    request = wire.request(tools=[*TOOLS, Tool("forecast", "", schema)], tool_choice="forecast")
    async with wire.client(checked.url) as client:
        (call,) = (await client.generate_text(request)).tool_calls
        (any_call,) = (
            await client.generate_text(wire.request(tools=TOOLS, tool_choice="required"))
        ).tool_calls
    jsonschema.validate(call.arguments, schema)
    assert said(any_call) == ("weather", {"city": ""})
    assert call.name == "forecast"


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_one_of_several_that_are_allowed_is_called(wire: Wire, checked: LoopbackServer) -> None:
    request = wire.request(tools=[Tool("first"), *TOOLS], tool_choice=["clock", "weather"], model="gpt-4.1")
    async with wire.client(checked.url) as client:
        (call,) = (await client.generate_text(request)).tool_calls
    assert call.name == "clock"


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_a_forced_custom_tool_is_called_with_a_word(wire: Wire, checked: LoopbackServer) -> None:
    own = {"name": "note"}
    tool = {"type": "custom", **(own if wire is RESPONSES else {"custom": own})}
    request = wire.request(tools=[tool], tool_choice="note", reasoning_effort="none", model="gpt-5.1")
    async with wire.client(checked.url) as client:
        (call,) = (await client.generate_text(request)).tool_calls
    assert (call.name, call.arguments) == ("note", "echo")


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_a_custom_tool_is_called_with_text(wire: Wire, checked: LoopbackServer) -> None:
    own = {"name": "note", "description": "Keeps a note."}
    tool = {"type": "custom", **(own if wire is RESPONSES else {"custom": own})}
    checked.script(Reply(tool_calls=[{"name": "note", "arguments": "two words"}]))
    request = wire.request(tools=[tool], reasoning_effort="none", model="gpt-5.1")
    async with wire.client(checked.url) as client:
        whole = await client.generate_text(request)
        checked.script(Reply(tool_calls=[{"name": "note", "arguments": "two words"}]))
        chunks = [chunk async for chunk in client.generate_text_stream(request)]
    streamed = chunks[-1].response
    assert streamed is not None
    for response in (whole, streamed):
        (call,) = response.tool_calls
        assert (call.name, call.arguments) == ("note", "two words")
    pieces = [chunk.part.arguments for chunk in chunks if isinstance(chunk.part, ToolCallDelta)]
    assert "".join(pieces) == "two words"
    assert len(pieces) > 1


async def test_calls_of_tools_that_nobody_declared(checked: LoopbackServer) -> None:
    checked.script(Reply(tool_calls=[ToolCall("x1", "teleport", {})]))
    async with INVOKE.client(checked.url) as client:
        response = await client.generate_text(INVOKE.request())
    assert list(response.tool_calls) == [ToolCall("x1", "teleport", {})]


async def test_no_arguments_are_no_pieces_on_bedrock() -> None:
    for wire in (INVOKE, CONVERSE):
        fake = FakeTransport(Reply(tool_calls=[{"name": "clock"}]))
        async with LLMClient(provider=wire.provider, transport=fake) as client:
            chunks = [chunk async for chunk in client.generate_text_stream(wire.request(tools=TOOLS))]
        pieces = [chunk.part.arguments for chunk in chunks if isinstance(chunk.part, ToolCallDelta)]
        assert "".join(pieces) in {"", "{}"}
        assert chunks[-1].response is not None
        assert chunks[-1].response.tool_calls[0].arguments == {}


# A request brings its own reply


async def test_a_header_says_how_a_request_is_answered(checked: LoopbackServer) -> None:
    checked.script(Reply(text="for whoever asks next"))
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}]}
    url = f"{checked.openai_base_url}/chat/completions"

    async def asked(reply: str | None) -> tuple[int, Any]:
        headers = {} if reply is None else {HEADER: reply}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=body, headers=headers) as answer,
        ):
            return answer.status, await answer.json()

    status, answer = await asked('{"tool_calls": [{"name": "clock", "arguments": {"zone": "UTC"}}]}')
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert (status, call["function"]) == (200, {"name": "clock", "arguments": '{"zone": "UTC"}'})
    status, answer = await asked('{"tool_call": []}')
    assert (status, HEADER in answer["error"]["message"]) == (400, True)
    status, answer = await asked("{")
    assert status == 400
    status, answer = await asked(None)
    assert answer["choices"][0]["message"]["content"] == "for whoever asks next"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([], "a reply is an object"),
        ({"tool_calls": [{}]}, r"tool_calls\[0\] has no name"),
        ({"tool_calls": ["weather"]}, r"tool_calls\[0\] has no name"),
        (
            {"tool_calls": [{"name": "a"}, {"name": "b", "input": {}}]},
            r"tool_calls\[1\] has 'input'; its fields are",
        ),
        ({"tools": []}, "tools"),
    ],
)
def test_a_wrong_reply_is_told_at_once(fields: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        reply_of(fields)
