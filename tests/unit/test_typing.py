"""What a type checker knows: checked by mypy with the rest of the tree, and run for its imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from pydantic import BaseModel

from smartllm import (
    CallEvent,
    LLMClient,
    Message,
    MessageRequest,
    TextRequest,
    TextResponse,
    Tool,
    ToolCall,
    ToolResult,
    ToolRun,
    tool,
)
from smartllm.sync import LLMClient as SyncClient


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


@tool
def weather(city: str, days: int = 1) -> str:
    return f"{city} {days}"


@tool(name="clock", strict=True)
async def now(zone: str) -> str:
    return zone


async def declare() -> None:
    """A decorated function is still what it was, and every kind of declaration may stand in a request."""
    assert_type(weather("Paris", days=2), str)
    assert_type(await now("UTC"), str)
    assert_type(Tool.from_(weather), Tool)
    assert_type(Tool.from_({"type": "web_search"}), Tool | dict[str, Any])
    TextRequest(prompt="x", tools=[weather, now, Person, Tool("t"), {"type": "web_search"}])
    mine: list[Tool] = [Tool.from_(weather)]
    TextRequest(prompt="x", tools=mine, tool_choice=["weather"], parallel_tool_calls=False)
    Message("assistant", ["Let me look.", ToolCall("1", "weather", {"city": "Paris"})])
    Message("user", [ToolResult("1", {"sky": "clear"}), ToolResult("2", "broken", error=True)])


def told(event: CallEvent) -> str | None:
    return None if event.result else event.call.name


async def run(client: LLMClient, plain: SyncClient) -> str:
    """A run of tools knows of which type its answers are."""
    request = TextRequest(prompt="Who?", response_format=Person, tools=[weather])
    done = await client.run_tools(request, max_rounds=3, on_call=told)
    assert_type(done, ToolRun[Person])
    assert_type(done.responses, tuple[TextResponse[Person], ...])
    turns = MessageRequest(
        messages=[*done.messages, Message("user", "And who else?")], response_format=Person
    )
    assert_type(plain.run_tools(turns, [weather, now]), ToolRun[Person])
    return done.response.structured_data.name


def test_the_marker_for_type_checkers_ships() -> None:
    from importlib.resources import files

    assert files("smartllm").joinpath("py.typed").is_file()
    assert not TYPE_CHECKING
