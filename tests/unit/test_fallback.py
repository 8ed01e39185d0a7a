"""Models that take over: after which failures, in which order, with what of the request."""

from __future__ import annotations

from typing import Any

import pytest
from media_samples import PNG
from taken_over import CLAUDE, DOWN, GPT, NOVA, OTHER, RETIRED, ask, client_of

from smartllm import (
    ConfigError,
    Image,
    Message,
    MessageRequest,
    UnknownModelError,
    errors,
)
from smartllm.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionFailedError,
    ContextLengthError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    ProviderTimeoutError,
    QuotaError,
    RateLimitError,
    RefusalError,
    ResponseError,
    ServerError,
    StreamError,
    TruncatedError,
)
from smartllm.runtime.fallback.failures import why_over
from smartllm.structure_errors import FormatUnsupportedError, StructureError
from smartllm.testing import FakeTransport, Reply


def of(kind: type[ProviderError], **about: Any) -> ProviderError:
    return kind("no", model=GPT, **about)


TAKEN = {
    "overload": of(RateLimitError, status=429, retryable=True),
    "quota": of(QuotaError, status=429, code="insufficient_quota"),
    "gone": of(NotFoundError, status=404, code="model_not_found"),
    "no access": of(PermissionDeniedError, status=403),
    "their side": of(ServerError, status=529, retryable=True),
    "their side for good": of(ServerError, status=501),
    "connect": ProviderTimeoutError("connect", 1, model=GPT, retryable=True),
    "first event": ProviderTimeoutError("first_event", 1, model=GPT, retryable=True),
    "reset": of(ConnectionFailedError, retryable=True),
    "no answer": of(ResponseError, status=200),
    "broke off": of(StreamError, retryable=True),
    "overloaded in a stream": of(StreamError, code="ThrottlingException", status=429, retryable=True),
    "no access in a stream": of(StreamError, code="AccessDeniedException"),
    "an unknown code that may pass": of(ProviderError, code="odd", retryable=True),
}
KEPT = {
    "bad request": of(BadRequestError, status=400),
    "too long": of(ContextLengthError, status=400),
    "no schema mode": FormatUnsupportedError("no", model=GPT),
    "key": of(AuthenticationError, status=401),
    "refusal": RefusalError("no", model=GPT, refusal="no"),
    "cut": of(TruncatedError),
    "no structure": StructureError("no", model=GPT),
    "out of time": ProviderTimeoutError("total", 1, model=GPT, retryable=False),
    "certificate": of(ConnectionFailedError),
    "bad request in a stream": of(StreamError, code="validationException", status=400),
    "wrong key in a stream": of(StreamError, code="invalid_api_key", retryable=True),
    "an unknown code": of(ProviderError, code="odd"),
}


@pytest.mark.parametrize("error", TAKEN.values(), ids=TAKEN)
async def test_another_model_is_asked_after(error: ProviderError) -> None:
    fake = FakeTransport(error, Reply(text="there"))
    response = await ask(client_of(fake, ("bedrock", CLAUDE)))
    assert (response.text, response.requested_model, response.provider) == ("there", CLAUDE, "bedrock")
    assert [sent.model for sent in fake.sent] == [GPT, CLAUDE]


@pytest.mark.parametrize("error", KEPT.values(), ids=KEPT)
async def test_no_other_model_is_asked_after(error: ProviderError) -> None:
    assert not why_over(error)
    if isinstance(error, StructureError):
        return  # a transport raises none
    fake = FakeTransport(error)
    with pytest.raises(type(error)) as caught:
        await ask(client_of(fake, ("bedrock", CLAUDE)))
    assert (len(fake.sent), caught.value.tried) == (1, ())


def test_every_class_of_errors_is_decided() -> None:
    told = {type(error) for error in (*TAKEN.values(), *KEPT.values())}
    named = {getattr(errors, name) for name in dir(errors) if name.endswith("Error")}
    assert {one for one in named if isinstance(one, type) and issubclass(one, ProviderError)} <= told


def test_texts_decide_nothing() -> None:
    assert not why_over(of(BadRequestError, status=400, code="x"))
    assert not why_over(BadRequestError("overloaded_error 429 quota", model=GPT, status=400))
    assert not why_over(RuntimeError("503"))


async def test_retries_come_first() -> None:
    fake = FakeTransport(DOWN, Reply(status=429), Reply(text="there"))
    response = await ask(client_of(fake, ("bedrock", CLAUDE), max_retries=1, retry_delay=0))
    assert [sent.model for sent in fake.sent] == [GPT, GPT, CLAUDE]
    (tried,) = response.metadata["tried"]
    assert tried["attempts"] == 2


