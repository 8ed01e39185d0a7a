"""What may be given to the methods of a client: a text, a list, a conversation with fields, or a request."""

from __future__ import annotations

import dataclasses
import functools
import operator
import typing
from collections.abc import Awaitable, Callable
from dataclasses import fields
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

import smartllm
from smartllm import (
    Image,
    LLMClient,
    LLMConfig,
    Message,
    MessageRequest,
    ProgressEvent,
    RequestTypeError,
    SmartLLMError,
    TextRequest,
    sync,
)
from smartllm.request import BaseRequest
from smartllm.request_keywords import FieldsOnly, PromptFields, RequestFields, WithModel, WithTools
from smartllm.request_of import any_request, text_request, turns_request
from smartllm.setting_keywords import ClientSettings
from smartllm.testing import FakeTransport, LoopbackServer, Reply

MODEL = "gpt-5.4"


class Person(BaseModel):
    name: str


def client_of(*replies: Reply, **settings: Any) -> LLMClient:
    given: Any = {"provider": "openai", "default_model": MODEL, "level": "ignore"} | settings
    return LLMClient(transport=FakeTransport(*replies), **given)


CLIENT = client_of()
HI = TextRequest(prompt="hi", max_tokens=5, use_cache=False)
TALK = MessageRequest(messages=[Message("user", "hi")], max_tokens=5, use_cache=False)
FIELDS: RequestFields = {"max_tokens": 5, "use_cache": False}
Call = Callable[..., Awaitable[Any]]


def body(*given: Any, **fields: Any) -> Any:
    return CLIENT.compile(*given, **fields).body


# What is taken


def test_a_text_is_the_request_that_it_would_make() -> None:
    assert body("hi", **FIELDS) == body(HI) == body(prompt="hi", **FIELDS)
    assert smartllm.compile("hi", model=MODEL, max_tokens=5).body == body(HI)
    assert smartllm.compile("hi", model=MODEL).origins["steps[0].model"].kind == "request"


def test_a_list_of_texts_and_parts_is_one_prompt() -> None:
    picture = Image(url="https://example.com/cat.png")
    assert body(["What is this?", picture]) == body(TextRequest(prompt=["What is this?", picture]))
    assert body(["a", "b"]) == body(TextRequest(prompt=["a", "b"]))


@pytest.mark.parametrize(
    "given",
    [
        [Message("user", "hi")],
        ({"role": "user", "content": "hi"},),
    ],
    ids=["messages", "dicts"],
)
def test_a_list_of_messages_is_a_conversation(given: Any) -> None:
    assert body(given, max_tokens=5) == body(TALK) == body(messages=given, max_tokens=5)


def test_a_text_among_messages_is_a_turn_of_the_users() -> None:
    told = [Message("user", "I am Ada."), Message("assistant", "Hello, Ada."), Message("user", "Who am I?")]
    assert body([*told[:2], "Who am I?"]) == body(MessageRequest(messages=told))


async def test_every_method_takes_them() -> None:
    client = client_of(*[Reply(text="yes")] * 6)
    assert (await client.generate_text("hi", use_cache=False)).text == "yes"
    assert (await client.send_message("hi", use_cache=False)).text == "yes"
    assert (await client.send_message(["hi"], use_cache=False)).text == "yes"
    for stream in (client.generate_text_stream("hi"), client.send_message_stream(["hi"])):
        assert "".join([chunk.text async for chunk in stream]) == "yes"
    assert (await client.run_tools("hi", use_cache=False)).response.text == "yes"


async def test_a_conversation_runs_tools() -> None:
    client = client_of(Reply(tool_calls=[{"name": "clock"}]), Reply(text="noon"))

    def clock() -> str:
        return "12:00"

    run = await client.run_tools([Message("user", "What time is it?")], tools=[clock], use_cache=False)
    assert (run.response.text, run.rounds) == ("noon", 2)


@pytest.mark.parametrize("given", ["When?", [Message("user", "When?")]], ids=["text", "turns"])
async def test_a_choice_beside_the_tools_chooses_among_them(given: Any) -> None:
    transport = FakeTransport(Reply(tool_calls=[{"name": "clock"}]), Reply(text="noon"))
    client = LLMClient(provider="openai", api_key="k", transport=transport)

    def clock() -> str:
        return "12:00"

    run = await client.run_tools(given, [clock], model="gpt-5.4", tool_choice="required", use_cache=False)
    assert run.response.text == "noon"
    assert [sent.body.get("tool_choice") for sent in transport.sent] == ["required", None]
    with pytest.raises(ValueError, match="nobody"):
        await client.run_tools(given, [clock], tool_choice="nobody")


