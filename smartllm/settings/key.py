"""Address and headers of hosts that take a key: OpenAI's as its SDK would send them, which tests compare."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from smartllm import values
from smartllm.config import LLMConfig
from smartllm.environment import Environment, Found, Source
from smartllm.errors import ConfigError
from smartllm.providers import ProviderRow
from smartllm.said import SANDBOX, Named, said
from smartllm.settings.address import SECRET_NAME, Address

_KEY: Final = Named("base_url", python="LLMClient(api_key=...)")
"""At a shell a key stands in the environment alone; another server needs none."""
_AUTHORIZATION: Final = "Authorization"
_UNCHOSEN: Final = frozenset({"user-agent", "referer", "http-referer"})

AskKey = Callable[[], str | Awaitable[str]]
"""A function of the caller's that gives the key."""


class KeyHeaders(NamedTuple):
    """What lets calls in.

    Attributes:
        headers: The headers of every call.
        ask: Gives the key of each request, in place of one in the headers.
        sources: Where key, organization and project came from.
        secrets: The secrets in the headers.
    """

    headers: dict[str, str]
    ask: AskKey | None
    sources: dict[str, Source]
    secrets: tuple[str, ...]


def headers_of(
    row: ProviderRow,
    config: LLMConfig,
    environment: Environment,
    address: Address,
    own: Mapping[str, str],
    *,
    sends: bool,
) -> KeyHeaders:
    """The headers of every call, without those of ``default_headers``.

    Args:
        row: What the provider's settings and variables are called.
        config: The settings.
        environment: The variables.
        address: Where calls go; its login outranks every key.
        own: The caller's ``default_headers``, which win over all of these.
        sends: Calls will be sent; a missing key is an error at the public address.

    Raises:
        ConfigError: No key, or a value that no header may hold.
    """
    headers, ask, key = _credential(row, config, environment)
    sources = {} if key is None else {"api_key": key.source}
    if ask is not None:
        sources["api_key"] = Source("setting", "the function in api_key")
    for header, field, variable in row.headers:
        if (found := _value(field, getattr(config, field, None), environment, variable)) is not None:
            sources[field] = found.source
            headers[header] = values.header_value(found.source.name, found.value)
    custom = _custom_headers(row.custom_headers, environment)
    for name, value in custom.items():
        headers = {known: kept for known, kept in headers.items() if known.lower() != name.lower()}
        headers[name] = value
    if address.authorization is not None:
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        headers[_AUTHORIZATION] = address.authorization
    named = {name.lower() for name in own}
    headers = {name: value for name, value in headers.items() if name.lower() not in named}
    there = named | {name.lower() for name in headers}
    if not there.isdisjoint({_AUTHORIZATION.lower(), row.key_header.lower()}):
        ask = None
    elif sends and address.public and ask is None:
        raise _no_key(row)
    secrets = [] if key is None else [key.value]
    return KeyHeaders(headers, ask, sources, (*secrets, *custom.values()))


def _no_key(row: ProviderRow) -> ConfigError:
    another = said("set {}, or pass {}; {}", row.key, _KEY, SANDBOX)
    alone = said("set {}; {}", Named(row.key, python=f"{row.key}, or pass LLMClient(api_key=...)"), SANDBOX)
    return ConfigError(
        said("{}: no {} key is given", Named(row.key, python="api_key"), row.title),
        hint=another if row.base_url else alone,
    )


def _credential(
    row: ProviderRow, config: LLMConfig, environment: Environment
) -> tuple[dict[str, str], AskKey | None, Found | None]:
    """The header of a key or of a token, or the function that gives a token; and what names it."""
    given = config.api_key
    if given is not None and not isinstance(given, str):
        return {}, given, None
    token = environment.first(row.token)
    key = _value("api_key", given, environment, "" if row.token_first and token is not None else row.key)
    found, what = (token, "the token") if key is None else (key, "the key")
    if found is None:
        return {}, None, None
    value = values.header_value(found.source.name, found.value, what)
    if found is token or row.key_header == _AUTHORIZATION:
        return {_AUTHORIZATION: f"Bearer {value}"}, None, found
    return {row.key_header: value}, None, found


def scope_of(scope: str | None, own: Mapping[str, str]) -> str | None:
    """What of address, region and ``default_headers`` belongs into the key of a cached answer.

    Headers may choose the answer, as a gateway's do; those that only let in, or tell who asks, do not.

    Args:
        scope: That of address and region.
        own: The caller's headers.
    """
    chosen = sorted(
        [name.lower(), value]
        for name, value in own.items()
        if not SECRET_NAME.search(name) and name.lower() not in _UNCHOSEN
    )
    if not chosen:
        return scope
    digest = sha256(json.dumps(chosen, separators=(",", ":")).encode()).hexdigest()
    return f"{scope or ''} {digest}"


def _value(field: str, given: str | None, environment: Environment, variable: str) -> Found | None:
    if given is not None and (stripped := given.strip()):
        return Found(stripped, Source("setting", field))
    return environment.first(variable)


def _custom_headers(variable: str, environment: Environment) -> dict[str, str]:
    """``name: value`` a line; a line without a colon says nothing, and the last of equal names holds."""
    found: dict[str, str] = {}
    for line in (environment.get(variable) or "").split("\n"):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon:
            continue
        if not values.header_name(name):
            raise ConfigError(
                f"{variable}: {values.shown(name)} is not the name of a header that may be set",
                hint="write one 'Name: value' a line",
            )
        found = {known: kept for known, kept in found.items() if known.lower() != name.lower()}
        found[name] = values.header_value(variable, value, f"the value of {name}")
    return found
