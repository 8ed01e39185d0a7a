"""Runs of tools: what is asked, what is run, and what comes back."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import json
import threading
from typing import Any

import pytest
from pydantic import BaseModel
from tool_rounds import USAGE, Rounds, asking, called, calling, conversing, saying
from wires import Wire, each_wire

from smartllm import (
    LLMClient,
    Message,
    Text,
    TextRequest,
    Tool,
    ToolCall,
    ToolResult,
    ToolRun,
    Usage,
)
from smartllm.testing import FakeTransport, LoopbackServer, Reply

ROUND = Usage(USAGE["prompt_tokens"], USAGE["completion_tokens"])


def weather(city: str) -> dict[str, Any]:
    """Weather of a city."""
    return {"city": city, "sky": "clear"}


@each_wire
async def test_a_function_is_run_and_the_model_goes_on_with_what_it_gave_back(
    wire: Wire, server: LoopbackServer
) -> None:
    server.script(Reply(tool="weather", structured={"city": "Paris"}), Reply(text="It is clear."))
    effort = {"reasoning_effort": "none"} if wire.api_type == "chat_completions" else {}
    async with wire.client(server.url) as client:
        run: ToolRun[Any] = await client.run_tools(wire.request("Paris?", tools=[weather], **effort))
    assert run.response.text == "It is clear."
    assert (run.rounds, len(server.requests), run.calls, run.results) == (2, 2, (), ())
    asked, called_, answered, said = run.messages
    (call,) = run.responses[0].tool_calls
    assert (asked.content, said.content) == ("Paris?", "It is clear.")
    assert called_.content == [ToolCall(call.id, "weather", {"city": "Paris"})]
    assert answered.content == [ToolResult(call.id, {"city": "Paris", "sky": "clear"})]
    assert run.usage == run.responses[0].usage + run.response.usage
    assert '"sky":"clear"' in server.requests[1].body.decode().translate({ord(mark): None for mark in "\\ "})


async def test_the_cost_is_that_of_all_rounds() -> None:
    fake = FakeTransport(Reply(tool="weather", structured={"city": "Paris"}), Reply(text="It is clear."))
    async with LLMClient(provider="openai", transport=fake) as client:
        # A model that the oldest prices know too.
        run = await client.run_tools(TextRequest(prompt="Paris?", model="gpt-4o", use_cache=False), [weather])
    costs = [response.cost for response in run.responses]
    assert run.cost is not None
    assert len(costs) == 2
    assert run.cost == sum(cost for cost in costs if cost is not None) > 0
    free = dataclasses.replace(run, responses=(run.response, dataclasses.replace(run.response, billing=None)))
    assert free.cost is None


async def test_an_answer_without_calls_is_one_round() -> None:
    rounds = Rounds(saying("hello"))
    async with rounds.client() as client:
        request = asking("hi")
        run = await client.run_tools(request, tools=[weather])
    assert request.tools is None
    assert (run.rounds, run.response.text, run.usage, run.cost) == (1, "hello", ROUND, None)
    assert [message.content for message in run.messages] == ["hi", "hello"]
    assert [tool["function"]["name"] for tool in rounds.fake.sent[0].body["tools"]] == ["weather"]


async def test_the_wishes_of_the_request_hold_in_every_round() -> None:
    rounds = Rounds(calling(called("weather", {"city": "a"})), saying("done"), max_tokens=77)
    request = asking(["one", Text("two")], system_prompt="Be brief.", top_p=0.5, tools=[weather])
    before = request.model_dump()
    async with rounds.client() as client:
        await client.run_tools(request)
    first, second = (sent.body for sent in rounds.fake.sent)
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert {**first, "messages": 0} == {**second, "messages": 0}
    assert (first["max_tokens"], first["top_p"]) == (77, 0.5)
    assert request.model_dump() == before


async def test_a_conversation_goes_on_from_its_messages() -> None:
    rounds = Rounds(calling(called("weather", {"city": "a"})), saying("done"), saying("again"))
    messages = [Message("user", "one"), Message("assistant", "two"), Message("user", "three")]
    request = conversing(messages, tools=[weather])
    async with rounds.client() as client:
        run = await client.run_tools(request)
        assert run.messages[:3] == messages == request.messages
        run = await client.run_tools(conversing([*run.messages, Message("user", "four")]), tools=[weather])
    roles = ["user", "assistant", "user", "assistant", "tool", "assistant", "user"]
    assert [turn["role"] for turn in rounds.turns()] == roles
    assert [message.content for message in run.messages[-3:]] == ["done", "four", "again"]


async def test_calls_of_one_answer_run_at_once_and_their_results_keep_its_order() -> None:
    met = asyncio.Event()

    async def first() -> str:
        await asyncio.wait_for(met.wait(), 5)
        return "slow"

    async def second() -> str:
        met.set()
        return "quick"

    rounds = Rounds(calling(called("first"), called("second"), text="Let me see."), saying("done"))
    async with rounds.client() as client:
        run = await client.run_tools(asking(), [first, second])
    assert rounds.results() == ["slow", "quick"]
    assert [type(part) for part in run.messages[1].content] == [Text, ToolCall, ToolCall]
    assert len(run.messages) == 4


async def test_functions_that_block_run_in_threads_with_the_callers_context() -> None:
    who = contextvars.ContextVar("who", default="nobody")
    meeting = threading.Barrier(2, timeout=5)
    threads = set()

    def one() -> str:
        meeting.wait()
        threads.add(threading.current_thread())
        return who.get()

    def later() -> Any:
        async def inner() -> str:
            threads.add(threading.current_thread())
            return who.get()

        meeting.wait()
        return inner()

    rounds = Rounds(calling(called("one"), called("later")), saying("done"))
    who.set("me")
    async with rounds.client() as client:
        await client.run_tools(asking(), [one, later])
    assert rounds.results() == ["me", "me"]
    assert threading.main_thread() in threads  # what is to be awaited is awaited in the loop
    assert len(threads) == 2


@pytest.mark.parametrize(("most", "peak"), [(1, 1), (2, 2), (8, 4)])
async def test_no_more_functions_run_at_once_than_are_allowed(most: int, peak: int) -> None:
    running = [0]
    seen, order = [], []

    async def work(number: int) -> None:
        running[0] += 1
        seen.append(running[0])
        order.append(number)
        await asyncio.sleep(0.01)
        running[0] -= 1

    calls = [called("work", {"number": number}, str(number)) for number in range(4)]
    rounds = Rounds(calling(*calls), saying("done"))
    async with rounds.client() as client:
        await client.run_tools(asking(), [work], max_parallel=most)
    assert (max(seen), order) == (peak, [0, 1, 2, 3])


CHOICES: list[tuple[Any, list[Any], list[list[str]]]] = [
    (None, [None, None], [["one", "two"], ["one", "two"]]),
    ("auto", [None, None], [["one", "two"], ["one", "two"]]),
    ("required", ["required", None], [["one", "two"], ["one", "two"]]),
    ("one", [{"type": "function", "function": {"name": "one"}}, None], [["one", "two"], ["one", "two"]]),
]


@pytest.mark.parametrize(("choice", "sent", "tools"), CHOICES, ids=lambda value: str(value)[:20])
async def test_what_forces_a_call_holds_for_the_first_round(
    choice: Any, sent: list[Any], tools: list[list[str]]
) -> None:
    def one() -> int:
        return 1

    def two() -> int:
        return 2

    server = FakeTransport(calling(called("one")), saying("done"))
    async with LLMClient(provider="openai", transport=server, level="ignore") as client:
        fields: dict[str, Any] = {
            "model": "gpt-5.4",
            "reasoning_effort": "none",
            "api_type": "chat_completions",
        }
        request = TextRequest(prompt="go", tools=[one, two], tool_choice=choice, use_cache=False, **fields)
        await client.run_tools(request)
    bodies = [one.body for one in server.sent]
    assert [body.get("tool_choice") for body in bodies] == sent
    assert [[tool["function"]["name"] for tool in body["tools"]] for body in bodies] == tools


async def test_a_list_of_names_declares_these_tools_alone_in_all_rounds() -> None:
    ran = []
    tools = [Tool(name, function=lambda: ran.append("it")) for name in ("one", "two", "three")]
    rounds = Rounds(calling(called("one"), called("two")), saying("done"))
    request = asking(tools=[*tools[:2], {"type": "web_search"}, tools[2]], tool_choice=["one", "three"])
    async with rounds.client() as client:
        run = await client.run_tools(request)
    for sent in rounds.fake.sent:
        assert [tool["function"]["name"] for tool in sent.body["tools"]] == ["one", "three"]
    assert ran == ["it"]
    assert "there is no tool 'two'; tools are: one, three" in str(run.messages[2].content)
    assert (len(request.tools or ()), request.tool_choice) == (4, ["one", "three"])


async def test_what_the_first_round_begins_with_stays_for_reasoning_that_is_bound_to_it() -> None:
    think = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    call = {"type": "tool_use", "id": "t1", "name": "one", "input": {}}
    usage = {"input_tokens": 1, "output_tokens": 1}
    answer = {"content": [think, call], "stop_reason": "tool_use", "usage": usage}
    rounds = Rounds(Reply(raw=json.dumps(answer).encode()), Reply(text="done"), provider="bedrock")
    tools = [Tool(name, function=lambda: "it") for name in ("one", "two")]
    model = "us.anthropic.claude-opus-5-5"
    async with rounds.client() as client:
        await client.run_tools(asking(model=model, tools=tools, tool_choice=["one"], reasoning_effort="high"))
    first, second = (sent.body for sent in rounds.fake.sent)
    assert first["tools"] == second["tools"]
    assert second["messages"][: len(first["messages"])] == first["messages"]
    assert second["messages"][1]["content"] == [think, call]


async def test_calls_that_were_not_wanted_are_the_callers() -> None:
    rounds = Rounds(calling(called("weather", {"city": "a"})))
    async with rounds.client() as client:
        run = await client.run_tools(asking(tools=[weather], tool_choice="none"))
    assert [call.name for call in run.calls] == ["weather"]
    assert (run.rounds, run.results) == (1, ())


async def test_tools_without_a_function_end_the_run_with_their_calls() -> None:
    shown = Tool("show", "Shows it.", {"type": "object", "properties": {"what": {"type": "string"}}})
    calls = called("weather", {"city": "a"}), called("show", {"what": "b"})
    rounds = Rounds(calling(*calls), saying("done"))
    async with rounds.client() as client:
        run = await client.run_tools(asking(tools=[weather, shown]))
        assert run.calls == (ToolCall("call_show", "show", {"what": "b"}),)
        assert run.results == (ToolResult("call_weather", {"city": "a", "sky": "clear"}),)
        assert (run.rounds, run.response.finish_reason) == (1, "tool_calls")
        answers = [*run.results, *(ToolResult(call.id, "shown") for call in run.calls)]
        going_on = conversing([*run.messages, Message("user", answers)], tools=[weather, shown])
        run = await client.run_tools(going_on)
    assert run.response.text == "done"
    assert rounds.results() == ['{"city": "a", "sky": "clear"}', "shown"]


class Shown(BaseModel):
    """Shows it."""

    what: str


@pytest.mark.parametrize("declared", [Shown, {"type": "function", "function": {"name": "Shown"}}])
async def test_a_model_and_a_providers_own_tool_have_no_function(declared: Any) -> None:
    rounds = Rounds(calling(called("Shown", {"what": "b"})))
    async with rounds.client() as client:
        run = await client.run_tools(asking(tools=[declared]), max_rounds=1)
    assert [call.arguments for call in run.calls] == [{"what": "b"}]
