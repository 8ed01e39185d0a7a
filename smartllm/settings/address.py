"""Addresses of hosts that take a key: the provider's own, the caller's, or that of a customer's resource."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from smartllm import values
from smartllm.config import LLMConfig
from smartllm.environment import Environment, Found, Source
from smartllm.errors import ConfigError
from smartllm.providers import ProviderRow, Resource
from smartllm.said import SANDBOX, Named, said

SECRET_NAME: Final = re.compile(r"key|token|secret|sig|password|code|auth", re.IGNORECASE)
"""What the names of secrets hold."""
_DATED: Final = re.compile(r"\d{4}-\d{2}-\d{2}(-preview)?", re.ASCII)
_DEPLOYMENT: Final = re.compile(r"/deployments/([^/]+)")
_CURRENT: Final = "/v1"
"""How addresses of the current API end, those of gateways too."""
_NO_RESOURCE: Final = "https://resource.invalid"


class Address(NamedTuple):
    """Where calls go.

    Attributes:
        url: Without login, query and slash at the end.
        query: Query string for the end of each URL, without the question mark.
        authorization: What a login in the address stands for.
        secrets: Secrets that the address holds.
        source: What names it.
        public: It is the provider's own.
        scope: What of it belongs into the key of a cached answer; None where everybody has the same.
        host: The host that is spoken to there, where it is not the provider's first.
    """

    url: str
    query: str
    authorization: str | None
    secrets: tuple[str, ...]
    source: Source
    public: bool
    scope: str | None = None
    host: Found | None = None


def address_of(
    row: ProviderRow, config: LLMConfig, environment: Environment, *, sends: bool, older: bool = False
) -> Address:
    """The address of the settings or the environment, else the public one.

    Args:
        row: What the provider's settings and variables are called.
        config: The settings.
        environment: The variables.
        sends: Calls will be sent, and need an address.
        older: The host of the older versions of the API is asked for by name.

    Raises:
        ConfigError: It is no address of an API, or there is none.
    """
    if row.resource is not None:
        return _of_resource(row, row.resource, config, environment, sends=sends, older=older)
    found = _base_url(config) or environment.first(row.base_url)
    if found is None:
        return Address(row.public_address, "", None, (), Source("default", row.public_address), True)
    address = _given(row, found)
    public = address.url == row.public_address and not address.query
    return address._replace(public=public, scope=None if public else _whole(address))


def _base_url(config: LLMConfig) -> Found | None:
    given = values.text("base_url", config.base_url)
    return Found(given, Source("setting", "base_url")) if given else None


def _given(row: ProviderRow, found: Found) -> Address:
    """The address that a setting or a variable names."""
    parts = values.url(found.source.name, found.value)
    assert parts is not None
    url = values.without_login(parts)
    for ending in row.endings:
        if url.endswith(ending):
            raise ConfigError(
                f"{found.source.name}: the address ends in {ending}, which SmartLLM adds itself",
                hint=f"use {url.removesuffix(ending)}",
            )
    secrets = [value for name, value in parse_qsl(parts.query) if SECRET_NAME.search(name)]
    authorization = None
    if parts.username or parts.password:
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        login = b64encode(f"{user}:{password}".encode()).decode()
        authorization = f"Basic {login}"
        secrets += [password, parts.password or "", login]
    return Address(url, parts.query, authorization, tuple(filter(None, secrets)), found.source, False)


def _whole(address: Address) -> str:
    return address.url + (f"?{address.query}" if address.query else "")


def _of_resource(
    row: ProviderRow,
    resource: Resource,
    config: LLMConfig,
    environment: Environment,
    *,
    sends: bool,
    older: bool,
) -> Address:
    """The address of a customer's resource, and which of the provider's APIs is spoken there."""
    given = values.text(resource.setting, getattr(config, resource.setting))
    base = _base_url(config)
    if given and base is not None:
        raise ConfigError(
            said("{} and base_url: give one of them; each is the whole address", Named(resource.setting))
        )
    version = _version(resource, config, environment)
    named = Found(given, Source("setting", resource.setting)) if given else None
    found = base or named or environment.first(resource.variable)
    if found is None:
        if sends:
            raise ConfigError(
                said("{}: no address of a resource of {} is given", Named(resource.setting), row.title),
                hint=said(
                    "set {}; it is like {}; {}",
                    Named(
                        resource.setting,
                        python=f"{resource.variable}, or pass LLMClient({resource.setting}=...)",
                    ),
                    resource.example,
                    SANDBOX,
                ),
            )
        found = Found(_NO_RESOURCE, Source("default", row.title))
    _check_whole(resource, found)
    address = _given(row, found) if base is not None else _root(resource, found)
    chosen, query = _spoken(resource, version, address, own_path=base is not None, older=older)
    path = "" if base is not None else resource.path if chosen is None else resource.older_path
    address = address._replace(url=address.url + path, query=query, host=chosen)
    public = (urlsplit(address.url).hostname or "").endswith(resource.domains)
    return address._replace(public=public, scope=_whole(address))


def _root(resource: Resource, found: Found) -> Address:
    """The resource's own address, of which the paths of its APIs are taken off."""
    parts = values.url(found.source.name, found.value, login=False)
    assert parts is not None
    url = values.without_login(parts)
    if parts.query:
        raise ConfigError(
            f"{found.source.name}: the address has a query; it is that of the resource alone",
            hint=said("use {}, and {} for its version", url, Named(resource.version)),
        )
    for path in (resource.path, resource.older_path):
        url = url.removesuffix(path)
    return Address(url, "", None, (), found.source, False)


