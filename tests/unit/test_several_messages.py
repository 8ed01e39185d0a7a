"""Responses that give a structure in several messages, none of which says that it is a remark."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structured_asks import ADA, WAYS, Person, ask
from wires import RESPONSES

from smartllm.structure_errors import StructureError
from smartllm.testing import Reply

ONE = json.dumps(ADA)
AGAIN = json.dumps(dict(reversed(ADA.items())), indent=1)
OTHER = json.dumps({"name": "Bob", "age": 1})
FORMATS = pytest.mark.parametrize("wanted", [Person, Person.model_json_schema()], ids=["type", "schema"])


def message(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [part]}


async def answered(wanted: Any, *texts: str, streamed: bool) -> Any:
    """The response to an answer of so many messages; one that comes whole is read as a stream too."""
    body = {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "output": [*map(message, texts)],
        "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    }
    reply = Reply(raw=json.dumps(body).encode())
    how: dict[str, Any] = {"response_format": wanted, "structured_output": "native"}
    return await ask(RESPONSES, reply, streamed=streamed, **how)


@WAYS
@FORMATS
class TestTwoMessages:
    @pytest.mark.parametrize(
        "texts", [(ONE, ONE), (ONE, AGAIN), ("Let me see.", ONE), (ONE, "That is all.")], ids=str
    )
    async def test_that_say_one_thing(self, texts: tuple[str, str], wanted: Any, streamed: bool) -> None:
        response = await answered(wanted, *texts, streamed=streamed)
        assert json.loads(response.text) == ADA
        assert "answer-read" in [one.code for one in response.diagnostics]
        assert [part.text for part in response.parts] == [*texts]

    async def test_that_are_one_text(self, wanted: Any, streamed: bool) -> None:
        response = await answered(wanted, ONE[:9], ONE[9:], streamed=streamed)
        assert json.loads(response.text) == ADA
        assert "answer-read" not in [one.code for one in response.diagnostics]

    async def test_that_differ_are_no_answer(self, wanted: Any, streamed: bool) -> None:
        with pytest.raises(StructureError) as caught:
            await answered(wanted, ONE, OTHER, streamed=streamed)
        assert caught.value.text == ONE + OTHER
        assert caught.value.response is not None
