"""Models on which no tool can be forced: one is offered, and a second call is made where it is needed."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from model_ids import called
from pydantic import BaseModel, field_validator
from wires import CONVERSE, INVOKE, Wire

import smartllm
from smartllm import LLMClient, MessageRequest, TextRequest, TextResponse
from smartllm.compiler.prompts import ANSWER, offer_prompt
from smartllm.errors import RefusalError, TruncatedError
from smartllm.structure_errors import StructureError
from smartllm.testing import FakeTransport, Reply

OPUS, LLAMA = map(called, ("claude-opus-5-5", "llama3-3-70b-instruct"))
SENTENCE = offer_prompt(tool="Person")


class Person(BaseModel):
    name: str
    age: int

    @field_validator("age")
    @classmethod
    def of_age(cls, age: int) -> int:
        if age < 0:
            raise ValueError("negative")
        return age


ADA = Person(name="Ada", age=36)
CALLED = Reply(structured={"name": "Ada", "age": 36})
SAID = Reply(text="It is Ada, who is 36.")


async def ask(
    *replies: Reply, model: str = OPUS, wire: Wire = INVOKE, **fields: Any
) -> tuple[TextResponse[Any], FakeTransport]:
    fake = FakeTransport(*replies, check=True)
    async with LLMClient(provider="bedrock", transport=fake, max_retries=0, level="ignore") as client:
        wished: dict[str, Any] = {
            "response_format": Person,
            "model": model,
            "api_type": wire.api_type,
            "use_cache": False,
        }
        return await client.generate_text(TextRequest(prompt="Who?", **wished | fields)), fake


def codes(response: TextResponse[Any]) -> list[str]:
    return [item.code for item in response.diagnostics if item.code != "schema-changed"]


each_way = pytest.mark.parametrize(("model", "wire"), [(OPUS, INVOKE), (OPUS, CONVERSE), (LLAMA, CONVERSE)])


class TestOneCall:
    @each_way
    async def test_is_enough_where_the_tool_is_called(self, model: str, wire: Wire) -> None:
        response, fake = await ask(CALLED, model=model, wire=wire)
        assert response.structured_data == ADA
        assert len(fake.sent) == 1
        assert "tool-offered" in codes(response)
        assert len(response.raws) == 1

    async def test_is_enough_where_the_text_is_the_structure(self) -> None:
        response, fake = await ask(Reply(text='{"name": "Ada", "age": 36}'))
        assert (response.structured_data, len(fake.sent)) == (ADA, 1)

    async def test_asks_for_the_call_behind_the_callers_system_text(self) -> None:
        _, fake = await ask(CALLED, system_prompt="Be brief.")
        body = fake.sent[0].body
        assert body["system"] == f"Be brief.\n\n{SENTENCE}"
        assert [tool["name"] for tool in body["tools"]] == ["Person"]
        assert "tool_choice" not in body
        assert body["messages"] == [{"role": "user", "content": "Who?"}]

    async def test_is_one_where_a_call_does_not_fit(self) -> None:
        fake = FakeTransport(Reply(structured={"name": "Ada"}), CALLED)
        async with LLMClient(provider="bedrock", transport=fake, level="ignore") as client:
            with pytest.raises(ValueError, match="age"):
                await client.generate_text(TextRequest(prompt="p", model=OPUS, response_format=Person))
        assert len(fake.sent) == 1

    @pytest.mark.parametrize(
        ("reply", "error"),
        [
            (Reply(text=" "), StructureError),
            (Reply(refusal="No."), RefusalError),
            (Reply(text="It is A", stop_reason="max_tokens"), TruncatedError),
            (Reply(structured={"name": "A"}, stop_reason="max_tokens"), TruncatedError),
        ],
    )
    async def test_is_all_where_there_is_nothing_to_put_into_the_structure(
        self, reply: Reply, error: type[Exception]
    ) -> None:
        fake = FakeTransport(reply, CALLED)
        async with LLMClient(provider="bedrock", transport=fake, level="ignore") as client:
            with pytest.raises(error):
                await client.generate_text(TextRequest(prompt="p", model=OPUS, response_format=Person))
        assert len(fake.sent) == 1


class TestASecondCall:
    @each_way
    async def test_puts_a_text_into_the_structure(self, model: str, wire: Wire) -> None:
        response, fake = await ask(SAID, CALLED, model=model, wire=wire, system_prompt="Be brief.")
        assert response.structured_data == ADA
        first, second = (sent.body for sent in fake.sent)
        assert "It is Ada, who is 36." in str(second["messages"])
        assert ANSWER not in str(second)
        assert SENTENCE in str(first["system"])
        assert "system" not in second
        assert response.metadata["pass2_tokens"]["output"] > 0
        assert len(response.raws) == 2

    @pytest.mark.parametrize("text", ["{}", '{"name": "Ada", "age": -1}', 'Here: {"name": '])
    async def test_is_made_where_a_text_only_looks_like_the_structure(self, text: str) -> None:
        response, fake = await ask(Reply(text=text), CALLED)
        assert (response.structured_data, len(fake.sent)) == (ADA, 2)

    async def test_that_is_not_called_either_is_an_error(self) -> None:
        with pytest.raises(StructureError):
            await ask(SAID, SAID)


class Loose(BaseModel):
    name: str = ""


async def test_an_empty_object_is_no_structure_but_one_in_a_fence_is() -> None:
    response, fake = await ask(
        Reply(text="An object is {}."), Reply(structured={"name": "Ada"}), response_format=Loose
    )
    assert (response.structured_data, len(fake.sent)) == (Loose(name="Ada"), 2)
    response, fake = await ask(Reply(text='```json\n{"name": "Ada"}\n```'), response_format=Loose)
    assert (response.structured_data, len(fake.sent)) == (Loose(name="Ada"), 1)


async def test_a_large_text_is_read_beside_the_event_loop() -> None:
    threads: list[str] = []

    class Large(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def noted(cls, name: str) -> str:
            threads.append(threading.current_thread().name)
            return name

    response, fake = await ask(Reply(text=json.dumps({"name": "A" * 100_000})), response_format=Large)
    assert (len(response.structured_data.name), len(fake.sent)) == (100_000, 1)
    assert threading.main_thread().name not in threads


class TestStreams:
    async def test_a_call_is_hidden_and_ends_the_plan(self) -> None:
        chunks, fake = await self._chunks(CALLED)
        assert {(chunk.text, chunk.call) for chunk in chunks} == {("", None)}
        assert chunks[-1].partial == ADA
        assert any(chunk.partial is not None for chunk in chunks[:-1])
        assert chunks[-1].structured_data == ADA
        assert len(fake.sent) == 1

    async def test_a_text_is_shown_and_put_into_the_structure(self) -> None:
        chunks, fake = await self._chunks(SAID, CALLED)
        assert "".join(chunk.text for chunk in chunks) == SAID.text
        assert chunks[-1].structured_data == ADA
        assert [sent.streamed for sent in fake.sent] == [True, False]

    async def _chunks(self, *replies: Reply) -> tuple[list[Any], FakeTransport]:
        fake = FakeTransport(
            *(Reply(text=one.text, structured=one.structured, thinking=False) for one in replies)
        )
        async with LLMClient(provider="bedrock", transport=fake, level="ignore") as client:
            request = TextRequest(prompt="Who?", model=OPUS, response_format=Person)
            return [chunk async for chunk in client.generate_text_stream(request)], fake


async def test_an_answer_that_does_not_fit_is_asked_for_again() -> None:
    response, fake = await ask(Reply(structured={"name": "Ada"}), CALLED, reasks=1)
    assert (response.structured_data, len(fake.sent)) == (ADA, 2)
    assert fake.sent[1].body["system"] == SENTENCE
    response, fake = await ask(SAID, Reply(structured={"name": "Ada"}), CALLED, reasks=1)
    assert (response.structured_data, len(fake.sent)) == (ADA, 3)
    assert "system" not in fake.sent[2].body


class TestTheCache:
    @pytest.mark.parametrize(
        "replies", [(CALLED,), (SAID, CALLED), (Reply(text='{"name": "Ada", "age": 36}'),)]
    )
    async def test_keeps_an_answer_of_one_call_and_one_of_two(
        self, replies: tuple[Reply, ...], tmp_path: Path
    ) -> None:
        fake = FakeTransport(*replies)
        request = TextRequest(prompt="Who?", model=OPUS, response_format=Person)
        fields: dict[str, Any] = {"provider": "bedrock", "level": "ignore", "cache_dir": str(tmp_path)}
        async with LLMClient(transport=fake, **fields) as client:
            first = await client.generate_text(request)
        async with LLMClient(transport=fake, **fields) as client:
            hit = await client.generate_text(request)
        assert (hit.cache_source, hit.structured_data, hit.text) == ("l1", ADA, first.text)
        assert hit.usage == first.usage
        assert len(fake.sent) == len(replies)


async def test_calls_saved_by_a_model_that_calls_in_nine_of_ten() -> None:
    replies = [SAID if number % 10 == 9 else CALLED for number in range(50)]
    called = [one for reply in replies for one in ((reply, CALLED) if reply is SAID else (reply,))]
    fake = FakeTransport(*called)
    async with LLMClient(provider="bedrock", transport=fake, level="ignore") as client:
        for number in range(50):
            request = TextRequest(prompt=f"{number}", model=LLAMA, response_format=Person, use_cache=False)
            assert (await client.generate_text(request)).structured_data == ADA
    assert len(fake.sent) == 55  # two steps each would be 100


class TestReasoningOfAnOfferedAnswer:
    """Its signature holds only behind the tool and the sentence, which a later request may not have."""

    async def test_is_shown_and_does_not_go_back(self) -> None:
        response, _ = await ask(Reply(structured={"name": "Ada", "age": 36}, thinking="hm"))
        assert response.metadata["thinking"] == "hm"
        assert [part.text for part in response.parts if part.type == "reasoning"] == ["hm"]
        assert response.reasoning is None
        turns = [smartllm.Message("user", "Who?"), response.as_message(), smartllm.Message("user", "And?")]
        body = smartllm.compile(MessageRequest(messages=turns, model=OPUS), level="ignore").body
        assert "signature" not in str(body)

    async def test_goes_back_where_signatures_do_not_hold_for_the_prompt(self) -> None:
        response, _ = await ask(
            Reply(text="It is Ada, 36.", thinking="hm"),
            CALLED,
            model="us.anthropic.claude-sonnet-4-6",
            reasoning_effort="low",
        )
        assert response.reasoning is not None

    async def test_goes_back_from_a_plain_answer(self) -> None:
        response, _ = await ask(Reply(text="hi", thinking="hm"), response_format=None)
        assert response.reasoning is not None


def test_plans_that_offer_say_when_the_second_call_is_made() -> None:
    plan = smartllm.compile(TextRequest(prompt="p", model=OPUS, response_format=Person), level="ignore")
    assert "step 2" in plan.explain()
    assert " · if step 1 does not give the structure\n" in plan.explain()
    assert plan.origins["steps[0].system"].name == "response_format"
    assert [item.code for item in plan.diagnostics].count("tool-offered") == 1
    listed = TextRequest(
        prompt="p", model=OPUS, response_format={"type": "array", "items": {"type": "string"}}
    )
    changes = smartllm.compile(listed, level="ignore").diagnostics
    assert [item.code for item in changes].count("schema-changed") == 1, "both steps have the same tool"


async def test_equal_calls_at_once_are_one_whichever_way_the_answer_comes() -> None:
    fake = FakeTransport(SAID, CALLED)
    async with LLMClient(provider="bedrock", transport=fake, level="ignore") as client:
        request = TextRequest(prompt="Who?", model=OPUS, response_format=Person)
        answers = await asyncio.gather(*(client.generate_text(request) for _ in range(5)))
    assert [answer.structured_data for answer in answers] == [ADA] * 5
    assert len(fake.sent) == 2
