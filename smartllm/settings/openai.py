"""OpenAI's address and headers, as the openai SDK would send them; tests compare with what it sends."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote

from smartllm import values
from smartllm.config import LLMConfig, base_url_of
from smartllm.environment import Environment, Found, Source
from smartllm.errors import ConfigError

PUBLIC: Final = "https://api.openai.com/v1"
_CUSTOM: Final = "OPENAI_CUSTOM_HEADERS"
_OPERATIONS: Final = ("/chat/completions", "/responses", "/completions", "/models")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
# The connection's own; one of another value would break the framing of a request.
_FRAMING: Final = frozenset({"content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})
_SECRET_NAME: Final = re.compile(r"key|token|secret|sig|password|code|auth", re.IGNORECASE)


class OpenAIAddress(NamedTuple):
    """Where calls go.

    Attributes:
        url: Without login, query and slash at the end.
        query: Query string for the end of each URL, without the question mark.
        authorization: What a login in the address stands for.
        secrets: Secrets that the address holds.
        source: What names it.
    """

    url: str
    query: str
    authorization: str | None
    secrets: tuple[str, ...]
    source: Source

    @property
    def public(self) -> bool:
        """It is OpenAI's own."""
        return self.url == PUBLIC and not self.query


def openai_address(config: LLMConfig, environment: Environment) -> OpenAIAddress:
    """The address of the settings or the environment, else the public one.

    Raises:
        ConfigError: It is no address of an API.
    """
    found = base_url_of(config, environment)
    if found is None:
        return OpenAIAddress(PUBLIC, "", None, (), Source("default", PUBLIC))
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
    return OpenAIAddress(url, parts.query, authorization, tuple(filter(None, secrets)), found.source)


def openai_headers(
    config: LLMConfig, environment: Environment, address: OpenAIAddress, *, sends: bool
) -> tuple[dict[str, str], dict[str, Source], tuple[str, ...]]:
    """The headers of every call, where key, organization and project came from, and the secrets in them.

    Args:
        config: The settings.
        environment: The variables.
        address: Where calls go; its login outranks every key.
        sends: Calls will be sent; a missing key is an error at the public address.

    Raises:
        ConfigError: No key, or a value that no header may hold.
    """
    sources: dict[str, Source] = {}
    headers: dict[str, str] = {}
    key = _value("api_key", config.api_key, environment, "OPENAI_API_KEY")
    if key is not None:
        sources["api_key"] = key.source
        headers["Authorization"] = f"Bearer {values.header_value(key.source.name, key.value, 'the key')}"
    for header, field, variable in (
        ("OpenAI-Organization", "organization", "OPENAI_ORG_ID"),
        ("OpenAI-Project", "project", "OPENAI_PROJECT_ID"),
    ):
        given = config.organization if field == "organization" else None
        if (found := _value(field, given, environment, variable)) is not None:
            sources[field] = found.source
            headers[header] = values.header_value(found.source.name, found.value)
    custom = _custom_headers(environment)
    for name, value in custom.items():
        headers = {known: kept for known, kept in headers.items() if known.lower() != name.lower()}
        headers[name] = value
    if address.authorization is not None:
        headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
        headers["Authorization"] = address.authorization
    if sends and address.public and not any(name.lower() == "authorization" for name in headers):
        raise ConfigError(
            "api_key: no OpenAI key is given", hint="set OPENAI_API_KEY, or pass LLMConfig(api_key=...)"
        )
    secrets = [] if key is None else [key.value]
    return headers, sources, (*secrets, *custom.values())


def _value(field: str, given: str | None, environment: Environment, variable: str) -> Found | None:
    if given is not None and (stripped := given.strip()):
        return Found(stripped, Source("setting", field))
    return environment.first(variable)


def _custom_headers(environment: Environment) -> dict[str, str]:
    """``name: value`` a line; a line without a colon says nothing, and the last of equal names holds."""
    found: dict[str, str] = {}
    for line in (environment.get(_CUSTOM) or "").split("\n"):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not colon:
            continue
        if not _TOKEN.fullmatch(name) or name.lower() in _FRAMING:
            raise ConfigError(
                f"{_CUSTOM}: {values.shown(name)} is not the name of a header that may be set",
                hint="write one 'Name: value' a line",
            )
        found = {known: kept for known, kept in found.items() if known.lower() != name.lower()}
        found[name] = values.header_value(_CUSTOM, value, f"the value of {name}")
    return found
