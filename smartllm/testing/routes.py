"""Which wire a request speaks and which host it is for, by the hosts of the rules."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from smartllm.environment import ambient_rules
from smartllm.rules import Dialect, load_rules
from smartllm.rules.hosts import HostRow, host_row
from smartllm.rules.hosts import Route as HostRoute

from . import azure_wire, chat_wire, check_caching, claude_wire, converse_wire, media_words, responses_wire
from .answer import JSON, Answer, Asked
from .chat_heard import CHAT
from .check_caching import PromptWire
from .check_media import MediaWire
from .claude_heard import CLAUDE
from .claude_sse import Messages
from .converse_heard import CONVERSE
from .counting import body_in, holds
from .heard import ToolWire, json_of
from .paths import Place, listings, places
from .responses_heard import RESPONSES
from .telling import HEADER, Said, hosts_named, narrowed, told_among

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smartllm.rules import RuleSet
    from smartllm.rules.vocabulary.counting import CountRoute
    from smartllm.rules.vocabulary.host import BatchShape, ErrorShape

BASE: Final = "/v1"
"""Where the server has OpenAI's API."""
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


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
        its: The route as the host's row has it.
        operation: The host's name of the operation.
        model: The model, where the path names it.
        base: Where the model's API lies, as far as the path tells it.
        query: The query.
        streamed: The path asks for a stream.
        stream_key: The key of the body that asks for one, where the path does not.
        listing: The path of a listing.
        count: How input tokens are counted, where that is all that is asked for.
        told: What told the host from others that have the same path; "" where the path alone does.
    """

    provider: str
    host: HostRow
    wire: Wire | None = None
    dialect: Dialect | None = None
    its: HostRoute = field(default_factory=HostRoute)
    operation: str = ""
    model: str = ""
    base: str = ""
    query: str = ""
    streamed: bool = False
    stream_key: str = ""
    listing: str | None = None
    count: CountRoute | None = None
    told: str = ""

    @property
    def errors(self) -> ErrorShape:
        """How errors are told."""
        return self.its.errors or self.host.errors

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


WIRES: Final[dict[Dialect, Wire]] = {
    "openai_responses": _wire(responses_wire),
    "openai_chat": _wire(chat_wire),
    "anthropic_messages": _wire(claude_wire),
    "bedrock_converse": _wire(converse_wire),
}
_AZURE: Final[dict[Dialect, Wire]] = {
    "openai_responses": _wire(azure_wire.Responses),
    "openai_chat": _wire(azure_wire.Chat),
}
_OWN_WIRES: Final[Mapping[str, dict[Dialect, Wire]]] = {
    "anthropic": {"anthropic_messages": _wire(Messages(tier=True))},
    "bedrock-anthropic": {"anthropic_messages": _wire(Messages())},
    "bedrock-mantle": {"anthropic_messages": _wire(Messages())},
    "azure": _AZURE,
    "azure-deployments": _AZURE,
}
"""The wires of a host that has them in a way of its own."""
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


def find_route(
    method: str,
    raw_path: str,
    base: str = BASE,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    host: str = "",
    address: str = "",
) -> Route:
    """Find the route; a model id is decoded only after the path is cut, for it may hold a slash.

    Args:
        method: HTTP method.
        raw_path: The request target as it was sent.
        base: "" where any path may stand before those of the hosts.
        body: Its body.
        headers: Its headers, with names in lower case.
        host: The host that it is for, or the provider whose host; a header of the request may say another.
        address: The host and port that it was sent to, where that is not the server's own.

    Raises:
        ConfigError: There is no such host.
    """
    rules = load_rules(ambient=ambient_rules(os.environ))
    path, _, query = raw_path.partition("?")
    named = headers.get(HEADER, host)
    hosts = hosts_named(named, rules) if named else tuple(rules.table("host"))
    known = {"POST": places, "GET": listings}.get(method)
    said = Said(headers, query, body, address, listing=method == "GET")
    fits = [
        (place, model)
        for place in (known(rules) if known else ())
        if place.host in hosts and (model := place.model_in(path, rooted=bool(base))) is not None
    ]
    if not fits:
        return _unknown(path, hosts, said, rules)
    if base:
        fits = _longest(fits)
    chosen, told = told_among([place.host for place, _ in fits], said, rules)
    return _chosen(_longest([one for one in fits if one[0].host == chosen]), query, body, told)


def _longest(fits: list[tuple[Place, str]]) -> list[tuple[Place, str]]:
    """Those with the longest path: a shorter one, which ends alike, is another's."""
    most = max(len(place.root + place.path) for place, _ in fits)
    return [(place, model) for place, model in fits if len(place.root + place.path) == most]


def _chosen(fits: list[tuple[Place, str]], query: str, body: bytes, told: str) -> Route:
    """The route at one host; what one path counts tokens of, the body tells."""
    held = (one for one in fits if one[0].count is None or holds(body, one[0].count))
    place, model = next(held, fits[0])
    return _route(place, model, query, told)


def _route(place: Place, model: str, query: str = "", told: str = "") -> Route:
    """The route of a request at a path."""
    if place.dialect is None:
        return Route(provider=place.host, host=place.row, listing=place.path, query=query, told=told)
    travel = place.its.streaming if place.streamed else place.its.plain
    return Route(
        provider=place.host,
        host=place.row,
        wire=_OWN_WIRES.get(place.host, WIRES).get(place.dialect) or WIRES[place.dialect],
        dialect=place.dialect,
        its=place.its,
        operation=place.count.called if place.count else travel.under(place.base).operation,
        model=model,
        base=place.base,
        query=query,
        streamed=place.streamed,
        stream_key="" if place.count else place.its.stream_key,
        count=place.count,
        told=told,
    )


def _unknown(path: str, hosts: tuple[str, ...], said: Said, rules: RuleSet) -> Route:
    """The route of a path that none of the hosts has: that of the one that would say so."""
    left, told = narrowed(hosts, said, rules)
    errors: ErrorShape = "openai" if f"{BASE}/" in path else "aws"
    rows = {host: host_row(host, rules) for host in left}
    found = next((host for host, row in rows.items() if told or row.errors == errors), left[0])
    return Route(provider=found, host=rows[found], told=", ".join(told))


def batch_route(shape: BatchShape, operation: str) -> Route:
    """The route of a call to a batch engine, which no model answers.

    Args:
        shape: The form of the engine.
        operation: The call.
    """
    found = next(each for each in _places() if each.row.batch is not None and each.row.batch.shape == shape)
    return Route(provider=found.host, host=found.row, operation=operation)


def line_route(shape: BatchShape, endpoint: str, model: str) -> Route:
    """Where a line of a batch engine would go online.

    Args:
        shape: The form of the engine.
        endpoint: What the engine calls the endpoint.
        model: The model, which its path names.
    """
    for each in _places():
        engine = each.row.batch
        if engine is None or engine.shape != shape or each.dialect is None or each.count is not None:
            continue
        if engine.endpoints.get(each.dialect) == endpoint:
            return _route(each, model)
    raise LookupError(f"no batch engine of shape {shape} has an endpoint {endpoint}")


def _places() -> tuple[Place, ...]:
    return places(load_rules(ambient=ambient_rules(os.environ)))
