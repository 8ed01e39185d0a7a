"""Calls and results in a conversation, on the four wires: complete, in order, in a form that is taken."""

from __future__ import annotations

from typing import Any

import pytest
from doors import api_on
from model_facts import FACTS, takes_tools

import smartllm
from smartllm import Message, MessageRequest, Plan, TextRequest, Tool, UnsupportedError
from smartllm.compiler.call_ids import CallIds
from smartllm.compiler.dialects.spelling import arguments_of
from smartllm.compiler.intent import Intent, ToolPlan, Turn
from smartllm.compiler.passes import calls as calls_pass
from smartllm.compiler.trace import Trace
from smartllm.content import Image, Reasoning, Text, ToolCall, ToolResult
from smartllm.rules import load_rules
from smartllm.rules.vocabulary import DIALECTS, Dialect, facts_from
from smartllm.words import ApiType

RULES = load_rules()
GPT, CLAUDE, NOVA, MISTRAL, LLAMA = (
    "gpt-4.1",
    "claude-sonnet-4-5",
    "nova-pro",
    "mistral-large-2402",
    "llama3-1-70b-instruct",
)
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("weather", parameters=CITY)
ASKED = Message("user", "Weather in Rome and Oslo?")
CALLS = Message(
    "assistant",
    [
        "I look.",
        ToolCall("call_1", "weather", {"city": "Rome"}),
        ToolCall("call_2", "weather", '{"city": "Oslo"}'),
    ],
)
RESULTS = Message(
    "user", ["And then?", ToolResult("call_2", "no such city", error=True), ToolResult("call_1", {"c": 21})]
)


def plan(model: str, *turns: Message, api_type: ApiType = "responses", **fields: Any) -> Plan:
    fields = {"tools": [WEATHER]} | fields
    request = MessageRequest(messages=list(turns), api_type=api_type, **fields)
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def told(compiled: Plan) -> dict[str, str]:
    return {item.code: item.origin.name for item in compiled.diagnostics if item.path == "messages"}


def refused(*turns: Message) -> str:
    with pytest.raises(UnsupportedError) as caught:
        plan(GPT, *turns)
    assert caught.value.field == "messages"
    return caught.value.message


