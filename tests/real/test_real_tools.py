"""A real model calls functions: llama.cpp serves it, and its grammar binds the calls to the tools.

The model is far too small to know tools by itself. Two examples show it how, as turns of calls and results,
which a real server and a real chat template read so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_process import served

from smartllm import CallEvent, LLMClient, Message, MessageRequest, Tool, ToolCall, ToolResult

pytestmark = pytest.mark.slow

TEMPLATE = Path(__file__).with_name("tool_template.jinja")


@pytest.fixture(scope="module")
def calling_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real model with a chat template that has a place for tools."""
    with served(tmp_path_factory.mktemp("calling"), "--template", str(TEMPLATE)) as url:
        yield url


def weather(city: str) -> str:
    """Weather of a city."""
    return f"sunny in {city}"


async def multiply(a: int, b: int) -> int:
    """Multiply two numbers."""
    return a * b


def example(question: str, call: ToolCall, result: Any, answer: str) -> list[Message]:
    return [
        Message("user", question),
        Message("assistant", [call]),
        Message("user", [ToolResult(call.id, result)]),
        Message("assistant", answer),
    ]


EXAMPLES = [
    *example(
        "What is the weather in Rome?",
        ToolCall("c1", "weather", {"city": "Rome"}),
        "rain",
        "It rains in Rome.",
    ),
    *example("What is 3 times 4?", ToolCall("c2", "multiply", {"a": 3, "b": 4}), 12, "It is 12."),
]
CASES = [
    ("What is the weather in Paris?", "weather", {"city": "Paris"}, "sunny in Paris", "Paris"),
    ("What is 17 times 23?", "multiply", {"a": 17, "b": 23}, 391, "391"),
]
each_case = pytest.mark.parametrize(("question", "name", "arguments", "result", "said"), CASES)


def client_at(url: str) -> LLMClient:
    return LLMClient(provider="openai", base_url=f"{url}/v1", api_key="none", max_retries=0, level="ignore")


def asking(question: str, **fields: Any) -> MessageRequest[Any]:
    messages = [*EXAMPLES, Message("user", question)]
    given = {"tools": [weather, multiply], "max_tokens": 60, "use_cache": False, **fields}
    return MessageRequest(messages=messages, model="smollm2", **given)


@each_case
@pytest.mark.parametrize("choice", [None, "required"])
async def test_the_model_calls_a_function_and_answers_with_its_result(
    question: str, name: str, arguments: dict[str, Any], result: Any, said: str, choice: Any, calling_url: str
) -> None:
    events: list[CallEvent] = []
    async with client_at(calling_url) as client:
        run = await client.run_tools(
            asking(question, tool_choice=choice), max_rounds=3, on_call=events.append
        )
    (call,) = run.responses[0].tool_calls
    assert (call.name, call.arguments) == (name, arguments)
    assert run.responses[0].finish_reason == "tool_calls"
    assert run.messages[len(EXAMPLES) + 2].content == [ToolResult(call.id, result)]
    assert (run.rounds, run.response.finish_reason) == (2, "stop")
    assert said in run.response.text
    assert [event.result is None for event in events] == [True, False]
    assert run.usage.input_tokens > run.response.input_tokens > 100


@each_case
async def test_calls_come_in_pieces_too(
    question: str, name: str, arguments: dict[str, Any], result: Any, said: str, calling_url: str
) -> None:
    request = asking(question, tool_choice="required")
    async with client_at(calling_url) as client:
        chunks = [chunk async for chunk in client.send_message_stream(request)]
    pieces = [chunk.call for chunk in chunks if chunk.call is not None]
    assert len(pieces) > 3, "the model speaks token by token"
    assert {piece.name for piece in pieces[-3:]} == {name}
    assert json.loads("".join(piece.arguments for piece in pieces)) == arguments
    response = chunks[-1].response
    assert response is not None
    assert [(call.name, call.arguments) for call in response.tool_calls] == [(name, arguments)]
    assert response.finish_reason == "tool_calls"


async def test_the_grammar_binds_calls_to_the_schema(calling_url: str) -> None:
    cities = {"type": "object", "properties": {"city": {"enum": ["Bonn", "Oslo"]}}, "required": ["city"]}
    tools = [Tool("weather", "Weather of a city.", cities), multiply]
    async with client_at(calling_url) as client:
        run = await client.run_tools(
            asking("What is the weather in Paris?", tools=tools, tool_choice="required")
        )
    (call,) = run.calls  # the tool has no function
    assert call.name == "weather"
    assert isinstance(call.arguments, dict)
    assert call.arguments["city"] in {"Bonn", "Oslo"}
