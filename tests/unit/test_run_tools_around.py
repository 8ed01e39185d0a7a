"""Runs of tools with all else that a client does: cache, events, structured answers, code without a loop."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import BaseModel
from tool_rounds import Rounds, asking, called, calling, saying
from wires import RESPONSES, share_service_models

import smartllm.sync
from smartllm import CallEvent, LLMClient, TextRequest, Tool, ToolResult, ToolRoundsError
from smartllm.testing import FakeTransport, LoopbackServer, Reply


def weather(city: str) -> str:
    """Weather of a city."""
    return f"clear in {city}"


async def test_each_round_is_kept_and_found_again() -> None:
    ran = []

    def counted(city: str) -> str:
        ran.append(city)
        return weather(city)

    rounds = Rounds(calling(called("counted", {"city": "a"})), saying("done"), saying("other"))
    request = asking(tools=[counted], use_cache=True)
    async with rounds.client() as client:
        first = await client.run_tools(request)
        again = await client.run_tools(request)
        assert len(rounds.fake.sent) == 2
        assert [response.cache_source for response in again.responses] == ["l1", "l1"]
        assert (again.response.text, again.messages, again.usage) == ("done", first.messages, first.usage)
        assert ran == ["a", "a"], "answers are kept, not what functions do"
        changed = await client.run_tools(request, on_call=lambda event: event.result and "cloudy")
    assert [response.cache_source for response in changed.responses] == ["l1", "miss"]
    assert changed.response.text == "other"


async def test_events_tell_of_rounds_and_calls() -> None:
    events: list[dict[str, Any]] = []
    calls = called("weather", {"city": "a"}, "1"), called("sub", {}, "2")
    rounds = Rounds(calling(*calls), calling(called("weather", {"city": "b"}, "3")))
    async with rounds.client() as client:
        with pytest.raises(ToolRoundsError) as caught:
            await client.run_tools(asking(on_progress=events.append), [weather], max_rounds=2)
    names = [event["event"] for event in events]
    called_ = ["llm_started", "llm_done"]
    assert names == [*called_, "tools_started", "tools_done", *called_, "error"]
    started, done = events[2:4]
    common = {"event", "ts", "prompt", "model", "provider"}
    assert set(started) == common | {"round", "calls"}
    assert set(done) == common | {"round", "calls", "elapsed_seconds"}
    assert started["calls"] == [{"id": "1", "name": "weather"}, {"id": "2", "name": "sub"}]
    assert [(call["id"], call["error"]) for call in done["calls"]] == [("1", False), ("2", True)]
    assert (started["round"], done["round"], started["prompt"], started["model"]) == (1, 1, "go", "local")
    assert done["elapsed_seconds"] >= 0
    assert events[-1]["message"] == str(caught.value)
    assert [turn["role"] for turn in events[4]["prompt"]] == ["user", "assistant", "user"]


async def test_events_tell_which_calls_are_left() -> None:
    done: list[Any] = []

    def told(event: dict[str, Any]) -> None:
        done.extend(event["calls"] if event["event"] == "tools_done" else ())

    rounds = Rounds(calling(called("weather", {"city": "a"}), called("show")))
    async with rounds.client() as client:
        await client.run_tools(asking(on_progress=told, tools=[weather, Tool("show")]))
    assert [(call["name"], call["error"]) for call in done] == [("weather", False), ("show", None)]


async def test_an_error_of_a_call_is_told_once() -> None:
    names: list[str] = []
    rounds = Rounds(calling(called("weather", {"city": "a"})), Reply(status=400, error_message="no"))
    async with rounds.client() as client:
        with pytest.raises(smartllm.BadRequestError):
            await client.run_tools(asking(on_progress=lambda event: names.append(event["event"])), [weather])
    assert names.count("error") == 1


class Report(BaseModel):
    sky: str


async def test_the_last_answer_fits_the_schema() -> None:
    fake = FakeTransport(Reply(tool="weather", structured={"city": "a"}), Reply(text='{"sky": "clear"}'))
    async with LLMClient(provider="openai", transport=fake, level="ignore") as client:
        request = TextRequest(
            prompt="go", model="gpt-5.4", response_format=Report, tools=[weather], use_cache=False
        )
        run = await client.run_tools(request)
    assert run.responses[0].structured_data is None
    assert run.response.structured_data == Report(sky="clear")
    assert run.rounds == 2


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    share_service_models(monkeypatch)
    with LoopbackServer() as server:
        yield server


def test_code_without_a_loop_has_the_same_runs(server: LoopbackServer) -> None:
    who = contextvars.ContextVar("who", default="nobody")
    who.set("me")
    told: list[CallEvent] = []

    def look(city: str) -> str:
        answer = client.generate_text(RESPONSES.request(f"look at {city}"))
        return f"{answer.text} for {who.get()}"

    async def later(city: str) -> str:
        return f"{city} for {who.get()}"

    with smartllm.sync.LLMClient(base_url=server.openai_base_url, api_key="any") as client:
        for function, content in (look, "echo: look at Paris for me"), (later, "Paris for me"):
            server.script(Reply(tool=function.__name__, structured={"city": "Paris"}))
            run = client.run_tools(RESPONSES.request("go"), [function], on_call=told.append)
            assert [part.content for part in run.messages[2].content if isinstance(part, ToolResult)] == [
                content
            ]
            assert run.rounds == 2
    assert len(told) == 4


def test_threads_may_run_tools_at_once(server: LoopbackServer) -> None:
    meeting = threading.Barrier(4, timeout=10)

    def meet(city: str) -> str:
        meeting.wait()
        return city

    server.script(*[Reply(tool="meet", structured={"city": "a"})] * 4)
    with (
        smartllm.sync.LLMClient(base_url=server.openai_base_url, api_key="any") as client,
        ThreadPoolExecutor(4) as pool,
    ):
        runs = list(
            pool.map(lambda number: client.run_tools(RESPONSES.request(str(number)), [meet]), range(4))
        )
    assert [run.rounds for run in runs] == [2] * 4
