"""Errors that a status tells of: bodies of any shape, and the next step."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from smartllm import errors
from smartllm.error_object import _words, error_in, read_error
from smartllm.errors import ProviderError
from smartllm.hosts.aws import aws_error, frame_error
from smartllm.hosts.called import Called
from smartllm.hosts.openai import openai_error, path_hint

OWN = "http://user:pass@gpu:8000/v1/chat/completions?key=secret"
AWS = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/invoke"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        *("error", "message", "Message", "detail", "msg", "code", "type", "__type"),
        *("param", "metadata", "failed_generation", "originalStatusCode"),
    ]
)
OBJECTS = st.dictionaries(FIELDS, JSON | st.dictionaries(FIELDS, JSON, max_size=5), max_size=5)
BODIES = st.binary() | (OBJECTS | st.lists(OBJECTS, max_size=2) | JSON).map(json.dumps).map(str.encode)


def of_openai(status: int, body: Any, address: str = OWN, **more: Any) -> ProviderError:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    called = Called(model="a-model", id_header="x-request-id", address=address, **more)
    return openai_error(status, {"x-request-id": "req-1"}, content, called)


def of_bedrock(status: int, body: Any, code: str | None = None, **more: Any) -> ProviderError:
    headers = {"x-amzn-requestid": "aws-1"} | ({"x-amzn-errortype": code} if code else {})
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    called = Called(model="a-model", id_header="x-amzn-requestid", region="eu-west-1", address=AWS, **more)
    return aws_error(status, headers, content, called)


# Shapes


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "message"),
    [
        pytest.param(
            400,
            {"error": {"message": "no", "type": "invalid_request_error", "param": "x.y", "code": None}},
            errors.BadRequestError,
            "invalid_request_error",
            "no (param: x.y)",
            id="openai",
        ),
        pytest.param(
            404,
            {"error": {"message": "no model", "type": "invalid_request_error", "code": "model_not_found"}},
            errors.NotFoundError,
            "model_not_found",
            "no model",
            id="openai-model",
        ),
        pytest.param(
            429,
            {"error": {"message": "pay", "type": "insufficient_quota", "code": "tokens"}},
            errors.QuotaError,
            "tokens",
            "pay",
            id="quota-in-type",
        ),
        pytest.param(
            400,
            {"error": {"code": 400, "message": "too long", "type": "exceed_context_size_error"}},
            errors.ContextLengthError,
            "exceed_context_size_error",
            "too long",
            id="llama.cpp",
        ),
        pytest.param(
            400,
            {"object": "error", "message": "no", "type": "BadRequestError", "param": None, "code": 400},
            errors.BadRequestError,
            "BadRequestError",
            "no",
            id="vllm",
        ),
        pytest.param(
            429,
            {"error": {"message": "limited", "code": 429, "metadata": {"provider_name": "P", "raw": "r"}}},
            errors.RateLimitError,
            "429",
            'limited (metadata: {"provider_name": "P", "raw": "r"})',
            id="openrouter",
        ),
        pytest.param(
            400,
            {"error": {"message": "no JSON", "code": "json_validate_failed", "failed_generation": "x" * 500}},
            errors.BadRequestError,
            "json_validate_failed",
            f"no JSON (failed_generation: {'x' * 199}…)",
            id="groq",
        ),
        pytest.param(
            404, {"detail": "Not Found"}, errors.NotFoundError, None, "Not Found", id="fastapi-path"
        ),
        pytest.param(
            422,
            {"detail": [{"loc": ["body", "model"], "msg": "field required"}]},
            errors.BadRequestError,
            None,
            '[{"loc": ["body", "model"], "msg": "field required"}]',
            id="fastapi-field",
        ),
        pytest.param(404, {"error": "no such model"}, errors.NotFoundError, None, "no such model", id="text"),
        pytest.param(
            404,
            {"error": "Not Found", "message": "no route", "code": "route"},
            errors.NotFoundError,
            "route",
            "no route",
            id="text-and-message",
        ),
        pytest.param(
            400,
            [{"error": {"message": "no", "code": 400, "status": "INVALID_ARGUMENT"}}],
            errors.BadRequestError,
            "400",
            "no",
            id="list",
        ),
        pytest.param(502, b"<html>\n<title>Bad", errors.ServerError, None, "<html>\n<title>Bad", id="html"),
        pytest.param(404, b"404 page not found", errors.NotFoundError, None, "404 page not found", id="line"),
        pytest.param(500, b"\xff\x00", errors.ServerError, None, "\ufffd\x00", id="binary"),
        pytest.param(500, b"", errors.ServerError, None, "", id="empty"),
        pytest.param(500, b"[]", errors.ServerError, None, "[]", id="empty-list"),
        pytest.param(500, b"[" * 100_000, errors.ServerError, None, "[" * 200, id="deep"),
        pytest.param(500, {"error": None}, errors.ServerError, None, '{"error": null}', id="null"),
        pytest.param(500, {"error": ["x"]}, errors.ServerError, None, '{"error": ["x"]}', id="odd"),
        pytest.param(
            400, {"error": {"message": "ok \ud83d"}}, errors.BadRequestError, None, "ok \ufffd", id="half"
        ),
        pytest.param(
            400,
            {"error": {"message": "no", "code": "a\nb", "type": "x" * 101, "param": []}},
            errors.BadRequestError,
            None,
            "no",
            id="codes-that-are-none",
        ),
    ],
)
def test_each_shape_of_a_body(
    status: int, body: Any, kind: type[ProviderError], code: str | None, message: str
) -> None:
    error = of_openai(status, body)
    assert type(error) is kind
    assert error.message == f"{status} from the provider: {message}"
    assert (error.status, error.code, error.request_id) == (status, code, "req-1")
    assert (error.model, error.address) == ("a-model", "http://gpu:8000/v1/chat/completions")


def test_a_message_has_a_limit() -> None:
    assert len(of_openai(400, {"error": {"message": "x" * 1_000_000}}).message) < 2100


def test_the_kind_is_never_judged_by_the_text() -> None:
    error = of_openai(400, {"error": {"message": "429 rate_limit_exceeded insufficient_quota 503"}})
    assert (type(error), error.retryable) == (errors.BadRequestError, False)


@given(status=st.integers(300, 599), content=BODIES, header=st.text(max_size=300))
@example(status=400, content=b'{"error": ""}', header="")
@example(status=400, content=b'{"error": "", "message": "no"}', header="")
def test_no_body_ends_in_a_bare_error(status: int, content: bytes, header: str) -> None:
    named = {"x-request-id": header, "x-amzn-requestid": header, "retry-after": header}
    aws = Called(model="m", id_header="x-amzn-requestid", region="r")
    for error in (
        openai_error(
            status, named, content, Called(model="m", id_header="x-request-id", address="http://h/x")
        ),
        aws_error(status, named, content, aws),
        aws_error(status, {**named, "x-amzn-errortype": header}, content, aws),
    ):
        assert isinstance(error, ProviderError)
        assert error.status == status
        assert len(error.message) < 3000
        assert len(error.request_id or "") <= 200
        assert error.code is None or len(error.code) <= 100
        error.message.encode()
        assert str(error)


@given(OBJECTS)
def test_no_frame_ends_in_a_bare_error(details: dict[str, Any]) -> None:
    for code in ("modelStreamErrorException", "modelErrorException", ""):
        assert isinstance(frame_error(code, details, "m", region="r"), errors.StreamError)


@pytest.mark.parametrize("content", [b"9" * 5000, b'{"error": ' * 900 + b"1" + b"}" * 900, b'{"a": NaN}'])
def test_json_at_its_limits(content: bytes) -> None:
    assert error_in(content).message.startswith(content[:100].decode())


def test_what_can_be_read_but_not_written() -> None:
    value: Any = "x"
    for _ in range(200_000):  # how deep writing goes differs by version
        value = [value]
    assert _words(value) == ""


def test_the_word_error_is_no_code() -> None:
    assert read_error({"type": "error", "message": "no"}).codes == ()


def test_an_error_that_is_a_word_is_said_once() -> None:
    assert read_error({"error": "no", "code": "x", "status": 400}).explanation == "no"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ({"code": 429}, 429),
        ({"code": "new", "status": "503"}, 503),
        ({"code": "new", "status_code": 401}, 401),
        ({"code": "overloaded_error", "status": 503}, 529),
        ({"code": 200}, None),
        ({"code": "9" * 5000, "status": "9" * 5000}, None),
        ({"code": "new"}, None),
    ],
)
def test_a_status_that_an_error_names(error: dict[str, Any], status: int | None) -> None:
    assert read_error(error).status == status


# Bedrock


@pytest.mark.parametrize(
    ("status", "code", "body", "kind", "retryable"),
    [
        (429, "ThrottlingException", {"message": "slow"}, errors.RateLimitError, True),
        (400, "throttlingException", {"message": "slow"}, errors.RateLimitError, True),
        (429, "ModelNotReadyException", {}, errors.ServerError, True),
        (408, "ModelTimeoutException", {}, errors.ServerError, True),
        (424, "ModelErrorException", {"originalStatusCode": 503}, errors.ServerError, True),
        (424, "ModelErrorException", {"originalStatusCode": 400}, errors.ServerError, False),
        (424, "ModelErrorException", {"originalStatusCode": [503]}, errors.ServerError, False),
        (400, "ValidationException", {"message": "no"}, errors.BadRequestError, False),
        (403, "AccessDeniedException", {"message": "no"}, errors.PermissionDeniedError, False),
        (403, "UnrecognizedClientException", {}, errors.AuthenticationError, False),
        (404, "ResourceNotFoundException", {}, errors.NotFoundError, False),
        (400, "ServiceQuotaExceededException", {}, errors.QuotaError, False),
        (429, "ServiceQuotaExceededException", {}, errors.QuotaError, False),
        (503, "ServiceUnavailableException:http://x/", {}, errors.ServerError, True),
        (400, None, {"__type": "com.amazon#ValidationException"}, errors.BadRequestError, False),
        (403, None, {"Message": "Forbidden"}, errors.PermissionDeniedError, False),
        (502, None, b"<html>", errors.ServerError, True),
    ],
)
def test_what_bedrock_says(
    status: int, code: str | None, body: Any, kind: type[ProviderError], retryable: bool
) -> None:
    error = of_bedrock(status, body, code)
    assert (type(error), error.retryable, error.request_id) == (kind, retryable, "aws-1")
    assert error.address == AWS
    assert error.code is None or error.code.endswith("xception")


def test_a_wrong_signature_is_explained_without_what_was_signed() -> None:
    error = of_bedrock(403, {"message": "wrong\nx-amz-security-token: canary"}, "SignatureDoesNotMatch")
    assert "canary" not in str(error)


# Next steps


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://gpu:11434/chat/completions", "base_url that ends with /v1"),
        ("http://gpu:11434/responses", "base_url that ends with /v1, or set api_type="),
        ("http://gpu:8000/v1/responses", 'set api_type="chat_completions"'),
        ("http://gpu/v1/chat/completions/chat/completions", "leave the path of the API out of base_url"),
        ("http://gpu/v1/chat/completions/responses", "leave the path of the API out"),
        ("http://gpu:8000/v1/chat/completions", "check base_url and the model id"),
        ("http://gpu:8000/v1/models", "check base_url"),
    ],
)
@pytest.mark.parametrize("status", [404, 405])
def test_a_path_that_another_server_does_not_know(address: str, said: str, status: int) -> None:
    error = of_openai(status, {"detail": "Not Found"}, address.replace("//", "//user:pass@"))
    assert said in error.hint
    assert error.hint.startswith(f"POST {address} was called; ")
    assert "pass" not in str(error)


@pytest.mark.parametrize("code", ["model_not_found", "NotFoundError", "not_found_error"])
def test_a_model_that_another_server_does_not_have(code: str) -> None:
    assert of_openai(404, {"error": {"message": "no", "code": code}}).hint == "check the model id"


def test_the_method_is_named() -> None:
    assert path_hint("GET", "http://h/models") == (
        "GET http://h/models was called; give a base_url that ends with /v1"
    )


@pytest.mark.parametrize(("status", "more"), [(404, {"public": True}), (400, {}), (500, {})])
def test_no_such_step_where_it_does_not_help(status: int, more: dict[str, Any]) -> None:
    assert of_openai(status, {}, **more).hint == ""


@pytest.mark.parametrize(
    ("status", "source", "hint"),
    [
        (401, "OPENAI_API_KEY", "check the key; it comes from OPENAI_API_KEY"),
        (403, "LLMConfig(api_key=...)", "check what the key may do; it comes from LLMConfig(api_key=...)"),
        (401, None, "check the key"),
        (407, "OPENAI_API_KEY", "a proxy on the way asks for a login"),
        (307, "OPENAI_API_KEY", "redirects are not followed; check base_url"),
        (429, "OPENAI_API_KEY", ""),
    ],
)
def test_a_refused_key_says_where_it_came_from(status: int, source: str | None, hint: str) -> None:
    found = of_openai(status, {}, key_source=source).hint
    assert found.startswith(hint)
    assert bool(found) == bool(hint)


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (403, "UnrecognizedClientException", "the clock; the credentials come from AWS_PROFILE"),
        (403, "AccessDeniedException", "in eu-west-1; the credentials come from AWS_PROFILE"),
        (403, None, "it comes from AWS_PROFILE"),
        (404, None, f"POST {AWS} was called; check endpoint_url"),
        (404, "ResourceNotFoundException", ""),
        (308, None, "redirects are not followed; check endpoint_url"),
    ],
)
def test_next_steps_on_bedrock(status: int, code: str | None, hint: str) -> None:
    found = of_bedrock(status, {}, code, key_source="AWS_PROFILE").hint
    assert found.endswith(hint)
    assert bool(found) == bool(hint)
