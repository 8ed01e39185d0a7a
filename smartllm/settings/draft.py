"""Filling in ``Settings``: what all providers share, and one function for each kind of provider."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from smartllm import defaults, values
from smartllm.aws_files import aws_file_names
from smartllm.config import LLMConfig, provider_of, region_of, timeout_of
from smartllm.config_checks import deployments
from smartllm.environment import RULES, Environment, Found, Source, ambient_rules
from smartllm.errors import ConfigError
from smartllm.fallback_setting import settings_of_others
from smartllm.providers import ProviderRow, row_of
from smartllm.setting_names import foreign_setting
from smartllm.settings.address import address_of
from smartllm.settings.aws import aws_endpoint, aws_keys, aws_role, bearer_token, check_headers, profile_of
from smartllm.settings.aws_address import needs_botocore, public_address
from smartllm.settings.certificates import Certificates, for_aws, for_openai, given_by
from smartllm.settings.key import headers_of, scope_of
from smartllm.settings.proxies import Proxies

_OWN_HEADERS: Final = Source("setting", "default_headers")
_CACHE: Final = Found(".llm_cache", Source("default", "cache_dir"))


@dataclass(slots=True)
class Draft:
    """Settings in the making.

    Attributes:
        config: The caller's settings, checked.
        environment: The variables.
        sends: Calls will go over HTTP, and need all that it needs.
        found: Attributes of ``Settings`` so far.
        sources: Where they came from.
        secrets: What must not be shown.
    """

    config: LLMConfig
    environment: Environment
    sends: bool
    found: dict[str, Any] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)

    @property
    def row(self) -> ProviderRow:
        """What the provider's settings and variables are called."""
        return row_of(self.found["provider"])

    def put(self, name: str, value: Any, source: Source) -> None:
        """Set an attribute."""
        self.found[name], self.sources[name] = value, source

    def given(self, name: str) -> Found | None:
        """A text that the caller gave."""
        value = values.text(name, getattr(self.config, name))
        return None if value is None else Found(value, Source("setting", name))


def fill(draft: Draft) -> None:
    """Fill in everything.

    Raises:
        ConfigError: A setting or variable that is needed cannot be used.
    """
    config = draft.config
    provider = provider_of(config, draft.environment)
    theirs = settings_of_others(config.fallback)  # which its own client takes
    given = (
        each.name
        for each in fields(LLMConfig)
        if getattr(config, each.name) not in (None, "") and each.name not in theirs
    )
    error = foreign_setting(provider.value, given, dynamo=config.dynamo_table_name is not None)
    if error is not None:
        raise error
    draft.found["config"] = config
    draft.put("provider", *provider)
    _times(draft)
    _names(draft)
    _credentials(draft)
    _files(draft)
    _KINDS[draft.row.kind].fill(draft)
    _network(draft)


def _times(draft: Draft) -> None:
    config, provider = draft.config, draft.found["provider"]
    for name in ("connect_timeout", "read_timeout"):
        draft.put(name, *timeout_of(config, draft.environment, name, provider))
    read = draft.found["read_timeout"]
    for name in ("first_event_timeout", "stall_timeout"):
        given = getattr(config, name)
        if given is None:
            draft.put(name, read, Source("derived", "read_timeout"))
        else:
            draft.put(name, given, Source("setting", name))
    kind: Literal["default", "setting"] = (
        "default" if config.total_timeout == defaults.total_timeout else "setting"
    )
    draft.put("total_timeout", config.total_timeout, Source(kind, "total_timeout"))


def _names(draft: Draft) -> None:
    """Region, headers and model."""
    row, environment = draft.row, draft.environment
    region = region_of(draft.config, environment)
    if row.kind == "aws" or draft.config.dynamo_table_name is not None:
        default = region.source.kind == "default"
        values.region("smartllm.defaults.aws_region" if default else region.source.name, region.value)
    draft.put("region", *region)
    headers = values.headers("default_headers", draft.config.default_headers)
    draft.put("default_headers", MappingProxyType(headers), _OWN_HEADERS)
    draft.secrets += headers.values()
    model = draft.given("default_model") or environment.first(row.default_model)
    if model is not None:
        values.text(model.source.name, model.value)
    draft.found["deployments"] = MappingProxyType(deployments(draft.config.deployments))
    draft.put("default_model", *(model or (None, Source("default", "rules"))))


def _credentials(draft: Draft) -> None:
    """Whose credentials AWS gets: Bedrock's, and those of a DynamoDB cache."""
    config, environment = draft.config, draft.environment
    used = draft.row.kind == "aws" or config.dynamo_table_name is not None
    profile = profile_of(config, environment, sends=draft.sends and used)
    draft.put("profile", *(profile or (None, Source("default", "AWS"))))
    draft.found["aws_files"] = MappingProxyType(aws_file_names(environment))
    draft.found |= {"aws_session": config.aws_session, "role": aws_role(config, environment)}


