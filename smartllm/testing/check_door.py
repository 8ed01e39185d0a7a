"""What a host refuses of a call before it looks at what is asked: keys, signatures, versions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from smartllm.compiler.dialects import FIELDS
from smartllm.environment import ambient_rules
from smartllm.providers import row_of
from smartllm.rules import Dialect, Facts, load_rules
from smartllm.rules.hosts import routes_of

from .check_versions import HEADER, changes, version_refusal
from .heard import JSON, Refused, dict_of
from .prompt_blocks import CONTROL
from .telling import service_in

if TYPE_CHECKING:
    from smartllm.rules import RuleSet
    from smartllm.rules.vocabulary.host import ErrorShape

    from .routes import Route

_AUTHORIZATION: Final = "authorization"
_KEYS: Final[Mapping[ErrorShape, tuple[str, ...]]] = {"anthropic": ("x-api-key",)}
"""Headers for a key that a wire has wherever it is spoken, by the form of its errors."""
_DENIED: Final = Refused(
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key "
    "for an active subscription and use a correct regional API endpoint for your resource.",
    "401",
    status=401,
)
_NO_TOKEN: Final = Refused("Missing bearer token", status=401)
_NO_KEY: Final[Mapping[str, Refused]] = {
    "anthropic": Refused("x-api-key header is required", status=401),
    "azure": _DENIED,
    "azure-deployments": _DENIED,
    "bedrock-anthropic": _NO_TOKEN,
    "bedrock-mantle": _NO_TOKEN,
    "bedrock-openai": _NO_TOKEN,
}
"""What a host says where no key is shown; those that are not here are called without one too, by hand."""
_SCOPE: Final = "Credential should be scoped to correct service: '{service}'."
_EXTRA: Final = "{key}: Extra inputs are not permitted"
_REQUIRED: Final[Mapping[ErrorShape, str]] = {
    "openai": "Missing required parameter: '{key}'.",
    "anthropic": "{key}: Field required",
    "aws": (
        "Malformed input request: #: required key [{key}] not found, please reformat your input and try "
        "again."
    ),
}
_NO_VERSION: Final = Refused("Resource not found", "404", status=404)
_ODD_VERSION: Final = "api-version query parameter is not allowed when using /v1 path"


def door_refusal(route: Route, headers: Mapping[str, str], *, keyless: bool = False) -> Refused | None:
    """What is wrong with how a host is called; None where nothing is.

    Args:
        route: Where the call goes.
        headers: Its headers, with names in lower case.
        keyless: None shows a key here.
    """
    checks = (_version, _wanted) if keyless else (_version, _shown, _wanted)
    return next((found for check in checks for found in check(route, headers)), None)


def keys_refusal(route: Route, body: Any, headers: Mapping[str, str], facts: Facts | None) -> Refused | None:
    """What is wrong with the keys of a body at this route, or in this version, and not at others.

    Args:
        route: Where the body goes.
        body: It.
        headers: The headers of its call, with names in lower case.
        facts: What its model takes there; None where nobody knows.
    """
    keys = () if route.count is not None else _keys(route, dict_of(body), facts)
    return next(chain(keys, _changed(route, body, headers)), None)


def _changed(route: Route, body: Any, headers: Mapping[str, str]) -> Iterator[Refused]:
    if wants_version(route):
        yield from changes(body, headers)


def _shown(route: Route, headers: Mapping[str, str]) -> Iterator[Refused]:
    """Something to be let in with, and a signature for this service."""
    row = row_of(route.provider)
    names = {_AUTHORIZATION, row.key_header.lower(), *_KEYS.get(route.errors, ())}
    if not any(headers.get(name, "").strip() for name in names):
        yield from filter(None, (_NO_KEY.get(route.provider),))
    service = service_in(headers)
    if service and service not in {row.signs_as, route.host.signs_as}:
        words = _SCOPE.format(service=route.host.signs_as or row.signs_as)
        code = "InvalidSignatureException" if route.errors == "aws" else None
        yield Refused(words, code, status=403)


def _wanted(route: Route, headers: Mapping[str, str]) -> Iterator[Refused]:
    """The version of Anthropic's API, where its route wants one."""
    if wants_version(route):
        yield from filter(None, (version_refusal(headers),))


def wants_key(route: Route) -> bool:
    """Whether calls must show a key, be it any."""
    return route.provider in _NO_KEY


def wants_version(route: Route) -> bool:
    """Whether calls must say which version of Anthropic's API they speak."""
    return any(name.lower() == HEADER for name in route.its.headers)


def _version(route: Route, headers: Mapping[str, str]) -> Iterator[Refused]:  # noqa: ARG001 - as the others
    """The version in the query, which one API of a resource wants and the other does not take."""
    resource = row_of(route.provider).resource
    if resource is None or route.dialect is None:
        return
    given = parse_qs(route.query).get(resource.query, [""])[0]
    if route.provider == resource.older:
        if not given:
            yield _NO_VERSION
    elif given and given not in {"v1", *resource.current.values()}:
        yield Refused(_ODD_VERSION, "BadRequest")


def _keys(route: Route, body: JSON, facts: Facts | None) -> Iterator[Refused]:
    its, dialect = route.its, route.dialect
    if dialect is None or not (its.model_key or its.adds):
        return
    fields = FIELDS[dialect]
    limit = facts.limits.field if facts is not None and facts.limits.required else ""
    for key in filter(None, (*its.adds, its.model_key, limit, fields.turns)):
        if fields.found(body, key) is None:
            yield Refused(
                _REQUIRED[route.errors].format(key=key), fact="limits.required" if key == limit else ""
            )
    if row_of(route.provider).kind == "aws" and CONTROL in body:  # vercel/ai#13992, 2026-03-31
        yield Refused(_EXTRA.format(key=CONTROL))
    own = {*its.adds, its.model_key, its.stream_key}
    rules = load_rules(ambient=ambient_rules(os.environ))
    for key in body:
        if key in _keys_elsewhere(dialect, rules) - own or (its.beta_header and key == fields.beta):
            yield Refused(_EXTRA.format(key=key))


def _keys_elsewhere(dialect: Dialect, rules: RuleSet) -> set[str]:
    """The keys with which any route of a format says what others say in the path."""
    routes = [routes_of(host, rules).get(dialect) for host in rules.table("host")]
    found = {key for route in routes if route for key in (*route.adds, route.model_key, route.stream_key)}
    return found - {""}
