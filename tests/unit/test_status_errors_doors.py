"""Errors of Azure and of Bedrock's second endpoint: kinds and next steps."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smartllm import errors
from smartllm.errors import ProviderError
from smartllm.hosts.aws import aws_error
from smartllm.hosts.called import Called
from smartllm.hosts.openai import openai_error
from smartllm.runtime.transport import Headers

MANTLE = "https://bedrock-mantle.us-east-1.api.aws/openai/v1/responses"
AZURE = "https://my-resource.openai.azure.com/openai/v1/responses"


def of_azure(status: int, body: Any, **more: Any) -> ProviderError:
    settings = ("azure_endpoint", "api_version")
    called = Called(
        **{"model": "m", "id_header": "apim-request-id", "address": AZURE, "settings": settings, **more}
    )
    return openai_error(status, Headers({"APIM-Request-Id": "az-1"}), json.dumps(body).encode(), called)


def of_mantle(status: int, body: Any, address: str = MANTLE) -> ProviderError:
    called = Called(model="m", id_header="x-amzn-requestid", address=address, region="us-east-1")
    return aws_error(status, Headers({"x-amzn-RequestId": "req_1"}), json.dumps(body).encode(), called)


# Azure


def test_a_deployment_that_is_not_there() -> None:
    said = "The API deployment for this resource does not exist."
    found = of_azure(
        404, {"error": {"type": "invalid_request_error", "code": "DeploymentNotFound", "message": said}}
    )
    assert isinstance(found, errors.NotFoundError)
    assert (found.code, found.request_id) == ("DeploymentNotFound", "az-1")
    assert found.hint.startswith("model is the name of a deployment of the resource")


def test_a_path_that_is_not_there() -> None:
    body = {"error": {"code": "404", "message": "Resource not found"}}
    for public in (True, False):
        found = of_azure(404, body, public=public)
        assert found.hint == f"POST {AZURE} was called; check azure_endpoint, api_version"


def test_another_operation() -> None:
    found = of_azure(400, {"error": {"code": "OperationNotSupported", "message": "no"}})
    assert (type(found), found.hint) == (
        errors.BadRequestError,
        "the model of this deployment is not served by this API; set another api_type",
    )


def test_a_filter_says_which_category() -> None:
    inner = {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_result": {"violence": {"filtered": True}},
    }
    body = {
        "error": {
            "message": "filtered",
            "type": None,
            "param": "prompt",
            "code": "content_filter",
            "status": 400,
            "innererror": inner,
        }
    }
    found = of_azure(400, body)
    assert (type(found), found.code, found.retryable) == (errors.BadRequestError, "content_filter", False)
    assert '"violence": {"filtered": true}' in found.message
    assert found.hint.startswith("the resource's content filter refused the prompt")


@pytest.mark.parametrize(
    ("status", "code", "error", "retryable"),
    [
        (401, "401", errors.AuthenticationError, False),
        (403, "AuthenticationTypeDisabled", errors.PermissionDeniedError, False),
        (429, "429", errors.RateLimitError, True),
        (429, "insufficient_quota", errors.QuotaError, False),
        (503, "ServiceUnavailable", errors.ServerError, True),
    ],
)
def test_kinds_of_azure(status: int, code: str, error: type[ProviderError], retryable: bool) -> None:
    found = of_azure(status, {"error": {"code": code, "message": "no"}})
    assert (type(found), found.retryable) == (error, retryable)


# Bedrock's second endpoint


@pytest.mark.parametrize(
    ("status", "body", "error", "hint"),
    [
        (
            400,
            {
                "error": {
                    "code": "validation_error",
                    "message": "The model 'm' does not support the '/v1/chat/completions' API",
                    "param": None,
                    "type": "invalid_request_error",
                }
            },
            errors.BadRequestError,
            "the model has another API here: leave api_type out",
        ),
        (
            403,
            {
                "error": {
                    "code": "access_denied",
                    "message": "User: arn is not authorized",
                    "param": None,
                    "type": "permission_denied_error",
                }
            },
            errors.PermissionDeniedError,
            "check the role's right to bedrock-mantle:CreateInference and the account's access in us-east-1",
        ),
        (
            404,
            {
                "error": {
                    "code": "model_not_found",
                    "message": "The model 'x' does not exist",
                    "type": "not_found_error",
                }
            },
            errors.NotFoundError,
            "check the spelling, and that us-east-1 offers the model at this endpoint",
        ),
        (
            404,
            {"type": "error", "error": {"type": "not_found_error", "message": "model: x"}},
            errors.NotFoundError,
            "check the spelling, and that us-east-1 offers the model at this endpoint",
        ),
        (
            401,
            {"message": "The security token included in the request is expired"},
            errors.AuthenticationError,
            "check the key",
        ),
    ],
)
def test_errors_of_mantle(status: int, body: Any, error: type[ProviderError], hint: str) -> None:
    found = of_mantle(status, body)
    assert (type(found), found.hint, found.request_id) == (error, hint, "req_1")
    assert not found.retryable


@pytest.mark.parametrize(
    ("status", "kind"),
    [(429, "rate_limit_error"), (500, "api_error"), (503, "overloaded_error"), (529, "overloaded_error")],
)
def test_what_passes_on_mantle(status: int, kind: str) -> None:
    assert of_mantle(status, {"type": "error", "error": {"type": kind, "message": "busy"}}).retryable


def test_the_right_at_the_runtime_endpoint_is_another() -> None:
    address = "https://bedrock-runtime.us-east-1.amazonaws.com/model/m/converse"
    found = of_mantle(403, {"__type": "AccessDeniedException", "message": "no"}, address)
    assert found.hint == "check the role's right to bedrock:InvokeModel and the account's access in us-east-1"
