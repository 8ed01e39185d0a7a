"""Reasoning of earlier answers: which of it goes back, where it stands, and what else goes with it."""

from __future__ import annotations

from typing import Any

import pytest
from model_facts import RULES
from model_ids import called

import smartllm
from smartllm import Message, MessageRequest, Plan, Tool, ToolCall, ToolResult
from smartllm.compiler.intent import Intent, OutputPlan, OutputStrategy, Turn
from smartllm.compiler.passes import carry, messages, signatures
from smartllm.compiler.passes.calls import calls
from smartllm.compiler.trace import Trace
from smartllm.content import Reasoning, Text
from smartllm.rules.vocabulary import Dialect, facts_from
from smartllm.testing.check import refusal
from smartllm.words import ApiType

CLAUDE, BOUND, ADAPTIVE = map(called, ("claude-sonnet-4-5", "claude-opus-5-5", "claude-opus-4-8"))
GPT_ON_BEDROCK = called("gpt-5.6-sol", "bedrock")
LOOK = Tool("look", parameters={"type": "object", "properties": {"at": {"type": "string"}}})
CLOCK = Tool("clock")
WORDS: dict[ApiType, Dialect] = {"invoke": "anthropic_messages", "converse": "bedrock_converse"}
ASKED = Message("user", "q")
LAST = Message("user", "and?")
CALL = ToolCall("t1", "look", {"at": "x"})
TOLD = Message("user", [ToolResult("t1", "r")])


def thought(
    model: str, text: str = "hm", dialect: Dialect = "anthropic_messages", sign: str = "s"
) -> Reasoning:
    block: dict[str, Any] = {"type": "thinking", "thinking": text, "signature": sign}
    if dialect == "bedrock_converse":
        block = {"reasoningContent": {"reasoningText": {"text": text, "signature": sign}}}
    return Reasoning(model, dialect, [block])


def sealed(text: str = "eA==") -> Reasoning:
    block = {"reasoningContent": {"redactedContent": text}}
    return Reasoning(GPT_ON_BEDROCK, "bedrock_converse", [block])


def plan(model: str, *turns: Message, api_type: ApiType = "invoke", **fields: Any) -> Plan:
    request = MessageRequest(
        messages=[ASKED, *turns], api_type=api_type, **({"tools": [LOOK, CLOCK]} | fields)
    )
    return smartllm.compile(request, model=model, provider="bedrock", rules=RULES, level="ignore")


def content(compiled: Plan, turn: int = 1) -> list[Any]:
    found = compiled.body["messages"][turn]["content"]
    assert isinstance(found, list)
    return [block.get("type") or next(iter(block)) for block in found]


def dropped(compiled: Plan) -> list[tuple[str, str]]:
    found = [item for item in compiled.diagnostics if item.code == "reasoning-dropped"]
    assert all((item.action, item.severity, item.path) == ("dropped", "info", "messages") for item in found)
    return [(item.origin.name, item.reason) for item in found]


class TestPlace:
    @pytest.mark.parametrize("api_type", WORDS)
    def test_reasoning_between_calls_stays_between_them(self, api_type: ApiType) -> None:
        first, second = (thought(ADAPTIVE, text, WORDS[api_type]) for text in ("a", "b"))
        other = ToolCall("t2", "clock", {})
        turn = Message("assistant", [first, "I look.", CALL, second, other])
        compiled = plan(
            ADAPTIVE, turn, Message("user", [*TOLD.content, ToolResult("t2", "r")]), api_type=api_type
        )
        think, call = ("thinking", "tool_use") if api_type == "invoke" else ("reasoningContent", "toolUse")
        assert content(compiled) == [think, "text", call, think, call]
        assert compiled.body["messages"][1]["content"][0] == first.blocks[0]
        assert compiled.body["messages"][1]["content"][3] == second.blocks[0]
        assert compiled.diagnostics == ()

    def test_reasoning_between_texts_stays_between_them(self) -> None:
        turn = Message("assistant", [thought(ADAPTIVE), "a", thought(ADAPTIVE), "b"])
        assert content(plan(ADAPTIVE, turn, LAST)) == ["thinking", "text", "thinking", "text"]

    def test_behind_the_last_reasoning_texts_stand_before_calls(self) -> None:
        turn = Message("assistant", ["a", thought(ADAPTIVE), CALL, "b"])
        assert content(plan(ADAPTIVE, turn, TOLD)) == ["text", "thinking", "text", "tool_use"]
        assert content(plan(ADAPTIVE, Message("assistant", [CALL, "b"]), TOLD)) == ["text", "tool_use"]

    def test_blank_texts_are_left_out_wherever_they_stand(self) -> None:
        turn = Message("assistant", ["\n", thought(ADAPTIVE), " ", CALL])
        compiled = plan(ADAPTIVE, turn, TOLD)
        assert content(compiled) == ["thinking", "tool_use"]
        (told,) = compiled.diagnostics
        assert (told.code, told.severity, told.asked) == ("call-text-dropped", "info", "\n ")

    def test_nothing_goes_back_that_nothing_follows(self) -> None:
        turn = Message("assistant", [thought(ADAPTIVE), "a", CALL, thought(ADAPTIVE)])
        compiled = plan(ADAPTIVE, turn, TOLD)
        assert content(compiled) == ["text", "tool_use"]
        assert dropped(compiled) == [("carry.reasoning", "nothing follows it in its turn")]

    def test_one_turn_keeps_the_reasoning_at_its_beginning(self) -> None:
        turns = [Message("assistant", [thought(ADAPTIVE), text]) for text in ("a", "b")]
        compiled = plan(ADAPTIVE, *turns, LAST)
        assert content(compiled) == ["thinking", "text", "text"]
        ((name, reason),) = dropped(compiled)
        assert name == "messages.alternate"
        assert "behind what another message" in reason


