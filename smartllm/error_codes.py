"""Which kind of failure a status and the provider's codes stand for; texts are never looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal[
    "quota",
    "rate_limit",
    "context_length",
    "authentication",
    "permission",
    "not_found",
    "bad_request",
    "server",
]
"""What kinds of failure callers tell apart."""

# 520 to 524 and 530 are Cloudflare's words for a server behind it that fails or is slow
# (developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors, 2026-11-26).
RETRYABLE_STATUS: Final = frozenset({408, 409, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530})
"""HTTP statuses of failures that may pass."""

# They arrive as 429 and stay until somebody pays (openai facts §12).
QUOTA_CODES: Final = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    }
)
"""OpenAI's codes for an account that is used up."""

# The starts of codes, in small letters without punctuation: AWS's come in any capitalisation. In order.
_ABOVE_STATUS: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    # Service quotas are raised by asking AWS, not by waiting (bedrock_runtime facts §5.1).
    ("quota", ("servicequotaexceeded", *(code.replace("_", "") for code in sorted(QUOTA_CODES)))),
    # llama.cpp's word is the second one.
    ("context_length", ("contextlengthexceeded", "exceedcontextsize", "contextwindowexceeded")),
    ("rate_limit", ("throttling", "toomanyrequests", "slowdown", "ratelimit")),
    # 429 says too much; what is meant is a model that is being loaded.
    ("server", ("modelnotready", "modeltimeout", "modelerror", "modelstreamerror")),
    # AWS sends these as 403.
    (
        "authentication",
        (
            "invalidapikey",
            "unrecognizedclient",
            "expiredtoken",
            "invalidsignature",
            "signaturedoesnotmatch",
            "incompletesignature",
            "missingauthenticationtoken",
            "invalidclienttokenid",
        ),
    ),
    ("not_found", ("modelnotfound", "resourcenotfound", "deploymentnotfound")),
)
# Failures in a stream or in a success come without a status; some servers use these codes for all statuses.
_WITHOUT_STATUS: Final[tuple[tuple[Kind, tuple[str, ...]], ...]] = (
    *_ABOVE_STATUS,
    ("server", ("server", "internalserver", "serviceunavailable", "overloaded", "apierror")),
    ("authentication", ("authentication",)),
    ("permission", ("accessdenied", "permission")),
    ("not_found", ("notfound",)),
    ("bad_request", ("validation", "invalidrequest", "badrequest", "invalidprompt")),
)
_BY_STATUS: Final[dict[int, Kind]] = {
    401: "authentication",
    402: "quota",
    403: "permission",
    404: "not_found",
    407: "authentication",
    408: "server",
    409: "server",
    410: "not_found",
    424: "server",
    425: "server",
    429: "rate_limit",
}
_FIRST_ERROR: Final = 400
_FIRST_SERVER_ERROR: Final = 500
_PASSING: Final = frozenset({"rate_limit", "server"})


def kind_of(status: int | None, codes: Iterable[str] = ()) -> Kind | None:
    """The kind of a failure.

    Args:
        status: HTTP status; None, or a success that holds an error, says nothing.
        codes: The provider's codes, in any capitalisation.

    Returns:
        The kind, or None where neither status nor codes tell.
    """
    known = status is not None and status >= _FIRST_ERROR
    plain = ["".join(filter(str.isalnum, code)).lower() for code in codes]
    for kind, starts in _ABOVE_STATUS if known else _WITHOUT_STATUS:
        if any(code.startswith(starts) for code in plain):
            return kind
    if status is None or not known:
        return None
    if status >= _FIRST_SERVER_ERROR:
        return "server"
    return _BY_STATUS.get(status, "bad_request")


def may_pass(status: int | None, codes: Iterable[str] = ()) -> bool:
    """Whether the same call may succeed later.

    Args:
        status: HTTP status; it decides if it tells of an error.
        codes: The provider's codes.
    """
    kind = kind_of(status, codes)
    if kind == "quota":
        return False
    if status is not None and status >= _FIRST_ERROR:
        return status in RETRYABLE_STATUS
    return kind in _PASSING
