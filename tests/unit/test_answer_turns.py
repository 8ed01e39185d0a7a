"""An answer as a turn of the conversation: texts, reasoning and calls, in the provider's order."""

from __future__ import annotations

from typing import Any

import pytest
from part_events import Said
from part_transport import Scripted, client_of
from pydantic import BaseModel, TypeAdapter
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, each_wire

import smartllm
from smartllm import Message, TextResponse, Usage
from smartllm.content import Other, Reasoning, Text, ToolCall

ROME = Said("call", arguments={"city": "Rome"})
OSLO = Said("call", arguments={"city": "Oslo"})
each_claude = pytest.mark.parametrize("wire", [INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
each_openai = pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)


class Person(BaseModel):
    name: str


async def answer(wire: Wire, *said: Said, **fields: Any) -> TextResponse[Any]:
    async with client_of(wire, Scripted(wire, *said)) as client:
        return await client.generate_text(wire.request(prompt="hi", **fields))


def kinds(turn: Message) -> list[str]:
    return [part if isinstance(part, str) else part.type for part in turn.content]


@each_wire
async def test_an_answer_without_calls_is_its_text(wire: Wire) -> None:
    response = await answer(wire, Said("text", "Pa"))
    assert response.as_message() == Message("assistant", "Pa")
    assert response.as_message().content == "Pa"


@each_claude
async def test_reasoning_before_one_text_stands_beside_it(wire: Wire) -> None:
    response = await answer(wire, Said("thought", "hm"), Said("text", "Pa"))
    turn = response.as_message()
    assert (turn.content, turn.reasoning) == ("Pa", response.reasoning)
    assert turn.reasoning is not None


@each_claude
async def test_reasoning_between_texts_and_calls_keeps_its_place(wire: Wire) -> None:
    said = (Said("thought", "hm"), Said("text", "I look."), ROME, Said("hidden", "eA=="), OSLO)
    response = await answer(wire, *said)
    turn = response.as_message()
    assert kinds(turn) == ["reasoning", "text", "tool_call", "reasoning", "tool_call"]
    assert turn.reasoning is None
    assert list(turn.content) == list(response.parts)
    told = [part for part in turn.content if isinstance(part, Reasoning)]
    assert {(one.model, one.dialect) for one in told} == {(wire.model, response.parts[0].dialect)}  # type: ignore[union-attr]
    between = await answer(
        wire, Said("thought", "a"), Said("text", "b"), Said("thought", "c"), Said("text", "d")
    )
    assert kinds(between.as_message()) == ["reasoning", "text", "reasoning", "text"]


@each_openai
async def test_calls_of_openai_stand_with_the_text(wire: Wire) -> None:
    response = await answer(wire, Said("text", "I look."), ROME, OSLO)
    turn = response.as_message()
    assert kinds(turn) == ["text", "tool_call", "tool_call"]
    assert turn.reasoning == response.reasoning
    assert turn.content[1:] == list(response.tool_calls)


@each_wire
async def test_an_answer_of_calls_alone_is_a_turn(wire: Wire) -> None:
    response = await answer(wire, ROME)
    assert response.text == ""
    assert response.as_message() == Message("assistant", [*response.tool_calls])


def test_reasoning_that_is_only_shown_is_no_part_of_the_turn() -> None:
    shown = TextResponse(
        text="b",
        model="m",
        stop_reason="s",
        _answers=(Answered((Reasoning(text="a"), Text("b"), ToolCall("1", "look", {}))),),
    )
    assert kinds(shown.as_message()) == ["text", "tool_call"]


@each_wire
async def test_a_structured_answer_is_its_text(wire: Wire) -> None:
    said = Said("call", arguments={"name": "Ann"})
    if wire in {INVOKE, CONVERSE}:
        response = await answer(wire, said, response_format=Person, structured_output="tool")
    else:
        response = await answer(wire, Said("text", '{"name": "Ann"}'), response_format=Person)
    assert response.structured_data == Person(name="Ann")
    assert response.as_message().content.replace(" ", "") == '{"name":"Ann"}'  # type: ignore[union-attr]


class Answered:
    """What a step answered."""

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts, self.raw = parts, dict[str, Any]()
        self.pictures: tuple[Other, ...] = ()
        self.usage = Usage()


@pytest.mark.parametrize("arguments", [{"name": "Änn"}, '{"name": "Änn"}'])
def test_the_call_that_binds_an_answer_stands_as_its_json_beside_the_callers_calls(arguments: Any) -> None:
    parts = (Text("", ({"title": "x"},)), ToolCall("1", "Person", arguments), ToolCall("2", "look", {}))
    response = TextResponse(
        text="", model="m", stop_reason="s", _answers=(Answered(parts),), _output_tool="Person"
    )
    assert response.as_message() == Message("assistant", [Text('{"name": "Änn"}'), ToolCall("2", "look", {})])


@each_wire
async def test_the_turn_survives_json(wire: Wire) -> None:
    turn = (await answer(wire, Said("thought", "hm"), Said("text", "I look."), ROME)).as_message()
    again = Message.model_validate_json(turn.model_dump_json())
    assert again == turn
    assert TypeAdapter(Message).validate_python(turn.model_dump()) == turn


def test_an_answer_without_text_and_calls_is_no_turn() -> None:
    response = smartllm.TextResponse(text="", model="m", stop_reason="end_turn")
    with pytest.raises(ValueError, match="content"):
        response.as_message()
