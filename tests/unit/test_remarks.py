"""What a model remarks on its way to the answer (phase ``commentary`` on Responses) is not the answer."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from items import LAST, answer, called, dropped, plan, said, sent, thought
from stream_events import completed, fed, text_delta, text_done
from structured_asks import ADA, Person, ask
from wires import RESPONSES

from smartllm import Message
from smartllm.compiler.dialects.stream import WholeReply
from smartllm.content import Text, text_of
from smartllm.testing import Reply

WIRE: Final = "openai_responses"
REMARK, FINAL = said("I will check.", "commentary"), said("It is so.", "final_answer", number=2)
BOTH = completed(REMARK, FINAL)["response"]


async def test_the_text_is_the_final_answer_and_the_parts_are_both() -> None:
    response = await answer(REMARK, FINAL)
    assert response.text == "It is so."
    assert [part for part in response.parts if isinstance(part, Text)] == [
        Text("I will check."),
        Text("It is so."),
    ]


@pytest.mark.parametrize("phase", ["final_answer", None])
async def test_a_structure_is_read_from_it(phase: str | None) -> None:
    data = {**said(json.dumps(ADA), number=2), "phase": phase}
    response = await ask(
        RESPONSES, Reply(raw=json.dumps({"status": "completed", "output": [REMARK, data]}).encode())
    )
    assert (response.structured_data, response.text) == (Person(**ADA), json.dumps(ADA))
    assert response.as_message().content == [Text("I will check."), Text(json.dumps(ADA))]


@pytest.mark.parametrize(
    "output",
    [[REMARK, called()], [REMARK], [REMARK, said("", "final_answer", number=2)]],
    ids=["calls", "alone", "nothing"],
)
async def test_without_a_final_answer_it_is_the_text(output: list[Any]) -> None:
    assert (await answer(*output)).text == "I will check."


async def test_both_go_back_as_they_came() -> None:
    output = [thought(), REMARK, FINAL]
    turn = (await answer(*output)).as_message()
    compiled = plan(turn, LAST)
    assert (sent(compiled), dropped(compiled)) == (output, [])


async def test_another_model_gets_both_as_texts() -> None:
    turn = (await answer(REMARK, FINAL)).as_message()
    assert turn == Message("assistant", [Text("I will check."), Text("It is so.")], reasoning=turn.reasoning)
    assert text_of(turn.content) == "I will check.It is so."  # type: ignore[arg-type]


@pytest.mark.parametrize("done", [False, True])
def test_in_a_stream_it_comes_with_the_reasoning(done: bool) -> None:
    added = {"type": "response.output_item.added", "output_index": 0, "item": {**REMARK, "content": []}}
    other = {"type": "response.output_item.added", "output_index": 1, "item": {**FINAL, "content": []}}
    events = [
        added,
        text_delta("I will ", output_index=0, content_index=0),
        text_delta("check.", output_index=0, content_index=0),
        *([text_done("I will check.", output_index=0, content_index=0)] if done else []),
        other,
        text_delta("It is so.", output_index=1, content_index=0),
        completed(REMARK, FINAL),
    ]
    reader, deltas = fed(WIRE, events)
    told = [(one.text, one.thinking) for one in deltas if one is not None and one.text]
    assert told == [("I will ", True), ("check.", True), ("It is so.", False)]
    found = reader.decoded()
    assert (found.text, found.every_text) == ("It is so.", "I will check.It is so.")


def test_a_whole_answer_instead_of_a_stream_says_the_answer() -> None:
    reader, deltas = fed(WIRE, [WholeReply(BOTH)])
    assert [one.text for one in deltas if one] == ["It is so."]
    assert reader.decoded().every_text == "I will check.It is so."