def _files(draft: Draft) -> None:
    """Overlay files and the folder of the cache."""
    rules, environment = draft.config.rules, draft.environment
    if rules is not None and not isinstance(rules, (str, os.PathLike, list, tuple)):
        draft.put("rules", rules, Source("setting", "rules"))
    else:
        ambient = ambient_rules(environment)
        for path in ambient:
            values.path(RULES, path)
        own = () if rules is None else tuple(rules) if isinstance(rules, (list, tuple)) else (rules,)
        kind: Source = Source("setting", "rules") if own else Source("environment", RULES)
        draft.put("rules", (*ambient, *own), kind if ambient or own else Source("default", "rules"))
    folder = values.path("cache_dir", draft.config.cache_dir)
    given = None if folder is None else Found(folder, Source("setting", "cache_dir"))
    cache = given or environment.first("SMARTLLM_CACHE_DIR") or _CACHE
    values.path(cache.source.name, cache.value)
    draft.put("cache_dir", _absolute(cache.value), cache.source)


def _absolute(folder: str) -> Path:
    try:
        return Path(folder).absolute()
    except OSError:  # the working directory is gone; the cache does without what it cannot write
        return Path(folder)


def _key(draft: Draft) -> None:
    """A key, or a login in the address."""
    config, environment = draft.config, draft.environment
    row, provider = draft.row, draft.found["provider"]
    older = row.resource is not None and provider == row.resource.older
    address = address_of(row, config, environment, sends=draft.sends, older=older)
    if address.host is not None and not older:
        draft.put("provider", *address.host)
    own = draft.found["default_headers"]
    headers, ask, sources, secrets = headers_of(row, config, environment, address, own, sends=draft.sends)
    draft.sources |= sources
    draft.secrets += [*address.secrets, *secrets]
    draft.put("address", address.url, address.source)
    draft.found |= {
        "control_address": "",
        "query": address.query,
        "custom_endpoint": None if address.public else address.scope,
        "cache_scope": scope_of(address.scope, own),
        "headers": MappingProxyType(headers),
        "ask_key": ask,
        "asks_botocore": False,
        "key_source": sources["api_key"].name if "api_key" in sources else None,
    }
    draft.put("bearer_token", None, Source("default", draft.row.title))
    _keys(draft, wanted=False)


def _aws(draft: Draft) -> None:
    """AWS's keys, or a bearer token."""
    row, config, environment = draft.row, draft.config, draft.environment
    own = draft.found["default_headers"]
    check_headers(own)
    runtime = aws_endpoint(row, config, environment, row.service)
    control = aws_endpoint(row, config, environment, row.control)
    draft.put("address", *(runtime or ("", draft.sources["region"])))
    draft.put("control_address", *(control or ("", draft.sources["region"])))
    custom = None if runtime is None else runtime.value
    token = bearer_token(row, config, environment)
    draft.put("bearer_token", *(token or (None, Source("default", "AWS"))))
    headers = {} if token is None else {"Authorization": f"Bearer {token.value}"}
    draft.found |= {
        "query": "",
        "custom_endpoint": custom,
        "cache_scope": scope_of(custom or draft.found["region"], own),
        "headers": MappingProxyType(headers),
        "ask_key": None,
        "asks_botocore": custom is None and needs_botocore(environment),
    }
    if token is not None:
        draft.secrets.append(token.value)
    # A token is enough: half a pair of keys beside it harms nobody.
    _keys(draft, wanted=token is None)
    source = draft.sources["aws" if token is None else "bearer_token"]
    named = "aws_role_arn" if draft.found["role"] is not None else source.name
    draft.found["key_source"] = named if named == "aws_role_arn" or source.kind != "default" else None


def _keys(draft: Draft, *, wanted: bool) -> None:
    needed = draft.config.dynamo_table_name is not None or (wanted and draft.sends)
    keys = None
    if needed or wanted:
        try:
            keys = aws_keys(draft.config, draft.environment)
        except ConfigError:
            if needed:
                raise
    draft.put("aws", *(keys or (None, _source(draft))))
    if keys is not None:
        draft.secrets += filter(None, keys[0][1:])


def _source(draft: Draft) -> Source:
    """What names the credentials that are not static keys."""
    if draft.config.aws_session is not None:
        return Source("setting", "aws_session")
    profile = draft.sources["profile"]
    return profile if profile.kind == "setting" else Source("default", "AWS")


def _network(draft: Draft) -> None:
    """Proxy and certificates, looked at only where the address makes them needed."""
    environment = draft.environment
    region, service = draft.found["region"], draft.row.service
    address = draft.found["address"] or public_address(service, region) or f"https://{region}.amazonaws.com"
    proxies = draft.found["proxies"] = Proxies(environment)
    proxy = proxies.proxy_for(address) if draft.sends else None
    draft.put("proxy", *(proxy or (None, Source("default", "no proxy"))))
    draft.secrets += proxies.secrets
    bundle = values.path("ca_bundle", draft.config.ca_bundle)
    certificates = (
        _KINDS[draft.row.kind].certificates(environment, draft.found["profile"])
        if bundle is None
        else given_by(str(_absolute(bundle)))
    )
    if draft.sends and address.startswith("https:"):
        certificates.check()
    draft.put("certificates", certificates, certificates.source)


class _Kind(NamedTuple):
    fill: Callable[[Draft], None]
    certificates: Callable[[Environment, str | None], Certificates]


_KINDS: Final = {"key": _Kind(_key, for_openai), "aws": _Kind(_aws, for_aws)}
"""What the kinds of provider's rows mean."""
