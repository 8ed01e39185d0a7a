"""AWS's errors: in bodies with a status, in frames of a stream, and what to do about them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smartllm.error_codes import passes_on_aws, status_of
from smartllm.error_object import cut, error_in, read_error
from smartllm.errors import ProviderError, StreamError
from smartllm.hosts.called import Called, key_hint, redirect_hint, request_id, retry_after, shown_address
from smartllm.hosts.format_refusals import FORMAT_HINT, refuses_format
from smartllm.provider_errors import provider_error
from smartllm.rules import load_rules
from smartllm.rules.ids import ids_on
from smartllm.rules.names import parse
from smartllm.rules.vocabulary.ids import Ids
from smartllm.said import Named, said
from smartllm.structure_errors import FormatUnsupportedError

_LONGEST_CODE: Final = 100
_REFUSED_KEY: Final = frozenset({401, 403})
_NOT_FOUND: Final = 404
# AWS explains a wrong signature, from the second line on, with the signed headers and so with the token.
_SIGNATURE_CODES: Final = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException"})
# Service names as addresses and IAM write them (docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html).
_RIGHT: Final = "bedrock:InvokeModel"
_RIGHTS: Final = {"bedrock-mantle": "bedrock-mantle:CreateInference"}
# What bedrock-mantle says of a model that is not at this path or nowhere (mnfst/llm-gateway#2657 2026-07-30,
# aws-samples/bedrock-access-gateway#185 2025-10-12).
_OTHER_API: Final = "does not support the '/"
_NO_MODEL: Final = frozenset({"modelnotfound", "notfounderror"})
_LISTED: Final = "`smartllm models` lists their ids"
_PREFIXES: Final = (("us-gov-", "us-gov"), ("us-", "us"), ("ca-", "us"), ("eu-", "eu"), ("ap-", "apac"))


def aws_error(status: int, headers: Mapping[str, str], content: bytes, called: Called) -> ProviderError:
    """Our error for an HTTP answer that reports one.

    Args:
        status: Its status.
        headers: Its headers.
        content: Its body, of any shape.
        called: What was called.
    """
    found = error_in(content)
    # The header may say name:address, the body namespace#name.
    named = headers.get("x-amzn-errortype") or found.code or ""
    code = cut(named.partition(":")[0].rpartition("#")[2], _LONGEST_CODE)
    message = found.text.partition("\n")[0] if code in _SIGNATURE_CODES else found.text
    hint = _hint(code, message, called.model, called.region, called.address or "")
    hint = hint or redirect_hint(status, "endpoint_url")
    if not hint and not code and called.address and status == _NOT_FOUND:
        hint = _called(shown_address(called.address))
    text = f"{code or status} from the provider: {message}"
    about: dict[str, Any] = {
        "model": called.model,
        "status": status or None,
        "code": code if code and not code.isdecimal() else None,
        "request_id": request_id(headers, called.id_header),
        "retryable": passes_on_aws(status, code, found.original_status),
        "retry_after": retry_after(headers),
        "address": called.address and shown_address(called.address),
    }
    if refuses_format(found, status):
        return FormatUnsupportedError(text, hint=FORMAT_HINT, **about)
    hint = _with_source(hint or key_hint(status, called.key_source), status, called.key_source)
    return provider_error(text, hint=hint, **about)


def frame_error(code: str, details: Mapping[str, Any], model: str, *, region: str) -> StreamError:
    """Our error for an exception frame of an event stream, which has a name but no status of its own."""
    found = read_error(details)
    message = found.message or "no reason given"
    status = status_of([code])
    return StreamError(
        f"{code or 'an error'} in the stream: {message}",
        model=model,
        status=status,
        code=code or None,
        retryable=passes_on_aws(status, code, found.original_status),
        hint=_hint(code, message, model, region),
    )


def _plain(code: str) -> str:
    return "".join(filter(str.isalnum, code)).lower()


def _service(address: str) -> str:
    """The service that an address is of: the first part of its host's name."""
    return address.partition("://")[2].partition(".")[0]


def _called(address: str) -> str:
    """The next step where something else than the service may have answered."""
    return said("POST {} was called; check {}", address, Named("endpoint_url"))


def _with_source(hint: str, status: int, source: str | None) -> str:
    told = source is None or status not in _REFUSED_KEY or source in hint
    return hint if told else f"{hint}; the credentials come from {source}"


def _id_hint(message: str, model: str, region: str) -> str:
    """What to pass instead of an id that AWS does not take."""
    profiles = _profiles(model, region)
    shown = " or ".join(profiles)
    if "on-demand throughput" in message:
        return (
            f"use an inference profile, such as {shown}" if shown else f"use an inference profile; {_LISTED}"
        )
    named = f", or try the inference profile {shown}" if shown and model not in profiles else ""
    return f"check the spelling, and that the model is offered in {region}{named}"


def _profiles(model: str, region: str) -> list[str]:
    """Ids of inference profiles for a model: what the rules know, else what they usually are."""
    local = next((value for start, value in _PREFIXES if region.startswith(start)), "global")
    known = ids_on(model, "bedrock", load_rules()) or Ids()
    name = known.name or parse(model).name
    if "." not in name:
        return []
    prefixes: tuple[str, ...] = (local, "global")
    if known.prefixes:
        prefixes = (local,) if local in known.prefixes else known.prefixes[:1]
    return [f"{prefix}.{name}" for prefix in dict.fromkeys(prefixes)]


def _hint(code: str, message: str, model: str, region: str, address: str = "") -> str:
    """The next step; only the hint looks at the wording, never the decision to retry."""
    if "on-demand throughput" in message or "model identifier is invalid" in message:
        return _id_hint(message, model, region)
    if _plain(code).startswith("accessdenied"):
        right = _RIGHTS.get(_service(address), _RIGHT)
        return f"check the role's right to {right} and the account's access in {region}"
    if _OTHER_API in message:
        return said("the model has another API here: leave {} out", Named("api_type"))
    if _plain(code) in _NO_MODEL:
        return f"check the spelling, and that {region} offers the model at this endpoint"
    if code in {"UnrecognizedClientException", "ExpiredTokenException", *_SIGNATURE_CODES}:
        return "check the AWS credentials, the session token and the clock"
    return ""
