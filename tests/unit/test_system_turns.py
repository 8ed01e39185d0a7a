"""System messages between the others: where the model takes them, and refused by name elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from model_facts import RULES
from settled import settled
from wires import CHAT, INVOKE, RESPONSES, Wire

import smartllm
from smartllm import (
    Message,
    MessageRequest,
    Plan,
    SystemMessage,
    Tool,
    ToolCall,
    ToolResult,
    UnsupportedError,
)
from smartllm.content import Other
from smartllm.rules import Dialect, resolve, target_for
from smartllm.testing import LoopbackServer
from smartllm.testing.check import refusal
from smartllm.words import ApiType

USER, THEN = Message("user", "Review."), Message("user", "Again.")
SAID = Message("assistant", "No types.")
RULE, ALSO = SystemMessage("Name the types."), SystemMessage("Be short.")
LOOK = Tool("look")
CALLED = Message("assistant", [ToolCall("c1", "look", {})])
TOLD = Message("user", [ToolResult("c1", "seen")])


def plan(*turns: Message, model: str = "claude-opus-4-8", **fields: Any) -> Plan:
    request = MessageRequest(messages=[*turns], **fields)
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def roles(compiled: Plan) -> list[str]:
    """Who speaks in each turn, with the results of calls as such."""
    turns = compiled.body.get("messages") or compiled.body["input"]
    return [turn.get("role") or turn["type"] for turn in turns]


def codes(compiled: Plan) -> list[str]:
    return [item.code for item in compiled.diagnostics if item.path == "messages"]


class TestClaude:
    def test_behind_the_users_message_it_stays(self) -> None:
        for turns in ((USER, SAID, THEN, RULE), (USER, RULE, SAID, THEN)):
            compiled = plan(*turns, system_prompt="You review.")
            assert roles(compiled) == [turn.role for turn in turns]
            assert (compiled.body["system"], codes(compiled)) == ("You review.", [])
            assert refusal(compiled.body, compiled.model, "anthropic_messages") is None

    def test_before_the_users_message_it_moves_behind_it(self) -> None:
        compiled = plan(USER, SAID, RULE, THEN)
        assert roles(compiled) == ["user", "assistant", "user", "system"]
        (moved,) = [item for item in compiled.diagnostics if item.code == "system-turn-moved"]
        assert (moved.severity, moved.origin.name) == ("info", "messages.system_turns")

    def test_several_are_one_message(self) -> None:
        compiled = plan(USER, RULE, THEN, ALSO)
        assert roles(compiled) == ["user", "system"]
        assert [block["text"] for block in compiled.body["messages"][1]["content"]] == [
            "Name the types.",
            "Be short.",
        ]
        assert codes(compiled) == ["system-turn-moved", "messages-merged"]

    def test_between_a_call_and_its_result_it_moves_behind_the_result(self) -> None:
        compiled = plan(USER, CALLED, RULE, TOLD, tools=[LOOK])
        assert roles(compiled) == ["user", "assistant", "user", "system"]
        assert refusal(compiled.body, compiled.model, "anthropic_messages") is None

    def test_behind_the_assistants_message_there_is_no_place(self) -> None:
        for turns in ((USER, SAID, RULE), (USER, SAID, RULE, SAID, USER)):
            with pytest.raises(UnsupportedError, match="follows the assistant's") as caught:
                plan(*turns)
            assert (caught.value.field, caught.value.hint) == (
                "messages",
                "let a system message follow a user message",
            )

    def test_behind_the_providers_own_tool_there_is(self) -> None:
        own = Other({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}})
        assert roles(plan(USER, Message("assistant", [own]), RULE)) == ["user", "assistant", "system"]

    def test_it_may_hold_the_wires_own_words(self) -> None:
        added: Any = {"type": "tool_addition", "tool": {"name": "look", "type": "tool_reference"}}
        compiled = plan(USER, SystemMessage([Other(added)]), tools=[LOOK])
        assert compiled.body["messages"][1] == {"role": "system", "content": [added]}


class TestOpenAI:
    def test_it_stays_where_it_is(self) -> None:
        for api_type in ("responses", "chat_completions"):
            compiled = plan(USER, RULE, THEN, SAID, ALSO, THEN, model="gpt-5.4", api_type=api_type)
            assert roles(compiled) == ["user", "developer", "user", "assistant", "developer", "user"]
            assert codes(compiled) == []

    def test_it_speaks_as_system_text_does(self) -> None:
        compiled = plan(USER, RULE, model="gpt-4o", api_type="chat_completions", system_prompt="Be kind.")
        assert roles(compiled) == ["system", "user", "system"]

    @pytest.mark.parametrize("api_type", ["responses", "chat_completions"])
    def test_results_stay_behind_their_calls(self, api_type: ApiType) -> None:
        compiled = plan(USER, CALLED, RULE, ALSO, TOLD, model="gpt-5.4", api_type=api_type, tools=[LOOK])
        result = "tool" if api_type == "chat_completions" else "function_call_output"
        assert roles(compiled)[-3:] == [result, "developer", "developer"]
        assert codes(compiled) == ["system-turn-moved"]

    def test_they_keep_their_order(self) -> None:
        compiled = plan(USER, CALLED, RULE, TOLD, ALSO, THEN, model="gpt-5.4", tools=[LOOK])
        said = [item["content"] for item in compiled.body["input"] if item.get("role") == "developer"]
        assert said == ["Name the types.", "Be short."]


@pytest.mark.parametrize(
    ("model", "api_type"),
    [
        ("claude-opus-4-7", "invoke"),
        ("claude-opus-4-8", "converse"),
        ("nova-lite", "converse"),
        ("o1-mini", "chat_completions"),
    ],
)
def test_where_none_is_taken_it_is_refused_by_name(model: str, api_type: ApiType) -> None:
    with pytest.raises(UnsupportedError) as caught:
        plan(USER, RULE, model=model, api_type=api_type)
    assert caught.value.message.startswith(f"messages[1]: {model} takes no system message")
    assert "system_prompt" in caught.value.hint


@pytest.mark.parametrize("model", ["gpt-4o", "claude-opus-4-8", "nova-lite"])
def test_a_first_one_is_the_system_prompt(model: str) -> None:
    with pytest.raises(UnsupportedError, match="begins with a system message") as caught:
        plan(RULE, USER, model=model)
    assert "system_prompt" in caught.value.hint


@pytest.mark.parametrize(
    "content", [[ToolCall("c", "f", {})], [ToolResult("c", "r")]], ids=["call", "result"]
)
def test_it_holds_no_calls_and_no_results(content: Any) -> None:
    with pytest.raises(UnsupportedError, match="cannot stand in a turn of the system"):
        plan(USER, SystemMessage(content), model="gpt-5.4")


@pytest.mark.parametrize(
    ("model", "dialect", "host"),
    [
        ("claude-opus-5", "anthropic_messages", "bedrock"),
        ("gpt-5.4", "openai_responses", "openai"),
        ("gpt-5.4", "openai_chat", "openai"),
    ],
)
def test_a_second_run_changes_nothing(model: str, dialect: Dialect, host: str) -> None:
    turns = [USER, CALLED, RULE, TOLD, ALSO, THEN, SAID, THEN, RULE]
    target = target_for(resolve(model, RULES), host, dialect, RULES)
    trace = settled(MessageRequest(messages=turns, tools=[LOOK]), target)
    assert "system-turn-moved" in [change.code for change in trace.changes]


@pytest.mark.parametrize(
    ("model", "dialect"), [("claude-opus-4-8", "anthropic_messages"), ("gpt-5.4", "openai_responses")]
)
def test_the_step_that_puts_an_answer_into_a_structure_hears_it_too(model: str, dialect: Dialect) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    compiled = plan(
        USER, RULE, model=model, response_format=schema, structured_output="two_pass", tools=[LOOK]
    )
    for step in compiled.steps:
        said = step.body.get("messages") or step.body["input"]
        assert [turn["content"] for turn in said][:2] == ["Review.", "Name the types."]
        assert refusal(step.body, model, dialect) is None


class TestSandbox:
    """What a provider says of bodies that no plan has."""

    @pytest.mark.parametrize("wire", [INVOKE, RESPONSES, CHAT], ids=lambda wire: wire.api_type)
    async def test_it_answers(self, wire: Wire, server: LoopbackServer) -> None:
        model = "anthropic.claude-opus-4-8" if wire is INVOKE else "gpt-5.4"
        async with wire.client(server.url) as client:
            request = MessageRequest(messages=[USER, RULE], model=model, api_type=wire.api_type)
            assert (await client.send_message(request)).text == "echo: Review."

    @pytest.mark.parametrize(
        ("turns", "says"),
        [
            (["system", "user"], "messages.0: use the top-level 'system' parameter"),
            (["user", "system", "user"], "messages.1: a system message must stand"),
            (["user", "assistant", "system"], "messages.2: a system message must stand"),
            (["user", "system", "system"], "messages.1: a system message must stand"),
        ],
    )
    def test_a_wrong_place_is_refused(self, turns: list[str], says: str) -> None:
        body = {"messages": [{"role": role, "content": "x"} for role in turns]}
        assert str(refusal(body, "claude-opus-4-8", "anthropic_messages")).startswith(says)

    @pytest.mark.parametrize(
        ("model", "dialect"),
        [("claude-opus-4-7", "anthropic_messages"), ("claude-opus-4-8", "bedrock_converse")],
    )
    def test_a_model_that_takes_none_says_so(self, model: str, dialect: Dialect) -> None:
        body = {"messages": [{"role": role, "content": [{"text": "x"}]} for role in ("user", "system")]}
        assert "role 'system' is not supported" in str(refusal(body, model, dialect))


def test_a_plain_message_is_none_and_says_where_system_text_goes() -> None:
    with pytest.raises(
        ValueError, match=r"role\n  system text goes into system_prompt, .* SystemMessage\(text\)"
    ):
        Message("system", "Be short.")  # type: ignore[arg-type]


def test_json_says_it_with_its_role() -> None:
    said = [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]
    request = MessageRequest.model_validate({"messages": said})
    assert [type(message) for message in request.messages] == [Message, SystemMessage]
    assert request.model_dump(exclude_unset=True)["messages"][1]["role"] == "system"
    assert MessageRequest.model_validate_json(request.model_dump_json()) == request
