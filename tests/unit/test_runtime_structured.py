"""Structured data: asked for on four wires, validated, or an error that says why there is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, each_wire

from smartllm.content import text_of
from smartllm.errors import RefusalError, ResponseError, TruncatedError
from smartllm.testing import LoopbackServer, Reply


class Person(BaseModel):
    name: str
    age: int = Field(ge=0)
    nicknames: list[str] = []


ADA: dict[str, Any] = {"name": "Ada Löve", "age": 36, "nicknames": ["Countess"]}


async def ask(wire: Wire, server: LoopbackServer, shape: Any = Person, **fields: Any) -> Any:
    async with wire.client(server.url, max_retries=1) as client:
        request = wire.request("Who?", response_format=shape, **fields)
        response = await client.generate_text(request)
        assert server.requests[0].body == client.compile(request).steps[0].payload
    return response


@each_wire
async def test_a_pydantic_model_comes_back_as_an_instance(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(structured=ADA))
    response = await ask(wire, server)
    assert response.structured_data == Person(**ADA)
    assert isinstance(response.structured_data, Person)
    assert json.loads(response.text)["name"] == "Ada Löve"
    assert response.metadata["response_format"]["properties"]["age"]["minimum"] == 0
    assert response.metadata["prompt"] == "Who?"


@each_wire
async def test_a_json_schema_comes_back_as_data(wire: Wire, server: LoopbackServer) -> None:
    schema = Person.model_json_schema()
    server.script(Reply(structured=ADA))
    response = await ask(wire, server, schema)
    assert response.structured_data == ADA
    assert response.metadata["response_format"] == schema


@each_wire
async def test_data_that_does_not_fit_is_an_error(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(structured={"name": "Ada", "age": "old"}))
    with pytest.raises(ValidationError):
        await ask(wire, server)
    assert len(server.requests) == 1


TRUNCATED = {
    "responses": ("max_output_tokens", "OpenAI truncated structured output (status=incomplete)"),
    "chat_completions": ("length", "OpenAI truncated structured output (finish_reason=length)"),
    "invoke": ("max_tokens", "Bedrock truncated structured output (stop_reason=max_tokens)"),
    "converse": ("max_tokens", "Bedrock truncated structured output (stop_reason=max_tokens)"),
}


@each_wire
@pytest.mark.parametrize("whole", [False, True])
async def test_a_truncated_answer_is_an_error(wire: Wire, server: LoopbackServer, *, whole: bool) -> None:
    stop, text = TRUNCATED[wire.api_type]
    reply = Reply(structured=ADA, stop_reason=stop) if whole else Reply(text='{"name": "A', stop_reason=stop)
    server.script(reply)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the exact text is checked below
        await ask(wire, server)
    assert isinstance(caught.value, TruncatedError)
    assert caught.value.message == text
    assert len(server.requests) == 1


@each_wire
async def test_text_instead_of_data_is_an_error(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(text="I had rather talk about it."))
    with pytest.raises(ResponseError, match="is not JSON"):
        await ask(wire, server)


@each_wire
async def test_data_that_does_not_fit_a_json_schema_is_an_error(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(structured={"name": "Ada", "age": -1}))
    with pytest.raises(ValueError, match=r"does not fit the schema at age: -1 is less than the minimum"):
        await ask(wire, server, Person.model_json_schema())


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_a_refusal_is_an_error(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(refusal="I would rather not."))
    with pytest.raises(RefusalError) as caught:
        await ask(wire, server)
    assert caught.value.refusal == "I would rather not."


@pytest.mark.parametrize("wire", [INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
class TestTwoSteps:
    async def test_think_first_then_extract(self, wire: Wire, server: LoopbackServer) -> None:
        first = Reply(text='Ada, called "the Countess" {{7*7}}.', thinking="Who could it be?")
        server.script(first, Reply(structured=ADA))
        response = await ask(wire, server, reasoning_effort="low")
        thought, extracted = server.requests
        assert "tool" not in thought.body.decode()
        assert "thinking" in thought.body.decode()
        assert "thinking" not in extracted.body.decode()
        prompt = extracted.json["messages"][0]["content"]
        text = prompt if isinstance(prompt, str) else prompt[0]["text"]
        assert 'Ada, called "the Countess" {{7*7}}.' in text
        assert "native JSON arrays" in text
        assert response.structured_data == Person(**ADA)
        assert json.loads(response.text) == ADA
        assert text_of(response.parts) == 'Ada, called "the Countess" {{7*7}}.'
        assert response.metadata["thinking"] == "Who could it be?"
        passes = response.metadata["pass1_tokens"], response.metadata["pass2_tokens"]
        assert all(set(item) == {"input", "output"} for item in passes)
        assert response.input_tokens == sum(item["input"] for item in passes)
        assert response.output_tokens == sum(item["output"] for item in passes)

    async def test_a_cut_first_step_is_an_error_and_the_second_is_not_sent(
        self, wire: Wire, server: LoopbackServer
    ) -> None:
        server.script(Reply(text="Ada is", stop_reason="max_tokens"))
        with pytest.raises(TruncatedError):
            await ask(wire, server, reasoning_effort="low")
        assert len(server.requests) == 1

    async def test_only_the_failed_step_is_sent_again(self, wire: Wire, server: LoopbackServer) -> None:
        server.script(Reply(text="Ada."), Reply(status=500), Reply(structured=ADA))
        response = await ask(wire, server, reasoning_effort="low")
        assert response.structured_data == Person(**ADA)
        assert len(server.requests) == 3
        assert server.requests[1].body == server.requests[2].body

    async def test_a_tool_that_cannot_be_forced_is_offered(self, wire: Wire, server: LoopbackServer) -> None:
        server.script(Reply(text="Ada."), Reply(structured=ADA))
        response = await ask(wire, server, model="us.anthropic.claude-opus-5-5")
        assert response.structured_data == Person(**ADA)
        second = server.requests[1].json
        assert "tool_choice" not in second
        assert "Answer by calling the tool Person" in str(second["messages"])
        server.script(Reply(text="Ada."), Reply(text=json.dumps(ADA)))
        spoken = await ask(wire, server, model="us.anthropic.claude-opus-5-5")
        assert spoken.structured_data == Person(**ADA)