async def test_they_take_over_in_their_order() -> None:
    fake = FakeTransport(DOWN, Reply(status=404), Reply(text="there"))
    response = await ask(client_of(fake, OTHER, f"bedrock/{CLAUDE}", ("openai", "gpt-4.1")))
    assert [sent.model for sent in fake.sent] == [GPT, OTHER, CLAUDE]
    assert [one["model"] for one in response.metadata["tried"]] == [GPT, OTHER]


async def test_without_a_failure_nothing_is_told() -> None:
    fake = FakeTransport()
    response = await ask(client_of(fake, OTHER))
    assert "tried" not in response.metadata
    assert not [item for item in response.diagnostics if item.code.startswith("fallback")]


async def test_the_request_is_compiled_for_each() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    response = await ask(
        client_of(fake, ("bedrock", CLAUDE), model="o3", temperature=0.3), system_prompt="Be short."
    )
    first, second = (sent.body for sent in fake.sent)
    assert first["instructions"] == "Be short."
    assert second["system"] == "Be short."
    assert second["anthropic_version"]
    assert "temperature" not in first
    assert second["temperature"] == 0.3
    assert not [item for item in response.diagnostics if item.code == "temperature-dropped"]


async def test_an_entry_has_defaults_of_its_own() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    entry = {"provider": "bedrock", "model": CLAUDE, "max_tokens": 77, "temperature": 0.7}
    await ask(client_of(fake, entry, max_tokens=55))
    first, second = (sent.body for sent in fake.sent)
    assert first["max_output_tokens"] == 55
    assert (second["max_tokens"], second["temperature"]) == (77, 0.7)


async def test_the_model_of_a_request_is_the_first() -> None:
    fake = FakeTransport(DOWN, Reply(text="there"))
    response = await ask(client_of(fake, OTHER), model="gpt-4.1")
    assert [sent.model for sent in fake.sent] == ["gpt-4.1", OTHER]
    assert response.requested_model == OTHER


async def test_a_structure_is_bound_in_the_way_of_each() -> None:
    fake = FakeTransport(DOWN, Reply(structured={"name": "Ada"}))
    wanted = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    response = await ask(client_of(fake, ("bedrock", "us.amazon.nova-pro-v1:0")), response_format=wanted)
    assert response.structured_data == {"name": "Ada"}


class TestRetired:
    async def test_a_retired_model_is_not_called(self) -> None:
        fake = FakeTransport(Reply(text="there"))
        events: list[Any] = []
        response = await ask(client_of(fake, OTHER, model=RETIRED), on_progress=events.append)
        assert [sent.model for sent in fake.sent] == [OTHER]
        assert [event["event"] for event in events] == ["fallback", "llm_started", "llm_done"]
        assert (events[0]["model"], events[0]["attempts"]) == (RETIRED, 0)
        (tried,) = response.metadata["tried"]
        assert (tried["model"], tried["error"], tried["skipped"]) == (
            RETIRED,
            "UnknownModelError",
            True,
        )
        (note,) = [item for item in response.diagnostics if item.code == "fallback-used"]
        assert "retired" in note.reason

    async def test_where_nothing_takes_over_it_is_told(self) -> None:
        fake = FakeTransport()
        with pytest.raises(UnknownModelError) as caught:
            await ask(client_of(fake, NOVA, model=RETIRED), prompt=[Image(data=PNG), "x"])
        assert (caught.value.retired, fake.sent) == (True, [])
        (tried,) = caught.value.tried
        assert (tried.model, tried.skipped) == (NOVA[1], True)

    async def test_an_unknown_model_is_the_callers_to_mend(self) -> None:
        fake = FakeTransport()
        with pytest.raises(UnknownModelError) as caught:
            await ask(client_of(fake, OTHER), model="nobody-knows-it")
        assert (caught.value.retired, fake.sent) == (False, [])

    def test_a_retired_fallback_is_told_at_once(self) -> None:
        with pytest.raises(ConfigError, match=r"fallback\[1\]: .*gpt-4-32k.*") as caught:
            client_of(FakeTransport(), OTHER, RETIRED)
        assert caught.value.hint


async def test_conversations_and_many_requests_go_through_it() -> None:
    fake = FakeTransport(*[reply for _ in range(3) for reply in (DOWN, Reply(text="there"))])
    async with client_of(fake, OTHER) as client:
        turn = await client.send_message(MessageRequest(messages=[Message("user", "hi")], use_cache=False))
        answers = await client.map(["a", "b"], max_concurrent=1, use_cache=False)
    assert [one.requested_model for one in (turn, *answers)] == [OTHER] * 3
