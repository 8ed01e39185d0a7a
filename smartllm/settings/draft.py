"""Filling in ``Settings``: one function for what all providers share, and one for each provider."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from smartllm import defaults, values
from smartllm.config import LLMConfig, provider_of, region_of, timeout_of
from smartllm.environment import MODELS, RULES, Environment, Found, Source, ambient_rules
from smartllm.setting_names import foreign_setting
from smartllm.settings.aws import aws_endpoint, aws_keys, bearer_token
from smartllm.settings.aws_address import aws_file_names, bedrock_address, needs_botocore
from smartllm.settings.certificates import for_aws, for_openai
from smartllm.settings.openai import openai_address, openai_headers
from smartllm.settings.proxies import Proxies

_CACHE: Final = Found(".llm_cache", Source("default", "cache_dir"))


@dataclass(slots=True)
class Draft:
    """Settings in the making.

    Attributes:
        config: The caller's settings, checked.
        environment: The variables.
        sends: Calls will go over the network.
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
    given = (each.name for each in fields(LLMConfig) if getattr(config, each.name) not in (None, ""))
    error = foreign_setting(provider.value, given, dynamo=config.dynamo_table_name is not None)
    if error is not None:
        raise error
    draft.found["config"] = config
    draft.put("provider", *provider)
    _times(draft)
    _names(draft)
    _files(draft)
    (_openai if provider.value == "openai" else _bedrock)(draft)
    _network(draft)


def _times(draft: Draft) -> None:
    config, bedrock = draft.config, draft.found["provider"] == "bedrock"
    for name in ("connect_timeout", "read_timeout"):
        draft.put(name, *timeout_of(config, draft.environment, name, bedrock=bedrock))
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
    """Region, profile and model."""
    provider, environment = draft.found["provider"], draft.environment
    region = region_of(draft.config, environment)
    if provider == "bedrock" or draft.config.dynamo_table_name is not None:
        default = region.source.kind == "default"
        values.region("smartllm.defaults.aws_region" if default else region.source.name, region.value)
    draft.put("region", *region)
    profile = environment.first("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
    draft.put("profile", *(profile or (None, Source("default", "AWS"))))
    draft.found["aws_files"] = MappingProxyType(aws_file_names(environment))
    model = draft.given("default_model") or environment.first(MODELS[provider])
    if model is not None:
        values.text(model.source.name, model.value)
    draft.put("default_model", *(model or (None, Source("default", "rules"))))


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


def _openai(draft: Draft) -> None:
    config, environment = draft.config, draft.environment
    address = openai_address(config, environment)
    headers, sources, secrets = openai_headers(config, environment, address, sends=draft.sends)
    draft.sources |= sources
    draft.secrets += [*address.secrets, *secrets]
    draft.put("address", address.url, address.source)
    custom = None if address.public else address.url + (f"?{address.query}" if address.query else "")
    draft.found |= {
        "control_address": "",
        "query": address.query,
        "custom_endpoint": custom,
        "cache_scope": custom,
        "headers": MappingProxyType(headers),
        "asks_botocore": False,
    }
    draft.put("bearer_token", None, Source("default", "OpenAI"))
    _keys(draft, wanted=False)


def _bedrock(draft: Draft) -> None:
    config, environment = draft.config, draft.environment
    runtime = aws_endpoint(config, environment, "bedrock-runtime")
    control = aws_endpoint(config, environment, "bedrock")
    draft.put("address", *(runtime or ("", draft.sources["region"])))
    draft.put("control_address", *(control or ("", draft.sources["region"])))
    custom = None if runtime is None else runtime.value
    draft.found |= {
        "query": "",
        "custom_endpoint": custom,
        "cache_scope": custom or draft.found["region"],
        "headers": MappingProxyType(dict[str, str]()),
        "asks_botocore": custom is None and needs_botocore(environment),
    }
    token = bearer_token(config, environment)
    draft.put("bearer_token", *(token or (None, Source("default", "AWS"))))
    if token is not None:
        draft.secrets.append(token.value)
    # A token is enough: half a pair of keys beside it harms nobody.
    _keys(draft, wanted=token is None and draft.sends)


def _keys(draft: Draft, *, wanted: bool) -> None:
    needed = wanted or draft.config.dynamo_table_name is not None
    keys = aws_keys(draft.config, draft.environment) if needed else None
    draft.put("aws", *(keys or (None, Source("default", "AWS"))))
    if keys is not None:
        draft.secrets += filter(None, keys[0][1:])


def _network(draft: Draft) -> None:
    """Proxy and certificates, looked at only where the address makes them needed."""
    environment, openai = draft.environment, draft.found["provider"] == "openai"
    region = draft.found["region"]
    address = draft.found["address"] or bedrock_address(region) or f"https://{region}.amazonaws.com"
    proxies = draft.found["proxies"] = Proxies(environment)
    proxy = proxies.proxy_for(address) if draft.sends else None
    draft.put("proxy", *(proxy or (None, Source("default", "no proxy"))))
    draft.secrets += proxies.secrets
    certificates = (for_openai if openai else for_aws)(environment)
    if draft.sends and address.startswith("https:"):
        certificates.check()
    draft.put("certificates", certificates, certificates.source)
