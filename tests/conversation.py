"""A conversation of a weather service and a calculator, held with any model through the sandbox's writers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from doors import api_on, is_tried
from model_facts import RULES

from smartllm import LLMClient, Message, MessageRequest, TextResponse, Tool, ToolResult
from smartllm.rules import Dialect, Facts, Host, resolve, served_on, target_for
from smartllm.testing import FakeTransport, Reply

How = Literal["whole", "streamed"]


@dataclass(frozen=True)
class Place:
    """A model on a wire of a host."""

    model: str
    host: Host
    dialect: Dialect

    @property
    def facts(self) -> Facts:
        return target_for(resolve(self.model, RULES), self.host, self.dialect, RULES).facts

    def __str__(self) -> str:
        return f"{self.model}-{self.host}-{self.dialect}"


def places() -> Iterator[Place]:
    """All listed models, on each of their wires."""
    for model in RULES.table("model"):
        resolution = resolve(model, RULES)
        for host in RULES.table("host"):
            for dialect in served_on(resolution, host, RULES) if is_tried(model, host, RULES) else ():
                yield Place(model, host, dialect)


WEATHER = Tool(
    "weather",
    "The weather of a city.",
    {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
        "required": ["city"],
    },
)
CALCULATOR = Tool(
    "calculator",
    "Works out a term.",
    {"type": "object", "properties": {"term": {"type": "string"}}, "required": ["term"]},
)
TOOLS = (WEATHER, CALCULATOR)
ROME = {"name": "weather", "arguments": {"city": "Rome", "unit": None}}
OSLO = {"name": "weather", "arguments": {"city": "Oslo", "unit": "C"}}
ROUNDS = (
    Reply(text="I look.", thinking="hm", tool_calls=[ROME, OSLO]),
    Reply(thinking="so", tool_calls=[{"name": "calculator", "arguments": {"term": "21 * 9 / 5 + 32"}}]),
    Reply(text="69.8 F in Rome.", thinking="well"),
)
TOLD = {"weather": {"c": 21}, "calculator": 69.8}


@dataclass
class Talk:
    """What was said and sent."""

    messages: list[Message] = field(default_factory=list)
    responses: list[TextResponse[Any]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)


def request_at(place: Place, messages: list[Message], **fields: Any) -> MessageRequest[Any]:
    """The request of a round."""
    if place.facts.tools.functions == "effort-none":
        fields["reasoning_effort"] = "none"
    api_type = api_on(place.dialect, place.host)
    given: dict[str, Any] = {
        "tools": [*TOOLS],
        "use_cache": False,
        "model": place.model,
        "api_type": api_type,
    } | fields
    return MessageRequest(messages=messages, **given)


async def talk(place: Place, *replies: Reply, how: How = "whole", **fields: Any) -> Talk:
    """A question with all its rounds of calls, and a question behind them."""
    held, transport = Talk([Message("user", "Rome in F?")]), FakeTransport(*(replies or ROUNDS))
    host: Any = place.host
    async with LLMClient(provider=host, transport=transport, level="ignore") as client:
        while True:
            request = request_at(place, held.messages, **fields)
            if how == "whole":
                response = await client.send_message(request)
            else:
                *_, last = [chunk async for chunk in client.send_message_stream(request)]
                assert last.response is not None
                response = last.response
            held.responses.append(response)
            held.messages.append(response.as_message())
            if len(held.responses) > len(ROUNDS):
                break
            told = [ToolResult(call.id, TOLD[call.name]) for call in response.tool_calls]
            held.messages.append(Message("user", told or "And in Oslo?"))
    held.bodies = [sent.body for sent in transport.sent]
    return held
