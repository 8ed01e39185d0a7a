"""The error tree: which classes there are, what they say, and that they can leave their process."""

from __future__ import annotations

import copy
import functools
import importlib
import inspect
import multiprocessing
import pickle
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import pytest

import smartllm
from smartllm import errors
from smartllm.diagnostics import Diagnostic, Origin
from smartllm.error_codes import kind_of, may_pass
from smartllm.errors import ProviderError, ProviderTimeoutError, SmartLLMError
from smartllm.provider_errors import provider_error
from smartllm.response import TextResponse

DIAGNOSTIC = Diagnostic(
    "sampling-dropped", "warning", "top_k", "dropped", 5, None, "not here", Origin("fact", "sampling")
)
ABOUT: dict[str, Any] = {
    "status": 503,
    "code": "overloaded",
    "request_id": "req-1",
    "retry_after": 2.5,
    "partial_text": "so far \ud83d",
    "attempts": 4,
    "address": "https://host/v1/responses",
}
"""What every error of a provider can hold, besides what its own constructor asks for."""
ARGUMENTS: dict[str, Any] = {
    "fact": "messages.prefill",
    "wanted": "image/png",
    "message": "it went wrong",
    "hint": "do this",
    "model": "a-model",
    "nearest": ("b-model", "c-model"),
    "retired": True,
    "field": "top_k",
    "diagnostics": [DIAGNOSTIC],
    "kind": "stall",
    "seconds": 3,
    "retryable": True,
    "refusal": "I cannot",
    "tool": "weather",
    "tools": ("weather", "time"),
    "problems": ("city: Field required",),
    "text": "{not json",
    "response": TextResponse("It is J.", "a-model", "end_turn", 3, 5),
    "title": "Person",
    "faults": (("age", "'old' is not of type 'integer'"),),
    "lines": [{"type": "missing", "loc": ("age",), "msg": "Field required", "input": {"name": "J"}}],
    **ABOUT,
}


@functools.cache
def classes() -> list[type[SmartLLMError]]:
    """Every error of the package, in whichever module it is."""
    for module in pkgutil.walk_packages(smartllm.__path__, "smartllm."):
        # Plugins have no errors of their own, and need packages that may not be there.
        if not module.name.endswith("__main__") and not module.name.startswith("smartllm.plugins."):
            importlib.import_module(module.name)

    def below(kind: type[SmartLLMError]) -> Iterator[type[SmartLLMError]]:
        yield kind
        for each in kind.__subclasses__():
            yield from below(each)

    own = (kind for kind in below(SmartLLMError) if kind.__module__.startswith("smartllm"))
    return sorted(dict.fromkeys(own), key=lambda kind: kind.__name__)


def made(kind: type[SmartLLMError]) -> SmartLLMError:
    """An error with a telling value in every attribute."""
    fields = inspect.signature(kind).parameters
    variadic = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}
    given = {name: ARGUMENTS[name] for name, field in fields.items() if field.kind not in variadic}
    more = ABOUT if any(field.kind is field.VAR_KEYWORD for field in fields.values()) else {}
    error = kind(**{**more, **given})
    error.add_note("a note")
    return error


EVERY = pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)


def pickled(protocol: int, error: Any) -> Any:
    return pickle.loads(pickle.dumps(error, protocol))  # noqa: S301


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle-{number}": partial(pickled, number) for number in range(pickle.HIGHEST_PROTOCOL + 1)},
}


def same(one: BaseException, two: BaseException) -> None:
    assert type(two) is type(one)
    assert two is not one
    assert vars(two) == vars(one)
    assert (two.args, str(two), repr(two)) == (one.args, str(one), repr(one))


@EVERY
@pytest.mark.parametrize("way", COPIES)
def test_every_error_can_be_copied(kind: type[SmartLLMError], way: str) -> None:
    error = made(kind)
    same(error, COPIES[way](error))


@EVERY
def test_every_error_can_be_written_down(kind: type[SmartLLMError]) -> None:
    error = made(kind)
    error.message, error.hint = "no \ud800", "rather \udc00"
    str(error).encode()
    assert "no \ufffd" in str(error)
    assert "rather \ufffd" in str(error)


def test_a_copy_has_notes_of_its_own() -> None:
    error = made(ProviderError)
    copy.copy(error).add_note("another")
    assert error.__notes__ == ["a note"]


