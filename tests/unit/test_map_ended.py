"""``client.map`` that is left, cancelled or without an event loop: what is under way ends."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from mapped import FRESH, MODEL, Slow, all_of, client_of, echoes, numbered, settled
from pydantic import ValidationError

from smartllm import (
    MapProgress,
    RequestTypeError,
    SmartLLMError,
    TextRequest,
    sync,
)
from smartllm.runtime.mapped_sync import in_order
from smartllm.runtime.observe.map_tally import Tally
from smartllm.testing import LoopbackServer, Reply

# Ends before the end


async def test_cancelling_ends_what_is_under_way() -> None:
    fake = Slow()
    fake.gate.clear()
    asked = asyncio.ensure_future(all_of(client_of(fake).map(numbered(9), max_concurrent=3, **FRESH)))
    await settled(lambda: fake.under_way == 3)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert (fake.begun, fake.under_way, fake.cancelled) == (3, 0, 3)


async def test_leaving_a_loop_ends_what_is_under_way() -> None:
    fake = Slow()

    async def first() -> None:
        async for _ in client_of(fake).map(numbered(9), max_concurrent=3, **FRESH):
            fake.gate.clear()
            await settled(lambda: fake.under_way > 0)
            break

    await first()
    gc.collect()
    await settled(lambda: not fake.under_way)
    assert fake.begun <= 6


async def test_a_source_that_is_waited_for_is_left_too() -> None:
    ended = asyncio.Event()

    async def stuck() -> AsyncIterator[str]:
        try:
            yield "prompt 0"
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with aclosing(client_of().map(stuck(), **FRESH)) as answers:
        async for answer in answers:
            assert answer.text == "echo: prompt 0"
            break
    assert ended.is_set()


async def test_a_list_of_many_keeps_no_more_than_its_answers() -> None:
    before = len(asyncio.all_tasks())
    count = 0
    async for _ in client_of().map(("same" for _ in range(300)), max_concurrent=8):
        count += 1
        assert len(asyncio.all_tasks()) <= before + 9
    assert count == 300


# Without an event loop


@pytest.fixture
def plain(server: LoopbackServer) -> Iterator[sync.LLMClient]:
    with sync.LLMClient(
        base_url=server.openai_base_url, api_key="any", default_model=MODEL, level="ignore", max_retries=0
    ) as client:
        yield client


def test_the_synchronous_map_is_an_iterator(plain: sync.LLMClient) -> None:
    here: list[int] = []

    def asked() -> Iterator[str]:
        for prompt in numbered(12):
            here.append(threading.get_ident())
            yield prompt

    answers = plain.map(asked(), max_concurrent=3, **FRESH)
    assert next(answers).text == "echo: prompt 0"
    assert len(here) == 4
    assert [answer.text for answer in answers] == echoes(12)[1:]
    assert set(here) == {threading.get_ident()}
    assert list(plain.map([])) == []


def test_its_errors_are_values_or_come_in_their_turn(plain: sync.LLMClient, server: LoopbackServer) -> None:
    mixed = plain.map(["prompt 0", "", "prompt 2"], return_errors=True, **FRESH)
    kinds = ["TextResponse", "ValidationError", "TextResponse"]
    assert [type(answer).__name__ for answer in mixed] == kinds
    said: list[str] = []
    asked = ["prompt 0", "", *numbered(30)]
    with pytest.raises(ValidationError) as caught:
        said.extend(answer.text for answer in plain.map(asked, max_concurrent=2, **FRESH))
    assert said == ["echo: prompt 0"]
    assert caught.value.__notes__ == ["request 1 of client.map, counted from 0"]
    assert len(server.requests) < 9

    def broken() -> Iterator[str]:
        yield "prompt 0"
        raise LookupError("no more lines")

    answers = plain.map(broken(), **FRESH)
    assert next(answers).text == "echo: prompt 0"
    with pytest.raises(LookupError):
        next(answers)


def test_leaving_it_ends_what_is_under_way(plain: sync.LLMClient, server: LoopbackServer) -> None:
    server.script(Reply(text="yes"), *[Reply(delay=30)] * 3)
    told: list[MapProgress] = []
    answers = plain.map(numbered(9), max_concurrent=1, progress=told.append, **FRESH)
    assert next(answers).text == "yes"
    answers.close()
    assert [one.done for one in told] == [1]


def test_it_begins_nothing_behind_an_error_and_ends_what_is_under_way() -> None:
    here: list[int] = []
    begun: set[int] = set()
    ended: set[int] = set()
    failed = asyncio.Event()
    all_ended = threading.Event()

    def asked() -> Iterator[int]:
        for number in range(50):
            here.append(number)
            yield number

    async def ask(number: int) -> int:
        begun.add(number)
        try:
            await settled(lambda: 3 in begun)
            if number == 1:
                failed.set()
                raise LookupError("no")
            await (failed.wait() if number == 0 else asyncio.sleep(30))
        except asyncio.CancelledError:
            ended.add(number)
            if len(ended) == 2:
                all_ended.set()
            raise
        return number

    answers = in_order(asked(), ask, lambda _: 4, Tally(None, progress=False))
    assert next(answers) == 0
    assert here == [0, 1, 2, 3]
    with pytest.raises(LookupError):
        next(answers)
    assert all_ended.wait(10)
    assert (here, ended) == ([0, 1, 2, 3], {2, 3})


def test_it_refuses_what_it_cannot_take(plain: sync.LLMClient) -> None:
    async def coming() -> AsyncIterator[str]:
        yield "x"

    for wrong in ("one text", 7, TextRequest(prompt="hi"), coming()):
        asked: Any = wrong
        with pytest.raises(RequestTypeError) as caught:
            plain.map(asked)
    assert "asynchronous smartllm.LLMClient" in caught.value.hint


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_child_of_the_process_that_asks_is_told_so(plain: sync.LLMClient) -> None:
    answers = plain.map(numbered(6), max_concurrent=2, **FRESH)
    next(answers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks among threads
        child = os.fork()
    if child == 0:
        try:
            signal.alarm(20)
            next(answers)
        except SmartLLMError as error:
            os._exit(0 if "was begun in a parent process" in str(error) else 2)
        os._exit(3)
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(answers)) == 5
