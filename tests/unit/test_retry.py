"""When a call is made again, how long the wait is, and what the budget allows; no test here waits."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import email.utils
import math
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from smartllm.errors import ConnectionFailedError, ProviderError, ProviderTimeoutError, ResponseError
from smartllm.hosts.called import retry_after
from smartllm.runtime.control.retry import RetryBudget, RetryPolicy, with_retries

NOW = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC).timestamp()


def failed(status: int | None = 503, **fields: Any) -> ProviderError:
    return ProviderError("no", model="m", status=status, **{"retryable": True, **fields})


def policy(**fields: Any) -> RetryPolicy:
    return RetryPolicy(**{"max_retries": 3, "base": 1.0, "cap": 60.0, "draw": lambda: 1.0, **fields})


class Upstream:
    """Fails so many times, then answers; notes the waits between."""

    def __init__(self, *errors: ProviderError) -> None:
        self.errors = list(errors)
        self.calls = 0
        self.waits: list[float] = []
        self.events: list[tuple[str, int, float]] = []

    async def call(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "answer"

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def told(self, error: ProviderError, attempt: int, delay: float) -> None:
        assert len(self.waits) == attempt - 1, "told before the wait"
        self.events.append((type(error).__name__, attempt, delay))

    async def run(self, policy: RetryPolicy, budget: RetryBudget | None = None) -> str:
        given = budget if budget is not None else RetryBudget(None)
        return await with_retries(self.call, policy, given, on_retry=self.told, sleep=self.sleep)


async def test_backoff_doubles_up_to_its_cap() -> None:
    upstream = Upstream(*[failed() for _ in range(9)])
    assert await upstream.run(policy(max_retries=9, base=0.5, cap=20.0)) == "answer"
    assert upstream.waits == [0.5, 1, 2, 4, 8, 16, 20, 20, 20]
    assert upstream.calls == 10


async def test_each_retry_is_told_of_once_before_its_wait() -> None:
    upstream = Upstream(failed(), ConnectionFailedError("no", model="m", retryable=True))
    await upstream.run(policy())
    assert upstream.events == [("ProviderError", 1, 1.0), ("ConnectionFailedError", 2, 2.0)]


@pytest.mark.parametrize("retries", [0, 1, 3])
async def test_attempts_are_counted(retries: int) -> None:
    upstream = Upstream(*[failed(code=str(number)) for number in range(9)])
    with pytest.raises(ProviderError) as caught:
        await upstream.run(policy(max_retries=retries))
    assert upstream.calls == caught.value.attempts == retries + 1
    assert caught.value.code == str(retries), "the last error, not the first"


async def test_what_is_final_is_raised_at_once() -> None:
    upstream = Upstream(failed(400, retryable=False))
    with pytest.raises(ProviderError) as caught:
        await upstream.run(policy())
    assert (upstream.calls, caught.value.attempts, upstream.waits) == (1, 1, [])


async def test_other_errors_pass_through() -> None:
    async def call() -> str:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        await with_retries(call, policy(), RetryBudget())


async def test_an_unreadable_answer_is_asked_for_once_more() -> None:
    upstream = Upstream(*[ResponseError("no", model="m", retryable=True) for _ in range(5)])
    with pytest.raises(ResponseError) as caught:
        await upstream.run(policy())
    assert caught.value.attempts == 2


def test_full_jitter() -> None:
    draws = random.Random(7)  # noqa: S311 - not a secret
    drawn = policy(draw=draws.random, base=0.1, cap=1.0, max_retries=8)
    for attempt, bound in ((1, 0.1), (3, 0.4), (8, 1.0)):
        waits = [drawn.delay(failed(), attempt) for _ in range(1000)]
        found = [wait for wait in waits if wait is not None]
        assert len(found) == 1000
        assert min(found) >= 0
        assert max(found) <= bound
        assert math.isclose(sum(found) / 1000, bound / 2, rel_tol=0.05)


def test_huge_attempt_numbers_do_not_overflow() -> None:
    assert policy(max_retries=10**9).delay(failed(), 10**8) == 60


@pytest.mark.parametrize(
    ("asked", "draw", "expected"),
    [(2.0, 0.0, 2.0), (2.0, 1.0, 3.0), (0.0, 1.0, 0.0), (0.5, 1.0, 1.0), (120.0, 0.0, 120.0)],
)
def test_what_the_provider_asks_is_a_lower_bound(asked: float, draw: float, expected: float) -> None:
    # Not shortened by the cap, and at most doubled.
    found = policy(draw=lambda: draw, cap=1.0).delay(failed(retry_after=asked), 1)
    assert found == expected


def test_what_the_provider_asks_is_final_over_the_limit() -> None:
    assert policy().delay(failed(retry_after=120.5), 1) is None
    assert policy(max_retry_after=300).delay(failed(retry_after=120.5), 1) == 121.5


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"Retry-After": "2"}, 2),
        ({"retry-after": "0"}, 0),
        ({"RETRY-AFTER": " 1.5 "}, 1.5),
        ({"Retry-After": email.utils.formatdate(NOW + 30, usegmt=True)}, 30),
        ({"Retry-After": email.utils.formatdate(NOW - 30, usegmt=True)}, None),
        ({"retry-after-ms": "250", "Retry-After": "9"}, 0.25),
        ({"retry-after-ms": "soon", "Retry-After": "9"}, 9),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "1e999"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Mon, 99 Nov 2026"}, None),
        ({"Retry-After": "Mon, 23 Nov 999999 12:00:00 GMT"}, None),
    ],
)
def test_retry_after_headers(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after(headers, now=lambda: NOW) == expected


# The budget


async def calls_on(errors: Callable[[], list[ProviderError]], budget: RetryBudget, calls: int) -> int:
    attempts = 0
    for _ in range(calls):
        upstream = Upstream(*errors())
        with contextlib.suppress(ProviderError):
            await upstream.run(policy(), budget)
        attempts += upstream.calls
    return attempts


async def test_a_dead_upstream_is_soon_left_alone() -> None:
    assert await calls_on(lambda: [failed() for _ in range(9)], RetryBudget(), 1000) == 1000 + 500 // 14
    assert await calls_on(lambda: [failed(429) for _ in range(9)], RetryBudget(), 1000) == 1000 + 500 // 5
    assert await calls_on(lambda: [failed() for _ in range(9)], RetryBudget(None), 1000) == 4000
    assert await calls_on(lambda: [failed() for _ in range(9)], RetryBudget(0), 1000) == 1000


async def test_a_fifth_of_throttled_calls_does_not_empty_it() -> None:
    chance, budget = random.Random(1), RetryBudget()  # noqa: S311 - not a secret
    for _ in range(5000):
        errors = list[ProviderError]()
        while chance.random() < 0.2:
            errors.append(failed(429))
        assert await Upstream(*errors).run(policy(max_retries=9), budget) == "answer"
    assert budget.tokens > 400


async def test_it_refills_by_successes_up_to_its_size() -> None:
    budget = RetryBudget(20)
    assert await Upstream(failed()).run(policy(), budget) == "answer"
    assert budget.tokens == 20
    with pytest.raises(ProviderError):
        await Upstream(failed(), failed()).run(policy(), budget)
    assert budget.tokens == 6
    for _ in range(8):
        await Upstream().run(policy(), budget)
    assert budget.tokens == 14
    assert await Upstream(failed()).run(policy(), budget) == "answer"


async def test_timeouts_cost_as_much_as_failures() -> None:
    budget = RetryBudget(14)
    slow = [ProviderTimeoutError("read", 1, model="m", retryable=True) for _ in range(2)]
    with pytest.raises(ProviderTimeoutError):
        await Upstream(*slow).run(policy(), budget)
    assert budget.tokens == 0


# One reset of every connection


def reset() -> ConnectionFailedError:
    return ConnectionFailedError("reset", model="m", retryable=True)


@pytest.mark.parametrize("calls", [60, 200, 2000])
async def test_one_reset_of_every_connection_is_survived_by_all(calls: int) -> None:
    budget = RetryBudget()
    results = await asyncio.gather(*(Upstream(reset()).run(policy(), budget) for _ in range(calls)))
    assert results == ["answer"] * calls


async def test_a_way_that_breaks_every_connection_ends_the_retries() -> None:
    budget = RetryBudget()
    upstreams = [Upstream(*[reset() for _ in range(9)]) for _ in range(1000)]
    await asyncio.gather(*(each.run(policy(), budget) for each in upstreams), return_exceptions=True)
    assert sum(each.calls for each in upstreams) <= 2000 + 500 // 14
    again = [Upstream(*[reset() for _ in range(9)]) for _ in range(1000)]
    await asyncio.gather(*(each.run(policy(), budget) for each in again), return_exceptions=True)
    assert sum(each.calls for each in again) == 1000, "nothing has succeeded since"


async def test_calls_one_after_another_bring_no_more_than_one_retry() -> None:
    budget = RetryBudget(0)
    for number in range(3):
        upstream = Upstream(*[reset() for _ in range(9)])
        with pytest.raises(ConnectionFailedError):
            await upstream.run(policy(), budget)
        assert upstream.calls == (2 if number == 0 else 1)
    assert await Upstream().run(policy(), budget) == "answer"
    assert await Upstream(reset()).run(policy(), budget) == "answer", "a success gives it back"


async def test_unreadable_answers_are_counted_apart() -> None:
    upstream = Upstream(failed(503), ResponseError("cut", model="m", retryable=True))
    assert await upstream.run(policy()) == "answer"
    assert upstream.calls == 3


async def test_a_date_without_a_zone_is_gmt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        asked = retry_after({"retry-after": "Thu, 26 Nov 2026 00:00:30"}, now=lambda: 1795651200.0)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert asked == 30
