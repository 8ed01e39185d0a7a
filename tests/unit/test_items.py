"""The output items of OpenAI's Responses: back whole, as they came and in their order, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from items import (
    JSON,
    LAST,
    MODEL,
    TOLD,
    WEATHER,
    answer,
    called,
    dropped,
    plan,
    reply,
    said,
    searched,
    sent,
    thought,
    told,
)
from part_transport import client_of
from vendor_shapes import responses_problems
from versions import with_todays_openai
from wires import RESPONSES

from smartllm import Message, ToolResult
from smartllm.compiler.dialects.readers import DECODERS, stream_reader
from smartllm.content import Reasoning, Text
from smartllm.rules.vocabulary import Dialect
from smartllm.testing import FakeTransport, Reply

DIALECT: Dialect = "openai_responses"


class TestWhole:
    @with_todays_openai
    async def test_an_answer_goes_back_as_it_came(self) -> None:
        output = [thought(), said("I look.", "commentary"), thought(2, summary=[]), called()]
        response = await answer(*output)
        turn = response.as_message()
        assert turn.content == [Text("I look."), *response.tool_calls]
        assert turn.reasoning == Reasoning(MODEL, "openai_responses", output)
        compiled = plan(turn, TOLD)
        assert sent(compiled) == output
        assert compiled.body["input"][-1]["type"] == "function_call_output"
        assert told(compiled) == []
        assert responses_problems(compiled.body) == []

    @with_todays_openai
    async def test_and_so_do_phases_and_the_providers_own_calls(self) -> None:
        for output in (
            [said("I look.", "commentary"), said("Done.", "final_answer", 2)],
            [searched(), said("Done.")],
            [said("I look.", "commentary"), called()],
            [called() | {"namespace": "weather"}],
        ):
            response = await answer(*output)
            turn = response.as_message()
            compiled = plan(turn, TOLD if response.tool_calls else LAST)
            assert sent(compiled) == output
            assert responses_problems(compiled.body) == []

    async def test_an_answer_from_the_cache_does_too(self) -> None:
        raw = json.dumps(reply(thought(), said("I look.", "commentary"), called())).encode()
        async with client_of(RESPONSES, FakeTransport(Reply(raw=raw))) as client:
            request = RESPONSES.request("q", tools=[WEATHER], use_cache=True, temperature=0)
            first = await client.generate_text(request)
            again = await client.generate_text(request)
        assert (first.cache_source, again.cache_source) == ("miss", "l1")
        assert again.as_message() == first.as_message()
        assert again.reasoning is not first.reasoning

    async def test_in_every_round(self) -> None:
        first, second = [thought(), called()], [thought(2), called({"city": "Oslo"}, 2)]
        turns = [(await answer(*first)).as_message(), TOLD, (await answer(*second)).as_message()]
        compiled = plan(*turns, Message("user", [ToolResult("call_2", "9")]))
        kinds = ["reasoning", "function_call", "function_call_output"]
        assert [item["type"] for item in compiled.body["input"][1:]] == kinds * 2
        assert [item for item in compiled.body["input"] if "id" in item] == [*first, *second]

    async def test_what_can_be_said_without_them_is(self) -> None:
        bare = [called() | {"namespace": None}]
        for output in ([said("a")], [said("a"), called()], [called()], bare):
            assert (await answer(*output)).reasoning is None

    async def test_reasoning_without_what_follows_it_does_not_go_back(self) -> None:
        assert (await answer(said("a"), thought())).reasoning is None
        assert (await answer(said("a", "commentary"), thought())).reasoning is None

    async def test_reasoning_that_nobody_keeps_goes_back_by_its_cipher_alone(self) -> None:
        assert (await answer(thought(cipher=None), said("a"))).reasoning is not None
        assert (await answer(thought(cipher=None), said("a"), store=True)).reasoning is not None
        assert (await answer(thought(cipher=None), said("a"), store=False)).reasoning is None
        assert (await answer(thought(), thought(2, None), said("a"), store=False)).reasoning is None
        assert (await answer(thought(), said("a"), store=False)).reasoning is not None
        assert (await answer(said("a", "commentary"), store=False)).reasoning is not None


class TestStreamed:
    def read(self, *events: JSON) -> Any:
        reader = stream_reader(DIALECT, MODEL)
        for event in events:
            reader.feed(event)
        return reader.decoded()

    @pytest.mark.parametrize(
        ("last", "found"),
        [
            ((), thought(cipher="whole")),
            ((thought(cipher="again"), called()), thought(cipher="whole")),
            ((thought(cipher=None), called()), thought(cipher="whole")),
            ((thought(2, "other"), called()), thought(2, "other")),
        ],
        ids=["nothing", "again", "without", "another"],
    )
    def test_they_are_those_that_have_ended_not_those_that_have_begun(
        self, last: tuple[JSON, ...], found: JSON
    ) -> None:
        events: list[JSON] = []
        for index, item in enumerate([thought(cipher="whole"), called()]):
            begun = {**item, "status": "in_progress"} | ({"encrypted_content": "wh"} if index == 0 else {})
            events += [
                {"type": "response.output_item.added", "output_index": index, "item": begun},
                {"type": "response.output_item.done", "output_index": index, "item": item},
            ]
        decoded = self.read(*events, {"type": "response.completed", "response": reply(*last)})
        assert decoded.reasoning == (found, called())
        assert decoded.raw["output"] == [found, called()]
        assert decoded.reasoning == DECODERS[DIALECT].decode(reply(found, called()), MODEL).reasoning

    def test_an_end_without_a_cipher_leaves_the_last_events(self) -> None:
        done = {"type": "response.output_item.done", "output_index": 0, "item": thought(cipher=None)}
        end = reply(thought(), called())
        decoded = self.read(done, {"type": "response.completed", "response": end})
        assert decoded.reasoning == (thought(), called())


class TestStored:
    def test_what_is_not_stored_asks_for_the_cipher(self) -> None:
        assert "include" not in plan(LAST).body
        assert "include" not in plan(LAST, extra={"store": True}).body
        compiled = plan(LAST, extra={"store": False})
        assert compiled.body["include"] == ["reasoning.encrypted_content"]
        assert compiled.steps[0].origins["include[0]"].name == "carry.include"
        own = {"store": False, "include": ["message.output_text.logprobs"]}
        assert plan(LAST, extra=own).body["include"] == own["include"]
        assert "include" not in plan(LAST, model="gpt-4.1", extra={"store": False}).body

    def test_what_only_the_provider_has_does_not_go_to_where_nothing_is_stored(self) -> None:
        for cipher in (None, ""):
            kept = Reasoning(MODEL, "openai_responses", [thought(cipher=cipher), said("a")])
            turn = Message("assistant", "a", reasoning=kept)
            assert dropped(plan(turn, LAST)) == []
            compiled = plan(turn, LAST, extra={"store": False})
            assert [item.get("id") for item in compiled.body["input"]] == [None] * 3
            ((_, reason),) = dropped(compiled)
            assert "store nothing" in reason
        kept = Reasoning(MODEL, "openai_responses", [thought(), said("a")])
        compiled = plan(Message("assistant", "a", reasoning=kept), LAST, extra={"store": False})
        assert sent(compiled) == kept.blocks

    def test_reasoning_in_the_open_goes_back_from_where_nothing_is_stored(self) -> None:
        text = [{"type": "reasoning_text", "text": "hm"}]
        for content, goes in ((text, True), ([], False)):
            item = {**thought(cipher=None), "content": content}
            answer = {**reply(item, said("a")), "store": False}
            decoded = DECODERS[DIALECT].decode(answer, MODEL)
            assert bool(decoded.items) == goes
            turn = Message("assistant", "a", reasoning=Reasoning(MODEL, DIALECT, [item, said("a")]))
            compiled = plan(turn, LAST, extra={"store": False})
            assert (sent(compiled) == [item, said("a")]) == goes


@pytest.mark.parametrize(
    ("model", "api_type", "reason"),
    [
        ("gpt-5.5", "responses", "only the model that wrote"),
        (MODEL, "chat_completions", "only the model that wrote"),
    ],
)
async def test_no_other_model_and_no_other_wire_gets_them(model: str, api_type: Any, reason: str) -> None:
    turn = (await answer(thought(), said("a"))).as_message()
    compiled = plan(turn, LAST, model=model, api_type=api_type, reasoning_effort="none")
    assert "gAAA" not in compiled.as_json()
    ((name, why),) = dropped(compiled)
    assert (name, reason in why) == ("carry.reasoning", True)


async def test_a_model_that_takes_none_back_says_so() -> None:
    turn = (await answer(searched(), said("a"), model="gpt-4.1")).as_message()
    assert turn.reasoning is not None
    assert dropped(plan(turn, LAST, model="gpt-4.1")) == [
        ("carry.reasoning", "the model takes no reasoning back here")
    ]
