"""Errors of Anthropic's API: kinds, next steps, waits."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartllm import errors
from smartllm.errors import ProviderError
from smartllm.hosts.anthropic import _wait, anthropic_error
from smartllm.hosts.called import Called
from smartllm.runtime.transport import Headers
from smartllm.structure_errors import FormatUnsupportedError

URL = "https://api.anthropic.com/v1/messages"


def body_of(kind: str, message: str = "no", **more: Any) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": "req_body"}


def of_anthropic(status: int, body: Any, headers: dict[str, str] | None = None, **more: Any) -> ProviderError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    called = Called(**{"model": "claude", "id_header": "request-id", "address": URL, "public": True, **more})
    return anthropic_error(status, Headers(headers or {}), content, called)


# Anthropic


@pytest.mark.parametrize(
    ("status", "kind", "error", "retryable"),
    [
        (400, "invalid_request_error", errors.BadRequestError, False),
        (401, "authentication_error", errors.AuthenticationError, False),
        (402, "billing_error", errors.QuotaError, False),
        (403, "permission_error", errors.PermissionDeniedError, False),
        (404, "not_found_error", errors.NotFoundError, False),
        (409, "conflict_error", errors.ServerError, True),
        (413, "request_too_large", errors.BadRequestError, False),
        (429, "rate_limit_error", errors.RateLimitError, True),
        (500, "api_error", errors.ServerError, True),
        (504, "timeout_error", errors.ServerError, True),
        (529, "overloaded_error", errors.ServerError, True),
    ],
)
def test_each_type_of_its_page(status: int, kind: str, error: type[ProviderError], retryable: bool) -> None:
    found = of_anthropic(status, body_of(kind, "because"), {"Request-Id": "req_head"})
    assert type(found) is error
    assert (found.status, found.code, found.retryable) == (status, kind, retryable)
    assert (found.request_id, found.model, found.address) == ("req_head", "claude", URL)
    assert found.message == f"{status} from the provider: because"


@pytest.mark.parametrize(
    ("status", "cause", "error", "retryable"),
    [
        (429, "enforced_spend_limit_reached", errors.QuotaError, False),
        (429, "contract_spend_limit_reached", errors.QuotaError, False),
        (402, "linked_organization_spend_limit_reached", errors.QuotaError, False),
        (402, "linked_organization_billing_unavailable", errors.QuotaError, False),
        (429, "ramp_limit_exceeded", errors.RateLimitError, True),
        (400, "image_dimensions_too_large", errors.BadRequestError, False),
    ],
)
def test_the_cause_outranks_the_type(
    status: int, cause: str, error: type[ProviderError], retryable: bool
) -> None:
    kind = "rate_limit_error" if status == 429 else "invalid_request_error"
    details = {"error_code": cause, "paths": ["messages.0.content.1"]}
    found = of_anthropic(status, body_of(kind, details=details))
    assert (type(found), found.code, found.retryable) == (error, cause, retryable)
    assert "messages.0.content.1" in found.message
    if error is errors.QuotaError:
        assert found.hint == "raise the spend limit, or look at the billing, in the Claude Console"


@pytest.mark.parametrize(
    ("told", "retryable"), [("true", True), ("false", False), ("maybe", True), ("", True)]
)
def test_it_says_itself_whether_to_try_again(told: str, retryable: bool) -> None:
    assert of_anthropic(529, body_of("overloaded_error"), {"X-Should-Retry": told}).retryable is retryable


def test_the_id_stands_in_the_body_too() -> None:
    assert of_anthropic(500, body_of("api_error")).request_id == "req_body"
    for body in (b"<html>", b"[]", b"null", {"request_id": 5}, {"request_id": ""}, b"[" * 100_000):
        assert of_anthropic(500, body).request_id is None
    assert of_anthropic(500, {"request_id": "x" * 500}).request_id == "x" * 199 + "…"


@pytest.mark.parametrize(
    ("status", "body", "about", "hint"),
    [
        (
            401,
            body_of("authentication_error"),
            {"key_source": "ANTHROPIC_API_KEY"},
            "check the key; it comes from ANTHROPIC_API_KEY",
        ),
        (413, body_of("request_too_large"), {}, "send files by file_id or an address instead of their bytes"),
        (404, body_of("not_found_error", "model: x"), {}, "check the model id; `smartllm models` lists them"),
        (404, b"not found", {}, f"POST {URL} was called; check the model id and base_url"),
        (
            404,
            body_of("not_found_error"),
            {"public": False},
            f"POST {URL} was called; check the model id and base_url",
        ),
        (
            405,
            b"",
            {"public": False, "address": "http://u:p@gate/x?key=s"},
            "POST http://gate/x was called; check the model id and base_url",
        ),
        (
            404,
            body_of("not_found_error"),
            {"public": False, "settings": ("endpoint_url",)},
            f"POST {URL} was called; check the model id and endpoint_url",
        ),
        (308, b"", {}, "redirects are not followed; check base_url"),
        (400, body_of("invalid_request_error"), {}, ""),
        (529, body_of("overloaded_error"), {}, ""),
    ],
)
def test_next_steps(status: int, body: Any, about: dict[str, Any], hint: str) -> None:
    assert of_anthropic(status, body, **about).hint == hint


def test_a_refused_schema_mode() -> None:
    found = of_anthropic(
        400, body_of("invalid_request_error", "output_config.format: Extra inputs are not permitted")
    )
    assert isinstance(found, FormatUnsupportedError)
    assert (found.code, found.retryable) == ("invalid_request_error", False)


# How long to wait


def limits(left: dict[str, str], reset: str = "2020-11-27T12:00:30Z") -> dict[str, str]:
    return {
        f"anthropic-ratelimit-{name}-{what}": value
        for name, remaining in left.items()
        for what, value in (("limit", "50"), ("remaining", remaining), ("reset", reset))
    }


NOON = dt.datetime(2026, 11, 27, 12, tzinfo=dt.UTC).timestamp()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7", **limits({"requests": "0"})}, 7.0),
        (limits({"requests": "0", "tokens": "100"}, "2026-11-27T12:00:30Z"), 30.0),
        (limits({"requests": "0"}, "2026-11-27T12:00:10+00:00"), 10.0),
        (limits({"requests": "0"}, "2026-11-27T12:00:10"), 10.0),
        (limits({"requests": "0"}, "2026-11-27T11:00:00Z"), 0.0),
        (limits({"requests": "0"}, "soon"), None),
        (limits({"requests": "3", "output-tokens": "100"}), None),
        ({}, None),
    ],
)
def test_a_limit_tells_when_it_begins_anew(headers: dict[str, str], seconds: float | None) -> None:
    assert _wait(Headers(headers), now=lambda: NOON) == seconds


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="Windows cannot change its zone")
def test_a_moment_without_a_zone_is_not_local(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        headers = Headers(limits({"requests": "0"}, "2026-11-27T12:00:10"))
        assert _wait(headers, now=lambda: NOON) == 10.0
    time.tzset()


def test_the_last_of_several_limits_counts() -> None:
    later = {
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": "2026-11-27T12:01:00Z",
    }
    assert _wait(Headers({**limits({"requests": "0"}), **later}), now=lambda: NOON) == 60.0


def test_the_limit_that_is_used_up_is_named() -> None:
    found = of_anthropic(429, body_of("rate_limit_error"), limits({"requests": "12", "input-tokens": "0"}))
    assert found.hint == "input-tokens: 0 of 50 left"
    assert found.retry_after == 0  # it began anew long ago
    assert of_anthropic(500, body_of("api_error"), limits({"tokens": "0"})).retry_after is None


@given(
    status=st.integers(300, 599),
    body=st.binary() | st.text().map(str.encode),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "request-id",
                "retry-after",
                "x-should-retry",
                "anthropic-ratelimit-tokens-remaining",
                "anthropic-ratelimit-tokens-reset",
            ]
        ),
        st.text(max_size=12) | st.just("0"),
    ),
)
def test_no_answer_is_a_bare_error(status: int, body: bytes, headers: dict[str, str]) -> None:
    found = of_anthropic(status, body, headers)
    assert found.status == status
    assert found.retry_after is None or found.retry_after >= 0
