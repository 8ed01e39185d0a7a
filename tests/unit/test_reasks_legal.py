"""Each try is legal on its wire, for every model and way of binding: the sandbox refuses what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from conversation import Place, places
from model_ids import called
from pydantic import BaseModel

from smartllm import LLMClient, TextRequest
from smartllm.compiler.dialects import FIELDS
from smartllm.errors import CompileError
from smartllm.testing import FakeTransport, Reply
from smartllm.words import StructuredOutput


class Person(BaseModel):
    name: str
    age: int


APIS = {
    "openai_responses": "responses",
    "openai_chat": "chat_completions",
    "anthropic_messages": "invoke",
    "bedrock_converse": "converse",
}
WRONG, RIGHT = {"name": "Ann", "age": "old"}, {"name": "Ann", "age": 3}
ANSWERS = {
    "fits not": Reply(structured=WRONG, thinking="hm"),
    "in words": Reply(text="She is Ann.", thinking="hm"),
    "twice": Reply(
        tool_calls=[{"name": "Person", "arguments": one} for one in (WRONG, RIGHT)], thinking="hm"
    ),
    "broken": Reply(tool_calls=[{"name": "Person", "arguments": '{"name": '}], thinking="hm"),
}
WISHES: list[dict[str, Any]] = [
    {},
    {"reasoning_effort": "high", "max_tokens": 8000},
    {"budget_tokens": 2000, "max_tokens": 8000},
    {"system_prompt": "Be brief.", "prompt_cache": "5m"},
]
# One model of each kind of facts that decide: who takes calls back, with which ids, errors, texts, reasoning.
FEW = (
    "gpt-5.4",
    "gpt-4o",
    "claude-haiku-4-5",
    "claude-opus-5-5",
    "claude-3-haiku",
    "nova-pro",
    "nova-2-lite",
    "llama3-3-70b-instruct",
    "mistral-large-2402",
    "kimi-k2.5",
)


def requests(place: Place, wishes: list[dict[str, Any]]) -> Iterator[TextRequest[Any]]:
    """Requests for a place, in all ways of binding."""
    for way in get_args(StructuredOutput):
        for wish in wishes:
            given = {
                "model": called(place.model, place.host),
                "api_type": APIS[place.dialect],
                "structured_output": way,
                **wish,
            }
            yield TextRequest(prompt="Who?", response_format=Person, reasks=2, use_cache=False, **given)


async def tried(place: Place, answers: dict[str, Reply], wishes: list[dict[str, Any]]) -> int:
    """Have every kind of wrong answer asked for again twice; how often that was."""
    count = 0
    fake = FakeTransport(check=True)
    host: Any = place.host
    async with LLMClient(provider=host, transport=fake, level="ignore", max_retries=0) as client:
        for request in requests(place, wishes):
            try:
                steps = client.compile(request).steps
            except CompileError:
                continue
            offered = steps[0].output is not None and len(steps) > 1
            for answer in answers.values():
                for made in {len(steps), 1} if offered and answer.text is None else {len(steps)}:
                    first = [Reply(text="Ann, 3.", thinking="hm")] * (made - 1)
                    fake._replies.extend([*first, answer, answer, Reply(structured=RIGHT, thinking="so")])
                    fake.sent.clear()
                    response = await client.generate_text(request)
                    assert response.structured_data == Person(name="Ann", age=3)
                    assert len(fake.sent) == made + 2
                    bodies = [sent.body for sent in fake.sent[made - 1 :]]
                    check_prefixes(bodies, FIELDS[place.dialect].turns)
                    count += 1
    return count


def check_prefixes(bodies: list[dict[str, Any]], key: str) -> None:
    """Each body says what the one before says, and more turns."""
    before, *after = bodies
    for body in after:
        assert {**body, key: before[key]} == before
        assert json.dumps(body[key]).startswith(json.dumps(before[key])[:-1])
        before = body


EVERY = list(places())


@pytest.mark.parametrize("place", [place for place in EVERY if place.model in FEW], ids=str)
async def test_with_some_models(place: Place) -> None:
    assert await tried(place, {name: ANSWERS[name] for name in ("fits not", "in words")}, WISHES[:2]) > 0


@pytest.mark.slow
async def test_with_all_models() -> None:
    counts = [await tried(place, ANSWERS, WISHES) for place in EVERY]
    assert sum(counts) > 10_000