def _check_whole(resource: Resource, found: Found) -> None:
    """Raise ConfigError for the address of a single deployment, as Azure's portal shows it."""
    parts = values.url(found.source.name, found.value)
    assert parts is not None
    url = values.without_login(parts)
    if (named := _DEPLOYMENT.search(url)) is None:
        return
    root, deployment = url.partition(resource.older_path)[0], unquote(named[1])
    raise ConfigError(
        f"{found.source.name}: the address is that of one deployment; a request says which one it calls",
        hint=said(
            "give {}, and {}",
            Named(resource.setting, root, f"{resource.setting}={root!r}"),
            Named("model", deployment, f"model={deployment!r}"),
        ),
    )


def _version(resource: Resource, config: LLMConfig, environment: Environment) -> Found | None:
    given = values.text(resource.version, getattr(config, resource.version))
    found = (
        Found(given, Source("setting", resource.version))
        if given
        else environment.first(resource.version_variable)
    )
    if found is None or found.value in resource.current or _DATED.fullmatch(found.value):
        return found
    words = ", ".join(resource.current)
    allowed = f"a date such as {resource.example_version}, or one of {words}"
    raise values.unusable(found.source.name, found.value, allowed)


def _spoken(
    resource: Resource, version: Found | None, address: Address, *, own_path: bool, older: bool
) -> tuple[Found | None, str]:
    """The older host if it is the one that is spoken to, and the query."""
    asked = dict(parse_qsl(address.query)).get(resource.query)
    is_current = own_path and address.url.endswith(_CURRENT)
    query = address.query
    if asked is not None:
        if version is not None and version.source.kind == "setting" and version.value != asked:
            raise ConfigError(
                said("{} and {} name two versions of the API", Named(resource.version), address.source.name),
                hint=said("leave {} out, or take it out of the address", Named(resource.version)),
            )
        version = Found(asked, address.source)
    elif is_current and version is not None and version.source.kind == "environment":
        version = None  # the variable is for the older API, whose address this one is not
    elif version is not None:
        sent = resource.current.get(version.value, version.value)
        query = "&".join(filter(None, (query, sent and f"{resource.query}={sent}")))
    if version is None or version.value in resource.current:
        if older:
            raise _undated(resource)
        return None, query
    if is_current:
        told = "{}: {} is of the current API, which has no dated versions"
        raise ConfigError(
            said(told, version.source.name, address.url),
            hint=said("leave it out, or give the address of the resource as {}", Named(resource.setting)),
        )
    return Found(resource.older, Source("derived", version.source.name)), query


def _undated(resource: Resource) -> ConfigError:
    """Our error where the host of dated versions is asked for without a date."""
    return ConfigError(
        said("{}: {} speaks dated versions of the API alone", Named(resource.version), resource.older),
        hint=said(
            "set {}, such as {}, or pass {}",
            resource.version_variable,
            resource.example_version,
            Named("provider", resource.older.partition("-")[0]),
        ),
    )
