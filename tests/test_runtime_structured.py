"""Structured data: asked for on four wires, validated, or an error that says why there is none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from loopback import LoopbackServer, Reply
from pydantic import BaseModel, Field, ValidationError
from wires import CHAT, RESPONSES, Wire, each_wire, share_service_models

from smartllm.errors import RefusalError, ResponseError


class Person(BaseModel):
    name: str
    age: int = Field(ge=0)
    nicknames: list[str] = []


ADA = {"name": "Ada Löve", "age": 36, "nicknames": ["Countess"]}


@pytest.fixture(scope="module")
def running() -> Iterator[LoopbackServer]:
    with LoopbackServer() as server:
        yield server


@pytest.fixture
def server(running: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    share_service_models(monkeypatch)
    running.reset()
    return running


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
    assert "Ada Löve" in response.text
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


@each_wire
async def test_a_truncated_answer_is_an_error(wire: Wire, server: LoopbackServer) -> None:
    stop = {"responses": "max_output_tokens", "chat_completions": "length"}.get(wire.api_type, "max_tokens")
    server.script(Reply(text='{"name": "Ada", "ag', stop_reason=stop))
    with pytest.raises(ResponseError, match="is not JSON") as caught:
        await ask(wire, server)
    assert caught.value.model == wire.model
    assert len(server.requests) == 1


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_a_refusal_is_an_error(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(refusal="I would rather not."))
    with pytest.raises(RefusalError) as caught:
        await ask(wire, server)
    assert caught.value.refusal == "I would rather not."


@each_wire
async def test_thinking_and_structure_arrive_together(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(structured=ADA, thinking="Who could it be?"))
    response = await ask(wire, server, reasoning_effort="low")
    assert response.structured_data == Person(**ADA)
