"""Address and headers of hosts that take a key: OpenAI's as its SDK would send them, which tests compare."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from smartllm import values
from smartllm.config import LLMConfig
from smartllm.environment import Environment, Found, Source
from smartllm.errors import ConfigError
from smartllm.providers import ProviderRow

_OPERATIONS: Final = ("/chat/completions", "/responses", "/completions", "/models")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
# The connection's own; one of another value would break the framing of a request.
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})
_SECRET_NAME: Final = re.compile(r"key|token|secret|sig|password|code|auth", re.IGNORECASE)


class Address(NamedTuple):
    """Where calls go.

    Attributes:
        url: Without login, query and slash at the end.
        query: Query string for the end of each URL, without the question mark.
        authorization: What a login in the address stands for.
        secrets: Secrets that the address holds.
        source: What names it.
        public: It is the provider's own.
    """

    url: str
    query: str
    authorization: str | None
    secrets: tuple[str, ...]
    source: Source
    public: bool


def address_of(row: ProviderRow, config: LLMConfig, environment: Environment) -> Address:
    """The address of the settings or the environment, else the public one.

    Raises:
        ConfigError: It is no address of an API.
    """
    given = values.text("base_url", config.base_url)
    found = Found(given, Source("setting", "base_url")) if given else environment.first(row.base_url)
    if found is None:
        return Address(row.public_address, "", None, (), Source("default", row.public_address), True)
    parts = values.url(found.source.name, found.value)
    assert parts is not None
    url = values.without_login(parts)
    for ending in _OPERATIONS:
        if url.endswith(ending):
            raise ConfigError(
                f"{found.source.name}: the address ends in {ending}, which SmartLLM adds itself",
                hint=f"use {url.removesuffix(ending)}",
            )
    secrets = [value for name, value in parse_qsl(parts.query) if _SECRET_NAME.search(name)]
    authorization = None
    if parts.username or parts.password:
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        login = b64encode(f"{user}:{password}".encode()).decode()
        authorization = f"Basic {login}"
        secrets += [password, parts.password or "", login]
    public = url == row.public_address and not parts.query
    return Address(url, parts.query, authorization, tuple(filter(None, secrets)), found.source, public)


def headers_of(
    row: ProviderRow, config: LLMConfig, environment: Environment, address: Address, *, sends: bool
) -> tuple[dict[str, str], dict[str, Source], tuple[str, ...]]:
    """The headers of every call, where key, organization and project came from, and the secrets in them.

    Args:
        row: What the provider's settings and variables are called.
        config: The settings.
        environment: The variables.
        address: Where calls go; its login outranks every key.
        sends: Calls will be sent; a missing key is an error at the public address.

    Raises:
        ConfigError: No key, or a value that no header may hold.
    """
    sources: dict[str, Source] = {}
    headers: dict[str, str] = {}
    key = _value("api_key", config.api_key, environment, row.key)
    if key is not None:
        sources["api_key"] = key.source
        headers["Authorization"] = f"Bearer {values.header_value(key.source.name, key.value, 'the key')}"
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
        headers["Authorization"] = address.authorization
    if sends and address.public and not any(name.lower() == "authorization" for name in headers):
        raise ConfigError(
            f"api_key: no {row.title} key is given", hint=f"set {row.key}, or pass LLMConfig(api_key=...)"
        )
    secrets = [] if key is None else [key.value]
    return headers, sources, (*secrets, *custom.values())


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
        if not _TOKEN.fullmatch(name) or name.lower() in _FRAMING:
            raise ConfigError(
                f"{variable}: {values.shown(name)} is not the name of a header that may be set",
                hint="write one 'Name: value' a line",
            )
        found = {known: kept for known, kept in found.items() if known.lower() != name.lower()}
        found[name] = values.header_value(variable, value, f"the value of {name}")
    return found