class TestOnTheWires:
    def test_responses(self) -> None:
        compiled = plan(GPT, ASKED, CALLS, RESULTS)
        assert compiled.body["input"][1:] == [
            {"type": "message", "role": "assistant", "content": "I look."},
            {
                "type": "function_call",
                "call_id": "call_1",
                "name": "weather",
                "arguments": '{"city": "Rome"}',
            },
            {
                "type": "function_call",
                "call_id": "call_2",
                "name": "weather",
                "arguments": '{"city": "Oslo"}',
            },
            {"type": "function_call_output", "call_id": "call_1", "output": '{"c": 21}'},
            {"type": "function_call_output", "call_id": "call_2", "output": "Error: no such city"},
            {"type": "message", "role": "user", "content": "And then?"},
        ]
        assert told(compiled) == {"tool-error-as-text": "calls.errors"}

    def test_chat(self) -> None:
        body = plan(GPT, ASKED, CALLS, RESULTS, api_type="chat_completions").body

        def call(number: int, city: str) -> dict[str, Any]:
            function = {"name": "weather", "arguments": f'{{"city": "{city}"}}'}
            return {"id": f"call_{number}", "type": "function", "function": function}

        assert body["messages"][1:] == [
            {"role": "assistant", "content": "I look.", "tool_calls": [call(1, "Rome"), call(2, "Oslo")]},
            {"role": "tool", "tool_call_id": "call_1", "content": '{"c": 21}'},
            {"role": "tool", "tool_call_id": "call_2", "content": "Error: no such city"},
            {"role": "user", "content": "And then?"},
        ]

    def test_messages(self) -> None:
        body = plan(CLAUDE, ASKED, CALLS, RESULTS, api_type="invoke").body
        assert body["messages"][1:] == [
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Rome"}},
                    {"type": "tool_use", "id": "call_2", "name": "weather", "input": {"city": "Oslo"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": '{"c": 21}'},
                    {
                        "type": "tool_result",
                        "tool_use_id": "call_2",
                        "content": "no such city",
                        "is_error": True,
                    },
                    {"type": "text", "text": "And then?"},
                ],
            },
        ]

    def test_converse(self) -> None:
        compiled = plan(CLAUDE, ASKED, CALLS, RESULTS, api_type="converse")
        assert compiled.body["messages"][1:] == [
            {
                "role": "assistant",
                "content": [
                    {"text": "I look."},
                    {"toolUse": {"toolUseId": "call_1", "name": "weather", "input": {"city": "Rome"}}},
                    {"toolUse": {"toolUseId": "call_2", "name": "weather", "input": {"city": "Oslo"}}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"toolResult": {"toolUseId": "call_1", "content": [{"json": {"c": 21}}]}},
                    {
                        "toolResult": {
                            "toolUseId": "call_2",
                            "content": [{"text": "no such city"}],
                            "status": "error",
                        }
                    },
                    {"text": "And then?"},
                ],
            },
        ]
        assert told(compiled) == {}

    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_every_listed_model_that_takes_tools_takes_two_rounds(self, dialect: Dialect) -> None:
        second = Message("assistant", [ToolCall("call_1", "clock", {})])
        rounds = [ASKED, CALLS, RESULTS, second, Message("user", [ToolResult("call_1", "")])]
        taken = 0
        for model in sorted(takes_tools(dialect)):
            facts = FACTS[dialect][model]
            host = "openai" if dialect.startswith("openai") else "bedrock"
            try:
                request = MessageRequest(
                    messages=rounds,
                    tools=[WEATHER],
                    api_type=api_on(dialect),
                    reasoning_effort="none",
                )
                compiled = smartllm.compile(request, model=model, provider=host, rules=RULES, level="ignore")
            except smartllm.CompileError as error:
                assert facts.tools.functions == "effort-none" or "is not served" in str(error)  # noqa: PT017
                continue
            taken += compiled.steps[0].dialect == dialect
            said = str(compiled.body)
            assert "no such city" in said
            assert "And then?" in said
        assert taken > 5


