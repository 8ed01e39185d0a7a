"""What a type checker knows: checked by mypy with the rest of the tree, and run for its imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from pydantic import BaseModel

from smartllm import LLMClient, Message, MessageRequest, TextRequest, TextResponse


class Person(BaseModel):
    name: str


async def ask(client: LLMClient) -> str:
    response = await client.generate_text(TextRequest(prompt="Who?", response_format=Person))
    assert_type(response, TextResponse[Person])
    assert_type(response.structured_data, Person)
    turns = MessageRequest(messages=[Message("user", "Who?")], response_format=Person)
    assert_type((await client.send_message(turns)).structured_data, Person)
    return response.structured_data.name


async def ask_plainly(client: LLMClient) -> str:
    response = await client.generate_text(TextRequest(prompt="Who?"))
    assert_type(response.text, str)
    by_schema: dict[str, Any] = {"type": "object"}
    loose = await client.generate_text(TextRequest(prompt="Who?", response_format=by_schema))
    assert_type(loose.text, str)
    return response.text


def test_the_marker_for_type_checkers_ships() -> None:
    from importlib.resources import files

    assert files("smartllm").joinpath("py.typed").is_file()
    assert not TYPE_CHECKING
