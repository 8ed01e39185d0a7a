"""Which wire a request speaks, by the hosts of the rules, and the bodies that belong to a whole host."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from smartllm.hosts.listing import FOUNDATION_MODELS, INFERENCE_PROFILES, MODELS
from smartllm.rules import Dialect, load_rules
from smartllm.rules.hosts import HostRow, host_row, routes_of
from smartllm.rules.hosts import Route as HostRoute

from . import chat_wire, check_caching, claude_wire, converse_wire, media_words, responses_wire
from .answer import CREATED_AT, JSON, Answer, Asked
from .chat_heard import CHAT
from .check_caching import PromptWire
from .check_media import MediaWire
from .claude_heard import CLAUDE
from .converse_heard import CONVERSE
from .counting import body_in, holds
from .eventstream import CONTENT_TYPE
from .heard import ToolWire, json_of
from .listed_models import foundation_model, inference_profile
from .responses_heard import RESPONSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from smartllm.rules.vocabulary.counting import CountRoute
    from smartllm.rules.vocabulary.host import BatchShape

    from .reply import Reply

BASE: Final = "/v1"
"""Where the server has the hosts whose paths do not begin with the model."""

_AWS_ERRORS = {
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
    """Where one request goes; without a ``wire`` it asks for a listing, or for nothing known.

    Attributes:
        provider: The host's name.
        host: Its row.
        wire: The format of requests and answers.
        dialect: Its name.
        operation: The host's name of the operation.
        model: The model, where the path names it.
        streamed: The path asks for a stream.
        stream_key: The key of the body that asks for one, where the path does not.
        listing: The path of a listing.
        count: How input tokens are counted, where that is all that is asked for.
    """

    provider: str
    host: HostRow
    wire: Wire | None = None
    dialect: Dialect | None = None
    operation: str = ""
    model: str = ""
    streamed: bool = False
    stream_key: str = ""
    listing: str | None = None
    count: CountRoute | None = None

    def asked(self, body: bytes) -> Any:
        """The body as JSON; of a call that counts tokens, the one whose tokens are to be counted.

        Raises:
            ValueError: It is none.
        """
        return json_of(body) if self.count is None else body_in(body, self.count)

    def streams(self, body: Mapping[str, Any]) -> bool:
        """Whether a request with this body asks for a stream."""
        return self.streamed or bool(self.stream_key and body.get(self.stream_key))

    def seen(self, body: bytes) -> tuple[str, ...]:
        """The pictures, documents, sound and film of a request with this body, a line each."""
        if self.dialect is None:
            return ()
        try:
            said = self.asked(body)
        except (TypeError, ValueError):
            return ()
        return tuple(map(str, MEDIA_WIRES[self.dialect].read(said))) if isinstance(said, dict) else ()


def _wire(module: Any) -> Wire:
    return Wire(read=module.read, whole=module.whole, frames=module.frames, error_frame=module.error_frame)


WIRES: dict[Dialect, Wire] = {
    "openai_responses": _wire(responses_wire),
    "openai_chat": _wire(chat_wire),
    "anthropic_messages": _wire(claude_wire),
    "bedrock_converse": _wire(converse_wire),
}
TOOL_WIRES: Final[dict[Dialect, ToolWire]] = {
    "openai_responses": RESPONSES,
    "openai_chat": CHAT,
    "anthropic_messages": CLAUDE,
    "bedrock_converse": CONVERSE,
}
"""How each wire speaks of tools."""
MEDIA_WIRES: Final[dict[Dialect, MediaWire]] = {
    "openai_responses": media_words.RESPONSES,
    "openai_chat": media_words.CHAT,
    "anthropic_messages": media_words.CLAUDE,
    "bedrock_converse": media_words.CONVERSE,
}
"""How each wire speaks of what is no text."""
PROMPT_WIRES: Final[dict[Dialect, PromptWire]] = {
    "openai_responses": check_caching.RESPONSES,
    "openai_chat": check_caching.CHAT,
    "anthropic_messages": check_caching.CLAUDE,
    "bedrock_converse": check_caching.CONVERSE,
}
"""How each wire speaks of prompts that are kept."""


def find_route(method: str, raw_path: str, base: str = BASE, body: bytes = b"") -> Route:
    """Find the route; a model id is decoded only after the path is cut, for it may hold a slash.

    Args:
        method: HTTP method.
        raw_path: The request target as it was sent.
        base: What comes before the paths of hosts that have the model in the body; "" for anything.
        body: Its body, which tells apart what one path counts tokens of.
    """
    path = raw_path.partition("?")[0]
    if method == "POST":
        fits = [(each, model) for each in _asking() if (model := each.model_in(path, base)) is not None]
        if fits:
            held = (one for one in fits if one[0].count is None or holds(body, one[0].count))
            each, model = next(held, fits[0])
            return each.route(model)
    for place, kind in _LISTED.items():
        if method == "GET" and path.endswith(f"{base}{place}" if place == MODELS else place):
            return _unspoken("listing", kind, place)
    return _unspoken("errors", "openai" if f"{BASE}/" in path else "aws")


def batch_route(shape: BatchShape, operation: str) -> Route:
    """The route of a call to a batch engine, which no model answers.

    Args:
        shape: The form of the engine.
        operation: The call.
    """
    found = next(each for each in _asking() if each.row.batch is not None and each.row.batch.shape == shape)
    return Route(provider=found.host, host=found.row, operation=operation)


def line_route(shape: BatchShape, endpoint: str, model: str) -> Route:
    """Where a line of a batch engine would go online.

    Args:
        shape: The form of the engine.
        endpoint: What the engine calls the endpoint.
        model: The model, which its path names.
    """
    for each in _asking():
        engine = each.row.batch
        if engine is not None and engine.shape == shape and engine.endpoints.get(each.dialect) == endpoint:
            return each.route(model)
    raise LookupError(f"no batch engine of shape {shape} has an endpoint {endpoint}")


_LISTED: Final = {MODELS: "openai", FOUNDATION_MODELS: "bedrock", INFERENCE_PROFILES: "bedrock"}


@dataclass(frozen=True, slots=True)
class _Asking:
    """One path of a host."""

    host: str
    row: HostRow
    dialect: Dialect
    its: HostRoute
    streamed: bool = False
    count: CountRoute | None = None

    def model_in(self, path: str, base: str) -> str | None:
        """The model that a path of this kind names, which may be none; None for another path."""
        wanted = self.its.stream_path if self.streamed else self.its.path
        if self.count is not None:
            wanted = self.count.path
        before, named, after = wanted.partition("{model}")
        if not named:
            return "" if path.endswith(base + wanted) else None
        start = path.find(before)
        fits = start >= 0 and path.endswith(after) and len(path) > start + len(before) + len(after)
        return unquote(path[start + len(before) : len(path) - len(after)]) if fits else None

    def route(self, model: str) -> Route:
        """The route of a request for a model."""
        travel = self.its.streaming if self.streamed else self.its.plain
        return Route(
            provider=self.host,
            host=self.row,
            wire=WIRES[self.dialect],
            dialect=self.dialect,
            operation=self.count.called if self.count else travel.operation,
            model=model,
            streamed=self.streamed,
            stream_key="" if self.count else self.its.stream_key,
            count=self.count,
        )


@lru_cache(maxsize=1)
def _asking() -> tuple[_Asking, ...]:
    return tuple(_paths())


def _paths() -> Iterator[_Asking]:
    rules = load_rules()
    for host in rules.table("host"):
        row = host_row(host, rules)
        for dialect, its in routes_of(host, rules).items():
            yield _Asking(host, row, dialect, its)
            if its.stream_path:
                yield _Asking(host, row, dialect, its, streamed=True)
            if its.count is not None:
                yield _Asking(host, row, dialect, its, count=its.count)


def _unspoken(field: str, value: str, listing: str | None = None) -> Route:
    """A route without a wire, of the first host whose row says this."""
    found = next(each for each in _asking() if getattr(each.row, field) == value)
    return Route(provider=found.host, host=found.row, listing=listing)


def listing_body(route: Route, models: Sequence[str]) -> JSON:
    """Build the body of a listing."""
    if route.listing == MODELS:
        entry = {"object": "model", "created": CREATED_AT, "owned_by": "loopback"}
        return {"object": "list", "data": [{"id": model, **entry} for model in models]}
    if route.listing == FOUNDATION_MODELS:
        return {"modelSummaries": [foundation_model(model) for model in models]}
    return {"inferenceProfileSummaries": [inference_profile(model) for model in models]}


def error_body(route: Route, reply: Reply) -> JSON:
    """Build the body of an HTTP error."""
    if reply.error_body is not None:
        return dict(reply.error_body)
    message = reply.error_message or f"The loopback server was told to answer {reply.status}."
    if route.host.errors == "aws":
        return {"message": message}
    kind, code = _OPENAI_ERRORS.get(reply.status, ("server_error", "server_error"))
    told = {"message": message, "type": kind, "param": reply.error_param, "code": reply.error_code or code}
    return {"error": told}


def headers_for(route: Route, reply: Reply, serial: int, *, streamed: bool) -> dict[str, str]:
    """Build the response headers of a host."""
    aws = route.host.errors == "aws"
    kind = _STREAMS[route.host.framing] if streamed else "application/json"
    request_id = f"loopback-{serial:06d}" if aws else f"req_loopback{serial:06d}"
    headers = {"Content-Type": kind, route.host.id_header: request_id}
    if aws and reply.is_error:
        default = _AWS_ERRORS.get(reply.status, "InternalServerException")
        headers["x-amzn-errortype"] = reply.error_code or default
    return headers


_STREAMS: Final = {"sse": "text/event-stream; charset=utf-8", "event-stream": CONTENT_TYPE}