def test_an_error_of_somebody_else_can_be_copied_too() -> None:
    error = _Special("no", model="m", extra={"a": 1})
    for way in COPIES.values():
        same(error, way(error))


class _Special(errors.RateLimitError):
    def __init__(self, message: str, *, model: str, extra: dict[str, int]) -> None:
        super().__init__(message, model=model)
        self.extra = extra


def raised(kind: type[SmartLLMError]) -> None:
    raise made(kind)


@pytest.mark.slow  # as an executor, which is in the default run
def test_every_error_leaves_a_pool_of_processes() -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        found = [(kind, pool.apply_async(raised, (kind,))) for kind in classes()]
        for kind, result in found:
            with pytest.raises(kind) as caught:
                result.get(timeout=60)
            same(made(kind), caught.value)


def test_every_error_leaves_an_executor() -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for kind in classes():
            with pytest.raises(kind) as caught:
                pool.submit(raised, kind).result(timeout=60)
            same(made(kind), caught.value)


# Names


def test_the_public_names() -> None:
    assert smartllm.__all__ == [
        "Audio",
        "AuthenticationError",
        "BadRequestError",
        "CachePoint",
        "CallEvent",
        "ClientSettings",
        "CompileError",
        "ConfigError",
        "ConnectionFailedError",
        "ContextLengthError",
        "Diagnostic",
        "DiagnosticError",
        "Document",
        "Effort",
        "FinishReason",
        "FormatUnsupportedError",
        "Guardrail",
        "HeldError",
        "Image",
        "LLMClient",
        "LLMConfig",
        "Level",
        "MapProgress",
        "Mapped",
        "Message",
        "MessageRequest",
        "MissingExtraError",
        "ModelMismatchError",
        "NotFoundError",
        "Origin",
        "PermissionDeniedError",
        "Plan",
        "ProgressEvent",
        "Provider",
        "ProviderError",
        "ProviderTimeoutError",
        "QuotaError",
        "RateLimitError",
        "Reasoning",
        "RefusalError",
        "RequestFields",
        "RequestFileError",
        "RequestTypeError",
        "ResponseError",
        "Role",
        "RulesError",
        "SchemaMismatchError",
        "ServerError",
        "SmartLLMError",
        "Step",
        "StreamChunk",
        "StreamError",
        "StructureError",
        "SystemMessage",
        "Text",
        "TextRequest",
        "TextResponse",
        "TokenCount",
        "Tool",
        "ToolArgumentsError",
        "ToolCall",
        "ToolError",
        "ToolResult",
        "ToolRoundsError",
        "ToolRun",
        "ToolTimeoutError",
        "TruncatedError",
        "UnknownModelError",
        "UnsupportedError",
        "Usage",
        "Video",
        "compile",
        "defaults",
        "tool",
    ]


@EVERY
def test_every_error_is_there_at_the_top(kind: type[SmartLLMError]) -> None:
    assert getattr(smartllm, kind.__name__) is kind
    assert kind.__name__ in smartllm.__all__


# Which class


