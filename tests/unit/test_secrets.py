"""Secrets stay out of all that is shown: each attribute, log line, event and span, in each spelling."""

from __future__ import annotations

import asyncio
import json
import logging
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import quote, quote_plus

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from wires import CHAT, INVOKE, RESPONSES, Wire

from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import Text, ToolCall
from smartllm.errors import (
    ConfigError,
    ProviderError,
    RefusalError,
    SmartLLMError,
    StreamError,
    UnknownModelError,
)
from smartllm.hosts.called import shown_address
from smartllm.model_errors import ModelMismatchError
from smartllm.response import TextResponse
from smartllm.runtime.secrets import hidden, hide_secrets
from smartllm.testing import LoopbackServer, Reply
from smartllm.usage import Usage

KEY = "sk-canary-0123456789ABCDEF"
ODD = 'p@ss/w"rd&é+ü=<0>'
SECRETS = (KEY, ODD, "short")


@pytest.mark.parametrize(
    "spelled",
    [
        KEY,
        ODD,
        quote(ODD),
        quote(ODD, safe=""),
        quote(ODD, safe="").lower(),
        quote_plus(ODD),
        json.dumps(ODD)[1:-1],
        ODD.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;"),
        repr(KEY.encode())[2:-1],
        b64encode(f"user:{KEY}".encode()).decode(),
        b64encode(ODD.encode()).decode(),
        urlsafe_b64encode(f"someone:{ODD}??>>".encode()).decode(),
    ],
)
def test_each_spelling_is_hidden(spelled: str) -> None:
    assert hidden(f"before {spelled} behind", SECRETS) == "before [secret] behind"
    assert hidden(f"{spelled}, {spelled}", SECRETS) == "[secret], [secret]"


@given(secret=st.text(min_size=9), before=st.binary(max_size=8), after=st.binary(max_size=8))
def test_base64_is_hidden_wherever_the_secret_stands_in_it(secret: str, before: bytes, after: bytes) -> None:
    data = before + secret.encode(errors="replace") + after
    for encode in (b64encode, urlsafe_b64encode):
        assert encode(data).decode().rstrip("=") not in hidden(f"Basic {encode(data).decode()}", [secret])


@given(text=st.text(), secret=st.text(min_size=8), rest=st.text())
def test_no_text_holds_the_secret(text: str, secret: str, rest: str) -> None:
    shown = hidden(text + secret + rest, [secret])
    assert secret not in shown.replace("[secret]", "\0")


@given(text=st.text(alphabet="abc .\n"))
def test_a_text_without_secrets_stays(text: str) -> None:
    assert hidden(text, SECRETS) == text


@pytest.mark.parametrize("length", [8, 9, 15, len(KEY) - 1])
@pytest.mark.parametrize("mark", ["", "'", '"', "'}", "…", "...", "') …", "\n"])
def test_a_secret_that_was_cut_is_hidden(length: int, mark: str) -> None:
    assert hidden(f"said: {KEY[:length]}{mark}", SECRETS) == f"said: [secret]{mark}"


def test_what_was_cut_is_hidden_before_more_text_too() -> None:
    for rest in ("… (param: x)", " (param: x)", "' (failed_generation: x)", "'\nnext line"):
        assert hidden(f"{KEY[:12]}{rest}", SECRETS) == f"[secret]{rest}"


def test_the_cut_end_of_an_escaped_secret_is_hidden() -> None:
    assert hidden(f"http://u:{quote(ODD, safe='')[:11]}", SECRETS) == "http://u:[secret]"


@pytest.mark.parametrize("text", [f"{KEY[:7]}", f"{KEY[:8]} is how keys begin", "short", "the short text"])
def test_short_beginnings_and_short_secrets_are_left(text: str) -> None:
    assert hidden(text, SECRETS) == text


def test_the_longer_of_two_secrets_goes_first() -> None:
    assert hidden(f"{KEY}-more", [KEY, f"{KEY}-more"]) == "[secret]"


@pytest.mark.parametrize("secrets", [(), ("",), ("short",)])
def test_without_secrets_nothing_changes(secrets: tuple[str, ...]) -> None:
    assert hidden(f"{KEY} and more", secrets) == f"{KEY} and more"


def test_a_long_token_costs_little() -> None:
    token = "A" * 1000 + "b" * 1000
    assert hidden("x" * 100_000 + token[:1500], [token]).endswith("x[secret]")


# Errors


def echo(where: str) -> str:
    return f"{where} {KEY}"


@pytest.mark.parametrize(
    "name", ["message", "hint", "code", "request_id", "partial_text", "model", "address", "refusal"]
)
def test_every_text_of_an_error_is_cleaned(name: str) -> None:
    error = RefusalError("no", model="m", refusal="no")
    setattr(error, name, echo(name))
    hide_secrets(error, SECRETS)
    assert getattr(error, name) == f"{name} [secret]"
    assert KEY not in repr(vars(error)) + str(error) + repr(error)


