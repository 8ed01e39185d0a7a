"""Large structured answers are read beside the event loop, one after the other, and give the same."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import threading
import time
from contextvars import ContextVar
from typing import Any

import pytest
from loop_time import loop_clock
from pydantic import BaseModel, ValidationError, field_validator
from wires import RESPONSES, each_wire
from wires import Wire as Way

from smartllm import TextRequest
from smartllm import compile as compiled
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.response import TextResponse, Usage
from smartllm.runtime.answer import Fetched
from smartllm.runtime.structure import apart
from smartllm.runtime.structure.apart import is_over, response_apart
from smartllm.testing import LoopbackServer, Reply
from smartllm.text_parts import Text

LARGE = "x" * 70_000
SEEN: list[tuple[bool, str]] = []
CALLER: ContextVar[str] = ContextVar("caller", default="nobody")
LOOP_RAN, BESIDE = threading.Event(), threading.Event()
READING: list[int] = []


@pytest.fixture(autouse=True)
def nothing_seen() -> None:
    for known in (SEEN, READING):
        known.clear()
    for event in (LOOP_RAN, BESIDE):
        event.clear()


class Noted(BaseModel):
    """Tells where and for whom it was read; texts that begin with a no are refused."""

    text: str

    @field_validator("text")
    @classmethod
    def seen(cls, text: str) -> str:
        SEEN.append((threading.current_thread() is threading.main_thread(), CALLER.get()))
        assert not text.startswith("no")
        return text


class Waiting(BaseModel):
    """Is read only while the event loop runs."""

    text: str

    @field_validator("text")
    @classmethod
    def waited(cls, text: str) -> str:
        assert LOOP_RAN.wait(5)
        return text


class Counted(BaseModel):
    """Counts how many are read at once."""

    text: str

    @field_validator("text")
    @classmethod
    def counted(cls, text: str) -> str:
        READING.append(READING[-1] + 1 if READING else 1)
        time.sleep(0.01)
        READING.append(READING[-1] - 1)
        return text


class Nested(BaseModel):
    """Is read only once another answer is read."""

    text: str

    @field_validator("text")
    @classmethod
    def waited(cls, text: str) -> str:
        if text.startswith("first"):
            assert BESIDE.wait(5)
        BESIDE.set()
        return text


def answered(shape: Any, text: str) -> Any:
    """What comes of an answer."""
    request = TextRequest(prompt="x", model="gpt-5.4", response_format=shape)
    answer = Decoded((Text(json.dumps({"text": text})),), "completed", Usage(), "stop")
    fetched = Fetched([answer], dt.datetime.now(dt.UTC), 1.0)
    return response_apart(fetched, request, compiled(request, model="gpt-5.4", level="ignore"))


async def data(shape: Any, text: str) -> Any:
    response: TextResponse[Any] = await answered(shape, text)
    return response.structured_data


@each_wire
@pytest.mark.parametrize(("text", "in_loop"), [("x" * 9_000, True), (LARGE, False)], ids=["small", "large"])
async def test_only_large_answers_are_read_in_a_thread_with_the_caller_s_context(
    wire: Way, server: LoopbackServer, text: str, *, in_loop: bool
) -> None:
    CALLER.set("me")
    server.script(Reply(structured={"text": text}))
    async with wire.client(server.url) as client:
        response = await client.generate_text(wire.request("Who?", response_format=Noted))
    assert response.structured_data.text == text
    assert set(SEEN) == {(in_loop, "me")}


@pytest.mark.parametrize("cached", [False, True])
async def test_so_are_streams_and_what_the_cache_holds(server: LoopbackServer, *, cached: bool) -> None:
    server.script(Reply(structured={"text": LARGE}), Reply(structured={"text": LARGE}))
    async with RESPONSES.client(server.url) as client:
        request = RESPONSES.request("Who?", response_format=Noted, use_cache=cached)
        if cached:
            first, second = [await client.generate_text(request) for _ in range(2)]
            assert (first.cache_source, second.cache_source) == ("miss", "l1")
            assert first.structured_data == second.structured_data
        else:
            last = [chunk async for chunk in client.generate_text_stream(request)][-1]
            assert last.structured_data == Noted.model_construct(text=LARGE)
    assert not any(in_loop for in_loop, _ in SEEN)


async def test_the_loop_runs_meanwhile() -> None:
    asyncio.get_running_loop().call_later(0.01, LOOP_RAN.set)
    assert (await data(Waiting, LARGE)).text == LARGE


async def test_answers_to_schemas_are_large_sooner() -> None:
    items = {"type": "array", "items": {"type": "object", "properties": {"a": {"type": "integer"}}}}
    schema = {"type": "object", "properties": {"text": items}, "required": ["text"]}
    given: Any = [{"a": number} for number in range(3000)]
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.create_task(tick())
    assert (await data(schema, given)) == {"text": given}
    ticking.cancel()
    assert ticks > 3


async def test_what_does_not_fit_is_the_same_error() -> None:
    for text in ("no", "no" + LARGE):
        with pytest.raises(ValidationError, match="Assertion failed"):
            await data(Noted, text)
    assert {in_loop for in_loop, _ in SEEN} == {True, False}


async def test_they_are_read_one_after_the_other() -> None:
    found = await asyncio.gather(*(data(Counted, LARGE) for _ in range(5)))
    assert len(found) == 5
    assert max(READING) == 1


async def test_one_that_waits_for_another_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_LONGEST_WAIT", 0.02)
    first, second = await asyncio.gather(data(Nested, "first" + LARGE), data(Nested, LARGE))
    assert (first.text, second.text) == ("first" + LARGE, LARGE)
    monkeypatch.undo()
    await asyncio.gather(*(data(Counted, LARGE) for _ in range(3)))
    assert max(READING) == 1, "a turn that nobody held is not given back"


async def test_a_turn_is_given_back_whatever_happens() -> None:
    for _ in range(2):
        LOOP_RAN.clear()
        with pytest.raises(ValidationError):
            await data(Noted, "no" + LARGE)
        task = asyncio.create_task(data(Waiting, LARGE))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        LOOP_RAN.set()
    async with loop_clock() as took:
        assert (await data(Noted, LARGE)).text == LARGE
        assert took() < 0.9


@pytest.mark.parametrize(
    "value",
    [
        "x" * 100,
        {"x" * 100: 1},
        ["x" * 50, {"a": "x" * 50}],
        list(range(100)),
        {str(n): n for n in range(60)},
        [[[]] * 20],
    ],
)
def test_the_size_of_data(value: Any) -> None:
    assert is_over(99, value)
    assert not is_over(1000, value)
    assert not is_over(1000, {"x": [1, None, True, "a", {}]})