class TestWho:
    def test_a_model_that_takes_none_back(self) -> None:
        written = Reasoning(
            "nova-2-lite", "bedrock_converse", [{"reasoningContent": {"reasoningText": {"text": "x"}}}]
        )
        compiled = plan("nova-2-lite", Message("assistant", [written, "a"]), LAST, api_type="converse")
        assert content(compiled) == ["text"]
        assert dropped(compiled) == [("carry.reasoning", "the model takes no reasoning back here")]

    def test_another_model_wire_or_nobody(self) -> None:
        for written in (
            thought(CLAUDE),
            thought(ADAPTIVE, dialect="bedrock_converse"),
            Reasoning(text="shown"),
        ):
            compiled = plan(ADAPTIVE, Message("assistant", [written, "a"]), LAST)
            assert compiled.body["messages"][1]["content"] == "a"
            ((name, reason),) = dropped(compiled)
            assert (name, "only the model that wrote" in reason) == ("carry.reasoning", True)

    def test_one_block_without_its_signature_takes_its_turns_others_with_it(self) -> None:
        turn = Message("assistant", [thought(ADAPTIVE), "a", thought(ADAPTIVE, sign=""), CALL])
        other = Message("assistant", [thought(ADAPTIVE), "b"])
        compiled = plan(ADAPTIVE, turn, TOLD, other, LAST)
        assert content(compiled) == ["text", "tool_use"]
        assert content(compiled, 3) == ["thinking", "text"]
        ((_, reason),) = dropped(compiled)
        assert "no signature" in reason

    def test_blocks_that_are_none_of_the_wires_go_back_as_they_came(self) -> None:
        odd = Reasoning(ADAPTIVE, "anthropic_messages", [{"reasoningContent": 5}])
        assert content(plan(ADAPTIVE, Message("assistant", [odd, "a"]), LAST)) == ["reasoningContent", "text"]


class TestSealed:
    def test_only_what_is_encrypted_goes_back(self) -> None:
        shown = thought(GPT_ON_BEDROCK, dialect="bedrock_converse")
        both = Reasoning(GPT_ON_BEDROCK, "bedrock_converse", [*shown.blocks, *sealed().blocks])
        turn = Message("assistant", [shown, both, sealed("eQ=="), CALL])
        compiled = plan(GPT_ON_BEDROCK, turn, TOLD, api_type="converse")
        blocks = compiled.body["messages"][1]["content"]
        assert blocks[:2] == [*sealed().blocks, *sealed("eQ==").blocks]
        assert list(blocks[2]) == ["toolUse"]
        assert dropped(compiled) == [("carry.reasoning", "the model takes back only what is encrypted of it")]

    def test_what_is_shown_needs_no_signature_to_be_left_out(self) -> None:
        shown = thought(GPT_ON_BEDROCK, dialect="bedrock_converse", sign="")
        turn = Message("assistant", [shown, sealed(), CALL])
        compiled = plan(GPT_ON_BEDROCK, turn, TOLD, api_type="converse")
        assert content(compiled) == ["reasoningContent", "toolUse"]

    def test_what_is_all_encrypted_changes_nothing(self) -> None:
        compiled = plan(GPT_ON_BEDROCK, Message("assistant", [sealed(), "a"]), LAST, api_type="converse")
        assert compiled.body["messages"][1]["content"] == [*sealed().blocks, {"text": "a"}]
        assert dropped(compiled) == []

    def test_a_block_of_another_shape_is_not_encrypted(self) -> None:
        odd = Reasoning(GPT_ON_BEDROCK, "bedrock_converse", [{"reasoningContent": "x"}])
        compiled = plan(GPT_ON_BEDROCK, Message("assistant", [odd, "a"]), LAST, api_type="converse")
        assert compiled.body["messages"][1]["content"] == [{"text": "a"}]


