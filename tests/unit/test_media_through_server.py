"""A picture and a document go to a server that looks at them: from files, from bytes, whole and streamed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pictures import gif, pdf, png
from wires import CONVERSE, INVOKE, RESPONSES, WIRES, Wire, share_service_models

from smartllm import LLMClient, Message, MessageRequest, Tool, ToolCall, ToolResult, UnsupportedError
from smartllm.content import Document, Image
from smartllm.errors import ProviderError
from smartllm.testing import FakeTransport, LoopbackServer, Reply

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)


def told(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    share_service_models(monkeypatch)
    with LoopbackServer(check=True) as server:
        yield server


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A picture and a document, by name."""
    picture, document = tmp_path / "cat.png", tmp_path / "2024_report (final).pdf"
    picture.write_bytes(png(200, 100))
    document.write_bytes(pdf("Report"))
    return str(picture), str(document)


@each_wire
async def test_files_arrive_as_the_very_bytes(
    wire: Wire, checked: LoopbackServer, files: tuple[str, str]
) -> None:
    prompt: Any = ["What are these?", Image(path=files[0]), Document(path=files[1])]
    async with wire.client(checked.url) as client:
        whole = await client.generate_text(wire.request(prompt))
        chunks = [chunk async for chunk in client.generate_text_stream(wire.request(prompt))]
    assert whole.text == "echo: What are these?"
    assert "".join(chunk.text for chunk in chunks) == whole.text
    for recorded in checked.requests:
        picture, document = recorded.media
        assert "image, image/png, 200 x 100 pixels" in picture
        assert told(png(200, 100)) in picture
        assert "document, application/pdf" in document
        assert told(pdf("Report")) in document


@each_wire
async def test_a_failed_attempt_sends_them_again(wire: Wire, checked: LoopbackServer) -> None:
    checked.script(Reply(status=429), Reply(status=503), Reply(text="a cat"))
    request = wire.request(["What is it?", Image(data=png())])
    async with wire.client(checked.url, max_retries=2) as client:
        assert (await client.generate_text(request)).text == "a cat"
    first, second, third = checked.requests
    assert first.media == second.media == third.media
    assert first.body == second.body == third.body


@each_wire
async def test_other_bytes_are_another_question(wire: Wire, checked: LoopbackServer, tmp_path: Path) -> None:
    checked.script(Reply(text="a cat"), Reply(text="a dog"))
    first, second, again = (
        wire.request(["What is it?", Image(data=data)], use_cache=True) for data in (png(), png(65), png())
    )
    async with wire.client(checked.url, cache_dir=str(tmp_path)) as client:
        texts = [(await client.generate_text(one)).text for one in (first, second, again)]
    assert texts == ["a cat", "a dog", "a cat"]
    assert len(checked.requests) == 2


@each_wire
async def test_a_tool_shows_a_picture(wire: Wire, checked: LoopbackServer) -> None:
    turns = [
        Message("user", "Look at it."),
        Message("assistant", [ToolCall("call_1", "look", {})]),
        Message("user", [ToolResult("call_1", ["This:", Image(data=png()), Document(data=pdf(), name="A")])]),
    ]
    request = MessageRequest[Any](
        messages=turns, tools=[Tool("look")], model=wire.model, api_type=wire.api_type, use_cache=False
    )
    async with wire.client(checked.url) as client:
        await client.send_message(request)
    (recorded,) = checked.requests
    assert [line.split(": ")[1].split(",")[0] for line in recorded.media] == ["image", "document"]


@pytest.mark.parametrize(
    ("wire", "part", "says"),
    [
        (INVOKE, Image(data=png(8001, 1)), "8000"),
        (INVOKE, Image(url="https://example.com/a.png"), "url"),
        (CONVERSE, Image(data=png() + bytes(4_000_000)), "3750000|3.75|bytes"),
        (RESPONSES, Image(data=gif(2)), "animat|more than one|moves"),
    ],
)
async def test_what_the_provider_would_refuse_never_leaves(
    wire: Wire, part: Image, says: str, checked: LoopbackServer
) -> None:
    async with wire.client(checked.url) as client:
        with pytest.raises(UnsupportedError, match=says):
            await client.generate_text(wire.request(["What is it?", part]))
    assert checked.requests == []


async def test_what_only_the_caller_can_say_is_refused_by_the_server(checked: LoopbackServer) -> None:
    extra = {
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"}
                ],
            }
        ]
    }
    async with RESPONSES.client(checked.url) as client:
        with pytest.raises(ProviderError, match="unsupported image") as caught:
            await client.generate_text(RESPONSES.request(extra=extra))
    assert caught.value.code == "invalid_image_format"
    assert "AAAA" not in str(caught.value)


async def test_a_transport_without_a_network_tells_the_same() -> None:
    fake = FakeTransport(check=True)
    async with LLMClient(provider="openai", transport=fake) as client:
        await client.generate_text(RESPONSES.request(["What is it?", Image(data=png())]))
    (sent,) = fake.sent
    assert sent.media == (
        f"input[0].content[1]: image, image/png, 64 x 48 pixels, {len(png())} bytes, sha256 {told(png())}",
    )
    assert json.loads(sent.payload) == sent.body
