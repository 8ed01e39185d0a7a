"""What every caller does, against a whole provider."""

from __future__ import annotations

from places import Place, place, pytest_generate_tests
from pydantic import BaseModel

from smartllm import Message, MessageRequest, TextRequest
from smartllm.testing import Reply

# The fixture, and the hook that makes each test one for every place.
__all__ = ["place", "pytest_generate_tests"]


class Capital(BaseModel):
    country: str
    city: str


async def test_a_question(place: Place) -> None:
    place.will_say(Reply(text="The capital of France is Paris."))
    async with place.client() as client:
        response = await client.generate_text(TextRequest(prompt="What is the capital of France?"))
    assert "Paris" in response.text
    assert response.stop_reason
    assert response.input_tokens > 0
    assert response.output_tokens > 0
    assert response.metadata["prompt"] == "What is the capital of France?"


async def test_a_conversation(place: Place) -> None:
    place.will_say(Reply(text="Your name is Alice."))
    turns = [
        Message(role="user", content="My name is Alice."),
        Message(role="assistant", content="Nice to meet you, Alice!"),
        Message(role="user", content="What's my name?"),
    ]
    async with place.client() as client:
        response = await client.send_message(MessageRequest(messages=turns))
    assert "Alice" in response.text


async def test_structured_output(place: Place) -> None:
    place.will_say(*[Reply(structured={"country": "France", "city": "Paris"})] * 2)
    request = TextRequest(prompt="Capital of France?", response_format=Capital)
    async with place.client() as client:
        response = await client.generate_text(request)
    assert isinstance(response.structured_data, Capital)
    assert response.structured_data.city == "Paris"


async def test_a_stream(place: Place) -> None:
    place.will_say(Reply(text="one two three four five"))
    async with place.client() as client:
        request = TextRequest(prompt="Count from one to five in words.", stream=True)
        chunks = [chunk async for chunk in client.generate_text_stream(request)]
    assert "five" in "".join(chunk.text for chunk in chunks).lower()
    assert chunks[-1].usage is not None
    assert chunks[-1].stop_reason


async def test_reasoning(place: Place) -> None:
    place.will_say(Reply(text="391"))
    request = TextRequest(
        prompt="What is 17 times 23? Only the number.", reasoning_effort="low", max_tokens=4000
    )
    async with place.client() as client:
        response = await client.generate_text(request)
    assert "391" in response.text


async def test_the_cache(place: Place) -> None:
    request = TextRequest(prompt="What is 2+2?", temperature=0)
    async with place.client() as client:
        first = await client.generate_text(request)
        second = await client.generate_text(request)
    assert second.cache_source == "l1"
    assert (second.text, second.timestamp) == (first.text, first.timestamp)
