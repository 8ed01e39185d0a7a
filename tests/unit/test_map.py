"""``client.map``: many requests in order, a bounded number at a time, errors as values on wish."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from typing import Any

import pytest
from mapped import FRESH, Slow, all_of, client_of, echoes, numbered, settled, taken
from pydantic import BaseModel, ValidationError

from smartllm import (
    ConnectionFailedError,
    Image,
    Message,
    MessageRequest,
    RequestTypeError,
    SmartLLMError,
    TextRequest,
)
from smartllm.errors import ConfigError
from smartllm.testing import FakeTransport, Reply


class Person(BaseModel):
    name: str


# Order and room


async def test_a_list_of_answers_in_order() -> None:
    fake = Slow()
    answers = await client_of(fake).map(numbered(20), max_concurrent=4, **FRESH)
    assert [answer.text for answer in answers] == echoes(20)
    assert fake.most == 4


async def test_requests_prompts_and_conversations_may_stand_side_by_side() -> None:
    asked: Any = [
        "a",
        ["b", "c"],
        [Message("user", "d")],
        TextRequest(prompt="e", **FRESH),
        MessageRequest(messages=[Message("user", "f")], **FRESH),
    ]
    answers = await client_of().map(asked)
    assert [answer.text.removeprefix("echo: ")[-1] for answer in answers] == ["a", "c", "d", "e", "f"]


async def test_fields_hold_for_all_and_give_the_answers_their_type() -> None:
    fake = FakeTransport(*[Reply(structured={"name": "Ada"})] * 2)
    answers = await client_of(fake).map(["who", "and who"], response_format=Person, max_tokens=70, **FRESH)
    assert [answer.structured_data.name for answer in answers] == ["Ada", "Ada"]
    assert {sent.body["max_output_tokens"] for sent in fake.sent} == {70}


async def test_nothing_to_ask() -> None:
    assert await client_of().map([]) == []
    assert [answer async for answer in client_of().map(iter(()))] == []


async def test_as_many_at_once_as_the_client_lets_through() -> None:
    fake = Slow()
    await client_of(fake, max_concurrent=3).map(numbered(9), **FRESH)
    assert fake.most == 3
    fake = Slow()
    client = client_of(fake)
    room = client.compile("x").quota.concurrency
    fake.gate.clear()
    asked = asyncio.ensure_future(all_of(client.map(numbered(room + 5), **FRESH)))
    await settled(lambda: fake.begun == room)
    fake.gate.set()
    assert len(await asked) == room + 5


async def test_a_first_request_that_is_wrong_does_not_narrow_the_rest() -> None:
    fake = Slow()
    client = client_of(fake)
    answers = await client.map(["", *numbered(20)], return_errors=True, **FRESH)
    assert isinstance(answers[0], ValidationError)
    assert fake.most == 20


async def test_a_loop_takes_no_more_than_it_has_room_for() -> None:
    """Endless requests: those under way, and the answers that nobody has taken, have a bound together."""
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield f"prompt {taken - 1}"

    fake = Slow()
    said: list[str] = []
    async with aclosing(client_of(fake).map(endless(), max_concurrent=5, **FRESH)) as answers:
        async for answer in answers:
            said.append(answer.text)
            for _ in range(20):
                await asyncio.sleep(0)
            assert taken <= len(said) + 5
            if len(said) == 30:
                break
    assert said == echoes(30)
    assert fake.most <= 5
    assert fake.under_way == 0


async def test_a_slow_one_holds_up_the_answers_but_not_the_order() -> None:
    fake = Slow()
    fake.gate.clear()
    answers = client_of(fake).map(numbered(6), max_concurrent=3, **FRESH)
    first = asyncio.ensure_future(anext(aiter(answers)))
    await settled(lambda: fake.begun == 3)
    for _ in range(20):
        await asyncio.sleep(0)
    assert fake.begun == 3
    fake.gate.set()
    assert (await first).text == "echo: prompt 0"


async def test_requests_may_come_one_after_another() -> None:
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    async def coming() -> AsyncIterator[str]:
        while (prompt := await queue.get()) is not None:
            yield prompt

    answers = aiter(client_of().map(coming(), max_concurrent=2, **FRESH))
    for number in range(3):  # an answer does not wait for the next request
        queue.put_nowait(f"prompt {number}")
        assert (await anext(answers)).text == f"echo: prompt {number}"
    queue.put_nowait(None)
    with pytest.raises(StopAsyncIteration):
        await anext(answers)


async def test_an_async_source_is_a_list_too() -> None:
    async def coming() -> AsyncIterator[str]:
        for prompt in numbered(7):
            await asyncio.sleep(0)
            yield prompt

    answers = await client_of().map(coming(), max_concurrent=2, **FRESH)
    assert [answer.text for answer in answers] == echoes(7)


# Errors


async def test_errors_are_values_on_wish() -> None:
    fake = Slow("prompt 1")
    asked: Any = [*numbered(3), "", None, float("nan"), "prompt 3"]
    answers = await client_of(fake).map(asked, return_errors=True, **FRESH)
    kinds = [type(answer).__name__ for answer in answers]
    wrong = ["ValidationError", "RequestTypeError", "RequestTypeError"]
    assert kinds == ["TextResponse", "ConnectionFailedError", "TextResponse", *wrong, "TextResponse"]


async def test_the_first_error_ends_a_list_at_once() -> None:
    fake = Slow("prompt 3")
    fake.gate.clear()
    with pytest.raises(ConnectionFailedError) as caught:
        await client_of(fake).map(numbered(50), max_concurrent=5, **FRESH)
    assert caught.value.__notes__ == ["request 3 of client.map, counted from 0"]
    assert (fake.begun, fake.cancelled, fake.under_way) == (5, 4, 0)


async def test_an_error_comes_in_its_turn_to_a_loop() -> None:
    """What stands before it is answered, nothing more is begun behind it."""
    fake = Slow("prompt 3")
    fake.gate.clear()
    said: list[str] = []
    asked = iter(numbered(50))
    loop = asyncio.ensure_future(taken(client_of(fake).map(asked, max_concurrent=5, **FRESH), said))
    await settled(lambda: (fake.begun, fake.under_way) == (5, 4))
    fake.gate.set()
    with pytest.raises(ConnectionFailedError) as caught:
        await loop
    assert said == echoes(3)
    assert caught.value.__notes__ == ["request 3 of client.map, counted from 0"]
    assert (fake.begun, fake.under_way, next(asked)) == (5, 0, "prompt 5")


@pytest.mark.parametrize("later", [False, True], ids=["iterable", "async"])
async def test_what_the_requests_raise_comes_behind_the_answers_before_it(*, later: bool) -> None:
    def broken() -> Iterator[str]:
        yield from numbered(2)
        raise LookupError("no more lines")

    async def broken_later() -> AsyncIterator[str]:
        for prompt in broken():
            yield prompt

    def asked() -> Any:
        return broken_later() if later else broken()

    said: list[str] = []
    with pytest.raises(LookupError):
        await taken(client_of().map(asked(), **FRESH), said)
    assert said == echoes(2)
    with pytest.raises(LookupError):
        await client_of().map(asked(), return_errors=True, **FRESH)


@pytest.mark.parametrize(
    "asked",
    [
        *("one text", b"bytes", bytearray(b"bytes"), {"prompt": "x"}, 7, None, TextRequest(prompt="hi")),
        *(MessageRequest(messages=[Message("user", "hi")]), Message("user", "hi")),
    ],
    ids=lambda asked: type(asked).__name__,
)
def test_what_is_no_list_is_refused(asked: Any) -> None:
    with pytest.raises(RequestTypeError, match=r"^client\.map takes a list of requests or prompts, not "):
        client_of().map(asked)


@pytest.mark.parametrize(
    ("one", "hint"),
    [
        (7, 'client.map(["Who was Ada Lovelace?", "Who was Alan Turing?"])'),
        (None, 'client.map(["Who was Ada Lovelace?", "Who was Alan Turing?"])'),
        (Message("user", "hi"), "client.map([[message]])"),
        ({"role": "user", "content": "hi"}, "client.map([[message]])"),
        (Image(url="https://a.b/c.png"), 'parts stand in a list: client.map([["What is this?", part]])'),
    ],
    ids=["number", "nothing", "message", "dict", "part"],
)
async def test_what_is_no_request_is_refused_as_one_of_the_list(one: Any, hint: str) -> None:
    with pytest.raises(
        RequestTypeError, match=r"^client\.map takes a list, of which each is .*, not "
    ) as caught:
        await client_of().map([one])
    assert caught.value.hint == hint


def test_what_cannot_be_used_is_told_before_anything_is_asked() -> None:
    client = client_of()
    fields: Any = {"temprature": 1}
    with pytest.raises(ValidationError, match="did you mean temperature"):
        client.map(["x"], **fields)
    for most in (0, True, 2.5, "4"):
        wrong: Any = most
        with pytest.raises(ConfigError, match="max_concurrent="):
            client.map(["x"], max_concurrent=wrong)
    silly: Any = "yes"
    with pytest.raises(ConfigError, match="progress="):
        client.map(["x"], progress=silly)
    for typed, meant in (("concurrency", "max_concurrent"), ("return_exceptions", "return_errors")):
        habit: Any = {typed: 4}
        with pytest.raises(RequestTypeError, match=f"has no {typed}=; did you mean {meant}="):
            client.map(["x"], **habit)
    twice: Any = {"prompt": "x"}
    with pytest.raises(RequestTypeError, match="takes prompts in its list, not as prompt="):
        client.map(["x"], **twice)


async def test_a_request_holds_its_own_fields() -> None:
    with pytest.raises(RequestTypeError, match=r"client\.map was given both a TextRequest and fields"):
        await client_of().map([TextRequest(prompt="x")], max_tokens=5)


async def test_a_closed_client_maps_nothing() -> None:
    client = client_of()
    await client.aclose()
    with pytest.raises(ConfigError, match="closed"):
        client.map(["x"])


async def test_answers_are_taken_once() -> None:
    answers = client_of().map(["x"], **FRESH)
    await answers
    with pytest.raises(SmartLLMError, match="taken already"):
        await answers
    with pytest.raises(SmartLLMError, match="taken already"):
        aiter(answers)
    await answers.aclose()
    await client_of().map(["x"]).aclose()