class TestOrder:
    def test_results_are_put_together_and_first(self) -> None:
        compiled = plan(
            CLAUDE,
            ASKED,
            CALLS,
            Message("user", ["a", ToolResult("call_2", "2")]),
            Message("user", [ToolResult("call_1", "1")]),
            Message("user", "b"),
        )
        kinds = [block["type"] for block in compiled.body["messages"][2]["content"]]
        assert kinds == ["tool_result", "tool_result", "text", "text"]
        assert [block.get("tool_use_id") for block in compiled.body["messages"][2]["content"]][:2] == [
            "call_1",
            "call_2",
        ]

    @pytest.mark.parametrize(
        ("turns", "says"),
        [
            (
                (ASKED, CALLS),
                "messages[1]: the call 'call_1' of weather has no result in the user's next turn",
            ),
            (
                (ASKED, CALLS, Message("user", [ToolResult("call_1", "x")])),
                "messages[1]: the call 'call_2' of weather has no result",
            ),
            (
                (ASKED, CALLS, RESULTS, Message("user", [ToolResult("call_1", "x")])),
                "messages[3]: the result for 'call_1' answers no open call of the turn before",
            ),
            (
                (ASKED, CALLS, Message("user", [ToolResult("call_3", "x")])),
                "messages[2]: the result for 'call_3'",
            ),
            ((Message("user", [ToolResult("1", "x")]),), "messages[0]: the result for '1'"),
            (
                (
                    ASKED,
                    Message("assistant", [ToolCall("1", "a", {}), ToolCall("1", "b", {})]),
                    Message("user", [ToolResult("1", "x")]),
                ),
                "messages[1]: the call '1' of a has the id of another",
            ),
            (
                (ASKED, Message("assistant", [ToolResult("1", "x")])),
                "messages[1].content[0]: a ToolResult cannot stand in a turn of the assistant",
            ),
            (
                (Message("user", [ToolCall("1", "a", {})]),),
                "messages[0].content[0]: a ToolCall cannot stand in a turn of the user",
            ),
            (
                (ASKED, CALLS, Message("user", [ToolResult("call_1", ["a", Image(data=b"x")])])),
                "messages[2].content[0].content[1]: Image: what the bytes are cannot be told from them",
            ),
        ],
        ids=lambda value: value[:40] if isinstance(value, str) else "",
    )
    def test_what_is_missing_or_too_much_is_refused_by_place_and_id(
        self, turns: tuple[Message, ...], says: str
    ) -> None:
        assert refused(*turns).startswith(says)

    @pytest.mark.parametrize("key", ["previous_response_id", "conversation"])
    def test_results_answer_calls_that_the_provider_keeps(self, key: str) -> None:
        answer = Message(
            "user", ["And?", ToolResult("call_1", {"c": 21}), ToolResult("call_2", "", error=True)]
        )
        body = plan(GPT, answer, extra={key: "id_1"}).body
        assert body["input"] == [
            {"type": "function_call_output", "call_id": "call_1", "output": '{"c": 21}'},
            {"type": "function_call_output", "call_id": "call_2", "output": "Error: "},
            {"type": "message", "role": "user", "content": "And?"},
        ]
        assert body[key] == "id_1"
        with pytest.raises(UnsupportedError, match=r"messages\[2\]: the result for 'call_1' answers no open"):
            plan(GPT, ASKED, Message("assistant", "Hm."), answer, extra={key: "id_1"})
        for model, extra in ((CLAUDE, {key: "id_1"}), (GPT, {key: None}), (GPT, {"store": False})):
            with pytest.raises(UnsupportedError, match="answers no open call"):
                plan(model, answer, extra=extra)

    def test_a_prompt_holds_none(self) -> None:
        for part in (ToolCall("1", "a", {}), ToolResult("1", "x")):
            with pytest.raises(UnsupportedError, match=r"^prompt\[0\]: a Tool\w+ cannot stand in a prompt"):
                smartllm.compile(TextRequest(prompt=[part]), model=GPT, rules=RULES)


class TestBeside:
    def test_a_model_that_takes_no_text_there(self) -> None:
        compiled = plan(LLAMA, ASKED, CALLS, RESULTS)
        turns = compiled.body["messages"]
        assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
        assert [list(block) for block in turns[1]["content"]] == [["toolUse"], ["toolUse"]]
        assert turns[3:] == [
            {"role": "assistant", "content": [{"text": "."}]},
            {"role": "user", "content": [{"text": "And then?"}]},
        ]
        assert told(compiled) == {
            "call-text-dropped": "calls.text_beside",
            "tool-error-as-text": "calls.errors",
            "results-apart": "calls.beside_results",
        }
        later = plan(
            LLAMA,
            ASKED,
            Message("assistant", "Hm."),
            Message("assistant", "Well."),
            CALLS,
            Message("user", [ToolResult("call_1", "1"), ToolResult("call_2", "2")]),
            Message("user", "b"),
        )
        turns = later.body["messages"]
        assert [list(block) for block in turns[1]["content"]] == [["toolUse"], ["toolUse"]]
        assert turns[-1]["content"] == [{"text": "b"}]
        dropped = next(item for item in later.diagnostics if item.code == "call-text-dropped")
        assert (dropped.severity, dropped.asked) == ("warning", "Hm.Well.I look.")

    def test_a_blank_text_is_left_out(self) -> None:
        blank = Message("assistant", [" ", ToolCall("1", "weather", {})])
        compiled = plan(
            GPT, ASKED, blank, Message("user", [ToolResult("1", "x")]), api_type="chat_completions"
        )
        assert compiled.body["messages"][1]["content"] is None
        assert [(item.code, item.severity) for item in compiled.diagnostics if item.path == "messages"] == [
            ("call-text-dropped", "info")
        ]


