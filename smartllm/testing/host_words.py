"""How a host says that a call went wrong, and what stands in the headers of its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from . import azure_wire
from .eventstream import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smartllm.rules.vocabulary.host import ErrorShape

    from .answer import JSON
    from .reply import Reply
    from .routes import Route

_AWS: Final = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}
# platform.claude.com/docs/en/api/errors, 2026-11-27.
_KINDS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_INVALID: Final = "invalid_request_error"
_Said = tuple[str | None, str | None]
_OPENAI: Final[dict[int, _Said]] = {
    400: (_INVALID, None),
    401: (_INVALID, "invalid_api_key"),
    404: (_INVALID, "model_not_found"),
    429: ("tokens", "rate_limit_exceeded"),
    503: ("service_unavailable_error", "server_is_overloaded"),
}
# Answers that users show: mnfst/llm-gateway#2657, NousResearch/hermes-agent#87190; 2026-11-27.
_MANTLE: Final[dict[int, _Said]] = {
    400: (_INVALID, "validation_error"),
    401: (_INVALID, "invalid_api_key"),
    403: ("permission_error", "access_denied"),
    404: (_INVALID, "not_found_error"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    503: ("server_error", "service_unavailable"),
}
# Answers that users show: SciSharp/BotSharp#386, pydantic/pydantic-ai#5066; 2026-11-27.
_AZURE: Final[dict[int, _Said]] = {
    400: (_INVALID, None),
    401: (None, "401"),
    403: (None, "403"),
    404: (_INVALID, "DeploymentNotFound"),
    429: (None, "429"),
    503: (None, "ServiceUnavailable"),
}
_BY_HOST: Final[Mapping[str, dict[int, _Said]]] = {
    "bedrock-openai": _MANTLE,
    "bedrock-mantle": _MANTLE,
    "azure": _AZURE,
    "azure-deployments": _AZURE,
}
"""Type and code of errors in OpenAI's shape, where a host has words of its own."""
_FILTERS: Final[Mapping[str, str]] = {"azure": "content_filter", "azure-deployments": "content_filter"}
"""The code with which a host tells what in a prompt it refused."""
_IDS: Final[Mapping[str, tuple[str, ...]]] = {
    "bedrock-mantle": ("x-request-id",),
    "azure": ("x-request-id",),
    "azure-deployments": ("x-request-id",),
}
"""Further headers that hold the id of a call."""
_STREAMS: Final = {"sse": "text/event-stream; charset=utf-8", "event-stream": CONTENT_TYPE}


def error_body(route: Route, reply: Reply, serial: int = 0) -> JSON:
    """Build the body of an HTTP error.

    Args:
        route: Where the call went.
        reply: The error.
        serial: The number of the call, for its id.
    """
    if reply.error_body is not None:
        return dict(reply.error_body)
    message = reply.error_message or f"The loopback server was told to answer {reply.status}."
    return _SHAPES[route.errors](route, reply, message, serial)


def _aws(route: Route, reply: Reply, message: str, serial: int) -> JSON:  # noqa: ARG001 - as the others
    return {"message": message}


def _anthropic(route: Route, reply: Reply, message: str, serial: int) -> JSON:
    kind = reply.error_code or _KINDS.get(reply.status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": _id(route, serial)}


def _openai(route: Route, reply: Reply, message: str, serial: int) -> JSON:  # noqa: ARG001 - as the others
    if reply.error_code is not None and reply.error_code == _FILTERS.get(route.provider):
        return azure_wire.prompt_refused(message)
    known = _BY_HOST.get(route.provider, _OPENAI)
    kind, code = known.get(reply.status, ("server_error", "server_error"))
    told = {"message": message, "type": kind, "param": reply.error_param, "code": reply.error_code or code}
    return {"error": told}


_SHAPES: Final[Mapping[ErrorShape, Callable[[Route, Reply, str, int], JSON]]] = {
    "openai": _openai,
    "aws": _aws,
    "anthropic": _anthropic,
}


def headers_for(route: Route, reply: Reply, serial: int, *, streamed: bool) -> dict[str, str]:
    """Build the response headers of a host."""
    kind = _STREAMS[route.host.framing] if streamed else "application/json"
    names = (route.host.id_header, *_IDS.get(route.provider, ()))
    headers = {"Content-Type": kind, **dict.fromkeys(names, _id(route, serial))}
    if route.errors == "aws" and reply.is_error:
        default = _AWS.get(reply.status, "InternalServerException")
        headers["x-amzn-errortype"] = reply.error_code or default
    return headers


def _id(route: Route, serial: int) -> str:
    return f"loopback-{serial:06d}" if route.errors == "aws" else f"req_loopback{serial:06d}"
