"""Structured answers of models that may call tools: which call is the answer, and when there is none yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from part_transport import client_of
from pydantic import BaseModel, Field, RootModel, ValidationError
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire

import smartllm
from smartllm import Plan, TextRequest, Tool
from smartllm.compiler import Step
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import Part, Reasoning, Text, ToolCall
from smartllm.errors import TruncatedError
from smartllm.runtime.cache.entry import worth_keeping
from smartllm.runtime.structure.structured import asks_for_calls, own_calls, structured_data
from smartllm.structure_errors import SchemaMismatchError
from smartllm.testing import FakeTransport, Reply
from smartllm.usage import Usage

WEATHER = Tool(
    "weather", "Weather of a city.", {"type": "object", "properties": {"city": {"type": "string"}}}
)
CALL: dict[str, Any] = {"tool": "weather", "structured": {"city": "Oslo"}}
FORCED, NEVER = "us.anthropic.claude-opus-4-8", "us.anthropic.claude-opus-5-5"


class Person(BaseModel):
    name: str


class People(RootModel[list[Person]]):
    pass


class Odd(BaseModel):
    size: float = Field(alias="größe")


def plan(shape: Any = Person, *tools: Tool, model: str = "claude-opus-4-8", wish: Any = "tool") -> Plan:
    request = TextRequest(
        prompt="hi", response_format=shape, tools=list(tools) or None, structured_output=wish
    )
    return smartllm.compile(request, model=model, level="ignore")


def step(*asked: Any, **wishes: Any) -> Step:
    return plan(*asked, **wishes).steps[0]


def answer(*parts: Part) -> Decoded:
    return Decoded(parts, "tool_use", Usage(), "tool_calls")


def ours(arguments: Any, name: str = "Person") -> ToolCall:
    return ToolCall("1", name, arguments)


THEIRS = ToolCall("2", "weather", {"city": "Oslo"})


class TestTheCallThatHoldsTheData:
    def test_has_our_name(self) -> None:
        for made in (step(), step(Person, WEATHER)):
            assert own_calls(made, answer(Text("x"), THEIRS, ours({}), THEIRS)) == (ours({}),)

    def test_or_is_the_only_thing_said_where_ours_is_the_only_tool(self) -> None:
        renamed = ours({}, "functions.Person")
        assert own_calls(step(), answer(Reasoning(text="hm"), renamed)) == (renamed,)
        assert own_calls(step(), answer(Text("x"), renamed)) == ()
        assert own_calls(step(), answer(renamed, renamed)) == ()
        assert own_calls(step(), answer(Text("x"))) == ()
        assert own_calls(step(Person, WEATHER), answer(renamed)) == ()

    def test_is_a_callers_where_the_schema_is_native(self) -> None:
        person = Tool("Person", parameters=WEATHER.parameters)
        native = step(Person, person, model="gpt-5.4", wish="auto")
        assert own_calls(native, answer(ours({}))) == ()
        assert asks_for_calls(native, answer(ours({})))
        assert not asks_for_calls(native, answer(Text("{}")))

    def test_is_not_an_answer_beside_the_callers(self) -> None:
        made = step(Person, WEATHER)
        assert asks_for_calls(made, answer(ours({"name": "J"}), THEIRS))
        assert not asks_for_calls(made, answer(ours({"name": "J"})))
        assert not asks_for_calls(step(), answer(Text('{"name": "J"}'), THEIRS))
        first = step(Person, WEATHER, wish="two_pass")
        assert asks_for_calls(first, answer(THEIRS))
        assert not asks_for_calls(first, answer(Text("J")))
        assert not asks_for_calls(step(wish="two_pass"), answer(THEIRS))


def test_half_a_plan_is_worth_keeping_where_it_ends_with_calls() -> None:
    two = plan(Person, WEATHER, wish="two_pass")
    assert worth_keeping(two, [answer(THEIRS)])
    assert not worth_keeping(two, [answer(Text("J"))])


class TestSeveralCallsOfIt:
    def test_that_say_the_same_are_one(self) -> None:
        twice = answer(ours({"name": "J"}), ours('{"name": "J"}'))
        assert structured_data(Person, step(), twice).data == Person(name="J")

    def test_that_differ_are_an_error(self) -> None:
        both = answer(ours({"name": "J"}), ours({"name": "K"}))
        with pytest.raises(
            SchemaMismatchError, match="2 structured answers that differ, in calls of Person"
        ) as caught:
            structured_data(Person, step(), both)
        assert isinstance(caught.value, ValueError)
        assert caught.value.hint == "ask for a list of them, or for one in the prompt"

    def test_are_items_of_one_list_where_a_list_is_asked_for(self) -> None:
        both = answer(ours({"value": [{"name": "J"}]}, "People"), ours({"value": [{"name": "K"}]}, "People"))
        found = structured_data(People, step(People), both).data
        assert [person.name for person in found.root] == ["J", "K"]
        odd = answer(ours({"value": [{"name": "J"}]}, "People"), ours({"value": 5}, "People"))
        with pytest.raises(SchemaMismatchError):
            structured_data(People, step(People), odd)


def test_names_of_properties_are_the_callers_again() -> None:
    made = step(Odd)
    assert made.body["tools"][0]["input_schema"]["properties"].keys() == {"gr__e"}
    assert structured_data(Odd, made, answer(ours({"gr__e": 2}, "Odd"))).data.size == 2
    with pytest.raises(ValidationError):
        structured_data(Odd, made, answer(ours([1], "Odd")))


ONE_STEP = [(wire, wire.model) for wire in (RESPONSES, CHAT, INVOKE, CONVERSE)] + [
    (INVOKE, FORCED),
    (CONVERSE, FORCED),
]
TWO_STEPS = [(INVOKE, NEVER), (CONVERSE, NEVER)]


def shown(one: Wire | str) -> str:
    return one if isinstance(one, str) else one.api_type


def request_of(wire: Wire, model: str, **fields: Any) -> TextRequest[Any]:
    given = {"response_format": Person, "tools": [WEATHER], "model": model, **fields}
    if wire.provider == "openai":
        given["reasoning_effort"] = "none"
    return wire.request(**given)


@pytest.mark.parametrize(("wire", "model"), [*ONE_STEP, *TWO_STEPS], ids=shown)
class TestACallOfTheCallers:
    async def test_is_the_whole_answer(self, wire: Wire, model: str) -> None:
        fake = FakeTransport(Reply(**CALL))
        async with client_of(wire, fake) as client:
            response = await client.generate_text(request_of(wire, model))
        assert response.structured_data is None
        assert [(call.name, call.arguments) for call in response.tool_calls] == [
            ("weather", {"city": "Oslo"})
        ]
        assert response.finish_reason == "tool_calls"
        assert response.text == ""
        assert len(fake.sent) == 1

    async def test_in_a_stream_too(self, wire: Wire, model: str) -> None:
        fake = FakeTransport(Reply(**CALL))
        async with client_of(wire, fake) as client:
            chunks = [chunk async for chunk in client.generate_text_stream(request_of(wire, model))]
        assert "".join(chunk.call.arguments for chunk in chunks if chunk.call) == '{"city": "Oslo"}'
        assert chunks[-1].structured_data is None
        assert chunks[-1].response is not None
        assert chunks[-1].response.tool_calls[0].name == "weather"
        assert len(fake.sent) == 1

    async def test_is_kept_in_the_cache(self, wire: Wire, model: str, tmp_path: Path) -> None:
        fake = FakeTransport(Reply(**CALL))
        async with client_of(wire, fake, cache_dir=tmp_path) as client:
            request = request_of(wire, model, use_cache=True, temperature=0)
            first, again = [await client.generate_text(request) for _ in range(2)]
        assert (first.cache_source, again.cache_source) == ("miss", "l1")
        assert again.structured_data is None
        assert again.tool_calls == first.tool_calls
        assert again.finish_reason == "tool_calls"

    async def test_that_was_cut_is_no_call(self, wire: Wire, model: str) -> None:
        words = {"responses": "max_output_tokens", "chat_completions": "length"}
        fake = FakeTransport(Reply(**CALL, stop_reason=words.get(wire.api_type, "max_tokens")))
        async with client_of(wire, fake) as client:
            with pytest.raises(TruncatedError):
                await client.generate_text(request_of(wire, model))


@pytest.mark.parametrize(("wire", "model"), ONE_STEP, ids=shown)
async def test_our_own_call_or_the_schemas_text_is_the_data(wire: Wire, model: str) -> None:
    named = {"tool": "Person"} if model == FORCED else {"text": '{"name": "J"}'}
    fake = FakeTransport(Reply(**named, structured={"name": "J"} if model == FORCED else None))  # type: ignore[arg-type]
    async with client_of(wire, fake) as client:
        response = await client.generate_text(request_of(wire, model))
    assert response.structured_data == Person(name="J")
    assert response.tool_calls == ()
    assert len(fake.sent) == 1


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("wire", "model"), TWO_STEPS, ids=shown)
async def test_an_answer_without_calls_is_bound_in_a_second_step(
    wire: Wire, model: str, *, streamed: bool
) -> None:
    fake = FakeTransport(Reply(text="It is J."), Reply(structured={"name": "J"}))
    async with client_of(wire, fake) as client:
        if streamed:
            chunks = [chunk async for chunk in client.generate_text_stream(request_of(wire, model))]
            response = chunks[-1].response
            assert response is not None
        else:
            response = await client.generate_text(request_of(wire, model))
    assert (response.structured_data, response.text) == (Person(name="J"), '{"name": "J"}')
    assert [part.text for part in response.parts if isinstance(part, Text)] == ["It is J."]
    assert "It is J." in str(fake.sent[1].body["messages"])
    assert "weather" not in str(fake.sent[1].body)