class TestResults:
    def sent(self, model: str, content: Any, **fields: Any) -> Any:
        call = Message("assistant", [ToolCall("1", "weather", {})])
        body = plan(model, ASKED, call, Message("user", [ToolResult("1", content)]), **fields).body
        last = (body.get("input") or body["messages"])[-1]
        if "output" in last:
            return last["output"]
        block = last["content"][0]
        return block["toolResult"]["content"] if "toolResult" in block else block.get("content")

    def test_json_is_text_where_the_wire_takes_no_json(self) -> None:
        assert self.sent(GPT, [1, "ä"]) == '[1, "ä"]'
        assert self.sent(GPT, None) == "null"
        assert self.sent(NOVA, {"a": 1}) == [{"text": '{"a": 1}'}]
        assert self.sent(CLAUDE, [1], api_type="converse") == [{"text": "[1]"}]
        assert self.sent(GPT, ["a", Text("b")]) == "a\n\nb"

    @pytest.mark.parametrize(("model", "given", "sent"), [(GPT, "", "(empty)"), (CLAUDE, "  ", None)])
    def test_what_was_blank_is_told(self, model: str, given: str, sent: str | None) -> None:
        call = Message("assistant", [ToolCall("1", "weather", {})])
        compiled = plan(model, ASKED, call, Message("user", [ToolResult("1", given)]))
        (filled,) = [item for item in compiled.diagnostics if item.code == "tool-result-filled"]
        assert (filled.severity, filled.asked, filled.applied) == ("info", given, sent)
        assert filled.origin.name == "calls.empty_results"

    def test_nothing_is_sent_only_where_it_is_taken(self) -> None:
        assert self.sent(GPT, "") == "(empty)"
        assert self.sent(CLAUDE, "", api_type="invoke") is None
        assert self.sent(CLAUDE, "  ", api_type="invoke") is None
        assert self.sent(CLAUDE, "", api_type="converse") == []
        assert self.sent(LLAMA, " ") == [{"text": "(empty)"}]


class TestIds:
    def given(self, form: str, *asked: str) -> list[str]:
        ids = CallIds(facts_from({"calls": {"ids": form, "ids_max": 64}}))
        return [ids.of(one, "f") for one in asked]

    def test_in_the_form_that_is_taken(self) -> None:
        assert self.given("any", "a b", "a", "x" * 64) == ["a b", "a", "x" * 64]
        assert self.given("dashed", "a.b", "toolu_1") == ["a_b", "toolu_1"]
        assert self.given("counted", "functions.f:0", "x", "functions.g:7") == [
            "functions.f:0",
            "functions.f:1",
            "functions.g:7",
        ]
        assert self.given("counted", "functions.f:1", "x") == ["functions.f:1", "functions.f:2"]
        nine = self.given("nine", "call_1", "abcdefgh9", "", "")
        assert nine[1] == "abcdefgh9"
        assert [len(one) for one in nine] == [9] * 4
        assert len(set(nine)) == 4
        assert all(len(one) <= 64 for one in self.given("any", "x" * 65, ""))

    def test_stay_what_they_are_in_later_versions(self) -> None:
        """A conversation that is kept must go on with the same ids, or its signatures no longer hold."""
        assert self.given("nine", "call_1", "call_1", "call_1") == ["0b803869e", "d7a05e0c3", "b3c5a5d1d"]
        assert self.given("any", "x" * 65) == ["call_6d3e1cf82fe0bf3342008d3a"]

    def test_a_long_name_leaves_room_for_its_number(self) -> None:
        ids = CallIds(facts_from({"calls": {"ids": "counted", "ids_max": 64}}))
        found = [ids.of("x", "f" * 64) for _ in range(11)]
        assert found[::10] == [f"functions.{'f' * 52}:0", f"functions.{'f' * 51}:10"]
        assert {len(one) for one in found} == {64}
        turns = [Message("assistant", [ToolCall("x", "f" * 64, {})]), Message("user", [ToolResult("x", "y")])]
        compiled = plan("kimi-k2.5", ASKED, *turns)
        (block,) = compiled.body["messages"][1]["content"]
        assert block["toolUse"]["toolUseId"] == found[0]

    def test_are_the_same_for_the_same_beginning(self) -> None:
        asked = ["a.b", "a.b", "", "a_b", "x" * 70]
        for form in ("any", "dashed", "nine", "counted"):
            whole = self.given(form, *asked)
            assert len(set(whole)) == len(asked)
            for count in range(len(asked)):
                assert self.given(form, *asked[:count]) == whole[:count]
            assert self.given(form, *whole) == whole

    def test_are_changed_in_calls_and_results_alike(self) -> None:
        answers = Message("user", [ToolResult("call_1", "1"), ToolResult("call_2", "2")])
        compiled = plan(MISTRAL, ASKED, CALLS, answers)
        calls, results = compiled.body["messages"][1:3]
        ids = [block["toolUse"]["toolUseId"] for block in calls["content"]]
        assert [block["toolResult"]["toolUseId"] for block in results["content"]] == ids
        assert [len(one) for one in ids] == [9, 9]
        assert told(compiled)["call-ids-changed"] == "calls.ids"