def test_arguments_notes_and_lists_are_cleaned() -> None:
    error = UnknownModelError(echo("a"), hint=echo("b"), model=KEY, nearest=(KEY, "x"))
    error.add_note(echo("c"))
    hide_secrets(error, SECRETS)
    assert error.args == ("a [secret]",)
    assert error.nearest == ("[secret]", "x")
    assert error.__notes__ == ["c [secret]"]


def test_faults_and_the_answer_are_cleaned_too() -> None:
    said = Text(echo("text"), ({"url": echo("cited")},))
    decoded = Decoded((said, ToolCall("1", "f", {KEY: [echo("x")]})), "stop", Usage(), raw={"a": echo("raw")})
    response = TextResponse(echo("text"), "m", "stop", metadata={"thinking": echo("t")}, _answers=(decoded,))
    error = ModelMismatchError(
        "no", lines=[{"type": "x", "loc": (KEY,), "msg": echo("m"), "input": {"a": KEY}}]
    )
    error.response = response
    hide_secrets(error, SECRETS)
    assert KEY not in repr(vars(error)) + repr(error.errors())
    kept = error.response
    assert KEY not in repr([kept, kept.parts, kept.raws, kept.as_message()])
    assert (kept.text, kept.raw) == ("text [secret]", {"a": "raw [secret]"})
    assert error.errors()[0]["loc"] == ("[secret]",)
    assert KEY in response.text  # others may hold the answer too
    assert KEY in decoded.parts[0].text  # type: ignore[union-attr]


def test_an_answer_without_secrets_is_left_as_it_is() -> None:
    error = StreamError("no", model="m")
    error.response = response = TextResponse("text", "m", "stop")
    hide_secrets(error, SECRETS)
    assert error.response is response


def test_what_is_no_text_stays() -> None:
    error = StreamError("no", model="m", status=503, retry_after=2.0, retryable=True)
    hide_secrets(error, SECRETS)
    assert (error.status, error.retry_after, error.retryable, error.code) == (503, 2.0, True, None)


def test_errors_of_settings_are_cleaned_too() -> None:
    error = ConfigError(echo("aws settings:"))
    hide_secrets(error, SECRETS)
    assert str(error) == "aws settings: [secret]"


async def test_an_error_of_the_http_library_does_not_hang_on_ours() -> None:
    error = ProviderError("no", model="m")
    async with aiohttp.ClientSession() as session:
        try:
            try:
                await session.post("http://127.0.0.1:9/", headers={"Authorization": KEY})
            except aiohttp.ClientError:
                raise error from None
        except ProviderError:
            assert error.__context__ is not None
            hide_secrets(error, SECRETS)
    assert (error.__context__, error.__cause__) == (None, None)


def test_our_own_errors_behind_an_error_stay_and_are_cleaned() -> None:
    first, second = StreamError(echo("first"), model="m"), ProviderError("second", model="m")
    second.__cause__ = first
    hide_secrets(second, SECRETS)
    assert second.__cause__ is first
    assert first.message == "first [secret]"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:secret@host/v1/x?key=secret#secret", "https://host/v1/x"),
        ("https://secret@host:8443", "https://host:8443"),
        ("http://[::1]:80/v1", "http://[::1]:80/v1"),
        ("http://[secret/", "an unreadable address"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_login_and_query(url: str, shown: str) -> None:
    assert shown_address(url) == shown


# Calls


@pytest.mark.parametrize("wire", [RESPONSES, CHAT, INVOKE], ids=lambda wire: wire.api_type)
async def test_a_provider_that_repeats_the_key_everywhere(
    wire: Wire, server: LoopbackServer, spans: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="smartllm")
    key = KEY if wire.provider == "openai" else "aws-canary-secret-0123456789"
    echoing = {"code": key, "type": key, "message": f"you sent {key} and {key[:12]}", "param": key}
    fields: dict[str, Any] = {"error_code": key, "error_message": f"you sent {key}"}
    if wire.provider == "openai":
        fields = {"error_body": {"error": echoing}}
    headers = {"x-request-id": key, "x-amzn-requestid": key}
    server.script(*[Reply(status=503, headers=headers, **fields)] * 2)
    events: list[dict[str, Any]] = []
    own = {"api_key": key} if wire.provider == "openai" else {"aws_secret_access_key": key}
    async with wire.client(server.url, max_retries=1, trace_content=True, **own) as client:
        with pytest.raises(SmartLLMError) as caught:
            await client.generate_text(wire.request("hi", on_progress=events.append))
    error = caught.value
    assert isinstance(error, ProviderError)
    assert error.attempts == 2
    (span,) = spans.get_finished_spans()
    shown = [str(error), repr(error), repr(vars(error)), repr(events), caplog.text, str(span.to_json())]
    assert "retry 1 in" in caplog.text
    assert [event["event"] for event in events] == ["llm_started", "retry", "error"]
    assert error.code == "[secret]"
    for text in shown:
        assert key not in text
        assert key[:12] not in text
    assert not isinstance(error.__context__, (aiohttp.ClientError, asyncio.TimeoutError))