async def test_the_answer_is_of_the_type_that_a_field_asks_for() -> None:
    client = client_of(Reply(structured={"name": "Ada"}))
    response = await client.generate_text("Who?", response_format=Person)
    assert response.structured_data == Person(name="Ada")


def test_the_synchronous_client_takes_the_same(server: LoopbackServer) -> None:
    server.script(*[Reply(text="yes")] * 5)
    with sync.LLMClient(base_url=server.openai_base_url, api_key="any", default_model=MODEL) as client:
        assert client.generate_text("hi", use_cache=False).text == "yes"
        assert client.send_message([Message("user", "hi")], use_cache=False).text == "yes"
        assert "".join(chunk.text for chunk in client.generate_text_stream("hi")) == "yes"
        assert "".join(chunk.text for chunk in client.send_message_stream(["hi"])) == "yes"
        assert client.run_tools("hi", use_cache=False).response.text == "yes"
        assert client.compile("hi", max_tokens=5).body == body(HI)
        with pytest.raises(RequestTypeError):
            client.generate_text(None)  # type: ignore[arg-type]


# What is refused


@pytest.mark.parametrize(
    ("given", "says", "hint"),
    [
        ((), "a text, a list of texts and parts, or a request, which is missing", '("Who was Ada'),
        ((None,), "which is missing", '("Who was Ada'),
        (({"prompt": "hi"},), "not dict of prompt", "TextRequest(**fields)"),
        (({"messages": []},), "not dict", "MessageRequest(**fields)"),
        (({"api_key": "sk-canary"},), "not dict of api_key", "TextRequest(**fields)"),
        ((10**5000,), "not int", '("Who was Ada'),
        ((b"hi",), "not bytes", "data.decode()"),
        ((7,), "not int 7", '("Who was Ada'),
        ((Image(url="https://a.b/c.png"),), "not Image", '(["What is this?", part])'),
        ((Message("user", "hi"),), "not Message", "send_message([message])"),
        (({"role": "user", "content": "hi"},), "not dict of role, content", "send_message([message])"),
        (([Message("user", "hi")],), "a list of messages, which are a conversation", "client.send_message"),
    ],
    ids=[
        "nothing",
        "none",
        "dict",
        "conversation",
        "secret",
        "huge",
        "bytes",
        "number",
        "part",
        "message",
        "message as a dict",
        "messages",
    ],
)
async def test_what_is_no_prompt_is_refused_with_the_call(
    given: tuple[Any, ...], says: str, hint: str
) -> None:
    client = client_of()
    ask: Call = client.generate_text
    with pytest.raises(RequestTypeError) as caught:
        await ask(*given)
    assert isinstance(caught.value, TypeError)
    assert caught.value.message.startswith("client.generate_text ")
    assert says in caught.value.message
    assert hint in caught.value.hint
    assert "canary" not in str(caught.value)
    stream: Any = client.generate_text_stream
    with pytest.raises(RequestTypeError):  # at once, not when it is read
        stream(*given)


@pytest.mark.parametrize(
    "given", [None, {}, b"hi", 7, Message("user", "hi")], ids=lambda one: type(one).__name__
)
async def test_what_is_no_conversation_is_refused_with_the_call(given: Any) -> None:
    with pytest.raises(RequestTypeError) as caught:
        turns_request("ask", given, {})
    if isinstance(given, (Message, int, type(None))):
        example = "ask([message])" if isinstance(given, Message) else 'ask([Message("user", "Hi")])'
        assert caught.value.hint == example
    with pytest.raises(RequestTypeError, match=r"^client\.send_message takes a list of messages"):
        await client_of().send_message(given)
    with pytest.raises(RequestTypeError, match=r"^smartllm\.compile takes "):
        smartllm.compile(given)


def test_what_was_given_is_shown_as_far_as_it_tells() -> None:
    for given, shown in ((2**127, f"int {2**127}"), (2**128, "int")):
        with pytest.raises(RequestTypeError) as caught:
            text_request("ask", given, {})
        assert caught.value.message.endswith(f", not {shown}")
    with pytest.raises(RequestTypeError) as caught:
        text_request("ask", dataclasses.make_dataclass("Other", [])(), {})
    assert caught.value.hint.startswith('ask("')


