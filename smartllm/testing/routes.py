"""Which wire a request speaks, and the bodies that belong to a whole provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from smartllm.rules import Dialect

from . import chat_wire, claude_wire, converse_wire, responses_wire
from .answer import CREATED_AT, JSON, Answer, Asked
from .eventstream import CONTENT_TYPE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .reply import Reply

Provider = Literal["openai", "bedrock"]

_BEDROCK_ERRORS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
}
_OPENAI_ERRORS = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("tokens", "rate_limit_exceeded"),
    503: ("service_unavailable_error", "server_is_overloaded"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """One request and response format."""

    read: Callable[[JSON, str], Asked]
    whole: Callable[[Answer], JSON]
    frames: Callable[[Answer], list[bytes]]
    error_frame: Callable[[Mapping[str, Any], Answer, int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where one request goes; without a ``wire`` it asks for a listing, or for nothing known."""

    provider: Provider
    wire: Wire | None = None
    dialect: Dialect | None = None
    model: str = ""
    streamed: bool = False
    listing: Literal["models", "foundation-models", "inference-profiles"] | None = None


def _wire(module: Any) -> Wire:
    return Wire(read=module.read, whole=module.whole, frames=module.frames, error_frame=module.error_frame)


WIRES: dict[Dialect, Wire] = {
    "openai_responses": _wire(responses_wire),
    "openai_chat": _wire(chat_wire),
    "anthropic_messages": _wire(claude_wire),
    "bedrock_converse": _wire(converse_wire),
}
_OPENAI: dict[str, Dialect] = {
    "/v1/responses": "openai_responses",
    "/v1/chat/completions": "openai_chat",
}
_BEDROCK: dict[str, tuple[Dialect, bool]] = {
    "invoke": ("anthropic_messages", False),
    "invoke-with-response-stream": ("anthropic_messages", True),
    "converse": ("bedrock_converse", False),
    "converse-stream": ("bedrock_converse", True),
}


def find_route(method: str, raw_path: str) -> Route:
    """Find the route; a model id is decoded only after the path is cut, for it may hold a slash."""
    path = raw_path.partition("?")[0]
    parts = path.strip("/").split("/")
    if method == "POST" and parts[0] == "model" and parts[-1] in _BEDROCK:
        dialect, streamed = _BEDROCK[parts[-1]]
        model = unquote("/".join(parts[1:-1]))
        return Route(provider="bedrock", wire=WIRES[dialect], dialect=dialect, model=model, streamed=streamed)
    for ending, dialect in _OPENAI.items():
        if method == "POST" and path.endswith(ending):
            return Route(provider="openai", wire=WIRES[dialect], dialect=dialect)
    if method == "GET" and path.endswith("/v1/models"):
        return Route(provider="openai", listing="models")
    if method == "GET" and path == "/foundation-models":
        return Route(provider="bedrock", listing="foundation-models")
    if method == "GET" and path == "/inference-profiles":
        return Route(provider="bedrock", listing="inference-profiles")
    return Route(provider="openai" if "/v1/" in path else "bedrock")


def listing_body(route: Route, models: Sequence[str]) -> JSON:
    """Build the body of a listing."""
    if route.listing == "models":
        entry = {"object": "model", "created": CREATED_AT, "owned_by": "loopback"}
        return {"object": "list", "data": [{"id": model, **entry} for model in models]}
    if route.listing == "foundation-models":
        return {"modelSummaries": [_foundation_model(model) for model in models]}
    return {"inferenceProfileSummaries": [_inference_profile(model) for model in models]}


def error_body(route: Route, reply: Reply) -> JSON:
    """Build the body of an HTTP error."""
    if reply.error_body is not None:
        return dict(reply.error_body)
    message = reply.error_message or f"The loopback server was told to answer {reply.status}."
    if route.provider == "bedrock":
        return {"message": message}
    kind, code = _OPENAI_ERRORS.get(reply.status, ("server_error", "server_error"))
    return {"error": {"message": message, "type": kind, "param": None, "code": reply.error_code or code}}


def headers_for(route: Route, reply: Reply, serial: int, *, streamed: bool) -> dict[str, str]:
    """Build the response headers of a provider."""
    if route.provider == "openai":
        kind = "text/event-stream; charset=utf-8" if streamed else "application/json"
        return {"Content-Type": kind, "x-request-id": f"req_loopback{serial:06d}"}
    headers = {
        "Content-Type": CONTENT_TYPE if streamed else "application/json",
        "x-amzn-requestid": f"loopback-{serial:06d}",
    }
    if reply.is_error:
        default = _BEDROCK_ERRORS.get(reply.status, "InternalServerException")
        headers["x-amzn-errortype"] = reply.error_code or default
    return headers


def _foundation_model(model: str) -> JSON:
    return {
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model}",
        "modelId": model,
        "modelName": model,
        "providerName": "Loopback",
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND", "INFERENCE_PROFILE"],
        "modelLifecycle": {"status": "ACTIVE"},
    }


def _inference_profile(model: str) -> JSON:
    arn = "arn:aws:bedrock:us-east-1"
    return {
        "inferenceProfileName": f"US {model}",
        "inferenceProfileArn": f"{arn}:123456789012:inference-profile/us.{model}",
        "inferenceProfileId": f"us.{model}",
        "models": [{"modelArn": f"{arn}::foundation-model/{model}"}],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
    }
