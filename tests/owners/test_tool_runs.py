"""Many runs of tools at once: none gets another's results, and cancelled ones leave nothing behind."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

from tool_rounds import asking, called

from smartllm import LLMClient
from smartllm.runtime.transport import WireRequest, WireResponse

RUNS = 100


class Model:
    """Calls ``twice`` and ``later`` with the number in the prompt, then says what they gave back."""

    async def send(self, request: WireRequest) -> WireResponse:
        turns = json.loads(request.body)["messages"]
        await asyncio.sleep(0.001)
        if turns[-1]["role"] == "user":
            number = {"number": int(turns[-1]["content"])}
            calls = [called("twice", number), called("later", number)]
            message: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": calls}
        else:
            message = {"role": "assistant", "content": " ".join(turn["content"] for turn in turns[-2:])}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return WireResponse(200, {}, json.dumps({"choices": [choice], "usage": None}).encode())

    async def aclose(self) -> None:
        """Nothing is open."""


def client(**settings: Any) -> LLMClient:
    server: dict[str, Any] = {"base_url": "http://127.0.0.1:9/v1", "api_key": "any", "level": "ignore"}
    return LLMClient(provider="openai", transport=Model(), **server, **settings)


async def nothing_left(tasks: set[Any]) -> None:
    deadline = time.monotonic() + 10
    while any(thread.name.startswith("smartllm-tool") for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a thread outlives its run"
        await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == tasks


async def test_many_runs_at_once_get_their_own_results() -> None:
    def twice(number: int) -> int:
        time.sleep(0.005)
        return number * 2

    async def later(number: int) -> int:
        await asyncio.sleep(0.005)
        return -number

    before = asyncio.all_tasks()
    async with client() as one:
        runs = await asyncio.gather(
            *(one.run_tools(asking(str(number)), [twice, later]) for number in range(RUNS))
        )
    assert [run.response.text for run in runs] == [f"{number * 2} {-number}" for number in range(RUNS)]
    await nothing_left(before)


async def test_cancelled_runs_give_everything_back() -> None:
    go, half, running = threading.Event(), asyncio.Event(), [0]

    def twice(number: int) -> int:
        go.wait(10)
        return number

    async def later(number: int) -> int:
        running[0] += 1
        if running[0] == RUNS // 2:
            half.set()
        try:
            await asyncio.sleep(60)
        finally:
            running[0] -= 1
        return number

    before = asyncio.all_tasks()
    async with client(max_concurrent=1) as one:
        runs = [
            asyncio.create_task(one.run_tools(asking(str(number)), [twice, later])) for number in range(RUNS)
        ]
        await half.wait()  # the others are anywhere
        began = time.monotonic()
        for run in runs:
            run.cancel()
        ends = await asyncio.gather(*runs, return_exceptions=True)
        assert time.monotonic() - began < 2
        assert {type(end) for end in ends} == {asyncio.CancelledError}
        assert running == [0]
        go.set()
        response = await asyncio.wait_for(one.generate_text(asking("1")), 1)
        assert response.tool_calls, "the place among the calls in flight is back"
    await nothing_left(before)