class TestBudget:
    def test_the_round_thinks_only_if_its_calls_come_after_reasoning(self) -> None:
        led = Message("assistant", [thought(CLAUDE), "a", CALL])
        behind = Message("assistant", ["a", thought(CLAUDE), CALL])
        assert plan(CLAUDE, led, TOLD, budget_tokens=2000).body["thinking"]["budget_tokens"] == 2000
        compiled = plan(CLAUDE, behind, TOLD, budget_tokens=2000)
        assert "thinking" not in compiled.body
        assert "thinking-left-off" in {item.code for item in compiled.diagnostics}
        assert plan(ADAPTIVE, behind, TOLD, reasoning_effort="low").body["thinking"] == {"type": "adaptive"}

    @pytest.mark.parametrize("api_type", WORDS)
    @pytest.mark.parametrize("led", [False, True])
    def test_a_prefill_is_continued_without(self, api_type: ApiType, *, led: bool) -> None:
        prefill = Message("assistant", [*([thought(CLAUDE, dialect=WORDS[api_type])] * led), "So"])
        compiled = plan(CLAUDE, prefill, api_type=api_type, budget_tokens=2000, tools=[])
        assert "budget_tokens" not in str(compiled.body)
        assert "thinking-left-off" in {item.code for item in compiled.diagnostics}
        assert ("reasoning-dropped" in {item.code for item in compiled.diagnostics}) == led
        said = compiled.body["messages"][1]["content"]
        assert said in ("So", [{"text": "So"}], [{"type": "text", "text": "So"}])
        assert refusal(compiled.body, CLAUDE, WORDS[api_type]) is None


