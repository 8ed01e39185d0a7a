"""Structured answers at their edges: what is no JSON, JSON's own rules, filters, objects of one's own."""

from __future__ import annotations

import asyncio
import datetime as dt
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, each_wire

from smartllm.compiler import compile as compiled
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import Text, ToolCall
from smartllm.errors import RefusalError, ResponseError, TruncatedError
from smartllm.request import TextRequest
from smartllm.response import Usage
from smartllm.runtime.structure.structured import check_whole, structured_data
from smartllm.testing import LoopbackServer, Reply

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "array", "items": {"type": "number"}}},
    "required": ["a"],
    "additionalProperties": False,
}


class Numbers(BaseModel):
    a: list[float]


class Anything(BaseModel):
    a: Any


def step_for(response_format: Any, model: str = "gpt-4o") -> Any:
    return compiled(TextRequest(prompt="x", response_format=response_format), model=model).steps[-1]


def answer(value: Any, **fields: Any) -> Decoded:
    part = Text(value) if isinstance(value, str) else ToolCall("", "Numbers", value)
    given = {"parts": (part,), "stop_reason": "stop", "usage": Usage(), "request_id": "i", **fields}
    return Decoded(**given)


def read(shape: Any, value: Any) -> Any:
    given = answer({}, parts=(ToolCall("", shape.__name__, value),))
    return structured_data(shape, step_for(shape), given).data


@pytest.mark.parametrize("shape", [Numbers, Anything, SCHEMA], ids=["model", "any", "schema"])
@pytest.mark.parametrize(
    "value",
    [
        "NaN",
        '{"a": [NaN]}',
        '{"a": [Infinity]}',
        '{"a": [-Infinity]}',
        '{"a": [1e999]}',
        {"a": [float("nan")]},
        {"a": [float("inf")]},
        float("nan"),
        "",
        "{",
        "[" * 100_000,
    ],
    ids=lambda value: repr(value)[:20],
)
def test_what_is_no_json_is_an_error_at_once(shape: Any, value: Any) -> None:
    async def read() -> None:
        structured_data(shape, step_for(shape), answer(value))

    with pytest.raises(ResponseError, match="is not JSON") as caught:
        asyncio.run(asyncio.wait_for(read(), 5))
    assert (caught.value.status, caught.value.request_id) == (200, "i")


def test_validation_ends_with_values_that_differ_from_themselves() -> None:
    with pytest.raises(ResponseError, match="is not JSON"):
        read(Numbers, {"a": [float("nan")]})
    with pytest.raises(ValidationError):
        read(Numbers, {"a": "[NaN]"})
    with pytest.raises(ValidationError):
        read(Numbers, {"a": '["x"]'})


class Colour(Enum):
    RED = "red"


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: dt.date
    colour: Colour
    tags: tuple[str, ...]
    seen: set[int]


def test_strict_models_accept_what_json_can_say() -> None:
    given = {"day": "2026-11-26", "colour": "red", "tags": ["a", "b"], "seen": [1]}
    expected = Strict(day=dt.date(2026, 11, 26), colour=Colour.RED, tags=("a", "b"), seen={1})
    assert read(Strict, given) == expected
    assert read(Strict, given | {"tags": '["a", "b"]'}) == expected
    for wrong in ({"day": 5}, {"colour": "blue"}, {"seen": ["x"]}, {"tags": "a"}):
        with pytest.raises(ValidationError):
            read(Strict, given | wrong)


def test_texts_of_the_data_are_unicode() -> None:
    data = structured_data(Anything, step_for(Anything), answer('{"a": "\\ud83d\\udc4d \\ud83d"}')).data
    assert data.a == "\U0001f44d \ufffd"
    assert read(Numbers, {"a": "[1]"}) == Numbers(a=[1])


def test_whoever_waits_for_one_answer_gets_data_of_their_own() -> None:
    call = answer({"a": [1]})
    for shape in (SCHEMA, Anything):
        first, second = (structured_data(shape, step_for(shape), call).data for _ in range(2))
        for data in (first, second):
            content = data["a"] if isinstance(data, dict) else data.a
            assert content == [1]
            content.append(2)
    assert call.tool_calls[0].arguments == {"a": [1]}


class TestWithheldOrCut:
    @pytest.mark.parametrize("wire", [INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
    async def test_a_full_context_is_a_cut(self, wire: Wire, server: LoopbackServer) -> None:
        server.script(Reply(text="{", stop_reason="model_context_window_exceeded"))
        with pytest.raises(TruncatedError, match="stop_reason=model_context_window_exceeded"):
            await ask(wire, server)

    @pytest.mark.parametrize(
        ("wire", "reason", "what"),
        [
            (RESPONSES, "content_filter", "content filter"),
            (CHAT, "content_filter", "content filter"),
            (INVOKE, "guardrail_intervened", "guardrail"),
            (INVOKE, "content_filtered", "content filter"),
            (CONVERSE, "guardrail_intervened", "guardrail"),
            (CONVERSE, "content_filtered", "content filter"),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("streamed", [False, True])
    async def test_a_filter_is_no_cut(
        self, wire: Wire, reason: str, what: str, server: LoopbackServer, *, streamed: bool
    ) -> None:
        server.script(Reply(text="I cannot", stop_reason=reason))
        with pytest.raises(RefusalError, match=f"the provider's {what} withheld the answer") as caught:
            await ask(wire, server, stream=streamed)
        assert not isinstance(caught.value, TruncatedError)
        assert reason in caught.value.message

    def test_the_reason_of_an_incomplete_answer_decides(self) -> None:
        request = TextRequest(prompt="x", response_format=Numbers, api_type="responses")
        plan = compiled(request, model="gpt-4o")
        step = plan.steps[0]
        for reason in ("max_output_tokens", None):
            with pytest.raises(TruncatedError, match="status=incomplete"):
                check_whole(
                    plan,
                    step,
                    answer("{", stop_reason="incomplete", incomplete=reason, finish_reason="length"),
                )
        with pytest.raises(RefusalError, match="content filter") as caught:
            check_whole(plan, step, answer("", stop_reason="incomplete", incomplete="content_filter"))
        assert (caught.value.refusal, caught.value.request_id) == ("", "i")
        with pytest.raises(RefusalError, match="the model refused") as caught:
            check_whole(plan, step, answer("", refusal="No."))
        assert caught.value.refusal == "No."


async def ask(wire: Wire, server: LoopbackServer, **fields: Any) -> Any:
    async with wire.client(server.url) as client:
        return await client.generate_text(wire.request("x", response_format=Numbers, **fields))


@each_wire
async def test_an_answer_that_holds_nan_ends_in_an_error(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(text="NaN"))
    with pytest.raises(ResponseError, match="is not JSON"):
        await asyncio.wait_for(ask(wire, server), 5)
