"""What the provider said beside its text: choices that are not read, why it stopped, how it refused."""

from __future__ import annotations

import json
from typing import Any

from wires import CHAT, INVOKE, RESPONSES, Wire

from smartllm.response import TextResponse
from smartllm.testing import LoopbackServer, Reply


async def answered(server: LoopbackServer, wire: Wire, body: Any, **fields: Any) -> TextResponse[Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    server.script(Reply(raw=raw))
    async with wire.client(server.url) as client:
        return await client.generate_text(wire.request(**fields))


def choice(text: str, **fields: Any) -> dict[str, Any]:
    return {"finish_reason": "stop", "message": {"role": "assistant", "content": text}, **fields}


async def test_choices_that_are_not_read_are_announced(server: LoopbackServer) -> None:
    body = {"choices": [choice("first", index=0), choice("second", index=1)]}
    response = await answered(server, CHAT, body, extra={"n": 2})
    assert response.text == "first"
    [note] = [item for item in response.diagnostics if item.code == "choices-dropped"]
    assert (note.severity, note.asked, note.applied, note.path) == ("warning", 2, 1, "extra")
    again = await answered(server, CHAT, {"choices": [choice("first")]})
    assert not [item for item in again.diagnostics if item.code == "choices-dropped"]


async def test_why_an_answer_is_not_whole(server: LoopbackServer) -> None:
    body = {
        "status": "incomplete",
        "incomplete_details": {"reason": "content_filter"},
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "Well"}]}],
    }
    response = await answered(server, RESPONSES, body)
    assert (response.text, response.stop_reason) == ("Well", "incomplete")
    assert response.metadata["incomplete_reason"] == "content_filter"


async def test_a_refusal_on_a_plain_answer(server: LoopbackServer) -> None:
    said = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    response = await answered(server, CHAT, {"choices": [{"finish_reason": "stop", "message": said}]})
    assert response.text == ""
    assert response.metadata["refusal"] == "I cannot help with that."
    claude = {
        "type": "message",
        "content": [{"type": "text", "text": "No."}],
        "stop_reason": "refusal",
        "usage": {},
    }
    assert (await answered(server, INVOKE, claude)).metadata["refusal"] == "No."


async def test_numbers_that_are_no_json_are_null(server: LoopbackServer) -> None:
    """Some servers have NaN among their log probabilities; what is paid for is read all the same."""
    logprobs = b'{"content": [{"logprob": NaN, "token": "a"}]}'
    body = (
        json.dumps({"choices": [choice("fine", logprobs=0)]})
        .encode()
        .replace(b": 0}", b": " + logprobs + b"}")
    )
    assert b"NaN" in body
    response = await answered(server, CHAT, body)
    assert response.text == "fine"
