"""Runs of tools that end before their answer: too many rounds, out of time, cancelled, closed, failed."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
import time
from typing import Any

import pytest
from loop_time import loop_clock
from tool_rounds import USAGE, Rounds, asking, called, calling, saying

from smartllm import (
    RateLimitError,
    Tool,
    ToolError,
    ToolRoundsError,
    ToolTimeoutError,
    Usage,
)
from smartllm.errors import ConnectionFailedError, ProviderTimeoutError
from smartllm.testing import Reply

ROUND = Usage(USAGE["prompt_tokens"], USAGE["completion_tokens"])


def weather(city: str) -> dict[str, Any]:
    """Weather of a city."""
    return {"city": city, "sky": "clear"}


async def test_too_many_rounds_are_an_error_that_holds_the_run() -> None:
    ran = []

    def work() -> None:
        ran.append(1)

    rounds = Rounds(*[calling(called("work"))] * 3)
    async with rounds.client() as client:
        with pytest.raises(
            ToolRoundsError, match=r"max_rounds=2 answers\n  hint: raise max_rounds"
        ) as caught:
            await client.run_tools(asking(), [work], max_rounds=2)
    run = caught.value.run
    assert run is not None
    assert (run.rounds, len(ran), len(rounds.fake.sent)) == (2, 1, 2)
    assert [call.name for call in run.calls] == ["work"]
    assert [message.role for message in run.messages] == ["user", "assistant", "user", "assistant"]
    assert run.usage == ROUND + ROUND


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"max_rounds": 0}, "max_rounds=0 is not usable; allowed: a whole number from 1"),
        ({"max_rounds": True}, "max_rounds=True is not usable"),
        ({"max_parallel": 1.5}, "max_parallel=1.5 is not usable"),
        ({"tools": [weather]}, "tools stand both in the request and in run_tools"),
    ],
    ids=["no round", "a truth", "half a call", "tools twice"],
)
async def test_what_is_not_usable_is_said_before_anything_is_sent(
    settings: dict[str, Any], problem: str
) -> None:
    rounds = Rounds()
    async with rounds.client() as client:
        with pytest.raises(ToolError, match=problem):
            await client.run_tools(asking(tools=[weather]), **settings)
        with pytest.raises(ValueError, match="declares no tool"):
            await client.run_tools(asking(), [3])  # type: ignore[list-item]
    assert rounds.fake.sent == []


async def test_one_call_that_would_be_run_is_too_much_for_the_last_round() -> None:
    rounds = Rounds(calling(called("weather", {"city": "a"}), called("show")))
    async with rounds.client() as client:
        with pytest.raises(ToolRoundsError):
            await client.run_tools(asking(tools=[weather, Tool("show")]), max_rounds=1)


async def test_an_error_of_a_later_round_holds_what_was_done_before() -> None:
    rounds = Rounds(calling(called("weather", {"city": "a"})), Reply(status=429), saying("done"))
    async with rounds.client() as client:
        with pytest.raises(RateLimitError) as caught:
            await client.run_tools(asking(), [weather])
        run = caught.value.run
        assert run is not None
        assert (run.rounds, run.calls, run.results) == (1, (), ())
        assert (caught.value.attempts, [m.role for m in run.messages]) == (1, ["user", "assistant", "user"])
    for copied in (pickle.loads(pickle.dumps(caught.value)), copy.deepcopy(caught.value)):  # noqa: S301
        assert copied.run is not None
        assert copied.run.messages == run.messages
        assert copied.run.response.tool_calls == run.response.tool_calls
        assert "clear" not in f"{caught.value!r}{caught.value}{run!r}"


async def test_an_error_of_the_first_round_is_as_of_any_call() -> None:
    rounds = Rounds(Reply(status=429))
    async with rounds.client() as client:
        with pytest.raises(RateLimitError) as caught:
            await client.run_tools(asking(), [weather])
    assert caught.value.run is None


async def test_functions_have_the_time_that_is_left_of_the_whole_run() -> None:
    ended = asyncio.Event()

    async def slow() -> None:
        try:
            await asyncio.sleep(20)
        finally:
            ended.set()

    rounds = Rounds(calling(called("weather", {"city": "a"}), called("slow")), total_timeout=1)
    began = time.monotonic()
    async with rounds.client() as client:
        with pytest.raises(ToolTimeoutError, match=r"^slow not done within total_timeout=1 s") as caught:
            await client.run_tools(asking(), [weather, slow])
    error, run = caught.value, caught.value.run
    assert time.monotonic() - began < 2
    assert isinstance(error, TimeoutError)
    assert (error.tools, error.seconds, ended.is_set()) == (("slow",), 1, True)
    assert run is not None
    assert [call.name for call in run.calls] == ["slow"]
    assert [result.content for result in run.results] == [{"city": "a", "sky": "clear"}]
    other = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (other.tools, other.seconds, str(other)) == (error.tools, error.seconds, str(error))


async def test_the_time_of_all_rounds_is_one() -> None:
    async def work() -> None:
        await asyncio.sleep(0.2)

    rounds = Rounds(*[calling(called("work"))] * 9, total_timeout=0.5)
    async with rounds.client() as client:
        with pytest.raises(ToolTimeoutError) as late:
            await client.run_tools(asking(), [work])
        assert late.value.run is not None
        assert 1 < late.value.run.rounds < 4


async def test_what_functions_took_is_no_longer_there_for_the_model() -> None:
    async def work() -> None:
        await asyncio.sleep(0.7)

    slow = calling(called("work")), Reply(text="late", delay=5)
    async with loop_clock() as took:
        async with Rounds(*slow, total_timeout=1).client() as client:
            with pytest.raises(ProviderTimeoutError, match=r"total_timeout=1 s") as caught:
                await client.run_tools(asking(), [work])
        assert took() < 1.5
    assert (caught.value.kind, caught.value.attempts) == ("total", 1)
    assert caught.value.run is not None


async def test_a_cancelled_run_leaves_no_task_and_no_thread() -> None:
    started, go, ended = threading.Semaphore(0), threading.Event(), asyncio.Event()
    ran: list[str] = []

    def blocking(name: str) -> None:
        started.release()
        go.wait(5)
        ran.append(name)

    async def waiting() -> None:
        try:
            await asyncio.sleep(20)
        finally:
            await asyncio.sleep(0.05)  # it has something to put in order
            ended.set()

    calls = [called("blocking", {"name": name}, name) for name in "abc"]
    rounds = Rounds(calling(called("waiting"), *calls))
    before = asyncio.all_tasks()
    async with rounds.client() as client:
        running = asyncio.create_task(client.run_tools(asking(), [waiting, blocking], max_parallel=2))
        await asyncio.to_thread(started.acquire)
        began = time.monotonic()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.monotonic() - began < 2
    assert ended.is_set()
    assert asyncio.all_tasks() == before
    go.set()
    while any(thread.name.startswith("smartllm-tool") for thread in threading.enumerate()):
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.01)
    assert ran == ["a"], "what waited for its turn is never begun"
    assert len(rounds.fake.sent) == 1


async def test_threads_end_with_their_run() -> None:
    rounds = Rounds(calling(called("weather", {"city": "a"})), saying("done"))
    async with rounds.client() as client:
        await client.run_tools(asking(), [weather])
    deadline = time.monotonic() + 5
    while any(thread.name.startswith("smartllm-tool") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_closing_the_client_ends_a_run_at_once() -> None:
    working = asyncio.Event()

    async def work() -> None:
        working.set()
        await asyncio.sleep(20)

    rounds = Rounds(calling(called("work")))
    async with rounds.client() as client:
        running = asyncio.create_task(client.run_tools(asking(), [work]))
        await working.wait()
    with pytest.raises(ConnectionFailedError, match="the client was closed"):
        await asyncio.wait_for(running, 2)


async def test_what_no_model_can_be_told_is_an_error_and_ends_the_other_calls() -> None:
    ended = asyncio.Event()

    async def waiting() -> None:
        try:
            await asyncio.sleep(20)
        finally:
            ended.set()

    made = Tool("made", function=object)
    rounds = Rounds(calling(called("weather", {"city": "a"}), called("waiting"), called("made")))
    async with rounds.client() as client:
        with pytest.raises(
            ToolError, match=r"tool made: <object object .* cannot be told to a model"
        ) as caught:
            await client.run_tools(asking(), [weather, waiting, made])
    run = caught.value.run
    assert run is not None
    assert ended.is_set()
    assert [call.name for call in run.calls] == ["waiting", "made"]
