"""Streams, rounds of tools, the cache and equal calls, where models take over."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from media_samples import PNG
from structured_asks import Person
from taken_over import CLAUDE, DOWN, GPT, NOVA, OTHER, RETIRED, client_of

from smartllm import Image, TextRequest, tool
from smartllm.errors import ConnectionFailedError, ServerError, StreamError
from smartllm.testing import FakeTransport, Reply

CALL = Reply(tool_calls=[{"name": "add", "arguments": {"a": 1, "b": 2}}])
BROKEN = Reply(text="one two three", cut_after=6)


@tool
def add(a: int, b: int) -> int:
    """Add."""
    return a + b


async def streamed(client: Any, prompt: str = "hi", **fields: Any) -> list[Any]:
    async with client:
        return [chunk async for chunk in client.generate_text_stream(prompt, **fields)]


async def read(chunks: Any, seen: list[str]) -> None:
    async for chunk in chunks:
        seen.append(chunk.text)  # noqa: PERF401 - what came before an error counts too


class TestStreams:
    async def test_before_the_first_piece_another_takes_over(self) -> None:
        events: list[Any] = []
        fake = FakeTransport(DOWN, Reply(text="there you are"))
        chunks = await streamed(client_of(fake, ("bedrock", CLAUDE)), on_progress=events.append)
        assert "".join(chunk.text for chunk in chunks) == "there you are"
        assert {chunk.model for chunk in chunks[:-1]} == {CLAUDE}
        response = chunks[-1].response
        assert [item.code for item in response.diagnostics if item.code == "fallback-used"] == [
            "fallback-used"
        ]
        assert response.metadata["tried"][0]["model"] == GPT
        assert [event["event"] for event in events] == ["llm_started", "fallback", "llm_started", "llm_done"]

    async def test_a_stream_that_breaks_before_its_first_piece(self) -> None:
        fake = FakeTransport(Reply(cut_after=1), Reply(text="there"))
        chunks = await streamed(client_of(fake, OTHER))
        assert "".join(chunk.text for chunk in chunks) == "there"

    async def test_a_stream_that_says_that_it_is_overloaded(self) -> None:
        busy = Reply(stream_error={"type": "throttlingException", "message": "slow"}, stream_error_after=1)
        client = client_of(
            FakeTransport(busy, Reply(text="there")), ("openai", OTHER), provider="bedrock", model=CLAUDE
        )
        chunks = await streamed(client)
        assert chunks[-1].response.requested_model == OTHER

    async def test_after_the_first_piece_none_does(self) -> None:
        events: list[Any] = []
        fake = FakeTransport(BROKEN, Reply(text="never"))
        seen: list[str] = []
        async with client_of(fake, OTHER) as client:
            with pytest.raises((StreamError, ConnectionFailedError)) as caught:
                await read(client.generate_text_stream("hi", on_progress=events.append), seen)
        assert "".join(seen)
        assert len(fake.sent) == 1
        error: Any = caught.value
        assert (error.partial_text, error.tried) == ("".join(seen), ())
        assert events[-1]["event"] == "error"

    async def test_of_the_second_model_neither(self) -> None:
        fake = FakeTransport(DOWN, BROKEN, Reply(text="never"))
        seen: list[str] = []
        async with client_of(fake, OTHER, ("bedrock", CLAUDE)) as client:
            with pytest.raises((StreamError, ConnectionFailedError)) as caught:
                await read(client.generate_text_stream("hi"), seen)
        error: Any = caught.value
        assert [one.model for one in error.tried] == [GPT]
        assert len(fake.sent) == 2

    async def test_what_the_reader_raises_is_its_own(self) -> None:
        fake = FakeTransport(Reply(text="one two three"))
        async with client_of(fake, OTHER) as client:
            chunks = client.generate_text_stream("hi")
            await anext(chunks)
            with pytest.raises(ServerError):
                await chunks.athrow(ServerError("mine", model="x", status=503))
        assert len(fake.sent) == 1

    async def test_a_structure_of_which_nothing_was_shown(self) -> None:
        fake = FakeTransport(DOWN, Reply(structured={"name": "Ada", "age": 36}))
        chunks = await streamed(client_of(fake, ("bedrock", CLAUDE)), response_format=Person)
        assert chunks[-1].structured_data == Person(name="Ada", age=36)

    async def test_whole_answers_over_streams(self) -> None:
        fake = FakeTransport(DOWN, Reply(text="there"))
        async with client_of(fake, f"bedrock/{CLAUDE}", provider="bedrock", model=NOVA[1]) as client:
            response = await client.generate_text_streamed("hi", use_cache=False)
        assert (response.text, response.requested_model) == ("there", CLAUDE)
        assert [sent.streamed for sent in fake.sent] == [True, True]


class TestRounds:
    async def test_later_rounds_begin_with_the_model_that_answered(self) -> None:
        fake = FakeTransport(DOWN, CALL, Reply(text="3"))
        async with client_of(fake, ("bedrock", CLAUDE)) as client:
            run = await client.run_tools("1+2?", [add], use_cache=False)
        assert (run.response.text, run.rounds) == ("3", 2)
        assert [sent.model for sent in fake.sent] == [GPT, CLAUDE, CLAUDE]
        for response in run.responses:
            (note,) = [item for item in response.diagnostics if item.code == "fallback-used"]
            assert note.applied == f"bedrock {CLAUDE}"

    async def test_a_failure_in_a_later_round(self) -> None:
        fake = FakeTransport(CALL, DOWN, Reply(text="3"))
        async with client_of(fake, ("bedrock", CLAUDE)) as client:
            run = await client.run_tools("1+2?", [add], use_cache=False)
        assert [sent.model for sent in fake.sent] == [GPT, GPT, CLAUDE]
        first, second = run.responses
        assert not [item for item in first.diagnostics if item.code == "fallback-used"]
        assert [item for item in second.diagnostics if item.code == "fallback-used"]
        assert fake.sent[-1].body["messages"][-1]["content"][0]["content"] == "3"

    async def test_the_next_run_begins_with_the_first_again(self) -> None:
        fake = FakeTransport(DOWN, Reply(text="a"), Reply(text="b"))
        async with client_of(fake, OTHER) as client:
            await client.run_tools("x", [add], use_cache=False)
            await client.run_tools("x", [add], use_cache=False)
        assert [sent.model for sent in fake.sent] == [GPT, OTHER, GPT]

    async def test_what_does_not_go_along_does_so_in_no_round(self) -> None:
        fake = FakeTransport(DOWN, CALL, Reply(text="3"))
        async with client_of(
            fake, ("bedrock", "us.amazon.nova-pro-v1:0"), provider="bedrock", model=CLAUDE
        ) as client:
            run = await client.run_tools("1+2?", [add], use_cache=False, extra={"top_k": 3})
        assert ["top_k" in sent.body for sent in fake.sent] == [True, False, False]
        for response in run.responses:
            assert "fallback-field-dropped" in [item.code for item in response.diagnostics]

    async def test_where_all_fail_the_run_is_kept(self) -> None:
        fake = FakeTransport(DOWN, CALL, DOWN)
        async with client_of(fake, OTHER) as client:
            with pytest.raises(ServerError) as caught:
                await client.run_tools("1+2?", [add], use_cache=False)
        assert [one.model for one in caught.value.tried] == [GPT]
        assert caught.value.run is not None
        assert len(caught.value.run.responses) == 1

    async def test_a_retired_model(self) -> None:
        events: list[Any] = []
        fake = FakeTransport(CALL, Reply(text="3"))
        async with client_of(fake, OTHER, model=RETIRED) as client:
            run = await client.run_tools("1+2?", [add], use_cache=False, on_progress=events.append)
        assert run.response.text == "3"
        assert [event["event"] for event in events if event["event"] == "fallback"] == ["fallback"]
        assert {sent.model for sent in fake.sent} == {OTHER}

    async def test_a_model_that_cannot_take_a_later_round_is_left_out(self) -> None:
        fake = FakeTransport(DOWN, CALL, Reply(text="3"))

        @tool(name="add")
        def shows(a: int, b: int) -> Any:
            """Show."""
            return [Image(data=PNG)]

        events: list[Any] = []
        async with client_of(fake, NOVA, ("bedrock", CLAUDE)) as client:
            run = await client.run_tools("1+2?", [shows], use_cache=False, on_progress=events.append)
        assert run.response.text == "3"
        assert [sent.model for sent in fake.sent] == [GPT, NOVA[1], CLAUDE]
        codes = [item.code for item in run.response.diagnostics if item.code.startswith("fallback")]
        assert codes == ["fallback-used", "fallback-skipped"]
        first, second = (event for event in events if event["event"] == "fallback")
        assert (second["provider"], second["model"], second["to_model"]) == (*NOVA, CLAUDE)
        assert second["attempts"] == 0
        assert second["reason"] == "the request cannot be compiled for it"
        assert first["to_model"] == NOVA[1]


class TestTheCache:
    REQUEST = TextRequest(prompt="hi", temperature=0)

    async def test_an_entry_belongs_to_the_plan_that_answered(self) -> None:
        fake = FakeTransport(DOWN, Reply(text="from the other"), Reply(text="from the first"))
        async with client_of(fake, "gpt-4o", model="gpt-4.1") as client:
            first = await client.generate_text(self.REQUEST)
            assert (first.text, first.cache_source) == ("from the other", "miss")
            again = await client.generate_text(self.REQUEST)
            assert (again.text, again.cache_source) == ("from the first", "miss"), (
                "it is asked first each time"
            )
            third = await client.generate_text(self.REQUEST)
            assert (third.text, third.cache_source) == ("from the first", "l1")
            other = await client.generate_text(self.REQUEST.model_copy(update={"model": "gpt-4o"}))
            assert (other.text, other.cache_source) == ("from the other", "l1")
        assert [sent.model for sent in fake.sent] == ["gpt-4.1", "gpt-4o", "gpt-4.1"]
        assert first.cache_key == other.cache_key

    async def test_its_own_entry_serves_the_other_in_its_turn(self) -> None:
        fake = FakeTransport(Reply(text="kept"), DOWN)
        events: list[Any] = []
        async with client_of(fake, "gpt-4o", model="gpt-4.1") as client:
            await client.generate_text(self.REQUEST.model_copy(update={"model": "gpt-4o"}))
            found = await client.generate_text(self.REQUEST.model_copy(update={"on_progress": events.append}))
        assert (found.text, found.cache_source, found.requested_model) == ("kept", "l1", "gpt-4o")
        assert [event["event"] for event in events] == ["llm_started", "fallback", "cache_hit"]
        assert found.cost == 0
        assert [item.code for item in found.diagnostics if item.code == "fallback-used"] == ["fallback-used"]

    async def test_what_a_switch_tells_is_not_kept(self) -> None:
        fake = FakeTransport(DOWN, Reply(text="kept"))
        async with client_of(fake, "gpt-4o", model="gpt-4.1") as client:
            await client.generate_text(self.REQUEST)
            other = await client.generate_text(self.REQUEST.model_copy(update={"model": "gpt-4o"}))
        assert other.cache_source == "l1"
        assert "tried" not in other.metadata
        assert not [item for item in other.diagnostics if item.code.startswith("fallback")]

    async def test_all_models_share_one(self) -> None:
        client = client_of(FakeTransport(), ("bedrock", CLAUDE))
        (other,) = client._others
        assert other._cache is client._cache
        await client.aclose()

    async def test_other_servers_answers_have_other_keys(self) -> None:
        fake = FakeTransport(DOWN, Reply(text="there"), Reply(text="public"))
        entry = {"model": "gpt-4.1", "base_url": "http://127.0.0.1:9/v1", "api_key": "any-key-of-mine"}
        async with client_of(fake, entry, model="gpt-4.1") as client:
            there = await client.generate_text(self.REQUEST)
            public = await client.generate_text(self.REQUEST)
        assert (there.text, public.text) == ("there", "public")
        assert there.cache_key != public.cache_key

    async def test_equal_calls_are_one_on_each_model(self) -> None:
        slow, there = Reply(status=503, delay=0.02), Reply(text="there", delay=0.02)
        fake = FakeTransport(slow, there)
        async with client_of(fake, "gpt-4o", model="gpt-4.1") as client:
            answers = await asyncio.gather(*(client.generate_text(self.REQUEST) for _ in range(20)))
        assert [sent.model for sent in fake.sent] == ["gpt-4.1", "gpt-4o"]
        assert {one.text for one in answers} == {"there"}
        assert sum(one.cost > 0 for one in answers if one.cost is not None) == 1
        assert all(len(one.metadata["tried"]) == 1 for one in answers)

    async def test_equal_calls_that_all_fail_have_errors_of_their_own(self) -> None:
        fake = FakeTransport(Reply(status=503, delay=0.02), Reply(status=503, delay=0.02))
        async with client_of(fake, "gpt-4o", model="gpt-4.1") as client:
            asked = (client.generate_text(self.REQUEST) for _ in range(5))
            failed: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
        assert len(fake.sent) == 2
        assert len({id(one) for one in failed}) == 5
        assert [len(one.__notes__) for one in failed] == [1] * 5
