"""Bytes on their way: sent in parts, signed, sent again, and never long in the way of the event loop."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace

from wires import Wire, each_wire

from smartllm.compiler import Plan
from smartllm.media import Encoded
from smartllm.testing import LoopbackServer, Reply

PNG = b"\x89PNG\r\n\x1a\n" + os.urandom(3_000_000)


def with_media(plan: Plan, *media: Encoded) -> Plan:
    """A plan whose body holds media, wherever the wire has it."""
    step = plan.steps[0]
    content = [{"text": "ü"}, *({"data": leaf} for leaf in media)]
    return replace(plan, steps=(replace(step, sealed={**step.sealed, "media": content}),))


@each_wire
async def test_a_body_with_media_goes_out_in_parts_as_one(wire: Wire, server: LoopbackServer) -> None:
    async with wire.client(server.url) as client:
        plan = with_media(client.compile(wire.request()), Encoded(PNG, "image/png", "data:image/png;base64,"))
        step = plan.steps[0]
        for _ in range(2):  # on a new connection and on a kept one
            await client._calls.send(step)
    for request in server.requests:
        assert request.body == step.payload
        assert json.loads(request.body) == step.body
        assert request.headers["content-length"] == str(len(step.payload))
        assert "transfer-encoding" not in request.headers
        if wire.provider == "bedrock":
            assert request.headers["x-amz-content-sha256"] == hashlib.sha256(step.payload).hexdigest()


@each_wire
async def test_a_retry_sends_all_of_it_again(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(status=503), Reply(text="yes"))
    async with wire.client(server.url, max_retries=1) as client:
        plan = with_media(client.compile(wire.request()), Encoded(PNG, "image/png"))
        answer = await client._executor.fetch(
            plan, client._progress(wire.request(), plan), client._executor.deadline(plan)
        )
    assert answer.answers[0].text == "yes"
    assert [request.body for request in server.requests] == [plan.steps[0].payload] * 2
