"""Bedrock's errors: which may pass, which status those have that come inside a stream, and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from smartllm.errors import RETRYABLE_STATUS, ProviderError, StreamError, provider_error
from smartllm.runtime.control.retry import retry_after
from smartllm.runtime.error_body import cut, read_error
from smartllm.runtime.secrets import shown_address
from smartllm.runtime.status_errors import key_hint, request_id
from smartllm.runtime.wire.body import redirect_hint

ID_HEADER: Final = "x-amzn-requestid"
_LONGEST_CODE: Final = 100
_REFUSED_KEY: Final = frozenset({401, 403})
_NOT_FOUND: Final = 404
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
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    model: str,
    *,
    region: str,
    address: str | None = None,
    key_source: str | None = None,
) -> ProviderError:
    """Our error for an HTTP answer that reports one.

    Args:
        status: Its status.
        headers: Its headers.
        content: Its body, of any shape.
        model: Model id that was called.
        region: Region that was called.
        address: The URL that was called.
        key_source: Where the credentials come from, such as ``AWS_PROFILE``.
    """
    said = read_error(content)
    # The header may say name:address, the body namespace#name.
    named = headers.get("x-amzn-errortype") or next(iter(said.codes), "")
    code = cut(named.partition(":")[0].rpartition("#")[2], _LONGEST_CODE)
    message = said.text.partition("\n")[0] if code in _SIGNATURE_CODES else said.text
    hint = _hint(code, message, model, region) or redirect_hint(status, "endpoint_url")
    if not hint and not code and address and status == _NOT_FOUND:
        hint = f"POST {shown_address(address)} was called; check endpoint_url"
    return provider_error(
        f"{code or status} from the provider: {message}",
        model=model,
        status=status or None,
        code=code if code and not code.isdecimal() else None,
        request_id=request_id(headers, ID_HEADER),
        retryable=_may_pass(code, status, said.original_status),
        retry_after=retry_after(headers),
        hint=_with_source(hint or key_hint(status, key_source), status, key_source),
        address=None if address is None else shown_address(address),
    )


def from_client_error(error: Any, model: str, *, region: str) -> ProviderError:
    """Our error for botocore's ``ClientError``."""
    said, about = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    headers = dict(about.get("HTTPHeaders") or {}) | {ID_HEADER: about.get("RequestId") or ""}
    headers["x-amzn-errortype"] = str(said.get("Code") or "")
    content = json.dumps({"message": str(said.get("Message") or "")}).encode()
    return from_response(int(about.get("HTTPStatusCode") or 0), headers, content, model, region=region)


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
        return isinstance(original, int) and original in RETRYABLE_STATUS
    if code.lower().startswith("servicequotaexceeded"):  # raised by asking, whatever the status
        return False
    return code.lower().startswith(_RETRYABLE) or status in RETRYABLE_STATUS


def _with_source(hint: str, status: int, source: str | None) -> str:
    told = source is None or status not in _REFUSED_KEY or source in hint
    return hint if told else f"{hint}; the credentials come from {source}"


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
