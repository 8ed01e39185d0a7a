"""Bedrock's errors: which may pass, which status those have that come inside a stream, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smartllm.errors import RETRYABLE_STATUS, ProviderError, StreamError
from smartllm.runtime.control.retry import retry_after
from smartllm.runtime.transport import json_object
from smartllm.runtime.wire.http import redirect_hint

# Codes come in any capitalisation; the statuses are the service model's (bedrock_runtime facts §5.1).
_RETRYABLE: Final = (
    "throttling",
    "toomanyrequests",
    "modeltimeout",
    "modelnotready",
    "serviceunavailable",
    "internalserver",
    "modelstreamerror",
)
_STATUS: Final = {
    "throttling": 429,
    "toomanyrequests": 429,
    "modelnotready": 429,
    "modeltimeout": 408,
    "modelstreamerror": 424,
    "internalserver": 500,
    "serviceunavailable": 503,
    "validation": 400,
    "accessdenied": 403,
    "resourcenotfound": 404,
}
# AWS explains a wrong signature, from the second line on, with the signed headers and so with the token.
_SIGNATURE_CODES: Final = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException"})
_PREFIXES: Final = (("us-gov-", "us-gov."), ("us-", "us."), ("ca-", "us."), ("eu-", "eu."), ("ap-", "apac."))


def from_response(
    status: int, headers: Mapping[str, str], content: bytes, model: str, *, region: str
) -> ProviderError:
    """Our error for an HTTP answer that reports one."""
    body = json_object(content)
    details = body if body is not None else {"message": repr(content[:200])}
    named = (details.get(name) for name in ("code", "Code", "__type"))
    code = headers.get("x-amzn-errortype") or next(filter(None, named), "")
    about = {
        "HTTPStatusCode": status,
        "RequestId": headers.get("x-amzn-requestid"),
        "HTTPHeaders": headers,
    }
    message = details.get("message") or details.get("Message")
    # The header may say name:address, the body namespace#name.
    error = {"Code": str(code).partition(":")[0].rpartition("#")[2], "Message": message}
    return _from_parts(error, about, details.get("originalStatusCode"), model, region=region)


def from_client_error(error: Any, model: str, *, region: str) -> ProviderError:
    """Our error for botocore's ``ClientError``."""
    found = error.response
    return _from_parts(found.get("Error", {}), found.get("ResponseMetadata", {}), None, model, region=region)


def _from_parts(
    details: Mapping[str, Any], about: Mapping[str, Any], original: Any, model: str, *, region: str
) -> ProviderError:
    status: int | None = about.get("HTTPStatusCode")
    code = str(details.get("Code") or "")
    message = str(details.get("Message") or "")
    if code in _SIGNATURE_CODES:
        message = message.partition("\n")[0]
    return ProviderError(
        f"{code or status} from the provider: {message}",
        model=model,
        status=status,
        code=code if code and not code.isdecimal() else None,
        request_id=about.get("RequestId"),
        retryable=_may_pass(code, status, original),
        retry_after=retry_after(about.get("HTTPHeaders") or {}),
        hint=_hint(code, message, model, region) or redirect_hint(status, "endpoint_url"),
    )


def from_frame(code: str, details: Mapping[str, Any], model: str, *, region: str) -> StreamError:
    """Our error for an exception frame of an event stream, which has a name but no status of its own."""
    message = str(details.get("message") or details.get("Message") or "no reason given")
    name = code.lower()
    status = next((value for prefix, value in _STATUS.items() if name.startswith(prefix)), None)
    return StreamError(
        f"{code or 'an error'} in the stream: {message}",
        model=model,
        status=status,
        code=code or None,
        retryable=_may_pass(code, status, details.get("originalStatusCode")),
        hint=_hint(code, message, model, region),
    )


def _may_pass(code: str, status: int | None, original: Any) -> bool:
    if code.lower().startswith("modelerror"):  # the model's own server failed, in its own way
        return original in RETRYABLE_STATUS
    return code.lower().startswith(_RETRYABLE) or status in RETRYABLE_STATUS


def _hint(code: str, message: str, model: str, region: str) -> str:
    """The next step; only the hint looks at the wording, never the decision to retry."""
    prefix = next((value for start, value in _PREFIXES if region.startswith(start)), "global.")
    if "on-demand throughput" in message:
        return f"use an inference profile, such as {prefix}{model} or global.{model}"
    if "model identifier is invalid" in message:
        named = "" if model.startswith(prefix) else f", or try the inference profile {prefix}{model}"
        return f"check the spelling, and that the model is offered in {region}{named}"
    if code.startswith("AccessDenied"):
        return f"check the role's right to bedrock:InvokeModel and the account's access in {region}"
    if code in {"UnrecognizedClientException", "ExpiredTokenException", *_SIGNATURE_CODES}:
        return "check the AWS credentials, the session token and the clock"
    return ""