class TestBound:
    """Signatures that hold only while all that stands before them stays."""

    def test_a_choice_leaves_all_tools_where_they_are(self) -> None:
        for names in ("look", ["look", "clock"]):
            compiled = plan(BOUND, tools=[LOOK, CLOCK, Tool("third")], tool_choice=names)
            assert [tool["name"] for tool in compiled.body["tools"]] == ["look", "clock", "third"]
            relaxed = [item.origin.name for item in compiled.diagnostics]
            assert relaxed == ["tools.forced", "thinking.default"]
        some = plan("claude-haiku-5-5", tools=[LOOK, CLOCK, Tool("third")], tool_choice=["look", "clock"])
        assert len(some.body["tools"]) == 3
        assert some.body["tool_choice"] == {"type": "any"}
        (told,) = [item for item in some.diagnostics if item.code == "tool-choice-relaxed"]
        assert (told.asked, told.applied, told.origin.name) == (["look", "clock"], "required", "carry.prefix")
        all_named = plan("claude-haiku-5-5", tool_choice=["look", "clock"])
        assert "tool-choice-relaxed" not in {item.code for item in all_named.diagnostics}
        loose = plan("claude-haiku-4-5", tools=[LOOK, CLOCK, Tool("x")], tool_choice=["look", "x"])
        assert [tool["name"] for tool in loose.body["tools"]] == ["look", "x"]

    @pytest.mark.parametrize("api_type", WORDS)
    def test_without_the_tools_that_were_called_no_signature_holds(self, api_type: ApiType) -> None:
        turn = Message("assistant", [thought(BOUND, dialect=WORDS[api_type]), CALL])
        later = Message("assistant", [thought(BOUND, dialect=WORDS[api_type]), "a"])
        for tools in ([CLOCK], None):
            compiled = plan(BOUND, turn, TOLD, later, LAST, tools=tools, api_type=api_type)
            assert [block for block in content(compiled) if "ing" in block] == []
            assert {name for name, _ in dropped(compiled)} == {"carry.prefix"}
            assert "look is not declared" in dropped(compiled)[0][1]
        own = {"name": "look", "input_schema": {"type": "object"}}
        spec = {"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}
        kept: tuple[list[Any], ...] = ([LOOK, CLOCK], [own if api_type == "invoke" else spec])
        for tools in kept:
            assert dropped(plan(BOUND, turn, TOLD, later, LAST, tools=tools, api_type=api_type)) == []
        loose = thought(ADAPTIVE, dialect=WORDS[api_type])
        other = Message("assistant", [loose, CALL])
        assert dropped(plan(ADAPTIVE, other, TOLD, tools=[CLOCK], api_type=api_type)) == []

    def test_beside_a_tool_that_binds_the_answer_no_signature_holds(self) -> None:
        schema = {"title": "Person", "type": "object", "properties": {"name": {"type": "string"}}}
        wish: dict[str, Any] = {"tools": None, "response_format": schema}
        for model, holds in (("claude-haiku-5-5", False), ("claude-haiku-4-5", True)):
            turn = Message("assistant", [thought(model), "a"])
            by_tool = plan(model, turn, LAST, **wish, structured_output="tool")
            assert [tool["name"] for tool in by_tool.body["tools"]] == ["Person"]
            assert (
                content(by_tool) == ["thinking", "text"]
                if holds
                else by_tool.body["messages"][1]["content"] == "a"
            )
            assert [name for name, _ in dropped(by_tool)] == ([] if holds else ["carry.prefix"])
            by_step = plan(model, turn, LAST, **wish, structured_output="two_pass")
            assert content(by_step) == ["thinking", "text"]
            assert dropped(by_step) == []


def test_a_native_schema_is_no_tool() -> None:
    facts = facts_from({"carry": {"reasoning": "signed", "prefix": True}})
    turns = (Turn("assistant", (thought("m"), Text("a"))),)
    intent = Intent("m", "anthropic_messages", turns, None)
    holding: dict[OutputStrategy, bool] = {"native": True, "two_pass": True, "tool": False, "offer": False}
    for strategy, holds in holding.items():
        bound = intent._replace(output=OutputPlan("a", "{}", strategy=strategy))
        assert (signatures(bound, facts, Trace()) is bound) == holds


def test_a_tool_keeps_its_name_when_a_later_call_has_it() -> None:
    other = ToolCall("t2", "get_it", {})
    turns = [Message("assistant", [ToolCall("t1", "get-it", {})]), TOLD]
    more = [Message("assistant", [other]), Message("user", [ToolResult("t2", "r")])]
    for held in (turns, [*turns, *more]):
        compiled = plan("nova-pro", *held, api_type="converse", tools=[Tool("get-it")])
        assert compiled.body["toolConfig"]["tools"][0]["toolSpec"]["name"] == "get_it"
        assert compiled.body["messages"][1]["content"][0]["toolUse"]["name"] == "get_it"
    assert compiled.body["messages"][3]["content"][0]["toolUse"]["name"] == "get_it_2"
    assert compiled.steps[0].names == {"get_it": "get-it", "get_it_2": "get_it"}
    called = [Message("assistant", [other]), Message("user", [ToolResult("t2", "r")]), *turns]
    undeclared = plan("nova-pro", *called, api_type="converse")
    assert [undeclared.body["messages"][turn]["content"][0]["toolUse"]["name"] for turn in (1, 3)] == [
        "get_it",
        "get_it_2",
    ]


@pytest.mark.parametrize("kind", ["never", "signed", "sealed", "items"])
def test_the_pass_changes_nothing_that_it_has_settled(kind: str) -> None:
    facts = facts_from({"carry": {"reasoning": kind}, "messages": {"alternate": kind != "items"}})
    shown = Reasoning(
        "m", "bedrock_converse", [*thought("m", dialect="bedrock_converse").blocks, *sealed().blocks]
    )
    other = Reasoning("x", "bedrock_converse", sealed().blocks)
    parts = [(shown, Text("a")), (other, Text("b")), (Text("c"),), (shown, CALL)]
    turns = tuple(Turn("assistant", given) for given in parts)
    intent = Intent("m", "bedrock_converse", (*turns, Turn("user", (ToolResult("t1", "r"),))), None)
    trace = Trace()
    for run in (carry, calls, messages):
        intent = run(intent, facts, trace)
    count = len(trace.changes)
    again = intent
    for run in (carry, calls, messages):
        again = run(again, facts, trace)
    assert again == intent
    assert len(trace.changes) == count
    assert count
