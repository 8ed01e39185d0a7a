"""Pictures in answers, in other people's tools: shown where there is a place for them, else told."""

from __future__ import annotations

import base64
import json
from typing import Any

import llm
import pytest
from media_samples import PNG
from pydantic_ai import Agent
from pydantic_ai.messages import FilePart, ModelResponse

from smartllm.content import Audio, Image
from smartllm.plugins.llm import SmartLLM
from smartllm.plugins.pydantic_ai import SmartLLMModel
from smartllm.plugins.pydantic_ai.answer import parts_of
from smartllm.response import TextResponse
from smartllm.testing import LoopbackServer, Reply

GPT = "gpt-5.4"
DRAWN: dict[str, Any] = {
    "type": "image_generation_call",
    "id": "ig_1",
    "status": "completed",
    "result": base64.b64encode(PNG).decode(),
    "output_format": "png",
}
SAID: dict[str, Any] = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "here", "annotations": []}],
}
ANSWER: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "model": GPT,
    "status": "completed",
    "output": [DRAWN, SAID],
    "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2},
}
EVENTS: list[dict[str, Any]] = [
    {"type": "response.output_item.added", "output_index": 0, "item": {**DRAWN, "result": None}},
    {"type": "response.output_item.done", "output_index": 0, "item": DRAWN},
    {"type": "response.output_item.added", "output_index": 1, "item": {**SAID, "content": []}},
    {
        "type": "response.output_text.delta",
        "output_index": 1,
        "content_index": 0,
        "item_id": "msg_1",
        "delta": "here",
    },
    {"type": "response.output_item.done", "output_index": 1, "item": SAID},
    {"type": "response.completed", "response": ANSWER},
]
WHOLE = Reply(raw=json.dumps(ANSWER).encode())
STREAM = Reply(
    raw="".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS).encode(),
    content_type="text/event-stream",
)
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@BOTH
async def test_an_agent_gets_the_picture(guest_server: LoopbackServer, stream: bool) -> None:
    guest_server.script(STREAM if stream else WHOLE)
    async with Agent(SmartLLMModel(GPT)) as agent:
        if stream:
            async with agent.run_stream("draw") as answer:
                assert await answer.get_output() == "here"
            messages = answer.all_messages()
        else:
            messages = (await agent.run("draw")).all_messages()
    response = messages[-1]
    assert isinstance(response, ModelResponse)
    (file,) = [part for part in response.parts if isinstance(part, FilePart)]
    assert (file.content.data, file.content.media_type) == (PNG, "image/png")


def test_an_agent_gets_sound_too() -> None:
    answer = TextResponse("", GPT, "stop")
    object.__setattr__(answer, "_parts", (Audio(data=b"RIFF", media_type="audio/wav"), Image(data=PNG)))
    found = [part.content.media_type for part in parts_of(answer, bound=False) if isinstance(part, FilePart)]
    assert found == ["audio/wav", "image/png"]


@BOTH
def test_llm_has_no_place_for_it_and_says_where_it_is(guest_server: LoopbackServer, stream: bool) -> None:
    guest_server.script(STREAM if stream else WHOLE)
    response: llm.Response = SmartLLM(GPT, "openai").prompt("draw", stream=stream)
    with pytest.warns(UserWarning, match="its log has what the provider sent"):
        assert response.text() == "here"
    assert DRAWN["result"] in json.dumps(response.response_json)
