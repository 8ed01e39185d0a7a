"""With a structure, the text of a response is its data as JSON, on every wire and by every strategy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest
from part_events import Said
from part_transport import Scripted, client_of
from pydantic import AfterValidator, BaseModel, Field, RootModel, SecretStr, WithJsonSchema, field_validator
from structured_asks import ADA, WAYS, Person
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, WIRES, Wire, each_wire

from smartllm import Message, MessageRequest, TextResponse
from smartllm.content import Reasoning, Text, ToolCall
from smartllm.testing import FakeTransport, Reply

NEVER_FORCED = "us.anthropic.claude-opus-5-5"


class Bill(BaseModel):
    """All that has another form on some wire."""

    total: float = Field(alias="Betrag (€)")
    parts: dict[str, int] = {}
    pair: tuple[int, str] = (1, "a")
    free: Any = None


class Names(RootModel[list[str]]):
    pass


class Login(BaseModel):
    password: SecretStr


class Price(BaseModel):
    eur: float

    @field_validator("eur")
    @classmethod
    def _cents(cls, value: float) -> float:
        return value / 100


class Handle(BaseModel):
    held: Annotated[Any, AfterValidator(lambda _: object()), WithJsonSchema({"type": "string"})]


STRATEGIES = [(wire, wish) for wire in WIRES for wish in ("auto", "tool", "two_pass")]
WORDS = Reply(text="It is so.")


def replies(wish: str) -> list[Reply]:
    return [WORDS, Reply()] if wish == "two_pass" else [Reply()]


async def answered(wire: Wire, *given: Reply, streamed: bool = False, **fields: Any) -> Any:
    async with client_of(wire, FakeTransport(*given)) as client:
        request = wire.request(**fields)
        if streamed:
            return [chunk async for chunk in client.generate_text_stream(request)][-1].response
        return await client.generate_text(request)


@WAYS
@pytest.mark.parametrize(("wire", "wish"), STRATEGIES, ids=lambda one: getattr(one, "api_type", one))
@pytest.mark.parametrize("shape", [Bill, Names], ids=lambda one: one.__name__)
async def test_the_text_is_the_data_in_the_callers_form(
    wire: Wire, wish: str, shape: Any, streamed: bool
) -> None:
    response = await answered(
        wire, *replies(wish), streamed=streamed, response_format=shape, structured_output=wish
    )
    assert shape.model_validate_json(response.text) == response.structured_data
    assert response.text == json.dumps(json.loads(response.text), ensure_ascii=False)


@pytest.mark.parametrize(("wire", "wish"), STRATEGIES, ids=lambda one: getattr(one, "api_type", one))
async def test_it_goes_into_the_next_turn(wire: Wire, wish: str) -> None:
    """Legal for the sandbox, which checks what it is sent; with the data, and with the words before it."""
    asked: dict[str, Any] = {"response_format": Bill, "structured_output": wish}
    fake = FakeTransport(*replies(wish), *replies(wish))
    async with client_of(wire, fake) as client:
        first = await client.generate_text(wire.request(**asked))
        turn = first.as_message()
        turns = [Message("user", "hello there"), turn, Message("user", "And now?")]
        given = wire.request(**asked).model_dump(include={"model", "api_type", "use_cache"})
        again = await client.send_message(MessageRequest(messages=turns, **asked, **given))
    assert again.structured_data == first.structured_data
    sent = json.dumps(fake.sent[len(fake.sent) // 2].body, ensure_ascii=False)
    assert "Betrag" in sent
    if wish == "two_pass":
        assert turn.content == [Text("It is so."), Text(first.text)]
        assert "It is so." in sent
    else:
        assert isinstance(turn.content, str)
        assert len(json.loads(turn.content)) == len(json.loads(first.text))


@pytest.mark.parametrize("wire", [INVOKE, CONVERSE, CHAT, RESPONSES], ids=lambda wire: wire.api_type)
async def test_words_before_a_call_stay(wire: Wire) -> None:
    said = (Said("text", "Here it is."), Said("call", arguments=ADA))
    named = Scripted(wire, *said)
    async with client_of(wire, named) as client:
        shape = {**Person.model_json_schema(), "title": "look"}
        request = wire.request(response_format=shape, structured_output="tool")
        response = await client.generate_text(request)
    assert (response.text, response.structured_data) == (json.dumps(ADA), ADA)
    assert [type(part) for part in response.parts] == [Text, ToolCall]
    assert response.tool_calls == ()
    assert response.as_message() == Message("assistant", [Text("Here it is."), Text(json.dumps(ADA))])


@WAYS
async def test_the_words_of_the_first_step_stay(streamed: bool) -> None:
    asked: dict[str, Any] = {"model": NEVER_FORCED, "structured_output": "two_pass"}
    response = await answered(
        INVOKE, WORDS, Reply(structured=ADA), streamed=streamed, response_format=Person, **asked
    )
    assert response.text == json.dumps(ADA)
    assert [part.text for part in response.parts if isinstance(part, Text)] == ["It is so."]


async def test_reasoning_stays_before_the_words_and_the_data_of_two_steps() -> None:
    first = Reply(text="It is so.", thinking="hm")
    fields: dict[str, Any] = {"structured_output": "two_pass", "reasoning_effort": "low"}
    response = await answered(INVOKE, first, Reply(structured=ADA), response_format=Person, **fields)
    turn = response.as_message()
    assert [type(part) for part in turn.content] == [Reasoning, Text, Text]
    assert turn.content[-1] == Text(json.dumps(ADA))


@each_wire
async def test_what_validators_make_of_the_data_is_not_in_the_text(wire: Wire) -> None:
    for shape, given in ((Login, {"password": "hunter2"}), (Price, {"eur": 1999}), (Handle, {"held": "s"})):
        response = await answered(wire, Reply(structured=given), response_format=shape)
        assert json.loads(response.text) == given
        assert response.structured_data != given


@each_wire
async def test_a_hit_of_the_cache_has_the_same_text(wire: Wire, tmp_path: Path) -> None:
    fake = FakeTransport(Reply(structured={"password": "hunter2"}))
    async with client_of(wire, fake, cache_dir=tmp_path) as client:
        request = wire.request(response_format=Login, use_cache=True, temperature=0)
        one, two = [await client.generate_text(request) for _ in range(2)]
    assert (one.cache_source, two.cache_source) == ("miss", "l1")
    assert one.text == two.text == '{"password": "hunter2"}'
    assert one.as_message() == two.as_message()


async def test_chunks_of_what_cannot_be_streamed_are_the_words_too() -> None:
    said = Reply(text="Here it is.", tool_calls=[ToolCall("", "Person", ADA)])
    request = CONVERSE.request(response_format=Person, model="mistral.mistral-large-2407-v1:0")
    async with client_of(CONVERSE, FakeTransport(said)) as client:
        chunks = [chunk async for chunk in client.generate_text_stream(request)]
    assert "".join(chunk.text for chunk in chunks) == "Here it is."
    assert chunks[-1].response is not None
    assert chunks[-1].response.text == json.dumps(ADA)


async def test_the_same_answer_in_two_calls_is_said_once() -> None:
    calls = [ToolCall(name, "Person", ADA) for name in ("a", "b")]
    response = await answered(
        INVOKE, Reply(tool_calls=calls), response_format=Person, structured_output="tool"
    )
    assert response.as_message().content == json.dumps(ADA)


def test_a_response_that_nobody_answered_is_its_text() -> None:
    made = TextResponse("Hi.", "m", "stop")
    assert made.as_message() == Message("assistant", "Hi.")
