"""Callers that joined: one call, an answer of its own for each, read by its own class."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, field_validator
from wires import CLAUDE

from smartllm import LLMClient, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.cache.levels import ResponseCache
from smartllm.runtime.cache.local import LocalStore
from smartllm.runtime.transport import WireRequest, WireResponse
from smartllm.testing import FakeTransport, Reply

# Nothing in it is read in another way than it was said, so nothing is copied by being read.
LISTED = {"type": "object", "properties": {"a": {"type": "array", "items": {}}}, "required": ["a"]}


class Slow(FakeTransport):
    """A provider that takes its time, so that others can join."""

    async def send(self, request: WireRequest) -> WireResponse:
        await asyncio.sleep(0.1)
        return await super().send(request)


def classes() -> list[type[BaseModel]]:
    """Two of one schema; the first refuses what the second takes."""

    class Person(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def _refuse(cls, value: str) -> str:
            raise ValueError(f"not {value}")

    first = Person

    class Person(BaseModel):  # type: ignore[no-redef]
        name: str

    return [first, Person]


@pytest.mark.parametrize(
    "same",
    [
        False,
        True,
    ],
)
async def test_what_one_does_to_its_answer_is_not_seen_by_the_others(same: bool) -> None:
    request = TextRequest(prompt="hi", model=CLAUDE, response_format=LISTED)
    fake = Slow(Reply(structured={"a": [1]}))
    async with LLMClient(provider="bedrock", transport=fake) as client:

        async def ask(asked: TextRequest[Any]) -> TextResponse[Any]:
            response = await client.generate_text(asked)
            response.structured_data["a"].append(99)
            response.metadata["mine"] = True
            return response

        answers = await asyncio.gather(*(ask(request if same else request.model_copy()) for _ in range(5)))
    assert len(fake.sent) == 1
    assert [answer.structured_data for answer in answers] == [{"a": [1, 99]}] * 5
    assert len({id(answer) for answer in answers}) == 5


@pytest.mark.parametrize("order", [1, -1])
async def test_each_is_read_by_its_own_class(order: int) -> None:
    requests = [TextRequest(prompt="hi", model=CLAUDE, response_format=kind) for kind in classes()]
    fake = Slow(Reply(structured={"name": "Ann"}))
    async with LLMClient(provider="bedrock", transport=fake) as client:
        calls = [client.generate_text(request) for request in requests[::order]]
        refused, taken = (await asyncio.gather(*calls, return_exceptions=True))[::order]
    assert len(fake.sent) == 1
    assert isinstance(refused, ValidationError)
    assert isinstance(taken, TextResponse)
    assert type(taken.structured_data) is requests[1].response_format


class SlowStore(LocalStore):
    """A second level that takes longer than callers lie apart."""

    async def get(self, key: str) -> dict[str, Any] | None:
        await asyncio.sleep(0.1)
        return await super().get(key)

    async def aclose(self) -> None:
        """Nothing is open."""


async def test_the_second_level_is_looked_up_by_one_for_all(tmp_path: Path) -> None:
    fake = Slow()
    async with LLMClient(provider="openai", transport=fake) as client:
        client._cache = ResponseCache(LocalStore(tmp_path / "one"), SlowStore(tmp_path / "two"))

        async def ask(after: float) -> TextResponse[Any]:
            await asyncio.sleep(after)
            return await client.generate_text(TextRequest(prompt="hi", model="gpt-4.1"))

        answers = await asyncio.gather(*(ask(step * 0.05) for step in range(7)))
    assert len(fake.sent) == 1
    assert {answer.text for answer in answers} == {"echo: hi"}
