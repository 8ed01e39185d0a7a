"""Bytes are on the wire alone: what is kept, logged, traced and shown tells their number."""

from __future__ import annotations

import base64
import logging
import os
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from wires import RESPONSES, Wire, each_wire

from smartllm import Message, MessageRequest
from smartllm.content import Image
from smartllm.errors import ProviderError
from smartllm.testing import LoopbackServer, Reply

PNG = b"\x89PNG\r\n\x1a\n" + os.urandom(100_000)

CONTENTS = (base64.b64encode(PNG[:3000]).decode()[:60], base64.b64encode(PNG[:3000]).decode()[2000:2040])


def repeats(said: object) -> bool:
    """Whether something that is shown holds the picture, or much of it."""
    text = said if isinstance(said, str) else repr(said)
    return any(part in text for part in CONTENTS) or repr(PNG[8:40])[2:-1] in text or len(text) > 20_000


@each_wire
async def test_nothing_but_the_wire_holds_the_bytes(
    wire: Wire,
    server: LoopbackServer,
    clean_environment: Path,
    caplog: pytest.LogCaptureFixture,
    spans: InMemorySpanExporter,
) -> None:
    caplog.set_level(logging.DEBUG)
    file = clean_environment / "cat.png"
    file.write_bytes(PNG)
    events: list[dict[str, Any]] = []
    request = wire.request(
        prompt=["What?", Image(path=file), Image(data=PNG)], use_cache=True, on_progress=events.append
    )
    echo = f"no: {base64.b64encode(PNG).decode()}"
    server.script(Reply(status=503, error_message=echo), Reply(text="A cat."))
    settings = {"max_retries": 1, "trace_content": True, "cache_dir": clean_environment / "cache"}
    async with wire.client(server.url, **settings) as client:
        response = await client.generate_text(request)
    assert [len(one.body) for one in server.requests] == [len(client.compile(request).steps[0].payload)] * 2
    assert server.requests[1].body.count(base64.b64encode(PNG)) == 2
    entries = [path.read_text() for path in (clean_environment / "cache").rglob("*.json")]
    assert len(entries) == 1
    assert [event["event"] for event in events] == ["llm_started", "retry", "llm_done"]
    told = [part for part in events[0]["prompt"] if isinstance(part, dict)]
    assert told == [{"type": "image", "path": str(file)}, {"type": "image", "data": f"{len(PNG)} bytes"}]
    assert response.metadata["prompt"] == events[0]["prompt"]
    assert "characters of base64>" in events[1]["error_message"]
    shown = [*entries, events, response.metadata, repr(request), repr(response), caplog.text]
    shown += [dict(span.attributes or {}) for span in spans.get_finished_spans()]
    assert not [one for one in shown if repeats(one)]


async def test_a_conversation_tells_of_bytes_by_their_number(server: LoopbackServer) -> None:
    events: list[dict[str, Any]] = []
    messages = [Message("user", ["What?", Image(data=PNG)])]
    async with RESPONSES.client(server.url) as client:
        response = await client.send_message(
            MessageRequest(messages=messages, model=RESPONSES.model, on_progress=events.append)
        )
    content = ["What?", {"type": "image", "data": f"{len(PNG)} bytes"}]
    assert events[0]["prompt"] == response.metadata["messages"] == [{"role": "user", "content": content}]


@each_wire
async def test_equal_bytes_are_one_entry_of_the_cache(
    wire: Wire, server: LoopbackServer, clean_environment: Path
) -> None:
    for name in ("one.png", "two.png"):
        (clean_environment / name).write_bytes(PNG)
    (clean_environment / "other.png").write_bytes(PNG + b"\0")
    async with wire.client(server.url) as client:
        sources = []
        for part in (
            Image(path=clean_environment / "one.png"),
            Image(path=clean_environment / "two.png"),
            Image(data=PNG),
            Image(path=clean_environment / "other.png"),
        ):
            asked = wire.request(prompt=["What?", part], use_cache=True)
            sources.append((await client.generate_text(asked)).cache_source)
    assert sources == ["miss", "l1", "l1", "miss"]
    assert len(server.requests) == 2


@each_wire
async def test_errors_repeat_no_bytes_whatever_the_provider_says(wire: Wire, server: LoopbackServer) -> None:
    text = base64.b64encode(PNG).decode()
    bodies: list[dict[str, Any]] = [
        {"error_message": f"messages.0: invalid image data:image/png;base64,{text}"},
        {"error_body": {"error": {"message": "bad", "param": text, "metadata": {"image": text}}}},
        {"error_body": {"message": "bad", "request": {"image": text}}},
        {"raw": f"<html>{text}".encode(), "content_type": "text/html"},
    ]
    async with wire.client(server.url) as client:
        for body in bodies:
            server.script(Reply(status=400, **body))
            with pytest.raises(ProviderError) as caught:
                await client.generate_text(wire.request(prompt=["What?", Image(data=PNG)]))
            assert not repeats(str(caught.value))
            assert text[:120] not in str(caught.value) + repr(vars(caught.value))
            assert caught.value.status == 400
