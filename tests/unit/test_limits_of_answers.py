"""How large an answer may be: ten megabytes arrive, a compressed bomb does not."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from wires import CHAT, RESPONSES, Wire, each_transport

from smartllm.errors import ProviderError, ResponseError, StreamError
from smartllm.testing import LoopbackServer, Reply

LARGE = ("0123456789abcdeé" * 65_536)[:1_048_576] * 10
each_openai_wire = pytest.mark.parametrize(
    "wire", [RESPONSES, pytest.param(CHAT, marks=pytest.mark.slow)], ids=lambda wire: wire.api_type
)


async def text_of(client: Any, request: Any, streamed: bool) -> str:
    if streamed:
        return await text_of_stream(client, request)
    return str((await client.generate_text(request)).text)


async def text_of_stream(client: Any, request: Any) -> str:
    return "".join([chunk.text async for chunk in client.generate_text_stream(request)])


@each_transport
async def test_ten_megabytes_arrive(wire: Wire) -> None:
    with LoopbackServer() as server:
        step = len(LARGE) // 1000 + 1
        chunks = [LARGE[at : at + step] for at in range(0, len(LARGE), step)]
        server.script(Reply(text=LARGE), Reply(text=LARGE, chunks=chunks), Reply(text=LARGE, chunks=[LARGE]))
        async with wire.client(server.url) as client:
            assert (await client.generate_text(wire.request())).text == LARGE
            assert await text_of_stream(client, wire.request()) == LARGE
            if wire.provider == "openai":  # AWS frames hold 16 MB, base64 and all
                assert await text_of_stream(client, wire.request()) == LARGE


@each_openai_wire
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_a_compressed_bomb_stops_at_the_limit(wire: Wire, streamed: bool) -> None:
    kind = "text/event-stream" if streamed else "application/json"
    bomb = gzip.compress((b'data: {"' if streamed else b'{"') + b" " * 128_000_000 + b'": 1}\n\n')
    assert len(bomb) < 130_000
    with LoopbackServer() as server:
        server.script(*[Reply(raw=bomb, content_type=kind, headers={"Content-Encoding": "gzip"})] * 2)
        async with wire.client(server.url, max_retries=1) as client:
            with pytest.raises(ResponseError, match="larger than 64 MB") as caught:
                await text_of(client, wire.request(), streamed)
        assert not caught.value.retryable
        assert len(server.requests) == 1


@each_openai_wire
async def test_compressed_answers_are_read(wire: Wire) -> None:
    whole: dict[str, Any] = {
        "choices": [{"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}],
        "status": "completed",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "hi"}]}],
    }
    packed = gzip.compress(json.dumps(whole).encode())
    with LoopbackServer() as server:
        server.script(
            Reply(raw=packed, headers={"Content-Encoding": "gzip"}),
            Reply(raw=packed[:-12] + b"damaged", headers={"Content-Encoding": "gzip"}),
        )
        async with wire.client(server.url) as client:
            assert (await client.generate_text(wire.request())).text == "hi"
            with pytest.raises(ProviderError) as caught:
                await client.generate_text(wire.request())
            assert caught.value.retryable


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_an_event_that_is_nested_too_deeply_is_a_typed_error(wire: Wire) -> None:
    with LoopbackServer() as server:
        server.script(Reply(raw=b"data: " + b"[" * 200_000 + b"\n\n", content_type="text/event-stream"))
        async with wire.client(server.url) as client:
            with pytest.raises(StreamError, match="not a JSON object"):
                await text_of_stream(client, wire.request())