class TestArguments:
    def test_that_are_no_object_are_not_lost(self) -> None:
        for text in ("{", "[1]"):
            broken = Message("assistant", [ToolCall("1", "weather", text)])
            compiled = plan(CLAUDE, ASKED, broken, Message("user", [ToolResult("1", "x")]))
            assert compiled.body["messages"][1]["content"][0]["input"] == {"arguments": text}
            assert told(compiled) == {"call-arguments-wrapped": "messages"}
        empty = Message("assistant", [ToolCall("1", "weather", " ")])
        compiled = plan(CLAUDE, ASKED, empty, Message("user", [ToolResult("1", "x")]))
        assert compiled.body["messages"][1]["content"][0]["input"] == {}

    def test_are_written_as_the_schema_that_is_sent_has_them(self) -> None:
        odd = Tool("odd", parameters={"type": "object", "properties": {"größe": {}, "b": {}}})
        either = Tool("either", parameters={"type": "object", "anyOf": [CITY]})
        turn = Message(
            "assistant", [ToolCall("1", "odd", {"größe": 1, "b": 2}), ToolCall("2", "either", {"city": "x"})]
        )
        answers = Message("user", [ToolResult("1", "x"), ToolResult("2", "x")])
        body = plan(CLAUDE, ASKED, turn, answers, tools=[odd, either]).body
        assert [block["input"] for block in body["messages"][1]["content"]] == [
            {"gr__e": 1, "b": 2},
            {"value": {"city": "x"}},
        ]
        bare = Intent("m", "openai_chat", (), None, tools=(ToolPlan("a", "", "{}"),))
        assert arguments_of(ToolCall("1", "a", {"x": 1}), bare) == {"x": 1}

    def test_and_names_too(self) -> None:
        turn = Message("assistant", [ToolCall("1", "get-it", {})])
        body = plan(NOVA, ASKED, turn, Message("user", [ToolResult("1", "x")]), tools=[Tool("get-it")]).body
        assert body["messages"][1]["content"][0]["toolUse"]["name"] == "get_it"
        assert body["toolConfig"]["tools"][0]["toolSpec"]["name"] == "get_it"


class TestWithoutDeclaredTools:
    def test_what_is_called_is_declared_and_not_to_be_called(self) -> None:
        answers = Message("user", [ToolResult("call_1", "1"), ToolResult("call_2", "2")])
        body = plan(CLAUDE, ASKED, CALLS, answers, tools=None, api_type="invoke").body
        assert body["tools"] == [{"name": "weather", "input_schema": {"type": "object", "properties": {}}}]
        assert body["tool_choice"] == {"type": "none"}
        assert "tools" not in plan(GPT, ASKED, CALLS, answers, tools=None).body