def test_a_list_is_a_conversation_only_where_a_turn_stands_in_it() -> None:
    part = {"type": "text", "text": "hi"}
    assert isinstance(any_request("ask", [part], {}), TextRequest)
    assert isinstance(any_request("ask", ["and", {"role": "user", "content": "hi"}], {}), MessageRequest)
    talk = turns_request("ask", "hello", {})
    assert isinstance(talk, MessageRequest)
    assert [turn.content for turn in talk.messages] == ["hello"]


async def test_a_request_beside_fields_is_refused() -> None:
    client = client_of()
    says = r"given both a TextRequest and fields \(max_tokens, model\)"
    with pytest.raises(RequestTypeError, match=says):
        await client.generate_text(HI, model="x", max_tokens=4)
    with pytest.raises(RequestTypeError, match="both a MessageRequest and fields"):
        await client.send_message(TALK, max_tokens=4)
    with pytest.raises(RequestTypeError, match="both a TextRequest and fields"):
        smartllm.compile(HI, max_tokens=4)
    with pytest.raises(RequestTypeError, match="two of prompt"):
        await client.generate_text("hi", prompt="hi")


async def test_a_field_that_cannot_be_used_is_named() -> None:
    fields: Any = {"temprature": 1}
    with pytest.raises(ValidationError, match="did you mean temperature"):
        await client_of().generate_text("hi", **fields)


# What checkers and editors know is what there is


def bare(hint: Any) -> Any:
    """A type without what pydantic checks beyond it."""
    if get_origin(hint) is Annotated:
        return bare(get_args(hint)[0])
    parts = get_args(hint)
    if get_origin(hint) in {typing.Union, type(int | str)}:
        return functools.reduce(operator.or_, map(bare, parts))
    return hint


def test_the_keywords_are_the_fields_of_a_request() -> None:
    declared = get_type_hints(BaseRequest, include_extras=True)
    known = {name: declared[name] for name in BaseRequest.model_fields}
    keywords = get_type_hints(RequestFields, include_extras=True)
    assert {name: bare(hint) for name, hint in keywords.items()} == {
        name: bare(hint) for name, hint in known.items()
    }
    assert not RequestFields.__required_keys__
    names = set(keywords)
    assert set(get_type_hints(WithModel)) == names - {"tools"}
    assert set(get_type_hints(WithTools)) == names - {"model"}
    assert set(get_type_hints(FieldsOnly)) == names - {"tools", "model"}
    assert set(get_type_hints(PromptFields)) == names | {"prompt"}


def test_the_settings_are_the_fields_of_a_configuration() -> None:
    declared = get_type_hints(LLMConfig)
    assert get_type_hints(ClientSettings) == {one.name: declared[one.name] for one in fields(LLMConfig)}
    assert not ClientSettings.__required_keys__


async def test_events_are_of_the_kinds_that_are_declared() -> None:
    told: list[Any] = []
    replies = [
        Reply(status=500),
        Reply(tool_calls=[{"name": "clock"}]),
        Reply(text="noon"),
        Reply(text='{"name": 1}'),
        Reply(text='{"name": "Ada"}'),
        *[Reply(text="x " * 3000)],
        Reply(status=400),
    ]

    def clock() -> str:
        return "12:00"

    client = client_of(
        *replies, retry_delay=0, provider="bedrock", default_model="us.anthropic.claude-sonnet-4-6"
    )
    common: Any = {"on_progress": told.append}
    await client.run_tools("When?", [clock], **common)
    await client.generate_text("Who?", response_format=Person, reasks=1, structured_output="native", **common)
    await client.generate_text_streamed("Tell", **common)
    with pytest.raises(SmartLLMError):
        await client.generate_text("Again", **common)
    await client.generate_text("Who?", response_format=Person, reasks=1, structured_output="native", **common)
    kinds: TypeAdapter[Any] = TypeAdapter(ProgressEvent)
    for event in told:
        assert kinds.validate_python(event, strict=True) == event
    seen = {event["event"] for event in told}
    assert {"llm_started", "llm_done", "retry", "tools_started", "tools_done", "error"} <= seen
    assert {"structured_reask", "stream_progress", "cache_hit"} <= seen
