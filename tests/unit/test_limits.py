"""How many calls are in flight, in which order, and what throttling does to that."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import Any

import pytest
from wires import RESPONSES

from smartllm import ConfigError, LLMConfig
from smartllm.runtime.control.concurrency import Limiter, share_of


async def held(limiter: Limiter, release: asyncio.Event, order: list[int], number: int) -> None:
    async with limiter.permit():
        order.append(number)
        await release.wait()


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def let_through(limiter: Limiter, *tokens: int) -> None:
    """Permits that come without a wait."""

    async def take(count: int) -> None:
        async with limiter.permit(count):
            pass

    taken = [asyncio.create_task(take(count)) for count in tokens]
    await settled()
    assert all(task.done() for task in taken)
    await asyncio.gather(*taken)


async def test_no_more_than_the_limit_and_in_order() -> None:
    limiter, release, order = Limiter(3), asyncio.Event(), list[int]()
    tasks = [asyncio.create_task(held(limiter, release, order, number)) for number in range(10)]
    await settled()
    assert (order, limiter.in_flight) == ([0, 1, 2], 3)
    release.set()
    await asyncio.gather(*tasks)
    assert order == list(range(10))
    assert limiter.in_flight == 0


async def test_nobody_overtakes_who_waits() -> None:
    limiter, release, order = Limiter(1), asyncio.Event(), list[int]()
    first = asyncio.create_task(held(limiter, release, order, 0))
    await settled()
    second = asyncio.create_task(held(limiter, release, order, 1))
    await settled()
    release.set()
    await first
    # The second has its place now, before it has run; a newcomer waits.
    third = asyncio.create_task(held(limiter, release, order, 2))
    await asyncio.gather(second, third)
    assert order == [0, 1, 2]


async def test_a_cancelled_waiter_frees_its_place() -> None:
    limiter, release, order = Limiter(1), asyncio.Event(), list[int]()
    tasks = [asyncio.create_task(held(limiter, release, order, number)) for number in range(4)]
    await settled()
    tasks[1].cancel()
    await settled()
    tasks[0].cancel()  # its place goes to 2
    await settled()
    assert order == [0, 2]
    tasks[3].cancel()
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert limiter.in_flight == 0


async def test_a_waiter_cancelled_as_it_gets_its_place_hands_it_on() -> None:
    limiter, release, order = Limiter(1), asyncio.Event(), list[int]()
    tasks = [asyncio.create_task(held(limiter, release, order, number)) for number in range(3)]
    await settled()
    tasks[0].cancel()
    await asyncio.sleep(0)
    tasks[1].cancel()
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order[-1] == 2
    assert limiter.in_flight == 0


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_is_lost_under_random_cancellation(seed: int) -> None:
    chance, limiter, most = random.Random(seed), Limiter(4), 0  # noqa: S311 - not a secret

    async def call() -> None:
        nonlocal most
        async with limiter.permit():
            most = max(most, limiter.in_flight)
            for _ in range(chance.randrange(4)):
                await asyncio.sleep(0)
            if chance.random() < 0.2:
                limiter.throttled()
            else:
                limiter.succeeded()

    tasks = [asyncio.create_task(call()) for _ in range(300)]
    while not all(task.done() for task in tasks):
        chance.choice(tasks).cancel()
        await asyncio.sleep(0)
    assert limiter.in_flight == 0
    assert most <= 4
    await asyncio.wait_for(call(), 1)


async def test_throttling_halves_the_limit_once_for_calls_that_were_under_way_together() -> None:
    limiter = Limiter(16)
    for _ in range(8):
        await limiter.acquire()
    for _ in range(8):
        limiter.throttled()
        limiter.release()
    assert limiter.limit == 8
    await limiter.acquire()
    limiter.throttled()
    assert limiter.limit == 4
    limiter.release()
    for _ in range(9):
        await limiter.acquire()
        limiter.throttled()
        limiter.release()
        limiter.succeeded()
    assert limiter.limit >= 1


async def test_it_never_stops_and_grows_back() -> None:
    limiter = Limiter(8)
    for _ in range(20):
        await limiter.acquire()
        limiter.throttled()
        limiter.release()
    assert limiter.limit == 1
    calls = 0
    while limiter.limit < 8:
        async with limiter.permit():
            limiter.succeeded()
        calls += 1
    assert 8 <= calls <= 30
    limiter.succeeded()
    assert limiter.limit == 8


async def test_a_lower_limit_holds_back_who_waits_until_it_has_grown() -> None:
    limiter, release, order = Limiter(4), asyncio.Event(), list[int]()
    tasks = [asyncio.create_task(held(limiter, release, order, number)) for number in range(6)]
    await settled()
    limiter.throttled()
    for task in tasks[:2]:
        task.cancel()
    await settled()
    assert order == [0, 1, 2, 3], "two are in flight, and no more may be"
    for _ in range(2):
        limiter.succeeded()
    await settled()
    assert order == [0, 1, 2, 3, 4]
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_requests_per_minute() -> None:
    limiter = Limiter(100, requests_per_minute=5, period=0.5)
    clock = time.monotonic()
    await let_through(limiter, *[0] * 5)
    async with limiter.permit():
        pass
    assert time.monotonic() - clock >= 0.09


async def test_tokens_per_minute() -> None:
    limiter = Limiter(100, tokens_per_minute=1000, period=0.5)
    clock = time.monotonic()
    await let_through(limiter, 1000)
    async with limiter.permit(500):
        pass
    assert time.monotonic() - clock >= 0.2
    # More than there ever is waits for all there is, not for ever.
    await asyncio.wait_for(limiter.acquire(10_000), 2)
    limiter.release()


async def test_a_waiter_for_the_minute_gives_its_place_back_when_cancelled() -> None:
    limiter = Limiter(1, requests_per_minute=1, period=60)
    async with limiter.permit():
        pass
    task = asyncio.create_task(limiter.acquire())
    await settled()
    assert limiter.in_flight == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert limiter.in_flight == 0


async def test_the_numbers_come_from_the_rules_and_the_client(tmp_path: object) -> None:
    overlay = f"{tmp_path}/quota.toml"
    with open(overlay, "w", encoding="utf-8") as file:  # noqa: ASYNC230, PTH123 - a test's own file
        file.write('[quota]\n"gpt-5.4" = { concurrency = 7, requests_per_minute = 90 }\n')
    async with RESPONSES.client("http://127.0.0.1:1") as client:
        plain = client.compile(RESPONSES.request())
        assert client._executor.limiter(plain).concurrency == 256
    async with RESPONSES.client("http://127.0.0.1:1", rules=[overlay]) as client:
        limiter = client._executor.limiter(client.compile(RESPONSES.request()))
        assert limiter.concurrency == 7
        assert limiter._requests is not None
        assert limiter._requests.max_rate == 90
    async with RESPONSES.client("http://127.0.0.1:1", rules=[overlay], max_concurrent=3) as client:
        assert client._executor.limiter(client.compile(RESPONSES.request())).concurrency == 3


@pytest.mark.parametrize(
    ("calls", "share", "left"),
    [(256, 1, 256), (9, 1 / 3, 3), (100, 0.29, 29), (10, 0.25, 2), (3, 0.1, 1), (7, 0.5, 3)],
)
def test_shares_of_calls_are_together_no_more_than_all(calls: int, share: float, left: int) -> None:
    assert share_of(calls, share) == left
    assert Limiter(calls, share=share).concurrency == Limiter(calls, share=share).limit == left


async def test_a_share_of_the_minute() -> None:
    limiter = Limiter(100, requests_per_minute=10, tokens_per_minute=1000, share=0.5, period=0.5)
    clock = time.monotonic()
    await let_through(limiter, *[100] * 5)
    async with limiter.permit(100):
        pass
    assert time.monotonic() - clock >= 0.09  # a tenth of a second for the next one of five in half a second


async def test_a_share_below_one_request_a_minute_lets_one_through_in_more_than_a_minute() -> None:
    limiter = Limiter(100, requests_per_minute=2, share=0.25, period=0.1)
    clock = time.monotonic()
    for _ in range(2):
        async with limiter.permit():
            pass
    assert 0.19 <= time.monotonic() - clock < 1


async def test_a_call_larger_than_a_share_is_counted_whole() -> None:
    limiter = Limiter(100, tokens_per_minute=1000, share=0.25, period=0.2)
    clock = time.monotonic()
    async with limiter.permit(750):  # three times what the share's bucket holds, of which one is there
        pass
    assert time.monotonic() - clock >= 0.39


async def test_the_share_of_a_client(tmp_path: Path) -> None:
    overlay = tmp_path / "quota.toml"
    overlay.write_text('[quota]\n"gpt-5.4" = { concurrency = 8, requests_per_minute = 90 }\n', "utf-8")
    async with RESPONSES.client("http://127.0.0.1:1", rules=[overlay], quota_share=0.5) as client:
        limiter = client._executor.limiter(client.compile(RESPONSES.request()))
        assert (limiter.concurrency, client._room_for("x", {"model": "gpt-5.4"})) == (4, 4)
        assert limiter._requests is not None
        assert limiter._requests.max_rate == 45
    async with RESPONSES.client("http://127.0.0.1:1", max_concurrent=6, quota_share=1 / 3) as client:
        assert client._executor.limiter(client.compile(RESPONSES.request())).concurrency == 2
        assert client._room_for("x", {}) == 2


@pytest.mark.parametrize("share", [0, 1.5, -1, "half", True, None, float("nan")])
def test_what_is_no_share(share: Any) -> None:
    with pytest.raises(ConfigError, match=r"quota_share.*a number above 0, at most 1"):
        LLMConfig(quota_share=share)
