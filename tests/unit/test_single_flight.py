"""Identical calls at the same time are one call."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from smartllm.errors import SmartLLMError
from smartllm.runtime.control.single_flight import SingleFlight


class Upstream:
    """Counts its calls; each takes a moment."""

    def __init__(self, result: Any = "answer", seconds: float = 0.05) -> None:
        self.result, self.seconds = result, seconds
        self.started = self.finished = self.cancelled = 0

    async def __call__(self) -> Any:
        self.started += 1
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.finished += 1
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


@pytest.fixture
async def flights() -> AsyncIterator[SingleFlight[Any]]:
    single: SingleFlight[Any] = SingleFlight()
    yield single
    await single.aclose()
    assert single.running == 0
    assert len(asyncio.all_tasks()) == 1


async def test_many_are_one(flights: SingleFlight[Any]) -> None:
    upstream = Upstream()
    results = await asyncio.gather(*(flights.run("k", upstream) for _ in range(500)))
    assert upstream.started == 1
    assert [joined for _, joined in results].count(False) == 1
    assert {result for result, _ in results} == {"answer"}


async def test_other_keys_and_later_calls_are_not_joined(flights: SingleFlight[Any]) -> None:
    upstream = Upstream(seconds=0)
    await asyncio.gather(flights.run("a", upstream), flights.run("b", upstream))
    await flights.run("a", upstream)
    assert upstream.started == 3


async def test_a_cancelled_leader_leaves_the_others_alone(flights: SingleFlight[Any]) -> None:
    upstream = Upstream()
    tasks = [asyncio.create_task(flights.run("k", upstream)) for _ in range(50)]
    await asyncio.sleep(0.01)
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [("answer", True)] * 49
    assert upstream.started == upstream.finished == 1


async def test_the_last_waiter_takes_the_call_along(flights: SingleFlight[Any]) -> None:
    upstream = Upstream(seconds=5)
    tasks = [asyncio.create_task(flights.run("k", upstream)) for _ in range(3)]
    await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    async with asyncio.timeout(0.2):
        await asyncio.gather(*tasks, return_exceptions=True)
        await flights.aclose()
    assert upstream.cancelled == 1
    assert flights.running == 0


async def test_a_key_that_is_being_abandoned_starts_afresh(flights: SingleFlight[Any]) -> None:
    slow, fresh = Upstream(seconds=5), Upstream()
    task = asyncio.create_task(flights.run("k", slow))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await flights.run("k", fresh) == ("answer", False)


async def test_an_error_reaches_everybody(flights: SingleFlight[Any]) -> None:
    upstream = Upstream(ValueError("no"))
    results = await asyncio.gather(*(flights.run("k", upstream) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, ValueError) for result in results)
    assert upstream.started == 1


async def test_a_call_that_is_cancelled_from_inside_does_not_look_like_a_cancelled_waiter(
    flights: SingleFlight[Any],
) -> None:
    with pytest.raises(SmartLLMError, match="was cancelled while others waited"):
        await flights.run("k", Upstream(asyncio.CancelledError()))


async def test_timeouts_and_groups(flights: SingleFlight[Any]) -> None:
    upstream = Upstream(seconds=5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await flights.run("k", upstream)
    quick = Upstream()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(flights.run("k", quick)) for _ in range(3)]
    assert {task.result()[0] for task in tasks} == {"answer"}


async def test_closing_cancels_what_is_under_way() -> None:
    flights: SingleFlight[Any] = SingleFlight()
    upstream = Upstream(seconds=5)
    task = asyncio.create_task(flights.run("k", upstream))
    await asyncio.sleep(0.01)
    await flights.aclose()
    assert upstream.cancelled == 1
    with pytest.raises(SmartLLMError):
        await task


async def test_nothing_is_lost_under_random_cancellation(flights: SingleFlight[Any]) -> None:
    chance = random.Random(20261123)  # noqa: S311 - a repeatable test

    def caller(upstream: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
        return asyncio.create_task(flights.run(str(chance.randrange(3)), upstream))

    for _ in range(60):
        upstream = Upstream(seconds=chance.choice([0, 0.001, 0.003]))
        tasks = [caller(upstream) for _ in range(chance.randrange(1, 12))]
        for task in chance.sample(tasks, chance.randrange(len(tasks) + 1)):
            await asyncio.sleep(chance.choice([0, 0, 0.001]))
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            assert isinstance(result, asyncio.CancelledError) or result in {
                ("answer", True),
                ("answer", False),
            }
