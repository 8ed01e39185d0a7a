"""What spans hold where content is wanted: turns, tools and calls in the words of the conventions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from wires import CHAT, RESPONSES, WIRES, Wire, share_service_models

from smartllm import (
    CachePoint,
    Image,
    Message,
    MessageRequest,
    Reasoning,
    TextResponse,
    Tool,
    ToolCall,
    ToolResult,
)
from smartllm.runtime.observe import trace_content
from smartllm.structure_errors import StructureError
from smartllm.testing import LoopbackServer, Reply

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
CANARY = "canary-0010"
PICTURE = Image(file_id="file-1", media_type="image/png")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    share_service_models(monkeypatch)
    with LoopbackServer() as server:
        yield server


def told(span: ReadableSpan, name: str) -> Any:
    return json.loads(str((span.attributes or {})[f"gen_ai.{name}"]))


@each_wire
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_tools_calls_and_results(
    wire: Wire, streamed: bool, server: LoopbackServer, spans: InMemorySpanExporter
) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    call, turns = ToolCall("call_1", "weather", {"city": "Oslo"}), [Message("user", "The weather?")]
    turns += [Message("assistant", ["I look.", call])]
    turns += [Message("user", [ToolResult("call_1", {"degrees": 4}), "And Rome?"])]
    tools = [Tool("weather", "Of a city.", schema), Tool("clock")]
    request = MessageRequest(
        messages=turns, tools=tools, model=wire.model, api_type=wire.api_type, use_cache=False
    )
    server.script(Reply(text="I look again.", tool_calls=[ToolCall("call_2", "weather", {"city": "Rome"})]))
    async with wire.client(server.url, trace_content=True) as client:
        if streamed:
            _ = [chunk async for chunk in client.send_message_stream(request)]
        else:
            await client.send_message(request)
    (span,) = spans.get_finished_spans()
    asked = [(message["role"], message["parts"]) for message in told(span, "input.messages")]
    assert asked == [
        ("user", [{"type": "text", "content": "The weather?"}]),
        (
            "assistant",
            [
                {"type": "text", "content": "I look."},
                {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Oslo"}},
            ],
        ),
        ("tool", [{"type": "tool_call_response", "id": "call_1", "response": {"degrees": 4}}]),
        ("user", [{"type": "text", "content": "And Rome?"}]),
    ]
    (answer,) = told(span, "output.messages")
    assert answer["role"] == "assistant"
    assert answer["parts"] == [
        {"type": "text", "content": "I look again."},
        {"type": "tool_call", "id": "call_2", "name": "weather", "arguments": {"city": "Rome"}},
    ]
    weather, clock = told(span, "tool.definitions")
    assert weather == {
        "type": "function",
        "name": "weather",
        "description": "Of a city.",
        "parameters": schema,
    }
    assert (clock["name"], clock["parameters"]["type"], "description" in clock) == ("clock", "object", False)


async def test_without_content_nothing_of_tools_is_told(
    server: LoopbackServer, spans: InMemorySpanExporter
) -> None:
    server.script(Reply(tool_calls=[ToolCall("1", "look", {"canary": CANARY})]))
    async with RESPONSES.client(server.url) as client:
        await client.generate_text(RESPONSES.request("hi", tools=[Tool("look", CANARY)]))
    (span,) = spans.get_finished_spans()
    assert CANARY not in str(span.to_json())
    assert "gen_ai.tool.definitions" not in (span.attributes or {})


def test_other_parts_are_told_without_their_bytes() -> None:
    result = ToolResult("1", ["seen", Image(data=b"x" * 99, media_type="image/png")])
    turns = [Message("user", [Image(data=b"x" * 99), CachePoint(), result])]
    tool, user = json.loads(trace_content.input_messages(MessageRequest(messages=turns)))
    assert [part["type"] for part in user["parts"]] == ["image", "cache_point"]
    assert user["parts"][0]["data"] == "99 bytes"
    assert tool["parts"][0]["response"] == [
        "seen",
        {"type": "image", "data": "99 bytes", "media_type": "image/png"},
    ]
    own = [{"type": "web_search"}]
    assert json.loads(trace_content.tool_definitions(own)) == own


@each_wire
async def test_an_answer_that_a_schema_binds_is_text(
    wire: Wire, server: LoopbackServer, spans: InMemorySpanExporter
) -> None:
    server.script(Reply(structured={"city": "Rome"}))
    schema = {"title": "Place", "type": "object", "properties": {"city": {"type": "string"}}}
    async with wire.client(server.url, trace_content=True) as client:
        request = wire.request("hi", response_format=schema, structured_output="tool")
        response = await client.generate_text(request)
    (answer,) = told(spans.get_finished_spans()[0], "output.messages")
    assert answer["parts"] == [{"type": "text", "content": response.text}]


PLACE: dict[str, Any] = {
    "title": "Place",
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


@pytest.mark.parametrize("data", [{"city": "Rome"}, {"city": 5}], ids=["fits", "does not"])
@each_wire
async def test_words_before_the_data_are_kept(
    wire: Wire, server: LoopbackServer, spans: InMemorySpanExporter, data: dict[str, Any]
) -> None:
    call = {"id": "call_1", "name": "Place", "arguments": data}
    server.script(Reply(text="Here it is:", tool_calls=[call]))
    async with wire.client(server.url, trace_content=True) as client:
        request = wire.request("hi", response_format=PLACE, structured_output="tool")
        with suppress(StructureError):
            await client.generate_text(request)
    (answer,) = told(spans.get_finished_spans()[0], "output.messages")
    words, given = answer["parts"]
    assert words == {"type": "text", "content": "Here it is:"}
    assert (given["type"], json.loads(given["content"])) == ("text", data)


@pytest.mark.parametrize("data", [{"city": "Rome"}, {"city": 5}], ids=["fits", "does not"])
async def test_what_a_first_step_said_is_kept(
    server: LoopbackServer, spans: InMemorySpanExporter, data: dict[str, Any]
) -> None:
    server.script(Reply(text="It is Rome."), Reply(structured=data))
    async with CHAT.client(server.url, trace_content=True) as client:
        request = CHAT.request("hi", response_format=PLACE, structured_output="two_pass")
        with suppress(StructureError):
            await client.generate_text(request)
    (answer,) = told(spans.get_finished_spans()[-1], "output.messages")
    texts = ["It is Rome.", *(['{"city": "Rome"}'] if data["city"] == "Rome" else [])]
    assert answer["parts"] == [{"type": "text", "content": text} for text in texts]


@pytest.mark.parametrize("text", ['{"city": "Rome"}', "no idea"])
async def test_a_native_answer_is_told_once(
    server: LoopbackServer, spans: InMemorySpanExporter, text: str
) -> None:
    server.script(Reply(text=text))
    async with CHAT.client(server.url, trace_content=True) as client:
        with suppress(StructureError):
            await client.generate_text(CHAT.request("hi", response_format=PLACE, structured_output="native"))
    (answer,) = told(spans.get_finished_spans()[0], "output.messages")
    assert answer["parts"] == [{"type": "text", "content": text}]


def test_reasoning_and_what_is_made_by_hand() -> None:
    given = TextResponse(text="Paris", model="m", stop_reason="stop")
    assert json.loads(trace_content.output_messages(given))[0]["parts"] == [
        {"type": "text", "content": "Paris"}
    ]
    turns = [Message("user", "a"), Message("assistant", [Reasoning("m", "d", [{"b": 1}], "hm"), "b"])]
    turns += [Message("user", "c")]
    asked = json.loads(trace_content.input_messages(MessageRequest(messages=turns)))
    assert asked[1]["parts"][0] == {"type": "reasoning", "content": "hm"}


async def test_system_text_stands_apart(server: LoopbackServer, spans: InMemorySpanExporter) -> None:
    for content in (False, True):
        async with RESPONSES.client(server.url, trace_content=content) as client:
            await client.generate_text(RESPONSES.request("hi", system_prompt=CANARY))
    without, with_it = spans.get_finished_spans()
    assert CANARY not in str(without.to_json())
    assert told(with_it, "system_instructions") == [{"type": "text", "content": CANARY}]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        (Image(url=f"https://a.org/a.png?key={CANARY}"), {"type": "uri", "uri": "https://a.org/a.png"}),
        (Image(s3="s3://bucket/a.png"), {"type": "uri", "uri": "s3://bucket/a.png"}),
        (PICTURE, {"type": "file", "file_id": "file-1", "mime_type": "image/png"}),
    ],
    ids=["address", "bucket", "file"],
)
def test_media_that_stand_elsewhere(part: Image, expected: dict[str, str]) -> None:
    (turn,) = json.loads(trace_content.input_messages(MessageRequest(messages=[Message("user", [part])])))
    assert turn["parts"] == [expected | {"modality": "image"}]
