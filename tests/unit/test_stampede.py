"""A thousand callers at once: right answers, a bounded number of attempts, no more in flight than allowed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, share_service_models

from smartllm import LLMClient
from smartllm.errors import ProviderError
from smartllm.testing import LoopbackServer, Reply

CALLS = 1000
each_wire = pytest.mark.parametrize(
    "wire",
    [INVOKE, *(pytest.param(wire, marks=pytest.mark.slow) for wire in (RESPONSES, CHAT, CONVERSE))],
    ids=lambda wire: wire.api_type,
)


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


class Crowd(LoopbackServer):
    """Throttles a part of the requests, and counts how many it has at once."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.most = self.inside = 0
        self.chance = random.Random(11)  # noqa: S311 - not a secret

    async def _receive(self, request: Any) -> Any:
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            return await super()._receive(request)
        finally:
            self.inside -= 1

    def throttle(self) -> None:
        self.reset()
        self.most = 0
        fault = Reply(status=429, delay=0.001)
        self.script(
            *[fault if self.chance.random() < self.share else Reply(delay=0.001) for _ in range(CALLS * 3)]
        )


@pytest.fixture(scope="module")
def crowd() -> Iterator[Crowd]:
    with Crowd(0.2) as server:
        yield server


@each_wire
async def test_a_thousand_at_once_with_a_fifth_throttled(wire: Wire, crowd: Crowd) -> None:
    crowd.throttle()
    async with wire.client(crowd.url, max_retries=6, retry_delay=0.01, max_concurrent=100) as client:
        prompts = [f"prompt {number}" for number in range(CALLS)]
        answers = await asyncio.gather(*(client.generate_text(wire.request(prompt)) for prompt in prompts))
    assert [answer.text for answer in answers] == [f"echo: {prompt}" for prompt in prompts]
    assert 1150 <= len(crowd.requests) <= 1350
    assert crowd.most <= 100


@pytest.mark.parametrize(("calls", "budget", "most"), [(200, None, 800), (1000, 500, 1035)])
@each_wire
async def test_a_dead_upstream_is_not_hammered(
    wire: Wire, calls: int, budget: float | None, most: int, crowd: Crowd
) -> None:
    crowd.reset()
    crowd.script(*[Reply(status=500)] * 4000)
    settings = {"max_retries": 3, "retry_delay": 0.01, "retry_budget": budget}
    async with wire.client(crowd.url, **settings) as client:
        results = await asyncio.gather(
            *(client.generate_text(wire.request(str(number))) for number in range(calls)),
            return_exceptions=True,
        )
    assert all(isinstance(result, ProviderError) for result in results)
    assert len(crowd.requests) <= most
    if budget is None:
        assert len(crowd.requests) == calls * 4


@pytest.mark.slow
async def test_the_crowd_costs_no_more_than_the_raw_sdk(crowd: Crowd) -> None:
    """CPU of this thread only; the server has a thread of its own."""
    prompts = [f"prompt {number}" for number in range(CALLS)]

    async def ours(client: LLMClient) -> float:
        crowd.throttle()
        clock = time.thread_time()
        await asyncio.gather(*(client.generate_text(RESPONSES.request(prompt)) for prompt in prompts))
        return time.thread_time() - clock

    async def raw(client: openai.AsyncOpenAI) -> float:
        crowd.throttle()
        gate = asyncio.Semaphore(100)

        async def call(prompt: str) -> str:
            async with gate:
                answer = await client.responses.create(
                    model="gpt-5.4", input=prompt, max_output_tokens=2048, temperature=0
                )
            return answer.output_text

        clock = time.thread_time()
        await asyncio.gather(*(call(prompt) for prompt in prompts))
        return time.thread_time() - clock

    # The raw SDK waits half a second before its retries, which costs time but no CPU.
    async with (
        RESPONSES.client(crowd.url, max_retries=6, retry_delay=0.5, max_concurrent=100) as one,
        openai.AsyncOpenAI(base_url=crowd.openai_base_url, api_key="any", max_retries=6) as two,
    ):
        await ours(one)
        await raw(two)
        ratios = [await ours(one) / await raw(two) for _ in range(2)]
    print("CPU, ours to the raw SDK's:", [f"{ratio:.2f}" for ratio in ratios])  # noqa: T201 - for pytest -rP
    assert min(ratios) <= 1.2, ratios
