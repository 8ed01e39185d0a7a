"""Output items of OpenAI's Responses and turns that a caller may have changed: what is the same."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from items import JSON, LAST, MODEL, TOLD, answer, called, dropped, plan, said, sent, thought, told
from vendor_shapes import responses_problems
from versions import with_todays_openai

from smartllm import Message, ToolCall, ToolResult
from smartllm.compiler.dialects.openai_responses.items import say_the_same
from smartllm.compiler.intent import Turn
from smartllm.content import Reasoning


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


DEEP = nested(490)


class TestChanged:
    """A turn that the caller has changed goes without reasoning and without any id."""

    OUTPUT = (thought(), said("I look.", "commentary"), called({"city": "Rome", "unit": None}))

    @pytest.mark.parametrize(
        "content",
        [
            ["I look!", ToolCall("call_1", "weather", {"city": "Rome"})],
            ["I look.", ToolCall("call_1", "weather", {"city": "Oslo"})],
            ["I look.", ToolCall("call_1", "weather", {"city": "Rome", "unit": "C"})],
            ["I look.", ToolCall("call_1", "weather", {"city": "Rome", "days": []})],
            ["I look.", ToolCall("call_1", "weather", {})],
            ["I look.", ToolCall("call_1", "clock", {"city": "Rome"})],
            ["I look.", ToolCall("call_2", "weather", {"city": "Rome"})],
            [ToolCall("call_1", "weather", {"city": "Rome"})],
            ["I look."],
            ["I look.", *(ToolCall(f"call_{n}", "weather", {"city": "Rome"}) for n in (1, 2))],
        ],
        ids=str,
    )
    async def test_what_it_says(self, content: list[Any]) -> None:
        kept = (await answer(*self.OUTPUT)).reasoning
        turn = Message("assistant", content, reasoning=kept)
        results = [ToolResult(part.id, "21") for part in content if isinstance(part, ToolCall)]
        compiled = plan(turn, Message("user", [*results] or "and?"))
        assert all("id" not in item and item["type"] != "reasoning" for item in compiled.body["input"])
        assert dropped(compiled) == [
            ("carry.reasoning", "the turn says something else than the answer that it came with")
        ]

    @pytest.mark.parametrize(
        "content",
        [
            ["I look.", ToolCall("call_1", "weather", {"city": "Rome"})],
            ["I look.", ToolCall("call_1", "weather", {"city": "Rome", "unit": None})],
            ["I ", "look.", ToolCall("call_1", "weather", '{"unit": null, "city": "Rome"}')],
            [ToolCall("call_1", "weather", {"city": "Rome"}), "I look."],
        ],
        ids=str,
    )
    async def test_what_says_the_same_is_the_same(self, content: list[Any]) -> None:
        kept = (await answer(*self.OUTPUT)).reasoning
        compiled = plan(Message("assistant", content, reasoning=kept), TOLD)
        assert sent(compiled) == list(self.OUTPUT)
        assert told(compiled) == []

    @pytest.mark.parametrize(
        ("wire", "given", "same"),
        [
            ({"a": [{"b": None, "c": 1}]}, {"a": [{"c": 1}]}, True),
            ({"a": [1, 2]}, {"a": [1]}, False),
            ({"a": "[1, 2]"}, {"a": [1, 2]}, True),
            ({"a": '{"b": null}'}, {"a": {}}, True),
            ({"a": "12"}, {"a": 12}, True),
            ({"a": "x"}, {"a": 12}, False),
            ({"a": 12}, {"a": "12"}, False),
            ({"a": 1}, {"a": 1.0}, True),
            ({"value": {"a": 1}}, {"a": 1}, True),
            ({"value": {"a": 1}, "b": 1}, {"a": 1}, False),
            ({"value": 1}, {"value": 1}, True),
            ({"a": {}}, {"a": []}, False),
            ("{", "{", False),
            ("[1]", "[1]", False),
            ("[" * 100_000, {}, False),
            ({"a": '"x"'}, {"a": 12}, False),
            ({"a": DEEP}, json.dumps({"a": DEEP}), False),
        ],
        ids=lambda value: str(value)[:30],
    )
    async def test_arguments_are_compared_as_the_caller_has_them(
        self, wire: Any, given: Any, *, same: bool
    ) -> None:
        kept = Reasoning(MODEL, "openai_responses", [thought(), called(wire)])
        turn = Message("assistant", [ToolCall("call_1", "weather", given)], reasoning=kept)
        assert (dropped(plan(turn, TOLD)) == []) == same

    def test_names_are_compared_as_the_wire_has_them(self) -> None:
        turn = Turn("assistant", (ToolCall("call_1", "get-it", {}),))
        for names, same in (({"get-it": "get_it"}, True), ({}, False)):
            assert say_the_same([called("{}", name="get_it")], turn, names) == same

    async def test_a_custom_tools_input_is_its_text(self) -> None:
        item = {"id": "ctc_1", "type": "custom_tool_call", "call_id": "call_1", "name": "run", "input": "ls"}
        kept = Reasoning(MODEL, "openai_responses", [thought(), item])
        for given, same in (("ls", True), ("rm", False)):
            turn = Message("assistant", [ToolCall("call_1", "run", given)], reasoning=kept)
            assert (dropped(plan(turn, TOLD)) == []) == same

    async def test_ids_that_had_to_change_take_the_items_with_them(self) -> None:
        turn = (await answer(thought(), said("I look.", "commentary"), called())).as_message()
        long = deepcopy(turn.reasoning)
        assert long is not None
        long.blocks[2]["call_id"] = "c" * 65
        call = ToolCall("c" * 65, "weather", {"city": "Rome"})
        compiled = plan(
            Message("assistant", ["I look.", call], reasoning=long),
            Message("user", [ToolResult("c" * 65, "21")]),
        )
        text, call_sent, result = compiled.body["input"][1:]
        assert (text["content"], text["phase"], "id" in text) == ("I look.", "commentary", False)
        assert call_sent["call_id"] == result["call_id"] != "c" * 65
        ((name, _),) = dropped(compiled)
        assert name == "calls.ids"

    def test_a_blank_text_stays_where_all_goes_back(self) -> None:
        output = [thought(), said("\n"), called()]
        turn = Message(
            "assistant",
            ["\n", ToolCall("call_1", "weather", {"city": "Rome"})],
            reasoning=Reasoning(MODEL, "openai_responses", output),
        )
        compiled = plan(turn, TOLD)
        assert sent(compiled) == output
        assert told(compiled) == []

    @with_todays_openai
    async def test_texts_that_stay_keep_their_phases_where_the_model_wants_them(self) -> None:
        output = [thought(), said("I look.", "commentary"), said("Hm.", number=2), called(), called(number=2)]
        turn = (await answer(*output)).as_message()
        fewer = turn.model_copy(update={"content": turn.content[:-1]})
        for model, phases in (
            (MODEL, ["commentary", None]),
            ("gpt-5.2", [None] * 2),
            ("gpt-5.5", ["commentary", None]),
        ):
            compiled = plan(fewer, TOLD, model=model)
            assert [item.get("phase") for item in sent(compiled)] == [*phases, None]
            assert [item.get("id") for item in sent(compiled)] == [None] * 3
            assert responses_problems(compiled.body) == []
        last = (await answer(thought(), said("Done.", "final_answer"))).as_message()
        compiled = plan(last, LAST, model="gpt-5.5")
        assert sent(compiled) == [
            {"type": "message", "role": "assistant", "content": "Done.", "phase": "final_answer"}
        ]
        on_chat = plan(last, LAST, api_type="chat_completions", reasoning_effort="none").body["messages"][1]
        assert on_chat == {"role": "assistant", "content": "Done."}

    def test_without_items_the_turn_is_what_it_says(self) -> None:
        compiled = plan(Message("assistant", "a", reasoning=Reasoning(MODEL, "openai_responses", [])), LAST)
        assert sent(compiled) == [{"type": "message", "role": "assistant", "content": "a"}]
        assert told(compiled) == []

    def test_odd_blocks_are_no_reason_to_break(self) -> None:
        odd_ones: list[JSON] = [
            {"type": "message", "content": "x"},
            {"type": "message", "content": ["x"]},
            {"type": "message"},
            {"type": ["message"]},
            {},
        ]
        for odd in odd_ones:
            kept = Reasoning(MODEL, "openai_responses", [odd, said("a")])
            assert sent(plan(Message("assistant", "a", reasoning=kept), LAST)) == [odd, said("a")]
