"""Calls in answers, in the caller's words: names, properties, values, ids; what nobody declared stays."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest

import smartllm
from smartllm import Plan, TextRequest, Tool
from smartllm.compiler.answered_calls import AnsweredCalls
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import Other, Part, Text, ToolCall, ToolCallDelta
from smartllm.rules import load_rules
from smartllm.usage import Usage

RULES = load_rules()
NOVA, CLAUDE, GPT, KIMI = "nova-pro", "claude-sonnet-4-5", "gpt-5.4", "kimi-k3"


def schema(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*required]}


NUMBER, TEXT = {"type": "integer"}, {"type": "string"}
FIND = Tool("find-place", "", schema("größe", größe=NUMBER, near={"type": "array", "items": TEXT}))


def plan_of(model: str, *tools: Any, **fields: Any) -> Plan:
    request = TextRequest(**{"prompt": "hi", "tools": list(tools), **fields})
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def answer_of(*parts: Part, finish: Any = "tool_calls") -> Decoded:
    return Decoded(parts, "x", Usage(), finish)


def heard(plan: Plan, *parts: Part) -> tuple[Part, ...]:
    return AnsweredCalls(plan, plan.steps[0]).whole(answer_of(*parts)).answer.parts


def arguments(plan: Plan, given: Any, name: str = "find-place") -> Any:
    (call,) = heard(plan, ToolCall("1", name, given))
    assert isinstance(call, ToolCall)
    return call.arguments


class TestNames:
    def test_a_tool_and_its_properties_have_the_callers_names(self) -> None:
        plan = plan_of(NOVA, FIND)
        assert plan.steps[0].names == {"find_place": "find-place"}
        said = Text("Hm"), ToolCall("1", "find_place", {"größe": 1}), Other({}, "new")
        assert heard(plan, *said) == (said[0], ToolCall("1", "find-place", {"größe": 1}), said[2])
        plan = plan_of(CLAUDE, FIND)
        assert plan.steps[0].tools[0].properties == {"gr__e": "größe"}  # type: ignore[union-attr]
        assert arguments(plan, {"gr__e": 1}) == {"größe": 1}

    def test_a_tool_that_nobody_declared_stays_with_all_that_it_says(self) -> None:
        for call in (ToolCall("1", "other", {"gr__e": "1"}), ToolCall("2", "", "{"), ToolCall("3", "x", {})):
            assert heard(plan_of(CLAUDE, FIND), call) == (call,)
            assert heard(plan_of(CLAUDE), call) == (call,)

    def test_what_calls_nothing_is_the_same_answer(self) -> None:
        plan, answer = plan_of(NOVA, FIND), answer_of(Text("Hm"), finish="stop")
        assert AnsweredCalls(plan, plan.steps[0]).whole(answer).answer is answer

    def test_a_plan_that_was_elsewhere_has_them_too(self) -> None:
        for model, wire in ((NOVA, "find_place"), (CLAUDE, "find-place")):
            plan = plan_of(model, FIND)
            given = {"gr__e" if model == CLAUDE else "größe": "1"}
            elsewhere = pickle.loads(pickle.dumps(plan))  # noqa: S301 - our own
            assert heard(elsewhere, ToolCall("1", wire, given)) == (
                ToolCall("1", "find-place", {"größe": 1}),
            )

    def test_a_providers_own_tool_has_no_schema_of_ours(self) -> None:
        custom = ToolCall("1", "sql", '{"a": null}', custom=True)
        assert heard(plan_of(GPT, {"type": "custom", "name": "sql"}), custom) == (custom,)
        assert heard(plan_of(GPT, Tool("sql", "", schema(a=NUMBER))), custom) == (custom,)


class TestArguments:
    def test_what_is_nested_too_deeply_to_be_read_stays_as_it_came(self) -> None:
        rows = {"type": "array", "items": {"$ref": "#/$defs/rows"}}
        tool = Tool("find-place", "", {**schema(rows={"$ref": "#/$defs/rows"}), "$defs": {"rows": rows}})
        deep: list[Any] = []
        for _ in range(5000):
            deep = [deep]
        plan, given = plan_of(CLAUDE, tool), {"rows": deep}
        (call,) = heard(plan, ToolCall("1", "find-place", given))
        assert isinstance(call, ToolCall)
        assert call.arguments is given

    def test_a_null_that_stands_for_a_left_out_property_is_left_out(self) -> None:
        tool = Tool("find-place", "", schema(a=NUMBER, b={"type": ["integer", "null"]}))
        assert arguments(plan_of(CLAUDE, tool), {"a": None, "b": None}) == {"b": None}

    def test_what_a_strict_schema_says_otherwise_is_put_back(self) -> None:
        counts = {"type": "object", "additionalProperties": NUMBER}
        tool = Tool("find-place", "", schema("any", counts=counts, any={}, a=NUMBER), strict=True)
        sent = {"counts": [{"key": "x", "value": 1}], "any": '{"b": [2]}', "a": None}
        assert arguments(plan_of(GPT, tool), sent) == {"counts": {"x": 1}, "any": {"b": [2]}}

    def test_a_schema_that_was_wrapped_gives_its_object(self) -> None:
        either = [schema("a", a=NUMBER), schema("b", b=NUMBER)]
        plan = plan_of(CLAUDE, Tool("find-place", "", {"type": "object", "anyOf": either}))
        assert arguments(plan, {"value": {"b": 1}}) == {"b": 1}
        assert arguments(plan, {"b": 1}) == {"b": 1}  # it did not care for the wrapping
        assert arguments(plan, {"value": [1]}) == "[1]"  # no object: as text, like all that is none

    def test_text_is_read_where_the_schema_wants_a_value_and_that_is_told(self) -> None:
        plan = plan_of(NOVA, FIND)
        call = ToolCall("1", "find_place", {"größe": "3", "near": '["a"]'})
        found = AnsweredCalls(plan, plan.steps[0]).whole(answer_of(call, call))
        assert found.answer.tool_calls[0].arguments == {"größe": 3, "near": ["a"]}
        assert found.read == tuple(f"find-place /{name}" for name in ("größe", "near")) * 2

    def test_an_object_that_was_written_twice(self) -> None:
        plan = plan_of(NOVA, FIND)
        call = ToolCall("1", "find_place", json.dumps('{"größe": 3}'))
        found = AnsweredCalls(plan, plan.steps[0]).whole(answer_of(call))
        assert (found.answer.tool_calls[0].arguments, found.read) == ({"größe": 3}, ("find-place",))

    @pytest.mark.parametrize("broken", ['{"größe": 3', "no", "[1]", "null"])
    def test_broken_ones_stay_as_text(self, broken: str) -> None:
        assert arguments(plan_of(CLAUDE, FIND), broken) == broken

    def test_what_a_schema_cannot_read_is_given_as_it_came(self) -> None:
        deep: Any = 1
        for _ in range(2000):
            deep = {"größe": deep}
        plan = plan_of(NOVA, Tool("find-place", "", {"type": "object"}))
        assert heard(plan, ToolCall("1", "find_place", deep)) == (ToolCall("1", "find-place", deep),)

    def test_a_call_keeps_what_else_it_says(self) -> None:
        plan = plan_of(NOVA, FIND)
        call = ToolCall("1", "find_place", {"größe": 1}, unfinished=True)
        assert heard(plan, call) == (ToolCall("1", "find-place", {"größe": 1}, unfinished=True),)


class TestIds:
    def ids(self, plan: Plan, *given: str) -> list[str]:
        parts = heard(plan, *(ToolCall(one, "f", {}) for one in given))
        return [part.id for part in parts if isinstance(part, ToolCall)]

    def test_they_are_the_providers_own(self) -> None:
        assert self.ids(plan_of(CLAUDE), "toolu_1", "x:y", "1" * 200) == ["toolu_1", "x:y", "1" * 200]

    def test_missing_ones_and_those_that_come_twice_are_made(self) -> None:
        first, *made = self.ids(plan_of(CLAUDE), "a", "a", "", "")
        assert first == "a"
        assert len({*made}) == 3
        assert all(one.startswith("call_") and len(one) == 29 for one in made)
        assert self.ids(plan_of(CLAUDE), "a", "a", "", "") == [first, *made]

    def test_a_model_that_begins_again_in_each_turn_gets_new_ones_in_each(self) -> None:
        plan, later = plan_of(KIMI), plan_of(KIMI, prompt="And then?")
        assert plan.steps[0].repeats_ids
        ids = self.ids(plan, "f:0", "f:1")
        assert len({*ids, *self.ids(later, "f:0", "f:1")}) == 4
        assert self.ids(plan, "f:0", "f:1") == ids  # an answer from the cache is the same one
        pieces = [
            AnsweredCalls(plan, plan.steps[0]).piece(ToolCallDelta(index, f"f:{index}", "f", ""))
            for index in (0, 1)
        ]
        assert [piece and piece.id for piece in pieces] == ids


class TestPieces:
    def pieces(self, plan: Plan, *given: ToolCallDelta) -> tuple[list[ToolCallDelta | None], AnsweredCalls]:
        calls = AnsweredCalls(plan, plan.steps[0])
        return [calls.piece(one) for one in given], calls

    def test_they_have_the_callers_name_from_the_first_on(self) -> None:
        plan = plan_of(NOVA, FIND)
        given = [ToolCallDelta(0, "1", "find_place", piece) for piece in ("", '{"größe"', ": 1}")]
        told, calls = self.pieces(plan, *given)
        assert told == [ToolCallDelta(0, "1", "find-place", piece.arguments) for piece in given]
        assert calls.rest(calls.whole(answer_of(ToolCall("1", "find_place", {"größe": 1}))).answer) == []

    def test_a_call_whose_words_differ_on_the_wire_is_told_when_it_is_whole(self) -> None:
        plan = plan_of(CLAUDE, FIND, Tool("look", "", schema()))
        first = ToolCallDelta(0, "1", "find-place", '{"gr__e"')
        told, calls = self.pieces(
            plan,
            first,
            ToolCallDelta(0, "1", "find-place", ': "1"}'),
            ToolCallDelta(1, "2", "look", "{}"),
            ToolCallDelta(2, "3", "other", "{}"),
        )
        assert told == [
            ToolCallDelta(0, "1", "find-place", ""),
            None,
            ToolCallDelta(1, "2", "look", "{}"),
            ToolCallDelta(2, "3", "other", "{}"),
        ]
        made = [
            ToolCall("1", "find-place", {"gr__e": "1"}),
            ToolCall("2", "look", {}),
            ToolCall("3", "other", {}),
        ]
        rest = calls.rest(calls.whole(answer_of(*made)).answer)
        assert rest == [ToolCallDelta(0, "1", "find-place", '{"größe": 1}')]

    @pytest.mark.parametrize(
        ("tool", "held"),
        [
            (Tool("f", "", schema(a=NUMBER), strict=True), False),  # nulls alone
            (Tool("f", "", schema("a", a={}), strict=True), True),
            (
                Tool("f", "", schema("a", a={"type": "object", "additionalProperties": NUMBER}), strict=True),
                True,
            ),
            (
                Tool("f", "", schema("a", a={"type": "array", "prefixItems": [NUMBER, TEXT]}), strict=True),
                True,
            ),
            (Tool("f", "", {"type": "object", "anyOf": [schema(a=NUMBER)]}), True),
        ],
    )
    def test_which_those_are(self, tool: Tool, held: bool) -> None:
        given = [ToolCallDelta(0, "1", "f", piece) for piece in ("{", "}")]
        told, _ = self.pieces(plan_of(GPT, tool), *given)
        assert told == ([ToolCallDelta(0, "1", "f", ""), None] if held else given)

    def test_a_name_that_comes_late_decides_it_too(self) -> None:
        given = [ToolCallDelta(0, "", "", ""), ToolCallDelta(0, "1", "find-place", '{"gr__e": 1}')]
        told, calls = self.pieces(plan_of(CLAUDE, FIND), *given)
        assert told == [given[0], None]
        made = ToolCall("1", "find-place", {"gr__e": 1})
        assert calls.rest(calls.whole(answer_of(made)).answer) == [
            ToolCallDelta(0, "1", "find-place", '{"größe": 1}')
        ]

    def test_what_is_not_known_yet_is_empty(self) -> None:
        given = [
            ToolCallDelta(0, "", "", ""),
            ToolCallDelta(0, "", "find_place", "{"),
            ToolCallDelta(0, "1", "x", ""),
        ]
        told, _ = self.pieces(plan_of(NOVA, FIND), *given)
        assert told[0] == given[0]
        assert told[1] == ToolCallDelta(0, "", "find-place", "{")
        assert told[2] == given[2]
