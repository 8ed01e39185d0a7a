"""Which kind of failure a status and the provider's codes stand for; texts are never looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

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

TIMEOUTS: Final = {
    "connect": "no connection",
    "read": "no byte",
    "first_event": "no first piece of the answer",
    "stall": "no further piece of the answer",
    "total": "no whole answer",
}
"""What did not happen in time, by kind of timeout."""

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


class _Row(NamedTuple):
    """What a code stands for, whatever its capitalisation and punctuation.

    Attributes:
        start: How the code begins, in small letters without punctuation.
        kind: The kind of failure.
        status: The HTTP status that it has where a status is given; None where that is not known.
        outranks: It tells the kind better than the status beside it.
        passes: AWS's word for what passes, whatever the status beside it.
    """

    start: str
    kind: Kind
    status: int | None = None
    outranks: bool = False
    passes: bool = False


# In order: where a failure has several codes, the first row that fits one of them tells its kind; of two that
# fit one code the longer stands first. Statuses: openai facts §12, Anthropic's page "Errors", and for AWS the
# service model's (bedrock_runtime facts §5.1).
_ROWS: Final = (
    # Service quotas are raised by asking AWS, not by waiting.
    _Row("servicequotaexceeded", "quota", outranks=True),
    *(_Row(code.replace("_", ""), "quota", 429, outranks=True) for code in sorted(QUOTA_CODES)),
    # Anthropic's, of a tier and of a contract (anthropic SDK 2.14.0, _error_classes.py).
    _Row("enforcedspendlimitreached", "quota", 429, outranks=True),
    _Row("contractspendlimitreached", "quota", 429, outranks=True),
    # llama.cpp's word is the second one.
    _Row("contextlengthexceeded", "context_length", 400, outranks=True),
    _Row("exceedcontextsize", "context_length", outranks=True),
    _Row("contextwindowexceeded", "context_length", outranks=True),
    _Row("throttling", "rate_limit", 429, outranks=True, passes=True),
    _Row("toomanyrequests", "rate_limit", 429, outranks=True, passes=True),
    _Row("slowdown", "rate_limit", 429, outranks=True),
    _Row("ratelimit", "rate_limit", 429, outranks=True),
    # 429 says too much; what is meant is a model that is being loaded.
    _Row("modelnotready", "server", 429, outranks=True, passes=True),
    _Row("modeltimeout", "server", 408, outranks=True, passes=True),
    _Row("modelerror", "server", outranks=True),
    _Row("modelstreamerror", "server", 424, outranks=True, passes=True),
    _Row("invalidapikey", "authentication", 401, outranks=True),
    # AWS sends these as 403.
    _Row("unrecognizedclient", "authentication", outranks=True),
    _Row("expiredtoken", "authentication", outranks=True),
    _Row("invalidsignature", "authentication", outranks=True),
    _Row("signaturedoesnotmatch", "authentication", outranks=True),
    _Row("incompletesignature", "authentication", outranks=True),
    _Row("missingauthenticationtoken", "authentication", outranks=True),
    _Row("invalidclienttokenid", "authentication", outranks=True),
    _Row("modelnotfound", "not_found", 404, outranks=True),
    _Row("resourcenotfound", "not_found", 404, outranks=True),
    _Row("deploymentnotfound", "not_found", outranks=True),
    # Failures in a stream or in a success come without a status; some servers use these codes for any.
    _Row("servererror", "server", 500),
    _Row("serverisoverloaded", "server", 503),
    _Row("server", "server"),
    _Row("internalserver", "server", 500, passes=True),
    _Row("serviceunavailable", "server", 503, passes=True),
    _Row("overloaded", "server", 529),
    _Row("apierror", "server", 500),
    _Row("timeouterror", "server", 504),
    _Row("billingerror", "quota", 402),
    _Row("authentication", "authentication", 401),
    _Row("accessdenied", "permission", 403),
    _Row("permission", "permission", 403),
    _Row("notfound", "not_found", 404),
    _Row("validation", "bad_request", 400),
    _Row("invalidrequest", "bad_request", 400),
    _Row("badrequest", "bad_request"),
    _Row("invalidprompt", "bad_request", 400),
    _Row("contentfilter", "bad_request", 400),
    _Row("requesttoolarge", "bad_request", 413),
)
_MODELS_OWN: Final = "modelerror"
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
    plain = [*map(_plain, codes)]
    if plain:
        for row in _ROWS:
            if (row.outranks or not known) and any(code.startswith(row.start) for code in plain):
                return row.kind
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


def status_of(codes: Iterable[str]) -> int | None:
    """The HTTP status of a failure that came without one, by the first code that tells it; else None."""
    for code in map(_plain, codes):
        row = next((row for row in _ROWS if code.startswith(row.start)), None)
        if row is not None and row.status is not None:
            return row.status
    return None


def passes_on_aws(status: int | None, code: str, behind: int | None) -> bool:
    """Whether the same call to AWS may succeed later; there a code says more than the status beside it.

    Args:
        status: HTTP status, or None.
        code: AWS's code; empty where there is none.
        behind: The status of the model's own server, which failed in its own way; None if it is not told.
    """
    plain = _plain(code)
    if plain.startswith(_MODELS_OWN):
        return behind in RETRYABLE_STATUS
    row = next((row for row in _ROWS if plain.startswith(row.start)), None)
    if row is not None and (row.passes or row.kind == "quota"):
        return row.passes
    return status in RETRYABLE_STATUS


def _plain(code: str) -> str:
    return "".join(filter(str.isalnum, code)).lower()
