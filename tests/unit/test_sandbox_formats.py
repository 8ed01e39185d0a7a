"""Compiler and sandbox agree on the form of answers: what the one sends, the other does not refuse."""

from __future__ import annotations

from typing import Any

import pytest
from gallery import GALLERY

import smartllm
from smartllm import TextRequest
from smartllm.errors import UnsupportedError
from smartllm.testing.check import refusal

TARGETS: list[tuple[str, dict[str, Any]]] = [
    ("gpt-5.4", {}),
    ("gpt-5.4", {"api_type": "chat_completions"}),
    ("gpt-4.1", {"structured_output": "tool"}),
    ("us.anthropic.claude-sonnet-4-6", {"structured_output": "native"}),
    ("us.anthropic.claude-sonnet-4-6", {"api_type": "converse"}),
    ("us.amazon.nova-pro-v1:0", {}),
    ("qwen3-32b", {}),
]
JSON_MODE = {"type": "json_object"}


@pytest.mark.parametrize(("model", "fields"), TARGETS, ids=lambda given: str(given)[:60])
def test_whatever_is_compiled_is_taken(model: str, fields: dict[str, Any]) -> None:
    taken = 0
    formats: list[Any] = [JSON_MODE, *(case.model for case in GALLERY.values())]
    for given in formats:
        request = TextRequest(prompt="hi", response_format=given, **fields)
        try:
            plan = smartllm.compile(request, model=model, level="ignore")
        except UnsupportedError:
            continue
        for step in plan.steps:
            assert refusal(step.body, model, step.dialect, host=step.host) is None
        taken += 1
    assert taken > 30


@pytest.mark.parametrize(("role", "taken"), [("user", True), ("system", True), ("assistant", False)])
def test_json_mode_wants_its_word_from_the_caller(role: str, taken: bool) -> None:
    messages = [{"role": "user", "content": "hi"}, {"role": role, "content": "as Json"}]
    body = {
        "model": "gpt-5.4",
        "messages": [*messages, {"role": "user", "content": "go on"}],
        "response_format": JSON_MODE,
    }
    assert (refusal(body, "gpt-5.4", "openai_chat") is None) is taken


@pytest.mark.parametrize("strict", [True, False])
def test_a_schema_is_judged_where_it_binds(strict: bool) -> None:
    form = {"type": "json_schema", "name": "a", "schema": {"type": "object"}, "strict": strict}
    body = {"model": "gpt-5.4", "input": "hi", "text": {"format": form}}
    assert (refusal(body, "gpt-5.4", "openai_responses") is None) is not strict