@pytest.mark.parametrize(
    ("status", "code", "kind", "retryable"),
    [
        (400, None, errors.BadRequestError, False),
        (413, None, errors.BadRequestError, False),
        (418, None, errors.BadRequestError, False),
        (422, "odd", errors.BadRequestError, False),
        (400, "context_length_exceeded", errors.ContextLengthError, False),
        (400, "exceed_context_size_error", errors.ContextLengthError, False),
        (401, None, errors.AuthenticationError, False),
        (403, "UnrecognizedClientException", errors.AuthenticationError, False),
        (403, "ExpiredTokenException", errors.AuthenticationError, False),
        (403, "invalidSignatureException", errors.AuthenticationError, False),
        (407, None, errors.AuthenticationError, False),
        (403, None, errors.PermissionDeniedError, False),
        (403, "AccessDeniedException", errors.PermissionDeniedError, False),
        (404, None, errors.NotFoundError, False),
        (410, None, errors.NotFoundError, False),
        (400, "model_not_found", errors.NotFoundError, False),
        (404, "DeploymentNotFound", errors.NotFoundError, False),
        (408, None, errors.ServerError, True),
        (408, "ModelTimeoutException", errors.ServerError, True),
        (409, None, errors.ServerError, True),
        (424, "ModelErrorException", errors.ServerError, False),
        (429, None, errors.RateLimitError, True),
        (429, "slow_down", errors.RateLimitError, True),
        (429, "ModelNotReadyException", errors.ServerError, True),
        (400, "throttlingException", errors.RateLimitError, False),
        (402, None, errors.QuotaError, False),
        (429, "insufficient_quota", errors.QuotaError, False),
        (429, "project_spend_limit_exceeded", errors.QuotaError, False),
        (400, "ServiceQuotaExceededException", errors.QuotaError, False),
        (500, None, errors.ServerError, True),
        (501, None, errors.ServerError, False),
        (503, "invalid_request_error", errors.ServerError, True),
        (529, "overloaded_error", errors.ServerError, True),
        (404, "api_error", errors.NotFoundError, False),
        (302, None, ProviderError, False),
        (None, None, ProviderError, False),
        # Inside a stream or a success only the code tells.
        (None, "rate_limit_exceeded", errors.RateLimitError, True),
        (200, "rate_limit_exceeded", errors.RateLimitError, True),
        (200, "server_error", errors.ServerError, True),
        (None, "overloaded_error", errors.ServerError, True),
        (None, "api_error", errors.ServerError, True),
        (200, "insufficient_quota", errors.QuotaError, False),
        (None, "authentication_error", errors.AuthenticationError, False),
        (None, "permission_error", errors.PermissionDeniedError, False),
        (None, "not_found_error", errors.NotFoundError, False),
        (200, "validationException", errors.BadRequestError, False),
        (200, "a_new_code", ProviderError, False),
    ],
)
def test_status_and_code_choose_the_class(
    status: int | None, code: str | None, kind: type[ProviderError], retryable: bool
) -> None:
    error = provider_error("rate limit, quota, 429, context length", model="m", status=status, code=code)
    assert type(error) is kind
    assert (error.status, error.code, error.retryable) == (status, code, retryable)


def test_further_codes_count_too() -> None:
    error = provider_error("no", model="m", status=429, code="tokens", also=["insufficient_quota"])
    assert type(error) is errors.QuotaError
    assert (error.code, error.retryable) == ("tokens", False)


def test_who_knows_better_says_whether_it_may_pass() -> None:
    assert provider_error("no", model="m", status=400, code=None, retryable=True).retryable


def test_all_else_is_handed_on() -> None:
    error = provider_error("no", model="m", **ABOUT)
    assert {name: value for name, value in vars(error).items() if name in ABOUT} == ABOUT


def test_a_context_that_is_too_long_is_a_bad_request() -> None:
    assert issubclass(errors.ContextLengthError, errors.BadRequestError)


def test_codes_alone() -> None:
    assert kind_of(None, ["Context-Length_EXCEEDED"]) == "context_length"
    assert kind_of(200) is None
    assert may_pass(None, ["overloaded"])
    assert not may_pass(None)


# What they say


def test_the_text_names_model_address_and_attempts() -> None:
    error = ProviderError("it broke", model="a-model", attempts=4, address="https://h/v1/x", hint="wait")
    assert str(error) == "it broke\n  model a-model, https://h/v1/x, 4 attempts\n  hint: wait"
    assert error.message == "it broke"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "it broke"),
        ({"hint": "wait"}, "it broke\n  hint: wait"),
        ({"attempts": 2}, "it broke\n  model a-model, 2 attempts"),
        ({"address": "http://h/x"}, "it broke\n  model a-model, http://h/x"),
        ({"address": "http://h/x", "model": ""}, "it broke\n  http://h/x"),
        ({"attempts": 2, "model": ""}, "it broke\n  2 attempts"),
    ],
)
def test_the_text_says_what_is_known(fields: dict[str, Any], text: str) -> None:
    assert str(ProviderError(**{"message": "it broke", "model": "a-model", **fields})) == text


def test_a_timeout_says_what_was_tried_and_said() -> None:
    error = ProviderTimeoutError(
        "total", 10, model="m", retryable=False, attempts=3, partial_text="so far", address="http://h/x"
    )
    assert "no whole answer within total_timeout=10 s" in error.message
    assert "model m, http://h/x, 3 attempts" in str(error)
    assert (error.attempts, error.partial_text, error.kind, error.seconds) == (3, "so far", "total", 10)


def test_what_users_of_the_first_smartllm_match_stays() -> None:
    text = "Bedrock truncated structured output (stop_reason=max_tokens)"
    assert str(errors.TruncatedError(text, model="m", request_id="r")) == text
