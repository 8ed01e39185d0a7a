"""JSON mode: ``{"type": "json_object"}`` is any JSON object, by the wire's own word or by a schema."""

from __future__ import annotations

from typing import Any

import pytest
from wires import CHAT, RESPONSES, Wire, each_wire

import smartllm
from smartllm import Image, Message, MessageRequest, Plan, TextRequest, Tool
from smartllm.errors import UnsupportedError
from smartllm.structure_errors import SchemaMismatchError
from smartllm.testing import LoopbackServer, Reply

MODE = {"type": "json_object"}
SENTENCE = "Answer with a JSON object."
DATA = {"a": [1, {"b": None}], "c": "d"}


def plan(model: str = "gpt-5.4", **fields: Any) -> Plan:
    kind = MessageRequest if "messages" in fields else TextRequest
    return smartllm.compile(kind(response_format=MODE, **fields), model=model, level="ignore")


def told(compiled: Plan) -> list[tuple[str, str, Any]]:
    return [(item.code, item.severity, item.origin.name) for item in compiled.diagnostics]


def test_openais_wires_have_a_word_for_it() -> None:
    compiled = plan(prompt="Say it in JSON.")
    assert compiled.body["text"] == {"format": {"type": "json_object"}}
    assert compiled.body["input"][0]["content"] == "Say it in JSON."
    assert told(compiled) == []
    chat = plan(prompt="as json", api_type="chat_completions")
    assert chat.body["response_format"] == {"type": "json_object"}
    assert chat.steps[0].origins["response_format.type"].name == "response_format"


class TestTheWord:
    def test_is_added_where_nobody_says_it(self) -> None:
        compiled = plan(prompt="hi")
        assert compiled.body["input"] == [
            {"type": "message", "role": "user", "content": f"hi\n\n{SENTENCE}"},
        ]
        assert told(compiled) == [("json-asked", "info", "structured.json_object")]

    @pytest.mark.parametrize(("api_type", "counts"), [("responses", False), ("chat_completions", True)])
    def test_in_the_system_text_counts_where_that_is_a_message(self, api_type: Any, *, counts: bool) -> None:
        compiled = plan(prompt="hi", system_prompt="Only JSON.", api_type=api_type)
        assert (SENTENCE not in str(compiled.body)) == counts
        assert (told(compiled) == []) == counts

    def test_stands_where_later_turns_change_nothing(self) -> None:
        first = [Message("user", "one")]
        later = [*first, Message("assistant", "{}, which is JSON"), Message("user", "two")]
        bodies = [plan(messages=turns).body["input"] for turns in (first, later)]
        assert (
            bodies[0][0]
            == bodies[1][0]
            == {
                "type": "message",
                "role": "user",
                "content": f"one\n\n{SENTENCE}",
            }
        )
        assert bodies[1][2]["content"] == "two"

    def test_of_a_turn_without_text_is_one(self) -> None:
        picture = Image(data=b"\x89PNG\r\n\x1a\n" + b"\0" * 30, media_type="image/png")
        content = plan(messages=[Message("user", [picture])]).body["input"][0]["content"]
        assert [part["type"] for part in content] == ["input_image", "input_text"]
        assert content[1]["text"] == SENTENCE

    def test_of_a_later_message_counts(self) -> None:
        turns = [Message("user", "one"), Message("assistant", "two"), Message("user", "json")]
        assert told(plan(messages=turns)) == []


class TestWithoutAWord:
    @pytest.mark.parametrize("model", ["us.anthropic.claude-sonnet-4-6", "gpt-4"])
    def test_a_tool_takes_any_object(self, model: str) -> None:
        body = plan(model, prompt="hi").body
        tool = (body.get("tools") or body["toolConfig"]["tools"])[0]
        schema = tool.get("input_schema") or tool.get("parameters") or tool["toolSpec"]["inputSchema"]["json"]
        assert schema == {"type": "object", "properties": {}}

    @pytest.mark.parametrize(
        "fields",
        [
            {"tools": [{"type": "web_search"}]},
            {"model": "gpt-oss-120b", "api_type": "chat_completions"},
            {"model": "qwen3-32b"},
        ],
        ids=["beside web search", "open weights", "Converse"],
    )
    def test_a_native_schema_has_it_as_text(self, fields: dict[str, Any]) -> None:
        said = str(plan(**({"prompt": "hi"} | fields)).body)
        assert "written as JSON text" in said
        assert "json_object" not in said

    def test_what_the_caller_asks_for_is_done(self) -> None:
        assert plan(prompt="hi", structured_output="tool").body["tool_choice"]["name"] == "answer"
        two = plan(prompt="hi", structured_output="two_pass")
        assert "text" not in two.body
        assert two.steps[1].body["text"] == {"format": {"type": "json_object"}}

    def test_beside_functions_it_binds_as_a_schema_does(self) -> None:
        tool = Tool("t", parameters={"type": "object", "properties": {}})
        assert plan(prompt="json", tools=[tool]).body["text"] == {"format": {"type": "json_object"}}
        request = TextRequest(
            prompt="json", response_format=MODE, tools=[tool], api_type="chat_completions", model="some-model"
        )
        served = smartllm.compile(request, provider="openai", compatible=True, level="ignore")
        assert [step.body.get("response_format") for step in served.steps] == [None, MODE]


@each_wire
@pytest.mark.parametrize("streamed", [False, True])
async def test_the_answer_is_the_object(wire: Wire, server: LoopbackServer, *, streamed: bool) -> None:
    server.script(Reply(structured=DATA))
    async with wire.client(server.url) as client:
        answer = await client.generate_text(wire.request("hi", response_format=MODE, stream=streamed))
        assert answer.structured_data == DATA
        assert (await client.generate_text(wire.request("again", response_format=MODE))).structured_data == {}


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_what_is_no_object_is_an_error(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(text="[1]"))
    async with wire.client(server.url) as client:
        with pytest.raises(SchemaMismatchError, match="is not of type 'object'"):
            await client.generate_text(wire.request("hi", response_format=MODE))


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_where_the_mode_is_refused_a_tool_binds(wire: Wire, server: LoopbackServer) -> None:
    refused = "Invalid parameter: 'response_format' of type 'json_object' is not supported with this model."
    server.script(Reply(status=400, error_message=refused), Reply(structured=DATA))
    async with wire.client(server.url) as client:
        answer = await client.generate_text(wire.request("hi", response_format=MODE))
    assert answer.structured_data == DATA
    assert "native-unsupported" in [item.code for item in answer.diagnostics]
    assert [item["type"] for item in server.requests[-1].json["tools"]] == ["function"]


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        (
            {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}},
            'response_format["json_schema"]["schema"]',
        ),
        ({"type": "json_schema", "name": "a", "schema": {}}, 'response_format["schema"]'),
        ({"type": "text"}, "leave response_format out"),
    ],
    ids=["Chat", "Responses", "text"],
)
def test_what_openai_has_around_a_schema_is_told(given: dict[str, Any], hint: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        smartllm.compile(TextRequest(prompt="p", response_format=given), model="gpt-5.4")
    assert hint in caught.value.hint
    assert caught.value.field == "response_format"