class TestReasoning:
    def test_of_the_same_model_stands_before_its_calls(self) -> None:
        block = {"type": "thinking", "thinking": "hm", "signature": "s"}
        thought = Reasoning(CLAUDE, "anthropic_messages", [block])
        turn = Message("assistant", [ToolCall("1", "weather", {}), "text"], reasoning=thought)
        answers = Message("user", [ToolResult("1", "x")])
        content = plan(CLAUDE, ASKED, turn, answers, api_type="invoke").body["messages"][1]["content"]
        assert [part["type"] for part in content] == ["thinking", "text", "tool_use"]
        other = plan("claude-opus-4-7", ASKED, turn, answers, api_type="invoke")
        assert [part["type"] for part in other.body["messages"][1]["content"]] == ["text", "tool_use"]
        assert "reasoning-dropped" in told(other)

    @pytest.mark.parametrize(
        ("api_type", "block", "kept"),
        [
            ("invoke", {"type": "thinking", "thinking": "", "signature": "s"}, True),
            ("invoke", {"type": "redacted_thinking", "data": "x"}, True),
            ("invoke", {"type": "thinking", "thinking": "hm", "signature": ""}, False),
            ("converse", {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}, True),
            ("converse", {"reasoningContent": {"redactedContent": "eA=="}}, True),
            ("converse", {"reasoningContent": {"reasoningText": {"text": "hm"}}}, False),
        ],
    )
    def test_goes_back_signed_or_not_at_all(
        self, api_type: ApiType, block: dict[str, Any], *, kept: bool
    ) -> None:
        dialect = "anthropic_messages" if api_type == "invoke" else "bedrock_converse"
        turn = Message(
            "assistant", [ToolCall("1", "weather", {})], reasoning=Reasoning(CLAUDE, dialect, [block])
        )
        compiled = plan(CLAUDE, ASKED, turn, Message("user", [ToolResult("1", "x")]), api_type=api_type)
        assert (compiled.body["messages"][1]["content"][0] == block) == kept
        assert told(compiled) == ({} if kept else {"reasoning-dropped": "carry.reasoning"})

    def test_a_round_without_it_does_not_think_with_a_budget(self) -> None:
        answers = Message("user", [ToolResult("1", "x")])
        bare = Message("assistant", [ToolCall("1", "weather", {})])
        wishes: dict[str, Any] = {"budget_tokens": 2000, "reasoning_effort": "low"}
        for wish, value in wishes.items():
            compiled = plan(CLAUDE, ASKED, bare, answers, api_type="responses", **{wish: value})
            assert "thinking" not in compiled.body
            assert ("thinking-left-off", wish, "carry.leads") in [
                (item.code, item.path, item.origin.name) for item in compiled.diagnostics
            ]
        thought = Reasoning(CLAUDE, "anthropic_messages", [{"type": "redacted_thinking", "data": "x"}])
        led = Message("assistant", [ToolCall("1", "weather", {})], reasoning=thought)
        for turns in (
            (ASKED, led, answers),
            (ASKED,),
            (ASKED, bare, answers, Message("assistant", "x"), ASKED),
        ):
            assert plan(CLAUDE, *turns, budget_tokens=2000).body["thinking"]["budget_tokens"] == 2000


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_pass_changes_nothing_that_it_has_settled(dialect: Dialect) -> None:
    turns = tuple(
        Turn(turn.role, tuple(Text(part) if isinstance(part, str) else part for part in turn.content))
        for turn in (Message("user", ["q"]), Message("assistant", ["Hm."]), CALLS, RESULTS)
        if not isinstance(turn.content, str)
    )
    for facts in FACTS[dialect].values():
        trace = Trace()
        once = calls_pass(Intent("m", dialect, turns, None), facts, trace)
        count = len(trace.changes)
        assert calls_pass(once, facts, trace) == once
        assert len(trace.changes) == count
        assert all(change.asked != change.applied for change in trace.changes)
