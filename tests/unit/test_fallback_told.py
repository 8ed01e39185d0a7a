"""What is told of models that were asked in vain: events, diagnostics, errors, logs, and what they cost."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from decimal import Decimal
from typing import Any

import pytest
from structured_asks import Person
from taken_over import CLAUDE, DOWN, GPT, OTHER, ask, client_of

from smartllm import TextRequest
from smartllm.errors import AuthenticationError, BadRequestError, ServerError
from smartllm.response_json import as_dict
from smartllm.testing import FakeTransport, Reply
from smartllm.tried import Tried

TWO_STEPS = "us.anthropic.claude-opus-5-5"
DATA: dict[str, Any] = {"name": "Ada", "age": 36}
QUOTA = Reply(status=429, error_code="insufficient_quota")
KEY = "sk-canary-0123456789ABCDEF"


class TestEvents:
    async def test_each_switch_is_told(self) -> None:
        events: list[Any] = []
        fake = FakeTransport(DOWN, QUOTA, Reply(text="there"))
        client = client_of(fake, ("bedrock", CLAUDE), OTHER, max_retries=0)
        await ask(client, on_progress=events.append)
        assert [event["event"] for event in events] == [
            *("llm_started", "fallback", "llm_started", "fallback", "llm_started", "llm_done"),
        ]
        first, second = (event for event in events if event["event"] == "fallback")
        assert (first["provider"], first["model"]) == ("openai", GPT)
        assert (first["to_provider"], first["to_model"]) == ("bedrock", CLAUDE)
        assert (first["error"], first["status"], first["attempts"]) == ("ServerError", 503, 1)
        assert first["reason"] == "its own side failed"
        assert first["error_message"].startswith("503 from the provider")
        assert (second["provider"], second["model"], second["to_model"]) == ("bedrock", CLAUDE, OTHER)
        assert second["skipped"] == []
        assert [(event["provider"], event["model"]) for event in events[4:]] == [("openai", OTHER)] * 2

    async def test_the_last_failure_is_the_error(self) -> None:
        events: list[Any] = []
        fake = FakeTransport(DOWN, DOWN)
        with pytest.raises(ServerError):
            await ask(client_of(fake, OTHER), on_progress=events.append)
        assert [event["event"] for event in events] == ["llm_started", "fallback", "llm_started", "error"]
        assert events[-1]["model"] == OTHER

    async def test_retries_of_each_are_its_own(self) -> None:
        events: list[Any] = []
        fake = FakeTransport(DOWN, DOWN, DOWN, DOWN, Reply(text="there"))
        entry = {"model": OTHER, "max_retries": 2, "retry_delay": 0}
        await ask(client_of(fake, entry, max_retries=1, retry_delay=0), on_progress=events.append)
        retries = [event for event in events if event["event"] == "retry"]
        assert [(one["model"], one["attempt"], one["max_retries"]) for one in retries] == [
            (GPT, 1, 1),
            (OTHER, 1, 2),
            (OTHER, 2, 2),
        ]

    async def test_a_callback_that_fails_ends_nothing(self) -> None:
        def told(event: Any) -> None:
            raise RuntimeError(event["event"])

        fake = FakeTransport(DOWN, Reply(text="there"))
        assert (await ask(client_of(fake, OTHER), on_progress=told)).text == "there"


class TestAnAnswer:
    async def test_each_switch_has_a_diagnostic(self) -> None:
        fake = FakeTransport(DOWN, QUOTA, Reply(text="there"))
        response = await ask(client_of(fake, ("bedrock", CLAUDE), OTHER))
        notes = [item for item in response.diagnostics if item.code == "fallback-used"]
        assert [(item.asked, item.applied) for item in notes] == [
            (f"openai {GPT}", f"bedrock {CLAUDE}"),
            (f"bedrock {CLAUDE}", f"openai {OTHER}"),
        ]
        assert {(item.severity, item.path, item.action) for item in notes} == {
            ("warning", "model", "changed")
        }
        assert str(notes[0].origin) == "setting fallback"
        assert "ServerError, status 503" in notes[0].reason
        json.dumps(as_dict(response))

    async def test_what_failed_stands_in_its_metadata(self) -> None:
        fake = FakeTransport(QUOTA, Reply(text="there"))
        response = await ask(client_of(fake, OTHER))
        (tried,) = response.metadata["tried"]
        assert tried | {"error_message": "", "request_id": ""} == {
            "provider": "openai",
            "model": GPT,
            "skipped": False,
            "error": "QuotaError",
            "error_message": "",
            "status": 429,
            "code": "insufficient_quota",
            "request_id": "",
            "attempts": 1,
        }
        assert tried["request_id"].startswith("req_")

    async def test_a_switch_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        fake = FakeTransport(DOWN, Reply(text="there"), DOWN, Reply(text="there"))
        with caplog.at_level(logging.INFO, "smartllm"):
            async with client_of(fake, OTHER, level="warn") as client:
                for _ in range(2):
                    await client.generate_text("hi", use_cache=False)
        told = [record.message for record in caplog.records if "is asked instead" in record.message]
        assert len(told) == 2
        assert told[0].startswith(f"openai {GPT} failed (ServerError, status 503")
        warned = [record for record in caplog.records if "fallback-used" in record.message]
        assert len(warned) == 1, "a warning is said once"

    async def test_what_was_paid_before_is_counted(self) -> None:
        fake = FakeTransport(Reply(text="It is Ada."), DOWN, Reply(structured=DATA))
        client = client_of(fake, ("openai", OTHER), provider="bedrock", model=TWO_STEPS)
        response = await ask(client, response_format=Person)
        assert response.structured_data == Person(**DATA)
        (tried,) = response.metadata["tried"]
        assert tried["output_tokens"] > 0
        alone = await ask(
            client_of(FakeTransport(Reply(structured=DATA)), model=OTHER), response_format=Person
        )
        assert response.output_tokens == alone.output_tokens + tried["output_tokens"]
        assert response.input_tokens == alone.input_tokens + tried["input_tokens"]
        assert response.cost is not None
        assert alone.cost is not None
        assert response.cost > alone.cost
        assert response.original_cost == response.cost

    async def test_its_usage_event_has_all_of_it(self) -> None:
        events: list[Any] = []
        fake = FakeTransport(Reply(text="It is Ada."), DOWN, Reply(structured=DATA))
        client = client_of(fake, ("openai", OTHER), provider="bedrock", model=TWO_STEPS)
        response = await ask(client, response_format=Person, on_progress=events.append)
        assert events[-1]["output_tokens"] == response.output_tokens
        assert "output_tokens" not in next(event for event in events if event["event"] == "fallback")

    async def test_it_leaves_the_process(self) -> None:
        fake = FakeTransport(Reply(text="It is Ada."), DOWN, Reply(structured=DATA))
        client = client_of(fake, ("openai", OTHER), provider="bedrock", model=TWO_STEPS)
        response = await ask(client, response_format=Person)
        again = pickle.loads(pickle.dumps(response))  # noqa: S301
        assert (again.cost, again.usage, again.diagnostics) == (
            response.cost,
            response.usage,
            response.diagnostics,
        )


class TestAnError:
    async def test_it_is_the_last_one_and_has_the_others(self) -> None:
        fake = FakeTransport(DOWN, QUOTA, Reply(status=400))
        with pytest.raises(BadRequestError) as caught:
            await ask(client_of(fake, ("bedrock", CLAUDE), OTHER))
        error = caught.value
        assert (error.model, error.attempts) == (OTHER, 1)
        assert [(one.provider, one.model, type(one.error).__name__) for one in error.tried] == [
            ("openai", GPT, "ServerError"),
            ("bedrock", CLAUDE, "QuotaError"),
        ]
        assert len(error.__notes__) == 2
        assert error.__notes__[0].startswith(f"smartllm: fallback: before, openai {GPT} failed (ServerError")
        assert error.__context__ is None
        assert [one.error.__traceback__ for one in error.tried] == [None, None], "frames hold prompts"

    async def test_a_wrong_key_of_the_second_is_told_with_the_failure_of_the_first(self) -> None:
        fake = FakeTransport(DOWN, Reply(status=401))
        with pytest.raises(AuthenticationError) as caught:
            await ask(client_of(fake, OTHER, ("bedrock", CLAUDE)))
        assert [type(one.error) for one in caught.value.tried] == [ServerError]
        assert len(fake.sent) == 2, "a wrong key is not passed over"

    @pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])  # noqa: S301
    async def test_it_survives_copies(self, again: Any) -> None:
        fake = FakeTransport(DOWN, DOWN)
        with pytest.raises(ServerError) as caught:
            await ask(client_of(fake, OTHER))
        other = again(caught.value)
        assert [str(one) for one in other.tried] == [str(one) for one in caught.value.tried]
        assert other.__notes__ == caught.value.__notes__

    async def test_what_was_paid_before_is_with_it(self) -> None:
        fake = FakeTransport(Reply(text="It is Ada."), DOWN, Reply(status=400))
        client = client_of(fake, ("openai", OTHER), provider="bedrock", model=TWO_STEPS)
        events: list[Any] = []
        with pytest.raises(BadRequestError) as caught:
            await ask(client, response_format=Person, on_progress=events.append)
        response = caught.value.response
        assert response is not None
        assert (response.requested_model, response.text) == (TWO_STEPS, "It is Ada.")
        assert response.cost is not None
        assert response.cost > 0
        assert events[-1]["output_tokens"] == response.output_tokens > 0

    async def test_what_was_paid_of_both_is_with_it(self) -> None:
        replies = (Reply(text="It is Ada."), DOWN, Reply(structured={"name": "Ada"}))
        client = client_of(FakeTransport(*replies), ("openai", OTHER), provider="bedrock", model=TWO_STEPS)
        with pytest.raises(ValueError, match="age") as caught:
            await ask(client, response_format=Person)
        error: Any = caught.value
        (tried,) = error.tried
        assert error.response.requested_model == OTHER
        assert error.response.output_tokens > tried.error.response.output_tokens > 0
        assert error.response.cost > tried.error.response.cost

    async def test_an_exception_of_the_callers_own_has_it_too(self) -> None:
        class Odd(Person):
            def model_post_init(self, _: Any) -> None:
                raise RuntimeError("mine")

        replies = (Reply(text="It is Ada."), DOWN, Reply(structured=DATA))
        client = client_of(FakeTransport(*replies), ("openai", OTHER), provider="bedrock", model=TWO_STEPS)
        with pytest.raises(RuntimeError, match="mine") as caught:
            await ask(client, response_format=Odd)
        error: Any = caught.value
        assert error.smartllm_response.requested_model == OTHER
        assert any("fallback: before" in note for note in error.__notes__)
        assert error.smartllm_response.cost > 0

    async def test_no_secret_of_any_is_told(self) -> None:
        other_key = KEY.replace("canary", "second")
        fake = FakeTransport(
            Reply(status=503, error_message=f"no {KEY}"), Reply(status=503, error_message=f"no {other_key}")
        )
        events: list[Any] = []
        client = client_of(fake, {"model": OTHER, "api_key": other_key}, api_key=KEY)
        with pytest.raises(ServerError) as caught:
            await ask(client, on_progress=events.append)
        error = caught.value
        told = [str(error), repr(error), repr(error.tried), error.__notes__, events, repr(client.config)]
        assert not [secret for secret in (KEY, other_key) if secret in repr(told)]

    def test_a_line_says_who_and_why(self) -> None:
        error = ServerError("no", model="m", status=503, code="x", attempts=4)
        assert (
            str(Tried("openai", "m", error))
            == "openai m failed (ServerError, status 503, code x, 4 attempts)"
        )
        plain = Tried("bedrock", "n", BadRequestError("no", model="n"), skipped=True)
        assert str(plain) == "bedrock n left out (BadRequestError, 1 attempt)"


async def test_a_hit_and_a_joined_call_cost_nothing() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"), DOWN)
    request = TextRequest(prompt="hi", temperature=0)
    async with client_of(fake, "gpt-4o", model="gpt-4.1") as client:
        first = await client.generate_text(request)
        again = await client.generate_text(request)
    assert first.cost is not None
    assert first.cost > 0
    assert (again.cache_source, again.cost, again.original_cost) == ("l1", Decimal(0), first.cost)
    assert again.requested_model == "gpt-4o"
    assert [item.code for item in again.diagnostics if item.code.startswith("fallback")] == ["fallback-used"]
