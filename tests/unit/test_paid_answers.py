"""Answers that are paid for and are not what was asked for: what their errors keep."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from part_transport import client_of
from pydantic import ValidationError
from structured_asks import WAYS, WRONG, Person, failed, is_a
from wires import CHAT, CONVERSE, INVOKE, Wire, each_wire

from smartllm import Diagnostic, Message, MessageRequest, Origin, TextResponse
from smartllm import compile as compiled
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import Text, ToolCall, text_of
from smartllm.errors import RefusalError, ServerError, TruncatedError
from smartllm.model_errors import ModelMismatchError
from smartllm.runtime.structure.bound import bound, completed
from smartllm.runtime.structure.reading import Reading
from smartllm.structure_errors import SchemaMismatchError, StructureError
from smartllm.testing import FakeTransport, Reply
from smartllm.usage import Usage

NEVER_FORCED = "us.anthropic.claude-opus-5-5"
KEY = "sk-canary-0123456789ABCDEF"

CUT = {"responses": "max_output_tokens", "chat_completions": "length"}


def cut(wire: Wire) -> str:
    return CUT.get(wire.api_type, "max_tokens")


@WAYS
@each_wire
class TestWhatIsKept:
    async def test_of_data_that_does_not_fit(self, wire: Wire, streamed: bool) -> None:
        error = await failed(wire, Reply(structured=WRONG), streamed=streamed)
        assert is_a(error, ModelMismatchError)
        assert [one["loc"] for one in error.errors()] == [("age",)]
        assert json.loads(error.text) == WRONG
        response = error.response
        assert error.usage == response.usage
        assert error.usage.output_tokens > 0
        assert (response.structured_data, response.model) == (None, response.requested_model)
        assert response.parts
        assert response.raw
        assert error.request_id == response.request_id
        assert response.request_id
        assert "error.response keeps the answer; reasks=1" in error.hint

    async def test_of_a_schema(self, wire: Wire, streamed: bool) -> None:
        schema = Person.model_json_schema()
        error = await failed(wire, Reply(structured=WRONG), streamed=streamed, response_format=schema)
        assert is_a(error, SchemaMismatchError)
        assert json.loads(error.text) == WRONG
        assert error.response.usage.output_tokens > 0

    async def test_of_words_instead_of_data(self, wire: Wire, streamed: bool) -> None:
        error = await failed(wire, Reply(text="I had rather not."), streamed=streamed)
        assert is_a(error, StructureError)
        assert error.text == error.response.text == "I had rather not."

    @pytest.mark.parametrize("by_tool", [False, True], ids=["auto", "tool"])
    async def test_of_an_answer_that_was_cut(self, wire: Wire, streamed: bool, by_tool: bool) -> None:
        half = '{"name": "Ad'
        call = ToolCall("", "Person", half)
        said: dict[str, Any] = {"text": "Here:", "tool_calls": [call]} if by_tool else {"text": half}
        error = await failed(
            wire,
            Reply(**said, stop_reason=cut(wire)),
            streamed=streamed,
            structured_output="tool" if by_tool else "auto",
            max_tokens=77,
        )
        assert is_a(error, TruncatedError)
        assert error.partial_text == half
        assert error.response.text == said["text"]
        assert error.usage.output_tokens > 0
        assert error.hint == "raise max_tokens above 77, or ask for less; error.partial_text has what came"

    async def test_leaves_the_process(self, wire: Wire, streamed: bool) -> None:
        error = await failed(wire, Reply(structured=WRONG), streamed=streamed)
        again = pickle.loads(pickle.dumps(error))  # noqa: S301
        assert (again.errors(), again.usage, again.response) == (error.errors(), error.usage, error.response)
        assert again.response.parts == error.response.parts


@WAYS
class TestOfTwoSteps:
    """What the first step said stays, whatever becomes of the second."""

    @staticmethod
    async def ended(*replies: Reply, streamed: bool) -> Any:
        how: dict[str, Any] = {"structured_output": "two_pass", "model": NEVER_FORCED}
        return await failed(INVOKE, *replies, streamed=streamed, **how)

    async def test_which_fails(self, streamed: bool) -> None:
        error = await self.ended(Reply(text="It is Ada."), Reply(status=500), streamed=streamed)
        assert is_a(error, ServerError)
        assert error.response.text == "It is Ada."
        assert error.usage.output_tokens > 0
        assert len(error.response.raws) == 1

    async def test_which_does_not_fit(self, streamed: bool) -> None:
        error = await self.ended(Reply(text="It is Ada."), Reply(structured=WRONG), streamed=streamed)
        assert is_a(error, ValidationError)
        assert (error.response.text, json.loads(error.text)) == ("It is Ada.", WRONG)
        assert len(error.response.raws) == 2
        assert error.response.as_message() == Message("assistant", "It is Ada.")
        one, two = (error.response.metadata[f"pass{number}_tokens"]["output"] for number in (1, 2))
        assert error.usage.output_tokens == one + two

    async def test_which_is_not_made_after_a_cut(self, streamed: bool) -> None:
        error = await self.ended(Reply(text="It is A", stop_reason="max_tokens"), streamed=streamed)
        assert is_a(error, TruncatedError)
        assert error.partial_text == error.response.text == "It is A"

    async def test_nor_after_a_refusal(self, streamed: bool) -> None:
        error = await self.ended(Reply(text="No.", stop_reason="refusal"), streamed=streamed)
        assert (is_a(error, RefusalError), error.refusal) == (True, "No.")


async def test_an_error_that_knows_the_next_step_keeps_it() -> None:
    calls = [ToolCall("1", "Person", {"name": name, "age": 1}) for name in ("Ada", "Bob")]
    error = await failed(INVOKE, Reply(tool_calls=calls), structured_output="tool")
    assert error.hint == "ask for a list of them, or for one in the prompt"


@pytest.mark.parametrize(("reasks", "told"), [(0, True), (1, False)])
def test_asking_again_is_no_hint_for_who_does(reasks: int, *, told: bool) -> None:
    step = compiled(INVOKE.request(response_format=Person)).steps[0]
    answer = Decoded((Text("no"),), "end_turn", Usage(), "stop")
    error = StructureError("no", model="m")
    assert completed(error, step, answer, TextResponse("no", "m", "end_turn"), reasks=reasks) is error
    assert ("reasks=1" in error.hint) is told


def test_what_was_read_tolerantly_is_told() -> None:
    note = Diagnostic("answer-cut", "info", "response", "noted", 1, 1, "x", Origin("derived", "response"))
    answer = Decoded((), "end_turn", Usage(), "stop")
    response = bound(TextResponse("no", "m", "end_turn"), Reading(5, "ü", (note,)), answer)
    assert (response.structured_data, response.text, response.diagnostics) == (5, '"ü"', (note,))


async def test_callers_that_share_an_answer_have_errors_of_their_own(tmp_path: Path) -> None:
    fake = FakeTransport(Reply(structured=WRONG, delay=0.5))
    async with client_of(CONVERSE, fake, cache_dir=tmp_path) as client:
        request = CONVERSE.request(response_format=Person, use_cache=True, temperature=0)
        found = await asyncio.gather(
            *[client.generate_text(request) for _ in range(3)], return_exceptions=True
        )
    assert len(fake.sent) == 1
    assert all(isinstance(error, ModelMismatchError) for error in found)
    assert len({id(error.response) for error in found}) == 3  # type: ignore[union-attr]
    assert not any(name.endswith(".json") for _, _, names in os.walk(tmp_path) for name in names)


async def test_a_secret_that_an_answer_repeats_is_hidden_in_all_of_it() -> None:
    answer = {"name": f"key {KEY}", "age": f"{KEY}"}
    error = await failed(CHAT, Reply(structured=answer), settings={"api_key": KEY})
    told = [str(error), error.text, error.errors(), error.response, error.response.parts, error.response.raws]
    assert "[secret]" in str(error.response.raws)
    assert KEY not in repr(told) + repr(vars(error))
    assert error.usage.output_tokens > 0


async def test_events_and_spans_count_what_was_paid_for(spans: InMemorySpanExporter) -> None:
    seen: list[dict[str, Any]] = []
    error = await failed(
        CHAT, Reply(structured=WRONG), on_progress=seen.append, settings={"trace_content": True}
    )
    assert (seen[-1]["event"], seen[-1]["output_tokens"]) == ("error", error.usage.output_tokens)
    (span,) = spans.get_finished_spans()
    told = dict(span.attributes or {})
    assert told["error.type"] == "ModelMismatchError"
    assert told["gen_ai.usage.output_tokens"] == error.usage.output_tokens
    assert "old" in str(told["gen_ai.output.messages"])
    seen.clear()
    await failed(CHAT, Reply(status=400), on_progress=seen.append)
    assert "output_tokens" not in seen[-1]


async def test_a_conversation_too() -> None:
    fake = FakeTransport(Reply(structured=WRONG))
    async with client_of(CONVERSE, fake) as client:
        request = MessageRequest(
            messages=[Message("user", "Who?")],
            response_format=Person,
            model=CONVERSE.model,
            api_type="converse",
        )
        with pytest.raises(ModelMismatchError) as caught:
            await client.send_message(request)
    assert caught.value.response is not None
    assert caught.value.response.metadata["messages"] == [{"role": "user", "content": "Who?"}]
    assert text_of(caught.value.response.parts) == ""
