"""What an answer cites goes back with its text, to the wire that wrote it and to models that cite."""

from __future__ import annotations

import json
from typing import Any

import pytest
from model_facts import RULES
from settled import settled
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire

import smartllm
from smartllm import Message, MessageRequest, Plan, TextResponse
from smartllm.cited import goes_back
from smartllm.compiler.dialects import FIELDS
from smartllm.content import Text
from smartllm.rules import resolve, target_for
from smartllm.testing import LoopbackServer, Reply
from smartllm.words import ApiType

PAGE = {"type": "page_location", "cited_text": "20 days", "document_index": 0, "start_page_number": 1}
PLACE = {"title": "policy", "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 4}}}
FOUND = {"title": "policy", "location": {"searchResultLocation": {"searchResultIndex": 0}}}
LINK = {"type": "url_citation", "title": "x", "url": "https://example.com", "start_index": 0, "end_index": 2}
LEAVE, MORE = Message("user", "How many days?"), Message("user", "And?")
SAYS = "20 days"


def plan(*turns: Message, model: str = "claude-sonnet-4-6", api_type: ApiType = "invoke") -> Plan:
    request = MessageRequest(messages=[*turns], api_type=api_type)
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def cited(*citations: Any) -> Message:
    return Message("assistant", [Text(SAYS, citations)])


def dropped(compiled: Plan) -> list[tuple[int, int]]:
    found = [item for item in compiled.diagnostics if item.code == "citations-dropped"]
    assert all((item.severity, item.action, item.path) == ("info", "dropped", "messages") for item in found)
    return [(item.asked, item.applied) for item in found]


class TestCompiled:
    def test_claude_has_them_in_the_text(self) -> None:
        compiled = plan(LEAVE, cited(PAGE), MORE)
        assert compiled.body["messages"][1]["content"] == [
            {"type": "text", "text": SAYS, "citations": [PAGE]}
        ]
        assert dropped(compiled) == []

    def test_a_field_that_answers_alone_have_stays_there(self) -> None:
        told, held = plan(LEAVE, cited(PAGE | {"file_id": None}), MORE), PAGE | {"file_id": "file_1"}
        assert told.body == plan(LEAVE, cited(PAGE), MORE).body
        assert plan(LEAVE, cited(held), MORE).body["messages"][1]["content"][0]["citations"] == [held]

    def test_converse_has_the_text_in_them(self) -> None:
        compiled = plan(LEAVE, cited(PLACE), MORE, api_type="converse")
        block = {"citationsContent": {"content": [{"text": SAYS}], "citations": [PLACE]}}
        assert compiled.body["messages"][1]["content"] == [block]
        assert dropped(compiled) == []

    @pytest.mark.parametrize(
        ("api_type", "left", "gone"), [("invoke", PAGE, PLACE), ("converse", PLACE, PAGE)]
    )
    def test_those_of_another_wire_are_left_out(self, api_type: ApiType, left: Any, gone: Any) -> None:
        mixed, same = plan(LEAVE, cited(left, gone, LINK), MORE, api_type=api_type), cited(left)
        assert mixed.body == plan(LEAVE, same, MORE, api_type=api_type).body
        assert dropped(mixed) == [(3, 1)]
        alone = plan(LEAVE, cited(gone), MORE, api_type=api_type)
        assert alone.body == plan(LEAVE, Message("assistant", SAYS), MORE, api_type=api_type).body
        assert dropped(alone) == [(1, 0)]

    def test_what_is_shown_alone_does_not_go_back(self) -> None:
        assert dropped(plan(LEAVE, cited(FOUND), MORE, api_type="converse")) == [(1, 0)]

    @pytest.mark.parametrize(
        ("model", "api_type"),
        [("nova-pro", "converse"), ("gpt-5.4", "responses"), ("gpt-5.4", "chat_completions")],
    )
    def test_a_model_that_does_not_cite_gets_the_text(self, model: str, api_type: ApiType) -> None:
        compiled = plan(LEAVE, cited(PAGE, PLACE), MORE, model=model, api_type=api_type)
        bare = plan(LEAVE, Message("assistant", SAYS), MORE, model=model, api_type=api_type)
        assert (compiled.body, dropped(compiled)) == (bare.body, [(2, 0)])

    def test_a_user_cites_nothing(self) -> None:
        assert dropped(plan(Message("user", [Text("x", (PAGE,))]))) == [(1, 0)]

    def test_a_second_run_changes_nothing(self) -> None:
        target = target_for(resolve("claude-opus-5", RULES), "bedrock", "anthropic_messages", RULES)
        trace = settled(MessageRequest(messages=[LEAVE, cited(PAGE, PLACE), MORE]), target)
        assert [change.code for change in trace.changes] == ["citations-dropped"]


def test_the_keys_of_the_wires_are_those_by_which_a_citation_goes_back() -> None:
    taken = {name: fields.citation for name, fields in FIELDS.items() if fields.citation}
    assert taken == {"anthropic_messages": "cited_text", "bedrock_converse": "location"}
    assert [goes_back(one) for one in (PAGE, PLACE, FOUND, LINK, {})] == [True, True, False, False, False]


async def answer(wire: Wire, server: LoopbackServer, reply: dict[str, Any]) -> TextResponse[Any]:
    server.script(Reply(raw=json.dumps(reply).encode()))
    async with wire.client(server.url) as client:
        return await client.generate_text(wire.request("How many days?"))


class TestAnswers:
    async def test_claudes_go_back_as_they_came(self, server: LoopbackServer) -> None:
        blocks = [{"type": "text", "text": "It says "}, {"type": "text", "text": SAYS, "citations": [PAGE]}]
        response = await answer(INVOKE, server, {"content": blocks, "stop_reason": "end_turn", "usage": {}})
        assert response.text == "It says 20 days"
        turn = response.as_message()
        assert list(turn.content) == [Text("It says "), Text(SAYS, (PAGE,))]
        assert plan(LEAVE, turn, MORE).body["messages"][1]["content"] == blocks

    async def test_converses_too(self, server: LoopbackServer) -> None:
        block = {"citationsContent": {"content": [{"text": SAYS}], "citations": [PLACE]}}
        reply = {"output": {"message": {"role": "assistant", "content": [block]}}, "stopReason": "end_turn"}
        response = await answer(CONVERSE, server, reply)
        compiled = plan(LEAVE, response.as_message(), MORE, api_type="converse")
        assert compiled.body["messages"][1]["content"] == [block]

    @pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
    async def test_links_are_told_and_the_turn_is_the_text(self, wire: Wire, server: LoopbackServer) -> None:
        part = {"type": "output_text", "text": SAYS, "annotations": [LINK]}
        message = {"role": "assistant", "content": SAYS, "annotations": [LINK]}
        reply = (
            {"status": "completed", "output": [{"type": "message", "content": [part]}]}
            if wire is RESPONSES
            else {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        )
        response = await answer(wire, server, reply)
        assert response.parts == (Text(SAYS, (LINK,)),)
        assert response.as_message().content == SAYS
