"""How an answer ended that was to be a structure: well, cut, withheld, malformed, or by an unknown word."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structured_asks import ADA, WAYS, WRONG, Person, ask, failed, is_a
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, WIRES, Wire, each_wire

from smartllm import compile as compiled
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import Part, Reasoning, Text, ToolCall
from smartllm.errors import RefusalError, TruncatedError
from smartllm.runtime.structure.structured import check_whole, written
from smartllm.structure_errors import StructureError
from smartllm.testing import Reply
from smartllm.usage import Usage

ANY = {"type": "object"}
DEEP: Any = {"a": 1}
for _ in range(20_000):
    DEEP = {"a": DEEP}


class TestHowItEnded:
    @pytest.mark.parametrize("wire", [INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
    async def test_a_full_context_is_no_limit(self, wire: Wire) -> None:
        error = await failed(wire, Reply(structured={}, stop_reason="model_context_window_exceeded"))
        assert is_a(error, TruncatedError)
        assert error.hint == "prompt and answer together fill the model's context: shorten the prompt"

    async def test_reasoning_may_take_all(self) -> None:
        reply = Reply(text="", thinking="hm", stop_reason="max_output_tokens")
        error = await failed(RESPONSES, reply, reasoning_effort="high")
        assert "all output tokens went into reasoning" in error.hint

    @pytest.mark.parametrize(
        ("parts", "reasoning", "eaten"),
        [
            ((), 5, True),
            ((Reasoning(text="hm"),), 0, True),
            ((Reasoning(text="hm"), Text("{")), 5, False),
            ((), 0, False),
        ],
    )
    def test_reasoning_took_all_where_nothing_else_came(
        self, parts: tuple[Part, ...], reasoning: int, *, eaten: bool
    ) -> None:
        plan = compiled(RESPONSES.request(response_format=Person))
        cut = Decoded(parts, "incomplete", Usage(1, 5, reasoning), "length")
        with pytest.raises(TruncatedError) as caught:
            check_whole(plan, plan.steps[0], cut)
        assert ("went into reasoning" in caught.value.hint) is eaten

    @WAYS
    @each_wire
    async def test_a_call_that_nobody_declared_is_no_answer(self, wire: Wire, *, streamed: bool) -> None:
        call = ToolCall("call_1", "search", {"q": "Ada"})
        two = {"structured_output": "two_pass", "streamed": streamed}
        error = await failed(wire, Reply(text="", tool_calls=[call]), **two)
        assert is_a(error, StructureError)
        assert "search" in error.message
        assert "no tool is declared" in error.message
        assert error.usage.output_tokens > 0
        assert error.response.tool_calls

    @WAYS
    @each_wire
    async def test_words_beside_such_a_call_go_on(self, wire: Wire, *, streamed: bool) -> None:
        call = ToolCall("call_1", "search", {"q": "Ada"})
        replies = Reply(text="Ada is 36.", tool_calls=[call]), Reply(structured=ADA)
        response = await ask(wire, *replies, structured_output="two_pass", streamed=streamed)
        assert response.structured_data == Person(**ADA)

    @pytest.mark.parametrize(
        ("wire", "given"),
        [
            (RESPONSES, {"tools": [{"type": "function", "name": "search", "parameters": ANY}]}),
            (
                CONVERSE,
                {"toolConfig": {"tools": [{"toolSpec": {"name": "search", "inputSchema": {"json": ANY}}}]}},
            ),
            (
                CONVERSE,
                {"additionalModelRequestFields": {"tools": [{"name": "search", "input_schema": ANY}]}},
            ),
        ],
    )
    async def test_a_call_of_a_tool_that_extra_gives_is_the_callers(
        self, wire: Wire, given: dict[str, Any]
    ) -> None:
        reply = Reply(text="", tool_calls=[ToolCall("call_1", "search", {"q": "Ada"})])
        response = await ask(wire, reply, structured_output="two_pass", extra=given)
        assert response.structured_data is None
        assert [call.name for call in response.tool_calls] == ["search"]

    @pytest.mark.parametrize("inputs", [['{"a', '{"b'], [DEEP]], ids=["two", "deep"])
    def test_what_was_written_is_told_whatever_it_is(self, inputs: list[Any]) -> None:
        step = compiled(INVOKE.request(response_format=Person, structured_output="tool")).steps[0]
        calls = tuple(ToolCall(str(number), "Person", given) for number, given in enumerate(inputs))
        told = written(step, Decoded(calls, "tool_use", Usage(), "tool_calls"))
        assert told == ("deeply nested JSON" if inputs == [DEEP] else '{"a\n{"b')

    async def test_without_a_limit_of_its_own_none_is_named(self) -> None:
        error = await failed(RESPONSES, Reply(text="{", stop_reason="max_output_tokens"), max_tokens=None)
        assert error.hint.startswith("raise max_tokens, or ask for less")

    @pytest.mark.parametrize("beside", [None, ADA])
    async def test_a_refusal_outweighs_data_beside_it(self, beside: dict[str, Any] | None) -> None:
        message = {"content": beside and json.dumps(beside), "refusal": "No."}
        body = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": {"completion_tokens": 7}}
        error = await failed(CHAT, Reply(raw=json.dumps(body).encode()))
        assert is_a(error, RefusalError)
        assert (error.refusal, error.usage.output_tokens) == ("No.", 7)
        assert error.response.text == (message["content"] or "")

    @pytest.mark.parametrize("wire", [INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
    async def test_a_refusal_may_have_no_words_of_its_own(self, wire: Wire) -> None:
        error = await failed(wire, Reply(structured=ADA, stop_reason="refusal"))
        assert (is_a(error, RefusalError), error.refusal) == (True, "")

    async def test_a_filter_keeps_what_it_left(self) -> None:
        error = await failed(CHAT, Reply(text='{"name":', stop_reason="content_filter"))
        assert is_a(error, RefusalError)
        assert error.response.text == '{"name":'

    @each_wire
    async def test_a_word_that_is_not_known_is_told_beside_data_that_fits(self, wire: Wire) -> None:
        fits = Reply(structured=ADA, stop_reason="heat_death")
        if wire is RESPONSES:
            body = {
                "status": "frozen",
                "output": [
                    {"type": "message", "content": [{"type": "output_text", "text": '{"name":"A","age":1}'}]}
                ],
            }
            fits = Reply(raw=json.dumps(body).encode())
        response = await ask(wire, fits)
        assert isinstance(response.structured_data, Person)
        (note,) = [one for one in response.diagnostics if one.code == "end-unknown"]
        assert (note.severity, note.asked) == ("warning", "frozen" if wire is RESPONSES else "heat_death")

    async def test_no_word_at_all_is_told_quietly(self) -> None:
        body = {"choices": [{"message": {"content": '{"name": "A", "age": 1}'}, "finish_reason": None}]}
        response = await ask(CHAT, Reply(raw=json.dumps(body).encode()))
        (note,) = [one for one in response.diagnostics if one.code == "end-unknown"]
        assert (note.severity, note.asked) == ("info", "")

    async def test_a_word_that_is_not_known_explains_data_that_does_not_fit(self) -> None:
        error = await failed(INVOKE, Reply(structured=WRONG, stop_reason="heat_death"))
        assert error.hint == "it may have been cut: it ended with 'heat_death', a word that is not known"

    async def test_known_good_ends_say_nothing(self) -> None:
        for wire in WIRES:
            response = await ask(wire, Reply(structured=ADA))
            assert "end-unknown" not in [one.code for one in response.diagnostics]


MALFORMED = [
    (CONVERSE, "malformed_tool_use"),
    (CONVERSE, "malformed_model_output"),
    (CHAT, "insufficient_system_resource"),
]


@pytest.mark.parametrize(("wire", "word"), MALFORMED, ids=str)
class TestMalformed:
    """What the provider itself calls malformed is no answer; a new try may help."""

    async def test_is_tried_again(self, wire: Wire, word: str) -> None:
        bad = Reply(tool_calls=[ToolCall("", "Person", "{")], stop_reason=word)
        how: dict[str, Any] = {"structured_output": "tool", "settings": {"max_retries": 3}}
        response = await ask(wire, bad, Reply(structured=ADA), **how)
        assert response.structured_data == Person(**ADA)

    @WAYS
    async def test_is_tried_again_where_it_says_nothing(self, wire: Wire, word: str, streamed: bool) -> None:
        replies = (Reply(text="", stop_reason=word), Reply(structured=ADA))
        response = await ask(wire, *replies, streamed=streamed, settings={"max_retries": 3})
        assert response.structured_data == Person(**ADA)
        error = await failed(wire, replies[0], streamed=streamed)
        assert (is_a(error, StructureError), error.text, error.retryable) == (True, "", True)
        assert error.response.stop_reason == word

    @WAYS
    async def test_is_an_error_that_keeps_it(self, wire: Wire, word: str, streamed: bool) -> None:
        bad = Reply(tool_calls=[ToolCall("", "Person", '{"name')], stop_reason=word)
        how: dict[str, Any] = {"structured_output": "tool", "settings": {"max_retries": 3}}
        error = await failed(wire, *[bad] * 4, streamed=streamed, **how)
        assert is_a(error, StructureError)
        assert error.retryable
        assert word in error.message
        assert error.text == '{"name'
        assert error.usage.output_tokens > 0
        assert error.response.tool_calls == ()
        assert streamed or error.attempts == 2  # as of all that cannot be read

    async def test_is_kept_where_the_next_try_fails(self, wire: Wire, word: str) -> None:
        bad = Reply(text="hm", stop_reason=word)
        error = await failed(wire, bad, Reply(status=400), settings={"max_retries": 3})
        assert (error.status, error.response.text) == (400, "hm")

    async def test_stays_an_answer_where_no_structure_was_asked_for(self, wire: Wire, word: str) -> None:
        bad, good = Reply(text="hm", stop_reason=word), Reply(text="better")
        response = await ask(wire, bad, good, response_format=None, settings={"max_retries": 3})
        assert (response.text, response.finish_reason) == ("hm", "error")
