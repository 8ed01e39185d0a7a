"""Identical calls at the same time are one call."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from smartllm.errors import ProviderError, SmartLLMError
from smartllm.runtime.control.single_flight import Flight, SingleFlight


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


async def fly(flights: SingleFlight[Any, str], key: str, upstream: Callable[[], Any]) -> tuple[Any, bool]:
    flight, joined = flights.join(key, lambda _: upstream(), "note")
    return await flight.result(), joined


@pytest.fixture
async def flights() -> AsyncIterator[SingleFlight[Any, str]]:
    single: SingleFlight[Any, str] = SingleFlight()
    yield single
    await single.aclose()
    assert single.running == 0
    assert len(asyncio.all_tasks()) == 1


async def test_many_are_one(flights: SingleFlight[Any, str]) -> None:
    upstream = Upstream()
    results = await asyncio.gather(*(fly(flights, "k", upstream) for _ in range(500)))
    assert upstream.started == 1
    assert [joined for _, joined in results].count(False) == 1
    assert {result for result, _ in results} == {"answer"}


async def test_other_keys_and_later_calls_are_not_joined(flights: SingleFlight[Any, str]) -> None:
    upstream = Upstream(seconds=0)
    await asyncio.gather(fly(flights, "a", upstream), fly(flights, "b", upstream))
    await fly(flights, "a", upstream)
    assert upstream.started == 3


async def test_a_cancelled_leader_leaves_the_others_alone(flights: SingleFlight[Any, str]) -> None:
    upstream = Upstream()
    tasks = [asyncio.create_task(fly(flights, "k", upstream)) for _ in range(50)]
    await asyncio.sleep(0.01)
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [("answer", True)] * 49
    assert upstream.started == upstream.finished == 1


async def test_the_last_waiter_takes_the_call_along(flights: SingleFlight[Any, str]) -> None:
    upstream = Upstream(seconds=5)
    tasks = [asyncio.create_task(fly(flights, "k", upstream)) for _ in range(3)]
    await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    async with asyncio.timeout(0.2):
        await asyncio.gather(*tasks, return_exceptions=True)
        await flights.aclose()
    assert upstream.cancelled == 1
    assert flights.running == 0


async def test_a_key_that_is_being_abandoned_starts_afresh(flights: SingleFlight[Any, str]) -> None:
    slow, fresh = Upstream(seconds=5), Upstream()
    task = asyncio.create_task(fly(flights, "k", slow))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await fly(flights, "k", fresh) == ("answer", False)


async def test_an_error_reaches_everybody(flights: SingleFlight[Any, str]) -> None:
    upstream = Upstream(ValueError("no"))
    results = await asyncio.gather(*(fly(flights, "k", upstream) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(result, ValueError) for result in results)
    assert upstream.started == 1


async def test_each_waiter_gets_an_error_of_its_own(flights: SingleFlight[Any, str]) -> None:
    upstream = Upstream(ProviderError("no", model="m", status=500))
    results = await asyncio.gather(*(fly(flights, "k", upstream) for _ in range(5)), return_exceptions=True)
    assert len({id(error) for error in results}) == 5
    assert {error.status for error in results if isinstance(error, ProviderError)} == {500}
    assert upstream.started == 1


async def test_a_later_caller_hears_what_is_known_and_when_something_is_sent(
    flights: SingleFlight[Any, str],
) -> None:
    goes_on, told = asyncio.Event(), list[str]()

    async def call(flight: Flight[Any, str]) -> str:
        await goes_on.wait()
        flight.begun.set()
        await asyncio.sleep(0.01)
        return "answer"

    async def tell() -> None:
        told.append("sent")

    first, _ = flights.join("k", call, "the first one's note")
    second, joined = flights.join("k", call, "another")
    assert joined
    assert second.note == "the first one's note"
    waiting = asyncio.ensure_future(asyncio.gather(first.result(), second.result(tell)))
    await asyncio.sleep(0.01)
    assert not told
    goes_on.set()
    assert list(await waiting) == ["answer", "answer"]
    assert told == ["sent"]


async def test_nothing_is_told_when_nothing_is_sent(flights: SingleFlight[Any, str]) -> None:
    async def never() -> None:
        raise AssertionError

    flight, _ = flights.join("k", lambda _: Upstream()(), "note")
    assert await flight.result(never) == "answer"


async def test_a_later_caller_alone_keeps_the_call(flights: SingleFlight[Any, str]) -> None:
    """The first caller goes while the second one only waits for the beginning."""
    upstream = Upstream()

    async def tell() -> None:
        pass

    first = asyncio.create_task(fly(flights, "k", upstream))
    await asyncio.sleep(0.005)
    flight, _ = flights.join("k", lambda _: upstream(), "note")
    second = asyncio.create_task(flight.result(tell))
    await asyncio.sleep(0.005)
    first.cancel()
    assert await second == "answer"
    assert upstream.started == upstream.finished == 1


async def test_a_call_that_is_cancelled_from_inside_does_not_look_like_a_cancelled_waiter(
    flights: SingleFlight[Any, str],
) -> None:
    with pytest.raises(SmartLLMError, match="was cancelled while others waited"):
        await fly(flights, "k", Upstream(asyncio.CancelledError()))


async def test_timeouts_and_groups(flights: SingleFlight[Any, str]) -> None:
    upstream = Upstream(seconds=5)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await fly(flights, "k", upstream)
    quick = Upstream()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fly(flights, "k", quick)) for _ in range(3)]
    assert {task.result()[0] for task in tasks} == {"answer"}


async def test_closing_cancels_what_is_under_way() -> None:
    flights: SingleFlight[Any, str] = SingleFlight()
    upstream = Upstream(seconds=5)
    task = asyncio.create_task(fly(flights, "k", upstream))
    await asyncio.sleep(0.01)
    await flights.aclose()
    assert upstream.cancelled == 1
    with pytest.raises(SmartLLMError):
        await task


async def test_nothing_is_lost_under_random_cancellation(flights: SingleFlight[Any, str]) -> None:
    chance = random.Random(20261123)  # noqa: S311 - a repeatable test

    def caller(upstream: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
        return asyncio.create_task(fly(flights, str(chance.randrange(3)), upstream))

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
