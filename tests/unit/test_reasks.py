"""Asking again: when, how often, what is counted, told and kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import BaseModel, ValidationError, field_validator
from wires import CLAUDE, CONVERSE, GPT, INVOKE, RESPONSES, Wire, each_wire

from smartllm import LLMClient, Message, MessageRequest, StructureError, TextRequest, Tool
from smartllm.errors import (
    BadRequestError,
    ProviderError,
    RefusalError,
    TruncatedError,
)
from smartllm.testing import FakeTransport, LoopbackServer, Reply

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


class Person(BaseModel):
    name: str
    age: int


LISTED = {
    "type": "object",
    "properties": {"age": {"type": "integer"}},
    "required": ["age"],
    "additionalProperties": False,
}
BAD, GOOD = Reply(structured={"name": "Ann", "age": "old"}), Reply(structured={"name": "Ann", "age": 3})
ANN = Person(name="Ann", age=3)
FAULT = 'age: Input should be a valid integer, unable to parse string as an integer (it is "old")'


def client_of(fake: FakeTransport, model: str = CLAUDE, **settings: Any) -> LLMClient:
    """A client that does not wait between attempts."""
    given: dict[str, Any] = {"provider": "openai" if model == GPT else "bedrock", "retry_delay": 0}
    return LLMClient(transport=fake, **{**given, "level": "ignore", **settings})


def asking(model: str = CLAUDE, **fields: Any) -> TextRequest[Any]:
    """A request that lets the model try twice again."""
    given = {"prompt": "Who?", "model": model, "response_format": Person, "reasks": 2, **fields}
    return TextRequest(**given)


class TestWhatIsAskedAgain:
    @each_wire
    async def test_an_answer_that_does_not_fit(self, wire: Wire, server: LoopbackServer) -> None:
        server.script(BAD, GOOD)
        async with wire.client(server.url) as client:
            response = await client.generate_text(wire.request("Who?", response_format=Person, reasks=2))
        assert response.structured_data == ANN
        assert len(server.requests) == 2

    async def test_one_that_is_no_json(self) -> None:
        fake = FakeTransport(Reply(text="She is Ann."), GOOD)
        async with client_of(fake, GPT) as client:
            response = await client.generate_text(asking(GPT))
        assert response.structured_data == ANN
        assert "is not JSON" in fake.sent[1].body["input"][-1]["content"]

    async def test_several_that_differ(self) -> None:
        calls = [{"name": "Person", "arguments": {"name": "Ann", "age": age}} for age in (3, 4)]
        fake = FakeTransport(Reply(tool_calls=calls), GOOD, check=True)
        async with client_of(fake) as client:
            assert (await client.generate_text(asking())).structured_data == ANN

    async def test_one_that_does_not_fit_a_json_schema(self) -> None:
        fake = FakeTransport(Reply(structured={"age": "old"}), Reply(structured={"age": 3}))
        async with client_of(fake) as client:
            response = await client.generate_text(asking(response_format=LISTED))
        assert response.structured_data == {"age": 3}
        assert response.metadata["tries"][0]["errors"] == ["age: 'old' is not of type 'integer'"]

    async def test_with_all_that_does_not_fit_a_json_schema(self) -> None:
        numbers = {"type": "object", "additionalProperties": {"type": "integer"}}
        wrong = {f"k{number}": "x" for number in range(30)}
        fake = FakeTransport(Reply(structured=wrong), Reply(structured={"a": 3}))
        async with client_of(fake) as client:
            response = await client.generate_text(asking(response_format=numbers))
        errors = response.metadata["tries"][0]["errors"]
        assert len(set(errors)) == 20
        assert set(errors) <= {f"k{number}: 'x' is not of type 'integer'" for number in range(30)}

    async def test_one_whose_place_is_longer_than_a_model_reads(self) -> None:
        numbers = {"type": "object", "additionalProperties": {"type": "integer"}}
        fake = FakeTransport(Reply(structured={"k" * 5_000: "x"}), Reply(structured={"a": 3}))
        async with client_of(fake) as client:
            response = await client.generate_text(asking(response_format=numbers))
        assert response.structured_data == {"a": 3}
        (error,) = response.metadata["tries"][0]["errors"]
        assert error == f"{'k' * 300}: 'x' is not of type 'integer'"

    async def test_one_that_a_validator_of_the_caller_refuses(self) -> None:
        class Adult(BaseModel):
            age: int

            @field_validator("age")
            @classmethod
            def _refuse(cls, value: int) -> int:
                if value < 18:
                    raise ValueError("an adult, please")
                return value

        fake = FakeTransport(Reply(structured={"age": 3}), Reply(structured={"age": 30}))
        async with client_of(fake) as client:
            response = await client.generate_text(asking(response_format=Adult))
        assert response.structured_data == Adult(age=30)
        assert response.metadata["tries"][0]["errors"] == ["age: Value error, an adult, please (it is 3)"]

    async def test_an_answer_in_a_conversation(self) -> None:
        fake = FakeTransport(BAD, GOOD)
        turns = [Message("user", "hi"), Message("assistant", "hello"), Message("user", "Who?")]
        request: Any = MessageRequest(messages=turns, model=CLAUDE, response_format=Person, reasks=1)
        async with client_of(fake) as client:
            assert (await client.send_message(request)).structured_data == ANN
        assert len(fake.sent[1].body["messages"]) == 5


class TestWhatIsNot:
    async def test_one_that_fits(self) -> None:
        fake = FakeTransport(GOOD)
        async with client_of(fake) as client:
            response = await client.generate_text(asking())
        assert (len(fake.sent), len(response.raws)) == (1, 1)
        assert "tries" not in response.metadata
        assert "asked-again" not in {note.code for note in response.diagnostics}

    @pytest.mark.parametrize("given", [{"reasks": 0}, {}])
    async def test_one_for_which_nobody_asked(self, given: dict[str, Any]) -> None:
        fake = FakeTransport(BAD, GOOD)
        request: Any = TextRequest(prompt="Who?", model=CLAUDE, response_format=Person, **given)
        async with client_of(fake) as client:
            with pytest.raises(ValidationError):
                await client.generate_text(request)
        assert len(fake.sent) == 1

    async def test_one_without_a_structure(self) -> None:
        fake = FakeTransport(Reply(text="Ann"))
        async with client_of(fake) as client:
            await client.generate_text(asking(response_format=None))
        assert len(fake.sent) == 1

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (Reply(refusal="I will not."), RefusalError),
            (Reply(structured={}, stop_reason="max_output_tokens"), TruncatedError),
            (Reply(structured={}, stop_reason="content_filter"), ProviderError),
        ],
    )
    async def test_one_that_was_refused_cut_or_withheld(self, reply: Reply, kind: type[Exception]) -> None:
        fake = FakeTransport(reply, GOOD)
        async with client_of(fake, GPT) as client:
            with pytest.raises(kind):
                await client.generate_text(asking(GPT))
        assert len(fake.sent) == 1

    async def test_one_whose_class_raises_an_error_of_its_own(self) -> None:
        class Odd(BaseModel):
            name: str

            @field_validator("name")
            @classmethod
            def _break(cls, _: str) -> str:
                raise KeyError("mine")

        fake = FakeTransport(GOOD, GOOD)
        async with client_of(fake) as client:
            with pytest.raises(KeyError, match="mine"):
                await client.generate_text(asking(response_format=Odd))
        assert len(fake.sent) == 1

    async def test_one_whose_turns_extra_has_replaced(self) -> None:
        fake = FakeTransport(BAD, GOOD)
        async with client_of(fake, GPT) as client:
            with pytest.raises(ValidationError):
                await client.generate_text(asking(GPT, extra={"input": "Who?"}))
        assert len(fake.sent) == 1


class TestHowOften:
    async def test_as_often_as_the_request_says(self) -> None:
        fake = FakeTransport(BAD, BAD, BAD, GOOD)
        async with client_of(fake) as client:
            with pytest.raises(ValidationError):
                await client.generate_text(asking())
        assert len(fake.sent) == 3

    async def test_a_client_may_say_it_for_all_requests(self) -> None:
        fake = FakeTransport(BAD, GOOD, BAD)
        request: Any = TextRequest(prompt="Who?", model=CLAUDE, response_format=Person)
        async with client_of(fake, reasks=1) as client:
            assert (await client.generate_text(request)).structured_data == ANN
            with pytest.raises(ValidationError):
                await client.generate_text(asking(prompt="Who else?", reasks=0))
        assert len(fake.sent) == 3

    async def test_a_failed_call_is_retried_within_a_try(self) -> None:
        told: list[str] = []
        fake = FakeTransport(BAD, Reply(status=503), GOOD)
        async with client_of(fake, max_retries=1) as client:
            request = asking(on_progress=lambda event: told.append(event["event"]))
            assert (await client.generate_text(request)).structured_data == ANN
        assert told == ["llm_started", "structured_reask", "retry", "llm_done"]

    async def test_a_try_that_is_cut_or_fails_is_the_last(self) -> None:
        fake = FakeTransport(BAD, Reply(structured={}, stop_reason="max_tokens"), BAD, Reply(status=400))
        async with client_of(fake) as client:
            with pytest.raises(TruncatedError):
                await client.generate_text(asking())
            with pytest.raises(BadRequestError) as caught:
                await client.generate_text(asking())
        assert len(fake.sent) == 4
        assert caught.value.__notes__ == ["asked again (try 2), since an answer did not fit at age"]


class TestTheCallsOfAPlan:
    async def test_of_two_steps_only_the_second_is_asked_again(self) -> None:
        fake = FakeTransport(Reply(text="Ann, 3."), BAD, GOOD, check=True)
        async with client_of(fake, GPT) as client:
            response = await client.generate_text(asking(GPT, structured_output="two_pass"))
        assert (response.structured_data, len(response.raws)) == (ANN, 3)
        first, second, third = [sent.body["input"] for sent in fake.sent]
        assert first == [{"type": "message", "role": "user", "content": "Who?"}]
        assert third[: len(second)] == second
        assert "Ann, 3." in second[0]["content"]

    async def test_a_try_may_call_the_callers_tools(self) -> None:
        look = Tool("look", "Looks.", {"type": "object", "properties": {}})
        fake = FakeTransport(BAD, Reply(tool_calls=[{"name": "look"}]), check=True)
        async with client_of(fake, GPT) as client:
            response = await client.generate_text(asking(GPT, tools=[look]))
        assert [call.name for call in response.tool_calls] == ["look"]
        assert (response.structured_data, len(response.metadata["tries"])) == (None, 1)

    async def test_each_round_of_tools_has_its_tries(self) -> None:
        def look() -> str:
            """Look."""
            return "Ann, 3"

        calling = Reply(tool_calls=[{"name": "look"}])
        fake = FakeTransport(BAD, calling, BAD, GOOD, check=True)
        async with client_of(fake, GPT) as client:
            run = await client.run_tools(asking(GPT, reasks=1), [look])
        assert run.response.structured_data == ANN
        assert [len(one.metadata["tries"]) for one in run.responses] == [1, 1]


class TestWhatIsTold:
    @each_wire
    async def test_the_figures_of_all_tries(self, wire: Wire, server: LoopbackServer) -> None:
        server.script(*[BAD, BAD, GOOD] * 2)
        request = wire.request("Who?", response_format=Person, reasks=2)
        async with wire.client(server.url) as client:
            response = await client.generate_text(request)
            single = [
                await client.generate_text(request.model_copy(update={"response_format": None}))
                for _ in range(3)
            ]
        assert response.input_tokens > 3 * single[0].input_tokens
        assert response.output_tokens == sum(one.output_tokens for one in single)
        tries = response.metadata["tries"]
        assert [one["errors"] for one in tries] == [[FAULT]] * 2
        assert response.raw == response.raws[2]
        assert len({str(raw) for raw in response.raws}) == 3
        assert response.request_id not in {one["request_id"] for one in tries}

    async def test_what_they_cost_and_how_long_they_took(self) -> None:
        fake = FakeTransport(*[Reply(structured=one.structured, delay=0.05) for one in (BAD, GOOD)])
        async with client_of(fake) as client:
            response = await client.generate_text(asking())
        assert response.elapsed_seconds is not None
        assert response.elapsed_seconds > 0.1
        assert response.input_tokens > 2 * response.metadata["tries"][0]["input_tokens"]
        own = replace(response, _tries=()).cost
        assert own is not None
        assert response.cost is not None
        assert response.cost > own > 0

    async def test_an_event_before_each(self) -> None:
        events: list[dict[str, Any]] = []
        fake = FakeTransport(BAD, BAD, GOOD)
        async with client_of(fake) as client:
            await client.generate_text(asking(on_progress=events.append))
        assert [event["event"] for event in events] == [
            *("llm_started", "structured_reask", "structured_reask", "llm_done")
        ]
        told = [{key: event[key] for key in ("attempt", "of", "errors")} for event in events[1:3]]
        place, _, message = FAULT.partition(": ")
        errors = [{"place": place, "message": message}]
        assert told == [{"attempt": number, "of": 2, "errors": errors} for number in (1, 2)]

    async def test_a_diagnostic(self) -> None:
        fake = FakeTransport(BAD, BAD, GOOD)
        async with client_of(fake) as client:
            response = await client.generate_text(asking())
        note = next(one for one in response.diagnostics if one.code == "asked-again")
        assert (note.severity, note.applied) == ("info", 2)
        assert note.reason == "The model was asked again 2 times, since an answer did not fit at age."

    async def test_a_diagnostic_of_an_answer_that_is_no_json(self) -> None:
        fake = FakeTransport(Reply(text="no"), GOOD)
        async with client_of(fake, GPT) as client:
            response = await client.generate_text(asking(GPT))
        reasons = {note.code: note.reason for note in response.diagnostics}
        assert reasons["asked-again"] == "The model was asked again once, since an answer did not fit."

    async def test_a_span(self, spans: InMemorySpanExporter) -> None:
        fake = FakeTransport(BAD, GOOD, GOOD, BAD, BAD)
        async with client_of(fake) as client:
            response = await client.generate_text(asking())
            await client.generate_text(asking(prompt="And?"))
            with pytest.raises(ValidationError):
                await client.generate_text(asking(prompt="And then?", reasks=1))
        found = spans.get_finished_spans()
        whole = [dict(span.attributes or {}) for span in found if span.name.startswith("smartllm.answer ")]
        first, second, third = whole
        assert "smartllm.reasks" not in second
        assert (first["smartllm.reasks"], third["smartllm.reasks"]) == (1, 1)
        calls = [dict(span.attributes or {}) for span in found if span.name.startswith("chat ")]
        assert len(calls) == len(fake.sent) == 5
        assert not [one for one in whole if "gen_ai.usage.output_tokens" in one]
        first_two = [one["gen_ai.usage.output_tokens"] for one in calls[:2]]
        assert sum(int(str(tokens)) for tokens in first_two) == response.output_tokens

    async def test_no_more_of_many_faults_than_a_model_reads(self) -> None:
        class Wide(BaseModel):
            items: list[Literal["a", "b"]]

        wrong = Reply(structured={"items": ["long" * 100] * 500})
        fake = FakeTransport(wrong, Reply(structured={"items": ["a"]}))
        async with client_of(fake) as client:
            response = await client.generate_text(asking(response_format=Wide))
        told = fake.sent[1].body["messages"][-1]["content"][0]["content"]
        assert len(told) < 2_500
        assert "items.0: Input should be 'a' or 'b' (it is \"longlong" in told
        assert "errors.pydantic.dev" not in told
        last = response.metadata["tries"][0]["errors"][-1]
        assert last == f"and {500 - told.count('items.')} more"

    async def test_the_error_after_the_last_one(self) -> None:
        fake = FakeTransport(BAD, Reply(text="no"))
        async with client_of(fake, GPT) as client:
            with pytest.raises(StructureError, match="not JSON: 'no'"):
                await client.generate_text(asking(GPT, reasks=1))


class TestStreams:
    @pytest.mark.parametrize("wire", [RESPONSES, INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
    async def test_what_was_shown_stays_and_the_last_chunk_has_what_fits(
        self, wire: Wire, server: LoopbackServer
    ) -> None:
        server.script(BAD, GOOD)
        request = wire.request("Who?", response_format=Person, reasks=1)
        async with wire.client(server.url) as client:
            chunks = [chunk async for chunk in client.generate_text_stream(request)]
        last = chunks[-1]
        assert last.structured_data == ANN
        assert last.response is not None
        assert len(last.response.metadata["tries"]) == 1
        assert last.usage == last.response.usage
        assert [request.path.split("/")[-1] for request in server.requests][1] == (
            server.requests[0].path.split("/")[-1]
        )

    async def test_one_that_never_fits(self) -> None:
        fake = FakeTransport(BAD, BAD)
        async with client_of(fake, GPT) as client:
            with pytest.raises(ValidationError):
                async for _ in client.generate_text_stream(asking(GPT, reasks=1)):
                    pass
        assert len(fake.sent) == 2
