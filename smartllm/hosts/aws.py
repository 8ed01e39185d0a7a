"""AWS's errors: in bodies with a status, in frames of a stream, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smartllm.error_codes import passes_on_aws, status_of
from smartllm.error_object import cut, error_in, read_error
from smartllm.errors import ProviderError, StreamError, provider_error
from smartllm.hosts.called import Called, key_hint, redirect_hint, request_id, retry_after, shown_address

_LONGEST_CODE: Final = 100
_REFUSED_KEY: Final = frozenset({401, 403})
_NOT_FOUND: Final = 404
# AWS explains a wrong signature, from the second line on, with the signed headers and so with the token.
_SIGNATURE_CODES: Final = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException"})
_PREFIXES: Final = (("us-gov-", "us-gov."), ("us-", "us."), ("ca-", "us."), ("eu-", "eu."), ("ap-", "apac."))


def aws_error(status: int, headers: Mapping[str, str], content: bytes, called: Called) -> ProviderError:
    """Our error for an HTTP answer that reports one.

    Args:
        status: Its status.
        headers: Its headers.
        content: Its body, of any shape.
        called: What was called.
    """
    said = error_in(content)
    # The header may say name:address, the body namespace#name.
    named = headers.get("x-amzn-errortype") or said.code or ""
    code = cut(named.partition(":")[0].rpartition("#")[2], _LONGEST_CODE)
    message = said.text.partition("\n")[0] if code in _SIGNATURE_CODES else said.text
    hint = _hint(code, message, called.model, called.region) or redirect_hint(status, "endpoint_url")
    if not hint and not code and called.address and status == _NOT_FOUND:
        hint = f"POST {shown_address(called.address)} was called; check endpoint_url"
    return provider_error(
        f"{code or status} from the provider: {message}",
        model=called.model,
        status=status or None,
        code=code if code and not code.isdecimal() else None,
        request_id=request_id(headers, called.id_header),
        retryable=passes_on_aws(status, code, said.original_status),
        retry_after=retry_after(headers),
        hint=_with_source(hint or key_hint(status, called.key_source), status, called.key_source),
        address=called.address and shown_address(called.address),
    )


def frame_error(code: str, details: Mapping[str, Any], model: str, *, region: str) -> StreamError:
    """Our error for an exception frame of an event stream, which has a name but no status of its own."""
    said = read_error(details)
    message = said.message or "no reason given"
    status = status_of([code])
    return StreamError(
        f"{code or 'an error'} in the stream: {message}",
        model=model,
        status=status,
        code=code or None,
        retryable=passes_on_aws(status, code, said.original_status),
        hint=_hint(code, message, model, region),
    )


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
