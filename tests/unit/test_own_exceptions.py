"""Exceptions of the caller's own validators: theirs as they are, with what was paid for."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import AfterValidator
from structured_asks import ADA, WAYS, ask
from wires import CHAT, Wire, each_wire

from smartllm.testing import Reply

KEY = "sk-canary-Ada-0123456789"


class UnknownError(Exception):
    """Of the caller's own."""


class ClosedError(Exception):
    """One that takes no attribute, and so no note."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name in {"smartllm_response", "__notes__"}:
            raise AttributeError(name)
        super().__setattr__(name, value)


def raising(error: Exception) -> Any:
    """A type that takes no value at all."""

    def refuse(value: Any) -> Any:
        raise error

    return Annotated[dict[str, Any], AfterValidator(refuse)]


async def own(wire: Wire, error: Exception, **how: Any) -> Any:
    """What a caller catches whose validator raises an error."""
    with pytest.raises(type(error)) as caught:
        await ask(wire, Reply(structured={**ADA, "key": KEY}), **{"response_format": raising(error), **how})
    return caught.value


@WAYS
@each_wire
async def test_it_keeps_what_was_paid_for(wire: Wire, streamed: bool) -> None:
    found = await own(wire, UnknownError("mine"), streamed=streamed)
    response = found.smartllm_response
    assert response.output_tokens > 0
    assert response.structured_data is None
    (note,) = found.__notes__
    assert response.request_id in note
    assert f"{response.output_tokens} output tokens" in note


async def test_one_that_takes_nothing_goes_as_it_is() -> None:
    error = ClosedError("mine")
    assert await own(CHAT, error) is error


async def test_a_note_is_told_once() -> None:
    found = await own(CHAT, UnknownError("mine"), use_cache=True, temperature=0)
    assert len(found.__notes__) == 1


async def test_events_and_spans_count_it(spans: InMemorySpanExporter) -> None:
    seen: list[dict[str, Any]] = []
    found = await own(CHAT, KeyError("mine"), on_progress=seen.append)
    tokens = found.smartllm_response.output_tokens
    assert (seen[-1]["event"], seen[-1]["output_tokens"]) == ("error", tokens)
    (span,) = spans.get_finished_spans()
    told = dict(span.attributes or {})
    assert (told["error.type"], told["gen_ai.usage.output_tokens"]) == ("KeyError", tokens)


async def test_a_secret_that_the_answer_repeats_is_not_told() -> None:
    found = await own(CHAT, UnknownError("mine"), settings={"api_key": KEY})
    assert "[secret]" in repr(found.smartllm_response.raws)
    assert KEY not in repr(vars(found)) + repr(found.smartllm_response.raws)
