"""Requests refuse unusable values when they are made, and say what is allowed."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import BaseModel

from smartllm import Message, MessageRequest, TextRequest
from smartllm.words import EFFORTS, Effort


class Person(BaseModel):
    name: str


def test_documented_defaults() -> None:
    request = TextRequest(prompt="hi")
    shared = {
        "model": None,
        "temperature": 0,
        "max_tokens": 2048,
        "top_p": None,
        "top_k": None,
        "system_prompt": None,
        "stream": False,
        "response_format": None,
        "use_cache": True,
        "clear_cache": False,
        "api_type": "responses",
        "reasoning_effort": None,
        "budget_tokens": None,
        "on_progress": None,
    }
    assert {name: getattr(request, name) for name in shared} == shared
    turns = MessageRequest(messages=[Message(role="user", content="hi")])
    assert {name: getattr(turns, name) for name in shared} == shared


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"prompt": ""}, ["prompt", "at least 1 character"]),
        ({"prompt": " \n"}, ["prompt", "more than white space"]),
        ({"max_tokens": -1}, ["max_tokens", "-1", "greater than or equal to 1"]),
        ({"max_tokens": 0}, ["max_tokens", "0"]),
        ({"max_tokens": True}, ["max_tokens", "True", "expected a number"]),
        ({"max_tokens": 1.5}, ["max_tokens", "1.5"]),
        ({"temperature": -0.1}, ["temperature", "-0.1", "greater than or equal to 0"]),
        ({"temperature": 2.5}, ["temperature", "2.5", "less than or equal to 2"]),
        ({"temperature": math.nan}, ["temperature", "nan"]),
        ({"top_p": 1.1}, ["top_p", "1.1", "less than or equal to 1"]),
        ({"top_k": 0}, ["top_k", "greater than or equal to 1"]),
        ({"budget_tokens": 0}, ["budget_tokens", "greater than or equal to 1"]),
        ({"reasoning_effort": "huge"}, ["reasoning_effort", "'huge'", *EFFORTS]),
        ({"api_type": "soap"}, ["api_type", "'soap'", "responses", "chat_completions"]),
        ({"response_format": "Person"}, ["response_format", "give the class itself, not its name"]),
        ({"prompts": "typo"}, ["prompts", "did you mean prompt?"]),
        ({"model": ""}, ["model"]),
        ({"prompt": "\ud800"}, ["prompt"]),
    ],
)
def test_unusable_values(fields: dict[str, Any], says: list[str]) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the texts below are the match
        TextRequest(**({"prompt": "hi"} | fields))
    for text in says:
        assert text in str(caught.value)


def test_unusable_messages() -> None:
    with pytest.raises(ValueError, match=r"(?s)role.*of the user or of the assistant.*'robot'"):
        Message(role="robot", content="hi")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"(?s)messages.*at least 1 item"):
        MessageRequest(messages=[])
    with pytest.raises(ValueError, match=r"(?s)content.*at least 1 character"):
        Message(role="user", content="")
    with pytest.raises(ValueError, match=r"(?s)content.*required"):
        Message("user")  # type: ignore[call-arg]


def test_values_are_checked_when_they_are_changed() -> None:
    request = TextRequest(prompt="hi")
    request.max_tokens = 10
    assert "max_tokens" in request.model_fields_set
    with pytest.raises(ValueError, match="max_tokens"):
        request.max_tokens = 0


def test_a_request_keeps_its_schema_class() -> None:
    assert TextRequest(prompt="hi", response_format=Person).response_format is Person
    assert TextRequest(prompt="hi", response_format={"type": "object"}).response_format == {"type": "object"}


@pytest.mark.parametrize("effort", EFFORTS)
def test_every_effort_is_accepted(effort: Effort) -> None:
    assert TextRequest(prompt="hi", reasoning_effort=effort).reasoning_effort == effort
