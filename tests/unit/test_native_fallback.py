"""A host that refuses native schemas for a model: the call is made again with a tool, later ones at once."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from bound_plans import WEATHER
from media_samples import PNG
from pydantic import BaseModel
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, each_wire

import smartllm
from smartllm import FormatUnsupportedError, Image, LLMClient, Message, MessageRequest, TextRequest
from smartllm.compiler import Plan
from smartllm.error_object import error_in
from smartllm.errors import BadRequestError, ServerError, UnsupportedError
from smartllm.hosts.format_refusals import refuses_format
from smartllm.runtime.asked import Asked, NativeFormats
from smartllm.testing import FakeTransport, LoopbackServer, Reply
from smartllm.words import Provider

QWEN = "qwen.qwen3-32b-v1:0"


class Person(BaseModel):
    name: str
    age: int


ADA = Person(name="Ada", age=36)
DATA = {"name": "Ada", "age": 36}
CALLED = Reply(structured=DATA)


def fake(*replies: Reply) -> FakeTransport:
    """Refuses native schemas; what it is asked for in vain takes a reply all the same."""
    return FakeTransport(*replies, native=False)


def client_of(transport: FakeTransport, provider: Provider = "bedrock", **fields: Any) -> LLMClient:
    settings: dict[str, Any] = {"level": "ignore", "max_retries": 0} | fields
    return LLMClient(provider=provider, transport=transport, **settings)


def request(wire: Wire = CONVERSE, **fields: Any) -> TextRequest[Any]:
    wished: dict[str, Any] = {
        "structured_output": "native",
        "response_format": Person,
        "prompt": "Who?",
        "use_cache": False,
    }
    return TextRequest(**{"model": wire.model, "api_type": wire.api_type} | wished | fields)


def is_native(body: Any) -> bool:
    return "json_schema" in json.dumps(body)


@each_wire
async def test_the_same_call_is_made_again_with_a_tool(wire: Wire) -> None:
    events: list[dict[str, Any]] = []
    transport = fake(Reply(), CALLED, CALLED)
    async with client_of(transport, wire.provider) as client:
        response = await client.generate_text(request(wire, on_progress=events.append))
        assert response.structured_data == ADA
        assert [is_native(sent.body) for sent in transport.sent] == [True, False]
        assert (await client.generate_text(request(wire))).structured_data == ADA
        assert [is_native(sent.body) for sent in transport.sent] == [True, False, False], "it is remembered"
    (told,) = [item for item in response.diagnostics if item.code == "native-unsupported"]
    assert (told.severity, told.path, told.asked) == ("warning", "response_format", "native")
    assert [event["event"] for event in events] == ["llm_started", "structured_fallback", "llm_done"]
    assert events[1]["strategy"] == "tool"
    assert 'use structured_output="tool"' in events[1]["error_message"]


@each_wire
async def test_streams_begin_again(wire: Wire) -> None:
    transport = fake(Reply(), CALLED, CALLED)
    async with client_of(transport, wire.provider) as client:
        for made in (2, 3):
            chunks = [chunk async for chunk in client.generate_text_stream(request(wire))]
            assert chunks[-1].structured_data == ADA
            assert "native-unsupported" in {item.code for item in chunks[-1].response.diagnostics}  # type: ignore[union-attr]
            assert len(transport.sent) == made
            assert transport.sent[-1].streamed


async def test_through_a_server_with_real_connections() -> None:
    with LoopbackServer(native=False, check=True) as server:
        async with CHAT.client(server.url) as client:
            server.script(Reply(), CALLED)
            response = await client.generate_text(request(CHAT, structured_output="auto"))
    assert response.structured_data == ADA
    (told,) = [item for item in response.diagnostics if item.code == "native-unsupported"]
    assert told.severity == "info", "nobody asked for the native mode by name"


async def test_another_model_is_tried_natively() -> None:
    transport = fake(Reply(), CALLED, Reply(), CALLED)
    async with client_of(transport) as client:
        await client.generate_text(request())
        await client.generate_text(request(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0"))
    assert [is_native(sent.body) for sent in transport.sent] == [True, False] * 2


async def test_who_asks_for_the_tool_is_told_of_nothing() -> None:
    transport = fake(Reply(), CALLED, CALLED)
    async with client_of(transport) as client:
        await client.generate_text(request())
        response = await client.generate_text(request(structured_output="tool"))
    assert response.structured_data == ADA
    assert "native-unsupported" not in {item.code for item in response.diagnostics}


async def test_the_other_plan_is_made_once() -> None:
    asked, made = request(), []
    plan = smartllm.compile(asked, level="ignore")

    async def compiled(wished: Any) -> Plan:
        made.append(wished)
        return plan

    one = Asked(asked, plan, compiled)
    assert await one.without_native() is await one.without_native() is plan
    assert made == [asked]


async def test_a_mode_for_any_object_is_another_one() -> None:
    transport = fake(Reply(), CALLED, Reply(text='{"a": 1}'))
    async with client_of(transport, "openai") as client:
        await client.generate_text(request(CHAT))
        asked = request(
            CHAT, prompt="JSON?", response_format={"type": "json_object"}, structured_output="auto"
        )
        assert (await client.generate_text(asked)).structured_data == {"a": 1}
    assert transport.sent[2].body["response_format"] == {"type": "json_object"}


async def test_files_are_read_once_for_both_ways_and_told_by_their_names(tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    picture.write_bytes(PNG)
    transport = fake(Reply(), CALLED)
    async with client_of(transport) as client:
        response = await client.generate_text(request(prompt=["Who?", Image(path=picture)]))
    assert str(picture) in str(response.metadata["prompt"])
    assert len({str(sent.body["messages"]) for sent in transport.sent}) == 1


async def test_another_client_tries_natively() -> None:
    transport = fake(Reply(), CALLED, Reply(), CALLED)
    for _ in range(2):
        async with client_of(transport) as client:
            await client.generate_text(request())
    assert [is_native(sent.body) for sent in transport.sent] == [True, False] * 2


async def test_a_model_on_which_no_tool_can_be_forced_is_offered_one() -> None:
    transport = fake(Reply(), Reply(text="Ada, 36"), CALLED)
    async with client_of(transport) as client:
        response = await client.generate_text(request(model=QWEN, structured_output="auto"))
    assert response.structured_data == ADA
    assert {"native-unsupported", "tool-offered"} <= {item.code for item in response.diagnostics}
    assert len(transport.sent) == 3


async def test_the_first_of_two_steps_is_not_paid_for_twice() -> None:
    transport = fake(Reply(text="Ada, 36"), Reply(), CALLED, Reply(text="Ada, 36"), CALLED)
    asked = request(RESPONSES, structured_output="two_pass")
    async with client_of(transport, "openai") as client:
        response = await client.generate_text(asked)
        assert response.structured_data == ADA
        assert (len(transport.sent), len(response.raws)) == (3, 2)
        assert "Ada, 36" in str(transport.sent[2].body)
        assert (await client.generate_text(asked)).structured_data == ADA
        assert len(transport.sent) == 5


async def test_beside_tools_the_answer_keeps_its_two_steps() -> None:
    transport = fake(Reply(text="Ada, 36"), Reply(), CALLED)
    async with client_of(transport) as client:
        asked = request(model="deepseek.v3-v1:0", structured_output="auto", tools=[WEATHER])
        response = await client.generate_text(asked)
    assert (response.structured_data, len(transport.sent)) == (ADA, 3)


async def test_what_the_callers_tools_are_called_for_is_asked_for_with_a_tool_of_ours_among_them() -> None:
    transport = fake(Reply(), Reply(tool="weather", structured={"city": "Oslo"}))
    async with client_of(transport, "openai") as client:
        response = await client.generate_text(request(RESPONSES, structured_output="auto", tools=[WEATHER]))
    assert response.structured_data is None
    assert [call.name for call in response.tool_calls] == ["weather"]


class TestTheCache:
    async def test_a_hit_is_read_as_the_answer_was_given(self, tmp_path: Path) -> None:
        transport = fake(Reply(), CALLED)
        fields: dict[str, Any] = {"cache_dir": str(tmp_path), "level": "ignore"}
        first_client, later = client_of(transport, **fields), client_of(transport, **fields)
        async with first_client as client:
            first = await client.generate_text(request(use_cache=True))
            again = await client.generate_text(request(use_cache=True))
        async with later as client:  # one that has not been refused yet
            hit = await client.generate_text(request(use_cache=True))
        assert len(transport.sent) == 2
        assert (again.cache_source, hit.cache_source) == ("l1", "l1")
        assert first.structured_data == again.structured_data == hit.structured_data == ADA
        assert first.cache_key == hit.cache_key
        assert [item.code for item in hit.diagnostics] == [item.code for item in first.diagnostics]

    async def test_where_the_other_way_is_refused_now_an_entry_is_a_miss(self, tmp_path: Path) -> None:
        fields: dict[str, Any] = {"cache_dir": str(tmp_path)}
        async with client_of(fake(Reply(), CALLED), **fields) as client:
            await client.generate_text(request(use_cache=True))
        transport = FakeTransport(CALLED)
        async with client_of(transport, **fields | {"level": "raise"}) as client:
            response = await client.generate_text(request(use_cache=True))
        assert (response.cache_source, len(transport.sent)) == ("miss", 1)

    async def test_equal_calls_at_once_are_refused_once(self) -> None:
        transport = fake(Reply(), CALLED)
        async with client_of(transport) as client:
            calls = [client.generate_text(request(use_cache=True)) for _ in range(4)]
            answers = await asyncio.gather(*calls)
        assert [answer.structured_data for answer in answers] == [ADA] * 4
        assert len(transport.sent) == 2


class TestTheErrorStands:
    async def test_where_level_raise_wants_every_wish_met(self) -> None:
        transport = fake()
        async with client_of(transport, level="raise") as client:
            for _ in range(2):
                with pytest.raises(FormatUnsupportedError, match="Extra inputs") as caught:
                    await client.generate_text(request())
        assert caught.value.hint == 'use structured_output="tool"'
        assert isinstance(caught.value, BadRequestError)
        assert len(transport.sent) == 2

    async def test_where_the_model_takes_no_tools_either(self) -> None:
        transport = fake()
        async with client_of(transport, "openai") as client:
            with pytest.raises(FormatUnsupportedError):
                await client.generate_text(request(CHAT, model="gpt-6.1-terra", structured_output="auto"))
            with pytest.raises(FormatUnsupportedError):
                async for _ in client.generate_text_stream(request(CHAT, model="gpt-6.1-terra")):
                    pass
        assert len(transport.sent) == 2

    async def test_where_the_tool_is_refused_too(self) -> None:
        transport = fake(Reply(), Reply(status=400, error_message="no tools"))
        async with client_of(transport) as client:
            with pytest.raises(BadRequestError, match="no tools"):
                await client.generate_text(request())
        assert len(transport.sent) == 2

    async def test_where_the_format_is_the_callers_own_extra(self) -> None:
        transport = fake()
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
        async with client_of(transport, "openai") as client:
            with pytest.raises(FormatUnsupportedError):
                await client.generate_text(
                    request(CHAT, response_format=None, extra={"response_format": form})
                )
        assert len(transport.sent) == 1

    async def test_of_another_kind(self) -> None:
        transport = FakeTransport(Reply(status=400, error_message="output_config.format.schema: too deep"))
        async with client_of(transport) as client:
            with pytest.raises(BadRequestError, match="too deep") as caught:
                await client.generate_text(request())
        assert not isinstance(caught.value, FormatUnsupportedError)


async def test_retries_are_counted_over_both_ways() -> None:
    transport = fake(Reply(status=503), Reply(), Reply(status=503), Reply(status=503), Reply(status=503))
    async with client_of(transport, max_retries=2, retry_delay=0) as client:
        with pytest.raises(ServerError) as caught:
            await client.generate_text(request())
    assert caught.value.attempts == len(transport.sent) == 5


async def test_an_answer_that_does_not_fit_is_asked_for_again_the_same_way(tmp_path: Path) -> None:
    transport = fake(Reply(), Reply(structured={"name": "Ada"}), CALLED)
    asked = request(reasks=1, use_cache=True)
    fields: dict[str, Any] = {"cache_dir": str(tmp_path)}
    async with client_of(transport, **fields) as client:
        response = await client.generate_text(asked)
    async with client_of(transport, **fields) as client:
        hit = await client.generate_text(asked)
    assert response.structured_data == hit.structured_data == ADA
    assert [is_native(sent.body) for sent in transport.sent] == [True, False, False]
    assert {"asked-again", "native-unsupported"} <= {item.code for item in response.diagnostics}
    assert (hit.cache_source, hit.usage, len(hit.raws)) == ("l1", response.usage, 2)


async def test_both_answers_of_the_other_way_are_kept(tmp_path: Path) -> None:
    transport = fake(Reply(), Reply(text="It is Ada, who is 36."), CALLED)
    asked = request(INVOKE, model="us.anthropic.claude-sonnet-4-6", use_cache=True, reasoning_effort="low")
    fields: dict[str, Any] = {"cache_dir": str(tmp_path)}
    async with client_of(transport, **fields) as client:
        response = await client.generate_text(asked)
    async with client_of(transport, **fields) as client:
        hit = await client.generate_text(asked)
    assert response.structured_data == hit.structured_data == ADA
    assert (hit.cache_source, len(response.raws), hit.raws) == ("l1", 2, response.raws)


async def test_an_error_keeps_what_the_other_way_has_paid_for() -> None:
    transport = fake(Reply(text="Ada, 36"), Reply(), Reply(status=500))
    async with client_of(transport, "openai") as client:
        with pytest.raises(ServerError) as caught:
            await client.generate_text(request(RESPONSES, structured_output="two_pass"))
    assert caught.value.response is not None
    assert caught.value.response.text == "Ada, 36"
    assert "native-unsupported" in {item.code for item in caught.value.response.diagnostics}


async def test_the_deadline_holds_for_both_ways() -> None:
    transport = fake(Reply(), Reply(structured=DATA, delay=5))
    async with client_of(transport, total_timeout=0.2) as client:
        with pytest.raises(TimeoutError):
            await client.generate_text(request())


async def test_a_wish_that_is_lost_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "smartllm"):
        async with client_of(fake(Reply(), CALLED), level="warn") as client:
            await client.generate_text(request())
    assert [record.getMessage().count("native-unsupported") for record in caplog.records] == [1]


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartllm.runtime.asked._REMEMBERED", 1)
    transport = fake(*[one for _ in range(4) for one in (Reply(), CALLED)])
    async with client_of(transport) as client:
        for model in ("haiku-4-5-20251001-v1:0", "sonnet-4-5-20250929-v1:0", "opus-4-5-20251101-v1:0"):
            await client.generate_text(request(model=f"us.anthropic.claude-{model}"))
        formats: NativeFormats = client._executor.formats
        assert len(formats._refused) == 2
        await client.generate_text(request())  # the first one is forgotten
    assert len(transport.sent) == 8


async def test_a_conversation_is_asked_again_as_it_is() -> None:
    transport = fake(Reply(), CALLED)
    messages = [Message("user", "Who?")]
    async with client_of(transport) as client:
        asked = MessageRequest(
            messages=messages,
            model=CONVERSE.model,
            response_format=Person,
            structured_output="native",
            api_type="converse",
            system_prompt="Be brief.",
        )
        assert (await client.send_message(asked)).structured_data == ADA
    first, second = (sent.body for sent in transport.sent)
    assert (first["messages"], first["system"]) == (second["messages"], second["system"])


EXTRA = "output_config.format: Extra inputs are not permitted"
PLACE = "'loc': ('body', 'response_format', 'type'), 'msg': 'Input should be'"


@pytest.mark.parametrize(
    "message",
    [
        EXTRA,
        "output_config: Extra inputs are not permitted",
        f"The model returned the following errors: {EXTRA}",
        "Malformed input request: #: extraneous key [output_config] is not permitted",
        "This model doesn't support the outputConfig field. Remove outputConfig and try again.",
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.",
        "This model does not support response format `json_schema`.",
        "This response_format type is unavailable now",
        "response_format.type `json_schema` is unavailable now",
        "'response_format.type' : value is not one of the allowed values ['text','json_object']",
        "invalid value: `json_schema`, supported values are: `json_object` and `text`.",
        "The response_format parameter is unsupported at the moment. Leave it unset.",
        f"[{{'type': 'literal_error', {PLACE}}}]",
        'response_format type must be one of "text" or "json_object", but got: json_schema',
    ],
)
def test_words_that_refuse_the_mode(message: str) -> None:
    for body in ({"message": message}, {"error": {"message": message}}, {"error": message}):
        said = error_in(json.dumps(body).encode())
        assert refuses_format(said, 400)
        assert refuses_format(said, 422)
        assert refuses_format(said, 500), "some servers take it for a failure of their own"
        assert not refuses_format(said, 503)
        assert not refuses_format(said, 429)


@pytest.mark.parametrize(
    ("code", "param", "refuses"),
    [
        ("unsupported_parameter", "text.format", True),
        ("unsupported_value", "response_format.type", True),
        ("unknown_parameter", "response_format", True),
        ("unsupported_parameter", "temperature", False),
        ("invalid_json_schema", "text.format.schema", False),
        ("invalid_value", "response_format", False),
        ("unsupported_parameter", None, False),
    ],
)
def test_codes_and_fields_that_refuse_it(code: str, param: str | None, refuses: bool) -> None:
    error = {"message": "no", "type": "invalid_request_error", "code": code, "param": param}
    assert refuses_format(error_in(json.dumps({"error": error}).encode()), 400) is refuses


def test_a_place_in_fastapis_words_refuses_it() -> None:
    detail = [{"type": "literal_error", "loc": ["body", "response_format", "type"], "msg": "Input should be"}]
    assert refuses_format(error_in(json.dumps({"detail": detail}).encode()), 422)
    detail[0]["loc"] = ["body", "response_format", "json_schema", "schema"]
    assert not refuses_format(error_in(json.dumps({"detail": detail}).encode()), 422)


@pytest.mark.parametrize(
    "message",
    [
        "invalid schema for response format: response_format/json_schema/n: minItems is not supported",
        "output_config.format.schema: For 'integer' type, property 'minimum' is not supported",
        "tools.0.custom.strict: Extra inputs are not permitted",
        "output_config.effort: Extra inputs are not permitted",
        "Missing required parameter: 'text.format.name'.",
        "",
    ],
)
def test_what_is_wrong_with_a_schema_or_with_something_else_does_not(message: str) -> None:
    assert not refuses_format(error_in(json.dumps({"error": {"message": message}}).encode()), 400)


def test_unsupported_natively_is_still_refused_at_compile() -> None:
    with pytest.raises(UnsupportedError, match="takes no native schema"):
        smartllm.compile(request(model="us.amazon.nova-pro-v1:0"), level="ignore")
